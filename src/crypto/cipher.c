/*
 * Block and stream ciphers as operations. See cipher.h.
 */
#include "crypto/cipher.h"

#include <limits.h>
#include <string.h>

#define CIPHER_STEP ((size_t)1 << 30)

static const struct cipher_row cipher_rows[] = {
    /* alg, mode, key, IV from … to, block, flags, fetch */
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, 16, 128, 1, 1, 0, FETCH_AES_128_GCM},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, 16, 16, 16, 16, CIPHER_PADS, FETCH_AES_128_CBC},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CTR, 16, 16, 16, 1, CIPHER_COUNTER, FETCH_AES_128_CTR},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, 16, 0, 0, 16, CIPHER_PADS, FETCH_AES_128_ECB},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, 16, 13, 7, 1, CIPHER_WHOLE, FETCH_AES_128_CCM},
    {OH_HUKS_ALG_AES, HUKS_MODE_OFB, 16, 16, 16, 1, 0, FETCH_AES_128_OFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB128, 16, 16, 16, 1, 0, FETCH_AES_128_CFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB8, 16, 16, 16, 1, 0, FETCH_AES_128_CFB8},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB1, 16, 16, 16, 1, 0, FETCH_AES_128_CFB1},
    {OH_HUKS_ALG_AES, HUKS_MODE_CTS, 16, 16, 16, 1, CIPHER_WHOLE, FETCH_AES_128_CTS},
    {OH_HUKS_ALG_AES, HUKS_MODE_KW, 16, 8, 8, 8, CIPHER_WHOLE, FETCH_AES_128_WRAP},
    {OH_HUKS_ALG_AES, HUKS_MODE_KWP, 16, 4, 4, 8, CIPHER_WHOLE, FETCH_AES_128_WRAP_PAD},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, 24, 128, 1, 1, 0, FETCH_AES_192_GCM},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, 24, 16, 16, 16, CIPHER_PADS, FETCH_AES_192_CBC},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CTR, 24, 16, 16, 1, CIPHER_COUNTER, FETCH_AES_192_CTR},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, 24, 0, 0, 16, CIPHER_PADS, FETCH_AES_192_ECB},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, 24, 13, 7, 1, CIPHER_WHOLE, FETCH_AES_192_CCM},
    {OH_HUKS_ALG_AES, HUKS_MODE_OFB, 24, 16, 16, 1, 0, FETCH_AES_192_OFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB128, 24, 16, 16, 1, 0, FETCH_AES_192_CFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB8, 24, 16, 16, 1, 0, FETCH_AES_192_CFB8},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB1, 24, 16, 16, 1, 0, FETCH_AES_192_CFB1},
    {OH_HUKS_ALG_AES, HUKS_MODE_CTS, 24, 16, 16, 1, CIPHER_WHOLE, FETCH_AES_192_CTS},
    {OH_HUKS_ALG_AES, HUKS_MODE_KW, 24, 8, 8, 8, CIPHER_WHOLE, FETCH_AES_192_WRAP},
    {OH_HUKS_ALG_AES, HUKS_MODE_KWP, 24, 4, 4, 8, CIPHER_WHOLE, FETCH_AES_192_WRAP_PAD},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, 32, 128, 1, 1, 0, FETCH_AES_256_GCM},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, 32, 16, 16, 16, CIPHER_PADS, FETCH_AES_256_CBC},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CTR, 32, 16, 16, 1, CIPHER_COUNTER, FETCH_AES_256_CTR},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, 32, 0, 0, 16, CIPHER_PADS, FETCH_AES_256_ECB},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, 32, 13, 7, 1, CIPHER_WHOLE, FETCH_AES_256_CCM},
    {OH_HUKS_ALG_AES, HUKS_MODE_OFB, 32, 16, 16, 1, 0, FETCH_AES_256_OFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB128, 32, 16, 16, 1, 0, FETCH_AES_256_CFB},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB8, 32, 16, 16, 1, 0, FETCH_AES_256_CFB8},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB1, 32, 16, 16, 1, 0, FETCH_AES_256_CFB1},
    {OH_HUKS_ALG_AES, HUKS_MODE_CTS, 32, 16, 16, 1, CIPHER_WHOLE, FETCH_AES_256_CTS},
    {OH_HUKS_ALG_AES, HUKS_MODE_KW, 32, 8, 8, 8, CIPHER_WHOLE, FETCH_AES_256_WRAP},
    {OH_HUKS_ALG_AES, HUKS_MODE_KWP, 32, 4, 4, 8, CIPHER_WHOLE, FETCH_AES_256_WRAP_PAD},
    {HUKS_ALG_AES_XTS, HUKS_MODE_XTS, 32, 16, 16, 1, CIPHER_WHOLE, FETCH_AES_128_XTS},
    {HUKS_ALG_AES_XTS, HUKS_MODE_XTS, 64, 16, 16, 1, CIPHER_WHOLE, FETCH_AES_256_XTS},
    {HUKS_ALG_CHACHA20, HUKS_MODE_STREAM, 32, 16, 16, 1, CIPHER_CHACHA, FETCH_CHACHA20},
    {HUKS_ALG_CHACHA20, OH_HUKS_MODE_GCM, 32, 12, 12, 1, 0, FETCH_CHACHA20_POLY1305},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_ECB, 16, 0, 0, 16, CIPHER_PADS, FETCH_SM4_ECB},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CBC, 16, 16, 16, 16, CIPHER_PADS, FETCH_SM4_CBC},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CTR, 16, 16, 16, 1, CIPHER_COUNTER, FETCH_SM4_CTR},
    {OH_HUKS_ALG_SM4, HUKS_MODE_OFB, 16, 16, 16, 1, 0, FETCH_SM4_OFB},
    {OH_HUKS_ALG_SM4, HUKS_MODE_CFB128, 16, 16, 16, 1, 0, FETCH_SM4_CFB},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_GCM, 16, 128, 1, 1, 0, FETCH_SM4_GCM},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CCM, 16, 13, 7, 1, CIPHER_WHOLE, FETCH_SM4_CCM},
    {OH_HUKS_ALG_DES, OH_HUKS_MODE_ECB, 8, 0, 0, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_ECB},
    {OH_HUKS_ALG_DES, OH_HUKS_MODE_CBC, 8, 8, 8, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_CBC},
    {OH_HUKS_ALG_DES, HUKS_MODE_OFB, 8, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_OFB},
    {OH_HUKS_ALG_DES, HUKS_MODE_CFB128, 8, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB},
    {OH_HUKS_ALG_DES, HUKS_MODE_CFB8, 8, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB8},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_ECB, 16, 0, 0, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_ECB},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_CBC, 16, 8, 8, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_CBC},
    {OH_HUKS_ALG_3DES, HUKS_MODE_OFB, 16, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_OFB},
    {OH_HUKS_ALG_3DES, HUKS_MODE_CFB128, 16, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB},
    {OH_HUKS_ALG_3DES, HUKS_MODE_CFB8, 16, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB8},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_ECB, 24, 0, 0, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_ECB},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_CBC, 24, 8, 8, 8, CIPHER_PADS | CIPHER_TRIPLE, FETCH_DES3_CBC},
    {OH_HUKS_ALG_3DES, HUKS_MODE_OFB, 24, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_OFB},
    {OH_HUKS_ALG_3DES, HUKS_MODE_CFB128, 24, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB},
    {OH_HUKS_ALG_3DES, HUKS_MODE_CFB8, 24, 8, 8, 1, CIPHER_TRIPLE, FETCH_DES3_CFB8},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_ECB, 16, 0, 0, 16, CIPHER_PADS, FETCH_CAMELLIA_128_ECB},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CBC, 16, 16, 16, 16, CIPHER_PADS, FETCH_CAMELLIA_128_CBC},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CTR, 16, 16, 16, 1, CIPHER_COUNTER, FETCH_CAMELLIA_128_CTR},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_ECB, 24, 0, 0, 16, CIPHER_PADS, FETCH_CAMELLIA_192_ECB},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CBC, 24, 16, 16, 16, CIPHER_PADS, FETCH_CAMELLIA_192_CBC},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CTR, 24, 16, 16, 1, CIPHER_COUNTER, FETCH_CAMELLIA_192_CTR},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_ECB, 32, 0, 0, 16, CIPHER_PADS, FETCH_CAMELLIA_256_ECB},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CBC, 32, 16, 16, 16, CIPHER_PADS, FETCH_CAMELLIA_256_CBC},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CTR, 32, 16, 16, 1, CIPHER_COUNTER, FETCH_CAMELLIA_256_CTR},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_ECB, 16, 0, 0, 16, CIPHER_PADS, FETCH_ARIA_128_ECB},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CBC, 16, 16, 16, 16, CIPHER_PADS, FETCH_ARIA_128_CBC},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CTR, 16, 16, 16, 1, CIPHER_COUNTER, FETCH_ARIA_128_CTR},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_ECB, 24, 0, 0, 16, CIPHER_PADS, FETCH_ARIA_192_ECB},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CBC, 24, 16, 16, 16, CIPHER_PADS, FETCH_ARIA_192_CBC},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CTR, 24, 16, 16, 1, CIPHER_COUNTER, FETCH_ARIA_192_CTR},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_ECB, 32, 0, 0, 16, CIPHER_PADS, FETCH_ARIA_256_ECB},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CBC, 32, 16, 16, 16, CIPHER_PADS, FETCH_ARIA_256_CBC},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CTR, 32, 16, 16, 1, CIPHER_COUNTER, FETCH_ARIA_256_CTR},
    {HUKS_ALG_SEED, OH_HUKS_MODE_ECB, 16, 0, 0, 16, CIPHER_PADS, FETCH_SEED_ECB},
    {HUKS_ALG_SEED, OH_HUKS_MODE_CBC, 16, 16, 16, 16, CIPHER_PADS, FETCH_SEED_CBC},
    {HUKS_ALG_RC2, OH_HUKS_MODE_ECB, 0, 0, 0, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_RC2_ECB},
    {HUKS_ALG_RC2, OH_HUKS_MODE_CBC, 0, 8, 8, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_RC2_CBC},
    {HUKS_ALG_RC4, HUKS_MODE_STREAM, 0, 0, 0, 1, CIPHER_ANY_KEY, FETCH_RC4},
    {HUKS_ALG_CAST128, OH_HUKS_MODE_ECB, 0, 0, 0, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_CAST5_ECB},
    {HUKS_ALG_CAST128, OH_HUKS_MODE_CBC, 0, 8, 8, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_CAST5_CBC},
    {HUKS_ALG_BLOWFISH, OH_HUKS_MODE_ECB, 0, 0, 0, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_BF_ECB},
    {HUKS_ALG_BLOWFISH, OH_HUKS_MODE_CBC, 0, 8, 8, 8, CIPHER_PADS | CIPHER_ANY_KEY, FETCH_BF_CBC},
};

