/*
 * One table of keys, and three readers: the INI file, the text of pReserved, and where the store lies.
 *
 * A mistake is always told twice: to the program as an error with a finished sentence, and to a person as
 * one line on stderr, because nobody sees C_Initialize's CKR_* who only starts nginx.
 */
#include "common/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

#define TEXT_MAX 4096 /* bytes of pReserved */

/* ---- the keys ---- */

enum key_type { KEY_NUMBER, KEY_BOOL, KEY_WORD, KEY_TEXT, KEY_PATH };

static const char *const free_slot_words[] = {"auto", "always", "never", NULL};
static const char *const log_level_words[] = {"off", "error", "info", "debug", NULL};

/*
 * `max` of a text is its length in bytes; a path is absolute, or one of the `words`, or (min 0) empty.
 * Defaults stand in the same row, as a file would give them.
 */
static const struct key {
    const char *name;
    enum key_type type;
    uint32_t min, max;
    const char *const *words;
    size_t offset;
    const char *standard;
} keys[] = {
#define AT(field)   offsetof(struct config, field)
#define ROOM(field) (uint32_t)(sizeof(((struct config *)NULL)->field) - 1)
    {"store", KEY_PATH, 1, ROOM(store), NULL, AT(store), NULL},
    {"service", KEY_PATH, 0, ROOM(service), NULL, AT(service), ""},
    {"session_limit", KEY_NUMBER, 0, 4096, NULL, AT(session_limit), "15"},
    {"session_wait_ms", KEY_NUMBER, 0, 3600000, NULL, AT(session_wait_ms), "1000"},
    {"session_idle_s", KEY_NUMBER, 1, 31536000, NULL, AT(session_idle_s), "60"},
    {"pin_tries", KEY_NUMBER, 1, 1000, NULL, AT(pin_tries), "10"},
    {"pin_min", KEY_NUMBER, 1, 255, NULL, AT(pin_min), "4"},
    {"scrypt_log2n", KEY_NUMBER, 10, 22, NULL, AT(scrypt_log2n), "14"},
    {"auth_timeout_ms", KEY_NUMBER, 1, 3600000, NULL, AT(auth_timeout_ms), "30000"},
    {"protected_path", KEY_BOOL, 0, 0, NULL, AT(protected_path), "false"},
    {"free_slot", KEY_WORD, 0, 0, free_slot_words, AT(free_slot), "auto"},
    {"native_token", KEY_TEXT, 1, ROOM(native_token), NULL, AT(native_token), "HUKS"},
    {"store_group", KEY_TEXT, 0, ROOM(store_group), NULL, AT(store_group), ""},
    {"legacy_mechanisms", KEY_BOOL, 0, 0, NULL, AT(legacy_mechanisms), "false"},
    {"cache_mb", KEY_NUMBER, 0, 65536, NULL, AT(cache_mb), "16"},
    {"log_level", KEY_WORD, 0, 0, log_level_words, AT(log_level), "off"},
    {"log_target", KEY_PATH, 1, ROOM(log_target), (const char *const[]){"stderr", "syslog", NULL},
     AT(log_target), "stderr"},
#undef AT
#undef ROOM
};
_Static_assert(sizeof(enum config_free_slot) == sizeof(uint32_t) &&
                   sizeof(enum log_level) == sizeof(uint32_t),
               "words are stored as 32-bit numbers");

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* ---- values: NULL, or what is wrong with the value ---- */

static const char *set_number(const struct key *key, const char *value, void *field)
{
    uint32_t number = 0;

    if (value[0] == '\0') {
        return "is no number";
    }
    for (const char *digit = value; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return "is no number";
        }
        if (number > (UINT32_MAX - 9) / 10) {
            return "is too large";
        }
        number = number * 10 + (uint32_t)(*digit - '0');
    }
    if (number < key->min) {
        return "is too small";
    }
    if (number > key->max) {
        return "is too large";
    }
    memcpy(field, &number, sizeof(number));
    return NULL;
}

static const char *set_bool(const char *value, void *field)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        for (int truth = 0; truth < 2; truth++) {
            if (strcmp(value, words[i][truth]) == 0) {
                *(bool *)field = truth == 1;
                return NULL;
            }
        }
    }
    return "is neither true nor false";
}

static bool find_word(const char *const *words, const char *value, uint32_t *index)
{
    for (*index = 0; words != NULL && words[*index] != NULL; (*index)++) {
        if (strcmp(words[*index], value) == 0) {
            return true;
        }
    }
    return false;
}

