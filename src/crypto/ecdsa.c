/*
 * Signatures of two numbers: ECDSA, DSA, SM2. OpenSSL speaks DER; PKCS#11 wants r ‖ s.
 */
#include "crypto/context.h"

#include <openssl/ec.h>
#include <string.h>

#include "crypto/number.h"
#include "crypto/opdata.h"

#define ECDSA_HALF_MAX 72 /* sect571; a DSA subprime is 32 */
#define ECDSA_DER_MAX  (2 * (ECDSA_HALF_MAX + 3) + 4)

static void ecdsa_signature_free(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

/* Upper bound of the DER form for halves of `half` bytes: each may need a sign byte. */
static size_t ecdsa_der_bound(size_t half)
{
    int number = ASN1_object_size(0, (int)half + 1, V_ASN1_INTEGER);
    return (size_t)ASN1_object_size(1, 2 * number, V_ASN1_SEQUENCE);
}

/* false when it is no such signature or a number is longer than `half`. `raw` has 2·half bytes. */
static bool ecdsa_to_raw(struct bytes der, size_t half, uint8_t *raw)
{
    const unsigned char *at = der.data;
    AUTO(ecdsa_signature_free) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
    return signature != NULL && at == der.data + der.size &&
           BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, (int)half) >= 0 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, (int)half) >= 0;
}

/* A view of what was written to `der`; nothing when memory ran out. */
static struct bytes ecdsa_from_raw(struct bytes raw, uint8_t der[ECDSA_DER_MAX])
{
    int half = (int)(raw.size / 2);
    unsigned char *at = der;
    AUTO(ecdsa_signature_free) ECDSA_SIG *signature = ECDSA_SIG_new();
    AUTO(number_free) BIGNUM *r = BN_bin2bn(raw.data, half, NULL);
    AUTO(number_free) BIGNUM *s = BN_bin2bn(raw.data + half, half, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        return BYTES_NONE;
    }
    r = s = NULL;
    int size = i2d_ECDSA_SIG(signature, &at);
    return size > 0 ? bytes_of(der, (size_t)size) : BYTES_NONE;
}

static huks_rc ecdsa_context(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct op_pkey_use use = {.method = CRYPTO_ECDSA, .direction = op->direction};
    op->der = spec->der;
    op->exact = !spec->der;
    if (op_pkey_same(op, &use)) {
        return HUKS_OK;
    }
    return op_pkey(op, &use) != NULL ? HUKS_OK : error_code();
}

static huks_rc ecdsa_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t der[ECDSA_DER_MAX];
    size_t half = op->key->order_size, made = sizeof(der);
    if (in.size == 0) {
        return op_bad_data_size(op);
    }
    /* Short of memory, OpenSSL 3.0 says "done" and −1 bytes. */
    if (EVP_PKEY_sign(op->pkey, der, &made, in.data, in.size) != 1 || made > sizeof(der)) {
        return crypto_refused();
    }
    if (op->der) {
        memcpy(out, der, made);
        *size = made;
        return HUKS_OK;
    }
    *size = 2 * half;
    return ecdsa_to_raw(bytes_of(der, made), half, out) ? HUKS_OK : crypto_refused();
}

static huks_rc ecdsa_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    ERROR_GUARD;
    uint8_t der[ECDSA_DER_MAX];
    size_t half = op->key->order_size;
    if (op->der) {
        if (signature.size == 0 || signature.size > ecdsa_der_bound(half)) {
            return op_bad_signature_size();
        }
    } else {
        /* A shorter one, of two equal halves, is to be accepted (PKCS#11, EC mechanisms, signatures). */
        if (signature.size == 0 || signature.size % 2 != 0 || signature.size > 2 * half) {
            return op_bad_signature_size();
        }
        if (signature.size > 2 * ECDSA_HALF_MAX) {
            return op_bad_signature();
        }
        signature = ecdsa_from_raw(signature, der);
        if (signature.size == 0) {
            return error_no_memory();
        }
    }
    if (in.size == 0) {
        return op_bad_data_size(op);
    }
    return EVP_PKEY_verify(op->pkey, signature.data, signature.size, in.data, in.size) == 1
               ? HUKS_OK
               : op_bad_signature();
}

static size_t ecdsa_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    if (step == CRYPTO_UPDATE) {
        return 0;
    }
    return op->der ? ecdsa_der_bound(op->key->order_size) : 2 * (size_t)op->key->order_size;
}

/* ---- SM2: the hash begins with the signer's identity (GB/T 32918.2, 5.5) ---- */

/* a ‖ b ‖ x_G ‖ y_G of the SM2 curve */
static const uint8_t sm2_curve[128] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC,
    0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF, 0x65, 0x09, 0xA7,
    0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41, 0x4D, 0x94, 0x0E, 0x93,
    0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04, 0x46, 0x6A, 0x39, 0xC9, 0x94,
    0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A, 0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7,
    0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59, 0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53,
    0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40, 0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0,
};

static huks_rc sm2_begin_hash(struct crypto_op *op, struct bytes id)
{
    static const char usual[] = "1234567812345678";
    AUTO(secret_free) struct secret point = {0};
    uint8_t z[32];
    if (id.size == 0) {
        id = bytes_of(usual, sizeof(usual) - 1);
    }
    if (id.size > UINT16_MAX / 8) {
        return op_wrong_param("user id");
    }
    HUKS_TRY(crypto_key_part(op->key, HUKS_TAG_EC_POINT, &point));
    const uint8_t bits[2] = {(uint8_t)(id.size * 8 >> 8), (uint8_t)(id.size * 8)};
    const struct bytes pieces[] = {BYTES_OF(bits), id, BYTES_OF(sm2_curve),
                                   bytes_of(point.data + 1, point.size - 1)};
    HUKS_TRY(digest_pieces(op->crypto, op->hashed, pieces, ARRAY_SIZE(pieces), z));
    return digest_update(&op->digest, BYTES_OF(z));
}

static huks_rc ecdsa_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    bool sm2 = op->key->alg == OH_HUKS_ALG_SM2;
    if (sm2 && spec->digest != OH_HUKS_DIGEST_NONE && spec->digest != OH_HUKS_DIGEST_SM3) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    HUKS_TRY(op_begin_input(op, spec->digest));
    if (sm2 && op->hashed != NULL) {
        HUKS_TRY(sm2_begin_hash(op, spec->label));
    }
    return ecdsa_context(op, spec);
}

static huks_rc dsa_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    HUKS_TRY(op_begin_input(op, spec->digest));
    return ecdsa_context(op, spec);
}

static huks_rc sm2_check(const struct crypto_op *op, struct bytes in)
{
    return op->key->alg != OH_HUKS_ALG_SM2 || in.size == 32 ? HUKS_OK : op_bad_data_size(op);
}

static huks_rc ecdsa_or_sm2_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    HUKS_TRY(sm2_check(op, in));
    return ecdsa_run(op, in, out, size);
}

static huks_rc ecdsa_or_sm2_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    HUKS_TRY(sm2_check(op, in));
    return ecdsa_run_verify(op, in, signature);
}

const struct op_method op_ecdsa = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, OH_HUKS_ALG_SM2},
    .begin = ecdsa_begin,
    .run = ecdsa_or_sm2_run,
    .run_verify = ecdsa_or_sm2_run_verify,
    .size = ecdsa_size,
};

const struct op_method op_dsa = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_DSA},
    .begin = dsa_begin,
    .run = ecdsa_run,
    .run_verify = ecdsa_run_verify,
    .size = ecdsa_size,
};
