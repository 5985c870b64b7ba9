/* Tallies and holds: numbers that the store's processes share, and what dies with a process. */
#include "check-session.h"

#include <signal.h>

static void read_of(struct session_table *table, uint64_t name, uint32_t count, uint32_t held)
{
    uint32_t count_now = 99, held_now = 99;
    ck_assert(session_tally_read(table, name, &count_now, &held_now));
    ck_assert_uint_eq(count_now, count);
    ck_assert_uint_eq(held_now, held);
}

START_TEST(counted_by_all)
{
    struct session_table *a = table_join(15, 0), *b = table_join(15, 0);
    read_of(a, 7, 0, 0);
    ck_assert(session_tally_add(a, 7) && session_tally_add(b, 7) && session_tally_add(b, 8));
    read_of(a, 7, 2, 0);
    read_of(b, 7, 2, 0);
    read_of(a, 8, 1, 0);
    session_tally_clear(b, 7);
    session_tally_clear(b, 9);
    read_of(a, 7, 0, 0);
    read_of(b, 8, 1, 0);
    session_table_close(a);
    session_table_close(b);
    a = table_join(15, 0);
    read_of(a, 8, 1, 0); /* the file is the store's */
    session_table_close(a);
}
END_TEST

START_TEST(room_for_so_many)
{
    struct session_table *table = table_join(15, 0);
    for (uint64_t name = 1; name <= SESSION_TALLIES; name++) {
        ck_assert(session_tally_add(table, name));
    }
    ck_assert(!session_tally_add(table, 1000));
    read_of(table, 1000, 0, 0);
    ck_assert(session_tally_add(table, SESSION_TALLIES));
    read_of(table, SESSION_TALLIES, 2, 0);
    atomic_store(&table_map(table)->shared->tallies[0].count, UINT32_MAX);
    ck_assert(session_tally_add(table, 1));
    read_of(table, 1, UINT32_MAX, 0); /* does not begin anew */
    session_table_close(table);
}
END_TEST

START_TEST(held_by_all)
{
    struct session_table *a = table_join(15, 0), *b = table_join(15, 0);
    struct session_hold first, second, other;
    ck_assert(session_hold_take(a, 7, &first) && session_hold_take(b, 7, &second) &&
              session_hold_take(b, 8, &other));
    read_of(a, 7, 0, 2);
    read_of(b, 8, 0, 1);
    session_hold_release(b, first); /* not its own */
    read_of(a, 7, 0, 2);
    session_hold_release(a, first);
    session_hold_release(a, first); /* once is enough */
    read_of(b, 7, 0, 1);
    ck_assert(session_hold_take(a, 7, &first));
    struct session_hold stale = first;
    session_hold_release(a, first);
    ck_assert(session_hold_take(a, 7, &first)); /* the same place, another time */
    session_hold_release(a, stale);
    read_of(b, 7, 0, 2);
    session_table_close(b); /* with its holds */
    read_of(a, 7, 0, 1);
    session_hold_release(a, (struct session_hold){UINT32_MAX, 0});
    session_hold_release(a, (struct session_hold){SESSION_HOLDS, 1});
    session_table_close(a);
}
END_TEST

START_TEST(holds_have_an_end)
{
    struct session_table *table = table_join(15, 0);
    struct session_hold holds[SESSION_HOLDS], more;
    for (uint32_t i = 0; i < SESSION_HOLDS; i++) {
        ck_assert(session_hold_take(table, 7, &holds[i]));
    }
    ck_assert(!session_hold_take(table, 7, &more));
    ck_assert(!session_hold_take(table, 8, &more));
    read_of(table, 7, 0, SESSION_HOLDS);
    session_hold_release(table, holds[17]);
    ck_assert(session_hold_take(table, 8, &more));
    session_table_close(table);
}
END_TEST

