/*
 * The command line: one table of options, getopt_long, and help made of the tables.
 */
#include "tools/ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *argument; /* NULL: a flag */
    char letter;          /* 0: none */
    const char *help;
} options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", NULL, 'h', "show this and end"},
    [OPTION_JSON] = {"json", NULL, 'j', "answer in JSON"},
    [OPTION_STORE] = {"store", "DIR", 's', "the key store, in place of the configured one"},
    [OPTION_TOKEN] = {"token", "LABEL|SERIAL", 't', "the token, where there are several"},
    [OPTION_LOGIN] = {"login", NULL, 'l', "log in first: private keys are seen only then"},
    [OPTION_PIN_FILE] = {"pin-file", "FILE", 0, "the user PIN is the first line of FILE"},
    [OPTION_PIN_ENV] = {"pin-env", "NAME", 0, "the user PIN is in the environment variable NAME"},
    [OPTION_SO_PIN_FILE] = {"so-pin-file", "FILE", 0, "the SO PIN is the first line of FILE"},
    [OPTION_SO_PIN_ENV] = {"so-pin-env", "NAME", 0, "the SO PIN is in the environment variable NAME"},
    [OPTION_NEW_PIN_FILE] = {"new-pin-file", "FILE", 0, "the new user PIN is the first line of FILE"},
    [OPTION_NEW_PIN_ENV] = {"new-pin-env", "NAME", 0, "the new user PIN is in the environment variable NAME"},
    [OPTION_WITHOUT_PINS] = {"without-pins", NULL, 0, "a token that asks for no PIN at all"},
    [OPTION_LABEL] = {"label", "TEXT", 'L', "its label"},
    [OPTION_ID] = {"id", "HEX", 'i', "its CKA_ID (default: made from its public value)"},
    [OPTION_ALIAS] = {"alias", "TEXT", 'a', "its HUKS alias (default: random)"},
    [OPTION_LEVEL] = {"level", "de|ce|ece", 0, "the storage level"},
    [OPTION_SIZE] = {"size", "N", 0, "bits, or the parameter set of a post-quantum algorithm"},
    [OPTION_CURVE] = {"curve", "NAME", 0, "the curve (default: prime256v1)"},
    [OPTION_PURPOSE] = {"purpose", "A,B", 0,
                        "what it may do: sign, verify, encrypt, decrypt, derive, wrap, unwrap …"},
    [OPTION_EXTRACTABLE] = {"extractable", NULL, 0, "it may leave the token, wrapped by another key"},
    [OPTION_AUTH] = {"auth", "A,B", 0, "who must authenticate to use it: pin, fingerprint, face"},
    [OPTION_INVALID_ON] = {"invalid-on", "A,B", 0, "what voids it for good: clear-password, new-biometric"},
    [OPTION_WINDOW] = {"window", "SECONDS", 0, "an authentication serves this long (default: one use)"},
    [OPTION_REPLACE] = {"replace", NULL, 0, "replace the key that has the alias now"},
    [OPTION_SECRET] = {"secret", "ALG", 0, "FILE holds the bare bytes of a secret key of this algorithm"},
    [OPTION_DIGEST] = {"digest", "NAME", 'd', "the hash: sha256, sha384, sha512, sm3, none …"},
    [OPTION_PADDING] = {"padding", "NAME", 'p',
                        "RSA: pkcs1 or pss (sign), oaep or pkcs1 (encrypt); block ciphers: pkcs7, none"},
    [OPTION_MODE] = {"mode", "NAME", 'm', "the cipher mode: gcm, ccm, cbc, ctr, ecb …"},
    [OPTION_RAW] = {"raw", NULL, 0, "EC, SM2, DSA: the signature is r and s end to end, not DER"},
    [OPTION_OUTPUT] = {"output", "FILE", 'o', "write to FILE, not to standard output"},
    [OPTION_CHALLENGE] = {"challenge", "HEX", 0, "the challenge: what the other side wants to see again"},
    [OPTION_CHALLENGE_FILE] = {"challenge-file", "FILE", 0, "the challenge is all of FILE, byte for byte"},
    [OPTION_ANONYMOUS] = {"anonymous", NULL, 0, "by the anonymous chain, which names no device"},
    [OPTION_YES] = {"yes", NULL, 'y', "do not ask whether that is meant"},
    [OPTION_PASSPHRASE_FILE] = {"passphrase-file", "FILE", 0, "the passphrase is the first line of FILE"},
    [OPTION_PASSPHRASE_ENV] = {"passphrase-env", "NAME", 0,
                               "the passphrase is in the environment variable NAME"},
    [OPTION_LIST] = {"list", NULL, 0, "only show what it holds"},
    [OPTION_MODULE] = {"module", "FILE", 0,
                       "the other PKCS #11 module (default: the system's libsofthsm2.so)"},
    [OPTION_FROM_PIN_FILE] = {"from-pin-file", "FILE", 0,
                              "the other token's user PIN is the first line of FILE"},
    [OPTION_FROM_PIN_ENV] = {"from-pin-env", "NAME", 0, "it is in the environment variable NAME"},
};

/* ---- help ---- */

static const struct ctl_command *const verbs[] = {
    ctl_token_commands,   ctl_auth_commands,   ctl_key_commands,     ctl_make_commands,
    ctl_softhsm_commands, ctl_use_commands,    ctl_crypt_commands,   ctl_attest_commands,
    ctl_backup_commands,  ctl_status_commands, ctl_explain_commands,
};

void ctl_help_all(void)
{
    puts("usage: huksctl [--store DIR] COMMAND [OPTION...] [OPERAND...]\n"
         "       huksctl COMMAND --help\n");
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        for (const struct ctl_command *command = verbs[i]; command->name != NULL; command++) {
            char call[64];
            snprintf(call, sizeof(call), "%s %s", command->name, command->operands);
            printf("  %-28s %s\n", call, command->line);
        }
    }
    puts("\nExit status: 0, 1 when the operation failed, 2 when the command line is wrong.");
}

