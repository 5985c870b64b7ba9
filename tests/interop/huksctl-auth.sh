#!/usr/bin/env bash
# usage: tests/interop/huksctl-auth.sh
# huksctl auth: the user's PIN, fingers and faces, as people and programs manage them. The helper is the built one;
# PAM's services are files of this test, whose module says yes, no or nothing as the file tells it.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

# The go-between that starts the helper has a stack of its own, of which a sanitizer warns where nothing may be said.
[ -z "${HUKS_SANITIZER-}" ] || skip_all "$HUKS_SANITIZER speaks between the lines"

reader=$build/.libs/pam_huks_test.so
[ -f "$reader" ] || skip_all "there is no $reader"
mkdir services
pam() { # KIND OPTION...: what the service of this kind does
    printf 'auth required %s %s\n' "$reader" "${*:2}" >"services/huks-$1"
}
printf 'auth required pam_permit.so\n' >services/other
printf '#!/bin/sh\nexec %q --services %q "$@"\n' "$build/huks-auth-helper" "$work/services" >helper
chmod +x helper
export HUKS_AUTH_HELPER=$work/helper

export DESK=1357 PIN=123456 SO=12345678 WRONG=654321 NEW=24681012
me=(--pin-env PIN)
so=(--so-pin-env SO)

echo "# usage"
ctl "no command" 2 'say what to do: auth list' auth
ctl "unknown command" 2 'no command auth frob' auth frob
ctl "help" 0 '^usage: huksctl auth ' auth --help
ctl "all of them in the help" 0 'auth clear-password' --help
for command in list enroll remove verify set-password change-password clear-password; do
    ctl "help of auth $command" 0 "^usage: huksctl auth $command" auth $command --help
    ctl "and the other way" 0 "^usage: huksctl auth $command" help auth $command
done
ctl "help of nothing" 2 'no command auth' help auth frob
ctl "a token first" 1 'error 12000011: ' auth list
ctl "a kind" 2 'neither fingerprint nor face' auth enroll toe big "${me[@]}"
ctl "and not the PIN" 2 'neither fingerprint nor face' auth enroll pin mine "${me[@]}"
ctl "and a name" 2 'auth enroll takes KIND NAME' auth enroll fingerprint
ctl "kinds" 2 'none of pin, fingerprint, face' auth verify pin,face "${me[@]}"
ctl "an option of another one" 2 'no option --output' auth list --output file

echo "# the PIN"
ctl "a token" 0 '' init "${so[@]}"
ctl "nothing is enrolled" 0 'no PIN, finger or face' auth list
ctl "in JSON" 0 '' auth list --json
json "in JSON" "j == []"
ctl "no PIN to verify" 1 'error 12000013: ' auth verify pin "${me[@]}"
says "what to do" 'Set the user PIN'
ctl "none to clear" 1 'error 12000013: ' auth clear-password "${me[@]}" --yes
ctl "none to change" 1 'error 12000013: ' auth change-password "${me[@]}" --new-pin-env NEW
ctl "no finger without it" 1 'error 12000013: ' auth enroll fingerprint thumb "${me[@]}"
ctl "set by the SO, who must be it" 1 'error 12000008: ' auth set-password --so-pin-env WRONG --new-pin-env PIN
says "tries left" 'SO PIN is not right: 9 tries left'
ctl "too short" 1 'error 12000003: Invalid PIN length' auth set-password "${so[@]}" --new-pin-env SHLVL
ctl "set" 0 'user PIN is set' auth set-password "${so[@]}" --new-pin-env PIN
ctl "verified" 0 '^Recognised: pin' auth verify pin "${me[@]}"
ctl "a wrong one" 1 'error 12000008: ' auth verify pin --pin-env WRONG
says "tries left" 'user PIN is not right: 9 tries left'
ctl "changed" 0 'PIN is changed' auth change-password "${me[@]}" --new-pin-env NEW
ctl "the old one is none" 1 'error 12000008: ' auth verify pin "${me[@]}"
ctl "changed back, in JSON" 0 '' auth change-password --pin-env NEW --new-pin-env PIN --json
json "changed back, in JSON" "j['changed'] is True"
ctl "a PIN is to be had somewhere" 2 'no terminal to ask for it: --new-pin-file or --new-pin-env' \
    auth change-password "${me[@]}"
ctl "it is listed" 0 '^pin +PIN' auth list

