/*
 * Byte views, buffers, and the arena of secrets.
 *
 * The arena is a set of chunks, each a mapping of its own with MADV_DONTDUMP and MADV_WIPEONFORK, mlocked
 * when the limit allows (in small pieces, so that a low limit still covers the first secrets). A chunk
 * serves one size class, or one large secret. Everything the allocator needs to know about a chunk lies in
 * ordinary heap memory: a forked child, whose chunks read as zeros, frees correctly.
 *
 * Chunks are found from a secret's address by binary search in an array sorted by address.
 */
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/poison.h"

/* ---- plain bytes ---- */

void *memory_resize(void *memory, size_t count, size_t size)
{
    return count == 0 || size == 0 || count > SIZE_MAX / size ? NULL : realloc(memory, count * size);
}

char *text_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text != NULL) {
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}

/* The kernel reads for us and says so when it can't: a pipe is what every host's sandbox lets through. */
bool memory_peek(uintptr_t address, void *out, size_t size)
{
    int ends[2];
    if (size > PIPE_BUF || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return false;
    }
    /* Not write(): a sanitizer's would read there itself. */
    bool copied =
        syscall(SYS_write, ends[1], address, size) == (long)size && read(ends[0], out, size) == (ssize_t)size;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return copied;
}

void memory_cleanse(void *data, size_t size)
{
    if (data == NULL || size == 0) {
        return;
    }
    memset(data, 0, size);
    __asm__ __volatile__("" : : "r"(data) : "memory"); /* somebody might look: the stores stay */
}

void memory_free_ptr(void *pointer_to_pointer)
{
    void *pointer;

    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
    pointer = NULL;
    memcpy(pointer_to_pointer, &pointer, sizeof(pointer));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* ---- buffers ---- */

huks_rc buffer_reserve(struct buffer *buffer, size_t capacity)
{
    uint8_t *data;

    if (capacity <= buffer->capacity && buffer->data != NULL) {
        return HUKS_OK;
    }
    data = realloc(buffer->data, capacity != 0 ? capacity : 1);
    if (data == NULL) {
        return error_no_memory();
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return HUKS_OK;
}

huks_rc buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size > SIZE_MAX / 2 - buffer->size) {
        return error_no_memory();
    }
    if (buffer->size + size > buffer->capacity) {
        size_t needed = buffer->size + size;
        size_t doubled = buffer->capacity < 64 ? 64 : buffer->capacity * 2;
        HUKS_TRY(buffer_reserve(buffer, needed > doubled ? needed : doubled));
    }
    if (size != 0) {
        memcpy(buffer->data + buffer->size, data, size);
        buffer->size += size;
    }
    return HUKS_OK;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){NULL, 0, 0};
}

/* ---- the arena ---- */

#define CHUNK_SIZE   ((size_t)16384)
#define CLASS_LARGE  8 /* a chunk of its own */
#define SMALLEST     ((size_t)32)
#define BITMAP_WORDS ((CHUNK_SIZE / SMALLEST + 63) / 64)

struct chunk {
    uint8_t *base;
    size_t size;
    unsigned class;
    size_t slots, used;
    bool locked, lock_tried;
    bool wiped_on_fork;
    struct chunk *next, *previous; /* of chunks of the class that have a free slot */
    uint64_t taken[BITMAP_WORDS];  /* 1: in use, or beyond the last slot */
};

static struct {
    pthread_mutex_t mutex;
    struct chunk **chunks; /* by address */
    size_t count, capacity;
    struct chunk *open[CLASS_LARGE];
    size_t secrets;
} arena = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* What a secret of size 0 points to: present, and nothing to free. */
static uint8_t empty_secret;

static void arena_lock(void)
{
    (void)pthread_mutex_lock(&arena.mutex);
}

static void arena_unlock(void)
{
    (void)pthread_mutex_unlock(&arena.mutex);
}

static size_t page_size(void)
{
    long size = sysconf(_SC_PAGESIZE);

    return size > 0 ? (size_t)size : 4096;
}

static unsigned class_of(size_t size)
{
    unsigned fit = 0;

    while (fit < CLASS_LARGE && (SMALLEST << fit) < size) {
        fit++;
    }
    return fit;
}

static size_t slot_size(const struct chunk *chunk)
{
    return chunk->class == CLASS_LARGE ? chunk->size : SMALLEST << chunk->class;
}

