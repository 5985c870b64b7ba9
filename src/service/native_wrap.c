/*
 * WrapKey and UnwrapKey (huks-semantics 4.4): a key leaves this token as a blob that only this token opens.
 *
 * The blob: u32 1, then a seal whose plaintext is u32 kind, u32 and so many bytes of the encoded key, and its
 * packed set. The sealing key comes from the storage class's, so that what is shut behind a PIN stays so
 * outside, and a blob opens in the level that it came from.
 */
#include <string.h>

#include "service/aliased.h"
#include "service/native_make.h"
#include "service/private.h"

#define WRAP_TEXT "huks wrap 1"

/* What the blob holds; kept for good. */
enum wrapped_kind { WRAPPED_SECRET = 1, WRAPPED_PAIR = 2, WRAPPED_PRIVATE = 3, WRAPPED_PUBLIC = 4 };

static const enum store_class level_classes[] = {
    [OH_HUKS_AUTH_STORAGE_LEVEL_DE] = STORE_DE,
    [OH_HUKS_AUTH_STORAGE_LEVEL_CE] = STORE_CE,
    [OH_HUKS_AUTH_STORAGE_LEVEL_ECE] = STORE_ECE,
};

static huks_rc check_type(const OH_Huks_ParamSet *set)
{
    if (!param_has(set, OH_HUKS_TAG_KEY_WRAP_TYPE)) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ABSENT);
    }
    return param_u32(set, OH_HUKS_TAG_KEY_WRAP_TYPE, 0) == OH_HUKS_KEY_WRAP_TYPE_HUK_BASED
               ? HUKS_OK
               : error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
}

/* The level is open: native_token() has seen to it. */
static huks_rc sealing_key(struct token *token, const OH_Huks_ParamSet *set, struct secret *out)
{
    static const char info[] = WRAP_TEXT;
    struct token_keys keys;
    HUKS_TRY(secret_alloc(out, CRYPTO_SEAL_KEY_SIZE));
    token_keys_acquire(token, &keys);
    const uint8_t *class_key = keys.keys.key[level_classes[native_level(set)]];
    huks_rc rc = class_key != NULL
                     ? crypto_hkdf_sha256(token->engine->crypto, bytes_of(class_key, CRYPTO_SEAL_KEY_SIZE),
                                          BYTES_NONE, BYTES_OF(info), out->data, out->size)
                     : error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
    token_keys_release(&keys);
    return rc;
}

