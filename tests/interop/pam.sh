#!/usr/bin/env bash
# usage: tests/interop/pam.sh
# pam_pkcs11 lets a person in who has the token and knows its PIN; pamtester plays the application.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs pamtester pamtester
needs pklogin_finder libpam-pkcs11
needs_tools
consumer pam_pkcs11 libpam-pkcs11
make_token interop
make_keys
# The certificate's name is mapped to whoever runs this.
who=$(id -un)
mkdir -p pam etc/cacerts etc/crls
cp ca.crt etc/cacerts/
(cd etc/cacerts && openssl rehash . 2>/dev/null)
printf 'localhost -> %s\n' "$who" >etc/cn_map
#: # pam_pkcs11
#:
#: The module is named in `/etc/pam_pkcs11/pam_pkcs11.conf`; a mapper says who the certificate's holder is.
step "pam_pkcs11.conf" <<'SH'
cat >etc/pam_pkcs11.conf <<CONF
pam_pkcs11 {
  nullok = false;
  debug = false;
  card_only = true;
  use_pkcs11_module = huks;
  pkcs11_module huks {
    module = $MODULE;
    description = "huks";
    slot_description = "none";
    ca_dir = $DIR/etc/cacerts;
    crl_dir = $DIR/etc/crls;
    cert_policy = ca,signature;
    token_type = "Token";
  }
  use_mappers = cn;
  mapper cn {
    debug = false;
    module = internal;
    ignorecase = true;
    mapfile = file://$DIR/etc/cn_map;
  }
}
CONF
SH
printf 'auth required pam_pkcs11.so config_file=%s/etc/pam_pkcs11.conf\naccount required pam_permit.so\n' "$work" >pam/interop
printf 'auth required pam_deny.so\naccount required pam_deny.so\n' >pam/other
lay_over "$work/pam" /etc/pam.d
attempt python3 "$interop/answer.py" "$pin" pklogin_finder config_file="$work/etc/pam_pkcs11.conf"
if grep -q 'Error setting configuration parameters' said; then
    skip "pklogin_finder: who the token's holder is" "this one takes no configuration"
else
    says "pklogin_finder: who the token's holder is" "^${who}[[:space:]]*\$"
fi
expect "pamtester: let in" 'successfully authenticated' python3 "$interop/answer.py" "$pin" pamtester interop "$who" authenticate
refuse "pamtester: a wrong PIN" 'uthentication|rror' python3 "$interop/answer.py" 000000 pamtester interop "$who" authenticate
printf 'somebody -> %s\n' "$who" >etc/cn_map
refuse "pamtester: another's token" 'uthentication|rror' python3 "$interop/answer.py" "$pin" pamtester interop "$who" authenticate
printf 'localhost -> %s\n' "$who" >etc/cn_map
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -days 9 -out other.crt 2>/dev/null
rm -f etc/cacerts/*
cp other.crt etc/cacerts/
(cd etc/cacerts && openssl rehash . 2>/dev/null)
refuse "pamtester: a certificate by another CA" 'uthentication|rror' python3 "$interop/answer.py" "$pin" pamtester interop "$who" authenticate
