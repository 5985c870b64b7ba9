/*
 * RSA keys. Whatever parts a private key comes with, it is completed to all eight (RFC 8017, A.1.2): the
 * private operation is then four times faster, and checked against faults.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "crypto/keydata.h"
#include "crypto/number.h"

struct rsa_numbers {
    BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
    BN_CTX *context;
};

static void rsa_numbers_free(struct rsa_numbers *numbers)
{
    BIGNUM *all[] = {numbers->n, numbers->e,  numbers->d,  numbers->p,
                     numbers->q, numbers->dp, numbers->dq, numbers->qinv};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        BN_clear_free(all[i]);
    }
    BN_CTX_free(numbers->context);
}

static huks_rc rsa_read_number(const struct key_parts *parts, enum key_part part, BIGNUM **out)
{
    struct bytes value = parts->at[part];
    if (value.size == 0) {
        return HUKS_OK;
    }
    if (value.size > 2048 + 8) {
        return key_part_wrong(part);
    }
    *out = number_new(value);
    return *out != NULL ? HUKS_OK : error_no_memory();
}

/*
 * The factors of n from e and d: k = de − 1 is a multiple of the order of every g, and for half of all g
 * one of g^(k/2), g^(k/4) … is a square root of 1 other than ±1 (FIPS 186-5, A.1; HAC 8.2.2).
 */
static huks_rc rsa_factor(struct rsa_numbers *numbers)
{
    BN_CTX *context = numbers->context;
    AUTO(number_free) BIGNUM *k = BN_new();
    AUTO(number_free) BIGNUM *root = BN_new();
    AUTO(number_free) BIGNUM *square = BN_new();
    AUTO(number_free) BIGNUM *g = BN_new();
    AUTO(number_free) BIGNUM *minus = BN_dup(numbers->n);
    numbers->p = BN_new();
    numbers->q = BN_new();
    if (k == NULL || root == NULL || square == NULL || g == NULL || minus == NULL || numbers->p == NULL ||
        numbers->q == NULL) {
        return error_no_memory();
    }
    if (BN_mul(k, numbers->d, numbers->e, context) != 1 || BN_sub_word(k, 1) != 1 ||
        BN_sub_word(minus, 1) != 1) {
        return error_no_memory();
    }
    if (BN_is_zero(k) || BN_is_odd(k)) {
        return key_part_wrong(PART_PRIVATE_EXPONENT);
    }
    int twos = 0;
    while (!BN_is_bit_set(k, twos)) {
        twos++;
    }
    if (BN_rshift(k, k, twos) != 1) {
        return error_no_memory();
    }
    BN_set_flags(k, BN_FLG_CONSTTIME);
    for (BN_ULONG try = 2; try < 200; try++) {
        if (BN_set_word(g, try) != 1 || BN_mod_exp(root, g, k, numbers->n, context) != 1) {
            return crypto_refused();
        }
        for (int i = 0; i < twos && !BN_is_one(root) && BN_cmp(root, minus) != 0; i++) {
            if (BN_mod_sqr(square, root, numbers->n, context) != 1) {
                return crypto_refused();
            }
            if (BN_is_one(square)) {
                bool split = BN_sub_word(root, 1) == 1 &&
                             BN_gcd(numbers->p, root, numbers->n, context) == 1 &&
                             BN_div(numbers->q, NULL, numbers->n, numbers->p, context) == 1;
                return split ? HUKS_OK : crypto_refused();
            }
            if (BN_copy(root, square) == NULL) {
                return error_no_memory();
            }
        }
    }
    return key_part_wrong(PART_PRIVATE_EXPONENT);
}

