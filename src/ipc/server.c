/*
 * See server.h. The thread that called ipc_serve() stays on the control channel and watches the client's
 * life; each further channel has a detached thread. Whatever is wrong with what came ends the whole worker:
 * the control channel is shut down, and the first thread goes home.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ipc/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/wire.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define ROOM_KEPT ((size_t)2 << 20) /* of a channel's message between calls */

static struct {
    const struct ipc_served *door;
    struct ipc_end control;
    pthread_mutex_t lock;
    int channels[IPC_CHANNELS]; /* -1: none */
} worker = {.control = {-1, 0, 0}, .lock = PTHREAD_MUTEX_INITIALIZER};

struct ipc_asker {
    struct ipc_end end;
    bool broken;
};

/* ---- channels ---- */

static void hang_up(void)
{
    ipc_end_shut(&worker.control);
}

static huks_rc no_message(void)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
}

huks_rc ipc_ask(struct ipc_asker *asker, struct ipc_message *message)
{
    struct ipc_header header;
    if (message->failed) {
        return error_no_memory();
    }
    if (asker->broken || ipc_send(&asker->end, IPC_QUESTION, 0, message, -1) != IPC_PASSED) {
        asker->broken = true;
        return no_message();
    }
    switch (ipc_receive(&asker->end, &header, message, NULL)) {
    case IPC_PASSED:
        break;
    case IPC_FULL:
        return error_no_memory();
    default:
        asker->broken = true;
        return no_message();
    }
    if (header.kind == IPC_ANSWER) {
        return HUKS_OK;
    }
    huks_rc rc = header.kind == IPC_ERROR ? ipc_get_error(message) : HUKS_OK;
    if (rc == HUKS_OK || message->failed) {
        asker->broken = true;
        return no_message();
    }
    return rc;
}

static bool send_error(const struct ipc_end *end, struct ipc_message *message)
{
    ipc_message_reset(message);
    ipc_put_error(message);
    return !message->failed && ipc_send(end, IPC_ERROR, 0, message, -1) == IPC_PASSED;
}

/* One call. False: the channel is done for. */
static bool serve_call(struct ipc_asker *asker, struct ipc_message *request, struct ipc_message *reply)
{
    struct ipc_header header;
    switch (ipc_receive(&asker->end, &header, request, NULL)) {
    case IPC_PASSED:
        break;
    case IPC_FULL:
        (void)!error_no_memory();
        return send_error(&asker->end, reply);
    case IPC_GARBAGE:
        hang_up();
        return false;
    default:
        return false;
    }
    ipc_message_reset(reply);
    if (header.kind != IPC_CALL || worker.door->call(header.function, request, reply, asker) != HUKS_OK ||
        asker->broken) {
        hang_up();
        return false;
    }
    if (reply->failed) {
        (void)!error_no_memory();
        return send_error(&asker->end, reply);
    }
    return ipc_send(&asker->end, IPC_REPLY, 0, reply, -1) == IPC_PASSED;
}

static void forget(struct ipc_message *message)
{
    if (message->bytes.capacity > ROOM_KEPT) {
        ipc_message_free(message);
    } else {
        ipc_message_reset(message);
    }
}

static void *channel_thread(void *slot)
{
    int *channel = slot;
    struct ipc_asker asker = {.end = {*channel, 0, 0}};
    AUTO(ipc_message_free) struct ipc_message request = {0};
    AUTO(ipc_message_free) struct ipc_message reply = {0};
    while (serve_call(&asker, &request, &reply)) {
        forget(&request);
        forget(&reply);
    }
    pthread_mutex_lock(&worker.lock);
    (void)close(*channel);
    *channel = -1;
    pthread_mutex_unlock(&worker.lock);
    return NULL;
}

static huks_rc channel_start(int descriptor)
{
    pthread_t thread;
    int *slot = NULL;
    pthread_mutex_lock(&worker.lock);
    for (size_t i = 0; slot == NULL && i < IPC_CHANNELS; i++) {
        slot = worker.channels[i] < 0 ? &worker.channels[i] : NULL;
    }
    if (slot != NULL) {
        *slot = descriptor;
        if (pthread_create(&thread, NULL, channel_thread, slot) == 0) {
            (void)pthread_detach(thread);
        } else {
            *slot = -1;
            slot = NULL;
        }
    }
    pthread_mutex_unlock(&worker.lock);
    if (slot == NULL) {
        (void)close(descriptor);
        return error_no_memory();
    }
    return HUKS_OK;
}

