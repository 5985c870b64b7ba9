#!/usr/bin/env bash
# usage: tests/interop/huksctl.sh
# The tool for people, by itself and beside others: every command, with right and wrong arguments, PINs from
# files, the environment and the terminal; its signatures before plain OpenSSL, its JSON before Python, its
# keys before pkcs11-tool where that is installed. HUKS_VALGRIND=1 runs each call under valgrind.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

export PIN=123456 SO=12345678 WRONG=654321 OTHER=24681012
printf '%s\n' "$PIN" >pin
printf '%s\r\nsecond line\n' "$PIN" >pin.dos
printf '%s' "$SO" >so
me=(--pin-env PIN)
printf 'Pay 100 to Alice.\n' >letter
printf 'Pay 900 to Alice.\n' >forged
head -c 300000 /dev/zero >long

echo "# usage"
ctl "no command" 2 'say what to do'
ctl "unknown command" 2 'no command frobnicate' frobnicate
ctl "unknown option" 2 'no option --frob' list --frob
ctl "option of another command" 2 'no option --curve' list --curve P-256
ctl "option without its argument" 2 'needs an argument' list --token
ctl "operand missing" 2 'show takes NAME' show
ctl "too many operands" 2 'tokens takes no operand' tokens here
ctl "a PIN is no argument" 2 'no option --pin' list --pin 123456
ctl "help" 0 'generate ALG' --help
ctl "help as a command" 0 'status' help
ctl "help of a command" 0 '--so-pin-file FILE' init --help
ctl "help of a command, the other way" 0 '--so-pin-file FILE' help init
ctl "help of nothing" 2 'no command frob' help frob
ctl "version" 0 '^huksctl [0-9]' version
ctl "version in JSON" 0 '' version --json
json "version in JSON" "j['store_format'] >= 1"
for command in init tokens list show export delete generate import import-softhsm sign verify encrypt decrypt attest status check errors help version; do
    ctl "help of $command" 0 "^usage: huksctl $command" "$command" --help
done

echo "# an empty store"
ctl "no token: tokens" 0 'huksctl init' tokens
ctl "no token: tokens in JSON" 0 '^\[\]$' tokens --json
ctl "no token: list" 1 'error 12000011: The entity does not exist\.' list
ctl "no token: status" 0 'tokens +0' status
ctl "no token: check" 0 'no token' check
if [ -e "$HUKS_STORE" ]; then fail "looking makes nothing" "there is a store"; else pass "looking makes nothing"; fi

echo "# init"
ctl "no terminal, no PIN" 2 'so-pin-file' init --label demo
ctl "no such variable" 2 'no environment variable NOWHERE' init --so-pin-env NOWHERE
ctl "no such PIN file" 1 'error 12000004: Failed to open nowhere: No such file' init --so-pin-file nowhere
ctl "SO PIN too short" 1 'error 12000003: Invalid SO PIN length' init --so-pin-file <(echo 12)
ctl "user PIN too short" 1 'error 12000003: Invalid user PIN length' init --so-pin-env SO --pin-file <(echo 1)
ctl "label too long" 2 '32 bytes' init --so-pin-env SO --label 123456789012345678901234567890123
ctl "without PINs and with one" 2 'contradict' init --without-pins --pin-env PIN
if [ -e "$HUKS_STORE" ]; then fail "failures make nothing" "there is a store"; else pass "failures make nothing"; fi
ctl "init" 0 '^label +demo$' init --label demo --so-pin-file so --pin-file pin
says "init says that the PIN is set" '^user PIN +set$'
ctl "tokens" 0 'demo +[0-9a-f]{16} +initialised +set +set +yes +yes' tokens
ctl "tokens in JSON" 0 '' tokens --json
json "tokens in JSON" "len(j) == 1 and j[0]['label'] == 'demo' and j[0]['login_required']"
serial=$(python3 -c "import json; print(json.load(open('out'))[0]['serial'])")

