/*
 * Reading the parameters of derivations: key agreement, HKDF, passwords, and what puts keys together.
 * Everything here comes from outside: any pointer may be NULL, any length wrong.
 */
#include "pkcs11/derivation.h"
#include "pkcs11/mechanism_parameter.h"

/* ---- other keys ---- */

/* Whoever may not derive from a key may not do it by way of another one either. */
CK_RV p11_derivation_key(struct p11_derivation *derivation, CK_OBJECT_HANDLE handle, struct bytes *value)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    if (derivation->other_count == P11_OTHER_KEYS) {
        return parameter_invalid("number of keys");
    }
    P11_TRY(p11_key_get(derivation->session, handle, P11_AT_DERIVE, &item));
    P11_TRY_HUKS(item_ready(item), P11_AT_DERIVE);
    if (item_class(item) != HUKS_CLASS_SECRET_KEY) {
        return p11_fail(CKR_KEY_TYPE_INCONSISTENT, "key class of the mechanism parameter's key");
    }
    bool stays_inside = param_u32(item_params(item), OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG, 0) ==
                        OH_HUKS_STORAGE_ONLY_USED_IN_HUKS;
    if ((item_purposes(item) & OH_HUKS_KEY_PURPOSE_DERIVE) == 0 || stays_inside) {
        return p11_fail(CKR_KEY_FUNCTION_NOT_PERMITTED, "key purpose of the mechanism parameter's key");
    }
    struct secret *kept = &derivation->others[derivation->other_count];
    P11_TRY_HUKS(item_part(item, HUKS_TAG_VALUE, kept), P11_AT_DERIVE);
    derivation->other_count++;
    derivation->sensitive |= p11_attribute_bool(item, CKA_SENSITIVE, CK_TRUE) != CK_FALSE;
    derivation->extractable &= p11_attribute_bool(item, CKA_EXTRACTABLE, CK_FALSE) != CK_FALSE;
    derivation->always_sensitive &= p11_attribute_bool(item, CKA_ALWAYS_SENSITIVE, CK_FALSE) != CK_FALSE;
    derivation->never_extractable &= p11_attribute_bool(item, CKA_NEVER_EXTRACTABLE, CK_FALSE) != CK_FALSE;
    *value = secret_bytes(kept);
    return CKR_OK;
}

/* ---- key agreement ---- */

static CK_RV read_peer(const void *data, CK_ULONG size, struct crypto_derive_spec *spec)
{
    if (data == NULL || size == 0) {
        return parameter_missing("public key of the other party");
    }
    spec->tail = true; /* sections 6.3.17 and 6.4: bytes are cut from the leading end */
    spec->peer = bytes_of(data, size);
    return CKR_OK;
}

/* All but the other party's key. */
static CK_RV read_ecdh_kdf(const CK_MECHANISM *mechanism, const CK_ECDH1_DERIVE_PARAMS *params,
                           struct crypto_derive_spec *spec)
{
    spec->cofactor = mechanism->mechanism == CKM_ECDH1_COFACTOR_DERIVE;
    P11_TRY(parameter_view(params->pSharedData, params->ulSharedDataLen, "shared data", &spec->info));
    return parameter_kdf(params->kdf, spec->info, &spec->kdf, &spec->digest);
}

static CK_RV read_ecdh(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_ECDH1_DERIVE_PARAMS *params = PARAMS_OF(CK_ECDH1_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "ECDH parameter");
    }
    P11_TRY(read_peer(params->pPublicData, params->ulPublicDataLen, &derivation->spec));
    return read_ecdh_kdf(mechanism, params, &derivation->spec);
}

/* Section 6.3.17: the public data must be absent, for it is what comes out. */
CK_RV p11_parameter_encapsulate(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                                struct crypto_derive_spec *spec)
{
    const CK_ECDH1_DERIVE_PARAMS *params = PARAMS_OF(CK_ECDH1_DERIVE_PARAMS, mechanism);
    *spec = (struct crypto_derive_spec){.method = row->method, .digest = row->digest, .tail = true};
    if (params == NULL) {
        return parameter_absent(mechanism, "ECDH parameter");
    }
    if (params->pPublicData != NULL || params->ulPublicDataLen != 0) {
        return parameter_invalid("public key of the other party");
    }
    return read_ecdh_kdf(mechanism, params, spec);
}

