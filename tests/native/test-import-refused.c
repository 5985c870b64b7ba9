/*
 * OH_Huks_ImportKeyItem: every refusal with its code and text, in HUKS's order.
 */
#include <stdlib.h>

#include "material.h"
#include "native.h"

#define INVALID(what) 12000003, "Invalid " what "."
#define MISSING(what) 12000002, TEXT_UNSET_IN(what)
#define ILLEGAL(text) 401, text
#define TEXT_PUBLIC   "Invalid public key."

#define PUBLIC  NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_PUBLIC_KEY)
#define PRIVATE NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_PRIVATE_KEY)
#define PAIR    NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR)

static const uint8_t known[64] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                  13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

static void check_export(const char *alias, const struct material *expected)
{
    uint8_t bytes[2048];
    blob key = ROOM(bytes);

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    ck_assert_uint_eq(key.size, expected->size);
    ck_assert_mem_eq(bytes, expected->bytes, key.size);
}

/* ---- What is refused ------------------------------------------------------------------------------------
 */

#define AES_CRYPT  ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT)
#define ECC_VERIFY ALG(ECC), SIZE(256), PURPOSE(VERIFY)
#define ECC_SIGN   ALG(ECC), SIZE(256), PURPOSE(SIGN), PRIVATE
#define ECC_PAIR   ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), PAIR
#define RSA_PAIR   ALG(RSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR
#define ED_PAIR    ALG(ED25519), SIZE(256), PURPOSE(SIGN | VERIFY), PAIR

