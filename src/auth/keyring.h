/*
 * Keys of keys: how the class keys of a token are made, sealed and opened. Touches the token's metadata as
 * values only; the transactions are login.c's and change.c's.
 *
 * The token's metadata, as this part writes it. Integers are little-endian, every value starts with u32 1,
 * the version of its format; a higher one is refused (12000012).
 *
 *   auth.label        u32 1, 0–32 bytes of UTF-8
 *   auth.device-key   u32 1, the device key (32 random bytes) sealed by the store's root key
 *   auth.open-keys    u32 1, CE ‖ ECE sealed under a key from the device key; there while no user PIN is
 *   auth.pin-so       u32 1, PIN record of the SO: seals CE ‖ ECE; absent: the token has no SO PIN
 *   auth.pin-user     u32 1, PIN record of the user: seals CE ‖ ECE ‖ PIN-bound; absent: no user PIN is set
 *   auth.secure-uid   u32 1, u64 secure user id, never 0; drawn with the user PIN, kept when it is changed,
 *                     another one after it was cleared: so it also numbers the lives of the PIN-bound class
 *   auth.tries-user, auth.tries-so    see tries.h; absent: none spent
 *
 *   PIN record: u32 1, u32 log2n, salt[32], verifier[32], sealed class keys. The additional data of the seal
 *   is the value's name and its first 72 bytes, so that no part of a record fits another.
 *
 * Class DE's key comes from the device key by HKDF. CE, ECE and PIN-bound are random. A new PIN reseals
 * them; objects are never resealed.
 */
#ifndef HUKS_AUTH_KEYRING_H
#define HUKS_AUTH_KEYRING_H

#include "auth/auth.h"
#include "auth/pin.h"

#define KEYRING_LABEL      "auth.label"
#define KEYRING_DEVICE_KEY "auth.device-key"
#define KEYRING_OPEN_KEYS  "auth.open-keys"
#define KEYRING_PIN_SO     "auth.pin-so"
#define KEYRING_PIN_USER   "auth.pin-user"
#define KEYRING_SECURE_UID "auth.secure-uid"

#define KEYRING_KEY_SIZE    32
#define KEYRING_SHARED_SIZE (2 * KEYRING_KEY_SIZE) /* CE ‖ ECE: what the SO and a token without PIN seal */
#define KEYRING_USER_SIZE   (3 * KEYRING_KEY_SIZE) /* CE ‖ ECE ‖ PIN-bound: what the user PIN seals */

/* The classes open to a process, as the store takes them. */
struct keyring {
    struct store_keys keys;
    struct secret bytes;  /* DE ‖ class keys; `keys` points into it */
    struct keyring *next; /* of those that another took the place of */
};

/* Class DE's key, which is there without anybody's PIN. */
HUKS_MUST_USE huks_rc keyring_class_de(struct crypto *crypto, struct bytes device_key,
                                       uint8_t out[KEYRING_KEY_SIZE]);
/* `class_keys`: none, CE ‖ ECE, or CE ‖ ECE ‖ PIN-bound. */
HUKS_MUST_USE huks_rc keyring_new(struct crypto *crypto, struct bytes device_key, struct bytes class_keys,
                                  bool pin_bound_gone, struct keyring **out);
/* Closes one class of a keyring that nobody uses yet. */
void keyring_close(struct keyring *keyring, enum store_class class);
void keyring_free(struct keyring *keyring);

/* ---- values of metadata: u32 1 and what follows ---- */

HUKS_MUST_USE huks_rc keyring_value(struct bytes content, struct buffer *value);
/* The content of a value of version 1, else 12000012. A view into `value`. */
HUKS_MUST_USE huks_rc keyring_content(struct bytes value, struct bytes *content);
/* Like store_meta_get(), but a missing value is no failure: `*found` says it. */
HUKS_MUST_USE huks_rc keyring_get(struct store_token *token, const char *name, struct buffer *value,
                                  bool *found);
/* 0 when there is no user PIN. */
HUKS_MUST_USE huks_rc keyring_get_secure_uid(struct store_token *token, uint64_t *uid);

static inline const char *keyring_pin_name(enum auth_who who)
{
    return who == AUTH_SO ? KEYRING_PIN_SO : KEYRING_PIN_USER;
}

/* ---- making, sealing, opening ---- */

HUKS_MUST_USE huks_rc keyring_make_device_key(struct store *store, struct crypto *crypto,
                                              struct secret *device_key, struct buffer *value);
/* For a token that moves to another store: under that one's root key. */
HUKS_MUST_USE huks_rc keyring_seal_device_key(struct store *store, struct bytes device_key, struct buffer *value);
HUKS_MUST_USE huks_rc keyring_open_device_key(struct store *store, struct bytes value,
                                              struct secret *device_key);

/* auth.open-keys */
HUKS_MUST_USE huks_rc keyring_seal_open(struct crypto *crypto, struct bytes device_key,
                                        struct bytes class_keys, struct buffer *value);
HUKS_MUST_USE huks_rc keyring_unseal_open(struct crypto *crypto, struct bytes device_key, struct bytes value,
                                          struct secret *class_keys);

/* Makes a PIN record with a fresh salt. Slow (scrypt); hold no lock. */
HUKS_MUST_USE huks_rc keyring_seal_pin(struct crypto *crypto, enum auth_who who, struct bytes device_key,
                                       uint32_t log2n, struct bytes pin, struct bytes class_keys,
                                       struct buffer *record);
/* Tests a PIN against a record and, when it is `*right`, opens the class keys. Slow; hold no lock. */
HUKS_MUST_USE huks_rc keyring_test_pin(struct crypto *crypto, enum auth_who who, struct bytes device_key,
                                       struct bytes record, struct bytes pin, bool *right,
                                       struct secret *class_keys);
/* The parameters of a record, none of them secret. The salt is another one with every new PIN. */
HUKS_MUST_USE huks_rc keyring_pin_params(struct bytes record, struct pin_params *params);

#endif
