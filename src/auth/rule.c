/*
 * See rule.h.
 */
#include "auth/rule.h"

#include "auth/number.h"
#include "auth/user.h"

static bool demands_user(const OH_Huks_ParamSet *params)
{
    return param_u32(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0) != 0 &&
           !param_bool(params, OH_HUKS_TAG_NO_AUTH_REQUIRED, false);
}

bool auth_ruled(const OH_Huks_ParamSet *params)
{
    /* Public halves tell what their pair was made with, and are free. */
    return param_u32(params, HUKS_TAG_OBJECT_CLASS, HUKS_CLASS_SECRET_KEY) != HUKS_CLASS_PUBLIC_KEY &&
           (demands_user(params) || param_bool(params, OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, false));
}

void auth_rule_read(const OH_Huks_ParamSet *params, struct auth_rule *rule)
{
    *rule = (struct auth_rule){
        .types = demands_user(params) ? param_u32(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0) : 0,
        .access = param_u32(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0),
        .challenge = param_u32(params, OH_HUKS_TAG_CHALLENGE_TYPE, OH_HUKS_CHALLENGE_TYPE_NORMAL),
        .position = param_u32(params, OH_HUKS_TAG_CHALLENGE_POS, OH_HUKS_CHALLENGE_POS_0),
        .window_s = param_u32(params, OH_HUKS_TAG_AUTH_TIMEOUT, AUTH_WINDOW_DEFAULT),
        .purposes = param_u32(params, OH_HUKS_TAG_KEY_AUTH_PURPOSE, 0),
        .secure_sign = param_u32(params, OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE, 0) != 0,
        .password = param_bool(params, OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, false),
        .coauth = param_u32(params, OH_HUKS_TAG_USER_AUTH_MODE, OH_HUKS_USER_AUTH_MODE_LOCAL) ==
                  OH_HUKS_USER_AUTH_MODE_COAUTH,
        .user_id = (int32_t)param_u32(params, HUKS_TAG_FRONT_USER_ID, AUTH_USER_ID),
        .enrolled = param_bytes(params, HUKS_TAG_USER_AUTH_ENROLL_ID_INFO),
    };
    struct bytes uid = param_bytes(params, HUKS_TAG_USER_AUTH_SECURE_UID);
    if (uid.size == sizeof(uint64_t)) {
        rule->secure_uid = number_get64(uid.data);
    }
}

/* Purposes by which one key does one thing. */
static const uint32_t kin[] = {
    OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_MAC | HUKS_PURPOSE_SIGN_RECOVER,
    OH_HUKS_KEY_PURPOSE_VERIFY | HUKS_PURPOSE_VERIFY_RECOVER,
    OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_WRAP | HUKS_PURPOSE_ENCAPSULATE,
    OH_HUKS_KEY_PURPOSE_DECRYPT | OH_HUKS_KEY_PURPOSE_UNWRAP | HUKS_PURPOSE_DECAPSULATE,
    OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE,
};

bool auth_rule_guards(const struct auth_rule *rule, uint32_t purpose)
{
    if (rule->types == 0 || rule->purposes == 0) {
        return rule->types != 0;
    }
    uint32_t guarded = rule->purposes;
    for (size_t i = 0; i < ARRAY_SIZE(kin); i++) {
        guarded |= (rule->purposes & kin[i]) != 0 ? kin[i] : 0;
    }
    return (guarded & purpose) != 0;
}

bool auth_rule_challenges(const struct auth_rule *rule)
{
    return rule->types != 0 && rule->challenge != OH_HUKS_CHALLENGE_TYPE_NONE;
}
