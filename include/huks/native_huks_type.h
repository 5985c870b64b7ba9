/*
 * Types, enumerations, tags and error codes of the native HUKS API (OH_Huks_*).
 *
 * Names and numbers are those of the OpenHarmony native API, so that a program written for HUKS compiles
 * here unchanged; the words are our own. "Since" names the OpenHarmony API level a name appeared in.
 * Every struct has its OpenHarmony layout on 64-bit platforms. Usable from C and from C++.
 *
 * Lengths are bytes unless a comment says bits. Nothing in this header allocates or owns memory.
 */
#ifndef HUKS_NATIVE_HUKS_TYPE_H
#define HUKS_NATIVE_HUKS_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sizes and limits ---- */

/* Authentication tag of GCM, and of CCM unless OH_HUKS_TAG_AE_TAG_LEN says otherwise. */
#define OH_HUKS_AE_TAG_LEN 16
#define OH_HUKS_BITS_PER_BYTE 8
/* Longest key material that can be imported in the clear. */
#define OH_HUKS_MAX_KEY_SIZE 2048
/* Nonce that GCM encryption makes when none is given. */
#define OH_HUKS_AE_NONCE_LEN 12
/* Documented length of an alias. Aliases of up to 128 bytes are accepted, as HUKS itself does. */
#define OH_HUKS_MAX_KEY_ALIAS_LEN 64
#define OH_HUKS_MAX_PROCESS_NAME_LEN 50
#define OH_HUKS_MAX_RANDOM_LEN 1024
/* Smallest buffer that takes an Ed25519 signature. */
#define OH_HUKS_SIGNATURE_MIN_SIZE 64
/* Ceiling of a collected message and of derived bytes. */
#define OH_HUKS_MAX_OUT_BLOB_SIZE (5 * 1024 * 1024)
#define OH_HUKS_WRAPPED_FORMAT_MAX_SIZE (1024 * 1024)
/* Length-value fields of a wrapped key (suites 1 and 2). */
#define OH_HUKS_IMPORT_WRAPPED_KEY_TOTAL_BLOBS 10
#define TOKEN_CHALLENGE_LEN 32
#define SHA256_SIGN_LEN 32
#define TOKEN_SIZE 32
/* Longest documented OH_HUKS_TAG_AUTH_TIMEOUT, in seconds. */
#define MAX_AUTH_TIMEOUT_SECOND 600
/* First four bytes of what a secure signature signs. */
#define SECURE_SIGN_VERSION 0x01000001

/* ---- what a key is and may do ---- */

/* What a key may do. A mask when a key is made; exactly one bit when an operation begins. */
enum OH_Huks_KeyPurpose {
    OH_HUKS_KEY_PURPOSE_ENCRYPT = 1,
    OH_HUKS_KEY_PURPOSE_DECRYPT = 2,
    OH_HUKS_KEY_PURPOSE_SIGN = 4,
    OH_HUKS_KEY_PURPOSE_VERIFY = 8,
    OH_HUKS_KEY_PURPOSE_DERIVE = 16, /* base key of a key derivation                      */
    OH_HUKS_KEY_PURPOSE_WRAP = 32,   /* encrypts another key that leaves                  */
    OH_HUKS_KEY_PURPOSE_UNWRAP = 64, /* decrypts another key that comes in                */
    OH_HUKS_KEY_PURPOSE_MAC = 128,
    OH_HUKS_KEY_PURPOSE_AGREE = 256 /* own half of a key agreement                        */
};

enum OH_Huks_KeyDigest {
    OH_HUKS_DIGEST_NONE = 0, /* the caller hashes: input is the digest                    */
    OH_HUKS_DIGEST_MD5 = 1,
    OH_HUKS_DIGEST_SM3 = 2,
    OH_HUKS_DIGEST_SHA1 = 10,
    OH_HUKS_DIGEST_SHA224 = 11,
    OH_HUKS_DIGEST_SHA256 = 12,
    OH_HUKS_DIGEST_SHA384 = 13,
    OH_HUKS_DIGEST_SHA512 = 14
};

