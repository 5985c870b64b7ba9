/*
 * Reading mechanism parameters: one function a shape (mechanism_row.h), and the table that finds it.
 * Everything here comes from outside: any pointer may be NULL, any length wrong.
 */
#include "pkcs11/mechanism_row.h"

/* No salt is longer than the longest modulus. */
#define RSA_MAX_SALT 2048

static CK_RV parameter_invalid(const char *what)
{
    return p11_fail(CKR_MECHANISM_PARAM_INVALID, what);
}

/* A mandatory parameter that is not there at all. */
static CK_RV parameter_missing(const char *what)
{
    return p11_rv(error_raise(HUKS_E_MISSING_PARAM, ABOUT_MECHANISM_PARAM, what), P11_AT_OPERATION);
}

/* A hash or function that the engine does not have. */
static CK_RV parameter_unknown(const char *what)
{
    return p11_rv(error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, what), P11_AT_OPERATION);
}

/* A parameter struct that is absent, or not of its size. */
static CK_RV parameter_absent(const CK_MECHANISM *mechanism, const char *what)
{
    return mechanism->pParameter == NULL ? parameter_missing(what) : parameter_invalid(what);
}

/* A pointer with its length: a length without a pointer is wrong. */
static CK_RV view(const void *data, CK_ULONG size, const char *what, struct bytes *out)
{
    if (data == NULL && size != 0) {
        return parameter_invalid(what);
    }
    *out = bytes_of(data, size);
    return CKR_OK;
}

#define PARAMS_OF(type, mechanism)                                                                           \
    ((mechanism)->pParameter != NULL && (mechanism)->ulParameterLen == sizeof(type)                          \
         ? (const type *)(mechanism)->pParameter                                                             \
         : NULL)

/* ---- hashes ---- */

static const struct {
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG mgf; /* CKG_MGF1_* */
    CK_ULONG kdf; /* CKD_*_KDF, X9.63 */
    CK_ULONG prf; /* CKP_PKCS5_PBKD2_HMAC_* */
    uint32_t digest;
} hashes[] = {
    {CKM_SHA_1, CKG_MGF1_SHA1, CKD_SHA1_KDF, CKP_PKCS5_PBKD2_HMAC_SHA1, OH_HUKS_DIGEST_SHA1},
    {CKM_SHA224, CKG_MGF1_SHA224, CKD_SHA224_KDF, CKP_PKCS5_PBKD2_HMAC_SHA224, OH_HUKS_DIGEST_SHA224},
    {CKM_SHA256, CKG_MGF1_SHA256, CKD_SHA256_KDF, CKP_PKCS5_PBKD2_HMAC_SHA256, OH_HUKS_DIGEST_SHA256},
    {CKM_SHA384, CKG_MGF1_SHA384, CKD_SHA384_KDF, CKP_PKCS5_PBKD2_HMAC_SHA384, OH_HUKS_DIGEST_SHA384},
    {CKM_SHA512, CKG_MGF1_SHA512, CKD_SHA512_KDF, CKP_PKCS5_PBKD2_HMAC_SHA512, OH_HUKS_DIGEST_SHA512},
    {CKM_SHA512_224, 0, 0, CKP_PKCS5_PBKD2_HMAC_SHA512_224, HUKS_DIGEST_SHA512_224},
    {CKM_SHA512_256, 0, 0, CKP_PKCS5_PBKD2_HMAC_SHA512_256, HUKS_DIGEST_SHA512_256},
    {CKM_SHA3_224, CKG_MGF1_SHA3_224, CKD_SHA3_224_KDF, 0, HUKS_DIGEST_SHA3_224},
    {CKM_SHA3_256, CKG_MGF1_SHA3_256, CKD_SHA3_256_KDF, 0, HUKS_DIGEST_SHA3_256},
    {CKM_SHA3_384, CKG_MGF1_SHA3_384, CKD_SHA3_384_KDF, 0, HUKS_DIGEST_SHA3_384},
    {CKM_SHA3_512, CKG_MGF1_SHA3_512, CKD_SHA3_512_KDF, 0, HUKS_DIGEST_SHA3_512},
    {CKM_HUKS_SM3, 0, 0, 0, OH_HUKS_DIGEST_SM3},
};

