/*
 * What is done with records: add, change, remove, read. Each change is one durable transaction with the
 * record, its index rows and the set hash in it.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

/* One change under way. */
struct change {
    struct store_token *token;
    struct crypto *crypto;
    struct writing writing;
    struct open_keys open;
    struct set_hash set;
    struct db *db;
};

static void change_end(struct change *change)
{
    open_keys_end(&change->open);
    writing_end(&change->writing);
}

static huks_rc change_begin(struct store_token *token, const struct store_keys *keys, struct change *change)
{
    *change = (struct change){.token = token, .crypto = token->store->crypto};
    HUKS_TRY(writing_begin(token, &change->writing));
    change->db = change->writing.db;
    writing_touches(&change->writing, TOUCHED_RECORDS);
    HUKS_TRY(open_keys_begin(token, change->db->life, keys, &change->open));
    return set_hash_load(change->crypto, &change->open, change->db, &change->set);
}

static huks_rc change_commit(struct change *change)
{
    HUKS_TRY(set_hash_store(change->crypto, &change->open, change->db, &change->set));
    return writing_commit(&change->writing);
}

static huks_rc absent(void)
{
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}

/* ---- removing ---- */

static huks_rc remove_item(struct change *change, const struct db_item *item)
{
    HUKS_TRY(index_change(change->db, item->id, &item->hashes, NULL));
    HUKS_TRY(change->db->backend->item_delete(change->db, item->id));
    return set_hash_subtract(&change->open, &change->set, item->id, item->version);
}

static huks_rc remove_id(struct change *change, uint64_t id)
{
    AUTO(db_item_free) struct db_item item = {0};
    HUKS_TRY(change->db->backend->item_get(change->db, id, false, &item));
    /* A class that never was is damage: such a record may go. */
    if (item.class < STORE_CLASSES && !class_visible(&change->open, item.class)) {
        return absent();
    }
    return remove_item(change, &item);
}

huks_rc store_remove(struct store_token *token, const struct store_keys *keys, const uint64_t *ids,
                     size_t count)
{
    AUTO(change_end) struct change change = {0};
    HUKS_TRY(change_begin(token, keys, &change));
    for (size_t i = 0; i < count; i++) {
        huks_rc rc = remove_id(&change, ids[i]);
        if (rc == HUKS_E_NOT_EXIST && i > 0) {
            error_clear();
            continue;
        }
        HUKS_TRY(rc);
    }
    return change_commit(&change);
}

/* ---- the alias ---- */

static uint32_t level_of(const OH_Huks_ParamSet *params, enum store_class class)
{
    static const uint32_t levels[STORE_CLASSES] = {
        [STORE_DE] = OH_HUKS_AUTH_STORAGE_LEVEL_DE,
        [STORE_CE] = OH_HUKS_AUTH_STORAGE_LEVEL_CE,
        [STORE_ECE] = OH_HUKS_AUTH_STORAGE_LEVEL_ECE,
        [STORE_PIN_BOUND] = OH_HUKS_AUTH_STORAGE_LEVEL_CE,
    };
    return param_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, levels[class]);
}

/* Does this record hold the alias at the level? One whose attributes are damaged does if it is of the class.
 */
static huks_rc holds_alias(struct change *change, const struct db_item *item,
                           const struct store_record *wanted, bool *holds)
{
    AUTO(store_record_free) struct store_record record = {0};
    huks_rc rc = record_open(change->crypto, &change->open, change->db->life, item, false, &record);
    if (rc == HUKS_E_INTERNAL) {
        error_clear();
        *holds = item->class == wanted->class;
        return HUKS_OK;
    }
    HUKS_TRY(rc);
    *holds = bytes_equal(param_bytes(record.params, HUKS_TAG_ALIAS),
                         param_bytes(wanted->params, HUKS_TAG_ALIAS)) &&
             level_of(record.params, record.class) == level_of(wanted->params, wanted->class);
    return HUKS_OK;
}

static huks_rc meet_alias(struct change *change, const struct store_record *wanted, uint64_t id,
                          enum store_alias_rule rule)
{
    AUTO(db_item_free) struct db_item item = {0};
    bool holds = false;
    huks_rc rc = change->db->backend->item_get(change->db, id, false, &item);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear(); /* a row of the index that damage left behind */
        return HUKS_OK;
    }
    HUKS_TRY(rc);
    HUKS_TRY(holds_alias(change, &item, wanted, &holds));
    if (!holds) {
        return HUKS_OK;
    }
    return rule == STORE_ALIAS_REPLACE ? remove_item(change, &item)
                                       : error_raise(HUKS_E_ALIAS_EXISTS, ABOUT_ATTRIBUTE, NULL);
}

/* The public half of a private key's pair lies in another class: every class that is open is asked. */
static huks_rc claim_alias(struct change *change, const struct store_record *wanted, uint64_t except,
                           enum store_alias_rule rule, uint8_t used)
{
    struct bytes alias = param_bytes(wanted->params, HUKS_TAG_ALIAS);
    if (!param_has(wanted->params, HUKS_TAG_ALIAS)) {
        return HUKS_OK;
    }
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        enum store_class class = (enum store_class)i;
        AUTO(ids_free) struct ids ids = {0};
        uint64_t hash;
        if ((used >> i & 1) == 0 || change->open.of[attrs_class(class)] == NULL) {
            continue;
        }
        HUKS_TRY(index_hash(&change->open, class, HUKS_TAG_ALIAS, alias, &hash));
        HUKS_TRY(change->db->backend->ix_list(change->db, hash, INT64_MAX, &ids));
        for (size_t j = 0; j < ids.count; j++) {
            if (ids.list[j] != except) {
                HUKS_TRY(meet_alias(change, wanted, ids.list[j], rule));
            }
        }
    }
    return HUKS_OK;
}

