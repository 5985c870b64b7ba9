/* The error record and the contract's sentences. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/memory.h"

/* The contract, word for word: code, about, info, template, finished sentence. */
static const struct {
    int32_t code;
    enum error_about about;
    const char *info;
    const char *template;
    const char *sentence;
} contract[] = {
    {201, ABOUT_NOTHING, NULL, "Permission check failed. Apply for the required permissions first.",
     "Permission check failed. Apply for the required permissions first."},
    {401, ABOUT_NOTHING, NULL, "Invalid parameters.", "Invalid parameters."},
    {801, ABOUT_NOTHING, NULL, "This API is not supported.", "This API is not supported."},
    {12000001, ABOUT_CURVE, "curve secp112r1", "The ${messageInfo} is not supported.",
     "The curve secp112r1 is not supported."},
    {12000002, ABOUT_TEMPLATE, "key size", "Failed to obtain the ${messageInfo}. It is not set in ParamSet.",
     "Failed to obtain the key size. It is not set in ParamSet."},
    {12000003, ABOUT_MECHANISM_PARAM, "padding", "Invalid ${messageInfo}.", "Invalid padding."},
    {12000004, ABOUT_NO_SPACE, NULL, "Insufficient storage space.", "Insufficient storage space."},
    {12000004, ABOUT_FILE_SIZE, NULL, "Invalid file size.", "Invalid file size."},
    {12000004, ABOUT_FILE, "write key file", "Failed to ${messageInfo}.", "Failed to write key file."},
    {12000004, ABOUT_READ_ONLY, "write key file", "Failed to ${messageInfo}.", "Failed to write key file."},
    {12000005, ABOUT_IPC_MESSAGE, NULL, "Failed to get messages from IPC.",
     "Failed to get messages from IPC."},
    {12000005, ABOUT_IPC_GONE, "timed out", "IPC ${messageInfo}.", "IPC timed out."},
    {12000006, ABOUT_SIGNATURE, NULL, "Crypto engine error.", "Crypto engine error."},
    {12000007, ABOUT_NOTHING, NULL, "This credential is invalidated permanently.",
     "This credential is invalidated permanently."},
    {12000008, ABOUT_PIN, NULL, "The authentication token verification failed.",
     "The authentication token verification failed."},
    {12000009, ABOUT_NOTHING, NULL, "This authentication token timed out.",
     "This authentication token timed out."},
    {12000010, ABOUT_NOTHING, NULL, "The number of key operation sessions has reached the limit.",
     "The number of key operation sessions has reached the limit."},
    {12000011, ABOUT_OBJECT, NULL, "The entity does not exist.", "The entity does not exist."},
    {12000012, ABOUT_NOTHING, NULL, "Device environment or input parameter abnormal.",
     "Device environment or input parameter abnormal."},
    {12000013, ABOUT_NOTHING, NULL, "The credential does not exist.", "The credential does not exist."},
    {12000014, ABOUT_BUFFER, NULL, "Insufficient memory.", "Insufficient memory."},
    {12000014, ABOUT_ALLOCATION, NULL, "Malloc failed.", "Malloc failed."},
    {12000015, ABOUT_NOTHING, "authentication",
     "Failed to obtain the ${messageInfo} information via UserIAM.",
     "Failed to obtain the authentication information via UserIAM."},
    {12000016, ABOUT_NOTHING, NULL, "The device password is required but not set.",
     "The device password is required but not set."},
    {12000017, ABOUT_NOTHING, NULL, "The key with same alias is already exist.",
     "The key with same alias is already exist."},
    {12000018, ABOUT_NOTHING, NULL, "The input parameter is invalid.", "The input parameter is invalid."},
};

START_TEST(sentences_of_the_contract)
{
    char buffer[256];
    const char *fixed;

    ck_assert_str_eq(error_template(contract[_i].code, contract[_i].about), contract[_i].template);
    ck_assert_int_eq(error_raise(contract[_i].code, contract[_i].about, contract[_i].info),
                     contract[_i].code);
    ck_assert_int_eq(error_code(), contract[_i].code);
    ck_assert_int_eq(error_about(), contract[_i].about);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), contract[_i].sentence);
    fixed = error_static_message();
    if (strchr(contract[_i].template, '$') == NULL) {
        ck_assert_ptr_nonnull(fixed);
        ck_assert_str_eq(fixed, contract[_i].sentence);
    } else {
        ck_assert_ptr_null(fixed);
    }
}
END_TEST

START_TEST(success_is_empty)
{
    char buffer[8] = "stale";

    ck_assert_int_eq(error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL), HUKS_E_CRYPTO);
    error_clear();
    ck_assert_int_eq(error_code(), HUKS_OK);
    ck_assert_int_eq(error_about(), ABOUT_NOTHING);
    ck_assert_ptr_eq(error_message(buffer, sizeof(buffer)), buffer);
    ck_assert_str_eq(buffer, "");
    ck_assert_ptr_null(error_static_message());
}
END_TEST

START_TEST(unknown_code)
{
    char buffer[64];

    ck_assert_ptr_null(error_template(4711, ABOUT_NOTHING));
    ck_assert_ptr_null(error_template(0, ABOUT_NOTHING));
    ck_assert_int_eq(error_raise(4711, ABOUT_NOTHING, "what is known"), 4711);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "what is known");
}
END_TEST

