/*
 * Domain parameters of DSA and Diffie-Hellman: making them.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/digest.h"
#include "crypto/keydata.h"
#include "crypto/number.h"

static void domain_pkey_free(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static OSSL_PARAM domain_text(const char *name, const char *text)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)text, 0);
}

/* The generator's settings, and what they point to. */
struct domain_settings {
    OSSL_PARAM params[8];
    size_t count;
    size_t p, q;
    int generator, index;
};

static void domain_add(struct domain_settings *settings, OSSL_PARAM param)
{
    settings->params[settings->count++] = param;
}

/* FIPS 186-4 has only four pairs of sizes; all others are made as FIPS 186-2 did. */
static bool domain_is_old(size_t p, size_t q)
{
    return !((p == 1024 && q == 160) || (p == 2048 && (q == 224 || q == 256)) || (p == 3072 && q == 256));
}

static huks_rc domain_settle(struct crypto *crypto, const struct crypto_domain_spec *domain,
                             struct domain_settings *settings)
{
    settings->p = domain->prime_bits;
    settings->q = domain->subprime_bits != 0 ? domain->subprime_bits : domain->prime_bits >= 2048 ? 256 : 160;
    domain_add(settings, OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &settings->p));
    if (domain->alg == OH_HUKS_ALG_DH) {
        settings->generator = 2;
        domain_add(settings, domain_text(OSSL_PKEY_PARAM_FFC_TYPE, "generator"));
        domain_add(settings, OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_DH_GENERATOR, &settings->generator));
        return HUKS_OK;
    }
    bool old = domain_is_old(settings->p, settings->q);
    domain_add(settings, OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &settings->q));
    domain_add(settings, domain_text(OSSL_PKEY_PARAM_FFC_TYPE, old ? "fips186_2" : "fips186_4"));
    if (domain->digest != OH_HUKS_DIGEST_NONE) {
        const struct digest_row *row = NULL;
        HUKS_TRY(digest_get(crypto, domain->digest, &row));
        /* FIPS 186-4, A.1.1.2: a hash as long as the subprime at least. */
        if (old || (size_t)row->size * 8 < settings->q) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, "digest algorithm");
        }
        domain_add(settings, domain_text(OSSL_PKEY_PARAM_FFC_DIGEST, row->name));
    }
    if (domain->seed.size != 0) {
        settings->index = (int)domain->index;
        domain_add(settings, OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_FFC_SEED,
                                                               (void *)(uintptr_t)domain->seed.data,
                                                               domain->seed.size));
        domain_add(settings, OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_FFC_GINDEX, &settings->index));
    }
    return HUKS_OK;
}

huks_rc domain_make(struct crypto *crypto, const struct key_type *type,
                    const struct crypto_domain_spec *domain, EVP_PKEY *numbers, EVP_PKEY **out)
{
    OSSL_LIB_CTX *lib = crypto_lib(crypto);
    struct domain_settings settings = {.count = 0};
    if (lib == NULL) {
        return error_no_memory();
    }
    AUTO(pkey_context_free)
    EVP_PKEY_CTX *context =
        numbers != NULL ? EVP_PKEY_CTX_new_from_pkey(lib, numbers, NULL)
                        : EVP_PKEY_CTX_new_from_name(lib, fetch_key_name(type->fetch), NULL);
    if (context == NULL) {
        return error_no_memory();
    }
    if (domain->prime_bits < type->bits_min || domain->prime_bits > type->bits_max) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    HUKS_TRY(domain_settle(crypto, domain, &settings));
    domain_add(&settings, OSSL_PARAM_construct_end());
    if (EVP_PKEY_paramgen_init(context) != 1 || EVP_PKEY_CTX_set_params(context, settings.params) != 1 ||
        EVP_PKEY_paramgen(context, out) != 1) {
        return crypto_refused();
    }
    return HUKS_OK;
}

/* ---- the verbs ---- */

static huks_rc domain_append(const struct crypto_key *key, const char *name, struct buffer *out)
{
    AUTO(secret_free) struct secret number = {0};
    HUKS_TRY(pkey_number(key, name, 0, &number));
    return buffer_append(out, number.data, number.size);
}

static huks_rc domain_append_seed(const struct crypto_key *key, struct buffer *out)
{
    uint8_t seed[DIGEST_SIZE_MAX];
    size_t size = 0;
    HUKS_TRY(pkey_octets(key, OSSL_PKEY_PARAM_FFC_SEED, seed, sizeof(seed), &size));
    return buffer_append(out, seed, size);
}

huks_rc crypto_domain_generate(struct crypto *crypto, const struct crypto_domain_spec *domain,
                               struct buffer *prime, struct buffer *subprime, struct buffer *base,
                               struct buffer *seed)
{
    ERROR_GUARD;
    const struct key_type *type = key_type_find(domain->alg);
    if (type == NULL || type->family != &key_family_ffc) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    struct crypto_key key = {.crypto = crypto, .type = type, .alg = domain->alg};
    AUTO(domain_pkey_free) EVP_PKEY *pkey = NULL;
    HUKS_TRY(domain_make(crypto, type, domain, NULL, &pkey));
    key.pkey = pkey;
    HUKS_TRY(domain_append(&key, OSSL_PKEY_PARAM_FFC_P, prime));
    if (domain->alg != OH_HUKS_ALG_DH) {
        HUKS_TRY(domain_append(&key, OSSL_PKEY_PARAM_FFC_Q, subprime));
    }
    HUKS_TRY(domain_append(&key, OSSL_PKEY_PARAM_FFC_G, base));
    return seed != NULL ? domain_append_seed(&key, seed) : HUKS_OK;
}

