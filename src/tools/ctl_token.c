/*
 * Tokens: made, and listed.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <string.h>

/* ---- init ---- */

static huks_rc check_pin(const struct ctl *ctl, const struct secret *pin, const char *whose)
{
    if (pin->size < ctl->config.pin_min || pin->size > AUTH_PIN_MAX) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH, "%s PIN length: %u to %d bytes", whose,
                            ctl->config.pin_min, AUTH_PIN_MAX);
    }
    return HUKS_OK;
}

/* The token of --token, which is to be emptied; else the free slot. */
static huks_rc choose_slot(struct ctl *ctl)
{
    if (ctl_given(ctl, OPTION_TOKEN)) {
        HUKS_TRY(ctl_find_token(ctl, ctl_option(ctl, OPTION_TOKEN), &ctl->token));
        return token_info(ctl->token, &ctl->info);
    }
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0;
    HUKS_TRY(ctl_slots(ctl, &tokens, &count));
    for (size_t i = count; i > 0; i--) {
        HUKS_TRY(token_info(tokens[i - 1], &ctl->info));
        if (!ctl->info.initialized) {
            ctl->token = tokens[i - 1];
            return HUKS_OK;
        }
    }
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
}

static huks_rc confirm_reset(struct ctl *ctl)
{
    char question[128];
    bool asked = false;
    if (!ctl->info.initialized || ctl_given(ctl, OPTION_YES)) {
        return HUKS_OK;
    }
    snprintf(question, sizeof(question), "This destroys every key of the token %s. Go on?", ctl->info.serial);
    if (ctl_confirm(question, &asked)) {
        return HUKS_OK;
    }
    if (!asked) {
        return ctl_usage(ctl, "this destroys every key of the token: say --yes");
    }
    puts("Nothing was changed.");
    return CTL_TOLD;
}

static huks_rc set_user_pin(struct ctl *ctl, const struct secret *so_pin, const struct secret *pin)
{
    ctl->asked = AUTH_SO;
    HUKS_TRY(token_login(ctl->token, AUTH_SO, secret_bytes(so_pin)));
    huks_rc rc = token_init_pin(ctl->token, secret_bytes(pin));
    token_logout(ctl->token);
    return rc;
}

/* An SO PIN for a token that has one is tested; for a new one it is what it will be. */
static huks_rc so_pin_for(struct ctl *ctl, struct secret *so_pin)
{
    bool fresh = !ctl->info.initialized || !ctl->info.pins.so_pin_set;
    ctl->asked = AUTH_SO;
    HUKS_TRY(ctl_pin(ctl, AUTH_SO, fresh, so_pin));
    return check_pin(ctl, so_pin, "SO");
}

static json_t *describe_token(const struct token_info *info);
static void print_token(const struct ctl *ctl, json_t *token);

static huks_rc run_init(struct ctl *ctl)
{
    AUTO(secret_free) struct secret so_pin = {0};
    AUTO(secret_free) struct secret pin = {0};
    const char *label = ctl_option(ctl, OPTION_LABEL);
    bool without = ctl_given(ctl, OPTION_WITHOUT_PINS);
    if (without && (ctl_pin_given(ctl, AUTH_SO) || ctl_pin_given(ctl, AUTH_USER))) {
        return ctl_usage(ctl, "--without-pins and a PIN contradict each other");
    }
    HUKS_TRY(ctl_configure(ctl));
    ctl->config.free_slot = CONFIG_FREE_SLOT_ALWAYS; /* that programs see none need not stop us */
    HUKS_TRY(engine_open(&ctl->config, &ctl->engine));
    HUKS_TRY(choose_slot(ctl));
    if (label == NULL) {
        label = ctl->info.initialized ? ctl->info.label : ctl->config.native_token;
    }
    char kept[sizeof(ctl->info.label)];
    if (strlen(label) >= sizeof(kept)) {
        return ctl_usage(ctl, "a token's label has at most 32 bytes");
    }
    memcpy(kept, label, strlen(label) + 1);
    HUKS_TRY(confirm_reset(ctl));
    if (!without) {
        HUKS_TRY(so_pin_for(ctl, &so_pin));
    }
    bool user = ctl_pin_given(ctl, AUTH_USER) || (!without && !ctl_pin_given(ctl, AUTH_SO));
    if (user) {
        HUKS_TRY(ctl_pin(ctl, AUTH_USER, true, &pin));
        user = pin.size > 0; /* just Enter: none for now */
    }
    if (user) {
        HUKS_TRY(check_pin(ctl, &pin, "user"));
    }
    HUKS_TRY(
        token_init(ctl->token, without ? BYTES_NONE : secret_bytes(&so_pin), bytes_of(kept, strlen(kept))));
    if (user) {
        HUKS_TRY(set_user_pin(ctl, &so_pin, &pin));
    }
    HUKS_TRY(token_info(ctl->token, &ctl->info));
    print_token(ctl, describe_token(&ctl->info));
    return HUKS_OK;
}

