#!/usr/bin/env bash
# usage: tests/interop/p11-kit.sh
# p11-kit and GnuTLS, which find the module by its .module file: p11tool, certtool, the proxy, a remote
# module and a server, two modules side by side.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
# shellcheck disable=SC2016 # for inner shells

# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
. "$(dirname "$0")/common.sh"
needs p11-kit p11-kit
needs p11tool gnutls-bin
needs certtool gnutls-bin
needs pkcs11-tool opensc
needs openssl openssl

own_modules
module_path=$(p11_variable p11_module_path /usr/lib/x86_64-linux-gnu/pkcs11)
proxy=$(p11_variable proxy_module /usr/lib/x86_64-linux-gnu/p11-kit-proxy.so)
client=$module_path/p11-kit-client.so

offer huks "$module"
printf 'Pay 100 to Alice.\n' >letter
export GNUTLS_PIN=$pin GNUTLS_SO_PIN=$so_pin
token='pkcs11:token=interop'
consumer "GnuTLS: p11tool, certtool" gnutls-bin

# --- A token by p11tool -------------------------------------------------------------------------------

expect "p11-kit list-modules" "^ *(huks|path): .*$(basename "$module")" p11-kit list-modules
ours "another name" says "list-modules: the library" 'library-description: HUKS key store'
# p11tool lists no blank tokens: it wants a session first. It initialises the one that its URL names.
if [ "$kind" = huks ]; then
    serial=$(p11-kit list-modules 2>/dev/null | sed -n 's/^ *serial-number: *//p')
    must check "p11tool --initialize" p11tool --initialize --label interop --set-so-pin "$so_pin" "pkcs11:serial=$serial"
    must check "p11tool --initialize-pin" p11tool --initialize-pin --set-so-pin "$so_pin" --set-pin "$pin" "$token"
else
    make_token interop # several blank tokens answer to SoftHSM2's URL
fi
expect "p11tool --list-tokens" 'Label: interop' p11tool --list-tokens
ours "another model" says "--list-tokens: its URL" 'URL: pkcs11:model=HUKS;manufacturer=huks-pkcs11;serial=[0-9a-f]{16};token=interop'
expect "p11tool --list-mechanisms" 'CKM_ECDSA' p11tool --list-mechanisms "$token"
says "--list-mechanisms: CKM_RSA_PKCS_PSS" 'CKM_RSA_PKCS_PSS'
check "p11tool --initialize-so-pin" env GNUTLS_NEW_SO_PIN=87654321 p11tool --initialize-so-pin "$token"
check "p11tool --initialize-so-pin, back" env GNUTLS_SO_PIN=87654321 GNUTLS_NEW_SO_PIN="$so_pin" \
    p11tool --initialize-so-pin "$token"
refuse "p11tool with a wrong PIN" 'PIN|PKCS #11 error' env GNUTLS_PIN=654321 p11tool --login --list-all "$token"

# --- Keys by p11tool ----------------------------------------------------------------------------------

generate() { # LABEL TYPE ARGUMENT...
    local label=$1 type=$2
    shift 2
    check "p11tool --generate-privkey $type" p11tool --login --generate-privkey "$type" "$@" --label "$label" \
        --outfile "$label.pem" "$token"
    check "$label: openssl reads the public key" openssl pkey -pubin -in "$label.pem" -noout
    check "$label: p11tool --test-sign" p11tool --login --test-sign "$token;object=$label;type=private"
    check "$label: p11tool --export-pubkey" p11tool --login --export-pubkey --outfile "$label.again" \
        "$token;object=$label;type=private"
    openssl pkey -pubin -in "$label.pem" -outform DER -out "$label.der"
    openssl pkey -pubin -in "$label.again" -outform DER -out "$label.again.der" 2>/dev/null
    same "$label: --export-pubkey gives the same key" "$label.der" "$label.again.der"
}
generate rsa rsa --bits 2048
generate ec ecdsa --curve secp256r1
generate ec384 ecdsa --curve secp384r1
# GnuTLS 3.7 asks for a key pair with CKM_EDDSA, which signs; a pair that another tool made serves as well.
HUKS_LOG=debug attempt p11tool --login --generate-privkey ed25519 --label ed --outfile ed.pem "$token"
if [ "$kind" = softhsm ] || grep -q 'CKM_EDDSA is not supported' said; then
    skip "p11tool --generate-privkey ed25519" "this GnuTLS asks for it with CKM_EDDSA"
    check "a pair ed by pkcs11-tool" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" \
        --keypairgen --key-type EC:edwards25519 --label ed --id 25
