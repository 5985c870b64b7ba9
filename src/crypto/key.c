/*
 * Keys: making, decoding and encoding them, and sharing them by reference count. See key.h; what depends
 * on the algorithm is in the families of keydata.h.
 */
#include "crypto/keydata.h"

#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/nonce.h"
#include "crypto/op.h"

static struct crypto_key *key_new(struct crypto *crypto, enum crypto_key_class class,
                                  const struct key_type *type)
{
    struct crypto_key *key = calloc(1, sizeof(*key));
    if (key != NULL) {
        atomic_init(&key->refs, 1);
        key->class = class;
        key->alg = type->alg;
        key->crypto = crypto;
        key->type = type;
    }
    return key;
}

static void key_free(struct crypto_key *key)
{
    if (key->pkey != NULL && crypto_alive()) {
        EVP_PKEY_CTX_free(atomic_load(&key->idle_derive));
        EVP_PKEY_free(key->pkey);
    } else {
        crypto_keep(atomic_load(&key->idle_derive));
        crypto_keep(key->pkey);
    }
    nonce_release(key->crypto, key->nonces);
    secret_free(&key->value);
    free(key);
}

struct crypto_key *crypto_key_ref(struct crypto_key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void crypto_key_unref(struct crypto_key *key)
{
    if (key != NULL && atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) == 1) {
        key_free(key);
    }
}

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

enum crypto_key_class crypto_key_class(const struct crypto_key *key)
{
    return key->class;
}

uint32_t crypto_key_alg(const struct crypto_key *key)
{
    return key->alg;
}

uint32_t crypto_key_bits(const struct crypto_key *key)
{
    return key->bits;
}

size_t crypto_key_order_size(const struct crypto_key *key)
{
    return key->order_size;
}

uint32_t crypto_key_curve(const struct crypto_key *key)
{
    return key->curve != NULL ? key->curve->id : HUKS_CURVE_NONE;
}

huks_rc key_append(struct secret *out, struct bytes bytes)
{
    AUTO(secret_free) struct secret longer = {0};
    if (out->size == 0) {
        return secret_set(out, bytes.data, bytes.size);
    }
    HUKS_TRY(secret_alloc(&longer, out->size + bytes.size));
    memcpy(longer.data, out->data, out->size);
    if (bytes.size != 0) {
        memcpy(longer.data + out->size, bytes.data, bytes.size);
    }
    struct secret shorter = *out;
    *out = longer;
    longer = shorter;
    return HUKS_OK;
}

static huks_rc key_unknown(void)
{
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
}

static huks_rc key_unreadable(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "key");
}

static bool key_class_fits(enum crypto_key_class class, const struct key_type *type)
{
    return (class == CRYPTO_SECRET) == (type->family == &key_family_secret);
}

