/*
 * Derivation and agreement through OH_Huks_* sessions: results held against OpenSSL, what the first Update
 * and Finish refuse, and secrets that stay inside as keys.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TEXT_PUBLIC "Invalid public key."

static uint8_t out[8192];

static void make_key(const char *alias, uint32_t alg, uint32_t bits, uint32_t purpose)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(alias), SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, SIZE(bits), PURPOSE(purpose)),
        NULL));
}

/* ---- Agreement ----------------------------------------------------------------------------------------- */

static const struct agreement {
    const char *name;
    uint32_t alg;  /* of the key   */
    uint32_t word; /* of Init      */
    uint32_t bits;
    const char *openssl; /* curve or group */
    size_t size;         /* of the secret */
} agreements[] = {
    {"P-224", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 224, "P-224", 28},
    {"P-256", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 256, "P-256", 32},
    {"P-384", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 384, "P-384", 48},
    {"P-521", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 521, "P-521", 66},
    {"P-256, ECDH key", OH_HUKS_ALG_ECDH, OH_HUKS_ALG_ECDH, 256, "P-256", 32},
    {"X25519", OH_HUKS_ALG_X25519, OH_HUKS_ALG_X25519, 256, NULL, 32},
    {"DH 2048", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 2048, "ffdhe2048", 256},
    {"DH 3072", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 3072, "ffdhe3072", 384},
    {"DH 4096", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 4096, "ffdhe4096", 512},
};
enum { P256 = 1, X25519 = 5, DH2048 = 6 };

static EVP_PKEY *peer_make(const struct agreement *a)
{
    if (a->word == OH_HUKS_ALG_X25519) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    }
    if (a->word == OH_HUKS_ALG_ECDH) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", a->openssl);
    }
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *made = NULL;
    OSSL_PARAM group[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)a->openssl, 0),
        OSSL_PARAM_construct_end(),
    };

    ck_assert(EVP_PKEY_keygen_init(with) == 1 && EVP_PKEY_CTX_set_params(with, group) == 1 &&
              EVP_PKEY_generate(with, &made) == 1);
    EVP_PKEY_CTX_free(with);
    return made;
}

/* As HUKS takes it: a SubjectPublicKeyInfo, or 32 raw bytes. */
static blob peer_public(const struct agreement *a, EVP_PKEY *peer, uint8_t bytes[2048])
{
    size_t size = 2048;
    uint8_t *at = bytes;

    if (a->word == OH_HUKS_ALG_X25519) {
        ck_assert(EVP_PKEY_get_raw_public_key(peer, bytes, &size) == 1);
    } else {
        int written = i2d_PUBKEY(peer, &at);
        ck_assert(written > 0 && written <= 2048);
        size = (size_t)written;
    }
    return (blob){(uint32_t)size, bytes};
}

static EVP_PKEY *ours(const struct agreement *a, const char *alias)
{
    uint8_t bytes[2048];
    const uint8_t *at = bytes;
    blob key = ROOM(bytes);
    EVP_PKEY *parsed;

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    parsed = a->word == OH_HUKS_ALG_X25519
                 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bytes, key.size)
                 : d2i_PUBKEY(NULL, &at, key.size);
    ck_assert(parsed != NULL);
    return parsed;
}

/* What OpenSSL says that peer and key share. */
static void peer_agree(const struct agreement *a, EVP_PKEY *peer, const char *alias, uint8_t *secret)
{
    EVP_PKEY *key = ours(a, alias);
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(peer, NULL);
    size_t size = a->size;

    ck_assert(EVP_PKEY_derive_init(with) == 1);
    ck_assert(a->word != OH_HUKS_ALG_DH || EVP_PKEY_CTX_set_dh_pad(with, 1) == 1);
    ck_assert(EVP_PKEY_derive_set_peer(with, key) == 1 && EVP_PKEY_derive(with, secret, &size) == 1);
    ck_assert_uint_eq(size, a->size);
    EVP_PKEY_CTX_free(with);
    EVP_PKEY_free(key);
}

static set *agreeing(const struct agreement *a)
{
    return SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->word}, SIZE(a->bits), PURPOSE(AGREE));
}

