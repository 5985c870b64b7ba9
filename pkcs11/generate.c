/*
 * PKCS #11 3.1 sections 5.18.1 and 5.18.2: generating keys, key pairs and domain parameters.
 */
#include <string.h>

#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"
#include "service/operate.h"

static CK_RV generate_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct p11_mechanism **out)
{
    if (mechanism == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism pointer");
    }
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (row->flags & flag) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    if (row->shape == SHAPE_NONE && mechanism->ulParameterLen != 0) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, "mechanism parameter");
    }
    *out = row;
    return CKR_OK;
}

static struct bytes draft_bytes(const struct p11_draft *draft, uint32_t tag)
{
    const OH_Huks_Param *param = param_list_find(&draft->draft.params, tag);
    return param == NULL ? BYTES_NONE : param_blob(param);
}

/* ---- secret keys ---- */

/* The template's CKA_VALUE_LEN against the row; a mechanism of one size needs none. */
static CK_RV secret_size(const struct p11_mechanism *row, const struct p11_draft *draft, uint32_t *bits)
{
    CK_ULONG bytes = draft->value_len;
    CK_ULONG min = row->unit == UNIT_BITS ? row->min / 8 : row->min;
    CK_ULONG max = row->unit == UNIT_BITS ? row->max / 8 : row->max;
    if (bytes == 0) {
        if (min != max) {
            return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_VALUE_LEN)");
        }
        bytes = min;
    }
    if (bytes < min || bytes > max || (row->alg == OH_HUKS_ALG_AES && bytes % 8 != 0)) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_VALUE_LEN)");
    }
    *bits = (uint32_t)(bytes * 8);
    return CKR_OK;
}

/* PBES's IV is a block of its cipher; stream ciphers and MACs have none. */
size_t p11_password_iv_size(const struct p11_mechanism *row)
{
    bool none = row->key_type == CKK_RC4 || row->key_type == CKK_GENERIC_SECRET;
    return row->shape == SHAPE_PBE && !none ? P11_PASSWORD_IV_SIZE : 0;
}

static CK_RV generate_from_password(struct p11_session *session, const struct p11_mechanism *row,
                                    const CK_MECHANISM *mechanism, struct p11_draft *draft, uint64_t *handle)
{
    struct crypto_derive_spec spec;
    struct bytes password = BYTES_NONE;
    struct bytes_out iv = {NULL, p11_password_iv_size(row)};
    uint32_t bits = 0;
    P11_TRY(p11_parameter_password(row, mechanism, &spec, &password));
    P11_TRY(secret_size(row, draft, &bits));
    spec.size = bits / 8;
    spec.id = row->key_type == CKK_GENERIC_SECRET ? 3 : 1; /* section 6.38: a MAC's key or a cipher's */
    if (iv.size != 0) {
        iv.data = ((const CK_PBE_PARAMS *)mechanism->pParameter)->pInitVector;
        if (iv.data == NULL) {
            return p11_fail(CKR_MECHANISM_PARAM_INVALID, "place for the IV");
        }
        spec.size += row->method == CRYPTO_PBKDF1 ? iv.size : 0;
    }
    return p11_rv(operate_derive_password(session->token, password, &spec, &draft->draft, iv, handle),
                  P11_AT_CREATE);
}

static CK_RV generate_random(struct p11_session *session, const struct p11_mechanism *row,
                             const CK_MECHANISM *mechanism, struct p11_draft *draft, uint64_t *handle)
{
    struct crypto_keygen spec = {.alg = row->alg};
    const OH_Huks_Param *alg = param_list_find(&draft->draft.params, OH_HUKS_TAG_ALGORITHM);
    if (alg != NULL) {
        spec.alg = alg->uint32Param;
    }
    P11_TRY(secret_size(row, draft, &spec.size_bits));
    uint8_t version[2];
    if (row->shape == SHAPE_VERSION) {
        if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(CK_VERSION)) {
            return p11_fail(CKR_MECHANISM_PARAM_INVALID, "TLS version");
        }
        const CK_VERSION *given = mechanism->pParameter;
        version[0] = given->major;
        version[1] = given->minor;
        spec.prefix = BYTES_OF(version);
    }
    return p11_rv(item_generate(session->token, &spec, &draft->draft, 1, draft->alias_rule, handle),
                  P11_AT_GENERATE);
}

