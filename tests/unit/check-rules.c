/* HUKS's rules for making and using keys: every row, in HUKS's order, with HUKS's sentences. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "param/rules.h"

/* ---- tools ---- */

/* A tag and a number; of a BYTES tag the number is the length. Tag 0 ends. */
struct pair {
    uint32_t tag;
    uint32_t value;
};

/* clang-format off */
#define ALG(name)     {OH_HUKS_TAG_ALGORITHM, OH_HUKS_ALG_##name}
#define INNER(name)   {OH_HUKS_TAG_ALGORITHM, HUKS_ALG_##name}
#define FOR(mask)     {OH_HUKS_TAG_PURPOSE, (mask)}
#define BITS(number)  {OH_HUKS_TAG_KEY_SIZE, (number)}
#define DIGEST(name)  {OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_##name}
#define PADDING(name) {OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_##name}
#define MODE(name)    {OH_HUKS_TAG_BLOCK_MODE, OH_HUKS_MODE_##name}

enum {
    ENC = 1,
    DEC = 2,
    SIGN = 4,
    VER = 8,
    DERIVE = 16,
    WRAP = 32,
    UNWRAP = 64,
    MAC = 128,
    AGREE = 256,
};

static void add(struct param_list *list, struct pair pair)
{
    static const uint8_t zeros[4096];

    switch (tag_type(pair.tag)) {
    case OH_HUKS_TAG_TYPE_BYTES:
        ck_assert_int_eq(param_list_add_bytes(list, pair.tag, bytes_of(zeros, pair.value)), HUKS_OK);
        break;
    case OH_HUKS_TAG_TYPE_BOOL:
        ck_assert_int_eq(param_list_add_bool(list, pair.tag, pair.value != 0), HUKS_OK);
        break;
    default:
        ck_assert_int_eq(param_list_add_u32(list, pair.tag, pair.value), HUKS_OK);
        break;
    }
}

static OH_Huks_ParamSet *make(const struct pair *pairs)
{
    AUTO(param_list_free) struct param_list list = {0};
    OH_Huks_ParamSet *set = NULL;

    for (; pairs->tag != 0; pairs++) {
        add(&list, *pairs);
    }
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    return set;
}

#define SET(...) make((const struct pair[]){__VA_ARGS__, {0, 0}})

#define NO_ALGORITHM      12000002, "Failed to obtain the algorithm. It is not set in ParamSet."
#define NO_PURPOSE        12000002, "Failed to obtain the key purpose. It is not set in ParamSet."
#define NO_SIZE           12000002, "Failed to obtain the key size. It is not set in ParamSet."
#define NO_MODE           12000002, "Failed to obtain the cipher mode. It is not set in ParamSet."
#define NO_PADDING        12000002, "Failed to obtain the padding algorithm. It is not set in ParamSet."
#define NO_DIGEST         12000002, "Failed to obtain the digest algorithm. It is not set in ParamSet."
#define BAD_ALGORITHM     12000003, "Invalid algorithm."
#define BAD_PURPOSE       12000003, "Invalid key purpose."
#define BAD_SIZE          12000003, "Invalid key size."
#define BAD_PADDING       12000003, "Invalid padding algorithm."
#define BAD_DIGEST        12000003, "Invalid digest algorithm."
#define BAD_MODE          12000003, "Invalid cipher mode."
#define ILLEGAL           401, "Invalid parameters."
#define ABSENT            401, "The parameter does not exist."

static void outcome(huks_rc rc, int32_t code, const char *sentence)
{
    char message[256] = "";

    if (rc != HUKS_OK) {
        (void)error_message(message, sizeof(message));
    }
    ck_assert_msg(rc == code && strcmp(message, sentence) == 0, "%d \"%s\", not %d \"%s\"", rc, message, code,
                  sentence);
    error_clear();
}

/* The set is made for the call and freed after it. */
static void generates(OH_Huks_ParamSet *set, int32_t code, const char *sentence)
{
    outcome(rules_check_generate(set), code, sentence);
    param_set_free(&set);
}

static void imports(enum rules_import kind, OH_Huks_ParamSet *set, int32_t code, const char *sentence)
{
    outcome(rules_check_import(set, kind), code, sentence);
    param_set_free(&set);
}

static void begins(OH_Huks_ParamSet *key, OH_Huks_ParamSet *init, int32_t code, const char *sentence)
{
    outcome(rules_check_init(key, init), code, sentence);
    param_set_free(&key);
    param_set_free(&init);
}

#define FINE 0, ""

/* ---- generation, step by step ---- */

START_TEST(the_caller)
{
    static const uint32_t refused[] = {HUKS_TAG_PROCESS_NAME, HUKS_TAG_USER_AUTH_TYPE_ATL};
    OH_Huks_ParamSet *set = SET(ALG(AES));

    outcome(rules_check_caller(set), FINE);
    outcome(rules_check_caller(NULL), FINE);
    param_set_free(&set);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        set = SET(ALG(AES), {refused[i], 1});
        outcome(rules_check_caller(set), ILLEGAL);
        param_set_free(&set);
    }
}
END_TEST

START_TEST(the_order)
{
    /* each line mends the first mistake of the line before: HUKS tells them one by one */
    generates(SET({OH_HUKS_TAG_USER_ID, 1}), NO_ALGORITHM);
    generates(SET({OH_HUKS_TAG_ALGORITHM, 4711}), BAD_ALGORITHM);
    generates(SET(ALG(AES)), NO_PURPOSE);
    generates(SET(ALG(AES), FOR(ENC | SIGN), {HUKS_TAG_BATCH_PURPOSE, DEC},
                  {OH_HUKS_TAG_USER_AUTH_TYPE, OH_HUKS_USER_AUTH_TYPE_TUI_PIN}),
              BAD_PURPOSE);
    generates(SET(ALG(AES), FOR(ENC | SIGN), {HUKS_TAG_BATCH_PURPOSE, ENC},
                  {OH_HUKS_TAG_USER_AUTH_TYPE, OH_HUKS_USER_AUTH_TYPE_TUI_PIN}),
              12000001, "The user authentication type is not supported.");
    generates(SET(ALG(AES), FOR(ENC | SIGN)), BAD_PURPOSE);
    generates(SET(ALG(AES), FOR(SIGN), PADDING(OAEP), DIGEST(MD5), MODE(OFB)), NO_SIZE);
    generates(SET(ALG(AES), FOR(SIGN), PADDING(OAEP), DIGEST(MD5), MODE(OFB), BITS(512)), BAD_SIZE);
    generates(SET(ALG(AES), FOR(SIGN), PADDING(OAEP), DIGEST(MD5), MODE(OFB), BITS(256)), BAD_PADDING);
    generates(SET(ALG(AES), FOR(SIGN), PADDING(PKCS7), DIGEST(MD5), MODE(OFB), BITS(256)), BAD_PURPOSE);
    generates(SET(ALG(AES), FOR(SIGN), DIGEST(MD5), MODE(OFB), BITS(256)), BAD_PURPOSE);
    generates(SET(ALG(AES), FOR(DERIVE), PADDING(OAEP), DIGEST(MD5), MODE(OFB), BITS(256)), BAD_PADDING);
    generates(SET(ALG(AES), FOR(DERIVE), PADDING(PKCS7), DIGEST(MD5), MODE(OFB), BITS(256)), BAD_DIGEST);
    generates(SET(ALG(AES), FOR(DERIVE), PADDING(PKCS7), DIGEST(SHA256), MODE(OFB), BITS(256)), BAD_MODE);
    generates(SET(ALG(AES), FOR(DERIVE), PADDING(PKCS7), DIGEST(SHA256), MODE(CTR), BITS(256)), BAD_PADDING);
    generates(SET(ALG(AES), FOR(DERIVE), PADDING(PKCS7), DIGEST(SHA256), MODE(CBC), BITS(256)), FINE);
}
END_TEST

