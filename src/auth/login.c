/*
 * Logging in: the durable test of a PIN, the quick one, and what a right PIN opens.
 *
 * The durable test takes a try, stretches the PIN without holding any lock, and then, in one transaction,
 * looks whether the PIN's record is still the one tested and gives the try back or keeps it spent. A record
 * that was replaced meanwhile means the test said nothing, and is repeated with the new one.
 *
 * The quick test compares with an HMAC of the PIN under a random key of this login. It is believed only while
 * no failure is counted anywhere and no wrong PIN came here since the last durable success: so it is no way
 * around the tries, however many threads or processes guess.
 */
#include <string.h>

#include "auth/inside.h"

#define REPEATS_MAX   16 /* a PIN that changes this often under a test is somebody's game */
#define FAST_KEY_SIZE 32
#define FAST_SIZE     (FAST_KEY_SIZE + CRYPTO_SHA256_SIZE)

void proof_free(struct proof *proof)
{
    secret_free(&proof->class_keys);
}

/* ---- the durable test ---- */

struct settlement {
    struct auth *auth;
    struct tries_test test;
    const char *name;     /* of the PIN record */
    struct buffer record; /* as it was tested */
    const struct login_change *change;
    bool right;
    bool moved; /* the record is another one by now */
    uint64_t secure_uid;
};

static void settlement_free(struct settlement *settlement)
{
    buffer_free(&settlement->record);
}

static huks_rc settle(struct store_token *token, void *argument)
{
    struct settlement *settlement = argument;
    struct tries *tries = settlement->auth->tries;
    AUTO(buffer_free) struct buffer now = {0};
    bool found;
    HUKS_TRY(keyring_get(token, settlement->name, &now, &found));
    settlement->moved = !found || !bytes_equal(bytes_of(now.data, now.size),
                                               bytes_of(settlement->record.data, settlement->record.size));
    if (settlement->moved) {
        return tries_end_within(tries, &settlement->test, TRIES_UNTESTED);
    }
    if (settlement->right) {
        HUKS_TRY(keyring_get_secure_uid(token, &settlement->secure_uid));
        if (settlement->change != NULL) {
            HUKS_TRY(settlement->change->commit(settlement->auth, settlement->test.who,
                                                settlement->change->argument));
        }
    }
    return tries_end_within(tries, &settlement->test, settlement->right ? TRIES_RIGHT : TRIES_WRONG);
}

static huks_rc run_settlement(struct settlement *settlement)
{
    struct auth *auth = settlement->auth;
    huks_rc rc = settlement->test.in_memory && settlement->change == NULL
                     ? settle(auth->token, settlement)
                     : store_meta_change(auth->token, settle, settlement);
    if (rc != HUKS_OK && settlement->test.in_memory) {
        HUKS_TRY(
            tries_end_within(auth->tries, &settlement->test, settlement->right ? TRIES_RIGHT : TRIES_WRONG));
    }
    return rc;
}

/* Slow, without locks: is the PIN right, and if so, what does it open. */
static huks_rc stretch(struct settlement *settlement, struct bytes pin, struct proof *proof)
{
    struct auth *auth = settlement->auth;
    enum auth_who who = settlement->test.who;
    struct bytes record = bytes_of(settlement->record.data, settlement->record.size);
    HUKS_TRY(keyring_test_pin(auth->crypto, who, secret_bytes(&auth->device_key), record, pin,
                              &settlement->right, &proof->class_keys));
    if (!settlement->right) {
        return HUKS_OK;
    }
    HUKS_TRY(keyring_pin_params(record, &proof->params));
    const struct login_change *change = settlement->change;
    return change != NULL ? change->prepare(auth, who, proof, change->argument) : HUKS_OK;
}

static huks_rc test_once(struct settlement *settlement, enum auth_who who, struct bytes pin,
                         struct proof *proof)
{
    struct auth *auth = settlement->auth;
    bool found;
    settlement->name = keyring_pin_name(who);
    HUKS_TRY(keyring_get(auth->token, settlement->name, &settlement->record, &found));
    if (!found) {
        return error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL);
    }
    HUKS_TRY(tries_take(auth->tries, who, &settlement->test));
    huks_rc rc = stretch(settlement, pin, proof);
    if (rc != HUKS_OK) {
        /* Nothing was learned about the PIN unless it was right. */
        HUKS_TRY(tries_end(auth->tries, &settlement->test, TRIES_UNTESTED));
        return rc;
    }
    rc = run_settlement(settlement);
    tries_over(auth->tries, &settlement->test);
    if (rc == HUKS_OK && settlement->moved) {
        return HUKS_OK;
    }
    if (!settlement->right) {
        /* Also when that could not be written: the try then stays taken. */
        return error_raise(HUKS_E_AUTH_FAILED, ABOUT_PIN, NULL);
    }
    proof->secure_uid = settlement->secure_uid;
    return rc;
}

