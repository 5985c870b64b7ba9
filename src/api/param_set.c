/*
 * OH_Huks_*ParamSet*: param sets in the caller's hands.
 *
 * Between Init and Build the blobs are the caller's; Build copies them behind the parameters. A block is
 * never smaller than BLOCK_SIZE, so that up to PARAMS_MAX parameters can always be added in place. Sets are
 * ordinary structs that programs may have changed, moved or made themselves: sizes are checked at each call.
 */
#include "huks/native_huks_param.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "api/result.h"
#include "common/memory.h"
#include "param/set.h"
#include "param/tags.h"

#define BLOCK_SIZE ((size_t)1024)
#define PARAMS_MAX ((uint32_t)((BLOCK_SIZE - sizeof(struct OH_Huks_ParamSet)) / sizeof(struct OH_Huks_Param)))
#define SET_MAX    ((uint32_t)4 * 1024 * 1024)

static struct OH_Huks_Result success(void)
{
    return result_of(HUKS_OK);
}

static struct OH_Huks_Result illegal(const char *literal)
{
    return result_make(OH_HUKS_ERR_CODE_ILLEGAL_ARGUMENT, literal);
}

static struct OH_Huks_Result no_memory(void)
{
    return result_of(error_no_memory());
}

static bool is_bytes(const struct OH_Huks_Param *param)
{
    return tag_type(param->tag) == OH_HUKS_TAG_TYPE_BYTES;
}

/* Do header and parameter count agree with the set's own size? Blobs are not looked at. */
static bool header_agrees(const struct OH_Huks_ParamSet *set, uint32_t size)
{
    return size >= sizeof(*set) && size <= SET_MAX && set->paramSetSize == size &&
           set->paramsCnt <= (size - sizeof(*set)) / sizeof(set->params[0]);
}

/* Do the blobs' sizes fit behind the parameters as well? Their addresses are not looked at. */
static bool sizes_agree(const struct OH_Huks_ParamSet *set, uint32_t size)
{
    size_t room;

    if (!header_agrees(set, size)) {
        return false;
    }
    room = size - sizeof(*set) - set->paramsCnt * sizeof(set->params[0]);
    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        if (is_bytes(&set->params[i])) {
            if (set->params[i].blob.size > room) {
                return false;
            }
            room -= set->params[i].blob.size;
        }
    }
    return true;
}

static uint8_t *tail_of(struct OH_Huks_ParamSet *set)
{
    return (uint8_t *)&set->params[set->paramsCnt];
}

/* Points the blobs at the bytes behind the parameters, in order. The sizes agree. */
static void repoint(struct OH_Huks_ParamSet *set)
{
    uint8_t *tail = tail_of(set);

    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        if (is_bytes(&set->params[i])) {
            set->params[i].blob.data = tail;
            tail += set->params[i].blob.size;
        }
    }
}

/* All blobs in order, wherever they are now. */
static void gather(const struct OH_Huks_ParamSet *set, uint8_t *out)
{
    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        if (is_bytes(&set->params[i]) && set->params[i].blob.size != 0) {
            memcpy(out, set->params[i].blob.data, set->params[i].blob.size);
            out += set->params[i].blob.size;
        }
    }
}

static bool has_null_blob(const struct OH_Huks_ParamSet *set)
{
    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        if (is_bytes(&set->params[i]) && set->params[i].blob.data == NULL && set->params[i].blob.size != 0) {
            return true;
        }
    }
    return false;
}

static size_t blob_bytes(const struct OH_Huks_ParamSet *set)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        sum += is_bytes(&set->params[i]) ? set->params[i].blob.size : 0;
    }
    return sum;
}

/*
 * Copies the blobs behind the parameters and points at the copies. By way of a copy elsewhere: blobs of a
 * set that was built before lie where others are to go. false: no memory.
 */
static bool collect(struct OH_Huks_ParamSet *set)
{
    size_t size = blob_bytes(set);
    uint8_t *bytes = NULL;

    if (size != 0) {
        bytes = malloc(size);
        if (bytes == NULL) {
            return false;
        }
        gather(set, bytes);
        memcpy(tail_of(set), bytes, size);
        memory_cleanse(bytes, size);
        free(bytes);
    }
    repoint(set);
    return true;
}

/* A block for a set of this size, and never a small one. Zeroed. */
static struct OH_Huks_ParamSet *new_block(size_t size)
{
    return calloc(1, size > BLOCK_SIZE ? size : BLOCK_SIZE);
}

/* An unbuilt set may count bytes that are not in its block. */
static void free_block(struct OH_Huks_ParamSet *set)
{
    size_t room = malloc_usable_size(set);

    memory_cleanse(set, set->paramSetSize < room ? set->paramSetSize : room);
    free(set);
}

struct OH_Huks_Result OH_Huks_InitParamSet(struct OH_Huks_ParamSet **paramSet)
{
    if (paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    *paramSet = new_block(0);
    if (*paramSet == NULL) {
        return no_memory();
    }
    (*paramSet)->paramSetSize = sizeof(struct OH_Huks_ParamSet);
    return success();
}

/* Are there blob bytes behind the parameters, where new parameters would go? */
static bool is_built(struct OH_Huks_ParamSet *set)
{
    for (uint32_t i = 0; i < set->paramsCnt; i++) {
        if (is_bytes(&set->params[i]) && set->params[i].blob.size != 0) {
            return set->params[i].blob.data == tail_of(set);
        }
    }
    return false;
}

/* The bytes that parameters add to a set; UINT64_MAX when one is wrong. */
static uint64_t added_size(const struct OH_Huks_Param *params, uint32_t count)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        size += sizeof(params[i]);
        if (is_bytes(&params[i])) {
            if (params[i].blob.data == NULL) {
                return UINT64_MAX;
            }
            size += params[i].blob.size;
        }
    }
    return size;
}

