/*
 * Keys over finite fields: DSA, Diffie-Hellman (PKCS#3), and Diffie-Hellman with a subgroup (X9.42).
 */
#include <stdio.h>
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/dsa.h>

#include "crypto/keydata.h"
#include "crypto/number.h"

struct ffc_numbers {
    BIGNUM *p, *q, *g, *y, *x;
};

static void ffc_numbers_free(struct ffc_numbers *numbers)
{
    BN_clear_free(numbers->p);
    BN_clear_free(numbers->q);
    BN_clear_free(numbers->g);
    BN_clear_free(numbers->y);
    BN_clear_free(numbers->x);
}

static bool ffc_has_subprime(const struct crypto_key *key)
{
    return key->alg != OH_HUKS_ALG_DH;
}

static huks_rc ffc_read_number(const struct key_parts *parts, enum key_part part, bool mandatory,
                               BIGNUM **out)
{
    struct bytes value = parts->at[part];
    if (value.size == 0) {
        return mandatory ? key_part_missing(part) : HUKS_OK;
    }
    if (value.size > 10000 / 8 + 8) {
        return key_part_wrong(part);
    }
    *out = number_new(value);
    return *out != NULL ? HUKS_OK : error_no_memory();
}

/* 1 < number < p − 1 */
static bool ffc_within(const BIGNUM *number, const BIGNUM *p)
{
    AUTO(number_free) BIGNUM *most = BN_dup(p);
    return most != NULL && BN_sub_word(most, 1) == 1 && !BN_is_zero(number) && !BN_is_one(number) &&
           !BN_is_negative(number) && BN_cmp(number, most) < 0;
}

static huks_rc ffc_check_domain(struct crypto_key *key, const struct ffc_numbers *numbers)
{
    uint32_t bits = (uint32_t)BN_num_bits(numbers->p);
    if (!BN_is_odd(numbers->p) || bits < key->type->bits_min || bits > key->type->bits_max) {
        return key_part_wrong(PART_PRIME);
    }
    if (numbers->q != NULL &&
        (!BN_is_odd(numbers->q) || BN_is_one(numbers->q) || BN_cmp(numbers->q, numbers->p) >= 0)) {
        return key_part_wrong(PART_SUBPRIME);
    }
    if (!ffc_within(numbers->g, numbers->p)) {
        return key_part_wrong(PART_BASE);
    }
    key->bits = bits;
    key->order_size = key->alg == OH_HUKS_ALG_DSA ? (uint32_t)BN_num_bytes(numbers->q) : 0;
    return HUKS_OK;
}

/* y = g^x mod p, or y^q = 1 for a public value of a group with a subprime. */
static huks_rc ffc_check_value(struct crypto_key *key, struct ffc_numbers *numbers)
{
    AUTO(number_context_free) BN_CTX *context = BN_CTX_secure_new_ex(crypto_base(key->crypto));
    AUTO(number_free) BIGNUM *power = BN_new();
    if (context == NULL || power == NULL) {
        return error_no_memory();
    }
    if (key->class == CRYPTO_PRIVATE) {
        const BIGNUM *limit = numbers->q != NULL ? numbers->q : numbers->p;
        if (BN_is_zero(numbers->x) || BN_cmp(numbers->x, limit) >= 0) {
            return key_part_wrong(PART_VALUE);
        }
        numbers->y = BN_new();
        if (numbers->y == NULL ||
            BN_mod_exp_mont_consttime(numbers->y, numbers->g, numbers->x, numbers->p, context, NULL) != 1) {
            return error_no_memory();
        }
    }
    if (!ffc_within(numbers->y, numbers->p)) {
        return key_part_wrong(PART_VALUE);
    }
    if (key->class == CRYPTO_PUBLIC && numbers->q != NULL &&
        (BN_mod_exp(power, numbers->y, numbers->q, numbers->p, context) != 1 || !BN_is_one(power))) {
        return key_part_wrong(PART_VALUE);
    }
    return HUKS_OK;
}

