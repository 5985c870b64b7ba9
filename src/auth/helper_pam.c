/*
 * huks-auth-helper, the program: one question to PAM, see helper_protocol.h. It touches nothing of the engine
 * and links libpam alone.
 */
#include "auth/helper_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define ENGINE 0 /* the descriptors */
#define HOST   3

static bool tell(enum helper_packet kind, const void *text, size_t size)
{
    char packet[HELPER_PACKET_SIZE];
    size_t length = size < sizeof(packet) ? size : sizeof(packet) - 1;
    packet[0] = (char)kind;
    if (length > 0) {
        memcpy(packet + 1, text, length);
    }
    return send(ENGINE, packet, length + 1, MSG_NOSIGNAL) == (ssize_t)length + 1;
}

static int tell_text(enum helper_packet kind, const char *text)
{
    return tell(kind, text, strlen(text)) ? 0 : 1;
}

/* ---- the conversation ---- */

static char *ask(enum helper_packet kind, const char *text)
{
    char packet[HELPER_PACKET_SIZE];
    char *answer = NULL;
    if (tell_text(kind, text) != 0) {
        return NULL;
    }
    ssize_t got = recv(ENGINE, packet, sizeof(packet), 0);
    if (got >= 1 && packet[0] == (char)HELPER_ANSWER && got <= PAM_MAX_RESP_SIZE) {
        answer = calloc(1, (size_t)got);
        if (answer != NULL) {
            memcpy(answer, packet + 1, (size_t)got - 1);
        }
    }
    explicit_bzero(packet, sizeof(packet));
    return answer;
}

static bool converse_one(const struct pam_message *message, struct pam_response *response)
{
    const char *text = message->msg != NULL ? message->msg : "";
    switch (message->msg_style) {
    case PAM_TEXT_INFO:
        return tell_text(HELPER_INFORMATION, text) == 0;
    case PAM_ERROR_MSG:
        return tell_text(HELPER_COMPLAINT, text) == 0;
    case PAM_PROMPT_ECHO_ON:
        response->resp = ask(HELPER_QUESTION, text);
        return response->resp != NULL;
    case PAM_PROMPT_ECHO_OFF:
        response->resp = ask(HELPER_SECRET_QUESTION, text);
        return response->resp != NULL;
    default:
        return false;
    }
}

/* PAM frees the answers. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *argument)
{
    (void)argument;
    if (count <= 0 || count > PAM_MAX_NUM_MSG) {
        return PAM_CONV_ERR;
    }
    struct pam_response *answers = calloc((size_t)count, sizeof(*answers));
    if (answers == NULL) {
        return PAM_BUF_ERR;
    }
    for (int i = 0; i < count; i++) {
        if (!converse_one(messages[i], &answers[i])) {
            for (int j = 0; j < i; j++) {
                if (answers[j].resp != NULL) {
                    explicit_bzero(answers[j].resp, strlen(answers[j].resp));
                    free(answers[j].resp);
                }
            }
            free(answers);
            return PAM_CONV_ERR;
        }
    }
    *responses = answers;
    return PAM_SUCCESS;
}

/* ---- the question ---- */

/* Where Linux-PAM looks, whatever the distribution. */
static const char *const service_places[] = {"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"};

#define INCLUDES_MOST 8 /* deep */

/* The file that PAM takes for a name: the first of that name, whatever the others say. */
static FILE *open_service(const char *services, const char *name)
{
    char path[PATH_MAX];
    const char *const given[] = {services};
    const char *const root[] = {""};
    bool absolute = name[0] == '/';
    const char *const *places = absolute ? root : services != NULL ? given : service_places;
    size_t count = absolute || services != NULL ? 1 : sizeof(service_places) / sizeof(*service_places);
    for (size_t i = 0; i < count; i++) {
        int length = snprintf(path, sizeof(path), "%s%s%s", places[i], absolute ? "" : "/", name);
        FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "re") : NULL;
        if (file != NULL) {
            return file;
        }
    }
    return NULL;
}

static bool asks_for_somebody(const char *services, const char *name, int depth);

/* "auth …", "-auth …", or one of the two ways to include a file, of a file that has one. */
static bool line_asks(char *line, int depth)
{
    static const char blanks[] = " \t\r\n";
    char *rest = NULL;
    const char *word = strtok_r(line, blanks, &rest);
    if (word == NULL) {
        return false;
    }
    bool include = strcasecmp(word, "@include") == 0;
    if (!include) {
        if (strcasecmp(*word == '-' ? word + 1 : word, "auth") != 0) {
            return false;
        }
        const char *control = strtok_r(NULL, blanks, &rest);
        include = control != NULL && (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0);
    }
    const char *name = strtok_r(NULL, blanks, &rest);
    /* PAM looks for included files where it does by itself. */
    return name != NULL && (!include || asks_for_somebody(NULL, name, depth + 1));
}

/*
 * Whether a service has a rule for authentication: without one, PAM takes those of the service "other", and
 * where that one says yes to all, everybody would be the enrolled one.
 */
static bool asks_for_somebody(const char *services, const char *name, int depth)
{
    FILE *file = depth > INCLUDES_MOST ? NULL : open_service(services, name);
    char *line = NULL;
    size_t size = 0;
    bool asks = false;
    if (file == NULL) {
        return false;
    }
    while (!asks && getline(&line, &size, file) >= 0) { /* lint: allowed, a program of its own */
        asks = line_asks(line, depth);
    }
    free(line);
    (void)fclose(file);
    return asks;
}

static int unavailable(const char *why)
{
    return tell_text(HELPER_UNAVAILABLE, why);
}

