/*
 * OH_Huks_ImportKeyItem: every form of every algorithm's keys, with bare OpenSSL on the other side.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "material.h"
#include "native.h"

#define PUBLIC NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_PUBLIC_KEY)
#define PAIR   NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR)

static const uint8_t message[] = "what is signed on one side and verified on the other";

/* ---- Keys that sign ------------------------------------------------------------------------------------ */

static const struct signing {
    uint32_t alg, bits, digest, padding;
    const char *openssl_digest; /* NULL: the algorithm's own */
} signing[] = {
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_DIGEST_SHA256, OH_HUKS_PADDING_PKCS1_V1_5, "SHA256"},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA512, OH_HUKS_PADDING_PKCS1_V1_5, "SHA512"},
    {OH_HUKS_ALG_ECC, 224, OH_HUKS_DIGEST_SHA224, OH_HUKS_PADDING_NONE, "SHA224"},
    {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA256, OH_HUKS_PADDING_NONE, "SHA256"},
    {OH_HUKS_ALG_ECC, 384, OH_HUKS_DIGEST_SHA384, OH_HUKS_PADDING_NONE, "SHA384"},
    {OH_HUKS_ALG_ECC, 521, OH_HUKS_DIGEST_SHA512, OH_HUKS_PADDING_NONE, "SHA512"},
    {OH_HUKS_ALG_DSA, 1024, OH_HUKS_DIGEST_SHA1, OH_HUKS_PADDING_NONE, "SHA1"},
    {OH_HUKS_ALG_ED25519, 256, OH_HUKS_DIGEST_NONE, OH_HUKS_PADDING_NONE, NULL},
};

static param tag(uint32_t name, uint32_t value)
{
    return (param){.tag = name, .uint32Param = value};
}

static set *import_set(const struct signing *row, uint32_t purpose, uint32_t type)
{
    return SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), tag(OH_HUKS_TAG_KEY_SIZE, row->bits),
               tag(OH_HUKS_TAG_PURPOSE, purpose), tag(OH_HUKS_TAG_DIGEST, row->digest),
               tag(OH_HUKS_TAG_PADDING, row->padding), tag(OH_HUKS_TAG_IMPORT_KEY_TYPE, type));
}

static set *use_set(const struct signing *row, uint32_t purpose)
{
    return SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), tag(OH_HUKS_TAG_PURPOSE, purpose),
               tag(OH_HUKS_TAG_DIGEST, row->digest), tag(OH_HUKS_TAG_PADDING, row->padding));
}

static uint32_t sign_here(const char *alias, const struct signing *row, uint8_t *signature, uint32_t room)
{
    struct session session;

    OK(begin(&session, alias, use_set(row, SIGN)));
    OK(feed(&session, message, sizeof message));
    OK(finish(&session, NULL, 0, signature, &room));
    return room;
}

static void verify_here(const char *alias, const struct signing *row, const uint8_t *signature, uint32_t size)
{
    struct session session;
    uint32_t none = 0;

    OK(begin(&session, alias, use_set(row, VERIFY)));
    OK(feed(&session, message, sizeof message));
    OK(finish(&session, signature, size, NULL, &none));
}

static void verify_there(EVP_PKEY *key, const struct signing *row, const uint8_t *signature, uint32_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    ck_assert(EVP_DigestVerifyInit_ex(context, NULL, row->openssl_digest, NULL, NULL, key, NULL) == 1);
    ck_assert_int_eq(EVP_DigestVerify(context, signature, size, message, sizeof message), 1);
    EVP_MD_CTX_free(context);
}

static uint32_t sign_there(EVP_PKEY *key, const struct signing *row, uint8_t *signature, size_t room)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    ck_assert(EVP_DigestSignInit_ex(context, NULL, row->openssl_digest, NULL, NULL, key, NULL) == 1);
    ck_assert(EVP_DigestSign(context, signature, &room, message, sizeof message) == 1);
    EVP_MD_CTX_free(context);
    return (uint32_t)room;
}

static void check_export(const char *alias, const struct material *expected)
{
    uint8_t bytes[2048];
    blob key = ROOM(bytes);

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    ck_assert_uint_eq(key.size, expected->size);
    ck_assert_mem_eq(bytes, expected->bytes, key.size);
}

static uint32_t told(const char *alias, uint32_t name)
{
    _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;
    param *found = NULL;

    out->paramSetSize = sizeof space;
    OK(OH_Huks_GetKeyItemParamSet(NAME(alias), NULL, out));
    OK(OH_Huks_GetParam(out, name, &found));
    return found->uint32Param;
}

