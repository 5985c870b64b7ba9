/*
 * Each algorithm made at one door and used at both: what one door signs, encrypts, authenticates or derives,
 * the other verifies, decrypts, checks and derives too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doors.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static CK_BYTE message[256];
static uint8_t here[1024], there[1024];
static uint8_t iv[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_AES_CTR_PARAMS ctr = {128, {9, 8, 7, 6, 5, 4, 3, 2, 1}};
static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};

#define WITH(param) &(param), sizeof(param)
#define BARE        NULL, 0

/* ---- How keys are made --------------------------------------------------------------------------------- */

static const CK_BYTE p224[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x21};
static const CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const CK_BYTE p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const CK_BYTE p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
static const CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const CK_BYTE x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};

/* A pair of this kind through PKCS #11, under the alias "key". */
static void generate_pair(CK_MECHANISM_TYPE type, CK_ATTRIBUTE domain, bool derives)
{
    CK_BBOOL derive = derives ? CK_TRUE : CK_FALSE;
    CK_ATTRIBUTE theirs[] = {{CKA_TOKEN, &yes, 1}, {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "key", 3}, domain};
    CK_ATTRIBUTE ours[] = {
        {CKA_TOKEN, &yes, 1}, {CKA_LABEL, (void *)(uintptr_t) "key", 3}, {CKA_DERIVE, &derive, 1}};
    CK_OBJECT_HANDLE public, private;
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t) "key", 3};

    RV(CKR_OK, p11->C_GenerateKeyPair(cryptoki, M(type), theirs, domain.type == 0 ? 2 : 3, ours, 3, &public,
                                      &private));
    RV(CKR_OK, p11->C_SetAttributeValue(cryptoki, public, &label, 1));
}

static void generate_secret(CK_MECHANISM_TYPE type, CK_ULONG bytes)
{
    CK_ATTRIBUTE t[] = {{CKA_TOKEN, &yes, 1},
                        {CKA_LABEL, (void *)(uintptr_t) "key", 3},
                        {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "key", 3},
                        {CKA_DERIVE, &yes, 1},
                        {CKA_VALUE_LEN, &bytes, sizeof bytes}};
    CK_OBJECT_HANDLE key;

    RV(CKR_OK, p11->C_GenerateKey(cryptoki, M(type), t, bytes == 0 ? 4 : 5, &key));
}

/* DSA and DH need a domain, which comes of the native key's public half. */
static void copy_domain(uint32_t alg, CK_MECHANISM_TYPE type)
{
    static CK_BYTE prime[512], subprime[64], base[512];
    bool dsa = type == CKM_DSA_KEY_PAIR_GEN;
    CK_ATTRIBUTE theirs[] = {{CKA_TOKEN, &yes, 1},
                             {CKA_LABEL, (void *)(uintptr_t) "key", 3},
                             {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "key", 3},
                             {CKA_PRIME, prime, 0},
                             {CKA_BASE, base, 0},
                             {CKA_SUBPRIME, subprime, 0}};
    CK_BBOOL derive = dsa ? CK_FALSE : CK_TRUE;
    CK_ATTRIBUTE ours[] = {
        {CKA_TOKEN, &yes, 1}, {CKA_LABEL, (void *)(uintptr_t) "key", 3}, {CKA_DERIVE, &derive, 1}};
    CK_OBJECT_HANDLE model, public, private;

    OK(OH_Huks_GenerateKeyItem(NAME("model"),
                               SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg},
                                   SIZE(dsa ? 1024 : 2048), PURPOSE(dsa ? SIGN | VERIFY : AGREE)),
                               NULL));
    model = find(CKO_PUBLIC_KEY, "model");
    theirs[3].ulValueLen = get(model, CKA_PRIME, prime, sizeof prime);
    theirs[4].ulValueLen = get(model, CKA_BASE, base, sizeof base);
    if (dsa) {
        theirs[5].ulValueLen = get(model, CKA_SUBPRIME, subprime, sizeof subprime);
    }
    RV(CKR_OK, p11->C_GenerateKeyPair(cryptoki, M(type), theirs, dsa ? 6 : 5, ours, 3, &public, &private));
}

