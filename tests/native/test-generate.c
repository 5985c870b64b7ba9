/*
 * OH_Huks_GenerateKeyItem beyond the plain case (test-key.c): keys that are handed out and not kept, and AES
 * keys from the old form of key agreement. OpenSSL judges what comes out.
 */
#include <stdlib.h>

#include <openssl/x509.h>

#include "material.h"
#include "native.h"

#define TEMPORARY NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_TEMP)

static param tag(uint32_t name, uint32_t value)
{
    return (param){.tag = name, .uint32Param = value};
}

/* ---- Temporary keys ------------------------------------------------------------------------------------ */

static _Alignas(set) uint8_t space[8192];

static set *room(uint32_t size)
{
    set *out = (set *)space;

    memset(space, 0xee, sizeof space);
    out->paramSetSize = size;
    return out;
}

static blob part(const set *from, uint32_t name)
{
    param *found = NULL;

    OK(OH_Huks_GetParam(from, name, &found));
    return found->blob;
}

static const struct {
    uint32_t alg, bits, purpose;
} pairs[] = {
    {OH_HUKS_ALG_RSA, 1024, SIGN | VERIFY},
    {OH_HUKS_ALG_RSA, 2048, ENCRYPT | DECRYPT},
    {OH_HUKS_ALG_ECC, 224, SIGN},
    {OH_HUKS_ALG_ECC, 256, SIGN | VERIFY},
    {OH_HUKS_ALG_ECC, 384, AGREE},
    {OH_HUKS_ALG_ECC, 521, SIGN | VERIFY},
    {OH_HUKS_ALG_ECDH, 256, AGREE},
    {OH_HUKS_ALG_SM2, 256, SIGN | VERIFY},
    {OH_HUKS_ALG_DSA, 1024, SIGN | VERIFY},
    {OH_HUKS_ALG_DH, 2048, AGREE},
    {OH_HUKS_ALG_ED25519, 256, SIGN | VERIFY},
    {OH_HUKS_ALG_X25519, 256, AGREE},
};

static uint32_t word(blob bytes, uint32_t which)
{
    uint32_t value;

    ck_assert_uint_ge(bytes.size, 4 * (which + 1));
    memcpy(&value, bytes.data + 4 * (size_t)which, 4);
    return value;
}

START_TEST(temporary_pairs)
{
    set *params = SET(tag(OH_HUKS_TAG_ALGORITHM, pairs[_i].alg), SIZE(pairs[_i].bits),
                      PURPOSE(pairs[_i].purpose), TEMPORARY);
    set *import = SET(tag(OH_HUKS_TAG_ALGORITHM, pairs[_i].alg), SIZE(pairs[_i].bits),
                      PURPOSE(pairs[_i].purpose), NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR));
    set *out = room(sizeof space);
    blob public, private;
    EVP_PKEY *whole, *half;
    EVP_PKEY_CTX *check;
    struct material spki, exported = {.size = sizeof exported.bytes};
    blob export = {sizeof exported.bytes, exported.bytes};

    OK(OH_Huks_GenerateKeyItem(NULL, params, out));
    OK(OH_Huks_IsParamSetValid(out, out->paramSetSize));
    ck_assert_uint_eq(out->paramsCnt, 2);
    public = part(out, OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA);
    private = part(out, OH_HUKS_TAG_ASYMMETRIC_PRIVATE_KEY_DATA);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(word(i == 0 ? public : private, 0), pairs[_i].alg);
        ck_assert_uint_eq(word(i == 0 ? public : private, 1), pairs[_i].bits);
    }

    /* They are a pair, for OpenSSL … */
    whole = from_material(private.data, private.size, true);
    half = from_material(public.data, public.size, false);
    ck_assert_int_eq(EVP_PKEY_eq(whole, half), 1);
    check = EVP_PKEY_CTX_new(whole, NULL);
    ck_assert(pairs[_i].alg == OH_HUKS_ALG_RSA /* without its primes */ ||
              EVP_PKEY_pairwise_check(check) == 1);
    EVP_PKEY_CTX_free(check);

    /* … and come back in. */
    public_bytes(half, pairs[_i].alg, &spki);
    OK(OH_Huks_ImportKeyItem(NAME("back"), import, &private));
    OK(OH_Huks_ExportPublicKeyItem(NAME("back"), NULL, &export));
    ck_assert_uint_eq(export.size, spki.size);
    ck_assert_mem_eq(export.data, spki.bytes, spki.size);
    EVP_PKEY_free(whole);
    EVP_PKEY_free(half);
}
END_TEST

