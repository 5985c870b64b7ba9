/*
 * RSA after ANSI X9.31: signatures whose block ends with the hash's identifier, and keys of primes that hold
 * out against factoring by p − 1 and p + 1.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/keydata.h"
#include "crypto/number.h"
#include "crypto/opdata.h"

/* ---- signatures ---- */

#define X931_TRAILER 0xCC

/* ISO/IEC 10118's numbers of hashes, which come between hash and trailer. */
static const struct {
    uint32_t digest;
    uint8_t id;
} x931_ids[] = {
    {OH_HUKS_DIGEST_SHA1, 0x33},   {HUKS_DIGEST_RIPEMD160, 0x31}, {OH_HUKS_DIGEST_SHA256, 0x34},
    {OH_HUKS_DIGEST_SHA512, 0x35}, {OH_HUKS_DIGEST_SHA384, 0x36},
};

static uint8_t x931_id(uint32_t digest)
{
    for (size_t i = 0; i < ARRAY_SIZE(x931_ids); i++) {
        if (x931_ids[i].digest == digest) {
            return x931_ids[i].id;
        }
    }
    return 0;
}

static size_t x931_modulus_size(const struct crypto_op *op)
{
    return (op->key->bits + 7u) / 8u;
}

static huks_rc x931_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct op_pkey_use use = {.method = CRYPTO_RSA_X931, .direction = op->direction};
    if (spec->digest != OH_HUKS_DIGEST_NONE && x931_id(spec->digest) == 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    /* X9.31, 4.1.2.1: 1024 + 256 s bits. */
    if (op->key->bits < 1024 || op->key->bits % 256 != 0) {
        return op_wrong_key_size();
    }
    HUKS_TRY(op_begin_input(op, spec->digest));
    if (op_pkey_same(op, &use)) {
        return HUKS_OK;
    }
    ERROR_GUARD;
    if (op_pkey(op, &use) == NULL) {
        return error_code();
    }
    return HUKS_OK;
}

/*
 * The hash alone: OpenSSL knows its identifier by the digest, which it wants before the padding. A caller who
 * hashed himself brings identifier and trailer, too.
 */
static huks_rc x931_input(const struct crypto_op *op, struct bytes in, struct bytes *hash)
{
    const struct digest_row *row = op->hashed;
    *hash = in;
    if (row == NULL) {
        if (in.size < 2 || in.data[in.size - 1] != X931_TRAILER) {
            return op_bad_data_size(op);
        }
        *hash = bytes_of(in.data, in.size - 2);
        for (size_t i = 0; i < ARRAY_SIZE(x931_ids); i++) {
            if (x931_ids[i].id == in.data[in.size - 2]) {
                row = digest_find(x931_ids[i].digest);
            }
        }
        if (row == NULL || row->size != hash->size) {
            return op_bad_data_size(op);
        }
    }
    int padding = RSA_X931_PADDING;
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t)row->name, 0),
        OSSL_PARAM_construct_end(),
    };
    OSSL_PARAM pad[] = {
        OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PAD_MODE, &padding),
        OSSL_PARAM_construct_end(),
    };
    return EVP_PKEY_CTX_set_params(op->pkey, digest) == 1 && EVP_PKEY_CTX_set_params(op->pkey, pad) == 1
               ? HUKS_OK
               : crypto_refused();
}

static huks_rc x931_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    struct bytes block = BYTES_NONE;
    HUKS_TRY(x931_input(op, in, &block));
    *size = x931_modulus_size(op);
    return EVP_PKEY_sign(op->pkey, out, size, block.data, block.size) == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc x931_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    ERROR_GUARD;
    struct bytes block = BYTES_NONE;
    if (signature.size != x931_modulus_size(op)) {
        return op_bad_signature_size();
    }
    HUKS_TRY(x931_input(op, in, &block));
    return EVP_PKEY_verify(op->pkey, signature.data, signature.size, block.data, block.size) == 1
               ? HUKS_OK
               : op_bad_signature();
}

static size_t x931_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : x931_modulus_size(op);
}

const struct op_method op_rsa_x931 = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = x931_begin,
    .run = x931_run,
    .run_verify = x931_run_verify,
    .size = x931_size,
};

/* ---- keys ---- */

