/*
 * Nonces that the engine makes itself: for one key, no nonce comes twice in a process, whichever generators,
 * sessions and copies of the key ask for them.
 *
 * What has been given out is remembered by the key's value, so that two objects with the same value are one
 * key here. It is forgotten with the last key of that value, unless the key is to last (a token's key, which
 * leaves the cache and comes back).
 */
#ifndef HUKS_CRYPTO_NONCE_H
#define HUKS_CRYPTO_NONCE_H

#include "crypto/key.h"

enum crypto_generator {
    CRYPTO_NONCE_GIVEN,   /* none: the caller brings all of it                                       */
    CRYPTO_NONCE_ANY,     /* a counter from a random start                                           */
    CRYPTO_NONCE_COUNTER, /* a counter from zero                                                     */
    CRYPTO_NONCE_RANDOM,  /* random bits, at least 96 of them (SP 800-38D, 8.2.2)                    */
    CRYPTO_NONCE_XOR,     /* a counter from zero, over the bits that the caller brings               */
};

struct crypto_nonce {
    enum crypto_generator generator;
    size_t fixed_bits; /* leading bits of the nonce that stay as the caller brought them */
    bool lasting;      /* to be remembered when no key of this value is left             */
};

#define CRYPTO_NONCE_MAX 16 /* bytes of a nonce that is made here */

/*
 * Makes the next nonce in `nonce`, whose fixed bits (XOR: all bits) are the caller's. Size, bits or generator
 * out of range: 12000003 ABOUT_MECHANISM_PARAM. None left that was not given out before: 12000006.
 */
HUKS_MUST_USE huks_rc crypto_nonce_make(struct crypto_key *key, const struct crypto_nonce *how,
                                        uint8_t *nonce, size_t size);

/* For key.c and crypto.c: the key's last reference, and the context, go. */
struct nonce_history;
void nonce_release(struct crypto *crypto, struct nonce_history *history);
void nonce_free_all(struct crypto *crypto);

#endif