static const struct {
    uint32_t alg, bits, purpose;
} secrets[] = {
    {OH_HUKS_ALG_AES, 128, ENCRYPT}, {OH_HUKS_ALG_AES, 256, MAC},      {OH_HUKS_ALG_SM4, 128, ENCRYPT},
    {OH_HUKS_ALG_HMAC, 8, MAC},      {OH_HUKS_ALG_HMAC, 1024, MAC},    {OH_HUKS_ALG_SM3, 256, MAC},
    {OH_HUKS_ALG_DES, 64, ENCRYPT},  {OH_HUKS_ALG_3DES, 192, DECRYPT},
};

START_TEST(temporary_secrets)
{
    set *params = SET(tag(OH_HUKS_TAG_ALGORITHM, secrets[_i].alg), SIZE(secrets[_i].bits),
                      PURPOSE(secrets[_i].purpose), TEMPORARY);
    uint8_t first[128];
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    set *out = room(sizeof space);
    blob key;

    OK(OH_Huks_GenerateKeyItem(NAME("not kept"), params, out));
    key = part(out, OH_HUKS_TAG_SYMMETRIC_KEY_DATA);
    ck_assert_uint_eq(key.size, secrets[_i].bits / 8);
    memcpy(first, key.data, key.size);
    out = room(sizeof space);
    OK(OH_Huks_GenerateKeyItem(NAME("not kept"), params, out));
    key = part(out, OH_HUKS_TAG_SYMMETRIC_KEY_DATA);
    ck_assert(secrets[_i].bits < 64 || memcmp(first, key.data, key.size) != 0);

    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("not kept"), NULL));
    OK(OH_Huks_ListAliases(no_params(), &aliases));
    ck_assert(aliases == NULL);
}
END_TEST

START_TEST(temporary_needs_room)
{
    set *params = SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT), TEMPORARY);
    uint32_t needed = 8 + 24 + 32;

    EXPECT(401, TEXT_NULL, OH_Huks_GenerateKeyItem(NAME("key"), params, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_GenerateKeyItem(NULL, params, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_GenerateKeyItem(NULL, params, room(0)));
    EXPECT(401, TEXT_BUFFER, OH_Huks_GenerateKeyItem(NULL, params, room(needed - 1)));
    for (size_t i = 4; i < needed; i++) {
        ck_assert_uint_eq(space[i], 0xee); /* nothing of it was written */
    }
    OK(OH_Huks_GenerateKeyItem(NULL, params, room(needed)));
    ck_assert_uint_eq(((set *)space)->paramSetSize, needed);
    ck_assert_uint_eq(space[needed], 0xee);
}
END_TEST

/* The rules are those of every key. */
START_TEST(temporary_rules)
{
    EXPECT(12000002, TEXT_UNSET_IN("algorithm"),
           OH_Huks_GenerateKeyItem(NULL, SET(SIZE(256), PURPOSE(SIGN), TEMPORARY), room(sizeof space)));
    EXPECT(12000003, "Invalid key size.",
           OH_Huks_GenerateKeyItem(NULL, SET(ALG(AES), SIZE(512), PURPOSE(ENCRYPT), TEMPORARY),
                                   room(sizeof space)));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_GenerateKeyItem(NULL, SET(ALG(AES), SIZE(256), SIZE(256), TEMPORARY), room(sizeof space)));
    EXPECT(401, TEXT_NULL, /* kept ones need an alias */
           OH_Huks_GenerateKeyItem(NULL, SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT)), room(sizeof space)));
}
END_TEST

/* ---- AES keys from an agreement ------------------------------------------------------------------------ */

static const struct agreement {
    uint32_t word, alg, bits; /* AGREE_ALG, the key's algorithm and size */
} agreements[] = {
    {OH_HUKS_ALG_X25519, OH_HUKS_ALG_X25519, 256},
    {OH_HUKS_ALG_ECDH, OH_HUKS_ALG_ECC, 256},
    {OH_HUKS_ALG_ECDH, OH_HUKS_ALG_ECDH, 521},
    {OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 2048},
};