static const char *set_word(const struct key *key, const char *value, void *field)
{
    uint32_t index;

    if (!find_word(key->words, value, &index)) {
        return "is none of the words for it";
    }
    memcpy(field, &index, sizeof(index));
    return NULL;
}

static const char *set_text(const struct key *key, const char *value, void *field)
{
    size_t length = strlen(value);
    uint32_t index;

    if (length < key->min) {
        return "is empty";
    }
    if (length > key->max) {
        return "is too long";
    }
    if (key->type == KEY_PATH && length != 0 && value[0] != '/' && !find_word(key->words, value, &index)) {
        return "is no absolute path";
    }
    memcpy(field, value, length + 1);
    return NULL;
}

static const char *set_value(const struct key *key, const char *value, struct config *config)
{
    void *field = (char *)config + key->offset;

    switch (key->type) {
    case KEY_NUMBER:
        return set_number(key, value, field);
    case KEY_BOOL:
        return set_bool(value, field);
    case KEY_WORD:
        return set_word(key, value, field);
    case KEY_TEXT:
    case KEY_PATH:
    default:
        return set_text(key, value, field);
    }
}

void config_defaults(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].standard != NULL) {
            (void)set_value(&keys[i], keys[i].standard, config);
        }
    }
}

/* ---- telling ---- */

/* One line on stderr, and the code's own sentence with what happened behind it. */
__attribute__((format(printf, 2, 3))) static huks_rc tell(int32_t code, const char *format, ...)
{
    char what[300];
    char sentence[400];
    va_list arguments;
    int length;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    for (char *c = what; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    length = snprintf(sentence, sizeof(sentence), "huks: %s\n", what);
    if (length > 0) {
        ssize_t ignored = write(STDERR_FILENO, sentence, (size_t)length);
        (void)ignored;
    }
    (void)snprintf(sentence, sizeof(sentence), "%s %s.", error_template(code, ABOUT_NOTHING), what);
    return error_raise_text(code, ABOUT_NOTHING, sentence);
}

/* ---- the file ---- */

struct reading {
    FILE *file;
    struct config *config;
    int line;       /* the one being read, from 1 */
    int wrong_line; /* the first wrong one, 0: none */
    char what[128]; /* and what is wrong with it */
    bool seen[ARRAY_SIZE(keys)];
};

static void set_wrong(struct reading *reading, const char *format, const char *first, const char *second)
{
    if (reading->wrong_line == 0) {
        reading->wrong_line = reading->line;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(reading->what, sizeof(reading->what), format, first, second);
#pragma GCC diagnostic pop
    }
}

/* A line at a time, so that lines are counted, and none too long for libinih is cut in two unnoticed. */
static char *read_line(char *line, int size, void *stream)
{
    struct reading *reading = stream;
    size_t length;

    if (reading->wrong_line != 0 || fgets(line, size, reading->file) == NULL) {
        return NULL;
    }
    reading->line++;
    length = strlen(line);
    if (length + 1 == (size_t)size && line[length - 1] != '\n' && !feof(reading->file)) {
        set_wrong(reading, "the line is too long%s%s", "", "");
        return NULL;
    }
    return line;
}

/* value without the double quotes around it, in place */
static void unquote(char *value)
{
    size_t length = strlen(value);

    if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
        memmove(value, value + 1, length - 2);
        value[length - 2] = '\0';
    }
}

static int take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    const struct key *key = find_key(name);
    const char *wrong;
    char copy[PATH_MAX];

    if (section[0] != '\0' && strcmp(section, "huks") != 0) {
        set_wrong(reading, "unknown section [%s]%s", section, "");
    } else if (key == NULL) {
        set_wrong(reading, "unknown key \"%s\"%s", name, "");
    } else if (reading->seen[key - keys]) {
        set_wrong(reading, "\"%s\" is given twice%s", name, "");
    } else {
        (void)snprintf(copy, sizeof(copy), "%s", value);
        unquote(copy);
        wrong = set_value(key, copy, reading->config);
        reading->seen[key - keys] = true;
        if (wrong != NULL) {
            set_wrong(reading, "the value of \"%s\" %s", name, wrong);
        }
    }
    return reading->wrong_line == 0;
}

