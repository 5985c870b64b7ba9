/*
 * Reads a write-ahead log without SQLite, for stores that can't be written: SQLite can't recover a log
 * there without its shared index file. The log is kept on disk after a checkpoint, so its mere presence
 * says nothing; what counts is whether it holds a page that the database file doesn't hold.
 * Format: https://sqlite.org/fileformat2.html, section 4. Every number is big-endian. The database file
 * itself is opened here only while this process has no SQLite connection to it: closing a descriptor would
 * drop that connection's POSIX locks.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAL_HEADER_SIZE  32u
#define WAL_FRAME_HEADER 24u
#define WAL_MAGIC        0x377F0682u /* lowest bit: checksums of big-endian words */
#define WAL_PAGE_MAX     65536u

struct wal_page {
    uint32_t number;
    uint32_t frame; /* counts from 0 */
};

struct wal {
    int fd, db_fd;
    uint32_t page_size;
    bool big_endian;
    uint32_t salt[2], sum[2];
    struct wal_page *pages;
    size_t count, capacity, committed;
    uint32_t db_pages; /* size of the database after the last commit */
    uint8_t *frame, *page;
};

static void wal_close(struct wal *wal)
{
    if (wal->fd >= 0) {
        (void)close(wal->fd);
    }
    if (wal->db_fd >= 0) {
        (void)close(wal->db_fd);
    }
    free(wal->pages);
    free(wal->frame);
    free(wal->page);
}

static uint32_t load_be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t load_word(const struct wal *wal, const uint8_t *p)
{
    return wal->big_endian ? load_be(p)
                           : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void wal_sum(struct wal *wal, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        wal->sum[0] += load_word(wal, data + i) + wal->sum[1];
        wal->sum[1] += load_word(wal, data + i + 4) + wal->sum[0];
    }
}

static bool read_whole(int fd, void *data, size_t size, off_t offset)
{
    uint8_t *to = data;
    while (size > 0) {
        ssize_t got = pread(fd, to, size, offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        size -= (size_t)got;
        offset += got;
    }
    return true;
}

/* false: the log has no valid header, so it is empty. */
static bool wal_header(struct wal *wal)
{
    uint8_t header[WAL_HEADER_SIZE];
    if (!read_whole(wal->fd, header, sizeof(header), 0) || (load_be(header) & ~1u) != WAL_MAGIC) {
        return false;
    }
    wal->big_endian = (load_be(header) & 1) != 0;
    wal->page_size = load_be(header + 8);
    if (wal->page_size < 512 || wal->page_size > WAL_PAGE_MAX ||
        (wal->page_size & (wal->page_size - 1)) != 0) {
        return false;
    }
    wal->salt[0] = load_be(header + 16);
    wal->salt[1] = load_be(header + 20);
    wal_sum(wal, header, 24);
    return wal->sum[0] == load_be(header + 24) && wal->sum[1] == load_be(header + 28);
}

static huks_rc wal_remember(struct wal *wal, uint32_t number, uint32_t frame)
{
    if (wal->count == wal->capacity) {
        size_t capacity = wal->capacity == 0 ? 256 : wal->capacity * 2;
        struct wal_page *pages = realloc(wal->pages, capacity * sizeof(*pages));
        if (pages == NULL) {
            return error_no_memory();
        }
        wal->pages = pages;
        wal->capacity = capacity;
    }
    wal->pages[wal->count++] = (struct wal_page){number, frame};
    return HUKS_OK;
}

static off_t frame_offset(const struct wal *wal, uint32_t frame)
{
    return (off_t)WAL_HEADER_SIZE + (off_t)frame * (off_t)(wal->page_size + WAL_FRAME_HEADER);
}

/* Collects the pages of all committed transactions. */
static huks_rc wal_frames(struct wal *wal)
{
    size_t size = wal->page_size + WAL_FRAME_HEADER;
    wal->frame = malloc(size);
    wal->page = malloc(wal->page_size);
    if (wal->frame == NULL || wal->page == NULL) {
        return error_no_memory();
    }
    for (uint32_t frame = 0; read_whole(wal->fd, wal->frame, size, frame_offset(wal, frame)); frame++) {
        const uint8_t *header = wal->frame;
        if (load_be(header) == 0 || load_be(header + 8) != wal->salt[0] ||
            load_be(header + 12) != wal->salt[1]) {
            break;
        }
        wal_sum(wal, header, 8);
        wal_sum(wal, header + WAL_FRAME_HEADER, wal->page_size);
        if (wal->sum[0] != load_be(header + 16) || wal->sum[1] != load_be(header + 20)) {
            break;
        }
        HUKS_TRY(wal_remember(wal, load_be(header), frame));
        if (load_be(header + 4) != 0) {
            wal->committed = wal->count;
            wal->db_pages = load_be(header + 4);
        }
    }
    return HUKS_OK;
}

static int compare_pages(const void *a, const void *b)
{
    const struct wal_page *x = a, *y = b;
    if (x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static bool wal_differs(struct wal *wal)
{
    struct stat status;
    if (fstat(wal->db_fd, &status) != 0 || status.st_size != (off_t)wal->db_pages * (off_t)wal->page_size) {
        return true;
    }
    qsort(wal->pages, wal->committed, sizeof(*wal->pages), compare_pages);
    for (size_t i = 0; i < wal->committed; i++) {
        const struct wal_page *page = &wal->pages[i];
        bool last = i + 1 == wal->committed || wal->pages[i + 1].number != page->number;
        if (!last || page->number > wal->db_pages) {
            continue;
        }
        if (!read_whole(wal->fd, wal->frame, wal->page_size,
                        frame_offset(wal, page->frame) + (off_t)WAL_FRAME_HEADER) ||
            !read_whole(wal->db_fd, wal->page, wal->page_size,
                        (off_t)(page->number - 1) * (off_t)wal->page_size) ||
            memcmp(wal->frame, wal->page, wal->page_size) != 0) {
            return true;
        }
    }
    return false;
}

huks_rc sqlite_wal_needed(const char *path, const char *wal_path, bool *needed)
{
    AUTO(wal_close) struct wal wal = {.fd = -1, .db_fd = -1};
    *needed = false;
    wal.fd = open(wal_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (wal.fd < 0) {
        return errno == ENOENT ? HUKS_OK : error_raise(HUKS_E_FILE, ABOUT_FILE, "open the key file's log");
    }
    if (!wal_header(&wal)) {
        return HUKS_OK;
    }
    HUKS_TRY(wal_frames(&wal));
    if (wal.committed == 0) {
        return HUKS_OK;
    }
    wal.db_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (wal.db_fd < 0) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "open the key file");
    }
    *needed = wal_differs(&wal);
    return HUKS_OK;
}
