/*
 * PKCS #11 3.1 sections 5.18.1 and 5.18.2: generating keys, key pairs and domain parameters.
 */
#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"

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

/*
 * The structure of PKCS #11 2.40 before its errata, which NSS still passes, has the address of the password's
 * length where CK_PKCS5_PBKD2_PARAMS2 has the length itself; both are of one size. No password is as long as
 * the lowest address is high, and the address is believed no more than any other number.
 */
static CK_RV read_password(const CK_PKCS5_PBKD2_PARAMS2 *params, struct bytes *password)
{
    const CK_ULONG lowest_address = 0x10000;
    CK_ULONG size = params->ulPasswordLen;
    if (size >= lowest_address && (!memory_peek(size, &size, sizeof(size)) || size >= lowest_address)) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, "password length");
    }
    if (params->pPassword == NULL && size != 0) {
        return p11_fail(CKR_MECHANISM_PARAM_INVALID, "password");
    }
    *password = bytes_of(params->pPassword, size);
    return CKR_OK;
}

static CK_RV generate_secret(struct p11_session *session, const struct p11_mechanism *row,
                             const CK_MECHANISM *mechanism, struct p11_draft *draft, CK_OBJECT_HANDLE *key)
{
    uint64_t handle = 0;
    if (row->shape == SHAPE_PBKDF2) {
        struct crypto_derive_spec spec;
        P11_TRY(p11_parameter_derive(row, mechanism, &spec));
        struct bytes password = BYTES_NONE;
        P11_TRY(read_password(mechanism->pParameter, &password));
        uint32_t bits = 0;
        P11_TRY(secret_size(row, draft, &bits));
        spec.size = bits / 8;
        P11_TRY_HUKS(operate_derive_password(session->token, password, &spec, &draft->draft, &handle),
                     P11_AT_CREATE);
    } else {
        struct crypto_keygen spec = {.alg = row->alg};
        const OH_Huks_Param *alg = param_list_find(&draft->draft.params, OH_HUKS_TAG_ALGORITHM);
        if (alg != NULL) {
            spec.alg = alg->uint32Param;
        }
        P11_TRY(secret_size(row, draft, &spec.size_bits));
        P11_TRY_HUKS(item_generate(session->token, &spec, &draft->draft, 1, draft->alias_rule, &handle),
                     P11_AT_GENERATE);
    }
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

static CK_RV generate_domain(struct p11_session *session, const struct p11_mechanism *row, struct p11_draft *draft,
                             CK_OBJECT_HANDLE *key)
{
    const OH_Huks_Param *bits = param_list_find(&draft->draft.params, HUKS_TAG_PRIME_BITS);
    if (bits == NULL) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_PRIME_BITS)");
    }
    if (bits->uint32Param < row->min || bits->uint32Param > row->max) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_PRIME_BITS)");
    }
    uint64_t handle = 0;
    struct crypto_keygen spec = {.alg = row->alg, .size_bits = bits->uint32Param};
    P11_TRY_HUKS(item_generate(session->token, &spec, &draft->draft, 1, draft->alias_rule, &handle), P11_AT_GENERATE);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

static CK_RV generate_key(struct p11_session *session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template,
                          CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (key == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "key handle pointer");
    }
    const struct p11_mechanism *row = NULL;
    P11_TRY(generate_row(mechanism, CKF_GENERATE, &row));
    bool domain = row->type == CKM_DSA_PARAMETER_GEN;
    struct p11_making making = {
        .use = P11_GENERATE,
        .class = domain ? CKO_DOMAIN_PARAMETERS : CKO_SECRET_KEY,
        .key_type = row->key_type,
        .mechanism = row->type,
    };
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(session, &making, template, count, &draft));
    return domain ? generate_domain(session, row, &draft, key)
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
    *spec = (struct crypto_keygen){
        .alg = row->alg,
        .ec_params = draft_bytes(public, HUKS_TAG_EC_PARAMS),
        .exponent = draft_bytes(public, HUKS_TAG_PUBLIC_EXPONENT),
        .prime = draft_bytes(public, HUKS_TAG_PRIME),
        .subprime = draft_bytes(public, HUKS_TAG_SUBPRIME),
        .base = draft_bytes(public, HUKS_TAG_BASE),
    };
    switch (row->key_type) {
    case CKK_RSA:
        if (public->modulus_bits == 0) {
            return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_MODULUS_BITS)");
        }
        if (public->modulus_bits < row->min || public->modulus_bits > row->max) {
            return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_MODULUS_BITS)");
        }
        spec->size_bits = (uint32_t)public->modulus_bits;
        return CKR_OK;
    case CKK_EC:
    case CKK_EC_EDWARDS:
    case CKK_EC_MONTGOMERY:
        return spec->ec_params.size > 0 ? CKR_OK : p11_fail(CKR_TEMPLATE_INCOMPLETE, "curve (CKA_EC_PARAMS)");
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
