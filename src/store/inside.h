/*
 * What the files of src/store/ share and nobody else sees: the directory, its tokens, their connections,
 * and the page of memory that all processes of a token share.
 *
 * Locks, in the order they are taken: store->lock, share->write_lock, token->lock, share->open_lock.
 */
#ifndef HUKS_STORE_INSIDE_H
#define HUKS_STORE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "store/backend.h"
#include "store/store.h"

#define STORE_META_LIFE    "store.life"    /* u64 little-endian */
#define STORE_META_CLASSES "store.classes" /* one byte, see classes.c */

/* Byte locks in token-<ordinal>.lock, each also a futex word in the shared page. */
enum share_lock {
    SHARE_PRESENCE, /* shared: sessions; exclusive: C_InitToken                    */
    SHARE_GATE,     /* the queue of writers: who waits for SHARE_WRITER holds this */
    SHARE_WRITER,   /* the one writer                                              */
    SHARE_OPENING,  /* shared: a connection is being opened; exclusive: replacing  */
    SHARE_LAYOUT,   /* the file is being laid out                                  */
    SHARE_MAKING,   /* C_InitToken at work: the next one waits for it, not fails   */
    SHARE_LOCKS
};

/*
 * First page of token-<ordinal>.lock, mapped by every process; native byte order, one machine. The lock
 * file outlives the database, so that an ordinal once used is never used again.
 */
struct share_page {
    char magic[8];
    uint32_t format;
    uint32_t reserved;
    _Atomic uint64_t generation; /* of the records; odd while they may be in between: a writer is committing, or died there */
    _Atomic uint64_t life;       /* 0 while the ordinal was never used */
    _Atomic uint32_t released[SHARE_LOCKS];
    _Atomic uint64_t meta_generation; /* of the metadata, likewise */
};

struct share {
    struct share *next;
    uint32_t ordinal;
    int fd; /* -1: there is no lock file (yet) */
    dev_t device;
    ino_t inode;
    bool writable;
    struct share_page *page; /* NULL: no shared memory */
    unsigned holds;          /* of the presence lock; under store->lock */
    bool exclusive;
    pthread_mutex_t write_lock; /* one writer per process       */
    pthread_mutex_t open_lock;  /* one opener per process       */
};

struct class_keys;

struct store {
    pthread_mutex_t lock;
    const struct backend *backend;
    struct crypto *crypto;
    uint32_t process; /* store_fork_process() of the one that opened it */
    char *path;
    uint8_t id[8];
    gid_t group;
    bool shared_with_group;
    struct share *shares;
    struct store_token *tokens;
    uint32_t *ordinals; /* what the directory held when it was last read */
    size_t ordinal_count, ordinal_capacity;
    uint32_t next_ordinal;
    struct stat read_as;
    bool was_read;
};

struct store_token {
    struct store_token *next;
    struct store *store;
    struct share *share;
    uint32_t ordinal;
    unsigned references; /* under store->lock */
    char *path;

    pthread_mutex_t lock; /* everything below, up to the next gap */
    pthread_cond_t returned;
    struct db *idle;
    struct db *writer; /* idle writer connection */
    struct db *watch;  /* asked for changes where there is no shared memory */
    uint64_t watch_epoch;
    unsigned open, busy;
    bool alone;  /* connections are expensive: one for all */
    bool frozen; /* a fork is under way; held with token->lock */
    struct class_keys *keys[STORE_CLASSES];

    /* Of the thread that is in a write transaction. */
    _Atomic(const void *) write_owner;
    struct db *write_db;
    unsigned write_depth;
    bool write_doomed;
    unsigned write_touched; /* TOUCHED_… */
};

