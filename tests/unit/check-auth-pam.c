/*
 * Fingers and faces: what is enrolled, what PAM's answers mean, and what a reader says. Modules are
 * pam_wrapper's where there is one (skipped without them), else pam_huks_test.c's.
 */
#include "check-auth-reader.h"

#include <errno.h>
#include <pwd.h>

#include "auth/inside.h"

#define MATRIX_DIR "pam_wrapper"

/* ---- enrolling ---- */

START_TEST(fingers_and_faces_come_and_go)
{
    struct auth_evidence evidence;
    struct auth_credential *list = NULL;
    size_t count = 0;
    service("huks-fingerprint", "auth required pam_permit.so\n");
    service("huks-face", "auth required pam_permit.so\n");
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    ck_fail(authenticate(FINGER | FACE, &evidence), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);

    uint64_t uid = secure_uid(), pin = enrolled_id(OH_HUKS_USER_AUTH_TYPE_PIN);
    uint64_t thumb = enrol(FINGER, "right thumb"), first = enrolled_id(FINGER);
    ck_assert_uint_ne(first, 0);
    ck_assert_uint_eq(enrolled_id(FACE), 0);
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.type, FINGER);
    ck_assert_uint_eq(evidence.credential_id, thumb);
    ck_assert_uint_eq(evidence.enrolled_id, first);
    ck_assert_uint_eq(evidence.secure_uid, uid);

    /* Another finger: another enrolled id, and nothing else is another one. */
    uint64_t index = enrol(FINGER, "index"), second = enrolled_id(FINGER);
    ck_assert(second != 0 && second != first && index != thumb);
    uint64_t face = enrol(FACE, "with glasses"), face_id = enrolled_id(FACE);
    ck_assert(face_id != 0 && face_id != second && enrolled_id(FINGER) == second);
    ck_assert(secure_uid() == uid && enrolled_id(OH_HUKS_USER_AUTH_TYPE_PIN) == pin);
    ck_ok(auth_require_enrolled(here.auth, FINGER | FACE | OH_HUKS_USER_AUTH_TYPE_PIN));
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, 0); /* one of two: nobody knows which */
    ck_assert_uint_eq(evidence.enrolled_id, second);

    ck_ok(auth_credentials(here.auth, &list, &count));
    ck_assert_uint_eq(count, 4);
    ck_assert_uint_eq(list[0].type, OH_HUKS_USER_AUTH_TYPE_PIN);
    ck_assert_str_eq(list[1].name, "right thumb");
    ck_assert_str_eq(list[1].account, own_account());
    ck_assert_uint_ne(list[1].made, 0);
    ck_assert(list[2].id == index && list[3].id == face && list[3].type == FACE);
    free(list);

    /* Removing changes no id; the last one's removal ends the kind. */
    ck_ok(auth_unenroll(here.auth, USER_PIN, thumb));
    ck_fail(auth_unenroll(here.auth, USER_PIN, thumb), HUKS_E_NOT_EXIST, ABOUT_OBJECT);
    ck_assert_uint_eq(enrolled_id(FINGER), second);
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, index);
    ck_ok(auth_unenroll(here.auth, USER_PIN, index));
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    ck_ok(authenticate(FINGER | FACE, &evidence));
    ck_assert_uint_eq(evidence.type, FACE);
    ck_assert_uint_eq(evidence.trust_level, AUTH_TRUST_2);
    enrol(FINGER, "right thumb");
    ck_assert(enrolled_id(FINGER) != second && enrolled_id(FINGER) != first);
    ck_assert(secure_uid() == uid && enrolled_id(OH_HUKS_USER_AUTH_TYPE_PIN) == pin &&
              enrolled_id(FACE) == face_id);
}
END_TEST

