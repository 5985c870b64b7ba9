/*
 * HUKS's key operations; see native.h: its rules on parts, buffers, digests and nonces over one operation of
 * the engine (huks-semantics 3.7, 4.5, 5.1 to 5.5).
 */
#include "service/native.h"

#include <string.h>

#include "param/rules.h"
#include "service/aliased.h"
#include "service/private.h"

/* What HUKS collects of a message at most, and of one for CCM and ML-DSA. */
#define COLLECT_MAX OH_HUKS_MAX_OUT_BLOB_SIZE
#define SMALL_MAX   (100u << 10)

#define CCM_NONCE_SIZE 7

static bool is_rsa(const struct native_session *session)
{
    return session->alg == OH_HUKS_ALG_RSA;
}

static bool has_purpose(const struct native_session *session, uint32_t purposes)
{
    return (session->purpose & purposes) != 0;
}

#define SIGNING  (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define CRYPTING (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define DERIVING (OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE)

/* ---- begin ---- */

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

/* A key of the other door may be of a kind that HUKS has no number for. A generic secret is good for MACs. */
static huks_rc check_kind(const struct item *item)
{
    uint32_t alg = item_alg(item);
    if (alg >= HUKS_EXTENSION_ && alg != HUKS_ALG_GENERIC) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_KEY_TYPE, "algorithm");
    }
    return HUKS_OK;
}

/* With DIGEST_NONE these methods sign what the caller hashed, and the length says with what. */
static bool takes_digest(const struct native_session *session)
{
    const struct crypto_spec *spec = &session->spec;
    return has_purpose(session, SIGNING) && spec->digest == OH_HUKS_DIGEST_NONE &&
           (spec->method == CRYPTO_RSA_PKCS1 || spec->method == CRYPTO_RSA_PSS ||
            spec->method == CRYPTO_ECDSA || spec->method == CRYPTO_DSA);
}

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

/* HUKS collects SM2's messages too, though a digest would do. */
static size_t most_data(const struct native_session *session)
{
    const struct crypto_spec *spec = &session->spec;
    if (spec->method == CRYPTO_ML_DSA || (spec->method == CRYPTO_AEAD && spec->mode == OH_HUKS_MODE_CCM)) {
        return SMALL_MAX;
    }
    bool sm2 = session->alg == OH_HUKS_ALG_SM2 && has_purpose(session, SIGNING);
    return session->collects || sm2 ? COLLECT_MAX : SIZE_MAX;
}

/* What the set asks of the crypto engine, as far as this key may do it. */
static huks_rc prepare_data(struct engine *engine, const struct item *item, const OH_Huks_ParamSet *set,
                            struct native_session *session)
{
    struct crypto_spec *spec = &session->spec;
    HUKS_TRY(native_allowed(item, set));
    HUKS_TRY(native_spec(set, item_params(item), spec));
    bool hashes = !has_purpose(session, CRYPTING) || spec->method == CRYPTO_RSA_OAEP;
    HUKS_TRY(native_legacy(engine, session->alg, hashes ? spec->digest : OH_HUKS_DIGEST_NONE));
    session->is_digest = takes_digest(session);
    if (session->is_digest) {
        spec->hash_of_input = OH_HUKS_DIGEST_SHA256; /* until the length is known */
    }
    return make_nonce(engine, session);
}

/* The operation has begun by the spec. */
static void settle_data(struct native_session *session)
{
    struct crypto_spec *spec = &session->spec;
    spec->iv = spec->aad = spec->tag = BYTES_NONE;
    session->collects = session->is_digest || !operation_multipart(&session->operation);
    session->most = most_data(session);
}

static huks_rc begin_data(struct engine *engine, struct token *token, struct item *item,
                          const OH_Huks_ParamSet *set, struct native_session *session)
{
    HUKS_TRY(prepare_data(engine, item, set, session));
    HUKS_TRY(operation_begin(&session->operation, token, item, session->purpose, &session->spec));
    settle_data(session);
    return HUKS_OK;
}

/* Whoever deletes the key meanwhile leaves this operation alone. A void key shows when it is used. */
huks_rc native_hold(struct item *item)
{
    huks_rc rc = item_ready(item);
    if (rc != HUKS_OK && rc != HUKS_E_AUTH_INVALIDATED) {
        return rc;
    }
    error_clear();
    return HUKS_OK;
}

