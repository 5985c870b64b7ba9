#!/usr/bin/env bash
# usage: tests/interop/group.sh
# One store for a group (store_group): another user of the group uses the keys and the same session table, a stranger
# neither. Needs root, to be three users.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs_tools
[ "$(id -u)" = 0 ] || skip_all "only root can be other users"
shared=4711 # a group that nobody has
member=65534 stranger=65533
ctl=$build/huksctl
printf 'store = %s/shared\nstore_group = %s\n' "$work" "$shared" >huks.conf
chmod 755 . && chmod 644 huks.conf
export HUKS_CONF=$work/huks.conf
unset HUKS_STORE
make_token interop
check "a key" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --keypairgen --key-type EC:prime256v1 --label ec --id 01
tool --token-label interop --login --pin "$pin" --read-object --type pubkey --id 01 --output-file ec.der >/dev/null
openssl pkey -pubin -inform DER -in ec.der -out ec.pem
printf 'Pay 100 to Alice.\n' >letter
chmod 644 letter
mkdir -m 777 out
expect "root sees the session table" "table +store $work/shared/sessions" "$ctl" status
for file in token-0.db sessions; do
    expect "$file is the group's" "^660 0:$shared\$" stat -c '%a %u:%g' "shared/$file"
done
expect "so is the root key, for reading" "^640 0:$shared\$" stat -c '%a %u:%g' shared/root.key

# The build may lie where others can't look; the module is only mapped.
as() { # USER GROUP COMMAND...
    local user=$1 group=$2
    shift 2
    prefix=(setpriv --reuid "$user" --regid "$group" --clear-groups env HOME=/nonexistent)
    "$@"
    prefix=()
}
mkdir -m 755 lib
cp "$module" lib/ && cp "$ctl" lib/ 2>/dev/null
chmod 755 lib/*
as "$member" "$shared" check "a member of the group signs" pkcs11-tool --module "$work/lib/$(basename "$module")" --token-label interop --login \
    --pin "$pin" --sign --mechanism ECDSA-SHA256 --signature-format openssl --id 01 --input-file letter --output-file out/signature
verify "openssl verifies it" ec.pem out/signature letter -sha256
as "$member" "$shared" expect "in the same session table" "table +store $work/shared/sessions" "$work/lib/huksctl" status
as "$member" "$shared" check "and makes a key" pkcs11-tool --module "$work/lib/$(basename "$module")" --token-label interop --login --pin "$pin" \
    --keypairgen --key-type EC:prime256v1 --label by-member --id 02
expect "that root sees" 'by-member' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --list-objects --type privkey
as "$stranger" "$stranger" refuse "a stranger has none of it" 'No slot|not found|rror' pkcs11-tool --module "$work/lib/$(basename "$module")" --token-label interop --login \
    --pin "$pin" --sign --mechanism ECDSA-SHA256 --id 01 --input-file letter --output-file out/none