START_TEST(enrolment_needs_the_pin_and_a_name)
{
    struct auth_request request = {.types = FINGER, .pin = PIN("wrong")};
    uint64_t id = 0;
    char longest[AUTH_NAME_SIZE + 1];
    service("huks-fingerprint", "auth required pam_permit.so\n");
    ck_wrong(auth_enroll(here.auth, &request, PIN("thumb"), &id));
    request.pin = BYTES_NONE;
    ck_fail(auth_enroll(here.auth, &request, PIN("thumb"), &id), HUKS_E_ARGUMENT, ABOUT_PIN);
    request.pin = USER_PIN;
    static const char *const bad[] = {"",     "a\nb",     "\x7f",     "\xff",
                                      "\xc3", "\xc1\xa1", "\xe2\x82", "x\xe2\x82"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_fail(auth_enroll(here.auth, &request, PIN(bad[i]), &id), HUKS_E_ARGUMENT, ABOUT_NOTHING);
    }
    memset(longest, 'n', sizeof longest);
    ck_fail(auth_enroll(here.auth, &request, bytes_of(longest, AUTH_NAME_SIZE), &id), HUKS_E_ARGUMENT,
            ABOUT_NOTHING);
    ck_ok(auth_enroll(here.auth, &request, bytes_of(longest, AUTH_NAME_SIZE - 1), &id));
    ck_ok(auth_enroll(here.auth, &request, PIN("Zeigefinger \xe2\x82\xac \xf0\x9f\x91\x89"), &id));
    uint64_t before = enrolled_id(FINGER);
    ck_assert_int_eq(auth_enroll(here.auth, &request, PIN("Zeigefinger \xe2\x82\xac \xf0\x9f\x91\x89"), &id),
                     HUKS_E_INVALID_PARAM);
    ck_assert_uint_eq(enrolled_id(FINGER), before);
    request.types = OH_HUKS_USER_AUTH_TYPE_PIN;
    ck_fail(auth_enroll(here.auth, &request, PIN("thumb"), &id), HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE);
    ck_wrong(auth_unenroll(here.auth, PIN("wrong"), id));
    ck_fail(auth_unenroll(here.auth, USER_PIN, 1), HUKS_E_NOT_EXIST, ABOUT_OBJECT);
}
END_TEST

START_TEST(not_more_than_there_is_room_for)
{
    uint64_t id;
    char name[16];
    for (int i = 0; i < AUTH_CREDENTIALS; i++) {
        (void)snprintf(name, sizeof name, "finger %d", i);
        ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN(name), own_account(), &id));
    }
    uint64_t before = enrolled_id(FINGER);
    ck_assert_int_eq(credential_add(here.auth, secure_uid(), FINGER, PIN("one more"), own_account(), &id),
                     HUKS_E_INVALID_PARAM);
    ck_assert_uint_eq(enrolled_id(FINGER), before);
    ck_ok(credential_add(here.auth, secure_uid(), FACE, PIN("one more"), own_account(), &id));
}
END_TEST

