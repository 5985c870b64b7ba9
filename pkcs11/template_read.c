/*
 * Reading a template: one pass over the caller's attributes against the attribute table; see template_read.h.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/template_read.h"

/* Bytes that a draft's params view and that are not the caller's. */
struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) uint8_t bytes[];
};

/* NULL when there is no memory. */
uint8_t *template_chunk(struct p11_draft *draft, size_t size)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = draft->chunks;
    draft->chunks = chunk;
    return chunk->bytes;
}

CK_RV template_no_memory(void)
{
    return p11_rv(error_no_memory(), P11_AT_CREATE);
}

void p11_draft_free(struct p11_draft *draft)
{
    param_list_free(&draft->draft.params);
    buffer_free(&draft->scratch);
    while (draft->chunks != NULL) {
        struct chunk *chunk = draft->chunks;
        draft->chunks = chunk->next;
        free(chunk);
    }
}

/* ---- what a template says ---- */

static CK_RV value_error(const CK_ATTRIBUTE *attribute)
{
    return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s", p11_attribute_name(attribute->type));
}

CK_RV template_bool(const CK_ATTRIBUTE *attribute, bool *out)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_BBOOL)) {
        return value_error(attribute);
    }
    CK_BBOOL value = *(const CK_BBOOL *)attribute->pValue;
    if (value != CK_TRUE && value != CK_FALSE) {
        return value_error(attribute);
    }
    *out = value == CK_TRUE;
    return CKR_OK;
}

CK_RV template_number(const CK_ATTRIBUTE *attribute, CK_ULONG *out)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_ULONG)) {
        return value_error(attribute);
    }
    memcpy(out, attribute->pValue, sizeof(*out));
    return CKR_OK;
}

const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == type) {
            return &template[i];
        }
    }
    return NULL;
}

/* The same attribute twice is a contradiction even when both say the same. */
CK_RV template_check(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].pValue == NULL && template[i].ulValueLen != 0) {
            return value_error(&template[i]);
        }
        if (template_find(template, i, template[i].type) != NULL) {
            return p11_failf(CKR_TEMPLATE_INCONSISTENT, "attribute %s, given twice",
                             p11_attribute_name(template[i].type));
        }
    }
    return CKR_OK;
}

/* ---- one attribute ---- */

static CK_RV put_mechanisms(struct template_reading *reading, const CK_ATTRIBUTE *attribute)
{
    if (attribute->ulValueLen % sizeof(CK_MECHANISM_TYPE) != 0) {
        return value_error(attribute);
    }
    size_t count = attribute->ulValueLen / sizeof(CK_MECHANISM_TYPE);
    const CK_MECHANISM_TYPE *types = attribute->pValue;
    uint8_t *packed = template_chunk(reading->draft, count * 4 + 1);
    if (packed == NULL) {
        return template_no_memory();
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned byte = 0; byte < 4; byte++) {
            packed[i * 4 + byte] = (uint8_t)(types[i] >> (8 * byte));
        }
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, HUKS_TAG_ALLOWED_MECHANISMS,
                                       bytes_of(packed, count * 4)),
                  P11_AT_CREATE);
}

static CK_RV put_nested(struct template_reading *reading, const CK_ATTRIBUTE *attribute, uint32_t tag)
{
    AUTO(buffer_free) struct buffer packed = {0};
    P11_TRY(nested_pack(attribute, &packed));
    uint8_t *kept = template_chunk(reading->draft, packed.size + 1);
    if (kept == NULL) {
        return template_no_memory();
    }
    if (packed.size > 0) {
        memcpy(kept, packed.data, packed.size);
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, tag, bytes_of(kept, packed.size)),
                  P11_AT_CREATE);
}

static CK_RV put_number(struct template_reading *reading, const CK_ATTRIBUTE *attribute, uint32_t tag)
{
    CK_ULONG value = 0;
    P11_TRY(template_number(attribute, &value));
    struct param_list *params = &reading->draft->draft.params;
    if ((tag & HUKS_TAG_TYPE_MASK) == OH_HUKS_TAG_TYPE_ULONG) {
        return p11_rv(param_list_put_u64(params, tag, value), P11_AT_CREATE);
    }
    if ((uint64_t)value > UINT32_MAX) {
        return value_error(attribute);
    }
    return p11_rv(param_list_put_u32(params, tag, (uint32_t)value), P11_AT_CREATE);
}

