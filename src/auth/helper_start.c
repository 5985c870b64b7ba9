/*
 * From clone() to exec. A direct child that executes a program becomes one that the host's wait() sees,
 * whatever its exit signal was; so there is another one in between, which executes nothing, has no exit
 * signal, and ends at once: the program's parent is then init.
 *
 * Both children share our memory, as with vfork (copying a large host's page tables takes long, and fork
 * handlers must not run), and the calling thread sleeps until the program is executed: all that happens in
 * between is system calls. The child in between shares our descriptors too: so the other one's pidfd is ours.
 */
#include "auth/helper_start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/poison.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define STACK_SIZE      65536
#define EXIT_EXEC       127
#define SIGNAL_SET_SIZE ((size_t)(NSIG - 1) / 8) /* the kernel's */
#define CLOSE_MOST      65536                    /* where the kernel has no close_range() */

/* What a program may expect of a machine, and nothing of who asks. */
static char *const environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LANG=C.UTF-8",
                                    NULL};

struct start {
    const char *program;
    char *const *arguments;
    int socket, host;
    uint8_t *stack;
    struct helper_child *child;
    int error; /* a child's errno */
};

/*
 * By system calls: a sanitizer's sigaction() keeps a table, and the table is the parent's. To the kernel a
 * zeroed struct is SIG_DFL, whatever the machine.
 */
static void default_signals(void)
{
    static const uint64_t zeros[8];
    for (int number = 1; number < NSIG; number++) {
        (void)syscall(SYS_rt_sigaction, number, zeros, NULL, SIGNAL_SET_SIZE);
    }
}

static void unblock_signals(void)
{
    static const uint64_t none[2];
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SIGNAL_SET_SIZE);
}

static void close_from(unsigned first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) {
        return;
    }
#endif
    struct rlimit limit = {CLOSE_MOST, CLOSE_MOST};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    for (unsigned fd = first; fd < limit.rlim_cur && fd < CLOSE_MOST; fd++) {
        (void)close((int)fd);
    }
}

static bool move(int from, int to)
{
    return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

/* The socket becomes 0, nothing becomes 1 and 2, and 3 is the host's pidfd. */
static bool arrange_descriptors(int socket, int host)
{
    int high_socket = fcntl(socket, F_DUPFD, 4), high_host = fcntl(host, F_DUPFD, 4);
    if (high_socket < 0 || high_host < 0 || !move(high_socket, 0) || !move(high_host, 3)) {
        return false;
    }
    int nothing = open("/dev/null", O_WRONLY);
    if (nothing < 0 || !move(nothing, 1) || !move(nothing, 2)) {
        return false;
    }
    close_from(4);
    return true;
}

/* All signals are blocked until there are no handlers any more. */
static int become_program(void *argument)
{
    struct start *start = argument;
    default_signals();
    (void)setsid();
    (void)umask(022); /* lint: allowed, in the child */
    if (arrange_descriptors(start->socket, start->host) &&
        chdir("/") == 0) { /* lint: allowed, in the child */
        unblock_signals();
        (void)execve(start->program, start->arguments, environment);
    }
    start->error = errno;
    _exit(1); /* lint: allowed, in the child */
}

static int go_between(void *argument)
{
    struct start *start = argument;
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
    struct helper_child *child = start->child;
    child->pid = clone(become_program, start->stack + STACK_SIZE, flags, start, &child->pidfd);
    if (child->pid < 0) {
        start->error = errno;
    }
    _exit(0); /* lint: allowed, in the child */
}

static bool start_on(uint8_t *stack, struct start *start)
{
    struct helper_child *child = start->child;
    *child = (struct helper_child){-1, -1};
    start->stack = stack;
    pid_t between =
        clone(go_between, stack + (size_t)2 * STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES, start);
    if (between < 0) {
        return false;
    }
    while (waitpid(between, NULL, __WALL) < 0 && errno == EINTR) {
    }
    /* (A kernel before 5.2 knows no pidfds: what was started there ends when the socket is closed.) */
    if (start->error == 0 && child->pidfd >= 0) {
        return true;
    }
    if (child->pidfd >= 0) {
        (void)close(child->pidfd);
    }
    errno = start->error != 0 ? start->error : ENOSYS;
    return false;
}

static bool start_quietly(struct start *start)
{
    const size_t size = (size_t)2 * STACK_SIZE;
    sigset_t all, before;
    uint8_t *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        return false;
    }
    /* A handler of the host's must not run in a child, in the host's memory. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = start_on(stack, start);
    int error = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    unpoison(stack, size); /* frames that were left by exec and _exit() */
    (void)munmap(stack, size);
    errno = error;
    return started;
}

bool helper_start(const char *program, char *const *arguments, int socket, struct helper_child *child)
{
    int host = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (host < 0) {
        return false;
    }
    struct start start = {
        .program = program, .arguments = arguments, .socket = socket, .host = host, .child = child};
    bool started = start_quietly(&start);
    int error = errno;
    (void)close(host);
    errno = error;
    return started;
}
