/*
 * Keys of bare OpenSSL, and the bytes that HUKS wants of them: SubjectPublicKeyInfo, raw bytes, and its
 * key-material structs, filled in by hand from the numbers that OpenSSL tells.
 */
#ifndef HUKS_TESTS_NATIVE_MATERIAL_H
#define HUKS_TESTS_NATIVE_MATERIAL_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "native.h"

struct material {
    uint8_t bytes[4096];
    uint32_t size;
};
#define GIVEN(material) (&(const blob){(material).size, (uint8_t *)(uintptr_t)(material).bytes})

/* A new key for a HUKS algorithm and size. Freed by the caller. */
EVP_PKEY *openssl_key(uint32_t alg, uint32_t bits);

/* What ImportKeyItem and ExportPublicKeyItem take a public key for: SPKI, or 32 raw bytes. */
void public_bytes(EVP_PKEY *key, uint32_t alg, struct material *out);
/* The public key in key material's own form, as it stands inside an envelope. */
void public_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, struct material *out);
/* The private key: with its public half, or alone. */
void private_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, bool pair, struct material *out);

/* The private value alone, big-endian (25519: the raw bytes); as long as the curve's or group's numbers. */
void private_value(EVP_PKEY *key, uint32_t alg, uint32_t bits, struct material *out);

/* A public or private key from a material struct, for OpenSSL to judge what the keystore gave out. */
EVP_PKEY *from_material(const uint8_t *bytes, size_t size, bool private);

#endif
