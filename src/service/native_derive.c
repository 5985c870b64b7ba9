/*
 * Derivation and agreement sessions (huks-semantics 3.4 to 3.6, 5.2, 5.3, 5.6): Init looks at little, the
 * first Update checks and derives, Finish hands the secret out or keeps it as a key.
 */
#include <string.h>

#include "param/rules.h"
#include "service/aliased.h"
#include "service/native_make.h"
#include "service/private.h"

#define ALIAS_MAX 128u

huks_rc native_derive_begin(struct native_session *session, struct token *token, struct item *item,
                            const OH_Huks_ParamSet *set)
{
    HUKS_TRY(native_hold(item));
    HUKS_TRY(param_set_copy(set, &session->init));
    return operation_hold(&session->operation, token, item, session->purpose);
}

/* ---- update ---- */

static huks_rc derivation_spec(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init,
                               struct crypto_derive_spec *spec)
{
    HUKS_TRY(rules_check_derive(key, init));
    *spec = (struct crypto_derive_spec){
        .method = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0) == OH_HUKS_ALG_HKDF ? CRYPTO_HKDF : CRYPTO_PBKDF2,
        .digest = param_u32(init, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE),
        .info = param_bytes(init, OH_HUKS_TAG_INFO),
        .salt = param_bytes(init, OH_HUKS_TAG_SALT),
        .extract = true,
        .expand = true,
        .iterations = param_u32(init, OH_HUKS_TAG_ITERATION, 0),
        .size = param_u32(init, OH_HUKS_TAG_DERIVE_KEY_SIZE, 0),
    };
    return HUKS_OK;
}

/* What agrees by which word, and how the peer's key comes: a SubjectPublicKeyInfo, or 32 raw bytes. */
static const struct agreement {
    uint32_t word; /* ALGORITHM of Init */
    uint32_t keys[2];
    enum crypto_method method;
    size_t raw;
} agreements[] = {
    {OH_HUKS_ALG_ECDH, {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH}, CRYPTO_ECDH, 0},
    {OH_HUKS_ALG_X25519, {OH_HUKS_ALG_X25519}, CRYPTO_ECDH, 32},
    {OH_HUKS_ALG_DH, {OH_HUKS_ALG_DH}, CRYPTO_DH, 0},
};

/* The engine takes raw points and values too; HUKS does not. Nothing but a SEQUENCE begins with 0x30 … */
static bool peer_form_ok(const struct agreement *agreement, struct bytes peer, uint32_t group_bits)
{
    if (agreement->raw != 0) {
        return peer.size == agreement->raw;
    }
    /* … except a DH value, which is never longer than the group's prime. */
    return peer.size > 0 && peer.data[0] == 0x30 &&
           (agreement->method != CRYPTO_DH || peer.size > group_bits / OH_HUKS_BITS_PER_BYTE);
}

static huks_rc agreement_spec(const struct item *item, const OH_Huks_ParamSet *init, struct bytes peer,
                              struct crypto_derive_spec *spec)
{
    const OH_Huks_ParamSet *key = item_params(item);
    uint32_t word = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    for (size_t i = 0; i < ARRAY_SIZE(agreements); i++) {
        const struct agreement *row = &agreements[i];
        if (row->word != word || (row->keys[0] != item_alg(item) && row->keys[1] != item_alg(item))) {
            continue;
        }
        HUKS_TRY(rules_check_agree(key, init));
        if (!peer_form_ok(row, peer, param_u32(key, OH_HUKS_TAG_KEY_SIZE, 0))) {
            return error_illegal(ABOUT_PUBLIC_POINT, ILLEGAL_KEY_INFO);
        }
        *spec = (struct crypto_derive_spec){.method = row->method, .peer = peer};
        if (row->method == CRYPTO_DH) {
            spec->size = param_u32(init, OH_HUKS_TAG_KEY_SIZE, 0) / OH_HUKS_BITS_PER_BYTE;
        }
        return HUKS_OK;
    }
    return error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL); /* a key of another algorithm */
}

/* What the engine finds, as HUKS says it: the caller's peer key is wrong, or its own engine fails. */
static huks_rc refused(huks_rc rc)
{
    if (rc != HUKS_E_INVALID_PARAM) {
        return rc;
    }
    return error_about() == ABOUT_PUBLIC_POINT ? error_illegal(ABOUT_PUBLIC_POINT, ILLEGAL_PUBLIC_KEY)
                                               : error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL);
}

