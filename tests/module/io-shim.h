/*
 * A layer under the module's file calls (LD_PRELOAD): makes the n-th one fail, and writes down what reaches
 * the disk. Only calls about files below `root` are meant; the rest passes. The test that preloads it finds
 * its control block by dlsym(RTLD_DEFAULT, "io_shim").
 */
#ifndef HUKS_TESTS_MODULE_IO_SHIM_H
#define HUKS_TESTS_MODULE_IO_SHIM_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum io_call {
    IO_OPEN,
    IO_READ,
    IO_WRITE,
    IO_SYNC,
    IO_TRUNCATE,
    IO_RENAME,
    IO_LINK,
    IO_UNLINK,
    IO_MKDIR,
    IO_MAP,
    IO_CALLS
};

/* What happens to the call. */
enum io_fault {
    IO_ERROR, /* it fails with `error`                                                    */
    IO_SHORT, /* a write writes half; with `sticky` the next one fails with `error`       */
};

struct io_shim {
    char root[PATH_MAX]; /* "": none */
    _Atomic uint32_t armed;
    enum io_fault fault;
    int error;
    bool sticky;                      /* every later call, too */
    uint64_t at;                      /* which call, from 1    */
    _Atomic uint64_t seen;            /* calls while armed     */
    _Atomic uint64_t calls[IO_CALLS]; /* … by kind */
    _Atomic uint64_t fired;
    _Atomic uint32_t fired_call; /* enum io_call of the first */
    int trace;                   /* descriptor of the trace; 0: none */
};

/*
 * The trace: records, each followed by `path` and `other` (names, without root) and `size` bytes of data.
 * Marks are the test's own. Files are told apart by their inode's number.
 */
enum io_trace_what {
    TRACE_CREATE,   /* path, file                    */
    TRACE_WRITE,    /* file, offset, data            */
    TRACE_TRUNCATE, /* file, offset: the size      */
    TRACE_SYNC,     /* file                          */
    TRACE_SYNC_DIRECTORY,
    TRACE_RENAME, /* path, other                   */
    TRACE_LINK,   /* path, other                   */
    TRACE_UNLINK, /* path                          */
    TRACE_MARK,   /* offset: its number            */
};
struct io_trace_record {
    uint32_t what;
    uint32_t path, other; /* lengths, without NUL */
    uint32_t size;
    uint64_t file;
    uint64_t offset;
};

#endif
