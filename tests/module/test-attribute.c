/* C_GetAttributeValue's conventions, C_SetAttributeValue's rules. */
#include "harness.h"

#include <string.h>

#include "keys.h"

#define UNAVAILABLE CK_UNAVAILABLE_INFORMATION

START_TEST(length_first_then_value)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_BYTE value[32];
    CK_ATTRIBUTE list[] = {{CKA_LABEL, NULL, 99}, {CKA_VALUE, NULL, 0}, {CKA_TOKEN, NULL, 0}};

    ok(p11->C_GetAttributeValue(the_session, object, list, 3));
    ck_assert_uint_eq(list[0].ulValueLen, 5);
    ck_assert_uint_eq(list[1].ulValueLen, 9);
    ck_assert_uint_eq(list[2].ulValueLen, 1);
    list[1].pValue = value;
    list[1].ulValueLen = sizeof value;
    memset(value, 0xee, sizeof value);
    ok(p11->C_GetAttributeValue(the_session, object, list, 3));
    ck_assert_uint_eq(list[1].ulValueLen, 9);
    ck_assert(memcmp(value, "some data", 9) == 0);
    ck_assert_uint_eq(value[9], 0xee);
}
END_TEST

START_TEST(exact_room_is_enough)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_BYTE value[9];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};

    ok(p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert(memcmp(value, "some data", 9) == 0);
}
END_TEST

START_TEST(short_buffer)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_BYTE value[9];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, 8};

    memset(value, 0xee, sizeof value);
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, UNAVAILABLE);
    for (size_t i = 0; i < sizeof value; i++) {
        ck_assert_uint_eq(value[i], 0xee);
    }
    attribute.ulValueLen = 0;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, UNAVAILABLE);
}
END_TEST

START_TEST(empty_value_needs_no_room)
{
    struct template more = {.count = 0};
    CK_BYTE room[1] = {0xee};
    CK_ATTRIBUTE attribute = {CKA_VALUE, room, 0};
    CK_OBJECT_HANDLE object;

    add_bytes(&more, CKA_VALUE, room, 0);
    object = make_data(the_session, "empty", &more);
    ok(p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, 0);
    attribute.ulValueLen = sizeof room;
    ok(p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, 0);
    ck_assert_uint_eq(room[0], 0xee);
}
END_TEST

START_TEST(attribute_that_is_not_there)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_BYTE room[8];
    CK_ATTRIBUTE attribute = {CKA_MODULUS, room, sizeof room};

    expect(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, UNAVAILABLE);
    attribute = (CK_ATTRIBUTE){NO_ATTRIBUTE, NULL, 0};
    expect(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(the_session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, UNAVAILABLE);
}
END_TEST

static const CK_ATTRIBUTE_TYPE rsa_secrets[] = {CKA_PRIVATE_EXPONENT, CKA_PRIME_1,    CKA_PRIME_2,
                                                CKA_EXPONENT_1,       CKA_EXPONENT_2, CKA_COEFFICIENT};

/* Sensitive, or unextractable, or both: the value stays inside, and its length too. */
START_TEST(secret_parts_stay_inside)
{
    static const bool sensitive[] = {true, true, false};
    static const bool extractable[] = {false, true, false};
    struct template more = {.count = 0};
    CK_BYTE value[32] = {1};
    CK_BYTE room[512];
    CK_OBJECT_HANDLE secret;
    struct pair pair;

    add_bool(&more, CKA_SENSITIVE, sensitive[_i]);
    add_bool(&more, CKA_EXTRACTABLE, extractable[_i]);
    secret = import_secret(the_session, CKK_AES, value, sizeof value, &more);
    pair = import_rsa(the_session, &more);
    for (size_t i = 0; i < 7; i++) {
        CK_ATTRIBUTE attribute = {i < 6 ? rsa_secrets[i] : CKA_VALUE, room, sizeof room};

        memset(room, 0xee, sizeof room);
        expect(CKR_ATTRIBUTE_SENSITIVE,
               p11->C_GetAttributeValue(the_session, i < 6 ? pair.private_key : secret, &attribute, 1));
        ck_assert_uint_eq(attribute.ulValueLen, UNAVAILABLE);
        ck_assert_uint_eq(room[0], 0xee);
    }
}
END_TEST

