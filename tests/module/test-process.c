/*
 * Several processes on one token. The peers are this program started again
 * with "--peer": they load the module by themselves and do what is written to their standard input.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pipe2 */
#endif

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEERS = 8, MOST = PEERS * 1000 };

/* HUKS_TEST_LONG=1 (`make soak-crowd`): a thousand objects of each. */
static int portion(void)
{
    const char *mode = getenv("HUKS_TEST_LONG");

    return mode != NULL && strcmp(mode, "1") == 0 ? MOST / PEERS : 20;
}

/* ---- The peer ------------------------------------------------------------------------------------------ */

static CK_SESSION_HANDLE peer_session;
static CK_OBJECT_HANDLE peer_object;
static CK_ULONG peer_number; /* what a command tells beside its CKR_* */

static CK_RV peer_start(const char *label)
{
    CK_RV rv = initialise();

    if (rv == CKR_OK && !find_token(label, &the_slot)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    return rv == CKR_OK ? open_session(the_slot, CKF_RW_SESSION, &peer_session) : rv;
}

static CK_RV peer_create(const char *label, bool is_private, bool token)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL stored = token ? CK_TRUE : CK_FALSE;
    CK_BBOOL hidden = is_private ? CK_TRUE : CK_FALSE;
    CK_ATTRIBUTE t[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_TOKEN, &stored, sizeof stored},
        {CKA_PRIVATE, &hidden, sizeof hidden},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
        {CKA_VALUE, (void *)(uintptr_t)label, strlen(label)},
    };

    return p11->C_CreateObject(peer_session, t, 5, &peer_object);
}

static CK_RV peer_find(const char *label)
{
    CK_ATTRIBUTE attribute = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
    static CK_OBJECT_HANDLE found[MOST + 1];
    CK_RV rv = p11->C_FindObjectsInit(peer_session, &attribute, 1);

    if (rv == CKR_OK) {
        rv = p11->C_FindObjects(peer_session, found, MOST + 1, &peer_number);
        peer_object = peer_number > 0 ? found[0] : CK_INVALID_HANDLE;
    }
    return rv == CKR_OK ? p11->C_FindObjectsFinal(peer_session) : rv;
}

static CK_RV peer_many(const char *label)
{
    CK_RV rv = CKR_OK;

    for (int i = 0; i < portion() && rv == CKR_OK; i++) {
        rv = peer_create(label, false, true);
    }
    return rv;
}

static CK_RV peer_digest(void)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};

    return p11->C_DigestInit(peer_session, &sha);
}

static CK_RV peer_new_token(const char *label)
{
    CK_SLOT_ID slots[8];
    CK_TOKEN_INFO info;
    CK_ULONG count = 8;
    CK_RV rv = p11->C_GetSlotList(CK_FALSE, slots, &count);

    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_RV looked = p11->C_GetTokenInfo(slots[i], &info);

        if (looked != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
            return init_token(slots[i], SO_PIN, label);
        }
    }
    return rv == CKR_OK ? CKR_SLOT_ID_INVALID : rv;
}

