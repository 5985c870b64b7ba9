/*
 * Wrapping, unwrapping, encapsulating. See wrap.h.
 */
#include "service/wrap.h"

#include <string.h>

#include "service/permit.h"
#include "service/private.h"

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* One-shot use of a key outside the session limit. */
static void crypto_op_free_ptr(struct crypto_op **op)
{
    crypto_op_free(*op);
}

static huks_rc permit(struct item *item, uint32_t purpose, const struct crypto_spec *spec,
                      struct crypto_key **key)
{
    bool by_input = false;
    HUKS_TRY(item_key(item, key));
    HUKS_TRY(permit_purpose(item, purpose));
    return permit_operation(item, spec, &by_input);
}

/* ---- wrapping ---- */

/* Bytes that the cipher takes at a time; 0: any number. */
static size_t block_size(const struct item *item, const struct crypto_spec *spec)
{
    if (spec->method != CRYPTO_CIPHER || spec->padding != OH_HUKS_PADDING_NONE ||
        spec->mode != OH_HUKS_MODE_CBC) {
        return 0;
    }
    return item_alg(item) == HUKS_ALG_3DES || item_alg(item) == HUKS_ALG_DES ? 8 : 16;
}

/* PKCS #11 3.2, section 6.10 (AES-CBC): the key is filled up with zeros to whole blocks. */
static huks_rc fill_up(struct secret *plain, size_t block)
{
    size_t missing = block != 0 ? (block - plain->size % block) % block : 0;
    if (missing == 0) {
        return HUKS_OK;
    }
    AUTO(secret_free) struct secret filled = {0};
    HUKS_TRY(secret_alloc(&filled, plain->size + missing));
    memcpy(filled.data, plain->data, plain->size);
    struct secret unfilled = *plain;
    *plain = filled;
    filled = unfilled;
    return HUKS_OK;
}

/* The user of the wrapping key; a nonce that is made here is no way around its rule. */
static huks_rc pass_wrapping(struct token *token, struct item *wrapping, const struct wrap_spec *spec,
                             struct guard **awaited)
{
    struct crypto_spec crypto = spec->crypto;
    bool made = spec->how.generator != CRYPTO_NONCE_GIVEN && spec->how.generator != CRYPTO_NONCE_XOR;
    if (made && spec->how.fixed_bits == 0) {
        crypto.iv = BYTES_NONE;
    }
    return guard_once(token, wrapping, OH_HUKS_KEY_PURPOSE_WRAP, &crypto, awaited);
}

huks_rc operate_wrap(struct token *token, struct item *wrapping, const struct wrap_spec *spec,
                     struct guard **awaited, struct item *key, void *out, size_t *size)
{
    AUTO(key_unref_ptr) struct crypto_key *wrapped = NULL;
    AUTO(key_unref_ptr) struct crypto_key *by = NULL;
    AUTO(secret_free) struct secret plain = {0};
    AUTO(crypto_op_free_ptr) struct crypto_op *op = NULL;
    if (key->ruled) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key with an auth rule for wrapping");
    }
    HUKS_TRY(item_key(key, &wrapped));
    HUKS_TRY(permit(wrapping, OH_HUKS_KEY_PURPOSE_WRAP, &spec->crypto, &by));
    HUKS_TRY(crypto_key_encode(wrapped, crypto_key_class(wrapped), &plain));
    HUKS_TRY(fill_up(&plain, block_size(wrapping, &spec->crypto)));
    HUKS_TRY(crypto_op_new(token->engine->crypto, &op));
    HUKS_TRY(crypto_op_begin(op, by, &spec->crypto));
    size_t needed = crypto_op_size(op, CRYPTO_ONCE, plain.size);
    if (out == NULL || ((spec->how.generator != CRYPTO_NONCE_GIVEN || wrapping->ruled) && *size < needed)) {
        *size = needed;
        return out == NULL ? HUKS_OK : error_short_buffer();
    }
    HUKS_TRY(pass_wrapping(token, wrapping, spec, awaited));
    if (spec->how.generator != CRYPTO_NONCE_GIVEN) {
        struct crypto_nonce how = spec->how;
        how.lasting = item_on_token(wrapping);
        HUKS_TRY(crypto_nonce_make(by, &how, spec->nonce, spec->crypto.iv.size));
        HUKS_TRY(crypto_op_begin(op, by, &spec->crypto));
    }
    HUKS_TRY(crypto_op_once(op, secret_bytes(&plain), out, size));
    if (spec->crypto.tag_apart) {
        struct bytes tag = crypto_op_tag(op);
        memcpy(spec->tag, tag.data, tag.size);
    }
    return HUKS_OK;
}