uint32_t cipher_mode_of(uint32_t alg, enum crypto_method method, uint32_t mode)
{
    return alg == HUKS_ALG_CHACHA20 ? (method == CRYPTO_AEAD ? OH_HUKS_MODE_GCM : HUKS_MODE_STREAM) : mode;
}

const struct cipher_row *cipher_find(struct crypto_op *op, uint32_t mode)
{
    uint32_t alg = op->key->alg == OH_HUKS_ALG_CMAC ? OH_HUKS_ALG_AES : op->key->alg;
    const struct cipher_row *last = op->cipher_row;
    bool known = false;
    mode = cipher_mode_of(alg, op->which, mode);
    if (last != NULL && last->alg == alg && last->mode == mode) {
        return last;
    }
    for (size_t i = 0; i < ARRAY_SIZE(cipher_rows); i++) {
        const struct cipher_row *row = &cipher_rows[i];
        if (row->alg == alg && row->mode == mode) {
            known = true;
            if (row->key_size == op->key->value.size || (row->flags & CIPHER_ANY_KEY) != 0) {
                return row;
            }
        }
    }
    huks_rc rc =
        known ? op_wrong_key_size() : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    (void)rc;
    return NULL;
}

bool crypto_has_cipher(struct crypto *crypto, uint32_t alg, uint32_t mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(cipher_rows); i++) {
        if (cipher_rows[i].alg == alg && cipher_rows[i].mode == mode) {
            return fetch_cipher(crypto, cipher_rows[i].fetch) != NULL;
        }
    }
    return false;
}

