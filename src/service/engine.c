/*
 * The engine's life and its slots. Creating it touches neither OpenSSL nor a database: crypto contexts and
 * tokens open at first use, so that C_Initialize costs the same whatever the store holds.
 */
#include "service/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/user.h"
#include "service/fork.h"

/* A waiter for slot events looks at the store this often: other processes' tokens announce themselves only
 * there. */
#define EVENT_POLL_NS 100000000L

static huks_rc engine_build(struct engine *engine, const struct config *config)
{
    engine->config = *config;
    if (config->service[0] != '\0') {
        /* Who asks for the service wants no key in this process: better none than that. The doors go there.
         */
        return error_raise(HUKS_E_IPC, ABOUT_IPC_GONE,
                           "initialization failed, this program works on a store itself");
    }
    HUKS_TRY(crypto_open(&engine->crypto));
    HUKS_TRY(store_open(&engine->config, engine->crypto, &engine->store));
    struct session_settings settings = {
        .store_dir = config->sessions[0] != '\0' ? config->sessions : store_path(engine->store),
        .limit = engine->config.session_limit,
        .wait_ms = engine->config.session_wait_ms,
        .idle_s = engine->config.session_idle_s,
    };
    settings.store_shared = store_group(engine->store, &settings.store_group);
    memcpy(settings.store_id, store_id(engine->store), sizeof(settings.store_id));
    return session_table_open(&settings, &engine->sessions);
}

huks_rc engine_open(const struct config *config, struct engine **out)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return error_no_memory();
    }
    pthread_mutex_init(&engine->lock, NULL);
    pthread_mutex_init(&engine->event_lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->event, &attributes);
    pthread_condattr_destroy(&attributes);
    huks_rc rc = engine_build(engine, config);
    if (rc == HUKS_OK) {
        rc = fork_watch(engine);
    }
    if (rc != HUKS_OK) {
        engine_close(engine);
        return rc;
    }
    *out = engine;
    return HUKS_OK;
}

void engine_close(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    fork_unwatch(engine);
    for (size_t i = 0; i < engine->count; i++) {
        token_free(engine->tokens[i]);
    }
    free(engine->tokens);
    session_table_close(engine->sessions);
    store_close(engine->store);
    secret_free(&engine->state_key);
    crypto_close(engine->crypto);
    pthread_cond_destroy(&engine->event);
    pthread_mutex_destroy(&engine->event_lock);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
    secret_arena_release();
}

/* Whoever waits for a finger or face waits no longer. */
static void engine_cancel(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < engine->count; i++) {
        struct token *token = engine->tokens[i];
        pthread_mutex_lock(&token->lock);
        if (token->auth != NULL) {
            auth_cancel(token->auth, 0);
        }
        pthread_mutex_unlock(&token->lock);
    }
    pthread_mutex_unlock(&engine->lock);
}

void engine_wake(struct engine *engine)
{
    pthread_mutex_lock(&engine->event_lock);
    engine->woken = true;
    pthread_cond_broadcast(&engine->event);
    pthread_mutex_unlock(&engine->event_lock);
    session_shutdown(engine->sessions);
    engine_cancel(engine);
}

const struct config *engine_config(const struct engine *engine)
{
    return &engine->config;
}

bool engine_forked(const struct engine *engine)
{
    return engine->forked;
}

/* ---- slots ---- */

static struct token *engine_find_ordinal(struct engine *engine, uint32_t ordinal)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (engine->tokens[i]->ordinal == ordinal) {
            return engine->tokens[i];
        }
    }
    return NULL;
}

static bool engine_slot_id_taken(const struct engine *engine, uint64_t slot_id)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (engine->tokens[i]->slot_id == slot_id) {
            return true;
        }
    }
    return false;
}

/* The token of an ordinal, made at its first sight. Ordinals only ever grow, so appending keeps the order. */
static huks_rc engine_know(struct engine *engine, uint32_t ordinal, bool exists, struct token **out)
{
    struct token *token = engine_find_ordinal(engine, ordinal);
    if (token != NULL) {
        *out = token;
        return HUKS_OK;
    }
    if (engine->count == engine->capacity) {
        size_t capacity = engine->capacity == 0 ? 4 : engine->capacity * 2;
        struct token **grown = memory_resize(engine->tokens, capacity, sizeof(struct token *));
        if (grown == NULL) {
            return error_no_memory();
        }
        engine->tokens = grown;
        engine->capacity = capacity;
    }
    HUKS_TRY(token_new(engine, ordinal, &token));
    uint64_t slot_id = strtoull(token->serial, NULL, 16) & 0x7fffffffU;
    while (engine_slot_id_taken(engine, slot_id)) {
        slot_id = (slot_id + 1) & 0x7fffffffU;
    }
    token->slot_id = slot_id;
    token->reported = exists && !engine->looked;
    engine->tokens[engine->count++] = token;
    *out = token;
    return HUKS_OK;
}

/* Under engine->lock: every token of the store in ordinal order is known, and the free slot behind them. */
static huks_rc engine_look(struct engine *engine)
{
    size_t count = 0;
    HUKS_TRY(store_tokens(engine->store, NULL, 0, &count));
    AUTO(memory_free_ptr) uint32_t *ordinals = calloc(count + 1, sizeof(uint32_t));
    if (ordinals == NULL) {
        return error_no_memory();
    }
    size_t found = 0;
    HUKS_TRY(store_tokens(engine->store, ordinals, count, &found));
    struct token *token;
    for (size_t i = 0; i < found && i < count; i++) {
        HUKS_TRY(engine_know(engine, ordinals[i], true, &token));
    }
    HUKS_TRY(engine_know(engine, store_free_ordinal(engine->store), false, &token));
    engine->looked = true;
    return HUKS_OK;
}

