/* An engine that works for others: whose table of sessions it joins. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/private.h"

static char top[] = "/tmp/check-engine.XXXXXX";

static char *in_top(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *here = path[next++ % 4];
    (void)snprintf(here, sizeof path[0], "%s/%s", top, name);
    return here;
}

static struct engine *open_engine(const char *store, const char *sessions)
{
    struct config config;
    struct engine *engine = NULL;
    config_defaults(&config);
    config.session_limit = 2;
    config.session_wait_ms = 0;
    (void)snprintf(config.store, sizeof config.store, "%s", in_top(store));
    if (sessions != NULL) {
        (void)snprintf(config.sessions, sizeof config.sessions, "%s", in_top(sessions));
    }
    ck_assert_int_eq(mkdir(config.store, 0700), 0);
    ck_assert_int_eq(engine_open(&config, &engine), HUKS_OK);
    return engine;
}

static uint32_t in_use(struct engine *engine)
{
    struct engine_limits limits;
    ck_assert_int_eq(engine_limits(engine, &limits), HUKS_OK);
    return limits.in_use;
}

/* Two stores, one limit; a third counts by itself. */
START_TEST(one_table_for_two_stores)
{
    struct session_ref refs[3];
    (void)snprintf(top, sizeof top, "/tmp/check-engine.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(mkdir(in_top("common"), 0700), 0);
    struct engine *first = open_engine("first", "common");
    struct engine *second = open_engine("second", "common");
    struct engine *third = open_engine("third", NULL);
    ck_assert_int_eq(session_take(first->sessions, &refs[0]), HUKS_OK);
    ck_assert_int_eq(session_take(second->sessions, &refs[1]), HUKS_OK);
    ck_assert_uint_eq(in_use(first), 2);
    ck_assert_uint_eq(in_use(second), 2);
    ck_assert_uint_eq(in_use(third), 0);
    ck_assert_int_eq(session_take(first->sessions, &refs[2]), HUKS_E_SESSION_LIMIT);
    session_return(second->sessions, refs[1]);
    ck_assert_int_eq(session_take(first->sessions, &refs[2]), HUKS_OK);
    ck_assert_int_eq(access(in_top("common/sessions"), F_OK), 0);
    ck_assert_int_ne(access(in_top("first/sessions"), F_OK), 0);
    ck_assert_int_eq(access(in_top("third/sessions"), F_OK), 0);
    engine_close(first);
    ck_assert_uint_eq(in_use(second), 0);
    engine_close(second);
    engine_close(third);
    static const char *const left[] = {"common/sessions", "third/sessions", "common", "first",
                                       "second",          "third",          ""};
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        ck_assert_int_eq(remove(in_top(left[i])), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *tests = tcase_create("engine");
    tcase_add_test(tests, one_table_for_two_stores);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
