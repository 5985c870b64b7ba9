// What a Node.js program does with a token through pkcs11js.
//   node host.js                lines "ok NAME", then "done"
//   node host.js leave|throw|exit   ends in that way with everything open
"use strict";
const assert = require("assert");
const crypto = require("crypto");
const fs = require("fs");
const { Worker, isMainThread, workerData } = require("worker_threads");
const pkcs11 = require("pkcs11js");

const p = new pkcs11.PKCS11();
p.load(process.env.MODULE);

function open() {
    const slots = p.C_GetSlotList(true);
    assert.strictEqual(slots.length, 1);
    return p.C_OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION);
}
function find(session, kind, label) {
    p.C_FindObjectsInit(session, [{ type: pkcs11.CKA_CLASS, value: kind }, { type: pkcs11.CKA_LABEL, value: label }]);
    const found = [];
    for (let one = p.C_FindObjects(session); one; one = p.C_FindObjects(session)) found.push(one);
    p.C_FindObjectsFinal(session);
    return found;
}
function signer(session, label, mechanism, text) {
    p.C_SignInit(session, { mechanism }, find(session, pkcs11.CKO_PRIVATE_KEY, label)[0]);
    return p.C_Sign(session, text, Buffer.alloc(512));
}
const text = Buffer.from("Signed by Node\n");
function rsaGood(signature) {
    return crypto.verify("sha256", text, fs.readFileSync("rsa.pem"), signature);
}

// A thread of Node's has the module's library once more, initialised by the main thread.
if (!isMainThread) {
    const session = open();
    for (let i = 0; i < 20; i++) assert(rsaGood(signer(session, "rsa", pkcs11.CKM_SHA256_RSA_PKCS, text)));
    p.C_CloseSession(session);
    return;
}

p.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK });
const session = open();
p.C_Login(session, pkcs11.CKU_USER, process.env.PIN);
if (process.argv[2] === "throw") throw new Error("by intention");
if (process.argv[2] === "exit") process.exit(0);
if (process.argv[2] === "leave") {
    p.C_SignInit(session, { mechanism: pkcs11.CKM_SHA256_RSA_PKCS }, find(session, pkcs11.CKO_PRIVATE_KEY, "rsa")[0]);
    return;
}
assert(rsaGood(signer(session, "rsa", pkcs11.CKM_SHA256_RSA_PKCS, text)));
console.log("ok RSA signs");
const raw = signer(session, "ec", pkcs11.CKM_ECDSA_SHA256, text);
assert.strictEqual(raw.length, 64);
assert(crypto.verify("sha256", text, { key: fs.readFileSync("ec.pem"), dsaEncoding: "ieee-p1363" }, raw));
console.log("ok ECDSA signs, r and s");
const integer = (bytes) => {
    let number = bytes;
    while (number.length > 1 && number[0] === 0 && number[1] < 128) number = number.subarray(1);
    if (number[0] > 127) number = Buffer.concat([Buffer.of(0), number]);
    return Buffer.concat([Buffer.of(2, number.length), number]);
};
const both = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
fs.writeFileSync("ec.sig", Buffer.concat([Buffer.of(0x30, both.length), both]));
fs.writeFileSync("ec.txt", text);

const pair = p.C_GenerateKeyPair(session, { mechanism: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN },
    [{ type: pkcs11.CKA_MODULUS_BITS, value: 2048 }, { type: pkcs11.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
        { type: pkcs11.CKA_ENCRYPT, value: true }], [{ type: pkcs11.CKA_DECRYPT, value: true }]);
const oaep = { mechanism: pkcs11.CKM_RSA_PKCS_OAEP, parameter: { type: pkcs11.CK_PARAMS_RSA_OAEP, hashAlg: pkcs11.CKM_SHA256,
    mgf: pkcs11.CKG_MGF1_SHA256, source: 1, sourceData: null } };
p.C_EncryptInit(session, oaep, pair.publicKey);
const hidden = p.C_Encrypt(session, text, Buffer.alloc(256));
p.C_DecryptInit(session, oaep, pair.privateKey);
assert(p.C_Decrypt(session, hidden, Buffer.alloc(256)).equals(text));
console.log("ok OAEP and back");
const aes = p.C_GenerateKey(session, { mechanism: pkcs11.CKM_AES_KEY_GEN },
    [{ type: pkcs11.CKA_VALUE_LEN, value: 32 }, { type: pkcs11.CKA_ENCRYPT, value: true }, { type: pkcs11.CKA_DECRYPT, value: true }]);
const cbc = { mechanism: pkcs11.CKM_AES_CBC_PAD, parameter: Buffer.alloc(16) };
p.C_EncryptInit(session, cbc, aes);
const secret = Buffer.concat([p.C_EncryptUpdate(session, text, Buffer.alloc(64)), p.C_EncryptFinal(session, Buffer.alloc(32))]);
p.C_DecryptInit(session, cbc, aes);
assert(p.C_Decrypt(session, secret, Buffer.alloc(64)).equals(text));
console.log("ok AES and back, in parts");
p.C_DigestInit(session, { mechanism: pkcs11.CKM_SHA256 });
assert(p.C_Digest(session, text, Buffer.alloc(32)).equals(crypto.createHash("sha256").update(text).digest()));
console.log("ok SHA-256");
assert.throws(() => p.C_GetAttributeValue(session, aes, [{ type: pkcs11.CKA_VALUE }]), (error) => error.code === pkcs11.CKR_ATTRIBUTE_SENSITIVE);
console.log("ok a value that is not told");
assert.throws(() => p.C_Login(session, pkcs11.CKU_USER, "000000"), (error) => error.code === pkcs11.CKR_PIN_INCORRECT || error.code === pkcs11.CKR_USER_ALREADY_LOGGED_IN);
console.log("ok a wrong PIN");

(async () => {
    // In Node's own pool of threads.
    const answers = [];
    for (let i = 0; i < 12; i++) {
        const other = open();
        p.C_SignInit(other, { mechanism: pkcs11.CKM_SHA256_RSA_PKCS }, find(other, pkcs11.CKO_PRIVATE_KEY, "rsa")[0]);
        answers.push(p.C_SignAsync(other, text, Buffer.alloc(512)).then((signature) => {
            assert(rsaGood(signature));
            p.C_CloseSession(other);
        }));
    }
    await Promise.all(answers);
    console.log("ok twelve at once");
    await Promise.all([1, 2, 3].map(() => new Promise((done, failed) => {
        new Worker(__filename, { workerData }).on("error", failed).on("exit", (code) => (code ? failed(new Error("exit " + code)) : done()));
    })));
    console.log("ok three worker threads");
    p.C_Logout(session);
    p.C_CloseSession(session);
    p.C_Finalize();
    p.close();
    console.log("done");
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
