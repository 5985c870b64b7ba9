/*
 * One token's authentication in this process: making, opening, following other processes, and the class keys
 * that are open. Touches metadata through the store; logins and changes of PINs are login.c's and change.c's.
 */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>

#include "auth/helper.h"
#include "auth/inside.h"

/* ---- making ---- */

static huks_rc label_value(struct bytes label, struct buffer *value)
{
    if (label.size >= AUTH_LABEL_SIZE || (label.data == NULL && label.size > 0) ||
        (label.size > 0 && memchr(label.data, '\0', label.size) != NULL)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_TOKEN, NULL);
    }
    return keyring_value(label, value);
}

void auth_meta_add(struct auth_meta *meta, const char *name, struct buffer *value)
{
    meta->entries[meta->count++] = (struct store_meta){name, bytes_of(value->data, value->size)};
    *value = (struct buffer){0};
}

#define MADE_ENTRIES 5 /* the last one is the service's */

huks_rc auth_make(struct store *store, struct crypto *crypto, const struct config *config,
                  struct bytes so_pin, struct bytes label, struct auth_meta *out)
{
    AUTO(auth_meta_free) struct auth_meta meta = {.entries = calloc(MADE_ENTRIES, sizeof *meta.entries)};
    AUTO(secret_free) struct secret device_key = {0};
    AUTO(secret_free) struct secret class_keys = {0};
    AUTO(buffer_free) struct buffer value = {0};

    *out = (struct auth_meta){.count = 0};
    if (meta.entries == NULL) {
        return error_no_memory();
    }
    if (so_pin.data != NULL) {
        HUKS_TRY(pin_check_new(config, so_pin));
    }
    HUKS_TRY(label_value(label, &value));
    auth_meta_add(&meta, KEYRING_LABEL, &value);
    HUKS_TRY(keyring_make_device_key(store, crypto, &device_key, &value));
    auth_meta_add(&meta, KEYRING_DEVICE_KEY, &value);
    HUKS_TRY(secret_alloc(&class_keys, KEYRING_SHARED_SIZE));
    HUKS_TRY(crypto_random(crypto, class_keys.data, class_keys.size));
    HUKS_TRY(keyring_seal_open(crypto, secret_bytes(&device_key), secret_bytes(&class_keys), &value));
    auth_meta_add(&meta, KEYRING_OPEN_KEYS, &value);
    if (so_pin.data != NULL) {
        HUKS_TRY(keyring_seal_pin(crypto, AUTH_SO, secret_bytes(&device_key), config->scrypt_log2n, so_pin,
                                  secret_bytes(&class_keys), &value));
        auth_meta_add(&meta, KEYRING_PIN_SO, &value);
    }
    HUKS_TRY(secret_alloc(&meta.class_de, KEYRING_KEY_SIZE));
    HUKS_TRY(keyring_class_de(crypto, secret_bytes(&device_key), meta.class_de.data));
    *out = meta;
    meta = (struct auth_meta){.count = 0};
    return HUKS_OK;
}

void auth_meta_free(struct auth_meta *meta)
{
    for (size_t i = 0; i < meta->count; i++) {
        struct buffer value = {(uint8_t *)(uintptr_t)meta->entries[i].value.data, 0, 0};
        buffer_free(&value);
    }
    free(meta->entries);
    secret_free(&meta->class_de);
    *meta = (struct auth_meta){.count = 0};
}

/* ---- what is open ---- */

static void retired_free(struct auth *auth)
{
    while (auth->retired != NULL) {
        struct keyring *next = auth->retired->next;
        keyring_free(auth->retired);
        auth->retired = next;
    }
}

void auth_publish(struct auth *auth, struct keyring *keyring)
{
    struct keyring *old = auth->current;
    auth->current = keyring;
    if (old != NULL && old != auth->base && old != keyring) {
        old->next = auth->retired;
        auth->retired = old;
    }
    if (auth->readers == 0) {
        retired_free(auth);
    }
}

void auth_stale(struct auth *auth)
{
    atomic_store(&auth->generation, store_meta_generation(auth->token) - 1);
}

huks_rc auth_same_token(const struct auth *auth)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(store_meta_get(auth->token, KEYRING_DEVICE_KEY, &value));
    if (!bytes_equal(bytes_of(value.data, value.size),
                     bytes_of(auth->device_value.data, auth->device_value.size))) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    return HUKS_OK;
}

/* What is open without anybody's PIN. */
static huks_rc load_open_keys(struct auth *auth, bool *found, struct keyring **keyring)
{
    AUTO(buffer_free) struct buffer value = {0};
    AUTO(secret_free) struct secret class_keys = {0};
    HUKS_TRY(keyring_get(auth->token, KEYRING_OPEN_KEYS, &value, found));
    if (!*found) {
        return HUKS_OK;
    }
    struct bytes device_key = secret_bytes(&auth->device_key);
    HUKS_TRY(keyring_unseal_open(auth->crypto, device_key, bytes_of(value.data, value.size), &class_keys));
    return keyring_new(auth->crypto, device_key, secret_bytes(&class_keys), true, keyring);
}