START_TEST(agrees_with_openssl)
{
    const struct agreement *a = &agreements[_i];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048], wanted[512], got[512];
    blob public = peer_public(a, peer, bytes);
    uint32_t size = sizeof got;
    struct session s;

    make_key("key", a->alg, a->bits, AGREE);
    peer_agree(a, peer, "key", wanted);
    OK(begin(&s, "key", agreeing(a)));
    OK(feed(&s, public.data, public.size));
    OK(finish(&s, NULL, 0, got, &size));
    ck_assert_uint_eq(size, a->size);
    ck_assert_mem_eq(got, wanted, a->size);
    EXPECT(12000011, TEXT_ENTITY, feed(&s, public.data, public.size)); /* over */
    /* Too little room ends it, too. */
    OK(begin(&s, "key", agreeing(a)));
    OK(feed(&s, public.data, public.size));
    size = (uint32_t)a->size - 1;
    EXPECT(401, TEXT_BUFFER, finish(&s, NULL, 0, got, &size));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, got, &size));
    EVP_PKEY_free(peer);
}
END_TEST

/* Both sides ours: what one exports the other takes. */
START_TEST(agrees_with_itself)
{
    const struct agreement *a = &agreements[_i];
    uint8_t first[512], second[512];
    static const char *const names[2] = {"one", "two"};
    uint8_t *secrets[2] = {first, second};

    make_key("one", a->alg, a->bits, AGREE);
    make_key("two", a->alg, a->bits, AGREE);
    for (int i = 0; i < 2; i++) {
        uint8_t bytes[2048];
        blob public = ROOM(bytes);
        uint32_t size = 512;
        struct session s;

        OK(OH_Huks_ExportPublicKeyItem(NAME(names[1 - i]), NULL, &public));
        OK(begin(&s, names[i], agreeing(a)));
        OK(feed(&s, public.data, public.size));
        OK(finish(&s, NULL, 0, secrets[i], &size));
        ck_assert_uint_eq(size, a->size);
    }
    ck_assert_mem_eq(first, second, a->size);
}
END_TEST

/* DH gives as much as KEY_SIZE says: the first bytes. */
START_TEST(dh_is_cut)
{
    const struct agreement *a = &agreements[DH2048];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048], wanted[512], got[512];
    blob public = peer_public(a, peer, bytes);
    struct session s;

    make_key("key", a->alg, a->bits, AGREE);
    peer_agree(a, peer, "key", wanted);
    for (uint32_t bits = 8; bits <= 2048; bits = bits * 4 + 8) {
        uint32_t size = sizeof got;

        OK(begin(&s, "key", SET(ALG(DH), SIZE(bits), PURPOSE(AGREE))));
        OK(feed(&s, public.data, public.size));
        OK(finish(&s, NULL, 0, got, &size));
        ck_assert_uint_eq(size, bits / 8);
        ck_assert_mem_eq(got, wanted, size);
    }
    OK(begin(&s, "key", SET(ALG(DH), SIZE(2056), PURPOSE(AGREE))));
    EXPECT(12000003, "Invalid key size.", feed(&s, public.data, public.size));
    OK(begin(&s, "key", SET(ALG(DH), PURPOSE(AGREE))));
    EXPECT(12000002, TEXT_UNSET_IN("key size"), feed(&s, public.data, public.size));
    EVP_PKEY_free(peer);
}
END_TEST

/* The key's curve decides; KEY_SIZE must be one of HUKS's all the same. */
START_TEST(ecdh_key_size)
{
    static const struct {
        uint32_t bits; /* 0: not said */
        int32_t code;
        const char *text;
    } rows[] = {{224, 0, "Success."},
                {521, 0, "Success."},
                {0, 401, TEXT_INVALID},
                {255, 401, TEXT_INVALID},
                {512, 401, TEXT_INVALID}};
    const struct agreement *a = &agreements[P256];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048];
    blob public = peer_public(a, peer, bytes);
    struct session s;

    make_key("key", a->alg, a->bits, AGREE);
    for (int i = 0; i < COUNT(rows); i++) {
        OK(begin(&s, "key",
                 rows[i].bits == 0 ? SET(ALG(ECDH), PURPOSE(AGREE))
                                   : SET(ALG(ECDH), SIZE(rows[i].bits), PURPOSE(AGREE))));
        EXPECT(rows[i].code, rows[i].text, feed(&s, public.data, public.size));
        if (rows[i].code == 0) {
            uint32_t size = sizeof out;

            OK(finish(&s, NULL, 0, out, &size));
            ck_assert_uint_eq(size, 32);
        } else {
            EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
        }
    }
    EVP_PKEY_free(peer);
}
END_TEST

/* ---- What is no peer's key ----------------------------------------------------------------------------- */

static void refuses_peer(const struct agreement *a, const void *bytes, size_t size, int32_t code,
                         const char *text)
{
    struct session s;

    OK(begin(&s, "key", agreeing(a)));
    EXPECT(code, text, feed(&s, bytes, size));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, bytes, size)); /* lost */
}

