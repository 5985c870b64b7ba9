#!/usr/bin/env bash
# usage: tests/interop/bind.sh
# BIND 9.20 through OpenSSL's provider: keys by label, a zone signed by dnssec-signzone, a zone that named signs by
# itself. (Debian 12's BIND has neither engine nor provider.)
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
PROVIDER=$(find /usr/lib -path '*/ossl-modules/pkcs11.so' -print -quit 2>/dev/null)
[ -n "$PROVIDER" ] || skip_all "the provider is missing: Debian package pkcs11-provider, in Debian 13 and newer"
export PROVIDER
needs named bind9
needs dnssec-keyfromlabel bind9-utils
needs delv bind9-dnsutils
needs ldns-verify-zone ldnsutils
needs_tools
consumer "BIND" bind9
make_token interop
make_keys
#: # BIND
#:
#: BIND names a key of the token by its URI, in files that dnssec-keyfromlabel writes.
step "openssl.cnf" <<'SH'
cat >token.cnf <<CNF
openssl_conf = init
[init]
providers = providers
[providers]
default = builtin
pkcs11 = pkcs11
[builtin]
activate = 1
[pkcs11]
module = $PROVIDER
pkcs11-module-path = $MODULE
pkcs11-module-token-pin = file:$DIR/pin
activate = 1
CNF
SH
export OPENSSL_CONF=$work/token.cnf
mkdir keys
cat >example.zone <<'ZONE'
$ORIGIN example.
$TTL 3600
@   SOA ns hostmaster 1 3600 900 1209600 3600
@   NS  ns
ns  A   192.0.2.1
www A   192.0.2.80
ZONE
step "keys for a zone, and the zone signed" <<'SH'
export OPENSSL_CONF=$DIR/token.cnf
pkcs11-tool --module "$MODULE" --token-label interop --login --pin "$PIN" --keypairgen --key-type EC:prime256v1 --label zsk --id 03
dnssec-keyfromlabel -K keys -a ECDSAP256SHA256 -l 'pkcs11:token=interop;object=ec' -f KSK example
dnssec-keyfromlabel -K keys -a ECDSAP256SHA256 -l 'pkcs11:token=interop;object=zsk' example
dnssec-signzone -K keys -S -o example -f signed.zone example.zone
SH
expect "ldns verifies the zone" 'verified and complete' env -u OPENSSL_CONF ldns-verify-zone signed.zone
expect "dnssec-verify, without the token" 'Zone fully signed' env -u OPENSSL_CONF dnssec-verify -o example signed.zone
if grep -qE '^PrivateKey:' keys/*.private; then fail "the files hold no private key" "one does"; else pass "the files hold no private key"; fi
mkdir keys.rsa
check "RSA: dnssec-keyfromlabel" dnssec-keyfromlabel -K keys.rsa -a RSASHA256 -l 'pkcs11:token=interop;object=rsa' -f KSK example
check "RSA: dnssec-signzone" dnssec-signzone -K keys.rsa -S -z -o example -f signed.rsa example.zone
expect "RSA: ldns verifies" 'verified and complete' env -u OPENSSL_CONF ldns-verify-zone signed.rsa
PORT=$(free_port) CONTROL=$(free_port)
export PORT CONTROL
mkdir run
env -u OPENSSL_CONF rndc-confgen -a -c "$work/rndc.key" -p "$CONTROL" >/dev/null 2>&1
step "named.conf: named signs the zone with them" <<'SH'
cp example.zone named.zone
cat >named.conf <<CONF
include "$DIR/rndc.key";
controls { inet 127.0.0.1 port $CONTROL allow { localhost; } keys { "rndc-key"; }; };
options {
    directory "$DIR/run";
    pid-file "$DIR/run/named.pid";
    session-keyfile "$DIR/run/session.key";
    listen-on port $PORT { 127.0.0.1; };
    listen-on-v6 { none; };
    recursion no;
    key-directory "$DIR/keys";
    dnssec-validation no;
    notify no;
};
dnssec-policy "token" {
    keys {
        ksk lifetime unlimited algorithm ecdsap256sha256;
        zsk lifetime unlimited algorithm ecdsap256sha256;
    };
};
zone "example" {
    type primary;
    file "$DIR/named.zone";
    dnssec-policy "token";
    inline-signing yes;
};
CONF
SH
serve named <<'SH'
OPENSSL_CONF=$DIR/token.cnf exec named -g -c named.conf
SH
is_signed() { env -u OPENSSL_CONF dig @127.0.0.1 -p "$PORT" www.example +dnssec +short | grep -q '^A 13'; }
await named is_signed || exit 1
printf 'trust-anchors { example. static-key %s "%s"; };\n' \
    "$(dig @127.0.0.1 -p "$PORT" example DNSKEY +short | grep '^257' | cut -d ' ' -f 1-3)" \
    "$(dig @127.0.0.1 -p "$PORT" example DNSKEY +short | grep '^257' | cut -d ' ' -f 4- | tr -d ' ')" >anchors
for query in "example SOA" "example DNSKEY" "www.example A"; do
    # shellcheck disable=SC2086 # two words
    expect "$query: delv validates it" 'fully validated' env -u OPENSSL_CONF delv @127.0.0.1 -p "$PORT" -a anchors +root=example $query
done
expect "what is not there: delv validates that" 'negative response, fully validated' \
    env -u OPENSSL_CONF delv @127.0.0.1 -p "$PORT" -a anchors +root=example nobody.example A
sed -i 's/ 1 3600/ 2 3600/; s/192.0.2.80/192.0.2.81/' named.zone
check "rndc reload" env -u OPENSSL_CONF rndc -k rndc.key -p "$CONTROL" reload example
changed() { dig @127.0.0.1 -p "$PORT" www.example +short | grep -qx 192.0.2.81; }
await named changed
expect "changed: delv validates it" 'fully validated' env -u OPENSSL_CONF delv @127.0.0.1 -p "$PORT" -a anchors +root=example www.example A
check "rndc stop" env -u OPENSSL_CONF rndc -k rndc.key -p "$CONTROL" stop
stop named -
