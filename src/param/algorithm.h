/*
 * The table behind the rules: for each algorithm and group of purposes, which sizes, digests, paddings and
 * modes HUKS takes. Inside src/param only.
 */
#ifndef HUKS_PARAM_ALGORITHM_H
#define HUKS_PARAM_ALGORITHM_H

#include <stdbool.h>
#include <stdint.h>

#define PURPOSE_CIPHER (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define PURPOSE_SIGN   (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define PURPOSE_WRAP   (OH_HUKS_KEY_PURPOSE_WRAP | OH_HUKS_KEY_PURPOSE_UNWRAP)

enum algorithm_flag {
    ALGORITHM_SYMMETRIC = 1 << 0,
    ALGORITHM_WHOLE_BYTES = 1 << 1,    /* any size of whole bytes; else 401, after all other checks     */
    ALGORITHM_RSA_SIZES = 1 << 2,      /* and every multiple of 8 from 1024 to 2048                     */
    ALGORITHM_NO_WRAP_IMPORT = 1 << 3, /* a wrapping key is generated, never imported                   */
};

struct algorithm {
    uint32_t alg;
    uint32_t purposes; /* that this row is about                                                     */
    uint32_t flags;    /* enum algorithm_flag                                                        */
    uint16_t sizes[8]; /* bits, or parameter sets; 0 ends                                            */
    uint32_t digests;  /* bit n: digest n is legal; 0: not checked                                   */
    uint32_t paddings; /* likewise                                                                   */
    uint64_t modes;    /* likewise                                                                   */
};

/* The row for an algorithm and all of `purposes`; NULL if there is none. With purposes 0: its first row. */
const struct algorithm *algorithm_find(uint32_t alg, uint32_t purposes);

bool algorithm_has_size(const struct algorithm *row, uint32_t bits);
/* true also where the row checks nothing. */
bool algorithm_has_digest(const struct algorithm *row, uint32_t digest);
bool algorithm_has_padding(const struct algorithm *row, uint32_t padding);
/* Of any purpose. */
bool algorithm_knows_padding(uint32_t alg, uint32_t padding);
bool algorithm_has_mode(const struct algorithm *row, uint32_t mode);
/* Padding goes with whole blocks only: PKCS7 with CBC and ECB. */
bool algorithm_pads(uint32_t padding, uint32_t mode);

#endif
