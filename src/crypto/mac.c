/*
 * CMAC and Poly1305, over EVP_MAC.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/opdata.h"

/* The CBC cipher under a CMAC, by the key; "" takes the first of that algorithm and size. */
static const struct {
    uint32_t alg;
    uint8_t key_size, mac_size;
    const char *cipher;
} cmac_rows[] = {
    {OH_HUKS_ALG_AES, 16, 16, "AES-128-CBC"},       {OH_HUKS_ALG_AES, 24, 16, "AES-192-CBC"},
    {OH_HUKS_ALG_AES, 32, 16, "AES-256-CBC"},       {OH_HUKS_ALG_CMAC, 16, 16, "AES-128-CBC"},
    {OH_HUKS_ALG_CMAC, 24, 16, "AES-192-CBC"},      {OH_HUKS_ALG_CMAC, 32, 16, "AES-256-CBC"},
    {OH_HUKS_ALG_3DES, 16, 8, "DES-EDE3-CBC"},      {OH_HUKS_ALG_3DES, 24, 8, "DES-EDE3-CBC"},
    {OH_HUKS_ALG_SM4, 16, 16, "SM4-CBC"},           {HUKS_ALG_CAMELLIA, 16, 16, "CAMELLIA-128-CBC"},
    {HUKS_ALG_CAMELLIA, 24, 16, "CAMELLIA-192-CBC"}, {HUKS_ALG_CAMELLIA, 32, 16, "CAMELLIA-256-CBC"},
    {HUKS_ALG_ARIA, 16, 16, "ARIA-128-CBC"},        {HUKS_ALG_ARIA, 24, 16, "ARIA-192-CBC"},
    {HUKS_ALG_ARIA, 32, 16, "ARIA-256-CBC"},
};

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

static huks_rc cmac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    bool fresh;
    size_t row = 0, size = op->key->value.size;
    while (row < ARRAY_SIZE(cmac_rows) && (cmac_rows[row].alg != op->key->alg || cmac_rows[row].key_size != size)) {
        row++;
    }
    if (row == ARRAY_SIZE(cmac_rows)) {
        return op_wrong_key_size();
    }
    HUKS_TRY(mac_set_size(op, spec, cmac_rows[row].mac_size));
    HUKS_TRY(mac_context(op, FETCH_CMAC, &fresh));
    if (!fresh) {
        return EVP_MAC_init(op->mac, NULL, 0, NULL) == 1 ? HUKS_OK : crypto_refused();
    }
    uint8_t key[32];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)(uintptr_t)cmac_rows[row].cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    memcpy(key, op->key->value.data, size);
    if (op->key->alg == OH_HUKS_ALG_3DES && size == 16) {
        memcpy(key + 16, key, 8);
        size = 24;
    }
    op->mac_keyed = EVP_MAC_init(op->mac, key, size, params) == 1;
    memory_cleanse(key, sizeof(key));
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

const struct op_method op_cmac = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_CMAC, OH_HUKS_ALG_3DES, OH_HUKS_ALG_SM4, HUKS_ALG_CAMELLIA, HUKS_ALG_ARIA},
    .begin = cmac_begin,
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
