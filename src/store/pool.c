/*
 * Connections of one token in this process: one for writing, a few for reading, each used by one thread at
 * a time. A connection whose file was replaced (token initialised anew) is closed when it is met; new ones
 * are opened under the lock that a replacing process holds exclusively.
 */
#include "store/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define CONNECTIONS 8 /* for reading; more threads wait */

/* The address names the thread. */
static _Thread_local char this_thread;

/* ---- opening ---- */

static void drop(struct db *db)
{
    if (db != NULL) {
        uint64_t file = db->file;
        db->backend->close(db);
        store_fork_closed(file);
    }
}

static huks_rc read_life(struct db *db)
{
    AUTO(buffer_free) struct buffer value = {0};
    huks_rc rc = db->backend->meta_get(db, STORE_META_LIFE, &value);
    if (rc == HUKS_E_NOT_EXIST || (rc == HUKS_OK && value.size != 8)) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(rc);
    db->life = get_u64(value.data);
    return HUKS_OK;
}

static huks_rc check_files(const struct store_token *token)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        AUTO(memory_free_ptr) char *path = malloc(strlen(token->path) + 8);
        if (path == NULL) {
            return error_no_memory();
        }
        (void)stpcpy(stpcpy(path, token->path), suffixes[i]);
        huks_rc rc = dir_check_file(token->store, path);
        if (rc != HUKS_OK && (rc != HUKS_E_NOT_EXIST || i == 0)) {
            return rc;
        }
    }
    return HUKS_OK;
}

static huks_rc open_locked(struct store_token *token, bool for_writing, struct db **out)
{
    struct stat status;
    struct db_place place = {
        .path = token->path, .mode = dir_file_mode(token->store), .read_only = !store_writable(token->store)};
    HUKS_TRY(check_files(token));
    if (stat(token->path, &status) != 0) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
    }
    uint64_t file = store_fork_file(&status);
    if (store_fork_inherited(file)) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL); /* see fork.c */
    }
    store_fork_opened(file);
    huks_rc rc = token->store->backend->open(&place, for_writing, out);
    if (rc == HUKS_OK) {
        (*out)->file = file;
        rc = read_life(*out);
    }
    if (rc != HUKS_OK) {
        if (*out != NULL) {
            (*out)->backend->close(*out);
            *out = NULL;
        }
        store_fork_closed(file);
        return rc;
    }
    /* Others learn of our commits by the shared page alone. */
    (*out)->writable = (*out)->writable && token->share->page != NULL && token->share->writable;
    return HUKS_OK;
}

static huks_rc open_connection(struct store_token *token, bool for_writing, struct db **out)
{
    struct share *share = token->share;
    *out = NULL;
    HUKS_TRY(dir_usable(token->store));
    (void)pthread_mutex_lock(&share->open_lock);
    huks_rc rc = share_wait(share, SHARE_OPENING, false);
    if (rc == HUKS_OK) {
        rc = open_locked(token, for_writing, out);
        share_unlock(share, SHARE_OPENING);
    }
    (void)pthread_mutex_unlock(&share->open_lock);
    return rc;
}

void pool_close_all(struct store_token *token, bool settle)
{
    if (settle && token->writer != NULL && !token->writer->backend->moved(token->writer) &&
        share_descriptor_ours(token->share) &&
        token->writer->backend->settle(token->writer, false) != HUKS_OK) {
        error_clear(); /* it stays in the log */
    }
    while (token->idle != NULL) {
        struct db *db = token->idle;
        token->idle = db->next;
        drop(db);
    }
    drop(token->writer);
    drop(token->watch);
    token->writer = token->watch = NULL;
    token->open = 0;
}

/*
 * Is it another file by now? One that was initialised anew shows in the metadata's generation. One that somebody put
 * there by other means is looked for with each tick of the clock (4 ms): a look costs a tenth of a search.
 */
