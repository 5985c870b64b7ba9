/*
 * The crypto engine: the only part that calls OpenSSL.
 *
 * One `struct crypto` per engine instance holds an OSSL_LIB_CTX of its own, so that nothing in the host's
 * openssl.cnf, default ENGINE or default provider touches us, and nothing of ours touches the host.
 * Algorithms are fetched at first use and kept. Every function may be called from any thread.
 *
 * Numbers are HUKS's own (native_huks_type.h) and the engine's extensions of them (param/tags.h).
 */
#ifndef HUKS_CRYPTO_CRYPTO_H
#define HUKS_CRYPTO_CRYPTO_H

#include "common/error.h"
#include "common/memory.h"

struct crypto;

HUKS_MUST_USE huks_rc crypto_open(struct crypto **out);
/*
 * Frees everything. First asks OPENSSL_init_crypto(OPENSSL_INIT_BASE_ONLY): when OpenSSL is already
 * cleaned up (the host is exiting), its objects are left alone. While other threads live, OpenSSL's contexts
 * are parked for the next crypto_open() instead: those threads' ends still touch them.
 */
void crypto_close(struct crypto *crypto);
/*
 * In a forked child, from the atfork handler: frees a lock that another thread of the parent may have held.
 */
void crypto_atfork_child(void);
/* false once the host's OpenSSL has been cleaned up: then no key, op or context may be freed or used. */
bool crypto_alive(void);

/* Random bytes for keys: straight from the private DRBG, never buffered. */
HUKS_MUST_USE huks_rc crypto_random(struct crypto *crypto, void *out, size_t size);
/*
 * Random bytes for callers (C_GenerateRandom), and what everybody may see, names and nonces: from a per-thread buffer that is refilled from the DRBG,
 * wiped as it is handed out and dropped in a forked child. Large requests bypass the buffer.
 */
HUKS_MUST_USE huks_rc crypto_random_public(struct crypto *crypto, void *out, size_t size);
/* Stirs caller's bytes into the public DRBG (C_SeedRandom). */
HUKS_MUST_USE huks_rc crypto_random_seed(struct crypto *crypto, const void *seed, size_t size);

/* Constant time in the contents; false at once when sizes differ. */
bool crypto_equal(const void *a, size_t a_size, const void *b, size_t b_size);

/* ---- small tools for the engine's own protocols (store, auth) ---- */

#define CRYPTO_SHA256_SIZE 32
HUKS_MUST_USE huks_rc crypto_sha256(struct crypto *crypto, struct bytes data,
                                    uint8_t out[CRYPTO_SHA256_SIZE]);
HUKS_MUST_USE huks_rc crypto_sha1(struct crypto *crypto, struct bytes data, uint8_t out[20]);
/* HMAC-SHA-256 over the concatenation of `count` pieces. */
HUKS_MUST_USE huks_rc crypto_hmac_sha256(struct crypto *crypto, struct bytes key, const struct bytes *pieces,
                                         size_t count, uint8_t out[CRYPTO_SHA256_SIZE]);
/*
 * The same with a key that is used often: what it makes of the key is made once. Any number of threads may
 * use one; the caller frees it. It holds the key.
 */
struct crypto_hmac;
HUKS_MUST_USE huks_rc crypto_hmac_new(struct crypto *crypto, struct bytes key, struct crypto_hmac **out);
HUKS_MUST_USE huks_rc crypto_hmac(struct crypto_hmac *hmac, const struct bytes *pieces, size_t count,
                                  uint8_t out[CRYPTO_SHA256_SIZE]);
void crypto_hmac_free(struct crypto_hmac *hmac);
/* HKDF-SHA-256 (RFC 5869) of `key` with `salt` and `info`. */
HUKS_MUST_USE huks_rc crypto_hkdf_sha256(struct crypto *crypto, struct bytes key, struct bytes salt,
                                         struct bytes info, void *out, size_t size);
/* SM3 of key ‖ factor ‖ 32-bit counter from 1 on, as much as is wanted (GB/T 32918.4, 5.4.3). */
HUKS_MUST_USE huks_rc crypto_sm3_kdf(struct crypto *crypto, struct bytes key, struct bytes factor, void *out,
                                     size_t size);
/* scrypt with N = 2^log2n, r = 8, p = 1; passes a maxmem that fits. */
HUKS_MUST_USE huks_rc crypto_scrypt(struct crypto *crypto, struct bytes password, struct bytes salt,
                                    uint32_t log2n, void *out, size_t size);

/* The DER OCTET STRING around `raw`, appended to `der`. */
HUKS_MUST_USE huks_rc crypto_der_octet_string(struct bytes raw, struct buffer *der);

/*
 * Sealing: AES-256-GCM with a random 12-byte nonce. Sealed form: nonce ‖ ciphertext ‖ tag, so
 * CRYPTO_SEAL_OVERHEAD bytes longer than the plaintext. `aad` binds it to its place.
 */
#define CRYPTO_SEAL_KEY_SIZE 32
#define CRYPTO_SEAL_OVERHEAD 28
HUKS_MUST_USE huks_rc crypto_seal(struct crypto *crypto, const uint8_t key[CRYPTO_SEAL_KEY_SIZE],
                                  struct bytes aad, struct bytes plain,
                                  struct buffer *sealed); /* appends to `sealed` */
/* 12000012 when the seal does not open. `plain` is allocated here. */
HUKS_MUST_USE huks_rc crypto_unseal(struct crypto *crypto, const uint8_t key[CRYPTO_SEAL_KEY_SIZE],
                                    struct bytes aad, struct bytes sealed, struct secret *plain);

#endif
