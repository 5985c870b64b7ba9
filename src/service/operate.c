/*
 * Operations: the use rules, the session limit, then the crypto engine.
 */
#include "service/operate.h"

#include "param/rules.h"
#include "service/permit.h"
#include "service/private.h"

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* ---- the pending operation ---- */

static struct session_table *sessions_of(struct token *token)
{
    return token->engine->sessions;
}

static void operation_end(struct operation *operation)
{
    if (operation->holds) {
        session_return(sessions_of(operation->token), operation->session);
        operation->holds = false;
    }
    if (operation->crypto != NULL) {
        crypto_op_reset(operation->crypto);
    }
    guard_free(operation->guard);
    operation->guard = NULL;
    item_unref(operation->item);
    operation->item = NULL;
    operation->token = NULL;
    operation->fed = false;
    operation->by_input = false;
    operation->process = false;
    operation->hollow = false;
    operation->prefixed = false;
    operation->own_nonce = false;
}

/* Ends on any error but a short buffer; of a process the message. */
static huks_rc operation_step(struct operation *operation, huks_rc rc, bool last)
{
    bool again = rc == HUKS_E_MEMORY && error_about() == ABOUT_BUFFER;
    bool ends = rc == HUKS_OK ? last : !again;
    if (ends && operation->process) {
        crypto_op_reset(operation->crypto);
        guard_spend(operation->guard);
        operation->prefixed = operation->own_nonce = false;
    } else if (ends) {
        operation_end(operation);
    }
    if (operation->holds) {
        session_rest(sessions_of(operation->token), operation->session);
    }
    return rc;
}

/* An idle holder may have lost its session to a waiter: then the operation is over. */
static huks_rc operation_resume(struct operation *operation)
{
    if (!operation->holds || session_enter(sessions_of(operation->token), operation->session)) {
        return HUKS_OK;
    }
    operation->holds = false;
    operation_end(operation);
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_OPERATION, NULL);
}

static huks_rc operation_prepare(struct operation *operation, struct token *token)
{
    operation->hollow = false;
    if (operation->crypto != NULL) {
        return HUKS_OK;
    }
    return crypto_op_new(token->engine->crypto, &operation->crypto);
}

size_t operation_digest_size(uint32_t digest)
{
    return crypto_digest_size(digest);
}

bool operation_offered(struct engine *engine, uint32_t alg, const struct crypto_spec *spec)
{
    return crypto_offers(engine->crypto, alg, spec);
}

/* The key, or none of a key that is void and whose user is to be told so last. */
static huks_rc operation_key(struct operation *operation, struct item *item, struct crypto_key **key)
{
    huks_rc rc = item_key(item, key);
    operation->hollow = rc == HUKS_E_AUTH_INVALIDATED && operation->door == GUARD_NATIVE;
    return operation->hollow ? HUKS_OK : rc;
}

/* Takes the session; with `process` no operation of the crypto engine begins yet. */
static huks_rc operation_begin_keyed(struct operation *operation, struct token *token, struct item *item,
                                     uint32_t purpose, const struct crypto_spec *spec, bool process)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    bool by_input = false;
    HUKS_TRY(operation_key(operation, item, &key));
    HUKS_TRY(permit_purpose(item, purpose));
    HUKS_TRY(permit_operation(item, spec, &by_input));
    HUKS_TRY(guard_open(token, item, purpose, spec, operation->door, &guard));
    HUKS_TRY(session_take(sessions_of(token), &operation->session));
    huks_rc rc = process || operation->hollow ? HUKS_OK : crypto_op_begin(operation->crypto, key, spec);
    if (rc != HUKS_OK) {
        session_return(sessions_of(token), operation->session);
        return rc;
    }
    operation->holds = true;
    operation->token = token;
    operation->item = item_ref(item);
    operation->by_input = by_input;
    operation->process = process;
    operation->guard = guard;
    guard = NULL;
    return HUKS_OK;
}

