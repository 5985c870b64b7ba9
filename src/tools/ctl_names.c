/*
 * Words and numbers. See ctl_names.h.
 */
#include "tools/ctl_names.h"

#include <string.h>
#include <strings.h>

const struct name_row names_purpose[] = {
    {"encrypt", OH_HUKS_KEY_PURPOSE_ENCRYPT},
    {"decrypt", OH_HUKS_KEY_PURPOSE_DECRYPT},
    {"sign", OH_HUKS_KEY_PURPOSE_SIGN},
    {"verify", OH_HUKS_KEY_PURPOSE_VERIFY},
    {"mac", OH_HUKS_KEY_PURPOSE_MAC},
    {"derive", OH_HUKS_KEY_PURPOSE_DERIVE},
    {"agree", OH_HUKS_KEY_PURPOSE_AGREE},
    {"wrap", OH_HUKS_KEY_PURPOSE_WRAP},
    {"unwrap", OH_HUKS_KEY_PURPOSE_UNWRAP},
    {"sign-recover", HUKS_PURPOSE_SIGN_RECOVER},
    {"verify-recover", HUKS_PURPOSE_VERIFY_RECOVER},
    {"encapsulate", HUKS_PURPOSE_ENCAPSULATE},
    {"decapsulate", HUKS_PURPOSE_DECAPSULATE},
    {NULL, 0},
};

const struct name_row names_digest[] = {
    {"none", OH_HUKS_DIGEST_NONE},
    {"sha256", OH_HUKS_DIGEST_SHA256},
    {"sha384", OH_HUKS_DIGEST_SHA384},
    {"sha512", OH_HUKS_DIGEST_SHA512},
    {"sha224", OH_HUKS_DIGEST_SHA224},
    {"sha1", OH_HUKS_DIGEST_SHA1},
    {"md5", OH_HUKS_DIGEST_MD5},
    {"sm3", OH_HUKS_DIGEST_SM3},
    {"sha3-224", HUKS_DIGEST_SHA3_224},
    {"sha3-256", HUKS_DIGEST_SHA3_256},
    {"sha3-384", HUKS_DIGEST_SHA3_384},
    {"sha3-512", HUKS_DIGEST_SHA3_512},
    {"sha512-224", HUKS_DIGEST_SHA512_224},
    {"sha512-256", HUKS_DIGEST_SHA512_256},
    {NULL, 0},
};

const struct name_row names_padding[] = {
    {"none", OH_HUKS_PADDING_NONE},
    {"pkcs1", OH_HUKS_PADDING_PKCS1_V1_5},
    {"pss", OH_HUKS_PADDING_PSS},
    {"oaep", OH_HUKS_PADDING_OAEP},
    {"pkcs5", OH_HUKS_PADDING_PKCS5},
    {"pkcs7", OH_HUKS_PADDING_PKCS7},
    {"iso9796-2", OH_HUKS_PADDING_ISO_IEC_9796_2},
    {"iso9797-1", OH_HUKS_PADDING_ISO_IEC_9797_1},
    {NULL, 0},
};

const struct name_row names_mode[] = {
    {"ECB", OH_HUKS_MODE_ECB}, {"CBC", OH_HUKS_MODE_CBC},
    {"CTR", OH_HUKS_MODE_CTR}, {"OFB", OH_HUKS_MODE_OFB},
    {"CFB", OH_HUKS_MODE_CFB}, {"CCM", OH_HUKS_MODE_CCM},
    {"GCM", OH_HUKS_MODE_GCM}, {NULL, 0},
};

const struct name_row names_level[] = {
    {"DE", OH_HUKS_AUTH_STORAGE_LEVEL_DE},
    {"CE", OH_HUKS_AUTH_STORAGE_LEVEL_CE},
    {"ECE", OH_HUKS_AUTH_STORAGE_LEVEL_ECE},
    {NULL, 0},
};

const struct name_row names_class[] = {
    {"public key", HUKS_CLASS_PUBLIC_KEY},
    {"private key", HUKS_CLASS_PRIVATE_KEY},
    {"secret key", HUKS_CLASS_SECRET_KEY},
    {"certificate", HUKS_CLASS_CERTIFICATE},
    {"data", HUKS_CLASS_DATA},
    {"domain parameters", HUKS_CLASS_DOMAIN_PARAMETERS},
    {"profile", HUKS_CLASS_PROFILE},
    {"trust", HUKS_CLASS_TRUST},
    {"NSS trust", 0xce534353U},
    {NULL, 0},
};

const struct name_row names_origin[] = {
    {"imported", OH_HUKS_KEY_FLAG_IMPORT_KEY},
    {"generated", OH_HUKS_KEY_FLAG_GENERATE_KEY},
    {"agreed", OH_HUKS_KEY_FLAG_AGREE_KEY},
    {"derived", OH_HUKS_KEY_FLAG_DERIVE_KEY},
    {NULL, 0},
};

const struct name_row names_auth[] = {
    {"PIN", OH_HUKS_USER_AUTH_TYPE_PIN},
    {"fingerprint", OH_HUKS_USER_AUTH_TYPE_FINGERPRINT},
    {"face", OH_HUKS_USER_AUTH_TYPE_FACE},
    {"trusted-PIN", OH_HUKS_USER_AUTH_TYPE_TUI_PIN},
    {NULL, 0},
};