/* PKCS #11 2.40, C_GetAttributeValue: all are looked at; what can be given is; any of the codes is right. */
START_TEST(mixed_results)
{
    struct template more = {.count = 0};
    CK_BYTE value[32] = {1};
    CK_BYTE room[32];
    CK_BYTE little[2];
    CK_ULONG class = 0;
    CK_KEY_TYPE type = 0;
    CK_OBJECT_HANDLE object;
    CK_RV rv;

    add_text(&more, CKA_LABEL, "longer than two");
    add_bool(&more, CKA_SENSITIVE, true);
    object = import_secret(the_session, CKK_AES, value, sizeof value, &more);
    {
        CK_ATTRIBUTE list[] = {
            {CKA_CLASS, &class, sizeof class},  {CKA_VALUE, room, sizeof room},
            {NO_ATTRIBUTE, room, sizeof room},  {CKA_LABEL, little, sizeof little},
            {CKA_KEY_TYPE, &type, sizeof type},
        };

        rv = p11->C_GetAttributeValue(the_session, object, list, 5);
        ck_assert_msg(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
                          rv == CKR_BUFFER_TOO_SMALL,
                      "%s", ckr_name(rv));
        check_error_record("mixed results", rv, 0);
        ck_assert_uint_eq(list[0].ulValueLen, sizeof class);
        ck_assert_uint_eq(class, CKO_SECRET_KEY);
        ck_assert_uint_eq(list[1].ulValueLen, UNAVAILABLE);
        ck_assert_uint_eq(list[2].ulValueLen, UNAVAILABLE);
        ck_assert_uint_eq(list[3].ulValueLen, UNAVAILABLE);
        ck_assert_uint_eq(list[4].ulValueLen, sizeof type);
        ck_assert_uint_eq(type, CKK_AES);
    }
}
END_TEST

START_TEST(get_that_must_fail)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_ATTRIBUTE attribute = {CKA_LABEL, NULL, 0};

    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetAttributeValue(the_session, NO_HANDLE, &attribute, 1));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_GetAttributeValue(NO_HANDLE, object, &attribute, 1));
    expect(CKR_ARGUMENTS_BAD, p11->C_GetAttributeValue(the_session, object, NULL, 1));
}
END_TEST

START_TEST(allowed_mechanisms)
{
    CK_MECHANISM_TYPE allowed[] = {CKM_AES_CBC, CKM_AES_GCM};
    CK_MECHANISM_TYPE back[4] = {0};
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, back, sizeof back};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE iv[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_bytes(&more, CKA_ALLOWED_MECHANISMS, allowed, sizeof allowed);
    key = import_aes(the_session, 16, &more);
    ok(p11->C_GetAttributeValue(the_session, key, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, sizeof allowed);
    ck_assert((back[0] == CKM_AES_CBC && back[1] == CKM_AES_GCM) ||
              (back[0] == CKM_AES_GCM && back[1] == CKM_AES_CBC));
    ok(p11->C_EncryptInit(the_session, &cbc, key));
    expect_id("attribute/allowed-mechanisms", CKR_KEY_FUNCTION_NOT_PERMITTED,
              p11->C_EncryptInit(open_rw(), &ecb, key));
}
END_TEST

/* An array of attributes is asked in two steps: its own length first, then each entry's buffer. */
START_TEST(nested_template)
{
    CK_ULONG class = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE inner[] = {{CKA_CLASS, &class, sizeof class}, {CKA_EXTRACTABLE, &yes, sizeof yes}};
    CK_ATTRIBUTE back[2] = {{0, NULL, 0}, {0, NULL, 0}};
    CK_ATTRIBUTE attribute = {CKA_WRAP_TEMPLATE, NULL, 0};
    CK_ULONG number = 0;
    CK_BBOOL truth = CK_FALSE;
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_bytes(&more, CKA_WRAP_TEMPLATE, inner, sizeof inner);
    key = import_aes(the_session, 16, &more);
    ok(p11->C_GetAttributeValue(the_session, key, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, sizeof back);
    attribute.pValue = back;
    ok(p11->C_GetAttributeValue(the_session, key, &attribute, 1));
    for (int i = 0; i < 2; i++) {
        ck_assert(back[i].type == CKA_CLASS || back[i].type == CKA_EXTRACTABLE);
        ck_assert_uint_eq(back[i].ulValueLen, back[i].type == CKA_CLASS ? sizeof number : sizeof truth);
        back[i].pValue = back[i].type == CKA_CLASS ? (void *)&number : (void *)&truth;
    }
    ok(p11->C_GetAttributeValue(the_session, key, &attribute, 1));
    ck_assert_uint_eq(number, CKO_SECRET_KEY);
    ck_assert_uint_eq(truth, CK_TRUE);
}
END_TEST

START_TEST(unique_id)
{
    CK_BYTE first[64];
    CK_BYTE second[64];
    CK_ULONG length;
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    if (differs("general/interfaces")) {
        return;
    }
    object = make_data(the_session, "one", NULL);
    length = get_bytes(the_session, object, CKA_UNIQUE_ID, first, sizeof first);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(get_bytes(the_session, object, CKA_UNIQUE_ID, second, sizeof second), length);
    ck_assert(memcmp(first, second, length) == 0);
    ck_assert_uint_eq(
        get_bytes(the_session, make_data(the_session, "two", NULL), CKA_UNIQUE_ID, second, sizeof second),
        length);
    ck_assert(memcmp(first, second, length) != 0);
    add_bytes(&t, CKA_UNIQUE_ID, first, length);
    ck_assert_uint_eq(find_object(the_session, &t), object);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, object, t.list, t.count));
    add_ulong(&t, CKA_CLASS, CKO_DATA);
    expect(CKR_ATTRIBUTE_READ_ONLY, create_object(the_session, &t, &object));
}
END_TEST

