/* PINs: C_InitPIN, C_SetPIN, wrong tries and the flags that tell of them. */
#include "harness.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/native/conditions.h"

#define OTHER_PIN "another-secret-2"

enum { PIN_TRIES = 10 }; /* design.md 3: pin_tries */

#define ALL_USER_PIN_FLAGS (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)
#define ALL_SO_PIN_FLAGS   (CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)

static CK_RV set_pin(CK_SESSION_HANDLE session, const char *old_pin, const char *new_pin)
{
    return p11->C_SetPIN(session, (CK_UTF8CHAR *)(uintptr_t)old_pin, strlen(old_pin),
                         (CK_UTF8CHAR *)(uintptr_t)new_pin, strlen(new_pin));
}

static CK_RV init_pin(CK_SESSION_HANDLE session, const char *pin)
{
    return p11->C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

static void make_private_data(const char *label)
{
    struct template more = {.count = 0};

    add_bool(&more, CKA_TOKEN, true);
    add_bool(&more, CKA_PRIVATE, true);
    make_data(the_session, label, &more);
}

static void check_private_data(const char *label)
{
    struct template t = {.count = 0};
    CK_BYTE value[32];

    add_text(&t, CKA_LABEL, label);
    ck_assert_uint_eq(get_bytes(the_session, find_object(the_session, &t), CKA_VALUE, value, sizeof value),
                      9);
    ck_assert(memcmp(value, "some data", 9) == 0);
}

START_TEST(user_changes_the_pin)
{
    make_private_data("kept");
    ok(set_pin(the_session, USER_PIN, OTHER_PIN));
    check_private_data("kept"); /* still logged in */
    ok(p11->C_Logout(the_session));
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, USER_PIN));
    ok(login(the_session, CKU_USER, OTHER_PIN));
    check_private_data("kept");
}
END_TEST

START_TEST(pin_changed_without_login)
{
    ok(p11->C_Logout(the_session));
    ok(set_pin(the_session, USER_PIN, OTHER_PIN));
    ck_assert_uint_eq(session_state(the_session), CKS_RW_PUBLIC_SESSION);
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, USER_PIN));
    ok(login(the_session, CKU_USER, OTHER_PIN));
}
END_TEST

START_TEST(changed_pin_is_there_after_finalise)
{
    CK_SLOT_ID slot;

    make_private_data("kept");
    ok(set_pin(the_session, USER_PIN, OTHER_PIN));
    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &slot));
    the_session = open_rw();
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, USER_PIN));
    ok(login(the_session, CKU_USER, OTHER_PIN));
    check_private_data("kept");
}
END_TEST

START_TEST(set_pin_that_must_fail)
{
    CK_UTF8CHAR pin[] = USER_PIN;

    expect(CKR_PIN_INCORRECT, set_pin(the_session, "wrong", OTHER_PIN));
    expect(CKR_PIN_LEN_RANGE, set_pin(the_session, USER_PIN, "123"));
    expect(CKR_ARGUMENTS_BAD, p11->C_SetPIN(the_session, NULL, 0, pin, strlen(USER_PIN)));
    expect(CKR_ARGUMENTS_BAD, p11->C_SetPIN(the_session, pin, strlen(USER_PIN), NULL, 0));
    expect(CKR_SESSION_HANDLE_INVALID, set_pin(NO_HANDLE, USER_PIN, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    expect(CKR_SESSION_READ_ONLY, set_pin(open_ro(), USER_PIN, OTHER_PIN));
    ok(login(the_session, CKU_USER, USER_PIN));
}
END_TEST

START_TEST(officer_changes_the_officers_pin)
{
    CK_UTF8CHAR label[32];

    memset(label, ' ', sizeof label);
    ok(set_pin(the_session, SO_PIN, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_SO, SO_PIN));
    ok(login(the_session, CKU_SO, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN)); /* not his */
    ok(p11->C_CloseAllSessions(the_slot));
    expect(CKR_PIN_INCORRECT, init_token(the_slot, SO_PIN, "x"));
    ok(init_token(the_slot, OTHER_PIN, "x"));
}
END_TEST

START_TEST(officer_sets_the_users_pin)
{
    ok(init_pin(the_session, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, USER_PIN));
    ok(login(the_session, CKU_USER, OTHER_PIN));
}
END_TEST

/* design.md 6: class CE is sealed for the officer too, so a forgotten PIN costs no object. */
START_TEST(objects_survive_a_new_pin_by_the_officer)
{
    make_private_data("kept");
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(init_pin(the_session, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, OTHER_PIN));
    check_private_data("kept");
}
END_TEST

START_TEST(init_pin_that_must_fail)
{
    expect(CKR_PIN_LEN_RANGE, init_pin(the_session, "123"));
    expect(CKR_ARGUMENTS_BAD, p11->C_InitPIN(the_session, NULL, 0));
    expect(CKR_ARGUMENTS_BAD, p11->C_InitPIN(the_session, NULL, 8));
    expect(CKR_SESSION_HANDLE_INVALID, init_pin(NO_HANDLE, OTHER_PIN));
    ok(p11->C_Logout(the_session));
    expect(CKR_USER_NOT_LOGGED_IN, init_pin(the_session, OTHER_PIN));
    ok(login(the_session, CKU_USER, USER_PIN));
    expect(CKR_USER_NOT_LOGGED_IN, init_pin(the_session, OTHER_PIN));
}
END_TEST

START_TEST(a_wrong_try_shows_until_the_next_right_one)
{
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, "wrong-pin"));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, CKF_USER_PIN_COUNT_LOW);
    ck_assert_uint_eq(token_flags(the_slot) & ALL_SO_PIN_FLAGS, 0);
    ok(login(the_session, CKU_USER, USER_PIN));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
    ok(p11->C_Logout(the_session));
    expect(CKR_PIN_INCORRECT, login(the_session, CKU_SO, "wrong-pin"));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_SO_PIN_FLAGS, CKF_SO_PIN_COUNT_LOW);
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
    ok(login(the_session, CKU_SO, SO_PIN));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_SO_PIN_FLAGS, 0);
}
END_TEST

