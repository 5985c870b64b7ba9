/*
 * The error contract for people: each HUKS code in words, what to do about it, and the CKR_* that stand for
 * it. tests/unit/check-huksctl holds the names against the PKCS #11 door's own tables.
 */
#ifndef HUKS_TOOLS_CTL_ERRORS_H
#define HUKS_TOOLS_CTL_ERRORS_H

#include "common/error.h"

struct ctl_error_row {
    int32_t code;
    const char *name;             /* HUKS's own */
    enum error_about messages[3]; /* what the sentence depends on; ABOUT_COUNT ends */
    const char *meaning;
    const char *remedy;
    const char *answers; /* the CKR_* that a PKCS #11 call answers with it, in words: "where CKR_*; …" */
    const char *reads;   /* the CKR_* that read back as this code, without "CKR_", between blanks */
};

/* Ended by a row without a name. */
extern const struct ctl_error_row ctl_error_rows[];

const struct ctl_error_row *ctl_error_find(int32_t code);
/* The row of the code that a CKR_* reads back as ("CKR_" may be missing, case does not matter). */
const struct ctl_error_row *ctl_error_by_ckr(const char *name);
/* Does a row's list, answers or reads, have this name (without "CKR_")? */
int ctl_error_lists(const char *list, const char *name);
/* What to do about a failure: for what it was about if there is something special to say, else the code's. */
const char *ctl_error_remedy(int32_t code, enum error_about about);

#endif
