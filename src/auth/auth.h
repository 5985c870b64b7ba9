/*
 * Authentication to a token: PINs, tries, and the class keys they unlock.
 *
 * Keys of keys: the store's root key seals the token's device key; from the device key comes class DE's
 * key. The CE and ECE class keys are random, sealed under the user PIN's and under the SO PIN's
 * key-encryption key; the PIN-bound class key under the user PIN's alone, so that clearing the PIN destroys
 * it. While a token has no user PIN, CE and ECE are sealed under the device key alone and need no login.
 * PIN → key: scrypt, then HKDF with the device key: without the root key there is nothing to guess against.
 *
 * Tries are counted durably before a PIN is tested. All state is in the token's metadata: formats and names
 * are in auth/keyring.h and auth/tries.h. Every change of it is one durable transaction.
 *
 * Lives of the PIN-bound class. The first user PIN draws a secure user id and a PIN-bound class key; changing
 * the PIN keeps both, clearing it (auth_init_pin() over a set PIN) destroys the key and draws both anew. So
 * the secure id numbers the lives of the class: whoever adds a record of STORE_PIN_BOUND puts
 * auth_secure_uid() in its params (HUKS_TAG_USER_AUTH_SECURE_UID), and asks auth_check_secure_uid() with it
 * before opening the record's key bytes. Skipping that gains nothing (the key of an earlier life is nowhere
 * any more), but the answer would be "damaged" instead of 12000007. While a token has no user PIN every
 * PIN-bound record is of an earlier life: `gone` of that class is set.
 *
 * Other processes. A PIN changed or cleared there leaves login and class CE here as they are; PIN-bound keys
 * of the cleared life are dropped here at the next auth_keys_acquire() (the class is then `gone` until the
 * next login). A PIN cleared and not set again opens CE and ECE here; a login from before lasts until logout. A first PIN set there closes CE and ECE here, too, until login. A token initialised anew
 * there (store_token_life() moved) needs a new struct auth: this one's calls fail with 12000012.
 */
#ifndef HUKS_AUTH_AUTH_H
#define HUKS_AUTH_AUTH_H

#include "common/config.h"
#include "store/store.h"

#define AUTH_PIN_MAX    255 /* bytes; the least is config's pin_min */
#define AUTH_LABEL_SIZE 33  /* 32 bytes of UTF-8 and NUL */

enum auth_who { AUTH_NOBODY, AUTH_USER, AUTH_SO };

struct auth; /* one token's authentication state in this process */

/* What C_InitToken writes: device key, class keys, SO verifier, label. `so_pin` is absent
 * (NULL) for the native door's own token (no PINs at all). A PIN too short or long: 12000003
 * ABOUT_PIN_LENGTH. Gives the metadata to store_token_make(); free it with auth_meta_free(). */
struct auth_meta {
    struct store_meta *entries;
    size_t count;
    struct secret class_de; /* class DE's key of the token to be: what is made with it is sealed under this */
};
HUKS_MUST_USE huks_rc auth_make(struct store *store, struct crypto *crypto, const struct config *config,
                                struct bytes so_pin, struct bytes label, struct auth_meta *out);
/* One more value, taken over, that the token is to be made with. */
void auth_meta_add(struct auth_meta *meta, const char *name, struct buffer *value);
void auth_meta_free(struct auth_meta *meta);

/* Reads the token's metadata and opens class DE (and CE, ECE when there is no user PIN). */
HUKS_MUST_USE huks_rc auth_open(struct store *store, struct store_token *token, struct crypto *crypto,
                                const struct config *config, struct auth **out);
/*
 * Where tries are counted that can't be written into the store: numbers and holds under a name, shared by the store's
 * processes (the session table's tallies, which this part does not know). Right after auth_open(); without it each
 * process counts for itself. A function that returns false did nothing.
 */
struct auth_tallies {
    void *context;
    bool (*read)(void *context, uint64_t name, uint32_t *count, uint32_t *held);
    bool (*add)(void *context, uint64_t name);
    void (*clear)(void *context, uint64_t name);
    bool (*hold)(void *context, uint64_t name, uint64_t *hold);
    void (*release)(void *context, uint64_t hold);
};
void auth_share_tries(struct auth *auth, const struct auth_tallies *tallies);
/* Cleanses everything. No call may be running, no keys be held. */
void auth_close(struct auth *auth);

