/*
 * See binding.h. Touches params and what is enrolled.
 */
#include "auth/binding.h"

#include <stdio.h>

#include "auth/number.h"
#include "auth/token.h"

#define TYPE_PIN         OH_HUKS_USER_AUTH_TYPE_PIN
#define TYPE_FINGERPRINT OH_HUKS_USER_AUTH_TYPE_FINGERPRINT
#define TYPE_FACE        OH_HUKS_USER_AUTH_TYPE_FACE
#define TYPE_TUI_PIN     OH_HUKS_USER_AUTH_TYPE_TUI_PIN
#define BIOMETRIC        (TYPE_FINGERPRINT | TYPE_FACE)

/* ---- reading ---- */

static bool has(const struct param_list *params, uint32_t tag)
{
    return param_list_find(params, tag) != NULL;
}

static uint32_t number(const struct param_list *params, uint32_t tag, uint32_t fallback)
{
    const OH_Huks_Param *param = param_list_find(params, tag);
    return param != NULL ? param->uint32Param : fallback;
}

static bool truth(const struct param_list *params, uint32_t tag)
{
    const OH_Huks_Param *param = param_list_find(params, tag);
    return param != NULL && param_truth(param);
}

/* Is there a user to be authenticated at all? */
static bool demands_user(const struct param_list *params)
{
    return has(params, OH_HUKS_TAG_USER_AUTH_TYPE) && !truth(params, OH_HUKS_TAG_NO_AUTH_REQUIRED);
}

/* ---- the tags among themselves ---- */

enum fault { FAULT_ABSENT, FAULT_VALUE, FAULT_TOGETHER };

/* One failure in the words of either door. */
static huks_rc refuse(enum binding_words words, enum fault fault, const char *what)
{
    if (words == BINDING_NATIVE) {
        char text[128];
        (void)(fault == FAULT_ABSENT
                   ? snprintf(text, sizeof text, "Failed to obtain the %s. It is not set in ParamSet.", what)
                   : snprintf(text, sizeof text, "Invalid %s.", what));
        return error_illegal(ABOUT_ATTRIBUTE, text);
    }
    return fault == FAULT_ABSENT ? error_raise(HUKS_E_MISSING_PARAM, ABOUT_ATTRIBUTE, what)
                                 : error_raise(HUKS_E_INVALID_PARAM,
                                               fault == FAULT_VALUE ? ABOUT_ATTRIBUTE : ABOUT_TEMPLATE, what);
}

static huks_rc check_types(const struct param_list *params, enum binding_words words)
{
    /* PIN, finger and face in any company; the secure UI's PIN without the PIN it stands for. */
    static const uint32_t legal[] = {1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35};
    uint32_t types = number(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0);
    for (size_t i = 0; i < ARRAY_SIZE(legal); i++) {
        if (legal[i] == types) {
            return HUKS_OK;
        }
    }
    return refuse(words, FAULT_VALUE, "authentication type");
}

/* What can void a key depends on who may use it: the union over the kinds. ALWAYS_VALID stands alone. */
static huks_rc check_access(const struct param_list *params, enum binding_words words)
{
    static const struct {
        uint32_t types, access;
    } voids[] = {
        {TYPE_PIN | BIOMETRIC, OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD},
        {BIOMETRIC, OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL},
    };
    uint32_t types = number(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0);
    uint32_t access = number(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0);
    uint32_t allowed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(voids); i++) {
        allowed |= (voids[i].types & types) != 0 ? voids[i].access : 0;
    }
    bool legal = access == OH_HUKS_AUTH_ACCESS_ALWAYS_VALID || (access != 0 && (access & ~allowed) == 0);
    return legal ? HUKS_OK : refuse(words, FAULT_TOGETHER, "access type");
}

static huks_rc check_window(const struct param_list *params, enum binding_words words)
{
    uint32_t window = number(params, OH_HUKS_TAG_AUTH_TIMEOUT, AUTH_WINDOW_DEFAULT);
    if (number(params, OH_HUKS_TAG_CHALLENGE_TYPE, 0) != OH_HUKS_CHALLENGE_TYPE_NONE ||
        (window >= 1 && window <= AUTH_WINDOW_MAX)) {
        return HUKS_OK;
    }
    return refuse(words, FAULT_VALUE, "timeout parameter");
}

