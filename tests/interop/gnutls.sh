#!/usr/bin/env bash
# usage: tests/interop/gnutls.sh
# GnuTLS's server and client with keys of the token; p11tool and certtool are in p11-kit.sh.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs gnutls-serv gnutls-bin
needs_tools
consumer "GnuTLS: server and client" gnutls-bin
make_token interop
make_keys
#: # GnuTLS
#:
#: Keys and certificates are named by URI; without `--provider` GnuTLS takes p11-kit's modules.
PORT=$(free_port)
export PORT GNUTLS_PIN=$PIN
serve gnutls-serv <<'SH'
export GNUTLS_PIN=$PIN
exec gnutls-serv --provider "$MODULE" --echo --port "$PORT" --x509cafile ca.crt --require-client-cert --verify-client-cert \
    --x509keyfile 'pkcs11:token=interop;object=rsa;type=private' --x509certfile 'pkcs11:token=interop;object=rsa;type=cert' \
    --x509keyfile 'pkcs11:token=interop;object=ec;type=private' --x509certfile 'pkcs11:token=interop;object=ec;type=cert'
SH
await gnutls-serv listens "$PORT" || exit 1
printf 'Alice\n' >line
step "a client that shows a certificate of the token" 'Alice' <<'SH'
export GNUTLS_PIN=$PIN
echo Alice | gnutls-cli --provider "$MODULE" --x509cafile ca.crt --port "$PORT" \
    --x509keyfile 'pkcs11:token=interop;object=ec;type=private' --x509certfile 'pkcs11:token=interop;object=ec;type=cert' localhost
SH
for version in 1.2 1.3; do
    for algorithm in RSA ECDSA; do
        case $version:$algorithm in
        1.2:RSA) priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:-ECDHE-ECDSA" ;;
        1.2:ECDSA) priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:-ECDHE-RSA:-RSA:-DHE-RSA" ;;
        1.3:RSA) priority="NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256" ;;
        1.3:ECDSA) priority="NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-RSA-SHA256:+SIGN-RSA-PSS-RSAE-SHA256" ;;
        esac
        for key in rsa ec; do
            [ "$version:$algorithm:$key" != 1.3:RSA:ec ] || continue # that client has no other kind of signature then
            input=line expect "TLS $version, $algorithm, the client has $key: gnutls-cli" '^Alice$' gnutls-cli --provider "$module" \
                --x509cafile ca.crt --port "$PORT" --priority "$priority" --x509keyfile "pkcs11:token=interop;object=$key;type=private" \
                --x509certfile "pkcs11:token=interop;object=$key;type=cert" localhost
            says "TLS $version, $algorithm, the client has $key: verified" 'certificate is trusted'
        done
        case $algorithm in RSA) sigalgs=rsa_pss_rsae_sha256 ;; *) sigalgs=ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256 ;; esac
        expect "TLS $version, $algorithm: openssl s_client with a key of the token" 'Verification: OK' \
            env PKCS11_MODULE_PATH="$module" bash -c '{ cat line; sleep 0.5; } | openssl s_client -no_ign_eof -connect "localhost:$PORT" \
            -CAfile ca.crt -verify_return_error -engine pkcs11 -keyform engine -cert rsa.crt \
            -key "pkcs11:token=interop;object=rsa;type=private?pin-value=$PIN" "$@"' sh "-tls${version/./_}" \
            -sigalgs "$sigalgs"
    done
done
refuse "without a certificate" 'rror|alert' bash -c 'echo Alice | gnutls-cli --x509cafile ca.crt --port "$PORT" localhost'
for i in 1 2 3 4 5 6; do
    start "client $i" bash -c 'echo Alice | gnutls-cli --provider "$MODULE" --x509cafile ca.crt --port "$PORT" localhost \
        --x509keyfile "pkcs11:token=interop;object=rsa;type=private" --x509certfile "pkcs11:token=interop;object=rsa;type=cert"'
done
for i in 1 2 3 4 5 6; do stop "client $i"; done
# It ends with 1 on a signal, and says which.
stop gnutls-serv TERM 1
says "gnutls-serv: by that signal" 'Exiting via signal 15'
