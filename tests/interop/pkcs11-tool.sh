#!/usr/bin/env bash
# usage: tests/interop/pkcs11-tool.sh
# OpenSC's pkcs11-tool: everything it can ask of a token, and plain OpenSSL's word on what it got.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs pkcs11-tool opensc
needs openssl openssl
consumer "OpenSC: pkcs11-tool" opensc

tool=(pkcs11-tool --module "$module")
mine=("${tool[@]}" --token-label interop)
user=("${mine[@]}" --login --pin "$pin")
so=("${mine[@]}" --login --login-type so --so-pin "$so_pin")

printf 'Pay 100 to Alice.\n' >letter
head -c 100000 /dev/urandom >long
head -c 64 letter | openssl dgst -sha256 -binary >letter.sha256

# --- Slots, tokens, PINs ------------------------------------------------------------------------------

ours "another version" expect "-I: Cryptoki 3.2" 'Cryptoki version 3\.2' "${tool[@]}" -I
ours "other names" says "-I: the library" 'Library +HUKS key store'
expect "-L before there is a token" 'uninitialized' "${tool[@]}" -L
make_token interop
expect "-L shows the token" 'token label +: interop' "${tool[@]}" -L
says "-L: the user's PIN is there" 'PIN initialized'
expect "-T shows it" 'token label +: interop' "${tool[@]}" -T
ours "its free slot has a token" lacks "-T: the free slot has no token" 'uninitialized'
expect "-M lists mechanisms" 'SHA256-RSA-PKCS,' "${mine[@]}" -M
for mechanism in RSA-PKCS-KEY-PAIR-GEN RSA-PKCS-PSS RSA-PKCS-OAEP ECDSA EDDSA ECDH1-DERIVE AES-KEY-GEN AES-CBC-PAD \
    AES-GCM AES-CTR AES-CMAC SHA256-HMAC SHA512; do
    says "-M: $mechanism" "^ *$mechanism,"
done
for mechanism in ECDSA-SHA256 ECDSA-SHA512 ECDSA-SHA3-256 SHA3-256 EC-MONTGOMERY-KEY-PAIR-GEN; do
    ours "has no $mechanism" says "-M: $mechanism" "^ *$mechanism,"
done
ours "has only 2.40" expect "--list-interfaces" 'PKCS 11' "${tool[@]}" --list-interfaces
ours "has only 2.40" says "--list-interfaces: ours" 'Vendor HUKS'

check "-O of an empty token" "${mine[@]}" -O
check "login as user" "${user[@]}" -O
check "login as SO" "${so[@]}" --session-rw -M
refuse "a wrong PIN" 'CKR_PIN_INCORRECT' "${mine[@]}" --login --pin 654321 -O
refuse "a wrong SO PIN" 'CKR_PIN_INCORRECT' "${mine[@]}" --login --login-type so --so-pin 87654321 --session-rw -M
refuse "a PIN that is too short" 'CKR_PIN_LEN_RANGE' "${user[@]}" --change-pin --new-pin 1
check "--change-pin" "${mine[@]}" --pin "$pin" --change-pin --new-pin 1234567
refuse "the old PIN is gone" 'CKR_PIN_INCORRECT' "${user[@]}" -O
check "the new PIN is there" "${mine[@]}" --login --pin 1234567 -O
check "--init-pin over a PIN" "${so[@]}" --init-pin --new-pin "$pin"
check "the PIN that the SO set" "${user[@]}" -O
check "--change-pin of the SO" "${mine[@]}" --login --login-type so --so-pin "$so_pin" --change-pin --new-pin 87654321
check "--change-pin of the SO, back" \
    "${mine[@]}" --login --login-type so --so-pin 87654321 --change-pin --new-pin "$so_pin"
# A PUK is a card's notion: the tool gives it to C_SetPIN as the old PIN, and takes no SO for this.
refuse "--unlock-pin with a PUK that is not the PIN" 'CKR_PIN_INCORRECT' \
    "${mine[@]}" --unlock-pin --login-type context-specific --puk 12345 --new-pin 99999999
check "--unlock-pin with the PIN for a PUK" "${mine[@]}" --unlock-pin --puk "$pin" --new-pin 7654321
check "--unlock-pin changed it" "${mine[@]}" --unlock-pin --puk 7654321 --new-pin "$pin"
check "the PIN outlives it" "${user[@]}" -O

# --- Keys ---------------------------------------------------------------------------------------------