static huks_rc check_secure_sign(const struct param_list *params, enum binding_words words)
{
    if (!has(params, OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE)) {
        return HUKS_OK;
    }
    if (number(params, OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE, 0) != OH_HUKS_SECURE_SIGN_WITH_AUTHINFO) {
        return refuse(words, FAULT_VALUE, "secure sign type");
    }
    if ((number(params, OH_HUKS_TAG_PURPOSE, 0) & OH_HUKS_KEY_PURPOSE_SIGN) != 0) {
        return HUKS_OK;
    }
    return words == BINDING_NATIVE ? error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT)
                                   : refuse(words, FAULT_TOGETHER, "secure sign type");
}

static huks_rc check_guarded(const struct param_list *params, enum binding_words words)
{
    /* In other modes the free direction is the guarded one as well: counter mode decrypts by encrypting. */
    static const struct {
        uint32_t alg, modes[3];
    } apart[] = {
        {OH_HUKS_ALG_AES, {OH_HUKS_MODE_CBC, OH_HUKS_MODE_GCM, OH_HUKS_MODE_CCM}},
        {OH_HUKS_ALG_SM4, {OH_HUKS_MODE_CBC, OH_HUKS_MODE_CBC, OH_HUKS_MODE_CBC}},
    };
    if (!has(params, OH_HUKS_TAG_KEY_AUTH_PURPOSE)) {
        return HUKS_OK;
    }
    uint32_t guarded = number(params, OH_HUKS_TAG_KEY_AUTH_PURPOSE, 0);
    if (guarded == 0 || (guarded & ~number(params, OH_HUKS_TAG_PURPOSE, 0)) != 0) {
        return words == BINDING_NATIVE ? error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose")
                                       : refuse(words, FAULT_TOGETHER, "key purpose");
    }
    const OH_Huks_Param *mode = param_list_find(params, OH_HUKS_TAG_BLOCK_MODE);
    for (size_t i = 0; mode != NULL && i < ARRAY_SIZE(apart); i++) {
        const uint32_t *modes = apart[i].modes;
        if (apart[i].alg == number(params, OH_HUKS_TAG_ALGORITHM, 0) && mode->uint32Param != modes[0] &&
            mode->uint32Param != modes[1] && mode->uint32Param != modes[2]) {
            return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_PURPOSE, "cipher mode with guarded purposes");
        }
    }
    return HUKS_OK;
}

/* A key that can become void must not live on in a wrapped form; through PKCS #11 no key with a rule may
 * leave. */
static huks_rc check_leaving(const struct param_list *params, enum binding_words words)
{
    if (words == BINDING_TEMPLATE) {
        return truth(params, HUKS_TAG_EXTRACTABLE)
                   ? refuse(words, FAULT_TOGETHER, "extractable key with an auth rule")
                   : HUKS_OK;
    }
    bool voidable = number(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0) != OH_HUKS_AUTH_ACCESS_ALWAYS_VALID;
    return voidable && truth(params, OH_HUKS_TAG_IS_ALLOWED_WRAP)
               ? error_raise(HUKS_E_INTERNAL, ABOUT_ATTRIBUTE, NULL)
               : HUKS_OK;
}

/* A template that says how the user is to be asked, and not who: its key would be free, and look guarded. */
static huks_rc check_no_user(const struct param_list *params, enum binding_words words)
{
    static const uint32_t details[] = {OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, OH_HUKS_TAG_CHALLENGE_TYPE,
                                       OH_HUKS_TAG_CHALLENGE_POS,        OH_HUKS_TAG_AUTH_TIMEOUT,
                                       OH_HUKS_TAG_KEY_AUTH_PURPOSE,     OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE};
    for (size_t i = 0; words == BINDING_TEMPLATE && i < ARRAY_SIZE(details); i++) {
        if (has(params, details[i])) {
            return refuse(words, FAULT_ABSENT, "authentication type");
        }
    }
    return HUKS_OK;
}

