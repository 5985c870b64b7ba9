/*
 * Setting, changing and clearing PINs. Each change of the metadata is one transaction: whoever dies in the
 * middle leaves the old state or the new one. Class keys are sealed anew, objects never.
 */
#include <string.h>

#include "auth/credential.h"
#include "auth/inside.h"
#include "auth/number.h"

/* ---- the same user's new PIN ---- */

struct renewal {
    struct bytes new_pin;
    struct buffer record;
};

static huks_rc renew_prepare(struct auth *auth, enum auth_who who, struct proof *proof, void *argument)
{
    struct renewal *renewal = argument;
    buffer_free(&renewal->record);
    HUKS_TRY(keyring_seal_pin(auth->crypto, who, secret_bytes(&auth->device_key), auth->config.scrypt_log2n,
                              renewal->new_pin, secret_bytes(&proof->class_keys), &renewal->record));
    return keyring_pin_params(bytes_of(renewal->record.data, renewal->record.size), &proof->params);
}

static huks_rc renew_commit(struct auth *auth, enum auth_who who, void *argument)
{
    const struct renewal *renewal = argument;
    return store_meta_put(auth->token, keyring_pin_name(who),
                          bytes_of(renewal->record.data, renewal->record.size));
}

huks_rc auth_set_pin(struct auth *auth, enum auth_who who, struct bytes old_pin, struct bytes new_pin)
{
    AUTO(proof_free) struct proof proof = {0};
    struct renewal renewal = {.new_pin = new_pin};
    const struct login_change change = {renew_prepare, renew_commit, &renewal};
    HUKS_TRY(pin_check_new(&auth->config, new_pin));
    huks_rc rc = login_test(auth, who, old_pin, &change, &proof);
    buffer_free(&renewal.record);
    HUKS_TRY(rc);
    if (auth_logged_in(auth) == who) {
        login_remember(auth, who, new_pin, &proof.params);
    }
    return HUKS_OK;
}

/* ---- another life of the token's user ---- */

struct clearing {
    struct auth *auth;
    bool ownerless; /* nobody is logged in: right only while there is no PIN at all */
    struct buffer record, uid_value;
    uint64_t uid;
};

static void clearing_free(struct clearing *clearing)
{
    buffer_free(&clearing->record);
    buffer_free(&clearing->uid_value);
}

static huks_rc login_needed(void)
{
    return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
}

static huks_rc require_no_pin(struct store_token *token)
{
    static const char *const names[] = {KEYRING_PIN_SO, KEYRING_PIN_USER};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(buffer_free) struct buffer record = {0};
        bool found;
        HUKS_TRY(keyring_get(token, names[i], &record, &found));
        if (found) {
            return login_needed();
        }
    }
    return HUKS_OK;
}

/* Removes nothing, but tells all processes that records changed: some are closed, opened or void now. */
static huks_rc tell_all(struct auth *auth)
{
    return store_remove(auth->token, &auth->base->keys, NULL, 0);
}

static huks_rc clear(struct store_token *token, void *argument)
{
    struct clearing *clearing = argument;
    AUTO(buffer_free) struct buffer open_keys = {0};
    bool found;
    HUKS_TRY(auth_same_token(clearing->auth));
    if (clearing->ownerless) {
        HUKS_TRY(require_no_pin(token));
    }
    HUKS_TRY(store_meta_put(token, KEYRING_PIN_USER, bytes_of(clearing->record.data, clearing->record.size)));
    HUKS_TRY(store_meta_put(token, KEYRING_SECURE_UID,
                            bytes_of(clearing->uid_value.data, clearing->uid_value.size)));
    HUKS_TRY(keyring_get(token, KEYRING_OPEN_KEYS, &open_keys, &found));
    if (found) {
        HUKS_TRY(store_meta_delete(token, KEYRING_OPEN_KEYS));
    }
    HUKS_TRY(credentials_clear(clearing->auth));
    HUKS_TRY(tries_reset_within(clearing->auth->tries, AUTH_USER));
    return tell_all(clearing->auth);
}

/* CE ‖ ECE: the SO's login has them; a token that has no PIN at all gives them to everybody. */
static huks_rc shared_keys(struct auth *auth, uint8_t shared[KEYRING_SHARED_SIZE], bool *ownerless)
{
    (void)pthread_mutex_lock(&auth->mutex);
    const uint8_t *open = auth->current->keys.key[STORE_CE];
    *ownerless = auth_logged_in(auth) == AUTH_NOBODY && auth->secure_uid == 0;
    const uint8_t *keys = auth_logged_in(auth) == AUTH_SO ? auth->so_keys.data : *ownerless ? open : NULL;
    if (keys != NULL) {
        memcpy(shared, keys, KEYRING_SHARED_SIZE);
    }
    (void)pthread_mutex_unlock(&auth->mutex);
    if (keys == NULL) {
        return login_needed();
    }
    return *ownerless ? require_no_pin(auth->token) : HUKS_OK;
}

