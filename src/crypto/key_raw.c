/*
 * Edwards and Montgomery keys (RFC 7748, 8032, 8410): either half is a string of fixed length.
 *
 * The public half is always computed from the private one: an Ed25519 signature made with a public key
 * that somebody else supplied gives the private key away.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>

#include "crypto/keydata.h"

#define RAW_MAX 57

/* EC_PARAMS, where given, decides between the two sizes of a family; it may not change the family. */
static huks_rc raw_set_curve(struct crypto_key *key, struct bytes ec_params)
{
    const struct curve_row *curve = curve_by_size(key->alg, 0);
    if (ec_params.size != 0) {
        HUKS_TRY(curve_parse(key->crypto, ec_params, &curve));
        bool edwards = curve->alg == OH_HUKS_ALG_ED25519 || curve->alg == HUKS_ALG_ED448;
        bool wanted = key->alg == OH_HUKS_ALG_ED25519 || key->alg == HUKS_ALG_ED448;
        if (curve_is_weierstrass(curve) || edwards != wanted) {
            return key_part_wrong(PART_EC_PARAMS);
        }
        curve = curve_by_size(curve->alg, 0);
    }
    key->alg = curve->alg;
    key->type = key_type_find(curve->alg);
    key->curve = curve;
    key->bits = curve->bits;
    return HUKS_OK;
}

/* As it is, or in a DER OCTET STRING or BIT STRING, as PKCS#11 of different years wants it. */
static struct bytes raw_unwrap(struct bytes given, size_t size)
{
    struct bytes rest = given, content;
    if (given.size != size && der_take(&rest, DER_OCTET_STRING, &content) && rest.size == 0) {
        return content;
    }
    rest = given;
    if (given.size != size && der_take_bits(&rest, &content) && rest.size == 0) {
        return content;
    }
    return given;
}

static huks_rc raw_push(struct crypto_key *key, const char *name, struct bytes value, enum key_part blame)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL && OSSL_PARAM_BLD_push_octet_string(builder, name, value.data, value.size) != 1) {
        OSSL_PARAM_BLD_free(builder);
        builder = NULL;
    }
    return pkey_import(key, builder, blame);
}

static huks_rc raw_check_public(const struct crypto_key *key, struct bytes given)
{
    uint8_t public[RAW_MAX];
    size_t size = 0;
    HUKS_TRY(pkey_octets(key, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof(public), &size));
    return bytes_equal(given, bytes_of(public, size)) ? HUKS_OK : key_part_wrong(PART_EC_POINT);
}

static huks_rc raw_import(struct crypto_key *key, const struct key_parts *parts)
{
    ERROR_GUARD;
    HUKS_TRY(raw_set_curve(key, parts->at[PART_EC_PARAMS]));
    size_t size = key->type->raw_size;
    struct bytes point = raw_unwrap(parts->at[PART_EC_POINT], size);
    if (key->class == CRYPTO_PUBLIC) {
        if (point.size == 0) {
            return key_part_missing(PART_EC_POINT);
        }
        return point.size == size ? raw_push(key, OSSL_PKEY_PARAM_PUB_KEY, point, PART_EC_POINT)
                                  : key_part_wrong(PART_EC_POINT);
    }
    struct bytes value = raw_unwrap(parts->at[PART_VALUE], size);
    if (value.size == 0) {
        return key_part_missing(PART_VALUE);
    }
    if (value.size != size) {
        return key_part_wrong(PART_VALUE);
    }
    HUKS_TRY(raw_push(key, OSSL_PKEY_PARAM_PRIV_KEY, value, PART_VALUE));
    return point.size != 0 ? raw_check_public(key, point) : HUKS_OK;
}

static huks_rc raw_generate(struct crypto_key *key, const struct crypto_keygen *spec)
{
    ERROR_GUARD;
    HUKS_TRY(raw_set_curve(key, spec->ec_params));
    if (spec->size_bits != 0 && spec->size_bits != key->bits) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    AUTO(pkey_context_free) EVP_PKEY_CTX *context = pkey_generator(key);
    if (context == NULL) {
        return error_code();
    }
    return EVP_PKEY_generate(context, &key->pkey) == 1 ? HUKS_OK : crypto_refused();
}

static bool raw_read_public(const struct key_type *type, struct bytes params, struct bytes bits,
                            struct key_parts *parts)
{
    parts->at[PART_EC_POINT] = bits;
    return params.size == 0 && bits.size == type->raw_size;
}

/* RFC 8410, 7: the private key's octets are an OCTET STRING again. */
static bool raw_read_private(const struct key_type *type, struct bytes params, struct bytes octets,
                             struct key_parts *parts)
{
    return params.size == 0 && der_take(&octets, DER_OCTET_STRING, &parts->at[PART_VALUE]) &&
           octets.size == 0 && parts->at[PART_VALUE].size == type->raw_size;
}

static huks_rc raw_write_params(const struct crypto_key *key, struct der_writer *writer)
{
    (void)key;
    (void)writer;
    return HUKS_OK;
}

static huks_rc raw_half(const struct crypto_key *key, const char *name, uint8_t half[RAW_MAX], size_t *size)
{
    return pkey_octets(key, name, half, RAW_MAX, size);
}

static huks_rc raw_write_public(const struct crypto_key *key, struct der_writer *writer)
{
    uint8_t half[RAW_MAX];
    size_t size = 0;
    HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PUB_KEY, half, &size));
    der_put(writer, bytes_of(half, size));
    return HUKS_OK;
}

static huks_rc raw_write_private(const struct crypto_key *key, struct der_writer *writer)
{
    uint8_t half[RAW_MAX];
    size_t size = 0;
    HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PRIV_KEY, half, &size));
    der_put_element(writer, DER_OCTET_STRING, bytes_of(half, size));
    memory_cleanse(half, sizeof(half));
    return HUKS_OK;
}

static huks_rc raw_part(const struct crypto_key *key, enum key_part part, struct secret *out)
{
    uint8_t half[RAW_MAX];
    size_t size = 0;
    if (part == PART_EC_PARAMS) {
        struct der_writer writer = der_writer(half, sizeof(half));
        curve_write(key->curve, &writer);
        return key_append(out, der_written(&writer));
    }
    if (part == PART_EC_POINT) {
        HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PUB_KEY, half, &size));
        return key_append(out, bytes_of(half, size));
    }
    if (part != PART_VALUE || key->class != CRYPTO_PRIVATE) {
        return key_no_part();
    }
    HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PRIV_KEY, half, &size));
    huks_rc rc = key_append(out, bytes_of(half, size));
    memory_cleanse(half, sizeof(half));
    return rc;
}

const struct key_family key_family_raw = {
    .import = raw_import,
    .generate = raw_generate,
    .read_public = raw_read_public,
    .read_private = raw_read_private,
    .write_params = raw_write_params,
    .write_public = raw_write_public,
    .write_private = raw_write_private,
    .part = raw_part,
};