/* HUKS's table of algorithms, said another way: which single purposes each algorithm has. */
static const struct {
    uint32_t alg;
    uint32_t purposes;
    uint32_t bits;
    bool generates;
} algorithms[] = {
    {OH_HUKS_ALG_RSA, ENC | DEC | SIGN | VER, 2048, true},
    {OH_HUKS_ALG_ECC, SIGN | VER | AGREE | UNWRAP, 256, true},
    {OH_HUKS_ALG_DSA, SIGN | VER, 1024, true},
    {OH_HUKS_ALG_AES, ENC | DEC | DERIVE | MAC, 256, true},
    {OH_HUKS_ALG_HMAC, MAC, 256, true},
    {OH_HUKS_ALG_HKDF, 0, 256, false},
    {OH_HUKS_ALG_PBKDF2, 0, 256, false},
    {OH_HUKS_ALG_ECDH, AGREE, 256, true},
    {OH_HUKS_ALG_X25519, AGREE | UNWRAP | SIGN | VER, 256, true},
    {OH_HUKS_ALG_ED25519, SIGN | VER | AGREE, 256, true},
    {OH_HUKS_ALG_DH, AGREE, 2048, true},
    {OH_HUKS_ALG_SM2, ENC | DEC | SIGN | VER | AGREE | UNWRAP, 256, true},
    {OH_HUKS_ALG_SM3, MAC, 256, true},
    {OH_HUKS_ALG_SM4, ENC | DEC | DERIVE, 128, true},
    {HUKS_ALG_DES, ENC | DEC | DERIVE | MAC, 64, true},
    {HUKS_ALG_3DES, ENC | DEC | DERIVE | MAC, 192, true},
    {HUKS_ALG_CMAC, 0, 128, false},
    {HUKS_ALG_GMKDF, 0, 256, false},
    {HUKS_ALG_ML_DSA, SIGN | VER, 65, true},
    {HUKS_ALG_ML_KEM, WRAP | UNWRAP, 768, true},
    {HUKS_ALG_ED448, 0, 456, false}, /* what HUKS has no number for is made through PKCS#11 only */
    {HUKS_ALG_GENERIC, 0, 256, false},
    {0, 0, 256, false},
};

static bool in_one_group(uint32_t mask)
{
    static const uint32_t groups[] = {ENC | DEC, SIGN | VER, DERIVE, WRAP | UNWRAP, MAC, AGREE};

    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        if (mask != 0 && (mask | groups[i]) == groups[i]) {
            return true;
        }
    }
    return false;
}

START_TEST(every_purpose_mask)
{
    for (uint32_t mask = 0; mask < 1024; mask++) { /* with a bit that is none */
        OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_ALGORITHM, algorithms[_i].alg}, FOR(mask),
                                    BITS(algorithms[_i].bits));
        huks_rc rc = rules_check_generate(set);
        bool fits = in_one_group(mask) && (mask & ~algorithms[_i].purposes) == 0;
        if (!algorithms[_i].generates) {
            outcome(rc, BAD_ALGORITHM);
        } else if (!fits) {
            outcome(rc, BAD_PURPOSE);
        } else {
            outcome(rc, FINE);
        }
        param_set_free(&set);
    }
}
END_TEST

START_TEST(purposes_of_the_engine_are_not_native)
{
    generates(SET(ALG(RSA), FOR(SIGN | HUKS_PURPOSE_SIGN_RECOVER), BITS(2048)), BAD_PURPOSE);
    generates(SET(INNER(ML_KEM), FOR(HUKS_PURPOSE_ENCAPSULATE), BITS(768)), BAD_PURPOSE);
}
END_TEST

static bool listed(const uint32_t *sizes, uint32_t size)
{
    for (; *sizes != 0; sizes++) {
        if (*sizes == size) {
            return true;
        }
    }
    return false;
}

static const struct {
    uint32_t alg;
    uint32_t purpose;
    uint32_t sizes[8];
} sizes[] = {
    {OH_HUKS_ALG_AES, ENC | DEC, {128, 192, 256}},
    {OH_HUKS_ALG_AES, DERIVE, {128, 192, 256}},
    {OH_HUKS_ALG_AES, MAC, {256}},
    {OH_HUKS_ALG_SM4, ENC, {128}},
    {HUKS_ALG_DES, ENC, {64}},
    {HUKS_ALG_3DES, ENC, {128, 192}},
    {OH_HUKS_ALG_ECC, SIGN, {224, 256, 384, 521}},
    {OH_HUKS_ALG_ECDH, AGREE, {224, 256, 384, 521}},
    {OH_HUKS_ALG_SM2, SIGN, {256}},
    {OH_HUKS_ALG_DH, AGREE, {2048, 3072, 4096}},
    {OH_HUKS_ALG_X25519, AGREE, {256}},
    {OH_HUKS_ALG_ED25519, SIGN, {256}},
    {HUKS_ALG_ML_DSA, SIGN, {44, 65, 87}},
    {HUKS_ALG_ML_KEM, WRAP, {768, 1024}},
};

START_TEST(every_size)
{
    for (uint32_t bits = 0; bits <= 4200; bits++) {
        OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_ALGORITHM, sizes[_i].alg}, FOR(sizes[_i].purpose), BITS(bits));
        huks_rc rc = rules_check_generate(set);
        if (listed(sizes[_i].sizes, bits)) {
            outcome(rc, FINE);
        } else {
            outcome(rc, BAD_SIZE);
        }
        param_set_free(&set);
    }
}
END_TEST

START_TEST(every_rsa_size)
{
    static const uint32_t named[] = {512, 768, 1024, 2048, 3072, 4096, 0};

    for (uint32_t bits = 0; bits <= 4200; bits++) {
        OH_Huks_ParamSet *set = SET(ALG(RSA), FOR(SIGN), BITS(bits));
        huks_rc rc = rules_check_generate(set);
        if (listed(named, bits) || (bits >= 1024 && bits <= 2048 && bits % 8 == 0)) {
            outcome(rc, FINE);
        } else {
            outcome(rc, BAD_SIZE);
        }
        param_set_free(&set);
    }
    generates(SET(ALG(RSA), FOR(SIGN), BITS(1016)), BAD_SIZE);
    generates(SET(ALG(RSA), FOR(SIGN), BITS(1025)), BAD_SIZE);
    generates(SET(ALG(RSA), FOR(SIGN), BITS(2056)), BAD_SIZE);
}
END_TEST