static CK_RV read_dh(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    return read_peer(mechanism->pParameter, mechanism->ulParameterLen, &derivation->spec);
}

/* Of X9.42's two functions the one that hashes a concatenation; the other's ASN.1 OpenSSL makes for CMS
 * alone. */
static CK_RV read_x942_dh(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_X9_42_DH1_DERIVE_PARAMS *params = PARAMS_OF(CK_X9_42_DH1_DERIVE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "X9.42 parameter");
    }
    P11_TRY(read_peer(params->pPublicData, params->ulPublicDataLen, spec));
    P11_TRY(parameter_view(params->pOtherInfo, params->ulOtherInfoLen, "other information", &spec->info));
    if (params->kdf == CKD_SHA1_KDF_CONCATENATE) {
        spec->kdf = CRYPTO_KDF_X963;
        spec->digest = OH_HUKS_DIGEST_SHA1;
        return CKR_OK;
    }
    if (params->kdf != CKD_NULL) {
        return parameter_unknown("key derivation function");
    }
    return spec->info.size == 0 ? CKR_OK : parameter_invalid("other information");
}

/* ---- HKDF ---- */

static CK_RV read_hkdf_salt(struct p11_derivation *derivation, const CK_HKDF_PARAMS *params)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    switch (params->ulSaltType) {
    case CKF_HKDF_SALT_NULL:
        return CKR_OK;
    case CKF_HKDF_SALT_DATA:
        if (params->ulSaltLen == 0) {
            return parameter_invalid("HKDF salt");
        }
        return parameter_view(params->pSalt, params->ulSaltLen, "HKDF salt", &spec->salt);
    case CKF_HKDF_SALT_KEY: {
        /* A salt is no secret: the new key's secrecy is the base key's business (section 6.62). */
        bool sensitive = derivation->sensitive, extractable = derivation->extractable;
        bool always = derivation->always_sensitive, never = derivation->never_extractable;
        P11_TRY(p11_derivation_key(derivation, params->hSaltKey, &spec->salt));
        derivation->sensitive = sensitive;
        derivation->extractable = extractable;
        derivation->always_sensitive = always;
        derivation->never_extractable = never;
        return CKR_OK;
    }
    default:
        return parameter_invalid("HKDF salt type");
    }
}

static CK_RV read_hkdf(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    const CK_HKDF_PARAMS *params = PARAMS_OF(CK_HKDF_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "HKDF parameter");
    }
    if (!params->bExtract && !params->bExpand) {
        return parameter_invalid("HKDF parameter");
    }
    spec->extract = params->bExtract != CK_FALSE;
    spec->expand = params->bExpand != CK_FALSE;
    spec->digest = parameter_digest(HASH_MECHANISM, params->prfHashMechanism);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("HKDF hash algorithm");
    }
    if (spec->extract) {
        P11_TRY(read_hkdf_salt(derivation, params));
    }
    return parameter_view(params->pInfo, params->ulInfoLen, "HKDF info", &spec->info);
}

/* ---- one key from another and some data ---- */

static CK_RV read_hash_of_key(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    (void)derivation;
    return mechanism->ulParameterLen == 0 ? CKR_OK : parameter_invalid("mechanism parameter");
}

static CK_RV read_string(const CK_MECHANISM *mechanism, struct bytes *data)
{
    const CK_KEY_DERIVATION_STRING_DATA *params = PARAMS_OF(CK_KEY_DERIVATION_STRING_DATA, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "data");
    }
    return parameter_view(params->pData, params->ulLen, "data", data);
}

static CK_RV read_string_data(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    derivation->secrecy = derivation->row->method == CRYPTO_XOR ? P11_SECRECY_BOUND : P11_SECRECY_FREE;
    return read_string(mechanism, &derivation->spec.info);
}

