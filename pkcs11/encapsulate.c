/*
 * PKCS #11 3.2 sections 5.18.8 and 5.18.9: secrets that two sides make out of one's public key.
 *
 * By CKM_RSA_PKCS and CKM_RSA_PKCS_OAEP a secret is drawn and encrypted; by CKM_RSA_X_509 (RSASVE),
 * CKM_ECDH1_* (with an ephemeral key, whose point is the ciphertext) and CKM_ML_KEM it comes out of the
 * mechanism.
 */
#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"
#include "service/wrap.h"

/* One side of it. */
struct side {
    CK_FLAGS flag;
    CK_OBJECT_CLASS class;
    enum p11_where where;
    uint32_t template; /* tag of the key's template for what comes out */
    enum crypto_direction direction;
};
static const struct side sender = {CKF_ENCAPSULATE, CKO_PUBLIC_KEY, P11_AT_DERIVE,
                                   HUKS_TAG_ENCAPSULATE_TEMPLATE, CRYPTO_ENCRYPT};
static const struct side receiver = {CKF_DECAPSULATE, CKO_PRIVATE_KEY, P11_AT_UNWRAPPING_KEY,
                                     HUKS_TAG_DECAPSULATE_TEMPLATE, CRYPTO_DECRYPT};

static CK_RV type_inconsistent(const struct side *side, const struct p11_mechanism *row)
{
    CK_RV rv =
        side->where == P11_AT_DERIVE ? CKR_KEY_TYPE_INCONSISTENT : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
    return p11_failf(rv, "key type for %s", p11_mechanism_name(row->type));
}

static CK_RV find_key(struct p11_session *session, const struct side *side, const CK_MECHANISM *mechanism,
                      CK_OBJECT_HANDLE handle, const struct p11_mechanism **row, struct item **out)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, handle, side->where, &item));
    P11_TRY_HUKS(item_ready(item), side->where);
    *row = p11_mechanism_find(mechanism->mechanism);
    if (*row == NULL || ((*row)->flags & side->flag) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    if ((CK_OBJECT_CLASS)item_class(item) != side->class || !p11_mechanism_fits(*row, item)) {
        return type_inconsistent(side, *row);
    }
    if (!p11_mechanism_allowed(item, (*row)->type)) {
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key",
                         p11_mechanism_name((*row)->type));
    }
    P11_TRY(p11_mechanism_strength(item, side->flag, side->where));
    *out = item;
    item = NULL;
    return CKR_OK;
}

static CK_RV read_mechanism(const struct side *side, const struct p11_mechanism *row,
                            const CK_MECHANISM *mechanism, struct encapsulation *out)
{
    *out = (struct encapsulation){.crypto.direction = side->direction, .kem.method = row->method};
    switch (row->method) {
    case CRYPTO_ECDH:
        return p11_parameter_encapsulate(row, mechanism, &out->kem.derive);
    case CRYPTO_RSA_RAW:
    case CRYPTO_ML_KEM:
        return mechanism->ulParameterLen == 0 ? CKR_OK
                                              : p11_fail(CKR_MECHANISM_PARAM_INVALID, "mechanism parameter");
    default:
        out->draws = true;
        return p11_parameter_read(row, mechanism, &out->crypto);
    }
}

/* The new key's draft; the size that it asks for must be known where the mechanism has none of its own. */
static CK_RV read_template(struct p11_session *session, const struct side *side, const struct item *item,
                           const CK_ATTRIBUTE *template, CK_ULONG count, struct p11_draft *draft)
{
    const struct p11_making making = {
        .use = P11_DERIVE,
        .class = CKO_SECRET_KEY,
        .key_type = CK_UNAVAILABLE_INFORMATION,
        .mechanism = CK_UNAVAILABLE_INFORMATION,
        .added = param_bytes(item_params(item), side->template),
    };
    return p11_draft_make(session, &making, template, count, draft);
}

static CK_RV encapsulate(struct p11_session *session, const CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE public_key, const CK_ATTRIBUTE *template, CK_ULONG count,
                         CK_BYTE *encrypted, CK_ULONG *encrypted_size, CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL || encrypted_size == NULL || (key == NULL && encrypted != NULL)) {
        return p11_fail(CKR_ARGUMENTS_BAD, mechanism == NULL        ? "mechanism pointer"
                                           : encrypted_size == NULL ? "length pointer"
                                                                    : "key handle pointer");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    const struct p11_mechanism *row = NULL;
    P11_TRY(find_key(session, &sender, mechanism, public_key, &row, &item));
    struct encapsulation spec;
    P11_TRY(read_mechanism(&sender, row, mechanism, &spec));
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(read_template(session, &sender, item, template, count, &draft));
    size_t wanted = p11_draft_size(&draft), size = *encrypted_size;
    if (spec.draws && wanted == 0) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "key size (CKA_VALUE_LEN)");
    }
    spec.kem.derive.size = wanted;
    uint64_t handle = 0;
    huks_rc rc =
        operate_encapsulate(session->token, item, &spec, wanted, &draft.draft, encrypted, &size, &handle);
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *encrypted_size = size;
    }
    P11_TRY_HUKS(rc, P11_AT_DERIVE);
    if (encrypted != NULL) {
        *key = (CK_OBJECT_HANDLE)handle;
    }
    return CKR_OK;
}

CK_RV C_EncapsulateKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key,
                       CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR encrypted,
                       CK_ULONG_PTR encrypted_size, CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(
        handle, encapsulate(session, mechanism, public_key, template, count, encrypted, encrypted_size, key),
        "mechanism %s, public key 0x%lx, template %s, encrypted %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism),
        public_key, P11_SHOW_TEMPLATE(template, count), P11_SHOW_OUTPUT(encrypted, encrypted_size),
        p11_show_number(key));
}

static CK_RV decapsulate(struct p11_session *session, const CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE private_key, const CK_ATTRIBUTE *template, CK_ULONG count,
                         struct bytes encrypted, CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL || key == NULL || encrypted.data == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, mechanism == NULL ? "mechanism pointer"
                                           : key == NULL     ? "key handle pointer"
                                                             : "ciphertext pointer");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    const struct p11_mechanism *row = NULL;
    P11_TRY(find_key(session, &receiver, mechanism, private_key, &row, &item));
    struct encapsulation spec;
    P11_TRY(read_mechanism(&receiver, row, mechanism, &spec));
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(read_template(session, &receiver, item, template, count, &draft));
    size_t wanted = p11_draft_size(&draft);
    spec.kem.derive.size = wanted;
    uint64_t handle = 0;
    P11_TRY_HUKS(operate_decapsulate(session->token, item, &spec, &session->awaited[P11_CALL_DECAPSULATE],
                                     encrypted, wanted, &draft.draft, &handle),
                 P11_AT_UNWRAPPING_KEY);
    *key = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_DecapsulateKey(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE private_key,
                       CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR encrypted,
                       CK_ULONG encrypted_size, CK_OBJECT_HANDLE_PTR key)
{
    return P11_SESSION_CALL(handle,
                            decapsulate(session, mechanism, private_key, template, count,
                                        bytes_of(encrypted, encrypted_size), key),
                            "mechanism %s, private key 0x%lx, template %s, encrypted %lu, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), private_key, P11_SHOW_TEMPLATE(template, count),
                            encrypted_size, p11_show_number(key));
}
