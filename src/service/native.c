/*
 * HUKS's verbs on stored keys; see native.h. A pair is two items under one alias: the private half carries
 * the level, the public half stays readable.
 */
#include "service/native.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/aliased.h"
#include "service/private.h"

#define ALIASES_MAX     2048
#define TEXT_PERMISSION "Permission check failed. Apply for the required permissions first."

uint32_t native_level(const OH_Huks_ParamSet *set)
{
    return param_u32(set, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_CE);
}

/* A new key that dies with the PIN needs the class that does, which the PIN opens, at every level. */
static bool dies_with_pin(const OH_Huks_ParamSet *set)
{
    return param_has(set, OH_HUKS_TAG_USER_AUTH_TYPE) &&
           !param_bool(set, OH_HUKS_TAG_NO_AUTH_REQUIRED, false) &&
           (param_u32(set, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0) &
            OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD) != 0;
}

/* Keys are their user's alone: no groups of programs, no other users, no external device. */
static huks_rc check_scope(const OH_Huks_ParamSet *set)
{
    if (param_has(set, HUKS_TAG_SPECIFIC_USER_ID)) {
        return error_raise_text(HUKS_E_PERMISSION, ABOUT_LOGIN, TEXT_PERMISSION);
    }
    if (param_has(set, OH_HUKS_TAG_KEY_ACCESS_GROUP)) {
        return error_raise_text(HUKS_E_ARGUMENT, ABOUT_ATTRIBUTE, "invalid access group.");
    }
    return param_u32(set, OH_HUKS_TAG_KEY_CLASS, 0) == OH_HUKS_KEY_CLASS_EXTENSION
               ? error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "class of external keys")
               : HUKS_OK;
}

huks_rc native_token(struct engine *engine, const OH_Huks_ParamSet *set, bool create, struct token **out)
{
    uint32_t level = native_level(set);
    *out = NULL;
    if (level > OH_HUKS_AUTH_STORAGE_LEVEL_ECE) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(check_scope(set));
    HUKS_TRY(engine_native_token(engine, create, out));
    bool bound = create && dies_with_pin(set) && !token_private_open(*out);
    if (bound || !token_level_open(*out, level)) {
        return error_raise_text(HUKS_E_PERMISSION, ABOUT_LOGIN, TEXT_PERMISSION);
    }
    return HUKS_OK;
}

huks_rc native_legacy(struct engine *engine, uint32_t alg, uint32_t digest)
{
    bool old = alg == HUKS_ALG_DES || alg == HUKS_ALG_3DES;
    if (engine_config(engine)->legacy_mechanisms || (!old && digest != OH_HUKS_DIGEST_MD5)) {
        return HUKS_OK;
    }
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, old ? "algorithm" : "digest algorithm");
}

/* ---- finding by alias ---- */

void aliased_free(struct aliased *aliased)
{
    for (size_t i = 0; i < aliased->count; i++) {
        item_unref(aliased->items[i]);
    }
}

/* `*vanished`: something was found that was gone when it was to be read. */
static huks_rc aliased_read(struct token *token, struct bytes alias, uint32_t level, struct aliased *out,
                            bool *vanished)
{
    struct store_match match = {.tag = HUKS_TAG_ALIAS, .value = alias};
    uint64_t *handles = NULL;
    size_t found = 0;
    HUKS_TRY(item_find(token, &match, 1, &handles, &found));
    for (size_t i = 0; i < found && out->count < ARRAY_SIZE(out->items); i++) {
        struct item *item = NULL;
        huks_rc rc = item_get(token, handles[i], &item);
        if (rc == HUKS_E_INTERNAL && error_about() == ABOUT_OBJECT &&
            out->damaged_count < ARRAY_SIZE(out->damaged)) {
            out->damaged[out->damaged_count++] = handles[i];
        }
        *vanished = *vanished || rc == HUKS_E_NOT_EXIST;
        if (rc != HUKS_OK) {
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
    /* Of what level a damaged record was nobody knows: it counts where a half is missing, or the whole. */
    bool lacks = out->count == 0 || (out->count == 1 && item_pair(out->items[0]) != 0);
    if (out->damaged_count > 0 && lacks) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    return out->count > 0 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}

/*
 * A key that somebody replaces is there all the time: who finds the old one and comes too late to read it looks
 * again. Each time somebody else has got on; so many times is nobody unlucky.
 */
#define LOOKS_MAX 100

static huks_rc aliased_find(struct token *token, struct bytes alias, uint32_t level, struct aliased *out)
{
    for (int look = 1;; look++) {
        bool vanished = false;
        huks_rc rc = aliased_read(token, alias, level, out, &vanished);
        if (!vanished || look == LOOKS_MAX) {
            return rc;
        }
        aliased_free(out);
        *out = (struct aliased){0};
        error_clear();
    }
}

huks_rc aliased_open(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                     struct token **token, struct aliased *out)
{
    HUKS_TRY(native_token(engine, set, false, token));
    return aliased_find(*token, alias, native_level(set), out);
}

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* Keys are loaded apart from their parameters. What else is wrong with one its user finds in good time. */
static bool keys_vanished(const struct aliased *aliased)
{
    bool vanished = false;
    for (size_t i = 0; i < aliased->count && !vanished; i++) {
        AUTO(key_unref_ptr) struct crypto_key *key = NULL;
        vanished = item_key(aliased->items[i], &key) == HUKS_E_NOT_EXIST;
    }
    error_clear();
    return vanished;
}

huks_rc aliased_open_keys(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                          struct token **token, struct aliased *out)
{
    for (int look = 1;; look++) {
        HUKS_TRY(aliased_open(engine, alias, set, token, out));
        if (look == LOOKS_MAX || !keys_vanished(out)) {
            return HUKS_OK;
        }
        aliased_free(out);
        *out = (struct aliased){0};
    }
}

bool native_asks_user(const struct item *item)
{
    return param_u32(item_params(item), OH_HUKS_TAG_USER_AUTH_TYPE, 0) != 0 &&
           !param_bool(item_params(item), OH_HUKS_TAG_NO_AUTH_REQUIRED, false);
}

/* ---- reading, deleting, listing ---- */

static bool is_raw_public(uint32_t alg)
{
    return alg == OH_HUKS_ALG_X25519 || alg == OH_HUKS_ALG_ED25519;
}

/* A private key that came alone brought no public one, except where its own numbers are that. */
static bool has_public(const struct aliased *aliased)
{
    const struct item *item = aliased->items[0];
    return aliased->count > 1 || item_alg(item) == OH_HUKS_ALG_RSA ||
           item_class(item) == HUKS_CLASS_PUBLIC_KEY ||
           param_u32(item_params(item), OH_HUKS_TAG_IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR) !=
               OH_HUKS_KEY_TYPE_PRIVATE_KEY;
}

huks_rc native_export(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                      struct secret *out)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(aliased_open_keys(engine, alias, set, &token, &aliased));
    struct item *item = aliased.items[0];
    if (item_class(item) == HUKS_CLASS_SECRET_KEY) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    if (!has_public(&aliased)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION,
                           "export of a key that came without its public half");
    }
    return item_part(item, is_raw_public(item_alg(item)) ? HUKS_TAG_EC_POINT : HUKS_TAG_PUBLIC_KEY_INFO, out);
}