/* ---- unwrapping ---- */

static huks_rc bad_wrapped_key(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL);
}

static huks_rc bad_wrapped_size(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_CIPHERTEXT_LEN, "wrapped key size");
}

static huks_rc open_wrapped(struct token *token, struct crypto_key *by, const struct crypto_spec *spec,
                            struct bytes wrapped, struct secret *plain)
{
    AUTO(crypto_op_free_ptr) struct crypto_op *op = NULL;
    HUKS_TRY(crypto_op_new(token->engine->crypto, &op));
    HUKS_TRY(crypto_op_begin(op, by, spec));
    size_t size = crypto_op_size(op, CRYPTO_ONCE, wrapped.size);
    HUKS_TRY(secret_alloc(plain, size));
    huks_rc rc = crypto_op_once(op, wrapped, plain->data, &size);
    if (rc == HUKS_OK) {
        secret_shrink(plain, size);
    }
    /* Whatever the cipher says, the caller learns one thing only. */
    return rc == HUKS_E_CRYPTO ? bad_wrapped_key() : rc;
}

/*
 * The key has the size that it is to have. Zeros that filled it up are cut off, and nothing else is: a key
 * can't be taken for a shorter one. What padding left is compared in silence, for its length tells of the
 * padding.
 */
static huks_rc fit_size(struct secret *plain, size_t size, size_t block, const struct crypto_spec *spec)
{
    if (size == 0 || plain->size == size) {
        return HUKS_OK;
    }
    if (spec->padding == OH_HUKS_PADDING_PKCS7) {
        return bad_wrapped_key();
    }
    if (plain->size < size || plain->size - size >= block) {
        return bad_wrapped_size();
    }
    uint8_t rest = 0;
    for (size_t i = size; i < plain->size; i++) {
        rest |= plain->data[i];
    }
    if (rest != 0) {
        return bad_wrapped_key();
    }
    secret_shrink(plain, size);
    return HUKS_OK;
}

/* One key type has two curves, of which the wrapped key says its own (RFC 8410). */
static uint32_t larger_curve(uint32_t alg)
{
    return alg == OH_HUKS_ALG_ED25519 ? HUKS_ALG_ED448 : alg == OH_HUKS_ALG_X25519 ? HUKS_ALG_X448 : 0;
}

static huks_rc import_opened(struct token *token, const struct secret *plain, struct item_draft *draft,
                             uint64_t *handle)
{
    const OH_Huks_Param *made = param_list_find(&draft->params, HUKS_TAG_OBJECT_CLASS);
    enum crypto_key_class class =
        made != NULL && made->uint32Param == HUKS_CLASS_PRIVATE_KEY ? CRYPTO_PRIVATE : CRYPTO_SECRET;
    huks_rc rc = item_import(token, class, secret_bytes(plain), draft, STORE_ALIAS_UNIQUE, handle);
    const OH_Huks_Param *alg = param_list_find(&draft->params, OH_HUKS_TAG_ALGORITHM);
    uint32_t larger = alg != NULL ? larger_curve(alg->uint32Param) : 0;
    if (rc == HUKS_E_INVALID_PARAM && class == CRYPTO_PRIVATE && larger != 0) {
        HUKS_TRY(param_list_put_u32(&draft->params, OH_HUKS_TAG_ALGORITHM, larger));
        rc = item_import(token, class, secret_bytes(plain), draft, STORE_ALIAS_UNIQUE, handle);
    }
    bool unfit = rc == HUKS_E_INVALID_PARAM || rc == HUKS_E_NOT_SUPPORTED || rc == HUKS_E_MISSING_PARAM;
    return unfit ? bad_wrapped_key() : rc;
}

huks_rc operate_unwrap(struct token *token, struct item *unwrapping, uint32_t purpose,
                       const struct crypto_spec *spec, struct guard **awaited, struct bytes wrapped,
                       size_t size, struct item_draft *draft, uint64_t *handle)
{
    AUTO(key_unref_ptr) struct crypto_key *by = NULL;
    AUTO(secret_free) struct secret plain = {0};
    HUKS_TRY(permit(unwrapping, purpose, spec, &by));
    HUKS_TRY(guard_once(token, unwrapping, purpose, spec, awaited));
    HUKS_TRY(open_wrapped(token, by, spec, wrapped, &plain));
    HUKS_TRY(fit_size(&plain, size, block_size(unwrapping, spec), spec));
    return import_opened(token, &plain, draft, handle);
}

