/*
 * Reading attributes: from the item's params, from its key when the value may be told, or computed.
 */
#include <string.h>

#include "pkcs11/attribute.h"
#include "pkcs11/mechanism.h"
#include "service/guard.h"

void attribute_value_free(struct attribute_value *value)
{
    secret_free(&value->secret);
    buffer_free(&value->bytes);
}

static void value_bool(struct attribute_value *value, bool boolean)
{
    value->boolean = boolean ? CK_TRUE : CK_FALSE;
    value->view = bytes_of(&value->boolean, sizeof(value->boolean));
}

static void value_number(struct attribute_value *value, CK_ULONG number)
{
    value->number = number;
    value->view = bytes_of(&value->number, sizeof(value->number));
}

/* A number under a UINT tag, or a ULONG one where the standard's values need more than 32 bits. */
static CK_ULONG stored_number(const OH_Huks_ParamSet *params, uint32_t tag, CK_ULONG fallback)
{
    const OH_Huks_Param *param = param_find(params, tag);
    if (param == NULL) {
        return fallback;
    }
    return (tag & HUKS_TAG_TYPE_MASK) == OH_HUKS_TAG_TYPE_ULONG ? (CK_ULONG)param->uint64Param
                                                                : (CK_ULONG)param->uint32Param;
}

/* Section 4.9: a sensitive or unextractable key's value is told to nobody. */
static bool value_may_be_told(const struct item *item)
{
    const OH_Huks_ParamSet *params = item_params(item);
    return !param_bool(params, HUKS_TAG_SENSITIVE, true) && param_bool(params, HUKS_TAG_EXTRACTABLE, false);
}

static CK_RV value_secret(struct item *item, const struct attribute_row *row, struct attribute_value *value)
{
    if (!value_may_be_told(item)) {
        return p11_failf(CKR_ATTRIBUTE_SENSITIVE, "attribute %s: the key is sensitive", p11_attribute_name(row->type));
    }
    huks_rc rc = item_part(item, row->tag, &value->secret);
    if (rc == HUKS_E_NOT_EXIST) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this key", p11_attribute_name(row->type));
    }
    P11_TRY_HUKS(rc, P11_AT_OBJECT);
    value->view = secret_bytes(&value->secret);
    return CKR_OK;
}

static CK_RV value_computed(struct item *item, const struct attribute_row *row, struct attribute_value *value)
{
    uint32_t bits = param_u32(item_params(item), OH_HUKS_TAG_KEY_SIZE, 0);
    switch (row->type) {
    case CKA_TOKEN:
        value_bool(value, item_on_token(item));
        return CKR_OK;
    case CKA_UNIQUE_ID:
        item_unique_id(item, value->text);
        value->view = bytes_of(value->text, strlen(value->text));
        return CKR_OK;
    case CKA_VALUE_LEN:
        value_number(value, bits / 8);
        return CKR_OK;
    case CKA_MODULUS_BITS:
        value_number(value, bits);
        return CKR_OK;
    case CKA_ALWAYS_AUTHENTICATE:
        value_bool(value, guard_asks_each_use(item));
        return CKR_OK;
    case CKA_HUKS_SECURE_SIGN:
        value_bool(value, param_u32(item_params(item), row->tag, 0) == OH_HUKS_SECURE_SIGN_WITH_AUTHINFO);
        return CKR_OK;
    case CKA_VALUE_BITS:
        value_number(value, param_u32(item_params(item), HUKS_TAG_VALUE_BITS, bits));
        return CKR_OK;
    case CKA_PARAMETER_SET:
        value_number(value, p11_parameter_set_told(p11_key_type(item), bits));
        return CKR_OK;
    case CKA_PRIME_BITS:
        value_number(value, param_bytes(item_params(item), HUKS_TAG_PRIME).size * 8);
        return CKR_OK;
    default:
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s", p11_attribute_name(row->type));
    }
}

