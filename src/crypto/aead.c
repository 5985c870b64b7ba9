/*
 * Authenticated encryption: GCM, CCM, ChaCha20-Poly1305, and GMAC.
 *
 * With the tag at the ciphertext's end (PKCS#11) nothing of a decryption is shown before the tag has been
 * checked, so the ciphertext is collected; likewise when the tag travels apart from it (PKCS#11 messages).
 * With the tag given beforehand (HUKS) plaintext streams out, and the end says whether it was genuine. CCM
 * needs its length first and is always collected.
 */
#include <limits.h>
#include <string.h>

#include "crypto/cipher.h"

static bool aead_tag_size_ok(const struct cipher_row *row, size_t size)
{
    if (row->fetch == FETCH_CHACHA20_POLY1305) {
        return size == 16;
    }
    if (row->mode == OH_HUKS_MODE_CCM) {
        return size >= 4 && size <= 16 && size % 2 == 0; /* SP 800-38C, A.1 */
    }
    return size == 4 || size == 8 || (size >= 12 && size <= 16); /* SP 800-38D, 5.2.1.2 */
}

static huks_rc aead_check(struct crypto_op *op, const struct cipher_row *row, const struct crypto_spec *spec)
{
    size_t tag_size = spec->tag_size != 0 ? spec->tag_size : spec->tag.size != 0 ? spec->tag.size : 16;
    if (spec->iv.size == 0) {
        return op_missing_param("nonce");
    }
    if (spec->iv.size < row->iv_min || spec->iv.size > row->iv_size) {
        return op_wrong_param("nonce");
    }
    if (!aead_tag_size_ok(row, tag_size)) {
        return op_wrong_param("aead tag length");
    }
    if (spec->aad.size > INT_MAX) {
        return op_wrong_param("AAD");
    }
    op->tag_size = tag_size;
    op->tag_given = false;
    op->tag_apart = spec->tag_apart;
    return HUKS_OK;
}

static huks_rc aead_take_tag(struct crypto_op *op, struct bytes tag)
{
    if (tag.data == NULL || op->direction != CRYPTO_DECRYPT) {
        return HUKS_OK;
    }
    if (tag.size != op->tag_size) {
        return op_wrong_param("aead tag length");
    }
    memcpy(op->tag, tag.data, tag.size);
    op->tag_given = true;
    return HUKS_OK;
}

static huks_rc aead_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, spec->mode);
    size_t none = 0;
    if (row == NULL) {
        return error_code();
    }
    if (row->mode != OH_HUKS_MODE_GCM && row->mode != OH_HUKS_MODE_CCM) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    }
    HUKS_TRY(aead_check(op, row, spec));
    HUKS_TRY(aead_take_tag(op, spec->tag));
    op->sink = row->mode == OH_HUKS_MODE_CCM || (op->direction == CRYPTO_DECRYPT && !op->tag_given)
                   ? OP_COLLECT
                   : OP_STREAM;
    if (row->mode == OH_HUKS_MODE_CCM) {
        op->cipher_row = row; /* keyed when the length is known */
        op->iv_size = (uint8_t)spec->iv.size;
        memcpy(op->iv, spec->iv.data, spec->iv.size);
        op->data_size = spec->data_size;
        return spec->aad.size != 0 ? secret_set(&op->aad, spec->aad.data, spec->aad.size) : HUKS_OK;
    }
    HUKS_TRY(cipher_start(op, row, op->direction == CRYPTO_ENCRYPT, spec->iv));
    return spec->aad.size != 0 ? cipher_run(op, spec->aad, NULL, &none) : HUKS_OK;
}

/* The decryption's last word. */
static huks_rc aead_check_tag(struct crypto_op *op, const uint8_t *tag)
{
    ERROR_GUARD;
    uint8_t none[16];
    int written = 0;
    if (EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_size, (void *)(uintptr_t)tag) !=
            1 ||
        EVP_DecryptFinal_ex(op->cipher, none, &written) != 1) {
        return op_bad_ciphertext();
    }
    return HUKS_OK;
}

/* How much of the output, or of a decryption's input, is the tag. */
static size_t aead_tail(const struct crypto_op *op)
{
    return op->tag_given || op->tag_apart ? 0 : op->tag_size;
}

static huks_rc aead_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    int written = 0;
    uint8_t none[16];
    uint8_t *tag = op->tag_apart ? op->tag : out;
    if (op->direction == CRYPTO_DECRYPT) {
        *size = 0;
        return aead_check_tag(op, op->tag);
    }
    if (EVP_EncryptFinal_ex(op->cipher, none, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_size, tag) != 1) {
        return crypto_refused();
    }
    *size = aead_tail(op);
    return HUKS_OK;
}