/* The shared secret as OpenSSL finds it, of the keystore's public key and its own private one. */
static size_t shared_there(EVP_PKEY *own, const char *alias, uint32_t alg, uint8_t *out, size_t size)
{
    struct material public;
    blob export = {sizeof public.bytes, public.bytes};
    const uint8_t *at = public.bytes;
    EVP_PKEY *peer;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &export));
    peer = alg == OH_HUKS_ALG_X25519
               ? EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public.bytes, export.size)
               : d2i_PUBKEY(NULL, &at, export.size);
    ck_assert(EVP_PKEY_derive_init(context) == 1);
    if (alg == OH_HUKS_ALG_DH) {
        ck_assert(EVP_PKEY_CTX_set_dh_pad(context, 1) == 1);
    }
    ck_assert(EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, out, &size) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return size;
}

static void encrypts_as(const char *alias, const uint8_t *key, uint32_t bits)
{
    static const uint8_t plain[16] = "sixteen letters";
    uint8_t here[32], there[32];
    uint32_t size = sizeof here;
    int written = 0;
    struct session session;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = bits == 256 ? EVP_aes_256_ecb() : EVP_aes_128_ecb();

    OK(begin(&session, alias, SET(ALG(AES), PURPOSE(ENCRYPT), MODE(ECB), PADDING(NONE))));
    OK(finish(&session, plain, sizeof plain, here, &size));
    ck_assert(EVP_EncryptInit_ex(context, cipher, NULL, key, NULL) == 1 &&
              EVP_EncryptUpdate(context, there, &written, plain, 16) == 1);
    ck_assert_mem_eq(here, there, 16);
    EVP_CIPHER_CTX_free(context);
}

#define AGREED(bits)                                                                                         \
    ALG(AES), SIZE(bits), PURPOSE(ENCRYPT), NUMBER(KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_AGREE)
#define WITH(word, private, public, is_alias)                                                                \
    NUMBER(AGREE_ALG, word), BYTES(AGREE_PRIVATE_KEY_ALIAS, private, sizeof(private) - 1), public,           \
        TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, is_alias)

START_TEST(agreed)
{
    const struct agreement *row = &agreements[_i];
    EVP_PKEY *peer = openssl_key(row->alg, row->bits);
    struct material public;
    uint8_t secret[512];
    _Alignas(set) uint8_t told[4096];
    set *out = (set *)told;
    param *flag = NULL;

    public_bytes(peer, row->alg, &public);
    OK(OH_Huks_GenerateKeyItem(
        NAME("own"), SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), SIZE(row->bits), PURPOSE(AGREE)), NULL));
    ck_assert_uint_ge(shared_there(peer, "own", row->alg, secret, sizeof secret), 32);

    /* The peer's key as it is, and under an alias. */
    OK(OH_Huks_GenerateKeyItem(
        NAME("first"),
        SET(AGREED(256), WITH(row->word, "own", BYTES(AGREE_PUBLIC_KEY, public.bytes, public.size), false)),
        NULL));
    encrypts_as("first", secret, 256);
    OK(OH_Huks_ImportKeyItem(NAME("peer"),
                             SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), SIZE(row->bits), PURPOSE(AGREE)),
                             GIVEN(public)));
    OK(OH_Huks_GenerateKeyItem(
        NAME("second"), SET(AGREED(128), WITH(row->word, "own", BYTES(AGREE_PUBLIC_KEY, "peer", 4), true)),
        NULL));
    encrypts_as("second", secret, 128);

    out->paramSetSize = sizeof told;
    OK(OH_Huks_GetKeyItemParamSet(NAME("first"), NULL, out));
    OK(OH_Huks_GetParam(out, OH_HUKS_TAG_KEY_FLAG, &flag));
    ck_assert_uint_eq(flag->uint32Param, OH_HUKS_KEY_FLAG_AGREE_KEY);

    /* And for the caller alone. */
    OK(OH_Huks_GenerateKeyItem(
        NULL,
        SET(AGREED(256), TEMPORARY,
            WITH(row->word, "own", BYTES(AGREE_PUBLIC_KEY, public.bytes, public.size), false)),
        room(sizeof space)));
    ck_assert_mem_eq(part((set *)space, OH_HUKS_TAG_SYMMETRIC_KEY_DATA).data, secret, 32);
    EVP_PKEY_free(peer);
}
END_TEST