static const struct kind {
    const char *name;
    uint32_t alg, bits;
    CK_MECHANISM_TYPE made_by;
    const CK_BYTE *params;
    CK_ULONG size; /* of the params; for secrets bytes, where they are asked for */
} kinds[] = {
#define CURVE(name, alg, bits, by, curve)                                                                    \
    {                                                                                                        \
        name, OH_HUKS_ALG_##alg, bits, by, curve, sizeof curve                                               \
    }
#define OTHER(name, alg, bits, by, bytes)                                                                    \
    {                                                                                                        \
        name, OH_HUKS_ALG_##alg, bits, by, NULL, bytes                                                       \
    }
    OTHER("RSA", RSA, 1024, CKM_RSA_PKCS_KEY_PAIR_GEN, 0),
    CURVE("P-224", ECC, 224, CKM_EC_KEY_PAIR_GEN, p224),
    CURVE("P-256", ECC, 256, CKM_EC_KEY_PAIR_GEN, p256),
    CURVE("P-384", ECC, 384, CKM_EC_KEY_PAIR_GEN, p384),
    CURVE("P-521", ECC, 521, CKM_EC_KEY_PAIR_GEN, p521),
    CURVE("Ed25519", ED25519, 256, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519),
    CURVE("X25519", X25519, 256, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519),
    OTHER("SM2", SM2, 256, HUKS_NUMBER(1), 0),
    OTHER("DSA", DSA, 1024, CKM_DSA_KEY_PAIR_GEN, 0),
    OTHER("DH", DH, 2048, CKM_DH_PKCS_KEY_PAIR_GEN, 0),
    OTHER("AES", AES, 256, CKM_AES_KEY_GEN, 32),
    OTHER("SM4", SM4, 128, HUKS_NUMBER(6), 0),
    OTHER("3DES", 3DES, 192, CKM_DES3_KEY_GEN, 0),
    OTHER("HMAC", HMAC, 256, CKM_GENERIC_SECRET_KEY_GEN, 32),
    OTHER("SM3", SM3, 256, 0, 32), /* PKCS #11 makes no keys for one digest alone */
};

static const struct kind *kind_of(const char *name)
{
    for (int i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    ck_abort_msg("no kind %s", name);
    return NULL;
}

/* Under the alias and label "key", at one door or the other. */
static void make_key(const char *name, uint32_t purposes, bool natively)
{
    const struct kind *kind = kind_of(name);
    CK_ULONG bits = kind->bits;

    if (natively) {
        OK(OH_Huks_GenerateKeyItem(NAME("key"),
                                   SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->alg},
                                       SIZE(kind->bits), PURPOSE(purposes)),
                                   NULL));
        initialise("legacy_mechanisms=true");
    } else {
        make_token();
        initialise("legacy_mechanisms=true");
    }
    CK_ULONG count = 1;
    RV(CKR_OK, p11->C_GetSlotList(CK_TRUE, &slot, &count));
    RV(CKR_OK, p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &cryptoki));
    if (natively) {
        return;
    }
    if (kind->params != NULL) {
        generate_pair(kind->made_by,
                      (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)(uintptr_t)kind->params, kind->size},
                      (purposes & AGREE) != 0);
    } else if (kind->alg == OH_HUKS_ALG_RSA) {
        generate_pair(kind->made_by, (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits}, false);
    } else if (kind->alg == OH_HUKS_ALG_SM2) {
        generate_pair(kind->made_by, (CK_ATTRIBUTE){0, NULL, 0}, false);
    } else if (kind->alg == OH_HUKS_ALG_DSA || kind->alg == OH_HUKS_ALG_DH) {
        copy_domain(kind->alg, kind->made_by);
    } else {
        generate_secret(kind->made_by, kind->size);
    }
}

static set *set_of(uint32_t alg, uint32_t purpose, const param *params, uint32_t most)
{
    param all[8] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, PURPOSE(purpose)};
    uint32_t count = 2;

    for (uint32_t i = 0; i < most && params[i].tag != 0; i++) {
        all[count++] = params[i];
    }
    return make_set(all, count);
}

