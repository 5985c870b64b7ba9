/*
 * huksd: takes connections, tells users apart, and gives each client process a worker of its own. This
 * process has no threads and opens neither a store nor OpenSSL.
 */
#include "tools/huksd.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"
#include "ipc/wire.h"

#define WORKERS_OF_USER 64
#define WORKERS_MOST    4096
#define FAREWELL_MS     5000 /* for workers to end by themselves */

struct worker {
    pid_t pid;
    uid_t user;
};

struct huksd {
    struct config config;
    struct huksd_socket socket;
    int signals;
    uint32_t of_user; /* workers that one user may have */
    struct worker *workers;
    size_t count, capacity;
    sigset_t before; /* the signal mask that workers get */
    bool stop;
};

/* ---- command line ---- */

enum option_value {
    OPTION_SOCKET = 256,
    OPTION_STORE,
    OPTION_CONFIG,
    OPTION_WORKERS,
    OPTION_FOREGROUND,
    OPTION_VERSION
};

static const struct option options[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"store", required_argument, NULL, OPTION_STORE},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"workers", required_argument, NULL, OPTION_WORKERS},
    {"foreground", no_argument, NULL, OPTION_FOREGROUND},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int help(void)
{
    puts("usage: huksd [OPTION...]\n"
         "\n"
         "Serves the HUKS keystore to the users of this machine; each has keys of his own.\n"
         "\n"
         "      --socket PATH      listen there (default: service in the configuration, else " HUKSD_SOCKET
         ")\n"
         "      --store DIR        the directory of all stores, in place of the configured one\n"
         "      --config FILE      read FILE, as if HUKS_CONF named it\n"
         "      --workers N        client processes that one user may have at a time (default: 64)\n"
         "      --foreground       stay in the foreground, as always\n"
         "  -h, --help             show this and end\n"
         "      --version          show the version and end\n"
         "\n"
         "Exit status: 0 when ended by SIGTERM or SIGINT, 1 when it can't serve, 2 when the command line is "
         "wrong.");
    return EXIT_SUCCESS;
}

static int usage(const char *what)
{
    (void)fprintf(stderr, "huksd: %s\n  What to do: huksd --help\n", what);
    return 2;
}

static bool read_count(const char *text, uint32_t *out)
{
    char *end = NULL;
    unsigned long value = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    *out = (uint32_t)value;
    return end != NULL && *end == '\0' && value >= 1 && value <= WORKERS_MOST;
}

struct arguments {
    const char *socket, *store, *config;
    uint32_t workers;
};

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    for (;;) {
        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
            return optind == argc ? -1 : usage("there are no operands");
        case OPTION_SOCKET:
            arguments->socket = optarg;
            break;
        case OPTION_STORE:
            arguments->store = optarg;
            break;
        case OPTION_CONFIG:
            arguments->config = optarg;
            break;
        case OPTION_WORKERS:
            if (!read_count(optarg, &arguments->workers)) {
                return usage("--workers wants a number from 1 to 4096");
            }
            break;
        case OPTION_FOREGROUND:
            break;
        case OPTION_VERSION:
            puts("huksd " PACKAGE_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            return help();
        default:
            return 2;
        }
    }
}

static huks_rc configure(struct huksd *huksd, const struct arguments *arguments)
{
    struct config *config = &huksd->config;
    if (arguments->config != NULL && setenv("HUKS_CONF", arguments->config, 1) != 0) {
        return error_no_memory();
    }
    HUKS_TRY(config_load(NULL, config));
    if (arguments->store != NULL) {
        if (arguments->store[0] != '/' || strlen(arguments->store) >= sizeof config->store) {
            return error_raisef(HUKS_E_FILE, ABOUT_FILE, "use the directory %s (not an absolute path)",
                                arguments->store);
        }
        (void)snprintf(config->store, sizeof config->store, "%s", arguments->store);
    }
    if (arguments->socket != NULL) {
        if (strlen(arguments->socket) >= sizeof config->service) {
            return error_raisef(HUKS_E_IPC, ABOUT_NOTHING, "socket %s has too long a name",
                                arguments->socket);
        }
        (void)snprintf(config->service, sizeof config->service, "%s", arguments->socket);
    } else if (config->service[0] == '\0') {
        (void)snprintf(config->service, sizeof config->service, "%s", HUKSD_SOCKET);
    }
    huksd->of_user = arguments->workers;
    log_open(config->log_level, config->log_target);
    return huksd_store_prepare(config);
}

/* ---- workers ---- */

static size_t workers_of(const struct huksd *huksd, uid_t user)
{
    size_t count = 0;
    for (size_t i = 0; i < huksd->count; i++) {
        count += huksd->workers[i].user == user;
    }
    return count;
}

static bool room_for(struct huksd *huksd, uid_t user)
{
    if (huksd->count >= WORKERS_MOST || workers_of(huksd, user) >= huksd->of_user) {
        return false;
    }
    if (huksd->count == huksd->capacity) {
        size_t capacity = huksd->capacity == 0 ? 16 : huksd->capacity * 2;
        struct worker *workers = memory_resize(huksd->workers, capacity, sizeof *workers);
        if (workers == NULL) {
            return false;
        }
        huksd->workers = workers;
        huksd->capacity = capacity;
    }
    return true;
}

