/*
 * Key types: the engine's algorithm behind each CKK_*, and what a key of it can be used for, which is what
 * the default of the usage attributes follows.
 */
#include "pkcs11/attribute.h"

#define P_CRYPT (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define P_SIGN  (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define P_RECOV (HUKS_PURPOSE_SIGN_RECOVER | HUKS_PURPOSE_VERIFY_RECOVER)
#define P_KEM   (HUKS_PURPOSE_ENCAPSULATE | HUKS_PURPOSE_DECAPSULATE)

static const struct {
    CK_KEY_TYPE type;
    uint32_t alg;
    uint32_t defaults; /* purposes that are on unless a template says otherwise */
} types[] = {
    {CKK_RSA, OH_HUKS_ALG_RSA, P_CRYPT | P_SIGN | P_RECOV},
    {CKK_EC, OH_HUKS_ALG_ECC, P_SIGN},
    {CKK_EC_EDWARDS, OH_HUKS_ALG_ED25519, P_SIGN},
    {CKK_EC_EDWARDS, HUKS_ALG_ED448, P_SIGN},
    {CKK_EC_MONTGOMERY, OH_HUKS_ALG_X25519, 0},
    {CKK_EC_MONTGOMERY, HUKS_ALG_X448, 0},
    {CKK_EC, OH_HUKS_ALG_ECDH, 0},
    {CKK_DSA, OH_HUKS_ALG_DSA, P_SIGN},
    {CKK_DH, OH_HUKS_ALG_DH, 0},
    {CKK_X9_42_DH, HUKS_ALG_X942_DH, 0},
    {CKK_HUKS_SM2, OH_HUKS_ALG_SM2, P_CRYPT | P_SIGN},
    {CKK_AES, OH_HUKS_ALG_AES, P_CRYPT | P_SIGN},
    {CKK_AES_XTS, HUKS_ALG_AES_XTS, P_CRYPT},
    {CKK_DES, HUKS_ALG_DES, P_CRYPT | P_SIGN},
    {CKK_DES2, HUKS_ALG_3DES, P_CRYPT | P_SIGN},
    {CKK_DES3, HUKS_ALG_3DES, P_CRYPT | P_SIGN},
    {CKK_HUKS_SM4, OH_HUKS_ALG_SM4, P_CRYPT | P_SIGN},
    {CKK_CHACHA20, HUKS_ALG_CHACHA20, P_CRYPT},
    {CKK_POLY1305, HUKS_ALG_POLY1305, P_SIGN},
    {CKK_CAMELLIA, HUKS_ALG_CAMELLIA, P_CRYPT | P_SIGN},
    {CKK_ARIA, HUKS_ALG_ARIA, P_CRYPT | P_SIGN},
    {CKK_SEED, HUKS_ALG_SEED, P_CRYPT | P_SIGN},
    {CKK_RC2, HUKS_ALG_RC2, P_CRYPT | P_SIGN},
    {CKK_RC4, HUKS_ALG_RC4, P_CRYPT},
    {CKK_CAST128, HUKS_ALG_CAST128, P_CRYPT | P_SIGN},
    {CKK_BLOWFISH, HUKS_ALG_BLOWFISH, P_CRYPT},
    {CKK_GENERIC_SECRET, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_GENERIC_SECRET, HUKS_ALG_GENERIC, P_SIGN},
    {CKK_HKDF, OH_HUKS_ALG_HMAC, 0},
    {CKK_MD5_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_RIPEMD160_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA_1_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA224_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA256_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA384_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA512_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA512_224_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA512_256_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA3_224_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA3_256_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA3_384_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_SHA3_512_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_BLAKE2B_160_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_BLAKE2B_256_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_BLAKE2B_384_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_BLAKE2B_512_HMAC, OH_HUKS_ALG_HMAC, P_SIGN},
    {CKK_ML_KEM, HUKS_ALG_ML_KEM, P_KEM},
    {CKK_ML_DSA, HUKS_ALG_ML_DSA, P_SIGN},
    {CKK_SLH_DSA, HUKS_ALG_SLH_DSA, P_SIGN},
};