echo "# fingers and faces"
ctl "no key for what isn't enrolled" 1 'error 12000013: ' generate ec --auth pin,face --invalid-on clear-password "${me[@]}"
ctl "no service" 1 'error 12000015: .*\(there is no PAM service huks-fingerprint\)' auth enroll fingerprint thumb "${me[@]}"
says "what to do" 'PAM service'
pam fingerprint result=0
ctl "not by anybody" 1 'error 12000008: ' auth enroll fingerprint thumb --pin-env WRONG
says "tries left" 'user PIN is not right: 9 tries left'
ctl "enrolled" 0 '^name +right thumb$' auth enroll fingerprint 'right thumb' "${me[@]}"
says "the kind" '^kind +fingerprint$'
says "whose" '^account +[a-z]'
says "when" '^enrolled +20[0-9-]+T'
ctl "once" 1 'error 12000003: Invalid name: another one has it' auth enroll fingerprint 'right thumb' "${me[@]}"
ctl "a name for people" 2 'a name has 1 to 64 bytes' auth enroll fingerprint $'thumb\n' "${me[@]}"
pam fingerprint result=7
ctl "refused" 1 'error 12000008: ' auth enroll fingerprint index "${me[@]}"
lacks "and the PIN is not blamed" 'PIN is not right'
says "what to do" 'huksctl auth list'
pam face result=0
ctl "a face" 0 '^kind +face$' auth enroll face smiling "${me[@]}"
ctl "listed" 0 '^face +smiling' auth list
ctl "in JSON" 0 '' auth list --json
json "in JSON" "[(c['kind'], c['name']) for c in j] == [('pin', 'PIN'), ('fingerprint', 'right thumb'), ('face', 'smiling')]"
json "with ids" "len({c['id'] for c in j}) == 3"
ctl "refused" 1 'error 12000008: ' auth verify fingerprint
ctl "the other one says yes" 0 '^Recognised: face' auth verify fingerprint,face
pam fingerprint result=0
ctl "recognised" 0 '^Recognised: fingerprint' auth verify fingerprint
ctl "in JSON" 0 '' auth verify fingerprint --json
json "in JSON" "j['recognised'] == 'fingerprint' and len(j['id']) == 16"
pam face result=9
ctl "nobody to ask" 1 'error 12000015: ' auth verify face
printf '[say=Place your finger] [complain=Lift it \x1b[31m]' >say
pam fingerprint "$(cat say)"
run auth verify fingerprint
says "the reader is heard" '^huksctl: Place your finger$'
says "tamely" '^huksctl: Lift it \?'

echo "# tokens"
pam fingerprint result=0
challenge=$(printf 'a5%.0s' {1..32})
ctl "an auth token" 0 '' auth verify fingerprint --challenge "$challenge" --output token
holds "of its size" test "$(stat -c %s token)" = 280
holds "with the challenge" test "$(od -v -An -tx1 -j4 -N32 token | tr -d ' \n')" = "$challenge"
ctl "a challenge has a length" 2 '32 bytes in hexadecimal' auth verify fingerprint --challenge a5a5
ctl "and digits" 2 '32 bytes in hexadecimal' auth verify fingerprint --challenge "${challenge/a5/zz}"

echo "# keys that ask for it"
printf 'Pay 100 to Alice.\n' >letter
verified() { # NAME KEY
    ctl "$1: verified" 0 'signature is right' verify "$2" letter "$2.sig"
}
ctl "kinds" 2 '--auth is of pin, fingerprint and face' generate ec --auth toe "${me[@]}"
ctl "what voids it" 2 '--invalid-on is of clear-password' generate ec --auth pin --invalid-on moon "${me[@]}"
ctl "a window" 2 '--window is 1 to 600' generate ec --auth pin --window 601 "${me[@]}"
ctl "only with --auth" 2 'for keys with --auth' generate ec --window 30 "${me[@]}"
ctl "kinds and what voids it agree" 1 'error 12000003: Invalid access type' generate ec --label odd --auth pin \
    --invalid-on new-biometric "${me[@]}"
ctl "and it stays here" 1 'error 12000003: .*extractable' generate ec --label odd --auth pin --extractable "${me[@]}"
ctl "both" 0 'authentication +PIN fingerprint' generate ec --label each --auth pin,fingerprint \
    --invalid-on new-biometric,clear-password "${me[@]}"
ctl "explained" 0 'PIN fingerprint: one of these, anew for every single use' show each "${me[@]}"
says "what voids it" '^access +void-when-the-PIN-is-cleared void-when-a-finger-or-face-is-enrolled'
says "and that it is not" '^state +usable$'
ctl "in JSON" 0 '' show each "${me[@]}" --json
json "in JSON" "j['authentication'] == ['PIN', 'fingerprint'] and j['state'] == 'usable'"
ctl "signed by PIN" 0 '' sign each letter -o each.sig "${me[@]}"
verified "by PIN" each
ctl "a window" 0 '^authentication +PIN: not longer than 30 seconds before it is used' generate ec --label while \
    --auth pin --window 30 "${me[@]}"
