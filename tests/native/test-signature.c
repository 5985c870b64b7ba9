/*
 * Signatures through OH_Huks_* sessions, with bare OpenSSL on the other side of each: what we sign it
 * verifies, what it signs we verify; sizes, lengths and empty messages.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "material.h"
#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint8_t message[1000];
static uint8_t out[4096];

/* ---- The methods, key by key --------------------------------------------------------------------------- */

struct method {
    uint32_t digest;
    int padding; /* -1: none is asked for */
    int salt;    /* -1: likewise          */
    size_t size; /* of the message        */
};

#define MOST 20
static const struct key {
    const char *name;
    uint32_t alg, bits;
    struct method methods[MOST]; /* size SIZE_MAX ends */
} keys[] = {
#define END                                                                                                  \
    {                                                                                                        \
        0, 0, 0, SIZE_MAX                                                                                    \
    }
#define PKCS1 OH_HUKS_PADDING_PKCS1_V1_5, -1
#define PSS   OH_HUKS_PADDING_PSS
#define PLAIN -1, -1
#define D(n)  OH_HUKS_DIGEST_##n
    /* clang-format off */
    {"RSA 512", OH_HUKS_ALG_RSA, 512, {{D(SHA1), PKCS1, 10}, {D(SHA256), PKCS1, 10}, {D(SHA256), PSS, 1, 9}, END}},
    {"RSA 1024", OH_HUKS_ALG_RSA, 1024,
     {{D(MD5), PKCS1, 1000}, {D(SHA1), PKCS1, 1000}, {D(SHA224), PKCS1, 1000}, {D(SHA256), PKCS1, 0},
      {D(SHA384), PKCS1, 1}, {D(SHA512), PKCS1, 1000}, {D(NONE), PKCS1, 16}, {D(NONE), PKCS1, 20},
      {D(NONE), PKCS1, 28}, {D(NONE), PKCS1, 32}, {D(NONE), PKCS1, 48}, {D(NONE), PKCS1, 64},
      {D(NONE), OH_HUKS_PADDING_NONE, -1, 128}, END}},
    {"RSA 2048", OH_HUKS_ALG_RSA, 2048,
     {{D(MD5), PSS, 0, 1000}, {D(SHA1), PSS, 0, 1000}, {D(SHA224), PSS, 0, 1000}, {D(SHA256), PSS, 0, 0},
      {D(SHA384), PSS, 0, 1}, {D(SHA512), PSS, 0, 1000}, {D(SHA1), PSS, 1, 1000}, {D(SHA256), PSS, 1, 1000},
      {D(SHA512), PSS, 1, 1000}, {D(SHA256), PSS, -1, 1000}, {D(NONE), PSS, 0, 16}, {D(NONE), PSS, 1, 20},
      {D(NONE), PSS, 0, 28}, {D(NONE), PSS, -1, 32}, {D(NONE), PSS, 0, 48}, {D(NONE), PSS, 1, 64},
      {D(NONE), OH_HUKS_PADDING_NONE, -1, 256}, {D(SHA256), PKCS1, 1000}, END}},
    {"RSA 1032", OH_HUKS_ALG_RSA, 1032, {{D(SHA256), PKCS1, 10}, {D(SHA256), PSS, 1, 10}, END}},
    {"RSA 3072", OH_HUKS_ALG_RSA, 3072, {{D(SHA384), PKCS1, 1000}, {D(SHA384), PSS, 0, 1000}, END}},
    {"ECC 224", OH_HUKS_ALG_ECC, 224, {{D(SHA224), PLAIN, 1000}, {D(SHA512), PLAIN, 10}, {D(NONE), PLAIN, 28}, END}},
    {"ECC 256", OH_HUKS_ALG_ECC, 256,
     {{D(SHA1), PLAIN, 1000}, {D(SHA224), PLAIN, 1000}, {D(SHA256), PLAIN, 1000}, {D(SHA384), PLAIN, 0},
      {D(SHA512), PLAIN, 1}, {D(NONE), PLAIN, 16}, {D(NONE), PLAIN, 20}, {D(NONE), PLAIN, 28},
      {D(NONE), PLAIN, 32}, {D(NONE), PLAIN, 48}, {D(NONE), PLAIN, 64}, END}},
    {"ECC 384", OH_HUKS_ALG_ECC, 384, {{D(SHA384), PLAIN, 1000}, {D(SHA1), PLAIN, 3}, {D(NONE), PLAIN, 48}, END}},
    {"ECC 521", OH_HUKS_ALG_ECC, 521, {{D(SHA512), PLAIN, 1000}, {D(SHA256), PLAIN, 3}, {D(NONE), PLAIN, 64}, END}},
    {"DSA 1024", OH_HUKS_ALG_DSA, 1024,
     {{D(SHA1), PLAIN, 1000}, {D(SHA224), PLAIN, 0}, {D(SHA256), PLAIN, 1000}, {D(SHA384), PLAIN, 1000},
      {D(SHA512), PLAIN, 1000}, {D(NONE), PLAIN, 20}, {D(NONE), PLAIN, 32}, END}},
    {"Ed25519", OH_HUKS_ALG_ED25519, 256, /* its digest is ignored */
     {{D(NONE), PLAIN, 1000}, {D(SHA256), PLAIN, 1000}, {D(NONE), PLAIN, 1}, {D(NONE), PLAIN, 0}, END}},
    {"SM2", OH_HUKS_ALG_SM2, 256, {{D(SM3), PLAIN, 1000}, {D(SM3), PLAIN, 0}, {D(NONE), PLAIN, 32}, END}},
    /* clang-format on */
};

