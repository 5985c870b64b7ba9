/*
 * PKCS #11 3.1 section 5.7.7: searching. The candidates are a snapshot of handles, taken by the store's
 * indexes; each is compared with the whole template when it is about to be given out, so that the beginning
 * of a search costs the same whatever it will find, and changes made meanwhile do no harm.
 */
#include <stdlib.h>
#include <string.h>

#include "pkcs11/attribute.h"
#include "pkcs11/inherent.h"
#include "pkcs11/mechanism.h"

struct p11_find {
    uint64_t *handles;
    size_t count, next;
    CK_ATTRIBUTE *template; /* a copy: the caller's is gone by then */
    CK_ULONG template_count;
};

void p11_find_free(struct p11_session *session)
{
    struct p11_find *find = session->find;
    if (find == NULL) {
        return;
    }
    session->find = NULL;
    free(find->handles);
    for (CK_ULONG i = 0; find->template != NULL && i < find->template_count; i++) {
        free(find->template[i].pValue);
    }
    free(find->template);
    free(find);
}

static CK_RV find_no_memory(void)
{
    return p11_rv(error_no_memory(), P11_AT_OTHER);
}

/* An array of attributes, and behind it their values; NULL when there is no memory. */
static CK_ATTRIBUTE *copy_array(const CK_ATTRIBUTE *array, CK_ULONG count)
{
    size_t size = count * sizeof(*array);
    for (CK_ULONG i = 0; i < count; i++) {
        size += array[i].pValue == NULL ? 0 : array[i].ulValueLen;
    }
    CK_ATTRIBUTE *copy = malloc(size);
    uint8_t *value = (uint8_t *)(copy == NULL ? NULL : copy + count);
    for (CK_ULONG i = 0; copy != NULL && i < count; i++) {
        copy[i] = array[i];
        if (array[i].pValue != NULL) {
            copy[i].pValue = value;
            memcpy(value, array[i].pValue, array[i].ulValueLen);
            value += array[i].ulValueLen;
        }
    }
    return copy;
}

/* What is read must stay, and be as the table of attributes says; of an array in an array nothing is read. */
static CK_RV copy_value(const CK_ATTRIBUTE *attribute, CK_ATTRIBUTE *copy)
{
    const struct attribute_row *row = attribute_find(attribute->type);
    *copy = (CK_ATTRIBUTE){attribute->type, NULL, attribute->ulValueLen};
    if (attribute->ulValueLen == 0) {
        return CKR_OK;
    }
    if (row != NULL && row->kind == KIND_TEMPLATE) {
        AUTO(buffer_free) struct buffer packed = {0};
        P11_TRY(nested_pack(attribute, &packed));
        copy->pValue = copy_array(attribute->pValue, attribute->ulValueLen / sizeof(CK_ATTRIBUTE));
    } else if ((copy->pValue = malloc(attribute->ulValueLen)) != NULL) {
        memcpy(copy->pValue, attribute->pValue, attribute->ulValueLen);
    }
    return copy->pValue != NULL ? CKR_OK : find_no_memory();
}

static CK_RV find_copy_template(struct p11_find *find, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (count == 0) {
        return CKR_OK;
    }
    find->template = calloc(count, sizeof(*find->template));
    if (find->template == NULL) {
        return find_no_memory();
    }
    find->template_count = count;
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].pValue == NULL && template[i].ulValueLen != 0) {
            return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s", p11_attribute_name(template[i].type));
        }
        P11_TRY(copy_value(&template[i], &find->template[i]));
    }
    return CKR_OK;
}

#define MATCHES_MAX 8

