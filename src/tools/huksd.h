/*
 * huksd: a listener without threads that touches no key, and a worker process for each client process. The
 * listener is huksd.c, where clients find it is huksd_socket.c, what a worker may do is huksd_worker.c.
 */
#ifndef HUKS_TOOLS_HUKSD_H
#define HUKS_TOOLS_HUKSD_H

#include <sys/types.h>

#include "common/config.h"

#define HUKSD_SOCKET "/run/huks/huksd.sock"

/* Where clients connect. Zero-initialise, with `fd` -1. */
struct huksd_socket {
    int fd;
    char path[108]; /* "": somebody else's, who handed it over */
    dev_t dev;      /* of the file that was made */
    ino_t ino;
};

/* The one that was handed over by whoever started us (systemd), or none: HUKS_OK with `fd` -1. */
HUKS_MUST_USE huks_rc huksd_socket_inherit(struct huksd_socket *out);
/*
 * Makes one that everybody may connect to, its directory included; takes the place of one where nobody
 * listens any more, refuses where somebody does.
 */
HUKS_MUST_USE huks_rc huksd_socket_make(const char *path, struct huksd_socket *out);
/* Removes the file, if it is still this one. */
void huksd_socket_remove(struct huksd_socket *socket);

/* What is said to whoever started us; nothing where nobody is. */
void huksd_tell(const char *state);

/* Makes the directory of all users' stores and of the table; refuses one that others may write. */
HUKS_MUST_USE huks_rc huksd_store_prepare(const struct config *config);
/* From here on the process leaves no core, gains no rights, and sees the store and the table of `own` alone. */
void huksd_harden(const struct config *own);
/* Becomes the worker of one client. Returns the exit status. */
int huksd_worker(int channel, uid_t user, const struct config *config);

#endif
