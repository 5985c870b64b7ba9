/*
 * Profiles and mechanisms as objects. See inherent.h.
 */
#include "pkcs11/inherent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/attribute.h"
#include "pkcs11/mechanism.h"

/* A handle: the profile's or mechanism's number, the class, and the mark that it is no item's. */
#define NUMBER_SHIFT 16
#define CLASS_SHIFT  4
#define CLASS_MASK   0xfffU

static uint64_t make_handle(CK_OBJECT_CLASS class, CK_ULONG number)
{
    return (uint64_t)number << NUMBER_SHIFT | (uint64_t) class << CLASS_SHIFT | ITEM_HANDLE_FOREIGN;
}

static CK_OBJECT_CLASS class_of(CK_OBJECT_HANDLE handle)
{
    return (handle >> CLASS_SHIFT) & CLASS_MASK;
}

static CK_ULONG number_of(CK_OBJECT_HANDLE handle)
{
    return handle >> NUMBER_SHIFT;
}

bool p11_inherent(CK_OBJECT_HANDLE handle)
{
    return item_handle_foreign(handle);
}

/* ---- the profiles (PKCS #11 Profiles 3.2, chapter 5) ---- */

/* Is there a visible object of a class with this ID? `open`: one that needs no login. */
static CK_RV has_object(struct p11_session *session, uint32_t class, struct bytes id, bool open, bool *out)
{
    const uint8_t packed[4] = {(uint8_t) class};
    const struct store_match matches[] = {
        {.tag = HUKS_TAG_OBJECT_CLASS, .value = bytes_of(packed, sizeof(packed))},
        {.tag = HUKS_TAG_ID, .value = id},
    };
    uint64_t *handles = NULL;
    size_t count = 0;
    P11_TRY_HUKS(item_find(session->token, matches, ARRAY_SIZE(matches), &handles, &count), P11_AT_OBJECT);
    *out = false;
    for (size_t i = 0; i < count && !*out; i++) {
        AUTO(item_unref_ptr) struct item *item = NULL;
        *out = item_get(session->token, handles[i], &item) == HUKS_OK && item_class(item) == class &&
               bytes_equal(param_bytes(item_params(item), HUKS_TAG_ID), id) && (!open || !item_private(item));
    }
    free(handles);
    error_clear();
    return CKR_OK;
}

/* Anybody finds the certificate, and the public key that belongs to its private key. */
static CK_RV certificate_public(struct p11_session *session, struct item *certificate, bool *met)
{
    struct bytes id = param_bytes(item_params(certificate), HUKS_TAG_ID);
    bool private_key = false, public_key = true;
    if (id.size != 0) {
        P11_TRY(has_object(session, HUKS_CLASS_PRIVATE_KEY, id, false, &private_key));
    }
    if (private_key) {
        P11_TRY(has_object(session, HUKS_CLASS_PUBLIC_KEY, id, true, &public_key));
    }
    *met = !item_private(certificate) && public_key;
    return CKR_OK;
}

static CK_RV certificates_public(struct p11_session *session, bool *met)
{
    const uint8_t packed[4] = {HUKS_CLASS_CERTIFICATE};
    const struct store_match match = {.tag = HUKS_TAG_OBJECT_CLASS,
                                      .value = bytes_of(packed, sizeof(packed))};
    uint64_t *handles = NULL;
    size_t count = 0;
    P11_TRY_HUKS(item_find(session->token, &match, 1, &handles, &count), P11_AT_OBJECT);
    CK_RV rv = CKR_OK;
    *met = true;
    for (size_t i = 0; i < count && *met && rv == CKR_OK; i++) {
        AUTO(item_unref_ptr) struct item *item = NULL;
        if (item_get(session->token, handles[i], &item) == HUKS_OK) {
            rv = certificate_public(session, item, met);
        }
    }
    free(handles);
    return rv;
}

static CK_RV always(struct p11_session *session, bool *met)
{
    (void)session;
    *met = true;
    return CKR_OK;
}

static CK_RV hkdf_data(struct p11_session *session, bool *met)
{
    (void)session;
    *met = p11_mechanism_find(CKM_HKDF_DATA) != NULL;
    error_clear();
    return CKR_OK;
}

/* Not CKP_COMPLETE_PROVIDER, which asks for every mechanism of the standard. */
static const struct profile {
    CK_ULONG id;
    CK_RV (*met)(struct p11_session *session, bool *met);
} profiles[] = {
    {CKP_BASELINE_PROVIDER, always},    {CKP_EXTENDED_PROVIDER, always},
    {CKP_AUTHENTICATION_TOKEN, always}, {CKP_PUBLIC_CERTIFICATES_TOKEN, certificates_public},
    {CKP_HKDF_TLS_TOKEN, hkdf_data},
};

static CK_RV is_there(struct p11_session *session, CK_OBJECT_HANDLE handle, bool *there)
{
    *there = false;
    for (size_t i = 0; class_of(handle) == CKO_PROFILE && i < ARRAY_SIZE(profiles); i++) {
        if (profiles[i].id == number_of(handle)) {
            return profiles[i].met(session, there);
        }
    }
    if (class_of(handle) == CKO_MECHANISM) {
        *there = p11_mechanism_find(number_of(handle)) != NULL;
    }
    return CKR_OK;
}

CK_RV p11_inherent_check(struct p11_session *session, CK_OBJECT_HANDLE handle)
{
    bool there = false;
    P11_TRY(is_there(session, handle, &there));
    return there ? CKR_OK : p11_rv(error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL), P11_AT_OBJECT);
}