pair() { # LABEL ID TYPE [ARGUMENT...]
    local label=$1 id=$2 type=$3
    shift 3
    expect "--keypairgen $type" 'Key pair generated' \
        "${user[@]}" --keypairgen --key-type "$type" --label "$label" --id "$id" "$@"
    # 0.23 breaks on reading P-384 from any token, and knows no Edwards and Montgomery keys.
    case $type in
    rsa:* | EC:prime256v1 | EC:secp521r1 | EC:secp256k1)
        check "$label: --read-object pubkey" \
            "${user[@]}" --read-object --type pubkey --label "$label" --output-file "$label.der"
        ;;
    *)
        "${user[@]}" -O --type pubkey 2>/dev/null | python3 -c "$spki" "$label" >"$label.der"
        ;;
    esac
    check "$label: openssl reads the public key" openssl pkey -pubin -inform DER -in "$label.der" -out "$label.pem"
}
# From what -O says of a public key to what openssl reads.
spki='
import re, sys
def der(tag, value):
    size = len(value)
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x81, size])) + value
shown = next(o for o in sys.stdin.read().split("Public Key Object") if re.search("label: +%s\n" % sys.argv[1], o))
point = bytes.fromhex(re.search("EC_POINT: +([0-9a-f]+)", shown).group(1))
params = re.search("EC_PARAMS: +([0-9a-f]+)", shown).group(1)
named = {"130c656477617264733235353139": "06032b6570", "130a63757276653235353139": "06032b656e",
         "06032b6570": "06032b6570", "06032b656e": "06032b656e", "060a2b060104019755010501": "06032b656e"}
if params in named:
    algorithm = bytes.fromhex(named[params])
else:
    algorithm = bytes.fromhex("06072a8648ce3d0201" + params)
value = point[3:] if point[1] == 0x81 else point[2:]
sys.stdout.buffer.write(der(0x30, der(0x30, algorithm) + der(3, b"\0" + value)))
'
pair rsa 01 rsa:2048
pair p256 02 EC:prime256v1
pair p384 03 EC:secp384r1
pair p521 04 EC:secp521r1
pair k256 05 EC:secp256k1
pair ed 06 EC:edwards25519
[ "$kind" = softhsm ] || pair x 07 EC:curve25519 --usage-derive
expect "--keygen AES:16" 'AES length 16' "${user[@]}" --keygen --key-type AES:16 --label aes16 --id 11
expect "--keygen AES:32" 'AES length 32' "${user[@]}" --keygen --key-type AES:32 --label aes32 --id 12 \
    --usage-decrypt --extractable
expect "--keygen GENERIC:64" 'length 64' "${user[@]}" --keygen --key-type GENERIC:64 --label generic --id 13 --usage-sign --private
refuse "--keygen of an impossible size" 'CKR_' "${user[@]}" --keygen --key-type AES:17 --label aes17
refuse "--keypairgen of an impossible size" 'CKR_' "${user[@]}" --keypairgen --key-type rsa:7 --label rsa7

expect "-O without login: the public keys" 'Public Key Object; RSA 2048 bits' "${mine[@]}" -O
lacks "-O without login: no private keys" 'Private Key Object|label: +generic'
expect "-O: the private keys" 'Private Key Object; RSA' "${user[@]}" -O
says "-O: made here, never out" 'sensitive, always sensitive, never extractable, local'
# by itself: among all, the tool's warnings fall into the middle of its buffered lines
expect "-O: the secret keys" 'Secret Key Object; AES length 32' "${user[@]}" -O --type secrkey
expect "-O of one type" 'Public Key Object' "${user[@]}" -O --type pubkey
lacks "-O of one type: no other" 'Private Key Object'

#: # pkcs11-tool
#:
#: OpenSC's tool asks a token for anything. Options that come again and again are easier in an array.
step "keys, a signature, a secret key" 'Verified OK' <<'SH'
tool() { pkcs11-tool --module "$MODULE" --token-label interop --login --pin "$PIN" "$@"; }
tool --keypairgen --key-type EC:prime256v1 --label page --id 51
tool --keygen --key-type AES:32 --label page-secret --id 52
tool --list-objects
printf 'Pay 100 to Alice.\n' >file
tool --sign --id 51 --mechanism ECDSA-SHA256 --signature-format openssl --input-file file --output-file file.sig
tool --read-object --type pubkey --id 51 --output-file page.der
openssl pkey -pubin -inform DER -in page.der -out page.pem
openssl dgst -sha256 -verify page.pem -signature file.sig file
SH
step "encryption, and what goes again" <<'SH'
tool() { pkcs11-tool --module "$MODULE" --token-label interop --login --pin "$PIN" "$@"; }
iv=000102030405060708090a0b0c0d0e0f
tool --encrypt --id 52 --mechanism AES-CBC-PAD --iv "$iv" --input-file file --output-file file.enc
tool --decrypt --id 52 --mechanism AES-CBC-PAD --iv "$iv" --input-file file.enc --output-file file.dec
cmp file file.dec
tool --delete-object --type secrkey --id 52
tool --delete-object --type privkey --id 51
tool --delete-object --type pubkey --id 51
SH

