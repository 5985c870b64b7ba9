/*
 * Slots: the sessions themselves.
 *
 * Order matters in three places. A slot's time is stored before the word that takes it, so that an evictor
 * who sees the new word sees the new time. A touch changes the word after the time, so that an eviction that
 * was decided on the old time fails. And whoever took or returned in one seat looks afterwards whether the
 * instance still sits there (inside.h).
 *
 * A session keeps its generation when it is taken along to a new seat. From there on the old slot and the new
 * one both count on from it, and a thread may still take the old one: so a generation says in its upper bits
 * in which of the instance's seats the session was taken, and never means two of them.
 */
#include "session/inside.h"

static bool word_taken(uint64_t word)
{
    return word_state(word) == STATE_HELD || word_state(word) == STATE_BUSY;
}

static bool word_is(uint64_t word, const struct session_map *map, struct session_ref ref)
{
    return word_taken(word) && word_generation(word) == ref.generation && word_owner(word) == map->owner;
}

/* The next one of a slot, for a session taken in this seat: seat:6 | count:26. */
static uint32_t generation_next(const struct session_map *map, uint64_t word)
{
    enum { COUNT_BITS = 26 };
    _Static_assert(SESSION_OLD_SEATS < 1u << (32 - COUNT_BITS), "every seat has its own generations");
    uint32_t count = (word_generation(word) + 1) & ((1u << COUNT_BITS) - 1);
    return map->seat << COUNT_BITS | count;
}

bool slot_take(struct session_table *table, struct session_map *map, uint32_t waiter, struct session_ref *out)
{
    uint64_t now = table_now_ms(table);
    uint32_t number = atomic_load_explicit(&table->hint, memory_order_relaxed);
    for (uint32_t i = 0; i < table->limit; i++, number++) {
        if (number >= table->limit) {
            number = 0;
        }
        struct session_slot *slot = shared_slot(map->shared, number);
        uint64_t word = atomic_load(&slot->word);
        if (word_state(word) != STATE_FREE &&
            (word_state(word) != STATE_OFFERED || word_owner(word) != waiter)) {
            continue;
        }
        atomic_store_explicit(&slot->used_ms, now, memory_order_relaxed);
        uint32_t generation = generation_next(map, word);
        if (atomic_compare_exchange_strong(&slot->word, &word,
                                           word_make(generation, map->owner, STATE_HELD))) {
            *out = (struct session_ref){.slot = number, .generation = generation};
            return true;
        }
    }
    return false;
}

bool slot_any_free(const struct session_table *table, const struct session_map *map, uint32_t *number)
{
    for (uint32_t i = 0; i < table->limit; i++) {
        if (word_state(atomic_load(&shared_slot(map->shared, i)->word)) == STATE_FREE) {
            *number = i;
            return true;
        }
    }
    return false;
}

void slot_decline(struct session_table *table, struct session_map *map, uint32_t waiter)
{
    for (uint32_t number = 0; number < table->limit; number++) {
        struct session_slot *slot = shared_slot(map->shared, number);
        uint64_t word = atomic_load(&slot->word);
        if (word_state(word) == STATE_OFFERED && word_owner(word) == waiter &&
            atomic_compare_exchange_strong(&slot->word, &word,
                                           word_make(word_generation(word), 0, STATE_FREE))) {
            wait_wake(map, number);
        }
    }
}

bool slot_evict(struct session_table *table, struct session_map *map, struct session_ref *out)
{
    uint64_t now = table_now_ms(table);
    struct session_slot *slot = NULL;
    uint32_t number = 0;
    uint64_t word = 0;
    uint64_t longest = 0;
    for (uint32_t i = 0; i < table->limit; i++) {
        struct session_slot *candidate = shared_slot(map->shared, i);
        uint64_t seen = atomic_load(&candidate->word);
        uint64_t used = atomic_load(&candidate->used_ms);
        if (word_state(seen) == STATE_HELD && used <= now && now - used >= table->idle_ms + SESSION_TICK_MS &&
            (slot == NULL || now - used > longest) && row_same_clock(table, map, word_owner(seen))) {
            slot = candidate;
            number = i;
            word = seen;
            longest = now - used;
        }
    }
    if (slot == NULL) {
        return false;
    }
    uint32_t generation = generation_next(map, word);
    atomic_store(&slot->used_ms, now);
    if (!atomic_compare_exchange_strong(&slot->word, &word, word_make(generation, map->owner, STATE_HELD))) {
        return false;
    }
    atomic_fetch_add(&map->shared->evictions, 1);
    *out = (struct session_ref){.slot = number, .generation = generation};
    return true;
}

/* Marks a session of ours as used. False: it is not ours in this seat. */
static bool slot_mark(struct session_table *table, struct session_map *map, struct session_ref ref,
                      uint32_t state)
{
    struct session_slot *slot = shared_slot(map->shared, ref.slot);
    uint64_t word = atomic_load(&slot->word);
    uint64_t now = table_now_ms(table);
    while (word_is(word, map, ref)) {
        atomic_store(&slot->used_ms, now);
        if (atomic_compare_exchange_weak(&slot->word, &word, word_touched(word, state))) {
            return true;
        }
    }
    return false;
}

