/*
 * The functions that auth's tries are given, over the session table. A hold is its place and its generation.
 */
#include "service/tally.h"

static bool tally_read(void *table, uint64_t name, uint32_t *count, uint32_t *held)
{
    return session_tally_read(table, name, count, held);
}

static bool tally_add(void *table, uint64_t name)
{
    return session_tally_add(table, name);
}

static void tally_clear(void *table, uint64_t name)
{
    session_tally_clear(table, name);
}

static bool tally_hold(void *table, uint64_t name, uint64_t *hold)
{
    struct session_hold held;
    bool done = session_hold_take(table, name, &held);
    *hold = (uint64_t)held.place << 32 | held.generation;
    return done;
}

static void tally_release(void *table, uint64_t hold)
{
    session_hold_release(table, (struct session_hold){(uint32_t)(hold >> 32), (uint32_t)hold});
}

void tally_connect(struct auth *auth, struct session_table *table)
{
    const struct auth_tallies tallies = {table, tally_read, tally_add, tally_clear, tally_hold, tally_release};
    auth_share_tries(auth, &tallies);
}
