/*
 * RSA: PKCS#1 v1.5 and PSS signatures, recovery, PKCS#1 v1.5 and OAEP encryption, and the raw operation.
 *
 * The DigestInfo of a v1.5 signature is put together here, so that one prepared context signs with every
 * digest, and digests that OpenSSL has no number for can sign too.
 */
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/opdata.h"
#include "crypto/rsa_padding.h"

#define RSA_MODULUS_MAX 2048

static size_t rsa_size(const struct crypto_op *op)
{
    return (op->key->bits + 7u) / 8u;
}

static size_t rsa_out_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : rsa_size(op);
}

/* The context for this use, with `padding` set. */
static huks_rc rsa_context(struct crypto_op *op, const struct op_pkey_use *use, int padding)
{
    if (op_pkey_same(op, use)) {
        return HUKS_OK;
    }
    ERROR_GUARD;
    if (op_pkey(op, use) == NULL) {
        return error_code();
    }
    if (EVP_PKEY_CTX_set_rsa_padding(op->pkey, padding) != 1) {
        op_pkey_drop(op);
        return crypto_refused();
    }
    return HUKS_OK;
}

static huks_rc rsa_sign_now(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    *size = rsa_size(op);
    return EVP_PKEY_sign(op->pkey, out, size, in.data, in.size) == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc rsa_verify_now(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    ERROR_GUARD;
    if (signature.size != rsa_size(op)) {
        return op_bad_signature_size();
    }
    return EVP_PKEY_verify(op->pkey, signature.data, signature.size, in.data, in.size) == 1
               ? HUKS_OK
               : op_bad_signature();
}

static huks_rc rsa_encrypt_now(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    *size = rsa_size(op);
    const uint8_t *data = in.data != NULL ? in.data : (const uint8_t *)"";
    return EVP_PKEY_encrypt(op->pkey, out, size, data, in.size) == 1 ? HUKS_OK : crypto_refused();
}

/* Decrypts into room for a whole modulus and gives what the padding left, if it fits. */
static huks_rc rsa_decrypt_now(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t room[RSA_MODULUS_MAX];
    size_t made = sizeof(room);
    if (in.size != rsa_size(op)) {
        return op_bad_data_size(op);
    }
    bool done = EVP_PKEY_decrypt(op->pkey, room, &made, in.data, in.size) == 1;
    if (done && made != 0) {
        memcpy(out, room, made);
    }
    memory_cleanse(room, rsa_size(op));
    *size = made;
    return done ? HUKS_OK : op_bad_ciphertext();
}

/* ---- PKCS#1 v1.5 ---- */

static huks_rc pkcs1_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct op_pkey_use use = {.method = CRYPTO_RSA_PKCS1, .direction = op->direction};
    bool decrypts = op->direction == CRYPTO_DECRYPT;
    bool crypts = decrypts || op->direction == CRYPTO_ENCRYPT;
    op->hash_of_input = NULL;
    if (!crypts && spec->digest == OH_HUKS_DIGEST_NONE && spec->hash_of_input != OH_HUKS_DIGEST_NONE) {
        HUKS_TRY(digest_get(op->crypto, spec->hash_of_input, &op->hash_of_input));
    }
    HUKS_TRY(op_begin_input(op, crypts ? OH_HUKS_DIGEST_NONE : spec->digest));
    const struct digest_row *row = op->hashed != NULL ? op->hashed : op->hash_of_input;
    if (row != NULL && row->info_size == 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    if (row != NULL && rsa_size(op) < (size_t)row->info_size + row->size + 11) {
        return op_wrong_key_size();
    }
    op->exact = !decrypts && op->direction != CRYPTO_VERIFY_RECOVER;
    if (decrypts && !rsa_padding_native(op->crypto)) {
        return rsa_context(op, &use, RSA_NO_PADDING);
    }
    return rsa_context(op, &use, RSA_PKCS1_PADDING);
}

/* DigestInfo for the operation's hash, or the input as it is. */
static huks_rc pkcs1_input(const struct crypto_op *op, struct bytes in, uint8_t info[19 + DIGEST_SIZE_MAX],
                           struct bytes *out)
{
    const struct digest_row *row = op->hashed != NULL ? op->hashed : op->hash_of_input;
    *out = in;
    if (row != NULL) {
        if (in.size != row->size) {
            return op_bad_data_size(op);
        }
        memcpy(info, row->info, row->info_size);
        memcpy(info + row->info_size, in.data, in.size);
        *out = bytes_of(info, row->info_size + in.size);
    }
    return in.size + 11 > rsa_size(op) ? op_bad_data_size(op) : HUKS_OK;
}

static huks_rc pkcs1_recover(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t room[RSA_MODULUS_MAX];
    size_t made = sizeof(room);
    if (in.size != rsa_size(op)) {
        return op_bad_signature_size();
    }
    if (EVP_PKEY_verify_recover(op->pkey, room, &made, in.data, in.size) != 1) {
        return op_bad_signature();
    }
    if (made != 0) {
        memcpy(out, room, made);
    }
    *size = made;
    return HUKS_OK;
}

static huks_rc pkcs1_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    uint8_t info[19 + DIGEST_SIZE_MAX];
    struct bytes whole;
    switch (op->direction) {
    case CRYPTO_DECRYPT:
        return rsa_padding_native(op->crypto) ? rsa_decrypt_now(op, in, out, size)
                                              : rsa_padding_decrypt(op, in, out, size);
    case CRYPTO_VERIFY_RECOVER:
        return pkcs1_recover(op, in, out, size);
    default:
        HUKS_TRY(pkcs1_input(op, in, info, &whole));
        return op->direction == CRYPTO_ENCRYPT ? rsa_encrypt_now(op, whole, out, size)
                                               : rsa_sign_now(op, whole, out, size);
    }
}

