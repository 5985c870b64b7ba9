/* The session limit in one process: what happens when none is free. Refusal, waiting, idle holders. */
#include "limit.h"

#include <stdatomic.h>
#include <string.h>

static const char no_wait[] = "session_wait_ms=0";
static CK_BYTE plain[16];
static CK_BYTE out[64];

/* ---- Refusal and waiting ---------------------------------------------------------------------------------
 */

static void the_sixteenth_is_refused(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];
    struct huks_limits numbers;

    start_limited(no_wait);
    must_hold_all(sessions, LIMIT);
    numbers = limits();
    ck_assert(numbers.limit == LIMIT && numbers.in_use == LIMIT && numbers.mine == LIMIT &&
              numbers.wait_ms == 0);
    full();
    full();
    ok(encrypt_end(sessions[7]));
    in_use_is(LIMIT - 1);
    ok(encrypt_begin(sessions[7]));
    full();
    end_all(sessions, LIMIT);
    expect_fifteen();
}

static void a_wait_has_an_end(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];
    double begun;

    start_limited("session_wait_ms=150");
    ck_assert_uint_eq(limits().wait_ms, 150);
    must_hold_all(sessions, LIMIT);
    begun = now_ms();
    full();
    ck_assert_msg(now_ms() - begun >= 149, "waited only %.1f ms", now_ms() - begun);
    end_all(sessions, LIMIT);
}

struct waiter {
    pthread_t thread;
    CK_SESSION_HANDLE session;
    CK_RV rv;
    struct huks_error error;
    atomic_bool done;
};

static void *wait_for_one(void *argument)
{
    struct waiter *waiter = argument;

    waiter->rv = encrypt_begin(waiter->session);
    huks->GetLastError(&waiter->error);
    atomic_store(&waiter->done, true);
    return NULL;
}

/* Starts a thread that wants a session while there is none, and gives it time to ask for it. */
static void waiter_start(struct waiter *waiter)
{
    memset(waiter, 0, sizeof *waiter);
    waiter->session = open_ro();
    ck_assert(pthread_create(&waiter->thread, NULL, wait_for_one, waiter) == 0);
    pause_ms(50);
    ck_assert_msg(!atomic_load(&waiter->done), "it did not wait: %s", ckr_name(waiter->rv));
}

static void a_waiter_gets_what_another_returns(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];
    struct waiter waiters[3];

    start_limited("session_wait_ms=60000");
    must_hold_all(sessions, LIMIT);
    for (int i = 0; i < 3; i++) {
        waiter_start(&waiters[i]);
    }
    in_use_is(LIMIT);
    for (int i = 0; i < 3; i++) {
        ok(encrypt_end(sessions[i]));
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(waiters[i].thread, NULL);
        expect(CKR_OK, waiters[i].rv);
    }
    in_use_is(LIMIT);
    for (int i = 0; i < 3; i++) {
        ok(encrypt_end(waiters[i].session));
    }
    end_all(&sessions[3], LIMIT - 3);
    in_use_is(0);
}

static void finalize_wakes_a_waiter(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];
    struct waiter waiter;
    double begun;

    start_limited("session_wait_ms=60000");
    must_hold_all(sessions, LIMIT);
    waiter_start(&waiter);
    begun = now_ms();
    ok(p11->C_Finalize(NULL));
    pthread_join(waiter.thread, NULL);
    ck_assert_msg(now_ms() - begun < 30000, "it slept on for %.0f ms", now_ms() - begun);
    expect(CKR_CRYPTOKI_NOT_INITIALIZED, waiter.rv);
    ck_assert_uint_eq(waiter.error.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
    ck_assert_int_eq(waiter.error.code, 12000018);
    ok(join_limited(no_wait));
    expect_fifteen();
}

static void the_limit_is_what_the_configuration_says(void)
{
    CK_SESSION_HANDLE sessions[40];
    struct huks_limits numbers;

    start_limited("session_limit=3 session_wait_ms=0");
    must_hold_all(sessions, 3);
    ck_assert_uint_eq(limits().limit, 3);
    full();
    ok(p11->C_Finalize(NULL));
    ok(join_limited("session_limit=0 session_wait_ms=0"));
    must_hold_all(sessions, 40);
    numbers = limits();
    ck_assert(numbers.limit == 0 && numbers.in_use == 40 && numbers.mine == 40);
    end_all(sessions, 40);
    in_use_is(0);
    ok(p11->C_Finalize(NULL));
    ok(join_limited(""));
    numbers = limits();
    ck_assert(numbers.limit == LIMIT && numbers.wait_ms == 1000);
}