/* ---- dir.c ---- */
huks_rc dir_make(struct store *store); /* with parents; checked when it is there */
huks_rc dir_check(struct store *store, bool *exists);
char *dir_file(const struct store *store, const char *name); /* path of a file; NULL: no memory */
/* lstat and judge: regular, of the right owner, not writable by strangers. 12000011 when there is none. */
huks_rc dir_check_file(const struct store *store, const char *path);
/* Opens and judges; missing: 12000011. */
huks_rc dir_open_file(const struct store *store, const char *name, int flags, int *fd);
huks_rc dir_sync(const struct store *store);
mode_t dir_file_mode(const struct store *store);
huks_rc dir_usable(const struct store *store); /* 12000012 in a forked child */
enum error_about store_write_about(int error);
huks_rc store_raise_size(void);
/* All of it, however little the system takes at a time. `doing` fills "Failed to ….". */
huks_rc store_write_all(int fd, const void *data, size_t size, const char *doing);

/* ---- share.c ---- */
/* Under store->lock. `make` creates the file where it can; without it share->fd may be -1. */
huks_rc share_get(struct store *store, uint32_t ordinal, bool make, struct share **out);
void share_free(struct share *share);
/* The host may have closed our descriptors. */
bool share_descriptor_ours(const struct share *share);
huks_rc share_canary(const struct share *share);
bool share_try(struct share *share, enum share_lock lock, bool exclusive);
huks_rc share_wait(struct share *share, enum share_lock lock, bool exclusive);
void share_unlock(struct share *share, enum share_lock lock);
/* The write lock of this process and of all: fair among processes. */
huks_rc share_write_lock(struct share *share);
void share_write_unlock(struct share *share);

/* ---- move.c ---- */
/* A new database of what was dumped, at a free place; settled and closed. */
huks_rc move_in(const struct backend *backend, const struct db_place *place,
                const struct store_source *source, uint64_t *life);

/* ---- generation.c ---- */
/* What a commit changes: each has a generation. */
#define TOUCHED_RECORDS 1U
#define TOUCHED_META    2U
void generation_begin(struct share *share, unsigned touched);
void generation_end(struct share *share, unsigned touched);
/* Of the shared page alone, by one load; GENERATION_UNKNOWN without one, or while a commit is under way. */
#define GENERATION_UNKNOWN UINT64_MAX
uint64_t generation_now(const struct share *share, unsigned touched);

/* ---- classes.c ---- */
/* In the transaction that adds records of the classes `more`; `known` is what classes_used() says in it. */
huks_rc classes_note(struct db *db, uint8_t known, uint8_t more);
huks_rc classes_used(struct db *db, uint64_t moment, uint8_t *classes);

/* ---- fork.c ---- */
huks_rc store_fork_attach(void);
void store_fork_detach(void);
uint32_t store_fork_process(void);
uint64_t store_fork_file(const struct stat *status); /* names a file; never 0 */
bool store_fork_inherited(uint64_t file);            /* the parent had it open when this process appeared */
void store_fork_opened(uint64_t file);
void store_fork_closed(uint64_t file);

/* ---- pool.c ---- */
struct reading {
    struct store_token *token;
    struct db *db;
    bool in_transaction;
    bool borrowed; /* the write transaction of this thread */
};
/* A connection for one thread; `transaction`: everything read is of one moment. End it with
 * AUTO(reading_end). */
huks_rc reading_begin(struct store_token *token, bool transaction, struct reading *reading);
void reading_end(struct reading *reading);

struct writing {
    struct store_token *token;
    struct db *db;
    bool outermost;
};
/* Transactions of one thread nest: what an inner one fails, the outer can't commit. AUTO(writing_end) rolls
 * back. */
huks_rc writing_begin(struct store_token *token, struct writing *writing);
huks_rc writing_commit(struct writing *writing);
void writing_end(struct writing *writing);
/* The commit moves these generations (TOUCHED_…). */
void writing_touches(struct writing *writing, unsigned what);

void pool_close_all(struct store_token *token, bool settle); /* under token->lock, nothing busy */
huks_rc pool_watch(struct store_token *token, uint64_t *number);

