#!/usr/bin/env bash
# usage: tests/interop/stunnel.sh
# stunnel on both sides of a connection, each with a key in the token, through OpenSSL's pkcs11 engine.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs stunnel4 stunnel4
needs_tools
consumer stunnel stunnel4
make_token interop
make_keys

#: # stunnel
#:
#: A server in front of a plain service at port `$PLAIN`, and a client with a certificate of its own, whose users
#: connect to `$LOCAL`; both have their keys in the token. Where the engine gets the PIN from is the engine's
#: matter: here by a control, else `?pin-source=FILE` in the key's URI.
PORT=$(free_port) PLAIN=$(free_port) LOCAL=$(free_port)
export PORT PLAIN LOCAL
cat >echo.py <<'PY'
import os, socketserver
class Reverse(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.strip()[::-1] + b"\n")
            self.wfile.flush()
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(os.environ["PLAIN"])), Reverse).serve_forever()
PY
start echo python3 echo.py
await echo listens "$PLAIN"
step "server.conf: the key by URI, clients must show a certificate" <<'SH'
cat >server.conf <<CONF
foreground = yes
pid =
debug = info
engine = pkcs11
engineCtrl = MODULE_PATH:$MODULE
engineCtrl = PIN:$PIN
[service]
accept = 127.0.0.1:$PORT
connect = 127.0.0.1:$PLAIN
engineId = pkcs11
cert = $DIR/rsa.crt
key = pkcs11:token=interop;object=rsa;type=private
CAfile = $DIR/ca.crt
verifyChain = yes
CONF
SH
step "client.conf" <<'SH'
cat >client.conf <<CONF
foreground = yes
pid =
debug = info
engine = pkcs11
engineCtrl = MODULE_PATH:$MODULE
engineCtrl = PIN:$PIN
[service]
client = yes
accept = 127.0.0.1:$LOCAL
connect = 127.0.0.1:$PORT
engineId = pkcs11
cert = $DIR/ec.crt
key = pkcs11:token=interop;object=ec;type=private
CAfile = $DIR/ca.crt
verifyChain = yes
checkHost = localhost
CONF
SH
serve server <<'SH'
exec stunnel4 server.conf
SH
serve client <<'SH'
exec stunnel4 client.conf
SH
await server listens "$PORT"
await client listens "$LOCAL"
cat >talk.py <<'PY'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as peer:
    for word in ("Alice", "Bob"):
        peer.sendall(word.encode() + b"\n")
        print(peer.makefile().readline().strip())
PY
expect "through both" '^ecilA$' python3 talk.py "$LOCAL"
says "through both: the second line" '^boB$'
printf 'Alice\n' >line
for version in 1_2 1_3; do
    expect "openssl s_client -tls$version with a certificate" '^ecilA$' env PKCS11_MODULE_PATH="$module" bash -c \
        '{ cat line; sleep 0.5; } | openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" -CAfile ca.crt -verify_return_error \
            -engine pkcs11 -keyform engine -key "pkcs11:token=interop;object=ec;type=private?pin-value=$PIN" -cert ec.crt "$1"' \
        sh "-tls$version"
done
# Each connection is a thread of the server's.
for i in $(seq 12); do start "talker $i" python3 talk.py "$LOCAL"; done
for i in $(seq 12); do stop "talker $i"; done
refuse "without a certificate" 'alert|error' bash -c \
    '{ cat line; sleep 0.5; } | openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" -CAfile ca.crt -tls1_2'
stop client TERM
stop server TERM
stop echo TERM 143
