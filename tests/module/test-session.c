/* Sessions, login states and what each state allows. */
#include "harness.h"

#include <string.h>

enum { MANY_SESSIONS = 3000 };

static CK_RV create_token_data(CK_SESSION_HANDLE session, bool is_private)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_PRIVATE, is_private);
    add_text(&t, CKA_VALUE, "x");
    return create_object(session, &t, &object);
}

START_TEST(open_and_close)
{
    CK_SESSION_HANDLE first = open_rw();
    CK_SESSION_HANDLE second = open_ro();
    CK_SESSION_INFO info;

    ck_assert_uint_ne(first, second);
    memset(&info, 0xee, sizeof info);
    ok(p11->C_GetSessionInfo(first, &info));
    ck_assert_uint_eq(info.slotID, the_slot);
    ck_assert_uint_eq(info.state, CKS_RW_PUBLIC_SESSION);
    ck_assert_uint_eq(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
    ck_assert_uint_eq(info.ulDeviceError, 0);
    ok(p11->C_GetSessionInfo(second, &info));
    ck_assert_uint_eq(info.state, CKS_RO_PUBLIC_SESSION);
    ck_assert_uint_eq(info.flags, CKF_SERIAL_SESSION);
    ok(p11->C_CloseSession(first));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_GetSessionInfo(first, &info));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_CloseSession(first));
    ok(p11->C_GetSessionInfo(second, &info));
}
END_TEST

START_TEST(open_that_must_fail)
{
    CK_SESSION_HANDLE session;
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;

    expect(CKR_SESSION_PARALLEL_NOT_SUPPORTED, p11->C_OpenSession(the_slot, 0, NULL, NULL, &session));
    expect(CKR_SESSION_PARALLEL_NOT_SUPPORTED,
           p11->C_OpenSession(the_slot, CKF_RW_SESSION, NULL, NULL, &session));
    expect(CKR_SLOT_ID_INVALID, p11->C_OpenSession(NO_HANDLE, flags, NULL, NULL, &session));
    expect(CKR_ARGUMENTS_BAD, p11->C_OpenSession(the_slot, flags, NULL, NULL, NULL));
    expect(CKR_SLOT_ID_INVALID, p11->C_CloseAllSessions(NO_HANDLE));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_CloseSession(CK_INVALID_HANDLE));
}
END_TEST

