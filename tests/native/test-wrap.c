/*
 * OH_Huks_WrapKey and OH_Huks_UnwrapKey: what goes out comes back as the same key, here and nowhere else;
 * every refusal with its code and text.
 */
#include <stdlib.h>

#include "material.h"
#include "native.h"

#define TEXT_WRAPPED "The wrapped key data is in invalid format."
#define TEXT_MEMORY  "Insufficient memory."

#define HUK NUMBER(KEY_WRAP_TYPE, OH_HUKS_KEY_WRAP_TYPE_HUK_BASED)
#define MAY TRUTH(IS_ALLOWED_WRAP, true), HUK
#define ECC ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), DIGEST(SHA256)

static uint8_t bytes[16384];

static blob wrap(const char *alias, set *params)
{
    blob room = ROOM(bytes);

    OK(OH_Huks_WrapKey(NAME(alias), params, &room));
    return room;
}

static uint32_t export(const char *alias, uint8_t *out, uint32_t size)
{
    blob room = {size, out};

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &room));
    return room.size;
}

static uint32_t told(const char *alias, uint32_t tag)
{
    _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;
    param *found = NULL;

    out->paramSetSize = sizeof space;
    OK(OH_Huks_GetKeyItemParamSet(NAME(alias), NULL, out));
    OK(OH_Huks_GetParam(out, tag, &found));
    return found->uint32Param;
}

START_TEST(pair)
{
    uint8_t before[128], after[128], signature[128];
    uint32_t size = sizeof signature, none = 0;
    struct session session;
    blob wrapped;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC, MAY), NULL));
    ck_assert_uint_eq(export("key", before, sizeof before), 91);
    OK(begin(&session, "key", SET(ALG(ECC), DIGEST(SHA256), PURPOSE(SIGN))));
    OK(finish(&session, "text", 4, signature, &size));
    wrapped = wrap("key", SET(HUK));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    OK(OH_Huks_UnwrapKey(NAME("again"), SET(HUK), &wrapped));
    ck_assert_uint_eq(export("again", after, sizeof after), 91);
    ck_assert_mem_eq(before, after, 91);
    OK(begin(&session, "again", SET(ALG(ECC), DIGEST(SHA256), PURPOSE(VERIFY))));
    OK(feed(&session, "text", 4));
    OK(finish(&session, signature, size, NULL, &none));
    ck_assert_uint_eq(told("again", OH_HUKS_TAG_PURPOSE), SIGN | VERIFY);
    ck_assert_uint_eq(told("again", OH_HUKS_TAG_DIGEST), OH_HUKS_DIGEST_SHA256);
    ck_assert_uint_eq(told("again", OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_GENERATE_KEY);
    (void)wrap("again", SET(HUK)); /* and it still may */
}
END_TEST

