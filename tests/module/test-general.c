/* C_Initialize, C_Finalize, C_GetInfo, function lists and interfaces. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CK_RV no_create(void **mutex)
{
    (void)mutex;
    return CKR_GENERAL_ERROR;
}

static CK_RV no_use(void *mutex)
{
    (void)mutex;
    return CKR_GENERAL_ERROR;
}

static bool is_padded(const CK_UTF8CHAR *text, size_t length)
{
    size_t end = length;

    while (end > 0 && text[end - 1] == ' ') {
        end--;
    }
    return end > 0 && memchr(text, '\0', length) == NULL;
}

/* The list is a version followed by function pointers and nothing else. */
static size_t empty_entries(const void *list, size_t count)
{
    const CK_FUNCTION_LIST *functions = list;
    void *entries[FUNCTIONS_3_2];
    size_t empty = 0;

    ck_assert(count <= FUNCTIONS_3_2);
    memcpy(entries, &functions->C_Initialize, count * sizeof entries[0]);
    for (size_t i = 0; i < count; i++) {
        empty += entries[i] == NULL;
    }
    return empty;
}

static get_interface_function interface_getter(void)
{
    get_interface_function function;

    *(void **)&function = module_symbol("C_GetInterface");
    return function;
}

static get_interface_list_function interface_lister(void)
{
    get_interface_list_function function;

    *(void **)&function = module_symbol("C_GetInterfaceList");
    return function;
}

static struct interface *get_interface(const char *name, CK_BYTE major, CK_BYTE minor)
{
    CK_VERSION version = {major, minor};
    struct interface *found = NULL;
    CK_RV rv = interface_getter()((CK_UTF8CHAR *)(uintptr_t)name, &version, &found, 0);

    ck_assert_msg(rv == CKR_OK, "C_GetInterface(%s %d.%d): %s", name, major, minor, ckr_name(rv));
    ck_assert(found != NULL && found->functions != NULL && found->name != NULL);
    return found;
}

START_TEST(initialise_without_arguments)
{
    ok(p11->C_Initialize(NULL));
    ok(p11->C_Finalize(NULL));
}
END_TEST

START_TEST(initialise_twice)
{
    CK_INFO info;

    ok(p11->C_Initialize(NULL));
    expect(CKR_CRYPTOKI_ALREADY_INITIALIZED, p11->C_Initialize(NULL));
    ok(p11->C_GetInfo(&info));
    ok(p11->C_Finalize(NULL));
    expect(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_Finalize(NULL));
}
END_TEST

START_TEST(initialise_again_and_again)
{
    CK_INFO info;

    for (int i = 0; i < 20; i++) {
        ok(initialise());
        ok(p11->C_GetInfo(&info));
        ok(p11->C_Finalize(NULL));
        expect(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(&info));
    }
}
END_TEST

static const CK_FLAGS flag_sets[] = {
    0,
    CKF_OS_LOCKING_OK,
    CKF_LIBRARY_CANT_CREATE_OS_THREADS,
    CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS,
};

START_TEST(initialise_with_flags)
{
    CK_C_INITIALIZE_ARGS args = {.flags = flag_sets[_i]};
    CK_SLOT_ID slot;

    ok(p11->C_Initialize(&args));
    ck_assert(find_token(TOKEN_LABEL, &slot));
    ok(p11->C_Finalize(NULL));
}
END_TEST

/* With CKF_OS_LOCKING_OK the library may use its own locks: callbacks that fail prove that it does. */
START_TEST(callbacks_with_os_locking)
{
    CK_C_INITIALIZE_ARGS args = {no_create, no_use, no_use, no_use, CKF_OS_LOCKING_OK, NULL};
    CK_SLOT_ID slot;

    ok(p11->C_Initialize(&args));
    ck_assert(find_token(TOKEN_LABEL, &slot));
    ok(p11->C_Finalize(NULL));
}
END_TEST

/* design.md 4: without the flag they are accepted and never called. */
START_TEST(callbacks_alone)
{
    CK_C_INITIALIZE_ARGS args = {no_create, no_use, no_use, no_use, 0, NULL};
    CK_SLOT_ID slot;

    if (differs("general/callbacks-alone")) {
        return;
    }
    ok(p11->C_Initialize(&args));
    ck_assert(find_token(TOKEN_LABEL, &slot));
    ok(p11->C_Finalize(NULL));
}
END_TEST

static const CK_C_INITIALIZE_ARGS partly_set[] = {
    {no_create, NULL, NULL, NULL, 0, NULL},
    {NULL, no_use, NULL, NULL, 0, NULL},
    {NULL, NULL, no_use, NULL, CKF_OS_LOCKING_OK, NULL},
    {NULL, NULL, NULL, no_use, CKF_OS_LOCKING_OK, NULL},
    {no_create, no_use, no_use, NULL, 0, NULL},
    {NULL, no_use, no_use, no_use, CKF_OS_LOCKING_OK, NULL},
};