START_TEST(close_all)
{
    CK_SESSION_HANDLE sessions[5];
    CK_SESSION_INFO info;

    for (int i = 0; i < 5; i++) {
        sessions[i] = i % 2 == 0 ? open_rw() : open_ro();
    }
    ok(login(sessions[0], CKU_USER, USER_PIN));
    ok(p11->C_CloseAllSessions(the_slot));
    for (int i = 0; i < 5; i++) {
        expect(CKR_SESSION_HANDLE_INVALID, p11->C_GetSessionInfo(sessions[i], &info));
    }
    ok(p11->C_CloseAllSessions(the_slot)); /* none left is no error */
    ck_assert_uint_eq(session_state(open_rw()), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(thousands_of_sessions)
{
    static CK_SESSION_HANDLE sessions[MANY_SESSIONS];
    CK_SESSION_HANDLE again;
    CK_SESSION_INFO info;

    for (int i = 0; i < MANY_SESSIONS; i++) {
        sessions[i] = open_rw();
    }
    ok(login(sessions[0], CKU_USER, USER_PIN));
    ck_assert_uint_eq(session_state(sessions[MANY_SESSIONS - 1]), CKS_RW_USER_FUNCTIONS);
    for (int i = 0; i < MANY_SESSIONS; i += 2) {
        ok(p11->C_CloseSession(sessions[i]));
    }
    for (int i = 0; i < MANY_SESSIONS; i++) {
        CK_RV rv = p11->C_GetSessionInfo(sessions[i], &info);

        ck_assert_msg(rv == (i % 2 == 0 ? CKR_SESSION_HANDLE_INVALID : CKR_OK), "%d: %s", i, ckr_name(rv));
    }
    again = open_rw();
    for (int i = 1; i < MANY_SESSIONS; i += 2) {
        ck_assert_uint_ne(again, sessions[i]);
    }
    ok(p11->C_CloseAllSessions(the_slot));
}
END_TEST

START_TEST(opening_and_closing_leaves_nothing)
{
    for (int i = 0; i < 5000; i++) {
        ok(p11->C_CloseSession(open_ro()));
    }
}
END_TEST

/* PKCS #11 2.40, 2.4: one login for all sessions of an application with a token. */
START_TEST(login_moves_every_session)
{
    CK_SESSION_HANDLE rw = open_rw();
    CK_SESSION_HANDLE ro = open_ro();

    ok(login(ro, CKU_USER, USER_PIN));
    ck_assert_uint_eq(session_state(rw), CKS_RW_USER_FUNCTIONS);
    ck_assert_uint_eq(session_state(ro), CKS_RO_USER_FUNCTIONS);
    ck_assert_uint_eq(session_state(open_rw()), CKS_RW_USER_FUNCTIONS);
    ck_assert_uint_eq(session_state(open_ro()), CKS_RO_USER_FUNCTIONS);
    ok(p11->C_Logout(rw));
    ck_assert_uint_eq(session_state(rw), CKS_RW_PUBLIC_SESSION);
    ck_assert_uint_eq(session_state(ro), CKS_RO_PUBLIC_SESSION);
}
END_TEST

START_TEST(login_that_must_fail)
{
    CK_SESSION_HANDLE rw = open_rw();
    CK_UTF8CHAR pin[] = USER_PIN;

    expect_id("session/logout-without-login", CKR_USER_NOT_LOGGED_IN, p11->C_Logout(rw));
    expect(CKR_USER_TYPE_INVALID, login(rw, 17, USER_PIN));
    expect(CKR_PIN_INCORRECT, login(rw, CKU_USER, "wrong-pin"));
    expect(CKR_PIN_INCORRECT, p11->C_Login(rw, CKU_USER, pin, strlen(USER_PIN) - 1));
    expect(CKR_ARGUMENTS_BAD, p11->C_Login(rw, CKU_USER, NULL, 0));
    expect(CKR_ARGUMENTS_BAD, p11->C_Login(rw, CKU_SO, NULL, 4));
    expect(CKR_SESSION_HANDLE_INVALID, login(NO_HANDLE, CKU_USER, USER_PIN));
    ck_assert_uint_eq(session_state(rw), CKS_RW_PUBLIC_SESSION);
    ok(login(rw, CKU_USER, USER_PIN));
    expect(CKR_USER_ALREADY_LOGGED_IN, login(rw, CKU_USER, USER_PIN));
    expect(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, login(rw, CKU_SO, SO_PIN));
    ok(p11->C_Logout(rw));
    expect_id("session/logout-without-login", CKR_USER_NOT_LOGGED_IN, p11->C_Logout(rw));
    ok(login(rw, CKU_SO, SO_PIN));
    expect(CKR_USER_ALREADY_LOGGED_IN, login(rw, CKU_SO, SO_PIN));
    expect(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, login(rw, CKU_USER, USER_PIN));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_Logout(NO_HANDLE));
}
END_TEST

/* design.md 7: a context login needs a pending operation of a key that asks for it. */
START_TEST(context_login_without_an_operation)
{
    CK_SESSION_HANDLE rw = open_rw();

    ok(login(rw, CKU_USER, USER_PIN));
    expect(CKR_OPERATION_NOT_INITIALIZED, login(rw, CKU_CONTEXT_SPECIFIC, USER_PIN));
}
END_TEST

/* design.md 7: the right PIN renews the time, the wrong one counts; the state stays as it is. */
START_TEST(second_login_tests_the_pin)
{
    CK_SESSION_HANDLE rw = open_rw();

    ok(login(rw, CKU_USER, USER_PIN));
    expect_id("session/second-login-wrong-pin", CKR_PIN_INCORRECT, login(rw, CKU_USER, "wrong-pin"));
    holds("session/second-login-counts", (token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) != 0);
    ck_assert_uint_eq(session_state(rw), CKS_RW_USER_FUNCTIONS);
    expect(CKR_USER_ALREADY_LOGGED_IN, login(rw, CKU_USER, USER_PIN));
    holds("session/second-login-right", (token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) == 0);
}
END_TEST

START_TEST(officer_and_read_only_sessions_exclude_each_other)
{
    CK_SESSION_HANDLE rw = open_rw();
    CK_SESSION_HANDLE ro = open_ro();
    CK_SESSION_HANDLE other;

    expect(CKR_SESSION_READ_ONLY_EXISTS, login(rw, CKU_SO, SO_PIN));
    expect(CKR_SESSION_READ_ONLY_EXISTS, login(ro, CKU_SO, SO_PIN));
    ok(p11->C_CloseSession(ro));
    ok(login(rw, CKU_SO, SO_PIN));
    ck_assert_uint_eq(session_state(rw), CKS_RW_SO_FUNCTIONS);
    ck_assert_uint_eq(session_state(open_rw()), CKS_RW_SO_FUNCTIONS);
    expect(CKR_SESSION_READ_WRITE_SO_EXISTS, open_session(the_slot, 0, &other));
    ok(p11->C_Logout(rw));
    open_ro();
}
END_TEST

START_TEST(closing_the_last_session_logs_out)
{
    CK_SESSION_HANDLE first = open_rw();
    CK_SESSION_HANDLE second = open_rw();

    ok(login(first, CKU_USER, USER_PIN));
    ok(p11->C_CloseSession(first));
    ck_assert_uint_eq(session_state(second), CKS_RW_USER_FUNCTIONS);
    ok(p11->C_CloseSession(second));
    ck_assert_uint_eq(session_state(open_rw()), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(finalise_logs_out)
{
    ok(login(open_rw(), CKU_USER, USER_PIN));
    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    ck_assert_uint_eq(session_state(open_rw()), CKS_RW_PUBLIC_SESSION);
}
END_TEST

/* PKCS #11 2.40, table 6: who may create which object where. */
START_TEST(read_only_sessions_write_no_token_object)
{
    CK_SESSION_HANDLE rw = open_rw();
    CK_SESSION_HANDLE ro = open_ro();
    struct template token = {.count = 0};
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t) "new", 3};
    CK_OBJECT_HANDLE object;
    CK_OBJECT_HANDLE copy;

    add_bool(&token, CKA_TOKEN, true);
    object = make_data(rw, "old", &token);
    expect(CKR_SESSION_READ_ONLY, create_token_data(ro, false));
    expect(CKR_SESSION_READ_ONLY, p11->C_SetAttributeValue(ro, object, &label, 1));
    expect(CKR_SESSION_READ_ONLY, p11->C_DestroyObject(ro, object));
    expect(CKR_SESSION_READ_ONLY, p11->C_CopyObject(ro, object, &label, 1, &copy));
    make_data(ro, "session objects are allowed", NULL);
    ok(login(ro, CKU_USER, USER_PIN));
    expect(CKR_SESSION_READ_ONLY, create_token_data(ro, false));
    expect(CKR_SESSION_READ_ONLY, create_token_data(ro, true));
    expect(CKR_SESSION_READ_ONLY, p11->C_DestroyObject(ro, object));
    ok(p11->C_DestroyObject(rw, object));
}
END_TEST

START_TEST(private_objects_need_the_user)
{
    CK_SESSION_HANDLE rw = open_rw();

    expect(CKR_USER_NOT_LOGGED_IN, create_token_data(rw, true));
    ok(create_token_data(rw, false));
    ok(login(rw, CKU_SO, SO_PIN));
    expect(CKR_USER_NOT_LOGGED_IN, create_token_data(rw, true));
    ok(create_token_data(rw, false));
    ok(p11->C_Logout(rw));
    ok(login(rw, CKU_USER, USER_PIN));
    ok(create_token_data(rw, true));
}
END_TEST

START_TEST(session_objects_end_with_their_session)
{
    CK_SESSION_HANDLE first = open_rw();
    CK_SESSION_HANDLE second = open_rw();
    struct template label = {.count = 0};

    add_text(&label, CKA_LABEL, "fleeting");
    make_data(first, "fleeting", NULL);
    ck_assert_uint_eq(count_objects(second, &label), 1); /* seen by all sessions of the application */
    ok(p11->C_CloseSession(first));
    ck_assert_uint_eq(count_objects(second, &label), 0);
}
END_TEST

START_TEST(private_session_objects_end_with_the_login)
{
    CK_SESSION_HANDLE rw = open_rw();
    struct template is_private = {.count = 0};
    struct template label = {.count = 0};

    add_bool(&is_private, CKA_PRIVATE, true);
    add_text(&label, CKA_LABEL, "fleeting");
    ok(login(rw, CKU_USER, USER_PIN));
    make_data(rw, "fleeting", &is_private);
    make_data(rw, "lasting", NULL);
    ok(p11->C_Logout(rw));
    ok(login(rw, CKU_USER, USER_PIN));
    ck_assert_uint_eq(count_objects(rw, &label), 0);
    add_text(&label, CKA_LABEL, "lasting");
    ck_assert_uint_eq(count_objects(rw, &label), 1);
}
END_TEST

/* PKCS #11 2.40, 5.6: C_Logout makes handles of private objects invalid, for good. */
START_TEST(private_handles_end_with_the_login)
{
    CK_SESSION_HANDLE rw = open_rw();
    struct template is_private = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_ULONG size;

    add_bool(&is_private, CKA_PRIVATE, true);
    add_bool(&is_private, CKA_TOKEN, true);
    ok(login(rw, CKU_USER, USER_PIN));
    object = make_data(rw, "kept", &is_private);
    ok(p11->C_Logout(rw));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(rw, object, &size));
    ok(login(rw, CKU_USER, USER_PIN));
    expect_id("session/old-handle-after-login", CKR_OBJECT_HANDLE_INVALID,
              p11->C_GetObjectSize(rw, object, &size));
}
END_TEST

