/*
 * Two doors, one keystore: what one makes, uses or deletes, the other finds as it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "doors.h"

#define LIMIT 15

static const uint8_t message[32] = "the same message for both doors";
static uint8_t out[1024];
/* ---- From native to PKCS #11 --------------------------------------------------------------------------- */

static void check_identity(const char *alias, const uint8_t *value, size_t size)
{
    uint8_t hash[20], id[64];
    static const CK_OBJECT_CLASS classes[] = {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY};

    SHA1(value, size, hash);
    for (int i = 0; i < 2; i++) {
        CK_OBJECT_HANDLE object = find(classes[i], alias);

        ck_assert_uint_eq(get(object, CKA_ID, id, sizeof id), 20);
        ck_assert_mem_eq(id, hash, 20);
        ck_assert_uint_eq(get(object, CKA_HUKS_ALIAS_, id, sizeof id), strlen(alias));
        ck_assert_mem_eq(id, alias, strlen(alias));
        ck_assert(truth(object, CKA_TOKEN) && truth(object, CKA_LOCAL));
    }
}

static void check_private(const char *alias, CK_OBJECT_CLASS class)
{
    CK_OBJECT_HANDLE key = find(class, alias);

    ck_assert(truth(key, CKA_SENSITIVE) && truth(key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!truth(key, CKA_EXTRACTABLE) && truth(key, CKA_NEVER_EXTRACTABLE));
    ck_assert(truth(key, CKA_PRIVATE)); /* CE, the default */
}

static struct OH_Huks_Result native_verify(const char *alias, set *params, const uint8_t *signature,
                                           size_t size)
{
    struct session s;
    uint32_t nothing = 0;

    OK(begin(&s, alias, params));
    OK(feed(&s, message, sizeof message));
    return finish(&s, signature, size, NULL, &nothing);
}

static EVP_PKEY *exported(const char *alias)
{
    uint8_t bytes[600];
    const uint8_t *at = bytes;
    blob key = ROOM(bytes);
    EVP_PKEY *parsed;

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    parsed = d2i_PUBKEY(NULL, &at, key.size);
    ck_assert(parsed != NULL);
    return parsed;
}

static bool openssl_verifies(EVP_PKEY *key, const uint8_t *signature, size_t size)
{
    EVP_MD_CTX *hashing = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(hashing, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(hashing, signature, size, message, sizeof message) == 1;

    EVP_MD_CTX_free(hashing);
    EVP_PKEY_free(key);
    return good;
}

START_TEST(native_rsa_through_cryptoki)
{
    CK_ULONG size = sizeof out;
    uint8_t modulus[256];

    OK(OH_Huks_GenerateKeyItem(
        NAME("my rsa"),
        SET(ALG(RSA), SIZE(2048), PURPOSE(SIGN | VERIFY), DIGEST(SHA256), PADDING(PKCS1_V1_5)), NULL));
    enter();
    get(find(CKO_PUBLIC_KEY, "my rsa"), CKA_MODULUS, modulus, sizeof modulus);
    check_identity("my rsa", modulus, sizeof modulus);
    check_private("my rsa", CKO_PRIVATE_KEY);
    RV(CKR_OK, p11->C_SignInit(cryptoki, M(CKM_SHA256_RSA_PKCS), find(CKO_PRIVATE_KEY, "my rsa")));
    RV(CKR_OK, p11->C_Sign(cryptoki, (CK_BYTE *)(uintptr_t)message, sizeof message, out, &size));
    ck_assert(openssl_verifies(exported("my rsa"), out, size));
    OK(native_verify("my rsa", SET(ALG(RSA), PURPOSE(VERIFY), DIGEST(SHA256), PADDING(PKCS1_V1_5)), out,
                     size));
}
END_TEST

START_TEST(native_ecc_through_cryptoki)
{
    CK_ULONG size = sizeof out;
    uint8_t point[100], der[80];
    CK_ULONG point_size;
    size_t der_size;

    OK(OH_Huks_GenerateKeyItem(NAME("my ecc"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY)), NULL));
    enter();
    point_size = get(find(CKO_PUBLIC_KEY, "my ecc"), CKA_EC_POINT, point, sizeof point);
    ck_assert_uint_eq(point_size, 67); /* an octet string; its content is the public value */
    check_identity("my ecc", point + 2, 65);
    check_private("my ecc", CKO_PRIVATE_KEY);
    RV(CKR_OK, p11->C_SignInit(cryptoki, M(CKM_ECDSA_SHA256), find(CKO_PRIVATE_KEY, "my ecc")));
    RV(CKR_OK, p11->C_Sign(cryptoki, (CK_BYTE *)(uintptr_t)message, sizeof message, out, &size));
    ck_assert_uint_eq(size, 64);
    der_size = signature_to_der(out, 32, der);
    ck_assert(openssl_verifies(exported("my ecc"), der, der_size));
    OK(native_verify("my ecc", SET(ALG(ECC), PURPOSE(VERIFY), DIGEST(SHA256)), der, der_size));
}
END_TEST

START_TEST(native_aes_through_cryptoki)
{
    static uint8_t iv[16] = {9, 8, 7};
    CK_MECHANISM cbc = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_OBJECT_HANDLE key;
    CK_ULONG size = sizeof out;
    uint8_t hash[20], id[20], plain[64];
    uint32_t room = sizeof plain;
    struct session s;

    OK(OH_Huks_GenerateKeyItem(NAME("my aes"), SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT)), NULL));
    enter();
    key = find(CKO_SECRET_KEY, "my aes");
    SHA1((const uint8_t *)"my aes", 6, hash); /* a secret key has no public value */
    ck_assert_uint_eq(get(key, CKA_ID, id, sizeof id), 20);
    ck_assert_mem_eq(id, hash, 20);
    check_private("my aes", CKO_SECRET_KEY);
    RV(CKR_OK, p11->C_EncryptInit(cryptoki, &cbc, key));
    RV(CKR_OK, p11->C_Encrypt(cryptoki, (CK_BYTE *)(uintptr_t)message, sizeof message, out, &size));
    OK(begin(&s, "my aes", SET(ALG(AES), PURPOSE(DECRYPT), MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16))));
    OK(finish(&s, out, size, plain, &room));
    ck_assert_uint_eq(room, sizeof message);
    ck_assert_mem_eq(plain, message, sizeof message);
}
END_TEST