const struct name_row names_access[] = {
    {"void-when-the-PIN-is-cleared", OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD},
    {"void-when-a-finger-or-face-is-enrolled", OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL},
    {"always-valid", OH_HUKS_AUTH_ACCESS_ALWAYS_VALID},
    {NULL, 0},
};

/* The same as a person asks for it. */
const struct name_row names_invalid[] = {
    {"clear-password", OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD},
    {"new-biometric", OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL},
    {NULL, 0},
};

bool name_find(const struct name_row *rows, const char *name, uint32_t *number)
{
    for (; rows->name != NULL; rows++) {
        if (strcasecmp(rows->name, name) == 0) {
            *number = rows->number;
            return true;
        }
    }
    return false;
}

const char *name_of(const struct name_row *rows, uint32_t number)
{
    for (; rows->name != NULL; rows++) {
        if (rows->number == number) {
            return rows->name;
        }
    }
    return NULL;
}

#define SIGN    (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define CRYPT   (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define RECOVER (HUKS_PURPOSE_SIGN_RECOVER | HUKS_PURPOSE_VERIFY_RECOVER)
#define MAC     (SIGN | OH_HUKS_KEY_PURPOSE_MAC)
#define AGREE   OH_HUKS_KEY_PURPOSE_DERIVE /* as PKCS #11 has it: agreement is a derivation */
#define KEM     (HUKS_PURPOSE_ENCAPSULATE | HUKS_PURPOSE_DECAPSULATE)
#define VENDOR  0xc8550000u
#define NONE    OH_HUKS_DIGEST_NONE
#define SHA256  OH_HUKS_DIGEST_SHA256

const struct alg_row alg_rows[] = {
    {"rsa", "RSA", OH_HUKS_ALG_RSA, 0x00, 0x0000, true, false, 2048, SIGN | CRYPT | RECOVER, CRYPTO_RSA_PKCS1,
     SHA256},
    {"ec", "EC", OH_HUKS_ALG_ECC, 0x03, 0x1040, true, true, 256, SIGN, CRYPTO_ECDSA, SHA256},
    {"ed25519", "Ed25519", OH_HUKS_ALG_ED25519, 0x40, 0x1055, true, false, 0, SIGN, CRYPTO_EDDSA, NONE},
    {"ed448", "Ed448", HUKS_ALG_ED448, 0x40, 0x1055, true, false, 0, SIGN, CRYPTO_EDDSA, NONE},
    {"x25519", "X25519", OH_HUKS_ALG_X25519, 0x41, 0x1056, true, false, 0, AGREE, CRYPTO_NONE, NONE},
    {"x448", "X448", HUKS_ALG_X448, 0x41, 0x1056, true, false, 0, AGREE, CRYPTO_NONE, NONE},
    {"sm2", "SM2", OH_HUKS_ALG_SM2, VENDOR | 1, VENDOR | 1, true, false, 256, SIGN | CRYPT, CRYPTO_ECDSA,
     OH_HUKS_DIGEST_SM3},
    {"dsa", "DSA", OH_HUKS_ALG_DSA, 0x01, 0x0010, true, false, 2048, SIGN, CRYPTO_DSA, SHA256},
    {"dh", "DH", OH_HUKS_ALG_DH, 0x02, 0x0020, true, false, 2048, AGREE, CRYPTO_NONE, NONE},
    {"ml-dsa", "ML-DSA", HUKS_ALG_ML_DSA, 0x4a, 0x001c, true, false, 65, SIGN, CRYPTO_ML_DSA, NONE},
    {"slh-dsa", "SLH-DSA", HUKS_ALG_SLH_DSA, 0x4b, 0x002d, true, false, 1, SIGN, CRYPTO_SLH_DSA, NONE},
    {"ml-kem", "ML-KEM", HUKS_ALG_ML_KEM, 0x49, 0x000f, true, false, 768, KEM, CRYPTO_NONE, NONE},
    {"aes", "AES", OH_HUKS_ALG_AES, 0x1f, 0x1080, false, false, 256, SIGN | CRYPT, CRYPTO_CMAC, NONE},
    {"sm4", "SM4", OH_HUKS_ALG_SM4, VENDOR | 2, VENDOR | 6, false, false, 128, SIGN | CRYPT, CRYPTO_CMAC,
     NONE},
    {"3des", "3DES", HUKS_ALG_3DES, 0x15, 0x0131, false, false, 192, SIGN | CRYPT, CRYPTO_CMAC, NONE},
    {"chacha20", "ChaCha20", HUKS_ALG_CHACHA20, 0x33, 0x1225, false, false, 256, CRYPT, CRYPTO_NONE, NONE},
    {"hmac", "HMAC", OH_HUKS_ALG_HMAC, 0x10, 0x0350, false, false, 256, MAC, CRYPTO_HMAC, SHA256},
    {NULL, NULL, 0, 0, 0, false, false, 0, 0, CRYPTO_NONE, 0},
};

const struct alg_row *alg_by_name(const char *name)
{
    for (const struct alg_row *row = alg_rows; row->name != NULL; row++) {
        if (strcasecmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

const struct alg_row *alg_by_number(uint32_t alg)
{
    for (const struct alg_row *row = alg_rows; row->name != NULL; row++) {
        if (row->alg == alg) {
            return row;
        }
    }
    return NULL;
}
