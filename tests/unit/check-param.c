/* Tags, and param sets inside the engine: lists, sets, the packed form. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "param/set.h"
#include "param/tags.h"

/* ---- allocations that fail: the countdown's zero, -1 never ---- */

void *__real_malloc(size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *pointer, size_t size);

static int allocations_left = -1;

static bool fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    return fails() ? NULL : __real_realloc(pointer, size);
}

/* ---- tags ---- */

START_TEST(table_is_in_order)
{
    size_t count;
    const struct tag_info *table = tag_table(&count);

    ck_assert_uint_gt(count, 230);
    for (size_t i = 0; i < count; i++) {
        uint32_t kind = table[i].flags & (TAG_NATIVE | TAG_INNER | TAG_VENDOR);
        ck_assert_msg(i == 0 || table[i - 1].tag < table[i].tag, "%s", table[i].name);
        ck_assert_msg(tag_find(table[i].tag) == &table[i], "%s", table[i].name);
        ck_assert_str_eq(tag_name(table[i].tag), table[i].name);
        ck_assert_msg(kind != 0 && (kind & (kind - 1)) == 0, "%s", table[i].name); /* exactly one */
        ck_assert_int_eq(tag_is_valid(table[i].tag), (table[i].flags & TAG_VALID) != 0);
        ck_assert_int_eq(strncmp(table[i].name, kind == TAG_NATIVE ? "OH_HUKS_TAG_" : "HUKS_TAG_",
                                 kind == TAG_NATIVE ? 12 : 9),
                         0);
        ck_assert_uint_ge(tag_type(table[i].tag), OH_HUKS_TAG_TYPE_INT);
        ck_assert_uint_le(tag_type(table[i].tag), OH_HUKS_TAG_TYPE_BYTES);
        /* vendor numbers and only they lie in the vendor ranges, and the native API refuses them */
        ck_assert_int_eq((table[i].tag & 0x0FF00000) == 0x00A00000, kind == TAG_VENDOR);
        ck_assert(kind != TAG_VENDOR || !tag_is_valid(table[i].tag));
    }
}
END_TEST

START_TEST(numbers)
{
    /* some of each family, as facts */
    ck_assert_uint_eq(OH_HUKS_TAG_ALGORITHM, 0x20000001);
    ck_assert_uint_eq(OH_HUKS_TAG_NO_AUTH_REQUIRED, 0x4000012F);
    ck_assert_uint_eq(OH_HUKS_TAG_AUTH_TOKEN, 0x50000132);
    ck_assert_uint_eq(OH_HUKS_TAG_KEY_ACCESS_GROUP, 0x5000020B);
    ck_assert_uint_eq(OH_HUKS_TAG_AE_TAG, 0x50002719);
    ck_assert_uint_eq(OH_HUKS_TAG_ASYMMETRIC_PRIVATE_KEY_DATA, 0x50004E23);
    ck_assert_uint_eq(HUKS_TAG_CREATION_DATETIME, 0x300000CC);
    ck_assert_uint_eq(HUKS_TAG_FRONT_USER_ID, 0x10000138);
    ck_assert_uint_eq(HUKS_TAG_ACCESS_TOKEN_ID, 0x20007545);
    ck_assert_uint_eq(HUKS_TAG_OBJECT_CLASS, 0x20A00000);
    ck_assert_uint_eq(HUKS_TAG_LABEL, 0x50A00003);
    ck_assert_uint_eq(HUKS_TAG_KEY_TYPE, 0x20A00100);
    ck_assert_uint_eq(HUKS_TAG_SENSITIVE, 0x40A00103);
    ck_assert_uint_eq(HUKS_TAG_KEY_GEN_MECHANISM, 0x30A00166);
    ck_assert_uint_eq(HUKS_TAG_ALLOWED_MECHANISMS, 0x50A00600);
    ck_assert_uint_eq(HUKS_TAG_WRAP_TEMPLATE, 0x50A00211);
    ck_assert_uint_eq(HUKS_TAG_SEED, 0x50A00637);
    ck_assert_uint_eq(HUKS_ALG_ED448, 0x48550001);
    ck_assert_uint_eq(HUKS_PURPOSE_DECAPSULATE, 0x80000);
    ck_assert_uint_eq(HUKS_PURPOSE_NATIVE_MASK & HUKS_PURPOSE_SIGN_RECOVER, 0);
}
END_TEST

