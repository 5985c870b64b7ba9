/*
 * Derivation through OH_Huks_* sessions: results held against OpenSSL, what the first Update and Finish
 * refuse, and secrets, agreed ones too, that stay inside as keys.
 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint8_t out[8192];

static void make_key(const char *alias, uint32_t alg, uint32_t bits, uint32_t purpose)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(alias), SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, SIZE(bits), PURPOSE(purpose)),
        NULL));
}

#define KEPT(name)                                                                                           \
    BYTES(KEY_ALIAS, name, (uint32_t)strlen(name)), NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT)

/* The base key of derivations. */
static const uint8_t main_key[32] = {3,  14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79,
                                     50, 28, 84, 19, 71, 69, 39, 93, 75, 10, 58, 20, 97, 49, 44, 59};

static void make_base(void)
{
    OK(OH_Huks_ImportKeyItem(NAME("base"), SET(ALG(AES), SIZE(256), PURPOSE(DERIVE)),
                             &(blob){sizeof main_key, (uint8_t *)(uintptr_t)main_key}));
}

/* ---- Derivation ---------------------------------------------------------------------------------------- */

static const uint8_t text[64] = "some bytes for salts and infos, sixteen of them at the least";

static const struct derivation {
    const char *name;
    uint32_t word, digest;
    uint32_t salt, info, iterations, size;
} derivations[] = {
    {"HKDF SHA-256", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA256, 16, 10, 0, 32},
    {"HKDF SHA-256 without salt", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA256, 0, 10, 0, 100},
    {"HKDF SHA-256 without anything", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA256, 0, 0, 0, 1},
    {"HKDF SHA-256 at its longest", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA256, 3, 3, 0, 255 * 32},
    {"HKDF SHA-384", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA384, 5, 64, 0, 49},
    {"HKDF SHA-512", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA512, 64, 0, 0, 64},
    {"PBKDF2 SHA-256", OH_HUKS_ALG_PBKDF2, OH_HUKS_DIGEST_SHA256, 16, 0, 1000, 32},
    {"PBKDF2 SHA-384", OH_HUKS_ALG_PBKDF2, OH_HUKS_DIGEST_SHA384, 64, 0, 1001, 100},
    {"PBKDF2 SHA-512", OH_HUKS_ALG_PBKDF2, OH_HUKS_DIGEST_SHA512, 16, 0, 10000, 16},
};

static set *deriving(const struct derivation *d)
{
    param params[8] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = d->word},
                       PURPOSE(DERIVE),
                       {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = d->digest},
                       NUMBER(DERIVE_KEY_SIZE, d->size)};
    uint32_t count = 4;

    if (d->salt > 0) {
        params[count++] = (param)BYTES(SALT, text, d->salt);
    }
    if (d->info > 0) {
        params[count++] = (param)BYTES(INFO, text, d->info);
    }
    if (d->iterations > 0) {
        params[count++] = (param)NUMBER(ITERATION, d->iterations);
    }
    return make_set(params, count);
}

static const char *digest_name(uint32_t digest)
{
    return digest == OH_HUKS_DIGEST_SHA256   ? "SHA256"
           : digest == OH_HUKS_DIGEST_SHA384 ? "SHA384"
           : digest == OH_HUKS_DIGEST_SHA512 ? "SHA512"
                                             : "SM3";
}

static void openssl_derive(const struct derivation *d, const uint8_t *base, size_t base_size, uint8_t *result)
{
    bool hkdf = d->word == OH_HUKS_ALG_HKDF;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, hkdf ? "HKDF" : "PBKDF2", NULL);
    EVP_KDF_CTX *with = EVP_KDF_CTX_new(kdf);
    unsigned rounds = d->iterations;
    int any = 1;
    OSSL_PARAM params[8], *p = params;

    *p++ =
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest_name(d->digest), 0);
    *p++ = OSSL_PARAM_construct_octet_string(hkdf ? OSSL_KDF_PARAM_KEY : OSSL_KDF_PARAM_PASSWORD,
                                             (void *)(uintptr_t)base, base_size);
    if (d->salt > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)text, d->salt);
    }
    if (hkdf && d->info > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)text, d->info);
    }
    if (!hkdf) {
        *p++ = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds);
        *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &any);
    }
    *p = OSSL_PARAM_construct_end();
    ck_assert(EVP_KDF_derive(with, result, d->size, params) == 1);
    EVP_KDF_CTX_free(with);
    EVP_KDF_free(kdf);
}