huks_rc login_test(struct auth *auth, enum auth_who who, struct bytes pin, const struct login_change *change,
                   struct proof *proof)
{
    if (pin.data == NULL || (who != AUTH_USER && who != AUTH_SO)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_PIN, NULL);
    }
    HUKS_TRY(auth_sync(auth, false));
    for (int i = 0; i < REPEATS_MAX; i++) {
        AUTO(settlement_free) struct settlement settlement = {.auth = auth, .change = change};
        proof_free(proof);
        HUKS_TRY(test_once(&settlement, who, pin, proof));
        if (!settlement.moved) {
            return HUKS_OK;
        }
    }
    return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

/* ---- the quick test ---- */

static huks_rc fast_mac(struct auth *auth, enum auth_who who, struct bytes pin, const uint8_t *key,
                        uint8_t *mac)
{
    const uint8_t role = (uint8_t)who;
    const struct bytes pieces[] = {{&role, 1}, pin};
    return crypto_hmac_sha256(auth->crypto, bytes_of(key, FAST_KEY_SIZE), pieces, ARRAY_SIZE(pieces), mac);
}

static huks_rc remember(struct auth *auth, enum auth_who who, struct bytes pin, struct secret *fast)
{
    HUKS_TRY(secret_alloc(fast, FAST_SIZE));
    HUKS_TRY(crypto_random(auth->crypto, fast->data, FAST_KEY_SIZE));
    return fast_mac(auth, who, pin, fast->data, fast->data + FAST_KEY_SIZE);
}

void login_remember(struct auth *auth, enum auth_who who, struct bytes pin, const struct pin_params *params)
{
    (void)pthread_mutex_lock(&auth->fast_mutex);
    secret_free(&auth->fast);
    if (auth_logged_in(auth) == who) {
        if (remember(auth, who, pin, &auth->fast) != HUKS_OK) {
            secret_free(&auth->fast);
            error_clear();
        }
        memcpy(auth->fast_salt, params->salt, PIN_SALT_SIZE);
        auth->fast_who = who;
        auth->fast_doubt = false;
    }
    (void)pthread_mutex_unlock(&auth->fast_mutex);
}

/* Whether the remembered PIN is still the token's, and nobody has guessed at it since it was right. */
static huks_rc fast_believed(struct auth *auth, enum auth_who who, bool *believed)
{
    AUTO(buffer_free) struct buffer record = {0};
    struct pin_params params;
    uint32_t failures, left;
    *believed = false;
    if (auth->fast.size == 0 || auth->fast_who != who || auth->fast_doubt || auth_logged_in(auth) != who) {
        return HUKS_OK;
    }
    HUKS_TRY(store_meta_get(auth->token, keyring_pin_name(who), &record));
    HUKS_TRY(keyring_pin_params(bytes_of(record.data, record.size), &params));
    HUKS_TRY(tries_look(auth->tries, who, &failures, &left));
    *believed = memcmp(params.salt, auth->fast_salt, PIN_SALT_SIZE) == 0 && failures == 0 && left > 0;
    return HUKS_OK;
}

static huks_rc fast_compare(struct auth *auth, enum auth_who who, struct bytes pin, bool *right)
{
    AUTO(secret_free) struct secret mac = {0};
    bool believed;
    HUKS_TRY(fast_believed(auth, who, &believed));
    if (!believed) {
        return HUKS_OK;
    }
    HUKS_TRY(secret_alloc(&mac, CRYPTO_SHA256_SIZE));
    HUKS_TRY(fast_mac(auth, who, pin, auth->fast.data, mac.data));
    *right = crypto_equal(mac.data, mac.size, auth->fast.data + FAST_KEY_SIZE, CRYPTO_SHA256_SIZE);
    auth->fast_doubt = !*right;
    return HUKS_OK;
}

