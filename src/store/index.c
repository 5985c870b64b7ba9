/*
 * The blind index: rows (hash, record id), where hash is 63 bits of an HMAC over class, tag and value under
 * the class's index key. Without that key a row says nothing but that records share a value.
 *
 * A row costs a page of each commit, because hashes lie anywhere: what is never searched for alone, or
 * means nothing (an empty value), has none.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

bool store_tag_indexed(uint32_t tag)
{
    switch (tag) {
    case HUKS_TAG_OBJECT_CLASS:
    case HUKS_TAG_KEY_TYPE:
    case HUKS_TAG_ALIAS:
    case HUKS_TAG_ID:
    case HUKS_TAG_LABEL:
    case HUKS_TAG_UNIQUE_ID:
    case HUKS_TAG_APPLICATION:
    case HUKS_TAG_OBJECT_ID:
    case HUKS_TAG_VALUE:
    case HUKS_TAG_SUBJECT:
    case HUKS_TAG_ISSUER:
    case HUKS_TAG_SERIAL_NUMBER:
    case HUKS_TAG_HASH_OF_CERTIFICATE:
        return true;
    default:
        return false;
    }
}

static huks_rc compute(struct crypto_hmac *index, enum store_class class, uint32_t tag, struct bytes value,
                       uint64_t *hash)
{
    uint8_t head[5] = {(uint8_t) class};
    uint8_t mac[CRYPTO_SHA256_SIZE];
    put_u32(head + 1, tag);
    const struct bytes pieces[] = {BYTES_OF(head), value};
    HUKS_TRY(crypto_hmac(index, pieces, value.size > 0 ? 2 : 1, mac));
    *hash = get_u64(mac) & INT64_MAX;
    return HUKS_OK;
}

/* Names a value that is worth remembering; 0: it is not. */
static uint64_t memo_name(enum store_class class, uint32_t tag, struct bytes value)
{
    bool named = (tag == HUKS_TAG_OBJECT_CLASS || tag == HUKS_TAG_KEY_TYPE) && value.size == 4;
    return !named ? 0
                  : (uint64_t)1 << 63 | (uint64_t) class << 40 | (uint64_t)(tag == HUKS_TAG_KEY_TYPE) << 32 |
                        get_u32(value.data);
}

#define MEMO_BUSY 1U /* somebody writes the hash */

/* Any thread: a name appears after its hash and stays. When the places are taken, others are computed. */
static huks_rc memo_hash(struct class_keys *keys, uint64_t name, enum store_class class, uint32_t tag,
                         struct bytes value, uint64_t *hash)
{
    for (size_t i = 0; i < INDEX_MEMO; i++) {
        uint64_t seen = atomic_load_explicit(&keys->memo[i].name, memory_order_acquire);
        if (seen == name) {
            *hash = keys->memo[i].hash;
            return HUKS_OK;
        }
        if (seen == 0) {
            HUKS_TRY(compute(keys->index, class, tag, value, hash));
            if (atomic_compare_exchange_strong(&keys->memo[i].name, &seen, MEMO_BUSY)) {
                keys->memo[i].hash = *hash;
                atomic_store_explicit(&keys->memo[i].name, name, memory_order_release);
            }
            return HUKS_OK;
        }
    }
    return compute(keys->index, class, tag, value, hash);
}

huks_rc index_hash(struct open_keys *open, enum store_class class, uint32_t tag, struct bytes value, uint64_t *hash)
{
    struct class_keys *keys = open_index(open, class);
    if (keys == NULL) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_LOGIN, NULL);
    }
    uint64_t name = memo_name(class, tag, value);
    if (name != 0) {
        return memo_hash(keys, name, class, tag, value, hash);
    }
    bool alias = tag == HUKS_TAG_ALIAS && value.size > 0 && value.size <= INDEX_ALIAS_MAX;
    if (alias && bytes_equal(bytes_of(open->alias[class].value, open->alias[class].size), value)) {
        *hash = open->alias[class].hash;
        return HUKS_OK;
    }
    HUKS_TRY(compute(keys->index, class, tag, value, hash));
    if (alias) {
        memcpy(open->alias[class].value, value.data, value.size);
        open->alias[class].size = (uint8_t)value.size;
        open->alias[class].hash = *hash;
    }
    return HUKS_OK;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = get_u64(a), y = get_u64(b);
    return x < y ? -1 : x > y;
}

static huks_rc append_hash(struct buffer *hashes, uint64_t hash)
{
    uint8_t number[8];
    put_u64(number, hash);
    return buffer_append(hashes, number, sizeof(number));
}

/* A parameter's value as it is matched: numbers little-endian. */
static struct bytes match_value(const OH_Huks_Param *param, uint8_t number[8])
{
    switch (tag_type(param->tag)) {
    case OH_HUKS_TAG_TYPE_INT:
    case OH_HUKS_TAG_TYPE_UINT:
        put_u32(number, param->uint32Param);
        return bytes_of(number, 4);
    case OH_HUKS_TAG_TYPE_ULONG:
        put_u64(number, param->uint64Param);
        return bytes_of(number, 8);
    case OH_HUKS_TAG_TYPE_BOOL:
        number[0] = param->boolParam ? 1 : 0;
        return bytes_of(number, 1);
    default:
        return param_blob(param);
    }
}

