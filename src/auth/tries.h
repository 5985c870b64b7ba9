/*
 * PIN tries: how often a PIN may be guessed, over all processes of the store.
 *
 * A test of a PIN first takes one of the remaining tries, durably; a right PIN gives back all tries that no
 * running test holds, a wrong one keeps its try spent. So a crash, a race or a crowd of processes never
 * guesses more often than one patient person. Who finds none left while tests are running waits for their
 * end. A try held by a process that died is given back.
 *
 * Metadata "auth.tries-user" and "auth.tries-so", little-endian:
 *   u32 1 (version), u32 failures, u32 number of running tests, and for each of these 60 bytes:
 *   boot id[16], u64 inode of the pid namespace, u64 start time, u64 taken (ms of CLOCK_BOOTTIME), u32 pid,
 *   u64 instance (random per struct tries), u64 test (random).
 * An absent value is no failures and no tests.
 *
 * A store that cannot be written (read-only, disk full) counts on in the session table, which all its processes
 * share, on top of what the store says; a test that runs is a hold there, which ends when its process dies. What this
 * instance counted itself counts in any case, so that the loss of the table gives nobody back what he spent.
 */
#ifndef HUKS_AUTH_TRIES_H
#define HUKS_AUTH_TRIES_H

#include "auth/auth.h"

struct tries; /* the tries of one token, user's and SO's apart, as one instance counts them */

HUKS_MUST_USE huks_rc tries_new(struct store_token *token, struct crypto *crypto, const struct config *config,
                                struct tries **out);
void tries_free(struct tries *tries);
/* See auth_share_tries(). */
void tries_share(struct tries *tries, const struct auth_tallies *tallies);

/* A test that holds a try. Lives on its caller's stack from tries_take() to tries_end(). */
struct tries_test {
    struct tries_test *next;
    uint64_t id;
    enum auth_who who;
    bool in_memory; /* the store could not be written */
    bool held;      /* … and the others see it by `hold` */
    uint64_t hold;
};

enum tries_end { TRIES_UNTESTED, TRIES_WRONG, TRIES_RIGHT };

/*
 * Takes a try; waits while all are held by running tests. 12000008 ABOUT_PIN_LOCKED when failures spent
 * them all; 12000012 when tests hang for longer than auth_timeout_ms. On failure there is no test to end.
 */
HUKS_MUST_USE huks_rc tries_take(struct tries *tries, enum auth_who who, struct tries_test *test);
/* The end of a test as a part of the caller's store_meta_change() (of test->in_memory: of nothing). */
HUKS_MUST_USE huks_rc tries_end_within(struct tries *tries, struct tries_test *test, enum tries_end end);
/* After the caller's change, whether it failed or not: the test is over. */
void tries_over(struct tries *tries, struct tries_test *test);
/* All three in one, for a test that changes nothing else. */
HUKS_MUST_USE huks_rc tries_end(struct tries *tries, struct tries_test *test, enum tries_end end);

/* Gives all tries back, within the caller's store_meta_change(): a new PIN has been set. */
HUKS_MUST_USE huks_rc tries_reset_within(struct tries *tries, enum auth_who who);
/* What this instance counted in memory, too; after that change. */
void tries_forget(struct tries *tries, enum auth_who who);

/* Failures since the last success, and how many tries failures have left. */
HUKS_MUST_USE huks_rc tries_look(struct tries *tries, enum auth_who who, uint32_t *failures, uint32_t *left);

#endif
