/* OH_Huks_*ParamSet*: the native API's param sets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/result.h"
#include "common/memory.h"
#include "huks/native_huks_param.h"
#include "param/tags.h"

#define LIMIT ((1024 - sizeof(struct OH_Huks_ParamSet)) / sizeof(struct OH_Huks_Param))

/* ---- allocations that fail: the countdown's zero, -1 never ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int allocations_left = -1;

static bool fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

/* ---- tools ---- */

static void is(struct OH_Huks_Result result, int32_t code, const char *text)
{
    ck_assert_int_eq(result.errorCode, code);
    ck_assert_str_eq(result.errorMsg, text);
    ck_assert_ptr_null(result.data);
}

#define IS_OK(call)      is((call), 0, "Success.")
#define IS_INVALID(call) is((call), 401, "Invalid parameters.")
#define IS_NULL(call)    is((call), 401, "The parameter value cannot be null.")

static struct OH_Huks_Param number(uint32_t tag, uint32_t value)
{
    struct OH_Huks_Param param = {.tag = tag};

    param.uint32Param = value;
    return param;
}

static struct OH_Huks_Param blob(uint32_t tag, const void *data, uint32_t size)
{
    struct OH_Huks_Param param = {.tag = tag};

    param.blob.size = size;
    param.blob.data = (uint8_t *)(uintptr_t)data;
    return param;
}

static struct OH_Huks_ParamSet *init(void)
{
    struct OH_Huks_ParamSet *set = NULL;

    IS_OK(OH_Huks_InitParamSet(&set));
    ck_assert_ptr_nonnull(set);
    return set;
}

static void add(struct OH_Huks_ParamSet *set, struct OH_Huks_Param param)
{
    IS_OK(OH_Huks_AddParams(set, &param, 1));
}

static bool is_inside(const struct OH_Huks_ParamSet *set, const void *address)
{
    return (uintptr_t)address >= (uintptr_t)set && (uintptr_t)address < (uintptr_t)set + set->paramSetSize;
}

/* ---- the layout ---- */

START_TEST(layout)
{
    if (sizeof(void *) == 8) {
        ck_assert_uint_eq(sizeof(struct OH_Huks_Result), 24);
        ck_assert_uint_eq(sizeof(struct OH_Huks_Blob), 16);
        ck_assert_uint_eq(sizeof(struct OH_Huks_Param), 24);
        ck_assert_uint_eq(offsetof(struct OH_Huks_Param, blob), 8);
        ck_assert_uint_eq(offsetof(struct OH_Huks_Param, boolParam), 8);
        ck_assert_uint_eq(LIMIT, 42);
    }
    ck_assert_uint_eq(sizeof(struct OH_Huks_ParamSet), 8);
    ck_assert_uint_eq(sizeof(struct OH_Huks_PubKeyInfo), 20);
    ck_assert_uint_eq(sizeof(struct OH_Huks_KeyMaterialRsa), 20);
    ck_assert_uint_eq(sizeof(struct OH_Huks_KeyMaterialEcc), 20);
    ck_assert_uint_eq(sizeof(struct OH_Huks_KeyMaterialDsa), 28);
    ck_assert_uint_eq(sizeof(struct OH_Huks_KeyMaterialDh), 20);
    ck_assert_uint_eq(sizeof(struct OH_Huks_KeyMaterial25519), 20);
}
END_TEST

/* ---- life ---- */