uint32_t p11_alg_of_key_type(CK_KEY_TYPE type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type == type) {
            return types[i].alg;
        }
    }
    return 0;
}

CK_KEY_TYPE p11_key_type(const struct item *item)
{
    const OH_Huks_Param *stored = param_find(item_params(item), HUKS_TAG_KEY_TYPE);
    if (stored != NULL) {
        return stored->uint32Param;
    }
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].alg == item_alg(item)) {
            return types[i].type;
        }
    }
    return CK_UNAVAILABLE_INFORMATION;
}

uint32_t p11_default_purposes(CK_KEY_TYPE type, CK_OBJECT_CLASS class)
{
    const uint32_t public = OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_VERIFY | HUKS_PURPOSE_VERIFY_RECOVER |
                            HUKS_PURPOSE_ENCAPSULATE;
    const uint32_t private = OH_HUKS_KEY_PURPOSE_DECRYPT | OH_HUKS_KEY_PURPOSE_SIGN | HUKS_PURPOSE_SIGN_RECOVER |
                             HUKS_PURPOSE_DECAPSULATE;
    uint32_t half = class == CKO_PUBLIC_KEY ? public : class == CKO_PRIVATE_KEY ? private : UINT32_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type == type) {
            return types[i].defaults & half;
        }
    }
    return 0;
}

/* Key types whose length is their own. */
static const struct {
    CK_KEY_TYPE type;
    size_t size;
} fixed_sizes[] = {
    {CKK_DES, 8},       {CKK_DES2, 16},     {CKK_DES3, 24}, {CKK_CHACHA20, 32},
    {CKK_POLY1305, 32}, {CKK_HUKS_SM4, 16}, {CKK_SEED, 16},
};

size_t p11_draft_size(const struct p11_draft *draft)
{
    for (size_t i = 0; i < ARRAY_SIZE(fixed_sizes); i++) {
        if (fixed_sizes[i].type == draft->key_type) {
            return fixed_sizes[i].size;
        }
    }
    return draft->value_len;
}

static const struct {
    CK_KEY_TYPE type;
    CK_ULONG told;
    uint32_t set;
} sets[] = {
    {CKK_ML_KEM, CKP_ML_KEM_512, HUKS_ML_KEM_512},
    {CKK_ML_KEM, CKP_ML_KEM_768, HUKS_ML_KEM_768},
    {CKK_ML_KEM, CKP_ML_KEM_1024, HUKS_ML_KEM_1024},
    {CKK_ML_DSA, CKP_ML_DSA_44, HUKS_ML_DSA_44},
    {CKK_ML_DSA, CKP_ML_DSA_65, HUKS_ML_DSA_65},
    {CKK_ML_DSA, CKP_ML_DSA_87, HUKS_ML_DSA_87},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_128S, HUKS_SLH_DSA_SHA2_128S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_128S, HUKS_SLH_DSA_SHAKE_128S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_128F, HUKS_SLH_DSA_SHA2_128F},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_128F, HUKS_SLH_DSA_SHAKE_128F},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_192S, HUKS_SLH_DSA_SHA2_192S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_192S, HUKS_SLH_DSA_SHAKE_192S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_192F, HUKS_SLH_DSA_SHA2_192F},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_192F, HUKS_SLH_DSA_SHAKE_192F},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_256S, HUKS_SLH_DSA_SHA2_256S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_256S, HUKS_SLH_DSA_SHAKE_256S},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHA2_256F, HUKS_SLH_DSA_SHA2_256F},
    {CKK_SLH_DSA, CKP_SLH_DSA_SHAKE_256F, HUKS_SLH_DSA_SHAKE_256F},
};

uint32_t p11_parameter_set(CK_KEY_TYPE type, CK_ULONG told)
{
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        if (sets[i].type == type && sets[i].told == told) {
            return sets[i].set;
        }
    }
    return 0;
}

CK_ULONG p11_parameter_set_told(CK_KEY_TYPE type, uint32_t set)
{
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        if (sets[i].type == type && sets[i].set == set) {
            return sets[i].told;
        }
    }
    return 0;
}
