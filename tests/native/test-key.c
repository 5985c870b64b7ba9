/*
 * Stored keys through OH_Huks_*: what may be made and what may not, with every refusal's code and text;
 * names, levels, replacing, listing, reading back, deleting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "native.h"

#define INVALID(what) 12000003, "Invalid " what "."
#define MISSING(what) 12000002, TEXT_UNSET_IN(what)
#define ILLEGAL(text) 401, text

/* ---- What can be made ---------------------------------------------------------------------------------- */

static const struct made {
    uint32_t alg, bits, purpose;
    int openssl;          /* EVP_PKEY_*; -1: raw public bytes, 0: symmetric */
    uint32_t public_size; /* 0: not fixed */
} made[] = {
    {OH_HUKS_ALG_RSA, 512, SIGN | VERIFY, EVP_PKEY_RSA, 94},
    {OH_HUKS_ALG_RSA, 768, ENCRYPT | DECRYPT, EVP_PKEY_RSA, 126},
    {OH_HUKS_ALG_RSA, 1024, SIGN, EVP_PKEY_RSA, 162},
    {OH_HUKS_ALG_RSA, 1032, DECRYPT, EVP_PKEY_RSA, 0},
    {OH_HUKS_ALG_RSA, 2040, SIGN | VERIFY, EVP_PKEY_RSA, 0},
    {OH_HUKS_ALG_RSA, 2048, SIGN | VERIFY, EVP_PKEY_RSA, 294},
    {OH_HUKS_ALG_ECC, 224, SIGN | VERIFY, EVP_PKEY_EC, 80},
    {OH_HUKS_ALG_ECC, 256, SIGN | VERIFY, EVP_PKEY_EC, 91},
    {OH_HUKS_ALG_ECC, 256, AGREE, EVP_PKEY_EC, 91},
    {OH_HUKS_ALG_ECC, 256, UNWRAP, EVP_PKEY_EC, 91},
    {OH_HUKS_ALG_ECC, 384, SIGN, EVP_PKEY_EC, 120},
    {OH_HUKS_ALG_ECC, 521, SIGN | VERIFY, EVP_PKEY_EC, 158},
    {OH_HUKS_ALG_ECDH, 256, AGREE, EVP_PKEY_EC, 91},
    {OH_HUKS_ALG_ED25519, 256, SIGN | VERIFY, -1, 32},
    {OH_HUKS_ALG_X25519, 256, AGREE, -1, 32},
    {OH_HUKS_ALG_DH, 2048, AGREE, EVP_PKEY_DH, 0},
    {OH_HUKS_ALG_DSA, 1024, SIGN | VERIFY, EVP_PKEY_DSA, 0},
    {OH_HUKS_ALG_SM2, 256, SIGN | VERIFY, EVP_PKEY_SM2, 91},
    {OH_HUKS_ALG_SM2, 256, ENCRYPT | DECRYPT, EVP_PKEY_SM2, 91},
    {OH_HUKS_ALG_AES, 128, ENCRYPT | DECRYPT, 0, 0},
    {OH_HUKS_ALG_AES, 192, ENCRYPT, 0, 0},
    {OH_HUKS_ALG_AES, 256, DERIVE, 0, 0},
    {OH_HUKS_ALG_AES, 256, MAC, 0, 0},
    {OH_HUKS_ALG_HMAC, 8, MAC, 0, 0},
    {OH_HUKS_ALG_HMAC, 256, MAC, 0, 0},
    {OH_HUKS_ALG_HMAC, 4096, MAC, 0, 0},
    {OH_HUKS_ALG_SM3, 256, MAC, 0, 0},
    {OH_HUKS_ALG_SM4, 128, ENCRYPT | DECRYPT, 0, 0},
    {OH_HUKS_ALG_SM4, 128, DERIVE, 0, 0},
    {OH_HUKS_ALG_DES, 64, ENCRYPT | DECRYPT, 0, 0},
    {OH_HUKS_ALG_3DES, 128, ENCRYPT | DECRYPT, 0, 0},
    {OH_HUKS_ALG_3DES, 192, ENCRYPT | DECRYPT, 0, 0},
};