START_TEST(derives_as_openssl)
{
    const struct derivation *d = &derivations[_i];
    uint8_t wanted[8192];
    uint32_t size = sizeof out;
    struct session s;

    make_base();
    openssl_derive(d, main_key, sizeof main_key, wanted);
    OK(begin(&s, "base", deriving(d)));
    OK(feed(&s, "what comes in is ignored", 24));
    OK(finish(&s, NULL, 0, out, &size));
    ck_assert_uint_eq(size, d->size);
    ck_assert_mem_eq(out, wanted, size);
    size = d->size;
    memset(out, 0, sizeof out);
    OK(begin(&s, "base", deriving(d)));
    OK(feed(&s, NULL, 0)); /* nothing will do */
    OK(finish(&s, "x", 1, out, &size));
    ck_assert_mem_eq(out, wanted, size);
    size = d->size - 1;
    OK(begin(&s, "base", deriving(d)));
    OK(feed(&s, NULL, 0));
    EXPECT(401, size == 0 ? TEXT_INVALID : TEXT_BUFFER, finish(&s, NULL, 0, out, &size));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
}
END_TEST

/* SM4's keys derive with SM3. */
START_TEST(derives_with_sm3)
{
    static const struct derivation d = {"", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SM3, 8, 8, 0, 48};
    static const struct derivation short_base = {"", OH_HUKS_ALG_HKDF, OH_HUKS_DIGEST_SHA256, 0, 0, 0, 16};
    uint8_t sm4[16], wanted[64];
    uint32_t size = sizeof out;
    struct session s;

    make_base();
    openssl_derive(&short_base, main_key, sizeof main_key, sm4);
    OK(begin(&s, "base", deriving(&short_base)));
    OK(feed(&s, NULL, 0));
    s.params = SET(ALG(SM4), SIZE(128), PURPOSE(DERIVE), DIGEST(SM3), KEPT("sm4"));
    OK(finish(&s, NULL, 0, out, &size));
    openssl_derive(&d, sm4, sizeof sm4, wanted);
    OK(begin(&s, "sm4", deriving(&d)));
    OK(feed(&s, NULL, 0));
    size = sizeof out;
    OK(finish(&s, NULL, 0, out, &size));
    ck_assert_uint_eq(size, d.size);
    ck_assert_mem_eq(out, wanted, size);
}
END_TEST

#define HKDF_USE   ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA256)
#define PBKDF2_USE ALG(PBKDF2), PURPOSE(DERIVE), DIGEST(SHA256), NUMBER(DERIVE_KEY_SIZE, 32)