/* The list, or what HUKS's sets leave of all mechanisms: two views of one rule. */
static CK_RV value_mechanisms(struct item *item, struct attribute_value *value)
{
    struct bytes stored = param_bytes(item_params(item), HUKS_TAG_ALLOWED_MECHANISMS);
    if (stored.data == NULL) {
        P11_TRY(p11_mechanisms_permitted(item, &value->bytes));
        value->view = bytes_of(value->bytes.data, value->bytes.size);
        return CKR_OK;
    }
    for (size_t i = 0; i + 4 <= stored.size; i += 4) {
        const uint8_t *at = stored.data + i;
        CK_MECHANISM_TYPE type = (CK_MECHANISM_TYPE)at[0] | (CK_MECHANISM_TYPE)at[1] << 8 |
                                 (CK_MECHANISM_TYPE)at[2] << 16 | (CK_MECHANISM_TYPE)at[3] << 24;
        P11_TRY_HUKS(buffer_append(&value->bytes, &type, sizeof(type)), P11_AT_OBJECT);
    }
    value->view = bytes_of(value->bytes.data, value->bytes.size);
    return CKR_OK;
}

/* Attributes that belong to some key types alone: absent from the others, not empty. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    CK_KEY_TYPE key_type;
} typed[] = {
    {CKA_MODULUS, CKK_RSA},   {CKA_MODULUS_BITS, CKK_RSA}, {CKA_PUBLIC_EXPONENT, CKK_RSA}, {CKA_VALUE_BITS, CKK_DH},
};

static bool has_attribute(const struct item *item, const struct attribute_row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(typed); i++) {
        if (typed[i].type == row->type && p11_key_type(item) != typed[i].key_type) {
            return false;
        }
    }
    switch (row->type) {
    case CKA_PARAMETER_SET:
        return p11_parameter_set_told(p11_key_type(item), param_u32(item_params(item), OH_HUKS_TAG_KEY_SIZE, 0)) != 0;
    case CKA_SEED:
        return p11_key_type(item) == CKK_ML_KEM || p11_key_type(item) == CKK_ML_DSA;
    case CKA_EC_PARAMS:
    case CKA_EC_POINT:
    case CKA_PRIME:
    case CKA_SUBPRIME:
    case CKA_BASE:
    case CKA_HUKS_KEY_AUTH_ACCESS_TYPE: /* of keys that have a rule alone: 0 would be an answer */
    case CKA_HUKS_CHALLENGE_TYPE:
    case CKA_HUKS_CHALLENGE_POS:
    case CKA_HUKS_AUTH_TIMEOUT:
    case CKA_HUKS_KEY_AUTH_PURPOSE:
        return param_has(item_params(item), row->tag);
    case CKA_ALLOWED_MECHANISMS: /* absent means "any"; an empty list would mean "none" */
        return param_has(item_params(item), row->tag) || p11_mechanisms_bound(item);
    case CKA_VALUE_LEN:
        return row->classes != C_DATA;
    case CKA_VALUE:
        return row->classes != C_PUB || param_has(item_params(item), row->tag);
    default:
        return true;
    }
}

CK_RV attribute_value_get(struct item *item, const struct attribute_row *row, struct attribute_value *value)
{
    const OH_Huks_ParamSet *params = item_params(item);
    if (!has_attribute(item, row)) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this object", p11_attribute_name(row->type));
    }
    switch (row->kind) {
    case KIND_BOOL:
        value_bool(value, param_bool(params, row->tag, row->fallback != CK_FALSE));
        return CKR_OK;
    case KIND_ULONG:
    case KIND_TRUST:
        value_number(value, stored_number(params, row->tag, row->fallback));
        return CKR_OK;
    case KIND_BYTES:
    case KIND_DATE:
    case KIND_TEMPLATE:
        value->view = param_bytes(params, row->tag);
        return CKR_OK;
    case KIND_PURPOSE:
        value_bool(value, (attribute_purposes(item) & attribute_purpose(row, (CK_OBJECT_CLASS)item_class(item))) != 0);
        return CKR_OK;
    case KIND_MECHANISMS:
        return value_mechanisms(item, value);
    case KIND_SECRET:
        return value_secret(item, row, value);
    case KIND_COMPUTED:
        return value_computed(item, row, value);
    }
    return p11_fail(CKR_ATTRIBUTE_TYPE_INVALID, "attribute");
}

