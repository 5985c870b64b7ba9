/* Dates against the C library's, and years added to them. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "common/date.h"

static void agrees(int64_t seconds)
{
    time_t moment = (time_t)seconds;
    struct tm expected;
    struct date date = date_of(seconds);

    ck_assert(gmtime_r(&moment, &expected) != NULL);
    ck_assert_int_eq(date.year, expected.tm_year + 1900);
    ck_assert_int_eq(date.month, expected.tm_mon + 1);
    ck_assert_int_eq(date.day, expected.tm_mday);
    ck_assert_int_eq(date.hour, expected.tm_hour);
    ck_assert_int_eq(date.minute, expected.tm_min);
    ck_assert_int_eq(date.second, expected.tm_sec);
}

/* Every day until 2400, which is a leap year, as 2100 to 2300 are not; each at another time of day. */
START_TEST(days)
{
    for (int64_t day = 0; day < 430 * 366; day++) {
        agrees(day * 86400 + day * 7919 % 86400);
    }
    agrees(86399);
    agrees(253402300799); /* the last second of 9999 */
}
END_TEST

START_TEST(years)
{
    const struct date leap_day = {2028, 2, 29, 23, 59, 59};
    struct date later = date_add_years(leap_day, 10);

    ck_assert(later.year == 2038 && later.month == 2 && later.day == 28 && later.second == 59);
    later = date_add_years(leap_day, 4);
    ck_assert(later.year == 2032 && later.month == 2 && later.day == 29);
    later = date_add_years(leap_day, 72); /* 2100 is no leap year */
    ck_assert(later.year == 2100 && later.day == 28);
    later = date_add_years((struct date){2026, 11, 25, 1, 2, 3}, 10);
    ck_assert(later.year == 2036 && later.month == 11 && later.day == 25 && later.hour == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("date");
    TCase *tcase = tcase_create("date");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, days);
    tcase_add_test(tcase, years);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