/* Init takes all of them; the first Update does not. */
static const struct refusal {
    const char *name;
    param key[5], use[8];
    int32_t code;
    const char *text;
} refusals[] = {
#define AES_DERIVE ALG(AES), SIZE(256), PURPOSE(DERIVE)
    {"no size", {AES_DERIVE}, {HKDF_USE}, 401, TEXT_ABSENT},
    {"no bytes", {AES_DERIVE}, {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 0)}, 401, TEXT_INVALID},
    {"more than 5 MiB", {AES_DERIVE}, {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 5242881)}, 401, TEXT_INVALID},
    {"more than HKDF gives",
     {AES_DERIVE},
     {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 255 * 32 + 1)},
     12000006,
     TEXT_CRYPTO},
    {"another algorithm",
     {AES_DERIVE},
     {ALG(AES), PURPOSE(DERIVE), DIGEST(SHA256), NUMBER(DERIVE_KEY_SIZE, 32)},
     401,
     TEXT_INVALID},
    {"a digest the key does not have",
     {AES_DERIVE, DIGEST(SHA384)},
     {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 32)},
     401,
     TEXT_INVALID},
    {"the key's digest not said",
     {AES_DERIVE, DIGEST(SHA384)},
     {ALG(HKDF), PURPOSE(DERIVE), NUMBER(DERIVE_KEY_SIZE, 32)},
     401,
     TEXT_ABSENT},
    {"open digest not said",
     {AES_DERIVE},
     {ALG(HKDF), PURPOSE(DERIVE), NUMBER(DERIVE_KEY_SIZE, 32)},
     12000002,
     TEXT_UNSET_IN("digest algorithm")},
    {"a digest that does not derive",
     {AES_DERIVE},
     {ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA1), NUMBER(DERIVE_KEY_SIZE, 32)},
     12000006,
     TEXT_CRYPTO},
    {"a purpose the key lacks",
     {ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT)},
     {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 32)},
     401,
     TEXT_INVALID},
    {"a pair derives nothing",
     {ALG(ECC), SIZE(256), PURPOSE(AGREE)},
     {HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 32)},
     401,
     TEXT_INVALID},
    {"no salt", {AES_DERIVE}, {PBKDF2_USE, NUMBER(ITERATION, 1000)}, 12000002, TEXT_UNSET_IN("salt value")},
    {"a short salt",
     {AES_DERIVE},
     {PBKDF2_USE, NUMBER(ITERATION, 1000), BYTES(SALT, text, 15)},
     12000003,
     "Invalid salt value."},
    {"no iterations",
     {AES_DERIVE},
     {PBKDF2_USE, BYTES(SALT, text, 16)},
     12000002,
     TEXT_UNSET_IN("number of iterations")},
    {"too few iterations",
     {AES_DERIVE},
     {PBKDF2_USE, BYTES(SALT, text, 16), NUMBER(ITERATION, 999)},
     12000003,
     "Invalid iteration count."},
    {"too many iterations",
     {AES_DERIVE},
     {PBKDF2_USE, BYTES(SALT, text, 16), NUMBER(ITERATION, 0x80001)},
     12000003,
     "Invalid iteration count."},
};

static set *set_of(const param *params, uint32_t most)
{
    uint32_t count = 0;

    while (count < most && params[count].tag != 0) {
        count++;
    }
    return make_set(params, count);
}

START_TEST(refused_at_update)
{
    const struct refusal *row = &refusals[_i];
    struct session s;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->key, 5), NULL));
    OK(begin(&s, "key", set_of(row->use, 8)));
    answer(__FILE__, __LINE__, row->name, row->code, row->text, feed(&s, NULL, 0));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, NULL, 0));
}
END_TEST

/* ---- In which order ------------------------------------------------------------------------------------ */

START_TEST(one_update)
{
    set *use = SET(HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 32));
    struct session s;

    make_key("key", OH_HUKS_ALG_AES, 256, DERIVE);
    OK(begin(&s, "key", use)); /* a second one is one too many */
    OK(feed(&s, NULL, 0));
    EXPECT(12000012, TEXT_ABNORMAL, feed(&s, NULL, 0));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use)); /* none is one too few */
    EXPECT(401, TEXT_NULL, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, NULL, 0));
    OK(begin(&s, "key", use)); /* a result needs a place */
    OK(feed(&s, NULL, 0));
    EXPECT(401, TEXT_INVALID, finish(&s, NULL, 0, NULL, &(uint32_t){0}));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use)); /* nothing is lost by going */
    OK(stop(&s));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, NULL, 0));
    OK(begin(&s, "key", use));
    OK(feed(&s, NULL, 0));
    OK(stop(&s));
}
END_TEST