static huks_rc ffc_import(struct crypto_key *key, const struct key_parts *parts)
{
    ERROR_GUARD;
    AUTO(ffc_numbers_free) struct ffc_numbers numbers = {0};
    if (crypto_base(key->crypto) == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(ffc_read_number(parts, PART_PRIME, true, &numbers.p));
    HUKS_TRY(ffc_read_number(parts, PART_SUBPRIME, ffc_has_subprime(key), &numbers.q));
    HUKS_TRY(ffc_read_number(parts, PART_BASE, true, &numbers.g));
    HUKS_TRY(
        ffc_read_number(parts, PART_VALUE, true, key->class == CRYPTO_PRIVATE ? &numbers.x : &numbers.y));
    HUKS_TRY(ffc_check_domain(key, &numbers));
    HUKS_TRY(ffc_check_value(key, &numbers));
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    const struct {
        const char *name;
        const BIGNUM *value;
    } rows[] = {
        {OSSL_PKEY_PARAM_FFC_P, numbers.p},   {OSSL_PKEY_PARAM_FFC_Q, numbers.q},
        {OSSL_PKEY_PARAM_FFC_G, numbers.g},   {OSSL_PKEY_PARAM_PUB_KEY, numbers.y},
        {OSSL_PKEY_PARAM_PRIV_KEY, numbers.x},
    };
    for (size_t i = 0; builder != NULL && i < ARRAY_SIZE(rows); i++) {
        if (rows[i].value != NULL && OSSL_PARAM_BLD_push_BN(builder, rows[i].name, rows[i].value) != 1) {
            OSSL_PARAM_BLD_free(builder);
            builder = NULL;
        }
    }
    return pkey_import(key, builder, PART_VALUE);
}

/* ---- generation ---- */

static void ffc_pkey_free(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/* Domain parameters of a template, as a key without halves. */
static huks_rc ffc_load_domain(struct crypto_key *key, const struct crypto_keygen *spec, EVP_PKEY **out)
{
    AUTO(ffc_numbers_free) struct ffc_numbers numbers = {0};
    struct key_parts parts = {0};
    parts.at[PART_PRIME] = spec->prime;
    parts.at[PART_SUBPRIME] = spec->subprime;
    parts.at[PART_BASE] = spec->base;
    HUKS_TRY(ffc_read_number(&parts, PART_PRIME, true, &numbers.p));
    HUKS_TRY(ffc_read_number(&parts, PART_SUBPRIME, ffc_has_subprime(key), &numbers.q));
    HUKS_TRY(ffc_read_number(&parts, PART_BASE, true, &numbers.g));
    HUKS_TRY(ffc_check_domain(key, &numbers));
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, numbers.p) != 1 ||
        (numbers.q != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_Q, numbers.q) != 1) ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, numbers.g) != 1) {
        OSSL_PARAM_BLD_free(builder);
        return error_no_memory();
    }
    /* Imported as the "public key" of a key of its own, which has none yet. */
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    OSSL_PARAM_BLD_free(builder);
    AUTO(pkey_context_free) EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(crypto_lib(key->crypto), fetch_key_name(key->type->fetch), NULL);
    bool done = params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, out, EVP_PKEY_KEY_PARAMETERS, params) == 1;
    OSSL_PARAM_free(params);
    return done ? HUKS_OK : key_part_wrong(PART_PRIME);
}

static huks_rc ffc_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    const struct crypto_domain_spec usual = {.alg = key->alg, .prime_bits = spec->size_bits};
    AUTO(ffc_pkey_free) EVP_PKEY *domain = NULL;
    AUTO(pkey_context_free) EVP_PKEY_CTX *context = NULL;
    char name[16];
    const char *group = key->alg != OH_HUKS_ALG_DSA ? ffc_named_group(spec->size_bits, name) : NULL;
    if (crypto_lib(key->crypto) == NULL) {
        return error_no_memory();
    }
    if (spec->prime.size == 0 && group != NULL) {
        context = pkey_generator(key);
        if (context == NULL) {
            return error_code();
        }
        if (EVP_PKEY_CTX_set_group_name(context, group) != 1) {
            return crypto_refused();
        }
    } else {
        HUKS_TRY(spec->prime.size != 0 ? ffc_load_domain(key, spec, &domain)
                                       : domain_make(key->crypto, key->type, &usual, NULL, &domain));
        context = EVP_PKEY_CTX_new_from_pkey(crypto_lib(key->crypto), domain, NULL);
        if (context == NULL || EVP_PKEY_keygen_init(context) != 1) {
            return error_no_memory();
        }
    }
    if (spec->value_bits != 0 && key->alg == OH_HUKS_ALG_DH) {
        int length = spec->value_bits < INT_MAX ? (int)spec->value_bits : INT_MAX;
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &length),
            OSSL_PARAM_construct_end(),
        };
        if (EVP_PKEY_CTX_set_params(context, params) != 1) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "private value's size");
        }
    }
    if (EVP_PKEY_generate(context, &key->pkey) != 1) {
        return crypto_refused();
    }
    AUTO(number_free) BIGNUM *q = NULL;
    key->bits = (uint32_t)EVP_PKEY_get_bits(key->pkey);
    if (key->alg == OH_HUKS_ALG_DSA && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_FFC_Q, &q) == 1) {
        key->order_size = (uint32_t)BN_num_bytes(q);
    }
    return HUKS_OK;
}

