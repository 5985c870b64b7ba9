/* What a worker of huksd may still do: its own user's store and the common table, and nobody else's. */
#include "tools/huksd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char place[] = "./check-huksd-XXXXXX";

/* Puts a file there; its errno when that can't be. */
static int write_in(const char *directory)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s/file", place, directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return error;
}

static int read_in(const char *directory)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s/file", place, directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return error;
}

static void set_up(void)
{
    static const char *const directories[] = {"uid-1", "uid-2", "sessions"};
    ck_assert_ptr_nonnull(mkdtemp(place));
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", place, directories[i]);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        ck_assert_int_eq(write_in(directories[i]), 0);
    }
    /* Temporary files are allowed, and the build may lie among them. */
    ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
}

static void tear_down(void)
{
    static const char *const files[] = {"uid-1/file", "uid-1", "uid-2/file", "uid-2", "sessions/file", "sessions", "."};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", place, files[i]);
        (void)remove(i + 1 < sizeof files / sizeof *files ? path : place);
    }
}

/* In a child, which can do little after it; the number of what is wrong. */
static int in_worker(int (*wrong)(void))
{
    char *whole = realpath(place, NULL);
    ck_assert_ptr_nonnull(whole);
    struct config own;
    config_defaults(&own);
    (void)snprintf(own.store, sizeof own.store, "%s/uid-1", whole);
    (void)snprintf(own.sessions, sizeof own.sessions, "%s/sessions", whole);
    free(whole);
    int status = 0;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        huksd_harden(&own);
        _exit(wrong());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int wrong_reach(void)
{
    int own = write_in("uid-1"), table = write_in("sessions"), other = read_in("uid-2");
    int above = mkdir("./check-huksd-outside", 0700) == 0 ? 0 : errno;
    return own != 0 ? 1 : table != 0 ? 2 : other != EACCES ? 3 : write_in("uid-2") != EACCES ? 4 : above != EACCES ? 5 : 0;
}

START_TEST(its_own_store_alone)
{
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0) {
        return; /* such a kernel gives none of this, and huksd says so */
    }
    ck_assert_int_eq(in_worker(wrong_reach), 0);
    ck_assert_int_eq(read_in("uid-2"), 0); /* it was there to be read */
}
END_TEST

static int wrong_process(void)
{
    struct rlimit core;
    bool limited = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
    return !limited                                        ? 1
           : prctl(PR_GET_DUMPABLE) != 0                   ? 2
           : prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ? 3
                                                           : 0;
}

START_TEST(no_core_and_no_privileges)
{
    ck_assert_int_eq(in_worker(wrong_process), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("huksd");
    TCase *tests = tcase_create("worker");
    tcase_add_unchecked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, its_own_store_alone);
    tcase_add_test(tests, no_core_and_no_privileges);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