START_TEST(sizes_of_whole_bytes)
{
    static const struct pair algs[] = {ALG(HMAC), ALG(SM3), ALG(DSA)};

    for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
        uint32_t purpose = algs[i].value == OH_HUKS_ALG_DSA ? SIGN : MAC;
        generates(SET(algs[i], FOR(purpose), BITS(8)), FINE);
        generates(SET(algs[i], FOR(purpose), BITS(1000)), FINE);
        generates(SET(algs[i], FOR(purpose), BITS(0)), ILLEGAL);
        generates(SET(algs[i], FOR(purpose), BITS(257)), ILLEGAL);
        /* the engine finds it, after all other checks */
        generates(SET(algs[i], FOR(purpose), BITS(257), DIGEST(MD5)), BAD_DIGEST);
    }
}
END_TEST

#define D(name) (1u << OH_HUKS_DIGEST_##name)
#define D_SHA   (D(SHA1) | D(SHA224) | D(SHA256) | D(SHA384) | D(SHA512))
#define D_ALL   0xFFFFFFFFu

static const struct {
    uint32_t alg;
    uint32_t purpose;
    uint32_t bits;
    uint32_t digests;
} digests[] = {
    {OH_HUKS_ALG_RSA, ENC, 2048, D(MD5) | D(NONE) | D_SHA},
    {OH_HUKS_ALG_RSA, SIGN, 2048, D(MD5) | D(NONE) | D_SHA},
    {OH_HUKS_ALG_AES, ENC, 256, D_ALL},
    {OH_HUKS_ALG_AES, DERIVE, 256, D(SHA256) | D(SHA384) | D(SHA512)},
    {OH_HUKS_ALG_AES, MAC, 256, D(SHA256)},
    {OH_HUKS_ALG_SM4, DERIVE, 128, D(SM3)},
    {OH_HUKS_ALG_SM4, ENC, 128, D_ALL},
    {OH_HUKS_ALG_HMAC, MAC, 256, D_SHA | D(SM3)},
    {OH_HUKS_ALG_SM3, MAC, 256, D(SM3)},
    {OH_HUKS_ALG_ECC, SIGN, 256, D(NONE) | D_SHA},
    {OH_HUKS_ALG_SM2, SIGN, 256, D(SM3) | D(NONE)},
    {OH_HUKS_ALG_SM2, ENC, 256, D(SM3) | D(NONE)},
    {OH_HUKS_ALG_DSA, SIGN, 1024, D(NONE) | D_SHA},
    {OH_HUKS_ALG_ED25519, SIGN, 256, D_ALL},
    {OH_HUKS_ALG_ECDH, AGREE, 256, D_ALL},
    {OH_HUKS_ALG_DH, AGREE, 2048, D_ALL},
    {OH_HUKS_ALG_X25519, AGREE, 256, D_ALL},
    {HUKS_ALG_3DES, ENC, 192, D_ALL},
};

START_TEST(every_digest)
{
    for (uint32_t digest = 0; digest < 40; digest++) {
        OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_ALGORITHM, digests[_i].alg}, FOR(digests[_i].purpose),
                                    BITS(digests[_i].bits), {OH_HUKS_TAG_DIGEST, digest});
        huks_rc rc = rules_check_generate(set);
        if (digests[_i].digests == D_ALL || (digest < 32 && (digests[_i].digests & 1u << digest) != 0)) {
            outcome(rc, FINE);
        } else {
            outcome(rc, BAD_DIGEST);
        }
        param_set_free(&set);
    }
}
END_TEST

#define P(name) (1u << OH_HUKS_PADDING_##name)
#define M(name) (UINT64_C(1) << OH_HUKS_MODE_##name)
#define ANY     UINT64_MAX

static const struct {
    uint32_t alg;
    uint32_t purpose;
    uint32_t bits;
    uint64_t paddings;
    uint64_t modes;
} ciphers[] = {
    {OH_HUKS_ALG_RSA, ENC | DEC, 2048, P(NONE) | P(OAEP) | P(PKCS1_V1_5), ANY},
    {OH_HUKS_ALG_RSA, SIGN | VER, 2048, P(NONE) | P(PSS) | P(PKCS1_V1_5) | P(ISO_IEC_9796_2), ANY},
    {OH_HUKS_ALG_AES, ENC | DEC, 128, P(NONE) | P(PKCS7), M(CBC) | M(CTR) | M(ECB) | M(GCM) | M(CCM)},
    {OH_HUKS_ALG_SM4, ENC | DEC, 128, P(NONE) | P(PKCS7), M(CBC) | M(CTR) | M(ECB) | M(CFB) | M(OFB)},
    {HUKS_ALG_DES, ENC | DEC, 64, P(NONE), M(CBC) | M(ECB)},
    {HUKS_ALG_3DES, ENC | DEC, 192, P(NONE), M(CBC) | M(ECB)},
    {OH_HUKS_ALG_ECC, SIGN, 256, ANY, ANY},
    {OH_HUKS_ALG_HMAC, MAC, 256, ANY, ANY},
    {OH_HUKS_ALG_SM2, ENC, 256, ANY, ANY},
};

START_TEST(every_padding_and_mode)
{
    for (uint32_t padding = 0; padding < 70; padding++) {
        for (uint32_t mode = 0; mode < 70; mode++) {
            OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_ALGORITHM, ciphers[_i].alg}, FOR(ciphers[_i].purpose),
                                        BITS(ciphers[_i].bits), {OH_HUKS_TAG_PADDING, padding},
                                        {OH_HUKS_TAG_BLOCK_MODE, mode});
            huks_rc rc = rules_check_generate(set);
            bool pads = mode == OH_HUKS_MODE_CBC || mode == OH_HUKS_MODE_ECB;
            if (ciphers[_i].paddings != ANY &&
                (padding >= 64 || (ciphers[_i].paddings & UINT64_C(1) << padding) == 0)) {
                outcome(rc, BAD_PADDING);
            } else if (ciphers[_i].modes != ANY &&
                       (mode >= 64 || (ciphers[_i].modes & UINT64_C(1) << mode) == 0)) {
                outcome(rc, BAD_MODE);
            } else if (ciphers[_i].modes != ANY && padding == OH_HUKS_PADDING_PKCS7 && !pads) {
                outcome(rc, BAD_PADDING);
            } else {
                outcome(rc, FINE);
            }
            param_set_free(&set);
        }
    }
}
END_TEST

START_TEST(kinds_of_generation)
{
    generates(SET(ALG(AES), FOR(ENC), BITS(256), {OH_HUKS_TAG_KEY_GENERATE_TYPE, 0}), FINE);
    generates(SET(ALG(AES), FOR(ENC), BITS(256), {OH_HUKS_TAG_KEY_GENERATE_TYPE, 1}), ILLEGAL);
    generates(SET(ALG(AES), FOR(ENC), BITS(256), {OH_HUKS_TAG_KEY_GENERATE_TYPE, 3}), ILLEGAL);
    generates(SET(ALG(AES), FOR(ENC), BITS(256), {OH_HUKS_TAG_KEY_GENERATE_TYPE, 2}), ABSENT);
    generates(SET(ALG(AES), FOR(ENC), BITS(256), {OH_HUKS_TAG_KEY_GENERATE_TYPE, 2},
                  {OH_HUKS_TAG_AGREE_ALG, OH_HUKS_ALG_ECDH}, {OH_HUKS_TAG_AGREE_PRIVATE_KEY_ALIAS, 3},
                  {OH_HUKS_TAG_AGREE_PUBLIC_KEY, 3}, {OH_HUKS_TAG_AGREE_PUBLIC_KEY_IS_KEY_ALIAS, 1}),
              FINE);
}
END_TEST

