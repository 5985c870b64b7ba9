/*
 * ML-KEM, ML-DSA and SLH-DSA keys (FIPS 203 to 205): either half is a string of its parameter set's length,
 * and a private one of the first two has a seed that it was made from. Where both are given they must belong
 * together: the seed is what the key is made of.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>

#include "crypto/keydata.h"

#define PQ_SEED "seed"

static const struct pq_sizes {
    uint32_t alg, set;
    uint16_t public, private, seed;
} pq_sizes[] = {
    /* FIPS 203, table 3; FIPS 204, table 2; FIPS 205, table 2 */
    {HUKS_ALG_ML_KEM, HUKS_ML_KEM_512, 800, 1632, 64},
    {HUKS_ALG_ML_KEM, HUKS_ML_KEM_768, 1184, 2400, 64},
    {HUKS_ALG_ML_KEM, HUKS_ML_KEM_1024, 1568, 3168, 64},
    {HUKS_ALG_ML_DSA, HUKS_ML_DSA_44, 1312, 2560, 32},
    {HUKS_ALG_ML_DSA, HUKS_ML_DSA_65, 1952, 4032, 32},
    {HUKS_ALG_ML_DSA, HUKS_ML_DSA_87, 2592, 4896, 32},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_128S, 32, 64, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_128S, 32, 64, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_128F, 32, 64, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_128F, 32, 64, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_192S, 48, 96, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_192S, 48, 96, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_192F, 48, 96, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_192F, 48, 96, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_256S, 64, 128, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_256S, 64, 128, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_256F, 64, 128, 0},
    {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_256F, 64, 128, 0},
};

static const struct pq_sizes *pq_sizes_of(uint32_t alg, uint32_t set)
{
    for (size_t i = 0; i < ARRAY_SIZE(pq_sizes); i++) {
        if (pq_sizes[i].alg == alg && pq_sizes[i].set == set) {
            return &pq_sizes[i];
        }
    }
    return NULL;
}

static huks_rc pq_choose(struct crypto_key *key, uint32_t set, const struct pq_sizes **sizes)
{
    const struct key_type *type = key_type_of_set(key->alg, set);
    *sizes = pq_sizes_of(key->alg, set);
    if (set == 0) {
        return error_raise(HUKS_E_MISSING_PARAM, ABOUT_TEMPLATE, "parameter set");
    }
    if (type == NULL || *sizes == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_PARAMETER_SET, "parameter set");
    }
    key->type = type;
    key->bits = set;
    return HUKS_OK;
}

static huks_rc pq_push(struct crypto_key *key, const char *name, struct bytes value, enum key_part blame)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL && OSSL_PARAM_BLD_push_octet_string(builder, name, value.data, value.size) != 1) {
        OSSL_PARAM_BLD_free(builder);
        builder = NULL;
    }
    return pkey_import(key, builder, blame);
}

/* Appends one string of the key; the size that it has. */
static huks_rc pq_get(const struct crypto_key *key, const char *name, size_t size, struct secret *out)
{
    AUTO(secret_free) struct secret bytes = {0};
    size_t made = 0;
    HUKS_TRY(secret_alloc(&bytes, size));
    HUKS_TRY(pkey_octets(key, name, bytes.data, bytes.size, &made));
    return made == size ? key_append(out, secret_bytes(&bytes)) : key_no_part();
}

static const struct pq_sizes *pq_sizes_of_key(const struct crypto_key *key)
{
    return pq_sizes_of(key->alg, key->bits);
}

static huks_rc pq_import_private(struct crypto_key *key, const struct pq_sizes *sizes, struct bytes seed,
                                 struct bytes value)
{
    if (seed.size == 0 && value.size == 0) {
        return key_part_missing(PART_VALUE);
    }
    if (seed.size != 0 && seed.size != sizes->seed) {
        return key_part_wrong(PART_SEED);
    }
    if (value.size != 0 && value.size != sizes->private) {
        return key_part_wrong(PART_VALUE);
    }
    if (seed.size == 0) {
        return pq_push(key, OSSL_PKEY_PARAM_PRIV_KEY, value, PART_VALUE);
    }
    HUKS_TRY(pq_push(key, PQ_SEED, seed, PART_SEED));
    if (value.size == 0) {
        return HUKS_OK;
    }
    AUTO(secret_free) struct secret made = {0};
    HUKS_TRY(pq_get(key, OSSL_PKEY_PARAM_PRIV_KEY, sizes->private, &made));
    return crypto_equal(made.data, made.size, value.data, value.size) ? HUKS_OK : key_part_wrong(PART_VALUE);
}

static huks_rc pq_import(struct crypto_key *key, const struct key_parts *parts)
{
    ERROR_GUARD;
    const struct pq_sizes *sizes;
    HUKS_TRY(pq_choose(key, parts->set, &sizes));
    struct bytes value = parts->at[PART_VALUE];
    if (key->class == CRYPTO_PRIVATE) {
        return pq_import_private(key, sizes, parts->at[PART_SEED], value);
    }
    if (value.size == 0) {
        return key_part_missing(PART_VALUE);
    }
    return value.size == sizes->public ? pq_push(key, OSSL_PKEY_PARAM_PUB_KEY, value, PART_VALUE)
                                       : key_part_wrong(PART_VALUE);
}

