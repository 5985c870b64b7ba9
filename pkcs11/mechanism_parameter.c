/*
 * Reading the parameters of operations: one function a shape (mechanism_row.h), and the table that finds it;
 * those of derivations are in mechanism_parameter_derive.c. Everything here comes from outside: any pointer
 * may be NULL, any length wrong.
 */
#include <string.h>

#include "pkcs11/mechanism_parameter.h"

/* No salt is longer than the longest modulus. */
#define RSA_MAX_SALT 2048

CK_RV parameter_invalid(const char *what)
{
    return p11_fail(CKR_MECHANISM_PARAM_INVALID, what);
}

CK_RV parameter_missing(const char *what)
{
    return p11_rv(error_raise(HUKS_E_MISSING_PARAM, ABOUT_MECHANISM_PARAM, what), P11_AT_OPERATION);
}

CK_RV parameter_unknown(const char *what)
{
    return p11_rv(error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, what), P11_AT_OPERATION);
}

CK_RV parameter_absent(const CK_MECHANISM *mechanism, const char *what)
{
    return mechanism->pParameter == NULL ? parameter_missing(what) : parameter_invalid(what);
}

CK_RV parameter_view(const void *data, CK_ULONG size, const char *what, struct bytes *out)
{
    if (data == NULL && size != 0) {
        return parameter_invalid(what);
    }
    *out = bytes_of(data, size);
    return CKR_OK;
}

/* ---- hashes ---- */

