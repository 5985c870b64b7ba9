/*
 * The mechanism table: digests, HMAC, generic secrets.
 */
#include "pkcs11/mechanism_table.h"

/* type, flags, min, max, unit, shape, alg, method, digest, padding, mode, key type, legacy */
#define HASH(HASH, DIGEST, LEGACY)                                                                           \
    {CKM_##HASH, CKF_DIGEST, 0, 0, UNIT_NONE, SHAPE_NONE, 0, CRYPTO_DIGEST, DIGEST, 0, 0, 0, LEGACY}
#define HMAC(HASH, DIGEST, LEGACY)                                                                           \
    {CKM_##HASH##_HMAC, F_SIGN, 1, MAC_MAX, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_HMAC, CRYPTO_HMAC, DIGEST,   \
     0, 0, 0, LEGACY},                                                                                       \
    {CKM_##HASH##_HMAC_GENERAL, F_SIGN, 1, MAC_MAX, UNIT_BYTES, SHAPE_MAC_LENGTH, OH_HUKS_ALG_HMAC,          \
     CRYPTO_HMAC, DIGEST, 0, 0, 0, LEGACY}
#define HMAC_KEY(HASH)                                                                                       \
    {CKM_##HASH##_KEY_GEN, CKF_GENERATE, 1, MAC_MAX, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_HMAC, CRYPTO_NONE,  \
     0, 0, 0, CKK_##HASH##_HMAC, false}

static const struct p11_mechanism rows[] = {
    /* Digests, sections 6.17 to 6.25 */
    HASH(MD5, OH_HUKS_DIGEST_MD5, true),
    HASH(SHA_1, OH_HUKS_DIGEST_SHA1, false),
    HASH(SHA224, OH_HUKS_DIGEST_SHA224, false),
    HASH(SHA256, OH_HUKS_DIGEST_SHA256, false),
    HASH(SHA384, OH_HUKS_DIGEST_SHA384, false),
    HASH(SHA512, OH_HUKS_DIGEST_SHA512, false),
    HASH(SHA512_224, HUKS_DIGEST_SHA512_224, false),
    HASH(SHA512_256, HUKS_DIGEST_SHA512_256, false),
    HASH(SHA3_224, HUKS_DIGEST_SHA3_224, false),
    HASH(SHA3_256, HUKS_DIGEST_SHA3_256, false),
    HASH(SHA3_384, HUKS_DIGEST_SHA3_384, false),
    HASH(SHA3_512, HUKS_DIGEST_SHA3_512, false),
    HASH(HUKS_SM3, OH_HUKS_DIGEST_SM3, false),

    /* Generic secrets and HMAC, sections 6.10 and 6.20 */
    {CKM_GENERIC_SECRET_KEY_GEN, CKF_GENERATE, 8, MAC_MAX * 8, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_HMAC,
     CRYPTO_NONE, 0, 0, 0, CKK_GENERIC_SECRET, false},
    HMAC(MD5, OH_HUKS_DIGEST_MD5, true),
    HMAC(SHA_1, OH_HUKS_DIGEST_SHA1, false),
    HMAC(SHA224, OH_HUKS_DIGEST_SHA224, false),
    HMAC(SHA256, OH_HUKS_DIGEST_SHA256, false),
    HMAC(SHA384, OH_HUKS_DIGEST_SHA384, false),
    HMAC(SHA512, OH_HUKS_DIGEST_SHA512, false),
    HMAC(SHA512_224, HUKS_DIGEST_SHA512_224, false),
    HMAC(SHA512_256, HUKS_DIGEST_SHA512_256, false),
    HMAC(SHA3_224, HUKS_DIGEST_SHA3_224, false),
    HMAC(SHA3_256, HUKS_DIGEST_SHA3_256, false),
    HMAC(SHA3_384, HUKS_DIGEST_SHA3_384, false),
    HMAC(SHA3_512, HUKS_DIGEST_SHA3_512, false),
    HMAC_KEY(SHA_1),
    HMAC_KEY(SHA224),
    HMAC_KEY(SHA256),
    HMAC_KEY(SHA384),
    HMAC_KEY(SHA512),
    HMAC_KEY(SHA512_224),
    HMAC_KEY(SHA512_256),
    HMAC_KEY(SHA3_224),
    HMAC_KEY(SHA3_256),
    HMAC_KEY(SHA3_384),
    HMAC_KEY(SHA3_512),
};

const struct p11_mechanism_table p11_mechanisms_hash = P11_MECHANISM_TABLE(rows);