/* What the operations of a batch are, each of them says. */
static huks_rc begin_batch(struct token *token, struct item *item, uint32_t seconds,
                           struct native_session *session)
{
    HUKS_TRY(native_hold(item));
    HUKS_TRY(operation_batch(&session->operation, token, item, session->purpose));
    session->batch = true;
    session->ends = auth_moment_after(auth_now(token->auth), seconds);
    return HUKS_OK;
}

huks_rc native_begin(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                     struct native_session *session)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open_keys(engine, alias, set, &token, &aliased));
    uint32_t purpose = param_u32(set, OH_HUKS_TAG_PURPOSE, 0);
    struct item *fit = item_for(&aliased, purpose);
    struct item *item = fit != NULL ? fit : aliased.items[0];
    uint32_t position = 0;
    struct rules_batch batch;
    HUKS_TRY(check_kind(item));
    HUKS_TRY(rules_check_batch(set, &batch));
    HUKS_TRY(guard_check_password(item));
    HUKS_TRY(rules_check_operation(set));
    HUKS_TRY(guard_read_position(item, purpose, set, &position));
    HUKS_TRY(batch.asked ? rules_check_batch_purpose(item_params(item), set)
                         : rules_check_init(item_params(item), set));
    session->operation.door = GUARD_NATIVE;
    session->purpose = purpose;
    session->alg = item_alg(item);
    session->size_bits = param_u32(item_params(item), OH_HUKS_TAG_KEY_SIZE, 0);
    if (batch.asked) {
        HUKS_TRY(begin_batch(token, item, batch.seconds, session));
    } else if (has_purpose(session, DERIVING)) {
        HUKS_TRY(native_derive_begin(session, token, item, set));
    } else if (fit != NULL) {
        HUKS_TRY(begin_data(engine, token, item, set, session));
    } else {
        return error_illegal(ABOUT_PURPOSE, ILLEGAL_ARGUMENT);
    }
    guard_set_position(session->operation.guard, position);
    return HUKS_OK;
}

size_t native_challenge(const struct native_session *session, uint8_t challenge[AUTH_CHALLENGE_SIZE])
{
    return guard_challenge(session->operation.guard, challenge);
}

/* ---- what every step begins with ---- */

static huks_rc step_enter(struct native_session *session, const OH_Huks_ParamSet *set)
{
    HUKS_TRY(operation_touch(&session->operation));
    HUKS_TRY(operation_authenticate(&session->operation, param_bytes(set, OH_HUKS_TAG_AUTH_TOKEN)));
    /* HUKS's MAC asks for its algorithm at each step. */
    if (has_purpose(session, OH_HUKS_KEY_PURPOSE_MAC) && !param_has(set, OH_HUKS_TAG_ALGORITHM)) {
        return error_illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    return HUKS_OK;
}

static huks_rc count_data(struct native_session *session, size_t size)
{
    if (size > session->most - session->given) {
        return session->spec.method == CRYPTO_AEAD ? error_raise(HUKS_E_INTERNAL, ABOUT_DATA_LEN, NULL)
                                                   : error_illegal(ABOUT_DATA_LEN, ILLEGAL_ARGUMENT);
    }
    session->given += size;
    return HUKS_OK;
}

/* A length that the method can't take has HUKS's own codes: its callers' 401, or its engine's failure. */
static huks_rc length_refused(const struct native_session *session, huks_rc rc)
{
    enum error_about about = error_about();
    if (rc != HUKS_E_INVALID_PARAM || (about != ABOUT_DATA_LEN && about != ABOUT_CIPHERTEXT_LEN)) {
        return rc;
    }
    bool caller = has_purpose(session, SIGNING) || (has_purpose(session, OH_HUKS_KEY_PURPOSE_ENCRYPT) &&
                                                    session->spec.method == CRYPTO_CIPHER);
    return caller ? error_illegal(about, ILLEGAL_ARGUMENT) : error_raise(HUKS_E_CRYPTO, about, NULL);
}

/* ---- update ---- */

/* What will not fit can't be a digest; only its length is kept. */
static void take_digest(struct native_session *session, size_t given, struct bytes in)
{
    if (session->given <= sizeof(session->digest) && in.size > 0) {
        memcpy(session->digest + given, in.data, in.size);
    }
}

static huks_rc update_data(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    size_t given = session->given;
    bool gives = has_purpose(session, CRYPTING) && !session->collects;
    if (in.size == 0 && !session->collects) {
        return error_illegal(ABOUT_DATA_LEN, ILLEGAL_ARGUMENT);
    }
    if (gives && *size < in.size) {
        return error_short_buffer();
    }
    HUKS_TRY(count_data(session, in.size));
    if (session->is_digest) {
        take_digest(session, given, in);
        *size = 0;
        return HUKS_OK;
    }
    if (!gives) {
        *size = 0;
        out = NULL;
    }
    return operation_update(&session->operation, in, out, size);
}

/* ---- finish ---- */

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* Now that the digest is here: begins again with the hash it is of, on the same key-operation session. */
static huks_rc settle_digest(struct native_session *session)
{
    struct crypto_spec *spec = &session->spec;
    uint32_t digest = crypto_digest_by_size(session->given);
    if (digest == OH_HUKS_DIGEST_NONE) {
        return error_illegal(ABOUT_DATA_LEN, ILLEGAL_KEY_INFO);
    }
    if (digest == spec->hash_of_input || !is_rsa(session)) {
        return HUKS_OK;
    }
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(session->operation.item, &key));
    spec->hash_of_input = digest;
    crypto_op_reset(session->operation.crypto);
    return crypto_op_begin(session->operation.crypto, key, spec);
}

