/*
 * PKCS#1 v1.5 decryption that tells nobody whether the padding was right.
 */
#ifndef HUKS_CRYPTO_RSA_PADDING_H
#define HUKS_CRYPTO_RSA_PADDING_H

#include "crypto/opdata.h"

/* Does this OpenSSL do implicit rejection itself (3.2 and backports)? */
bool rsa_padding_native(struct crypto *crypto);
/*
 * Where it does not: the raw operation by op->pkey, then the padding is taken off in constant time, and a
 * wrong one gives a message made from key and ciphertext, the same at every try.
 */
HUKS_MUST_USE huks_rc rsa_padding_decrypt(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size);

#endif
