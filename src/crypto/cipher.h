/*
 * Ciphers: the table of them, and a context that keeps its key.
 */
#ifndef HUKS_CRYPTO_CIPHER_H
#define HUKS_CRYPTO_CIPHER_H

#include "crypto/opdata.h"

enum cipher_flag {
    CIPHER_PADS = 1 << 0,    /* PKCS#7 padding may be asked for               */
    CIPHER_WHOLE = 1 << 1,   /* takes one message at once: CTS, XTS, CCM      */
    CIPHER_TRIPLE = 1 << 2,  /* DES and two-key 3DES as three keys            */
    CIPHER_COUNTER = 1 << 3, /* its counter must not repeat                   */
    CIPHER_CHACHA = 1 << 4,  /* nor may this one's, which is ChaCha20's       */
    CIPHER_ANY_KEY = 1 << 5, /* keys of any length that their type allows     */
};

struct cipher_row {
    uint32_t alg, mode;
    uint8_t key_size; /* the key's bytes; 0: CIPHER_ANY_KEY                               */
    uint8_t iv_size;  /* 0: none; AEAD: the longest                                       */
    uint8_t iv_min;   /* AEAD: the shortest; else as iv_size                              */
    uint8_t block;    /* input is cut into these; 1: a stream                             */
    uint8_t flags;
    uint8_t fetch;
};

/*
 * The mode of a table's row: ChaCha20-Poly1305 stands with the GCM rows, as PKCS#11 and HUKS have no mode for
 * it, and may be asked for without one.
 */
uint32_t cipher_mode_of(uint32_t alg, enum crypto_method method, uint32_t mode);
/* The row for a key and a mode. NULL: recorded as 12000001 ABOUT_MECHANISM or 12000003 ABOUT_KEY_SIZE. */
const struct cipher_row *cipher_find(struct crypto_op *op, uint32_t mode);
/*
 * Makes op->cipher ready for `row`, the operation's key and `iv`; when it was ready for row and key before,
 * only the IV is set.
 */
HUKS_MUST_USE huks_rc cipher_start(struct crypto_op *op, const struct cipher_row *row, bool encrypts,
                                   struct bytes iv);
/* RC2: how many bits of its key count in the operation that begins; 0: all. Before cipher_start(). */
void cipher_set_key_bits(struct crypto_op *op, const struct crypto_spec *spec);
/* Update in steps that an int can count. */
HUKS_MUST_USE huks_rc cipher_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size);

#endif