START_TEST(keys_that_sign)
{
    const struct signing *row = &signing[_i];
    EVP_PKEY *key = openssl_key(row->alg, row->bits);
    struct material public, given;
    uint8_t signature[512], bytes[2048];
    uint32_t size;

    public_bytes(key, row->alg, &public);
    OK(OH_Huks_ImportKeyItem(NAME("public"), import_set(row, VERIFY, 0), GIVEN(public)));
    check_export("public", &public);
    size = sign_there(key, row, signature, sizeof signature);
    verify_here("public", row, signature, size);
    EXPECT(401, TEXT_INVALID, begin(&(struct session){0}, "public", use_set(row, SIGN)));

    private_material(key, row->alg, row->bits, true, &given);
    OK(OH_Huks_ImportKeyItem(NAME("pair"), import_set(row, SIGN | VERIFY, 2), GIVEN(given)));
    check_export("pair", &public);
    size = sign_here("pair", row, signature, sizeof signature);
    verify_there(key, row, signature, size);
    verify_here("pair", row, signature, size);
    verify_here("public", row, signature, size);

    private_material(key, row->alg, row->bits, false, &given);
    OK(OH_Huks_ImportKeyItem(NAME("private"), import_set(row, SIGN, 1), GIVEN(given)));
    size = sign_here("private", row, signature, sizeof signature);
    verify_there(key, row, signature, size);
    EXPECT(401, TEXT_INVALID, begin(&(struct session){0}, "private", use_set(row, VERIFY)));
    if (row->alg == OH_HUKS_ALG_RSA) { /* n and e came with it */
        check_export("private", &public);
    } else {
        EXPECT(12000001, "The export of a key that came without its public half is not supported.",
               OH_Huks_ExportPublicKeyItem(NAME("private"), NULL, &(blob)ROOM(bytes)));
    }
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"public", "pair", "private"};
        static const uint32_t purposes[] = {VERIFY, SIGN | VERIFY, SIGN};

        ck_assert_uint_eq(told(names[i], OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_IMPORT_KEY);
        ck_assert_uint_eq(told(names[i], OH_HUKS_TAG_PURPOSE), purposes[i]);
        ck_assert_uint_eq(told(names[i], OH_HUKS_TAG_ALGORITHM), row->alg);
        ck_assert_uint_eq(told(names[i], OH_HUKS_TAG_KEY_SIZE), row->bits);
    }
    EVP_PKEY_free(key);
}
END_TEST

/* Signatures with SM2 are hashed together with the signer's name. */
static EVP_MD_CTX *sm2_context(EVP_PKEY *key, bool sign)
{
    static const char name[] = "1234567812345678";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = EVP_PKEY_CTX_new(key, NULL);

    ck_assert(EVP_PKEY_CTX_set1_id(inner, name, (int)sizeof name - 1) == 1);
    EVP_MD_CTX_set_pkey_ctx(context, inner);
    ck_assert((sign ? EVP_DigestSignInit(context, NULL, EVP_sm3(), NULL, key)
                    : EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key)) == 1);
    return context;
}

static void sm2_free(EVP_MD_CTX *context)
{
    EVP_PKEY_CTX_free(EVP_MD_CTX_get_pkey_ctx(context));
    EVP_MD_CTX_free(context);
}

START_TEST(sm2_keys)
{
    static const struct signing row = {OH_HUKS_ALG_SM2, 256, OH_HUKS_DIGEST_SM3, OH_HUKS_PADDING_NONE, "SM3"};
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_SM2, 256);
    struct material public, given;
    uint8_t signature[128], plain[64];
    size_t size = sizeof signature;
    uint32_t length;
    EVP_MD_CTX *context;
    EVP_PKEY_CTX *cipher;
    struct session session;

    public_bytes(key, OH_HUKS_ALG_SM2, &public);
    private_material(key, OH_HUKS_ALG_SM2, 256, true, &given);
    OK(OH_Huks_ImportKeyItem(NAME("pair"), import_set(&row, SIGN | VERIFY, 2), GIVEN(given)));
    check_export("pair", &public);
    length = sign_here("pair", &row, signature, sizeof signature);
    context = sm2_context(key, false);
    ck_assert_int_eq(EVP_DigestVerify(context, signature, length, message, sizeof message), 1);
    sm2_free(context);

    OK(OH_Huks_ImportKeyItem(NAME("public"), import_set(&row, VERIFY, 0), GIVEN(public)));
    context = sm2_context(key, true);
    ck_assert_int_eq(EVP_DigestSign(context, signature, &size, message, sizeof message), 1);
    sm2_free(context);
    verify_here("public", &row, signature, (uint32_t)size);

    /* And it encrypts. */
    OK(OH_Huks_ImportKeyItem(NAME("decrypts"), import_set(&row, ENCRYPT | DECRYPT, 2), GIVEN(given)));
    cipher = EVP_PKEY_CTX_new(key, NULL);
    size = sizeof signature;
    ck_assert(EVP_PKEY_encrypt_init(cipher) == 1 &&
              EVP_PKEY_encrypt(cipher, signature, &size, message, 16) == 1);
    EVP_PKEY_CTX_free(cipher);
    length = sizeof plain;
    OK(begin(&session, "decrypts", use_set(&row, DECRYPT)));
    OK(finish(&session, signature, size, plain, &length));
    ck_assert(length == 16 && memcmp(plain, message, 16) == 0);
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Keys that decrypt, and keys that agree ------------------------------------------------------------ */