static huks_rc pkcs1_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    uint8_t info[19 + DIGEST_SIZE_MAX];
    struct bytes whole;
    HUKS_TRY(pkcs1_input(op, in, info, &whole));
    return rsa_verify_now(op, whole, signature);
}

static size_t pkcs1_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    size_t padding = op->exact ? 0 : 11;
    return step == CRYPTO_UPDATE ? 0 : rsa_size(op) - padding;
}

const struct op_method op_rsa_pkcs1 = {
    .directions = OP_SIGNING | OP_RECOVERING | OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = pkcs1_begin,
    .run = pkcs1_run,
    .run_verify = pkcs1_run_verify,
    .size = pkcs1_size,
};

/* ---- PSS ---- */

static huks_rc pss_salt(const struct crypto_op *op, const struct crypto_spec *spec,
                        const struct digest_row *row, size_t *salt)
{
    /* The encoded message is one bit shorter than the modulus (RFC 8017, 9.1.1). */
    size_t encoded = (op->key->bits - 1 + 7) / 8;
    if (encoded < (size_t)row->size + 2) {
        return op_wrong_key_size();
    }
    size_t most = encoded - row->size - 2;
    *salt = spec->salt_size == CRYPTO_SALT_DIGEST ? row->size
            : spec->salt_size == CRYPTO_SALT_MAX  ? most
                                                  : spec->salt_size;
    if (*salt > most) {
        return spec->salt_size == CRYPTO_SALT_DIGEST ? op_wrong_key_size() : op_wrong_param("salt size");
    }
    return HUKS_OK;
}

static huks_rc pss_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct digest_row *row = NULL, *mgf = NULL;
    uint32_t hash = spec->digest != OH_HUKS_DIGEST_NONE ? spec->digest : spec->hash_of_input;
    struct op_pkey_use use = {.method = CRYPTO_RSA_PSS, .direction = op->direction};
    if (hash == OH_HUKS_DIGEST_NONE) {
        return op_missing_param("digest algorithm");
    }
    HUKS_TRY(digest_get(op->crypto, hash, &row));
    HUKS_TRY(digest_get(op->crypto, spec->mgf_digest != OH_HUKS_DIGEST_NONE ? spec->mgf_digest : hash, &mgf));
    HUKS_TRY(pss_salt(op, spec, row, &use.salt_size));
    HUKS_TRY(op_begin_input(op, spec->digest));
    op->hash_of_input = row;
    use.digest = row;
    use.mgf = mgf;
    if (op_pkey_same(op, &use)) {
        return HUKS_OK;
    }
    HUKS_TRY(rsa_context(op, &use, RSA_PKCS1_PSS_PADDING));
    ERROR_GUARD;
    int salt = (int)use.salt_size;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t)row->name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, (char *)(uintptr_t)mgf->name, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_PKEY_CTX_set_params(op->pkey, params) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(op->pkey, salt) != 1) {
        op_pkey_drop(op);
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    return HUKS_OK;
}

static huks_rc pss_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    return in.size == op->hash_of_input->size ? rsa_sign_now(op, in, out, size) : op_bad_data_size(op);
}

static huks_rc pss_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    return in.size == op->hash_of_input->size ? rsa_verify_now(op, in, signature) : op_bad_data_size(op);
}

const struct op_method op_rsa_pss = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = pss_begin,
    .run = pss_run,
    .run_verify = pss_run_verify,
    .size = rsa_out_size,
};

/* ---- OAEP ---- */

static huks_rc oaep_set(struct crypto_op *op, const struct digest_row *row, const struct digest_row *mgf,
                        struct bytes label)
{
    ERROR_GUARD;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, (char *)(uintptr_t)row->name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, (char *)(uintptr_t)mgf->name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                          label.size != 0 ? (void *)(uintptr_t)label.data : (void *)"",
                                          label.size),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_PKEY_CTX_set_params(op->pkey, params) != 1) {
        op_pkey_drop(op);
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    return HUKS_OK;
}

