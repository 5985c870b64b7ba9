/*
 * Agreement through OH_Huks_* sessions: ECDH, X25519 and DH with OpenSSL as the peer, and what is no peer's
 * key.
 */
#include <stdlib.h>

#include <openssl/dh.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "material.h"
#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TEXT_PUBLIC "Invalid public key."

static uint8_t out[2048];

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
    size_t size; /* of the secret */
} agreements[] = {
    {"P-224", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 224, 28},
    {"P-256", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 256, 32},
    {"P-384", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 384, 48},
    {"P-521", OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, 521, 66},
    {"P-256, ECDH key", OH_HUKS_ALG_ECDH, OH_HUKS_ALG_ECDH, 256, 32},
    {"X25519", OH_HUKS_ALG_X25519, OH_HUKS_ALG_X25519, 256, 32},
    {"DH 2048", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 2048, 256},
    {"DH 3072", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 3072, 384},
    {"DH 4096", OH_HUKS_ALG_DH, OH_HUKS_ALG_DH, 4096, 512},
};
enum { P256 = 1, X25519 = 5, DH2048 = 6 };

static EVP_PKEY *peer_make(const struct agreement *a)
{
    return openssl_key(a->alg, a->bits);
}

/* As HUKS takes it. */
static blob peer_public(const struct agreement *a, EVP_PKEY *peer, uint8_t bytes[2048])
{
    struct material public;

    public_bytes(peer, a->alg, &public);
    ck_assert_uint_le(public.size, 2048);
    memcpy(bytes, public.bytes, public.size);
    return (blob){public.size, bytes};
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
    static const uint32_t algs[] = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_X25519, OH_HUKS_ALG_DH, OH_HUKS_ALG_SM2,
                                    OH_HUKS_ALG_ED25519};
    static const uint32_t bits[] = {256, 256, 2048, 256, 256};
    static const uint32_t no_words[] = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_SM2, OH_HUKS_ALG_ED25519,
                                        OH_HUKS_ALG_AES};
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
        for (int k = 0; k < COUNT(no_words); k++) { /* the key's own is none, either */
            EXPECT(12000003, "Invalid algorithm.",
                   begin(&s, "key",
                         SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = no_words[k]}, PURPOSE(AGREE))));
        }
    }
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_INVALID, begin(&s, "key", agreeing(&agreements[P256]))); /* a purpose it lacks */
}
END_TEST

/* One update, not none and not two; and going costs nothing. */
START_TEST(one_update)
{
    const struct agreement *a = &agreements[_i];
    EVP_PKEY *peer = peer_make(a);
    uint8_t bytes[2048];
    blob public = peer_public(a, peer, bytes);
    struct session s;

    make_key("key", a->alg, a->bits, AGREE);
    OK(begin(&s, "key", agreeing(a)));
    OK(feed(&s, public.data, public.size));
    EXPECT(12000012, TEXT_ABNORMAL, feed(&s, public.data, public.size));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", agreeing(a)));
    EXPECT(401, TEXT_NULL, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, public.data, public.size));
    OK(begin(&s, "key", agreeing(a))); /* a result needs a place */
    OK(feed(&s, public.data, public.size));
    EXPECT(401, TEXT_INVALID, finish(&s, NULL, 0, NULL, &(uint32_t){0}));
    for (int fed = 0; fed < 2; fed++) {
        OK(begin(&s, "key", agreeing(a)));
        if (fed == 1) {
            OK(feed(&s, public.data, public.size));
        }
        OK(stop(&s));
        EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    }
    EVP_PKEY_free(peer);
}
END_TEST

/* Where a secret may go is its base key's to say, for agreements as for derivations. */
START_TEST(kept_as_the_key_says)
{
    static const struct {
        uint32_t flag;
        bool keeps;
        int32_t code;
        const char *text;
    } rows[] = {
        {OH_HUKS_STORAGE_ONLY_USED_IN_HUKS, true, 0, "Success."},
        {OH_HUKS_STORAGE_ONLY_USED_IN_HUKS, false, 12000012, TEXT_ABNORMAL},
        {OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED, false, 0, "Success."},
        {OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED, true, 12000012, TEXT_ABNORMAL},
    };
    EVP_PKEY *peer = peer_make(&agreements[X25519]);
    uint8_t bytes[2048];
    blob public = peer_public(&agreements[X25519], peer, bytes);
    struct session s;

    for (int i = 0; i < COUNT(rows); i++) {
        OK(OH_Huks_GenerateKeyItem(NAME("key"),
                                   SET(ALG(X25519), SIZE(256), PURPOSE(AGREE),
                                       NUMBER(DERIVED_AGREED_KEY_STORAGE_FLAG, rows[i].flag)),
                                   NULL));
        OK(begin(&s, "key", agreeing(&agreements[X25519])));
        OK(feed(&s, public.data, public.size));
        if (rows[i].keeps) {
            s.params = SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT), BYTES(KEY_ALIAS, "new", 3),
                           NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT));
        }
        EXPECT(rows[i].code, rows[i].text, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    }
    EVP_PKEY_free(peer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native agreement");
    TCase *tcase = native_tcase(suite, "agreement");

    tcase_add_loop_test(tcase, agrees_with_openssl, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, agrees_with_itself, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, one_update, P256, DH2048 + 1);
    tcase_add_test(tcase, dh_is_cut);
    tcase_add_test(tcase, ecdh_key_size);
    tcase_add_test(tcase, wrong_ecdh_peers);
    tcase_add_test(tcase, wrong_x25519_peers);
    tcase_add_test(tcase, wrong_dh_peers);
    tcase_add_test(tcase, another_agreement);
    tcase_add_test(tcase, kept_as_the_key_says);
    return native_run(suite);
}