else
    check "ed: openssl reads the public key" openssl pkey -pubin -in ed.pem -noout
fi
check "ed: p11tool --export-pubkey" p11tool --login --export-pubkey --outfile ed.pem "$token;object=ed;type=private"
openssl pkey -pubin -in ed.pem -outform DER -out ed.der
check "p11tool --generate-privkey --mark-always-authenticate" p11tool --login --generate-privkey ecdsa \
    --curve secp256r1 --mark-always-authenticate --label each --outfile each.pem "$token"
check "each: p11tool --test-sign" p11tool --login --test-sign "$token;object=each;type=private"
check "p11tool --generate-privkey --mark-wrap" p11tool --login --generate-privkey rsa --bits 2048 --mark-wrap \
    --label wrapper --outfile wrapper.pem "$token"
expect "p11tool --list-privkeys" 'object=rsa;type=private' p11tool --login --list-privkeys "$token"
says "--list-privkeys: flags" 'CKA_SENSITIVE'
expect "p11tool --list-all" 'object=ec;type=public' p11tool --login --list-all "$token"
expect "p11tool --list-all without login" 'object=rsa;type=public' p11tool --list-all "$token"
lacks "--list-all without login: no private keys" 'type=private'
expect "p11tool --info" 'Label: ec' p11tool --login --info "$token;object=ec;type=private"
check "p11tool --generate-random" p11tool --generate-random 32 --outfile random "$token"
check "p11tool --generate-random again" p11tool --generate-random 32 --outfile random2 "$token"
differ "p11tool: random bytes differ" random random2

# --- Objects by p11tool -------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout given.key -subj /CN=given -days 9 -out given.crt 2>/dev/null
openssl pkey -in given.key -pubout -out given.pem
openssl x509 -in given.crt -outform DER -out given.der
check "p11tool --write a key" p11tool --login --write --load-privkey given.key --label given --id 0a0b "$token"
check "p11tool --write a certificate" p11tool --login --write --load-certificate given.crt --label given --id 0a0b "$token"
check "p11tool --write a public key" p11tool --login --write --load-pubkey given.pem --label given --id 0a0b "$token"
check "p11tool --write a CA certificate, trusted" env GNUTLS_PIN="$so_pin" p11tool --so-login --write \
    --load-certificate given.crt --label anchor --mark-trusted --mark-ca "$token"
check "p11tool --write a secret key" p11tool --login --write --secret-key 00112233445566778899aabbccddeeff --label secret "$token"
check "given: p11tool --test-sign" p11tool --login --test-sign "$token;object=given;type=private"
check "p11tool --export" p11tool --export --outfile exported.pem "$token;object=given;type=cert"
openssl x509 -in exported.pem -outform DER -out exported.der 2>/dev/null
same "the certificate: byte for byte" given.der exported.der
check "p11tool --export-chain" p11tool --login --export-chain "$token;object=given;type=cert"
expect "p11tool --list-all-certs" 'object=given;type=cert' p11tool --list-all-certs "$token"
expect "p11tool --list-certs: those with a key" 'object=given' p11tool --login --list-certs "$token"
expect "p11tool --list-all-trusted" 'object=anchor' p11tool --list-all-trusted "$token"
refuse "p11tool --export of a private key" 'rror|not' p11tool --login --export "$token;object=rsa;type=private"
check "p11tool --set-label" p11tool --login --set-label renamed "$token;object=given;type=cert"
expect "--set-label: it has it" 'object=renamed;type=cert' p11tool --list-all-certs "$token"
check "p11tool --set-id" p11tool --login --set-id 0c0d "$token;object=renamed;type=cert"
expect "--set-id: it has it" 'id=%0[cC]%0[dD]' p11tool --list-all-certs "$token"
check "p11tool --delete" p11tool --login --batch --delete "$token;object=renamed;type=cert"
expect "--delete: it is gone" '^' p11tool --login --list-all "$token"
lacks "--delete: no trace" 'object=renamed'
says "--delete: nothing else" 'object=given;type=private'

