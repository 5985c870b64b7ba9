/*
 * Key derivation functions over a secret: HKDF, PBKDF2, the single-step functions of key agreement.
 */
#ifndef HUKS_CRYPTO_KDF_H
#define HUKS_CRYPTO_KDF_H

#include "crypto/digest.h"

/* RFC 5869. `out` of extract has row->size bytes; expand gives at most 255 times that. */
HUKS_MUST_USE huks_rc kdf_hkdf_extract(struct crypto *crypto, const struct digest_row *row, struct bytes salt,
                                       struct bytes key, uint8_t *out);
HUKS_MUST_USE huks_rc kdf_hkdf_expand(struct crypto *crypto, const struct digest_row *row, struct bytes key,
                                      struct bytes info, uint8_t *out, size_t size);
/* RFC 8018. */
HUKS_MUST_USE huks_rc kdf_pbkdf2(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                                 struct bytes salt, uint32_t iterations, uint8_t *out, size_t size);
/*
 * Hashing a shared secret with a counter: ANSI X9.63 (secret ‖ counter ‖ info) or the concatenation KDF of
 * NIST SP 800-56A (counter ‖ secret ‖ info).
 */
HUKS_MUST_USE huks_rc kdf_counter(struct crypto *crypto, const struct digest_row *row, bool counter_first,
                                  struct bytes shared, struct bytes info, uint8_t *out, size_t size);

#endif
