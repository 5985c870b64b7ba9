/*
 * HUKS's verbs on keys; see native.h. A pair is two items under one alias: the private half carries the
 * level, the public half stays readable.
 */
#include "service/native.h"

#include <stdlib.h>
#include <string.h>

#include "param/rules.h"
#include "service/private.h"

#define ALIASES_MAX 2048

/* Purposes of a pair's halves. */
#define PUBLIC_PURPOSES (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_WRAP)

static uint32_t set_level(const OH_Huks_ParamSet *set)
{
    return param_u32(set, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_CE);
}

/* The token, with the level open: CE and ECE wait for the PIN of a token that has one. */
static huks_rc native_token(struct engine *engine, const OH_Huks_ParamSet *set, bool create, struct token **out)
{
    uint32_t level = set_level(set);
    if (level > OH_HUKS_AUTH_STORAGE_LEVEL_ECE) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(engine_native_token(engine, create, out));
    if (level != OH_HUKS_AUTH_STORAGE_LEVEL_DE && !token_private_open(*out)) {
        return error_raise_text(HUKS_E_PERMISSION, ABOUT_LOGIN,
                                "Permission check failed. Apply for the required permissions first.");
    }
    return HUKS_OK;
}

/* ---- finding by alias ---- */

/* The items under an alias of a level: one, or a pair's two. */
struct aliased {
    struct item *items[2];
    size_t count;
};

static void aliased_free(struct aliased *aliased)
{
    for (size_t i = 0; i < aliased->count; i++) {
        item_unref(aliased->items[i]);
    }
}

static huks_rc aliased_find(struct token *token, struct bytes alias, uint32_t level, struct aliased *out)
{
    struct store_match match = {.tag = HUKS_TAG_ALIAS, .value = alias};
    uint64_t *handles = NULL;
    size_t found = 0;
    HUKS_TRY(item_find(token, &match, 1, &handles, &found));
    for (size_t i = 0; i < found && out->count < ARRAY_SIZE(out->items); i++) {
        struct item *item = NULL;
        if (item_get(token, handles[i], &item) != HUKS_OK) {
            continue;
        }
        const OH_Huks_ParamSet *params = item_params(item);
        bool fits = item_alg(item) != 0 && item_on_token(item) &&
                    bytes_equal(param_bytes(params, HUKS_TAG_ALIAS), alias) &&
                    param_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0) == level;
        if (fits) {
            out->items[out->count++] = item;
        } else {
            item_unref(item);
        }
    }
    free(handles);
    error_clear();
    return out->count > 0 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}

static huks_rc aliased_open(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                            struct token **token, struct aliased *out)
{
    HUKS_TRY(native_token(engine, set, false, token));
    return aliased_find(*token, alias, set_level(set), out);
}

/* ---- making ---- */

/* The number that PKCS #11 gives each algorithm's key type. */
static const struct {
    uint32_t alg, key_type;
    bool pair;
} kinds[] = {
    {OH_HUKS_ALG_RSA, 0x00, true},     {OH_HUKS_ALG_ECC, 0x03, true},    {OH_HUKS_ALG_ECDH, 0x03, true},
    {OH_HUKS_ALG_DSA, 0x01, true},     {OH_HUKS_ALG_DH, 0x02, true},     {OH_HUKS_ALG_ED25519, 0x40, true},
    {OH_HUKS_ALG_X25519, 0x41, true},  {OH_HUKS_ALG_AES, 0x1f, false},   {OH_HUKS_ALG_HMAC, 0x10, false},
    {OH_HUKS_ALG_SM2, 0xc8550001, true}, {OH_HUKS_ALG_SM3, 0x10, false}, {OH_HUKS_ALG_SM4, 0xc8550002, false},
    {OH_HUKS_ALG_DES, 0x13, false},    {OH_HUKS_ALG_3DES, 0x15, false},
};

static bool is_pair(uint32_t alg, uint32_t *key_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].alg == alg) {
            *key_type = kinds[i].key_type;
            return kinds[i].pair;
        }
    }
    return false;
}

/* Tags of a generating set that are of the call, not of the key. */
static const uint32_t call_tags[] = {OH_HUKS_TAG_KEY_OVERRIDE, OH_HUKS_TAG_KEY_STORAGE_FLAG};