static CK_RV put_trust(struct template_reading *reading, const CK_ATTRIBUTE *attribute, uint32_t tag)
{
    CK_ULONG value = 0;
    P11_TRY(template_number(attribute, &value));
    bool known = value <= CKT_TRUST_MUST_VERIFY_TRUST || (value & 0x80000000UL) != 0;
    return known ? put_number(reading, attribute, tag) : value_error(attribute);
}

static CK_RV put_bytes(struct template_reading *reading, const CK_ATTRIBUTE *attribute, const struct attribute_row *row)
{
    struct bytes value = bytes_of(attribute->pValue == NULL ? "" : attribute->pValue, attribute->ulValueLen);
    if (row->kind == KIND_DATE && value.size != 0 && value.size != sizeof(CK_DATE)) {
        return value_error(attribute);
    }
    if (row->type == CKA_HUKS_ALIAS && (value.size == 0 || value.size > 128)) {
        return value_error(attribute);
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, row->tag, value), P11_AT_CREATE);
}

static CK_RV put_purpose(struct template_reading *reading, const CK_ATTRIBUTE *attribute, const struct attribute_row *row)
{
    bool value = false;
    P11_TRY(template_bool(attribute, &value));
    uint32_t bit = attribute_purpose(row, reading->draft->class);
    reading->purposes = value ? reading->purposes | bit : reading->purposes & ~bit;
    return CKR_OK;
}

/* The engine has it where other keys have their size. */
static CK_RV put_parameter_set(struct template_reading *reading, const CK_ATTRIBUTE *attribute)
{
    CK_ULONG told = 0;
    P11_TRY(template_number(attribute, &told));
    uint32_t set = p11_parameter_set(reading->draft->key_type, told);
    if (set == 0) {
        return p11_fail(CKR_PARAMETER_SET_NOT_SUPPORTED, "attribute CKA_PARAMETER_SET");
    }
    return p11_rv(param_list_put_u32(&reading->draft->draft.params, OH_HUKS_TAG_KEY_SIZE, set), P11_AT_CREATE);
}

/* Attributes that the reading itself wants to know, stored or not. */
static CK_RV take_special(struct template_reading *reading, const CK_ATTRIBUTE *attribute, bool *done)
{
    CK_ULONG number = 0;
    bool boolean = false;
    *done = true;
    switch (attribute->type) {
    case CKA_CLASS:
    case CKA_KEY_TYPE:
        return CKR_OK; /* read before the others */
    case CKA_TOKEN:
        return template_bool(attribute, &reading->token);
    case CKA_PRIVATE:
        reading->has_private = true;
        return template_bool(attribute, &reading->private_object);
    case CKA_SENSITIVE:
        return template_bool(attribute, &reading->sensitive);
    case CKA_EXTRACTABLE:
        return template_bool(attribute, &reading->extractable);
    case CKA_VALUE_LEN:
        return template_number(attribute, &reading->draft->value_len);
    case CKA_MODULUS_BITS:
        return template_number(attribute, &reading->draft->modulus_bits);
    case CKA_VALUE_BITS:
        P11_TRY(put_number(reading, attribute, HUKS_TAG_VALUE_BITS));
        return template_number(attribute, &reading->draft->value_bits);
    case CKA_PRIME_BITS:
        return put_number(reading, attribute, HUKS_TAG_PRIME_BITS);
    case CKA_PARAMETER_SET:
        return put_parameter_set(reading, attribute);
    case CKA_HUKS_STORAGE_LEVEL:
        P11_TRY(template_number(attribute, &number));
        if (number > OH_HUKS_AUTH_STORAGE_LEVEL_ECE) {
            return value_error(attribute);
        }
        reading->has_level = true;
        reading->level = (uint32_t)number;
        return CKR_OK;
    case CKA_ALWAYS_AUTHENTICATE:
        reading->has_always = true;
        return template_bool(attribute, &reading->always);
    case CKA_HUKS_USER_AUTH_TYPE: /* 0 is how a key without a rule reads */
        P11_TRY(template_number(attribute, &number));
        return number == 0 ? CKR_OK : put_number(reading, attribute, OH_HUKS_TAG_USER_AUTH_TYPE);
    case CKA_HUKS_SECURE_SIGN:
        P11_TRY(template_bool(attribute, &boolean));
        return boolean ? p11_rv(param_list_put_u32(&reading->draft->draft.params,
                                                   OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE,
                                                   OH_HUKS_SECURE_SIGN_WITH_AUTHINFO),
                                P11_AT_CREATE)
                       : CKR_OK;
    case CKA_HUKS_KEY_OVERRIDE:
        P11_TRY(template_bool(attribute, &boolean));
        reading->draft->alias_rule = boolean ? STORE_ALIAS_REPLACE : STORE_ALIAS_UNIQUE;
        return CKR_OK;
    default:
        *done = false;
        return CKR_OK;
    }
}

