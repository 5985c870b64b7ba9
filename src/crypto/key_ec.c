/*
 * Keys on Weierstrass curves: ECDSA, ECDH, SM2.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include "crypto/keydata.h"
#include "crypto/number.h"

/* A key on the SM2 curve is an SM2 key, whatever it was called. */
static huks_rc ec_set_curve(struct crypto_key *key, const struct curve_row *curve)
{
    if (!curve_is_weierstrass(curve) || (key->alg == OH_HUKS_ALG_SM2 && curve->alg != OH_HUKS_ALG_SM2)) {
        return key_part_wrong(PART_EC_PARAMS);
    }
    if (curve->alg == OH_HUKS_ALG_SM2) {
        key->alg = OH_HUKS_ALG_SM2;
        key->type = key_type_find(OH_HUKS_ALG_SM2);
    }
    key->curve = curve;
    key->bits = curve->bits;
    key->order_size = (uint32_t)curve_order_size(curve);
    return HUKS_OK;
}

static huks_rc ec_find_curve(struct crypto_key *key, struct bytes ec_params, uint32_t bits)
{
    const struct curve_row *curve = NULL;
    if (ec_params.size != 0) {
        HUKS_TRY(curve_parse(key->crypto, ec_params, &curve));
    } else {
        bool sm2 = key->alg == OH_HUKS_ALG_SM2; /* of which there is but one curve */
        bits = sm2 && bits == 0 ? 256 : bits;
        curve = bits != 0 ? curve_by_size(sm2 ? OH_HUKS_ALG_SM2 : OH_HUKS_ALG_ECC, bits) : NULL;
        if (curve == NULL) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
        }
    }
    return ec_set_curve(key, curve);
}

/* A template may wrap the point in the OCTET STRING that PKCS#11 wants, or not. */
static struct bytes ec_unwrap_point(const struct curve_row *curve, struct asn1_kept *kept, struct bytes point)
{
    struct bytes content;
    size_t whole = 1 + 2 * curve_field_size(curve);
    bool wrapped =
        point.size != whole && asn1_unwrap(kept, ASN1_ITEM_rptr(ASN1_OCTET_STRING), point, &content);
    return wrapped ? content : point;
}

/* Is the point in the group? That it is on the curve, import has seen; the rest matters with a cofactor. */
static huks_rc ec_check_public(struct crypto_key *key)
{
    if (key->curve->cofactor_one || key->class == CRYPTO_PRIVATE) {
        return HUKS_OK;
    }
    AUTO(pkey_context_free) EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_pkey(crypto_lib(key->crypto), key->pkey, NULL);
    if (context == NULL) {
        return error_no_memory();
    }
    return EVP_PKEY_public_check(context) == 1 ? HUKS_OK : key_part_wrong(PART_EC_POINT);
}

/* Before the key is anybody else's: from then on it does not change. */
static void ec_keep_point(struct crypto_key *key, struct bytes point)
{
    if (point.size == 1 + 2 * curve_field_size(key->curve) && point.data[0] == POINT_CONVERSION_UNCOMPRESSED) {
        memcpy(key->point, point.data, point.size);
        key->point_size = (uint8_t)point.size;
    }
}

static huks_rc ec_point(const struct crypto_key *key, uint8_t point[CURVE_POINT_MAX], size_t *size)
{
    if (key->point_size == 0) {
        return pkey_octets(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, CURVE_POINT_MAX, size);
    }
    memcpy(point, key->point, key->point_size);
    *size = key->point_size;
    return HUKS_OK;
}