START_TEST(nulls)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_ParamSet *none = NULL;
    struct OH_Huks_Param param = number(OH_HUKS_TAG_PURPOSE, 1);
    struct OH_Huks_Param *found = NULL;

    IS_NULL(OH_Huks_InitParamSet(NULL));
    IS_NULL(OH_Huks_AddParams(NULL, &param, 1));
    IS_NULL(OH_Huks_AddParams(set, NULL, 1));
    IS_NULL(OH_Huks_BuildParamSet(NULL));
    IS_NULL(OH_Huks_BuildParamSet(&none));
    IS_NULL(OH_Huks_CopyParamSet(NULL, 8, &none));
    IS_NULL(OH_Huks_CopyParamSet(set, 8, NULL));
    IS_NULL(OH_Huks_GetParam(NULL, param.tag, &found));
    IS_NULL(OH_Huks_GetParam(set, param.tag, NULL));
    IS_NULL(OH_Huks_FreshParamSet(NULL, true));
    IS_NULL(OH_Huks_IsParamSetTagValid(NULL));
    IS_NULL(OH_Huks_IsParamSetValid(NULL, 8));
    IS_NULL(OH_Huks_CheckParamMatch(NULL, &param));
    IS_NULL(OH_Huks_CheckParamMatch(&param, NULL));
    OH_Huks_FreeParamSet(NULL);
    OH_Huks_FreeParamSet(&none);
    OH_Huks_FreeKeyAliasSet(NULL);
    OH_Huks_FreeParamSet(&set);
    ck_assert_ptr_null(set);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(an_empty_set)
{
    struct OH_Huks_ParamSet *set = init();

    ck_assert_uint_eq(set->paramSetSize, 8);
    ck_assert_uint_eq(set->paramsCnt, 0);
    IS_OK(OH_Huks_IsParamSetTagValid(set));
    IS_OK(OH_Huks_IsParamSetValid(set, 8));
    IS_OK(OH_Huks_BuildParamSet(&set));
    ck_assert_uint_eq(set->paramSetSize, 8);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(build_copies_the_blobs)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_ParamSet *before = set;
    char first[] = "initialisation vector";
    char second[] = "alias";
    struct OH_Huks_Param *found = NULL;

    add(set, blob(OH_HUKS_TAG_IV, first, 21));
    add(set, number(OH_HUKS_TAG_ALGORITHM, OH_HUKS_ALG_AES));
    add(set, blob(OH_HUKS_TAG_KEY_ALIAS, second, 5));
    add(set, blob(OH_HUKS_TAG_INFO, second, 0));       /* size 0 with data is fine */
    ck_assert_ptr_eq(set->params[0].blob.data, first); /* still the caller's */
    ck_assert_uint_eq(set->paramSetSize, 8 + 4 * sizeof(struct OH_Huks_Param) + 26);
    IS_OK(OH_Huks_BuildParamSet(&set));
    ck_assert_ptr_eq(set, before); /* a small set stays where it is */
    memset(first, 'x', sizeof(first));
    memset(second, 'y', sizeof(second));
    ck_assert_ptr_eq(set->params[0].blob.data, &set->params[4]); /* contiguous, in order */
    ck_assert_ptr_eq(set->params[2].blob.data, (uint8_t *)&set->params[4] + 21);
    ck_assert(is_inside(set, set->params[0].blob.data));
    ck_assert_int_eq(memcmp(set->params[0].blob.data, "initialisation vectoralias", 26), 0);
    IS_OK(OH_Huks_GetParam(set, OH_HUKS_TAG_KEY_ALIAS, &found));
    ck_assert_ptr_eq(found, &set->params[2]); /* inside the set */
    ck_assert_uint_eq(found->blob.size, 5);
    IS_OK(OH_Huks_GetParam(set, OH_HUKS_TAG_ALGORITHM, &found));
    ck_assert_uint_eq(found->uint32Param, OH_HUKS_ALG_AES);
    /* building again changes nothing */
    IS_OK(OH_Huks_BuildParamSet(&set));
    ck_assert_int_eq(memcmp(set->params[0].blob.data, "initialisation vectoralias", 26), 0);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(a_large_set)
{
    struct OH_Huks_ParamSet *set = init();
    uint8_t *bytes = malloc(100000);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0x42, 100000);
    add(set, blob(OH_HUKS_TAG_ASSOCIATED_DATA, bytes, 100000));
    add(set, blob(OH_HUKS_TAG_INFO, "info", 4));
    IS_OK(OH_Huks_BuildParamSet(&set));
    free(bytes);
    ck_assert_uint_eq(set->paramSetSize, 8 + 2 * sizeof(struct OH_Huks_Param) + 100004);
    ck_assert_int_eq(set->params[0].blob.data[99999], 0x42);
    ck_assert_int_eq(memcmp(set->params[1].blob.data, "info", 4), 0);
    IS_OK(OH_Huks_BuildParamSet(&set));
    ck_assert_int_eq(set->params[0].blob.data[99999], 0x42);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(an_unbuilt_large_set_is_freed)
{
    struct OH_Huks_ParamSet *set = init();
    static uint8_t bytes[100000];

    add(set, blob(OH_HUKS_TAG_ASSOCIATED_DATA, bytes, sizeof(bytes)));
    OH_Huks_FreeParamSet(&set);
    ck_assert_ptr_null(set);
}
END_TEST

/* ---- limits of AddParams ---- */

START_TEST(too_many)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_Param params[LIMIT + 1];

    for (size_t i = 0; i <= LIMIT; i++) {
        params[i] = number(OH_HUKS_TAG_PURPOSE, (uint32_t)i); /* duplicates are accepted here */
    }
    IS_INVALID(OH_Huks_AddParams(set, params, LIMIT + 1));
    ck_assert_uint_eq(set->paramsCnt, 0);
    IS_INVALID(OH_Huks_AddParams(set, params, UINT32_MAX));
    IS_OK(OH_Huks_AddParams(set, params, 0));
    IS_OK(OH_Huks_AddParams(set, params, LIMIT - 1));
    IS_INVALID(OH_Huks_AddParams(set, params, 2));
    ck_assert_uint_eq(set->paramsCnt, LIMIT - 1);
    IS_OK(OH_Huks_AddParams(set, params, 1));
    IS_INVALID(OH_Huks_AddParams(set, params, 1));
    IS_OK(OH_Huks_BuildParamSet(&set));
    ck_assert_uint_eq(set->params[LIMIT - 2].uint32Param, LIMIT - 2);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(too_large)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_Param params[2];
    uint8_t byte = 0;

    params[0] = number(OH_HUKS_TAG_PURPOSE, 1);
    params[1] = blob(OH_HUKS_TAG_IV, &byte, 4 * 1024 * 1024);
    IS_INVALID(OH_Huks_AddParams(set, params, 2));
    ck_assert_uint_eq(set->paramsCnt, 0); /* none of them */
    params[1] = blob(OH_HUKS_TAG_IV, &byte, UINT32_MAX);
    IS_INVALID(OH_Huks_AddParams(set, params, 2));
    params[0] = params[1];
    IS_INVALID(OH_Huks_AddParams(set, params, 2));
    params[1] = blob(OH_HUKS_TAG_IV, NULL, 0);
    IS_INVALID(OH_Huks_AddParams(set, &params[1], 1)); /* no data, even of size 0 */
    params[1] = blob(OH_HUKS_TAG_IV, NULL, 16);
    IS_INVALID(OH_Huks_AddParams(set, &params[1], 1));
    ck_assert_uint_eq(set->paramSetSize, 8);
    set->paramSetSize = 4 * 1024 * 1024 + 1;
    IS_INVALID(OH_Huks_AddParams(set, params, 0));
    set->paramSetSize = 4;
    IS_INVALID(OH_Huks_AddParams(set, params, 0));
    set->paramSetSize = 8;
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(unknown_tags_are_accepted_until_checked)
{
    static const uint32_t refused[] = {0,
                                       OH_HUKS_TAG_TYPE_UINT | 9999,
                                       OH_HUKS_TAG_TYPE_BOOL | 1, /* right number, wrong type */
                                       OH_HUKS_TAG_IS_ASYNCHRONIZED,
                                       HUKS_TAG_OBJECT_CLASS,
                                       HUKS_TAG_CURVE};

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct OH_Huks_ParamSet *set = init();
        add(set, number(refused[i], 1));
        IS_OK(OH_Huks_BuildParamSet(&set));
        IS_INVALID(OH_Huks_IsParamSetTagValid(set));
        OH_Huks_FreeParamSet(&set);
    }
}
END_TEST