struct x931_numbers {
    BIGNUM *n, *d, *p, *q, *xp, *xq;
    BN_CTX *context;
};

static void x931_free(struct x931_numbers *numbers)
{
    BIGNUM *all[] = {numbers->n, numbers->d, numbers->p, numbers->q, numbers->xp, numbers->xq};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        BN_clear_free(all[i]);
    }
    BN_CTX_free(numbers->context);
}

/* d = 1 / e mod lcm(p − 1, q − 1); p and q come out as p − 1 and q − 1. */
static bool x931_exponent(struct x931_numbers *numbers, const BIGNUM *e)
{
    AUTO(number_free) BIGNUM *order = BN_new();
    AUTO(number_free) BIGNUM *common = BN_new();
    if (order == NULL || common == NULL || BN_sub_word(numbers->p, 1) != 1 ||
        BN_sub_word(numbers->q, 1) != 1 || BN_mul(order, numbers->p, numbers->q, numbers->context) != 1 ||
        BN_gcd(common, numbers->p, numbers->q, numbers->context) != 1) {
        return false;
    }
    BN_set_flags(order, BN_FLG_CONSTTIME);
    BN_set_flags(common, BN_FLG_CONSTTIME);
    if (BN_div(order, NULL, order, common, numbers->context) != 1) {
        return false;
    }
    BN_set_flags(order, BN_FLG_CONSTTIME);
    return BN_mod_inverse(numbers->d, e, order, numbers->context) != NULL;
}

static bool x931_make(struct x931_numbers *numbers, uint32_t bits, const BIGNUM *e)
{
    BIGNUM **all[] = {&numbers->n, &numbers->d, &numbers->p, &numbers->q, &numbers->xp, &numbers->xq};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if ((*all[i] = BN_secure_new()) == NULL) {
            return false;
        }
        BN_set_flags(*all[i], BN_FLG_CONSTTIME);
    }
    return BN_X931_generate_Xpq(numbers->xp, numbers->xq, (int)bits, numbers->context) == 1 &&
           BN_X931_generate_prime_ex(numbers->p, NULL, NULL, NULL, NULL, numbers->xp, e, numbers->context,
                                     NULL) == 1 &&
           BN_X931_generate_prime_ex(numbers->q, NULL, NULL, NULL, NULL, numbers->xq, e, numbers->context,
                                     NULL) == 1 &&
           BN_cmp(numbers->p, numbers->q) != 0 &&
           BN_mul(numbers->n, numbers->p, numbers->q, numbers->context) == 1 &&
           (uint32_t)BN_num_bits(numbers->n) == bits;
}

/* Appends a number to the parts, in memory of its own. */
static huks_rc x931_part(const BIGNUM *number, enum key_part part, struct secret *kept,
                         struct key_parts *parts)
{
    HUKS_TRY(secret_alloc(kept, (size_t)BN_num_bytes(number)));
    BN_bn2bin(number, kept->data);
    parts->at[part] = secret_bytes(kept);
    return HUKS_OK;
}

huks_rc rsa_generate_x931(struct crypto_key *key, uint32_t bits, const BIGNUM *e)
{
    ERROR_GUARD;
    AUTO(secret_free) struct secret n = {0};
    AUTO(secret_free) struct secret exponent = {0};
    AUTO(secret_free) struct secret d = {0};
    AUTO(secret_free) struct secret p = {0};
    struct key_parts parts = {0};
    if (bits < 1024 || bits % 256 != 0) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    if (crypto_base(key->crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(x931_free)
    struct x931_numbers numbers = {.context = BN_CTX_secure_new_ex(crypto_base(key->crypto))};
    if (numbers.context == NULL) {
        return error_no_memory();
    }
    if (!x931_make(&numbers, bits, e)) {
        return crypto_refused();
    }
    HUKS_TRY(x931_part(numbers.n, PART_MODULUS, &n, &parts));
    HUKS_TRY(x931_part(e, PART_PUBLIC_EXPONENT, &exponent, &parts));
    HUKS_TRY(x931_part(numbers.p, PART_PRIME_1, &p, &parts));
    if (!x931_exponent(&numbers, e)) {
        return crypto_refused();
    }
    HUKS_TRY(x931_part(numbers.d, PART_PRIVATE_EXPONENT, &d, &parts));
    return key_family_rsa.import(key, &parts);
}