START_TEST(unknown_tags)
{
    ck_assert_ptr_null(tag_find(0));
    ck_assert_ptr_null(tag_find(UINT32_MAX));
    ck_assert_ptr_null(tag_find(OH_HUKS_TAG_TYPE_BOOL | 1));
    ck_assert_str_eq(tag_name(0), "unknown tag");
    ck_assert(!tag_is_valid(0));
    ck_assert(!tag_is_valid(OH_HUKS_TAG_IS_ASYNCHRONIZED)); /* named in the header, refused in a set */
    ck_assert_str_eq(tag_name(OH_HUKS_TAG_IS_ASYNCHRONIZED), "OH_HUKS_TAG_IS_ASYNCHRONIZED");
    ck_assert(tag_find(HUKS_TAG_PRIVATE_EXPONENT)->flags & TAG_SECRET);
    ck_assert(!(tag_find(HUKS_TAG_MODULUS)->flags & TAG_SECRET));
}
END_TEST

/* ---- lists and sets ---- */

static void fill(struct param_list *list)
{
    static const uint8_t id[] = {1, 2, 3};

    ck_assert_int_eq(param_list_add_u32(list, OH_HUKS_TAG_ALGORITHM, OH_HUKS_ALG_RSA), HUKS_OK);
    ck_assert_int_eq(param_list_add_bytes(list, HUKS_TAG_ID, BYTES_OF(id)), HUKS_OK);
    ck_assert_int_eq(param_list_add_bool(list, HUKS_TAG_SENSITIVE, true), HUKS_OK);
    ck_assert_int_eq(param_list_add_u64(list, HUKS_TAG_KEY_GEN_MECHANISM, UINT64_MAX - 1), HUKS_OK);
    ck_assert_int_eq(param_list_add_u32(list, HUKS_TAG_FRONT_USER_ID, (uint32_t)-7), HUKS_OK);
    ck_assert_int_eq(param_list_add_bytes(list, HUKS_TAG_LABEL, BYTES_NONE), HUKS_OK);
    ck_assert_int_eq(param_list_add_bytes(list, HUKS_TAG_SUBJECT, bytes_of("subject", 7)), HUKS_OK);
}

static void check_filled(const OH_Huks_ParamSet *set)
{
    struct bytes label = param_bytes(set, HUKS_TAG_LABEL);

    ck_assert_uint_eq(set->paramsCnt, 7);
    ck_assert_uint_eq(set->paramSetSize, sizeof(*set) + 7 * sizeof(set->params[0]) + 10);
    ck_assert(param_set_consistent(set, set->paramSetSize));
    ck_assert_uint_eq(param_u32(set, OH_HUKS_TAG_ALGORITHM, 0), OH_HUKS_ALG_RSA);
    ck_assert(bytes_equal(param_bytes(set, HUKS_TAG_ID), bytes_of("\1\2\3", 3)));
    ck_assert(param_bool(set, HUKS_TAG_SENSITIVE, false));
    ck_assert_uint_eq(param_u64(set, HUKS_TAG_KEY_GEN_MECHANISM, 0), UINT64_MAX - 1);
    ck_assert_int_eq((int32_t)param_u32(set, HUKS_TAG_FRONT_USER_ID, 0), -7);
    ck_assert_ptr_nonnull(label.data); /* empty, not absent */
    ck_assert_uint_eq(label.size, 0);
    ck_assert(bytes_equal(param_bytes(set, HUKS_TAG_SUBJECT), bytes_of("subject", 7)));
    /* one block, blobs in order */
    ck_assert_ptr_eq(param_bytes(set, HUKS_TAG_ID).data, (const uint8_t *)&set->params[7]);
    ck_assert_ptr_eq(param_bytes(set, HUKS_TAG_SUBJECT).data, (const uint8_t *)&set->params[7] + 3);
}