/* The attributes that the store has an index for. An empty value is not indexed: absent reads as empty. */
static size_t find_matches(const struct p11_find *find, struct store_match matches[MATCHES_MAX],
                           uint32_t numbers[MATCHES_MAX])
{
    size_t used = 0;
    for (CK_ULONG i = 0; i < find->template_count && used < MATCHES_MAX; i++) {
        const CK_ATTRIBUTE *wanted = &find->template[i];
        const struct attribute_row *row = attribute_find(wanted->type);
        if (row == NULL || wanted->ulValueLen == 0 || !store_tag_indexed(row->tag)) {
            continue;
        }
        if (row->kind == KIND_BYTES) {
            matches[used++] =
                (struct store_match){.tag = row->tag, .value = bytes_of(wanted->pValue, wanted->ulValueLen)};
        } else if (row->kind == KIND_ULONG && wanted->ulValueLen == sizeof(CK_ULONG) &&
                   (row->tag & HUKS_TAG_TYPE_MASK) == OH_HUKS_TAG_TYPE_UINT) {
            CK_ULONG number;
            memcpy(&number, wanted->pValue, sizeof(number));
            uint8_t *packed = (uint8_t *)&numbers[used];
            for (unsigned byte = 0; byte < 4; byte++) {
                packed[byte] = (uint8_t)(number >> (8 * byte));
            }
            matches[used] = (struct store_match){.tag = row->tag, .value = bytes_of(packed, 4)};
            used++;
        }
    }
    return used;
}

static CK_RV find_begin(struct p11_session *session, struct p11_find *find, const CK_ATTRIBUTE *template,
                        CK_ULONG count)
{
    P11_TRY(find_copy_template(find, template, count));
    if (p11_inherent_asked(find->template, count)) {
        return p11_inherent_find(session, find->template, count, &find->handles, &find->count);
    }
    struct store_match matches[MATCHES_MAX];
    uint32_t numbers[MATCHES_MAX];
    size_t used = find_matches(find, matches, numbers);
    return p11_rv(item_find(session->token, matches, used, &find->handles, &find->count), P11_AT_OBJECT);
}

static CK_RV find_init(struct p11_session *session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    if (session->find != NULL) {
        return p11_fail(CKR_OPERATION_ACTIVE, "state: a search is pending");
    }
    session->find = calloc(1, sizeof(*session->find));
    if (session->find == NULL) {
        return find_no_memory();
    }
    CK_RV rv = find_begin(session, session->find, template, count);
    if (rv != CKR_OK) {
        p11_find_free(session);
    }
    return rv;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    return P11_SESSION_CALL(handle, find_init(session, template, count), "template %s",
                            P11_SHOW_TEMPLATE(template, count));
}

/*
 * An object that is gone, or went out of sight, since the search began is no result; nor is a damaged one
 * (huksctl check tells of it). What can't be read is another matter: silence would say that it is not there.
 */
static CK_RV find_still_matches(struct p11_session *session, const struct p11_find *find, uint64_t handle,
                                bool *matches)
{
    if (p11_inherent((CK_OBJECT_HANDLE)handle)) {
        *matches = true; /* compared when they were collected: they don't change */
        return CKR_OK;
    }
    AUTO(item_unref_ptr) struct item *item = NULL;
    huks_rc rc = item_get(session->token, handle, &item);
    *matches = rc == HUKS_OK && p11_attribute_match(item, find->template, find->template_count);
    if (rc == HUKS_E_NOT_EXIST || (rc == HUKS_E_INTERNAL && error_about() == ABOUT_OBJECT)) {
        error_clear();
        return CKR_OK;
    }
    return p11_rv(rc, P11_AT_OBJECT);
}

static CK_RV find_next(struct p11_session *session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *found)
{
    if (found == NULL || (objects == NULL && room != 0)) {
        return p11_fail(CKR_ARGUMENTS_BAD, found == NULL ? "count pointer" : "object handle pointer");
    }
    struct p11_find *find = session->find;
    if (find == NULL) {
        return p11_fail(CKR_OPERATION_NOT_INITIALIZED, "state: no search is pending");
    }
    CK_ULONG given = 0;
    while (given < room && find->next < find->count) {
        uint64_t handle = find->handles[find->next];
        bool matches = false;
        P11_TRY(find_still_matches(session, find, handle, &matches));
        find->next++;
        if (matches) {
            objects[given++] = (CK_OBJECT_HANDLE)handle;
        }
    }
    *found = given;
    return CKR_OK;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE_PTR objects, CK_ULONG room, CK_ULONG_PTR found)
{
    return P11_SESSION_CALL(handle, find_next(session, objects, room, found), "room %lu, found %lu", room,
                            p11_show_number(found));
}

static CK_RV find_final(struct p11_session *session)
{
    if (session->find == NULL) {
        return p11_fail(CKR_OPERATION_NOT_INITIALIZED, "state: no search is pending");
    }
    p11_find_free(session);
    return CKR_OK;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, find_final(session));
}
