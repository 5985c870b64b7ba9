/*
 * The token's user: his PIN, fingers and faces. Enrolled, listed, tried out, removed.
 */
#include "tools/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/user.h"

static const struct {
    const char *name;
    uint32_t type;
} kinds[] = {
    {"pin", OH_HUKS_USER_AUTH_TYPE_PIN},
    {"fingerprint", OH_HUKS_USER_AUTH_TYPE_FINGERPRINT},
    {"face", OH_HUKS_USER_AUTH_TYPE_FACE},
};

static const char *kind_name(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].type == type) {
            return kinds[i].name;
        }
    }
    return "unknown";
}

/* "fingerprint,face"; 0: not so. */
static uint32_t kinds_of(const char *text)
{
    uint32_t types = 0;
    for (;;) {
        size_t size = strcspn(text, ",");
        uint32_t type = 0;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
            if (strlen(kinds[i].name) == size && strncmp(kinds[i].name, text, size) == 0) {
                type = kinds[i].type;
            }
        }
        if (type == 0) {
            return 0;
        }
        types |= type;
        if (text[size] == '\0') {
            return types;
        }
        text += size + 1;
    }
}

/* ---- the user PIN ---- */

static huks_rc no_user_pin(void)
{
    return error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL);
}

/* Asked for and tested: before anything is asked of a finger, and so that failures of both are told apart. */
static huks_rc user_pin(struct ctl *ctl, struct secret *pin)
{
    if (!ctl->info.pins.user_pin_set) {
        return no_user_pin();
    }
    HUKS_TRY(ctl_pin(ctl, AUTH_USER, false, pin));
    ctl->asked = AUTH_USER;
    HUKS_TRY(token_verify(ctl->token, AUTH_USER, secret_bytes(pin)));
    ctl->asked = AUTH_NOBODY;
    return HUKS_OK;
}

static huks_rc told(const struct ctl *ctl, const char *key, const char *sentence)
{
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(json_pack("{s:b}", key, 1));
    } else {
        puts(sentence);
    }
    return HUKS_OK;
}

static huks_rc run_change(struct ctl *ctl)
{
    AUTO(secret_free) struct secret pin = {0};
    AUTO(secret_free) struct secret fresh = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(user_pin(ctl, &pin));
    HUKS_TRY(ctl_new_pin(ctl, &fresh));
    ctl->asked = AUTH_USER;
    HUKS_TRY(token_set_pin(ctl->token, AUTH_USER, secret_bytes(&pin), secret_bytes(&fresh)));
    return told(ctl, "changed", "The user PIN is changed. Keys, fingers and faces stay as they were.");
}

/* Whoever has to lose something is asked. */
static huks_rc confirm_clearing(const struct ctl *ctl)
{
    bool asked = false;
    if (!ctl->info.pins.user_pin_set || ctl_given(ctl, OPTION_YES)) {
        return HUKS_OK;
    }
    if (ctl_confirm("Fingers and faces go, and keys made to be invalid then are void for good. Go on?",
                    &asked)) {
        return HUKS_OK;
    }
    if (!asked) {
        return ctl_usage(ctl, "fingers, faces and keys bound to this PIN are lost: say --yes");
    }
    puts("Nothing was changed.");
    return CTL_TOLD;
}

/* By the SO where there is one; a token without PINs belongs to whoever has it. */
static huks_rc run_set(struct ctl *ctl)
{
    AUTO(secret_free) struct secret so_pin = {0};
    AUTO(secret_free) struct secret fresh = {0};
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(confirm_clearing(ctl));
    if (ctl->info.pins.so_pin_set) {
        HUKS_TRY(ctl_pin(ctl, AUTH_SO, false, &so_pin));
        ctl->asked = AUTH_SO;
        HUKS_TRY(token_login(ctl->token, AUTH_SO, secret_bytes(&so_pin)));
    }
    HUKS_TRY(ctl_new_pin(ctl, &fresh));
    HUKS_TRY(token_init_pin(ctl->token, secret_bytes(&fresh)));
    return told(ctl, "set",
                ctl->info.pins.user_pin_set
                    ? "The user PIN is another one. Fingers and faces are to be enrolled anew."
                    : "The user PIN is set. Private keys are seen only with it from now on.");
}

static huks_rc run_clear(struct ctl *ctl)
{
    AUTO(secret_free) struct secret pin = {0};
    HUKS_TRY(ctl_open_token(ctl));
    if (!ctl->info.pins.user_pin_set) {
        return no_user_pin();
    }
    HUKS_TRY(confirm_clearing(ctl));
    enum auth_who who = ctl_pin_given(ctl, AUTH_SO) ? AUTH_SO : AUTH_USER;
    HUKS_TRY(ctl_pin(ctl, who, false, &pin));
    ctl->asked = who;
    HUKS_TRY(user_clear_pin(ctl->token, who, secret_bytes(&pin)));
    return told(ctl, "cleared",
                "There is no user PIN any more: whoever can read the store can use its keys.");
}

/* ---- fingers and faces ---- */

