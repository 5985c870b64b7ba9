#!/usr/bin/env bash
# usage: tests/interop/nginx.sh
# nginx with its keys in the token, through OpenSSL's pkcs11 engine: a master that loads them, workers of
# another user that sign, and a reload while clients come.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs nginx nginx-light
needs curl curl
needs_tools
consumer nginx nginx-light

#: # nginx
#:
#: nginx loads its key through OpenSSL's pkcs11 engine. The master logs in; the workers, which run as another
#: user, log in again, so the store is shared with their group:
if [ "$(id -u)" = 0 ]; then
    export WORKERS=www-data
    chmod 711 "$work" # workers pass through to the store
else
    WORKERS=$(id -gn)
    export WORKERS
fi
step "a store that the workers' group may open" <<'SH'
printf 'store = %s/store\nstore_group = %s\n' "$DIR" "$WORKERS" >huks.conf
SH
#: With `export HUKS_CONF=$DIR/huks.conf WORKERS=www-data` for everything that follows, make token and keys.
export HUKS_CONF=$work/huks.conf
unset HUKS_STORE
rmdir "$work/store"
make_token interop
make_keys

#: OpenSSL is told to load and initialise the engine; newer ones leave the latter to their users.
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
PORT=$(free_port)
export PORT
mkdir www
head -c 20000 /dev/urandom | base64 >www/page
chmod -R a+rX www
#: The configuration names the keys by URI. `env` lets the variables through to the workers.
step "nginx.conf" <<'SH'
cat >nginx.conf <<CONF
daemon off;
$([ "$(id -u)" != 0 ] || echo "user $WORKERS;")
worker_processes 2;
pid $DIR/nginx.pid;
error_log $DIR/error.log info;
env OPENSSL_CONF;
env HUKS_CONF;
ssl_engine pkcs11;
events {}
http {
    access_log off;
    client_body_temp_path $DIR/tmp/body;
    proxy_temp_path $DIR/tmp/proxy;
    fastcgi_temp_path $DIR/tmp/fastcgi;
    uwsgi_temp_path $DIR/tmp/uwsgi;
    scgi_temp_path $DIR/tmp/scgi;
    server {
        listen 127.0.0.1:$PORT ssl;
        root $DIR/www;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        ssl_certificate $DIR/rsa.crt;
        ssl_certificate_key "engine:pkcs11:pkcs11:token=interop;object=rsa;type=private?pin-source=$DIR/pin";
        ssl_certificate $DIR/ec.crt;
        ssl_certificate_key "engine:pkcs11:pkcs11:token=interop;object=ec;type=private?pin-source=$DIR/pin";
    }
}
CONF
SH
expect "nginx -t" 'test is successful' env OPENSSL_CONF="$work/engine.cnf" nginx -e stderr -c "$work/nginx.conf" -t
serve nginx <<'SH'
OPENSSL_CONF=$DIR/engine.cnf exec nginx -e stderr -c "$DIR/nginx.conf"
SH
await nginx listens "$PORT" || exit 1

page=https://localhost:$PORT/page
fetch=(curl --silent --show-error --fail --cacert ca.crt --noproxy '*' --output got)
step "a page comes, and curl trusts the server" <<'SH'
curl --silent --show-error --fail --cacert ca.crt --output got "https://localhost:$PORT/page"
SH
same "the page" www/page got
for version in 1.2 1.3; do
    for kind_of in RSA ECDSA; do
        rm -f got
        case $version:$kind_of in
        1.2:*) options=(-tls1_2 -cipher "ECDHE-$kind_of-AES128-GCM-SHA256") ;;
        1.3:RSA) options=(-tls1_3 -sigalgs rsa_pss_rsae_sha256) ;;
        1.3:ECDSA) options=(-tls1_3 -sigalgs ecdsa_secp256r1_sha256) ;;
        esac
        printf 'GET /page HTTP/1.0\r\n\r\n' >request
        expect "TLS $version, $kind_of: openssl s_client" 'Verification: OK' bash -c \
            '{ cat request; sleep 0.3; } | openssl s_client -connect "localhost:$PORT" -CAfile ca.crt -verify_return_error "$@"' \
            sh "${options[@]}"
        says "TLS $version, $kind_of: that key" "$(peer_signed "$kind_of")"
    done
done

# --- Under load ---------------------------------------------------------------------------------------

# Each connection is a handshake, and a signature by the token in a worker.
cat >load.sh <<'LOAD'
for i in $(seq 40); do
    curl --silent --show-error --fail --cacert ca.crt --noproxy '*' --output /dev/null "$1" || exit 1
done
LOAD
for i in 1 2 3 4; do start "client $i" bash load.sh "$page"; done
workers_before=$(pgrep -P "${server_pid[nginx]}" | sort | paste -sd ' ')
for _ in 1 2 3; do
    sleep 0.3
    kill -HUP "${server_pid[nginx]}"
done
for i in 1 2 3 4; do stop "client $i"; done
rm -f said
reloaded() {
    local now
    now=$(pgrep -P "${server_pid[nginx]}" | sort)
    [ -n "$now" ] && [ -z "$(comm -12 <(tr ' ' '\n' <<<"$workers_before" | sort) <(echo "$now"))" ]
}
await nginx reloaded
rm -f got
check "after the reloads: a page" "${fetch[@]}" "$page"
same "after the reloads: the page" www/page got

# A worker that was killed has a successor, and its sessions with the token are nobody's.
kill -KILL "$(pgrep -P "${server_pid[nginx]}" | head -n 1)"
check "a worker is killed: pages come all the same" bash load.sh "$page"
stop nginx QUIT
if [ "$(grep -c 'exited on signal' error.log)" = 1 ] && grep -q 'exited on signal 9' error.log; then
    pass "no worker died but the one that was killed"
else
    grep -E 'exited on|alert|emerg' error.log >said
    fail "no worker died but the one that was killed" "the log says otherwise"
fi
if grep -qE '\[(emerg|crit|alert)\]' <(grep -v 'exited on signal 9' error.log); then
    grep -E '\[(emerg|crit|alert)\]' error.log >said
    fail "nginx complains of nothing" "it does"
else
    pass "nginx complains of nothing"
fi
