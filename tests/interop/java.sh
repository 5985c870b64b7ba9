#!/usr/bin/env bash
# usage: tests/interop/java.sh
# Java's SunPKCS11: keytool, jarsigner, and a program that uses keys, ciphers, many session objects and threads
# and serves TLS. What it makes is verified by openssl or by a Java without the token.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs keytool openjdk-17-jdk-headless
needs jarsigner openjdk-17-jdk-headless
needs_tools
consumer "Java SunPKCS11" "$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'openjdk-*-jdk-headless' 2>/dev/null |
    sed -n 's/ installed$//p' | tail -n 1)"
make_token interop
make_keys
patience=180
export JAVA_TOOL_OPTIONS="-Xshare:auto -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=$TMPDIR"
#: # Java
#:
#: SunPKCS11 is configured by a file; the slot is the first that has a token. A program that needs ECDH or TLS as a
#: client says here that the EC keys it generates may derive, and that derived secrets may be read, for SunPKCS11
#: asks for neither (`attributes = compatibility` says more than that).
step "pkcs11.cfg" <<'SH'
cat >pkcs11.cfg <<CFG
name = huks
library = $MODULE
slotListIndex = 0
attributes(generate, CKO_PRIVATE_KEY, CKK_EC) = {
  CKA_DERIVE = true
}
attributes(generate, CKO_SECRET_KEY, CKK_GENERIC_SECRET) = {
  CKA_SENSITIVE = false
  CKA_EXTRACTABLE = true
}
CFG
SH
#: Keys with certificates appear in a key store of the type PKCS11, under their labels.
step "keytool lists the token" 'PrivateKeyEntry' <<'SH'
keytool -providerClass sun.security.pkcs11.SunPKCS11 -providerArg pkcs11.cfg -keystore NONE -storetype PKCS11 -storepass "$PIN" -list
SH
says "keytool -list: rsa" '^rsa, PrivateKeyEntry'
says "keytool -list: ec" '^ec, PrivateKeyEntry'
keytool=(keytool -providerClass sun.security.pkcs11.SunPKCS11 -providerArg pkcs11.cfg -keystore NONE -storetype PKCS11 -storepass "$pin")
refuse "keytool with a wrong PIN" 'CKR_PIN_INCORRECT|load failed' "${keytool[@]:0:9}" -storepass 000000 -list
step "keytool makes a key" <<'SH'
keytool -providerClass sun.security.pkcs11.SunPKCS11 -providerArg pkcs11.cfg -keystore NONE -storetype PKCS11 -storepass "$PIN" \
    -genkeypair -alias signer -keyalg RSA -keysize 2048 -dname CN=signer -ext eku=codeSigning -validity 9
SH
check "keytool makes an EC key" "${keytool[@]}" -genkeypair -alias ecsigner -keyalg EC -groupname secp384r1 -dname CN=ec -validity 9
for alias in signer ecsigner; do
    check "keytool -exportcert $alias" "${keytool[@]}" -exportcert -rfc -alias "$alias" -file "$alias.crt"
    check "$alias: openssl verifies it" openssl verify -CAfile "$alias.crt" "$alias.crt"
    check "keytool -certreq $alias" "${keytool[@]}" -certreq -alias "$alias" -file "$alias.csr"
    check "$alias: openssl verifies the request" openssl req -in "$alias.csr" -noout -verify
done
# Java names a key by its id.
expect "pkcs11-tool sees it" 'ID: +7369676e6572' pkcs11-tool --module "$module" --token-label interop --login --pin "$pin" -O --type privkey
check "keytool -importcert: a reply" bash -c 'openssl x509 -req -in signer.csr -CA ca.crt -CAkey ca.key -days 8 -out reply.crt 2>/dev/null &&
    cat reply.crt ca.crt >chain.crt && exec "$@" -importcert -noprompt -trustcacerts -alias signer -file chain.crt' sh "${keytool[@]}"
