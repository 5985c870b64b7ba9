/*
 * X.509 certificates of the attestation (RFC 5280), written by templates of OpenSSL's ASN.1 library; not by its
 * X509 objects, which read a subject's key in the default library context.
 */
#ifndef HUKS_CRYPTO_CERTIFICATE_H
#define HUKS_CRYPTO_CERTIFICATE_H

#include "common/date.h"
#include "crypto/key.h"

/* Bits of KeyUsage by their numbers (RFC 5280, 4.2.1.3). */
enum crypto_key_usage {
    CRYPTO_USAGE_SIGNATURE = 1 << 0,
    CRYPTO_USAGE_KEY_ENCIPHERMENT = 1 << 2,
    CRYPTO_USAGE_KEY_AGREEMENT = 1 << 4,
    CRYPTO_USAGE_CERTIFICATES = 1 << 5,
};

/* One claim of HUKS's attestation extension: SEQUENCE { INTEGER level, OBJECT IDENTIFIER, value }. */
enum crypto_claim_kind { CRYPTO_CLAIM_OCTETS, CRYPTO_CLAIM_TEXT, CRYPTO_CLAIM_TRUE };
struct crypto_claim {
    uint32_t level;
    const char *oid; /* in digits and dots */
    enum crypto_claim_kind kind;
    struct bytes value; /* OCTET STRING, UTF8String */
};

struct crypto_certificate {
    struct bytes public_info;  /* the subject's key as SubjectPublicKeyInfo                            */
    const char *name;          /* its common name, in ASCII                                            */
    const char *number;        /* its serialNumber, likewise; NULL: none                               */
    uint64_t serial;           /* the certificate's own, above 0                                       */
    struct date from, to;      /* `to` of year 0: no end                                               */
    struct bytes issuer;       /* the issuer's certificate; absent: the subject issues its own         */
    struct crypto_key *signer; /* the issuer's private key, RSA or ECC: signs with SHA-256             */
    uint32_t usage;            /* enum crypto_key_usage; 0: the certificate has no such extension      */
    int below;                 /* a CA: how many CAs may come below; −1: no CA                         */
    /* No CA: HUKS's extension with version 0 and these claims, and an empty cRLDistributionPoints. */
    const struct crypto_claim *claims;
    size_t claim_count;
};

/* Appends the certificate's DER. A text that is no UTF-8: 12000003 ABOUT_ATTRIBUTE. */
HUKS_MUST_USE huks_rc crypto_certificate_make(struct crypto *crypto, const struct crypto_certificate *certificate,
                                              struct buffer *der);

/* Appends PEM as HUKS gives it: one line of base64 between the other two, no line end behind. */
HUKS_MUST_USE huks_rc crypto_certificate_pem(struct bytes der, struct buffer *pem);

#endif
