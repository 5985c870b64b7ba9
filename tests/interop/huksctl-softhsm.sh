#!/usr/bin/env bash
# usage: tests/interop/huksctl-softhsm.sh
# huksctl import-softhsm out of a real SoftHSM2 token: every kind of object with its attributes, keys that work here as
# they did there (plain OpenSSL has the last word), keys that do not leave, and imports that fail in the middle.
# HUKS_VALGRIND=1 runs each call under valgrind.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

python=/usr/bin/python3 # the distribution's, which has PyKCS11
softhsm=
for path in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so; do
    [ ! -e "$path" ] || softhsm=${softhsm:-$path}
done
[ -n "$softhsm" ] || skip_all "SoftHSM2 is missing: Debian package softhsm2"
command -v softhsm2-util >/dev/null || skip_all "softhsm2-util is missing: Debian package softhsm2"
command -v pkcs11-tool >/dev/null || skip_all "pkcs11-tool is missing: Debian package opensc"
$python -c 'import PyKCS11' 2>/dev/null || skip_all "PyKCS11 is missing: Debian package python3-pykcs11"

export PIN=123456 SO=12345678 OLDPIN=9876 WRONG=1111
export SOFTHSM2_CONF=$work/softhsm2.conf
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$work" >softhsm2.conf
from=(--from-pin-env OLDPIN)
me=(--pin-env PIN)
objects=$source/tests/interop/softhsm-objects.py

head -c 32 /dev/urandom >aes.key
head -c 16 /dev/urandom >told.key
{ printf '0123456789abcdefg' && head -c 3 /dev/zero; } >mac.key
head -c 3500000 /dev/urandom >long
printf 'Pay 100 to Alice.\n' >letter
openssl req -x509 -newkey rsa:2048 -nodes -keyout web.pem -out web.crt -subj /CN=web -set_serial 5 -days 2 2>/dev/null
openssl x509 -in web.crt -outform DER -out web.cer
printf '0\x0e1\x0c0\x0a\x06\x03U\x04\x03\x0c\x03web' >subject
holds "a token of SoftHSM2" softhsm2-util --init-token --free --label old --so-pin 12345678 --pin 9876
holds "with objects" $python "$objects" fill "$softhsm" old 9876
contents() { # of the token's objects
    find tokens -name '*.object' ! -name token.object -exec sha256sum {} + | sort
}
contents >old.contents
ctl "a token of ours" 0 '' init --label new --so-pin-env SO --pin-env PIN

echo "# looking"
ctl "--list" 0 'private key +rsa +01 +can be imported' import-softhsm --list "${from[@]}" "${me[@]}"
says "what stays, and why" 'private key +stuck +06 +stays +it was made never to leave'
ctl "--list in JSON" 0 '' import-softhsm --list --json "${from[@]}" "${me[@]}"
json "--list in JSON" "len(j) == 29 and sorted((o['kind'], o['label']) for o in j if o['outcome'] == 'stays') == [('private key', 'stuck'), ('secret key', 'picky'), ('secret key', 'stuck')]"
ctl "nothing came" 0 'no objects' list "${me[@]}"

echo "# refused"
ctl "the other's PIN is needed" 2 'from-pin-file' import-softhsm "${me[@]}"
ctl "ours, too" 2 ' --pin-file' import-softhsm "${from[@]}"
ctl "the other's PIN is wrong" 1 'error 12000008: ' import-softhsm --from-pin-env WRONG "${me[@]}"
says "and said to be the other's" "other module's C_Login answers CKR_PIN_INCORRECT"
lacks "the PIN is not repeated" "$WRONG|$OLDPIN"
ctl "ours is wrong" 1 'error 12000008: ' import-softhsm "${from[@]}" --pin-env WRONG
says "and said to be ours" 'The user PIN is not right: 9 tries left'
ctl "no such token there" 1 'error 12000011: ' import-softhsm nobody "${from[@]}" "${me[@]}"
ctl "no such token here" 1 'error 12000011: ' import-softhsm --token nobody "${from[@]}" "${me[@]}"
ctl "no such module" 1 'error 12000004: Failed to load nowhere\.so' import-softhsm --module nowhere.so "${from[@]}" "${me[@]}"
libm=$(find /lib /usr/lib -name 'libm.so.6' 2>/dev/null | head -n 1)
ctl "a library that is no module" 1 'error 12000004: Failed to load .*: it is no PKCS #11 module' import-softhsm --module "$libm" "${me[@]}"
ctl "two operands" 2 'takes' import-softhsm a b
holds "a second token there" softhsm2-util --init-token --free --label other --so-pin 12345678 --pin 9876
ctl "which one is not guessed" 1 'error 12000003: .*several' import-softhsm "${from[@]}" "${me[@]}"
ctl "an empty one" 0 'The other token has no objects' import-softhsm other "${from[@]}" "${me[@]}"
ctl "nothing came" 0 'no objects' list "${me[@]}"

