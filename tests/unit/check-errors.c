/* The PKCS#11 door's error contract: both tables, row by row as the contract's page has them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "pkcs11/ckr.h"
#include "pkcs11/errors.h"

/* ---- Cryptoki → HUKS ---- */

#define ROW(code, name)                                                                                      \
    {                                                                                                        \
        "CKR_" #name, CKR_##name, (code) == 0 ? 0 : 12000000 + (code)                                        \
    }
static const struct {
    const char *name;
    CK_RV rv;
    int32_t code;
} page[] = {
    ROW(0, OK),
    ROW(1, MECHANISM_INVALID),
    ROW(1, CURVE_NOT_SUPPORTED),
    ROW(1, PARAMETER_SET_NOT_SUPPORTED),
    ROW(1, FUNCTION_NOT_SUPPORTED),
    ROW(1, FUNCTION_NOT_PARALLEL),
    ROW(1, SESSION_PARALLEL_NOT_SUPPORTED),
    ROW(1, SESSION_ASYNC_NOT_SUPPORTED),
    ROW(1, RANDOM_SEED_NOT_SUPPORTED),
    ROW(1, STATE_UNSAVEABLE),
    ROW(1, ATTRIBUTE_TYPE_INVALID),
    ROW(2, TEMPLATE_INCOMPLETE),
    ROW(2, KEY_NEEDED),
    ROW(3, ATTRIBUTE_VALUE_INVALID),
    ROW(3, ATTRIBUTE_READ_ONLY),
    ROW(3, ATTRIBUTE_SENSITIVE),
    ROW(3, TEMPLATE_INCONSISTENT),
    ROW(3, MECHANISM_PARAM_INVALID),
    ROW(3, DOMAIN_PARAMS_INVALID),
    ROW(3, KEY_SIZE_RANGE),
    ROW(3, KEY_TYPE_INCONSISTENT),
    ROW(3, KEY_FUNCTION_NOT_PERMITTED),
    ROW(3, KEY_INDIGESTIBLE),
    ROW(3, KEY_NOT_NEEDED),
    ROW(3, KEY_CHANGED),
    ROW(3, KEY_NOT_WRAPPABLE),
    ROW(3, KEY_UNEXTRACTABLE),
    ROW(3, INFORMATION_SENSITIVE),
    ROW(3, PUBLIC_KEY_INVALID),
    ROW(3, WRAPPING_KEY_SIZE_RANGE),
    ROW(3, WRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(3, UNWRAPPING_KEY_SIZE_RANGE),
    ROW(3, UNWRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(3, DATA_INVALID),
    ROW(3, DATA_LEN_RANGE),
    ROW(3, ENCRYPTED_DATA_LEN_RANGE),
    ROW(3, SIGNATURE_LEN_RANGE),
    ROW(3, WRAPPED_KEY_LEN_RANGE),
    ROW(3, SAVED_STATE_INVALID),
    ROW(3, PIN_INVALID),
    ROW(3, PIN_LEN_RANGE),
    ROW(3, PIN_TOO_WEAK),
    ROW(3, ACTION_PROHIBITED),
    ROW(3, EXCEEDED_MAX_ITERATIONS),
    ROW(4, DEVICE_MEMORY),
    ROW(4, TOKEN_WRITE_PROTECTED),
    ROW(4, TOKEN_RESOURCE_EXCEEDED),
    ROW(5, DEVICE_REMOVED),
    ROW(6, ENCRYPTED_DATA_INVALID),
    ROW(6, AEAD_DECRYPT_FAILED),
    ROW(6, SIGNATURE_INVALID),
    ROW(6, WRAPPED_KEY_INVALID),
    ROW(6, FUNCTION_FAILED),
    ROW(6, FIPS_SELF_TEST_FAILED),
    ROW(6, RANDOM_NO_RNG),
    ROW(6, SEED_RANDOM_REQUIRED),
    ROW(6, KEY_EXHAUSTED),
    ROW(8, PIN_INCORRECT),
    ROW(8, PIN_LOCKED),
    ROW(8, USER_NOT_LOGGED_IN),
    ROW(8, FUNCTION_REJECTED),
    ROW(8, OPERATION_NOT_VALIDATED),
    ROW(9, PIN_EXPIRED),
    ROW(10, SESSION_COUNT),
    ROW(11, OBJECT_HANDLE_INVALID),
    ROW(11, KEY_HANDLE_INVALID),
    ROW(11, WRAPPING_KEY_HANDLE_INVALID),
    ROW(11, UNWRAPPING_KEY_HANDLE_INVALID),
    ROW(11, SLOT_ID_INVALID),
    ROW(11, SESSION_HANDLE_INVALID),
    ROW(11, SESSION_CLOSED),
    ROW(11, TOKEN_NOT_PRESENT),
    ROW(12, DEVICE_ERROR),
    ROW(12, GENERAL_ERROR),
    ROW(12, CANT_LOCK),
    ROW(12, MUTEX_BAD),
    ROW(12, MUTEX_NOT_LOCKED),
    ROW(12, NEED_TO_CREATE_THREADS),
    ROW(12, LIBRARY_LOAD_FAILED),
    ROW(12, TOKEN_NOT_RECOGNIZED),
    ROW(12, TOKEN_NOT_INITIALIZED),
    ROW(13, USER_PIN_NOT_INITIALIZED),
    ROW(14, HOST_MEMORY),
    ROW(14, BUFFER_TOO_SMALL),
    ROW(15, NEW_PIN_MODE),
    ROW(15, NEXT_OTP),
    ROW(15, PENDING),
    ROW(18, ARGUMENTS_BAD),
    ROW(18, CRYPTOKI_NOT_INITIALIZED),
    ROW(18, CRYPTOKI_ALREADY_INITIALIZED),
    ROW(18, OPERATION_ACTIVE),
    ROW(18, OPERATION_NOT_INITIALIZED),
    ROW(18, OPERATION_CANCEL_FAILED),
    ROW(18, SESSION_READ_ONLY),
    ROW(18, SESSION_EXISTS),
    ROW(18, SESSION_READ_ONLY_EXISTS),
    ROW(18, SESSION_READ_WRITE_SO_EXISTS),
    ROW(18, USER_ALREADY_LOGGED_IN),
    ROW(18, USER_ANOTHER_ALREADY_LOGGED_IN),
    ROW(18, USER_TYPE_INVALID),
    ROW(18, USER_TOO_MANY_TYPES),
    ROW(18, NO_EVENT),
    ROW(18, CANCEL),
    ROW(18, FUNCTION_CANCELED),
};

START_TEST(every_row_of_the_page)
{
    ck_assert_uint_eq(ARRAY_SIZE(page), P11_CKR_ROWS);
    for (size_t i = 0; i < ARRAY_SIZE(page); i++) {
        ck_assert_msg(p11_error_of(page[i].rv) == page[i].code, "%s: %d, the page says %d", page[i].name,
                      p11_error_of(page[i].rv), page[i].code);
        ck_assert_str_eq(p11_rv_name(page[i].rv), page[i].name);
        for (size_t j = 0; j < i; j++) {
            ck_assert_uint_ne(page[i].rv, page[j].rv);
        }
    }
}
END_TEST

/* <p11-kit/pkcs11.h> 0.24 gives five codes other numbers; a host built with it means these. */
START_TEST(wrong_numbers_of_an_old_header)
{
    for (CK_RV rv = 0x1c0; rv <= 0x1c4; rv++) {
        ck_assert_int_eq(p11_error_of(rv), rv == 0x1c1 ? 12000006 : rv == 0x1c2 ? 12000012 : 12000003);
    }
}
END_TEST

START_TEST(unknown_codes_are_abnormal)
{
    ck_assert_int_eq(p11_error_of(CKR_VENDOR_DEFINED), 12000012);
    ck_assert_int_eq(p11_error_of(CKR_VENDOR_DEFINED | 7), 12000012);
    ck_assert_int_eq(p11_error_of(0x7777), 12000012);
    ck_assert_uint_eq(p11_fail(0x7777, NULL), 0x7777);
    ck_assert_int_eq(error_code(), 12000012);
    ck_assert_str_eq(p11_rv_name(0x7777), "CKR_VENDOR_DEFINED");
}
END_TEST

/* Calls `check` for each "#define PREFIX… " of a header. */
static size_t each_definition(const char *path, const char *prefix,
                              void (*check)(const char *name, const char *value))
{
    FILE *file = fopen(path, "r");
    char line[512];
    char name[128];
    char value[128];
    size_t count = 0;

    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "#define %127s %127[^\n]", name, value) == 2 &&
            strncmp(name, prefix, strlen(prefix)) == 0) {
            check(name, value);
            count++;
        }
    }
    fclose(file);
    return count;
}

