/*
 * PKCS #11 3.1 section 5.18.5: deriving keys.
 */
#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"

/* CKF_HKDF_SALT_KEY: the salt is another key's value, read inside the engine. */
static CK_RV derive_salt(struct p11_session *session, const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec,
                         struct secret *salt)
{
    const CK_HKDF_PARAMS *params = mechanism->pParameter;
    if (spec->method != CRYPTO_HKDF || !spec->extract || params->ulSaltType != CKF_HKDF_SALT_KEY) {
        return CKR_OK;
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, params->hSaltKey, P11_AT_DERIVE, &item));
    P11_TRY_HUKS(item_part(item, HUKS_TAG_VALUE, salt), P11_AT_DERIVE);
    spec->salt = secret_bytes(salt);
    return CKR_OK;
}

static CK_RV derive_key(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                        const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL || key == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, mechanism == NULL ? "mechanism pointer" : "key handle pointer");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, base, P11_AT_DERIVE, &item));
    P11_TRY_HUKS(item_ready(item), P11_AT_DERIVE);
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (row->flags & CKF_DERIVE) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    if (item_class(item) == HUKS_CLASS_PUBLIC_KEY || !p11_mechanism_fits(row, item)) {
        return p11_failf(CKR_KEY_TYPE_INCONSISTENT, "key type for %s", p11_mechanism_name(row->type));
    }
    if (!p11_mechanism_allowed(item, row->type)) {
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key", p11_mechanism_name(row->type));
    }
    struct crypto_derive_spec spec;
    P11_TRY(p11_parameter_derive(row, mechanism, &spec));
    AUTO(secret_free) struct secret salt = {0};
    P11_TRY(derive_salt(session, mechanism, &spec, &salt));
    struct p11_making making = {
        .use = P11_DERIVE,
        .class = row->type == CKM_HKDF_DATA ? CKO_DATA : CKO_SECRET_KEY,
        .key_type = CK_UNAVAILABLE_INFORMATION,
        .mechanism = CK_UNAVAILABLE_INFORMATION,
        .always_sensitive_base = p11_attribute_bool(item, CKA_ALWAYS_SENSITIVE, CK_FALSE) != CK_FALSE,
        .added = param_bytes(item_params(item), HUKS_TAG_DERIVE_TEMPLATE),
        .never_extractable_base = p11_attribute_bool(item, CKA_NEVER_EXTRACTABLE, CK_FALSE) != CK_FALSE,
    };
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(session, &making, template, count, &draft));
    spec.size = p11_draft_size(&draft);
    uint64_t handle = 0;
    P11_TRY_HUKS(operate_derive(session->token, item, &spec, &session->awaited[P11_CALL_DERIVE], &draft.draft,
                                &handle),
                 P11_AT_DERIVE);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key,
                  CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(handle, derive_key(session, mechanism, base_key, template, count, key),
                            "mechanism %s, base key 0x%lx, template %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), base_key, P11_SHOW_TEMPLATE(template, count),
                            p11_show_number(key));
}
