/*
 * Backups: written, looked into, and put back.
 */
#include "tools/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "service/backup.h"

/* ---- progress ---- */

static struct backup_progress progress_on(struct ctl_progress *line)
{
    return ctl_progress_seen() ? (struct backup_progress){ctl_progress_show, line}
                               : (struct backup_progress){NULL, NULL};
}

/* ---- backup ---- */

static huks_rc target_write(const void *data, size_t size, void *argument)
{
    return ctl_target_write(argument, bytes_of(data, size));
}

/* A backup takes no other file's place unasked. */
static huks_rc target_open(const struct ctl *ctl, struct ctl_target *target)
{
    const char *path = ctl_option(ctl, OPTION_OUTPUT);
    struct stat status;
    if (path != NULL && strcmp(path, "-") != 0 && stat(path, &status) == 0 && !ctl_given(ctl, OPTION_YES)) {
        return ctl_usage(ctl, "%s is there already: say --yes to replace it", path);
    }
    return ctl_target_open(ctl, "a backup", target);
}

/* --token's, else all that are initialised. */
static huks_rc choose(struct ctl *ctl, struct token ***tokens, size_t *count)
{
    size_t slots = 0;
    HUKS_TRY(ctl_slots(ctl, tokens, &slots));
    *count = 0;
    if (ctl_given(ctl, OPTION_TOKEN)) {
        *count = 1;
        return ctl_find_token(ctl, ctl_option(ctl, OPTION_TOKEN), &(*tokens)[0]);
    }
    for (size_t i = 0; i < slots; i++) {
        struct token_info info;
        HUKS_TRY(token_info((*tokens)[i], &info));
        if (info.initialized) {
            (*tokens)[(*count)++] = (*tokens)[i];
        }
    }
    return *count > 0 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
}

static huks_rc write_backup(struct ctl *ctl, struct token *const *tokens, size_t count, uint64_t *records)
{
    AUTO(secret_free) struct secret passphrase = {0};
    AUTO(ctl_target_close) struct ctl_target target = {.fd = -1};
    struct ctl_progress line = CTL_PROGRESS("Backup");
    const struct backup_progress progress = progress_on(&line);
    const struct stream_output output = {target_write, &target};
    HUKS_TRY(target_open(ctl, &target));
    HUKS_TRY(ctl_passphrase(ctl, "backup", true, &passphrase));
    if (passphrase.size == 0) {
        return ctl_usage(ctl, "the passphrase is empty");
    }
    huks_rc rc =
        backup_write(ctl->engine, tokens, count, secret_bytes(&passphrase), &output, &progress, records);
    ctl_progress_end(&line);
    HUKS_TRY(rc);
    return ctl_target_keep(&target);
}

static huks_rc run_backup(struct ctl *ctl)
{
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0;
    uint64_t records = 0;
    HUKS_TRY(ctl_open(ctl));
    HUKS_TRY(choose(ctl, &tokens, &count));
    HUKS_TRY(write_backup(ctl, tokens, count, &records));
    const char *path = ctl_option(ctl, OPTION_OUTPUT);
    bool aside = path == NULL || strcmp(path, "-") == 0;
    if (ctl_given(ctl, OPTION_JSON) && !aside) {
        ctl_print_json(json_pack("{s:s, s:I, s:I}", "file", path, "tokens", (json_int_t)count, "records",
                                 (json_int_t)records));
    } else if (!aside) {
        printf("%zu token%s, %" PRIu64 " records: %s\n", count, count == 1 ? "" : "s", records, path);
    }
    return HUKS_OK;
}

/* ---- restore ---- */

struct source {
    const char *path;
    int fd;
    uint64_t size;
};

static huks_rc source_read(void *data, size_t size, size_t *got, void *argument)
{
    const struct source *source = argument;
    return ctl_file_read(source->fd, source->path, data, size, got);
}

/* It is read twice: a pipe won't do. */
static huks_rc source_open(const struct ctl *ctl, struct source *source)
{
    struct stat status;
    source->path = ctl->operands[0];
    HUKS_TRY(ctl_file_open(source->path, &source->fd));
    if (fstat(source->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return ctl_usage(ctl, "a backup is read twice: %s is no file", source->path);
    }
    source->size = (uint64_t)status.st_size;
    return HUKS_OK;
}

static void source_close(struct source *source)
{
    ctl_file_close(&source->fd);
}

static const struct ctl_column content_columns[] = {
    {"label", "label", NULL},   {"records", "records", NULL},          {"user_pin", "user PIN", NULL},
    {"so_pin", "SO PIN", NULL}, {"present", "is in this store", NULL},
};

static json_t *content_rows(const struct backup_content *content)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < content->count; i++) {
        const struct backup_token *token = &content->tokens[i];
        json_array_append_new(rows,
                              json_pack("{s:o, s:I, s:b, s:b, s:b}", "label",
                                        ctl_text(bytes_of(token->label, strlen(token->label))), "records",
                                        (json_int_t)token->records, "user_pin", token->user_pin_set, "so_pin",
                                        token->so_pin_set, "present", token->present != NULL));
    }
    return rows;
}