START_TEST(rsa_keys_that_decrypt)
{
    static const struct signing row = {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA256, OH_HUKS_PADDING_OAEP,
                                       NULL};
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_RSA, 2048);
    struct material public, given;
    uint8_t sealed[256], plain[256];
    size_t size = sizeof plain;
    uint32_t length = sizeof sealed;
    struct session session;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

    public_bytes(key, OH_HUKS_ALG_RSA, &public);
    OK(OH_Huks_ImportKeyItem(NAME("public"), import_set(&row, ENCRYPT, 0), GIVEN(public)));
    OK(begin(&session, "public", use_set(&row, ENCRYPT)));
    OK(finish(&session, message, sizeof message, sealed, &length));
    ck_assert(EVP_PKEY_decrypt_init(context) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
              EVP_PKEY_decrypt(context, plain, &size, sealed, length) == 1);
    ck_assert(size == sizeof message && memcmp(plain, message, size) == 0);
    EVP_PKEY_CTX_free(context);

    private_material(key, OH_HUKS_ALG_RSA, 2048, false, &given); /* without e */
    OK(OH_Huks_ImportKeyItem(NAME("private"), import_set(&row, DECRYPT, 1), GIVEN(given)));
    OK(begin(&session, "private", use_set(&row, DECRYPT)));
    length = sizeof plain;
    OK(finish(&session, sealed, sizeof sealed, plain, &length));
    ck_assert(length == sizeof message && memcmp(plain, message, length) == 0);
    EVP_PKEY_free(key);
}
END_TEST

static const struct {
    uint32_t alg, bits;
} agreeing[] = {
    {OH_HUKS_ALG_ECC, 256}, {OH_HUKS_ALG_ECDH, 224}, {OH_HUKS_ALG_ECDH, 384},   {OH_HUKS_ALG_ECDH, 521},
    {OH_HUKS_ALG_DH, 2048}, {OH_HUKS_ALG_DH, 3072},  {OH_HUKS_ALG_X25519, 256},
};

START_TEST(keys_that_agree)
{
    const struct signing row = {agreeing[_i].alg, agreeing[_i].bits, 0, 0, NULL};
    EVP_PKEY *key = openssl_key(row.alg, row.bits);
    struct material public, given;

    public_bytes(key, row.alg, &public);
    OK(OH_Huks_ImportKeyItem(NAME("public"), import_set(&row, AGREE, 0), GIVEN(public)));
    check_export("public", &public);
    private_material(key, row.alg, row.bits, true, &given);
    OK(OH_Huks_ImportKeyItem(NAME("pair"), import_set(&row, AGREE, 2), GIVEN(given)));
    check_export("pair", &public);
    private_material(key, row.alg, row.bits, false, &given);
    OK(OH_Huks_ImportKeyItem(NAME("private"), import_set(&row, AGREE, 1), GIVEN(given)));
    EVP_PKEY_free(key);
}
END_TEST

/* The two keys of curve 25519 come raw, too, when they come alone. */
START_TEST(raw_25519)
{
    static const struct signing row = {OH_HUKS_ALG_ED25519, 256, 0, 0, NULL};
    static const struct signing agree = {OH_HUKS_ALG_X25519, 256, 0, 0, NULL};
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ED25519, 256);
    struct material given;
    uint8_t signature[64];

    private_value(key, OH_HUKS_ALG_ED25519, 256, &given);
    ck_assert_uint_eq(given.size, 32);
    OK(OH_Huks_ImportKeyItem(NAME("private"), import_set(&row, SIGN, 1), GIVEN(given)));
    ck_assert_uint_eq(sign_here("private", &row, signature, sizeof signature), 64);
    verify_there(key, &row, signature, 64);
    EXPECT(401, TEXT_KEY_INFO,
           OH_Huks_ImportKeyItem(NAME("pair"), import_set(&row, SIGN | VERIFY, 2), GIVEN(given)));
    EVP_PKEY_free(key);

    key = openssl_key(OH_HUKS_ALG_X25519, 256);
    private_value(key, OH_HUKS_ALG_X25519, 256, &given);
    OK(OH_Huks_ImportKeyItem(NAME("agrees"), import_set(&agree, AGREE, 1), GIVEN(given)));
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Secret keys --------------------------------------------------------------------------------------- */

