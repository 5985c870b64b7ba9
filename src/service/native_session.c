/*
 * HUKS's key operations; see native.h: how its words choose the engine's method, and how its rules on parts,
 * buffers, digests and nonces map onto one operation.
 */
#include "service/native.h"

#include <string.h>

#include "param/rules.h"
#include "service/aliased.h"
#include "service/private.h"

/* How HUKS's words choose the engine's method; 0 in a column stands for any. */
static const struct {
    uint32_t alg;
    uint32_t purposes;
    int padding; /* -1: any */
    uint32_t mode;
    enum crypto_method method;
} methods[] = {
    {OH_HUKS_ALG_RSA, 0x0f, OH_HUKS_PADDING_PKCS1_V1_5, 0, CRYPTO_RSA_PKCS1},
    {OH_HUKS_ALG_RSA, 0x0f, OH_HUKS_PADDING_NONE, 0, CRYPTO_RSA_RAW},
    {OH_HUKS_ALG_RSA, 0x0c, OH_HUKS_PADDING_PSS, 0, CRYPTO_RSA_PSS},
    {OH_HUKS_ALG_RSA, 0x03, OH_HUKS_PADDING_OAEP, 0, CRYPTO_RSA_OAEP},
    {OH_HUKS_ALG_ECC, 0x0c, -1, 0, CRYPTO_ECDSA},
    {OH_HUKS_ALG_SM2, 0x0c, -1, 0, CRYPTO_ECDSA},
    {OH_HUKS_ALG_SM2, 0x03, -1, 0, CRYPTO_SM2},
    {OH_HUKS_ALG_DSA, 0x0c, -1, 0, CRYPTO_DSA},
    {OH_HUKS_ALG_ED25519, 0x0c, -1, 0, CRYPTO_EDDSA},
    {OH_HUKS_ALG_AES, 0x03, -1, OH_HUKS_MODE_GCM, CRYPTO_AEAD},
    {OH_HUKS_ALG_AES, 0x03, -1, OH_HUKS_MODE_CCM, CRYPTO_AEAD},
    {OH_HUKS_ALG_AES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_SM4, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_DES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_3DES, 0x03, -1, 0, CRYPTO_CIPHER},
    {OH_HUKS_ALG_HMAC, 0x80, -1, 0, CRYPTO_HMAC},
    {OH_HUKS_ALG_SM3, 0x80, -1, 0, CRYPTO_HMAC},
};

static enum crypto_method method_of(uint32_t alg, uint32_t purpose, uint32_t padding, uint32_t mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (methods[i].alg == alg && (methods[i].purposes & purpose) != 0 &&
            (methods[i].padding < 0 || (uint32_t)methods[i].padding == padding) &&
            (methods[i].mode == 0 || methods[i].mode == mode)) {
            return methods[i].method;
        }
    }
    return CRYPTO_NONE;
}

static enum crypto_direction direction_of(uint32_t purpose)
{
    switch (purpose) {
    case OH_HUKS_KEY_PURPOSE_ENCRYPT:
        return CRYPTO_ENCRYPT;
    case OH_HUKS_KEY_PURPOSE_DECRYPT:
        return CRYPTO_DECRYPT;
    case OH_HUKS_KEY_PURPOSE_VERIFY:
        return CRYPTO_VERIFY;
    default:
        return CRYPTO_SIGN;
    }
}

/* Init's tag, else the key's. */
static uint32_t either(const OH_Huks_ParamSet *init, const OH_Huks_ParamSet *key, uint32_t tag)
{
    return param_u32(init, tag, param_u32(key, tag, 0));
}

static huks_rc spec_fill(const OH_Huks_ParamSet *init, const OH_Huks_ParamSet *key, uint32_t purpose,
                         struct crypto_spec *spec)
{
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    *spec = (struct crypto_spec){
        .direction = direction_of(purpose),
        .digest = either(init, key, OH_HUKS_TAG_DIGEST),
        .padding = either(init, key, OH_HUKS_TAG_PADDING),
        .mode = either(init, key, OH_HUKS_TAG_BLOCK_MODE),
        .mgf_digest = param_u32(init, HUKS_TAG_MGF_DIGEST, 0),
        .aad = param_bytes(init, OH_HUKS_TAG_ASSOCIATED_DATA),
        .tag = param_bytes(init, OH_HUKS_TAG_AE_TAG),
        .der = true,
        .counter_bits = 128,
    };
    spec->method = method_of(alg, purpose, spec->padding, spec->mode);
    if (spec->method == CRYPTO_NONE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM, "algorithm");
    }
    bool aead = spec->method == CRYPTO_AEAD;
    spec->iv = param_bytes(init, aead ? OH_HUKS_TAG_NONCE : OH_HUKS_TAG_IV);
    spec->tag_size = aead ? param_u32(init, OH_HUKS_TAG_AE_TAG_LEN, OH_HUKS_AE_TAG_LEN) : 0;
    spec->data_size = CRYPTO_SIZE_UNKNOWN;
    if (spec->method == CRYPTO_RSA_PSS) {
        spec->salt_size =
            either(init, key, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE) == OH_HUKS_RSA_PSS_SALT_LEN_DIGEST &&
                    (param_has(init, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE) ||
                     param_has(key, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE))
                ? CRYPTO_SALT_DIGEST
                : CRYPTO_SALT_MAX;
    }
    return HUKS_OK;
}