static CK_RV peer_set_pin(const char *pin)
{
    return p11->C_SetPIN(peer_session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN),
                         (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

static CK_RV peer_obey(const char *command, const char *argument)
{
    CK_ULONG size;

    if (strcmp(command, "start") == 0) {
        return peer_start(argument);
    } else if (strcmp(command, "login") == 0) {
        return login(peer_session, CKU_USER, argument);
    } else if (strcmp(command, "create") == 0) {
        return peer_create(argument, false, true);
    } else if (strcmp(command, "create-private") == 0) {
        return peer_create(argument, true, true);
    } else if (strcmp(command, "create-session") == 0) {
        return peer_create(argument, false, false);
    } else if (strcmp(command, "many") == 0) {
        return peer_many(argument);
    } else if (strcmp(command, "find") == 0) {
        return peer_find(argument);
    } else if (strcmp(command, "destroy") == 0) {
        return p11->C_DestroyObject(peer_session, peer_object);
    } else if (strcmp(command, "size") == 0) {
        return p11->C_GetObjectSize(peer_session, peer_object, &size);
    } else if (strcmp(command, "digest") == 0) {
        return peer_digest();
    } else if (strcmp(command, "new-token") == 0) {
        return peer_new_token(argument);
    } else if (strcmp(command, "set-pin") == 0) {
        return peer_set_pin(argument);
    } else if (strcmp(command, "finalise") == 0) {
        return p11->C_Finalize(NULL);
    }
    return CKR_FUNCTION_NOT_SUPPORTED;
}

/* Ends with its input, without C_Finalize: what it has not closed by command stays as it is. */
static int peer_main(void)
{
    char line[256];
    char command[64];
    char argument[128];

    if (!harness_load()) {
        return 3;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        argument[0] = '\0';
        if (sscanf(line, "%63s %127[^\n]", command, argument) < 1) {
            return 4;
        }
        peer_number = 0;
        printf("%lu ", peer_obey(command, argument));
        printf("%lu\n", peer_number);
        fflush(stdout);
    }
    return 0;
}

/* ---- The test's end of it
 * ---------------------------------------------------------------------------------- */

struct peer {
    pid_t process;
    FILE *out;
    FILE *in;
    CK_ULONG number;
};

static void peer_spawn(struct peer *peer)
{
    int to[2];
    int from[2];

    ck_assert(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
    peer->process = fork();
    ck_assert(peer->process >= 0);
    if (peer->process == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl(harness_program(), harness_program(), "--peer", (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    peer->out = fdopen(to[1], "w");
    peer->in = fdopen(from[0], "r");
    ck_assert(peer->out != NULL && peer->in != NULL);
}

static void peer_say(struct peer *peer, const char *command, const char *argument)
{
    ck_assert(fprintf(peer->out, "%s %s\n", command, argument) > 0 && fflush(peer->out) == 0);
}

static CK_RV peer_hear(struct peer *peer)
{
    CK_RV rv;

    ck_assert_msg(fscanf(peer->in, "%lu %lu", &rv, &peer->number) == 2, "the peer died");
    return rv;
}

static CK_RV peer_ask(struct peer *peer, const char *command, const char *argument)
{
    peer_say(peer, command, argument);
    return peer_hear(peer);
}

static void peer_begin(struct peer *peer)
{
    peer_spawn(peer);
    expect(CKR_OK, peer_ask(peer, "start", TOKEN_LABEL));
}

static void check_left_well(pid_t process)
{
    int status = -1;

    ck_assert(waitpid(process, &status, 0) == process);
    ck_assert_msg(!WIFSIGNALED(status), "the process died of signal %d", WTERMSIG(status));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the process ended with %d",
                  WEXITSTATUS(status));
}

static void peer_end(struct peer *peer)
{
    fclose(peer->out);
    check_left_well(peer->process);
    fclose(peer->in);
}

static CK_ULONG count_label(const char *label)
{
    struct template t = {.count = 0};

    add_text(&t, CKA_LABEL, label);
    return count_objects(the_session, &t);
}

/* ---- Two on one token ------------------------------------------------------------------------------------
 */

START_TEST(created_and_destroyed_by_another)
{
    struct peer peer;
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_ULONG size;

    peer_begin(&peer);
    ck_assert_uint_eq(count_label("theirs"), 0);
    expect(CKR_OK, peer_ask(&peer, "create", "theirs"));
    ck_assert_uint_eq(count_label("theirs"), 1);
    add_text(&t, CKA_LABEL, "theirs");
    object = find_object(the_session, &t);
    ok(p11->C_GetObjectSize(the_session, object, &size));
    expect(CKR_OK, peer_ask(&peer, "destroy", ""));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, object, &size));
    ck_assert_uint_eq(count_label("theirs"), 0);
    /* What is made next does not come to live under the old handle. */
    expect(CKR_OK, peer_ask(&peer, "create", "next"));
    ck_assert_uint_eq(count_label("next"), 1);
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, object, &size));
    peer_end(&peer);
    ck_assert_uint_eq(count_label("next"), 1); /* a token object outlives its maker */
}
END_TEST

START_TEST(destroyed_under_the_peer)
{
    struct peer peer;
    struct template t = {.count = 0};

    add_bool(&t, CKA_TOKEN, true);
    make_data(the_session, "ours", &t);
    peer_begin(&peer);
    expect(CKR_OK, peer_ask(&peer, "find", "ours"));
    ck_assert_uint_eq(peer.number, 1);
    expect(CKR_OK, peer_ask(&peer, "size", ""));
    t.count = 0;
    add_text(&t, CKA_LABEL, "ours");
    ok(p11->C_DestroyObject(the_session, find_object(the_session, &t)));
    expect(CKR_OBJECT_HANDLE_INVALID, peer_ask(&peer, "size", ""));
    expect(CKR_OBJECT_HANDLE_INVALID, peer_ask(&peer, "destroy", ""));
    expect(CKR_OK, peer_ask(&peer, "find", "ours"));
    ck_assert_uint_eq(peer.number, 0);
    peer_end(&peer);
}
END_TEST

START_TEST(attributes_changed_by_another)
{
    struct peer peer;
    struct template t = {.count = 0};
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t) "renamed", 7};
    CK_OBJECT_HANDLE object;

    add_bool(&t, CKA_TOKEN, true);
    object = make_data(the_session, "ours", &t);
    peer_begin(&peer);
    expect(CKR_OK, peer_ask(&peer, "find", "ours"));
    ck_assert_uint_eq(peer.number, 1);
    ok(p11->C_SetAttributeValue(the_session, object, &label, 1));
    expect(CKR_OK, peer_ask(&peer, "find", "ours"));
    ck_assert_uint_eq(peer.number, 0);
    expect(CKR_OK, peer_ask(&peer, "find", "renamed"));
    ck_assert_uint_eq(peer.number, 1);
    peer_end(&peer);
}
END_TEST

