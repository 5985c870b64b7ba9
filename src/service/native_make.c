/*
 * Making keys natively: the checks around the algorithm's own, and how a key becomes items that PKCS #11
 * shows as what they are. See native_make.h.
 */
#include "service/native_make.h"

#include "auth/binding.h"
#include "service/aliased.h"
#include "service/private.h"

void make_key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* ---- before the algorithm's rules ---- */

/*
 * User authentication (huks-semantics 6.2): everything that a set says about it is judged here, for every
 * creating call, before the algorithm's rules.
 */
static huks_rc check_user_auth(const struct making *making)
{
    AUTO(param_list_free) struct param_list params = {0};
    if (!param_has(making->set, OH_HUKS_TAG_USER_AUTH_TYPE)) {
        return HUKS_OK;
    }
    HUKS_TRY(param_list_add_set(&params, making->set));
    HUKS_TRY(binding_check(&params, BINDING_NATIVE));
    struct token *token;
    huks_rc rc = engine_native_token(making->engine, false, &token);
    if (rc == HUKS_E_NOT_EXIST) {
        /* A token still to be made has no PIN, no finger and no face. */
        return binding_check_nobody(&params);
    }
    HUKS_TRY(rc);
    return binding_check_user(token->auth, &params);
}

huks_rc make_begin(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set, struct making *out)
{
    *out = (struct making){.engine = engine, .set = set, .alias = alias, .rule = STORE_ALIAS_REPLACE};
    HUKS_TRY(rules_check_caller(set));
    if (!param_bool(set, OH_HUKS_TAG_KEY_OVERRIDE, true)) {
        out->rule = STORE_ALIAS_UNIQUE;
        if (native_exist(engine, alias, set) == HUKS_OK) {
            return error_raise(HUKS_E_ALIAS_EXISTS, ABOUT_ATTRIBUTE, NULL);
        }
        error_clear();
    }
    return check_user_auth(out);
}

/* ---- after them ---- */

/* A key that demands a device password is not made on a device without one. */
static huks_rc check_device_password(const struct making *making)
{
    struct token *token;
    struct token_info info = {0};
    if (!param_bool(making->set, OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, false)) {
        return HUKS_OK;
    }
    huks_rc rc = engine_native_token(making->engine, false, &token);
    if (rc == HUKS_OK) {
        rc = token_info(token, &info);
    }
    if (rc == HUKS_OK && info.pins.user_pin_set) {
        return HUKS_OK;
    }
    return rc == HUKS_OK || rc == HUKS_E_NOT_EXIST
               ? error_raise(HUKS_E_NO_DEVICE_PASSWORD, ABOUT_OBJECT, NULL)
               : rc;
}

huks_rc make_token(const struct making *making, struct token **token)
{
    HUKS_TRY(check_device_password(making));
    return native_token(making->engine, making->set, true, token);
}

/* The numbers that PKCS #11 gives each algorithm's key type, and the mechanism that makes its keys. */
static const struct kind {
    uint32_t alg, bits; /* bits 0: any */
    uint32_t key_type, mechanism;
} kinds[] = {
    {OH_HUKS_ALG_RSA, 0, 0x00, 0x0},       {OH_HUKS_ALG_ECC, 0, 0x03, 0x1040},
    {OH_HUKS_ALG_ECDH, 0, 0x03, 0x1040},   {OH_HUKS_ALG_DSA, 0, 0x01, 0x10},
    {OH_HUKS_ALG_DH, 0, 0x02, 0x20},       {OH_HUKS_ALG_ED25519, 0, 0x40, 0x1055},
    {OH_HUKS_ALG_X25519, 0, 0x41, 0x1056}, {OH_HUKS_ALG_SM2, 0, 0xc8550001, 0xc8550001},
    {OH_HUKS_ALG_AES, 0, 0x1f, 0x1080},    {OH_HUKS_ALG_HMAC, 0, 0x10, 0x350},
    {OH_HUKS_ALG_SM3, 0, 0x10, 0x350},     {OH_HUKS_ALG_SM4, 0, 0xc8550002, 0xc8550006},
    {OH_HUKS_ALG_DES, 0, 0x13, 0x120},     {OH_HUKS_ALG_3DES, 128, 0x14, 0x130},
    {OH_HUKS_ALG_3DES, 0, 0x15, 0x131},
};

static const struct kind *kind_find(uint32_t alg, uint32_t bits)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].alg == alg && (kinds[i].bits == 0 || kinds[i].bits == bits)) {
            return &kinds[i];
        }
    }
    return NULL;
}

/*
 * Tags of a creating set that are of the call and not of the key, hold key bytes, or are the keystore's own
 * to write: what a caller says there is not kept.
 */
static const uint32_t call_tags[] = {
    OH_HUKS_TAG_KEY_OVERRIDE,
    OH_HUKS_TAG_KEY_STORAGE_FLAG,
    OH_HUKS_TAG_KEY_ALIAS,
    OH_HUKS_TAG_AUTH_TOKEN,
    OH_HUKS_TAG_SYMMETRIC_KEY_DATA,
    OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA,
    OH_HUKS_TAG_ASYMMETRIC_PRIVATE_KEY_DATA,
    HUKS_TAG_PWD,
    HUKS_TAG_DERIVE_MAIN_KEY,
    HUKS_TAG_KEY,
    HUKS_TAG_CRYPTO_CTX,
    HUKS_TAG_VERIFIED_AUTH_TOKEN,
    HUKS_TAG_USER_AUTH_ENROLL_ID_INFO,
    HUKS_TAG_USER_AUTH_SECURE_UID,
    HUKS_TAG_FRONT_USER_ID,
    HUKS_TAG_OWNER_ID,
    HUKS_TAG_OWNER_TYPE,
    HUKS_TAG_ACCOUNT_ID,
    HUKS_TAG_ACCESS_TOKEN_ID,
    HUKS_TAG_PROCESS_NAME,
    OH_HUKS_TAG_USER_ID,
    HUKS_TAG_KEY_VERSION,
    HUKS_TAG_OS_VERSION,
    HUKS_TAG_OS_PATCHLEVEL,
};

