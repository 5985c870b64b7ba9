/*
 * OH_Huks_* on stored keys: pointers are checked here in HUKS's order, the service does the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "api/result.h"
#include "huks/native_huks_api.h"

static const char sdk_version[] = "2.0.0.5";

struct OH_Huks_Result OH_Huks_GetSdkVersion(struct OH_Huks_Blob *sdkVersion)
{
    error_clear();
    if (sdkVersion == NULL || sdkVersion->data == NULL) {
        return result_of(error_illegal(ABOUT_NOTHING, ILLEGAL_NULL));
    }
    if (sdkVersion->size < sizeof(sdk_version)) {
        return result_of(error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER));
    }
    memcpy(sdkVersion->data, sdk_version, sizeof(sdk_version));
    sdkVersion->size = sizeof(sdk_version) - 1;
    return result_of(HUKS_OK);
}

/* A temporary key has no alias, and goes nowhere but to the caller. */
static huks_rc generate_temporary(const struct OH_Huks_ParamSet *set, struct OH_Huks_ParamSet *out)
{
    struct engine *engine = NULL;
    AUTO(param_set_free) OH_Huks_ParamSet *made = NULL;
    HUKS_TRY(door_set(set));
    if (out == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    if (set->paramSetSize > REQUEST_MAX || out->paramSetSize == 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(door_engine(&engine));
    HUKS_TRY(native_generate_temporary(engine, set, &made));
    return door_give_set(made, out->paramSetSize, out);
}

static bool asks_temporary(const struct OH_Huks_ParamSet *set)
{
    return set != NULL && OH_Huks_IsParamSetValid(set, set->paramSetSize).errorCode == 0 &&
           param_u32(set, OH_HUKS_TAG_KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT) == OH_HUKS_STORAGE_TEMP;
}

static huks_rc generate(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                        struct OH_Huks_ParamSet *out)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    error_clear();
    if (asks_temporary(set)) {
        return generate_temporary(set, out);
    }
    if (alias != NULL && set == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    return native_generate(engine, name, set);
}

struct OH_Huks_Result OH_Huks_GenerateKeyItem(const struct OH_Huks_Blob *keyAlias,
                                              const struct OH_Huks_ParamSet *paramSetIn,
                                              struct OH_Huks_ParamSet *paramSetOut)
{
    /* Nobody looks at a temporary key's alias, nor at where another key could go. */
    return result_of(REMOTELY(OH_Huks_GenerateKeyItem, generate(keyAlias, paramSetIn, paramSetOut),
                              asks_temporary(paramSetIn) ? NULL : keyAlias, paramSetIn,
                              asks_temporary(paramSetIn) ? paramSetOut : NULL));
}

static huks_rc import(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                      const struct OH_Huks_Blob *key)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    if (alias == NULL || set == NULL || key == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_alias(alias, &name));
    HUKS_TRY(door_blob(key));
    HUKS_TRY(door_request(alias, set, key->size, &name, &engine));
    return native_import(engine, name, set, bytes_of(key->data, key->size));
}

struct OH_Huks_Result OH_Huks_ImportKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *key)
{
    return result_of(EVERYWHERE(OH_Huks_ImportKeyItem, import, keyAlias, paramSet, key));
}

static huks_rc import_wrapped(const struct OH_Huks_Blob *alias, const struct OH_Huks_Blob *wrapping,
                              const struct OH_Huks_ParamSet *set, const struct OH_Huks_Blob *wrapped)
{
    struct bytes name = BYTES_NONE, other = BYTES_NONE;
    struct engine *engine = NULL;
    if (alias == NULL || wrapping == NULL || set == NULL || wrapped == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_alias(alias, &name));
    HUKS_TRY(door_alias(wrapping, &other));
    HUKS_TRY(door_blob(wrapped));
    HUKS_TRY(door_request(alias, set, (size_t)wrapping->size + wrapped->size, &name, &engine));
    return native_import_wrapped(engine, name, other, set, bytes_of(wrapped->data, wrapped->size));
}

struct OH_Huks_Result OH_Huks_ImportWrappedKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                   const struct OH_Huks_Blob *wrappingKeyAlias,
                                                   const struct OH_Huks_ParamSet *paramSet,
                                                   const struct OH_Huks_Blob *wrappedKeyData)
{
    return result_of(EVERYWHERE(OH_Huks_ImportWrappedKeyItem, import_wrapped, keyAlias, wrappingKeyAlias,
                                paramSet, wrappedKeyData));
}

