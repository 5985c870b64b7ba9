#!/usr/bin/env bash
# usage: tests/interop/provider.sh
# OpenSSL's provider for PKCS #11 (pkcs11-provider, Debian 13): loaded by the host's openssl.cnf for every command, it
# makes keys in the token, signs, decrypts, agrees, and serves TLS. Plain OpenSSL judges.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs pkcs11-tool opensc
needs openssl openssl
PROVIDER=$(find /usr/lib -path '*/ossl-modules/pkcs11.so' -print -quit 2>/dev/null)
[ -n "$PROVIDER" ] || skip_all "the provider is missing: Debian package pkcs11-provider, in Debian 13 and newer"
export PROVIDER
consumer "OpenSSL, pkcs11-provider" pkcs11-provider
make_token interop
#: # OpenSSL's provider
#:
#: With this `openssl.cnf` (`OPENSSL_CONF` names it) every program that uses OpenSSL 3 takes `pkcs11:` URIs for keys.
step "openssl.cnf, with the PIN in a file" <<'SH'
printf '%s' "$PIN" >pin
cat >token.cnf <<CNF
openssl_conf = init
[init]
providers = providers
[providers]
default = builtin
pkcs11 = pkcs11
[builtin]
activate = 1
[pkcs11]
module = $PROVIDER
pkcs11-module-path = $MODULE
pkcs11-module-token-pin = file:$DIR/pin
pkcs11-module-encode-provider-uri-to-pem = true
activate = 1
CNF
SH
plain=(env -u OPENSSL_CONF openssl)
token=(env OPENSSL_CONF="$work/token.cnf" openssl)
printf 'Pay 100 to Alice.\n' >letter
printf 'Pay 900 to Alice.\n' >other
expect "openssl list -providers" 'PKCS#11 Provider' "${token[@]}" list -providers

# --- Keys ---------------------------------------------------------------------------------------------

make() { # LABEL ARGUMENT...
    local label=$1
    shift
    check "genpkey: $label is made in the token" "${token[@]}" genpkey -propquery provider=pkcs11 "$@" \
        -pkeyopt "pkcs11_uri:pkcs11:token=interop;object=$label;id=%$(printf %02x "$made")" -out "$label.uri"
    made=$((made + 1))
    expect "$label: the token has it" "label: +$label" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" -O --type privkey
    check "$label: its public key" "${token[@]}" pkey -in "pkcs11:token=interop;object=$label;type=private" -pubout -out "$label.pem"
    check "$label: plain openssl reads it" "${plain[@]}" pkey -pubin -in "$label.pem" -noout
    check "$label: the public key by its own URI" "${token[@]}" pkey -pubin -in "pkcs11:token=interop;object=$label;type=public" -pubout -out "$label.again"
    "${plain[@]}" pkey -pubin -in "$label.pem" -outform DER -out "$label.der"
    "${plain[@]}" pkey -pubin -in "$label.again" -outform DER -out "$label.again.der"
    same "$label: it is the same" "$label.der" "$label.again.der"
}
made=1
make rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
make ec -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make ec384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
make ed -algorithm ED25519
expect "storeutl lists them" 'Total found: [1-9]' "${token[@]}" storeutl -keys 'pkcs11:token=interop'
sed "s|token-pin = .*|token-pin = 000000|" token.cnf >wrong.cnf
refuse "a wrong PIN opens nothing" 'Could not|unable|PIN|rror' env OPENSSL_CONF="$work/wrong.cnf" openssl pkey \
    -in 'pkcs11:token=interop;object=rsa;type=private' -noout
refuse "no such key" 'Could not|unable|rror' "${token[@]}" pkey -in 'pkcs11:token=interop;object=nobody;type=private' -noout

# --- Signatures ---------------------------------------------------------------------------------------

uri() { echo "pkcs11:token=interop;object=$1;type=private"; }
verified() { # NAME KEY ARGUMENT...
    local name=$1 key=$2
    shift 2
    check "$name: plain openssl verifies" "${plain[@]}" dgst "$@" -verify "$key" -signature signature letter
    refuse "$name: another letter" 'failure|Failure' "${plain[@]}" dgst "$@" -verify "$key" -signature signature other
}
for label in rsa ec ec384; do
    for hash in sha256 sha384 sha512; do
        check "$label: dgst -$hash signs" "${token[@]}" dgst "-$hash" -sign "$(uri "$label")" -out signature letter
        verified "$label: dgst -$hash" "$label.pem" "-$hash"
    done
