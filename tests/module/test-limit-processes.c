/*
 * The session limit over processes: counted together, given back by death, whole after fork and damage.
 * The peers are forked and initialise the module anew; they do what is written to their pipe.
 *
 * HUKS_TEST_LONG=1 runs 1,000 rounds of random kills instead of 30; HUKS_TEST_SEED repeats one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pipe2 */
#endif

#include "limit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char no_wait[] = "session_wait_ms=0";

/* ---- Peers -----------------------------------------------------------------------------------------------
 */

enum order { HOLD, END, LIMITS, FINALIZE, FORK, LEAVE };

struct request {
    enum order order;
    unsigned count;
};

struct reply {
    CK_RV rv;
    CK_LONG code;
    char message[256];
    unsigned count; /* sessions held, or the forked process */
    struct huks_limits limits;
};

struct peer {
    pid_t process;
    int to;
    int from;
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

    while (child == 0) {
        pause();
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

static struct reply peer_ask(const struct peer *peer, enum order order, unsigned count)
{
    const struct request request = {order, count};

    ck_assert(write(peer->to, &request, sizeof request) == (ssize_t)sizeof request);
    return peer_hear(peer);
}

static void peer_start(struct peer *peer, const char *configuration)
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

static void peer_kill(const struct peer *peer)
{
    kill(peer->process, SIGKILL);
    ck_assert(waitpid(peer->process, NULL, 0) == peer->process);
    close(peer->to);
    close(peer->from);
}

static void peer_leave(const struct peer *peer)
{
    const struct request request = {LEAVE, 0};
    int status = -1;

    ck_assert(write(peer->to, &request, sizeof request) == (ssize_t)sizeof request);
    close(peer->to);
    ck_assert(waitpid(peer->process, &status, 0) == peer->process);
    ck_assert_msg(status == 0, "the peer ended with 0x%x", (unsigned)status);
    close(peer->from);
}

static void peer_full(const struct peer *peer)
{
    struct reply reply = peer_ask(peer, HOLD, 1);

    expect(CKR_SESSION_COUNT, reply.rv);
    ck_assert_int_eq(reply.code, 12000010);
    ck_assert_str_eq(reply.message, LIMIT_MESSAGE);
}

/* ---- Counted together ------------------------------------------------------------------------------------
 */

static void two_share_the_limit(void)
{
    CK_SESSION_HANDLE sessions[7];
    struct peer peer;
    struct reply reply;
    struct huks_limits numbers;

    start_limited(no_wait);
    peer_start(&peer, no_wait);
    ck_assert_uint_eq(peer_ask(&peer, HOLD, 8).count, 8);
    must_hold_all(sessions, 7);
    full();
    peer_full(&peer);
    numbers = limits();
    ck_assert(numbers.limit == LIMIT && numbers.in_use == LIMIT && numbers.mine == 7);
    reply = peer_ask(&peer, LIMITS, 0);
    ck_assert(reply.limits.in_use == LIMIT && reply.limits.mine == 8);
    end_all(sessions, 7);
    reply = peer_ask(&peer, HOLD, 8); /* 7 more and no eighth */
    ck_assert_uint_eq(reply.count, LIMIT);
    expect(CKR_SESSION_COUNT, reply.rv);
    numbers = limits();
    ck_assert(numbers.in_use == LIMIT && numbers.mine == 0);
    expect(CKR_OK, peer_ask(&peer, FINALIZE, 0).rv);
    expect_fifteen();
    peer_leave(&peer);
}

static void a_limit_of_ones_own(void)
{
    CK_SESSION_HANDLE sessions[5];
    struct peer peer;

    start_limited("session_limit=5 session_wait_ms=0");
    peer_start(&peer, "session_limit=0");
    must_hold_all(sessions, 5);
    full();
    ck_assert_uint_eq(peer_ask(&peer, HOLD, 40).count, 40);
    ck_assert_uint_eq(limits().in_use, 45);
    ck_assert_uint_eq(limits().mine, 5);
    ck_assert_uint_eq(peer_ask(&peer, LIMITS, 0).limits.mine, 40);
    peer_kill(&peer);
    in_use_is(5);
    end_all(sessions, 5);
}

static void every_way_to_leave_gives_back(void)
{
    struct peer peers[2];

    start_limited(no_wait);
    peer_start(&peers[0], no_wait);
    peer_start(&peers[1], no_wait);
    ck_assert_uint_eq(peer_ask(&peers[0], HOLD, 8).count, 8);
    ck_assert_uint_eq(peer_ask(&peers[1], HOLD, 7).count, 7);
    full();
    peer_leave(&peers[0]); /* no C_Finalize */
    in_use_is(7);
    peer_kill(&peers[1]);
    expect_fifteen();
}

/* ---- Death -----------------------------------------------------------------------------------------------
 */

struct waiter {
    CK_SESSION_HANDLE session;
    CK_RV rv;
    double got;
};

static void *wait_for_one(void *argument)
{
    struct waiter *waiter = argument;

    waiter->rv = encrypt_begin(waiter->session);
    waiter->got = now_ms();
    return NULL;
}

static int compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;

    return (difference > 0) - (difference < 0);
}

static void a_waiter_inherits_from_the_killed(void)
{
    enum { ROUNDS = 20 };
    double latency[ROUNDS];

    start_limited("session_wait_ms=60000");
    for (int round = 0; round < ROUNDS; round++) {
        struct waiter waiter = {.session = open_ro()};
        pthread_t thread;
        struct peer peer;
        double killed;

        peer_start(&peer, "");
        ck_assert_uint_eq(peer_ask(&peer, HOLD, LIMIT).count, LIMIT);
        ck_assert(pthread_create(&thread, NULL, wait_for_one, &waiter) == 0);
        pause_ms(20);
        killed = now_ms();
        kill(peer.process, SIGKILL);
        pthread_join(thread, NULL);
        latency[round] = waiter.got - killed;
        expect(CKR_OK, waiter.rv);
        ck_assert_msg(latency[round] >= 0, "it got one %.1f ms before the death", -latency[round]);
        ck_assert_msg(latency[round] < 2000, "it waited %.0f ms after the death", latency[round]);
        ok(encrypt_end(waiter.session));
        ok(p11->C_CloseSession(waiter.session));
        peer_kill(&peer);
    }
    qsort(latency, ROUNDS, sizeof latency[0], compare);
    printf(
        "from kill -9 of the holder of %d to a waiter's session: median %.1f ms, longest %.1f ms (goal 10)\n",
        LIMIT, latency[ROUNDS / 2], latency[ROUNDS - 1]);
    expect_fifteen();
}

/* Begins, uses and ends operations until it dies. */
static void churn(unsigned seed, int ready)
{
    CK_SESSION_HANDLE sessions[LIMIT];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (join_limited("session_wait_ms=20") != CKR_OK || write(ready, "", 1) != 1) {
        _exit(1);
    }
    for (;;) {
        CK_RV rv;
        unsigned held = hold(sessions, 1 + (unsigned)rand_r(&seed) % 6, &rv);

        if (rv != CKR_OK && rv != CKR_SESSION_COUNT) {
            _exit(1);
        }
        if (rv == CKR_SESSION_COUNT && p11->C_CloseSession(sessions[held]) != CKR_OK) {
            _exit(1);
        }
        for (unsigned i = 0; i < held; i++) {
            if (rand_r(&seed) % 2 == 0 && encrypt_end(sessions[i]) != CKR_OK) {
                _exit(1);
            }
            if (p11->C_CloseSession(sessions[i]) != CKR_OK) {
                _exit(1);
            }
        }
    }
}

enum { CHURNERS = 4 };

static void kill_round(unsigned *seed)
{
    pid_t churners[CHURNERS];
    bool wait_ready = rand_r(seed) % 4 != 0; /* else they may die in C_Initialize, too */
    int ready[2];
    char byte;

    ck_assert(pipe2(ready, O_CLOEXEC) == 0);
    for (int i = 0; i < CHURNERS; i++) {
        unsigned own = (unsigned)rand_r(seed);

        churners[i] = fork();
        ck_assert(churners[i] >= 0);
        if (churners[i] == 0) {
            churn(own, ready[1]);
        }
    }
    close(ready[1]);
    for (int i = 0; wait_ready && i < CHURNERS; i++) {
        ck_assert_msg(read(ready[0], &byte, 1) == 1, "a process could not begin");
    }
    for (int i = 0; i < CHURNERS; i++) {
        int status = 0;

        usleep((useconds_t)(rand_r(seed) % 4000));
        kill(churners[i], SIGKILL);
        ck_assert(waitpid(churners[i], &status, 0) == churners[i]);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process ended with 0x%x",
                      (unsigned)status);
    }
    close(ready[0]);
}

