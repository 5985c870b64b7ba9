/*
 * See client.h. One lock stands over the pool; it is held while a connection or a further channel is made,
 * never while a call is under way. Channels of a lost connection are closed at once when they are free, and
 * by their users otherwise, whom a shutdown brings back.
 */
#include "ipc/client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/wire.h"

#define FAREWELL_MS 5000      /* how long the service may take to notice that we have gone */
#define SOCKET_ROOM (1 << 20) /* bytes under way in one direction of a channel */

struct channel {
    struct ipc_end end;
    uint64_t connection; /* which it belongs to */
    bool used, busy;
};

struct ipc_client {
    struct sockaddr_un address;
    enum ipc_door door;
    ipc_patience_of *patience;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a channel came free, the connection was lost, a call ended */
    bool closing;
    unsigned calls;         /* in ipc_call() */
    uint64_t connection;    /* counts connections; 0: none yet */
    struct ipc_end control; /* the present connection's, or none */
    struct channel channels[IPC_CHANNELS];
};

static huks_rc no_message(void)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
}

static huks_rc gone(const char *words)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_GONE, words);
}

/* ---- a connection ---- */

/* Sends on `end` what needs no message of its own, and takes the answer. 12000005 ABOUT_IPC_MESSAGE: no
 * answer. */
static huks_rc greet(const struct ipc_end *end, enum ipc_kind kind, uint32_t function,
                     struct ipc_message *message, int descriptor)
{
    struct ipc_header header;
    /* Who turns us away may have said why, and gone, before we said a word. */
    (void)!ipc_send(end, kind, function, message, descriptor);
    switch (ipc_receive(end, &header, message, NULL)) {
    case IPC_PASSED:
        break;
    case IPC_FULL:
        return error_no_memory();
    default:
        return no_message();
    }
    if (header.kind == IPC_ERROR) {
        huks_rc rc = ipc_get_error(message);
        return rc != HUKS_OK ? rc : no_message();
    }
    return header.kind == IPC_REPLY ? HUKS_OK : no_message();
}

