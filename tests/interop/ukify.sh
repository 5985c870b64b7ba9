#!/usr/bin/env bash
# usage: tests/interop/ukify.sh
# ukify makes a unified kernel image: sbsign signs it for Secure Boot and systemd-measure signs the PCR values that
# it will have, both with keys of the token. sbverify and plain OpenSSL judge.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs ukify "systemd-ukify, in Debian 13 and newer"
STUB=/usr/lib/systemd/boot/efi
needs "$STUB/linuxx64.efi.stub" systemd-boot-efi
needs sbsign sbsigntool
needs /usr/lib/systemd/systemd-measure systemd
ldconfig -p | grep -q libtss2-esys || skip_all "systemd-measure lacks its library: Debian package libtss2-esys-3.0.2-0t64"
needs objcopy binutils
needs_tools
export STUB
consumer "ukify, systemd-measure" systemd-ukify
make_token interop
make_keys
#: # ukify
#:
#: Signatures for Secure Boot and for PCR values in one go, by OpenSSL's engine. Neither program asks for a PIN: it is in
#: the URI, or, better, in a file that the URI names.
head -c 4096 /dev/urandom >initrd
# A program for UEFI stands in for the kernel, which is one, too.
step "an image with two signatures" <<'SH'
export PKCS11_MODULE_PATH=$MODULE
key="pkcs11:token=interop;object=rsa;type=private?pin-source=$DIR/pin"
ukify build --linux=$STUB/systemd-bootx64.efi --uname=6.1.0 --initrd=initrd --cmdline='quiet ro' --stub=$STUB/linuxx64.efi.stub \
    --signing-engine=pkcs11 --secureboot-private-key="$key" --secureboot-certificate=rsa.crt --signtool=sbsign \
    --pcr-private-key="$key" --pcr-public-key=rsa.crt --pcrpkey=rsa.pem --pcr-banks=sha256 --output=image.efi
SH
check "sbverify accepts it" sbverify --cert rsa.crt image.efi
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -days 9 -out other.crt 2>/dev/null
refuse "not by another certificate" 'failed' sbverify --cert other.crt image.efi
check "the PCR signatures' section" objcopy -O binary --only-section=.pcrsig image.efi pcrsig
python3 - <<'PY'
import base64, json
rows = json.loads(open("pcrsig", "rb").read().rstrip(b"\0"))["sha256"]
print(len(rows), "signatures")
open("policy", "wb").write(bytes.fromhex(rows[0]["pol"]))
open("policy.sig", "wb").write(base64.b64decode(rows[0]["sig"]))
PY
verify "openssl verifies the PCR values' signature" rsa.pem policy.sig policy -sha256
expect "ukify inspect" '\.pcrsig' ukify inspect image.efi
refuse "a wrong PIN" 'failed|returned non-zero' env PKCS11_MODULE_PATH="$module" ukify build --linux="$STUB/systemd-bootx64.efi" --uname=6.1.0 \
    --stub="$STUB/linuxx64.efi.stub" --signing-engine=pkcs11 --signtool=sbsign --secureboot-certificate=rsa.crt \
    --secureboot-private-key='pkcs11:token=interop;object=rsa;type=private?pin-value=000000' --output=none.efi