huks_rc operation_begin(struct operation *operation, struct token *token, struct item *item, uint32_t purpose,
                        const struct crypto_spec *spec)
{
    HUKS_TRY(operation_prepare(operation, token));
    if (item == NULL) {
        HUKS_TRY(crypto_op_begin(operation->crypto, NULL, spec));
        operation->token = token;
        return HUKS_OK;
    }
    return operation_begin_keyed(operation, token, item, purpose, spec, false);
}

/* ---- guarded steps ---- */

/* The guard's refusal ends a process as well as an operation. */
huks_rc operation_pass(struct operation *operation)
{
    HUKS_TRY(operation_resume(operation));
    if (operation->guard == NULL) {
        return HUKS_OK;
    }
    huks_rc rc = guard_pass(operation->guard);
    if (rc == HUKS_OK && operation->hollow) {
        rc = error_raise(HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT, NULL);
    }
    if (rc != HUKS_OK) {
        operation_end(operation);
    }
    return rc;
}

/* Every step with data begins here. With secure sign what is signed begins with who authenticated. */
static huks_rc operation_enter(struct operation *operation)
{
    HUKS_TRY(operation_pass(operation));
    if (operation->guard == NULL || operation->prefixed || !guard_signs_secure(operation->guard)) {
        return HUKS_OK;
    }
    uint8_t prefix[GUARD_PREFIX_SIZE];
    size_t none = 0;
    guard_prefix(operation->guard, prefix);
    huks_rc rc = crypto_op_update(operation->crypto, BYTES_OF(prefix), NULL, &none);
    operation->prefixed = rc == HUKS_OK;
    return rc == HUKS_OK ? rc : operation_step(operation, rc, true);
}

/* The last step of a secure signature: the prefix goes out in front of it. */
static huks_rc operation_finish_prefixed(struct operation *operation, struct bytes in, void *out,
                                         size_t *size)
{
    size_t rest = crypto_op_size(operation->crypto, CRYPTO_ONCE, in.size);
    if (*size < GUARD_PREFIX_SIZE + rest) {
        *size = GUARD_PREFIX_SIZE + rest;
        return error_short_buffer();
    }
    size_t none = 0;
    if (in.size > 0) {
        HUKS_TRY(crypto_op_update(operation->crypto, in, NULL, &none));
    }
    rest = *size - GUARD_PREFIX_SIZE;
    HUKS_TRY(crypto_op_finish(operation->crypto, (uint8_t *)out + GUARD_PREFIX_SIZE, &rest));
    guard_prefix(operation->guard, out);
    *size = GUARD_PREFIX_SIZE + rest;
    return HUKS_OK;
}

/* ---- derivations as operations ---- */

huks_rc operation_hold(struct operation *operation, struct token *token, struct item *item, uint32_t purpose)
{
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    HUKS_TRY(guard_open(token, item, purpose, NULL, operation->door, &guard));
    HUKS_TRY(session_take(sessions_of(token), &operation->session));
    operation->guard = guard;
    guard = NULL;
    operation->holds = true;
    operation->token = token;
    operation->item = item_ref(item);
    return HUKS_OK;
}

/* The item's key, for one derivation that its creator permits. */
static huks_rc derive(struct token *token, struct item *base, const struct crypto_derive_spec *spec,
                      struct secret *out)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(base, &key));
    HUKS_TRY(permit_derivation(base, spec));
    return crypto_derive(token->engine->crypto, key, spec, out);
}

huks_rc operation_derive(struct operation *operation, const struct crypto_derive_spec *spec,
                         struct secret *out)
{
    HUKS_TRY(operation_enter(operation));
    return operation_step(operation, derive(operation->token, operation->item, spec, out), false);
}

/* ---- steps ---- */

huks_rc operation_update(struct operation *operation, struct bytes in, void *out, size_t *size)
{
    HUKS_TRY(operation_enter(operation));
    huks_rc rc = crypto_op_update(operation->crypto, in, out, size);
    operation->fed = operation->fed || rc == HUKS_OK;
    return operation_step(operation, rc, false);
}

