#!/usr/bin/env bash
# usage: tests/interop/openssl-engine.sh
# OpenSSL's pkcs11 engine (libp11): every command that takes a key, TLS by both sides, the engine loaded by
# the host's openssl.cnf, processes that fork. What it makes is verified without the engine.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs openssl openssl
needs pkcs11-tool opensc
openssl engine pkcs11 >/dev/null 2>&1 || skip_all "the engine is missing: Debian package libengine-pkcs11-openssl"

consumer "OpenSSL, pkcs11 engine" libengine-pkcs11-openssl

make_token interop
tool=(pkcs11-tool --module "$module" --token-label interop --login --pin "$pin")
for pair in rsa:01:rsa:2048 ec:02:EC:prime256v1 ec384:03:EC:secp384r1 ca:04:rsa:2048; do
    IFS=: read -r label id type size <<<"$pair"
    must check "a key pair $label" "${tool[@]}" --keypairgen --key-type "$type:$size" --label "$label" --id "$id" --usage-sign \
        --usage-decrypt --usage-derive
done

#: # OpenSSL's engine
#:
#: `libengine-pkcs11-openssl` finds the module by `PKCS11_MODULE_PATH` (or `MODULE_PATH` in `openssl.cnf`); `-keyform engine`
#: makes a key's URI out of what is a file's name elsewhere. The PIN is in the URI, in a file, or asked for.
step "a certificate, a request, a signed file" <<'SH'
export PKCS11_MODULE_PATH=$MODULE
printf '%s' "$PIN" >pin
key="pkcs11:token=interop;object=rsa;type=private?pin-source=$PWD/pin"
openssl req -engine pkcs11 -keyform engine -key "$key" -new -x509 -days 30 -subj /CN=alice -out alice.crt
openssl req -engine pkcs11 -keyform engine -key "$key" -new -subj /CN=alice -out alice.csr
printf 'Pay 100 to Alice.\n' >file
openssl dgst -engine pkcs11 -keyform engine -sign "$key" -sha256 -out file.sig file
openssl x509 -in alice.crt -noout -pubkey >alice.pem
openssl dgst -sha256 -verify alice.pem -signature file.sig file
SH
step "a signed message, and one that is decrypted" 'Pay 100 to Alice' <<'SH'
export PKCS11_MODULE_PATH=$MODULE
key="pkcs11:token=interop;object=rsa;type=private?pin-value=$PIN"
openssl cms -sign -engine pkcs11 -keyform engine -inkey "$key" -signer alice.crt -binary -nodetach -in file -outform DER -out file.cms
openssl cms -verify -inform DER -in file.cms -CAfile alice.crt -purpose any -out /dev/null
openssl cms -encrypt -aes128 -binary -in file -outform DER -out file.enc alice.crt
openssl cms -decrypt -engine pkcs11 -keyform engine -inkey "$key" -recip alice.crt -inform DER -in file.enc
SH
engine=(env PKCS11_MODULE_PATH="$module" openssl)
# Of a command that takes a key: -engine pkcs11 … the key's URI comes last.
with=(-engine pkcs11 -keyform engine)
uri() { # LABEL
    echo "pkcs11:token=interop;object=$1;type=private?pin-value=$pin"
}
printf 'Pay 100 to Alice.\n' >letter
openssl dgst -sha256 -binary -out digest letter

expect "the engine loads the module" 'available' "${engine[@]}" engine -t pkcs11

# --- Keys and signatures ------------------------------------------------------------------------------

