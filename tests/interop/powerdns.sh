#!/usr/bin/env bash
# usage: tests/interop/powerdns.sh
# PowerDNS's authoritative server signs answers, as they are asked for, with a key of the token.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs pdns_server pdns-server
needs /usr/share/doc/pdns-backend-sqlite3 pdns-backend-sqlite3
needs sqlite3 sqlite3
needs kdig knot-dnsutils
needs delv bind9-dnsutils
needs_tools
consumer PowerDNS pdns-server
own_modules
offer huks "$module"
make_token interop
make_keys
#: # PowerDNS
#:
#: PowerDNS finds the module by its name in p11-kit's configuration (`huks`) and the key by its label.
#: (`pdnsutil hsm create-key` of 4.7 writes past the end of its own template; make the key with another tool.)
PORT=$(free_port)
export PORT
cat >example.zone <<'ZONE'
$ORIGIN example.
$TTL 3600
@   SOA ns hostmaster 1 3600 900 1209600 3600
@   NS  ns
ns  A   192.0.2.1
www A   192.0.2.80
ZONE
step "pdns.conf" <<'SH'
cat >pdns.conf <<CONF
launch=gsqlite3
gsqlite3-database=$DIR/zones.db
gsqlite3-dnssec=yes
socket-dir=$DIR
local-address=127.0.0.1
local-port=$PORT
security-poll-suffix=
CONF
sqlite3 zones.db <"$(ls /usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql 2>/dev/null | head -n 1)"
SH
step "a zone whose key is the token's" 'tag = ' <<'SH'
pdnsutil --config-dir="$DIR" load-zone example example.zone
pdnsutil --config-dir="$DIR" hsm assign example ecdsa256 ksk huks interop "$PIN" ec
pdnsutil --config-dir="$DIR" rectify-zone example
pdnsutil --config-dir="$DIR" show-zone example
SH
serve pdns_server <<'SH'
exec pdns_server --config-dir="$DIR" --guardian=no --daemon=no
SH
is_signed() { kdig @127.0.0.1 -p "$PORT" www.example +dnssec +short | grep -q 'A 13 2'; }
await pdns_server is_signed || exit 1
printf 'trust-anchors { example. static-key %s "%s"; };\n' \
    "$(kdig @127.0.0.1 -p "$PORT" example DNSKEY +short | cut -d ' ' -f 1-3)" \
    "$(kdig @127.0.0.1 -p "$PORT" example DNSKEY +short | cut -d ' ' -f 4- | tr -d ' ')" >anchors
for query in "example SOA" "example NS" "example DNSKEY" "www.example A" "ns.example A"; do
    # shellcheck disable=SC2086 # two words
    expect "$query: delv validates it" 'fully validated' delv @127.0.0.1 -p "$PORT" -a anchors +root=example $query
done
expect "what is not there: delv validates that" 'negative response, fully validated' \
    delv @127.0.0.1 -p "$PORT" -a anchors +root=example nobody.example A
openssl rand -base64 64 | tr -d '\n' >other
sed "s|\"[^\"]*\"|\"$(cat other)\"|" anchors >wrong
expect "with another key delv does not" 'broken trust chain|insecurity proof|resolution failed|no valid' \
    delv @127.0.0.1 -p "$PORT" -a wrong +root=example www.example A
# As many at once as there are threads, and more.
for i in 1 2 3 4; do
    start "client $i" bash -c 'for i in $(seq 25); do kdig @127.0.0.1 -p "$PORT" "n$RANDOM.example" +dnssec | grep -q RRSIG || exit 1; done'
done
for i in 1 2 3 4; do stop "client $i"; done
check "pdns_control quit" pdns_control --config-dir="$work" quit
stop pdns_server -
