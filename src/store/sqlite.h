/*
 * The SQLite backend's insides, shared by sqlite.c (rows) and sqlite_open.c (connections).
 */
#ifndef HUKS_STORE_SQLITE_H
#define HUKS_STORE_SQLITE_H

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/backend.h"

#define SQLITE_APPLICATION_ID 0x48554B53 /* "HUKS" in the file's header */
#define SQLITE_BUSY_SECONDS   30

/* One row of the table of statements in sqlite.c. */
enum sqlite_statement {
    SQL_BEGIN,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_META_GET,
    SQL_META_PUT,
    SQL_META_BURY,
    SQL_META_EACH,
    SQL_META_DELETE,
    SQL_STATE_GET,
    SQL_STATE_PUT,
    SQL_ITEM_INSERT,
    SQL_ITEM_UPDATE,
    SQL_ITEM_DELETE,
    SQL_ITEM_GET,
    SQL_ITEM_GET_KEY,
    SQL_ITEM_VERSION,
    SQL_ITEM_LIST,
    SQL_ITEM_AFTER,
    SQL_IX_ADD,
    SQL_IX_DELETE,
    SQL_IX_HAS,
    SQL_IX_COUNT,
    SQL_IX_LIST,
    SQL_IX_ITEMS,
    SQL_IX_TOTAL,
    SQL_CHANGES,
    SQL_SOUND,
    SQL_COUNT
};

/* How the database was opened. */
enum sqlite_way {
    SQLITE_WAY_LIVE,      /* with SQLite's own locks and shared index */
    SQLITE_WAY_IMMUTABLE, /* read-only, nothing but the database file matters */
    SQLITE_WAY_COPY,      /* read-only, from a private copy */
};

struct sqlite_db {
    struct db head;
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_COUNT];
    enum sqlite_way way;
    char *path;
    struct stat seen, seen_wal; /* not live: what the files looked like */
    int wal_frames;             /* after the last commit of this connection */
    int64_t wal_used, wal_room; /* bytes that the next commit may reach; bytes that the log was seen to have */
    bool wrote;
    int copy; /* descriptor of the copy, -1 otherwise */
};

/* Raises what SQLite answered (sqlite_error.c); `doing` fills "Failed to ….", of rows it is one of these. */
extern const char sqlite_reading[], sqlite_writing[];
HUKS_MUST_USE huks_rc sqlite_raise(sqlite3 *handle, int result, const char *doing);

huks_rc sqlite_make(const struct db_place *place, const struct store_meta *meta, size_t count);
huks_rc sqlite_open_db(const struct db_place *place, bool for_writing, struct db **out);
void sqlite_close_db(struct db *head);
HUKS_MUST_USE huks_rc sqlite_settle(struct db *head, bool everything);
bool sqlite_moved(struct db *db);
/* Grows the WAL file ahead of the commit to come, so that the commit's sync has no new size to record. */
void sqlite_reserve_wal(struct sqlite_db *db);

/* true when the write-ahead log holds pages that the database file lacks (sqlite_wal.c). */
HUKS_MUST_USE huks_rc sqlite_wal_needed(const char *path, const char *wal_path, bool *needed);

#endif
