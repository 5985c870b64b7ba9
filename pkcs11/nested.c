/*
 * Nested templates (CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE): an array of CK_ATTRIBUTE
 * holds pointers and machine words, so it is stored packed: for each attribute u32 type, u32 length and the
 * value, where a CK_ULONG is 8 bytes; all little-endian.
 */
#include <string.h>

#include "pkcs11/attribute.h"

#define ENTRY_HEAD 8u

static void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool is_number(CK_ATTRIBUTE_TYPE type)
{
    const struct attribute_row *row = attribute_find(type);
    if (row == NULL) {
        return false;
    }
    return row->kind == KIND_ULONG || type == CKA_VALUE_LEN || type == CKA_MODULUS_BITS || type == CKA_PRIME_BITS ||
           type == CKA_VALUE_BITS;
}

static CK_RV pack_one(const CK_ATTRIBUTE *attribute, struct buffer *packed)
{
    const struct attribute_row *row = attribute_find(attribute->type);
    if (row == NULL || row->kind == KIND_TEMPLATE || row->kind == KIND_MECHANISMS) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s in a nested template",
                         p11_attribute_name(attribute->type));
    }
    bool number = is_number(attribute->type);
    if ((attribute->pValue == NULL && attribute->ulValueLen != 0) || attribute->ulValueLen > UINT16_MAX ||
        (number && attribute->ulValueLen != sizeof(CK_ULONG))) {
        return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s in a nested template",
                         p11_attribute_name(attribute->type));
    }
    uint8_t head[ENTRY_HEAD];
    put_u32(head, (uint32_t)attribute->type);
    put_u32(head + 4, number ? 8 : (uint32_t)attribute->ulValueLen);
    P11_TRY_HUKS(buffer_append(packed, head, sizeof(head)), P11_AT_CREATE);
    if (!number) {
        return p11_rv(buffer_append(packed, attribute->pValue, attribute->ulValueLen), P11_AT_CREATE);
    }
    CK_ULONG value;
    memcpy(&value, attribute->pValue, sizeof(value));
    uint8_t wide[8];
    put_u32(wide, (uint32_t)value);
    put_u32(wide + 4, (uint32_t)((uint64_t)value >> 32));
    return p11_rv(buffer_append(packed, wide, sizeof(wide)), P11_AT_CREATE);
}

CK_RV nested_pack(const CK_ATTRIBUTE *attribute, struct buffer *packed)
{
    if (attribute->ulValueLen % sizeof(CK_ATTRIBUTE) != 0 ||
        (attribute->pValue == NULL && attribute->ulValueLen != 0)) {
        return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s", p11_attribute_name(attribute->type));
    }
    const CK_ATTRIBUTE *inner = attribute->pValue;
    for (size_t i = 0; i < attribute->ulValueLen / sizeof(CK_ATTRIBUTE); i++) {
        P11_TRY(pack_one(&inner[i], packed));
    }
    return CKR_OK;
}

/* One packed attribute: its type, and its value as a caller of this machine sees it. */
struct entry {
    CK_ATTRIBUTE_TYPE type;
    CK_ULONG number;
    struct bytes value;
};

static bool entry_next(struct bytes *rest, struct entry *entry)
{
    if (rest->size < ENTRY_HEAD) {
        return false;
    }
    uint32_t size = get_u32(rest->data + 4);
    if (size > rest->size - ENTRY_HEAD) {
        return false;
    }
    entry->type = get_u32(rest->data);
    entry->value = bytes_of(rest->data + ENTRY_HEAD, size);
    rest->data += ENTRY_HEAD + size;
    rest->size -= ENTRY_HEAD + size;
    return true;
}

static struct bytes entry_value(struct entry *entry)
{
    if (!is_number(entry->type) || entry->value.size != 8) {
        return entry->value;
    }
    uint64_t wide = get_u32(entry->value.data) | (uint64_t)get_u32(entry->value.data + 4) << 32;
    entry->number = (CK_ULONG)wide;
    return bytes_of(&entry->number, sizeof(entry->number));
}

CK_RV nested_each(struct bytes packed, CK_RV (*visit)(const CK_ATTRIBUTE *attribute, void *argument), void *argument)
{
    struct entry entry;
    while (entry_next(&packed, &entry)) {
        struct bytes value = entry_value(&entry);
        CK_ATTRIBUTE attribute = {entry.type, (void *)(uintptr_t)value.data, value.size};
        P11_TRY(visit(&attribute, argument));
    }
    return CKR_OK;
}

/*
 * C_GetAttributeValue on an array attribute (section 5.7.5): without a buffer the array's size; with one,
 * each element's type and length, and its value where the caller gave the element a buffer.
 */
CK_RV nested_show(struct bytes packed, CK_ATTRIBUTE *attribute)
{
    size_t count = 0;
    struct entry entry;
    for (struct bytes rest = packed; entry_next(&rest, &entry);) {
        count++;
    }
    size_t size = count * sizeof(CK_ATTRIBUTE);
    if (attribute->pValue == NULL) {
        attribute->ulValueLen = size;
        return CKR_OK;
    }
    if (attribute->ulValueLen < size) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return p11_failf(CKR_BUFFER_TOO_SMALL, "buffer for attribute %s", p11_attribute_name(attribute->type));
    }
    attribute->ulValueLen = size;
    CK_ATTRIBUTE *inner = attribute->pValue;
    CK_RV rv = CKR_OK;
    for (struct bytes rest = packed; entry_next(&rest, &entry); inner++) {
        struct bytes value = entry_value(&entry);
        inner->type = entry.type;
        if (inner->pValue != NULL && inner->ulValueLen < value.size) {
            inner->ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = p11_failf(CKR_BUFFER_TOO_SMALL, "buffer for attribute %s", p11_attribute_name(entry.type));
            continue;
        }
        if (inner->pValue != NULL && value.size > 0) {
            memcpy(inner->pValue, value.data, value.size);
        }
        inner->ulValueLen = value.size;
    }
    return rv;
}