/* Secret keys: `size` bytes of anything. */
static const struct refused {
    const char *name;
    param params[6];
    uint32_t size;
    int32_t code;
    const char *text;
} refused[] = {
    {"no algorithm", {SIZE(256), PURPOSE(ENCRYPT)}, 32, MISSING("algorithm")},
    {"unknown algorithm", {NUMBER(ALGORITHM, 99), SIZE(256), PURPOSE(ENCRYPT)}, 32, INVALID("algorithm")},
    {"HKDF is no key's", {ALG(HKDF), SIZE(256), PURPOSE(DERIVE)}, 32, INVALID("algorithm")},
    {"no purpose", {ALG(AES), SIZE(256)}, 32, MISSING("key purpose")},
    {"no size", {ALG(AES), PURPOSE(ENCRYPT)}, 32, MISSING("key size")},
    {"two groups", {ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DERIVE)}, 32, INVALID("key purpose")},
    {"AES of 20 bytes", {AES_CRYPT}, 20, ILLEGAL(TEXT_KEY_INFO)},
    {"AES-128 as AES-256", {AES_CRYPT}, 16, ILLEGAL(TEXT_KEY_INFO)},
    {"AES of 24 bytes as a pair", {AES_CRYPT, PAIR}, 24, ILLEGAL(TEXT_KEY_INFO)},
    {"DES of 16 bytes", {ALG(DES), SIZE(64), PURPOSE(ENCRYPT)}, 16, ILLEGAL(TEXT_KEY_INFO)},
    {"3DES of 8 bytes", {ALG(3DES), SIZE(192), PURPOSE(ENCRYPT)}, 8, ILLEGAL(TEXT_KEY_INFO)},
    {"SM4 of 17 bytes", {ALG(SM4), SIZE(128), PURPOSE(ENCRYPT)}, 17, ILLEGAL(TEXT_KEY_INFO)},
    {"HMAC of another size", {ALG(HMAC), SIZE(256), PURPOSE(MAC)}, 31, ILLEGAL(TEXT_KEY_INFO)},
    {"HMAC of too many bytes", {ALG(HMAC), SIZE(16392), PURPOSE(MAC)}, 2049, ILLEGAL(TEXT_INVALID)},
    {"HMAC of 12 bits", {ALG(HMAC), SIZE(12), PURPOSE(MAC)}, 2, ILLEGAL(TEXT_INVALID)},
    {"AES with OFB", {AES_CRYPT, MODE(OFB)}, 32, INVALID("cipher mode")},
    {"AES with PKCS #5", {AES_CRYPT, PADDING(PKCS5)}, 32, INVALID("padding algorithm")},
    {"MAC with AES-128", {ALG(AES), SIZE(128), PURPOSE(MAC)}, 16, INVALID("key size")},
    {"no such kind", {AES_CRYPT, NUMBER(IMPORT_KEY_TYPE, 3)}, 32, ILLEGAL(TEXT_INVALID)},
    {"no such level", {AES_CRYPT, NUMBER(AUTH_STORAGE_LEVEL, 3)}, 32, ILLEGAL(TEXT_INVALID)},
    {"no device password",
     {AES_CRYPT, TRUTH(IS_DEVICE_PASSWORD_SET, true)},
     32,
     12000016,
     "The device password is required but not set."},
    {"SPKI that is none", {ECC_VERIFY}, 91, ILLEGAL(TEXT_PUBLIC)},
    {"DSA that is none", {ALG(DSA), SIZE(1024), PURPOSE(VERIFY), PUBLIC}, 40, ILLEGAL(TEXT_PUBLIC)},
    {"Ed25519 of 31 bytes", {ALG(ED25519), SIZE(256), PURPOSE(VERIFY)}, 31, ILLEGAL(TEXT_KEY_INFO)},
    {"X25519 of 33 bytes", {ALG(X25519), SIZE(256), PURPOSE(AGREE), PUBLIC}, 33, ILLEGAL(TEXT_KEY_INFO)},
    {"material of too many bytes", {ECC_PAIR}, 2049, ILLEGAL(TEXT_INVALID)},
    {"material that is none", {ECC_PAIR}, 116, ILLEGAL(TEXT_KEY_INFO)},
    {"material shorter than its header", {ECC_PAIR}, 19, ILLEGAL(TEXT_KEY_INFO)},
    {"a pair for two groups",
     {ALG(ECC), SIZE(256), PURPOSE(SIGN | AGREE), PAIR},
     116,
     INVALID("key purpose")},
    /* keys that unwrap are generated, never imported */
    {"ECC to unwrap", {ALG(ECC), SIZE(256), PURPOSE(UNWRAP), PAIR}, 116, INVALID("key purpose")},
    {"X25519 to unwrap", {ALG(X25519), SIZE(256), PURPOSE(UNWRAP), PAIR}, 84, INVALID("key purpose")},
    {"SM2 to unwrap", {ALG(SM2), SIZE(256), PURPOSE(UNWRAP), PAIR}, 116, INVALID("key purpose")},
    /* halves have one purpose, and their own */
    {"half of RSA with two",
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PRIVATE},
     300,
     INVALID("key purpose")},
    {"RSA's private half verifies",
     {ALG(RSA), SIZE(1024), PURPOSE(VERIFY), PRIVATE},
     300,
     INVALID("key purpose")},
    {"RSA's private half encrypts",
     {ALG(RSA), SIZE(1024), PURPOSE(ENCRYPT), PRIVATE},
     300,
     INVALID("key purpose")},
    {"ECC's private half verifies",
     {ALG(ECC), SIZE(256), PURPOSE(VERIFY), PRIVATE},
     52,
     INVALID("key purpose")},
    {"SM2's private half decrypts",
     {ALG(SM2), SIZE(256), PURPOSE(DECRYPT), PRIVATE},
     52,
     INVALID("key purpose")},
    {"DSA's private half verifies",
     {ALG(DSA), SIZE(1024), PURPOSE(VERIFY), PRIVATE},
     52,
     INVALID("key purpose")},
    {"Ed25519's private half verifies",
     {ALG(ED25519), SIZE(256), PURPOSE(VERIFY), PRIVATE},
     32,
     INVALID("key purpose")},
    {"Ed25519's public half signs",
     {ALG(ED25519), SIZE(256), PURPOSE(SIGN), PUBLIC},
     32,
     INVALID("key purpose")},
    {"Ed25519's public half does both",
     {ALG(ED25519), SIZE(256), PURPOSE(SIGN | VERIFY)},
     32,
     INVALID("key purpose")},
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
    static uint8_t anything[4096];
    const struct refused *row = &refused[_i];

    memset(anything, 0x5a, sizeof anything);
    answer(__FILE__, __LINE__, row->name, row->code, row->text,
           OH_Huks_ImportKeyItem(NAME("key"), set_of(row->params, 6), &(blob){row->size, anything}));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

