/*
 * Keys that leave and come in encrypted, and secrets that two sides make out of one's public key. Which keys
 * may is the door's decision, by their attributes; the (un)wrapping key's purpose, sets and rule are checked here
 * (`awaited` as in guard_once()).
 */
#ifndef HUKS_SERVICE_WRAP_H
#define HUKS_SERVICE_WRAP_H

#include "crypto/kem.h"
#include "crypto/nonce.h"
#include "service/guard.h"
#include "service/item.h"

struct wrap_spec {
    struct crypto_spec crypto;
    struct crypto_nonce how; /* how crypto.iv is made; `lasting` is filled in here            */
    uint8_t *nonce;          /* where the one that is made goes: what crypto.iv views         */
    uint8_t *tag;            /* where the tag goes that crypto.tag_apart leaves out           */
};

/*
 * Wraps `key`'s encoding (raw secret or PKCS#8) with `wrapping` by an encrypting method. Takes no session.
 * A cipher without padding gets the key filled up with zeros (PKCS #11, AES-CBC). Room that is too small is
 * told before a nonce is made; `out` NULL asks for the size alone. A key that has a rule is never wrapped: the
 * rule would stay behind (12000003 ABOUT_KEY_TYPE).
 */
HUKS_MUST_USE huks_rc operate_wrap(struct token *token, struct item *wrapping, const struct wrap_spec *spec,
                                   struct guard **awaited, struct item *key, void *out, size_t *size);

/*
 * Unwraps into a new item whose class and algorithm the draft says. `purpose` is what the unwrapping key must
 * have. `size`: bytes that the key must have, 0: as they come. Whatever is wrong with the wrapped key, but
 * for its length: 12000006 ABOUT_WRAPPED_KEY. Takes no session.
 */
HUKS_MUST_USE huks_rc operate_unwrap(struct token *token, struct item *unwrapping, uint32_t purpose,
                                     const struct crypto_spec *spec, struct guard **awaited,
                                     struct bytes wrapped, size_t size, struct item_draft *draft,
                                     uint64_t *handle);

/*
 * A new secret key and its ciphertext for the holder of the private key. Methods of crypto/kem.h make the
 * secret (`size`: what it must have, or 0); of another method the spec is `crypto`'s, and a secret of `size`
 * bytes is drawn and encrypted. They hold a key-operation session for the call. `out` NULL asks for the size
 * alone.
 */
struct encapsulation {
    bool draws; /* use `crypto` */
    struct crypto_spec crypto;
    struct crypto_kem_spec kem;
};
HUKS_MUST_USE huks_rc operate_encapsulate(struct token *token, struct item *public,
                                          const struct encapsulation *spec, size_t size,
                                          struct item_draft *draft, void *out, size_t *out_size,
                                          uint64_t *handle);
HUKS_MUST_USE huks_rc operate_decapsulate(struct token *token, struct item *private,
                                          const struct encapsulation *spec, struct guard **awaited,
                                          struct bytes encapsulated, size_t size, struct item_draft *draft,
                                          uint64_t *handle);

#endif