/* HUKS's inner tags that are told. */
#define TAG_SPECIFIC_USER_ID (OH_HUKS_TAG_TYPE_INT | 317)
#define TAG_KEY_VERSION      (OH_HUKS_TAG_TYPE_UINT | 10007)
#define TAG_OS_VERSION       (OH_HUKS_TAG_TYPE_UINT | 10101)
#define TAG_OS_PATCHLEVEL    (OH_HUKS_TAG_TYPE_UINT | 10102)

static uint32_t told(const set *params, uint32_t tag)
{
    param *found = NULL;

    OK(OH_Huks_GetParam(params, tag, &found));
    return found->uint32Param;
}

static void check_params(const char *alias, const struct made *row)
{
    _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;

    out->paramSetSize = sizeof space;
    OK(OH_Huks_GetKeyItemParamSet(NAME(alias), NULL, out));
    OK(OH_Huks_IsParamSetValid(out, out->paramSetSize));
    OK(OH_Huks_IsParamSetTagValid(out));
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_ALGORITHM), row->alg);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_KEY_SIZE), row->bits);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_PURPOSE), row->purpose);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_AUTH_STORAGE_LEVEL), OH_HUKS_AUTH_STORAGE_LEVEL_CE);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_GENERATE_KEY);
}

static void check_public(const char *alias, const struct made *row)
{
    uint8_t bytes[4096];
    blob key = ROOM(bytes);
    const uint8_t *at = bytes;
    EVP_PKEY *parsed;

    if (row->openssl == 0) {
        EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
        return;
    }
    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    ck_assert(row->public_size == 0 || key.size == row->public_size);
    if (row->openssl > 0) {
        parsed = d2i_PUBKEY(NULL, &at, key.size);
        ck_assert(parsed != NULL && at == bytes + key.size);
        ck_assert(row->openssl == EVP_PKEY_SM2 ? EVP_PKEY_is_a(parsed, "SM2") == 1
                                               : EVP_PKEY_get_base_id(parsed) == row->openssl);
        ck_assert(EVP_PKEY_get_bits(parsed) == (int)row->bits || row->openssl == EVP_PKEY_DH);
        EVP_PKEY_free(parsed);
    }
}

static uint32_t listed(set *params, const char *alias)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    uint32_t found = 0;
    uint32_t count;

    OK(OH_Huks_ListAliases(params, &aliases));
    if (aliases == NULL) {
        return 0;
    }
    count = aliases->aliasesCnt;
    for (uint32_t i = 0; i < count; i++) {
        found += aliases->aliases[i].size == strlen(alias) &&
                 memcmp(aliases->aliases[i].data, alias, strlen(alias)) == 0;
    }
    OH_Huks_FreeKeyAliasSet(aliases);
    ck_assert(found <= 1);
    return found == 1 ? count : 0;
}

START_TEST(life)
{
    const struct made *row = &made[_i];
    set *params =
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = row->alg}, SIZE(row->bits), PURPOSE(row->purpose));

    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
    OK(OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    ck_assert_uint_eq(listed(no_params(), "key"), 1);
    check_params("key", row);
    check_public("key", row);
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    ck_assert_uint_eq(listed(no_params(), "key"), 0);
}
END_TEST

/* ---- What can't ---------------------------------------------------------------------------------------- */

#define RSA_SIGN  ALG(RSA), SIZE(2048), PURPOSE(SIGN)
#define AES_CRYPT ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT)