/* d mod (prime − 1), and does it invert e there? Only then is d the exponent of this modulus. */
static huks_rc rsa_exponent(struct rsa_numbers *numbers, const BIGNUM *prime, BIGNUM **out)
{
    AUTO(number_free) BIGNUM *order = BN_dup(prime);
    AUTO(number_free) BIGNUM *check = BN_new();
    *out = BN_new();
    if (order == NULL || check == NULL || *out == NULL || BN_sub_word(order, 1) != 1) {
        return error_no_memory();
    }
    BN_set_flags(order, BN_FLG_CONSTTIME);
    if (BN_is_zero(order) || BN_mod(*out, numbers->d, order, numbers->context) != 1 ||
        BN_mod_mul(check, *out, numbers->e, order, numbers->context) != 1 || !BN_is_one(check)) {
        return key_part_wrong(PART_PRIVATE_EXPONENT);
    }
    BN_set_flags(*out, BN_FLG_CONSTTIME);
    return HUKS_OK;
}

static huks_rc rsa_complete(struct rsa_numbers *numbers)
{
    AUTO(number_free) BIGNUM *product = BN_new();
    if (product == NULL) {
        return error_no_memory();
    }
    /* HUKS's key material may leave e out and means 65537 by it; so may a PKCS#11 template. */
    if (numbers->e == NULL && ((numbers->e = BN_new()) == NULL || BN_set_word(numbers->e, RSA_F4) != 1)) {
        return error_no_memory();
    }
    if (!BN_is_odd(numbers->e) || BN_is_one(numbers->e)) {
        return key_part_wrong(PART_PUBLIC_EXPONENT);
    }
    if (numbers->p != NULL && numbers->q == NULL) {
        if ((numbers->q = BN_new()) == NULL) {
            return error_no_memory();
        }
        if (BN_is_zero(numbers->p) ||
            BN_div(numbers->q, NULL, numbers->n, numbers->p, numbers->context) != 1) {
            return key_part_wrong(PART_PRIME_1);
        }
    }
    if (numbers->p == NULL) {
        BN_clear_free(numbers->q);
        numbers->q = NULL;
        HUKS_TRY(rsa_factor(numbers));
    }
    if (BN_mul(product, numbers->p, numbers->q, numbers->context) != 1) {
        return error_no_memory();
    }
    if (BN_cmp(product, numbers->n) != 0 || BN_is_one(numbers->p) || BN_is_one(numbers->q)) {
        return key_part_wrong(PART_PRIME_1);
    }
    BN_set_flags(numbers->p, BN_FLG_CONSTTIME);
    BN_set_flags(numbers->q, BN_FLG_CONSTTIME);
    HUKS_TRY(rsa_exponent(numbers, numbers->p, &numbers->dp));
    HUKS_TRY(rsa_exponent(numbers, numbers->q, &numbers->dq));
    numbers->qinv = BN_mod_inverse(NULL, numbers->q, numbers->p, numbers->context);
    return numbers->qinv != NULL ? HUKS_OK : key_part_wrong(PART_PRIME_2);
}

static huks_rc rsa_check_public(struct crypto_key *key, const struct rsa_numbers *numbers)
{
    if (numbers->n == NULL) {
        return key_part_missing(PART_MODULUS);
    }
    uint32_t bits = (uint32_t)BN_num_bits(numbers->n);
    if (!BN_is_odd(numbers->n) || bits < key->type->bits_min || bits > key->type->bits_max) {
        return key_part_wrong(PART_MODULUS);
    }
    key->bits = bits;
    if (key->class == CRYPTO_PRIVATE) {
        return HUKS_OK;
    }
    if (numbers->e == NULL) {
        return key_part_missing(PART_PUBLIC_EXPONENT);
    }
    /* OpenSSL takes no exponent above 64 bits with a modulus above 3072. */
    if (!BN_is_odd(numbers->e) || BN_is_one(numbers->e) || BN_cmp(numbers->e, numbers->n) >= 0 ||
        (bits > 3072 && BN_num_bits(numbers->e) > 64)) {
        return key_part_wrong(PART_PUBLIC_EXPONENT);
    }
    return HUKS_OK;
}

