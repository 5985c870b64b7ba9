/*
 * What the module tests of bound keys share: keys with a rule, one operation on them, and refusals by both
 * their numbers.
 */
#ifndef HUKS_TESTS_MODULE_BOUND_H
#define HUKS_TESTS_MODULE_BOUND_H

#include "harness.h"
#include "keys.h"
#include "witness.h"

extern CK_MECHANISM ecdsa;
extern CK_BYTE message[10];
extern CK_BYTE out[600];
extern CK_ULONG out_length;

void add_rule(struct template *t, CK_ULONG types, CK_ULONG access, CK_ULONG challenge);
struct pair ec_with(CK_ULONG types, CK_ULONG access, CK_ULONG challenge, const struct template *more);
struct pair ec_always(void); /* CKA_ALWAYS_AUTHENTICATE */

CK_RV sign_init(CK_OBJECT_HANDLE key);
CK_RV sign(void); /* `message` into `out` */
CK_RV context(const char *pin);
CK_RV derive(CK_OBJECT_HANDLE base);
CK_RV challenge_of(CK_FLAGS operation, CK_BYTE challenge[32]);
CK_LONG code(void);

#define refused(rv, huks_code, call)                                                                         \
    do {                                                                                                     \
        expect(rv, call);                                                                                    \
        ck_assert_int_eq(code(), 12000000 + (huks_code));                                                    \
    } while (0)

/* A program of tests on the user's session; the reference module has no such keys, and is left in peace. */
int bound_run(int argc, char **argv, const char *name, void (*const *tests)(void), int count);

#endif
