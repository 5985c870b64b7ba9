#!/usr/bin/env bash
# usage: tests/interop/nss.sh
# NSS with the module in its database: keys and certificates by certutil, a TLS server and clients, messages,
# and OpenSC's pkcs11-register, which puts the module into browsers' databases.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs modutil libnss3-tools
needs selfserv libnss3-tools
needs pkcs11-register opensc
needs_tools
consumer NSS libnss3-tools
make_token interop
#: # NSS
#:
#: NSS keeps a list of modules in each of its databases; keys and certificates are then named `TOKEN:LABEL`.
mkdir db client
head -c 64 /dev/urandom >noise
#: (`modutil` ends with 32 when a slot has no token, as the one that waits for the next token has not.)
printf 'free_slot = never\n' >huks.conf
export HUKS_CONF=$work/huks.conf
step "the module in NSS's database" 'Token Name: +interop' <<'SH'
printf '%s\n' "$PIN" >pin
certutil -N -d sql:db --empty-password
modutil -force -dbdir sql:db -add huks -libfile "$MODULE"
modutil -dbdir sql:db -list huks
SH
says "modutil: login required" 'Login Type: Login required'
step "a CA and two servers' keys in the token" <<'SH'
certutil -S -d sql:db -h interop -n ca -s "CN=NSS CA" -x -t CT,C,C -k rsa -g 2048 -m 1 -f pin -z noise --keyUsage certSigning,critical -2 <<<$'y\n\ny\n'
certutil -S -d sql:db -h interop -n rsa -s CN=localhost -8 localhost -c interop:ca -t ,, -k rsa -g 2048 -m 2 -f pin -z noise
certutil -S -d sql:db -h interop -n ec -s CN=localhost -8 localhost -c interop:ca -t ,, -k ec -q nistp256 -m 3 -f pin -z noise
SH
expect "certutil -K" 'ec +[0-9a-f]{40} +interop:ec' certutil -K -d sql:db -h interop -f pin
says "certutil -K: RSA" 'rsa +[0-9a-f]{40} +interop:rsa'
lacks "certutil -K: none without its certificate" 'orphan'
expect "certutil -L" 'interop:ec +u,u,u' certutil -L -d sql:db -h interop -f pin
for name in ca rsa ec; do certutil -L -d sql:db -h interop -n "interop:$name" -a -f pin >"$name.crt" 2>/dev/null; done
check "openssl verifies the RSA certificate" openssl verify -CAfile ca.crt -verify_hostname localhost rsa.crt
check "openssl verifies the EC certificate" openssl verify -CAfile ca.crt -verify_hostname localhost ec.crt
expect "pkcs11-tool sees them" 'label: +ec' pkcs11-tool --module "$module" --token-label interop -O --type cert
check "certutil -R: a request" certutil -R -d sql:db -h interop -k ec -q nistp384 -s CN=request -f pin -z noise -a -o request.csr
check "openssl verifies it" openssl req -in request.csr -noout -verify
refuse "certutil with a wrong PIN" 'incorrect|PASSWORD|password' certutil -K -d sql:db -h interop -f <(echo 000000)

# --- TLS ----------------------------------------------------------------------------------------------

