/*
 * Where the root key comes from: a table of providers, asked in order. A TPM is to be one more row.
 */
#ifndef HUKS_STORE_ROOTKEY_H
#define HUKS_STORE_ROOTKEY_H

#include "store/inside.h"

#define ROOTKEY_SIZE 32

struct rootkey_provider {
    const char *name;
    /* The key; 12000011 when this provider has none here. */
    huks_rc (*load)(struct store *store, struct secret *key);
    /* Makes one, unless another process was faster; NULL: it is made elsewhere. */
    huks_rc (*make)(struct store *store);
};

#endif