/* The half of a pair, or the key, that has the purpose. */
static struct item *item_for(const struct aliased *aliased, uint32_t purpose)
{
    for (size_t i = 0; i < aliased->count; i++) {
        if ((item_purposes(aliased->items[i]) & purpose) != 0) {
            return aliased->items[i];
        }
    }
    return NULL;
}

/* With DIGEST_NONE these methods sign what the caller hashed, and the length says with what. */
static bool takes_digest(uint32_t purpose, const struct crypto_spec *spec)
{
    return (purpose & (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)) != 0 &&
           spec->digest == OH_HUKS_DIGEST_NONE &&
           (spec->method == CRYPTO_RSA_PKCS1 || spec->method == CRYPTO_RSA_PSS ||
            spec->method == CRYPTO_ECDSA || spec->method == CRYPTO_DSA);
}

#define CCM_NONCE_SIZE 7

static huks_rc make_nonce(struct engine *engine, struct native_session *session)
{
    struct crypto_spec *spec = &session->spec;
    if (spec->method != CRYPTO_AEAD || spec->direction != CRYPTO_ENCRYPT || spec->iv.data != NULL) {
        return HUKS_OK;
    }
    session->nonce_size = spec->mode == OH_HUKS_MODE_CCM ? CCM_NONCE_SIZE : OH_HUKS_AE_NONCE_LEN;
    HUKS_TRY(engine_random(engine, session->nonce, session->nonce_size));
    spec->iv = bytes_of(session->nonce, session->nonce_size);
    return HUKS_OK;
}

huks_rc native_begin(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                     struct native_session *session)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open(engine, alias, set, &token, &aliased));
    uint32_t purpose = param_u32(set, OH_HUKS_TAG_PURPOSE, 0);
    struct item *item = item_for(&aliased, purpose);
    HUKS_TRY(rules_check_init(item_params(item != NULL ? item : aliased.items[0]), set));
    if (item == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    if ((purpose & (OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE | OH_HUKS_KEY_PURPOSE_WRAP |
                    OH_HUKS_KEY_PURPOSE_UNWRAP)) != 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_PURPOSE, "key purpose of this session");
    }
    struct crypto_spec *spec = &session->spec;
    HUKS_TRY(spec_fill(set, item_params(item), purpose, spec));
    session->purpose = purpose;
    session->alg = item_alg(item);
    session->size_bits = param_u32(item_params(item), OH_HUKS_TAG_KEY_SIZE, 0);
    session->is_digest = takes_digest(purpose, spec);
    if (session->is_digest) {
        spec->hash_of_input = OH_HUKS_DIGEST_SHA256; /* until the length is known */
    }
    HUKS_TRY(make_nonce(engine, session));
    HUKS_TRY(operation_begin(&session->operation, token, item, purpose, spec));
    spec->iv = spec->aad = spec->tag = BYTES_NONE;
    session->cached = session->is_digest || !operation_multipart(&session->operation);
    return HUKS_OK;
}

/* ---- data ---- */

#define CACHE_MAX (5u << 20)

static huks_rc cache(struct native_session *session, struct bytes in)
{
    if (in.size > CACHE_MAX - session->data.size) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return buffer_append(&session->data, in.data, in.size);
}

static bool gives_output(const struct native_session *session)
{
    return (session->purpose & (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)) != 0;
}

/* A length that the method can't take has HUKS's own codes here: its callers' 401, or its engine's failure.
 */
static huks_rc length_refused(const struct native_session *session, huks_rc rc)
{
    enum error_about about = error_about();
    if (rc != HUKS_E_INVALID_PARAM || (about != ABOUT_DATA_LEN && about != ABOUT_CIPHERTEXT_LEN)) {
        return rc;
    }
    bool caller = session->purpose == OH_HUKS_KEY_PURPOSE_SIGN ||
                  session->purpose == OH_HUKS_KEY_PURPOSE_VERIFY ||
                  (session->purpose == OH_HUKS_KEY_PURPOSE_ENCRYPT && session->spec.method == CRYPTO_CIPHER);
    return caller ? error_illegal(about, ILLEGAL_ARGUMENT) : error_raise(HUKS_E_CRYPTO, about, NULL);
}

static huks_rc update(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    if (in.size == 0 && !session->cached) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    if (session->cached) {
        *size = 0;
        return cache(session, in);
    }
    if (!gives_output(session)) {
        *size = 0;
        return operation_update(&session->operation, in, NULL, size);
    }
    if (*size < in.size) {
        return error_short_buffer();
    }
    return operation_update(&session->operation, in, out, size);
}

huks_rc native_update(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    return length_refused(session, update(session, in, out, size));
}

