/*
 * Operations: the use rules, the session limit, then the crypto engine.
 */
#include "service/operate.h"

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
    item_unref(operation->item);
    operation->item = NULL;
    operation->token = NULL;
    operation->fed = false;
    operation->by_input = false;
    operation->process = false;
}

/* Ends on any error but a short buffer; of a process the message. */
static huks_rc operation_step(struct operation *operation, huks_rc rc, bool last)
{
    bool again = rc == HUKS_E_MEMORY && error_about() == ABOUT_BUFFER;
    bool ends = rc == HUKS_OK ? last : !again;
    if (ends && operation->process) {
        crypto_op_reset(operation->crypto);
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
    if (operation->crypto != NULL) {
        return HUKS_OK;
    }
    return crypto_op_new(token->engine->crypto, &operation->crypto);
}

bool operation_offered(struct engine *engine, uint32_t alg, const struct crypto_spec *spec)
{
    return crypto_offers(engine->crypto, alg, spec);
}

/* Takes the session; with `process` no operation of the crypto engine begins yet. */
static huks_rc operation_begin_keyed(struct operation *operation, struct token *token, struct item *item,
                                     uint32_t purpose, const struct crypto_spec *spec, bool process)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    bool by_input = false;
    HUKS_TRY(item_key(item, &key));
    HUKS_TRY(permit_purpose(item, purpose));
    HUKS_TRY(permit_operation(item, spec, &by_input));
    HUKS_TRY(session_take(sessions_of(token), &operation->session));
    huks_rc rc = process ? HUKS_OK : crypto_op_begin(operation->crypto, key, spec);
    if (rc != HUKS_OK) {
        session_return(sessions_of(token), operation->session);
        return rc;
    }
    operation->holds = true;
    operation->token = token;
    operation->item = item_ref(item);
    operation->by_input = by_input;
    operation->process = process;
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

huks_rc operation_hold(struct operation *operation, struct token *token, struct item *item)
{
    HUKS_TRY(session_take(sessions_of(token), &operation->session));
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

huks_rc operation_derive(struct operation *operation, const struct crypto_derive_spec *spec, struct secret *out)
{
    HUKS_TRY(operation_resume(operation));
    return operation_step(operation, derive(operation->token, operation->item, spec, out), false);
}

huks_rc operation_update(struct operation *operation, struct bytes in, void *out, size_t *size)
{
    HUKS_TRY(operation_resume(operation));
    huks_rc rc = crypto_op_update(operation->crypto, in, out, size);
    operation->fed = operation->fed || rc == HUKS_OK;
    return operation_step(operation, rc, false);
}

/* Before an operation's last step: a hash that the caller made must be one that the key may use. */
static huks_rc last_step(struct operation *operation, struct bytes in)
{
    HUKS_TRY(operation_resume(operation));
    if (!operation->by_input) {
        return HUKS_OK;
    }
    huks_rc rc = permit_input(operation->item, crypto_op_collected(operation->crypto), in);
    return rc == HUKS_OK ? rc : operation_step(operation, rc, true);
}

huks_rc operation_finish(struct operation *operation, void *out, size_t *size)
{
    HUKS_TRY(last_step(operation, BYTES_NONE));
    return operation_step(operation, crypto_op_finish(operation->crypto, out, size), true);
}

huks_rc operation_once(struct operation *operation, struct bytes in, void *out, size_t *size)
{
    HUKS_TRY(last_step(operation, in));
    return operation_step(operation, crypto_op_once(operation->crypto, in, out, size), true);
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
    huks_rc rc = item_key(item, &key);
    if (rc == HUKS_OK) {
        rc = crypto_op_digest_key(operation->crypto, key);
    }
    return operation_step(operation, rc, false);
}

huks_rc operation_touch(struct operation *operation)
{
    HUKS_TRY(operation_resume(operation));
    return operation_step(operation, HUKS_OK, false);
}

size_t operation_size(const struct operation *operation, enum crypto_step step, size_t in_size)
{
    return crypto_op_size(operation->crypto, step, in_size);
}

bool operation_multipart(const struct operation *operation)
{
    return crypto_op_multipart(operation->crypto);
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
    return operation_begin_keyed(operation, token, item, purpose, spec, true);
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
    return crypto_nonce_make(key, &how, nonce, size);
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
                             struct secret *out)
{
    HUKS_TRY(item_ready(base));
    HUKS_TRY(permit_derivation(base, spec));
    struct session_ref session;
    HUKS_TRY(session_take(sessions_of(token), &session));
    huks_rc rc = derive(token, base, spec, out);
    session_return(sessions_of(token), session);
    return rc;
}

huks_rc operate_derive(struct token *token, struct item *base, const struct crypto_derive_spec *spec,
                       struct item_draft *draft, uint64_t *handle)
{
    AUTO(secret_free) struct secret secret = {0};
    HUKS_TRY(operate_derive_bytes(token, base, spec, &secret));
    return item_import(token, CRYPTO_SECRET, secret_bytes(&secret), draft, STORE_ALIAS_UNIQUE, handle);
}

huks_rc operate_derive_password(struct token *token, struct bytes password, const struct crypto_derive_spec *spec,
                                struct item_draft *draft, uint64_t *handle)
{
    struct crypto *crypto = token->engine->crypto;
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_decode(crypto, CRYPTO_SECRET, HUKS_ALG_GENERIC, password, &key));
    AUTO(secret_free) struct secret secret = {0};
    HUKS_TRY(crypto_derive(crypto, key, spec, &secret));
    return item_import(token, CRYPTO_SECRET, secret_bytes(&secret), draft, STORE_ALIAS_UNIQUE, handle);
}
