/*
 * Derivations: the table of them, and key agreement with what may follow it.
 */
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <string.h>

#include "crypto/derive.h"
#include "crypto/kdf.h"
#include "crypto/number.h"
#include "crypto/opdata.h"

static huks_rc derive_bad_peer(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PUBLIC_POINT, "public key");
}

huks_rc derive_bad_size(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
}

static void derive_pkey_free(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/* ---- the peer's key ---- */

/* What a SubjectPublicKeyInfo of the same algorithm and domain holds; false when it is none. */
static bool derive_peer_info(const struct crypto_key *key, struct bytes peer, struct asn1_kept *kept,
                             struct key_parts *parts)
{
    struct bytes bits;
    const X509_ALGOR *algorithm = key_read_public_info(kept, peer, &bits);
    return algorithm != NULL && OBJ_obj2nid(algorithm->algorithm) == key->type->nid &&
           key->type->family->read_public(key->type, algorithm->parameter, bits, kept, parts);
}

static bool derive_same_curve(const struct crypto_key *key, struct bytes ec_params)
{
    const struct curve_row *curve = NULL;
    if (ec_params.size == 0) {
        return true;
    }
    if (curve_parse(key->crypto, ec_params, &curve) != HUKS_OK) {
        error_clear();
    }
    return curve == key->curve;
}

/* The raw point, whichever of the three forms it comes in. */
static huks_rc derive_peer_point(const struct crypto_key *key, struct bytes peer, struct asn1_kept *kept,
                                 struct bytes *point)
{
    struct key_parts parts = {0};
    struct bytes content;
    size_t field = curve_field_size(key->curve);
    bool raw = key->type->raw_size != 0;
    *point = peer;
    if (raw ? peer.size == key->type->raw_size
            : curve_point_form_ok(peer) && (peer.size == 1 + 2 * field || peer.size == 1 + field)) {
        return HUKS_OK;
    }
    if (asn1_unwrap(kept, ASN1_ITEM_rptr(ASN1_OCTET_STRING), peer, &content)) {
        *point = content;
    } else if (derive_peer_info(key, peer, kept, &parts) &&
               derive_same_curve(key, parts.at[PART_EC_PARAMS])) {
        *point = parts.at[PART_EC_POINT];
    } else {
        return kept->starved ? error_no_memory() : derive_bad_peer();
    }
    return (raw ? point->size == key->type->raw_size : curve_point_form_ok(*point)) ? HUKS_OK
                                                                                    : derive_bad_peer();
}

/* A key of the same domain with `encoded` as its public half; putting it there checks that it is one. */
static EVP_PKEY *derive_peer_of(const struct crypto_key *key, struct bytes encoded)
{
    AUTO(derive_pkey_free) EVP_PKEY *peer = NULL;
    if (key->type->raw_size != 0) {
        return EVP_PKEY_new_raw_public_key_ex(crypto_lib(key->crypto), fetch_key_name(key->type->fetch), NULL,
                                              encoded.data, encoded.size);
    }
    peer = EVP_PKEY_new();
    if (peer == NULL || EVP_PKEY_copy_parameters(peer, key->pkey) != 1 ||
        EVP_PKEY_set1_encoded_public_key(peer, encoded.data, encoded.size) != 1) {
        return NULL;
    }
    EVP_PKEY *made = peer;
    peer = NULL;
    return made;
}

/* ---- agreement ---- */

/* A context that another derivation with this key has left, or a new one. */
static EVP_PKEY_CTX *derive_take(struct crypto_key *key)
{
    EVP_PKEY_CTX *context = atomic_exchange_explicit(&key->idle_derive, NULL, memory_order_acquire);
    if (context != NULL) {
        return context;
    }
    context = EVP_PKEY_CTX_new_from_pkey(crypto_lib(key->crypto), key->pkey, NULL);
    if (context != NULL &&
        (EVP_PKEY_derive_init(context) != 1 ||
         (key->type->family == &key_family_ffc && EVP_PKEY_CTX_set_dh_pad(context, 1) != 1))) {
        EVP_PKEY_CTX_free(context);
        context = NULL;
    }
    return context;
}

static void derive_give(struct crypto_key *key, EVP_PKEY_CTX *context)
{
    EVP_PKEY_CTX *expected = NULL;
    if (!atomic_compare_exchange_strong_explicit(&key->idle_derive, &expected, context, memory_order_release,
                                                 memory_order_relaxed)) {
        EVP_PKEY_CTX_free(context);
    }
}

void crypto_key_prepare(struct crypto_key *key)
{
    bool agrees = key->class == CRYPTO_PRIVATE &&
                  ((key->type->family == &key_family_ec && key->alg != OH_HUKS_ALG_SM2) ||
                   key->alg == OH_HUKS_ALG_X25519 || key->alg == HUKS_ALG_X448 ||
                   key->alg == OH_HUKS_ALG_DH || key->alg == HUKS_ALG_X942_DH);
    if (agrees && crypto_lib(key->crypto) != NULL) {
        ERROR_GUARD;
        EVP_PKEY_CTX *context = derive_take(key);
        if (context != NULL) {
            derive_give(key, context);
        }
    }
}

static huks_rc derive_shared(struct crypto_key *key, struct bytes encoded, bool cofactor, struct secret *out)
{
    ERROR_GUARD;
    size_t size = key->curve != NULL
                      ? (key->type->raw_size != 0 ? key->type->raw_size : curve_field_size(key->curve))
                      : (key->bits + 7u) / 8u;
    if (crypto_lib(key->crypto) == NULL) {
        return error_no_memory();
    }
    AUTO(derive_pkey_free) EVP_PKEY *peer = derive_peer_of(key, encoded);
    if (peer == NULL) {
        return derive_bad_peer();
    }
    /*
     * On a curve whose cofactor is 1, a point on the curve is in the group, and OpenSSL's check, a
     * multiplication by the order, would say nothing new. Of a DH value only the check knows whether it is
     * in the subgroup, where the domain says which that is (SP 800-56A, 5.6.2.3.1).
     */
    bool small_groups = key->curve != NULL && !key->curve->cofactor_one;
    bool checks = small_groups || key->type->family == &key_family_ffc;
    EVP_PKEY_CTX *context = derive_take(key);
    HUKS_TRY(context != NULL ? HUKS_OK : error_no_memory());
    huks_rc rc = secret_alloc(out, size);
    bool done = rc == HUKS_OK && EVP_PKEY_derive_set_peer_ex(context, peer, checks) == 1 &&
                (!small_groups || EVP_PKEY_CTX_set_ecdh_cofactor_mode(context, cofactor) == 1) &&
                EVP_PKEY_derive(context, out->data, &size) == 1;
    if (small_groups || !done) {
        EVP_PKEY_CTX_free(context);
    } else {
        derive_give(key, context);
    }
    if (!done) {
        secret_free(out);
        return rc != HUKS_OK ? rc : derive_bad_peer();
    }
    secret_shrink(out, size);
    return HUKS_OK;
}

/* The secret as it is, cut to size, or through the KDF. */
static huks_rc derive_after(struct crypto *crypto, const struct crypto_derive_spec *spec,
                            const struct secret *shared, struct secret *out)
{
    if (spec->kdf == CRYPTO_KDF_NONE) {
        size_t size = spec->size != 0 ? spec->size : shared->size;
        if (size > shared->size) {
            return derive_bad_size();
        }
        return secret_set(out, shared->data + (spec->tail ? shared->size - size : 0), size);
    }
    const struct digest_row *row = NULL;
    HUKS_TRY(digest_get_any(crypto, spec->digest, &row));
    HUKS_TRY(secret_alloc(out, spec->size != 0 ? spec->size : row->size));
    huks_rc rc = kdf_counter(crypto, row, spec->kdf == CRYPTO_KDF_SP800, secret_bytes(shared), spec->info,
                             out->data, out->size);
    if (rc != HUKS_OK) {
        secret_free(out);
    }
    return rc;
}

static huks_rc derive_ecdh(struct crypto *crypto, struct crypto_key *key,
                           const struct crypto_derive_spec *spec, struct secret *out)
{
    AUTO(secret_free) struct secret shared = {0};
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct bytes point;
    HUKS_TRY(derive_peer_point(key, spec->peer, &kept, &point));
    if (key->alg == OH_HUKS_ALG_SM2) {
        /* OpenSSL has no key exchange for SM2 keys: the product of scalar and point is taken by itself. */
        AUTO(secret_free) struct secret scalar = {0};
        HUKS_TRY(crypto_key_part(key, HUKS_TAG_VALUE, &scalar));
        HUKS_TRY(curve_product(crypto, key->curve, secret_bytes(&scalar), point, &shared));
    } else {
        HUKS_TRY(derive_shared(key, point, spec->cofactor, &shared));
    }
    return derive_after(crypto, spec, &shared, out);
}

/* ---- Diffie-Hellman ---- */

static bool derive_same_number(const struct crypto_key *key, enum key_part part, struct bytes given)
{
    AUTO(secret_free) struct secret own = {0};
    if (key->type->family->part(key, part, &own) != HUKS_OK) {
        error_clear();
        return false;
    }
    return bytes_equal(secret_bytes(&own), number_trim(given));
}

static huks_rc derive_dh(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                         struct secret *out)
{
    AUTO(secret_free) struct secret shared = {0};
    AUTO(secret_free) struct secret padded = {0};
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    struct key_parts parts = {0};
    struct bytes value = spec->peer;
    size_t size = (key->bits + 7u) / 8u;
    /* Nothing that holds the prime, too, is as short as a value. */
    if (value.size > size && derive_peer_info(key, value, &kept, &parts)) {
        if (!derive_same_number(key, PART_PRIME, parts.at[PART_PRIME]) ||
            !derive_same_number(key, PART_BASE, parts.at[PART_BASE])) {
            return derive_bad_peer();
        }
        value = parts.at[PART_VALUE];
    }
    value = number_trim(value);
    if (kept.starved) {
        return error_no_memory();
    }
    if (value.size == 0 || value.size > size) {
        return derive_bad_peer();
    }
    HUKS_TRY(secret_alloc(&padded, size));
    memcpy(padded.data + size - value.size, value.data, value.size);
    HUKS_TRY(derive_shared(key, secret_bytes(&padded), false, &shared));
    return derive_after(crypto, spec, &shared, out);
}

/* ---- the table ---- */

static const struct {
    enum crypto_method method;
    uint32_t algs[6];
    enum crypto_key_class class;
    derive_function *derive;
} derive_rows[] = {
    {CRYPTO_ECDH,
     {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, OH_HUKS_ALG_X25519, HUKS_ALG_X448, OH_HUKS_ALG_SM2},
     CRYPTO_PRIVATE,
     derive_ecdh},
    {CRYPTO_DH, {OH_HUKS_ALG_DH, HUKS_ALG_X942_DH}, CRYPTO_PRIVATE, derive_dh},
    {CRYPTO_HKDF, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_hkdf},
    {CRYPTO_PBKDF2, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_pbkdf2},
    {CRYPTO_PBKDF1, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_pbkdf1},
    {CRYPTO_PKCS12, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_pkcs12},
    {CRYPTO_HASH_OF_KEY, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_hash},
    {CRYPTO_JOIN, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_join},
    {CRYPTO_XOR, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_xor},
    {CRYPTO_EXTRACT, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_extract},
    {CRYPTO_ENCRYPT_DATA, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_encrypt},
    {CRYPTO_KBKDF, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_kbkdf},
    {CRYPTO_PRF, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_prf},
    {CRYPTO_PRF_PLUS, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_prf_plus},
    {CRYPTO_PRF_EXTEND, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_prf_extend},
    {CRYPTO_TLS_PRF, {OP_ANY_SECRET}, CRYPTO_SECRET, derive_tls_prf},
};

huks_rc crypto_derive(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                      struct secret *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(derive_rows); i++) {
        if (derive_rows[i].method != spec->method) {
            continue;
        }
        bool fits = false;
        for (size_t j = 0; j < ARRAY_SIZE(derive_rows[i].algs) && derive_rows[i].algs[j] != 0; j++) {
            fits = fits || derive_rows[i].algs[j] == key->alg || derive_rows[i].algs[j] == OP_ANY_SECRET;
        }
        if (!fits || key->class != derive_rows[i].class) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type");
        }
        return derive_rows[i].derive(crypto, key, spec, out);
    }
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
}