static CK_RV generate_secret(struct p11_session *session, const struct p11_mechanism *row,
                             const CK_MECHANISM *mechanism, struct p11_draft *draft, CK_OBJECT_HANDLE *key)
{
    uint64_t handle = 0;
    bool password = row->shape == SHAPE_PBKDF2 || row->shape == SHAPE_PBE;
    P11_TRY(password ? generate_from_password(session, row, mechanism, draft, &handle)
                     : generate_random(session, row, mechanism, draft, &handle));
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

/* ---- domain parameters ---- */

/* Section 6.2.6: what the subprime's size is unless the template says so. */
static CK_RV domain_subprime(const struct p11_mechanism *row, struct p11_draft *draft, uint32_t prime_bits)
{
    struct param_list *params = &draft->draft.params;
    if (row->key_type == CKK_DH || param_list_find(params, HUKS_TAG_SUBPRIME_BITS) != NULL) {
        return CKR_OK;
    }
    uint32_t bits = prime_bits <= 1024 ? 160 : prime_bits == 2048 && row->key_type == CKK_DSA ? 224 : 256;
    return p11_rv(param_list_put_u32(params, HUKS_TAG_SUBPRIME_BITS, bits), P11_AT_GENERATE);
}

static CK_RV domain_size(const struct p11_mechanism *row, struct p11_draft *draft, struct crypto_keygen *spec)
{
    const OH_Huks_Param *bits = param_list_find(&draft->draft.params, HUKS_TAG_PRIME_BITS);
    if (bits == NULL) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_PRIME_BITS)");
    }
    if (bits->uint32Param < row->min || bits->uint32Param > row->max) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_PRIME_BITS)");
    }
    spec->size_bits = bits->uint32Param;
    return domain_subprime(row, draft, spec->size_bits);
}

/* FIPS 186-4, A.2.3: the generator that seed and index of given primes lead to. */
static CK_RV domain_base(struct p11_draft *draft, const CK_DSA_PARAMETER_GEN_PARAM *params,
                         struct crypto_keygen *spec)
{
    spec->prime = draft_bytes(draft, HUKS_TAG_PRIME);
    spec->subprime = draft_bytes(draft, HUKS_TAG_SUBPRIME);
    if (spec->prime.size == 0 || spec->subprime.size == 0) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "domain parameters (CKA_PRIME, CKA_SUBPRIME)");
    }
    if (params->pSeed == NULL || params->ulSeedLen == 0 || params->ulIndex > 255) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, params->ulIndex > 255 ? "generator index" : "seed");
    }
    spec->seed = bytes_of(params->pSeed, params->ulSeedLen);
    spec->index = (uint32_t)params->ulIndex;
    return CKR_OK;
}

/* The seed goes where the caller said, at most as long as he said (section 6.2.1.1). */
static CK_RV domain_tell_seed(CK_DSA_PARAMETER_GEN_PARAM *params, const struct buffer *seed)
{
    if (params->pSeed != NULL) {
        if (params->ulSeedLen < seed->size) {
            return p11_fail(CKR_BUFFER_TOO_SMALL, "buffer for the seed");
        }
        memcpy(params->pSeed, seed->data, seed->size);
    }
    params->ulSeedLen = seed->size;
    return CKR_OK;
}