static const char *source(const char *name)
{
    static char path[4096];
    const char *directory = getenv("HUKS_SRCDIR");

    snprintf(path, sizeof(path), "%s/%s", directory != NULL ? directory : ".", name);
    return path;
}

static void is_in_the_table(const char *name, const char *value)
{
    (void)value;
    for (size_t i = 0; i < ARRAY_SIZE(page); i++) {
        if (strcmp(page[i].name, name) == 0) {
            return;
        }
    }
    ck_assert_msg(strcmp(name, "CKR_VENDOR_DEFINED") == 0, "%s has no row", name);
}

/* A header of a later standard brings codes that need rows: found here, not by a user. */
START_TEST(every_code_of_the_headers_has_a_row)
{
    ck_assert_uint_gt(each_definition(source("pkcs11/constants.h"), "CKR_", is_in_the_table), 10);
    each_definition("/usr/include/p11-kit-1/p11-kit/pkcs11.h", "CKR_", is_in_the_table);
}
END_TEST

START_TEST(every_failure_has_a_finished_sentence)
{
    for (size_t i = 1; i < ARRAY_SIZE(page); i++) {
        char message[256];

        error_clear();
        ck_assert_uint_eq(p11_fail(page[i].rv, NULL), page[i].rv);
        ck_assert_int_eq(error_code(), page[i].code);
        error_message(message, sizeof(message));
        ck_assert_msg(message[0] != '\0' && strstr(message, "${") == NULL && strstr(message, "  ") == NULL,
                      "%s: \"%s\"", page[i].name, message);
    }
    ck_assert_uint_eq(p11_fail(CKR_OK, "nothing"), CKR_OK);
    ck_assert_int_eq(error_code(), 0);
}
END_TEST

