/*
 * MACs made of a block cipher in CBC mode: CMAC (SP 800-38B), XCBC-MAC (RFC 3566), and the plain CBC-MAC of
 * FIPS 113, which is safe for messages of one length only and there for old data. The context keeps its key
 * from one message to the next, every block cipher serves, and OpenSSL's own CMAC, which would ask the host's
 * default ENGINE for a cipher, is not needed.
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

static huks_rc cmac_set_size(struct crypto_op *op, const struct crypto_spec *spec, size_t most, size_t usual)
{
    if (spec->tag_size > most) {
        return op_wrong_param("MAC size");
    }
    op->tag_size = spec->tag_size != 0 ? spec->tag_size : usual;
    op->sink = OP_STREAM;
    return HUKS_OK;
}

static huks_rc cmac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, OH_HUKS_MODE_CBC);
    if (row == NULL) {
        return error_code();
    }
    HUKS_TRY(cmac_set_size(op, spec, row->block, row->block));
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

/* The last block through the cipher. */
static huks_rc cmac_end(struct crypto_op *op, uint8_t *out, size_t *size)
{
    uint8_t mac[16];
    size_t block = op->cipher_row->block, made = 0;
    HUKS_TRY(cipher_run(op, bytes_of(op->tag, block), mac, &made));
    memcpy(out, mac, op->tag_size);
    *size = op->tag_size;
    memory_cleanse(mac, sizeof(mac));
    memory_cleanse(op->tag, block);
    return HUKS_OK;
}

static huks_rc cmac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    size_t block = op->cipher_row->block;
    const uint8_t *subkey = op->subkeys[op->pending == block ? 0 : 1];
    if (op->pending < block) {
        memset(op->tag + op->pending, 0, block - op->pending);
        op->tag[op->pending] = 0x80;
    }
    for (size_t i = 0; i < block; i++) {
        op->tag[i] ^= subkey[i];
    }
    return cmac_end(op, out, size);
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

/* ---- CBC-MAC ---- */

/* PKCS#11's <NAME>_MAC gives half a block, <NAME>_MAC_GENERAL what is asked for. */
static huks_rc cbc_mac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, OH_HUKS_MODE_CBC);
    if (row == NULL) {
        return error_code();
    }
    HUKS_TRY(cmac_set_size(op, spec, row->block, row->block / 2));
    cipher_set_key_bits(op, spec);
    return cmac_restart(op, row);
}

/* Zeros fill the last block (FIPS 113); a message of none is a block of them. */
static huks_rc cbc_mac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    memset(op->tag + op->pending, 0, op->cipher_row->block - op->pending);
    return cmac_end(op, out, size);
}

const struct op_method op_cbc_mac = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_3DES, OH_HUKS_ALG_DES, HUKS_ALG_CAMELLIA, HUKS_ALG_ARIA,
             HUKS_ALG_SEED, HUKS_ALG_RC2, HUKS_ALG_CAST128},
    .begin = cbc_mac_begin,
    .update = cmac_update,
    .finish = cbc_mac_finish,
    .size = cmac_size,
};

/* ---- XCBC-MAC ---- */

/*
 * K1, K2 and K3 are the key's encryptions of a block of 01, 02 and 03: the chain runs under K1, the others
 * whiten the last block. With a message of no bytes that one is all filling.
 */
static huks_rc xcbc_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    static const uint8_t constants[3][16] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
        {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3},
    };
    uint8_t *const subkeys[3] = {op->tag, op->subkeys[0], op->subkeys[1]};
    if (op->key->value.size != 16) {
        return op_wrong_key_size();
    }
    const struct cipher_row *row = cipher_find(op, OH_HUKS_MODE_CBC);
    if (row == NULL) {
        return error_code();
    }
    HUKS_TRY(cmac_set_size(op, spec, row->block, row->block));
    for (size_t i = 0; i < ARRAY_SIZE(subkeys); i++) {
        size_t size = 0;
        HUKS_TRY(cmac_restart(op, row));
        HUKS_TRY(cipher_run(op, BYTES_OF(constants[i]), subkeys[i], &size));
    }
    int done = EVP_CipherInit_ex2(op->cipher, NULL, op->tag, cmac_zeros, 1, NULL);
    memory_cleanse(op->tag, sizeof(op->tag));
    /* The context holds K1 now, and the subkeys are none of CMAC's. */
    op->cipher_other_key = true;
    op->subkeys_ready = false;
    return done == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc xcbc_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    huks_rc rc = cmac_finish(op, out, size);
    memory_cleanse(op->subkeys, sizeof(op->subkeys));
    return rc;
}

const struct op_method op_xcbc_mac = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_AES},
    .begin = xcbc_begin,
    .update = cmac_update,
    .finish = xcbc_finish,
    .size = cmac_size,
};