static uint32_t run(set *params, const uint8_t *in, size_t size, uint8_t *to)
{
    struct session s;
    uint32_t room = 1024;

    OK(begin(&s, "key", params));
    OK(finish(&s, in, size, to, &room));
    return room;
}

/* ---- Signatures and MACs ------------------------------------------------------------------------------- */

static const struct signing {
    const char *kind;
    CK_MECHANISM_TYPE mechanism;
    void *param;
    CK_ULONG param_size;
    param use[3];
    size_t half; /* of a signature that is DER natively and r ‖ s in PKCS #11 */
    uint32_t mac;
} signings[] = {
    {"RSA", CKM_SHA256_RSA_PKCS, BARE, {DIGEST(SHA256), PADDING(PKCS1_V1_5)}, 0, 0},
    {"RSA", CKM_SHA512_RSA_PKCS, BARE, {DIGEST(SHA512), PADDING(PKCS1_V1_5)}, 0, 0},
    {"RSA",
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss),
     {DIGEST(SHA256), PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, OH_HUKS_RSA_PSS_SALT_LEN_DIGEST)},
     0,
     0},
    {"P-224", CKM_ECDSA_SHA224, BARE, {DIGEST(SHA224)}, 28, 0},
    {"P-256", CKM_ECDSA_SHA256, BARE, {DIGEST(SHA256)}, 32, 0},
    {"P-384", CKM_ECDSA_SHA384, BARE, {DIGEST(SHA384)}, 48, 0},
    {"P-521", CKM_ECDSA_SHA512, BARE, {DIGEST(SHA512)}, 66, 0},
    {"Ed25519", CKM_EDDSA, BARE, {DIGEST(NONE)}, 0, 0},
    {"SM2", HUKS_NUMBER(2), BARE, {DIGEST(SM3)}, 32, 0},
    {"DSA", CKM_DSA_SHA1, BARE, {DIGEST(SHA1)}, 20, 0},
    {"HMAC", CKM_SHA256_HMAC, BARE, {DIGEST(SHA256)}, 0, MAC},
    {"HMAC", CKM_SHA512_HMAC, BARE, {DIGEST(SHA512)}, 0, MAC},
    {"HMAC", HUKS_NUMBER(5), BARE, {DIGEST(SM3)}, 0, MAC},
    {"SM3", HUKS_NUMBER(5), BARE, {DIGEST(SM3)}, 0, MAC},
};

static void verify_natively(const struct signing *row, uint32_t alg, const uint8_t *signature, size_t size)
{
    struct session s;
    uint32_t nothing = 0;

    if (row->mac != 0) { /* a MAC is checked by making it */
        ck_assert_uint_eq(run(set_of(alg, MAC, row->use, 3), message, sizeof message, there), size);
        ck_assert_mem_eq(there, signature, size);
        return;
    }
    OK(begin(&s, "key", set_of(alg, VERIFY, row->use, 3)));
    OK(feed(&s, message, sizeof message));
    OK(finish(&s, signature, size, NULL, &nothing));
}

static void signs_at_both(const struct signing *row, bool natively)
{
    const struct kind *kind = kind_of(row->kind);
    CK_MECHANISM mechanism = {row->mechanism, row->param, row->param_size};
    CK_OBJECT_CLASS signer = row->mac != 0 ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
    CK_OBJECT_CLASS verifier = row->mac != 0 ? CKO_SECRET_KEY : CKO_PUBLIC_KEY;
    CK_ULONG size = sizeof here;
    uint32_t made;

    if (!offered(row->mechanism)) {
        return;
    }
    make_key(row->kind, row->mac != 0 ? MAC : SIGN | VERIFY, natively);
    RV(CKR_OK, p11->C_SignInit(cryptoki, &mechanism, find(signer, "key")));
    RV(CKR_OK, p11->C_Sign(cryptoki, message, sizeof message, here, &size));
    if (row->half != 0) {
        size = signature_to_der(here, row->half, there);
        memcpy(here, there, size);
    }
    verify_natively(row, kind->alg, here, size);
    made = run(set_of(kind->alg, row->mac != 0 ? MAC : SIGN, row->use, 3), message, sizeof message, here);
    size = made;
    if (row->half != 0) {
        size = signature_to_raw(here, made, row->half, there);
        memcpy(here, there, size);
    }
    RV(CKR_OK, p11->C_VerifyInit(cryptoki, &mechanism, find(verifier, "key")));
    RV(CKR_OK, p11->C_Verify(cryptoki, message, sizeof message, here, size));
}

