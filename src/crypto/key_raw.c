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
static struct bytes raw_unwrap(struct asn1_kept *kept, struct bytes given, size_t size)
{
    struct bytes content;
    bool wrapped =
        given.size != size && (asn1_unwrap(kept, ASN1_ITEM_rptr(ASN1_OCTET_STRING), given, &content) ||
                               asn1_unwrap(kept, ASN1_ITEM_rptr(ASN1_BIT_STRING), given, &content));
    return wrapped ? content : given;
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
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct bytes point = raw_unwrap(&kept, parts->at[PART_EC_POINT], size);
    struct bytes value = raw_unwrap(&kept, parts->at[PART_VALUE], size);
    if (kept.starved) {
        return error_no_memory();
    }
    if (key->class == CRYPTO_PUBLIC) {
        if (point.size == 0) {
            return key_part_missing(PART_EC_POINT);
        }
        return point.size == size ? raw_push(key, OSSL_PKEY_PARAM_PUB_KEY, point, PART_EC_POINT)
                                  : key_part_wrong(PART_EC_POINT);
    }
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

static bool raw_read_public(const struct key_type *type, const ASN1_TYPE *params, struct bytes bits,
                            struct asn1_kept *kept, struct key_parts *parts)
{
    (void)kept;
    parts->at[PART_EC_POINT] = bits;
    return params == NULL && bits.size == type->raw_size;
}

/* RFC 8410, 7: the private key's octets are an OCTET STRING again. */
static bool raw_read_private(const struct key_type *type, const ASN1_TYPE *params, struct bytes octets,
                             struct asn1_kept *kept, struct key_parts *parts)
{
    return params == NULL &&
           asn1_unwrap(kept, ASN1_ITEM_rptr(ASN1_OCTET_STRING), octets, &parts->at[PART_VALUE]) &&
           parts->at[PART_VALUE].size == type->raw_size;
}

static huks_rc raw_write_params(const struct crypto_key *key, struct key_params *params)
{
    (void)key;
    (void)params;
    return HUKS_OK;
}

static huks_rc raw_half(const struct crypto_key *key, const char *name, uint8_t half[RAW_MAX], size_t *size)
{
    return pkey_octets(key, name, half, RAW_MAX, size);
}

static huks_rc raw_write_public(const struct crypto_key *key, struct secret *out)
{
    uint8_t half[RAW_MAX];
    size_t size = 0;
    HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PUB_KEY, half, &size));
    return key_append(out, bytes_of(half, size));
}

static huks_rc raw_write_private(const struct crypto_key *key, struct secret *out)
{
    uint8_t half[RAW_MAX];
    size_t size = 0;
    HUKS_TRY(raw_half(key, OSSL_PKEY_PARAM_PRIV_KEY, half, &size));
    ASN1_OCTET_STRING octets = asn1_view(V_ASN1_OCTET_STRING, bytes_of(half, size));
    huks_rc rc = asn1_write(ASN1_ITEM_rptr(ASN1_OCTET_STRING), &octets, out);
    memory_cleanse(half, sizeof(half));
    return rc;
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
