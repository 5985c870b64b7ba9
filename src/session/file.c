/*
 * The table's file: where it lies, whose it may be, what happens when it is damaged.
 *
 * A file is made whole under another name and renamed into place, and never changed in size afterwards: a
 * damaged one is replaced, not repaired, since other processes may have it mapped. They notice by comparing
 * inodes and move over (table.c). Whoever may write the store could still truncate the live file, and the
 * next access of a process that has not looked since would raise SIGBUS. A guest may not install a signal
 * handler against that and regular files cannot be sealed; SQLite's WAL index in the same directory has the
 * same property. We look before use once a second and whenever a thread has to wait, and put empty memory in
 * the place of a mapping whose file has been truncated.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"

#define SHM_DIR "/dev/shm"

enum found {
    FOUND_GOOD,     /* opened and mapped */
    FOUND_NONE,     /* there is no such file */
    FOUND_DAMAGED,  /* damaged or foreign: to be replaced */
    FOUND_UNUSABLE, /* not ours to judge or replace */
};

static void close_ptr(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* A host that closed its standard descriptors would write its messages into a file that got their number. */
static int open_high(const char *path, int flags, mode_t mode)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    (void)close(fd);
    errno = error;
    return high;
}

static uint64_t random_word(void)
{
    uint64_t word = 0;
    if (getrandom(&word, sizeof word, GRND_NONBLOCK) != (ssize_t)sizeof word) {
        word = clock_exact_ns() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid();
    }
    return word;
}

