/*
 * A door's connection to huksd: any number of threads call through it, each over a channel of its own from a
 * pool, so that a call that waits keeps no other one.
 */
#ifndef HUKS_IPC_CLIENT_H
#define HUKS_IPC_CLIENT_H

#include "ipc/message.h"

/* Which door's functions the numbers mean. */
enum ipc_door { IPC_CRYPTOKI = 1, IPC_NATIVE = 2 };

struct ipc_client;

/*
 * What a call may have to wait for in the service. A client's channels are limited; those that stay free for
 * the calls of a kind are never taken by calls of a kind above it.
 */
enum ipc_patience {
    IPC_MAY_WAIT, /* for an event, a person, or what another call gives back */
    IPC_PASSES,   /* nothing of this kind: calls that give something back, among others */
    IPC_WAKES,    /* ends waiting whatever it is for; one at a time */
};
/* How a function of the door waits. */
typedef enum ipc_patience ipc_patience_of(uint32_t function);

/*
 * Connects and says hello. 12000005 ABOUT_IPC_GONE: nobody listens at `path`, or no huksd of this version;
 * else what the door's own opening answered in the service.
 */
HUKS_MUST_USE huks_rc ipc_client_open(const char *path, enum ipc_door door, ipc_patience_of *patience,
                                      struct ipc_client **out);
/*
 * Calls under way come back with 12000005 ABOUT_SHUTDOWN, and are waited for. What the service held for this
 * process (sessions, logins, counted operations) is gone when this returns. NULL is nothing.
 */
void ipc_client_close(struct ipc_client *client);
/* In a forked child: closes the child's copies of the descriptors; locks, wakes and frees nothing. NULL is
 * nothing. */
void ipc_client_abandon(struct ipc_client *client);

/* Answers a question that the service asks in the midst of a call (a PAM conversation). */
struct ipc_talk {
    huks_rc (*answer)(struct ipc_message *question, struct ipc_message *answer, void *context);
    void *context;
};

/*
 * One round trip: `message` is the request, then the reply. The first word of a reply is the door's own.
 *
 * 12000005: ABOUT_IPC_MESSAGE when the service died or answered garbage: whether the call was carried out is
 * not known; what the service held for this process (sessions, logins) is gone. The next call connects again,
 * to a service that knows nothing of this process; when that fails, ABOUT_IPC_GONE. A message that was not
 * sent because the old connection was found dead is sent over the new one. `talk` may be NULL.
 */
HUKS_MUST_USE huks_rc ipc_call(struct ipc_client *client, uint32_t function, struct ipc_message *message,
                               const struct ipc_talk *talk);

#endif
