/* Many threads at once: everybody's work is right, races end in errors and never in a crash. */
#include "harness.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { CREW = 12, ROUNDS = 8 };

static CK_RV sign_hash(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *signature, CK_ULONG *length)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {7};
    CK_RV rv = p11->C_SignInit(session, &mechanism, key);

    return rv == CKR_OK ? p11->C_Sign(session, hash, sizeof hash, signature, length) : rv;
}

static CK_RV verify_hash(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *signature, CK_ULONG length)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {7};
    CK_RV rv = p11->C_VerifyInit(session, &mechanism, key);

    return rv == CKR_OK ? p11->C_Verify(session, hash, sizeof hash, signature, length) : rv;
}

/* The objects.h helpers assert; these do not, so that workers may use them. */
static CK_RV generate_pair(CK_SESSION_HANDLE session, bool token, const CK_BYTE id[2], struct pair *pair)
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL stored = token ? CK_TRUE : CK_FALSE;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE public_template[] = {
        {CKA_EC_PARAMS, (void *)(uintptr_t)CURVE_P256->params, CURVE_P256->params_len},
        {CKA_TOKEN, &stored, sizeof stored},
        {CKA_VERIFY, &yes, sizeof yes},
        {CKA_ID, (void *)(uintptr_t)id, 2},
    };
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &stored, sizeof stored},
        {CKA_SIGN, &yes, sizeof yes},
        {CKA_ID, (void *)(uintptr_t)id, 2},
    };

    return p11->C_GenerateKeyPair(session, &mechanism, public_template, 4, private_template, 3,
                                  &pair->public_key, &pair->private_key);
}

static CK_RV count_by_id(CK_SESSION_HANDLE session, const CK_BYTE id[2], CK_ULONG *count)
{
    CK_ATTRIBUTE attribute = {CKA_ID, (void *)(uintptr_t)id, 2};
    CK_OBJECT_HANDLE found[8];
    CK_RV rv = p11->C_FindObjectsInit(session, &attribute, 1);

    if (rv == CKR_OK) {
        rv = p11->C_FindObjects(session, found, 8, count);
    }
    return rv == CKR_OK ? p11->C_FindObjectsFinal(session) : rv;
}

static void generate_sign_find(struct worker *worker)
{
    const bool *token = worker->context;
    CK_SESSION_HANDLE session;

    must(worker, open_session(the_slot, CKF_RW_SESSION, &session));
    for (unsigned round = 0; round < ROUNDS; round++) {
        CK_BYTE id[2] = {(CK_BYTE)worker->index, (CK_BYTE)round};
        CK_BYTE signature[64];
        CK_ULONG length = sizeof signature;
        CK_ULONG count = 0;
        struct pair pair;

        must(worker, generate_pair(session, *token, id, &pair));
        must(worker, sign_hash(session, pair.private_key, signature, &length));
        must(worker, verify_hash(session, pair.public_key, signature, length));
        must(worker, count_by_id(session, id, &count));
        must_hold(worker, count == 2);
        must(worker, p11->C_DestroyObject(session, pair.private_key));
        must(worker, count_by_id(session, id, &count));
        must_hold(worker, count == 1);
        must(worker, p11->C_DestroyObject(session, pair.public_key));
    }
    must(worker, p11->C_CloseSession(session));
}

START_TEST(all_generate_sign_and_find)
{
    bool token = _i == 1;

    if (token && differs("threads/token-objects")) {
        return;
    }
    crew_run(CREW, generate_sign_find, &token);
    ck_assert_uint_eq(count_objects(the_session, NULL), 0);
}
END_TEST

