/* Forked processes that obey; see limit_peer.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pipe2 */
#endif

#include "limit_peer.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct request {
    enum order order;
    unsigned count;
};

static CK_SESSION_HANDLE peer_sessions[64];
static unsigned peer_held;

static void peer_hold(unsigned count, struct reply *reply)
{
    struct huks_error error;
    unsigned got = hold(&peer_sessions[peer_held], count, &reply->rv);

    huks->GetLastError(&error);
    reply->code = error.code;
    memcpy(reply->message, error.message, sizeof reply->message);
    peer_held += got;
    reply->count = peer_held;
}

static void peer_end(struct reply *reply)
{
    reply->rv = CKR_OK;
    while (peer_held > 0) {
        CK_RV rv = encrypt_end(peer_sessions[--peer_held]);

        reply->rv = reply->rv == CKR_OK ? rv : reply->rv;
    }
}

static unsigned peer_fork(void)
{
    pid_t child = fork();

    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    return (unsigned)child;
}

static void peer_obey(const struct request *request, struct reply *reply)
{
    memset(reply, 0, sizeof *reply);
    switch (request->order) {
    case HOLD:
        peer_hold(request->count, reply);
        break;
    case END:
        peer_end(reply);
        break;
    case LIMITS:
        reply->rv = huks->GetLimits(the_slot, &reply->limits);
        break;
    case FINALIZE:
        reply->rv = p11->C_Finalize(NULL);
        peer_held = 0;
        break;
    case FORK:
        reply->count = peer_fork();
        break;
    case LEAVE:
        _exit(0);
    }
}

/* Leaves without C_Finalize. */
static void peer_main(const char *configuration, int in, int out)
{
    struct reply reply = {.rv = join_limited(configuration)};
    struct request request;

    while (write(out, &reply, sizeof reply) == (ssize_t)sizeof reply &&
           read(in, &request, sizeof request) == (ssize_t)sizeof request) {
        peer_obey(&request, &reply);
    }
    _exit(0);
}

static struct reply peer_hear(const struct peer *peer)
{
    struct reply reply = {.rv = CKR_GENERAL_ERROR};

    ck_assert_msg(read(peer->from, &reply, sizeof reply) == (ssize_t)sizeof reply, "the peer died");
    return reply;
}

struct reply peer_ask(const struct peer *peer, enum order order, unsigned count)
{
    const struct request request = {order, count};

    ck_assert(write(peer->to, &request, sizeof request) == (ssize_t)sizeof request);
    return peer_hear(peer);
}

void peer_start(struct peer *peer, const char *configuration)
{
    int to[2];
    int from[2];

    ck_assert(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
    peer->process = fork();
    ck_assert(peer->process >= 0);
    if (peer->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(to[1]);
        close(from[0]);
        peer_main(configuration, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    peer->to = to[1];
    peer->from = from[0];
    expect(CKR_OK, peer_hear(peer).rv);
}

void peer_kill(const struct peer *peer)
{
    kill(peer->process, SIGKILL);
    ck_assert(waitpid(peer->process, NULL, 0) == peer->process);
    close(peer->to);
    close(peer->from);
}

void peer_leave(const struct peer *peer)
{
    const struct request request = {LEAVE, 0};
    int status = -1;

    ck_assert(write(peer->to, &request, sizeof request) == (ssize_t)sizeof request);
    close(peer->to);
    ck_assert(waitpid(peer->process, &status, 0) == peer->process);
    ck_assert_msg(status == 0, "the peer ended with 0x%x", (unsigned)status);
    close(peer->from);
}

void peer_full(const struct peer *peer)
{
    struct reply reply = peer_ask(peer, HOLD, 1);

    expect(CKR_SESSION_COUNT, reply.rv);
    ck_assert_int_eq(reply.code, 12000010);
    ck_assert_str_eq(reply.message, LIMIT_MESSAGE);
}
