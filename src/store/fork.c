/*
 * Forked children. No SQLite connection may be used on both sides of a fork: SQLite's record of its locks
 * is copied, the locks are not. With the atfork handlers (store_before_fork) there is none to inherit. A
 * child that appears without them is noticed by a page that the kernel wipes in children; the databases its
 * parent had open at that moment are closed to it for ever.
 *
 * No mutexes here: in such a child any of them may be locked by a thread that does not exist.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"

#define FILES     512
#define UNSETTLED UINT32_MAX

struct fork_page {
    _Atomic uint32_t process; /* 0 in a new process */
};

static _Atomic(struct fork_page *) page;
static _Atomic uint32_t users, last_process;
static _Atomic int32_t keeper; /* pid of the process, where the kernel can't wipe pages */
static _Atomic bool wipes;
static _Atomic uint64_t opened[FILES], inherited[FILES];
static _Atomic bool overflow, inherited_all;

huks_rc store_fork_attach(void)
{
    if (atomic_fetch_add(&users, 1) == 0 || atomic_load(&page) == NULL) {
        void *map = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            atomic_fetch_sub(&users, 1);
            return error_no_memory();
        }
        atomic_store(&wipes, madvise(map, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK) == 0);
        struct fork_page *none = NULL;
        if (!atomic_compare_exchange_strong(&page, &none, map)) {
            (void)munmap(map, (size_t)sysconf(_SC_PAGESIZE));
        }
    }
    return HUKS_OK;
}

void store_fork_detach(void)
{
    if (atomic_fetch_sub(&users, 1) == 1) {
        struct fork_page *map = atomic_exchange(&page, NULL);
        if (map != NULL) {
            (void)munmap(map, (size_t)sysconf(_SC_PAGESIZE));
        }
    }
}

static void inherit(void)
{
    for (size_t i = 0; i < FILES; i++) {
        uint64_t file = atomic_exchange(&opened[i], 0);
        if (file != 0) {
            size_t free_slot = 0;
            while (free_slot < FILES && atomic_load(&inherited[free_slot]) != 0 &&
                   atomic_load(&inherited[free_slot]) != file) {
                free_slot++;
            }
            if (free_slot < FILES) {
                atomic_store(&inherited[free_slot], file);
            } else {
                atomic_store(&inherited_all, true);
            }
        }
    }
    if (atomic_exchange(&overflow, false)) {
        atomic_store(&inherited_all, true);
    }
}

/* A number that is another one in each process that came from this one. */
uint32_t store_fork_process(void)
{
    struct fork_page *map = atomic_load_explicit(&page, memory_order_acquire);
    if (map == NULL) {
        return 0;
    }
    if (!atomic_load_explicit(&wipes, memory_order_relaxed)) {
        int32_t self = (int32_t)getpid();
        int32_t was = atomic_exchange(&keeper, self);
        if (was != self && was != 0) {
            atomic_store(&map->process, 0);
        }
    }
    uint32_t process = atomic_load_explicit(&map->process, memory_order_acquire);
    while (process == 0 || process == UNSETTLED) {
        uint32_t expected = 0;
        if (atomic_compare_exchange_strong(&map->process, &expected, UNSETTLED)) {
            inherit();
            process = atomic_fetch_add(&last_process, 1) + 1;
            atomic_store(&map->process, process);
            return process;
        }
        (void)sched_yield();
        process = atomic_load(&map->process);
    }
    return process;
}

uint64_t store_fork_file(const struct stat *status)
{
    uint64_t file = (uint64_t)status->st_ino * 0x9E3779B97F4A7C15u ^ (uint64_t)status->st_dev;
    return file == 0 ? 1 : file;
}

bool store_fork_inherited(uint64_t file)
{
    if (atomic_load(&inherited_all)) {
        return true;
    }
    for (size_t i = 0; i < FILES; i++) {
        uint64_t known = atomic_load_explicit(&inherited[i], memory_order_relaxed);
        if (known == 0) {
            return false;
        }
        if (known == file) {
            return true;
        }
    }
    return false;
}

void store_fork_opened(uint64_t file)
{
    for (size_t i = 0; i < FILES; i++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&opened[i], &none, file)) {
            return;
        }
    }
    atomic_store(&overflow, true);
}

void store_fork_closed(uint64_t file)
{
    for (size_t i = 0; i < FILES; i++) {
        uint64_t known = file;
        if (atomic_compare_exchange_strong(&opened[i], &known, 0)) {
            return;
        }
    }
}

/* ---- the handlers' part ---- */

void store_before_fork(struct store *store)
{
    if (store == NULL || store->process != store_fork_process()) {
        return;
    }
    (void)pthread_mutex_lock(&store->lock);
    for (struct store_token *token = store->tokens; token != NULL; token = token->next) {
        (void)pthread_mutex_lock(&token->lock);
        token->frozen = true;
        while (token->busy > 0) {
            (void)pthread_cond_wait(&token->returned, &token->lock);
        }
        pool_close_all(token, false);
    }
}

void store_after_fork_parent(struct store *store)
{
    if (store == NULL || store->process != store_fork_process()) {
        return;
    }
    for (struct store_token *token = store->tokens; token != NULL; token = token->next) {
        token->frozen = false;
        (void)pthread_cond_broadcast(&token->returned);
        (void)pthread_mutex_unlock(&token->lock);
    }
    (void)pthread_mutex_unlock(&store->lock);
}

void store_after_fork_child(struct store *store)
{
    if (store == NULL) {
        return;
    }
    /* Presence is the parent's: a copy of the descriptor would keep it alive. */
    for (struct share *share = store->shares; share != NULL; share = share->next) {
        if (share->fd >= 0 && share_descriptor_ours(share)) {
            (void)close(share->fd);
        }
        share->fd = -1;
    }
}
