#!/usr/bin/env bash
# usage: tests/interop/huksctl-attest.sh
# huksctl attest: its chains before plain OpenSSL, which verifies them, compares the key with the exported one, and
# takes the challenge out of the extension. HUKS_VALGRIND=1 runs each call under valgrind.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

export PIN=123456 SO=12345678
me=(--pin-env PIN)
asked=00112233445566778899aabbccddeeff
extension=1.3.6.1.4.1.2011.2.376.1.3

# The certificates of a chain as PREFIX.1, PREFIX.2 …; their number in $links.
apart() { # PREFIX FILE
    rm -f "$1".[0-9]
    awk -v prefix="$1" '/-----BEGIN/ { n++ } { print > (prefix "." n) }' "$2"
    links=$(grep -c -- '-----BEGIN CERTIFICATE-----' "$2")
}
# What stands in the extension of HUKS, as asn1parse shows it.
extension_of() { # CERTIFICATE
    local at
    at=$(openssl asn1parse -in "$1" | grep -A2 ":$extension\$" | sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p')
    openssl asn1parse -in "$1" -strparse "$at"
}
chain() { # NAME PREFIX: whole, each by the next, the last by itself
    local name=$1 prefix=$2 i
    : >between
    for i in $(seq 2 $((links - 1))); do cat "$prefix.$i" >>between; done
    holds "$name: OpenSSL verifies the chain" openssl verify -CAfile "$prefix.$links" -untrusted between "$prefix.1"
    breaks "$name: not without what is between" openssl verify -CAfile "$prefix.$links" "$prefix.1"
}

ctl "a token" 0 '' init --label demo --so-pin-env SO --pin-env PIN
for kind in "rsa --size 2048" ec "ec --curve secp384r1" ed25519 x25519 sm2; do
    # shellcheck disable=SC2086 # words
    ctl "a key: $kind" 0 '' generate $kind --label "$kind" "${me[@]}"
done

echo "# the chain of the device"
for kind in "rsa --size 2048" ec "ec --curve secp384r1" ed25519 x25519 sm2; do
    ctl "$kind" 0 '' attest "$kind" --challenge $asked --output chain.pem "${me[@]}"
    apart link chain.pem
    holds "$kind: four certificates" test "$links" = 4
    chain "$kind" link
    ctl "$kind: its public half" 0 '' export "$kind" --output key.der
    openssl pkey -pubin -inform DER -in key.der -pubout -out key.pem 2>err
    openssl x509 -in link.1 -noout -pubkey >subject.pem 2>>err
    holds "$kind: the certificate is of that key" cmp key.pem subject.pem
    extension_of link.1 >claims 2>err
    holds "$kind: the challenge is in it" grep -qi "OCTET STRING *\[HEX DUMP\]:$asked\$" claims
done
holds "lines are 64 columns at most" awk 'length > 64 { exit 1 }' chain.pem
apart link chain.pem
cp link.4 root.pem
holds "the file as it is serves as what is between" openssl verify -CAfile root.pem -untrusted chain.pem chain.pem
ctl "the same authority each time" 0 '' attest ec --challenge 01 -o again.pem "${me[@]}"
apart again again.pem
holds "the same authority each time" cmp again.4 root.pem
holds "it is a CA of its own" test "$(openssl x509 -in root.pem -noout -subject | cut -d= -f2-)" = "$(openssl x509 -in root.pem -noout -issuer | cut -d= -f2-)"

echo "# the anonymous chain"
ctl "anonymous" 0 '' attest ec --challenge $asked --anonymous --output anonymous.pem "${me[@]}"
apart nobody anonymous.pem
holds "three certificates" test "$links" = 3
chain "anonymous" nobody
breaks "it has nothing of the device's" openssl verify -CAfile root.pem -untrusted nobody.2 nobody.1
extension_of nobody.1 >claims 2>err
holds "the challenge is in it" grep -qi ":$asked\$" claims

echo "# challenges and where the chain goes"
head -c 128 /dev/urandom >nonce
ctl "a challenge of a file" 0 '' attest ec --challenge-file nonce -o file.pem "${me[@]}"
apart file file.pem
extension_of file.1 >claims 2>err
holds "it is in it, byte for byte" grep -qi ":$(od -An -v -tx1 nonce | tr -d ' \n')\$" claims
ctl "colons, standard output" 0 'BEGIN CERTIFICATE' attest ec --challenge 01:ab "${me[@]}"
cp out out.pem
apart out out.pem
chain "standard output" out
ctl "JSON" 0 '' attest ec --challenge 01 --json "${me[@]}"
json "JSON" "j['anonymous'] is False and len(j['certificates']) == 4 and all(c.startswith('-----BEGIN') for c in j['certificates'])"
person "a terminal may have it" 0 'END CERTIFICATE' 'PIN of token demo: =123456\n' attest ec --challenge 01

echo "# refused"
ctl "no challenge" 2 'say the challenge' attest ec "${me[@]}"
ctl "two challenges" 2 'say the challenge' attest ec --challenge 01 --challenge-file nonce "${me[@]}"
ctl "half a byte" 2 'hexadecimal' attest ec --challenge 012 "${me[@]}"
ctl "too long" 2 '1 to 128 bytes' attest ec --challenge "$(od -An -v -tx1 nonce | tr -d ' \n')00" "${me[@]}"
head -c 129 /dev/zero >longer
: >empty
ctl "too long a file" 1 'error 12000003: .*more than 128 bytes' attest ec --challenge-file longer "${me[@]}"
ctl "an empty file" 1 'error 12000003: Invalid challenge: empty is empty' attest ec --challenge-file empty "${me[@]}"
ctl "a file that is not there" 1 'error 12000004: Failed to open nowhere' attest ec --challenge-file nowhere "${me[@]}"
ctl "no such key" 1 '12000011' attest nothing --challenge 01 "${me[@]}"
ctl "no PIN" 2 'pin-file' attest ec --challenge 01
ctl "a secret key" 0 '' generate aes --label aes "${me[@]}"
ctl "a secret key" 1 'error 12000003: ' attest aes --challenge 01 "${me[@]}"
ctl "a key that may leave" 0 '' generate ec --label loose --extractable "${me[@]}"
ctl "a key that may leave" 1 'error 12000003: .*never leaves' attest loose --challenge 01 -o loose.pem "${me[@]}"
if [ -e loose.pem ]; then fail "then there is no file" "there is one"; else pass "then there is no file"; fi
ctl "a curve that is not attested" 0 '' generate ec --curve secp256k1 --label koblitz "${me[@]}"
ctl "a curve that is not attested" 1 'error 12000001: ' attest koblitz --challenge 01 "${me[@]}"
ctl "to nowhere" 1 'error 12000004: Failed to open no/where' attest ec --challenge 01 -o no/where "${me[@]}"
ctl "help" 0 '--challenge-file FILE' attest --help

[ "$failed" = 0 ]