done
check "PSS signs" "${token[@]}" dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign "$(uri rsa)" -out signature letter
verified "PSS" rsa.pem -sha256 -sigopt rsa_padding_mode:pss
check "Ed25519 signs" "${token[@]}" pkeyutl -sign -inkey "$(uri ed)" -rawin -in letter -out signature
check "Ed25519: plain openssl verifies" "${plain[@]}" pkeyutl -verify -pubin -inkey ed.pem -rawin -in letter -sigfile signature
refuse "Ed25519: another letter" 'Verification Failure' "${plain[@]}" pkeyutl -verify -pubin -inkey ed.pem -rawin -in other -sigfile signature
"${plain[@]}" dgst -sha256 -binary -out digest letter
for label in rsa ec; do
    check "$label: pkeyutl signs a digest" "${token[@]}" pkeyutl -sign -inkey "$(uri "$label")" -pkeyopt digest:sha256 -in digest -out signature
    verified "$label: pkeyutl" "$label.pem" -sha256
done
check "a key by the PEM that names it" "${token[@]}" dgst -sha256 -sign rsa.uri -out signature letter
verified "a key by the PEM that names it" rsa.pem -sha256
expect "that PEM holds no key" 'BEGIN PKCS#11 PROVIDER URI' cat rsa.uri
check "pin-value in the URI" env OPENSSL_CONF="$work/wrong.cnf" openssl dgst -sha256 -sign "$(uri ec)?pin-value=$pin" -out signature letter
verified "pin-value in the URI" ec.pem -sha256
check "pin-source in the URI" env OPENSSL_CONF="$work/wrong.cnf" openssl dgst -sha256 -sign "$(uri ec)?pin-source=file:$work/pin" -out signature letter
verified "pin-source in the URI" ec.pem -sha256

# --- Encryption, agreement ----------------------------------------------------------------------------

for padding in pkcs1 oaep; do
    options=(-pkeyopt "rsa_padding_mode:$padding")
    # Without the hashes the provider does not know what to ask for.
    [ "$padding" = pkcs1 ] || options+=(-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256)
    "${plain[@]}" pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret "${options[@]}"
    rm -f opened
    check "RSA $padding decrypts" "${token[@]}" pkeyutl -decrypt -inkey "$(uri rsa)" -in secret -out opened "${options[@]}"
    same "RSA $padding: the letter" letter opened
done
pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" --keypairgen --key-type EC:prime256v1 --label ecdh --id 11 \
    --usage-derive >/dev/null 2>&1
check "ecdh: its public key" "${token[@]}" pkey -in "$(uri ecdh)" -pubout -out ecdh.pem
"${plain[@]}" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.key
"${plain[@]}" pkey -in peer.key -pubout -out peer.pem
"${plain[@]}" pkeyutl -derive -inkey peer.key -peerkey ecdh.pem -out agreed.plain
check "ECDH" "${token[@]}" pkeyutl -derive -inkey "$(uri ecdh)" -peerkey peer.pem -out agreed
same "ECDH: plain openssl agrees" agreed.plain agreed
check "random bytes" "${token[@]}" rand -hex 16

# --- Certificates and messages ------------------------------------------------------------------------

printf 'subjectAltName = DNS:localhost,IP:127.0.0.1\n' >leaf.ext
step "a CA whose key is in the token" <<'SH'
export OPENSSL_CONF=$DIR/token.cnf
openssl genpkey -propquery provider=pkcs11 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt 'pkcs11_uri:pkcs11:token=interop;object=ca' -out ca.uri
cat >req.cnf <<CNF
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
CNF
openssl req -config req.cnf -extensions ca -x509 -new -key 'pkcs11:token=interop;object=ca;type=private' -subj /CN=CA -days 30 -out ca.crt
SH
check "plain openssl verifies it" "${plain[@]}" verify -CAfile ca.crt ca.crt
for label in rsa ec ec384 ed; do
    check "$label: req" "${token[@]}" req -config req.cnf -new -key "$(uri "$label")" -subj "/CN=$label" -out "$label.csr"
    check "$label: plain openssl verifies the request" "${plain[@]}" req -in "$label.csr" -noout -verify
    check "$label: x509 -req" "${token[@]}" x509 -req -in "$label.csr" -CA ca.crt -CAkey "$(uri ca)" -days 9 -extfile leaf.ext -out "$label.crt"
    check "$label: plain openssl verifies the certificate" "${plain[@]}" verify -CAfile ca.crt "$label.crt"
