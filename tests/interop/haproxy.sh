#!/usr/bin/env bash
# usage: tests/interop/haproxy.sh
# HAProxy with its keys in the token, through OpenSSL's provider: a PEM names the key, workers sign, a reload under
# load. (Debian 12's HAProxy is built without engines and has no provider.)
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
PROVIDER=$(find /usr/lib -path '*/ossl-modules/pkcs11.so' -print -quit 2>/dev/null)
[ -n "$PROVIDER" ] || skip_all "the provider is missing: Debian package pkcs11-provider, in Debian 13 and newer"
export PROVIDER
needs haproxy haproxy
needs curl curl
needs_tools
consumer "HAProxy" haproxy
make_token interop
make_keys
#: # HAProxy
#:
#: HAProxy has files for certificates and keys. A file may hold, in the key's place, a PEM that only names a key of
#: the token; OpenSSL's provider writes and understands it.
step "openssl.cnf, and PEM files that name the keys" <<'SH'
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
pkcs11-module-encode-provider-uri-to-pem = true
activate = 1
CNF
for label in rsa ec; do
    OPENSSL_CONF=token.cnf openssl pkey -in "pkcs11:token=interop;object=$label;type=private" -out "$label.uri"
done
cat rsa.crt rsa.uri >both.rsa
cat ec.crt ec.uri >both.ecdsa
SH
mkdir www
head -c 20000 /dev/urandom | base64 >www/page
PORT=$(free_port) PLAIN=$(free_port)
export PORT PLAIN
start plain python3 -m http.server --bind 127.0.0.1 --directory www "$PLAIN"
await plain listens "$PLAIN"
#: One thread a process: the provider (1.0) begins anew in each forked worker, and loses a connection when two
#: threads have it begin at once.
step "haproxy.cfg" <<'SH'
cat >haproxy.cfg <<CFG
global
    nbthread 1
    stats socket $DIR/control level admin
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
frontend tls
    bind 127.0.0.1:$PORT ssl crt $DIR/both no-tls-tickets
    default_backend plain
backend plain
    server plain 127.0.0.1:$PLAIN
CFG
SH
check "haproxy -c" env OPENSSL_CONF="$work/token.cnf" haproxy -c -f haproxy.cfg
serve haproxy <<'SH'
OPENSSL_CONF=$DIR/token.cnf exec haproxy -W -f haproxy.cfg
SH
await haproxy listens "$PORT" || exit 1
page=https://localhost:$PORT/page
step "a page comes, and curl trusts the server" <<'SH'
curl --silent --show-error --fail --cacert ca.crt --output got "https://localhost:$PORT/page"
SH
same "the page" www/page got
for version in 1.2 1.3; do
    for kind_of in RSA ECDSA; do
        case $version:$kind_of in
        1.2:*) options=(-tls1_2 -cipher "ECDHE-$kind_of-AES128-GCM-SHA256") ;;
        1.3:RSA) options=(-tls1_3 -sigalgs rsa_pss_rsae_sha256) ;;
        1.3:ECDSA) options=(-tls1_3 -sigalgs ecdsa_secp256r1_sha256) ;;
        esac
        expect "TLS $version, $kind_of: openssl s_client" 'Verification: OK' bash -c \
            'sleep 0.3 | openssl s_client -connect "localhost:$PORT" -CAfile ca.crt -verify_return_error "$@"' sh "${options[@]}"
        says "TLS $version, $kind_of: that key" "$(peer_signed "$kind_of")"
    done
done
cat >load.sh <<'LOAD'
for i in $(seq 20); do
    curl --silent --show-error --fail --cacert ca.crt --noproxy '*' --output /dev/null "$1" || exit 1
done
LOAD
for i in 1 2 3 4; do start "client $i" bash load.sh "$page"; done
sleep 0.5
worker=$(pgrep -P "${server_pid[haproxy]}" | head -n 1)
kill -USR2 "${server_pid[haproxy]}"
for i in 1 2 3 4; do stop "client $i"; done
another() { pgrep -P "${server_pid[haproxy]}" | grep -qvx "$worker"; }
await haproxy another
check "after the reload: a page" curl --silent --show-error --fail --noproxy '*' --cacert ca.crt --output got "$page"
same "after the reload: the page" www/page got
stop haproxy USR1 0 143
if grep -qE 'ALERT.*exited with code 1[3-9][0-9]|Segmentation|core dumped' haproxy.log; then
    cp haproxy.log said
    fail "no worker died" "the log says otherwise"
else
    pass "no worker died"
fi
stop plain TERM 143 0
