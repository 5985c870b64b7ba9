/*
 * The SQLite backend: rows. Statements are a table, prepared at first use and kept with the connection.
 */
#include "store/inside.h"
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* What read_row() reads; most records have no other half, so that there is none to look for. */
#define ROW                                                                                                  \
    "item.id,version,key_version,pair,class,hashes,attrs,"                                                   \
    "CASE pair WHEN 0 THEN 0 ELSE EXISTS(SELECT 1 FROM item q WHERE q.id=item.pair) END"
#define ROW_COLUMNS 8

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT value FROM meta WHERE name=?1",
    [SQL_META_PUT] = "INSERT INTO meta VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
    [SQL_META_BURY] = ("INSERT INTO meta VALUES('store.buried',randomblob(8))"
                       " ON CONFLICT(name) DO UPDATE SET value=excluded.value"),
    [SQL_META_EACH] = "SELECT name,value FROM meta ORDER BY name",
    [SQL_META_DELETE] = "DELETE FROM meta WHERE name=?1",
    [SQL_STATE_GET] = "SELECT next,seal FROM state WHERE one=1",
    [SQL_STATE_PUT] = "UPDATE state SET next=?1,seal=?2 WHERE one=1",
    [SQL_ITEM_INSERT] = ("INSERT INTO item(id,version,key_version,pair,class,hashes,attrs,key)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
    [SQL_ITEM_UPDATE] = "UPDATE item SET version=?2,hashes=?3,attrs=?4 WHERE id=?1",
    [SQL_ITEM_DELETE] = "DELETE FROM item WHERE id=?1",
    [SQL_ITEM_GET] = ("SELECT " ROW " FROM item WHERE id=?1"),
    [SQL_ITEM_GET_KEY] = ("SELECT " ROW ",key FROM item WHERE id=?1"),
    [SQL_ITEM_VERSION] = "SELECT version FROM item WHERE id=?1",
    [SQL_ITEM_LIST] = "SELECT id FROM item WHERE class=?1 ORDER BY id",
    [SQL_ITEM_AFTER] = "SELECT id FROM item WHERE id>?1 ORDER BY id LIMIT 1",
    [SQL_IX_ADD] = "INSERT OR IGNORE INTO ix VALUES(?1,?2)",
    [SQL_IX_DELETE] = "DELETE FROM ix WHERE hash=?1 AND id=?2",
    [SQL_IX_HAS] = "SELECT 1 FROM ix WHERE hash=?1 AND id=?2",
    [SQL_IX_COUNT] = "SELECT count(*) FROM (SELECT 1 FROM ix WHERE hash=?1 LIMIT ?2)",
    [SQL_IX_LIST] = "SELECT id FROM ix WHERE hash=?1 ORDER BY id LIMIT ?2",
    [SQL_IX_ITEMS] = ("SELECT " ROW " FROM ix CROSS JOIN item ON item.id=ix.id"
                      " WHERE hash=?1 ORDER BY ix.id LIMIT ?2"),
    [SQL_IX_TOTAL] = "SELECT count(*) FROM ix",
    [SQL_CHANGES] = "PRAGMA data_version",
    [SQL_SOUND] = "PRAGMA integrity_check(1)",
};

/* ---- statements ---- */

static huks_rc prepared(struct db *head, enum sqlite_statement number, sqlite3_stmt **out)
{
    struct sqlite_db *db = (struct sqlite_db *)head;
    if (db->statements[number] == NULL) {
        int result = sqlite3_prepare_v3(db->handle, statements[number], -1, SQLITE_PREPARE_PERSISTENT,
                                        &db->statements[number], NULL);
        if (result != SQLITE_OK) {
            return sqlite_raise(db->handle, result, sqlite_reading);
        }
    }
    *out = db->statements[number];
    return HUKS_OK;
}

/* For AUTO: a statement that is not reset keeps its read transaction open. */
static void done(sqlite3_stmt **statement)
{
    if (*statement != NULL) {
        (void)sqlite3_reset(*statement);
        (void)sqlite3_clear_bindings(*statement);
    }
}

/* Numbers beyond 63 bits never come: ids count up from 1, hashes are cut. */
static void bind_number(sqlite3_stmt *statement, int place, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, place, (sqlite3_int64)number);
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct bytes value)
{
    (void)sqlite3_bind_blob64(statement, place, value.size > 0 ? (const void *)value.data : "", value.size,
                              SQLITE_STATIC);
}

