/*
 * What the files of the session part share among themselves. Nobody else includes this but their tests.
 *
 * A struct session_table is an instance; its struct session_map is its present seat: one mapping of one
 * file, and one row in it. An instance changes its seat when the file was replaced, its descriptor was closed
 * by the host, its row was taken for dead, or a better place has come up. Other threads may be anywhere
 * in the old seat meanwhile: so seats are published by one pointer, old ones stay mapped until close, and
 * slot.c repeats in the new seat whatever it did in the old one too late.
 */
#ifndef HUKS_SESSION_INSIDE_H
#define HUKS_SESSION_INSIDE_H

#include <limits.h>
#include <sys/types.h>

#include "common/clock.h"
#include "session/layout.h"
#include "session/table.h"

#define SESSION_POLL_NS    UINT64_C(5000000)  /* a waiter's only timer */
#define SESSION_REAP_NS    UINT64_C(2000000)  /* somebody looked for the dead just now */
#define SESSION_HANDOFF_NS UINT64_C(10000000) /* a waiter passed over for this long is handed the next */
#define SESSION_OFFER_MS   50u        /* a waiter that has not come for its session by then forfeits it */
#define SESSION_TICK_MS    10u        /* the coarse clock is late by up to this */
#define SESSION_CHECK_MS   1000u      /* how often an instance looks after its file */
#define SESSION_UNCOUNTED  UINT32_MAX /* slot of a session taken without a limit */
#define SESSION_OLD_SEATS  63u        /* after so many changes an instance stays where it is */
#define SESSION_LOCK_BASE  0x20000000 /* file offset of row 0's lock byte: beyond any data */

/* Who we are, as others can check it. */
struct session_identity {
    uint64_t boot, pid_ns, time_ns, start;
    int32_t pid;
};

struct session_map {
    struct session_shared *shared;
    struct session_map *older; /* left seats, still mapped */
    enum session_place place;
    int fd; /* -1 in a table of this process alone */
    dev_t dev;
    ino_t ino;
    uint32_t owner; /* index and tag of our row, as in words */
    uint32_t seat;  /* the instance's how manyth, from 0 */
};

enum session_moving {
    MOVING_NOT = 0,
    MOVING_CHECK = 1, /* a thread is looking after the seat */
    MOVING_NOW = 2,   /* the new seat is published, but what we hold is not there yet */
};

struct session_table {
    struct session_map *_Atomic map;
    _Atomic uint32_t hint;        /* where to look for a free slot first */
    _Atomic uint32_t uncounted;   /* sessions held without a limit */
    _Atomic uint32_t moving;      /* enum session_moving: one thread at a time */
    _Atomic uint32_t shut;        /* also a futex, for waiters that found no place in the table */
    _Atomic uint64_t checked_ms;  /* when the file was last looked after */
    _Atomic uint64_t skew_ms;     /* for tests: added to the coarse clock */
    const volatile uint8_t *here; /* 1 in the process that opened us, 0 in every child (MADV_WIPEONFORK) */
    uint32_t limit, wait_ms;
    uint64_t idle_ms; /* 0: never */
    uint32_t seats;
    bool store_shared;
    gid_t store_group;
    struct session_identity self;
    char *store_dir, *store_path; /* NULL: no store directory */
    char shm_path[64];
};

/* False in a child the fork handler has not seen: then nothing may be touched. */
static inline bool table_here(const struct session_table *table)
{
    return table != NULL && *table->here != 0;
}

static inline uint64_t table_now_ms(struct session_table *table)
{
    return clock_coarse_ms() + atomic_load_explicit(&table->skew_ms, memory_order_relaxed);
}

static inline struct session_map *table_map(struct session_table *table)
{
    return atomic_load(&table->map);
}

static inline struct session_row *map_row(const struct session_map *map)
{
    return &map->shared->rows[owner_index(map->owner)];
}

/* Whether our row is still ours: it is not when somebody took us for dead. */
static inline bool map_ours(const struct session_map *map)
{
    uint64_t word = atomic_load_explicit(&map_row(map)->word, memory_order_relaxed);
    return word_owner(word) == map->owner && word_state(word) == STATE_USED;
}

/* -- file.c: the file, its places, its damage */

/* Opens (makes, rebuilds) and maps the table at `place` without a row. 0, or the errno why it cannot be
 * there. */
