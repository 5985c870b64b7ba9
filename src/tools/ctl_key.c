/*
 * Keys that are there: listed, shown, exported, deleted.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- list ---- */

/* A pair is one line, of its private half if that is seen. */
static huks_rc list_one(struct ctl *ctl, uint64_t handle, json_t *rows)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(item_unref_ptr) struct item *item = NULL;
    huks_rc rc = item_get(ctl->token, handle, &item);
    if (rc != HUKS_OK) {
        error_clear();
        /* Gone meanwhile; or damaged, and then a line of its own and no reason to hide the others. */
        return rc == HUKS_E_INTERNAL
                   ? (json_array_append_new(rows, json_pack("{s:s}", "kind", "damaged (see huksctl check)")),
                      HUKS_OK)
               : rc == HUKS_E_NOT_EXIST ? HUKS_OK
                                        : rc;
    }
    struct item *half = NULL;
    if (item_pair(item) != 0 && item_get(ctl->token, item_pair(item), &half) != HUKS_OK) {
        error_clear();
        half = NULL;
    }
    bool public = item_class(item) == HUKS_CLASS_PUBLIC_KEY;
    bool secret = item_class(item) == HUKS_CLASS_PRIVATE_KEY || item_class(item) == HUKS_CLASS_SECRET_KEY;
    if (public && half != NULL) {
        item_unref(half);
        return HUKS_OK;
    }
    key.public = public ? item_ref(item) : half;
    key.private = secret ? item_ref(item) : NULL;
    key.other = !public && !secret ? item_ref(item) : NULL;
    json_array_append_new(rows, ctl_describe(&key, false));
    return HUKS_OK;
}

static huks_rc run_list(struct ctl *ctl)
{
    static const struct ctl_column columns[] = {
        {"kind", "kind", NULL},   {"algorithm", "algorithm", NULL},
        {"size", "size", NULL},   {"label", "label", NULL},
        {"id", "id", NULL},       {"level", "level", NULL},
        {"alias", "alias", NULL}, {"purposes", "purposes", NULL},
    };
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_login_if_told(ctl));
    AUTO(memory_free_ptr) uint64_t *handles = NULL;
    size_t count = 0;
    HUKS_TRY(item_find(ctl->token, NULL, 0, &handles, &count));
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        huks_rc rc = list_one(ctl, handles[i], rows);
        if (rc != HUKS_OK) {
            json_decref(rows);
            return rc;
        }
    }
    ctl_print_table(ctl, rows, columns, ARRAY_SIZE(columns), "The token has no objects that can be seen.");
    if (ctl_locked(ctl) && !ctl_given(ctl, OPTION_JSON)) {
        puts("Private keys are shown after a login: --login");
    }
    return HUKS_OK;
}

/* ---- show, export ---- */

static huks_rc run_show(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_ANY, &key));
    ctl_print_key(ctl, ctl_describe(&key, true));
    return HUKS_OK;
}

static huks_rc run_export(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(secret_free) struct secret info = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PUBLIC, &key));
    struct item *item = key.public != NULL ? key.public : key.private;
    if (item_class(item) == HUKS_CLASS_SECRET_KEY) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE,
                           "key: a secret key has no public half to export");
    }
    HUKS_TRY(item_part(item, HUKS_TAG_PUBLIC_KEY_INFO, &info));
    return ctl_file_put(ctl, secret_bytes(&info));
}

/* ---- delete ---- */

static huks_rc confirm_delete(struct ctl *ctl)
{
    char question[256];
    bool asked = false;
    if (ctl_given(ctl, OPTION_YES)) {
        return HUKS_OK;
    }
    snprintf(question, sizeof(question), "Delete %s for good?", ctl->operands[0]);
    if (ctl_confirm(question, &asked)) {
        return HUKS_OK;
    }
    if (!asked) {
        return ctl_usage(ctl, "what is deleted does not come back: say --yes");
    }
    puts("Nothing was deleted.");
    return CTL_TOLD;
}

static huks_rc delete_items(struct ctl *ctl, const struct ctl_key *key)
{
    uint64_t handles[ITEMS_DESTROY_MAX];
    size_t count = 0;
    struct item *const all[] = {key->private, key->public, key->other};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (all[i] == NULL) {
            continue;
        }
        if (!param_bool(item_params(all[i]), HUKS_TAG_DESTROYABLE, true)) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_OBJECT,
                               "deletion: its maker forbade that (CKA_DESTROYABLE)");
        }
        handles[count++] = item_handle(all[i]);
    }
    return items_destroy(ctl->token, handles, count);
}

/* Whoever may delete a key has the token's PIN, where it has one: a public half is not deleted without it. */
static huks_rc run_delete(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_login(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_ANY, &key));
    HUKS_TRY(confirm_delete(ctl));
    return delete_items(ctl, &key);
}

#define NAMES_HELP                                                                                           \
    "NAME is an alias, else a label, else an ID in hexadecimal; --level chooses where an alias stands "      \
    "twice."

const struct ctl_command ctl_key_commands[] = {
    {.name = "list",
     .operands = "",
     .line = "List the keys, certificates and data of a token",
     .takes = TAKES_ALWAYS | TAKES_LOGIN,
     .run = run_list},
    {.name = "show",
     .operands = "NAME",
     .line = "Explain a key: algorithm, purposes, storage level …",
     .more = NAMES_HELP,
     .takes = TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL),
     .least = 1,
     .most = 1,
     .run = run_show},
    {.name = "export",
     .operands = "NAME",
     .line = "Write a key's public half (SubjectPublicKeyInfo, DER)",
     .more = NAMES_HELP,
     .takes = TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL) | TAKES(OUTPUT),
     .least = 1,
     .most = 1,
     .run = run_export},
    {.name = "delete",
     .operands = "NAME",
     .line = "Delete a key, both halves, for good",
     .more = NAMES_HELP,
     .takes = TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL) | TAKES(YES),
     .least = 1,
     .most = 1,
     .run = run_delete},
    {.name = NULL},
};