/* The number of chunks whose base is at or below `address`. */
static size_t chunks_up_to(const uint8_t *address)
{
    size_t low = 0;
    size_t high = arena.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)arena.chunks[middle]->base <= (uintptr_t)address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void open_link(struct chunk *chunk)
{
    struct chunk **head = &arena.open[chunk->class];

    chunk->previous = NULL;
    chunk->next = *head;
    if (*head != NULL) {
        (*head)->previous = chunk;
    }
    *head = chunk;
}

static void open_unlink(struct chunk *chunk)
{
    if (chunk->previous != NULL) {
        chunk->previous->next = chunk->next;
    } else {
        arena.open[chunk->class] = chunk->next;
    }
    if (chunk->next != NULL) {
        chunk->next->previous = chunk->previous;
    }
    chunk->next = chunk->previous = NULL;
}

static void chunk_map_free(struct chunk *chunk)
{
    unpoison(chunk->base, chunk->size);
    (void)munmap(chunk->base, chunk->size);
    free(chunk);
}

static struct chunk *chunk_map(unsigned class, size_t size)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk));

    if (chunk == NULL) {
        return NULL;
    }
    chunk->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk->base == MAP_FAILED) {
        free(chunk);
        return NULL;
    }
    chunk->class = class;
    chunk->size = size;
    chunk->slots = class == CLASS_LARGE ? 1 : size / (SMALLEST << class);
    if (chunk->slots > BITMAP_WORDS * 64) { /* pages of 64 KiB: the rest of the chunk stays unused */
        chunk->slots = BITMAP_WORDS * 64;
    }
    for (size_t slot = chunk->slots; slot < BITMAP_WORDS * 64; slot++) {
        chunk->taken[slot / 64] |= UINT64_C(1) << (slot % 64);
    }
    (void)madvise(chunk->base, size, MADV_DONTDUMP);
#ifdef MADV_WIPEONFORK
    chunk->wiped_on_fork = madvise(chunk->base, size, MADV_WIPEONFORK) == 0;
#endif
    poison(chunk->base, size);
    return chunk;
}

/* Maps a chunk and files it; NULL: no memory. */
static struct chunk *chunk_new(unsigned class, size_t size)
{
    struct chunk *chunk;
    size_t place;

    if (arena.count == arena.capacity) {
        size_t capacity = arena.capacity == 0 ? 16 : arena.capacity * 2;
        struct chunk **chunks = realloc(arena.chunks, capacity * sizeof(*chunks));
        if (chunks == NULL) {
            return NULL;
        }
        arena.chunks = chunks;
        arena.capacity = capacity;
    }
    chunk = chunk_map(class, size);
    if (chunk == NULL) {
        return NULL;
    }
    place = chunks_up_to(chunk->base);
    memmove(&arena.chunks[place + 1], &arena.chunks[place], (arena.count - place) * sizeof(*arena.chunks));
    arena.chunks[place] = chunk;
    arena.count++;
    if (class != CLASS_LARGE) {
        open_link(chunk);
    }
    return chunk;
}

static void chunk_drop(size_t place)
{
    struct chunk *chunk = arena.chunks[place];

    if (chunk->class != CLASS_LARGE && chunk->used < chunk->slots) {
        open_unlink(chunk);
    }
    arena.count--;
    memmove(&arena.chunks[place], &arena.chunks[place + 1], (arena.count - place) * sizeof(*arena.chunks));
    chunk_map_free(chunk);
}

static uint8_t *chunk_take(struct chunk *chunk, size_t size)
{
    uint8_t *data;
    size_t word = 0;

    while (chunk->taken[word] == UINT64_MAX) {
        word++;
    }
    size_t slot = word * 64 + (size_t)__builtin_ctzll(~chunk->taken[word]);
    chunk->taken[word] |= UINT64_C(1) << (slot % 64);
    chunk->used++;
    if (chunk->used == chunk->slots && chunk->class != CLASS_LARGE) {
        open_unlink(chunk);
    }
    if (!chunk->lock_tried) {
        int saved = errno; /* a refusal is no failure */
        chunk->lock_tried = true;
        chunk->locked = mlock(chunk->base, chunk->size) == 0;
        errno = saved;
    }
    data = chunk->base + slot * slot_size(chunk);
    unpoison(data, size);
    return data;
}

