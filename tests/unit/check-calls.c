/*
 * The gate, the sessions and the login under threads and forks. The token is one of the real engine, in a
 * store of the test's own; what single calls answer is the module tests' business.
 */
#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memory.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/vendor.h"

#define PIN ((CK_UTF8CHAR_PTR) "1234")

enum { THREADS = 8, MANY = 2000 };

static CK_SLOT_ID the_slot;

static void set_up(void)
{
    CK_UTF8CHAR label[32];
    CK_ULONG count = 1;

    ck_assert_uint_eq(C_Initialize(NULL), CKR_OK);
    ck_assert_uint_eq(C_GetSlotList(CK_TRUE, &the_slot, &count), CKR_OK);
    memset(label, ' ', sizeof(label));
    memcpy(label, "calls", 5);
    ck_assert_uint_eq(C_InitToken(the_slot, PIN, 4, label), CKR_OK);
}

static void tear_down(void)
{
    C_Finalize(NULL);
}

static CK_SESSION_HANDLE open_session(CK_FLAGS flags)
{
    CK_SESSION_HANDLE handle = 0;

    ck_assert_uint_eq(C_OpenSession(the_slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &handle), CKR_OK);
    ck_assert_uint_ne(handle, 0);
    return handle;
}

static void run(size_t count, void *(*work)(void *), void *argument)
{
    pthread_t threads[THREADS];

    ck_assert(count <= THREADS);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, argument), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* ---- the gate ---- */

static atomic_uint surprises;

static void allow(CK_RV rv, CK_RV one, CK_RV other)
{
    if (rv != CKR_OK && rv != one && rv != other) {
        atomic_fetch_add(&surprises, 1);
    }
}

static void *begin_and_end(void *argument)
{
    CK_SESSION_HANDLE handle;
    CK_INFO info;

    (void)argument;
    for (int i = 0; i < 50; i++) {
        allow(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_OK);
        allow(C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OK);
        if (C_OpenSession(the_slot, CKF_SERIAL_SESSION, NULL, NULL, &handle) == CKR_OK) {
            allow(C_CloseSession(handle), CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID);
        }
        allow(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OK);
    }
    return NULL;
}

START_TEST(initialise_and_finalise_from_all_sides)
{
    run(THREADS, begin_and_end, NULL);
    ck_assert_uint_eq(atomic_load(&surprises), 0);
    C_Finalize(NULL);
    ck_assert_uint_eq(C_Initialize(NULL), CKR_OK);
}
END_TEST

static atomic_bool waiting;

