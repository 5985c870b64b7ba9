/* See native.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif

#include "native.h"

#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conditions.h"

static char directory[PATH_MAX];
static char store[PATH_MAX + 16];
static const char *huksd; /* NULL: no service */
static char socket_path[108];
static char sockets[64]; /* a directory for it, when it needs one */
static pid_t service = -1;

/* ---- The directory ------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)chmod(store, 0700); /* a test may have taken it from itself */
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool native_served(void)
{
    return huksd != NULL;
}

const char *native_directory(void)
{
    return directory;
}

/* huksd keeps each user's keys apart. */
const char *native_store(void)
{
    static char path[PATH_MAX + 64];

    if (huksd == NULL) {
        return store;
    }
    (void)snprintf(path, sizeof path, "%s/uid-%lu", store, (unsigned long)geteuid());
    return path;
}

const char *in_store(const char *name)
{
    static char path[2 * PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", native_store(), name);
    return path;
}

static void write_lines(const char *name, const char *lines, const char *more)
{
    char path[PATH_MAX + 16];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "we");
    ck_assert(file != NULL && fputs(lines, file) >= 0 && fputs(more, file) >= 0 && fclose(file) == 0);
}

/* ---- The service --------------------------------------------------------------------------------------- */

static void stop_service(void)
{
    if (service > 0) {
        (void)kill(service, SIGTERM);
        (void)waitpid(service, NULL, 0);
        service = -1;
    }
}

static bool listens(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good;

    memcpy(address.sun_path, socket_path, sizeof socket_path);
    good = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return good;
}

/* With a test's process ends its service, however that ends. */
static void start_service(const char *lines)
{
    char text[PATH_MAX + 64];
    const char *build = getenv("HUKS_BUILDDIR");
    pid_t parent = getpid();

    stop_service();
    (void)snprintf(text, sizeof text, "service = %s\n", socket_path);
    write_lines("huks.conf", text, "");
    write_lines("huksd.conf", text, lines);
    (void)unlink(socket_path);
    service = fork();
    ck_assert(service >= 0);
    if (service == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)snprintf(text, sizeof text, "%s/huksd.conf", directory);
        if (build != NULL) { /* a worker sees little else, and the helper is there */
            (void)setenv("TMPDIR", build, 1);
        }
        if (getppid() == parent && setenv("HUKS_CONF", text, 1) == 0) {
            (void)execl(huksd, huksd, (char *)NULL);
        }
        _exit(127);
    }
    for (int tries = 0; !listens(); tries++) {
        ck_assert_msg(tries < 10000 && waitpid(service, NULL, WNOHANG) == 0, "%s does not serve", huksd);
        (void)usleep(1000);
    }
}

void configure(const char *lines)
{
    if (huksd != NULL) {
        start_service(lines);
    } else {
        write_lines("huks.conf", lines, "");
    }
}

static void set_up(void)
{
    stop_service();
    remove_tree(store);
    /* There from the beginning, so that what processes share is in it and goes with it. */
    ck_assert(mkdir(store, 0700) == 0);
    configure("legacy_mechanisms = true\n"); /* beside the defaults */
}

/* ---- Sets ---------------------------------------------------------------------------------------------- */

enum { SETS = 4096 };

static set *sets[SETS];
static size_t sets_count;

set *make_set(const param *params, uint32_t count)
{
    set *made = NULL;

    ck_assert(sets_count < SETS);
    OK(OH_Huks_InitParamSet(&made));
    if (count > 0) {
        OK(OH_Huks_AddParams(made, params, count));
    }
    OK(OH_Huks_BuildParamSet(&made));
    sets[sets_count++] = made;
    return made;
}

set *no_params(void)
{
    return make_set(NULL, 0);
}

static void tear_down(void)
{
    stop_service();
    while (sets_count > 0) {
        OH_Huks_FreeParamSet(&sets[--sets_count]);
    }
}

/* ---- Answers ------------------------------------------------------------------------------------------- */

void answer(const char *file, int line, const char *call, int32_t code, const char *text,
            struct OH_Huks_Result result)
{
    ck_assert_msg(result.errorCode == code && result.errorMsg != NULL && strcmp(result.errorMsg, text) == 0 &&
                      result.data == NULL,
                  "%s:%d: %s: %d \"%s\", expected %d \"%s\"", file, line, call, result.errorCode,
                  result.errorMsg == NULL ? "(null)" : result.errorMsg, code, text);
}