/* FNV-1a over words: against damage, not against an enemy. */
uint64_t file_checksum(const struct session_head *head)
{
    const uint64_t words[] = {
        head->magic,
        (uint64_t)head->version << 32 | head->size,
        (uint64_t)head->slots << 32 | head->slots_at,
        (uint64_t)head->rows << 32 | head->rows_at,
        (uint64_t)head->waiters << 32 | head->waiters_at,
        head->made,
    };
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        sum = (sum ^ words[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static struct session_head head_make(uint64_t made)
{
    struct session_head head = {
        .magic = SESSION_MAGIC,
        .version = SESSION_VERSION,
        .size = (uint32_t)sizeof(struct session_shared),
        .slots = SESSION_SLOTS,
        .slots_at = (uint32_t)offsetof(struct session_shared, slots),
        .rows = SESSION_ROWS,
        .rows_at = (uint32_t)offsetof(struct session_shared, rows),
        .waiters = SESSION_WAITERS,
        .waiters_at = (uint32_t)offsetof(struct session_shared, waiters),
        .made = made,
    };
    head.checksum = file_checksum(&head);
    return head;
}

/* Whole, but perhaps of another version. */
static bool head_whole(const struct session_head *head)
{
    return head->magic == SESSION_MAGIC && head->checksum == file_checksum(head);
}

static bool head_valid(const struct session_head *head)
{
    const struct session_head own = head_make(head->made);
    return memcmp(head, &own, sizeof own) == 0;
}

/*
 * Fills in a new table. Generations begin anywhere: a session of a lost table that is returned late must not
 * match one of its successor.
 */
static void shared_init(struct session_shared *shared)
{
    shared->head = head_make(random_word());
    uint32_t generation = (uint32_t)random_word();
    for (uint32_t i = 0; i < SESSION_SLOTS; i++) {
        atomic_store_explicit(&shared->slots[i].word, word_make(generation, 0, STATE_FREE),
                              memory_order_relaxed);
    }
}

const char *file_path(const struct session_table *table, enum session_place place)
{
    switch (place) {
    case SESSION_IN_STORE:
        return table->store_path;
    case SESSION_IN_SHM:
        return table->shm_path;
    default:
        return NULL;
    }
}

static const char *place_dir(const struct session_table *table, enum session_place place)
{
    return place == SESSION_IN_STORE ? table->store_dir : SHM_DIR;
}

/* Memory mapped from these is not shared between the machines (or not at all), nor are locks reliable. */
static bool dir_local(const char *dir)
{
    static const uint32_t remote[] = {
        0x6969 /* NFS */,       0x517b /* SMB */,        0xff534d42 /* CIFS */,   0xfe534d42 /* SMB2 */,
        0x5346414f /* AFS */,   0x6b414653 /* kAFS */,   0x00c36400 /* Ceph */,   0x01021997 /* 9P */,
        0x65735546 /* FUSE */,  0x73757245 /* Coda */,   0x0bd00bd0 /* Lustre */, 0x01161970 /* GFS2 */,
        0x7461636f /* OCFS2 */, 0x786f4256 /* vboxsf */, 0x47504653 /* GPFS */,
    };
    struct statfs fs;
    if (statfs(dir, &fs) != 0) {
        return errno != ENOSYS;
    }
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++) {
        if ((uint32_t)fs.f_type == remote[i]) {
            return false;
        }
    }
    return true;
}

/*
 * One builder at a time, so that two who find the same damage don't replace each other's work. Anybody who
 * can read the directory could hold this lock: after 100 ms we go on without it, and table.c finds the one
 * table that was renamed last.
 */
static int dir_lock(const char *dir)
{
    int fd = open_high(dir, O_RDONLY | O_DIRECTORY, 0);
    for (int i = 0; fd >= 0 && i < 100 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}

static mode_t file_mode(const struct session_table *table, enum session_place place)
{
    return place == SESSION_IN_STORE && table->store_shared ? 0660 : 0600;
}

/* Nobody but the store's owners may be able to write what we map. */
static bool file_trusted(const struct session_table *table, enum session_place place, const struct stat *file,
                         const struct stat *dir)
{
    if (!S_ISREG(file->st_mode)) {
        return false;
    }
    if (place == SESSION_IN_SHM) {
        return file->st_uid == geteuid() && (file->st_mode & 07777) == 0600;
    }
    bool group = table->store_shared && file->st_gid == table->store_group;
    bool owner = file->st_uid == geteuid() || file->st_uid == 0 || file->st_uid == dir->st_uid;
    return (owner || group) && (file->st_mode & (group ? 07117u : 07137u)) == 0;
}

/* Whether a file that cannot be opened may be replaced: it is ours, or the directory is. */
static bool file_ours(const char *path, const struct stat *dir)
{
    struct stat file;
    return dir->st_uid == geteuid() || (lstat(path, &file) == 0 && file.st_uid == geteuid());
}

/* A file made before the store was shared. Only its owner can do this, and nothing depends on success. */
static void file_widen(const struct session_table *table, enum session_place place, int fd,
                       const struct stat *file)
{
    if (file_mode(table, place) == 0660 && (file->st_uid == geteuid() || geteuid() == 0)) {
        if (file->st_gid == table->store_group || fchown(fd, (uid_t)-1, table->store_group) == 0) {
            (void)fchmod(fd, 0660);
        }
    }
}

static bool file_in_use(int fd)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SESSION_LOCK_BASE, .l_len = SESSION_ROWS};
    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* Holes would be filled at first use, and a full disk would answer with SIGBUS then. */
static bool file_solid(int fd, const struct stat *file)
{
    const off_t size = (off_t)sizeof(struct session_shared);
    /* Not posix_fallocate(): where the file system can't, it would write into a live table. */
    return (off_t)file->st_blocks * 512 >= size || fallocate(fd, 0, 0, size) == 0 || errno == EOPNOTSUPP;
}

static enum found file_examine(const struct session_table *table, enum session_place place, int fd,
                               const struct stat *dir, struct stat *file)
{
    struct session_head head;
    if (fstat(fd, file) != 0) {
        return FOUND_UNUSABLE;
    }
    if (!file_trusted(table, place, file, dir) || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        !head_whole(&head)) {
        return FOUND_DAMAGED;
    }
    if (!head_valid(&head)) {
        /* Another version of ours. While it is in use it stays; the two count apart. */
        return file_in_use(fd) ? FOUND_UNUSABLE : FOUND_DAMAGED;
    }
    if (file->st_size != (off_t)sizeof(struct session_shared)) {
        return FOUND_DAMAGED;
    }
    return file_solid(fd, file) ? FOUND_GOOD : FOUND_UNUSABLE;
}

static enum found file_try(const struct session_table *table, enum session_place place, const char *path,
                           const struct stat *dir, struct session_map *map)
{
    /* O_NONBLOCK: a FIFO in its place must not stop us. */
    AUTO(close_ptr) int fd = open_high(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0) {
        switch (errno) {
        case ENOENT:
            return FOUND_NONE;
        case ELOOP:
        case ENXIO:
            return FOUND_DAMAGED;
        case EACCES:
        case EPERM:
            return file_ours(path, dir) ? FOUND_DAMAGED : FOUND_UNUSABLE;
        default:
            return FOUND_UNUSABLE;
        }
    }
    struct stat file;
    enum found found = file_examine(table, place, fd, dir, &file);
    if (found != FOUND_GOOD) {
        return found;
    }
    file_widen(table, place, fd, &file);
    void *memory = mmap(NULL, sizeof(struct session_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return FOUND_UNUSABLE;
    }
    *map = (struct session_map){
        .shared = memory, .place = place, .fd = fd, .dev = file.st_dev, .ino = file.st_ino};
    fd = -1;
    return FOUND_GOOD;
}

/* Owner, group and mode: as the store has them. */
static void file_own(const struct session_table *table, enum session_place place, int fd,
                     const struct stat *dir)
{
    mode_t mode = file_mode(table, place);
    if (mode == 0660 && fchown(fd, (uid_t)-1, table->store_group) != 0) {
        mode = 0600;
    }
    /* Root at work in somebody's store must not lock its owner out. */
    if (place == SESSION_IN_STORE && geteuid() == 0 && dir->st_uid != 0 &&
        fchown(fd, dir->st_uid, mode == 0660 ? table->store_group : dir->st_gid) != 0) {
        mode = 0600;
    }
    (void)fchmod(fd, mode);
}

static int file_fill(int fd)
{
    int error = posix_fallocate(fd, 0, (off_t)sizeof(struct session_shared));
    if (error != 0) {
        return error;
    }
    void *memory = mmap(NULL, sizeof(struct session_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return errno;
    }
    shared_init(memory);
    (void)munmap(memory, sizeof(struct session_shared));
    return 0;
}

/* Makes a table and puts it in the place of whatever is there. 0 or errno. */
static int file_build(const struct session_table *table, enum session_place place, const char *path,
                      const struct stat *dir)
{
    /* Growing a file beyond this limit raises SIGXFSZ, which kills the host. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < sizeof(struct session_shared)) {
        return EFBIG;
    }
    size_t size = strlen(path) + sizeof ".0123456789abcdef";
    AUTO(memory_free_ptr) char *fresh = malloc(size);
    if (fresh == NULL) {
        return ENOMEM;
    }
    (void)snprintf(fresh, size, "%s.%016llx", path, (unsigned long long)random_word());
    AUTO(close_ptr) int fd = open_high(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return errno;
    }
    file_own(table, place, fd, dir);
    int error = file_fill(fd);
    if (error == 0 && rename(fresh, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        (void)unlink(fresh);
    }
    return error;
}

int file_open(struct session_table *table, enum session_place place, struct session_map *map)
{
    const char *path = file_path(table, place);
    const char *dir = place_dir(table, place);
    struct stat dir_stat;
    if (path == NULL || !SESSION_SHAREABLE) {
        return ENOENT;
    }
    if (stat(dir, &dir_stat) != 0) {
        return errno;
    }
    if (!dir_local(dir)) {
        return EREMOTE;
    }
    AUTO(close_ptr) int lock = -1;
    for (int attempt = 0; attempt < 8; attempt++) {
        enum found found = file_try(table, place, path, &dir_stat, map);
        if (found == FOUND_GOOD) {
            return 0;
        }
        if (found == FOUND_UNUSABLE) {
            return EACCES;
        }
        if (attempt == 0) {
            if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0) {
                return errno;
            }
            lock = dir_lock(dir);
            continue; /* somebody may have built it while we waited */
        }
        int error = file_build(table, place, path, &dir_stat);
        if (error != 0) {
            return error;
        }
    }
    return EAGAIN;
}

static bool fd_examine(const struct session_map *map, struct stat *file)
{
    return map->fd >= 0 && fstat(map->fd, file) == 0 && file->st_dev == map->dev && file->st_ino == map->ino;
}

bool file_descriptor_ours(const struct session_map *map)
{
    struct stat file;
    return fd_examine(map, &file);
}

bool file_intact(const struct session_table *table, const struct session_map *map)
{
    struct stat file;
    struct stat name;
    return fd_examine(map, &file) && file.st_size >= (off_t)sizeof(struct session_shared) &&
           lstat(file_path(table, map->place), &name) == 0 && name.st_dev == map->dev &&
           name.st_ino == map->ino && head_valid(&map->shared->head);
}

void file_retire(const struct session_table *table, const struct session_map *map)
{
    struct stat name;
    /* What is counted there must outlive whoever is counted. */
    if (map->place != SESSION_IN_SHM || !file_descriptor_ours(map) || tally_any(map)) {
        return;
    }
    /* With all rows locked nobody is in, and who comes now finds no row, looks again and makes a new file. */
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SESSION_LOCK_BASE, .l_len = SESSION_ROWS};
    if (fcntl(map->fd, F_OFD_SETLK, &lock) == 0 && lstat(table->shm_path, &name) == 0 &&
        name.st_dev == map->dev && name.st_ino == map->ino) {
        (void)unlink(table->shm_path);
    }
}

void file_bury(struct session_map *map)
{
    struct stat file;
    if (fd_examine(map, &file) && file.st_size < (off_t)sizeof(struct session_shared)) {
        (void)mmap(map->shared, sizeof(struct session_shared), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
}

void file_close(struct session_map *map)
{
    if (file_descriptor_ours(map)) {
        (void)close(map->fd);
    }
    map->fd = -1;
    if (map->shared != NULL) {
        (void)munmap(map->shared, sizeof(struct session_shared));
        map->shared = NULL;
    }
}

bool file_private(struct session_map *map)
{
    void *memory =
        mmap(NULL, sizeof(struct session_shared), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    shared_init(memory);
    *map = (struct session_map){.shared = memory, .place = SESSION_IN_PROCESS, .fd = -1};
    return true;
}