static void channels_shut(void)
{
    pthread_mutex_lock(&worker.lock);
    for (size_t i = 0; i < IPC_CHANNELS; i++) {
        if (worker.channels[i] >= 0) {
            (void)shutdown(worker.channels[i], SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&worker.lock);
}

/* ---- the control channel ---- */

static bool reply_rc(huks_rc rc, struct ipc_message *message)
{
    if (rc != HUKS_OK) {
        return send_error(&worker.control, message);
    }
    ipc_message_reset(message);
    return ipc_send(&worker.control, IPC_REPLY, 0, message, -1) == IPC_PASSED;
}

static bool serve_control(struct ipc_message *message)
{
    struct ipc_header header;
    int descriptor;
    enum ipc_passed passed = ipc_receive(&worker.control, &header, message, &descriptor);
    if (passed != IPC_PASSED || header.kind != IPC_CHANNEL || descriptor < 0) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return false;
    }
    return reply_rc(channel_start(descriptor), message);
}

/*
 * A child that the client forked may hold its sockets for ever: the end of the process is what counts. -1: it
 * can't be seen from here (another pid namespace, an old kernel), and the sockets have to do.
 */
static int client_pidfd(void)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(worker.control.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) {
        return -1;
    }
    return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

static void serve_until_gone(void)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    int pidfd = client_pidfd();
    struct pollfd polled[2] = {{.fd = worker.control.fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    for (;;) {
        int ready = poll(polled, 2, -1);
        if (ready < 0 && errno != EINTR) {
            break;
        }
        if (ready > 0 && (polled[1].revents != 0 || (polled[0].revents != 0 && !serve_control(&message)))) {
            break;
        }
    }
    if (pidfd >= 0) {
        (void)close(pidfd);
    }
}

static huks_rc find_door(const struct ipc_header *header, struct ipc_message *message,
                         const struct ipc_served *const *doors, size_t count)
{
    if (header->function != IPC_VERSION) {
        return error_raise(HUKS_E_IPC, ABOUT_IPC_GONE, "initialization failed, huksd is of another version");
    }
    uint64_t number = ipc_get_number(message);
    HUKS_TRY(ipc_message_end(message));
    for (size_t i = 0; i < count; i++) {
        if ((uint64_t)doors[i]->door == number) {
            worker.door = doors[i];
            return HUKS_OK;
        }
    }
    return no_message();
}

static huks_rc hello(const struct config *config, const struct ipc_served *const *doors, size_t count)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    struct ipc_header header;
    if (ipc_receive(&worker.control, &header, &message, NULL) != IPC_PASSED || header.kind != IPC_HELLO) {
        return no_message();
    }
    huks_rc rc = find_door(&header, &message, doors, count);
    bool opened = false;
    if (rc == HUKS_OK) {
        rc = worker.door->open(config);
        opened = rc == HUKS_OK;
    }
    if (!reply_rc(rc, &message)) {
        rc = rc != HUKS_OK ? rc : no_message();
    }
    if (opened && rc != HUKS_OK) {
        worker.door->close();
    }
    return rc;
}

huks_rc ipc_serve(int channel, const struct config *config, const struct ipc_served *const *doors,
                  size_t count)
{
    worker.control = (struct ipc_end){channel, 0, 0};
    for (size_t i = 0; i < IPC_CHANNELS; i++) {
        worker.channels[i] = -1;
    }
    HUKS_TRY(hello(config, doors, count));
    serve_until_gone();
    channels_shut();
    worker.door->close();
    return HUKS_OK;
}

void ipc_refuse(int channel)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    struct ipc_header header;
    worker.control = (struct ipc_end){channel, 0, 0};
    if (ipc_receive(&worker.control, &header, &message, NULL) == IPC_PASSED) {
        (void)send_error(&worker.control, &message);
    }
}
