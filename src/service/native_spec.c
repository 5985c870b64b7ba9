/*
 * What HUKS's words ask of the crypto engine: algorithm, purpose, padding and mode choose its method, tags of
 * Init and of the key its parameters.
 */
#include "service/aliased.h"

/* 0 in a column stands for any. */
static const struct method {
    uint32_t alg;
    uint32_t purposes;
    int padding; /* -1: any */
    uint32_t mode;
    enum crypto_method method;
} methods[] = {
    {OH_HUKS_ALG_RSA, 0x0f, OH_HUKS_PADDING_PKCS1_V1_5, 0, CRYPTO_RSA_PKCS1},
    {OH_HUKS_ALG_RSA, 0x0f, OH_HUKS_PADDING_NONE, 0, CRYPTO_RSA_RAW},
    {OH_HUKS_ALG_RSA, 0x0c, OH_HUKS_PADDING_PSS, 0, CRYPTO_RSA_PSS},
    {OH_HUKS_ALG_RSA, 0x03, OH_HUKS_PADDING_OAEP, 0, CRYPTO_RSA_OAEP},
    {OH_HUKS_ALG_ECC, 0x0c, -1, 0, CRYPTO_ECDSA},
    {OH_HUKS_ALG_SM2, 0x0c, -1, 0, CRYPTO_ECDSA},
    {OH_HUKS_ALG_SM2, 0x03, -1, 0, CRYPTO_SM2},
    {OH_HUKS_ALG_DSA, 0x0c, -1, 0, CRYPTO_DSA},
    {OH_HUKS_ALG_ED25519, 0x0c, -1, 0, CRYPTO_EDDSA},
    {HUKS_ALG_ML_DSA, 0x0c, -1, 0, CRYPTO_ML_DSA},
    {OH_HUKS_ALG_AES, 0x03, -1, OH_HUKS_MODE_GCM, CRYPTO_AEAD},
    {OH_HUKS_ALG_AES, 0x03, -1, OH_HUKS_MODE_CCM, CRYPTO_AEAD},
    {OH_HUKS_ALG_AES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_SM4, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_DES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_3DES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_HMAC, 0x80, -1, 0, CRYPTO_HMAC},
    {OH_HUKS_ALG_SM3, 0x80, -1, 0, CRYPTO_HMAC},
    {HUKS_ALG_CMAC, 0x80, -1, 0, CRYPTO_CMAC},
};

static enum crypto_method method_of(uint32_t alg, uint32_t purpose, uint32_t padding, uint32_t mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        const struct method *row = &methods[i];
        if (row->alg == alg && (row->purposes & purpose) != 0 &&
            (row->padding < 0 || (uint32_t)row->padding == padding) &&
            (row->mode == 0 || row->mode == mode)) {
            return row->method;
        }
    }
    return CRYPTO_NONE;
}

static enum crypto_direction direction_of(uint32_t purpose)
{
    switch (purpose) {
    case OH_HUKS_KEY_PURPOSE_ENCRYPT:
        return CRYPTO_ENCRYPT;
    case OH_HUKS_KEY_PURPOSE_DECRYPT:
        return CRYPTO_DECRYPT;
    case OH_HUKS_KEY_PURPOSE_VERIFY:
        return CRYPTO_VERIFY;
    default:
        return CRYPTO_SIGN;
    }
}

/* Init's tag, else the key's. */
static uint32_t either(const OH_Huks_ParamSet *init, const OH_Huks_ParamSet *key, uint32_t tag,
                       uint32_t fallback)
{
    return param_u32(init, tag, param_u32(key, tag, fallback));
}

huks_rc native_spec(const OH_Huks_ParamSet *init, const OH_Huks_ParamSet *key, struct crypto_spec *spec)
{
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t purpose = param_u32(init, OH_HUKS_TAG_PURPOSE, 0);
    *spec = (struct crypto_spec){
        .direction = direction_of(purpose),
        .digest = either(init, key, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE),
        .padding = either(init, key, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE),
        .mode = either(init, key, OH_HUKS_TAG_BLOCK_MODE, 0),
        .mgf_digest = either(init, key, HUKS_TAG_MGF_DIGEST, OH_HUKS_DIGEST_NONE),
        .aad = param_bytes(init, OH_HUKS_TAG_ASSOCIATED_DATA),
        .tag = param_bytes(init, OH_HUKS_TAG_AE_TAG),
        .data_size = CRYPTO_SIZE_UNKNOWN,
        .der = true,
        .counter_bits = 128,
    };
    spec->method = method_of(alg, purpose, spec->padding, spec->mode);
    if (spec->method == CRYPTO_NONE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM, "algorithm");
    }
    bool aead = spec->method == CRYPTO_AEAD;
    spec->iv = param_bytes(init, aead ? OH_HUKS_TAG_NONCE : OH_HUKS_TAG_IV);
    spec->tag_size = aead ? param_u32(init, OH_HUKS_TAG_AE_TAG_LEN, OH_HUKS_AE_TAG_LEN) : 0;
    if (spec->method == CRYPTO_RSA_PSS) {
        uint32_t salt = either(init, key, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE, OH_HUKS_RSA_PSS_SALT_LEN_MAX);
        spec->salt_size = salt == OH_HUKS_RSA_PSS_SALT_LEN_DIGEST ? CRYPTO_SALT_DIGEST : CRYPTO_SALT_MAX;
    }
    return HUKS_OK;
}