/* Before an operation's last step: a hash that the caller made must be one that the key may use. */
static huks_rc last_step(struct operation *operation, struct bytes in)
{
    HUKS_TRY(operation_enter(operation));
    if (!operation->by_input) {
        return HUKS_OK;
    }
    huks_rc rc = permit_input(operation->item, crypto_op_collected(operation->crypto), in);
    return rc == HUKS_OK ? rc : operation_step(operation, rc, true);
}

huks_rc operation_finish(struct operation *operation, void *out, size_t *size)
{
    HUKS_TRY(last_step(operation, BYTES_NONE));
    huks_rc rc = operation->prefixed ? operation_finish_prefixed(operation, BYTES_NONE, out, size)
                                     : crypto_op_finish(operation->crypto, out, size);
    return operation_step(operation, rc, true);
}

huks_rc operation_once(struct operation *operation, struct bytes in, void *out, size_t *size)
{
    HUKS_TRY(last_step(operation, in));
    huks_rc rc = operation->prefixed ? operation_finish_prefixed(operation, in, out, size)
                                     : crypto_op_once(operation->crypto, in, out, size);
    return operation_step(operation, rc, true);
}

huks_rc operation_verify(struct operation *operation, struct bytes signature)
{
    HUKS_TRY(last_step(operation, BYTES_NONE));
    return operation_step(operation, crypto_op_verify(operation->crypto, signature), true);
}

huks_rc operation_verify_once(struct operation *operation, struct bytes in, struct bytes signature)
{
    HUKS_TRY(last_step(operation, in));
    return operation_step(operation, crypto_op_verify_once(operation->crypto, in, signature), true);
}

huks_rc operation_digest_key(struct operation *operation, struct item *item)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    huks_rc rc = guard_once(operation->token, item, GUARD_ANY_PURPOSE, NULL, NULL);
    if (rc == HUKS_OK) {
        rc = item_key(item, &key);
    }
    if (rc == HUKS_OK) {
        rc = crypto_op_digest_key(operation->crypto, key);
    }
    return operation_step(operation, rc, false);
}

huks_rc operation_authenticate(struct operation *operation, struct bytes auth_token)
{
    if (operation->guard != NULL && auth_token.data != NULL && !guard_granted(operation->guard)) {
        HUKS_TRY(guard_give_token(operation->guard, auth_token));
    }
    return operation_pass(operation);
}

huks_rc operation_touch(struct operation *operation)
{
    HUKS_TRY(operation_resume(operation));
    return operation_step(operation, HUKS_OK, false);
}

size_t operation_size(const struct operation *operation, enum crypto_step step, size_t in_size)
{
    size_t prefix = step != CRYPTO_UPDATE && guard_signs_secure(operation->guard) ? GUARD_PREFIX_SIZE : 0;
    return prefix + (operation->hollow ? 0 : crypto_op_size(operation->crypto, step, in_size));
}

bool operation_multipart(const struct operation *operation)
{
    return operation->hollow || crypto_op_multipart(operation->crypto);
}

void operation_cancel(struct operation *operation)
{
    if (operation_pending(operation)) {
        operation_end(operation);
    }
}

void operation_forget(struct operation *operation)
{
    if (!operation_pending(operation) && operation->crypto != NULL) {
        crypto_op_forget(operation->crypto);
    }
}

void operation_free(struct operation *operation)
{
    operation_cancel(operation);
    crypto_op_free(operation->crypto);
    operation->crypto = NULL;
}

/* ---- messages ---- */

huks_rc operation_open(struct operation *operation, struct token *token, struct item *item, uint32_t purpose,
                       const struct crypto_spec *spec)
{
    HUKS_TRY(operation_prepare(operation, token));
    crypto_op_reset(operation->crypto);
    HUKS_TRY(operation_begin_keyed(operation, token, item, purpose, spec, true));
    if (operation->guard != NULL && rules_batches(item_params(item), purpose)) {
        guard_set_lasting(operation->guard, auth_moment_after(auth_now(token->auth), RULES_BATCH_DEFAULT));
    }
    return HUKS_OK;
}

