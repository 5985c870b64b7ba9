/*
 * Tokens: opening a token's database, and making it anew.
 *
 * A new database is made beside the old one and renamed over it. Write-ahead log and index go by the
 * database's name, so the old ones have to be empty and gone before the new one takes the name: the log is
 * written back and cut, under the lock that keeps out writers and the lock that keeps out openers. Others
 * who still have the old files open see at their next step that the name leads elsewhere.
 */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- handles ---- */

static void token_release(struct store_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    while (token->busy > 0) {
        (void)pthread_cond_wait(&token->returned, &token->lock);
    }
    pool_close_all(token, true);
    (void)pthread_mutex_unlock(&token->lock);
    class_keys_forget(token);
    (void)pthread_cond_destroy(&token->returned);
    (void)pthread_mutex_destroy(&token->lock);
    free(token->path);
    free(token);
}

static char *token_path(const struct store *store, uint32_t ordinal, const char *suffix)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "token-%lu%s", (unsigned long)ordinal, suffix);
    return dir_file(store, name);
}

static huks_rc token_build(struct store *store, uint32_t ordinal, struct store_token **out)
{
    struct share *share = NULL;
    HUKS_TRY(share_get(store, ordinal, true, &share));
    struct store_token *token = calloc(1, sizeof(*token));
    if (token == NULL || (token->path = token_path(store, ordinal, ".db")) == NULL) {
        free(token);
        return error_no_memory();
    }
    token->store = store;
    token->ordinal = ordinal;
    token->share = share;
    (void)pthread_mutex_init(&token->lock, NULL);
    (void)pthread_cond_init(&token->returned, NULL);
    token->next = store->tokens;
    store->tokens = token;
    *out = token;
    return HUKS_OK;
}

/* Under store->lock. */
static huks_rc token_get(struct store *store, uint32_t ordinal, struct store_token **out)
{
    struct store_token *token = store->tokens;
    while (token != NULL && token->ordinal != ordinal) {
        token = token->next;
    }
    if (token == NULL) {
        /* Before the lock file is made: asking for a token that is not there leaves no trace. */
        AUTO(memory_free_ptr) char *path = token_path(store, ordinal, ".db");
        if (path == NULL) {
            return error_no_memory();
        }
        HUKS_TRY(dir_check_file(store, path));
        HUKS_TRY(token_build(store, ordinal, &token));
    }
    token->references++;
    *out = token;
    return HUKS_OK;
}

huks_rc store_token_open(struct store *store, uint32_t ordinal, struct store_token **out)
{
    struct store_token *token = NULL;
    bool exists;
    uint64_t life;
    *out = NULL;
    HUKS_TRY(dir_usable(store));
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = dir_check(store, &exists);
    if (rc == HUKS_OK) {
        rc = token_get(store, ordinal, &token);
    }
    (void)pthread_mutex_unlock(&store->lock);
    HUKS_TRY(rc);
    rc = store_token_life(token, &life);
    if (rc != HUKS_OK) {
        store_token_close(token);
        return rc;
    }
    *out = token;
    return HUKS_OK;
}

void store_token_close(struct store_token *token)
{
    if (token == NULL || token->store->process != store_fork_process()) {
        return; /* a forked child: its parent's */
    }
    struct store *store = token->store;
    (void)pthread_mutex_lock(&store->lock);
    bool last = --token->references == 0;
    if (last) {
        struct store_token **link = &store->tokens;
        while (*link != token) {
            link = &(*link)->next;
        }
        *link = token->next;
    }
    (void)pthread_mutex_unlock(&store->lock);
    if (last) {
        token_release(token);
    }
}

huks_rc store_token_life(struct store_token *token, uint64_t *life)
{
    AUTO(reading_end) struct reading reading = {0};
    HUKS_TRY(reading_begin(token, false, &reading));
    *life = reading.db->life;
    return HUKS_OK;
}

bool store_token_writable(struct store_token *token)
{
    return token->share->page != NULL && token->share->writable && store_writable(token->store) &&
           faccessat(AT_FDCWD, token->path, W_OK, AT_EACCESS) == 0;
}

/* ---- making ---- */

static const char *const side_files[] = {"-wal", "-shm", "-journal"};

static huks_rc remove_file(const char *path, const char *suffix)
{
    AUTO(memory_free_ptr) char *name = text_format("%s%s", path, suffix);
    if (name == NULL) {
        return error_no_memory();
    }
    if (unlink(name) != 0 && errno != ENOENT) {
        return error_raise(HUKS_E_FILE, store_write_about(errno), "remove the old key file");
    }
    return HUKS_OK;
}

static huks_rc remove_side_files(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(side_files); i++) {
        HUKS_TRY(remove_file(path, side_files[i]));
    }
    return HUKS_OK;
}

/* What was not finished: whoever comes next removes it, too. */
static void discard(const char *path)
{
    (void)unlink(path);
    for (size_t i = 0; i < ARRAY_SIZE(side_files); i++) {
        AUTO(memory_free_ptr) char *name = text_format("%s%s", path, side_files[i]);
        if (name != NULL) {
            (void)unlink(name);
        }
    }
}

static huks_rc log_is_empty(const char *path)
{
    struct stat status;
    AUTO(memory_free_ptr) char *log = text_format("%s-wal", path);
    if (log == NULL) {
        return error_no_memory();
    }
    return stat(log, &status) != 0 || status.st_size == 0 ? HUKS_OK
                                                          : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

static huks_rc read_old_life(struct db *db, uint64_t *life)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(db->backend->meta_get(db, STORE_META_LIFE, &value));
    if (value.size != 8) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    *life = get_u64(value.data);
    return HUKS_OK;
}