static void random_kills(void)
{
    const char *given = getenv("HUKS_TEST_SEED");
    const char *is_long = getenv("HUKS_TEST_LONG");
    int rounds = is_long != NULL && strcmp(is_long, "1") == 0 ? 1000 : 30;
    unsigned seed =
        given != NULL ? (unsigned)strtoul(given, NULL, 0) : (unsigned)getpid() ^ (unsigned)now_ms();
    double begun = now_ms();

    start_limited(no_wait);
    printf("random kills: HUKS_TEST_SEED=%u\n", seed);
    fflush(stdout);
    for (int round = 0; round < rounds; round++) {
        struct huks_limits numbers;

        kill_round(&seed);
        numbers = limits();
        ck_assert_msg(numbers.in_use == 0, "round %d: %lu are still taken", round, numbers.in_use);
        expect_fifteen();
    }
    printf("random kills: %d rounds in %.1f s\n", rounds, (now_ms() - begun) / 1000);
}

/* ---- Fork ------------------------------------------------------------------------------------------------
 */

static void child_of_a_holder(void *context)
{
    struct huks_limits numbers;

    (void)context;
    child_expect(CKR_CRYPTOKI_NOT_INITIALIZED, encrypt_begin(the_session));
    child_expect(CKR_CRYPTOKI_NOT_INITIALIZED, huks->GetLimits(the_slot, &numbers));
    child_expect(CKR_OK, join_limited(no_wait));
    child_expect(CKR_OK, huks->GetLimits(the_slot, &numbers));
    child_holds(numbers.in_use == LIMIT && numbers.mine == 0);
    child_expect(CKR_SESSION_COUNT, encrypt_begin(the_session));
    child_expect(CKR_OK, p11->C_Finalize(NULL));
}