huks_rc binding_check(const struct param_list *params, enum binding_words words)
{
    if (!demands_user(params)) {
        return check_no_user(params, words);
    }
    if (!has(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE)) {
        return refuse(words, FAULT_ABSENT, "access type");
    }
    if (!has(params, OH_HUKS_TAG_CHALLENGE_TYPE)) {
        return refuse(words, FAULT_ABSENT, "challenge type");
    }
    HUKS_TRY(check_types(params, words));
    if (number(params, OH_HUKS_TAG_CHALLENGE_TYPE, 0) > OH_HUKS_CHALLENGE_TYPE_NONE) {
        return refuse(words, FAULT_VALUE, "challenge type");
    }
    HUKS_TRY(check_access(params, words));
    HUKS_TRY(check_window(params, words));
    HUKS_TRY(check_secure_sign(params, words));
    HUKS_TRY(check_guarded(params, words));
    HUKS_TRY(check_leaving(params, words));
    if (number(params, OH_HUKS_TAG_CHALLENGE_POS, 0) > OH_HUKS_CHALLENGE_POS_3) {
        return refuse(words, FAULT_VALUE, "challenge position");
    }
    if (words == BINDING_TEMPLATE && number(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0) == TYPE_TUI_PIN) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_TEMPLATE, "user authentication type");
    }
    return HUKS_OK;
}

/* ---- the world ---- */

static bool asks_user(const struct param_list *params)
{
    return demands_user(params) &&
           number(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0) != OH_HUKS_AUTH_ACCESS_ALWAYS_VALID;
}

huks_rc binding_check_user(struct auth *auth, const struct param_list *params)
{
    if (!asks_user(params)) {
        return HUKS_OK;
    }
    HUKS_TRY(auth_require_enrolled(auth, number(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0)));
    uint64_t uid;
    return auth_secure_uid(auth, &uid);
}

huks_rc binding_check_nobody(const struct param_list *params)
{
    return asks_user(params) ? error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL) : HUKS_OK;
}

huks_rc binding_check_password(struct auth *auth, const struct param_list *params)
{
    if (!truth(params, OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET)) {
        return HUKS_OK;
    }
    uint64_t uid;
    huks_rc rc = auth_secure_uid(auth, &uid);
    return rc == HUKS_E_NO_CREDENTIAL ? error_raise(HUKS_E_NO_DEVICE_PASSWORD, ABOUT_PIN, NULL) : rc;
}

static huks_rc put_user(struct auth *auth, struct param_list *params, struct binding *binding)
{
    struct auth_binding user;
    HUKS_TRY(auth_require_enrolled(auth, number(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0)));
    HUKS_TRY(auth_binding(auth, &user));
    number_put64(binding->secure_uid, user.secure_uid);
    number_put32(binding->enrolled, user.count);
    uint8_t *at = binding->enrolled + 4;
    for (uint32_t i = 0; i < user.count; i++, at += 12) {
        number_put32(at, auth_iam_type(user.entries[i].type));
        number_put64(at + 4, user.entries[i].enrolled_id);
    }
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_USER_AUTH_SECURE_UID, BYTES_OF(binding->secure_uid)));
    return param_list_put_bytes(params, HUKS_TAG_USER_AUTH_ENROLL_ID_INFO,
                                bytes_of(binding->enrolled, (size_t)(at - binding->enrolled)));
}

huks_rc binding_bind(struct auth *auth, struct param_list *params, struct binding *binding)
{
    static const uint32_t ours[] = {HUKS_TAG_USER_AUTH_SECURE_UID, HUKS_TAG_USER_AUTH_ENROLL_ID_INFO,
                                    HUKS_TAG_FRONT_USER_ID};
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        (void)param_list_remove(params, ours[i]);
    }
    if (asks_user(params)) {
        HUKS_TRY(put_user(auth, params, binding));
    }
    HUKS_TRY(binding_check_password(auth, params));
    return demands_user(params) ? param_list_put_u32(params, HUKS_TAG_FRONT_USER_ID, AUTH_USER_ID) : HUKS_OK;
}
