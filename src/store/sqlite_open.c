/*
 * Opening and closing SQLite connections: modes, side files, durability.
 *
 * A writable store: write-ahead log, synchronous=FULL; a commit is one sync of the log, into space that
 * was written before. The log and its index stay on disk when the last connection closes, so that closing
 * for a fork costs nothing. A store that can't be written: SQLite's own way first (it reads a live store,
 * or a dead one whose index file is there); else, when the log adds nothing, the database file alone as
 * immutable; else a private copy, recovered there and unlinked at once. Acknowledged keys are never hidden.
 *
 * Nothing here touches SQLite's global configuration: the host shares the library. And nothing opens a
 * database file by other means while a connection to it exists: closing the descriptor would drop SQLite's
 * POSIX locks.
 */
#include "store/inside.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINT_FRAMES 1000 /* of the log, then it is written back into the database      */
#define SETTLE_FRAMES     64   /* at close: a log longer than this makes the next open slow  */
#define RESERVE_STEP_MIN  (128 * 1024)
#define RESERVE_STEP_MAX  (1024 * 1024)
#define FRAME_SIZE        (4096 + 24)
#define READER_CACHE_KIB  "1024"
#define WRITER_CACHE_KIB  "4096"

static const char schema[] =
    "PRAGMA page_size=4096;"
    "PRAGMA application_id=0x48554B53;"
    "PRAGMA journal_mode=WAL;"
    "BEGIN;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one=1), next INTEGER NOT NULL, seal BLOB NOT NULL);"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, key_version INTEGER NOT NULL,"
    " pair INTEGER NOT NULL, class INTEGER NOT NULL, hashes BLOB NOT NULL, attrs BLOB NOT NULL,"
    " key BLOB NOT NULL);"
    "CREATE TABLE ix(hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(hash,id)) WITHOUT ROWID;"
    "INSERT INTO state VALUES(1,1,x'');"
    "COMMIT;";

/* ---- waiting ---- */

/* Sleeps a little longer each time, at most SQLITE_BUSY_SECONDS in all. */
static int busy(void *argument, int count)
{
    (void)argument;
    static const int first[] = {50, 100, 200, 500, 1000, 2000};
    int us = count < (int)ARRAY_SIZE(first) ? first[count] : 5000;
    if (count > SQLITE_BUSY_SECONDS * 200) {
        return 0;
    }
    (void)usleep((useconds_t)us);
    return 1;
}

/* ---- the log ---- */

static sqlite3_file *wal_file(struct sqlite_db *db)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL) {
        return NULL;
    }
    return file;
}

/*
 * Writing into fresh space makes the file system record a new size with each sync, which doubles its cost
 * (measured on ext4). Zeros written ahead are no frames to SQLite. Never fatal: without them the commit
 * only takes longer.
 *
 * The size is asked for only when the room that was seen last is used up, or the log began anew, as it does when
 * somebody cut it: since Linux 6.13 a file whose times were looked at gets a new time with the next write, and
 * the sync writes its inode out with it.
 *
 * Not into a log that was cut to nothing: SQLite writes and syncs its header first. Were the power to go before
 * that, with the cut lost and some of the zeros not, a part of the old log would be left that looks whole, and
 * the pages in it would be taken for newer than the database's.
 */
void sqlite_reserve_wal(struct sqlite_db *db)
{
    static const uint8_t zeros[64 * 1024];
    int64_t used = 32 + (int64_t)(db->wal_frames + 16) * FRAME_SIZE;
    if (used < db->wal_used) {
        db->wal_room = 0;
    }
    db->wal_used = used;
    if (used < db->wal_room) {
        return;
    }
    sqlite3_file *file = wal_file(db);
    sqlite3_int64 size = 0;
    if (file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return;
    }
    if (size > 0 && used >= size) {
        int64_t step = size < RESERVE_STEP_MIN   ? RESERVE_STEP_MIN
                       : size > RESERVE_STEP_MAX ? RESERVE_STEP_MAX
                                                 : size;
        int64_t end = used + step;
        while (size < end) {
            int chunk = end - size < (int64_t)sizeof(zeros) ? (int)(end - size) : (int)sizeof(zeros);
            if (file->pMethods->xWrite(file, zeros, chunk, size) != SQLITE_OK) {
                (void)file->pMethods->xTruncate(file, size); /* a full disk: leave the rest to the commit */
                break;
            }
            size += chunk;
        }
    }
    db->wal_room = size;
}

