#!/usr/bin/env bash
# usage: tests/interop/libpq.sh
# PostgreSQL's client library logs in with a certificate whose key is in the token, through OpenSSL's engine.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
bin=$(find /usr/lib/postgresql -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)
needs "${bin:-/usr/lib/postgresql/15/bin}/initdb" postgresql
needs psql postgresql-client
needs_tools
consumer "libpq: psql" "libpq5"
make_token interop
make_keys
PORT=$(free_port)
export PORT PKCS11_MODULE_PATH=$module
# The server is no root; in our namespace /mnt is a place that it can reach.
mkdir -m 755 place
if [ "$(id -u)" = 0 ]; then
    must check "a place for the server" mount --bind "$work/place" /mnt
    id postgres >/dev/null 2>&1 || skip_all "there is no user postgres: Debian package postgresql"
    place=/mnt server=(setpriv --reuid postgres --regid postgres --clear-groups env -C /mnt)
    chown postgres place
else
    place=$work/place server=(env)
fi
check "initdb" "${server[@]}" "$bin/initdb" -D "$place/data" -U postgres --auth=trust --no-sync
openssl req -newkey rsa:2048 -nodes -keyout server.key -subj /CN=localhost -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 8 -extfile leaf.ext -out server.crt 2>/dev/null
install -m 644 ca.crt server.crt "$place/data/"
install -m 600 server.key "$place/data/"
[ "$(id -u)" != 0 ] || chown postgres "$place"/data/server.* "$place/data/ca.crt"
cat >>"$place/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$place'
fsync = off
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'ca.crt'
CONF
# The certificates' name is localhost: that is who logs in.
printf 'local all all trust\nhostssl all all 127.0.0.1/32 cert\n' >"$place/data/pg_hba.conf"
[ "$(id -u)" != 0 ] || chown postgres "$place/data/pg_hba.conf"
start postgres "${server[@]}" "$bin/postgres" -D "$place/data"
await postgres psql -h "$place" -p "$PORT" -U postgres -c 'select 1' || exit 1
check "a role for the certificate's name" psql -q -h "$place" -p "$PORT" -U postgres -c 'create role localhost login'
#: # PostgreSQL
#:
#: For libpq, and so for psql and most languages' drivers, `sslkey` is the engine's name, a colon and the key's.
for label in rsa ec; do
    export LABEL=$label
    step "psql logs in with the key $LABEL" 'TLSv1' <<'SH'
PKCS11_MODULE_PATH=$MODULE psql "host=localhost hostaddr=127.0.0.1 port=$PORT dbname=postgres user=localhost sslmode=verify-full \
    sslrootcert=$DIR/ca.crt sslcert=$DIR/$LABEL.crt sslkey=pkcs11:pkcs11:token=interop;object=$LABEL;type=private?pin-source=$DIR/pin" \
    -At -c 'select version, client_dn from pg_stat_ssl where pid = pg_backend_pid()'
SH
    says "$label: the server saw that certificate" 'CN=localhost'
done
to="host=localhost hostaddr=127.0.0.1 port=$PORT dbname=postgres user=localhost sslmode=verify-full sslrootcert=$work/ca.crt"
refuse "without a certificate" 'requires a valid client certificate' psql "$to sslcert=/nonexistent" -c 'select 1'
refuse "a wrong PIN" 'private SSL key|could not' psql \
    "$to sslcert=$work/ec.crt sslkey=pkcs11:pkcs11:token=interop;object=ec;type=private?pin-value=000000" -c 'select 1'
for i in 1 2 3 4; do
    start "client $i" bash -c 'for i in 1 2 3 4 5; do psql "$1" -At -c "select 1" || exit 1; done' sh \
        "$to sslcert=$work/ec.crt sslkey=pkcs11:pkcs11:token=interop;object=ec;type=private?pin-source=$work/pin"
done
for i in 1 2 3 4; do stop "client $i"; done
stop postgres INT
[ "$(id -u)" != 0 ] || umount /mnt