# --- Signatures ---------------------------------------------------------------------------------------

sign() { # NAME LABEL ID MECHANISM FILE [ARGUMENT...]: leaves the signature in "signature"
    local name=$1 id=$3 mechanism=$4 file=$5
    shift 5
    rm -f signature
    check "$name signs" "${user[@]}" --sign --id "$id" --mechanism "$mechanism" --input-file "$file" \
        --output-file signature "$@"
}
back() { # NAME ID MECHANISM FILE [ARGUMENT...]: the tool's own verification, of the file and of another
    local name=$1 id=$2 mechanism=$3 file=$4
    shift 4
    expect "$name verifies" 'Signature is valid' "${user[@]}" --verify --id "$id" --mechanism "$mechanism" \
        --input-file "$file" --signature-file signature "$@"
    refuse_signature "$name refuses another file" "${user[@]}" --verify --id "$id" --mechanism "$mechanism" \
        --input-file other --signature-file signature "$@"
}
# The tool says so and ends with 0.
refuse_signature() { # NAME COMMAND...
    local name=$1
    shift
    attempt "$@"
    if [ -z "$trouble" ] && grep -qE 'Invalid signature|CKR_' said && ! grep -q 'is valid' said; then
        pass "$name"
    else
        fail "$name" "${trouble:-the signature is taken for good}"
    fi
}

printf 'Pay 900 to Alice.\n' >other
for hash in SHA1 SHA224 SHA256 SHA384 SHA512; do
    lower=$(echo "$hash" | tr '[:upper:]' '[:lower:]')
    sign "$hash-RSA-PKCS" rsa 01 "$hash-RSA-PKCS" letter
    verify "$hash-RSA-PKCS by openssl" rsa.pem signature letter "-$lower"
    dashed=${hash/SHA1/SHA-1}
    sign "$hash-RSA-PKCS-PSS" rsa 01 "$hash-RSA-PKCS-PSS" letter
    verify "$hash-RSA-PKCS-PSS by openssl" rsa.pem signature letter "-$lower" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
    # Raw RSA and raw PSS, over a digest made outside.
    openssl dgst "-$lower" -binary -out digest letter
    sign "RSA-PKCS-PSS $hash" rsa 01 RSA-PKCS-PSS digest --hash-algorithm "$dashed" --mgf "MGF1-$hash"
    verify "RSA-PKCS-PSS $hash by openssl" rsa.pem signature letter "-$lower" -sigopt rsa_padding_mode:pss
done
for hash in SHA3-224 SHA3-256 SHA3-384 SHA3-512; do
    lower=$(echo "$hash" | tr '[:upper:]' '[:lower:]')
    ours "has no SHA-3" sign "$hash-RSA-PKCS" rsa 01 "$hash-RSA-PKCS" letter
    ours "has no SHA-3" verify "$hash-RSA-PKCS by openssl" rsa.pem signature letter "-$lower"
    ours "has no SHA-3" sign "ECDSA-$hash" p256 02 "ECDSA-$hash" letter --signature-format openssl
    ours "has no SHA-3" verify "ECDSA-$hash by openssl" p256.pem signature letter "-$lower"
done
sign "SHA256-RSA-PKCS, a long file" rsa 01 SHA256-RSA-PKCS long
verify "SHA256-RSA-PKCS, a long file, by openssl" rsa.pem signature long -sha256
sign "SHA256-RSA-PKCS" rsa 01 SHA256-RSA-PKCS letter
back "SHA256-RSA-PKCS" 01 SHA256-RSA-PKCS letter
sign "SHA256-RSA-PKCS-PSS, salt of 20" rsa 01 SHA256-RSA-PKCS-PSS letter --salt-len 20
verify "SHA256-RSA-PKCS-PSS, salt of 20, by openssl" rsa.pem signature letter -sha256 \
    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
back "SHA256-RSA-PKCS-PSS" 01 SHA256-RSA-PKCS-PSS letter --salt-len 20
# RSA-PKCS signs what it is given; openssl rsautl shows it again.
sign "RSA-PKCS" rsa 01 RSA-PKCS letter
check "RSA-PKCS: openssl recovers" openssl pkeyutl -verifyrecover -pubin -inkey rsa.pem -in signature -out recovered
same "RSA-PKCS: what was signed" letter recovered
head -c 256 /dev/zero | tr '\0' '\1' >block
sign "RSA-X-509" rsa 01 RSA-X-509 block
check "RSA-X-509: openssl recovers" openssl pkeyutl -verifyrecover -pubin -inkey rsa.pem -in signature -out recovered \
    -pkeyopt rsa_padding_mode:none