/* ---- import ---- */

START_TEST(kinds_of_import)
{
    enum rules_import kind;

    for (uint32_t type = 0; type < 3; type++) {
        OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_IMPORT_KEY_TYPE, type});
        outcome(rules_import_kind(set, &kind), FINE);
        ck_assert_uint_eq(kind, type);
        param_set_free(&set);
    }
    outcome(rules_import_kind(NULL, &kind), FINE);
    ck_assert_int_eq(kind, RULES_IMPORT_PUBLIC);
    OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_IMPORT_KEY_TYPE, 3});
    outcome(rules_import_kind(set, &kind), ILLEGAL);
    param_set_free(&set);
}
END_TEST

static const struct {
    uint32_t alg;
    uint32_t bits;
    uint32_t pair;      /* single purposes that a pair, a private, a public half may have */
    uint32_t private;
    uint32_t public;
} halves[] = {
    {OH_HUKS_ALG_RSA, 2048, ENC | DEC | SIGN | VER, SIGN | DEC, VER | ENC},
    {OH_HUKS_ALG_ECC, 256, SIGN | VER | AGREE, SIGN | AGREE, VER | AGREE},
    {OH_HUKS_ALG_SM2, 256, ENC | DEC | SIGN | VER | AGREE, SIGN, VER | ENC},
    {OH_HUKS_ALG_DSA, 1024, SIGN | VER, SIGN, VER},
    {OH_HUKS_ALG_ED25519, 256, SIGN | VER | AGREE, SIGN, VER},
    {OH_HUKS_ALG_X25519, 256, SIGN | VER | AGREE, SIGN | VER | AGREE, SIGN | VER | AGREE},
    {OH_HUKS_ALG_DH, 2048, AGREE, AGREE, AGREE},
    {OH_HUKS_ALG_ECDH, 256, AGREE, AGREE, AGREE},
    {HUKS_ALG_ML_DSA, 65, SIGN | VER, SIGN, VER},
    {OH_HUKS_ALG_AES, 256, ENC | DEC | DERIVE | MAC, ENC | DEC | DERIVE | MAC, ENC | DEC | DERIVE | MAC},
    {OH_HUKS_ALG_HMAC, 256, MAC, MAC, MAC},
};

START_TEST(every_half)
{
    const uint32_t allowed[] = {halves[_i].public, halves[_i].private, halves[_i].pair};

    for (int kind = RULES_IMPORT_PUBLIC; kind <= RULES_IMPORT_PAIR; kind++) {
        for (uint32_t bit = 0; bit < 9; bit++) {
            OH_Huks_ParamSet *set = SET({OH_HUKS_TAG_ALGORITHM, halves[_i].alg}, FOR(1u << bit),
                                        BITS(halves[_i].bits));
            if ((allowed[kind] & 1u << bit) != 0) {
                imports((enum rules_import)kind, set, FINE);
            } else {
                imports((enum rules_import)kind, set, BAD_PURPOSE);
            }
        }
    }
}
END_TEST

START_TEST(import_in_order)
{
    imports(RULES_IMPORT_PAIR, SET(FOR(SIGN)), NO_ALGORITHM);
    imports(RULES_IMPORT_PAIR, SET(ALG(PBKDF2)), BAD_ALGORITHM);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA)), NO_PURPOSE);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA), FOR(SIGN)), NO_SIZE);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA), FOR(SIGN), BITS(1000)), BAD_SIZE);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA), FOR(SIGN), BITS(2048), PADDING(OAEP)), BAD_PADDING);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA), FOR(SIGN), BITS(2048), DIGEST(SM3)), BAD_DIGEST);
    imports(RULES_IMPORT_PAIR, SET(ALG(RSA), FOR(SIGN | VER), BITS(2048)), FINE);
    /* exactly one purpose for a half */
    imports(RULES_IMPORT_PRIVATE, SET(ALG(RSA), FOR(SIGN | VER), BITS(2048)), BAD_PURPOSE);
    imports(RULES_IMPORT_PUBLIC, SET(ALG(RSA), FOR(SIGN | VER), BITS(2048)), BAD_PURPOSE);
    imports(RULES_IMPORT_PRIVATE, SET(ALG(RSA), FOR(ENC | DEC), BITS(2048)), BAD_PURPOSE);
    /* a wrapping key is generated only; and that is found before its digest */
    imports(RULES_IMPORT_PAIR, SET(ALG(ECC), FOR(UNWRAP), BITS(256), DIGEST(MD5)), BAD_PURPOSE);
    imports(RULES_IMPORT_PAIR, SET(ALG(X25519), FOR(UNWRAP), BITS(256)), BAD_PURPOSE);
    imports(RULES_IMPORT_PAIR, SET(ALG(SM2), FOR(UNWRAP), BITS(256)), BAD_PURPOSE);
    imports(RULES_IMPORT_PAIR, SET(ALG(HMAC), FOR(MAC), BITS(7)), ILLEGAL);
}
END_TEST

START_TEST(secret_sizes)
{
    OH_Huks_ParamSet *set = SET(BITS(256));

    outcome(rules_check_secret_size(set, 32), FINE);
    outcome(rules_check_secret_size(set, 31), 401, "Invalid key information.");
    outcome(rules_check_secret_size(set, 0), 401, "Invalid key information.");
    outcome(rules_check_secret_size(set, SIZE_MAX / 8 + 33), 401, "Invalid key information."); /* no overflow */
    outcome(rules_check_secret_size(NULL, 0), 401, "Invalid key information.");
    param_set_free(&set);
    set = SET(BITS(2048 * 8));
    outcome(rules_check_secret_size(set, 2048), FINE);
    param_set_free(&set);
    set = SET(BITS(2049 * 8));
    outcome(rules_check_secret_size(set, 2049), 401, "Invalid key information.");
    param_set_free(&set);
    ck_assert(rules_is_symmetric(OH_HUKS_ALG_HMAC));
    ck_assert(!rules_is_symmetric(OH_HUKS_ALG_RSA));
    ck_assert(!rules_is_symmetric(4711));
}
END_TEST

/* ---- beginning an operation ---- */

START_TEST(what_every_operation_says)
{
    static const uint32_t wrong[] = {WRAP, UNWRAP, ENC | DEC, 512, HUKS_PURPOSE_SIGN_RECOVER};

    begins(SET(ALG(AES), FOR(ENC)), SET(ALG(AES)), ILLEGAL);
    begins(SET(ALG(AES), FOR(ENC)), SET(FOR(ENC)), ILLEGAL);
    begins(SET(ALG(AES), FOR(ENC)), SET(ALG(AES), FOR(0)), ILLEGAL);
    begins(SET(ALG(AES), FOR(ENC)), SET({OH_HUKS_TAG_ALGORITHM, 0}, FOR(ENC)), ILLEGAL);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        begins(SET(ALG(AES), FOR(wrong[i])), SET(ALG(AES), FOR(wrong[i])), ILLEGAL);
    }
    /* who hashes says how */
    begins(SET(ALG(ECC), FOR(SIGN), DIGEST(SHA256)), SET(ALG(ECC), FOR(SIGN)), ILLEGAL);
    begins(SET(ALG(RSA), FOR(VER)), SET(ALG(RSA), FOR(VER), PADDING(PSS)), ILLEGAL);
    begins(SET(ALG(HMAC), FOR(MAC)), SET(ALG(HMAC), FOR(MAC)), ILLEGAL);
    begins(SET(ALG(ED25519), FOR(SIGN)), SET(ALG(ED25519), FOR(SIGN)), FINE);
    begins(SET(INNER(ML_DSA), FOR(SIGN)), SET(INNER(ML_DSA), FOR(SIGN)), FINE);
    begins(NULL, NULL, ILLEGAL);
}
END_TEST