START_TEST(level_decides_who_sees)
{
    OK(OH_Huks_GenerateKeyItem(NAME("de"), SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), LEVEL(DE)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("ece"), SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), LEVEL(ECE)), NULL));
    enter();
    ck_assert(!truth(find(CKO_SECRET_KEY, "de"), CKA_PRIVATE));
    ck_assert(truth(find(CKO_SECRET_KEY, "ece"), CKA_PRIVATE));
}
END_TEST

/* ---- From PKCS #11 to native --------------------------------------------------------------------------- */

static void generate_pair(const char *alias, CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
    static uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_ATTRIBUTE theirs[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1}, {CKA_EC_PARAMS, p256, sizeof p256}};
    CK_ATTRIBUTE ours[] = {{CKA_TOKEN, &yes, 1},
                           {CKA_SIGN, &yes, 1},
                           {CKA_HUKS_ALIAS_, (void *)(uintptr_t)alias, strlen(alias)}};

    RV(CKR_OK, p11->C_GenerateKeyPair(cryptoki, M(CKM_EC_KEY_PAIR_GEN), theirs, 3, ours, 3, public, private));
}

static struct OH_Huks_Result native_sign(const char *alias, uint8_t *signature, uint32_t *size)
{
    struct session s;
    struct OH_Huks_Result result = begin(&s, alias, SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256)));

    return result.errorCode != 0 ? result : finish(&s, message, sizeof message, signature, size);
}

START_TEST(cryptoki_pair_through_native)
{
    CK_OBJECT_HANDLE public, private;
    uint32_t size = sizeof out;
    struct OH_Huks_KeyAliasSet *aliases = NULL;

    make_token();
    enter();
    generate_pair("from cryptoki", &public, &private);
    OK(OH_Huks_IsKeyItemExist(NAME("from cryptoki"), NULL));
    OK(native_sign("from cryptoki", out, &size));
    ck_assert(openssl_verifies(exported("from cryptoki"), out, size));
    OK(native_verify("from cryptoki", SET(ALG(ECC), PURPOSE(VERIFY), DIGEST(SHA256)), out, size));
    OK(OH_Huks_ListAliases(no_params(), &aliases)); /* a pair counts once */
    ck_assert_uint_eq(aliases->aliasesCnt, 1);
    OH_Huks_FreeKeyAliasSet(aliases);
    /* Taken is taken, whichever door asks. */
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_GenerateKeyItem(NAME("from cryptoki"),
                                   SET(ALG(ECC), SIZE(256), PURPOSE(SIGN), TRUTH(KEY_OVERRIDE, false)),
                                   NULL));
}
END_TEST

