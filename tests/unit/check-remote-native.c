/*
 * The native door through the service against the same door in its own process: every function, with good
 * arguments and with wrong ones, is asked by one script in a process of each kind, and what they were
 * answered and found in their memory is the same, word for word.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/remote.h"
#include "check-remote-scripts.h"
#include "ipc/server.h"

/* ---- the service, and the two configurations ---- */

static char top[256];
static pid_t service = -1;

static const char *in_top(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *made = path[turn++ % 4];
    (void)snprintf(made, sizeof path[0], "%s/%s", top, name);
    return made;
}

static void worker(int channel, const struct config *config)
{
    static const struct ipc_served *const doors[] = {&native_served};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(ipc_serve(channel, config, doors, 1) == HUKS_OK ? 0 : 1);
}

static void serve(int listener, const struct config *config)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int channel = accept(listener, NULL, NULL);
        pid_t child = channel >= 0 ? fork() : -1;
        if (child == 0) {
            (void)close(listener);
            worker(channel, config);
        }
        if (channel >= 0) {
            (void)close(channel);
        }
    }
}

static void start_service(void)
{
    struct config config;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    config_defaults(&config);
    config.scrypt_log2n = 10;
    config.legacy_mechanisms = true;
    (void)snprintf(config.store, sizeof config.store, "%s", in_top("served"));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", in_top("socket"));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)unlink(address.sun_path);
    ck_assert(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(listener, 16) == 0);
    service = fork();
    if (service == 0) {
        serve(listener, &config);
    }
    (void)close(listener);
    ck_assert_int_gt(service, 0);
}

/* Its workers go with it. */
static void stop_service(void)
{
    if (service > 0) {
        (void)kill(service, SIGKILL);
        (void)waitpid(service, NULL, 0);
        service = -1;
    }
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_top(name), "we");
    ck_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void set_up(void)
{
    char text[600];
    (void)snprintf(top, sizeof top, "%.200s/remote-XXXXXX",
                   getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (strlen(top) > 90) { /* a socket's name is short */
        (void)snprintf(top, sizeof top, "/tmp/remote-XXXXXX");
    }
    ck_assert_ptr_nonnull(mkdtemp(top));
    (void)snprintf(text, sizeof text, "store=%s\nscrypt_log2n=10\nlegacy_mechanisms=true\n", in_top("own"));
    write_text("own.conf", text);
    (void)snprintf(text, sizeof text, "service=%s\n", in_top("socket"));
    write_text("remote.conf", text);
    (void)unsetenv("HUKS_STORE");
    start_service();
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void tear_down(void)
{
    stop_service();
    (void)nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- both ---- */

static int run(void (*script)(void), const char *configuration, const char *name)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        transcript = fopen(in_top(name), "we");
        if (transcript == NULL || setenv("HUKS_CONF", in_top(configuration), 1) != 0) {
            _exit(2);
        }
        script();
        _exit(fclose(transcript) == 0 ? 0 : 3);
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

/* Line by line; a call stands above what it was answered. */
static void compare(void)
{
    char call[700] = "", ours[20000], theirs[20000];
    FILE *own = fopen(in_top("own.txt"), "re");
    FILE *remote = fopen(in_top("remote.txt"), "re");
    unsigned lines = 0;
    ck_assert(own != NULL && remote != NULL);
    for (;; lines++) {
        const char *a = fgets(ours, sizeof ours, own), *b = fgets(theirs, sizeof theirs, remote);
        if (a == NULL || b == NULL) {
            ck_assert_msg(a == b, "one of them ends after %u lines", lines);
            break;
        }
        ck_assert_msg(strcmp(ours, theirs) == 0, "%s  in process:%s  by the service:%s", call, ours, theirs);
        ck_assert_msg(strstr(ours, "BEYOND") == NULL, "%s%s", call, ours);
        if (ours[0] != ' ') {
            (void)snprintf(call, sizeof call, "%.690s", ours);
        }
    }
    ck_assert_uint_gt(lines, 10);
    (void)fclose(own);
    (void)fclose(remote);
}

START_TEST(same_answers)
{
    ck_assert_int_eq(run(scripts[_i].script, "own.conf", "own.txt"), 0);
    ck_assert_int_eq(run(scripts[_i].script, "remote.conf", "remote.txt"), 0);
    compare();
    struct stat status; /* where it was done */
    ck_assert_int_eq(stat(in_top("served/root.key"), &status), stat(in_top("own/root.key"), &status));
}
END_TEST

/* ---- what only a client meets ---- */

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                            \
            _exit(9);                                                                                        \
        }                                                                                                    \
    } while (0)

static int32_t code(result got)
{
    return got.errorCode;
}

static void make_key(void)
{
    MUST(code(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), BYTES(key16))) == 0);
}

static void begin(blob *handle)
{
    MUST(code(OH_Huks_InitSession(NAME("aes"), SET(AES_USE), handle, NULL)) == 0);
}

