/*
 * Key operations through OH_Huks_*: Init, Update, Finish, Abort; results held against OpenSSL; what begins,
 * keeps and ends a session, and how many there can be.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define LIMIT        15

static uint8_t message[1000];
static uint8_t out[4096];

static void fill_message(void)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
}

/* ---- OpenSSL's view ------------------------------------------------------------------------------------ */

static EVP_PKEY *public_of(const char *alias, uint32_t alg)
{
    uint8_t bytes[1024];
    const uint8_t *at = bytes;
    blob key = ROOM(bytes);
    EVP_PKEY *parsed;

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &key));
    parsed = alg == OH_HUKS_ALG_ED25519 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, key.size)
                                        : d2i_PUBKEY(NULL, &at, key.size);
    ck_assert(parsed != NULL);
    return parsed;
}

static const EVP_MD *digest_of(uint32_t digest, size_t size)
{
    switch (digest) {
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
    default: /* the input is the digest */
        return size == 20 ? EVP_sha1() : size == 32 ? EVP_sha256() : size == 48 ? EVP_sha384() : NULL;
    }
}

struct method {
    uint32_t alg, bits, digest;
    int padding; /* -1: none is asked for */
    int salt;    /* -1: likewise */
    size_t size; /* of the message */
};

static bool openssl_verifies(const struct method *m, EVP_PKEY *key, const uint8_t *signature, size_t size)
{
    const EVP_MD *md = m->alg == OH_HUKS_ALG_ED25519 ? NULL : digest_of(m->digest, m->size);
    EVP_MD_CTX *hashing = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = NULL;
    bool pss = m->padding == OH_HUKS_PADDING_PSS;
    bool good;

    if (m->digest == OH_HUKS_DIGEST_NONE && m->alg != OH_HUKS_ALG_ED25519) {
        with = EVP_PKEY_CTX_new(key, NULL);
        good = EVP_PKEY_verify_init(with) == 1 && EVP_PKEY_CTX_set_signature_md(with, md) == 1;
    } else {
        good = EVP_DigestVerifyInit(hashing, &with, md, NULL, key) == 1;
    }
    if (good && m->alg == OH_HUKS_ALG_RSA) {
        good = EVP_PKEY_CTX_set_rsa_padding(with, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
    }
    if (good && pss) { /* exactly this salt; the largest when nothing is said */
        good = EVP_PKEY_CTX_set_rsa_pss_saltlen(with, m->salt == OH_HUKS_RSA_PSS_SALT_LEN_DIGEST
                                                          ? RSA_PSS_SALTLEN_DIGEST
                                                          : RSA_PSS_SALTLEN_MAX) == 1;
    }
    if (good && m->alg == OH_HUKS_ALG_SM2) {
        good = EVP_PKEY_CTX_set1_id(with, "1234567812345678", 16) == 1;
    }
    if (m->digest == OH_HUKS_DIGEST_NONE && m->alg != OH_HUKS_ALG_ED25519) {
        good = good && EVP_PKEY_verify(with, signature, size, message, m->size) == 1;
        EVP_PKEY_CTX_free(with);
    } else {
        good = good && EVP_DigestVerify(hashing, signature, size, message, m->size) == 1;
    }
    EVP_MD_CTX_free(hashing);
    return good;
}

/* ---- Signatures ---------------------------------------------------------------------------------------- */

#define PKCS1 OH_HUKS_PADDING_PKCS1_V1_5
#define PSS   OH_HUKS_PADDING_PSS

static const struct method signatures[] = {
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_MD5, PKCS1, -1, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA1, PKCS1, -1, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA224, PKCS1, -1, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA256, PKCS1, -1, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA384, PKCS1, -1, 0},
    {OH_HUKS_ALG_RSA, 1024, OH_HUKS_DIGEST_SHA512, PKCS1, -1, 1},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_NONE, PKCS1, -1, 32},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_NONE, PKCS1, -1, 20},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA256, PSS, -1, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA256, PSS, OH_HUKS_RSA_PSS_SALT_LEN_DIGEST, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_SHA384, PSS, OH_HUKS_RSA_PSS_SALT_LEN_MAX, 1000},
    {OH_HUKS_ALG_RSA, 2048, OH_HUKS_DIGEST_NONE, PSS, OH_HUKS_RSA_PSS_SALT_LEN_DIGEST, 48},
    {OH_HUKS_ALG_ECC, 224, OH_HUKS_DIGEST_SHA224, -1, -1, 1000},
    {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA1, -1, -1, 1000},
    {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA256, -1, -1, 1000},
    {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA512, -1, -1, 0},
    {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_NONE, -1, -1, 32},
    {OH_HUKS_ALG_ECC, 384, OH_HUKS_DIGEST_SHA384, -1, -1, 1000},
    {OH_HUKS_ALG_ECC, 521, OH_HUKS_DIGEST_SHA512, -1, -1, 1000},
    {OH_HUKS_ALG_ED25519, 256, OH_HUKS_DIGEST_NONE, -1, -1, 1000},
    {OH_HUKS_ALG_ED25519, 256, OH_HUKS_DIGEST_SHA256, -1, -1, 1000}, /* the digest is ignored */
    {OH_HUKS_ALG_ED25519, 256, OH_HUKS_DIGEST_NONE, -1, -1, 1},
    {OH_HUKS_ALG_SM2, 256, OH_HUKS_DIGEST_SM3, -1, -1, 1000},
};

