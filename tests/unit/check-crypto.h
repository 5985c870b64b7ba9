/*
 * What the tests of the crypto engine share: the context, hexadecimal, keys in one line.
 */
#ifndef HUKS_TESTS_CHECK_CRYPTO_H
#define HUKS_TESTS_CHECK_CRYPTO_H

/* libcrypto has a type by the name of a step in op.h. */
#define CRYPTO_ONCE CRYPTO_ONCE_OF_LIBCRYPTO
#include <openssl/crypto.h>
#undef CRYPTO_ONCE

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/op.h"

static struct crypto *crypto;

static inline void setup(void)
{
    ck_assert_int_eq(crypto_open(&crypto), HUKS_OK);
}

static inline void teardown(void)
{
    crypto_close(crypto);
    crypto = NULL;
}

static inline void key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

static inline void op_free(struct crypto_op **op)
{
    crypto_op_free(*op);
}

/* Reads "0102 ff" into bytes that live until the sixteenth call from here. */
static inline struct bytes hex(const char *text)
{
    static uint8_t rooms[16][4096];
    static size_t next;
    uint8_t *room = rooms[next++ % 16];
    size_t digits = 0;
    for (; *text != '\0'; text++) {
        static const char alphabet[] = "0123456789abcdef";
        const char *digit = strchr(alphabet, *text | 0x20);
        if (digit != NULL && *text != ' ') {
            uint8_t value = (uint8_t)(digit - alphabet);
            room[digits / 2] = (uint8_t)(digits % 2 ? room[digits / 2] | value : value << 4);
            digits++;
        }
    }
    return bytes_of(room, digits / 2);
}

static inline struct bytes text(const char *string)
{
    return bytes_of(string, strlen(string));
}

static inline struct crypto_key *generate(const struct crypto_keygen *spec)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_generate(crypto, spec, &key), HUKS_OK);
    ck_assert_ptr_nonnull(key);
    return key;
}

static inline struct crypto_key *secret_key(uint32_t alg, struct bytes value)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_decode(crypto, CRYPTO_SECRET, alg, value, &key), HUKS_OK);
    return key;
}

static inline struct crypto_key *public_half(const struct crypto_key *key)
{
    AUTO(secret_free) struct secret encoded = {0};
    struct crypto_key *public = NULL;
    ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PUBLIC, &encoded), HUKS_OK);
    ck_assert_int_eq(
        crypto_key_decode(crypto, CRYPTO_PUBLIC, crypto_key_alg(key), secret_bytes(&encoded), &public),
        HUKS_OK);
    return public;
}

static inline struct crypto_op *new_op(void)
{
    struct crypto_op *op = NULL;
    ck_assert_int_eq(crypto_op_new(crypto, &op), HUKS_OK);
    return op;
}

static inline int run_cases(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
