/*
 * The key store: a directory with a root key and one SQLite database per token.
 *
 * The engine knows the store by this header alone. Below it, the database is a table of functions
 * (store/backend.h), so that a shared database can stand in later; sealing, indexing and integrity are done
 * above that table and are the same for every backend.
 *
 * What lies in the directory:
 *   root.key               32 random bytes, 0600 (or from the credential provider): seals the device keys
 *   token-<ordinal>.db     one token, with SQLite's -wal and -shm, which stay when nobody has it open
 *   token-<ordinal>.lock   its locks and its page of shared memory; marks the ordinal as used for ever
 *   sessions               the session table (src/session)
 *
 * Records. An item is one record: params (attributes) and key bytes are sealed apart, both with AES-256-GCM
 * under a key that belongs to the record's storage class, bound to the token, the record's id and its
 * version. Attributes can thus be read without touching key bytes. What searches need is kept as keyed
 * blind indexes. Class keys come from src/auth: the store never sees a PIN.
 */
#ifndef HUKS_STORE_STORE_H
#define HUKS_STORE_STORE_H

#include "common/config.h"
#include "crypto/crypto.h"
#include "param/set.h"

#define STORE_FORMAT 1 /* of directory and databases; newer ones are refused */

struct store;
struct store_token;

/* ---- the directory ---- */

/*
 * Never creates anything: a missing directory is an empty store. Refuses (12000012, at most 12000004 for
 * I/O) a directory that others can write or whose owner is neither root nor the effective user, symlinks in
 * place of its files, and a newer format.
 */
HUKS_MUST_USE huks_rc store_open(const struct config *config, struct crypto *crypto, struct store **out);
void store_close(struct store *store);

const char *store_path(const struct store *store);
bool store_writable(const struct store *store);
/* Does the store belong to a group ("store_group"), and to which? */
bool store_group(const struct store *store, gid_t *group);
/* 8 bytes that name this store (hash of its canonical path): the session table's fallback place uses them. */
const uint8_t *store_id(const struct store *store);

/*
 * Closes every database connection of this process and keeps others from opening one until it is undone:
 * no SQLite connection may exist across a fork. Called from the atfork handlers, prepare and parent.
 */
void store_before_fork(struct store *store);
void store_after_fork_parent(struct store *store);
/*
 * Atfork handler, child: closes the inherited lock descriptors (the parent's presence must not live on in
 * the child) and nothing else. The child never uses or frees this struct: it opens a store of its own. In a
 * child that had no handlers every call answers 12000012, and so does a new store's for the databases that
 * the parent had open.
 */
void store_after_fork_child(struct store *store);

/*
 * Ordinals of the tokens that exist, ascending; at most `capacity` are written, `*count` is how many there
 * are. The next free ordinal is one above the highest ever used. A cheap check (directory mtime) decides
 * whether the directory is read again.
 */
HUKS_MUST_USE huks_rc store_tokens(struct store *store, uint32_t *ordinals, size_t capacity, size_t *count);
uint32_t store_free_ordinal(struct store *store);
/* First 16 hex digits (lower case) of SHA-256(canonical store path ‖ ordinal as decimal text),
 * NUL-terminated. */
HUKS_MUST_USE huks_rc store_serial(struct store *store, uint32_t ordinal, char serial[17]);

/* ---- one token ---- */

/*
 * A token's database; opened at first use, shared by all threads of the process, followed when another
 * process replaces the file (token initialised anew: store_token_life() gives another number).
 * Unreadable, truncated or damaged: 12000012 or 12000004; newer format: 12000012 ABOUT_TOKEN; none: 12000011.
 */
HUKS_MUST_USE huks_rc store_token_open(struct store *store, uint32_t ordinal, struct store_token **out);
void store_token_close(struct store_token *token);
/* Random number drawn when the database was made: another one after each initialisation. */
HUKS_MUST_USE huks_rc store_token_life(struct store_token *token, uint64_t *life);
bool store_token_writable(struct store_token *token);
/*
 * Drops what the store derived from class keys and keeps for the next call. At logout, after the class keys
 * are gone. (A call that comes without a class's key drops that class's too.)
 */
void store_token_forget_keys(struct store_token *token);

/*
 * C_InitToken: makes a new database beside the old one, with the given metadata, fsyncs it and renames it
 * over the old (or into the free ordinal: refused with 12000017 when `expect_life` is 0 and somebody else
 * made that token first; 12000012 when it is not 0 and the token is no longer that one; STORE_LIFE_ANY: over
 * whatever is there, damaged or not). Makes the directory when there is none. The caller holds
 * store_token_lock_exclusive(). Names that begin with "store." are the store's own.
 */
