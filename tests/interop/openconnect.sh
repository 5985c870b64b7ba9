#!/usr/bin/env bash
# usage: tests/interop/openconnect.sh
# openconnect and ocserv, both on GnuTLS: the server's key and the client's are in the token.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs ocserv ocserv
needs openconnect openconnect
needs_tools
[ "$(id -u)" = 0 ] || skip_all "ocserv is root's"
consumer "openconnect, ocserv" openconnect
own_modules
offer huks "$module"
make_token interop
make_keys
PORT=$(free_port)
export PORT
mount -t tmpfs none /run 2>/dev/null
#: # openconnect, ocserv
#:
#: Both take `pkcs11:` URIs where they take files; p11-kit finds the module.
step "ocserv.conf" <<'SH'
cat >ocserv.conf <<CONF
auth = "certificate"
cert-user-oid = 2.5.4.3
listen-host = 127.0.0.1
tcp-port = $PORT
run-as-user = root
run-as-group = root
socket-file = $DIR/ocserv.socket
server-cert = $DIR/rsa.crt
server-key = pkcs11:token=interop;object=rsa;type=private
pin-file = $DIR/pin
ca-cert = $DIR/ca.crt
isolate-workers = false
max-clients = 8
device = vpns
ipv4-network = 192.0.2.0
ipv4-netmask = 255.255.255.0
use-occtl = false
CONF
SH
serve ocserv <<'SH'
exec ocserv --foreground --debug 3 --config ocserv.conf --pid-file "$DIR/ocserv.pid"
SH
await ocserv listens "$PORT" || exit 1
step "openconnect authenticates with a key of the token" "^COOKIE='" <<'SH'
openconnect --authenticate --protocol=anyconnect --cafile ca.crt --no-dtls --non-inter --certificate 'pkcs11:token=interop;object=ec' \
    --sslkey "pkcs11:token=interop;object=ec;type=private;pin-value=$PIN" "https://localhost:$PORT"
SH
attempt openconnect --authenticate --cafile ca.crt --non-inter "https://localhost:$PORT"
lacks "without a certificate there is no cookie" "^COOKIE='"
# Who has no certificate is sent away after the handshake.
attempt bash -c 'sleep 0.3 | openssl s_client -connect "localhost:$PORT" -CAfile ca.crt -verify_return_error'
says "openssl s_client: the server's key" "$(peer_signed RSA)"
for i in 1 2 3 4; do
    start "client $i" openconnect --authenticate --protocol=anyconnect --cafile ca.crt --no-dtls --non-inter \
        --certificate 'pkcs11:token=interop;object=ec' --sslkey "pkcs11:token=interop;object=ec;type=private;pin-value=$pin" "https://localhost:$PORT"
done
for i in 1 2 3 4; do stop "client $i"; done
stop ocserv TERM