same "RSA-X-509: what was signed" block recovered

for curve in p256:02 p384:03 p521:04 k256:05; do
    label=${curve%:*} id=${curve#*:}
    hashes="SHA256 SHA512"
    [ "$label" != p256 ] || hashes="SHA1 SHA224 SHA256 SHA384 SHA512"
    for hash in $hashes; do
        lower=$(echo "$hash" | tr '[:upper:]' '[:lower:]')
        ours "does not hash for ECDSA" \
            sign "$label ECDSA-$hash" "$label" "$id" "ECDSA-$hash" letter --signature-format openssl
        ours "does not hash for ECDSA" verify "$label ECDSA-$hash by openssl" "$label.pem" signature letter "-$lower"
    done
    openssl dgst -sha256 -binary -out digest letter
    sign "$label ECDSA" "$label" "$id" ECDSA digest --signature-format openssl
    verify "$label ECDSA by openssl" "$label.pem" signature letter -sha256
    sign "$label ECDSA, sequence" "$label" "$id" ECDSA digest --signature-format sequence
    verify "$label ECDSA, sequence, by openssl" "$label.pem" signature letter -sha256
    sign "$label ECDSA, rs" "$label" "$id" ECDSA digest
    expect "$label ECDSA verifies" 'Signature is valid' "${user[@]}" --verify --id "$id" --mechanism ECDSA \
        --input-file digest --signature-file signature
    refuse_signature "$label ECDSA refuses another digest" "${user[@]}" --verify --id "$id" --mechanism ECDSA \
        --input-file other --signature-file signature
done
ours "does not hash for ECDSA" sign "ECDSA-SHA256, rs" p256 02 ECDSA-SHA256 letter
ours "does not hash for ECDSA" back "ECDSA-SHA256" 02 ECDSA-SHA256 letter
[ "$kind" = softhsm ] || {
    if [ "$(stat -c %s signature)" = 64 ]; then pass "ECDSA-SHA256 is r, s"; else fail "ECDSA-SHA256 is r, s" "not 64 bytes"; fi
}
sign "EDDSA" ed 06 EDDSA letter
check "EDDSA by openssl" openssl pkeyutl -verify -pubin -inkey ed.pem -rawin -in letter -sigfile signature
refuse "EDDSA by openssl, forged" 'Verification Failure' \
    openssl pkeyutl -verify -pubin -inkey ed.pem -rawin -in other -sigfile signature
for hash in SHA-1 SHA256 SHA384 SHA512; do
    sign "$hash-HMAC" generic 13 "$hash-HMAC" letter
    expect "$hash-HMAC verifies" 'Signature is valid' "${user[@]}" --verify --id 13 --mechanism "$hash-HMAC" \
        --input-file letter --signature-file signature
done
refuse "a signature by a key that is not there" 'not found' \
    "${user[@]}" --sign --id 99 --mechanism RSA-PKCS --input-file letter --output-file signature

# --- Encryption ---------------------------------------------------------------------------------------

iv=000102030405060708090a0b0c0d0e0f
key=00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef
printf '%s' "$key" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >key
check "--write-object secrkey" "${user[@]}" --write-object key --type secrkey --key-type AES:32 --label given --id 14 \
    --usage-decrypt --extractable
head -c 64 long >blocks
for mechanism in AES-CBC-PAD:letter:aes-256-cbc:-iv AES-CBC:blocks:aes-256-cbc:-nopad AES-ECB:blocks:aes-256-ecb:-nopad; do
    IFS=: read -r mechanism file cipher option <<<"$mechanism"
    options=(-K "$key")
    [ "$cipher" = aes-256-ecb ] || options+=(-iv "$iv")
    [ "$option" != -nopad ] || options+=(-nopad)
    check "$mechanism encrypts" "${user[@]}" --encrypt --id 14 --mechanism "$mechanism" --iv "$iv" \
        --input-file "$file" --output-file secret
    check "$mechanism: openssl decrypts" openssl enc -d "-$cipher" "${options[@]}" -in secret -out opened
    same "$mechanism: what it decrypts" "$file" opened
    check "$mechanism: openssl encrypts" openssl enc "-$cipher" "${options[@]}" -in "$file" -out secret
    check "$mechanism decrypts" "${user[@]}" --decrypt --id 14 --mechanism "$mechanism" --iv "$iv" \
        --input-file secret --output-file opened
    same "$mechanism: what is decrypted" "$file" opened
done
check "AES-CBC-PAD encrypts a long file" "${user[@]}" --encrypt --id 11 --mechanism AES-CBC-PAD --iv "$iv" \
    --input-file long --output-file secret
differ "AES-CBC-PAD: it is another" long secret
check "AES-CBC-PAD decrypts a long file" "${user[@]}" --decrypt --id 11 --mechanism AES-CBC-PAD --iv "$iv" \
    --input-file secret --output-file opened
same "AES-CBC-PAD: the same long file" long opened
# 0.23 knows the mechanism and does not offer it; 0.26 asks for a tag of no bits unless it is told otherwise.
if ! pkcs11-tool --help 2>&1 | grep -q -e --tag-bits-len; then
    skip "AES-GCM" "this pkcs11-tool does not offer it"
else
    check "AES-GCM encrypts" "${user[@]}" --encrypt --id 14 --mechanism AES-GCM --iv "${iv:0:24}" --aad 00ff \
        --tag-bits-len 128 --input-file letter --output-file secret
    check "AES-GCM decrypts" "${user[@]}" --decrypt --id 14 --mechanism AES-GCM --iv "${iv:0:24}" --aad 00ff \
        --tag-bits-len 128 --input-file secret --output-file opened
    same "AES-GCM: the same" letter opened
fi

openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret
check "RSA-PKCS decrypts" "${user[@]}" --decrypt --id 01 --mechanism RSA-PKCS --input-file secret --output-file opened
same "RSA-PKCS: what openssl encrypted" letter opened
for hash in SHA1 SHA224 SHA256 SHA384 SHA512; do
    lower=$(echo "$hash" | tr '[:upper:]' '[:lower:]')
    softhsm_refuses=ours
    [ "$hash" != SHA1 ] || softhsm_refuses=
    openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret -pkeyopt rsa_padding_mode:oaep \
        -pkeyopt "rsa_oaep_md:$lower" -pkeyopt "rsa_mgf1_md:$lower"
    ${softhsm_refuses:+ours "knows SHA-1 only"} check "RSA-PKCS-OAEP $hash decrypts" "${user[@]}" --decrypt --id 01 \
        --mechanism RSA-PKCS-OAEP --hash-algorithm "${hash/SHA1/SHA-1}" --mgf "MGF1-$hash" \
        --input-file secret --output-file opened
    ${softhsm_refuses:+ours "knows SHA-1 only"} same "RSA-PKCS-OAEP $hash: what openssl encrypted" letter opened
    rm -f opened
done
openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in block -out secret -pkeyopt rsa_padding_mode:none
check "RSA-X-509 decrypts" "${user[@]}" --decrypt --id 01 --mechanism RSA-X-509 --input-file secret --output-file opened
same "RSA-X-509: what openssl encrypted" block opened

# --- Derivation ---------------------------------------------------------------------------------------

agree() { # LABEL ID GENPKEY-ARGUMENT...
    local label=$1 id=$2
    shift 2
    openssl genpkey "$@" -out peer.key 2>/dev/null
    openssl pkey -in peer.key -pubout -outform DER -out peer.der
    rm -f shared
    check "$label ECDH1-DERIVE" "${user[@]}" --derive --id "$id" --mechanism ECDH1-DERIVE --input-file peer.der \
        --output-file shared
    openssl pkeyutl -derive -inkey peer.key -peerkey "$label.pem" -out shared.openssl
    same "$label: openssl agrees" shared.openssl shared
}
agree p256 02 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
agree p384 03 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
agree p521 04 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
agree k256 05 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
skip "x ECDH1-DERIVE" "pkcs11-tool reads only EC keys as the other's"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.key 2>/dev/null
openssl pkey -in peer.key -pubout -outform DER -out peer.der
openssl pkeyutl -derive -inkey peer.key -peerkey p256.pem -out shared.openssl
check "p256 ECDH1-DERIVE, point as DER" "${user[@]}" --derive --derive-pass-der --id 02 --mechanism ECDH1-DERIVE \
    --input-file peer.der --output-file shared
same "p256, point as DER: openssl agrees" shared.openssl shared

# --- Wrapping -----------------------------------------------------------------------------------------

# The wrapping key is one that everybody knows, so that openssl can look into the parcel.
check "a wrapping key" "${user[@]}" --write-object key --type secrkey --key-type AES:32 --label wrapper --id 15 --usage-wrap
check "a key to wrap" "${user[@]}" --keygen --key-type AES:16 --label parcel --id 16 --extractable
wrapping() { # MECHANISM CIPHER IV
    local mechanism=$1 cipher=$2 wrap_iv=$3
    rm -f wrapped unwrapped secret
    check "$mechanism wraps" "${user[@]}" --wrap --id 15 --application-id 16 --mechanism "$mechanism" --iv "$iv" \
        --output-file wrapped
    check "$mechanism: openssl unwraps" openssl enc -d "-$cipher" -K "$key" -iv "$wrap_iv" "${@:4}" -in wrapped -out unwrapped
    check "$mechanism unwraps" "${user[@]}" --unwrap --id 15 --mechanism "$mechanism" --iv "$iv" \
        --input-file wrapped --key-type AES: --application-label "again $mechanism" --application-id 17 --usage-decrypt
    # The key that came out encrypts as openssl does with the bytes that openssl saw.
    check "$mechanism: the unwrapped key works" "${user[@]}" --encrypt --id 17 --mechanism AES-ECB \
        --input-file blocks --output-file secret
    openssl enc -aes-128-ecb -nopad -K "$(od -An -v -tx1 unwrapped | tr -d ' \n')" -in blocks -out secret.openssl
    same "$mechanism: it is the same key" secret.openssl secret
    check "$mechanism: the unwrapped key goes" "${user[@]}" --delete-object --type secrkey --id 17
}
ours "wraps nothing with it" wrapping AES-CBC-PAD aes-256-cbc "$iv"
ours "unwraps nothing with it" wrapping AES-CBC aes-256-cbc "$iv" -nopad
wrapping AES-KEY-WRAP id-aes256-wrap A6A6A6A6A6A6A6A6
refuse "a key that may not leave is not wrapped" 'CKR_KEY_UNEXTRACTABLE|CKR_KEY_NOT_WRAPPABLE' \
    "${user[@]}" --wrap --id 15 --application-id 11 --mechanism AES-KEY-WRAP --output-file wrapped
ours "lets every key wrap" refuse "a key that may not wrap does not" 'CKR_' \
    "${user[@]}" --wrap --id 11 --application-id 16 --mechanism AES-KEY-WRAP --output-file wrapped
check "a parcel" "${user[@]}" --wrap --id 15 --application-id 16 --mechanism AES-KEY-WRAP --output-file wrapped
printf '\0' | dd of=wrapped bs=1 conv=notrunc status=none
refuse "a damaged parcel is not opened" 'CKR_WRAPPED_KEY_INVALID|CKR_ENCRYPTED_DATA_INVALID|CKR_WRAPPED_KEY_LEN_RANGE|CKR_GENERAL_ERROR' \
    "${user[@]}" --unwrap --id 15 --mechanism AES-KEY-WRAP --input-file wrapped --key-type AES: --application-id 18
# Wrapped by openssl for the token's RSA key.
head -c 16 /dev/urandom >sent
check "a key pair that unwraps" "${user[@]}" --keypairgen --key-type rsa:2048 --label unwrapper --id 19 --usage-wrap
check "its public key" "${user[@]}" --read-object --type pubkey --id 19 --output-file unwrapper.der
openssl pkeyutl -encrypt -pubin -keyform DER -inkey unwrapper.der -in sent -out wrapped
check "RSA-PKCS unwraps" "${user[@]}" --unwrap --id 19 --mechanism RSA-PKCS --input-file wrapped --key-type AES: \
    --application-label sent --application-id 20
check "RSA-PKCS: the unwrapped key works" "${user[@]}" --encrypt --id 20 --mechanism AES-ECB --input-file blocks \
    --output-file secret
openssl enc -aes-128-ecb -nopad -K "$(od -An -v -tx1 sent | tr -d ' \n')" -in blocks -out secret.openssl
same "RSA-PKCS: it is the same key" secret.openssl secret

# --- Objects ------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout given.key -subj /CN=given -days 9 -out given.crt 2>/dev/null
openssl x509 -in given.crt -outform DER -out given.crt.der
openssl pkey -in given.key -outform DER -out given.key.der
openssl pkey -in given.key -pubout -outform DER -out given.pub.der
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out given-ec.key 2>/dev/null
openssl pkey -in given-ec.key -outform DER -out given-ec.key.der
openssl pkey -in given-ec.key -pubout -out given-ec.pem
openssl pkey -in given-ec.key -pubout -outform DER -out given-ec.pub.der
openssl pkey -in given.key -pubout -out given.pem

stored() { # TYPE LABEL FILE: what was written comes back byte for byte
    rm -f got
    check "--read-object $2" "${user[@]}" --read-object --type "$1" --label "$2" --output-file got
    same "$2: byte for byte" "$3" got
}
check "--write-object cert" "${user[@]}" --write-object given.crt.der --type cert --label cert --id 21
stored cert cert given.crt.der
check "--write-object pubkey, RSA" "${user[@]}" --write-object given.pub.der --type pubkey --label rsapub --id 21
stored pubkey rsapub given.pub.der
check "--write-object pubkey, EC" "${user[@]}" --write-object given-ec.pub.der --type pubkey --label ecpub --id 22
stored pubkey ecpub given-ec.pub.der
check "--write-object privkey, RSA" "${user[@]}" --write-object given.key.der --type privkey --label rsakey --id 21
sign "an imported RSA key" rsakey 21 SHA256-RSA-PKCS letter
verify "an imported RSA key by openssl" given.pem signature letter -sha256
check "--write-object privkey, EC" "${user[@]}" --write-object given-ec.key.der --type privkey --label eckey --id 22
openssl dgst -sha384 -binary -out digest letter
sign "an imported EC key" eckey 22 ECDSA digest --signature-format openssl
verify "an imported EC key by openssl" given-ec.pem signature letter -sha384
check "--write-object data" "${user[@]}" --write-object letter --type data --label data --application-label post \
    --application-id 1.2.840.1
stored data data letter
expect "data: its application" "application: +'post'" "${user[@]}" -O --type data
head -c 4000 long >diary # the tool reads 5000 bytes at most
check "--write-object data --private" "${user[@]}" --write-object diary --type data --label diary --private
stored data diary diary
refuse "private data without login" 'not found' "${mine[@]}" --read-object --type data --label diary --output-file got
check "--write-object data, empty label twice" "${user[@]}" --write-object letter --type data --label data
refuse "--write-object of a damaged key" 'rror|CKR_' "${user[@]}" --write-object letter --type privkey --label bad
stored secrkey given key
refuse "a sensitive key is not read" 'CKR_ATTRIBUTE_SENSITIVE|rror' \
    "${user[@]}" --read-object --type secrkey --label aes16 --output-file got

check "--set-id" "${user[@]}" --set-id 31 --type cert --id 21
expect "--set-id: it has the new id" 'ID: +31' "${user[@]}" -O --type cert
check "--delete-object cert" "${user[@]}" --delete-object --type cert --label cert
check "-O after it" "${user[@]}" -O
lacks "--delete-object: no certificate left" '^Certificate Object'
refuse "--delete-object of what is gone" 'not found' "${user[@]}" --delete-object --type cert --label cert
check "--delete-object pubkey" "${user[@]}" --delete-object --type pubkey --label rsapub
sign "the private half outlives its public one" rsakey 21 SHA256-RSA-PKCS letter
check "--delete-object privkey" "${user[@]}" --delete-object --type privkey --label rsakey
check "--delete-object secrkey" "${user[@]}" --delete-object --type secrkey --label given
# 0.23 heeds the word for certificates and private keys, and has no name for the answer.
check "--write-object --undestroyable" "${user[@]}" --write-object given.crt.der --type cert --label forever --id 32 \
    --undestroyable
ours "destroys it" refuse "--delete-object of an undestroyable certificate" 'CKR_ACTION_PROHIBITED|0x1b' \
    "${user[@]}" --delete-object --type cert --label forever
ours "destroys it" expect "an undestroyable certificate stays" 'label: +forever' "${user[@]}" -O --type cert
check "--keypairgen --always-auth" "${user[@]}" --keypairgen --key-type EC:prime256v1 --label each --id 33 --always-auth
expect "--always-auth: the key says so" 'always authenticate' "${user[@]}" -O --label each
openssl dgst -sha256 -binary -out digest letter
check "--always-auth: public key" "${user[@]}" --read-object --type pubkey --label each --output-file each.der
openssl pkey -pubin -inform DER -in each.der -out each.pem
sign "--always-auth" each 33 ECDSA digest --signature-format openssl
verify "--always-auth by openssl" each.pem signature letter -sha256
# --- Digests, random bytes ----------------------------------------------------------------------------

for hash in SHA-1 SHA224 SHA256 SHA384 SHA512 SHA3-224 SHA3-256 SHA3-384 SHA3-512; do
    case $hash in
    SHA3-*) softhsm_lacks=yes name=$hash ;;
    *) softhsm_lacks='' name=${hash/-/} ;;
    esac
    openssl dgst "-$name" -binary -out digest.openssl long
    rm -f digest
    ${softhsm_lacks:+ours "has no SHA-3"} check "--hash $hash" "${mine[@]}" --hash --mechanism "$hash" --input-file long \
        --output-file digest
    ${softhsm_lacks:+ours "has no SHA-3"} same "$hash: openssl agrees" digest.openssl digest
