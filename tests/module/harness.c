/* Loading, the private directory, sessions and fixtures of the module tests. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw, pthread barriers */
#endif

#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

CK_FUNCTION_LIST *p11;
CK_SLOT_ID the_slot;
CK_SESSION_HANDLE the_session;
const struct huks_functions *huks;

static char module[PATH_MAX];
static char directory[PATH_MAX];
static char store[PATH_MAX + 16];
static char pristine[PATH_MAX + 16];
static const char *program = "?";
static void *library;
static pid_t owner;

enum { EXIT_NO_MODULE = 99 }; /* automake's hard error: a missing module must never look like a skip */

/* ---- The private directory ---------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_directory_at_exit(void)
{
    if (getpid() == owner && getenv("HUKS_TEST_KEEP") == NULL) {
        remove_tree(directory);
    }
}

static bool copy_file(const char *from, const char *to, mode_t mode)
{
    char buffer[16384];
    ssize_t length;
    bool good = true;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 0777);

    while (good && (length = read(in, buffer, sizeof buffer)) != 0) {
        good = length > 0 && write(out, buffer, (size_t)length) == length;
    }
    good = good && in >= 0 && out >= 0;
    close(in);
    close(out);
    return good;
}

static const char *copy_from;
static const char *copy_to;

static int copy_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    char target[2 * PATH_MAX];

    (void)place;
    snprintf(target, sizeof target, "%s%s", copy_to, path + strlen(copy_from));
    if (type == FTW_D) {
        return mkdir(target, status->st_mode & 0777);
    }
    return type == FTW_F && copy_file(path, target, status->st_mode) ? 0 : -1;
}

bool copy_tree(const char *from, const char *to)
{
    copy_from = from;
    copy_to = to;
    return nftw(from, copy_entry, 16, FTW_PHYS) == 0;
}

static bool write_text(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "we");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static void set_path(const char *variable, const char *name)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    setenv(variable, path, 1);
}

/* A store that is there but holds no token. Ours makes its directory by itself, SoftHSM2 does not. */
static void make_empty_store(void)
{
    remove_tree(store);
    if (is_reference()) {
        mkdir(store, 0700);
    }
}

/* ---- The module as a client of huksd: $HUKS_TEST_HUKSD names the program --------------------------------
 */

static pid_t service;
static char service_directory[] = "/tmp/module-test-XXXXXX"; /* a socket's name is short */

static void stop_service_at_exit(void)
{
    if (getpid() == owner && service > 0) {
        kill(service, SIGTERM);
        waitpid(service, NULL, 0);
        remove_tree(service_directory);
    }
}

/* One of its own, whose store for this user is the store that the tests put in place. */
static bool start_service(const char *huksd)
{
    static char stores[PATH_MAX + 16], path[PATH_MAX + 16], text[2 * PATH_MAX];
    pid_t parent = getpid();

    if (mkdtemp(service_directory) == NULL) {
        return false;
    }
    snprintf(stores, sizeof stores, "%s/served", directory);
    snprintf(store, sizeof store, "%.4000s/uid-%lu", stores, (unsigned long)geteuid());
    snprintf(path, sizeof path, "%s/socket", service_directory);
    snprintf(text, sizeof text, "service = %s\n", path);
    if (!write_text("huks.conf", text) || !write_text("huksd.conf", "; nothing but the defaults\n")) {
        return false;
    }
    service = fork();
    if (service == 0) {
        set_path("HUKS_CONF", "huksd.conf");
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent) {
            execl(huksd, "huksd", "--socket", path, "--store", stores, (char *)NULL);
        }
        _exit(EXIT_NO_MODULE);
    }
    atexit(stop_service_at_exit);
    for (int i = 0; service > 0 && access(path, F_OK) != 0; i++) {
        if (i == 3000 || waitpid(service, NULL, WNOHANG) != 0) {
            return false;
        }
        usleep(10000);
    }
    return service > 0;
}