static CK_RV put_bool(struct template_reading *reading, const struct p11_session *session, const CK_ATTRIBUTE *attribute,
                      const struct attribute_row *row)
{
    bool value = false;
    P11_TRY(template_bool(attribute, &value));
    if (value && (row->flags & A_SO) != 0 && token_role(session->token) != AUTH_SO) {
        return p11_failf(CKR_ATTRIBUTE_READ_ONLY, "attribute %s: only the SO sets it",
                         p11_attribute_name(attribute->type));
    }
    return p11_rv(param_list_put_bool(&reading->draft->draft.params, row->tag, value), P11_AT_CREATE);
}

CK_RV template_read_one(struct p11_session *session, struct template_reading *reading, const CK_ATTRIBUTE *attribute)
{
    const struct attribute_row *row = attribute_find_in(attribute->type, reading->class_bit);
    if (row == NULL) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this object class",
                         p11_attribute_name(attribute->type));
    }
    if ((row->flags & reading->use) == 0) {
        return p11_failf(CKR_ATTRIBUTE_READ_ONLY, "attribute %s in this call", p11_attribute_name(attribute->type));
    }
    bool done = false;
    P11_TRY(take_special(reading, attribute, &done));
    if (done) {
        return CKR_OK;
    }
    switch (row->kind) {
    case KIND_BOOL:
        return put_bool(reading, session, attribute, row);
    case KIND_ULONG:
        return put_number(reading, attribute, row->tag);
    case KIND_TRUST:
        return put_trust(reading, attribute, row->tag);
    case KIND_PURPOSE:
        return put_purpose(reading, attribute, row);
    case KIND_MECHANISMS:
        return put_mechanisms(reading, attribute);
    case KIND_TEMPLATE:
        return put_nested(reading, attribute, row->tag);
    default:
        return put_bytes(reading, attribute, row);
    }
}

/* ---- what follows for every object ---- */

/* HUKS has one purpose for making and checking a MAC. */
uint32_t template_purposes(const struct template_reading *reading)
{
    bool macs = p11_alg_of_key_type(reading->draft->key_type) == OH_HUKS_ALG_HMAC ||
                (reading->purposes & OH_HUKS_KEY_PURPOSE_MAC) != 0;
    bool mac = reading->draft->class == CKO_SECRET_KEY && macs &&
               (reading->purposes & OH_HUKS_KEY_PURPOSE_SIGN) != 0;
    return mac ? reading->purposes | OH_HUKS_KEY_PURPOSE_MAC : reading->purposes & ~(uint32_t)OH_HUKS_KEY_PURPOSE_MAC;
}

CK_RV template_place(struct p11_session *session, struct template_reading *reading)
{
    struct p11_draft *draft = reading->draft;
    struct param_list *params = &draft->draft.params;
    P11_TRY(p11_session_may_write(session, reading->token, reading->private_object));
    draft->draft.on_token = reading->token;
    draft->draft.owner = session->handle;
    P11_TRY_HUKS(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, (uint32_t)draft->class), P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, reading->level), P11_AT_CREATE);
    return p11_rv(param_list_put_bool(params, HUKS_TAG_PRIVATE, reading->private_object), P11_AT_CREATE);
}