/* ---- the two-call convention ---- */

static const struct attribute_row *row_of(const struct item *item, CK_ATTRIBUTE_TYPE type)
{
    return attribute_find_in(type, attribute_class_bit((CK_OBJECT_CLASS)item_class(item)));
}

CK_RV attribute_show(CK_ATTRIBUTE *attribute, struct bytes value)
{
    if (attribute->pValue == NULL) {
        attribute->ulValueLen = value.size;
        return CKR_OK;
    }
    if (attribute->ulValueLen < value.size) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return p11_failf(CKR_BUFFER_TOO_SMALL, "buffer for attribute %s", p11_attribute_name(attribute->type));
    }
    if (value.size > 0) {
        memcpy(attribute->pValue, value.data, value.size);
    }
    attribute->ulValueLen = value.size;
    return CKR_OK;
}

CK_RV p11_attribute_get(struct item *item, CK_ATTRIBUTE *attribute)
{
    const struct attribute_row *row = row_of(item, attribute->type);
    if (row == NULL || (row->flags & A_NOSTORE && row->type == CKA_HUKS_KEY_OVERRIDE)) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this object",
                         p11_attribute_name(attribute->type));
    }
    AUTO(attribute_value_free) struct attribute_value value = {0};
    CK_RV rv = attribute_value_get(item, row, &value);
    if (rv != CKR_OK) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return rv;
    }
    return row->kind == KIND_TEMPLATE ? nested_show(value.view, attribute) : attribute_show(attribute, value.view);
}

CK_BBOOL p11_attribute_bool(struct item *item, CK_ATTRIBUTE_TYPE type, CK_BBOOL fallback)
{
    CK_BBOOL value = fallback;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};
    return row_of(item, type) != NULL && p11_attribute_get(item, &attribute) == CKR_OK ? value : fallback;
}

CK_ULONG p11_attribute_ulong(struct item *item, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback)
{
    CK_ULONG value = fallback;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};
    return row_of(item, type) != NULL && p11_attribute_get(item, &attribute) == CKR_OK ? value : fallback;
}

/* ---- matching ---- */

static bool match_one(struct item *item, const CK_ATTRIBUTE *wanted)
{
    const struct attribute_row *row = row_of(item, wanted->type);
    if (row == NULL || (wanted->pValue == NULL && wanted->ulValueLen != 0)) {
        return false;
    }
    AUTO(attribute_value_free) struct attribute_value value = {0};
    if (attribute_value_get(item, row, &value) != CKR_OK) {
        return false;
    }
    if (row->kind == KIND_TEMPLATE) {
        AUTO(buffer_free) struct buffer packed = {0};
        return nested_pack(wanted, &packed) == CKR_OK && bytes_equal(value.view, bytes_of(packed.data, packed.size));
    }
    return bytes_equal(value.view, bytes_of(wanted->pValue, wanted->ulValueLen));
}

bool p11_attribute_match(struct item *item, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (!match_one(item, &template[i])) {
            return false;
        }
    }
    return true;
}

static CK_RV wrap_template_visit(const CK_ATTRIBUTE *attribute, void *key)
{
    return match_one(key, attribute) ? CKR_OK
                                     : p11_failf(CKR_KEY_HANDLE_INVALID, "attribute %s, by the wrapping key's template",
                                                 p11_attribute_name(attribute->type));
}

CK_RV p11_wrap_template_fits(struct item *wrapping, struct item *key)
{
    return nested_each(param_bytes(item_params(wrapping), HUKS_TAG_WRAP_TEMPLATE), wrap_template_visit, key);
}
