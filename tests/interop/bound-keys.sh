#!/usr/bin/env bash
# usage: tests/interop/bound-keys.sh
# Keys that ask for the PIN at every use, in programs that know nothing of HUKS: they give it when the standard
# says so (CKA_ALWAYS_AUTHENTICATE), and get the standard's answer when it can't work.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs pkcs11-tool opensc
needs openssl openssl
[ "$kind" = huks ] || skip_all "other providers have no such keys"

make_token interop
mine=(pkcs11-tool --module "$module" --token-label interop)
user=("${mine[@]}" --login --pin "$pin")
so=("${mine[@]}" --login --login-type so --so-pin "$so_pin")
printf 'Pay 100 to Alice.\n' >letter

# --- pkcs11-tool ------------------------------------------------------------------------------------------

consumer "OpenSC: pkcs11-tool, PIN at every use" opensc
sign=("${user[@]}" --sign --input-file letter --output-file signature)
for row in "rsa 51 rsa:2048 SHA256-RSA-PKCS" "ec 52 EC:prime256v1 ECDSA-SHA256"; do
    read -r label id type mechanism <<<"$row"
    check "$label: --keypairgen --always-auth" \
        "${user[@]}" --keypairgen --key-type "$type" --label "$label" --id "$id" --always-auth
    expect "$label: -O says so" 'always authenticate' "${user[@]}" -O --type privkey --id "$id"
    check "$label: the public key" \
        "${user[@]}" --read-object --type pubkey --id "$id" --output-file "$label.der"
    openssl pkey -pubin -inform DER -in "$label.der" -out "$label.pem" 2>/dev/null
    format=()
    [ "$label" = rsa ] || format=(--signature-format openssl)
    for use in first second; do
        rm -f signature
        check "$label: the $use use, with the PIN" "${sign[@]}" --id "$id" --mechanism "$mechanism" "${format[@]}"
        verify "$label: the $use use, by openssl" "$label.pem" signature letter -sha256
    done
done
openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret
check "rsa: decrypts, with the PIN" "${user[@]}" --decrypt --id 51 --mechanism RSA-PKCS --input-file secret --output-file opened
same "rsa: and gets what was encrypted" letter opened

# --- Keys that die with the PIN, made by a program that knows HUKS's attributes -------------------------------

needs /usr/lib/python3/dist-packages/PyKCS11 python3-pykcs11
cat >bound.py <<'PY'
import struct, sys
import PyKCS11 as P

module, pin = sys.argv[1:]
lib = P.PyKCS11Lib()
lib.load(module)
session = lib.openSession(lib.getSlotList(tokenPresent=True)[0], P.CKF_RW_SESSION | P.CKF_SERIAL_SESSION)
session.login(pin)


def number(n):
    return tuple(struct.pack("@L", n))


HUKS = 0x80000000 | 0x48550000
rule = [(HUKS | 2, number(4)), (HUKS | 3, number(1)), (HUKS | 4, number(0))]  # the PIN, each time, while it lives
p256 = (0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07)
session.generateKeyPair(
    [(P.CKA_TOKEN, True), (P.CKA_VERIFY, True), (P.CKA_EC_PARAMS, p256), (P.CKA_ID, (0x53,)), (P.CKA_LABEL, "dies")],
    [(P.CKA_TOKEN, True), (P.CKA_SIGN, True), (P.CKA_ID, (0x53,)), (P.CKA_LABEL, "dies")] + rule,
    P.Mechanism(P.CKM_EC_KEY_PAIR_GEN, None),
)
session.createObject(
    [
        (P.CKA_CLASS, P.CKO_SECRET_KEY),
        (P.CKA_KEY_TYPE, P.CKK_GENERIC_SECRET),
        (P.CKA_TOKEN, True),
        (P.CKA_SIGN, True),
        (P.CKA_ID, (0x54,)),
        (P.CKA_LABEL, "mute"),
        (P.CKA_VALUE, tuple(range(32))),
    ]
    + rule
)
PY
check "keys with HUKS's attributes" /usr/bin/python3 bound.py "$module" "$pin"
check "dies: signs while the PIN lives" "${sign[@]}" --id 53 --mechanism ECDSA-SHA256 --signature-format openssl
# No attribute of a secret key tells a program to ask: it does not, and may not sign.
refuse "mute: nobody authenticated for it" 'CKR_USER_NOT_LOGGED_IN' "${sign[@]}" --id 54 --mechanism SHA256-HMAC
check "the user changes the PIN" "${user[@]}" --change-pin --new-pin 654321
check "the user changes it back" "${mine[@]}" --login --pin 654321 --change-pin --new-pin "$pin"
check "dies: lives on" "${sign[@]}" --id 53 --mechanism ECDSA-SHA256 --signature-format openssl
check "the SO clears the PIN" "${so[@]}" --init-pin --new-pin "$pin"
expect "dies: is shown" 'dies' "${user[@]}" -O
refuse "dies: is void" 'CKR_KEY_FUNCTION_NOT_PERMITTED' "${sign[@]}" --id 53 --mechanism ECDSA-SHA256 --signature-format openssl
refuse "mute: is void" 'CKR_KEY_FUNCTION_NOT_PERMITTED' "${sign[@]}" --id 54 --mechanism SHA256-HMAC
check "rsa: lives, being always valid" "${sign[@]}" --id 51 --mechanism SHA256-RSA-PKCS

