/*
 * Wrapping under an asymmetric key by way of a passing AES key: RSA-OAEP and ECDH, each with AES key wrap
 * with padding (PKCS#11, "RSA AES key wrap" and "ECDH AES key wrap"). What comes out is the passing key, or
 * the public key that agrees on it, and behind it the wrapped key.
 */
#include <string.h>

#include "crypto/derive.h"
#include "crypto/opdata.h"

static void hybrid_op_free(struct crypto_op **op)
{
    crypto_op_free(*op);
}

static void hybrid_key_unref(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* One step with another key, from memory to memory. */
static huks_rc hybrid_step(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                           struct bytes in, struct secret *out)
{
    AUTO(hybrid_op_free) struct crypto_op *inner = NULL;
    HUKS_TRY(crypto_op_new(op->crypto, &inner));
    HUKS_TRY(crypto_op_begin(inner, key, spec));
    size_t size = crypto_op_size(inner, CRYPTO_ONCE, in.size);
    HUKS_TRY(secret_alloc(out, size));
    HUKS_TRY(crypto_op_once(inner, in, out->data, &size));
    secret_shrink(out, size);
    return HUKS_OK;
}

/* The wrapped half: KWP under the passing key. */
static huks_rc hybrid_wrap_step(struct crypto_op *op, const struct secret *passing, struct bytes in,
                                struct secret *out)
{
    const struct crypto_spec spec = {
        .method = CRYPTO_KEY_WRAP, .direction = op->direction, .mode = HUKS_MODE_KWP};
    AUTO(hybrid_key_unref) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_decode(op->crypto, CRYPTO_SECRET, OH_HUKS_ALG_AES, secret_bytes(passing), &key));
    return hybrid_step(op, key, &spec, in, out);
}

static huks_rc hybrid_begin(struct crypto_op *op, const struct crypto_spec *spec, struct bytes kept)
{
    if (spec->passing_bits != 128 && spec->passing_bits != 192 && spec->passing_bits != 256) {
        return op_wrong_param("AES key size");
    }
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    op->exact = op->direction == CRYPTO_ENCRYPT;
    op->inner = *spec;
    op->inner.direction = op->direction;
    /* The views are the caller's: what is needed of them is kept. */
    HUKS_TRY(kept.size != 0 ? secret_set(&op->aad, kept.data, kept.size) : HUKS_OK);
    op->inner.label = op->inner.info = secret_bytes(&op->aad);
    return HUKS_OK;
}

static size_t hybrid_wrapped_size(size_t size)
{
    return (size + 7) / 8 * 8 + 8;
}

static huks_rc hybrid_give(struct bytes prefix, struct bytes wrapped, uint8_t *out, size_t *size)
{
    memcpy(out, prefix.data, prefix.size);
    memcpy(out + prefix.size, wrapped.data, wrapped.size);
    *size = prefix.size + wrapped.size;
    return HUKS_OK;
}

static huks_rc hybrid_open(struct crypto_op *op, const struct secret *passing, struct bytes wrapped,
                           uint8_t *out, size_t *size)
{
    AUTO(secret_free) struct secret plain = {0};
    HUKS_TRY(hybrid_wrap_step(op, passing, wrapped, &plain));
    memcpy(out, plain.data, plain.size);
    *size = plain.size;
    return HUKS_OK;
}

/* ---- RSA ---- */

static size_t rsa_aes_prefix(const struct crypto_op *op)
{
    return (op->key->bits + 7u) / 8u;
}

static huks_rc rsa_aes_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    HUKS_TRY(hybrid_begin(op, spec, spec->label));
    op->inner.method = CRYPTO_RSA_OAEP;
    return HUKS_OK;
}

static huks_rc rsa_aes_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    AUTO(secret_free) struct secret passing = {0};
    AUTO(secret_free) struct secret encrypted = {0};
    AUTO(secret_free) struct secret wrapped = {0};
    size_t prefix = rsa_aes_prefix(op), key_size = op->inner.passing_bits / 8;
    if (op->direction == CRYPTO_DECRYPT) {
        if (in.size < prefix + 16) {
            return op_bad_data_size(op);
        }
        HUKS_TRY(hybrid_step(op, op->key, &op->inner, bytes_of(in.data, prefix), &passing));
        return passing.size == key_size
                   ? hybrid_open(op, &passing, bytes_of(in.data + prefix, in.size - prefix), out, size)
                   : op_bad_ciphertext();
    }
    HUKS_TRY(secret_alloc(&passing, key_size));
    HUKS_TRY(crypto_random(op->crypto, passing.data, passing.size));
    HUKS_TRY(hybrid_step(op, op->key, &op->inner, secret_bytes(&passing), &encrypted));
    HUKS_TRY(hybrid_wrap_step(op, &passing, in, &wrapped));
    return hybrid_give(secret_bytes(&encrypted), secret_bytes(&wrapped), out, size);
}

static size_t rsa_aes_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    size_t prefix = rsa_aes_prefix(op);
    if (step == CRYPTO_UPDATE) {
        return 0;
    }
    if (op->direction == CRYPTO_ENCRYPT) {
        return prefix + hybrid_wrapped_size(in_size);
    }
    return in_size > prefix + 8 ? in_size - prefix - 8 : 0;
}

