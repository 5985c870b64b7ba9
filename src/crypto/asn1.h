/*
 * ASN.1, as OpenSSL's library reads and writes it: the structures of keys and curves that it has no public
 * template for, and the one way in which all of them are read.
 *
 * Not its decoders of whole keys, which take ten times longer, load whatever a key's bytes ask for, and
 * make the key in the default library context.
 */
#ifndef HUKS_CRYPTO_ASN1_H
#define HUKS_CRYPTO_ASN1_H

#include "crypto/context.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>

/* SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
struct asn1_public_info {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *key;
};
DECLARE_ASN1_ITEM(asn1_public_info)

/* PrivateKeyInfo, OneAsymmetricKey (RFC 5958). Writers of the public key's tag disagree: it is any element.
 */
struct asn1_private_info {
    int32_t version;
    X509_ALGOR *algorithm;
    ASN1_OCTET_STRING *key;
    STACK_OF(ASN1_TYPE) * attributes;
    ASN1_TYPE *public;
};
DECLARE_ASN1_ITEM(asn1_private_info)

/* RSAPublicKey and RSAPrivateKey of two primes (RFC 8017, A.1); `numbers` in the standard's order. */
struct asn1_rsa_public {
    ASN1_INTEGER *n, *e;
};
DECLARE_ASN1_ITEM(asn1_rsa_public)
#define ASN1_RSA_NUMBERS 8
struct asn1_rsa_private {
    int32_t version;
    ASN1_INTEGER *numbers[ASN1_RSA_NUMBERS];
};
DECLARE_ASN1_ITEM(asn1_rsa_private)

/* ECPrivateKey (RFC 5915). */
struct asn1_ec_private {
    int32_t version;
    ASN1_OCTET_STRING *value;
    ASN1_TYPE *params;
    ASN1_BIT_STRING *point;
};
DECLARE_ASN1_ITEM(asn1_ec_private)

/* ML-KEM-PrivateKey and ML-DSA-PrivateKey (RFC 9935, 9881): the seed, what is made of it, or both. */
enum { ASN1_PQ_SEED, ASN1_PQ_EXPANDED, ASN1_PQ_BOTH };
struct asn1_pq_both {
    ASN1_OCTET_STRING *seed, *expanded;
};
struct asn1_pq_private {
    int type;
    union {
        ASN1_OCTET_STRING *seed, *expanded;
        struct asn1_pq_both *both;
    } as;
};
DECLARE_ASN1_ITEM(asn1_pq_private)

/* ECParameters (X9.62, C.3; SEC 1, C.2). */
struct asn1_ec_field {
    ASN1_OBJECT *type;
    ASN1_TYPE *params;
};
struct asn1_ec_curve {
    ASN1_OCTET_STRING *a, *b;
    ASN1_BIT_STRING *seed;
};
struct asn1_ec_params {
    int32_t version;
    struct asn1_ec_field *field;
    struct asn1_ec_curve *curve;
    ASN1_OCTET_STRING *base;
    ASN1_INTEGER *order, *cofactor;
    X509_ALGOR *hash;
};
DECLARE_ASN1_ITEM(asn1_ec_params)

/* Dss-Parms (RFC 3279, 2.3.2), DHParameter (PKCS#3), DomainParameters (X9.42; RFC 3279, 2.3.3). */
struct asn1_ffc_params {
    ASN1_INTEGER *p, *q, *g;
    ASN1_INTEGER *length;   /* PKCS#3 */
    ASN1_INTEGER *cofactor; /* X9.42  */
    ASN1_TYPE *validation;
};
DECLARE_ASN1_ITEM(asn1_dsa_params)
DECLARE_ASN1_ITEM(asn1_dh_params)
DECLARE_ASN1_ITEM(asn1_dhx_params)

/* ---- reading ---- */

/* What has been read, kept while views of it are in use. Zero-initialise; asn1_forget() cleanses. */
struct asn1_kept {
    struct {
        const ASN1_ITEM *item;
        ASN1_VALUE *value;
    } at[4];
    size_t count;
    bool starved; /* something could not be read because memory ran out */
};
void asn1_forget(struct asn1_kept *kept);

/* All of `der` as one `item`, a pointer to its structure; NULL when it is none, or not encoded by DER. */
const void *asn1_read(struct asn1_kept *kept, const ASN1_ITEM *item, struct bytes der);
/* The content of the string (ASN1_OCTET_STRING, ASN1_BIT_STRING) that `der` is; false when it is none. */
bool asn1_unwrap(struct asn1_kept *kept, const ASN1_ITEM *item, struct bytes der, struct bytes *content);
/* The encoding of what was read as ANY; nothing for NULL. */
struct bytes asn1_encoding(struct asn1_kept *kept, const ASN1_TYPE *any);

/* Content of any string. */
struct bytes asn1_bytes(const ASN1_STRING *string);
/* An INTEGER without leading zeros (zero itself: one 00 byte); false for a negative one. */
bool asn1_unsigned(const ASN1_INTEGER *integer, struct bytes *magnitude);
/* A BIT STRING of whole bytes. */
bool asn1_bits(const ASN1_BIT_STRING *string, struct bytes *content);
/* Takes an INTEGER by itself. */
bool asn1_read_unsigned(struct asn1_kept *kept, struct bytes der, struct bytes *magnitude);

/* ---- writing ---- */

/* A string that is a view of somebody else's bytes, to write them without another copy. */
ASN1_STRING asn1_view(int type, struct bytes content);
/* The same of a non-negative number, whose leading zeros are dropped. */
ASN1_INTEGER asn1_number(struct bytes magnitude);
/* `out` is allocated here. */
HUKS_MUST_USE huks_rc asn1_write(const ASN1_ITEM *item, const void *value, struct secret *out);

#endif