echo "# generate"
ctl "no PIN at hand" 2 'pin-file' generate ec --label ec
ctl "ec" 0 '^kind +key pair$' generate ec --label ec --pin-file pin
says "its curve" '^curve +prime256v1$'
says "its level" '^storage level +CE: credential encrypted'
ctl "PIN file with CR LF and more lines" 0 '^size +384$' generate ec --curve secp384r1 --label ec384 --pin-file pin.dos
ctl "PIN on standard input is a file, too" 1 'verification failed' generate ec --label no --pin-file -
ctl "rsa" 0 '^id +01ab$' generate rsa --label rsa --id 01:AB --alias my-rsa "${me[@]}"
ctl "ed25519" 0 '^algorithm +Ed25519$' generate ed25519 --label ed "${me[@]}"
ctl "sm2" 0 '^algorithm +SM2$' generate sm2 --label sm2 "${me[@]}"
ctl "x25519" 0 '^purposes +derive$' generate x25519 --label x "${me[@]}"
ctl "hmac" 0 '^kind +secret key$' generate hmac --label mac "${me[@]}"
ctl "aes" 0 '^purposes +encrypt decrypt$' generate aes --size 128 --label aes --purpose encrypt,decrypt "${me[@]}"
ctl "extractable" 0 '^extractable +yes: may leave' generate aes --label loose --extractable "${me[@]}"
ctl "level de needs no PIN" 0 '^storage level +DE: readable without' generate ec --level de --label open
ctl "level ece" 0 '^storage level +ECE: ' generate ec --level ECE --label locked "${me[@]}"
ctl "in JSON" 0 '' generate ec --label j --json "${me[@]}"
json "in JSON" "j['kind'] == 'key pair' and j['curve'] == 'prime256v1' and j['purposes'] == ['sign', 'verify']"
ctl "unknown algorithm" 1 'error 12000001: The algorithm rot13 is not supported\.' generate rot13 "${me[@]}"
ctl "unknown curve" 1 'error 12000001: The curve P-1 is not supported\.' generate ec --curve P-1 "${me[@]}"
ctl "impossible size" 1 'error 1200000[123]: ' generate aes --size 77 "${me[@]}"
ctl "size that is no number" 2 'size' generate rsa --size big "${me[@]}"
ctl "curve of an algorithm without" 2 'curves' generate rsa --curve P-256 "${me[@]}"
ctl "odd hexadecimal" 2 'hexadecimal' generate ec --id 123 "${me[@]}"
ctl "unknown purpose" 2 'no purpose dance' generate ec --purpose sign,dance "${me[@]}"
ctl "unknown level" 2 'de, ce or ece' generate ec --level x "${me[@]}"
ctl "alias taken" 1 'error 12000017: The key with same alias is already exist\.' \
    generate ec --alias my-rsa "${me[@]}"
ctl "wrong PIN" 1 'error 12000008: The authentication token verification failed\.' generate ec --pin-env WRONG
says "tries left" 'The user PIN is not right: [0-9]+ tries left\.'
lacks "the PIN is not repeated" "$WRONG|$PIN"

echo "# list, show, export"
ctl "list without login" 0 'public key +RSA +2048 +rsa +01ab' list
says "and where the others are" 'Private keys are shown after a login'
lacks "no private key is seen" 'key pair +RSA|secret key'
says "a key of level DE is" 'key pair +EC +256 +open'
ctl "list after login" 0 'key pair +RSA +2048 +rsa +01ab +CE +my-rsa' list "${me[@]}"
says "secret keys, too" 'secret key +HMAC'
ctl "list in JSON" 0 '' list --json "${me[@]}"
json "list in JSON" "any(k['label'] == 'ec384' and k['size'] == 384 for k in j) and sum(k.get('label') == 'ec' for k in j) == 1"
ctl "--login without a terminal" 2 'no terminal' list --login
ctl "by label" 0 '^alias +my-rsa$' show rsa "${me[@]}"
says "its state" '^state +usable$'
ctl "by alias" 0 '^label +rsa$' show my-rsa
says "its private half is hidden" 'hidden +private key'
ctl "by ID" 0 '^label +rsa$' show 01ab
ctl "by token's label" 0 '^label +rsa$' --store "$HUKS_STORE" show rsa --token demo
ctl "by token's serial" 0 '^label +rsa$' show rsa --token "$serial"
ctl "by level" 0 '^label +rsa$' show my-rsa --level ce
ctl "by a level where it is not" 1 '12000011' show my-rsa --level de "${me[@]}"
ctl "by no level" 2 'de, ce or ece' show my-rsa --level x
ctl "another token" 1 '12000011' show rsa --token nobody
ctl "secret key, shown after login" 0 '^algorithm +HMAC$' show mac "${me[@]}"
ctl "show in JSON" 0 '' show rsa --json "${me[@]}"
json "show in JSON" "j['state'] == 'usable' and j['extractable'] is False and j['alias'] == 'my-rsa'"
ctl "unknown alias" 1 'error 12000011: The entity does not exist\.' show nothing "${me[@]}"
ctl "export" 0 '' export rsa --output rsa.der
ctl "export, another" 0 '' export ec -o ec.der
ctl "export, a third" 0 '' export ed -o ed.der
ctl "export to standard output" 0 '' export ec
cp out ec.out.der
holds "both are the same" cmp ec.out.der ec.der
for key in rsa ec ed; do
    holds "plain OpenSSL reads $key" openssl pkey -pubin -inform DER -in $key.der -out $key.pem
