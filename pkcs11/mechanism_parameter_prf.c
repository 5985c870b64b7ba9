/*
 * Reading the parameters of derivations by a pseudo-random function: SP 800-108 and IKE. Everything here
 * comes from outside: any pointer may be NULL, any length wrong.
 */
#include <stdlib.h>

#include "pkcs11/derivation.h"
#include "pkcs11/mechanism_parameter.h"

static CK_RV read_prf(CK_MECHANISM_TYPE mechanism, struct crypto_prf *prf)
{
    switch (mechanism) {
    case CKM_AES_CMAC:
    case CKM_DES3_CMAC:
        prf->method = CRYPTO_CMAC;
        return CKR_OK;
    case CKM_AES_XCBC_MAC:
        prf->method = CRYPTO_XCBC_MAC;
        return CKR_OK;
    default:
        prf->method = CRYPTO_HMAC;
        prf->digest = parameter_digest(HASH_HMAC, mechanism);
        return prf->digest != OH_HUKS_DIGEST_NONE ? CKR_OK : parameter_unknown("pseudo-random function");
    }
}

/* ---- SP 800-108, section 6.42 ---- */

/* How often each kind of field may occur. */
struct kbkdf_census {
    unsigned iterations, counters, lengths;
};

static CK_RV kbkdf_width(CK_ULONG bits, CK_ULONG most, struct crypto_kbkdf_field *field)
{
    if (bits == 0 || bits > most || bits % 8 != 0) {
        return parameter_invalid("number of bits of a counter or length");
    }
    field->width = (uint8_t)(bits / 8);
    return CKR_OK;
}

static CK_RV kbkdf_counter(const CK_PRF_DATA_PARAM *data, struct crypto_kbkdf_field *field)
{
    if (data->pValue == NULL || data->ulValueLen != sizeof(CK_SP800_108_COUNTER_FORMAT)) {
        return parameter_invalid("counter format");
    }
    const CK_SP800_108_COUNTER_FORMAT *format = data->pValue;
    field->little_endian = format->bLittleEndian != CK_FALSE;
    return kbkdf_width(format->ulWidthInBits, 32, field);
}

static CK_RV kbkdf_length(const CK_PRF_DATA_PARAM *data, struct crypto_kbkdf_field *field)
{
    if (data->pValue == NULL || data->ulValueLen != sizeof(CK_SP800_108_DKM_LENGTH_FORMAT)) {
        return parameter_invalid("length format");
    }
    const CK_SP800_108_DKM_LENGTH_FORMAT *format = data->pValue;
    if (format->dkmLengthMethod != CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS &&
        format->dkmLengthMethod != CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS) {
        return parameter_invalid("length method");
    }
    field->kind =
        format->dkmLengthMethod == CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS ? KBKDF_KEYS_SIZE : KBKDF_BLOCKS_SIZE;
    field->little_endian = format->bLittleEndian != CK_FALSE;
    return kbkdf_width(format->ulWidthInBits, 64, field);
}

static CK_RV kbkdf_field(struct p11_derivation *derivation, const CK_PRF_DATA_PARAM *data,
                         struct kbkdf_census *census, struct crypto_kbkdf_field *field)
{
    bool counts = derivation->spec.kbkdf == CRYPTO_KBKDF_COUNTER;
    switch (data->type) {
    case CK_SP800_108_ITERATION_VARIABLE:
        field->kind = KBKDF_ITERATION;
        census->iterations++;
        if (counts) {
            return kbkdf_counter(data, field);
        }
        return data->pValue == NULL && data->ulValueLen == 0 ? CKR_OK
                                                             : parameter_invalid("iteration variable");
    case CK_SP800_108_COUNTER:
        field->kind = KBKDF_COUNTER;
        census->counters++;
        return kbkdf_counter(data, field);
    case CK_SP800_108_DKM_LENGTH:
        census->lengths++;
        return kbkdf_length(data, field);
    case CK_SP800_108_BYTE_ARRAY:
        field->kind = KBKDF_BYTES;
        return data->ulValueLen == 0
                   ? parameter_invalid("byte array")
                   : parameter_view(data->pValue, data->ulValueLen, "byte array", &field->bytes);
    case CK_SP800_108_KEY_HANDLE:
        field->kind = KBKDF_BYTES;
        if (data->pValue == NULL || data->ulValueLen != sizeof(CK_OBJECT_HANDLE)) {
            return parameter_invalid("key handle");
        }
        return p11_derivation_key(derivation, *(const CK_OBJECT_HANDLE *)data->pValue, &field->bytes);
    default:
        return parameter_invalid("data field type");
    }
}