static const uint8_t known[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void import(const char *alias, CK_KEY_TYPE type)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_TOKEN, &yes, 1},
                        {CKA_SIGN, &yes, 1},
                        {CKA_HUKS_ALIAS_, (void *)(uintptr_t)alias, strlen(alias)},
                        {CKA_VALUE, (void *)(uintptr_t)known, sizeof known}};

    RV(CKR_OK, p11->C_CreateObject(cryptoki, t, 6, &key));
}

static const struct mode {
    const char *name;
    uint32_t mode, padding;
    uint32_t extra; /* bytes that come out beyond what OpenSSL gives as text */
} modes[] = {
    {"AES-256-ECB", OH_HUKS_MODE_ECB, OH_HUKS_PADDING_NONE, 0},
    {"AES-256-CBC", OH_HUKS_MODE_CBC, OH_HUKS_PADDING_PKCS7, 0},
    {"AES-256-CTR", OH_HUKS_MODE_CTR, OH_HUKS_PADDING_NONE, 0},
    {"AES-256-GCM", OH_HUKS_MODE_GCM, OH_HUKS_PADDING_NONE, 16},
};

/* A key whose value is known: the native door computes what OpenSSL does. */
START_TEST(known_aes_natively)
{
    static const uint8_t iv[16] = {3, 1, 4, 1, 5, 9};

    make_token();
    enter();
    import("known", CKK_AES);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        const struct mode *m = &modes[i];
        EVP_CIPHER_CTX *with = EVP_CIPHER_CTX_new();
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, m->name, NULL);
        uint8_t wanted[80];
        int first, last;
        uint32_t size = sizeof out;
        struct session s;

        ck_assert(EVP_EncryptInit_ex2(with, cipher, known, iv, NULL) == 1);
        EVP_CIPHER_CTX_set_padding(with, m->padding == OH_HUKS_PADDING_PKCS7);
        ck_assert(EVP_EncryptUpdate(with, wanted, &first, message, sizeof message) == 1);
        ck_assert(EVP_EncryptFinal_ex(with, wanted + first, &last) == 1);
        if (m->extra > 0) {
            ck_assert(EVP_CIPHER_CTX_ctrl(with, EVP_CTRL_AEAD_GET_TAG, 16, wanted + first + last) == 1);
        }
        EVP_CIPHER_free(cipher);
        EVP_CIPHER_CTX_free(with);

        OK(begin(&s, "known",
                 SET(ALG(AES), PURPOSE(ENCRYPT), {.tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = m->mode},
                     {.tag = OH_HUKS_TAG_PADDING, .uint32Param = m->padding}, BYTES(IV, iv, 16),
                     BYTES(NONCE, iv, 12))));
        OK(finish(&s, message, sizeof message, out, &size));
        ck_assert_uint_eq(size, (uint32_t)(first + last) + m->extra);
        ck_assert_mem_eq(out, wanted, size);
    }
}
END_TEST

START_TEST(known_hmac_natively)
{
    uint8_t wanted[64];
    unsigned wanted_size = sizeof wanted;
    uint32_t size = sizeof out;
    struct session s;

    make_token();
    enter();
    import("known", CKK_GENERIC_SECRET);
    ck_assert(HMAC(EVP_sha256(), known, sizeof known, message, sizeof message, wanted, &wanted_size) != NULL);
    OK(begin(&s, "known", SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256))));
    OK(finish(&s, message, sizeof message, out, &size));
    ck_assert_uint_eq(size, wanted_size);
    ck_assert_mem_eq(out, wanted, size);
}
END_TEST