START_TEST(repeated_tags)
{
    struct OH_Huks_ParamSet *set = init();

    add(set, number(OH_HUKS_TAG_PURPOSE, 1));
    add(set, number(OH_HUKS_TAG_DIGEST, 12));
    IS_OK(OH_Huks_IsParamSetTagValid(set));
    add(set, number(HUKS_TAG_KEY_VERSION, 3)); /* inner tags are known */
    IS_OK(OH_Huks_IsParamSetTagValid(set));
    add(set, number(OH_HUKS_TAG_PURPOSE, 2));
    IS_INVALID(OH_Huks_IsParamSetTagValid(set));
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(a_built_set_takes_no_more)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_Param more = number(OH_HUKS_TAG_PURPOSE, 1);

    add(set, number(OH_HUKS_TAG_DIGEST, 12));
    IS_OK(OH_Huks_BuildParamSet(&set));
    IS_OK(OH_Huks_AddParams(set, &more, 1)); /* without blobs nothing is overwritten */
    add(set, blob(OH_HUKS_TAG_IV, "0123456789abcdef", 16));
    IS_OK(OH_Huks_BuildParamSet(&set));
    IS_INVALID(OH_Huks_AddParams(set, &more, 1));
    ck_assert_int_eq(memcmp(set->params[2].blob.data, "0123456789abcdef", 16), 0);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

/* ---- sizes that lie ---- */

START_TEST(wrong_sizes)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_ParamSet *copy = NULL;
    struct OH_Huks_Param *found = NULL;
    uint32_t size;

    add(set, number(OH_HUKS_TAG_DIGEST, 12));
    add(set, blob(OH_HUKS_TAG_IV, "0123456789abcdef", 16));
    IS_OK(OH_Huks_BuildParamSet(&set));
    size = set->paramSetSize;
    IS_OK(OH_Huks_IsParamSetValid(set, size));
    IS_INVALID(OH_Huks_IsParamSetValid(set, size - 1));
    IS_INVALID(OH_Huks_IsParamSetValid(set, size + 1));
    IS_INVALID(OH_Huks_IsParamSetValid(set, 0));
    IS_INVALID(OH_Huks_IsParamSetValid(set, 7));
    IS_INVALID(OH_Huks_IsParamSetValid(set, UINT32_MAX));
    IS_INVALID(OH_Huks_CopyParamSet(set, size - 1, &copy));
    ck_assert_ptr_null(copy);

    set->paramsCnt = 1000;
    IS_INVALID(OH_Huks_IsParamSetValid(set, size));
    IS_INVALID(OH_Huks_BuildParamSet(&set));
    IS_INVALID(OH_Huks_CopyParamSet(set, size, &copy));
    IS_INVALID(OH_Huks_GetParam(set, OH_HUKS_TAG_IV, &found));
    IS_INVALID(OH_Huks_FreshParamSet(set, false));
    IS_INVALID(OH_Huks_IsParamSetTagValid(set));
    set->paramsCnt = UINT32_MAX;
    IS_INVALID(OH_Huks_IsParamSetValid(set, size));
    set->paramsCnt = 2;

    set->params[1].blob.size = 17; /* one byte beyond the end */
    IS_INVALID(OH_Huks_BuildParamSet(&set));
    IS_INVALID(OH_Huks_CopyParamSet(set, size, &copy));
    IS_INVALID(OH_Huks_FreshParamSet(set, false));
    IS_INVALID(OH_Huks_FreshParamSet(set, true));
    set->params[1].blob.size = UINT32_MAX;
    IS_INVALID(OH_Huks_BuildParamSet(&set));
    set->params[1].blob.size = 16;
    set->params[1].blob.data = NULL;
    IS_INVALID(OH_Huks_BuildParamSet(&set));
    IS_INVALID(OH_Huks_FreshParamSet(set, true));
    IS_OK(OH_Huks_FreshParamSet(set, false)); /* finds the bytes again */
    ck_assert_int_eq(memcmp(set->params[1].blob.data, "0123456789abcdef", 16), 0);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

START_TEST(more_parameters_than_tags)
{
    uint32_t count = 100000;
    uint32_t size = (uint32_t)(sizeof(struct OH_Huks_ParamSet) + count * sizeof(struct OH_Huks_Param));
    struct OH_Huks_ParamSet *set = calloc(1, size);

    ck_assert_ptr_nonnull(set);
    set->paramSetSize = size;
    set->paramsCnt = count;
    for (uint32_t i = 0; i < count; i++) {
        set->params[i].tag = OH_HUKS_TAG_PURPOSE;
    }
    IS_OK(OH_Huks_IsParamSetValid(set, size));
    IS_INVALID(OH_Huks_IsParamSetTagValid(set));
    free(set);
}
END_TEST

/* ---- copies ---- */

START_TEST(copy_is_deep)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_ParamSet *copy = NULL;

    add(set, number(OH_HUKS_TAG_DIGEST, 12));
    add(set, blob(OH_HUKS_TAG_IV, "0123456789abcdef", 16));
    IS_OK(OH_Huks_BuildParamSet(&set));
    IS_OK(OH_Huks_CopyParamSet(set, set->paramSetSize, &copy));
    memset(set->params[1].blob.data, 'x', 16);
    OH_Huks_FreeParamSet(&set);
    ck_assert_uint_eq(copy->paramsCnt, 2);
    ck_assert_uint_eq(copy->params[0].uint32Param, 12);
    ck_assert_int_eq(memcmp(copy->params[1].blob.data, "0123456789abcdef", 16), 0);
    ck_assert(is_inside(copy, copy->params[1].blob.data));
    OH_Huks_FreeParamSet(&copy);
}
END_TEST

