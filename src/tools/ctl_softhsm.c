/*
 * The way out of SoftHSM2, or out of any other PKCS #11 module: what its token gives away comes into ours,
 * and what it does not is told by name.
 */
#include "tools/ctl.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/engine.h"
#include "tools/ctl_names.h"
#include "tools/foreign.h"

#define PASSAGE_KEY_SIZE 32

/* Where distributions have it. */
static const char *const places[] = {
    "/usr/lib/softhsm/libsofthsm2.so",         "/usr/lib/*/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",        "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",          "/usr/local/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib64/softhsm/libsofthsm2.so",
};

struct move {
    struct ctl *ctl;
    struct foreign from, own;
    struct foreign_passage passage;
    CK_OBJECT_HANDLE *handles; /* of the other token's objects */
    size_t count, stayed;
    CK_OBJECT_HANDLE *made; /* of each, 0: nothing was */
    struct foreign_object *objects;
};

static void move_free(struct move *move)
{
    for (size_t i = 0; move->objects != NULL && i < move->count; i++) {
        foreign_object_free(&move->objects[i]);
    }
    free(move->objects);
    free(move->made);
    free(move->handles);
    foreign_close(&move->from);
    foreign_close(&move->own);
}

/* ---- the two tokens ---- */

static huks_rc open_from(struct move *move)
{
    const char *path = ctl_option(move->ctl, OPTION_MODULE);
    if (path != NULL) {
        return foreign_open(path, &move->from);
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        glob_t found;
        if (glob(places[i], 0, NULL, &found) == 0) {
            huks_rc rc = foreign_open(found.gl_pathv[0], &move->from);
            globfree(&found);
            return rc;
        }
    }
    return ctl_usage(move->ctl, "SoftHSM2 is in none of the usual places: say --module");
}

static huks_rc open_tokens(struct move *move)
{
    struct ctl *ctl = move->ctl;
    AUTO(secret_free) struct secret pin = {0};
    AUTO(secret_free) struct secret own_pin = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(open_from(move));
    HUKS_TRY(foreign_token(&move->from, ctl->count > 0 ? ctl->operands[0] : NULL, false));
    if (move->from.login_required) {
        HUKS_TRY(ctl_from_pin(ctl, move->from.label, &pin));
        HUKS_TRY(foreign_login(&move->from, secret_bytes(&pin)));
    }
    HUKS_TRY(foreign_open_own(ctl->config.store, &move->own));
    HUKS_TRY(foreign_token(&move->own, ctl->info.serial, true));
    if (ctl_locked(ctl)) {
        HUKS_TRY(ctl_pin(ctl, AUTH_USER, false, &own_pin));
        ctl->asked = AUTH_USER;
        return foreign_login(&move->own, secret_bytes(&own_pin));
    }
    return HUKS_OK;
}

/* ---- what there is, and what comes over ---- */

static huks_rc read_objects(struct move *move)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE on_token = {CKA_TOKEN, &yes, sizeof(yes)};
    HUKS_TRY(foreign_find(&move->from, &on_token, 1, &move->handles, &move->count));
    move->objects = calloc(move->count + 1, sizeof(*move->objects));
    move->made = calloc(move->count + 1, sizeof(*move->made));
    if (move->objects == NULL || move->made == NULL) {
        return error_no_memory();
    }
    /* All before anything is made: two of one name there do not hide each other here. */
    for (size_t i = 0; i < move->count; i++) {
        HUKS_TRY(foreign_read(&move->from, &move->own, move->handles[i], &move->objects[i]));
    }
    return HUKS_OK;
}

static huks_rc open_passage(struct move *move)
{
    AUTO(secret_free) struct secret key = {0};
    HUKS_TRY(secret_alloc(&key, PASSAGE_KEY_SIZE));
    HUKS_TRY(engine_random(move->ctl->engine, key.data, key.size));
    return foreign_passage_make(&move->from, &move->own, secret_bytes(&key), &move->passage);
}

/*
 * Nothing half: what came over goes again. Where the store can't be written any more, or an object's maker
 * forbids to destroy it, that can't be; then it is told, and the next import passes over it.
 */
static void take_back(struct move *move)
{
    for (size_t i = 0; i < move->count; i++) {
        if (move->made[i] != 0 &&
            move->own.p11->C_DestroyObject(move->own.session, move->made[i]) == CKR_OK) {
            move->made[i] = 0;
        }
    }
}

static huks_rc copy_each(struct move *move, struct ctl_progress *progress)
{
    for (size_t i = 0; i < move->count; i++) {
        struct foreign_object *object = &move->objects[i];
        if (ctl_progress_seen()) {
            ctl_progress_show(i, move->count, progress);
        }
        if (object->stays[0] == '\0' && !object->here) {
            HUKS_TRY(foreign_copy(&move->from, &move->own, &move->passage, object, &move->made[i]));
        }
    }
    return HUKS_OK;
}

