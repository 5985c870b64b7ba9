/*
 * Memory: byte views, scoped cleanup, and secrets that cleanse themselves.
 *
 * Secrets (key bytes, PINs, class keys) live in pages of our own: not dumpable, wiped in a forked child,
 * locked when the limit allows. The allocator's book-keeping lives outside those pages, so that a child
 * whose pages were wiped can still free them.
 */
#ifndef HUKS_COMMON_MEMORY_H
#define HUKS_COMMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* A read-only view of somebody else's bytes. {NULL, 0} is "absent"; data non-NULL with size 0 is "empty". */
struct bytes {
    const uint8_t *data;
    size_t size;
};
#define BYTES_NONE ((struct bytes){NULL, 0})
#define BYTES_OF(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})
static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){(const uint8_t *)data, size};
}
bool bytes_equal(struct bytes a, struct bytes b); /* not for secrets: crypto_equal() is */

/* A growing heap buffer for bytes that are not secret. Zero-initialise; buffer_free() any time. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};
HUKS_MUST_USE huks_rc buffer_append(struct buffer *buffer, const void *data, size_t size);
HUKS_MUST_USE huks_rc buffer_reserve(struct buffer *buffer, size_t capacity);
void buffer_free(struct buffer *buffer);

/*
 * Heap memory that free() takes. A host may have an allocator of its own and open the module with RTLD_DEEPBIND, as
 * OpenSSL's pkcs11-provider does: our malloc() and free() are then libc's, what libc allocates inside of strdup(),
 * reallocarray(), asprintf() or realpath() is the host's, and the one may not meet the other. NULL: no memory.
 */
void *memory_resize(void *memory, size_t count, size_t size); /* reallocarray() */
char *text_copy(const char *text);
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Owned secret bytes in the protected arena. Zero-initialise; secret_free() any time; never copy the struct. */
struct secret {
    uint8_t *data;
    size_t size;
};
HUKS_MUST_USE huks_rc secret_alloc(struct secret *secret, size_t size); /* zeroed; size 0 is legal */
HUKS_MUST_USE huks_rc secret_set(struct secret *secret, const void *data, size_t size);
void secret_shrink(struct secret *secret, size_t size); /* cleanses the cut-off tail */
void secret_free(struct secret *secret);                /* cleanses, then {NULL, 0} */
static inline struct bytes secret_bytes(const struct secret *secret)
{
    return (struct bytes){secret->data, secret->size};
}
/* Gives the arena's pages back; only when no secret is alive (C_Finalize). */
void secret_arena_release(void);

/*
 * Fork. The engine's pthread_atfork handlers (src/service) call these: prepare before the fork, parent
 * and child after it. The child finds its secrets' bytes wiped, may free them, and may make new ones. A
 * child that appears without the handlers (_Fork, raw clone) must leave the arena alone.
 */
void secret_fork_prepare(void);
void secret_fork_parent(void);
void secret_fork_child(void);

/* What the arena holds now, for tests and `huksctl status`. */
struct secret_arena_stats {
    size_t secrets; /* alive                                         */
    size_t mapped;  /* bytes of pages                                */
    size_t locked;  /* bytes of them that mlock() took               */
};
struct secret_arena_stats secret_arena_stats(void);

/* Overwrites memory in a way the compiler keeps. */
void memory_cleanse(void *data, size_t size);

/* Copies bytes from an address that may be anybody's: false, and no fault, where nothing can be read. */
bool memory_peek(uintptr_t address, void *out, size_t size);

/* Runs `cleanup` on a local when it leaves its scope: AUTO(secret_free) struct secret pin = {0}; */
#define AUTO(function) __attribute__((cleanup(function)))
void memory_free_ptr(void *pointer_to_pointer); /* for AUTO(memory_free_ptr) char *x = NULL; */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