for label in rsa ec ec384 ca; do
    check "pkey: the public key of $label" "${engine[@]}" pkey -engine pkcs11 -inform engine -in "$(uri "$label")" -pubout \
        -out "$label.pem"
    check "$label: dgst signs" "${engine[@]}" dgst "${with[@]}" -sha256 -sign "$(uri "$label")" -out signature letter
    verify "$label: dgst, openssl verifies" "$label.pem" signature letter -sha256
    check "$label: dgst -sha512 signs" "${engine[@]}" dgst "${with[@]}" -sha512 -sign "$(uri "$label")" -out signature letter
    verify "$label: dgst -sha512, openssl verifies" "$label.pem" signature letter -sha512
    check "$label: pkeyutl signs" "${engine[@]}" pkeyutl "${with[@]}" -inkey "$(uri "$label")" -sign -pkeyopt digest:sha256 \
        -in digest -out signature
    verify "$label: pkeyutl, openssl verifies" "$label.pem" signature letter -sha256
    check "$label: a public key of the token verifies" "${engine[@]}" dgst "${with[@]}" -sha256 \
        -verify "pkcs11:token=interop;object=$label;type=public?pin-value=$pin" -signature signature letter
done
check "PSS signs" "${engine[@]}" dgst "${with[@]}" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
    -sign "$(uri rsa)" -out signature letter
verify "PSS, openssl verifies" rsa.pem signature letter -sha256 -sigopt rsa_padding_mode:pss
ours "crashes" refuse "no such key" 'not found|unable|Could not' "${engine[@]}" dgst "${with[@]}" -sha256 -sign "$(uri nobody)" -out signature letter
ours "crashes" refuse "a wrong PIN" 'unable|Could not|incorrect|failed' "${engine[@]}" dgst "${with[@]}" -sha256 \
    -sign 'pkcs11:token=interop;object=rsa;type=private?pin-value=000000' -out signature letter

# --- Ways to name a key and to give a PIN -------------------------------------------------------------

printf '%s' "$pin" >pin
signs() { # NAME URI [ARGUMENT...]
    local name=$1 key=$2
    shift 2
    rm -f signature
    check "$name" "${engine[@]}" dgst "${with[@]}" -sha256 "$@" -sign "$key" -out signature letter
    verify "$name, openssl verifies" rsa.pem signature letter -sha256
}
signs "by id" "pkcs11:token=interop;id=%01;type=private?pin-value=$pin"
signs "pin-source=PATH" "pkcs11:token=interop;object=rsa;type=private?pin-source=$work/pin"
signs "pin-source=file:PATH" "pkcs11:token=interop;object=rsa;type=private?pin-source=file:$work/pin"
signs "-passin" "pkcs11:token=interop;object=rsa;type=private" -passin "file:$work/pin"
slot=$(pkcs11-tool --module "$module" -L 2>/dev/null | sed -n 's/^Slot 0 (\(0x[0-9a-f]*\)).*/\1/p')
signs "slot_N-id_X" "slot_$((slot))-id_01" -passin "file:$work/pin"
signs "slot_N-label_X" "slot_$((slot))-label_rsa" -passin "file:$work/pin"
serial=$(pkcs11-tool --module "$module" -L 2>/dev/null | sed -n 's/^ *serial num *: *//p' | head -n 1)
signs "by serial and model" "pkcs11:serial=$serial;object=rsa;type=private?pin-value=$pin"

# --- Encryption and agreement -------------------------------------------------------------------------

openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret
check "pkeyutl decrypts" "${engine[@]}" pkeyutl "${with[@]}" -inkey "$(uri rsa)" -decrypt -in secret -out opened
same "pkeyutl: the letter" letter opened
rm -f opened
openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in letter -out secret -pkeyopt rsa_padding_mode:oaep
check "pkeyutl decrypts OAEP" "${engine[@]}" pkeyutl "${with[@]}" -inkey "$(uri rsa)" -decrypt -in secret -out opened \
    -pkeyopt rsa_padding_mode:oaep
