/* An allocator of the host's own, as jemalloc is in HAProxy and BIND: with guest.c it is a host that sees what
 * libc's allocator and its own have mixed up. Memory of the one that comes to the other ends the process. */
/* These names are for everybody in the process. */
#pragma GCC visibility push(default)

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size); /* NOLINT: glibc's own name for it */
extern void __libc_free(void *memory);   /* NOLINT */

void *memalign(size_t alignment, size_t size);

/* Before each piece: libc's free() would be given an address that it never gave out. */
struct head {
    uint64_t mark;
    void *base;
    size_t size;
    uint64_t spare;
};
#define MARK 0x6f77616c6c6f6361u

static struct head *head_of(void *memory)
{
    struct head *head = (struct head *)memory - 1;
    if (head->mark != MARK) {
        static const char words[] = "allocator: this memory is another allocator's\n";
        (void)!write(2, words, sizeof words - 1);
        abort();
    }
    return head;
}

void *memalign(size_t alignment, size_t size)
{
    if (alignment < 16) {
        alignment = 16;
    }
    if (size > PTRDIFF_MAX - alignment - sizeof(struct head)) {
        errno = ENOMEM;
        return NULL;
    }
    char *base = __libc_malloc(size + alignment + sizeof(struct head));
    if (base == NULL) {
        return NULL;
    }
    uintptr_t at = ((uintptr_t)base + sizeof(struct head) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    struct head *head = (struct head *)at - 1;
    *head = (struct head){MARK, base, size, 0};
    return (void *)at;
}

void *malloc(size_t size)
{
    return memalign(16, size);
}

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's own are no names for people
void free(void *memory)
{
    if (memory != NULL) {
        struct head *head = head_of(memory);
        head->mark = 0;
        __libc_free(head->base);
    }
}

void *calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = memalign(16, count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL) {
        return malloc(size);
    }
    size_t old = head_of(memory)->size;
    void *other = memalign(16, size);
    if (other != NULL) {
        memcpy(other, memory, old < size ? old : size);
        free(memory);
    }
    return other;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