done
ctl "a secret key is not exported" 1 'error 12000003: ' export mac "${me[@]}"
ctl "to nowhere" 1 'error 12000004: Failed to open no/where' export ec -o no/where

echo "# sign, verify"
for key in rsa ec; do
    ctl "$key signs" 0 '' sign $key letter -o $key.sig "${me[@]}"
    holds "plain OpenSSL verifies $key" openssl dgst -sha256 -verify $key.pem -signature $key.sig letter
    breaks "and refuses a forged letter" openssl dgst -sha256 -verify $key.pem -signature $key.sig forged
    ctl "$key verifies without a login" 0 'The signature is right' verify $key letter $key.sig
    ctl "$key refuses a forged letter" 1 'error 12000006: Crypto engine error\.' verify $key forged $key.sig
done
ctl "verify in JSON" 0 '' verify ec letter ec.sig --json
json "verify in JSON" "j == {'verified': True}"
ctl "ed25519 signs" 0 '' sign ed letter -o ed.sig "${me[@]}"
holds "plain OpenSSL verifies ed25519" openssl pkeyutl -verify -pubin -inkey ed.pem -rawin -in letter -sigfile ed.sig
ctl "rsa pss sha384" 0 '' sign rsa long --padding pss --digest sha384 -o pss.sig "${me[@]}"
holds "plain OpenSSL verifies it" openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 \
    -verify rsa.pem -signature pss.sig long
ctl "rsa pss verifies" 0 '' verify rsa long pss.sig --padding pss --digest sha384
ctl "pss is not pkcs1" 1 '12000006' verify rsa long pss.sig --digest sha384
ctl "raw signatures have 64 bytes" 0 '' sign ec letter --raw -o raw.sig "${me[@]}"
holds "raw signatures have 64 bytes" test "$(wc -c <raw.sig)" = 64
ctl "raw verifies" 0 '' verify ec letter raw.sig --raw
ctl "sm2" 0 '' sign sm2 letter -o sm2.sig "${me[@]}"
ctl "sm2 verifies" 0 '' verify sm2 letter sm2.sig
ctl "hmac" 0 '' sign mac letter -o mac.sig "${me[@]}"
ctl "hmac verifies" 0 '' verify mac letter mac.sig "${me[@]}"
ctl "hmac refuses" 1 '12000006' verify mac forged mac.sig "${me[@]}"
ctl "a long file in parts" 0 '' sign ec long -o long.sig "${me[@]}"
holds "plain OpenSSL verifies it" openssl dgst -sha256 -verify ec.pem -signature long.sig long
ctl "a file that is not there" 1 'error 12000004: Failed to open nowhere' sign ec nowhere -o x "${me[@]}"
ctl "a directory" 1 'error 12000004: Failed to read \.' sign ec . -o x "${me[@]}"
ctl "unknown digest" 1 '12000001' sign ec letter --digest crc32 "${me[@]}"
ctl "unknown padding" 2 'pkcs1 or pss' sign rsa letter --padding x "${me[@]}"
ctl "a key that signs nothing" 1 'error 12000003: ' sign x letter "${me[@]}"
ctl "a key not made for it" 1 'error 12000003: Invalid key purpose' sign aes letter "${me[@]}"
ctl "an empty signature" 1 'error 1200000[36]: ' verify ec letter /dev/null
ctl "no session stays taken" 0 '0 of 15 key-operation sessions' status

