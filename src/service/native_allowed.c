/*
 * CKA_ALLOWED_MECHANISMS at the native door: a key from PKCS #11 whose list names the mechanisms it may be
 * used with does natively what one of them does, and nothing else. Mechanisms are known by the standard's
 * numbers (PKCS #11 3.2 and include/huks/huks_pkcs11.h).
 */
#include "param/rules.h"
#include "service/aliased.h"

#define ANY    UINT32_MAX
#define VENDOR 0xc8550000u

#define NO_PAD OH_HUKS_PADDING_NONE
#define PKCS1  OH_HUKS_PADDING_PKCS1_V1_5
#define PSS    OH_HUKS_PADDING_PSS
#define OAEP   OH_HUKS_PADDING_OAEP
#define PKCS7  OH_HUKS_PADDING_PKCS7

#define CRYPTS (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define SIGNS  (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define MACS   OH_HUKS_KEY_PURPOSE_MAC
#define AGREES OH_HUKS_KEY_PURPOSE_AGREE
#define DERIVE OH_HUKS_KEY_PURPOSE_DERIVE

/* What a mechanism does in HUKS's words. One that takes a finished hash does what any digest would do. */
static const struct word {
    uint32_t mechanism;
    uint32_t alg, purposes;
    uint32_t digest, padding, mode;
} words[] = {
#define RSA(number, purposes, digest, padding)                                                               \
    {                                                                                                        \
        number, OH_HUKS_ALG_RSA, purposes, digest, padding, ANY                                              \
    }
#define SIGNED(number, alg, digest)                                                                          \
    {                                                                                                        \
        number, OH_HUKS_ALG_##alg, SIGNS, digest, ANY, ANY                                                   \
    }
#define CIPHER(number, alg, padding, mode)                                                                   \
    {                                                                                                        \
        number, OH_HUKS_ALG_##alg, CRYPTS, ANY, padding, OH_HUKS_MODE_##mode                                 \
    }
#define MAC(number, alg, digest)                                                                             \
    {                                                                                                        \
        number, OH_HUKS_ALG_##alg, MACS, digest, ANY, ANY                                                    \
    }
    RSA(0x001, CRYPTS | SIGNS, ANY, PKCS1),
    RSA(0x003, CRYPTS | SIGNS, ANY, NO_PAD),
    RSA(0x009, CRYPTS, ANY, OAEP),
    RSA(0x00d, SIGNS, ANY, PSS),
    RSA(0x005, SIGNS, OH_HUKS_DIGEST_MD5, PKCS1),
    RSA(0x006, SIGNS, OH_HUKS_DIGEST_SHA1, PKCS1),
    RSA(0x046, SIGNS, OH_HUKS_DIGEST_SHA224, PKCS1),
    RSA(0x040, SIGNS, OH_HUKS_DIGEST_SHA256, PKCS1),
    RSA(0x041, SIGNS, OH_HUKS_DIGEST_SHA384, PKCS1),
    RSA(0x042, SIGNS, OH_HUKS_DIGEST_SHA512, PKCS1),
    RSA(0x00e, SIGNS, OH_HUKS_DIGEST_SHA1, PSS),
    RSA(0x047, SIGNS, OH_HUKS_DIGEST_SHA224, PSS),
    RSA(0x043, SIGNS, OH_HUKS_DIGEST_SHA256, PSS),
    RSA(0x044, SIGNS, OH_HUKS_DIGEST_SHA384, PSS),
    RSA(0x045, SIGNS, OH_HUKS_DIGEST_SHA512, PSS),
    SIGNED(0x1041, ECC, ANY),
    SIGNED(0x1042, ECC, OH_HUKS_DIGEST_SHA1),
    SIGNED(0x1043, ECC, OH_HUKS_DIGEST_SHA224),
    SIGNED(0x1044, ECC, OH_HUKS_DIGEST_SHA256),
    SIGNED(0x1045, ECC, OH_HUKS_DIGEST_SHA384),
    SIGNED(0x1046, ECC, OH_HUKS_DIGEST_SHA512),
    SIGNED(0x011, DSA, ANY),
    SIGNED(0x012, DSA, OH_HUKS_DIGEST_SHA1),
    SIGNED(0x013, DSA, OH_HUKS_DIGEST_SHA224),
    SIGNED(0x014, DSA, OH_HUKS_DIGEST_SHA256),
    SIGNED(0x015, DSA, OH_HUKS_DIGEST_SHA384),
    SIGNED(0x016, DSA, OH_HUKS_DIGEST_SHA512),
    SIGNED(0x1057, ED25519, ANY),
    SIGNED(VENDOR | 2, SM2, OH_HUKS_DIGEST_SM3),
    {VENDOR | 3, OH_HUKS_ALG_SM2, CRYPTS, ANY, ANY, ANY},
    CIPHER(0x1081, AES, NO_PAD, ECB),
    CIPHER(0x1082, AES, NO_PAD, CBC),
    CIPHER(0x1085, AES, PKCS7, CBC),
    CIPHER(0x1086, AES, NO_PAD, CTR),
    CIPHER(0x1087, AES, NO_PAD, GCM),
    CIPHER(0x1088, AES, NO_PAD, CCM),
    CIPHER(VENDOR | 7, SM4, NO_PAD, ECB),
    CIPHER(VENDOR | 8, SM4, NO_PAD, CBC),
    CIPHER(VENDOR | 9, SM4, PKCS7, CBC),
    CIPHER(VENDOR | 10, SM4, NO_PAD, CTR),
    CIPHER(VENDOR | 11, SM4, NO_PAD, CFB),
    CIPHER(VENDOR | 12, SM4, NO_PAD, OFB),
    CIPHER(0x121, DES, NO_PAD, ECB),
    CIPHER(0x122, DES, NO_PAD, CBC),
    CIPHER(0x132, 3DES, NO_PAD, ECB),
    CIPHER(0x133, 3DES, NO_PAD, CBC),
    MAC(0x221, HMAC, OH_HUKS_DIGEST_SHA1),
    MAC(0x256, HMAC, OH_HUKS_DIGEST_SHA224),
    MAC(0x251, HMAC, OH_HUKS_DIGEST_SHA256),
    MAC(0x261, HMAC, OH_HUKS_DIGEST_SHA384),
    MAC(0x271, HMAC, OH_HUKS_DIGEST_SHA512),
    MAC(VENDOR | 5, HMAC, OH_HUKS_DIGEST_SM3),
    MAC(VENDOR | 5, SM3, OH_HUKS_DIGEST_SM3),
    MAC(0x108a, CMAC, ANY), /* AES */
    MAC(0x138, CMAC, ANY),  /* DES3 */
    {0x1050, OH_HUKS_ALG_ECDH, AGREES, ANY, ANY, ANY},
    {0x1050, OH_HUKS_ALG_X25519, AGREES, ANY, ANY, ANY},
    {0x021, OH_HUKS_ALG_DH, AGREES, ANY, ANY, ANY},
    {0x402a, OH_HUKS_ALG_HKDF, DERIVE, ANY, ANY, ANY},
    {0x402b, OH_HUKS_ALG_HKDF, DERIVE, ANY, ANY, ANY},
    {0x3b0, OH_HUKS_ALG_PBKDF2, DERIVE, ANY, ANY, ANY},
#undef RSA
#undef SIGNED
#undef CIPHER
#undef MAC
};