static set *use(const struct method *m, uint32_t purpose)
{
    param params[8] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = m->alg},
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

static void make_key(const char *alias, uint32_t alg, uint32_t bits, uint32_t purpose)
{
    set *params = SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, SIZE(bits), PURPOSE(purpose));

    OK(OH_Huks_GenerateKeyItem(NAME(alias), params, NULL));
}

/* In parts of 300 bytes; the last part goes with Finish when it is not empty. */
static void feed_all_but_last(struct session *s, size_t size, size_t *done)
{
    for (*done = 0; size - *done > 300; *done += 300) {
        OK(feed(s, message + *done, 300));
    }
}

static uint32_t sign(const struct method *m, uint8_t *signature, uint32_t room)
{
    struct session s;
    size_t done;

    OK(begin(&s, "key", use(m, SIGN)));
    feed_all_but_last(&s, m->size, &done);
    OK(finish(&s, m->size == done ? NULL : message + done, m->size - done, signature, &room));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 1)); /* over */
    return room;
}

static struct OH_Huks_Result verify(const struct method *m, const uint8_t *signature, size_t size)
{
    struct session s;
    uint32_t nothing = 0;

    OK(begin(&s, "key", use(m, VERIFY)));
    for (size_t done = 0; done < m->size; done += 300) {
        OK(feed(&s, message + done, m->size - done > 300 ? 300 : m->size - done));
    }
    return finish(&s, signature, size, NULL, &nothing);
}

