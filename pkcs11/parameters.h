/*
 * Mechanism parameters: scalar types and structs of PKCS #11 up to 3.2 that <p11-kit/pkcs11.h> 0.24 lacks.
 *
 * Which of them a newer header brings differs from release to release. A scalar's typedef may be repeated;
 * a struct is a type of our own that the standard name is made to mean: no release gets in the way, and
 * the layout is the standard's on all of them. Included by cryptoki.h alone.
 */
#ifndef HUKS_PKCS11_PARAMETERS_H
#define HUKS_PKCS11_PARAMETERS_H

/* ---- scalars ---- */
typedef CK_ULONG CK_EC_KDF_TYPE;
typedef CK_ULONG CK_X9_42_DH_KDF_TYPE;
typedef CK_ULONG CK_MAC_GENERAL_PARAMS;
typedef CK_ULONG CK_RC2_PARAMS;
typedef CK_ULONG CK_EXTRACT_PARAMS;
typedef CK_ULONG CK_GENERATOR_FUNCTION;
typedef CK_ULONG CK_HEDGE_TYPE;
typedef CK_ULONG CK_ML_DSA_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_ML_KEM_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_SLH_DSA_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE;
typedef CK_ULONG CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE;
typedef CK_ULONG CK_PRF_DATA_TYPE;
typedef CK_ULONG CK_PROFILE_ID;
typedef CK_ULONG CK_SP800_108_DKM_LENGTH_METHOD;
typedef CK_MECHANISM_TYPE CK_SP800_108_PRF_TYPE;
typedef CK_ULONG CK_XEDDSA_HASH_TYPE;
typedef CK_ULONG CK_CERTIFICATE_CATEGORY;
typedef CK_ULONG CK_JAVA_MIDP_SECURITY_DOMAIN;

/* ---- signatures ---- */
#define CK_EDDSA_PARAMS p11_ck_eddsa_params
typedef struct {
    CK_BBOOL phFlag;
    CK_ULONG ulContextDataLen;
    CK_BYTE_PTR pContextData;
} CK_EDDSA_PARAMS;

#define CK_XEDDSA_PARAMS p11_ck_xeddsa_params
typedef struct {
    CK_XEDDSA_HASH_TYPE hash;
} CK_XEDDSA_PARAMS;

#define CK_SIGN_ADDITIONAL_CONTEXT p11_ck_sign_additional_context
typedef struct {
    CK_HEDGE_TYPE hedgeVariant;
    CK_BYTE_PTR pContext;
    CK_ULONG ulContextLen;
} CK_SIGN_ADDITIONAL_CONTEXT;

#define CK_HASH_SIGN_ADDITIONAL_CONTEXT p11_ck_hash_sign_additional_context
typedef struct {
    CK_HEDGE_TYPE hedgeVariant;
    CK_BYTE_PTR pContext;
    CK_ULONG ulContextLen;
    CK_MECHANISM_TYPE hash;
} CK_HASH_SIGN_ADDITIONAL_CONTEXT;

/* ---- authenticated encryption ---- */
#define CK_CCM_PARAMS p11_ck_ccm_params
typedef struct {
    CK_ULONG ulDataLen;
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceLen;
    CK_BYTE_PTR pAAD;
    CK_ULONG ulAADLen;
    CK_ULONG ulMACLen;
} CK_CCM_PARAMS;

/* CK_GCM_PARAMS as the first edition of 2.40 had it, without ulIvBits: Java, NSS and others still pass it. */
struct p11_gcm_params_first {
    CK_BYTE_PTR pIv;
    CK_ULONG ulIvLen;
    CK_BYTE_PTR pAAD;
    CK_ULONG ulAADLen;
    CK_ULONG ulTagBits;
};

static inline CK_GCM_PARAMS p11_gcm_params_of(const struct p11_gcm_params_first *first)
{
    CK_GCM_PARAMS params = {0};
    params.pIv = first->pIv;
    params.ulIvLen = first->ulIvLen;
    params.pAAD = first->pAAD;
    params.ulAADLen = first->ulAADLen;
    params.ulTagBits = first->ulTagBits;
    return params;
}