static bool replaced(const struct store_token *token, struct db *db)
{
    uint64_t meta = generation_now(token->share, TOUCHED_META), tick = clock_coarse_ms();
    if (meta != GENERATION_UNKNOWN && meta == db->looked_meta && tick == db->looked_tick) {
        return false;
    }
    db->looked_meta = meta;
    db->looked_tick = tick;
    return db->backend->moved(db);
}

/* ---- taking and giving back ---- */

static huks_rc take(struct store_token *token, struct db **out)
{
    struct db *db = NULL;
    (void)pthread_mutex_lock(&token->lock);
    while (token->frozen || (token->idle == NULL && token->open >= (token->alone ? 1 : CONNECTIONS))) {
        (void)pthread_cond_wait(&token->returned, &token->lock);
    }
    if (token->idle != NULL) {
        db = token->idle;
        token->idle = db->next;
    } else {
        token->open++;
    }
    token->busy++;
    (void)pthread_mutex_unlock(&token->lock);

    huks_rc rc = HUKS_OK;
    if (db != NULL && replaced(token, db)) {
        drop(db);
        db = NULL;
    }
    if (db == NULL) {
        rc = open_connection(token, false, &db);
    }
    (void)pthread_mutex_lock(&token->lock);
    if (rc != HUKS_OK) {
        token->open--;
        token->busy--;
        (void)pthread_cond_broadcast(&token->returned);
    } else {
        token->alone = db->alone;
    }
    (void)pthread_mutex_unlock(&token->lock);
    *out = db;
    return rc;
}

static void give(struct store_token *token, struct db *db, bool keep)
{
    keep = keep && !db->broken;
    if (!keep) {
        drop(db);
    }
    (void)pthread_mutex_lock(&token->lock);
    if (keep) {
        db->next = token->idle;
        token->idle = db;
    } else {
        token->open--;
    }
    token->busy--;
    /* One waits for a connection, or everybody for a fork to pass. */
    (void)pthread_cond_broadcast(&token->returned);
    (void)pthread_mutex_unlock(&token->lock);
}

/* ---- reading ---- */

huks_rc reading_begin(struct store_token *token, bool transaction, struct reading *reading)
{
    *reading = (struct reading){0};
    HUKS_TRY(dir_usable(token->store));
    if (atomic_load(&token->write_owner) == &this_thread) {
        *reading = (struct reading){.token = token, .db = token->write_db, .borrowed = true};
        return HUKS_OK;
    }
    struct db *db = NULL;
    HUKS_TRY(share_canary(token->share));
    HUKS_TRY(take(token, &db));
    if (transaction) {
        huks_rc rc = db->backend->begin(db, false);
        if (rc != HUKS_OK) {
            give(token, db, false);
            return rc;
        }
    }
    *reading = (struct reading){.token = token, .db = db, .in_transaction = transaction};
    return HUKS_OK;
}

void reading_end(struct reading *reading)
{
    if (reading->db == NULL || reading->borrowed) {
        return;
    }
    if (reading->in_transaction) {
        reading->db->backend->rollback(reading->db);
    }
    give(reading->token, reading->db, true);
    reading->db = NULL;
}

/* ---- writing ---- */

static huks_rc read_only(void)
{
    return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, "write the key file");
}

/* Holding the write locks. */
static huks_rc take_writer(struct store_token *token, struct db **out)
{
    (void)pthread_mutex_lock(&token->lock);
    while (token->frozen) {
        (void)pthread_cond_wait(&token->returned, &token->lock);
    }
    struct db *db = token->writer;
    token->writer = NULL;
    token->busy++;
    (void)pthread_mutex_unlock(&token->lock);

    huks_rc rc = HUKS_OK;
    if (db != NULL && db->backend->moved(db)) {
        drop(db);
        db = NULL;
    }
    if (db == NULL) {
        rc = store_token_writable(token) ? open_connection(token, true, &db) : read_only();
    }
    if (rc == HUKS_OK) {
        rc = db->backend->begin(db, true);
    }
    if (rc != HUKS_OK) {
        drop(db);
        db = NULL;
        (void)pthread_mutex_lock(&token->lock);
        token->busy--;
        (void)pthread_cond_broadcast(&token->returned);
        (void)pthread_mutex_unlock(&token->lock);
    }
    *out = db;
    return rc;
}