enum OH_Huks_KeyPadding {
    OH_HUKS_PADDING_NONE = 0,
    OH_HUKS_PADDING_OAEP = 1,
    OH_HUKS_PADDING_PSS = 2,
    OH_HUKS_PADDING_PKCS1_V1_5 = 3,
    OH_HUKS_PADDING_PKCS5 = 4,
    OH_HUKS_PADDING_PKCS7 = 5,
    OH_HUKS_PADDING_ISO_IEC_9796_2 = 6, /* since 18 */
    OH_HUKS_PADDING_ISO_IEC_9797_1 = 7  /* since 18 */
};

enum OH_Huks_CipherMode {
    OH_HUKS_MODE_ECB = 1,
    OH_HUKS_MODE_CBC = 2,
    OH_HUKS_MODE_CTR = 3,
    OH_HUKS_MODE_OFB = 4,
    OH_HUKS_MODE_CFB = 5, /* since 12 */
    OH_HUKS_MODE_CCM = 31,
    OH_HUKS_MODE_GCM = 32
};

/* Values of OH_HUKS_TAG_KEY_SIZE, in bits. */
enum OH_Huks_KeySize {
    OH_HUKS_RSA_KEY_SIZE_512 = 512,
    OH_HUKS_RSA_KEY_SIZE_768 = 768,
    OH_HUKS_RSA_KEY_SIZE_1024 = 1024,
    OH_HUKS_RSA_KEY_SIZE_2048 = 2048,
    OH_HUKS_RSA_KEY_SIZE_3072 = 3072,
    OH_HUKS_RSA_KEY_SIZE_4096 = 4096,

    OH_HUKS_ECC_KEY_SIZE_224 = 224,
    OH_HUKS_ECC_KEY_SIZE_256 = 256,
    OH_HUKS_ECC_KEY_SIZE_384 = 384,
    OH_HUKS_ECC_KEY_SIZE_521 = 521,

    OH_HUKS_AES_KEY_SIZE_128 = 128,
    OH_HUKS_AES_KEY_SIZE_192 = 192,
    OH_HUKS_AES_KEY_SIZE_256 = 256,
    OH_HUKS_AES_KEY_SIZE_512 = 512,

    OH_HUKS_CURVE25519_KEY_SIZE_256 = 256,

    OH_HUKS_DH_KEY_SIZE_2048 = 2048,
    OH_HUKS_DH_KEY_SIZE_3072 = 3072,
    OH_HUKS_DH_KEY_SIZE_4096 = 4096,

    OH_HUKS_SM2_KEY_SIZE_256 = 256,
    OH_HUKS_SM4_KEY_SIZE_128 = 128,

    OH_HUKS_DES_KEY_SIZE_64 = 64,    /* since 18 */
    OH_HUKS_3DES_KEY_SIZE_128 = 128, /* since 18 */
    OH_HUKS_3DES_KEY_SIZE_192 = 192  /* since 18 */
};

enum OH_Huks_KeyAlg {
    OH_HUKS_ALG_RSA = 1,
    OH_HUKS_ALG_ECC = 2,
    OH_HUKS_ALG_DSA = 3,

    OH_HUKS_ALG_AES = 20,
    OH_HUKS_ALG_HMAC = 50,
    OH_HUKS_ALG_HKDF = 51,
    OH_HUKS_ALG_PBKDF2 = 52,

    OH_HUKS_ALG_ECDH = 100,
    OH_HUKS_ALG_X25519 = 101,
    OH_HUKS_ALG_ED25519 = 102,
    OH_HUKS_ALG_DH = 103,