PORT=$(free_port)
export PORT
check "a client's database" certutil -N -d sql:client --empty-password
check "it trusts the CA" certutil -A -d sql:client -n ca -t CT,, -i ca.crt -a
serve selfserv <<'SH'
exec selfserv -d sql:db -p "$PORT" -n interop:rsa -e interop:ec -f pin -V tls1.2:tls1.3 -t 8
SH
await selfserv listens "$PORT"
printf 'GET / HTTP/1.0\r\n\r\n' >request
for version in 1_2 1_3; do
    for algorithm in ecdsa_secp256r1_sha256:ECDSA rsa_pss_rsae_sha256:RSA-PSS; do
        expect "TLS $version, ${algorithm#*:}: openssl s_client" 'Verification: OK' bash -c \
            '{ cat request; sleep 0.3; } | openssl s_client -connect "127.0.0.1:$PORT" -CAfile ca.crt -verify_return_error \
                -servername localhost "$@"' sh "-tls$version" -sigalgs "${algorithm%:*}"
        says "TLS $version, ${algorithm#*:}: that key" "$(peer_signed "${algorithm#*:}")"
    done
done
input=request expect "tstclnt" '200 OK' tstclnt -d sql:client -h localhost -p "$PORT" -V tls1.2:tls1.3
# Its status is 1 after -N, whatever the server.
attempt strsclnt -d sql:client -p "$PORT" -c 60 -t 8 -N -V tls1.2:tls1.3 localhost
says "strsclnt: 60 handshakes by 8 threads" '60 server certificates tested'
printf 'GET /stop HTTP/1.0\r\n\r\n' >request
input=request attempt tstclnt -d sql:client -h localhost -p "$PORT" -V tls1.2:tls1.3
stop selfserv -
# The other way round: the client's key is in the token.
openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -days 9 -out server.crt 2>/dev/null
PORT=$(free_port)
export PORT
check "the client's database trusts another" certutil -A -d sql:db -n other -t CT,, -i server.crt -a
for version in 1.2 1.3; do
    start server openssl s_server -accept "127.0.0.1:$PORT" -www -cert server.crt -key server.key -CAfile ca.crt -Verify 1 \
        -verify_return_error "-tls${version/./_}"
    await server listens "$PORT"
    printf 'GET / HTTP/1.0\r\n\r\n' >request
    for name in rsa ec; do
        input=request expect "TLS $version: tstclnt shows $name" 'HTTP/1.0 200' \
            tstclnt -d sql:db -h 127.0.0.1 -p "$PORT" -V "tls$version:tls$version" -n "interop:$name" -w "$pin"
    done
    stop server TERM 143
done

# --- Messages -----------------------------------------------------------------------------------------

printf 'Pay 100 to Alice.\n' >letter
step "a signed message" <<'SH'
cmsutil -S -d sql:db -N interop:rsa -f pin -i letter -o letter.cms -G
SH
check "openssl verifies it" openssl cms -verify -inform DER -in letter.cms -CAfile ca.crt -purpose any -out opened
same "the letter" letter opened
check "by the EC key" cmsutil -S -d sql:db -N interop:ec -f pin -i letter -o letter.cms -G -H SHA256
check "openssl verifies it, too" openssl cms -verify -inform DER -in letter.cms -CAfile ca.crt -purpose any -out opened
openssl cms -encrypt -aes128 -binary -in letter -outform DER -out letter.enc rsa.crt
check "a message that openssl encrypted" cmsutil -D -d sql:db -f pin -i letter.enc -o opened
same "is the letter" letter opened
# --- Objects ------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout given.key -subj /CN=given -days 9 -out given.crt 2>/dev/null
openssl pkcs12 -export -inkey given.key -in given.crt -name given -passout pass:secret -out given.p12
check "pk12util: a key and its certificate into the token" pk12util -d sql:db -h interop -k pin -W secret -i given.p12
expect "they are there" 'rsa .*given' certutil -K -d sql:db -h interop -f pin
check "its certificate is trusted" certutil -M -d sql:db -h interop -n interop:given -t C,C,C -f pin
check "the key that came in signs" cmsutil -S -d sql:db -N interop:given -f pin -i letter -o letter.cms -G
check "openssl verifies that" openssl cms -verify -inform DER -in letter.cms -CAfile given.crt -purpose any -out opened
check "certutil -F: key and certificate go" certutil -F -d sql:db -n interop:given -f pin
attempt certutil -K -d sql:db -h interop -f pin
lacks "they are gone" 'given'
check "certutil -W: the PIN changes" certutil -W -d sql:db -h interop -f pin -@ <(echo 7654321)
check "certutil with the new PIN" certutil -K -d sql:db -h interop -f <(echo 7654321)
check "the module goes" modutil -force -dbdir sql:db -delete huks

# --- Browsers -----------------------------------------------------------------------------------------

consumer "OpenSC: pkcs11-register" opensc
mkdir -p home/.pki/nssdb home/.mozilla/firefox/one.default
printf '[Profile0]\nName=default\nIsRelative=1\nPath=one.default\nDefault=1\n' >home/.mozilla/firefox/profiles.ini
certutil -N -d sql:home/.pki/nssdb --empty-password
certutil -N -d sql:home/.mozilla/firefox/one.default --empty-password
step "pkcs11-register puts the module into browsers' databases" <<'SH'
pkcs11-register --module "$MODULE"
SH
for place in .pki/nssdb .mozilla/firefox/one.default; do
    if ! grep -q "^library=$module" "home/$place/pkcs11.txt"; then
        skip "$place: NSS sees the module" "this pkcs11-register leaves it out, and says nothing"
        continue
    fi
    expect "$place: modutil shows it" 'HUKS key store' modutil -dbdir "sql:home/$place" -list
    expect "$place: NSS sees its keys" 'interop:ec' certutil -K -d "sql:home/$place" -h interop -f <(echo 7654321)
done