/* The token that is there must be the one the caller means; its log is emptied. */
static huks_rc retire(struct store *store, const char *path, uint64_t expect_life)
{
    huks_rc rc = dir_check_file(store, path);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return expect_life == 0 || expect_life == STORE_LIFE_ANY
                   ? HUKS_OK
                   : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(rc);
    if (expect_life == 0) {
        return error_raise(HUKS_E_ALIAS_EXISTS, ABOUT_TOKEN, NULL);
    }
    struct db_place place = {.path = path, .mode = dir_file_mode(store)};
    struct db *db = NULL;
    uint64_t life = 0;
    rc = store->backend->open(&place, true, &db);
    if (rc == HUKS_OK) {
        rc = read_old_life(db, &life);
    }
    if (rc == HUKS_OK && expect_life != STORE_LIFE_ANY && life != expect_life) {
        rc = error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    if (rc == HUKS_OK) {
        rc = db->backend->settle(db, true);
    }
    if (rc == HUKS_OK) {
        rc = log_is_empty(path);
    }
    if (db != NULL) {
        db->backend->close(db);
    }
    if (rc != HUKS_OK && expect_life == STORE_LIFE_ANY) {
        error_clear(); /* damaged: its log is of no use to anybody */
        return HUKS_OK;
    }
    return rc;
}

/* What a new database is made of: metadata alone, or a token that was dumped. */
struct making {
    const struct store_meta *meta;
    size_t count;
    const struct store_source *source;
    uint64_t life;
};

static huks_rc draw_life(struct store *store, uint64_t *life)
{
    uint8_t number[8];
    do {
        HUKS_TRY(crypto_random(store->crypto, number, sizeof(number)));
        *life = get_u64(number);
    } while (*life == 0 || *life == STORE_LIFE_ANY);
    return HUKS_OK;
}

static huks_rc make_new(struct store *store, const struct db_place *place, struct making *making)
{
    uint8_t number[8];
    HUKS_TRY(draw_life(store, &making->life));
    put_u64(number, making->life);
    static const uint8_t no_classes[1];
    AUTO(memory_free_ptr) struct store_meta *all = calloc(making->count + 2, sizeof(*all));
    if (all == NULL) {
        return error_no_memory();
    }
    if (making->count > 0) {
        memcpy(all, making->meta, making->count * sizeof(*all));
    }
    all[making->count] = (struct store_meta){STORE_META_LIFE, BYTES_OF(number)};
    all[making->count + 1] = (struct store_meta){STORE_META_CLASSES, BYTES_OF(no_classes)};
    return store->backend->make(place, all, making->count + 2);
}

/* Holding the write lock and SHARE_OPENING. */
static huks_rc replace(struct store *store, struct share *share, uint64_t expect_life, struct making *making)
{
    AUTO(memory_free_ptr) char *path = token_path(store, share->ordinal, ".db");
    AUTO(memory_free_ptr) char *fresh = token_path(store, share->ordinal, ".new");
    if (path == NULL || fresh == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(retire(store, path, expect_life));
    HUKS_TRY(remove_file(fresh, "")); /* of one who died here */
    HUKS_TRY(remove_side_files(fresh));
    struct db_place place = {.path = fresh, .mode = dir_file_mode(store)};
    huks_rc rc = making->source == NULL ? make_new(store, &place, making)
                                        : move_in(store->backend, &place, making->source, &making->life);
    if (rc == HUKS_OK) {
        rc = remove_side_files(fresh);
    }
    if (rc == HUKS_OK) {
        rc = remove_side_files(path);
    }
    if (rc == HUKS_OK) {
        generation_begin(share, TOUCHED_RECORDS | TOUCHED_META);
        if (rename(fresh, path) != 0) {
            rc = error_raise(HUKS_E_FILE, store_write_about(errno), "rename the key file");
        } else {
            atomic_store(&share->page->life, making->life);
        }
        generation_end(share, TOUCHED_RECORDS | TOUCHED_META);
    }
    if (rc != HUKS_OK) {
        discard(fresh);
        return rc;
    }
    return dir_sync(store);
}

static huks_rc make(struct store *store, uint32_t ordinal, uint64_t expect_life, struct making *making)
{
    struct share *share = NULL;
    HUKS_TRY(dir_usable(store));
    (void)pthread_mutex_lock(&store->lock);
    huks_rc rc = dir_make(store);
    if (rc == HUKS_OK) {
        rc = share_get(store, ordinal, true, &share);
    }
    (void)pthread_mutex_unlock(&store->lock);
    HUKS_TRY(rc);
    if (share->page == NULL || !share->writable) {
        return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, "write the key file");
    }
    HUKS_TRY(share_canary(share));
    HUKS_TRY(share_write_lock(share));
    (void)pthread_mutex_lock(&share->open_lock);
    rc = share_wait(share, SHARE_OPENING, true);
    if (rc == HUKS_OK) {
        rc = replace(store, share, expect_life, making);
        share_unlock(share, SHARE_OPENING);
    }
    (void)pthread_mutex_unlock(&share->open_lock);
    share_write_unlock(share);
    return rc;
}

huks_rc store_token_make(struct store *store, uint32_t ordinal, uint64_t expect_life,
                         const struct store_meta *meta, size_t count)
{
    struct making making = {.meta = meta, .count = count};
    return make(store, ordinal, expect_life, &making);
}

huks_rc store_token_load(struct store *store, uint32_t ordinal, uint64_t expect_life,
                         const struct store_source *source)
{
    struct making making = {.source = source};
    return make(store, ordinal, expect_life, &making);
}
