/* What is remembered of searches, and for whom: every part of a question and of its moment counts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "service/search_memo.h"

static struct search_memo memo;

static void setup(void)
{
    search_memo_init(&memo);
}

static void teardown(void)
{
    search_memo_destroy(&memo);
}

static const struct search_moment now = {
    .db = (const void *)&memo, .generation = 8, .tick = 4000000, .classes = 3};
static const uint64_t numbers[] = {7, 9, 11, 13, 15};

static struct store_match match(uint32_t tag, const char *text)
{
    return (struct store_match){.tag = tag, .value = bytes_of(text, strlen(text))};
}

static bool knows(const struct search_moment *moment, const struct store_match *matches, size_t count,
                  size_t *found)
{
    uint64_t got[SEARCH_MEMO_FOUND];
    bool known = search_memo_get(&memo, moment, matches, count, got, found);
    for (size_t i = 0; known && i < *found; i++) {
        ck_assert_uint_eq(got[i], numbers[i]);
    }
    return known;
}

START_TEST(answers_again)
{
    const struct store_match question[] = {match(HUKS_TAG_ID, "id"), match(HUKS_TAG_LABEL, "")};
    for (size_t count = 0; count <= SEARCH_MEMO_FOUND; count++) {
        size_t found = 99;
        search_memo_put(&memo, &now, question, 2, numbers, count);
        ck_assert(knows(&now, question, 2, &found));
        ck_assert_uint_eq(found, count);
    }
}
END_TEST

START_TEST(another_moment_is_not_known)
{
    const struct store_match question = match(HUKS_TAG_ID, "id");
    struct search_moment other[] = {now, now, now, now};
    other[0].db = NULL;
    other[1].generation++;
    other[2].tick++;
    other[3].classes = 1;
    search_memo_put(&memo, &now, &question, 1, numbers, 1);
    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        size_t found;
        ck_assert(!knows(&other[i], &question, 1, &found));
        ck_assert(knows(&now, &question, 1, &found));
    }
}
END_TEST

START_TEST(another_question_is_not_known)
{
    const struct store_match first[] = {match(HUKS_TAG_ID, "ab"), match(HUKS_TAG_LABEL, "c")};
    const struct store_match others[][2] = {
        {match(HUKS_TAG_ID, "a"), match(HUKS_TAG_LABEL, "bc")},
        {match(HUKS_TAG_LABEL, "ab"), match(HUKS_TAG_LABEL, "c")},
        {match(HUKS_TAG_ID, "ab"), match(HUKS_TAG_ID, "c")},
        {match(HUKS_TAG_ID, "ab"), match(HUKS_TAG_LABEL, "d")},
    };
    size_t found;
    search_memo_put(&memo, &now, first, 2, numbers, 1);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        ck_assert(!knows(&now, others[i], 2, &found));
    }
    ck_assert(!knows(&now, first, 1, &found));
    ck_assert(knows(&now, first, 2, &found));
}
END_TEST

START_TEST(keeps_the_last_of_many)
{
    size_t found, known = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", i);
        const struct store_match question = match(HUKS_TAG_ID, text);
        search_memo_put(&memo, &now, &question, 1, numbers, 2);
        ck_assert(knows(&now, &question, 1, &found));
    }
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", i);
        const struct store_match question = match(HUKS_TAG_ID, text);
        known += knows(&now, &question, 1, &found);
    }
    ck_assert_uint_eq(known, SEARCH_MEMO_SLOTS); /* the places are all used */
}
END_TEST

START_TEST(what_is_too_much_is_not_kept)
{
    static char longest[SEARCH_MEMO_QUESTION + 2];
    size_t found, most = SEARCH_MEMO_QUESTION - 2 * sizeof(uint32_t);
    memset(longest, 'x', sizeof(longest) - 1);
    for (size_t size = 1; size < sizeof(longest); size++) {
        const struct store_match question = {.tag = HUKS_TAG_ID, .value = bytes_of(longest, size)};
        search_memo_put(&memo, &now, &question, 1, numbers, 1);
        ck_assert(knows(&now, &question, 1, &found) == (size <= most));
    }
    const struct store_match question = match(HUKS_TAG_ID, "id");
    search_memo_put(&memo, &now, &question, 1, numbers, SEARCH_MEMO_FOUND + 1);
    ck_assert(!knows(&now, &question, 1, &found));
    search_memo_put(&memo, &now, NULL, 0, numbers, 1); /* everything there is */
    ck_assert(!knows(&now, NULL, 0, &found));
}
END_TEST

START_TEST(clearing_overwrites)
{
    const struct store_match question = match(HUKS_TAG_LABEL, "a private label");
    size_t found;
    search_memo_put(&memo, &now, &question, 1, numbers, 1);
    ck_assert_ptr_nonnull(memmem(&memo, sizeof(memo), "a private label", 15));
    search_memo_clear(&memo);
    ck_assert(!knows(&now, &question, 1, &found));
    ck_assert_ptr_null(memmem(&memo, sizeof(memo), "a private label", 15));
}
END_TEST

START_TEST(a_moment_is_of_its_classes_and_its_tick)
{
    static const uint8_t key[32];
    struct store_keys keys = {.key = {[STORE_DE] = key}};
    struct search_moment nobody = search_moment((const void *)&memo, 8, &keys);
    ck_assert_ptr_eq(nobody.db, (const void *)&memo);
    ck_assert_uint_eq(nobody.generation, 8);
    keys.key[STORE_PIN_BOUND] = key;
    struct search_moment user = search_moment((const void *)&memo, 8, &keys);
    ck_assert_uint_ne(nobody.classes, user.classes);
    keys.gone[STORE_PIN_BOUND] = true;
    struct search_moment void_keys = search_moment((const void *)&memo, 8, &keys);
    ck_assert_uint_ne(user.classes, void_keys.classes);
    (void)usleep(50000); /* no kernel ticks as seldom */
    ck_assert_uint_gt(search_moment((const void *)&memo, 8, &keys).tick, nobody.tick);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search-memo");
    TCase *cases = tcase_create("memo");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, answers_again);
    tcase_add_test(cases, another_moment_is_not_known);
    tcase_add_test(cases, another_question_is_not_known);
    tcase_add_test(cases, keeps_the_last_of_many);
    tcase_add_test(cases, what_is_too_much_is_not_kept);
    tcase_add_test(cases, clearing_overwrites);
    tcase_add_test(cases, a_moment_is_of_its_classes_and_its_tick);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