static bool prepare_directory(void)
{
    const char *root = getenv("TMPDIR");
    char softhsm[2 * PATH_MAX];
    char here[PATH_MAX];

    if (root == NULL || root[0] != '/') {
        root = getcwd(here, sizeof here);
    }
    snprintf(directory, sizeof directory, "%.3900s/module-test-XXXXXX", root == NULL ? "/tmp" : root);
    if (mkdtemp(directory) == NULL) {
        return false;
    }
    owner = getpid();
    atexit(remove_directory_at_exit);
    snprintf(store, sizeof store, "%s/store", directory);
    snprintf(pristine, sizeof pristine, "%s/pristine", directory);
    snprintf(softhsm, sizeof softhsm,
             "directories.tokendir = %s/\nobjectstore.backend = file\nlog.level = ERROR\n", store);

    setenv("HOME", directory, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_DATA_HOME");
    setenv("HUKS_STORE", store, 1);
    set_path("HUKS_CONF", "huks.conf");
    set_path("SOFTHSM2_CONF", "softhsm2.conf");
    if (!write_text("huks.conf", "; nothing but the defaults\n") || !write_text("softhsm2.conf", softhsm)) {
        return false;
    }
    const char *huksd = getenv("HUKS_TEST_HUKSD");
    return huksd == NULL || is_reference() || start_service(huksd);
}

const char *test_directory(void)
{
    return directory;
}

const char *store_path(void)
{
    return store;
}

/* ---- The module -----------------------------------------------------------------------------------------
 */

bool is_reference(void)
{
    return strstr(module, "softhsm") != NULL;
}

bool is_served(void)
{
    return getenv("HUKS_TEST_HUKSD") != NULL && !is_reference();
}

const char *module_path(void)
{
    return module;
}

void *module_symbol(const char *name)
{
    return dlsym(library, name);
}

/* Not /proc/self/exe: under valgrind that is valgrind. */
const char *harness_program(void)
{
    static char self[PATH_MAX];

    if (self[0] == '\0' && realpath(program_invocation_name, self) == NULL) {
        snprintf(self, sizeof self, "%s", program_invocation_name);
    }
    return self;
}

/* From the working directory, else from the directories above the program (it may be libtool's copy). */
static bool find_built_module(void)
{
    static const char *const ups[] = {"..", "../..", "../../..", "../../../.."};
    char self[PATH_MAX];
    char path[2 * PATH_MAX];

    if (realpath(".libs/huks-pkcs11.so", module) != NULL) {
        return true;
    }
    memcpy(self, harness_program(), sizeof self);
    for (size_t i = 0; i < sizeof ups / sizeof ups[0]; i++) {
        char copy[PATH_MAX];

        memcpy(copy, self, sizeof copy);
        snprintf(path, sizeof path, "%s/%s/.libs/huks-pkcs11.so", dirname(copy), ups[i]);
        if (realpath(path, module) != NULL) {
            return true;
        }
    }
    return false;
}

static bool name_module(int argc, char **argv)
{
    const char *path = getenv("HUKS_TEST_MODULE");

    if (argc == 3 && strcmp(argv[1], "--module") == 0) {
        path = argv[2];
    } else if (argc == 2 && argv[1][0] != '-') {
        path = argv[1];
    }
    if (path != NULL && path[0] != '\0') {
        return realpath(path, module) != NULL;
    }
    return find_built_module();
}

static bool load_module(void)
{
    CK_C_GetFunctionList get_list;

    library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s: %s\n", program, dlerror());
        return false;
    }
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    return get_list != NULL && get_list(&p11) == CKR_OK && p11 != NULL;
}

static void find_vendor_part(void)
{
    static CK_UTF8CHAR name[] = HUKS_INTERFACE_NAME;
    get_interface_function get_interface;
    struct interface *found = NULL;

    *(void **)&get_interface = dlsym(library, "C_GetInterface");
    if (get_interface != NULL && get_interface(name, NULL, &found, 0) == CKR_OK && found != NULL) {
        huks = found->functions;
    }
}

bool harness_load(void)
{
    const char *path = getenv("HUKS_TEST_MODULE");

    return path != NULL && realpath(path, module) != NULL && load_module();
}

/* ---- Sessions ---------------------------------------------------------------------------------------- */

CK_RV initialise(void)
{
    CK_C_INITIALIZE_ARGS args;

    memset(&args, 0, sizeof args);
    args.flags = CKF_OS_LOCKING_OK;
    return p11->C_Initialize(&args);
}

static void pad_label(const char *label, CK_UTF8CHAR padded[32])
{
    size_t length = strlen(label);

    memset(padded, ' ', 32);
    memcpy(padded, label, length < 32 ? length : 32);
}