static json_t *describe(const struct auth_credential *credential)
{
    char when[32] = "";
    struct tm broken;
    time_t made = (time_t)credential->made;
    if (credential->made != 0 && gmtime_r(&made, &broken) != NULL) {
        (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &broken);
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:s}", "kind", kind_name(credential->type), "name",
                     ctl_text(bytes_of(credential->name, strlen(credential->name))), "account",
                     ctl_text(bytes_of(credential->account, strlen(credential->account))), "id",
                     json_sprintf("%016" PRIx64, credential->id), "enrolled", when);
}

static const struct ctl_column columns[] = {
    {"kind", "kind", NULL}, {"name", "name", NULL},         {"account", "account", NULL},
    {"id", "id", NULL},     {"enrolled", "enrolled", NULL},
};

static huks_rc run_list(struct ctl *ctl)
{
    AUTO(memory_free_ptr) struct auth_credential *list = NULL;
    size_t count = 0;
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(user_credentials(ctl->token, &list, &count));
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(rows, describe(&list[i]));
    }
    ctl_print_table(ctl, rows, columns, ARRAY_SIZE(columns),
                    "There is no PIN, finger or face: huksctl auth set-password");
    return HUKS_OK;
}

static huks_rc print_credential(const struct ctl *ctl, uint64_t id)
{
    AUTO(memory_free_ptr) struct auth_credential *list = NULL;
    size_t count = 0;
    HUKS_TRY(user_credentials(ctl->token, &list, &count));
    for (size_t i = 0; i < count; i++) {
        if (list[i].id == id) {
            ctl_print_sheet(ctl, describe(&list[i]), columns, ARRAY_SIZE(columns));
        }
    }
    return HUKS_OK;
}

static huks_rc run_enroll(struct ctl *ctl)
{
    AUTO(secret_free) struct secret pin = {0};
    uint64_t id = 0;
    struct auth_request request = {.types = kinds_of(ctl->operands[0]), .talk = ctl_talk};
    if (request.types != OH_HUKS_USER_AUTH_TYPE_FINGERPRINT && request.types != OH_HUKS_USER_AUTH_TYPE_FACE) {
        return ctl_usage(ctl, "%s is neither fingerprint nor face", ctl->operands[0]);
    }
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(user_pin(ctl, &pin));
    request.pin = secret_bytes(&pin);
    struct bytes name = bytes_of(ctl->operands[1], strlen(ctl->operands[1]));
    huks_rc rc = user_enroll(ctl->token, &request, name, &id);
    if (rc == HUKS_E_ARGUMENT && error_about() == ABOUT_NOTHING) {
        return ctl_usage(ctl, "a name has 1 to %d bytes of UTF-8, without control characters",
                         AUTH_NAME_SIZE - 1);
    }
    HUKS_TRY(rc);
    return print_credential(ctl, id);
}

/* By id, or by name where one has it. */
static huks_rc find_credential(const struct ctl *ctl, const char *name, uint64_t *id)
{
    AUTO(memory_free_ptr) struct auth_credential *list = NULL;
    size_t count = 0, found = 0;
    HUKS_TRY(user_credentials(ctl->token, &list, &count));
    for (size_t i = 0; i < count; i++) {
        char number[17];
        snprintf(number, sizeof(number), "%016" PRIx64, list[i].id);
        bool pin = list[i].type == OH_HUKS_USER_AUTH_TYPE_PIN;
        if (!pin && (strcmp(number, name) == 0 || strcmp(list[i].name, name) == 0)) {
            *id = list[i].id;
            found++;
        }
    }
    if (found > 1) {
        return ctl_usage(ctl, "a finger and a face have this name: say the id (huksctl auth list)");
    }
    return found == 1 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_FINGER, NULL);
}

static huks_rc run_remove(struct ctl *ctl)
{
    AUTO(secret_free) struct secret pin = {0};
    uint64_t id = 0;
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(find_credential(ctl, ctl->operands[0], &id));
    HUKS_TRY(user_pin(ctl, &pin));
    HUKS_TRY(user_unenroll(ctl->token, secret_bytes(&pin), id));
    return told(ctl, "removed", "It is not recognised any more here. The reader may still know it.");
}

/* ---- trying out, and tokens ---- */

static huks_rc take_challenge(const struct ctl *ctl, uint8_t challenge[AUTH_CHALLENGE_SIZE])
{
    size_t size = 0;
    const char *text = ctl_option(ctl, OPTION_CHALLENGE);
    memset(challenge, 0, AUTH_CHALLENGE_SIZE);
    if (text != NULL &&
        (!ctl_hex(text, challenge, AUTH_CHALLENGE_SIZE, &size) || size != AUTH_CHALLENGE_SIZE)) {
        return ctl_usage(ctl, "a challenge is %d bytes in hexadecimal", AUTH_CHALLENGE_SIZE);
    }
    return HUKS_OK;
}

static huks_rc print_recognised(const struct ctl *ctl, const struct auth_evidence *evidence)
{
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(json_pack("{s:s, s:o}", "recognised", kind_name(evidence->type), "id",
                                 evidence->credential_id == 0
                                     ? json_null()
                                     : json_sprintf("%016" PRIx64, evidence->credential_id)));
    } else {
        printf("Recognised: %s.\n", kind_name(evidence->type));
    }
    return HUKS_OK;
}