static huks_rc rsa_import(struct crypto_key *key, const struct key_parts *parts)
{
    ERROR_GUARD;
    if (crypto_base(key->crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(rsa_numbers_free)
    struct rsa_numbers numbers = {.context = BN_CTX_secure_new_ex(crypto_base(key->crypto))};
    if (numbers.context == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(rsa_read_number(parts, PART_MODULUS, &numbers.n));
    HUKS_TRY(rsa_read_number(parts, PART_PUBLIC_EXPONENT, &numbers.e));
    HUKS_TRY(rsa_check_public(key, &numbers));
    if (key->class == CRYPTO_PRIVATE) {
        HUKS_TRY(rsa_read_number(parts, PART_PRIVATE_EXPONENT, &numbers.d));
        if (numbers.d == NULL) {
            return key_part_missing(PART_PRIVATE_EXPONENT);
        }
        if (BN_cmp(numbers.d, numbers.n) >= 0) {
            return key_part_wrong(PART_PRIVATE_EXPONENT);
        }
        HUKS_TRY(rsa_read_number(parts, PART_PRIME_1, &numbers.p));
        HUKS_TRY(rsa_read_number(parts, PART_PRIME_2, &numbers.q));
        HUKS_TRY(rsa_complete(&numbers));
    }
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    const struct {
        const char *name;
        const BIGNUM *value;
    } rows[] = {
        {OSSL_PKEY_PARAM_RSA_N, numbers.n},          {OSSL_PKEY_PARAM_RSA_E, numbers.e},
        {OSSL_PKEY_PARAM_RSA_D, numbers.d},          {OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.p},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.q},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.dp},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.dq}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.qinv},
    };
    for (size_t i = 0; builder != NULL && i < ARRAY_SIZE(rows); i++) {
        if (rows[i].value != NULL && OSSL_PARAM_BLD_push_BN(builder, rows[i].name, rows[i].value) != 1) {
            OSSL_PARAM_BLD_free(builder);
            builder = NULL;
        }
    }
    return pkey_import(key, builder, PART_MODULUS);
}

static huks_rc rsa_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    if (spec->size_bits < key->type->bits_min || spec->size_bits > key->type->bits_max) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    if (spec->exponent.size > 32) {
        return key_part_wrong(PART_PUBLIC_EXPONENT);
    }
    AUTO(number_free) BIGNUM *e = spec->exponent.size != 0 ? number_new(spec->exponent) : BN_new();
    if (e == NULL || (spec->exponent.size == 0 && BN_set_word(e, RSA_F4) != 1)) {
        return error_no_memory();
    }
    if (!BN_is_odd(e) || BN_is_one(e) || (spec->size_bits > 3072 && BN_num_bits(e) > 64)) {
        return key_part_wrong(PART_PUBLIC_EXPONENT);
    }
    if (spec->x931) {
        return rsa_generate_x931(key, spec->size_bits, e);
    }
    AUTO(pkey_context_free) EVP_PKEY_CTX *context = pkey_generator(key);
    if (context == NULL) {
        return error_code();
    }
    if (EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)spec->size_bits) != 1 ||
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) != 1 || EVP_PKEY_generate(context, &key->pkey) != 1) {
        return crypto_refused();
    }
    key->bits = (uint32_t)EVP_PKEY_get_bits(key->pkey);
    return HUKS_OK;
}

/* AlgorithmIdentifier's parameters are NULL; absent ones are met in old keys (RFC 8017, A.1). */
static bool rsa_params_ok(const ASN1_TYPE *params)
{
    return params == NULL || params->type == V_ASN1_NULL;
}

static bool rsa_read_public(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                            struct asn1_kept *kept, struct key_parts *parts)
{
    const struct asn1_rsa_public *read = asn1_read(kept, ASN1_ITEM_rptr(asn1_rsa_public), bits);
    (void)type;
    return read != NULL && rsa_params_ok(params) && asn1_unsigned(read->n, &parts->at[PART_MODULUS]) &&
           asn1_unsigned(read->e, &parts->at[PART_PUBLIC_EXPONENT]);
}

static const enum key_part rsa_order[ASN1_RSA_NUMBERS] = {
    PART_MODULUS, PART_PUBLIC_EXPONENT, PART_PRIVATE_EXPONENT, PART_PRIME_1,
    PART_PRIME_2, PART_EXPONENT_1,      PART_EXPONENT_2,       PART_COEFFICIENT};

