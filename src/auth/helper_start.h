/*
 * Starting a program that a host's process does not notice: no SIGCHLD, nothing for its wait(), and nothing
 * of its descriptors, signals, environment, directory or terminal.
 */
#ifndef HUKS_AUTH_HELPER_START_H
#define HUKS_AUTH_HELPER_START_H

#include <stdbool.h>
#include <sys/types.h>

/* Not our child: init waits for it (or whoever adopts orphans). */
struct helper_child {
    pid_t pid;
    int pidfd; /* O_CLOEXEC */
};

/*
 * Starts `program` with these arguments, `socket` as its descriptor 0 and a pidfd of this process as 3.
 * False: it could not be started, errno says why, and there is nothing to end.
 */
bool helper_start(const char *program, char *const *arguments, int socket, struct helper_child *child);

#endif
