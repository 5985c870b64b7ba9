/*
 * Fingers and faces: the real helper with the real libpam, what is enrolled by it, and that a host does not
 * notice it. Modules are pam_wrapper's where there is one (skipped without them), else pam_huks_test.c's.
 */
#include "check-auth.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>

#include "auth/credential.h"
#include "auth/token.h"
#include "service/user.h"

#define FINGER OH_HUKS_USER_AUTH_TYPE_FINGERPRINT
#define FACE   OH_HUKS_USER_AUTH_TYPE_FACE

#define MATRIX_DIR "pam_wrapper"

char top[256];
static struct side here;
static char build[512]; /* the build directory, which has helper and module */

/* ---- places ---- */

static void write_file(const char *name, mode_t mode, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void service(const char *name, const char *text)
{
    char file[200];
    (void)snprintf(file, sizeof file, "services/%s", name);
    write_file(file, 0644, text);
}

/* A service of pam_huks_test alone. */
static void obeys(const char *name, const char *options)
{
    char text[2048];
    (void)snprintf(text, sizeof text, "auth required %s/.libs/pam_huks_test.so %s\n", build, options);
    service(name, text);
}

static char *in_top(const char *name)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

/* What stands before the real helper: here a test sees what the helper gets from the engine. */
static void helper_script(const char *before)
{
    char text[4096];
    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\n%s\nexec %s/huks-auth-helper --services %s/services \"$@\"\n", before, build,
                   top);
    write_file("helper", 0755, text);
}

static void open_place(void)
{
    char directory[400];
    const char *told = getenv("HUKS_BUILDDIR");
    (void)snprintf(build, sizeof build, "%s", told != NULL ? told : ".");
    place_make();
    (void)snprintf(directory, sizeof directory, "%s/services", top);
    ck_assert_int_eq(mkdir(directory, 0755), 0);
    helper_script("");
    service("other", "auth required pam_permit.so\n"); /* nobody may end up here */
    ck_assert_int_eq(setenv("HUKS_AUTH_HELPER", in_top("helper"), 1), 0);
    memset(&here, 0, sizeof here);
    side_config(&here);
    here.config.auth_timeout_ms = 120000;
    side_connect(&here);
    token_new(&here, SO_PIN, 0);
    side_token(&here);
    set_first_pin(&here, USER_PIN);
}

static void close_place(void)
{
    side_close(&here);
    secret_arena_release();
    place_remove();
}

/* ---- asking ---- */

static const char *own_account(void)
{
    static char text[16384];
    static struct passwd entry;
    struct passwd *found = NULL;
    ck_assert_int_eq(getpwuid_r(geteuid(), &entry, text, sizeof text, &found), 0);
    ck_assert_ptr_nonnull(found);
    return found->pw_name;
}

static uint64_t secure_uid(void)
{
    uint64_t uid = 0;
    ck_ok(auth_secure_uid(here.auth, &uid));
    return uid;
}

static uint64_t enrol(uint32_t type, const char *name)
{
    struct auth_request request = {.types = type, .pin = USER_PIN};
    uint64_t id = 0;
    ck_ok(auth_enroll(here.auth, &request, PIN(name), &id));
    ck_assert_uint_ne(id, 0);
    return id;
}

static huks_rc authenticate(uint32_t types, struct auth_evidence *evidence)
{
    struct auth_request request = {.types = types};
    return auth_authenticate(here.auth, &request, evidence);
}

static uint64_t enrolled_id(uint32_t type)
{
    struct auth_binding binding;
    ck_ok(auth_binding(here.auth, &binding));
    for (uint32_t i = 0; i < binding.count; i++) {
        if (binding.entries[i].type == type) {
            return binding.entries[i].enrolled_id;
        }
    }
    return 0;
}

static void ck_said(const char *words)
{
    char text[300];
    (void)error_message(text, sizeof text);
    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" has no \"%s\"", text, words);
    ck_assert_ptr_nonnull(strstr(text, "information via UserIAM."));
}

#define ck_refused(call) ck_fail(call, HUKS_E_AUTH_FAILED, ABOUT_FINGER)
#define ck_unavailable(call, words)                                                                          \
    do {                                                                                                     \
        ck_assert_int_eq((call), HUKS_E_USERIAM);                                                            \
        ck_said(words);                                                                                      \
    } while (0)

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

struct talker {
    const char *answer; /* NULL: none */
    char heard[500];
    unsigned questions, hidden;
    int wait_error; /* errno of a wait() while the helper lives */
};