#define HASH_SHA2(NAME, ID)                                                                                  \
    {                                                                                                        \
        {[HASH_MECHANISM] = CKM_##NAME,         [HASH_HMAC] = CKM_##NAME##_HMAC,                             \
         [HASH_MGF] = CKG_MGF1_##NAME,          [HASH_X963] = CKD_##NAME##_KDF,                              \
         [HASH_SP800] = CKD_##NAME##_KDF_SP800, [HASH_PBKDF2] = CKP_PKCS5_PBKD2_HMAC_##NAME},                \
            ID                                                                                               \
    }
#define HASH_SHA3(NAME, ID)                                                                                  \
    {                                                                                                        \
        {[HASH_MECHANISM] = CKM_##NAME,                                                                      \
         [HASH_HMAC] = CKM_##NAME##_HMAC,                                                                    \
         [HASH_MGF] = CKG_MGF1_##NAME,                                                                       \
         [HASH_X963] = CKD_##NAME##_KDF,                                                                     \
         [HASH_SP800] = CKD_##NAME##_KDF_SP800},                                                             \
            ID                                                                                               \
    }

/* What each parameter calls a hash. */
static const struct {
    CK_ULONG numbers[HASH_NUMBERS];
    uint32_t digest;
} hashes[] = {
    {{[HASH_MECHANISM] = CKM_SHA_1,
      [HASH_HMAC] = CKM_SHA_1_HMAC,
      [HASH_MGF] = CKG_MGF1_SHA1,
      [HASH_X963] = CKD_SHA1_KDF,
      [HASH_SP800] = CKD_SHA1_KDF_SP800,
      [HASH_PBKDF2] = CKP_PKCS5_PBKD2_HMAC_SHA1},
     OH_HUKS_DIGEST_SHA1},
    HASH_SHA2(SHA224, OH_HUKS_DIGEST_SHA224),
    HASH_SHA2(SHA256, OH_HUKS_DIGEST_SHA256),
    HASH_SHA2(SHA384, OH_HUKS_DIGEST_SHA384),
    HASH_SHA2(SHA512, OH_HUKS_DIGEST_SHA512),
    HASH_SHA3(SHA3_224, HUKS_DIGEST_SHA3_224),
    HASH_SHA3(SHA3_256, HUKS_DIGEST_SHA3_256),
    HASH_SHA3(SHA3_384, HUKS_DIGEST_SHA3_384),
    HASH_SHA3(SHA3_512, HUKS_DIGEST_SHA3_512),
    {{[HASH_MECHANISM] = CKM_SHA512_224,
      [HASH_HMAC] = CKM_SHA512_224_HMAC,
      [HASH_PBKDF2] = CKP_PKCS5_PBKD2_HMAC_SHA512_224},
     HUKS_DIGEST_SHA512_224},
    {{[HASH_MECHANISM] = CKM_SHA512_256,
      [HASH_HMAC] = CKM_SHA512_256_HMAC,
      [HASH_PBKDF2] = CKP_PKCS5_PBKD2_HMAC_SHA512_256},
     HUKS_DIGEST_SHA512_256},
    {{[HASH_MECHANISM] = CKM_HUKS_SM3, [HASH_HMAC] = CKM_HUKS_SM3_HMAC}, OH_HUKS_DIGEST_SM3},
    {{[HASH_X963] = CKD_BLAKE2B_160_KDF}, HUKS_DIGEST_BLAKE2B_160},
    {{[HASH_X963] = CKD_BLAKE2B_256_KDF}, HUKS_DIGEST_BLAKE2B_256},
    {{[HASH_X963] = CKD_BLAKE2B_384_KDF}, HUKS_DIGEST_BLAKE2B_384},
    {{[HASH_X963] = CKD_BLAKE2B_512_KDF}, HUKS_DIGEST_BLAKE2B_512},
};

uint32_t parameter_digest(enum hash_number which, CK_ULONG number)
{
    for (size_t i = 0; number != 0 && i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i].numbers[which] == number) {
            return hashes[i].digest;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

uint32_t p11_parameter_hash(CK_MECHANISM_TYPE type)
{
    return parameter_digest(HASH_MECHANISM, type);
}

size_t p11_parameter_hash_size(CK_MECHANISM_TYPE type)
{
    return operation_digest_size(parameter_digest(HASH_MECHANISM, type));
}

CK_RV parameter_kdf(CK_ULONG number, struct bytes shared, enum crypto_kdf *kdf, uint32_t *digest)
{
    *kdf = CRYPTO_KDF_NONE;
    if (number == CKD_NULL) {
        return shared.size == 0 ? CKR_OK : parameter_invalid("shared data");
    }
    *kdf = CRYPTO_KDF_X963;
    *digest = parameter_digest(HASH_X963, number);
    if (*digest == OH_HUKS_DIGEST_NONE) {
        *kdf = CRYPTO_KDF_SP800;
        *digest = parameter_digest(HASH_SP800, number);
    }
    return *digest != OH_HUKS_DIGEST_NONE ? CKR_OK : parameter_unknown("key derivation function");
}

CK_RV parameter_tls_hash(CK_MECHANISM_TYPE mechanism, uint32_t *digest)
{
    *digest = mechanism == CKM_TLS_PRF ? HUKS_DIGEST_MD5_SHA1 : parameter_digest(HASH_MECHANISM, mechanism);
    return *digest != OH_HUKS_DIGEST_NONE ? CKR_OK : parameter_unknown("TLS hash algorithm");
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
    return parameter_view(mechanism->pParameter, mechanism->ulParameterLen, "IV", &spec->iv);
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
    CK_GCM_PARAMS room = {0};
    const CK_GCM_PARAMS *params = PARAMS_OF(CK_GCM_PARAMS, mechanism);
    const struct p11_gcm_params_first *first = PARAMS_OF(struct p11_gcm_params_first, mechanism);
    if (first != NULL) {
        room = p11_gcm_params_of(first);
        params = &room;
    }
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
    P11_TRY(parameter_view(params->pIv, params->ulIvLen, "nonce", &spec->iv));
    return parameter_view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
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
    P11_TRY(parameter_view(params->pNonce, params->ulNonceLen, "nonce", &spec->iv));
    return parameter_view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
}

static CK_RV read_chacha_poly(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_SALSA20_CHACHA20_POLY1305_PARAMS *params =
        PARAMS_OF(CK_SALSA20_CHACHA20_POLY1305_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ChaCha20-Poly1305 parameter");
    }
    if (params->pNonce == NULL) {
        return parameter_missing("nonce");
    }
    spec->tag_size = 16;
    P11_TRY(parameter_view(params->pNonce, params->ulNonceLen, "nonce", &spec->iv));
    return parameter_view(params->pAAD, params->ulAADLen, "AAD", &spec->aad);
}

/* hashAlg must be the hash that the mechanism itself names (section 6.1.10); with CKM_RSA_PKCS_PSS it says
 * what the input is. */
static CK_RV read_pss(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RSA_PKCS_PSS_PARAMS *params = PARAMS_OF(CK_RSA_PKCS_PSS_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "PSS parameter");
    }
    uint32_t hash = parameter_digest(HASH_MECHANISM, params->hashAlg);
    if (hash == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PSS hash algorithm");
    }
    if (spec->digest != OH_HUKS_DIGEST_NONE && spec->digest != hash) {
        return parameter_invalid("PSS hash algorithm");
    }
    spec->hash_of_input = spec->digest == OH_HUKS_DIGEST_NONE ? hash : OH_HUKS_DIGEST_NONE;
    spec->mgf_digest = parameter_digest(HASH_MGF, params->mgf);
    if (spec->mgf_digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PSS mask generation function");
    }
    if (params->sLen > RSA_MAX_SALT) {
        return parameter_invalid("PSS salt length");
    }
    spec->salt_size = params->sLen;
    return CKR_OK;
}

static CK_RV read_oaep_params(const CK_RSA_PKCS_OAEP_PARAMS *params, struct crypto_spec *spec)
{
    spec->digest = parameter_digest(HASH_MECHANISM, params->hashAlg);
    spec->mgf_digest = parameter_digest(HASH_MGF, params->mgf);
    if (spec->digest == OH_HUKS_DIGEST_NONE || spec->mgf_digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("OAEP hash algorithm");
    }
    if (params->source != CKZ_DATA_SPECIFIED && !(params->source == 0 && params->ulSourceDataLen == 0)) {
        return parameter_invalid("OAEP source");
    }
    return parameter_view(params->pSourceData, params->ulSourceDataLen, "OAEP label", &spec->label);
}

static CK_RV read_oaep(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RSA_PKCS_OAEP_PARAMS *params = PARAMS_OF(CK_RSA_PKCS_OAEP_PARAMS, mechanism);
    return params == NULL ? parameter_absent(mechanism, "OAEP parameter") : read_oaep_params(params, spec);
}

/* The passing AES key's bits; the engine knows which there are. */
static CK_RV read_passing_bits(CK_ULONG bits, struct crypto_spec *spec)
{
    if (bits > UINT32_MAX) {
        return parameter_invalid("AES key size");
    }
    spec->passing_bits = (uint32_t)bits;
    return CKR_OK;
}

static CK_RV read_rsa_aes(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RSA_AES_KEY_WRAP_PARAMS *params = PARAMS_OF(CK_RSA_AES_KEY_WRAP_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "RSA AES key wrap parameter");
    }
    if (params->pOAEPParams == NULL) {
        return parameter_missing("OAEP parameter");
    }
    P11_TRY(read_passing_bits(params->ulAESKeyBits, spec));
    return read_oaep_params(params->pOAEPParams, spec);
}

static CK_RV read_ecdh_aes(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_ECDH_AES_KEY_WRAP_PARAMS *params = PARAMS_OF(CK_ECDH_AES_KEY_WRAP_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ECDH AES key wrap parameter");
    }
    spec->cofactor = mechanism->mechanism == CKM_ECDH_COF_AES_KEY_WRAP;
    P11_TRY(read_passing_bits(params->ulAESKeyBits, spec));
    P11_TRY(parameter_view(params->pSharedData, params->ulSharedDataLen, "shared data", &spec->info));
    return parameter_kdf(params->kdf, spec->info, &spec->kdf, &spec->digest);
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

static CK_RV read_mac_96(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    spec->tag_size = 12;
    return read_none(mechanism, spec);
}

/* The counter is little-endian, as the cipher has it; both forms fill its 16 bytes (section 6.58.3). */
static CK_RV read_chacha(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_CHACHA20_PARAMS *params = PARAMS_OF(CK_CHACHA20_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ChaCha20 parameter");
    }
    if (params->pBlockCounter == NULL || params->pNonce == NULL) {
        return parameter_missing(params->pNonce == NULL ? "nonce" : "block counter");
    }
    if (!(params->blockCounterBits == 32 && params->ulNonceBits == 96) &&
        !(params->blockCounterBits == 64 && params->ulNonceBits == 64)) {
        return parameter_invalid("number of counter and nonce bits");
    }
    size_t counter = params->blockCounterBits / 8;
    memcpy(spec->iv_room, params->pBlockCounter, counter);
    memcpy(spec->iv_room + counter, params->pNonce, sizeof(spec->iv_room) - counter);
    spec->counter_bits = (uint32_t)params->blockCounterBits;
    spec->iv = bytes_of(spec->iv_room, sizeof(spec->iv_room));
    return CKR_OK;
}

static CK_RV read_rc2_bits(CK_ULONG bits, struct crypto_spec *spec)
{
    if (bits == 0 || bits > 1024) {
        return parameter_invalid("effective key bits");
    }
    spec->key_bits = (uint32_t)bits;
    return CKR_OK;
}

static CK_RV read_rc2(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RC2_PARAMS *params = PARAMS_OF(CK_RC2_PARAMS, mechanism);
    return params == NULL ? parameter_absent(mechanism, "RC2 parameter") : read_rc2_bits(*params, spec);
}

static CK_RV read_rc2_cbc(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RC2_CBC_PARAMS *params = PARAMS_OF(CK_RC2_CBC_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "RC2 parameter");
    }
    spec->iv = bytes_of(params->iv, sizeof(params->iv));
    return read_rc2_bits(params->ulEffectiveBits, spec);
}

static CK_RV read_rc2_mac(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_RC2_MAC_GENERAL_PARAMS *params = PARAMS_OF(CK_RC2_MAC_GENERAL_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "RC2 parameter");
    }
    if (params->ulMacLength == 0) {
        return parameter_invalid("MAC length");
    }
    spec->tag_size = params->ulMacLength;
    return read_rc2_bits(params->ulEffectiveBits, spec);
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
    return parameter_view(params->pContextData, params->ulContextDataLen, "EdDSA context", &spec->label);
}