START_TEST(logout_ends_operations_with_private_keys)
{
    CK_SESSION_HANDLE rw = open_rw();
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE data[16] = {0};
    CK_BYTE out[16];
    CK_ULONG length = sizeof out;

    ok(login(rw, CKU_USER, USER_PIN));
    ok(p11->C_EncryptInit(rw, &ecb, import_aes(rw, 16, NULL)));
    ok(p11->C_Logout(rw));
    expect_id("session/logout-ends-operations", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_Encrypt(rw, data, sizeof data, out, &length));
}
END_TEST

/* design.md 3: the HUKS code of the session's last failed call; its last call's success clears it. */
START_TEST(device_error_is_the_sessions_last_failure)
{
    CK_SESSION_HANDLE first = open_rw();
    CK_SESSION_HANDLE second = open_rw();
    CK_SESSION_INFO info;
    CK_BYTE byte;

    if (differs("session/device-error")) {
        return;
    }
    expect(CKR_USER_NOT_LOGGED_IN, p11->C_Logout(first));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_SignUpdate(second, &byte, 1));
    ok(p11->C_GetSessionInfo(first, &info));
    ck_assert_uint_eq(info.ulDeviceError, 12000008);
    ok(p11->C_GetSessionInfo(second, &info));
    ck_assert_uint_eq(info.ulDeviceError, 12000018);
    expect(CKR_USER_NOT_LOGGED_IN, p11->C_Logout(first));
    ok(p11->C_GenerateRandom(first, &byte, 1));
    ok(p11->C_GetSessionInfo(first, &info));
    ck_assert_uint_eq(info.ulDeviceError, 0);
}
END_TEST

