/*
 * Keys as the crypto engine sees them: parsed once, immutable, shared by reference count, with whatever
 * prepared OpenSSL objects make their operations fast.
 *
 * Components ("parts") are named by the tag that stores them: HUKS_TAG_MODULUS, HUKS_TAG_EC_POINT, … so
 * that a template's params are a key's parts. Integers are big-endian without leading zeros, except where
 * a standard fixes the length. EC_PARAMS is DER; EC_POINT here is the raw octet string (04‖X‖Y, or the
 * raw 32/56/57 bytes of Montgomery and Edwards keys); the PKCS#11 door adds the OCTET STRING wrapping.
 */
#ifndef HUKS_CRYPTO_KEY_H
#define HUKS_CRYPTO_KEY_H

#include "crypto/crypto.h"
#include "param/set.h"
#include "param/tags.h"

enum crypto_key_class { CRYPTO_SECRET, CRYPTO_PUBLIC, CRYPTO_PRIVATE };

struct crypto_key;

/* What to generate. Unused fields are 0 / BYTES_NONE. */
struct crypto_keygen {
    uint32_t alg;           /* OH_HUKS_ALG_* or HUKS_ALG_*                                              */
    uint32_t size_bits;     /* secret keys, RSA modulus, DH/DSA prime, X25519 …; PQ: the parameter set  */
    struct bytes ec_params; /* EC: DER OID, DER PrintableString (Edwards, Montgomery), or explicit;
                               absent: the curve follows from size_bits as HUKS has it                  */
    struct bytes exponent;  /* RSA: big-endian; absent: 65537                                           */
    struct bytes prime, subprime, base; /* DSA, DH domain parameters; absent: HUKS's own choice         */
    uint32_t value_bits;    /* DH: of the private value; 0: the domain's usual                          */
    bool x931;              /* RSA with X9.31 primes                                                    */
    bool extra_bits;        /* EC: a random number of 64 bits more than the order (FIPS 186-5, A.2.1)   */
    uint32_t digest;        /* domain parameters: as in struct crypto_domain_spec                       */
    struct bytes seed;
    uint32_t index;
    struct buffer *seed_out; /* domain parameters: where the seed goes that they were made from         */
    struct bytes prefix;    /* secret keys: how the value begins (TLS's version number)                 */
};

/* A secret key, or a private key that also holds its public half. */
HUKS_MUST_USE huks_rc crypto_key_generate(struct crypto *crypto, const struct crypto_keygen *spec,
                                          struct crypto_key **out);

/* DSA or DH domain parameters to be made. Unused fields are 0 / BYTES_NONE. */
struct crypto_domain_spec {
    uint32_t alg;
    uint32_t prime_bits, subprime_bits; /* subprime 0: 256 bits from a prime of 2048 on, else 160          */
    uint32_t digest;                    /* FIPS 186-4, A.1.1.2; NONE: OpenSSL's choice                     */
    struct bytes seed;                  /* crypto_domain_base(): the seed of prime and subprime            */
    uint32_t index;                     /* … and which generator, 0 to 255                                 */
};
/*
 * Appends PRIME, SUBPRIME (not DH), BASE, and where `seed` is not NULL the seed that they were made from. Prime
 * generation is slow.
 */
HUKS_MUST_USE huks_rc crypto_domain_generate(struct crypto *crypto, const struct crypto_domain_spec *domain,
                                             struct buffer *prime, struct buffer *subprime, struct buffer *base,
                                             struct buffer *seed);
/* The verifiable generator of FIPS 186-4, A.2.3, for DSA primes and their seed. Wrong ones: 12000003. */
HUKS_MUST_USE huks_rc crypto_domain_base(struct crypto *crypto, const struct crypto_domain_spec *domain,
                                         struct bytes prime, struct bytes subprime, struct buffer *base);

/*
 * What all keys of an algorithm and size share in HUKS, whose key material leaves it out: EC_PARAMS of the
 * curve (ECC, ECDH, SM2), PRIME and BASE of the group of RFC 7919 (DH). Appended; other algorithms have
 * nothing. No such curve or group: 12000003 ABOUT_KEY_SIZE.
 */