/* Deleting a key leaves begun operations alone. */
START_TEST(deleted_before_the_update)
{
    uint8_t wanted[64];
    uint32_t size = sizeof out;
    struct session s;

    make_base();
    openssl_derive(&derivations[0], main_key, sizeof main_key, wanted);
    OK(begin(&s, "base", deriving(&derivations[0])));
    OK(OH_Huks_DeleteKeyItem(NAME("base"), NULL));
    OK(feed(&s, NULL, 0));
    OK(finish(&s, NULL, 0, out, &size));
    ck_assert_uint_eq(size, 32);
    ck_assert_mem_eq(out, wanted, 32);
}
END_TEST

/* ---- Keeping the result -------------------------------------------------------------------------------- */

static struct OH_Huks_Result derive_with(const char *base, set *finishing, uint32_t bytes, uint32_t *room)
{
    struct session s;

    OK(begin(&s, base, SET(HKDF_USE, NUMBER(DERIVE_KEY_SIZE, bytes))));
    OK(feed(&s, NULL, 0));
    s.params = finishing;
    return finish(&s, NULL, 0, out, room);
}

static const uint8_t long_name[129] = {'a'};

#define AES_KEPT          ALG(AES), SIZE(256), PURPOSE(ENCRYPT)
#define FLAG(name, value) NUMBER(name, OH_HUKS_STORAGE_##value)

static const struct kept {
    const char *name;
    uint32_t base_flag; /* 0: none */
    param finish[8];
    int32_t code;
    const char *text;
    bool inside;
} kept[] = {
    {"nothing said", 0, {{0}}, 0, "Success.", false},
    {"temporary", 0, {FLAG(KEY_STORAGE_FLAG, TEMP)}, 0, "Success.", false},
    {"to be exported", 0, {FLAG(DERIVED_AGREED_KEY_STORAGE_FLAG, KEY_EXPORT_ALLOWED)}, 0, "Success.", false},
    {"persistent", 0, {AES_KEPT, KEPT("new")}, 0, "Success.", true},
    {"only inside",
     0,
     {AES_KEPT, BYTES(KEY_ALIAS, "new", 3), FLAG(DERIVED_AGREED_KEY_STORAGE_FLAG, ONLY_USED_IN_HUKS)},
     0,
     "Success.",
     true},
    {"only inside, by the other tag",
     0,
     {AES_KEPT, BYTES(KEY_ALIAS, "new", 3), FLAG(KEY_STORAGE_FLAG, ONLY_USED_IN_HUKS)},
     0,
     "Success.",
     true},
    {"a flag that is none",
     0,
     {AES_KEPT, BYTES(KEY_ALIAS, "new", 3), NUMBER(KEY_STORAGE_FLAG, 4)},
     401,
     TEXT_INVALID,
     false},
    {"both at once",
     0,
     {AES_KEPT, KEPT("new"), FLAG(DERIVED_AGREED_KEY_STORAGE_FLAG, KEY_EXPORT_ALLOWED)},
     12000012,
     TEXT_ABNORMAL,
     false},
    /* What the base key was made with */
    {"must stay inside, and does", 2, {AES_KEPT, KEPT("new")}, 0, "Success.", true},
    {"must stay inside, nothing said", 2, {{0}}, 12000012, TEXT_ABNORMAL, false},
    {"must stay inside, to be exported",
     2,
     {FLAG(DERIVED_AGREED_KEY_STORAGE_FLAG, KEY_EXPORT_ALLOWED)},
     12000012,
     TEXT_ABNORMAL,
     false},
    {"goes outside", 3, {{0}}, 0, "Success.", false},
    {"goes outside, to be kept", 3, {AES_KEPT, KEPT("new")}, 12000012, TEXT_ABNORMAL, false},
    /* What a key that is kept must say */
    {"no alias", 0, {AES_KEPT, FLAG(KEY_STORAGE_FLAG, PERSISTENT)}, 401, TEXT_ABSENT, false},
    {"an empty alias",
     0,
     {AES_KEPT, BYTES(KEY_ALIAS, "", 0), FLAG(KEY_STORAGE_FLAG, PERSISTENT)},
     401,
     TEXT_INVALID,
     false},
    {"a long alias",
     0,
     {AES_KEPT, BYTES(KEY_ALIAS, long_name, 129), FLAG(KEY_STORAGE_FLAG, PERSISTENT)},
     401,
     TEXT_INVALID,
     false},
    {"no algorithm", 0, {SIZE(256), PURPOSE(ENCRYPT), KEPT("new")}, 401, TEXT_INVALID, false},
    {"no secret key's algorithm",
     0,
     {ALG(ECC), SIZE(256), PURPOSE(SIGN), KEPT("new")},
     401,
     TEXT_INVALID,
     false},
    {"no size", 0, {ALG(AES), PURPOSE(ENCRYPT), KEPT("new")}, 401, TEXT_KEY_INFO, false},
    {"another size", 0, {ALG(AES), SIZE(128), PURPOSE(ENCRYPT), KEPT("new")}, 401, TEXT_KEY_INFO, false},
    {"no purpose", 0, {ALG(AES), SIZE(256), KEPT("new")}, 12000002, TEXT_UNSET_IN("key purpose"), false},
    {"a wrong purpose",
     0,
     {ALG(AES), SIZE(256), PURPOSE(SIGN), KEPT("new")},
     12000003,
     "Invalid key purpose.",
     false},
    {"a wrong mode", 0, {AES_KEPT, MODE(OFB), KEPT("new")}, 12000003, "Invalid cipher mode.", false},
    {"a size that the algorithm has not",
     0,
     {ALG(SM4), SIZE(256), PURPOSE(ENCRYPT), KEPT("new")},
     12000003,
     "Invalid key size.",
     false},
    {"a level that is none",
     0,
     {AES_KEPT, KEPT("new"), NUMBER(AUTH_STORAGE_LEVEL, 3)},
     401,
     TEXT_INVALID,
     false},
    {"a taken alias", 0, {AES_KEPT, KEPT("base"), TRUTH(KEY_OVERRIDE, false)}, 12000017, TEXT_TAKEN, false},
};

