/*
 * What the files of huksctl share: the run of one command, its options, its token, and its output.
 *
 * Commands return a huks_rc; main tells a failure (code, message, what to do) and makes the exit status of
 * it. Every command is a row of a table: main.c reads it, `help` prints it.
 */
#ifndef HUKS_TOOLS_CTL_H
#define HUKS_TOOLS_CTL_H

#include <jansson.h>

#include "service/item.h"
#include "service/token.h"

/* ---- options: one table for all commands, a set of bits for each ---- */

enum ctl_option {
    OPTION_HELP,
    OPTION_JSON,
    OPTION_STORE,
    OPTION_TOKEN,
    OPTION_LOGIN,
    OPTION_PIN_FILE,
    OPTION_PIN_ENV,
    OPTION_SO_PIN_FILE,
    OPTION_SO_PIN_ENV,
    OPTION_NEW_PIN_FILE,
    OPTION_NEW_PIN_ENV,
    OPTION_WITHOUT_PINS,
    OPTION_LABEL,
    OPTION_ID,
    OPTION_ALIAS,
    OPTION_LEVEL,
    OPTION_SIZE,
    OPTION_CURVE,
    OPTION_PURPOSE,
    OPTION_EXTRACTABLE,
    OPTION_AUTH,
    OPTION_INVALID_ON,
    OPTION_WINDOW,
    OPTION_REPLACE,
    OPTION_SECRET,
    OPTION_DIGEST,
    OPTION_PADDING,
    OPTION_MODE,
    OPTION_RAW,
    OPTION_OUTPUT,
    OPTION_CHALLENGE,
    OPTION_CHALLENGE_FILE,
    OPTION_ANONYMOUS,
    OPTION_YES,
    OPTION_PASSPHRASE_FILE,
    OPTION_PASSPHRASE_ENV,
    OPTION_LIST,
    OPTION_MODULE,
    OPTION_FROM_PIN_FILE,
    OPTION_FROM_PIN_ENV,
    OPTION_COUNT
};
_Static_assert(OPTION_COUNT <= 64, "a set of options is 64 bits");
#define TAKES(option) (UINT64_C(1) << OPTION_##option)

/* What every command takes; what one takes that opens a token; and one that may need its PIN. */
#define TAKES_ALWAYS (TAKES(HELP) | TAKES(JSON) | TAKES(STORE))
#define TAKES_PIN    (TAKES(PIN_FILE) | TAKES(PIN_ENV))
#define TAKES_LOGIN  (TAKES(TOKEN) | TAKES(LOGIN) | TAKES_PIN)
/* What one takes that opens or writes a file sealed under a passphrase. */
#define TAKES_PASSPHRASE (TAKES(PASSPHRASE_FILE) | TAKES(PASSPHRASE_ENV))

struct ctl;

struct ctl_command {
    const char *name; /* "show", "auth list" */
    const char *operands; /* "NAME FILE", "" */
    const char *line;     /* one line of help */
    const char *more;     /* the rest of --help */
    uint64_t takes;
    int least, most; /* operands */
    huks_rc (*run)(struct ctl *ctl);
};

/* Ended by a row without a name: one table per file of verbs. */
extern const struct ctl_command ctl_token_commands[];
extern const struct ctl_command ctl_auth_commands[];
extern const struct ctl_command ctl_key_commands[];
extern const struct ctl_command ctl_make_commands[];
extern const struct ctl_command ctl_softhsm_commands[];
extern const struct ctl_command ctl_use_commands[];
extern const struct ctl_command ctl_crypt_commands[];
extern const struct ctl_command ctl_attest_commands[];
extern const struct ctl_command ctl_backup_commands[];
extern const struct ctl_command ctl_status_commands[];
extern const struct ctl_command ctl_explain_commands[];

/* ---- one run ---- */

struct ctl {
    const struct ctl_command *command;
    const char *options[OPTION_COUNT]; /* "" for a flag that is given, NULL for what is not */
    char **operands;
    int count;
    struct config config;
    struct engine *engine;
    struct token *token;    /* chosen, and held against being initialised anew */
    struct token_info info; /* of it, before any login */
    enum auth_who asked;    /* whose PIN was last tested */
    bool held;
};