/* A new life of the PIN-bound class: its key, and the secure user id that numbers it. */
static huks_rc draw(struct auth *auth, uint8_t pin_bound[KEYRING_KEY_SIZE], struct clearing *clearing)
{
    uint8_t uid[8];
    HUKS_TRY(crypto_random(auth->crypto, pin_bound, KEYRING_KEY_SIZE));
    do {
        HUKS_TRY(crypto_random(auth->crypto, &clearing->uid, sizeof clearing->uid));
    } while (clearing->uid == 0);
    number_put64(uid, clearing->uid);
    return keyring_value(BYTES_OF(uid), &clearing->uid_value);
}

huks_rc auth_init_pin(struct auth *auth, struct bytes new_pin)
{
    AUTO(secret_free) struct secret class_keys = {0};
    AUTO(clearing_free) struct clearing clearing = {.auth = auth};

    HUKS_TRY(auth_sync(auth, true));
    HUKS_TRY(secret_alloc(&class_keys, KEYRING_USER_SIZE));
    HUKS_TRY(shared_keys(auth, class_keys.data, &clearing.ownerless));
    HUKS_TRY(pin_check_new(&auth->config, new_pin));
    HUKS_TRY(draw(auth, class_keys.data + KEYRING_SHARED_SIZE, &clearing));
    HUKS_TRY(keyring_seal_pin(auth->crypto, AUTH_USER, secret_bytes(&auth->device_key),
                              auth->config.scrypt_log2n, new_pin, secret_bytes(&class_keys),
                              &clearing.record));
    HUKS_TRY(store_meta_change(auth->token, clear, &clearing));
    tries_forget(auth->tries, AUTH_USER);

    /* What was open without a PIN needs a login from now on; at the latest the next acquire sees it. */
    if (auth_sync(auth, true) != HUKS_OK) {
        error_clear();
    }
    return HUKS_OK;
}

/* ---- no PIN any more ---- */

/* CE ‖ ECE under the device key, as on a token that never had a PIN; the PIN-bound key is nowhere any more.
 */
static huks_rc open_prepare(struct auth *auth, enum auth_who who, struct proof *proof, void *argument)
{
    struct buffer *open_keys = argument;
    (void)who;
    buffer_free(open_keys);
    return keyring_seal_open(auth->crypto, secret_bytes(&auth->device_key),
                             bytes_of(proof->class_keys.data, KEYRING_SHARED_SIZE), open_keys);
}

static huks_rc open_commit(struct auth *auth, enum auth_who who, void *argument)
{
    const struct buffer *open_keys = argument;
    uint64_t uid;
    (void)who;
    HUKS_TRY(auth_same_token(auth));
    HUKS_TRY(keyring_get_secure_uid(auth->token, &uid));
    if (uid == 0) {
        return error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL); /* somebody was quicker */
    }
    HUKS_TRY(store_meta_put(auth->token, KEYRING_OPEN_KEYS, bytes_of(open_keys->data, open_keys->size)));
    HUKS_TRY(store_meta_delete(auth->token, KEYRING_PIN_USER));
    HUKS_TRY(store_meta_delete(auth->token, KEYRING_SECURE_UID));
    HUKS_TRY(credentials_clear(auth));
    HUKS_TRY(tries_reset_within(auth->tries, AUTH_USER));
    return tell_all(auth);
}

huks_rc auth_clear_pin(struct auth *auth, enum auth_who who, struct bytes pin)
{
    AUTO(proof_free) struct proof proof = {0};
    struct buffer open_keys = {0};
    const struct login_change change = {open_prepare, open_commit, &open_keys};
    uint64_t uid;
    HUKS_TRY(keyring_get_secure_uid(auth->token, &uid));
    if (uid == 0) {
        return error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL);
    }
    huks_rc rc = login_test(auth, who, pin, &change, &proof);
    buffer_free(&open_keys);
    HUKS_TRY(rc);
    tries_forget(auth->tries, AUTH_USER);
    if (auth_logged_in(auth) == AUTH_USER) {
        auth_logout(auth);
    }
    if (auth_sync(auth, true) != HUKS_OK) {
        error_clear(); /* the next acquire sees it */
    }
    return HUKS_OK;
}
