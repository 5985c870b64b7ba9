/*
 * Operations: the table of methods, and what all of them share. See op.h and opdata.h.
 */
#include "crypto/op.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/opdata.h"

static const struct op_method *const op_methods[CRYPTO_METHOD_COUNT] = {
    [CRYPTO_DIGEST] = &op_digest,
    [CRYPTO_RSA_PKCS1] = &op_rsa_pkcs1,
    [CRYPTO_RSA_PSS] = &op_rsa_pss,
    [CRYPTO_RSA_OAEP] = &op_rsa_oaep,
    [CRYPTO_RSA_RAW] = &op_rsa_raw,
    [CRYPTO_ECDSA] = &op_ecdsa,
    [CRYPTO_DSA] = &op_dsa,
    [CRYPTO_EDDSA] = &op_eddsa,
    [CRYPTO_SM2] = &op_sm2,
    [CRYPTO_HMAC] = &op_hmac,
    [CRYPTO_CMAC] = &op_cmac,
    [CRYPTO_GMAC] = &op_gmac,
    [CRYPTO_POLY1305] = &op_poly1305,
    [CRYPTO_CIPHER] = &op_cipher,
    [CRYPTO_AEAD] = &op_aead,
    [CRYPTO_KEY_WRAP] = &op_key_wrap,
    [CRYPTO_CBC_MAC] = &op_cbc_mac,
    [CRYPTO_XCBC_MAC] = &op_xcbc_mac,
    [CRYPTO_BLAKE2_MAC] = &op_blake2_mac,
    [CRYPTO_TLS_MAC] = &op_tls_mac,
    [CRYPTO_RSA_X931] = &op_rsa_x931,
    [CRYPTO_RSA_AES_WRAP] = &op_rsa_aes_wrap,
    [CRYPTO_ECDH_AES_WRAP] = &op_ecdh_aes_wrap,
    [CRYPTO_ML_DSA] = &op_pq,
    [CRYPTO_SLH_DSA] = &op_pq,
};

huks_rc op_wrong_param(const char *words)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, words);
}

huks_rc op_missing_param(const char *words)
{
    return error_raise(HUKS_E_MISSING_PARAM, ABOUT_MECHANISM_PARAM, words);
}

huks_rc op_wrong_key_size(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
}

huks_rc op_bad_signature(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_SIGNATURE, NULL);
}

huks_rc op_bad_signature_size(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_SIGNATURE_LEN, NULL);
}

huks_rc op_bad_ciphertext(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_CIPHERTEXT, NULL);
}

huks_rc op_bad_data_size(const struct crypto_op *op)
{
    bool decrypts = op->direction == CRYPTO_DECRYPT;
    return error_raise(HUKS_E_INVALID_PARAM, decrypts ? ABOUT_CIPHERTEXT_LEN : ABOUT_DATA_LEN,
                       decrypts ? "ciphertext size" : "data size");
}

static huks_rc op_misused(void)
{
    return error_raise(HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL);
}

/* ---- life ---- */

huks_rc crypto_op_new(struct crypto *crypto, struct crypto_op **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL) {
        return error_no_memory();
    }
    (*out)->crypto = crypto;
    return HUKS_OK;
}

static void op_drop_collected(struct crypto_op *op)
{
    if (op->collected_size != 0) {
        memory_cleanse(op->collected, op->collected_size);
        op->collected_size = 0;
    }
    /* A little room stays for the next message. */
    if (op->collected_capacity > 4096) {
        free(op->collected);
        op->collected = NULL;
        op->collected_capacity = 0;
    }
}

void op_pkey_drop(struct crypto_op *op)
{
    EVP_PKEY_CTX_free(op->pkey);
    op->pkey = NULL;
}

/* Lets go of contexts that hold the last key's bytes, or would take them for the next key's. */
static void op_forget_key(struct crypto_op *op)
{
    if (op->key == NULL) {
        return;
    }
    op->cipher_row = NULL;
    memory_cleanse(op->subkeys, sizeof(op->subkeys));
    op->subkeys_ready = false;
    if (op->mac_keyed) {
        EVP_MAC_CTX_free(op->mac);
        op->mac = NULL;
        op->mac_keyed = false;
    }
    op_pkey_drop(op);
    EVP_MD_CTX_free(op->eddsa);
    op->eddsa = NULL;
    crypto_key_unref(op->key);
    op->key = NULL;
}

void crypto_op_reset(struct crypto_op *op)
{
    if (op->state == OP_IDLE) {
        return;
    }
    op->state = OP_IDLE;
    op->method = NULL;
    digest_reset(&op->digest);
    op_drop_collected(op);
    secret_free(&op->held);
    if (op->aad.data != NULL) {
        secret_free(&op->aad);
    }
}

