/*
 * Output: JSON is the one form in which commands give their answers; tables and sheets for people are made
 * of it here. Failures go to stderr.
 */
#include "tools/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/status.h"
#include "tools/ctl_errors.h"

/* ---- bytes as text ---- */

json_t *ctl_hex_text(struct bytes bytes)
{
    char *text = malloc(2 * bytes.size + 1);
    if (text == NULL) {
        return NULL;
    }
    text[0] = '\0';
    for (size_t i = 0; i < bytes.size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
    }
    json_t *value = json_string(text);
    free(text);
    return value;
}

json_t *ctl_text(struct bytes bytes)
{
    if (bytes.size == 0) {
        return json_string("");
    }
    json_t *value = json_stringn((const char *)bytes.data, bytes.size); /* NULL when it is no UTF-8 */
    char *text = value == NULL ? malloc(4 * bytes.size + 1) : NULL;
    if (text == NULL) {
        return value;
    }
    size_t length = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        bool plain = bytes.data[i] >= ' ' && bytes.data[i] < 0x7f;
        length += (size_t)snprintf(text + length, 5, plain ? "%c" : "\\x%02x", bytes.data[i]);
    }
    value = json_string(text);
    free(text);
    return value;
}

/* ---- values for people ---- */

/* A value in words, malloc'ed; what could steer a terminal becomes '?'. */
static char *words_of(const json_t *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    size_t index;
    const json_t *entry;
    switch (json_typeof(value)) {
    case JSON_STRING:
        fputs(json_string_value(value), out);
        break;
    case JSON_INTEGER:
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        fputs(json_is_true(value) ? "yes" : "no", out);
        break;
    case JSON_ARRAY:
        json_array_foreach(value, index, entry)
        {
            fprintf(out, "%s%s", index > 0 ? " " : "", json_string_value(entry));
        }
        break;
    default:
        break;
    }
    fclose(out);
    for (char *c = text; c != NULL && *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
    }
    return text;
}

/* Columns on a screen, as far as counting characters tells. */
static int width_of(const char *text)
{
    int width = 0;
    for (; text != NULL && *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static void print_cell(const char *text, int width, bool last)
{
    text = text == NULL || text[0] == '\0' ? "-" : text;
    printf("%s%*s", text, last ? 0 : width - width_of(text) + 2, "");
}

void ctl_print_json(json_t *value)
{
    if (value == NULL || json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0) {
        fputs("null", stdout);
    }
    putchar('\n');
    json_decref(value);
}

static void print_rows(json_t *rows, const struct ctl_column *columns, size_t count, char **cells)
{
    size_t lines = json_array_size(rows), index;
    json_t *row;
    for (size_t c = 0; c < count; c++) {
        cells[c] = strdup(columns[c].heading);
    }
    json_array_foreach(rows, index, row)
    {
        for (size_t c = 0; c < count; c++) {
            const json_t *value = json_object_get(row, columns[c].key);
            cells[(index + 1) * count + c] = value == NULL ? NULL : words_of(value);
        }
    }
    for (size_t line = 0; line <= lines; line++) {
        for (size_t c = 0; c < count; c++) {
            int width = 1;
            for (size_t l = 0; l <= lines; l++) {
                int cell = width_of(cells[l * count + c]);
                width = cell > width ? cell : width;
            }
            print_cell(cells[line * count + c], width, c + 1 == count);
        }
        putchar('\n');
    }
}

void ctl_print_table(const struct ctl *ctl, json_t *rows, const struct ctl_column *columns, size_t count,
                     const char *nothing)
{
    if (ctl_given(ctl, OPTION_JSON) || rows == NULL) {
        ctl_print_json(rows);
        return;
    }
    size_t lines = json_array_size(rows);
    char **cells = calloc((lines + 1) * count, sizeof(*cells));
    if (lines == 0) {
        puts(nothing);
    } else if (cells != NULL) {
        print_rows(rows, columns, count, cells);
    }
    for (size_t i = 0; cells != NULL && i < (lines + 1) * count; i++) {
        free(cells[i]);
    }
    free(cells);
    json_decref(rows);
}

void ctl_print_sheet(const struct ctl *ctl, json_t *object, const struct ctl_column *columns, size_t count)
{
    if (ctl_given(ctl, OPTION_JSON) || object == NULL) {
        ctl_print_json(object);
        return;
    }
    int width = 0;
    for (size_t c = 0; c < count; c++) {
        int heading = width_of(columns[c].heading);
        width = heading > width ? heading : width;
    }
    for (size_t c = 0; c < count; c++) {
        const json_t *value = json_object_get(object, columns[c].key);
        if (value == NULL) {
            continue;
        }
        char *text = words_of(value);
        const char *why = columns[c].explain != NULL ? columns[c].explain(value, object) : NULL;
        print_cell(columns[c].heading, width, false);
        print_cell(text, 0, true);
        printf("%s%s\n", why != NULL ? ": " : "", why != NULL ? why : "");
        free(text);
    }
    json_decref(object);
}

/* ---- progress ---- */

bool ctl_progress_seen(void)
{
    return isatty(STDERR_FILENO) != 0;
}

void ctl_progress_show(uint64_t done, uint64_t total, void *progress)
{
    struct ctl_progress *line = progress;
    int percent = total > 0 && done < total ? (int)(done * 100 / total) : 100;
    if (percent != line->shown) {
        line->shown = percent;
        fprintf(stderr, "\r%s: %d %%", line->what, percent);
        fflush(stderr);
    }
}

void ctl_progress_end(const struct ctl_progress *progress)
{
    if (progress->shown >= 0) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- failures ---- */

static void print_tries(const struct ctl *ctl)
{
    uint32_t left = 0;
    if (ctl->token == NULL || ctl->asked == AUTH_NOBODY ||
        status_tries(ctl->token, ctl->asked, &left) != HUKS_OK) {
        return;
    }
    fprintf(stderr, "  The %s PIN is not right: %" PRIu32 " %s left.\n",
            ctl->asked == AUTH_SO ? "SO" : "user", left, left == 1 ? "try" : "tries");
}

void ctl_print_failure(struct ctl *ctl, huks_rc rc)
{
    char message[256];
    enum error_about about = error_about();
    fprintf(stderr, "huksctl: error %" PRId32 ": %s\n", (int32_t)rc, error_message(message, sizeof(message)));
    if (rc == HUKS_E_AUTH_FAILED && about == ABOUT_PIN) {
        print_tries(ctl);
    }
    fprintf(stderr, "  What to do: %s\n", ctl_error_remedy(rc, about));
}