START_TEST(callbacks_partly_set)
{
    CK_C_INITIALIZE_ARGS args = partly_set[_i];
    CK_INFO info;

    expect(CKR_ARGUMENTS_BAD, p11->C_Initialize(&args));
    expect(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(&info));
    ok(initialise());
}
END_TEST

START_TEST(reserved_argument_that_is_no_text)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)1};

    expect(CKR_ARGUMENTS_BAD, p11->C_Initialize(&args));
    args.pReserved = (void *)4095;
    expect(CKR_ARGUMENTS_BAD, p11->C_Initialize(&args));
    ok(initialise());
    expect(CKR_ARGUMENTS_BAD, p11->C_Finalize((void *)1));
    ok(p11->C_Finalize(NULL));
}
END_TEST

struct reserved_text {
    const char *id;
    const char *text;
    CK_RV want;
};

/* design.md 3: text of key=value pairs; NULL and "" mean nothing; anything else names the wrong word. */
static const struct reserved_text reserved_texts[] = {
    {"general/reserved-empty", "", CKR_OK},
    {"general/reserved-pair", "session_limit=7", CKR_OK},
    {"general/reserved-pairs", "session_limit=7 pin_min=6", CKR_OK},
    {"general/reserved-quotes", "store=\"%s\" session_limit=3", CKR_OK},
    {"general/reserved-word", "session_limit", CKR_ARGUMENTS_BAD},
    {"general/reserved-unknown-key", "no_such_key=1", CKR_ARGUMENTS_BAD},
    {"general/reserved-bad-number", "session_limit=many", CKR_ARGUMENTS_BAD},
    {"general/reserved-unclosed", "log_target=\"abc", CKR_ARGUMENTS_BAD},
    {"general/reserved-binary", "\x01\x02", CKR_ARGUMENTS_BAD},
};

START_TEST(reserved_argument_texts)
{
    const struct reserved_text *row = &reserved_texts[_i];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    char text[8192];
    char *gap = strstr(row->text, "%s");

    if (gap != NULL) {
        snprintf(text, sizeof text, "%.*s%s%s", (int)(gap - row->text), row->text, store_path(), gap + 2);
    } else {
        snprintf(text, sizeof text, "%s", row->text);
    }
    args.pReserved = text;
    expect_id(row->id, row->want, p11->C_Initialize(&args));
}
END_TEST

START_TEST(reserved_argument_longer_than_allowed)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    char text[4200];

    memset(text, ' ', sizeof text);
    text[4097] = '\0';
    args.pReserved = text;
    expect(CKR_ARGUMENTS_BAD, p11->C_Initialize(&args));
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* design.md 3: a wrong file fails C_Initialize with GENERAL_ERROR; the next attempt reads it afresh. */
START_TEST(wrong_configuration_file)
{
    static const char *const wrong[] = {"no_such_key = 1\n", "session_limit = many\n", "session_limit\n"};
    char path[512];

    if (differs("general/configuration-file")) {
        return;
    }
    snprintf(path, sizeof path, "%.400s/wrong.conf", test_directory());
    setenv("HUKS_CONF", path, 1);
    for (size_t i = 0; i < 3; i++) {
        write_file(path, wrong[i]);
        expect(CKR_GENERAL_ERROR, p11->C_Initialize(NULL));
    }
    write_file(path, "session_limit = 3\n");
    ok(p11->C_Initialize(NULL));
    snprintf(path, sizeof path, "%.400s/huks.conf", test_directory());
    setenv("HUKS_CONF", path, 1);
}
END_TEST

/* Who asks for the service wants no key in this process: without it nothing starts. */
START_TEST(a_service_that_cannot_be_reached)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    char text[] = "service=/nowhere/huksd.sock";
    struct huks_error error;

    if (is_reference()) {
        return;
    }
    args.pReserved = text;
    expect(CKR_GENERAL_ERROR, p11->C_Initialize(&args));
    ok(huks->GetLastError(&error));
    ck_assert_int_eq(error.code, 12000005);
    ck_assert_str_eq((char *)error.message, "IPC connection to /nowhere/huksd.sock failed.");
    ok(p11->C_Initialize(NULL));
}
END_TEST

