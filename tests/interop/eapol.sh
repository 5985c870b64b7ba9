#!/usr/bin/env bash
# usage: tests/interop/eapol.sh
# wpa_supplicant's EAP-TLS with certificate and key in the token (eapol_test is the supplicant without a radio),
# against hostapd's RADIUS server.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs eapol_test eapoltest
needs hostapd hostapd
needs_tools
consumer "wpa_supplicant: eapol_test" eapoltest
# Debian's takes modules from below /usr/lib only: ours lies where make install puts it.
mkdir installed
cp "$module" installed/
module_path=$(p11_variable p11_module_path /usr/lib/x86_64-linux-gnu/pkcs11)
lay_over "$work/installed" "$module_path"
export MODULE=$module_path/${module##*/}
make_token interop
make_keys
ENGINE=$(find /usr/lib -path '*/engines-3/pkcs11.so' 2>/dev/null | head -n 1)
export ENGINE
PORT=$(free_port)
export PORT
openssl req -newkey rsa:2048 -nodes -keyout server.key -subj /CN=server -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 8 -out server.crt 2>/dev/null
printf '* TLS\n' >eap_user
printf '127.0.0.1/32 secret\n' >clients
cat >hostapd.conf <<CONF
driver=none
interface=none
radius_server_clients=$work/clients
radius_server_auth_port=$PORT
eap_server=1
eap_user_file=$work/eap_user
ca_cert=$work/ca.crt
server_cert=$work/server.crt
private_key=$work/server.key
logger_stdout=-1
logger_stdout_level=1
CONF
start hostapd hostapd hostapd.conf
await hostapd grep -q 'AP-ENABLED' hostapd.log || exit 1
#: # wpa_supplicant
#:
#: The engine, the module and the PIN are in the configuration; certificate and key are named by URI.
for label in rsa ec; do
    export LABEL=$label
    step "network.conf, and EAP-TLS with the key $LABEL" '^SUCCESS$' <<'SH'
cat >network.conf <<CONF
pkcs11_engine_path=$ENGINE
pkcs11_module_path=$MODULE
network={
    key_mgmt=WPA-EAP
    eap=TLS
    identity="alice"
    ca_cert="$DIR/ca.crt"
    engine=1
    engine_id="pkcs11"
    key_id="pkcs11:token=interop;object=$LABEL;type=private"
    cert_id="pkcs11:token=interop;object=$LABEL;type=cert"
    pin="$PIN"
}
CONF
eapol_test -c network.conf -a 127.0.0.1 -p "$PORT" -s secret
SH
    says "$label: TLS was done" 'EAP: Status notification: completion \(param=success\)|CTRL-EVENT-EAP-SUCCESS'
done
sed 's/pin=.*/pin="000000"/' network.conf >wrong.conf
refuse "a wrong PIN" 'FAILURE|PIN|failed' eapol_test -c wrong.conf -a 127.0.0.1 -p "$PORT" -s secret
for i in 1 2 3; do start "client $i" eapol_test -c network.conf -a 127.0.0.1 -p "$PORT" -s secret; done
for i in 1 2 3; do stop "client $i"; done
stop hostapd TERM