huks_rc index_hashes(struct open_keys *open, enum store_class class, const OH_Huks_ParamSet *params,
                     struct buffer *hashes)
{
    uint64_t hash;
    for (uint32_t i = 0; params != NULL && i < params->paramsCnt; i++) {
        const OH_Huks_Param *param = &params->params[i];
        uint8_t number[8];
        struct bytes value = match_value(param, number);
        if (store_tag_indexed(param->tag) && value.size > 0) {
            HUKS_TRY(index_hash(open, class, param->tag, value, &hash));
            HUKS_TRY(append_hash(hashes, hash));
        }
    }
    /* Sorted, so that the list does not tell which tag is which, and so that two lists can be compared. */
    if (hashes->size > 8) {
        qsort(hashes->data, hashes->size / 8, 8, compare_hashes);
    }
    return HUKS_OK;
}

bool index_lists(const struct buffer *hashes, uint64_t hash)
{
    for (size_t i = 0; hashes != NULL && i + 8 <= hashes->size; i += 8) {
        if (get_u64(hashes->data + i) == hash) {
            return true;
        }
    }
    return false;
}

huks_rc index_change(struct db *db, uint64_t id, const struct buffer *old, const struct buffer *new)
{
    size_t old_count = old == NULL ? 0 : old->size / 8;
    size_t new_count = new == NULL ? 0 : new->size / 8;
    for (size_t i = 0; i < old_count; i++) {
        uint64_t hash = get_u64(old->data + 8 * i);
        if (!index_lists(new, hash)) {
            HUKS_TRY(db->backend->ix_delete(db, hash, id));
        }
    }
    for (size_t i = 0; i < new_count; i++) {
        uint64_t hash = get_u64(new->data + 8 * i);
        if (!index_lists(old, hash)) {
            HUKS_TRY(db->backend->ix_add(db, hash, id));
        }
    }
    return HUKS_OK;
}

/* ---- searching ---- */

enum { FEW = 8 }; /* records: looking at each is cheaper than finding a better question */

/* A match that there is an index for. */
struct question {
    struct store_match match;
    uint64_t hash; /* of the class that is searched */
};

/* A few rows, as the database gave them. */
struct rows {
    struct db_item items[FEW + 1];
    size_t count;
};

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        db_item_free(&rows->items[i]);
    }
}

/* What is wanted of a class's records. */
struct search {
    struct db *db;
    struct open_keys *open;
    enum store_class class;
    struct question *questions;
    size_t count;
    size_t hashed; /* of the questions, in this class */
    const struct store_reader *reader;
    struct rows read; /* what the reader wants */
};

static void search_end(struct search *search)
{
    rows_free(&search->read);
}

/* The first `count` questions have their hashes then. */
static huks_rc search_hash(struct search *search, size_t count)
{
    for (; search->hashed < count; search->hashed++) {
        struct question *question = &search->questions[search->hashed];
        HUKS_TRY(index_hash(search->open, search->class, question->match.tag, question->match.value,
                            &question->hash));
    }
    return HUKS_OK;
}

/* The one that the record was found by has been answered: a damaged list shows when the record is read. */
static bool lists_others(const struct search *search, size_t which, const struct buffer *hashes)
{
    for (size_t i = 0; i < search->count; i++) {
        if (i != which && !index_lists(hashes, search->questions[i].hash)) {
            return false;
        }
    }
    return true;
}

/* For the reader, when it is one that he wants: he would read it next. */
static void keep_row(struct search *search, struct db_item *item)
{
    const struct store_reader *reader = search->reader;
    if (reader != NULL && search->read.count < FEW && reader->wants(item->id, reader->argument)) {
        search->read.items[search->read.count++] = *item;
        *item = (struct db_item){0};
    }
}

/* The records with this question's hash, if they are few: rows and index are read at once. */
static huks_rc search_rows(struct search *search, size_t which, struct ids *ids, bool *few)
{
    AUTO(rows_free) struct rows rows = {.count = 0};
    HUKS_TRY(search->db->backend->ix_items(search->db, search->questions[which].hash, FEW + 1, rows.items,
                                           &rows.count));
    *few = rows.count <= FEW;
    if (!*few || rows.count == 0) {
        return HUKS_OK;
    }
    HUKS_TRY(search_hash(search, search->count));
    for (size_t i = 0; i < rows.count; i++) {
        if (lists_others(search, which, &rows.items[i].hashes)) {
            HUKS_TRY(ids_append(ids, rows.items[i].id));
            keep_row(search, &rows.items[i]);
        }
    }
    return HUKS_OK;
}