START_TEST(info_is_padded_and_stable)
{
    CK_INFO first;
    CK_INFO second;

    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    ok(p11->C_GetInfo(&first));
    ok(p11->C_GetInfo(&second));
    ck_assert(memcmp(&first, &second, sizeof first) == 0);
    ck_assert(is_padded(first.manufacturerID, sizeof first.manufacturerID));
    ck_assert(is_padded(first.libraryDescription, sizeof first.libraryDescription));
    ck_assert_uint_eq(first.flags, 0);
    ck_assert(first.cryptokiVersion.major == 2 ? first.cryptokiVersion.minor == 40
                                               : first.cryptokiVersion.major == 3);
    expect(CKR_ARGUMENTS_BAD, p11->C_GetInfo(NULL));
}
END_TEST

START_TEST(function_list_is_complete)
{
    CK_C_GetFunctionList get_list;
    CK_FUNCTION_LIST *list = NULL;

    *(void **)&get_list = module_symbol("C_GetFunctionList");
    expect(CKR_ARGUMENTS_BAD, get_list(NULL));
    ok(get_list(&list)); /* before C_Initialize */
    ck_assert_ptr_eq(list, p11);
    ck_assert_uint_eq(list->version.major, 2);
    ck_assert_uint_eq(list->version.minor, 40);
    ck_assert_uint_eq(empty_entries(list, FUNCTIONS_2_40), 0);
    ok(list->C_GetFunctionList(&list));
}
END_TEST

START_TEST(interfaces_by_name_and_version)
{
    struct interface *found;

    if (differs("general/interfaces")) {
        return;
    }
    ck_assert(interface_getter() != NULL && interface_lister() != NULL);

    found = get_interface("PKCS 11", 2, 40);
    ck_assert_ptr_eq(found->functions, p11);
    ck_assert_uint_eq(found->flags, 0);
    found = get_interface("PKCS 11", 3, 0);
    ck_assert_uint_eq(((CK_VERSION *)found->functions)->major, 3);
    ck_assert_uint_eq(((CK_VERSION *)found->functions)->minor, 0);
    ck_assert_uint_eq(empty_entries(found->functions, FUNCTIONS_3_0), 0);
    ck_assert_uint_eq(found->flags, 0);
    found = get_interface(HUKS_INTERFACE_NAME, 1, 0);
    ck_assert_uint_eq(((CK_VERSION *)found->functions)->major, 1);
    ck_assert_uint_eq(empty_entries(found->functions, 6), 0);
}
END_TEST

START_TEST(interface_list_tells_all)
{
    struct interface list[16];
    struct interface *found = NULL;
    CK_VERSION newest = {0, 0};
    CK_ULONG count = 0;
    CK_ULONG room;

    if (differs("general/interfaces")) {
        return;
    }
    expect(CKR_ARGUMENTS_BAD, interface_lister()(NULL, NULL));
    ok(interface_lister()(NULL, &count));
    ck_assert_uint_ge(count, 3);
    ck_assert_uint_le(count, 16);
    room = 1;
    expect(CKR_BUFFER_TOO_SMALL, interface_lister()(list, &room));
    ck_assert_uint_eq(room, count);
    room = 16;
    ok(interface_lister()(list, &room));
    ck_assert_uint_eq(room, count);

    for (CK_ULONG i = 0; i < count; i++) {
        CK_VERSION version = *(CK_VERSION *)list[i].functions;
        size_t entries = version.major == 2  ? FUNCTIONS_2_40
                         : version.minor < 2 ? FUNCTIONS_3_0
                                             : FUNCTIONS_3_2;

        ck_assert_uint_eq(list[i].flags, 0);
        found = get_interface((const char *)list[i].name, version.major, version.minor);
        ck_assert_ptr_eq(found->functions, list[i].functions);
        if (strcmp((const char *)list[i].name, "PKCS 11") == 0) {
            ck_assert_uint_eq(empty_entries(list[i].functions, entries), 0);
            if (version.major > newest.major ||
                (version.major == newest.major && version.minor > newest.minor)) {
                newest = version;
            }
        }
    }

    /* No version asked: the newest. No name asked: "PKCS 11". */
    ok(interface_getter()((CK_UTF8CHAR *)(uintptr_t) "PKCS 11", NULL, &found, 0));
    ck_assert(memcmp(found->functions, &newest, sizeof newest) == 0);
    ok(interface_getter()(NULL, NULL, &found, 0));
    ck_assert(memcmp(found->functions, &newest, sizeof newest) == 0);
    ck_assert_str_eq((const char *)found->name, "PKCS 11");
}
END_TEST