static huks_rc draft_fill(struct item_draft *draft, const OH_Huks_ParamSet *set, struct bytes alias, uint32_t class,
                          uint32_t key_type, uint32_t purposes)
{
    struct param_list *params = &draft->params;
    uint32_t level = set_level(set);
    bool private = class != HUKS_CLASS_PUBLIC_KEY && level != OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    draft->on_token = true;
    HUKS_TRY(param_list_add_set(params, set));
    for (size_t i = 0; i < ARRAY_SIZE(call_tags); i++) {
        param_list_remove(params, call_tags[i]);
    }
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_ALIAS, alias));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_LABEL, alias));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, class));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_KEY_TYPE, key_type));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, level));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_PRIVATE, private));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_LOCAL, true));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_PURPOSE, purposes));
    if (class != HUKS_CLASS_PUBLIC_KEY) {
        HUKS_TRY(param_list_put_bool(params, HUKS_TAG_SENSITIVE, true));
        HUKS_TRY(param_list_put_bool(params, HUKS_TAG_EXTRACTABLE, false));
    }
    return HUKS_OK;
}

static void draft_free(struct item_draft *draft)
{
    param_list_free(&draft->params);
}

static huks_rc generate_in(struct token *token, struct bytes alias, const OH_Huks_ParamSet *set,
                           enum store_alias_rule rule)
{
    uint32_t alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t purposes = param_u32(set, OH_HUKS_TAG_PURPOSE, 0);
    struct crypto_keygen spec = {.alg = alg, .size_bits = param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0)};
    uint32_t key_type = 0;
    uint64_t handles[2];
    AUTO(draft_free) struct item_draft public = {.identify = true};
    AUTO(draft_free) struct item_draft private = {.identify = true};
    if (!is_pair(alg, &key_type)) {
        HUKS_TRY(draft_fill(&private, set, alias, HUKS_CLASS_SECRET_KEY, key_type, purposes));
        return item_generate(token, &spec, &private, 1, rule, handles);
    }
    HUKS_TRY(draft_fill(&public, set, alias, HUKS_CLASS_PUBLIC_KEY, key_type, purposes & PUBLIC_PURPOSES));
    HUKS_TRY(draft_fill(&private, set, alias, HUKS_CLASS_PRIVATE_KEY, key_type, purposes & ~(uint32_t)PUBLIC_PURPOSES));
    struct item_draft both[2] = {public, private};
    huks_rc rc = item_generate(token, &spec, both, 2, rule, handles);
    public = both[0];
    private = both[1];
    return rc;
}

huks_rc native_generate(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    HUKS_TRY(rules_check_caller(set));
    if (param_u32(set, OH_HUKS_TAG_KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT) == OH_HUKS_STORAGE_TEMP) {
        return error_raise_text(HUKS_E_API_NOT_SUPPORTED, ABOUT_FUNCTION, "This API is not supported.");
    }
    if (param_u32(set, OH_HUKS_TAG_USER_AUTH_TYPE, 0) != 0 && !param_bool(set, OH_HUKS_TAG_NO_AUTH_REQUIRED, false)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
    }
    bool override = param_bool(set, OH_HUKS_TAG_KEY_OVERRIDE, true);
    if (!override && native_exist(engine, alias, set) == HUKS_OK) {
        return error_raise(HUKS_E_ALIAS_EXISTS, ABOUT_ATTRIBUTE, NULL);
    }
    HUKS_TRY(rules_check_generate(set));
    struct token *token;
    HUKS_TRY(native_token(engine, set, true, &token));
    return generate_in(token, alias, set, override ? STORE_ALIAS_REPLACE : STORE_ALIAS_UNIQUE);
}

/* ---- reading, deleting, listing ---- */

static bool is_raw_public(uint32_t alg)
{
    return alg == OH_HUKS_ALG_X25519 || alg == OH_HUKS_ALG_ED25519;
}

huks_rc native_export(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set, struct secret *out)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open(engine, alias, set, &token, &aliased));
    struct item *item = aliased.items[0];
    if (item_class(item) == HUKS_CLASS_SECRET_KEY) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return item_part(item, is_raw_public(item_alg(item)) ? HUKS_TAG_EC_POINT : HUKS_TAG_PUBLIC_KEY_INFO, out);
}