static huks_rc pq_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    const struct pq_sizes *sizes;
    HUKS_TRY(pq_choose(key, spec->size_bits, &sizes));
    AUTO(pkey_context_free) EVP_PKEY_CTX *context = pkey_generator(key);
    if (context == NULL) {
        return error_code();
    }
    return EVP_PKEY_generate(context, &key->pkey) == 1 ? HUKS_OK : crypto_refused();
}

/* ---- encodings: RFC 9881, RFC 9909, RFC 9935 ---- */

static bool pq_read_public(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                           struct asn1_kept *kept, struct key_parts *parts)
{
    (void)kept;
    parts->set = type->bits_min;
    parts->at[PART_VALUE] = bits;
    return params == NULL;
}

static bool pq_read_private(const struct key_type *type, const ASN1_TYPE *params, struct bytes octets,
                            struct asn1_kept *kept, struct key_parts *parts)
{
    parts->set = type->bits_min;
    if (params != NULL) {
        return false;
    }
    if (type->alg == HUKS_ALG_SLH_DSA) {
        parts->at[PART_VALUE] = octets;
        return octets.size != 0;
    }
    const struct asn1_pq_private *read = asn1_read(kept, ASN1_ITEM_rptr(asn1_pq_private), octets);
    if (read == NULL) {
        return false;
    }
    switch (read->type) {
    case ASN1_PQ_SEED:
        parts->at[PART_SEED] = asn1_bytes(read->as.seed);
        return true;
    case ASN1_PQ_EXPANDED:
        parts->at[PART_VALUE] = asn1_bytes(read->as.expanded);
        return true;
    default:
        parts->at[PART_SEED] = asn1_bytes(read->as.both->seed);
        parts->at[PART_VALUE] = asn1_bytes(read->as.both->expanded);
        return true;
    }
}

static huks_rc pq_write_params(const struct crypto_key *key, struct key_params *params)
{
    (void)key;
    (void)params;
    return HUKS_OK;
}

static huks_rc pq_write_public(const struct crypto_key *key, struct secret *out)
{
    return pq_get(key, OSSL_PKEY_PARAM_PUB_KEY, pq_sizes_of_key(key)->public, out);
}

/* The seed, where the key has one; nothing otherwise. */
static huks_rc pq_seed(const struct crypto_key *key, struct secret *out)
{
    size_t size = pq_sizes_of_key(key)->seed;
    huks_rc rc = size != 0 ? pq_get(key, PQ_SEED, size, out) : HUKS_OK;
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return HUKS_OK;
    }
    return rc;
}

/* Seed and key where both are known, as most programs read them. */
static huks_rc pq_write_private(const struct crypto_key *key, struct secret *out)
{
    AUTO(secret_free) struct secret value = {0};
    AUTO(secret_free) struct secret seed = {0};
    HUKS_TRY(pq_get(key, OSSL_PKEY_PARAM_PRIV_KEY, pq_sizes_of_key(key)->private, &value));
    if (key->alg == HUKS_ALG_SLH_DSA) {
        return key_append(out, secret_bytes(&value));
    }
    HUKS_TRY(pq_seed(key, &seed));
    ASN1_OCTET_STRING strings[] = {asn1_view(V_ASN1_OCTET_STRING, secret_bytes(&seed)),
                                   asn1_view(V_ASN1_OCTET_STRING, secret_bytes(&value))};
    struct asn1_pq_both both = {&strings[0], &strings[1]};
    struct asn1_pq_private choice = {.type = ASN1_PQ_BOTH, .as.both = &both};
    if (seed.size == 0) {
        choice = (struct asn1_pq_private){.type = ASN1_PQ_EXPANDED, .as.expanded = &strings[1]};
    }
    return asn1_write(ASN1_ITEM_rptr(asn1_pq_private), &choice, out);
}

static huks_rc pq_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    const struct pq_sizes *sizes = pq_sizes_of_key(key);
    bool private = key->class == CRYPTO_PRIVATE;
    if (part == PART_VALUE) {
        return private ? pq_get(key, OSSL_PKEY_PARAM_PRIV_KEY, sizes->private, out)
                       : pq_get(key, OSSL_PKEY_PARAM_PUB_KEY, sizes->public, out);
    }
    return part == PART_SEED && private && sizes->seed != 0 ? pq_get(key, PQ_SEED, sizes->seed, out)
                                                            : key_no_part();
}

const struct key_family key_family_pq = {
    .import = pq_import,
    .generate = pq_generate,
    .read_public = pq_read_public,
    .read_private = pq_read_private,
    .write_params = pq_write_params,
    .write_public = pq_write_public,
    .write_private = pq_write_private,
    .part = pq_part,
};
