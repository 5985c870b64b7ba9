/* Fork: the child is a stranger to the module until it initialises, the parent never notices. */
#include "harness.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 8, THREADS = 6 };

static struct pair make_token_pair(void)
{
    struct template token = {.count = 0};

    add_bool(&token, CKA_TOKEN, true);
    return generate_ec(the_session, CURVE_P256, &token);
}

static CK_RV sign_hash(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {7};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    CK_RV rv = p11->C_SignInit(session, &mechanism, key);

    return rv == CKR_OK ? p11->C_Sign(session, hash, sizeof hash, signature, &length) : rv;
}

static CK_RV find_private_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
    CK_ULONG count = 0;
    CK_RV rv = p11->C_FindObjectsInit(session, &attribute, 1);

    *key = CK_INVALID_HANDLE;
    if (rv == CKR_OK) {
        rv = p11->C_FindObjects(session, key, 1, &count);
    }
    if (rv == CKR_OK) {
        rv = p11->C_FindObjectsFinal(session);
    }
    return rv == CKR_OK && count != 1 ? CKR_KEY_HANDLE_INVALID : rv;
}

/* What nginx's workers do: initialise again, log in, find the key, sign, leave. */
static void use_the_token(void *context)
{
    const int *rounds = context;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_SLOT_ID slot;

    child_expect(CKR_OK, initialise());
    child_holds(find_token(TOKEN_LABEL, &slot));
    child_expect(CKR_OK, open_session(slot, CKF_RW_SESSION, &session));
    child_expect(CKR_OK, login(session, CKU_USER, USER_PIN));
    child_expect(CKR_OK, find_private_key(session, &key));
    for (int i = 0; i < (rounds == NULL ? 1 : *rounds); i++) {
        child_expect(CKR_OK, sign_hash(session, key));
    }
    child_expect(CKR_OK, p11->C_Finalize(NULL));
}

#define DEAD(call) child_expect(CKR_CRYPTOKI_NOT_INITIALIZED, call)

