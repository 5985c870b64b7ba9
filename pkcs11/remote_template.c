/* Templates in requests and replies; see remote_value.h. */
#include <string.h>

#include "pkcs11/attribute.h"
#include "pkcs11/remote_value.h"

/* Is the value an array of attributes? What the table of attributes says, by which the front end reads it. */
static bool holds_template(CK_ATTRIBUTE_TYPE type)
{
    const struct attribute_row *row = attribute_find(type);
    return row != NULL && row->kind == KIND_TEMPLATE;
}

static CK_RV too_many(void)
{
    return p11_fail(CKR_TEMPLATE_INCONSISTENT, "template: number of attributes");
}

/* As nested.c answers an array in an array, and one of half an element. */
static CK_RV check_array(const CK_ATTRIBUTE *attribute, bool inner)
{
    if (inner) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s in a nested template",
                         p11_attribute_name(attribute->type));
    }
    if (attribute->ulValueLen % sizeof(CK_ATTRIBUTE) != 0) {
        return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s", p11_attribute_name(attribute->type));
    }
    return attribute->ulValueLen / sizeof(CK_ATTRIBUTE) > REMOTE_ATTRIBUTES_MAX ? too_many() : CKR_OK;
}

/* ---- what is given ---- */

static CK_RV put_attributes(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count,
                            bool inner)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_ATTRIBUTE *attribute = &template[i];
        ipc_put_number(message, attribute->type);
        ipc_put_number(message, attribute->ulValueLen);
        if (!holds_template(attribute->type)) {
            if (attribute->pValue != NULL && attribute->ulValueLen > REMOTE_VALUE_MAX) {
                return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s",
                                 p11_attribute_name(attribute->type));
            }
            ipc_put_bytes(message, attribute->pValue, attribute->pValue == NULL ? 0 : attribute->ulValueLen);
            continue;
        }
        ipc_put_number(message, attribute->pValue != NULL);
        if (attribute->pValue != NULL) {
            P11_TRY(check_array(attribute, inner));
            P11_TRY(put_attributes(message, attribute->pValue, attribute->ulValueLen / sizeof(CK_ATTRIBUTE),
                                   true));
        }
    }
    return CKR_OK;
}

CK_RV remote_put_template(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template != NULL && count > REMOTE_ATTRIBUTES_MAX) {
        return too_many();
    }
    ipc_put_number(message, template != NULL);
    return template == NULL ? CKR_OK : put_attributes(message, template, count, false);
}

static huks_rc make_template(struct remote_room *room, CK_ULONG count, CK_ATTRIBUTE **out)
{
    void *made = NULL;
    if (count > REMOTE_ATTRIBUTES_MAX) {
        return remote_garbled();
    }
    HUKS_TRY(remote_room_make(room, count * sizeof(CK_ATTRIBUTE), &made));
    *out = made;
    return HUKS_OK;
}

static huks_rc get_attributes(struct ipc_message *message, struct remote_room *room, CK_ULONG count,
                              bool inner, CK_ATTRIBUTE **out)
{
    HUKS_TRY(make_template(room, count, out));
    CK_ATTRIBUTE *template = *out;
    for (CK_ULONG i = 0; i < count && !message->failed; i++) {
        CK_ATTRIBUTE *attribute = &template[i];
        attribute->type = ipc_get_number(message);
        attribute->ulValueLen = ipc_get_number(message);
        if (!holds_template(attribute->type)) {
            struct bytes value = ipc_get_bytes(message);
            if (value.data != NULL && value.size != attribute->ulValueLen) {
                return remote_garbled();
            }
            attribute->pValue = (void *)(uintptr_t)value.data;
            continue;
        }
        if (ipc_get_number(message) != 0) {
            CK_ATTRIBUTE *held = NULL;
            if (inner || attribute->ulValueLen % sizeof(CK_ATTRIBUTE) != 0) {
                return remote_garbled();
            }
            HUKS_TRY(
                get_attributes(message, room, attribute->ulValueLen / sizeof(CK_ATTRIBUTE), true, &held));
            attribute->pValue = held;
        }
    }
    return HUKS_OK;
}

huks_rc remote_get_template(struct ipc_message *message, struct remote_room *room, CK_ULONG count,
                            CK_ATTRIBUTE **out)
{
    *out = NULL;
    return ipc_get_number(message) == 0 ? HUKS_OK : get_attributes(message, room, count, false, out);
}

/* ---- what is asked for ---- */

/* So many elements of an array are shown at most. */
static CK_ULONG held_most(CK_ULONG size)
{
    CK_ULONG held = size / sizeof(CK_ATTRIBUTE);
    return held < REMOTE_ATTRIBUTES_MAX ? held : REMOTE_ATTRIBUTES_MAX;
}

