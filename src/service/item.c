/*
 * Items: snapshots, handles, and reading them through the cache.
 */
#include "service/guard.h"
#include "service/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A handle: number << 16 | epoch << 4 | kind. A token object's epoch is the login epoch in which the handle
 * was given out: private items answer to no other, so that handles die at logout.
 */
#define HANDLE_NUMBER_SHIFT 16
#define HANDLE_EPOCH_SHIFT  4
#define HANDLE_EPOCH_MASK   0xfffU
#define HANDLE_KIND_MASK    0xfU
enum handle_kind { HANDLE_TOKEN_OBJECT = 1, HANDLE_SESSION_OBJECT = 2 };

static uint64_t handle_make(uint64_t number, uint32_t epoch, enum handle_kind kind)
{
    return number << HANDLE_NUMBER_SHIFT | (uint64_t)(epoch & HANDLE_EPOCH_MASK) << HANDLE_EPOCH_SHIFT |
           (uint64_t)kind;
}

/* ---- snapshots ---- */

huks_rc item_new(struct token *token, OH_Huks_ParamSet *params, struct item **out)
{
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL) {
        param_set_free(&params);
        return error_no_memory();
    }
    atomic_init(&item->refs, 1);
    item->token = token;
    item->params = params;
    item->is_private = param_bool(params, HUKS_TAG_PRIVATE, false);
    item->class = (enum huks_object_class)param_u32(params, HUKS_TAG_OBJECT_CLASS, HUKS_CLASS_DATA);
    item->alg = param_u32(params, OH_HUKS_TAG_ALGORITHM, 0);
    item->purposes = param_u32(params, OH_HUKS_TAG_PURPOSE, 0);
    item->ruled = auth_ruled(params);
    *out = item;
    return HUKS_OK;
}

struct item *item_ref(struct item *item)
{
    atomic_fetch_add_explicit(&item->refs, 1, memory_order_relaxed);
    return item;
}