/* True: the PIN is right. False: only the durable test can tell. */
static bool fast_test(struct auth *auth, enum auth_who who, struct bytes pin, struct proof *proof)
{
    bool right = false;
    if (pin.data == NULL || pin.size > AUTH_PIN_MAX) {
        return false;
    }
    (void)pthread_mutex_lock(&auth->fast_mutex);
    if (fast_compare(auth, who, pin, &right) != HUKS_OK) {
        error_clear();
    }
    memcpy(proof->params.salt, auth->fast_salt, PIN_SALT_SIZE);
    (void)pthread_mutex_unlock(&auth->fast_mutex);
    if (right) {
        /* The record is still the one of the login: so is the secure id. */
        (void)pthread_mutex_lock(&auth->mutex);
        proof->secure_uid = auth->secure_uid;
        (void)pthread_mutex_unlock(&auth->mutex);
    }
    return right;
}

/* A right PIN of the user is a proof of his presence, with its time. */
static huks_rc prove(struct auth *auth, enum auth_who who, const struct proof *proof,
                     struct auth_evidence *evidence)
{
    struct auth_evidence found;
    if (who != AUTH_USER) {
        return HUKS_OK;
    }
    HUKS_TRY(evidence_of_pin(auth, proof->secure_uid, proof->params.salt, &found));
    auth_remember(auth, &found);
    if (evidence != NULL) {
        *evidence = found;
    }
    return HUKS_OK;
}

/* ---- login ---- */

static huks_rc another_one(void)
{
    return error_raise(HUKS_E_ARGUMENT, ABOUT_LOGIN, NULL);
}

/* With sync_mutex. Takes the keyring (user) or moves the class keys out of the proof (SO). */
static huks_rc enter_locked(struct auth *auth, enum auth_who who, struct proof *proof,
                            struct keyring *keyring)
{
    enum auth_who before = auth_logged_in(auth);
    if (before != AUTH_NOBODY && before != who) {
        keyring_free(keyring);
        return another_one();
    }
    if (who == AUTH_USER) {
        auth_publish(auth, keyring);
        auth->secure_uid = proof->secure_uid;
    } else {
        secret_free(&auth->so_keys);
        auth->so_keys = proof->class_keys;
        proof->class_keys = (struct secret){0};
    }
    if (before == AUTH_NOBODY) {
        atomic_store(&auth->who, who);
        atomic_fetch_add(&auth->epoch, 1);
    }
    return HUKS_OK;
}

static huks_rc enter(struct auth *auth, enum auth_who who, struct proof *proof)
{
    struct keyring *keyring = NULL;
    if (who == AUTH_USER) {
        HUKS_TRY(keyring_new(auth->crypto, secret_bytes(&auth->device_key), secret_bytes(&proof->class_keys),
                             false, &keyring));
    }
    (void)pthread_mutex_lock(&auth->sync_mutex);
    (void)pthread_mutex_lock(&auth->mutex);
    huks_rc rc = enter_locked(auth, who, proof, keyring);
    (void)pthread_mutex_unlock(&auth->mutex);
    (void)pthread_mutex_unlock(&auth->sync_mutex);
    auth_stale(auth);
    return rc;
}

huks_rc login_enter(struct auth *auth, enum auth_who who, struct bytes pin, struct auth_evidence *evidence)
{
    AUTO(proof_free) struct proof proof = {0};
    enum auth_who now = auth_logged_in(auth);
    if (now != AUTH_NOBODY && now != who) {
        return another_one();
    }
    if (!fast_test(auth, who, pin, &proof)) {
        HUKS_TRY(login_test(auth, who, pin, NULL, &proof));
        HUKS_TRY(enter(auth, who, &proof));
        login_remember(auth, who, pin, &proof.params);
    }
    return prove(auth, who, &proof, evidence);
}

huks_rc auth_login(struct auth *auth, enum auth_who who, struct bytes pin)
{
    return login_enter(auth, who, pin, NULL);
}

huks_rc login_verify(struct auth *auth, enum auth_who who, struct bytes pin, struct auth_evidence *evidence)
{
    AUTO(proof_free) struct proof proof = {0};
    if (!fast_test(auth, who, pin, &proof)) {
        HUKS_TRY(login_test(auth, who, pin, NULL, &proof));
        if (auth_logged_in(auth) == who) {
            login_remember(auth, who, pin, &proof.params);
        }
    }
    return prove(auth, who, &proof, evidence);
}

huks_rc auth_verify(struct auth *auth, enum auth_who who, struct bytes pin)
{
    return login_verify(auth, who, pin, NULL);
}
