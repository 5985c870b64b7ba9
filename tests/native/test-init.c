/*
 * What OH_Huks_InitSession refuses, case by case: what must be said, what a key was made with, initialisation
 * vectors, nonces and tags.
 */
#include <stdlib.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const uint8_t iv[200] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* ---- What Init refuses --------------------------------------------------------------------------------- */

#define KEY_RSA  ALG(RSA), SIZE(1024), PURPOSE(SIGN | VERIFY), DIGEST(SHA256), PADDING(PSS)
#define KEY_OPEN ALG(AES), SIZE(128), PURPOSE(ENCRYPT | DECRYPT)
#define KEY_ECC  ALG(ECC), SIZE(256), PURPOSE(SIGN)
#define KEY_SM4  ALG(SM4), SIZE(128), PURPOSE(ENCRYPT | DECRYPT)
#define KEY_MAC  ALG(HMAC), SIZE(256), PURPOSE(MAC)

/* Tags that HUKS keeps for itself, and heeds. */
#define BATCH(yes)                                                                                           \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_TYPE_BOOL | 314, .boolParam = (yes)                                               \
    }
#define BATCH_PURPOSE(use)                                                                                   \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_TYPE_UINT | 313, .uint32Param = (use)                                             \
    }
#define BATCH_TIME(time)                                                                                     \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_TYPE_UINT | 315, .uint32Param = (time)                                            \
    }