static bool talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument)
{
    struct talker *talker = argument;
    size_t length = strlen(talker->heard);
    (void)snprintf(talker->heard + length, sizeof talker->heard - length, "%s|", text);
    talker->questions += question ? 1 : 0;
    talker->hidden += question && !echo ? 1 : 0;
    errno = 0;
    talker->wait_error = waitpid(-1, NULL, WNOHANG) == -1 ? errno : 0;
    if (!question || talker->answer == NULL) {
        return false;
    }
    (void)snprintf(answer, capacity, "%s", talker->answer);
    return true;
}

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

/* ---- time, death, and cancelling ---- */

static pid_t pid_file(void)
{
    char path[600];
    int pid = 0;
    (void)snprintf(path, sizeof path, "%s/pid", top);
    for (int i = 0; i < 12000 && pid == 0; i++) {
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            if (fscanf(file, "%d", &pid) != 1) {
                pid = 0;
            }
            (void)fclose(file);
        } else {
            (void)poll(NULL, 0, 10);
        }
    }
    ck_assert_int_gt(pid, 1);
    (void)unlink(path);
    return pid;
}

/* Ended; nobody may have waited for it yet (init is not always in a hurry). */
static bool is_gone(pid_t pid)
{
    char path[64], state = 'Z';
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d %*s %c", &state) != 1) {
            state = 'Z';
        }
        (void)fclose(file);
    }
    return state == 'Z' || state == 'X';
}

static void wait_until_gone(pid_t pid)
{
    for (int i = 0; i < 12000; i++) {
        if (is_gone(pid)) {
            return;
        }
        (void)poll(NULL, 0, 10);
    }
    ck_abort_msg("process %d is still there", (int)pid);
}

/* A service that waits for ever and says who it is. */
static void waits(void)
{
    char options[700];
    (void)snprintf(options, sizeof options, "pid=%s/pid wait", top);
    obeys("huks-fingerprint", options);
}

static void enrol_then_wait(void)
{
    uint64_t id;
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("thumb"), own_account(), &id));
    waits();
}

struct asking {
    pthread_t thread;
    struct auth_request request;
    struct auth_evidence evidence;
    huks_rc rc;
    enum error_about about;
    char text[300];
};

static void *ask_thread(void *argument)
{
    struct asking *asking = argument;
    asking->rc = auth_authenticate(here.auth, &asking->request, &asking->evidence);
    asking->about = error_about();
    (void)error_message(asking->text, sizeof asking->text);
    return NULL;
}

static void ask_start(struct asking *asking, uint64_t owner)
{
    *asking = (struct asking){.request = {.types = FINGER, .owner = owner}};
    ck_assert_int_eq(pthread_create(&asking->thread, NULL, ask_thread, asking), 0);
}

static void ask_end(struct asking *asking, huks_rc rc, const char *words)
{
    ck_assert_int_eq(pthread_join(asking->thread, NULL), 0);
    ck_assert_int_eq(asking->rc, rc);
    ck_assert_msg(strstr(asking->text, words) != NULL, "\"%s\" has no \"%s\"", asking->text, words);
}

START_TEST(nobody_answers)
{
    struct auth_evidence evidence;
    struct side impatient = {0};
    enrol_then_wait();
    side_config(&impatient);
    impatient.config.auth_timeout_ms = 1500;
    side_open(&impatient);
    struct auth_request request = {.types = FINGER};
    ck_unavailable(auth_authenticate(impatient.auth, &request, &evidence),
                   "fingerprint (nobody answered in time)");
    wait_until_gone(pid_file());
    side_close(&impatient);
}
END_TEST

static pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*d %*s %*c %d", &parent), 1);
    (void)fclose(file);
    ck_assert_int_gt(parent, 1);
    return parent;
}

START_TEST(helper_killed)
{
    struct asking asking;
    enrol_then_wait();
    ask_start(&asking, 1);
    pid_t pid = pid_file();
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ask_end(&asking, HUKS_E_USERIAM, "the helper program died");
    wait_until_gone(pid);

    /* The other of its two processes. */
    ask_start(&asking, 1);
    pid = pid_file();
    ck_assert_int_eq(kill(parent_of(pid), SIGKILL), 0);
    ask_end(&asking, HUKS_E_USERIAM, "the helper program died");
    wait_until_gone(pid);
}
END_TEST

START_TEST(cancelled)
{
    struct asking asking, other;
    struct auth_evidence evidence;
    enrol_then_wait();
    ask_start(&asking, 7);
    pid_t pid = pid_file();
    ask_start(&other, 8);
    pid_t other_pid = pid_file();
    auth_cancel(here.auth, 9); /* nobody's */
    ck_assert(!is_gone(pid) && !is_gone(other_pid));
    auth_cancel(here.auth, 7);
    ask_end(&asking, HUKS_E_USERIAM, "fingerprint (cancelled)");
    wait_until_gone(pid);
    ck_assert(!is_gone(other_pid));
    auth_cancel(here.auth, 0); /* the engine closes */
    ask_end(&other, HUKS_E_ARGUMENT, "");
    ck_assert_int_eq((int)other.about, ABOUT_SHUTDOWN);
    wait_until_gone(other_pid);
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_ARGUMENT, ABOUT_SHUTDOWN);
}
END_TEST

