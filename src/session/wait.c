/*
 * Waiting: who wants a session and found none.
 *
 * A returned session is free for whoever comes first, which is several times faster than handing it down a
 * queue; one waiter is woken and may find it gone. A waiter who has been passed over like that for 10 ms gets
 * the next returned session itself: the slot goes from HELD to OFFERED, and nobody else may take it for the
 * moment it needs to come.
 *
 * Each waiter sleeps on a futex of its own, its bell:
 *   0         asleep, or about to be
 *   1         called: a session came free, try again
 *   2 + slot  this slot is being offered to you
 * A call may get lost with the caller. Every waiter looks for itself each 5 ms, the only timer there is, and
 * then also looks for sessions whose holders have died or left them idle.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session/inside.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BELL_SILENT = 0, BELL_CALLED = 1, BELL_OFFER = 2 };

/* A place in the queue. */
struct place {
    struct session_map *map; /* NULL: none */
    struct session_waiter *waiter;
    uint32_t number;
    uint64_t word;
};

/* Not the private kind: the waker may be another process. */
static void futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t ns)
{
#ifdef SYS_futex
    const struct {
        long sec, nsec;
    } timeout = {(long)(ns / 1000000000u), (long)(ns % 1000000000u)};
    (void)syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
#else
    const struct {
        int64_t sec, nsec;
    } timeout = {(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
    (void)syscall(SYS_futex_time64, word, FUTEX_WAIT, value, &timeout, NULL, 0);
#endif
}

static void futex_wake(_Atomic uint32_t *word, int count)
{
#ifdef SYS_futex
    (void)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
#else
    (void)syscall(SYS_futex_time64, word, FUTEX_WAKE, count, NULL, NULL, 0);
#endif
}

/* How OFFERED slots name the waiter. */
static uint32_t waiter_owner(uint32_t number, uint64_t word)
{
    return owner_make(number, owner_tag(word_generation(word)));
}

struct candidate {
    struct session_waiter *waiter;
    uint32_t number;
    uint64_t word;
    uint64_t since_ns;
    uint32_t bell;
};

/* The longest waiter who can use the slot and whose bell says at most `bell`. */
static bool wait_longest(struct session_map *map, uint32_t slot, uint32_t bell, struct candidate *out)
{
    struct session_shared *shared = map->shared;
    *out = (struct candidate){0};
    for (uint32_t i = 0; i < SESSION_WAITER_WORDS; i++) {
        for (uint64_t bits = atomic_load(&shared->waiting[i]); bits != 0; bits &= bits - 1) {
            uint32_t number = i * 64 + (uint32_t)__builtin_ctzll(bits);
            struct session_waiter *waiter = &shared->waiters[number];
            uint64_t word = atomic_load(&waiter->word);
            uint64_t since = atomic_load(&waiter->since_ns);
            uint32_t rung = atomic_load(&waiter->bell);
            if (word_state(word) == STATE_USED && rung <= bell && slot < atomic_load(&waiter->limit) &&
                (out->waiter == NULL || since < out->since_ns)) {
                *out = (struct candidate){waiter, number, word, since, rung};
            }
        }
    }
    return out->waiter != NULL;
}

void wait_wake(struct session_map *map, uint32_t slot)
{
    struct candidate next;
    /* While the longest waiter is on its way nobody else is called: it calls the next (place_leave). */
    while (wait_longest(map, slot, BELL_CALLED, &next) && next.bell == BELL_SILENT) {
        uint32_t silent = BELL_SILENT;
        if (atomic_compare_exchange_strong(&next.waiter->bell, &silent, BELL_CALLED)) {
            futex_wake(&next.waiter->bell, 1);
            return;
        }
    }
}

bool wait_hand_off(struct session_table *table, struct session_map *map, uint32_t slot, uint64_t word)
{
    struct candidate next;
    uint64_t now = clock_exact_ns();
    if (!wait_longest(map, slot, BELL_CALLED, &next) || next.since_ns > now ||
        now - next.since_ns < SESSION_HANDOFF_NS) {
        return false;
    }
    /* First the bell: no second session for the same waiter. */
    if (!atomic_compare_exchange_strong(&next.waiter->bell, &next.bell, BELL_OFFER + slot)) {
        return false;
    }
    struct session_slot *offered = shared_slot(map->shared, slot);
    uint64_t offer = word_make(word_generation(word), waiter_owner(next.number, next.word), STATE_OFFERED);
    atomic_store(&offered->used_ms, table_now_ms(table));
    bool done = atomic_compare_exchange_strong(&offered->word, &word, offer);
    futex_wake(&next.waiter->bell, 1);
    if (done && atomic_load(&next.waiter->word) != next.word &&
        atomic_compare_exchange_strong(&offered->word, &offer,
                                       word_make(word_generation(word), 0, STATE_FREE))) {
        /* It left before it could see the offer. */
        wait_wake(map, slot);
    }
    return done;
}

void wait_wake_own(struct session_table *table)
{
    struct session_map *map = table_map(table);
    for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
        struct session_waiter *waiter = &map->shared->waiters[i];
        uint64_t word = atomic_load(&waiter->word);
        if (word_state(word) == STATE_USED && word_owner(word) == map->owner) {
            uint32_t silent = BELL_SILENT;
            (void)atomic_compare_exchange_strong(&waiter->bell, &silent, BELL_CALLED);
            futex_wake(&waiter->bell, 1);
        }
    }
    futex_wake(&table->shut, INT_MAX);
}

/* Lines up. When all places are taken the thread waits without one: it still looks each 5 ms. */
static void place_join(struct session_table *table, struct session_map *map, uint64_t since_ns,
                       struct place *place)
{
    struct session_shared *shared = map->shared;
    for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
        struct session_waiter *waiter = &shared->waiters[i];
        uint64_t word = atomic_load(&waiter->word);
        if (word_state(word) != STATE_FREE) {
            continue;
        }
        uint64_t mine = word_make(word_generation(word) + 1, map->owner, STATE_USED);
        if (atomic_compare_exchange_strong(&waiter->word, &word, mine)) {
            atomic_store(&waiter->since_ns, since_ns);
            atomic_store(&waiter->limit, table->limit);
            *place = (struct place){map, waiter, i, mine};
            return;
        }
    }
}

