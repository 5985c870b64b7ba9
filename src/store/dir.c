/*
 * The store's directory: where it is, who may write it, which tokens are in it.
 *
 * Paths are canonical and kept as text: hosts close descriptors they don't know, so none is kept. A
 * directory that strangers can write is refused, so names in it can't be exchanged between two looks.
 */
#include "store/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

/* ---- what may be ---- */

enum error_about store_write_about(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return ABOUT_NO_SPACE;
    case EROFS:
    case EACCES:
    case EPERM:
        return ABOUT_READ_ONLY;
    default:
        return ABOUT_FILE;
    }
}

huks_rc store_raise_size(void)
{
    return error_raise(HUKS_E_FILE, ABOUT_FILE_SIZE, NULL);
}

huks_rc store_write_all(int fd, const void *data, size_t size, const char *doing)
{
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t wrote = write(fd, from, size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return error_raise(HUKS_E_FILE, wrote < 0 ? store_write_about(errno) : ABOUT_NO_SPACE, doing);
        }
        from += wrote;
        size -= (size_t)wrote;
    }
    return HUKS_OK;
}

mode_t dir_file_mode(const struct store *store)
{
    return store->shared_with_group ? 0660 : 0600;
}

static huks_rc refuse(const char *path, const char *why)
{
    log_error("store: %s refused: %s", path, why);
    return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
}

/* Owner root or we; others never write, and the group only when it is the configured one. */
static huks_rc judge(const struct store *store, const char *path, const struct stat *status, bool file)
{
    bool group_ok = store->shared_with_group && status->st_gid == store->group;
    if ((status->st_mode & S_IWOTH) != 0 || ((status->st_mode & S_IWGRP) != 0 && !group_ok)) {
        return refuse(path, "others can write it");
    }
    /* In a shared store members of the group make files too. */
    if (status->st_uid != 0 && status->st_uid != geteuid() && !(file && group_ok)) {
        return refuse(path, "its owner is neither root nor the user");
    }
    return HUKS_OK;
}

huks_rc dir_check(struct store *store, bool *exists)
{
    struct stat status;
    *exists = false;
    if (lstat(store->path, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return HUKS_OK;
        }
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the store's directory");
    }
    if (!S_ISDIR(status.st_mode)) {
        return refuse(store->path, "not a directory");
    }
    *exists = true;
    return judge(store, store->path, &status, false);
}

static huks_rc judge_file(const struct store *store, const char *path, const struct stat *status)
{
    if (!S_ISREG(status->st_mode)) {
        return refuse(path, "not a regular file");
    }
    return judge(store, path, status, true);
}

char *dir_file(const struct store *store, const char *name)
{
    return text_format("%s/%s", store->path, name);
}

huks_rc dir_check_file(const struct store *store, const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL)
                   : error_raise(HUKS_E_FILE, ABOUT_FILE, "read the key file");
    }
    return judge_file(store, path, &status);
}

huks_rc dir_open_file(const struct store *store, const char *name, int flags, int *fd)
{
    AUTO(memory_free_ptr) char *path = dir_file(store, name);
    if (path == NULL) {
        return error_no_memory();
    }
    *fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        switch (errno) {
        case ENOENT:
        case ENOTDIR:
            return error_raise(HUKS_E_NOT_EXIST, ABOUT_FILE, NULL);
        case ELOOP:
            return refuse(path, "a symbolic link");
        default:
            return error_raise(HUKS_E_FILE,
                               (flags & O_ACCMODE) == O_RDONLY ? ABOUT_FILE : store_write_about(errno),
                               "open the key file");
        }
    }
    struct stat status;
    huks_rc rc = fstat(*fd, &status) != 0 ? error_raise(HUKS_E_FILE, ABOUT_FILE, "read the key file")
                                          : judge_file(store, path, &status);
    if (rc != HUKS_OK) {
        (void)close(*fd);
        *fd = -1;
    }
    return rc;
}

huks_rc dir_sync(const struct store *store)
{
    int fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return good ? HUKS_OK
                : error_raise(HUKS_E_FILE, store_write_about(reason), "write the store's directory");
}

huks_rc dir_usable(const struct store *store)
{
    if (store->process != store_fork_process()) {
        log_error("store: a forked child can't use what its parent opened; initialise anew");
        return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
    }
    return HUKS_OK;
}

/* ---- making it ---- */

static huks_rc make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return error_raise(HUKS_E_FILE, store_write_about(errno), "make the store's directory");
    }
    return HUKS_OK;
}