void item_unref(struct item *item)
{
    if (item == NULL || atomic_fetch_sub_explicit(&item->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    crypto_key_unref(atomic_load(&item->key));
    param_set_free(&item->params);
    free(item);
}

void item_unref_ptr(struct item **item)
{
    item_unref(*item);
}

uint64_t item_handle(const struct item *item)
{
    return item->handle;
}

uint64_t item_pair(const struct item *item)
{
    return item->pair == 0 ? 0
                           : handle_make(item->pair, auth_epoch(item->token->auth),
                                         item->on_token ? HANDLE_TOKEN_OBJECT : HANDLE_SESSION_OBJECT);
}

const OH_Huks_ParamSet *item_params(const struct item *item)
{
    return item->params;
}

enum huks_object_class item_class(const struct item *item)
{
    return item->class;
}

bool item_on_token(const struct item *item)
{
    return item->on_token;
}

bool item_private(const struct item *item)
{
    return item->is_private;
}

uint32_t item_alg(const struct item *item)
{
    return item->alg;
}

uint32_t item_purposes(const struct item *item)
{
    return item->purposes;
}

size_t item_size(const struct item *item)
{
    return item->params->paramSetSize + item->key_size;
}

void item_unique_id(const struct item *item, char id[33])
{
    uint64_t origin = item->on_token ? item->token->life : item->token->engine->instance;
    snprintf(id, 33, "%016" PRIx64 "%016" PRIx64, origin, item->number);
}

/* ---- reading ---- */

static bool item_visible(const struct item *item)
{
    return !item->is_private || token_private_open(item->token);
}

static huks_rc item_absent(void)
{
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}

/* The snapshot of a record as it was at a generation, and into the cache with it. Takes the record's attributes. */
static huks_rc item_of_record(struct token *token, struct store_record *record, uint64_t generation, struct item **out)
{
    struct item *item = NULL;
    OH_Huks_ParamSet *params = record->params;
    record->params = NULL;
    HUKS_TRY(item_new(token, params, &item));
    item->on_token = true;
    item->number = record->id;
    item->version = record->version;
    item->pair = record->pair;
    item->store_class = record->class;
    item->key_size = record->key.size;
    item->handle = handle_make(record->id, auth_epoch(token->auth), HANDLE_TOKEN_OBJECT);
    atomic_init(&item->generation, generation);
    huks_rc rc = item_table_put(&token->cache, item);
    if (rc != HUKS_OK) {
        item_unref(item);
        return rc;
    }
    *out = item;
    return HUKS_OK;
}

/* Reads a token object and caches it. */
static huks_rc item_load(struct token *token, uint64_t number, struct item **out)
{
    struct store_token *db = atomic_load(&token->db);
    /* Taken first: a change after this moment makes the snapshot count as old. */
    uint64_t generation = store_generation(db);
    AUTO(store_record_free) struct store_record record = {0};
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    huks_rc rc = store_read(db, &keys.keys, number, false, &record);
    token_keys_release(&keys);
    return rc == HUKS_OK ? item_of_record(token, &record, generation, out) : rc;
}

/* Is the cached snapshot what the store holds? One atomic load while nothing changes anywhere. */
static huks_rc item_current(struct item *item, bool *current)
{
    struct store_token *db = atomic_load(&item->token->db);
    uint64_t generation = store_generation(db);
    if (atomic_load_explicit(&item->generation, memory_order_acquire) == generation) {
        *current = true;
        return HUKS_OK;
    }
    uint64_t version = 0;
    HUKS_TRY(store_version(db, item->number, &version));
    *current = version == item->version;
    if (*current) {
        atomic_store_explicit(&item->generation, generation, memory_order_release);
    }
    return HUKS_OK;
}

static huks_rc item_get_on_token(struct token *token, uint64_t number, struct item **out)
{
    struct item *item = item_table_get(&token->cache, number);
    if (item != NULL) {
        bool current = false;
        huks_rc rc = item_current(item, &current);
        if (rc == HUKS_OK && current) {
            *out = item;
            return HUKS_OK;
        }
        item_unref(item);
        item_table_remove(&token->cache, number);
        HUKS_TRY(rc);
    }
    return item_load(token, number, out);
}

huks_rc item_get(struct token *token, uint64_t handle, struct item **out)
{
    uint64_t number = handle >> HANDLE_NUMBER_SHIFT;
    struct item *item = NULL;
    switch (handle & HANDLE_KIND_MASK) {
    case HANDLE_TOKEN_OBJECT:
        if (atomic_load_explicit(&token->db, memory_order_acquire) == NULL) {
            return item_absent();
        }
        HUKS_TRY(item_get_on_token(token, number, &item));
        break;
    case HANDLE_SESSION_OBJECT:
        item = item_table_get(&token->session_objects, number);
        break;
    default:
        break;
    }
    if (item == NULL) {
        return item_absent();
    }
    bool alive = item_visible(item);
    if (alive && item->on_token && item->is_private) {
        uint32_t epoch = (uint32_t)(handle >> HANDLE_EPOCH_SHIFT) & HANDLE_EPOCH_MASK;
        alive = epoch == (auth_epoch(token->auth) & HANDLE_EPOCH_MASK);
    }
    if (!alive) {
        item_unref(item);
        return item_absent();
    }
    *out = item;
    return HUKS_OK;
}

/* ---- keys ---- */

static enum crypto_key_class item_key_class(const struct item *item)
{
    switch (item->class) {
    case HUKS_CLASS_PUBLIC_KEY:
        return CRYPTO_PUBLIC;
    case HUKS_CLASS_PRIVATE_KEY:
        return CRYPTO_PRIVATE;
    default:
        return CRYPTO_SECRET;
    }
}

/* A key of the PIN-bound class lives as long as the PIN: says why not before the store finds it unreadable.
 */
static huks_rc item_check_life(const struct item *item)
{
    if (item->store_class != STORE_PIN_BOUND) {
        return HUKS_OK;
    }
    struct auth_rule rule;
    auth_rule_read(item->params, &rule);
    return auth_check_secure_uid(item->token->auth, rule.secure_uid);
}

static huks_rc item_load_key(struct item *item, struct crypto_key **out)
{
    HUKS_TRY(item_check_life(item));
    struct store_record record = {0};
    struct token_keys keys;
    token_keys_acquire(item->token, &keys);
    huks_rc rc = store_read(atomic_load(&item->token->db), &keys.keys, item->number, true, &record);
    token_keys_release(&keys);
    if (rc == HUKS_OK) {
        rc = crypto_key_decode(item->token->engine->crypto, item_key_class(item), item->alg,
                               secret_bytes(&record.key), out);
    }
    store_record_free(&record);
    return rc;
}

huks_rc item_key(struct item *item, struct crypto_key **out)
{
    struct crypto_key *key = atomic_load_explicit(&item->key, memory_order_acquire);
    if (key == NULL) {
        if (item->class != HUKS_CLASS_PUBLIC_KEY && item->class != HUKS_CLASS_PRIVATE_KEY &&
            item->class != HUKS_CLASS_SECRET_KEY) {
            return item_absent();
        }
        HUKS_TRY(item_load_key(item, &key));
        struct crypto_key *other = NULL;
        if (!atomic_compare_exchange_strong(&item->key, &other, key)) {
            crypto_key_unref(key); /* another thread was first */
            key = other;
        }
    }
    *out = crypto_key_ref(key);
    return HUKS_OK;
}

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

huks_rc item_ready(struct item *item)
{
    HUKS_TRY(guard_check_void(item));
    if (atomic_load_explicit(&item->key, memory_order_acquire) != NULL) {
        return HUKS_OK;
    }
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    return item_key(item, &key);
}

huks_rc item_part(struct item *item, uint32_t tag, struct secret *out)
{
    if (item->ruled && item_tag_is_value(tag)) {
        HUKS_TRY(guard_once(item->token, item, GUARD_ANY_PURPOSE, NULL, NULL));
    }
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(item, &key));
    return crypto_key_part(key, tag, out);
}

/* ---- finding ---- */

struct found {
    const struct store_match *matches;
    size_t count;
    uint64_t *handles;
    size_t size, capacity;
};

static huks_rc found_add(struct found *found, uint64_t handle)
{
    if (found->size == found->capacity) {
        size_t capacity = found->capacity == 0 ? 16 : found->capacity * 2;
        uint64_t *grown = memory_resize(found->handles, capacity, sizeof(uint64_t));
        if (grown == NULL) {
            return error_no_memory();
        }
        found->handles = grown;
        found->capacity = capacity;
    }
    found->handles[found->size++] = handle;
    return HUKS_OK;
}

static bool item_matches(const struct item *item, const struct store_match *match)
{
    const OH_Huks_Param *param = param_find(item->params, match->tag);
    if (param == NULL) {
        return false;
    }
    switch (match->tag & HUKS_TAG_TYPE_MASK) {
    case OH_HUKS_TAG_TYPE_BYTES:
        return bytes_equal(bytes_of(param->blob.data, param->blob.size), match->value);
    case OH_HUKS_TAG_TYPE_ULONG:
        return bytes_equal(bytes_of(&param->uint64Param, sizeof(param->uint64Param)), match->value);
    case OH_HUKS_TAG_TYPE_BOOL:
        return match->value.size == 1 && param->boolParam == (match->value.data[0] != 0);
    default:
        return bytes_equal(bytes_of(&param->uint32Param, sizeof(param->uint32Param)), match->value);
    }
}

static huks_rc found_visit(struct item *item, void *argument)
{
    struct found *found = argument;
    if (!item_visible(item)) {
        return HUKS_OK;
    }
    for (size_t i = 0; i < found->count; i++) {
        if (!item_matches(item, &found->matches[i])) {
            return HUKS_OK;
        }
    }
    return found_add(found, item->handle);
}

/* What is read along with a search, so that it is there when the search's handles are looked at. */
struct reading_along {
    struct token *token;
    uint64_t generation; /* before the search */
};

static bool not_cached(uint64_t number, void *argument)
{
    const struct reading_along *along = argument;
    AUTO(item_unref_ptr) struct item *item = item_table_get(&along->token->cache, number);
    return item == NULL || atomic_load_explicit(&item->generation, memory_order_acquire) != along->generation;
}

static void cache_record(struct store_record *record, void *argument)
{
    const struct reading_along *along = argument;
    AUTO(item_unref_ptr) struct item *item = item_table_get(&along->token->cache, record->id);
    if (item != NULL && item->version == record->version) {
        atomic_store_explicit(&item->generation, along->generation, memory_order_release); /* its key stays ready */
        return;
    }
    item_unref(item);
    item = NULL;
    if (item_of_record(along->token, record, along->generation, &item) != HUKS_OK) {
        error_clear(); /* then it is read when it is looked at */
    }
}

static huks_rc found_numbers(struct token *token, struct found *found, const uint64_t *numbers, size_t count)
{
    uint32_t epoch = auth_epoch(token->auth);
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(found_add(found, handle_make(numbers[i], epoch, HANDLE_TOKEN_OBJECT)));
    }
    return HUKS_OK;
}

