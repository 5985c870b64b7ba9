/*
 * See huksd.h. A worker is to its client what the engine in the client's own process would be, and can do
 * less than huksd: it sees this one user's store and the table that is everybody's, and nothing that it execs
 * gains rights.
 */
#include "tools/huksd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/remote.h"
#include "common/memory.h"
#include "ipc/server.h"
#include "pkcs11/remote.h"

static const struct ipc_served *const doors[] = {&p11_served, &native_served};

/* ---- stores ---- */

static huks_rc store_failed(const char *path, const char *why)
{
    return error_raisef(HUKS_E_FILE, ABOUT_FILE, "use the directory %s (%s)", path, why);
}

/* Whoever starts huksd reads this, and a client whose store it is about. */
static huks_rc judge(const char *path)
{
    struct stat file;
    char why[96];
    if (stat(path, &file) != 0) {
        return store_failed(path, strerror(errno));
    }
    if (!S_ISDIR(file.st_mode)) {
        return store_failed(path, "is no directory");
    }
    if (file.st_uid != geteuid() && file.st_uid != 0) {
        (void)snprintf(why, sizeof why, "owned by user %lu, and huksd runs as user %lu",
                       (unsigned long)file.st_uid, (unsigned long)geteuid());
        return store_failed(path, why);
    }
    if ((file.st_mode & 022) != 0) {
        (void)snprintf(why, sizeof why, "mode %04o, others may write it", (unsigned)file.st_mode & 07777U);
        return store_failed(path, why);
    }
    return HUKS_OK;
}

/* `path` and what is missing above it. */
static huks_rc directory_make(const char *path)
{
    char part[PATH_MAX], why[96];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST && access(part, F_OK) != 0) {
            (void)snprintf(why, sizeof why, "user %lu can't make it", (unsigned long)geteuid());
            return store_failed(part, why);
        }
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        (void)snprintf(why, sizeof why, "user %lu can't make it, %s", (unsigned long)geteuid(),
                       strerror(errno));
        return store_failed(path, why);
    }
    return judge(path);
}

static huks_rc table_directory(const struct config *config, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/sessions", config->store);
    return length > 0 && (size_t)length < size ? HUKS_OK
                                               : store_failed(config->store, "its name is too long");
}

huks_rc huksd_store_prepare(const struct config *config)
{
    char sessions[PATH_MAX];
    HUKS_TRY(table_directory(config, sessions, sizeof sessions));
    HUKS_TRY(directory_make(config->store));
    return directory_make(sessions);
}

/* The configuration that the user's engine gets. */
static huks_rc user_config(const struct config *config, uid_t user, struct config *own)
{
    *own = *config;
    own->service[0] = '\0';
    own->store_group[0] = '\0'; /* users share nothing */
    own->for_other = true;
    own->other = user;
    HUKS_TRY(table_directory(config, own->sessions, sizeof own->sessions));
    int length = snprintf(own->store, sizeof own->store, "%s/uid-%lu", config->store, (unsigned long)user);
    if (length < 0 || (size_t)length >= sizeof own->store) {
        return store_failed(config->store, "its name is too long");
    }
    return directory_make(own->store);
}

/* ---- what it may do ---- */

#define READS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                               \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |        \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |              \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |           \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
#define ON_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

/* A place that isn't there needs no rule. */
static void allow(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    struct stat file;
    rule.parent_fd = path[0] == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
    if (rule.parent_fd < 0) {
        return;
    }
    if (fstat(rule.parent_fd, &file) == 0 && !S_ISDIR(file.st_mode)) {
        rule.allowed_access &= ON_FILES;
    }
    (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(rule.parent_fd);
}

/*
 * Reading: what OpenSSL, the name service and PAM's helper are made of. Writing: two directories, the place
 * where the table goes when its own is full, and the log. A kernel without Landlock gives none of this.
 */
static void confine(const struct config *own)
{
    static const char *const read[] = {"/usr", "/lib",         "/lib64",     "/bin",     "/sbin",
                                       "/etc", "/opt",         "/run",       "/var/run", "/proc",
                                       "/sys", "/dev/urandom", "/dev/random"};
    static const char *const written[] = {"/dev/shm", "/dev/null"};
    const struct landlock_ruleset_attr handled = {.handled_access_fs = READS | WRITES};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0) {
        log_info("huksd: no Landlock here: %s", strerror(errno));
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(read); i++) {
        allow(rules, read[i], READS);
    }
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        allow(rules, written[i], READS | WRITES);
    }
    /* A store that can't be written is copied there and opened (store/sqlite_open.c). */
    const char *temporary = secure_getenv("TMPDIR");
    allow(rules, temporary != NULL ? temporary : "/tmp", READS | WRITES);
    const char *helper = secure_getenv("HUKS_AUTH_HELPER");
    allow(rules, helper != NULL ? helper : HUKS_LIBEXECDIR, READS);
    allow(rules, own->log_target, READS | WRITES);
    allow(rules, own->store, READS | WRITES);
    allow(rules, own->sessions, READS | WRITES);
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
        log_error("huksd: Landlock: %s", strerror(errno));
    }
    (void)close(rules);
}

void huksd_harden(const struct config *own)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine(own);
}

/* ---- life ---- */

static int client = -1;

/* To be ended is to find that the client has gone. */
static void end_politely(int number)
{
    (void)number;
    (void)shutdown(client, SHUT_RDWR);
}

int huksd_worker(int channel, uid_t user, const struct config *config)
{
    struct config own;
    struct sigaction end = {.sa_handler = end_politely, .sa_flags = SA_RESTART};
    client = channel;
    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGINT, &end, NULL);
    huks_rc rc = user_config(config, user, &own);
    if (rc == HUKS_OK) {
        huksd_harden(&own);
        rc = ipc_serve(channel, &own, doors, ARRAY_SIZE(doors));
    } else {
        ipc_refuse(channel);
    }
    if (rc != HUKS_OK) {
        char sentence[512];
        log_error("huksd: user %lu: %s", (unsigned long)user, error_message(sentence, sizeof sentence));
    }
    return rc == HUKS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
