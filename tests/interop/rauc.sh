#!/usr/bin/env bash
# usage: tests/interop/rauc.sh
# RAUC signs update bundles, mkimage signs U-Boot's images, with keys of the token.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
PATH=$PATH:/usr/sbin
needs rauc rauc
needs mksquashfs squashfs-tools
needs_tools
consumer RAUC rauc
make_token interop
make_keys
#: # RAUC
#:
#: RAUC finds the module and the PIN in the environment, and takes certificate and key by URI.
openssl x509 -req -in rsa.csr -CA ca.crt -CAkey ca.key -days 8 -out rauc.crt 2>/dev/null
tool --token-label interop --login --pin "$pin" --delete-object --type cert --label rsa >/dev/null
openssl x509 -in rauc.crt -outform DER -out rauc.der
tool --token-label interop --login --pin "$pin" --write-object rauc.der --type cert --label rsa --id 01 >/dev/null
mkdir content
head -c 100000 /dev/urandom >content/rootfs.img
printf '[update]\ncompatible=interop\nversion=1\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=rootfs.img\n' >content/manifest.raucm
step "a bundle, signed" <<'SH'
export RAUC_PKCS11_MODULE=$MODULE RAUC_PKCS11_PIN=$PIN
rauc bundle --cert 'pkcs11:token=interop;object=rsa' --key 'pkcs11:token=interop;object=rsa' --keyring ca.crt content update.raucb
SH
expect "rauc info, without the token" "Compatible:.*'interop'" rauc info --keyring ca.crt update.raucb
says "rauc info: verified" "Verified inline signature|Signature structure|CN = localhost"
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -days 9 -out other.crt 2>/dev/null
refuse "rauc info by another CA" 'signature verification failed' rauc info --keyring other.crt update.raucb
check "rauc resign" env RAUC_PKCS11_MODULE="$module" RAUC_PKCS11_PIN="$pin" rauc resign --cert rauc.crt \
    --key 'pkcs11:token=interop;object=rsa' --keyring ca.crt update.raucb again.raucb
expect "rauc info, signed again" "Compatible:.*'interop'" rauc info --keyring ca.crt again.raucb
