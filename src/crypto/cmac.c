/*
 * CMAC (SP 800-38B) over the CBC ciphers of the table: the context keeps its key from one message to the
 * next, every block cipher serves, and OpenSSL's own CMAC, which would ask the host's default ENGINE for a
 * cipher, is not needed.
 */
#include <string.h>

#include "crypto/cipher.h"

#define CMAC_STEP 512 /* bytes of CBC output that are thrown away at a time */

/* One bit to the left; what falls out comes back as the field's polynomial. */
static void cmac_double(const uint8_t *in, uint8_t *out, size_t block)
{
    uint8_t carry = (uint8_t)(0u - (unsigned)(in[0] >> 7)) & (block == 16 ? 0x87 : 0x1B);
    for (size_t i = 0; i + 1 < block; i++) {
        out[i] = (uint8_t)(in[i] << 1 | in[i + 1] >> 7);
    }
    out[block - 1] = (uint8_t)((uint8_t)(in[block - 1] << 1) ^ carry);
}

static const uint8_t cmac_zeros[16];

static huks_rc cmac_restart(struct crypto_op *op, const struct cipher_row *row)
{
    HUKS_TRY(cipher_start(op, row, true, bytes_of(cmac_zeros, row->iv_size)));
    if (op->cipher_padded) {
        EVP_CIPHER_CTX_set_padding(op->cipher, 0);
        op->cipher_padded = false;
    }
    return HUKS_OK;
}

static huks_rc cmac_make_subkeys(struct crypto_op *op, const struct cipher_row *row)
{
    uint8_t block[16];
    size_t size = 0;
    HUKS_TRY(cipher_run(op, bytes_of(cmac_zeros, row->block), block, &size));
    cmac_double(block, op->subkeys[0], row->block);
    cmac_double(op->subkeys[0], op->subkeys[1], row->block);
    memory_cleanse(block, sizeof(block));
    op->subkeys_ready = true;
    return cmac_restart(op, row);
}

static huks_rc cmac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, OH_HUKS_MODE_CBC);
    if (row == NULL) {
        return error_code();
    }
    if (spec->tag_size > row->block) {
        return op_wrong_param("MAC size");
    }
    op->tag_size = spec->tag_size != 0 ? spec->tag_size : row->block;
    op->sink = OP_STREAM;
    /* The subkeys belong to the key, and go with it. */
    HUKS_TRY(cmac_restart(op, row));
    return op->subkeys_ready ? HUKS_OK : cmac_make_subkeys(op, row);
}

static huks_rc cmac_swallow(struct crypto_op *op, struct bytes in)
{
    uint8_t thrown[CMAC_STEP];
    while (in.size != 0) {
        size_t step = in.size < CMAC_STEP ? in.size : CMAC_STEP, size = 0;
        HUKS_TRY(cipher_run(op, bytes_of(in.data, step), thrown, &size));
        in = bytes_of(in.data + step, in.size - step);
    }
    return HUKS_OK;
}

/* The last block, whole or not, is held back: it is treated apart. */
static huks_rc cmac_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    size_t block = op->cipher_row->block;
    (void)out;
    *size = 0;
    if (op->pending + in.size <= block) {
        memcpy(op->tag + op->pending, in.data, in.size);
        op->pending += in.size;
        return HUKS_OK;
    }
    size_t fill = block - op->pending;
    memcpy(op->tag + op->pending, in.data, fill);
    HUKS_TRY(cmac_swallow(op, bytes_of(op->tag, block)));
    in = bytes_of(in.data + fill, in.size - fill);
    size_t whole = (in.size - 1) / block * block;
    HUKS_TRY(cmac_swallow(op, bytes_of(in.data, whole)));
    op->pending = in.size - whole;
    memcpy(op->tag, in.data + whole, op->pending);
    return HUKS_OK;
}

static huks_rc cmac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    uint8_t mac[16];
    size_t block = op->cipher_row->block, made = 0;
    const uint8_t *subkey = op->subkeys[op->pending == block ? 0 : 1];
    if (op->pending < block) {
        memset(op->tag + op->pending, 0, block - op->pending);
        op->tag[op->pending] = 0x80;
    }
    for (size_t i = 0; i < block; i++) {
        op->tag[i] ^= subkey[i];
    }
    HUKS_TRY(cipher_run(op, bytes_of(op->tag, block), mac, &made));
    memcpy(out, mac, op->tag_size);
    *size = op->tag_size;
    memory_cleanse(mac, sizeof(mac));
    memory_cleanse(op->tag, block);
    return HUKS_OK;
}

static size_t cmac_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->tag_size;
}

const struct op_method op_cmac = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_CMAC, OH_HUKS_ALG_3DES, OH_HUKS_ALG_DES, OH_HUKS_ALG_SM4,
             HUKS_ALG_CAMELLIA, HUKS_ALG_ARIA},
    .begin = cmac_begin,
    .update = cmac_update,
    .finish = cmac_finish,
    .size = cmac_size,
};