struct crypto_domain {
    struct buffer ec_params, prime, base;
};
HUKS_MUST_USE huks_rc crypto_domain_of_size(struct crypto *crypto, uint32_t alg, uint32_t bits,
                                            struct crypto_domain *domain);
void crypto_domain_free(struct crypto_domain *domain);

/*
 * Builds a key from its parts: a secret from VALUE, an RSA public key from MODULUS and PUBLIC_EXPONENT,
 * an RSA private key from at least MODULUS and PRIVATE_EXPONENT (the rest is recovered or used), EC from
 * EC_PARAMS and EC_POINT or VALUE, DSA/DH from PRIME, SUBPRIME, BASE, VALUE. Missing part: 12000002 about
 * the template, naming it. Point not on its curve: 12000003 about the public point; even modulus, size out of
 * the algorithm's range …: about the attribute. A private EC key without EC_POINT gets its point computed.
 */
HUKS_MUST_USE huks_rc crypto_key_build(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                                       const OH_Huks_ParamSet *parts, struct crypto_key **out);

/*
 * The stored and exchanged forms: raw bytes (secret), SubjectPublicKeyInfo DER (public), PKCS#8
 * PrivateKeyInfo DER (private). `alg` 0 accepts any algorithm (public, private) and crypto_key_alg() tells.
 * Bytes that don't parse: 12000003 about the attribute "key".
 */
HUKS_MUST_USE huks_rc crypto_key_decode(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                                        struct bytes encoded, struct crypto_key **out);
/* A private key can be encoded as CRYPTO_PRIVATE and as CRYPTO_PUBLIC. */
HUKS_MUST_USE huks_rc crypto_key_encode(const struct crypto_key *key, enum crypto_key_class class,
                                        struct secret *out);

/*
 * Appends the named part. The public parts of a private key are answered too. 12000011 when this kind of
 * key has no such part. Beyond stored tags: HUKS_TAG_PUBLIC_KEY_INFO (SPKI), HUKS_TAG_CHECK_VALUE
 * (3 bytes as PKCS#11 defines it: SHA-1 of the value or of the SPKI, encryption of a zero block for ciphers).
 */
HUKS_MUST_USE huks_rc crypto_key_part(const struct crypto_key *key, uint32_t tag, struct secret *out);

/* The public half of a private key as a key of its own (shares what can be shared); a public key itself. */
HUKS_MUST_USE huks_rc crypto_key_public(struct crypto_key *key, struct crypto_key **out);

enum crypto_key_class crypto_key_class(const struct crypto_key *key);
uint32_t crypto_key_alg(const struct crypto_key *key);
/* Modulus, prime, field or secret size in bits; PQ: the parameter set. */
uint32_t crypto_key_bits(const struct crypto_key *key);
/* Bytes of an ECDSA/DSA raw signature half; 0 elsewhere. */
size_t crypto_key_order_size(const struct crypto_key *key);
/* enum huks_curve; HUKS_CURVE_NONE for keys on no curve. */
uint32_t crypto_key_curve(const struct crypto_key *key);
/*
 * Which algorithm's keys EC_PARAMS (DER) stand for: ECC, SM2, ED25519, …, and their size; 0 for bytes that
 * name no known curve. Where a template gives EC_PARAMS, they decide within the family: an ECC key on the
 * SM2 curve becomes an SM2 key, an ED25519 one on edwards448 an ED448 key.
 */
uint32_t crypto_curve_alg(struct crypto *crypto, struct bytes ec_params, uint32_t *bits);

/* DES keys carry odd parity (FIPS 46-3): sets it in bytes that will be a key of `alg`; others are left alone. */
void crypto_key_parity(uint32_t alg, uint8_t *value, size_t size);

struct crypto_key *crypto_key_ref(struct crypto_key *key);
void crypto_key_unref(struct crypto_key *key); /* NULL is fine; cleanses with the last reference */

/* Makes this key's prepared objects for operations now, instead of at first use. Never fails. */
void crypto_key_prepare(struct crypto_key *key);

#endif