START_TEST(a_moved_set)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_ParamSet *moved;
    struct OH_Huks_ParamSet *copy = NULL;

    add(set, blob(OH_HUKS_TAG_NONCE, "nonce", 5));
    add(set, blob(OH_HUKS_TAG_IV, "0123456789abcdef", 16));
    IS_OK(OH_Huks_BuildParamSet(&set));
    moved = malloc(set->paramSetSize);
    ck_assert_ptr_nonnull(moved);
    memcpy(moved, set, set->paramSetSize);
    OH_Huks_FreeParamSet(&set); /* its blobs point nowhere now */
    IS_OK(OH_Huks_CopyParamSet(moved, moved->paramSetSize, &copy));
    ck_assert_int_eq(memcmp(copy->params[1].blob.data, "0123456789abcdef", 16), 0);
    IS_OK(OH_Huks_FreshParamSet(moved, false));
    ck_assert(is_inside(moved, moved->params[0].blob.data));
    ck_assert_int_eq(memcmp(moved->params[0].blob.data, "nonce0123456789abcdef", 21), 0);
    /* a blob that is changed and taken in again */
    moved->params[0].blob.data = (uint8_t *)(uintptr_t) "NONCE";
    IS_OK(OH_Huks_FreshParamSet(moved, true));
    ck_assert(is_inside(moved, moved->params[0].blob.data));
    ck_assert_int_eq(memcmp(moved->params[0].blob.data, "NONCE0123456789abcdef", 21), 0);
    OH_Huks_FreeParamSet(&moved);
    OH_Huks_FreeParamSet(&copy);
}
END_TEST

