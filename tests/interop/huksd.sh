#!/usr/bin/env bash
# usage: tests/interop/huksd.sh
# Programs of others with a module whose calls huksd makes: what they do with keys of their own process's store, they do
# with those of the service's.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
[ "$kind" = huks ] || skip_all "huksd serves huks-pkcs11.so"
needs_tools
needs p11tool gnutls-bin
huksd=$build/huksd
[ -x "$huksd" ] || skip_all "there is no $huksd"

# A socket's name is short.
run=$(mktemp -d /tmp/huksd.XXXXXX) || exit 1
service=
end_service() {
    local code=$?
    [ -z "$service" ] || { kill "$service" 2>/dev/null && wait "$service"; }
    rm -rf "$run"
    (exit "$code")
    finish
}
trap end_service EXIT
printf 'scrypt_log2n = 10\n' >huksd.conf
printf 'service = %s/sock\n' "$run" >huks.conf
unset HUKS_STORE
env -u INTEROP_TEST HUKS_CONF="$work/huksd.conf" "$huksd" --socket "$run/sock" --store "$work/served" &
service=$!
for _ in $(seq 300); do
    [ -S "$run/sock" ] && break
    sleep 0.1
done
export HUKS_CONF=$work/huks.conf

make_token interop
expect "pkcs11-tool sees it" 'interop' pkcs11-tool --module "$module" -L
make_keys
printf 'Pay 100 to Alice.\n' >letter
for id in 01:SHA256-RSA-PKCS 02:ECDSA-SHA256; do
    mechanism=${id#*:} id=${id%%:*}
    check "pkcs11-tool signs, $mechanism" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --sign \
        --mechanism "$mechanism" --signature-format openssl --id "$id" --input-file letter --output-file "sig-$id"
done
verify "RSA verifies" rsa.pem sig-01 letter -sha256
verify "EC verifies" ec.pem sig-02 letter -sha256
expect "pkcs11-tool's own test" 'No errors' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --test

expect "p11tool lists" 'Label: ec' p11tool --provider "$module" --login --set-pin "$pin" --list-all 'pkcs11:token=interop'
check "p11tool makes a key" p11tool --provider "$module" --login --set-pin "$pin" --generate-privkey ecdsa --curve secp256r1 \
    --label gnutls --outfile gnutls.pem 'pkcs11:token=interop'
check "p11tool tries it" p11tool --provider "$module" --login --set-pin "$pin" --test-sign 'pkcs11:token=interop;object=gnutls;type=private'

export PKCS11_MODULE_PATH=$module
check "openssl's engine signs" openssl dgst -engine pkcs11 -keyform engine \
    -sign "pkcs11:token=interop;object=ec;type=private?pin-source=$work/pin" -sha256 -out engine.sig letter
verify "and that verifies" ec.pem engine.sig letter -sha256
openssl rand -out secret 32
check "openssl encrypts for the token" openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in secret -out secret.enc
check "openssl's engine decrypts" openssl pkeyutl -engine pkcs11 -keyform engine -decrypt \
    -inkey "pkcs11:token=interop;object=rsa;type=private?pin-source=$work/pin" -in secret.enc -out secret.dec
same "what was encrypted" secret secret.dec

expect "the keys are huksd's" 'token-0.db' ls "$work/served/uid-$(id -u)"
check "huksd is the one that was started" kill -0 "$service"