/* Never waits for the client: the answer fits in an empty socket. */
static void turn_away(int channel, const char *words)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    const struct ipc_end end = {channel, 0, 0};
    (void)!error_raise(HUKS_E_IPC, ABOUT_IPC_GONE, words);
    ipc_put_error(&message);
    (void)!ipc_send(&end, IPC_ERROR, 0, &message, -1);
}

/* In the child: it ends with huksd, as it would with its client. */
static void become_worker(struct huksd *huksd, int channel, uid_t user, pid_t parent)
{
    struct config config = huksd->config;
    (void)close(huksd->socket.fd);
    (void)close(huksd->signals);
    free(huksd->workers);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    (void)sigprocmask(SIG_SETMASK, &huksd->before, NULL);
    _exit(huksd_worker(channel, user, &config));
}

static void take_client(struct huksd *huksd, int channel)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return;
    }
    if (!room_for(huksd, peer.uid)) {
        log_error("huksd: user %lu has too many clients", (unsigned long)peer.uid);
        turn_away(channel, "initialization failed, too many processes of this user");
        return;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become_worker(huksd, channel, peer.uid, parent);
    }
    if (pid < 0) {
        log_error("huksd: fork: %s", strerror(errno));
        turn_away(channel, "initialization failed, no process for it");
        return;
    }
    huksd->workers[huksd->count++] = (struct worker){pid, peer.uid};
    log_info("huksd: user %lu, process %ld: worker %ld", (unsigned long)peer.uid, (long)peer.pid, (long)pid);
}

static void take_clients(struct huksd *huksd)
{
    for (;;) {
        /* cppcheck-suppress nullPointer */
        int channel = accept4(huksd->socket.fd, NULL, NULL, SOCK_CLOEXEC);
        if (channel < 0) {
            if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
                /* Out of descriptors or memory: what is queued stays, and is not asked for in a circle. */
                const struct timespec pause = {.tv_nsec = 100000000};
                log_error("huksd: accept: %s", strerror(errno));
                (void)nanosleep(&pause, NULL);
            }
            return;
        }
        take_client(huksd, channel);
        (void)close(channel);
    }
}

static void reap(struct huksd *huksd)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < huksd->count; i++) {
            if (huksd->workers[i].pid == pid) {
                huksd->workers[i] = huksd->workers[--huksd->count];
                break;
            }
        }
        if (WIFSIGNALED(status)) {
            log_error("huksd: worker %ld was ended by signal %d", (long)pid, WTERMSIG(status));
        }
    }
}

static void signal_all(const struct huksd *huksd, int number)
{
    for (size_t i = 0; i < huksd->count; i++) {
        (void)kill(huksd->workers[i].pid, number);
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- serving ---- */

static void take_signals(struct huksd *huksd)
{
    struct signalfd_siginfo info;
    while (read(huksd->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        huksd->stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
    reap(huksd);
}

static void farewell(struct huksd *huksd)
{
    huksd_tell("STOPPING=1");
    huksd_socket_remove(&huksd->socket);
    signal_all(huksd, SIGTERM);
    for (int64_t end = now_ms() + FAREWELL_MS; huksd->count > 0;) {
        struct pollfd polled = {.fd = huksd->signals, .events = POLLIN};
        int64_t left = end - now_ms();
        if (left <= 0 || poll(&polled, 1, (int)left) == 0) {
            signal_all(huksd, SIGKILL);
            break;
        }
        take_signals(huksd);
    }
}

static huks_rc serve(struct huksd *huksd)
{
    struct pollfd polled[2] = {{.fd = huksd->socket.fd, .events = POLLIN},
                               {.fd = huksd->signals, .events = POLLIN}};
    huksd_tell("READY=1");
    while (!huksd->stop) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR) {
            return error_raisef(HUKS_E_IPC, ABOUT_NOTHING, "socket can't be waited for (%s)",
                                strerror(errno));
        }
        take_signals(huksd);
        if (!huksd->stop && polled[0].revents != 0) {
            take_clients(huksd);
        }
    }
    farewell(huksd);
    return HUKS_OK;
}

static huks_rc take_over_signals(struct huksd *huksd)
{
    sigset_t set;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, &huksd->before);
    (void)sigdelset(&huksd->before, SIGTERM);
    huksd->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return huksd->signals >= 0 ? HUKS_OK : error_raise(HUKS_E_IPC, ABOUT_NOTHING, "signals can't be taken");
}

static huks_rc run(struct huksd *huksd, const struct arguments *arguments)
{
    HUKS_TRY(configure(huksd, arguments));
    HUKS_TRY(take_over_signals(huksd));
    HUKS_TRY(huksd_socket_inherit(&huksd->socket));
    if (huksd->socket.fd < 0) {
        HUKS_TRY(huksd_socket_make(huksd->config.service, &huksd->socket));
    }
    return serve(huksd);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.workers = WORKERS_OF_USER};
    struct huksd huksd = {.socket = {.fd = -1}, .signals = -1};
    int status = read_arguments(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    huks_rc rc = run(&huksd, &arguments);
    if (rc != HUKS_OK) {
        char sentence[512];
        (void)fprintf(stderr, "huksd: %s\n", error_message(sentence, sizeof sentence));
    }
    huksd_socket_remove(&huksd.socket);
    free(huksd.workers);
    return rc == HUKS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