    OH_HUKS_ALG_SM2 = 150,
    OH_HUKS_ALG_SM3 = 151, /* HMAC with SM3 */
    OH_HUKS_ALG_SM4 = 152,
    OH_HUKS_ALG_DES = 160,  /* since 18 */
    OH_HUKS_ALG_3DES = 161, /* since 18 */
    OH_HUKS_ALG_CMAC = 162  /* since 18 */
};

/*
 * How a key comes in encrypted (OH_Huks_ImportWrappedKeyItem). A wrapped key is a sequence of fields, each
 * a 4-byte little-endian length followed by that many bytes. Fields of suites 1 and 2, in order: peer
 * public key, AAD, nonce, tag, encrypted key-encryption key, AAD, nonce, tag, size of the key material,
 * encrypted key material.
 */
enum OH_Huks_AlgSuite {
    OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING = 1,
    OH_HUKS_UNWRAP_SUITE_ECDH_AES_256_GCM_NOPADDING = 2,
    OH_HUKS_UNWRAP_SUITE_SM2_SM4_ECB_NOPADDING = 5 /* since 23 */
};

enum OH_Huks_KeyGenerateType {
    OH_HUKS_KEY_GENERATE_TYPE_DEFAULT = 0,
    OH_HUKS_KEY_GENERATE_TYPE_DERIVE = 1,
    OH_HUKS_KEY_GENERATE_TYPE_AGREE = 2
};

/* Where a key came from. Set by the keystore. */
enum OH_Huks_KeyFlag {
    OH_HUKS_KEY_FLAG_IMPORT_KEY = 1,
    OH_HUKS_KEY_FLAG_GENERATE_KEY = 2,
    OH_HUKS_KEY_FLAG_AGREE_KEY = 3,
    OH_HUKS_KEY_FLAG_DERIVE_KEY = 4
};

enum OH_Huks_KeyStorageType {
    OH_HUKS_STORAGE_TEMP = 0,              /* handed to the caller, not kept                    */
    OH_HUKS_STORAGE_PERSISTENT = 1,        /* kept under its alias                              */
    OH_HUKS_STORAGE_ONLY_USED_IN_HUKS = 2, /* what is derived or agreed stays inside            */
    OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED = 3 /* what is derived or agreed goes to the caller      */
};

/* Which half OH_Huks_ImportKeyItem gets. Ignored for symmetric keys; absent means the public one. */
enum OH_Huks_ImportKeyType {
    OH_HUKS_KEY_TYPE_PUBLIC_KEY = 0,
    OH_HUKS_KEY_TYPE_PRIVATE_KEY = 1,
    OH_HUKS_KEY_TYPE_KEY_PAIR = 2
};

/* Since 10. */
enum OH_Huks_RsaPssSaltLenType {
    OH_HUKS_RSA_PSS_SALT_LEN_DIGEST = 0, /* salt as long as the digest                          */
    OH_HUKS_RSA_PSS_SALT_LEN_MAX = 1     /* as long as the modulus allows                       */
};

/* ---- results ---- */

/* Values of OH_Huks_Result.errorCode. */
enum OH_Huks_ErrCode {
    OH_HUKS_SUCCESS = 0,
    OH_HUKS_ERR_CODE_PERMISSION_FAIL = 201,
    OH_HUKS_ERR_CODE_ILLEGAL_ARGUMENT = 401,
    OH_HUKS_ERR_CODE_NOT_SUPPORTED_API = 801,