echo "# import"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own.pem 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in own.pem -outform DER -out own.der
openssl pkey -in own.pem -pubout -out own.pub.pem
openssl pkey -in own.pem -pubout -outform DER -out own.pub.der
ctl "private key" 0 '^origin +imported$' import own.der --label own --alias mine "${me[@]}"
says "with its public half" '^kind +key pair$'
ctl "it signs" 0 '' sign own letter -o own.sig "${me[@]}"
holds "plain OpenSSL verifies it" openssl dgst -sha256 -verify own.pub.pem -signature own.sig letter
ctl "it verifies without a login" 0 '' verify own letter own.sig
ctl "its public half" 0 '' export own -o own.out.der
holds "is the one we know" cmp own.out.der own.pub.der
ctl "alias taken" 1 '12000017' import own.der --alias mine "${me[@]}"
ctl "replaced" 0 '' import own.der --alias mine --label anew --replace "${me[@]}"
ctl "public key" 0 '^kind +public key$' import own.pub.der --label theirs
ctl "it verifies" 0 '' verify theirs letter own.sig
ctl "it does not sign" 1 '12000011' sign theirs letter "${me[@]}"
head -c 32 /dev/urandom >bytes
ctl "secret key" 0 '^size +256$' import bytes --secret hmac --label shared "${me[@]}"
run list --json "${me[@]}"
json "each has an ID of its own" "len({k['id'] for k in j if k['kind'] == 'secret key'}) == sum(k['kind'] == 'secret key' for k in j)"
ctl "its MAC" 0 '' sign shared letter -o shared.sig "${me[@]}"
openssl dgst -sha256 -mac HMAC -macopt hexkey:"$(od -An -v -tx1 bytes | tr -d ' \n')" -binary letter >shared.ours
holds "is plain OpenSSL's" cmp shared.sig shared.ours
export KEYPASS='open sesame' WRONGPASS=sesame
key=(--passphrase-env KEYPASS)
openssl ecparam -genkey -name prime256v1 -out older.pem 2>/dev/null
openssl pkcs8 -topk8 -in own.pem -passout env:KEYPASS -out sealed.pem
openssl pkcs8 -topk8 -in own.pem -passout env:KEYPASS -outform DER -out sealed.der
openssl req -x509 -newkey rsa:2048 -nodes -keyout web.pem -out web.crt -subj /CN=web -days 2 2>/dev/null
openssl x509 -in web.crt -outform DER -out web.cer
openssl rsa -traditional -in web.pem -out web.rsa.pem 2>/dev/null
openssl rsa -traditional -in web.pem -aes128 -passout env:KEYPASS -out web.old.pem 2>/dev/null
openssl pkcs12 -export -inkey web.pem -in web.crt -name 'web server' -passout env:KEYPASS -out web.p12
for file in own.pem older.pem sealed.pem sealed.der web.pem web.rsa.pem; do
    ctl "private key, $file" 0 '^kind +key pair$' import $file --label "file $file" "${me[@]}" "${key[@]}"
    openssl pkey -in $file -passin env:KEYPASS -pubout -out file.pub 2>/dev/null || openssl pkey -inform DER -in $file -passin env:KEYPASS -pubout -out file.pub
    ctl "it signs" 0 '' sign "file $file" letter -o file.sig "${me[@]}"
    holds "plain OpenSSL verifies it" openssl dgst -sha256 -verify file.pub -signature file.sig letter
done
ctl "public key, PEM" 0 '^kind +public key$' import own.pub.pem --label pem-public
for file in web.crt web.cer; do
    ctl "certificate, $file" 0 '^kind +certificate$' import $file --label $file
done
ctl "PKCS #12" 0 '^label +web server$' import web.p12 "${me[@]}" "${key[@]}"
says "its key" '^kind +key pair$'
says "its certificate" '^kind +certificate$'
holds "of one ID" test "$(grep -c "^id *$(sed -n 's/^id *//p' out | head -n 1)\$" out)" = 2
ctl "PKCS #12, in JSON" 0 '' import web.p12 --label again --json "${me[@]}" "${key[@]}"
json "PKCS #12, in JSON" "[k['kind'] for k in j] == ['key pair', 'certificate'] and j[0]['id'] == j[1]['id']"
for file in sealed.pem sealed.der web.p12; do
    ctl "wrong passphrase, $file" 1 'error 12000003: Invalid passphrase: it does not open this file' import $file "${me[@]}" --passphrase-env WRONGPASS
    ctl "no passphrase, $file" 2 'the key file is needed' import $file "${me[@]}"
