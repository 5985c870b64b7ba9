/*
 * The mechanism table. A row says everything that generic code needs to know of a mechanism: what it may be
 * used for, its key sizes, the shape of its parameter, and what the engine calls it. Rows of one family
 * that differ in the hash alone are written by one macro.
 */
#include "pkcs11/mechanism_row.h"

#include "pkcs11/template.h"

#define RSA_MIN 1024
#define RSA_MAX 16384
#define EC_MIN  112
#define EC_MAX  571
#define MAC_MAX 2048 /* bytes of an HMAC key */

#define F_CRYPT  (CKF_ENCRYPT | CKF_DECRYPT)
#define F_SIGN   (CKF_SIGN | CKF_VERIFY)
#define F_RECOV  (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define F_WRAP   (CKF_WRAP | CKF_UNWRAP)
#define F_EC     (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)

#define NO_PAD OH_HUKS_PADDING_NONE
#define PKCS1  OH_HUKS_PADDING_PKCS1_V1_5
#define PSS    OH_HUKS_PADDING_PSS
#define OAEP   OH_HUKS_PADDING_OAEP
#define PKCS7  OH_HUKS_PADDING_PKCS7

/* type, flags, min, max, unit, shape, alg, method, digest, padding, mode */
#define RSA_HASHED(HASH, DIGEST)                                                                             \
    {CKM_##HASH##_RSA_PKCS, F_SIGN, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_RSA,                \
     CRYPTO_RSA_PKCS1, DIGEST, PKCS1, 0, 0, false},                                                          \
    {CKM_##HASH##_RSA_PKCS_PSS, F_SIGN, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_PSS, OH_HUKS_ALG_RSA,             \
     CRYPTO_RSA_PSS, DIGEST, PSS, 0, 0, false}
#define ECDSA_HASHED(HASH, DIGEST)                                                                           \
    {CKM_ECDSA_##HASH, F_SIGN | F_EC, EC_MIN, EC_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_ECC, CRYPTO_ECDSA,  \
     DIGEST, 0, 0, 0, false}