static bool connect_end(const struct ipc_end *end, const struct sockaddr_un *address)
{
    int result;
    do {
        result = connect(end->fd, (const struct sockaddr *)address, sizeof *address);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* With the lock. The connection's first word is that of an old and a new version alike. */
static huks_rc client_connect(struct ipc_client *client)
{
    struct ipc_end end;
    if (!ipc_end_take(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &end)) {
        return error_no_memory();
    }
    if (!connect_end(&end, &client->address)) {
        huks_rc rc =
            error_raisef(HUKS_E_IPC, ABOUT_IPC_GONE, "connection to %s failed", client->address.sun_path);
        ipc_end_close(&end);
        return rc;
    }
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ipc_put_number(&message, (uint64_t)client->door);
    huks_rc rc = greet(&end, IPC_HELLO, IPC_VERSION, &message, -1);
    if (rc != HUKS_OK) {
        ipc_end_close(&end);
        bool silent = rc == HUKS_E_IPC && error_about() == ABOUT_IPC_MESSAGE;
        return silent ? gone("connection was refused") : rc;
    }
    client->control = end;
    client->connection++;
    return HUKS_OK;
}

/* With the lock: the connection is given up. The next call makes another one. */
static void connection_drop(struct ipc_client *client)
{
    ipc_end_shut(&client->control);
    ipc_end_close(&client->control);
    for (size_t i = 0; i < IPC_CHANNELS; i++) {
        struct channel *channel = &client->channels[i];
        if (!channel->used) {
            continue;
        }
        ipc_end_shut(&channel->end);
        if (!channel->busy) {
            ipc_end_close(&channel->end);
            channel->used = false;
        }
    }
    pthread_cond_broadcast(&client->changed);
}

/* ---- channels ---- */

/*
 * What a socket takes before its writer has to sleep. Linux's default is a fifth of a megabyte, and a larger
 * message goes by turns of both processes. A system that allows less gives what it allows.
 */
static void widen(int fd)
{
    const int size = SOCKET_ROOM;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* With the lock: passes one end of a new pair to the service. */
static huks_rc channel_make(struct ipc_client *client, struct ipc_end *end)
{
    int pair[2];
    struct ipc_end theirs;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_no_memory();
    }
    widen(pair[0]);
    widen(pair[1]);
    bool ours = ipc_end_take(pair[0], end);
    if (!ipc_end_take(pair[1], &theirs) || !ours) {
        ipc_end_close(&theirs);
        ipc_end_close(end);
        return error_no_memory();
    }
    AUTO(ipc_message_free) struct ipc_message message = {0};
    huks_rc rc = greet(&client->control, IPC_CHANNEL, 0, &message, theirs.fd);
    ipc_end_close(&theirs);
    if (rc != HUKS_OK) {
        ipc_end_close(end);
    }
    return rc;
}

/* How many of the channels are for calls like that: the first ones. */
static size_t channels_for(enum ipc_patience patience)
{
    static const uint8_t channels[] = {
        [IPC_MAY_WAIT] = IPC_CHANNELS_WAIT, [IPC_PASSES] = IPC_CHANNELS_PASS, [IPC_WAKES] = IPC_CHANNELS};
    return channels[patience];
}

static struct channel *channel_free(struct ipc_client *client, enum ipc_patience patience, bool *any,
                                    struct channel **unused)
{
    *any = false;
    *unused = NULL;
    for (size_t i = 0; i < channels_for(patience); i++) {
        struct channel *channel = &client->channels[i];
        if (!channel->used) {
            *unused = *unused == NULL ? channel : *unused;
        } else if (!channel->busy) {
            return channel;
        } else if (channel->connection == client->connection) {
            *any = true;
        }
    }
    return NULL;
}

/* One try at a channel. HUKS_OK with NULL: look again. */
static huks_rc channel_try(struct ipc_client *client, enum ipc_patience patience, struct channel **out)
{
    bool any;
    struct channel *unused;
    *out = NULL;
    if (client->closing) {
        return error_raise(HUKS_E_IPC, ABOUT_SHUTDOWN, NULL);
    }
    if (client->control.fd >= 0 && !ipc_end_ours(&client->control)) {
        connection_drop(client); /* the host closed it: the service has seen us go */
    }
    if (client->control.fd < 0) {
        HUKS_TRY(client_connect(client));
    }
    struct channel *channel = channel_free(client, patience, &any, &unused);
    if (channel == NULL && unused != NULL) {
        struct ipc_end end;
        huks_rc rc = channel_make(client, &end);
        if (rc == HUKS_E_IPC && error_about() == ABOUT_IPC_MESSAGE) {
            connection_drop(client);
            return HUKS_OK;
        }
        if (rc != HUKS_OK && !any) {
            return rc;
        }
        if (rc == HUKS_OK) {
            *unused = (struct channel){.end = end, .connection = client->connection, .used = true};
            channel = unused;
        }
    }
    if (channel == NULL) {
        pthread_cond_wait(&client->changed, &client->lock);
        return HUKS_OK;
    }
    channel->busy = true;
    *out = channel;
    return HUKS_OK;
}

/* With the lock. A service that takes connections and ends them is as good as none. */
static huks_rc channel_take(struct ipc_client *client, enum ipc_patience patience, struct channel **out)
{
    uint64_t before = client->connection;
    do {
        HUKS_TRY(channel_try(client, patience, out));
        if (*out == NULL && client->connection > before + 2) {
            return gone("connection lost");
        }
    } while (*out == NULL);
    return HUKS_OK;
}

/* With the lock. `keep`: the channel is as it should be between calls. */
static void channel_give(struct ipc_client *client, struct channel *channel, bool keep)
{
    channel->busy = false;
    if (!keep || client->closing || channel->connection != client->connection || client->control.fd < 0) {
        ipc_end_close(&channel->end);
        channel->used = false;
    }
    /* All that wait: this channel may not be for the next one. */
    pthread_cond_broadcast(&client->changed);
}

/* ---- a call ---- */

enum outcome {
    CALL_DONE,   /* and `rc` says how */
    CALL_UNSENT, /* the service can't have carried it out */
    CALL_LOST,   /* it may have */
};

static enum outcome answer_question(const struct ipc_end *end, struct ipc_message *question,
                                    const struct ipc_talk *talk)
{
    AUTO(ipc_message_free) struct ipc_message answer = {0};
    huks_rc rc = talk == NULL ? no_message() : talk->answer(question, &answer, talk->context);
    if (rc == HUKS_OK && answer.failed) {
        rc = error_no_memory();
    }
    if (rc != HUKS_OK) {
        ipc_message_reset(&answer);
        ipc_put_error(&answer);
    }
    return ipc_send(end, rc == HUKS_OK ? IPC_ANSWER : IPC_ERROR, 0, &answer, -1) == IPC_PASSED ? CALL_DONE
                                                                                               : CALL_LOST;
}

static enum outcome exchange(const struct ipc_end *end, uint32_t function, struct ipc_message *message,
                             const struct ipc_talk *talk, huks_rc *rc)
{
    struct ipc_header header;
    *rc = HUKS_OK;
    if (ipc_send(end, IPC_CALL, function, message, -1) != IPC_PASSED) {
        return CALL_UNSENT;
    }
    for (;;) {
        enum ipc_passed passed = ipc_receive(end, &header, message, NULL);
        if (passed == IPC_FULL) {
            *rc = error_no_memory();
            return CALL_DONE;
        }
        if (passed != IPC_PASSED) {
            return CALL_LOST;
        }
        switch (header.kind) {
        case IPC_REPLY:
            return CALL_DONE;
        case IPC_ERROR:
            *rc = ipc_get_error(message);
            return *rc == HUKS_OK || message->failed ? CALL_LOST : CALL_DONE;
        case IPC_QUESTION:
            if (answer_question(end, message, talk) != CALL_DONE) {
                return CALL_LOST;
            }
            break;
        default:
            return CALL_LOST;
        }
    }
}

/* With the lock, which is let go for the exchange. */
static huks_rc call_locked(struct ipc_client *client, uint32_t function, struct ipc_message *message,
                           const struct ipc_talk *talk)
{
    for (int attempt = 0;; attempt++) {
        struct channel *channel;
        huks_rc rc;
        HUKS_TRY(channel_take(client, client->patience(function), &channel));
        const struct ipc_end end = channel->end;
        uint64_t connection = channel->connection;
        pthread_mutex_unlock(&client->lock);
        enum outcome outcome = exchange(&end, function, message, talk, &rc);
        pthread_mutex_lock(&client->lock);
        /* A channel that the host closed costs itself alone; otherwise nothing of the connection can be
         * trusted. */
        bool host = outcome != CALL_DONE && !ipc_end_ours(&channel->end);
        if (outcome != CALL_DONE && !host && connection == client->connection && client->control.fd >= 0) {
            connection_drop(client);
        }
        channel_give(client, channel, outcome == CALL_DONE);
        if (outcome == CALL_DONE) {
            return rc;
        }
        if (client->closing) {
            return error_raise(HUKS_E_IPC, ABOUT_SHUTDOWN, NULL);
        }
        if (outcome == CALL_LOST) {
            return no_message();
        }
        if (attempt == IPC_CHANNELS) {
            return gone("connection lost");
        }
    }
}

huks_rc ipc_call(struct ipc_client *client, uint32_t function, struct ipc_message *message,
                 const struct ipc_talk *talk)
{
    if (message->failed) {
        return error_no_memory();
    }
    pthread_mutex_lock(&client->lock);
    client->calls++;
    huks_rc rc = call_locked(client, function, message, talk);
    client->calls--;
    if (client->closing) {
        pthread_cond_broadcast(&client->changed);
    }
    pthread_mutex_unlock(&client->lock);
    return rc;
}

/* ---- the client ---- */

huks_rc ipc_client_open(const char *path, enum ipc_door door, ipc_patience_of *patience,
                        struct ipc_client **out)
{
    *out = NULL;
    struct ipc_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return error_no_memory();
    }
    client->address.sun_family = AF_UNIX;
    client->door = door;
    client->patience = patience;
    client->control = IPC_END_NONE;
    size_t length = strlen(path);
    if (length >= sizeof client->address.sun_path) {
        free(client);
        return gone("path is too long");
    }
    memcpy(client->address.sun_path, path, length + 1);
    (void)pthread_mutex_init(&client->lock, NULL);
    (void)pthread_cond_init(&client->changed, NULL);
    huks_rc rc = client_connect(client);
    if (rc != HUKS_OK) {
        ipc_client_close(client);
        return rc;
    }
    *out = client;
    return HUKS_OK;
}

/* Waits until the service has let go of what it held for us: who asks next sees it gone. */
static void farewell(struct ipc_end *control)
{
    if (ipc_end_ours(control) && shutdown(control->fd, SHUT_WR) == 0) {
        struct pollfd poller = {.fd = control->fd, .events = POLLIN};
        while (poll(&poller, 1, FAREWELL_MS) < 0 && errno == EINTR) {
        }
    }
    ipc_end_close(control);
}

void ipc_client_close(struct ipc_client *client)
{
    if (client == NULL) {
        return;
    }
    pthread_mutex_lock(&client->lock);
    client->closing = true;
    struct ipc_end control = client->control;
    client->control = IPC_END_NONE;
    connection_drop(client);
    while (client->calls > 0) {
        pthread_cond_wait(&client->changed, &client->lock);
    }
    pthread_mutex_unlock(&client->lock);
    farewell(&control);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void ipc_client_abandon(struct ipc_client *client)
{
    if (client == NULL) {
        return;
    }
    ipc_end_close(&client->control);
    for (size_t i = 0; i < IPC_CHANNELS; i++) {
        if (client->channels[i].used) {
            ipc_end_close(&client->channels[i].end);
        }
    }
}