void crypto_op_forget(struct crypto_op *op)
{
    crypto_op_reset(op);
    op_forget_key(op);
    if (op->cipher_made != NULL) {
        EVP_CIPHER_CTX_reset(op->cipher);
        op->cipher_made = NULL;
    }
}

void crypto_op_free(struct crypto_op *op)
{
    if (op == NULL) {
        return;
    }
    if (crypto_alive()) {
        ERROR_GUARD;
        crypto_op_forget(op);
        digest_free(&op->digest);
        EVP_CIPHER_CTX_free(op->cipher);
        EVP_MAC_CTX_free(op->mac);
    } else {
        /* OpenSSL is gone, and with it what its contexts pointed to. */
        crypto_keep(op->cipher);
        crypto_keep(op->mac);
        crypto_keep(op->pkey);
        crypto_keep(op->eddsa);
        crypto_key_unref(op->key);
        op_drop_collected(op);
        secret_free(&op->held);
        secret_free(&op->aad);
    }
    free(op->collected);
    memory_cleanse(op, sizeof(*op));
    free(op);
}

/* ---- begin ---- */

static bool op_takes_key(const struct op_method *method, const struct crypto_key *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(method->algs) && method->algs[i] != 0; i++) {
        if (method->algs[i] == key->alg ||
            (method->algs[i] == OP_ANY_SECRET && key->class == CRYPTO_SECRET)) {
            return true;
        }
    }
    return false;
}

/* Private halves sign, decrypt and sign with recovery; either half does the rest. */
static bool op_class_fits(enum crypto_direction direction, enum crypto_key_class class)
{
    bool private =
        direction == CRYPTO_SIGN || direction == CRYPTO_DECRYPT || direction == CRYPTO_SIGN_RECOVER;
    return class != CRYPTO_PUBLIC || !private;
}

static huks_rc op_check_key(const struct op_method *method, const struct crypto_key *key,
                            enum crypto_direction direction)
{
    bool keyless = method->algs[0] == 0;
    if (keyless != (key == NULL) ||
        (key != NULL && (!op_takes_key(method, key) || !op_class_fits(direction, key->class)))) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type");
    }
    return HUKS_OK;
}

huks_rc crypto_op_begin(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec)
{
    crypto_op_reset(op);
    const struct op_method *method =
        (unsigned)spec->method < CRYPTO_METHOD_COUNT ? op_methods[spec->method] : NULL;
    if (method == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    if ((unsigned)spec->direction > CRYPTO_HASH || !(method->directions & OP_DIRECTION(spec->direction))) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose");
    }
    HUKS_TRY(op_check_key(method, key, spec->direction));
    if (key != NULL && op->key != key) {
        op_forget_key(op);
        op->key = crypto_key_ref(key);
    }
    op->direction = spec->direction;
    op->which = spec->method;
    op->pending = 0;
    op->hashed = NULL;
    op->exact = true;
    huks_rc rc = method->begin(op, spec);
    op->method = method;
    /* Set before the reset below, so that a failed begin leaves nothing behind either. */
    op->state = OP_READY;
    if (rc != HUKS_OK) {
        crypto_op_reset(op);
    }
    return rc;
}

huks_rc op_begin_input(struct crypto_op *op, uint32_t digest)
{
    if (digest == OH_HUKS_DIGEST_NONE) {
        op->sink = OP_COLLECT;
        op->hashed = NULL;
        return HUKS_OK;
    }
    HUKS_TRY(digest_get(op->crypto, digest, &op->hashed));
    op->sink = OP_HASH;
    return digest_begin(op->crypto, &op->digest, op->hashed);
}

bool op_pkey_same(const struct crypto_op *op, const struct op_pkey_use *use)
{
    return op->pkey != NULL && op->pkey_use.method == use->method &&
           op->pkey_use.direction == use->direction && op->pkey_use.digest == use->digest &&
           op->pkey_use.mgf == use->mgf && op->pkey_use.salt_size == use->salt_size;
}

EVP_PKEY_CTX *op_pkey(struct crypto_op *op, const struct op_pkey_use *use)
{
    static int (*const inits[])(EVP_PKEY_CTX *) = {
        [CRYPTO_ENCRYPT] = EVP_PKEY_encrypt_init,
        [CRYPTO_DECRYPT] = EVP_PKEY_decrypt_init,
        [CRYPTO_SIGN] = EVP_PKEY_sign_init,
        [CRYPTO_VERIFY] = EVP_PKEY_verify_init,
        [CRYPTO_SIGN_RECOVER] = EVP_PKEY_sign_init,
        [CRYPTO_VERIFY_RECOVER] = EVP_PKEY_verify_recover_init,
    };
    ERROR_GUARD;
    OSSL_LIB_CTX *lib = crypto_lib(op->crypto);
    if (lib != NULL && op->pkey == NULL) {
        op->pkey = EVP_PKEY_CTX_new_from_pkey(lib, op->key->pkey, NULL);
    }
    if (op->pkey == NULL) {
        huks_rc rc = error_no_memory();
        (void)rc;
        return NULL;
    }
    if (inits[use->direction](op->pkey) != 1) {
        huks_rc rc = crypto_refused();
        (void)rc;
        op_pkey_drop(op);
        return NULL;
    }
    op->pkey_use = *use;
    return op->pkey;
}