START_TEST(native_keys_sign)
{
    signs_at_both(&signings[_i], true);
}
END_TEST

START_TEST(cryptoki_keys_sign)
{
    if (kind_of(signings[_i].kind)->made_by != 0) {
        signs_at_both(&signings[_i], false);
    }
}
END_TEST

/* ---- Encryption ---------------------------------------------------------------------------------------- */

static const struct crypting {
    const char *kind;
    CK_MECHANISM_TYPE mechanism;
    void *param;
    CK_ULONG param_size;
    param use[4];
    size_t size;
    uint32_t tag; /* behind the ciphertext */
} cryptings[] = {
    {"RSA", CKM_RSA_PKCS, BARE, {PADDING(PKCS1_V1_5)}, 100, 0},
    {"RSA", CKM_RSA_PKCS_OAEP, WITH(oaep), {PADDING(OAEP), DIGEST(SHA256)}, 62, 0},
    {"RSA", CKM_RSA_X_509, BARE, {PADDING(NONE)}, 128, 0},
    {"SM2", HUKS_NUMBER(3), BARE, {DIGEST(SM3)}, 100, 0},
    {"AES", CKM_AES_ECB, BARE, {MODE(ECB), PADDING(NONE)}, 256, 0},
    {"AES", CKM_AES_CBC, WITH(iv), {MODE(CBC), PADDING(NONE), BYTES(IV, iv, 16)}, 256, 0},
    {"AES", CKM_AES_CBC_PAD, WITH(iv), {MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16)}, 100, 0},
    {"AES", CKM_AES_CTR, WITH(ctr), {MODE(CTR), PADDING(NONE), BYTES(IV, iv, 16)}, 100, 0},
    {"AES", CKM_AES_GCM, WITH(gcm), {MODE(GCM), PADDING(NONE), BYTES(NONCE, iv, 12)}, 100, 16},
    {"SM4", HUKS_NUMBER(7), BARE, {MODE(ECB), PADDING(NONE)}, 256, 0},
    {"SM4", HUKS_NUMBER(8), WITH(iv), {MODE(CBC), PADDING(NONE), BYTES(IV, iv, 16)}, 256, 0},
    {"SM4", HUKS_NUMBER(9), WITH(iv), {MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16)}, 100, 0},
    {"SM4", HUKS_NUMBER(10), WITH(ctr), {MODE(CTR), PADDING(NONE), BYTES(IV, iv, 16)}, 100, 0},
    {"SM4", HUKS_NUMBER(11), WITH(iv), {MODE(CFB), PADDING(NONE), BYTES(IV, iv, 16)}, 100, 0},
    {"SM4", HUKS_NUMBER(12), WITH(iv), {MODE(OFB), PADDING(NONE), BYTES(IV, iv, 16)}, 100, 0},
    {"3DES", CKM_DES3_ECB, BARE, {MODE(ECB), PADDING(NONE)}, 256, 0},
    {"3DES", CKM_DES3_CBC, iv, 8, {MODE(CBC), PADDING(NONE), BYTES(IV, iv, 8)}, 256, 0},
};