done
ctl "PEM encrypted as of old" 1 'error 12000003: .*openssl pkcs8' import web.old.pem "${me[@]}" "${key[@]}"
head -n 4 web.pem >cut.pem
ctl "half a PEM" 1 'error 12000003: Invalid key file: there is no whole PEM block' import cut.pem "${me[@]}"
cat own.pem web.old.pem >two.pem
run list --json "${me[@]}"
cp out before
ctl "the second of two can't be read" 1 'error 12000003: .*openssl pkcs8' import two.pem "${me[@]}" "${key[@]}"
run list --json "${me[@]}"
cp out after
holds "nothing came in" cmp before after
for name in 'file own.pem' 'file older.pem' 'file sealed.pem' 'file sealed.der' 'file web.pem' 'file web.rsa.pem'; do
    run delete "$name" --yes "${me[@]}"
done
ctl "anything else" 1 'error 12000003: ' import letter "${me[@]}"
ctl "secret key of a pair's algorithm" 2 'no algorithm of secret keys' import bytes --secret rsa "${me[@]}"
ctl "too large" 1 'error 12000003: ' import long "${me[@]}"

echo "# delete"
ctl "not without --yes" 2 'say --yes' delete ec "${me[@]}"
ctl "not without the PIN" 2 'pin-file' delete ec --yes
ctl "delete" 0 '' delete ec --yes "${me[@]}"
ctl "gone" 1 '12000011' show ec "${me[@]}"
ctl "both halves" 0 '' list --json
json "both halves" "all(k.get('label') != 'ec' for k in j)"
ctl "twice" 1 '12000011' delete ec --yes "${me[@]}"
ctl "one of many" 0 '' generate ec --label twin "${me[@]}"
ctl "and another of its name" 0 '' generate ec --label twin "${me[@]}"
ctl "which one is not guessed" 1 'error 12000003: Invalid name: several' delete twin --yes "${me[@]}"

echo "# errors"
ctl "all" 0 '^12000018 ' errors
ctl "by code" 0 'The number of key operation sessions has reached the limit\.' errors 12000010
ctl "by its last digits" 0 '^12000010 SESSION_LIMIT' errors 10
ctl "by CKR" 0 '^12000008 ' errors CKR_PIN_LOCKED
ctl "by CKR, without prefix, in small letters" 0 '^12000008 ' errors pin_locked
ctl "a CKR of several codes" 0 'also the answer to 12000007' errors CKR_KEY_FUNCTION_NOT_PERMITTED
ctl "native codes" 0 '^401 ' errors 401
ctl "unknown code" 2 'neither' errors 99
ctl "unknown CKR" 2 'neither' errors CKR_NONSENSE
ctl "errors in JSON" 0 '' errors --json
json "errors in JSON" "len(j) == 21 and all(e['messages'] and e['remedy'] for e in j)"
ctl "one in JSON" 0 '' errors CKR_SESSION_COUNT --json
json "one in JSON" "j['code'] == 12000010 and j['answers'] == ['CKR_SESSION_COUNT']"

echo "# status, check"
ctl "status" 0 "^store +$HUKS_STORE$" status
says "the table's place" "^table +store $HUKS_STORE/sessions$"
ctl "status in JSON" 0 '' status --json
json "status in JSON" "j['tokens'] == 1 and j['sessions']['limit'] == 15 and j['sessions']['in_use'] == 0 and any(p['self'] for p in j['sessions']['processes'])"
printf 'session_limit = 3\nsession_wait_ms = 10\n' >conf
HUKS_CONF=$work/conf ctl "the configuration counts" 0 'of 3 key-operation' status
printf 'session_limit = many\n' >conf
HUKS_CONF=$work/conf run status
if [ "$status" = 1 ] && grep -q "conf:1" err; then pass "a wrong file"; else fail "a wrong file" "status $status"; fi
# A signature that waits for its data holds a session: from a pipe that nobody writes to yet.
mkfifo slow
setsid timeout 60 "$huksctl" sign rsa slow -o slow.sig "${me[@]}" </dev/null >/dev/null 2>slow.err &
signer=$!
exec 7>slow
for _ in $(seq 100); do
    run status --json
    if grep -q '"in_use": 1' out; then break; fi
    sleep 0.1
