/*
 * Message authentication codes over EVP_MAC: HMAC, keyed BLAKE2b, Poly1305.
 *
 * A context keeps its key from one message to the next: with the same key and the same hash it is
 * only set back, which is the cheapest way that OpenSSL offers.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/opdata.h"

/* A context for the algorithm over `name`; true in `*fresh` when it has no key yet. */
static huks_rc mac_context(struct crypto_op *op, enum fetch which, const char *name, bool *fresh)
{
    *fresh = false;
    if (op->mac != NULL && op->mac_keyed && op->mac_fetch == which && op->mac_name == name) {
        return HUKS_OK;
    }
    EVP_MAC *mac = fetch_mac(op->crypto, which);
    if (mac == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    EVP_MAC_CTX_free(op->mac);
    op->mac_keyed = false;
    op->mac_fetch = which;
    op->mac_name = name;
    op->mac = EVP_MAC_CTX_new(mac);
    *fresh = true;
    return op->mac != NULL ? HUKS_OK : error_no_memory();
}

static huks_rc mac_set_size(struct crypto_op *op, const struct crypto_spec *spec, size_t whole)
{
    if (spec->tag_size > whole) {
        return op_wrong_param("MAC size");
    }
    op->mac_size = whole;
    op->tag_size = spec->tag_size != 0 ? spec->tag_size : whole;
    op->sink = OP_STREAM;
    return HUKS_OK;
}

/* Keys the context, or sets it back to the key that it has. `param` names what `name` is. */
static huks_rc mac_start(struct crypto_op *op, enum fetch which, const char *param, const char *name,
                         struct bytes key)
{
    bool fresh;
    HUKS_TRY(mac_context(op, which, name, &fresh));
    if (!fresh) {
        return EVP_MAC_init(op->mac, NULL, 0, NULL) == 1 ? HUKS_OK : crypto_refused();
    }
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)name, 0),
        OSSL_PARAM_construct_end(),
    };
    static const uint8_t empty[1];
    op->mac_keyed = EVP_MAC_init(op->mac, key.size != 0 ? key.data : empty, key.size, params) == 1;
    return op->mac_keyed ? HUKS_OK : crypto_refused();
}

static huks_rc hmac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    const struct digest_row *row;
    HUKS_TRY(digest_get(op->crypto, spec->digest, &row));
    HUKS_TRY(mac_set_size(op, spec, row->size));
    return mac_start(op, FETCH_HMAC, OSSL_MAC_PARAM_DIGEST, row->name, secret_bytes(&op->key->value));
}

/* Keyed BLAKE2b (RFC 7693) of the digest's size, which PKCS#11 calls an HMAC. */
static huks_rc blake2_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    const struct digest_row *row = digest_find(spec->digest);
    bool fresh;
    if (row == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    if (op->key->value.size == 0 || op->key->value.size > 64) {
        return op_wrong_key_size();
    }
    HUKS_TRY(mac_set_size(op, spec, row->size));
    HUKS_TRY(mac_context(op, FETCH_BLAKE2BMAC, NULL, &fresh));
    size_t size = row->size;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_end(),
    };
    op->mac_keyed = EVP_MAC_init(op->mac, op->key->value.data, op->key->value.size, params) == 1;
    return op->mac_keyed ? HUKS_OK : crypto_refused();
}

/* A Poly1305 key serves one message; what the caller does with his is his business. */
static huks_rc poly1305_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    bool fresh;
    if (op->key->value.size != 32) {
        return op_wrong_key_size();
    }
    HUKS_TRY(mac_set_size(op, spec, 16));
    HUKS_TRY(mac_context(op, FETCH_POLY1305, NULL, &fresh));
    op->mac_keyed = EVP_MAC_init(op->mac, op->key->value.data, 32, NULL) == 1;
    return op->mac_keyed ? HUKS_OK : crypto_refused();
}

static huks_rc mac_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    (void)out;
    *size = 0;
    return in.size == 0 || EVP_MAC_update(op->mac, in.data, in.size) == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc mac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t whole[DIGEST_SIZE_MAX];
    size_t made = 0;
    if (EVP_MAC_final(op->mac, whole, &made, sizeof(whole)) != 1 || made != op->mac_size) {
        return crypto_refused();
    }
    memcpy(out, whole, op->tag_size);
    *size = op->tag_size;
    memory_cleanse(whole, sizeof(whole));
    return HUKS_OK;
}

static size_t mac_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->tag_size;
}

const struct op_method op_hmac = {
    .directions = OP_SIGNING,
    .algs = {OP_ANY_SECRET},
    .begin = hmac_begin,
    .update = mac_update,
    .finish = mac_finish,
    .size = mac_size,
};

const struct op_method op_blake2_mac = {
    .directions = OP_SIGNING,
    .algs = {OP_ANY_SECRET},
    .begin = blake2_begin,
    .update = mac_update,
    .finish = mac_finish,
    .size = mac_size,
};

const struct op_method op_poly1305 = {
    .directions = OP_SIGNING,
    .algs = {HUKS_ALG_POLY1305, HUKS_ALG_GENERIC},
    .begin = poly1305_begin,
    .update = mac_update,
    .finish = mac_finish,
    .size = mac_size,
};