static huks_rc ec_push(struct crypto_key *key, struct bytes point, struct bytes scalar)
{
    ec_keep_point(key, point);
    AUTO(number_free) BIGNUM *number = scalar.size != 0 ? number_new(scalar) : NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool pushed =
        builder != NULL && (scalar.size == 0 || number != NULL) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, key->curve->name, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size) == 1;
    /* In the order's length, so that the number's own length shows nowhere. */
    if (pushed && number != NULL) {
        pushed = OSSL_PARAM_BLD_push_BN_pad(builder, OSSL_PKEY_PARAM_PRIV_KEY, number, key->order_size) == 1;
    }
    if (!pushed) {
        OSSL_PARAM_BLD_free(builder);
        return error_no_memory();
    }
    return pkey_import(key, builder, PART_EC_POINT);
}

static huks_rc ec_import_private(struct crypto_key *key, struct bytes given, struct bytes scalar)
{
    uint8_t point[CURVE_POINT_MAX];
    size_t size = 0;
    if (scalar.size == 0) {
        return key_part_missing(PART_VALUE);
    }
    if (number_trim(scalar).size > key->order_size) {
        return key_part_wrong(PART_VALUE);
    }
    HUKS_TRY(curve_public_point(key->crypto, key->curve, scalar, point, &size));
    /* A point of another key would make signatures that nobody can verify. Compressed ones are let go. */
    if (given.size == size && !bytes_equal(given, bytes_of(point, size))) {
        return key_part_wrong(PART_EC_POINT);
    }
    return ec_push(key, bytes_of(point, size), scalar);
}

static huks_rc ec_import(struct crypto_key *key, const struct key_parts *parts)
{
    ERROR_GUARD;
    if (parts->at[PART_EC_PARAMS].size == 0) {
        return key_part_missing(PART_EC_PARAMS);
    }
    HUKS_TRY(ec_find_curve(key, parts->at[PART_EC_PARAMS], 0));
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct bytes point = ec_unwrap_point(key->curve, &kept, parts->at[PART_EC_POINT]);
    if (kept.starved) {
        return error_no_memory();
    }
    if (key->class == CRYPTO_PRIVATE) {
        return ec_import_private(key, point, parts->at[PART_VALUE]);
    }
    if (point.size == 0) {
        return key_part_missing(PART_EC_POINT);
    }
    if (!curve_point_form_ok(point)) {
        return key_part_wrong(PART_EC_POINT);
    }
    HUKS_TRY(ec_push(key, point, BYTES_NONE));
    return ec_check_public(key);
}

/* A generator for the key's curve: what another generation has left, or a new one. NULL: recorded. */
static EVP_PKEY_CTX *ec_generator_take(struct crypto_key *key)
{
    EVP_PKEY_CTX *context =
        atomic_exchange_explicit(&key->crypto->idle_ec_generator, NULL, memory_order_acquire);
    if (context != NULL && EVP_PKEY_CTX_get_app_data(context) == key->curve) {
        return context;
    }
    EVP_PKEY_CTX_free(context);
    context = pkey_generator(key);
    if (context == NULL || EVP_PKEY_CTX_set_group_name(context, key->curve->name) == 1) {
        return context;
    }
    EVP_PKEY_CTX_free(context);
    huks_rc rc = curve_present(key->crypto, key->curve)
                     ? crypto_refused()
                     : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
    (void)rc;
    return NULL;
}

/* It holds a group, and nothing of the keys that were made by it. */
static void ec_generator_give(const struct crypto_key *key, EVP_PKEY_CTX *context)
{
    EVP_PKEY_CTX_set_app_data(context, (void *)(uintptr_t)key->curve);
    EVP_PKEY_CTX_free(
        atomic_exchange_explicit(&key->crypto->idle_ec_generator, context, memory_order_acq_rel));
}

static huks_rc ec_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    uint8_t point[CURVE_POINT_MAX];
    size_t size = 0;
    HUKS_TRY(ec_find_curve(key, spec->ec_params, spec->size_bits));
    if (spec->extra_bits) {
        AUTO(secret_free) struct secret scalar = {0};
        HUKS_TRY(curve_private_value(key->crypto, key->curve, &scalar));
        return ec_import_private(key, BYTES_NONE, secret_bytes(&scalar));
    }
    EVP_PKEY_CTX *context = ec_generator_take(key);
    if (context == NULL) {
        return error_code();
    }
    if (EVP_PKEY_generate(context, &key->pkey) != 1) {
        huks_rc rc = crypto_refused();
        EVP_PKEY_CTX_free(context);
        return rc;
    }
    ec_generator_give(key, context);
    HUKS_TRY(ec_point(key, point, &size));
    ec_keep_point(key, bytes_of(point, size));
    return HUKS_OK;
}