    OH_HUKS_ERR_CODE_FEATURE_NOT_SUPPORTED = 12000001,
    OH_HUKS_ERR_CODE_MISSING_CRYPTO_ALG_ARGUMENT = 12000002,
    OH_HUKS_ERR_CODE_INVALID_CRYPTO_ALG_ARGUMENT = 12000003,
    OH_HUKS_ERR_CODE_FILE_OPERATION_FAIL = 12000004,
    OH_HUKS_ERR_CODE_COMMUNICATION_FAIL = 12000005,
    OH_HUKS_ERR_CODE_CRYPTO_FAIL = 12000006,
    OH_HUKS_ERR_CODE_KEY_AUTH_PERMANENTLY_INVALIDATED = 12000007,
    OH_HUKS_ERR_CODE_KEY_AUTH_VERIFY_FAILED = 12000008,
    OH_HUKS_ERR_CODE_KEY_AUTH_TIME_OUT = 12000009,
    OH_HUKS_ERR_CODE_SESSION_LIMIT = 12000010,
    OH_HUKS_ERR_CODE_ITEM_NOT_EXIST = 12000011,
    OH_HUKS_ERR_CODE_INTERNAL_ERROR = 12000012,
    OH_HUKS_ERR_CODE_CREDENTIAL_NOT_EXIST = 12000013,
    OH_HUKS_ERR_CODE_INSUFFICIENT_MEMORY = 12000014,
    OH_HUKS_ERR_CODE_CALL_SERVICE_FAILED = 12000015,
    OH_HUKS_ERR_CODE_DEVICE_PASSWORD_UNSET = 12000016, /* since 11 */
    OH_HUKS_ERR_CODE_KEY_ALREADY_EXIST = 12000017,     /* since 20 */
    OH_HUKS_ERR_CODE_INVALID_ARGUMENT = 12000018,      /* since 20 */

    /* External key devices (since 22). Declared for source compatibility; never returned here. */
    OH_HUKS_ERR_CODE_ITEM_EXISTS = 12000019,
    OH_HUKS_ERR_CODE_EXTERNAL_MODULE = 12000020,
    OH_HUKS_ERR_CODE_PIN_LOCKED = 12000021,
    OH_HUKS_ERR_CODE_PIN_INCORRECT = 12000022,
    OH_HUKS_ERR_CODE_PIN_NO_AUTH = 12000023,
    OH_HUKS_ERR_CODE_BUSY = 12000024,
    OH_HUKS_ERR_CODE_EXCEED_LIMIT = 12000025
};

/* ---- user authentication ---- */

/* Ways to authenticate; a mask. */
enum OH_Huks_UserAuthType {
    OH_HUKS_USER_AUTH_TYPE_FINGERPRINT = 1 << 0,
    OH_HUKS_USER_AUTH_TYPE_FACE = 1 << 1,
    OH_HUKS_USER_AUTH_TYPE_PIN = 1 << 2,
    OH_HUKS_USER_AUTH_TYPE_TUI_PIN = 1 << 5 /* since 20 */
};

/* What makes a bound key void for good; a mask. ALWAYS_VALID stands alone. */
enum OH_Huks_AuthAccessType {
    OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD = 1 << 0, /* the PIN was removed                 */
    OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL = 1 << 1, /* a new finger or face was enrolled   */
    OH_HUKS_AUTH_ACCESS_ALWAYS_VALID = 1 << 2            /* since 11                            */
};

/* When a stored key can be read. Since 11. */
enum OH_Huks_AuthStorageLevel {
    OH_HUKS_AUTH_STORAGE_LEVEL_DE = 0, /* always                                                */
    OH_HUKS_AUTH_STORAGE_LEVEL_CE = 1, /* from the first login on; the default                  */
    OH_HUKS_AUTH_STORAGE_LEVEL_ECE = 2 /* while logged in                                       */
};

/* Since 12. */
enum OH_Huks_UserAuthMode {
    OH_HUKS_USER_AUTH_MODE_LOCAL = 0,
    OH_HUKS_USER_AUTH_MODE_COAUTH = 1
};

enum OH_Huks_ChallengeType {
    OH_HUKS_CHALLENGE_TYPE_NORMAL = 0, /* 32 bytes: one authentication, one operation           */
    OH_HUKS_CHALLENGE_TYPE_CUSTOM = 1, /* 8 of 32 bytes: one authentication, up to 4 operations */
    OH_HUKS_CHALLENGE_TYPE_NONE = 2    /* none: any authentication within the time-out          */
};