static const struct refused {
    const char *name;
    param params[8];
    int32_t code;
    const char *text;
} refused[] = {
    {"no algorithm", {SIZE(256), PURPOSE(SIGN)}, MISSING("algorithm")},
    {"no purpose", {ALG(ECC), SIZE(256)}, MISSING("key purpose")},
    {"no size", {ALG(ECC), PURPOSE(SIGN)}, MISSING("key size")},
    {"unknown algorithm",
     {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = 99}, SIZE(256), PURPOSE(SIGN)},
     INVALID("algorithm")},
    {"HKDF is no key's", {ALG(HKDF), SIZE(256), PURPOSE(DERIVE)}, INVALID("algorithm")},
    {"PBKDF2 is no key's", {ALG(PBKDF2), SIZE(256), PURPOSE(DERIVE)}, INVALID("algorithm")},
    {"CMAC is no key's", {ALG(CMAC), SIZE(128), PURPOSE(MAC)}, INVALID("algorithm")},
    {"RSA 1016", {ALG(RSA), SIZE(1016), PURPOSE(SIGN)}, INVALID("key size")},
    {"RSA 1025", {ALG(RSA), SIZE(1025), PURPOSE(SIGN)}, INVALID("key size")},
    {"RSA 2056", {ALG(RSA), SIZE(2056), PURPOSE(SIGN)}, INVALID("key size")},
    {"ECC 255", {ALG(ECC), SIZE(255), PURPOSE(SIGN)}, INVALID("key size")},
    {"AES 512", {ALG(AES), SIZE(512), PURPOSE(ENCRYPT)}, INVALID("key size")},
    {"AES 128 for a MAC", {ALG(AES), SIZE(128), PURPOSE(MAC)}, INVALID("key size")},
    {"SM2 384", {ALG(SM2), SIZE(384), PURPOSE(SIGN)}, INVALID("key size")},
    {"DH 1024", {ALG(DH), SIZE(1024), PURPOSE(AGREE)}, INVALID("key size")},
    {"HMAC of 12 bits", {ALG(HMAC), SIZE(12), PURPOSE(MAC)}, ILLEGAL(TEXT_INVALID)},
    {"HMAC of no bits", {ALG(HMAC), SIZE(0), PURPOSE(MAC)}, ILLEGAL(TEXT_INVALID)},
    {"no purpose at all", {ALG(ECC), SIZE(256), PURPOSE(0)}, INVALID("key purpose")},
    {"two groups", {ALG(RSA), SIZE(2048), PURPOSE(SIGN | ENCRYPT)}, INVALID("key purpose")},
    {"sign and agree", {ALG(ECC), SIZE(256), PURPOSE(SIGN | AGREE)}, INVALID("key purpose")},
    {"unknown purpose", {ALG(ECC), SIZE(256), PURPOSE(512)}, INVALID("key purpose")},
    {"RSA derives", {ALG(RSA), SIZE(2048), PURPOSE(DERIVE)}, INVALID("key purpose")},
    {"RSA unwraps", {ALG(RSA), SIZE(2048), PURPOSE(UNWRAP)}, INVALID("key purpose")},
    {"ECC encrypts", {ALG(ECC), SIZE(256), PURPOSE(ENCRYPT)}, INVALID("key purpose")},
    {"ECC wraps", {ALG(ECC), SIZE(256), PURPOSE(WRAP)}, INVALID("key purpose")},
    {"AES signs", {ALG(AES), SIZE(256), PURPOSE(SIGN)}, INVALID("key purpose")},
    {"AES wraps", {ALG(AES), SIZE(256), PURPOSE(WRAP)}, INVALID("key purpose")},
    {"HMAC signs", {ALG(HMAC), SIZE(256), PURPOSE(SIGN)}, INVALID("key purpose")},
    {"SM4 makes MACs", {ALG(SM4), SIZE(128), PURPOSE(MAC)}, INVALID("key purpose")},
    {"Ed25519 encrypts", {ALG(ED25519), SIZE(256), PURPOSE(ENCRYPT)}, INVALID("key purpose")},
    {"DH signs", {ALG(DH), SIZE(2048), PURPOSE(SIGN)}, INVALID("key purpose")},
    {"RSA with SM3", {RSA_SIGN, DIGEST(SM3)}, INVALID("digest algorithm")},
    {"ECC with MD5", {ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(MD5)}, INVALID("digest algorithm")},
    {"HMAC with MD5", {ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(MD5)}, INVALID("digest algorithm")},
    {"HMAC without digest", {ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(NONE)}, INVALID("digest algorithm")},
    {"SM2 with SHA-1", {ALG(SM2), SIZE(256), PURPOSE(SIGN), DIGEST(SHA1)}, INVALID("digest algorithm")},
    {"OAEP signs", {RSA_SIGN, PADDING(OAEP)}, INVALID("padding algorithm")},
    {"PSS encrypts", {ALG(RSA), SIZE(2048), PURPOSE(ENCRYPT), PADDING(PSS)}, INVALID("padding algorithm")},
    {"AES with PKCS #5", {AES_CRYPT, PADDING(PKCS5)}, INVALID("padding algorithm")},
    {"AES with OFB", {AES_CRYPT, MODE(OFB)}, INVALID("cipher mode")},
    {"SM4 with GCM", {ALG(SM4), SIZE(128), PURPOSE(ENCRYPT), MODE(GCM)}, INVALID("cipher mode")},
    {"CTR with PKCS #7", {AES_CRYPT, MODE(CTR), PADDING(PKCS7)}, INVALID("padding algorithm")},
    {"GCM with PKCS #7", {AES_CRYPT, MODE(GCM), PADDING(PKCS7)}, INVALID("padding algorithm")},
    {"derived",
     {AES_CRYPT, NUMBER(KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_DERIVE)},
     ILLEGAL(TEXT_INVALID)},
    {"no such level", {AES_CRYPT, NUMBER(AUTH_STORAGE_LEVEL, 3)}, ILLEGAL(TEXT_INVALID)},
    {"temporary, to nowhere",
     {AES_CRYPT, NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_TEMP)},
     ILLEGAL(TEXT_NULL)},
    {"a trust level",
     {AES_CRYPT, {.tag = OH_HUKS_TAG_TYPE_UINT | 10031, .uint32Param = 1}}, /* USER_AUTH_TYPE_ATL */
     ILLEGAL(TEXT_INVALID)},
    {"batches for what it is not for",
     {AES_CRYPT, {.tag = OH_HUKS_TAG_TYPE_UINT | 313, .uint32Param = SIGN}}, /* BATCH_PURPOSE */
     INVALID("key purpose")},
    {"guarded with CTR",
     {AES_CRYPT, MODE(CTR), NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4),
      NUMBER(CHALLENGE_TYPE, 0), NUMBER(KEY_AUTH_PURPOSE, DECRYPT)},
     12000001,
     "The cipher mode with guarded purposes is not supported."},
    {"a process's name",
     {AES_CRYPT, {.tag = OH_HUKS_TAG_TYPE_BYTES | 10001, .blob = {4, (uint8_t *)(uintptr_t) "self"}}},
     ILLEGAL(TEXT_INVALID)},
};