START_TEST(signs_and_verifies)
{
    const struct method *m = &signatures[_i];
    uint8_t signature[600];
    uint32_t size;
    EVP_PKEY *key;

    make_key("key", m->alg, m->bits, SIGN | VERIFY);
    key = public_of("key", m->alg);
    size = sign(m, signature, sizeof signature);
    ck_assert(openssl_verifies(m, key, signature, size));
    OK(verify(m, signature, size));
    signature[size - 1] ^= 1;
    EXPECT(12000006, TEXT_CRYPTO, verify(m, signature, size));
    signature[size - 1] ^= 1;
    if (m->size > 0) {
        message[m->size / 2] ^= 1;
        EXPECT(12000006, TEXT_CRYPTO, verify(m, signature, size));
        message[m->size / 2] ^= 1;
    }
    OK(verify(m, signature, size));
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(signature_sizes)
{
    static const struct method rsa = {OH_HUKS_ALG_RSA, 1024, OH_HUKS_DIGEST_SHA256, PKCS1, -1, 10};
    static const struct method ecc = {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA256, -1, -1, 10};
    static const struct method edwards = {OH_HUKS_ALG_ED25519, 256, OH_HUKS_DIGEST_NONE, -1, -1, 10};
    static const struct {
        const struct method *m;
        uint32_t short_room;
        size_t wrong_size;
    } rows[] = {{&rsa, 127, 129}, {&ecc, 71, 200}, {&edwards, 63, 63}};

    for (int i = 0; i < COUNT(rows); i++) {
        const struct method *m = rows[i].m;
        uint32_t room = rows[i].short_room;
        struct session s;

        make_key("key", m->alg, m->bits, SIGN | VERIFY);
        OK(begin(&s, "key", use(m, SIGN)));
        EXPECT(401, TEXT_BUFFER, finish(&s, message, m->size, out, &room));
        EXPECT(12000011, TEXT_ENTITY, finish(&s, message, m->size, out, &room)); /* lost */
        EXPECT(12000003, "Invalid signature size.", verify(m, out, rows[i].wrong_size));
    }
}
END_TEST

START_TEST(empty_blobs)
{
    static const struct method ecc = {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA256, -1, -1, 10};
    uint32_t nothing = 0;
    uint32_t room = sizeof out;
    struct session s;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    OK(begin(&s, "key", use(&ecc, SIGN)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 10, NULL, &nothing)); /* nowhere to put it */
    OK(begin(&s, "key", use(&ecc, VERIFY)));
    OK(feed(&s, message, 10));
    EXPECT(401, TEXT_INVALID, finish(&s, NULL, 0, NULL, &nothing)); /* no signature */
    OK(begin(&s, "key", use(&ecc, SIGN)));
    EXPECT(401, TEXT_INVALID, feed(&s, NULL, 0)); /* an empty part is for Finish */
    EXPECT(12000011, TEXT_ENTITY, finish(&s, message, 10, out, &room));
}
END_TEST

/* ---- Ciphers ------------------------------------------------------------------------------------------- */

static const struct cipher {
    const char *name;
    uint32_t alg, bits, mode, padding;
    size_t size; /* of the message */
} ciphers[] = {
#define BLOCK_CIPHER(alg, bits, mode, padding, size)                                                         \
    {                                                                                                        \
#alg " " #bits " " #mode " " #padding, OH_HUKS_ALG_##alg, bits, OH_HUKS_MODE_##mode,                 \
            OH_HUKS_PADDING_##padding, size                                                                  \
    }
    BLOCK_CIPHER(AES, 128, ECB, NONE, 992),   BLOCK_CIPHER(AES, 192, ECB, PKCS7, 1000),
    BLOCK_CIPHER(AES, 256, CBC, NONE, 16),    BLOCK_CIPHER(AES, 256, CBC, PKCS7, 1000),
    BLOCK_CIPHER(AES, 256, CBC, PKCS7, 992),  BLOCK_CIPHER(AES, 128, CTR, NONE, 1000),
    BLOCK_CIPHER(AES, 256, GCM, NONE, 1000),  BLOCK_CIPHER(AES, 128, GCM, NONE, 1),
    BLOCK_CIPHER(AES, 256, CCM, NONE, 1000),  BLOCK_CIPHER(SM4, 128, ECB, PKCS7, 1000),
    BLOCK_CIPHER(SM4, 128, CBC, PKCS7, 1000), BLOCK_CIPHER(SM4, 128, CTR, NONE, 1000),
    BLOCK_CIPHER(SM4, 128, CFB, NONE, 1000),  BLOCK_CIPHER(SM4, 128, OFB, NONE, 1000),
    BLOCK_CIPHER(3DES, 192, CBC, NONE, 992),  BLOCK_CIPHER(3DES, 192, ECB, NONE, 992),
};

static const uint8_t iv[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static bool is_aead(const struct cipher *c)
{
    return c->mode == OH_HUKS_MODE_GCM || c->mode == OH_HUKS_MODE_CCM;
}

static set *cipher_use(const struct cipher *c, uint32_t purpose, const uint8_t *nonce, uint32_t nonce_size,
                       const uint8_t *tag)
{
    param params[10] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = c->alg},
                        PURPOSE(purpose),
                        {.tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = c->mode},
                        {.tag = OH_HUKS_TAG_PADDING, .uint32Param = c->padding}};
    uint32_t count = 4;

    if (is_aead(c)) {
        params[count++] = (param)BYTES(ASSOCIATED_DATA, "header", 6);
        if (nonce != NULL) {
            params[count++] = (param)BYTES(NONCE, nonce, nonce_size);
        }
        if (tag != NULL) {
            params[count++] = (param)BYTES(AE_TAG, tag, 16);
        }
    } else if (c->mode != OH_HUKS_MODE_ECB) {
        params[count++] = (param)BYTES(IV, iv, c->alg == OH_HUKS_ALG_3DES ? 8 : 16);
    }
    return make_set(params, count);
}