/* Sets cipher and direction; the key schedule of another key may stand there, and is overwritten next. */
static bool cipher_set(struct crypto_op *op, const struct cipher_row *row, const EVP_CIPHER *cipher, int enc)
{
    if (op->cipher_made == row) {
        return true;
    }
    op->cipher_made = NULL;
    op->cipher_iv_size = row->iv_size;
    if (EVP_CIPHER_CTX_reset(op->cipher) != 1) {
        return false;
    }
    EVP_CIPHER_CTX_set_flags(op->cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex2(op->cipher, cipher, NULL, NULL, enc, NULL) != 1) {
        return false;
    }
    if (row->block > 1) {
        EVP_CIPHER_CTX_set_padding(op->cipher, 0);
    }
    op->cipher_made = row;
    op->cipher_padded = false;
    if (row->iv_min != row->iv_size) {
        op->cipher_iv_size = 0; /* to be set */
    }
    return true;
}

/* RC2 apart, where a shorter effective key may be asked for, a key's strength is its length. */
static bool cipher_set_key_size(struct crypto_op *op, const struct cipher_row *row)
{
    int size = (int)op->key->value.size,
        bits = op->cipher_key_bits != 0 ? (int)op->cipher_key_bits : 8 * size;
    return EVP_CIPHER_CTX_set_key_length(op->cipher, size) == 1 &&
           (row->alg != HUKS_ALG_RC2 ||
            EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_SET_RC2_KEY_BITS, bits, NULL) == 1);
}