done
json "an operation in progress is seen" "j['sessions']['in_use'] == 1 and any(p['in_use'] == 1 and p['program'] == 'huksctl' for p in j['sessions']['processes'])"
ctl "for people, too" 0 '1 of 15 key-operation' status
exec 7>&-
wait $signer
ctl "and its end" 0 '0 of 15 key-operation' status
ctl "check" 0 'token demo: good' check
says "what it can't read" 'after a login'
ctl "check after login" 0 'token demo: good, [0-9]+ records$' check "${me[@]}"
ctl "check in JSON" 0 '' check --json "${me[@]}"
json "check in JSON" "len(j) == 1 and j[0]['good'] and j[0]['damaged'] == 0 and j[0]['locked'] == 0"
cp -r store sound
python3 - <<'P'
import glob, sqlite3
db = sqlite3.connect(glob.glob("store/token-*.db")[0])
tables = [r[0] for r in db.execute("select name from sqlite_master where type='table'")]
for table in tables:
    columns = [r[1] for r in db.execute(f'pragma table_info("{table}")')]
    for column in columns:
        for row, value in db.execute(f'select rowid, "{column}" from "{table}"').fetchall() if table.startswith("item") or table == "records" else []:
            if isinstance(value, bytes) and len(value) > 200:
                db.execute(f'update "{table}" set "{column}"=? where rowid=?', (value[:100] + bytes([value[100] ^ 1]) + value[101:], row))
                db.commit()
                raise SystemExit
raise SystemExit("no record found")
P
ctl "one damaged bit" 1 'error 12000012: ' check "${me[@]}"
says "which record" 'record [0-9]+: its (attributes|key)'
run check --json "${me[@]}"
json "which record, in JSON" "not j[0]['good'] and j[0]['damaged'] >= 1 and j[0]['damage'][0]['record'] >= 1"
ctl "the others are listed" 0 'key pair|public key' list "${me[@]}"
rm -rf store && mv sound store
chmod 0777 store
ctl "a store that others can write" 1 'error 12000012: ' tokens
chmod 0700 store
ctl "another store" 0 'huksctl init' --store elsewhere tokens
ctl "another store, relative" 0 '' init --store elsewhere --without-pins --label free
ctl "it asks for no PIN" 0 '' --store elsewhere generate ec --label ec
ctl "nor for reading" 0 'key pair' --store elsewhere list

echo "# PINs and tokens"
for _ in 1 2; do run list --pin-env WRONG; done
ctl "counting down" 1 'tries left' list --pin-env WRONG
left=$(sed -n 's/.*: \([0-9]*\) tr.*/\1/p' err)
ctl "one less" 1 "right: $((left - 1)) " list --pin-env WRONG
ctl "tokens tell" 0 'wrong tries' tokens
ctl "the right PIN gives them back" 0 'key pair' list "${me[@]}"
ctl "tokens tell that, too" 0 ' set +set' tokens
ctl "a second token" 0 '^label +second$' init --label second --so-pin-env SO --pin-env OTHER
ctl "which one is not guessed" 1 '12000011' list
ctl "it is chosen" 0 'has no objects' list --token second --pin-env OTHER
ctl "the other's PIN is wrong for it" 1 '12000008' list --token second --pin-env PIN
ctl "emptied only with --yes" 2 'say --yes' init --token second --so-pin-env SO
ctl "emptied only with the SO PIN" 1 '12000008' init --token second --yes --so-pin-env WRONG
says "tries of the SO" 'The SO PIN is not right'
ctl "emptied" 0 '^user PIN +not set$' init --token second --yes --so-pin-env SO

