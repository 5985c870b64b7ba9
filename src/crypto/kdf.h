/*
 * Key derivation functions over a secret: HKDF, those of passwords, TLS's, the single-step functions of key
 * agreement.
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
/* RFC 8018, 5.1: at most a hash's worth. */
HUKS_MUST_USE huks_rc kdf_pbkdf1(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                                 struct bytes salt, uint32_t iterations, uint8_t *out, size_t size);
/* RFC 7292, B.2; `id` 1: a key, 2: an IV, 3: a MAC key. */
HUKS_MUST_USE huks_rc kdf_pkcs12(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                                 struct bytes salt, uint32_t iterations, uint32_t id, uint8_t *out, size_t size);
/*
 * RFC 5246, 5, and with digest "MD5-SHA1" RFC 2246, 5. The label is the first seed; all together at most
 * KDF_SEED_SIZE_MAX bytes.
 */
#define KDF_SEEDS_MAX     6
#define KDF_SEED_SIZE_MAX 1024
HUKS_MUST_USE huks_rc kdf_tls_prf(struct crypto *crypto, const char *digest, struct bytes secret,
                                  const struct bytes *seeds, size_t count, uint8_t *out, size_t size);
/* HUKS_DIGEST_SHAKE128 or SHAKE256 of `value`, as long as `size`. */
HUKS_MUST_USE huks_rc kdf_shake(struct crypto *crypto, uint32_t digest, struct bytes value, uint8_t *out,
                                size_t size);
/*
 * Hashing a shared secret with a counter: ANSI X9.63 (secret ‖ counter ‖ info) or the concatenation KDF of
 * NIST SP 800-56A (counter ‖ secret ‖ info).
 */
HUKS_MUST_USE huks_rc kdf_counter(struct crypto *crypto, const struct digest_row *row, bool counter_first,
                                  struct bytes shared, struct bytes info, uint8_t *out, size_t size);

#endif