static void crypts_at_both(const struct crypting *row, bool natively)
{
    const struct kind *kind = kind_of(row->kind);
    CK_MECHANISM mechanism = {row->mechanism, row->param, row->param_size};
    bool pair = strcmp(row->kind, "RSA") == 0 || strcmp(row->kind, "SM2") == 0;
    CK_ULONG size = sizeof here;
    CK_OBJECT_HANDLE key;
    param use[5];
    uint32_t made;

    if (!offered(row->mechanism)) {
        return;
    }
    make_key(row->kind, ENCRYPT | DECRYPT, natively);
    memcpy(use, row->use, sizeof row->use);
    memset(&use[4], 0, sizeof use[4]);
    /* PKCS #11 encrypts, the native door decrypts. */
    key = find(pair ? CKO_PUBLIC_KEY : CKO_SECRET_KEY, "key");
    RV(CKR_OK, p11->C_EncryptInit(cryptoki, &mechanism, key));
    RV(CKR_OK, p11->C_Encrypt(cryptoki, message, row->size, here, &size));
    if (row->tag != 0) {
        use[3] = (param)BYTES(AE_TAG, here + size - row->tag, row->tag);
    }
    ck_assert_uint_eq(run(set_of(kind->alg, DECRYPT, use, 5), here, size - row->tag, there), row->size);
    ck_assert_mem_eq(there, message, row->size);
    /* And the other way. */
    memset(&use[3], 0, sizeof use[3]);
    made = run(set_of(kind->alg, ENCRYPT, use, 5), message, row->size, here);
    size = sizeof there;
    key = find(pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, "key");
    RV(CKR_OK, p11->C_DecryptInit(cryptoki, &mechanism, key));
    RV(CKR_OK, p11->C_Decrypt(cryptoki, here, made, there, &size));
    ck_assert_uint_eq(size, row->size);
    ck_assert_mem_eq(there, message, row->size);
}

START_TEST(native_keys_encrypt)
{
    crypts_at_both(&cryptings[_i], true);
}
END_TEST

START_TEST(cryptoki_keys_encrypt)
{
    crypts_at_both(&cryptings[_i], false);
}
END_TEST

/* ---- Agreement and derivation -------------------------------------------------------------------------- */

static const struct agreeing {
    const char *kind;
    uint32_t word;
    CK_ULONG size;
} agreements[] = {
    {"P-224", OH_HUKS_ALG_ECDH, 28}, {"P-256", OH_HUKS_ALG_ECDH, 32},    {"P-384", OH_HUKS_ALG_ECDH, 48},
    {"P-521", OH_HUKS_ALG_ECDH, 66}, {"X25519", OH_HUKS_ALG_X25519, 32}, {"DH", OH_HUKS_ALG_DH, 256},
};

static void agrees_at_both(const struct agreeing *row, bool natively)
{
    const struct kind *kind = kind_of(row->kind);
    CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, 0, NULL};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &ecdh, sizeof ecdh};
    uint8_t bytes[2048], value[600];
    blob peer = ROOM(bytes);
    uint32_t room = sizeof here;
    struct session s;

    make_key(row->kind, AGREE, natively);
    /* The peer's key is a native one; both doors give the same secret with it. */
    OK(OH_Huks_GenerateKeyItem(
        NAME("peer"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->alg}, SIZE(kind->bits), PURPOSE(AGREE)),
        NULL));
    OK(OH_Huks_ExportPublicKeyItem(NAME("peer"), NULL, &peer));
    OK(begin(
        &s, "key",
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = row->word}, PURPOSE(AGREE), SIZE(kind->bits))));
    OK(feed(&s, peer.data, peer.size));
    OK(finish(&s, NULL, 0, here, &room));
    ck_assert_uint_eq(room, row->size);
    if (kind->alg == OH_HUKS_ALG_DH) {
        mechanism = (CK_MECHANISM){CKM_DH_PKCS_DERIVE, value,
                                   get(find(CKO_PUBLIC_KEY, "peer"), CKA_VALUE, value, sizeof value)};
    } else {
        ecdh.ulPublicDataLen = get(find(CKO_PUBLIC_KEY, "peer"), CKA_EC_POINT, value, sizeof value);
        ecdh.pPublicData = value;
    }
    derive_openly(&mechanism, find(CKO_PRIVATE_KEY, "key"), there, row->size);
    ck_assert_mem_eq(here, there, row->size);
}

START_TEST(native_keys_agree)
{
    agrees_at_both(&agreements[_i], true);
}
END_TEST

START_TEST(cryptoki_keys_agree)
{
    agrees_at_both(&agreements[_i], false);
}
END_TEST

