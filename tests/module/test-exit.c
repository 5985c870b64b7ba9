/*
 * Ways to leave a process or the module: exit handlers and destructors that finalise, unloading. Each is this
 * program started again with the way's name, so that its whole life is the module's.
 */
#include "harness.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Leaves a login, an object and an operation behind. */
static int use_a_little(void)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}, {CKA_PRIVATE, &yes, sizeof yes}};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;

    if (initialise() != CKR_OK || !find_token(TOKEN_LABEL, &the_slot) ||
        open_session(the_slot, CKF_RW_SESSION, &session) != CKR_OK ||
        login(session, CKU_USER, USER_PIN) != CKR_OK ||
        p11->C_CreateObject(session, t, 2, &object) != CKR_OK) {
        return 5;
    }
    return p11->C_DigestInit(session, &sha) == CKR_OK ? 0 : 6;
}

static void finalise_at_exit(void)
{
    if (p11 != NULL) {
        p11->C_Finalize(NULL);
    }
}

static bool finalise_in_destructor;

__attribute__((destructor)) static void last_of_all(void)
{
    if (finalise_in_destructor) {
        finalise_at_exit();
    }
}

static int leave_without_finalise(void)
{
    return harness_load() ? use_a_little() : 3;
}

/* The order of registration decides the order at exit: before and after the module and OpenSSL register
 * theirs. */
static int finalise_in_early_handler(void)
{
    atexit(finalise_at_exit);
    return harness_load() ? use_a_little() : 3;
}

static int finalise_in_late_handler(void)
{
    int status = harness_load() ? use_a_little() : 3;

    atexit(finalise_at_exit);
    return status;
}

static int finalise_in_a_destructor(void)
{
    finalise_in_destructor = true;
    return harness_load() ? use_a_little() : 3;
}

static int load_and_unload(void)
{
    const char *path = getenv("HUKS_TEST_MODULE");

    for (int i = 0; i < 5; i++) {
        void *handle = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CK_C_GetFunctionList get_list = NULL;

        if (handle == NULL) {
            return 3;
        }
        *(void **)&get_list = dlsym(handle, "C_GetFunctionList");
        if (get_list == NULL || get_list(&p11) != CKR_OK || use_a_little() != 0 ||
            p11->C_Finalize(NULL) != CKR_OK || dlclose(handle) != 0) {
            return 7;
        }
        p11 = NULL;
    }
    return 0;
}

struct way {
    const char *name;
    int (*leave)(void);
    const char *id;
};

static const struct way ways[] = {
    {"--no-finalise", leave_without_finalise, "exit/without-finalise"},
    {"--early-handler", finalise_in_early_handler, "exit/finalise-in-early-handler"},
    {"--late-handler", finalise_in_late_handler, "exit/finalise-in-late-handler"},
    {"--destructor", finalise_in_a_destructor, "exit/finalise-in-destructor"},
    {"--unload", load_and_unload, "exit/unload"},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

START_TEST(process_leaves_well)
{
    const struct way *way = &ways[_i];
    int status = -1;
    pid_t child;

    if (!answer_asked(way->id)) {
        return;
    }
    child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        execl(harness_program(), harness_program(), way->name, (char *)NULL);
        _exit(127);
    }
    ck_assert(waitpid(child, &status, 0) == child);
    holds(way->id, WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

static Suite *exit_suite(void)
{
    Suite *suite = suite_create("exit");
    TCase *tcase = add_tcase(suite, "exit", setup_loaded);

    tcase_add_loop_test(tcase, process_leaves_well, 0, WAYS);
    return suite;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < WAYS; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            return ways[i].leave();
        }
    }
    return harness_run(argc, argv, exit_suite());
}
