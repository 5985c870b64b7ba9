/* What the tests of the key store share: a store in a directory of its own, keys, and records. */
#ifndef HUKS_CHECK_STORE_H
#define HUKS_CHECK_STORE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config.h"
#include "crypto/crypto.h"
#include "store/store.h"

struct place {
    char top[256]; /* removed at the end */
    char dir[300];
    struct config config;
    struct crypto *crypto;
    struct store *store;
    struct store_token *token;
    uint8_t key[STORE_CLASSES][32];
    struct store_keys keys;
};

/*
 * A child of a test that may be killed must not speak to Check: what it was about to say would arrive in
 * pieces. It ends with a status of its own instead.
 */
static bool mortal;
#define must(condition)                                                                                      \
    do {                                                                                                     \
        bool must_hold = (condition);                                                                        \
        if (mortal && !must_hold) {                                                                          \
            _exit(9);                                                                                        \
        }                                                                                                    \
        if (!mortal) {                                                                                       \
            ck_assert_msg(must_hold, "%s", #condition);                                                      \
        }                                                                                                    \
    } while (0)
#define ck_ok(call)                                                                                          \
    do {                                                                                                     \
        huks_rc ck_rc = (call);                                                                              \
        char ck_text[300];                                                                                   \
        if (mortal) {                                                                                        \
            must(ck_rc == HUKS_OK);                                                                          \
            break;                                                                                           \
        }                                                                                                    \
        ck_assert_msg(ck_rc == HUKS_OK, "%s: %d about %d: %s", #call, (int)ck_rc, (int)error_about(),        \
                      error_message(ck_text, sizeof(ck_text)));                                              \
    } while (0)
#define ck_code(call, code) ck_assert_int_eq((call), (code))

/* Opens what is there; every class key is open. */
static inline void place_connect(struct place *place)
{
    config_defaults(&place->config);
    (void)snprintf(place->config.store, sizeof(place->config.store), "%s", place->dir);
    if (place->crypto == NULL) {
        ck_ok(crypto_open(&place->crypto));
    }
    for (size_t i = 0; i < STORE_CLASSES; i++) {
        memset(place->key[i], (int)(0x10 + i), 32);
        place->keys.key[i] = place->key[i];
    }
    ck_ok(store_open(&place->config, place->crypto, &place->store));
}

static inline void place_path(struct place *place)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(place->top, sizeof(place->top), "%s/check-store-XXXXXX", parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(place->top));
    (void)snprintf(place->dir, sizeof(place->dir), "%s/store", place->top);
}

static inline void make_token(struct place *place, uint32_t ordinal, uint64_t expect)
{
    static const struct store_meta meta[] = {{"label", {(const uint8_t *)"first", 5}},
                                             {"empty", {(const uint8_t *)"", 0}}};
    bool locked = false;
    ck_ok(store_token_lock_exclusive(place->store, ordinal, &locked));
    ck_assert(locked);
    ck_ok(store_token_make(place->store, ordinal, expect, meta, 2));
    store_token_unlock_exclusive(place->store, ordinal);
}

static inline void place_open(struct place *place)
{
    place_path(place);
    place_connect(place);
    make_token(place, 0, 0);
    ck_ok(store_token_open(place->store, 0, &place->token));
}

static inline void place_disconnect(struct place *place)
{
    store_token_close(place->token);
    place->token = NULL;
    store_close(place->store);
    place->store = NULL;
}

static inline void place_again(struct place *place)
{
    place_disconnect(place);
    place_connect(place);
    ck_ok(store_token_open(place->store, 0, &place->token));
}

static inline void place_remove(const struct place *place)
{
    char command[400];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", place->top);
    ck_assert_int_eq(system(command), 0);
}

static inline void place_close(struct place *place)
{
    place_disconnect(place);
    crypto_close(place->crypto);
    place_remove(place);
}

static inline char *place_file(const struct place *place, const char *name)
{
    static char path[400];
    (void)snprintf(path, sizeof(path), "%s/%s", place->dir, name);
    return path;
}

/* ---- records ---- */