static CK_RV read_sm2_id(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    return parameter_view(mechanism->pParameter, mechanism->ulParameterLen, "signer's identity",
                          &spec->label);
}

static CK_RV read_tls_mac(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_TLS_MAC_PARAMS *params = PARAMS_OF(CK_TLS_MAC_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS MAC parameter");
    }
    if (params->ulServerOrClient != 1 && params->ulServerOrClient != 2) {
        return parameter_invalid("side of the connection");
    }
    P11_TRY(parameter_tls_hash(params->prfHashMechanism, &spec->digest));
    /* RFC 5246, 7.4.9: 12 bytes at least, and in earlier versions no others. */
    if (params->ulMacLength < 12 || params->ulMacLength > 64 ||
        (spec->digest == HUKS_DIGEST_MD5_SHA1 && params->ulMacLength != 12)) {
        return parameter_invalid("MAC length");
    }
    spec->from_client = params->ulServerOrClient == 2;
    spec->tag_size = params->ulMacLength;
    return CKR_OK;
}

static CK_RV read_tls10_mac(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    spec->from_client = mechanism->mechanism == CKM_TLS10_MAC_CLIENT;
    return read_mac_96(mechanism, spec);
}

/* Section 6.67.1: what is preferred may be either, and hedged is what withstands faults. */
static CK_RV read_hedge(CK_HEDGE_TYPE hedge, struct crypto_spec *spec)
{
    if (hedge > CKH_DETERMINISTIC_REQUIRED) {
        return parameter_invalid("hedge variant");
    }
    spec->hedge = hedge == CKH_DETERMINISTIC_REQUIRED ? CRYPTO_DETERMINISTIC : CRYPTO_HEDGED;
    return CKR_OK;
}

