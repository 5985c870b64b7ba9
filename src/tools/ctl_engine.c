/*
 * From the command line to an open engine and one token of it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* secure_getenv */
#endif
#include "tools/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSION 1 /* the one session that huksctl has on its token */

static huks_rc set_store(struct config *config, const char *directory)
{
    char here[PATH_MAX] = "";
    bool absolute = directory[0] == '/';
    if (!absolute && getcwd(here, sizeof(here)) == NULL) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "find the working directory");
    }
    int length =
        snprintf(config->store, sizeof(config->store), "%s%s%s", here, absolute ? "" : "/", directory);
    if (directory[0] == '\0' || length < 0 || (size_t)length >= sizeof(config->store)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL);
    }
    return HUKS_OK;
}

/* Programs that this configuration sends to huksd would see other keys than we do in the store it also names.
 */
static huks_rc refuse_service(const char *service)
{
    char sentence[256];
    (void)snprintf(
        sentence, sizeof(sentence),
        "IPC is for programs: the configuration names the service %s, and huksctl works on a store "
        "itself; name it with --store or HUKS_STORE.",
        service);
    return error_raise_text(HUKS_E_IPC, ABOUT_IPC_GONE, sentence);
}

/*
 * One of huksd's stores (STORE/uid-N): its operations count in the table that all of them share,
 * STORE/sessions, and fingers and faces are those of that user's account.
 */
static void look_for_service_store(struct config *config)
{
    char place[sizeof(config->store)];
    struct stat file;
    size_t length = strlen(config->store);
    while (length > 1 && config->store[length - 1] == '/') {
        length--;
    }
    (void)snprintf(place, sizeof(place), "%.*s", (int)length, config->store);
    char *name = strrchr(place, '/');
    uint32_t user;
    if (name == NULL || strncmp(name, "/uid-", 5) != 0 || !ctl_number(name + 5, 0, UINT32_MAX - 1, &user)) {
        return;
    }
    *name = '\0';
    int written = snprintf(config->sessions, sizeof(config->sessions), "%s/sessions", place);
    if (written < 0 || (size_t)written >= sizeof(config->sessions) || stat(config->sessions, &file) != 0 ||
        !S_ISDIR(file.st_mode)) {
        config->sessions[0] = '\0'; /* named so by chance */
        return;
    }
    config->for_other = true;
    config->other = user;
}

huks_rc ctl_configure(struct ctl *ctl)
{
    HUKS_TRY(config_load(NULL, &ctl->config));
    const char *variable = secure_getenv("HUKS_STORE");
    if (ctl_given(ctl, OPTION_STORE)) {
        HUKS_TRY(set_store(&ctl->config, ctl_option(ctl, OPTION_STORE)));
    } else if (ctl->config.service[0] != '\0' && (variable == NULL || variable[0] == '\0')) {
        return refuse_service(ctl->config.service);
    }
    ctl->config.service[0] = '\0';
    look_for_service_store(&ctl->config);
    log_open(ctl->config.log_level, ctl->config.log_target);
    return HUKS_OK;
}

huks_rc ctl_open(struct ctl *ctl)
{
    HUKS_TRY(ctl_configure(ctl));
    return engine_open(&ctl->config, &ctl->engine);
}

huks_rc ctl_slots(struct ctl *ctl, struct token ***tokens, size_t *count)
{
    size_t capacity = 16;
    for (;;) {
        struct token **slots = calloc(capacity, sizeof(struct token *));
        if (slots == NULL) {
            *count = 0;
            return error_no_memory();
        }
        huks_rc rc = engine_slots(ctl->engine, slots, capacity, count);
        if (rc == HUKS_OK && *count <= capacity) {
            *tokens = slots;
            return HUKS_OK;
        }
        free(slots);
        HUKS_TRY(rc);
        capacity = *count;
    }
}

huks_rc ctl_find_token(struct ctl *ctl, const char *name, struct token **out)
{
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0, found = 0;
    HUKS_TRY(ctl_slots(ctl, &tokens, &count));
    for (size_t i = 0; i < count; i++) {
        struct token_info info;
        HUKS_TRY(token_info(tokens[i], &info));
        if (info.initialized && (strcmp(info.label, name) == 0 || strcmp(info.serial, name) == 0)) {
            *out = tokens[i];
            found++;
        }
    }
    if (found > 1) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_TOKEN,
                           "token label: several tokens have it, and only their serial tells them apart");
    }
    return found == 1 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
}

huks_rc ctl_open_token(struct ctl *ctl)
{
    HUKS_TRY(ctl_open(ctl));
    if (ctl_given(ctl, OPTION_TOKEN)) {
        HUKS_TRY(ctl_find_token(ctl, ctl_option(ctl, OPTION_TOKEN), &ctl->token));
    } else {
        HUKS_TRY(engine_native_token(ctl->engine, false, &ctl->token));
    }
    HUKS_TRY(token_session_opened(ctl->token, SESSION, true));
    ctl->held = true;
    return token_info(ctl->token, &ctl->info);
}

bool ctl_locked(const struct ctl *ctl)
{
    return !token_private_open(ctl->token);
}

huks_rc ctl_login(struct ctl *ctl)
{
    if (!ctl_locked(ctl)) {
        return HUKS_OK;
    }
    AUTO(secret_free) struct secret pin = {0};
    HUKS_TRY(ctl_pin(ctl, AUTH_USER, false, &pin));
    ctl->asked = AUTH_USER;
    return token_login(ctl->token, AUTH_USER, secret_bytes(&pin));
}

huks_rc ctl_login_if_told(struct ctl *ctl)
{
    return ctl_given(ctl, OPTION_LOGIN) || ctl_pin_given(ctl, AUTH_USER) ? ctl_login(ctl) : HUKS_OK;
}

void ctl_close(struct ctl *ctl)
{
    if (ctl->held) {
        token_logout(ctl->token);
        token_session_closed(ctl->token, SESSION, true);
    }
    engine_close(ctl->engine);
    log_close();
}