/* ---- OpenSSL's side ------------------------------------------------------------------------------------ */

static const EVP_MD *md_of(const struct key *key, const struct method *m)
{
    if (key->alg == OH_HUKS_ALG_ED25519) {
        return NULL;
    }
    switch (m->digest) {
    case OH_HUKS_DIGEST_MD5:
        return EVP_md5();
    case OH_HUKS_DIGEST_SHA1:
        return EVP_sha1();
    case OH_HUKS_DIGEST_SHA224:
        return EVP_sha224();
    case OH_HUKS_DIGEST_SHA256:
        return EVP_sha256();
    case OH_HUKS_DIGEST_SHA384:
        return EVP_sha384();
    case OH_HUKS_DIGEST_SHA512:
        return EVP_sha512();
    case OH_HUKS_DIGEST_SM3:
        return EVP_sm3();
    default: /* the input is the hash: its length tells of what */
        return key->alg == OH_HUKS_ALG_SM2 ? EVP_sm3()
               : m->size == 16             ? EVP_md5()
               : m->size == 20             ? EVP_sha1()
               : m->size == 28             ? EVP_sha224()
               : m->size == 32             ? EVP_sha256()
               : m->size == 48             ? EVP_sha384()
                                           : EVP_sha512();
    }
}

static bool is_raw(const struct key *key, const struct method *m)
{
    return key->alg == OH_HUKS_ALG_RSA && m->padding == OH_HUKS_PADDING_NONE;
}

static bool is_hash(const struct key *key, const struct method *m)
{
    return m->digest == OH_HUKS_DIGEST_NONE && key->alg != OH_HUKS_ALG_ED25519;
}

/* Padding, salt and signer's name. */
static void set_up(const struct key *key, const struct method *m, EVP_PKEY_CTX *with)
{
    if (key->alg == OH_HUKS_ALG_RSA) {
        int padding = is_raw(key, m)                      ? RSA_NO_PADDING
                      : m->padding == OH_HUKS_PADDING_PSS ? RSA_PKCS1_PSS_PADDING
                                                          : RSA_PKCS1_PADDING;
        ck_assert(EVP_PKEY_CTX_set_rsa_padding(with, padding) == 1);
        /* Exactly this salt; the longest when nothing is said. */
        ck_assert(padding != RSA_PKCS1_PSS_PADDING ||
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(with, m->salt == OH_HUKS_RSA_PSS_SALT_LEN_DIGEST
                                                             ? RSA_PSS_SALTLEN_DIGEST
                                                             : RSA_PSS_SALTLEN_MAX) == 1);
    }
    if (key->alg == OH_HUKS_ALG_SM2 && m->digest == OH_HUKS_DIGEST_SM3) {
        ck_assert(EVP_PKEY_CTX_set1_id(with, "1234567812345678", 16) == 1);
    }
}