same "pkeyutl, OAEP: the letter" letter opened
for curve in ec:P-256 ec384:P-384; do
    label=${curve%:*}
    openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${curve#*:}" -out peer.key 2>/dev/null
    openssl pkey -in peer.key -pubout -out peer.pem
    openssl pkeyutl -derive -inkey peer.key -peerkey "$label.pem" -out agreed.openssl
    rm -f agreed
    check "$label: pkeyutl derives" "${engine[@]}" pkeyutl "${with[@]}" -inkey "$(uri "$label")" -derive -peerkey peer.pem -out agreed
    same "$label: openssl agrees" agreed.openssl agreed
done

# --- Certificates -------------------------------------------------------------------------------------

check "req -x509: a CA" "${engine[@]}" req "${with[@]}" -key "$(uri ca)" -new -x509 -days 9 -subj /CN=CA -out ca.crt \
    -addext keyUsage=critical,keyCertSign,cRLSign
check "the CA's certificate" openssl verify -CAfile ca.crt ca.crt
printf 'subjectAltName = DNS:localhost,IP:127.0.0.1\n' >leaf.ext
printf 'extendedKeyUsage = critical,timeStamping\n' >tsa.ext
for label in rsa ec ec384; do
    check "$label: req" "${engine[@]}" req "${with[@]}" -key "$(uri "$label")" -new -subj "/CN=$label" -out "$label.csr"
    check "$label: openssl verifies the request" openssl req -in "$label.csr" -noout -verify
    check "$label: x509 -req" "${engine[@]}" x509 -req -engine pkcs11 -in "$label.csr" -CA ca.crt -CAkeyform engine \
        -CAkey "$(uri ca)" -days 8 -extfile leaf.ext -out "$label.crt"
    check "$label: openssl verifies the certificate" openssl verify -CAfile ca.crt "$label.crt"
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
authority=("${engine[@]}" ca -config ca.cnf -batch -notext "${with[@]}" -keyfile "$(uri ca)")
check "ca signs" "${authority[@]}" -in ec.csr -out ec.ca.crt
check "ca: openssl verifies" openssl verify -CAfile ca.crt ec.ca.crt
check "ca revokes" "${authority[@]}" -revoke ec.ca.crt
check "ca -gencrl" "${authority[@]}" -gencrl -out ca.crl
check "ca -gencrl: openssl verifies" openssl crl -in ca.crl -noout -CAfile ca.crt
cat ca.crt ca.crl >ca.both
refuse "ca: the revoked one" 'revoked' openssl verify -crl_check -CAfile ca.both ec.ca.crt

# --- Messages -----------------------------------------------------------------------------------------

for label in rsa ec; do
    check "$label: cms -sign" "${engine[@]}" cms -sign "${with[@]}" -inkey "$(uri "$label")" -signer "$label.crt" -binary \
        -nodetach -in letter -outform DER -out letter.cms
    rm -f opened
    check "$label: cms, openssl verifies" openssl cms -verify -inform DER -in letter.cms -CAfile ca.crt -purpose any -out opened
    same "$label: cms, the letter" letter opened
    check "$label: smime -sign" "${engine[@]}" smime -sign "${with[@]}" -inkey "$(uri "$label")" -signer "$label.crt" -binary \
        -in letter -outform PEM -out letter.p7
    check "$label: smime, openssl verifies" openssl smime -verify -inform PEM -in letter.p7 -content letter -CAfile ca.crt \
        -purpose any -out opened
    openssl cms -encrypt -aes128 -binary -in letter -outform DER -out letter.enc "$label.crt" 2>/dev/null
    rm -f opened
    if [ "$label" = ec ]; then
        # libp11 derives, and OpenSSL's CMS asks for a KDF that no engine has.
        continue
    fi
    check "$label: cms -decrypt" "${engine[@]}" cms -decrypt "${with[@]}" -inkey "$(uri "$label")" -recip "$label.crt" \
        -inform DER -in letter.enc -out opened
    same "$label: cms -decrypt, the letter" letter opened
done

# --- TLS ----------------------------------------------------------------------------------------------

# One connection; the server gives lines back in reverse.
serve() { # ARGUMENT...: leaves the port in $port and the process in $server
    : >server.log
    env PKCS11_MODULE_PATH="$module" openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev "$@" >server.log 2>&1 </dev/null &
    server=$!
    port=
    for _ in $(seq 200); do
        port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.log)
        if [ -n "$port" ] || ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 0.05
    done
}
printf 'Alice\nCLOSE\n' >lines
talk() { # NAME CLIENT-COMMAND...: and the server ends well, too
    local name=$1 ended=0
    shift
    input=lines expect "$name" '^ecilA$' "$@" s_client -quiet -connect "127.0.0.1:$port" -CAfile ca.crt -verify_return_error
    for _ in $(seq 100); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    kill "$server" 2>/dev/null
    wait "$server" || ended=$?
    cp server.log said
    if [ "$ended" = 0 ]; then pass "$name: the server ends well"; else fail "$name: the server ends well" "it ended with $ended"; fi
}
for version in tls1_2 tls1_3; do
    for label in rsa ec ec384; do
        serve "-$version" -cert "$label.crt" "${with[@]}" -key "$(uri "$label")"
        talk "$version, $label" openssl
    done
    serve "-$version" -cert ec.crt "${with[@]}" -key "$(uri ec)" -Verify 1 -CAfile ca.crt -verify_return_error
    client=(env PKCS11_MODULE_PATH="$module" openssl)
    name="$version, client and server"
    ended=0
    input=lines expect "$name" '^ecilA$' "${client[@]}" s_client -quiet -connect "127.0.0.1:$port" -CAfile ca.crt \
        -verify_return_error -cert rsa.crt "${with[@]}" -key "$(uri rsa)"
    wait "$server" || ended=$?
    cp server.log said
    if [ "$ended" = 0 ]; then pass "$name: the server ends well"; else fail "$name: the server ends well" "it ended with $ended"; fi
