/*
 * The packed form of a set: what lies sealed in the store and travels to huksd.
 *
 * Little-endian without padding, so that pointers, struct layouts and byte orders stay at home. Unpacking
 * trusts nothing: every length is checked before it is used, and bytes left over are an error.
 */
#include "param/set.h"

#include <string.h>

/* ---- packing ---- */

static huks_rc put_number(struct buffer *out, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    return buffer_append(out, bytes, size);
}

static huks_rc put_param(struct buffer *out, const OH_Huks_Param *param)
{
    HUKS_TRY(put_number(out, param->tag, 4));
    switch (tag_type(param->tag)) {
    case OH_HUKS_TAG_TYPE_INT:
    case OH_HUKS_TAG_TYPE_UINT:
        return put_number(out, param->uint32Param, 4);
    case OH_HUKS_TAG_TYPE_ULONG:
        return put_number(out, param->uint64Param, 8);
    case OH_HUKS_TAG_TYPE_BOOL:
        return put_number(out, param_truth(param) ? 1 : 0, 1);
    case OH_HUKS_TAG_TYPE_BYTES:
        HUKS_TRY(put_number(out, param->blob.size, 4));
        return buffer_append(out, param_blob(param).data, param->blob.size);
    default:
        return error_raise(HUKS_E_INTERNAL, ABOUT_NOTHING, NULL);
    }
}

huks_rc param_set_pack(const OH_Huks_ParamSet *set, struct buffer *out)
{
    uint32_t count = set != NULL ? set->paramsCnt : 0;

    HUKS_TRY(put_number(out, count, 4));
    for (uint32_t i = 0; i < count; i++) {
        HUKS_TRY(put_param(out, &set->params[i]));
    }
    return HUKS_OK;
}

/* ---- unpacking ---- */

static huks_rc damaged(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_NOTHING, NULL);
}

static huks_rc take_number(struct bytes *in, size_t size, uint64_t *value)
{
    *value = 0;
    if (in->size < size) {
        return damaged();
    }
    for (size_t i = 0; i < size; i++) {
        *value |= (uint64_t)in->data[i] << (8 * i);
    }
    in->data += size;
    in->size -= size;
    return HUKS_OK;
}

static huks_rc take_param(struct bytes *in, OH_Huks_Param *param)
{
    uint64_t value;

    memset(param, 0, sizeof(*param));
    HUKS_TRY(take_number(in, 4, &value));
    param->tag = (uint32_t)value;
    switch (tag_type(param->tag)) {
    case OH_HUKS_TAG_TYPE_INT:
    case OH_HUKS_TAG_TYPE_UINT:
        HUKS_TRY(take_number(in, 4, &value));
        param->uint32Param = (uint32_t)value;
        return HUKS_OK;
    case OH_HUKS_TAG_TYPE_ULONG:
        HUKS_TRY(take_number(in, 8, &value));
        param->uint64Param = value;
        return HUKS_OK;
    case OH_HUKS_TAG_TYPE_BOOL:
        HUKS_TRY(take_number(in, 1, &value));
        param->boolParam = value == 1;
        return value <= 1 ? HUKS_OK : damaged();
    case OH_HUKS_TAG_TYPE_BYTES:
        HUKS_TRY(take_number(in, 4, &value));
        if (value > in->size) {
            return damaged();
        }
        param->blob.size = (uint32_t)value;
        param->blob.data = (uint8_t *)(uintptr_t)in->data;
        in->data += value;
        in->size -= (size_t)value;
        return HUKS_OK;
    default:
        return damaged();
    }
}

huks_rc param_set_unpack(struct bytes packed, OH_Huks_ParamSet **out)
{
    AUTO(param_list_free) struct param_list list = {0};
    uint64_t count;

    HUKS_TRY(take_number(&packed, 4, &count));
    if (count > packed.size / 5) { /* the smallest parameter is a bool: 5 bytes */
        return damaged();
    }
    for (uint64_t i = 0; i < count; i++) {
        OH_Huks_Param param;
        HUKS_TRY(take_param(&packed, &param));
        HUKS_TRY(param_list_add(&list, &param));
    }
    return packed.size == 0 ? param_list_build(&list, out) : damaged();
}
