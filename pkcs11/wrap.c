/*
 * PKCS #11 3.1 sections 5.18.3 and 5.18.4: wrapping and unwrapping keys.
 *
 * What may leave and how: the key must be EXTRACTABLE, a WRAP_WITH_TRUSTED one goes under a TRUSTED key
 * only, and the wrapping key's WRAP_TEMPLATE must fit the key. Private keys are wrapped by ciphers that pad;
 * no mechanism here wraps in ECB, which would leave the structure of a private key in the open.
 */
#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"

static CK_RV wrap_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct p11_mechanism **out)
{
    if (mechanism == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism pointer");
    }
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (row->flags & flag) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    *out = row;
    return CKR_OK;
}

/* The item behind the (un)wrapping key's handle, fit for the row. */
static CK_RV wrap_with(struct p11_session *session, const struct p11_mechanism *row, CK_OBJECT_HANDLE handle,
                       enum p11_where where, CK_OBJECT_CLASS asymmetric, struct item **out)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, handle, where, &item));
    P11_TRY_HUKS(item_ready(item), where);
    bool fits = item_class(item) == HUKS_CLASS_SECRET_KEY || (CK_OBJECT_CLASS)item_class(item) == asymmetric;
    if (!fits || !p11_mechanism_fits(row, item)) {
        CK_RV rv = where == P11_AT_WRAPPING_KEY ? CKR_WRAPPING_KEY_TYPE_INCONSISTENT
                                                : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
        return p11_failf(rv, "key type for %s", p11_mechanism_name(row->type));
    }
    if (!p11_mechanism_allowed(item, row->type)) {
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key", p11_mechanism_name(row->type));
    }
    *out = item;
    item = NULL;
    return CKR_OK;
}

/* Can this mechanism carry such a key at all? */
static bool wrap_carries(const struct p11_mechanism *row, const struct item *key)
{
    if (item_class(key) == HUKS_CLASS_SECRET_KEY) {
        return true;
    }
    bool pads = row->method == CRYPTO_KEY_WRAP ? row->mode == HUKS_MODE_KWP : row->padding == OH_HUKS_PADDING_PKCS7;
    return item_class(key) == HUKS_CLASS_PRIVATE_KEY && row->alg != OH_HUKS_ALG_RSA && pads;
}

static CK_RV wrap_permitted(struct item *wrapping, const struct p11_mechanism *row, struct item *key)
{
    if (!wrap_carries(row, key)) {
        return p11_failf(CKR_KEY_NOT_WRAPPABLE, "key class for wrapping by %s", p11_mechanism_name(row->type));
    }
    if (!p11_attribute_bool(key, CKA_EXTRACTABLE, CK_FALSE)) {
        return p11_fail(CKR_KEY_UNEXTRACTABLE, "wrapping of a key that is not CKA_EXTRACTABLE");
    }
    if (p11_attribute_bool(key, CKA_WRAP_WITH_TRUSTED, CK_FALSE) &&
        !p11_attribute_bool(wrapping, CKA_TRUSTED, CK_FALSE)) {
        return p11_fail(CKR_KEY_NOT_WRAPPABLE, "wrapping key: the key asks for a CKA_TRUSTED one");
    }
    return p11_wrap_template_fits(wrapping, key);
}

static CK_RV wrap_key(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_handle,
                      CK_OBJECT_HANDLE key_handle, CK_BYTE *wrapped, CK_ULONG *wrapped_size)
{
    const struct p11_mechanism *row = NULL;
    P11_TRY(wrap_row(mechanism, CKF_WRAP, &row));
    if (wrapped_size == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length pointer");
    }
    AUTO(item_unref_ptr) struct item *wrapping = NULL;
    P11_TRY(wrap_with(session, row, wrapping_handle, P11_AT_WRAPPING_KEY, CKO_PUBLIC_KEY, &wrapping));
    AUTO(item_unref_ptr) struct item *key = NULL;
    P11_TRY(p11_key_get(session, key_handle, P11_AT_WRAP, &key));
    P11_TRY(wrap_permitted(wrapping, row, key));
    struct crypto_spec spec = {.direction = CRYPTO_ENCRYPT};
    P11_TRY(p11_parameter_read(row, mechanism, &spec));
    size_t size = *wrapped_size;
    huks_rc rc = operate_wrap(session->token, wrapping, &spec, key, wrapped, &size);
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *wrapped_size = size;
    }
    return p11_rv(rc, P11_AT_WRAP);
}

CK_RV C_WrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
                CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_size)
{
    return P11_SESSION_CALL(handle, wrap_key(session, mechanism, wrapping_key, key, wrapped, wrapped_size),
                            "mechanism %s, wrapping key 0x%lx, key 0x%lx, wrapped %s",
                            P11_SHOW_MECHANISM(mechanism), wrapping_key, key,
                            P11_SHOW_OUTPUT(wrapped, wrapped_size));
}

static CK_RV unwrap_key(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_handle,
                        const CK_BYTE *wrapped, CK_ULONG wrapped_size, const CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *key)
{
    const struct p11_mechanism *row = NULL;
    P11_TRY(wrap_row(mechanism, CKF_UNWRAP, &row));
    if (key == NULL || wrapped == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, key == NULL ? "key handle pointer" : "wrapped key pointer");
    }
    AUTO(item_unref_ptr) struct item *unwrapping = NULL;
    P11_TRY(wrap_with(session, row, unwrapping_handle, P11_AT_UNWRAPPING_KEY, CKO_PRIVATE_KEY, &unwrapping));
    struct p11_making making = {
        .use = P11_UNWRAP,
        .class = CK_UNAVAILABLE_INFORMATION,
        .key_type = CK_UNAVAILABLE_INFORMATION,
        .mechanism = CK_UNAVAILABLE_INFORMATION,
        .added = param_bytes(item_params(unwrapping), HUKS_TAG_UNWRAP_TEMPLATE),
    };
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(session, &making, template, count, &draft));
    if (draft.class != CKO_SECRET_KEY && draft.class != CKO_PRIVATE_KEY) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_CLASS of an unwrapped key");
    }
    struct crypto_spec spec = {.direction = CRYPTO_DECRYPT};
    P11_TRY(p11_parameter_read(row, mechanism, &spec));
    uint64_t handle = 0;
    P11_TRY_HUKS(operate_unwrap(session->token, unwrapping, &spec, bytes_of(wrapped, wrapped_size), &draft.draft,
                                &handle),
                 P11_AT_UNWRAPPING_KEY);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
                  CK_BYTE_PTR wrapped, CK_ULONG wrapped_size, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                  CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(
        handle, unwrap_key(session, mechanism, unwrapping_key, wrapped, wrapped_size, template, count, key),
        "mechanism %s, unwrapping key 0x%lx, wrapped %lu, template %s, key 0x%lx",
        P11_SHOW_MECHANISM(mechanism), unwrapping_key, wrapped_size, P11_SHOW_TEMPLATE(template, count),
        p11_show_number(key));
}