huks_rc engine_free_token(struct engine *engine, struct token **out)
{
    pthread_mutex_lock(&engine->lock);
    huks_rc rc = engine_look(engine);
    *out = rc == HUKS_OK ? engine_find_ordinal(engine, store_free_ordinal(engine->store)) : NULL;
    pthread_mutex_unlock(&engine->lock);
    HUKS_TRY(rc);
    return *out != NULL ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
}

huks_rc engine_slots(struct engine *engine, struct token **tokens, size_t capacity, size_t *count)
{
    pthread_mutex_lock(&engine->lock);
    huks_rc rc = engine_look(engine);
    if (rc == HUKS_OK) {
        size_t shown = engine->count;
        if (engine->config.free_slot == CONFIG_FREE_SLOT_NEVER && shown > 1) {
            shown--;
        }
        for (size_t i = 0; i < shown && i < capacity; i++) {
            tokens[i] = engine->tokens[i];
        }
        *count = shown;
    }
    pthread_mutex_unlock(&engine->lock);
    return rc;
}

static struct token *engine_slot_known(struct engine *engine, uint64_t slot_id)
{
    for (size_t i = 0; i < engine->count; i++) {
        if (engine->tokens[i]->slot_id == slot_id) {
            return engine->tokens[i];
        }
    }
    return NULL;
}

struct token *engine_slot(struct engine *engine, uint64_t slot_id)
{
    pthread_mutex_lock(&engine->lock);
    struct token *token = engine_slot_known(engine, slot_id);
    if (token == NULL && engine_look(engine) == HUKS_OK) {
        token = engine_slot_known(engine, slot_id);
    }
    pthread_mutex_unlock(&engine->lock);
    return token;
}

huks_rc engine_native_token(struct engine *engine, bool create, struct token **out)
{
    struct token *tokens[64];
    size_t count = 0;
    HUKS_TRY(engine_slots(engine, tokens, ARRAY_SIZE(tokens), &count));
    struct token *only = NULL, *unused = NULL;
    size_t initialized = 0;
    for (size_t i = 0; i < count && i < ARRAY_SIZE(tokens); i++) {
        struct token_info info;
        HUKS_TRY(token_info(tokens[i], &info));
        if (!info.initialized) {
            unused = tokens[i];
            continue;
        }
        if (strcmp(info.label, engine->config.native_token) == 0) {
            *out = tokens[i];
            return token_require(tokens[i]);
        }
        only = tokens[i];
        initialized++;
    }
    if (initialized == 1) {
        *out = only;
        return token_require(only);
    }
    if (initialized > 1 || !create || unused == NULL) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
    }
    huks_rc rc =
        token_init_first(unused, bytes_of(engine->config.native_token, strlen(engine->config.native_token)));
    if (rc == HUKS_E_ALIAS_EXISTS ||
        rc == HUKS_E_ARGUMENT) { /* another thread or process was first, and uses it */
        error_clear();
        return engine_native_token(engine, false, out);
    }
    HUKS_TRY(rc);
    *out = unused;
    return token_require(unused);
}

/* ---- events ---- */

/* One slot whose state differs from what was last reported; the state at the first look is taken as reported.
 */
static huks_rc engine_next_event(struct engine *engine, bool *event, uint64_t *slot_id)
{
    pthread_mutex_lock(&engine->lock);
    huks_rc rc = engine_look(engine);
    for (size_t i = 0; rc == HUKS_OK && i < engine->count; i++) {
        struct token *token = engine->tokens[i];
        bool open = false;
        if (token_open(token, &open) == HUKS_OK && open != token->reported) {
            token->reported = open;
            *event = true;
            *slot_id = token->slot_id;
            break;
        }
    }
    pthread_mutex_unlock(&engine->lock);
    return rc;
}

huks_rc engine_slot_event(struct engine *engine, bool block, bool *event, uint64_t *slot_id)
{
    *event = false;
    for (;;) {
        HUKS_TRY(engine_next_event(engine, event, slot_id));
        if (*event || !block) {
            return HUKS_OK;
        }
        pthread_mutex_lock(&engine->event_lock);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += EVENT_POLL_NS;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        bool woken = engine->woken;
        if (!woken) {
            pthread_cond_timedwait(&engine->event, &engine->event_lock, &until);
            woken = engine->woken;
        }
        pthread_mutex_unlock(&engine->event_lock);
        if (woken) {
            return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
        }
    }
}

/* ---- random ---- */

huks_rc engine_random(struct engine *engine, void *out, size_t size)
{
    return crypto_random_public(engine->crypto, out, size);
}

huks_rc engine_random_seed(struct engine *engine, const void *seed, size_t size)
{
    return crypto_random_seed(engine->crypto, seed, size);
}

huks_rc engine_state_key(struct engine *engine, const uint8_t **key)
{
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&engine->lock);
    if (engine->state_key.data == NULL) {
        rc = secret_alloc(&engine->state_key, CRYPTO_SEAL_KEY_SIZE);
        if (rc == HUKS_OK) {
            rc = crypto_random(engine->crypto, engine->state_key.data, engine->state_key.size);
        }
        if (rc != HUKS_OK) {
            secret_free(&engine->state_key);
        }
    }
    *key = engine->state_key.data;
    pthread_mutex_unlock(&engine->lock);
    return rc;
}

huks_rc engine_limits(struct engine *engine, struct engine_limits *limits)
{
    struct session_limits now;
    session_table_limits(engine->sessions, &now);
    *limits = (struct engine_limits){
        .limit = engine->config.session_limit,
        .in_use = now.in_use,
        .mine = now.mine,
        .wait_ms = engine->config.session_wait_ms,
    };
    return HUKS_OK;
}
