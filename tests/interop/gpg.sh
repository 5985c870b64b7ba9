#!/usr/bin/env bash
# usage: tests/interop/gpg.sh
# GnuPG through gnupg-pkcs11-scd in place of its smart-card daemon: gpgsm signs and decrypts with keys of the token.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs gnupg-pkcs11-scd gnupg-pkcs11-scd
needs gpgsm gpgsm
needs gpg gpg
needs gpg-agent gpg-agent
needs_tools
consumer "GnuPG: gnupg-pkcs11-scd" gnupg-pkcs11-scd
make_token interop
make_keys
#: # GnuPG
#:
#: gnupg-pkcs11-scd takes the place of GnuPG's own smart-card daemon. It knows RSA keys only, and newer GnuPGs take no
#: key from it when there are others with certificates.
tool --token-label interop --login --pin "$pin" --delete-object --type cert --label ec >/dev/null
export GNUPGHOME=$work/gnupg
mkdir -m 700 gnupg
# Who is asked for the PIN: as pinentry, which no test has a terminal for.
cat >pinentry <<'PINENTRY'
#!/bin/sh
echo "OK Pleased to meet you"
while read -r command rest; do
    case $command in
    GETPIN) printf 'D %s\nOK\n' "$PIN" ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
    esac
done
PINENTRY
chmod 700 pinentry
printf 'pinentry-program %s/pinentry\n' "$work" >gnupg/gpg-agent.conf
# The certificates that gpgsm learns are good when their CA is trusted; no CRL is to be had here.
step "gpg-agent.conf and gnupg-pkcs11-scd.conf" <<'SH'
cat >>"$GNUPGHOME/gpg-agent.conf" <<CONF
scdaemon-program $(command -v gnupg-pkcs11-scd)
CONF
cat >"$GNUPGHOME/gnupg-pkcs11-scd.conf" <<CONF
providers huks
provider-huks-library $MODULE
CONF
SH
printf 'disable-crl-checks\ndisable-dirmngr\n' >gnupg/gpgsm.conf
printf '%s S relax\n' "$(openssl x509 -in ca.crt -noout -fingerprint -sha1 | cut -d= -f2)" >gnupg/trustlist.txt
expect "the daemon learns the card" 'KEYPAIRINFO [0-9A-F]{40}' gpg-connect-agent 'SCD LEARN' /bye
GRIP=$(sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) .*\/01$/\1/p' said)
export GRIP
printf 'Pay 100 to Alice.\n' >letter
printf 'Pay 900 to Alice.\n' >other
step "gpgsm learns the certificates, and signs" <<'SH'
gpgsm --quiet --batch --import ca.crt
gpgsm --quiet --batch --learn-card
gpgsm --quiet --batch --local-user "&$GRIP" --output letter.p7 --sign letter
SH
# GnuPG 2.2 keeps a number's sign as an octet before it: every second signature is one too long for openssl. Another
# letter is as good.
cp letter.p7 openssl.p7
for i in $(seq 20); do
    openssl cms -verify -inform DER -in openssl.p7 -CAfile ca.crt -purpose any -out opened 2>errors && break
    grep -q 'wrong signature length' errors || break
    printf 'Pay 100 to Alice.%*s\n' "$i" '' >letter
    gpgsm --quiet --batch --yes --local-user "&$GRIP" --output openssl.p7 --sign letter >/dev/null 2>&1
done
check "openssl verifies it" openssl cms -verify -inform DER -in openssl.p7 -CAfile ca.crt -purpose any -out opened
same "the letter" letter opened
expect "gpgsm --verify" 'Good signature' gpgsm --batch --verify letter.p7
openssl cms -encrypt -aes128 -binary -in letter -outform DER -out letter.enc rsa.crt
rm -f opened
step "gpgsm decrypts" <<'SH'
gpgsm --quiet --batch --output opened --decrypt letter.enc
SH
same "what openssl encrypted" letter opened
#: An OpenPGP key is made around a key of the token by its keygrip (`gpg-connect-agent 'SCD LEARN' /bye` tells it).
step "an OpenPGP key, and a signature" <<'SH'
cat >parameters <<KEY
Key-Type: RSA
Key-Grip: $GRIP
Key-Usage: sign
Name-Real: Alice
Name-Email: alice@localhost
Expire-Date: 9d
%no-protection
%commit
KEY
gpg --quiet --batch --gen-key parameters
gpg --quiet --batch --local-user alice@localhost --detach-sign letter
SH
gpg --batch --quiet --export alice@localhost >public.gpg 2>/dev/null
mkdir -m 700 reader
GNUPGHOME=$work/reader gpg --batch --quiet --import public.gpg 2>/dev/null
expect "gpg --verify, without the token" 'Good signature from "Alice' gpg --homedir reader --batch --verify letter.sig letter
refuse "gpg --verify, another letter" 'BAD signature' gpg --homedir reader --batch --verify letter.sig other
check "the agent ends" gpgconf --kill all
check "the reader's, too" gpgconf --homedir reader --kill all
gone() { ! pgrep -f "$GNUPGHOME" >/dev/null; }
for _ in $(seq 100); do gone && break; sleep 0.1; done
if gone; then pass "nothing of them is left"; else fail "nothing of them is left" "$(pgrep -fa "$GNUPGHOME")"; fi