static huks_rc cipher_rekey(struct crypto_op *op, const struct cipher_row *row, bool encrypts,
                            struct bytes iv)
{
    ERROR_GUARD;
    uint8_t expanded[24];
    const uint8_t *key = op->key->value.data;
    const EVP_CIPHER *cipher = fetch_cipher(op->crypto, row->fetch);
    op->cipher_row = NULL;
    if (cipher == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    }
    if (op->cipher == NULL && (op->cipher = EVP_CIPHER_CTX_new()) == NULL) {
        return error_no_memory();
    }
    if (row->flags & CIPHER_TRIPLE && row->key_size < sizeof(expanded)) {
        for (size_t i = 0; i < sizeof(expanded); i++) {
            expanded[i] = key[i % row->key_size];
        }
        key = expanded;
    }
    bool done = cipher_set(op, row, cipher, encrypts);
    if (done && (row->flags & CIPHER_ANY_KEY) != 0) {
        done = cipher_set_key_size(op, row);
    }
    /* The IV's length first: a key may not be set before it. */
    if (done && op->cipher_iv_size != iv.size) {
        done = EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.size, NULL) == 1;
        op->cipher_iv_size = iv.size;
    }
    done = done && EVP_CipherInit_ex2(op->cipher, NULL, key, row->flags & CIPHER_WHOLE ? NULL : iv.data,
                                      encrypts, NULL) == 1;
    if (key == expanded) {
        memory_cleanse(expanded, sizeof(expanded));
    }
    if (!done) {
        op->cipher_made = NULL;
        EVP_CIPHER_CTX_reset(op->cipher);
        return crypto_refused();
    }
    op->cipher_row = row;
    op->cipher_encrypts = encrypts;
    op->cipher_other_key = false;
    return HUKS_OK;
}

