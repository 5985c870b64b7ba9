/*
 * See guard.h.
 */
#include "service/guard.h"

#include <stdlib.h>
#include <string.h>

#include "auth/binding.h"
#include "auth/number.h"
#include "auth/token.h"
#include "service/private.h"

#define BIOMETRIC (OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE)
#define ANY_KIND  (OH_HUKS_USER_AUTH_TYPE_PIN | BIOMETRIC)

struct guard {
    struct auth *auth;
    struct item *item; /* NULL: awaits its call */
    struct auth_rule rule;
    struct access_terms terms;
    enum guard_door door;
    bool user;    /* the user must authenticate for this use */
    bool signs;   /* and stands in what is signed */
    bool granted; /* he has: `evidence`; of a guard that awaits its call, to be judged there */
    struct auth_evidence evidence;
    struct auth_moment lasts; /* a batch: until then `evidence` serves every use */
};

static huks_rc nobody(enum guard_door door)
{
    if (door == GUARD_NATIVE) {
        return error_illegal(ABOUT_LOGIN,
                             "Failed to obtain the authentication token. It is not set in ParamSet.");
    }
    return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
}

/* ---- opening ---- */

/*
 * KEY_AUTH_PURPOSE leaves some purposes free. That is worth something only when the free ones can't do the
 * work of the guarded: in CBC, GCM and CCM, and there with a nonce of our own choice, or encrypting would
 * give the key stream that decrypts.
 */
static huks_rc check_apart(const struct auth_rule *rule, const struct crypto_spec *spec, enum guard_door door)
{
    if (rule->types == 0 || rule->purposes == 0) {
        return HUKS_OK;
    }
    if (spec->method == CRYPTO_CIPHER && spec->mode != OH_HUKS_MODE_CBC) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_PURPOSE, "cipher mode with guarded purposes");
    }
    if (spec->method == CRYPTO_AEAD && spec->direction == CRYPTO_ENCRYPT && spec->iv.size > 0 &&
        door == GUARD_PKCS11) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "nonce with guarded purposes");
    }
    return HUKS_OK;
}

/*
 * Secure sign puts who authenticated before the message, so the message must be hashed here: in front of a
 * caller's hash it would push that out of what is signed.
 */
static huks_rc check_secure_sign(const struct crypto_spec *spec)
{
    bool hashed_outside = spec->direction == CRYPTO_SIGN_RECOVER || spec->method == CRYPTO_RSA_RAW ||
                          ((spec->method == CRYPTO_RSA_PKCS1 || spec->method == CRYPTO_RSA_PSS ||
                            spec->method == CRYPTO_ECDSA || spec->method == CRYPTO_DSA) &&
                           spec->digest == OH_HUKS_DIGEST_NONE);
    return hashed_outside
               ? error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "digest algorithm with secure sign")
               : HUKS_OK;
}

huks_rc guard_check_spec(const struct guard *guard, const struct crypto_spec *spec)
{
    if (guard == NULL || spec == NULL) {
        return HUKS_OK;
    }
    HUKS_TRY(check_apart(&guard->rule, spec, guard->door));
    return guard->signs ? check_secure_sign(spec) : HUKS_OK;
}

static bool user_needed(const struct auth_rule *rule, uint32_t purpose, const struct crypto_spec *spec)
{
    /* A bare RSA operation signs and decrypts alike. */
    bool bare = spec != NULL && spec->method == CRYPTO_RSA_RAW && rule->types != 0;
    return bare || auth_rule_guards(rule, purpose);
}

static huks_rc guard_make(struct token *token, struct item *item, enum guard_door door, struct guard **out)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL) {
        return error_no_memory();
    }
    guard->auth = token->auth;
    guard->item = item == NULL ? NULL : item_ref(item);
    guard->door = door;
    *out = guard;
    return HUKS_OK;
}

