/* Reading the parameters of authenticated encryption; see aead.h. */
#include "pkcs11/aead.h"

static CK_RV parameter_wrong(const char *what)
{
    return p11_fail(CKR_MECHANISM_PARAM_INVALID, what);
}

static CK_RV generator_of(CK_GENERATOR_FUNCTION generator, size_t fixed_bits, struct crypto_nonce *how)
{
    static const struct {
        CK_GENERATOR_FUNCTION theirs;
        enum crypto_generator ours;
    } generators[] = {
        {CKG_NO_GENERATE, CRYPTO_NONCE_GIVEN},        {CKG_GENERATE, CRYPTO_NONCE_ANY},
        {CKG_GENERATE_COUNTER, CRYPTO_NONCE_COUNTER}, {CKG_GENERATE_RANDOM, CRYPTO_NONCE_RANDOM},
        {CKG_GENERATE_COUNTER_XOR, CRYPTO_NONCE_XOR},
    };
    for (size_t i = 0; i < ARRAY_SIZE(generators); i++) {
        if (generators[i].theirs == generator) {
            *how = (struct crypto_nonce){.generator = generators[i].ours, .fixed_bits = fixed_bits};
            return CKR_OK;
        }
    }
    return parameter_wrong("nonce generator");
}

static CK_RV tag_bits(CK_ULONG bits)
{
    return bits == 0 || bits > 128 || bits % 8 != 0 ? parameter_wrong("tag length") : CKR_OK;
}

static CK_RV message_gcm(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_GCM_MESSAGE_PARAMS *params = parameter;
    P11_TRY(tag_bits(params->ulTagBits));
    *out = (struct p11_aead_parameter){.nonce = params->pIv,
                                       .nonce_size = params->ulIvLen,
                                       .tag = params->pTag,
                                       .tag_size = params->ulTagBits / 8};
    return generator_of(params->ivGenerator, params->ulIvFixedBits, &out->how);
}

static CK_RV message_ccm(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_CCM_MESSAGE_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pNonce,
                                       .nonce_size = params->ulNonceLen,
                                       .tag = params->pMAC,
                                       .tag_size = params->ulMACLen,
                                       .data_size = params->ulDataLen};
    return generator_of(params->nonceGenerator, params->ulNonceFixedBits, &out->how);
}

/* Section 6.61 counts the nonce in bits, and programs count it in bytes. */
static CK_RV message_chacha_poly(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS *params = parameter;
    size_t size = params->ulNonceLen == 96 ? 12 : params->ulNonceLen;
    *out = (struct p11_aead_parameter){
        .nonce = params->pNonce, .nonce_size = size, .tag = params->pTag, .tag_size = 16};
    return CKR_OK;
}

/* Wrapping by CK_GCM_PARAMS, as before 3.0: the nonce is given. */
static CK_RV wrapping_gcm_given(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_GCM_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pIv,
                                       .nonce_size = params->ulIvLen,
                                       .aad = params->pAAD,
                                       .aad_size = params->ulAADLen,
                                       .tag_size = params->ulTagBits / 8};
    return tag_bits(params->ulTagBits);
}

static CK_RV wrapping_gcm_first(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_GCM_PARAMS params = p11_gcm_params_of(parameter);
    return wrapping_gcm_given(&params, out);
}

static CK_RV wrapping_gcm(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_GCM_WRAP_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pIv,
                                       .nonce_size = params->ulIvLen,
                                       .aad = params->pAAD,
                                       .aad_size = params->ulAADLen,
                                       .tag_size = params->ulTagBits / 8};
    P11_TRY(tag_bits(params->ulTagBits));
    return generator_of(params->ivGenerator, params->ulIvFixedBits, &out->how);
}

/* Section 6.13: a data length given for wrapping is not looked at, the key decides. */
static CK_RV wrapping_ccm_given(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_CCM_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pNonce,
                                       .nonce_size = params->ulNonceLen,
                                       .aad = params->pAAD,
                                       .aad_size = params->ulAADLen,
                                       .tag_size = params->ulMACLen};
    return CKR_OK;
}