static struct bytes buffer_view(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

static huks_rc step(struct db *head, sqlite3_stmt *statement, const char *doing, bool *row)
{
    int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        return sqlite_raise(((struct sqlite_db *)head)->handle, result, doing);
    }
    *row = result == SQLITE_ROW;
    return HUKS_OK;
}

static huks_rc change(struct db *head, sqlite3_stmt *statement)
{
    bool row = false;
    if (!head->writable) {
        return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, sqlite_writing);
    }
    return step(head, statement, sqlite_writing, &row);
}

static uint64_t column_number(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

static huks_rc column_bytes(struct db *head, sqlite3_stmt *statement, int column, struct buffer *out)
{
    const void *data = sqlite3_column_blob(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    if (data == NULL && sqlite3_errcode(((struct sqlite_db *)head)->handle) == SQLITE_NOMEM) {
        return error_no_memory();
    }
    out->size = 0;
    return data == NULL ? HUKS_OK : buffer_append(out, data, (size_t)size);
}

/* ---- transactions ---- */

static huks_rc run(struct db *head, enum sqlite_statement number, const char *doing)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    bool row = false;
    HUKS_TRY(prepared(head, number, &statement));
    return step(head, statement, doing, &row);
}

static void rollback(struct db *head)
{
    if (sqlite3_get_autocommit(((struct sqlite_db *)head)->handle) == 0) {
        head->broken = run(head, SQL_ROLLBACK, sqlite_writing) != HUKS_OK;
    }
}

static huks_rc begin(struct db *head, bool write)
{
    if (write && !head->writable) {
        return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, sqlite_writing);
    }
    return run(head, write ? SQL_BEGIN_WRITE : SQL_BEGIN, write ? sqlite_writing : sqlite_reading);
}

/*
 * A commit whose sync failed may lie whole in the log, and would come to life when the log is next recovered:
 * after the caller was told that nothing happened. The next commit takes its place, so one is made that
 * means nothing (but changes something, else SQLite would not write it). Where that fails too the disk is
 * gone, and what becomes of the first nobody can say.
 */
static void bury(struct db *head)
{
    huks_rc rc = run(head, SQL_BEGIN_WRITE, sqlite_writing);
    if (rc == HUKS_OK) {
        rc = run(head, SQL_META_BURY, sqlite_writing);
    }
    if (rc == HUKS_OK) {
        rc = run(head, SQL_COMMIT, sqlite_writing);
    }
    if (rc != HUKS_OK) {
        rollback(head);
        head->broken = true;
    }
}

static huks_rc commit(struct db *head)
{
    struct sqlite_db *db = (struct sqlite_db *)head;
    bool wrote = head->writable && sqlite3_txn_state(db->handle, "main") == SQLITE_TXN_WRITE;
    if (wrote) {
        sqlite_reserve_wal(db);
    }
    huks_rc rc = run(head, SQL_COMMIT, sqlite_writing);
    if (rc != HUKS_OK) {
        enum error_about about = error_about();
        rollback(head);
        if (wrote && !head->broken) {
            bury(head);
        }
        return error_raise(rc, about, about == ABOUT_FILE || about == ABOUT_READ_ONLY ? sqlite_writing : NULL);
    }
    return rc;
}

/* ---- metadata and state ---- */

static huks_rc meta_get(struct db *head, const char *name, struct buffer *value)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    bool row = false;
    HUKS_TRY(prepared(head, SQL_META_GET, &statement));
    (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    HUKS_TRY(step(head, statement, sqlite_reading, &row));
    if (!row) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_NOTHING, NULL);
    }
    return column_bytes(head, statement, 0, value);
}

static huks_rc meta_put(struct db *head, const char *name, struct bytes value)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_META_PUT, &statement));
    (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bind_bytes(statement, 2, value);
    return change(head, statement);
}

static huks_rc meta_delete(struct db *head, const char *name)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_META_DELETE, &statement));
    (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return change(head, statement);
}

