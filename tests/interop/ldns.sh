#!/usr/bin/env bash
# usage: tests/interop/ldns.sh
# ldns-signzone signs a zone with keys of the token, through OpenSSL's pkcs11 engine.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs ldns-signzone ldnsutils
needs dnssec-verify bind9-utils
needs_tools
consumer ldns-signzone ldnsutils
make_token interop
make_keys
#: # ldns-signzone
#:
#: OpenSSL's configuration names the engine and the module, and has the engine initialised; keys are named by URI.
printf '$ORIGIN example.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 900 1209600 3600\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\n' >example.zone
step "openssl.cnf" <<'SH'
cat >engine.cnf <<CNF
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = $MODULE
init = 1
CNF
SH
step "a zone signed by two keys of the token" <<'SH'
export OPENSSL_CONF=$DIR/engine.cnf
pkcs11-tool --module "$MODULE" --token-label interop --login --pin "$PIN" --keypairgen --key-type EC:prime256v1 --label zsk --id 03
ldns-signzone -E pkcs11 -o example -f signed.zone \
    -K "ECDSAP256SHA256,pkcs11:token=interop;object=ec;type=private?pin-value=$PIN" \
    -k "ECDSAP256SHA256,pkcs11:token=interop;object=zsk;type=private?pin-value=$PIN" example.zone
ldns-verify-zone signed.zone
SH
expect "BIND's dnssec-verify" 'Zone fully signed' dnssec-verify -o example signed.zone
sed 's/192.0.2.80/192.0.2.90/' signed.zone >forged.zone
refuse "a forged zone" 'failed|error|signature' dnssec-verify -o example forged.zone
for algorithm in RSASHA256 RSASHA512; do
    check "$algorithm, NSEC3" env OPENSSL_CONF="$work/engine.cnf" ldns-signzone -E pkcs11 -n -o example -f signed.zone -A \
        -K "$algorithm,pkcs11:token=interop;object=rsa;type=private?pin-value=$pin" example.zone
    expect "$algorithm: ldns verifies" 'verified and complete' ldns-verify-zone signed.zone
    expect "$algorithm: BIND's dnssec-verify" 'Zone fully signed' dnssec-verify -z -o example signed.zone
done