/* Results that are no HUKS code. */
#define CTL_USAGE (-1) /* told; exit status 2 */
#define CTL_TOLD  (-2) /* told; exit status 1 */

static inline const char *ctl_option(const struct ctl *ctl, enum ctl_option option)
{
    return ctl->options[option];
}
static inline bool ctl_given(const struct ctl *ctl, enum ctl_option option)
{
    return ctl->options[option] != NULL;
}
/* Says what is wrong with the command line. Returns CTL_USAGE. */
HUKS_MUST_USE huks_rc ctl_usage(const struct ctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ctl_arguments.c: options and operands of a command into `ctl`; NULL help: all commands. */
HUKS_MUST_USE huks_rc ctl_arguments(struct ctl *ctl, int argc, char **argv);
void ctl_help(const struct ctl_command *command);
void ctl_help_all(void);
/* The command that these words begin with, and how many of them (one or two) name it. */
const struct ctl_command *ctl_command_find(char *const *words, int count, int *used);
/* A whole number within bounds, in decimal. */
bool ctl_number(const char *text, uint32_t least, uint32_t most, uint32_t *out);

/* ---- ctl_engine.c: store and token ---- */

/* Configuration and engine. */
HUKS_MUST_USE huks_rc ctl_configure(struct ctl *ctl);
HUKS_MUST_USE huks_rc ctl_open(struct ctl *ctl);
/* And the token: --token's label or serial, else the native door's, else the only one. */
HUKS_MUST_USE huks_rc ctl_open_token(struct ctl *ctl);
/* Every slot, malloc'ed. */
HUKS_MUST_USE huks_rc ctl_slots(struct ctl *ctl, struct token ***tokens, size_t *count);
/* The initialised token of that label or serial. */
HUKS_MUST_USE huks_rc ctl_find_token(struct ctl *ctl, const char *name, struct token **out);
/* Logs the user in where the token asks for it and nobody is. */
HUKS_MUST_USE huks_rc ctl_login(struct ctl *ctl);
/* The same when the command line speaks of a login. */
HUKS_MUST_USE huks_rc ctl_login_if_told(struct ctl *ctl);
bool ctl_locked(const struct ctl *ctl); /* private items can't be seen */
void ctl_close(struct ctl *ctl);

/* ---- ctl_pin.c ---- */

/*
 * A PIN from the options' file or environment variable, else asked for on the terminal; a new one twice.
 * Neither: CTL_USAGE.
 */
HUKS_MUST_USE huks_rc ctl_pin(const struct ctl *ctl, enum auth_who who, bool fresh, struct secret *pin);
/* A passphrase for `what`, in the same ways; a new one twice. */
HUKS_MUST_USE huks_rc ctl_passphrase(const struct ctl *ctl, const char *what, bool fresh,
                                     struct secret *passphrase);
bool ctl_pin_given(const struct ctl *ctl, enum auth_who who);
/* The user's next PIN: --new-pin-file, --new-pin-env, or asked for twice. */
HUKS_MUST_USE huks_rc ctl_new_pin(const struct ctl *ctl, struct secret *pin);
/* Of another module's token, which has this label: --from-pin-file, --from-pin-env, or asked for. */
HUKS_MUST_USE huks_rc ctl_from_pin(const struct ctl *ctl, const char *label, struct secret *pin);
/* A question of somebody else's, asked on the terminal; false: none, or no answer. */
bool ctl_ask(const char *question, bool shown, char *answer, size_t capacity);
/*
 * What a reader says and asks (struct auth_request's talk): messages to stderr, for standard output is the answer;
 * questions on the terminal.
 */
bool ctl_talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument);
/* A question on the terminal whose answer is shown; false: no, or no terminal (*asked tells). */
bool ctl_confirm(const char *question, bool *asked);

/* ---- ctl_find.c: keys by name ---- */

/* What a name stands for: a key with its halves, or one other object. References. */
struct ctl_key {
    struct item *private; /* or secret */
    struct item *public;
    struct item *other; /* certificate, data */
    bool hidden;        /* the private half is there and can't be seen without a login */
};
void ctl_key_free(struct ctl_key *key);
enum ctl_need { NEED_ANY, NEED_PRIVATE, NEED_PUBLIC };
/* By alias, label or hex ID, in this order; logs in where that may help. */
HUKS_MUST_USE huks_rc ctl_find(struct ctl *ctl, const char *name, enum ctl_need need, struct ctl_key *key);
struct bytes ctl_alias(const struct item *item);
/* Hex digits, colons allowed. false: something else, or more than `capacity` bytes. */
bool ctl_hex(const char *text, uint8_t *out, size_t capacity, size_t *size);