static CK_RV kbkdf_fields(struct p11_derivation *derivation, const CK_PRF_DATA_PARAM *data, CK_ULONG count)
{
    struct kbkdf_census census = {0};
    if (data == NULL || count == 0) {
        return parameter_missing("data fields");
    }
    if (count > P11_KBKDF_FIELDS_MAX) {
        return parameter_invalid("number of data fields");
    }
    derivation->fields = calloc(count, sizeof(*derivation->fields));
    if (derivation->fields == NULL) {
        return p11_rv(error_no_memory(), P11_AT_DERIVE);
    }
    for (CK_ULONG i = 0; i < count; i++) {
        P11_TRY(kbkdf_field(derivation, &data[i], &census, &derivation->fields[i]));
    }
    derivation->spec.fields = derivation->fields;
    derivation->spec.field_count = count;
    unsigned counters = derivation->spec.kbkdf == CRYPTO_KBKDF_COUNTER ? 0 : 1;
    return census.iterations == 1 && census.counters <= counters && census.lengths <= 1
               ? CKR_OK
               : parameter_invalid("data fields");
}

static CK_RV kbkdf_additional(struct p11_derivation *derivation, CK_DERIVED_KEY *keys, CK_ULONG count)
{
    if ((keys == NULL) != (count == 0) || count > P11_KBKDF_KEYS_MAX) {
        return parameter_invalid("additional derived keys");
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (keys[i].phKey == NULL || (keys[i].pTemplate == NULL && keys[i].ulAttributeCount != 0)) {
            return parameter_invalid("additional derived keys");
        }
    }
    derivation->additional = keys;
    derivation->additional_count = count;
    return CKR_OK;
}

CK_RV read_kbkdf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    derivation->inherits = true;
    if (mechanism->mechanism == CKM_SP800_108_FEEDBACK_KDF) {
        const CK_SP800_108_FEEDBACK_KDF_PARAMS *params =
            PARAMS_OF(CK_SP800_108_FEEDBACK_KDF_PARAMS, mechanism);
        if (params == NULL) {
            return parameter_absent(mechanism, "SP 800-108 parameter");
        }
        spec->kbkdf = CRYPTO_KBKDF_FEEDBACK;
        P11_TRY(read_prf(params->prfType, &spec->prf));
        P11_TRY(parameter_view(params->pIV, params->ulIVLen, "IV", &spec->salt));
        P11_TRY(
            kbkdf_additional(derivation, params->pAdditionalDerivedKeys, params->ulAdditionalDerivedKeys));
        return kbkdf_fields(derivation, params->pDataParams, params->ulNumberOfDataParams);
    }
    const CK_SP800_108_KDF_PARAMS *params = PARAMS_OF(CK_SP800_108_KDF_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "SP 800-108 parameter");
    }
    spec->kbkdf =
        mechanism->mechanism == CKM_SP800_108_COUNTER_KDF ? CRYPTO_KBKDF_COUNTER : CRYPTO_KBKDF_PIPELINE;
    P11_TRY(read_prf(params->prfType, &spec->prf));
    P11_TRY(kbkdf_additional(derivation, params->pAdditionalDerivedKeys, params->ulAdditionalDerivedKeys));
    return kbkdf_fields(derivation, params->pDataParams, params->ulNumberOfDataParams);
}