static size_t modulus_size(const struct native_session *session)
{
    return (session->size_bits + OH_HUKS_BITS_PER_BYTE - 1) / OH_HUKS_BITS_PER_BYTE;
}

/* RSA without padding takes exactly the modulus's length, and RSA encrypts and decrypts no empty message. */
static huks_rc check_whole(const struct native_session *session)
{
    bool good = session->spec.method == CRYPTO_RSA_RAW
                    ? session->given == modulus_size(session)
                    : session->given > 0 || !has_purpose(session, CRYPTING);
    if (!is_rsa(session) || good) {
        return HUKS_OK;
    }
    return has_purpose(session, SIGNING) ? error_illegal(ABOUT_DATA_LEN, ILLEGAL_ARGUMENT)
                                         : error_raise(HUKS_E_CRYPTO, ABOUT_DATA_LEN, NULL);
}

/* The largest signature, as HUKS counts: for a curve r and s in DER, and some. */
static size_t signature_most(const struct native_session *session)
{
    size_t bytes = session->size_bits / OH_HUKS_BITS_PER_BYTE;
    switch (session->alg) {
    case OH_HUKS_ALG_RSA:
        return modulus_size(session);
    case OH_HUKS_ALG_ECC:
    case OH_HUKS_ALG_SM2:
        return 2 * (bytes + session->size_bits % OH_HUKS_BITS_PER_BYTE) + 8;
    case OH_HUKS_ALG_ED25519:
        return OH_HUKS_SIGNATURE_MIN_SIZE;
    default:
        return 0; /* nothing is known */
    }
}

