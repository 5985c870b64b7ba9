/*
 * Reading the parameters of TLS's derivations, sections 6.39 and 6.40. Everything here comes from outside:
 * any pointer may be NULL, any length wrong.
 */
#include <string.h>

#include "pkcs11/derivation.h"
#include "pkcs11/mechanism_parameter.h"

#define LABEL(text) bytes_of(text, sizeof(text) - 1)
#define MASTER_SIZE 48
/* Larger than any cipher suite's: what was meant as a key length, but is none. */
#define MAC_KEY_MAX    64
#define CIPHER_KEY_MAX 64
/* A longer one would tell more of the key block than a cipher's IV. */
#define IV_MAX 16

static CK_RV tls_randoms(const CK_SSL3_RANDOM_DATA *randoms, struct bytes *client, struct bytes *server)
{
    if (randoms->ulClientRandomLen == 0 || randoms->ulServerRandomLen == 0) {
        return parameter_missing("random data of client and server");
    }
    P11_TRY(parameter_view(randoms->pClientRandom, randoms->ulClientRandomLen, "random data of the client",
                           client));
    return parameter_view(randoms->pServerRandom, randoms->ulServerRandomLen, "random data of the server",
                          server);
}

/* ---- master secrets ---- */

/*
 * The mechanisms of the RSA cipher suites start from 48 bytes that begin with a version, and tell it; those
 * of Diffie-Hellman start from anything, and have none to tell.
 */
static CK_RV tls_version(struct p11_derivation *derivation, bool agreed, CK_VERSION *version)
{
    derivation->fixed_size = MASTER_SIZE;
    if (agreed) {
        return version == NULL ? CKR_OK : parameter_invalid("version pointer");
    }
    if (param_u32(item_params(derivation->base), OH_HUKS_TAG_KEY_SIZE, 0) != MASTER_SIZE * 8) {
        return p11_fail(CKR_KEY_SIZE_RANGE, "key size");
    }
    derivation->version = version;
    return CKR_OK;
}

CK_RV read_tls_master(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_SSL3_MASTER_KEY_DERIVE_PARAMS *params = PARAMS_OF(CK_SSL3_MASTER_KEY_DERIVE_PARAMS, mechanism);
    struct crypto_derive_spec *spec = &derivation->spec;
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    spec->label = LABEL("master secret");
    P11_TRY(tls_randoms(&params->RandomInfo, &spec->seeds[0], &spec->seeds[1]));
    return tls_version(derivation, mechanism->mechanism == CKM_TLS_MASTER_KEY_DERIVE_DH, params->pVersion);
}

/* What a TLS 1.2 master secret is good for (section 6.40.4), little-endian as the engine keeps lists. */
static const uint8_t master_mechanisms[] = {
#define MECHANISM(type) (type) & 0xFF, (type) >> 8 & 0xFF, (type) >> 16 & 0xFF, (type) >> 24 & 0xFF
    MECHANISM(CKM_TLS12_KEY_AND_MAC_DERIVE),
    MECHANISM(CKM_TLS12_KEY_SAFE_DERIVE),
    MECHANISM(CKM_TLS_KDF),
    MECHANISM(CKM_TLS_MAC),
    MECHANISM(CKM_TLS12_KDF),
    MECHANISM(CKM_TLS12_MAC),
};

CK_RV read_tls12_master(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_TLS12_MASTER_KEY_DERIVE_PARAMS *params = PARAMS_OF(CK_TLS12_MASTER_KEY_DERIVE_PARAMS, mechanism);
    struct crypto_derive_spec *spec = &derivation->spec;
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    spec->label = LABEL("master secret");
    derivation->allowed = BYTES_OF(master_mechanisms);
    P11_TRY(parameter_tls_hash(params->prfHashMechanism, &spec->digest));
    P11_TRY(tls_randoms(&params->RandomInfo, &spec->seeds[0], &spec->seeds[1]));
    return tls_version(derivation, mechanism->mechanism == CKM_TLS12_MASTER_KEY_DERIVE_DH, params->pVersion);
}

/* RFC 7627. */
CK_RV read_tls12_extended(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS *params =
        PARAMS_OF(CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS, mechanism);
    struct crypto_derive_spec *spec = &derivation->spec;
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    if (params->ulSessionHashLen == 0) {
        return parameter_missing("session hash");
    }
    spec->label = LABEL("extended master secret");
    derivation->allowed = BYTES_OF(master_mechanisms);
    P11_TRY(parameter_tls_hash(params->prfHashMechanism, &spec->digest));
    P11_TRY(parameter_view(params->pSessionHash, params->ulSessionHashLen, "session hash", &spec->seeds[0]));
    return tls_version(derivation, mechanism->mechanism == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH,
                       params->pVersion);
}

/* ---- the key block ---- */

static CK_RV tls_size(CK_ULONG bits, CK_ULONG most, const char *what, size_t *size)
{
    if (bits % 8 != 0 || bits / 8 > most) {
        return parameter_invalid(what);
    }
    *size = bits / 8;
    return CKR_OK;
}

