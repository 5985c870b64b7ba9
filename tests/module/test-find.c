/* Searching: exact matches, all objects, changes during a search, private objects. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "keys.h"

enum { CROWD = 50 };

static CK_ULONG count_by(CK_ATTRIBUTE_TYPE type, const void *value, size_t length)
{
    struct template t = {.count = 0};

    add_bytes(&t, type, value, length);
    return count_objects(the_session, &t);
}

static CK_ULONG count_class(CK_OBJECT_CLASS class)
{
    return count_by(CKA_CLASS, &class, sizeof class);
}

static void make_crowd(bool token)
{
    struct template more = {.count = 0};

    add_bool(&more, CKA_TOKEN, token);
    for (CK_ULONG i = 0; i < CROWD; i++) {
        add_bytes(&more, CKA_OBJECT_ID, &i, sizeof i);
        make_data(the_session, "crowd", &more);
    }
}

START_TEST(exact_matches_only)
{
    static const CK_BYTE id[] = {0, 1, 0};
    struct template more = {.count = 0};

    add_bytes(&more, CKA_ID, id, sizeof id);
    add_text(&more, CKA_LABEL, "signing key");
    import_aes(the_session, 16, &more);
    ck_assert_uint_eq(count_by(CKA_ID, id, 3), 1);
    ck_assert_uint_eq(count_by(CKA_ID, id, 2), 0);
    ck_assert_uint_eq(count_by(CKA_ID, id, 0), 0);
    ck_assert_uint_eq(count_by(CKA_LABEL, "signing key", 11), 1);
    ck_assert_uint_eq(count_by(CKA_LABEL, "signing ke", 10), 0);
    ck_assert_uint_eq(count_by(CKA_LABEL, "signing key", 12), 0); /* with its NUL */
    ck_assert_uint_eq(count_by(CKA_LABEL, "Signing key", 11), 0);
    ck_assert_uint_eq(count_by(NO_ATTRIBUTE, "x", 1), 0);
    ck_assert_uint_eq(count_by(CKA_CLASS, id, 3), 0); /* wrong length: no object has it */
}
END_TEST

START_TEST(by_class_and_type_together)
{
    struct template t = {.count = 0};

    import_rsa(the_session, NULL);
    import_ec(the_session, NULL);
    import_aes(the_session, 16, NULL);
    make_data(the_session, "x", NULL);
    ck_assert_uint_eq(count_class(CKO_PUBLIC_KEY), 2);
    ck_assert_uint_eq(count_class(CKO_PRIVATE_KEY), 2);
    ck_assert_uint_eq(count_class(CKO_SECRET_KEY), 1);
    ck_assert_uint_eq(count_class(CKO_DATA), 1);
    ck_assert_uint_eq(count_class(CKO_CERTIFICATE), 0);
    add_ulong(&t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_EC);
    ck_assert_uint_eq(count_objects(the_session, &t), 1);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    ck_assert_uint_eq(count_objects(the_session, &t), 0);
    t.count = 0;
    add_bytes(&t, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus);
    ck_assert_uint_eq(count_objects(the_session, &t), 2);
}
END_TEST