static void call_everything(void *context)
{
    CK_BYTE bytes[64] = {0};
    CK_ULONG n = sizeof bytes;
    CK_SESSION_HANDLE s = the_session;
    CK_OBJECT_HANDLE o = 1;
    CK_MECHANISM m = {CKM_SHA256, NULL, 0};
    CK_ATTRIBUTE a = {CKA_LABEL, bytes, 1};
    CK_INFO info;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;
    CK_SESSION_INFO session_info;
    CK_MECHANISM_INFO mechanism_info;

    (void)context;
    DEAD(p11->C_GetInfo(&info));
    DEAD(p11->C_GetSlotList(CK_FALSE, NULL, &n));
    DEAD(p11->C_GetSlotInfo(the_slot, &slot_info));
    DEAD(p11->C_GetTokenInfo(the_slot, &token_info));
    DEAD(p11->C_GetMechanismList(the_slot, NULL, &n));
    DEAD(p11->C_GetMechanismInfo(the_slot, CKM_SHA256, &mechanism_info));
    DEAD(p11->C_InitToken(the_slot, bytes, 4, bytes));
    DEAD(p11->C_InitPIN(s, bytes, 4));
    DEAD(p11->C_SetPIN(s, bytes, 4, bytes, 4));
    DEAD(p11->C_OpenSession(the_slot, CKF_SERIAL_SESSION, NULL, NULL, &s));
    DEAD(p11->C_CloseSession(s));
    DEAD(p11->C_CloseAllSessions(the_slot));
    DEAD(p11->C_GetSessionInfo(s, &session_info));
    DEAD(p11->C_GetOperationState(s, bytes, &n));
    DEAD(p11->C_SetOperationState(s, bytes, n, 0, 0));
    DEAD(p11->C_Login(s, CKU_USER, bytes, 4));
    DEAD(p11->C_Logout(s));
    DEAD(p11->C_CreateObject(s, &a, 1, &o));
    DEAD(p11->C_CopyObject(s, o, &a, 1, &o));
    DEAD(p11->C_DestroyObject(s, o));
    DEAD(p11->C_GetObjectSize(s, o, &n));
    DEAD(p11->C_GetAttributeValue(s, o, &a, 1));
    DEAD(p11->C_SetAttributeValue(s, o, &a, 1));
    DEAD(p11->C_FindObjectsInit(s, &a, 1));
    DEAD(p11->C_FindObjects(s, &o, 1, &n));
    DEAD(p11->C_FindObjectsFinal(s));
    DEAD(p11->C_EncryptInit(s, &m, o));
    DEAD(p11->C_Encrypt(s, bytes, 1, bytes, &n));
    DEAD(p11->C_EncryptUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_EncryptFinal(s, bytes, &n));
    DEAD(p11->C_DecryptInit(s, &m, o));
    DEAD(p11->C_Decrypt(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DecryptUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DecryptFinal(s, bytes, &n));
    DEAD(p11->C_DigestInit(s, &m));
    DEAD(p11->C_Digest(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DigestUpdate(s, bytes, 1));
    DEAD(p11->C_DigestKey(s, o));
    DEAD(p11->C_DigestFinal(s, bytes, &n));
    DEAD(p11->C_SignInit(s, &m, o));
    DEAD(p11->C_Sign(s, bytes, 1, bytes, &n));
    DEAD(p11->C_SignUpdate(s, bytes, 1));
    DEAD(p11->C_SignFinal(s, bytes, &n));
    DEAD(p11->C_SignRecoverInit(s, &m, o));
    DEAD(p11->C_SignRecover(s, bytes, 1, bytes, &n));
    DEAD(p11->C_VerifyInit(s, &m, o));
    DEAD(p11->C_Verify(s, bytes, 1, bytes, 1));
    DEAD(p11->C_VerifyUpdate(s, bytes, 1));
    DEAD(p11->C_VerifyFinal(s, bytes, 1));
    DEAD(p11->C_VerifyRecoverInit(s, &m, o));
    DEAD(p11->C_VerifyRecover(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DigestEncryptUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DecryptDigestUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_SignEncryptUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_DecryptVerifyUpdate(s, bytes, 1, bytes, &n));
    DEAD(p11->C_GenerateKey(s, &m, &a, 1, &o));
    DEAD(p11->C_GenerateKeyPair(s, &m, &a, 1, &a, 1, &o, &o));
    DEAD(p11->C_WrapKey(s, &m, o, o, bytes, &n));
    DEAD(p11->C_UnwrapKey(s, &m, o, bytes, 1, &a, 1, &o));
    DEAD(p11->C_DeriveKey(s, &m, o, &a, 1, &o));
    DEAD(p11->C_SeedRandom(s, bytes, 1));
    DEAD(p11->C_GenerateRandom(s, bytes, 1));
    DEAD(p11->C_GetFunctionStatus(s));
    DEAD(p11->C_CancelFunction(s));
    DEAD(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &the_slot, NULL));
    DEAD(p11->C_Finalize(NULL));
}

START_TEST(child_is_not_initialised)
{
    if (!differs("fork/child-not-initialised")) {
        child_run(call_everything, NULL);
    }
}
END_TEST

static void look_at_the_lists(void *context)
{
    CK_C_GetFunctionList get_list;
    get_interface_function get_interface;
    struct interface *found = NULL;
    CK_FUNCTION_LIST *list = NULL;

    (void)context;
    *(void **)&get_list = module_symbol("C_GetFunctionList");
    child_expect(CKR_OK, get_list(&list));
    child_holds(list == p11);
    *(void **)&get_interface = module_symbol("C_GetInterface");
    if (get_interface != NULL) {
        child_expect(CKR_OK, get_interface(NULL, NULL, &found, 0));
        child_holds(found != NULL && found->functions != NULL);
    }
}

START_TEST(child_may_ask_for_the_lists)
{
    child_run(look_at_the_lists, NULL);
}
END_TEST

static void be_initialised_already(void *context)
{
    (void)context;
    child_expect(CKR_CRYPTOKI_ALREADY_INITIALIZED, initialise());
}

START_TEST(child_initialises_and_works)
{
    make_token_pair();
    if (differs("fork/child-initialises")) {
        child_run(be_initialised_already, NULL);
        return;
    }
    child_run(use_the_token, NULL);
    ok(sign_hash(the_session, make_token_pair().private_key));
}
END_TEST

static void use_it_in_a_grandchild(void *context)
{
    child_expect(CKR_OK, initialise());
    child_run(use_the_token, context);
    child_expect(CKR_OK, p11->C_Finalize(NULL));
    child_run(use_the_token, context);
}

START_TEST(grandchildren)
{
    make_token_pair();
    if (!differs("fork/child-initialises")) {
        child_run(use_it_in_a_grandchild, NULL);
    }
}
END_TEST

/* The parent's login, search, digest and signature go on as if nothing had been. */
START_TEST(parent_is_undisturbed)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_SESSION_HANDLE other = open_rw();
    struct pair pair = make_token_pair();
    CK_OBJECT_HANDLE mac = import_secret(the_session, CKK_GENERIC_SECRET, "a secret", 8, NULL);
    CK_OBJECT_HANDLE found;
    CK_BYTE data[64] = {1};
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_ULONG count = 0;

    if (differs("fork/child-initialises")) {
        return;
    }
    ok(p11->C_DigestInit(other, &sha));
    ok(p11->C_DigestUpdate(other, data, sizeof data));
    ok(p11->C_SignInit(the_session, &hmac, mac));
    ok(p11->C_SignUpdate(the_session, data, sizeof data));
    ok(p11->C_FindObjectsInit(the_session, NULL, 0));
    child_run(use_the_token, NULL);
    child_run(call_everything, NULL);
    ok(p11->C_FindObjects(the_session, &found, 1, &count));
    ck_assert_uint_eq(count, 1);
    ok(p11->C_FindObjectsFinal(the_session));
    ok(p11->C_DigestUpdate(other, data, sizeof data));
    ok(p11->C_DigestFinal(other, out, &length));
    length = sizeof out;
    ok(p11->C_SignUpdate(the_session, data, sizeof data));
    ok(p11->C_SignFinal(the_session, out, &length));
    ck_assert_uint_eq(session_state(the_session), CKS_RW_USER_FUNCTIONS);
    ok(sign_hash(the_session, pair.private_key));
}
END_TEST

static void leave_at_once(void *context)
{
    (void)context;
}

static void leave_initialised(void *context)
{
    (void)context;
    child_expect(CKR_OK, initialise());
    exit(EXIT_SUCCESS); /* without C_Finalize, through every exit handler */
}

START_TEST(children_that_leave_early)
{
    struct pair pair = make_token_pair();

    for (int i = 0; i < 5; i++) {
        child_run(leave_at_once, NULL);
    }
    if (!differs("fork/child-initialises")) {
        child_run(leave_initialised, NULL);
    }
    ok(sign_hash(the_session, pair.private_key));
}
END_TEST

START_TEST(fork_before_initialise)
{
    CK_SLOT_ID slot;

    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &slot));
    the_session = CK_INVALID_HANDLE;
    ok(p11->C_Finalize(NULL));
    child_run(leave_initialised, NULL);
    ok(initialise());
}
END_TEST