/* A certificate is for keys that never leave, whichever door made them and whichever asks. */
START_TEST(attested_natively)
{
    static uint8_t bytes[4][4096];
    blob certs[] = {ROOM(bytes[0]), ROOM(bytes[1]), ROOM(bytes[2]), ROOM(bytes[3])};
    struct OH_Huks_CertChain chain = {certs, 4};
    set *params = SET(BYTES(ATTESTATION_CHALLENGE, message, sizeof message));
    CK_OBJECT_HANDLE public, private;
    static uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_ATTRIBUTE theirs[] = {{CKA_TOKEN, &yes, 1}, {CKA_EC_PARAMS, p256, sizeof p256}};
    CK_ATTRIBUTE ours[] = {
        {CKA_TOKEN, &yes, 1}, {CKA_EXTRACTABLE, &yes, 1}, {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "leaves", 6}};

    make_token();
    enter();
    generate_pair("stays", &public, &private);
    OK(OH_Huks_AttestKeyItem(NAME("stays"), params, &chain));
    ck_assert_uint_eq(chain.certsCount, 4);
    RV(CKR_OK,
       p11->C_GenerateKeyPair(cryptoki, M(CKM_EC_KEY_PAIR_GEN), theirs, 2, ours, 3, &public, &private));
    EXPECT(12000003, "Invalid key: only one that never leaves is attested.",
           OH_Huks_AttestKeyItem(NAME("leaves"), params, &chain));
}
END_TEST

/* ---- Deleting ------------------------------------------------------------------------------------------ */

START_TEST(deleted_natively)
{
    CK_OBJECT_HANDLE public, private;
    CK_BYTE label[16];
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, sizeof label};

    OK(OH_Huks_GenerateKeyItem(NAME("native"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY)), NULL));
    enter();
    generate_pair("cryptoki", &public, &private);
    OK(OH_Huks_DeleteKeyItem(NAME("native"), NULL));
    ck_assert_uint_eq(find_all(CKO_PRIVATE_KEY, "native", NULL), 0);
    ck_assert_uint_eq(find_all(CKO_PUBLIC_KEY, "native", NULL), 0);
    OK(OH_Huks_DeleteKeyItem(NAME("cryptoki"), NULL)); /* both halves, whoever made them */
    REFUSED(CKR_OBJECT_HANDLE_INVALID, 12000011, TEXT_ENTITY,
            p11->C_GetAttributeValue(cryptoki, private, &attribute, 1));
    REFUSED(CKR_OBJECT_HANDLE_INVALID, 12000011, TEXT_ENTITY,
            p11->C_GetAttributeValue(cryptoki, public, &attribute, 1));
    REFUSED(CKR_KEY_HANDLE_INVALID, 12000011, TEXT_ENTITY,
            p11->C_SignInit(cryptoki, M(CKM_ECDSA_SHA256), private));
}
END_TEST

START_TEST(destroyed_through_cryptoki)
{
    uint32_t size = sizeof out;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY)), NULL));
    enter();
    RV(CKR_OK, p11->C_DestroyObject(cryptoki, find(CKO_PUBLIC_KEY, "key"))); /* one half */
    ck_assert_uint_eq(find_all(CKO_PRIVATE_KEY, "key", NULL), 1);
    OK(OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    OK(native_sign("key", out, &size));
    RV(CKR_OK, p11->C_DestroyObject(cryptoki, find(CKO_PRIVATE_KEY, "key")));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    EXPECT(12000011, TEXT_ENTITY, native_sign("key", out, &size));
}
END_TEST

/* Certificates and data are nobody's keys. */
START_TEST(data_is_no_key)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_OBJECT_HANDLE object;
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_TOKEN, &yes, 1},
                        {CKA_LABEL, (void *)(uintptr_t) "data", 4},
                        {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "data", 4}};

    make_token();
    enter();
    RV(CKR_OK, p11->C_CreateObject(cryptoki, t, 4, &object));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("data"), NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_DeleteKeyItem(NAME("data"), NULL));
    for (int level = 0; level < 3; level++) {
        OK(OH_Huks_ListAliases(SET(NUMBER(AUTH_STORAGE_LEVEL, (uint32_t)level)), &aliases));
        ck_assert(aliases == NULL);
    }
}
END_TEST

/* ---- The limit and the PIN ----------------------------------------------------------------------------- */

static void makes_key(void)
{
    set *params = SET(ALG(ECC), SIZE(256), PURPOSE(SIGN));

    CHILD(OH_Huks_GenerateKeyItem(NAME("key"), params, NULL).errorCode == 0);
}

