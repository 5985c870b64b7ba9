/*
 * Encryption with key pairs through OH_Huks_* sessions: RSA with every padding, and SM2, with bare OpenSSL on
 * the other side of each.
 */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "material.h"
#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint8_t message[1000];
static uint8_t out[1000];

static const struct asymmetric {
    const char *name;
    uint32_t alg, bits, padding, digest;
    size_t most; /* bytes of a message */
} asymmetric[] = {
    {"PKCS #1", OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_PKCS1_V1_5, OH_HUKS_DIGEST_NONE, 117},
    {"OAEP SHA-1", OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA1, 86},
    {"OAEP SHA-224", OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA224, 70},
    {"OAEP SHA-256", OH_HUKS_ALG_RSA, 2048, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA256, 190},
    {"OAEP SHA-384", OH_HUKS_ALG_RSA, 2048, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA384, 158},
    {"OAEP SHA-512", OH_HUKS_ALG_RSA, 2048, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA512, 126},
    {"OAEP MD5", OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_MD5, 94},
    {"no padding", OH_HUKS_ALG_RSA, 1024, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_NONE, 128},
    {"SM2", OH_HUKS_ALG_SM2, 256, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SM3, 500},
};

static bool is_raw(const struct asymmetric *a)
{
    return a->alg == OH_HUKS_ALG_RSA && a->padding == OH_HUKS_PADDING_NONE;
}

static const char *digest_name(uint32_t digest)
{
    static const char *const names[] = {
        [OH_HUKS_DIGEST_MD5] = "MD5",       [OH_HUKS_DIGEST_SHA1] = "SHA1",
        [OH_HUKS_DIGEST_SHA224] = "SHA224", [OH_HUKS_DIGEST_SHA256] = "SHA256",
        [OH_HUKS_DIGEST_SHA384] = "SHA384", [OH_HUKS_DIGEST_SHA512] = "SHA512"};

    return names[digest];
}

/* MGF1 hashes as OAEP does. */
static size_t openssl_crypt(const struct asymmetric *a, EVP_PKEY *key, bool encrypts, const uint8_t *in,
                            size_t size, uint8_t *to, size_t room)
{
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(key, NULL);
    int padding = is_raw(a)                            ? RSA_NO_PADDING
                  : a->padding == OH_HUKS_PADDING_OAEP ? RSA_PKCS1_OAEP_PADDING
                                                       : RSA_PKCS1_PADDING;

    ck_assert((encrypts ? EVP_PKEY_encrypt_init(with) : EVP_PKEY_decrypt_init(with)) == 1);
    if (a->alg == OH_HUKS_ALG_RSA) {
        ck_assert(EVP_PKEY_CTX_set_rsa_padding(with, padding) == 1);
        ck_assert(padding != RSA_PKCS1_OAEP_PADDING ||
                  EVP_PKEY_CTX_set_rsa_oaep_md_name(with, digest_name(a->digest), NULL) == 1);
    }
    ck_assert((encrypts ? EVP_PKEY_encrypt(with, to, &room, in, size)
                        : EVP_PKEY_decrypt(with, to, &room, in, size)) == 1);
    EVP_PKEY_CTX_free(with);
    return room;
}

static set *crypting(const struct asymmetric *a, uint32_t purpose)
{
    return SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->alg}, PURPOSE(purpose),
               {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = a->digest},
               {.tag = OH_HUKS_TAG_PADDING, .uint32Param = a->padding});
}

/* Two updates give nothing; Finish brings the rest. */
static struct OH_Huks_Result crypt_here(const struct asymmetric *a, const char *alias, uint32_t purpose,
                                        const uint8_t *in, size_t size, uint8_t *to, uint32_t *room)
{
    struct session s;
    uint32_t nothing = 10;

    OK(begin(&s, alias, crypting(a, purpose)));
    if (size > 2) {
        OK(update(&s, in, 1, to, &nothing));
        ck_assert_uint_eq(nothing, 0);
        return finish(&s, in + 1, size - 1, to, room);
    }
    return finish(&s, in, size, to, room);
}