static set *set_of(const param *params, size_t most)
{
    uint32_t count = 0;

    while (count < most && params[count].tag != 0) {
        count++;
    }
    return make_set(params, count);
}

START_TEST(refusal)
{
    const struct refused *row = &refused[_i];
    struct OH_Huks_Result result = OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->params, 8), NULL);

    answer(__FILE__, __LINE__, row->name, row->code, row->text, result);
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

START_TEST(sets_with_strange_tags)
{
    static const uint32_t strange[] = {0x2000ffff, OH_HUKS_TAG_IS_ASYNCHRONIZED,
                                       OH_HUKS_TAG_TYPE_UINT | 0x00a10001 /* the engine's own */};

    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        set *params = SET(AES_CRYPT, {.tag = strange[i], .uint32Param = 1});

        EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
        EXPECT(401, TEXT_INVALID, OH_Huks_IsKeyItemExist(NAME("key"), params));
    }
    EXPECT(401, TEXT_INVALID,
           OH_Huks_GenerateKeyItem(NAME("key"), SET(AES_CRYPT, SIZE(256)), NULL)); /* twice */
}
END_TEST

START_TEST(set_that_lies_about_its_size)
{
    _Alignas(set) uint8_t space[64] = {0};
    set *params = (set *)space;

    *params = (set){.paramSetSize = sizeof space, .paramsCnt = 3};
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
    params->paramSetSize = 7;
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
    params->paramSetSize = (4u << 20) + 1;
    EXPECT(401, TEXT_INVALID, OH_Huks_DeleteKeyItem(NAME("key"), params));
}
END_TEST

/* One request may have 64,512 bytes. */
START_TEST(request_too_large)
{
    static uint8_t bulk[64512];
    set *fits = SET(AES_CRYPT, BYTES(INFO, bulk, sizeof bulk - 1000));
    set *large = SET(AES_CRYPT, BYTES(INFO, bulk, sizeof bulk));

    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(NAME("key"), large, NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_DeleteKeyItem(NAME("key"), fits));
    EXPECT(401, TEXT_INVALID, OH_Huks_DeleteKeyItem(NAME("key"), large));
}
END_TEST

/* ---- Pointers ------------------------------------------------------------------------------------------ */