/* ---- Sessions ------------------------------------------------------------------------------------------ */

struct OH_Huks_Result begin(struct session *session, const char *alias, set *params)
{
    session->params = params;
    session->handle = (blob)ROOM(session->bytes);
    memset(session->bytes, 0xa5, sizeof session->bytes);
    return OH_Huks_InitSession(NAME(alias), params, &session->handle, NULL);
}

static blob given(const void *bytes, size_t size)
{
    return (blob){(uint32_t)size, (uint8_t *)(uintptr_t)bytes};
}

struct OH_Huks_Result update(struct session *session, const void *in, size_t in_size, void *out,
                             uint32_t *size)
{
    blob input = given(in, in_size);
    blob output = given(out, *size);
    struct OH_Huks_Result result = OH_Huks_UpdateSession(&session->handle, session->params, &input, &output);

    *size = output.size;
    return result;
}

struct OH_Huks_Result finish(struct session *session, const void *in, size_t in_size, void *out,
                             uint32_t *size)
{
    blob input = given(in, in_size);
    blob output = given(out, *size);
    struct OH_Huks_Result result = OH_Huks_FinishSession(&session->handle, session->params, &input, &output);

    *size = output.size;
    return result;
}

struct OH_Huks_Result feed(struct session *session, const void *in, size_t in_size)
{
    uint8_t unused[64];
    uint32_t size = sizeof unused;

    return update(session, in, in_size, unused, &size);
}

struct OH_Huks_Result stop(struct session *session)
{
    return OH_Huks_AbortSession(&session->handle, session->params);
}

/* ---- Children ------------------------------------------------------------------------------------------ */

void child_ended(pid_t child)
{
    int status = -1;

    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed; see above");
}

void in_child(void (*body)(void))
{
    pid_t child = fork();

    if (child == 0) {
        body();
        _exit(EXIT_SUCCESS);
    }
    child_ended(child);
}

void child_holds(const char *file, int line, const char *text, bool truth)
{
    if (!truth) {
        (void)fprintf(stderr, "%s:%d: in the child: %s does not hold\n", file, line, text);
        _exit(EXIT_FAILURE);
    }
}

/* ---- Running ------------------------------------------------------------------------------------------- */

TCase *native_tcase(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

/* Its name has to be short. */
static bool find_socket(void)
{
    if (strlen(directory) + sizeof "/socket.new" <= sizeof socket_path) {
        (void)snprintf(socket_path, sizeof socket_path, "%.90s/socket", directory);
        return true;
    }
    (void)snprintf(sockets, sizeof sockets, "/tmp/native-test-XXXXXX");
    if (mkdtemp(sockets) == NULL) {
        perror(sockets);
        return false;
    }
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", sockets);
    return true;
}

int native_run(Suite *suite)
{
    const char *root = getenv("TMPDIR");
    char here[PATH_MAX];
    char path[PATH_MAX + 16];
    SRunner *runner;
    int failed;

    if (root == NULL || root[0] != '/') {
        root = getcwd(here, sizeof here);
    }
    (void)snprintf(directory, sizeof directory, "%.3900s/native-test-XXXXXX", root == NULL ? "/tmp" : root);
    if (mkdtemp(directory) == NULL) {
        perror(directory);
        return EXIT_FAILURE;
    }
    huksd = getenv("HUKS_TEST_HUKSD");
    if (huksd != NULL && !find_socket()) {
        return EXIT_FAILURE;
    }
    (void)snprintf(store, sizeof store, "%s/store", directory);
    (void)snprintf(path, sizeof path, "%s/huks.conf", directory);
    setenv("HUKS_STORE", store, 1);
    setenv("HUKS_CONF", path, 1);
    setenv("HOME", directory, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_DATA_HOME");

    condition_begin();
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_tree(directory);
    if (sockets[0] != '\0') {
        remove_tree(sockets);
    }
    if (condition_skipped() > 0) {
        printf("%d situations skipped\n", condition_skipped());
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
