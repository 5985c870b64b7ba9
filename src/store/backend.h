/*
 * What a database must do for the key store: a table of functions over one connection.
 *
 * Everything here is already sealed: a backend stores numbers and bytes, keeps them together in durable
 * transactions, and knows nothing of keys, params or errors of PKCS#11. The first implementation is SQLite
 * (store/sqlite.c); a shared database is the second row of the table, without a change above it. A
 * connection is used by one thread at a time.
 *
 * Every function but open() and make() may be called outside a transaction; what it does is then one of
 * its own. Failures are raised with HUKS codes: 12000004 for files, 12000012 for damage and for locks that
 * can't be had.
 */
#ifndef HUKS_STORE_BACKEND_H
#define HUKS_STORE_BACKEND_H

#include "store/store.h"

/* One connection; a backend's own structure begins with this one. */
struct db {
    const struct backend *backend;
    uint64_t life;           /* of the token: its metadata "life" */
    bool writable;           /* false: every change answers 12000004 ABOUT_READ_ONLY */
    bool alone;              /* opening a second connection would be expensive: share this one */
    bool broken;             /* could not be rolled back: to be closed, not used again */
    uint64_t file;           /* store_fork_file() of it; the pool's */
    struct db *next;         /* the pool's */
    uint64_t looked_meta;    /* the pool's: generation of the metadata and tick at the last look whether the file moved */
    uint64_t looked_tick; /* clock_coarse_ms() */
    uint64_t classes_moment; /* classes.c: a generation plus 1, and what it read then */
    uint8_t classes;
};

/* A record as it lies in the database. */
struct db_item {
    uint64_t id;
    uint64_t version;
    uint64_t key_version; /* version of the record when its key bytes were sealed */
    uint64_t pair;        /* as stored; the other half may be gone */
    uint32_t class;
    bool pair_exists;     /* filled in by item_get */
    struct buffer hashes; /* its rows in the index: u64 little-endian each */
    struct buffer attrs;
    struct buffer key;
};
void db_item_free(struct db_item *item);

/* A growing array of record ids. */
struct ids {
    uint64_t *list;
    size_t count, capacity;
};
HUKS_MUST_USE huks_rc ids_append(struct ids *ids, uint64_t id);
void ids_free(struct ids *ids);

struct db_place {
    const char *path; /* canonical */
    uint32_t mode;    /* of files that are made */
    bool read_only;   /* do not even try to write */
};

struct backend {
    const char *name;
    /* A new, empty database with this metadata; durable when it returns. The path must be free. */
    huks_rc (*make)(const struct db_place *place, const struct store_meta *meta, size_t count);
    /* For writing: one connection per process, which may also tidy up the database's files. */
    huks_rc (*open)(const struct db_place *place, bool for_writing, struct db **out);
    void (*close)(struct db *db);
    /* Settles what lies in side files into the database itself: before closing for good, or (everything)
     * before its files are replaced. */
    huks_rc (*settle)(struct db *db, bool everything);
    /* Another file has taken the place of the one this connection has open, or is no longer what it was. */
    bool (*moved)(struct db *db);
    /* Differs from what it was when another connection committed since. */
    huks_rc (*changes)(struct db *db, uint64_t *number);

    huks_rc (*begin)(struct db *db, bool write);
    /* Durable when it succeeds; when it fails nothing happened, and nothing comes to light after a crash
     * either unless the disk can't be written any more. */
    huks_rc (*commit)(struct db *db);
    void (*rollback)(struct db *db);

    huks_rc (*meta_get)(struct db *db, const char *name, struct buffer *value); /* 12000011 */
    huks_rc (*meta_put)(struct db *db, const char *name, struct bytes value);
    huks_rc (*meta_delete)(struct db *db, const char *name);
    /* In the order of names; what `visit` fails with ends the walk. */
    huks_rc (*meta_each)(struct db *db,
                         huks_rc (*visit)(const char *name, struct bytes value, void *argument),
                         void *argument);

    /* The state row: the next free id, and the sealed set hash. */
    huks_rc (*state_get)(struct db *db, uint64_t *next, struct buffer *sealed);
    huks_rc (*state_put)(struct db *db, uint64_t next, struct bytes sealed);

    huks_rc (*item_insert)(struct db *db, const struct db_item *item);
    huks_rc (*item_update)(struct db *db, const struct db_item *item); /* version, hashes, attrs */
    huks_rc (*item_delete)(struct db *db, uint64_t id);
    huks_rc (*item_get)(struct db *db, uint64_t id, bool with_key, struct db_item *item); /* 12000011 */
    huks_rc (*item_version)(struct db *db, uint64_t id, uint64_t *version);               /* 0: gone */
    huks_rc (*item_list)(struct db *db, uint32_t class, struct ids *ids); /* appends, ascending */
    huks_rc (*item_after)(struct db *db, uint64_t id, uint64_t *next);    /* 0: none */

    huks_rc (*ix_add)(struct db *db, uint64_t hash, uint64_t id);
    huks_rc (*ix_delete)(struct db *db, uint64_t hash, uint64_t id);
    huks_rc (*ix_has)(struct db *db, uint64_t hash, uint64_t id, bool *has);
    huks_rc (*ix_count)(struct db *db, uint64_t hash, uint64_t cap, uint64_t *count);
    huks_rc (*ix_list)(struct db *db, uint64_t hash, uint64_t most, struct ids *ids); /* appends, ascending */
    /* The items themselves, without key bytes, where there are any: at most `most`, ascending. The caller frees
     * the `found` ones, also when it fails. */
    huks_rc (*ix_items)(struct db *db, uint64_t hash, size_t most, struct db_item *items, size_t *found);
    huks_rc (*ix_total)(struct db *db, uint64_t *count);

    /* The database's own structure: false when anything is wrong with it. */
    huks_rc (*sound)(struct db *db, bool *sound);
};

extern const struct backend sqlite_backend;

/* The one that stores are opened with. */
#define store_backend sqlite_backend

#endif