#define STORE_LIFE_ANY UINT64_MAX
struct store_meta {
    const char *name;
    struct bytes value;
};
HUKS_MUST_USE huks_rc store_token_make(struct store *store, uint32_t ordinal, uint64_t expect_life,
                                       const struct store_meta *meta, size_t count);

/*
 * Presence: a process holds a shared lock while it has sessions on a token, C_InitToken an exclusive one.
 * Exclusive returns false at once when any process (this one included) holds it shared; it makes the
 * directory when there is none. Holds are counted: one unhold for each hold.
 */
HUKS_MUST_USE huks_rc store_token_hold(struct store *store, uint32_t ordinal);
void store_token_unhold(struct store *store, uint32_t ordinal);
HUKS_MUST_USE huks_rc store_token_lock_exclusive(struct store *store, uint32_t ordinal, bool *locked);
void store_token_unlock_exclusive(struct store *store, uint32_t ordinal);

/*
 * The root key seals and opens device keys: `context` names what is sealed. 12000012 when the store belongs
 * to another root key, or has lost its own. Sealing makes the root key (and the directory) when there is
 * none. A systemd credential "huks-root-key" goes before the file root.key; what either sealed is opened.
 */
HUKS_MUST_USE huks_rc store_root_seal(struct store *store, struct bytes context, struct bytes plain,
                                      struct buffer *sealed);
HUKS_MUST_USE huks_rc store_root_unseal(struct store *store, struct bytes context, struct bytes sealed,
                                        struct secret *plain);

/* Small named values of a token: label, sealed keys, PIN verifiers, try counters. Missing: 12000011. */
HUKS_MUST_USE huks_rc store_meta_get(struct store_token *token, const char *name, struct buffer *value);
/*
 * Runs `change` inside one immediate, durable transaction: what it reads is current, what it writes is on
 * disk when this returns HUKS_OK, and nothing of it is when `change` or the commit fails. `change` may use
 * this token's metadata and records, and no other store or token function.
 */
HUKS_MUST_USE huks_rc store_meta_change(struct store_token *token,
                                        huks_rc (*change)(struct store_token *token, void *argument),
                                        void *argument);
HUKS_MUST_USE huks_rc store_meta_put(struct store_token *token, const char *name, struct bytes value);
HUKS_MUST_USE huks_rc store_meta_delete(struct store_token *token, const char *name);

/* ---- records ---- */

/* Which class key seals a record. */
enum store_class {
    STORE_DE,        /* readable with the device key                                  */
    STORE_CE,        /* readable after login                                          */
    STORE_ECE,       /* readable only while unlocked                                  */
    STORE_PIN_BOUND, /* bound with "invalid on clear password": user PIN only         */
    STORE_CLASSES
};

/*
 * The class keys a caller has now. A class without a key is invisible to it; one whose `gone` is set is
 * void for good: its records are found and shown (their attributes are sealed under CE), their key bytes
 * answer 12000007.
 */
struct store_keys {
    const uint8_t *key[STORE_CLASSES]; /* 32 bytes each, NULL when locked */
    bool gone[STORE_CLASSES];
};

struct store_record {
    uint64_t id;              /* row number, ascending, never reused; 0 in a record to be added */
    uint64_t version;         /* 1 at first, +1 with each change                                */
    uint64_t pair;            /* id of the other half, 0: none                                  */
    enum store_class class;   /* seals the key bytes; attributes too, but CE's for PIN_BOUND    */
    OH_Huks_ParamSet *params; /* owned                                                          */
    struct secret key;        /* owned; encoded key, empty for certificates and data            */
};
void store_record_free(struct store_record *record);

/* What the alias of new records may meet. */
enum store_alias_rule { STORE_ALIAS_UNIQUE, STORE_ALIAS_REPLACE };

/*
 * Adds one record, or two that become each other's pair, in one durable transaction; fills in id, version
 * and pair. The alias (HUKS_TAG_ALIAS) must be free within its level (OH_HUKS_TAG_AUTH_STORAGE_LEVEL),
 * else 12000017, or what has it is removed in the same transaction.
 */
HUKS_MUST_USE huks_rc store_add(struct store_token *token, const struct store_keys *keys,
                                struct store_record *records, size_t count, enum store_alias_rule rule);