/* A record that keeps its alias meets nobody but the other half of its pair. */
static huks_rc claim_new_alias(struct change *change, const struct store_record *wanted,
                               const struct db_item *old)
{
    uint64_t hash;
    uint8_t used = 0;
    struct bytes alias = param_bytes(wanted->params, HUKS_TAG_ALIAS);
    HUKS_TRY(index_hash(&change->open, wanted->class, HUKS_TAG_ALIAS, alias, &hash));
    if (index_lists(&old->hashes, hash)) {
        return HUKS_OK;
    }
    HUKS_TRY(classes_used(change->db, GENERATION_UNKNOWN, &used));
    return claim_alias(change, wanted, old->id, STORE_ALIAS_UNIQUE, used);
}

/* ---- adding ---- */

static huks_rc add_one(struct change *change, struct store_record *record)
{
    AUTO(db_item_free)
    struct db_item item = {.id = record->id,
                           .version = record->version,
                           .key_version = record->version,
                           .pair = record->pair,
                           .class = record->class};
    HUKS_TRY(index_hashes(&change->open, record->class, record->params, &item.hashes));
    HUKS_TRY(record_seal(change->crypto, &change->open, change->db->life, record, &item, true));
    HUKS_TRY(change->db->backend->item_insert(change->db, &item));
    HUKS_TRY(index_change(change->db, item.id, NULL, &item.hashes));
    return set_hash_add(&change->open, &change->set, item.id, item.version);
}

static huks_rc add_all(struct change *change, struct store_record *records, size_t count,
                       enum store_alias_rule rule)
{
    uint8_t used = 0, added = 0;
    HUKS_TRY(classes_used(change->db, GENERATION_UNKNOWN, &used));
    /* Before any is there: the halves of a pair share their alias. */
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(claim_alias(change, &records[i], 0, rule, used));
        added |= (uint8_t)(1U << records[i].class);
    }
    HUKS_TRY(classes_note(change->db, used, added));
    for (size_t i = 0; i < count; i++) {
        records[i].id = change->set.next + i;
        records[i].version = 1;
        records[i].pair = count == 2 ? change->set.next + (1 - i) : 0;
    }
    change->set.next += count;
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(add_one(change, &records[i]));
    }
    return change_commit(change);
}

huks_rc store_add(struct store_token *token, const struct store_keys *keys, struct store_record *records,
                  size_t count, enum store_alias_rule rule)
{
    AUTO(change_end) struct change change = {0};
    if (count < 1 || count > 2 || (unsigned)records[0].class >= STORE_CLASSES ||
        (unsigned)records[count - 1].class >= STORE_CLASSES) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    HUKS_TRY(change_begin(token, keys, &change));
    huks_rc rc = add_all(&change, records, count, rule);
    for (size_t i = 0; rc != HUKS_OK && i < count; i++) {
        records[i].id = records[i].version = records[i].pair = 0;
    }
    return rc;
}

/* ---- changing ---- */

huks_rc store_change(struct store_token *token, const struct store_keys *keys, struct store_record *record)
{
    AUTO(change_end) struct change change = {0};
    AUTO(db_item_free) struct db_item old = {0};
    AUTO(db_item_free) struct db_item item = {0};
    HUKS_TRY(change_begin(token, keys, &change));
    HUKS_TRY(change.db->backend->item_get(change.db, record->id, false, &old));
    if (!class_visible(&change.open, old.class)) {
        return absent();
    }
    if (old.version != record->version || old.class != (uint32_t)record->class) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    HUKS_TRY(claim_new_alias(&change, record, &old));
    item.id = old.id;
    item.version = old.version + 1;
    item.key_version = old.key_version;
    item.pair = old.pair;
    item.class = old.class;
    HUKS_TRY(index_hashes(&change.open, record->class, record->params, &item.hashes));
    HUKS_TRY(record_seal(change.crypto, &change.open, change.db->life, record, &item, false));
    HUKS_TRY(change.db->backend->item_update(change.db, &item));
    HUKS_TRY(index_change(change.db, item.id, &old.hashes, &item.hashes));
    HUKS_TRY(set_hash_subtract(&change.open, &change.set, old.id, old.version));
    HUKS_TRY(set_hash_add(&change.open, &change.set, item.id, item.version));
    HUKS_TRY(change_commit(&change));
    record->version = item.version;
    return HUKS_OK;
}

/* ---- reading ---- */

huks_rc store_read(struct store_token *token, const struct store_keys *keys, uint64_t id, bool with_key,
                   struct store_record *record)
{
    AUTO(reading_end) struct reading reading = {0};
    AUTO(open_keys_end) struct open_keys open = {0};
    AUTO(db_item_free) struct db_item item = {0};
    *record = (struct store_record){0};
    HUKS_TRY(reading_begin(token, false, &reading));
    uint64_t life = reading.db->life;
    HUKS_TRY(reading.db->backend->item_get(reading.db, id, with_key, &item));
    reading_end(&reading); /* others may use the connection while we decrypt */
    HUKS_TRY(open_keys_begin(token, life, keys, &open));
    if (item.class < STORE_CLASSES && !class_visible(&open, item.class)) {
        return absent();
    }
    huks_rc rc = record_open(token->store->crypto, &open, life, &item, with_key, record);
    if (rc != HUKS_OK) {
        store_record_free(record);
    }
    return rc;
}

huks_rc store_version(struct store_token *token, uint64_t id, uint64_t *version)
{
    AUTO(reading_end) struct reading reading = {0};
    HUKS_TRY(reading_begin(token, false, &reading));
    return reading.db->backend->item_version(reading.db, id, version);
}