START_TEST(null_pointers)
{
    set *params = SET(AES_CRYPT);
    const blob nothing = {4, NULL};
    const blob empty = {0, (uint8_t *)(uintptr_t) "key"};
    uint8_t bytes[64];
    blob room = ROOM(bytes);
    blob none = {64, NULL};
    blob zero = {0, bytes};
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    _Alignas(set) uint8_t space[64] = {0};
    set *out = (set *)space;

    EXPECT(401, TEXT_NULL, OH_Huks_GenerateKeyItem(NULL, params, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_GenerateKeyItem(NAME("key"), NULL, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_GenerateKeyItem(&nothing, NULL, NULL)); /* pointers before the alias */
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(&nothing, params, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(&empty, params, NULL));

    EXPECT(401, TEXT_NULL, OH_Huks_ExportPublicKeyItem(NULL, NULL, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_ExportPublicKeyItem(&nothing, NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(&nothing, NULL, &room));
    EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &none));
    EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &zero));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &room));

    EXPECT(401, TEXT_NULL, OH_Huks_DeleteKeyItem(NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_DeleteKeyItem(&empty, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_IsKeyItemExist(NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_IsKeyItemExist(&nothing, NULL));

    EXPECT(12000018, "invalid access group.",
           OH_Huks_IsKeyItemExist(NAME("key"), SET(BYTES(KEY_ACCESS_GROUP, "group", 5))));
    EXPECT(201, "Permission check failed. Apply for the required permissions first.",
           OH_Huks_IsKeyItemExist(NAME("key"), SET({.tag = TAG_SPECIFIC_USER_ID, .int32Param = 100})));
    EXPECT(12000001, "The class of external keys is not supported.",
           OH_Huks_IsKeyItemExist(NAME("key"), SET(NUMBER(KEY_CLASS, OH_HUKS_KEY_CLASS_EXTENSION))));

    EXPECT(401, TEXT_NULL, OH_Huks_GetKeyItemParamSet(NULL, NULL, out));
    EXPECT(401, TEXT_NULL, OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, out)); /* no room at all */
    out->paramSetSize = sizeof space;
    EXPECT(401, TEXT_INVALID, OH_Huks_GetKeyItemParamSet(&empty, NULL, out));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, out));

    EXPECT(401, TEXT_NULL, OH_Huks_ListAliases(NULL, &aliases));
    EXPECT(401, TEXT_NULL, OH_Huks_ListAliases(params, NULL));
    OH_Huks_FreeKeyAliasSet(NULL);
}
END_TEST

START_TEST(version)
{
    uint8_t bytes[16] = {0};
    blob room = ROOM(bytes);

    EXPECT(401, TEXT_NULL, OH_Huks_GetSdkVersion(NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_GetSdkVersion(&(blob){16, NULL}));
    EXPECT(401, TEXT_BUFFER, OH_Huks_GetSdkVersion(&(blob){7, bytes}));
    OK(OH_Huks_GetSdkVersion(&(blob){8, bytes}));
    OK(OH_Huks_GetSdkVersion(&room));
    ck_assert_uint_eq(room.size, 7);
    ck_assert_str_eq((const char *)bytes, "2.0.0.5");
}
END_TEST

/* ---- Names, levels, replacing -------------------------------------------------------------------------- */

START_TEST(names)
{
    static const uint32_t sizes[] = {1, 64, 65, 128};
    uint8_t bytes[129];
    set *params = SET(AES_CRYPT);

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7); /* NUL, '/', and what is no text */
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const blob alias = {sizes[i], bytes};
        struct OH_Huks_KeyAliasSet *aliases = NULL;

        OK(OH_Huks_GenerateKeyItem(&alias, params, NULL));
        OK(OH_Huks_IsKeyItemExist(&alias, NULL));
        OK(OH_Huks_ListAliases(no_params(), &aliases));
        ck_assert(aliases->aliasesCnt == 1 && aliases->aliases[0].size == sizes[i] &&
                  memcmp(aliases->aliases[0].data, bytes, sizes[i]) == 0);
        OH_Huks_FreeKeyAliasSet(aliases);
        OK(OH_Huks_DeleteKeyItem(&alias, NULL));
    }
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(&(blob){129, bytes}, params, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_IsKeyItemExist(&(blob){129, bytes}, NULL));
}
END_TEST

static void export_to(const char *alias, uint8_t out[256])
{
    blob key = {256, out};

    memset(out, 0, 256);
    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
}

