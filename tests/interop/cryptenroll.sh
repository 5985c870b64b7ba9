#!/usr/bin/env bash
# usage: tests/interop/cryptenroll.sh
# systemd-cryptenroll lets a key of the token open a LUKS volume, here in a file; cryptsetup tries it through
# systemd's plugin, and openssl's way to the same passphrase shows that it is that key.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
PATH=$PATH:/usr/sbin:/sbin
needs systemd-cryptenroll systemd
needs cryptsetup cryptsetup-bin
needs_tools
consumer systemd-cryptenroll systemd
own_modules
offer huks "$module"
make_token interop
make_keys
#: # systemd-cryptenroll
#:
#: The volume's passphrase is encrypted for an RSA key with a certificate in the token, which p11-kit finds. When the
#: token holds one such pair, `auto` or the token's URI names it.
for type in cert pubkey; do tool --token-label interop --login --pin "$pin" --delete-object --type "$type" --label ec >/dev/null; done
truncate -s 32M disk.img
printf 'a passphrase' >passphrase
check "a LUKS volume" cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 disk.img passphrase
step "the token's key opens it, too" 'New PKCS#11 token enrolled' <<'SH'
PASSWORD='a passphrase' systemd-cryptenroll --pkcs11-token-uri=auto disk.img
SH
expect "cryptsetup luksDump" 'pkcs11-uri:.*token=interop' cryptsetup luksDump disk.img
expect "systemd-cryptenroll lists the slot" 'pkcs11' systemd-cryptenroll disk.img
# The way that systemd goes, by other means: the key decrypts, base64 of it is the passphrase.
cryptsetup token export --token-id 0 disk.img >token.json
python3 -c 'import base64, json; open("secret", "wb").write(base64.b64decode(json.load(open("token.json"))["pkcs11-key"]))'
check "openssl decrypts with the token's key" env PKCS11_MODULE_PATH="$module" openssl pkeyutl -engine pkcs11 -keyform engine \
    -inkey "pkcs11:token=interop;object=rsa;type=private?pin-value=$pin" -decrypt -in secret -out key
base64 -w 0 key >key.base64
check "that opens the volume" cryptsetup open --test-passphrase --key-file key.base64 disk.img
plugin=$(find /usr/lib -name libcryptsetup-token-systemd-pkcs11.so -print -quit)
if [ -n "$plugin" ]; then
    expect "cryptsetup opens it with the token, and asks for the PIN" 'Successfully decrypted key' python3 "$interop/answer.py" "$pin" \
        cryptsetup open --test-passphrase --token-only --token-type systemd-pkcs11 disk.img
else
    skip "cryptsetup's plugin" "this systemd has none"
fi
check "it is taken out again" env PASSWORD='a passphrase' systemd-cryptenroll --wipe-slot=pkcs11 disk.img
refuse "then the key opens nothing" 'No key available' cryptsetup open --test-passphrase --key-file key.base64 disk.img
check "the passphrase still does" cryptsetup open --test-passphrase --key-file passphrase disk.img