static huks_rc show_content(const struct ctl *ctl, const struct backup_content *content)
{
    char made[64] = "?";
    time_t moment = (time_t)content->made;
    struct tm parts;
    if (gmtime_r(&moment, &parts) != NULL) {
        strftime(made, sizeof(made), "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(
            json_pack("{s:I, s:o}", "made", (json_int_t)content->made, "tokens", content_rows(content)));
        return HUKS_OK;
    }
    printf("made %s\n", made);
    ctl_print_table(ctl, content_rows(content), content_columns, ARRAY_SIZE(content_columns),
                    "No token is in it.");
    return HUKS_OK;
}

/* Which tokens of the backup are meant: all, or those of --token's label. */
static huks_rc choose_content(const struct ctl *ctl, const struct backup_content *content, bool *chosen)
{
    size_t count = 0;
    const char *name = ctl_option(ctl, OPTION_TOKEN);
    for (size_t i = 0; i < content->count; i++) {
        chosen[i] = name == NULL || strcmp(content->tokens[i].label, name) == 0;
        count += chosen[i];
    }
    return count > 0 ? HUKS_OK : error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL);
}

static huks_rc may_replace(const struct ctl *ctl, const struct backup_content *content, const bool *chosen)
{
    for (size_t i = 0; i < content->count; i++) {
        const struct backup_token *token = &content->tokens[i];
        char question[160];
        bool asked = false;
        if (!chosen[i] || token->present == NULL) {
            continue;
        }
        if (!ctl_given(ctl, OPTION_REPLACE)) {
            return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_TOKEN,
                                "restore: token %s is in this store; --replace puts the backup in its place",
                                token->label);
        }
        snprintf(question, sizeof(question), "What came into token %s since the backup is lost. Go on?",
                 token->label);
        if (!ctl_given(ctl, OPTION_YES) && !ctl_confirm(question, &asked)) {
            if (!asked) {
                return ctl_usage(ctl, "what came into token %s since the backup would be lost: say --yes",
                                 token->label);
            }
            puts("Nothing was changed.");
            return CTL_TOLD;
        }
    }
    return HUKS_OK;
}

static huks_rc restore(struct ctl *ctl, struct source *source, struct bytes passphrase,
                       const struct backup_content *content, const bool *chosen)
{
    struct ctl_progress line = CTL_PROGRESS("Restoring");
    const struct backup_progress progress = progress_on(&line);
    const struct stream_input input = {source_read, source};
    size_t restored = 0;
    if (lseek(source->fd, 0, SEEK_SET) != 0) {
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the backup once more");
    }
    huks_rc rc =
        backup_restore(ctl->engine, passphrase, &input, source->size, content, chosen, &progress, &restored);
    ctl_progress_end(&line);
    if (ctl_given(ctl, OPTION_JSON) && rc == HUKS_OK) {
        ctl_print_json(json_pack("{s:I}", "restored", (json_int_t)restored));
    } else if (!ctl_given(ctl, OPTION_JSON) && restored > 0) {
        printf("%zu token%s restored.\n", restored, restored == 1 ? "" : "s");
    }
    return rc;
}

static huks_rc restore_verified(struct ctl *ctl, struct source *source, struct bytes passphrase,
                                const struct backup_content *content)
{
    AUTO(memory_free_ptr) bool *chosen = calloc(content->count + 1, sizeof(*chosen));
    if (chosen == NULL) {
        return error_no_memory();
    }
    if (ctl_given(ctl, OPTION_LIST)) {
        return show_content(ctl, content);
    }
    HUKS_TRY(choose_content(ctl, content, chosen));
    HUKS_TRY(may_replace(ctl, content, chosen));
    return restore(ctl, source, passphrase, content, chosen);
}

static huks_rc run_restore(struct ctl *ctl)
{
    AUTO(source_close) struct source source = {.fd = -1};
    AUTO(secret_free) struct secret passphrase = {0};
    AUTO(backup_content_free) struct backup_content content = {0};
    struct ctl_progress line = CTL_PROGRESS("Reading");
    const struct backup_progress progress = progress_on(&line);
    const struct stream_input input = {source_read, &source};
    HUKS_TRY(source_open(ctl, &source));
    HUKS_TRY(ctl_open(ctl));
    HUKS_TRY(ctl_passphrase(ctl, "backup", false, &passphrase));
    huks_rc rc =
        backup_verify(ctl->engine, secret_bytes(&passphrase), &input, source.size, &progress, &content);
    ctl_progress_end(&line);
    HUKS_TRY(rc);
    return restore_verified(ctl, &source, secret_bytes(&passphrase), &content);
}

const struct ctl_command ctl_backup_commands[] = {
    {.name = "backup",
     .operands = "",
     .line = "Write the tokens into a file, sealed under a passphrase; they may be in use",
     .more = "All tokens, unless one is chosen. No PIN is needed; afterwards PINs and keys are as they were.",
     .takes = TAKES_ALWAYS | TAKES(TOKEN) | TAKES(OUTPUT) | TAKES(YES) | TAKES_PASSPHRASE,
     .run = run_backup},
    {.name = "restore",
     .operands = "FILE",
     .line = "Put the tokens of a backup into this store",
     .more =
         "All tokens, unless one is chosen by its label. The whole file is authenticated first. A token that "
         "is\nthere already is refused, or with --replace made what it was.",
     .takes = TAKES_ALWAYS | TAKES(TOKEN) | TAKES(REPLACE) | TAKES(YES) | TAKES(LIST) | TAKES_PASSPHRASE,
     .least = 1,
     .most = 1,
     .run = run_restore},
    {.name = NULL},
};