static const char *const rsa_names[] = {
    [PART_MODULUS] = OSSL_PKEY_PARAM_RSA_N,           [PART_PUBLIC_EXPONENT] = OSSL_PKEY_PARAM_RSA_E,
    [PART_PRIVATE_EXPONENT] = OSSL_PKEY_PARAM_RSA_D,  [PART_PRIME_1] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [PART_PRIME_2] = OSSL_PKEY_PARAM_RSA_FACTOR2,     [PART_EXPONENT_1] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [PART_EXPONENT_2] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [PART_COEFFICIENT] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static bool rsa_read_private(const struct key_type *type, const ASN1_TYPE *params, struct bytes octets,
                             struct asn1_kept *kept, struct key_parts *parts)
{
    const struct asn1_rsa_private *read = asn1_read(kept, ASN1_ITEM_rptr(asn1_rsa_private), octets);
    (void)type;
    if (read == NULL || !rsa_params_ok(params) || read->version != 0) {
        return false;
    }
    for (size_t i = 0; i < ASN1_RSA_NUMBERS; i++) {
        if (!asn1_unsigned(read->numbers[i], &parts->at[rsa_order[i]])) {
            return false;
        }
    }
    return true;
}

static huks_rc rsa_write_params(const struct crypto_key *key, struct key_params *params)
{
    (void)key;
    params->any.type = V_ASN1_NULL;
    return HUKS_OK;
}

static huks_rc rsa_write_public(const struct crypto_key *key, struct secret *out)
{
    AUTO(secret_free) struct secret n = {0};
    AUTO(secret_free) struct secret e = {0};
    HUKS_TRY(pkey_number(key, OSSL_PKEY_PARAM_RSA_N, 0, &n));
    HUKS_TRY(pkey_number(key, OSSL_PKEY_PARAM_RSA_E, 0, &e));
    ASN1_INTEGER modulus = asn1_number(secret_bytes(&n)), exponent = asn1_number(secret_bytes(&e));
    const struct asn1_rsa_public public = {.n = &modulus, .e = &exponent};
    return asn1_write(ASN1_ITEM_rptr(asn1_rsa_public), &public, out);
}

struct rsa_secrets {
    struct secret at[ASN1_RSA_NUMBERS];
};

static void rsa_secrets_free(struct rsa_secrets *secrets)
{
    for (size_t i = 0; i < ASN1_RSA_NUMBERS; i++) {
        secret_free(&secrets->at[i]);
    }
}

static huks_rc rsa_write_private(const struct crypto_key *key, struct secret *out)
{
    AUTO(rsa_secrets_free) struct rsa_secrets secrets = {0};
    ASN1_INTEGER numbers[ASN1_RSA_NUMBERS];
    struct asn1_rsa_private private = {.version = 0};
    for (size_t i = 0; i < ASN1_RSA_NUMBERS; i++) {
        HUKS_TRY(pkey_number(key, rsa_names[rsa_order[i]], 0, &secrets.at[i]));
        numbers[i] = asn1_number(secret_bytes(&secrets.at[i]));
        private.numbers[i] = &numbers[i];
    }
    return asn1_write(ASN1_ITEM_rptr(asn1_rsa_private), &private, out);
}

static huks_rc rsa_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    bool public = part == PART_MODULUS || part == PART_PUBLIC_EXPONENT;
    if (part >= ARRAY_SIZE(rsa_names) || (!public && key->class != CRYPTO_PRIVATE)) {
        return key_no_part();
    }
    return pkey_number(key, rsa_names[part], 0, out);
}

const struct key_family key_family_rsa = {
    .import = rsa_import,
    .generate = rsa_generate,
    .read_public = rsa_read_public,
    .read_private = rsa_read_private,
    .write_params = rsa_write_params,
    .write_public = rsa_write_public,
    .write_private = rsa_write_private,
    .part = rsa_part,
};
