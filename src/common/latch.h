/*
 * A lock for what nearly always has one user at a time: taking it free is one atomic instruction, giving it
 * back none (fence.h). Who waits sleeps in the kernel. All zero is free. It must outlive every latch_unlock()
 * of it, not only the time that it is held. Not recursive, not fair, not for other processes; a child gets it
 * as it was.
 */
#ifndef HUKS_COMMON_LATCH_H
#define HUKS_COMMON_LATCH_H

#include "common/fence.h"

struct latch {
    atomic_uint held; /* 0 or 1 */
    atomic_uint waiting;
};

/* The parts that are seldom needed. */
void latch_wait(struct latch *latch);
void latch_wake(struct latch *latch);

static inline bool latch_try(struct latch *latch)
{
    unsigned nobody = 0;
    return atomic_compare_exchange_strong_explicit(&latch->held, &nobody, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

static inline void latch_lock(struct latch *latch)
{
    if (!latch_try(latch)) {
        latch_wait(latch);
    }
}

static inline void latch_unlock(struct latch *latch)
{
    atomic_store_explicit(&latch->held, 0, memory_order_release);
    fence_light();
    if (atomic_load_explicit(&latch->waiting, memory_order_relaxed) != 0) {
        latch_wake(latch);
    }
}

#endif