done
check "--generate-random" "${mine[@]}" --generate-random 4096 --output-file random1
check "--generate-random again" "${mine[@]}" --generate-random 4096 --output-file random2
differ "random bytes differ" random1 random2
if [ "$(gzip -c random1 | wc -c)" -gt 4000 ]; then pass "random bytes don't shrink"; else fail "random bytes don't shrink" "they do"; fi

# --- The tool's own tests -----------------------------------------------------------------------------

# SoftHSM2 knows OAEP with SHA-1 only, and the tool aborts there.
ours "fails in OAEP" expect "--test --login" 'No errors' "${user[@]}" --test
# Without this word only tokens of hardware are asked for signatures.
ours "fails in OAEP" expect "--test --login --allow-sw" 'No errors' "${user[@]}" --test --allow-sw
ours "fails in OAEP" lacks "--test: nothing failed" 'ERR:'
ours "does not hash for ECDSA" check "--test-ec" "${user[@]}" --test-ec --session-rw --id 41 --label test-ec --key-type EC:prime256v1 --allow-sw
ours "knows no child" expect "--test-fork" 'token label +: interop' "${mine[@]}" --test-fork -L
# Threads that still run when the tool is done cost it 30 s of sleep: it gets something to do.
threads=()
for _ in 1 2 3 4 5 6 7 8; do threads+=(--test-threads ILGISLT0); done
ours "crashes now and then" expect "--test-threads" \
    'all threads have ended with CKR_OK|test_threads cleanup finished' "${user[@]}" "${threads[@]}" \
    --keypairgen --key-type rsa:3072 --label threads --id 42