static void child_that_only_leaves(void *context)
{
    (void)context;
}

static void a_child_holds_nothing(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];

    start_limited(no_wait);
    must_hold_all(sessions, LIMIT);
    child_run(child_that_only_leaves, NULL);
    in_use_is(LIMIT);
    child_run(child_of_a_holder, NULL);
    in_use_is(LIMIT);
    full();
    end_all(sessions, LIMIT);
    expect_fifteen();
}

/* What the dead has forked lives on, with copies of what was open: its sessions are free all the same. */
static void an_heir_keeps_nothing_alive(void)
{
    struct peer peer;
    pid_t heir;

    start_limited(no_wait);
    peer_start(&peer, no_wait);
    ck_assert_uint_eq(peer_ask(&peer, HOLD, LIMIT).count, LIMIT);
    heir = (pid_t)peer_ask(&peer, FORK, 0).count;
    ck_assert_int_gt(heir, 0);
    in_use_is(LIMIT);
    peer_kill(&peer);
    expect_fifteen();
    ck_assert_msg(kill(heir, 0) == 0, "the heir died by itself");
    kill(heir, SIGKILL);
}

/* ---- Damage ----------------------------------------------------------------------------------------------
 */

static char *table_path(void)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/sessions", store_path());
    return path;
}

static void write_table(off_t at, size_t size, bool noise)
{
    int fd = open(table_path(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    unsigned seed = 42;

    ck_assert(fd >= 0);
    for (size_t done = 0; done < size; done++) {
        char byte = noise ? (char)rand_r(&seed) : 0;

        ck_assert(pwrite(fd, &byte, 1, at + (off_t)done) == 1);
    }
    close(fd);
}

static size_t table_size(void)
{
    struct stat status;

    return stat(table_path(), &status) == 0 ? (size_t)status.st_size : 0;
}

static void noise_in_the_head(void)
{
    write_table(0, 64, true);
}

static void noise_behind_the_head(void)
{
    write_table(192, table_size() - 192, true);
}

static void noise_everywhere(void)
{
    write_table(0, table_size(), true);
}

static void zeros_everywhere(void)
{
    write_table(0, table_size(), false);
}

static void cut_to_nothing(void)
{
    ck_assert(truncate(table_path(), 0) == 0);
}

static void cut_in_half(void)
{
    ck_assert(truncate(table_path(), (off_t)(table_size() / 2)) == 0);
}

static void longer(void)
{
    ck_assert(truncate(table_path(), (off_t)(table_size() + 4096)) == 0);
}

static void removed(void)
{
    ck_assert(unlink(table_path()) == 0);
}

static void somebodys_text(void)
{
    FILE *file;

    ck_assert(unlink(table_path()) == 0);
    file = fopen(table_path(), "we");
    ck_assert(file != NULL && fputs("a list of my sessions\n", file) >= 0 && fclose(file) == 0);
}

static void a_directory(void)
{
    ck_assert(unlink(table_path()) == 0 && mkdir(table_path(), 0700) == 0);
}

static void a_dangling_link(void)
{
    ck_assert(unlink(table_path()) == 0 && symlink("/nonexistent/sessions", table_path()) == 0);
}

static void a_pipe(void)
{
    ck_assert(unlink(table_path()) == 0 && mkfifo(table_path(), 0600) == 0);
}

static const struct damage {
    const char *name;
    void (*make)(void);
} damages[] = {
    {"noise in the head", noise_in_the_head},
    {"noise behind the head", noise_behind_the_head},
    {"noise everywhere", noise_everywhere},
    {"zeros", zeros_everywhere},
    {"cut to nothing", cut_to_nothing},
    {"cut in half", cut_in_half},
    {"longer", longer},
    {"removed", removed},
    {"somebody's text", somebodys_text},
    {"a directory", a_directory},
    {"a dangling link", a_dangling_link},
    {"a pipe", a_pipe},
};

enum { DAMAGES = sizeof damages / sizeof damages[0] };

/* Two processes count together: 8 and 7, and no more. */
static void together(const struct damage *damage, const struct peer *peer)
{
    CK_SESSION_HANDLE sessions[7];
    CK_RV rv = CKR_OK;
    struct reply reply = peer_ask(peer, HOLD, 8);
    unsigned held = hold(sessions, 7, &rv);

    ck_assert_msg(reply.count == 8 && held == 7, "%s: the peer holds %u (%s), we hold %u (%s)", damage->name,
                  reply.count, ckr_name(reply.rv), held, ckr_name(rv));
    full();
    peer_full(peer);
    end_all(sessions, 7);
    expect(CKR_OK, peer_ask(peer, END, 0).rv);
    in_use_is(0);
}

static void a_damaged_table_is_replaced(void)
{
    start_limited(no_wait);
    ck_assert_msg(table_size() > 0, "there is no table in the store: %s", table_path());
    ok(p11->C_Finalize(NULL));
    for (int i = 0; i < DAMAGES; i++) {
        struct peer peer;
        CK_RV rv;

        damages[i].make();
        rv = join_limited(no_wait);
        ck_assert_msg(rv == CKR_OK, "%s: %s", damages[i].name, ckr_name(rv));
        peer_start(&peer, no_wait);
        together(&damages[i], &peer);
        peer_leave(&peer);
        expect_fifteen();
        ok(p11->C_Finalize(NULL));
        rmdir(table_path()); /* if the directory was left alone */
        unlink(table_path());
        ok(join_limited(no_wait));
        ok(p11->C_Finalize(NULL));
    }
}

/* An operation that was begun goes on or is over, as if a waiter had taken its session. */
static void check_ended(const struct damage *damage, CK_RV rv)
{
    ck_assert_msg(rv == CKR_OK || rv == CKR_OPERATION_NOT_INITIALIZED, "%s: %s", damage->name, ckr_name(rv));
}

/* The module looks at the file once a second; nothing is promised to who is faster (see src/session/file.c).
 */
static void damage_while_running(void)
{
    for (int i = 0; i < DAMAGES; i++) {
        CK_SESSION_HANDLE sessions[3];
        struct peer peer;

        setup_loaded();
        start_limited(no_wait);
        peer_start(&peer, no_wait);
        must_hold_all(sessions, 3);
        ck_assert_uint_eq(peer_ask(&peer, HOLD, 2).count, 2);
        damages[i].make();
        pause_ms(1300);
        for (int k = 0; k < 3; k++) {
            check_ended(&damages[i], encrypt_end(sessions[k]));
            ok(p11->C_CloseSession(sessions[k]));
        }
        check_ended(&damages[i], peer_ask(&peer, END, 0).rv);
        together(&damages[i], &peer);
        peer_kill(&peer);
        expect_fifteen();
    }
}

static const struct limit_test rows[] = {
    {"two share the limit", two_share_the_limit},
    {"a limit of one's own", a_limit_of_ones_own},
    {"every way to leave gives back", every_way_to_leave_gives_back},
    {"a waiter inherits from the killed", a_waiter_inherits_from_the_killed},
    {"random kills", random_kills},
    {"a child holds nothing", a_child_holds_nothing},
    {"an heir keeps nothing alive", an_heir_keeps_nothing_alive},
    {"a damaged table is replaced", a_damaged_table_is_replaced},
    {"damage while running", damage_while_running},
};

int main(int argc, char **argv)
{
    return limit_run(argc, argv, "limit over processes", rows, (int)(sizeof rows / sizeof rows[0]));
}