/* ---- Set ---------------------------------------------------------------------------------------------- */

static CK_RV set_bytes(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG length)
{
    CK_ATTRIBUTE attribute = {type, (void *)(uintptr_t)value, length};

    return p11->C_SetAttributeValue(the_session, object, &attribute, 1);
}

static CK_RV set_bool(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
    return set_bytes(object, type, &value, sizeof value);
}

static CK_RV set_ulong(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    return set_bytes(object, type, &value, sizeof value);
}

START_TEST(set_what_may_be_set)
{
    struct template token = {.count = 0};
    CK_OBJECT_HANDLE data;
    CK_OBJECT_HANDLE key;
    CK_BYTE back[16];

    add_bool(&token, CKA_TOKEN, true);
    data = make_data(the_session, "before", &token);
    ok(set_bytes(data, CKA_LABEL, "afterwards", 10));
    ck_assert_uint_eq(get_bytes(the_session, data, CKA_LABEL, back, sizeof back), 10);
    ck_assert(memcmp(back, "afterwards", 10) == 0);
    key = import_aes(the_session, 16, &token);
    ok(set_bytes(key, CKA_ID, "\0\1", 2));
    ok(set_bool(key, CKA_ENCRYPT, CK_FALSE));
    ck_assert(!get_bool(the_session, key, CKA_ENCRYPT));
    ok(set_bytes(key, CKA_LABEL, "", 0));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_LABEL, back, sizeof back), 0);
}
END_TEST

START_TEST(sensitive_and_extractable_go_one_way)
{
    struct template loose = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_bool(&loose, CKA_SENSITIVE, false);
    add_bool(&loose, CKA_EXTRACTABLE, true);
    key = generate_aes(the_session, 16, &loose);
    ok(set_bool(key, CKA_SENSITIVE, CK_TRUE));
    expect(CKR_ATTRIBUTE_READ_ONLY, set_bool(key, CKA_SENSITIVE, CK_FALSE));
    ck_assert(get_bool(the_session, key, CKA_SENSITIVE));
    ok(set_bool(key, CKA_EXTRACTABLE, CK_FALSE));
    expect(CKR_ATTRIBUTE_READ_ONLY, set_bool(key, CKA_EXTRACTABLE, CK_TRUE));
    ck_assert(!get_bool(the_session, key, CKA_EXTRACTABLE));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
}
END_TEST

START_TEST(wrap_with_trusted_goes_one_way)
{
    struct template loose = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_bool(&loose, CKA_EXTRACTABLE, true);
    key = generate_aes(the_session, 16, &loose);
    expect_id("attribute/set-wrap-with-trusted", CKR_OK, set_bool(key, CKA_WRAP_WITH_TRUSTED, CK_TRUE));
    expect(CKR_ATTRIBUTE_READ_ONLY, set_bool(key, CKA_WRAP_WITH_TRUSTED, CK_FALSE));
}
END_TEST

struct read_only {
    const char *id;
    CK_ATTRIBUTE_TYPE type;
    bool number;
    CK_ULONG value;
};

static const struct read_only read_only[] = {
    {"attribute/set-class", CKA_CLASS, true, CKO_DATA},
    {"attribute/set-key-type", CKA_KEY_TYPE, true, CKK_GENERIC_SECRET},
    {"attribute/set-value-len", CKA_VALUE_LEN, true, 16},
    {"attribute/set-token", CKA_TOKEN, false, 1},
    {"attribute/set-private", CKA_PRIVATE, false, 0},
    {"attribute/set-modifiable", CKA_MODIFIABLE, false, 0},
    {"attribute/set-local", CKA_LOCAL, false, 1},
    {"attribute/set-always-sensitive", CKA_ALWAYS_SENSITIVE, false, 1},
    {"attribute/set-never-extractable", CKA_NEVER_EXTRACTABLE, false, 1},
    {"attribute/set-key-gen-mechanism", CKA_KEY_GEN_MECHANISM, true, CKM_AES_KEY_GEN},
    {"attribute/set-trusted", CKA_TRUSTED, false, 1},
};

