/* Copying and destroying objects. */
#include "harness.h"

#include <string.h>

static void check_bytes(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *want, size_t length)
{
    CK_BYTE value[2048];

    ck_assert_uint_eq(get_bytes(the_session, object, type, value, sizeof value), length);
    ck_assert_msg(memcmp(value, want, length) == 0, "attribute 0x%lx came back changed", type);
}

/* From here on the object is the one that a fresh login finds in the store. */
static CK_OBJECT_HANDLE reread(const char *label)
{
    struct template t = {.count = 0};

    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ok(login(the_session, CKU_USER, USER_PIN));
    add_text(&t, CKA_LABEL, label);
    return find_object(the_session, &t);
}

static void stored(struct template *t, const char *label)
{
    add_bool(t, CKA_TOKEN, true);
    add_text(t, CKA_LABEL, label);
}

START_TEST(copy_with_changes)
{
    struct template changes = {.count = 0};
    CK_OBJECT_HANDLE source = make_data(the_session, "source", NULL);
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;

    stored(&changes, "copy");
    add_bool(&changes, CKA_PRIVATE, true);
    ok(p11->C_CopyObject(the_session, source, changes.list, changes.count, &copy));
    ck_assert_uint_ne(copy, source);
    check_bytes(source, CKA_LABEL, "source", 6);
    copy = reread("copy");
    check_bytes(copy, CKA_VALUE, "some data", 9);
    ck_assert(get_bool(the_session, copy, CKA_PRIVATE));
}
END_TEST

START_TEST(copy_with_an_empty_template)
{
    CK_OBJECT_HANDLE source = import_aes(the_session, 16, NULL);
    CK_ATTRIBUTE none = {CKA_LABEL, NULL, 0};
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;

    ok(p11->C_CopyObject(the_session, source, &none, 0, &copy));
    ck_assert_uint_ne(copy, source);
    expect_id("object/copy-null-template", CKR_OK, p11->C_CopyObject(the_session, source, NULL, 0, &copy));
}
END_TEST

START_TEST(copy_never_loosens_a_key)
{
    struct template loose = {.count = 0};
    struct template strict = {.count = 0};
    CK_OBJECT_HANDLE source;
    CK_OBJECT_HANDLE copy;

    add_bool(&strict, CKA_SENSITIVE, true);
    add_bool(&strict, CKA_EXTRACTABLE, false);
    source = generate_aes(the_session, 16, &strict);
    add_bool(&loose, CKA_SENSITIVE, false);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, source, loose.list, loose.count, &copy));
    loose.count = 0;
    add_bool(&loose, CKA_EXTRACTABLE, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, source, loose.list, loose.count, &copy));
    loose.count = 0;
    add_bool(&loose, CKA_SENSITIVE, false);
    add_bool(&loose, CKA_EXTRACTABLE, true);
    source = generate_aes(the_session, 16, &loose);
    ok(p11->C_CopyObject(the_session, source, strict.list, strict.count, &copy));
    ck_assert(get_bool(the_session, copy, CKA_SENSITIVE));
    ck_assert(!get_bool(the_session, copy, CKA_EXTRACTABLE));
    ck_assert(!get_bool(the_session, copy, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, copy, CKA_NEVER_EXTRACTABLE));
    ck_assert(get_bool(the_session, copy, CKA_LOCAL));
}
END_TEST

START_TEST(copy_that_must_fail)
{
    struct template fixed = {.count = 0};
    struct template changes = {.count = 0};
    CK_OBJECT_HANDLE source = make_data(the_session, "source", NULL);
    CK_OBJECT_HANDLE copy;

    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_CopyObject(the_session, NO_HANDLE, changes.list, 0, &copy));
    expect(CKR_ARGUMENTS_BAD, p11->C_CopyObject(the_session, source, changes.list, 0, NULL));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_CopyObject(NO_HANDLE, source, changes.list, 0, &copy));
    add_ulong(&changes, CKA_CLASS, CKO_SECRET_KEY);
    expect_id("object/copy-changes-class", CKR_ATTRIBUTE_READ_ONLY,
              p11->C_CopyObject(the_session, source, changes.list, changes.count, &copy));
    add_bool(&fixed, CKA_COPYABLE, false);
    source = make_data(the_session, "fixed", &fixed);
    changes.count = 0;
    expect(CKR_ACTION_PROHIBITED, p11->C_CopyObject(the_session, source, changes.list, 0, &copy));
}
END_TEST

START_TEST(destroy)
{
    struct template token = {.count = 0};
    struct template label = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_ULONG size;

    stored(&token, "gone");
    add_text(&label, CKA_LABEL, "gone");
    object = make_data(the_session, "gone", &token);
    ok(p11->C_GetObjectSize(the_session, object, &size));
    ok(p11->C_DestroyObject(the_session, object));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(the_session, object));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, object, &size));
    ck_assert_uint_eq(count_objects(the_session, &label), 0);
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(the_session, NO_HANDLE));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(the_session, CK_INVALID_HANDLE));
}
END_TEST

START_TEST(destroying_one_half_leaves_the_other)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    CK_ULONG size;

    ok(p11->C_DestroyObject(the_session, pair.public_key));
    ok(p11->C_GetObjectSize(the_session, pair.private_key, &size));
}
END_TEST

START_TEST(indestructible_object)
{
    struct template fixed = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_ULONG size;

    add_bool(&fixed, CKA_DESTROYABLE, false);
    object = make_data(the_session, "fixed", &fixed);
    expect_id("object/destroyable-obeyed", CKR_ACTION_PROHIBITED, p11->C_DestroyObject(the_session, object));
    expect_id("object/destroyable-survivor", CKR_OK, p11->C_GetObjectSize(the_session, object, &size));
}
END_TEST

static Suite *copy_suite(void)
{
    Suite *suite = suite_create("copy");
    TCase *tcase = add_tcase(suite, "copy and destroy", setup_user);

    tcase_add_test(tcase, copy_with_changes);
    tcase_add_test(tcase, copy_with_an_empty_template);
    tcase_add_test(tcase, copy_never_loosens_a_key);
    tcase_add_test(tcase, copy_that_must_fail);
    tcase_add_test(tcase, destroy);
    tcase_add_test(tcase, destroying_one_half_leaves_the_other);
    tcase_add_test(tcase, indestructible_object);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, copy_suite());
}
