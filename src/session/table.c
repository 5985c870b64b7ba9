/* The instance: joining the table, leaving it, and changing its seat there. See inside.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"

/* One page that reads 0 in a child. Where the kernel can't do that, only fork handlers tell. */
static const volatile uint8_t *fork_mark(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
#ifdef MADV_WIPEONFORK
    (void)madvise(page, size, MADV_WIPEONFORK);
#endif
    page[0] = 1;
    return page;
}

static void pause_us(long us)
{
    const struct timespec pause = {.tv_nsec = us * 1000};
    (void)nanosleep(&pause, NULL);
}

/* A seat in the file at `place`. */
static bool seat_take(struct session_table *table, enum session_place place, struct session_map *map)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        if (file_open(table, place, map) != 0) {
            return false;
        }
        /* The file may have lost its name before the row was ours: replaced, or removed by the last one in
         * it. */
        bool seated = row_claim(table, map);
        if (seated && file_intact(table, map)) {
            return true;
        }
        file_close(map);
        if (!seated) {
            pause_us(200);
        }
    }
    return false;
}

/* A seat in the first place that has one, from the best to `last`. */
static bool seat_find(struct session_table *table, enum session_place last, struct session_map *map)
{
    for (int place = SESSION_IN_STORE; place <= (int)last && place < SESSION_IN_PROCESS; place++) {
        if (seat_take(table, (enum session_place)place, map)) {
            return true;
        }
    }
    return last == SESSION_IN_PROCESS && file_private(map) && row_claim(table, map);
}

/* The seat is no good any more, or not the best; changes it if there is a better one. */
static void seat_change(struct session_table *table, struct session_map *old, enum session_place last)
{
    struct session_map *map = table->seats < SESSION_OLD_SEATS ? calloc(1, sizeof *map) : NULL;
    if (map == NULL || !seat_find(table, last, map)) {
        free(map);
        return;
    }
    file_bury(old);
    map->older = old;
    map->seat = ++table->seats;
    /* From here on every thread finds the new seat, and waits until we have taken everything along. */
    atomic_store(&table->moving, MOVING_NOW);
    atomic_store(&table->map, map);
    slot_move(old, map);
    row_leave(old);
    file_retire(table, old);
}

void table_check(struct session_table *table)
{
    uint32_t still = MOVING_NOT;
    if (!atomic_compare_exchange_strong(&table->moving, &still, MOVING_CHECK)) {
        return; /* another thread is at it */
    }
    uint64_t now = clock_coarse_ms();
    uint64_t since = now - atomic_load(&table->checked_ms);
    struct session_map *map = table_map(table);
    if (map->place != SESSION_IN_PROCESS && (!file_intact(table, map) || !map_ours(map))) {
        seat_change(table, map, SESSION_IN_PROCESS);
        atomic_store(&table->checked_ms, now);
    } else if (since >= SESSION_CHECK_MS) {
        if (map->place != SESSION_IN_STORE) {
            seat_change(table, map, (enum session_place)(map->place - 1));
        }
        atomic_store(&table->checked_ms, now);
    }
    atomic_store(&table->moving, MOVING_NOT);
}

struct session_map *table_seat(struct session_table *table)
{
    for (;;) {
        /* In this order: a new seat is seen only when the move to it has begun. */
        struct session_map *map = table_map(table);
        if (atomic_load(&table->moving) != MOVING_NOW) {
            return map;
        }
        pause_us(50);
    }
}

static bool table_names(struct session_table *table, const struct session_settings *settings)
{
    const uint8_t *id = settings->store_id;
    (void)snprintf(table->shm_path, sizeof table->shm_path,
                   "/dev/shm/huks-%lu-%02x%02x%02x%02x%02x%02x%02x%02x", (unsigned long)geteuid(), id[0],
                   id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
    if (settings->store_dir == NULL || settings->store_dir[0] == '\0') {
        return true;
    }
    size_t size = strlen(settings->store_dir) + sizeof "/sessions";
    table->store_dir = text_copy(settings->store_dir);
    table->store_path = malloc(size);
    if (table->store_dir == NULL || table->store_path == NULL) {
        return false;
    }
    (void)snprintf(table->store_path, size, "%s/sessions", settings->store_dir);
    return true;
}

/* Frees what is the process's own. */
static void table_free(struct session_table *table)
{
    struct session_map *map = atomic_load(&table->map);
    while (map != NULL) {
        struct session_map *older = map->older;
        file_close(map);
        free(map);
        map = older;
    }
    if (table->here != NULL) {
        (void)munmap((void *)(uintptr_t)table->here, (size_t)sysconf(_SC_PAGESIZE));
    }
    free(table->store_dir);
    free(table->store_path);
    free(table);
}

static void table_free_ptr(struct session_table **table)
{
    if (*table != NULL) {
        table_free(*table);
    }
}

huks_rc session_table_open(const struct session_settings *settings, struct session_table **out)
{
    if (settings == NULL || out == NULL) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
    }
    *out = NULL;
    AUTO(table_free_ptr) struct session_table *table = calloc(1, sizeof *table);
    struct session_map *map = calloc(1, sizeof *map);
    if (table == NULL || map == NULL) {
        free(map);
        return error_no_memory();
    }
    table->here = fork_mark();
    table->limit = settings->limit < SESSION_LIMIT_MAX ? settings->limit : SESSION_LIMIT_MAX;
    table->wait_ms = settings->wait_ms;
    table->idle_ms = (uint64_t)settings->idle_s * 1000u;
    table->store_shared = settings->store_shared;
    table->store_group = settings->store_group;
    row_identify(&table->self);
    if (table->here == NULL || !table_names(table, settings) || !seat_find(table, SESSION_IN_PROCESS, map)) {
        free(map);
        return error_no_memory();
    }
    atomic_store(&table->map, map);
    /* Each instance begins its search elsewhere: then neighbours don't fight for one cache line. */
    atomic_store(&table->hint, table->limit > 0 ? owner_index(map->owner) % table->limit : 0);
    atomic_store(&table->checked_ms, clock_coarse_ms());
    *out = table;
    table = NULL;
    return HUKS_OK;
}

void session_shutdown(struct session_table *table)
{
    if (table_here(table)) {
        atomic_store(&table->shut, 1);
        table_check(table);
        wait_wake_own(table);
    }
}

void session_table_close(struct session_table *table)
{
    if (table_here(table)) {
        struct session_map *map = table_map(table);
        /* A file that was replaced may have been truncated as well. Without us our lock is gone, that will
         * do. */
        if (map->fd < 0 || file_intact(table, map)) {
            slot_free_all(map);
            row_leave(map);
            file_retire(table, map);
        }
    }
    session_table_forget_after_fork(table);
}

void session_table_forget_after_fork(struct session_table *table)
{
    if (table != NULL) {
        table_free(table);
    }
}

enum session_place session_table_where(const struct session_table *table, const char **path)
{
    enum session_place place = SESSION_IN_PROCESS;
    if (table_here(table)) {
        place = atomic_load(&table->map)->place;
    }
    if (path != NULL) {
        const char *name = place == SESSION_IN_PROCESS ? NULL : file_path(table, place);
        *path = name != NULL ? name : "";
    }
    return place;
}
