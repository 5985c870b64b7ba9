/*
 * The elliptic curves: one row each, found by number, size, OID, name or explicit parameters.
 */
#ifndef HUKS_CRYPTO_CURVE_H
#define HUKS_CRYPTO_CURVE_H

#include "crypto/crypto.h"
#include "param/tags.h"

struct curve_row {
    uint32_t id;       /* enum huks_curve                                                       */
    uint32_t alg;      /* ECC, SM2, ED25519, … : the algorithm of its keys                      */
    const char *name;  /* OpenSSL's; Edwards and Montgomery: the name that PKCS#11 gives        */
    const char *alias; /* another, or NULL                                                      */
    uint16_t bits, order_bits;
    bool cofactor_one; /* then a point on the curve is in the group                             */
    uint8_t oid_size;
    uint8_t oid[10];
};
/* Ended by id 0. A curve's first row is how it is written. */
extern const struct curve_row curve_rows[];

static inline bool curve_is_weierstrass(const struct curve_row *curve)
{
    return curve->order_bits != 0;
}
static inline size_t curve_field_size(const struct curve_row *curve)
{
    return (curve->bits + 7u) / 8u;
}
static inline size_t curve_order_size(const struct curve_row *curve)
{
    return (curve->order_bits + 7u) / 8u;
}
/* Uncompressed or compressed; infinity and the hybrid forms are nobody's public key. */
static inline bool curve_point_form_ok(struct bytes point)
{
    return point.size != 0 && point.data[0] >= 2 && point.data[0] <= 4;
}

const struct curve_row *curve_by_id(uint32_t id);
/* HUKS's choice for a key size; 0 bits: the algorithm's first. NULL: none. */
const struct curve_row *curve_by_size(uint32_t alg, uint32_t bits);
/* DER: OID, PrintableString, or ECParameters that are a named curve's. Unknown: 12000001 ABOUT_CURVE. */
HUKS_MUST_USE huks_rc curve_parse(struct crypto *crypto, struct bytes ec_params,
                                  const struct curve_row **out);

/* Room of somebody else's for one encoding. */
struct der_writer {
    uint8_t *start;
    size_t capacity, size;
    bool full; /* it did not fit: nothing was written */
};
static inline struct der_writer der_writer(void *start, size_t capacity)
{
    return (struct der_writer){(uint8_t *)start, capacity, 0, false};
}
static inline struct bytes der_written(const struct der_writer *writer)
{
    return writer->full ? BYTES_NONE : bytes_of(writer->start, writer->size);
}
/* EC_PARAMS as this engine gives it: OID, or PrintableString for Edwards and Montgomery curves. */
void curve_write(const struct curve_row *curve, struct der_writer *writer);

/* curve_group.c: what needs OpenSSL's groups */
HUKS_MUST_USE huks_rc curve_parse_explicit(struct crypto *crypto, struct bytes parameters,
                                           const struct curve_row **out);
bool curve_present(struct crypto *crypto, const struct curve_row *curve);
/* d·G as an uncompressed point. `scalar` must be within 1 … order − 1, else 12000003 about `about`. */
HUKS_MUST_USE huks_rc curve_public_point(struct crypto *crypto, const struct curve_row *curve,
                                         struct bytes scalar, uint8_t *point, size_t *size);
/* A private value from 64 random bits more than the order has (FIPS 186-5, A.2.1), in the order's length. */
HUKS_MUST_USE huks_rc curve_private_value(struct crypto *crypto, const struct curve_row *curve,
                                          struct secret *scalar);
/* The x coordinate of scalar · point. A point that is none of the curve: 12000003 ABOUT_PUBLIC_POINT. */
HUKS_MUST_USE huks_rc curve_product(struct crypto *crypto, const struct curve_row *curve, struct bytes scalar,
                                    struct bytes point, struct secret *x);

#define CURVE_POINT_MAX (1 + 2 * 72)

#endif