static CK_RV read_join(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    derivation->secrecy = P11_SECRECY_BOUND;
    if (mechanism->mechanism != CKM_CONCATENATE_BASE_AND_KEY) {
        return read_string(mechanism,
                           mechanism->mechanism == CKM_CONCATENATE_DATA_AND_BASE ? &spec->salt : &spec->info);
    }
    const CK_OBJECT_HANDLE *other = PARAMS_OF(CK_OBJECT_HANDLE, mechanism);
    return other == NULL ? parameter_absent(mechanism, "handle of the other key")
                         : p11_derivation_key(derivation, *other, &spec->info);
}

static CK_RV read_extract(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const CK_EXTRACT_PARAMS *params = PARAMS_OF(CK_EXTRACT_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "bit position");
    }
    derivation->secrecy = P11_SECRECY_BOUND;
    derivation->wants_size = true;
    derivation->spec.offset = *params;
    return CKR_OK;
}

/* The IV has the cipher's block, and so the struct two sizes. */
static CK_RV read_cbc_data(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    struct crypto_derive_spec *spec = &derivation->spec;
    uint32_t alg = derivation->row->alg;
    if (alg == OH_HUKS_ALG_DES || alg == OH_HUKS_ALG_3DES) {
        const CK_DES_CBC_ENCRYPT_DATA_PARAMS *params = PARAMS_OF(CK_DES_CBC_ENCRYPT_DATA_PARAMS, mechanism);
        if (params == NULL) {
            return parameter_absent(mechanism, "data");
        }
        spec->salt = BYTES_OF(params->iv);
        return parameter_view(params->pData, params->length, "data", &spec->info);
    }
    const CK_AES_CBC_ENCRYPT_DATA_PARAMS *params = PARAMS_OF(CK_AES_CBC_ENCRYPT_DATA_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "data");
    }
    spec->salt = BYTES_OF(params->iv);
    return parameter_view(params->pData, params->length, "data", &spec->info);
}

static CK_RV read_public_key(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    (void)derivation;
    return mechanism->ulParameterLen == 0 ? CKR_OK : parameter_invalid("mechanism parameter");
}

/* ---- the table ---- */

static p11_derivation_reader *const readers[SHAPE_COUNT] = {
    [SHAPE_ECDH] = read_ecdh,
    [SHAPE_DH] = read_dh,
    [SHAPE_X942_DH] = read_x942_dh,
    [SHAPE_HKDF] = read_hkdf,
    [SHAPE_KBKDF] = read_kbkdf,
    [SHAPE_HASH_OF_KEY] = read_hash_of_key,
    [SHAPE_JOIN] = read_join,
    [SHAPE_STRING_DATA] = read_string_data,
    [SHAPE_CBC_DATA] = read_cbc_data,
    [SHAPE_EXTRACT] = read_extract,
    [SHAPE_PUBLIC_KEY] = read_public_key,
    [SHAPE_TLS_MASTER] = read_tls_master,
    [SHAPE_TLS12_MASTER] = read_tls12_master,
    [SHAPE_TLS12_EXTENDED] = read_tls12_extended,
    [SHAPE_TLS_KEYS] = read_tls_keys,
    [SHAPE_TLS12_KEYS] = read_tls12_keys,
    [SHAPE_TLS_PRF] = read_tls_prf,
    [SHAPE_TLS_KDF] = read_tls_kdf,
    [SHAPE_IKE_PRF] = read_ike_prf,
    [SHAPE_IKE1_PRF] = read_ike1_prf,
    [SHAPE_IKE1_EXTENDED] = read_ike1_extended,
    [SHAPE_IKE2_PRF_PLUS] = read_ike2_prf_plus,
};