static void limits_of_what(void)
{
    struct huks_limits numbers;

    expect(CKR_CRYPTOKI_NOT_INITIALIZED, huks->GetLimits(the_slot, &numbers));
    start_limited(no_wait);
    expect(CKR_ARGUMENTS_BAD, huks->GetLimits(the_slot, NULL));
    check_error_record("GetLimits", CKR_ARGUMENTS_BAD, 12000018);
    expect(CKR_SLOT_ID_INVALID, huks->GetLimits(NO_HANDLE, &numbers));
    check_error_record("GetLimits", CKR_SLOT_ID_INVALID, 12000011);
}

/* ---- Idle holders ----------------------------------------------------------------------------------------
 */

enum { IDLE_LIMIT = 4 };
static const char idle_configuration[] = "session_limit=4 session_idle_s=1 session_wait_ms=60000";

static void is_over(CK_RV rv)
{
    expect(CKR_OPERATION_NOT_INITIALIZED, rv);
    check_error_record("evicted", CKR_OPERATION_NOT_INITIALIZED, 12000011);
}

/* Begins one after the other, so that the first is the longest idle; a touch makes it the last. */
static void the_longest_idle_loses_its_session(void)
{
    CK_SESSION_HANDLE sessions[IDLE_LIMIT];
    CK_SESSION_HANDLE more[IDLE_LIMIT];
    CK_ULONG room = sizeof out;
    CK_SESSION_INFO info;
    double begun;

    start_limited(idle_configuration);
    for (int i = 0; i < IDLE_LIMIT; i++) {
        sessions[i] = open_ro();
        more[i] = open_ro();
        ok(encrypt_begin(sessions[i]));
        pause_ms(40);
    }
    begun = now_ms();
    room = 0; /* a question is a use */
    ok(p11->C_Encrypt(sessions[0], plain, 16, NULL, &room));
    pause_ms(40);
    room = 1; /* and so is one that fails without ending it */
    expect(CKR_BUFFER_TOO_SMALL, p11->C_Encrypt(sessions[1], plain, 16, out, &room));

    ok(encrypt_begin(more[0])); /* evicts 2 */
    ck_assert_uint_eq(limits().in_use, IDLE_LIMIT);
    ok(encrypt_begin(more[1])); /* evicts 3 */
    ok(encrypt_end(sessions[1]));
    ok(encrypt_begin(sessions[1]));
    ok(encrypt_begin(more[2])); /* evicts 0 */
    ck_assert_msg(now_ms() - begun >= 900, "evicted after %.0f ms", now_ms() - begun);
    in_use_is(IDLE_LIMIT);

    room = 7; /* each way to go on finds out */
    is_over(p11->C_Encrypt(sessions[0], plain, 16, NULL, &room));
    ck_assert_uint_eq(room, 7);
    check_error_record("length query", CKR_OPERATION_NOT_INITIALIZED, 12000011);
    ok(p11->C_GetSessionInfo(sessions[0], &info));
    ck_assert_uint_eq(info.ulDeviceError, 12000011);
    is_over(encrypt_end(sessions[2]));
    room = sizeof out;
    is_over(p11->C_EncryptUpdate(sessions[3], plain, 16, out, &room));
    in_use_is(IDLE_LIMIT);

    /* It is over: nothing is left to be cancelled, and a new one can begin. */
    expect(CKR_ARGUMENTS_BAD, p11->C_EncryptInit(sessions[2], NULL, 0));
    for (int i = 0; i < 3; i++) {
        ok(encrypt_end(more[i]));
    }
    ok(encrypt_end(sessions[1]));
    in_use_is(0);
    ok(encrypt_begin(sessions[2]));
    ok(encrypt_end(sessions[2]));
}

/* Cancelling or closing what was taken away gives nothing back twice. */
static void the_evicted_return_nothing(void)
{
    CK_SESSION_HANDLE sessions[2];
    CK_SESSION_HANDLE more[2];

    start_limited("session_limit=2 session_idle_s=1 session_wait_ms=60000");
    must_hold_all(sessions, 2);
    must_hold_all(more, 2);
    ok(p11->C_EncryptInit(sessions[0], NULL, 0));
    ok(p11->C_CloseSession(sessions[1]));
    in_use_is(2);
    end_all(more, 2);
    in_use_is(0);
}

static const struct limit_test rows[] = {
    {"the sixteenth is refused", the_sixteenth_is_refused},
    {"a wait has an end", a_wait_has_an_end},
    {"a waiter gets what another returns", a_waiter_gets_what_another_returns},
    {"finalize wakes a waiter", finalize_wakes_a_waiter},
    {"the limit is what the configuration says", the_limit_is_what_the_configuration_says},
    {"limits of what", limits_of_what},
    {"the longest idle loses its session", the_longest_idle_loses_its_session},
    {"the evicted return nothing", the_evicted_return_nothing},
};

int main(int argc, char **argv)
{
    return limit_run(argc, argv, "waiting at the limit", rows, (int)(sizeof rows / sizeof rows[0]));
}