static bool names(struct bytes list, uint32_t mechanism)
{
    for (size_t i = 0; i + 4 <= list.size; i += 4) {
        const uint8_t *at = list.data + i;
        if (((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24) ==
            mechanism) {
            return true;
        }
    }
    return false;
}

huks_rc native_allowed(const struct item *item, const OH_Huks_ParamSet *init)
{
    struct bytes list = param_bytes(item_params(item), HUKS_TAG_ALLOWED_MECHANISMS);
    if (list.data == NULL) {
        return HUKS_OK;
    }
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t purpose = param_u32(init, OH_HUKS_TAG_PURPOSE, 0);
    uint32_t digest = param_u32(init, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE);
    uint32_t padding = param_u32(init, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE);
    uint32_t mode = param_u32(init, OH_HUKS_TAG_BLOCK_MODE, 0);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        const struct word *word = &words[i];
        if (word->alg == alg && (word->purposes & purpose) != 0 &&
            (word->digest == ANY || word->digest == digest) &&
            (word->padding == ANY || word->padding == padding) && (word->mode == ANY || word->mode == mode) &&
            names(list, word->mechanism)) {
            return HUKS_OK;
        }
    }
    return error_illegal(ABOUT_PURPOSE, ILLEGAL_ARGUMENT);
}
