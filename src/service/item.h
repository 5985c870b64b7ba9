/*
 * Items: what both doors see. An item is alias + params + key; on the token it is a store record, as a
 * session object it lives in this process alone.
 *
 * `struct item` is an immutable snapshot, shared by reference count; a change makes a new snapshot, so a
 * holder reads consistent attributes without a lock.
 *
 * Handles are 64-bit numbers, never 0, never reused for another item within the token's life: computed from
 * row number and, for private items, the login epoch, so that they die at logout.
 */
#ifndef HUKS_SERVICE_ITEM_H
#define HUKS_SERVICE_ITEM_H

#include "crypto/key.h"
#include "service/token.h"
#include "store/store.h"

struct item;

/* Handles with this in their low bits are no item's: a door may give them to objects of its own. */
#define ITEM_HANDLE_FOREIGN 0xfU
static inline bool item_handle_foreign(uint64_t handle)
{
    return (handle & 0xfU) == ITEM_HANDLE_FOREIGN;
}

/* A handle's item now; a reference the caller gives back. Gone or invisible: 12000011 ABOUT_OBJECT. */
HUKS_MUST_USE huks_rc item_get(struct token *token, uint64_t handle, struct item **out);
struct item *item_ref(struct item *item);
void item_unref(struct item *item);
void item_unref_ptr(struct item **item); /* for AUTO() */

uint64_t item_handle(const struct item *item);
const OH_Huks_ParamSet *item_params(const struct item *item);
enum huks_object_class item_class(const struct item *item);
bool item_on_token(const struct item *item);
bool item_private(const struct item *item);
uint32_t item_alg(const struct item *item);      /* OH_HUKS_TAG_ALGORITHM, 0: not a key */
uint32_t item_purposes(const struct item *item); /* OH_HUKS_TAG_PURPOSE with the engine's extra bits */
size_t item_size(const struct item *item);       /* bytes of params and key, as stored */
/* 32 hex digits that name this item for ever, NUL-terminated: never another one, in no token's life. */
void item_unique_id(const struct item *item, char id[33]);
/* The handle of a pair's other half, 0 when there is none. */
uint64_t item_pair(const struct item *item);

/* The item's key, loaded at first use (a reference). Void for good: 12000007. */
HUKS_MUST_USE huks_rc item_key(struct item *item, struct crypto_key **out);
/* Loads the key if it is not: HUKS_OK, or why it can't be used (12000007 when it is void for good). */
HUKS_MUST_USE huks_rc item_ready(struct item *item);
/* One component of the key's value, private ones included: whether it may be told is the door's decision. */
HUKS_MUST_USE huks_rc item_part(struct item *item, uint32_t tag, struct secret *out);

/*
 * What a creating call brings. `params` holds every attribute to be stored under its tag (shallow views
 * that live for the call); HUKS_TAG_OBJECT_CLASS always, and for keys OH_HUKS_TAG_ALGORITHM and
 * HUKS_TAG_KEY_TYPE. The service adds what follows from the key: KEY_SIZE, public parts, PUBLIC_KEY_INFO,
 * CHECK_VALUE, a random alias (HUKS_TAG_ALIAS) when there is none, the storage level.
 * EC_POINT is stored as PKCS #11 shows it, DER-wrapped.
 */
struct item_draft {
    struct param_list params;
    bool on_token;
    bool identify;  /* give it an ID: SHA-1 of the public value; of the alias for a secret key */
    bool copied;    /* set by item_copy(): the rule in its params is its source's, secure id and all */
    uint64_t owner; /* session of a session object */
};

/*
 * The creating verbs. All check that private items may be made now (12000008 ABOUT_LOGIN), that the token
 * can be written (12000004 ABOUT_READ_ONLY), aliases (12000017), and are atomic. Handles come out.
 */

/* From the values in the template: key parts (VALUE, MODULUS, …) are taken out of the params and built. */
HUKS_MUST_USE huks_rc item_create(struct token *token, struct item_draft *draft, enum store_alias_rule rule,
                                  uint64_t *handle);
/* A secret key, or domain parameters (one draft), or a pair: drafts[0] public, drafts[1] private. */
HUKS_MUST_USE huks_rc item_generate(struct token *token, const struct crypto_keygen *spec,
                                    struct item_draft *drafts, size_t count, enum store_alias_rule rule,
                                    uint64_t *handles);
/* The same for a key that is there already and came by `key_flag` (OH_HUKS_KEY_FLAG_*). */
HUKS_MUST_USE huks_rc item_keep(struct token *token, struct crypto_key *key, uint32_t key_flag,
                                struct item_draft *drafts, size_t count, enum store_alias_rule rule,
                                uint64_t *handles);
/* What `identify` gives an asymmetric key as its ID: SHA-1 of its public value. */
HUKS_MUST_USE huks_rc item_identity(struct engine *engine, struct crypto_key *key, uint8_t identity[20]);
/* A copy of `source` with the draft's params (complete: the door merged them) and the same key. */
HUKS_MUST_USE huks_rc item_copy(struct token *token, struct item *source, struct item_draft *draft,
                                uint64_t *handle);
/* From encoded bytes: raw secret, SPKI, PKCS#8. Used by unwrap, derive and native import. */
HUKS_MUST_USE huks_rc item_import(struct token *token, enum crypto_key_class class, struct bytes encoded,
                                  struct item_draft *draft, enum store_alias_rule rule, uint64_t *handle);

/* The public half of a private key as an item of its own, in no pair with it. */
HUKS_MUST_USE huks_rc item_make_public(struct token *token, struct item *source, struct item_draft *draft,
                                       uint64_t *handle);

/* Replaces or adds the listed params (everything else stays). */
HUKS_MUST_USE huks_rc item_change(struct token *token, uint64_t handle, const struct param_list *changes);
HUKS_MUST_USE huks_rc item_destroy(struct token *token, uint64_t handle);
/* Several token objects, say a pair's halves, in one transaction, whether they can be read or not. */
#define ITEMS_DESTROY_MAX 4
HUKS_MUST_USE huks_rc items_destroy(struct token *token, const uint64_t *handles, size_t count);

/*
 * Handles of visible items, session objects first, that satisfy every match on an indexed tag; session
 * objects and matches on other tags are compared exactly by the caller. malloc'ed.
 */
HUKS_MUST_USE huks_rc item_find(struct token *token, const struct store_match *matches, size_t count,
                                uint64_t **handles, size_t *found);

#endif