static int committed(void *argument, sqlite3 *handle, const char *name, int frames)
{
    struct sqlite_db *db = argument;
    db->wrote = true;
    db->wal_frames = frames;
    if (frames >= CHECKPOINT_FRAMES) {
        int left = 0, done = 0;
        /* Readers in the way or a full disk: the next commit tries again. */
        if (sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, &left, &done) == SQLITE_OK &&
            left == done) {
            db->wal_frames = 0;
        }
    }
    return SQLITE_OK;
}

huks_rc sqlite_settle(struct db *head, bool everything)
{
    struct sqlite_db *db = (struct sqlite_db *)head;
    int result = SQLITE_OK;
    if (db->way == SQLITE_WAY_LIVE && head->writable &&
        (everything || (db->wrote && db->wal_frames > SETTLE_FRAMES))) {
        if (!everything) {
            (void)sqlite3_busy_handler(db->handle, NULL, NULL); /* closing waits for nobody */
        }
        result = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        db->wal_frames = 0;
    }
    return result == SQLITE_OK ? HUKS_OK : sqlite_raise(db->handle, result, "write the key file");
}

/* ---- closing ---- */

void sqlite_close_db(struct db *head)
{
    struct sqlite_db *db = (struct sqlite_db *)head;
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(db->statements[i]);
    }
    (void)sqlite3_close_v2(db->handle);
    free(db->path);
    free(db);
}

static void close_ptr(struct sqlite_db **db)
{
    if (*db != NULL) {
        sqlite_close_db(&(*db)->head);
    }
}

/* ---- opening ---- */

static huks_rc execute(sqlite3 *handle, const char *sql, const char *doing)
{
    int result = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? HUKS_OK : sqlite_raise(handle, result, doing);
}

