/*
 * Generation (huks-semantics 3.1): a fresh key, or one from the old form of key agreement; kept under an
 * alias, or handed to the caller and forgotten.
 */
#include "param/rules.h"
#include "service/aliased.h"
#include "service/material.h"
#include "service/native_make.h"
#include "service/private.h"

/* ---- agreement, the old way: both halves are named by the set ---- */

static huks_rc illegal(const char *sentence)
{
    return error_illegal(ABOUT_ATTRIBUTE, sentence);
}

/* The half of a pair that agrees. */
static struct item *agreeing(const struct aliased *aliased)
{
    for (size_t i = 0; i < aliased->count; i++) {
        if (item_class(aliased->items[i]) == HUKS_CLASS_PRIVATE_KEY) {
            return aliased->items[i];
        }
    }
    return NULL;
}

static huks_rc find_own_key(struct engine *engine, const OH_Huks_ParamSet *set, struct token **token,
                            struct aliased *aliased, struct item **own)
{
    HUKS_TRY(
        aliased_open_keys(engine, param_bytes(set, OH_HUKS_TAG_AGREE_PRIVATE_KEY_ALIAS), set, token, aliased));
    *own = agreeing(aliased);
    return *own != NULL && (item_purposes(*own) & OH_HUKS_KEY_PURPOSE_AGREE) != 0
               ? HUKS_OK
               : error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose");
}

static const struct agreement {
    uint32_t word; /* AGREE_ALG */
    uint32_t keys[2];
    enum crypto_method method;
} agreements[] = {
    {OH_HUKS_ALG_X25519, {OH_HUKS_ALG_X25519, 0}, CRYPTO_ECDH},
    {OH_HUKS_ALG_ECDH, {OH_HUKS_ALG_ECDH, OH_HUKS_ALG_ECC}, CRYPTO_ECDH},
    {OH_HUKS_ALG_DH, {OH_HUKS_ALG_DH, 0}, CRYPTO_DH},
};

static bool agrees(const struct agreement *agreement, const struct item *item)
{
    return agreement->keys[0] == item->alg || agreement->keys[1] == item->alg;
}

/* NULL: no word, or not the own key's. */
static const struct agreement *find_agreement(const OH_Huks_ParamSet *set, const struct item *own)
{
    uint32_t word = param_u32(set, OH_HUKS_TAG_AGREE_ALG, 0);
    for (size_t i = 0; i < ARRAY_SIZE(agreements); i++) {
        if (agreements[i].word == word && agrees(&agreements[i], own)) {
            return &agreements[i];
        }
    }
    return NULL;
}

/* A key here, as the peer would send it: Ed25519's 32 bytes are not to be taken for X25519's. */
static huks_rc find_peer_here(struct engine *engine, const OH_Huks_ParamSet *set, struct bytes alias,
                              const struct agreement *agreement, struct secret *peer)
{
    struct token *token;
    AUTO(aliased_free) struct aliased aliased = {0};
    HUKS_TRY(native_export(engine, alias, set, peer));
    HUKS_TRY(aliased_open(engine, alias, set, &token, &aliased));
    return agrees(agreement, aliased.items[0]) ? HUKS_OK : illegal(ILLEGAL_PUBLIC_KEY);
}

static huks_rc find_peer_key(struct engine *engine, const OH_Huks_ParamSet *set, const struct agreement *agreement,
                             struct secret *peer)
{
    struct bytes given = param_bytes(set, OH_HUKS_TAG_AGREE_PUBLIC_KEY);
    return param_bool(set, OH_HUKS_TAG_AGREE_PUBLIC_KEY_IS_KEY_ALIAS, true)
               ? find_peer_here(engine, set, given, agreement, peer)
               : secret_set(peer, given.data, given.size);
}

/* What the base key was made for goes before what this call wants with the result. */
static huks_rc check_storage(const struct item *own, bool temporary)
{
    uint32_t flag = param_u32(item_params(own), OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG, UINT32_MAX);
    uint32_t forbidden = temporary ? (uint32_t)OH_HUKS_STORAGE_ONLY_USED_IN_HUKS
                                   : (uint32_t)OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED;
    return flag == forbidden ? error_raise(HUKS_E_INTERNAL, ABOUT_ATTRIBUTE, NULL) : HUKS_OK;
}