/* A row with a digest is a pre-hash one. */
static CK_RV read_context(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    spec->prehash = spec->digest != OH_HUKS_DIGEST_NONE;
    if (mechanism->pParameter == NULL && mechanism->ulParameterLen == 0) {
        return CKR_OK;
    }
    const CK_SIGN_ADDITIONAL_CONTEXT *params = PARAMS_OF(CK_SIGN_ADDITIONAL_CONTEXT, mechanism);
    if (params == NULL) {
        return parameter_invalid("signature context");
    }
    P11_TRY(read_hedge(params->hedgeVariant, spec));
    return parameter_view(params->pContext, params->ulContextLen, "signature context", &spec->label);
}

static CK_RV read_hash_context(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    const CK_HASH_SIGN_ADDITIONAL_CONTEXT *params = PARAMS_OF(CK_HASH_SIGN_ADDITIONAL_CONTEXT, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "hash and signature context");
    }
    spec->prehash = true;
    spec->hash_of_input = p11_parameter_hash(params->hash);
    if (spec->hash_of_input == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("hash algorithm");
    }
    P11_TRY(read_hedge(params->hedgeVariant, spec));
    return parameter_view(params->pContext, params->ulContextLen, "signature context", &spec->label);
}

static CK_RV read_wrap_iv(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    return parameter_view(mechanism->pParameter, mechanism->ulParameterLen, "IV", &spec->iv);
}