/* Frees a session of ours, or hands it on. False: it is not ours in this seat. */
static bool slot_give(struct session_table *table, struct session_map *map, struct session_ref ref)
{
    struct session_slot *slot = shared_slot(map->shared, ref.slot);
    uint64_t word = atomic_load(&slot->word);
    for (;;) {
        if (!word_is(word, map, ref)) {
            return false;
        }
        if (wait_any(map) && wait_hand_off(table, map, ref.slot, word)) {
            return true;
        }
        if (atomic_compare_exchange_strong(&slot->word, &word, word_make(ref.generation, 0, STATE_FREE))) {
            break;
        }
    }
    atomic_store_explicit(&table->hint, ref.slot, memory_order_relaxed);
    /* After the slot is seen free: a waiter says that it waits before it looks for a free one. */
    if (wait_any(map)) {
        wait_wake(map, ref.slot);
    }
    return true;
}

bool slot_kept(struct session_table *table, struct session_map *map, struct session_ref ref)
{
    if (table_map(table) == map) {
        return true;
    }
    struct session_map *now = table_seat(table);
    if (word_is(atomic_load(&shared_slot(now->shared, ref.slot)->word), now, ref)) {
        return true;
    }
    (void)slot_give(table, map, ref);
    return false;
}

void slot_move(const struct session_map *from, const struct session_map *to)
{
    bool same = from->fd >= 0 && to->fd >= 0 && from->dev == to->dev && from->ino == to->ino;
    for (uint32_t number = 0; number < SESSION_SLOTS; number++) {
        struct session_slot *old = shared_slot(from->shared, number);
        struct session_slot *slot = shared_slot(to->shared, number);
        uint64_t word = atomic_load(&old->word);
        while (word_taken(word) && word_owner(word) == from->owner) {
            uint64_t moved = word_make(word_generation(word), to->owner, word_state(word));
            if (same) {
                if (atomic_compare_exchange_strong(&slot->word, &word, moved)) {
                    break;
                }
                continue;
            }
            /* Another table: the same session there, unless somebody has it; then ours is lost. */
            uint64_t there = atomic_load(&slot->word);
            if (word_state(there) == STATE_FREE) {
                atomic_store(&slot->used_ms, atomic_load(&old->used_ms));
                (void)atomic_compare_exchange_strong(&slot->word, &there, moved);
            }
            break;
        }
    }
}

void slot_free_all(struct session_map *map)
{
    for (uint32_t number = 0; number < SESSION_SLOTS; number++) {
        struct session_slot *slot = shared_slot(map->shared, number);
        uint64_t word = atomic_load(&slot->word);
        while (word_taken(word) && word_owner(word) == map->owner) {
            if (atomic_compare_exchange_strong(&slot->word, &word,
                                               word_make(word_generation(word), 0, STATE_FREE))) {
                wait_wake(map, number);
                break;
            }
        }
    }
}

static huks_rc take_uncounted(struct session_table *table, struct session_ref *out)
{
    atomic_fetch_add(&table->uncounted, 1);
    atomic_fetch_add(&map_row(table_map(table))->uncounted, 1);
    *out = (struct session_ref){.slot = SESSION_UNCOUNTED};
    return HUKS_OK;
}

static void return_uncounted(struct session_table *table)
{
    uint32_t count = atomic_load(&table->uncounted);
    while (count > 0 && !atomic_compare_exchange_weak(&table->uncounted, &count, count - 1)) {
    }
    if (count > 0) {
        atomic_fetch_sub(&map_row(table_map(table))->uncounted, 1);
    }
}

huks_rc session_take(struct session_table *table, struct session_ref *out)
{
    if (out == NULL || !table_here(table) || atomic_load_explicit(&table->shut, memory_order_relaxed) != 0) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
    }
    table_check_often(table);
    if (table->limit == 0) {
        return take_uncounted(table, out);
    }
    for (;;) {
        struct session_map *map = table_seat(table);
        if (!slot_take(table, map, SLOT_NO_WAITER, out)) {
            return wait_take(table, out);
        }
        if (slot_kept(table, map, *out)) {
            return HUKS_OK;
        }
    }
}

void session_return(struct session_table *table, struct session_ref ref)
{
    if (!table_here(table)) {
        return;
    }
    if (ref.slot == SESSION_UNCOUNTED) {
        return_uncounted(table);
        return;
    }
    struct session_map *map = NULL;
    while (ref.slot < SESSION_SLOTS && map != table_map(table)) {
        map = table_seat(table);
        (void)slot_give(table, map, ref);
    }
}

static bool session_mark(struct session_table *table, struct session_ref ref, uint32_t state)
{
    if (!table_here(table)) {
        return false;
    }
    if (ref.slot == SESSION_UNCOUNTED) {
        return true;
    }
    table_check_often(table);
    bool marked = false;
    struct session_map *map = NULL;
    while (ref.slot < SESSION_SLOTS && map != table_map(table)) {
        map = table_seat(table);
        marked = slot_mark(table, map, ref, state);
    }
    return marked;
}

bool session_touch(struct session_table *table, struct session_ref ref)
{
    return session_mark(table, ref, STATE_HELD);
}

bool session_enter(struct session_table *table, struct session_ref ref)
{
    return session_mark(table, ref, STATE_BUSY);
}

void session_rest(struct session_table *table, struct session_ref ref)
{
    (void)session_mark(table, ref, STATE_HELD);
}