echo "# in the middle"
# The long data object does not fit below this limit: the store can't grow, and what came before it goes again.
limited() { # NAME KIBIBYTES: fails for want of space
    (
        trap '' XFSZ
        ulimit -f "$2"
        run import-softhsm old --store "${3:-store}" "${from[@]}" "${me[@]}"
        cp err limited
        exit "$status"
    )
    holds "$1: it fails" test $? = 1
}
limited "no space for one object" 3000
holds "no space for one object: the code" grep -q 'error 12000004: ' limited
breaks "all can be taken back" grep -q "can't be taken back" limited
ctl "nothing of it is here" 0 'no objects' list "${me[@]}"
ctl "the store is sound" 0 'token new: good' check "${me[@]}"
# And here there is no space for taking it back either.
ctl "a narrow one" 0 '' init --store narrow --label narrow --so-pin-env SO --pin-env PIN
limited "no space at all" 200 narrow
run list --store narrow --json "${me[@]}"
json "what could not be taken back is told" "len(j) == $(grep -c "can't be taken back" limited)"
ctl "and sound" 0 'token narrow: good' check --store narrow "${me[@]}"
ctl "with space again the rest comes" 1 '5 of 29 objects' import-softhsm old --store narrow "${from[@]}" "${me[@]}"
run list --store narrow --json "${me[@]}"
json "nothing twice" "len(j) == 24"

echo "# the import"
ctl "import" 1 'error 12000003: Invalid import: 5 of 29 objects can not come over' import-softhsm old "${from[@]}" "${me[@]}"
says "what came" 'private key +rsa +01 +imported'
says "never to leave" 'private key +stuck +06 +stays +it was made never to leave \(CKA_EXTRACTABLE is false\)'
says "secret keys, too" 'secret key +stuck +14 +stays +it was made never to leave'
says "wrapped by trusted keys alone" 'secret key +picky +13 +stays +only a key that its SO trusts'
says "what SoftHSM2 itself can't tell" 'private key +ec +03 +imported +without its CKA_END_DATE: C_GetAttributeValue answers CKR_GENERAL_ERROR'
says "what SoftHSM2 itself does not wrap" 'private key +ed +08 +stays +C_WrapKey answers CKR_KEY_NOT_WRAPPABLE'
says "what our rules forbid" 'private key +asks +07 +stays +refused here: error 12000003: '
contents >old.after
holds "the other token is as it was" cmp old.contents old.after
ctl "check" 0 'token new: good' check "${me[@]}"
ctl "no session stays taken" 0 '0 of 15 key-operation sessions' status
if [ -n "${HUKS_SANITIZER-}" ]; then
    skip "attributes" "Python can't load a module built with $HUKS_SANITIZER"
else
    holds "attributes are compared" $python "$objects" compare "$softhsm" old 9876 "$module" new 123456
    cp out compared
    cat compared
    holds "more than a few" test "$(sed -n 's/^compared //p' compared)" -gt 200
    holds "and all are as they were" test -z "$(grep '^differs' compared)"
    holds "absent is what stayed" test "$(grep -c '^absent' compared)" = 5
fi

