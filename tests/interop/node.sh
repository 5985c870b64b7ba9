#!/usr/bin/env bash
# usage: tests/interop/node.sh
# Node.js through pkcs11js, which is built from npm's registry: signatures, ciphers, a worker thread, and an
# exit that closes nothing.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs node nodejs
needs npm npm
needs_tools
# npm's own cache and home are ours; a registry that does not answer is no failure of the module.
export npm_config_cache=$work/npm npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
# Headers that came with node; otherwise node-gyp would fetch them from elsewhere.
if [ -d /usr/include/node ]; then export npm_config_nodedir=/usr; fi
patience=240
attempt npm install --fetch-retries=0 pkcs11js@2
if [ ! -f node_modules/pkcs11js/build/Release/pkcs11.node ]; then
    tail -n 3 said
    skip_all "pkcs11js could not be built from npm's registry"
fi
consumer "Node.js: pkcs11js" nodejs \
    "$(node -p 'process.version + " / pkcs11js " + require("./node_modules/pkcs11js/package.json").version')"
make_token interop
make_keys
#: # Node.js
#:
#: pkcs11js is Cryptoki as it is, in JavaScript: `npm install pkcs11js`.
step "sign.js" <<'SH'
cat >sign.js <<'JS'
const pkcs11 = require("pkcs11js");
const fs = require("fs");
const p = new pkcs11.PKCS11();
p.load(process.env.MODULE);
p.C_Initialize();
const session = p.C_OpenSession(p.C_GetSlotList(true)[0], pkcs11.CKF_SERIAL_SESSION);
p.C_Login(session, pkcs11.CKU_USER, process.env.PIN);
p.C_FindObjectsInit(session, [{ type: pkcs11.CKA_CLASS, value: pkcs11.CKO_PRIVATE_KEY }, { type: pkcs11.CKA_LABEL, value: "rsa" }]);
const key = p.C_FindObjects(session);
p.C_FindObjectsFinal(session);
p.C_SignInit(session, { mechanism: pkcs11.CKM_SHA256_RSA_PKCS }, key);
fs.writeFileSync("signature", p.C_Sign(session, fs.readFileSync("letter"), Buffer.alloc(512)));
p.C_Finalize();
p.close();
JS
printf 'Pay 100 to Alice.\n' >letter
node sign.js
SH
verify "it signs, openssl verifies" rsa.pem signature letter -sha256
cp "$interop/host.js" .
expect "the program" '^done$' node host.js
cp said program
while read -r name; do pass "program: $name"; done < <(sed -n 's/^ok //p' program)
verify "program: ECDSA, openssl verifies" ec.pem ec.sig ec.txt -sha256
for way in leave throw exit; do
    attempt node host.js "$way"
    if [ -n "$trouble" ]; then fail "an end by $way" "node $trouble"; else pass "an end by $way"; fi
done
