#!/usr/bin/env bash
# usage: tests/interop/mosquitto.sh
# Mosquitto's broker with a key of the token, through OpenSSL's pkcs11 engine.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs mosquitto mosquitto
needs mosquitto_pub mosquitto-clients
needs_tools
consumer Mosquitto mosquitto
make_token interop
make_keys
#: # Mosquitto
#:
#: The broker names the engine and has the key's URI for a file.
PORT=$(free_port)
export PORT PKCS11_MODULE_PATH=$module
step "mosquitto.conf: clients must show a certificate" <<'SH'
cat >mosquitto.conf <<CONF
listener $PORT 127.0.0.1
$([ "$(id -u)" != 0 ] || echo 'user root')
cafile $DIR/ca.crt
certfile $DIR/rsa.crt
keyfile pkcs11:token=interop;object=rsa;type=private?pin-source=$DIR/pin
tls_engine pkcs11
tls_keyform engine
require_certificate true
use_identity_as_username true
CONF
SH
serve mosquitto <<'SH'
PKCS11_MODULE_PATH=$MODULE exec mosquitto -c mosquitto.conf
SH
await mosquitto listens "$PORT" || exit 1
# The clients of 2.0 look for the key's file before they hear that there is none: theirs are files.
openssl req -newkey rsa:2048 -nodes -keyout file.key -subj /CN=file -out file.csr 2>/dev/null
openssl x509 -req -in file.csr -CA ca.crt -CAkey ca.key -days 8 -out file.crt 2>/dev/null
client=(--cafile ca.crt --cert file.crt --key file.key -h localhost -p "$PORT")
for i in 1 2 3; do
    check "message $i" mosquitto_pub "${client[@]}" -t "letters/$i" -q 1 -r -m "letter $i"
done
expect "a subscriber has them" '^letters/3 letter 3$' mosquitto_sub "${client[@]}" -t 'letters/#' -C 3 -v
for version in 1_2 1_3; do
    expect "TLS $version: openssl s_client" 'Verification: OK' bash -c 'sleep 0.3 | openssl s_client -connect "localhost:$PORT" -CAfile ca.crt \
        -verify_return_error -cert file.crt -key file.key "$1"' sh "-tls$version"
    says "TLS $version: the token's key" "$(peer_signed RSA)"
done
for i in 1 2 3 4 5 6 7 8; do start "client $i" mosquitto_pub "${client[@]}" -t letters -q 1 -m "from $i"; done
for i in 1 2 3 4 5 6 7 8; do stop "client $i"; done
refuse "without a certificate" 'rror|certificate|refused|not authorised' mosquitto_pub -h localhost -p "$PORT" -t letters -m no --cafile ca.crt
kill -HUP "${server_pid[mosquitto]}"
check "a message after it read its configuration again" mosquitto_pub "${client[@]}" -t letters -q 1 -m again
stop mosquitto TERM
