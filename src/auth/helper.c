/*
 * A helper's life: started, heard, ended, whatever it does. See helper_protocol.h for why it is a process.
 */
#include "auth/helper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/helper_protocol.h"
#include "auth/helper_start.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#define END_MS 1000 /* the helper's process that ends the others only waits: this long is not normal */

struct helper {
    struct helper_child child; /* pid and pidfd */
    struct helper_run run;     /* and the socket */
    uint64_t deadline_ms;
};

static huks_rc unavailable(const char *kind, const char *why)
{
    return error_raisef(HUKS_E_USERIAM, ABOUT_NOTHING, "%s (%s)", kind, why);
}

static uint64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int left_ms(uint64_t deadline_ms)
{
    uint64_t now = monotonic_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* ---- those that are running ---- */

/* The helper ends when its socket does, and takes along what PAM modules have started. */
static void run_end(const struct helper_run *run)
{
    (void)shutdown(run->socket, SHUT_RDWR);
}

/* False: it was cancelled before it began. */
static bool run_enter(struct auth *auth, struct helper_run *run)
{
    (void)pthread_mutex_lock(&auth->run_mutex);
    bool enter = !auth->shut;
    if (enter) {
        run->next = auth->runs;
        auth->runs = run;
    }
    (void)pthread_mutex_unlock(&auth->run_mutex);
    return enter;
}

static bool run_leave(struct auth *auth, const struct helper_run *run)
{
    (void)pthread_mutex_lock(&auth->run_mutex);
    for (struct helper_run **link = &auth->runs; *link != NULL; link = &(*link)->next) {
        if (*link == run) {
            *link = run->next;
            break;
        }
    }
    bool shut = auth->shut;
    (void)pthread_mutex_unlock(&auth->run_mutex);
    return shut;
}

void auth_cancel(struct auth *auth, uint64_t owner)
{
    (void)pthread_mutex_lock(&auth->run_mutex);
    auth->shut |= owner == 0;
    for (struct helper_run *run = auth->runs; run != NULL; run = run->next) {
        if (owner == 0 || run->owner == owner) {
            run->cancelled = true;
            if (run->socket >= 0) {
                run_end(run);
            }
        }
    }
    (void)pthread_mutex_unlock(&auth->run_mutex);
}

/* ---- start and end ---- */

static huks_rc start(struct auth *auth, struct helper *helper, const char *kind, char *const *arguments)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        return unavailable(kind, "no socket for the helper program");
    }
    bool started = helper_start(auth->helper, arguments, sockets[1], &helper->child);
    (void)close(sockets[1]);
    if (!started) {
        (void)close(sockets[0]);
        return unavailable(kind, "the helper program can't be started");
    }
    (void)pthread_mutex_lock(&auth->run_mutex);
    helper->run.socket = sockets[0];
    if (helper->run.cancelled) {
        run_end(&helper->run);
    }
    (void)pthread_mutex_unlock(&auth->run_mutex);
    return HUKS_OK;
}

