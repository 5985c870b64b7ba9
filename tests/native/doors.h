/*
 * Both doors, opened by their files: the program links nothing of ours. OH_Huks_* are forwarded, so that
 * native.h works here too.
 */
#ifndef HUKS_TESTS_NATIVE_DOORS_H
#define HUKS_TESTS_NATIVE_DOORS_H

#include <p11-kit/pkcs11.h>

#include "native.h"
#include "tests/module/constants.h"

extern CK_FUNCTION_LIST *p11;
extern const struct huks_functions *vendor;

/* Loads $HUKS_MODULE and libhuks_ndk.so beside it; says why when it can't. */
bool doors_open(void);

#endif