/* What HUKS asks for before it works, whatever comes out: `in_size` is Finish's own input. */
static size_t room_needed(const struct native_session *session, size_t in_size)
{
    const struct crypto_spec *spec = &session->spec;
    bool encrypts = has_purpose(session, OH_HUKS_KEY_PURPOSE_ENCRYPT);
    size_t block = session->alg == HUKS_ALG_DES || session->alg == HUKS_ALG_3DES ? 8 : 16;
    switch (spec->method) {
    case CRYPTO_CIPHER:
        if (!encrypts || (spec->mode != OH_HUKS_MODE_ECB && spec->mode != OH_HUKS_MODE_CBC)) {
            return in_size;
        }
        return in_size + block + (spec->padding == OH_HUKS_PADDING_PKCS7 ? block - in_size % block : 0);
    case CRYPTO_AEAD:
        return in_size + (encrypts ? spec->tag_size + session->nonce_size : 0);
    case CRYPTO_SM2: /* the point and the hash; the DER around them is not counted */
        return encrypts ? session->given + 65 + 32 : 0;
    default:
        return (has_purpose(session, OH_HUKS_KEY_PURPOSE_SIGN) || is_rsa(session) ? signature_most(session)
                                                                                  : 0) +
               (guard_signs_secure(session->operation.guard) ? GUARD_PREFIX_SIZE : 0);
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
        return error_illegal(ABOUT_SIGNATURE_LEN, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(check_signature_size(session, signature.size));
    HUKS_TRY(check_whole(session));
    if (!session->is_digest) {
        return operation_verify(&session->operation, signature);
    }
    HUKS_TRY(settle_digest(session));
    return operation_verify_once(&session->operation, bytes_of(session->digest, session->given), signature);
}

/* The last part and the end; what was made here and then refused does not stay in the caller's buffer. */
static huks_rc finish_data(struct native_session *session, struct bytes in, uint8_t *out, size_t *size)
{
    size_t given = session->given, room = *size;
    HUKS_TRY(count_data(session, in.size));
    HUKS_TRY(check_whole(session));
    if (room < room_needed(session, in.size)) {
        return error_short_buffer();
    }
    if (session->is_digest) {
        take_digest(session, given, in);
        HUKS_TRY(settle_digest(session));
        in = bytes_of(session->digest, session->given);
    }
    *size -= session->nonce_size;
    huks_rc rc = operation_once(&session->operation, in, out, size);
    if (rc != HUKS_OK) {
        if (has_purpose(session, OH_HUKS_KEY_PURPOSE_DECRYPT)) {
            memory_cleanse(out, room < in.size ? room : in.size);
        }
        return rc;
    }
    if (session->nonce_size > 0) {
        memcpy(out + *size, session->nonce, session->nonce_size);
        *size += session->nonce_size;
    }
    return HUKS_OK;
}

/* The data is here, and with it the end. */
static huks_rc finish_step(struct native_session *session, const OH_Huks_ParamSet *set, struct bytes in,
                           void *out, size_t *size)
{
    if (has_purpose(session, OH_HUKS_KEY_PURPOSE_VERIFY)) {
        *size = 0;
        return length_refused(session, finish_verifying(session, in));
    }
    if (out == NULL || *size == 0) {
        return error_illegal(ABOUT_BUFFER, ILLEGAL_ARGUMENT);
    }
    if (has_purpose(session, DERIVING)) {
        return native_derive_finish(session, set, out, size);
    }
    return length_refused(session, finish_data(session, in, out, size));
}

/* ---- a batch ---- */

static huks_rc batch_check_time(const struct native_session *session)
{
    return auth_moment_before(auth_now(session->operation.token->auth), session->ends)
               ? HUKS_OK
               : error_illegal(ABOUT_OPERATION, "Invalid timeout parameter.");
}

/* One whole operation. What its set says of the batch itself is not looked at. */
static huks_rc batch_update(struct native_session *session, const OH_Huks_ParamSet *set, struct bytes in,
                            void *out, size_t *size)
{
    struct operation *operation = &session->operation;
    HUKS_TRY(operation_touch(operation));
    HUKS_TRY(batch_check_time(session));
    HUKS_TRY(operation_authenticate(operation, param_bytes(set, OH_HUKS_TAG_AUTH_TOKEN)));
    HUKS_TRY(guard_check_void(operation->item)); /* it may have become that since the user was asked */
    HUKS_TRY(rules_check_operation(set));
    if (param_u32(set, OH_HUKS_TAG_PURPOSE, 0) != session->purpose) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose");
    }
    HUKS_TRY(rules_check_init(item_params(operation->item), set));
    session->given = session->nonce_size = 0;
    if (!has_purpose(session, DERIVING)) { /* else Finish misses an Update */
        HUKS_TRY(prepare_data(operation->token->engine, operation->item, set, session));
        HUKS_TRY(operation_message(operation, &session->spec));
        settle_data(session);
    }
    return finish_step(session, set, in, out, size);
}

static huks_rc batch_finish(struct native_session *session, size_t *size)
{
    HUKS_TRY(operation_touch(&session->operation));
    HUKS_TRY(guard_check_password(session->operation.item));
    *size = 0;
    return HUKS_OK;
}

/* ---- what the door calls ---- */

huks_rc native_update(struct native_session *session, const OH_Huks_ParamSet *set, struct bytes in, void *out,
                      size_t *size)
{
    if (session->batch) {
        return batch_update(session, set, in, out, size);
    }
    HUKS_TRY(step_enter(session, set));
    if (has_purpose(session, DERIVING)) {
        *size = 0;
        return native_derive_update(session, in);
    }
    return length_refused(session, update_data(session, in, out, size));
}

huks_rc native_finish(struct native_session *session, const OH_Huks_ParamSet *set, struct bytes in, void *out,
                      size_t *size)
{
    if (session->batch) {
        return batch_finish(session, size);
    }
    HUKS_TRY(step_enter(session, set));
    return finish_step(session, set, in, out, size);
}

void native_session_free(struct native_session *session)
{
    operation_free(&session->operation);
    param_set_free(&session->init);
    secret_free(&session->secret);
    memory_cleanse(session->digest, sizeof(session->digest));
}