static huks_rc oaep_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct digest_row *row = NULL, *mgf = NULL;
    struct op_pkey_use use = {.method = CRYPTO_RSA_OAEP, .direction = op->direction};
    if (spec->digest == OH_HUKS_DIGEST_NONE) {
        return op_missing_param("digest algorithm");
    }
    HUKS_TRY(digest_get(op->crypto, spec->digest, &row));
    HUKS_TRY(digest_get(op->crypto, spec->mgf_digest != OH_HUKS_DIGEST_NONE ? spec->mgf_digest : spec->digest,
                        &mgf));
    if (rsa_size(op) < 2 * (size_t)row->size + 2) {
        return op_wrong_key_size();
    }
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    op->hash_of_input = row;
    op->exact = op->direction == CRYPTO_ENCRYPT;
    use.digest = row;
    use.mgf = mgf;
    /* A context with a label is made for that label; its bytes are not compared. */
    use.salt_size = spec->label.size;
    if (spec->label.size == 0 && op_pkey_same(op, &use)) {
        return HUKS_OK;
    }
    op->pkey_use.method = CRYPTO_NONE;
    HUKS_TRY(rsa_context(op, &use, RSA_PKCS1_OAEP_PADDING));
    return oaep_set(op, row, mgf, spec->label);
}

static size_t oaep_room(const struct crypto_op *op)
{
    return rsa_size(op) - 2 * (size_t)op->hash_of_input->size - 2;
}

static huks_rc oaep_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    if (op->direction == CRYPTO_DECRYPT) {
        return rsa_decrypt_now(op, in, out, size);
    }
    return in.size <= oaep_room(op) ? rsa_encrypt_now(op, in, out, size) : op_bad_data_size(op);
}

static size_t oaep_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->direction == CRYPTO_ENCRYPT ? rsa_size(op) : oaep_room(op);
}

const struct op_method op_rsa_oaep = {
    .directions = OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = oaep_begin,
    .run = oaep_run,
    .size = oaep_size,
};

/* ---- the raw operation ---- */

static huks_rc raw_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct op_pkey_use use = {.method = CRYPTO_RSA_RAW, .direction = op->direction};
    (void)spec;
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    return rsa_context(op, &use, RSA_NO_PADDING);
}

/* The input as a whole modulus's worth, zeros in front (PKCS#11, X.509 (raw) RSA). */
static huks_rc raw_input(const struct crypto_op *op, struct bytes in, uint8_t padded[RSA_MODULUS_MAX])
{
    size_t size = rsa_size(op);
    if (in.size > size) {
        return op_bad_data_size(op);
    }
    memset(padded, 0, size - in.size);
    if (in.size != 0) {
        memcpy(padded + size - in.size, in.data, in.size);
    }
    return HUKS_OK;
}

/* A number that is not below the modulus is the caller's mistake; OpenSSL says so by this reason. */
static huks_rc raw_refused(const struct crypto_op *op)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    return reason == RSA_R_DATA_TOO_LARGE_FOR_MODULUS || reason == RSA_R_DATA_TOO_LARGE ? op_bad_data_size(op)
                                                                                         : crypto_refused();
}

static huks_rc raw_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    uint8_t padded[RSA_MODULUS_MAX];
    size_t whole = rsa_size(op);
    bool given = op->direction == CRYPTO_VERIFY_RECOVER || op->direction == CRYPTO_DECRYPT;
    int done = 0;
    if (given && in.size != whole) {
        return op->direction == CRYPTO_DECRYPT ? op_bad_data_size(op) : op_bad_signature_size();
    }
    HUKS_TRY(raw_input(op, in, padded));
    *size = whole;
    switch (op->direction) {
    case CRYPTO_ENCRYPT:
        done = EVP_PKEY_encrypt(op->pkey, out, size, padded, whole);
        break;
    case CRYPTO_DECRYPT:
        done = EVP_PKEY_decrypt(op->pkey, out, size, padded, whole);
        break;
    case CRYPTO_VERIFY_RECOVER:
        done = EVP_PKEY_verify_recover(op->pkey, out, size, padded, whole);
        break;
    default:
        done = EVP_PKEY_sign(op->pkey, out, size, padded, whole);
        break;
    }
    memory_cleanse(padded, whole);
    return done == 1 ? HUKS_OK : raw_refused(op);
}

static huks_rc raw_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    uint8_t padded[RSA_MODULUS_MAX];
    HUKS_TRY(raw_input(op, in, padded));
    return rsa_verify_now(op, bytes_of(padded, rsa_size(op)), signature);
}

const struct op_method op_rsa_raw = {
    .directions = OP_SIGNING | OP_RECOVERING | OP_ENCRYPTING,
    .algs = {OH_HUKS_ALG_RSA},
    .begin = raw_begin,
    .run = raw_run,
    .run_verify = raw_run_verify,
    .size = rsa_out_size,
};