START_TEST(build_and_read)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;

    fill(&list);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    check_filled(set);
}
END_TEST

START_TEST(build_is_deep)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    uint8_t value[4] = {9, 9, 9, 9};

    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_VALUE, BYTES_OF(value)), HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    memset(value, 0, sizeof(value));
    ck_assert(bytes_equal(param_bytes(set, HUKS_TAG_VALUE), bytes_of("\x09\x09\x09\x09", 4)));
}
END_TEST

START_TEST(fallbacks)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;

    fill(&list);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_uint_eq(param_u32(set, OH_HUKS_TAG_KEY_SIZE, 77), 77);
    ck_assert_uint_eq(param_u64(set, HUKS_TAG_MECHANISM_TYPE, 78), 78);
    ck_assert(param_bool(set, HUKS_TAG_TOKEN, true));
    ck_assert(!param_bool(set, HUKS_TAG_TOKEN, false));
    ck_assert_ptr_null(param_bytes(set, HUKS_TAG_ISSUER).data);
    /* a reader of another type than the tag's */
    ck_assert_uint_eq(param_u32(set, HUKS_TAG_ID, 5), 5);
    ck_assert_uint_eq(param_u64(set, OH_HUKS_TAG_ALGORITHM, 6), 6);
    ck_assert(!param_bool(set, HUKS_TAG_ID, false));
    ck_assert_ptr_null(param_bytes(set, OH_HUKS_TAG_ALGORITHM).data);
    /* no set is an empty set */
    ck_assert_ptr_null(param_find(NULL, OH_HUKS_TAG_ALGORITHM));
    ck_assert(!param_has(NULL, OH_HUKS_TAG_ALGORITHM));
    ck_assert_uint_eq(param_u32(NULL, OH_HUKS_TAG_ALGORITHM, 3), 3);
    ck_assert_ptr_null(param_bytes(NULL, HUKS_TAG_ID).data);
    param_set_free(NULL);
}
END_TEST

START_TEST(wrong_types_are_refused)
{
    AUTO(param_list_free) struct param_list list = {0};

    ck_assert_int_eq(param_list_add_u32(&list, HUKS_TAG_LABEL, 1), HUKS_E_INTERNAL);
    ck_assert_int_eq(param_list_add_u64(&list, OH_HUKS_TAG_ALGORITHM, 1), HUKS_E_INTERNAL);
    ck_assert_int_eq(param_list_add_bool(&list, OH_HUKS_TAG_ALGORITHM, true), HUKS_E_INTERNAL);
    ck_assert_int_eq(param_list_add_bytes(&list, OH_HUKS_TAG_ALGORITHM, BYTES_NONE), HUKS_E_INTERNAL);
    ck_assert_int_eq(param_list_put_u32(&list, HUKS_TAG_LABEL, 1), HUKS_E_INTERNAL);
    ck_assert_uint_eq(list.count, 0);
    if (sizeof(size_t) > 4) {
        size_t large = (size_t)UINT32_MAX + 1;
        ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_LABEL, bytes_of("", large)), HUKS_E_MEMORY);
    }
}
END_TEST