echo "# keys at work"
for key in rsa:01 rsa-told:02 ec:03 ec384:04 ec-told:05; do
    label=${key%:*}
    pkcs11-tool --module "$softhsm" --token-label old --login --pin 9876 --read-object --type pubkey --id "${key#*:}" \
        --output-file "$label.der" >out 2>err
    # pkcs11-tool of OpenSC 0.23 gives no P-384 key: then ours, which is the same as was seen above.
    [ -s "$label.der" ] || run export "$label" -o "$label.der" "${me[@]}"
    openssl pkey -pubin -inform DER -in "$label.der" -out "$label.pub" 2>>err
    ctl "$label signs" 0 '' sign "$label" letter -o sig "${me[@]}"
    holds "$label: OpenSSL verifies it by the other token's key" openssl dgst -sha256 -verify "$label.pub" -signature sig letter
    ctl "$label verifies" 0 '' verify "$label" letter sig
done
ctl "ed-told signs" 0 '' sign ed-told letter -o sig "${me[@]}"
ctl "the public half that came by itself verifies it" 0 '' verify 09 letter sig
ctl "its public half" 0 '' export 09 -o ed.der
holds "is one that OpenSSL reads" openssl pkey -pubin -inform DER -in ed.der -out ed.pub
holds "and verifies by" openssl pkeyutl -verify -pubin -inkey ed.pub -rawin -in letter -sigfile sig
for key in aes:aes aes-told:told; do
    ctl "${key%:*} encrypts" 0 '' encrypt "${key%:*}" letter --mode cbc -o enc "${me[@]}"
    tail -c +17 enc >body
    size=$((8 * $(stat -c %s "${key#*:}.key")))
    holds "${key%:*}: OpenSSL decrypts it" openssl enc -d -aes-$size-cbc -K "$(od -An -v -tx1 "${key#*:}.key" | tr -d ' \n')" \
        -iv "$(od -An -v -tx1 -N 16 enc | tr -d ' \n')" -in body -out plain
    holds "${key%:*}: to what it was" cmp plain letter
done
ctl "mac" 0 '' sign mac letter -o mac.sig "${me[@]}"
openssl dgst -sha256 -mac HMAC -macopt hexkey:"$(od -An -v -tx1 mac.key | tr -d ' \n')" -binary letter >mac.ours
holds "mac: is plain OpenSSL's" cmp mac.sig mac.ours
ctl "a public half alone" 0 'kind +public key' show 06 "${me[@]}"

echo "# once more"
ctl "once more" 1 '5 of 29 objects' import-softhsm old "${from[@]}" "${me[@]}"
says "what is here" 'private key +rsa +01 +is here already'
lacks "nothing twice" ' imported '
ctl "one was deleted" 0 '' delete aes --yes "${me[@]}"
ctl "it comes back" 1 '' import-softhsm old --json "${from[@]}" "${me[@]}"
json "it comes back" "[o['label'] for o in j if o['outcome'] == 'imported'] == ['aes']"
ctl "by the serial number" 1 '5 of 29 objects' import-softhsm "$(pkcs11-tool --module "$softhsm" -L 2>/dev/null | grep -A9 'label *: old' | sed -n 's/^ *serial num *: //p' | head -n 1)" "${from[@]}" "${me[@]}"

echo "# other tokens"
ctl "a token without PINs" 0 '' init --store free --label free --without-pins
ctl "it takes the objects" 1 '5 of 29 objects' import-softhsm old --store free "${from[@]}"
ctl "and shows them" 0 'key +RSA +2048 +rsa' --store free list
ctl "a token of another store" 0 '' init --store elsewhere --label elsewhere --so-pin-env SO --pin-env PIN
ctl "our own module is one, too" 0 'private key +rsa +01 +imported' import-softhsm new --module "$module" --store elsewhere --from-pin-env PIN "${me[@]}"
ctl "its keys are here" 0 '' sign ec letter --store elsewhere -o sig "${me[@]}"
holds "and work" openssl dgst -sha256 -verify ec.pub -signature sig letter
mkdir desk
ctl "one more" 0 '' init --store desk/store --label desk --so-pin-env SO --pin-env PIN
person "PINs are asked for" 1 'imported' 'User PIN of token old: =9876\nUser PIN of token desk: =123456\n' \
    import-softhsm old --store desk/store
cp out out.person
lacks "and not shown" '9876|123456'
holds "how far it is" grep -qa "Importing: 0 %" out.person
ctl "help" 0 'from-pin-file FILE' import-softhsm --help

[ "$failed" = 0 ]