static huks_rc read_stream(const char *path, FILE *file, struct config *config)
{
    struct reading reading = {.file = file, .config = config};
    int first_error = ini_parse_stream(read_line, &reading, take_pair, &reading);

    if (reading.wrong_line != 0 && (first_error <= 0 || reading.wrong_line <= first_error)) {
        return tell(HUKS_E_INTERNAL, "%s:%d: %s", path, reading.wrong_line, reading.what);
    }
    if (first_error > 0) {
        return tell(HUKS_E_INTERNAL, "%s:%d: neither \"key = value\" nor a comment", path, first_error);
    }
    if (first_error < 0) {
        return error_no_memory();
    }
    if (ferror(file)) {
        return tell(HUKS_E_INTERNAL, "%s: it can't be read: %m", path);
    }
    return HUKS_OK;
}

/*
 * Opens without waiting for a FIFO's writer. `*file` NULL: there is no such file. A directory we may not
 * even search has no file for us: daemons that gave up root often still have its HOME.
 */
static huks_rc open_file(const char *path, FILE **file)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    *file = NULL;
    if (descriptor < 0) {
        int why = errno;
        if (why == ENOENT || why == ENOTDIR || (why == EACCES && stat(path, &status) != 0)) {
            return HUKS_OK;
        }
        errno = why;
        return tell(HUKS_E_INTERNAL, "%s: it can't be opened: %m", path);
    }
    *file = fdopen(descriptor, "r");
    if (*file == NULL) {
        (void)close(descriptor);
        return error_no_memory();
    }
    return HUKS_OK;
}

static huks_rc read_file_if_any(const char *path, struct config *config, bool *found)
{
    FILE *file;
    huks_rc rc;

    HUKS_TRY(open_file(path, &file));
    *found = file != NULL;
    if (file == NULL) {
        return HUKS_OK;
    }
    rc = read_stream(path, file, config);
    (void)fclose(file);
    return rc;
}

huks_rc config_read_file(const char *path, struct config *config)
{
    bool found = false;

    HUKS_TRY(read_file_if_any(path, config, &found));
    return found ? HUKS_OK : tell(HUKS_E_INTERNAL, "%s: there is no such file", path);
}

/* ---- the text of pReserved ---- */

/*
 * The host's address may be anything: Mozilla's own structure, a small number, garbage. It is read byte by
 * byte, and not a byte beyond the first that no text would have.
 */