/* What both versions' structs say. */
struct key_material {
    CK_ULONG mac_bits, key_bits, iv_bits;
    CK_BBOOL export;
    const CK_SSL3_RANDOM_DATA *randoms;
    CK_SSL3_KEY_MAT_OUT *out;
};

static CK_RV tls_keys(struct p11_derivation *derivation, const struct key_material *material)
{
    struct p11_key_block *block = &derivation->block;
    struct crypto_derive_spec *spec = &derivation->spec;
    if (material->export) {
        return parameter_invalid("export keys");
    }
    if (material->out == NULL) {
        return parameter_missing("place for key material");
    }
    derivation->secrecy = P11_SECRECY_SAME;
    spec->label = LABEL("key expansion");
    P11_TRY(tls_randoms(material->randoms, &spec->seeds[1], &spec->seeds[0]));
    P11_TRY(tls_size(material->mac_bits, MAC_KEY_MAX, "MAC key length", &block->mac_size));
    P11_TRY(tls_size(material->key_bits, CIPHER_KEY_MAX, "key length", &block->key_size));
    P11_TRY(tls_size(material->iv_bits, IV_MAX, "IV length", &block->iv_size));
    block->out = material->out;
    if (block->mac_size == 0 && block->key_size == 0) {
        return parameter_invalid("key length");
    }
    if (block->iv_size != 0 && (material->out->pIVClient == NULL || material->out->pIVServer == NULL)) {
        return parameter_invalid("place for IVs");
    }
    return CKR_OK;
}

CK_RV read_tls_keys(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_SSL3_KEY_MAT_PARAMS *params = PARAMS_OF(CK_SSL3_KEY_MAT_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    const struct key_material material = {params->ulMacSizeInBits, params->ulKeySizeInBits,
                                          params->ulIVSizeInBits,  params->bIsExport,
                                          &params->RandomInfo,     params->pReturnedKeyMaterial};
    return tls_keys(derivation, &material);
}

/* CKM_TLS12_KEY_SAFE_DERIVE gives no IV, so that nothing of the key block is ever told (section 6.40.7). */
CK_RV read_tls12_keys(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_TLS12_KEY_MAT_PARAMS *params = PARAMS_OF(CK_TLS12_KEY_MAT_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    bool safe = mechanism->mechanism == CKM_TLS12_KEY_SAFE_DERIVE;
    const struct key_material material = {
        params->ulMacSizeInBits, params->ulKeySizeInBits, safe ? 0 : params->ulIVSizeInBits,
        params->bIsExport,       &params->RandomInfo,     params->pReturnedKeyMaterial};
    P11_TRY(parameter_tls_hash(params->prfHashMechanism, &derivation->spec.digest));
    return tls_keys(derivation, &material);
}

/* ---- the function itself ---- */

CK_RV read_tls_prf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_TLS_PRF_PARAMS *params = PARAMS_OF(CK_TLS_PRF_PARAMS, mechanism);
    struct crypto_derive_spec *spec = &derivation->spec;
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    if (params->pOutput == NULL || params->pulOutputLen == NULL || *params->pulOutputLen == 0) {
        return parameter_missing("place for output");
    }
    if (*params->pulOutputLen > UINT16_MAX) {
        return parameter_invalid("output length");
    }
    if (params->ulLabelLen == 0) {
        return parameter_missing("label");
    }
    derivation->output = params->pOutput;
    derivation->output_size = params->pulOutputLen;
    P11_TRY(parameter_view(params->pLabel, params->ulLabelLen, "label", &spec->label));
    return parameter_view(params->pSeed, params->ulSeedLen, "seed", &spec->seeds[0]);
}

/* RFC 5705, 4: a context comes with its length, and one that is empty is not the same as none. */
CK_RV read_tls_kdf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_TLS_KDF_PARAMS *params = PARAMS_OF(CK_TLS_KDF_PARAMS, mechanism);
    struct crypto_derive_spec *spec = &derivation->spec;
    if (params == NULL) {
        return parameter_absent(mechanism, "TLS parameter");
    }
    if (params->ulLabelLength == 0) {
        return parameter_missing("label");
    }
    derivation->secrecy = P11_SECRECY_BOUND;
    derivation->inherits = true;
    derivation->wants_size = true;
    P11_TRY(parameter_tls_hash(params->prfMechanism, &spec->digest));
    P11_TRY(parameter_view(params->pLabel, params->ulLabelLength, "label", &spec->label));
    P11_TRY(tls_randoms(&params->RandomInfo, &spec->seeds[0], &spec->seeds[1]));
    P11_TRY(parameter_view(params->pContextData, params->ulContextDataLength, "context", &spec->seeds[3]));
    if (params->ulContextDataLength > UINT16_MAX) {
        return parameter_invalid("context");
    }
    if (params->pContextData != NULL) {
        derivation->digits[0] = (uint8_t)(params->ulContextDataLength >> 8);
        derivation->digits[1] = (uint8_t)params->ulContextDataLength;
        spec->seeds[2] = BYTES_OF(derivation->digits);
    }
    return CKR_OK;
}