#define ECC_SIGN ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY)

START_TEST(replacing)
{
    uint8_t first[256], second[256];

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC_SIGN, TRUTH(KEY_OVERRIDE, false)),
                               NULL)); /* free: fine */
    export_to("key", first);
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC_SIGN, TRUTH(KEY_OVERRIDE, false)), NULL));
    export_to("key", second);
    ck_assert_mem_eq(first, second, 256);
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC_SIGN), NULL));
    export_to("key", second);
    ck_assert_mem_ne(first, second, 256);
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC_SIGN, TRUTH(KEY_OVERRIDE, true)), NULL));
    export_to("key", first);
    ck_assert_mem_ne(first, second, 256);
    ck_assert_uint_eq(listed(no_params(), "key"), 1);
    /* Another kind: nothing of the pair stays. */
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(AES_CRYPT), NULL));
    ck_assert_uint_eq(listed(no_params(), "key"), 1);
    EXPECT(401, TEXT_INVALID, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &(blob){256, first}));
    /* What is refused replaces nothing; a taken alias is told before wrong parameters. */
    EXPECT(12000003, "Invalid key size.",
           OH_Huks_GenerateKeyItem(NAME("key"), SET(ALG(AES), SIZE(100), PURPOSE(ENCRYPT)), NULL));
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_GenerateKeyItem(NAME("key"), SET(ALG(AES), TRUTH(KEY_OVERRIDE, false)), NULL));
    OK(OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

START_TEST(levels)
{
    set *all[] = {SET(ECC_SIGN, LEVEL(DE)), SET(ECC_SIGN, LEVEL(CE)), SET(ECC_SIGN, LEVEL(ECE))};
    set *level[] = {SET(LEVEL(DE)), SET(LEVEL(CE)), SET(LEVEL(ECE))};

    for (int i = 0; i < 3; i++) {
        EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), level[i]));
        OK(OH_Huks_GenerateKeyItem(NAME("key"), all[i], NULL));
        for (int j = 0; j < 3; j++) {
            ck_assert_uint_eq(listed(level[j], "key"), j <= i ? 1 : 0);
        }
    }
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL)); /* the default is CE */
    OK(OH_Huks_IsKeyItemExist(NAME("key"), level[0]));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), level[1]));
    OK(OH_Huks_IsKeyItemExist(NAME("key"), level[2]));
    EXPECT(401, TEXT_INVALID, OH_Huks_IsKeyItemExist(NAME("key"), SET(NUMBER(AUTH_STORAGE_LEVEL, 3))));
}
END_TEST

/* ---- Reading ------------------------------------------------------------------------------------------- */

START_TEST(params_have_what_was_given)
{
    _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;
    param *found = NULL;
    uint32_t needed;

    OK(OH_Huks_GenerateKeyItem(NAME("key"),
                               SET(RSA_SIGN, DIGEST(SHA256), PADDING(PSS),
                                   NUMBER(RSA_PSS_SALT_LEN_TYPE, OH_HUKS_RSA_PSS_SALT_LEN_DIGEST),
                                   TRUTH(KEY_OVERRIDE, false)),
                               NULL));
    out->paramSetSize = sizeof space;
    OK(OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, out));
    needed = out->paramSetSize;
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_DIGEST), OH_HUKS_DIGEST_SHA256);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_PADDING), OH_HUKS_PADDING_PSS);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_USER_ID), geteuid());
    ck_assert_uint_eq(told(out, TAG_KEY_VERSION), 3);
    ck_assert_uint_eq(told(out, TAG_OS_VERSION), 1);
    ck_assert_uint_eq(told(out, TAG_OS_PATCHLEVEL), 1);
    ck_assert_uint_eq(told(out, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE), OH_HUKS_RSA_PSS_SALT_LEN_DIGEST);
    EXPECT(401, TEXT_ABSENT, OH_Huks_GetParam(out, OH_HUKS_TAG_KEY_OVERRIDE, &found)); /* the call's alone */
    out->paramSetSize = needed - 1;
    EXPECT(401, TEXT_BUFFER, OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, out));
    out->paramSetSize = needed;
    OK(OH_Huks_GetKeyItemParamSet(NAME("key"), NULL, out));
}
END_TEST