static uint8_t *arena_take(size_t size)
{
    size_t page = page_size();
    unsigned class = class_of(size);
    struct chunk *chunk;

    if (class == CLASS_LARGE) {
        if (size > SIZE_MAX / 2) {
            return NULL;
        }
        chunk = chunk_new(class, (size + page - 1) / page * page);
    } else {
        chunk = arena.open[class];
        if (chunk == NULL) {
            chunk = chunk_new(class, CHUNK_SIZE > page ? CHUNK_SIZE : page);
        }
    }
    return chunk != NULL ? chunk_take(chunk, size) : NULL;
}

static void arena_give(uint8_t *data)
{
    size_t place = chunks_up_to(data) - 1;
    struct chunk *chunk = arena.chunks[place];
    size_t slot = (size_t)(data - chunk->base) / slot_size(chunk);

    unpoison(data, slot_size(chunk));
    memory_cleanse(data, slot_size(chunk));
    poison(data, slot_size(chunk));
    chunk->taken[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    if (chunk->used == chunk->slots && chunk->class != CLASS_LARGE) {
        open_link(chunk);
    }
    chunk->used--;
    arena.secrets--;
    /* One empty chunk of a class stays for the next secret; others go. */
    if (chunk->used == 0 && (chunk->class == CLASS_LARGE || chunk->next != NULL || chunk->previous != NULL)) {
        chunk_drop(place);
    }
}

huks_rc secret_alloc(struct secret *secret, size_t size)
{
    uint8_t *data = &empty_secret;

    if (size != 0) {
        arena_lock();
        data = arena_take(size);
        if (data != NULL) {
            arena.secrets++;
        }
        arena_unlock();
        if (data == NULL) {
            return error_no_memory();
        }
    }
    secret_free(secret);
    secret->data = data;
    secret->size = size;
    return HUKS_OK;
}

huks_rc secret_set(struct secret *secret, const void *data, size_t size)
{
    struct secret fresh = {NULL, 0};

    HUKS_TRY(secret_alloc(&fresh, size));
    if (size != 0) {
        memcpy(fresh.data, data, size); /* data may lie in the old secret */
    }
    secret_free(secret);
    *secret = fresh;
    return HUKS_OK;
}

void secret_shrink(struct secret *secret, size_t size)
{
    if (size >= secret->size) {
        return;
    }
    memory_cleanse(secret->data + size, secret->size - size);
    if (size == 0) {
        secret_free(secret);
        secret->data = &empty_secret;
        return;
    }
    poison(secret->data + size, secret->size - size);
    secret->size = size;
}

void secret_free(struct secret *secret)
{
    if (secret->data != NULL && secret->data != &empty_secret) {
        arena_lock();
        arena_give(secret->data);
        arena_unlock();
    }
    *secret = (struct secret){NULL, 0};
}

void secret_arena_release(void)
{
    arena_lock();
    for (size_t place = arena.count; place-- > 0;) {
        if (arena.chunks[place]->used == 0) {
            chunk_drop(place);
        }
    }
    if (arena.count == 0) {
        free(arena.chunks);
        arena.chunks = NULL;
        arena.capacity = 0;
    }
    arena_unlock();
}

struct secret_arena_stats secret_arena_stats(void)
{
    struct secret_arena_stats stats = {0, 0, 0};

    arena_lock();
    stats.secrets = arena.secrets;
    for (size_t i = 0; i < arena.count; i++) {
        stats.mapped += arena.chunks[i]->size;
        stats.locked += arena.chunks[i]->locked ? arena.chunks[i]->size : 0;
    }
    arena_unlock();
    return stats;
}

/* ---- fork ---- */

void secret_fork_prepare(void)
{
    arena_lock();
}

void secret_fork_parent(void)
{
    arena_unlock();
}

void secret_fork_child(void)
{
    for (size_t i = 0; i < arena.count; i++) {
        struct chunk *chunk = arena.chunks[i];
        if (!chunk->wiped_on_fork) { /* a kernel before 4.14 */
            unpoison(chunk->base, chunk->size);
            memory_cleanse(chunk->base, chunk->size);
        }
        chunk->locked = false; /* locks are not inherited: the next secret in it tries again */
        chunk->lock_tried = false;
    }
    (void)pthread_mutex_init(&arena.mutex, NULL);
}