static const struct deriving {
    const char *kind;
    CK_MECHANISM_TYPE hash;
    param digest;
} derivings[] = {
    {"AES", CKM_SHA256, DIGEST(SHA256)},
    {"AES", CKM_SHA384, DIGEST(SHA384)},
    {"AES", CKM_SHA512, DIGEST(SHA512)},
    {"SM4", HUKS_NUMBER(4), DIGEST(SM3)},
};

static void derives_at_both(const struct deriving *row, bool natively)
{
    struct hkdf_params hkdf = {CK_TRUE, CK_TRUE, row->hash, CKF_HKDF_SALT_NULL, NULL, 0, 0, message, 20};
    CK_MECHANISM mechanism = {CKM_HKDF_DERIVE, &hkdf, sizeof hkdf};
    uint32_t room = sizeof here;
    struct session s;

    if (!offered(row->hash)) {
        return;
    }
    make_key(row->kind, DERIVE, natively);
    OK(begin(
        &s, "key",
        SET(ALG(HKDF), PURPOSE(DERIVE), row->digest, NUMBER(DERIVE_KEY_SIZE, 48), BYTES(INFO, message, 20))));
    OK(feed(&s, NULL, 0));
    OK(finish(&s, NULL, 0, here, &room));
    derive_openly(&mechanism, find(CKO_SECRET_KEY, "key"), there, 48);
    ck_assert_uint_eq(room, 48);
    ck_assert_mem_eq(here, there, 48);
}

START_TEST(native_keys_derive)
{
    derives_at_both(&derivings[_i], true);
}
END_TEST

START_TEST(cryptoki_keys_derive)
{
    derives_at_both(&derivings[_i], false);
}
END_TEST

/* A key of HUKS's for SM3 is one for no other hash. */
START_TEST(one_hash_alone)
{
    if (!offered(HUKS_NUMBER(5))) {
        return;
    }
    make_key("SM3", MAC, true);
    RV(CKR_KEY_TYPE_INCONSISTENT, p11->C_SignInit(cryptoki, M(CKM_SHA256_HMAC), find(CKO_SECRET_KEY, "key")));
}
END_TEST

/* ---- What HUKS has no number for ----------------------------------------------------------------------- */

START_TEST(beyond_huks)
{
    static const CK_BYTE ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71};
    static const CK_BYTE secp256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
    uint8_t signature[100];
    uint32_t room = sizeof signature;
    struct session s;

    make_token();
    enter();
    generate_pair(CKM_EC_EDWARDS_KEY_PAIR_GEN,
                  (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)(uintptr_t)ed448, sizeof ed448}, false);
    EXPECT(12000001, "The algorithm is not supported.",
           begin(&s, "key", SET(ALG(ED25519), PURPOSE(SIGN), DIGEST(NONE))));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    /* A curve needs no number. */
    generate_pair(CKM_EC_KEY_PAIR_GEN,
                  (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)(uintptr_t)secp256k1, sizeof secp256k1}, false);
    OK(begin(&s, "key", SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256))));
    OK(finish(&s, message, 32, signature, &room));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("algorithms at both doors");
    TCase *tcase = doors_tcase(suite, "algorithms");

    if (!doors_open()) {
        return 99; /* never a skip */
    }
    for (size_t i = 1; i < sizeof message; i++) { /* begins with 0: below a modulus */
        message[i] = (CK_BYTE)(i * 7);
    }
    tcase_add_loop_test(tcase, native_keys_sign, 0, COUNT(signings));
    tcase_add_loop_test(tcase, cryptoki_keys_sign, 0, COUNT(signings));
    tcase_add_loop_test(tcase, native_keys_encrypt, 0, COUNT(cryptings));
    tcase_add_loop_test(tcase, cryptoki_keys_encrypt, 0, COUNT(cryptings));
    tcase_add_loop_test(tcase, native_keys_agree, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, cryptoki_keys_agree, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, native_keys_derive, 0, COUNT(derivings));
    tcase_add_loop_test(tcase, cryptoki_keys_derive, 0, COUNT(derivings));
    tcase_add_test(tcase, one_hash_alone);
    tcase_add_test(tcase, beyond_huks);
    return native_run(suite);
}