/* As a session that agrees, in one step: the user of a key that asks for him comes with the call. */
static huks_rc agree_with(struct token *token, struct item *own, const OH_Huks_ParamSet *set,
                          const struct crypto_derive_spec *spec, struct secret *shared)
{
    AUTO(operation_free) struct operation operation = {.door = GUARD_NATIVE};
    HUKS_TRY(native_hold(own));
    HUKS_TRY(operation_hold(&operation, token, own, OH_HUKS_KEY_PURPOSE_AGREE));
    HUKS_TRY(operation_authenticate(&operation, param_bytes(set, OH_HUKS_TAG_AUTH_TOKEN)));
    return operation_derive(&operation, spec, shared);
}

/* The key is the beginning of the shared secret. `making` NULL: a temporary key. */
static huks_rc agree(struct engine *engine, const OH_Huks_ParamSet *set, struct making *making,
                     struct crypto_key **key)
{
    struct token *token;
    struct item *own;
    struct crypto_derive_spec spec = {0};
    AUTO(aliased_free) struct aliased aliased = {0};
    AUTO(secret_free) struct secret peer = {0};
    AUTO(secret_free) struct secret shared = {0};
    size_t size = param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0) / OH_HUKS_BITS_PER_BYTE;
    HUKS_TRY(find_own_key(engine, set, &token, &aliased, &own));
    HUKS_TRY(check_storage(own, making == NULL));
    const struct agreement *agreement = find_agreement(set, own);
    if (agreement == NULL) {
        return illegal(ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(find_peer_key(engine, set, agreement, &peer));
    spec.method = agreement->method;
    spec.peer = secret_bytes(&peer);
    huks_rc rc = agree_with(token, own, set, &spec, &shared);
    if (rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_PUBLIC_POINT) {
        return illegal(ILLEGAL_PUBLIC_KEY);
    }
    HUKS_TRY(rc);
    if (shared.size < size) {
        return illegal(ILLEGAL_KEY_INFO);
    }
    if (making != NULL) {
        make_from(making, own);
    }
    return crypto_key_decode(engine->crypto, CRYPTO_SECRET, OH_HUKS_ALG_AES, bytes_of(shared.data, size),
                             key);
}

/* ---- the key ---- */

/* Only AES keys are agreed; for any other the word changes nothing, as in HUKS. */
static bool is_agreed(const OH_Huks_ParamSet *set)
{
    return param_u32(set, OH_HUKS_TAG_KEY_GENERATE_TYPE, 0) == OH_HUKS_KEY_GENERATE_TYPE_AGREE &&
           param_u32(set, OH_HUKS_TAG_ALGORITHM, 0) == OH_HUKS_ALG_AES;
}

/* `making` as above. */
static huks_rc make_key(struct engine *engine, const OH_Huks_ParamSet *set, struct making *making,
                        struct crypto_key **key)
{
    const struct crypto_keygen spec = {.alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0),
                                       .size_bits = param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0)};
    HUKS_TRY(native_legacy(engine, spec.alg, OH_HUKS_DIGEST_NONE));
    return is_agreed(set) ? agree(engine, set, making, key)
                          : crypto_key_generate(engine->crypto, &spec, key);
}

huks_rc native_generate(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set)
{
    struct making making;
    struct token *token;
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(make_begin(engine, alias, set, &making));
    HUKS_TRY(rules_check_generate(set));
    HUKS_TRY(make_token(&making, &token));
    HUKS_TRY(make_key(engine, set, &making, &key));
    return make_keep(&making, token, key, MAKE_PAIR,
                     is_agreed(set) ? OH_HUKS_KEY_FLAG_AGREE_KEY : OH_HUKS_KEY_FLAG_GENERATE_KEY);
}

huks_rc native_generate_temporary(struct engine *engine, const OH_Huks_ParamSet *set, OH_Huks_ParamSet **out)
{
    AUTO(make_key_free) struct crypto_key *key = NULL;
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(secret_free) struct secret first = {0};
    AUTO(secret_free) struct secret second = {0};
    HUKS_TRY(rules_check_caller(set));
    HUKS_TRY(rules_check_generate(set));
    HUKS_TRY(make_key(engine, set, NULL, &key));
    if (crypto_key_class(key) == CRYPTO_SECRET) {
        HUKS_TRY(crypto_key_encode(key, CRYPTO_SECRET, &first));
        HUKS_TRY(param_list_add_bytes(&list, OH_HUKS_TAG_SYMMETRIC_KEY_DATA, secret_bytes(&first)));
    } else {
        HUKS_TRY(material_write(key, true, &first));
        HUKS_TRY(material_write(key, false, &second));
        HUKS_TRY(param_list_add_bytes(&list, OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA, secret_bytes(&first)));
        HUKS_TRY(param_list_add_bytes(&list, OH_HUKS_TAG_ASYMMETRIC_PRIVATE_KEY_DATA, secret_bytes(&second)));
    }
    return param_list_build(&list, out);
}