START_TEST(wrong_ecdh_peers)
{
    const struct agreement *a = &agreements[P256];
    EVP_PKEY *peer = peer_make(a), *other = peer_make(&agreements[P256 + 1]);
    uint8_t good[2048], wrong[2048];
    blob public = peer_public(a, peer, good);

    make_key("key", a->alg, a->bits, AGREE);
    refuses_peer(a, NULL, 0, 401, TEXT_KEY_INFO);
    refuses_peer(a, "garbage", 7, 401, TEXT_KEY_INFO);
    refuses_peer(a, "0garbage", 8, 401, TEXT_PUBLIC);
    /* HUKS takes no bare point … */
    refuses_peer(a, good + public.size - 65, 65, 401, TEXT_KEY_INFO);
    /* … no part of a key, and nothing behind it … */
    refuses_peer(a, good, public.size - 1, 401, TEXT_PUBLIC);
    memcpy(wrong, good, public.size);
    wrong[public.size] = 0;
    refuses_peer(a, wrong, public.size + 1, 401, TEXT_PUBLIC);
    /* … no point beside the curve … */
    wrong[public.size - 1] ^= 1;
    refuses_peer(a, wrong, public.size, 401, TEXT_PUBLIC);
    /* … and none of another curve or algorithm. */
    public = peer_public(&agreements[P256 + 1], other, wrong);
    refuses_peer(a, wrong, public.size, 401, TEXT_PUBLIC);
    EVP_PKEY_free(other);
    other = peer_make(&agreements[DH2048]);
    public = peer_public(&agreements[DH2048], other, wrong);
    refuses_peer(a, wrong, public.size, 401, TEXT_PUBLIC);
    EVP_PKEY_free(other);
    EVP_PKEY_free(peer);
}
END_TEST

START_TEST(wrong_x25519_peers)
{
    static const uint8_t zeros[33], one[32] = {1};
    const struct agreement *a = &agreements[X25519];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048];
    uint8_t *at = bytes;
    int size = i2d_PUBKEY(peer, &at);

    make_key("key", a->alg, a->bits, AGREE);
    refuses_peer(a, NULL, 0, 401, TEXT_KEY_INFO);
    refuses_peer(a, bytes + 12, 31, 401, TEXT_KEY_INFO);
    refuses_peer(a, zeros, 33, 401, TEXT_KEY_INFO);
    refuses_peer(a, bytes, (size_t)size, 401, TEXT_KEY_INFO); /* raw bytes, no SubjectPublicKeyInfo */
    refuses_peer(a, zeros, 32, 401, TEXT_PUBLIC);             /* points of small order share nothing */
    refuses_peer(a, one, 32, 401, TEXT_PUBLIC);
    EVP_PKEY_free(peer);
}
END_TEST

START_TEST(wrong_dh_peers)
{
    const struct agreement *a = &agreements[DH2048];
    EVP_PKEY *peer = peer_make(a), *other = peer_make(&agreements[DH2048 + 1]);
    uint8_t bytes[2048];
    blob public = peer_public(a, peer, bytes);

    make_key("key", a->alg, a->bits, AGREE);
    refuses_peer(a, NULL, 0, 401, TEXT_KEY_INFO);
    refuses_peer(a, bytes + public.size - 256, 256, 401, TEXT_KEY_INFO); /* the value alone */
    refuses_peer(a, bytes, public.size - 1, 401, TEXT_PUBLIC);
    public = peer_public(&agreements[DH2048 + 1], other, bytes);
    refuses_peer(a, bytes, public.size, 401, TEXT_PUBLIC); /* another group */
    EVP_PKEY_free(other);
    EVP_PKEY_free(peer);
}
END_TEST

/* The word of Init and the key's algorithm are compared by the engine, at Update. */
START_TEST(another_agreement)
{
    static const uint32_t words[] = {OH_HUKS_ALG_ECDH, OH_HUKS_ALG_X25519, OH_HUKS_ALG_DH};
    static const uint32_t algs[] = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_X25519, OH_HUKS_ALG_DH, OH_HUKS_ALG_SM2};
    static const uint32_t bits[] = {256, 256, 2048, 256};
    struct session s;

    for (int i = 0; i < COUNT(algs); i++) {
        make_key("key", algs[i], bits[i], AGREE);
        for (int k = 0; k < COUNT(words); k++) {
            if (i == k) {
                continue;
            }
            OK(begin(
                &s, "key",
                SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = words[k]}, SIZE(256), PURPOSE(AGREE))));
            EXPECT(12000006, TEXT_CRYPTO, feed(&s, "0123456789abcdef0123456789abcdef", 32));
        }
        EXPECT(12000003, "Invalid algorithm.",
               begin(&s, "key",
                     SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC}, PURPOSE(AGREE))));
    }
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_INVALID, begin(&s, "key", agreeing(&agreements[P256]))); /* a purpose it lacks */
}
END_TEST