START_TEST(asymmetric_both_ways)
{
    const struct asymmetric *a = &asymmetric[_i];
    EVP_PKEY *pair = openssl_key(a->alg, a->bits);
    uint8_t hidden[800], plain[800];
    struct material public, private;
    size_t sizes[] = {1, a->most, a->most / 2};

    public_bytes(pair, a->alg, &public);
    private_material(pair, a->alg, a->bits, true, &private);
    OK(OH_Huks_ImportKeyItem(
        NAME("theirs"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->alg}, SIZE(a->bits), PURPOSE(ENCRYPT)),
        GIVEN(public)));
    OK(OH_Huks_ImportKeyItem(NAME("both"),
                             SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->alg}, SIZE(a->bits),
                                 PURPOSE(ENCRYPT | DECRYPT),
                                 NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR)),
                             GIVEN(private)));
    message[0] = 0; /* below the modulus */
    for (int i = 0; i < COUNT(sizes); i++) {
        size_t size = is_raw(a) ? a->most : sizes[i];
        uint32_t room = sizeof hidden;

        OK(crypt_here(a, "theirs", ENCRYPT, message, size, hidden, &room));
        ck_assert(a->alg != OH_HUKS_ALG_RSA || room == a->bits / 8);
        ck_assert_uint_eq(openssl_crypt(a, pair, false, hidden, room, plain, sizeof plain), size);
        ck_assert_mem_eq(plain, message, size);
        size_t made = openssl_crypt(a, pair, true, message, size, hidden, sizeof hidden);
        room = sizeof plain;
        memset(plain, 0, sizeof plain);
        OK(crypt_here(a, "both", DECRYPT, hidden, made, plain, &room));
        ck_assert_uint_eq(room, size);
        ck_assert_mem_eq(plain, message, size);
    }
    EVP_PKEY_free(pair);
}
END_TEST

START_TEST(asymmetric_refusals)
{
    const struct asymmetric *a = &asymmetric[_i];
    uint8_t hidden[800];
    uint32_t k = a->bits / 8;
    uint32_t room = k - 1;
    bool rsa = a->alg == OH_HUKS_ALG_RSA;

    OK(OH_Huks_GenerateKeyItem(
        NAME("key"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->alg}, SIZE(a->bits), PURPOSE(ENCRYPT | DECRYPT)),
        NULL));
    message[0] = 0;
    if (!rsa) {
        room = 100 + 65 + 32 - 1;
    }
    EXPECT(401, TEXT_BUFFER,
           crypt_here(a, "key", ENCRYPT, message,
                      is_raw(a) ? k
                      : rsa     ? 10
                                : 100,
                      hidden, &room));
    room = sizeof hidden; /* nothing is no message */
    EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", ENCRYPT, message, 0, hidden, &room));
    EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", DECRYPT, message, 0, hidden, &room));
    if (rsa) { /* more than fits; less than a modulus; too little room, whatever the message */
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", ENCRYPT, message, a->most + 1, hidden, &room));
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", DECRYPT, message, k - 1, hidden, &room));
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", DECRYPT, message, k + 1, hidden, &room));
        OK(crypt_here(a, "key", ENCRYPT, message, is_raw(a) ? k : 10, hidden, &room));
        room = k - 1;
        EXPECT(401, TEXT_BUFFER, crypt_here(a, "key", DECRYPT, hidden, k, out, &room));
    } else {
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", DECRYPT, message, 200, hidden, &room));
    }
    if (is_raw(a)) {
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", ENCRYPT, message, k - 1, hidden, &room));
    }
    if (a->padding == OH_HUKS_PADDING_OAEP) { /* PKCS #1 1.5 answers with other bytes instead of telling */
        room = sizeof hidden;
        hidden[20] ^= 1;
        EXPECT(12000006, TEXT_CRYPTO, crypt_here(a, "key", DECRYPT, hidden, k, out, &room));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native encryption");
    TCase *tcase = native_tcase(suite, "encryption");

    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
    tcase_add_loop_test(tcase, asymmetric_both_ways, 0, COUNT(asymmetric));
    tcase_add_loop_test(tcase, asymmetric_refusals, 0, COUNT(asymmetric));
    return native_run(suite);
}