static huks_rc found_on_token(struct token *token, struct found *found)
{
    struct store_token *db = atomic_load(&token->db);
    AUTO(memory_free_ptr) uint64_t *numbers = NULL;
    uint64_t known[SEARCH_MEMO_FOUND];
    size_t count = 0;
    struct reading_along along = {token, store_generation(db)};
    const struct store_reader reader = {not_cached, cache_record, &along};
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    const struct search_moment moment = search_moment(db, along.generation, &keys.keys);
    if (search_memo_get(&token->memo, &moment, found->matches, found->count, known, &count)) {
        token_keys_release(&keys);
        return found_numbers(token, found, known, count);
    }
    huks_rc rc = store_find(db, &keys.keys, found->matches, found->count, &reader, &numbers, &count);
    if (rc == HUKS_OK) {
        search_memo_put(&token->memo, &moment, found->matches, found->count, numbers, count);
    }
    token_keys_release(&keys);
    return rc == HUKS_OK ? found_numbers(token, found, numbers, count) : rc;
}

huks_rc item_find(struct token *token, const struct store_match *matches, size_t count, uint64_t **handles,
                  size_t *found)
{
    struct found all = {.matches = matches, .count = count};
    huks_rc rc = HUKS_OK;
    if (item_table_count(&token->session_objects) > 0) {
        rc = item_table_walk(&token->session_objects, found_visit, &all);
    }
    if (rc == HUKS_OK && atomic_load(&token->db) != NULL) {
        rc = found_on_token(token, &all);
    }
    if (rc != HUKS_OK) {
        free(all.handles);
        return rc;
    }
    *handles = all.handles;
    *found = all.size;
    return HUKS_OK;
}

