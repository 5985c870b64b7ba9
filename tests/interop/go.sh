#!/usr/bin/env bash
# usage: tests/interop/go.sh
# Go: miekg/pkcs11 and, above it, crypto11 with its pool of sessions; signatures by many goroutines, a TLS server.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs go golang-go
needs /usr/share/gocode/src/github.com/miekg/pkcs11 golang-github-miekg-pkcs11-dev
needs /usr/share/gocode/src/github.com/ThalesIgnite/crypto11 golang-github-thalesignite-crypto11-dev
needs gcc gcc
needs_tools
consumer "Go: miekg/pkcs11, crypto11" golang-github-thalesignite-crypto11-dev
make_token interop
make_keys
export GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$work/gocache GOFLAGS=-p=2
#: # Go
#:
#: crypto11 gives keys of the token as `crypto.Signer`, which everything in Go's standard library takes. (Debian's
#: packages: `export GOPATH=/usr/share/gocode GO111MODULE=off`.)
mkdir sign
patience=300
must step "sign.go" <<'SH'
cat >sign/main.go <<'GO'
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"log"
	"os"

	"github.com/ThalesIgnite/crypto11"
)

func main() {
	token, err := crypto11.Configure(&crypto11.Config{Path: os.Getenv("MODULE"), TokenLabel: "interop", Pin: os.Getenv("PIN")})
	if err != nil {
		log.Fatal(err)
	}
	defer token.Close()
	key, err := token.FindKeyPair(nil, []byte(os.Args[1]))
	if err != nil || key == nil {
		log.Fatal("no such key: ", err)
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256(text)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[3], signature, 0o600); err != nil {
		log.Fatal(err)
	}
}
GO
go build -o sign/sign sign/main.go
SH
printf 'Pay 100 to Alice.\n' >letter
for label in rsa ec; do
    check "crypto11: $label signs" sign/sign "$label" letter signature
    verify "crypto11: $label, openssl verifies" "$label.pem" signature letter -sha256
done
refuse "no such key" 'no such key' sign/sign nobody letter signature
refuse "a wrong PIN" 'CKR_PIN_INCORRECT' env PIN=000000 sign/sign rsa letter signature

mkdir host
cp "$interop/host.go" host/main.go
must check "go build" go build -o host/host host/main.go
expect "the program" '^done$' host/host work
cp said program
while read -r name; do pass "program: $name"; done < <(sed -n 's/^ok //p' program)
for label in rsa ec; do
    verify "miekg/pkcs11: $label, openssl verifies" "$label.pem" "raw-$label.sig" raw-$label.txt -sha256
done

PORT=$(free_port)
export PORT
start host host/host serve "127.0.0.1:$PORT" rsa.crt rsa ec.crt ec
await host listens "$PORT"
printf 'GET /page HTTP/1.0\r\n\r\n' >request
for version in 1.2 1.3; do
    for kind_of in RSA ECDSA; do
        case $version:$kind_of in
        1.2:*) options=(-tls1_2 -cipher "ECDHE-$kind_of-AES128-GCM-SHA256") ;;
        1.3:RSA) options=(-tls1_3 -sigalgs rsa_pss_rsae_sha256) ;;
        1.3:ECDSA) options=(-tls1_3 -sigalgs ecdsa_secp256r1_sha256) ;;
        esac
        expect "TLS $version, $kind_of: openssl s_client" 'Verification: OK' bash -c \
            '{ cat request; sleep 0.5; } | openssl s_client -connect "localhost:$PORT" -servername localhost -CAfile ca.crt -verify_return_error "$@"' \
            sh "${options[@]}"
        says "TLS $version, $kind_of: that key" "$(peer_signed "$kind_of")"
    done
done
for i in 1 2 3 4; do
    start "client $i" bash -c 'for i in $(seq 10); do { cat request; sleep 0.2; } | openssl s_client -quiet -no_ign_eof -servername localhost \
        -connect "localhost:$PORT" -CAfile ca.crt -verify_return_error || exit 1; done'
done
for i in 1 2 3 4; do stop "client $i"; done
stop host TERM