#define CK_GCM_MESSAGE_PARAMS p11_ck_gcm_message_params
typedef struct {
    CK_BYTE_PTR pIv;
    CK_ULONG ulIvLen;
    CK_ULONG ulIvFixedBits;
    CK_GENERATOR_FUNCTION ivGenerator;
    CK_BYTE_PTR pTag;
    CK_ULONG ulTagBits;
} CK_GCM_MESSAGE_PARAMS;

#define CK_CCM_MESSAGE_PARAMS p11_ck_ccm_message_params
typedef struct {
    CK_ULONG ulDataLen;
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceLen;
    CK_ULONG ulNonceFixedBits;
    CK_GENERATOR_FUNCTION nonceGenerator;
    CK_BYTE_PTR pMAC;
    CK_ULONG ulMACLen;
} CK_CCM_MESSAGE_PARAMS;

#define CK_GCM_WRAP_PARAMS p11_ck_gcm_wrap_params
typedef struct {
    CK_BYTE_PTR pIv;
    CK_ULONG ulIvLen;
    CK_ULONG ulIvFixedBits;
    CK_GENERATOR_FUNCTION ivGenerator;
    CK_BYTE_PTR pAAD;
    CK_ULONG ulAADLen;
    CK_ULONG ulTagBits;
} CK_GCM_WRAP_PARAMS;

#define CK_CCM_WRAP_PARAMS p11_ck_ccm_wrap_params
typedef struct {
    CK_ULONG ulDataLen;
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceLen;
    CK_ULONG ulNonceFixedBits;
    CK_GENERATOR_FUNCTION nonceGenerator;
    CK_BYTE_PTR pAAD;
    CK_ULONG ulAADLen;
    CK_ULONG ulMACLen;
} CK_CCM_WRAP_PARAMS;

#define CK_CHACHA20_PARAMS p11_ck_chacha20_params
typedef struct {
    CK_BYTE_PTR pBlockCounter;
    CK_ULONG blockCounterBits;
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceBits;
} CK_CHACHA20_PARAMS;

#define CK_SALSA20_CHACHA20_POLY1305_PARAMS p11_ck_chacha20_poly1305_params
typedef struct {
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceLen;
    CK_BYTE_PTR pAAD;
    CK_ULONG ulAADLen;
} CK_SALSA20_CHACHA20_POLY1305_PARAMS;

#define CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p11_ck_chacha20_poly1305_msg_params
typedef struct {
    CK_BYTE_PTR pNonce;
    CK_ULONG ulNonceLen;
    CK_BYTE_PTR pTag;
} CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS;

/* ---- ciphers ---- */
#define CK_CAMELLIA_CTR_PARAMS p11_ck_camellia_ctr_params
typedef struct {
    CK_ULONG ulCounterBits;
    CK_BYTE cb[16];
} CK_CAMELLIA_CTR_PARAMS;

#define CK_RC2_CBC_PARAMS p11_ck_rc2_cbc_params
typedef struct {
    CK_ULONG ulEffectiveBits;
    CK_BYTE iv[8];
} CK_RC2_CBC_PARAMS;

#define CK_RC2_MAC_GENERAL_PARAMS p11_ck_rc2_mac_general_params
typedef struct {
    CK_ULONG ulEffectiveBits;
    CK_ULONG ulMacLength;
} CK_RC2_MAC_GENERAL_PARAMS;

#define CK_KEY_DERIVATION_STRING_DATA p11_ck_key_derivation_string_data
typedef struct {
    CK_BYTE_PTR pData;
    CK_ULONG ulLen;
} CK_KEY_DERIVATION_STRING_DATA;

/* Of 64-bit block ciphers, and of 128-bit ones: AES, Camellia, ARIA, SEED. */
#define CK_DES_CBC_ENCRYPT_DATA_PARAMS p11_ck_des_cbc_encrypt_data_params
typedef struct {
    CK_BYTE iv[8];
    CK_BYTE_PTR pData;
    CK_ULONG length;
} CK_DES_CBC_ENCRYPT_DATA_PARAMS;

#define CK_AES_CBC_ENCRYPT_DATA_PARAMS p11_ck_aes_cbc_encrypt_data_params
typedef struct {
    CK_BYTE iv[16];
    CK_BYTE_PTR pData;
    CK_ULONG length;
} CK_AES_CBC_ENCRYPT_DATA_PARAMS;

