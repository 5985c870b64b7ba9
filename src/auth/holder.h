/*
 * Who holds a try: a process as others can recognise it, so that what it held is given back when it dies.
 *
 * A number of a process alone is not enough: numbers are used again, differ between pid namespaces and mean
 * nothing after a reboot. Reads /proc; without it, only the number is left to go by.
 */
#ifndef HUKS_AUTH_HOLDER_H
#define HUKS_AUTH_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/moment.h"

#define HOLDER_BOOT_SIZE MOMENT_BOOT_ID_SIZE

struct holder {
    uint8_t boot[HOLDER_BOOT_SIZE]; /* boot id; zeros: unknown                       */
    uint64_t pid_namespace;         /* inode of /proc/self/ns/pid; 0: unknown         */
    uint64_t start;                 /* clock ticks since boot, from stat; 0: unknown  */
    uint64_t taken_ms;              /* CLOCK_BOOTTIME when the try was taken          */
    uint32_t pid;                   /* in that namespace                              */
};

/* This process, now. */
void holder_self(struct holder *self);

/*
 * Whether the process is certainly gone. Of another pid namespace nothing can be known: its holder counts as
 * gone when the try is older than any test of a PIN lasts.
 */
bool holder_gone(const struct holder *holder, const struct holder *self);

#endif