/* p and q as a key of parameters alone. */
static huks_rc domain_load(struct crypto *crypto, const struct key_type *type, const BIGNUM *p,
                           const BIGNUM *q, EVP_PKEY **out)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool pushed = builder != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
                  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_Q, q) == 1;
    OSSL_PARAM *params = pushed ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    OSSL_PARAM_BLD_free(builder);
    AUTO(pkey_context_free)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(crypto_lib(crypto), fetch_key_name(type->fetch), NULL);
    bool done = params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, out, EVP_PKEY_KEY_PARAMETERS, params) == 1;
    OSSL_PARAM_free(params);
    return done ? HUKS_OK : crypto_refused();
}

/* (p − 1) mod q = 0, both prime: else there is no subgroup to generate. */
static huks_rc domain_check(struct crypto *crypto, const BIGNUM *p, const BIGNUM *q)
{
    AUTO(number_context_free) BN_CTX *context = BN_CTX_new_ex(crypto_base(crypto));
    AUTO(number_free) BIGNUM *rest = BN_new();
    if (context == NULL || rest == NULL) {
        return error_no_memory();
    }
    if (BN_is_zero(q) || BN_is_one(q) || BN_cmp(q, p) >= 0 || BN_check_prime(q, context, NULL) != 1) {
        return key_part_wrong(PART_SUBPRIME);
    }
    if (BN_nnmod(rest, p, q, context) != 1 || !BN_is_one(rest) || BN_check_prime(p, context, NULL) != 1) {
        return key_part_wrong(PART_PRIME);
    }
    return HUKS_OK;
}

huks_rc crypto_domain_base(struct crypto *crypto, const struct crypto_domain_spec *domain, struct bytes prime,
                           struct bytes subprime, struct buffer *base)
{
    ERROR_GUARD;
    const struct key_type *type = key_type_find(domain->alg);
    if (type == NULL || domain->alg != OH_HUKS_ALG_DSA) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    if (crypto_lib(crypto) == NULL) {
        return error_no_memory();
    }
    if (number_trim(prime).size > type->bits_max / 8 || subprime.size > prime.size) {
        return key_part_wrong(PART_PRIME);
    }
    AUTO(number_free) BIGNUM *p = number_new(prime);
    AUTO(number_free) BIGNUM *q = number_new(subprime);
    AUTO(domain_pkey_free) EVP_PKEY *numbers = NULL;
    AUTO(domain_pkey_free) EVP_PKEY *made = NULL;
    if (p == NULL || q == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(domain_check(crypto, p, q));
    HUKS_TRY(domain_load(crypto, type, p, q, &numbers));
    struct crypto_domain_spec sized = *domain;
    sized.prime_bits = (uint32_t)BN_num_bits(p);
    sized.subprime_bits = (uint32_t)BN_num_bits(q);
    HUKS_TRY(domain_make(crypto, type, &sized, numbers, &made));
    struct crypto_key key = {.crypto = crypto, .type = type, .alg = domain->alg, .pkey = made};
    return domain_append(&key, OSSL_PKEY_PARAM_FFC_G, base);
}

/* ---- HUKS's own group of a size ---- */

const char *ffc_named_group(uint32_t bits, char name[16])
{
    static const uint16_t sizes[] = {2048, 3072, 4096, 6144, 8192};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        if (sizes[i] == bits) {
            snprintf(name, 16, "ffdhe%u", bits);
            return name;
        }
    }
    return NULL;
}

huks_rc ffc_domain_of_size(struct crypto *crypto, uint32_t bits, struct buffer *prime, struct buffer *base)
{
    ERROR_GUARD;
    const struct key_type *type = key_type_find(OH_HUKS_ALG_DH);
    struct crypto_key domain = {.crypto = crypto, .type = type, .alg = OH_HUKS_ALG_DH};
    AUTO(domain_pkey_free) EVP_PKEY *pkey = NULL;
    OSSL_LIB_CTX *lib = crypto_lib(crypto);
    char name[16];
    if (ffc_named_group(bits, name) == NULL) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    AUTO(pkey_context_free)
    EVP_PKEY_CTX *context =
        lib != NULL ? EVP_PKEY_CTX_new_from_name(lib, fetch_key_name(type->fetch), NULL) : NULL;
    if (context == NULL) {
        return error_no_memory();
    }
    if (EVP_PKEY_paramgen_init(context) != 1 || EVP_PKEY_CTX_set_group_name(context, name) != 1 ||
        EVP_PKEY_paramgen(context, &pkey) != 1) {
        return crypto_refused();
    }
    domain.pkey = pkey;
    HUKS_TRY(domain_append(&domain, OSSL_PKEY_PARAM_FFC_P, prime));
    return domain_append(&domain, OSSL_PKEY_PARAM_FFC_G, base);
}