static void leave(struct store_token *token)
{
    if (token->write_db->broken) {
        drop(token->write_db);
        token->write_db = NULL;
    }
    (void)pthread_mutex_lock(&token->lock);
    token->writer = token->write_db;
    token->write_db = NULL;
    token->busy--;
    (void)pthread_cond_broadcast(&token->returned);
    (void)pthread_mutex_unlock(&token->lock);
    atomic_store(&token->write_owner, NULL);
    share_write_unlock(token->share);
}

huks_rc writing_begin(struct store_token *token, struct writing *writing)
{
    *writing = (struct writing){0};
    HUKS_TRY(dir_usable(token->store));
    if (atomic_load(&token->write_owner) == &this_thread) {
        token->write_depth++;
        *writing = (struct writing){.token = token, .db = token->write_db};
        return HUKS_OK;
    }
    if (token->share->page == NULL || !token->share->writable) {
        return read_only(); /* without them there is no write lock */
    }
    HUKS_TRY(share_canary(token->share));
    HUKS_TRY(share_write_lock(token->share));
    struct db *db = NULL;
    huks_rc rc = take_writer(token, &db);
    if (rc != HUKS_OK) {
        share_write_unlock(token->share);
        return rc;
    }
    token->write_db = db;
    token->write_depth = 1;
    token->write_doomed = false;
    token->write_touched = 0;
    atomic_store(&token->write_owner, &this_thread);
    *writing = (struct writing){.token = token, .db = db, .outermost = true};
    return HUKS_OK;
}

void writing_touches(struct writing *writing, unsigned what)
{
    writing->token->write_touched |= what;
}

huks_rc writing_commit(struct writing *writing)
{
    struct store_token *token = writing->token;
    writing->token = NULL;
    if (!writing->outermost) {
        token->write_depth--;
        return HUKS_OK;
    }
    huks_rc rc = HUKS_OK;
    if (token->write_doomed) {
        token->write_db->backend->rollback(token->write_db);
        rc = error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL); /* a part of it failed and nobody said so */
    } else {
        generation_begin(token->share, token->write_touched);
        rc = token->write_db->backend->commit(token->write_db);
        generation_end(token->share, token->write_touched);
    }
    leave(token);
    return rc;
}

void writing_end(struct writing *writing)
{
    struct store_token *token = writing->token;
    if (token == NULL) {
        return;
    }
    writing->token = NULL;
    if (!writing->outermost) {
        token->write_depth--;
        token->write_doomed = true;
        return;
    }
    token->write_db->backend->rollback(token->write_db);
    leave(token);
}

/* ---- watching ---- */

huks_rc pool_watch(struct store_token *token, uint64_t *number)
{
    HUKS_TRY(dir_usable(token->store));
    (void)pthread_mutex_lock(&token->lock);
    while (token->frozen) {
        (void)pthread_cond_wait(&token->returned, &token->lock);
    }
    if (token->watch != NULL && token->watch->backend->moved(token->watch)) {
        drop(token->watch);
        token->watch = NULL;
    }
    huks_rc rc = HUKS_OK;
    if (token->watch == NULL) {
        token->watch_epoch++;
        rc = open_connection(token, false, &token->watch);
    }
    if (rc == HUKS_OK) {
        rc = token->watch->backend->changes(token->watch, number);
    }
    *number = (*number & UINT32_MAX) | (token->watch_epoch & 0x3FFFFFFF) << 32;
    (void)pthread_mutex_unlock(&token->lock);
    return rc;
}