/* ---- session objects ---- */

huks_rc item_keep_in_session(struct item *item)
{
    item->on_token = false;
    item->number = atomic_fetch_add(&item->token->next_session_object, 1);
    item->handle = handle_make(item->number, 0, HANDLE_SESSION_OBJECT);
    return item_table_put(&item->token->session_objects, item);
}

uint64_t item_token_handle(struct token *token, uint64_t number)
{
    return handle_make(number, auth_epoch(token->auth), HANDLE_TOKEN_OBJECT);
}

huks_rc items_destroy(struct token *token, const uint64_t *handles, size_t count)
{
    uint64_t numbers[ITEMS_DESTROY_MAX] = {0};
    struct token_keys keys;
    if (count > ARRAY_SIZE(numbers)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_OBJECT, "number of objects");
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = handles[i] >> HANDLE_NUMBER_SHIFT;
    }
    token_keys_acquire(token, &keys);
    huks_rc rc = store_remove(atomic_load(&token->db), &keys.keys, numbers, count);
    token_keys_release(&keys);
    for (size_t i = 0; i < count; i++) {
        item_table_remove(&token->cache, numbers[i]);
    }
    return rc;
}

huks_rc item_destroy(struct token *token, uint64_t handle)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    HUKS_TRY(item_get(token, handle, &item));
    if (!item->on_token) {
        return item_table_remove(&token->session_objects, item->number) ? HUKS_OK : item_absent();
    }
    return items_destroy(token, &handle, 1);
}