/* Which 8 bytes of a 32-byte custom challenge are this operation's. */
enum OH_Huks_ChallengePosition {
    OH_HUKS_CHALLENGE_POS_0 = 0, /* bytes 0 … 7   */
    OH_HUKS_CHALLENGE_POS_1,     /* bytes 8 … 15  */
    OH_HUKS_CHALLENGE_POS_2,     /* bytes 16 … 23 */
    OH_HUKS_CHALLENGE_POS_3      /* bytes 24 … 31 */
};

/* A secure signature covers who authenticated, and carries it in front. */
enum OH_Huks_SecureSignType {
    OH_HUKS_SECURE_SIGN_WITH_AUTHINFO = 1
};

/* Since 22. */
typedef enum OH_Huks_KeyClassType {
    OH_HUKS_KEY_CLASS_DEFAULT = 0,  /* the keystore itself                                      */
    OH_HUKS_KEY_CLASS_EXTENSION = 1 /* an external key device                                   */
} OH_Huks_KeyClassType;

/* How OH_Huks_WrapKey protects a key that leaves. Since 20. */
enum OH_Huks_KeyWrapType {
    OH_HUKS_KEY_WRAP_TYPE_HUK_BASED = 2 /* under a key of this device                           */
};

/* ---- tags ---- */

/* The upper four bits of a tag say which member of OH_Huks_Param's union holds the value. */
enum OH_Huks_TagType {
    OH_HUKS_TAG_TYPE_INVALID = 0 << 28,
    OH_HUKS_TAG_TYPE_INT = 1 << 28,   /* int32Param  */
    OH_HUKS_TAG_TYPE_UINT = 2 << 28,  /* uint32Param */
    OH_HUKS_TAG_TYPE_ULONG = 3 << 28, /* uint64Param */
    OH_HUKS_TAG_TYPE_BOOL = 4 << 28,  /* boolParam   */
    OH_HUKS_TAG_TYPE_BYTES = 5 << 28  /* blob        */
};

/* What a parameter means: type bits | number. */
enum OH_Huks_Tag {
    /* the key and its algorithm */
    OH_HUKS_TAG_ALGORITHM = OH_HUKS_TAG_TYPE_UINT | 1,  /* enum OH_Huks_KeyAlg                  */
    OH_HUKS_TAG_PURPOSE = OH_HUKS_TAG_TYPE_UINT | 2,    /* mask of enum OH_Huks_KeyPurpose      */
    OH_HUKS_TAG_KEY_SIZE = OH_HUKS_TAG_TYPE_UINT | 3,   /* bits                                 */
    OH_HUKS_TAG_DIGEST = OH_HUKS_TAG_TYPE_UINT | 4,     /* enum OH_Huks_KeyDigest               */
    OH_HUKS_TAG_PADDING = OH_HUKS_TAG_TYPE_UINT | 5,    /* enum OH_Huks_KeyPadding              */
    OH_HUKS_TAG_BLOCK_MODE = OH_HUKS_TAG_TYPE_UINT | 6, /* enum OH_Huks_CipherMode              */
    OH_HUKS_TAG_KEY_TYPE = OH_HUKS_TAG_TYPE_UINT | 7,   /* not used                             */
    OH_HUKS_TAG_ASSOCIATED_DATA = OH_HUKS_TAG_TYPE_BYTES | 8, /* AAD of GCM and CCM             */
    OH_HUKS_TAG_NONCE = OH_HUKS_TAG_TYPE_BYTES | 9,           /* of GCM and CCM                 */
    OH_HUKS_TAG_IV = OH_HUKS_TAG_TYPE_BYTES | 10,             /* of every other mode but ECB    */