/* All of the input in parts of 300 bytes; returns what came out. */
static uint32_t run(struct session *s, const uint8_t *in, size_t size, uint8_t *to, size_t room)
{
    uint32_t written = 0;
    size_t done = 0;
    uint32_t here;

    for (; size - done > 300; done += 300) {
        here = (uint32_t)(room - written);
        OK(update(s, in + done, 300, to + written, &here));
        ck_assert_uint_le(here, 316);
        written += here;
    }
    here = (uint32_t)(room - written);
    OK(finish(s, in + done, size - done, to + written, &here));
    return written + here;
}

START_TEST(encrypts_and_decrypts)
{
    const struct cipher *c = &ciphers[_i];
    uint32_t nonce_size = c->mode == OH_HUKS_MODE_CCM ? 7 : 12;
    uint8_t hidden[1200], plain[1200];
    struct session s;
    uint32_t size;

    make_key("key", c->alg, c->bits, ENCRYPT | DECRYPT);
    OK(begin(&s, "key", cipher_use(c, ENCRYPT, iv, nonce_size, NULL)));
    size = run(&s, message, c->size, hidden, sizeof hidden);
    if (is_aead(c)) {
        ck_assert_uint_eq(size, c->size + 16);
        size -= 16;
    } else if (c->padding == OH_HUKS_PADDING_PKCS7) {
        ck_assert_uint_eq(size, c->size / 16 * 16 + 16);
    } else {
        ck_assert_uint_eq(size, c->size);
    }
    ck_assert(c->size < 16 || memcmp(hidden, message, 16) != 0);
    OK(begin(&s, "key", cipher_use(c, DECRYPT, iv, nonce_size, hidden + size)));
    ck_assert_uint_eq(run(&s, hidden, size, plain, sizeof plain), c->size);
    ck_assert_mem_eq(plain, message, c->size);
}
END_TEST

/* Without a nonce one is made, and comes behind the tag. */
START_TEST(makes_nonces)
{
    static const struct cipher modes[] = {{"", OH_HUKS_ALG_AES, 256, OH_HUKS_MODE_GCM, 0, 100},
                                          {"", OH_HUKS_ALG_AES, 256, OH_HUKS_MODE_CCM, 0, 100}};

    for (int i = 0; i < COUNT(modes); i++) {
        const struct cipher *c = &modes[i];
        uint32_t nonce_size = i == 0 ? 12 : 7;
        uint8_t first[200], second[200], plain[200];
        struct session s;

        make_key("key", c->alg, c->bits, ENCRYPT | DECRYPT);
        OK(begin(&s, "key", cipher_use(c, ENCRYPT, NULL, 0, NULL)));
        ck_assert_uint_eq(run(&s, message, 100, first, sizeof first), 100 + 16 + nonce_size);
        OK(begin(&s, "key", cipher_use(c, ENCRYPT, NULL, 0, NULL)));
        ck_assert_uint_eq(run(&s, message, 100, second, sizeof second), 100 + 16 + nonce_size);
        ck_assert_mem_ne(first + 116, second + 116, nonce_size);
        ck_assert_mem_ne(first, second, 100);
        OK(begin(&s, "key", cipher_use(c, DECRYPT, first + 116, nonce_size, first + 100)));
        ck_assert_uint_eq(run(&s, first, 100, plain, sizeof plain), 100);
        ck_assert_mem_eq(plain, message, 100);
    }
}
END_TEST