/* ---- domain parameters ---- */
#define CK_DSA_PARAMETER_GEN_PARAM p11_ck_dsa_parameter_gen_param
typedef struct {
    CK_MECHANISM_TYPE hash;
    CK_BYTE_PTR pSeed;
    CK_ULONG ulSeedLen;
    CK_ULONG ulIndex;
} CK_DSA_PARAMETER_GEN_PARAM;

/* ---- wrapping ---- */
#define CK_RSA_AES_KEY_WRAP_PARAMS p11_ck_rsa_aes_key_wrap_params
typedef struct {
    CK_ULONG ulAESKeyBits;
    CK_RSA_PKCS_OAEP_PARAMS *pOAEPParams;
} CK_RSA_AES_KEY_WRAP_PARAMS;

#define CK_ECDH_AES_KEY_WRAP_PARAMS p11_ck_ecdh_aes_key_wrap_params
typedef struct {
    CK_ULONG ulAESKeyBits;
    CK_EC_KDF_TYPE kdf;
    CK_ULONG ulSharedDataLen;
    CK_BYTE_PTR pSharedData;
} CK_ECDH_AES_KEY_WRAP_PARAMS;

/* ---- derivations ---- */
#define CK_X9_42_DH1_DERIVE_PARAMS p11_ck_x9_42_dh1_derive_params
typedef struct {
    CK_X9_42_DH_KDF_TYPE kdf;
    CK_ULONG ulOtherInfoLen;
    CK_BYTE_PTR pOtherInfo;
    CK_ULONG ulPublicDataLen;
    CK_BYTE_PTR pPublicData;
} CK_X9_42_DH1_DERIVE_PARAMS;

#define CK_HKDF_PARAMS p11_ck_hkdf_params
typedef struct {
    CK_BBOOL bExtract;
    CK_BBOOL bExpand;
    CK_MECHANISM_TYPE prfHashMechanism;
    CK_ULONG ulSaltType;
    CK_BYTE_PTR pSalt;
    CK_ULONG ulSaltLen;
    CK_OBJECT_HANDLE hSaltKey;
    CK_BYTE_PTR pInfo;
    CK_ULONG ulInfoLen;
} CK_HKDF_PARAMS;

#define CK_PKCS5_PBKD2_PARAMS p11_ck_pkcs5_pbkd2_params
typedef struct {
    CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE saltSource;
    CK_VOID_PTR pSaltSourceData;
    CK_ULONG ulSaltSourceDataLen;
    CK_ULONG iterations;
    CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE prf;
    CK_VOID_PTR pPrfData;
    CK_ULONG ulPrfDataLen;
    CK_UTF8CHAR_PTR pPassword;
    CK_ULONG_PTR ulPasswordLen; /* a pointer, in this one */
} CK_PKCS5_PBKD2_PARAMS;

#define CK_PKCS5_PBKD2_PARAMS2 p11_ck_pkcs5_pbkd2_params2
typedef struct {
    CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE saltSource;
    CK_VOID_PTR pSaltSourceData;
    CK_ULONG ulSaltSourceDataLen;
    CK_ULONG iterations;
    CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE prf;
    CK_VOID_PTR pPrfData;
    CK_ULONG ulPrfDataLen;
    CK_UTF8CHAR_PTR pPassword;
    CK_ULONG ulPasswordLen;
} CK_PKCS5_PBKD2_PARAMS2;

#define CK_PBE_PARAMS p11_ck_pbe_params
typedef struct {
    CK_BYTE_PTR pInitVector;
    CK_UTF8CHAR_PTR pPassword;
    CK_ULONG ulPasswordLen;
    CK_BYTE_PTR pSalt;
    CK_ULONG ulSaltLen;
    CK_ULONG ulIteration;
} CK_PBE_PARAMS;

#define CK_PRF_DATA_PARAM p11_ck_prf_data_param
typedef struct {
    CK_PRF_DATA_TYPE type;
    CK_VOID_PTR pValue;
    CK_ULONG ulValueLen;
} CK_PRF_DATA_PARAM;