static huks_rc copy_text(const void *reserved, char text[TEXT_MAX + 1])
{
    const volatile unsigned char *bytes = reserved;
    size_t length = 0;

    if ((uintptr_t)reserved < 4096) {
        return tell(HUKS_E_ARGUMENT, "pReserved 0x%lx is no text", (unsigned long)(uintptr_t)reserved);
    }
    for (;; length++) {
        unsigned char byte = bytes[length];
        if (byte == '\0') {
            break;
        }
        if (length == TEXT_MAX) {
            return tell(HUKS_E_ARGUMENT, "pReserved is longer than %d bytes", TEXT_MAX);
        }
        if ((byte < 0x20 || byte > 0x7e) && byte != '\t') {
            return tell(HUKS_E_ARGUMENT, "pReserved has the byte 0x%02x at %zu, which is no text", byte,
                        length);
        }
        text[length] = (char)byte;
    }
    text[length] = '\0';
    return HUKS_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * Cuts the next word off, takes it apart and stores it. The word ends at a blank outside double quotes.
 * For messages, `word` names it as it stood (64 bytes of it).
 */
static huks_rc take_word(char **text, struct config *config, bool *store_given)
{
    char *start = *text;
    char *equals = strchr(start, '=');
    char *value;
    char *end = start;
    bool quoted = false;
    char word[65];
    const struct key *key;
    const char *wrong;

    while (*end != '\0' && (quoted || !is_blank(*end))) {
        quoted = *end == '"' ? !quoted : quoted;
        end++;
    }
    *text = *end != '\0' ? end + 1 : end;
    *end = '\0';
    (void)snprintf(word, sizeof(word), "%.64s", start);
    if (quoted) {
        return tell(HUKS_E_ARGUMENT, "'%s' in pReserved has no closing quote", word);
    }
    if (equals == NULL || equals >= end || equals == start) {
        return tell(HUKS_E_ARGUMENT, "'%s' in pReserved is not key=value", word);
    }
    *equals = '\0';
    value = equals + 1;
    if (value[0] == '"' && strchr(value + 1, '"') == end - 1) {
        unquote(value);
    }
    if (strchr(value, '"') != NULL) {
        return tell(HUKS_E_ARGUMENT, "'%s' in pReserved has a quote inside", word);
    }
    key = find_key(start);
    if (key == NULL) {
        return tell(HUKS_E_ARGUMENT, "unknown key '%s' in pReserved", word);
    }
    wrong = set_value(key, value, config);
    if (wrong != NULL) {
        return tell(HUKS_E_ARGUMENT, "the value in '%s' in pReserved %s", word, wrong);
    }
    *store_given = *store_given || key->offset == offsetof(struct config, store);
    return HUKS_OK;
}

static huks_rc read_text(const void *reserved, struct config *config, bool *store_given)
{
    char text[TEXT_MAX + 1] = "";
    char *rest = text;

    *store_given = false;
    if (reserved == NULL) {
        return HUKS_OK;
    }
    HUKS_TRY(copy_text(reserved, text));
    for (;;) {
        while (is_blank(*rest)) {
            rest++;
        }
        if (*rest == '\0') {
            return HUKS_OK;
        }
        HUKS_TRY(take_word(&rest, config, store_given));
    }
}

huks_rc config_read_text(const void *text, struct config *config)
{
    bool store_given;

    return read_text(text, config, &store_given);
}

/* ---- places ---- */

/* A variable with something in it; nothing under setuid. */
static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The XDG specification says to ignore what is not absolute. */
static const char *absolute_variable(const char *name)
{
    const char *value = variable(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

static huks_rc join(char out[PATH_MAX], const char *directory, const char *middle, const char *rest)
{
    int length = snprintf(out, PATH_MAX, "%s%s%s", directory, middle, rest);

    if (length < 0 || length >= PATH_MAX) {
        return tell(HUKS_E_INTERNAL, "the path %.100s… is too long", directory);
    }
    return HUKS_OK;
}

/* $HOME, else what the password database says. false: there is none. */
static bool home(char out[PATH_MAX])
{
    const char *value = absolute_variable("HOME");
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[16384];

    if (value == NULL && getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) == 0 &&
        found != NULL && found->pw_dir != NULL && found->pw_dir[0] == '/') {
        value = found->pw_dir;
    }
    if (value == NULL || strlen(value) >= PATH_MAX) {
        return false;
    }
    memcpy(out, value, strlen(value) + 1);
    return true;
}

/* HUKS_STORE may be relative to where the program is now; later chdirs don't move the store. */
static huks_rc store_from_variable(const char *value, char out[PATH_MAX])
{
    char here[PATH_MAX];

    if (value[0] == '/') {
        return join(out, value, "", "");
    }
    if (getcwd(here, sizeof(here)) == NULL) {
        return tell(HUKS_E_INTERNAL, "HUKS_STORE %.100s has no absolute path", value);
    }
    return join(out, here, "/", value);
}

static huks_rc find_store(bool given_in_text, char out[PATH_MAX])
{
    const char *data = absolute_variable("XDG_DATA_HOME");
    const char *value = variable("HUKS_STORE");
    char base[PATH_MAX];

    if (given_in_text) {
        return HUKS_OK;
    }
    if (value != NULL) {
        return store_from_variable(value, out);
    }
    if (out[0] != '\0') { /* the file's */
        return HUKS_OK;
    }
    if (geteuid() == 0) {
        return join(out, "/var/lib/huks", "", "");
    }
    if (data != NULL) {
        return join(out, data, "/huks", "");
    }
    if (!home(base)) {
        return tell(HUKS_E_INTERNAL, "there is no home directory to put the store in: set HUKS_STORE");
    }
    return join(out, base, "/.local/share", "/huks");
}

/* Exactly one file: the first that exists. */
static huks_rc read_first_file(struct config *config)
{
    const char *named = variable("HUKS_CONF");
    const char *user = absolute_variable("XDG_CONFIG_HOME");
    const char *own = absolute_variable("HOME");
    char path[PATH_MAX];
    bool found = false;

    if (named != NULL) {
        HUKS_TRY(read_file_if_any(named, config, &found));
    }
    if (!found && (user != NULL || own != NULL)) {
        HUKS_TRY(user != NULL ? join(path, user, "/huks", "/huks.conf")
                              : join(path, own, "/.config/huks", "/huks.conf"));
        HUKS_TRY(read_file_if_any(path, config, &found));
    }
    if (!found) {
        HUKS_TRY(read_file_if_any("/etc/huks/huks.conf", config, &found));
    }
    return HUKS_OK;
}

huks_rc config_load(const void *reserved, struct config *config)
{
    bool store_given;

    config_defaults(config);
    HUKS_TRY(read_first_file(config));
    HUKS_TRY(read_text(reserved, config, &store_given));
    return find_store(store_given, config->store);
}

uid_t config_user(const struct config *config)
{
    return config->for_other ? config->other : geteuid();
}
