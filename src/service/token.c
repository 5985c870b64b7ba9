/*
 * Tokens: opened at first use, followed when another process initialises one anew, and the keys that the
 * present role may use.
 */
#include "service/private.h"
#include "service/tally.h"

#include <stdlib.h>
#include <string.h>

#include "service/attest.h"

huks_rc token_new(struct engine *engine, uint32_t ordinal, struct token **out)
{
    struct token *token = aligned_alloc(_Alignof(struct token), sizeof(*token));
    if (token == NULL) {
        return error_no_memory();
    }
    memset(token, 0, sizeof(*token));
    token->engine = engine;
    token->ordinal = ordinal;
    huks_rc rc = store_serial(engine->store, ordinal, token->serial);
    if (rc != HUKS_OK) {
        free(token);
        return rc;
    }
    pthread_mutex_init(&token->lock, NULL);
    atomic_init(&token->next_session_object, 1);
    item_table_init(&token->cache, (size_t)engine->config.cache_mb << 20);
    item_table_init(&token->session_objects, 0);
    search_memo_init(&token->memo);
    *out = token;
    return HUKS_OK;
}

static void token_shut(struct token *token)
{
    item_table_free(&token->cache);
    item_table_free(&token->session_objects);
    search_memo_clear(&token->memo);
    auth_close(token->auth);
    token->auth = NULL;
    struct store_token *db = atomic_exchange(&token->db, NULL);
    store_token_close(db);
}

void token_free(struct token *token)
{
    token_shut(token);
    search_memo_destroy(&token->memo);
    pthread_mutex_destroy(&token->lock);
    free(token);
}

uint64_t token_slot_id(const struct token *token)
{
    return token->slot_id;
}

struct engine *token_engine(const struct token *token)
{
    return token->engine;
}

/* ---- opening ---- */

static bool token_exists(struct token *token)
{
    return token->ordinal != store_free_ordinal(token->engine->store);
}

static huks_rc token_open_db(struct token *token)
{
    struct engine *engine = token->engine;
    struct store_token *db;
    HUKS_TRY(store_token_open(engine->store, token->ordinal, &db));
    huks_rc rc = store_token_life(db, &token->life);
    if (rc == HUKS_OK) {
        rc = auth_open(engine->store, db, engine->crypto, &engine->config, &token->auth);
    }
    if (rc != HUKS_OK) {
        store_token_close(db);
        return rc;
    }
    tally_connect(token->auth, engine->sessions);
    item_table_init(&token->cache, (size_t)engine->config.cache_mb << 20);
    item_table_init(&token->session_objects, 0);
    atomic_store(&token->db, db);
    return HUKS_OK;
}

/* Under token->lock. */
static huks_rc token_open_locked(struct token *token, bool *open)
{
    struct store_token *db = atomic_load(&token->db);
    *open = db != NULL;
    if (db != NULL) {
        /* Sessions hold the token against being initialised anew, here and in every other process. */
        if (token->sessions > 0) {
            return HUKS_OK;
        }
        uint64_t life = 0;
        huks_rc rc = store_token_life(db, &life);
        if (rc == HUKS_OK && life == token->life) {
            return HUKS_OK;
        }
        token_shut(token);
    }
    *open = false;
    size_t count = 0;
    HUKS_TRY(store_tokens(token->engine->store, NULL, 0, &count));
    if (!token_exists(token)) {
        return HUKS_OK;
    }
    huks_rc rc = token_open_db(token);
    token->open_error = rc;
    token->open_about = rc == HUKS_OK ? ABOUT_NOTHING : error_about();
    *open = rc == HUKS_OK;
    return rc;
}

huks_rc token_open(struct token *token, bool *open)
{
    pthread_mutex_lock(&token->lock);
    huks_rc rc = token_open_locked(token, open);
    pthread_mutex_unlock(&token->lock);
    return rc;
}

