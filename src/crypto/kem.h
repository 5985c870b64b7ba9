/*
 * Key encapsulation by the methods that draw the secret themselves: ML-KEM (FIPS 203), RSASVE (SP 800-56B,
 * 7.2.1) and ECDH with an ephemeral key. What encrypts a secret that the caller drew is crypto/op.h's.
 */
#ifndef HUKS_CRYPTO_KEM_H
#define HUKS_CRYPTO_KEM_H

#include "crypto/op.h"

/* CRYPTO_ML_KEM, CRYPTO_RSA_RAW, or CRYPTO_ECDH, whose KDF is the rest of the spec; `peer` is not read. */
struct crypto_kem_spec {
    enum crypto_method method;
    struct crypto_derive_spec derive;
};

/* Bytes of ciphertext that encapsulation to this key makes; 0: not by this method (see crypto_encapsulate).
 */
size_t crypto_kem_size(const struct crypto_key *key, const struct crypto_kem_spec *spec);
/*
 * `key`: public or private. `encapsulated` has room for crypto_kem_size(). Key of the wrong algorithm:
 * 12000003 ABOUT_KEY_TYPE; not in this OpenSSL: 12000001 ABOUT_MECHANISM.
 */
HUKS_MUST_USE huks_rc crypto_encapsulate(struct crypto_key *key, const struct crypto_kem_spec *spec,
                                         uint8_t *encapsulated, struct secret *out);
/*
 * Wrong length: 12000003 ABOUT_CIPHERTEXT_LEN; what can be no ciphertext: 12000006 ABOUT_WRAPPED_KEY. A
 * damaged ML-KEM ciphertext gives another secret, as FIPS 203 has it.
 */
HUKS_MUST_USE huks_rc crypto_decapsulate(struct crypto_key *key, const struct crypto_kem_spec *spec,
                                         struct bytes encapsulated, struct secret *out);

#endif