struct waiting {
    struct token *token;
    huks_rc rc;
    enum error_about about;
};

static void *wait_in_service(void *argument)
{
    struct waiting *waiting = argument;
    struct auth_request request = {.types = FINGER, .owner = 5};
    struct auth_evidence evidence;
    waiting->rc = user_authenticate(waiting->token, &request, &evidence, NULL);
    waiting->about = error_about();
    return NULL;
}

/* C_Finalize: who waits for a finger is told that the engine closes, and the helper is gone. */
START_TEST(closing_the_engine_ends_it)
{
    struct engine *engine = NULL;
    struct waiting waiting = {.rc = HUKS_OK};
    pthread_t thread;
    enrol_then_wait();
    side_close(&here);
    ck_ok(engine_open(&here.config, &engine));
    ck_ok(engine_native_token(engine, false, &waiting.token));
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_service, &waiting), 0);
    pid_t pid = pid_file();
    user_cancel(waiting.token, 6); /* nobody's */
    ck_assert(!is_gone(pid));
    engine_wake(engine);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(waiting.rc, HUKS_E_ARGUMENT);
    ck_assert_int_eq((int)waiting.about, ABOUT_SHUTDOWN);
    wait_until_gone(pid);
    engine_close(engine);
    side_open(&here);
}
END_TEST

/* What a module left running goes with the helper. */
START_TEST(processes_of_modules_end_too)
{
    struct auth_evidence evidence;
    char script[700];
    uint64_t id;
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("thumb"), own_account(), &id));
    (void)snprintf(script, sizeof script, "sleep 1000 <&- >&- 2>&- & echo $! >%s/pid", top);
    helper_script(script);
    obeys("huks-fingerprint", "result=0");
    ck_ok(authenticate(FINGER, &evidence));
    wait_until_gone(pid_file());
}
END_TEST

/* child_main("asks"): a host that is killed while it asks. */
START_TEST(dies_with_its_host)
{
    enrol_then_wait();
    struct child child = child_start("asks", "", "");
    pid_t pid = pid_file();
    ck_assert(!is_gone(pid));
    child_kill(&child);
    wait_until_gone(pid);
}
END_TEST

/* ---- a guest in the host's process ---- */

static volatile sig_atomic_t children_ended;

static void on_child(int number)
{
    (void)number;
    children_ended++;
}

START_TEST(host_notices_nothing)
{
    struct sigaction action = {.sa_handler = on_child}, old;
    struct talker talker = {.answer = "friend"};
    struct auth_request request = {.types = FINGER, .pin = USER_PIN, .talk = talk, .argument = &talker};
    struct auth_evidence evidence;
    uint64_t id;
    ck_assert_int_eq(sigaction(SIGCHLD, &action, &old), 0);
    children_ended = 0;
    obeys("huks-fingerprint", "ask=friend");
    ck_ok(auth_enroll(here.auth, &request, PIN("thumb"), &id));
    ck_assert_int_eq(talker.wait_error, ECHILD); /* there was a helper, and wait() saw none */
    ck_ok(auth_authenticate(here.auth, &request, &evidence));
    obeys("huks-fingerprint", "result=7");
    ck_refused(auth_authenticate(here.auth, &request, &evidence));
    ck_assert_int_eq(children_ended, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);

    /* Children of the host's own are still told. */
    pid_t own = fork();
    if (own == 0) {
        _exit(5);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(own, &status, 0), own);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    ck_assert_int_eq(children_ended, 1);
    ck_assert_int_eq(sigaction(SIGCHLD, &old, NULL), 0);
}
END_TEST

static void *wait_for_all(void *argument)
{
    const _Atomic bool *stop = argument;
    while (!atomic_load(stop)) {
        (void)waitpid(-1, NULL, __WALL | WNOHANG);
        (void)poll(NULL, 0, 1);
    }
    return NULL;
}

/* A host that takes every child there is, and one that ignores their ends. */
START_TEST(hosts_that_wait_for_everybody)
{
    struct auth_evidence evidence;
    pthread_t thread;
    _Atomic bool stop = false;
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_all, &stop), 0);
    for (int i = 0; i < 5; i++) {
        ck_ok(authenticate(FINGER, &evidence));
    }
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    ck_assert_int_eq(sigaction(SIGCHLD, &ignore, &old), 0);
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_int_eq(sigaction(SIGCHLD, &old, NULL), 0);
}
END_TEST