START_TEST(one_limit_for_both)
{
    struct session native[LIMIT];
    CK_SESSION_HANDLE others[LIMIT];
    CK_OBJECT_HANDLE key;
    set *signing = SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256));
    CK_ULONG count = 1;

    configure("session_wait_ms = 0\n");
    in_child(makes_key); /* the store is there before anybody counts */
    initialise("session_wait_ms=0");
    RV(CKR_OK, p11->C_GetSlotList(CK_TRUE, &slot, &count));
    RV(CKR_OK, p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &cryptoki));
    key = find(CKO_PRIVATE_KEY, "key");
    for (int i = 0; i < 10; i++) {
        OK(begin(&native[i], "key", signing));
    }
    for (int i = 0; i < 5; i++) {
        RV(CKR_OK, p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &others[i]));
        RV(CKR_OK, p11->C_SignInit(others[i], M(CKM_ECDSA_SHA256), key));
    }
    REFUSED(CKR_SESSION_COUNT, 12000010, TEXT_LIMIT, p11->C_SignInit(cryptoki, M(CKM_ECDSA_SHA256), key));
    EXPECT(12000010, TEXT_LIMIT, begin(&native[10], "key", signing));
    RV(CKR_OK, p11->C_SignInit(others[0], NULL, 0));
    OK(begin(&native[10], "key", signing));
    REFUSED(CKR_SESSION_COUNT, 12000010, TEXT_LIMIT, p11->C_SignInit(cryptoki, M(CKM_ECDSA_SHA256), key));
    OK(stop(&native[0]));
    RV(CKR_OK, p11->C_SignInit(cryptoki, M(CKM_ECDSA_SHA256), key));
    for (int i = 1; i <= 10; i++) {
        OK(stop(&native[i]));
    }
}
END_TEST

START_TEST(pin_shuts_what_is_private)
{
    CK_UTF8CHAR label[32];
    CK_ULONG count = 8;
    CK_SLOT_ID slots[8];
    set *params = SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT));
    set *de = SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), LEVEL(DE));
    static const char text[] = "Permission check failed. Apply for the required permissions first.";
    CK_UTF8CHAR so_pin[] = "so-secret-1", pin[] = "user-secret-1";
    struct OH_Huks_KeyAliasSet *aliases = NULL;

    memset(label, ' ', sizeof label);
    memcpy(label, "HUKS", 4);
    initialise(NULL);
    RV(CKR_OK, p11->C_GetSlotList(CK_FALSE, slots, &count));
    RV(CKR_OK, p11->C_InitToken(slots[0], so_pin, sizeof so_pin - 1, label));
    RV(CKR_OK, p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &cryptoki));
    RV(CKR_OK, p11->C_Login(cryptoki, CKU_SO, so_pin, sizeof so_pin - 1));
    RV(CKR_OK, p11->C_InitPIN(cryptoki, pin, sizeof pin - 1));
    EXPECT(201, text, OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
    EXPECT(201, text, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    EXPECT(201, text, OH_Huks_DeleteKeyItem(NAME("key"), SET(LEVEL(ECE))));
    EXPECT(201, text, OH_Huks_ListAliases(no_params(), &aliases));
    OK(OH_Huks_GenerateKeyItem(NAME("key"), de, NULL)); /* the device's class is open */
    OK(OH_Huks_IsKeyItemExist(NAME("key"), de));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("doors");
    TCase *tcase = doors_tcase(suite, "doors");

    if (!doors_open()) {
        return 99; /* never a skip */
    }
    tcase_add_test(tcase, native_rsa_through_cryptoki);
    tcase_add_test(tcase, native_ecc_through_cryptoki);
    tcase_add_test(tcase, native_aes_through_cryptoki);
    tcase_add_test(tcase, level_decides_who_sees);
    tcase_add_test(tcase, cryptoki_pair_through_native);
    tcase_add_test(tcase, known_aes_natively);
    tcase_add_test(tcase, known_hmac_natively);
    tcase_add_test(tcase, attested_natively);
    tcase_add_test(tcase, deleted_natively);
    tcase_add_test(tcase, destroyed_through_cryptoki);
    tcase_add_test(tcase, data_is_no_key);
    tcase_add_test(tcase, one_limit_for_both);
    tcase_add_test(tcase, pin_shuts_what_is_private);
    return native_run(suite);
}