uint32_t p11_digest_of_mechanism(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i].mechanism == type) {
            return hashes[i].digest;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

static uint32_t digest_of_mgf(CK_ULONG mgf)
{
    for (size_t i = 0; mgf != 0 && i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i].mgf == mgf) {
            return hashes[i].digest;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

static uint32_t digest_of_kdf(CK_ULONG kdf)
{
    for (size_t i = 0; kdf != 0 && i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i].kdf == kdf) {
            return hashes[i].digest;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

static uint32_t digest_of_prf(CK_ULONG prf)
{
    for (size_t i = 0; prf != 0 && i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i].prf == prf) {
            return hashes[i].digest;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

/* ---- operations ---- */

typedef CK_RV (*shape_reader)(const CK_MECHANISM *mechanism, struct crypto_spec *spec);

static CK_RV read_none(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    (void)spec;
    return mechanism->ulParameterLen == 0 ? CKR_OK : parameter_invalid("mechanism parameter");
}

static CK_RV read_iv(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen == 0) {
        return parameter_absent(mechanism, "IV");
    }
    return view(mechanism->pParameter, mechanism->ulParameterLen, "IV", &spec->iv);
}

static CK_RV read_ctr(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_AES_CTR_PARAMS *params = PARAMS_OF(CK_AES_CTR_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "CTR parameter");
    }
    if (params->ulCounterBits == 0 || params->ulCounterBits > 128) {
        return parameter_invalid("number of counter bits");
    }
    spec->counter_bits = (uint32_t)params->ulCounterBits;
    spec->iv = bytes_of(params->cb, sizeof(params->cb));
    return CKR_OK;
}

static CK_RV read_gcm(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_GCM_PARAMS *params = PARAMS_OF(CK_GCM_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "GCM parameter");
    }
    if (params->pIv == NULL || params->ulIvLen == 0) {
        return parameter_missing("nonce");
    }
    if (params->ulTagBits == 0 || params->ulTagBits > 128 || params->ulTagBits % 8 != 0) {
        return parameter_invalid("tag length");
    }
    spec->tag_size = params->ulTagBits / 8;
    P11_TRY(view(params->pIv, params->ulIvLen, "nonce", &spec->iv));
    return view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
}

static CK_RV read_ccm(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_CCM_PARAMS *params = PARAMS_OF(CK_CCM_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "CCM parameter");
    }
    if (params->pNonce == NULL) {
        return parameter_missing("nonce");
    }
    spec->tag_size = params->ulMACLen;
    spec->data_size = params->ulDataLen;
    P11_TRY(view(params->pNonce, params->ulNonceLen, "nonce", &spec->iv));
    return view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
}

static CK_RV read_chacha_poly(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_SALSA20_CHACHA20_POLY1305_PARAMS *params = PARAMS_OF(CK_SALSA20_CHACHA20_POLY1305_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ChaCha20-Poly1305 parameter");
    }
    if (params->pNonce == NULL) {
        return parameter_missing("nonce");
    }
    spec->tag_size = 16;
    P11_TRY(view(params->pNonce, params->ulNonceLen, "nonce", &spec->iv));
    return view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
}

/* hashAlg must be the hash that the mechanism itself names (section 6.1.10); with CKM_RSA_PKCS_PSS it says
 * what the input is. */
static CK_RV read_pss(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RSA_PKCS_PSS_PARAMS *params = PARAMS_OF(CK_RSA_PKCS_PSS_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "PSS parameter");
    }
    uint32_t hash = p11_digest_of_mechanism(params->hashAlg);
    if (hash == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PSS hash algorithm");
    }
    if (spec->digest != OH_HUKS_DIGEST_NONE && spec->digest != hash) {
        return parameter_invalid("PSS hash algorithm");
    }
    spec->hash_of_input = spec->digest == OH_HUKS_DIGEST_NONE ? hash : OH_HUKS_DIGEST_NONE;
    spec->mgf_digest = digest_of_mgf(params->mgf);
    if (spec->mgf_digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PSS mask generation function");
    }
    if (params->sLen > RSA_MAX_SALT) {
        return parameter_invalid("PSS salt length");
    }
    spec->salt_size = params->sLen;
    return CKR_OK;
}