START_TEST(wrong_tag)
{
    for (int i = 6; i <= 8; i += 2) { /* GCM and CCM */
        const struct cipher *c = &ciphers[i];
        uint32_t nonce_size = c->mode == OH_HUKS_MODE_CCM ? 7 : 12;
        uint8_t hidden[1200];
        struct session s;
        uint32_t size;

        ck_assert(is_aead(c));
        make_key("key", c->alg, c->bits, ENCRYPT | DECRYPT);
        OK(begin(&s, "key", cipher_use(c, ENCRYPT, iv, nonce_size, NULL)));
        size = run(&s, message, c->size, hidden, sizeof hidden) - 16;
        hidden[size] ^= 1;
        OK(begin(&s, "key", cipher_use(c, DECRYPT, iv, nonce_size, hidden + size)));
        for (uint32_t done = 0, room; done < size; done += 100) {
            room = sizeof out;
            OK(update(&s, hidden + done, 100, out, &room));
        }
        EXPECT(12000006, TEXT_CRYPTO, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
        EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    }
}
END_TEST

START_TEST(cipher_sizes)
{
    const struct cipher *none = &ciphers[2], *padded = &ciphers[3];
    struct session s;
    uint32_t room;

    make_key("key", OH_HUKS_ALG_AES, 256, ENCRYPT | DECRYPT);
    OK(begin(&s, "key", cipher_use(none, ENCRYPT, NULL, 0, NULL)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 15, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", cipher_use(padded, ENCRYPT, NULL, 0, NULL)));
    room = 15;
    EXPECT(401, TEXT_BUFFER, update(&s, message, 16, out, &room)); /* less than went in */
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 16));
    OK(begin(&s, "key", cipher_use(padded, ENCRYPT, NULL, 0, NULL)));
    room = 31;
    EXPECT(401, TEXT_BUFFER, finish(&s, message, 16, out, &room)); /* a whole block of padding follows */
    OK(begin(&s, "key", cipher_use(padded, ENCRYPT, NULL, 0, NULL)));
    EXPECT(401, TEXT_INVALID, update(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", cipher_use(padded, DECRYPT, NULL, 0, NULL)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, message, 32, out, &(uint32_t){sizeof out})); /* no padding */
}
END_TEST

static void openssl_encrypt(EVP_PKEY *key, int padding, const EVP_MD *md, uint8_t *hidden, size_t *size)
{
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(key, NULL);

    ck_assert(EVP_PKEY_encrypt_init(with) == 1 && EVP_PKEY_CTX_set_rsa_padding(with, padding) == 1);
    ck_assert(md == NULL || EVP_PKEY_CTX_set_rsa_oaep_md(with, md) == 1);
    ck_assert(EVP_PKEY_encrypt(with, hidden, size, message, 64) == 1);
    EVP_PKEY_CTX_free(with);
}

/* OpenSSL encrypts and we decrypt; then we encrypt, too. MGF1 hashes as OAEP does. */
START_TEST(rsa_encryption)
{
    static const struct {
        uint32_t padding, digest;
        int openssl;
    } rows[] = {{OH_HUKS_PADDING_PKCS1_V1_5, OH_HUKS_DIGEST_NONE, RSA_PKCS1_PADDING},
                {OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA1, RSA_PKCS1_OAEP_PADDING},
                {OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA256, RSA_PKCS1_OAEP_PADDING}};
    uint8_t hidden[256], plain[256];
    EVP_PKEY *key;
    struct session s;

    make_key("key", OH_HUKS_ALG_RSA, 2048, ENCRYPT | DECRYPT);
    key = public_of("key", OH_HUKS_ALG_RSA);
    for (int i = 0; i < COUNT(rows); i++) {
        const struct method m = {OH_HUKS_ALG_RSA, 2048, rows[i].digest, (int)rows[i].padding, -1, 64};
        bool oaep = rows[i].padding == OH_HUKS_PADDING_OAEP;
        size_t size = sizeof hidden;
        uint32_t room = sizeof plain;

        openssl_encrypt(key, rows[i].openssl, oaep ? digest_of(rows[i].digest, 0) : NULL, hidden, &size);
        OK(begin(&s, "key", use(&m, DECRYPT)));
        OK(finish(&s, hidden, size, plain, &room));
        ck_assert_uint_eq(room, 64);
        ck_assert_mem_eq(plain, message, 64);

        room = sizeof hidden;
        OK(begin(&s, "key", use(&m, ENCRYPT)));
        OK(feed(&s, message, 30));
        OK(finish(&s, message + 30, 34, hidden, &room));
        ck_assert_uint_eq(room, 256);
        room = sizeof plain;
        OK(begin(&s, "key", use(&m, DECRYPT)));
        OK(finish(&s, hidden, 256, plain, &room));
        ck_assert_uint_eq(room, 64);
        ck_assert_mem_eq(plain, message, 64);

        if (oaep) { /* PKCS #1 1.5 may answer with random bytes instead of telling */
            hidden[20] ^= 1;
            OK(begin(&s, "key", use(&m, DECRYPT)));
            EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden, 256, plain, &(uint32_t){256}));
        }
        OK(begin(&s, "key", use(&m, ENCRYPT)));
        EXPECT(12000006, TEXT_CRYPTO, finish(&s, message, 255, hidden, &(uint32_t){256}));
        OK(begin(&s, "key", use(&m, ENCRYPT)));
        EXPECT(401, TEXT_BUFFER, finish(&s, message, 64, hidden, &(uint32_t){255}));
        OK(begin(&s, "key", use(&m, DECRYPT)));
        EXPECT(401, TEXT_BUFFER, finish(&s, hidden, 256, plain, &(uint32_t){255}));
    }
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(macs)
{
    static const struct {
        uint32_t digest, size;
    } rows[] = {{OH_HUKS_DIGEST_SHA1, 20},   {OH_HUKS_DIGEST_SHA224, 28}, {OH_HUKS_DIGEST_SHA256, 32},
                {OH_HUKS_DIGEST_SHA384, 48}, {OH_HUKS_DIGEST_SHA512, 64}, {OH_HUKS_DIGEST_SM3, 32}};
    uint8_t first[64], second[64];
    struct session s;

    make_key("key", OH_HUKS_ALG_HMAC, 256, MAC);
    for (int i = 0; i < COUNT(rows); i++) {
        const struct method m = {OH_HUKS_ALG_HMAC, 256, rows[i].digest, -1, -1, 1000};
        uint32_t room = sizeof first;

        OK(begin(&s, "key", use(&m, MAC)));
        OK(finish(&s, message, 1000, first, &room));
        ck_assert_uint_eq(room, rows[i].size);
        OK(begin(&s, "key", use(&m, MAC)));
        OK(feed(&s, message, 999));
        OK(finish(&s, message + 999, 1, second, &(uint32_t){64}));
        ck_assert_mem_eq(first, second, rows[i].size);
        OK(begin(&s, "key", use(&m, MAC)));
        room = rows[i].size - 1;
        EXPECT(401, TEXT_BUFFER, finish(&s, message, 1000, first, &room));
    }
}
END_TEST

/* ---- What Init refuses --------------------------------------------------------------------------------- */

#define KEY_RSA  ALG(RSA), SIZE(1024), PURPOSE(SIGN | VERIFY), DIGEST(SHA256), PADDING(PSS)
#define KEY_OPEN ALG(AES), SIZE(128), PURPOSE(ENCRYPT | DECRYPT)
#define KEY_ECC  ALG(ECC), SIZE(256), PURPOSE(SIGN)

static const struct refusal {
    const char *name;
    param key[6];
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
     {ALG(AES), PURPOSE(ENCRYPT), PADDING(NONE), MODE(CTR), BYTES(IV, message, 17)},
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

    OK(OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->key, 6), NULL));
    answer(__FILE__, __LINE__, row->name, row->code, row->text, begin(&s, "key", set_of(row->use, 8)));
    ck_assert_uint_eq(s.bytes[0], 0xa5); /* no handle was given */
}
END_TEST

