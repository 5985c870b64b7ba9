/*
 * Waiting for a latch; see latch.h.
 */
#include "common/latch.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRIES    4        /* before sleeping: most holders are gone by then */
#define LIMIT_NS 50000000 /* a wake-up that got lost would cost so much, and no more */

static void futex(atomic_uint *word, int operation, unsigned value, const struct timespec *limit)
{
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, limit, NULL, 0);
}

void latch_wait(struct latch *latch)
{
    const struct timespec limit = {0, LIMIT_NS};
    int error = errno;
    for (unsigned i = 0; i < TRIES; i++) {
        sched_yield();
        if (latch_try(latch)) {
            errno = error;
            return;
        }
    }
    atomic_fetch_add(&latch->waiting, 1);
    /* Whoever unlocks from here on sees that somebody waits; an earlier unlock is seen below. */
    fence_heavy();
    while (!latch_try(latch)) {
        futex(&latch->held, FUTEX_WAIT, 1, &limit);
    }
    atomic_fetch_sub(&latch->waiting, 1);
    errno = error;
}

void latch_wake(struct latch *latch)
{
    int error = errno;
    futex(&latch->held, FUTEX_WAKE, 1, NULL);
    errno = error;
}