static void put_places(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count, bool inner)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_ATTRIBUTE *attribute = &template[i];
        ipc_put_number(message,
                       inner ? 0 : attribute->type); /* the array's own types are what is asked for */
        ipc_put_number(message, attribute->ulValueLen);
        ipc_put_number(message, attribute->pValue != NULL);
        if (!inner && attribute->pValue != NULL && holds_template(attribute->type)) {
            put_places(message, attribute->pValue, held_most(attribute->ulValueLen), true);
        }
    }
}

CK_RV remote_put_query(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template != NULL && count > REMOTE_ATTRIBUTES_MAX) {
        return too_many();
    }
    ipc_put_number(message, template != NULL);
    if (template != NULL) {
        put_places(message, template, count, false);
    }
    return CKR_OK;
}

static huks_rc get_places(struct ipc_message *message, struct remote_room *room, CK_ULONG count, bool inner,
                          CK_ATTRIBUTE **out)
{
    HUKS_TRY(make_template(room, count, out));
    CK_ATTRIBUTE *template = *out;
    for (CK_ULONG i = 0; i < count && !message->failed; i++) {
        CK_ATTRIBUTE *attribute = &template[i];
        attribute->type = ipc_get_number(message);
        attribute->ulValueLen = ipc_get_number(message);
        if (ipc_get_number(message) == 0) {
            continue;
        }
        if (!inner && holds_template(attribute->type)) {
            CK_ATTRIBUTE *held = NULL;
            CK_ULONG most = held_most(attribute->ulValueLen);
            HUKS_TRY(get_places(message, room, most, true, &held));
            attribute->pValue = held;
            if (attribute->ulValueLen / sizeof(CK_ATTRIBUTE) > most) {
                attribute->ulValueLen = most * sizeof(CK_ATTRIBUTE);
            }
            continue;
        }
        if (attribute->ulValueLen > REMOTE_VALUE_MAX) {
            attribute->ulValueLen = REMOTE_VALUE_MAX; /* nothing is as long */
        }
        HUKS_TRY(remote_room_make(room, attribute->ulValueLen, &attribute->pValue));
    }
    return HUKS_OK;
}

huks_rc remote_get_query(struct ipc_message *message, struct remote_room *room, CK_ULONG count,
                         CK_ATTRIBUTE **out)
{
    *out = NULL;
    return ipc_get_number(message) == 0 ? HUKS_OK : get_places(message, room, count, false, out);
}

/* ---- answers ---- */

/* Section 5.7.5: by these every attribute has been answered. */
static bool answers_all(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_BUFFER_TOO_SMALL;
}

static size_t written(const CK_ATTRIBUTE *attribute)
{
    size_t room = remote_room_size(attribute->pValue);
    return attribute->ulValueLen < room ? attribute->ulValueLen : room;
}

static void put_answers(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count, bool inner)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_ATTRIBUTE *attribute = &template[i];
        bool shown = attribute->pValue != NULL && attribute->ulValueLen != CK_UNAVAILABLE_INFORMATION;
        ipc_put_number(message, attribute->type);
        ipc_put_number(message, attribute->ulValueLen);
        if (!inner && holds_template(attribute->type)) {
            CK_ULONG held = shown ? written(attribute) / sizeof(CK_ATTRIBUTE) : 0;
            ipc_put_number(message, held);
            put_answers(message, attribute->pValue, held, true);
        } else {
            ipc_put_bytes(message, shown ? attribute->pValue : NULL, shown ? written(attribute) : 0);
        }
    }
}

void remote_put_answers(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count, CK_RV rv)
{
    bool answered = template != NULL && answers_all(rv);
    ipc_put_number(message, answered);
    if (answered) {
        put_answers(message, template, count, false);
    }
}

static huks_rc get_answers(struct ipc_message *message, CK_ATTRIBUTE *template, CK_ULONG count, bool inner)
{
    for (CK_ULONG i = 0; i < count; i++) {
        CK_ATTRIBUTE *attribute = &template[i];
        CK_ULONG room = attribute->ulValueLen;
        CK_ATTRIBUTE_TYPE type = ipc_get_number(message);
        CK_ULONG size = ipc_get_number(message);
        if (!inner && holds_template(attribute->type)) {
            CK_ULONG held = ipc_get_number(message);
            if (held > 0 && (attribute->pValue == NULL || held > held_most(room))) {
                return remote_garbled();
            }
            HUKS_TRY(get_answers(message, attribute->pValue, held, true));
        } else {
            struct bytes value = ipc_get_bytes(message);
            if (value.size > 0 && (attribute->pValue == NULL || value.size > room)) {
                return remote_garbled();
            }
            if (value.size > 0) {
                memcpy(attribute->pValue, value.data, value.size);
            }
        }
        attribute->type = type;
        attribute->ulValueLen = size;
    }
    return HUKS_OK;
}

huks_rc remote_get_answers(struct ipc_message *message, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (ipc_get_number(message) == 0) {
        return HUKS_OK;
    }
    return template == NULL ? remote_garbled() : get_answers(message, template, count, false);
}