static const uint8_t known[64] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                  13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

static const struct {
    uint32_t alg, bits;
    const char *ecb; /* OpenSSL's name */
} ciphers[] = {
    {OH_HUKS_ALG_AES, 128, "AES-128-ECB"},
    {OH_HUKS_ALG_AES, 192, "AES-192-ECB"},
    {OH_HUKS_ALG_AES, 256, "AES-256-ECB"},
    {OH_HUKS_ALG_SM4, 128, "SM4-ECB"},
    {OH_HUKS_ALG_3DES, 128, "DES-EDE-ECB"},
    {OH_HUKS_ALG_3DES, 192, "DES-EDE3-ECB"},
    {OH_HUKS_ALG_DES, 64, NULL},
};

START_TEST(secret_ciphers)
{
    const param alg = tag(OH_HUKS_TAG_ALGORITHM, ciphers[_i].alg);
    uint8_t here[32], there[48];
    uint8_t key[24]; /* DES is triple DES with three times the same key */
    uint32_t size = sizeof here;
    int written = 0;
    struct session session;
    EVP_CIPHER *cipher =
        EVP_CIPHER_fetch(NULL, ciphers[_i].ecb != NULL ? ciphers[_i].ecb : "DES-EDE3-ECB", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    for (int i = 0; i < 24; i++) {
        key[i] = known[i % 8];
    }
    /* What it is imported as makes no difference to a secret key. */
    OK(OH_Huks_ImportKeyItem(NAME("key"), SET(alg, SIZE(ciphers[_i].bits), PURPOSE(ENCRYPT | DECRYPT), PAIR),
                             &(blob){ciphers[_i].bits / 8, (uint8_t *)(uintptr_t)known}));
    OK(begin(&session, "key", SET(alg, PURPOSE(ENCRYPT), MODE(ECB), PADDING(NONE))));
    OK(finish(&session, message, 16, here, &size));
    ck_assert_uint_eq(size, 16);
    ck_assert(EVP_EncryptInit_ex2(context, cipher, ciphers[_i].ecb != NULL ? known : key, NULL, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
              EVP_EncryptUpdate(context, there, &written, message, 16) == 1);
    ck_assert_mem_eq(here, there, 16);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &(blob)ROOM(there)));
}
END_TEST

START_TEST(secret_hmac)
{
    static const uint32_t sizes[] = {1, 20, 64, 131, 2048};
    static uint8_t bytes[2048];
    uint8_t here[32], there[32];
    unsigned length = 0;
    uint32_t size = sizeof here;
    struct session session;
    uint32_t key_size = sizes[_i];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 11 + 3);
    }
    OK(OH_Huks_ImportKeyItem(NAME("key"),
                             SET(ALG(HMAC), SIZE(8 * key_size), PURPOSE(MAC), DIGEST(SHA256), PUBLIC),
                             &(blob){key_size, bytes}));
    OK(begin(&session, "key", SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256))));
    OK(finish(&session, message, sizeof message, here, &size));
    ck_assert(HMAC(EVP_sha256(), bytes, (int)key_size, message, sizeof message, there, &length) != NULL);
    ck_assert(size == 32 && memcmp(here, there, 32) == 0);
    OK(OH_Huks_ImportKeyItem(NAME("sm3"), SET(ALG(SM3), SIZE(8 * key_size), PURPOSE(MAC)),
                             &(blob){key_size, bytes}));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native import");
    TCase *tcase = native_tcase(suite, "import");

    tcase_add_loop_test(tcase, keys_that_sign, 0, COUNT(signing));
    tcase_add_test(tcase, sm2_keys);
    tcase_add_test(tcase, rsa_keys_that_decrypt);
    tcase_add_loop_test(tcase, keys_that_agree, 0, COUNT(agreeing));
    tcase_add_test(tcase, raw_25519);
    tcase_add_loop_test(tcase, secret_ciphers, 0, COUNT(ciphers));
    tcase_add_loop_test(tcase, secret_hmac, 0, 5);
    return native_run(suite);
}