static huks_rc open_ruled(struct token *token, struct item *item, uint32_t purpose,
                          const struct crypto_spec *spec, enum guard_door door, struct guard **out)
{
    struct auth_rule rule;
    auth_rule_read(item->params, &rule);
    HUKS_TRY(access_check_password(token->auth, &rule));
    bool user = user_needed(&rule, purpose, spec);
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    HUKS_TRY(guard_make(token, item, door, &guard));
    guard->rule = rule;
    guard->user = user;
    guard->signs =
        user && rule.secure_sign && (purpose & (OH_HUKS_KEY_PURPOSE_SIGN | HUKS_PURPOSE_SIGN_RECOVER)) != 0;
    HUKS_TRY(guard_check_spec(guard, spec));
    if (user) {
        HUKS_TRY(access_begin(token->auth, &rule, false, &guard->terms));
    }
    *out = guard;
    guard = NULL;
    return HUKS_OK;
}

huks_rc guard_open(struct token *token, struct item *item, uint32_t purpose, const struct crypto_spec *spec,
                   enum guard_door door, struct guard **out)
{
    *out = NULL;
    return item->ruled ? open_ruled(token, item, purpose, spec, door, out) : HUKS_OK;
}

void guard_free(struct guard *guard)
{
    if (guard != NULL) {
        item_unref(guard->item);
        free(guard);
    }
}

void guard_free_ptr(struct guard **guard)
{
    guard_free(*guard);
}

bool guard_asks_each_use(const struct item *item)
{
    if (!item->ruled || item->class != HUKS_CLASS_PRIVATE_KEY) {
        return false;
    }
    struct auth_rule rule;
    auth_rule_read(item->params, &rule);
    return auth_rule_challenges(&rule);
}

huks_rc guard_check_rule(const struct param_list *params)
{
    return binding_check(params, BINDING_TEMPLATE);
}

huks_rc guard_check_password(struct item *item)
{
    if (!item->ruled) {
        return HUKS_OK;
    }
    struct auth_rule rule;
    auth_rule_read(item->params, &rule);
    return access_check_password(item->token->auth, &rule);
}

huks_rc guard_read_position(const struct item *item, uint32_t purpose, const OH_Huks_ParamSet *init,
                            uint32_t *position)
{
    struct auth_rule rule = {0};
    *position = OH_HUKS_CHALLENGE_POS_0;
    if (item->ruled) {
        auth_rule_read(item->params, &rule);
    }
    if (rule.challenge != OH_HUKS_CHALLENGE_TYPE_CUSTOM || !auth_rule_guards(&rule, purpose)) {
        return HUKS_OK;
    }
    if (!param_has(init, OH_HUKS_TAG_CHALLENGE_POS)) {
        return error_illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    *position = param_u32(init, OH_HUKS_TAG_CHALLENGE_POS, OH_HUKS_CHALLENGE_POS_0);
    return *position <= OH_HUKS_CHALLENGE_POS_3 ? HUKS_OK
                                                : error_illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ARGUMENT);
}

huks_rc guard_check_void(struct item *item)
{
    if (!item->ruled) {
        return HUKS_OK;
    }
    struct auth_rule rule;
    auth_rule_read(item->params, &rule);
    return access_check_void(item->token->auth, &rule);
}

/* ---- asking a guard ---- */

size_t guard_challenge(const struct guard *guard, uint8_t challenge[AUTH_CHALLENGE_SIZE])
{
    if (guard == NULL || !guard->terms.challenged) {
        return 0;
    }
    memcpy(challenge, guard->terms.challenge, AUTH_CHALLENGE_SIZE);
    return AUTH_CHALLENGE_SIZE;
}

void guard_set_position(struct guard *guard, uint32_t position)
{
    if (guard != NULL) {
        guard->terms.position = position;
    }
}

uint32_t guard_types(const struct guard *guard)
{
    return guard == NULL ? 0 : guard->item == NULL ? ANY_KIND : guard->rule.types;
}

