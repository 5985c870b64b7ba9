/*
 * The log's target and its one writing function.
 *
 * We are a guest: openlog(3) would rename the host's own messages, so syslog lines carry our name in the
 * text; and hosts that call closefrom() may hand our file's descriptor to something else, so a file is
 * compared by device and inode before each line and opened again when it is not ours any more.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/date.h"

#define LINE_SIZE 1000

enum target { TO_STDERR, TO_SYSLOG, TO_FILE };

_Atomic int log_threshold = HUKS_LOG_OFF;

static struct {
    pthread_mutex_t mutex; /* of everything below */
    enum target target;
    char path[4096];
    int descriptor;
    dev_t device;
    ino_t inode;
} log_to = {.mutex = PTHREAD_MUTEX_INITIALIZER, .target = TO_STDERR, .descriptor = -1};

static const char *const level_words[] = {"off", "error", "info", "debug"};
static const int syslog_levels[] = {LOG_DEBUG, LOG_ERR, LOG_INFO, LOG_DEBUG};

bool log_level_from(const char *word, enum log_level *level)
{
    for (int i = HUKS_LOG_OFF; i <= HUKS_LOG_DEBUG; i++) {
        if (strcmp(word, level_words[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Opens the file and remembers which it is. With the mutex held. */
static int file_open(void)
{
    struct stat status;
    int descriptor =
        open(log_to.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

    if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        log_to.device = status.st_dev;
        log_to.inode = status.st_ino;
        log_to.descriptor = descriptor;
        return descriptor;
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    log_to.descriptor = -1;
    return -1;
}

/* The file's descriptor if it still is the file's. With the mutex held. */
static int file_descriptor(void)
{
    struct stat status;

    if (log_to.descriptor >= 0 && fstat(log_to.descriptor, &status) == 0 && status.st_dev == log_to.device &&
        status.st_ino == log_to.inode) {
        return log_to.descriptor;
    }
    return file_open(); /* what has our old number now is not ours to close */
}

static void file_close(void)
{
    struct stat status;

    if (log_to.descriptor >= 0 && fstat(log_to.descriptor, &status) == 0 && status.st_dev == log_to.device &&
        status.st_ino == log_to.inode) {
        (void)close(log_to.descriptor);
    }
    log_to.descriptor = -1;
}

static void set_target(const char *target)
{
    file_close();
    if (target == NULL || target[0] == '\0' || strcmp(target, "stderr") == 0) {
        log_to.target = TO_STDERR;
    } else if (strcmp(target, "syslog") == 0) {
        log_to.target = TO_SYSLOG;
    } else if (strlen(target) < sizeof(log_to.path)) {
        memcpy(log_to.path, target, strlen(target) + 1);
        log_to.target = file_open() >= 0 ? TO_FILE : TO_STDERR;
    } else {
        log_to.target = TO_STDERR;
    }
}

void log_open(enum log_level level, const char *target)
{
    const char *variable = secure_getenv("HUKS_LOG");
    int saved = errno;

    if (variable != NULL && variable[0] != '\0') {
        const char *colon = strchr(variable, ':');
        size_t length = colon != NULL ? (size_t)(colon - variable) : strlen(variable);
        char word[8] = "";
        if (length < sizeof(word)) {
            memcpy(word, variable, length);
        }
        if (!log_level_from(word, &level)) {
            level = HUKS_LOG_DEBUG; /* who sets it wants to see something */
        }
        if (colon != NULL) {
            target = colon + 1;
        }
    }
    (void)pthread_mutex_lock(&log_to.mutex);
    if (level != HUKS_LOG_OFF) { /* a log that is off makes no file */
        set_target(target);
    }
    (void)pthread_mutex_unlock(&log_to.mutex);
    atomic_store_explicit(&log_threshold, (int)level, memory_order_relaxed);
    errno = saved;
}

void log_close(void)
{
    atomic_store_explicit(&log_threshold, HUKS_LOG_OFF, memory_order_relaxed);
    (void)pthread_mutex_lock(&log_to.mutex);
    file_close();
    log_to.target = TO_STDERR;
    (void)pthread_mutex_unlock(&log_to.mutex);
}

/* "2026-11-23T21:14:05.123Z huks[pid/tid] error: " */
static size_t write_prefix(char *line, size_t size, enum log_level level)
{
    struct timespec now = {0, 0};
    struct date date;
    int length;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    date = date_of(now.tv_sec);
    length = snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ huks[%ld/%ld] %s: ", date.year,
                      date.month, date.day, date.hour, date.minute, date.second, now.tv_nsec / 1000000,
                      (long)getpid(), syscall(SYS_gettid), level_words[level]);
    return length > 0 ? (size_t)length : 0;
}

static void write_line(int descriptor, const char *line, size_t size)
{
    ssize_t written;

    do {
        written = write(descriptor, line, size);
    } while (written < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    int saved = errno;
    size_t prefix;
    size_t end;
    enum target target;
    int length;
    va_list arguments;

    if (level <= HUKS_LOG_OFF || level > HUKS_LOG_DEBUG) {
        return;
    }
    prefix = write_prefix(line, sizeof(line), level);
    va_start(arguments, format);
    length = vsnprintf(line + prefix, sizeof(line) - prefix, format, arguments);
    va_end(arguments);
    end = prefix + (length > 0 ? (size_t)length : 0);
    if (end > sizeof(line) - 1) {
        end = sizeof(line) - 1;
    }
    for (size_t i = prefix; i < end; i++) { /* one event, one line, whatever a label holds */
        if ((uint8_t)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }

    (void)pthread_mutex_lock(&log_to.mutex);
    target = log_to.target;
    if (target == TO_FILE) {
        line[end] = '\n';
        write_line(file_descriptor(), line, end + 1);
    }
    (void)pthread_mutex_unlock(&log_to.mutex);
    if (target == TO_STDERR) { /* perhaps a pipe that nobody reads: then only this thread waits */
        line[end] = '\n';
        write_line(STDERR_FILENO, line, end + 1);
    } else if (target == TO_SYSLOG) {
        line[end] = '\0';
        syslog(LOG_USER | syslog_levels[level], "huks: %s", line + prefix);
    }
    errno = saved;
}

void log_fork_child(void)
{
    (void)pthread_mutex_init(&log_to.mutex, NULL);
}
