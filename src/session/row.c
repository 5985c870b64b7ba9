/*
 * Rows: one per engine instance, and who lives.
 *
 * An instance holds a lock on its row's byte from before the row says USED until after it says FREE again. It
 * is an OFD lock: it belongs to the open file description, so that two instances of one process have one
 * each, and the kernel releases it with the last descriptor, however the process ended, at exec too.
 *
 * The mapping keeps the description, too: a host that calls closefrom() does not release the lock.
 *
 * A child that was made without fork handlers keeps the description, and thus the lock, of a dead parent.
 * Therefore a row also is dead when its process is: pid and start time name none. That can be asked only
 * within one pid namespace of one boot of one machine. Everything unknown counts as alive.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Reads a small file of /proc as text. False if it is not to be had. By way of the directory: user-mode
 * emulators recognise a process's own files by their full names and make up what is in them, the start time
 * among it, while others see the true one.
 */
static bool proc_read(const char *name, char *text, size_t size)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = proc < 0 ? -1 : openat(proc, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (proc >= 0) {
        (void)close(proc);
    }
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, text, size - 1);
    (void)close(fd);
    if (got <= 0) {
        return false;
    }
    text[got] = '\0';
    return true;
}

static uint64_t namespace_of(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 ? (uint64_t)file.st_ino : 0;
}

struct process_stat {
    char state;
    uint64_t threads;
    uint64_t start;
};

/* The fields of /proc/PID/stat, counted from behind the command, which may contain anything: proc(5). */
static bool process_read(int32_t pid, struct process_stat *out)
{
    enum { FIELD_STATE = 3, FIELD_THREADS = 20, FIELD_START = 22 };
    char name[32];
    char text[1024];
    (void)snprintf(name, sizeof name, "%d/stat", (int)pid);
    char *rest = proc_read(name, text, sizeof text) ? strrchr(text, ')') : NULL;
    if (rest == NULL) {
        return false;
    }
    char *save = NULL;
    char *word = strtok_r(rest + 1, " ", &save);
    for (int field = FIELD_STATE; word != NULL; field++, word = strtok_r(NULL, " ", &save)) {
        switch (field) {
        case FIELD_STATE:
            out->state = word[0];
            break;
        case FIELD_THREADS:
            out->threads = strtoull(word, NULL, 10);
            break;
        case FIELD_START:
            out->start = strtoull(word, NULL, 10);
            return true;
        default:
            break;
        }
    }
    return false;
}

void row_identify(struct session_identity *self)
{
    *self = (struct session_identity){.pid = (int32_t)getpid()};
    char boot[64];
    if (proc_read("sys/kernel/random/boot_id", boot, sizeof boot)) {
        self->boot = UINT64_C(0xcbf29ce484222325);
        for (const char *c = boot; *c != '\0'; c++) {
            self->boot = (self->boot ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
        }
    }
    self->pid_ns = namespace_of("/proc/self/ns/pid");
    self->time_ns = namespace_of("/proc/self/ns/time");
    struct process_stat process;
    if (process_read(self->pid, &process)) {
        self->start = process.start;
    }
}

static struct flock row_lock(uint32_t index, short type)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)SESSION_LOCK_BASE + (off_t)index, .l_len = 1};
}

/* With the byte locked the row is ours alone; whoever was here before is dead and its owner words are stale.
 */
static void row_sit_down(const struct session_table *table, struct session_map *map, uint32_t index)
{
    struct session_row *row = &map->shared->rows[index];
    uint64_t word = atomic_load(&row->word);
    uint32_t generation = word_generation(word) + 1;
    uint32_t owner = owner_make(index, owner_tag(word_owner(word)) + 1);
    atomic_store(&row->word, word_make(generation, owner, STATE_FREE));
    atomic_store(&row->boot, table->self.boot);
    atomic_store(&row->pid_ns, table->self.pid_ns);
    atomic_store(&row->time_ns, table->self.time_ns);
    atomic_store(&row->start, table->self.start);
    atomic_store(&row->pid, (uint32_t)table->self.pid);
    atomic_store(&row->uncounted, atomic_load(&table->uncounted));
    map->owner = owner;
    atomic_store(&row->word, word_make(generation, owner, STATE_USED));
}

/*
 * Tags come round again. What a dead owner of the row still has must not look like the new one's then; with
 * the byte locked, nobody but we can own anything in this row's name.
 */