START_TEST(lists_change)
{
    AUTO(param_list_free) struct param_list list = {0};

    fill(&list);
    ck_assert_int_eq(param_list_put_u32(&list, OH_HUKS_TAG_ALGORITHM, 2), HUKS_OK);
    ck_assert_uint_eq(list.count, 7);
    ck_assert_uint_eq(param_list_find(&list, OH_HUKS_TAG_ALGORITHM)->uint32Param, 2);
    ck_assert_int_eq(param_list_put_bool(&list, HUKS_TAG_SENSITIVE, false), HUKS_OK);
    ck_assert(!param_truth(param_list_find(&list, HUKS_TAG_SENSITIVE)));
    ck_assert_int_eq(param_list_put_u64(&list, HUKS_TAG_KEY_GEN_MECHANISM, 1), HUKS_OK);
    ck_assert_int_eq(param_list_put_bytes(&list, HUKS_TAG_ID, bytes_of("new", 3)), HUKS_OK);
    ck_assert(bytes_equal(param_blob(param_list_find(&list, HUKS_TAG_ID)), bytes_of("new", 3)));
    ck_assert_uint_eq(list.count, 7);
    ck_assert_int_eq(param_list_put_bytes(&list, HUKS_TAG_ISSUER, bytes_of("i", 1)), HUKS_OK);
    ck_assert_uint_eq(list.count, 8);
    ck_assert_int_eq(param_list_add_u32(&list, OH_HUKS_TAG_DIGEST, 1), HUKS_OK);
    ck_assert_int_eq(param_list_add_u32(&list, OH_HUKS_TAG_DIGEST, 2), HUKS_OK);
    ck_assert(param_list_remove(&list, OH_HUKS_TAG_DIGEST)); /* both */
    ck_assert_uint_eq(list.count, 8);
    ck_assert_ptr_null(param_list_find(&list, OH_HUKS_TAG_DIGEST));
    ck_assert(!param_list_remove(&list, OH_HUKS_TAG_DIGEST));
    ck_assert(param_list_remove(&list, OH_HUKS_TAG_ALGORITHM));
    ck_assert_uint_eq(list.params[0].tag, HUKS_TAG_ID); /* order kept */
}
END_TEST

START_TEST(many_params)
{
    enum { MANY = 1000 }; /* the native API's 42 bind nobody here */
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_list_free) struct param_list twice = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;

    for (uint32_t i = 0; i < MANY; i++) {
        ck_assert_int_eq(param_list_add_u32(&list, OH_HUKS_TAG_TYPE_UINT | (i + 1), i), HUKS_OK);
    }
    /* a parameter that lies in the list that moves */
    for (size_t i = 0; i < 100; i++) {
        ck_assert_int_eq(param_list_add(&list, &list.params[0]), HUKS_OK);
    }
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_uint_eq(set->paramsCnt, MANY + 100);
    ck_assert_uint_eq(param_u32(set, OH_HUKS_TAG_TYPE_UINT | MANY, 0), MANY - 1);
    ck_assert_int_eq(param_list_add_set(&twice, set), HUKS_OK);
    ck_assert_int_eq(param_list_add_set(&twice, NULL), HUKS_OK);
    ck_assert_uint_eq(twice.count, MANY + 100);
}
END_TEST

START_TEST(empty_and_copied)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(param_set_free) OH_Huks_ParamSet *copy = NULL;

    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_uint_eq(set->paramSetSize, 8);
    ck_assert_uint_eq(set->paramsCnt, 0);
    param_set_free(&set);
    ck_assert_ptr_null(set);
    ck_assert_int_eq(param_set_copy(NULL, &set), HUKS_OK);
    ck_assert_uint_eq(set->paramsCnt, 0);
    param_set_free(&set);
    fill(&list);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_int_eq(param_set_copy(set, &copy), HUKS_OK);
    param_set_free(&set);
    check_filled(copy);
}
END_TEST

START_TEST(consistency)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    uint32_t size;

    fill(&list);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    size = set->paramSetSize;
    ck_assert(param_set_consistent(set, size));
    ck_assert(!param_set_consistent(NULL, size));
    ck_assert(!param_set_consistent(set, size - 1));
    ck_assert(!param_set_consistent(set, 7));
    set->paramsCnt = UINT32_MAX;
    ck_assert(!param_set_consistent(set, size));
    set->paramsCnt = 7;
    set->params[1].blob.size = 4;
    ck_assert(!param_set_consistent(set, size));
    set->params[1].blob.size = 3;
    uint8_t *data = set->params[1].blob.data;
    set->params[1].blob.data = NULL;
    ck_assert(!param_set_consistent(set, size));
    set->params[1].blob.data = data;
    ck_assert(param_set_consistent(set, size));
}
END_TEST