static huks_rc delete_found(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set, bool *found)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    huks_rc rc = aliased_open(engine, alias, set, &token, &aliased);
    *found = rc == HUKS_OK;
    /* What can't be read can still go. */
    if (rc == HUKS_E_INTERNAL && aliased.damaged_count > 0) {
        error_clear();
    } else {
        HUKS_TRY(rc);
        aliased.damaged_count = 0;
    }
    uint64_t handles[ITEMS_DESTROY_MAX];
    size_t count = 0;
    for (size_t i = 0; i < aliased.count; i++) {
        handles[count++] = item_handle(aliased.items[i]);
    }
    for (size_t i = 0; i < aliased.damaged_count; i++) {
        handles[count++] = aliased.damaged[i];
    }
    return items_destroy(token, handles, count);
}

huks_rc native_delete(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    for (int look = 1;; look++) {
        bool found = false;
        huks_rc rc = delete_found(engine, alias, set, &found);
        if (rc != HUKS_E_NOT_EXIST || !found || look == LOOKS_MAX) {
            return rc;
        }
        error_clear(); /* replaced meanwhile, or deleted by somebody else: looking again tells */
    }
}

huks_rc native_exist(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    return aliased_open(engine, alias, set, &token, &aliased);
}

/* Whose the key is, that nobody is told. */
static bool is_owner(uint32_t tag)
{
    return tag == HUKS_TAG_ALIAS || tag == HUKS_TAG_ACCESS_TOKEN_ID ||
           tag == HUKS_TAG_USER_AUTH_ENROLL_ID_INFO || tag == HUKS_TAG_USER_AUTH_SECURE_UID ||
           tag == HUKS_TAG_OWNER_ID || tag == HUKS_TAG_ACCOUNT_ID;
}

/* What HUKS's service says of every key. The list views `*uid`. */
static huks_rc tell_service(struct param_list *list, const uint32_t *uid)
{
    HUKS_TRY(param_list_put_bytes(list, HUKS_TAG_PROCESS_NAME, bytes_of((const uint8_t *)uid, sizeof(*uid))));
    HUKS_TRY(param_list_put_u32(list, OH_HUKS_TAG_USER_ID, *uid));
    HUKS_TRY(param_list_put_u32(list, HUKS_TAG_KEY_VERSION, 3));
    HUKS_TRY(param_list_put_u32(list, HUKS_TAG_OS_VERSION, 1));
    return param_list_put_u32(list, HUKS_TAG_OS_PATCHLEVEL, 1);
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
        bool told = info != NULL && (info->flags & (TAG_VENDOR | TAG_SECRET)) == 0 &&
                    !is_owner(params->params[i].tag);
        if (told) {
            HUKS_TRY(param_list_add(&list, &params->params[i]));
        }
    }
    HUKS_TRY(param_list_put_u32(&list, OH_HUKS_TAG_PURPOSE, purposes & HUKS_PURPOSE_NATIVE_MASK));
    const uint32_t uid = (uint32_t)config_user(engine_config(engine));
    HUKS_TRY(tell_service(&list, &uid));
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
            param_u32(item_params(item), OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0) != native_level(set)) {
            continue;
        }
        rc = ++listed > ALIASES_MAX ? error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT)
                                    : visit(param_bytes(item_params(item), HUKS_TAG_ALIAS), argument);
    }
    free(handles);
    return rc;
}
