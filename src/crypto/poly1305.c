/*
 * Poly1305, over EVP_MAC.
 */
#include <string.h>

#include "crypto/context.h"


#include "crypto/opdata.h"

/* A context for `which`; true in `*fresh` when it has no key yet. */
static huks_rc mac_context(struct crypto_op *op, enum fetch which, bool *fresh)
{
    *fresh = false;
    if (op->mac != NULL && op->mac_keyed && op->mac_fetch == which) {
        return HUKS_OK;
    }
    EVP_MAC *mac = fetch_mac(op->crypto, which);
    if (mac == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    EVP_MAC_CTX_free(op->mac);
    op->mac_keyed = false;
    op->mac_fetch = which;
    op->mac = EVP_MAC_CTX_new(mac);
    *fresh = true;
    return op->mac != NULL ? HUKS_OK : error_no_memory();
}

static huks_rc mac_set_size(struct crypto_op *op, const struct crypto_spec *spec, size_t whole)
{
    if (spec->tag_size > whole) {
        return op_wrong_param("MAC size");
    }
    op->tag_size = spec->tag_size != 0 ? spec->tag_size : whole;
    op->sink = OP_STREAM;
    return HUKS_OK;
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
    HUKS_TRY(mac_context(op, FETCH_POLY1305, &fresh));
    op->mac_keyed = EVP_MAC_init(op->mac, op->key->value.data, 32, NULL) == 1;
    return op->mac_keyed ? HUKS_OK : crypto_refused();
}

static huks_rc mac_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    (void)out;
    *size = 0;
    return EVP_MAC_update(op->mac, in.data, in.size) == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc mac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    uint8_t whole[16];
    size_t made = 0;
    if (EVP_MAC_final(op->mac, whole, &made, sizeof(whole)) != 1) {
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

const struct op_method op_poly1305 = {
    .directions = OP_SIGNING,
    .algs = {HUKS_ALG_POLY1305, HUKS_ALG_GENERIC},
    .begin = poly1305_begin,
    .update = mac_update,
    .finish = mac_finish,
    .size = mac_size,
};