/* ---- encapsulation ---- */

/* Draws a secret and encrypts it. */
static huks_rc draw_encrypted(struct token *token, struct crypto_key *key, const struct crypto_spec *spec,
                              size_t size, void *out, size_t *out_size, struct secret *secret)
{
    AUTO(crypto_op_free_ptr) struct crypto_op *op = NULL;
    HUKS_TRY(crypto_op_new(token->engine->crypto, &op));
    HUKS_TRY(crypto_op_begin(op, key, spec));
    size_t needed = crypto_op_size(op, CRYPTO_ONCE, size);
    if (out == NULL || *out_size < needed) {
        *out_size = needed;
        return out == NULL ? HUKS_OK : error_short_buffer();
    }
    HUKS_TRY(secret_alloc(secret, size));
    HUKS_TRY(crypto_random(token->engine->crypto, secret->data, size));
    huks_rc rc = crypto_op_once(op, secret_bytes(secret), out, out_size);
    return rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_DATA_LEN
               ? error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "secret size")
               : rc;
}

static huks_rc make_encapsulated(struct token *token, struct crypto_key *key,
                                 const struct encapsulation *spec, size_t size, void *out, size_t *out_size,
                                 struct secret *secret)
{
    if (spec->draws) {
        return draw_encrypted(token, key, &spec->crypto, size, out, out_size, secret);
    }
    size_t needed = crypto_kem_size(key, &spec->kem);
    if (out == NULL || *out_size < needed) {
        *out_size = needed;
        return out == NULL ? HUKS_OK : error_short_buffer();
    }
    HUKS_TRY(crypto_encapsulate(key, &spec->kem, out, secret));
    *out_size = needed;
    return HUKS_OK;
}

/* A secret that is not as long as the new key's type has it. */
static huks_rc check_secret_size(const struct secret *secret, size_t size)
{
    return size == 0 || secret->size == size ? HUKS_OK
                                             : error_raise(HUKS_E_INVALID_PARAM, ABOUT_TEMPLATE, "key size");
}

huks_rc operate_encapsulate(struct token *token, struct item *public, const struct encapsulation *spec,
                            size_t size, struct item_draft *draft, void *out, size_t *out_size,
                            uint64_t *handle)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret secret = {0};
    struct session_ref session;
    HUKS_TRY(item_key(public, &key));
    HUKS_TRY(permit_purpose(public, HUKS_PURPOSE_ENCAPSULATE));
    HUKS_TRY(session_take(token->engine->sessions, &session));
    huks_rc rc = make_encapsulated(token, key, spec, size, out, out_size, &secret);
    session_return(token->engine->sessions, session);
    if (rc != HUKS_OK || out == NULL) {
        return rc;
    }
    HUKS_TRY(check_secret_size(&secret, size));
    return item_import(token, CRYPTO_SECRET, secret_bytes(&secret), draft, STORE_ALIAS_UNIQUE, handle);
}

huks_rc operate_decapsulate(struct token *token, struct item *private, const struct encapsulation *spec,
                            struct guard **awaited, struct bytes encapsulated, size_t size,
                            struct item_draft *draft, uint64_t *handle)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret secret = {0};
    struct session_ref session;
    HUKS_TRY(item_key(private, &key));
    HUKS_TRY(permit_purpose(private, HUKS_PURPOSE_DECAPSULATE));
    if (!spec->draws) {
        HUKS_TRY(guard_once(token, private, HUKS_PURPOSE_DECAPSULATE, NULL, awaited));
    }
    HUKS_TRY(session_take(token->engine->sessions, &session));
    huks_rc rc;
    if (spec->draws) {
        rc = operate_unwrap(token, private, HUKS_PURPOSE_DECAPSULATE, &spec->crypto, awaited, encapsulated,
                            size, draft, handle);
    } else {
        rc = crypto_decapsulate(key, &spec->kem, encapsulated, &secret);
    }
    session_return(token->engine->sessions, session);
    if (rc != HUKS_OK || spec->draws) {
        return rc;
    }
    HUKS_TRY(check_secret_size(&secret, size));
    return item_import(token, CRYPTO_SECRET, secret_bytes(&secret), draft, STORE_ALIAS_UNIQUE, handle);
}