static huks_rc pragma_number(sqlite3 *handle, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    huks_rc rc = HUKS_OK;
    if (result == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
    } else {
        rc = sqlite_raise(handle, result, sqlite_reading);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* What every connection needs, whatever the host's SQLite was built with. */
static huks_rc set_up(struct sqlite_db *db, bool for_writing)
{
    sqlite3 *handle = db->handle;
    (void)sqlite3_extended_result_codes(handle, 1);
    (void)sqlite3_busy_handler(handle, busy, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int persist = 1;
    (void)sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    HUKS_TRY(execute(handle,
                     for_writing ? "PRAGMA cache_size=-" WRITER_CACHE_KIB ";PRAGMA synchronous=FULL;"
                                   "PRAGMA wal_autocheckpoint=0;PRAGMA temp_store=MEMORY;PRAGMA mmap_size=0;"
                                   "PRAGMA secure_delete=ON;PRAGMA journal_size_limit=-1;"
                                 : "PRAGMA cache_size=-" READER_CACHE_KIB ";PRAGMA temp_store=MEMORY;"
                                   "PRAGMA mmap_size=0;PRAGMA query_only=ON;",
                     "open the key file"));
    if (for_writing) {
        (void)sqlite3_wal_hook(handle, committed, db);
    }
    return HUKS_OK;
}

/* The first access to the file: it is ours, of a format we know, and names its life. */
static huks_rc recognise(struct sqlite_db *db)
{
    int64_t number = 0;
    HUKS_TRY(pragma_number(db->handle, "PRAGMA schema_version", &number));
    if (number == 0) {
        return store_raise_size();
    }
    HUKS_TRY(pragma_number(db->handle, "PRAGMA application_id", &number));
    if (number != SQLITE_APPLICATION_ID) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(pragma_number(db->handle, "PRAGMA user_version", &number));
    if (number < 1 || number > STORE_FORMAT) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    return HUKS_OK;
}

static char *with_suffix(const char *path, const char *suffix)
{
    return text_format("%s%s", path, suffix);
}

static huks_rc connect_to(const char *name, int flags, bool for_writing, struct sqlite_db *db)
{
    int result =
        sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    if (result != SQLITE_OK) {
        return sqlite_raise(db->handle, result, "open the key file");
    }
    /* SQLite takes what it can't open for writing for reading, whatever the reason was. */
    if (for_writing && (flags & SQLITE_OPEN_READWRITE) != 0 && sqlite3_db_readonly(db->handle, "main") == 1 &&
        access(name, W_OK) == 0) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "open the key file");
    }
    return set_up(db, for_writing);
}

static void disconnect(struct sqlite_db *db)
{
    (void)sqlite3_close_v2(db->handle);
    db->handle = NULL;
}

static huks_rc open_live(const struct db_place *place, bool for_writing, struct sqlite_db *db)
{
    int flags = SQLITE_OPEN_NOFOLLOW | (place->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    db->way = SQLITE_WAY_LIVE;
    HUKS_TRY(connect_to(place->path, flags, for_writing, db));
    HUKS_TRY(recognise(db));
    db->head.writable = !place->read_only && sqlite3_db_readonly(db->handle, "main") == 0;
    return HUKS_OK;
}

/* "file:" form of a path: everything that could mean something in a URI is escaped. */
static huks_rc uri_of(const char *path, const char *query, char **out)
{
    size_t size = strlen(path);
    char *uri = malloc(5 + 3 * size + strlen(query) + 1);
    if (uri == NULL) {
        return error_no_memory();
    }
    char *to = stpcpy(uri, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (strchr("?#%", *c) != NULL) {
            static const char digits[] = "0123456789ABCDEF";
            *to++ = '%';
            *to++ = digits[(uint8_t)*c >> 4];
            *to++ = digits[(uint8_t)*c & 15];
        } else {
            *to++ = *c;
        }
    }
    (void)stpcpy(to, query);
    *out = uri;
    return HUKS_OK;
}

static huks_rc open_immutable(const struct db_place *place, struct sqlite_db *db)
{
    AUTO(memory_free_ptr) char *uri = NULL;
    HUKS_TRY(uri_of(place->path, "?immutable=1", &uri));
    db->way = SQLITE_WAY_IMMUTABLE;
    HUKS_TRY(connect_to(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW, false, db));
    return recognise(db);
}

static huks_rc copy_file(const char *from, const char *to)
{
    static const char copying[] = "copy the key file";
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, sqlite_reading);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    huks_rc rc = out < 0 ? error_raise(HUKS_E_FILE, ABOUT_FILE, copying) : HUKS_OK;
    uint8_t block[16 * 1024];
    while (rc == HUKS_OK) {
        ssize_t got = read(in, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            rc = got < 0 ? error_raise(HUKS_E_FILE, ABOUT_FILE, sqlite_reading) : HUKS_OK;
            break;
        }
        rc = store_write_all(out, block, (size_t)got, copying);
    }
    (void)close(in);
    if (out >= 0) {
        (void)close(out);
    }
    return rc;
}

/* SQLite needs names to open, so the copy has some for a moment, in a directory nobody else can enter. */
static huks_rc open_copy_in(const char *directory, const struct db_place *place, const char *wal,
                            struct sqlite_db *db)
{
    AUTO(memory_free_ptr) char *copy = with_suffix(directory, "/copy");
    AUTO(memory_free_ptr) char *copy_wal = with_suffix(directory, "/copy-wal");
    if (copy == NULL || copy_wal == NULL) {
        return error_no_memory();
    }
    db->way = SQLITE_WAY_COPY;
    huks_rc rc = copy_file(place->path, copy);
    if (rc == HUKS_OK) {
        rc = copy_file(wal, copy_wal);
    }
    if (rc == HUKS_OK) {
        rc = connect_to(copy, SQLITE_OPEN_READWRITE, false, db);
    }
    if (rc == HUKS_OK) {
        rc = execute(db->handle, "PRAGMA locking_mode=EXCLUSIVE;", "open the key file");
    }
    if (rc == HUKS_OK) {
        rc = recognise(db);
    }
    (void)unlink(copy);
    (void)unlink(copy_wal);
    (void)rmdir(directory);
    return rc;
}

static huks_rc open_copy(const struct db_place *place, const char *wal, struct sqlite_db *db)
{
    const char *variable = secure_getenv("TMPDIR");
    const char *parents[] = {variable, "/dev/shm", "/tmp", "/var/tmp"};
    for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
        if (parents[i] == NULL || parents[i][0] != '/') {
            continue;
        }
        AUTO(memory_free_ptr) char *directory = with_suffix(parents[i], "/huks-XXXXXX");
        if (directory != NULL && mkdtemp(directory) != NULL) {
            huks_rc rc = open_copy_in(directory, place, wal, db);
            if (rc == HUKS_OK || error_code() == HUKS_E_INTERNAL) {
                return rc;
            }
            disconnect(db);
        }
    }
    return error_raise(HUKS_E_FILE, ABOUT_FILE, "copy the key file of a store that can't be written");
}