huks_rc operation_batch(struct operation *operation, struct token *token, struct item *item, uint32_t purpose)
{
    HUKS_TRY(operation_prepare(operation, token));
    crypto_op_reset(operation->crypto);
    HUKS_TRY(operation_hold(operation, token, item, purpose));
    operation->process = true;
    guard_set_lasting(operation->guard, (struct auth_moment){auth_now(token->auth).boot, UINT64_MAX});
    return HUKS_OK;
}

huks_rc operation_message(struct operation *operation, const struct crypto_spec *spec)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(operation_resume(operation));
    huks_rc rc = item_key(operation->item, &key);
    if (rc == HUKS_OK) {
        /* The message's parameter may name another digest than the process's. */
        rc = permit_operation(operation->item, spec, &operation->by_input);
    }
    if (rc == HUKS_OK && !operation->own_nonce) {
        rc = guard_check_spec(operation->guard, spec);
    }
    if (rc == HUKS_OK) {
        rc = crypto_op_begin(operation->crypto, key, spec);
    }
    return operation_step(operation, rc, false);
}

huks_rc operation_nonce(struct operation *operation, struct crypto_nonce how, uint8_t *nonce, size_t size)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(operation->item, &key));
    how.lasting = operation->item->on_token;
    HUKS_TRY(crypto_nonce_make(key, &how, nonce, size));
    /* One that nobody else had a part in. */
    operation->own_nonce = how.fixed_bits == 0 && how.generator != CRYPTO_NONCE_XOR;
    return HUKS_OK;
}

struct bytes operation_tag(const struct operation *operation)
{
    return crypto_op_tag(operation->crypto);
}

huks_rc operation_set_tag(struct operation *operation, struct bytes tag)
{
    return crypto_op_set_tag(operation->crypto, tag);
}

/* ---- saved state ---- */

/* A saved state is for this engine alone: it is sealed under a key that nobody stores. */
static struct bytes state_context(void)
{
    return bytes_of("operation state", sizeof("operation state") - 1);
}

huks_rc operation_save(struct operation *operation, struct buffer *state)
{
    AUTO(secret_free) struct secret plain = {0};
    HUKS_TRY(crypto_op_save(operation->crypto, &plain));
    struct engine *engine = operation->token->engine;
    const uint8_t *key;
    HUKS_TRY(engine_state_key(engine, &key));
    return crypto_seal(engine->crypto, key, state_context(), secret_bytes(&plain), state);
}

huks_rc operation_restore(struct operation *operation, struct token *token, struct bytes state)
{
    HUKS_TRY(operation_prepare(operation, token));
    struct engine *engine = token->engine;
    const uint8_t *key;
    HUKS_TRY(engine_state_key(engine, &key));
    AUTO(secret_free) struct secret plain = {0};
    HUKS_TRY(crypto_unseal(engine->crypto, key, state_context(), state, &plain));
    HUKS_TRY(crypto_op_restore(operation->crypto, secret_bytes(&plain)));
    operation->token = token;
    return HUKS_OK;
}

/* ---- one-call verbs ---- */

huks_rc operate_derive_bytes(struct token *token, struct item *base, const struct crypto_derive_spec *spec,
                             struct guard **awaited, struct secret *out)
{
    const uint32_t purposes = OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE;
    HUKS_TRY(item_ready(base));
    HUKS_TRY(permit_derivation(base, spec));
    HUKS_TRY(guard_once(token, base, purposes, NULL, awaited));
    struct session_ref session;
    HUKS_TRY(session_take(sessions_of(token), &session));
    huks_rc rc = derive(token, base, spec, out);
    session_return(sessions_of(token), session);
    return rc;
}
