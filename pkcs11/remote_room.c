/* The service's memory for one call; see remote_value.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pkcs11/remote_value.h"

/* Larger ones are pages of their own, which come zeroed and go without a look at those that nobody touched.
 */
#define PAGES_FROM ((size_t)256 << 10)
#define HEAD_SIZE  64U

struct remote_chunk {
    struct remote_chunk *next;
    size_t size;
    _Alignas(HEAD_SIZE) unsigned char bytes[];
};

static struct remote_chunk *chunk_new(size_t size)
{
    if (size < PAGES_FROM) {
        struct remote_chunk *chunk = NULL;
        if (posix_memalign((void **)&chunk, HEAD_SIZE, sizeof(*chunk) + size) != 0) {
            return NULL;
        }
        memset(chunk, 0, sizeof(*chunk) + size);
        return chunk;
    }
    void *pages = mmap(NULL, sizeof(struct remote_chunk) + size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

huks_rc remote_room_make(struct remote_room *room, size_t size, void **out)
{
    *out = NULL;
    if (size > REMOTE_ROOM_MAX - room->size) {
        return error_no_memory();
    }
    struct remote_chunk *chunk = chunk_new(size);
    if (chunk == NULL) {
        return error_no_memory();
    }
    chunk->size = size;
    chunk->next = room->chunks;
    room->chunks = chunk;
    room->size += size;
    *out = chunk->bytes;
    return HUKS_OK;
}

huks_rc remote_room_copy(struct remote_room *room, struct bytes bytes, void **out)
{
    HUKS_TRY(remote_room_make(room, bytes.size, out));
    if (bytes.size > 0 && *out != NULL) {
        memcpy(*out, bytes.data, bytes.size);
    }
    return HUKS_OK;
}

size_t remote_room_size(const void *made)
{
    const struct remote_chunk *chunk = (const void *)((const unsigned char *)made - HEAD_SIZE);
    return chunk->size;
}

void remote_room_free(struct remote_room *room)
{
    while (room->chunks != NULL) {
        struct remote_chunk *chunk = room->chunks;
        room->chunks = chunk->next;
        if (chunk->size < PAGES_FROM) {
            memory_cleanse(chunk->bytes, chunk->size);
            free(chunk);
        } else {
            munmap(chunk, sizeof(*chunk) + chunk->size);
        }
    }
    room->size = 0;
}

void *remote_opaque(void)
{
    static _Alignas(HEAD_SIZE) unsigned char zeros[256];
    return zeros;
}

huks_rc remote_garbled(void)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
}