/* ---- class_keys.c: what is derived from a class key, kept while the class is open ---- */
#define INDEX_MEMO      16U
#define INDEX_ALIAS_MAX 128U
struct class_keys {
    _Atomic unsigned references;
    uint64_t life;
    struct secret block;       /* the class key itself, then the keys below */
    struct crypto_hmac *index; /* of CLASS_KEY_INDEX */
    struct crypto_hmac *set;   /* of CLASS_KEY_SET; class DE alone */
    /* Index hashes of what nearly every record has, an object class and a key type: made once, never replaced. */
    struct {
        _Atomic uint64_t name; /* 0: free */
        uint64_t hash;
    } memo[INDEX_MEMO];
};
enum class_key_use {
    CLASS_KEY_ATTRS,
    CLASS_KEY_BYTES,
    CLASS_KEY_INDEX,
    CLASS_KEY_SET,
    CLASS_KEY_SET_SEAL,
    CLASS_KEY_USES
};
/* The keys of one call, by class; a class that is locked is NULL. AUTO(open_keys_end). */
struct open_keys {
    struct class_keys *of[STORE_CLASSES];
    bool gone[STORE_CLASSES];
    /* The alias that was hashed last, by class: halves of a pair share theirs, and it is asked for before it is added. */
    struct {
        uint64_t hash;
        uint8_t size, value[INDEX_ALIAS_MAX]; /* size 0: none yet */
    } alias[STORE_CLASSES];
};
huks_rc open_keys_begin(struct store_token *token, uint64_t life, const struct store_keys *keys,
                        struct open_keys *open);
void open_keys_end(struct open_keys *open);
/* Whose `index` it is that hashes the class's attributes; NULL while it is locked. */
struct class_keys *open_index(const struct open_keys *open, enum store_class class);
const uint8_t *open_key(const struct open_keys *open, enum store_class class, enum class_key_use use);
void class_keys_forget(struct store_token *token);
/* Attributes and index of PIN-bound records are CE's, so that they are found when their key is void. */
enum store_class attrs_class(enum store_class class);
bool class_visible(const struct open_keys *open, uint32_t class);

/* ---- index.c ---- */
huks_rc index_hash(struct open_keys *open, enum store_class class, uint32_t tag, struct bytes value,
                   uint64_t *hash);
/* The hashes of all indexed params, sorted, as they are stored with the record. */
huks_rc index_hashes(struct open_keys *open, enum store_class class, const OH_Huks_ParamSet *params,
                     struct buffer *hashes);
/* Is the hash in such a list? NULL is an empty one. */
bool index_lists(const struct buffer *hashes, uint64_t hash);
huks_rc index_change(struct db *db, uint64_t id, const struct buffer *old, const struct buffer *new);

/* ---- record.c ---- */
huks_rc record_seal(struct crypto *crypto, const struct open_keys *open, uint64_t life,
                    const struct store_record *record, struct db_item *item, bool with_key);
huks_rc record_open(struct crypto *crypto, const struct open_keys *open, uint64_t life,
                    const struct db_item *item, bool with_key, struct store_record *record);

/* ---- integrity.c: the multiset hash over (id, version) ---- */
struct set_hash {
    uint64_t next; /* free id */
    uint64_t count;
    uint32_t sum[8]; /* little-endian limbs */
    bool known;      /* false: what was stored did not open */
};
huks_rc set_hash_load(struct crypto *crypto, const struct open_keys *open, struct db *db,
                      struct set_hash *set);
huks_rc set_hash_store(struct crypto *crypto, const struct open_keys *open, struct db *db,
                       const struct set_hash *set);
huks_rc set_hash_add(const struct open_keys *open, struct set_hash *set, uint64_t id,
                     uint64_t version);
huks_rc set_hash_subtract(const struct open_keys *open, struct set_hash *set,
                          uint64_t id, uint64_t version);

/* Little-endian numbers of the format. */
static inline void put_u32(uint8_t *to, uint32_t n)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}
static inline void put_u64(uint8_t *to, uint64_t n)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}
static inline uint32_t get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}
static inline uint64_t get_u64(const uint8_t *from)
{
    return (uint64_t)get_u32(from) | (uint64_t)get_u32(from + 4) << 32;
}

#endif
