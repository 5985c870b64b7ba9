/*
 * Building, reading, copying and freeing param sets. The packed form is in pack.c.
 *
 * A set is one malloc'ed block: header, parameters, blob bytes. Blobs point into the block, so a set can't
 * be copied with memcpy; it can be freed with one call, and overwritten with one.
 */
#include "param/set.h"

#include <stdlib.h>
#include <string.h>

/* What an empty blob points to: present is never NULL. */
static const uint8_t nothing;

/* ---- one parameter ---- */

struct bytes param_blob(const OH_Huks_Param *param)
{
    return bytes_of(param->blob.data != NULL ? param->blob.data : &nothing, param->blob.size);
}

bool param_truth(const OH_Huks_Param *param)
{
    uint8_t byte;

    memcpy(&byte, &param->boolParam, 1);
    return byte != 0;
}

bool param_equal(const OH_Huks_Param *a, const OH_Huks_Param *b)
{
    if (a->tag != b->tag) {
        return false;
    }
    switch (tag_type(a->tag)) {
    case OH_HUKS_TAG_TYPE_INT:
    case OH_HUKS_TAG_TYPE_UINT:
        return a->uint32Param == b->uint32Param;
    case OH_HUKS_TAG_TYPE_ULONG:
        return a->uint64Param == b->uint64Param;
    case OH_HUKS_TAG_TYPE_BOOL:
        return param_truth(a) == param_truth(b);
    case OH_HUKS_TAG_TYPE_BYTES:
        return bytes_equal(param_blob(a), param_blob(b));
    default:
        return false;
    }
}

/* ---- lists ---- */

void param_list_free(struct param_list *list)
{
    free(list->params);
    *list = (struct param_list){NULL, 0, 0};
}

const OH_Huks_Param *param_list_find(const struct param_list *list, uint32_t tag)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->params[i].tag == tag) {
            return &list->params[i];
        }
    }
    return NULL;
}

bool param_list_remove(struct param_list *list, uint32_t tag)
{
    size_t kept = 0;
    bool found = false;

    for (size_t i = 0; i < list->count; i++) {
        if (list->params[i].tag == tag) {
            found = true;
        } else {
            list->params[kept++] = list->params[i];
        }
    }
    list->count = kept;
    return found;
}

huks_rc param_list_add(struct param_list *list, const OH_Huks_Param *param)
{
    OH_Huks_Param copy = *param; /* it may lie in the list that is about to move */

    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        OH_Huks_Param *params;
        if (capacity > SIZE_MAX / sizeof(*params)) {
            return error_no_memory();
        }
        params = realloc(list->params, capacity * sizeof(*params));
        if (params == NULL) {
            return error_no_memory();
        }
        list->params = params;
        list->capacity = capacity;
    }
    list->params[list->count++] = copy;
    return HUKS_OK;
}

huks_rc param_list_put(struct param_list *list, const OH_Huks_Param *param)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->params[i].tag == param->tag) {
            list->params[i] = *param;
            return HUKS_OK;
        }
    }
    return param_list_add(list, param);
}

huks_rc param_list_add_set(struct param_list *list, const OH_Huks_ParamSet *set)
{
    for (uint32_t i = 0; set != NULL && i < set->paramsCnt; i++) {
        HUKS_TRY(param_list_add(list, &set->params[i]));
    }
    return HUKS_OK;
}

/* A value of another type than the tag's is a mistake of the caller's code, not of its input. */
static huks_rc check_type(uint32_t tag, uint32_t type)
{
    if (tag_type(tag) == type || (type == OH_HUKS_TAG_TYPE_UINT && tag_type(tag) == OH_HUKS_TAG_TYPE_INT)) {
        return HUKS_OK;
    }
    return error_raise(HUKS_E_INTERNAL, ABOUT_NOTHING, NULL);
}

static huks_rc make_u32(uint32_t tag, uint32_t value, OH_Huks_Param *param)
{
    memset(param, 0, sizeof(*param)); /* no stray bytes on disk or wire */
    param->tag = tag;
    param->uint32Param = value;
    return check_type(tag, OH_HUKS_TAG_TYPE_UINT);
}

static huks_rc make_u64(uint32_t tag, uint64_t value, OH_Huks_Param *param)
{
    memset(param, 0, sizeof(*param));
    param->tag = tag;
    param->uint64Param = value;
    return check_type(tag, OH_HUKS_TAG_TYPE_ULONG);
}

static huks_rc make_bool(uint32_t tag, bool value, OH_Huks_Param *param)
{
    memset(param, 0, sizeof(*param));
    param->tag = tag;
    param->boolParam = value;
    return check_type(tag, OH_HUKS_TAG_TYPE_BOOL);
}

static huks_rc make_bytes(uint32_t tag, struct bytes value, OH_Huks_Param *param)
{
    memset(param, 0, sizeof(*param));
    if (value.size > UINT32_MAX) {
        return error_no_memory();
    }
    param->tag = tag;
    param->blob.size = (uint32_t)value.size;
    param->blob.data = (uint8_t *)(uintptr_t)(value.data != NULL ? value.data : &nothing);
    return check_type(tag, OH_HUKS_TAG_TYPE_BYTES);
}

huks_rc param_list_add_u32(struct param_list *list, uint32_t tag, uint32_t value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_u32(tag, value, &param));
    return param_list_add(list, &param);
}

huks_rc param_list_add_u64(struct param_list *list, uint32_t tag, uint64_t value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_u64(tag, value, &param));
    return param_list_add(list, &param);
}

