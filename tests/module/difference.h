/*
 * Where SoftHSM2's answers are not the specified ones, and why: one table for all module tests. A row
 * that no longer tells the truth fails its test on SoftHSM2.
 */
#ifndef HUKS_TESTS_MODULE_DIFFERENCE_H
#define HUKS_TESTS_MODULE_DIFFERENCE_H

#include <stddef.h>

#include <p11-kit/pkcs11.h>

/* What stands in place of a CKR_*. */
#define NOT_ASKED ((CK_RV)-2) /* the call would crash, hang or spoil the test: it is left out */
#define HOLDS     ((CK_RV)-3) /* the statement is true  */
#define FAILS     ((CK_RV)-4) /* the statement is false */
#define OTHERWISE ((CK_RV)-5) /* the test goes another way; its branch says which */

struct difference {
    const char *id;
    CK_RV ours;
    CK_RV theirs;
    const char *reason;
};

extern const struct difference differences[];
extern const size_t differences_count;

/* NULL when there is no such row. */
const struct difference *difference_find(const char *id);

#endif