done
# Not tried: key exchange by RSA. OpenSSL 3 asks for a padding there that libp11 does not have.

# --- The host's openssl.cnf ---------------------------------------------------------------------------

# The engine is there for everybody, and for everything that it can do: the module, a guest, must not
# call the host's OpenSSL and so itself.
cat >host.cnf <<CNF
openssl_conf = host
[host]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = $module
PIN = $pin
default_algorithms = ALL
init = 1
CNF
host=(env OPENSSL_CONF="$work/host.cnf" openssl)
check "openssl.cnf: any command" "${host[@]}" version
check "openssl.cnf: a key of the host's own" "${host[@]}" genpkey -algorithm RSA -out own.key
check "openssl.cnf: an EC key of the host's own" "${host[@]}" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own-ec.key
check "openssl.cnf: the host's key signs" "${host[@]}" dgst -sha256 -sign own.key -out signature letter
openssl pkey -in own.key -pubout -out own.pem
verify "openssl.cnf: the host's key, openssl verifies" own.pem signature letter -sha256
check "openssl.cnf: the token's key signs, the PIN is in the file" "${host[@]}" dgst "${with[@]}" -sha256 \
    -sign 'pkcs11:token=interop;object=ec;type=private' -out signature letter
verify "openssl.cnf: the token's key, openssl verifies" ec.pem signature letter -sha256

# --- Forked processes ---------------------------------------------------------------------------------

if [ -x "$build/tests/interop/engine-host" ]; then
    for label in rsa ec; do
        ours "knows no child" expect "$label: a server and four children sign" '^done$' \
            env PKCS11_MODULE_PATH="$module" "$build/tests/interop/engine-host" "$(uri "$label")" "$label.pem" 4 25
    done
    ours "knows no child" grinds "a server and two children" env PKCS11_MODULE_PATH="$module" \
        "$build/tests/interop/engine-host" "$(uri ec)" ec.pem 2 2
else
    rm -f said
    fail "a server and four children sign" "$build/tests/interop/engine-host is not built"
fi
grinds "dgst" "${engine[@]}" dgst "${with[@]}" -sha256 -sign "$(uri ec)" -out signature letter