static bool wait_for_end(const struct helper_child *child)
{
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
    uint64_t deadline_ms = monotonic_ms() + END_MS;
    int count;
    do {
        count = poll(&ended, 1, left_ms(deadline_ms));
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static void end(struct auth *auth, struct helper *helper)
{
    int socket = helper->run.socket;
    (void)pthread_mutex_lock(&auth->run_mutex);
    run_end(&helper->run);
    helper->run.socket = -1;
    (void)pthread_mutex_unlock(&auth->run_mutex);
    if (!wait_for_end(&helper->child)) {
        (void)syscall(SYS_pidfd_send_signal, helper->child.pidfd, SIGKILL, NULL, 0);
        (void)wait_for_end(&helper->child);
    }
    /* A host that adopts orphans has adopted this one, and is not to be left with a zombie it knows nothing
     * of. */
    siginfo_t info;
    (void)waitid((idtype_t)P_PIDFD, (id_t)helper->child.pidfd, &info, WEXITED | WNOHANG | __WALL);
    (void)close(helper->child.pidfd);
    (void)close(socket);
}

/* ---- what it says ---- */

/* A question without anybody who could answer it gets none, and PAM decides what that means. */
static void reply(const struct helper *helper, const struct auth_request *request, const char *text,
                  bool question, bool echo)
{
    char packet[HELPER_PACKET_SIZE] = {HELPER_ANSWER};
    bool answered = request->talk != NULL &&
                    request->talk(text, question, echo, packet + 1, sizeof packet - 1, request->argument);
    if (question) {
        packet[0] = answered ? (char)HELPER_ANSWER : (char)HELPER_NO_ANSWER;
        packet[sizeof packet - 1] = '\0';
        size_t size = answered ? 1 + strlen(packet + 1) : 1;
        (void)send(helper->run.socket, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    memory_cleanse(packet, sizeof packet);
}

static bool read_answer(const char *text, size_t size, struct helper_answer *answer)
{
    size_t account = strnlen(text, size);
    if (account == 0 || account >= AUTH_NAME_SIZE || account >= size) {
        return false;
    }
    size_t credential = size - account - 1;
    if (credential >= AUTH_NAME_SIZE) {
        return false;
    }
    memset(answer, 0, sizeof *answer);
    memcpy(answer->account, text, account);
    memcpy(answer->credential, text + account + 1, credential);
    return true;
}

/* One packet, NUL-terminated. `*over`: it was the last one, and the result is the helper's. */
static huks_rc hear(const struct helper *helper, const struct auth_request *request, const char *kind,
                    const char *packet, size_t size, struct helper_answer *answer, bool *over)
{
    const char *text = packet + 1;
    *over = true;
    switch (packet[0]) {
    case HELPER_INFORMATION:
    case HELPER_COMPLAINT:
        *over = false;
        reply(helper, request, text, false, true);
        return HUKS_OK;
    case HELPER_QUESTION:
    case HELPER_SECRET_QUESTION:
        *over = false;
        reply(helper, request, text, true, packet[0] == (char)HELPER_QUESTION);
        return HUKS_OK;
    case HELPER_YES:
        return read_answer(text, size - 1, answer) ? HUKS_OK
                                                   : unavailable(kind, "the helper program talks nonsense");
    case HELPER_NO:
        return error_raise(HUKS_E_AUTH_FAILED, ABOUT_FINGER, NULL);
    case HELPER_UNAVAILABLE:
        return unavailable(kind, text);
    default:
        return unavailable(kind, "the helper program talks nonsense");
    }
}

enum heard { HEARD_PACKET, HEARD_NOTHING_IN_TIME, HEARD_THE_END };

/* Waits for a packet. A process that ended may have left one behind: the socket is read first. */
static enum heard wait_for_packet(const struct helper *helper, char packet[HELPER_PACKET_SIZE + 1],
                                  size_t *size)
{
    for (;;) {
        struct pollfd polled[] = {{.fd = helper->run.socket, .events = POLLIN},
                                  {.fd = helper->child.pidfd, .events = POLLIN}};
        int count = poll(polled, ARRAY_SIZE(polled), left_ms(helper->deadline_ms));
        if (count < 0 && errno != EINTR) {
            return HEARD_THE_END;
        }
        if (count == 0) {
            return HEARD_NOTHING_IN_TIME;
        }
        ssize_t got = recv(helper->run.socket, packet, HELPER_PACKET_SIZE, MSG_DONTWAIT);
        if (got > 0) {
            packet[got] = '\0';
            *size = (size_t)got;
            return HEARD_PACKET;
        }
        bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
        if (!nothing_yet || (count > 0 && (polled[1].revents & POLLIN) != 0)) {
            return HEARD_THE_END;
        }
    }
}

static huks_rc listen_to(const struct helper *helper, const struct auth_request *request, const char *kind,
                         struct helper_answer *answer)
{
    char packet[HELPER_PACKET_SIZE + 1];
    for (;;) {
        size_t size = 0;
        bool over = false;
        switch (wait_for_packet(helper, packet, &size)) {
        case HEARD_NOTHING_IN_TIME:
            return unavailable(kind, "nobody answered in time");
        case HEARD_THE_END:
            return unavailable(kind, "the helper program died");
        case HEARD_PACKET:
            break;
        }
        huks_rc rc = hear(helper, request, kind, packet, size, answer, &over);
        if (over) {
            return rc;
        }
        if (left_ms(helper->deadline_ms) == 0) {
            return unavailable(kind, "nobody answered in time");
        }
    }
}

/* ---- asking ---- */

static huks_rc run(struct auth *auth, struct helper *helper, const struct auth_request *request,
                   const char *kind, char *const *arguments, struct helper_answer *answer)
{
    if (!run_enter(auth, &helper->run)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
    }
    huks_rc rc = start(auth, helper, kind, arguments);
    if (rc == HUKS_OK) {
        rc = listen_to(helper, request, kind, answer);
        end(auth, helper);
    }
    if (run_leave(auth, &helper->run)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL);
    }
    return helper->run.cancelled ? unavailable(kind, "cancelled") : rc;
}

huks_rc helper_ask(struct auth *auth, const struct auth_request *request, const char *kind,
                   const char *service, const char *const *accounts, size_t count,
                   struct helper_answer *answer)
{
    struct helper helper = {
        .run = {.owner = request->owner, .socket = -1},
        .deadline_ms = monotonic_ms() + auth->config.auth_timeout_ms,
    };
    AUTO(memory_free_ptr) char **arguments = calloc(count + 5, sizeof *arguments);
    if (arguments == NULL) {
        return error_no_memory();
    }
    /* execve() wants them without const, and leaves them alone. */
    char user[16];
    char **next = arguments;
    *next++ = (char *)(uintptr_t)HELPER_NAME;
    if (auth->config.for_other) {
        (void)snprintf(user, sizeof user, "%lu", (unsigned long)auth->config.other);
        *next++ = (char *)(uintptr_t)HELPER_USER;
        *next++ = user;
    }
    *next++ = (char *)(uintptr_t)service;
    for (size_t i = 0; i < count; i++) {
        *next++ = (char *)(uintptr_t)accounts[i];
    }
    int cancelling;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    huks_rc rc = run(auth, &helper, request, kind, arguments, answer);
    (void)pthread_setcancelstate(cancelling, &cancelling);
    return rc;
}

huks_rc helper_find(char **path)
{
    const char *told = secure_getenv("HUKS_AUTH_HELPER");
    *path = text_copy(told != NULL && told[0] == '/' ? told : HUKS_LIBEXECDIR "/" HELPER_NAME);
    return *path != NULL ? HUKS_OK : error_no_memory();
}