/* ---- input ---- */

static huks_rc op_collect(struct crypto_op *op, struct bytes in)
{
    if (in.size > SIZE_MAX / 2 - op->collected_size) {
        return error_no_memory();
    }
    size_t size = op->collected_size + in.size;
    if (size > op->collected_capacity) {
        size_t capacity = size < 1024 ? 1024 : size + size / 2;
        uint8_t *larger = malloc(capacity);
        if (larger == NULL) {
            return error_no_memory();
        }
        if (op->collected_size != 0) {
            memcpy(larger, op->collected, op->collected_size);
            memory_cleanse(op->collected, op->collected_size);
        }
        free(op->collected);
        op->collected = larger;
        op->collected_capacity = capacity;
    }
    if (in.size != 0) {
        memcpy(op->collected + op->collected_size, in.data, in.size);
        op->collected_size = size;
    }
    return HUKS_OK;
}

static huks_rc op_input(struct crypto_op *op, struct bytes in)
{
    return op->sink == OP_HASH ? digest_update(&op->digest, in) : op_collect(op, in);
}

/* ---- output ---- */

static huks_rc op_short(size_t needed, size_t *size)
{
    *size = needed;
    return error_short_buffer();
}

/* Ends the operation; an error in `rc` passes through. */
static huks_rc op_ended(struct crypto_op *op, huks_rc rc)
{
    op->state = OP_ENDED;
    return rc;
}

static huks_rc op_deliver(struct crypto_op *op, void *out, size_t *size)
{
    if (*size < op->held.size || (out == NULL && op->held.size != 0)) {
        return op_short(op->held.size, size);
    }
    if (op->held.size != 0) {
        memcpy(out, op->held.data, op->held.size);
    }
    *size = op->held.size;
    secret_free(&op->held);
    return op_ended(op, HUKS_OK);
}

typedef huks_rc (*op_producer)(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size);

/*
 * Runs what ends the operation. Where the size is exact, too small a buffer is told before anything
 * happens. Where there is only a bound, a buffer below it gets the result if that fits after all, and
 * otherwise the result waits for the next call.
 */
static huks_rc op_produce(struct crypto_op *op, op_producer producer, size_t needed, struct bytes in,
                          void *out, size_t *size)
{
    if (out == NULL) {
        *size = 0;
    }
    if (*size >= needed) {
        return op_ended(op, producer(op, in, out, size));
    }
    if (op->exact || out == NULL) {
        return op_short(needed, size);
    }
    size_t made = needed;
    huks_rc rc = secret_alloc(&op->held, needed);
    if (rc == HUKS_OK) {
        rc = producer(op, in, op->held.data, &made);
    }
    if (rc != HUKS_OK) {
        return op_ended(op, rc);
    }
    secret_shrink(&op->held, made);
    op->state = OP_HELD;
    return op_deliver(op, out, size);
}

/* The hash or what was collected, plus `in`, through the method. */
static huks_rc op_produce_whole(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    if (op->sink == OP_HASH) {
        uint8_t hash[DIGEST_SIZE_MAX];
        HUKS_TRY(digest_update(&op->digest, in));
        HUKS_TRY(digest_finish(&op->digest, hash));
        return op->method->run(op, bytes_of(hash, op->hashed->size), out, size);
    }
    if (op->collected_size == 0) {
        return op->method->run(op, in, out, size);
    }
    HUKS_TRY(op_collect(op, in));
    return op->method->run(op, bytes_of(op->collected, op->collected_size), out, size);
}

static huks_rc op_produce_stream(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    size_t first = *size, last;
    if (in.size == 0) {
        return op->method->finish(op, out, size);
    }
    HUKS_TRY(op->method->update(op, in, out, &first));
    last = *size - first;
    HUKS_TRY(op->method->finish(op, out + first, &last));
    *size = first + last;
    return HUKS_OK;
}

static size_t op_whole_size(const struct crypto_op *op, size_t in_size)
{
    return op->sink == OP_HASH ? op->hashed->size : op->collected_size + in_size;
}