static bool verify_there(const struct key *key, const struct method *m, EVP_PKEY *pkey,
                         const uint8_t *signature, size_t size)
{
    EVP_MD_CTX *hashing = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = NULL;
    uint8_t back[512];
    size_t back_size = sizeof back;
    bool good;

    if (is_raw(key, m)) {
        with = EVP_PKEY_CTX_new(pkey, NULL);
        ck_assert(EVP_PKEY_verify_recover_init(with) == 1);
        set_up(key, m, with);
        good = EVP_PKEY_verify_recover(with, back, &back_size, signature, size) == 1 &&
               back_size == m->size && memcmp(back, message, m->size) == 0;
        EVP_PKEY_CTX_free(with);
    } else if (is_hash(key, m)) {
        with = EVP_PKEY_CTX_new(pkey, NULL);
        ck_assert(EVP_PKEY_verify_init(with) == 1);
        set_up(key, m, with);
        ck_assert(EVP_PKEY_CTX_set_signature_md(with, md_of(key, m)) == 1);
        good = EVP_PKEY_verify(with, signature, size, message, m->size) == 1;
        EVP_PKEY_CTX_free(with);
    } else {
        if (key->alg == OH_HUKS_ALG_SM2) { /* the name comes before the hash begins */
            with = EVP_PKEY_CTX_new(pkey, NULL);
            set_up(key, m, with);
            EVP_MD_CTX_set_pkey_ctx(hashing, with);
        }
        ck_assert(EVP_DigestVerifyInit(hashing, key->alg == OH_HUKS_ALG_SM2 ? NULL : &with, md_of(key, m),
                                       NULL, pkey) == 1);
        if (key->alg == OH_HUKS_ALG_RSA) {
            set_up(key, m, with);
        }
        good = EVP_DigestVerify(hashing, signature, size, message, m->size) == 1;
        if (key->alg == OH_HUKS_ALG_SM2) {
            EVP_PKEY_CTX_free(with);
        }
    }
    EVP_MD_CTX_free(hashing);
    return good;
}

static size_t sign_there(const struct key *key, const struct method *m, EVP_PKEY *pkey, uint8_t *signature,
                         size_t size)
{
    EVP_MD_CTX *hashing = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = NULL;

    if (is_raw(key, m) || is_hash(key, m)) {
        with = EVP_PKEY_CTX_new(pkey, NULL);
        ck_assert(EVP_PKEY_sign_init(with) == 1);
        set_up(key, m, with);
        ck_assert(is_raw(key, m) || EVP_PKEY_CTX_set_signature_md(with, md_of(key, m)) == 1);
        ck_assert(EVP_PKEY_sign(with, signature, &size, message, m->size) == 1);
        EVP_PKEY_CTX_free(with);
    } else {
        if (key->alg == OH_HUKS_ALG_SM2) {
            with = EVP_PKEY_CTX_new(pkey, NULL);
            set_up(key, m, with);
            EVP_MD_CTX_set_pkey_ctx(hashing, with);
        }
        ck_assert(EVP_DigestSignInit(hashing, key->alg == OH_HUKS_ALG_SM2 ? NULL : &with, md_of(key, m), NULL,
                                     pkey) == 1);
        if (key->alg == OH_HUKS_ALG_RSA) {
            set_up(key, m, with);
        }
        ck_assert(EVP_DigestSign(hashing, signature, &size, message, m->size) == 1);
        if (key->alg == OH_HUKS_ALG_SM2) {
            EVP_PKEY_CTX_free(with);
        }
    }
    EVP_MD_CTX_free(hashing);
    return size;
}

/* ---- Our side ------------------------------------------------------------------------------------------ */

static set *use(uint32_t alg, const struct method *m, uint32_t purpose)
{
    param params[5] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg},
                       PURPOSE(purpose),
                       {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = m->digest}};
    uint32_t count = 3;

    if (m->padding >= 0) {
        params[count++] = (param){.tag = OH_HUKS_TAG_PADDING, .uint32Param = (uint32_t)m->padding};
    }
    if (m->salt >= 0) {
        params[count++] = (param){.tag = OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE, .uint32Param = (uint32_t)m->salt};
    }
    return make_set(params, count);
}