static const struct refusal {
    const char *name;
    param key[8];
    param use[8];
    int32_t code;
    const char *text;
} refusals[] = {
    {"no purpose", {KEY_ECC}, {ALG(ECC), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"no algorithm", {KEY_ECC}, {PURPOSE(SIGN), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"no digest", {KEY_ECC}, {ALG(ECC), PURPOSE(SIGN)}, 401, TEXT_INVALID},
    {"two purposes",
     {KEY_RSA},
     {ALG(RSA), PURPOSE(SIGN | VERIFY), DIGEST(SHA256), PADDING(PSS)},
     401,
     TEXT_INVALID},
    {"a purpose the key lacks", {KEY_ECC}, {ALG(ECC), PURPOSE(VERIFY), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"wrapping is no session", {KEY_ECC}, {ALG(ECC), PURPOSE(UNWRAP), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"another algorithm", {KEY_ECC}, {ALG(DSA), PURPOSE(SIGN), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"an algorithm without signatures",
     {KEY_ECC},
     {ALG(HMAC), PURPOSE(SIGN), DIGEST(SHA256)},
     12000003,
     "Invalid algorithm."},
    {"another digest", {KEY_RSA}, {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA1), PADDING(PSS)}, 401, TEXT_INVALID},
    {"another padding",
     {KEY_RSA},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     401,
     TEXT_INVALID},
    {"the key's padding not said", {KEY_RSA}, {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256)}, 401, TEXT_ABSENT},
    {"open padding not said",
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN)},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256)},
     12000002,
     TEXT_UNSET_IN("padding algorithm")},
    {"open digest, an unknown one",
     {KEY_ECC},
     {ALG(ECC), PURPOSE(SIGN), DIGEST(MD5)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"open mode not said",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE)},
     12000002,
     TEXT_UNSET_IN("cipher mode")},
    {"open mode, an unknown one",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(OFB)},
     12000002,
     TEXT_UNSET_IN("cipher mode")},
    {"raw RSA with a digest",
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN)},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(NONE)},
     12000003,
     "Invalid digest algorithm."},
    {"ISO 9796-2",
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN)},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(ISO_IEC_9796_2)},
     12000001,
     "The padding algorithm is not supported."},
    {"salt of another kind",
     {KEY_RSA, NUMBER(RSA_PSS_SALT_LEN_TYPE, 0)},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, 1)},
     12000012,
     TEXT_ABNORMAL},
    {"CTR with PKCS #7",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(PKCS7), MODE(CTR), BYTES(IV, iv, 16)},
     12000003,
     "Invalid padding algorithm."},
    {"CBC without IV", {KEY_OPEN}, {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CBC)}, 401, TEXT_ABSENT},
    {"CBC with a short IV",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CBC), BYTES(IV, iv, 15)},
     12000003,
     "Invalid IV."},
    {"CTR with a long IV",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CTR), BYTES(IV, iv, 17)},
     12000003,
     "Invalid IV."},
    {"GCM with a short nonce",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM), BYTES(NONCE, iv, 11)},
     12000003,
     "Invalid nonce."},
    {"CCM with a short nonce",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CCM), BYTES(NONCE, iv, 6)},
     12000003,
     "Invalid nonce."},
    {"GCM decryption without nonce",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(GCM), BYTES(AE_TAG, iv, 16)},
     401,
     TEXT_ABSENT},
    {"GCM decryption without tag",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(GCM), BYTES(NONCE, iv, 12)},
     401,
     TEXT_ABSENT},
    {"CCM decryption without tag",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(CCM), BYTES(NONCE, iv, 12)},
     12000002,
     TEXT_UNSET_IN("AEAD")},
    {"GCM with a long nonce",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM), BYTES(NONCE, iv, 13)},
     12000003,
     "Invalid nonce."},
    {"CCM with a long nonce",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CCM), BYTES(NONCE, iv, 14)},
     12000003,
     "Invalid nonce."},
    {"CCM with a tag of another length",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(CCM), BYTES(NONCE, iv, 7), NUMBER(AE_TAG_LEN, 8),
      BYTES(AE_TAG, iv, 16)},
     12000018,
     "AEAD tag length mismatch."},
    {"CCM with a short tag length",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CCM), NUMBER(AE_TAG_LEN, 2)},
     12000003,
     "Invalid aead tag length."},
    {"CCM with a long tag length",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CCM), NUMBER(AE_TAG_LEN, 18)},
     12000003,
     "Invalid aead tag length."},
    {"a nonce for a key whose use is guarded",
     {KEY_OPEN, MODE(GCM), PADDING(NONE), NUMBER(KEY_AUTH_PURPOSE, ENCRYPT)},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM), BYTES(NONCE, iv, 12)},
     12000001,
     "The nonce is not supported."},
    {"CTR without IV", {KEY_OPEN}, {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(CTR)}, 401, TEXT_ABSENT},
    {"SM4's OFB without IV",
     {KEY_SM4},
     {ALG(SM4), PURPOSE(ENCRYPT), PADDING(NONE), MODE(OFB)},
     401,
     TEXT_ABSENT},
    {"SM4's CFB with a short IV",
     {KEY_SM4},
     {ALG(SM4), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CFB), BYTES(IV, iv, 8)},
     12000003,
     "Invalid IV."},
    {"SM4 knows no GCM",
     {KEY_SM4},
     {ALG(SM4), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM)},
     12000002,
     TEXT_UNSET_IN("cipher mode")},
    {"DES with a block of AES",
     {ALG(3DES), SIZE(192), PURPOSE(ENCRYPT)},
     {ALG(3DES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CBC), BYTES(IV, iv, 16)},
     12000003,
     "Invalid IV."},
    {"DES without IV",
     {ALG(3DES), SIZE(192), PURPOSE(ENCRYPT)},
     {ALG(3DES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CBC)},
     401,
     TEXT_ABSENT},
    {"DES knows no CTR",
     {ALG(3DES), SIZE(192), PURPOSE(ENCRYPT)},
     {ALG(3DES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CTR), BYTES(IV, iv, 8)},
     12000002,
     TEXT_UNSET_IN("cipher mode")},
    {"OAEP without digest",
     {ALG(RSA), SIZE(1024), PURPOSE(DECRYPT)},
     {ALG(RSA), PURPOSE(DECRYPT), PADDING(OAEP)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"OAEP with no digest",
     {ALG(RSA), SIZE(1024), PURPOSE(DECRYPT)},
     {ALG(RSA), PURPOSE(DECRYPT), PADDING(OAEP), DIGEST(NONE)},
     12000003,
     "Invalid digest algorithm."},
    {"OAEP signs nothing",
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN)},
     {ALG(RSA), PURPOSE(SIGN), PADDING(OAEP), DIGEST(SHA256)},
     12000002,
     TEXT_UNSET_IN("padding algorithm")},
    {"SM2 with SHA-256",
     {ALG(SM2), SIZE(256), PURPOSE(SIGN)},
     {ALG(SM2), PURPOSE(SIGN), DIGEST(SHA256)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"SM2 encrypting without digest",
     {ALG(SM2), SIZE(256), PURPOSE(ENCRYPT)},
     {ALG(SM2), PURPOSE(ENCRYPT)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"HMAC without digest", {KEY_MAC}, {ALG(HMAC), PURPOSE(MAC)}, 401, TEXT_INVALID},
    {"HMAC with another digest",
     {KEY_MAC, DIGEST(SHA256)},
     {ALG(HMAC), PURPOSE(MAC), DIGEST(SHA1)},
     401,
     TEXT_INVALID},
    {"HMAC with MD5",
     {KEY_MAC},
     {ALG(HMAC), PURPOSE(MAC), DIGEST(MD5)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"a MAC key's algorithm does no MAC",
     {ALG(AES), SIZE(256), PURPOSE(MAC)},
     {ALG(AES), PURPOSE(MAC), DIGEST(SHA256)},
     12000003,
     "Invalid algorithm."},
    {"CMAC with HMAC's key", {KEY_MAC}, {ALG(CMAC), PURPOSE(MAC)}, 401, TEXT_INVALID},
    {"ECC agrees by ECDH's name",
     {ALG(ECC), SIZE(256), PURPOSE(AGREE)},
     {ALG(ECC), PURPOSE(AGREE), SIZE(256)},
     12000003,
     "Invalid algorithm."},
    {"deriving without algorithm",
     {ALG(AES), SIZE(256), PURPOSE(DERIVE)},
     {PURPOSE(DERIVE)},
     401,
     TEXT_INVALID},
    {"purpose 0", {KEY_ECC}, {ALG(ECC), PURPOSE(0), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"a purpose that is none", {KEY_ECC}, {ALG(ECC), PURPOSE(512), DIGEST(SHA256)}, 401, TEXT_INVALID},
    {"algorithm 0",
     {KEY_ECC},
     {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = 0}, PURPOSE(SIGN), DIGEST(SHA256)},
     401,
     TEXT_INVALID},
    {"the salt's kind not said",
     {KEY_RSA, NUMBER(RSA_PSS_SALT_LEN_TYPE, 0)},
     {ALG(RSA), PURPOSE(VERIFY), DIGEST(SHA256), PADDING(PSS)},
     12000012,
     TEXT_ABNORMAL},
    {"a batch of a key that is for none",
     {KEY_ECC},
     {ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256), BATCH(true)},
     401,
     TEXT_INVALID},
    {"a batch for another purpose than the key's",
     {KEY_OPEN, BATCH_PURPOSE(DECRYPT)},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM), BATCH(true)},
     12000003,
     "Invalid key purpose."},
    {"a batch that lasts too long",
     {KEY_OPEN, BATCH_PURPOSE(DECRYPT)},
     {ALG(AES), PURPOSE(DECRYPT), BATCH(true), BATCH_TIME(601)},
     12000001,
     "The batch operation timeout is not supported."},
    {"the time of no batch, before all else",
     {KEY_ECC},
     {BATCH_TIME(1)},
     12000001,
     "The batch operation timeout is not supported."},
    {"GCM with a short tag",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(DECRYPT), PADDING(NONE), MODE(GCM), BYTES(NONCE, iv, 12), BYTES(AE_TAG, iv, 12)},
     12000018,
     "AEAD tag length mismatch."},
    {"GCM with another tag length",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(GCM), NUMBER(AE_TAG_LEN, 12)},
     12000003,
     "Invalid aead tag length."},
    {"CCM with an odd tag length",
     {KEY_OPEN},
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CCM), NUMBER(AE_TAG_LEN, 5)},
     12000003,
     "Invalid aead tag length."},
};