static CK_RV domain_parameter(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                              struct p11_draft *draft, struct crypto_keygen *spec)
{
    if (row->shape != SHAPE_DSA_PARAMETER) {
        return domain_size(row, draft, spec);
    }
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(CK_DSA_PARAMETER_GEN_PARAM)) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, "DSA parameter generation parameter");
    }
    const CK_DSA_PARAMETER_GEN_PARAM *params = mechanism->pParameter;
    spec->digest = p11_parameter_hash(params->hash);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, "hash algorithm");
    }
    if (row->type == CKM_DSA_FIPS_G_GEN) {
        return domain_base(draft, params, spec);
    }
    if (params->pSeed != NULL && params->ulSeedLen < p11_parameter_hash_size(params->hash)) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "buffer for the seed");
    }
    return domain_size(row, draft, spec);
}

static CK_RV generate_domain(struct p11_session *session, const struct p11_mechanism *row,
                             const CK_MECHANISM *mechanism, struct p11_draft *draft, CK_OBJECT_HANDLE *key)
{
    AUTO(buffer_free) struct buffer seed = {0};
    struct crypto_keygen spec = {.alg = row->alg};
    uint64_t handle = 0;
    P11_TRY(domain_parameter(row, mechanism, draft, &spec));
    if (row->type == CKM_DSA_PROBABILISTIC_PARAMETER_GEN) {
        spec.seed_out = &seed;
    }
    P11_TRY_HUKS(item_generate(session->token, &spec, &draft->draft, 1, draft->alias_rule, &handle), P11_AT_GENERATE);
    *key = (CK_OBJECT_HANDLE)handle;
    return spec.seed_out != NULL ? domain_tell_seed(mechanism->pParameter, &seed) : CKR_OK;
}

static bool makes_domain(const struct p11_mechanism *row)
{
    return row->key_type == CKK_DSA || row->key_type == CKK_DH || row->key_type == CKK_X9_42_DH;
}

static CK_RV generate_key(struct p11_session *session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template,
                          CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (key == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "key handle pointer");
    }
    const struct p11_mechanism *row = NULL;
    P11_TRY(generate_row(mechanism, CKF_GENERATE, &row));
    bool domain = makes_domain(row);
    struct p11_making making = {
        .use = P11_GENERATE,
        .class = domain ? CKO_DOMAIN_PARAMETERS : CKO_SECRET_KEY,
        .key_type = row->key_type,
        .mechanism = row->type,
    };
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(session, &making, template, count, &draft));
    return domain ? generate_domain(session, row, mechanism, &draft, key)
                  : generate_secret(session, row, mechanism, &draft, key);
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                    CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(handle, generate_key(session, mechanism, template, count, key),
                            "mechanism %s, template %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism),
                            P11_SHOW_TEMPLATE(template, count), p11_show_number(key));
}

/* ---- key pairs ---- */

static CK_RV pair_spec(const struct p11_mechanism *row, const struct p11_draft *public, struct crypto_keygen *spec)
{
    const OH_Huks_Param *set = NULL;
    *spec = (struct crypto_keygen){
        .alg = row->alg,
        .ec_params = draft_bytes(public, HUKS_TAG_EC_PARAMS),
        .exponent = draft_bytes(public, HUKS_TAG_PUBLIC_EXPONENT),
        .prime = draft_bytes(public, HUKS_TAG_PRIME),
        .subprime = draft_bytes(public, HUKS_TAG_SUBPRIME),
        .base = draft_bytes(public, HUKS_TAG_BASE),
        .x931 = row->type == CKM_RSA_X9_31_KEY_PAIR_GEN,
        .extra_bits = row->type == CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS,
    };
    switch (row->key_type) {
    case CKK_RSA:
        if (public->modulus_bits == 0) {
            return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_MODULUS_BITS)");
        }
        if (public->modulus_bits < p11_mechanism_min(row) || public->modulus_bits > row->max) {
            return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_MODULUS_BITS)");
        }
        spec->size_bits = (uint32_t)public->modulus_bits;
        return CKR_OK;
    case CKK_EC:
    case CKK_EC_EDWARDS:
    case CKK_EC_MONTGOMERY:
        return spec->ec_params.size > 0 ? CKR_OK : p11_fail(CKR_TEMPLATE_INCOMPLETE, "curve (CKA_EC_PARAMS)");
    case CKK_ML_KEM:
    case CKK_ML_DSA:
    case CKK_SLH_DSA:
        set = param_list_find(&public->draft.params, OH_HUKS_TAG_KEY_SIZE);
        spec->size_bits = set != NULL ? set->uint32Param : 0;
        return set != NULL ? CKR_OK : p11_fail(CKR_TEMPLATE_INCOMPLETE, "parameter set (CKA_PARAMETER_SET)");
    case CKK_HUKS_SM2:
        return CKR_OK; /* there is but one curve */
    case CKK_X9_42_DH:
    case CKK_DSA:
        if (spec->subprime.size == 0) {
            return p11_fail(CKR_TEMPLATE_INCOMPLETE, "domain parameters (CKA_SUBPRIME)");
        }
        __attribute__((fallthrough));
    default:
        return spec->prime.size > 0 && spec->base.size > 0
                   ? CKR_OK
                   : p11_fail(CKR_TEMPLATE_INCOMPLETE, "domain parameters (CKA_PRIME, CKA_BASE)");
    }
}