/* This program as the helper: tells what it has got, a packet for each thing, and ends. */
static int spy_main(void)
{
    static const char *const commands[] = {"SigBlk:", "SigIgn:"};
    char packet[1000] = "I", line[500];
    struct pollfd host = {.fd = 3, .events = POLLIN};
    for (int fd = 0; fd < 1000; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            size_t length = strlen(packet);
            (void)snprintf(packet + length, sizeof packet - length, "%d ", fd);
        }
    }
    size_t length = strlen(packet);
    (void)snprintf(packet + length, sizeof packet - length, "%s %s %03o %s",
                   getsid(0) == getpid() ? "leader" : "", getcwd(line, sizeof line) != NULL ? line : "",
                   umask(0), poll(&host, 1, 0) == 0 ? "host lives" : "no host");
    (void)send(0, packet, strlen(packet), 0);
    for (char **variable = environ; *variable != NULL; variable++) {
        (void)snprintf(packet, sizeof packet, "I%s", *variable);
        (void)send(0, packet, strlen(packet), 0);
    }
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
            if (strncmp(line, commands[i], strlen(commands[i])) == 0) {
                (void)snprintf(packet, sizeof packet, "I%.*s", (int)strcspn(line, "\n"), line);
                (void)send(0, packet, strlen(packet), 0);
            }
        }
    }
    return send(0, "N", 1, 0) == 1 ? 0 : 1;
}

/* Of the host's descriptors, environment, signals, directory and session the helper has nothing. */
START_TEST(helper_has_nothing_of_the_host)
{
    struct talker talker = {.answer = NULL};
    struct auth_request request = {.types = FINGER, .talk = talk, .argument = &talker};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old, now;
    sigset_t blocked, before, mask;
    struct auth_evidence evidence;
    char program[300];
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    ck_assert_int_gt(length, 0);
    program[length] = '\0';
    ck_assert_int_eq(unlink(in_top("helper")), 0);
    ck_assert_int_eq(symlink(program, in_top("helper")), 0);

    int forgotten = open("/dev/null", O_RDONLY), high = fcntl(forgotten, F_DUPFD, 900);
    ck_assert(forgotten >= 0 && high >= 900);
    ck_assert_int_eq(setenv("HUKS_TEST_SECRET", "1", 1), 0);
    (void)umask(0);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    ck_assert_int_eq(sigaction(SIGPIPE, &ignore, &old), 0);
    int in = dup(0), out = dup(1); /* and it has closed some that every program has */
    (void)close(0);
    (void)close(1);
    huks_rc rc = auth_authenticate(here.auth, &request, &evidence);
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, &mask), 0);
    ck_assert_int_eq(sigaction(SIGPIPE, &old, &now), 0);
    (void)umask(022);
    (void)close(in);
    (void)close(out);
    (void)close(forgotten);
    (void)close(high);

    ck_assert_int_eq(rc, HUKS_E_AUTH_FAILED);
    ck_assert_str_eq(talker.heard,
                     "0 1 2 3 leader / 022 host lives|PATH=/usr/sbin:/usr/bin:/sbin:/bin|LANG=C.UTF-8|"
                     "SigBlk:\t0000000000000000|SigIgn:\t0000000000000000|");
    /* The host keeps its own. */
    ck_assert(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 0);
    ck_assert(now.sa_handler == SIG_IGN);
}
END_TEST

/* Threads ask at once while another one forks: nobody waits for somebody else's helper. */
START_TEST(many_at_once)
{
    struct asking asking[4];
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
        ask_start(&asking[i], i + 1);
    }
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    }
    for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
        ask_end(&asking[i], HUKS_OK, "");
        ck_assert_uint_eq(asking[i].evidence.enrolled_id, enrolled_id(FINGER));
    }
}
END_TEST

/* ---- running ---- */

int child_main(char **arguments)
{
    struct auth_request request = {.types = FINGER};
    struct auth_evidence evidence;
    (void)arguments;
    memset(&here, 0, sizeof here);
    side_open(&here);
    return auth_authenticate(here.auth, &request, &evidence) == HUKS_OK ? 0 : 1;
}

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
    tcase_add_test(tests, a_module_may_say_which_finger);
    tcase_add_test(tests, questions);
    tcase_add_test(tests, messages_in_order);
    tcase_add_test(tests, nobody_answers);
    tcase_add_test(tests, helper_killed);
    tcase_add_test(tests, cancelled);
    tcase_add_test(tests, closing_the_engine_ends_it);
    tcase_add_test(tests, processes_of_modules_end_too);
    tcase_add_test(tests, dies_with_its_host);
    tcase_add_test(tests, host_notices_nothing);
    tcase_add_test(tests, hosts_that_wait_for_everybody);
    tcase_add_test(tests, helper_has_nothing_of_the_host);
    tcase_add_test(tests, many_at_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