# --- OpenSSL's engine ---------------------------------------------------------------------------------------

openssl engine pkcs11 >/dev/null 2>&1 || skip_all "the engine is missing: Debian package libengine-pkcs11-openssl"
consumer "OpenSSL, pkcs11 engine, PIN at every use" libengine-pkcs11-openssl
engine=(env PKCS11_MODULE_PATH="$module" openssl)
dgst=("${engine[@]}" dgst -engine pkcs11 -keyform engine -sha256 -out signature)
uri() { # LABEL
    echo "pkcs11:token=interop;object=$1;type=private?pin-value=$pin"
}
# It asks for the key's PIN on a terminal, whatever the URI says.
# shellcheck disable=SC2016 # that is the inner shell's to expand
typed=(bash -c 'printf "%s\n" "$1" | script -qec "$2" /dev/null' -)
quoted() { # LABEL
    printf '%q ' "${dgst[@]}" -sign "$(uri "$1")" letter
}
for label in rsa ec; do
    rm -f signature
    check "$label: dgst signs, with the PIN" "${typed[@]}" "$pin" "$(quoted "$label")"
    verify "$label: dgst, by openssl" "$label.pem" signature letter -sha256
done
refuse "rsa: a wrong PIN" 'incorrect|Incorrect' "${typed[@]}" 000000 "$(quoted rsa)"
refuse "dies: is void for the engine, too" 'Function not permitted|not permitted|KEY_FUNCTION' "${dgst[@]}" \
    -sign "$(uri dies)" letter

# --- NSS and GnuTLS -------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=CA -days 9 -out ca.crt -addext keyUsage=keyCertSign 2>/dev/null
openssl req -new -newkey rsa:2048 -nodes -keyout other.key -subj /CN=signer -out signer.csr 2>/dev/null
for name in rsa:51 dies:53; do
    label=${name%:*} id=${name#*:}
    "${user[@]}" --read-object --type pubkey --id "$id" --output-file "$label.der" >/dev/null 2>&1
    openssl pkey -pubin -inform DER -in "$label.der" -out "$label.pem" 2>/dev/null
    openssl x509 -req -in signer.csr -force_pubkey "$label.pem" -CA ca.crt -CAkey ca.key -CAcreateserial -days 8 -out "$label.crt" 2>/dev/null
    openssl x509 -in "$label.crt" -outform DER -out "$label.crt.der"
    check "$label: its certificate" "${user[@]}" --write-object "$label.crt.der" --type cert --label "$label" --id "$id"
done

if command -v cmsutil >/dev/null; then
    consumer "NSS, PIN at every use" libnss3-tools
    printf 'free_slot = never\n' >huks.conf
    export HUKS_CONF=$work/huks.conf
    mkdir db
    printf '%s\n' "$pin" >pin
    certutil -N -d sql:db --empty-password
    modutil -force -dbdir sql:db -add huks -libfile "$module" >/dev/null
    certutil -A -d sql:db -n ca -t CT,C,C -i ca.crt
    nss=(cmsutil -S -d sql:db -i letter -o signed.cms -H SHA256)
    check "rsa: cmsutil signs, with the PIN" "${nss[@]}" -N interop:rsa -f pin
    check "rsa: openssl verifies it" openssl cms -verify -inform DER -in signed.cms -CAfile ca.crt -purpose any -out shown
    sed 's/\r$//' shown >shown.unix
    same "rsa: and it is that letter" letter shown.unix
    printf '000000\n' >wrong
    refuse "rsa: a wrong PIN" 'PASSWORD|password|PIN|Incorrect|problem|cannot|Unable' "${nss[@]}" -N interop:rsa -f wrong
    refuse "dies: is void for NSS, too" 'problem|cannot|Unable|failed|ERROR' "${nss[@]}" -N interop:dies -f pin
    unset HUKS_CONF
else
    skip "NSS" "cmsutil is missing: Debian package libnss3-tools"
fi

if command -v certtool >/dev/null; then
    consumer "GnuTLS, PIN at every use" gnutls-bin
    mkdir -p "$HOME/.config/pkcs11/modules"
    printf 'module: %s\n' "$module" >"$HOME/.config/pkcs11/modules/huks.module"
    gnutls=(env GNUTLS_PIN="$pin" certtool --provider "$module" --hash SHA256)
    printf 'cn = request\nsigning_key\n' >template
    check "rsa: certtool signs a request, with the PIN" "${gnutls[@]}" --generate-request --template template \
        --load-privkey 'pkcs11:token=interop;object=rsa;type=private' --load-pubkey rsa.pem --outfile request.csr
    check "rsa: openssl verifies it" openssl req -in request.csr -noout -verify
    refuse "dies: is void for GnuTLS, too" 'rror' "${gnutls[@]}" --generate-request --template template \
        --load-privkey 'pkcs11:token=interop;object=dies;type=private' --load-pubkey dies.pem --outfile none.csr
else
    skip "GnuTLS" "certtool is missing: Debian package gnutls-bin"
fi