static bool place_kept(const struct place *place, const struct session_map *map)
{
    return place->map != NULL && place->map == map && atomic_load(&place->waiter->word) == place->word;
}

/* Says that we are about to sleep; then comes the last look. Also mends a bit that a reaper cleared wrongly.
 */
static void place_arm(const struct place *place)
{
    uint64_t bit = UINT64_C(1) << (place->number % 64);
    atomic_store(&place->waiter->bell, BELL_SILENT);
    (void)atomic_fetch_or(&place->map->shared->waiting[place->number / 64], bit);
}

/* A session that was offered meanwhile is *out's when `want`, else the next one's. */
static bool place_leave(struct session_table *table, struct place *place, bool want, struct session_ref *out)
{
    bool got = false;
    if (place->map != NULL) {
        uint64_t bit = UINT64_C(1) << (place->number % 64);
        uint64_t word = place->word;
        uint32_t waiter = waiter_owner(place->number, word);
        (void)atomic_fetch_and(&place->map->shared->waiting[place->number / 64], ~bit);
        (void)atomic_compare_exchange_strong(&place->waiter->word, &word,
                                             word_make(word_generation(word), 0, STATE_FREE));
        got = want && slot_take(table, place->map, waiter, out) && slot_kept(table, place->map, *out);
        slot_decline(table, place->map, waiter);
        uint32_t number;
        if (wait_any(place->map) && slot_any_free(table, place->map, &number)) {
            wait_wake(place->map, number); /* we were the one who was called: call the next */
        }
        place->map = NULL;
    }
    return got;
}

/* One look for the dead every 2 ms is enough for all waiters of the table together. */
static bool reap_due(const struct session_table *table, struct session_map *map, uint64_t now)
{
    uint64_t last = atomic_load(&map->shared->reaped_ns);
    if (table->wait_ms > 0 && now >= last && now - last < SESSION_REAP_NS) {
        return false;
    }
    return atomic_compare_exchange_strong(&map->shared->reaped_ns, &last, now) || table->wait_ms == 0;
}

static bool look(struct session_table *table, struct session_map *map, const struct place *place,
                 uint64_t now, struct session_ref *out)
{
    uint32_t waiter = place->map == NULL ? SLOT_NO_WAITER : waiter_owner(place->number, place->word);
    if (slot_take(table, map, waiter, out)) {
        return true;
    }
    if (reap_due(table, map, now)) {
        if (place->map == NULL && table->wait_ms > 0) {
            reap_all(table, map); /* the dead may fill the queue, too */
        } else {
            (void)reap_slots(table, map, table->limit);
        }
        if (slot_take(table, map, waiter, out)) {
            return true;
        }
    }
    return table->idle_ms > 0 && slot_evict(table, map, out);
}

huks_rc wait_take(struct session_table *table, struct session_ref *out)
{
    uint64_t now = clock_exact_ns();
    const uint64_t since = now;
    const uint64_t deadline = since + (uint64_t)table->wait_ms * 1000000u;
    struct place place = {0};
    table_check(table);
    atomic_fetch_add(&table_map(table)->shared->waits, 1);
    for (;; now = clock_exact_ns()) {
        if (atomic_load(&table->shut) != 0) {
            (void)place_leave(table, &place, false, out);
            return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
        }
        table_check_often(table);
        struct session_map *map = table_seat(table);
        if (!place_kept(&place, map)) {
            (void)place_leave(table, &place, false, out);
            if (table->wait_ms > 0) {
                place_join(table, map, since, &place);
            }
        }
        if (place.map != NULL) {
            place_arm(&place);
        }
        if (look(table, map, &place, now, out) && slot_kept(table, map, *out)) {
            (void)place_leave(table, &place, false, out);
            return HUKS_OK;
        }
        if (now >= deadline) {
            break;
        }
        uint64_t nap = deadline - now < SESSION_POLL_NS ? deadline - now : SESSION_POLL_NS;
        futex_wait(place.map != NULL ? &place.waiter->bell : &table->shut, 0, nap);
    }
    if (place_leave(table, &place, true, out)) {
        return HUKS_OK;
    }
    atomic_fetch_add(&table_map(table)->shared->refusals, 1);
    return error_raise(HUKS_E_SESSION_LIMIT, ABOUT_NOTHING, NULL);
}
