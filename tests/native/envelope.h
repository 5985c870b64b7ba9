/*
 * The sender's side of OH_Huks_ImportWrappedKeyItem in bare OpenSSL: envelopes by each suite, field by field.
 */
#ifndef HUKS_TESTS_NATIVE_ENVELOPE_H
#define HUKS_TESTS_NATIVE_ENVELOPE_H

#include "material.h"

#define SUITE_SM2_SIGNED  3 /* HUKS's own numbers, which its public header does not name */
#define SUITE_SM2_DERIVED 4

struct fields {
    uint8_t bytes[10][3000];
    uint32_t size[10];
    int count;
};

/* Seals `material` for the receiver's public key (exported by the keystore). */
void seal_agreed(const struct material *receiver, uint32_t suite, const void *material, uint32_t size,
                 struct fields *out);
/* `sender` signs; NULL: suite 4. */
void seal_sm2(const struct material *receiver, EVP_PKEY *sender, const void *material, uint32_t size,
              struct fields *out);
/* Suite 5; `size` is a multiple of 16. */
void seal_bare(const struct material *receiver, const void *value, uint32_t size, struct fields *out);

/* All fields as one blob. */
void join_fields(const struct fields *fields, struct material *out);

#endif
