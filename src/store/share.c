/*
 * What the processes of one token share: token-<ordinal>.lock with its byte locks and its page of memory.
 *
 * Locks are open-file-description locks: they end with the process, whatever ends it, and threads of one
 * process are kept apart by mutexes. Waiting is a short sleep on a word of the shared page that unlocking
 * wakes; a waiter looks again every few milliseconds, because the dead wake nobody.
 */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"

#define PAGE_SIZE    4096
#define LOCK_BASE    PAGE_SIZE /* the byte locks lie behind the page: nobody ever writes there */
#define WAIT_SECONDS 30
#define NAP_US       3000

static const char page_magic[8] = {'H', 'U', 'K', 'S', 'L', 'O', 'C', 'K'};

_Static_assert(sizeof(struct share_page) <= PAGE_SIZE, "one page");

/* ---- locks ---- */

bool share_descriptor_ours(const struct share *share)
{
    struct stat status;
    return share->fd >= 0 && fstat(share->fd, &status) == 0 && status.st_dev == share->device &&
           status.st_ino == share->inode;
}

/*
 * Hosts close descriptors they don't know (closefrom). SQLite's then went the same way, and what it takes
 * for its files may be anybody's by now: nothing may be written, read or even closed through them.
 */
huks_rc share_canary(const struct share *share)
{
    if (share->fd < 0 || share_descriptor_ours(share)) {
        return HUKS_OK;
    }
    log_error("store: the host closed the store's descriptors; initialise anew");
    return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
}

