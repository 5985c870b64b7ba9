/*
 * A situation that must raise one code: what is made true first, what is called then, and the three places
 * where the answer is seen. Ours only: SoftHSM2 has no codes.
 */
#ifndef HUKS_TESTS_MODULE_TEST_CODES_H
#define HUKS_TESTS_MODULE_TEST_CODES_H

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"
#include "tests/native/conditions.h"

struct situation {
    const char *name;
    void (*setup)(void);          /* of the harness */
    const char *(*prepare)(void); /* NULL: nothing to do. Returns why it can't be done here, or NULL */
    CK_RV (*act)(void);
    CK_RV rv;
    CK_LONG code;
    const char *message;
    bool on_session; /* the call was on the_session: look at ulDeviceError too */
};

static inline void situation_check(const struct situation *row)
{
    struct huks_error error = {-1, CKR_CANCEL, "?"};
    CK_SESSION_INFO info;
    const char *reason;
    CK_RV rv;

    (void)chmod(store_path(), 0700); /* whatever the row before took from it */
    row->setup();
    reason = row->prepare == NULL ? NULL : row->prepare();
    if (reason != NULL) {
        condition_skip(row->name, reason);
        return;
    }
    rv = row->act();
    ck_assert(huks->GetLastError(&error) == CKR_OK);
    ck_assert_msg(rv == row->rv && error.rv == rv && error.code == row->code &&
                      strcmp((const char *)error.message, row->message) == 0,
                  "%s: %s, and %s / %ld \"%s\"; expected %s / %ld \"%s\"", row->name, ckr_name(rv),
                  ckr_name(error.rv), error.code, (const char *)error.message, ckr_name(row->rv), row->code,
                  row->message);
    if (row->on_session) {
        ck_assert(p11->C_GetSessionInfo(the_session, &info) == CKR_OK);
        ck_assert_msg(info.ulDeviceError == (CK_ULONG)row->code, "%s: ulDeviceError is %lu", row->name,
                      info.ulDeviceError);
    }
}

/* main() of a program of situations. */
static inline int situations_run(int argc, char **argv, const char *name, const TTest *each, int count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    int status;

    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    condition_begin();
    tcase_add_loop_test(tcase, each, 0, count);
    status = harness_run(argc, argv, suite);
    (void)chmod(store_path(), 0700);
    if (condition_skipped() > 0) {
        printf("%d situations skipped\n", condition_skipped());
    }
    return status;
}

#endif
