/*
 * Keys: making, decoding and encoding them, and sharing them by reference count. See key.h; what depends
 * on the algorithm is in the families of keydata.h.
 */
#include "crypto/key.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/keydata.h"
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
    return key_import(crypto, class, type, &views, out);
}

/* AlgorithmIdentifier: the OID and what follows it. */
static bool key_take_algorithm(struct bytes *in, struct bytes *oid, struct bytes *params)
{
    struct bytes sequence;
    if (!der_take(in, DER_SEQUENCE, &sequence) || !der_take(&sequence, DER_OID, oid)) {
        return false;
    }
    *params = sequence;
    return true;
}

/* SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
static const struct key_type *key_read_public(uint32_t alg, struct bytes encoded, struct key_parts *parts)
{
    struct bytes sequence, oid, params, bits;
    if (!der_take(&encoded, DER_SEQUENCE, &sequence) || encoded.size != 0 ||
        !key_take_algorithm(&sequence, &oid, &params) || !der_take_bits(&sequence, &bits) ||
        sequence.size != 0) {
        return NULL;
    }
    const struct key_type *type = key_type_by_oid(alg, oid);
    return type != NULL && type->family->read_public(type, params, bits, parts) ? type : NULL;
}

/* PrivateKeyInfo or OneAsymmetricKey (RFC 5958); attributes and the public key that may follow are let go. */
static const struct key_type *key_read_private(uint32_t alg, struct bytes encoded, struct key_parts *parts)
{
    struct bytes sequence, version, oid, params, octets;
    if (!der_take(&encoded, DER_SEQUENCE, &sequence) || encoded.size != 0 ||
        !der_take_unsigned(&sequence, &version) || version.size != 1 || version.data[0] > 1 ||
        !key_take_algorithm(&sequence, &oid, &params) || !der_take(&sequence, DER_OCTET_STRING, &octets)) {
        return NULL;
    }
    const struct key_type *type = key_type_by_oid(alg, oid);
    return type != NULL && type->family->read_private(type, params, octets, parts) ? type : NULL;
}

huks_rc crypto_key_decode(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                          struct bytes encoded, struct crypto_key **out)
{
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
    type = class == CRYPTO_PUBLIC ? key_read_public(alg, encoded, &parts)
                                  : key_read_private(alg, encoded, &parts);
    return type != NULL ? key_import(crypto, class, type, &parts, out) : key_unreadable();
}

/* ---- encoding ---- */

static huks_rc key_write_algorithm(const struct crypto_key *key, struct der_writer *writer)
{
    const uint8_t *end = writer->at;
    HUKS_TRY(key->type->family->write_params(key, writer));
    der_put_element(writer, DER_OID, bytes_of(key->type->oid, key->type->oid_size));
    der_wrap(writer, DER_SEQUENCE, end);
    return HUKS_OK;
}

static huks_rc key_write_public(const struct crypto_key *key, struct der_writer *writer)
{
    const uint8_t *end = writer->at;
    HUKS_TRY(key->type->family->write_public(key, writer));
    der_put_byte(writer, 0);
    der_wrap(writer, DER_BIT_STRING, end);
    HUKS_TRY(key_write_algorithm(key, writer));
    der_wrap(writer, DER_SEQUENCE, end);
    return HUKS_OK;
}

static huks_rc key_write_private(const struct crypto_key *key, struct der_writer *writer)
{
    const uint8_t *end = writer->at;
    HUKS_TRY(key->type->family->write_private(key, writer));
    der_wrap(writer, DER_OCTET_STRING, end);
    HUKS_TRY(key_write_algorithm(key, writer));
    der_put_unsigned(writer, bytes_of("", 1));
    der_wrap(writer, DER_SEQUENCE, end);
    return HUKS_OK;
}

huks_rc crypto_key_encode(const struct crypto_key *key, enum crypto_key_class class, struct secret *out)
{
    AUTO(secret_free) struct secret room = {0};
    if (key->class == CRYPTO_SECRET || class == CRYPTO_SECRET) {
        return key->class == class ? key_append(out, secret_bytes(&key->value))
                                   : error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    if (class == CRYPTO_PRIVATE && key->class != CRYPTO_PRIVATE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    /* Five numbers of the modulus's or prime's size at most, and headers. */
    HUKS_TRY(secret_alloc(&room, 5 * (size_t)(key->bits / 8) + 1024));
    struct der_writer writer = der_writer(room.data, room.size);
    HUKS_TRY(class == CRYPTO_PUBLIC ? key_write_public(key, &writer) : key_write_private(key, &writer));
    if (writer.full) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_ENGINE, NULL);
    }
    return key_append(out, der_written(&writer));
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
    return type != NULL && (type->family == &key_family_secret || fetch_key(crypto, type->fetch));
}
