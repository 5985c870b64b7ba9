/*
 * A full memory fence in two halves, for flags that are written often and looked at rarely. Between a store
 * and a later load one thread needs fence_light(), which nearly always is an order to the compiler alone; the
 * thread that stores what the first one loads, and then looks for what it stored, calls fence_heavy(), for
 * which the kernel has every running thread of the process fence (membarrier(2), private expedited).
 *
 *     often:  store A; fence_light(); load B          rarely:  store B; fence_heavy(); load A
 *
 * At least one of the two sees what the other stored. Where the kernel offers no such thing, or a filter of
 * system calls is in force, which might kill the process for one that it doesn't know, both halves are full
 * fences.
 */
#ifndef HUKS_COMMON_FENCE_H
#define HUKS_COMMON_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Does the kernel do the light half's work? Begins false. */
extern atomic_bool fence_by_kernel;

#if defined(__SANITIZE_THREAD__)
#define FENCE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FENCE_TSAN 1
#endif
#endif

/* ThreadSanitizer knows no fences, but this. */
static inline void fence_full(void)
{
#ifdef FENCE_TSAN
    atomic_int here;
    atomic_init(&here, 0);
    atomic_fetch_add(&here, 1);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static inline void fence_light(void)
{
    if (atomic_load_explicit(&fence_by_kernel, memory_order_relaxed)) {
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        fence_full();
    }
}

void fence_heavy(void);

/* Asks the kernel to do it, once per process; whoever never calls it pays for full fences. Keeps errno. */
void fence_prepare(void);

#endif