/* ---- Public keys that are not what the set says ---------------------------------------------------------
 */

static const struct {
    const char *name;
    uint32_t alg, bits; /* of the bytes */
    param params[4];
    int32_t code;
    const char *text;
} strangers[] = {
    {"another curve", OH_HUKS_ALG_ECC, 384, {ECC_VERIFY}, ILLEGAL(TEXT_KEY_INFO)},
    {"RSA for ECC", OH_HUKS_ALG_RSA, 1024, {ECC_VERIFY}, ILLEGAL(TEXT_PUBLIC)},
    {"ECC for RSA", OH_HUKS_ALG_ECC, 256, {ALG(RSA), SIZE(1024), PURPOSE(VERIFY)}, ILLEGAL(TEXT_PUBLIC)},
    {"RSA of another size",
     OH_HUKS_ALG_RSA,
     1024,
     {ALG(RSA), SIZE(1032), PURPOSE(VERIFY)},
     ILLEGAL(TEXT_KEY_INFO)},
    {"SM2 for ECC", OH_HUKS_ALG_SM2, 256, {ECC_VERIFY}, ILLEGAL(TEXT_KEY_INFO)},
    {"ECC for SM2", OH_HUKS_ALG_ECC, 256, {ALG(SM2), SIZE(256), PURPOSE(VERIFY)}, ILLEGAL(TEXT_PUBLIC)},
    {"DSA for DH", OH_HUKS_ALG_DSA, 1024, {ALG(DH), SIZE(2048), PURPOSE(AGREE)}, ILLEGAL(TEXT_PUBLIC)},
    {"signing public key",
     OH_HUKS_ALG_ECC,
     256,
     {ALG(ECC), SIZE(256), PURPOSE(SIGN)},
     INVALID("key purpose")},
    {"purposes of both halves",
     OH_HUKS_ALG_ECC,
     256,
     {ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY)},
     INVALID("key purpose")},
    {"RSA's public half signs",
     OH_HUKS_ALG_RSA,
     1024,
     {ALG(RSA), SIZE(1024), PURPOSE(SIGN)},
     INVALID("key purpose")},
    {"RSA's public half decrypts",
     OH_HUKS_ALG_RSA,
     1024,
     {ALG(RSA), SIZE(1024), PURPOSE(DECRYPT)},
     INVALID("key purpose")},
    {"a digest it has not", OH_HUKS_ALG_ECC, 256, {ECC_VERIFY, DIGEST(MD5)}, INVALID("digest algorithm")},
};

START_TEST(strange_public_keys)
{
    EVP_PKEY *key = openssl_key(strangers[_i].alg, strangers[_i].bits);
    struct material public;

    public_bytes(key, strangers[_i].alg, &public);
    answer(__FILE__, __LINE__, strangers[_i].name, strangers[_i].code, strangers[_i].text,
           OH_Huks_ImportKeyItem(NAME("key"), set_of(strangers[_i].params, 4), GIVEN(public)));
    EVP_PKEY_free(key);
}
END_TEST

/* A curve that HUKS has no size for, though this engine knows it. */
START_TEST(curve_of_the_same_size)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
    struct material public;

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    EXPECT(401, TEXT_KEY_INFO, OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY), GIVEN(public)));
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(public_key_off_its_curve)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public;

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    public.bytes[public.size - 1] ^= 1;
    EXPECT(401, TEXT_PUBLIC, OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY), GIVEN(public)));
    public.bytes[public.size - 1] ^= 1;
    public.size--;
    EXPECT(401, TEXT_PUBLIC, OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY), GIVEN(public)));
    public.size += 2; /* a byte that follows */
    EXPECT(401, TEXT_PUBLIC, OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY), GIVEN(public)));
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Key material that contradicts itself ---------------------------------------------------------------
 */

enum damage { WORD, BYTE, CUT, GROW };