/* ---- Handles ------------------------------------------------------------------------------------------- */

static const struct method ecdsa = {OH_HUKS_ALG_ECC, 256, OH_HUKS_DIGEST_SHA256, -1, -1, 10};

START_TEST(handles)
{
    struct session all[5];
    uint8_t bytes[16];
    uint8_t challenge[32];
    blob token = ROOM(challenge);
    blob handle = {7, bytes};
    uint32_t number;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_BUFFER, OH_Huks_InitSession(NAME("key"), use(&ecdsa, SIGN), &handle, NULL));
    handle.size = 16;
    OK(OH_Huks_InitSession(NAME("key"), use(&ecdsa, SIGN), &handle, &token));
    ck_assert_uint_eq(handle.size, 8);
    ck_assert_uint_eq(token.size, 0); /* nothing to authenticate */
    OK(OH_Huks_AbortSession(&handle, use(&ecdsa, SIGN)));
    for (int i = 0; i < 5; i++) {
        OK(begin(&all[i], "key", use(&ecdsa, SIGN)));
        memcpy(&number, all[i].bytes, 4);
        ck_assert_uint_ne(number, 0);
        memcpy(&number, all[i].bytes + 4, 4);
        ck_assert_uint_eq(number, 0);
        for (int j = 0; j < i; j++) {
            ck_assert_mem_ne(all[i].bytes, all[j].bytes, 8);
        }
    }
    for (int i = 0; i < 5; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

START_TEST(unknown_handles)
{
    struct session s;
    uint8_t zero[8] = {0};
    blob in = {10, message};
    blob room = ROOM(out);
    set *params = use(&ecdsa, SIGN);

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(12000011, TEXT_ENTITY, begin(&s, "no key", params));
    OK(begin(&s, "key", params));
    s.bytes[0] ^= 0x5a;
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, message, 10, out, &(uint32_t){sizeof out}));
    OK(stop(&s)); /* nothing to end is no error */
    s.bytes[0] ^= 0x5a;
    s.handle.size = 7;
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    s.handle.size = 8;
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_UpdateSession(&(blob){8, zero}, params, &in, &room));
    OK(feed(&s, message, 10)); /* all that time ours was alive */
    OK(stop(&s));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    OK(stop(&s));
}
END_TEST