/* ---- encodings ---- */

static const ASN1_ITEM *ffc_params_item(uint32_t alg)
{
    return alg == OH_HUKS_ALG_DSA  ? ASN1_ITEM_rptr(asn1_dsa_params)
           : alg == OH_HUKS_ALG_DH ? ASN1_ITEM_rptr(asn1_dh_params)
                                   : ASN1_ITEM_rptr(asn1_dhx_params);
}

static bool ffc_read_value(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                           struct asn1_kept *kept, struct key_parts *parts)
{
    if (params == NULL || params->type != V_ASN1_SEQUENCE) {
        return false;
    }
    const struct asn1_ffc_params *read =
        asn1_read(kept, ffc_params_item(type->alg), asn1_bytes(params->value.sequence));
    return read != NULL && asn1_unsigned(read->p, &parts->at[PART_PRIME]) &&
           (read->q == NULL || asn1_unsigned(read->q, &parts->at[PART_SUBPRIME])) &&
           asn1_unsigned(read->g, &parts->at[PART_BASE]) &&
           asn1_read_unsigned(kept, bits, &parts->at[PART_VALUE]);
}

/* A number of the key's domain, and how it is written. */
struct ffc_part {
    struct secret bytes;
    ASN1_INTEGER number;
};

static void ffc_part_free(struct ffc_part *part)
{
    secret_free(&part->bytes);
}

static huks_rc ffc_get(const struct crypto_key *key, const char *name, struct ffc_part *part,
                       ASN1_INTEGER **out)
{
    HUKS_TRY(pkey_number(key, name, 0, &part->bytes));
    part->number = asn1_number(secret_bytes(&part->bytes));
    *out = &part->number;
    return HUKS_OK;
}

static huks_rc ffc_write_params(const struct crypto_key *key, struct key_params *params)
{
    AUTO(ffc_part_free) struct ffc_part p = {0};
    AUTO(ffc_part_free) struct ffc_part q = {0};
    AUTO(ffc_part_free) struct ffc_part g = {0};
    struct asn1_ffc_params all = {0};
    ASN1_INTEGER length;
    uint8_t digits[2];
    int bits = 0;
    HUKS_TRY(ffc_get(key, OSSL_PKEY_PARAM_FFC_P, &p, &all.p));
    HUKS_TRY(ffc_get(key, OSSL_PKEY_PARAM_FFC_G, &g, &all.g));
    if (ffc_has_subprime(key)) {
        HUKS_TRY(ffc_get(key, OSSL_PKEY_PARAM_FFC_Q, &q, &all.q));
    } else if (EVP_PKEY_get_int_param(key->pkey, OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits) == 1 && bits > 0) {
        digits[0] = (uint8_t)(bits >> 8);
        digits[1] = (uint8_t)bits;
        length = asn1_number(BYTES_OF(digits));
        all.length = &length;
    }
    HUKS_TRY(asn1_write(ffc_params_item(key->alg), &all, &params->der));
    params->sequence = asn1_view(V_ASN1_SEQUENCE, secret_bytes(&params->der));
    params->any.type = V_ASN1_SEQUENCE;
    params->any.value.sequence = &params->sequence;
    return HUKS_OK;
}

static huks_rc ffc_write_public(const struct crypto_key *key, struct secret *out)
{
    return pkey_write_number(key, OSSL_PKEY_PARAM_PUB_KEY, out);
}

static huks_rc ffc_write_private(const struct crypto_key *key, struct secret *out)
{
    return pkey_write_number(key, OSSL_PKEY_PARAM_PRIV_KEY, out);
}

static huks_rc ffc_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    switch (part) {
    case PART_PRIME:
        return pkey_number(key, OSSL_PKEY_PARAM_FFC_P, 0, out);
    case PART_SUBPRIME:
        return ffc_has_subprime(key) ? pkey_number(key, OSSL_PKEY_PARAM_FFC_Q, 0, out) : key_no_part();
    case PART_BASE:
        return pkey_number(key, OSSL_PKEY_PARAM_FFC_G, 0, out);
    case PART_VALUE:
        return pkey_number(
            key, key->class == CRYPTO_PRIVATE ? OSSL_PKEY_PARAM_PRIV_KEY : OSSL_PKEY_PARAM_PUB_KEY, 0, out);
    default:
        return key_no_part();
    }
}

const struct key_family key_family_ffc = {
    .import = ffc_import,
    .generate = ffc_generate,
    .read_public = ffc_read_value,
    .read_private = ffc_read_value,
    .write_params = ffc_write_params,
    .write_public = ffc_write_public,
    .write_private = ffc_write_private,
    .part = ffc_part,
};
