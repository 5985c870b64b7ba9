/*
 * A token's attestation authority: the certificates and keys that sign, read from the token's metadata or made
 * there. For attest*.c alone.
 */
#ifndef HUKS_SERVICE_ATTEST_AUTHORITY_H
#define HUKS_SERVICE_ATTEST_AUTHORITY_H

#include "crypto/certificate.h"
#include "service/private.h"

/* What signs a key's certificate, and the chain above it. Zero-initialise. */
struct issuer {
    struct buffer chain[3]; /* the issuer's own certificate first */
    size_t count;
    struct crypto_key *key;
};
void issuer_free(struct issuer *issuer);

HUKS_MUST_USE huks_rc issuer_get(struct token *token, bool anonymous, struct issuer *out);

/* The date now. */
struct date attest_now(void);

#endif