static void row_clear(struct session_map *map, uint32_t index)
{
    for (uint32_t number = 0; number < SESSION_SLOTS; number++) {
        struct session_slot *slot = shared_slot(map->shared, number);
        uint64_t word = atomic_load(&slot->word);
        if ((word_state(word) == STATE_HELD || word_state(word) == STATE_BUSY) &&
            owner_index(word_owner(word)) == index) {
            uint64_t vacant = word_make(word_generation(word), 0, STATE_FREE);
            (void)atomic_compare_exchange_strong(&slot->word, &word, vacant);
        }
    }
}

/* 0, or the errno of the lock. */
static int row_try(const struct session_table *table, struct session_map *map, uint32_t index)
{
    if (map->fd >= 0) {
        struct flock lock = row_lock(index, F_WRLCK);
        if (fcntl(map->fd, F_OFD_SETLK, &lock) != 0) {
            return errno;
        }
    }
    if (word_state(atomic_load(&map->shared->rows[index].word)) != STATE_FREE) {
        row_clear(map, index);
    }
    row_sit_down(table, map, index);
    return 0;
}

bool row_claim(struct session_table *table, struct session_map *map)
{
    /* First the rows that say they are free, then those whose owners have died. */
    for (int dead = 0; dead <= 1; dead++) {
        for (uint32_t index = 0; index < SESSION_ROWS; index++) {
            uint64_t word = atomic_load(&map->shared->rows[index].word);
            if ((word_state(word) != STATE_FREE) != dead) {
                continue;
            }
            int error = row_try(table, map, index);
            if (error == 0) {
                return true;
            }
            if (error != EAGAIN && error != EACCES) {
                return false; /* a file system without locks */
            }
        }
    }
    return false;
}

void row_leave(struct session_map *map)
{
    struct session_row *row = map_row(map);
    uint64_t word = atomic_load(&row->word);
    if (word_owner(word) == map->owner && word_state(word) == STATE_USED) {
        uint64_t vacant = word_make(word_generation(word), map->owner, STATE_FREE);
        (void)atomic_compare_exchange_strong(&row->word, &word, vacant);
    }
    /* The descriptor stays open until close: other threads may still ask through it who lives. */
    if (file_descriptor_ours(map)) {
        struct flock lock = row_lock(owner_index(map->owner), F_UNLCK);
        (void)fcntl(map->fd, F_OFD_SETLK, &lock);
    }
}

static bool row_local(const struct session_table *table, const struct session_row *row)
{
    return table->self.boot != 0 && table->self.pid_ns != 0 && atomic_load(&row->boot) == table->self.boot &&
           atomic_load(&row->pid_ns) == table->self.pid_ns;
}

bool row_same_process(const struct session_table *table, const struct session_row *row)
{
    return row_local(table, row) && (int32_t)atomic_load(&row->pid) == table->self.pid &&
           atomic_load(&row->start) == table->self.start;
}

/* Whether the row's process is known not to exist any more. */
static bool row_process_dead(const struct session_table *table, const struct session_row *row)
{
    int32_t pid = (int32_t)atomic_load(&row->pid);
    if (pid <= 0 || !row_local(table, row) || row_same_process(table, row)) {
        return false;
    }
    /* Before /proc, which may hide other people's processes. */
    if (kill(pid, 0) != 0 && errno == ESRCH) {
        return true;
    }
    struct process_stat process;
    if (!process_read(pid, &process)) {
        return false;
    }
    /* A time namespace shifts the start times that are read in it. */
    uint64_t start = atomic_load(&row->start);
    if (start != 0 && start != process.start && atomic_load(&row->time_ns) == table->self.time_ns) {
        return true; /* the pid was given to another */
    }
    /* A zombie; but a process whose first thread has ended looks like one as long as others run. */
    return (process.state == 'Z' || process.state == 'X') && process.threads <= 1;
}

bool row_alive(const struct session_table *table, const struct session_map *map, uint32_t owner)
{
    if (owner == map->owner) {
        return map_ours(map);
    }
    const struct session_row *row = &map->shared->rows[owner_index(owner)];
    uint64_t word = atomic_load(&row->word);
    if (word_state(word) != STATE_USED || word_owner(word) != owner || map->fd < 0) {
        return false;
    }
    struct flock lock = row_lock(owner_index(owner), F_WRLCK);
    if (fcntl(map->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK) {
        return !file_descriptor_ours(map); /* … or we have asked another file */
    }
    bool dead = row_process_dead(table, row);
    /* A verdict about who sat there while we asked, or about the next one? Then ask again another time. */
    return !dead || atomic_load(&row->word) != word;
}

bool row_same_clock(const struct session_table *table, const struct session_map *map, uint32_t owner)
{
    return atomic_load(&map->shared->rows[owner_index(owner)].time_ns) == table->self.time_ns;
}