#define CK_SP800_108_COUNTER_FORMAT p11_ck_sp800_108_counter_format
typedef struct {
    CK_BBOOL bLittleEndian;
    CK_ULONG ulWidthInBits;
} CK_SP800_108_COUNTER_FORMAT;

#define CK_SP800_108_DKM_LENGTH_FORMAT p11_ck_sp800_108_dkm_length_format
typedef struct {
    CK_SP800_108_DKM_LENGTH_METHOD dkmLengthMethod;
    CK_BBOOL bLittleEndian;
    CK_ULONG ulWidthInBits;
} CK_SP800_108_DKM_LENGTH_FORMAT;

#define CK_DERIVED_KEY p11_ck_derived_key
typedef struct {
    CK_ATTRIBUTE_PTR pTemplate;
    CK_ULONG ulAttributeCount;
    CK_OBJECT_HANDLE_PTR phKey;
} CK_DERIVED_KEY;

#define CK_SP800_108_KDF_PARAMS p11_ck_sp800_108_kdf_params
typedef struct {
    CK_SP800_108_PRF_TYPE prfType;
    CK_ULONG ulNumberOfDataParams;
    CK_PRF_DATA_PARAM *pDataParams;
    CK_ULONG ulAdditionalDerivedKeys;
    CK_DERIVED_KEY *pAdditionalDerivedKeys;
} CK_SP800_108_KDF_PARAMS;

#define CK_SP800_108_FEEDBACK_KDF_PARAMS p11_ck_sp800_108_feedback_kdf_params
typedef struct {
    CK_SP800_108_PRF_TYPE prfType;
    CK_ULONG ulNumberOfDataParams;
    CK_PRF_DATA_PARAM *pDataParams;
    CK_ULONG ulIVLen;
    CK_BYTE_PTR pIV;
    CK_ULONG ulAdditionalDerivedKeys;
    CK_DERIVED_KEY *pAdditionalDerivedKeys;
} CK_SP800_108_FEEDBACK_KDF_PARAMS;

/* ---- TLS ---- */
#define CK_SSL3_RANDOM_DATA p11_ck_ssl3_random_data
typedef struct {
    CK_BYTE_PTR pClientRandom;
    CK_ULONG ulClientRandomLen;
    CK_BYTE_PTR pServerRandom;
    CK_ULONG ulServerRandomLen;
} CK_SSL3_RANDOM_DATA;

#define CK_SSL3_KEY_MAT_OUT p11_ck_ssl3_key_mat_out
typedef struct {
    CK_OBJECT_HANDLE hClientMacSecret;
    CK_OBJECT_HANDLE hServerMacSecret;
    CK_OBJECT_HANDLE hClientKey;
    CK_OBJECT_HANDLE hServerKey;
    CK_BYTE_PTR pIVClient;
    CK_BYTE_PTR pIVServer;
} CK_SSL3_KEY_MAT_OUT;

#define CK_SSL3_MASTER_KEY_DERIVE_PARAMS p11_ck_ssl3_master_key_derive_params
typedef struct {
    CK_SSL3_RANDOM_DATA RandomInfo;
    CK_VERSION_PTR pVersion;
} CK_SSL3_MASTER_KEY_DERIVE_PARAMS;

#define CK_SSL3_KEY_MAT_PARAMS p11_ck_ssl3_key_mat_params
typedef struct {
    CK_ULONG ulMacSizeInBits;
    CK_ULONG ulKeySizeInBits;
    CK_ULONG ulIVSizeInBits;
    CK_BBOOL bIsExport;
    CK_SSL3_RANDOM_DATA RandomInfo;
    CK_SSL3_KEY_MAT_OUT *pReturnedKeyMaterial;
} CK_SSL3_KEY_MAT_PARAMS;

#define CK_TLS12_MASTER_KEY_DERIVE_PARAMS p11_ck_tls12_master_key_derive_params
typedef struct {
    CK_SSL3_RANDOM_DATA RandomInfo;
    CK_VERSION_PTR pVersion;
    CK_MECHANISM_TYPE prfHashMechanism;
} CK_TLS12_MASTER_KEY_DERIVE_PARAMS;

