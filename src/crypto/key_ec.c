/*
 * Keys on Weierstrass curves: ECDSA, ECDH, SM2.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>

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
        uint32_t alg = key->alg == OH_HUKS_ALG_SM2 ? OH_HUKS_ALG_SM2 : OH_HUKS_ALG_ECC;
        curve = bits != 0 ? curve_by_size(alg, bits) : NULL;
        if (curve == NULL) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
        }
    }
    return ec_set_curve(key, curve);
}

/* A template may wrap the point in the OCTET STRING that PKCS#11 wants, or not. */
static struct bytes ec_unwrap_point(const struct curve_row *curve, struct bytes point)
{
    struct bytes rest = point, content;
    size_t whole = 1 + 2 * curve_field_size(curve);
    if (point.size != whole && der_take(&rest, DER_OCTET_STRING, &content) && rest.size == 0) {
        return content;
    }
    return point;
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

static huks_rc ec_push(struct crypto_key *key, struct bytes point, struct bytes scalar)
{
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
    if (der_trim(scalar).size > key->order_size) {
        return key_part_wrong(PART_VALUE);
    }
    HUKS_TRY(curve_public_point(key->crypto, key->curve, scalar, point, &size));
    /* A point of another key would make signatures that nobody can verify. Compressed ones are let go. */
    if (given.size == size && memcmp(given.data, point, size) != 0) {
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
    struct bytes point = ec_unwrap_point(key->curve, parts->at[PART_EC_POINT]);
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

static huks_rc ec_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    HUKS_TRY(ec_find_curve(key, spec->ec_params, spec->size_bits));
    AUTO(pkey_context_free) EVP_PKEY_CTX *context = pkey_generator(key);
    if (context == NULL) {
        return error_code();
    }
    if (EVP_PKEY_CTX_set_group_name(context, key->curve->name) != 1) {
        return curve_present(key->crypto, key->curve)
                   ? crypto_refused()
                   : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
    }
    return EVP_PKEY_generate(context, &key->pkey) == 1 ? HUKS_OK : crypto_refused();
}

static bool ec_read_public(const struct key_type *type, struct bytes params, struct bytes bits,
                           struct key_parts *parts)
{
    (void)type;
    parts->at[PART_EC_PARAMS] = params;
    parts->at[PART_EC_POINT] = bits;
    return params.size != 0 && bits.size != 0;
}

/* ECPrivateKey (RFC 5915): version 1, the scalar, [0] parameters, [1] public key. */
static bool ec_read_private(const struct key_type *type, struct bytes params, struct bytes octets,
                            struct key_parts *parts)
{
    struct bytes sequence, version, inner;
    (void)type;
    if (!der_take(&octets, DER_SEQUENCE, &sequence) || octets.size != 0 ||
        !der_take_unsigned(&sequence, &version) || version.size != 1 || version.data[0] != 1 ||
        !der_take(&sequence, DER_OCTET_STRING, &parts->at[PART_VALUE])) {
        return false;
    }
    parts->at[PART_EC_PARAMS] = params;
    if (der_take(&sequence, DER_CONSTRUCTED(0), &inner) && params.size == 0) {
        parts->at[PART_EC_PARAMS] = inner;
    }
    if (der_take(&sequence, DER_CONSTRUCTED(1), &inner) &&
        !der_take_bits(&inner, &parts->at[PART_EC_POINT])) {
        return false;
    }
    return sequence.size == 0;
}

static huks_rc ec_point(const struct crypto_key *key, uint8_t point[CURVE_POINT_MAX], size_t *size)
{
    return pkey_octets(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, CURVE_POINT_MAX, size);
}

static huks_rc ec_write_params(const struct crypto_key *key, struct der_writer *writer)
{
    curve_write(key->curve, writer);
    return HUKS_OK;
}

static huks_rc ec_write_public(const struct crypto_key *key, struct der_writer *writer)
{
    uint8_t point[CURVE_POINT_MAX];
    size_t size = 0;
    HUKS_TRY(ec_point(key, point, &size));
    der_put(writer, bytes_of(point, size));
    return HUKS_OK;
}

static huks_rc ec_write_private(const struct crypto_key *key, struct der_writer *writer)
{
    const uint8_t *end = writer->at;
    AUTO(secret_free) struct secret scalar = {0};
    HUKS_TRY(pkey_number(key, OSSL_PKEY_PARAM_PRIV_KEY, key->order_size, &scalar));
    HUKS_TRY(ec_write_public(key, writer));
    der_put_byte(writer, 0);
    der_wrap(writer, DER_BIT_STRING, end);
    der_wrap(writer, DER_CONSTRUCTED(1), end);
    der_put_element(writer, DER_OCTET_STRING, secret_bytes(&scalar));
    der_put_unsigned(writer, bytes_of("\1", 1));
    der_wrap(writer, DER_SEQUENCE, end);
    return HUKS_OK;
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