size_t crypto_op_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    if (op->state == OP_HELD) {
        return step == CRYPTO_UPDATE ? 0 : op->held.size;
    }
    if (op->state != OP_READY && op->state != OP_RUNNING) {
        return 0;
    }
    if (op->sink == OP_STREAM) {
        return op->method->size(op, step, in_size);
    }
    return step == CRYPTO_UPDATE ? 0 : op->method->size(op, step, op_whole_size(op, in_size));
}

huks_rc crypto_op_update(struct crypto_op *op, struct bytes in, void *out, size_t *size)
{
    if (op->state != OP_READY && op->state != OP_RUNNING) {
        return op_misused();
    }
    if (op->sink != OP_STREAM) {
        huks_rc rc = op_input(op, in);
        op->state = rc == HUKS_OK ? OP_RUNNING : OP_ENDED;
        if (size != NULL) {
            *size = 0;
        }
        return rc;
    }
    size_t needed = op->method->size(op, CRYPTO_UPDATE, in.size), none = 0;
    if (size == NULL) {
        size = &none;
    }
    if (*size < needed || (out == NULL && needed != 0)) {
        return op_short(needed, size);
    }
    huks_rc rc = HUKS_OK;
    if (in.size != 0) {
        rc = op->method->update(op, in, out, size);
    } else {
        *size = 0;
    }
    op->state = rc == HUKS_OK ? OP_RUNNING : OP_ENDED;
    return rc;
}

static huks_rc op_end(struct crypto_op *op, enum crypto_step step, struct bytes in, void *out, size_t *size)
{
    if (op->state == OP_HELD) {
        return op_deliver(op, out, size);
    }
    if ((op->state != OP_READY && op->state != OP_RUNNING) || op->direction == CRYPTO_VERIFY) {
        return op_misused();
    }
    return op_produce(op, op->sink == OP_STREAM ? op_produce_stream : op_produce_whole,
                      crypto_op_size(op, step, in.size), in, out, size);
}

huks_rc crypto_op_finish(struct crypto_op *op, void *out, size_t *size)
{
    return op_end(op, CRYPTO_FINISH, BYTES_NONE, out, size);
}

huks_rc crypto_op_once(struct crypto_op *op, struct bytes in, void *out, size_t *size)
{
    return op_end(op, CRYPTO_ONCE, in, out, size);
}

/* ---- verification ---- */

/* A MAC is verified by making it; in constant time, as it is a secret until it is shown. */
static huks_rc op_verify_stream(struct crypto_op *op, struct bytes signature)
{
    uint8_t made[DIGEST_SIZE_MAX];
    size_t size = sizeof(made);
    if (signature.size != op->method->size(op, CRYPTO_FINISH, 0)) {
        return op_bad_signature_size();
    }
    HUKS_TRY(op->method->finish(op, made, &size));
    bool same = crypto_equal(made, size, signature.data, signature.size);
    memory_cleanse(made, sizeof(made));
    return same ? HUKS_OK : op_bad_signature();
}

static huks_rc op_verify_whole(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    if (op->sink == OP_HASH) {
        uint8_t hash[DIGEST_SIZE_MAX];
        HUKS_TRY(digest_update(&op->digest, in));
        HUKS_TRY(digest_finish(&op->digest, hash));
        return op->method->run_verify(op, bytes_of(hash, op->hashed->size), signature);
    }
    if (op->collected_size == 0) {
        return op->method->run_verify(op, in, signature);
    }
    HUKS_TRY(op_collect(op, in));
    return op->method->run_verify(op, bytes_of(op->collected, op->collected_size), signature);
}

huks_rc crypto_op_verify_once(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    if ((op->state != OP_READY && op->state != OP_RUNNING) || op->direction != CRYPTO_VERIFY) {
        return op_misused();
    }
    if (op->sink != OP_STREAM) {
        return op_ended(op, op_verify_whole(op, in, signature));
    }
    size_t none = 0;
    huks_rc rc = in.size != 0 ? op->method->update(op, in, NULL, &none) : HUKS_OK;
    return op_ended(op, rc == HUKS_OK ? op_verify_stream(op, signature) : rc);
}

huks_rc crypto_op_verify(struct crypto_op *op, struct bytes signature)
{
    return crypto_op_verify_once(op, BYTES_NONE, signature);
}

struct bytes crypto_op_collected(const struct crypto_op *op)
{
    return op->sink == OP_COLLECT && op->state == OP_RUNNING ? bytes_of(op->collected, op->collected_size)
                                                             : BYTES_NONE;
}

bool crypto_op_multipart(const struct crypto_op *op)
{
    /* What collects takes parts too; asked is whether it works on them as they come. */
    return op->state != OP_IDLE &&
           (op->sink != OP_COLLECT || op->which == CRYPTO_AEAD || op->which == CRYPTO_CIPHER);
}
