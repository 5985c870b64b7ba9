/*
 * PKCS #11 3.1 section 5.18.5: deriving keys.
 */
#include "pkcs11/derivation.h"

/* Mechanisms that cut what they make to any length: a key type alone does not tell which (section 6.43). */
static bool cuts_freely(const struct p11_mechanism *row)
{
    return row->shape == SHAPE_HASH_OF_KEY || row->shape == SHAPE_JOIN || row->shape == SHAPE_STRING_DATA;
}

static CK_RV derived_size(const struct p11_derivation *derivation, const struct p11_draft *draft,
                          size_t *size)
{
    CK_ULONG asked = p11_draft_size(draft), fixed = derivation->fixed_size;
    bool misfit = draft->value_len != 0 && (asked != draft->value_len || (fixed != 0 && asked != fixed));
    if (misfit) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "key size (CKA_VALUE_LEN)");
    }
    *size = asked != 0 ? asked : fixed;
    bool typed = draft->class == CKO_SECRET_KEY && p11_alg_of_key_type(draft->key_type) != OH_HUKS_ALG_HMAC;
    if (*size == 0 && (derivation->wants_size || (typed && cuts_freely(derivation->row)))) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_VALUE_LEN)");
    }
    return CKR_OK;
}

CK_RV p11_derivation_draft(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                           struct p11_draft *draft, size_t *size)
{
    struct p11_making making = {
        .use = P11_DERIVE,
        .class = derivation->row->type == CKM_HKDF_DATA ? CKO_DATA : CKO_SECRET_KEY,
        .key_type = derivation->fixed_size != 0 ? CKK_GENERIC_SECRET : CK_UNAVAILABLE_INFORMATION,
        .usual_key_type = derivation->key_type,
        .mechanism = CK_UNAVAILABLE_INFORMATION,
        .always_sensitive_base = derivation->always_sensitive,
        .never_extractable_base = derivation->never_extractable,
        .secrecy = derivation->secrecy,
        .inherits = derivation->inherits,
        .sensitive_base = derivation->sensitive,
        .extractable_base = derivation->extractable,
        .allowed = derivation->allowed,
        .added = param_bytes(item_params(derivation->base), HUKS_TAG_DERIVE_TEMPLATE),
    };
    P11_TRY(p11_draft_make(derivation->session, &making, template, count, draft));
    return derived_size(derivation, draft, size);
}

/* ---- a public key ---- */

/* Section 6.43.8: what of the private key the public one takes over, unless the template says otherwise. */
static const struct {
    CK_ATTRIBUTE_TYPE public, private;
} halves[] = {
    {CKA_ENCRYPT, CKA_DECRYPT},       {CKA_VERIFY, CKA_SIGN},       {CKA_VERIFY_RECOVER, CKA_SIGN_RECOVER},
    {CKA_WRAP, CKA_UNWRAP},           {CKA_DERIVE, CKA_DERIVE},     {CKA_ID, CKA_ID},
    {CKA_START_DATE, CKA_START_DATE}, {CKA_END_DATE, CKA_END_DATE}, {CKA_SUBJECT, CKA_SUBJECT},
};
#define PUBLIC_ATTRIBUTES_MAX 64

static void attribute_values_free(struct attribute_value (*values)[ARRAY_SIZE(halves)])
{
    for (size_t i = 0; i < ARRAY_SIZE(*values); i++) {
        attribute_value_free(&(*values)[i]);
    }
}

/* The caller's template and behind it the private key's attributes that it does not mention. */
static CK_RV public_template(struct item *base, const CK_ATTRIBUTE *template, CK_ULONG count,
                             struct attribute_value (*values)[ARRAY_SIZE(halves)], CK_ATTRIBUTE *merged,
                             CK_ULONG *merged_count)
{
    if (count > PUBLIC_ATTRIBUTES_MAX - ARRAY_SIZE(halves)) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "template: too many attributes of a public key");
    }
    *merged_count = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        merged[(*merged_count)++] = template[i];
    }
    for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
        struct attribute_value *value = &(*values)[i];
        P11_TRY(attribute_value_get(base, attribute_find_in(halves[i].private, C_PRIV), value));
        bool given = false;
        for (CK_ULONG j = 0; j < count; j++) {
            given = given || template[j].type == halves[i].public;
        }
        if (!given) {
            merged[(*merged_count)++] =
                (CK_ATTRIBUTE){halves[i].public, (CK_VOID_PTR)(uintptr_t)value->view.data, value->view.size};
        }
    }
    return CKR_OK;
}

