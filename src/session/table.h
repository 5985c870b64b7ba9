/*
 * Key-operation sessions and their limit.
 *
 * HUKS limits key operations in progress, over all processes of a store. The sessions are slots of a
 * table in shared memory; this part takes, returns and watches them, and knows nothing of keys,
 * algorithms or Cryptoki. Whoever begins a key operation takes a session first and returns it when the
 * operation has ended in whatever way.
 *
 * One struct session_table is one engine instance's view of the table. All functions but open, close and
 * forget_after_fork may be called by any thread at any time. A NULL table, and a child process that the
 * fork handler did not see, get the answer of a table that is shut down.
 *
 * src/session/layout.h describes the table itself and how it survives the death of anybody at any point.
 */
#ifndef HUKS_SESSION_TABLE_H
#define HUKS_SESSION_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct session_table;

/* The greatest limit there is; a larger one counts as this. */
#define SESSION_LIMIT_MAX 4096u

struct session_settings {
    const char *store_dir; /* absolute path; NULL, absent or not writable: the table lies elsewhere */
    bool store_shared;     /* the store belongs to a group ("store_group"): the table is made 0660 … */
    gid_t store_group;     /* … for this group; else 0600 */
    uint8_t store_id[8];   /* names the table in /dev/shm when the store directory cannot hold it */
    uint32_t limit;        /* sessions over all processes; 0: unlimited */
    uint32_t wait_ms;      /* how long session_take waits for one; 0: not at all */
    uint32_t idle_s; /* how long a held session must lie untouched before a waiter may take it; 0: for ever */
};

/* A taken session. Opaque; touching or returning one that is not (or no longer) ours is harmless. */
struct session_ref {
    uint32_t slot;
    uint32_t generation;
};

/*
 * Joins the store's table, making or rebuilding it when necessary: `sessions` in the store directory, else
 * /dev/shm/huks-<uid>-<store id>, else a table of this process alone. Fails for want of memory only
 * (12000014, ABOUT_ALLOCATION). Makes no directory. When the store directory becomes usable later (the first
 * C_InitToken makes it), the instance moves there by itself within a second of use, sessions included.
 */
HUKS_MUST_USE huks_rc session_table_open(const struct session_settings *settings, struct session_table **out);

/*
 * Leaves the table: what this instance still holds becomes free. The last one removes a table in /dev/shm. No
 * other thread may be in a call of this part; session_shutdown and waiting for the running calls come first.
 * NULL is allowed.
 */
void session_table_close(struct session_table *table);

/*
 * Releases a parent's instance in a child process: closes and unmaps, touches nothing that is shared; the
 * parent's sessions and its row stay as they are. For the child handler of pthread_atfork, or later. NULL
 * is allowed.
 */
void session_table_forget_after_fork(struct session_table *table);

/*
 * Takes one session. Without a system call when one is free (but for a look at the file once a second).
 * When none is, waits for up to wait_ms, reclaiming sessions of dead processes and idle ones.
 *
 *   HUKS_OK               *out is the session.
 *   HUKS_E_SESSION_LIMIT  none came free in time; raised.
 *   HUKS_E_ARGUMENT       the table was shut down before or meanwhile; raised. The PKCS#11 door answers
 *                         CKR_CRYPTOKI_NOT_INITIALIZED.
 *
 * With limit 0 sessions are only counted, and always there.
 *
 * Processes with different limits share one table: an instance with limit L uses the sessions 0 … L-1 of it.
 * No more than L are thus ever taken by instances with limits up to L, and no more than the largest limit
 * by all together.
 */
HUKS_MUST_USE huks_rc session_take(struct session_table *table, struct session_ref *out);

/*
 * Returns a session. One that is no longer ours (returned before, evicted, lost with the table file) is
 * ignored. Hands it to the longest waiter when that one has waited for 10 ms, else wakes one.
 */
void session_return(struct session_table *table, struct session_ref ref);

/*
 * Says that the operation is being used: from now on it has been idle for 0 s. False when the session is no
 * longer ours: a waiter took it since it had been idle too long. The operation is over then, the caller
 * raises 12000011 and does not return the session.
 */
bool session_touch(struct session_table *table, struct session_ref ref);

/*
 * The same around a call that may run for long (much data, a finger on a reader): between enter and rest the
 * session is not idle, however long it takes. Each successful enter is followed by rest or session_return.
 */
bool session_enter(struct session_table *table, struct session_ref ref);
void session_rest(struct session_table *table, struct session_ref ref);

/*
 * Makes every session_take of this instance, waiting or future, fail with HUKS_E_ARGUMENT. Sessions can still
 * be touched and returned.
 */
void session_shutdown(struct session_table *table);

struct session_limits {
    uint32_t limit;     /* this instance's; 0: none */
    uint32_t wait_ms;   /* this instance's */
    uint32_t in_use;    /* by all living processes now, unlimited ones included */
    uint32_t mine;      /* of these by this process (all its instances) */
    uint32_t waiting;   /* threads waiting now, in all processes */
    uint64_t waits;     /* since the table was made: takes that found none free, … */
    uint64_t refusals;  /* … takes that failed with 12000010, … */
    uint64_t evictions; /* … idle sessions taken by waiters */
};

/* The numbers, after reclaiming what the dead have left. All zero for a table that is NULL. */
void session_table_limits(struct session_table *table, struct session_limits *out);

/* One living engine instance, for `huksctl status`. */
struct session_process {
    int32_t pid;      /* in its own pid namespace */
    bool foreign_pid; /* … which is not ours: the number means nothing here */
    bool self;        /* this instance */
    uint32_t in_use;
    uint32_t waiting; /* threads */
    uint64_t idle_ms; /* how long its longest idle session has lain; 0 when it holds none */
};

/* Calls `visit` for each living instance, in no order, after reclaiming what the dead have left. */
void session_table_each(struct session_table *table,
                        void (*visit)(const struct session_process *process, void *context), void *context);

/*
 * Tallies: numbers that all processes of the store share, each under a name that is a number, and holds, by which an
 * instance says that it is doing something under that name. A hold ends when it is released or its instance dies. For
 * what belongs into the store and can't be written there; a table that is made anew (damage, reboot) begins with none.
 *
 * False: this table has no room for another one, or is shut down; then nothing happened.
 */
struct session_hold {
    uint32_t place;
    uint32_t generation;
};
bool session_tally_read(struct session_table *table, uint64_t name, uint32_t *count, uint32_t *held);
bool session_tally_add(struct session_table *table, uint64_t name);
void session_tally_clear(struct session_table *table, uint64_t name);
/* The hold counts from here on: who takes one and then reads sees all that were taken before. */
bool session_hold_take(struct session_table *table, uint64_t name, struct session_hold *hold);
void session_hold_release(struct session_table *table, struct session_hold hold);

/* Where the table is. */
enum session_place {
    SESSION_IN_STORE,   /* <store>/sessions */
    SESSION_IN_SHM,     /* /dev/shm/huks-<uid>-<store id> */
    SESSION_IN_PROCESS, /* this process only: the limit is not shared; `huksctl status` says so */
};

/* The place, and in *path (may be NULL) its file name, "" for none; valid until close. */
enum session_place session_table_where(const struct session_table *table, const char **path);

#endif