/* In parts of 300 bytes; the last part goes with Finish when it is not empty. */
static uint32_t sign_here(const struct key *key, const struct method *m, const char *alias,
                          uint8_t *signature, uint32_t room)
{
    struct session s;
    size_t done;

    OK(begin(&s, alias, use(key->alg, m, SIGN)));
    for (done = 0; m->size - done > 300; done += 300) {
        uint32_t nothing = 64;

        OK(update(&s, message + done, 300, out, &nothing));
        ck_assert_uint_eq(nothing, 0);
    }
    OK(finish(&s, m->size == done ? NULL : message + done, m->size - done, signature, &room));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 1)); /* over */
    return room;
}

static struct OH_Huks_Result verify_here(const struct key *key, const struct method *m, const char *alias,
                                         const uint8_t *signature, size_t size)
{
    struct session s;
    uint32_t nothing = 0;

    OK(begin(&s, alias, use(key->alg, m, VERIFY)));
    for (size_t done = 0; done < m->size; done += 300) {
        OK(feed(&s, message + done, m->size - done > 300 ? 300 : m->size - done));
    }
    return finish(&s, signature, size, NULL, &nothing);
}

static EVP_PKEY *exported(uint32_t alg, const char *alias)
{
    uint8_t bytes[2048];
    const uint8_t *at = bytes;
    blob key = ROOM(bytes);
    EVP_PKEY *parsed;

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    parsed = alg == OH_HUKS_ALG_ED25519 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, key.size)
                                        : d2i_PUBKEY(NULL, &at, key.size);
    ck_assert(parsed != NULL);
    return parsed;
}

static void make_key(const char *alias, uint32_t alg, uint32_t bits, uint32_t purpose)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(alias), SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, SIZE(bits), PURPOSE(purpose)),
        NULL));
}

static void fill_message(const struct key *key, const struct method *m)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
    if (is_raw(key, m)) {
        message[0] = 0; /* below the modulus */
    }
}

/* Each bit of signature and message counts. */
static void refuses_others(const struct key *key, const struct method *m, const char *alias,
                           uint8_t *signature, uint32_t size)
{
    signature[size - 1] ^= 1;
    EXPECT(12000006, TEXT_CRYPTO, verify_here(key, m, alias, signature, size));
    signature[size - 1] ^= 1;
    if (m->size > 0) {
        message[m->size / 4] ^= 1;
        EXPECT(12000006, TEXT_CRYPTO, verify_here(key, m, alias, signature, size));
        message[m->size / 4] ^= 1;
    }
    OK(verify_here(key, m, alias, signature, size));
}

START_TEST(signs_here)
{
    const struct key *key = &keys[_i];
    uint8_t signature[600];
    EVP_PKEY *public;

    make_key("key", key->alg, key->bits, SIGN | VERIFY);
    public = exported(key->alg, "key");
    for (const struct method *m = key->methods; m->size != SIZE_MAX; m++) {
        uint32_t size;

        fill_message(key, m);
        size = sign_here(key, m, "key", signature, sizeof signature);
        ck_assert_msg(verify_there(key, m, public, signature, size), "%s, %td", key->name, m - key->methods);
        refuses_others(key, m, "key", signature, size);
    }
    EVP_PKEY_free(public);
}
END_TEST

static set *importing(const struct key *key, uint32_t purpose, uint32_t type)
{
    return SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = key->alg}, SIZE(key->bits), PURPOSE(purpose),
               NUMBER(IMPORT_KEY_TYPE, type));
}

START_TEST(signs_there)
{
    const struct key *key = &keys[_i];
    EVP_PKEY *pair = openssl_key(key->alg, key->bits);
    struct material public, private;
    uint8_t signature[600];

    public_bytes(pair, key->alg, &public);
    private_material(pair, key->alg, key->bits, true, &private);
    OK(OH_Huks_ImportKeyItem(NAME("theirs"), importing(key, VERIFY, OH_HUKS_KEY_TYPE_PUBLIC_KEY),
                             GIVEN(public)));
    OK(OH_Huks_ImportKeyItem(NAME("both"), importing(key, SIGN | VERIFY, OH_HUKS_KEY_TYPE_KEY_PAIR),
                             GIVEN(private)));
    for (const struct method *m = key->methods; m->size != SIZE_MAX; m++) {
        uint32_t size;

        fill_message(key, m);
        size = (uint32_t)sign_there(key, m, pair, signature, sizeof signature);
        OK(verify_here(key, m, "theirs", signature, size));
        OK(verify_here(key, m, "both", signature, size));
        refuses_others(key, m, "theirs", signature, size);
        size = sign_here(key, m, "both", signature, sizeof signature);
        ck_assert_msg(verify_there(key, m, pair, signature, size), "%s, %td", key->name, m - key->methods);
        OK(verify_here(key, m, "theirs", signature, size));
    }
    EVP_PKEY_free(pair);
}
END_TEST

