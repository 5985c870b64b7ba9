/*
 * A key's inside, for the files of this folder only: the table of key types, and the families whose
 * functions know one kind of mathematics each.
 */
#ifndef HUKS_CRYPTO_KEYDATA_H
#define HUKS_CRYPTO_KEYDATA_H

#include "crypto/context.h"

#include <openssl/param_build.h>

#include "crypto/asn1.h"
#include "crypto/curve.h"
#include "crypto/key.h"

enum key_part {
    PART_MODULUS,
    PART_PUBLIC_EXPONENT,
    PART_PRIVATE_EXPONENT,
    PART_PRIME_1,
    PART_PRIME_2,
    PART_EXPONENT_1,
    PART_EXPONENT_2,
    PART_COEFFICIENT,
    PART_EC_PARAMS,
    PART_EC_POINT,
    PART_PRIME,
    PART_SUBPRIME,
    PART_BASE,
    PART_VALUE, /* the secret, the private value, or the public value of a DSA or DH public key */
    PART_SEED,
    PART_COUNT
};
/* Views of a template's or an encoding's bytes. */
struct key_parts {
    struct bytes at[PART_COUNT];
    uint32_t set; /* post-quantum keys: the parameter set */
};
/* PART_COUNT for a tag that is no part. */
enum key_part key_part_of(uint32_t tag);
uint32_t key_part_tag(enum key_part part);
/* Missing: 12000002 about the template, naming the part; wrong: 12000003 about the attribute. */
huks_rc key_part_missing(enum key_part part);
huks_rc key_part_wrong(enum key_part part);

struct key_family;
struct key_type {
    uint32_t alg;
    const struct key_family *family;
    enum fetch fetch;              /* asymmetric keys                                              */
    uint32_t bits_min, bits_max;   /* RSA, DSA, DH: modulus or prime; secrets: bits                */
    uint8_t sizes[4];              /* secrets: the only sizes in bytes; none: any in the range     */
    uint16_t raw_size;             /* Edwards, Montgomery: bytes of either half                    */
    const uint8_t *ecb;            /* secrets: the check value's cipher for each of `sizes`        */
    int nid;                       /* asymmetric keys: their OID by OpenSSL's number               */
    const char *oid;               /* or in digits, where older ones have no number; bits_min is the set */
};
/* NULL for an unknown algorithm. */
const struct key_type *key_type_find(uint32_t alg);
/* The first with this OID; with `alg` 0 any. */
const struct key_type *key_type_by_oid(uint32_t alg, const ASN1_OBJECT *oid);
/* The row of one parameter set; NULL: no such set. */
const struct key_type *key_type_of_set(uint32_t alg, uint32_t set);
/* For ASN1_OBJECT_free(); NULL: no memory. */
ASN1_OBJECT *key_type_object(const struct key_type *type);

struct crypto_key {
    _Atomic uint32_t refs;
    enum crypto_key_class class;
    uint32_t alg, bits;
    uint32_t order_size;
    struct crypto *crypto;
    const struct key_type *type;
    const struct curve_row *curve; /* EC, Edwards, Montgomery      */
    struct secret value;           /* secret keys                  */
    EVP_PKEY *pkey;                /* public and private keys      */
    uint8_t point[CURVE_POINT_MAX]; /* EC: uncompressed, kept since OpenSSL inverts anew each time it is asked */
    uint8_t point_size;             /* 0: not kept */
    /* Prepared contexts that no operation holds at the moment; taken and given back by exchange. */
    _Atomic(EVP_PKEY_CTX *) idle_derive;
    struct nonce_history *nonces; /* under the context's nonce lock */
};

/* What follows the OID in an AlgorithmIdentifier that is written; V_ASN1_UNDEF: nothing. */
struct key_params {
    ASN1_TYPE any;
    ASN1_STRING sequence; /* views `der` */
    struct secret der;
};

struct key_family {
    /* Makes `pkey` or `value`, `bits`, `curve`, `order_size`; `type`, `alg` and `class` are set. */
    huks_rc (*import)(struct crypto_key *key, const struct key_parts *parts);
    huks_rc (*generate)(struct crypto_key *key, const struct crypto_keygen *spec);
    /*
     * The parts that SubjectPublicKeyInfo and PrivateKeyInfo hold, as views into what is kept; `params` is
     * what follows the OID, NULL for nothing.
     */
    bool (*read_public)(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                        struct asn1_kept *kept, struct key_parts *parts);
    bool (*read_private)(const struct key_type *type, const ASN1_TYPE *params, struct bytes octets,
                         struct asn1_kept *kept, struct key_parts *parts);
    huks_rc (*write_params)(const struct crypto_key *key, struct key_params *params);
    huks_rc (*write_public)(const struct crypto_key *key, struct secret *out);
    huks_rc (*write_private)(const struct crypto_key *key, struct secret *out);
    /* 12000011 when this kind of key has no such part. */
    huks_rc (*part)(const struct crypto_key *key, enum key_part part, struct secret *out);
};
extern const struct key_family key_family_secret, key_family_rsa, key_family_ec, key_family_raw,
    key_family_ffc, key_family_pq;

/* Reads SubjectPublicKeyInfo down to the key's bits; NULL when it is none. */
const X509_ALGOR *key_read_public_info(struct asn1_kept *kept, struct bytes encoded, struct bytes *bits);

huks_rc key_no_part(void);
/* The three bytes of CKA_CHECK_VALUE of a secret key. */
huks_rc key_secret_check_value(const struct crypto_key *key, struct secret *out);
/* Appends. */
huks_rc key_append(struct secret *out, struct bytes bytes);

/* key_ffc_domain.c: the name of the group (RFC 7919) that HUKS takes for a DH size, or NULL. */
const char *ffc_named_group(uint32_t bits, char name[16]);
/* PRIME and BASE of the DH group of that name; appended. */
huks_rc ffc_domain_of_size(struct crypto *crypto, uint32_t bits, struct buffer *prime, struct buffer *base);

/*
 * Makes parameters as a key of parameters alone; `numbers` holds p and q for which only the generator is
 * wanted, or is NULL.
 */
huks_rc domain_make(struct crypto *crypto, const struct key_type *type, const struct crypto_domain_spec *domain,
                    EVP_PKEY *numbers, EVP_PKEY **out);

/* rsa_x931.c: makes the key of primes after ANSI X9.31. */
huks_rc rsa_generate_x931(struct crypto_key *key, uint32_t bits, const BIGNUM *e);

/* pkey.c: what the asymmetric families share */

/* From what has been pushed; `builder` is freed. A refusal is 12000003 about the part. */
huks_rc pkey_import(struct crypto_key *key, OSSL_PARAM_BLD *builder, enum key_part blame);
/* A generator for the key's type, initialised. NULL: recorded. */
EVP_PKEY_CTX *pkey_generator(struct crypto_key *key);
void pkey_context_free(EVP_PKEY_CTX **context);
/* Appends a number: `size` 0 without leading zeros, else exactly so long. */
huks_rc pkey_number(const struct crypto_key *key, const char *name, size_t size, struct secret *out);
/* The DER of one INTEGER; `out` is allocated here. */
huks_rc pkey_write_number(const struct crypto_key *key, const char *name, struct secret *out);
/* Reads an octet string parameter into `out`. */
huks_rc pkey_octets(const struct crypto_key *key, const char *name, void *out, size_t capacity, size_t *size);

#endif
