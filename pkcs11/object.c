/*
 * PKCS #11 3.1 sections 5.7.1 to 5.7.6: creating, copying, destroying objects, and their attributes.
 */
#include "pkcs11/inherent.h"
#include "pkcs11/template.h"

static CK_RV object_get(struct p11_session *session, CK_OBJECT_HANDLE handle, struct item **out)
{
    return p11_rv(item_get(session->token, handle, out), P11_AT_OBJECT);
}

CK_RV p11_key_get(struct p11_session *session, CK_OBJECT_HANDLE handle, enum p11_where where, struct item **out)
{
    P11_TRY_HUKS(item_get(session->token, handle, out), where);
    if (item_alg(*out) != 0) {
        return CKR_OK;
    }
    item_unref(*out); /* a certificate or data object is no key */
    *out = NULL;
    return p11_rv(error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL), where);
}

static CK_RV object_create(struct p11_session *session, const CK_ATTRIBUTE *template, CK_ULONG count,
                           CK_OBJECT_HANDLE *object)
{
    if (object == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "object handle pointer");
    }
    struct p11_making making = {
        .use = P11_CREATE,
        .class = CK_UNAVAILABLE_INFORMATION,
        .key_type = CK_UNAVAILABLE_INFORMATION,
        .mechanism = CK_UNAVAILABLE_INFORMATION,
    };
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_make(session, &making, template, count, &draft));
    uint64_t handle = 0;
    P11_TRY_HUKS(item_create(session->token, &draft.draft, draft.alias_rule, &handle), P11_AT_CREATE);
    *object = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_CreateObject(CK_SESSION_HANDLE handle, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                     CK_OBJECT_HANDLE_PTR object)
{
    return P11_SESSION_CALL(handle, object_create(session, template, count, object),
                            "template %s, object 0x%lx", P11_SHOW_TEMPLATE(template, count),
                            p11_show_number(object));
}

static CK_RV object_copy(struct p11_session *session, CK_OBJECT_HANDLE source, const CK_ATTRIBUTE *template,
                         CK_ULONG count, CK_OBJECT_HANDLE *copy)
{
    if (copy == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "object handle pointer");
    }
    if (p11_inherent(source)) {
        return p11_inherent_refuse(session, source, "copy");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(object_get(session, source, &item));
    if (!p11_attribute_bool(item, CKA_COPYABLE, CK_TRUE)) {
        return p11_fail(CKR_ACTION_PROHIBITED, "copy: the object is not CKA_COPYABLE");
    }
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_copy(session, item, template, count, &draft));
    uint64_t handle = 0;
    P11_TRY_HUKS(item_copy(session->token, item, &draft.draft, &handle), P11_AT_CREATE);
    *copy = (CK_OBJECT_HANDLE)handle;
    return CKR_OK;
}

CK_RV C_CopyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                   CK_OBJECT_HANDLE_PTR copy)
{
    return P11_SESSION_CALL(handle, object_copy(session, object, template, count, copy),
                            "object 0x%lx, template %s, copy 0x%lx", object,
                            P11_SHOW_TEMPLATE(template, count), p11_show_number(copy));
}

static CK_RV object_destroy(struct p11_session *session, CK_OBJECT_HANDLE object)
{
    if (p11_inherent(object)) {
        return p11_inherent_refuse(session, object, "destruction");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(object_get(session, object, &item));
    P11_TRY(p11_session_may_write(session, item_on_token(item), item_private(item)));
    if (!p11_attribute_bool(item, CKA_DESTROYABLE, CK_TRUE)) {
        return p11_fail(CKR_ACTION_PROHIBITED, "destruction: the object is not CKA_DESTROYABLE");
    }
    return p11_rv(item_destroy(session->token, object), P11_AT_OBJECT);
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object)
{
    return P11_SESSION_CALL(handle, object_destroy(session, object), "object 0x%lx", object);
}

static CK_RV object_size(struct p11_session *session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    if (size == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "size pointer");
    }
    if (p11_inherent(object)) {
        P11_TRY(p11_inherent_check(session, object));
        *size = CK_UNAVAILABLE_INFORMATION; /* it takes no room */
        return CKR_OK;
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(object_get(session, object, &item));
    *size = item_size(item);
    return CKR_OK;
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
    return P11_SESSION_CALL(handle, object_size(session, object, size), "object 0x%lx, size %lu", object,
                            p11_show_number(size));
}

/* Every attribute is answered; the first that can't be decides what the call returns (section 5.7.5). */
static CK_RV attributes_get(struct p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                            CK_ULONG count)
{
    if (template == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    bool inherent = p11_inherent(object);
    P11_TRY(inherent ? p11_inherent_check(session, object) : object_get(session, object, &item));
    CK_RV answer = CKR_OK;
    CK_ULONG worst = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV rv = inherent ? p11_inherent_attribute(object, &template[i]) : p11_attribute_get(item, &template[i]);
        if (rv != CKR_OK && answer == CKR_OK) {
            answer = rv;
            worst = i;
        }
    }
    if (answer == CKR_OK) {
        return CKR_OK;
    }
    return p11_failf(answer, "attribute %s", p11_attribute_name(template[worst].type));
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template,
                          CK_ULONG count)
{
    return P11_SESSION_CALL(handle, attributes_get(session, object, template, count),
                            "object 0x%lx, template %s", object, P11_SHOW_TEMPLATE(template, count));
}

static CK_RV attributes_set(struct p11_session *session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template,
                            CK_ULONG count)
{
    if (template == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    if (p11_inherent(object)) {
        return p11_inherent_refuse(session, object, "change");
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(object_get(session, object, &item));
    P11_TRY(p11_session_may_write(session, item_on_token(item), item_private(item)));
    if (!p11_attribute_bool(item, CKA_MODIFIABLE, CK_TRUE)) {
        return p11_fail(CKR_ACTION_PROHIBITED, "change: the object is not CKA_MODIFIABLE");
    }
    AUTO(p11_draft_free) struct p11_draft draft = {0};
    P11_TRY(p11_draft_changes(session, item, template, count, &draft));
    return p11_rv(item_change(session->token, object, &draft.draft.params), P11_AT_OBJECT);
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template,
                          CK_ULONG count)
{
    return P11_SESSION_CALL(handle, attributes_set(session, object, template, count),
                            "object 0x%lx, template %s", object, P11_SHOW_TEMPLATE(template, count));
}