static void put_u32(uint8_t out[4], size_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t get_u32(const uint8_t *from)
{
    return (size_t)from[0] | (size_t)from[1] << 8 | (size_t)from[2] << 16 | (size_t)from[3] << 24;
}

/* ---- out ---- */

/* The item with the key's bytes: the private half of a pair. */
static struct item *bearer(const struct aliased *aliased)
{
    for (size_t i = 0; i < aliased->count; i++) {
        if (item_class(aliased->items[i]) != HUKS_CLASS_PUBLIC_KEY) {
            return aliased->items[i];
        }
    }
    return aliased->items[0];
}

static huks_rc check_allowed(const struct item *item)
{
    const OH_Huks_ParamSet *params = item_params(item);
    bool allowed = param_bool(params, OH_HUKS_TAG_IS_ALLOWED_WRAP, false) &&
                   param_u32(params, OH_HUKS_TAG_KEY_WRAP_TYPE, 0) == OH_HUKS_KEY_WRAP_TYPE_HUK_BASED &&
                   !native_asks_user(item);
    return allowed ? HUKS_OK : error_raise(HUKS_E_INTERNAL, ABOUT_PURPOSE, NULL);
}

static huks_rc encode(const struct aliased *aliased, enum wrapped_kind *kind, struct secret *out)
{
    static const enum crypto_key_class classes[] = {
        [WRAPPED_SECRET] = CRYPTO_SECRET,
        [WRAPPED_PAIR] = CRYPTO_PRIVATE,
        [WRAPPED_PRIVATE] = CRYPTO_PRIVATE,
        [WRAPPED_PUBLIC] = CRYPTO_PUBLIC,
    };
    struct item *item = bearer(aliased);
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(item_key(item, &key));
    *kind = item_class(item) == HUKS_CLASS_SECRET_KEY   ? WRAPPED_SECRET
            : item_class(item) == HUKS_CLASS_PUBLIC_KEY ? WRAPPED_PUBLIC
            : aliased->count > 1                        ? WRAPPED_PAIR
                                                        : WRAPPED_PRIVATE;
    return crypto_key_encode(key, classes[*kind], out);
}

static huks_rc pack(enum wrapped_kind kind, const struct secret *key, const OH_Huks_ParamSet *params,
                    struct secret *out)
{
    AUTO(buffer_free) struct buffer packed = {0};
    HUKS_TRY(param_set_pack(params, &packed)); /* told to everybody who asks: no secret */
    HUKS_TRY(secret_alloc(out, 8 + key->size + packed.size));
    put_u32(out->data, (size_t)kind);
    put_u32(out->data + 4, key->size);
    memcpy(out->data + 8, key->data, key->size);
    memcpy(out->data + 8 + key->size, packed.data, packed.size);
    return HUKS_OK;
}

huks_rc native_wrap(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                    struct buffer *out)
{
    static const uint8_t version[4] = {1};
    static const char aad[] = WRAP_TEXT;
    struct token *token;
    enum wrapped_kind kind;
    AUTO(aliased_free) struct aliased aliased = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *params = NULL;
    AUTO(secret_free) struct secret key = {0};
    AUTO(secret_free) struct secret plain = {0};
    AUTO(secret_free) struct secret sealing = {0};
    HUKS_TRY(check_type(set));
    HUKS_TRY(aliased_open_keys(engine, alias, set, &token, &aliased));
    HUKS_TRY(check_allowed(bearer(&aliased)));
    HUKS_TRY(encode(&aliased, &kind, &key));
    HUKS_TRY(native_params(engine, alias, set, &params));
    HUKS_TRY(pack(kind, &key, params, &plain));
    HUKS_TRY(sealing_key(token, set, &sealing));
    HUKS_TRY(buffer_append(out, version, sizeof(version)));
    return crypto_seal(engine->crypto, sealing.data, BYTES_OF(aad), secret_bytes(&plain), out);
}

/* ---- in ---- */

static huks_rc bad_format(void)
{
    return error_illegal(ABOUT_WRAPPED_KEY, ILLEGAL_WRAPPED);
}

static huks_rc open_blob(struct token *token, const OH_Huks_ParamSet *set, struct bytes wrapped,
                         struct secret *plain)
{
    static const char aad[] = WRAP_TEXT;
    AUTO(secret_free) struct secret sealing = {0};
    if (wrapped.size < 4 + CRYPTO_SEAL_OVERHEAD + 8 || get_u32(wrapped.data) != 1) {
        return bad_format();
    }
    HUKS_TRY(sealing_key(token, set, &sealing));
    huks_rc rc = crypto_unseal(token->engine->crypto, sealing.data, BYTES_OF(aad),
                               bytes_of(wrapped.data + 4, wrapped.size - 4), plain);
    return rc == HUKS_E_INTERNAL ? error_raise(HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL) : rc;
}

static huks_rc decode(struct engine *engine, size_t kind, const OH_Huks_ParamSet *params,
                      struct bytes encoded, struct crypto_key **key)
{
    enum crypto_key_class class = kind == WRAPPED_SECRET   ? CRYPTO_SECRET
                                  : kind == WRAPPED_PUBLIC ? CRYPTO_PUBLIC
                                                           : CRYPTO_PRIVATE;
    return crypto_key_decode(engine->crypto, class, param_u32(params, OH_HUKS_TAG_ALGORITHM, 0), encoded,
                             key);
}

huks_rc native_unwrap(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                      struct bytes wrapped)
{
    struct making making;
    struct token *token;
    AUTO(secret_free) struct secret plain = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *params = NULL;
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(check_type(set));
    HUKS_TRY(make_begin(engine, alias, set, &making));
    HUKS_TRY(native_token(engine, set, false, &token));
    HUKS_TRY(open_blob(token, set, wrapped, &plain));
    size_t kind = get_u32(plain.data), size = get_u32(plain.data + 4);
    if (kind < WRAPPED_SECRET || kind > WRAPPED_PUBLIC || size > plain.size - 8) {
        return bad_format();
    }
    HUKS_TRY(param_set_unpack(bytes_of(plain.data + 8 + size, plain.size - 8 - size), &params));
    HUKS_TRY(decode(engine, kind, params, bytes_of(plain.data + 8, size), &key));
    making.set = params;
    return make_keep(&making, token, key, kind == WRAPPED_PRIVATE ? MAKE_PRIVATE_ALONE : MAKE_PAIR,
                     param_u32(params, OH_HUKS_TAG_KEY_FLAG, OH_HUKS_KEY_FLAG_IMPORT_KEY));
}