int file_open(struct session_table *table, enum session_place place, struct session_map *map);
/* Whether the descriptor is still our file, the file still has its name and size, and its head is whole. */
bool file_intact(const struct session_table *table, const struct session_map *map);
/* Whether the descriptor still is our file: its number may be another's by now, hosts call closefrom(). */
bool file_descriptor_ours(const struct session_map *map);
/* Removes a table in /dev/shm, where it costs memory, if nobody else is in it. For one who leaves it for
 * good. */
void file_retire(const struct session_table *table, const struct session_map *map);
/* Puts empty memory in the place of a truncated file, whose next access would kill the host. */
void file_bury(struct session_map *map);
/* Unmaps; closes the descriptor if it is still ours. */
void file_close(struct session_map *map);
/* A table of this process alone. False: no memory. */
bool file_private(struct session_map *map);
const char *file_path(const struct session_table *table, enum session_place place);
uint64_t file_checksum(const struct session_head *head);

/* -- row.c: who lives */

void row_identify(struct session_identity *self);
/* Sits down in a free row. False: all are taken, or locks don't work here. */
bool row_claim(struct session_table *table, struct session_map *map);
void row_leave(struct session_map *map);
/* Whether the owner named by a slot or waiter lives. */
bool row_alive(const struct session_table *table, const struct session_map *map, uint32_t owner);
/* Whether the clock the owner stamps with is ours. */
bool row_same_clock(const struct session_table *table, const struct session_map *map, uint32_t owner);
/* Whether two rows are of one process. */
bool row_same_process(const struct session_table *table, const struct session_row *row);

/* -- slot.c: the sessions */

#define SLOT_NO_WAITER UINT32_MAX

/* Takes the first free slot, or one that was offered to `waiter`. */
bool slot_take(struct session_table *table, struct session_map *map, uint32_t waiter,
               struct session_ref *out);
/* A slot that seems free just now. */
bool slot_any_free(const struct session_table *table, const struct session_map *map, uint32_t *number);
/* Makes free what was offered to `waiter`, who has left the queue. */
void slot_decline(struct session_table *table, struct session_map *map, uint32_t waiter);
/* Takes the session that has lain idle longest, if any has for long enough. */
bool slot_evict(struct session_table *table, struct session_map *map, struct session_ref *out);
/* Whether a session taken in `map` still is ours now that the instance may have changed its seat. */
bool slot_kept(struct session_table *table, struct session_map *map, struct session_ref ref);
/* Takes along to a new seat what the instance holds in its old one. */
void slot_move(const struct session_map *from, const struct session_map *to);
/* Frees all that the owner of the seat holds. */
void slot_free_all(struct session_map *map);

/* -- tally.c */

/* Whether something is counted that nobody else knows. */
bool tally_any(const struct session_map *map);

/* -- reap.c: what the dead leave behind */

/* Frees what the dead and damage have left among the waiters and below `limit`. True: a slot came free. */
bool reap_slots(struct session_table *table, struct session_map *map, uint32_t limit);
/* The same for all slots, waiters and rows. */
void reap_all(struct session_table *table, struct session_map *map);

/* -- wait.c: the waiters */

/* session_take when nothing was free at first sight. */
HUKS_MUST_USE huks_rc wait_take(struct session_table *table, struct session_ref *out);
/* Wakes somebody for a slot that has come free. */
void wait_wake(struct session_map *map, uint32_t slot);
/* Gives a held slot to a waiter passed over too long. False: there is none, and the slot is as it was. */
bool wait_hand_off(struct session_table *table, struct session_map *map, uint32_t slot, uint64_t word);
/* Wakes all waiters of the instance. */
void wait_wake_own(struct session_table *table);

/* True if anybody waits: one cache line. */
static inline bool wait_any(const struct session_map *map)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < SESSION_WAITER_WORDS; i++) {
        any |= atomic_load(&map->shared->waiting[i]);
    }
    return any != 0;
}

/* -- table.c: the instance */

/* Looks after the file and our row; changes the seat when need be. */
void table_check(struct session_table *table);
/* The same if the last look was a second ago or the row is lost. Without a system call otherwise. */
static inline void table_check_often(struct session_table *table)
{
    uint64_t checked = atomic_load_explicit(&table->checked_ms, memory_order_relaxed);
    if (clock_coarse_ms() - checked >= SESSION_CHECK_MS || !map_ours(table_map(table))) {
        table_check(table);
    }
}
/* The seat, with everything that was taken along to it. */
struct session_map *table_seat(struct session_table *table);

#endif