/* The keyring of a login whose PIN-bound class was cleared by another process. */
static huks_rc without_pin_bound(struct auth *auth, struct keyring **keyring)
{
    AUTO(secret_free) struct secret class_keys = {0};
    (void)pthread_mutex_lock(&auth->mutex);
    const struct store_keys *keys = &auth->current->keys;
    bool open = keys->key[STORE_CE] != NULL;
    huks_rc rc = open ? secret_set(&class_keys, keys->key[STORE_CE], KEYRING_SHARED_SIZE) : HUKS_OK;
    (void)pthread_mutex_unlock(&auth->mutex);
    HUKS_TRY(rc);
    return open ? keyring_new(auth->crypto, secret_bytes(&auth->device_key), secret_bytes(&class_keys), true,
                              keyring)
                : HUKS_OK;
}

/* With sync_mutex: the user PIN was set, cleared or removed by somebody else. */
static huks_rc follow(struct auth *auth, uint64_t secure_uid)
{
    struct keyring *keyring = NULL;
    bool found = false;
    bool user = auth_logged_in(auth) == AUTH_USER;
    if (secure_uid == 0 && !user) {
        HUKS_TRY(load_open_keys(auth, &found, &keyring));
    } else if (user) {
        HUKS_TRY(without_pin_bound(auth, &keyring));
    }
    (void)pthread_mutex_lock(&auth->mutex);
    if (user != (auth_logged_in(auth) == AUTH_USER)) {
        keyring_free(keyring); /* a login or logout came between: look again next time */
    } else {
        auth_publish(auth, keyring != NULL ? keyring : auth->base);
        auth->secure_uid = secure_uid;
    }
    (void)pthread_mutex_unlock(&auth->mutex);
    return HUKS_OK;
}

/* With sync_mutex. */
static huks_rc sync_locked(struct auth *auth)
{
    uint64_t generation = store_meta_generation(auth->token);
    uint64_t life, secure_uid;
    HUKS_TRY(store_token_life(auth->token, &life));
    if (life != auth->life) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(keyring_get_secure_uid(auth->token, &secure_uid));
    (void)pthread_mutex_lock(&auth->mutex);
    /* (After the logout of a user whose PIN somebody cleared, what needs none is open again.) */
    bool closed = secure_uid == 0 && auth->current == auth->base && auth_logged_in(auth) == AUTH_NOBODY;
    bool moved = secure_uid != auth->secure_uid || closed;
    (void)pthread_mutex_unlock(&auth->mutex);
    if (moved) {
        HUKS_TRY(follow(auth, secure_uid));
    }
    atomic_store(&auth->generation, generation);
    return HUKS_OK;
}

huks_rc auth_sync(struct auth *auth, bool force)
{
    if (!force && store_meta_generation(auth->token) == atomic_load(&auth->generation)) {
        return HUKS_OK;
    }
    (void)pthread_mutex_lock(&auth->sync_mutex);
    huks_rc rc = sync_locked(auth);
    (void)pthread_mutex_unlock(&auth->sync_mutex);
    return rc;
}

/* Keys this thread holds, of any token: who holds some must not wait for a logout that waits for him. */
static _Thread_local unsigned held_here;

const struct store_keys *auth_keys_acquire(struct auth *auth)
{
    if (auth_sync(auth, false) != HUKS_OK) {
        error_clear(); /* what the store can't tell now, it will tell the caller's own call */
    }
    (void)pthread_mutex_lock(&auth->mutex);
    while (auth->closing && held_here == 0) {
        (void)pthread_cond_wait(&auth->quiet, &auth->mutex);
    }
    auth->readers++;
    held_here++;
    const struct store_keys *keys = &auth->current->keys;
    (void)pthread_mutex_unlock(&auth->mutex);
    return keys;
}

void auth_keys_release(struct auth *auth)
{
    (void)pthread_mutex_lock(&auth->mutex);
    held_here--;
    if (--auth->readers == 0) {
        retired_free(auth);
        (void)pthread_cond_broadcast(&auth->quiet);
    }
    (void)pthread_mutex_unlock(&auth->mutex);
}

/* With `mutex`: what a user who leaves leaves open. `kept` was made from `from`: something else may be open
 * by now. */
static struct keyring *left_open(struct auth *auth, struct keyring *kept, const struct keyring *from)
{
    if (kept != NULL && auth_logged_in(auth) == AUTH_USER && auth->current == from) {
        return kept;
    }
    keyring_free(kept);
    return auth->base;
}

