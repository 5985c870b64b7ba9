/*
 * Generations: numbers in shared memory that count the commits of all processes, one those that touch records,
 * one those that touch metadata: making a key does not send everybody to look whether the PIN is still the same.
 *
 * One is odd while a commit is under way. A writer that dies there leaves it odd, and an odd number is never
 * given out, so that no cache ever takes what lies around such a commit for current; the next writer makes
 * it even again. While it is odd, and where there is no shared memory, the database's own change counter is
 * asked, by a connection that is there for nothing else: it doesn't count a connection's own commits.
 */
#include "store/inside.h"

#include "common/log.h"

#define FROM_DATABASE ((uint64_t)1 << 63)

/* Each of them that `touched` names. */
static size_t words_of(struct share_page *page, unsigned touched, _Atomic uint64_t *words[2])
{
    size_t count = 0;
    if (page != NULL && (touched & TOUCHED_RECORDS) != 0) {
        words[count++] = &page->generation;
    }
    if (page != NULL && (touched & TOUCHED_META) != 0) {
        words[count++] = &page->meta_generation;
    }
    return count;
}

/* Both by the holder of SHARE_WRITER. */
void generation_begin(struct share *share, unsigned touched)
{
    _Atomic uint64_t *words[2];
    for (size_t i = words_of(share->page, touched, words); i-- > 0;) {
        atomic_store(words[i], atomic_load(words[i]) | 1);
    }
}

void generation_end(struct share *share, unsigned touched)
{
    _Atomic uint64_t *words[2];
    for (size_t i = words_of(share->page, touched, words); i-- > 0;) {
        atomic_store(words[i], (atomic_load(words[i]) | 1) + 1);
    }
}

uint64_t generation_now(const struct share *share, unsigned touched)
{
    _Atomic uint64_t *words[2];
    if (words_of(share->page, touched, words) == 0) {
        return GENERATION_UNKNOWN;
    }
    uint64_t now = atomic_load_explicit(words[0], memory_order_acquire);
    return (now & 1) == 0 ? now : GENERATION_UNKNOWN;
}

static uint64_t generation_of(struct store_token *token, unsigned touched)
{
    uint64_t now = generation_now(token->share, touched);
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

uint64_t store_generation(struct store_token *token)
{
    return generation_of(token, TOUCHED_RECORDS);
}

uint64_t store_meta_generation(struct store_token *token)
{
    return generation_of(token, TOUCHED_META);
}
