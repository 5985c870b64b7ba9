/*
 * Keys that come in in the clear (huks-semantics 3.3 and 4.2), and what every imported key has to pass.
 *
 * HUKS's client looks at the form of the bytes before the keystore looks at anything else; what they hold is
 * judged after the parameters.
 */
#include "service/native_make.h"

#include "param/rules.h"
#include "service/material.h"
#include "service/private.h"

#define RAW_25519 32

static bool is_25519(uint32_t alg)
{
    return alg == OH_HUKS_ALG_X25519 || alg == OH_HUKS_ALG_ED25519;
}

/* ---- the form: before everything else ---- */

static const struct {
    uint32_t alg;
    uint8_t sizes[4];
} raw_sizes[] = {
    {OH_HUKS_ALG_AES, {16, 24, 32}},    {HUKS_ALG_DES, {8}},
    {HUKS_ALG_3DES, {16, 24}},          {OH_HUKS_ALG_X25519, {RAW_25519}},
    {OH_HUKS_ALG_ED25519, {RAW_25519}},
};

static bool raw_size_ok(uint32_t alg, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(raw_sizes); i++) {
        bool ours = raw_sizes[i].alg == alg;
        for (size_t j = 0; ours && j < ARRAY_SIZE(raw_sizes[i].sizes); j++) {
            if (raw_sizes[i].sizes[j] == size) {
                return true;
            }
        }
        if (ours) {
            return false;
        }
    }
    return true;
}

static huks_rc read_public_info(struct engine *engine, uint32_t alg, struct bytes bytes,
                                struct crypto_key **key)
{
    huks_rc rc = crypto_key_decode(engine->crypto, CRYPTO_PUBLIC, alg, bytes, key);
    return rc == HUKS_E_INVALID_PARAM ? error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_PUBLIC_KEY) : rc;
}

/* `key`: a public key is read already. */
static huks_rc check_form(struct engine *engine, const OH_Huks_ParamSet *set, enum rules_import kind,
                          struct bytes bytes, struct crypto_key **key)
{
    uint32_t alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0);
    if (kind == RULES_IMPORT_PUBLIC) {
        HUKS_TRY(rules_check_algorithm(set));
        if (!raw_size_ok(alg, bytes.size)) {
            return material_invalid();
        }
        if (!rules_is_symmetric(alg) && !is_25519(alg)) {
            return read_public_info(engine, alg, bytes, key);
        }
    }
    return bytes.size <= OH_HUKS_MAX_KEY_SIZE ? HUKS_OK : error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
}

/* ---- what the bytes hold: after the parameters ---- */

static huks_rc read_secret(const struct making *making, uint32_t alg, struct bytes bytes,
                           struct crypto_key **key)
{
    HUKS_TRY(rules_check_secret_size(making->set, bytes.size));
    huks_rc rc = crypto_key_decode(making->engine->crypto, CRYPTO_SECRET, alg, bytes, key);
    return rc == HUKS_E_INVALID_PARAM ? material_invalid() : rc;
}

static huks_rc read_raw(const struct making *making, enum crypto_key_class class, uint32_t alg, uint32_t bits,
                        struct bytes bytes, struct crypto_key **key)
{
    AUTO(param_list_free) struct param_list parts = {0};
    HUKS_TRY(
        param_list_put_bytes(&parts, class == CRYPTO_PUBLIC ? HUKS_TAG_EC_POINT : HUKS_TAG_VALUE, bytes));
    return material_build(making->engine->crypto, class, alg, bits, &parts, key);
}

static huks_rc check_shared(const struct crypto_key *key, uint32_t tag, const struct buffer *shared)
{
    AUTO(secret_free) struct secret part = {0};
    if (shared->size == 0) {
        return HUKS_OK;
    }
    HUKS_TRY(crypto_key_part(key, tag, &part));
    return bytes_equal(secret_bytes(&part), bytes_of(shared->data, shared->size)) ? HUKS_OK
                                                                                  : material_invalid();
}

/* A public key that brings algorithm, size and curve with it must be what the set says. */
static huks_rc check_public(const struct making *making, uint32_t alg, uint32_t bits,
                            const struct crypto_key *key)
{
    AUTO(crypto_domain_free) struct crypto_domain domain = {0};
    if (crypto_key_alg(key) != alg || crypto_key_bits(key) != bits) {
        return material_invalid();
    }
    HUKS_TRY(crypto_domain_of_size(making->engine->crypto, alg, bits, &domain));
    HUKS_TRY(check_shared(key, HUKS_TAG_EC_PARAMS, &domain.ec_params));
    HUKS_TRY(check_shared(key, HUKS_TAG_PRIME, &domain.prime));
    return check_shared(key, HUKS_TAG_BASE, &domain.base);
}

static huks_rc read_key(const struct making *making, enum rules_import kind, struct bytes bytes,
                        struct crypto_key **key)
{
    uint32_t alg = param_u32(making->set, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t bits = param_u32(making->set, OH_HUKS_TAG_KEY_SIZE, 0);
    if (rules_is_symmetric(alg)) {
        return read_secret(making, alg, bytes, key);
    }
    if (is_25519(alg) && bytes.size == RAW_25519 && kind != RULES_IMPORT_PAIR) {
        return read_raw(making, kind == RULES_IMPORT_PUBLIC ? CRYPTO_PUBLIC : CRYPTO_PRIVATE, alg, bits,
                        bytes, key);
    }
    return *key != NULL ? check_public(making, alg, bits, *key)
                        : material_read(making->engine->crypto, alg, bits, kind, bytes, key);
}

huks_rc import_public_tag(const struct making *making, struct crypto_key **key)
{
    uint32_t alg = param_u32(making->set, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t bits = param_u32(making->set, OH_HUKS_TAG_KEY_SIZE, 0);
    struct bytes given = param_bytes(making->set, OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA);
    if (given.data == NULL) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ABSENT);
    }
    if (is_25519(alg) && given.size == RAW_25519) {
        return read_raw(making, CRYPTO_PUBLIC, alg, bits, given, key);
    }
    HUKS_TRY(read_public_info(making->engine, alg, given, key));
    return check_public(making, alg, bits, *key);
}

huks_rc import_keep(const struct making *making, enum rules_import kind, struct crypto_key *key)
{
    struct token *token;
    HUKS_TRY(make_token(making, &token));
    return make_keep(making, token, key, kind == RULES_IMPORT_PRIVATE ? MAKE_PRIVATE_ALONE : MAKE_PAIR,
                     OH_HUKS_KEY_FLAG_IMPORT_KEY);
}

huks_rc import_material(const struct making *making, enum rules_import kind, struct bytes bytes)
{
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(read_key(making, kind, bytes, &key));
    return import_keep(making, kind, key);
}

huks_rc native_import(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                      struct bytes bytes)
{
    struct making making;
    enum rules_import kind;
    AUTO(make_key_free) struct crypto_key *key = NULL;
    HUKS_TRY(rules_import_kind(set, &kind));
    HUKS_TRY(check_form(engine, set, kind, bytes, &key));
    HUKS_TRY(make_begin(engine, alias, set, &making));
    HUKS_TRY(rules_check_import(set, kind));
    HUKS_TRY(read_key(&making, kind, bytes, &key));
    return import_keep(&making, kind, key);
}