static huks_rc meta_each(struct db *head,
                         huks_rc (*visit)(const char *name, struct bytes value, void *argument),
                         void *argument)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_META_EACH, &statement));
    for (;;) {
        AUTO(buffer_free) struct buffer value = {0};
        bool row = false;
        HUKS_TRY(step(head, statement, sqlite_reading, &row));
        if (!row) {
            return HUKS_OK;
        }
        const unsigned char *name = sqlite3_column_text(statement, 0);
        if (name == NULL) {
            return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
        }
        HUKS_TRY(column_bytes(head, statement, 1, &value));
        HUKS_TRY(visit((const char *)name, bytes_of(value.data, value.size), argument));
    }
}

static huks_rc state_get(struct db *head, uint64_t *next, struct buffer *sealed)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    bool row = false;
    HUKS_TRY(prepared(head, SQL_STATE_GET, &statement));
    HUKS_TRY(step(head, statement, sqlite_reading, &row));
    if (!row) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    *next = column_number(statement, 0);
    return column_bytes(head, statement, 1, sealed);
}

static huks_rc state_put(struct db *head, uint64_t next, struct bytes sealed)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_STATE_PUT, &statement));
    bind_number(statement, 1, next);
    bind_bytes(statement, 2, sealed);
    return change(head, statement);
}

/* ---- items ---- */

static huks_rc item_insert(struct db *head, const struct db_item *item)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_INSERT, &statement));
    bind_number(statement, 1, item->id);
    bind_number(statement, 2, item->version);
    bind_number(statement, 3, item->key_version);
    bind_number(statement, 4, item->pair);
    bind_number(statement, 5, item->class);
    bind_bytes(statement, 6, buffer_view(&item->hashes));
    bind_bytes(statement, 7, buffer_view(&item->attrs));
    bind_bytes(statement, 8, buffer_view(&item->key));
    return change(head, statement);
}

static huks_rc item_update(struct db *head, const struct db_item *item)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_UPDATE, &statement));
    bind_number(statement, 1, item->id);
    bind_number(statement, 2, item->version);
    bind_bytes(statement, 3, buffer_view(&item->hashes));
    bind_bytes(statement, 4, buffer_view(&item->attrs));
    return change(head, statement);
}

static huks_rc item_delete(struct db *head, uint64_t id)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_DELETE, &statement));
    bind_number(statement, 1, id);
    return change(head, statement);
}

static huks_rc read_row(struct db *head, sqlite3_stmt *statement, struct db_item *item)
{
    item->id = column_number(statement, 0);
    item->version = column_number(statement, 1);
    item->key_version = column_number(statement, 2);
    item->pair = column_number(statement, 3);
    item->class = (uint32_t)column_number(statement, 4);
    item->pair_exists = column_number(statement, 7) != 0;
    HUKS_TRY(column_bytes(head, statement, 5, &item->hashes));
    return column_bytes(head, statement, 6, &item->attrs);
}

static huks_rc item_get(struct db *head, uint64_t id, bool with_key, struct db_item *item)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    bool row = false;
    HUKS_TRY(prepared(head, with_key ? SQL_ITEM_GET_KEY : SQL_ITEM_GET, &statement));
    bind_number(statement, 1, id);
    HUKS_TRY(step(head, statement, sqlite_reading, &row));
    if (!row) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
    }
    HUKS_TRY(read_row(head, statement, item));
    return with_key ? column_bytes(head, statement, ROW_COLUMNS, &item->key) : HUKS_OK;
}

static huks_rc ask_number(struct db *head, sqlite3_stmt *statement, uint64_t *number)
{
    bool row = false;
    *number = 0;
    HUKS_TRY(step(head, statement, sqlite_reading, &row));
    if (row) {
        *number = column_number(statement, 0);
    }
    return HUKS_OK;
}

static huks_rc item_version(struct db *head, uint64_t id, uint64_t *version)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_VERSION, &statement));
    bind_number(statement, 1, id);
    return ask_number(head, statement, version);
}

static huks_rc item_after(struct db *head, uint64_t id, uint64_t *next)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_AFTER, &statement));
    bind_number(statement, 1, id);
    return ask_number(head, statement, next);
}

/* The first column of each row, of a statement that is bound. */
static huks_rc list(struct db *head, sqlite3_stmt *statement, struct ids *ids)
{
    for (;;) {
        bool row = false;
        HUKS_TRY(step(head, statement, sqlite_reading, &row));
        if (!row) {
            return HUKS_OK;
        }
        HUKS_TRY(ids_append(ids, column_number(statement, 0)));
    }
}