static CK_RV wrapping_ccm(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_CCM_WRAP_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pNonce,
                                       .nonce_size = params->ulNonceLen,
                                       .aad = params->pAAD,
                                       .aad_size = params->ulAADLen,
                                       .tag_size = params->ulMACLen};
    return generator_of(params->nonceGenerator, params->ulNonceFixedBits, &out->how);
}

static CK_RV wrapping_chacha_poly(const void *parameter, struct p11_aead_parameter *out)
{
    const CK_SALSA20_CHACHA20_POLY1305_PARAMS *params = parameter;
    *out = (struct p11_aead_parameter){.nonce = params->pNonce,
                                       .nonce_size = params->ulNonceLen,
                                       .aad = params->pAAD,
                                       .aad_size = params->ulAADLen,
                                       .tag_size = 16};
    return CKR_OK;
}

typedef CK_RV (*aead_reader)(const void *parameter, struct p11_aead_parameter *out);
struct aead_struct {
    enum p11_shape shape;
    CK_ULONG size;
    aead_reader read;
};
static const struct aead_struct message_structs[] = {
    {SHAPE_GCM, sizeof(CK_GCM_MESSAGE_PARAMS), message_gcm},
    {SHAPE_CCM, sizeof(CK_CCM_MESSAGE_PARAMS), message_ccm},
    {SHAPE_CHACHA_POLY, sizeof(CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS), message_chacha_poly},
};
static const struct aead_struct wrapping_structs[] = {
    {SHAPE_GCM, sizeof(CK_GCM_WRAP_PARAMS), wrapping_gcm},
    {SHAPE_GCM, sizeof(CK_GCM_PARAMS), wrapping_gcm_given},
    {SHAPE_GCM, sizeof(struct p11_gcm_params_first), wrapping_gcm_first},
    {SHAPE_CCM, sizeof(CK_CCM_WRAP_PARAMS), wrapping_ccm},
    {SHAPE_CCM, sizeof(CK_CCM_PARAMS), wrapping_ccm_given},
    {SHAPE_CHACHA_POLY, sizeof(CK_SALSA20_CHACHA20_POLY1305_PARAMS), wrapping_chacha_poly},
};
_Static_assert(sizeof(CK_GCM_WRAP_PARAMS) != sizeof(CK_GCM_PARAMS) &&
                   sizeof(CK_CCM_WRAP_PARAMS) != sizeof(CK_CCM_PARAMS),
               "a wrapping parameter is told by its size");

bool p11_aead_apart(const struct p11_mechanism *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(message_structs); i++) {
        if (row->method == CRYPTO_AEAD && message_structs[i].shape == row->shape) {
            return true;
        }
    }
    return false;
}

static CK_RV aead_read(const struct aead_struct *structs, size_t count, enum p11_shape shape,
                       const void *parameter, CK_ULONG size, struct p11_aead_parameter *out)
{
    for (size_t i = 0; parameter != NULL && i < count; i++) {
        if (structs[i].shape == shape && structs[i].size == size) {
            P11_TRY(structs[i].read(parameter, out));
            if (out->aad == NULL && out->aad_size != 0) {
                return parameter_wrong("AAD");
            }
            return out->nonce != NULL && out->nonce_size != 0 ? CKR_OK : parameter_wrong("nonce");
        }
    }
    return parameter_wrong("mechanism parameter");
}

CK_RV p11_aead_message(const struct p11_mechanism *row, const void *parameter, CK_ULONG size,
                       struct p11_aead_parameter *out)
{
    return aead_read(message_structs, ARRAY_SIZE(message_structs), row->shape, parameter, size, out);
}

CK_RV p11_aead_wrapping(const struct p11_mechanism *row, const void *parameter, CK_ULONG size,
                        struct p11_aead_parameter *out)
{
    return aead_read(wrapping_structs, ARRAY_SIZE(wrapping_structs), row->shape, parameter, size, out);
}