# --- certtool -----------------------------------------------------------------------------------------

cat >ca.template <<'TEMPLATE'
cn = "interop CA"
serial = 7
expiration_days = 9
ca
cert_signing_key
crl_signing_key
TEMPLATE
cat >leaf.template <<'TEMPLATE'
cn = "leaf"
serial = 8
expiration_days = 8
signing_key
TEMPLATE
for label in rsa ec ec384 ed; do
    key="$token;object=$label;type=private"
    check "certtool --generate-self-signed, $label" certtool --generate-self-signed --load-privkey "$key" \
        --load-pubkey "$token;object=$label;type=public" --template ca.template --outfile "$label.crt"
    check "$label: openssl verifies it" openssl verify -CAfile "$label.crt" "$label.crt"
    openssl x509 -in "$label.crt" -noout -pubkey | openssl pkey -pubin -outform DER -out "$label.crt.der"
    same "$label: it has the token's key" "$label.der" "$label.crt.der"
    check "certtool --generate-request, $label" certtool --generate-request --load-privkey "$key" \
        --load-pubkey "$token;object=$label;type=public" --template leaf.template --outfile "$label.csr"
    check "$label: openssl verifies the request" openssl req -in "$label.csr" -noout -verify
    check "certtool --generate-certificate by $label" certtool --generate-certificate --load-request "$label.csr" \
        --load-ca-certificate "$label.crt" --load-ca-privkey "$key" --template leaf.template --outfile leaf.crt
    check "$label: openssl verifies the chain" openssl verify -CAfile "$label.crt" leaf.crt
done
check "certtool --p7-sign" certtool --p7-sign --load-privkey "$token;object=rsa;type=private" --load-certificate rsa.crt \
    --infile letter --outfile letter.p7
check "certtool --p7-sign: openssl verifies" openssl cms -verify -inform PEM -in letter.p7 -CAfile rsa.crt -purpose any -out opened
same "certtool --p7-sign: the letter" letter opened

# --- p11-kit's own tools, 0.25 --------------------------------------------------------------------------

if p11-kit generate-keypair --help >/dev/null 2>&1; then
    check "p11-kit generate-keypair" p11-kit generate-keypair --login --label=made --type=ecdsa --curve=secp256r1 \
        "$token?pin-value=$pin"
    expect "p11-kit list-objects" 'object=made;type=private|label: made' p11-kit list-objects --login "$token?pin-value=$pin"
    attempt p11-kit export-object --login "$token;object=made;type=public?pin-value=$pin"
    sed -n '/BEGIN/,/END/p' said >made.pem
    check "p11-kit export-object: openssl reads the public key" openssl pkey -pubin -in made.pem -noout
    attempt p11-kit export-object "$token;object=anchor;type=cert"
    sed -n '/BEGIN/,/END/p' said >made.crt
    check "p11-kit export-object: openssl reads the certificate" openssl x509 -in made.crt -noout
    check "p11-kit delete-object" p11-kit delete-object --login "$token;object=made;type=private?pin-value=$pin"
    expect "p11-kit list-mechanisms" 'ecdsa' p11-kit list-mechanisms "$token"
else
    skip "p11-kit generate-keypair, export-object" "this p11-kit has no such commands: 0.25"
fi

#: # p11-kit, p11tool, certtool
#:
#: After `make install` p11-kit knows the module, and with it every program that asks p11-kit: here a directory of
#: `.module` files that says `module: huks-pkcs11.so`. GnuTLS's tools take the PINs from the environment.
step "keys and certificates by p11tool and certtool" 'BEGIN PUBLIC KEY' <<'SH'
export GNUTLS_PIN=$PIN
p11-kit list-modules
p11tool --login --generate-privkey ecdsa --curve secp256r1 --label page 'pkcs11:token=interop'
printf 'cn = "page"\nexpiration_days = 30\nca\ncert_signing_key\n' >page.template
certtool --generate-self-signed --template page.template --load-privkey 'pkcs11:token=interop;object=page;type=private' \
    --load-pubkey 'pkcs11:token=interop;object=page;type=public' --outfile page.crt
