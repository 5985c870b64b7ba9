/*
 * Authentication to a token: PINs, tries, and the class keys they unlock.
 *
 * Keys of keys: the store's root key seals the token's device key; from the device key comes class DE's
 * key. The CE and ECE class keys are random, sealed under the user PIN's and under the SO PIN's
 * key-encryption key; the PIN-bound class key under the user PIN's alone, so that clearing the PIN destroys
 * it. While a token has no user PIN, CE and ECE are sealed under the device key alone and need no login.
 * PIN → key: scrypt, then HKDF with the device key: without the root key there is nothing to guess against.
 *
 * Tries are counted durably before a PIN is tested. All state is in the token's metadata.
 */
#ifndef HUKS_AUTH_AUTH_H
#define HUKS_AUTH_AUTH_H

#include "common/config.h"
#include "store/store.h"

enum auth_who { AUTH_NOBODY, AUTH_USER, AUTH_SO };

struct auth; /* one token's authentication state in this process */

/* What C_InitToken writes: device key, class keys, SO verifier, label. `so_pin` may be empty for the native
 * door's own token (no PINs at all). Gives the metadata to store_token_make(); free it with auth_meta_free(). */
struct auth_meta {
    struct store_meta *entries;
    size_t count;
};
HUKS_MUST_USE huks_rc auth_make(struct store *store, struct crypto *crypto, const struct config *config,
                                struct bytes so_pin, struct bytes label, struct auth_meta *out);
void auth_meta_free(struct auth_meta *meta);

/* Reads the token's metadata and opens class DE (and CE, ECE when there is no user PIN). */
HUKS_MUST_USE huks_rc auth_open(struct store *store, struct store_token *token, struct crypto *crypto,
                                const struct config *config, struct auth **out);
void auth_close(struct auth *auth);

/*
 * Tests a PIN and unlocks. Wrong: 12000008 ABOUT_PIN; no tries left: 12000008 ABOUT_PIN_LOCKED; user PIN
 * not set: 12000013. A right PIN while already logged in as the same: HUKS_OK (the caller answers
 * USER_ALREADY_LOGGED_IN); the time of authentication is renewed.
 */
HUKS_MUST_USE huks_rc auth_login(struct auth *auth, enum auth_who who, struct bytes pin);
/* Tests only (context login, C_InitToken on an initialised token): tries are counted, nothing is unlocked. */
HUKS_MUST_USE huks_rc auth_verify(struct auth *auth, enum auth_who who, struct bytes pin);
void auth_logout(struct auth *auth);
enum auth_who auth_logged_in(const struct auth *auth);
/* Counts up at each login and logout: part of private objects' handles. */
uint32_t auth_epoch(const struct auth *auth);

/* Changes the PIN of `who` after testing the old one; resealing is one durable transaction. */
HUKS_MUST_USE huks_rc auth_set_pin(struct auth *auth, enum auth_who who, struct bytes old_pin,
                                   struct bytes new_pin);
/* SO sets the user PIN; on a token that had one: password cleared (PIN-bound class destroyed, new secure id). */
HUKS_MUST_USE huks_rc auth_init_pin(struct auth *auth, struct bytes new_pin);

struct auth_state {
    bool user_pin_set;
    bool user_count_low, user_final_try, user_locked;
    bool so_pin_set;
    bool so_count_low, so_final_try, so_locked;
};
HUKS_MUST_USE huks_rc auth_state(struct auth *auth, struct auth_state *state);

/*
 * The class keys open now, for one call into the store. Held: a logout waits until auth_keys_release().
 * Keep it for as long as the store call takes and no longer.
 */
const struct store_keys *auth_keys_acquire(struct auth *auth);
void auth_keys_release(struct auth *auth);

#endif