START_TEST(words_fill_the_gap)
{
    char message[256];

    ck_assert_uint_eq(p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s", p11_attribute_name(CKA_MODULUS)),
                      CKR_ATTRIBUTE_TYPE_INVALID);
    ck_assert_str_eq(error_message(message, sizeof(message)), "The attribute CKA_MODULUS is not supported.");
    p11_fail(CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE");
    ck_assert_str_eq(error_message(message, sizeof(message)),
                     "Failed to obtain the CKA_VALUE. It is not set in ParamSet.");
    p11_fail(CKR_DEVICE_MEMORY, NULL);
    ck_assert_str_eq(error_message(message, sizeof(message)), "Insufficient storage space.");
    p11_fail(CKR_BUFFER_TOO_SMALL, NULL);
    ck_assert_str_eq(error_message(message, sizeof(message)), "Insufficient memory.");
    p11_fail(CKR_HOST_MEMORY, NULL);
    ck_assert_str_eq(error_message(message, sizeof(message)), "Malloc failed.");
}
END_TEST

/* ---- HUKS → Cryptoki ---- */

static const struct {
    int32_t code;
    enum error_about about;
    enum p11_where where;
    CK_RV rv;
} engine[] = {
    {12000001, ABOUT_MECHANISM, P11_AT_OPERATION, CKR_MECHANISM_INVALID},
    {12000001, ABOUT_MECHANISM, P11_AT_GENERATE, CKR_MECHANISM_INVALID},
    {12000001, ABOUT_CURVE, P11_AT_CREATE, CKR_CURVE_NOT_SUPPORTED},
    {12000001, ABOUT_PARAMETER_SET, P11_AT_GENERATE, CKR_PARAMETER_SET_NOT_SUPPORTED},
    {12000001, ABOUT_MECHANISM_PARAM, P11_AT_OPERATION, CKR_MECHANISM_PARAM_INVALID},
    {12000001, ABOUT_FUNCTION, P11_AT_OTHER, CKR_FUNCTION_NOT_SUPPORTED},

    {12000002, ABOUT_NOTHING, P11_AT_CREATE, CKR_TEMPLATE_INCOMPLETE},
    {12000002, ABOUT_ATTRIBUTE, P11_AT_GENERATE, CKR_TEMPLATE_INCOMPLETE},
    {12000002, ABOUT_NOTHING, P11_AT_OPERATION, CKR_MECHANISM_PARAM_INVALID},
    {12000002, ABOUT_MECHANISM_PARAM, P11_AT_DERIVE, CKR_MECHANISM_PARAM_INVALID},

    {12000003, ABOUT_KEY_SIZE, P11_AT_OPERATION, CKR_KEY_SIZE_RANGE},
    {12000003, ABOUT_KEY_SIZE, P11_AT_CREATE, CKR_ATTRIBUTE_VALUE_INVALID},
    {12000003, ABOUT_KEY_SIZE, P11_AT_WRAPPING_KEY, CKR_WRAPPING_KEY_SIZE_RANGE},
    {12000003, ABOUT_KEY_SIZE, P11_AT_UNWRAPPING_KEY, CKR_UNWRAPPING_KEY_SIZE_RANGE},
    {12000003, ABOUT_ATTRIBUTE, P11_AT_CREATE, CKR_ATTRIBUTE_VALUE_INVALID},
    {12000003, ABOUT_ATTRIBUTE, P11_AT_OBJECT, CKR_ATTRIBUTE_VALUE_INVALID},
    {12000003, ABOUT_MECHANISM_PARAM, P11_AT_OPERATION, CKR_MECHANISM_PARAM_INVALID},
    {12000003, ABOUT_PURPOSE, P11_AT_OPERATION, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {12000003, ABOUT_PURPOSE, P11_AT_WRAPPING_KEY, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {12000003, ABOUT_KEY_TYPE, P11_AT_OPERATION, CKR_KEY_TYPE_INCONSISTENT},
    {12000003, ABOUT_KEY_TYPE, P11_AT_WRAPPING_KEY, CKR_WRAPPING_KEY_TYPE_INCONSISTENT},
    {12000003, ABOUT_KEY_TYPE, P11_AT_UNWRAPPING_KEY, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT},
    {12000003, ABOUT_DATA_LEN, P11_AT_ENCRYPT, CKR_DATA_LEN_RANGE},
    {12000003, ABOUT_DATA_LEN, P11_AT_DECRYPT, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {12000003, ABOUT_CIPHERTEXT_LEN, P11_AT_DECRYPT_AEAD, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {12000003, ABOUT_CIPHERTEXT_LEN, P11_AT_UNWRAPPING_KEY, CKR_WRAPPED_KEY_LEN_RANGE},
    {12000003, ABOUT_PUBLIC_POINT, P11_AT_CREATE, CKR_PUBLIC_KEY_INVALID},
    {12000003, ABOUT_PUBLIC_POINT, P11_AT_DERIVE, CKR_PUBLIC_KEY_INVALID},
    {12000003, ABOUT_PUBLIC_POINT, P11_AT_ENCRYPT, CKR_MECHANISM_PARAM_INVALID},
    {12000003, ABOUT_PIN_LENGTH, P11_AT_LOGIN, CKR_PIN_LEN_RANGE},

    {12000004, ABOUT_NO_SPACE, P11_AT_CREATE, CKR_DEVICE_MEMORY},
    {12000004, ABOUT_READ_ONLY, P11_AT_OBJECT, CKR_TOKEN_WRITE_PROTECTED},
    {12000004, ABOUT_FILE, P11_AT_OBJECT, CKR_DEVICE_ERROR},
    {12000004, ABOUT_FILE_SIZE, P11_AT_TOKEN, CKR_DEVICE_ERROR},

    {12000005, ABOUT_IPC_GONE, P11_AT_OPERATION, CKR_DEVICE_REMOVED},
    {12000005, ABOUT_IPC_MESSAGE, P11_AT_OPERATION, CKR_DEVICE_ERROR},

    {12000006, ABOUT_SIGNATURE, P11_AT_VERIFY, CKR_SIGNATURE_INVALID},
    {12000006, ABOUT_SIGNATURE_LEN, P11_AT_VERIFY, CKR_SIGNATURE_LEN_RANGE},
    {12000006, ABOUT_CIPHERTEXT, P11_AT_DECRYPT_AEAD, CKR_ENCRYPTED_DATA_INVALID},
    {12000006, ABOUT_CIPHERTEXT, P11_AT_DECRYPT_MESSAGE, CKR_AEAD_DECRYPT_FAILED},
    {12000006, ABOUT_CIPHERTEXT, P11_AT_DECRYPT, CKR_ENCRYPTED_DATA_INVALID},
    {12000006, ABOUT_WRAPPED_KEY, P11_AT_UNWRAPPING_KEY, CKR_WRAPPED_KEY_INVALID},
    {12000006, ABOUT_ENGINE, P11_AT_UNWRAPPING_KEY, CKR_WRAPPED_KEY_INVALID},
    {12000006, ABOUT_ENGINE, P11_AT_GENERATE, CKR_FUNCTION_FAILED},
    {12000006, ABOUT_ENGINE, P11_AT_OTHER, CKR_FUNCTION_FAILED},

    {12000007, ABOUT_NOTHING, P11_AT_OPERATION, CKR_KEY_FUNCTION_NOT_PERMITTED},

    {12000008, ABOUT_PIN, P11_AT_LOGIN, CKR_PIN_INCORRECT},
    {12000008, ABOUT_PIN_LOCKED, P11_AT_LOGIN, CKR_PIN_LOCKED},
    {12000008, ABOUT_NOTHING, P11_AT_LOGIN, CKR_PIN_INCORRECT},
    {12000008, ABOUT_LOGIN, P11_AT_CREATE, CKR_USER_NOT_LOGGED_IN},
    {12000008, ABOUT_NOTHING, P11_AT_OPERATION, CKR_USER_NOT_LOGGED_IN},

    {12000009, ABOUT_NOTHING, P11_AT_OPERATION, CKR_USER_NOT_LOGGED_IN},
    {12000010, ABOUT_NOTHING, P11_AT_OPERATION, CKR_SESSION_COUNT},

    {12000011, ABOUT_OBJECT, P11_AT_OPERATION, CKR_KEY_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_DERIVE, CKR_KEY_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_WRAP, CKR_KEY_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_OBJECT, CKR_OBJECT_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_CREATE, CKR_OBJECT_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_WRAPPING_KEY, CKR_WRAPPING_KEY_HANDLE_INVALID},
    {12000011, ABOUT_OBJECT, P11_AT_UNWRAPPING_KEY, CKR_UNWRAPPING_KEY_HANDLE_INVALID},
    {12000011, ABOUT_OPERATION, P11_AT_ENCRYPT, CKR_OPERATION_NOT_INITIALIZED},

    {12000012, ABOUT_NOTHING, P11_AT_INITIALIZE, CKR_GENERAL_ERROR},
    {12000012, ABOUT_NOTHING, P11_AT_OPERATION, CKR_DEVICE_ERROR},
    {12000012, ABOUT_TOKEN, P11_AT_TOKEN, CKR_TOKEN_NOT_RECOGNIZED},

    {12000013, ABOUT_NOTHING, P11_AT_CREATE, CKR_USER_PIN_NOT_INITIALIZED},
    {12000014, ABOUT_BUFFER, P11_AT_ENCRYPT, CKR_BUFFER_TOO_SMALL},
    {12000014, ABOUT_ALLOCATION, P11_AT_ENCRYPT, CKR_HOST_MEMORY},
    {12000014, ABOUT_ALLOCATION, P11_AT_INITIALIZE, CKR_HOST_MEMORY},
    {12000015, ABOUT_NOTHING, P11_AT_LOGIN, CKR_FUNCTION_FAILED},
    {12000016, ABOUT_NOTHING, P11_AT_CREATE, CKR_USER_PIN_NOT_INITIALIZED},
    {12000017, ABOUT_ATTRIBUTE, P11_AT_CREATE, CKR_ATTRIBUTE_VALUE_INVALID},
    {12000018, ABOUT_NOTHING, P11_AT_OTHER, CKR_ARGUMENTS_BAD},
    {12000018, ABOUT_NOTHING, P11_AT_INITIALIZE, CKR_ARGUMENTS_BAD},
    {12000018, ABOUT_TOKEN, P11_AT_LOGIN, CKR_SESSION_EXISTS},
    {12000018, ABOUT_SHUTDOWN, P11_AT_OPERATION, CKR_CRYPTOKI_NOT_INITIALIZED},
};

START_TEST(engine_failures_by_what_and_where)
{
    for (size_t i = 0; i < ARRAY_SIZE(engine); i++) {
        CK_RV rv = p11_rv(error_raise(engine[i].code, engine[i].about, NULL), engine[i].where);

        ck_assert_msg(rv == engine[i].rv, "row %zu, %d about %d at %d: %s, expected %s", i, engine[i].code,
                      engine[i].about, engine[i].where, p11_rv_name(rv), p11_rv_name(engine[i].rv));
        /* A CKR_* that came from a HUKS code keeps that code. */
        ck_assert_int_eq(error_code(), engine[i].code);
    }
    ck_assert_uint_eq(p11_rv(HUKS_OK, P11_AT_OTHER), CKR_OK);
}
END_TEST

/* Whatever the engine reports, wherever: never CKR_OK, never a number outside the standard. */
START_TEST(no_failure_is_without_an_answer)
{
    for (int32_t code = 12000001; code <= 12000018; code++) {
        for (int about = 0; about < ABOUT_COUNT; about++) {
            for (int where = 0; where < P11_WHERE_COUNT; where++) {
                CK_RV rv = p11_rv(error_raise(code, (enum error_about)about, NULL), (enum p11_where)where);

                ck_assert_uint_ne(rv, CKR_OK);
                ck_assert_msg(p11_error_of(rv) != 12000012 || rv == CKR_DEVICE_ERROR ||
                                  rv == CKR_GENERAL_ERROR || rv == CKR_TOKEN_NOT_RECOGNIZED,
                              "%d about %d at %d: %s", code, about, where, p11_rv_name(rv));
            }
        }
    }
}
END_TEST

/* ---- names ---- */

static void is_mechanism(const char *name, const char *value)
{
    ck_assert_str_eq(p11_mechanism_name(strtoul(value, NULL, 0)), name);
}

static void is_attribute(const char *name, const char *value)
{
    if (strcmp(name, "CKA_SUBPRIME_BITS") != 0) { /* the other spelling has the name */
        ck_assert_str_eq(p11_attribute_name(strtoul(value, NULL, 0)), name);
    }
}

START_TEST(names_are_found)
{
    ck_assert_uint_gt(each_definition(source("pkcs11/constants-mechanism.h"), "CKM_", is_mechanism), 100);
    ck_assert_uint_gt(each_definition(source("pkcs11/constants.h"), "CKA_", is_attribute), 50);
    ck_assert_str_eq(p11_attribute_name(CKA_CLASS), "CKA_CLASS");
    ck_assert_str_eq(p11_attribute_name(CKA_ALLOWED_MECHANISMS), "CKA_ALLOWED_MECHANISMS");
    ck_assert_str_eq(p11_attribute_name(0x80000000UL | 0x48550000UL | 11), "CKA_HUKS_KEY_OVERRIDE");
    ck_assert_str_eq(p11_attribute_name(0x7ffffff0UL), "CKA 0x7ffffff0");
    ck_assert_str_eq(p11_mechanism_name(CKM_RSA_PKCS_KEY_PAIR_GEN), "CKM_RSA_PKCS_KEY_PAIR_GEN");
    ck_assert_str_eq(p11_mechanism_name(0x80000000UL | 0x48550000UL | 12), "CKM_HUKS_SM4_OFB");
    ck_assert_str_eq(p11_mechanism_name(0x7ffffff0UL), "CKM 0x7ffffff0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("tables");

    tcase_add_test(tcase, every_row_of_the_page);
    tcase_add_test(tcase, wrong_numbers_of_an_old_header);
    tcase_add_test(tcase, unknown_codes_are_abnormal);
    tcase_add_test(tcase, every_code_of_the_headers_has_a_row);
    tcase_add_test(tcase, every_failure_has_a_finished_sentence);
    tcase_add_test(tcase, words_fill_the_gap);
    tcase_add_test(tcase, engine_failures_by_what_and_where);
    tcase_add_test(tcase, no_failure_is_without_an_answer);
    tcase_add_test(tcase, names_are_found);
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