ctl "which a login opens" 0 '' sign while letter -o while.sig "${me[@]}"
verified "by a login" while
ctl "a finger's" 0 'authentication +fingerprint: anew' generate ec --label finger --auth fingerprint \
    --invalid-on new-biometric "${me[@]}"
ctl "signed by finger" 0 '' sign finger letter -o finger.sig "${me[@]}"
verified "by finger" finger
pam fingerprint result=7
ctl "refused" 1 'error 12000008: ' sign finger letter -o no.sig "${me[@]}"
holds "and nothing signed" test ! -e no.sig
pam fingerprint result=0
ctl "another finger" 0 '' auth enroll fingerprint another "${me[@]}"
ctl "voids the finger's key" 0 '^state +void: for good' show finger "${me[@]}"
ctl "which works no more" 1 'error 12000007: ' sign finger letter -o no.sig "${me[@]}"
says "what to do" 'What to do'
ctl "the window's is as it was" 0 '^state +usable$' show while "${me[@]}"
ctl "one for the clearing" 0 '' generate ec --label bound --auth pin --invalid-on clear-password "${me[@]}"
ctl "signed" 0 '' sign bound letter -o bound.sig "${me[@]}"
ctl "the other finger goes" 0 '' auth remove another "${me[@]}"

pam fingerprint "$(cat say)"
run sign each-finger letter -o no.sig "${me[@]}"
says "the reader of no key is silent" 'error 12000011: '
ctl "a finger's, again" 0 '' generate ec --label heard --auth fingerprint "${me[@]}"
run sign heard letter "${me[@]}"
holds "heard: signed" test "$status" = 0
run sign heard letter -o heard.sig "${me[@]}"
says "signing, the reader is heard" '^huksctl: Place your finger$'
says "tamely" '^huksctl: Lift it \?'
lacks "and apart from the answer" 'error'
pam fingerprint result=0
verified "by a finger that was told how" heard
ctl "a secret that asks, too" 0 '' generate hmac --label seal --auth pin "${me[@]}"
ctl "seals" 0 '' sign seal letter -o seal.sig "${me[@]}"
ctl "and is asked for to verify" 0 'signature is right' verify seal letter seal.sig "${me[@]}"
ctl "and not by anybody" 1 'error 12000008: ' verify seal letter seal.sig --pin-env WRONG

echo "# imported keys ask the same way"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out brought.pem 2>err
head -c 32 /dev/urandom >brought.bin
ctl "kinds" 2 '--auth is of pin, fingerprint and face' import brought.pem --auth toe "${me[@]}"
ctl "what voids it" 2 '--invalid-on is of clear-password' import brought.pem --auth pin --invalid-on moon "${me[@]}"
ctl "a window" 2 '--window is 1 to 600' import brought.pem --auth pin --window 0 "${me[@]}"
ctl "only with --auth" 2 'for keys with --auth' import brought.pem --invalid-on clear-password "${me[@]}"
ctl "kinds and what voids it agree" 1 'error 12000003: Invalid access type' import brought.pem --label odd --auth pin \
    --invalid-on new-biometric "${me[@]}"
ctl "and nothing is left of it" 1 'error 12000011: ' show odd "${me[@]}"
ctl "not extractable" 1 'error 12000003: ' import brought.pem --label odd --auth pin --extractable "${me[@]}"
ctl "not without a PIN to bind it to" 1 'error 12000008: ' import brought.pem --label odd --auth pin --pin-env WRONG
ctl "brought" 0 '^authentication +PIN fingerprint: one of these, anew for every single use' import brought.pem \
    --label brought --auth pin,fingerprint --invalid-on clear-password,new-biometric "${me[@]}"
ctl "what voids it" 0 '^access +void-when-the-PIN-is-cleared void-when-a-finger-or-face-is-enrolled' show brought "${me[@]}"
ctl "signed" 0 '' sign brought letter -o brought.sig "${me[@]}"
verified "by who brought it" brought
holds "and outside" openssl dgst -sha256 -verify <(openssl pkey -in brought.pem -pubout) -signature brought.sig letter
ctl "for a while" 0 '^authentication +PIN: not longer than 30 seconds before it is used' import brought.pem \
    --label brought-while --auth pin --window 30 "${me[@]}"
ctl "which a login opens" 0 '' sign brought-while letter -o brought-while.sig "${me[@]}"
verified "by a login" brought-while
ctl "a secret" 0 '^authentication +fingerprint: anew' import brought.bin --secret hmac --label brought-secret \
    --auth fingerprint --invalid-on new-biometric "${me[@]}"
