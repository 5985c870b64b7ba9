#!/usr/bin/env bash
# usage: tests/interop/openvpn.sh
# An OpenVPN client whose certificate and key are in the token, against a server with files; no tunnel device is
# made, for TLS is where the key works.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs openvpn openvpn
needs_tools
consumer OpenVPN openvpn
make_token interop
make_keys
#: # OpenVPN
#:
#: `--show-pkcs11-ids` prints the identifier that the configuration needs.
step "the token's identifiers" 'Serialized id' <<'SH'
openvpn --show-pkcs11-ids "$MODULE"
SH
openssl req -newkey rsa:2048 -nodes -keyout server.key -subj /CN=server -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 8 -out server.crt 2>/dev/null
common=(--dev null --ifconfig-noexec --route-noexec --verb 3 --proto udp4 --ca ca.crt --keepalive 1 20 --allow-compression no --data-ciphers AES-256-GCM)
for label in rsa ec; do
    PORT=$(free_port)
    export PORT ID
    # The identifier ends in the object's CKA_ID.
    case $label in rsa) ID=$(sed -n 's/^ *Serialized id: *//p' <(openvpn --show-pkcs11-ids "$module") | grep '01$') ;;
    *) ID=$(sed -n 's/^ *Serialized id: *//p' <(openvpn --show-pkcs11-ids "$module") | grep '02$') ;; esac
    start server openvpn "${common[@]}" --tls-server --dh none --cert server.crt --key server.key --local 127.0.0.1 --lport "$PORT"
    await server grep -q 'link local' server.log
    if [ "$label" = rsa ]; then
        #: The management interface, or the terminal, gives the PIN.
        serve client <<'SH'
exec python3 "$INTEROP/answer.py" "$PIN" openvpn --dev null --ifconfig-noexec --route-noexec --verb 3 --proto udp4 --ca ca.crt \
    --tls-client --remote 127.0.0.1 "$PORT" --nobind --keepalive 1 20 --data-ciphers AES-256-GCM \
    --pkcs11-providers "$MODULE" --pkcs11-id "$ID"
SH
    else
        start client python3 "$interop/answer.py" "$pin" openvpn "${common[@]}" --tls-client --remote 127.0.0.1 "$PORT" --nobind \
            --pkcs11-providers "$module" --pkcs11-id "$ID"
    fi
    await client grep -q 'Initialization Sequence Completed' client.log
    await server grep -q 'Initialization Sequence Completed' server.log
    check "$label: the server saw that certificate" grep -q 'CN=localhost' server.log
    pkill -TERM -P "${server_pid[client]}" openvpn
    stop client -
    check "$label: the client ends as it should" grep -q 'process exiting' client.log
    stop server TERM
done