#define PEER         BYTES(AGREE_PUBLIC_KEY, "peer", 4)
#define OTHER        BYTES(AGREE_PUBLIC_KEY, "signs", 5)
#define X25519_PEER  BYTES(AGREE_PUBLIC_KEY, "x25519", 6)
#define ED25519_PEER BYTES(AGREE_PUBLIC_KEY, "ed25519", 7)
#define BOGUS        BYTES(AGREE_PUBLIC_KEY, "it is no key at all", 19)

static const struct {
    const char *name;
    param params[9];
    int32_t code;
    const char *text;
} refused[] = {
    {"no word",
     {AGREED(256), BYTES(AGREE_PRIVATE_KEY_ALIAS, "own", 3), PEER,
      TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, true)},
     401,
     TEXT_ABSENT},
    {"no own key",
     {AGREED(256), NUMBER(AGREE_ALG, OH_HUKS_ALG_ECDH), PEER, TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, true)},
     401,
     TEXT_ABSENT},
    {"no peer",
     {AGREED(256), NUMBER(AGREE_ALG, OH_HUKS_ALG_ECDH), BYTES(AGREE_PRIVATE_KEY_ALIAS, "own", 3),
      TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, true)},
     401,
     TEXT_ABSENT},
    {"alias or key",
     {AGREED(256), NUMBER(AGREE_ALG, OH_HUKS_ALG_ECDH), BYTES(AGREE_PRIVATE_KEY_ALIAS, "own", 3), PEER},
     401,
     TEXT_ABSENT},
    {"unknown word", {AGREED(256), WITH(99, "own", PEER, true)}, 401, TEXT_INVALID},
    {"another algorithm's word",
     {AGREED(256), WITH(OH_HUKS_ALG_X25519, "own", PEER, true)},
     401,
     TEXT_INVALID},
    {"Ed25519 is no word", {AGREED(256), WITH(OH_HUKS_ALG_ED25519, "own", PEER, true)}, 401, TEXT_INVALID},
    {"Ed25519 is no word for its own keys, either",
     {AGREED(256), WITH(OH_HUKS_ALG_ED25519, "ed25519", ED25519_PEER, true)},
     401,
     TEXT_INVALID},
    {"Ed25519 is no word for X25519",
     {AGREED(256), WITH(OH_HUKS_ALG_ED25519, "x25519", ED25519_PEER, true)},
     401,
     TEXT_INVALID},
    {"X25519 with an Ed25519 key",
     {AGREED(256), WITH(OH_HUKS_ALG_X25519, "ed25519", X25519_PEER, true)},
     401,
     TEXT_INVALID},
    {"ECDH with an Ed25519 key",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "ed25519", PEER, true)},
     401,
     TEXT_INVALID},
    {"DH with an Ed25519 key", {AGREED(256), WITH(OH_HUKS_ALG_DH, "ed25519", PEER, true)}, 401, TEXT_INVALID},
    {"SM2 is no word", {AGREED(256), WITH(OH_HUKS_ALG_SM2, "sm2", PEER, true)}, 401, TEXT_INVALID},
    {"ECDH with an SM2 key", {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "sm2", PEER, true)}, 401, TEXT_INVALID},
    {"X25519 with an Ed25519 peer", /* whose bytes look like X25519's */
     {AGREED(256), WITH(OH_HUKS_ALG_X25519, "x25519", ED25519_PEER, true)},
     401,
     "Invalid public key."},
    {"ECDH with an SM2 peer",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "own", BYTES(AGREE_PUBLIC_KEY, "sm2", 3), true)},
     401,
     "Invalid public key."},
    {"ECDH with a peer of another curve",
     {AGREED(128), WITH(OH_HUKS_ALG_ECDH, "own", BYTES(AGREE_PUBLIC_KEY, "p224", 4), true)},
     401,
     "Invalid public key."},
    {"a secret peer",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "own", BYTES(AGREE_PUBLIC_KEY, "aes", 3), true)},
     401,
     TEXT_INVALID},
    {"no such own key", {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "nobody's", PEER, true)}, 12000011, TEXT_ENTITY},
    {"no such peer",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "own", BYTES(AGREE_PUBLIC_KEY, "nobody", 6), true)},
     12000011,
     TEXT_ENTITY},
    {"own key is the peer's",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "peer", PEER, true)},
     12000003,
     "Invalid key purpose."},
    {"own key signs",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "signs", PEER, true)},
     12000003,
     "Invalid key purpose."},
    {"own key is secret",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "aes", PEER, true)},
     12000003,
     "Invalid key purpose."},
    {"peer's key is none",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "own", BOGUS, false)},
     401,
     "Invalid public key."},
    {"too little for AES-256",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "p224", BYTES(AGREE_PUBLIC_KEY, "p224", 4), true)},
     401,
     TEXT_KEY_INFO},
    {"secrets that stay inside",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "inside", PEER, true), TEMPORARY},
     12000012,
     TEXT_ABNORMAL},
    {"secrets that go out",
     {AGREED(256), WITH(OH_HUKS_ALG_ECDH, "outside", PEER, true)},
     12000012,
     TEXT_ABNORMAL},
};