START_TEST(bools_from_outside)
{
    OH_Huks_Param param;
    OH_Huks_Param other = {.tag = HUKS_TAG_TOKEN};

    memset(&param, 0, sizeof(param));
    param.tag = HUKS_TAG_TOKEN;
    memset(&param.boolParam, 0xF0, 1); /* no bool that C knows */
    other.boolParam = true;
    ck_assert(param_truth(&param));
    ck_assert(param_equal(&param, &other));
}
END_TEST

/* ---- the packed form ---- */

static const uint8_t packed_form[] = {
    7,    0,    0,    0,    0x01, 0x00, 0x00, 0x20, 0x01, 0x00, 0x00, 0x00,                /* ALGORITHM */
    0x02, 0x01, 0xA0, 0x50, 3,    0,    0,    0,    1,    2,    3,                         /* ID        */
    0x03, 0x01, 0xA0, 0x40, 1,                                                             /* SENSITIVE */
    0x66, 0x01, 0xA0, 0x30, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,                /* mechanism */
    0x38, 0x01, 0x00, 0x10, 0xF9, 0xFF, 0xFF, 0xFF,                                        /* user id   */
    0x03, 0x00, 0xA0, 0x50, 0,    0,    0,    0,                                           /* LABEL     */
    0x01, 0x01, 0xA0, 0x50, 7,    0,    0,    0,    's',  'u',  'b',  'j',  'e', 'c', 't', /* SUBJECT   */
};

START_TEST(pack_byte_by_byte)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(param_set_free) OH_Huks_ParamSet *back = NULL;
    AUTO(buffer_free) struct buffer out = {0};

    fill(&list);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_int_eq(param_set_pack(set, &out), HUKS_OK);
    ck_assert_uint_eq(out.size, sizeof(packed_form));
    ck_assert_int_eq(memcmp(out.data, packed_form, sizeof(packed_form)), 0);
    ck_assert_int_eq(param_set_unpack(BYTES_OF(packed_form), &back), HUKS_OK);
    check_filled(back);
    /* appends */
    ck_assert_int_eq(param_set_pack(NULL, &out), HUKS_OK);
    ck_assert_uint_eq(out.size, sizeof(packed_form) + 4);
    ck_assert_int_eq(memcmp(out.data + sizeof(packed_form), "\0\0\0\0", 4), 0);
}
END_TEST

START_TEST(unpack_at_every_length)
{
    OH_Huks_ParamSet *set = NULL;
    uint8_t longer[sizeof(packed_form) + 1];

    for (size_t size = 0; size < sizeof(packed_form); size++) {
        uint8_t *exact = malloc(size + 1); /* a sanitizer sees a byte too far */
        ck_assert_ptr_nonnull(exact);
        uint8_t *end = __real_realloc(exact, size != 0 ? size : 1);
        ck_assert_ptr_nonnull(end);
        memcpy(end, packed_form, size);
        ck_assert_int_eq(param_set_unpack(bytes_of(end, size), &set), HUKS_E_INTERNAL);
        ck_assert_ptr_null(set);
        free(end);
    }
    memcpy(longer, packed_form, sizeof(packed_form));
    longer[sizeof(packed_form)] = 0;
    ck_assert_int_eq(param_set_unpack(BYTES_OF(longer), &set), HUKS_E_INTERNAL);
    ck_assert_int_eq(param_set_unpack(BYTES_NONE, &set), HUKS_E_INTERNAL);
    ck_assert_ptr_null(set);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
} damaged[] = {
    {"\1\0\0\0\x01\0\0\x00\1\0\0\0", 12},                   /* a tag without type */
    {"\1\0\0\0\x01\0\0\x60\1\0\0\0", 12},                   /* an unknown type */
    {"\1\0\0\0\x03\x01\xA0\x40\2", 9},                      /* a bool that is none */
    {"\xFF\xFF\xFF\xFF\x03\x01\xA0\x40\1", 9},              /* more than can be there */
    {"\1\0\0\0\x02\x01\xA0\x50\xFF\xFF\xFF\xFF\1\2\3", 15}, /* bytes beyond the end */
    {"\0\0\0\0\0", 5},                                      /* something behind */
    {"\2\0\0\0\x03\x01\xA0\x40\1", 9},                      /* one too few */
};