/* The hash that has values of this size. */
static uint32_t digest_of_size(size_t size)
{
    switch (size) {
    case 16:
        return OH_HUKS_DIGEST_MD5;
    case 20:
        return OH_HUKS_DIGEST_SHA1;
    case 28:
        return OH_HUKS_DIGEST_SHA224;
    case 32:
        return OH_HUKS_DIGEST_SHA256;
    case 48:
        return OH_HUKS_DIGEST_SHA384;
    case 64:
        return OH_HUKS_DIGEST_SHA512;
    default:
        return OH_HUKS_DIGEST_NONE;
    }
}

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* Now that the digest is here: begins again with the hash that it is of, on the same key-operation session.
 */
static huks_rc settle_digest(struct native_session *session, size_t size)
{
    struct crypto_spec *spec = &session->spec;
    uint32_t digest = digest_of_size(size);
    if (digest == OH_HUKS_DIGEST_NONE) {
        return error_illegal(ABOUT_DATA_LEN, ILLEGAL_KEY_INFO);
    }
    if (digest == spec->hash_of_input ||
        (spec->method != CRYPTO_RSA_PKCS1 && spec->method != CRYPTO_RSA_PSS)) {
        return HUKS_OK;
    }
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(session->operation.item, &key));
    spec->hash_of_input = digest;
    crypto_op_reset(session->operation.crypto);
    return crypto_op_begin(session->operation.crypto, key, spec);
}

/* The largest signature, as HUKS counts: for a curve r and s in DER, and some. */
static size_t signature_most(const struct native_session *session)
{
    size_t bytes = session->size_bits / 8;
    switch (session->alg) {
    case OH_HUKS_ALG_RSA:
        return bytes;
    case OH_HUKS_ALG_ECC:
    case OH_HUKS_ALG_SM2:
        return 2 * (bytes + session->size_bits % 8) + 8;
    case OH_HUKS_ALG_ED25519:
        return OH_HUKS_SIGNATURE_MIN_SIZE;
    default:
        return 0; /* nothing is known */
    }
}

/* Sizes that HUKS takes before it looks at the signature. */
static huks_rc check_signature_size(const struct native_session *session, size_t size)
{
    size_t most = signature_most(session);
    bool good = session->alg == OH_HUKS_ALG_ED25519 ? size >= most : most == 0 || size <= most;
    return good ? HUKS_OK : error_raise(HUKS_E_INVALID_PARAM, ABOUT_SIGNATURE_LEN, "signature size");
}

static huks_rc finish_verifying(struct native_session *session, struct bytes signature)
{
    if (signature.size == 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(check_signature_size(session, signature.size));
    if (!session->cached) {
        return operation_verify(&session->operation, signature);
    }
    if (session->is_digest) {
        HUKS_TRY(settle_digest(session, session->data.size));
    }
    return operation_verify_once(&session->operation, bytes_of(session->data.data, session->data.size),
                                 signature);
}

/* Room is asked for the largest result, whatever comes out. */
static huks_rc check_room(const struct native_session *session, size_t room)
{
    bool rsa = session->alg == OH_HUKS_ALG_RSA;
    size_t needed = session->purpose == OH_HUKS_KEY_PURPOSE_SIGN || rsa ? signature_most(session) : 0;
    return room >= needed ? HUKS_OK : error_short_buffer();
}

static huks_rc finish_cached(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    HUKS_TRY(cache(session, in));
    if (session->is_digest) {
        HUKS_TRY(settle_digest(session, session->data.size));
    }
    return operation_once(&session->operation, bytes_of(session->data.data, session->data.size), out, size);
}

static huks_rc finish_parts(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    size_t first = 0;
    if (in.size > 0 && gives_output(session)) {
        first = *size;
        HUKS_TRY(operation_update(&session->operation, in, out, &first));
    } else if (in.size > 0) {
        HUKS_TRY(operation_update(&session->operation, in, NULL, &first));
    }
    size_t rest = *size - first;
    HUKS_TRY(operation_finish(&session->operation, (uint8_t *)out + first, &rest));
    *size = first + rest;
    return HUKS_OK;
}

static huks_rc finish(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    if (session->purpose == OH_HUKS_KEY_PURPOSE_VERIFY) {
        *size = 0;
        return finish_verifying(session, in);
    }
    if (out == NULL || *size == 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(check_room(session, *size));
    if (*size < session->nonce_size) {
        return error_short_buffer();
    }
    *size -= session->nonce_size;
    HUKS_TRY(session->cached ? finish_cached(session, in, out, size) : finish_parts(session, in, out, size));
    if (session->nonce_size > 0) {
        memcpy((uint8_t *)out + *size, session->nonce, session->nonce_size);
        *size += session->nonce_size;
    }
    return HUKS_OK;
}

huks_rc native_finish(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    return length_refused(session, finish(session, in, out, size));
}

void native_session_free(struct native_session *session)
{
    operation_free(&session->operation);
    if (session->data.data != NULL) {
        memory_cleanse(session->data.data, session->data.size);
    }
    buffer_free(&session->data);
}
