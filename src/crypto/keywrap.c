/*
 * AES key wrap (RFC 3394), with PKCS#7 padding in front of it if one wants, and key wrap with padding (RFC
 * 5649) as one-shot encryption.
 */
#include <limits.h>
#include <string.h>

#include "crypto/cipher.h"

static huks_rc keywrap_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, spec->mode);
    if (row == NULL) {
        return error_code();
    }
    if (row->mode != HUKS_MODE_KW && row->mode != HUKS_MODE_KWP) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    }
    if (spec->iv.size != 0 && spec->iv.size != row->iv_size) {
        return op_wrong_param("IV");
    }
    op->iv_size = (uint8_t)spec->iv.size;
    if (spec->iv.size != 0) {
        memcpy(op->iv, spec->iv.data, spec->iv.size);
    }
    op->sink = OP_COLLECT;
    op->wrap_fills = row->mode == HUKS_MODE_KW && spec->padding == OH_HUKS_PADDING_PKCS7;
    op->exact = op->direction == CRYPTO_ENCRYPT || (row->mode == HUKS_MODE_KW && !op->wrap_fills);
    return HUKS_OK;
}

static bool keywrap_size_ok(const struct crypto_op *op, size_t size, bool pads)
{
    if (size == 0 || size > INT_MAX - 16) {
        return false;
    }
    if (op->direction == CRYPTO_ENCRYPT) {
        return pads || (size % 8 == 0 && size >= 16);
    }
    return size % 8 == 0 && size >= (pads ? 16u : 24u);
}

/* PKCS#7 to whole semiblocks (PKCS#11, CKM_AES_KEY_WRAP_PKCS7). */
static huks_rc keywrap_fill(struct bytes in, struct secret *filled)
{
    uint8_t fill = (uint8_t)(8 - in.size % 8);
    HUKS_TRY(secret_alloc(filled, in.size + fill));
    memcpy(filled->data, in.data, in.size);
    memset(filled->data + in.size, fill, fill);
    return HUKS_OK;
}

/* What unwrapping gave is genuine: wrong filling was wrapped so, and tells nobody anything. */
static huks_rc keywrap_cut(const uint8_t *plain, size_t *size)
{
    uint8_t fill = plain[*size - 1];
    for (size_t i = 0; i < fill && fill <= 8; i++) {
        if (plain[*size - 1 - i] != fill) {
            return op_bad_ciphertext();
        }
    }
    if (fill == 0 || fill > 8) {
        return op_bad_ciphertext();
    }
    *size -= fill;
    return HUKS_OK;
}

static huks_rc keywrap_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    AUTO(secret_free) struct secret filled = {0};
    static const uint8_t iv_wrap[] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
    static const uint8_t iv_pad[] = {0xA6, 0x59, 0x59, 0xA6};
    ERROR_GUARD;
    const struct cipher_row *row = op->cipher_row;
    bool pads = row->mode == HUKS_MODE_KWP, encrypts = op->direction == CRYPTO_ENCRYPT;
    struct bytes iv = op->iv_size != 0 ? bytes_of(op->iv, op->iv_size)
                      : pads           ? BYTES_OF(iv_pad)
                                       : BYTES_OF(iv_wrap);
    if (op->wrap_fills && encrypts && in.size < INT_MAX - 16 && in.size != 0) {
        HUKS_TRY(keywrap_fill(in, &filled));
        in = secret_bytes(&filled);
    }
    if (!keywrap_size_ok(op, in.size, pads)) {
        return op_bad_data_size(op);
    }
    if (EVP_CipherInit_ex2(op->cipher, NULL, NULL, iv.data, encrypts, NULL) != 1) {
        return crypto_refused();
    }
    /* OpenSSL unwraps into as many bytes as it reads. */
    AUTO(secret_free) struct secret room = {0};
    int written = 0;
    uint8_t *to = out;
    if (!encrypts) {
        HUKS_TRY(secret_alloc(&room, in.size));
        to = room.data;
    }
    if (EVP_CipherUpdate(op->cipher, to, &written, in.data, (int)in.size) != 1) {
        return encrypts ? crypto_refused() : op_bad_ciphertext();
    }
    size_t made = (size_t)written;
    if (!encrypts) {
        HUKS_TRY(op->wrap_fills ? keywrap_cut(room.data, &made) : HUKS_OK);
        memcpy(out, room.data, made);
    }
    *size = made;
    return HUKS_OK;
}

static size_t keywrap_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)step;
    if (op->direction == CRYPTO_ENCRYPT) {
        return (op->wrap_fills ? in_size / 8 * 8 + 8 : (in_size + 7) / 8 * 8) + 8;
    }
    return in_size > 8 ? in_size - 8 : 0;
}

static huks_rc keywrap_start(struct crypto_op *op, const struct crypto_spec *spec)
{
    HUKS_TRY(keywrap_begin(op, spec));
    const struct cipher_row *row = cipher_find(op, spec->mode);
    /* Wrapping encrypts and unwrapping decrypts blocks: the key is prepared for one of them. */
    return cipher_start(op, row, op->direction == CRYPTO_ENCRYPT, bytes_of(op->iv, row->iv_size));
}

const struct op_method op_key_wrap = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_AES},
    .begin = keywrap_start,
    .run = keywrap_run,
    .size = keywrap_size,
};
