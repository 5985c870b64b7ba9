/*
 * The mechanism table: digests, HMAC, generic secrets, and keys that are digests of keys.
 */
#include "pkcs11/mechanism_table.h"

/* type, flags, min, max, unit, shape, alg, method, digest, padding, mode, key type, legacy */
#define KEY_GEN(TYPE, MAX, KEY_TYPE, LEGACY)                                                                 \
    {TYPE, CKF_GENERATE, 1, MAX, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_HMAC, CRYPTO_NONE, 0, 0, 0, KEY_TYPE,   \
     LEGACY}
#define DIGEST(TYPE, DIGEST, LEGACY)                                                                         \
    {TYPE, CKF_DIGEST, 0, 0, UNIT_NONE, SHAPE_NONE, 0, CRYPTO_DIGEST, DIGEST, 0, 0, 0, LEGACY}
#define MAC(TYPE, SHAPE, METHOD, MAX, DIGEST, KEY_TYPE, LEGACY)                                              \
    {TYPE, F_SIGN, 1, MAX, UNIT_BYTES, SHAPE, OH_HUKS_ALG_HMAC, METHOD, DIGEST, 0, 0, KEY_TYPE, LEGACY}
#define KEY_DERIVATION(TYPE, DIGEST, LEGACY)                                                                 \
    {TYPE, CKF_DERIVE, 1, MAC_MAX, UNIT_BYTES, SHAPE_HASH_OF_KEY, OH_HUKS_ALG_HMAC, CRYPTO_HASH_OF_KEY,      \
     DIGEST, 0, 0, 0, LEGACY}