static void *wait_for_event(void *argument)
{
    CK_SLOT_ID slot;

    atomic_store(&waiting, true);
    *(CK_RV *)argument = C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

START_TEST(finalise_wakes_who_waits)
{
    CK_SLOT_ID slot;
    CK_RV rv = CKR_OK;
    pthread_t thread;

    while (C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL) == CKR_OK) {
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
    while (!atomic_load(&waiting)) {
        usleep(1000);
    }
    ck_assert_uint_eq(C_Finalize(NULL), CKR_OK);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

/* ---- sessions ---- */

static void *open_and_close(void *argument)
{
    (void)argument;
    for (int i = 0; i < MANY; i++) {
        CK_SESSION_HANDLE handle = 0;
        CK_SESSION_INFO info;

        allow(C_OpenSession(the_slot, CKF_SERIAL_SESSION, NULL, NULL, &handle), CKR_OK, CKR_OK);
        allow(C_GetSessionInfo(handle, &info), CKR_OK, CKR_OK);
        allow(C_CloseSession(handle), CKR_OK, CKR_OK);
        if (C_GetSessionInfo(handle, &info) != CKR_SESSION_HANDLE_INVALID) {
            atomic_fetch_add(&surprises, 1);
        }
    }
    return NULL;
}

START_TEST(sessions_of_many_threads)
{
    CK_SESSION_HANDLE kept = open_session(0);
    CK_SESSION_INFO info;
    CK_TOKEN_INFO token;

    run(THREADS, open_and_close, NULL);
    ck_assert_uint_eq(atomic_load(&surprises), 0);
    ck_assert_uint_eq(C_GetSessionInfo(kept, &info), CKR_OK);
    ck_assert_uint_eq(C_GetTokenInfo(the_slot, &token), CKR_OK);
    ck_assert_uint_eq(token.ulSessionCount, 1);
}
END_TEST

static CK_SESSION_HANDLE shared_sessions[4];

static void *use_what_others_close(void *argument)
{
    CK_BYTE byte;

    (void)argument;
    for (int i = 0; i < MANY; i++) {
        allow(C_GenerateRandom(shared_sessions[i % 4], &byte, 1), CKR_SESSION_HANDLE_INVALID, CKR_OK);
    }
    return NULL;
}

static void *close_what_others_use(void *argument)
{
    (void)argument;
    usleep(1000);
    for (size_t i = 0; i < ARRAY_SIZE(shared_sessions); i++) {
        allow(C_CloseSession(shared_sessions[i]), CKR_SESSION_HANDLE_INVALID, CKR_OK);
    }
    return NULL;
}

START_TEST(a_session_closed_under_its_users)
{
    pthread_t closer;

    for (size_t i = 0; i < ARRAY_SIZE(shared_sessions); i++) {
        shared_sessions[i] = open_session(0);
    }
    ck_assert_int_eq(pthread_create(&closer, NULL, close_what_others_use, NULL), 0);
    run(THREADS, use_what_others_close, NULL);
    pthread_join(closer, NULL);
    ck_assert_uint_eq(atomic_load(&surprises), 0);
}
END_TEST

START_TEST(thousands_of_sessions)
{
    static CK_SESSION_HANDLE handles[MANY];
    CK_SESSION_INFO info;

    for (size_t i = 0; i < MANY; i++) {
        handles[i] = open_session(i % 2 == 0 ? CKF_RW_SESSION : 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_uint_eq(C_GetSessionInfo(handles[i], &info), CKR_OK);
        ck_assert_uint_eq(info.flags, CKF_SERIAL_SESSION | (i % 2 == 0 ? CKF_RW_SESSION : 0));
    }
    ck_assert_uint_eq(C_CloseAllSessions(the_slot), CKR_OK);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_uint_eq(C_GetSessionInfo(handles[i], &info), CKR_SESSION_HANDLE_INVALID);
    }
    ck_assert_uint_eq(C_GetSessionInfo(~0UL, &info), CKR_SESSION_HANDLE_INVALID);
    ck_assert_uint_eq(C_GetSessionInfo(0xffffffUL, &info), CKR_SESSION_HANDLE_INVALID);
}
END_TEST

/* Handles from before C_Finalize mean nothing after it. */
START_TEST(handles_end_with_the_module)
{
    CK_SESSION_HANDLE before = open_session(0);
    CK_SESSION_INFO info;

    ck_assert_uint_eq(C_Finalize(NULL), CKR_OK);
    ck_assert_uint_eq(C_Initialize(NULL), CKR_OK);
    ck_assert_uint_ne(open_session(0), before);
    ck_assert_uint_eq(C_GetSessionInfo(before, &info), CKR_SESSION_HANDLE_INVALID);
}
END_TEST

/* ---- login ---- */

static CK_SESSION_HANDLE own_sessions[THREADS];
static atomic_uint next_own;

static void *log_in_and_out(void *argument)
{
    CK_SESSION_HANDLE handle = own_sessions[atomic_fetch_add(&next_own, 1)];

    (void)argument;
    for (int i = 0; i < 5; i++) {
        allow(C_Login(handle, CKU_SO, PIN, 4), CKR_USER_ALREADY_LOGGED_IN, CKR_OK);
        allow(C_Logout(handle), CKR_USER_NOT_LOGGED_IN, CKR_OK);
    }
    return NULL;
}

/* C_Logout visits the other sessions: two of them at once must not wait for each other. */
START_TEST(logins_and_logouts_of_many_threads)
{
    for (size_t i = 0; i < THREADS; i++) {
        own_sessions[i] = open_session(CKF_RW_SESSION);
    }
    run(THREADS, log_in_and_out, NULL);
    ck_assert_uint_eq(atomic_load(&surprises), 0);
}
END_TEST

/* ---- fork ---- */

static atomic_bool stop;

static void *keep_busy(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        CK_SESSION_HANDLE handle;
        CK_SESSION_INFO info;

        allow(C_OpenSession(the_slot, CKF_SERIAL_SESSION, NULL, NULL, &handle), CKR_OK, CKR_OK);
        allow(C_GetSessionInfo(handle, &info), CKR_OK, CKR_OK);
        allow(C_CloseSession(handle), CKR_OK, CKR_OK);
    }
    return NULL;
}

/* The child's exit status: 0, or the number of the check that failed. */
static int in_child(CK_SESSION_HANDLE parents)
{
    const CK_HUKS_FUNCTION_LIST *huks = &p11_vendor_functions;
    CK_FUNCTION_LIST_PTR list;
    CK_HUKS_ERROR error;
    CK_SESSION_HANDLE handle;
    CK_SESSION_INFO info;
    CK_INFO module;

    if (C_GetInfo(&module) != CKR_CRYPTOKI_NOT_INITIALIZED) {
        return 1;
    }
    if (huks->GetLastError(&error) != CKR_OK || error.rv != CKR_CRYPTOKI_NOT_INITIALIZED ||
        error.code != 12000018) {
        return 2;
    }
    if (C_GetSessionInfo(parents, &info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
        C_CloseSession(parents) != CKR_CRYPTOKI_NOT_INITIALIZED ||
        C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED) {
        return 3;
    }
    if (C_GetFunctionList(&list) != CKR_OK) {
        return 4;
    }
    if (C_Initialize(NULL) != CKR_OK || C_Initialize(NULL) != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return 5;
    }
    if (C_OpenSession(the_slot, CKF_SERIAL_SESSION, NULL, NULL, &handle) != CKR_OK ||
        C_GetSessionInfo(handle, &info) != CKR_OK) {
        return 6;
    }
    return C_Finalize(NULL) == CKR_OK ? 0 : 7;
}

START_TEST(a_child_begins_anew)
{
    CK_SESSION_HANDLE parents = open_session(0);
    CK_SESSION_INFO info;
    pthread_t threads[4];

    const char *sanitizer = getenv("HUKS_SANITIZER");
    if (sanitizer != NULL && sanitizer[0] != '\0') {
        return; /* the sanitizers' own allocators do not survive a fork among busy threads */
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_busy, NULL), 0);
    }
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        int status = 0;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            alarm(30); /* a lock of the parent's that is waited for is a failure, not a hang */
            _exit(in_child(parents));
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with 0x%x", status);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(atomic_load(&surprises), 0);
    ck_assert_uint_eq(C_GetSessionInfo(parents, &info), CKR_OK);
}
END_TEST

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

int main(void)
{
    const char *parent = getenv("TMPDIR");
    char directory[PATH_MAX];
    Suite *suite = suite_create("calls");
    TCase *tcase = tcase_create("calls");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, initialise_and_finalise_from_all_sides);
    tcase_add_test(tcase, finalise_wakes_who_waits);
    tcase_add_test(tcase, sessions_of_many_threads);
    tcase_add_test(tcase, a_session_closed_under_its_users);
    tcase_add_test(tcase, thousands_of_sessions);
    tcase_add_test(tcase, handles_end_with_the_module);
    tcase_add_test(tcase, logins_and_logouts_of_many_threads);
    tcase_add_test(tcase, a_child_begins_anew);
    suite_add_tcase(suite, tcase);

    snprintf(directory, sizeof(directory), "%s/check-calls-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL) {
        return EXIT_FAILURE;
    }
    setenv("HUKS_STORE", directory, 1);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
