/* The service's memory for one call; see remote_value.h. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pkcs11/remote_value.h"

/*
 * Larger ones are pages of their own, which come zeroed and go without a look at those that nobody touched.
 * The kernel's zeroing of each page costs more than the cipher that fills it; so a process keeps one set of
 * pages, not too large, from one call to the next, overwritten.
 */
#define PAGES_FROM ((size_t)256 << 10)
#define PAGES_KEPT ((size_t)2 << 20)
#define HEAD_SIZE  64U

struct remote_chunk {
    struct remote_chunk *next;
    size_t size;
    size_t capacity; /* of pages; 0: malloc()'s */
    _Alignas(HEAD_SIZE) unsigned char bytes[];
};

static _Atomic(struct remote_chunk *) spare; /* its bytes are zeros */

static void pages_free(struct remote_chunk *chunk)
{
    if (chunk != NULL) {
        munmap(chunk, sizeof(*chunk) + chunk->capacity);
    }
}

static struct remote_chunk *pages_new(size_t size)
{
    struct remote_chunk *chunk = size <= PAGES_KEPT ? atomic_exchange(&spare, NULL) : NULL;
    if (chunk != NULL && chunk->capacity >= size) {
        return chunk;
    }
    pages_free(chunk);
    void *pages =
        mmap(NULL, sizeof(*chunk) + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    chunk = pages;
    chunk->capacity = size;
    return chunk;
}

static void pages_give(struct remote_chunk *chunk)
{
    if (chunk->capacity <= PAGES_KEPT) {
        memory_cleanse(chunk->bytes, chunk->size);
        chunk = atomic_exchange(&spare, chunk);
    }
    pages_free(chunk);
}

static struct remote_chunk *chunk_new(size_t size)
{
    struct remote_chunk *chunk = NULL;
    if (size >= PAGES_FROM) {
        return pages_new(size);
    }
    if (posix_memalign((void **)&chunk, HEAD_SIZE, sizeof(*chunk) + size) != 0) {
        return NULL;
    }
    memset(chunk, 0, sizeof(*chunk) + size);
    return chunk;
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
        if (chunk->capacity == 0) {
            memory_cleanse(chunk->bytes, chunk->size);
            free(chunk);
        } else {
            pages_give(chunk);
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