/* What a caller does wrong before the session is looked at does not end it. */
START_TEST(null_pointers_end_nothing)
{
    struct session s;
    blob in = {10, message};
    blob room = ROOM(out);
    blob wrong = {10, NULL};
    set *params = use(&ecdsa, SIGN);
    set *strange = SET({.tag = 0x2000ffff, .uint32Param = 1});

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NULL, params, &room, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NAME("key"), NULL, &room, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NAME("key"), params, NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(&wrong, params, &room, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(NAME("key"), strange, &room, NULL));
    OK(begin(&s, "key", params));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(NULL, params, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, NULL, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, params, NULL, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, params, &in, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, params, &wrong, &room));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, params, &in, &wrong));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, strange, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(NULL, params, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, NULL, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, params, NULL, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, params, &in, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_FinishSession(&s.handle, strange, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_AbortSession(NULL, params));
    EXPECT(401, TEXT_NULL, OH_Huks_AbortSession(&s.handle, NULL));
    OK(finish(&s, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

/* Deleting a key leaves begun operations alone. */
START_TEST(key_deleted_meanwhile)
{
    struct session s;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&s, "key", use(&ecdsa, SIGN)));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    OK(finish(&s, message, 10, out, &(uint32_t){sizeof out}));
    EXPECT(12000011, TEXT_ENTITY, begin(&s, "key", use(&ecdsa, SIGN)));
}
END_TEST

/* ---- How many ------------------------------------------------------------------------------------------ */

static void begin_many(struct session *sessions, int count)
{
    for (int i = 0; i < count; i++) {
        OK(begin(&sessions[i], "key", use(&ecdsa, SIGN)));
    }
}

static void makes_signing_key(void)
{
    set *params = SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY));

    CHILD(OH_Huks_GenerateKeyItem(NAME("key"), params, NULL).errorCode == 0);
}