ctl "seals by finger" 0 '' sign brought-secret letter -o secret.sig "${me[@]}"
holds "as outside" cmp secret.sig <(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -v -An -tx1 brought.bin | tr -d ' \n')" -binary letter)
pam fingerprint result=7
ctl "and not by another" 1 'error 12000008: ' sign brought-secret letter -o no.sig "${me[@]}"
pam fingerprint result=0
ctl "another finger" 0 '' auth enroll fingerprint third "${me[@]}"
ctl "voids what was brought" 0 '^state +void: for good' show brought "${me[@]}"
ctl "which works no more" 1 'error 12000007: ' sign brought letter -o no.sig "${me[@]}"
ctl "and its secret" 1 'error 12000007: ' sign brought-secret letter -o no.sig "${me[@]}"
ctl "and not the one for a while" 0 '' sign brought-while letter -o brought-while.sig "${me[@]}"
ctl "the third finger goes" 0 '' auth remove third "${me[@]}"

echo "# removed, cleared"
ctl "which one" 1 'error 12000011: ' auth remove left "${me[@]}"
says "what to do" 'huksctl auth list'
ctl "not the PIN" 1 'error 12000011: ' auth remove PIN "${me[@]}"
ctl "not by anybody" 1 'error 12000008: ' auth remove smiling --pin-env WRONG
pam face result=0
ctl "a face of the same name" 0 '' auth enroll face 'right thumb' "${me[@]}"
ctl "two have it" 2 'say the id' auth remove 'right thumb' "${me[@]}"
run auth list --json
id=$(python3 -c "import json; print([c['id'] for c in json.load(open('out')) if c['kind'] == 'fingerprint'][0])")
ctl "by its id" 0 'not recognised any more' auth remove "$id" "${me[@]}"
ctl "by its name" 0 'not recognised any more' auth remove 'right thumb' "${me[@]}"
ctl "gone" 1 'error 12000013: ' auth verify fingerprint
ctl "a key" 0 '' generate ec --label kept "${me[@]}"
ctl "cleared only if meant" 2 'say --yes' auth clear-password "${me[@]}"
ctl "not by anybody" 1 'error 12000008: ' auth clear-password --pin-env WRONG --yes
ctl "cleared" 0 'no user PIN any more' auth clear-password "${me[@]}" --yes
ctl "nothing is enrolled" 0 'no PIN, finger or face' auth list
ctl "and the key is everybody's" 0 '^label +kept' show kept
ctl "set again" 0 'user PIN is set' auth set-password "${so[@]}" --new-pin-env NEW
ctl "the key is there" 0 '^label +kept' show kept --pin-env NEW
ctl "the bound one is void" 0 '^state +void: for good' show bound --pin-env NEW
ctl "and works no more" 1 'error 12000007: ' sign bound letter -o no.sig --pin-env NEW
ctl "forgotten: only if meant" 2 'say --yes' auth set-password "${so[@]}" --new-pin-env PIN
ctl "forgotten" 0 'user PIN is another one' auth set-password "${so[@]}" --new-pin-env PIN --yes
ctl "the key is there" 0 '^label +kept' show kept "${me[@]}"
ctl "cleared by the SO" 0 'no user PIN any more' auth clear-password "${so[@]}" --yes
run auth list --json
json "in JSON" "j == []"

echo "# a token of nobody's"
ctl "a token" 0 '' init --without-pins --store free
ctl "its first PIN" 0 'user PIN is set' auth set-password --new-pin-env PIN --store free
ctl "is not set twice" 1 'error 12000008: ' auth set-password --new-pin-env NEW --yes --store free
ctl "but cleared by who knows it" 0 'no user PIN any more' auth clear-password "${me[@]}" --yes --store free

echo "# a person"
ctl "a token" 0 '' init "${so[@]}" "${me[@]}" --store desk --label desk
person "PINs are asked for" 0 'PIN is changed' \
    'User PIN of token desk: =123456\nNew user PIN: =1357\nuser PIN, once more: =1357\n' auth change-password --store desk
lacks "and not shown" '123456|1357'
pam face ask=friend
person "so is what PAM asks" 0 'smiling' 'User PIN of token desk: =1357\nWho goes there? =friend\n' \
    auth enroll face smiling --store desk
person "and refused" 1 'error 12000008' 'Who goes there? =foe\n' auth verify face --store desk
ctl "a key for a face" 0 '' generate ec --label face --auth pin,face --pin-env DESK --store desk
pam face '[say=Look here] ask=friend'
person "signing, the reader speaks on the terminal" 0 'huksctl: Look here' \
    'User PIN of token desk: =1357\nUser PIN of token desk: =\nWho goes there? =friend\n' \
    sign face letter -o face.sig --store desk
ctl "and it is signed" 0 'signature is right' verify face letter face.sig --store desk
person "clearing asks" 1 'Nothing was changed' 'Go on?=n\n' auth clear-password --store desk
person "and obeys" 0 'no user PIN any more' 'Go on?=y\nUser PIN of token desk: =1357\n' auth clear-password --store desk

[ "$failed" = 0 ]