/* ---- Sizes --------------------------------------------------------------------------------------------- */

static const struct size {
    uint32_t alg, bits, digest;
    int padding;
    uint32_t room;     /* what Finish asks for at least; 0: what the signature needs */
    size_t impossible; /* a length that no signature has */
} sizes[] = {
    {OH_HUKS_ALG_RSA, 1024, D(SHA256), OH_HUKS_PADDING_PKCS1_V1_5, 128, 129},
    {OH_HUKS_ALG_RSA, 1032, D(SHA256), OH_HUKS_PADDING_PSS, 129, 130},
    {OH_HUKS_ALG_ECC, 224, D(SHA256), -1, 64, 65},
    {OH_HUKS_ALG_ECC, 256, D(SHA256), -1, 72, 73},
    {OH_HUKS_ALG_ECC, 384, D(SHA256), -1, 104, 105},
    {OH_HUKS_ALG_ECC, 521, D(SHA256), -1, 140, 141},
    {OH_HUKS_ALG_SM2, 256, D(SM3), -1, 72, 73},
    {OH_HUKS_ALG_ED25519, 256, D(NONE), -1, 64, 63},
};

START_TEST(rooms_and_lengths)
{
    const struct size *row = &sizes[_i];
    const struct key key = {"", row->alg, row->bits, {END}};
    const struct method m = {row->digest, row->padding, -1, 10};
    uint32_t room = row->room - 1;
    struct session s;

    make_key("key", row->alg, row->bits, SIGN | VERIFY);
    OK(begin(&s, "key", use(row->alg, &m, SIGN)));
    EXPECT(401, TEXT_BUFFER, finish(&s, message, 10, out, &room));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, message, 10, out, &(uint32_t){sizeof out})); /* lost */
    room = row->room;
    OK(begin(&s, "key", use(row->alg, &m, SIGN)));
    OK(finish(&s, message, 10, out, &room));
    ck_assert_uint_le(room, row->room);
    EXPECT(12000003, "Invalid signature size.", verify_here(&key, &m, "key", out, row->impossible));
    EXPECT(12000006, TEXT_CRYPTO,
           verify_here(&key, &m, "key", out, row->alg == OH_HUKS_ALG_ED25519 ? 65 : 5));
    OK(begin(&s, "key", use(row->alg, &m, VERIFY)));
    OK(feed(&s, message, 10));
    EXPECT(401, TEXT_INVALID, finish(&s, NULL, 0, NULL, &(uint32_t){0})); /* no signature */
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    OK(begin(&s, "key", use(row->alg, &m, SIGN)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 10, NULL, &(uint32_t){0})); /* nowhere to put it */
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
}
END_TEST

/* DSA's signature takes the room that it takes. */
START_TEST(dsa_room)
{
    const struct method m = {D(SHA256), -1, -1, 10};
    const struct key key = {"", OH_HUKS_ALG_DSA, 1024, {END}};
    uint32_t size;
    struct session s;

    make_key("key", OH_HUKS_ALG_DSA, 1024, SIGN | VERIFY);
    size = sign_here(&key, &m, "key", out, sizeof out);
    OK(verify_here(&key, &m, "key", out, size));
    OK(begin(&s, "key", use(OH_HUKS_ALG_DSA, &m, SIGN)));
    size = 30;
    EXPECT(401, TEXT_BUFFER, finish(&s, message, 10, out, &size));
}
END_TEST

/* ---- Lengths of what is signed ------------------------------------------------------------------------- */

static const struct length {
    uint32_t alg, bits;
    int padding;
    size_t size;
    const char *text; /* of 401 */
} lengths[] = {
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_PKCS1_V1_5, 0, TEXT_KEY_INFO},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_PKCS1_V1_5, 31, TEXT_KEY_INFO},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_PSS, 33, TEXT_KEY_INFO},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_PSS, 65, TEXT_KEY_INFO},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_NONE, 0, TEXT_INVALID},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_NONE, 127, TEXT_INVALID},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_NONE, 129, TEXT_INVALID},
    {OH_HUKS_ALG_ECC, 256, -1, 0, TEXT_KEY_INFO},
    {OH_HUKS_ALG_ECC, 256, -1, 1000, TEXT_KEY_INFO},
    {OH_HUKS_ALG_DSA, 1024, -1, 21, TEXT_KEY_INFO},
    {OH_HUKS_ALG_SM2, 256, -1, 20, TEXT_INVALID},
    {OH_HUKS_ALG_SM2, 256, -1, 33, TEXT_KEY_INFO},
};