START_TEST(secret_and_halves)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public, private;
    uint8_t one[32], two[32];
    uint32_t first = sizeof one, second = sizeof two;
    struct session session;
    set *use = SET(ALG(AES), PURPOSE(ENCRYPT), MODE(ECB), PADDING(NONE));
    blob wrapped;

    OK(OH_Huks_GenerateKeyItem(NAME("aes"), SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT), MAY), NULL));
    wrapped = wrap("aes", SET(HUK));
    OK(OH_Huks_UnwrapKey(NAME("again"), SET(HUK), &wrapped));
    OK(begin(&session, "aes", use));
    OK(finish(&session, bytes, 16, one, &first));
    OK(begin(&session, "again", use));
    OK(finish(&session, bytes, 16, two, &second));
    ck_assert(first == second && memcmp(one, two, first) == 0);

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    OK(OH_Huks_ImportKeyItem(NAME("public"), SET(ALG(ECC), SIZE(256), PURPOSE(VERIFY), MAY), GIVEN(public)));
    wrapped = wrap("public", SET(HUK));
    OK(OH_Huks_UnwrapKey(NAME("again"), SET(HUK), &wrapped));
    ck_assert_uint_eq(export("again", private.bytes, sizeof private.bytes), public.size);
    private_material(key, OH_HUKS_ALG_ECC, 256, false, &private);
    OK(OH_Huks_ImportKeyItem(NAME("private"),
                             SET(ALG(ECC), SIZE(256), PURPOSE(SIGN), MAY, NUMBER(IMPORT_KEY_TYPE, 1)),
                             GIVEN(private)));
    wrapped = wrap("private", SET(HUK));
    OK(OH_Huks_UnwrapKey(NAME("again"), SET(HUK), &wrapped));
    OK(begin(&session, "again", SET(ALG(ECC), DIGEST(SHA256), PURPOSE(SIGN))));
    ck_assert_uint_eq(told("again", OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_IMPORT_KEY);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(refused)
{
    set *huk = SET(HUK);
    blob room = ROOM(bytes);
    blob small = {0, bytes};

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC, MAY), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("may not"), SET(ECC, HUK), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("no type"), SET(ECC, TRUTH(IS_ALLOWED_WRAP, true)), NULL));
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_WrapKey(NAME("may not"), huk, &room));
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_WrapKey(NAME("no type"), huk, &room));
    EXPECT(12000018, TEXT_ABSENT, OH_Huks_WrapKey(NAME("key"), no_params(), &room));
    EXPECT(12000018, TEXT_INVALID, OH_Huks_WrapKey(NAME("key"), SET(NUMBER(KEY_WRAP_TYPE, 1)), &room));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_WrapKey(NAME("nobody's"), huk, &room));
    small.size = wrap("key", huk).size - 1;
    EXPECT(12000014, TEXT_MEMORY, OH_Huks_WrapKey(NAME("key"), huk, &small));
    small.size++;
    OK(OH_Huks_WrapKey(NAME("key"), huk, &small));

    EXPECT(12000018, TEXT_NULL, OH_Huks_WrapKey(NULL, huk, &room));
    EXPECT(12000018, TEXT_NULL, OH_Huks_WrapKey(NAME("key"), NULL, &room));
    EXPECT(12000018, TEXT_NULL, OH_Huks_WrapKey(NAME("key"), huk, NULL));
    EXPECT(12000018, TEXT_INVALID, OH_Huks_WrapKey(&(blob){0, bytes}, huk, &room));
    EXPECT(12000018, TEXT_INVALID, OH_Huks_WrapKey(NAME("key"), SET(HUK, HUK), &room));
    EXPECT(12000018, TEXT_INVALID, OH_Huks_WrapKey(NAME("key"), huk, &(blob){9, NULL}));
    EXPECT(12000018, TEXT_NULL, OH_Huks_UnwrapKey(NULL, huk, &small));
    EXPECT(12000018, TEXT_NULL, OH_Huks_UnwrapKey(NAME("key"), NULL, &small));
    EXPECT(12000018, TEXT_NULL, OH_Huks_UnwrapKey(NAME("key"), huk, NULL));
    EXPECT(12000018, TEXT_INVALID, OH_Huks_UnwrapKey(NAME("key"), huk, &(blob){0, bytes}));
    EXPECT(12000018, TEXT_ABSENT, OH_Huks_UnwrapKey(NAME("key"), no_params(), &small));
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_UnwrapKey(NAME("key"), SET(HUK, TRUTH(KEY_OVERRIDE, false)), &small));
}
END_TEST

/* Every bit of it counts, and so does the level that it came from. */
START_TEST(damaged)
{
    set *huk = SET(HUK);
    blob wrapped;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ECC, MAY), NULL));
    wrapped = wrap("key", huk);
    for (uint32_t i = 0; i < wrapped.size; i += 13) {
        bytes[i] ^= 4;
        answer(__FILE__, __LINE__, "a bit", i < 4 ? 12000018 : 12000006, i < 4 ? TEXT_WRAPPED : TEXT_CRYPTO,
               OH_Huks_UnwrapKey(NAME("again"), huk, &wrapped));
        bytes[i] ^= 4;
    }
    wrapped.size--;
    EXPECT(12000006, TEXT_CRYPTO, OH_Huks_UnwrapKey(NAME("again"), huk, &wrapped));
    EXPECT(12000018, TEXT_WRAPPED, OH_Huks_UnwrapKey(NAME("again"), huk, &(blob){20, bytes}));
    wrapped.size++;
    EXPECT(12000006, TEXT_CRYPTO, OH_Huks_UnwrapKey(NAME("again"), SET(HUK, LEVEL(DE)), &wrapped));
    EXPECT(12000006, TEXT_CRYPTO, OH_Huks_UnwrapKey(NAME("again"), SET(HUK, LEVEL(ECE)), &wrapped));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("again"), NULL));
    OK(OH_Huks_UnwrapKey(NAME("again"), huk, &wrapped));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native wrapping");
    TCase *tcase = native_tcase(suite, "wrapping");

    tcase_add_test(tcase, pair);
    tcase_add_test(tcase, secret_and_halves);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, damaged);
    return native_run(suite);
}