#define DSA_HASHED(HASH, DIGEST)                                                                             \
    {CKM_DSA_##HASH, F_SIGN, 1024, 3072, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_DSA, CRYPTO_DSA, DIGEST, 0, 0,   \
     0, false}
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
#define AES(NAME, FLAGS, SHAPE, METHOD, PADDING, MODE)                                                       \
    {CKM_AES_##NAME, FLAGS, 16, 32, UNIT_BYTES, SHAPE, OH_HUKS_ALG_AES, METHOD, 0, PADDING, MODE, 0, false}
#define CIPHER(TYPE, FLAGS, BYTES, SHAPE, ALG, PADDING, MODE, LEGACY)                                        \
    {TYPE, FLAGS, BYTES, BYTES, UNIT_BYTES, SHAPE, ALG, CRYPTO_CIPHER, 0, PADDING, MODE, 0, LEGACY}
#define SM4(N, SHAPE, PADDING, MODE)                                                                         \
    {CKM_HUKS_SM4_##N, F_CRYPT, 16, 16, UNIT_BYTES, SHAPE, OH_HUKS_ALG_SM4, CRYPTO_CIPHER, 0, PADDING, MODE, \
     0, false}

static const struct p11_mechanism rows[] = {
    /* RSA, PKCS #11 3.1 section 6.1 */
    {CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_RSA,
     CRYPTO_NONE, 0, 0, 0, CKK_RSA, false},
    {CKM_RSA_PKCS, F_CRYPT | F_SIGN | F_RECOV | F_WRAP, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_RSA,
     CRYPTO_RSA_PKCS1, OH_HUKS_DIGEST_NONE, PKCS1, 0, 0, false},
    {CKM_RSA_X_509, F_CRYPT | F_SIGN | F_RECOV, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_RSA,
     CRYPTO_RSA_RAW, OH_HUKS_DIGEST_NONE, NO_PAD, 0, 0, false},
    {CKM_RSA_PKCS_OAEP, F_CRYPT | F_WRAP, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_OAEP, OH_HUKS_ALG_RSA,
     CRYPTO_RSA_OAEP, 0, OAEP, 0, 0, false},
    {CKM_RSA_PKCS_PSS, F_SIGN, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_PSS, OH_HUKS_ALG_RSA, CRYPTO_RSA_PSS,
     OH_HUKS_DIGEST_NONE, PSS, 0, 0, false},
    {CKM_MD5_RSA_PKCS, F_SIGN, RSA_MIN, RSA_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_RSA, CRYPTO_RSA_PKCS1,
     OH_HUKS_DIGEST_MD5, PKCS1, 0, 0, true},
    RSA_HASHED(SHA1, OH_HUKS_DIGEST_SHA1),
    RSA_HASHED(SHA224, OH_HUKS_DIGEST_SHA224),
    RSA_HASHED(SHA256, OH_HUKS_DIGEST_SHA256),
    RSA_HASHED(SHA384, OH_HUKS_DIGEST_SHA384),
    RSA_HASHED(SHA512, OH_HUKS_DIGEST_SHA512),
    RSA_HASHED(SHA3_224, HUKS_DIGEST_SHA3_224),
    RSA_HASHED(SHA3_256, HUKS_DIGEST_SHA3_256),
    RSA_HASHED(SHA3_384, HUKS_DIGEST_SHA3_384),
    RSA_HASHED(SHA3_512, HUKS_DIGEST_SHA3_512),

    /* Elliptic curves, section 6.3 */
    {CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR | F_EC, EC_MIN, EC_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_ECC,
     CRYPTO_NONE, 0, 0, 0, CKK_EC, false},
    {CKM_EC_EDWARDS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR | F_EC, 255, 448, UNIT_BITS, SHAPE_NONE,
     OH_HUKS_ALG_ED25519, CRYPTO_NONE, 0, 0, 0, CKK_EC_EDWARDS, false},
    {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR | F_EC, 255, 448, UNIT_BITS, SHAPE_NONE,
     OH_HUKS_ALG_X25519, CRYPTO_NONE, 0, 0, 0, CKK_EC_MONTGOMERY, false},
    {CKM_ECDSA, F_SIGN | F_EC, EC_MIN, EC_MAX, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_ECC, CRYPTO_ECDSA,
     OH_HUKS_DIGEST_NONE, 0, 0, 0, false},
    ECDSA_HASHED(SHA1, OH_HUKS_DIGEST_SHA1),
    ECDSA_HASHED(SHA224, OH_HUKS_DIGEST_SHA224),
    ECDSA_HASHED(SHA256, OH_HUKS_DIGEST_SHA256),
    ECDSA_HASHED(SHA384, OH_HUKS_DIGEST_SHA384),
    ECDSA_HASHED(SHA512, OH_HUKS_DIGEST_SHA512),
    ECDSA_HASHED(SHA3_224, HUKS_DIGEST_SHA3_224),
    ECDSA_HASHED(SHA3_256, HUKS_DIGEST_SHA3_256),
    ECDSA_HASHED(SHA3_384, HUKS_DIGEST_SHA3_384),
    ECDSA_HASHED(SHA3_512, HUKS_DIGEST_SHA3_512),
    {CKM_EDDSA, F_SIGN | F_EC, 255, 448, UNIT_BITS, SHAPE_EDDSA, OH_HUKS_ALG_ED25519, CRYPTO_EDDSA, 0, 0, 0, 0,
     false},
    {CKM_ECDH1_DERIVE, CKF_DERIVE | F_EC, EC_MIN, EC_MAX, UNIT_BITS, SHAPE_ECDH, OH_HUKS_ALG_ECC, CRYPTO_ECDH, 0,
     0, 0, 0, false},
    {CKM_ECDH1_COFACTOR_DERIVE, CKF_DERIVE | F_EC, EC_MIN, EC_MAX, UNIT_BITS, SHAPE_ECDH, OH_HUKS_ALG_ECC,
     CRYPTO_ECDH, 0, 0, 0, 0, false},

    /* DSA and Diffie-Hellman, sections 6.2 and 6.4 */
    {CKM_DSA_PARAMETER_GEN, CKF_GENERATE, 1024, 3072, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_DSA, CRYPTO_NONE, 0, 0, 0,
     CKK_DSA, false},
    {CKM_DSA_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR, 1024, 3072, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_DSA, CRYPTO_NONE,
     0, 0, 0, CKK_DSA, false},
    {CKM_DSA, F_SIGN, 1024, 3072, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_DSA, CRYPTO_DSA, OH_HUKS_DIGEST_NONE, 0, 0, 0,
     false},
    DSA_HASHED(SHA1, OH_HUKS_DIGEST_SHA1),
    DSA_HASHED(SHA224, OH_HUKS_DIGEST_SHA224),
    DSA_HASHED(SHA256, OH_HUKS_DIGEST_SHA256),
    DSA_HASHED(SHA384, OH_HUKS_DIGEST_SHA384),
    DSA_HASHED(SHA512, OH_HUKS_DIGEST_SHA512),
    {CKM_DH_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR, 512, 8192, UNIT_BITS, SHAPE_NONE, OH_HUKS_ALG_DH,
     CRYPTO_NONE, 0, 0, 0, CKK_DH, false},
    {CKM_DH_PKCS_DERIVE, CKF_DERIVE, 512, 8192, UNIT_BITS, SHAPE_DH, OH_HUKS_ALG_DH, CRYPTO_DH, 0, 0, 0, 0, false},

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

    /* AES, sections 6.11 to 6.13 and 6.26 */
    {CKM_AES_KEY_GEN, CKF_GENERATE, 16, 32, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_AES, CRYPTO_NONE, 0, 0, 0, CKK_AES,
     false},
    AES(ECB, F_CRYPT, SHAPE_NONE, CRYPTO_CIPHER, NO_PAD, OH_HUKS_MODE_ECB),
    AES(CBC, F_CRYPT | F_WRAP, SHAPE_IV, CRYPTO_CIPHER, NO_PAD, OH_HUKS_MODE_CBC),
    AES(CBC_PAD, F_CRYPT | F_WRAP, SHAPE_IV, CRYPTO_CIPHER, PKCS7, OH_HUKS_MODE_CBC),
    AES(CTR, F_CRYPT, SHAPE_CTR, CRYPTO_CIPHER, NO_PAD, OH_HUKS_MODE_CTR),
    AES(OFB, F_CRYPT, SHAPE_IV, CRYPTO_CIPHER, NO_PAD, HUKS_MODE_OFB),
    AES(CFB8, F_CRYPT, SHAPE_IV, CRYPTO_CIPHER, NO_PAD, HUKS_MODE_CFB8),
    AES(CFB128, F_CRYPT, SHAPE_IV, CRYPTO_CIPHER, NO_PAD, HUKS_MODE_CFB128),
    AES(GCM, F_CRYPT, SHAPE_GCM, CRYPTO_AEAD, NO_PAD, OH_HUKS_MODE_GCM),
    AES(CCM, F_CRYPT, SHAPE_CCM, CRYPTO_AEAD, NO_PAD, OH_HUKS_MODE_CCM),
    AES(CMAC, F_SIGN, SHAPE_NONE, CRYPTO_CMAC, 0, 0),
    AES(CMAC_GENERAL, F_SIGN, SHAPE_MAC_LENGTH, CRYPTO_CMAC, 0, 0),
    AES(GMAC, F_SIGN, SHAPE_GMAC, CRYPTO_GMAC, 0, 0),
    AES(KEY_WRAP, F_CRYPT | F_WRAP, SHAPE_WRAP_IV, CRYPTO_KEY_WRAP, NO_PAD, HUKS_MODE_KW),
    AES(KEY_WRAP_PAD, F_CRYPT | F_WRAP, SHAPE_WRAP_IV, CRYPTO_KEY_WRAP, NO_PAD, HUKS_MODE_KWP),
    AES(KEY_WRAP_KWP, F_CRYPT | F_WRAP, SHAPE_WRAP_IV, CRYPTO_KEY_WRAP, NO_PAD, HUKS_MODE_KWP),

    /* DES3, section 6.15: for old data */
    {CKM_DES3_KEY_GEN, CKF_GENERATE, 24, 24, UNIT_BYTES, SHAPE_NONE, HUKS_ALG_3DES, CRYPTO_NONE, 0, 0, 0, CKK_DES3,
     true},
    CIPHER(CKM_DES3_ECB, F_CRYPT, 24, SHAPE_NONE, HUKS_ALG_3DES, NO_PAD, OH_HUKS_MODE_ECB, true),
    CIPHER(CKM_DES3_CBC, F_CRYPT, 24, SHAPE_IV, HUKS_ALG_3DES, NO_PAD, OH_HUKS_MODE_CBC, true),
    CIPHER(CKM_DES3_CBC_PAD, F_CRYPT, 24, SHAPE_IV, HUKS_ALG_3DES, PKCS7, OH_HUKS_MODE_CBC, true),

    /* ChaCha20-Poly1305, section 6.52 */
    {CKM_CHACHA20_KEY_GEN, CKF_GENERATE, 32, 32, UNIT_BYTES, SHAPE_NONE, HUKS_ALG_CHACHA20, CRYPTO_NONE, 0, 0, 0,
     CKK_CHACHA20, false},
    {CKM_CHACHA20_POLY1305, F_CRYPT, 32, 32, UNIT_BYTES, SHAPE_CHACHA_POLY, HUKS_ALG_CHACHA20, CRYPTO_AEAD, 0,
     NO_PAD, 0, 0, false},

    /* Derivations, sections 6.62 and 6.28 */
    {CKM_HKDF_KEY_GEN, CKF_GENERATE, 1, MAC_MAX, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_HMAC, CRYPTO_NONE, 0, 0, 0,
     CKK_HKDF, false},
    {CKM_HKDF_DERIVE, CKF_DERIVE, 1, MAC_MAX, UNIT_BYTES, SHAPE_HKDF, OH_HUKS_ALG_HMAC, CRYPTO_HKDF, 0, 0, 0, 0,
     false},
    {CKM_HKDF_DATA, CKF_DERIVE, 1, MAC_MAX, UNIT_BYTES, SHAPE_HKDF, OH_HUKS_ALG_HMAC, CRYPTO_HKDF, 0, 0, 0, 0,
     false},
    {CKM_PKCS5_PBKD2, CKF_GENERATE, 1, MAC_MAX, UNIT_BYTES, SHAPE_PBKDF2, OH_HUKS_ALG_HMAC, CRYPTO_PBKDF2, 0, 0, 0,
     CKK_GENERIC_SECRET, false},

    /* The vendor's: SM4 (include/huks/huks_pkcs11.h) */
    {CKM_HUKS_SM4_KEY_GEN, CKF_GENERATE, 16, 16, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_SM4, CRYPTO_NONE, 0, 0, 0,
     CKK_HUKS_SM4, false},
    SM4(ECB, SHAPE_NONE, NO_PAD, OH_HUKS_MODE_ECB),
    SM4(CBC, SHAPE_IV, NO_PAD, OH_HUKS_MODE_CBC),
    SM4(CBC_PAD, SHAPE_IV, PKCS7, OH_HUKS_MODE_CBC),
    SM4(CTR, SHAPE_CTR, NO_PAD, OH_HUKS_MODE_CTR),
    SM4(CFB128, SHAPE_IV, NO_PAD, HUKS_MODE_CFB128),
    SM4(OFB, SHAPE_IV, NO_PAD, HUKS_MODE_OFB),
};

/* ---- readers ---- */

/* Switched off by configuration: then it is not there. */
static bool row_offered(const struct p11_mechanism *row)
{
    return !row->legacy || engine_config(p11_engine())->legacy_mechanisms;
}

const struct p11_mechanism *p11_mechanism_find(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].type == type) {
            return row_offered(&rows[i]) ? &rows[i] : NULL;
        }
    }
    return NULL;
}

