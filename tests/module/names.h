/*
 * Every CKR_* of PKCS #11 3.2 with its name and the HUKS code that the error contract's second table
 * gives it.
 */
#ifndef HUKS_TESTS_MODULE_NAMES_H
#define HUKS_TESTS_MODULE_NAMES_H

#include <stddef.h>

#include "constants.h"

struct ckr_name {
    CK_RV rv;
    const char *name;
    long huks; /* second table of the error contract */
};

extern const struct ckr_name ckr_names[];
extern const size_t ckr_names_count;

/* "CKR_…", or the number for a value the standard does not know (a buffer per thread). */
const char *ckr_name(CK_RV rv);

/* HUKS code that belongs to a CKR_* of no other origin; 12000012 for one that is not in the table. */
long ckr_huks(CK_RV rv);

#endif