echo "# backup, restore"
export PASS='correct horse' BAD='wrong horse'
seal=(--passphrase-env PASS)
printf '%s\n' "$PASS" >pass
ctl "no terminal, no passphrase" 2 'passphrase-file' backup --output b
if [ -e b ]; then fail "then there is no file" "there is one"; else pass "then there is no file"; fi
ctl "an empty passphrase" 2 'passphrase is empty' backup --output b --passphrase-file <(echo)
ctl "backup" 0 '^2 tokens, [0-9]+ records: b$' backup --output b "${seal[@]}"
holds "for its owner's eyes" test "$(stat -c %a b)" = 600
holds "and nothing beside it" test -z "$(find . -maxdepth 1 -name 'b.*')"
breaks "it shows no label" grep -qa 'demo' b
ctl "not over another file" 2 'b is there already' backup --output b "${seal[@]}"
ctl "one token, over another file, in JSON" 0 '' backup --token demo --output b1 --yes --json "${seal[@]}"
json "one token" "j['file'] == 'b1' and j['tokens'] == 1 and j['records'] > 1"
run backup "${seal[@]}"
cp out b2
holds "to standard output" test "$status" = 0
ctl "no such token" 1 '12000011' backup --token nobody --output b3 "${seal[@]}"
ctl "no such directory" 1 'error 12000004: Failed to make nowhere/b: No such file' backup --output nowhere/b "${seal[@]}"
for backup in b b2; do
    ctl "what $backup holds" 0 '^made [0-9-]+ [0-9:]+ UTC$' restore --list $backup --passphrase-file pass
    says "its tokens" '^demo +[0-9]+ +yes +yes +yes$'
done
ctl "into a new store" 0 '^2 tokens restored\.$' restore b --store moved "${seal[@]}"
run list --json "${me[@]}" --token demo
cp out before
run list --json "${me[@]}" --token demo --store moved
cp out after
holds "the same keys" cmp before after
ctl "nothing is damaged" 0 'token demo: good' check --store moved --token demo "${me[@]}"
ctl "a moved key signs" 0 '' sign "$(python3 -c "import json; print([k['alias'] for k in json.load(open('before')) if k.get('algorithm') == 'EC' and k['kind'] == 'key pair'][0])")" letter --store moved --token demo --output moved.sig "${me[@]}"
holds "root keys differ" sh -c '! cmp -s store/root.key moved/root.key'
ctl "the wrong PIN stays wrong" 1 '12000008' list --store moved --token demo --pin-env WRONG
ctl "once more" 1 'Invalid restore: token demo is in this store' restore b1 --store moved "${seal[@]}"
ctl "to be replaced: with --yes" 2 'say --yes' restore b1 --store moved --replace "${seal[@]}"
ctl "something new" 0 '' generate aes --label new --store moved --token demo "${me[@]}"
ctl "back to what it was" 0 '^1 token restored' restore b1 --store moved --replace --yes "${seal[@]}"
run list --json "${me[@]}" --token demo --store moved
cp out after
holds "as before" cmp before after
ctl "one of two" 0 '' restore b --token second --store fresh --json "${seal[@]}"
json "one of two" "j['restored'] == 1"
ctl "only that one" 0 '^second ' tokens --store fresh
lacks "only that one" 'demo'
ctl "none of that name" 1 '12000011' restore b --token nobody --store fresh "${seal[@]}"
ctl "wrong passphrase" 1 'error 12000003: Invalid passphrase: it does not open this backup\.' restore b --store none --passphrase-env BAD
head -c $(($(stat -c %s b) - 1)) b >torn
ctl "a torn backup" 1 'error 12000003: Invalid backup: it is cut off at byte [0-9]+\.' restore torn --store none "${seal[@]}"
python3 -c "b = bytearray(open('b', 'rb').read()); b[len(b) // 2] ^= 4; open('bent', 'wb').write(b)"
ctl "a changed backup" 1 'error 12000003: Invalid backup: it is damaged at byte' restore bent --store none "${seal[@]}"
{ cat b; echo; } >longer
ctl "a longer backup" 1 'error 12000003: Invalid backup: it is longer' restore longer --store none "${seal[@]}"
ctl "no backup" 1 'error 12000003: Invalid backup: this file is none' restore letter --store none "${seal[@]}"
ctl "no file" 1 'error 12000004: Failed to open nothing' restore nothing --store none "${seal[@]}"
ctl "no pipe" 2 'is no file' restore - --store none "${seal[@]}"
if [ -e none ]; then fail "nothing is made of those" "there is a store"; else pass "nothing is made of those"; fi