static CK_RV derive_public(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                           CK_OBJECT_HANDLE *key)
{
    AUTO(attribute_values_free) struct attribute_value values[ARRAY_SIZE(halves)] = {0};
    CK_ATTRIBUTE merged[PUBLIC_ATTRIBUTES_MAX];
    CK_ULONG merged_count = 0;
    const struct p11_making making = {
        .use = P11_DERIVE,
        .class = CKO_PUBLIC_KEY,
        .key_type = p11_key_type(derivation->base),
        .mechanism = CK_UNAVAILABLE_INFORMATION,
        .allowed = param_bytes(item_params(derivation->base), HUKS_TAG_ALLOWED_MECHANISMS),
    };
    uint32_t purposes = OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE;
    if ((item_purposes(derivation->base) & purposes) == 0) {
        return p11_fail(CKR_KEY_FUNCTION_NOT_PERMITTED, "key purpose");
    }
    if (template == NULL && count != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    P11_TRY(public_template(derivation->base, template, count, &values, merged, &merged_count));
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(derivation->session, &making, merged, merged_count, &draft));
    uint64_t handle = 0;
    P11_TRY_HUKS(item_make_public(derivation->session->token, derivation->base, &draft.draft, &handle),
                 P11_AT_DERIVE);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

/* ---- one key ---- */

static struct guard **awaited_of(struct p11_derivation *derivation)
{
    return &derivation->session->awaited[P11_CALL_DERIVE];
}

CK_RV p11_derivation_pieces(struct p11_derivation *derivation, struct operate_piece *pieces, size_t count)
{
    return p11_rv(operate_derive_pieces(derivation->session->token, derivation->base, &derivation->spec,
                                        awaited_of(derivation), pieces, count),
                  P11_AT_DERIVE);
}

/* The version is how the value of the key begins (RFC 5246, 7.4.7.1). */
static CK_RV read_version(struct p11_derivation *derivation, CK_VERSION *version)
{
    AUTO(secret_free) struct secret value = {0};
    if (derivation->version != NULL) {
        P11_TRY_HUKS(item_part(derivation->base, HUKS_TAG_VALUE, &value), P11_AT_DERIVE);
        *version = (CK_VERSION){value.data[0], value.data[1]};
    }
    return CKR_OK;
}

static CK_RV derive_one(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *key)
{
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    uint64_t handle = 0;
    CK_VERSION version = {0};
    P11_TRY(p11_derivation_draft(derivation, template, count, &draft, &derivation->spec.size));
    P11_TRY(read_version(derivation, &version));
    P11_TRY_HUKS(operate_derive(derivation->session->token, derivation->base, &derivation->spec,
                                awaited_of(derivation), &draft.draft, &handle),
                 P11_AT_DERIVE);
    *key = (CK_OBJECT_HANDLE)handle;
    if (derivation->version != NULL) {
        *derivation->version = version;
    }
    return CKR_OK;
}

/* CKM_TLS_PRF: bytes for the caller, no key. */
static CK_RV derive_output(struct p11_derivation *derivation)
{
    struct operate_piece piece = {.out = derivation->output, .size = *derivation->output_size};
    return p11_derivation_pieces(derivation, &piece, 1);
}

/* ---- the call ---- */

static CK_RV derive_begin(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                          struct p11_derivation *derivation, struct item **held)
{
    P11_TRY(p11_key_get(session, base, P11_AT_DERIVE, held));
    P11_TRY_HUKS(item_ready(*held), P11_AT_DERIVE);
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (row->flags & CKF_DERIVE) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    if (item_class(*held) == HUKS_CLASS_PUBLIC_KEY || !p11_mechanism_fits(row, *held)) {
        return p11_failf(CKR_KEY_TYPE_INCONSISTENT, "key type for %s", p11_mechanism_name(row->type));
    }
    if (!p11_mechanism_allowed(*held, row->type)) {
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key",
                         p11_mechanism_name(row->type));
    }
    derivation->session = session;
    derivation->base = *held;
    derivation->row = row;
    return p11_derivation_read(derivation, mechanism);
}

static CK_RV derive_key(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                        const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism pointer");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    AUTO(p11_derivation_free) struct p11_derivation derivation = {0};
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    bool makes_key = row == NULL || (row->shape != SHAPE_TLS_PRF && row->shape != SHAPE_TLS_KEYS &&
                                     row->shape != SHAPE_TLS12_KEYS);
    if (makes_key && key == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "key handle pointer");
    }
    P11_TRY(derive_begin(session, mechanism, base, &derivation, &item));
    switch (derivation.row->shape) {
    case SHAPE_TLS_PRF:
        return derive_output(&derivation);
    case SHAPE_TLS_KEYS:
    case SHAPE_TLS12_KEYS:
        return p11_derive_block(&derivation, template, count);
    case SHAPE_PUBLIC_KEY:
        return derive_public(&derivation, template, count, key);
    case SHAPE_KBKDF:
        return p11_derive_additional(&derivation, template, count, key);
    default:
        return derive_one(&derivation, template, count, key);
    }
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key,
                  CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(handle, derive_key(session, mechanism, base_key, template, count, key),
                            "mechanism %s, base key 0x%lx, template %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), base_key, P11_SHOW_TEMPLATE(template, count),
                            p11_show_number(key));
}