/* ---- ctl_describe.c: items in words ---- */

/* A JSON object that describes a key, for ctl_print_key(); `whole` also tries whether the key can be used. */
json_t *ctl_describe(const struct ctl_key *key, bool whole);
void ctl_print_key(const struct ctl *ctl, json_t *key);

/* ---- ctl_print.c ---- */

/* Bytes as text: UTF-8 as it is, other bytes as \xNN; and as hex digits. */
json_t *ctl_text(struct bytes bytes);
json_t *ctl_hex_text(struct bytes bytes);

struct ctl_column {
    const char *key;
    const char *heading;
    const char *(*explain)(const json_t *value,
                           const json_t *object); /* words put behind the value on a sheet; may be NULL */
};
/* An array of objects: JSON, or a table with these columns. Takes over `rows`. */
void ctl_print_table(const struct ctl *ctl, json_t *rows, const struct ctl_column *columns, size_t count,
                     const char *nothing);
/* One object: JSON, or one line per column; absent values are passed over. Takes over `object`. */
void ctl_print_sheet(const struct ctl *ctl, json_t *object, const struct ctl_column *columns, size_t count);
void ctl_print_json(json_t *value); /* takes it over */
/* Long work: a line on the terminal, of nobody's concern elsewhere. */
struct ctl_progress {
    const char *what;
    int shown; /* per cent; -1: nothing yet */
};
#define CTL_PROGRESS(WHAT) {(WHAT), -1}
bool ctl_progress_seen(void); /* is there a terminal? */
void ctl_progress_show(uint64_t done, uint64_t total, void *progress);
void ctl_progress_end(const struct ctl_progress *progress);
/* Tells the thread's failure on stderr: code, message, what to do. */
void ctl_print_failure(struct ctl *ctl, huks_rc rc);

/* ---- ctl_file.c: the user's own files ---- */

HUKS_MUST_USE huks_rc ctl_file_open(const char *path, int *fd); /* "-": standard input */
/* Reads up to `size`; *got 0 at the end. */
HUKS_MUST_USE huks_rc ctl_file_read(int fd, const char *path, void *out, size_t size, size_t *got);
/* All of it, at most `most` bytes. */
HUKS_MUST_USE huks_rc ctl_file_load(const char *path, size_t most, struct secret *out);
/* To --output, else to standard output; a terminal is refused. */
HUKS_MUST_USE huks_rc ctl_file_put(const struct ctl *ctl, struct bytes data);
/* The same for text, which a terminal may have. */
HUKS_MUST_USE huks_rc ctl_file_put_text(const struct ctl *ctl, struct bytes text);

/* AUTO(ctl_file_close) int fd = -1; */
void ctl_file_close(const int *fd);

/* ---- ctl_target.c: output that is written in parts ---- */

/* AUTO(ctl_target_close) struct ctl_target target = {.fd = -1}; what was not kept by then is gone. */
struct ctl_target {
    const char *path;
    char *temporary; /* NULL: bytes go out as they come */
    int fd;
};
/* --output, in the place of a file that has the name, else standard output; a terminal is refused `what`. */
HUKS_MUST_USE huks_rc ctl_target_open(const struct ctl *ctl, const char *what, struct ctl_target *target);
bool ctl_target_waits(const struct ctl_target *target); /* nobody sees the bytes before they are kept */
HUKS_MUST_USE huks_rc ctl_target_write(const struct ctl_target *target, struct bytes data);
/* It is whole: gives it its name, on disk. */
HUKS_MUST_USE huks_rc ctl_target_keep(struct ctl_target *target);
void ctl_target_close(struct ctl_target *target);

/* ---- ctl_use.c ---- */

struct operation;
/* Has whoever the key of a pending operation wants to see authenticate. */
HUKS_MUST_USE huks_rc ctl_authenticate(struct ctl *ctl, const struct operation *operation);

#endif