    /* derivation and agreement */
    OH_HUKS_TAG_INFO = OH_HUKS_TAG_TYPE_BYTES | 11,              /* HKDF's info                 */
    OH_HUKS_TAG_SALT = OH_HUKS_TAG_TYPE_BYTES | 12,              /* HKDF's and PBKDF2's salt    */
    OH_HUKS_TAG_ITERATION = OH_HUKS_TAG_TYPE_UINT | 14,          /* PBKDF2's count              */
    OH_HUKS_TAG_KEY_GENERATE_TYPE = OH_HUKS_TAG_TYPE_UINT | 15,  /* enum OH_Huks_KeyGenerateType */
    OH_HUKS_TAG_AGREE_ALG = OH_HUKS_TAG_TYPE_UINT | 19,
    OH_HUKS_TAG_AGREE_PUBLIC_KEY_IS_KEY_ALIAS = OH_HUKS_TAG_TYPE_BOOL | 20,
    OH_HUKS_TAG_AGREE_PRIVATE_KEY_ALIAS = OH_HUKS_TAG_TYPE_BYTES | 21,
    OH_HUKS_TAG_AGREE_PUBLIC_KEY = OH_HUKS_TAG_TYPE_BYTES | 22,
    OH_HUKS_TAG_KEY_ALIAS = OH_HUKS_TAG_TYPE_BYTES | 23,         /* where the result is stored  */
    OH_HUKS_TAG_DERIVE_KEY_SIZE = OH_HUKS_TAG_TYPE_UINT | 24,    /* bytes, not bits             */
    OH_HUKS_TAG_IMPORT_KEY_TYPE = OH_HUKS_TAG_TYPE_UINT | 25,    /* enum OH_Huks_ImportKeyType  */
    OH_HUKS_TAG_UNWRAP_ALGORITHM_SUITE = OH_HUKS_TAG_TYPE_UINT | 26, /* enum OH_Huks_AlgSuite   */
    OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG = OH_HUKS_TAG_TYPE_UINT | 29,
    OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE = OH_HUKS_TAG_TYPE_UINT | 30,

    /* access control */
    OH_HUKS_TAG_ALL_USERS = OH_HUKS_TAG_TYPE_BOOL | 301,
    OH_HUKS_TAG_USER_ID = OH_HUKS_TAG_TYPE_UINT | 302,
    OH_HUKS_TAG_NO_AUTH_REQUIRED = OH_HUKS_TAG_TYPE_BOOL | 303,
    OH_HUKS_TAG_USER_AUTH_TYPE = OH_HUKS_TAG_TYPE_UINT | 304,       /* mask                     */
    OH_HUKS_TAG_AUTH_TIMEOUT = OH_HUKS_TAG_TYPE_UINT | 305,         /* seconds; challenge NONE  */
    OH_HUKS_TAG_AUTH_TOKEN = OH_HUKS_TAG_TYPE_BYTES | 306,
    OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE = OH_HUKS_TAG_TYPE_UINT | 307, /* mask                     */
    OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE = OH_HUKS_TAG_TYPE_UINT | 308,
    OH_HUKS_TAG_CHALLENGE_TYPE = OH_HUKS_TAG_TYPE_UINT | 309,
    OH_HUKS_TAG_CHALLENGE_POS = OH_HUKS_TAG_TYPE_UINT | 310,
    OH_HUKS_TAG_KEY_AUTH_PURPOSE = OH_HUKS_TAG_TYPE_UINT | 311,     /* purposes that need it    */
    OH_HUKS_TAG_AUTH_STORAGE_LEVEL = OH_HUKS_TAG_TYPE_UINT | 316,   /* since 11                 */
    OH_HUKS_TAG_USER_AUTH_MODE = OH_HUKS_TAG_TYPE_UINT | 319,       /* since 12                 */

    /* attestation */
    OH_HUKS_TAG_ATTESTATION_CHALLENGE = OH_HUKS_TAG_TYPE_BYTES | 501,
    OH_HUKS_TAG_ATTESTATION_APPLICATION_ID = OH_HUKS_TAG_TYPE_BYTES | 502,
    OH_HUKS_TAG_ATTESTATION_ID_ALIAS = OH_HUKS_TAG_TYPE_BYTES | 511,
    OH_HUKS_TAG_ATTESTATION_ID_SEC_LEVEL_INFO = OH_HUKS_TAG_TYPE_BYTES | 514,
    OH_HUKS_TAG_ATTESTATION_ID_VERSION_INFO = OH_HUKS_TAG_TYPE_BYTES | 515,

