/* The layouts; see remote_layout.h. */
#include "pkcs11/remote_layout.h"

#include <stddef.h>

#include "pkcs11/derivation.h"

#define AT(type, member) offsetof(type, member)

/* Fields: a pointer's member, and its length's. */
#define IN(type, pointer, size)      {FIELD_BYTES, false, AT(type, pointer), AT(type, size), 0, #pointer, NULL}
#define INOUT(type, pointer, size)   {FIELD_BYTES, true, AT(type, pointer), AT(type, size), 0, #pointer, NULL}
#define FIXED(type, pointer, size)   {FIELD_FIXED, true, AT(type, pointer), size, 0, #pointer, NULL}
#define STRUCT(type, pointer, of)    {FIELD_STRUCT, (of)->written, AT(type, pointer), 0, 0, #pointer, of}
#define ARRAY(type, pointer, count, most, of)                                                                \
    {FIELD_ARRAY, false, AT(type, pointer), AT(type, count), most, #pointer, of}
#define FIELD(kind, written, type, pointer, size)                                                            \
    {kind, written, AT(type, pointer), AT(type, size), 0, #pointer, NULL}
#define LAYOUT(type, ...) {.size = sizeof(type), .fields = {__VA_ARGS__}}
#define FLAT(type)        {.size = sizeof(type)}

/* ---- ciphers ---- */

static const struct remote_layout ctr[] = {FLAT(CK_AES_CTR_PARAMS)};
_Static_assert(sizeof(CK_AES_CTR_PARAMS) == sizeof(CK_CAMELLIA_CTR_PARAMS), "one layout for both");
static const struct remote_layout gcm[] = {
    LAYOUT(CK_GCM_PARAMS, IN(CK_GCM_PARAMS, pIv, ulIvLen), IN(CK_GCM_PARAMS, pAAD, ulAADLen)),
    LAYOUT(struct p11_gcm_params_first, IN(struct p11_gcm_params_first, pIv, ulIvLen),
           IN(struct p11_gcm_params_first, pAAD, ulAADLen)),
};
static const struct remote_layout gcm_wrapping[] = {
    LAYOUT(CK_GCM_WRAP_PARAMS, INOUT(CK_GCM_WRAP_PARAMS, pIv, ulIvLen), IN(CK_GCM_WRAP_PARAMS, pAAD, ulAADLen)),
    LAYOUT(CK_GCM_PARAMS, IN(CK_GCM_PARAMS, pIv, ulIvLen), IN(CK_GCM_PARAMS, pAAD, ulAADLen)),
    LAYOUT(struct p11_gcm_params_first, IN(struct p11_gcm_params_first, pIv, ulIvLen),
           IN(struct p11_gcm_params_first, pAAD, ulAADLen)),
};
static const struct remote_layout gcm_message[] = {
    LAYOUT(CK_GCM_MESSAGE_PARAMS, INOUT(CK_GCM_MESSAGE_PARAMS, pIv, ulIvLen),
           FIELD(FIELD_BITS, true, CK_GCM_MESSAGE_PARAMS, pTag, ulTagBits)),
};
static const struct remote_layout ccm[] = {
    LAYOUT(CK_CCM_PARAMS, IN(CK_CCM_PARAMS, pNonce, ulNonceLen), IN(CK_CCM_PARAMS, pAAD, ulAADLen)),
};
static const struct remote_layout ccm_wrapping[] = {
    LAYOUT(CK_CCM_WRAP_PARAMS, INOUT(CK_CCM_WRAP_PARAMS, pNonce, ulNonceLen), IN(CK_CCM_WRAP_PARAMS, pAAD, ulAADLen)),
    LAYOUT(CK_CCM_PARAMS, IN(CK_CCM_PARAMS, pNonce, ulNonceLen), IN(CK_CCM_PARAMS, pAAD, ulAADLen)),
};
static const struct remote_layout ccm_message[] = {
    LAYOUT(CK_CCM_MESSAGE_PARAMS, INOUT(CK_CCM_MESSAGE_PARAMS, pNonce, ulNonceLen),
           INOUT(CK_CCM_MESSAGE_PARAMS, pMAC, ulMACLen)),
};
static const struct remote_layout chacha[] = {
    LAYOUT(CK_CHACHA20_PARAMS, FIELD(FIELD_BITS, false, CK_CHACHA20_PARAMS, pBlockCounter, blockCounterBits),
           FIELD(FIELD_BITS, false, CK_CHACHA20_PARAMS, pNonce, ulNonceBits)),
};
#define POLY CK_SALSA20_CHACHA20_POLY1305_PARAMS
static const struct remote_layout chacha_poly[] = {
    LAYOUT(POLY, IN(POLY, pNonce, ulNonceLen), IN(POLY, pAAD, ulAADLen)),
};
#define POLY_MESSAGE CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS
static const struct remote_layout chacha_poly_message[] = {
    LAYOUT(POLY_MESSAGE, FIELD(FIELD_NONCE, false, POLY_MESSAGE, pNonce, ulNonceLen), FIXED(POLY_MESSAGE, pTag, 16)),
};
static const struct remote_layout rc2[] = {FLAT(CK_RC2_PARAMS)};
static const struct remote_layout rc2_cbc[] = {FLAT(CK_RC2_CBC_PARAMS)};
static const struct remote_layout rc2_mac[] = {FLAT(CK_RC2_MAC_GENERAL_PARAMS)};
static const struct remote_layout mac_length[] = {FLAT(CK_MAC_GENERAL_PARAMS)};
/* GMAC's is GCM's in full, or the IV's bytes. */
static const struct remote_layout gmac[] = {
    LAYOUT(CK_GCM_PARAMS, IN(CK_GCM_PARAMS, pIv, ulIvLen), IN(CK_GCM_PARAMS, pAAD, ulAADLen)),
};

/* ---- signatures and wrapping ---- */

static const struct remote_layout pss[] = {FLAT(CK_RSA_PKCS_PSS_PARAMS)};
static const struct remote_layout oaep[] = {
    LAYOUT(CK_RSA_PKCS_OAEP_PARAMS, IN(CK_RSA_PKCS_OAEP_PARAMS, pSourceData, ulSourceDataLen)),
};
static const struct remote_layout rsa_aes[] = {
    LAYOUT(CK_RSA_AES_KEY_WRAP_PARAMS,
           {FIELD_STRUCT, false, AT(CK_RSA_AES_KEY_WRAP_PARAMS, pOAEPParams), 0, 0, "pOAEPParams", oaep}),
};
static const struct remote_layout ecdh_aes[] = {
    LAYOUT(CK_ECDH_AES_KEY_WRAP_PARAMS, IN(CK_ECDH_AES_KEY_WRAP_PARAMS, pSharedData, ulSharedDataLen)),
};
static const struct remote_layout eddsa[] = {
    LAYOUT(CK_EDDSA_PARAMS, IN(CK_EDDSA_PARAMS, pContextData, ulContextDataLen)),
};
static const struct remote_layout context[] = {
    LAYOUT(CK_SIGN_ADDITIONAL_CONTEXT, IN(CK_SIGN_ADDITIONAL_CONTEXT, pContext, ulContextLen)),
};
static const struct remote_layout hash_context[] = {
    LAYOUT(CK_HASH_SIGN_ADDITIONAL_CONTEXT, IN(CK_HASH_SIGN_ADDITIONAL_CONTEXT, pContext, ulContextLen)),
};
static const struct remote_layout tls_mac[] = {FLAT(CK_TLS_MAC_PARAMS)};

/* ---- derivations ---- */

static const struct remote_layout ecdh[] = {
    LAYOUT(CK_ECDH1_DERIVE_PARAMS, IN(CK_ECDH1_DERIVE_PARAMS, pSharedData, ulSharedDataLen),
           IN(CK_ECDH1_DERIVE_PARAMS, pPublicData, ulPublicDataLen)),
};
static const struct remote_layout x942_dh[] = {
    LAYOUT(CK_X9_42_DH1_DERIVE_PARAMS, IN(CK_X9_42_DH1_DERIVE_PARAMS, pOtherInfo, ulOtherInfoLen),
           IN(CK_X9_42_DH1_DERIVE_PARAMS, pPublicData, ulPublicDataLen)),
};
static const struct remote_layout hkdf[] = {
    LAYOUT(CK_HKDF_PARAMS, IN(CK_HKDF_PARAMS, pSalt, ulSaltLen), IN(CK_HKDF_PARAMS, pInfo, ulInfoLen)),
};

static bool joins_key(const struct p11_mechanism *row)
{
    return row->type == CKM_CONCATENATE_BASE_AND_KEY;
}

static bool joins_data(const struct p11_mechanism *row)
{
    return !joins_key(row);
}

#define STRING CK_KEY_DERIVATION_STRING_DATA
static const struct remote_layout join[] = {
    {.size = sizeof(CK_OBJECT_HANDLE), .fits = joins_key},
    {.size = sizeof(STRING), .fields = {IN(STRING, pData, ulLen)}, .fits = joins_data},
};
static const struct remote_layout string_data[] = {LAYOUT(STRING, IN(STRING, pData, ulLen))};

static bool has_small_blocks(const struct p11_mechanism *row)
{
    return row->alg == OH_HUKS_ALG_DES || row->alg == OH_HUKS_ALG_3DES;
}

static bool has_large_blocks(const struct p11_mechanism *row)
{
    return !has_small_blocks(row);
}

static const struct remote_layout cbc_data[] = {
    {.size = sizeof(CK_DES_CBC_ENCRYPT_DATA_PARAMS),
     .fields = {IN(CK_DES_CBC_ENCRYPT_DATA_PARAMS, pData, length)},
     .fits = has_small_blocks},
    {.size = sizeof(CK_AES_CBC_ENCRYPT_DATA_PARAMS),
     .fields = {IN(CK_AES_CBC_ENCRYPT_DATA_PARAMS, pData, length)},
     .fits = has_large_blocks},
};
static const struct remote_layout extract[] = {FLAT(CK_EXTRACT_PARAMS)};

static const struct remote_layout prf_data[] = {
    LAYOUT(CK_PRF_DATA_PARAM, IN(CK_PRF_DATA_PARAM, pValue, ulValueLen)),
};
static const struct remote_layout derived_key[] = {
    LAYOUT(CK_DERIVED_KEY, FIELD(FIELD_TEMPLATE, false, CK_DERIVED_KEY, pTemplate, ulAttributeCount),
           FIXED(CK_DERIVED_KEY, phKey, sizeof(CK_OBJECT_HANDLE))),
};

static bool feeds_back(const struct p11_mechanism *row)
{
    return row->type == CKM_SP800_108_FEEDBACK_KDF;
}

static bool feeds_nothing_back(const struct p11_mechanism *row)
{
    return !feeds_back(row);
}

#define KBKDF    CK_SP800_108_KDF_PARAMS
#define FEEDBACK CK_SP800_108_FEEDBACK_KDF_PARAMS
static const struct remote_layout kbkdf[] = {
    {.size = sizeof(KBKDF),
     .fields = {ARRAY(KBKDF, pDataParams, ulNumberOfDataParams, P11_KBKDF_FIELDS_MAX, prf_data),
                ARRAY(KBKDF, pAdditionalDerivedKeys, ulAdditionalDerivedKeys, P11_KBKDF_KEYS_MAX, derived_key)},
     .fits = feeds_nothing_back},
    {.size = sizeof(FEEDBACK),
     .fields = {IN(FEEDBACK, pIV, ulIVLen),
                ARRAY(FEEDBACK, pDataParams, ulNumberOfDataParams, P11_KBKDF_FIELDS_MAX, prf_data),
                ARRAY(FEEDBACK, pAdditionalDerivedKeys, ulAdditionalDerivedKeys, P11_KBKDF_KEYS_MAX, derived_key)},
     .fits = feeds_back},
};

/* ---- TLS ---- */

#define RANDOMS(type)                                                                                        \
    IN(type, RandomInfo.pClientRandom, RandomInfo.ulClientRandomLen),                                        \
        IN(type, RandomInfo.pServerRandom, RandomInfo.ulServerRandomLen)
#define VERSION(type) FIXED(type, pVersion, sizeof(CK_VERSION))

static const struct remote_layout tls_master[] = {
    LAYOUT(CK_SSL3_MASTER_KEY_DERIVE_PARAMS, RANDOMS(CK_SSL3_MASTER_KEY_DERIVE_PARAMS),
           VERSION(CK_SSL3_MASTER_KEY_DERIVE_PARAMS)),
};
static const struct remote_layout tls12_master[] = {
    LAYOUT(CK_TLS12_MASTER_KEY_DERIVE_PARAMS, RANDOMS(CK_TLS12_MASTER_KEY_DERIVE_PARAMS),
           VERSION(CK_TLS12_MASTER_KEY_DERIVE_PARAMS)),
};
#define EXTENDED CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS
static const struct remote_layout tls12_extended[] = {
    LAYOUT(EXTENDED, IN(EXTENDED, pSessionHash, ulSessionHashLen), VERSION(EXTENDED)),
};

#define MATERIAL CK_SSL3_KEY_MAT_OUT
_Static_assert(AT(CK_SSL3_KEY_MAT_PARAMS, ulIVSizeInBits) == AT(CK_TLS12_KEY_MAT_PARAMS, ulIVSizeInBits),
               "the same material hangs from both");
#define MATERIAL_IV(pointer)                                                                                 \
    {FIELD_OUTER, true, AT(MATERIAL, pointer), AT(CK_SSL3_KEY_MAT_PARAMS, ulIVSizeInBits), 0, #pointer, NULL}
static const struct remote_layout material[] = {
    {.size = sizeof(MATERIAL), .fields = {MATERIAL_IV(pIVClient), MATERIAL_IV(pIVServer)}, .written = true},
};
/* CKM_TLS12_KEY_SAFE_DERIVE gives no IVs, whatever their places and size. */
static const struct remote_layout material_safe[] = {
    {.size = sizeof(MATERIAL),
     .fields = {{FIELD_UNREAD, false, AT(MATERIAL, pIVClient), 0, 0, "pIVClient", NULL},
                {FIELD_UNREAD, false, AT(MATERIAL, pIVServer), 0, 0, "pIVServer", NULL}},
     .written = true},
};

static bool tells_no_iv(const struct p11_mechanism *row)
{
    return row->type == CKM_TLS12_KEY_SAFE_DERIVE;
}

static bool tells_iv(const struct p11_mechanism *row)
{
    return !tells_no_iv(row);
}

#define MATERIAL_OF(type, of) {FIELD_STRUCT, true, AT(type, pReturnedKeyMaterial), 0, 0, "pReturnedKeyMaterial", of}
static const struct remote_layout tls_keys[] = {
    LAYOUT(CK_SSL3_KEY_MAT_PARAMS, RANDOMS(CK_SSL3_KEY_MAT_PARAMS), MATERIAL_OF(CK_SSL3_KEY_MAT_PARAMS, material)),
};
static const struct remote_layout tls12_keys[] = {
    {.size = sizeof(CK_TLS12_KEY_MAT_PARAMS),
     .fields = {RANDOMS(CK_TLS12_KEY_MAT_PARAMS), MATERIAL_OF(CK_TLS12_KEY_MAT_PARAMS, material)},
     .fits = tells_iv},
    {.size = sizeof(CK_TLS12_KEY_MAT_PARAMS),
     .fields = {RANDOMS(CK_TLS12_KEY_MAT_PARAMS), MATERIAL_OF(CK_TLS12_KEY_MAT_PARAMS, material_safe)},
     .fits = tells_no_iv},
};
/* The length's place before what it is the length of. */
static const struct remote_layout tls_prf[] = {
    LAYOUT(CK_TLS_PRF_PARAMS, IN(CK_TLS_PRF_PARAMS, pSeed, ulSeedLen), IN(CK_TLS_PRF_PARAMS, pLabel, ulLabelLen),
           FIXED(CK_TLS_PRF_PARAMS, pulOutputLen, sizeof(CK_ULONG)),
           FIELD(FIELD_BEHIND, true, CK_TLS_PRF_PARAMS, pOutput, pulOutputLen)),
};
static const struct remote_layout tls_kdf[] = {
    LAYOUT(CK_TLS_KDF_PARAMS, RANDOMS(CK_TLS_KDF_PARAMS), IN(CK_TLS_KDF_PARAMS, pLabel, ulLabelLength),
           IN(CK_TLS_KDF_PARAMS, pContextData, ulContextDataLength)),
};

/* ---- IKE ---- */

static const struct remote_layout ike_prf[] = {
    LAYOUT(CK_IKE_PRF_DERIVE_PARAMS, IN(CK_IKE_PRF_DERIVE_PARAMS, pNi, ulNiLen),
           IN(CK_IKE_PRF_DERIVE_PARAMS, pNr, ulNrLen)),
};
static const struct remote_layout ike1_prf[] = {
    LAYOUT(CK_IKE1_PRF_DERIVE_PARAMS, IN(CK_IKE1_PRF_DERIVE_PARAMS, pCKYi, ulCKYiLen),
           IN(CK_IKE1_PRF_DERIVE_PARAMS, pCKYr, ulCKYrLen)),
};
static const struct remote_layout ike1_extended[] = {
    LAYOUT(CK_IKE1_EXTENDED_DERIVE_PARAMS, IN(CK_IKE1_EXTENDED_DERIVE_PARAMS, pExtraData, ulExtraDataLen)),
};
static const struct remote_layout ike2_prf_plus[] = {
    LAYOUT(CK_IKE2_PRF_PLUS_DERIVE_PARAMS, IN(CK_IKE2_PRF_PLUS_DERIVE_PARAMS, pSeedData, ulSeedDataLen)),
};

/* ---- generation ---- */

#define PBKDF2 CK_PKCS5_PBKD2_PARAMS2
static const struct remote_layout pbkdf2[] = {
    LAYOUT(PBKDF2, IN(PBKDF2, pSaltSourceData, ulSaltSourceDataLen),
           FIELD(FIELD_UNREAD, false, PBKDF2, pPrfData, ulPrfDataLen),
           FIELD(FIELD_PASSWORD, false, PBKDF2, pPassword, ulPasswordLen)),
};

static bool makes_no_iv(const struct p11_mechanism *row)
{
    return p11_password_iv_size(row) == 0;
}

static bool makes_iv(const struct p11_mechanism *row)
{
    return !makes_no_iv(row);
}

#define PBE_INPUT IN(CK_PBE_PARAMS, pPassword, ulPasswordLen), IN(CK_PBE_PARAMS, pSalt, ulSaltLen)
static const struct remote_layout pbe[] = {
    {.size = sizeof(CK_PBE_PARAMS),
     .fields = {FIXED(CK_PBE_PARAMS, pInitVector, P11_PASSWORD_IV_SIZE), PBE_INPUT},
     .fits = makes_iv},
    {.size = sizeof(CK_PBE_PARAMS),
     .fields = {FIELD(FIELD_UNREAD, false, CK_PBE_PARAMS, pInitVector, ulIteration), PBE_INPUT},
     .fits = makes_no_iv},
};
static const struct remote_layout version[] = {FLAT(CK_VERSION)};
static const struct remote_layout dsa_parameter[] = {
    {.size = sizeof(CK_DSA_PARAMETER_GEN_PARAM),
     .fields = {INOUT(CK_DSA_PARAMETER_GEN_PARAM, pSeed, ulSeedLen)},
     .written = true},
};

/* ---- by shape ---- */

#define ABSENT         {NULL, 0, false, true}
#define ANY_BYTES      {NULL, 0, true, true}
#define ONE_OF(layouts)   {layouts, ARRAY_SIZE(layouts), false, true}
#define OR_BYTES(layouts) {layouts, ARRAY_SIZE(layouts), true, true}

static const struct remote_form forms[SHAPE_COUNT] = {
    [SHAPE_NONE] = ABSENT,
    [SHAPE_IV] = ANY_BYTES,
    [SHAPE_CTR] = ONE_OF(ctr),
    [SHAPE_GCM] = ONE_OF(gcm),
    [SHAPE_CCM] = ONE_OF(ccm),
    [SHAPE_CHACHA] = ONE_OF(chacha),
    [SHAPE_CHACHA_POLY] = ONE_OF(chacha_poly),
    [SHAPE_RC2] = ONE_OF(rc2),
    [SHAPE_RC2_CBC] = ONE_OF(rc2_cbc),
    [SHAPE_RC2_MAC] = ONE_OF(rc2_mac),
    [SHAPE_PSS] = ONE_OF(pss),
    [SHAPE_OAEP] = ONE_OF(oaep),
    [SHAPE_MAC_LENGTH] = ONE_OF(mac_length),
    [SHAPE_MAC_96] = ABSENT,
    [SHAPE_EDDSA] = ONE_OF(eddsa),
    [SHAPE_SM2_ID] = ANY_BYTES,
    [SHAPE_WRAP_IV] = ANY_BYTES,
    [SHAPE_RSA_AES] = ONE_OF(rsa_aes),
    [SHAPE_ECDH_AES] = ONE_OF(ecdh_aes),
    [SHAPE_GMAC] = OR_BYTES(gmac),
    [SHAPE_TLS_MAC] = ONE_OF(tls_mac),
    [SHAPE_TLS10_MAC] = ABSENT,
    [SHAPE_ECDH] = ONE_OF(ecdh),
    [SHAPE_DH] = ANY_BYTES,
    [SHAPE_X942_DH] = ONE_OF(x942_dh),
    [SHAPE_HKDF] = ONE_OF(hkdf),
    [SHAPE_KBKDF] = ONE_OF(kbkdf),
    [SHAPE_HASH_OF_KEY] = ABSENT,
    [SHAPE_JOIN] = ONE_OF(join),
    [SHAPE_STRING_DATA] = ONE_OF(string_data),
    [SHAPE_CBC_DATA] = ONE_OF(cbc_data),
    [SHAPE_EXTRACT] = ONE_OF(extract),
    [SHAPE_PUBLIC_KEY] = ABSENT,
    [SHAPE_TLS_MASTER] = ONE_OF(tls_master),
    [SHAPE_TLS12_MASTER] = ONE_OF(tls12_master),
    [SHAPE_TLS12_EXTENDED] = ONE_OF(tls12_extended),
    [SHAPE_TLS_KEYS] = ONE_OF(tls_keys),
    [SHAPE_TLS12_KEYS] = ONE_OF(tls12_keys),
    [SHAPE_TLS_PRF] = ONE_OF(tls_prf),
    [SHAPE_TLS_KDF] = ONE_OF(tls_kdf),
    [SHAPE_IKE_PRF] = ONE_OF(ike_prf),
    [SHAPE_IKE1_PRF] = ONE_OF(ike1_prf),
    [SHAPE_IKE1_EXTENDED] = ONE_OF(ike1_extended),
    [SHAPE_IKE2_PRF_PLUS] = ONE_OF(ike2_prf_plus),
    [SHAPE_PBKDF2] = ONE_OF(pbkdf2),
    [SHAPE_CONTEXT] = ONE_OF(context),
    [SHAPE_HASH_CONTEXT] = ONE_OF(hash_context),
    [SHAPE_PBE] = ONE_OF(pbe),
    [SHAPE_VERSION] = ONE_OF(version),
    [SHAPE_DSA_PARAMETER] = ONE_OF(dsa_parameter),
};

/* Messages and wrapping have structures of their own for authenticated encryption; messages take nothing else. */
static const struct {
    enum p11_shape shape;
    struct remote_form wrapping, messages;
} aead_forms[] = {
    {SHAPE_GCM, ONE_OF(gcm_wrapping), ONE_OF(gcm_message)},
    {SHAPE_CCM, ONE_OF(ccm_wrapping), ONE_OF(ccm_message)},
    {SHAPE_CHACHA_POLY, ONE_OF(chacha_poly), ONE_OF(chacha_poly_message)},
};

struct remote_form remote_form_of(enum p11_shape shape, enum p11_parameter_use use)
{
    for (size_t i = 0; use != P11_PARAMETER_PLAIN && i < ARRAY_SIZE(aead_forms); i++) {
        if (aead_forms[i].shape == shape) {
            return use == P11_PARAMETER_WRAPPING ? aead_forms[i].wrapping : aead_forms[i].messages;
        }
    }
    return use == P11_PARAMETER_MESSAGES ? (struct remote_form)ABSENT : forms[shape];
}

const struct remote_layout *remote_layout_of(const struct p11_mechanism *row, enum p11_parameter_use use, CK_ULONG size)
{
    const struct remote_form form = remote_form_of(row->shape, use);
    for (size_t i = 0; i < form.count; i++) {
        const struct remote_layout *layout = form.layouts + i;
        if (layout->size == size && (layout->fits == NULL || layout->fits(row))) {
            return layout; // cppcheck-suppress returnDanglingLifetime ; of a table
        }
    }
    return NULL;
}
