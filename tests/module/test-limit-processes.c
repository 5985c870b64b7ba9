/*
 * The session limit over processes: counted together, given back by death, untouched by fork.
 *
 * HUKS_TEST_LONG=1 runs 1,000 rounds of random kills instead of 30; HUKS_TEST_SEED repeats one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pipe2 */
#endif

#include "limit_peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char no_wait[] = "session_wait_ms=0";

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

static const struct limit_test rows[] = {
    {"two share the limit", two_share_the_limit},
    {"a limit of one's own", a_limit_of_ones_own},
    {"every way to leave gives back", every_way_to_leave_gives_back},
    {"a waiter inherits from the killed", a_waiter_inherits_from_the_killed},
    {"random kills", random_kills},
    {"a child holds nothing", a_child_holds_nothing},
    {"an heir keeps nothing alive", an_heir_keeps_nothing_alive},
};

int main(int argc, char **argv)
{
    return limit_run(argc, argv, "limit over processes", rows, (int)(sizeof rows / sizeof rows[0]));
}