bool guard_granted(const struct guard *guard)
{
    return guard == NULL || !guard->user || guard->granted;
}

/* ---- evidence ---- */

static bool windowed(const struct guard *guard)
{
    return guard->item != NULL && !auth_rule_challenges(&guard->rule);
}

/* A later authentication than the beginning renews it (PKCS #11): what is compared is now. */
static void renew(struct guard *guard, const struct auth_evidence *evidence)
{
    struct auth_moment when = evidence->when;
    if (windowed(guard) && guard->door == GUARD_PKCS11 && when.boot == guard->terms.begun.boot &&
        when.ms > guard->terms.begun.ms) {
        guard->terms.begun = auth_now(guard->auth);
    }
}

static huks_rc guard_judge(struct guard *guard, const struct auth_evidence *evidence)
{
    if (guard->item != NULL && guard->user) {
        renew(guard, evidence);
        HUKS_TRY(access_judge(guard->auth, &guard->rule, &guard->terms, evidence));
    }
    guard->evidence = *evidence;
    guard->granted = true;
    return HUKS_OK;
}

/* The latest authentication of this process, of the kinds that the key takes. */
static huks_rc guard_remember(struct guard *guard)
{
    struct auth_evidence latest, one;
    bool found = false;
    for (uint32_t type = 1; type != 0 && type <= guard->rule.types; type <<= 1) {
        if ((guard->rule.types & ANY_KIND & type) == 0 || auth_last(guard->auth, type, &one) != HUKS_OK) {
            continue;
        }
        if (!found || one.when.ms > latest.when.ms) {
            latest = one;
            found = true;
        }
    }
    error_clear();
    return found ? guard_judge(guard, &latest) : nobody(guard->door);
}

void guard_set_lasting(struct guard *guard, struct auth_moment until)
{
    if (guard != NULL) {
        guard->lasts = until;
    }
}

/* Of a guard that is not for a batch, never. */
static bool lasts(const struct guard *guard)
{
    return guard->lasts.ms != 0 && auth_moment_before(auth_now(guard->auth), guard->lasts);
}

void guard_spend(struct guard *guard)
{
    if (guard == NULL || !guard->user || windowed(guard) || lasts(guard)) {
        return;
    }
    guard->granted = false;
    memory_cleanse(&guard->evidence, sizeof(guard->evidence));
    if (access_begin(guard->auth, &guard->rule, false, &guard->terms) != HUKS_OK) {
        guard->terms.challenged = false; /* then nothing answers it */
    }
}

huks_rc guard_pass(struct guard *guard)
{
    if (guard == NULL) {
        return HUKS_OK;
    }
    HUKS_TRY(access_check_password(guard->auth, &guard->rule));
    if (guard->lasts.ms != 0 && !lasts(guard)) {
        guard_spend(guard);
        guard->lasts.ms = 0;
    }
    if (guard_granted(guard)) {
        return HUKS_OK;
    }
    return windowed(guard) && guard->door == GUARD_PKCS11 ? guard_remember(guard) : nobody(guard->door);
}

huks_rc guard_give_token(struct guard *guard, struct bytes auth_token)
{
    struct auth_evidence evidence;
    /* Of a call that is still to come nobody knows whether its key takes another device's word. */
    bool coauth = guard->item == NULL || guard->rule.coauth;
    HUKS_TRY(auth_token_open(guard->auth, auth_token, coauth, &evidence));
    HUKS_TRY(guard_judge(guard, &evidence));
    if (windowed(guard) && guard->door == GUARD_PKCS11) {
        auth_remember(guard->auth, &evidence);
    }
    return HUKS_OK;
}

/* ---- asking the user ---- */