static const struct mangled {
    const char *name;
    uint32_t alg, bits;
    bool pair;
    enum damage damage;
    uint32_t at, value; /* WORD: which, what; BYTE: from the end */
    param params[4];
} mangled[] = {
    {"another algorithm", OH_HUKS_ALG_ECC, 256, true, WORD, 0, OH_HUKS_ALG_SM2, {ECC_PAIR}},
    {"another size", OH_HUKS_ALG_ECC, 256, true, WORD, 1, 384, {ECC_PAIR}},
    {"x of no bytes", OH_HUKS_ALG_ECC, 256, true, WORD, 2, 0, {ECC_PAIR}},
    {"x of 67 bytes", OH_HUKS_ALG_ECC, 256, true, WORD, 2, 67, {ECC_PAIR}},
    {"x of 4 GiB", OH_HUKS_ALG_ECC, 256, true, WORD, 2, UINT32_MAX, {ECC_PAIR}},
    {"y of no bytes", OH_HUKS_ALG_ECC, 256, true, WORD, 3, 0, {ECC_PAIR}},
    {"z of no bytes", OH_HUKS_ALG_ECC, 256, false, WORD, 4, 0, {ECC_SIGN}},
    {"a byte too few", OH_HUKS_ALG_ECC, 256, true, CUT, 1, 0, {ECC_PAIR}},
    {"a byte too many", OH_HUKS_ALG_ECC, 256, true, GROW, 1, 0, {ECC_PAIR}},
    {"another z", OH_HUKS_ALG_ECC, 256, true, BYTE, 1, 1, {ECC_PAIR}},
    {"another y", OH_HUKS_ALG_ECC, 256, true, BYTE, 33, 1, {ECC_PAIR}},
    {"another SM2 key",
     OH_HUKS_ALG_SM2,
     256,
     true,
     BYTE,
     1,
     1,
     {ALG(SM2), SIZE(256), PURPOSE(SIGN | VERIFY), PAIR}},
    {"n of no bytes", OH_HUKS_ALG_RSA, 1024, true, WORD, 2, 0, {RSA_PAIR}},
    {"n of 129 bytes", OH_HUKS_ALG_RSA, 1024, true, WORD, 2, 129, {RSA_PAIR}},
    {"e of no bytes", OH_HUKS_ALG_RSA, 1024, true, WORD, 3, 0, {RSA_PAIR}},
    {"d of no bytes", OH_HUKS_ALG_RSA, 1024, true, WORD, 4, 0, {RSA_PAIR}},
    {"another d", OH_HUKS_ALG_RSA, 1024, true, BYTE, 1, 2, {RSA_PAIR}},
    {"RSA of another size", OH_HUKS_ALG_RSA, 1024, true, WORD, 1, 2048, {RSA_PAIR}},
    {"no public half", OH_HUKS_ALG_ED25519, 256, true, WORD, 2, 0, {ED_PAIR}},
    {"no private half", OH_HUKS_ALG_ED25519, 256, true, WORD, 3, 0, {ED_PAIR}},
    {"31 bytes", OH_HUKS_ALG_ED25519, 256, true, CUT, 1, 0, {ED_PAIR}},
    {"another seed", OH_HUKS_ALG_ED25519, 256, true, BYTE, 1, 1, {ED_PAIR}},
    {"another X25519 key",
     OH_HUKS_ALG_X25519,
     256,
     true,
     BYTE,
     2,
     1,
     {ALG(X25519), SIZE(256), PURPOSE(AGREE), PAIR}},
    {"another DH value", OH_HUKS_ALG_DH, 2048, true, BYTE, 1, 1, {ALG(DH), SIZE(2048), PURPOSE(AGREE), PAIR}},
    {"no DH value", OH_HUKS_ALG_DH, 2048, false, WORD, 3, 0, {ALG(DH), SIZE(2048), PURPOSE(AGREE), PRIVATE}},
    {"no public DH value",
     OH_HUKS_ALG_DH,
     2048,
     true,
     WORD,
     2,
     0,
     {ALG(DH), SIZE(2048), PURPOSE(AGREE), PAIR}},
    {"DSA without x",
     OH_HUKS_ALG_DSA,
     1024,
     true,
     WORD,
     2,
     0,
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR}},
    {"DSA without y",
     OH_HUKS_ALG_DSA,
     1024,
     true,
     WORD,
     3,
     0,
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR}},
    {"DSA without p",
     OH_HUKS_ALG_DSA,
     1024,
     true,
     WORD,
     4,
     0,
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR}},
    {"DSA without q",
     OH_HUKS_ALG_DSA,
     1024,
     true,
     WORD,
     5,
     0,
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR}},
    {"DSA without g",
     OH_HUKS_ALG_DSA,
     1024,
     true,
     WORD,
     6,
     0,
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN | VERIFY), PAIR}},
};