huks_rc dir_make(struct store *store)
{
    bool exists;
    HUKS_TRY(dir_check(store, &exists));
    if (exists) {
        return HUKS_OK;
    }
    AUTO(memory_free_ptr) char *path = text_copy(store->path);
    if (path == NULL) {
        return error_no_memory();
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        struct stat status;
        if (stat(path, &status) != 0) {
            HUKS_TRY(make_one(path, 0700));
        }
        *slash = '/';
    }
    HUKS_TRY(make_one(path, 0700));
    if (store->shared_with_group && (chown(path, (uid_t)-1, store->group) != 0 || chmod(path, 02770) != 0)) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "share the store's directory with its group");
    }
    return dir_check(store, &exists);
}

/* ---- opening ---- */

/* Resolves what exists of the path; the rest is ours to make and has no links. */
static huks_rc canonical(const char *given, char **out)
{
    if (given[0] != '/') {
        return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
    }
    AUTO(memory_free_ptr) char *head = text_copy(given);
    if (head == NULL) {
        return error_no_memory();
    }
    size_t length = strlen(head);
    while (length > 1 && head[length - 1] == '/') {
        head[--length] = '\0';
    }
    for (;;) {
        char real[PATH_MAX];
        if (realpath(head, real) != NULL) {
            const char *rest = given + length;
            rest += strspn(rest, "/");
            size_t rest_length = strlen(rest);
            while (rest_length > 0 && rest[rest_length - 1] == '/') {
                rest_length--;
            }
            const char *above = strcmp(real, "/") == 0 ? "" : real;
            *out = rest_length == 0 ? text_copy(real) : text_format("%s/%.*s", above, (int)rest_length, rest);
            return *out == NULL ? error_no_memory() : HUKS_OK;
        }
        char *slash = strrchr(head, '/');
        if (errno != ENOENT || slash == NULL) {
            return errno == ENOMEM ? error_no_memory()
                                   : error_raise(HUKS_E_FILE, ABOUT_FILE, "read the store's directory");
        }
        length = (size_t)(slash - head);
        head[length == 0 ? 1 : length] = '\0';
    }
}

static huks_rc find_group(const char *name, gid_t *group)
{
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 10);
    if (end != name && *end == '\0') {
        *group = (gid_t)number;
        return HUKS_OK;
    }
    size_t size = 16 * 1024;
    AUTO(memory_free_ptr) char *space = malloc(size);
    if (space == NULL) {
        return error_no_memory();
    }
    struct group entry, *found = NULL;
    if (getgrnam_r(name, &entry, space, size, &found) != 0 || found == NULL) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
    }
    *group = found->gr_gid;
    return HUKS_OK;
}

static huks_rc build(struct store *store, const struct config *config)
{
    uint8_t hash[CRYPTO_SHA256_SIZE];
    bool exists;
    HUKS_TRY(canonical(config->store, &store->path));
    if (config->store_group[0] != '\0') {
        HUKS_TRY(find_group(config->store_group, &store->group));
        store->shared_with_group = true;
    }
    HUKS_TRY(crypto_sha256(store->crypto, bytes_of(store->path, strlen(store->path)), hash));
    memcpy(store->id, hash, sizeof(store->id));
    return dir_check(store, &exists);
}

huks_rc store_open(const struct config *config, struct crypto *crypto, struct store **out)
{
    *out = NULL;
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return error_no_memory();
    }
    huks_rc rc = store_fork_attach();
    if (rc != HUKS_OK) {
        free(store);
        return rc;
    }
    (void)pthread_mutex_init(&store->lock, NULL);
    store->crypto = crypto;
    store->backend = &store_backend;
    store->process = store_fork_process();
    rc = build(store, config);
    if (rc != HUKS_OK) {
        store_close(store);
        return rc;
    }
    *out = store;
    return HUKS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    while (store->tokens != NULL) {
        store->tokens->references = 1; /* callers that forgot */
        store_token_close(store->tokens);
    }
    while (store->shares != NULL) {
        struct share *share = store->shares;
        store->shares = share->next;
        share_free(share);
    }
    (void)pthread_mutex_destroy(&store->lock);
    free(store->ordinals);
    free(store->path);
    free(store);
    store_fork_detach();
}

const char *store_path(const struct store *store)
{
    return store->path;
}

bool store_group(const struct store *store, gid_t *group)
{
    *group = store->group;
    return store->shared_with_group;
}

const uint8_t *store_id(const struct store *store)
{
    return store->id;
}

bool store_writable(const struct store *store)
{
    if (faccessat(AT_FDCWD, store->path, W_OK | X_OK, AT_EACCESS) == 0) {
        return true;
    }
    return errno == ENOENT; /* to be made with the first token */
}

/* ---- ordinals ---- */

static huks_rc remember(struct store *store, uint32_t ordinal)
{
    if (store->ordinal_count == store->ordinal_capacity) {
        size_t capacity = store->ordinal_capacity == 0 ? 16 : store->ordinal_capacity * 2;
        uint32_t *ordinals = realloc(store->ordinals, capacity * sizeof(*ordinals));
        if (ordinals == NULL) {
            return error_no_memory();
        }
        store->ordinals = ordinals;
        store->ordinal_capacity = capacity;
    }
    store->ordinals[store->ordinal_count++] = ordinal;
    return HUKS_OK;
}

