#!/usr/bin/env bash
# usage: tests/interop/systemd-creds.sh
# The root key as a credential of systemd: encrypted by systemd-creds, decrypted as the service manager does it, and
# without it nothing opens.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs systemd-creds systemd
needs systemd-analyze systemd
needs_tools
consumer systemd-creds systemd
ctl=$build/huksctl
# The host's secret is a file of the test's own; a TPM takes no part.
export SYSTEMD_CREDENTIAL_SECRET=$work/host.secret
must check "a secret for the host" systemd-creds setup
#: # A service whose root key is a credential of systemd
#:
#: By default the key that seals the store is a file in it. A service can get it from its manager instead, which keeps it
#: encrypted for this host or its TPM: then a copy of the store's directory is worth nothing. Make it once:
must step "a root key, encrypted for this host" <<'SH'
head -c 32 /dev/urandom | systemd-creds encrypt --with-key=host --name=huks-root-key - huks-root-key.cred
SH
#: and name it in the service's unit; the manager decrypts it into a directory that only the service sees and that
#: `$CREDENTIALS_DIRECTORY` names:
step "a unit that loads it" <<'SH'
cat >signer.service <<UNIT
[Service]
ExecStart=/bin/true
LoadCredentialEncrypted=huks-root-key:$DIR/huks-root-key.cred
UNIT
systemd-analyze verify "$PWD/signer.service"
SH

# Nobody's manager runs here: the same program decrypts it the same way.
as_service() { # COMMAND...
    env CREDENTIALS_DIRECTORY="$work/credentials" "$@"
}
mkdir -m 700 credentials
check "decrypted as for the service" systemd-creds decrypt --name=huks-root-key huks-root-key.cred credentials/huks-root-key
refuse "under another name it is refused" 'does not match|refusing' systemd-creds decrypt --name=other huks-root-key.cred credentials/other
prefix=(env CREDENTIALS_DIRECTORY="$work/credentials")
make_token interop
check "a key" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --keypairgen --key-type EC:prime256v1 --label ec --id 01
printf 'Pay 100 to Alice.\n' >letter
check "it signs" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --sign --mechanism ECDSA-SHA256 \
    --signature-format openssl --id 01 --input-file letter --output-file signature
as_service pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --read-object --type pubkey --id 01 \
    --output-file ec.der >/dev/null 2>&1
openssl pkey -pubin -inform DER -in ec.der -out ec.pem
verify "openssl verifies it" ec.pem signature letter -sha256
if [ -e "$HUKS_STORE/root.key" ]; then
    fail "no root key lies in the store" "there is $HUKS_STORE/root.key"
else
    pass "no root key lies in the store"
fi
expect "huksctl check" 'good, 2 records' "$ctl" check
prefix=()
refuse "without the credential there is no token" 'No slot|not found|CKR_|error' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" \
    --sign --mechanism ECDSA-SHA256 --id 01 --input-file letter --output-file none
refuse "huksctl says why" 'DOES NOT OPEN' "$ctl" check
mkdir -m 700 wrong
head -c 32 /dev/urandom >wrong/huks-root-key
chmod 600 wrong/huks-root-key
prefix=(env CREDENTIALS_DIRECTORY="$work/wrong")
refuse "nor with another root key" 'No slot|not found|CKR_|error' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" \
    --sign --mechanism ECDSA-SHA256 --id 01 --input-file letter --output-file none
refuse "huksctl says why, too" 'root key.*is not the' "$ctl" check
says "with a code" 'error 12000012'
printf 'too short' >wrong/huks-root-key
refuse "a credential that is no key" 'DOES NOT OPEN' "$ctl" check
prefix=(env CREDENTIALS_DIRECTORY="$work/credentials")
check "with the right one all is there again" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" \
    --sign --mechanism ECDSA-SHA256 --signature-format openssl --id 01 --input-file letter --output-file signature
verify "openssl verifies that, too" ec.pem signature letter -sha256