static void import_many(struct worker *worker)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE value[16];
    CK_BYTE id[2] = {(CK_BYTE)worker->index, 0};
    CK_ATTRIBUTE t[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_VALUE, value, sizeof value},
        {CKA_ID, id, sizeof id},
    };
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;

    must(worker, open_session(the_slot, CKF_RW_SESSION, &session));
    for (unsigned round = 0; round < ROUNDS; round++) {
        id[1] = (CK_BYTE)round;
        fill_pattern(value, sizeof value, worker->index * 256U + round);
        must(worker, p11->C_CreateObject(session, t, 5, &object));
    }
}

START_TEST(all_import)
{
    struct template t = {.count = 0};

    if (differs("threads/token-objects")) {
        return;
    }
    crew_run(CREW, import_many, NULL);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    ck_assert_uint_eq(count_objects(the_session, &t), CREW * ROUNDS);
    for (unsigned i = 0; i < CREW; i++) {
        CK_BYTE id[2] = {(CK_BYTE)i, ROUNDS - 1};

        add_bytes(&t, CKA_ID, id, sizeof id);
        ck_assert_uint_eq(count_objects(the_session, &t), 1);
    }
}
END_TEST

static void sign_with_one_key(struct worker *worker)
{
    const struct pair *pair = worker->context;
    CK_SESSION_HANDLE session;

    must(worker, open_session(the_slot, 0, &session));
    for (int round = 0; round < 4 * ROUNDS; round++) {
        CK_BYTE signature[64];
        CK_ULONG length = sizeof signature;

        must(worker, sign_hash(session, pair->private_key, signature, &length));
        must(worker, verify_hash(session, pair->public_key, signature, length));
    }
}

/* More threads than key-operation sessions: they wait for one another, none is turned away. */
START_TEST(all_use_one_key)
{
    struct template token = {.count = 0};
    struct pair pair;

    add_bool(&token, CKA_TOKEN, true);
    pair = generate_ec(the_session, CURVE_P256, &token);
    crew_run(32, sign_with_one_key, &pair);
}
END_TEST

/* One session in many hands: the answers are those of a busy session. */
static void share_a_session(struct worker *worker)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_BYTE data[64] = {0};
    CK_BYTE digest[32];

    for (int round = 0; round < 20 * ROUNDS; round++) {
        CK_ULONG length = sizeof digest;
        CK_RV rv = p11->C_DigestInit(the_session, &sha);

        must_hold(worker, rv == CKR_OK || rv == CKR_OPERATION_ACTIVE);
        rv = p11->C_DigestUpdate(the_session, data, sizeof data);
        must_hold(worker, rv == CKR_OK || rv == CKR_OPERATION_NOT_INITIALIZED);
        rv = p11->C_DigestFinal(the_session, digest, &length);
        must_hold(worker, rv == CKR_OK || rv == CKR_OPERATION_NOT_INITIALIZED);
    }
}

START_TEST(one_session_in_many_hands)
{
    if (!differs("threads/one-session")) {
        crew_run(CREW, share_a_session, NULL);
    }
}
END_TEST

/* ---- Races around the module's life -----------------------------------------------------------------------
 */

