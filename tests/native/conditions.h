/*
 * Real conditions for tests of failures: a full disk, a file that can't be read, no memory. Each changes the
 * calling process for good and is meant for a test's own child. None needs more than the test's user has;
 * what only root can do returns false, and the row is skipped.
 */
#ifndef HUKS_TESTS_NATIVE_CONDITIONS_H
#define HUKS_TESTS_NATIVE_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Permissions hold for this process even when it is root's. */
bool heed_permissions(void);

/* Lays a file system of `kib` KiB over the directory, with what was in it. False: mounts are not allowed. */
bool move_to_small_disk(const char *directory, unsigned kib);
/* Fills the file system of the directory to the last byte. */
bool fill_disk(const char *directory);
/* Makes the directory's mount read-only. False: mounts are not allowed. */
bool mount_read_only(const char *directory);

/* No file may grow beyond `bytes`; a write beyond fails instead of killing. */
bool limit_file_size(size_t bytes);
/* The process may have only `bytes` more of memory than now. False in a build with a sanitizer. */
bool limit_memory(size_t bytes);

/* Takes the mode bits from the directory and all files in it. */
bool take_mode(const char *directory, mode_t bits);
bool give_away(const char *directory, uid_t owner);
off_t file_size(const char *path);
bool cut_file(const char *path, off_t size);
/* Inverts `count` bytes. */
bool damage_file(const char *path, off_t offset, size_t count);

/* Counts and tells a row that can't be run here; condition_skipped() tells how many there were. */
void condition_begin(void); /* once, before anything is forked */
void condition_skip(const char *row, const char *reason);
int condition_skipped(void);

#endif