static CK_RV generate_drafted(struct p11_session *session, const struct p11_mechanism *row, struct p11_draft drafts[2],
                              CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct crypto_keygen spec;
    P11_TRY(pair_spec(row, &drafts[0], &spec));
    spec.value_bits =
        row->key_type == CKK_DH ? (uint32_t)drafts[1].value_bits : 0; /* template_read checked it */
    struct item_draft both[2] = {drafts[0].draft, drafts[1].draft};
    uint64_t handles[2] = {0, 0};
    enum store_alias_rule rule = drafts[0].alias_rule == STORE_ALIAS_REPLACE ? STORE_ALIAS_REPLACE
                                                                             : drafts[1].alias_rule;
    huks_rc rc = item_generate(session->token, &spec, both, 2, rule, handles);
    drafts[0].draft = both[0]; /* their lists may have grown */
    drafts[1].draft = both[1];
    P11_TRY_HUKS(rc, P11_AT_GENERATE);
    *public_key = (CK_OBJECT_HANDLE)handles[0];
    *private_key = (CK_OBJECT_HANDLE)handles[1];
    return CKR_OK;
}

static CK_RV generate_pair(struct p11_session *session, const CK_MECHANISM *mechanism,
                           const CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                           const CK_ATTRIBUTE *private_template, CK_ULONG private_count,
                           CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    if (public_key == NULL || private_key == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "key handle pointer");
    }
    const struct p11_mechanism *row = NULL;
    P11_TRY(generate_row(mechanism, CKF_GENERATE_KEY_PAIR, &row));
    struct p11_making public = {
        .use = P11_GENERATE, .class = CKO_PUBLIC_KEY, .key_type = row->key_type, .mechanism = row->type};
    struct p11_making private = public;
    private.class = CKO_PRIVATE_KEY;
    struct p11_draft drafts[2] = {0};
    CK_RV rv = p11_draft_pair(session, &public, public_template, public_count, &private, private_template,
                              private_count, drafts);
    if (rv == CKR_OK) {
        rv = generate_drafted(session, row, drafts, public_key, private_key);
    }
    p11_draft_free(&drafts[0]);
    p11_draft_free(&drafts[1]);
    return rv;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_template,
                        CK_ULONG public_count, CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
                        CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
    return P11_SESSION_CALL(handle,
                            generate_pair(session, mechanism, public_template, public_count, private_template,
                                          private_count, public_key, private_key),
                            "mechanism %s, public %s, private %s, keys 0x%lx 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), P11_SHOW_TEMPLATE(public_template, public_count),
                            P11_SHOW_TEMPLATE(private_template, private_count), p11_show_number(public_key),
                            p11_show_number(private_key));
}
