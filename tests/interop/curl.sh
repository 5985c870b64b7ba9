#!/usr/bin/env bash
# usage: tests/interop/curl.sh
# curl with a client certificate whose key is in the token: certificate and key by URI.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs curl curl
needs_tools
consumer "curl --engine" curl
make_token interop
make_keys
#: # curl
#:
#: The client's certificate and key are both in the token; curl reads them through OpenSSL's pkcs11 engine.
PORT=$(free_port)
export PORT
openssl req -newkey rsa:2048 -nodes -keyout server.key -subj /CN=localhost -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -extfile leaf.ext -out server.crt 2>/dev/null
for version in 1.2 1.3; do
    start server openssl s_server -accept "127.0.0.1:$PORT" -www -cert server.crt -key server.key -CAfile ca.crt -Verify 1 \
        -verify_return_error "-tls${version/./_}"
    await server listens "$PORT"
    export VERSION=$version
    step "a page by a client with a certificate, TLS $VERSION" 'Protocol *: TLSv' <<'SH'
PKCS11_MODULE_PATH=$MODULE curl --silent --show-error --fail --cacert ca.crt --engine pkcs11 \
    --cert-type PEM --cert ec.crt --key-type ENG --key "pkcs11:token=interop;object=ec;type=private?pin-source=$DIR/pin" \
    "https://localhost:$PORT/"
SH
    says "TLS $version: that certificate" 'CN *= *localhost'
    expect "TLS $version: certificate and key by URI" 'Protocol *: TLSv' env PKCS11_MODULE_PATH="$module" curl --silent \
        --show-error --fail --noproxy '*' --cacert ca.crt --engine pkcs11 --cert-type ENG \
        --cert "pkcs11:token=interop;object=rsa;type=cert" --key-type ENG \
        --key "pkcs11:token=interop;object=rsa;type=private?pin-value=$pin" "https://localhost:$PORT/"
    refuse "TLS $version: without a certificate" 'alert|error' curl --silent --show-error --fail --noproxy '*' --cacert ca.crt \
        "https://localhost:$PORT/"
    refuse "TLS $version: a wrong PIN" 'PIN|engine|private key' env PKCS11_MODULE_PATH="$module" curl --silent --show-error --fail \
        --cacert ca.crt --engine pkcs11 --cert ec.crt --key-type ENG \
        --key 'pkcs11:token=interop;object=ec;type=private?pin-value=000000' "https://localhost:$PORT/"
    stop server TERM 143
done