START_TEST(export_of_too_little_room)
{
    uint8_t bytes[91];

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC_SIGN), NULL));
    EXPECT(401, TEXT_UNSET, OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &(blob){90, bytes}));
    OK(OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &(blob){91, bytes}));
}
END_TEST

START_TEST(lists)
{
    struct OH_Huks_KeyAliasSet *aliases = (struct OH_Huks_KeyAliasSet *)(uintptr_t)8;
    char name[16];

    OK(OH_Huks_ListAliases(no_params(), &aliases)); /* none: untouched */
    ck_assert(aliases == (struct OH_Huks_KeyAliasSet *)(uintptr_t)8);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "key %d", i);
        OK(OH_Huks_GenerateKeyItem(NAME(name), i % 2 == 0 ? SET(ECC_SIGN) : SET(AES_CRYPT), NULL));
    }
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "key %d", i);
        ck_assert_uint_eq(listed(no_params(), name), 40);
    }
}
END_TEST

enum { MOST_LISTED = 2048 };

START_TEST(lists_no_more_than_huks_does)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    char name[16];

    for (int i = 0; i <= MOST_LISTED; i++) {
        if (i == MOST_LISTED) {
            OK(OH_Huks_ListAliases(no_params(), &aliases));
            ck_assert_uint_eq(aliases->aliasesCnt, MOST_LISTED);
            OH_Huks_FreeKeyAliasSet(aliases);
            aliases = NULL;
        }
        (void)snprintf(name, sizeof name, "key %d", i);
        OK(OH_Huks_GenerateKeyItem(NAME(name), SET(AES_CRYPT), NULL));
    }
    EXPECT(401, TEXT_INVALID, OH_Huks_ListAliases(no_params(), &aliases));
    ck_assert_ptr_null(aliases);
    /* They are there all the same, and one fewer can be listed. */
    OK(OH_Huks_DeleteKeyItem(NAME("key 7"), NULL));
    OK(OH_Huks_ListAliases(no_params(), &aliases));
    ck_assert_uint_eq(aliases->aliasesCnt, MOST_LISTED);
    OH_Huks_FreeKeyAliasSet(aliases);
}
END_TEST

START_TEST(makes_its_store)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    struct stat status;

    ck_assert(native_served() || rmdir(native_store()) == 0);
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    OK(OH_Huks_ListAliases(no_params(), &aliases));
    /* Asking makes nothing, but the service has a place for who asks. */
    ck_assert(native_served() || stat(native_store(), &status) != 0);
    ck_assert(stat(in_store("root.key"), &status) != 0);
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(AES_CRYPT), NULL));
    ck_assert(stat(native_store(), &status) == 0 && (status.st_mode & 07777) == 0700);
    OK(OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

/* ---- Other processes ----------------------------------------------------------------------------------- */

static void finds_and_replaces(void)
{
    CHILD(OH_Huks_IsKeyItemExist(NAME("key"), NULL).errorCode == 0);
    CHILD(OH_Huks_DeleteKeyItem(NAME("key"), NULL).errorCode == 0);
    CHILD(OH_Huks_GenerateKeyItem(NAME("child's"), SET(AES_CRYPT), NULL).errorCode == 0);
}

START_TEST(seen_by_all_processes)
{
    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(AES_CRYPT), NULL));
    in_child(finds_and_replaces);
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    ck_assert_uint_eq(listed(no_params(), "child's"), 1);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native keys");
    TCase *tcase = native_tcase(suite, "keys");

    tcase_add_loop_test(tcase, life, 0, COUNT(made));
    tcase_add_loop_test(tcase, refusal, 0, COUNT(refused));
    tcase_add_test(tcase, sets_with_strange_tags);
    tcase_add_test(tcase, set_that_lies_about_its_size);
    tcase_add_test(tcase, request_too_large);
    tcase_add_test(tcase, null_pointers);
    tcase_add_test(tcase, version);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, replacing);
    tcase_add_test(tcase, levels);
    tcase_add_test(tcase, params_have_what_was_given);
    tcase_add_test(tcase, export_of_too_little_room);
    tcase_add_test(tcase, lists);
    tcase_add_test(tcase, lists_no_more_than_huks_does);
    tcase_add_test(tcase, makes_its_store);
    tcase_add_test(tcase, seen_by_all_processes);
    return native_run(suite);
}