done
cat >ca.cnf <<CNF
[ca]
default_ca = here
[here]
database = $work/index
new_certs_dir = $work
serial = $work/serial
crlnumber = $work/crlnumber
certificate = $work/ca.crt
default_md = sha256
default_days = 7
default_crl_days = 7
policy = any
[any]
commonName = supplied
CNF
: >index
echo 01 >serial
echo 01 >crlnumber
check "ca signs" "${token[@]}" ca -config ca.cnf -batch -notext -keyfile "$(uri ca)" -in ec.csr -out ec.ca.crt
check "ca: plain openssl verifies" "${plain[@]}" verify -CAfile ca.crt ec.ca.crt
check "ca revokes" "${token[@]}" ca -config ca.cnf -keyfile "$(uri ca)" -revoke ec.ca.crt
check "ca -gencrl" "${token[@]}" ca -config ca.cnf -keyfile "$(uri ca)" -gencrl -out ca.crl
check "ca -gencrl: plain openssl verifies" "${plain[@]}" crl -in ca.crl -noout -CAfile ca.crt
for label in rsa ec ed; do
    hash=()
    [ "$label" != ed ] || hash=(-md sha512)
    check "$label: cms -sign" "${token[@]}" cms -sign "${hash[@]}" -inkey "$(uri "$label")" -signer "$label.crt" -binary -nodetach -in letter -outform DER \
        -out letter.cms
    rm -f opened
    check "$label: cms, plain openssl verifies" "${plain[@]}" cms -verify -inform DER -in letter.cms -CAfile ca.crt -purpose any -out opened
    same "$label: cms, the letter" letter opened
done
"${plain[@]}" cms -encrypt -aes128 -binary -in letter -outform DER -out letter.enc rsa.crt
rm -f opened
check "cms -decrypt" "${token[@]}" cms -decrypt -inkey "$(uri rsa)" -recip rsa.crt -inform DER -in letter.enc -out opened
same "cms -decrypt, the letter" letter opened
printf 'extendedKeyUsage = critical,timeStamping\n' >tsa.ext
"${token[@]}" x509 -req -in rsa.csr -CA ca.crt -CAkey "$(uri ca)" -days 9 -extfile tsa.ext -out tsa.crt >said 2>&1
cat >ts.cnf <<CNF
[tsa]
default_tsa = here
[here]
serial = $work/ts.serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
CNF
echo 01 >ts.serial
# It reads its key from a file only: the PEM that names it.
check "ts -query" "${plain[@]}" ts -query -data letter -sha256 -cert -out letter.tsq
check "ts -reply" "${token[@]}" ts -reply -config ts.cnf -queryfile letter.tsq -signer tsa.crt -inkey rsa.uri -out letter.tsr
expect "ts: plain openssl verifies" 'Verification: OK' "${plain[@]}" ts -verify -data letter -in letter.tsr -CAfile ca.crt

# --- TLS ----------------------------------------------------------------------------------------------

printf 'Alice\nCLOSE\n' >lines
for version in tls1_2 tls1_3; do
    for label in rsa ec ec384 ed; do
        PORT=$(free_port)
        start server "${token[@]}" s_server -accept "127.0.0.1:$PORT" -naccept 1 -rev "-$version" -cert "$label.crt" -key "$(uri "$label")"
        await server listens "$PORT" || continue
        input=lines expect "$version, $label: openssl s_client" '^ecilA$' "${plain[@]}" s_client -quiet -connect "127.0.0.1:$PORT" -CAfile ca.crt \
            -verify_return_error
        stop server -
    done
    PORT=$(free_port)
    start server "${token[@]}" s_server -accept "127.0.0.1:$PORT" -naccept 1 -rev "-$version" -cert ec.crt -key "$(uri ec)" -Verify 1 -CAfile ca.crt \
        -verify_return_error
    await server listens "$PORT" || continue
    input=lines expect "$version: client and server have keys in the token" '^ecilA$' "${token[@]}" s_client -quiet -connect "127.0.0.1:$PORT" \
        -CAfile ca.crt -verify_return_error -cert rsa.crt -key "$(uri rsa)"
    stop server -
done

# --- Everything by the token --------------------------------------------------------------------------

# The provider is loaded early and asked for everything first: the module, a guest, must not meet itself.
sed 's|^activate = 1$|&|; s|^pkcs11-module-path.*|&\npkcs11-module-load-behavior = early|; s|^providers = .*|&\nalg_section = algorithms|' token.cnf >first.cnf
printf '[algorithms]\ndefault_properties = ?provider=pkcs11\n' >>first.cnf
first=(env OPENSSL_CONF="$work/first.cnf" openssl)
for command in version "list -providers" "rand -hex 8" "genpkey -algorithm RSA -out own.key" "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own-ec.key" \
    "dgst -sha256 letter" "req -config req.cnf -x509 -new -key own-ec.key -subj /CN=own -out own.crt"; do
    # shellcheck disable=SC2086 # a command line
    check "asked first: $command" "${first[@]}" $command
done
check "asked first: the token's key signs" "${first[@]}" dgst -sha256 -sign "$(uri rsa)" -out signature letter
verified "asked first: the token's key" rsa.pem -sha256