static void initialise_once(struct worker *worker)
{
    atomic_int *winners = worker->context;
    CK_RV rv = initialise();

    if (rv == CKR_OK) {
        atomic_fetch_add(winners, 1);
    } else {
        must_hold(worker, rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
    }
}

START_TEST(all_initialise)
{
    for (int round = 0; round < 10; round++) {
        atomic_int winners = 0;

        if (differs("threads/initialise-race")) {
            return;
        }
        crew_run(CREW, initialise_once, &winners);
        ck_assert_int_eq(atomic_load(&winners), 1);
        ok(p11->C_Finalize(NULL));
    }
}
END_TEST

struct struggle {
    struct pair pair;
    atomic_int begun;
};

static bool is_end_of_life(CK_RV rv)
{
    return rv == CKR_CRYPTOKI_NOT_INITIALIZED || rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED;
}

/* Worker 0 finalises when all others have signed at least once; they sign until the module is gone. */
static void sign_until_the_end(struct worker *worker)
{
    struct struggle *struggle = worker->context;
    CK_SESSION_HANDLE session;

    if (worker->index == 0) {
        while (atomic_load(&struggle->begun) < CREW - 1) {
            sched_yield();
        }
        must(worker, p11->C_Finalize(NULL));
        return;
    }
    if (open_session(the_slot, 0, &session) != CKR_OK) {
        atomic_fetch_add(&struggle->begun, 1);
        return;
    }
    for (bool first = true;; first = false) {
        CK_BYTE signature[64];
        CK_ULONG length = sizeof signature;
        CK_RV rv = sign_hash(session, struggle->pair.private_key, signature, &length);

        if (first) {
            atomic_fetch_add(&struggle->begun, 1);
        }
        if (rv != CKR_OK) {
            if (!is_end_of_life(rv)) {
                worker_fail(worker, rv, "sign while another thread finalises", __LINE__);
            }
            return;
        }
    }
}

START_TEST(one_finalises_while_others_sign)
{
    struct struggle struggle;

    if (differs("threads/finalise-race")) {
        return;
    }
    for (int round = 0; round < 5; round++) {
        atomic_init(&struggle.begun, 0);
        struggle.pair = generate_ec(the_session, CURVE_P256, NULL);
        crew_run(CREW, sign_until_the_end, &struggle);
        ok(initialise());
        ck_assert(find_token(TOKEN_LABEL, &the_slot));
        the_session = open_rw();
        ok(login(the_session, CKU_USER, USER_PIN));
    }
}
END_TEST

static void churn(struct worker *worker)
{
    CK_BYTE byte;

    for (int round = 0; round < 3 * ROUNDS; round++) {
        CK_SESSION_HANDLE session;
        CK_SLOT_ID slots[8];
        CK_ULONG count = 8;
        CK_RV rv;

        if (worker->index % 3 == 0) {
            rv = initialise();
            must_hold(worker, rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
        } else if (worker->index % 3 == 1) {
            rv = p11->C_Finalize(NULL);
            must_hold(worker, rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
        } else {
            rv = p11->C_GetSlotList(CK_FALSE, slots, &count);
            must_hold(worker, rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
            rv = open_session(the_slot, 0, &session);
            must_hold(worker, rv == CKR_OK || is_end_of_life(rv));
            rv = p11->C_GenerateRandom(session, &byte, 1);
            must_hold(worker, rv == CKR_OK || is_end_of_life(rv));
        }
    }
}

START_TEST(initialise_and_finalise_against_use)
{
    if (differs("threads/finalise-race")) {
        return;
    }
    crew_run(CREW, churn, NULL);
}
END_TEST

static void log_in_and_out(struct worker *worker)
{
    const struct pair *pair = worker->context;
    CK_SESSION_HANDLE session;

    must(worker, open_session(the_slot, CKF_RW_SESSION, &session));
    for (int round = 0; round < ROUNDS; round++) {
        CK_BYTE signature[64];
        CK_ULONG length = sizeof signature;
        CK_RV rv;

        if (worker->index % 2 == 0) {
            rv = login(session, CKU_USER, USER_PIN);
            must_hold(worker, rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN);
            rv = p11->C_Logout(session);
            must_hold(worker, rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN);
        } else {
            rv = sign_hash(session, pair->private_key, signature, &length);
            if (rv != CKR_OK && rv != CKR_KEY_HANDLE_INVALID && rv != CKR_USER_NOT_LOGGED_IN &&
                rv != CKR_OPERATION_NOT_INITIALIZED) {
                worker_fail(worker, rv, "sign while another thread logs out", __LINE__);
                return;
            }
        }
    }
}

START_TEST(logins_against_signatures)
{
    struct template token = {.count = 0};
    struct pair pair;

    if (differs("threads/login-race")) {
        return;
    }
    add_bool(&token, CKA_TOKEN, true);
    pair = generate_ec(the_session, CURVE_P256, &token);
    crew_run(8, log_in_and_out, &pair);
}
END_TEST

/* design.md 4: whoever waits for a slot is woken by C_Finalize. Whichever comes first, the answer is the
 * same. */
static void wait_for_slot(struct worker *worker)
{
    CK_SLOT_ID slot;
    CK_RV rv;

    if (worker->index == 0) {
        rv = p11->C_WaitForSlotEvent(0, &slot, NULL);
        must_hold(worker, rv == CKR_CRYPTOKI_NOT_INITIALIZED);
    } else {
        must(worker, p11->C_Finalize(NULL));
    }
}

START_TEST(waiting_for_a_slot_ends_with_finalise)
{
    CK_SLOT_ID slot;

    if (differs("threads/slot-event")) {
        expect(CKR_FUNCTION_NOT_SUPPORTED, p11->C_WaitForSlotEvent(0, &slot, NULL));
        return;
    }
    for (int round = 0; round < 20; round++) {
        crew_run(2, wait_for_slot, NULL);
        ok(initialise());
    }
}
END_TEST

/* More calls that wait than may be under way at once (a client of huksd has 64 channels): others, and what
 * ends their waiting, come through. */
static void wait_in_a_crowd(struct worker *worker)
{
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;

    if (worker->index != 0) {
        must_hold(worker, p11->C_WaitForSlotEvent(0, &slot, NULL) == CKR_CRYPTOKI_NOT_INITIALIZED);
        return;
    }
    for (int round = 0; round < 200; round++) {
        must(worker, open_session(the_slot, 0, &session));
        must(worker, p11->C_CloseSession(session));
    }
    must(worker, p11->C_Finalize(NULL));
}

START_TEST(a_waiting_crowd_keeps_nobody)
{
    if (!differs("threads/slot-event")) {
        crew_run(90, wait_in_a_crowd, NULL);
        ok(initialise());
    }
}
END_TEST

/* The error record is the thread's own. */
static void fail_in_own_way(struct worker *worker)
{
    struct huks_error error;
    CK_BYTE byte;

    for (int round = 0; round < 50 * ROUNDS; round++) {
        if (worker->index % 2 == 0) {
            must_hold(worker, p11->C_GenerateRandom(NO_HANDLE, &byte, 1) == CKR_SESSION_HANDLE_INVALID);
            must(worker, huks->GetLastError(&error));
            must_hold(worker, error.rv == CKR_SESSION_HANDLE_INVALID && error.code == 12000011);
        } else {
            must(worker, p11->C_GenerateRandom(the_session, &byte, 1));
            must(worker, huks->GetLastError(&error));
            must_hold(worker, error.rv == CKR_OK && error.code == 0 && error.message[0] == '\0');
        }
    }
}

START_TEST(each_thread_has_its_error)
{
    if (!differs("general/interfaces")) {
        crew_run(CREW, fail_in_own_way, NULL);
    }
}
END_TEST

static Suite *threads_suite(void)
{
    Suite *suite = suite_create("threads");
    TCase *tcase = add_tcase(suite, "work", setup_user);

    tcase_add_loop_test(tcase, all_generate_sign_and_find, 0, 2);
    tcase_add_test(tcase, all_import);
    tcase_add_test(tcase, all_use_one_key);
    tcase_add_test(tcase, one_session_in_many_hands);
    tcase_add_test(tcase, each_thread_has_its_error);

    tcase = add_tcase(suite, "initialise", setup_loaded);
    tcase_add_test(tcase, all_initialise);

    tcase = add_tcase(suite, "races", setup_user);
    tcase_add_test(tcase, one_finalises_while_others_sign);
    tcase_add_test(tcase, initialise_and_finalise_against_use);
    tcase_add_test(tcase, logins_against_signatures);
    tcase_add_test(tcase, waiting_for_a_slot_ends_with_finalise);
    tcase_add_test(tcase, a_waiting_crowd_keeps_nobody);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, threads_suite());
}