static huks_rc run_verify(struct ctl *ctl)
{
    AUTO(secret_free) struct secret pin = {0};
    uint8_t challenge[AUTH_CHALLENGE_SIZE], auth_token[AUTH_TOKEN_SIZE] = {0};
    struct auth_request request = {
        .types = kinds_of(ctl->operands[0]), .challenge = challenge, .talk = ctl_talk};
    struct auth_evidence evidence;
    bool with_pin = request.types == OH_HUKS_USER_AUTH_TYPE_PIN;
    bool wanted = ctl_given(ctl, OPTION_OUTPUT);
    if (request.types == 0 || (!with_pin && (request.types & OH_HUKS_USER_AUTH_TYPE_PIN) != 0)) {
        return ctl_usage(ctl, "%s is none of pin, fingerprint, face, and fingerprint,face", ctl->operands[0]);
    }
    HUKS_TRY(take_challenge(ctl, challenge));
    HUKS_TRY(ctl_open_token(ctl));
    if (with_pin) {
        if (!ctl->info.pins.user_pin_set) {
            return no_user_pin();
        }
        HUKS_TRY(ctl_pin(ctl, AUTH_USER, false, &pin));
        ctl->asked = AUTH_USER;
        request.pin = secret_bytes(&pin);
    }
    HUKS_TRY(user_authenticate(ctl->token, &request, &evidence, wanted ? auth_token : NULL));
    HUKS_TRY(print_recognised(ctl, &evidence));
    return wanted ? ctl_file_put(ctl, BYTES_OF(auth_token)) : HUKS_OK;
}

static huks_rc run_auth(struct ctl *ctl)
{
    return ctl->count > 0 ? ctl_usage(ctl, "there is no command auth %s", ctl->operands[0])
                          : ctl_usage(ctl, "say what to do: auth list, enroll, remove, verify, set-password, "
                                           "change-password or clear-password");
}

#define TAKES_TOKEN_PIN (TAKES_ALWAYS | TAKES(TOKEN) | TAKES_PIN)
#define TAKES_SO_PIN    (TAKES(SO_PIN_FILE) | TAKES(SO_PIN_ENV))
#define TAKES_NEW_PIN   (TAKES(NEW_PIN_FILE) | TAKES(NEW_PIN_ENV))

const struct ctl_command ctl_auth_commands[] = {
    {.name = "auth",
     .operands = "COMMAND",
     .line = "PIN, fingers and faces: the commands below",
     .more = "Kinds: pin, fingerprint, face. Fingers and faces are asked for through PAM (services "
             "huks-fingerprint and\n"
             "huks-face); what the reader itself knows is told to it, for example with fprintd-enroll.",
     .takes = TAKES_ALWAYS,
     .most = 9,
     .run = run_auth},
    {.name = "auth list",
     .operands = "",
     .line = "List what is enrolled",
     .takes = TAKES_ALWAYS | TAKES(TOKEN),
     .run = run_list},
    {.name = "auth enroll",
     .operands = "KIND NAME",
     .line = "Enrol a finger or face (fingerprint, face)",
     .more = "It is asked for once, after the user PIN. Keys made to be invalid on a new biometric of this "
             "kind become\n"
             "void for good.",
     .takes = TAKES_TOKEN_PIN,
     .least = 2,
     .most = 2,
     .run = run_enroll},
    {.name = "auth remove",
     .operands = "NAME|ID",
     .line = "Remove a finger or face; no key becomes void",
     .takes = TAKES_TOKEN_PIN,
     .least = 1,
     .most = 1,
     .run = run_remove},
    {.name = "auth verify",
     .operands = "KIND",
     .line = "Try out the PIN, a finger or a face",
     .more = "KIND may be fingerprint,face: whichever says yes. With --output the auth token goes to FILE "
             "(280 bytes).\nIts challenge has 32 bytes, zeros by default.",
     .takes = TAKES_TOKEN_PIN | TAKES(CHALLENGE) | TAKES(OUTPUT),
     .least = 1,
     .most = 1,
     .run = run_verify},
    {.name = "auth set-password",
     .operands = "",
     .line = "Set the user PIN, also over a forgotten one",
     .more = "The SO does it, by the SO PIN, on a token that has one. Over a PIN that was set it clears that "
             "one first.",
     .takes = TAKES_ALWAYS | TAKES(TOKEN) | TAKES_SO_PIN | TAKES_NEW_PIN | TAKES(YES),
     .run = run_set},
    {.name = "auth change-password",
     .operands = "",
     .line = "Change the user PIN; everything else stays",
     .takes = TAKES_TOKEN_PIN | TAKES_NEW_PIN,
     .run = run_change},
    {.name = "auth clear-password",
     .operands = "",
     .line = "Remove the user PIN, with all fingers and faces",
     .more = "By the user PIN, or by the SO PIN where an option gives it. Keys made to be invalid then are "
             "void for good.",
     .takes = TAKES_TOKEN_PIN | TAKES_SO_PIN | TAKES(YES),
     .run = run_clear},
    {.name = NULL},
};