/* A size in the header takes its bytes with it, so that nothing but the size is wrong. */
static void set_word(struct material *material, uint32_t word, uint32_t value)
{
    uint32_t words[7];
    size_t at = material->bytes[0] == OH_HUKS_ALG_DSA ? 28 : 20;

    memcpy(words, material->bytes, sizeof words);
    memcpy(material->bytes + 4 * (size_t)word, &value, 4);
    if (word < 2 || word >= 7) {
        return;
    }
    for (uint32_t i = 2; i < word; i++) {
        at += words[i];
    }
    if (value < words[word]) {
        memmove(material->bytes + at, material->bytes + at + words[word],
                sizeof material->bytes - at - words[word]);
        material->size -= words[word] - value;
    } else if (value < 4096) {
        material->size += value - words[word];
    }
}

START_TEST(mangled_material)
{
    const struct mangled *row = &mangled[_i];
    EVP_PKEY *key = openssl_key(row->alg, row->bits);
    struct material given;

    private_material(key, row->alg, row->bits, row->pair, &given);
    OK(OH_Huks_ImportKeyItem(NAME("whole"), set_of(row->params, 4), GIVEN(given)));
    switch (row->damage) {
    case WORD:
        set_word(&given, row->at, row->value);
        break;
    case BYTE:
        given.bytes[given.size - row->at] ^= (uint8_t)row->value;
        break;
    case CUT:
        given.size -= row->at;
        break;
    case GROW:
        given.size += row->at;
        break;
    }
    answer(__FILE__, __LINE__, row->name, 401, TEXT_KEY_INFO,
           OH_Huks_ImportKeyItem(NAME("key"), set_of(row->params, 4), GIVEN(given)));
    EVP_PKEY_free(key);
}
END_TEST

/* Public values of the two subgroups that everybody knows. */
START_TEST(dh_values_of_small_order)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_DH, 2048);
    struct material given;
    uint32_t one = 1;

    private_material(key, OH_HUKS_ALG_DH, 2048, true, &given);
    set_word(&given, 2, 1);
    given.bytes[20] = (uint8_t)one;
    EXPECT(401, TEXT_KEY_INFO,
           OH_Huks_ImportKeyItem(NAME("key"), SET(ALG(DH), SIZE(2048), PURPOSE(AGREE), PAIR), GIVEN(given)));
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Order, names, pointers ------------------------------------------------------------------------------
 */