START_TEST(get_what_is_not_there)
{
    struct OH_Huks_ParamSet *set = init();
    struct OH_Huks_Param *found = (struct OH_Huks_Param *)(uintptr_t)8;

    add(set, number(OH_HUKS_TAG_DIGEST, 12));
    is(OH_Huks_GetParam(set, OH_HUKS_TAG_IV, &found), 401, "The parameter does not exist.");
    ck_assert_uint_eq((uintptr_t)found, 8); /* left alone */
    OH_Huks_FreeParamSet(&set);
}
END_TEST

/* ---- comparing ---- */

START_TEST(matches)
{
    struct OH_Huks_Param a = number(OH_HUKS_TAG_DIGEST, 12);
    struct OH_Huks_Param b = number(OH_HUKS_TAG_DIGEST, 12);

    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
    b.uint32Param = 13;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    b = number(OH_HUKS_TAG_PADDING, 12);
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    a.tag = b.tag = OH_HUKS_TAG_TYPE_INVALID | 4;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    a.tag = b.tag = 6u << 28;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));

    a = (struct OH_Huks_Param){.tag = OH_HUKS_TAG_TYPE_ULONG | 201};
    b = a;
    a.uint64Param = b.uint64Param = UINT64_C(0x100000001);
    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
    b.uint64Param = 1;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    a = (struct OH_Huks_Param){.tag = OH_HUKS_TAG_NO_AUTH_REQUIRED};
    b = a;
    a.boolParam = true;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    b.boolParam = true;
    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
    a = (struct OH_Huks_Param){.tag = HUKS_TAG_FRONT_USER_ID};
    b = a;
    a.int32Param = b.int32Param = -1;
    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
    b.int32Param = 100;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));

    a = blob(OH_HUKS_TAG_IV, "abc", 3);
    b = blob(OH_HUKS_TAG_IV, "abcd", 3);
    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
    b.blob.size = 4;
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    b = blob(OH_HUKS_TAG_IV, "abd", 3);
    IS_INVALID(OH_Huks_CheckParamMatch(&a, &b));
    b.blob.data = NULL;
    IS_NULL(OH_Huks_CheckParamMatch(&a, &b));
    a = b = blob(OH_HUKS_TAG_IV, NULL, 0);
    IS_OK(OH_Huks_CheckParamMatch(&a, &b));
}
END_TEST

START_TEST(alias_sets)
{
    struct OH_Huks_KeyAliasSet *set = calloc(1, sizeof(*set));

    ck_assert_ptr_nonnull(set);
    OH_Huks_FreeKeyAliasSet(set);
    set = calloc(1, sizeof(*set));
    ck_assert_ptr_nonnull(set);
    set->aliasesCnt = 2;
    set->aliases = calloc(2, sizeof(*set->aliases));
    ck_assert_ptr_nonnull(set->aliases);
    set->aliases[1].size = 3;
    set->aliases[1].data = malloc(3);
    OH_Huks_FreeKeyAliasSet(set);
}
END_TEST

/* ---- no memory ---- */

