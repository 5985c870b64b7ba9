/*
 * What the service's own files share: the structs behind the opaque names of its public headers.
 * Nobody outside src/service includes this.
 */
#ifndef HUKS_SERVICE_PRIVATE_H
#define HUKS_SERVICE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "service/engine.h"
#include "service/item.h"
#include "service/search_memo.h"
#include "service/token.h"
#include "session/table.h"

/* ---- items ---- */

struct item {
    atomic_uint refs;
    bool on_token;
    bool is_private;
    enum huks_object_class class;
    enum store_class store_class;
    uint32_t alg;
    uint32_t purposes;
    bool ruled;                       /* its params say who must authenticate: guard.h */
    uint64_t number;                  /* row number, or the session object's own number */
    uint64_t version;
    uint64_t pair;                    /* number of the other half, 0: none */
    uint64_t owner;                   /* session of a session object */
    uint64_t handle;
    struct token *token;
    OH_Huks_ParamSet *params;
    size_t key_size;                  /* bytes of the encoded key */
    _Atomic(struct crypto_key *) key; /* loaded at first use */
    _Atomic uint64_t generation;      /* of the store when this was last known to be current */
    struct item *chain;               /* hash bucket */
    struct item *newer, *older;       /* use order within the shard */
};

/*
 * A hash table of items by number, in shards so that threads seldom meet. As the cache of token objects it
 * drops the least recently used beyond its budget; as the table of session objects it keeps all.
 */
#define ITEM_SHARDS 16u
struct item_shard {
    _Alignas(64) pthread_mutex_t lock;
    struct item **buckets;
    size_t mask; /* buckets - 1; 0: none yet */
    size_t count;
    size_t bytes;
    struct item *newest, *oldest;
};
struct item_table {
    struct item_shard shards[ITEM_SHARDS];
    size_t budget; /* bytes a shard; 0: no limit */
};
void item_table_init(struct item_table *table, size_t budget_bytes);
void item_table_free(struct item_table *table);
/* A reference, or NULL. */
struct item *item_table_get(struct item_table *table, uint64_t number);
/* Takes its own reference; replaces an entry of the same number. */
HUKS_MUST_USE huks_rc item_table_put(struct item_table *table, struct item *item);
bool item_table_remove(struct item_table *table, uint64_t number);
/* Removes every item that `which` (NULL: all) says yes to. */
void item_table_sweep(struct item_table *table, bool (*which)(const struct item *item, const void *argument),
                      const void *argument);
/* Calls `visit` for every item; a failure stops the walk. */
HUKS_MUST_USE huks_rc item_table_walk(struct item_table *table, huks_rc (*visit)(struct item *item, void *argument),
                                      void *argument);
size_t item_table_count(struct item_table *table);

/* Gives a new session object its number and handle, and keeps it. */
HUKS_MUST_USE huks_rc item_keep_in_session(struct item *item);
/* A part of a key's value: never an attribute in clear, always inside the sealed key. */
bool item_tag_is_value(uint32_t tag);
/* The handle of a row of the token, now. */
uint64_t item_token_handle(struct token *token, uint64_t number);
/* Takes over params (also on failure). One reference for the caller. */
HUKS_MUST_USE huks_rc item_new(struct token *token, OH_Huks_ParamSet *params, struct item **out);

/* ---- tokens ---- */

struct token {
    struct engine *engine;
    uint32_t ordinal;
    uint64_t slot_id;
    char serial[17];
    pthread_mutex_t lock;                 /* opening, closing, login, session counts */
    _Atomic(struct store_token *) db;     /* NULL: not initialised, or not opened yet */
    struct auth *auth;
    uint64_t life;
    int32_t open_error;                   /* why it could not be opened: the slot shows it as not recognised */
    enum error_about open_about;
    uint32_t sessions, rw_sessions;       /* under lock */
    bool reported;                        /* slot events: initialised state already told */
    _Atomic uint64_t next_session_object;
    struct item_table cache;              /* token objects   */
    struct item_table session_objects;
    struct search_memo memo;
};
HUKS_MUST_USE huks_rc token_new(struct engine *engine, uint32_t ordinal, struct token **out);
void token_free(struct token *token);
/*
 * Opens the token's database and authentication if it is initialised; follows a replaced database while
 * nobody here has a session. *open tells whether it is initialised.
 */
HUKS_MUST_USE huks_rc token_open(struct token *token, bool *open);
/* The same, but an uninitialised token is 12000012 ABOUT_TOKEN. */
HUKS_MUST_USE huks_rc token_require(struct token *token);

/*
 * Puts another database in the place of the token's: `make` is called with the life that is there now (0: none)
 * while nobody, in no process, has a session on it (else 12000018 ABOUT_TOKEN). Afterwards the new one is open.
 */
HUKS_MUST_USE huks_rc token_exchange(struct token *token,
                                     huks_rc (*make)(struct token *token, uint64_t life, void *argument),
                                     void *argument);

/* Class keys that the present role may use, for one store call: an SO opens no private class. */
struct token_keys {
    struct auth *auth;
    struct store_keys keys;
};
void token_keys_acquire(struct token *token, struct token_keys *out);
void token_keys_release(struct token_keys *keys);

/* ---- the engine ---- */

struct engine {
    struct config config;
    struct crypto *crypto;
    struct store *store;
    struct session_table *sessions;
    pthread_mutex_t lock; /* tokens */
    struct token **tokens;
    size_t count, capacity;
    bool looked; /* the store has been looked at: what appears from now on is an event */
    pthread_mutex_t event_lock;
    pthread_cond_t event;
    bool woken;
    struct secret state_key; /* seals saved operation states; drawn at first use, under lock */
    uint64_t instance; /* random: part of session objects' unique ids */
    bool forked;
    struct engine *next; /* every engine of this library, for the atfork handlers */
};
/* The free slot's token, also where it is not shown. */
HUKS_MUST_USE huks_rc engine_free_token(struct engine *engine, struct token **out);
/* The key for operation_save(): 32 bytes, valid until engine_close(). */
HUKS_MUST_USE huks_rc engine_state_key(struct engine *engine, const uint8_t **key);

#endif