    OH_HUKS_TAG_KEY_OVERRIDE = OH_HUKS_TAG_TYPE_BOOL | 520, /* false refuses a taken alias; since 20 */
    OH_HUKS_TAG_AE_TAG_LEN = OH_HUKS_TAG_TYPE_UINT | 521,   /* bytes; since 22                       */
    OH_HUKS_TAG_KEY_CLASS = OH_HUKS_TAG_TYPE_UINT | 522,    /* since 22                              */

    /* storage and use */
    OH_HUKS_TAG_IS_KEY_ALIAS = OH_HUKS_TAG_TYPE_BOOL | 1001,
    OH_HUKS_TAG_KEY_STORAGE_FLAG = OH_HUKS_TAG_TYPE_UINT | 1002, /* enum OH_Huks_KeyStorageType */
    OH_HUKS_TAG_IS_ALLOWED_WRAP = OH_HUKS_TAG_TYPE_BOOL | 1003,
    OH_HUKS_TAG_KEY_WRAP_TYPE = OH_HUKS_TAG_TYPE_UINT | 1004,
    OH_HUKS_TAG_KEY_AUTH_ID = OH_HUKS_TAG_TYPE_BYTES | 1005,
    OH_HUKS_TAG_KEY_ROLE = OH_HUKS_TAG_TYPE_UINT | 1006,
    OH_HUKS_TAG_KEY_FLAG = OH_HUKS_TAG_TYPE_UINT | 1007,         /* enum OH_Huks_KeyFlag        */
    OH_HUKS_TAG_IS_ASYNCHRONIZED = OH_HUKS_TAG_TYPE_UINT | 1008, /* no valid tag of a set       */
    OH_HUKS_TAG_KEY_DOMAIN = OH_HUKS_TAG_TYPE_UINT | 1011,
    OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET = OH_HUKS_TAG_TYPE_BOOL | 1012, /* since 11              */

    OH_HUKS_TAG_AE_TAG = OH_HUKS_TAG_TYPE_BYTES | 10009, /* what decryption compares with       */

    /* keys that are handed out: KEY_STORAGE_FLAG TEMP */
    OH_HUKS_TAG_SYMMETRIC_KEY_DATA = OH_HUKS_TAG_TYPE_BYTES | 20001,
    OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA = OH_HUKS_TAG_TYPE_BYTES | 20002,
    OH_HUKS_TAG_ASYMMETRIC_PRIVATE_KEY_DATA = OH_HUKS_TAG_TYPE_BYTES | 20003,

    OH_HUKS_TAG_KEY_ACCESS_GROUP = OH_HUKS_TAG_TYPE_BYTES | 523 /* since 23                     */
};

/* ---- structs ---- */

/* Bytes of the caller. As an output: size is the room on entry and what was written on return. */
struct OH_Huks_Blob {
    uint32_t size;
    uint8_t *data;
};

/* One parameter. The tag's type bits choose the union's member. */
struct OH_Huks_Param {
    uint32_t tag;
    union {
        bool boolParam;
        int32_t int32Param;
        uint32_t uint32Param;
        uint64_t uint64Param;
        struct OH_Huks_Blob blob;
    };
};

/*
 * Parameters in one block of paramSetSize bytes: this header, paramsCnt parameters, then (once built) the
 * bytes of their blobs in the same order. Make, build and free it with native_huks_param.h.
 */
struct OH_Huks_ParamSet {
    uint32_t paramSetSize;
    uint32_t paramsCnt;
    struct OH_Huks_Param params[];
};

