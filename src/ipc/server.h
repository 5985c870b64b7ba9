/*
 * The service's end. huksd listens, and gives each connecting process a worker: a process of its own, in
 * which the door that the client uses is open for it as it would be in the client itself. The worker has one
 * thread a channel.
 */
#ifndef HUKS_IPC_SERVER_H
#define HUKS_IPC_SERVER_H

#include "common/config.h"
#include "ipc/client.h"

/* Asks the client in the midst of a call; the reply to a question without a talk is 12000005. */
struct ipc_asker;
HUKS_MUST_USE huks_rc ipc_ask(struct ipc_asker *asker, struct ipc_message *question_then_answer);

/* A door as the service sees it. */
struct ipc_served {
    enum ipc_door door;
    /* Once, in the new worker, before the first call: the engine with this configuration (`store` is the
     * peer's own). Its error goes to the client's hello. */
    huks_rc (*open)(const struct config *config);
    /* Carries out a request and writes the reply; any thread. A request that cannot be read: non-zero, and
     * the worker hangs up. */
    huks_rc (*call)(uint32_t function, struct ipc_message *request, struct ipc_message *reply,
                    struct ipc_asker *asker);
    /* The client has gone: whoever waits in `call` comes back. Then the process ends. */
    void (*close)(void);
};

/* The doors' tables: pkcs11/remote_serve.c, src/api/remote_serve.c. */

/*
 * Serves one connected client on `channel` until it is gone. Called in the worker process.
 */
HUKS_MUST_USE huks_rc ipc_serve(int channel, const struct config *config,
                                const struct ipc_served *const *doors, size_t count);

/* In place of ipc_serve(): the client's first word is answered with the calling thread's error. */
void ipc_refuse(int channel);

#endif
