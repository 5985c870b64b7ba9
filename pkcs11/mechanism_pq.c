/*
 * Post-quantum mechanisms, PKCS #11 3.2 sections 6.66 to 6.68. Sizes are those of public keys in bytes.
 */
#include "pkcs11/mechanism_table.h"

#define PAIR(ALG, MIN, MAX)                                                                                  \
    {CKM_##ALG##_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR, MIN, MAX, UNIT_NONE, SHAPE_NONE, HUKS_ALG_##ALG,       \
     CRYPTO_NONE, 0, 0, 0, CKK_##ALG, false}
#define SIGN(ALG, NAME, MIN, MAX, SHAPE, DIGEST)                                                             \
    {CKM_##NAME, F_SIGN, MIN, MAX, UNIT_NONE, SHAPE, HUKS_ALG_##ALG, CRYPTO_##ALG, DIGEST, 0, 0, 0, false}
#define HASHED(ALG, HASH, MIN, MAX, DIGEST) SIGN(ALG, HASH_##ALG##_##HASH, MIN, MAX, SHAPE_CONTEXT, DIGEST)
#define SIGNATURES(ALG, MIN, MAX)                                                                            \
    SIGN(ALG, ALG, MIN, MAX, SHAPE_CONTEXT, OH_HUKS_DIGEST_NONE),                                            \
        SIGN(ALG, HASH_##ALG, MIN, MAX, SHAPE_HASH_CONTEXT, OH_HUKS_DIGEST_NONE),                            \
        HASHED(ALG, SHA224, MIN, MAX, OH_HUKS_DIGEST_SHA224),                                                \
        HASHED(ALG, SHA256, MIN, MAX, OH_HUKS_DIGEST_SHA256),                                                \
        HASHED(ALG, SHA384, MIN, MAX, OH_HUKS_DIGEST_SHA384),                                                \
        HASHED(ALG, SHA512, MIN, MAX, OH_HUKS_DIGEST_SHA512),                                                \
        HASHED(ALG, SHA3_224, MIN, MAX, HUKS_DIGEST_SHA3_224),                                               \
        HASHED(ALG, SHA3_256, MIN, MAX, HUKS_DIGEST_SHA3_256),                                               \
        HASHED(ALG, SHA3_384, MIN, MAX, HUKS_DIGEST_SHA3_384),                                               \
        HASHED(ALG, SHA3_512, MIN, MAX, HUKS_DIGEST_SHA3_512),                                               \
        HASHED(ALG, SHAKE128, MIN, MAX, HUKS_DIGEST_SHAKE128),                                               \
        HASHED(ALG, SHAKE256, MIN, MAX, HUKS_DIGEST_SHAKE256)

static const struct p11_mechanism rows[] = {
    PAIR(ML_KEM, 800, 1568),
    {CKM_ML_KEM, F_KEM, 800, 1568, UNIT_NONE, SHAPE_NONE, HUKS_ALG_ML_KEM, CRYPTO_ML_KEM, 0, 0, 0, 0, false},
    PAIR(ML_DSA, 1312, 2592),
    SIGNATURES(ML_DSA, 1312, 2592),
    PAIR(SLH_DSA, 32, 64),
    SIGNATURES(SLH_DSA, 32, 64),
};
const struct p11_mechanism_table p11_mechanisms_pq = P11_MECHANISM_TABLE(rows);
