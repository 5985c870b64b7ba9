#!/usr/bin/env bash
# usage: tests/interop/osslsigncode.sh
# osslsigncode and sbsign sign programs for Windows and UEFI with keys of the token.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs osslsigncode osslsigncode
needs sbsign sbsigntool
efi=/usr/lib/systemd/boot/efi/systemd-bootx64.efi
needs "$efi" systemd-boot-efi
needs_tools
make_token interop
make_keys
cp "$efi" plain.efi
# sbsign and osslsigncode ask for a certificate for signing code.
printf 'extendedKeyUsage = codeSigning\n' >code.ext
openssl x509 -req -in rsa.csr -CA ca.crt -CAkey ca.key -days 8 -extfile code.ext -out code.crt 2>/dev/null
#: # osslsigncode, sbsign
#:
#: Both take the key through OpenSSL's pkcs11 engine; `code.crt` is a certificate for signing code with the key `rsa`.
consumer osslsigncode osslsigncode
export ENGINE
ENGINE=$(find /usr/lib -path '*/engines-3/pkcs11.so' 2>/dev/null | head -n 1)
step "osslsigncode signs a program" 'Succeeded' <<'SH'
osslsigncode sign -pkcs11engine "$ENGINE" -pkcs11module "$MODULE" -certs code.crt -key 'pkcs11:token=interop;object=rsa;type=private' \
    -pass "$PIN" -h sha256 -in plain.efi -out signed.efi
SH
expect "osslsigncode verify" 'Succeeded' osslsigncode verify -CAfile ca.crt -in signed.efi
check "sbverify, another's tool" sbverify --cert ca.crt signed.efi
python3 -c 'import sys; data = bytearray(open("signed.efi", "rb").read()); data[5000] ^= 1; open("forged.efi", "wb").write(data)'
refuse "osslsigncode verify, forged" 'MISMATCH|mismatch|failed' osslsigncode verify -CAfile ca.crt -in forged.efi
refuse "sbverify, forged" 'verification failed|fail' sbverify --cert ca.crt forged.efi
check "osslsigncode: the key's URI has the PIN" osslsigncode sign -pkcs11engine "$ENGINE" -pkcs11module "$module" -certs code.crt \
    -key "pkcs11:token=interop;object=rsa;type=private?pin-value=$pin" -in plain.efi -out again.efi
consumer sbsign sbsigntool
step "sbsign signs one" <<'SH'
PKCS11_MODULE_PATH=$MODULE sbsign --engine pkcs11 --key "pkcs11:token=interop;object=rsa;type=private?pin-value=$PIN" --cert code.crt \
    --output sb.efi plain.efi
SH
check "sbverify" sbverify --cert ca.crt sb.efi
expect "osslsigncode verify, another's tool" 'Succeeded' osslsigncode verify -CAfile ca.crt -in sb.efi
check "sbsign --detached" env PKCS11_MODULE_PATH="$module" sbsign --engine pkcs11 --key "pkcs11:token=interop;object=rsa?pin-value=$pin" \
    --cert code.crt --detached --output plain.p7 plain.efi
check "sbverify --detached" sbverify --cert ca.crt --detached plain.p7 plain.efi
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -days 9 -out other.crt 2>/dev/null
refuse "sbverify by another certificate" 'verification failed|fail' sbverify --cert other.crt sb.efi