huks_rc cipher_start(struct crypto_op *op, const struct cipher_row *row, bool encrypts, struct bytes iv)
{
    /* A stream cipher without IV has no other beginning than its key's. */
    bool only_key = row->block == 1 && row->iv_size == 0;
    if (op->cipher_row != row || op->cipher_encrypts != encrypts || op->cipher_other_key || only_key) {
        return cipher_rekey(op, row, encrypts, iv);
    }
    if (op->cipher_iv_size != iv.size) {
        if (EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.size, NULL) != 1) {
            return cipher_rekey(op, row, encrypts, iv);
        }
        op->cipher_iv_size = iv.size;
    }
    if (row->flags & CIPHER_WHOLE) {
        return HUKS_OK; /* its IV comes with the message */
    }
    return EVP_CipherInit_ex2(op->cipher, NULL, NULL, iv.data, -1, NULL) == 1
               ? HUKS_OK
               : cipher_rekey(op, row, encrypts, iv);
}

huks_rc cipher_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    int written = 0;
    size_t done = 0;
    while (in.size > CIPHER_STEP) {
        if (EVP_CipherUpdate(op->cipher, out == NULL ? NULL : out + done, &written, in.data,
                             (int)CIPHER_STEP) != 1) {
            return crypto_refused();
        }
        done += (size_t)written;
        in = bytes_of(in.data + CIPHER_STEP, in.size - CIPHER_STEP);
    }
    if (EVP_CipherUpdate(op->cipher, out == NULL ? NULL : out + done, &written, in.data, (int)in.size) != 1) {
        return crypto_refused();
    }
    *size = done + (size_t)written;
    return HUKS_OK;
}

void cipher_set_key_bits(struct crypto_op *op, const struct crypto_spec *spec)
{
    if (op->cipher_key_bits != spec->key_bits) {
        op->cipher_key_bits = spec->key_bits;
        op->cipher_row = NULL;
    }
}

/* ---- the method ---- */

/*
 * PKCS#11 2.10.3: the low `bits` of the block count, the rest stays. OpenSSL counts in all 128 bits, so what
 * would carry out of them is refused before it repeats the key stream or touches the nonce.
 */
static uint64_t cipher_counter_room(const struct cipher_row *row, const struct crypto_spec *spec)
{
    uint64_t start = 0;
    if ((row->flags & CIPHER_CHACHA) != 0 && spec->counter_bits == 32) {
        /* RFC 8439, 2.3: 64-byte blocks, a little-endian counter in front of the nonce. */
        for (size_t i = 4; i > 0; i--) {
            start = start << 8 | spec->iv.data[i - 1];
        }
        return (((uint64_t)1 << 32) - start) * 64;
    }
    if ((row->flags & CIPHER_COUNTER) == 0 || spec->counter_bits == 0 || spec->counter_bits >= 64) {
        return UINT64_MAX;
    }
    for (size_t i = 8; i < 16; i++) {
        start = start << 8 | spec->iv.data[i];
    }
    uint64_t blocks = (uint64_t)1 << spec->counter_bits;
    blocks -= start & (blocks - 1);
    return blocks > UINT64_MAX / 16 ? UINT64_MAX : blocks * 16;
}

static huks_rc cipher_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct cipher_row *row = cipher_find(op, spec->mode);
    bool encrypts = op->direction == CRYPTO_ENCRYPT;
    bool pads = spec->padding == OH_HUKS_PADDING_PKCS7 || spec->padding == OH_HUKS_PADDING_PKCS5;
    struct bytes iv = spec->iv;
    if (row == NULL) {
        return error_code();
    }
    if ((spec->padding != OH_HUKS_PADDING_NONE && !pads) || (pads && !(row->flags & CIPHER_PADS))) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "padding algorithm");
    }
    if (row->iv_min != row->iv_size || row->mode == HUKS_MODE_KW || row->mode == HUKS_MODE_KWP ||
        row->fetch == FETCH_CHACHA20_POLY1305) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "cipher mode");
    }
    if (row->iv_size == 0) {
        iv = BYTES_NONE;
    } else if (iv.size == 0) {
        return op_missing_param("IV");
    } else if (iv.size != row->iv_size) {
        return op_wrong_param("IV");
    }
    if (spec->counter_bits > 128) {
        return op_wrong_param("counter bits");
    }
    cipher_set_key_bits(op, spec);
    HUKS_TRY(cipher_start(op, row, encrypts, iv));
    if (op->cipher_padded != pads) {
        EVP_CIPHER_CTX_set_padding(op->cipher, pads);
        op->cipher_padded = pads;
    }
    op->room = cipher_counter_room(row, spec);
    op->exact = !pads || encrypts;
    op->sink = OP_STREAM;
    if (row->flags & CIPHER_WHOLE) {
        op->sink = OP_COLLECT;
        op->iv_size = row->iv_size;
        if (iv.data != NULL) {
            memcpy(op->iv, iv.data, row->iv_size);
        }
    }
    return HUKS_OK;
}

