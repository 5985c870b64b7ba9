/*
 * Key-operation sessions while the instance changes its seat: what a thread does in the old one too late.
 * Each test makes the steps of such threads one after the other, in the order in which they would do harm.
 */
#include "tests/unit/check-session.h"

/* The next look finds the file gone. Returns the old seat, where a late thread still is. */
static struct session_map *seat_lost(struct session_table *table)
{
    struct session_map *old = table_map(table);
    ck_assert_int_eq(unlink(store_file), 0);
    table_check(table);
    ck_assert_ptr_ne(table_map(table), old);
    return old;
}

/* The same file, but another row. */
static struct session_map *row_lost(struct session_table *table)
{
    struct session_map *old = table_map(table);
    struct session_row *row = map_row(old);
    atomic_store(&row->word, word_make(1, old->owner, STATE_FREE));
    table_check(table);
    ck_assert_ptr_ne(table_map(table), old);
    return old;
}

static struct session_map *(*const losses[])(struct session_table *) = {seat_lost, row_lost};
enum { LOSSES = sizeof losses / sizeof losses[0] };

START_TEST(taken_before_is_kept)
{
    struct session_table *table = table_join(1, 0);
    struct session_ref ref;
    take(table, &ref, 1);
    struct session_map *old = losses[_i](table);
    ck_assert(slot_kept(table, old, ref));
    /* However often. */
    (void)losses[_i](table);
    ck_assert(slot_kept(table, old, ref));
    ck_assert(session_touch(table, ref));
    ck_assert_uint_eq(limits_of(table).in_use, 1);
    session_return(table, ref);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    session_table_close(table);
}
END_TEST

START_TEST(taken_too_late_is_not_kept)
{
    struct session_table *table = table_join(1, 0);
    struct session_ref first;
    struct session_ref late;
    struct session_ref next;
    take(table, &first, 1);
    struct session_map *old = seat_lost(table);
    /* Who holds the only session returns it in both seats; one thread takes it in the old seat … */
    slot_free_all(old);
    session_return(table, first);
    ck_assert(slot_take(table, old, SLOT_NO_WAITER, &late));
    /* … and another in the new one, where it is the successor of the same session. */
    take(table, &next, 1);
    ck_assert_uint_eq(late.slot, next.slot);
    ck_assert(!slot_kept(table, old, late));
    ck_assert(session_touch(table, next));
    ck_assert(!session_touch(table, late));
    session_return(table, late);
    ck_assert(session_touch(table, next));
    ck_assert_uint_eq(limits_of(table).in_use, 1);
    session_table_close(table);
}
END_TEST

START_TEST(taken_too_late_of_the_idle_is_not_kept)
{
    /* The same with one that lies idle: evicted in the old seat by one thread, in the new one by another. */
    struct session_table *table = table_join(1, 0);
    struct session_ref idle;
    struct session_ref late;
    struct session_ref next;
    take(table, &idle, 1);
    struct session_map *old = seat_lost(table);
    atomic_store(&table->skew_ms, UINT64_C(61000));
    ck_assert(slot_evict(table, old, &late));
    take(table, &next, 1);
    ck_assert(!slot_kept(table, old, late));
    ck_assert(session_touch(table, next));
    ck_assert(!session_touch(table, idle));
    session_table_close(table);
}
END_TEST

START_TEST(stays_after_many_moves)
{
    /* Then its seat is as good as another. */
    struct session_table *table = table_join(2, 0);
    struct session_ref held;
    struct session_ref ref;
    take(table, &held, 1);
    for (uint32_t i = 1; i <= SESSION_OLD_SEATS; i++) {
        (void)seat_lost(table);
        ck_assert_uint_eq(table_map(table)->seat, i);
        ck_assert(session_touch(table, held));
        take(table, &ref, 1);
        ck_assert(session_touch(table, ref));
        session_return(table, ref);
    }
    struct session_map *last = table_map(table);
    (void)unlink(store_file);
    table_check(table);
    ck_assert_ptr_eq(table_map(table), last);
    take(table, &ref, 1);
    ck_assert_uint_eq(limits_of(table).in_use, 2);
    session_return(table, ref);
    session_return(table, held);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    session_table_close(table);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("session-move");
    TCase *move = tcase_create("move");
    tcase_add_checked_fixture(move, store_make, store_remove);
    tcase_add_loop_test(move, taken_before_is_kept, 0, LOSSES);
    tcase_add_test(move, taken_too_late_is_not_kept);
    tcase_add_test(move, taken_too_late_of_the_idle_is_not_kept);
    tcase_add_test(move, stays_after_many_moves);
    suite_add_tcase(suite, move);
    return suite;
}

int main(void)
{
    return run_suite(suite());
}