START_TEST(interfaces_that_are_not_there)
{
    struct interface *found = NULL;
    CK_VERSION version = {9, 9};
    CK_UTF8CHAR name[] = "PKCS 11";
    CK_UTF8CHAR other[] = "No such interface";

    if (differs("general/interfaces")) {
        return;
    }
    expect(CKR_ARGUMENTS_BAD, interface_getter()(name, NULL, NULL, 0));
    expect(CKR_ARGUMENTS_BAD, interface_getter()(name, &version, &found, 0));
    expect(CKR_ARGUMENTS_BAD, interface_getter()(other, NULL, &found, 0));
    expect(CKR_ARGUMENTS_BAD, interface_getter()(name, NULL, &found, 1UL /* fork safe: nobody is */));
}
END_TEST

/* "At any time", by the design: without C_Initialize, and never touching the record. */
START_TEST(vendor_functions_before_initialise)
{
    struct huks_error error;
    struct huks_limits limits;
    CK_INFO info;

    if (differs("general/interfaces")) {
        return;
    }
    ck_assert(huks != NULL);
    expect(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(&info));
    ck_assert_int_eq(huks->ErrorOf(CKR_OK), 0);
    ok(huks->GetLastError(&error));
    ck_assert_uint_eq(error.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
    ck_assert_int_eq(error.code, 12000018);
    expect(CKR_ARGUMENTS_BAD, huks->GetLastError(NULL));
    expect(CKR_CRYPTOKI_NOT_INITIALIZED, huks->GetLimits(0, &limits));
}
END_TEST

START_TEST(limits_are_the_defaults)
{
    struct huks_limits limits;

    if (differs("general/interfaces")) {
        return;
    }
    ok(huks->GetLimits(the_slot, &limits));
    ck_assert_uint_eq(limits.limit, 15);
    ck_assert_uint_eq(limits.wait_ms, 1000);
    ck_assert_uint_eq(limits.in_use, 0);
    ck_assert_uint_eq(limits.mine, 0);
    expect(CKR_ARGUMENTS_BAD, huks->GetLimits(the_slot, NULL));
    expect(CKR_SLOT_ID_INVALID, huks->GetLimits(NO_HANDLE, &limits));
}
END_TEST

/* errors.md, second table: total over the standard, and a default for what is not in it. */
START_TEST(every_ckr_has_its_huks_code)
{
    if (differs("general/interfaces")) {
        return;
    }
    for (size_t i = 0; i < ckr_names_count; i++) {
        ck_assert_msg(huks->ErrorOf(ckr_names[i].rv) == ckr_names[i].huks, "%s: %ld, expected %ld",
                      ckr_names[i].name, huks->ErrorOf(ckr_names[i].rv), ckr_names[i].huks);
    }
    ck_assert_int_eq(huks->ErrorOf(CKR_VENDOR_DEFINED | 1), 12000012);
    ck_assert_int_eq(huks->ErrorOf(0x7777), 12000012);
}
END_TEST

START_TEST(legacy_functions)
{
    expect(CKR_FUNCTION_NOT_PARALLEL, p11->C_GetFunctionStatus(the_session));
    expect(CKR_FUNCTION_NOT_PARALLEL, p11->C_CancelFunction(the_session));
}
END_TEST

static Suite *general_suite(void)
{
    Suite *suite = suite_create("general");
    TCase *tcase = add_tcase(suite, "life", setup_loaded);

    tcase_add_test(tcase, initialise_without_arguments);
    tcase_add_test(tcase, initialise_twice);
    tcase_add_test(tcase, initialise_again_and_again);
    tcase_add_loop_test(tcase, initialise_with_flags, 0, 4);
    tcase_add_test(tcase, callbacks_with_os_locking);
    tcase_add_test(tcase, callbacks_alone);
    tcase_add_loop_test(tcase, callbacks_partly_set, 0, 6);
    tcase_add_test(tcase, reserved_argument_that_is_no_text);
    tcase_add_loop_test(tcase, reserved_argument_texts, 0, 9);
    tcase_add_test(tcase, reserved_argument_longer_than_allowed);
    tcase_add_test(tcase, wrong_configuration_file);
    tcase_add_test(tcase, a_service_that_cannot_be_reached);

    tcase = add_tcase(suite, "lists", setup_loaded);
    tcase_add_test(tcase, function_list_is_complete);
    tcase_add_test(tcase, interfaces_by_name_and_version);
    tcase_add_test(tcase, interface_list_tells_all);
    tcase_add_test(tcase, interfaces_that_are_not_there);
    tcase_add_test(tcase, vendor_functions_before_initialise);

    tcase = add_tcase(suite, "info", setup_public);
    tcase_add_test(tcase, info_is_padded_and_stable);
    tcase_add_test(tcase, limits_are_the_defaults);
    tcase_add_test(tcase, every_ckr_has_its_huks_code);
    tcase_add_test(tcase, legacy_functions);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, general_suite());
}
