/*
 * What needs OpenSSL's groups: is a curve there, explicit parameters, a private key's point.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include "crypto/asn1.h"
#include "crypto/curve.h"
#include "crypto/number.h"

static void curve_group_free(EC_GROUP **group)
{
    EC_GROUP_free(*group);
}

static void curve_point_free(EC_POINT **point)
{
    EC_POINT_free(*point);
}

static EC_GROUP *curve_group(struct crypto *crypto, const struct curve_row *curve)
{
    return EC_GROUP_new_by_curve_name_ex(crypto_base(crypto), NULL, OBJ_sn2nid(curve->name));
}

bool curve_present(struct crypto *crypto, const struct curve_row *curve)
{
    if (!curve_is_weierstrass(curve)) {
        static const struct {
            uint32_t alg;
            enum fetch fetch;
        } types[] = {{OH_HUKS_ALG_ED25519, FETCH_ED25519},
                     {HUKS_ALG_ED448, FETCH_ED448},
                     {OH_HUKS_ALG_X25519, FETCH_X25519},
                     {HUKS_ALG_X448, FETCH_X448}};
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
            if (types[i].alg == curve->alg) {
                return fetch_key(crypto, types[i].fetch);
            }
        }
        return false;
    }
    ERROR_GUARD;
    AUTO(curve_group_free) EC_GROUP *group = crypto_lib(crypto) != NULL ? curve_group(crypto, curve) : NULL;
    return group != NULL;
}

/* ECParameters of a prime field as views. */
struct curve_explicit {
    struct bytes p, a, b, base, order;
};

static bool curve_read_explicit(struct asn1_kept *kept, struct bytes parameters, struct curve_explicit *out)
{
    const struct asn1_ec_params *read = asn1_read(kept, ASN1_ITEM_rptr(asn1_ec_params), parameters);
    if (read == NULL || OBJ_obj2nid(read->field->type) != NID_X9_62_prime_field ||
        read->field->params->type != V_ASN1_INTEGER) {
        return false;
    }
    out->a = asn1_bytes(read->curve->a);
    out->b = asn1_bytes(read->curve->b);
    out->base = asn1_bytes(read->base);
    return asn1_unsigned(read->field->params->value.integer, &out->p) &&
           asn1_unsigned(read->order, &out->order);
}

static bool curve_number_is(const BIGNUM *number, struct bytes magnitude)
{
    AUTO(number_free) BIGNUM *other = BN_bin2bn(magnitude.data, (int)magnitude.size, NULL);
    return other != NULL && BN_cmp(number, other) == 0;
}

static bool curve_group_is(OSSL_LIB_CTX *base_context, const EC_GROUP *group,
                           const struct curve_explicit *given)
{
    AUTO(number_free) BIGNUM *p = BN_new();
    AUTO(number_free) BIGNUM *a = BN_new();
    AUTO(number_free) BIGNUM *b = BN_new();
    AUTO(curve_point_free) EC_POINT *base = EC_POINT_new(group);
    AUTO(number_context_free) BN_CTX *context = BN_CTX_new_ex(base_context);
    return p != NULL && a != NULL && b != NULL && base != NULL && context != NULL &&
           EC_GROUP_get_curve(group, p, a, b, context) == 1 &&
           curve_number_is(p, given->p) && curve_number_is(a, given->a) && curve_number_is(b, given->b) &&
           curve_number_is(EC_GROUP_get0_order(group), given->order) &&
           EC_POINT_oct2point(group, base, given->base.data, given->base.size, context) == 1 &&
           EC_POINT_cmp(group, base, EC_GROUP_get0_generator(group), context) == 0;
}

/*
 * Explicit parameters are taken only when they are a curve of the table, and are then that curve: a group
 * of somebody's own making can have a generator or an order that gives keys away (CVE-2020-0601).
 */
huks_rc curve_parse_explicit(struct crypto *crypto, struct bytes parameters, const struct curve_row **out)
{
    ERROR_GUARD;
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct curve_explicit given;
    if (!curve_read_explicit(&kept, parameters, &given) || given.p.size > 72) {
        return kept.starved ? error_no_memory()
                            : error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "EC parameters");
    }
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (!curve_is_weierstrass(row) || curve_field_size(row) != given.p.size ||
            crypto_lib(crypto) == NULL) {
            continue;
        }
        AUTO(curve_group_free) EC_GROUP *group = curve_group(crypto, row);
        if (group != NULL && curve_group_is(crypto_base(crypto), group, &given)) {
            *out = row;
            return HUKS_OK;
        }
    }
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
}