static bool set_lock(int fd, enum share_lock lock, short type)
{
    struct flock range = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = LOCK_BASE + (off_t)lock, .l_len = 1};
    int result;
    do {
        result = fcntl(fd, F_OFD_SETLK, &range);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

bool share_try(struct share *share, enum share_lock lock, bool exclusive)
{
    return set_lock(share->fd, lock, exclusive ? F_WRLCK : F_RDLCK);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(struct share *share, enum share_lock lock, uint32_t seen)
{
    struct timespec time = {.tv_nsec = NAP_US * 1000L};
    if (share->page == NULL) {
        (void)nanosleep(&time, NULL);
        return;
    }
    (void)syscall(SYS_futex, &share->page->released[lock], FUTEX_WAIT, seen, &time, NULL, 0);
}

huks_rc share_wait(struct share *share, enum share_lock lock, bool exclusive)
{
    if (share->fd < 0) {
        return HUKS_OK; /* a store that can't be written and never was by us: nobody to wait for */
    }
    int64_t until = 0;
    for (;;) {
        uint32_t seen = share->page != NULL ? atomic_load(&share->page->released[lock]) : 0;
        if (share_try(share, lock, exclusive)) {
            return HUKS_OK;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return error_raise(HUKS_E_FILE, ABOUT_FILE, "lock the key file");
        }
        int64_t now = now_ms();
        until = until == 0 ? now + WAIT_SECONDS * 1000 : until;
        if (now >= until) {
            return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
        }
        nap(share, lock, seen);
    }
}

void share_unlock(struct share *share, enum share_lock lock)
{
    if (share->fd < 0) {
        return;
    }
    (void)set_lock(share->fd, lock, F_UNLCK);
    if (share->page != NULL && share->writable) {
        (void)atomic_fetch_add(&share->page->released[lock], 1);
        (void)syscall(SYS_futex, &share->page->released[lock], FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

/*
 * Whoever has just written has to pass the gate again, where a waiter may stand already: nobody can keep
 * the others out by being quick.
 */
huks_rc share_write_lock(struct share *share)
{
    (void)pthread_mutex_lock(&share->write_lock);
    huks_rc rc = share_wait(share, SHARE_GATE, true);
    if (rc == HUKS_OK) {
        rc = share_wait(share, SHARE_WRITER, true);
        share_unlock(share, SHARE_GATE);
    }
    if (rc != HUKS_OK) {
        (void)pthread_mutex_unlock(&share->write_lock);
    }
    return rc;
}

void share_write_unlock(struct share *share)
{
    share_unlock(share, SHARE_WRITER);
    (void)pthread_mutex_unlock(&share->write_lock);
}

/* ---- the file ---- */

/*
 * Nobody syncs this file: what it says is of this hour. So after a power loss it may be there and be short,
 * or be empty though as long as it should be.
 */
static huks_rc look_at_page(int fd, bool *laid_out)
{
    static const uint8_t nothing[sizeof(struct share_page)];
    uint8_t page[PAGE_SIZE];
    ssize_t got = pread(fd, page, sizeof(page), 0);
    *laid_out = got == (ssize_t)sizeof(page) && memcmp(page, nothing, sizeof(nothing)) != 0;
    return got >= 0 ? HUKS_OK : error_raise(HUKS_E_FILE, ABOUT_FILE, "read the lock file");
}

static huks_rc write_page(int fd)
{
    uint8_t block[PAGE_SIZE] = {0};
    struct share_page page = {.format = STORE_FORMAT};
    memcpy(page.magic, page_magic, sizeof(page_magic));
    memcpy(block, &page, sizeof(page));
    ssize_t wrote = pwrite(fd, block, sizeof(block), 0);
    int reason = errno;
    if (wrote == (ssize_t)sizeof(block)) {
        return HUKS_OK;
    }
    /* Half a page is laid out anew by whoever comes next, whether it could be taken back or not. */
    bool taken_back = ftruncate(fd, 0) == 0;
    (void)taken_back;
    return error_raise(HUKS_E_FILE, wrote >= 0 ? ABOUT_NO_SPACE : store_write_about(reason),
                       "write the lock file");
}

static huks_rc lay_out(int fd)
{
    bool done = false;
    for (int tries = 0; !set_lock(fd, SHARE_LAYOUT, F_WRLCK); tries++) {
        if ((errno != EAGAIN && errno != EACCES) || tries > WAIT_SECONDS * 1000) {
            return error_raise(HUKS_E_FILE, ABOUT_FILE, "lock the key file");
        }
        (void)usleep(1000);
    }
    huks_rc rc = look_at_page(fd, &done);
    if (rc == HUKS_OK && !done) {
        rc = write_page(fd);
    }
    (void)set_lock(fd, SHARE_LAYOUT, F_UNLCK);
    return rc;
}

static huks_rc open_file(struct store *store, const char *name, bool make, int *fd, bool *writable)
{
    *writable = true;
    huks_rc rc = dir_open_file(store, name, O_RDWR, fd);
    if (rc == HUKS_E_NOT_EXIST && make) {
        AUTO(memory_free_ptr) char *path = dir_file(store, name);
        if (path == NULL) {
            return error_no_memory();
        }
        *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd < 0 && errno != EEXIST) {
            return error_raise(HUKS_E_FILE, store_write_about(errno), "make the lock file");
        }
        if (*fd >= 0) {
            (void)fchmod(*fd, dir_file_mode(store));
            return HUKS_OK;
        }
        return dir_open_file(store, name, O_RDWR, fd);
    }
    if (rc == HUKS_E_FILE && error_about() == ABOUT_READ_ONLY) {
        *writable = false;
        rc = dir_open_file(store, name, O_RDONLY, fd);
    }
    return rc;
}

static huks_rc attach(struct share *share, int fd, bool writable)
{
    struct stat status;
    bool laid_out = true;
    if (writable) {
        HUKS_TRY(lay_out(fd));
    } else {
        HUKS_TRY(look_at_page(fd, &laid_out));
    }
    if (fstat(fd, &status) != 0) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the lock file");
    }
    share->device = status.st_dev;
    share->inode = status.st_ino;
    share->writable = writable;
    if (share->page == NULL && laid_out) {
        void *map = mmap(NULL, PAGE_SIZE, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
        struct share_page *page = map;
        if (map == MAP_FAILED) {
            return error_no_memory();
        }
        if (memcmp(page->magic, page_magic, sizeof(page_magic)) != 0 || page->format != STORE_FORMAT) {
            (void)munmap(map, PAGE_SIZE);
            return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
        }
        share->page = page;
    }
    return HUKS_OK;
}

static huks_rc connect_file(struct store *store, struct share *share, bool make)
{
    char name[64];
    int fd = -1;
    bool writable;
    (void)snprintf(name, sizeof(name), "token-%lu.lock", (unsigned long)share->ordinal);
    huks_rc rc = open_file(store, name, make && store_writable(store), &fd, &writable);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return HUKS_OK; /* a store that can't be written, or only a question */
    }
    HUKS_TRY(rc);
    rc = attach(share, fd, writable);
    if (rc != HUKS_OK) {
        (void)close(fd);
        return rc;
    }
    share->fd = fd;
    return HUKS_OK;
}

huks_rc share_get(struct store *store, uint32_t ordinal, bool make, struct share **out)
{
    struct share *share = store->shares;
    while (share != NULL && share->ordinal != ordinal) {
        share = share->next;
    }
    if (share == NULL) {
        share = calloc(1, sizeof(*share));
        if (share == NULL) {
            return error_no_memory();
        }
        share->ordinal = ordinal;
        share->fd = -1;
        (void)pthread_mutex_init(&share->write_lock, NULL);
        (void)pthread_mutex_init(&share->open_lock, NULL);
        share->next = store->shares;
        store->shares = share;
    }
    if (share->fd < 0) {
        HUKS_TRY(connect_file(store, share, make));
    }
    *out = share;
    return HUKS_OK;
}

void share_free(struct share *share)
{
    if (share_descriptor_ours(share)) {
        (void)close(share->fd);
    }
    if (share->page != NULL) {
        (void)munmap(share->page, PAGE_SIZE);
    }
    (void)pthread_mutex_destroy(&share->write_lock);
    (void)pthread_mutex_destroy(&share->open_lock);
    free(share);
}

/* ---- presence ---- */

huks_rc store_token_hold(struct store *store, uint32_t ordinal)
{
    struct share *share = NULL;
    HUKS_TRY(dir_usable(store));
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = share_get(store, ordinal, true, &share);
    if (rc == HUKS_OK && share->holds == 0) {
        /* Held exclusively for the moment of an initialisation only. */
        rc = share->exclusive ? error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL) : share_canary(share);
        rc = rc == HUKS_OK ? share_wait(share, SHARE_PRESENCE, false) : rc;
    }
    if (rc == HUKS_OK) {
        share->holds++;
    }
    (void)pthread_mutex_unlock(&store->lock);
    return rc;
}

void store_token_unhold(struct store *store, uint32_t ordinal)
{
    struct share *share = NULL;
    if (dir_usable(store) != HUKS_OK) {
        return;
    }
    (void)pthread_mutex_lock(&store->lock);
    if (share_get(store, ordinal, false, &share) == HUKS_OK && share->holds > 0 && --share->holds == 0 &&
        share_descriptor_ours(share)) {
        share_unlock(share, SHARE_PRESENCE);
    }
    (void)pthread_mutex_unlock(&store->lock);
}

huks_rc store_token_lock_exclusive(struct store *store, uint32_t ordinal, bool *locked)
{
    struct share *share = NULL;
    *locked = false;
    HUKS_TRY(dir_usable(store));
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = dir_make(store);
    if (rc == HUKS_OK) {
        rc = share_get(store, ordinal, true, &share);
    }
    if (rc == HUKS_OK && (share->fd < 0 || !share->writable)) {
        rc = error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, "write the key file");
    }
    if (rc == HUKS_OK && share->holds == 0 && !share->exclusive && share_descriptor_ours(share)) {
        rc = share_wait(share, SHARE_MAKING, true);
        *locked = share->exclusive = rc == HUKS_OK && share_try(share, SHARE_PRESENCE, true);
        if (rc == HUKS_OK && !*locked) {
            share_unlock(share, SHARE_MAKING);
        }
    }
    (void)pthread_mutex_unlock(&store->lock);
    return rc;
}

void store_token_unlock_exclusive(struct store *store, uint32_t ordinal)
{
    struct share *share = NULL;
    if (dir_usable(store) != HUKS_OK) {
        return;
    }
    (void)pthread_mutex_lock(&store->lock);
    if (share_get(store, ordinal, false, &share) == HUKS_OK && share->exclusive) {
        share->exclusive = false;
        if (share_descriptor_ours(share)) {
            share_unlock(share, SHARE_PRESENCE);
            share_unlock(share, SHARE_MAKING);
        }
    }
    (void)pthread_mutex_unlock(&store->lock);
}