/* ---- Two threads log in at once ------------------------------------------------------------------------ */

struct race {
    CK_SESSION_HANDLE sessions[2];
    CK_RV answers[2];
};

static void log_in(struct worker *worker)
{
    struct race *race = worker->context;

    race->answers[worker->index] = login(race->sessions[worker->index], CKU_USER, USER_PIN);
}

START_TEST(two_threads_log_in_at_once)
{
    for (int i = 0; i < 10; i++) {
        struct race race = {{open_rw(), open_rw()}, {CKR_OK, CKR_OK}};
        CK_RV other;

        crew_run(2, log_in, &race);
        other = race.answers[0] == CKR_OK ? race.answers[1] : race.answers[0];
        ck_assert_msg(race.answers[0] == CKR_OK || race.answers[1] == CKR_OK, "%s, %s",
                      ckr_name(race.answers[0]), ckr_name(race.answers[1]));
        ck_assert_msg(other == CKR_USER_ALREADY_LOGGED_IN, "the slower one got %s", ckr_name(other));
        ck_assert_uint_eq(session_state(race.sessions[0]), CKS_RW_USER_FUNCTIONS);
        ck_assert_uint_eq(session_state(race.sessions[1]), CKS_RW_USER_FUNCTIONS);
        ok(create_token_data(race.sessions[0], true));
        ok(create_token_data(race.sessions[1], true));
        ck_assert_uint_eq(token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW, 0);
        ok(p11->C_CloseAllSessions(the_slot));
    }
}
END_TEST

static Suite *session_suite(void)
{
    Suite *suite = suite_create("session");
    TCase *tcase = add_tcase(suite, "open", setup_initialised);

    tcase_add_test(tcase, open_and_close);
    tcase_add_test(tcase, open_that_must_fail);
    tcase_add_test(tcase, close_all);
    tcase_add_test(tcase, thousands_of_sessions);
    tcase_add_test(tcase, opening_and_closing_leaves_nothing);
    tcase_add_test(tcase, device_error_is_the_sessions_last_failure);

    tcase = add_tcase(suite, "login", setup_initialised);
    tcase_add_test(tcase, login_moves_every_session);
    tcase_add_test(tcase, login_that_must_fail);
    tcase_add_test(tcase, context_login_without_an_operation);
    tcase_add_test(tcase, second_login_tests_the_pin);
    tcase_add_test(tcase, officer_and_read_only_sessions_exclude_each_other);
    tcase_add_test(tcase, closing_the_last_session_logs_out);
    tcase_add_test(tcase, finalise_logs_out);
    tcase_add_test(tcase, two_threads_log_in_at_once);

    tcase = add_tcase(suite, "states", setup_initialised);
    tcase_add_test(tcase, read_only_sessions_write_no_token_object);
    tcase_add_test(tcase, private_objects_need_the_user);
    tcase_add_test(tcase, session_objects_end_with_their_session);
    tcase_add_test(tcase, private_session_objects_end_with_the_login);
    tcase_add_test(tcase, private_handles_end_with_the_login);
    tcase_add_test(tcase, logout_ends_operations_with_private_keys);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, session_suite());
}