START_TEST(keeps_results)
{
    const struct kept *row = &kept[_i];
    param base[4] = {ALG(AES), SIZE(256), PURPOSE(DERIVE)};
    uint32_t count = 3;
    uint32_t room = sizeof out;

    if (row->base_flag != 0) {
        base[count++] = (param)NUMBER(DERIVED_AGREED_KEY_STORAGE_FLAG, row->base_flag);
    }
    OK(OH_Huks_GenerateKeyItem(NAME("base"), make_set(base, count), NULL));
    memset(out, 0xa5, sizeof out);
    answer(__FILE__, __LINE__, row->name, row->code, row->text,
           derive_with("base", set_of(row->finish, 8), 32, &room));
    if (row->inside) {
        OK(OH_Huks_IsKeyItemExist(NAME("new"), NULL));
    } else {
        EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("new"), NULL));
    }
    if (row->code != 0 || row->inside) { /* nothing comes out */
        for (size_t i = 0; i < 64; i++) {
            ck_assert_uint_eq(out[i], 0xa5);
        }
    } else {
        ck_assert_uint_eq(room, 32);
    }
}
END_TEST

static uint32_t param_of(const char *alias, set *level, uint32_t tag)
{
    uint8_t bytes[4096];
    set *params = (set *)(void *)bytes;
    param *found = NULL;

    params->paramSetSize = sizeof bytes;
    OK(OH_Huks_GetKeyItemParamSet(NAME(alias), level, params));
    OK(OH_Huks_GetParam(params, tag, &found));
    return found->uint32Param;
}

/* One half of an agreement to `give`, kept as the key of `keeping`. */
static void agree_and_keep(const blob *peer, set *keeping)
{
    blob nothing = {0, NULL};
    blob room = ROOM(out);
    struct session s;

    OK(begin(&s, "mine", SET(ALG(X25519), PURPOSE(AGREE))));
    OK(feed(&s, peer->data, peer->size));
    OK(OH_Huks_FinishSession(&s.handle, keeping, &nothing, &room));
}

