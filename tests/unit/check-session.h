/* A store directory and instances in it, for the tests of the session part. */
#ifndef HUKS_CHECK_SESSION_H
#define HUKS_CHECK_SESSION_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/inside.h"

/* Nothing is decided by time; but nothing waits for ever either. */
#define PATIENCE_MS 60000u

static char store[256];
static char store_file[300];

static inline void store_make(void)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(store, sizeof store, "%s/check-session-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(store));
    (void)snprintf(store_file, sizeof store_file, "%s/sessions", store);
}

static inline void store_remove(void)
{
    DIR *dir = opendir(store);
    if (dir != NULL) {
        (void)fchmod(dirfd(dir), 0700);
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) != 0) {
                (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
            }
        }
        (void)closedir(dir);
    }
    (void)rmdir(store);
}

static inline struct session_settings settings_of(uint32_t limit, uint32_t wait_ms)
{
    struct session_settings settings = {.store_dir = store, .limit = limit, .wait_ms = wait_ms, .idle_s = 60};
    /* No two tests that fall back to /dev/shm meet there. */
    uint32_t id = (uint32_t)getpid() ^ (uint32_t)clock_exact_ns();
    memcpy(settings.store_id, "test", 4);
    memcpy(settings.store_id + 4, &id, 4);
    return settings;
}

static inline struct session_table *table_of(const struct session_settings *settings)
{
    struct session_table *table = NULL;
    ck_assert_int_eq(session_table_open(settings, &table), HUKS_OK);
    return table;
}

static inline struct session_table *table_join(uint32_t limit, uint32_t wait_ms)
{
    struct session_settings settings = settings_of(limit, wait_ms);
    return table_of(&settings);
}

static inline void take(struct session_table *table, struct session_ref *refs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(session_take(table, &refs[i]), HUKS_OK);
    }
}

static inline void give(struct session_table *table, const struct session_ref *refs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        session_return(table, refs[i]);
    }
}

static inline struct session_limits limits_of(struct session_table *table)
{
    struct session_limits limits;
    session_table_limits(table, &limits);
    return limits;
}

/* All 15 are free and can be taken, and no more; leaves them free. */
static inline void expect_fifteen(struct session_table *table)
{
    struct session_ref refs[16];
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    take(table, refs, 15);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    uint32_t wait_ms = table->wait_ms;
    table->wait_ms = 0;
    ck_assert_int_eq(session_take(table, &refs[15]), HUKS_E_SESSION_LIMIT);
    table->wait_ms = wait_ms;
    give(table, refs, 15);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
}

static inline void pause_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Until so many threads wait for a session. */
static inline void until_waiting(struct session_table *table, uint32_t count)
{
    for (uint64_t i = 0; limits_of(table).waiting != count; i++) {
        ck_assert_uint_lt(i, PATIENCE_MS);
        pause_ms(1);
    }
}

/* The exit status of a test program. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
