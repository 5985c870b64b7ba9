/*
 * Implicit rejection for OpenSSL 3.0 and 3.1. See rsa_padding.h; the method is that of
 * draft-irtf-cfrg-rsa-guidance and gives what OpenSSL 3.2 gives.
 */
#include "crypto/rsa_padding.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/number.h"

#define PADDING_MODULUS_MAX 2048
#define PADDING_CANDIDATES  128

bool rsa_padding_native(struct crypto *crypto)
{
    int known = atomic_load_explicit(&crypto->implicit_rejection, memory_order_relaxed);
    if (known == 0) {
        ERROR_GUARD;
        EVP_ASYM_CIPHER *rsa = EVP_ASYM_CIPHER_fetch(crypto_lib(crypto), "RSA", NULL);
        const OSSL_PARAM *params = rsa != NULL ? EVP_ASYM_CIPHER_settable_ctx_params(rsa) : NULL;
        bool native = params != NULL && OSSL_PARAM_locate_const(params, "implicit-rejection") != NULL;
        EVP_ASYM_CIPHER_free(rsa);
        known = native ? 1 : -1;
        if (rsa != NULL) {
            atomic_store_explicit(&crypto->implicit_rejection, known, memory_order_relaxed);
        }
    }
    return known > 0;
}

/* All ones or all zeros, in a way that the compiler can't turn into a branch. */
static inline uint32_t padding_barrier(uint32_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

static inline uint32_t padding_is_zero(uint32_t value)
{
    return padding_barrier(0u - (~value & (value - 1)) / 0x80000000u);
}

static inline uint32_t padding_less(uint32_t a, uint32_t b) /* both below 2^31 */
{
    return padding_barrier(0u - ((a - b) >> 31));
}

static inline uint32_t padding_select(uint32_t mask, uint32_t yes, uint32_t no)
{
    return (mask & yes) | (~mask & no);
}

/* HMAC-SHA-256(key, counter ‖ label ‖ bits) for as many blocks as it takes. */
static huks_rc padding_expand(struct crypto *crypto, struct bytes key, const char *label, uint8_t *out, size_t size)
{
    uint8_t block[CRYPTO_SHA256_SIZE];
    const uint8_t bits[2] = {(uint8_t)(size * 8 >> 8), (uint8_t)(size * 8)};
    for (size_t done = 0; done < size; done += sizeof(block)) {
        size_t number = done / sizeof(block);
        const uint8_t counter[2] = {(uint8_t)(number >> 8), (uint8_t)number};
        const struct bytes pieces[] = {BYTES_OF(counter), bytes_of(label, strlen(label)), BYTES_OF(bits)};
        HUKS_TRY(crypto_hmac_sha256(crypto, key, pieces, ARRAY_SIZE(pieces), block));
        memcpy(out + done, block, size - done < sizeof(block) ? size - done : sizeof(block));
    }
    memory_cleanse(block, sizeof(block));
    return HUKS_OK;
}

/* The key of the substitute: HMAC(SHA-256(d), ciphertext). */
static huks_rc padding_key(struct crypto_op *op, struct bytes in, uint8_t out[CRYPTO_SHA256_SIZE])
{
    AUTO(secret_free) struct secret d = {0};
    uint8_t hash[CRYPTO_SHA256_SIZE];
    HUKS_TRY(pkey_number(op->key, OSSL_PKEY_PARAM_RSA_D, in.size, &d));
    HUKS_TRY(crypto_sha256(op->crypto, secret_bytes(&d), hash));
    huks_rc rc = crypto_hmac_sha256(op->crypto, BYTES_OF(hash), &in, 1, out);
    memory_cleanse(hash, sizeof(hash));
    return rc;
}

/* A length for the substitute: the last candidate that fits, so that no count of tries shows. */
static uint32_t padding_length(const uint8_t lengths[2 * PADDING_CANDIDATES], uint32_t most)
{
    uint32_t mask = most, length = 0;
    mask |= mask >> 1;
    mask |= mask >> 2;
    mask |= mask >> 4;
    mask |= mask >> 8;
    for (size_t i = 0; i < 2 * PADDING_CANDIDATES; i += 2) {
        uint32_t candidate = ((uint32_t)lengths[i] << 8 | lengths[i + 1]) & mask;
        length = padding_select(padding_less(candidate, most), candidate, length);
    }
    return length;
}

/* 00 02, eight or more bytes that are not 00, 00, the message: all ones if so, and where it begins. */
static uint32_t padding_check(const uint8_t *block, uint32_t size, uint32_t *start)
{
    uint32_t good = padding_is_zero(block[0]) & padding_is_zero((uint32_t)block[1] ^ 2), found = 0, zero = 0;
    for (uint32_t i = 2; i < size; i++) {
        uint32_t here = padding_is_zero(block[i]);
        zero = padding_select(~found & here, i, zero);
        found |= here;
    }
    good &= ~padding_less(zero, 2 + 8);
    *start = zero + 1;
    return good;
}

static huks_rc padding_remove(struct crypto_op *op, struct bytes in, const uint8_t *block, uint8_t *out,
                              size_t *size)
{
    uint8_t key[CRYPTO_SHA256_SIZE];
    uint8_t substitute[PADDING_MODULUS_MAX], lengths[2 * PADDING_CANDIDATES];
    uint32_t whole = (uint32_t)in.size, start = 0;
    HUKS_TRY(padding_key(op, in, key));
    HUKS_TRY(padding_expand(op->crypto, BYTES_OF(key), "length", lengths, sizeof(lengths)));
    HUKS_TRY(padding_expand(op->crypto, BYTES_OF(key), "message", substitute, in.size));
    memory_cleanse(key, sizeof(key));
    uint32_t good = padding_check(block, whole, &start);
    start = padding_select(good, start, whole - padding_length(lengths, whole - 2 - 8));
    size_t made = 0;
    for (uint32_t i = start; i < whole; i++, made++) {
        out[made] = (uint8_t)padding_select(good, block[i], substitute[i]);
    }
    memory_cleanse(substitute, in.size);
    *size = made;
    return HUKS_OK;
}

huks_rc rsa_padding_decrypt(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t block[PADDING_MODULUS_MAX], message[PADDING_MODULUS_MAX];
    size_t whole = (op->key->bits + 7u) / 8u, made = sizeof(block);
    if (in.size != whole) {
        return op_bad_data_size(op);
    }
    if (EVP_PKEY_decrypt(op->pkey, block, &made, in.data, in.size) != 1 || made != whole) {
        /* Not below the modulus: everybody can see that. */
        return op_bad_ciphertext();
    }
    huks_rc rc = padding_remove(op, in, block, message, &made);
    if (rc == HUKS_OK) {
        memcpy(out, message, made);
        *size = made;
    }
    memory_cleanse(block, whole);
    memory_cleanse(message, whole);
    return rc;
}