START_TEST(gap_without_words)
{
    char buffer[64];

    /* Whatever a failure was about, the sentence is whole. */
    for (int about = 0; about < ABOUT_COUNT; about++) {
        ck_assert_int_eq(error_raise(HUKS_E_INVALID_PARAM, (enum error_about)about, NULL),
                         HUKS_E_INVALID_PARAM);
        (void)error_message(buffer, sizeof(buffer));
        ck_assert_int_eq(strncmp(buffer, "Invalid ", 8), 0);
        ck_assert_uint_gt(strlen(buffer), strlen("Invalid ."));
        ck_assert(about == ABOUT_NOTHING || strcmp(buffer, "Invalid parameter.") != 0);
    }
    ck_assert_int_eq(error_raise(HUKS_E_INVALID_PARAM, ABOUT_COUNT, NULL), HUKS_E_INVALID_PARAM);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "Invalid parameter.");
    ck_assert_int_eq(error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, NULL), HUKS_E_INVALID_PARAM);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "Invalid key size.");
}
END_TEST

START_TEST(formatted_info)
{
    char buffer[64];

    ck_assert_int_eq(error_raisef(HUKS_E_FILE, ABOUT_FILE, "read %s (%d)", "token-1.db", 5), HUKS_E_FILE);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "Failed to read token-1.db (5).");
}
END_TEST

START_TEST(long_info_is_cut)
{
    char info[400];
    char buffer[512];
    char small[16];

    memset(info, 'x', sizeof(info) - 1);
    info[sizeof(info) - 1] = '\0';
    ck_assert_int_eq(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, info), HUKS_E_INVALID_PARAM);
    (void)error_message(buffer, sizeof(buffer));
    ck_assert_uint_eq(strlen(buffer), strlen("Invalid ") + 127 + strlen("."));
    ck_assert_int_eq(error_raisef(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "%s", info), HUKS_E_INVALID_PARAM);
    (void)error_message(buffer, sizeof(buffer));
    ck_assert_uint_eq(strlen(buffer), strlen("Invalid ") + 127 + strlen("."));

    (void)error_message(small, sizeof(small));
    ck_assert_str_eq(small, "Invalid xxxxxxx");
    small[0] = 'k';
    ck_assert_ptr_eq(error_message(small, 0), small);
    ck_assert_int_eq(small[0], 'k');
    ck_assert_ptr_null(error_message(NULL, 10));
    (void)error_message(small, 1);
    ck_assert_str_eq(small, "");

    ck_assert_int_eq(error_raise_text(HUKS_E_ARGUMENT, ABOUT_NOTHING, info), HUKS_E_ARGUMENT);
    (void)error_message(buffer, sizeof(buffer));
    ck_assert_uint_eq(strlen(buffer), 255);
}
END_TEST

START_TEST(info_that_looks_like_a_format)
{
    char buffer[64];

    ck_assert_int_eq(error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "%s%n ${messageInfo}"),
                     HUKS_E_INVALID_PARAM);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "Invalid %s%n ${messageInfo}.");
}
END_TEST

START_TEST(finished_sentences)
{
    char buffer[128];

    ck_assert_int_eq(error_raise_text(HUKS_E_PARAMETER, ABOUT_NOTHING, "The parameter value cannot be null."),
                     401);
    ck_assert_int_eq(error_code(), 401);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "The parameter value cannot be null.");
    ck_assert_ptr_null(error_static_message());
    /* and the next failure is not finished any more */
    ck_assert_int_eq(error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL), HUKS_E_CRYPTO);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "Crypto engine error.");
    ck_assert_int_eq(error_raise_text(HUKS_E_PARAMETER, ABOUT_NOTHING, NULL), 401);
    ck_assert_str_eq(error_message(buffer, sizeof(buffer)), "");
}
END_TEST

START_TEST(short_forms)
{
    ck_assert_int_eq(error_no_memory(), HUKS_E_MEMORY);
    ck_assert_int_eq(error_about(), ABOUT_ALLOCATION);
    ck_assert_int_eq(error_short_buffer(), HUKS_E_MEMORY);
    ck_assert_int_eq(error_about(), ABOUT_BUFFER);
}
END_TEST

static huks_rc tried(huks_rc first, int *reached)
{
    HUKS_TRY(first);
    *reached = 1;
    return HUKS_OK;
}

START_TEST(try_passes_codes_on)
{
    int reached = 0;

    ck_assert_int_eq(tried(HUKS_E_FILE, &reached), HUKS_E_FILE);
    ck_assert_int_eq(reached, 0);
    ck_assert_int_eq(tried(HUKS_OK, &reached), HUKS_OK);
    ck_assert_int_eq(reached, 1);
}
END_TEST

static void *other_thread(void *argument)
{
    char buffer[64];

    *(bool *)argument = error_code() == HUKS_OK && strcmp(error_message(buffer, sizeof(buffer)), "") == 0;
    (void)!error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
    return NULL;
}

START_TEST(threads_do_not_see_each_other)
{
    pthread_t thread;
    bool clean = false;

    ck_assert_int_eq(error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL), HUKS_E_CRYPTO);
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &clean), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(clean);
    ck_assert_int_eq(error_code(), HUKS_E_CRYPTO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("error");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, sentences_of_the_contract, 0, (int)ARRAY_SIZE(contract));
    tcase_add_test(tests, success_is_empty);
    tcase_add_test(tests, unknown_code);
    tcase_add_test(tests, gap_without_words);
    tcase_add_test(tests, formatted_info);
    tcase_add_test(tests, long_info_is_cut);
    tcase_add_test(tests, info_that_looks_like_a_format);
    tcase_add_test(tests, finished_sentences);
    tcase_add_test(tests, short_forms);
    tcase_add_test(tests, try_passes_codes_on);
    tcase_add_test(tests, threads_do_not_see_each_other);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