echo "# a configuration that names a service"
printf 'service = %s/nobody\n' "$work" >service.conf
export HUKS_CONF=$work/service.conf
ctl "HUKS_STORE counts" 0 'demo' tokens
ctl "a key of its own there" 0 '^label +served$' generate ec --label served --token demo "${me[@]}"
HUKS_STORE='' ctl "without it, nothing" 1 \
    "error 12000005: IPC is for programs: the configuration names the service $work/nobody, and huksctl works on a store itself; name it with --store or HUKS_STORE\\." tokens
says "and what to do" 'What to do: .*--store or HUKS_STORE'
HUKS_STORE='' ctl "the configuration's store is not meant either" 1 'error 12000005' init --without-pins
(
    unset HUKS_STORE
    ctl "--store counts" 0 served list --store store --token demo "${me[@]}"
    echo "$passed $failed $skipped" >counts
)
read -r passed failed skipped <counts
unset HUKS_CONF
mkdir -p daemon/sessions other && chmod 700 daemon/sessions other
ctl "a store of the service's" 0 'label +one' init --label one --without-pins --store daemon/uid-4711/
ctl "counts in the table of all" 0 "^table +store $work/daemon/sessions/sessions$" status --store daemon/uid-4711
ctl "a store that is only named so" 0 'label +one' init --label one --without-pins --store other/uid-4711
ctl "has its own" 0 "^table +store $work/other/uid-4711/sessions$" status --store other/uid-4711

echo "# the terminal"
mkdir desk
person "PINs are asked for twice" 0 'label +desk' \
    'New SO PIN: =87654321\nSO PIN, once more: =87654321\nNew user PIN: =1357\nuser PIN, once more: =1357\n' \
    init --store desk/store --label desk
lacks "and not shown" '87654321|1357'
person "PINs that differ" 1 'error 12000003: Invalid SO PIN: the two differ' \
    'New SO PIN: =87654321\nSO PIN, once more: =87654322\n' init --store desk/two
person "the PIN is asked for" 0 'key pair' 'User PIN of token desk: =1357\n' \
    generate ec --label seen --store desk/store
lacks "and not shown" 1357
person "--login" 0 'key pair' 'User PIN of token desk: =1357\n' list --login --store desk/store
person "a wrong one" 1 'error 12000008: ' 'User PIN of token desk: =9999\n' list --login --store desk/store
says "tries left" '9 tries left'
person "interrupted" $((256 - 2)) 'User PIN' 'User PIN of token desk: =^C\n' list --login --store desk/store
person "binary does not go to a terminal" 2 'name a file with --output' 'PIN of token desk: =1357\n' \
    sign seen letter --store desk/store
person "delete asks" 1 'Nothing was deleted' 'PIN of token desk: =1357\nfor good?=n\n' delete seen --store desk/store
person "and obeys" 0 'for good' 'PIN of token desk: =1357\nfor good?=y\n' delete seen --store desk/store

echo "# beside pkcs11-tool"
if command -v pkcs11-tool >/dev/null && [ -f "$module" ] && [ -z "${HUKS_SANITIZER-}" ]; then
    tool() {
        pkcs11-tool --module "$module" --token-label demo "$@"
    }
    tool --login --pin "$PIN" --list-objects >objects 2>err
    holds "it sees our keys" grep -q 'label: *ec384' objects
    holds "it signs with them" tool --login --pin "$PIN" --sign --mechanism SHA256-RSA-PKCS --id 01ab \
        --input-file letter --output-file tool.sig
    ctl "we verify that" 0 '' verify rsa letter tool.sig --token demo
    holds "it makes a key" tool --login --pin "$PIN" --keypairgen --key-type EC:secp384r1 --label theirs2 --id 77
    ctl "we see it" 0 '^algorithm +EC$' show 77 --token demo "${me[@]}"
    ctl "we sign with it" 0 '' sign theirs2 letter -o theirs.sig --token demo "${me[@]}"
    ctl "and verify" 0 '' verify 77 letter theirs.sig --token demo
else
    skip "pkcs11-tool" "it is missing, or can't load this module"
fi

[ "$failed" = 0 ]