/* Nobody is logged in any more; waits for those who hold keys. Takes `kept` (NULL: nothing is kept open). */
static void leave(struct auth *auth, struct keyring *kept, const struct keyring *from)
{
    (void)pthread_mutex_lock(&auth->fast_mutex);
    secret_free(&auth->fast);
    (void)pthread_mutex_unlock(&auth->fast_mutex);

    (void)pthread_mutex_lock(&auth->mutex);
    struct keyring *open = left_open(auth, kept, from);
    if (auth_logged_in(auth) == AUTH_NOBODY) {
        (void)pthread_mutex_unlock(&auth->mutex);
        return;
    }
    if (auth_logged_in(auth) == AUTH_USER) {
        auth_publish(auth, open);
    }
    secret_free(&auth->so_keys);
    evidence_forget(auth);
    atomic_store(&auth->who, AUTH_NOBODY);
    atomic_fetch_add(&auth->epoch, 1);
    while (auth->closing && held_here == 0) {
        (void)pthread_cond_wait(&auth->quiet, &auth->mutex);
    }
    if (auth->readers > 0 && held_here == 0) {
        auth->closing = true;
        while (auth->readers > 0) {
            (void)pthread_cond_wait(&auth->quiet, &auth->mutex);
        }
        auth->closing = false;
        (void)pthread_cond_broadcast(&auth->quiet);
    }
    (void)pthread_mutex_unlock(&auth->mutex);
    auth_stale(auth);
    store_token_forget_keys(auth->token);
}

void auth_logout(struct auth *auth)
{
    leave(auth, NULL, NULL);
}

huks_rc auth_lock(struct auth *auth)
{
    AUTO(secret_free) struct secret class_keys = {0};
    struct keyring *kept = NULL;
    (void)pthread_mutex_lock(&auth->mutex);
    const struct keyring *from = auth->current;
    bool user = auth_logged_in(auth) == AUTH_USER, gone = from->keys.gone[STORE_PIN_BOUND];
    size_t size = from->bytes.size - KEYRING_KEY_SIZE;
    huks_rc rc = user ? secret_set(&class_keys, from->bytes.data + KEYRING_KEY_SIZE, size) : HUKS_OK;
    (void)pthread_mutex_unlock(&auth->mutex);
    HUKS_TRY(rc);
    if (user) {
        struct bytes device_key = secret_bytes(&auth->device_key);
        HUKS_TRY(keyring_new(auth->crypto, device_key, secret_bytes(&class_keys), gone, &kept));
        keyring_close(kept, STORE_ECE);
        leave(auth, kept, from);
    }
    return HUKS_OK;
}

enum auth_who auth_logged_in(const struct auth *auth)
{
    return (enum auth_who)atomic_load(&auth->who);
}

uint32_t auth_epoch(const struct auth *auth)
{
    return atomic_load(&auth->epoch);
}

/* ---- opening ---- */

/* Where the boot can't be told, what this instance proves is worth nothing to others. */
static huks_rc load_boot(struct auth *auth)
{
    auth->boot = moment_boot();
    while (auth->boot == 0) {
        HUKS_TRY(crypto_random(auth->crypto, &auth->boot, sizeof auth->boot));
    }
    return HUKS_OK;
}

static huks_rc load(struct auth *auth)
{
    HUKS_TRY(load_boot(auth));
    HUKS_TRY(helper_find(&auth->helper));
    HUKS_TRY(store_token_life(auth->token, &auth->life));
    HUKS_TRY(store_meta_get(auth->token, KEYRING_DEVICE_KEY, &auth->device_value));
    HUKS_TRY(keyring_open_device_key(auth->store, bytes_of(auth->device_value.data, auth->device_value.size),
                                     &auth->device_key));
    HUKS_TRY(auth_token_label(auth->token, auth->label));
    HUKS_TRY(keyring_new(auth->crypto, secret_bytes(&auth->device_key), BYTES_NONE, false, &auth->base));
    auth->current = auth->base;
    HUKS_TRY(tries_new(auth->token, auth->crypto, &auth->config, &auth->tries));
    atomic_store(&auth->generation, store_meta_generation(auth->token));
    HUKS_TRY(keyring_get_secure_uid(auth->token, &auth->secure_uid));
    if (auth->secure_uid == 0) {
        struct keyring *keyring = NULL;
        bool found = false;
        HUKS_TRY(load_open_keys(auth, &found, &keyring));
        if (found) {
            auth_publish(auth, keyring);
        }
    }
    return HUKS_OK;
}