check "keytool -genseckey" "${keytool[@]}" -genseckey -alias secret -keyalg AES -keysize 256
expect "keytool -list: the secret key" '^secret, SecretKeyEntry' "${keytool[@]}" -list
check "keytool -delete" "${keytool[@]}" -delete -alias secret
check "keytool -changealias" "${keytool[@]}" -changealias -alias ecsigner -destalias renamed
expect "keytool -list: renamed" '^renamed, PrivateKeyEntry' "${keytool[@]}" -list

# --- jarsigner ----------------------------------------------------------------------------------------

mkdir tree
printf 'Pay 100 to Alice.\n' >tree/letter
jar --create --file plain.jar -C tree letter 2>said || fail "a JAR" "jar ended with $?"
step "jarsigner signs with it" 'jar signed' <<'SH'
jarsigner -providerClass sun.security.pkcs11.SunPKCS11 -providerArg pkcs11.cfg -keystore NONE -storetype PKCS11 -storepass "$PIN" \
    -signedjar signed.jar plain.jar signer
SH
expect "jarsigner -verify, without the token" 'jar verified' jarsigner -verify signed.jar
mkdir parts
(cd parts && jar --extract --file ../signed.jar)
check "openssl verifies the signature file" openssl smime -verify -inform DER -in parts/META-INF/SIGNER.RSA -content parts/META-INF/SIGNER.SF \
    -noverify -out /dev/null
printf 'Pay 900 to Alice.\n' >tree/letter
cp signed.jar forged.jar
jar --update --file forged.jar -C tree letter 2>/dev/null
refuse "jarsigner -verify, forged" 'digest error|SecurityException|invalid' jarsigner -verify -strict forged.jar
check "jarsigner by the EC key" jarsigner -providerClass sun.security.pkcs11.SunPKCS11 -providerArg pkcs11.cfg -keystore NONE \
    -storetype PKCS11 -storepass "$pin" -signedjar signed.jar plain.jar renamed
expect "jarsigner -verify, EC" 'jar verified' jarsigner -verify signed.jar

# --- A program ----------------------------------------------------------------------------------------

mkdir classes
check "javac" javac -Xlint:-options -d classes "$interop/Host.java"
host=(java -cp classes Host pkcs11.cfg "$pin")
# Each of its lines is a check that it made; the signatures are openssl's to judge.
attempt "${host[@]}" work
if [ -n "$trouble" ] || [ "$status" != 0 ]; then
    fail "the program" "java ${trouble:-ended with $status}"
else
    pass "the program ends well"
fi
while read -r verdict name; do
    case $verdict in
    ok) pass "program: $name" ;;
    bad) fail "program: $name" "see above" ;;
    esac
done < <(grep -E '^(ok|bad) ' said)
for name in SHA256withRSA SHA512withRSA SHA256withECDSA SHA384withECDSA; do
    case $name in *RSA) key=rsa.pem ;; *) key=ec.pem ;; esac
    lower=$(sed -E 's/with.*//; y/SHA/sha/' <<<"$name")
    verify "program: $name, openssl verifies" "$key" "$name.sig" "$name.txt" "-$lower"
done
verify "program: RSASSA-PSS, openssl verifies" rsa.pem RSASSA-PSS.sig RSASSA-PSS.txt -sha256 -sigopt rsa_padding_mode:pss

# --- TLS ----------------------------------------------------------------------------------------------

PORT=$(free_port)
export PORT
for alias in rsa ec; do
    start java "${host[@]}" serve "$PORT" "$alias"
    await java listens "$PORT" || break
    printf 'Alice\n' >line
    for version in 1_2 1_3; do
        expect "TLS $version, $alias: openssl s_client" '^ecilA$' bash -c \
            '{ cat line; sleep 1; } | openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" -CAfile ca.crt -verify_return_error "$1"' \
            sh "-tls$version"
    done
    for i in 1 2 3 4; do
        start "client $i" bash -c 'for i in 1 2 3 4 5; do { cat line; sleep 0.3; } | openssl s_client -quiet -no_ign_eof \
            -connect "127.0.0.1:$PORT" -CAfile ca.crt -verify_return_error | grep -q ecilA || exit 1; done'
    done
    for i in 1 2 3 4; do stop "client $i"; done
    stop java TERM 143
done
