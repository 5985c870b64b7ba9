/*
 * Attestation chains as OpenSSL reads them: certificates, and the claims of HUKS's extension.
 */
#ifndef HUKS_TESTS_NATIVE_CHAIN_H
#define HUKS_TESTS_NATIVE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "huks/native_huks_type.h"

#define CHAIN_MOST 4

struct chain {
    X509 *at[CHAIN_MOST];
    uint32_t count;
};

/* Room for a chain of so many certificates of so many bytes, and what OH_Huks_* filled in. */
struct chain_room {
    uint8_t bytes[CHAIN_MOST][4096];
    struct OH_Huks_Blob certs[CHAIN_MOST];
    struct OH_Huks_CertChain chain;
};
void chain_room(struct chain_room *room, uint32_t count, uint32_t size);

/* Reads what came: PEM of exactly HUKS's form. */
void chain_read(const struct chain_room *room, struct chain *chain);
/* Reads DER certificates end to end, to the last byte. */
void chain_read_der(const uint8_t *bytes, size_t size, struct chain *chain);
void chain_free(struct chain *chain);

/* Each certificate is signed by the next and the last by itself; with the last trusted, the whole verifies. */
void chain_check(const struct chain *chain);

/* One claim: level, OID in digits below 1.3.6.1.4.1.2011.2.376.2., and its value. */
struct claim {
    long level;
    char oid[32];
    int type; /* V_ASN1_… */
    uint8_t value[600];
    int size;
};
#define CLAIMS_MOST 32
/* All claims of the leaf, in order; the version is checked here. */
int chain_claims(const struct chain *chain, struct claim claims[CLAIMS_MOST]);

#endif