static CK_RV read_gmac(const CK_MECHANISM *mechanism, struct crypto_spec *spec)
{
    if (mechanism->ulParameterLen == sizeof(CK_GCM_PARAMS)) {
        return read_gcm(mechanism, spec);
    }
    return read_iv(mechanism, spec);
}

static const shape_reader readers[SHAPE_COUNT] = {
    [SHAPE_NONE] = read_none,
    [SHAPE_IV] = read_iv,
    [SHAPE_CTR] = read_ctr,
    [SHAPE_GCM] = read_gcm,
    [SHAPE_CCM] = read_ccm,
    [SHAPE_CHACHA] = read_chacha,
    [SHAPE_CHACHA_POLY] = read_chacha_poly,
    [SHAPE_RC2] = read_rc2,
    [SHAPE_RC2_CBC] = read_rc2_cbc,
    [SHAPE_RC2_MAC] = read_rc2_mac,
    [SHAPE_PSS] = read_pss,
    [SHAPE_OAEP] = read_oaep,
    [SHAPE_MAC_LENGTH] = read_mac_length,
    [SHAPE_MAC_96] = read_mac_96,
    [SHAPE_EDDSA] = read_eddsa,
    [SHAPE_SM2_ID] = read_sm2_id,
    [SHAPE_WRAP_IV] = read_wrap_iv,
    [SHAPE_RSA_AES] = read_rsa_aes,
    [SHAPE_ECDH_AES] = read_ecdh_aes,
    [SHAPE_GMAC] = read_gmac,
    [SHAPE_TLS_MAC] = read_tls_mac,
    [SHAPE_TLS10_MAC] = read_tls10_mac,
    [SHAPE_CONTEXT] = read_context,
    [SHAPE_HASH_CONTEXT] = read_hash_context,
};

CK_RV p11_parameter_read(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                         struct crypto_spec *spec)
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