START_TEST(operations_have_their_algorithms)
{
    static const struct {
        uint32_t purpose;
        uint32_t algs[12];
    } operations[] = {
        {ENC,
         {OH_HUKS_ALG_AES, HUKS_ALG_DES, HUKS_ALG_3DES, OH_HUKS_ALG_RSA, OH_HUKS_ALG_SM2, OH_HUKS_ALG_SM4}},
        {SIGN,
         {OH_HUKS_ALG_ECC, OH_HUKS_ALG_SM2, OH_HUKS_ALG_DSA, OH_HUKS_ALG_RSA, OH_HUKS_ALG_ED25519,
          HUKS_ALG_ML_DSA}},
        {AGREE, {OH_HUKS_ALG_ECDH, OH_HUKS_ALG_X25519, OH_HUKS_ALG_DH}},
        {MAC, {OH_HUKS_ALG_HMAC, OH_HUKS_ALG_SM3, HUKS_ALG_CMAC}},
    };

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(algorithms) - 1; k++) {
            uint32_t alg = algorithms[k].alg;
            bool has = listed(operations[i].algs, alg);
            OH_Huks_ParamSet *key = SET({OH_HUKS_TAG_ALGORITHM, alg}, FOR(0x1FF));
            OH_Huks_ParamSet *init =
                SET({OH_HUKS_TAG_ALGORITHM, alg}, FOR(operations[i].purpose), DIGEST(NONE), PADDING(NONE));
            huks_rc rc = rules_check_init(key, init);
            char message[128];
            bool refused = rc == 12000003 &&
                           strcmp(error_message(message, sizeof(message)), "Invalid algorithm.") == 0;
            ck_assert_msg(refused == !has, "purpose %u, algorithm %u: %d", operations[i].purpose, alg, rc);
            param_set_free(&key);
            param_set_free(&init);
        }
    }
}
END_TEST

#define AES_KEY ALG(AES), FOR(ENC | DEC), BITS(256)
#define IV16    {OH_HUKS_TAG_IV, 16}

START_TEST(block_ciphers_compare)
{
    /* algorithm, mode, padding, purpose: in this order */
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(AES), FOR(ENC), MODE(CBC), PADDING(PKCS7), IV16), FINE);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(SM4), FOR(SIGN), MODE(CTR), PADDING(NONE), DIGEST(SM3)),
           BAD_ALGORITHM);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(SM4), FOR(ENC), MODE(CBC), PADDING(PKCS7), IV16),
           ILLEGAL);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(AES), FOR(ENC), PADDING(PKCS7), IV16), ABSENT);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(AES), FOR(ENC), MODE(CTR), PADDING(PKCS7), IV16),
           ILLEGAL);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(AES), FOR(ENC), MODE(CBC), IV16), ABSENT);
    begins(SET(AES_KEY, MODE(CBC), PADDING(PKCS7)), SET(ALG(AES), FOR(ENC), MODE(CBC), PADDING(NONE), IV16),
           ILLEGAL);
    begins(SET(ALG(AES), FOR(DEC), MODE(CBC), PADDING(PKCS7)),
           SET(ALG(AES), FOR(ENC), MODE(CBC), PADDING(PKCS7), IV16), ILLEGAL);
    /* what the key leaves open must be said, and right: a wrong value reads as a missing one */
    begins(SET(AES_KEY, PADDING(NONE)), SET(ALG(AES), FOR(ENC), PADDING(NONE), IV16), NO_MODE);
    begins(SET(AES_KEY, PADDING(NONE)), SET(ALG(AES), FOR(ENC), PADDING(NONE), MODE(OFB), IV16), NO_MODE);
    begins(SET(INNER(3DES), FOR(ENC), PADDING(NONE)), SET(INNER(3DES), FOR(ENC), PADDING(NONE), MODE(CTR), IV16),
           NO_MODE);
    begins(SET(AES_KEY, MODE(CBC)), SET(ALG(AES), FOR(ENC), MODE(CBC), IV16), NO_PADDING);
    begins(SET(AES_KEY, MODE(CBC)), SET(ALG(AES), FOR(ENC), MODE(CBC), PADDING(PKCS5), IV16), NO_PADDING);
    begins(SET(AES_KEY), SET(ALG(AES), FOR(ENC), MODE(CBC), PADDING(PKCS7), IV16), FINE);
    begins(SET(AES_KEY), SET(ALG(AES), FOR(ENC), MODE(CTR), PADDING(PKCS7), IV16), BAD_PADDING);
    begins(SET(ALG(SM4), FOR(ENC)), SET(ALG(SM4), FOR(ENC), MODE(CFB), PADDING(NONE), IV16), FINE);
    /* a key that allows several */
    begins(SET(AES_KEY, MODE(CBC), MODE(CTR), PADDING(NONE)), SET(ALG(AES), FOR(DEC), MODE(CTR), PADDING(NONE), IV16),
           FINE);
    begins(SET(AES_KEY, MODE(CBC), MODE(CTR), PADDING(NONE)), SET(ALG(AES), FOR(DEC), MODE(ECB), PADDING(NONE)),
           ILLEGAL);
    /* KEY_SIZE is not compared */
    begins(SET(AES_KEY), SET(ALG(AES), FOR(ENC), BITS(128), MODE(ECB), PADDING(NONE)), FINE);
}
END_TEST

START_TEST(purposes_beyond_the_native)
{
    /* an item of the PKCS#11 door opens for each purpose that it has */
    begins(SET(ALG(RSA), FOR(0x1FF | HUKS_PURPOSE_SIGN_RECOVER)),
           SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(PSS)), FINE);
    begins(SET(ALG(RSA), FOR(HUKS_PURPOSE_SIGN_RECOVER)), SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(PSS)),
           ILLEGAL);
}
END_TEST