static set *set_of(const param *params, uint32_t most)
{
    uint32_t count = 0;

    while (count < most && params[count].tag != 0) {
        count++;
    }
    return make_set(params, count);
}

START_TEST(refused_at_init)
{
    const struct refusal *row = &refusals[_i];
    struct session s;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->key, 8), NULL));
    answer(__FILE__, __LINE__, row->name, row->code, row->text, begin(&s, "key", set_of(row->use, 8)));
    ck_assert_uint_eq(s.bytes[0], 0xa5); /* no handle was given */
}
END_TEST

/* What is wrong at once with several things is refused for the first of them. */
START_TEST(order_of_checks)
{
    set *strange = SET({.tag = 0x2000ffff, .uint32Param = 1});
    set *empty = no_params();
    uint8_t bytes[8];
    blob handle = ROOM(bytes), little = {7, bytes}, nowhere = {8, NULL};
    blob long_name = {129, (uint8_t *)(uintptr_t)iv}, no_name = {0, (uint8_t *)(uintptr_t)iv};
    struct session s;

    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(&long_name, strange, NULL, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(&long_name, NULL, &little, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NULL, strange, &little, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NAME("none"), strange, &nowhere, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(&long_name, empty, &little, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(&no_name, empty, &little, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(NAME("none"), strange, &little, NULL));
    EXPECT(401, TEXT_BUFFER, OH_Huks_InitSession(NAME("none"), empty, &little, NULL));
    EXPECT(12000011, TEXT_ENTITY,
           OH_Huks_InitSession(NAME("none"), empty, &handle, NULL)); /* the key first */
    EXPECT(401, TEXT_INVALID, begin(&s, "none", SET(NUMBER(AUTH_STORAGE_LEVEL, 3))));
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(KEY_ECC, LEVEL(DE)), NULL));
    EXPECT(12000011, TEXT_ENTITY, begin(&s, "key", empty)); /* on another level */
    EXPECT(401, TEXT_INVALID, begin(&s, "key", SET(LEVEL(DE))));
    OK(begin(&s, "key", SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256), LEVEL(DE))));
    OK(stop(&s));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native init");
    TCase *tcase = native_tcase(suite, "init");

    tcase_add_loop_test(tcase, refused_at_init, 0, COUNT(refusals));
    tcase_add_test(tcase, order_of_checks);
    return native_run(suite);
}
