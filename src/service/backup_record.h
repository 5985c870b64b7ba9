/* The records inside a backup, as backup.c writes and restore.c reads them. For these two files only. */
#ifndef HUKS_SERVICE_BACKUP_RECORD_H
#define HUKS_SERVICE_BACKUP_RECORD_H

#include <stdlib.h>

#include "auth/keyring.h"
#include "service/backup.h"
#include "service/private.h"

enum backup_type { BACKUP_TOKEN = 1, BACKUP_DEVICE_KEY, BACKUP_META, BACKUP_ROW, BACKUP_END, BACKUP_ALL };

#define BACKUP_HEAD_SIZE   5
#define BACKUP_ROW_HEAD    44
#define BACKUP_RECORD_MOST (256u << 20)
#define BACKUP_LIFE        "store.life" /* the store's own name for it (store.h) */

/* A token's metadata, with names and values of its own. */
struct backup_meta {
    struct store_meta *entries;
    size_t count;
};
HUKS_MUST_USE huks_rc backup_meta_add(struct backup_meta *meta, const char *name, struct bytes value);
void backup_meta_free(struct backup_meta *meta);
/* BYTES_NONE when there is none. */
struct bytes backup_meta_find(const struct backup_meta *meta, const char *name);

static inline void backup_put32(uint8_t *to, uint32_t n)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}
static inline void backup_put64(uint8_t *to, uint64_t n)
{
    backup_put32(to, (uint32_t)n);
    backup_put32(to + 4, (uint32_t)(n >> 32));
}
static inline uint32_t backup_get32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}
static inline uint64_t backup_get64(const uint8_t *from)
{
    return (uint64_t)backup_get32(from) | (uint64_t)backup_get32(from + 4) << 32;
}

#endif
