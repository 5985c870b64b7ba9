/*
 * PKCS #11 3.2 sections 5.18.3, 5.18.4, 5.18.6 and 5.18.7: wrapping and unwrapping keys.
 *
 * What may leave and how: the key must be EXTRACTABLE, a WRAP_WITH_TRUSTED one goes under a TRUSTED key
 * only, and the wrapping key's WRAP_TEMPLATE must fit the key. Private keys are wrapped by ciphers that pad;
 * no mechanism here wraps in ECB, which would leave the structure of a private key in the open.
 */
#include "pkcs11/aead.h"
#include "pkcs11/template.h"

/* How the key is to be (un)wrapped; `apart`: with a tag that travels by itself and associated data. */
struct wrapping {
    const struct p11_mechanism *row;
    bool apart;
    const CK_BYTE *aad;
    CK_ULONG aad_size;
};

static CK_RV wrap_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, struct wrapping *how)
{
    if (mechanism == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism pointer");
    }
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (row->flags & flag) == 0 || (how->apart && !p11_aead_apart(row))) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    how->row = row;
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
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key",
                         p11_mechanism_name(row->type));
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
    /* What takes any length, as a private key's encoding has: padding, AEAD, and what wraps by KWP. */
    bool any_length = row->padding == OH_HUKS_PADDING_PKCS7 || row->mode == HUKS_MODE_KWP ||
                      row->method == CRYPTO_AEAD || row->method == CRYPTO_RSA_AES_WRAP ||
                      row->method == CRYPTO_ECDH_AES_WRAP;
    return item_class(key) == HUKS_CLASS_PRIVATE_KEY && any_length;
}

static CK_RV wrap_permitted(struct item *wrapping, const struct p11_mechanism *row, struct item *key)
{
    if (!wrap_carries(row, key)) {
        return p11_failf(CKR_KEY_NOT_WRAPPABLE, "key class for wrapping by %s",
                         p11_mechanism_name(row->type));
    }
    if (!p11_attribute_bool(key, CKA_EXTRACTABLE, CK_FALSE)) {
        return p11_fail(CKR_KEY_UNEXTRACTABLE, "wrapping of a key that is not CKA_EXTRACTABLE");
    }
    bool careful = p11_attribute_bool(key, CKA_WRAP_WITH_TRUSTED, CK_FALSE);
    if (careful && !p11_attribute_bool(wrapping, CKA_TRUSTED, CK_FALSE)) {
        return p11_fail(CKR_KEY_NOT_WRAPPABLE, "wrapping key: the key asks for a CKA_TRUSTED one");
    }
    if (careful && (item_purposes(wrapping) & OH_HUKS_KEY_PURPOSE_DECRYPT) != 0) {
        return p11_fail(CKR_KEY_NOT_WRAPPABLE, "wrapping key: it could decrypt what it wraps (CKA_DECRYPT)");
    }
    return p11_wrap_template_fits(wrapping, key);
}

static CK_RV wrapping_aead(const struct wrapping *how, const CK_MECHANISM *mechanism, struct wrap_spec *spec)
{
    struct p11_aead_parameter aead = {0};
    if (how->apart) {
        P11_TRY(p11_aead_message(how->row, mechanism->pParameter, mechanism->ulParameterLen, &aead));
        if (aead.tag == NULL) {
            return p11_fail(CKR_MECHANISM_PARAM_INVALID, "tag pointer");
        }
        aead.aad = how->aad;
        aead.aad_size = how->aad_size;
    } else {
        P11_TRY(p11_aead_wrapping(how->row, mechanism->pParameter, mechanism->ulParameterLen, &aead));
    }
    spec->crypto.method = how->row->method;
    spec->crypto.mode = how->row->mode;
    spec->crypto.padding = how->row->padding;
    spec->crypto.iv = bytes_of(aead.nonce, aead.nonce_size);
    spec->crypto.aad = bytes_of(aead.aad, aead.aad_size);
    spec->crypto.tag_size = aead.tag_size;
    spec->crypto.data_size = CRYPTO_SIZE_UNKNOWN;
    spec->tag = aead.tag;
    if (spec->crypto.direction == CRYPTO_ENCRYPT) {
        spec->crypto.tag_apart = how->apart;
        spec->how = aead.how;
        spec->nonce = aead.nonce;
    } else if (how->apart) {
        spec->crypto.tag = bytes_of(aead.tag, aead.tag_size);
    }
    return CKR_OK;
}

static CK_RV wrapping_read(const struct wrapping *how, const CK_MECHANISM *mechanism, struct wrap_spec *spec)
{
    return p11_aead_apart(how->row) ? wrapping_aead(how, mechanism, spec)
                                    : p11_parameter_read(how->row, mechanism, &spec->crypto);
}