static bool ec_read_public(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                           struct asn1_kept *kept, struct key_parts *parts)
{
    (void)type;
    parts->at[PART_EC_PARAMS] = asn1_encoding(kept, params);
    parts->at[PART_EC_POINT] = bits;
    return parts->at[PART_EC_PARAMS].size != 0 && bits.size != 0;
}

/* The parameters inside count only where there are none outside. */
static bool ec_read_private(const struct key_type *type, const ASN1_TYPE *params, struct bytes octets,
                            struct asn1_kept *kept, struct key_parts *parts)
{
    const struct asn1_ec_private *read = asn1_read(kept, ASN1_ITEM_rptr(asn1_ec_private), octets);
    (void)type;
    if (read == NULL || read->version != 1) {
        return false;
    }
    parts->at[PART_VALUE] = asn1_bytes(read->value);
    parts->at[PART_EC_PARAMS] = asn1_encoding(kept, params != NULL ? params : read->params);
    return read->point == NULL || asn1_bits(read->point, &parts->at[PART_EC_POINT]);
}

static huks_rc ec_write_params(const struct crypto_key *key, struct key_params *params)
{
    params->any.type = V_ASN1_OBJECT;
    params->any.value.object = OBJ_nid2obj(OBJ_sn2nid(key->curve->name));
    return HUKS_OK;
}

static huks_rc ec_write_public(const struct crypto_key *key, struct secret *out)
{
    uint8_t point[CURVE_POINT_MAX];
    size_t size = 0;
    HUKS_TRY(ec_point(key, point, &size));
    return key_append(out, bytes_of(point, size));
}

static huks_rc ec_write_private(const struct crypto_key *key, struct secret *out)
{
    AUTO(secret_free) struct secret scalar = {0};
    uint8_t point[CURVE_POINT_MAX];
    size_t size = 0;
    HUKS_TRY(pkey_number(key, OSSL_PKEY_PARAM_PRIV_KEY, key->order_size, &scalar));
    HUKS_TRY(ec_point(key, point, &size));
    ASN1_OCTET_STRING octets = asn1_view(V_ASN1_OCTET_STRING, secret_bytes(&scalar));
    ASN1_BIT_STRING bits = asn1_view(V_ASN1_BIT_STRING, bytes_of(point, size));
    const struct asn1_ec_private private = {.version = 1, .value = &octets, .point = &bits};
    return asn1_write(ASN1_ITEM_rptr(asn1_ec_private), &private, out);
}

static huks_rc ec_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    uint8_t bytes[CURVE_POINT_MAX];
    size_t size = 0;
    if (part == PART_EC_POINT) {
        HUKS_TRY(ec_point(key, bytes, &size));
        return key_append(out, bytes_of(bytes, size));
    }
    if (part == PART_EC_PARAMS) {
        struct der_writer writer = der_writer(bytes, sizeof(bytes));
        curve_write(key->curve, &writer);
        return key_append(out, der_written(&writer));
    }
    if (part == PART_VALUE && key->class == CRYPTO_PRIVATE) {
        return pkey_number(key, OSSL_PKEY_PARAM_PRIV_KEY, key->order_size, out);
    }
    return key_no_part();
}

const struct key_family key_family_ec = {
    .import = ec_import,
    .generate = ec_generate,
    .read_public = ec_read_public,
    .read_private = ec_read_private,
    .write_params = ec_write_params,
    .write_public = ec_write_public,
    .write_private = ec_write_private,
    .part = ec_part,
};
