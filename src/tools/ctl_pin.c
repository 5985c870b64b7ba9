/*
 * PINs and questions: from a file, from the environment, or from the terminal; never from the command line,
 * which every process of the machine can read.
 */
#include "tools/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_SIZE 1024 /* of a PIN file's first line, or of what is typed */

struct source {
    enum ctl_option file, variable;
    const char *name, *prefix; /* of the options */
};
static const struct source sources[] = {
    [AUTH_USER] = {OPTION_PIN_FILE, OPTION_PIN_ENV, "user PIN", ""},
    [AUTH_SO] = {OPTION_SO_PIN_FILE, OPTION_SO_PIN_ENV, "SO PIN", "so-"},
};
static const struct source next_source = {OPTION_NEW_PIN_FILE, OPTION_NEW_PIN_ENV, "user PIN", "new-"};
static const struct source from_source = {OPTION_FROM_PIN_FILE, OPTION_FROM_PIN_ENV, "user PIN", "from-"};

bool ctl_pin_given(const struct ctl *ctl, enum auth_who who)
{
    return ctl_given(ctl, sources[who].file) || ctl_given(ctl, sources[who].variable);
}

/* Keeps what stands before the line's end. */
static void cut_line(struct secret *line)
{
    const uint8_t *end = memchr(line->data, '\n', line->size);
    size_t size = end != NULL ? (size_t)(end - line->data) : line->size;
    if (size > 0 && line->data[size - 1] == '\r') {
        size--;
    }
    secret_shrink(line, size);
}

static huks_rc pin_from_file(const char *path, struct secret *pin)
{
    AUTO(ctl_file_close) int fd = -1;
    size_t got = 0;
    HUKS_TRY(ctl_file_open(path, &fd));
    HUKS_TRY(secret_alloc(pin, LINE_MAX_SIZE));
    HUKS_TRY(ctl_file_read(fd, path, pin->data, pin->size, &got));
    secret_shrink(pin, got);
    cut_line(pin);
    return HUKS_OK;
}

static huks_rc pin_from_environment(const struct ctl *ctl, const char *name, struct secret *pin)
{
    char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (value == NULL) {
        return ctl_usage(ctl, "there is no environment variable %s", name);
    }
    return secret_set(pin, value, strlen(value));
}

/* ---- the terminal ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/*
 * While nothing that is typed is shown, no signal may end or stop us: the terminal would stay like that. They
 * are blocked but while we wait for a line, so that none falls between a look and the wait.
 */
struct signals {
    struct sigaction actions[ARRAY_SIZE(watched)];
    sigset_t mask;
};

static void signals_watch(struct signals *old)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;
    interrupted = 0;
    sigemptyset(&blocked);
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
        sigaction(watched[i], NULL, &old->actions[i]);
        if (old->actions[i].sa_handler != SIG_IGN) {
            sigaddset(&blocked, watched[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &blocked, &old->mask);
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
        if (sigismember(&blocked, watched[i]) == 1) {
            sigaction(watched[i], &action, NULL);
        }
    }
}

/* A signal that came in the meantime takes its usual effect now. */
static void signals_restore(const struct signals *old)
{
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
        sigaction(watched[i], &old->actions[i], NULL);
    }
    if (interrupted != 0) {
        raise(interrupted);
    }
    sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static void say(int tty, const char *text)
{
    if (write(tty, text, strlen(text)) < 0) {
        return; /* a prompt that can't be seen can still be answered */
    }
}

/* Waits for something to read; false: a signal came first. */
static bool wait_for_line(int tty, const sigset_t *mask)
{
    struct pollfd poll = {.fd = tty, .events = POLLIN};
    return mask == NULL || ppoll(&poll, 1, NULL, mask) >= 0 || errno != EINTR;
}

/* One line with its end. Of a terminal read() gives a line at a time; the mask is as for wait_for_line(). */
static ssize_t read_line(int tty, void *line, size_t size, const sigset_t *mask)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = wait_for_line(tty, mask) ? read(tty, (uint8_t *)line + got, size - got) : -1;
        if (n <= 0) {
            return n < 0 ? -1 : (ssize_t)got;
        }
        got += (size_t)n;
        if (((const uint8_t *)line)[got - 1] == '\n') {
            break;
        }
    }
    return (ssize_t)got;
}

/* false: a signal that did not end us (Ctrl-Z) came in between. */
static bool ask_once(int tty, const char *prompt, struct secret *line, ssize_t *got)
{
    struct termios shown, hidden;
    struct signals old;
    bool terminal = tcgetattr(tty, &shown) == 0;
    signals_watch(&old);
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        hidden.c_lflag |= ECHONL | ICANON;
        tcsetattr(tty, TCSAFLUSH, &hidden);
    }
    say(tty, prompt);
    *got = read_line(tty, line->data, line->size, &old.mask);
    if (terminal) {
        tcsetattr(tty, TCSAFLUSH, &shown);
    }
    bool answered = interrupted == 0;
    if (!answered) {
        say(tty, "\n");
    }
    signals_restore(&old);
    return answered;
}