START_TEST(kept_keys_are_keys)
{
    uint8_t peer_bytes[32], my_bytes[32], secret[32], wanted[32], mac[32];
    blob peer = ROOM(peer_bytes), mine = ROOM(my_bytes);
    unsigned wanted_size = 32;
    uint32_t size = sizeof secret;
    struct session s;

    /* The peer tells the secret; ours stays inside, and works as the key that it became. */
    make_key("mine", OH_HUKS_ALG_X25519, 256, AGREE);
    make_key("theirs", OH_HUKS_ALG_X25519, 256, AGREE);
    OK(OH_Huks_ExportPublicKeyItem(NAME("mine"), NULL, &mine));
    OK(OH_Huks_ExportPublicKeyItem(NAME("theirs"), NULL, &peer));
    OK(begin(&s, "theirs", SET(ALG(X25519), PURPOSE(AGREE))));
    OK(feed(&s, mine.data, mine.size));
    OK(finish(&s, NULL, 0, secret, &size));
    agree_and_keep(&peer, SET(ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256), KEPT("new")));
    ck_assert_uint_eq(param_of("new", NULL, OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_AGREE_KEY);
    ck_assert_uint_eq(param_of("new", NULL, OH_HUKS_TAG_KEY_SIZE), 256);
    ck_assert(HMAC(EVP_sha256(), secret, 32, text, sizeof text, wanted, &wanted_size) != NULL);
    OK(begin(&s, "new", SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256))));
    size = sizeof mac;
    OK(finish(&s, text, sizeof text, mac, &size));
    ck_assert_mem_eq(mac, wanted, 32);
    /* It replaces what was there, unless told not to; on its own level. */
    agree_and_keep(&peer, SET(ALG(AES), SIZE(256), PURPOSE(DERIVE), KEPT("new")));
    ck_assert_uint_eq(param_of("new", NULL, OH_HUKS_TAG_ALGORITHM), OH_HUKS_ALG_AES);
    size = sizeof out;
    OK(derive_with("new", SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), KEPT("new"), LEVEL(DE)), 16, &size));
    ck_assert_uint_eq(param_of("new", SET(LEVEL(DE)), OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_DERIVE_KEY);
    ck_assert_uint_eq(param_of("new", SET(LEVEL(DE)), OH_HUKS_TAG_KEY_SIZE), 128);
    ck_assert_uint_eq(param_of("new", NULL, OH_HUKS_TAG_KEY_SIZE), 256);
}
END_TEST

/* ---- The session limit --------------------------------------------------------------------------------- */

/* From Init to the end a derivation holds one of the key-operation sessions, with a result or without. */
START_TEST(derivations_count)
{
    set *use = SET(HKDF_USE, NUMBER(DERIVE_KEY_SIZE, 32));
    struct session all[3], more;

    configure("session_limit = 3\nsession_wait_ms = 0\n");
    make_key("key", OH_HUKS_ALG_AES, 256, DERIVE);
    for (int i = 0; i < 3; i++) {
        OK(begin(&all[i], "key", use));
    }
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use));
    OK(feed(&all[0], NULL, 0));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use));
    OK(finish(&all[0], NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&all[0], "key", use));
    EXPECT(401, TEXT_NULL, finish(&all[1], NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&all[1], "key", use));
    OK(stop(&all[2]));
    OK(begin(&all[2], "key", use));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use));
    for (int i = 0; i < 3; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native derivation");
    TCase *tcase = native_tcase(suite, "derivation");

    tcase_add_loop_test(tcase, derives_as_openssl, 0, COUNT(derivations));
    tcase_add_test(tcase, derives_with_sm3);
    tcase_add_loop_test(tcase, refused_at_update, 0, COUNT(refusals));
    tcase_add_test(tcase, one_update);
    tcase_add_test(tcase, deleted_before_the_update);
    tcase_add_loop_test(tcase, keeps_results, 0, COUNT(kept));
    tcase_add_test(tcase, kept_keys_are_keys);
    tcase_add_test(tcase, derivations_count);
    return native_run(suite);
}