static huks_rc copy_objects(struct move *move)
{
    struct ctl_progress progress = CTL_PROGRESS("Importing");
    HUKS_TRY(open_passage(move));
    huks_rc rc = copy_each(move, &progress);
    ctl_progress_end(&progress);
    return rc;
}

static huks_rc copy_or_nothing(struct move *move)
{
    huks_rc rc = copy_objects(move);
    if (rc != HUKS_OK) {
        char sentence[256];
        enum error_about about = error_about();
        error_message(sentence, sizeof(sentence));
        take_back(move);
        return error_raise_text(rc, about, sentence);
    }
    return HUKS_OK;
}

/* ---- the report ---- */

static const struct ctl_column columns[] = {
    {"kind", "kind", NULL},       {"label", "label", NULL},   {"id", "id", NULL},
    {"outcome", "outcome", NULL}, {"reason", "reason", NULL},
};

static const char *outcome_of(const struct move *move, size_t i)
{
    if (move->made[i] != 0) {
        return "imported";
    }
    if (move->objects[i].here) {
        return "is here already";
    }
    return move->objects[i].stays[0] == '\0' ? "can be imported" : "stays";
}

static struct bytes value_of(const struct foreign_object *object, CK_ATTRIBUTE_TYPE type)
{
    const CK_ATTRIBUTE *attribute = foreign_attribute(object, type);
    return attribute != NULL ? bytes_of(attribute->pValue, attribute->ulValueLen) : BYTES_NONE;
}

static json_t *describe(const struct move *move, size_t i)
{
    const struct foreign_object *object = &move->objects[i];
    const char *kind = name_of(names_class, (uint32_t)object->class);
    struct bytes label = value_of(object, CKA_LABEL), id = value_of(object, CKA_ID);
    json_t *row =
        json_pack("{s:s, s:s}", "kind", kind != NULL ? kind : "other", "outcome", outcome_of(move, i));
    if (label.size > 0) {
        json_object_set_new(row, "label", ctl_text(label));
    }
    if (id.size > 0) {
        json_object_set_new(row, "id", ctl_hex_text(id));
    }
    if (object->stays[0] != '\0') {
        json_object_set_new(row, "reason", json_string(object->stays));
    } else if (object->lacks[0] != '\0') {
        json_object_set_new(row, "reason", json_string(object->lacks));
    }
    return row;
}

static void report(struct move *move)
{
    json_t *objects = json_array();
    for (size_t i = 0; i < move->count; i++) {
        json_array_append_new(objects, describe(move, i));
        move->stayed += move->objects[i].stays[0] != '\0' && !move->objects[i].here;
    }
    ctl_print_table(move->ctl, objects, columns, ARRAY_SIZE(columns), "The other token has no objects.");
}

/* What could not be taken back after a failure. */
static void report_remains(const struct move *move)
{
    for (size_t i = 0; move->made != NULL && i < move->count; i++) {
        if (move->made[i] != 0) {
            char *text = json_dumps(describe(move, i), JSON_COMPACT);
            fprintf(stderr, "huksctl: it came over and can't be taken back: %s\n", text != NULL ? text : "?");
            free(text);
        }
    }
}

static huks_rc move_objects(struct move *move)
{
    HUKS_TRY(open_tokens(move));
    HUKS_TRY(read_objects(move));
    if (ctl_given(move->ctl, OPTION_LIST)) {
        report(move);
        return HUKS_OK;
    }
    huks_rc rc = copy_or_nothing(move);
    if (rc != HUKS_OK) {
        report_remains(move);
        return rc;
    }
    report(move);
    return move->stayed == 0
               ? HUKS_OK
               : error_raisef(HUKS_E_INVALID_PARAM, ABOUT_OBJECT,
                              "import: %zu of %zu objects can not come over", move->stayed, move->count);
}

/* Closing calls the front end, whose successes would be the last that this thread knows of. */
static huks_rc run_import(struct ctl *ctl)
{
    struct move move = {.ctl = ctl};
    char sentence[256] = "";
    huks_rc rc = move_objects(&move);
    enum error_about about = error_about();
    error_message(sentence, sizeof(sentence));
    move_free(&move);
    return rc > HUKS_OK ? error_raise_text(rc, about, sentence) : rc;
}

const struct ctl_command ctl_softhsm_commands[] = {
    {.name = "import-softhsm",
     .operands = "[LABEL|SERIAL]",
     .line = "Import the objects of a SoftHSM2 token, or of another PKCS #11 module",
     .more =
         "LABEL or SERIAL is the other token's, where there are several. Keys, certificates and data come "
         "with "
         "their\n"
         "attributes; keys that were made never to leave stay, and so does the other token as it is. What is "
         "here\n"
         "already is passed over. With --list nothing is imported.",
     .takes = TAKES_ALWAYS | TAKES(TOKEN) | TAKES_PIN | TAKES(MODULE) | TAKES(FROM_PIN_FILE) |
              TAKES(FROM_PIN_ENV) | TAKES(LIST),
     .most = 1,
     .run = run_import},
    {.name = NULL},
};