/* The user who clears his PIN takes his fingers along; what was bound to them finds no credential. */
START_TEST(a_cleared_pin_takes_the_fingers_along)
{
    struct auth_evidence evidence;
    uint64_t id = 0, uid = secure_uid();
    service("huks-fingerprint", "auth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    uint64_t finger = enrolled_id(FINGER);
    ck_ok(authenticate(FINGER, &evidence));
    ck_ok(auth_set_pin(here.auth, AUTH_USER, USER_PIN, PIN("changed")));
    ck_ok(authenticate(FINGER, &evidence)); /* a changed PIN takes nothing along */
    ck_assert(evidence.secure_uid == uid && enrolled_id(FINGER) == finger);

    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    ck_ok(auth_init_pin(here.auth, USER_PIN));
    auth_logout(here.auth);
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    ck_fail(auth_require_enrolled(here.auth, FINGER), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    ck_fail(auth_last(here.auth, FINGER, &evidence), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    enrol(FINGER, "thumb");
    ck_assert_uint_ne(enrolled_id(FINGER), finger);
    /* An enrolment that began before the PIN was cleared is the old user's. */
    ck_fail(credential_add(here.auth, uid, FINGER, PIN("index"), own_account(), &id), HUKS_E_AUTH_FAILED,
            ABOUT_LOGIN);
}
END_TEST

START_TEST(enrolment_is_seen_by_others_and_sealed)
{
    struct side there = {0};
    struct auth_evidence evidence;
    AUTO(buffer_free) struct buffer value = {0};
    service("huks-fingerprint", "auth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    side_open(&there);
    ck_ok(auth_require_enrolled(there.auth, FINGER));
    struct auth_request request = {.types = FINGER};
    ck_ok(auth_authenticate(there.auth, &request, &evidence));
    ck_assert_uint_eq(evidence.enrolled_id, enrolled_id(FINGER));
    side_close(&there);

    /* Whoever can write the database alone can neither read names nor enrol. */
    ck_ok(store_meta_get(here.token, "auth.credentials", &value));
    ck_assert_ptr_null(memmem(value.data, value.size, "thumb", 5));
    for (size_t i = 4; i < value.size; i += 7) {
        value.data[i] ^= 1;
        ck_ok(store_meta_put(here.token, "auth.credentials", bytes_of(value.data, value.size)));
        ck_assert_int_eq(auth_require_enrolled(here.auth, FINGER), HUKS_E_INTERNAL);
        ck_assert_int_eq(authenticate(FINGER, &evidence), HUKS_E_INTERNAL);
        value.data[i] ^= 1;
    }
    ck_ok(store_meta_put(here.token, "auth.credentials", bytes_of(value.data, value.size)));
    ck_ok(auth_require_enrolled(here.auth, FINGER));
}
END_TEST

/* ---- yes, no, and nobody to ask ---- */

/* Every answer a PAM stack may give. */
START_TEST(answers_of_pam)
{
    static const struct {
        int result;
        huks_rc rc;
    } rows[] = {
        {0, HUKS_OK},         {1, HUKS_E_USERIAM},      {3, HUKS_E_USERIAM},      {4, HUKS_E_USERIAM},
        {5, HUKS_E_USERIAM},  {6, HUKS_E_AUTH_FAILED},  {7, HUKS_E_AUTH_FAILED},  {8, HUKS_E_USERIAM},
        {9, HUKS_E_USERIAM},  {10, HUKS_E_AUTH_FAILED}, {11, HUKS_E_AUTH_FAILED}, {13, HUKS_E_AUTH_FAILED},
        {19, HUKS_E_USERIAM}, {26, HUKS_E_USERIAM},     {28, HUKS_E_USERIAM},
    };
    struct auth_evidence evidence;
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char options[32];
        (void)snprintf(options, sizeof options, "result=%d", rows[i].result);
        obeys("huks-fingerprint", options);
        huks_rc rc = authenticate(FINGER, &evidence);
        ck_assert_msg(rc == rows[i].rc, "PAM's %d gives %d", rows[i].result, (int)rc);
        ck_assert_int_eq(evidence.type, rc == HUKS_OK ? FINGER : 0);
        if (rc == HUKS_E_AUTH_FAILED) {
            ck_assert_int_eq((int)error_about(), ABOUT_FINGER);
        }
    }
    service("huks-fingerprint", "auth required pam_deny.so\n");
    ck_refused(authenticate(FINGER, &evidence));
    service("huks-fingerprint", "auth required /nowhere/pam_none.so\n");
    ck_assert_int_eq(authenticate(FINGER, &evidence), HUKS_E_USERIAM);
}
END_TEST

/* A service that asks nobody is none: PAM would ask "other" instead, which says yes here. */
START_TEST(services_that_ask_nobody)
{
    static const struct {
        const char *text;
        bool asks;
    } rows[] = {
        {"", false},
        {"# auth required pam_permit.so\n", false},
        {"account required pam_permit.so\n", false},
        {"auth\n", false},
        {"@include nothing\n", false},
        {"@include %s/services/huks-fingerprint\n", false},
        {"auth include nothing\n", false},
        {"auth include %s/services/only-account\n", false},
        {"@include %s/services/only-account\n", false},
        {"auth substack %s/services/only-account\n", false},
        {"auth required pam_permit.so\n", true},
        {"# comment\n\n-AUTH [success=ok default=die] pam_permit.so", true},
        {"account required pam_deny.so\n\tauth  sufficient pam_permit.so\n", true},
        {"@include %s/services/has-auth\n", true},
        {"auth include %s/services/has-auth\n", true},
        {"auth substack %s/services/has-auth\n", true},
    };
    struct auth_evidence evidence;
    service("huks-fingerprint", "auth required pam_permit.so\n");
    service("only-account", "account required pam_permit.so\n");
    service("has-auth", "account required pam_deny.so\nauth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[500];
        const char *place = strstr(rows[i].text, "%s");
        int before = place != NULL ? (int)(place - rows[i].text) : (int)strlen(rows[i].text);
        (void)snprintf(text, sizeof text, "%.*s%s%s", before, rows[i].text, place != NULL ? top : "",
                       place != NULL ? place + 2 : "");
        service("huks-fingerprint", text);
        huks_rc rc = authenticate(FINGER, &evidence);
        ck_assert_msg(rc == (rows[i].asks ? HUKS_OK : HUKS_E_USERIAM), "%d: %s", (int)rc, rows[i].text);
    }
}
END_TEST

/* Neither a missing service nor an empty one may end in "other", which says yes here. */
START_TEST(services_and_helpers_that_are_missing)
{
    struct auth_request request = {.types = FINGER, .pin = USER_PIN};
    struct auth_evidence evidence;
    uint64_t id;
    ck_unavailable(auth_enroll(here.auth, &request, PIN("thumb"), &id),
                   "fingerprint (there is no PAM service huks-fingerprint)");
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    service("huks-fingerprint", "auth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    ck_assert_int_eq(unlink(in_top("services/huks-fingerprint")), 0);
    ck_unavailable(authenticate(FINGER, &evidence), "there is no PAM service huks-fingerprint");

    helper_script("exit 3");
    ck_unavailable(authenticate(FINGER, &evidence), "fingerprint (the helper program died)");
    helper_script("kill -9 $$");
    ck_unavailable(authenticate(FINGER, &evidence), "the helper program died");
    write_file("helper", 0755, "#!/bin/sh\nprintf hello >&0\n");
    ck_unavailable(authenticate(FINGER, &evidence), "the helper program talks nonsense");
    write_file("helper", 0755, "#!/bin/sh\nprintf Y >&0\n");
    ck_unavailable(authenticate(FINGER, &evidence), "the helper program talks nonsense");
    write_file("helper", 0644, "");
    ck_unavailable(authenticate(FINGER, &evidence), "the helper program can't be started");
    ck_assert_int_eq(unlink(in_top("helper")), 0);
    ck_unavailable(authenticate(FINGER, &evidence), "the helper program can't be started");
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1); /* none of them is left, or was ours */
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* Of several kinds: the first that says yes; who was refused by one is refused, else the reason why nobody
 * asked. */
START_TEST(finger_or_face)
{
    struct auth_evidence evidence;
    service("huks-fingerprint", "auth required pam_permit.so\n");
    service("huks-face", "auth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    enrol(FACE, "face");
    ck_ok(authenticate(FINGER | FACE, &evidence));
    ck_assert_uint_eq(evidence.type, FINGER);
    service("huks-fingerprint", "auth required pam_deny.so\n");
    ck_ok(authenticate(FINGER | FACE, &evidence));
    ck_assert_uint_eq(evidence.type, FACE);
    obeys("huks-face", "result=9");
    ck_refused(authenticate(FINGER | FACE, &evidence));
    obeys("huks-fingerprint", "result=9");
    ck_unavailable(authenticate(FINGER | FACE, &evidence), "face (");
    ck_fail(authenticate(FINGER | OH_HUKS_USER_AUTH_TYPE_PIN, &evidence), HUKS_E_NOT_SUPPORTED,
            ABOUT_ATTRIBUTE);
    ck_fail(authenticate(0, &evidence), HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE);
}
END_TEST

START_TEST(evidence_becomes_a_token)
{
    static const uint8_t challenge[AUTH_CHALLENGE_SIZE] = "what the operation asked for ...";
    struct auth_request request = {.types = FINGER, .challenge = challenge};
    struct auth_evidence evidence, read, last;
    uint8_t token[AUTH_TOKEN_SIZE];
    service("huks-fingerprint", "auth required pam_permit.so\n");
    enrol(FINGER, "thumb");
    ck_ok(auth_authenticate(here.auth, &request, &evidence));
    ck_ok(auth_token_issue(here.auth, &evidence, token));
    ck_ok(auth_token_open(here.auth, BYTES_OF(token), false, &read));
    ck_assert_mem_eq(&read, &evidence, sizeof read);
    ck_assert_mem_eq(read.challenge, challenge, sizeof challenge);
    ck_ok(auth_last(here.auth, FINGER, &last));
    ck_assert_uint_eq(last.when.ms, evidence.when.ms);
    ck_fail(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_FACE, &last), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
}
END_TEST

/* ---- whose finger ---- */

START_TEST(accounts)
{
    struct auth_evidence evidence;
    uint64_t id = 0, own = 0;
    obeys("huks-fingerprint", "result=0");
    /* Nobody of this process's account is enrolled: PAM is asked for whoever is. */
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("hers"), "somebody-else", &id));
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, id);
    /* Where he is, his own account is asked for. */
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("mine"), own_account(), &own));
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, own);
    /* PAM may end with another account than it was asked for: that one is not enrolled. */
    obeys("huks-fingerprint", "user=somebody-else");
    ck_refused(authenticate(FINGER, &evidence));
}
END_TEST