/* Whatever is signed by DIGEST_NONE has a hash's length; raw RSA, the modulus's. */
START_TEST(wrong_lengths)
{
    const struct length *row = &lengths[_i];
    const struct method m = {D(NONE), row->padding, -1, row->size};
    struct session s;

    make_key("key", row->alg, row->bits, SIGN | VERIFY);
    memset(message, 1, sizeof message);
    OK(begin(&s, "key", use(row->alg, &m, SIGN)));
    EXPECT(401, row->text, finish(&s, message, row->size, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(row->alg, &m, SIGN)));
    OK(feed(&s, message, row->size / 2)); /* in parts, of which the first may be empty */
    EXPECT(401, row->text, finish(&s, message, row->size - row->size / 2, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(row->alg, &m, VERIFY)));
    OK(feed(&s, message, row->size));
    EXPECT(401, row->text, finish(&s, out, 64, NULL, &(uint32_t){0}));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 1));
}
END_TEST

/* A hash takes no empty part but the last; what is collected takes 5 MiB. */
START_TEST(parts)
{
    static uint8_t large[6 << 20];
    static const struct method hashed = {D(SHA256), -1, -1, 0}, whole = {D(NONE), -1, -1, 0},
                               sm3 = {D(SM3), -1, -1, 0};
    static const struct {
        uint32_t alg;
        const struct method *m;
        int32_t empty, much, beyond;
    } rows[] = {
        {OH_HUKS_ALG_ECC, &hashed, 401, 0, 0},
        {OH_HUKS_ALG_ECC, &whole, 0, 0, 401},
        {OH_HUKS_ALG_ED25519, &whole, 0, 0, 401},
        {OH_HUKS_ALG_SM2, &sm3, 401, 0, 401},
    };

    for (int i = 0; i < COUNT(rows); i++) {
        set *params = use(rows[i].alg, rows[i].m, SIGN);
        struct session s;

        make_key("key", rows[i].alg, 256, SIGN);
        OK(begin(&s, "key", params));
        ck_assert_int_eq(feed(&s, NULL, 0).errorCode, rows[i].empty);
        OK(stop(&s));
        OK(begin(&s, "key", params));
        ck_assert_int_eq(feed(&s, large, 5 << 20).errorCode, rows[i].much);
        ck_assert_int_eq(feed(&s, large, 1).errorCode, rows[i].beyond);
        ck_assert_int_eq(feed(&s, large, 1).errorCode, rows[i].beyond == 0 ? 0 : 12000011);
        OK(stop(&s));
        OK(begin(&s, "key", params));
        ck_assert_int_eq(feed(&s, large, sizeof large).errorCode, rows[i].beyond);
        OK(stop(&s));
    }
}
END_TEST

/* MD5 is for old data, and off unless the configuration says otherwise. */
START_TEST(md5_switched_off)
{
    struct session s;

    configure("legacy_mechanisms = false\n");
    make_key("key", OH_HUKS_ALG_RSA, 1024, SIGN);
    EXPECT(12000001, "The digest algorithm is not supported.",
           begin(&s, "key", SET(ALG(RSA), PURPOSE(SIGN), DIGEST(MD5), PADDING(PKCS1_V1_5))));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native signatures");
    TCase *tcase = native_tcase(suite, "signatures");

    tcase_add_loop_test(tcase, signs_here, 0, COUNT(keys));
    tcase_add_loop_test(tcase, signs_there, 0, COUNT(keys));
    tcase_add_loop_test(tcase, rooms_and_lengths, 0, COUNT(sizes));
    tcase_add_test(tcase, dsa_room);
    tcase_add_loop_test(tcase, wrong_lengths, 0, COUNT(lengths));
    tcase_add_test(tcase, parts);
    tcase_add_test(tcase, md5_switched_off);
    return native_run(suite);
}
