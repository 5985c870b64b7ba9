/*
 * What the last searches of a token found, for who asks the same again at once: a native call names its key
 * by alias each time, a consumer looks its key up for each connection.
 *
 * An answer holds while nothing was committed since, the same storage classes are open, and the clock has not
 * ticked (4 ms): so whatever is looked at with each search, a file that somebody exchanged, is looked at with
 * each tick. Few results are kept, of short questions.
 */
#ifndef HUKS_SEARCH_MEMO_H
#define HUKS_SEARCH_MEMO_H

#include <pthread.h>

#include "store/store.h"

#define SEARCH_MEMO_SLOTS    8U
#define SEARCH_MEMO_FOUND    4U   /* record numbers */
#define SEARCH_MEMO_QUESTION 160U /* bytes, of all matches with their heads */

/* When and as whom somebody asks. */
struct search_moment {
    const struct store_token *db;
    uint64_t generation; /* of the records, before the search */
    uint64_t tick;       /* clock_coarse_ms() */
    uint32_t classes;
};
struct search_moment search_moment(const struct store_token *db, uint64_t generation,
                                   const struct store_keys *keys);

struct search_memo_slot {
    _Alignas(64) pthread_mutex_t lock;
    struct search_moment moment;
    uint64_t numbers[SEARCH_MEMO_FOUND];
    uint8_t count;
    uint8_t size; /* of the question; 0: none */
    uint8_t question[SEARCH_MEMO_QUESTION];
};
struct search_memo {
    struct search_memo_slot slots[SEARCH_MEMO_SLOTS];
};

void search_memo_init(struct search_memo *memo);
void search_memo_destroy(struct search_memo *memo);
/* Forgets and overwrites everything: questions are labels and ids of private objects, too. */
void search_memo_clear(struct search_memo *memo);

/* False: not known. */
bool search_memo_get(struct search_memo *memo, const struct search_moment *moment,
                     const struct store_match *matches, size_t match_count,
                     uint64_t numbers[SEARCH_MEMO_FOUND], size_t *count);
void search_memo_put(struct search_memo *memo, const struct search_moment *moment,
                     const struct store_match *matches, size_t match_count, const uint64_t *numbers,
                     size_t count);

#endif
