/*
 * The clocks.
 *
 * Both are CLOCK_MONOTONIC, which all processes of a machine share and nobody can set. It stands still while
 * the machine is suspended, and that is right for sessions: in that time a holder could not have touched its
 * session. (CLOCK_BOOTTIME runs on, and has no cheap coarse form.) Time namespaces may shift it; row.c takes
 * care.
 */
#ifndef HUKS_CLOCK_H
#define HUKS_CLOCK_H

#include <stdint.h>

/*
 * Milliseconds, late by up to a tick (at most 10 ms): no system call, a few nanoseconds. For idle times, and
 * for what is looked at once a tick.
 */
uint64_t clock_coarse_ms(void);

/* Nanoseconds, exact. For waiting. */
uint64_t clock_exact_ns(void);

#endif
