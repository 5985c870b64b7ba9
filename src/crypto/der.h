/*
 * As much DER as keys, curves and signatures need: a strict reader over a byte view, and a writer that
 * fills a buffer from its end, so that a length is known when its header is written.
 *
 * Headers are OpenSSL's to read and write. Its decoders for whole keys are not used: they take ten times
 * longer and load whatever a key's bytes ask for.
 */
#ifndef HUKS_CRYPTO_DER_H
#define HUKS_CRYPTO_DER_H

#include "common/memory.h"

#define DER_INTEGER          0x02
#define DER_BIT_STRING       0x03
#define DER_OCTET_STRING     0x04
#define DER_NULL             0x05
#define DER_OID              0x06
#define DER_PRINTABLE_STRING 0x13
#define DER_SEQUENCE         0x30
#define DER_CONTEXT(n)       (0x80 | (n)) /* [n] IMPLICIT, primitive   */
#define DER_CONSTRUCTED(n)   (0xA0 | (n)) /* [n] EXPLICIT              */

/* Takes one element with this tag off the front of `in`; false and nothing taken when there is none. */
bool der_take(struct bytes *in, uint8_t tag, struct bytes *content);
/* Any tag; `whole` is header and content. */
bool der_take_any(struct bytes *in, uint8_t *tag, struct bytes *whole);
/* A non-negative INTEGER, without its leading zeros (zero itself: one 00 byte). */
bool der_take_unsigned(struct bytes *in, struct bytes *magnitude);
/* A BIT STRING of whole bytes. */
bool der_take_bits(struct bytes *in, struct bytes *content);
/* The first element's tag, 0 when there is none. */
uint8_t der_peek(struct bytes in);

/* Writes from the end of `start … start + capacity` towards its beginning. */
struct der_writer {
    uint8_t *start, *at, *end;
    bool full; /* something did not fit: the rest is dropped */
};
struct der_writer der_writer(void *start, size_t capacity);
void der_put(struct der_writer *writer, struct bytes raw);
void der_put_byte(struct der_writer *writer, uint8_t byte);
/* Puts the header before everything written since `end` was the writer's `at`. */
void der_wrap(struct der_writer *writer, uint8_t tag, const uint8_t *end);
void der_put_element(struct der_writer *writer, uint8_t tag, struct bytes content);
/* Leading zeros of `magnitude` are dropped and a sign byte is put where one is needed. */
void der_put_unsigned(struct der_writer *writer, struct bytes magnitude);
struct bytes der_written(const struct der_writer *writer);

/* `magnitude` without leading zero bytes; never empty unless it was. */
struct bytes der_trim(struct bytes magnitude);

/* ---- signatures: SEQUENCE { r, s } and r ‖ s ---- */

/* Upper bound of the DER form for halves of `half` bytes. */
size_t der_signature_bound(size_t half);
/* false when it is no such sequence or a number is longer than `half`. `raw` has 2·half bytes. */
bool der_signature_to_raw(struct bytes der, size_t half, uint8_t *raw);
/* Writes to the end of `out`, which has `capacity` bytes, and returns a view of what was written. */
struct bytes der_signature_from_raw(const uint8_t *raw, size_t half, uint8_t *out, size_t capacity);

#endif