/* Replaces the params of record->id; 12000011 when it is gone, 12000012 when its version moved on. */
HUKS_MUST_USE huks_rc store_change(struct store_token *token, const struct store_keys *keys,
                                   struct store_record *record);
/* Removes `count` records in one transaction; 12000011 when the first is gone. */
HUKS_MUST_USE huks_rc store_remove(struct store_token *token, const struct store_keys *keys,
                                   const uint64_t *ids, size_t count);
/*
 * Reads one record; `with_key` also opens its key bytes. Gone or of a locked class: 12000011. Damaged:
 * 12000012 for this record alone.
 */
HUKS_MUST_USE huks_rc store_read(struct store_token *token, const struct store_keys *keys, uint64_t id,
                                 bool with_key, struct store_record *record);

/* Equality on one indexed tag (see store_tag_indexed()); numbers are little-endian u32/u64 by tag type. */
struct store_match {
    uint32_t tag;
    struct bytes value;
};
bool store_tag_indexed(
    uint32_t tag); /* OBJECT_CLASS KEY_TYPE ID LABEL ALIAS SUBJECT ISSUER SERIAL_NUMBER … */
/*
 * Ids, ascending, of visible records that satisfy every match on an indexed tag with a value that is not
 * empty; other matches are passed over (and blind indexes may very rarely give one too many): the caller
 * compares the attributes. No such match: all visible ones. `*ids` is a malloc'ed array.
 *
 * Where few are found they are read in the same transaction if `reader` (NULL: nobody) wants them: finding a row and
 * going back for it costs twice.
 */
struct store_reader {
    bool (*wants)(uint64_t id, void *argument); /* in the transaction: no call of the store */
    /* After it, without key bytes: may take `params` out of the record. What can't be read doesn't come here. */
    void (*take)(struct store_record *record, void *argument);
    void *argument;
};
HUKS_MUST_USE huks_rc store_find(struct store_token *token, const struct store_keys *keys,
                                 const struct store_match *matches, size_t count,
                                 const struct store_reader *reader, uint64_t **ids, size_t *found);

/*
 * A number that differs whenever any process may have changed the token's records since it was last asked;
 * an atomic load when shared memory is there, a cheap query otherwise. Caches compare it.
 */
uint64_t store_generation(struct store_token *token);
/* The same for its metadata, and for the token itself: initialised anew. */
uint64_t store_meta_generation(struct store_token *token);
/* The version of a record now, 0 when it is gone: validates one cached record after the generation moved. */
HUKS_MUST_USE huks_rc store_version(struct store_token *token, uint64_t id, uint64_t *version);

/* ---- moving a token to another store ---- */

/*
 * A token as it is, sealed: what is taken out of one store makes the same token in another, with the same life,
 * ids and PINs. Nothing is opened, so no login is needed; only what the root key seals (src/auth knows it) has
 * to be sealed anew. The index is left out: it follows from the rows.
 */
struct store_row {
    uint64_t id, version, key_version, pair;
    uint32_t class;
    struct bytes hashes, attrs, key;
};
struct store_sink {
    huks_rc (*meta)(const char *name, struct bytes value, void *argument); /* "store.life" among them */
    huks_rc (*state)(uint64_t next, struct bytes seal, void *argument);    /* the next free id is `next` */
    huks_rc (*row)(const struct store_row *row, void *argument);           /* ascending */
};
/* All of one moment, in this order, whatever others write meanwhile. What a function fails with ends it. */
HUKS_MUST_USE huks_rc store_dump(struct store_token *token, const struct store_sink *sink, void *argument);
/*
 * store_token_make() of a token that was dumped: `meta` has to name its life, `next_row` gives the rows,
 * ascending, and sets *end after the last. Nothing is there unless all of it is.
 */
struct store_source {
    const struct store_meta *meta;
    size_t count;
    uint64_t next;
    struct bytes seal;
    huks_rc (*next_row)(struct store_row *row, bool *end, void *argument);
    void *argument;
};
HUKS_MUST_USE huks_rc store_token_load(struct store *store, uint32_t ordinal, uint64_t expect_life,
                                       const struct store_source *source);

/* `huksctl check`: reads and authenticates everything; calls `report` for each bad record. */
struct store_check_result {
    uint64_t records, damaged, locked;
    bool structure_ok;
    bool set_hash_ok;
};
HUKS_MUST_USE huks_rc store_check(struct store_token *token, const struct store_keys *keys,
                                  void (*report)(uint64_t id, const char *what, void *argument),
                                  void *argument, struct store_check_result *result);

#endif