static huks_rc ask(struct auth *auth, uint32_t types, struct auth_request request,
                   struct auth_evidence *evidence)
{
    if (request.pin.size > 0) {
        if ((types & OH_HUKS_USER_AUTH_TYPE_PIN) == 0) {
            return error_raise(HUKS_E_AUTH_FAILED, ABOUT_AUTH_TYPE, NULL);
        }
        request.types = OH_HUKS_USER_AUTH_TYPE_PIN;
    } else {
        request.pin = BYTES_NONE;
        request.types = types & BIOMETRIC;
        if (request.types == 0) {
            return error_raise(HUKS_E_ARGUMENT, ABOUT_PIN, NULL);
        }
    }
    return auth_authenticate(auth, &request, evidence);
}

huks_rc guards_ask(struct token *token, struct guard *const *guards, size_t count,
                   const struct auth_request *request)
{
    uint32_t types = 0;
    for (size_t i = 0; i < count; i++) {
        types |= guard_types(guards[i]);
    }
    struct auth_evidence evidence;
    HUKS_TRY(ask(token->auth, types, *request, &evidence));
    huks_rc rc = HUKS_OK;
    bool done = false;
    for (size_t i = 0; i < count; i++) {
        if ((guard_types(guards[i]) & evidence.type) == 0) {
            continue;
        }
        /* He stands before us: it is every guard's challenge that he answers, and its time is now. */
        (void)guard_challenge(guards[i], evidence.challenge);
        guards[i]->terms.begun = evidence.when;
        huks_rc one = guard_judge(guards[i], &evidence);
        done = done || one == HUKS_OK;
        rc = one != HUKS_OK ? one : rc;
    }
    if (done) {
        error_clear();
    }
    return done ? HUKS_OK : rc;
}

/* ---- secure sign ---- */

bool guard_signs_secure(const struct guard *guard)
{
    return guard != NULL && guard->signs;
}

void guard_prefix(const struct guard *guard, uint8_t prefix[GUARD_PREFIX_SIZE])
{
    number_put32(prefix, SECURE_SIGN_VERSION);
    number_put32(prefix + 4, auth_iam_type(guard->evidence.type));
    number_put64(prefix + 8, guard->evidence.enrolled_id);
    number_put64(prefix + 16, guard->evidence.credential_id);
}

/* ---- uses that are one call ---- */

huks_rc guard_await(struct token *token, struct guard **out)
{
    static const struct auth_rule any = {0};
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    HUKS_TRY(guard_make(token, NULL, GUARD_PKCS11, &guard));
    guard->user = true;
    HUKS_TRY(access_begin(token->auth, &any, true, &guard->terms));
    *out = guard;
    guard = NULL;
    return HUKS_OK;
}

/* What was answered for a call to come, judged by the rule of the key that it came for. */
static huks_rc settle(struct guard *guard, const struct guard *awaited)
{
    guard->terms.challenged = true;
    memcpy(guard->terms.challenge, awaited->terms.challenge, AUTH_CHALLENGE_SIZE);
    return guard_judge(guard, &awaited->evidence);
}

huks_rc guard_once_native(struct token *token, struct item *item, uint32_t purpose, struct bytes auth_token)
{
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    HUKS_TRY(guard_open(token, item, purpose, NULL, GUARD_NATIVE, &guard));
    if (guard != NULL && guard->user && auth_token.data != NULL) {
        HUKS_TRY(guard_give_token(guard, auth_token));
    }
    return guard_pass(guard);
}

huks_rc guard_once(struct token *token, struct item *item, uint32_t purpose, const struct crypto_spec *spec,
                   struct guard **awaited)
{
    AUTO(guard_free_ptr) struct guard *guard = NULL;
    HUKS_TRY(guard_open(token, item, purpose, spec, GUARD_PKCS11, &guard));
    if (guard != NULL && guard->user && awaited != NULL && *awaited != NULL && (*awaited)->granted) {
        AUTO(guard_free_ptr) struct guard *spent = *awaited;
        *awaited = NULL;
        HUKS_TRY(settle(guard, spent));
    }
    return guard_pass(guard);
}
