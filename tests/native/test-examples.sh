#!/usr/bin/env bash
# The programs of doc/examples do what their heads say, and OpenSSL agrees.
set -u

examples=${HUKS_BUILDDIR:-$PWD}/doc/examples
work=$(mktemp -d "${TMPDIR:-/tmp}/examples-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export HUKS_STORE=$work/store HUKS_CONF=$work/huks.conf HOME=$work
: >"$HUKS_CONF"
passed=0 failed=0

if ! command -v openssl >/dev/null; then
    echo "openssl is missing: Debian package openssl"
    exit 77
fi

ok() { # WHAT COMMAND…: it succeeds
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what"
        sed 's/^/    /' "$work/log"
    fi
}
says() { # WHAT STATUS TEXT COMMAND…: it ends with this status, and says this
    local what=$1 status=$2 text=$3 got
    shift 3
    "$@" >"$work/log" 2>&1
    got=$?
    if [ "$got" = "$status" ] && grep -qF -- "$text" "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what (status $got, expected $status, and: $text)"
        sed 's/^/    /' "$work/log"
    fi
}
hex() { od -An -v -tx1 | tr -d ' \n'; }

printf 'Pay 100 to Alice.\n' >plain

# ECDSA
ok "sign" "$examples/sign" signer plain signature public.der
says "OpenSSL verifies" 0 "Verified OK" \
    openssl dgst -sha256 -keyform DER -verify public.der -signature signature plain
ok "sign with the same key" "$examples/sign" signer plain signature2 public2.der
ok "it is the same key" cmp public.der public2.der

# AES-GCM
ok "encrypt" "$examples/aes-gcm" encrypt sealer plain sealed
ok "its length is the text's, a tag and a nonce" test "$(wc -c <sealed)" = $(($(wc -c <plain) + 28))
ok "decrypt" "$examples/aes-gcm" decrypt sealer sealed plain2
ok "what went in comes out" cmp plain plain2
ok "encrypt again" "$examples/aes-gcm" encrypt sealer plain sealed2
ok "it looks different" test "$(hex <sealed)" != "$(hex <sealed2)"
printf 'X' | dd of=sealed bs=1 seek=3 conv=notrunc 2>/dev/null
says "a changed file" 1 "12000006 Crypto engine error." "$examples/aes-gcm" decrypt sealer sealed plain3
says "another key" 1 "12000011 The entity does not exist." "$examples/aes-gcm" decrypt other sealed2 plain3
ok "nothing was written" test ! -e plain3

# HKDF
secret=0123456789abcdef0123456789abcdef
derived=$("$examples/hkdf" main "$secret" salt info)
wanted=$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "key:$secret" -kdfopt salt:salt -kdfopt info:info \
    -binary HKDF | hex)
ok "OpenSSL derives the same" test -n "$wanted" -a "$derived" = "$wanted"
says "a secret that is no AES key" 1 "401 Invalid key information." "$examples/hkdf" main short salt info

# ECDH
ok "a key of ours" "$examples/ecdh" public ours ours.der
ok "a key of OpenSSL's" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out theirs.pem
ok "its public half" openssl pkey -in theirs.pem -pubout -outform DER -out theirs.der
agreed=$("$examples/ecdh" agree ours theirs.der)
wanted=$(openssl pkeyutl -derive -inkey theirs.pem -peerform DER -peerkey ours.der | hex)
ok "OpenSSL agrees on the same" test -n "$wanted" -a "$agreed" = "$wanted"
ok "another key of ours" "$examples/ecdh" public friend friend.der
ok "both ours agree" test "$("$examples/ecdh" agree ours friend.der)" = "$("$examples/ecdh" agree friend ours.der)"
says "no public key" 1 "401 Invalid key information." "$examples/ecdh" agree ours plain

for example in sign aes-gcm hkdf ecdh; do
    says "usage of $example" 2 "usage: $example" "$examples/$example"
done

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
