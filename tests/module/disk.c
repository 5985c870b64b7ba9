/* The disk that loses power; see disk.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* rand_r */
#endif
#include "disk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io-shim.h"

enum { SECTOR = 512, FILES = 4096, NAMES = 256, NAME_SIZE = 64 };

struct entry {
    struct io_trace_record record;
    char path[NAME_SIZE], other[NAME_SIZE];
    const uint8_t *data;
};

struct disk {
    uint8_t *bytes;
    struct entry *entries;
    size_t count;
};

/* ---- Reading the trace ------------------------------------------------------------------------------------
 */

static uint8_t *read_file(const char *path, size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = NULL;

    *size = 0;
    if (fd >= 0 && fstat(fd, &status) == 0 && (bytes = malloc((size_t)status.st_size + 1)) != NULL) {
        while (*size < (size_t)status.st_size) {
            ssize_t got = read(fd, bytes + *size, (size_t)status.st_size - *size);
            if (got <= 0) {
                break;
            }
            *size += (size_t)got;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return bytes;
}

static bool take_name(const uint8_t *bytes, size_t size, size_t *at, size_t length, char name[NAME_SIZE])
{
    if (length >= NAME_SIZE || length > size - *at) {
        return false;
    }
    memcpy(name, bytes + *at, length);
    name[length] = '\0';
    *at += length;
    return true;
}

static bool take_entry(const struct disk *disk, size_t size, size_t *at, struct entry *entry)
{
    if (size - *at < sizeof entry->record) {
        return false;
    }
    memcpy(&entry->record, disk->bytes + *at, sizeof entry->record);
    *at += sizeof entry->record;
    if (!take_name(disk->bytes, size, at, entry->record.path, entry->path) ||
        !take_name(disk->bytes, size, at, entry->record.other, entry->other) ||
        entry->record.size > size - *at) {
        return false;
    }
    entry->data = disk->bytes + *at;
    *at += entry->record.size;
    return true;
}

struct disk *disk_load(const char *trace)
{
    struct disk *disk = calloc(1, sizeof *disk);
    size_t size = 0;
    size_t at = 0;
    size_t room = 0;

    if (disk != NULL) {
        disk->bytes = read_file(trace, &size);
    }
    while (disk != NULL && disk->bytes != NULL && at < size) {
        if (disk->count == room) {
            room = room * 2 + 256;
            struct entry *more = realloc(disk->entries, room * sizeof *more);
            if (more == NULL) {
                break;
            }
            disk->entries = more;
        }
        disk->entries[disk->count] = (struct entry){.data = NULL};
        if (!take_entry(disk, size, &at, &disk->entries[disk->count])) {
            break;
        }
        disk->count++;
    }
    if (disk != NULL && (at != size || disk->count == 0)) {
        disk_free(disk);
        return NULL;
    }
    return disk;
}

void disk_free(struct disk *disk)
{
    free(disk->bytes);
    free(disk->entries);
    free(disk);
}

size_t disk_records(const struct disk *disk)
{
    return disk->count;
}

uint64_t disk_mark(const struct disk *disk, size_t moment)
{
    for (size_t i = moment; i > 0; i--) {
        if (disk->entries[i - 1].record.what == TRACE_MARK) {
            return disk->entries[i - 1].record.offset;
        }
    }
    return 0;
}

/* ---- What is on it ---------------------------------------------------------------------------------------
 */

struct file {
    uint64_t inode; /* while it is the one with that number */
    uint8_t *bytes;
    size_t size, room;
};

struct name {
    char text[NAME_SIZE];
    int file; /* -1: gone */
};

/* The platter: files' contents and names, as they are found. */
struct platter {
    struct file files[FILES];
    int file_count;
    struct name names[NAMES];
    int name_count;
};

static int newest_file(const struct platter *platter, uint64_t inode)
{
    int file = platter->file_count;

    while (file > 0 && platter->files[file - 1].inode != inode) {
        file--;
    }
    return file - 1;
}

static bool set_size(struct file *file, size_t size)
{
    if (size > file->room) {
        size_t room = size * 2;
        uint8_t *bytes = realloc(file->bytes, room);
        if (bytes == NULL) {
            return false;
        }
        file->bytes = bytes;
        file->room = room;
    }
    if (size > file->size) {
        memset(file->bytes + file->size, 0, size - file->size);
    }
    file->size = size;
    return true;
}

static int lucky(enum disk_luck luck, unsigned *seed)
{
    return luck == DISK_EVERYTHING || (luck == DISK_SOME && rand_r(seed) % 2 == 0);
}

static bool write_sectors(struct file *file, const struct entry *entry, enum disk_luck luck, unsigned *seed)
{
    size_t offset = (size_t)entry->record.offset;
    size_t size = entry->record.size;

    for (size_t done = 0; done < size;) {
        size_t piece = SECTOR - (offset + done) % SECTOR;
        piece = piece < size - done ? piece : size - done;
        if (lucky(luck, seed)) {
            if (offset + done + piece > file->size && !set_size(file, offset + done + piece)) {
                return false;
            }
            memcpy(file->bytes + offset + done, entry->data + done, piece);
        }
        done += piece;
    }
    return true;
}

static struct name *name_at(struct platter *platter, const char *text)
{
    int i = 0;

    while (i < platter->name_count && strcmp(platter->names[i].text, text) != 0) {
        i++;
    }
    if (i == platter->name_count) {
        platter->name_count++;
        (void)snprintf(platter->names[i].text, NAME_SIZE, "%s", text);
        platter->names[i].file = -1;
    }
    return &platter->names[i];
}

/* ---- Losing power ----------------------------------------------------------------------------------------
 */

static bool about_names(uint32_t what)
{
    return what == TRACE_CREATE || what == TRACE_RENAME || what == TRACE_LINK || what == TRACE_UNLINK;
}

/* The first record after which the directory was synced no more: names beyond it may be missing. */
static size_t names_synced(const struct disk *disk, size_t moment)
{
    for (size_t i = moment; i > 0; i--) {
        if (disk->entries[i - 1].record.what == TRACE_SYNC_DIRECTORY) {
            return i;
        }
    }
    return 0;
}

/* Was the file synced between this record and the moment? (An inode's number may be used again: then no.) */
static bool synced_later(const struct disk *disk, size_t record, size_t moment)
{
    uint64_t file = disk->entries[record].record.file;

    for (size_t i = record + 1; i < moment; i++) {
        const struct io_trace_record *later = &disk->entries[i].record;
        if (later->file == file && later->what == TRACE_CREATE) {
            return false;
        }
        if (later->file == file && later->what == TRACE_SYNC) {
            return true;
        }
    }
    return false;
}

static void change_names(struct platter *platter, const struct entry *entry, int created)
{
    switch (entry->record.what) {
    case TRACE_CREATE:
        name_at(platter, entry->path)->file = created;
        break;
    case TRACE_LINK:
        name_at(platter, entry->other)->file = name_at(platter, entry->path)->file;
        break;
    case TRACE_RENAME:
        name_at(platter, entry->other)->file = name_at(platter, entry->path)->file;
        name_at(platter, entry->path)->file = -1;
        break;
    default:
        name_at(platter, entry->path)->file = -1;
        break;
    }
}

static bool replay(const struct disk *disk, size_t moment, enum disk_luck luck, unsigned *seed,
                   struct platter *platter)
{
    size_t certain = names_synced(disk, moment);
    size_t names_until = luck == DISK_NOTHING      ? certain
                         : luck == DISK_EVERYTHING ? moment
                                                   : certain + (size_t)rand_r(seed) % (moment - certain + 1);

    for (size_t i = 0; i < moment; i++) {
        const struct entry *entry = &disk->entries[i];
        uint32_t what = entry->record.what;
        int file = -1;

        if (what == TRACE_CREATE) {
            if (platter->file_count == FILES) {
                return false;
            }
            file = platter->file_count++;
            platter->files[file].inode = entry->record.file;
        } else if (what == TRACE_WRITE || what == TRACE_TRUNCATE) {
            file = newest_file(platter, entry->record.file);
        }
        if (about_names(what) && i < names_until) {
            change_names(platter, entry, file);
        }
        if (file < 0 || (what != TRACE_WRITE && what != TRACE_TRUNCATE)) {
            continue;
        }
        enum disk_luck now = synced_later(disk, i, moment) ? DISK_EVERYTHING : luck;
        if (what == TRACE_WRITE && !write_sectors(&platter->files[file], entry, now, seed)) {
            return false;
        }
        if (what == TRACE_TRUNCATE && lucky(now, seed) &&
            !set_size(&platter->files[file], (size_t)entry->record.offset)) {
            return false;
        }
    }
    return true;
}

static bool put_down(const struct platter *platter, const char *path)
{
    if (mkdir(path, 0700) != 0) {
        return false;
    }
    for (int i = 0; i < platter->name_count; i++) {
        char target[PATH_MAX];
        if (platter->names[i].file < 0) {
            continue;
        }
        const struct file *file = &platter->files[platter->names[i].file];
        (void)snprintf(target, sizeof target, "%s/%s", path, platter->names[i].text);
        int fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        bool good = fd >= 0 && (file->size == 0 || write(fd, file->bytes, file->size) == (ssize_t)file->size);
        if (fd >= 0) {
            (void)close(fd);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

bool disk_after(const struct disk *disk, size_t moment, enum disk_luck luck, unsigned *seed, const char *path)
{
    struct platter *platter = calloc(1, sizeof *platter);
    bool good = platter != NULL && replay(disk, moment, luck, seed, platter) && put_down(platter, path);

    for (int i = 0; platter != NULL && i < platter->file_count; i++) {
        free(platter->files[i].bytes);
    }
    free(platter);
    return good;
}