check "--use-locking" "${user[@]}" --use-locking -O
# A spy between the two. That of 0.26 forwards C_GetInterface and has no list to give for one newer than 3.0.
spy=$(dirname "$(pkg-config --variable=p11_module_path p11-kit-1 2>/dev/null || echo /usr/lib/x86_64-linux-gnu/pkcs11)/x")/pkcs11-spy.so
if [ "$kind" != softhsm ] && pkcs11-tool --help 2>&1 | grep -q -e --tag-bits-len && ! grep -q C_EncapsulateKey "$spy"; then
    skip "through pkcs11-spy" "it answers no interface of 3.2"
else
    expect "through pkcs11-spy" 'token label +: interop' \
        env PKCS11SPY="$module" PKCS11SPY_OUTPUT=/dev/null pkcs11-tool --module "$spy" -L
fi

grinds "-O" "${user[@]}" -O
grinds "--sign" "${user[@]}" --sign --id 02 --mechanism ECDSA --input-file letter.sha256 --output-file signature
grinds "--test-fork" "${mine[@]}" --test-fork -L

# After the tool's own tests, which take every key to be for everything.
check "--keypairgen --allowed-mechanisms" "${user[@]}" --keypairgen --key-type rsa:2048 --label only --id 34 \
    --allowed-mechanisms SHA256-RSA-PKCS