struct sketch {
    const char *alias, *label, *id;
    uint32_t object_class, key_type;
    enum store_class class;
    int level; /* -1: not in the params */
    const char *key;
};
/* Defaults that the arguments override. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#define SKETCH(...)                                                                                          \
    ((struct sketch){.object_class = 3, .key_type = 3, .class = STORE_CE, .level = -1, __VA_ARGS__})

static inline OH_Huks_ParamSet *sketch_params(const struct sketch *sketch)
{
    struct param_list list = {0};
    OH_Huks_ParamSet *set = NULL;
    ck_ok(param_list_add_u32(&list, HUKS_TAG_OBJECT_CLASS, sketch->object_class));
    ck_ok(param_list_add_u32(&list, HUKS_TAG_KEY_TYPE, sketch->key_type));
    if (sketch->alias != NULL) {
        ck_ok(param_list_add_bytes(&list, HUKS_TAG_ALIAS, bytes_of(sketch->alias, strlen(sketch->alias))));
    }
    if (sketch->label != NULL) {
        ck_ok(param_list_add_bytes(&list, HUKS_TAG_LABEL, bytes_of(sketch->label, strlen(sketch->label))));
    }
    if (sketch->id != NULL) {
        ck_ok(param_list_add_bytes(&list, HUKS_TAG_ID, bytes_of(sketch->id, strlen(sketch->id))));
    }
    if (sketch->level >= 0) {
        ck_ok(param_list_add_u32(&list, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, (uint32_t)sketch->level));
    }
    ck_ok(param_list_build(&list, &set));
    param_list_free(&list);
    return set;
}

static inline struct store_record sketch_record(const struct sketch *sketch)
{
    struct store_record record = {.class = sketch->class, .params = sketch_params(sketch)};
    if (sketch->key != NULL) {
        ck_ok(secret_set(&record.key, sketch->key, strlen(sketch->key)));
    }
    return record;
}

static inline huks_rc try_add(struct place *place, struct sketch sketch, enum store_alias_rule rule,
                              uint64_t *id)
{
    struct store_record record = sketch_record(&sketch);
    huks_rc rc = store_add(place->token, &place->keys, &record, 1, rule);
    if (id != NULL) {
        *id = record.id;
    }
    store_record_free(&record);
    return rc;
}

static inline uint64_t add(struct place *place, struct sketch sketch)
{
    uint64_t id = 0;
    ck_ok(try_add(place, sketch, STORE_ALIAS_UNIQUE, &id));
    must(id != 0);
    return id;
}

static inline huks_rc try_add_pair(struct place *place, struct sketch public, struct sketch private,
                                   enum store_alias_rule rule, uint64_t ids[2])
{
    struct store_record records[2] = {sketch_record(&public), sketch_record(&private)};
    huks_rc rc = store_add(place->token, &place->keys, records, 2, rule);
    ids[0] = records[0].id;
    ids[1] = records[1].id;
    store_record_free(&records[0]);
    store_record_free(&records[1]);
    return rc;
}

static inline size_t count_matches(struct place *place, const struct store_match *matches, size_t count)
{
    uint64_t *ids = NULL;
    size_t found = 0;
    ck_ok(store_find(place->token, &place->keys, matches, count, NULL, &ids, &found));
    for (size_t i = 1; i < found; i++) {
        ck_assert_uint_lt(ids[i - 1], ids[i]);
    }
    free(ids);
    return found;
}

/* A search with a reader who passes over one record. What it took stands in `taken`. */
struct reading_all {
    uint64_t not_this;
    unsigned asked, count;
    uint64_t taken[64];
};

static inline bool reading_wants(uint64_t id, void *argument)
{
    struct reading_all *all = argument;
    all->asked++;
    return id != all->not_this;
}

static inline void reading_take(struct store_record *record, void *argument)
{
    struct reading_all *all = argument;
    must(record->params != NULL && record->version > 0 && record->key.data == NULL && all->count < 64);
    all->taken[all->count++] = record->id;
}

static inline size_t find_reading(struct place *place, const struct store_match *matches, size_t count,
                                  struct reading_all *all)
{
    const struct store_reader reader = {reading_wants, reading_take, all};
    uint64_t *ids = NULL;
    size_t found = 0;
    all->asked = all->count = 0;
    ck_ok(store_find(place->token, &place->keys, matches, count, &reader, &ids, &found));
    for (unsigned i = 0; i < all->count; i++) {
        size_t at = 0;
        while (at < found && ids[at] != all->taken[i]) {
            at++;
        }
        must(at < found);
    }
    free(ids);
    return found;
}

static inline struct store_match match_text(uint32_t tag, const char *text)
{
    return (struct store_match){tag, bytes_of(text, strlen(text))};
}

static inline size_t count_text(struct place *place, uint32_t tag, const char *text)
{
    struct store_match match = match_text(tag, text);
    return count_matches(place, &match, 1);
}

static inline struct store_check_result check_token(struct place *place)
{
    struct store_check_result result;
    ck_ok(store_check(place->token, &place->keys, NULL, NULL, &result));
    return result;
}

static inline void check_all_good(struct place *place)
{
    struct store_check_result result = check_token(place);
    ck_assert_uint_eq(result.damaged, 0);
    ck_assert(result.structure_ok);
    ck_assert(result.set_hash_ok);
}

/* Statements behind the engine's back; the store must be closed in this process. */
static inline void tamper(struct place *place, const char *sql)
{
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open(place_file(place, "token-0.db"), &handle), SQLITE_OK);
    char *error = NULL;
    ck_assert_msg(sqlite3_exec(handle, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

#endif