static huks_rc token_required(bool open)
{
    return open ? HUKS_OK : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

huks_rc token_require(struct token *token)
{
    bool open;
    HUKS_TRY(token_open(token, &open));
    return token_required(open);
}

/* ---- information ---- */

huks_rc token_info(struct token *token, struct token_info *info)
{
    *info = (struct token_info){.present = true, .recognized = true};
    memcpy(info->serial, token->serial, sizeof(info->serial));
    info->pin_min = token->engine->config.pin_min;
    info->pin_max = AUTH_PIN_MAX;
    info->writable = store_writable(token->engine->store);
    pthread_mutex_lock(&token->lock);
    bool open = false;
    huks_rc rc = token_open_locked(token, &open);
    info->sessions = token->sessions;
    info->rw_sessions = token->rw_sessions;
    if (rc == HUKS_OK && open) {
        info->initialized = true;
        info->writable = store_token_writable(atomic_load(&token->db));
        auth_label(token->auth, info->label);
        rc = auth_state(token->auth, &info->pins);
        info->login_required = info->pins.user_pin_set;
    } else if (rc != HUKS_OK) {
        /* A damaged or newer token stands in its slot, says so, and leaves the others alone. */
        info->initialized = true;
        info->recognized = false;
        info->fault = rc;
        info->fault_about = error_about();
        rc = HUKS_OK;
    } else {
        size_t count = 0;
        rc = store_tokens(token->engine->store, NULL, 0, &count);
        enum config_free_slot free_slot = token->engine->config.free_slot;
        info->present = count == 0 || free_slot == CONFIG_FREE_SLOT_ALWAYS;
    }
    pthread_mutex_unlock(&token->lock);
    return rc;
}

huks_rc token_recognized(const struct token_info *info)
{
    bool may_pass =
        info->fault == HUKS_E_MEMORY || (info->fault == HUKS_E_FILE && info->fault_about != ABOUT_FILE_SIZE);
    if (info->recognized) {
        return HUKS_OK;
    }
    return may_pass ? error_raise(info->fault, info->fault_about, NULL)
                    : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

/* ---- initialisation ---- */

/* Under token->lock. */
static huks_rc token_exchange_locked(struct token *token,
                                     huks_rc (*make)(struct token *token, uint64_t life, void *argument),
                                     void *argument)
{
    bool locked = false, open = false;
    if (token->sessions > 0) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(store_token_lock_exclusive(token->engine->store, token->ordinal, &locked));
    if (!locked) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_TOKEN, NULL);
    }
    huks_rc rc = token_open_locked(token, &open);
    if (rc == HUKS_OK) {
        rc = make(token, open ? token->life : 0, argument);
    }
    if (rc == HUKS_OK) {
        token_shut(token);
        rc = token_open_locked(token, &open);
    }
    store_token_unlock_exclusive(token->engine->store, token->ordinal);
    HUKS_TRY(rc);
    return token_required(open);
}

huks_rc token_exchange(struct token *token,
                       huks_rc (*make)(struct token *token, uint64_t life, void *argument), void *argument)
{
    pthread_mutex_lock(&token->lock);
    huks_rc rc = token_exchange_locked(token, make, argument);
    pthread_mutex_unlock(&token->lock);
    return rc;
}

struct wish {
    struct bytes so_pin, label;
};

static huks_rc token_make(struct token *token, uint64_t life, void *argument)
{
    struct engine *engine = token->engine;
    const struct wish *wish = argument;
    if (life != 0) {
        struct auth_state pins;
        HUKS_TRY(auth_state(token->auth, &pins));
        if (pins.so_pin_set) {
            HUKS_TRY(auth_verify(token->auth, AUTH_SO, wish->so_pin));
        }
    }
    struct auth_meta meta;
    HUKS_TRY(auth_make(engine->store, engine->crypto, &engine->config, wish->so_pin, wish->label, &meta));
    huks_rc rc = attest_prepare(token, &meta);
    if (rc == HUKS_OK) {
        token_shut(token);
        rc = store_token_make(engine->store, token->ordinal, life, meta.entries, meta.count);
    }
    auth_meta_free(&meta);
    return rc;
}

huks_rc token_init(struct token *token, struct bytes so_pin, struct bytes label)
{
    struct wish wish = {so_pin, label};
    huks_rc rc = token_exchange(token, token_make, &wish);
    /* Another process filled the free slot first: its token is there now, and its SO PIN decides. */
    return rc == HUKS_E_ALIAS_EXISTS ? token_exchange(token, token_make, &wish) : rc;
}

static huks_rc token_make_first(struct token *token, uint64_t life, void *argument)
{
    return life != 0 ? error_raise(HUKS_E_ALIAS_EXISTS, ABOUT_TOKEN, NULL) : token_make(token, life, argument);
}

huks_rc token_init_first(struct token *token, struct bytes label)
{
    struct wish wish = {BYTES_NONE, label};
    return token_exchange(token, token_make_first, &wish);
}

/* ---- login ---- */

static huks_rc token_auth(struct token *token, struct auth **auth)
{
    HUKS_TRY(token_require(token));
    *auth = token->auth;
    return HUKS_OK;
}

