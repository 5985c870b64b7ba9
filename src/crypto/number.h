/*
 * Big numbers that hold secrets: flagged for constant time, cleansed when freed.
 */
#ifndef HUKS_CRYPTO_NUMBER_H
#define HUKS_CRYPTO_NUMBER_H

#include <limits.h>

#include <openssl/bn.h>

#include "common/memory.h"

static inline void number_free(BIGNUM **number)
{
    BN_clear_free(*number);
}

static inline void number_context_free(BN_CTX **context)
{
    BN_CTX_free(*context);
}

/* `magnitude` without leading zero bytes; never empty unless it was. */
static inline struct bytes number_trim(struct bytes magnitude)
{
    while (magnitude.size > 1 && magnitude.data[0] == 0) {
        magnitude = bytes_of(magnitude.data + 1, magnitude.size - 1);
    }
    return magnitude;
}

/* From big-endian bytes; NULL when memory is short or the number is absurd. */
static inline BIGNUM *number_new(struct bytes magnitude)
{
    if (magnitude.size > 1 << 16) {
        return NULL;
    }
    BIGNUM *number = BN_bin2bn(magnitude.data, (int)magnitude.size, NULL);
    if (number != NULL) {
        BN_set_flags(number, BN_FLG_CONSTTIME);
    }
    return number;
}

#endif