START_TEST(rsa_compares)
{
    begins(SET(ALG(RSA), FOR(DEC), DIGEST(SHA256), PADDING(OAEP)),
           SET(ALG(RSA), FOR(DEC), DIGEST(SHA256), PADDING(OAEP)), FINE);
    begins(SET(ALG(RSA), FOR(DEC), DIGEST(SHA256), PADDING(OAEP)),
           SET(ALG(RSA), FOR(DEC), DIGEST(SHA384), PADDING(OAEP)), ILLEGAL);
    begins(SET(ALG(RSA), FOR(DEC), DIGEST(SHA256), PADDING(OAEP)), SET(ALG(RSA), FOR(DEC), PADDING(OAEP)), ABSENT);
    begins(SET(ALG(RSA), FOR(DEC), PADDING(OAEP)), SET(ALG(RSA), FOR(DEC), PADDING(OAEP)), NO_DIGEST);
    begins(SET(ALG(RSA), FOR(DEC), PADDING(OAEP)), SET(ALG(RSA), FOR(DEC), PADDING(OAEP), DIGEST(SM3)), NO_DIGEST);
    begins(SET(ALG(RSA), FOR(DEC)), SET(ALG(RSA), FOR(DEC), PADDING(OAEP), DIGEST(NONE)), BAD_DIGEST);
    /* only OAEP hashes */
    begins(SET(ALG(RSA), FOR(DEC)), SET(ALG(RSA), FOR(DEC), PADDING(PKCS1_V1_5)), FINE);
    begins(SET(ALG(RSA), FOR(DEC)), SET(ALG(RSA), FOR(DEC), PADDING(NONE)), FINE);
    begins(SET(ALG(RSA), FOR(DEC)), SET(ALG(RSA), FOR(DEC)), NO_PADDING);
    begins(SET(ALG(RSA), FOR(DEC)), SET(ALG(RSA), FOR(DEC), PADDING(PSS)), NO_PADDING);
    begins(SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256)), SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(OAEP)),
           NO_PADDING);
    begins(SET(ALG(RSA), FOR(SIGN)), SET(ALG(RSA), FOR(SIGN), DIGEST(MD5), PADDING(PKCS1_V1_5)), FINE);
}
END_TEST

#define PSS_KEY  ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(PSS)
#define SALT(n)  {OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE, (n)}

START_TEST(rsa_signatures)
{
    static const char abnormal[] = "Device environment or input parameter abnormal.";

    begins(SET(PSS_KEY), SET(PSS_KEY), FINE);
    begins(SET(PSS_KEY), SET(PSS_KEY, SALT(0)), FINE);
    begins(SET(PSS_KEY, SALT(1)), SET(PSS_KEY, SALT(1)), FINE);
    begins(SET(PSS_KEY, SALT(1)), SET(PSS_KEY, SALT(0)), 12000012, abnormal);
    begins(SET(PSS_KEY, SALT(1)), SET(PSS_KEY), 12000012, abnormal);
    begins(SET(ALG(RSA), FOR(SIGN), SALT(1)), SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(PKCS1_V1_5)), FINE);
    begins(SET(ALG(RSA), FOR(SIGN)), SET(ALG(RSA), FOR(SIGN), DIGEST(SHA256), PADDING(ISO_IEC_9796_2)), 12000001,
           "The padding algorithm is not supported.");
    begins(SET(ALG(RSA), FOR(SIGN)), SET(ALG(RSA), FOR(SIGN), DIGEST(NONE), PADDING(NONE)), FINE);
    begins(SET(ALG(RSA), FOR(SIGN)), SET(ALG(RSA), FOR(SIGN), DIGEST(SHA1), PADDING(NONE)), BAD_DIGEST);
}
END_TEST

START_TEST(other_signatures_and_macs)
{
    begins(SET(ALG(ECC), FOR(SIGN | VER), DIGEST(SHA256)), SET(ALG(ECC), FOR(VER), DIGEST(SHA256)), FINE);
    begins(SET(ALG(ECC), FOR(SIGN | VER), DIGEST(SHA256)), SET(ALG(ECC), FOR(VER), DIGEST(NONE)), ILLEGAL);
    begins(SET(ALG(ECC), FOR(SIGN)), SET(ALG(ECC), FOR(SIGN), DIGEST(MD5)), NO_DIGEST);
    begins(SET(ALG(ECC), FOR(SIGN)), SET(ALG(DSA), FOR(SIGN), DIGEST(SHA1)), ILLEGAL);
    begins(SET(ALG(SM2), FOR(SIGN)), SET(ALG(SM2), FOR(SIGN), DIGEST(SM3)), FINE);
    begins(SET(ALG(SM2), FOR(ENC)), SET(ALG(SM2), FOR(ENC), DIGEST(SM3)), FINE); /* SM2 knows no padding */
    begins(SET(ALG(SM2), FOR(ENC)), SET(ALG(SM2), FOR(ENC)), NO_DIGEST);
    begins(SET(ALG(SM2), FOR(ENC), PADDING(NONE)), SET(ALG(SM2), FOR(ENC), DIGEST(SM3)), ABSENT);
    begins(SET(ALG(HMAC), FOR(MAC), DIGEST(SHA256)), SET(ALG(HMAC), FOR(MAC), DIGEST(SHA256)), FINE);
    begins(SET(ALG(HMAC), FOR(MAC), DIGEST(SHA256)), SET(ALG(HMAC), FOR(MAC), DIGEST(SHA1)), ILLEGAL);
    begins(SET(ALG(HMAC), FOR(MAC)), SET(ALG(HMAC), FOR(MAC), DIGEST(MD5)), NO_DIGEST);
    begins(SET(ALG(AES), FOR(MAC), DIGEST(SHA256)), SET(ALG(HMAC), FOR(MAC), DIGEST(SHA256)), FINE);
    begins(SET(ALG(HMAC), FOR(MAC)), SET(ALG(SM3), FOR(MAC), DIGEST(SM3)), ILLEGAL); /* compares ALGORITHM too */
    begins(SET(ALG(SM3), FOR(MAC)), SET(ALG(SM3), FOR(MAC), DIGEST(SM3)), FINE);
    begins(SET(INNER(ML_DSA), FOR(VER)), SET(INNER(ML_DSA), FOR(SIGN)), ILLEGAL);
}
END_TEST

/* A block cipher's MAC key does it, when no digest was fixed for HMAC; no digest is asked for. */
START_TEST(cmac)
{
    begins(SET(ALG(AES), FOR(MAC)), SET(INNER(CMAC), FOR(MAC)), FINE);
    begins(SET(INNER(3DES), FOR(MAC)), SET(INNER(CMAC), FOR(MAC)), FINE);
    begins(SET(ALG(AES), FOR(ENC)), SET(INNER(CMAC), FOR(MAC)), ILLEGAL);
    begins(SET(ALG(HMAC), FOR(MAC)), SET(INNER(CMAC), FOR(MAC)), ILLEGAL);
    begins(SET(ALG(AES), FOR(MAC), DIGEST(SHA256)), SET(INNER(CMAC), FOR(MAC), DIGEST(SHA256)), ILLEGAL);
    begins(SET(ALG(AES), FOR(MAC)), SET(ALG(AES), FOR(MAC), DIGEST(SHA256)), BAD_ALGORITHM);
}
END_TEST

#define IS_BATCH(yes)    {HUKS_TAG_IS_BATCH_OPERATION, (yes)}
#define BATCH_TIME(time) {HUKS_TAG_BATCH_OPERATION_TIMEOUT, (time)}
#define NO_SUCH_TIME     12000001, "The batch operation timeout is not supported."

static struct rules_batch batched(OH_Huks_ParamSet *init, int32_t code, const char *sentence)
{
    struct rules_batch batch = {0};
    outcome(rules_check_batch(init, &batch), code, sentence);
    param_set_free(&init);
    return batch;
}

