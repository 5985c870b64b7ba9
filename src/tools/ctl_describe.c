/*
 * Keys and other objects in words: what they are, what they may do, how they are kept.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <string.h>

#include "service/guard.h"
#include "tools/ctl_names.h"

static void put(json_t *object, const char *key, json_t *value)
{
    if (value != NULL && json_object_set_new(object, key, value) != 0) {
        return; /* no memory: a line less */
    }
}

static void put_bytes(json_t *object, const char *key, struct bytes value,
                      json_t *(*write)(struct bytes bytes))
{
    if (value.size > 0) {
        put(object, key, write(value));
    }
}

static json_t *words_of_bits(const struct name_row *rows, uint32_t bits)
{
    json_t *words = json_array();
    for (; rows->name != NULL; rows++) {
        if ((bits & rows->number) != 0) {
            json_array_append_new(words, json_string(rows->name));
        }
    }
    return words;
}

/* A tag may stand more than once: each is a value that is allowed. */
static void put_set(json_t *object, const char *key, const OH_Huks_ParamSet *params, uint32_t tag,
                    const struct name_row *names)
{
    json_t *words = json_array();
    for (uint32_t i = 0; i < params->paramsCnt; i++) {
        if (params->params[i].tag == tag) {
            const char *name = name_of(names, params->params[i].uint32Param);
            json_array_append_new(words, json_string(name != NULL ? name : "other"));
        }
    }
    if (json_array_size(words) > 0) {
        put(object, key, words);
    } else {
        json_decref(words);
    }
}

/* YYYYMMDD as people and ISO 8601 write it. */
static json_t *date_text(struct bytes date)
{
    char text[11];
    if (date.size != 8) {
        return ctl_text(date);
    }
    const char *digits = (const char *)date.data;
    snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
    return ctl_text(bytes_of(text, strlen(text)));
}

static void put_algorithm(json_t *object, const OH_Huks_ParamSet *params, uint32_t alg)
{
    const struct alg_row *row = alg_by_number(alg);
    const char *curve = curve_title(param_bytes(params, HUKS_TAG_EC_PARAMS));
    put(object, "algorithm", row != NULL ? json_string(row->title) : json_sprintf("number %u", alg));
    put(object, "size", json_integer(param_u32(params, OH_HUKS_TAG_KEY_SIZE, 0)));
    if (curve != NULL) {
        put(object, "curve", json_string(curve));
    }
}

static void put_authentication(json_t *object, const OH_Huks_ParamSet *params)
{
    uint32_t kinds = param_u32(params, OH_HUKS_TAG_USER_AUTH_TYPE, 0);
    if (kinds == 0) {
        return;
    }
    put(object, "authentication", words_of_bits(names_auth, kinds));
    put(object, "access",
        words_of_bits(names_access, param_u32(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, 0)));
    if (param_u32(params, OH_HUKS_TAG_CHALLENGE_TYPE, OH_HUKS_CHALLENGE_TYPE_NORMAL) ==
        OH_HUKS_CHALLENGE_TYPE_NONE) {
        put(object, "authentication_seconds",
            json_integer(param_u32(params, OH_HUKS_TAG_AUTH_TIMEOUT, AUTH_WINDOW_DEFAULT)));
    }
    if (param_has(params, OH_HUKS_TAG_KEY_AUTH_PURPOSE)) {
        put(object, "authentication_for",
            words_of_bits(names_purpose, param_u32(params, OH_HUKS_TAG_KEY_AUTH_PURPOSE, 0)));
    }
}

static void put_key(json_t *object, const struct ctl_key *key, struct item *item)
{
    const OH_Huks_ParamSet *params = item_params(item);
    uint32_t purposes = key->private != NULL ? item_purposes(key->private) : 0;
    purposes |= key->public != NULL ? item_purposes(key->public) : 0;
    put_algorithm(object, params, item_alg(item));
    put(object, "purposes", words_of_bits(names_purpose, purposes));
    put_set(object, "digests", params, OH_HUKS_TAG_DIGEST, names_digest);
    put_set(object, "paddings", params, OH_HUKS_TAG_PADDING, names_padding);
    put_set(object, "modes", params, OH_HUKS_TAG_BLOCK_MODE, names_mode);
    const char *origin = name_of(names_origin, param_u32(params, OH_HUKS_TAG_KEY_FLAG, 0));
    if (origin != NULL) {
        put(object, "origin", json_string(origin));
    }
    if (item_class(item) != HUKS_CLASS_PUBLIC_KEY) {
        put(object, "extractable", json_boolean(param_bool(params, HUKS_TAG_EXTRACTABLE, false)));
        put(object, "sensitive", json_boolean(param_bool(params, HUKS_TAG_SENSITIVE, true)));
    }
    put_authentication(object, params);
}

static struct item *main_item(const struct ctl_key *key)
{
    return key->private != NULL ? key->private : key->public != NULL ? key->public : key->other;
}

