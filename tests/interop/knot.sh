#!/usr/bin/env bash
# usage: tests/interop/knot.sh
# Knot DNS with its keys in the token: knotd generates them, signs the zone and rolls its zone-signing key; the
# signatures are verified by other tools.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs knotd knot
needs kdig knot-dnsutils
needs ldns-verify-zone ldnsutils
needs dnssec-verify bind9-utils
needs_tools
consumer "Knot DNS" knot
make_token interop
#: # Knot DNS
#:
#: A keystore of the kind `pkcs11` names the token and the module; knotd makes the keys there by itself.
PORT=$(free_port)
export PORT
mkdir run kasp
step "a zone, and knot.conf" <<'SH'
cat >example.zone <<ZONE
\$ORIGIN example.
\$TTL 3600
@   SOA ns hostmaster 1 3600 900 1209600 3600
@   NS  ns
ns  A   192.0.2.1
www A   192.0.2.80
ZONE
cat >knot.conf <<CONF
server:
    rundir: $DIR/run
    listen: 127.0.0.1@$PORT
log:
  - target: stderr
    any: info
database:
    storage: $DIR/kasp
keystore:
  - id: token
    backend: pkcs11
    config: "pkcs11:token=interop;pin-value=$PIN $MODULE"
policy:
  - id: token
    keystore: token
    algorithm: ecdsap256sha256
zone:
  - domain: example
    storage: $DIR
    file: example.zone
    zonefile-sync: -1
    dnssec-signing: on
    dnssec-policy: token
CONF
SH
knotc=(knotc -c "$work/knot.conf" -s "$work/run/knot.sock")
is_signed() {
    kdig @127.0.0.1 -p "$PORT" www.example +dnssec +short | grep -q 'A 13 2'
}
serve knotd <<'SH'
exec knotd -c knot.conf
SH
await knotd is_signed || exit 1
step "the answer is signed" 'A 13 2' <<'SH'
kdig @127.0.0.1 -p "$PORT" www.example +dnssec +short
SH
mkdir out
verified() { # NAME
    rm -f out/*
    check "$1: knotc zone-flush" "${knotc[@]}" -b zone-flush +outdir "$work/out" example
    expect "$1: ldns verifies" 'verified and complete' ldns-verify-zone out/example.zone
    expect "$1: BIND's dnssec-verify" 'Zone fully signed' dnssec-verify -o example out/example.zone
}
verified "the zone"
step "keymgr lists the keys; the token has them under the same ids" 'KSK' <<'SH'
keymgr -c knot.conf example list
SH
says "keymgr: the ZSK" 'ZSK'
grep -oE '^[0-9a-f]{40}' said >ids
tool --token-label interop --login --pin "$pin" -O --type privkey | sed -n 's/.*ID: *//p' >token.ids
while read -r id; do check "the token has $id" grep -qx "$id" token.ids; done < <(cat ids)
expect "the keys are the token's for ever" 'never extractable' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" \
    -O --type privkey
# A key of the other kind, and a rollover: the new key is made in the token.
check "knotc zone-key-rollover" "${knotc[@]}" -b zone-key-rollover example zsk
three_keys() { [ "$(keymgr -c "$work/knot.conf" example list 2>/dev/null | grep -c 'ZSK')" = 2 ]; }
await knotd three_keys
verified "after the rollover begins"
check "knotc zone-sign" "${knotc[@]}" -b zone-sign example
verified "signed anew"
# Stopped, changed, started: the keys of before.
stop knotd TERM
sed -i 's/ 1 3600 / 5 3600 /; s/192.0.2.80/192.0.2.81/' example.zone
serve knotd <<'SH'
exec knotd -c knot.conf
SH
await knotd is_signed
verified "after a restart"
expect "after a restart: the new record" '192.0.2.81' kdig @127.0.0.1 -p "$PORT" www.example +dnssec +short
check "knotc stop" "${knotc[@]}" stop
stop knotd -
check "keymgr generate RSA" keymgr -c knot.conf example generate algorithm=RSASHA256 size=2048 ksk=yes
expect "keymgr ds" 'example. DS ' keymgr -c knot.conf example ds