/* A hash and its HMAC. */
#define HASH(NAME, ID, LEGACY)                                                                               \
    DIGEST(CKM_##NAME, ID, LEGACY),                                                                          \
        MAC(CKM_##NAME##_HMAC, SHAPE_NONE, CRYPTO_HMAC, MAC_MAX, ID, CKK_##NAME##_HMAC, LEGACY),             \
        MAC(CKM_##NAME##_HMAC_GENERAL, SHAPE_MAC_LENGTH, CRYPTO_HMAC, MAC_MAX, ID, CKK_##NAME##_HMAC, LEGACY)
/* The same with generation of the HMAC's own keys. */
#define HASH_AND_KEYS(NAME, ID)                                                                              \
    HASH(NAME, ID, false), KEY_GEN(CKM_##NAME##_KEY_GEN, MAC_MAX, CKK_##NAME##_HMAC, false)
/* BLAKE2b, whose "HMAC" is the hash with a key (section 6.63). */
#define BLAKE2B(NAME, ID)                                                                                    \
    DIGEST(CKM_##NAME, ID, false),                                                                           \
        MAC(CKM_##NAME##_HMAC, SHAPE_NONE, CRYPTO_BLAKE2_MAC, 64, ID, CKK_##NAME##_HMAC, false),             \
        MAC(CKM_##NAME##_HMAC_GENERAL, SHAPE_MAC_LENGTH, CRYPTO_BLAKE2_MAC, 64, ID, CKK_##NAME##_HMAC,       \
            false),                                                                                          \
        KEY_GEN(CKM_##NAME##_KEY_GEN, 64, CKK_##NAME##_HMAC, false),                                         \
        KEY_DERIVATION(CKM_##NAME##_KEY_DERIVE, ID, false)

static const struct p11_mechanism rows[] = {
    /* Digests and HMAC, PKCS #11 3.1 sections 6.20 to 6.31 */
    HASH(MD5, OH_HUKS_DIGEST_MD5, true),
    HASH(RIPEMD160, HUKS_DIGEST_RIPEMD160, true),
    HASH_AND_KEYS(SHA_1, OH_HUKS_DIGEST_SHA1),
    HASH_AND_KEYS(SHA224, OH_HUKS_DIGEST_SHA224),
    HASH_AND_KEYS(SHA256, OH_HUKS_DIGEST_SHA256),
    HASH_AND_KEYS(SHA384, OH_HUKS_DIGEST_SHA384),
    HASH_AND_KEYS(SHA512, OH_HUKS_DIGEST_SHA512),
    HASH_AND_KEYS(SHA512_224, HUKS_DIGEST_SHA512_224),
    HASH_AND_KEYS(SHA512_256, HUKS_DIGEST_SHA512_256),
    HASH_AND_KEYS(SHA3_224, HUKS_DIGEST_SHA3_224),
    HASH_AND_KEYS(SHA3_256, HUKS_DIGEST_SHA3_256),
    HASH_AND_KEYS(SHA3_384, HUKS_DIGEST_SHA3_384),
    HASH_AND_KEYS(SHA3_512, HUKS_DIGEST_SHA3_512),

    /* BLAKE2b, sections 6.33 to 6.36 */
    BLAKE2B(BLAKE2B_160, HUKS_DIGEST_BLAKE2B_160),
    BLAKE2B(BLAKE2B_256, HUKS_DIGEST_BLAKE2B_256),
    BLAKE2B(BLAKE2B_384, HUKS_DIGEST_BLAKE2B_384),
    BLAKE2B(BLAKE2B_512, HUKS_DIGEST_BLAKE2B_512),

    /* SM3 (include/huks/huks_pkcs11.h) */
    DIGEST(CKM_HUKS_SM3, OH_HUKS_DIGEST_SM3, false),
    MAC(CKM_HUKS_SM3_HMAC, SHAPE_NONE, CRYPTO_HMAC, MAC_MAX, OH_HUKS_DIGEST_SM3,
        CKK_GENERIC_SECRET, false),

    /* Generic secrets, section 6.8 */
    {CKM_GENERIC_SECRET_KEY_GEN, CKF_GENERATE, 8, MAC_MAX * 8, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_HMAC,
     CRYPTO_NONE, 0, 0, 0, CKK_GENERIC_SECRET, false},

    /* Keys that are digests of keys, sections 6.20.5 and 6.32 */
    KEY_DERIVATION(CKM_MD5_KEY_DERIVATION, OH_HUKS_DIGEST_MD5, true),
    KEY_DERIVATION(CKM_SHA1_KEY_DERIVATION, OH_HUKS_DIGEST_SHA1, false),
    KEY_DERIVATION(CKM_SHA224_KEY_DERIVATION, OH_HUKS_DIGEST_SHA224, false),
    KEY_DERIVATION(CKM_SHA256_KEY_DERIVATION, OH_HUKS_DIGEST_SHA256, false),
    KEY_DERIVATION(CKM_SHA384_KEY_DERIVATION, OH_HUKS_DIGEST_SHA384, false),
    KEY_DERIVATION(CKM_SHA512_KEY_DERIVATION, OH_HUKS_DIGEST_SHA512, false),
    KEY_DERIVATION(CKM_SHA512_224_KEY_DERIVATION, HUKS_DIGEST_SHA512_224, false),
    KEY_DERIVATION(CKM_SHA512_256_KEY_DERIVATION, HUKS_DIGEST_SHA512_256, false),
    KEY_DERIVATION(CKM_SHA3_224_KEY_DERIVATION, HUKS_DIGEST_SHA3_224, false),
    KEY_DERIVATION(CKM_SHA3_256_KEY_DERIVATION, HUKS_DIGEST_SHA3_256, false),
    KEY_DERIVATION(CKM_SHA3_384_KEY_DERIVATION, HUKS_DIGEST_SHA3_384, false),
    KEY_DERIVATION(CKM_SHA3_512_KEY_DERIVATION, HUKS_DIGEST_SHA3_512, false),
    KEY_DERIVATION(CKM_SHAKE_128_KEY_DERIVATION, HUKS_DIGEST_SHAKE128, false),
    KEY_DERIVATION(CKM_SHAKE_256_KEY_DERIVATION, HUKS_DIGEST_SHAKE256, false),
};

const struct p11_mechanism_table p11_mechanisms_hash = P11_MECHANISM_TABLE(rows);