huks_rc crypto_key_generate(struct crypto *crypto, const struct crypto_keygen *spec, struct crypto_key **out)
{
    const struct key_type *type = key_type_find(spec->alg);
    *out = NULL;
    if (type == NULL || type->family->generate == NULL) {
        return key_unknown();
    }
    enum crypto_key_class class = type->family == &key_family_secret ? CRYPTO_SECRET : CRYPTO_PRIVATE;
    AUTO(key_unref_ptr) struct crypto_key *key = key_new(crypto, class, type);
    if (key == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(type->family->generate(key, spec));
    *out = key;
    key = NULL;
    return HUKS_OK;
}

static huks_rc key_import(struct crypto *crypto, enum crypto_key_class class, const struct key_type *type,
                          const struct key_parts *parts, struct crypto_key **out)
{
    AUTO(key_unref_ptr) struct crypto_key *key = key_new(crypto, class, type);
    if (key == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(type->family->import(key, parts));
    *out = key;
    key = NULL;
    return HUKS_OK;
}

huks_rc crypto_key_build(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                         const OH_Huks_ParamSet *parts, struct crypto_key **out)
{
    const struct key_type *type = key_type_find(alg);
    struct key_parts views = {0};
    *out = NULL;
    if (type == NULL) {
        return key_unknown();
    }
    if (!key_class_fits(class, type)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    for (enum key_part part = 0; part < PART_COUNT; part++) {
        views.at[part] = param_bytes(parts, key_part_tag(part));
    }
    views.set = param_u32(parts, OH_HUKS_TAG_KEY_SIZE, 0);
    return key_import(crypto, class, type, &views, out);
}

const X509_ALGOR *key_read_public_info(struct asn1_kept *kept, struct bytes encoded, struct bytes *bits)
{
    const struct asn1_public_info *info = asn1_read(kept, ASN1_ITEM_rptr(asn1_public_info), encoded);
    return info != NULL && asn1_bits(info->key, bits) ? info->algorithm : NULL;
}

static const struct key_type *key_read_public(uint32_t alg, struct bytes encoded, struct asn1_kept *kept,
                                              struct key_parts *parts)
{
    struct bytes bits;
    const X509_ALGOR *algorithm = key_read_public_info(kept, encoded, &bits);
    const struct key_type *type = algorithm != NULL ? key_type_by_oid(alg, algorithm->algorithm) : NULL;
    return type != NULL && type->family->read_public(type, algorithm->parameter, bits, kept, parts) ? type
                                                                                                    : NULL;
}

/* Attributes and the public key that may follow are let go. */
static const struct key_type *key_read_private(uint32_t alg, struct bytes encoded, struct asn1_kept *kept,
                                               struct key_parts *parts)
{
    const struct asn1_private_info *info = asn1_read(kept, ASN1_ITEM_rptr(asn1_private_info), encoded);
    if (info == NULL || info->version < 0 || info->version > 1 ||
        (info->public != NULL && info->public->type != V_ASN1_OTHER)) {
        return NULL;
    }
    const struct key_type *type = key_type_by_oid(alg, info->algorithm->algorithm);
    return type != NULL && type->family->read_private(type, info->algorithm->parameter, asn1_bytes(info->key),
                                                      kept, parts)
               ? type
               : NULL;
}

huks_rc crypto_key_decode(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                          struct bytes encoded, struct crypto_key **out)
{
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct key_parts parts = {0};
    const struct key_type *type = NULL;
    *out = NULL;
    if (class == CRYPTO_SECRET) {
        type = key_type_find(alg);
        if (type == NULL || !key_class_fits(class, type)) {
            return key_unknown();
        }
        /* Nothing at all is an empty secret here, which some types allow. */
        parts.at[PART_VALUE] = encoded.data != NULL ? encoded : bytes_of("", 0);
        return key_import(crypto, class, type, &parts, out);
    }
    type = class == CRYPTO_PUBLIC ? key_read_public(alg, encoded, &kept, &parts)
                                  : key_read_private(alg, encoded, &kept, &parts);
    if (kept.starved) {
        return error_no_memory();
    }
    return type != NULL ? key_import(crypto, class, type, &parts, out) : key_unreadable();
}

/* ---- encoding ---- */

static void key_params_free(struct key_params *params)
{
    secret_free(&params->der);
}

/* Those of OpenSSL's own table stay where they are. */
static void key_object_free(ASN1_OBJECT **oid)
{
    ASN1_OBJECT_free(*oid);
}

static huks_rc key_write_public(const struct crypto_key *key, X509_ALGOR *algorithm, struct secret *out)
{
    AUTO(secret_free) struct secret content = {0};
    HUKS_TRY(key->type->family->write_public(key, &content));
    ASN1_BIT_STRING bits = asn1_view(V_ASN1_BIT_STRING, secret_bytes(&content));
    const struct asn1_public_info info = {.algorithm = algorithm, .key = &bits};
    return asn1_write(ASN1_ITEM_rptr(asn1_public_info), &info, out);
}

static huks_rc key_write_private(const struct crypto_key *key, X509_ALGOR *algorithm, struct secret *out)
{
    AUTO(secret_free) struct secret content = {0};
    HUKS_TRY(key->type->family->write_private(key, &content));
    ASN1_OCTET_STRING octets = asn1_view(V_ASN1_OCTET_STRING, secret_bytes(&content));
    const struct asn1_private_info info = {.algorithm = algorithm, .key = &octets};
    return asn1_write(ASN1_ITEM_rptr(asn1_private_info), &info, out);
}

huks_rc crypto_key_encode(const struct crypto_key *key, enum crypto_key_class class, struct secret *out)
{
    AUTO(secret_free) struct secret encoded = {0};
    AUTO(key_params_free) struct key_params params = {.any.type = V_ASN1_UNDEF};
    if (key->class == CRYPTO_SECRET || class == CRYPTO_SECRET) {
        return key->class == class ? key_append(out, secret_bytes(&key->value))
                                   : error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    if (class == CRYPTO_PRIVATE && key->class != CRYPTO_PRIVATE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    HUKS_TRY(key->type->family->write_params(key, &params));
    AUTO(key_object_free) ASN1_OBJECT *oid = key_type_object(key->type);
    if (oid == NULL) {
        return error_no_memory();
    }
    X509_ALGOR algorithm = {.algorithm = oid,
                            .parameter = params.any.type != V_ASN1_UNDEF ? &params.any : NULL};
    HUKS_TRY(class == CRYPTO_PUBLIC ? key_write_public(key, &algorithm, &encoded)
                                    : key_write_private(key, &algorithm, &encoded));
    return key_append(out, secret_bytes(&encoded));
}

static huks_rc key_check_value(const struct crypto_key *key, struct secret *out)
{
    AUTO(secret_free) struct secret info = {0};
    uint8_t hash[20];
    if (key->class == CRYPTO_SECRET) {
        return key_secret_check_value(key, out);
    }
    HUKS_TRY(crypto_key_encode(key, CRYPTO_PUBLIC, &info));
    HUKS_TRY(crypto_sha1(key->crypto, secret_bytes(&info), hash));
    return key_append(out, bytes_of(hash, 3));
}

huks_rc crypto_key_part(const struct crypto_key *key, uint32_t tag, struct secret *out)
{
    enum key_part part = key_part_of(tag);
    if (tag == HUKS_TAG_CHECK_VALUE) {
        return key_check_value(key, out);
    }
    if (tag == HUKS_TAG_PUBLIC_KEY_INFO && key->class != CRYPTO_SECRET) {
        return crypto_key_encode(key, CRYPTO_PUBLIC, out);
    }
    return part < PART_COUNT ? key->type->family->part(key, part, out) : key_no_part();
}

bool crypto_has_key_alg(struct crypto *crypto, uint32_t alg)
{
    const struct key_type *type = key_type_find(alg);
    if (type == NULL) {
        return false;
    }
    if (type->family == &key_family_secret) {
        /* A key without its cipher is good for nothing. */
        return type->ecb == NULL || fetch_cipher(crypto, type->ecb[0]) != NULL;
    }
    return fetch_key(crypto, type->fetch);
}