START_TEST(no_memory)
{
    struct OH_Huks_ParamSet *set = NULL;
    struct OH_Huks_ParamSet *same;
    struct OH_Huks_ParamSet *copy = NULL;
    static uint8_t bytes[2000];

    allocations_left = 0;
    is(OH_Huks_InitParamSet(&set), 12000014, "Malloc failed.");
    ck_assert_ptr_null(set);
    set = init();
    add(set, blob(OH_HUKS_TAG_IV, "0123456789abcdef", 16));
    allocations_left = 0;
    is(OH_Huks_BuildParamSet(&set), 12000014, "Malloc failed.");
    add(set, blob(OH_HUKS_TAG_INFO, bytes, sizeof(bytes)));
    same = set;
    allocations_left = 0;
    is(OH_Huks_BuildParamSet(&set), 12000014, "Malloc failed.");
    ck_assert_ptr_eq(set, same);
    ck_assert_ptr_eq(set->params[1].blob.data, bytes);
    IS_OK(OH_Huks_BuildParamSet(&set));
    allocations_left = 0;
    is(OH_Huks_CopyParamSet(set, set->paramSetSize, &copy), 12000014, "Malloc failed.");
    ck_assert_ptr_null(copy);
    allocations_left = 0;
    is(OH_Huks_FreshParamSet(set, true), 12000014, "Malloc failed.");
    ck_assert_int_eq(memcmp(set->params[0].blob.data, "0123456789abcdef", 16), 0);
    OH_Huks_FreeParamSet(&set);
}
END_TEST

/* ---- results ---- */

START_TEST(results)
{
    struct OH_Huks_Result first;
    struct OH_Huks_Result second;

    is(result_of(HUKS_OK), 0, "Success.");
    is(result_of(error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL)), 12000011, "The entity does not exist.");
    first = result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "padding"));
    second = result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "key size"));
    is(first, 12000003, "Invalid padding."); /* still, after another failure */
    is(second, 12000003, "Invalid key size.");
    ck_assert_ptr_eq(result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM, "padding")).errorMsg,
                     first.errorMsg);
    is(result_of(error_illegal(ABOUT_WRAPPED_KEY, ILLEGAL_WRAPPED)), 401,
       "The wrapped key data is in invalid format.");
    is(result_of_output(error_short_buffer()), 401, "Insufficient buffer size.");
    is(result_of_output(error_no_memory()), 12000014, "Malloc failed.");
    is(result_of_output(HUKS_OK), 0, "Success.");
    is(result_of(error_short_buffer()), 12000014, "Insufficient memory.");
}
END_TEST

START_TEST(more_sentences_than_room)
{
    struct OH_Huks_Result kept = result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "first"));

    for (int i = 0; i < 1000; i++) {
        struct OH_Huks_Result result =
            result_of(error_raisef(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "number %d", i));
        ck_assert_int_eq(result.errorCode, 12000003);
        ck_assert_int_eq(strncmp(result.errorMsg, "Invalid ", 8), 0);
    }
    is(kept, 12000003, "Invalid first.");
    is(result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "another")), 12000003,
       "Invalid parameter.");
    is(result_of(error_raise(HUKS_E_FILE, ABOUT_FILE, "write")), 12000004, "Failed to use the file.");
    is(result_of(error_raise_text(401, ABOUT_NOTHING, "never said")), 401, "Invalid parameters.");
    is(result_of(error_raise(4711, ABOUT_NOTHING, "never said")), 4711,
       "Device environment or input parameter abnormal.");
    is(result_of(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "first")), 12000003, "Invalid first.");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("param-api");
    TCase *tests = tcase_create("param-api");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, layout);
    tcase_add_test(tests, nulls);
    tcase_add_test(tests, an_empty_set);
    tcase_add_test(tests, build_copies_the_blobs);
    tcase_add_test(tests, a_large_set);
    tcase_add_test(tests, an_unbuilt_large_set_is_freed);
    tcase_add_test(tests, too_many);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, unknown_tags_are_accepted_until_checked);
    tcase_add_test(tests, repeated_tags);
    tcase_add_test(tests, a_built_set_takes_no_more);
    tcase_add_test(tests, wrong_sizes);
    tcase_add_test(tests, more_parameters_than_tags);
    tcase_add_test(tests, copy_is_deep);
    tcase_add_test(tests, a_moved_set);
    tcase_add_test(tests, get_what_is_not_there);
    tcase_add_test(tests, matches);
    tcase_add_test(tests, alias_sets);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, results);
    tcase_add_test(tests, more_sentences_than_room);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