CK_MECHANISM_TYPE p11_mechanism_type(const struct p11_mechanism *mechanism)
{
    return mechanism->type;
}

CK_RV p11_mechanism_list(CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
    CK_ULONG total = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        total += row_offered(&rows[i]) ? 1 : 0;
    }
    CK_ULONG room = *count;
    *count = total;
    if (list == NULL) {
        return CKR_OK;
    }
    if (room < total) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "mechanism list");
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (row_offered(&rows[i])) {
            *list++ = rows[i].type;
        }
    }
    return CKR_OK;
}

CK_RV p11_mechanism_info(CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
    const struct p11_mechanism *row = p11_mechanism_find(type);
    if (row == NULL) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(type));
    }
    *info = (CK_MECHANISM_INFO){.ulMinKeySize = row->min, .ulMaxKeySize = row->max, .flags = row->flags};
    return CKR_OK;
}

bool p11_mechanism_allowed(struct item *item, CK_MECHANISM_TYPE type)
{
    struct bytes allowed = param_bytes(item_params(item), HUKS_TAG_ALLOWED_MECHANISMS);
    if (allowed.data == NULL) {
        return true;
    }
    for (size_t i = 0; i + 4 <= allowed.size; i += 4) {
        const uint8_t *at = allowed.data + i;
        uint32_t one = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        if (one == type) {
            return true;
        }
    }
    return false;
}

