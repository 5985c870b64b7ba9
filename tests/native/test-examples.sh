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

# Attestation: the programs of openssl judge, with the root alone trusted.
verify_chain() { # PREFIX [ROOT]
    openssl verify -trusted "${2-${1}root.pem}" -untrusted "${1}ca.pem" "${1}key.pem"
}
challenge="challenge 4711"
for kind in device anonymous; do
    ok "attest, $kind" "$examples/attest" "$kind" attested "$challenge" "$kind-"
    says "openssl verify, $kind" 0 "$kind-key.pem: OK" verify_chain "$kind-"
    openssl x509 -in "$kind-key.pem" -noout -pubkey >"$kind.pub" 2>/dev/null
    # The extension, as openssl asn1parse finds it; its value parses by itself.
    openssl asn1parse -in "$kind-key.pem" >"$kind.asn1" 2>&1
    offset=$(awk -F: '/1\.3\.6\.1\.4\.1\.2011\.2\.376\.1\.3/ { found = 1; next }
        found && /OCTET STRING/ { split($0, part, ":"); gsub(/ /, "", part[1]); print part[1]; exit }' "$kind.asn1")
    ok "openssl asn1parse finds HUKS's extension, $kind" test -n "$offset"
    openssl asn1parse -in "$kind-key.pem" -strparse "${offset:-0}" >"$kind.claims" 2>&1
    says "its value parses, $kind" 0 "SEQUENCE" cat "$kind.claims"
    says "it has the challenge, $kind" 0 ":$challenge" cat "$kind.claims"
    says "and what the key may do, $kind" 0 "1.3.6.1.4.1.2011.2.376.2.4.1.5" cat "$kind.claims"
done
ok "both are for the same key" cmp device.pub anonymous.pub
says "the device's root is no root of the anonymous chain" 2 "error" verify_chain anonymous- device-root.pem
ok "the anonymous chain names no device" sh -c '! openssl x509 -in anonymous-ca.pem -noout -subject | grep -qi serialNumber'
ok "attest for another challenge" "$examples/attest" device attested other other-
says "the certificate is another" 1 differ cmp device-key.pem other-key.pem
says "an empty challenge" 1 "attest: " "$examples/attest" device attested "" none-

for example in sign aes-gcm hkdf ecdh attest; do
    says "usage of $example" 2 "usage: $example" "$examples/$example"
done

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