/* PKCS #11 3.2, section 5.18.5: what a derived key was always is what its base key always was. */
void make_from(struct making *making, const struct item *base)
{
    making->always_sensitive = param_bool(item_params(base), HUKS_TAG_ALWAYS_SENSITIVE, false);
    making->never_extractable = param_bool(item_params(base), HUKS_TAG_NEVER_EXTRACTABLE, false);
}

static huks_rc draft_secrecy(const struct making *making, bool local, struct param_list *params)
{
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_SENSITIVE, true));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_EXTRACTABLE, false));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_ALWAYS_SENSITIVE, local || making->always_sensitive));
    return param_list_put_bool(params, HUKS_TAG_NEVER_EXTRACTABLE, local || making->never_extractable);
}

static huks_rc draft_names(const struct making *making, const struct kind *kind, bool local,
                           struct param_list *params)
{
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_ALIAS, making->alias));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_LABEL, making->alias));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_KEY_TYPE, kind->key_type));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_LOCAL, local));
    return local ? param_list_put_u64(params, HUKS_TAG_KEY_GEN_MECHANISM, kind->mechanism) : HUKS_OK;
}

/* A key's item: the set as it was given, and what PKCS #11 wants to know beside it. */
static huks_rc draft_fill(const struct making *making, const struct kind *kind, uint32_t key_flag,
                          uint32_t class, uint32_t purposes, struct item_draft *draft)
{
    struct param_list *params = &draft->params;
    uint32_t level = native_level(making->set);
    bool public = class == HUKS_CLASS_PUBLIC_KEY;
    bool local = key_flag == OH_HUKS_KEY_FLAG_GENERATE_KEY;
    draft->on_token = true;
    draft->identify = true;
    HUKS_TRY(param_list_add_set(params, making->set));
    for (size_t i = 0; i < ARRAY_SIZE(call_tags); i++) {
        param_list_remove(params, call_tags[i]);
    }
    HUKS_TRY(draft_names(making, kind, local, params));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, class));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_PURPOSE, purposes));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, level));
    HUKS_TRY(
        param_list_put_bool(params, HUKS_TAG_PRIVATE, !public && level != OH_HUKS_AUTH_STORAGE_LEVEL_DE));
    return public ? HUKS_OK : draft_secrecy(making, local, params);
}

static void drafts_free(struct item_draft (*drafts)[2])
{
    param_list_free(&(*drafts)[0].params);
    param_list_free(&(*drafts)[1].params);
}

/* Purposes of a pair's public half. */
#define PUBLIC_PURPOSES (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_WRAP)

static huks_rc fill_pair(const struct making *making, const struct kind *kind, uint32_t key_flag,
                         struct item_draft drafts[2])
{
    uint32_t purposes = param_u32(making->set, OH_HUKS_TAG_PURPOSE, 0);
    HUKS_TRY(
        draft_fill(making, kind, key_flag, HUKS_CLASS_PUBLIC_KEY, purposes & PUBLIC_PURPOSES, &drafts[0]));
    return draft_fill(making, kind, key_flag, HUKS_CLASS_PRIVATE_KEY, purposes & ~(uint32_t)PUBLIC_PURPOSES,
                      &drafts[1]);
}

/* HUKS keeps a key in a file of at most so many bytes: parameters and, not counted here, the key. */
#define KEY_FILE_MAX 10240u

static huks_rc check_file_size(const struct item_draft drafts[2])
{
    for (size_t i = 0; i < 2; i++) {
        const struct param_list *params = &drafts[i].params;
        size_t size = params->count * sizeof(OH_Huks_Param);
        for (size_t j = 0; j < params->count; j++) {
            bool bytes = tag_type(params->params[j].tag) == OH_HUKS_TAG_TYPE_BYTES;
            size += bytes ? params->params[j].blob.size : 0;
        }
        if (size > KEY_FILE_MAX) {
            return error_raise(HUKS_E_FILE, ABOUT_FILE_SIZE, NULL);
        }
    }
    return HUKS_OK;
}

huks_rc make_keep(const struct making *making, struct token *token, struct crypto_key *key,
                  enum make_halves halves, uint32_t key_flag)
{
    static const uint32_t classes[] = {
        [CRYPTO_SECRET] = HUKS_CLASS_SECRET_KEY,
        [CRYPTO_PUBLIC] = HUKS_CLASS_PUBLIC_KEY,
        [CRYPTO_PRIVATE] = HUKS_CLASS_PRIVATE_KEY,
    };
    AUTO(drafts_free) struct item_draft drafts[2] = {0};
    uint64_t handles[2];
    const struct kind *kind = kind_find(crypto_key_alg(key), crypto_key_bits(key));
    if (kind == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    if (crypto_key_class(key) == CRYPTO_PRIVATE && halves == MAKE_PAIR) {
        HUKS_TRY(fill_pair(making, kind, key_flag, drafts));
        HUKS_TRY(check_file_size(drafts));
        return item_keep(token, key, key_flag, drafts, 2, making->rule, handles);
    }
    HUKS_TRY(draft_fill(making, kind, key_flag, classes[crypto_key_class(key)],
                        param_u32(making->set, OH_HUKS_TAG_PURPOSE, 0), &drafts[0]));
    HUKS_TRY(check_file_size(drafts));
    return item_keep(token, key, key_flag, drafts, 1, making->rule, handles);
}
