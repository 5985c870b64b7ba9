/*
 * The tool about itself and its errors: errors, help, version. Opens nothing.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/ctl_errors.h"

/* ---- errors ---- */

static void append(json_t *words, const char *prefix, const char *word, size_t size)
{
    json_array_append_new(words, json_sprintf("%s%.*s", prefix, (int)size, word));
}

/* "a b c" → ["a", "b", "c"]; of answers only the CKR_*. */
static json_t *ckr_names(const char *list, const char *prefix)
{
    json_t *words = json_array();
    while (*list != '\0') {
        size_t size = strcspn(list, " ;,()");
        if (size > 0 && (prefix[0] != '\0' || strncmp(list, "CKR_", 4) == 0)) {
            append(words, prefix, list, size);
        }
        list += size + (list[size] != '\0');
    }
    return words;
}

static json_t *messages_of(const struct ctl_error_row *row)
{
    json_t *messages = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(row->messages) && row->messages[i] != ABOUT_COUNT; i++) {
        json_array_append_new(messages, json_string(error_template(row->code, row->messages[i])));
    }
    return messages;
}

static json_t *error_json(const struct ctl_error_row *row)
{
    return json_pack("{s:i, s:s, s:o, s:s, s:s, s:o, s:o}", "code", row->code, "name", row->name, "messages",
                     messages_of(row), "meaning", row->meaning, "remedy", row->remedy, "answers",
                     ckr_names(row->answers, ""), "reads_back", ckr_names(row->reads, "CKR_"));
}

#define WIDTH 100

/* Words, broken at blanks, behind a heading. */
static void print_paragraph(const char *heading, const char *text, const char *prefix)
{
    int column = printf("  %-11s", heading);
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        int size = (int)strcspn(text, " ");
        if (column + 1 + (int)strlen(prefix) + size > WIDTH) {
            column = printf("\n  %-11s", "") - 1;
        }
        column += printf(" %s%.*s", prefix, size, text);
        text += size;
    }
    putchar('\n');
}

static void print_error(const struct ctl_error_row *row)
{
    printf("%d %s\n", row->code, row->name);
    for (size_t i = 0; i < ARRAY_SIZE(row->messages) && row->messages[i] != ABOUT_COUNT; i++) {
        print_paragraph("message", error_template(row->code, row->messages[i]), "");
    }
    print_paragraph("means", row->meaning, "");
    print_paragraph("what to do", row->remedy, "");
    print_paragraph("PKCS #11", row->answers, "");
    if (strcmp(row->reads, " ") != 0) {
        print_paragraph("stands for", row->reads, "CKR_");
    }
}

static huks_rc errors_all(const struct ctl *ctl)
{
    json_t *rows = json_array();
    for (const struct ctl_error_row *row = ctl_error_rows; row->name != NULL; row++) {
        if (ctl_given(ctl, OPTION_JSON)) {
            json_array_append_new(rows, error_json(row));
        } else {
            print_error(row);
            puts("");
        }
    }
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(rows);
    } else {
        json_decref(rows);
    }
    return HUKS_OK;
}

/* Other codes that a CKR_* may come from: their record tells which one it was. */
static void print_others(const char *name, const struct ctl_error_row *but)
{
    name = strncasecmp(name, "CKR_", 4) == 0 ? name + 4 : name;
    for (const struct ctl_error_row *row = ctl_error_rows; row->name != NULL; row++) {
        if (row != but && ctl_error_lists(row->answers, name)) {
            printf("It is also the answer to %d %s: the last error's code tells.\n", row->code, row->name);
        }
    }
}

static huks_rc run_errors(struct ctl *ctl)
{
    uint32_t code = 0;
    if (ctl->count == 0) {
        return errors_all(ctl);
    }
    const char *name = ctl->operands[0];
    bool number = ctl_number(name, 0, INT32_MAX, &code);
    /* 8 is short for 12000008. */
    const struct ctl_error_row *row =
        number ? ctl_error_find((int32_t)(code < 100 ? 12000000 + code : code)) : ctl_error_by_ckr(name);
    if (row == NULL && strcasecmp(name, "CKR_OK") == 0) {
        puts("0: success");
        return HUKS_OK;
    }
    if (row == NULL) {
        return ctl_usage(ctl, "%s is neither a HUKS code nor a CKR_*", name);
    }
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(error_json(row));
        return HUKS_OK;
    }
    print_error(row);
    if (!number) {
        print_others(name, row);
    }
    return HUKS_OK;
}

/* ---- help, version ---- */

static huks_rc run_help(struct ctl *ctl)
{
    int used = 0;
    const struct ctl_command *command = ctl->count > 0 ? ctl_command_find(ctl->operands, ctl->count, &used) : NULL;
    if (used < ctl->count) {
        return ctl_usage(ctl, "there is no command %s", ctl->operands[0]);
    }
    if (command != NULL) {
        ctl_help(command);
    } else {
        ctl_help_all();
    }
    return HUKS_OK;
}

static huks_rc run_version(struct ctl *ctl)
{
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(json_pack("{s:s, s:i}", "version", PACKAGE_VERSION, "store_format", STORE_FORMAT));
    } else {
        printf("huksctl %s\n", PACKAGE_VERSION);
    }
    return HUKS_OK;
}

const struct ctl_command ctl_explain_commands[] = {
    {.name = "errors",
     .operands = "[CODE|CKR_NAME]",
     .line = "Explain error codes, HUKS's and PKCS #11's",
     .takes = TAKES_ALWAYS,
     .most = 1,
     .run = run_errors},
    {.name = "help",
     .operands = "[COMMAND]",
     .line = "Show help",
     .takes = TAKES_ALWAYS,
     .most = 2,
     .run = run_help},
    {.name = "version",
     .operands = "",
     .line = "Show the version",
     .takes = TAKES_ALWAYS,
     .run = run_version},
    {.name = NULL},
};