huks_rc token_login(struct token *token, enum auth_who who, struct bytes pin)
{
    struct auth *auth;
    HUKS_TRY(token_auth(token, &auth));
    return auth_login(auth, who, pin);
}

huks_rc token_verify(struct token *token, enum auth_who who, struct bytes pin)
{
    struct auth *auth;
    HUKS_TRY(token_auth(token, &auth));
    return auth_verify(auth, who, pin);
}

huks_rc token_set_pin(struct token *token, enum auth_who who, struct bytes old_pin, struct bytes new_pin)
{
    struct auth *auth;
    HUKS_TRY(token_auth(token, &auth));
    return auth_set_pin(auth, who, old_pin, new_pin);
}

huks_rc token_init_pin(struct token *token, struct bytes new_pin)
{
    struct auth *auth;
    HUKS_TRY(token_auth(token, &auth));
    return auth_init_pin(auth, new_pin);
}

static bool token_item_private(const struct item *item, const void *argument)
{
    (void)argument;
    return item->is_private;
}

void token_logout(struct token *token)
{
    pthread_mutex_lock(&token->lock);
    if (token->auth != NULL) {
        auth_logout(token->auth);
        item_table_sweep(&token->session_objects, token_item_private, NULL);
        item_table_sweep(&token->cache, token_item_private, NULL);
        search_memo_clear(&token->memo);
    }
    pthread_mutex_unlock(&token->lock);
}

enum auth_who token_role(const struct token *token)
{
    return token->auth == NULL ? AUTH_NOBODY : auth_logged_in(token->auth);
}

bool token_level_open(const struct token *token, uint32_t level)
{
    static const enum store_class classes[] = {STORE_DE, STORE_CE, STORE_ECE};
    if (token->auth == NULL || level >= ARRAY_SIZE(classes)) {
        return false;
    }
    enum auth_who role = auth_logged_in(token->auth);
    if (role != AUTH_NOBODY) {
        return role == AUTH_USER || level == OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    }
    const struct store_keys *keys = auth_keys_acquire(token->auth);
    bool open = keys->key[classes[level]] != NULL;
    auth_keys_release(token->auth);
    return open;
}

bool token_private_open(const struct token *token)
{
    return token_level_open(token, OH_HUKS_AUTH_STORAGE_LEVEL_CE);
}

void token_keys_acquire(struct token *token, struct token_keys *out)
{
    out->auth = token->auth;
    out->keys = *auth_keys_acquire(token->auth);
    if (auth_logged_in(token->auth) == AUTH_SO) {
        out->keys.key[STORE_CE] = NULL;
        out->keys.key[STORE_ECE] = NULL;
        out->keys.key[STORE_PIN_BOUND] = NULL;
    }
}

void token_keys_release(struct token_keys *keys)
{
    auth_keys_release(keys->auth);
}

/* ---- presence ---- */

huks_rc token_session_opened(struct token *token, uint64_t session, bool read_write)
{
    (void)session;
    pthread_mutex_lock(&token->lock);
    bool open = atomic_load(&token->db) != NULL;
    huks_rc rc = HUKS_OK;
    if (token->sessions == 0) {
        rc = token_open_locked(token, &open);
        if (rc == HUKS_OK) {
            rc = token_required(open);
        }
        if (rc != HUKS_OK) {
            pthread_mutex_unlock(&token->lock);
            return rc;
        }
        /* Held, then looked at again: what is open from here on can no longer be replaced. */
        rc = store_token_hold(token->engine->store, token->ordinal);
        if (rc == HUKS_OK) {
            rc = token_open_locked(token, &open);
            if (rc == HUKS_OK) {
                rc = token_required(open);
            }
            if (rc != HUKS_OK) {
                store_token_unhold(token->engine->store, token->ordinal);
            }
        }
    }
    if (rc == HUKS_OK) {
        token->sessions++;
        token->rw_sessions += read_write ? 1 : 0;
    }
    pthread_mutex_unlock(&token->lock);
    return rc;
}

static bool token_item_owned(const struct item *item, const void *session)
{
    return item->owner == *(const uint64_t *)session;
}

void token_session_closed(struct token *token, uint64_t session, bool read_write)
{
    if (item_table_count(&token->session_objects) > 0) {
        item_table_sweep(&token->session_objects, token_item_owned, &session);
    }
    pthread_mutex_lock(&token->lock);
    token->rw_sessions -= read_write ? 1 : 0;
    if (--token->sessions == 0) {
        store_token_unhold(token->engine->store, token->ordinal);
    }
    pthread_mutex_unlock(&token->lock);
}