static CK_RV read_oaep(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RSA_PKCS_OAEP_PARAMS *params = PARAMS_OF(CK_RSA_PKCS_OAEP_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "OAEP parameter");
    }
    spec->digest = p11_digest_of_mechanism(params->hashAlg);
    spec->mgf_digest = digest_of_mgf(params->mgf);
    if (spec->digest == OH_HUKS_DIGEST_NONE || spec->mgf_digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("OAEP hash algorithm");
    }
    if (params->source != CKZ_DATA_SPECIFIED && !(params->source == 0 && params->ulSourceDataLen == 0)) {
        return parameter_invalid("OAEP source");
    }
    return view(params->pSourceData, params->ulSourceDataLen, "OAEP label", &spec->label);
}

static CK_RV read_mac_length(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_MAC_GENERAL_PARAMS *params = PARAMS_OF(CK_MAC_GENERAL_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "MAC length");
    }
    if (*params == 0) {
        return parameter_invalid("MAC length");
    }
    spec->tag_size = *params;
    return CKR_OK;
}

static CK_RV read_eddsa(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    if (mechanism->pParameter == NULL && mechanism->ulParameterLen == 0) {
        return CKR_OK;
    }
    const CK_EDDSA_PARAMS *params = PARAMS_OF(CK_EDDSA_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_invalid("EdDSA parameter");
    }
    spec->prehash = params->phFlag != CK_FALSE;
    return view(params->pContextData, params->ulContextDataLen, "EdDSA context", &spec->label);
}

static CK_RV read_wrap_iv(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    return view(mechanism->pParameter, mechanism->ulParameterLen, "IV", &spec->iv);
}

static CK_RV read_gmac(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    if (mechanism->ulParameterLen == sizeof(CK_GCM_PARAMS)) {
        return read_gcm(mechanism, spec);
    }
    return read_iv(mechanism, spec);
}

static const shape_reader readers[SHAPE_COUNT] = {
    [SHAPE_NONE] = read_none,   [SHAPE_IV] = read_iv,       [SHAPE_CTR] = read_ctr,
    [SHAPE_GCM] = read_gcm,     [SHAPE_CCM] = read_ccm,     [SHAPE_CHACHA_POLY] = read_chacha_poly,
    [SHAPE_PSS] = read_pss,     [SHAPE_OAEP] = read_oaep,   [SHAPE_MAC_LENGTH] = read_mac_length,
    [SHAPE_EDDSA] = read_eddsa, [SHAPE_WRAP_IV] = read_wrap_iv, [SHAPE_GMAC] = read_gmac,
};

CK_RV p11_parameter_read(const struct p11_mechanism *row, const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    spec->method = row->method;
    spec->digest = row->digest;
    spec->padding = row->padding;
    spec->mode = row->mode;
    /* PowerDNS leaves what no digest has as it was on its stack; it can't mean anything, nor do harm. */
    if (row->shape == SHAPE_NONE && spec->direction == CRYPTO_HASH) {
        return CKR_OK;
    }
    if (mechanism->pParameter == NULL && mechanism->ulParameterLen != 0) {
        return parameter_invalid("mechanism parameter");
    }
    shape_reader reader = readers[row->shape];
    return reader == NULL ? parameter_invalid("mechanism parameter") : reader(mechanism, spec);
}

/* ---- derivations ---- */

/* All but the other party's key. */
static CK_RV derive_ecdh_kdf(const CK_MECHANISM *mechanism, const CK_ECDH1_DERIVE_PARAMS *params,
                             struct crypto_derive_spec *spec)
{
    spec->cofactor = mechanism->mechanism == CKM_ECDH1_COFACTOR_DERIVE;
    spec->tail = true; /* section 6.3.17: bytes are cut from the leading end */
    P11_TRY(view(params->pSharedData, params->ulSharedDataLen, "shared data", &spec->info));
    if (params->kdf == CKD_NULL) {
        return spec->info.size == 0 ? CKR_OK : parameter_invalid("shared data");
    }
    spec->digest = digest_of_kdf(params->kdf);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("key derivation function");
    }
    spec->kdf = CRYPTO_KDF_X963;
    return CKR_OK;
}

