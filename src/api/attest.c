/*
 * OH_Huks_AttestKeyItem and OH_Huks_AnonAttestKeyItem: the chain goes out as PEM, each certificate into a
 * buffer of the caller's. Nothing is written unless all of it fits.
 */
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "api/result.h"
#include "huks/native_huks_api.h"

/* How many certificates a caller may have room for. */
#define CHAIN_LEAST 3u
#define CHAIN_MOST  4u

static huks_rc check_chain(const struct OH_Huks_CertChain *chain)
{
    if (chain == NULL || chain->certs == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    if (chain->certsCount < CHAIN_LEAST || chain->certsCount > CHAIN_MOST) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    for (uint32_t i = 0; i < chain->certsCount; i++) {
        HUKS_TRY(door_blob(&chain->certs[i]));
    }
    return HUKS_OK;
}

struct armoured {
    struct buffer at[CHAIN_MOST];
};

static void armoured_free(struct armoured *armoured)
{
    for (size_t i = 0; i < CHAIN_MOST; i++) {
        buffer_free(&armoured->at[i]);
    }
}

static huks_rc put_chain(const struct attestation *attestation, struct OH_Huks_CertChain *chain)
{
    AUTO(armoured_free) struct armoured armoured = {0};
    bool fits = attestation->count <= chain->certsCount;
    for (size_t i = 0; fits && i < attestation->count; i++) {
        const struct buffer *der = &attestation->certificates[i];
        HUKS_TRY(attestation_pem(bytes_of(der->data, der->size), &armoured.at[i]));
        fits = armoured.at[i].size <= chain->certs[i].size;
    }
    if (!fits) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
    }
    for (size_t i = 0; i < attestation->count; i++) {
        memcpy(chain->certs[i].data, armoured.at[i].data, armoured.at[i].size);
        chain->certs[i].size = (uint32_t)armoured.at[i].size;
    }
    chain->certsCount = (uint32_t)attestation->count;
    return HUKS_OK;
}

static huks_rc attest(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set, bool anonymous,
                      struct OH_Huks_CertChain *chain)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    AUTO(attestation_free) struct attestation attestation = {0};
    error_clear();
    if (alias == NULL || set == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(check_chain(chain));
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    HUKS_TRY(native_attest(engine, name, set, anonymous, &attestation));
    return put_chain(&attestation, chain);
}

struct OH_Huks_Result OH_Huks_AttestKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            struct OH_Huks_CertChain *certChain)
{
    return result_of(REMOTELY(OH_Huks_AttestKeyItem, attest(keyAlias, paramSet, false, certChain), keyAlias,
                              paramSet, certChain));
}

struct OH_Huks_Result OH_Huks_AnonAttestKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                const struct OH_Huks_ParamSet *paramSet,
                                                struct OH_Huks_CertChain *certChain)
{
    return result_of(REMOTELY(OH_Huks_AnonAttestKeyItem, attest(keyAlias, paramSet, true, certChain),
                              keyAlias, paramSet, certChain));
}