START_TEST(certificates_by_their_names)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_CERTIFICATE);
    add_ulong(&t, CKA_CERTIFICATE_TYPE, CKC_X_509);
    add_bool(&t, CKA_PRIVATE, false);
    add_bytes(&t, CKA_SUBJECT, certificate_subject, sizeof certificate_subject);
    add_bytes(&t, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(&t, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    add_bytes(&t, CKA_VALUE, certificate, sizeof certificate);
    ok(create_object(the_session, &t, &object));
    ck_assert_uint_eq(count_by(CKA_SUBJECT, certificate_subject, sizeof certificate_subject), 1);
    ck_assert_uint_eq(count_by(CKA_VALUE, certificate, sizeof certificate), 1);
    t.count = 0;
    add_bytes(&t, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(&t, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    ck_assert_uint_eq(find_object(the_session, &t), object);
    ck_assert_uint_eq(count_by(CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial - 1), 0);
}
END_TEST

START_TEST(empty_template_lists_all)
{
    CK_ULONG before = count_objects(the_session, NULL);

    make_crowd(true);
    make_crowd(false);
    ck_assert_uint_eq(count_objects(the_session, NULL), before + 2 * CROWD);
}
END_TEST

START_TEST(in_any_portions)
{
    CK_OBJECT_HANDLE seen[CROWD];
    CK_ULONG total = 0;
    CK_ULONG count;
    struct template t = {.count = 0};

    make_crowd(true);
    add_text(&t, CKA_LABEL, "crowd");
    ok(p11->C_FindObjectsInit(the_session, t.list, t.count));
    for (CK_ULONG portion = 1; total < CROWD; portion++) {
        CK_ULONG room = portion < CROWD - total ? portion : CROWD - total;

        ok(p11->C_FindObjects(the_session, seen + total, room, &count));
        ck_assert_uint_eq(count, room);
        total += count;
    }
    ok(p11->C_FindObjects(the_session, seen, 1, &count));
    ck_assert_uint_eq(count, 0);
    ok(p11->C_FindObjectsFinal(the_session));
    for (CK_ULONG i = 0; i < CROWD; i++) {
        for (CK_ULONG j = 0; j < i; j++) {
            ck_assert_uint_ne(seen[i], seen[j]);
        }
    }
}
END_TEST

/* Objects destroyed or made meanwhile neither break the search nor hide the others. */
START_TEST(results_survive_changes)
{
    CK_OBJECT_HANDLE handle;
    CK_ULONG count = 1;
    CK_ULONG seen = 0;
    CK_ULONG destroyed = 0;
    struct template t = {.count = 0};
    struct template more = {.count = 0};

    make_crowd(true);
    add_text(&t, CKA_LABEL, "crowd");
    add_bool(&more, CKA_TOKEN, true);
    ok(p11->C_FindObjectsInit(the_session, t.list, t.count));
    for (;;) {
        ok(p11->C_FindObjects(the_session, &handle, 1, &count));
        if (count == 0) {
            break;
        }
        seen++;
        if (seen % 2 == 0) {
            ok(p11->C_DestroyObject(the_session, handle));
            destroyed++;
        }
        make_data(the_session, "late", &more);
    }
    ok(p11->C_FindObjectsFinal(the_session));
    ck_assert_uint_eq(seen, CROWD);
    ck_assert_uint_eq(count_objects(the_session, &t), CROWD - destroyed);
    add_text(&t, CKA_LABEL, "late");
    ck_assert_uint_eq(count_objects(the_session, &t), CROWD);
}
END_TEST

START_TEST(searches_of_two_sessions)
{
    CK_SESSION_HANDLE other = open_ro();
    CK_OBJECT_HANDLE handles[CROWD];
    CK_ULONG count = 0;
    struct template t = {.count = 0};

    make_crowd(true);
    add_text(&t, CKA_LABEL, "crowd");
    ok(p11->C_FindObjectsInit(the_session, t.list, t.count));
    ok(p11->C_FindObjectsInit(other, NULL, 0));
    ok(p11->C_FindObjects(the_session, handles, 3, &count));
    ck_assert_uint_eq(count, 3);
    ok(p11->C_FindObjectsFinal(other));
    ok(p11->C_FindObjects(the_session, handles, CROWD, &count));
    ck_assert_uint_eq(count, CROWD - 3);
    ok(p11->C_FindObjectsFinal(the_session));
}
END_TEST

START_TEST(search_beside_an_operation)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_BYTE digest[32];
    CK_ULONG length = sizeof digest;

    ok(p11->C_DigestInit(the_session, &sha));
    expect_id("find/beside-digest", CKR_OK, p11->C_FindObjectsInit(the_session, NULL, 0));
    if (!is_reference()) {
        ok(p11->C_FindObjectsFinal(the_session));
    }
    ok(p11->C_DigestFinal(the_session, digest, &length));
}
END_TEST

/* The caller may forget the template and all that hangs from it once C_FindObjectsInit is back. */
START_TEST(the_template_may_be_gone)
{
    struct template more = {.count = 0};
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE inner = {CKA_KEY_TYPE, &type, sizeof type};
    CK_ATTRIBUTE wanted = {CKA_WRAP_TEMPLATE, &inner, sizeof inner};
    CK_OBJECT_HANDLE found;
    CK_ULONG count = 0;

    if (is_reference()) {
        return;
    }
    add_bytes(&more, CKA_WRAP_TEMPLATE, &inner, sizeof inner);
    import_aes(the_session, 16, &more);
    ok(p11->C_FindObjectsInit(the_session, &wanted, 1));
    type = CKK_RSA;
    inner.ulValueLen = 0;
    wanted.ulValueLen = 0;
    ok(p11->C_FindObjects(the_session, &found, 1, &count));
    ok(p11->C_FindObjectsFinal(the_session));
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(search_that_must_fail)
{
    CK_OBJECT_HANDLE handle;
    CK_ULONG count;

    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_FindObjects(the_session, &handle, 1, &count));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_FindObjectsFinal(the_session));
    expect(CKR_ARGUMENTS_BAD, p11->C_FindObjectsInit(the_session, NULL, 1));
    ok(p11->C_FindObjectsInit(the_session, NULL, 0));
    expect(CKR_OPERATION_ACTIVE, p11->C_FindObjectsInit(the_session, NULL, 0));
    expect(CKR_ARGUMENTS_BAD, p11->C_FindObjects(the_session, NULL, 1, &count));
    expect(CKR_ARGUMENTS_BAD, p11->C_FindObjects(the_session, &handle, 1, NULL));
    ok(p11->C_FindObjectsFinal(the_session));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_FindObjectsFinal(the_session));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_FindObjectsInit(NO_HANDLE, NULL, 0));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_FindObjects(NO_HANDLE, &handle, 1, &count));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_FindObjectsFinal(NO_HANDLE));
}
END_TEST