/* Sessions of a parent are none of the child's, and the parent goes on. */
static void forks(void)
{
    uint8_t bytes[8];
    blob handle = {8, bytes};
    int status;
    make_key();
    begin(&handle);
    pid_t child = fork();
    if (child == 0) {
        uint8_t more[8];
        blob of = {8, more};
        MUST(code(OH_Huks_UpdateSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 12000011);
        MUST(code(OH_Huks_AbortSession(&handle, SET(AES_USE))) == 0);
        MUST(code(OH_Huks_IsKeyItemExist(NAME("aes"), NULL)) == 0);
        MUST(code(OH_Huks_UpdateSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 12000011);
        begin(&of);
        MUST(code(OH_Huks_FinishSession(&of, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 0);
        _exit(0);
    }
    MUST(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    MUST(code(OH_Huks_FinishSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 0);
}

static void *works(void *unused)
{
    for (int i = 0; i < 50; i++) {
        uint8_t bytes[8], got[64];
        blob handle = {8, bytes}, to = {64, got};
        begin(&handle);
        MUST(code(OH_Huks_FinishSession(&handle, SET(AES_USE), &(blob){20, zeros}, &to)) == 0 &&
             to.size == 32);
    }
    return unused;
}

static void threads(void)
{
    pthread_t all[8];
    make_key();
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        MUST(pthread_create(&all[i], NULL, works, NULL) == 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        MUST(pthread_join(all[i], NULL) == 0);
    }
}

/* The service dies, and another comes: one call at most is lost, and no session of the old one is found. */
static void outlives(void)
{
    uint8_t bytes[8];
    blob handle = {8, bytes};
    make_key();
    begin(&handle);
    (void)kill(service, SIGKILL);
    /* its workers go with it, sooner or later */
    for (int tries = 0; code(OH_Huks_IsKeyItemExist(NAME("aes"), NULL)) == 0 && tries < 10000; tries++) {
        (void)usleep(1000);
    }
    /* A worker that is on its way out may hold the socket, and take the connection with it. */
    result gone = OH_Huks_IsKeyItemExist(NAME("aes"), NULL);
    MUST(gone.errorCode == 12000005 && strstr(gone.errorMsg, "IPC connection ") == gone.errorMsg);
    MUST(code(OH_Huks_IsKeyItemExist(NULL, NULL)) == 401); /* what is wrong by itself stays so */
    MUST(code(OH_Huks_UpdateSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 12000005);
    start_service();
    MUST(code(OH_Huks_UpdateSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 12000011);
    MUST(code(OH_Huks_IsKeyItemExist(NAME("aes"), NULL)) == 0);
    begin(&handle);
    MUST(code(OH_Huks_FinishSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 0);
    stop_service();
}

static void meets_nobody(void)
{
    (void)kill(service, SIGKILL);
    (void)unlink(in_top("socket"));
    for (int i = 0; i < 2; i++) {
        result got = OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL);
        MUST(got.errorCode == 12000005 && strstr(got.errorMsg, "IPC connection to ") == got.errorMsg);
    }
    MUST(code(OH_Huks_GenerateKeyItem(NULL, SET(AES_KEY), NULL)) == 401);
    MUST(code(OH_Huks_GenerateKeyItem(NAME("aes"), NULL, NULL)) == 401);
    uint8_t bytes[8] = {1};
    blob handle = {8, bytes};
    MUST(code(OH_Huks_UpdateSession(&handle, SET(AES_USE), &(blob){5, zeros}, room(0, 64))) == 12000011);
    start_service();
    MUST(code(OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL)) == 0);
    stop_service();
}

/* What the worker finds when it opens its store is the caller's to know, as it would be at home. */
static void meets_a_damaged_store(void)
{
    MUST(mkdir(in_top("served"), 0700) == 0);
    FILE *file = fopen(in_top("served/root.key"), "we");
    MUST(file != NULL && fputs("no key", file) >= 0 && fclose(file) == 0);
    result got = OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL);
    MUST(got.errorCode != 0 && got.errorCode != 12000005);
    MUST(remove(in_top("served/root.key")) == 0);
    MUST(code(OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL)) == 0);
}

static const struct {
    const char *name;
    void (*script)(void);
} meetings[] = {
    {"fork", forks},
    {"threads", threads},
    {"death", outlives},
    {"nobody", meets_nobody},
    {"damage", meets_a_damaged_store},
};

START_TEST(meets)
{
    ck_assert_int_eq(run(meetings[_i].script, "remote.conf", "remote.txt"), 0);
}
END_TEST

/* Each row's kinds are all of its function's arguments, and none stands behind a gap. */
START_TEST(rows)
{
    for (int function = REMOTE_NO_FUNCTION + 1; function < REMOTE_END; function++) {
        const uint8_t *kind = remote_kinds[function];
        for (size_t i = 1; i < REMOTE_ARGUMENTS; i++) {
            ck_assert_msg(kind[i] == REMOTE_NONE || kind[i - 1] != REMOTE_NONE, "row %d", function);
            ck_assert_int_lt(kind[i], REMOTE_KINDS);
            ck_assert_msg(kind[i - 1] != REMOTE_CREDENTIALS || kind[i] == REMOTE_COUNT, "row %d", function);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native calls through the service");
    TCase *tcase = tcase_create("calls");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, same_answers, 0, scripts_count);
    tcase_add_loop_test(tcase, meets, 0, (int)ARRAY_SIZE(meetings));
    tcase_add_test(tcase, rows);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