/* CCM: everything in one go, since nonce, tag size and length go into its first block. */
static huks_rc aead_ccm(struct crypto_op *op, struct bytes in, const uint8_t *tag, uint8_t *out)
{
    ERROR_GUARD;
    const struct cipher_row *row = op->cipher_row;
    const EVP_CIPHER *cipher = fetch_cipher(op->crypto, row->fetch);
    bool encrypts = op->direction == CRYPTO_ENCRYPT;
    int written = 0;
    if (cipher == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    }
    if (op->cipher == NULL && (op->cipher = EVP_CIPHER_CTX_new()) == NULL) {
        return error_no_memory();
    }
    op->cipher_made = row;
    bool ready = EVP_CIPHER_CTX_reset(op->cipher) == 1 &&
                 EVP_CipherInit_ex2(op->cipher, cipher, NULL, NULL, encrypts, NULL) == 1 &&
                 EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_IVLEN, op->iv_size, NULL) == 1 &&
                 EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_size,
                                     (void *)(uintptr_t)tag) == 1 &&
                 EVP_CipherInit_ex2(op->cipher, NULL, op->key->value.data, op->iv, encrypts, NULL) == 1 &&
                 EVP_CipherUpdate(op->cipher, NULL, &written, NULL, (int)in.size) == 1 &&
                 (op->aad.size == 0 ||
                  EVP_CipherUpdate(op->cipher, NULL, &written, op->aad.data, (int)op->aad.size) == 1);
    if (!ready) {
        return crypto_refused();
    }
    /* An absent pointer would mean "the end" to it. */
    const uint8_t *data = in.data != NULL ? in.data : (const uint8_t *)"";
    uint8_t none[1] = {0};
    if (EVP_CipherUpdate(op->cipher, out != NULL ? out : none, &written, data, (int)in.size) != 1) {
        return encrypts ? crypto_refused() : op_bad_ciphertext();
    }
    uint8_t *made = op->tag_apart ? op->tag : out + in.size;
    if (encrypts && EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_size, made) != 1) {
        return crypto_refused();
    }
    return HUKS_OK;
}

static bool aead_ccm_size_ok(const struct crypto_op *op, size_t size)
{
    size_t counter = 15 - (size_t)op->iv_size; /* bytes that are left for the length */
    return (op->data_size == CRYPTO_SIZE_UNKNOWN || op->data_size == size) && size <= INT_MAX &&
           (counter >= sizeof(size) || size >> (8 * counter) == 0);
}

static huks_rc aead_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    bool ccm = op->cipher_row->mode == OH_HUKS_MODE_CCM, encrypts = op->direction == CRYPTO_ENCRYPT;
    size_t tail = encrypts ? 0 : aead_tail(op);
    if (in.size < tail || (ccm && !aead_ccm_size_ok(op, in.size - tail))) {
        return op_bad_data_size(op);
    }
    if (tail != 0) {
        memcpy(op->tag, in.data + in.size - tail, tail);
        in.size -= tail;
    }
    *size = in.size + (encrypts ? aead_tail(op) : 0);
    huks_rc rc;
    if (ccm) {
        rc = aead_ccm(op, in, encrypts ? NULL : op->tag, out);
    } else {
        size_t written = 0;
        rc = in.size != 0 ? cipher_run(op, in, out, &written) : HUKS_OK;
        rc = rc == HUKS_OK ? aead_check_tag(op, op->tag) : rc;
    }
    if (rc != HUKS_OK && out != NULL) {
        memory_cleanse(out, *size);
        *size = 0;
    }
    return rc;
}

static size_t aead_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    if (op->direction == CRYPTO_ENCRYPT) {
        return step == CRYPTO_UPDATE ? in_size : in_size + aead_tail(op);
    }
    return in_size > aead_tail(op) ? in_size - aead_tail(op) : 0;
}

struct bytes crypto_op_tag(const struct crypto_op *op)
{
    return bytes_of(op->tag, op->tag_size);
}

huks_rc crypto_op_set_tag(struct crypto_op *op, struct bytes tag)
{
    if (tag.data == NULL || tag.size != op->tag_size) {
        return op_wrong_param("aead tag length");
    }
    memcpy(op->tag, tag.data, tag.size);
    return HUKS_OK;
}

const struct op_method op_aead = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_SM4, HUKS_ALG_CHACHA20},
    .begin = aead_begin,
    .run = aead_run,
    .update = cipher_run,
    .finish = aead_finish,
    .size = aead_size,
};

/* ---- GMAC: GCM over additional data alone ---- */

static huks_rc gmac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, OH_HUKS_MODE_GCM);
    if (row == NULL) {
        return error_code();
    }
    HUKS_TRY(aead_check(op, row, spec));
    op->sink = OP_STREAM;
    return cipher_start(op, row, true, spec->iv);
}

static huks_rc gmac_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    size_t none = 0;
    (void)out;
    *size = 0;
    return cipher_run(op, in, NULL, &none);
}

static huks_rc gmac_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    uint8_t none[16];
    int written = 0;
    if (EVP_EncryptFinal_ex(op->cipher, none, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_size, out) != 1) {
        return crypto_refused();
    }
    *size = op->tag_size;
    return HUKS_OK;
}

static size_t gmac_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->tag_size;
}

const struct op_method op_gmac = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_SM4},
    .begin = gmac_begin,
    .update = gmac_update,
    .finish = gmac_finish,
    .size = gmac_size,
};
