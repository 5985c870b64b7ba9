/*
 * The curve or group that HUKS means by an algorithm and a key size.
 */
#include "crypto/keydata.h"

void crypto_domain_free(struct crypto_domain *domain)
{
    buffer_free(&domain->ec_params);
    buffer_free(&domain->prime);
    buffer_free(&domain->base);
}

static huks_rc domain_of_curve(uint32_t alg, uint32_t bits, struct buffer *ec_params)
{
    uint8_t room[CURVE_POINT_MAX];
    struct der_writer writer = der_writer(room, sizeof(room));
    const struct curve_row *curve = bits != 0 ? curve_by_size(alg, bits) : NULL;
    if (curve == NULL) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    curve_write(curve, &writer);
    struct bytes written = der_written(&writer);
    return buffer_append(ec_params, written.data, written.size);
}

huks_rc crypto_domain_of_size(struct crypto *crypto, uint32_t alg, uint32_t bits,
                              struct crypto_domain *domain)
{
    switch (alg) {
    case OH_HUKS_ALG_ECC:
    case OH_HUKS_ALG_ECDH:
        return domain_of_curve(OH_HUKS_ALG_ECC, bits, &domain->ec_params);
    case OH_HUKS_ALG_SM2:
        return domain_of_curve(alg, bits, &domain->ec_params);
    case OH_HUKS_ALG_DH:
        return ffc_domain_of_size(crypto, bits, &domain->prime, &domain->base);
    default:
        return HUKS_OK;
    }
}
