/*
 * See access.h. Touches what is enrolled, and random bytes for challenges.
 */
#include "auth/access.h"

#include "auth/credential.h"
#include "auth/inside.h"
#include "auth/number.h"
#include "auth/token.h"

#define BIOMETRIC (OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE)

#define SLOT_SIZE  8 /* of a CUSTOM challenge: what one operation compares */
#define ENTRY_SIZE 12

/* ---- an operation begins ---- */

huks_rc access_begin(struct auth *auth, const struct auth_rule *rule, bool always, struct access_terms *terms)
{
    terms->challenged = always || auth_rule_challenges(rule);
    if (terms->challenged) {
        HUKS_TRY(crypto_random(auth->crypto, terms->challenge, sizeof terms->challenge));
    }
    terms->position = rule->position;
    terms->begun = auth_now(auth);
    return HUKS_OK;
}

/* ---- void for good ---- */

static huks_rc voided(void)
{
    return error_raise(HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT, NULL);
}

/* The enrolled id that the key was bound with. */
static bool bound_id(const struct auth_rule *rule, uint32_t type, uint64_t *id)
{
    struct bytes list = rule->enrolled;
    if (list.size < 4) {
        return false;
    }
    const uint8_t *at = list.data + 4;
    for (uint32_t left = number_get32(list.data); left > 0 && at + ENTRY_SIZE <= list.data + list.size;
         left--) {
        if (number_get32(at) == auth_iam_type(type)) {
            *id = number_get64(at + 4);
            return true;
        }
        at += ENTRY_SIZE;
    }
    return false;
}

/* The PIN is the one that the key was bound to, or that one changed by who knew it. */
static huks_rc check_pin(struct auth *auth, const struct auth_rule *rule)
{
    uint64_t uid = 0;
    huks_rc rc = auth_secure_uid(auth, &uid);
    if (rc == HUKS_E_NO_CREDENTIAL) {
        return voided();
    }
    HUKS_TRY(rc);
    return uid == rule->secure_uid ? HUKS_OK : voided();
}

/*
 * Fingers or faces are those of the binding, or fewer of them. An enrolled id outlives its fingers: a key
 * that a new one has voided does not come back when all are removed.
 */
static huks_rc check_bodies(struct auth *auth, const struct auth_rule *rule)
{
    struct credentials now;
    HUKS_TRY(credentials_read(auth, &now));
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        uint64_t id = 0;
        if ((now.kinds[i].type & rule->types) != 0 &&
            (!bound_id(rule, now.kinds[i].type, &id) || id != now.kinds[i].enrolled_id)) {
            return voided();
        }
    }
    return HUKS_OK;
}

huks_rc access_check_void(struct auth *auth, const struct auth_rule *rule)
{
    if (rule->types == 0) {
        return HUKS_OK;
    }
    if ((rule->access & OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD) != 0) {
        HUKS_TRY(check_pin(auth, rule));
    }
    return (rule->access & OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL) != 0 ? check_bodies(auth, rule)
                                                                            : HUKS_OK;
}

huks_rc access_check_password(struct auth *auth, const struct auth_rule *rule)
{
    if (!rule->password) {
        return HUKS_OK;
    }
    uint64_t uid;
    huks_rc rc = auth_secure_uid(auth, &uid);
    return rc == HUKS_E_NO_CREDENTIAL ? error_raise(HUKS_E_NO_DEVICE_PASSWORD, ABOUT_PIN, NULL) : rc;
}

/* ---- the decision ---- */

static huks_rc refused(void)
{
    return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
}

static bool same_challenge(const struct auth_rule *rule, const struct access_terms *terms,
                           const struct auth_evidence *evidence)
{
    size_t first = 0, size = AUTH_CHALLENGE_SIZE;
    if (rule->challenge == OH_HUKS_CHALLENGE_TYPE_CUSTOM) {
        size = SLOT_SIZE;
        first = terms->position * (size_t)SLOT_SIZE;
    }
    return terms->challenged && first + size <= AUTH_CHALLENGE_SIZE &&
           crypto_equal(terms->challenge + first, size, evidence->challenge + first, size);
}

static huks_rc judge_identity(const struct auth_rule *rule, const struct auth_evidence *evidence)
{
    uint64_t id = 0;
    if ((rule->access & OH_HUKS_AUTH_ACCESS_ALWAYS_VALID) != 0 && evidence->user_id != rule->user_id) {
        return voided();
    }
    if ((rule->access & OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD) != 0 &&
        evidence->secure_uid != rule->secure_uid) {
        return voided();
    }
    bool body = (evidence->type & BIOMETRIC) != 0;
    if ((rule->access & OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL) != 0 && body &&
        (!bound_id(rule, evidence->type, &id) || id != evidence->enrolled_id)) {
        return voided();
    }
    return HUKS_OK;
}

huks_rc access_judge(struct auth *auth, const struct auth_rule *rule, const struct access_terms *terms,
                     const struct auth_evidence *evidence)
{
    if (auth_rule_challenges(rule)) {
        if (!same_challenge(rule, terms, evidence)) {
            return refused();
        }
    } else if (auth_moment_apart(terms->begun, evidence->when) > (uint64_t)rule->window_s * 1000) {
        return error_raise(HUKS_E_AUTH_TIMED_OUT, ABOUT_LOGIN, NULL);
    }
    if (evidence->token_type == AUTH_TOKEN_COAUTH && !rule->coauth) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "authentication token");
    }
    if (evidence->type == 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "user authentication type");
    }
    if ((evidence->type & rule->types) == 0) {
        return refused();
    }
    HUKS_TRY(judge_identity(rule, evidence));
    return access_check_void(auth, rule);
}