sign "--allowed-mechanisms: the one" only 34 SHA256-RSA-PKCS letter
refuse "--allowed-mechanisms: another" 'CKR_KEY_FUNCTION_NOT_PERMITTED|CKR_MECHANISM_INVALID' \
    "${user[@]}" --sign --id 34 --mechanism SHA384-RSA-PKCS --input-file letter --output-file signature

# --- PINs that lock -----------------------------------------------------------------------------------

for try in 1 2 3 4 5 6 7 8 9; do
    ours "never locks" refuse "wrong PIN $try" 'CKR_PIN_INCORRECT' "${mine[@]}" --login --pin 000000 -O
done
ours "never locks" expect "-L warns of the last try" 'final user PIN try' "${mine[@]}" -L
ours "never locks" refuse "the tenth wrong PIN" 'CKR_PIN_(INCORRECT|LOCKED)' "${mine[@]}" --login --pin 000000 -O
ours "never locks" refuse "the right PIN is locked" 'CKR_PIN_LOCKED' "${user[@]}" -O
ours "never locks" expect "-L says that it is locked" 'user PIN locked' "${mine[@]}" -L
check "the SO unlocks it" "${so[@]}" --init-pin --new-pin "$pin"
expect "what was there is there" 'label: +p521' "${user[@]}" -O

# --- Reset --------------------------------------------------------------------------------------------

refuse "--init-token over a token, wrong SO PIN" 'CKR_PIN_INCORRECT' \
    "${mine[@]}" --init-token --label again --so-pin 11111111
check "--init-token over a token" "${mine[@]}" --init-token --label again --so-pin "$so_pin"
check "-O of the new token" "${tool[@]}" --token-label again -O
lacks "the new token is empty" 'Object'
# The tool looks at a token before it initialises one: an empty slot won't do, whatever it could become.
printf 'free_slot = always\n' >huks.conf
export HUKS_CONF=$work/huks.conf
check "a second token beside it" "${tool[@]}" --slot-index 1 --init-token --label second --so-pin "$so_pin"
expect "both are there" 'token label +: second' "${tool[@]}" -L
says "both are there: the first" 'token label +: again'
unset HUKS_CONF
check "-L without the option" "${tool[@]}" -L
ours "has no such rule" lacks "two tokens and nothing else without the option" 'uninitialized'