/* An engine that works for somebody else asks for his finger, and says so to whom it asks. */
START_TEST(somebody_elses_account)
{
    struct auth_credential *list = NULL;
    size_t count = 0;
    const struct passwd *nobody = getpwnam("nobody"); // cppcheck-suppress getpwnamCalled ; of one thread
    ck_assert_ptr_nonnull(nobody);
    char name[64];
    (void)snprintf(name, sizeof name, "%s", nobody->pw_name);
    service("huks-fingerprint", "auth required pam_permit.so\n");
    here.auth->config.for_other = true;
    here.auth->config.other = nobody->pw_uid;
    enrol(FINGER, "thumb");
    ck_ok(auth_credentials(here.auth, &list, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(list[1].account, name);
    ck_assert_str_ne(list[1].account, own_account());
    free(list);
    struct auth_evidence evidence;
    ck_ok(authenticate(FINGER, &evidence));
    here.auth->config.other = (uid_t)-2; /* nobody's */
    struct auth_request request = {.types = FINGER, .pin = USER_PIN};
    uint64_t id;
    ck_assert_int_eq(auth_enroll(here.auth, &request, PIN("index"), &id), HUKS_E_USERIAM);
    ck_said("has no account name");
}
END_TEST

START_TEST(a_module_may_say_which_finger)
{
    struct auth_evidence evidence;
    obeys("huks-fingerprint", "result=0");
    uint64_t thumb = enrol(FINGER, "thumb"), index = enrol(FINGER, "index");
    obeys("huks-fingerprint", "credential=thumb");
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, thumb);
    obeys("huks-fingerprint", "credential=index");
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_uint_eq(evidence.credential_id, index);
    obeys("huks-fingerprint", "credential=toe");
    ck_refused(authenticate(FINGER, &evidence));
    ck_ok(auth_unenroll(here.auth, USER_PIN, thumb));
    obeys("huks-fingerprint", "credential=thumb");
    ck_refused(authenticate(FINGER, &evidence)); /* the reader knows it, the token no longer does */
}
END_TEST

/* ---- talking ---- */

static const char *wrapper_module(const char *name)
{
    static char path[200];
    static const char *const places[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                         "/usr/lib64", "/usr/lib"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        (void)snprintf(path, sizeof path, "%s/" MATRIX_DIR "/%s", places[i], name);
        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    return NULL;
}

/* pam_wrapper's pam_matrix asks for a password of the account. (Its "verbose" crashes, here as in pamtester.)
 */
START_TEST(questions)
{
    const char *matrix = wrapper_module("pam_matrix.so");
    struct talker talker = {.answer = "secret"};
    struct auth_request request = {.types = FACE, .pin = USER_PIN, .talk = talk, .argument = &talker};
    struct auth_evidence evidence;
    char text[700];
    uint64_t id;
    if (matrix == NULL) {
        (void)fprintf(stderr, "skipped: pam_wrapper's pam_matrix is not here\n");
        return;
    }
    (void)snprintf(text, sizeof text, "%s:secret:huks-face\n", own_account());
    write_file("passdb", 0644, text);
    (void)snprintf(text, sizeof text, "auth required %s passdb=%s/passdb\n", matrix, top);
    service("huks-face", text);
    ck_ok(auth_enroll(here.auth, &request, PIN("face"), &id));
    ck_assert_uint_eq(talker.questions, 1);
    ck_assert_uint_eq(talker.hidden, 1);
    ck_assert_str_eq(talker.heard, "Password: |");

    memset(&talker, 0, sizeof talker);
    talker.answer = "wrong";
    ck_refused(auth_authenticate(here.auth, &request, &evidence));
    talker.answer = NULL; /* nobody answers: nobody was asked */
    huks_rc rc = auth_authenticate(here.auth, &request, &evidence);
    ck_assert(rc == HUKS_E_USERIAM || rc == HUKS_E_AUTH_FAILED);
    request.talk = NULL;
    ck_assert_int_eq(auth_authenticate(here.auth, &request, &evidence), rc);
    talker.answer = "secret";
    request.talk = talk;
    ck_ok(auth_authenticate(here.auth, &request, &evidence));

    (void)snprintf(text, sizeof text, "nobody-here:secret:huks-face\n");
    write_file("passdb", 0644, text);
    ck_refused(auth_authenticate(here.auth, &request, &evidence));
}
END_TEST

START_TEST(messages_in_order)
{
    struct talker talker = {.answer = "friend"};
    struct auth_request request = {.types = FINGER, .pin = USER_PIN, .talk = talk, .argument = &talker};
    struct auth_evidence evidence;
    uint64_t id;
    obeys("huks-fingerprint", "[say=Place your finger] [complain=Swipe longer] ask=friend");
    ck_ok(auth_enroll(here.auth, &request, PIN("thumb"), &id));
    ck_assert_str_eq(talker.heard, "Place your finger|Swipe longer|Who goes there? |");
    ck_assert(talker.questions == 1 && talker.hidden == 0);
    talker.answer = "";
    ck_refused(auth_authenticate(here.auth, &request, &evidence));
    static char endless[2000];
    memset(endless, 'x', sizeof endless - 1);
    talker.answer = endless; /* longer than PAM takes */
    ck_assert_int_ne(auth_authenticate(here.auth, &request, &evidence), HUKS_OK);
    talker.answer = NULL;
    ck_assert_int_eq(auth_authenticate(here.auth, &request, &evidence), HUKS_E_USERIAM);
}
END_TEST

/* ---- running ---- */

int main(int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[1], "huks-", 5) == 0) {
        return spy_main();
    }
    if (argc == 6 && strcmp(argv[1], "child") == 0) {
        (void)snprintf(top, sizeof top, "%s", argv[2]);
        return child_main(argv + 3);
    }
    const char *sanitizer = getenv("HUKS_SANITIZER");
    if (sanitizer != NULL && strcmp(sanitizer, "thread") == 0) {
        puts("skipped: ThreadSanitizer follows no process that shares the starting thread's memory");
        return 77;
    }
    Suite *suite = suite_create("fingers and faces");
    TCase *tests = tcase_create("pam");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, fingers_and_faces_come_and_go);
    tcase_add_test(tests, enrolment_needs_the_pin_and_a_name);
    tcase_add_test(tests, not_more_than_there_is_room_for);
    tcase_add_test(tests, a_cleared_pin_takes_the_fingers_along);
    tcase_add_test(tests, enrolment_is_seen_by_others_and_sealed);
    tcase_add_test(tests, answers_of_pam);
    tcase_add_test(tests, services_that_ask_nobody);
    tcase_add_test(tests, services_and_helpers_that_are_missing);
    tcase_add_test(tests, finger_or_face);
    tcase_add_test(tests, evidence_becomes_a_token);
    tcase_add_test(tests, accounts);
    tcase_add_test(tests, somebody_elses_account);
    tcase_add_test(tests, a_module_may_say_which_finger);
    tcase_add_test(tests, questions);
    tcase_add_test(tests, messages_in_order);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, helper_tcase());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
