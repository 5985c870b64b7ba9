/* The layer under file calls; see io-shim.h. Nothing of the module or of Check is in here. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "io-shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's have no names to speak of
 */
#pragma GCC visibility push(default) /* what stands in the way of the C library's has to be seen */

extern struct io_shim io_shim;
struct io_shim io_shim;

/* What a call under this name goes on to: another function for each name. */
#define NEXT(name)                                                                                           \
    static __typeof__(&name) next;                                                                           \
    if (next == NULL) {                                                                                      \
        *(void **)&next = dlsym(RTLD_NEXT, #name);                                                           \
    }

static ssize_t write_through(int fd, const void *data, size_t size)
{
    static __typeof__(&write) next;
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "write");
    }
    return next(fd, data, size);
}

/* ---- For programs that know nothing of us: told by the environment ----------------------------------------
 */

static uint64_t number_from(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

/* HUKS_IO_ROOT, and of the calls below it number HUKS_IO_AT fails with HUKS_IO_ERROR, later ones if
 * HUKS_IO_STICKY. */
__attribute__((constructor)) static void arm_from_environment(void)
{
    const char *root = getenv("HUKS_IO_ROOT");
    if (root != NULL) {
        (void)snprintf(io_shim.root, sizeof io_shim.root, "%s", root);
        io_shim.at = number_from("HUKS_IO_AT");
        io_shim.error = (int)number_from("HUKS_IO_ERROR");
        io_shim.sticky = number_from("HUKS_IO_STICKY") != 0;
        atomic_store(&io_shim.armed, 1);
    }
}

/* How many there were goes into HUKS_IO_COUNT. */
__attribute__((destructor)) static void tell_count(void)
{
    const char *path = getenv("HUKS_IO_COUNT");
    FILE *file = NULL;
    atomic_store(&io_shim.armed, 0);
    if (path != NULL && (file = fopen(path, "we")) != NULL) {
        (void)fprintf(file, "%llu\n", (unsigned long long)atomic_load(&io_shim.seen));
        (void)fclose(file);
    }
}

/* ---- Is it meant? ----------------------------------------------------------------------------------------
 */

static bool below(const char *path)
{
    size_t length = strlen(io_shim.root);

    return length > 0 && strncmp(path, io_shim.root, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static bool fd_below(int fd)
{
    char link[64];
    char path[PATH_MAX];

    if (io_shim.root[0] == '\0') {
        return false;
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    return below(path);
}

static bool failing(bool meant, enum io_call call, size_t *size)
{
    if (!meant || atomic_load(&io_shim.armed) == 0) {
        return false;
    }
    uint64_t number = atomic_fetch_add(&io_shim.seen, 1) + 1;
    (void)atomic_fetch_add(&io_shim.calls[call], 1);
    if (io_shim.error == ENOSPC && (call == IO_READ || call == IO_MAP || call == IO_UNLINK)) {
        return false; /* these need no room */
    }
    if (io_shim.at == 0 || number < io_shim.at || (number > io_shim.at && !io_shim.sticky)) {
        return false;
    }
    if (atomic_fetch_add(&io_shim.fired, 1) == 0) {
        atomic_store(&io_shim.fired_call, call);
        if (io_shim.fault == IO_SHORT) {
            if (call == IO_WRITE && size != NULL && *size > 1) {
                *size /= 2;
            }
            return false;
        }
    }
    errno = io_shim.error;
    return true;
}

static bool fails(bool meant, enum io_call call)
{
    size_t none = 0;
    return failing(meant, call, &none);
}

/* ---- The trace -------------------------------------------------------------------------------------------
 */

static const char *name_of(const char *path)
{
    const char *name = path + strlen(io_shim.root);
    return *name == '/' ? name + 1 : name;
}

static uint64_t file_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

static void trace(enum io_trace_what what, uint64_t file, uint64_t offset, const char *path,
                  const char *other, const void *data, size_t size)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int error = errno;
    struct io_trace_record record = {
        .what = (uint32_t)what,
        .path = path != NULL ? (uint32_t)strlen(path) : 0,
        .other = other != NULL ? (uint32_t)strlen(other) : 0,
        .size = (uint32_t)size,
        .file = file,
        .offset = offset,
    };
    (void)pthread_mutex_lock(&lock);
    bool good = write_through(io_shim.trace, &record, sizeof record) == (ssize_t)sizeof record;
    good = good && (path == NULL || write_through(io_shim.trace, path, record.path) == (ssize_t)record.path);
    good =
        good && (other == NULL || write_through(io_shim.trace, other, record.other) == (ssize_t)record.other);
    good = good && (size == 0 || write_through(io_shim.trace, data, size) == (ssize_t)size);
    (void)pthread_mutex_unlock(&lock);
    if (!good) {
        (void)fputs("io-shim: cannot write the trace\n", stderr);
        _exit(98);
    }
    errno = error;
}

static bool tracing(bool meant)
{
    return meant && io_shim.trace > 0;
}

/* ---- Opening ---------------------------------------------------------------------------------------------
 */

static int open_as(int (*next)(const char *, int, ...), const char *path, int flags, mode_t mode)
{
    bool meant = below(path);
    struct stat status;
    bool fresh = tracing(meant) && (flags & O_CREAT) != 0 && lstat(path, &status) != 0;

    if (fails(meant, IO_OPEN)) {
        return -1;
    }
    int fd = next(path, flags, mode);
    if (fresh && fd >= 0) {
        trace(TRACE_CREATE, file_of(fd), 0, name_of(path), NULL, NULL, 0);
    }
    if (tracing(meant) && fd >= 0 && (flags & O_TRUNC) != 0) {
        trace(TRACE_TRUNCATE, file_of(fd), 0, NULL, NULL, NULL, 0);
    }
    return fd;
}

#define DEFINE_OPEN(name)                                                                                    \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list more;                                                                                        \
        va_start(more, flags);                                                                               \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? (mode_t)va_arg(more, int) : 0;                \
        va_end(more);                                                                                        \
        NEXT(name)                                                                                           \
        return open_as(next, path, flags, mode);                                                             \
    }
DEFINE_OPEN(open)
#undef open64
DEFINE_OPEN(open64)

/* ---- Reading and writing ---------------------------------------------------------------------------------
 */

ssize_t read(int fd, void *data, size_t size)
{
    NEXT(read)
    return fails(fd_below(fd), IO_READ) ? -1 : next(fd, data, size);
}

#define DEFINE_PREAD(name)                                                                                   \
    ssize_t name(int fd, void *data, size_t size, off_t offset)                                              \
    {                                                                                                        \
        NEXT(name)                                                                                           \
        return fails(fd_below(fd), IO_READ) ? -1 : next(fd, data, size, offset);                             \
    }
DEFINE_PREAD(pread)
#undef pread64
DEFINE_PREAD(pread64)

ssize_t write(int fd, const void *data, size_t size)
{
    bool meant = fd_below(fd);

    if (failing(meant, IO_WRITE, &size)) {
        return -1;
    }
    off_t at = tracing(meant) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t wrote = write_through(fd, data, size);
    if (tracing(meant) && wrote > 0) {
        trace(TRACE_WRITE, file_of(fd), (uint64_t)at, NULL, NULL, data, (size_t)wrote);
    }
    return wrote;
}

#define DEFINE_PWRITE(name)                                                                                  \
    ssize_t name(int fd, const void *data, size_t size, off_t offset)                                        \
    {                                                                                                        \
        NEXT(name)                                                                                           \
        bool meant = fd_below(fd);                                                                           \
        if (failing(meant, IO_WRITE, &size)) {                                                               \
            return -1;                                                                                       \
        }                                                                                                    \
        ssize_t wrote = next(fd, data, size, offset);                                                        \
        if (tracing(meant) && wrote > 0) {                                                                   \
            trace(TRACE_WRITE, file_of(fd), (uint64_t)offset, NULL, NULL, data, (size_t)wrote);              \
        }                                                                                                    \
        return wrote;                                                                                        \
    }
DEFINE_PWRITE(pwrite)
#undef pwrite64
DEFINE_PWRITE(pwrite64)

#define DEFINE_SYNC(name)                                                                                    \
    int name(int fd)                                                                                         \
    {                                                                                                        \
        NEXT(name)                                                                                           \
        bool meant = fd_below(fd);                                                                           \
        struct stat status;                                                                                  \
        if (fails(meant, IO_SYNC)) {                                                                         \
            return -1;                                                                                       \
        }                                                                                                    \
        int result = next(fd);                                                                               \
        if (tracing(meant) && result == 0 && fstat(fd, &status) == 0) {                                      \
            trace(S_ISDIR(status.st_mode) ? TRACE_SYNC_DIRECTORY : TRACE_SYNC, (uint64_t)status.st_ino, 0,   \
                  NULL, NULL, NULL, 0);                                                                      \
        }                                                                                                    \
        return result;                                                                                       \
    }
DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

#define DEFINE_FTRUNCATE(name)                                                                               \
    int name(int fd, off_t size)                                                                             \
    {                                                                                                        \
        NEXT(name)                                                                                           \
        bool meant = fd_below(fd);                                                                           \
        if (fails(meant, IO_TRUNCATE)) {                                                                     \
            return -1;                                                                                       \
        }                                                                                                    \
        int result = next(fd, size);                                                                         \
        if (tracing(meant) && result == 0) {                                                                 \
            trace(TRACE_TRUNCATE, file_of(fd), (uint64_t)size, NULL, NULL, NULL, 0);                         \
        }                                                                                                    \
        return result;                                                                                       \
    }
DEFINE_FTRUNCATE(ftruncate)
#undef ftruncate64
DEFINE_FTRUNCATE(ftruncate64)

#define DEFINE_MMAP(name)                                                                                    \
    void *name(void *address, size_t size, int protection, int flags, int fd, off_t offset)                  \
    {                                                                                                        \
        NEXT(name)                                                                                           \
        return fd >= 0 && fails(fd_below(fd), IO_MAP) ? MAP_FAILED                                           \
                                                      : next(address, size, protection, flags, fd, offset);  \
    }
DEFINE_MMAP(mmap)
#undef mmap64
DEFINE_MMAP(mmap64)

/* ---- Names -----------------------------------------------------------------------------------------------
 */

int rename(const char *from, const char *to)
{
    NEXT(rename)
    bool meant = below(from);

    if (fails(meant, IO_RENAME)) {
        return -1;
    }
    int result = next(from, to);
    if (tracing(meant) && result == 0) {
        trace(TRACE_RENAME, 0, 0, name_of(from), name_of(to), NULL, 0);
    }
    return result;
}

int link(const char *from, const char *to)
{
    NEXT(link)
    bool meant = below(from);

    if (fails(meant, IO_LINK)) {
        return -1;
    }
    int result = next(from, to);
    if (tracing(meant) && result == 0) {
        trace(TRACE_LINK, 0, 0, name_of(from), name_of(to), NULL, 0);
    }
    return result;
}

int unlink(const char *path)
{
    NEXT(unlink)
    bool meant = below(path);

    if (fails(meant, IO_UNLINK)) {
        return -1;
    }
    int result = next(path);
    if (tracing(meant) && result == 0) {
        trace(TRACE_UNLINK, 0, 0, name_of(path), NULL, NULL, 0);
    }
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    NEXT(mkdir)
    return fails(below(path), IO_MKDIR) ? -1 : next(path, mode);
}

/* For the test's own marks. */
void io_shim_mark(uint64_t number);
void io_shim_mark(uint64_t number)
{
    trace(TRACE_MARK, 0, number, NULL, NULL, NULL, 0);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