/* nginx: the master initialises and logs in, the workers start over, all of them at once. */
START_TEST(workers_of_one_master)
{
    int rounds = 40;
    pid_t children[CHILDREN];

    make_token_pair();
    if (differs("fork/child-initialises")) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        ck_assert(children[i] >= 0);
        if (children[i] == 0) {
            use_the_token(&rounds);
            _exit(EXIT_SUCCESS);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        ck_assert(waitpid(children[i], &status, 0) == children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "worker %d: status 0x%x", i,
                      (unsigned)status);
    }
    ok(sign_hash(the_session, make_token_pair().private_key));
}
END_TEST

/* ---- Fork while threads hold every lock there is
 * ------------------------------------------------------------ */

struct turmoil {
    CK_OBJECT_HANDLE key;
    atomic_bool stop;
    atomic_int turns;
};

static void make_turmoil(struct worker *worker)
{
    struct turmoil *turmoil = worker->context;
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes}};
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    CK_BYTE byte;

    if (worker->index == 0) { /* the one that forks; the others keep at it until it is done */
        while (atomic_load(&turmoil->turns) < THREADS) {
            usleep(100);
        }
        for (int i = 0; i < 20; i++) {
            int status = -1;
            pid_t child = fork();

            if (child == 0) {
                use_the_token(NULL);
                _exit(EXIT_SUCCESS);
            }
            waitpid(child, &status, 0);
            if (status != 0) {
                worker_fail(worker, (CK_RV)status, "a child failed", __LINE__);
                break;
            }
        }
        atomic_store(&turmoil->stop, true);
        return;
    }
    must(worker, open_session(the_slot, CKF_RW_SESSION, &session));
    while (!atomic_load(&turmoil->stop)) {
        must(worker, sign_hash(session, turmoil->key));
        must(worker, p11->C_GenerateRandom(session, &byte, 1));
        must(worker, p11->C_CreateObject(session, t, 2, &object));
        must(worker, p11->C_DestroyObject(session, object));
        atomic_fetch_add(&turmoil->turns, 1);
    }
}

