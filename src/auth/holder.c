/*
 * Identity and liveness of processes, read from /proc. Touches nothing else.
 */
#include "auth/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/moment.h"

#define HOLDER_FOREIGN_MS UINT64_C(120000) /* older than any test of a PIN lasts */

static size_t read_small(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got;
    do {
        got = read(fd, text, size - 1);
    } while (got < 0 && errno == EINTR);
    (void)close(fd);
    size_t length = got > 0 ? (size_t)got : 0;
    text[length] = '\0';
    return length;
}

struct process_stat {
    char state;
    long threads;
    uint64_t start;
};

/* proc(5): state is field 3, the number of threads 20, the start time 22; the name may hold anything. */
static bool read_process_stat(const char *path, struct process_stat *stat)
{
    char text[1024];
    if (read_small(path, text, sizeof text) == 0) {
        return false;
    }
    const char *rest = strrchr(text, ')');
    if (rest == NULL || rest[1] != ' ' || rest[2] == '\0') {
        return false;
    }
    rest += 2;
    stat->state = *rest;
    for (int field = 3; field < 20; field++) {
        rest = strchr(rest, ' ');
        if (rest == NULL) {
            return false;
        }
        rest++;
    }
    char *end = NULL;
    stat->threads = strtol(rest, &end, 10);
    (void)strtol(end, &end, 10); /* itrealvalue */
    stat->start = strtoull(end, &end, 10);
    return true;
}

void holder_self(struct holder *self)
{
    memset(self, 0, sizeof *self);
    self->pid = (uint32_t)getpid();
    self->taken_ms = moment_boottime_ms();
    moment_boot_id(self->boot);
    struct stat status;
    if (stat("/proc/self/ns/pid", &status) == 0) {
        self->pid_namespace = (uint64_t)status.st_ino;
    }
    struct process_stat process;
    if (read_process_stat("/proc/self/stat", &process)) {
        self->start = process.start;
    }
}

static bool is_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

bool holder_gone(const struct holder *holder, const struct holder *self)
{
    bool boots_known = !is_zero(holder->boot, HOLDER_BOOT_SIZE) && !is_zero(self->boot, HOLDER_BOOT_SIZE);
    if (boots_known && memcmp(holder->boot, self->boot, HOLDER_BOOT_SIZE) != 0) {
        return true;
    }
    if (holder->pid_namespace != self->pid_namespace) {
        uint64_t now = moment_boottime_ms();
        return holder->taken_ms > now || now - holder->taken_ms > HOLDER_FOREIGN_MS;
    }
    if (holder->pid == 0 || holder->pid > INT32_MAX) {
        return true;
    }
    if (kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH) {
        return true;
    }
    char path[64];
    struct process_stat process;
    (void)snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)holder->pid);
    if (!read_process_stat(path, &process)) {
        return false; /* it is there, but hidden from us */
    }
    if (holder->start != 0 && process.start != holder->start) {
        return true;
    }
    /* A dead process nobody has waited for; a leader that only ended its own thread still has others. */
    return (process.state == 'Z' || process.state == 'X') && process.threads <= 1;
}