huks_rc param_list_add_bool(struct param_list *list, uint32_t tag, bool value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_bool(tag, value, &param));
    return param_list_add(list, &param);
}

huks_rc param_list_add_bytes(struct param_list *list, uint32_t tag, struct bytes value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_bytes(tag, value, &param));
    return param_list_add(list, &param);
}

huks_rc param_list_put_u32(struct param_list *list, uint32_t tag, uint32_t value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_u32(tag, value, &param));
    return param_list_put(list, &param);
}

huks_rc param_list_put_u64(struct param_list *list, uint32_t tag, uint64_t value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_u64(tag, value, &param));
    return param_list_put(list, &param);
}

huks_rc param_list_put_bool(struct param_list *list, uint32_t tag, bool value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_bool(tag, value, &param));
    return param_list_put(list, &param);
}

huks_rc param_list_put_bytes(struct param_list *list, uint32_t tag, struct bytes value)
{
    OH_Huks_Param param;

    HUKS_TRY(make_bytes(tag, value, &param));
    return param_list_put(list, &param);
}

/* ---- sets ---- */

/* One block of `size` bytes with these parameters, whose blobs are copied in behind them. */
static huks_rc build(const OH_Huks_Param *params, size_t count, OH_Huks_ParamSet **out)
{
    uint64_t size = sizeof(OH_Huks_ParamSet) + (uint64_t)count * sizeof(*params);
    OH_Huks_ParamSet *set;
    uint8_t *tail;

    for (size_t i = 0; i < count && size <= UINT32_MAX; i++) {
        if (tag_type(params[i].tag) == OH_HUKS_TAG_TYPE_BYTES) {
            size += params[i].blob.size;
        }
    }
    if (size > UINT32_MAX) {
        return error_no_memory();
    }
    set = malloc((size_t)size);
    if (set == NULL) {
        return error_no_memory();
    }
    set->paramSetSize = (uint32_t)size;
    set->paramsCnt = (uint32_t)count;
    tail = (uint8_t *)&set->params[count];
    for (size_t i = 0; i < count; i++) {
        set->params[i] = params[i];
        if (tag_type(params[i].tag) == OH_HUKS_TAG_TYPE_BYTES) {
            if (params[i].blob.size != 0) {
                memcpy(tail, params[i].blob.data, params[i].blob.size);
            }
            set->params[i].blob.data = tail;
            tail += params[i].blob.size;
        }
    }
    *out = set;
    return HUKS_OK;
}

huks_rc param_list_build(const struct param_list *list, OH_Huks_ParamSet **out)
{
    return build(list->params, list->count, out);
}

huks_rc param_set_copy(const OH_Huks_ParamSet *set, OH_Huks_ParamSet **out)
{
    return set != NULL ? build(set->params, set->paramsCnt, out) : build(NULL, 0, out);
}

void param_set_free(OH_Huks_ParamSet **set)
{
    if (set == NULL || *set == NULL) {
        return;
    }
    memory_cleanse(*set, (*set)->paramSetSize);
    free(*set);
    *set = NULL;
}

bool param_set_consistent(const OH_Huks_ParamSet *set, size_t size)
{
    size_t room;

    if (set == NULL || size < sizeof(*set) || set->paramSetSize != size ||
        set->paramsCnt > (size - sizeof(*set)) / sizeof(set->params[0])) {
        return false;
    }
    room = size - sizeof(*set) - set->paramsCnt * sizeof(set->params[0]);
    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        const OH_Huks_Param *param = &set->params[i];
        if (tag_type(param->tag) != OH_HUKS_TAG_TYPE_BYTES) {
            continue;
        }
        if (param->blob.size > room || (param->blob.data == NULL && param->blob.size != 0)) {
            return false;
        }
        room -= param->blob.size;
    }
    return true;
}

/* ---- reading ---- */

const OH_Huks_Param *param_find(const OH_Huks_ParamSet *set, uint32_t tag)
{
    for (uint32_t i = 0; set != NULL && i < set->paramsCnt; i++) {
        if (set->params[i].tag == tag) {
            return &set->params[i];
        }
    }
    return NULL;
}

bool param_has(const OH_Huks_ParamSet *set, uint32_t tag)
{
    return param_find(set, tag) != NULL;
}

uint32_t param_u32(const OH_Huks_ParamSet *set, uint32_t tag, uint32_t fallback)
{
    const OH_Huks_Param *param = param_find(set, tag);
    uint32_t type = tag_type(tag);

    if (param == NULL || (type != OH_HUKS_TAG_TYPE_UINT && type != OH_HUKS_TAG_TYPE_INT)) {
        return fallback;
    }
    return param->uint32Param;
}

uint64_t param_u64(const OH_Huks_ParamSet *set, uint32_t tag, uint64_t fallback)
{
    const OH_Huks_Param *param = param_find(set, tag);

    return param != NULL && tag_type(tag) == OH_HUKS_TAG_TYPE_ULONG ? param->uint64Param : fallback;
}

bool param_bool(const OH_Huks_ParamSet *set, uint32_t tag, bool fallback)
{
    const OH_Huks_Param *param = param_find(set, tag);

    return param != NULL && tag_type(tag) == OH_HUKS_TAG_TYPE_BOOL ? param_truth(param) : fallback;
}

struct bytes param_bytes(const OH_Huks_ParamSet *set, uint32_t tag)
{
    const OH_Huks_Param *param = param_find(set, tag);

    return param != NULL && tag_type(tag) == OH_HUKS_TAG_TYPE_BYTES ? param_blob(param) : BYTES_NONE;
}
