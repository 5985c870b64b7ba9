/*
 * Making and changing items: what a draft and a key become before they are kept.
 */
#include "service/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/binding.h"

/*
 * Which parts of a key are public knowledge and stored as attributes, by algorithm. They are in the record
 * of the public and of the private key alike, so that a consumer can rebuild the public key from either.
 */
struct key_parts {
    uint32_t alg;
    uint32_t tags[4];
};
static const struct key_parts key_parts[] = {
    {OH_HUKS_ALG_RSA, {HUKS_TAG_MODULUS, HUKS_TAG_PUBLIC_EXPONENT}},
    {OH_HUKS_ALG_ECC, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {OH_HUKS_ALG_ECDH, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {OH_HUKS_ALG_SM2, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {OH_HUKS_ALG_ED25519, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {OH_HUKS_ALG_X25519, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {HUKS_ALG_ED448, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {HUKS_ALG_X448, {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {OH_HUKS_ALG_DSA, {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE}},
    {OH_HUKS_ALG_DH, {HUKS_TAG_PRIME, HUKS_TAG_BASE}},
    {HUKS_ALG_X942_DH, {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE}},
};

static const uint32_t value_tags[] = {
    HUKS_TAG_VALUE,      HUKS_TAG_PRIVATE_EXPONENT, HUKS_TAG_PRIME_1, HUKS_TAG_PRIME_2,
    HUKS_TAG_EXPONENT_1, HUKS_TAG_EXPONENT_2,       HUKS_TAG_COEFFICIENT, HUKS_TAG_SEED,
};

bool item_tag_is_value(uint32_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(value_tags); i++) {
        if (value_tags[i] == tag) {
            return true;
        }
    }
    return false;
}

/* The part of the public half whose SHA-1 is the ID of a key from the native door. */
static uint32_t identity_tag(uint32_t alg)
{
    switch (alg) {
    case OH_HUKS_ALG_RSA:
        return HUKS_TAG_MODULUS;
    case OH_HUKS_ALG_DSA:
    case OH_HUKS_ALG_DH:
    case HUKS_ALG_X942_DH:
    case HUKS_ALG_ML_KEM:
    case HUKS_ALG_ML_DSA:
    case HUKS_ALG_SLH_DSA:
        return HUKS_TAG_VALUE;
    default:
        return HUKS_TAG_EC_POINT;
    }
}

/* Secrets gathered while a set is built: freed with their buffers when it is done. */
struct gathered {
    struct secret parts[8];
    size_t count;
    struct buffer point;
    uint8_t identity[20];
    struct binding binding;
};

static void gathered_free(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->count; i++) {
        secret_free(&gathered->parts[i]);
    }
    buffer_free(&gathered->point);
}

/* ---- reading a draft ---- */

static uint32_t list_u32(const struct param_list *list, uint32_t tag, uint32_t fallback)
{
    const OH_Huks_Param *param = param_list_find(list, tag);
    return param == NULL ? fallback : param->uint32Param;
}

static bool list_bool(const struct param_list *list, uint32_t tag, bool fallback)
{
    const OH_Huks_Param *param = param_list_find(list, tag);
    return param == NULL ? fallback : param->boolParam;
}

static bool list_has(const struct param_list *list, uint32_t tag)
{
    return param_list_find(list, tag) != NULL;
}

static bool is_key_class(enum huks_object_class class)
{
    return class == HUKS_CLASS_PUBLIC_KEY || class == HUKS_CLASS_PRIVATE_KEY || class == HUKS_CLASS_SECRET_KEY;
}

static enum huks_object_class draft_class(const struct item_draft *draft)
{
    return (enum huks_object_class)list_u32(&draft->params, HUKS_TAG_OBJECT_CLASS, HUKS_CLASS_DATA);
}

static enum crypto_key_class crypto_class(enum huks_object_class class)
{
    return class == HUKS_CLASS_PUBLIC_KEY    ? CRYPTO_PUBLIC
           : class == HUKS_CLASS_PRIVATE_KEY ? CRYPTO_PRIVATE
                                             : CRYPTO_SECRET;
}

/* ---- what follows from the key ---- */

static huks_rc add_part(struct item_draft *draft, const struct crypto_key *key, uint32_t tag,
                        struct gathered *gathered)
{
    struct secret *part = &gathered->parts[gathered->count];
    HUKS_TRY(crypto_key_part(key, tag, part));
    gathered->count++;
    struct bytes value = secret_bytes(part);
    if (tag == HUKS_TAG_EC_POINT) {
        HUKS_TRY(crypto_der_octet_string(value, &gathered->point));
        value = bytes_of(gathered->point.data, gathered->point.size);
    }
    return param_list_put_bytes(&draft->params, tag, value);
}

static huks_rc add_public_parts(struct item_draft *draft, const struct crypto_key *key, struct gathered *gathered)
{
    uint32_t alg = crypto_key_alg(key);
    for (size_t i = 0; i < ARRAY_SIZE(key_parts); i++) {
        if (key_parts[i].alg != alg) {
            continue;
        }
        for (size_t j = 0; j < ARRAY_SIZE(key_parts[i].tags) && key_parts[i].tags[j] != 0; j++) {
            HUKS_TRY(add_part(draft, key, key_parts[i].tags[j], gathered));
        }
    }
    /* PKCS #11 3.2, section 4.10: a private key's own public half, or nothing. */
    const OH_Huks_Param *given = draft_class(draft) == HUKS_CLASS_PRIVATE_KEY
                                     ? param_list_find(&draft->params, HUKS_TAG_PUBLIC_KEY_INFO)
                                     : NULL;
    struct bytes info = given != NULL ? param_blob(given) : bytes_of(NULL, 0);
    HUKS_TRY(add_part(draft, key, HUKS_TAG_PUBLIC_KEY_INFO, gathered));
    return info.size == 0 || bytes_equal(info, secret_bytes(&gathered->parts[gathered->count - 1]))
               ? HUKS_OK
               : error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "attribute of the public key");
}

static huks_rc add_key_attributes(struct item_draft *draft, const struct crypto_key *key, uint32_t key_flag,
                                  struct gathered *gathered)
{
    enum huks_object_class class = draft_class(draft);
    HUKS_TRY(param_list_put_u32(&draft->params, OH_HUKS_TAG_ALGORITHM, crypto_key_alg(key)));
    HUKS_TRY(param_list_put_u32(&draft->params, OH_HUKS_TAG_KEY_SIZE, crypto_key_bits(key)));
    HUKS_TRY(param_list_put_u32(&draft->params, OH_HUKS_TAG_KEY_FLAG, key_flag));
    for (size_t i = 0; i < ARRAY_SIZE(value_tags); i++) {
        param_list_remove(&draft->params, value_tags[i]);
    }
    if (class == HUKS_CLASS_SECRET_KEY) {
        return add_part(draft, key, HUKS_TAG_CHECK_VALUE, gathered);
    }
    HUKS_TRY(add_public_parts(draft, key, gathered));
    if (class == HUKS_CLASS_PUBLIC_KEY && identity_tag(crypto_key_alg(key)) == HUKS_TAG_VALUE) {
        return add_part(draft, key, HUKS_TAG_VALUE, gathered); /* the public value */
    }
    return HUKS_OK;
}

/* ---- names and classes ---- */

#define ALIAS_BYTES 16

struct alias {
    char text[2 * ALIAS_BYTES + 1];
};

static huks_rc alias_draw(struct engine *engine, struct alias *alias)
{
    uint8_t random[ALIAS_BYTES];
    HUKS_TRY(crypto_random_public(engine->crypto, random, sizeof(random)));
    for (size_t i = 0; i < sizeof(random); i++) {
        alias->text[2 * i] = "0123456789abcdef"[random[i] >> 4];
        alias->text[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
    }
    alias->text[2 * sizeof(random)] = '\0';
    return HUKS_OK;
}

static bool draft_private(const struct item_draft *draft)
{
    return list_bool(&draft->params, HUKS_TAG_PRIVATE, false);
}

static huks_rc add_alias(struct item_draft *draft, const struct alias *alias)
{
    return list_has(&draft->params, HUKS_TAG_ALIAS)
               ? HUKS_OK
               : param_list_put_bytes(&draft->params, HUKS_TAG_ALIAS, bytes_of(alias->text, strlen(alias->text)));
}

static huks_rc add_level(struct item_draft *draft)
{
    if (list_has(&draft->params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL)) {
        return HUKS_OK;
    }
    uint32_t level = draft_private(draft) ? OH_HUKS_AUTH_STORAGE_LEVEL_CE : OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    return param_list_put_u32(&draft->params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, level);
}

/* A key that dies with the PIN belongs to the class that does, whatever its level: it has a secure id. */
static bool draft_pin_bound(const struct item_draft *draft)
{
    uint32_t access = list_u32(&draft->params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0);
    return (access & OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD) != 0 &&
           list_has(&draft->params, HUKS_TAG_USER_AUTH_SECURE_UID);
}

static enum store_class draft_store_class(const struct item_draft *draft)
{
    if (draft_pin_bound(draft)) {
        return STORE_PIN_BOUND;
    }
    if (!draft_private(draft)) {
        return STORE_DE;
    }
    uint32_t level = list_u32(&draft->params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_CE);
    return level == OH_HUKS_AUTH_STORAGE_LEVEL_ECE ? STORE_ECE : STORE_CE;
}

/* ---- keeping ---- */

/* Is it a new key that its user's rule is to be made for? Public halves are free, copies have theirs. */
static bool draft_binds(const struct item_draft *draft)
{
    enum huks_object_class class = draft_class(draft);
    return (class == HUKS_CLASS_PRIVATE_KEY || class == HUKS_CLASS_SECRET_KEY) && !draft->copied;
}

/* Before a key is generated for nothing; the store and binding_bind() ask again. */
static huks_rc may_make(struct token *token, const struct item_draft *drafts, size_t count)
{
    bool on_token = false;
    for (size_t i = 0; i < count; i++) {
        if (draft_private(&drafts[i]) && !token_private_open(token)) {
            return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
        }
        on_token = on_token || drafts[i].on_token;
    }
    if (on_token && !store_token_writable(atomic_load(&token->db))) {
        return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, "write the key file");
    }
    for (size_t i = 0; i < count; i++) {
        if (draft_binds(&drafts[i])) {
            HUKS_TRY(binding_check_user(token->auth, &drafts[i].params));
            HUKS_TRY(binding_check_password(token->auth, &drafts[i].params));
        }
    }
    return HUKS_OK;
}

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

huks_rc item_identity(struct engine *engine, struct crypto_key *key, uint8_t identity[20])
{
    AUTO(key_unref_ptr) struct crypto_key *public = NULL;
    AUTO(secret_free) struct secret part = {0};
    HUKS_TRY(crypto_key_public(key, &public)); /* VALUE of a private half is the private value */
    HUKS_TRY(crypto_key_part(public, identity_tag(crypto_key_alg(key)), &part));
    return crypto_sha1(engine->crypto, secret_bytes(&part), identity);
}

static huks_rc add_identity(struct engine *engine, struct item_draft *draft, struct crypto_key *key,
                            struct gathered *gathered)
{
    const OH_Huks_Param *alias = param_list_find(&draft->params, HUKS_TAG_ALIAS);
    if (draft_class(draft) != HUKS_CLASS_SECRET_KEY) {
        HUKS_TRY(item_identity(engine, key, gathered->identity));
    } else {
        HUKS_TRY(crypto_sha1(engine->crypto, alias == NULL ? BYTES_NONE : param_blob(alias), gathered->identity));
    }
    return param_list_put_bytes(&draft->params, HUKS_TAG_ID, BYTES_OF(gathered->identity));
}

/* A finished draft: its set, and its key if it has one. */
struct finished {
    OH_Huks_ParamSet *params;
    struct crypto_key *key;
};

static void finished_free(struct finished *finished)
{
    param_set_free(&finished->params);
    crypto_key_unref(finished->key);
}

static huks_rc finish_draft(struct token *token, struct item_draft *draft, struct crypto_key *key,
                            uint32_t key_flag, const struct alias *alias, struct finished *out)
{
    AUTO(gathered_free) struct gathered gathered = {0};
    HUKS_TRY(add_alias(draft, alias)); /* a secret key's identity is made from it */
    if (key != NULL) {
        HUKS_TRY(add_key_attributes(draft, key, key_flag, &gathered));
        if (draft->identify) {
            HUKS_TRY(add_identity(token->engine, draft, key, &gathered));
        }
    }
    if (draft_binds(draft)) {
        HUKS_TRY(binding_bind(token->auth, &draft->params, &gathered.binding));
    }
    HUKS_TRY(add_level(draft));
    return param_list_build(&draft->params, &out->params);
}

static huks_rc keep_in_session(struct token *token, const struct item_draft *draft, struct finished *finished,
                               uint64_t *handle)
{
    struct item *item = NULL;
    OH_Huks_ParamSet *params = finished->params;
    finished->params = NULL;
    HUKS_TRY(item_new(token, params, &item));
    item->owner = draft->owner;
    if (finished->key != NULL) {
        atomic_store(&item->key, crypto_key_ref(finished->key));
    }
    huks_rc rc = item_keep_in_session(item);
    *handle = item->handle;
    item_unref(item);
    return rc;
}

static huks_rc fill_record(const struct item_draft *draft, struct finished *finished, struct store_record *record)
{
    record->class = draft_store_class(draft);
    record->params = finished->params;
    finished->params = NULL;
    if (finished->key == NULL) {
        return HUKS_OK;
    }
    return crypto_key_encode(finished->key, crypto_class(draft_class(draft)), &record->key);
}

/* The PIN-bound class opens to a login alone, and shuts when another process clears the PIN. */
static huks_rc class_open(const struct store_keys *keys, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (records[i].class == STORE_PIN_BOUND && keys->key[STORE_PIN_BOUND] == NULL) {
            return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
        }
    }
    return HUKS_OK;
}

static huks_rc keep_on_token(struct token *token, const struct item_draft *drafts, struct finished *finished,
                             size_t count, enum store_alias_rule rule, uint64_t *handles)
{
    struct store_record records[2] = {0};
    huks_rc rc = HUKS_OK;
    for (size_t i = 0; i < count && rc == HUKS_OK; i++) {
        rc = fill_record(&drafts[i], &finished[i], &records[i]);
    }
    if (rc == HUKS_OK) {
        struct token_keys keys;
        token_keys_acquire(token, &keys);
        rc = class_open(&keys.keys, records, count);
        if (rc == HUKS_OK) {
            rc = store_add(atomic_load(&token->db), &keys.keys, records, count, rule);
        }
        token_keys_release(&keys);
    }
    for (size_t i = 0; i < count; i++) {
        handles[i] = item_token_handle(token, records[i].id);
        store_record_free(&records[i]);
    }
    return rc;
}

/* Both on the token: one transaction. Otherwise each goes where it belongs, the token's first. */
static huks_rc keep(struct token *token, const struct item_draft *drafts, struct finished *finished, size_t count,
                    enum store_alias_rule rule, uint64_t *handles)
{
    if (count == 2 && drafts[0].on_token && drafts[1].on_token) {
        return keep_on_token(token, drafts, finished, 2, rule, handles);
    }
    for (size_t on_token = 1; on_token != (size_t)-1; on_token--) {
        for (size_t i = 0; i < count; i++) {
            if (drafts[i].on_token != (on_token == 1)) {
                continue;
            }
            HUKS_TRY(on_token == 1 ? keep_on_token(token, &drafts[i], &finished[i], 1, rule, &handles[i])
                                   : keep_in_session(token, &drafts[i], &finished[i], &handles[i]));
        }
    }
    return HUKS_OK;
}

/* One item from a draft and, perhaps, a key (borrowed). */
static huks_rc keep_one(struct token *token, struct item_draft *draft, struct crypto_key *key,
                        uint32_t key_flag, enum store_alias_rule rule, uint64_t *handle)
{
    struct alias alias;
    HUKS_TRY(alias_draw(token->engine, &alias));
    AUTO(finished_free) struct finished finished = {.key = key == NULL ? NULL : crypto_key_ref(key)};
    HUKS_TRY(finish_draft(token, draft, key, key_flag, &alias, &finished));
    return keep(token, draft, &finished, 1, rule, handle);
}

/* ---- the verbs ---- */

huks_rc item_create(struct token *token, struct item_draft *draft, enum store_alias_rule rule, uint64_t *handle)
{
    HUKS_TRY(may_make(token, draft, 1));
    enum huks_object_class class = draft_class(draft);
    if (!is_key_class(class)) {
        return keep_one(token, draft, NULL, OH_HUKS_KEY_FLAG_IMPORT_KEY, rule, handle);
    }
    AUTO(param_set_free) OH_Huks_ParamSet *parts = NULL;
    HUKS_TRY(param_list_build(&draft->params, &parts));
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_build(token->engine->crypto, crypto_class(class),
                              list_u32(&draft->params, OH_HUKS_TAG_ALGORITHM, 0), parts, &key));
    return keep_one(token, draft, key, OH_HUKS_KEY_FLAG_IMPORT_KEY, rule, handle);
}

huks_rc item_import(struct token *token, enum crypto_key_class class, struct bytes encoded, struct item_draft *draft,
                    enum store_alias_rule rule, uint64_t *handle)
{
    HUKS_TRY(may_make(token, draft, 1));
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_decode(token->engine->crypto, class, list_u32(&draft->params, OH_HUKS_TAG_ALGORITHM, 0),
                               encoded, &key));
    return keep_one(token, draft, key, OH_HUKS_KEY_FLAG_IMPORT_KEY, rule, handle);
}

static huks_rc generate_domain(struct token *token, const struct crypto_keygen *spec, struct item_draft *draft,
                               enum store_alias_rule rule, uint64_t *handle)
{
    const struct crypto_domain_spec domain = {
        .alg = spec->alg,
        .prime_bits = spec->size_bits,
        .subprime_bits = list_u32(&draft->params, HUKS_TAG_SUBPRIME_BITS, 0),
        .digest = spec->digest,
        .seed = spec->seed,
        .index = spec->index,
    };
    AUTO(buffer_free) struct buffer prime = {0};
    AUTO(buffer_free) struct buffer subprime = {0};
    AUTO(buffer_free) struct buffer base = {0};
    struct crypto *crypto = token->engine->crypto;
    if (spec->seed.size != 0) {
        HUKS_TRY(crypto_domain_base(crypto, &domain, spec->prime, spec->subprime, &base));
        HUKS_TRY(param_list_put_bytes(&draft->params, HUKS_TAG_BASE, bytes_of(base.data, base.size)));
        return keep_one(token, draft, NULL, OH_HUKS_KEY_FLAG_GENERATE_KEY, rule, handle);
    }
    HUKS_TRY(crypto_domain_generate(crypto, &domain, &prime, &subprime, &base, spec->seed_out));
    HUKS_TRY(param_list_put_bytes(&draft->params, HUKS_TAG_PRIME, bytes_of(prime.data, prime.size)));
    if (subprime.size > 0) {
        HUKS_TRY(param_list_put_bytes(&draft->params, HUKS_TAG_SUBPRIME, bytes_of(subprime.data, subprime.size)));
    }
    /* Whoever takes the seed makes the generator by himself, from it. */
    if (spec->seed_out == NULL) {
        HUKS_TRY(param_list_put_bytes(&draft->params, HUKS_TAG_BASE, bytes_of(base.data, base.size)));
    }
    return keep_one(token, draft, NULL, OH_HUKS_KEY_FLAG_GENERATE_KEY, rule, handle);
}

/* Both halves of a private key, as two items that name each other. */
static huks_rc keep_pair(struct token *token, struct item_draft *drafts, struct crypto_key *key, uint32_t key_flag,
                         enum store_alias_rule rule, uint64_t *handles)
{
    struct alias alias;
    HUKS_TRY(alias_draw(token->engine, &alias));
    AUTO(key_unref_ptr) struct crypto_key *public = NULL;
    HUKS_TRY(crypto_key_public(key, &public));
    struct finished finished[2] = {{.key = crypto_key_ref(public)}, {.key = crypto_key_ref(key)}};
    huks_rc rc = finish_draft(token, &drafts[0], public, key_flag, &alias, &finished[0]);
    if (rc == HUKS_OK) {
        rc = finish_draft(token, &drafts[1], key, key_flag, &alias, &finished[1]);
    }
    if (rc == HUKS_OK) {
        rc = keep(token, drafts, finished, 2, rule, handles);
    }
    finished_free(&finished[0]);
    finished_free(&finished[1]);
    return rc;
}

static huks_rc keep_made(struct token *token, struct crypto_key *key, uint32_t key_flag, struct item_draft *drafts,
                         size_t count, enum store_alias_rule rule, uint64_t *handles)
{
    return count == 1 ? keep_one(token, &drafts[0], key, key_flag, rule, handles)
                      : keep_pair(token, drafts, key, key_flag, rule, handles);
}

huks_rc item_keep(struct token *token, struct crypto_key *key, uint32_t key_flag, struct item_draft *drafts,
                  size_t count, enum store_alias_rule rule, uint64_t *handles)
{
    HUKS_TRY(may_make(token, drafts, count));
    return keep_made(token, key, key_flag, drafts, count, rule, handles);
}

huks_rc item_generate(struct token *token, const struct crypto_keygen *spec, struct item_draft *drafts, size_t count,
                      enum store_alias_rule rule, uint64_t *handles)
{
    HUKS_TRY(may_make(token, drafts, count));
    if (count == 1 && draft_class(&drafts[0]) == HUKS_CLASS_DOMAIN_PARAMETERS) {
        return generate_domain(token, spec, &drafts[0], rule, handles);
    }
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_generate(token->engine->crypto, spec, &key));
    return keep_made(token, key, OH_HUKS_KEY_FLAG_GENERATE_KEY, drafts, count, rule, handles);
}

huks_rc item_copy(struct token *token, struct item *source, struct item_draft *draft, uint64_t *handle)
{
    draft->copied = true;
    HUKS_TRY(may_make(token, draft, 1));
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    if (is_key_class(source->class)) {
        HUKS_TRY(item_key(source, &key));
    }
    uint32_t key_flag = param_u32(source->params, OH_HUKS_TAG_KEY_FLAG, OH_HUKS_KEY_FLAG_IMPORT_KEY);
    return keep_one(token, draft, key, key_flag, STORE_ALIAS_UNIQUE, handle);
}

huks_rc item_make_public(struct token *token, struct item *source, struct item_draft *draft, uint64_t *handle)
{
    HUKS_TRY(may_make(token, draft, 1));
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(key_unref_ptr) struct crypto_key *public = NULL;
    HUKS_TRY(item_key(source, &key));
    HUKS_TRY(crypto_key_public(key, &public));
    return keep_one(token, draft, public, OH_HUKS_KEY_FLAG_DERIVE_KEY, STORE_ALIAS_UNIQUE, handle);
}

/* ---- changing ---- */

static huks_rc changed_set(const struct item *item, const struct param_list *changes, OH_Huks_ParamSet **out)
{
    AUTO(param_list_free) struct param_list merged = {0};
    HUKS_TRY(param_list_add_set(&merged, item->params));
    for (size_t i = 0; i < changes->count; i++) {
        HUKS_TRY(param_list_put(&merged, &changes->params[i]));
    }
    return param_list_build(&merged, out);
}

static huks_rc change_in_session(struct item *item, OH_Huks_ParamSet *params)
{
    struct item *next = NULL;
    HUKS_TRY(item_new(item->token, params, &next));
    next->owner = item->owner;
    next->number = item->number;
    next->handle = item->handle;
    next->pair = item->pair;
    struct crypto_key *key = atomic_load(&item->key);
    if (key != NULL) {
        atomic_store(&next->key, crypto_key_ref(key));
    }
    huks_rc rc = item_table_put(&item->token->session_objects, next);
    item_unref(next);
    return rc;
}

huks_rc item_change(struct token *token, uint64_t handle, const struct param_list *changes)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    HUKS_TRY(item_get(token, handle, &item));
    OH_Huks_ParamSet *params = NULL;
    HUKS_TRY(changed_set(item, changes, &params));
    if (!item->on_token) {
        return change_in_session(item, params);
    }
    struct store_record record = {
        .id = item->number,
        .version = item->version,
        .pair = item->pair,
        .class = item->store_class,
        .params = params,
    };
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    huks_rc rc = store_change(atomic_load(&token->db), &keys.keys, &record);
    token_keys_release(&keys);
    store_record_free(&record);
    item_table_remove(&token->cache, item->number);
    return rc;
}