/* What an update with `in_size` more bytes gives; a padded decryption keeps the last block back. */
static size_t cipher_ready(const struct crypto_op *op, size_t in_size)
{
    size_t block = op->cipher_row->block, whole = op->pending + in_size;
    if (block == 1) {
        return in_size;
    }
    size_t kept = whole % block;
    if (kept == 0 && whole != 0 && op->cipher_padded && !op->cipher_encrypts) {
        kept = block;
    }
    return whole - kept;
}

static huks_rc cipher_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    size_t ready = cipher_ready(op, in.size);
    if (in.size > op->room) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN, "data size");
    }
    HUKS_TRY(cipher_run(op, in, out, size));
    if (op->room != UINT64_MAX) {
        op->room -= in.size;
    }
    op->pending += in.size - ready;
    return HUKS_OK;
}

static huks_rc cipher_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    uint8_t last[32];
    int written = 0;
    if (op->cipher_row->block == 1) {
        *size = 0;
        return HUKS_OK;
    }
    if (!op->cipher_padded) {
        *size = 0;
        return op->pending == 0 ? HUKS_OK : op_bad_data_size(op);
    }
    if (!op->cipher_encrypts && op->pending != op->cipher_row->block) {
        return op_bad_data_size(op);
    }
    ERROR_GUARD;
    if (EVP_CipherFinal_ex(op->cipher, last, &written) != 1) {
        return op->cipher_encrypts ? crypto_refused() : op_bad_ciphertext();
    }
    if (written != 0) {
        memcpy(out, last, (size_t)written);
    }
    memory_cleanse(last, sizeof(last));
    *size = (size_t)written;
    return HUKS_OK;
}

/* CTS and XTS: one message, whole. */
static huks_rc cipher_whole(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    if (in.size < 16 || in.size > INT_MAX) {
        return op_bad_data_size(op);
    }
    if (EVP_CipherInit_ex2(op->cipher, NULL, NULL, op->iv, -1, NULL) != 1) {
        return crypto_refused();
    }
    return cipher_run(op, in, out, size);
}

static size_t cipher_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    size_t block = op->cipher_row->block;
    if (op->sink == OP_COLLECT || block == 1) {
        return in_size;
    }
    if (step == CRYPTO_UPDATE) {
        return cipher_ready(op, in_size);
    }
    size_t whole = op->pending + in_size;
    return op->cipher_padded && op->cipher_encrypts ? whole - whole % block + block : whole - whole % block;
}

const struct op_method op_cipher = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_AES, OH_HUKS_ALG_SM4, OH_HUKS_ALG_DES, OH_HUKS_ALG_3DES, HUKS_ALG_CHACHA20,
             HUKS_ALG_CAMELLIA, HUKS_ALG_ARIA, HUKS_ALG_AES_XTS, HUKS_ALG_SEED, HUKS_ALG_RC2, HUKS_ALG_RC4,
             HUKS_ALG_CAST128, HUKS_ALG_BLOWFISH},
    .begin = cipher_begin,
    .run = cipher_whole,
    .update = cipher_update,
    .finish = cipher_finish,
    .size = cipher_size,
};