/* ---- which keys fit a row ---- */

/* Algorithms that stand in one row's stead: curves of one family, secrets of any kind for MACs and KDFs. */
static const uint32_t stands_for[][2] = {
    {OH_HUKS_ALG_HMAC, HUKS_ALG_GENERIC},     {OH_HUKS_ALG_HMAC, OH_HUKS_ALG_HKDF},
    {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH},      {OH_HUKS_ALG_ED25519, HUKS_ALG_ED448},
    {OH_HUKS_ALG_X25519, HUKS_ALG_X448},      {HUKS_ALG_CHACHA20, HUKS_ALG_POLY1305},
};

bool p11_mechanism_fits(const struct p11_mechanism *row, const struct item *item)
{
    uint32_t alg = item_alg(item);
    if (alg == row->alg) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(stands_for); i++) {
        if (stands_for[i][0] == row->alg && stands_for[i][1] == alg) {
            return true;
        }
    }
    switch (row->method) {
    case CRYPTO_ECDH: /* Montgomery keys use the ECDH mechanisms */
        return alg == OH_HUKS_ALG_X25519 || alg == HUKS_ALG_X448 || alg == OH_HUKS_ALG_ECDH;
    case CRYPTO_HKDF: /* any secret can be input keying material */
        return item_class(item) == HUKS_CLASS_SECRET_KEY;
    default:
        return false;
    }
}
