/*
 * The generation: a number in shared memory that counts the commits of all processes.
 *
 * It is odd while a commit is under way. A writer that dies there leaves it odd, and an odd number is never
 * given out, so that no cache ever takes what lies around such a commit for current; the next writer makes
 * it even again. While it is odd, and where there is no shared memory, the database's own change counter is
 * asked, by a connection that is there for nothing else: it doesn't count a connection's own commits.
 */
#include "store/inside.h"

#include "common/log.h"

#define FROM_DATABASE ((uint64_t)1 << 63)

/* Both by the holder of SHARE_WRITER. */
void generation_begin(struct share *share)
{
    if (share->page != NULL) {
        uint64_t now = atomic_load(&share->page->generation);
        atomic_store(&share->page->generation, now | 1);
    }
}

void generation_end(struct share *share)
{
    if (share->page != NULL) {
        uint64_t now = atomic_load(&share->page->generation);
        atomic_store(&share->page->generation, (now | 1) + 1);
    }
}

uint64_t generation_now(const struct share *share)
{
    if (share->page == NULL) {
        return GENERATION_UNKNOWN;
    }
    uint64_t now = atomic_load_explicit(&share->page->generation, memory_order_acquire);
    return (now & 1) == 0 ? now : GENERATION_UNKNOWN;
}

uint64_t store_generation(struct store_token *token)
{
    uint64_t now = generation_now(token->share);
    if (now != GENERATION_UNKNOWN) {
        return now;
    }
    static _Atomic uint64_t never_again = UINT64_MAX;
    uint64_t number = 0;
    if (pool_watch(token, &number) != HUKS_OK) {
        return atomic_fetch_sub(&never_again, 1); /* unknown: different each time */
    }
    return FROM_DATABASE | number;
}
