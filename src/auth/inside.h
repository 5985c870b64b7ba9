/*
 * What auth.c, login.c and change.c share: one token's authentication in this process.
 *
 * Locks. `mutex` guards what a login changes and is never held across scrypt or a call into the store.
 * `sync_mutex` puts looks at the metadata in order, `fast_mutex` the quick test of a PIN; both may be held
 * across reads of metadata, and `mutex` may be taken inside them. A store's change may be run inside none.
 */
#ifndef HUKS_AUTH_INSIDE_H
#define HUKS_AUTH_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "auth/auth.h"
#include "auth/keyring.h"
#include "auth/tries.h"
#include "auth/user.h"

struct helper_run; /* helper.h */

struct auth {
    struct store *store;
    struct store_token *token;
    struct crypto *crypto;
    struct config config;
    struct tries *tries;
    uint64_t life;
    struct buffer device_value; /* auth.device-key: tells this token from one that took its place */
    struct secret device_key;
    uint64_t boot;            /* of moments made here; never 0 */
    _Atomic uint64_t skew_ms; /* for tests: added to the clock */

    pthread_mutex_t sync_mutex;
    _Atomic uint64_t generation; /* of the metadata when the secure id was last looked at */

    pthread_mutex_t mutex;
    pthread_cond_t quiet; /* no readers any more, or no logout any more */
    _Atomic uint32_t who; /* enum auth_who */
    _Atomic uint32_t epoch;
    uint64_t secure_uid;     /* as last seen; 0: no user PIN */
    struct keyring *base;    /* DE alone: kept, so that a logout needs no memory */
    struct keyring *current; /* what is open now; may be `base` */
    struct keyring *retired; /* was open; freed with the last reader */
    unsigned readers;
    bool closing;          /* a logout waits for the readers */
    struct secret so_keys; /* CE ‖ ECE while the SO is logged in: C_InitPIN seals them anew */
    char label[AUTH_LABEL_SIZE];
    struct auth_evidence last[AUTH_TYPES]; /* of PIN, finger, face; type 0: none */

    char *helper;              /* path of huks-auth-helper */
    pthread_mutex_t run_mutex; /* of what follows; taken last */
    struct helper_run *runs;   /* authentications that wait for a finger or face */
    bool shut;                 /* there will be no more */

    pthread_mutex_t fast_mutex;
    struct secret fast;               /* random key ‖ HMAC of the PIN under it; empty: nobody logged in */
    uint8_t fast_salt[PIN_SALT_SIZE]; /* the record the PIN was right for */
    enum auth_who fast_who;
    bool fast_doubt; /* a wrong PIN came since: only a durable test is believed */
};

/* ---- auth.c ---- */

/* Follows PINs set and cleared by others. Without `force`, only when the metadata's generation moved. */
HUKS_MUST_USE huks_rc auth_sync(struct auth *auth, bool force);
/* Puts `keyring` (or base) in the place of what is open. With `mutex`. */
void auth_publish(struct auth *auth, struct keyring *keyring);
/* The next auth_keys_acquire() looks at the metadata again. */
void auth_stale(struct auth *auth);
/* Inside a change: the database is still the token this was opened for, else 12000012. */
HUKS_MUST_USE huks_rc auth_same_token(const struct auth *auth);

/* ---- authenticator.c ---- */

extern const uint32_t auth_kinds[AUTH_TYPES]; /* OH_HUKS_USER_AUTH_TYPE_PIN, _FINGERPRINT, _FACE */

/* ---- evidence.c ---- */

/* What a right PIN proves, now. `salt` is that of the record it was right for. */
HUKS_MUST_USE huks_rc evidence_of_pin(struct auth *auth, uint64_t secure_uid,
                                      const uint8_t salt[PIN_SALT_SIZE], struct auth_evidence *evidence);
/* Logout. With `mutex`. */
void evidence_forget(struct auth *auth);

/* ---- login.c ---- */

/* A test of a PIN that was right, and what it opened. */
struct proof {
    struct secret class_keys;
    struct pin_params params;
    uint64_t secure_uid;
};
/* What a right PIN is to change, in the transaction that gives its try back. */
struct login_change {
    /* After the test, without locks: may be slow. Again when the PIN's record was replaced meanwhile. */
    huks_rc (*prepare)(struct auth *auth, enum auth_who who, struct proof *proof, void *argument);
    /* Inside the transaction; the record is still the one that was tested. */
    huks_rc (*commit)(struct auth *auth, enum auth_who who, void *argument);
    void *argument;
};
/* Tests a PIN the durable way. `change` may be NULL. */
HUKS_MUST_USE huks_rc login_test(struct auth *auth, enum auth_who who, struct bytes pin,
                                 const struct login_change *change, struct proof *proof);
void proof_free(struct proof *proof);
/* auth_login() and auth_verify(); of the user's PIN also the proof (may be NULL), which auth_last() then
 * knows. */
HUKS_MUST_USE huks_rc login_enter(struct auth *auth, enum auth_who who, struct bytes pin,
                                  struct auth_evidence *evidence);
HUKS_MUST_USE huks_rc login_verify(struct auth *auth, enum auth_who who, struct bytes pin,
                                   struct auth_evidence *evidence);
/* Keeps an HMAC of the PIN for quick tests; without memory for it, tests are just slow. */
void login_remember(struct auth *auth, enum auth_who who, struct bytes pin, const struct pin_params *params);

#endif