p11tool --login --write --load-certificate page.crt --label page 'pkcs11:token=interop'
p11tool --list-all-certs 'pkcs11:token=interop'
p11tool --login --batch --delete 'pkcs11:token=interop;object=page;type=cert'
p11tool --login --export-pubkey 'pkcs11:token=interop;object=page;type=private'
SH
#: A server shares the token with programs that load `p11-kit-client.so` instead of the module; `--user` names another
#: user who may. The socket can be anywhere, also at the end of an SSH connection that forwards it.
export CLIENT=$client
step "a server, and a client of it" 'token label +: interop' <<'SH'
p11-kit server --foreground --provider "$MODULE" --name "$DIR/page.socket" 'pkcs11:token=interop' >page.log &
until [ -S page.socket ]; do sleep 0.1; done
P11_KIT_SERVER_ADDRESS=unix:path=$DIR/page.socket pkcs11-tool --module "$CLIENT" --list-slots
kill %1
SH

# --- The proxy ----------------------------------------------------------------------------------------

# Debian's proxy, and pkcs11-tool that knows of one module only.
consumer "p11-kit: proxy, remote, server" p11-kit
tool=(pkcs11-tool --module "$proxy" --token-label interop --login --pin "$pin")
expect "p11-kit-proxy lists the token" 'token label +: interop' pkcs11-tool --module "$proxy" -L
signs_by() { # NAME COMMAND...: by label of the key's id
    local name=$1 id
    shift
    id=$("$@" -O --type pubkey 2>/dev/null | awk '$1 == "label:" { label = $2 } $1 == "ID:" && label == "rsa" { print $2; exit }')
    rm -f signature
    check "$name signs" "$@" --sign --id "$id" --mechanism SHA256-RSA-PKCS --input-file letter --output-file signature
    verify "$name: openssl verifies" rsa.pem signature letter -sha256
}
signs_by "p11-kit-proxy" "${tool[@]}"
check "p11-kit-proxy generates" "${tool[@]}" --keypairgen --key-type EC:prime256v1 --label proxied --id 61
check "p11-kit-proxy deletes" "${tool[@]}" --delete-object --type privkey --id 61
refuse "p11-kit-proxy passes our answers on" 'CKR_PIN_INCORRECT' \
    pkcs11-tool --module "$proxy" --token-label interop --login --pin 000000 -O
check "p11-kit-proxy, forked" pkcs11-tool --module "$proxy" --token-label interop --test-fork -L
grinds "p11-kit-proxy signs" "${tool[@]}" -O

# --- Remote -------------------------------------------------------------------------------------------

# In another process, by a pipe.
offer huks "$module" 'enable-in: nobody'
printf 'remote: |p11-kit remote %s\n' "$module" >"$modules/remote.module"
expect "p11-kit remote: list-modules" '^(module: )?remote' p11-kit list-modules
check "p11-kit remote: p11tool --test-sign" p11tool --login --test-sign "$token;object=rsa;type=private"
signs_by "p11-kit remote" "${tool[@]}"
rm -f "$modules/remote.module"
offer huks "$module"

# In another process, by a socket.
socket=$work/server.socket
p11-kit server --foreground --provider "$module" --name "$socket" "$token" >server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    [ ! -S "$socket" ] || break
    sleep 0.05
done
export P11_KIT_SERVER_ADDRESS=unix:path=$socket
remote=(pkcs11-tool --module "$client" --token-label interop --login --pin "$pin")
expect "p11-kit server: the client lists the token" 'token label +: interop' pkcs11-tool --module "$client" -L
signs_by "p11-kit server" "${remote[@]}"
check "p11-kit server: p11tool --test-sign" p11tool --provider "$client" --login --test-sign "$token;object=ec;type=private"
check "p11-kit server: the client generates" "${remote[@]}" --keypairgen --key-type rsa:2048 --label served --id 62
check "p11-kit server: the client deletes" "${remote[@]}" --delete-object --type privkey --id 62
refuse "p11-kit server passes our answers on" 'CKR_PIN_INCORRECT' \
    pkcs11-tool --module "$client" --token-label interop --login --pin 000000 -O