START_TEST(read_only_attribute)
{
    const struct read_only *row = &read_only[_i];
    CK_OBJECT_HANDLE key = import_aes(the_session, 16, NULL);

    if (row->number) {
        expect_id(row->id, CKR_ATTRIBUTE_READ_ONLY, set_ulong(key, row->type, row->value));
    } else {
        expect_id(row->id, CKR_ATTRIBUTE_READ_ONLY,
                  set_bool(key, row->type, row->value != 0 ? CK_TRUE : CK_FALSE));
    }
}
END_TEST

START_TEST(key_material_cannot_be_set)
{
    CK_OBJECT_HANDLE key = import_aes(the_session, 16, NULL);
    struct pair pair = import_rsa(the_session, NULL);

    expect(CKR_ATTRIBUTE_READ_ONLY, set_bytes(key, CKA_VALUE, rsa_prime_1, 16));
    expect(CKR_ATTRIBUTE_READ_ONLY, set_bytes(pair.public_key, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus));
    expect(CKR_ATTRIBUTE_READ_ONLY, set_bytes(pair.private_key, CKA_PRIVATE_EXPONENT, rsa_private_exponent,
                                              sizeof rsa_private_exponent));
}
END_TEST

START_TEST(set_that_must_fail)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "label", NULL);
    CK_ATTRIBUTE attribute = {CKA_LABEL, (void *)(uintptr_t) "x", 1};

    expect(CKR_ATTRIBUTE_TYPE_INVALID, set_bytes(object, NO_ATTRIBUTE, "x", 1));
    expect(CKR_ATTRIBUTE_TYPE_INVALID, set_bytes(object, CKA_MODULUS, "x", 1));
    expect(CKR_OBJECT_HANDLE_INVALID, set_bytes(NO_HANDLE, CKA_LABEL, "x", 1));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_SetAttributeValue(NO_HANDLE, object, &attribute, 1));
    expect(CKR_ARGUMENTS_BAD, p11->C_SetAttributeValue(the_session, object, NULL, 1));
    expect_id("attribute/set-null-value", CKR_ATTRIBUTE_VALUE_INVALID, set_bytes(object, CKA_LABEL, NULL, 4));
}
END_TEST

/* All or nothing: a template with one bad attribute changes none. */
START_TEST(set_is_one_change)
{
    CK_OBJECT_HANDLE object = make_data(the_session, "before", NULL);
    CK_ATTRIBUTE list[] = {{CKA_LABEL, (void *)(uintptr_t) "after", 5},
                           {CKA_MODULUS, (void *)(uintptr_t) "x", 1}};
    CK_BYTE back[16];
    CK_ULONG length;

    expect(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_SetAttributeValue(the_session, object, list, 2));
    length = get_bytes(the_session, object, CKA_LABEL, back, sizeof back);
    holds("attribute/set-is-one-change", length == 6 && memcmp(back, "before", 6) == 0);
}
END_TEST

START_TEST(unmodifiable_object)
{
    struct template fixed = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_bool(&fixed, CKA_MODIFIABLE, false);
    object = make_data(the_session, "fixed", &fixed);
    expect_id("attribute/modifiable-obeyed", CKR_ACTION_PROHIBITED, set_bytes(object, CKA_LABEL, "x", 1));
}
END_TEST

static Suite *attribute_suite(void)
{
    Suite *suite = suite_create("attribute");
    TCase *tcase = add_tcase(suite, "get", setup_user);

    tcase_add_test(tcase, length_first_then_value);
    tcase_add_test(tcase, exact_room_is_enough);
    tcase_add_test(tcase, short_buffer);
    tcase_add_test(tcase, empty_value_needs_no_room);
    tcase_add_test(tcase, attribute_that_is_not_there);
    tcase_add_loop_test(tcase, secret_parts_stay_inside, 0, 3);
    tcase_add_test(tcase, mixed_results);
    tcase_add_test(tcase, get_that_must_fail);
    tcase_add_test(tcase, allowed_mechanisms);
    tcase_add_test(tcase, nested_template);
    tcase_add_test(tcase, unique_id);

    tcase = add_tcase(suite, "set", setup_user);
    tcase_add_test(tcase, set_what_may_be_set);
    tcase_add_test(tcase, sensitive_and_extractable_go_one_way);
    tcase_add_test(tcase, wrap_with_trusted_goes_one_way);
    tcase_add_loop_test(tcase, read_only_attribute, 0, sizeof read_only / sizeof read_only[0]);
    tcase_add_test(tcase, key_material_cannot_be_set);
    tcase_add_test(tcase, set_that_must_fail);
    tcase_add_test(tcase, set_is_one_change);
    tcase_add_test(tcase, unmodifiable_object);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, attribute_suite());
}