huks_rc curve_public_point(struct crypto *crypto, const struct curve_row *curve, struct bytes scalar,
                           uint8_t *point, size_t *size)
{
    ERROR_GUARD;
    if (crypto_lib(crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(curve_group_free) EC_GROUP *group = curve_group(crypto, curve);
    if (group == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
    }
    AUTO(number_free) BIGNUM *number = number_new(scalar);
    AUTO(curve_point_free) EC_POINT *product = EC_POINT_new(group);
    /* Blinding takes its random numbers from this context's library context: never the default one. */
    AUTO(number_context_free) BN_CTX *context = BN_CTX_secure_new_ex(crypto_base(crypto));
    if (number == NULL || product == NULL || context == NULL) {
        return error_no_memory();
    }
    if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "private value");
    }
    *size = 0;
    if (EC_POINT_mul(group, product, number, NULL, NULL, context) == 1) {
        *size = EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, CURVE_POINT_MAX,
                                   context);
    }
    return *size != 0 ? HUKS_OK : crypto_refused();
}

huks_rc curve_private_value(struct crypto *crypto, const struct curve_row *curve, struct secret *scalar)
{
    ERROR_GUARD;
    AUTO(secret_free) struct secret random = {0};
    if (crypto_lib(crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(curve_group_free) EC_GROUP *group = curve_group(crypto, curve);
    if (group == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
    }
    HUKS_TRY(secret_alloc(&random, curve_order_size(curve) + 8));
    HUKS_TRY(crypto_random(crypto, random.data, random.size));
    AUTO(number_context_free) BN_CTX *context = BN_CTX_secure_new_ex(crypto_base(crypto));
    AUTO(number_free) BIGNUM *most = BN_dup(EC_GROUP_get0_order(group));
    AUTO(number_free) BIGNUM *number = number_new(secret_bytes(&random));
    if (context == NULL || most == NULL || number == NULL) {
        return error_no_memory();
    }
    /* d = c mod (n − 1) + 1 */
    BN_set_flags(most, BN_FLG_CONSTTIME);
    if (BN_sub_word(most, 1) != 1 || BN_mod(number, number, most, context) != 1 ||
        BN_add_word(number, 1) != 1) {
        return crypto_refused();
    }
    HUKS_TRY(secret_alloc(scalar, curve_order_size(curve)));
    return BN_bn2binpad(number, scalar->data, (int)scalar->size) > 0 ? HUKS_OK : crypto_refused();
}

huks_rc curve_product(struct crypto *crypto, const struct curve_row *curve, struct bytes scalar,
                      struct bytes point, struct secret *x)
{
    ERROR_GUARD;
    if (crypto_lib(crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(curve_group_free) EC_GROUP *group = curve_group(crypto, curve);
    AUTO(number_free) BIGNUM *number = number_new(scalar);
    AUTO(number_free) BIGNUM *coordinate = BN_new();
    AUTO(number_context_free) BN_CTX *context = BN_CTX_secure_new_ex(crypto_base(crypto));
    AUTO(curve_point_free) EC_POINT *product = group != NULL ? EC_POINT_new(group) : NULL;
    if (number == NULL || coordinate == NULL || context == NULL || product == NULL) {
        return error_no_memory();
    }
    if (EC_POINT_oct2point(group, product, point.data, point.size, context) != 1 ||
        EC_POINT_is_at_infinity(group, product) == 1 ||
        EC_POINT_mul(group, product, NULL, product, number, context) != 1 ||
        EC_POINT_get_affine_coordinates(group, product, coordinate, NULL, context) != 1) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PUBLIC_POINT, "public key");
    }
    HUKS_TRY(secret_alloc(x, curve_field_size(curve)));
    return BN_bn2binpad(coordinate, x->data, (int)x->size) > 0 ? HUKS_OK : crypto_refused();
}