struct OH_Huks_Result OH_Huks_AddParams(struct OH_Huks_ParamSet *paramSet, const struct OH_Huks_Param *params,
                                        uint32_t paramCnt)
{
    uint64_t added;

    if (paramSet == NULL || params == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    if (!header_agrees(paramSet, paramSet->paramSetSize) || paramCnt > PARAMS_MAX ||
        paramSet->paramsCnt > PARAMS_MAX - paramCnt || is_built(paramSet)) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    added = added_size(params, paramCnt);
    if (added > SET_MAX - paramSet->paramSetSize) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    memcpy(&paramSet->params[paramSet->paramsCnt], params, paramCnt * sizeof(*params));
    paramSet->paramsCnt += paramCnt;
    paramSet->paramSetSize += (uint32_t)added;
    return success();
}

struct OH_Huks_Result OH_Huks_BuildParamSet(struct OH_Huks_ParamSet **paramSet)
{
    struct OH_Huks_ParamSet *set;
    struct OH_Huks_ParamSet *larger;

    if (paramSet == NULL || *paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    set = *paramSet;
    if (!sizes_agree(set, set->paramSetSize) || has_null_blob(set)) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    if (set->paramSetSize <= BLOCK_SIZE) {
        return collect(set) ? success() : no_memory();
    }
    larger = new_block(set->paramSetSize);
    if (larger == NULL) {
        return no_memory();
    }
    memcpy(larger, set, sizeof(*set) + set->paramsCnt * sizeof(set->params[0]));
    gather(set, tail_of(larger));
    repoint(larger);
    free_block(set);
    *paramSet = larger;
    return success();
}

void OH_Huks_FreeParamSet(struct OH_Huks_ParamSet **paramSet)
{
    if (paramSet == NULL || *paramSet == NULL) {
        return;
    }
    free_block(*paramSet);
    *paramSet = NULL;
}

/* The block is copied as it is, and its blobs found by their sizes: it may have been moved or stored. */
struct OH_Huks_Result OH_Huks_CopyParamSet(const struct OH_Huks_ParamSet *fromParamSet,
                                           uint32_t fromParamSetSize, struct OH_Huks_ParamSet **paramSet)
{
    struct OH_Huks_ParamSet *copy;

    if (fromParamSet == NULL || paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    if (!sizes_agree(fromParamSet, fromParamSetSize)) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    copy = new_block(fromParamSetSize);
    if (copy == NULL) {
        return no_memory();
    }
    memcpy(copy, fromParamSet, fromParamSetSize);
    repoint(copy);
    *paramSet = copy;
    return success();
}

struct OH_Huks_Result OH_Huks_GetParam(const struct OH_Huks_ParamSet *paramSet, uint32_t tag,
                                       struct OH_Huks_Param **param)
{
    const struct OH_Huks_Param *found;

    if (paramSet == NULL || param == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    if (!header_agrees(paramSet, paramSet->paramSetSize)) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    found = param_find(paramSet, tag);
    if (found == NULL) {
        return illegal(ILLEGAL_ABSENT);
    }
    *param = (struct OH_Huks_Param *)(uintptr_t)found; /* HUKS lets the caller change it */
    return success();
}

struct OH_Huks_Result OH_Huks_FreshParamSet(struct OH_Huks_ParamSet *paramSet, bool isCopy)
{
    if (paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    if (!sizes_agree(paramSet, paramSet->paramSetSize) || (isCopy && has_null_blob(paramSet))) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    if (isCopy && !collect(paramSet)) {
        return no_memory();
    }
    repoint(paramSet);
    return success();
}

struct OH_Huks_Result OH_Huks_IsParamSetTagValid(const struct OH_Huks_ParamSet *paramSet)
{
    size_t known;

    if (paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    (void)tag_table(&known);
    if (!header_agrees(paramSet, paramSet->paramSetSize) || paramSet->paramsCnt > known) {
        return illegal(ILLEGAL_ARGUMENT); /* more parameters than tags: one is repeated */
    }
    for (uint32_t i = 0; i < paramSet->paramsCnt; i++) {
        uint32_t tag = paramSet->params[i].tag;
        /* the first with this tag must be this one */
        if (!tag_is_valid(tag) || param_find(paramSet, tag) != &paramSet->params[i]) {
            return illegal(ILLEGAL_ARGUMENT);
        }
    }
    return success();
}

struct OH_Huks_Result OH_Huks_IsParamSetValid(const struct OH_Huks_ParamSet *paramSet, uint32_t size)
{
    if (paramSet == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    return header_agrees(paramSet, size) ? success() : illegal(ILLEGAL_ARGUMENT);
}

struct OH_Huks_Result OH_Huks_CheckParamMatch(const struct OH_Huks_Param *baseParam,
                                              const struct OH_Huks_Param *param)
{
    if (baseParam == NULL || param == NULL) {
        return illegal(ILLEGAL_NULL);
    }
    if (is_bytes(baseParam) && is_bytes(param) && baseParam->blob.size != 0 &&
        (baseParam->blob.data == NULL || param->blob.data == NULL)) {
        return illegal(ILLEGAL_NULL);
    }
    return param_equal(baseParam, param) ? success() : illegal(ILLEGAL_ARGUMENT);
}

void OH_Huks_FreeKeyAliasSet(struct OH_Huks_KeyAliasSet *keyAliasSet)
{
    if (keyAliasSet == NULL) {
        return;
    }
    for (uint32_t i = 0; keyAliasSet->aliases != NULL && i < keyAliasSet->aliasesCnt; i++) {
        free(keyAliasSet->aliases[i].data);
    }
    free(keyAliasSet->aliases);
    free(keyAliasSet);
}