static void look(const char *path, struct stat *seen)
{
    if (stat(path, seen) != 0) {
        memset(seen, 0, sizeof(*seen));
    }
}

static bool same_look(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static huks_rc open_frozen(const struct db_place *place, struct sqlite_db *db)
{
    AUTO(memory_free_ptr) char *wal = with_suffix(place->path, "-wal");
    if (wal == NULL) {
        return error_no_memory();
    }
    look(place->path, &db->seen);
    look(wal, &db->seen_wal);
    bool needed = false;
    HUKS_TRY(sqlite_wal_needed(place->path, wal, &needed));
    db->head.alone = needed;
    return needed ? open_copy(place, wal, db) : open_immutable(place, db);
}

bool sqlite_moved(struct db *head)
{
    struct sqlite_db *db = (struct sqlite_db *)head;
    if (db->way == SQLITE_WAY_LIVE) {
        int moved = 0;
        return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
               moved != 0;
    }
    struct stat now, now_wal;
    AUTO(memory_free_ptr) char *wal = with_suffix(db->path, "-wal");
    if (wal == NULL) {
        return true;
    }
    look(db->path, &now);
    look(wal, &now_wal);
    return !same_look(&now, &db->seen) || !same_look(&now_wal, &db->seen_wal);
}

/* Only what SQLite can't open where nothing may be written is tried another way: damage stays damage. */
static bool refused_to_open(const struct sqlite_db *db)
{
    int result = db->handle != NULL ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    return (result & 0xFF) == SQLITE_CANTOPEN || (result & 0xFF) == SQLITE_READONLY ||
           result == SQLITE_IOERR_SHMOPEN || result == SQLITE_IOERR_SHMMAP || result == SQLITE_IOERR_SHMSIZE;
}

huks_rc sqlite_open_db(const struct db_place *place, bool for_writing, struct db **out)
{
    AUTO(close_ptr) struct sqlite_db *db = calloc(1, sizeof(*db));
    *out = NULL;
    if (db == NULL || (db->path = text_copy(place->path)) == NULL) {
        return error_no_memory();
    }
    db->head.backend = &sqlite_backend;
    huks_rc rc = open_live(place, for_writing, db);
    if (rc != HUKS_OK && place->read_only && refused_to_open(db)) {
        disconnect(db);
        rc = open_frozen(place, db);
    }
    HUKS_TRY(rc);
    *out = &db->head;
    db = NULL;
    error_clear();
    return HUKS_OK;
}

/* ---- making ---- */

static huks_rc fill(struct sqlite_db *db, const struct store_meta *meta, size_t count)
{
    char version[64];
    (void)snprintf(version, sizeof(version), "PRAGMA user_version=%d", STORE_FORMAT);
    HUKS_TRY(execute(db->handle, schema, "write the key file"));
    HUKS_TRY(execute(db->handle, version, "write the key file"));
    HUKS_TRY(execute(db->handle, "BEGIN", "write the key file"));
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(sqlite_backend.meta_put(&db->head, meta[i].name, meta[i].value));
    }
    HUKS_TRY(execute(db->handle, "COMMIT", "write the key file"));
    int result = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return result == SQLITE_OK ? HUKS_OK : sqlite_raise(db->handle, result, "write the key file");
}

huks_rc sqlite_make(const struct db_place *place, const struct store_meta *meta, size_t count)
{
    AUTO(memory_free_ptr) char *wal = with_suffix(place->path, "-wal");
    AUTO(memory_free_ptr) char *shm = with_suffix(place->path, "-shm");
    AUTO(close_ptr) struct sqlite_db *db = calloc(1, sizeof(*db));
    if (wal == NULL || shm == NULL || db == NULL) {
        return error_no_memory();
    }
    db->head.backend = &sqlite_backend;
    db->head.writable = true;
    /* Made by hand: SQLite would take the mode from the umask; its side files take it from this one. */
    int fd = open(place->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fchmod(fd, (mode_t)place->mode) != 0) {
        int reason = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return error_raise(HUKS_E_FILE, store_write_about(reason), "make the key file");
    }
    (void)close(fd);
    huks_rc rc = connect_to(place->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, true, db);
    if (rc == HUKS_OK) {
        rc = fill(db, meta, count);
    }
    close_ptr(&db);
    db = NULL;
    (void)unlink(wal);
    (void)unlink(shm);
    return rc;
}
