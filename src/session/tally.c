/*
 * Tallies and holds: see table.h. As everywhere in the table, each change is one compare-and-swap, and what a
 * dead instance held is free for whoever comes by.
 */
#include "session/inside.h"

/* The tally of this name; NULL: there is none, and with `make` no room for it. */
static struct session_tally *find(struct session_map *map, uint64_t name, bool make)
{
    for (uint32_t i = 0; i < SESSION_TALLIES; i++) {
        struct session_tally *tally = &map->shared->tallies[i];
        uint64_t there = atomic_load(&tally->name);
        /* Names are never taken back: the first free place is behind all names. */
        if (there == 0 && make && atomic_compare_exchange_strong(&tally->name, &there, name)) {
            return tally;
        }
        if (there == name) {
            return tally;
        }
        if (there == 0) {
            return NULL;
        }
    }
    return NULL;
}

static bool usable(struct session_table *table, uint64_t name)
{
    return table_here(table) && name != 0 && atomic_load(&table->shut) == 0;
}

static uint32_t holds_of(struct session_table *table, struct session_map *map, uint64_t name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SESSION_HOLDS; i++) {
        struct session_held *held = &map->shared->holds[i];
        uint64_t word = atomic_load(&held->word);
        if (word_state(word) != STATE_HELD || atomic_load(&held->name) != name ||
            atomic_load(&held->word) != word) {
            continue;
        }
        if (row_alive(table, map, word_owner(word))) {
            count++;
        } else {
            (void)atomic_compare_exchange_strong(&held->word, &word,
                                                 word_make(word_generation(word), 0, STATE_FREE));
        }
    }
    return count;
}

bool session_tally_read(struct session_table *table, uint64_t name, uint32_t *count, uint32_t *held)
{
    *count = 0;
    *held = 0;
    if (!usable(table, name)) {
        return false;
    }
    table_check_often(table);
    struct session_map *map = table_seat(table);
    const struct session_tally *tally = find(map, name, false);
    uint64_t number = tally != NULL ? atomic_load(&tally->count) : 0;
    *count = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    *held = holds_of(table, map, name);
    return true;
}

bool session_tally_add(struct session_table *table, uint64_t name)
{
    struct session_tally *tally = usable(table, name) ? find(table_seat(table), name, true) : NULL;
    if (tally == NULL) {
        return false;
    }
    uint64_t count = atomic_load(&tally->count);
    while (count < UINT32_MAX && !atomic_compare_exchange_weak(&tally->count, &count, count + 1)) {
    }
    return true;
}

void session_tally_clear(struct session_table *table, uint64_t name)
{
    struct session_tally *tally = usable(table, name) ? find(table_seat(table), name, false) : NULL;
    if (tally != NULL) {
        atomic_store(&tally->count, 0);
    }
}

/* A place that is free, or whose owner is dead. */
static bool claim(struct session_table *table, struct session_map *map, struct session_held *held,
                  uint32_t *generation)
{
    uint64_t word = atomic_load(&held->word);
    bool taken = word_state(word) == STATE_HELD || word_state(word) == STATE_BUSY;
    if (taken && row_alive(table, map, word_owner(word))) {
        return false;
    }
    *generation = word_generation(word) + 1;
    return atomic_compare_exchange_strong(&held->word, &word, word_make(*generation, map->owner, STATE_BUSY));
}

bool session_hold_take(struct session_table *table, uint64_t name, struct session_hold *hold)
{
    *hold = (struct session_hold){UINT32_MAX, 0};
    if (!usable(table, name)) {
        return false;
    }
    table_check_often(table);
    struct session_map *map = table_seat(table);
    for (uint32_t i = 0; i < SESSION_HOLDS; i++) {
        struct session_held *held = &map->shared->holds[i];
        uint32_t generation;
        if (claim(table, map, held, &generation)) {
            atomic_store(&held->name, name);
            atomic_store(&held->word, word_make(generation, map->owner, STATE_HELD));
            *hold = (struct session_hold){i, generation};
            return true;
        }
    }
    return false;
}

void session_hold_release(struct session_table *table, struct session_hold hold)
{
    if (!table_here(table) || hold.place >= SESSION_HOLDS) {
        return;
    }
    struct session_map *map = table_seat(table);
    struct session_held *held = &map->shared->holds[hold.place];
    uint64_t mine = word_make(hold.generation, map->owner, STATE_HELD);
    (void)atomic_compare_exchange_strong(&held->word, &mine, word_make(hold.generation, 0, STATE_FREE));
}

bool tally_any(const struct session_map *map)
{
    for (uint32_t i = 0; i < SESSION_TALLIES; i++) {
        if (atomic_load(&map->shared->tallies[i].count) != 0) {
            return true;
        }
    }
    return false;
}