const struct op_method op_rsa_aes_wrap = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = rsa_aes_begin,
    .run = rsa_aes_run,
    .size = rsa_aes_size,
};

/* ---- ECDH ---- */

/* A public key as bytes: X ‖ Y behind a 04, or Montgomery's coordinate. */
static size_t ecdh_aes_prefix(const struct crypto_op *op)
{
    return op->key->type->raw_size != 0 ? op->key->type->raw_size : 1 + 2 * curve_field_size(op->key->curve);
}

static huks_rc ecdh_aes_agree(struct crypto_op *op, struct crypto_key *private, struct bytes peer,
                              struct secret *passing)
{
    const struct crypto_derive_spec spec = {
        .method = CRYPTO_ECDH,
        .digest = op->inner.digest,
        .kdf = op->inner.kdf,
        .cofactor = op->inner.cofactor,
        .info = op->inner.info,
        .peer = peer,
        .size = op->inner.passing_bits / 8,
    };
    return crypto_derive(op->crypto, private, &spec, passing);
}

/* A key pair of the same curve for this once. */
static huks_rc ecdh_aes_passing_pair(struct crypto_op *op, struct crypto_key **pair)
{
    AUTO(secret_free) struct secret params = {0};
    HUKS_TRY(crypto_key_part(op->key, HUKS_TAG_EC_PARAMS, &params));
    const struct crypto_keygen spec = {.alg = op->key->alg, .ec_params = secret_bytes(&params)};
    return crypto_key_generate(op->crypto, &spec, pair);
}

static huks_rc ecdh_aes_wrap(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    AUTO(hybrid_key_unref) struct crypto_key *pair = NULL;
    AUTO(secret_free) struct secret own = {0};
    AUTO(secret_free) struct secret peer = {0};
    AUTO(secret_free) struct secret passing = {0};
    AUTO(secret_free) struct secret wrapped = {0};
    HUKS_TRY(ecdh_aes_passing_pair(op, &pair));
    HUKS_TRY(crypto_key_part(pair, HUKS_TAG_EC_POINT, &own));
    HUKS_TRY(crypto_key_part(op->key, HUKS_TAG_EC_POINT, &peer));
    HUKS_TRY(ecdh_aes_agree(op, pair, secret_bytes(&peer), &passing));
    HUKS_TRY(hybrid_wrap_step(op, &passing, in, &wrapped));
    return hybrid_give(secret_bytes(&own), secret_bytes(&wrapped), out, size);
}

/*
 * The standard says "public key material" and no form of it. Written is the plain point; read is that, a
 * compressed one, and the OCTET STRING of either: what is wrapped has a multiple of 8 bytes, which tells them
 * apart.
 */
static size_t ecdh_aes_split(const struct crypto_op *op, struct bytes in)
{
    size_t point = ecdh_aes_prefix(op), half = (point + 1) / 2;
    bool raw = op->key->type->raw_size != 0;
    const size_t sizes[] = {point, raw ? point : half, point + (point > 127 ? 3 : 2), raw ? point : half + 2};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        bool compressed = !raw && i % 2 == 1;
        const uint8_t *at = in.data + (i < 2 ? 0 : sizes[i] - sizes[i - 2]);
        if (in.size < sizes[i] + 16 || (in.size - sizes[i]) % 8 != 0) {
            continue;
        }
        if (raw ? i < 2 || in.data[0] == 4 : compressed ? *at == 2 || *at == 3 : *at == 4) {
            return sizes[i];
        }
    }
    return 0;
}

static huks_rc ecdh_aes_unwrap(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    AUTO(secret_free) struct secret passing = {0};
    size_t prefix = ecdh_aes_split(op, in);
    if (prefix == 0) {
        return op_bad_data_size(op);
    }
    huks_rc rc = ecdh_aes_agree(op, op->key, bytes_of(in.data, prefix), &passing);
    if (rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_PUBLIC_POINT) {
        return op_bad_ciphertext(); /* the point is part of what was wrapped */
    }
    HUKS_TRY(rc);
    return hybrid_open(op, &passing, bytes_of(in.data + prefix, in.size - prefix), out, size);
}

static huks_rc ecdh_aes_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    return hybrid_begin(op, spec, spec->info);
}

static huks_rc ecdh_aes_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    return op->direction == CRYPTO_ENCRYPT ? ecdh_aes_wrap(op, in, out, size)
                                           : ecdh_aes_unwrap(op, in, out, size);
}

static size_t ecdh_aes_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    size_t prefix = ecdh_aes_prefix(op), least = op->key->type->raw_size != 0 ? prefix : (prefix + 1) / 2;
    if (step == CRYPTO_UPDATE) {
        return 0;
    }
    if (op->direction == CRYPTO_ENCRYPT) {
        return prefix + hybrid_wrapped_size(in_size);
    }
    return in_size > least + 8 ? in_size - least - 8 : 0;
}

const struct op_method op_ecdh_aes_wrap = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH, OH_HUKS_ALG_X25519, HUKS_ALG_X448},
    .begin = ecdh_aes_begin,
    .run = ecdh_aes_run,
    .size = ecdh_aes_size,
};
