/*
 * Points in time that neither a reboot nor a change of the clock makes look newer.
 *
 * Milliseconds of CLOCK_BOOTTIME, which runs on while the machine sleeps and which nobody can set, with a
 * number for the boot and the time namespace they were counted in. Moments of different boots or namespaces
 * are infinitely far apart: an authentication of an earlier boot is never fresh. Reads /proc.
 */
#ifndef HUKS_AUTH_MOMENT_H
#define HUKS_AUTH_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct auth_moment {
    uint64_t boot; /* 0: of another boot than this one, or never */
    uint64_t ms;
};

/* Between two moments, in ms, whichever came first (HUKS compares like that); of different boots: UINT64_MAX.
 */
static inline uint64_t auth_moment_apart(struct auth_moment a, struct auth_moment b)
{
    if (a.boot == 0 || a.boot != b.boot) {
        return UINT64_MAX;
    }
    return a.ms > b.ms ? a.ms - b.ms : b.ms - a.ms;
}

/* The moment `seconds` later. */
static inline struct auth_moment auth_moment_after(struct auth_moment moment, uint32_t seconds)
{
    return (struct auth_moment){moment.boot, moment.ms + seconds * UINT64_C(1000)};
}

/* Is `end` still to come, or just reached? Never, where it is of another boot. */
static inline bool auth_moment_before(struct auth_moment now, struct auth_moment end)
{
    return now.boot == end.boot && now.ms <= end.ms;
}

/* ---- what moments are made of ---- */

#define MOMENT_BOOT_ID_SIZE 16
/* The kernel's boot id; zeros where it can't be read. */
void moment_boot_id(uint8_t id[MOMENT_BOOT_ID_SIZE]);
/* A number for this boot and this time namespace; 0 where the boot id can't be read. */
uint64_t moment_boot(void);
uint64_t moment_boottime_ms(void);

#endif