CK_RV p11_inherent_refuse(struct p11_session *session, CK_OBJECT_HANDLE handle, const char *what)
{
    P11_TRY(p11_inherent_check(session, handle));
    return p11_failf(CKR_ACTION_PROHIBITED, "%s: the object belongs to the token's nature", what);
}

/* ---- attributes ---- */

struct shown {
    CK_ULONG number;
    CK_BBOOL boolean;
    char text[40];
    struct bytes value;
};

static bool show_number(struct shown *shown, CK_ULONG number)
{
    shown->number = number;
    shown->value = bytes_of(&shown->number, sizeof(shown->number));
    return true;
}

static bool show_bool(struct shown *shown, CK_BBOOL boolean)
{
    shown->boolean = boolean;
    shown->value = bytes_of(&shown->boolean, sizeof(shown->boolean));
    return true;
}

/* False: no such attribute. */
static bool show(CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type, struct shown *shown)
{
    bool profile = class_of(handle) == CKO_PROFILE;
    switch (type) {
    case CKA_CLASS:
        return show_number(shown, class_of(handle));
    case CKA_PROFILE_ID:
        return profile && show_number(shown, number_of(handle));
    case CKA_MECHANISM_TYPE:
        return !profile && show_number(shown, number_of(handle));
    case CKA_TOKEN:
        return show_bool(shown, CK_TRUE);
    case CKA_PRIVATE:
    case CKA_MODIFIABLE:
    case CKA_COPYABLE:
    case CKA_DESTROYABLE:
        return show_bool(shown, CK_FALSE);
    case CKA_LABEL:
        shown->value = bytes_of("", 0);
        return true;
    case CKA_UNIQUE_ID:
        snprintf(shown->text, sizeof(shown->text), "%s-%lx", profile ? "profile" : "mechanism",
                 number_of(handle));
        shown->value = bytes_of(shown->text, strlen(shown->text));
        return true;
    default:
        return false;
    }
}

CK_RV p11_inherent_attribute(CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *attribute)
{
    struct shown shown;
    if (!show(handle, attribute->type, &shown)) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this object",
                         p11_attribute_name(attribute->type));
    }
    return attribute_show(attribute, shown.value);
}

/* ---- searches ---- */

bool p11_inherent_asked(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
        if (template[i].type == CKA_CLASS && template[i].ulValueLen == sizeof(class)) {
            memcpy(&class, template[i].pValue, sizeof(class));
        }
        if (class == CKO_PROFILE || class == CKO_MECHANISM) {
            return true;
        }
    }
    return false;
}

struct finding {
    struct p11_session *session;
    const CK_ATTRIBUTE *template;
    CK_ULONG template_count;
    uint64_t *handles;
    size_t count;
};

static bool fits(CK_OBJECT_HANDLE handle, const struct finding *finding)
{
    for (CK_ULONG i = 0; i < finding->template_count; i++) {
        const CK_ATTRIBUTE *wanted = &finding->template[i];
        struct shown shown;
        if (!show(handle, wanted->type, &shown) ||
            !bytes_equal(shown.value, bytes_of(wanted->pValue, wanted->ulValueLen))) {
            return false;
        }
    }
    return true;
}

static CK_RV find_one(struct finding *finding, CK_OBJECT_CLASS class, CK_ULONG number)
{
    uint64_t handle = make_handle(class, number);
    bool there = false;
    if (fits((CK_OBJECT_HANDLE)handle, finding)) {
        P11_TRY(is_there(finding->session, (CK_OBJECT_HANDLE)handle, &there));
    }
    if (there) {
        finding->handles[finding->count++] = handle;
    }
    return CKR_OK;
}

static CK_RV find_mechanisms(struct finding *finding, CK_MECHANISM_TYPE *types, CK_ULONG count)
{
    P11_TRY(p11_mechanism_list(types, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        P11_TRY(find_one(finding, CKO_MECHANISM, types[i]));
    }
    return CKR_OK;
}

static CK_RV find_all(struct finding *finding, CK_ULONG mechanisms)
{
    CK_MECHANISM_TYPE *types = calloc(mechanisms + 1, sizeof(*types));
    finding->handles = calloc(ARRAY_SIZE(profiles) + mechanisms, sizeof(*finding->handles));
    if (types == NULL || finding->handles == NULL) {
        free(types);
        return p11_fail(CKR_HOST_MEMORY, NULL);
    }
    CK_RV rv = CKR_OK;
    for (size_t i = 0; rv == CKR_OK && i < ARRAY_SIZE(profiles); i++) {
        rv = find_one(finding, CKO_PROFILE, profiles[i].id);
    }
    if (rv == CKR_OK) {
        rv = find_mechanisms(finding, types, mechanisms);
    }
    free(types);
    return rv;
}

CK_RV p11_inherent_find(struct p11_session *session, const CK_ATTRIBUTE *template, CK_ULONG count,
                        uint64_t **handles, size_t *found)
{
    struct finding finding = {.session = session, .template = template, .template_count = count};
    CK_ULONG mechanisms = 0;
    P11_TRY(p11_mechanism_list(NULL, &mechanisms));
    CK_RV rv = find_all(&finding, mechanisms);
    if (rv != CKR_OK) {
        free(finding.handles);
        return rv;
    }
    *handles = finding.handles;
    *found = finding.count;
    return CKR_OK;
}