START_TEST(a_wrong_try_is_remembered)
{
    CK_SLOT_ID slot;

    expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, "wrong-pin"));
    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &slot));
    ck_assert(token_flags(slot) & CKF_USER_PIN_COUNT_LOW);
}
END_TEST

START_TEST(wrong_pin_in_set_pin_counts)
{
    expect(CKR_PIN_INCORRECT, set_pin(the_session, "wrong-pin", OTHER_PIN));
    holds("pin/set-pin-counts", (token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) != 0);
}
END_TEST

START_TEST(user_pin_locks)
{
    if (differs("pin/locks")) {
        return;
    }
    for (int i = 1; i <= PIN_TRIES; i++) {
        expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, "wrong-pin"));
        ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS,
                          i < PIN_TRIES - 1    ? CKF_USER_PIN_COUNT_LOW
                          : i == PIN_TRIES - 1 ? CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY
                                               : CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_LOCKED);
    }
    expect(CKR_PIN_LOCKED, login(the_session, CKU_USER, "wrong-pin"));
    expect(CKR_PIN_LOCKED, login(the_session, CKU_USER, USER_PIN));
    expect(CKR_PIN_LOCKED, set_pin(the_session, USER_PIN, OTHER_PIN));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_SO_PIN_FLAGS, 0);

    /* The officer opens it again. */
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(init_pin(the_session, OTHER_PIN));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, OTHER_PIN));
}
END_TEST

START_TEST(last_try_can_still_be_right)
{
    if (differs("pin/locks")) {
        return;
    }
    for (int i = 1; i < PIN_TRIES; i++) {
        expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, "wrong-pin"));
    }
    ck_assert(token_flags(the_slot) & CKF_USER_PIN_FINAL_TRY);
    ok(login(the_session, CKU_USER, USER_PIN));
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
}
END_TEST

START_TEST(officers_pin_locks)
{
    if (differs("pin/locks")) {
        return;
    }
    for (int i = 1; i <= PIN_TRIES; i++) {
        expect(CKR_PIN_INCORRECT, login(the_session, CKU_SO, "wrong-pin"));
    }
    ck_assert_uint_eq(token_flags(the_slot) & ALL_SO_PIN_FLAGS, CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_LOCKED);
    expect(CKR_PIN_LOCKED, login(the_session, CKU_SO, SO_PIN));
    ok(login(the_session, CKU_USER, USER_PIN));
    ok(p11->C_CloseAllSessions(the_slot));
    expect(CKR_PIN_LOCKED, init_token(the_slot, SO_PIN, "x"));
}
END_TEST

/* A process that does not know what others tried. */
static void guess_three_times(void *context)
{
    (void)context;
    child_expect(CKR_OK, initialise());
    child_expect(CKR_OK, open_session(the_slot, 0, &the_session));
    for (int i = 0; i < 3; i++) {
        child_expect(CKR_PIN_INCORRECT, login(the_session, CKU_USER, "wrong-pin"));
    }
    child_expect(CKR_OK, p11->C_Finalize(NULL));
}

START_TEST(tries_are_shared_where_the_store_cannot_be_written)
{
    if (is_reference()) {
        return;
    }
    ok(p11->C_Finalize(NULL));
    ck_assert(take_mode(store_path(), 0222));
    if (!heed_permissions()) {
        return; /* a kernel that leaves root all rights */
    }
    for (int i = 0; i < 3; i++) {
        child_run(guess_three_times, NULL);
    }
    ok(initialise());
    the_session = open_ro();
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS,
                      CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
    ok(login(the_session, CKU_USER, USER_PIN)); /* … which gives all tries back */
    ck_assert_uint_eq(token_flags(the_slot) & ALL_USER_PIN_FLAGS, 0);
    ok(p11->C_Finalize(NULL));
    ck_assert(chmod(store_path(), 0700) == 0);
}
END_TEST

static Suite *pin_suite(void)
{
    Suite *suite = suite_create("pin");
    TCase *tcase = add_tcase(suite, "user", setup_user);

    tcase_add_test(tcase, user_changes_the_pin);
    tcase_add_test(tcase, pin_changed_without_login);
    tcase_add_test(tcase, changed_pin_is_there_after_finalise);
    tcase_add_test(tcase, set_pin_that_must_fail);
    tcase_add_test(tcase, objects_survive_a_new_pin_by_the_officer);

    tcase = add_tcase(suite, "officer", setup_so);
    tcase_add_test(tcase, officer_changes_the_officers_pin);
    tcase_add_test(tcase, officer_sets_the_users_pin);
    tcase_add_test(tcase, init_pin_that_must_fail);

    tcase = add_tcase(suite, "tries", setup_public);
    tcase_add_test(tcase, a_wrong_try_shows_until_the_next_right_one);
    tcase_add_test(tcase, a_wrong_try_is_remembered);
    tcase_add_test(tcase, wrong_pin_in_set_pin_counts);
    tcase_add_test(tcase, user_pin_locks);
    tcase_add_test(tcase, last_try_can_still_be_right);
    tcase_add_test(tcase, officers_pin_locks);
    tcase_add_test(tcase, tries_are_shared_where_the_store_cannot_be_written);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, pin_suite());
}