static CK_RV wrap_key(struct p11_session *session, struct wrapping *how, const CK_MECHANISM *mechanism,
                      CK_OBJECT_HANDLE wrapping_handle, CK_OBJECT_HANDLE key_handle, CK_BYTE *wrapped,
                      CK_ULONG *wrapped_size)
{
    P11_TRY(wrap_row(mechanism, CKF_WRAP, how));
    if (wrapped_size == NULL || (how->aad == NULL && how->aad_size != 0)) {
        return p11_fail(CKR_ARGUMENTS_BAD,
                        wrapped_size == NULL ? "length pointer" : "associated data pointer");
    }
    AUTO(item_unref_ptr) struct item *wrapping = NULL;
    P11_TRY(wrap_with(session, how->row, wrapping_handle, P11_AT_WRAPPING_KEY, CKO_PUBLIC_KEY, &wrapping));
    P11_TRY(p11_mechanism_strength(wrapping, CKF_WRAP, P11_AT_WRAPPING_KEY));
    AUTO(item_unref_ptr) struct item *key = NULL;
    P11_TRY(p11_key_get(session, key_handle, P11_AT_WRAP, &key));
    P11_TRY(wrap_permitted(wrapping, how->row, key));
    struct wrap_spec spec = {.crypto.direction = CRYPTO_ENCRYPT};
    P11_TRY(wrapping_read(how, mechanism, &spec));
    size_t size = *wrapped_size;
    huks_rc rc =
        operate_wrap(session->token, wrapping, &spec, &session->awaited[P11_CALL_WRAP], key, wrapped, &size);
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *wrapped_size = size;
    }
    return p11_rv(rc, P11_AT_WRAP);
}

CK_RV C_WrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
                CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_size)
{
    struct wrapping how = {0};
    return P11_SESSION_CALL(
        handle, wrap_key(session, &how, mechanism, wrapping_key, key, wrapped, wrapped_size),
        "mechanism %s, wrapping key 0x%lx, key 0x%lx, wrapped %s", P11_SHOW_MECHANISM(mechanism),
        wrapping_key, key, P11_SHOW_OUTPUT(wrapped, wrapped_size));
}

CK_RV C_WrapKeyAuthenticated(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism,
                             CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR aad,
                             CK_ULONG aad_size, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_size)
{
    struct wrapping how = {.apart = true, .aad = aad, .aad_size = aad_size};
    return P11_SESSION_CALL(
        handle, wrap_key(session, &how, mechanism, wrapping_key, key, wrapped, wrapped_size),
        "mechanism %s, wrapping key 0x%lx, key 0x%lx, aad %lu, wrapped %s", P11_SHOW_MECHANISM(mechanism),
        wrapping_key, key, aad_size, P11_SHOW_OUTPUT(wrapped, wrapped_size));
}

static CK_RV unwrap_key(struct p11_session *session, struct wrapping *how, const CK_MECHANISM *mechanism,
                        CK_OBJECT_HANDLE unwrapping_handle, struct bytes wrapped,
                        const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    P11_TRY(wrap_row(mechanism, CKF_UNWRAP, how));
    if (key == NULL || wrapped.data == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, key == NULL ? "key handle pointer" : "wrapped key pointer");
    }
    if (how->aad == NULL && how->aad_size != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "associated data pointer");
    }
    AUTO(item_unref_ptr) struct item *unwrapping = NULL;
    P11_TRY(
        wrap_with(session, how->row, unwrapping_handle, P11_AT_UNWRAPPING_KEY, CKO_PRIVATE_KEY, &unwrapping));
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
    struct wrap_spec spec = {.crypto.direction = CRYPTO_DECRYPT};
    P11_TRY(wrapping_read(how, mechanism, &spec));
    uint64_t handle = 0;
    P11_TRY_HUKS(operate_unwrap(session->token, unwrapping, OH_HUKS_KEY_PURPOSE_UNWRAP, &spec.crypto,
                                &session->awaited[P11_CALL_UNWRAP], wrapped, p11_draft_size(&draft), &draft.draft,
                                &handle),
                 P11_AT_UNWRAPPING_KEY);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
                  CK_BYTE_PTR wrapped, CK_ULONG wrapped_size, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                  CK_OBJECT_HANDLE_PTR key)
{
    struct wrapping how = {0};
    return P11_SESSION_CALL(handle,
                            unwrap_key(session, &how, mechanism, unwrapping_key,
                                       bytes_of(wrapped, wrapped_size), template, count, key),
                            "mechanism %s, unwrapping key 0x%lx, wrapped %lu, template %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), unwrapping_key, wrapped_size,
                            P11_SHOW_TEMPLATE(template, count), p11_show_number(key));
}

CK_RV C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism,
                               CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_size,
                               CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR aad, CK_ULONG aad_size,
                               CK_OBJECT_HANDLE_PTR key)
{
    struct wrapping how = {.apart = true, .aad = aad, .aad_size = aad_size};
    return P11_SESSION_CALL(
        handle,
        unwrap_key(session, &how, mechanism, unwrapping_key, bytes_of(wrapped, wrapped_size), template, count,
                   key),
        "mechanism %s, unwrapping key 0x%lx, wrapped %lu, template %s, aad %lu, key 0x%lx",
        P11_SHOW_MECHANISM(mechanism), unwrapping_key, wrapped_size, P11_SHOW_TEMPLATE(template, count),
        aad_size, p11_show_number(key));
}
