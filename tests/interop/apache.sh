#!/usr/bin/env bash
# usage: tests/interop/apache.sh
# Apache httpd with its keys in the token, through OpenSSL's pkcs11 engine: a parent that loads them, children
# that sign, a graceful restart while clients come, and a client that shows a certificate.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs apache2 apache2
needs curl curl
needs_tools
consumer "Apache httpd" apache2

#: # Apache httpd
#:
#: mod_ssl loads certificates and keys by their `pkcs11:` URIs, through OpenSSL's pkcs11 engine. The children
#: run as another user; they may open the store when it is shared with their group:
if [ "$(id -u)" = 0 ]; then
    export WORKERS=www-data
    chmod 711 "$work"
else
    WORKERS=$(id -gn)
    export WORKERS
fi
step "a store that the children's group may open" <<'SH'
printf 'store = %s/store\nstore_group = %s\n' "$DIR" "$WORKERS" >huks.conf
SH
#: With `export HUKS_CONF=$DIR/huks.conf WORKERS=www-data` for everything that follows, make token and keys.
export HUKS_CONF=$work/huks.conf
unset HUKS_STORE
rmdir "$work/store"
make_token interop
make_keys

# Debian 13's engine (libp11 0.4.13) takes mod_ssl down when it comes the second time; its provider does not.
PROVIDER=$(find /usr/lib -path '*/ossl-modules/pkcs11.so' -print -quit 2>/dev/null)
export PROVIDER
#: OpenSSL's configuration is for Debian 13, where the provider takes the engine's place.
step "openssl.cnf" <<'SH'
: >token.cnf
[ -z "$PROVIDER" ] || cat >token.cnf <<CNF
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
PORT=$(free_port)
export PORT
mkdir www
head -c 20000 /dev/urandom | base64 >www/page
chmod -R a+rX www
step "httpd.conf" <<'SH'
cat >httpd.conf <<CONF
ServerRoot $DIR
ServerName localhost
Listen 127.0.0.1:$PORT
PidFile $DIR/httpd.pid
Mutex pthread
ErrorLog $DIR/error.log
LogLevel info
$([ "$(id -u)" != 0 ] || printf 'User %s\nGroup %s\n' "$WORKERS" "$WORKERS")
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
StartServers 2
$([ -n "$PROVIDER" ] || echo 'SSLCryptoDevice pkcs11')
SSLSessionCache none
<VirtualHost *:$PORT>
    DocumentRoot $DIR/www
    SSLEngine on
    SSLSessionTickets off
    SSLCertificateFile $DIR/rsa.crt
    SSLCertificateKeyFile "pkcs11:token=interop;object=rsa;type=private?pin-source=$DIR/pin"
    SSLCertificateFile $DIR/ec.crt
    SSLCertificateKeyFile "pkcs11:token=interop;object=ec;type=private?pin-source=$DIR/pin"
    SSLCACertificateFile $DIR/ca.crt
    SSLVerifyClient optional
</VirtualHost>
<Directory $DIR/www>
    Require all granted
</Directory>
CONF
SH
expect "apache2 -t" 'Syntax OK' env OPENSSL_CONF="$work/token.cnf" PKCS11_MODULE_PATH="$module" apache2 -f "$work/httpd.conf" -t
serve apache2 <<'SH'
OPENSSL_CONF=$DIR/token.cnf PKCS11_MODULE_PATH=$MODULE exec apache2 -f "$DIR/httpd.conf" -DFOREGROUND
SH
await apache2 listens "$PORT" || { cat error.log; exit 1; }
page=https://localhost:$PORT/page
fetch=(curl --silent --show-error --fail --cacert ca.crt --noproxy '*' --output got)
step "a page comes, and curl trusts the server" <<'SH'
curl --silent --show-error --fail --cacert ca.crt --output got "https://localhost:$PORT/page"
SH
same "the page" www/page got
printf 'GET /page HTTP/1.0\r\n\r\n' >request
for version in 1.2 1.3; do
    for kind_of in RSA ECDSA; do
        case $version:$kind_of in
        1.2:*) options=(-tls1_2 -cipher "ECDHE-$kind_of-AES128-GCM-SHA256") ;;
        1.3:RSA) options=(-tls1_3 -sigalgs rsa_pss_rsae_sha256) ;;
        1.3:ECDSA) options=(-tls1_3 -sigalgs ecdsa_secp256r1_sha256) ;;
        esac
        expect "TLS $version, $kind_of: openssl s_client" 'Verification: OK' bash -c \
            '{ cat request; sleep 0.3; } | openssl s_client -connect "localhost:$PORT" -CAfile ca.crt -verify_return_error "$@"' \
            sh "${options[@]}"
        says "TLS $version, $kind_of: that key" "$(peer_signed "$kind_of")"
    done
done

# --- Under load ---------------------------------------------------------------------------------------

cat >load.sh <<'LOAD'
for i in $(seq 25); do
    curl --silent --show-error --fail --cacert ca.crt --noproxy '*' --output /dev/null "$1" || exit 1
done
LOAD
for i in 1 2 3 4; do start "client $i" bash load.sh "$page"; done
sleep 0.5
kill -USR1 "${server_pid[apache2]}"
for i in 1 2 3 4; do stop "client $i"; done
await apache2 grep -qi 'graceful restart' error.log
rm -f got
check "after the restart: a page" "${fetch[@]}" "$page"
same "after the restart: the page" www/page got
stop apache2 TERM
if grep -qE 'exit signal|Segmentation|\[(emerg|alert|crit)\]' error.log; then
    grep -E 'exit signal|Segmentation|emerg|alert|crit' error.log >said
    fail "no child died" "the log says otherwise"
else
    pass "no child died"
fi