huks_rc native_delete(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open(engine, alias, set, &token, &aliased));
    return items_destroy(token, aliased.items, aliased.count);
}

huks_rc native_exist(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    return aliased_open(engine, alias, set, &token, &aliased);
}

/* What a key was made with, as HUKS tells it: its own tags, not the engine's; a pair's purposes together. */
huks_rc native_params(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set, OH_Huks_ParamSet **out)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open(engine, alias, set, &token, &aliased));
    uint32_t purposes = 0;
    for (size_t i = 0; i < aliased.count; i++) {
        purposes |= item_purposes(aliased.items[i]);
    }
    const OH_Huks_ParamSet *params = item_params(aliased.items[0]);
    AUTO(param_list_free) struct param_list list = {0};
    for (uint32_t i = 0; i < params->paramsCnt; i++) {
        const struct tag_info *info = tag_find(params->params[i].tag);
        bool told = info != NULL && (info->flags & TAG_VENDOR) == 0 && (info->flags & TAG_SECRET) == 0 &&
                    params->params[i].tag != HUKS_TAG_ALIAS;
        if (told) {
            HUKS_TRY(param_list_add(&list, &params->params[i]));
        }
    }
    HUKS_TRY(param_list_put_u32(&list, OH_HUKS_TAG_PURPOSE, purposes & HUKS_PURPOSE_NATIVE_MASK));
    return param_list_build(&list, out);
}

huks_rc native_list(struct engine *engine, const OH_Huks_ParamSet *set,
                    huks_rc (*visit)(struct bytes alias, void *argument), void *argument)
{
    struct token *token;
    huks_rc rc = native_token(engine, set, false, &token);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return HUKS_OK; /* no token, no keys */
    }
    HUKS_TRY(rc);
    uint64_t *handles = NULL;
    size_t found = 0;
    HUKS_TRY(item_find(token, NULL, 0, &handles, &found));
    size_t listed = 0;
    for (size_t i = 0; rc == HUKS_OK && i < found; i++) {
        AUTO(item_unref_ptr) struct item *item = NULL;
        if (item_get(token, handles[i], &item) != HUKS_OK) {
            continue;
        }
        /* A pair counts once: by its private half. */
        bool half = item_class(item) == HUKS_CLASS_PUBLIC_KEY && item_pair(item) != 0;
        if (item_alg(item) == 0 || half || !item_on_token(item) ||
            param_u32(item_params(item), OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0) != set_level(set)) {
            continue;
        }
        rc = ++listed > ALIASES_MAX ? error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT)
                                    : visit(param_bytes(item_params(item), HUKS_TAG_ALIAS), argument);
    }
    free(handles);
    return rc;
}

/* ---- sessions ---- */

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
        spec->salt_size = either(init, key, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE) == OH_HUKS_RSA_PSS_SALT_LEN_DIGEST &&
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
    struct crypto_spec spec;
    HUKS_TRY(spec_fill(set, item_params(item), purpose, &spec));
    HUKS_TRY(operation_begin(&session->operation, token, item, purpose, &spec));
    session->purpose = purpose;
    session->cached = !operation_multipart(&session->operation);
    return HUKS_OK;
}

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

huks_rc native_update(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    if (in.size == 0 && !session->cached) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    if (session->cached) {
        *size = 0;
        return cache(session, in);
    }
    if (gives_output(session)) {
        return operation_update(&session->operation, in, out, size);
    }
    *size = 0;
    return operation_update(&session->operation, in, NULL, size);
}

huks_rc native_finish(struct native_session *session, struct bytes in, void *out, size_t *size)
{
    struct bytes data = bytes_of(session->data.data, session->data.size);
    if (session->purpose == OH_HUKS_KEY_PURPOSE_VERIFY) {
        *size = 0;
        return session->cached ? operation_verify_once(&session->operation, data, in)
                               : operation_verify(&session->operation, in);
    }
    if (session->cached) {
        HUKS_TRY(cache(session, in));
        data = bytes_of(session->data.data, session->data.size);
        return operation_once(&session->operation, data, out, size);
    }
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

void native_session_free(struct native_session *session)
{
    operation_free(&session->operation);
    if (session->data.data != NULL) {
        memory_cleanse(session->data.data, session->data.size);
    }
    buffer_free(&session->data);
}
