/*
 * PINs: their lengths, and how a PIN becomes a key.
 *
 * HMAC-SHA-256 of the PIN under a random salt, so that a PIN may be any bytes and all of them count; scrypt
 * (N = 2^log2n kept with the PIN's record, r = 8, p = 1) over that and the salt; then HKDF-SHA-256 over the
 * result and the token's device key, bound to whose PIN it is. Half of the output is the key-encryption key,
 * half the verifier that is stored: without the device key, and so without the store's root key, a record
 * gives nothing to guess against.
 */
#ifndef HUKS_AUTH_PIN_H
#define HUKS_AUTH_PIN_H

#include "auth/auth.h"

#define PIN_SALT_SIZE     32
#define PIN_VERIFIER_SIZE 32
#define PIN_LOG2N_MIN     4
#define PIN_LOG2N_MAX     24 /* 16 GiB: a record that asks for more is damaged, or meant to hurt */

struct pin_params {
    uint32_t log2n;
    uint8_t salt[PIN_SALT_SIZE];
};

/* 12000003 ABOUT_PIN_LENGTH unless config's minimum <= size <= 255. For new PINs only. */
HUKS_MUST_USE huks_rc pin_check_new(const struct config *config, struct bytes pin);

/* Fresh parameters for a new PIN. */
HUKS_MUST_USE huks_rc pin_params_new(struct crypto *crypto, uint32_t log2n, struct pin_params *params);

/* Slow on purpose; the caller holds no lock. `kek` gets CRYPTO_SEAL_KEY_SIZE bytes. */
HUKS_MUST_USE huks_rc pin_derive(struct crypto *crypto, enum auth_who who, const struct pin_params *params,
                                 struct bytes device_key, struct bytes pin, struct secret *kek,
                                 uint8_t verifier[PIN_VERIFIER_SIZE]);

#endif