static CK_RV derive_ecdh(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec)
{
    const CK_ECDH1_DERIVE_PARAMS *params = PARAMS_OF(CK_ECDH1_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ECDH parameter");
    }
    if (params->pPublicData == NULL || params->ulPublicDataLen == 0) {
        return parameter_missing("public key of the other party");
    }
    spec->peer = bytes_of(params->pPublicData, params->ulPublicDataLen);
    return derive_ecdh_kdf(mechanism, params, spec);
}

/* Section 6.3.17: the public data must be absent, for it is what comes out. */
CK_RV p11_parameter_encapsulate(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                                struct crypto_derive_spec *spec)
{
    const CK_ECDH1_DERIVE_PARAMS *params = PARAMS_OF(CK_ECDH1_DERIVE_PARAMS, mechanism);
    *spec = (struct crypto_derive_spec){.method = row->method, .digest = row->digest};
    if (params == NULL) {
        return parameter_absent(mechanism, "ECDH parameter");
    }
    if (params->pPublicData != NULL || params->ulPublicDataLen != 0) {
        return parameter_invalid("public key of the other party");
    }
    return derive_ecdh_kdf(mechanism, params, spec);
}

static CK_RV derive_dh(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec)
{
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen == 0) {
        return parameter_missing("public key of the other party");
    }
    spec->tail = true;
    spec->peer = bytes_of(mechanism->pParameter, mechanism->ulParameterLen);
    return CKR_OK;
}

static CK_RV derive_hkdf(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec)
{
    const CK_HKDF_PARAMS *params = PARAMS_OF(CK_HKDF_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "HKDF parameter");
    }
    if (!params->bExtract && !params->bExpand) {
        return parameter_invalid("HKDF parameter");
    }
    spec->extract = params->bExtract != CK_FALSE;
    spec->expand = params->bExpand != CK_FALSE;
    spec->digest = p11_digest_of_mechanism(params->prfHashMechanism);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("HKDF hash algorithm");
    }
    if (spec->extract && params->ulSaltType == CKF_HKDF_SALT_DATA) {
        if (params->ulSaltLen == 0) {
            return parameter_invalid("HKDF salt");
        }
        P11_TRY(view(params->pSalt, params->ulSaltLen, "HKDF salt", &spec->salt));
    } else if (spec->extract && params->ulSaltType != CKF_HKDF_SALT_NULL && params->ulSaltType != CKF_HKDF_SALT_KEY) {
        return parameter_invalid("HKDF salt type");
    }
    return view(params->pInfo, params->ulInfoLen, "HKDF info", &spec->info);
}

static CK_RV derive_pbkdf2(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec)
{
    const CK_PKCS5_PBKD2_PARAMS2 *params = PARAMS_OF(CK_PKCS5_PBKD2_PARAMS2, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "PBKDF2 parameter");
    }
    if (params->saltSource != CKZ_SALT_SPECIFIED || params->iterations == 0 ||
        params->iterations > UINT32_MAX) {
        return parameter_invalid("PBKDF2 parameter");
    }
    spec->digest = digest_of_prf(params->prf);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PBKDF2 pseudo-random function");
    }
    spec->iterations = (uint32_t)params->iterations;
    return view(params->pSaltSourceData, params->ulSaltSourceDataLen, "PBKDF2 salt", &spec->salt);
}

typedef CK_RV (*derive_reader)(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec);
static const derive_reader derive_readers[SHAPE_COUNT] = {
    [SHAPE_ECDH] = derive_ecdh,
    [SHAPE_DH] = derive_dh,
    [SHAPE_HKDF] = derive_hkdf,
    [SHAPE_PBKDF2] = derive_pbkdf2,
};

CK_RV p11_parameter_derive(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                           struct crypto_derive_spec *spec)
{
    *spec = (struct crypto_derive_spec){.method = row->method, .digest = row->digest};
    derive_reader reader = derive_readers[row->shape];
    return reader == NULL ? parameter_invalid("mechanism parameter") : reader(mechanism, spec);
}
