/*
 * Secret keys: bytes of a legal size, in the protected arena.
 */
#include <string.h>

#include "crypto/digest.h"
#include "crypto/keydata.h"

static bool secret_size_ok(const struct key_type *type, size_t size)
{
    if (type->sizes[0] == 0) {
        return size * 8 >= type->bits_min && size <= type->bits_max / 8;
    }
    for (size_t i = 0; i < ARRAY_SIZE(type->sizes) && type->sizes[i] != 0; i++) {
        if (type->sizes[i] == size) {
            return true;
        }
    }
    return false;
}

/* XTS with one key twice gives plaintext away (IEEE 1619, FIPS 140 IG A.9), and libcrypto won't have it. */
static bool secret_halves_equal(uint32_t alg, struct bytes value)
{
    return alg == HUKS_ALG_AES_XTS &&
           crypto_equal(value.data, value.size / 2, value.data + value.size / 2, value.size / 2);
}

static huks_rc secret_import(struct crypto_key *key, const struct key_parts *parts)
{
    struct bytes value = parts->at[PART_VALUE];
    if (value.data == NULL) {
        return key_part_missing(PART_VALUE);
    }
    if (!secret_size_ok(key->type, value.size)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "key size");
    }
    if (secret_halves_equal(key->alg, value)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "key whose halves are the same");
    }
    HUKS_TRY(secret_set(&key->value, value.data, value.size));
    key->bits = (uint32_t)(8 * value.size);
    return HUKS_OK;
}

void crypto_key_parity(uint32_t alg, uint8_t *value, size_t size)
{
    for (size_t i = 0; (alg == OH_HUKS_ALG_DES || alg == OH_HUKS_ALG_3DES) && i < size; i++) {
        uint8_t bits = value[i] & 0xFE;
        value[i] = (uint8_t)(bits | !__builtin_parity(bits));
    }
}

static huks_rc secret_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    size_t size = spec->size_bits / 8;
    if (spec->size_bits % 8 != 0 || size == 0 || !secret_size_ok(key->type, size)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    HUKS_TRY(secret_alloc(&key->value, size));
    if (spec->prefix.size >= size) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    do {
        HUKS_TRY(crypto_random(key->crypto, key->value.data, size));
        if (spec->prefix.size != 0) {
            memcpy(key->value.data, spec->prefix.data, spec->prefix.size);
        }
        crypto_key_parity(key->alg, key->value.data, size);
        /* Equal halves would make triple DES a single one, and give XTS away. */
    } while ((key->alg == OH_HUKS_ALG_3DES && memcmp(key->value.data, key->value.data + 8, 8) == 0) ||
             secret_halves_equal(key->alg, (struct bytes){key->value.data, size}));
    key->bits = spec->size_bits;
    return HUKS_OK;
}

/* The first three bytes of an encrypted block of zeros (PKCS#11, CKA_CHECK_VALUE). */
static huks_rc secret_check_encrypt(const struct crypto_key *key, enum fetch ecb, uint8_t block[16])
{
    ERROR_GUARD;
    uint8_t expanded[128], zeros[16] = {0};
    size_t size = key->value.size;
    const EVP_CIPHER *cipher = fetch_cipher(key->crypto, ecb);
    EVP_CIPHER_CTX *context = cipher != NULL ? EVP_CIPHER_CTX_new() : NULL;
    int written = 0;
    if (context == NULL) {
        return cipher != NULL ? error_no_memory() : key_no_part();
    }
    memcpy(expanded, key->value.data, size);
    for (; ecb == FETCH_DES3_ECB && size < 24; size += 8) {
        memcpy(expanded + size, key->value.data, 8);
    }
    bool done = EVP_EncryptInit_ex2(context, cipher, NULL, NULL, NULL) == 1 &&
                (key->type->sizes[0] != 0 || EVP_CIPHER_CTX_set_key_length(context, (int)size) == 1) &&
                EVP_EncryptInit_ex2(context, NULL, expanded, NULL, NULL) == 1 &&
                EVP_EncryptUpdate(context, block, &written, zeros, EVP_CIPHER_get_block_size(cipher)) == 1;
    memory_cleanse(expanded, sizeof(expanded));
    EVP_CIPHER_CTX_free(context);
    return done ? HUKS_OK : crypto_refused();
}

huks_rc key_secret_check_value(const struct crypto_key *key, struct secret *out)
{
    uint8_t value[20];
    for (size_t i = 0; key->type->ecb != NULL && i < 3; i++) {
        if (key->type->sizes[i] == key->value.size || key->type->sizes[0] == 0) {
            HUKS_TRY(secret_check_encrypt(key, key->type->ecb[i], value));
            return key_append(out, bytes_of(value, 3));
        }
    }
    HUKS_TRY(crypto_sha1(key->crypto, secret_bytes(&key->value), value));
    return key_append(out, bytes_of(value, 3));
}

static huks_rc secret_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    return part == PART_VALUE ? key_append(out, secret_bytes(&key->value)) : key_no_part();
}

const struct key_family key_family_secret = {
    .import = secret_import,
    .generate = secret_generate,
    .part = secret_part,
};
