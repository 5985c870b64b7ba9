/*
 * Checking a token: its database's structure, every record, every row of the index, the set hash. All of
 * it is of one moment, whatever others write meanwhile.
 */
#include "store/inside.h"

#include <string.h>

struct checking {
    struct store_token *token;
    struct db *db;
    struct open_keys open;
    struct store_check_result *result;
    void (*report)(uint64_t id, const char *what, void *argument);
    void *argument;
    struct set_hash set; /* of what is there */
    uint64_t index_rows;
    uint8_t classes; /* that searches look at */
};

static void bad(struct checking *checking, uint64_t id, const char *what)
{
    checking->result->damaged++;
    if (checking->report != NULL) {
        checking->report(id, what, checking->argument);
    }
}

/* The stored hashes are those of the attributes, and the index has them. */
static huks_rc check_index(struct checking *checking, const struct db_item *item,
                           const struct store_record *record, bool *good)
{
    AUTO(buffer_free) struct buffer hashes = {0};
    HUKS_TRY(index_hashes(&checking->open, record->class, record->params, &hashes));
    *good = bytes_equal(bytes_of(hashes.data, hashes.size), bytes_of(item->hashes.data, item->hashes.size));
    for (size_t i = 0; *good && i < hashes.size; i += 8) {
        uint64_t hash = get_u64(hashes.data + i);
        HUKS_TRY(checking->db->backend->ix_has(checking->db, hash, item->id, good));
        checking->index_rows += *good && (i == 0 || hash != get_u64(hashes.data + i - 8));
    }
    return HUKS_OK;
}

static huks_rc check_item(struct checking *checking, const struct db_item *item)
{
    AUTO(store_record_free) struct store_record record = {0};
    const struct open_keys *open = &checking->open;
    if (item->class < STORE_CLASSES && open->of[attrs_class((enum store_class)item->class)] == NULL) {
        checking->result->locked++;
        checking->index_rows += item->hashes.size / 8;
        return HUKS_OK;
    }
    if (item->class < STORE_CLASSES && (checking->classes >> item->class & 1) == 0) {
        bad(checking, item->id, "class");
        return HUKS_OK;
    }
    /* Key bytes are opened where their class is. */
    bool with_key = item->class < STORE_CLASSES && open->of[item->class] != NULL;
    checking->result->locked += !with_key && item->class < STORE_CLASSES;
    huks_rc rc =
        record_open(checking->token->store->crypto, open, checking->db->life, item, with_key, &record);
    if (rc == HUKS_E_INTERNAL) {
        error_clear();
        bad(checking, item->id, record.params == NULL ? "attributes" : "key");
        return HUKS_OK;
    }
    HUKS_TRY(rc);
    bool good = false;
    HUKS_TRY(check_index(checking, item, &record, &good));
    if (!good) {
        bad(checking, item->id, "index");
    }
    return HUKS_OK;
}

/* false: the rows can't be walked any further. */
static huks_rc check_items(struct checking *checking, bool *whole)
{
    struct db *db = checking->db;
    uint64_t id = 0;
    *whole = false;
    for (;;) {
        AUTO(db_item_free) struct db_item item = {0};
        huks_rc rc = db->backend->item_after(db, id, &id);
        if (rc == HUKS_E_INTERNAL) {
            error_clear();
            return HUKS_OK;
        }
        HUKS_TRY(rc);
        if (id == 0) {
            *whole = true;
            return HUKS_OK;
        }
        checking->result->records++;
        rc = db->backend->item_get(db, id, true, &item);
        if (rc == HUKS_E_INTERNAL || rc == HUKS_E_NOT_EXIST) {
            error_clear();
            bad(checking, id, "record");
            continue;
        }
        HUKS_TRY(rc);
        HUKS_TRY(set_hash_add(&checking->open, &checking->set, item.id, item.version));
        HUKS_TRY(check_item(checking, &item));
    }
}

static huks_rc check_all(struct checking *checking)
{
    struct set_hash stored = {0};
    struct store_check_result *result = checking->result;
    bool whole = false;
    uint64_t rows = 0;
    HUKS_TRY(classes_used(checking->db, GENERATION_UNKNOWN, &checking->classes));
    HUKS_TRY(set_hash_load(checking->token->store->crypto, &checking->open, checking->db, &stored));
    HUKS_TRY(check_items(checking, &whole));
    result->set_hash_ok = whole && stored.known && stored.count == checking->set.count &&
                          memcmp(stored.sum, checking->set.sum, sizeof(stored.sum)) == 0;
    HUKS_TRY(checking->db->backend->sound(checking->db, &result->structure_ok));
    huks_rc rc = checking->db->backend->ix_total(checking->db, &rows);
    if (rc == HUKS_E_INTERNAL) {
        error_clear();
        result->structure_ok = false;
        return HUKS_OK;
    }
    HUKS_TRY(rc);
    /* With damaged records nobody can say how many rows there should be. */
    result->structure_ok =
        result->structure_ok && whole && (result->damaged > 0 || rows == checking->index_rows);
    return HUKS_OK;
}

huks_rc store_check(struct store_token *token, const struct store_keys *keys,
                    void (*report)(uint64_t id, const char *what, void *argument), void *argument,
                    struct store_check_result *result)
{
    AUTO(reading_end) struct reading reading = {0};
    *result = (struct store_check_result){0};
    HUKS_TRY(reading_begin(token, true, &reading));
    struct checking checking = {
        .token = token, .db = reading.db, .result = result, .report = report, .argument = argument};
    huks_rc rc = open_keys_begin(token, reading.db->life, keys, &checking.open);
    if (rc == HUKS_OK) {
        rc = check_all(&checking);
    }
    open_keys_end(&checking.open);
    return rc;
}