/* The same of many: the others are asked of the index, which lies together. */
static huks_rc search_index(struct search *search, size_t which, struct ids *ids)
{
    size_t kept = ids->count;
    HUKS_TRY(search->db->backend->ix_list(search->db, search->questions[which].hash, INT64_MAX, ids));
    for (size_t i = kept; i < ids->count; i++) {
        bool has = true;
        for (size_t j = 0; j < search->count && has; j++) {
            if (j != which) {
                HUKS_TRY(search->db->backend->ix_has(search->db, search->questions[j].hash, ids->list[i],
                                                     &has));
            }
        }
        if (has) {
            ids->list[kept++] = ids->list[i];
        }
    }
    ids->count = kept;
    return HUKS_OK;
}

/*
 * The question with the fewest answers, and whether they are few. Counting stops at a cap that grows only while
 * every hash reaches it: the cost is bounded by the rarest one.
 */
static huks_rc rarest(struct search *search, size_t *which, bool *few)
{
    *which = 0;
    *few = false;
    for (uint64_t cap = FEW + 1; cap == FEW + 1 || search->count > 1; cap *= 32) {
        uint64_t least = cap;
        for (size_t i = 0; i < search->count && least > 0; i++) {
            uint64_t number;
            HUKS_TRY(search->db->backend->ix_count(search->db, search->questions[i].hash, least, &number));
            if (number < least) {
                least = number;
                *which = i;
            }
        }
        if (least < cap) {
            *few = least <= FEW;
            return HUKS_OK;
        }
    }
    return HUKS_OK;
}

/* What many records share by nature. */
static bool tag_common(uint32_t tag)
{
    return tag == HUKS_TAG_OBJECT_CLASS || tag == HUKS_TAG_KEY_TYPE || tag == HUKS_TAG_APPLICATION;
}

/* The first match is the one that is likely to be rare: where it is, nothing need be counted. */
static huks_rc find_in_class(struct search *search, struct ids *ids)
{
    size_t which = 0;
    bool few = false;
    if (search->count == 0) {
        return search->db->backend->item_list(search->db, search->class, ids);
    }
    HUKS_TRY(search_hash(search, 1));
    if (!tag_common(search->questions[0].match.tag)) {
        HUKS_TRY(search_rows(search, 0, ids, &few));
    }
    if (few) {
        return HUKS_OK;
    }
    HUKS_TRY(search_hash(search, search->count));
    HUKS_TRY(rarest(search, &which, &few));
    return few ? search_rows(search, which, ids, &few) : search_index(search, which, ids);
}

/* The matches that there is an index for, one that may be rare first. */
static size_t indexed(const struct store_match *matches, size_t count, struct question *out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!store_tag_indexed(matches[i].tag) || matches[i].value.size == 0) {
            continue;
        }
        out[used++].match = matches[i];
        if (tag_common(out[0].match.tag) && !tag_common(matches[i].tag)) {
            out[used - 1].match = out[0].match;
            out[0].match = matches[i];
        }
    }
    return used;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* What can't be read now will say so to who asks for it. */
static void read_out(const struct store_token *token, const struct search *search, uint64_t life)
{
    for (size_t i = 0; i < search->read.count; i++) {
        AUTO(store_record_free) struct store_record record = {0};
        if (record_open(token->store->crypto, search->open, life, &search->read.items[i], false, &record) == HUKS_OK) {
            search->reader->take(&record, search->reader->argument);
        } else {
            error_clear();
        }
    }
}

huks_rc store_find(struct store_token *token, const struct store_keys *keys,
                   const struct store_match *matches, size_t count, const struct store_reader *reader,
                   uint64_t **ids, size_t *found)
{
    AUTO(reading_end) struct reading reading = {0};
    AUTO(open_keys_end) struct open_keys open = {0};
    AUTO(ids_free) struct ids all = {0};
    uint8_t used = 0;
    *ids = NULL;
    *found = 0;
    uint64_t moment = generation_now(token->share, TOUCHED_RECORDS);
    HUKS_TRY(reading_begin(token, true, &reading));
    HUKS_TRY(classes_used(reading.db, reading.borrowed ? GENERATION_UNKNOWN : moment, &used));
    HUKS_TRY(open_keys_begin(token, reading.db->life, keys, &open));
    AUTO(memory_free_ptr) struct question *questions = calloc(count + 1, sizeof(*questions));
    if (questions == NULL) {
        return error_no_memory();
    }
    AUTO(search_end) struct search search = {.db = reading.db, .open = &open, .questions = questions, .reader = reader};
    uint64_t life = reading.db->life;
    search.count = indexed(matches, count, questions);
    size_t classes = 0;
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        if ((used >> i & 1) != 0 && class_visible(&open, i)) {
            size_t before = all.count;
            search.class = (enum store_class)i;
            search.hashed = 0;
            HUKS_TRY(find_in_class(&search, &all));
            classes += all.count > before;
        }
    }
    if (classes > 1) {
        qsort(all.list, all.count, sizeof(*all.list), compare_ids);
    }
    reading_end(&reading); /* others may use the connection while we decrypt */
    read_out(token, &search, life);
    *ids = all.list;
    *found = all.count;
    all.list = NULL;
    return HUKS_OK;
}