START_TEST(sixteenth)
{
    struct session all[LIMIT], more;

    configure("session_wait_ms = 0\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    begin_many(all, LIMIT);
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    OK(stop(&all[3])); /* each way to an end gives one back */
    OK(begin(&all[3], "key", use(&ecdsa, SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    OK(finish(&all[7], message, 10, out, &(uint32_t){sizeof out}));
    OK(begin(&all[7], "key", use(&ecdsa, SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    EXPECT(401, TEXT_BUFFER, finish(&all[9], message, 10, out, &(uint32_t){3}));
    OK(begin(&all[9], "key", use(&ecdsa, VERIFY)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    EXPECT(401, TEXT_INVALID, feed(&all[0], NULL, 0));
    OK(begin(&all[0], "key", use(&ecdsa, SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    /* What fails to begin holds none; making keys needs none. */
    make_key("other", OH_HUKS_ALG_AES, 128, ENCRYPT);
    OK(stop(&all[1]));
    for (int i = 0; i < 3; i++) {
        EXPECT(12000011, TEXT_ENTITY, begin(&more, "no key", use(&ecdsa, SIGN)));
        EXPECT(401, TEXT_INVALID, begin(&more, "key", SET(ALG(ECC), PURPOSE(SIGN))));
    }
    OK(begin(&all[1], "key", use(&ecdsa, SIGN)));
    for (int i = 0; i < LIMIT; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

static int ready[2], go[2];

static void holds_eight(void)
{
    struct session all[8];
    char byte = 0;

    for (int i = 0; i < 8; i++) {
        CHILD(begin(&all[i], "key", use(&ecdsa, SIGN)).errorCode == 0);
    }
    close(go[1]);
    CHILD(write(ready[1], &byte, 1) == 1);
    CHILD(read(go[0], &byte, 1) >= 0);
}

START_TEST(sixteenth_of_two_processes)
{
    struct session all[8], more;
    char byte = 0;
    pid_t child;

    configure("session_wait_ms = 0\n");
    in_child(makes_signing_key); /* the store is there before anybody counts */
    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    child = fork();
    if (child == 0) {
        holds_eight();
        _exit(0); /* without giving anything back */
    }
    ck_assert(read(ready[0], &byte, 1) == 1);
    begin_many(all, 7);
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", use(&ecdsa, SIGN)));
    ck_assert(write(go[1], &byte, 1) == 1);
    child_ended(child);
    OK(begin(&all[7], "key", use(&ecdsa, SIGN))); /* the dead hold nothing */
    for (int i = 0; i < 8; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

/* ---- Threads and forks --------------------------------------------------------------------------------- */

enum { THREADS = 20, ROUNDS = 20 };

static struct {
    set *sign, *verify;
    struct session shared;
} work;

/* More threads than sessions: some wait, none fails. */
static void *signs_often(void *argument)
{
    uint8_t signature[100];
    uint8_t text[4] = {0};
    uintptr_t wrong = 0;

    memcpy(text, &argument, 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct session s;
        uint32_t size = sizeof signature;
        uint32_t nothing = 0;

        wrong += begin(&s, "key", work.sign).errorCode != 0;
        wrong += finish(&s, text, 4, signature, &size).errorCode != 0;
        wrong += begin(&s, "key", work.verify).errorCode != 0;
        wrong += feed(&s, text, 4).errorCode != 0;
        wrong += finish(&s, signature, size, NULL, &nothing).errorCode != 0;
    }
    return (void *)wrong;
}

static void *uses_shared(void *argument)
{
    uintptr_t wrong = 0;

    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        struct session mine = work.shared;
        int32_t code;

        mine.handle.data = mine.bytes;
        code = feed(&mine, message, 10).errorCode;
        wrong += code != 0 && code != 12000011; /* busy reads as unknown */
    }
    return (void *)wrong;
}

static void crew(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    void *wrong;

    for (uintptr_t i = 0; i < THREADS; i++) {
        ck_assert(pthread_create(&threads[i], NULL, body, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert(pthread_join(threads[i], &wrong) == 0);
        ck_assert_uint_eq((uintptr_t)wrong, 0);
    }
}

START_TEST(threads)
{
    configure("session_wait_ms = 60000\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    work.sign = use(&ecdsa, SIGN);
    work.verify = use(&ecdsa, VERIFY);
    crew(signs_often);
    OK(begin(&work.shared, "key", work.sign));
    crew(uses_shared);
    OK(stop(&(struct session){.handle = {8, work.shared.bytes}, .params = work.sign}));
}
END_TEST

static struct session before_fork;

static void goes_on_alone(void)
{
    struct session own;

    CHILD(feed(&before_fork, message, 10).errorCode == 12000011); /* the parent's */
    CHILD(begin(&own, "key", use(&ecdsa, SIGN)).errorCode == 0);
    CHILD(finish(&own, message, 10, out, &(uint32_t){sizeof out}).errorCode == 0);
}

START_TEST(forks)
{
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&before_fork, "key", use(&ecdsa, SIGN)));
    OK(feed(&before_fork, message, 10));
    in_child(goes_on_alone);
    OK(finish(&before_fork, message, 10, out, &(uint32_t){sizeof out}));
    ck_assert(true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native sessions");
    TCase *tcase = native_tcase(suite, "sessions");

    fill_message();
    tcase_add_loop_test(tcase, signs_and_verifies, 0, COUNT(signatures));
    tcase_add_test(tcase, signature_sizes);
    tcase_add_test(tcase, empty_blobs);
    tcase_add_loop_test(tcase, encrypts_and_decrypts, 0, COUNT(ciphers));
    tcase_add_test(tcase, makes_nonces);
    tcase_add_test(tcase, wrong_tag);
    tcase_add_test(tcase, cipher_sizes);
    tcase_add_test(tcase, rsa_encryption);
    tcase_add_test(tcase, macs);
    tcase_add_loop_test(tcase, refused_at_init, 0, COUNT(refusals));
    tcase_add_test(tcase, handles);
    tcase_add_test(tcase, unknown_handles);
    tcase_add_test(tcase, null_pointers_end_nothing);
    tcase_add_test(tcase, key_deleted_meanwhile);
    tcase_add_test(tcase, sixteenth);
    tcase_add_test(tcase, sixteenth_of_two_processes);
    tcase_add_test(tcase, threads);
    tcase_add_test(tcase, forks);
    return native_run(suite);
}
