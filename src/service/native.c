/*
 * HUKS's verbs on stored keys; see native.h. A pair is two items under one alias: the private half carries
 * the level, the public half stays readable.
 */
#include "service/native.h"

#include <stdlib.h>
#include <string.h>

#include "param/rules.h"
#include "service/aliased.h"
#include "service/private.h"

#define ALIASES_MAX 2048

/* Purposes of a pair's halves. */
#define PUBLIC_PURPOSES (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_WRAP)

static uint32_t set_level(const OH_Huks_ParamSet *set)
{
    return param_u32(set, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_CE);
}

/* The token, with the level open: CE and ECE wait for the PIN of a token that has one. */
static huks_rc native_token(struct engine *engine, const OH_Huks_ParamSet *set, bool create,
                            struct token **out)
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

void aliased_free(struct aliased *aliased)
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

huks_rc aliased_open(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
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
    {OH_HUKS_ALG_RSA, 0x00, true},    {OH_HUKS_ALG_ECC, 0x03, true},
    {OH_HUKS_ALG_ECDH, 0x03, true},   {OH_HUKS_ALG_DSA, 0x01, true},
    {OH_HUKS_ALG_DH, 0x02, true},     {OH_HUKS_ALG_ED25519, 0x40, true},
    {OH_HUKS_ALG_X25519, 0x41, true}, {OH_HUKS_ALG_AES, 0x1f, false},
    {OH_HUKS_ALG_HMAC, 0x10, false},  {OH_HUKS_ALG_SM2, 0xc8550001, true},
    {OH_HUKS_ALG_SM3, 0x10, false},   {OH_HUKS_ALG_SM4, 0xc8550002, false},
    {OH_HUKS_ALG_DES, 0x13, false},   {OH_HUKS_ALG_3DES, 0x15, false},
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

static huks_rc draft_fill(struct item_draft *draft, const OH_Huks_ParamSet *set, struct bytes alias,
                          uint32_t class, uint32_t key_type, uint32_t purposes)
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
    HUKS_TRY(draft_fill(&private, set, alias, HUKS_CLASS_PRIVATE_KEY, key_type,
                        purposes & ~(uint32_t)PUBLIC_PURPOSES));
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
    if (param_u32(set, OH_HUKS_TAG_USER_AUTH_TYPE, 0) != 0 &&
        !param_bool(set, OH_HUKS_TAG_NO_AUTH_REQUIRED, false)) {
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

huks_rc native_export(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                      struct secret *out)
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
huks_rc native_params(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                      OH_Huks_ParamSet **out)
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