#define CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS p11_ck_tls12_extended_master_key_derive_params
typedef struct {
    CK_MECHANISM_TYPE prfHashMechanism;
    CK_BYTE_PTR pSessionHash;
    CK_ULONG ulSessionHashLen;
    CK_VERSION_PTR pVersion;
} CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS;

#define CK_TLS12_KEY_MAT_PARAMS p11_ck_tls12_key_mat_params
typedef struct {
    CK_ULONG ulMacSizeInBits;
    CK_ULONG ulKeySizeInBits;
    CK_ULONG ulIVSizeInBits;
    CK_BBOOL bIsExport;
    CK_SSL3_RANDOM_DATA RandomInfo;
    CK_SSL3_KEY_MAT_OUT *pReturnedKeyMaterial;
    CK_MECHANISM_TYPE prfHashMechanism;
} CK_TLS12_KEY_MAT_PARAMS;

#define CK_TLS_KDF_PARAMS p11_ck_tls_kdf_params
typedef struct {
    CK_MECHANISM_TYPE prfMechanism;
    CK_BYTE_PTR pLabel;
    CK_ULONG ulLabelLength;
    CK_SSL3_RANDOM_DATA RandomInfo;
    CK_BYTE_PTR pContextData;
    CK_ULONG ulContextDataLength;
} CK_TLS_KDF_PARAMS;

#define CK_TLS_MAC_PARAMS p11_ck_tls_mac_params
typedef struct {
    CK_MECHANISM_TYPE prfHashMechanism;
    CK_ULONG ulMacLength;
    CK_ULONG ulServerOrClient;
} CK_TLS_MAC_PARAMS;

#define CK_TLS_PRF_PARAMS p11_ck_tls_prf_params
typedef struct {
    CK_BYTE_PTR pSeed;
    CK_ULONG ulSeedLen;
    CK_BYTE_PTR pLabel;
    CK_ULONG ulLabelLen;
    CK_BYTE_PTR pOutput;
    CK_ULONG_PTR pulOutputLen;
} CK_TLS_PRF_PARAMS;

/* ---- IKE ---- */
#define CK_IKE2_PRF_PLUS_DERIVE_PARAMS p11_ck_ike2_prf_plus_derive_params
typedef struct {
    CK_MECHANISM_TYPE prfMechanism;
    CK_BBOOL bHasSeedKey;
    CK_OBJECT_HANDLE hSeedKey;
    CK_BYTE_PTR pSeedData;
    CK_ULONG ulSeedDataLen;
} CK_IKE2_PRF_PLUS_DERIVE_PARAMS;

#define CK_IKE_PRF_DERIVE_PARAMS p11_ck_ike_prf_derive_params
typedef struct {
    CK_MECHANISM_TYPE prfMechanism;
    CK_BBOOL bDataAsKey;
    CK_BBOOL bRekey;
    CK_BYTE_PTR pNi;
    CK_ULONG ulNiLen;
    CK_BYTE_PTR pNr;
    CK_ULONG ulNrLen;
    CK_OBJECT_HANDLE hNewKey;
} CK_IKE_PRF_DERIVE_PARAMS;

#define CK_IKE1_PRF_DERIVE_PARAMS p11_ck_ike1_prf_derive_params
typedef struct {
    CK_MECHANISM_TYPE prfMechanism;
    CK_BBOOL bHasPrevKey;
    CK_OBJECT_HANDLE hKeygxy;
    CK_OBJECT_HANDLE hPrevKey;
    CK_BYTE_PTR pCKYi;
    CK_ULONG ulCKYiLen;
    CK_BYTE_PTR pCKYr;
    CK_ULONG ulCKYrLen;
    CK_BYTE keyNumber;
} CK_IKE1_PRF_DERIVE_PARAMS;

#define CK_IKE1_EXTENDED_DERIVE_PARAMS p11_ck_ike1_extended_derive_params
typedef struct {
    CK_MECHANISM_TYPE prfMechanism;
    CK_BBOOL bHasKeygxy;
    CK_OBJECT_HANDLE hKeygxy;
    CK_BYTE_PTR pExtraData;
    CK_ULONG ulExtraDataLen;
} CK_IKE1_EXTENDED_DERIVE_PARAMS;

#endif