static huks_rc export_public(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                             struct OH_Huks_Blob *key)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    if (alias == NULL || key == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_alias(alias, &name));
    HUKS_TRY(door_blob(key));
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    AUTO(secret_free) struct secret public = {0};
    HUKS_TRY(native_export(engine, name, set, &public));
    if (key->size < public.size) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_UNSET);
    }
    memcpy(key->data, public.data, public.size);
    key->size = (uint32_t) public.size;
    return HUKS_OK;
}

struct OH_Huks_Result OH_Huks_ExportPublicKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                  const struct OH_Huks_ParamSet *paramSet,
                                                  struct OH_Huks_Blob *key)
{
    return result_of(EVERYWHERE(OH_Huks_ExportPublicKeyItem, export_public, keyAlias, paramSet, key));
}

static huks_rc delete_key(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    return native_delete(engine, name, set);
}

struct OH_Huks_Result OH_Huks_DeleteKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet)
{
    return result_of(EVERYWHERE(OH_Huks_DeleteKeyItem, delete_key, keyAlias, paramSet));
}

static huks_rc exist(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    return native_exist(engine, name, set);
}

struct OH_Huks_Result OH_Huks_IsKeyItemExist(const struct OH_Huks_Blob *keyAlias,
                                             const struct OH_Huks_ParamSet *paramSet)
{
    return result_of(EVERYWHERE(OH_Huks_IsKeyItemExist, exist, keyAlias, paramSet));
}

static huks_rc get_params(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                          struct OH_Huks_ParamSet *out)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    if (alias == NULL || out == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    uint32_t capacity = out->paramSetSize;
    if (capacity == 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(door_request(alias, set, 0, &name, &engine));
    AUTO(param_set_free) OH_Huks_ParamSet *params = NULL;
    HUKS_TRY(native_params(engine, name, set, &params));
    return door_give_set(params, capacity, out);
}

struct OH_Huks_Result OH_Huks_GetKeyItemParamSet(const struct OH_Huks_Blob *keyAlias,
                                                 const struct OH_Huks_ParamSet *paramSetIn,
                                                 struct OH_Huks_ParamSet *paramSetOut)
{
    return result_of(EVERYWHERE(OH_Huks_GetKeyItemParamSet, get_params, keyAlias, paramSetIn, paramSetOut));
}

/* ---- listing ---- */

struct listing {
    struct OH_Huks_KeyAliasSet *set;
    uint32_t capacity;
};

static huks_rc listing_add(struct bytes alias, void *argument)
{
    struct listing *listing = argument;
    struct OH_Huks_KeyAliasSet *set = listing->set;
    if (set->aliasesCnt == listing->capacity) {
        uint32_t capacity = listing->capacity == 0 ? 16 : listing->capacity * 2;
        struct OH_Huks_Blob *grown = memory_resize(set->aliases, capacity, sizeof(*grown));
        if (grown == NULL) {
            return error_no_memory();
        }
        set->aliases = grown;
        listing->capacity = capacity;
    }
    uint8_t *copy = malloc(alias.size);
    if (copy == NULL) {
        return error_no_memory();
    }
    memcpy(copy, alias.data, alias.size);
    set->aliases[set->aliasesCnt++] = (struct OH_Huks_Blob){.size = (uint32_t)alias.size, .data = copy};
    return HUKS_OK;
}

static void alias_set_free(struct OH_Huks_KeyAliasSet **set)
{
    OH_Huks_FreeKeyAliasSet(*set);
}

static huks_rc list_aliases(const struct OH_Huks_ParamSet *set, struct OH_Huks_KeyAliasSet **out)
{
    error_clear();
    if (set == NULL || out == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    struct engine *engine = NULL;
    HUKS_TRY(door_set(set));
    if (set->paramSetSize > REQUEST_MAX) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(door_engine(&engine));
    AUTO(alias_set_free) struct OH_Huks_KeyAliasSet *aliases = calloc(1, sizeof(*aliases));
    if (aliases == NULL) {
        return error_no_memory();
    }
    struct listing listing = {.set = aliases};
    HUKS_TRY(native_list(engine, set, listing_add, &listing));
    if (aliases->aliasesCnt > 0) {
        *out = aliases;
        aliases = NULL;
    }
    return HUKS_OK;
}

struct OH_Huks_Result OH_Huks_ListAliases(const struct OH_Huks_ParamSet *paramSet,
                                          struct OH_Huks_KeyAliasSet **outData)
{
    return result_of(EVERYWHERE(OH_Huks_ListAliases, list_aliases, paramSet, outData));
}
