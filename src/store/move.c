/*
 * Moving a token between stores: its metadata and rows as they lie in the database, sealed. Nothing is opened
 * here. A dump is one read transaction; what is loaded goes into a database nobody knows yet, in pieces,
 * since it takes its name as a whole.
 */
#include "store/inside.h"

#include <string.h>

#define ROWS_AT_ONCE 5000 /* in one transaction: bounds the log */

/* ---- out ---- */

static huks_rc dump_rows(struct db *db, const struct store_sink *sink, void *argument)
{
    uint64_t id = 0;
    for (;;) {
        AUTO(db_item_free) struct db_item item = {0};
        HUKS_TRY(db->backend->item_after(db, id, &id));
        if (id == 0) {
            return HUKS_OK;
        }
        HUKS_TRY(db->backend->item_get(db, id, true, &item));
        const struct store_row row = {
            .id = id,
            .version = item.version,
            .key_version = item.key_version,
            .pair = item.pair,
            .class = item.class,
            .hashes = bytes_of(item.hashes.data, item.hashes.size),
            .attrs = bytes_of(item.attrs.data, item.attrs.size),
            .key = bytes_of(item.key.data, item.key.size),
        };
        HUKS_TRY(sink->row(&row, argument));
    }
}

huks_rc store_dump(struct store_token *token, const struct store_sink *sink, void *argument)
{
    AUTO(reading_end) struct reading reading = {0};
    AUTO(buffer_free) struct buffer seal = {0};
    uint64_t next;
    HUKS_TRY(reading_begin(token, true, &reading));
    struct db *db = reading.db;
    HUKS_TRY(db->backend->meta_each(db, sink->meta, argument));
    HUKS_TRY(db->backend->state_get(db, &next, &seal));
    HUKS_TRY(sink->state(next, bytes_of(seal.data, seal.size), argument));
    return dump_rows(db, sink, argument);
}

/* ---- in ---- */

static huks_rc bad_source(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

static huks_rc life_of(const struct store_source *source, uint64_t *life)
{
    *life = 0;
    for (size_t i = 0; i < source->count; i++) {
        if (strcmp(source->meta[i].name, STORE_META_LIFE) == 0 && source->meta[i].value.size == 8) {
            *life = get_u64(source->meta[i].value.data);
        }
    }
    return *life != 0 && *life != STORE_LIFE_ANY ? HUKS_OK : bad_source();
}

static huks_rc put_row(struct db *db, const struct store_row *row)
{
    AUTO(db_item_free)
    struct db_item item = {.id = row->id,
                           .version = row->version,
                           .key_version = row->key_version,
                           .pair = row->pair,
                           .class = row->class};
    HUKS_TRY(buffer_append(&item.hashes, row->hashes.data, row->hashes.size));
    HUKS_TRY(buffer_append(&item.attrs, row->attrs.data, row->attrs.size));
    HUKS_TRY(buffer_append(&item.key, row->key.data, row->key.size));
    HUKS_TRY(db->backend->item_insert(db, &item));
    return index_change(db, item.id, NULL, &item.hashes);
}

/* The rows up to ROWS_AT_ONCE; *end after the last. Damaged ones are moved, too: what is wrong stays known.
 */
static huks_rc put_some(struct db *db, const struct store_source *source, uint64_t *last, bool *end)
{
    for (size_t i = 0; i < ROWS_AT_ONCE; i++) {
        struct store_row row = {0};
        HUKS_TRY(source->next_row(&row, end, source->argument));
        if (*end) {
            return HUKS_OK;
        }
        if (row.id <= *last || row.id > INT64_MAX) {
            return bad_source();
        }
        *last = row.id;
        HUKS_TRY(put_row(db, &row));
    }
    return HUKS_OK;
}

static huks_rc fill(struct db *db, const struct store_source *source)
{
    uint64_t last = 0;
    bool end = false;
    if (source->next == 0 || source->next > INT64_MAX) {
        return bad_source();
    }
    while (!end) {
        HUKS_TRY(db->backend->begin(db, true));
        huks_rc rc = put_some(db, source, &last, &end);
        if (rc == HUKS_OK) {
            rc = db->backend->state_put(db, source->next, source->seal);
        }
        if (rc != HUKS_OK) {
            db->backend->rollback(db);
            return rc;
        }
        HUKS_TRY(db->backend->commit(db));
    }
    return db->backend->settle(db, true);
}

huks_rc move_in(const struct backend *backend, const struct db_place *place,
                const struct store_source *source, uint64_t *life)
{
    struct db *db = NULL;
    HUKS_TRY(life_of(source, life));
    HUKS_TRY(backend->make(place, source->meta, source->count));
    HUKS_TRY(backend->open(place, true, &db));
    huks_rc rc = fill(db, source);
    db->backend->close(db);
    return rc;
}