huks_rc auth_open(struct store *store, struct store_token *token, struct crypto *crypto,
                  const struct config *config, struct auth **out)
{
    struct auth *auth = calloc(1, sizeof *auth);
    if (auth == NULL) {
        return error_no_memory();
    }
    auth->store = store;
    auth->token = token;
    auth->crypto = crypto;
    auth->config = *config;
    (void)pthread_mutex_init(&auth->mutex, NULL);
    (void)pthread_mutex_init(&auth->sync_mutex, NULL);
    (void)pthread_mutex_init(&auth->fast_mutex, NULL);
    (void)pthread_mutex_init(&auth->run_mutex, NULL);
    (void)pthread_cond_init(&auth->quiet, NULL);
    huks_rc rc = load(auth);
    if (rc != HUKS_OK) {
        auth_close(auth);
        return rc;
    }
    *out = auth;
    return HUKS_OK;
}

void auth_share_tries(struct auth *auth, const struct auth_tallies *tallies)
{
    tries_share(auth->tries, tallies);
}

void auth_close(struct auth *auth)
{
    if (auth == NULL) {
        return;
    }
    auth_publish(auth, auth->base);
    retired_free(auth);
    keyring_free(auth->base);
    secret_free(&auth->so_keys);
    secret_free(&auth->fast);
    secret_free(&auth->device_key);
    buffer_free(&auth->device_value);
    tries_free(auth->tries);
    free(auth->helper);
    (void)pthread_cond_destroy(&auth->quiet);
    (void)pthread_mutex_destroy(&auth->run_mutex);
    (void)pthread_mutex_destroy(&auth->fast_mutex);
    (void)pthread_mutex_destroy(&auth->sync_mutex);
    (void)pthread_mutex_destroy(&auth->mutex);
    free(auth);
}

/* ---- asking ---- */

huks_rc auth_token_label(struct store_token *token, char label[AUTH_LABEL_SIZE])
{
    AUTO(buffer_free) struct buffer value = {0};
    struct bytes content;
    HUKS_TRY(store_meta_get(token, KEYRING_LABEL, &value));
    HUKS_TRY(keyring_content(bytes_of(value.data, value.size), &content));
    if (content.size >= AUTH_LABEL_SIZE) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    memset(label, 0, AUTH_LABEL_SIZE);
    memcpy(label, content.data, content.size);
    return HUKS_OK;
}

void auth_label(const struct auth *auth, char label[AUTH_LABEL_SIZE])
{
    if (auth_token_label(auth->token, label) != HUKS_OK) {
        error_clear();
        memcpy(label, auth->label, AUTH_LABEL_SIZE);
    }
}

huks_rc auth_set_label(struct auth *auth, struct bytes label)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(label_value(label, &value));
    return store_meta_put(auth->token, KEYRING_LABEL, bytes_of(value.data, value.size));
}

static huks_rc pin_is_set(struct auth *auth, enum auth_who who, bool *set)
{
    AUTO(buffer_free) struct buffer record = {0};
    return keyring_get(auth->token, keyring_pin_name(who), &record, set);
}

huks_rc auth_state(struct auth *auth, struct auth_state *state)
{
    uint32_t failures, left;
    *state = (struct auth_state){0};
    HUKS_TRY(auth_sync(auth, false));
    HUKS_TRY(pin_is_set(auth, AUTH_USER, &state->user_pin_set));
    if (state->user_pin_set) {
        HUKS_TRY(tries_look(auth->tries, AUTH_USER, &failures, &left));
        state->user_count_low = failures > 0;
        state->user_final_try = left == 1;
        state->user_locked = left == 0;
    }
    HUKS_TRY(pin_is_set(auth, AUTH_SO, &state->so_pin_set));
    if (state->so_pin_set) {
        HUKS_TRY(tries_look(auth->tries, AUTH_SO, &failures, &left));
        state->so_count_low = failures > 0;
        state->so_final_try = left == 1;
        state->so_locked = left == 0;
    }
    return HUKS_OK;
}

huks_rc auth_secure_uid(struct auth *auth, uint64_t *uid)
{
    HUKS_TRY(auth_sync(auth, true));
    (void)pthread_mutex_lock(&auth->mutex);
    *uid = auth->secure_uid;
    (void)pthread_mutex_unlock(&auth->mutex);
    return *uid != 0 ? HUKS_OK : error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL);
}

huks_rc auth_check_secure_uid(struct auth *auth, uint64_t uid)
{
    HUKS_TRY(auth_sync(auth, true));
    (void)pthread_mutex_lock(&auth->mutex);
    bool same = uid != 0 && uid == auth->secure_uid;
    bool open = auth->current->keys.key[STORE_PIN_BOUND] != NULL;
    (void)pthread_mutex_unlock(&auth->mutex);
    if (!same) {
        return error_raise(HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT, NULL);
    }
    return open ? HUKS_OK : error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
}