/* Void for good, or not: only a private or secret key can be. */
static const char *state_of(struct item *item)
{
    huks_rc rc = guard_check_void(item);
    if (rc == HUKS_OK) {
        rc = item_ready(item);
    }
    error_clear();
    return rc == HUKS_OK ? "usable" : rc == HUKS_E_AUTH_INVALIDATED ? "void" : "damaged";
}

json_t *ctl_describe(const struct ctl_key *key, bool whole)
{
    struct item *item = main_item(key);
    const OH_Huks_ParamSet *params = item_params(item);
    bool pair = key->private != NULL && key->public != NULL;
    const char *kind = pair ? "key pair" : name_of(names_class, item_class(item));
    const char *level = name_of(names_level, param_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0));
    json_t *object = json_object();
    char id[33];
    put(object, "kind", json_string(kind != NULL ? kind : "object"));
    put_bytes(object, "label", param_bytes(params, HUKS_TAG_LABEL), ctl_text);
    put_bytes(object, "id", param_bytes(params, HUKS_TAG_ID), ctl_hex_text);
    put_bytes(object, "alias", ctl_alias(item), ctl_text);
    if (item_alg(item) != 0) {
        put_key(object, key, item);
    }
    put(object, "level", json_string(level != NULL ? level : "?"));
    put(object, "private", json_boolean(item_private(item)));
    put_bytes(object, "valid_from", param_bytes(params, HUKS_TAG_START_DATE), date_text);
    put_bytes(object, "valid_until", param_bytes(params, HUKS_TAG_END_DATE), date_text);
    if (whole && key->private != NULL) {
        put(object, "state", json_string(state_of(key->private)));
    }
    if (key->hidden) {
        put(object, "hidden", json_string("private key"));
    }
    item_unique_id(item, id);
    put(object, "unique_id", json_string(id));
    put(object, "bytes", json_integer((json_int_t)item_size(item)));
    return object;
}

/* ---- explanations ---- */

static const char *explain_level(const json_t *value, const json_t *object)
{
    static const struct {
        const char *level, *words;
    } rows[] = {
        {"CE", "credential encrypted, readable in processes that gave the user PIN"},
        {"ECE", "readable only while the user is logged in"},
    };
    if (!json_is_true(json_object_get(object, "private"))) {
        return "readable without the user PIN"; /* DE, and the public half of any pair */
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].level, json_string_value(value)) == 0) {
            return rows[i].words;
        }
    }
    return NULL;
}

static const char *explain_extractable(const json_t *value, const json_t *object)
{
    (void)object;
    return json_is_true(value) ? "may leave the token, wrapped by another key" : "never leaves the token";
}

static const char *explain_state(const json_t *value, const json_t *object)
{
    (void)object;
    const char *state = json_string_value(value);
    return strcmp(state, "void") == 0      ? "for good, since what it was bound to has changed (12000007)"
           : strcmp(state, "damaged") == 0 ? "its record does not open (12000012), see huksctl check"
                                           : NULL;
}

/* What its user has to do, as a person would say it. */
static const char *explain_authentication(const json_t *value, const json_t *object)
{
    static char words[160];
    const json_t *seconds = json_object_get(object, "authentication_seconds");
    const char *which = json_array_size(value) > 1 ? "one of these, " : "";
    if (seconds != NULL) {
        snprintf(words, sizeof(words), "%snot longer than %d seconds before it is used", which,
                 (int)json_integer_value(seconds));
    } else {
        snprintf(words, sizeof(words), "%sanew for every single use", which);
    }
    return words;
}

static const char *explain_hidden(const json_t *value, const json_t *object)
{
    (void)value;
    (void)object;
    return "there, and shown after a login (--login)";
}

void ctl_print_key(const struct ctl *ctl, json_t *key)
{
    static const struct ctl_column columns[] = {
        {"kind", "kind", NULL},
        {"label", "label", NULL},
        {"alias", "alias", NULL},
        {"id", "id", NULL},
        {"algorithm", "algorithm", NULL},
        {"curve", "curve", NULL},
        {"size", "size", NULL},
        {"purposes", "purposes", NULL},
        {"digests", "digests", NULL},
        {"paddings", "paddings", NULL},
        {"modes", "modes", NULL},
        {"level", "storage level", explain_level},
        {"extractable", "extractable", explain_extractable},
        {"sensitive", "sensitive", NULL},
        {"authentication", "authentication", explain_authentication},
        {"authentication_for", "needed to", NULL},
        {"access", "access", NULL},
        {"origin", "origin", NULL},
        {"valid_from", "valid from", NULL},
        {"valid_until", "valid until", NULL},
        {"state", "state", explain_state},
        {"hidden", "hidden", explain_hidden},
        {"unique_id", "unique id", NULL},
        {"bytes", "bytes stored", NULL},
    };
    ctl_print_sheet(ctl, key, columns, ARRAY_SIZE(columns));
}