/* ---- IKE, section 6.64 ---- */

/* A PRF's output is a key for it: an AES key where it is made of AES, else a generic secret. */
static CK_RV ike_prf(struct p11_derivation *derivation, CK_MECHANISM_TYPE mechanism)
{
    P11_TRY(read_prf(mechanism, &derivation->spec.prf));
    if (derivation->spec.prf.method != CRYPTO_HMAC) {
        derivation->key_type = CKK_AES;
    }
    return CKR_OK;
}

/* A nonce or cookie that there must be. */
static CK_RV ike_piece(const void *data, CK_ULONG size, const char *what, struct bytes *out)
{
    return size == 0 ? parameter_missing(what) : parameter_view(data, size, what, out);
}

CK_RV read_ike_prf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_IKE_PRF_DERIVE_PARAMS *params = PARAMS_OF(CK_IKE_PRF_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "IKE parameter");
    }
    if (params->bDataAsKey && params->bRekey) {
        return p11_fail(CKR_ARGUMENTS_BAD, "IKE parameter: data as key and rekeying at once");
    }
    P11_TRY(ike_prf(derivation, params->prfMechanism));
    spec->whole = true;
    spec->data_as_key = params->bDataAsKey != CK_FALSE;
    P11_TRY(ike_piece(params->pNi, params->ulNiLen, "nonce of the initiator", &spec->seeds[1]));
    P11_TRY(ike_piece(params->pNr, params->ulNrLen, "nonce of the responder", &spec->seeds[2]));
    return params->bRekey ? p11_derivation_key(derivation, params->hNewKey, &spec->seeds[0]) : CKR_OK;
}

CK_RV read_ike1_prf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_IKE1_PRF_DERIVE_PARAMS *params = PARAMS_OF(CK_IKE1_PRF_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "IKE parameter");
    }
    P11_TRY(ike_prf(derivation, params->prfMechanism));
    if (params->bHasPrevKey) {
        P11_TRY(p11_derivation_key(derivation, params->hPrevKey, &spec->seeds[0]));
    }
    P11_TRY(p11_derivation_key(derivation, params->hKeygxy, &spec->seeds[1]));
    P11_TRY(ike_piece(params->pCKYi, params->ulCKYiLen, "cookie of the initiator", &spec->seeds[2]));
    P11_TRY(ike_piece(params->pCKYr, params->ulCKYrLen, "cookie of the responder", &spec->seeds[3]));
    derivation->digits[0] = params->keyNumber;
    spec->seeds[4] = bytes_of(derivation->digits, 1);
    return CKR_OK;
}

CK_RV read_ike1_extended(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_IKE1_EXTENDED_DERIVE_PARAMS *params = PARAMS_OF(CK_IKE1_EXTENDED_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "IKE parameter");
    }
    P11_TRY(read_prf(params->prfMechanism, &spec->prf));
    derivation->wants_size = true;
    /* A key that is no more than cut is as secret as the one that it is cut from (RFC 2409, appendix B). */
    derivation->secrecy = P11_SECRECY_BOUND;
    if (params->bHasKeygxy) {
        P11_TRY(p11_derivation_key(derivation, params->hKeygxy, &spec->seeds[0]));
    }
    return parameter_view(params->pExtraData, params->ulExtraDataLen, "extra data", &spec->seeds[1]);
}

CK_RV read_ike2_prf_plus(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_IKE2_PRF_PLUS_DERIVE_PARAMS *params = PARAMS_OF(CK_IKE2_PRF_PLUS_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "IKE parameter");
    }
    P11_TRY(read_prf(params->prfMechanism, &spec->prf));
    derivation->wants_size = true;
    if (params->bHasSeedKey) {
        P11_TRY(p11_derivation_key(derivation, params->hSeedKey, &spec->seeds[0]));
    }
    return parameter_view(params->pSeedData, params->ulSeedDataLen, "seed data", &spec->seeds[1]);
}