huks_rc native_derive_update(struct native_session *session, struct bytes in)
{
    struct item *item = session->operation.item;
    struct crypto_derive_spec spec;
    if (session->derived) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OPERATION, NULL);
    }
    HUKS_TRY(native_allowed(item, session->init));
    HUKS_TRY(session->purpose == OH_HUKS_KEY_PURPOSE_DERIVE
                 ? derivation_spec(item_params(item), session->init, &spec)
                 : agreement_spec(item, session->init, in, &spec));
    HUKS_TRY(refused(operation_derive(&session->operation, &spec, &session->secret)));
    session->derived = true;
    return HUKS_OK;
}

/* ---- finish ---- */

/* Where a secret goes: bits, so that contradictions show. */
enum keeping { KEEP_INSIDE = 1, KEEP_OUTSIDE = 2 };

static huks_rc keeping_of(const OH_Huks_ParamSet *set, uint32_t tag, unsigned *keeping)
{
    if (!param_has(set, tag)) {
        return HUKS_OK;
    }
    switch (param_u32(set, tag, 0)) {
    case OH_HUKS_STORAGE_PERSISTENT:
    case OH_HUKS_STORAGE_ONLY_USED_IN_HUKS:
        *keeping |= KEEP_INSIDE;
        return HUKS_OK;
    case OH_HUKS_STORAGE_TEMP:
    case OH_HUKS_STORAGE_KEY_EXPORT_ALLOWED:
        *keeping |= KEEP_OUTSIDE;
        return HUKS_OK;
    default:
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
}

/* What Finish asks for must not contradict itself, nor what the base key was made with. */
static huks_rc decide_keeping(const struct native_session *session, const OH_Huks_ParamSet *set, bool *inside)
{
    const OH_Huks_ParamSet *key = item_params(session->operation.item);
    unsigned asked = 0, demanded = 0;
    HUKS_TRY(keeping_of(set, OH_HUKS_TAG_KEY_STORAGE_FLAG, &asked));
    HUKS_TRY(keeping_of(set, OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG, &asked));
    HUKS_TRY(keeping_of(key, OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG, &demanded));
    if (asked == 0) {
        asked = KEEP_OUTSIDE;
    }
    if (asked == (KEEP_INSIDE | KEEP_OUTSIDE) || (demanded != 0 && demanded != asked)) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_ATTRIBUTE, NULL);
    }
    *inside = asked == KEEP_INSIDE;
    return HUKS_OK;
}

static huks_rc kept_alias(const OH_Huks_ParamSet *set, struct bytes *alias)
{
    *alias = param_bytes(set, OH_HUKS_TAG_KEY_ALIAS);
    if (alias->data == NULL) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ABSENT);
    }
    return alias->size > 0 && alias->size <= ALIAS_MAX ? HUKS_OK
                                                       : error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
}

/* HUKS looks at alias, algorithm and size; the rest obeys the rules of every other key that is made. */
static huks_rc keep(struct native_session *session, const OH_Huks_ParamSet *set)
{
    struct engine *engine = session->operation.token->engine;
    uint32_t alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0);
    bool agreed = session->purpose == OH_HUKS_KEY_PURPOSE_AGREE;
    struct bytes alias;
    struct making making;
    struct token *token;
    HUKS_TRY(kept_alias(set, &alias));
    if (!rules_is_symmetric(alg)) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(rules_check_secret_size(set, session->secret.size));
    HUKS_TRY(make_begin(engine, alias, set, &making));
    make_from(&making, session->operation.item);
    HUKS_TRY(rules_check_import(set, RULES_IMPORT_PUBLIC));
    HUKS_TRY(make_token(&making, &token));
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_decode(engine->crypto, CRYPTO_SECRET, alg, secret_bytes(&session->secret), &key));
    return make_keep(&making, token, key, MAKE_PAIR,
                     agreed ? OH_HUKS_KEY_FLAG_AGREE_KEY : OH_HUKS_KEY_FLAG_DERIVE_KEY);
}

huks_rc native_derive_finish(struct native_session *session, const OH_Huks_ParamSet *set, void *out,
                             size_t *size)
{
    bool inside = false;
    if (!session->derived) {
        return error_illegal(ABOUT_OPERATION, ILLEGAL_NULL);
    }
    HUKS_TRY(decide_keeping(session, set, &inside));
    if (inside) {
        *size = 0;
        return keep(session, set);
    }
    if (*size < session->secret.size) {
        return error_short_buffer();
    }
    memcpy(out, session->secret.data, session->secret.size);
    *size = session->secret.size;
    return HUKS_OK;
}