START_TEST(batches)
{
    ck_assert(!batched(SET(ALG(AES)), FINE).asked);
    ck_assert(!batched(SET(IS_BATCH(0)), FINE).asked);
    ck_assert(!batched(SET(IS_BATCH(0), BATCH_TIME(600)), FINE).asked);
    struct rules_batch batch = batched(SET(IS_BATCH(1)), FINE);
    ck_assert(batch.asked && batch.seconds == 60);
    batch = batched(SET(IS_BATCH(1), BATCH_TIME(600)), FINE);
    ck_assert(batch.asked && batch.seconds == 600);
    ck_assert_uint_eq(batched(SET(IS_BATCH(1), BATCH_TIME(0)), FINE).seconds, 0);
    (void)batched(SET(IS_BATCH(1), BATCH_TIME(601)), NO_SUCH_TIME);
    (void)batched(SET(IS_BATCH(0), BATCH_TIME(601)), NO_SUCH_TIME);
    (void)batched(SET(IS_BATCH(1), BATCH_TIME(UINT32_MAX)), NO_SUCH_TIME);
    (void)batched(SET(BATCH_TIME(60)), NO_SUCH_TIME);
}
END_TEST

static void batches_for(OH_Huks_ParamSet *key, OH_Huks_ParamSet *init, int32_t code, const char *sentence)
{
    outcome(rules_check_batch_purpose(key, init), code, sentence);
    param_set_free(&key);
    param_set_free(&init);
}

START_TEST(purposes_of_batches)
{
    batches_for(SET(AES_KEY), SET(FOR(ENC)), ILLEGAL);
    batches_for(SET(AES_KEY, {HUKS_TAG_BATCH_PURPOSE, ENC}), SET(FOR(ENC)), FINE);
    batches_for(SET(AES_KEY, {HUKS_TAG_BATCH_PURPOSE, ENC | DEC}), SET(FOR(DEC)), FINE);
    batches_for(SET(AES_KEY, {HUKS_TAG_BATCH_PURPOSE, ENC}), SET(FOR(DEC)), 12000003, "Invalid key purpose.");
}
END_TEST

#define CIPHER(mode, purpose, ...) \
    SET(AES_KEY), SET(ALG(AES), FOR(purpose), PADDING(NONE), MODE(mode), __VA_ARGS__)
#define NONCE(n)   {OH_HUKS_TAG_NONCE, (n)}
#define AE_TAG(n)  {OH_HUKS_TAG_AE_TAG, (n)}
#define TAG_LEN(n) {OH_HUKS_TAG_AE_TAG_LEN, (n)}
#define IV(n)      {OH_HUKS_TAG_IV, (n)}
#define NOTHING    {OH_HUKS_TAG_USER_ID, 0}
#define BAD_IV     12000003, "Invalid IV."
#define BAD_NONCE  12000003, "Invalid nonce."

START_TEST(initialisation_vectors)
{
    begins(CIPHER(ECB, ENC, NOTHING), FINE);
    begins(CIPHER(CBC, ENC, NOTHING), ABSENT);
    begins(CIPHER(CTR, ENC, NOTHING), ABSENT);
    begins(CIPHER(CBC, DEC, IV(16)), FINE);
    begins(CIPHER(CTR, DEC, IV(16)), FINE);
    begins(CIPHER(CBC, ENC, IV(15)), BAD_IV); /* HUKS would read past its end */
    begins(CIPHER(CBC, ENC, IV(17)), BAD_IV);
    begins(CIPHER(CBC, ENC, IV(0)), BAD_IV);
    begins(SET(ALG(SM4), FOR(ENC)), SET(ALG(SM4), FOR(ENC), PADDING(NONE), MODE(OFB)), ABSENT);
    begins(SET(ALG(SM4), FOR(ENC)), SET(ALG(SM4), FOR(ENC), PADDING(NONE), MODE(OFB), IV(16)), FINE);
    begins(SET(INNER(DES), FOR(ENC)), SET(INNER(DES), FOR(ENC), PADDING(NONE), MODE(CBC), IV(8)), FINE);
    begins(SET(INNER(DES), FOR(ENC)), SET(INNER(DES), FOR(ENC), PADDING(NONE), MODE(CBC), IV(16)), BAD_IV);
    begins(SET(INNER(3DES), FOR(ENC)), SET(INNER(3DES), FOR(ENC), PADDING(NONE), MODE(CBC)), ABSENT);
    begins(SET(INNER(3DES), FOR(ENC)), SET(INNER(3DES), FOR(ENC), PADDING(NONE), MODE(ECB)), FINE);
}
END_TEST

START_TEST(nonces_and_tags)
{
    static const char mismatch[] = "AEAD tag length mismatch.";

    begins(CIPHER(GCM, ENC, NOTHING), FINE); /* a nonce is made */
    begins(CIPHER(GCM, ENC, NONCE(12)), FINE);
    begins(CIPHER(GCM, ENC, NONCE(0)), BAD_NONCE);
    begins(CIPHER(GCM, ENC, NONCE(16)), BAD_NONCE);
    begins(CIPHER(GCM, DEC, AE_TAG(16)), ABSENT);
    begins(CIPHER(GCM, DEC, NONCE(12)), ABSENT);
    begins(CIPHER(GCM, DEC, NONCE(12), AE_TAG(16)), FINE);
    begins(CIPHER(GCM, DEC, NONCE(12), AE_TAG(12)), 12000018, mismatch);
    begins(CIPHER(GCM, ENC, TAG_LEN(16)), FINE);
    begins(CIPHER(GCM, ENC, TAG_LEN(12)), 12000003, "Invalid aead tag length.");
    begins(CIPHER(CCM, ENC, NOTHING), FINE);
    begins(CIPHER(CCM, DEC, NONCE(7)), 12000002, "Failed to obtain the AEAD. It is not set in ParamSet.");
    begins(CIPHER(CCM, DEC, NONCE(7), AE_TAG(16)), FINE);
    begins(CIPHER(CCM, DEC, NONCE(7), AE_TAG(8)), 12000018, mismatch);
    begins(CIPHER(CCM, DEC, NONCE(7), AE_TAG(8), TAG_LEN(8)), FINE);
    begins(CIPHER(CCM, DEC, NONCE(7), AE_TAG(16), TAG_LEN(8)), 12000018, mismatch);
    for (uint32_t size = 0; size < 20; size++) {
        if (size >= 7 && size <= 13) {
            begins(CIPHER(CCM, ENC, NONCE(size)), FINE);
        } else {
            begins(CIPHER(CCM, ENC, NONCE(size)), BAD_NONCE);
        }
        if (size >= 4 && size <= 16 && size % 2 == 0) {
            begins(CIPHER(CCM, ENC, TAG_LEN(size)), FINE);
        } else {
            begins(CIPHER(CCM, ENC, TAG_LEN(size)), 12000003, "Invalid aead tag length.");
        }
    }
    /* a guarded key makes its nonces itself */
    begins(SET(AES_KEY, {OH_HUKS_TAG_KEY_AUTH_PURPOSE, ENC}),
           SET(ALG(AES), FOR(ENC), PADDING(NONE), MODE(GCM), NONCE(12)), 12000001, "The nonce is not supported.");
    begins(SET(AES_KEY, {OH_HUKS_TAG_KEY_AUTH_PURPOSE, ENC}), SET(ALG(AES), FOR(ENC), PADDING(NONE), MODE(GCM)),
           FINE);
    begins(SET(AES_KEY, {OH_HUKS_TAG_KEY_AUTH_PURPOSE, ENC}),
           SET(ALG(AES), FOR(DEC), PADDING(NONE), MODE(GCM), NONCE(12), AE_TAG(16)), FINE);
}
END_TEST

