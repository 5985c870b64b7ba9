/*
 * bench-module: huksd, and the module as its client. A library is in a process once, by its file; so it is
 * loaded from a copy, which has a configuration of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* copy_file_range */
#endif
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 2000, ROOM = 4096 };

static pid_t service;

void bench_copy(const char *from, const char *to)
{
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    bench_must(in >= 0 && out >= 0 && fstat(in, &info) == 0, to);
    for (off_t left = info.st_size; left > 0;) {
        ssize_t copied = copy_file_range(in, NULL, out, NULL, (size_t)left, 0);
        bench_must(copied > 0, to);
        left -= copied;
    }
    bench_must(close(in) == 0 && close(out) == 0, to);
}

static void write_configuration(const char *path, const char *place, const char *socket_path)
{
    FILE *file = fopen(path, "we");
    bench_must(file != NULL && fprintf(file, "store = %s/served\nservice = %s\n", place, socket_path) > 0 &&
                   fclose(file) == 0,
               path);
}

/* Does somebody listen? */
static bool listens(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.107s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return good;
}

static void stop(void)
{
    if (service > 0) {
        (void)kill(service, SIGTERM);
        (void)waitpid(service, NULL, 0);
    }
}

static void start(const char *program, const char *configuration, const char *socket_path)
{
    pid_t parent = getpid();
    service = fork();
    bench_must(service >= 0, "fork");
    if (service == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)unsetenv("HUKS_STORE");
        if (getppid() == parent && setenv("HUKS_CONF", configuration, 1) == 0) {
            (void)execl(program, program, (char *)NULL);
        }
        _exit(127);
    }
    bench_must(atexit(stop) == 0, "atexit");
    for (int tries = 0; !listens(socket_path); tries++) {
        bench_must(tries < TRIES && waitpid(service, NULL, WNOHANG) == 0, program);
        (void)usleep(1000);
    }
}

bool bench_service(struct bench_door *door, const char *module, const char *place)
{
    static char copy[ROOM], reserved[ROOM];
    char program[ROOM], socket_path[ROOM / 2], configuration[ROOM];
    const char *slash = strrchr(module, '/');
    int folder = slash != NULL ? (int)(slash - module) : 0;

    (void)snprintf(program, sizeof program, "%.*s/../huksd", folder, module);
    if (slash == NULL || access(program, X_OK) != 0) {
        return false;
    }
    (void)snprintf(copy, sizeof copy, "%s/huks-pkcs11-client.so", place);
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", place);
    (void)snprintf(configuration, sizeof configuration, "%s/" BENCH_SERVICE_CONF, place);
    (void)snprintf(reserved, sizeof reserved, "service=%s", socket_path);
    bench_copy(module, copy);
    write_configuration(configuration, place, socket_path);
    start(program, configuration, socket_path);
    bench_door_load(door, "huksd", copy, reserved);
    return true;
}

/* ---- a socket and nothing else ---- */

enum { PING = 64 };

static int ping_start(void)
{
    int ends[2];
    uint8_t bytes[PING];
    bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    pid_t parent = getpid(), child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(ends[0]);
        while (getppid() == parent && recv(ends[1], bytes, PING, MSG_WAITALL) == PING &&
               send(ends[1], bytes, PING, MSG_NOSIGNAL) == PING) {
        }
        _exit(0);
    }
    (void)close(ends[1]);
    return ends[0];
}

void bench_ping(struct bench_worker *worker)
{
    static int end = -1;
    if (end < 0) {
        end = ping_start();
    }
    bench_must(send(end, worker->in, PING, MSG_NOSIGNAL) == PING &&
                   recv(end, worker->out, PING, MSG_WAITALL) == PING,
               "socket");
}
