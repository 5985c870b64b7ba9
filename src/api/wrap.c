/*
 * OH_Huks_WrapKey and OH_Huks_UnwrapKey. Here alone every 401 is 12000018, under its own text.
 */
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "api/result.h"
#include "huks/native_huks_api.h"

static struct OH_Huks_Result as_argument(struct OH_Huks_Result result)
{
    if (result.errorCode == OH_HUKS_ERR_CODE_ILLEGAL_ARGUMENT) {
        result.errorCode = OH_HUKS_ERR_CODE_INVALID_ARGUMENT;
    }
    return result;
}

static huks_rc enter(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                     const struct OH_Huks_Blob *wrapped, bool comes_in, struct bytes *name,
                     struct engine **engine)
{
    error_clear();
    if (alias == NULL || set == NULL || wrapped == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_alias(alias, name));
    HUKS_TRY(door_blob(wrapped));
    return door_request(alias, set, comes_in ? wrapped->size : 0, name, engine);
}

static huks_rc wrap(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                    struct OH_Huks_Blob *wrapped)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    AUTO(buffer_free) struct buffer blob = {0};
    HUKS_TRY(enter(alias, set, wrapped, false, &name, &engine));
    HUKS_TRY(native_wrap(engine, name, set, &blob));
    if (wrapped->size < blob.size) {
        return error_short_buffer();
    }
    memcpy(wrapped->data, blob.data, blob.size);
    wrapped->size = (uint32_t)blob.size;
    return HUKS_OK;
}

struct OH_Huks_Result OH_Huks_WrapKey(const struct OH_Huks_Blob *keyAlias,
                                      const struct OH_Huks_ParamSet *paramSet,
                                      struct OH_Huks_Blob *wrappedKey)
{
    return as_argument(result_of(EVERYWHERE(OH_Huks_WrapKey, wrap, keyAlias, paramSet, wrappedKey)));
}

static huks_rc unwrap(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                      const struct OH_Huks_Blob *wrapped)
{
    struct bytes name = BYTES_NONE;
    struct engine *engine = NULL;
    HUKS_TRY(enter(alias, set, wrapped, true, &name, &engine));
    return native_unwrap(engine, name, set, bytes_of(wrapped->data, wrapped->size));
}

struct OH_Huks_Result OH_Huks_UnwrapKey(const struct OH_Huks_Blob *keyAlias,
                                        const struct OH_Huks_ParamSet *paramSet,
                                        struct OH_Huks_Blob *wrappedKey)
{
    return as_argument(result_of(EVERYWHERE(OH_Huks_UnwrapKey, unwrap, keyAlias, paramSet, wrappedKey)));
}