/* "token-<ordinal><suffix>" without leading zeros. */
static bool parse_name(const char *name, const char *suffix, uint32_t *ordinal)
{
    char expected[64];
    unsigned long number = 0;
    if (strncmp(name, "token-", 6) != 0 || name[6] < '0' || name[6] > '9') {
        return false;
    }
    number = strtoul(name + 6, NULL, 10);
    if (number >= UINT32_MAX) {
        return false;
    }
    (void)snprintf(expected, sizeof(expected), "token-%lu%s", number, suffix);
    *ordinal = (uint32_t)number;
    return strcmp(expected, name) == 0;
}

/* A lock file without a database counts when a token was ever made there. */
static bool ordinal_was_used(const struct store *store, const char *name)
{
    struct share_page page = {0};
    int fd = -1;
    huks_rc rc = dir_open_file(store, name, O_RDONLY, &fd);
    if (rc != HUKS_OK) {
        error_clear();
        return false;
    }
    bool used = pread(fd, &page, sizeof(page), 0) == (ssize_t)sizeof(page) && page.life != 0;
    (void)close(fd);
    return used;
}

static int compare_ordinals(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static huks_rc read_names(struct store *store)
{
    DIR *dir = opendir(store->path);
    if (dir == NULL) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the store's directory");
    }
    huks_rc rc = HUKS_OK;
    store->ordinal_count = 0;
    store->next_ordinal = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == HUKS_OK; entry = readdir(dir)) {
        uint32_t ordinal;
        bool token = parse_name(entry->d_name, ".db", &ordinal);
        if (token) {
            rc = remember(store, ordinal);
        }
        if ((token ||
             (parse_name(entry->d_name, ".lock", &ordinal) && ordinal_was_used(store, entry->d_name))) &&
            ordinal >= store->next_ordinal) {
            store->next_ordinal = ordinal + 1;
        }
    }
    (void)closedir(dir);
    if (store->ordinal_count > 1) {
        qsort(store->ordinals, store->ordinal_count, sizeof(*store->ordinals), compare_ordinals);
    }
    return rc;
}

/* A change within the clock's last tick leaves no trace in the time: such a look is not trusted twice. */
static bool settled(const struct stat *status)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (int64_t)(now.tv_sec - status->st_mtim.tv_sec) * 1000 +
                  (now.tv_nsec - status->st_mtim.tv_nsec) / 1000000;
    return age > 50;
}

/* Under store->lock. */
static huks_rc look(struct store *store)
{
    bool exists;
    struct stat status;
    HUKS_TRY(dir_check(store, &exists));
    if (!exists || stat(store->path, &status) != 0) {
        store->ordinal_count = 0;
        store->next_ordinal = 0;
        store->was_read = false;
        return HUKS_OK;
    }
    if (store->was_read && status.st_ino == store->read_as.st_ino && status.st_dev == store->read_as.st_dev &&
        status.st_mtim.tv_sec == store->read_as.st_mtim.tv_sec &&
        status.st_mtim.tv_nsec == store->read_as.st_mtim.tv_nsec) {
        return HUKS_OK;
    }
    store->was_read = false;
    HUKS_TRY(read_names(store));
    store->read_as = status;
    store->was_read = settled(&status);
    return HUKS_OK;
}

huks_rc store_tokens(struct store *store, uint32_t *ordinals, size_t capacity, size_t *count)
{
    *count = 0;
    HUKS_TRY(dir_usable(store));
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = look(store);
    if (rc == HUKS_OK) {
        *count = store->ordinal_count;
        size_t fits = capacity < *count ? capacity : *count;
        if (fits > 0) {
            memcpy(ordinals, store->ordinals, fits * sizeof(*ordinals));
        }
    }
    (void)pthread_mutex_unlock(&store->lock);
    return rc;
}

uint32_t store_free_ordinal(struct store *store)
{
    if (dir_usable(store) != HUKS_OK) {
        return 0;
    }
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = look(store);
    uint32_t ordinal = store->next_ordinal;
    (void)pthread_mutex_unlock(&store->lock);
    return rc == HUKS_OK ? ordinal : 0;
}

huks_rc store_serial(struct store *store, uint32_t ordinal, char serial[17])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[CRYPTO_SHA256_SIZE];
    AUTO(memory_free_ptr) char *text = text_format("%s%lu", store->path, (unsigned long)ordinal);
    if (text == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(crypto_sha256(store->crypto, bytes_of(text, strlen(text)), hash));
    for (size_t i = 0; i < 8; i++) {
        serial[2 * i] = digits[hash[i] >> 4];
        serial[2 * i + 1] = digits[hash[i] & 15];
    }
    serial[16] = '\0';
    return HUKS_OK;
}