static huks_rc item_list(struct db *head, uint32_t class, struct ids *ids)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_ITEM_LIST, &statement));
    bind_number(statement, 1, class);
    return list(head, statement, ids);
}

/* ---- the index ---- */

static huks_rc ix_change(struct db *head, enum sqlite_statement number, uint64_t hash, uint64_t id)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, number, &statement));
    bind_number(statement, 1, hash);
    bind_number(statement, 2, id);
    return change(head, statement);
}

static huks_rc ix_add(struct db *head, uint64_t hash, uint64_t id)
{
    return ix_change(head, SQL_IX_ADD, hash, id);
}

static huks_rc ix_delete(struct db *head, uint64_t hash, uint64_t id)
{
    return ix_change(head, SQL_IX_DELETE, hash, id);
}

static huks_rc ix_has(struct db *head, uint64_t hash, uint64_t id, bool *has)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    uint64_t number;
    HUKS_TRY(prepared(head, SQL_IX_HAS, &statement));
    bind_number(statement, 1, hash);
    bind_number(statement, 2, id);
    HUKS_TRY(ask_number(head, statement, &number));
    *has = number != 0;
    return HUKS_OK;
}

static huks_rc ix_count(struct db *head, uint64_t hash, uint64_t cap, uint64_t *count)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_IX_COUNT, &statement));
    bind_number(statement, 1, hash);
    bind_number(statement, 2, cap);
    return ask_number(head, statement, count);
}

static huks_rc ix_list(struct db *head, uint64_t hash, uint64_t most, struct ids *ids)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, SQL_IX_LIST, &statement));
    bind_number(statement, 1, hash);
    bind_number(statement, 2, most);
    return list(head, statement, ids);
}

static huks_rc ix_items(struct db *head, uint64_t hash, size_t most, struct db_item *items, size_t *found)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    *found = 0;
    HUKS_TRY(prepared(head, SQL_IX_ITEMS, &statement));
    bind_number(statement, 1, hash);
    bind_number(statement, 2, most);
    for (;;) {
        bool row = false;
        HUKS_TRY(step(head, statement, sqlite_reading, &row));
        if (!row) {
            return HUKS_OK;
        }
        struct db_item *item = &items[(*found)++];
        *item = (struct db_item){0};
        HUKS_TRY(read_row(head, statement, item));
    }
}

static huks_rc ask(struct db *head, enum sqlite_statement number, uint64_t *answer)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    HUKS_TRY(prepared(head, number, &statement));
    return ask_number(head, statement, answer);
}

static huks_rc ix_total(struct db *head, uint64_t *count)
{
    return ask(head, SQL_IX_TOTAL, count);
}

static huks_rc changes(struct db *head, uint64_t *number)
{
    return ask(head, SQL_CHANGES, number);
}

static huks_rc sound(struct db *head, bool *is_sound)
{
    AUTO(done) sqlite3_stmt *statement = NULL;
    *is_sound = false;
    HUKS_TRY(prepared(head, SQL_SOUND, &statement));
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        *is_sound = text != NULL && strcmp((const char *)text, "ok") == 0;
        return HUKS_OK;
    }
    return (result & 0xFF) == SQLITE_CORRUPT
               ? HUKS_OK
               : sqlite_raise(((struct sqlite_db *)head)->handle, result, sqlite_reading);
}

const struct backend sqlite_backend = {
    .name = "sqlite",
    .make = sqlite_make,
    .open = sqlite_open_db,
    .close = sqlite_close_db,
    .settle = sqlite_settle,
    .moved = sqlite_moved,
    .changes = changes,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .meta_get = meta_get,
    .meta_put = meta_put,
    .meta_delete = meta_delete,
    .meta_each = meta_each,
    .state_get = state_get,
    .state_put = state_put,
    .item_insert = item_insert,
    .item_update = item_update,
    .item_delete = item_delete,
    .item_get = item_get,
    .item_version = item_version,
    .item_list = item_list,
    .item_after = item_after,
    .ix_add = ix_add,
    .ix_delete = ix_delete,
    .ix_has = ix_has,
    .ix_count = ix_count,
    .ix_list = ix_list,
    .ix_items = ix_items,
    .ix_total = ix_total,
    .sound = sound,
};