/* ---- derivation and agreement ---- */

static void derives(OH_Huks_ParamSet *key, OH_Huks_ParamSet *init, int32_t code, const char *sentence)
{
    outcome(rules_check_init(key, init), FINE); /* nothing is checked before the first update */
    outcome(rules_check_derive(key, init), code, sentence);
    param_set_free(&key);
    param_set_free(&init);
}

#define DERIVE_KEY ALG(AES), FOR(DERIVE), DIGEST(SHA256)
#define OUTPUT(n)  {OH_HUKS_TAG_DERIVE_KEY_SIZE, (n)}
#define ITER(n)    {OH_HUKS_TAG_ITERATION, (n)}
#define WITH(n)    {OH_HUKS_TAG_SALT, (n)}

START_TEST(derivations)
{
    static const char engine[] = "Crypto engine error.";

    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256), OUTPUT(32)), FINE);
    derives(SET(DERIVE_KEY), SET(ALG(ECDH), FOR(DERIVE), DIGEST(SHA256), OUTPUT(32)), ILLEGAL);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), OUTPUT(32)), ABSENT);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA512), OUTPUT(32)), ILLEGAL);
    derives(SET(ALG(AES), FOR(ENC)), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256), OUTPUT(32)), ILLEGAL);
    derives(SET(ALG(AES), FOR(DERIVE)), SET(ALG(HKDF), FOR(DERIVE), OUTPUT(32)), NO_DIGEST);
    derives(SET(ALG(AES), FOR(DERIVE)), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA1), OUTPUT(32)), 12000006, engine);
    derives(SET(ALG(SM4), FOR(DERIVE), DIGEST(SM3)), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SM3), OUTPUT(32)), FINE);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256)), ABSENT);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256), OUTPUT(0)), ILLEGAL);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256), OUTPUT(5 * 1024 * 1024)), FINE);
    derives(SET(DERIVE_KEY), SET(ALG(HKDF), FOR(DERIVE), DIGEST(SHA256), OUTPUT(5 * 1024 * 1024 + 1)), ILLEGAL);
}
END_TEST

#define PBKDF2 ALG(PBKDF2), FOR(DERIVE), DIGEST(SHA256), OUTPUT(32)

START_TEST(passwords)
{
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(16), ITER(1000)), FINE);
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(16), ITER(0x80000)), FINE);
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(16), ITER(999)), 12000003, "Invalid iteration count.");
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(16), ITER(0x80001)), 12000003, "Invalid iteration count.");
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(16)), 12000002,
            "Failed to obtain the number of iterations. It is not set in ParamSet.");
    derives(SET(DERIVE_KEY), SET(PBKDF2, ITER(1000)), 12000002,
            "Failed to obtain the salt value. It is not set in ParamSet.");
    derives(SET(DERIVE_KEY), SET(PBKDF2, WITH(15), ITER(1000)), 12000003, "Invalid salt value.");
}
END_TEST

static void agrees(OH_Huks_ParamSet *key, OH_Huks_ParamSet *init, int32_t code, const char *sentence)
{
    outcome(rules_check_init(key, init), FINE);
    outcome(rules_check_agree(key, init), code, sentence);
    param_set_free(&key);
    param_set_free(&init);
}

START_TEST(agreements)
{
    begins(SET(ALG(ECC), FOR(SIGN)), SET(ALG(ECDH), FOR(AGREE), BITS(256)), ILLEGAL);
    agrees(SET(ALG(ECC), FOR(AGREE), BITS(256)), SET(ALG(ECDH), FOR(AGREE), BITS(256)), FINE);
    agrees(SET(ALG(ECC), FOR(AGREE), BITS(384)), SET(ALG(ECDH), FOR(AGREE), BITS(521)), FINE);
    agrees(SET(ALG(ECC), FOR(AGREE), BITS(256)), SET(ALG(ECDH), FOR(AGREE), BITS(255)), ILLEGAL);
    agrees(SET(ALG(ECC), FOR(AGREE), BITS(256)), SET(ALG(ECDH), FOR(AGREE)), ILLEGAL);
    agrees(SET(ALG(X25519), FOR(AGREE), BITS(256)), SET(ALG(X25519), FOR(AGREE)), FINE);
    agrees(SET(ALG(DH), FOR(AGREE), BITS(2048)), SET(ALG(DH), FOR(AGREE), BITS(2048)), FINE);
    agrees(SET(ALG(DH), FOR(AGREE), BITS(2048)), SET(ALG(DH), FOR(AGREE), BITS(256)), FINE);
    agrees(SET(ALG(DH), FOR(AGREE), BITS(2048)), SET(ALG(DH), FOR(AGREE)), NO_SIZE);
    agrees(SET(ALG(DH), FOR(AGREE), BITS(2048)), SET(ALG(DH), FOR(AGREE), BITS(3072)), BAD_SIZE);
    agrees(SET(ALG(DH), FOR(AGREE), BITS(2048)), SET(ALG(DH), FOR(AGREE), BITS(0)), BAD_SIZE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_caller);
    tcase_add_test(tests, the_order);
    tcase_add_loop_test(tests, every_purpose_mask, 0, (int)ARRAY_SIZE(algorithms));
    tcase_add_test(tests, purposes_of_the_engine_are_not_native);
    tcase_add_loop_test(tests, every_size, 0, (int)ARRAY_SIZE(sizes));
    tcase_add_test(tests, every_rsa_size);
    tcase_add_test(tests, sizes_of_whole_bytes);
    tcase_add_loop_test(tests, every_digest, 0, (int)ARRAY_SIZE(digests));
    tcase_add_loop_test(tests, every_padding_and_mode, 0, (int)ARRAY_SIZE(ciphers));
    tcase_add_test(tests, kinds_of_generation);
    tcase_add_test(tests, kinds_of_import);
    tcase_add_loop_test(tests, every_half, 0, (int)ARRAY_SIZE(halves));
    tcase_add_test(tests, import_in_order);
    tcase_add_test(tests, secret_sizes);
    tcase_add_test(tests, what_every_operation_says);
    tcase_add_test(tests, operations_have_their_algorithms);
    tcase_add_test(tests, block_ciphers_compare);
    tcase_add_test(tests, purposes_beyond_the_native);
    tcase_add_test(tests, rsa_compares);
    tcase_add_test(tests, rsa_signatures);
    tcase_add_test(tests, other_signatures_and_macs);
    tcase_add_test(tests, cmac);
    tcase_add_test(tests, batches);
    tcase_add_test(tests, purposes_of_batches);
    tcase_add_test(tests, initialisation_vectors);
    tcase_add_test(tests, nonces_and_tags);
    tcase_add_test(tests, derivations);
    tcase_add_test(tests, passwords);
    tcase_add_test(tests, agreements);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