/* ---- Keys whose value OpenSSL knows -------------------------------------------------------------------- */

/* A secret key that stays inside; its value is what OpenSSL agreed on with us. */
static void make_known(const char *alias, set *keeping, uint8_t secret[32])
{
    const struct agreement *a = &agreements[X25519];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048];
    blob public = peer_public(a, peer, bytes);
    blob nothing = {0, NULL};
    blob room = ROOM(out);
    struct session s;

    make_key("agreeing", a->alg, a->bits, AGREE);
    peer_agree(a, peer, "agreeing", secret);
    OK(begin(&s, "agreeing", agreeing(a)));
    OK(feed(&s, public.data, public.size));
    OK(OH_Huks_FinishSession(&s.handle, keeping, &nothing, &room));
    OK(OH_Huks_IsKeyItemExist(NAME(alias), NULL));
    EVP_PKEY_free(peer);
}

#define KEPT(name)                                                                                           \
    BYTES(KEY_ALIAS, name, (uint32_t)strlen(name)), NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT)

/* The base key of derivations. */
static void make_base(const char *alias, uint8_t secret[32])
{
    make_known(alias, SET(ALG(AES), SIZE(256), PURPOSE(DERIVE), KEPT(alias)), secret);
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
    uint8_t base[32], wanted[8192];
    uint32_t size = sizeof out;
    struct session s;

    make_base("base", base);
    openssl_derive(d, base, sizeof base, wanted);
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
    uint8_t base[32], sm4[16], wanted[64];
    uint32_t size = sizeof out;
    struct session s;

    make_base("base", base);
    openssl_derive(&short_base, base, sizeof base, sm4);
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
    uint8_t base[32], wanted[64];
    uint32_t size = sizeof out;
    struct session s;

    make_base("base", base);
    openssl_derive(&derivations[0], base, sizeof base, wanted);
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

START_TEST(kept_keys_are_keys)
{
    uint8_t secret[32], wanted[32], mac[32];
    unsigned wanted_size = 32;
    uint32_t size = sizeof mac;
    struct session s;

    /* What was agreed on works as the key that it became. */
    make_known("mac", SET(ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256), KEPT("mac")), secret);
    ck_assert_uint_eq(param_of("mac", NULL, OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_AGREE_KEY);
    ck_assert_uint_eq(param_of("mac", NULL, OH_HUKS_TAG_KEY_SIZE), 256);
    ck_assert(HMAC(EVP_sha256(), secret, 32, text, sizeof text, wanted, &wanted_size) != NULL);
    OK(begin(&s, "mac", SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256))));
    OK(finish(&s, text, sizeof text, mac, &size));
    ck_assert_uint_eq(size, 32);
    ck_assert_mem_eq(mac, wanted, 32);
    /* It replaces what was there, unless told not to; on its own level. */
    make_known("mac", SET(ALG(AES), SIZE(256), PURPOSE(DERIVE), KEPT("mac")), secret);
    ck_assert_uint_eq(param_of("mac", NULL, OH_HUKS_TAG_ALGORITHM), OH_HUKS_ALG_AES);
    size = sizeof out;
    OK(derive_with("mac", SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), KEPT("mac"), LEVEL(DE)), 16, &size));
    ck_assert_uint_eq(param_of("mac", SET(LEVEL(DE)), OH_HUKS_TAG_KEY_FLAG), OH_HUKS_KEY_FLAG_DERIVE_KEY);
    ck_assert_uint_eq(param_of("mac", SET(LEVEL(DE)), OH_HUKS_TAG_KEY_SIZE), 128);
    ck_assert_uint_eq(param_of("mac", NULL, OH_HUKS_TAG_KEY_SIZE), 256);
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

    tcase_add_loop_test(tcase, agrees_with_openssl, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, agrees_with_itself, 0, COUNT(agreements));
    tcase_add_test(tcase, dh_is_cut);
    tcase_add_test(tcase, ecdh_key_size);
    tcase_add_test(tcase, wrong_ecdh_peers);
    tcase_add_test(tcase, wrong_x25519_peers);
    tcase_add_test(tcase, wrong_dh_peers);
    tcase_add_test(tcase, another_agreement);
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