/* What every call returns, by value. */
struct OH_Huks_Result {
    int32_t errorCode;    /* enum OH_Huks_ErrCode                                               */
    const char *errorMsg; /* never NULL, never to be freed; see native_huks_param.h             */
    uint8_t *data;        /* always NULL                                                        */
};

/* Certificates, the key's own first. The caller allocates the array and each buffer. */
struct OH_Huks_CertChain {
    struct OH_Huks_Blob *certs;
    uint32_t certsCount;
};

struct OH_Huks_KeyInfo {
    struct OH_Huks_Blob alias;
    struct OH_Huks_ParamSet *paramSet;
};

/* Aliases that OH_Huks_ListAliases found. Since 20. */
struct OH_Huks_KeyAliasSet {
    uint32_t aliasesCnt;
    struct OH_Huks_Blob *aliases;
};

/*
 * Key material for import: one of these headers, then the numbers it gives the sizes of, big-endian and
 * without gaps, in the order named. keySize is in bits, every other size in bytes.
 */

/* A public key: n, e of RSA; x, y of ECC and SM2. */
struct OH_Huks_PubKeyInfo {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t nOrXSize;
    uint32_t eOrYSize;
    uint32_t placeHolder; /* 0 */
};

/* n, e, d. eSize 0 means e = 65537. */
struct OH_Huks_KeyMaterialRsa {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t nSize;
    uint32_t eSize;
    uint32_t dSize;
};

/* x, y, z: the point and the private scalar. Also SM2. */
struct OH_Huks_KeyMaterialEcc {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t xSize;
    uint32_t ySize;
    uint32_t zSize;
};

/* x (private), y (public), p, q, g. */
struct OH_Huks_KeyMaterialDsa {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t xSize;
    uint32_t ySize;
    uint32_t pSize;
    uint32_t qSize;
    uint32_t gSize;
};

/* Public value, private value. */
struct OH_Huks_KeyMaterialDh {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t pubKeySize;
    uint32_t priKeySize;
    uint32_t reserved; /* 0 */
};

/* Public key, private key, in the little-endian bytes of RFC 7748 and RFC 8032. */
struct OH_Huks_KeyMaterial25519 {
    enum OH_Huks_KeyAlg keyAlg;
    uint32_t keySize;
    uint32_t pubKeySize;
    uint32_t priKeySize;
    uint32_t reserved; /* 0 */
};

/* A certificate of an external key device. Declared for source compatibility. Since 22. */
struct OH_Huks_ExtCertInfo {
    int32_t purpose;
    struct OH_Huks_Blob index;
    struct OH_Huks_Blob cert;
};

struct OH_Huks_ExtCertInfoSet {
    uint32_t count;
    struct OH_Huks_ExtCertInfo *certs;
};

/* Short names, so that C can write them as C++ does. An addition of this implementation. */
typedef struct OH_Huks_Blob OH_Huks_Blob;
typedef struct OH_Huks_Param OH_Huks_Param;
typedef struct OH_Huks_ParamSet OH_Huks_ParamSet;
typedef struct OH_Huks_Result OH_Huks_Result;
typedef struct OH_Huks_CertChain OH_Huks_CertChain;
typedef struct OH_Huks_KeyInfo OH_Huks_KeyInfo;
typedef struct OH_Huks_KeyAliasSet OH_Huks_KeyAliasSet;
typedef struct OH_Huks_PubKeyInfo OH_Huks_PubKeyInfo;
typedef struct OH_Huks_KeyMaterialRsa OH_Huks_KeyMaterialRsa;
typedef struct OH_Huks_KeyMaterialEcc OH_Huks_KeyMaterialEcc;
typedef struct OH_Huks_KeyMaterialDsa OH_Huks_KeyMaterialDsa;
typedef struct OH_Huks_KeyMaterialDh OH_Huks_KeyMaterialDh;
typedef struct OH_Huks_KeyMaterial25519 OH_Huks_KeyMaterial25519;

#ifdef __cplusplus
}
#endif

#endif