# Several at once: each is a process of the server's. SoftHSM2 refuses the right PIN to some.
if [ "$kind" = huks ]; then
    id=$("${remote[@]}" -O --type pubkey 2>/dev/null | grep -A 1 'label: *rsa$' | sed -n 's/.*ID: *//p')
    clients=()
    for i in 1 2 3 4; do
        "${remote[@]}" --sign --id "$id" --mechanism SHA256-RSA-PKCS --input-file letter --output-file "signature.$i" \
            >"client.$i" 2>&1 &
        clients+=($!)
    done
    together=0
    for client_pid in "${clients[@]}"; do wait "$client_pid" || together=$?; done
    cat client.? >said
    if [ "$together" = 0 ]; then
        pass "p11-kit server: four clients at once"
    else
        fail "p11-kit server: four clients at once" "one ended with $together"
    fi
    for i in 1 2 3 4; do
        verify "p11-kit server: client $i, openssl verifies" rsa.pem "signature.$i" letter -sha256
    done
fi
# Another user has the socket and nothing else: neither the store nor the module's configuration.
if [ "$(id -u)" = 0 ] && [ -n "${INTEROP_NAMESPACE-}" ]; then
    # He may not get at the test's directory; in this namespace /mnt is a place for both.
    mkdir "$work/both"
    chmod 1777 "$work/both"
    cp letter "$work/both/"
    must check "a place for two users" mount --bind "$work/both" /mnt
    as_other=(setpriv --reuid nobody --regid nogroup --clear-groups env -C /mnt HOME=/nonexistent HUKS_STORE=/nonexistent)
    refuse "p11-kit server: another user is not let in" '.' "${as_other[@]}" "${remote[@]}" -O
    shared=/mnt/server.socket
    p11-kit server --foreground --provider "$module" --user nobody --name "$shared" "$token" >shared.log 2>&1 &
    shared_server=$!
    for _ in $(seq 200); do
        [ ! -S "$shared" ] || break
        sleep 0.05
    done
    # --user is whom the server accepts; that the file system lets him come so far is the administrator's.
    chmod 666 "$shared"
    as_other+=(P11_KIT_SERVER_ADDRESS="unix:path=$shared")
    expect "p11-kit server for another user: he sees the token" 'token label +: interop' \
        "${as_other[@]}" pkcs11-tool --module "$client" -L
    id=$("${remote[@]}" -O --type pubkey 2>/dev/null | awk '$1 == "label:" { label = $2 } $1 == "ID:" && label == "rsa" { print $2; exit }')
    check "p11-kit server for another user: he signs" "${as_other[@]}" "${remote[@]}" --sign --id "$id" \
        --mechanism SHA256-RSA-PKCS --input-file letter --output-file signature
    verify "p11-kit server for another user: openssl verifies" rsa.pem /mnt/signature letter -sha256
    refuse "p11-kit server for another user: his PIN counts" 'CKR_PIN_INCORRECT' \
        "${as_other[@]}" pkcs11-tool --module "$client" --token-label interop --login --pin 000000 -O
    refuse "p11-kit server for another user: a third is not let in" 'No slot|CKR_|rror' env --ignore-signal=PIPE setpriv --reuid daemon \
        --regid nogroup --clear-groups env -C /mnt P11_KIT_SERVER_ADDRESS="unix:path=$shared" "${remote[@]}" -O
    refuse "p11-kit server for another user: not without it" 'No slot|not found|CKR_|rror' \
        "${as_other[@]}" pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" -O
    kill "$shared_server"
    wait "$shared_server" 2>/dev/null
    umount /mnt
else
    skip "p11-kit server for another user" "this user can't become another"
