/*
 * What the dead leave behind: their sessions, their places among the waiters, their rows.
 *
 * Needs no lock and may be done by any number of processes at once, or die half way: each step is one
 * compare-and-swap of a word that names a dead owner, and is as good on its own.
 */
#include "session/inside.h"

#include <string.h>

/* Each owner is asked about once per round: that costs system calls. */
struct verdicts {
    struct {
        uint32_t owner;
        bool known, alive;
    } of[64];
};

static bool judge(const struct session_table *table, const struct session_map *map, struct verdicts *verdicts,
                  uint32_t owner)
{
    uint32_t at = owner_index(owner) % (uint32_t)(sizeof verdicts->of / sizeof verdicts->of[0]);
    if (!verdicts->of[at].known || verdicts->of[at].owner != owner) {
        verdicts->of[at].owner = owner;
        verdicts->of[at].known = true;
        verdicts->of[at].alive = row_alive(table, map, owner);
    }
    return verdicts->of[at].alive;
}

/* An offer stands while its waiter is there and for a moment only. */
static bool offer_stands(struct session_table *table, const struct session_map *map,
                         struct verdicts *verdicts, const struct session_slot *slot, uint64_t word)
{
    uint32_t offered = word_owner(word);
    if (owner_index(offered) >= SESSION_WAITERS) {
        return false;
    }
    uint64_t waiter = atomic_load(&map->shared->waiters[owner_index(offered)].word);
    uint64_t age = table_now_ms(table) - atomic_load(&slot->used_ms);
    return word_state(waiter) == STATE_USED && owner_tag(word_generation(waiter)) == owner_tag(offered) &&
           (age <= SESSION_OFFER_MS || age > UINT64_MAX - SESSION_OFFER_MS) &&
           judge(table, map, verdicts, word_owner(waiter));
}

static bool slot_stands(struct session_table *table, const struct session_map *map, struct verdicts *verdicts,
                        const struct session_slot *slot, uint64_t word)
{
    switch (word_state(word)) {
    case STATE_FREE:
        return true;
    case STATE_HELD:
    case STATE_BUSY:
        return judge(table, map, verdicts, word_owner(word));
    case STATE_OFFERED:
        return offer_stands(table, map, verdicts, slot, word);
    default:
        return false; /* damage */
    }
}

static bool reap_below(struct session_table *table, struct session_map *map, struct verdicts *verdicts,
                       uint32_t limit)
{
    bool freed = false;
    for (uint32_t number = 0; number < limit; number++) {
        struct session_slot *slot = shared_slot(map->shared, number);
        uint64_t word = atomic_load(&slot->word);
        if (!slot_stands(table, map, verdicts, slot, word) &&
            atomic_compare_exchange_strong(&slot->word, &word,
                                           word_make(word_generation(word), 0, STATE_FREE))) {
            freed = true;
            wait_wake(map, number);
        }
    }
    return freed;
}

/* First the bit, then the word: a bit without a waiter would cost every return a look. */
static void reap_waiter(struct session_table *table, struct session_map *map, struct verdicts *verdicts,
                        uint32_t number)
{
    struct session_waiter *waiter = &map->shared->waiters[number];
    _Atomic uint64_t *bits = &map->shared->waiting[number / 64];
    uint64_t bit = UINT64_C(1) << (number % 64);
    uint64_t word = atomic_load(&waiter->word);
    if (word_state(word) == STATE_USED && judge(table, map, verdicts, word_owner(word))) {
        return;
    }
    if ((atomic_load(bits) & bit) != 0) {
        (void)atomic_fetch_and(bits, ~bit);
    }
    if (word_state(word) != STATE_FREE) {
        uint64_t vacant = word_make(word_generation(word), 0, STATE_FREE);
        (void)atomic_compare_exchange_strong(&waiter->word, &word, vacant);
    }
}

bool reap_slots(struct session_table *table, struct session_map *map, uint32_t limit)
{
    struct verdicts verdicts;
    memset(&verdicts, 0, sizeof verdicts);
    /* A dead waiter must not be the one who is called. */
    for (uint32_t i = 0; i < SESSION_WAITER_WORDS; i++) {
        for (uint64_t bits = atomic_load(&map->shared->waiting[i]); bits != 0; bits &= bits - 1) {
            reap_waiter(table, map, &verdicts, i * 64 + (uint32_t)__builtin_ctzll(bits));
        }
    }
    return reap_below(table, map, &verdicts, limit);
}

static void reap_rows(struct session_table *table, struct session_map *map, struct verdicts *verdicts)
{
    for (uint32_t i = 0; i < SESSION_ROWS; i++) {
        struct session_row *row = &map->shared->rows[i];
        uint64_t word = atomic_load(&row->word);
        if (word_state(word) == STATE_FREE || word_owner(word) == map->owner ||
            (owner_index(word_owner(word)) == i && judge(table, map, verdicts, word_owner(word)))) {
            continue;
        }
        uint64_t vacant =
            word_make(word_generation(word), owner_make(i, owner_tag(word_owner(word))), STATE_FREE);
        (void)atomic_compare_exchange_strong(&row->word, &word, vacant);
    }
}

void reap_all(struct session_table *table, struct session_map *map)
{
    struct verdicts verdicts;
    memset(&verdicts, 0, sizeof verdicts);
    for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
        reap_waiter(table, map, &verdicts, i);
    }
    (void)reap_below(table, map, &verdicts, SESSION_SLOTS);
    reap_rows(table, map, &verdicts);
}