static void help_option(enum ctl_option option)
{
    char call[64];
    char letter[5] = "    ";
    if (options[option].letter != 0) {
        snprintf(letter, sizeof(letter), "-%c, ", options[option].letter);
    }
    snprintf(call, sizeof(call), "%s--%s%s%s", letter, options[option].name,
             options[option].argument != NULL ? " " : "",
             options[option].argument != NULL ? options[option].argument : "");
    printf("  %-28s %s\n", call, options[option].help);
}

void ctl_help(const struct ctl_command *command)
{
    printf("usage: huksctl %s [OPTION...]%s%s\n\n%s.\n", command->name,
           command->operands[0] != '\0' ? " " : "", command->operands, command->line);
    if (command->more != NULL) {
        printf("%s\n", command->more);
    }
    puts("");
    for (enum ctl_option option = 0; option < OPTION_COUNT; option++) {
        if ((command->takes & (UINT64_C(1) << option)) != 0) {
            help_option(option);
        }
    }
}

/* "auth list" are two words, and "auth" alone is one command, too, which tells of the others. */
static int words_named(const struct ctl_command *command, char *const *words, int count)
{
    const char *blank = strchr(command->name, ' ');
    size_t first = blank != NULL ? (size_t)(blank - command->name) : strlen(command->name);
    if (strncmp(command->name, words[0], first) != 0 || words[0][first] != '\0') {
        return 0;
    }
    if (blank == NULL) {
        return 1;
    }
    return count > 1 && strcmp(blank + 1, words[1]) == 0 ? 2 : 0;
}

const struct ctl_command *ctl_command_find(char *const *words, int count, int *used)
{
    const struct ctl_command *found = NULL;
    *used = 0;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        for (const struct ctl_command *command = verbs[i]; command->name != NULL; command++) {
            int named = words_named(command, words, count);
            if (named > *used) {
                found = command;
                *used = named;
            }
        }
    }
    return found;
}

/* ---- arguments ---- */

huks_rc ctl_usage(const struct ctl *ctl, const char *format, ...)
{
    va_list arguments;
    fputs("huksctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n  What to do: huksctl %s%s--help\n", ctl->command != NULL ? ctl->command->name : "",
            ctl->command != NULL ? " " : "");
    return CTL_USAGE;
}

bool ctl_number(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    unsigned long long value = strtoull(text, &end, 10);
    *out = (uint32_t)value;
    return *end == '\0' && value >= least && value <= most;
}

#define LONG_OPTION 256 /* getopt's value of option n is this + n */

static enum ctl_option option_of(int value)
{
    if (value >= LONG_OPTION) {
        return (enum ctl_option)(value - LONG_OPTION);
    }
    for (enum ctl_option option = 0; option < OPTION_COUNT; option++) {
        if (options[option].letter == value) {
            return option;
        }
    }
    return OPTION_COUNT;
}

static void getopt_tables(uint64_t takes, const char *mode, struct option *table, char *letters)
{
    size_t count = 0;
    size_t length = strlen(mode);
    memcpy(letters, mode, length + 1);
    letters += length;
    for (enum ctl_option option = 0; option < OPTION_COUNT; option++) {
        if ((takes & (UINT64_C(1) << option)) == 0) {
            continue;
        }
        int argument = options[option].argument != NULL ? required_argument : no_argument;
        table[count++] = (struct option){options[option].name, argument, NULL, LONG_OPTION + (int)option};
        if (options[option].letter != 0) {
            *letters++ = options[option].letter;
            *letters = ':';
            letters += argument == required_argument;
        }
    }
    *letters = '\0';
    table[count] = (struct option){NULL, 0, NULL, 0};
}

/* Options up to the first operand ("+:") or among operands (":"). */
static huks_rc read_options(struct ctl *ctl, uint64_t takes, const char *mode, int argc, char **argv)
{
    struct option table[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 3];
    getopt_tables(takes, mode, table, letters);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    for (;;) {
        int value =
            getopt_long(argc, argv, letters, table, NULL); /* NOLINT(concurrency-mt-unsafe): one thread */
        if (value == -1) {
            return HUKS_OK;
        }
        if (value == ':') {
            return ctl_usage(ctl, "%s needs an argument", argv[optind - 1]);
        }
        if (value == '?') {
            return ctl_usage(ctl, "there is no option %s here", argv[optind - 1]);
        }
        ctl->options[option_of(value)] = optarg != NULL ? optarg : "";
    }
}

huks_rc ctl_arguments(struct ctl *ctl, int argc, char **argv)
{
    HUKS_TRY(read_options(ctl, TAKES_ALWAYS, "+:", argc, argv));
    if (optind == argc) {
        return HUKS_OK;
    }
    char **command = argv + optind;
    int left = argc - optind, used = 0;
    ctl->command = ctl_command_find(command, left, &used);
    if (ctl->command == NULL) {
        return ctl_usage(ctl, "there is no command %s", command[0]);
    }
    command += used - 1; /* getopt passes over the first word */
    left -= used - 1;
    HUKS_TRY(read_options(ctl, ctl->command->takes, ":", left, command));
    ctl->operands = command + optind;
    ctl->count = left - optind;
    if (ctl_given(ctl, OPTION_HELP)) {
        return HUKS_OK;
    }
    if (ctl->count < ctl->command->least || ctl->count > ctl->command->most) {
        return ctl_usage(ctl, "%s takes %s", ctl->command->name,
                         ctl->command->most == 0 ? "no operand" : ctl->command->operands);
    }
    return HUKS_OK;
}