START_TEST(fork_among_busy_threads)
{
    struct turmoil turmoil;

    const char *sanitizer = getenv("HUKS_SANITIZER");
    if (sanitizer != NULL && sanitizer[0] != '\0') {
        return; /* the sanitizers' own allocators do not survive a fork among busy threads */
    }

    if (differs("fork/busy-threads")) {
        return;
    }
    turmoil.key = make_token_pair().private_key;
    atomic_init(&turmoil.stop, false);
    atomic_init(&turmoil.turns, 0);
    crew_run(THREADS, make_turmoil, &turmoil);
    ok(sign_hash(the_session, turmoil.key));
}
END_TEST

/* ---- Random bytes
 * ------------------------------------------------------------------------------------------ */

static int random_pipe[2];

static void tell_random(void *context)
{
    CK_SESSION_HANDLE session;
    CK_BYTE bytes[32];
    CK_SLOT_ID slot;

    (void)context;
    if (!is_reference()) {
        child_expect(CKR_OK, initialise());
    }
    child_holds(find_token(TOKEN_LABEL, &slot));
    child_expect(CKR_OK, open_session(slot, 0, &session));
    child_expect(CKR_OK, p11->C_GenerateRandom(session, bytes, sizeof bytes));
    child_holds(write(random_pipe[1], bytes, sizeof bytes) == sizeof bytes);
}

START_TEST(children_draw_other_bytes)
{
    CK_BYTE draws[4][32];
    CK_BYTE first[32];

    ok(p11->C_GenerateRandom(the_session, first, sizeof first)); /* fills what may be buffered */
    ck_assert(pipe(random_pipe) == 0);
    for (int i = 0; i < 3; i++) {
        child_run(tell_random, NULL);
        ck_assert(read(random_pipe[0], draws[i], 32) == 32);
    }
    ok(p11->C_GenerateRandom(the_session, draws[3], 32));
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            ck_assert_msg(memcmp(draws[i], draws[j], 32) != 0, "draws %d and %d are equal", i, j);
        }
    }
    close(random_pipe[0]);
    close(random_pipe[1]);
}
END_TEST

static Suite *fork_suite(void)
{
    Suite *suite = suite_create("fork");
    TCase *tcase = add_tcase(suite, "child", setup_user);

    tcase_add_test(tcase, child_is_not_initialised);
    tcase_add_test(tcase, child_may_ask_for_the_lists);
    tcase_add_test(tcase, child_initialises_and_works);
    tcase_add_test(tcase, grandchildren);
    tcase_add_test(tcase, children_draw_other_bytes);

    tcase = add_tcase(suite, "parent", setup_user);
    tcase_add_test(tcase, parent_is_undisturbed);
    tcase_add_test(tcase, children_that_leave_early);
    tcase_add_test(tcase, workers_of_one_master);
    tcase_add_test(tcase, fork_among_busy_threads);

    tcase = add_tcase(suite, "early", setup_loaded);
    tcase_add_test(tcase, fork_before_initialise);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, fork_suite());
}
