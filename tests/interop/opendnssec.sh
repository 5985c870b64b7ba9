#!/usr/bin/env bash
# usage: tests/interop/opendnssec.sh
# OpenDNSSEC with the token as its repository: libhsm's own tests, and the enforcer and the signer, which make
# keys and sign a zone. Their paths are fixed, so a mount namespace lays ours over them.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs ods-hsmutil libhsm-bin
needs ods-enforcerd opendnssec-enforcer-sqlite3
needs ods-signerd opendnssec-signer
needs dnssec-verify bind9-utils
needs_tools
[ "$(id -u)" = 0 ] || skip_all "OpenDNSSEC's directories are root's"
consumer OpenDNSSEC opendnssec-enforcer
make_token interop

#: # OpenDNSSEC
#:
#: The token is a repository in `/etc/opendnssec/conf.xml`:
mkdir -p run/opendnssec var/enforcer var/signer var/signconf etc
cp -r /etc/opendnssec/. etc/
lay_over "$work/etc" /etc/opendnssec
lay_over "$work/var" /var/lib/opendnssec
lay_over "$work/run" /run
step "conf.xml" <<'SH'
cat >/etc/opendnssec/conf.xml <<CONF
<?xml version="1.0" encoding="UTF-8"?>
<Configuration>
  <RepositoryList>
    <Repository name="huks">
      <Module>$MODULE</Module>
      <TokenLabel>interop</TokenLabel>
      <PIN>$PIN</PIN>
    </Repository>
  </RepositoryList>
  <Common>
    <Logging><Verbosity>3</Verbosity></Logging>
    <PolicyFile>/etc/opendnssec/kasp.xml</PolicyFile>
    <ZoneListFile>/etc/opendnssec/zonelist.xml</ZoneListFile>
  </Common>
  <Enforcer>
    <Datastore><SQLite>/var/lib/opendnssec/kasp.db</SQLite></Datastore>
    <WorkingDirectory>/var/lib/opendnssec/enforcer</WorkingDirectory>
  </Enforcer>
  <Signer>
    <WorkingDirectory>/var/lib/opendnssec/signer</WorkingDirectory>
    <WorkerThreads>4</WorkerThreads>
  </Signer>
</Configuration>
CONF
SH
step "the repository" 'Model: +HUKS' <<'SH'
ods-hsmutil info
SH
# It names sizes and kinds that no token is asked to have; what it tells of ECDSA it tells of no token.
patience=180
attempt ods-hsmutil test huks
if [ -n "$trouble" ]; then fail "ods-hsmutil test" "ods-hsmutil $trouble"; else pass "ods-hsmutil test"; fi
patience=60
for bits in 2048 4096; do
    says "ods-hsmutil test: RSA $bits" "Generating $bits-bit RSA key... OK"
done
says "ods-hsmutil test: ED25519" 'Generating ED25519 key... OK'
lacks "ods-hsmutil test: what was generated signs" 'Signing.*Failed'
check "ods-hsmutil generate rsa" ods-hsmutil generate huks rsa 2048
check "ods-hsmutil generate ecdsa" ods-hsmutil generate huks ecdsa 256
expect "ods-hsmutil list" 'RSA/2048' ods-hsmutil list huks
check "ods-hsmspeed, four threads" ods-hsmspeed -r huks -i 25 -s 2048 -t 4
input=<(echo YES) check "ods-hsmutil purge" ods-hsmutil purge huks
expect "ods-hsmutil list: none" '0 keys found' ods-hsmutil list huks

cat >/etc/opendnssec/kasp.xml <<'KASP'
<?xml version="1.0" encoding="UTF-8"?>
<KASP>
  <Policy name="token">
    <Description>keys in the token</Description>
    <Signatures>
      <Resign>PT2H</Resign><Refresh>P3D</Refresh>
      <Validity><Default>P14D</Default><Denial>P14D</Denial></Validity>
      <Jitter>PT12H</Jitter><InceptionOffset>PT3600S</InceptionOffset><MaxZoneTTL>P1D</MaxZoneTTL>
    </Signatures>
    <Denial><NSEC/></Denial>
    <Keys>
      <TTL>PT3600S</TTL><RetireSafety>PT3600S</RetireSafety><PublishSafety>PT3600S</PublishSafety><Purge>P14D</Purge>
      <KSK><Algorithm length="256">13</Algorithm><Lifetime>P1Y</Lifetime><Repository>huks</Repository></KSK>
      <ZSK><Algorithm length="256">13</Algorithm><Lifetime>P90D</Lifetime><Repository>huks</Repository></ZSK>
    </Keys>
    <Zone>
      <PropagationDelay>PT300S</PropagationDelay>
      <SOA><TTL>PT3600S</TTL><Minimum>PT3600S</Minimum><Serial>counter</Serial></SOA>
    </Zone>
    <Parent>
      <PropagationDelay>PT300S</PropagationDelay><DS><TTL>PT3600S</TTL></DS>
      <SOA><TTL>PT3600S</TTL><Minimum>PT3600S</Minimum></SOA>
    </Parent>
  </Policy>
</KASP>
KASP
printf '<?xml version="1.0" encoding="UTF-8"?>\n<ZoneList/>\n' >/etc/opendnssec/zonelist.xml
printf '$ORIGIN example.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 900 1209600 3600\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\n' >example.zone
input=<(echo y) check "ods-enforcer-db-setup" ods-enforcer-db-setup
start ods-enforcerd ods-enforcerd -d
await ods-enforcerd test -S /run/opendnssec/enforcer.sock
check "ods-enforcer policy import" ods-enforcer policy import
start ods-signerd ods-signerd -d
await ods-signerd test -S /run/opendnssec/engine.sock
#: With a policy `token` whose keys are in the repository `huks`, and enforcer and signer running:
step "a zone is added, and signed with keys that the enforcer makes in the token" <<'SH'
ods-enforcer zone add -z example -p token -i "$DIR/example.zone" -o "$DIR/signed.zone" -j File -q File
SH
await ods-signerd test -s signed.zone
expect "BIND's dnssec-verify" 'Zone fully signed' dnssec-verify -o example signed.zone
expect "ods-enforcer key list" 'KSK .*huks' ods-enforcer key list -v
id=$(awk '$2 == "KSK" { print $8 }' said)
expect "the token has that key" "$id" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" -O --type privkey
sed -i 's/192.0.2.80/192.0.2.81/; s/ 1 3600/ 2 3600/' example.zone
check "ods-signer sign" ods-signer sign example
await ods-signerd grep -q '192.0.2.81' signed.zone
expect "signed anew: dnssec-verify" 'Zone fully signed' dnssec-verify -o example signed.zone
check "ods-signer stop" ods-signer stop
stop ods-signerd -
check "ods-enforcer stop" ods-enforcer stop
stop ods-enforcerd -
