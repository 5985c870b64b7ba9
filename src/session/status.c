/* The table seen from outside: who holds how much. */
#include "session/inside.h"

static bool word_in_use(uint64_t word)
{
    return word_state(word) == STATE_HELD || word_state(word) == STATE_BUSY;
}

/* The seat, after the dead are gone from it; NULL when there is none to look at. */
static struct session_map *seat_reaped(struct session_table *table)
{
    if (!table_here(table)) {
        return NULL;
    }
    table_check(table);
    struct session_map *map = table_map(table);
    atomic_store(&map_row(map)->uncounted, atomic_load(&table->uncounted));
    reap_all(table, map);
    return map;
}

void session_table_limits(struct session_table *table, struct session_limits *out)
{
    if (out == NULL) {
        return;
    }
    *out = (struct session_limits){0};
    struct session_map *map = seat_reaped(table);
    if (map == NULL) {
        return;
    }
    struct session_shared *shared = map->shared;
    out->limit = table->limit;
    out->wait_ms = table->wait_ms;
    for (uint32_t number = 0; number < SESSION_SLOTS; number++) {
        uint64_t word = atomic_load(&shared_slot(shared, number)->word);
        if (word_in_use(word)) {
            uint32_t owner = word_owner(word);
            out->in_use++;
            out->mine += owner == map->owner || row_same_process(table, &shared->rows[owner_index(owner)]);
        }
    }
    for (uint32_t i = 0; i < SESSION_ROWS; i++) {
        uint64_t word = atomic_load(&shared->rows[i].word);
        if (word_state(word) == STATE_USED) {
            uint32_t count = atomic_load(&shared->rows[i].uncounted);
            bool mine = word_owner(word) == map->owner || row_same_process(table, &shared->rows[i]);
            out->in_use += count;
            out->mine += mine ? count : 0;
        }
    }
    for (uint32_t i = 0; i < SESSION_WAITER_WORDS; i++) {
        out->waiting += (uint32_t)__builtin_popcountll(atomic_load(&shared->waiting[i]));
    }
    out->waits = atomic_load(&shared->waits);
    out->refusals = atomic_load(&shared->refusals);
    out->evictions = atomic_load(&shared->evictions);
}

/* Sums up what the owner holds. */
static void count_sessions(struct session_table *table, struct session_shared *shared, uint32_t owner,
                           struct session_process *out)
{
    uint64_t now = table_now_ms(table);
    for (uint32_t number = 0; number < SESSION_SLOTS; number++) {
        struct session_slot *slot = shared_slot(shared, number);
        uint64_t word = atomic_load(&slot->word);
        if (word_in_use(word) && word_owner(word) == owner) {
            uint64_t used = atomic_load(&slot->used_ms);
            out->in_use++;
            if (word_state(word) == STATE_HELD && used < now && now - used > out->idle_ms) {
                out->idle_ms = now - used;
            }
        }
    }
    for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
        uint64_t word = atomic_load(&shared->waiters[i].word);
        out->waiting += word_state(word) == STATE_USED && word_owner(word) == owner;
    }
}

void session_table_each(struct session_table *table,
                        void (*visit)(const struct session_process *process, void *context), void *context)
{
    struct session_map *map = visit != NULL ? seat_reaped(table) : NULL;
    for (uint32_t i = 0; map != NULL && i < SESSION_ROWS; i++) {
        struct session_row *row = &map->shared->rows[i];
        uint64_t word = atomic_load(&row->word);
        if (word_state(word) != STATE_USED) {
            continue;
        }
        struct session_process process = {
            .pid = (int32_t)atomic_load(&row->pid),
            .foreign_pid = atomic_load(&row->pid_ns) != table->self.pid_ns ||
                           atomic_load(&row->boot) != table->self.boot,
            .self = word_owner(word) == map->owner,
            .in_use = atomic_load(&row->uncounted),
        };
        count_sessions(table, map->shared, word_owner(word), &process);
        visit(&process, context);
    }
}