/* Neither by listing, nor by asking for exactly them, nor by handle. */
START_TEST(private_objects_are_invisible_without_login)
{
    struct template is_private = {.count = 0};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE secret;
    CK_BYTE value[32];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};
    CK_ULONG size;
    CK_ULONG all;

    add_bool(&is_private, CKA_PRIVATE, true);
    add_bool(&is_private, CKA_TOKEN, true);
    secret = make_data(the_session, "hidden", &is_private);
    remove_attribute(&is_private, CKA_PRIVATE);
    make_data(the_session, "shown", &is_private);
    all = count_objects(the_session, NULL);
    ck_assert_uint_eq(count_by(CKA_LABEL, "hidden", 6), 1);
    ok(p11->C_Logout(the_session));

    ck_assert_uint_eq(count_objects(the_session, NULL), all - 1);
    ck_assert_uint_eq(count_by(CKA_LABEL, "hidden", 6), 0);
    ck_assert_uint_eq(count_by(CKA_LABEL, "shown", 5), 1);
    ck_assert_uint_eq(count_by(CKA_VALUE, "some data", 9), 1);
    add_bool(&t, CKA_PRIVATE, true);
    ck_assert_uint_eq(count_objects(the_session, &t), 0);
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, secret, &size));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetAttributeValue(the_session, secret, &attribute, 1));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(the_session, secret));

    ok(login(the_session, CKU_SO, SO_PIN)); /* the officer does not see them either */
    ck_assert_uint_eq(count_by(CKA_LABEL, "hidden", 6), 0);
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    ck_assert_uint_eq(count_by(CKA_LABEL, "hidden", 6), 1);
}
END_TEST