bool find_token(const char *label, CK_SLOT_ID *slot)
{
    CK_SLOT_ID slots[64];
    CK_UTF8CHAR padded[32];
    CK_TOKEN_INFO info;
    CK_ULONG count = 0;

    pad_label(label, padded);
    if (p11->C_GetSlotList(CK_FALSE, NULL, &count) != CKR_OK) { /* lets SoftHSM2 look again */
        return false;
    }
    count = 64;
    if (p11->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
        return false;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (p11->C_GetTokenInfo(slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
            memcmp(info.label, padded, sizeof padded) == 0) {
            *slot = slots[i];
            return true;
        }
    }
    return false;
}

CK_RV init_token(CK_SLOT_ID slot, const char *so_pin, const char *label)
{
    CK_UTF8CHAR padded[32];

    pad_label(label, padded);
    return p11->C_InitToken(slot, (CK_UTF8CHAR *)(uintptr_t)so_pin, strlen(so_pin), padded);
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    *session = CK_INVALID_HANDLE;
    return p11->C_OpenSession(slot, flags | CKF_SERIAL_SESSION, NULL, NULL, session);
}

CK_SESSION_HANDLE open_rw(void)
{
    CK_SESSION_HANDLE session;

    ok(open_session(the_slot, CKF_RW_SESSION, &session));
    ck_assert(session != CK_INVALID_HANDLE);
    return session;
}

CK_SESSION_HANDLE open_ro(void)
{
    CK_SESSION_HANDLE session;

    ok(open_session(the_slot, 0, &session));
    ck_assert(session != CK_INVALID_HANDLE);
    return session;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin)
{
    return p11->C_Login(session, user, (CK_UTF8CHAR *)(uintptr_t)pin, pin == NULL ? 0 : strlen(pin));
}

CK_STATE session_state(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;

    ok(p11->C_GetSessionInfo(session, &info));
    return info.state;
}

CK_FLAGS token_flags(CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info;

    ok(p11->C_GetTokenInfo(slot, &info));
    return info.flags;
}

/* ---- Fixtures ---------------------------------------------------------------------------------------- */

static bool first_free_slot(CK_SLOT_ID *slot)
{
    CK_ULONG count = 1;

    return p11->C_GetSlotList(CK_FALSE, slot, &count) == CKR_OK && count == 1;
}

/* In a child, so that the test process has never been a user of the module before its first test. */
static bool make_token(void)
{
    CK_SESSION_HANDLE session;
    CK_SLOT_ID slot;
    CK_RV rv = initialise();

    if (rv == CKR_OK) {
        rv = first_free_slot(&slot) ? init_token(slot, SO_PIN, TOKEN_LABEL) : CKR_SLOT_ID_INVALID;
    }
    if (rv == CKR_OK) {
        rv = find_token(TOKEN_LABEL, &slot) ? open_session(slot, CKF_RW_SESSION, &session)
                                            : CKR_TOKEN_NOT_PRESENT;
    }
    if (rv == CKR_OK) {
        rv = login(session, CKU_SO, SO_PIN);
    }
    if (rv == CKR_OK) {
        rv = p11->C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN));
    }
    if (rv == CKR_OK) {
        rv = p11->C_Finalize(NULL);
    }
    if (rv != CKR_OK) {
        fprintf(stderr, "%s: cannot make a token with %s: %s\n", program, module, ckr_name(rv));
    }
    return rv == CKR_OK;
}

static bool prepare_token(void)
{
    int status = -1;
    pid_t child;

    make_empty_store();
    child = fork();
    if (child == 0) {
        _exit(make_token() ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && copy_tree(store, pristine);
}

void setup_loaded(void)
{
    (void)p11->C_Finalize(NULL); /* what a failed test left, when tests share a process */
    remove_tree(store);
    ck_assert_msg(copy_tree(pristine, store), "cannot restore the store: %s", strerror(errno));
}

void setup_empty_store(void)
{
    (void)p11->C_Finalize(NULL);
    make_empty_store();
}

void setup_initialised(void)
{
    setup_loaded();
    ok(initialise());
    ck_assert_msg(find_token(TOKEN_LABEL, &the_slot), "the token is gone");
}

void setup_public(void)
{
    setup_initialised();
    the_session = open_rw();
}

void setup_user(void)
{
    setup_public();
    ok(login(the_session, CKU_USER, USER_PIN));
}

void setup_so(void)
{
    setup_public();
    ok(login(the_session, CKU_SO, SO_PIN));
}

static void teardown(void)
{
    CK_RV rv = p11->C_Finalize(NULL);

    ck_assert_msg(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize: %s", ckr_name(rv));
}

TCase *add_tcase(Suite *suite, const char *name, void (*setup)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int harness_run(int argc, char **argv, Suite *suite)
{
    SRunner *runner;
    int failed;

    program = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
    if (argc == 2 && strcmp(argv[1], "--differences") == 0) {
        srunner_free(srunner_create(suite));
        answer_differences();
        return EXIT_SUCCESS;
    }
    if (!name_module(argc, argv)) {
        fprintf(stderr, "%s: no module: give its path, set HUKS_TEST_MODULE or build it\n", program);
        return EXIT_NO_MODULE;
    }
    setenv("HUKS_TEST_MODULE", module, 1);
    if (!prepare_directory() || !load_module() || !prepare_token()) {
        fprintf(stderr, "%s: cannot prepare tests of %s\n", program, module);
        return EXIT_NO_MODULE;
    }
    find_vendor_part();

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