/* Refusals are about who was there; everything else is about not having been able to ask. */
static bool is_refusal(int result)
{
    switch (result) {
    case PAM_AUTH_ERR:
    case PAM_MAXTRIES:
    case PAM_PERM_DENIED:
    case PAM_USER_UNKNOWN:
    case PAM_ACCT_EXPIRED:
        return true;
    default:
        return false;
    }
}

/* A module may change whom it is about: then it is somebody else who was recognised. */
static bool still_about(pam_handle_t *pam, const char *account)
{
    const void *user = NULL;
    return pam_get_item(pam, PAM_USER, &user) == PAM_SUCCESS && user != NULL &&
           strcmp((const char *)user, account) == 0;
}

static int recognised(pam_handle_t *pam, const char *account)
{
    char text[HELPER_PACKET_SIZE];
    const char *credential = pam_getenv(pam, HELPER_CREDENTIAL);
    int length = snprintf(text, sizeof(text), "%s%c%s", account, '\0', credential != NULL ? credential : "");
    if (length < 0 || (size_t)length >= sizeof(text) - 1) {
        return unavailable("the names are too long");
    }
    return tell(HELPER_YES, text, (size_t)length) ? 0 : 1;
}

static int start(const char *services, const char *service, const char *account, pam_handle_t **pam)
{
    static const struct pam_conv conversation = {converse, NULL};
    if (services == NULL) {
        return pam_start(service, account, &conversation, pam);
    }
#ifdef HAVE_PAM_START_CONFDIR
    return pam_start_confdir(service, account, &conversation, services, pam);
#else
    return PAM_SYSTEM_ERR;
#endif
}

static int run(const char *services, const char *service, const char *account, const char *self)
{
    pam_handle_t *pam = NULL;
    if (!asks_for_somebody(services, service, 0)) {
        char why[HELPER_PACKET_SIZE];
        (void)snprintf(why, sizeof(why), "there is no PAM service %.64s", service);
        return unavailable(why);
    }
    int result = start(services, service, account, &pam);
    if (result != PAM_SUCCESS || pam == NULL) {
        return unavailable("PAM does not start");
    }
    (void)pam_set_item(pam, PAM_RUSER, self);
    /* Who is there is asked, and nothing else: whether the account may log in is not this keystore's
     * business. */
    result = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
    int status;
    if (result == PAM_SUCCESS) {
        status =
            still_about(pam, account) ? recognised(pam, account) : tell_text(HELPER_NO, "another account");
    } else {
        status = tell_text(is_refusal(result) ? HELPER_NO : HELPER_UNAVAILABLE, pam_strerror(pam, result));
    }
    (void)pam_end(pam, result);
    return status;
}

static const char *choose(const char *self, char **accounts)
{
    for (char **account = accounts; *account != NULL; account++) {
        if (strcmp(*account, self) == 0) {
            return *account;
        }
    }
    return *accounts != NULL ? *accounts : self;
}

/* ---- the process that asks ---- */

static int ask_pam(const char *services, uid_t user, char **arguments)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char text[16384];
    if (getpwuid_r(user, &entry, text, sizeof(text), &found) != 0 || found == NULL) {
        return unavailable("this user id has no account name");
    }
    return run(services, *arguments, choose(found->pw_name, arguments + 1), found->pw_name);
}

/* ---- the process that watches ---- */

/* Until the other one has ended, or nobody wants to know any more. Of the socket only its end is looked at.
 */
static void watch(int asking)
{
    struct pollfd polled[] = {
        {.fd = ENGINE}, {.fd = HOST, .events = POLLIN}, {.fd = asking, .events = POLLIN}};
    while (poll(polled, sizeof(polled) / sizeof(*polled), -1) < 0 && errno == EINTR) {
    }
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: " HELPER_NAME " [--services DIR] [--user UID] SERVICE [ACCOUNT...]\n"
                          "The HUKS engine starts this program to ask PAM for a finger or face.\n");
    return 2;
}

/* Only ever says whom to ask about, which whoever starts this could do with an account's name, too. */
static bool read_user(const char *text, uid_t *user)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = text == NULL || *text < '0' || *text > '9' ? 0 : strtoull(text, &end, 10);
    *user = (uid_t)number;
    return end != NULL && *end == '\0' && errno == 0 && number < (uid_t)-1;
}

int main(int argc, char **argv)
{
    const char *services = NULL;
    uid_t user = geteuid();
    char **arguments = argv + 1;
    if (argc > 2 && strcmp(arguments[0], "--services") == 0) {
        services = arguments[1];
        arguments += 2;
    }
    if (*arguments != NULL && strcmp(*arguments, HELPER_USER) == 0) {
        if (!read_user(arguments[1], &user)) {
            return usage();
        }
        arguments += 2;
    }
    /* Who starts it by hand has no such descriptors, and a session that is not this program's to kill. */
    if (*arguments == NULL || strchr(*arguments, '/') != NULL || getsid(0) != getpid() ||
        fcntl(HOST, F_GETFD) < 0) {
        return usage();
    }
    (void)prctl(PR_SET_DUMPABLE, 0); /* answers to PAM's questions are not for core files */
    pid_t watching = getpid(), asking = fork();
    if (asking == 0) {
        bool watched = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == watching;
        return watched && close(HOST) == 0 ? ask_pam(services, user, arguments) : 1;
    }
    int pidfd = asking > 0 ? (int)syscall(SYS_pidfd_open, asking, 0) : -1;
    if (pidfd >= 0) {
        watch(pidfd);
    }
    (void)kill(0, SIGKILL); /* this session's one group: us, and what a module may have left */
    return 1;
}
