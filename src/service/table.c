/*
 * The hash table of items, in shards; see private.h.
 */
#include "service/private.h"

#include <stdlib.h>

#define FIRST_BUCKETS 16u
/* What a parsed key with its prepared OpenSSL objects is reckoned to cost beside its bytes. */
#define KEY_COST 4096u

static size_t item_cost(const struct item *item)
{
    return sizeof(*item) + item->params->paramSetSize + item->key_size + KEY_COST;
}

static struct item_shard *shard_of(struct item_table *table, uint64_t number)
{
    return &table->shards[number % ITEM_SHARDS];
}

static struct item **bucket_of(struct item_shard *shard, uint64_t number)
{
    return &shard->buckets[(number / ITEM_SHARDS) & shard->mask];
}

void item_table_init(struct item_table *table, size_t budget_bytes)
{
    for (unsigned i = 0; i < ITEM_SHARDS; i++) {
        table->shards[i] = (struct item_shard){.buckets = NULL};
        pthread_mutex_init(&table->shards[i].lock, NULL);
    }
    table->budget = budget_bytes == 0 ? 0 : budget_bytes / ITEM_SHARDS;
}

static void shard_unlink_use(struct item_shard *shard, struct item *item)
{
    if (item->newer != NULL) {
        item->newer->older = item->older;
    } else {
        shard->newest = item->older;
    }
    if (item->older != NULL) {
        item->older->newer = item->newer;
    } else {
        shard->oldest = item->newer;
    }
    item->newer = item->older = NULL;
}

static void shard_link_use(struct item_shard *shard, struct item *item)
{
    item->older = shard->newest;
    item->newer = NULL;
    if (shard->newest != NULL) {
        shard->newest->newer = item;
    } else {
        shard->oldest = item;
    }
    shard->newest = item;
}

static void shard_drop(struct item_shard *shard, struct item *item)
{
    struct item **link = bucket_of(shard, item->number);
    while (*link != item) {
        link = &(*link)->chain;
    }
    *link = item->chain;
    item->chain = NULL;
    shard_unlink_use(shard, item);
    shard->count--;
    shard->bytes -= item_cost(item);
    item_unref(item);
}

static struct item *shard_find(struct item_shard *shard, uint64_t number)
{
    if (shard->buckets == NULL) {
        return NULL;
    }
    struct item *item = *bucket_of(shard, number);
    while (item != NULL && item->number != number) {
        item = item->chain;
    }
    return item;
}

void item_table_free(struct item_table *table)
{
    for (unsigned i = 0; i < ITEM_SHARDS; i++) {
        struct item_shard *shard = &table->shards[i];
        while (shard->oldest != NULL) {
            shard_drop(shard, shard->oldest);
        }
        free(shard->buckets);
        pthread_mutex_destroy(&shard->lock);
        table->shards[i] = (struct item_shard){.buckets = NULL};
        pthread_mutex_init(&shard->lock, NULL);
    }
}

struct item *item_table_get(struct item_table *table, uint64_t number)
{
    struct item_shard *shard = shard_of(table, number);
    pthread_mutex_lock(&shard->lock);
    struct item *item = shard_find(shard, number);
    if (item != NULL) {
        item_ref(item);
        if (table->budget != 0 && shard->newest != item) {
            shard_unlink_use(shard, item);
            shard_link_use(shard, item);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return item;
}

/* Twice the buckets when the chains get long. Failing to grow only makes them longer. */
static huks_rc shard_grow(struct item_shard *shard)
{
    size_t size = shard->buckets == NULL ? FIRST_BUCKETS : (shard->mask + 1) * 2;
    struct item **buckets = calloc(size, sizeof(struct item *));
    if (buckets == NULL) {
        return shard->buckets == NULL ? error_no_memory() : HUKS_OK;
    }
    struct item **old = shard->buckets;
    size_t old_size = old == NULL ? 0 : shard->mask + 1;
    shard->buckets = buckets;
    shard->mask = size - 1;
    for (size_t i = 0; i < old_size; i++) {
        while (old[i] != NULL) {
            struct item *item = old[i];
            old[i] = item->chain;
            struct item **bucket = bucket_of(shard, item->number);
            item->chain = *bucket;
            *bucket = item;
        }
    }
    free(old);
    return HUKS_OK;
}

huks_rc item_table_put(struct item_table *table, struct item *item)
{
    struct item_shard *shard = shard_of(table, item->number);
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&shard->lock);
    struct item *old = shard_find(shard, item->number);
    if (old != NULL) {
        shard_drop(shard, old);
    }
    if (shard->buckets == NULL || shard->count > shard->mask) {
        rc = shard_grow(shard);
    }
    if (rc == HUKS_OK) {
        struct item **bucket = bucket_of(shard, item->number);
        item->chain = *bucket;
        *bucket = item_ref(item);
        shard_link_use(shard, item);
        shard->count++;
        shard->bytes += item_cost(item);
        while (table->budget != 0 && shard->bytes > table->budget && shard->oldest != item) {
            shard_drop(shard, shard->oldest);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return rc;
}

bool item_table_remove(struct item_table *table, uint64_t number)
{
    struct item_shard *shard = shard_of(table, number);
    pthread_mutex_lock(&shard->lock);
    struct item *item = shard_find(shard, number);
    if (item != NULL) {
        shard_drop(shard, item);
    }
    pthread_mutex_unlock(&shard->lock);
    return item != NULL;
}

void item_table_sweep(struct item_table *table, bool (*which)(const struct item *item, const void *argument),
                      const void *argument)
{
    for (unsigned i = 0; i < ITEM_SHARDS; i++) {
        struct item_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->lock);
        struct item *next;
        for (struct item *item = shard->oldest; item != NULL; item = next) {
            next = item->newer;
            if (which == NULL || which(item, argument)) {
                shard_drop(shard, item);
            }
        }
        pthread_mutex_unlock(&shard->lock);
    }
}

huks_rc item_table_walk(struct item_table *table, huks_rc (*visit)(struct item *item, void *argument), void *argument)
{
    huks_rc rc = HUKS_OK;
    for (unsigned i = 0; i < ITEM_SHARDS && rc == HUKS_OK; i++) {
        struct item_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (struct item *item = shard->oldest; item != NULL && rc == HUKS_OK; item = item->newer) {
            rc = visit(item, argument);
        }
        pthread_mutex_unlock(&shard->lock);
    }
    return rc;
}

size_t item_table_count(struct item_table *table)
{
    size_t count = 0;
    for (unsigned i = 0; i < ITEM_SHARDS; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        count += table->shards[i].count;
        pthread_mutex_unlock(&table->shards[i].lock);
    }
    return count;
}
