/*
 * The log: off unless somebody turns it on, then one line per event to stderr, syslog or a file.
 *
 * A line is written with a single write(2), so lines of threads and processes do not mix. A disabled level
 * costs one relaxed load. Never log secrets, PINs or attribute values.
 */
#ifndef HUKS_COMMON_LOG_H
#define HUKS_COMMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { HUKS_LOG_OFF, HUKS_LOG_ERROR, HUKS_LOG_INFO, HUKS_LOG_DEBUG };

extern _Atomic int log_threshold;

static inline bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

/*
 * Begins logging up to `level` to `target`: "stderr", "syslog" or the path of a file to append to (made
 * 0600). $HUKS_LOG, "level[:target]", overrides both; any other word than a level means debug. A file that
 * can't be opened turns into stderr. Logging never fails and never changes errno.
 */
void log_open(enum log_level level, const char *target);
void log_close(void);
/* For the engine's pthread_atfork child handler: another thread may have been writing. */
void log_fork_child(void);

/* Writes one line, cut at 1,000 bytes; control characters become '?'. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_at(level, ...)                                                                                   \
    do {                                                                                                     \
        if (log_enabled(level)) {                                                                            \
            log_write(level, __VA_ARGS__);                                                                   \
        }                                                                                                    \
    } while (0)
#define log_error(...) log_at(HUKS_LOG_ERROR, __VA_ARGS__)
#define log_info(...)  log_at(HUKS_LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(HUKS_LOG_DEBUG, __VA_ARGS__)

/* "off", "error", "info", "debug" → level; false for any other word. */
bool log_level_from(const char *word, enum log_level *level);

#endif