START_TEST(unpack_refuses)
{
    OH_Huks_ParamSet *set = NULL;

    ck_assert_int_eq(param_set_unpack(bytes_of(damaged[_i].bytes, damaged[_i].size), &set), HUKS_E_INTERNAL);
    ck_assert_ptr_null(set);
    ck_assert_int_eq(error_code(), HUKS_E_INTERNAL);
}
END_TEST

START_TEST(unpack_noise)
{
    /* whatever comes: an answer, and what unpacks packs to the same bytes */
    srand(11);
    for (int round = 0; round < 200000; round++) {
        uint8_t noise[sizeof(packed_form)];
        OH_Huks_ParamSet *set = NULL;
        memcpy(noise, packed_form, sizeof(noise));
        for (int flips = rand() % 4; flips >= 0; flips--) {
            noise[(size_t)rand() % sizeof(noise)] = (uint8_t)rand();
        }
        if (param_set_unpack(BYTES_OF(noise), &set) == HUKS_OK) {
            struct buffer out = {0};
            ck_assert_int_eq(param_set_pack(set, &out), HUKS_OK);
            ck_assert(bytes_equal(BYTES_OF(noise), bytes_of(out.data, out.size)));
            buffer_free(&out);
        }
        param_set_free(&set);
    }
}
END_TEST

START_TEST(pack_refuses_what_has_no_type)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(buffer_free) struct buffer out = {0};
    OH_Huks_Param param = {.tag = 5};

    ck_assert_int_eq(param_list_add(&list, &param), HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    ck_assert_int_eq(param_set_pack(set, &out), HUKS_E_INTERNAL);
}
END_TEST

/* ---- no memory ---- */

static huks_rc whole_life(void)
{
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(param_set_free) OH_Huks_ParamSet *copy = NULL;
    AUTO(param_set_free) OH_Huks_ParamSet *back = NULL;
    AUTO(buffer_free) struct buffer out = {0};

    for (uint32_t i = 0; i < 40; i++) {
        HUKS_TRY(param_list_put_bytes(&list, OH_HUKS_TAG_TYPE_BYTES | i, bytes_of("0123456789", 10)));
    }
    HUKS_TRY(param_list_build(&list, &set));
    HUKS_TRY(param_set_copy(set, &copy));
    HUKS_TRY(param_set_pack(copy, &out));
    HUKS_TRY(param_set_unpack(bytes_of(out.data, out.size), &back));
    return back->paramsCnt == 40 ? HUKS_OK : HUKS_E_INTERNAL; /* Check's own assertions allocate */
}

START_TEST(memory_ends_anywhere)
{
    huks_rc rc = HUKS_E_MEMORY;
    int last = 0;

    for (int at = 0; rc != HUKS_OK; at++) {
        ck_assert_int_lt(at, 100);
        allocations_left = at;
        rc = whole_life();
        allocations_left = -1;
        ck_assert(rc == HUKS_OK || (rc == HUKS_E_MEMORY && error_about() == ABOUT_ALLOCATION));
        last = at;
    }
    ck_assert_int_gt(last, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("param");
    TCase *tests = tcase_create("param");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, table_is_in_order);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, unknown_tags);
    tcase_add_test(tests, build_and_read);
    tcase_add_test(tests, build_is_deep);
    tcase_add_test(tests, fallbacks);
    tcase_add_test(tests, wrong_types_are_refused);
    tcase_add_test(tests, lists_change);
    tcase_add_test(tests, many_params);
    tcase_add_test(tests, empty_and_copied);
    tcase_add_test(tests, consistency);
    tcase_add_test(tests, bools_from_outside);
    tcase_add_test(tests, pack_byte_by_byte);
    tcase_add_test(tests, unpack_at_every_length);
    tcase_add_loop_test(tests, unpack_refuses, 0, (int)ARRAY_SIZE(damaged));
    tcase_add_test(tests, unpack_noise);
    tcase_add_test(tests, pack_refuses_what_has_no_type);
    tcase_add_test(tests, memory_ends_anywhere);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