static huks_rc ask_hidden(int tty, const char *prompt, struct secret *answer)
{
    ssize_t got = 0;
    HUKS_TRY(secret_alloc(answer, LINE_MAX_SIZE));
    while (!ask_once(tty, prompt, answer, &got)) {
    }
    if (got < 0) {
        return error_raisef(HUKS_E_FILE, ABOUT_FILE, "read the terminal: %s",
                            strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    secret_shrink(answer, (size_t)got);
    cut_line(answer);
    return HUKS_OK;
}

static huks_rc ask_twice(int tty, const char *name, struct secret *pin)
{
    char prompt[64];
    AUTO(secret_free) struct secret again = {0};
    snprintf(prompt, sizeof(prompt), "New %s: ", name);
    HUKS_TRY(ask_hidden(tty, prompt, pin));
    snprintf(prompt, sizeof(prompt), "New %s, once more: ", name);
    HUKS_TRY(ask_hidden(tty, prompt, &again));
    if (!crypto_equal(pin->data, pin->size, again.data, again.size)) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_PIN, "%s: the two differ", name);
    }
    return HUKS_OK;
}

/* What others wrote (a label, a PAM module's message) may steer no terminal. */
static void tame(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
    }
}

huks_rc ctl_passphrase(const struct ctl *ctl, const char *what, bool fresh, struct secret *passphrase)
{
    if (ctl_given(ctl, OPTION_PASSPHRASE_FILE)) {
        return pin_from_file(ctl_option(ctl, OPTION_PASSPHRASE_FILE), passphrase);
    }
    if (ctl_given(ctl, OPTION_PASSPHRASE_ENV)) {
        return pin_from_environment(ctl, ctl_option(ctl, OPTION_PASSPHRASE_ENV), passphrase);
    }
    AUTO(ctl_file_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return ctl_usage(ctl,
                         "the passphrase of the %s is needed and there is no terminal to ask for it: "
                         "--passphrase-file or --passphrase-env",
                         what);
    }
    if (fresh) {
        return ask_twice(tty, "passphrase", passphrase);
    }
    char prompt[128];
    snprintf(prompt, sizeof(prompt), "Passphrase of the %s: ", what);
    return ask_hidden(tty, prompt, passphrase);
}

static huks_rc pin_from(const struct ctl *ctl, const struct source *source, const char *label, bool fresh,
                        struct secret *pin)
{
    if (ctl_given(ctl, source->file)) {
        return pin_from_file(ctl_option(ctl, source->file), pin);
    }
    if (ctl_given(ctl, source->variable)) {
        return pin_from_environment(ctl, ctl_option(ctl, source->variable), pin);
    }
    AUTO(ctl_file_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return ctl_usage(
            ctl, "the %s%s is needed and there is no terminal to ask for it: --%spin-file or --%spin-env",
            source == &next_source   ? "new "
            : source == &from_source ? "other token's "
                                     : "",
            source->name, source->prefix, source->prefix);
    }
    if (fresh) {
        return ask_twice(tty, source->name, pin);
    }
    char prompt[128];
    snprintf(prompt, sizeof(prompt), "%s of token %s: ", source->name, label);
    prompt[0] = prompt[0] == 'u' ? 'U' : prompt[0];
    tame(prompt);
    return ask_hidden(tty, prompt, pin);
}

huks_rc ctl_pin(const struct ctl *ctl, enum auth_who who, bool fresh, struct secret *pin)
{
    return pin_from(ctl, &sources[who], ctl->info.label, fresh, pin);
}

huks_rc ctl_new_pin(const struct ctl *ctl, struct secret *pin)
{
    return pin_from(ctl, &next_source, ctl->info.label, true, pin);
}

huks_rc ctl_from_pin(const struct ctl *ctl, const char *label, struct secret *pin)
{
    return pin_from(ctl, &from_source, label, false, pin);
}

bool ctl_ask(const char *question, bool shown, char *answer, size_t capacity)
{
    AUTO(secret_free) struct secret line = {0};
    char prompt[256];
    AUTO(ctl_file_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return false;
    }
    snprintf(prompt, sizeof(prompt), "%s%s", question, question[0] != '\0' ? " " : "");
    tame(prompt);
    if (!shown) {
        if (ask_hidden(tty, prompt, &line) != HUKS_OK) {
            return false;
        }
    } else {
        if (secret_alloc(&line, LINE_MAX_SIZE) != HUKS_OK) {
            return false;
        }
        say(tty, prompt);
        ssize_t got = read_line(tty, line.data, line.size, NULL);
        secret_shrink(&line, got > 0 ? (size_t)got : 0);
        cut_line(&line);
    }
    if (line.size >= capacity) {
        return false;
    }
    memcpy(answer, line.data, line.size);
    answer[line.size] = '\0';
    return true;
}

bool ctl_confirm(const char *question, bool *asked)
{
    char answer[16] = "";
    AUTO(ctl_file_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    *asked = tty >= 0 && isatty(STDIN_FILENO) != 0;
    if (!*asked) {
        return false;
    }
    say(tty, question);
    say(tty, " [y/N] ");
    ssize_t got = read_line(tty, answer, sizeof(answer) - 1, NULL);
    return got > 0 && strncasecmp(answer, "y", 1) == 0;
}

/* ---- what the reader says ---- */

/* To stderr: standard output is the answer. */
bool ctl_talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument)
{
    (void)argument;
    if (question) {
        return ctl_ask(text, echo, answer, capacity);
    }
    fputs("huksctl: ", stderr);
    for (; *text != '\0'; text++) {
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
    }
    fputc('\n', stderr);
    return false;
}
