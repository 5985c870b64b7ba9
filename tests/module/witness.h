/*
 * The independent witness: what OpenSSL's libcrypto, called by the test itself, says about the module's
 * signatures, ciphertexts, digests and secrets. Keys are those of keys.h unless given.
 */
#ifndef HUKS_TESTS_MODULE_WITNESS_H
#define HUKS_TESTS_MODULE_WITNESS_H

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

#include "objects.h"

struct bytes {
    const CK_BYTE *data;
    size_t length;
};

enum rsa_padding { RSA_RAW, RSA_PKCS1, RSA_PSS, RSA_OAEP };

/* `hash` NULL: the data is what the padding covers (for PKCS1 a DigestInfo, for PSS a digest of `mgf`). */
bool witness_rsa_verifies(enum rsa_padding padding, const char *hash, const char *mgf, int salt,
                          struct bytes data, struct bytes signature);
/* `hash` NULL: the data is the digest. The point is the value of CKA_EC_POINT, the signature r‖s. */
bool witness_ec_verifies(const struct curve *curve, struct bytes point, const char *hash, struct bytes data,
                         struct bytes signature);
bool witness_ed25519_verifies(struct bytes point, struct bytes data, struct bytes signature);

/* Each returns the output's length, 0 on failure; `out` has room for what comes. */
size_t witness_digest(const char *hash, struct bytes data, CK_BYTE *out);
size_t witness_hmac(const char *hash, struct bytes key, struct bytes data, CK_BYTE *out);
size_t witness_rsa_encrypt(enum rsa_padding padding, const char *hash, const char *mgf, struct bytes label,
                           struct bytes data, CK_BYTE *out);
size_t witness_rsa_decrypt(enum rsa_padding padding, const char *hash, const char *mgf, struct bytes label,
                           struct bytes data, CK_BYTE *out);

struct cipher {
    const char *name; /* OpenSSL's, "AES-128-CBC" */
    struct bytes key;
    struct bytes iv;
    struct bytes aad; /* GCM, CCM, ChaCha20-Poly1305 */
    bool padding;
};
/* GCM and its kin: the 16-byte tag stands behind the ciphertext. */
size_t witness_encrypt(const struct cipher *cipher, struct bytes data, CK_BYTE *out);

/*
 * ECDH: makes a key pair on the curve, writes its point (raw) and the secret it shares with the module's
 * public key (value of CKA_EC_POINT). Both lengths are returned through pointers.
 */
bool witness_ecdh(const struct curve *curve, struct bytes module_point, CK_BYTE *own_point,
                  size_t *own_point_length, CK_BYTE *secret, size_t *secret_length);
bool witness_x25519(struct bytes module_point, CK_BYTE own_point[32], CK_BYTE secret[32]);

/* The content of a DER OCTET STRING, or the bytes themselves when they are none. */
struct bytes unwrapped(struct bytes point);

#endif