/* A process that holds and counts, and is killed. */
START_TEST(death_gives_holds_back_and_keeps_counts)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct session_table *theirs = table_join(15, 0);
        struct session_hold hold;
        for (uint32_t i = 0; i < SESSION_HOLDS; i++) {
            if (!session_hold_take(theirs, 7, &hold)) {
                _exit(1);
            }
        }
        if (!session_tally_add(theirs, 7) || write(ready[1], "r", 1) != 1) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    char byte;
    ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
    struct session_table *table = table_join(15, 0);
    struct session_hold mine;
    read_of(table, 7, 1, SESSION_HOLDS);
    ck_assert(!session_hold_take(table, 7, &mine));
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert(session_hold_take(table, 7, &mine));
    read_of(table, 7, 1, 1);
    session_table_close(table);
}
END_TEST

/* A table in /dev/shm goes with the last one who uses it: not with what is counted there. */
START_TEST(counts_outlive_their_processes)
{
    struct session_settings settings = settings_of(15, 0);
    const char *path;
    char kept[64];
    settings.store_dir = NULL;
    struct session_table *table = table_of(&settings);
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_SHM);
    (void)snprintf(kept, sizeof kept, "%s", path);
    ck_assert(session_tally_add(table, 7));
    session_table_close(table);
    ck_assert_int_eq(access(kept, F_OK), 0);
    table = table_of(&settings);
    read_of(table, 7, 1, 0);
    session_tally_clear(table, 7);
    session_table_close(table);
    ck_assert_int_ne(access(kept, F_OK), 0);
}
END_TEST

START_TEST(nobody_to_ask)
{
    uint32_t count = 5, held = 5;
    struct session_hold hold;
    ck_assert(!session_tally_read(NULL, 7, &count, &held) && count == 0 && held == 0);
    ck_assert(!session_tally_add(NULL, 7) && !session_hold_take(NULL, 7, &hold));
    session_tally_clear(NULL, 7);
    session_hold_release(NULL, hold);
    struct session_table *table = table_join(15, 0);
    ck_assert(!session_tally_add(table, 0) && !session_hold_take(table, 0, &hold)); /* no name */
    ck_assert(session_hold_take(table, 7, &hold));
    session_shutdown(table);
    ck_assert(!session_tally_read(table, 7, &count, &held) && !session_tally_add(table, 7));
    session_hold_release(table, hold);
    session_table_close(table);
}
END_TEST

START_TEST(noise_does_no_harm)
{
    struct session_table *table = table_join(15, 0);
    struct session_shared *shared = table_map(table)->shared;
    struct session_hold hold;
    uint32_t count, held;
    uint64_t noise = 88172645463325252u; /* xorshift */
    for (int round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < SESSION_TALLIES + SESSION_HOLDS; i++) {
            noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
            if (i < SESSION_TALLIES) {
                atomic_store(&shared->tallies[i].count, noise);
                atomic_store(&shared->tallies[i].name, noise >> 3);
            } else {
                atomic_store(&shared->holds[i - SESSION_TALLIES].word, noise);
                atomic_store(&shared->holds[i - SESSION_TALLIES].name, noise >> 5);
            }
        }
        (void)session_tally_read(table, noise, &count, &held);
        (void)session_tally_add(table, noise);
        if (session_hold_take(table, 7, &hold)) {
            session_hold_release(table, hold);
        }
    }
    expect_fifteen(table); /* and the sessions are as they were */
    session_table_close(table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tallies");
    TCase *tests = tcase_create("tallies");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, store_make, store_remove);
    tcase_add_test(tests, counted_by_all);
    tcase_add_test(tests, room_for_so_many);
    tcase_add_test(tests, held_by_all);
    tcase_add_test(tests, holds_have_an_end);
    tcase_add_test(tests, death_gives_holds_back_and_keeps_counts);
    tcase_add_test(tests, counts_outlive_their_processes);
    tcase_add_test(tests, nobody_to_ask);
    tcase_add_test(tests, noise_does_no_harm);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