static void make(const char *alias, uint32_t bits, uint32_t purpose, uint32_t flag)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(alias),
        SET(ALG(ECC), SIZE(bits), PURPOSE(purpose), NUMBER(DERIVED_AGREED_KEY_STORAGE_FLAG, flag)), NULL));
}

START_TEST(agreement_refused)
{
    EVP_PKEY *peer = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public;
    uint32_t count = 0;
    bool temporary = false;

    public_bytes(peer, OH_HUKS_ALG_ECC, &public);
    EVP_PKEY_free(peer);
    OK(OH_Huks_ImportKeyItem(NAME("peer"), SET(ALG(ECC), SIZE(256), PURPOSE(AGREE)), GIVEN(public)));
    OK(OH_Huks_GenerateKeyItem(NAME("own"), SET(ALG(ECC), SIZE(256), PURPOSE(AGREE)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("p224"), SET(ALG(ECC), SIZE(224), PURPOSE(AGREE)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("signs"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("aes"), SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("x25519"), SET(ALG(X25519), SIZE(256), PURPOSE(AGREE)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("ed25519"), SET(ALG(ED25519), SIZE(256), PURPOSE(AGREE)), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME("sm2"), SET(ALG(SM2), SIZE(256), PURPOSE(AGREE)), NULL));
    make("inside", 256, AGREE, OH_HUKS_STORAGE_ONLY_USED_IN_HUKS);
    make("outside", 256, AGREE, OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED);

    while (count < 9 && refused[_i].params[count].tag != 0) {
        temporary = temporary || refused[_i].params[count].tag == OH_HUKS_TAG_KEY_STORAGE_FLAG;
        count++;
    }
    answer(__FILE__, __LINE__, refused[_i].name, refused[_i].code, refused[_i].text,
           OH_Huks_GenerateKeyItem(NAME("key"), make_set(refused[_i].params, count),
                                   temporary ? room(sizeof space) : NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

/* Only AES keys are agreed: for others the word changes nothing, as in HUKS, but what it needs must be there.
 */
START_TEST(agreement_of_other_keys)
{
    OK(OH_Huks_GenerateKeyItem(NAME("key"),
                               SET(ALG(HMAC), SIZE(256), PURPOSE(MAC),
                                   NUMBER(KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_AGREE),
                                   WITH(OH_HUKS_ALG_ECDH, "nobody's", PEER, true)),
                               NULL));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native generation");
    TCase *tcase = native_tcase(suite, "generation");

    tcase_add_loop_test(tcase, temporary_pairs, 0, COUNT(pairs));
    tcase_add_loop_test(tcase, temporary_secrets, 0, COUNT(secrets));
    tcase_add_test(tcase, temporary_needs_room);
    tcase_add_test(tcase, temporary_rules);
    tcase_add_loop_test(tcase, agreed, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, agreement_refused, 0, COUNT(refused));
    tcase_add_test(tcase, agreement_of_other_keys);
    return native_run(suite);
}