/* What a search found before C_Logout is not handed out after it. */
START_TEST(search_across_a_logout)
{
    struct template is_private = {.count = 0};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE handle;
    CK_ULONG count = 0;

    add_bool(&is_private, CKA_PRIVATE, true);
    add_bool(&is_private, CKA_TOKEN, true);
    make_data(the_session, "hidden", &is_private);
    add_text(&t, CKA_LABEL, "hidden");
    ok(p11->C_FindObjectsInit(the_session, t.list, t.count));
    ok(p11->C_Logout(the_session));
    if (p11->C_FindObjects(the_session, &handle, 1, &count) == CKR_OK && count == 1) {
        CK_ULONG size;

        expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, handle, &size));
    }
}
END_TEST

/* ---- the same question again and again ---- */

enum { NAMES = 3, PLACES = 6, STEPS = 3000 };

/* What is on the token, as this program knows it. */
struct known {
    CK_OBJECT_HANDLE handle; /* 0: nothing in this place */
    unsigned name;
    bool is_private;
};

static void expect_known(const struct known known[PLACES], bool user)
{
    for (unsigned name = 0; name < NAMES; name++) {
        const char label[] = {'n', (char)('0' + name)};
        CK_ULONG wanted = 0;

        for (unsigned i = 0; i < PLACES; i++) {
            wanted += known[i].handle != 0 && known[i].name == name && (user || !known[i].is_private);
        }
        ck_assert_uint_eq(count_by(CKA_LABEL, label, sizeof label), wanted);
    }
}

static void change_place(struct known *known, unsigned name, bool is_private)
{
    char label[] = {'n', (char)('0' + name), '\0'};

    if (known->handle == 0) {
        struct template more = {.count = 0};

        add_bool(&more, CKA_TOKEN, true);
        add_bool(&more, CKA_PRIVATE, is_private);
        *known = (struct known){make_data(the_session, label, &more), name, is_private};
    } else if (known->name == name) {
        ok(p11->C_DestroyObject(the_session, known->handle));
        known->handle = 0;
    } else {
        CK_ATTRIBUTE attribute = {CKA_LABEL, label, 2};

        ok(p11->C_SetAttributeValue(the_session, known->handle, &attribute, 1));
        known->name = name;
    }
}

/* Asked far oftener than anything changes, each answer is the one of the moment. */
START_TEST(searches_see_each_change_at_once)
{
    struct known known[PLACES] = {{0}};
    unsigned seed = 20260;

    for (unsigned step = 0; step < STEPS; step++) {
        if (rand_r(&seed) % 16 == 0) {
            unsigned place = (unsigned)rand_r(&seed) % PLACES;

            change_place(&known[place], (unsigned)rand_r(&seed) % NAMES, rand_r(&seed) % 2 == 0);
        }
        expect_known(known, true);
    }
    ok(p11->C_Logout(the_session));
    expect_known(known, false);
    ok(login(the_session, CKU_SO, SO_PIN));
    expect_known(known, false);
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    expect_known(known, true);
}
END_TEST

static Suite *find_suite(void)
{
    Suite *suite = suite_create("find");
    TCase *tcase = add_tcase(suite, "match", setup_user);

    tcase_add_test(tcase, exact_matches_only);
    tcase_add_test(tcase, by_class_and_type_together);
    tcase_add_test(tcase, certificates_by_their_names);
    tcase_add_test(tcase, empty_template_lists_all);

    tcase = add_tcase(suite, "course", setup_user);
    tcase_add_test(tcase, in_any_portions);
    tcase_add_test(tcase, results_survive_changes);
    tcase_add_test(tcase, searches_of_two_sessions);
    tcase_add_test(tcase, search_beside_an_operation);
    tcase_add_test(tcase, the_template_may_be_gone);
    tcase_add_test(tcase, search_that_must_fail);

    tcase = add_tcase(suite, "private", setup_user);
    tcase_add_test(tcase, private_objects_are_invisible_without_login);
    tcase_add_test(tcase, search_across_a_logout);
    tcase_add_test(tcase, searches_see_each_change_at_once);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, find_suite());
}