CK_RV p11_derivation_read(struct p11_derivation *derivation, const CK_MECHANISM *mechanism)
{
    const struct p11_mechanism *row = derivation->row;
    struct item *base = derivation->base;
    derivation->spec =
        (struct crypto_derive_spec){.method = row->method, .digest = row->digest, .mode = row->mode};
    derivation->key_type = CKK_GENERIC_SECRET;
    derivation->sensitive = p11_attribute_bool(base, CKA_SENSITIVE, CK_TRUE) != CK_FALSE;
    derivation->extractable = p11_attribute_bool(base, CKA_EXTRACTABLE, CK_FALSE) != CK_FALSE;
    derivation->always_sensitive = p11_attribute_bool(base, CKA_ALWAYS_SENSITIVE, CK_FALSE) != CK_FALSE;
    derivation->never_extractable = p11_attribute_bool(base, CKA_NEVER_EXTRACTABLE, CK_FALSE) != CK_FALSE;
    if (mechanism->pParameter == NULL && mechanism->ulParameterLen != 0) {
        return parameter_invalid("mechanism parameter");
    }
    return readers[row->shape] == NULL ? parameter_invalid("mechanism parameter")
                                       : readers[row->shape](derivation, mechanism);
}

void p11_derivation_free(struct p11_derivation *derivation)
{
    for (size_t i = 0; i < derivation->other_count; i++) {
        secret_free(&derivation->others[i]);
    }
    memory_free_ptr(&derivation->fields);
}

/* ---- passwords ---- */

/*
 * The structure of PKCS #11 2.40 before its errata, which NSS still passes, has the address of the password's
 * length where CK_PKCS5_PBKD2_PARAMS2 has the length itself; both are of one size. No password is as long as
 * the lowest address is high, and the address is believed no more than any other number.
 */
static CK_RV read_password(const CK_PKCS5_PBKD2_PARAMS2 *params, struct bytes *password)
{
    const CK_ULONG lowest_address = 0x10000;
    CK_ULONG size = params->ulPasswordLen;
    if (size >= lowest_address && (!memory_peek(size, &size, sizeof(size)) || size >= lowest_address)) {
        return parameter_invalid("password length");
    }
    return parameter_view(params->pPassword, size, "password", password);
}

static CK_RV read_pbkdf2(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec,
                         struct bytes *password)
{
    const CK_PKCS5_PBKD2_PARAMS2 *params = PARAMS_OF(CK_PKCS5_PBKD2_PARAMS2, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "PBKDF2 parameter");
    }
    if (params->saltSource != CKZ_SALT_SPECIFIED || params->iterations == 0 ||
        params->iterations > UINT32_MAX) {
        return parameter_invalid("PBKDF2 parameter");
    }
    spec->digest = parameter_digest(HASH_PBKDF2, params->prf);
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return parameter_unknown("PBKDF2 pseudo-random function");
    }
    spec->iterations = (uint32_t)params->iterations;
    P11_TRY(parameter_view(params->pSaltSourceData, params->ulSaltSourceDataLen, "PBKDF2 salt", &spec->salt));
    return read_password(params, password);
}

static CK_RV read_pbe(const CK_MECHANISM *mechanism, struct crypto_derive_spec *spec, struct bytes *password)
{
    const CK_PBE_PARAMS *params = PARAMS_OF(CK_PBE_PARAMS, mechanism);
    if (params == NULL) {
        return parameter_absent(mechanism, "PBE parameter");
    }
    if (params->ulIteration == 0 || params->ulIteration > UINT32_MAX) {
        return parameter_invalid("number of iterations");
    }
    spec->iterations = (uint32_t)params->ulIteration;
    P11_TRY(parameter_view(params->pSalt, params->ulSaltLen, "salt", &spec->salt));
    return parameter_view(params->pPassword, params->ulPasswordLen, "password", password);
}

CK_RV p11_parameter_password(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                             struct crypto_derive_spec *spec, struct bytes *password)
{
    *spec = (struct crypto_derive_spec){.method = row->method, .digest = row->digest};
    return row->shape == SHAPE_PBKDF2 ? read_pbkdf2(mechanism, spec, password)
                                      : read_pbe(mechanism, spec, password);
}