/* The token's label, NUL-terminated. */
void auth_label(const struct auth *auth, char label[AUTH_LABEL_SIZE]);
/* The same of a token that auth_open() refuses (foreign root key). */
HUKS_MUST_USE huks_rc auth_token_label(struct store_token *token, char label[AUTH_LABEL_SIZE]);
/* 12000018 when it is longer than 32 bytes or has a NUL. */
HUKS_MUST_USE huks_rc auth_set_label(struct auth *auth, struct bytes label);

/*
 * Tests a PIN and unlocks. Wrong: 12000008 ABOUT_PIN; no tries left: 12000008 ABOUT_PIN_LOCKED; that PIN
 * not set: 12000013. A right PIN while already logged in as the same: HUKS_OK (the caller answers
 * USER_ALREADY_LOGGED_IN); the time of authentication is renewed. While the other one is logged in:
 * 12000018 ABOUT_LOGIN, and nothing is tested. An absent PIN: 12000018.
 *
 * While all tries left are held by running tests a call waits for them, at most auth_timeout_ms (then
 * 12000012). No lock is held while the PIN is stretched.
 */
HUKS_MUST_USE huks_rc auth_login(struct auth *auth, enum auth_who who, struct bytes pin);
/* Tests only (context login, C_InitToken on an initialised token): tries are counted, nothing is unlocked. */
HUKS_MUST_USE huks_rc auth_verify(struct auth *auth, enum auth_who who, struct bytes pin);
/* Closes what the login opened and cleanses it; waits for those who hold keys. */
void auth_logout(struct auth *auth);
/*
 * The native door's way to log a user out: ECE closes, CE and the PIN-bound class stay open, as HUKS has it after the
 * first unlock. Nothing where nobody is logged in.
 */
HUKS_MUST_USE huks_rc auth_lock(struct auth *auth);
enum auth_who auth_logged_in(const struct auth *auth);
/* Counts up at each login and logout: part of private objects' handles. */
uint32_t auth_epoch(const struct auth *auth);

/*
 * Changes the PIN of `who` after testing the old one (answers as auth_login(); new PIN too short or long:
 * 12000003 ABOUT_PIN_LENGTH, before the old one is tested). Needs no login and changes none.
 */
HUKS_MUST_USE huks_rc auth_set_pin(struct auth *auth, enum auth_who who, struct bytes old_pin,
                                   struct bytes new_pin);
/*
 * SO sets the user PIN and gives back all its tries; on a token that had one: password cleared (PIN-bound
 * class destroyed, new secure id). SO not logged in here: 12000008 ABOUT_LOGIN; but a token with neither
 * PIN belongs to whoever has it, who may set the first user PIN.
 */
HUKS_MUST_USE huks_rc auth_init_pin(struct auth *auth, struct bytes new_pin);

/*
 * Clears the user PIN: afterwards there is none, CE and ECE are open to everybody, and the PIN-bound class, the secure
 * id and all fingers and faces are gone. `who` may do it: the user or the SO, by his PIN (answers as auth_login(), but
 * needs no login). A user who is logged in here is logged out.
 */
HUKS_MUST_USE huks_rc auth_clear_pin(struct auth *auth, enum auth_who who, struct bytes pin);

/* The secure user id; no user PIN: 12000013. Current over all processes. */
HUKS_MUST_USE huks_rc auth_secure_uid(struct auth *auth, uint64_t *uid);
/*
 * May a PIN-bound record with this secure id be opened? Of a cleared life: 12000007 ABOUT_OBJECT; of this
 * one, but the login here is from before it or nobody is logged in: 12000008 ABOUT_LOGIN.
 */
HUKS_MUST_USE huks_rc auth_check_secure_uid(struct auth *auth, uint64_t uid);

/* count_low: a failure since the last success; final_try: one left; locked: none. */
struct auth_state {
    bool user_pin_set;
    bool user_count_low, user_final_try, user_locked;
    bool so_pin_set;
    bool so_count_low, so_final_try, so_locked;
};
HUKS_MUST_USE huks_rc auth_state(struct auth *auth, struct auth_state *state);

/*
 * The class keys open now, for one call into the store. Held: a logout waits until auth_keys_release(), by
 * the same thread. Keep it for as long as the store call takes and no longer; it may be nested. Never NULL.
 * A login of the SO opens no class; what was open without a PIN stays so, and the door hides it from the SO.
 */
const struct store_keys *auth_keys_acquire(struct auth *auth);
void auth_keys_release(struct auth *auth);

#endif