START_TEST(session_objects_and_logins_are_ones_own)
{
    struct peer peer;

    peer_begin(&peer);
    expect(CKR_OK, peer_ask(&peer, "create-session", "fleeting"));
    ck_assert_uint_eq(count_label("fleeting"), 0);
    ck_assert_uint_eq(session_state(the_session), CKS_RW_USER_FUNCTIONS);
    expect(CKR_USER_NOT_LOGGED_IN, peer_ask(&peer, "create-private", "hidden"));
    expect(CKR_OK, peer_ask(&peer, "login", USER_PIN));
    expect(CKR_OK, peer_ask(&peer, "create-private", "hidden"));
    ck_assert_uint_eq(count_label("hidden"), 1);
    expect(CKR_OK, peer_ask(&peer, "finalise", ""));
    ck_assert_uint_eq(session_state(the_session), CKS_RW_USER_FUNCTIONS);
    ck_assert_uint_eq(count_label("hidden"), 1);
    peer_end(&peer);
}
END_TEST

START_TEST(pin_changed_by_another)
{
    struct peer peer;

    ok(p11->C_Logout(the_session));
    peer_begin(&peer);
    expect(CKR_OK, peer_ask(&peer, "login", USER_PIN));
    expect(CKR_OK, peer_ask(&peer, "set-pin", "other-secret-3"));
    if (differs("process/pin-changed-by-another")) {
        ok(login(the_session, CKU_USER, USER_PIN));
    } else {
        expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, USER_PIN));
        ok(login(the_session, CKU_USER, "other-secret-3"));
    }
    peer_end(&peer);
}
END_TEST

START_TEST(token_made_by_another)
{
    struct peer peer;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;

    peer_begin(&peer);
    ck_assert(!find_token("newcomer", &slot));
    expect(CKR_OK, peer_ask(&peer, "new-token", "newcomer"));
    if (differs("process/token-made-by-another")) {
        ck_assert(!find_token("newcomer", &slot));
    } else {
        ck_assert_msg(find_token("newcomer", &slot), "the new token does not show");
        ok(open_session(slot, CKF_RW_SESSION, &session));
        ok(login(session, CKU_SO, SO_PIN));
    }
    peer_end(&peer);
}
END_TEST

/* design.md 3: a session of any process keeps the token from being initialised. */
START_TEST(sessions_of_others_count)
{
    struct peer peer;

    peer_begin(&peer);
    ok(p11->C_CloseAllSessions(the_slot));
    if (differs("process/sessions-of-others")) {
        ok(init_token(the_slot, SO_PIN, "again"));
    } else {
        expect(CKR_SESSION_EXISTS, init_token(the_slot, SO_PIN, "again"));
        expect(CKR_OK, peer_ask(&peer, "finalise", ""));
        ok(init_token(the_slot, SO_PIN, "again"));
    }
    peer_end(&peer);
}
END_TEST

