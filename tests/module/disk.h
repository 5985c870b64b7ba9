/*
 * A disk that loses power: from a trace of what programs did to a directory (io-shim.h) it makes the
 * directories that may be found after the power went at some moment. What a sync covered is there; of what
 * came later any part may be there, sector by sector; names that no sync of the directory covered are there
 * up to some one of them, in order, as journaling file systems have it.
 */
#ifndef HUKS_TESTS_MODULE_DISK_H
#define HUKS_TESTS_MODULE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;

/* Reads a whole trace. NULL: it can't be read, or is none. */
struct disk *disk_load(const char *trace);
void disk_free(struct disk *disk);
size_t disk_records(const struct disk *disk);
/* The number of the last mark before this moment, 0: none. */
uint64_t disk_mark(const struct disk *disk, size_t moment);

/* How much of what was not synced is there. */
enum disk_luck { DISK_NOTHING, DISK_EVERYTHING, DISK_SOME };
/* Makes the directory `path`, which must not exist, as it is found when the power goes before record
 * `moment`. */
bool disk_after(const struct disk *disk, size_t moment, enum disk_luck luck, unsigned *seed,
                const char *path);

#endif
