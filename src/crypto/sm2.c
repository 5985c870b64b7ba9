/*
 * SM2 encryption, with SM3, in DER (GM/T 0009).
 */
#include "crypto/context.h"

#include <string.h>

#include "crypto/opdata.h"

static huks_rc sm2_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct op_pkey_use use = {.method = CRYPTO_SM2, .direction = op->direction};
    if (spec->digest != OH_HUKS_DIGEST_NONE && spec->digest != OH_HUKS_DIGEST_SM3) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    op->exact = false;
    if (op_pkey_same(op, &use)) {
        return HUKS_OK;
    }
    return op_pkey(op, &use) != NULL ? HUKS_OK : error_code();
}

/* SEQUENCE { x, y, hash, ciphertext }: 2 · 35 + 34 bytes and headers, at most 6 of them large. */
#define SM2_OVERHEAD 120

static size_t sm2_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    if (step == CRYPTO_UPDATE) {
        return 0;
    }
    return op->direction == CRYPTO_ENCRYPT ? in_size + SM2_OVERHEAD : in_size;
}

static huks_rc sm2_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    /* Nothing is no message: its key stream would be empty, which the standard forbids. */
    if (in.size == 0 || in.size > INT32_MAX / 2) {
        return op_bad_data_size(op);
    }
    if (op->direction == CRYPTO_ENCRYPT) {
        return EVP_PKEY_encrypt(op->pkey, out, size, in.data, in.size) == 1 ? HUKS_OK : crypto_refused();
    }
    return EVP_PKEY_decrypt(op->pkey, out, size, in.data, in.size) == 1 ? HUKS_OK : op_bad_ciphertext();
}

const struct op_method op_sm2 = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_SM2},
    .begin = sm2_begin,
    .run = sm2_run,
    .size = sm2_size,
};
