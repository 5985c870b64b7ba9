/*
 * What the tests of the session limit share: starting the module with a configuration, a key that every
 * process may use without login, operations that are begun and stay, and the numbers. See limit.c.
 */
#ifndef HUKS_TESTS_MODULE_LIMIT_H
#define HUKS_TESTS_MODULE_LIMIT_H

#include "harness.h"

enum { LIMIT = 15 };

#define LIMIT_MESSAGE "The number of key operation sessions has reached the limit."

/* A secret key of the token that needs no login. */
extern CK_OBJECT_HANDLE the_key;

/* C_Initialize with this text as configuration, the token found, the_session open. */
CK_RV start_module(char *configuration);
/* The same in a test, and the_key made. */
void start_limited(const char *configuration);
/* In another process: the same, and the_key found. */
CK_RV join_limited(const char *configuration);

CK_RV encrypt_begin(CK_SESSION_HANDLE session);
/* Gives the operation that encrypt_begin began its data; it ends. */
CK_RV encrypt_end(CK_SESSION_HANDLE session);
/* Opens up to `count` sessions and begins an operation in each. Returns how many could; *rv is the last
 * answer. */
unsigned hold(CK_SESSION_HANDLE *sessions, unsigned count, CK_RV *rv);
void must_hold_all(CK_SESSION_HANDLE *sessions, unsigned count);
void end_all(const CK_SESSION_HANDLE *sessions, unsigned count);

struct huks_limits limits(void);
#define in_use_is(count) ck_assert_uint_eq(limits().in_use, (count))
/* No more can begin: CKR_SESSION_COUNT with its code and exact message. */
void full(void);
/* Nothing is held, and as many as the limit can begin. Leaves nothing behind. */
void expect_fifteen(void);

/* The rows as tests of ours, each from a store as it was made and a module that is loaded; main's status. */
struct limit_test {
    const char *name;
    void (*run)(void);
};
int limit_run(int argc, char **argv, const char *name, const struct limit_test *rows, int count);

double now_ms(void);
void pause_ms(long ms);

#endif