START_TEST(order_of_checks)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public, pair;
    blob anything = {91, (uint8_t *)(uintptr_t)known};
    param mine = {.tag = OH_HUKS_TAG_TYPE_BYTES | 10001, .blob = {4, (uint8_t *)(uintptr_t) "self"}};

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    private_material(key, OH_HUKS_ALG_ECC, 256, true, &pair);
    OK(OH_Huks_ImportKeyItem(NAME("taken"), SET(ECC_PAIR), GIVEN(pair)));

    /* The form of a public key, the alias, the parameters, the content. */
    EXPECT(401, TEXT_PUBLIC,
           OH_Huks_ImportKeyItem(NAME("taken"), SET(ECC_VERIFY, TRUTH(KEY_OVERRIDE, false)), &anything));
    EXPECT(12000002, TEXT_UNSET_IN("algorithm"),
           OH_Huks_ImportKeyItem(NAME("taken"), SET(SIZE(256), PURPOSE(VERIFY), TRUTH(KEY_OVERRIDE, false)),
                                 GIVEN(public)));
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_ImportKeyItem(NAME("taken"), SET(ALG(ECC), PURPOSE(SIGN), TRUTH(KEY_OVERRIDE, false)),
                                 GIVEN(public)));
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_ImportKeyItem(NAME("taken"), SET(PURPOSE(SIGN), PAIR, TRUTH(KEY_OVERRIDE, false)),
                                 &anything));
    EXPECT(12000002, TEXT_UNSET_IN("algorithm"),
           OH_Huks_ImportKeyItem(NAME("taken"), SET(PURPOSE(SIGN), PAIR), &anything));
    EXPECT(12000003, "Invalid key purpose.",
           OH_Huks_ImportKeyItem(NAME("taken"), SET(ALG(ECC), SIZE(255), PURPOSE(512), PAIR), &anything));
    EXPECT(12000003, "Invalid key size.",
           OH_Huks_ImportKeyItem(NAME("taken"), SET(ALG(ECC), SIZE(255), PURPOSE(WRAP), PAIR), &anything));
    EXPECT(12000003, "Invalid digest algorithm.",
           OH_Huks_ImportKeyItem(NAME("taken"), SET(ECC_PAIR, DIGEST(MD5)), &anything));
    EXPECT(401, TEXT_KEY_INFO, OH_Huks_ImportKeyItem(NAME("taken"), SET(ECC_PAIR), &anything));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(NAME("taken"), SET(ECC_PAIR, mine), GIVEN(pair)));
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(replacing)
{
    EVP_PKEY *first = openssl_key(OH_HUKS_ALG_ECC, 256);
    EVP_PKEY *second = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public, pair;

    private_material(first, OH_HUKS_ALG_ECC, 256, true, &pair);
    OK(OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_PAIR, TRUTH(KEY_OVERRIDE, false)), GIVEN(pair)));
    public_bytes(second, OH_HUKS_ALG_ECC, &public);
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY, TRUTH(KEY_OVERRIDE, false)), GIVEN(public)));
    OK(OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY, LEVEL(DE), TRUTH(KEY_OVERRIDE, false)),
                             GIVEN(public)));
    OK(OH_Huks_ImportKeyItem(NAME("key"), SET(ECC_VERIFY), GIVEN(public)));
    check_export("key", &public); /* nothing of the pair stays */
    EXPECT(401, TEXT_INVALID,
           begin(&(struct session){0}, "key", SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256))));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), SET(LEVEL(DE))));
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
}
END_TEST

START_TEST(null_pointers)
{
    set *params = SET(AES_CRYPT);
    const blob key = {32, (uint8_t *)(uintptr_t)known};

    EXPECT(401, TEXT_NULL, OH_Huks_ImportKeyItem(NULL, params, &key));
    EXPECT(401, TEXT_NULL, OH_Huks_ImportKeyItem(NAME("key"), NULL, &key));
    EXPECT(401, TEXT_NULL, OH_Huks_ImportKeyItem(NAME("key"), params, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(&(blob){0, key.data}, params, &key));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(&(blob){129, key.data}, params, &key));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(NAME("key"), params, &(blob){0, key.data}));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(NAME("key"), params, &(blob){32, NULL}));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT, SIZE(256)), &key)); /* twice */
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT, {.tag = 0x2000ffff}), &key));
}
END_TEST

/* Alias, set and key together may have 64,512 bytes. */
START_TEST(request_too_large)
{
    static uint8_t bulk[64512];

    EXPECT(401, TEXT_INVALID, OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT), &(blob){sizeof bulk, bulk}));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT, BYTES(INFO, bulk, sizeof bulk - 138)),
                                 &(blob){32, bulk}));
    EXPECT(12000004, "Invalid file size.", /* it may be asked, and is more than a key may be */
           OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT, BYTES(INFO, bulk, sizeof bulk - 139)),
                                 &(blob){32, bulk}));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    OK(OH_Huks_ImportKeyItem(NAME("key"), SET(AES_CRYPT, BYTES(INFO, bulk, 8192)), &(blob){32, bulk}));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native import, refusals");
    TCase *tcase = native_tcase(suite, "import");

    tcase_add_loop_test(tcase, refusal, 0, COUNT(refused));
    tcase_add_loop_test(tcase, strange_public_keys, 0, COUNT(strangers));
    tcase_add_test(tcase, curve_of_the_same_size);
    tcase_add_test(tcase, public_key_off_its_curve);
    tcase_add_loop_test(tcase, mangled_material, 0, COUNT(mangled));
    tcase_add_test(tcase, dh_values_of_small_order);
    tcase_add_test(tcase, order_of_checks);
    tcase_add_test(tcase, replacing);
    tcase_add_test(tcase, null_pointers);
    tcase_add_test(tcase, request_too_large);
    return native_run(suite);
}