/* A session that died with its process does not. */
START_TEST(sessions_of_the_dead_do_not_count)
{
    struct peer peer;
    int status;

    peer_begin(&peer);
    ok(p11->C_CloseAllSessions(the_slot));
    kill(peer.process, SIGKILL);
    ck_assert(waitpid(peer.process, &status, 0) == peer.process);
    /* huksd's worker sees a moment later that nobody is there any more. */
    while (is_served() && init_token(the_slot, SO_PIN, "soon") == CKR_SESSION_EXISTS) {
        (void)usleep(1000);
    }
    ok(init_token(the_slot, SO_PIN, "again"));
    fclose(peer.in);
    fclose(peer.out);
}
END_TEST

START_TEST(many_processes_create_at_once)
{
    struct peer peers[PEERS];

    if (differs("process/parallel-creation")) {
        return;
    }
    for (int i = 0; i < PEERS; i++) {
        peer_begin(&peers[i]);
    }
    for (int i = 0; i < PEERS; i++) {
        peer_say(&peers[i], "many", "crowd");
    }
    for (int i = 0; i < PEERS; i++) {
        expect(CKR_OK, peer_hear(&peers[i]));
    }
    CK_ULONG all = (CK_ULONG)PEERS * (CK_ULONG)portion();
    ck_assert_uint_eq(count_label("crowd"), all);
    for (int i = 0; i < PEERS; i++) {
        expect(CKR_OK, peer_ask(&peers[i], "find", "crowd"));
        ck_assert_uint_eq(peers[i].number, all);
        peer_end(&peers[i]);
    }
    (void)printf("%d processes at once: %lu objects, no error\n", PEERS, all);
    (void)fflush(stdout);
}
END_TEST

/* Two find the same free slot empty: the second is tested against the first one's PIN, or comes too late. */
START_TEST(two_make_a_token_at_once)
{
    struct peer peers[2];
    CK_RV answers[2];
    CK_SLOT_ID slot;

    if (differs("process/token-made-by-another")) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        peer_begin(&peers[i]);
    }
    for (int i = 0; i < 2; i++) {
        peer_say(&peers[i], "new-token", i == 0 ? "one" : "two");
    }
    for (int i = 0; i < 2; i++) {
        answers[i] = peer_hear(&peers[i]);
        ck_assert_msg(answers[i] == CKR_OK, "peer %d: %s", i, ckr_name(answers[i]));
    }
    /* Either both made one, or the second initialised the first one's again: the PIN is the same. */
    ck_assert(find_token("one", &slot) || find_token("two", &slot));
    for (int i = 0; i < 2; i++) {
        peer_end(&peers[i]);
    }
}
END_TEST

/* ---- Leaving a process --------------------------------------------------------------------------------- */

START_TEST(leaving_in_the_middle)
{
    struct peer peer;

    peer_begin(&peer);
    expect(CKR_OK, peer_ask(&peer, "login", USER_PIN));
    expect(CKR_OK, peer_ask(&peer, "create-private", "left"));
    expect(CKR_OK, peer_ask(&peer, "digest", ""));
    peer_end(&peer); /* logged in, an operation begun, nothing closed */
    ck_assert_uint_eq(count_label("left"), 1);
}
END_TEST

static Suite *process_suite(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = add_tcase(suite, "shared token", setup_user);

    tcase_add_test(tcase, created_and_destroyed_by_another);
    tcase_add_test(tcase, destroyed_under_the_peer);
    tcase_add_test(tcase, attributes_changed_by_another);
    tcase_add_test(tcase, session_objects_and_logins_are_ones_own);
    tcase_add_test(tcase, pin_changed_by_another);
    tcase_add_test(tcase, token_made_by_another);
    tcase_add_test(tcase, sessions_of_others_count);
    tcase_add_test(tcase, sessions_of_the_dead_do_not_count);
    tcase_add_test(tcase, many_processes_create_at_once);
    tcase_add_test(tcase, two_make_a_token_at_once);

    tcase = add_tcase(suite, "leaving", setup_user);
    tcase_add_test(tcase, leaving_in_the_middle);
    return suite;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--peer") == 0) {
        return peer_main();
    }
    return harness_run(argc, argv, process_suite());
}