/* ---- tokens ---- */

static const char *pin_state(bool set, bool low, bool final, bool locked)
{
    return !set ? "not set" : locked ? "locked" : final ? "last try" : low ? "wrong tries" : "set";
}

static json_t *describe_token(const struct token_info *info)
{
    const struct auth_state *pins = &info->pins;
    const char *user =
        pin_state(pins->user_pin_set, pins->user_count_low, pins->user_final_try, pins->user_locked);
    const char *so = pin_state(pins->so_pin_set, pins->so_count_low, pins->so_final_try, pins->so_locked);
    if (!info->recognized) {
        return json_pack("{s:s, s:s}", "serial", info->serial, "state", "not recognised");
    }
    json_t *label = ctl_text(bytes_of(info->label, strlen(info->label)));
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:b, s:b}", "label", label, "serial", info->serial, "state",
                     info->initialized ? "initialised" : "free", "user_pin", user, "so_pin", so,
                     "login_required", info->login_required, "writable", info->writable);
}

static const struct ctl_column token_columns[] = {
    {"label", "label", NULL},       {"serial", "serial", NULL}, {"state", "state", NULL},
    {"user_pin", "user PIN", NULL}, {"so_pin", "SO PIN", NULL}, {"login_required", "login required", NULL},
    {"writable", "writable", NULL},
};

static void print_token(const struct ctl *ctl, json_t *token)
{
    ctl_print_sheet(ctl, token, token_columns, ARRAY_SIZE(token_columns));
}

static huks_rc run_tokens(struct ctl *ctl)
{
    HUKS_TRY(ctl_open(ctl));
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0;
    HUKS_TRY(ctl_slots(ctl, &tokens, &count));
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        struct token_info info;
        huks_rc rc = token_info(tokens[i], &info);
        if (rc != HUKS_OK) {
            json_decref(rows);
            return rc;
        }
        if (info.initialized) {
            json_array_append_new(rows, describe_token(&info));
        }
    }
    ctl_print_table(ctl, rows, token_columns, ARRAY_SIZE(token_columns),
                    "There is no token yet: huksctl init");
    return HUKS_OK;
}

const struct ctl_command ctl_token_commands[] = {
    {.name = "init",
     .operands = "",
     .line = "Make a token, or make one anew",
     .more = "With --token that token is emptied: all its keys are lost for good. Its SO PIN is asked for "
             "and stays.\n"
             "Without a PIN option both PINs are asked for; just Enter leaves the user PIN to be set later.",
     .takes = TAKES_ALWAYS | TAKES(TOKEN) | TAKES(LABEL) | TAKES(SO_PIN_FILE) | TAKES(SO_PIN_ENV) |
              TAKES_PIN | TAKES(WITHOUT_PINS) | TAKES(YES),
     .run = run_init},
    {.name = "tokens", .operands = "", .line = "List the tokens", .takes = TAKES_ALWAYS, .run = run_tokens},
    {.name = NULL},
};