fi
unset P11_KIT_SERVER_ADDRESS
if kill -0 "$server" 2>/dev/null; then pass "p11-kit server still runs"; else fail "p11-kit server still runs" "$(cat server.log)"; fi
kill "$server" 2>/dev/null
ended=0
wait "$server" 2>/dev/null || ended=$?
case $ended in
0 | 143 | 255) pass "p11-kit server ends" ;;
*) fail "p11-kit server ends" "with $ended: $(cat server.log)" ;;
esac

# --- x-init-reserved ----------------------------------------------------------------------------------

if [ "$kind" = huks ]; then
    offer huks "$module" "x-init-reserved: store=$work/elsewhere"
    expect "x-init-reserved: another store" '^(module: )?huks' p11-kit list-modules
    lacks "x-init-reserved: another store, not our token" 'token: interop'
    offer huks "$module" "x-init-reserved: session_limit=3 session_wait_ms=10"
    if [ -x "$build/tests/interop/guest" ]; then
        expect "x-init-reserved: session_limit=3" '^3 operations$' \
            "$build/tests/interop/guest" "$proxy" operations interop "$pin"
        offer huks "$module"
        expect "without it there are 15" '^15 operations$' "$build/tests/interop/guest" "$proxy" operations interop "$pin"
    else
        fail "x-init-reserved: session_limit=3" "$build/tests/interop/guest is not built"
    fi
    offer huks "$module" "x-init-reserved: session_limits=3"
    attempt p11-kit list-modules
    says "x-init-reserved: a wrong key is named" 'session_limits'
    if grep -q 'token: interop' said; then fail "x-init-reserved: a wrong key stops" "the token is listed"; else pass "x-init-reserved: a wrong key stops"; fi
    offer huks "$module"
fi

# --- Side by side -------------------------------------------------------------------------------------

softhsm=
for place in /usr/lib/softhsm /usr/lib/x86_64-linux-gnu/softhsm /usr/lib/*/softhsm; do
    [ ! -f "$place/libsofthsm2.so" ] || softhsm=$place/libsofthsm2.so
done
if [ "$kind" = softhsm ]; then
    skip "side by side with SoftHSM2" "it is SoftHSM2"
elif [ -z "$softhsm" ]; then
    skip "side by side with SoftHSM2" "libsofthsm2.so is missing: Debian package softhsm2"
else
    offer softhsm2 "$softhsm"
    check "SoftHSM2's token" pkcs11-tool --module "$softhsm" --init-token --label other --so-pin "$so_pin" --slot-index 0
    check "SoftHSM2's PIN" pkcs11-tool --module "$softhsm" --token-label other --login --login-type so --so-pin "$so_pin" \
        --init-pin --new-pin "$pin"
    expect "side by side: list-modules" '^(module: )?softhsm2' p11-kit list-modules
    says "side by side: list-modules, ours" '^(module: )?huks'
    expect "side by side: p11tool lists both" 'Label: other' p11tool --list-tokens
    says "side by side: p11tool lists both, ours" 'Label: interop'
    check "side by side: a key in SoftHSM2" p11tool --login --generate-privkey rsa --bits 2048 --label rsa \
        --outfile other.pem "pkcs11:token=other"
    check "side by side: SoftHSM2 signs" p11tool --login --test-sign "pkcs11:token=other;object=rsa;type=private"
    check "side by side: ours signs" p11tool --login --test-sign "$token;object=rsa;type=private"
    expect "side by side: the proxy lists both" 'token label +: other' pkcs11-tool --module "$proxy" -L
    says "side by side: the proxy lists both, ours" 'token label +: interop'
    signs_by "side by side: ours through the proxy" "${tool[@]}"
    # Exactly one place for each: an object goes where its URL says.
    check "side by side: a certificate from one to the other" p11tool --login --write --load-certificate rsa.crt \
        --label copied "pkcs11:token=other"
    expect "side by side: it is there" 'object=copied' p11tool --list-all-certs "pkcs11:token=other"
    expect "side by side: it is not here" '^' p11tool --login --list-all "$token"
    lacks "side by side: it is not here, indeed" 'object=copied'
    rm -f "$modules/softhsm2.module"
fi
