/*
 * Keys by name. A name is an alias, else a label, else an ID in hexadecimal; the first of these that anything
 * answers to decides. Two keys of one name are never guessed between.
 */
#include "tools/ctl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl_names.h"

void ctl_key_free(struct ctl_key *key)
{
    item_unref(key->private);
    item_unref(key->public);
    item_unref(key->other);
    *key = (struct ctl_key){0};
}

struct bytes ctl_alias(const struct item *item)
{
    return param_bytes(item_params(item), HUKS_TAG_ALIAS);
}

bool ctl_hex(const char *text, uint8_t *out, size_t capacity, size_t *size)
{
    size_t digits = 0;
    for (; *text != '\0'; text++) {
        if (*text == ':' && digits % 2 == 0) {
            continue;
        }
        if (!isxdigit((unsigned char)*text) || digits / 2 == capacity) {
            return false;
        }
        int letter = tolower((unsigned char)*text);
        uint8_t value = (uint8_t)(letter >= 'a' ? letter - 'a' + 10 : letter - '0');
        out[digits / 2] = (uint8_t)(digits % 2 == 0 ? value << 4 : out[digits / 2] | value);
        digits++;
    }
    *size = digits / 2;
    return digits > 0 && digits % 2 == 0;
}

static struct item **place_of(struct ctl_key *key, const struct item *item)
{
    switch (item_class(item)) {
    case HUKS_CLASS_PRIVATE_KEY:
    case HUKS_CLASS_SECRET_KEY:
        return &key->private;
    case HUKS_CLASS_PUBLIC_KEY:
        return &key->public;
    default:
        return &key->other;
    }
}

static huks_rc ambiguous(const char *name)
{
    return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "name: several objects answer to %s", name);
}

static bool at_level(const struct ctl *ctl, const struct item *item)
{
    uint32_t level = 0;
    const char *word = ctl_option(ctl, OPTION_LEVEL);
    return word == NULL || !name_find(names_level, word, &level) || /* ctl_find() knows that it is a level */
           param_u32(item_params(item), OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0) == level;
}

static huks_rc take(struct ctl *ctl, const char *name, uint64_t handle, uint32_t tag, struct bytes value,
                    struct ctl_key *key)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    huks_rc rc = item_get(ctl->token, handle, &item);
    if (rc == HUKS_E_NOT_EXIST) {
        return HUKS_OK; /* somebody has just deleted it */
    }
    HUKS_TRY(rc);
    if (!bytes_equal(param_bytes(item_params(item), tag), value) || !at_level(ctl, item)) {
        return HUKS_OK;
    }
    struct item **place = place_of(key, item);
    if (*place != NULL) {
        return ambiguous(name);
    }
    *place = item_ref(item);
    return HUKS_OK;
}

static huks_rc find_by(struct ctl *ctl, const char *name, uint32_t tag, struct bytes value,
                       struct ctl_key *key)
{
    struct store_match match = {.tag = tag, .value = value};
    AUTO(memory_free_ptr) uint64_t *handles = NULL;
    size_t count = 0;
    HUKS_TRY(item_find(ctl->token, &match, 1, &handles, &count));
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(take(ctl, name, handles[i], tag, value, key));
    }
    return HUKS_OK;
}

/* The half that the name did not lead to, and whether the two that it led to belong together. */
static huks_rc join_halves(struct ctl *ctl, const char *name, struct ctl_key *key)
{
    struct item *known = key->private != NULL ? key->private : key->public;
    if (known == NULL) {
        return HUKS_OK;
    }
    if (key->private != NULL && key->public != NULL) {
        struct bytes ids[2] = {param_bytes(item_params(key->private), HUKS_TAG_ID),
                               param_bytes(item_params(key->public), HUKS_TAG_ID)};
        bool pair = item_pair(key->private) == item_handle(key->public);
        return pair || bytes_equal(ids[0], ids[1]) ? HUKS_OK : ambiguous(name);
    }
    if (item_pair(known) == 0) {
        return HUKS_OK;
    }
    struct item **half = key->private != NULL ? &key->public : &key->private;
    huks_rc rc = item_get(ctl->token, item_pair(known), half);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        key->hidden = half == &key->private && ctl_locked(ctl);
        return HUKS_OK;
    }
    return rc;
}

static bool found_any(const struct ctl_key *key)
{
    return key->private != NULL || key->public != NULL || key->other != NULL;
}

static huks_rc find_now(struct ctl *ctl, const char *name, struct ctl_key *key)
{
    static const uint32_t tags[] = {HUKS_TAG_ALIAS, HUKS_TAG_LABEL};
    struct bytes value = bytes_of(name, strlen(name));
    uint8_t id[256];
    size_t id_size = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tags) && !found_any(key); i++) {
        HUKS_TRY(find_by(ctl, name, tags[i], value, key));
    }
    if (!found_any(key) && ctl_hex(name, id, sizeof(id), &id_size)) {
        HUKS_TRY(find_by(ctl, name, HUKS_TAG_ID, bytes_of(id, id_size), key));
    }
    /* A certificate often has the label and ID of its key: who says that name means the key. */
    if (key->other != NULL && (key->private != NULL || key->public != NULL)) {
        item_unref(key->other);
        key->other = NULL;
    }
    return join_halves(ctl, name, key);
}

static bool serves(const struct ctl_key *key, enum ctl_need need)
{
    switch (need) {
    case NEED_PRIVATE:
        return key->private != NULL;
    case NEED_PUBLIC:
        return key->private != NULL || key->public != NULL;
    default:
        return found_any(key);
    }
}

huks_rc ctl_find(struct ctl *ctl, const char *name, enum ctl_need need, struct ctl_key *key)
{
    const char *level = ctl_option(ctl, OPTION_LEVEL);
    uint32_t known = 0;
    if (level != NULL && !name_find(names_level, level, &known)) {
        return ctl_usage(ctl, "--level is de, ce or ece, not %s", level);
    }
    HUKS_TRY(ctl_login_if_told(ctl));
    HUKS_TRY(find_now(ctl, name, key));
    if (!serves(key, need) && ctl_locked(ctl)) {
        ctl_key_free(key);
        HUKS_TRY(ctl_login(ctl));
        HUKS_TRY(find_now(ctl, name, key));
    }
    return serves(key, need) ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}
