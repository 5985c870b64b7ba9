/*
 * huks_user_auth.h as a program of somebody else's uses it: PIN, fingers and faces of the native door's
 * token, what they open, and the tokens that they give. The helper is the built one, PAM's services are this
 * test's.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "huks/huks_user_auth.h"
#include "native.h"

#define FINGER OH_HUKS_USER_AUTH_TYPE_FINGERPRINT
#define FACE   OH_HUKS_USER_AUTH_TYPE_FACE
#define PIN    OH_HUKS_USER_AUTH_TYPE_PIN

#define TEXT_REFUSED       "The authentication token verification failed."
#define TEXT_NO_CREDENTIAL "The credential does not exist."
#define TEXT_PERMISSION    "Permission check failed. Apply for the required permissions first."

typedef struct Huks_UserAuthRequest request;
typedef struct Huks_UserAuthState state;

/* ---- PAM ---- */

static void write_file(const char *name, mode_t mode, const char *text)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", native_directory(), name);
    FILE *file = fopen(path, "we");
    ck_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
}

static void service(const char *name, const char *options)
{
    char file[64], text[PATH_MAX + 256];
    (void)snprintf(file, sizeof file, "services/%s", name);
    (void)snprintf(text, sizeof text, "auth required %s/.libs/pam_huks_test.so %s\n", getenv("HUKS_BUILDDIR"),
                   options);
    write_file(file, 0644, text);
}

static void open_reader(void)
{
    char path[PATH_MAX], text[2 * PATH_MAX + 100];
    (void)snprintf(path, sizeof path, "%s/services", native_directory());
    ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
    (void)snprintf(text, sizeof text, "#!/bin/sh\nexec %s/huks-auth-helper --services %s \"$@\"\n",
                   getenv("HUKS_BUILDDIR"), path);
    write_file("helper", 0755, text);
    (void)snprintf(path, sizeof path, "%s/helper", native_directory());
    ck_assert(setenv("HUKS_AUTH_HELPER", path, 1) == 0);
    service("huks-fingerprint", "result=0");
    service("huks-face", "result=0");
    service("other", "result=0");
    configure("pin_tries=3\nscrypt_log2n=10\nauth_timeout_ms=120000\n");
}

/* ---- shorthand ---- */

static request with_pin(const char *pin)
{
    return (request){.authType = PIN, .pin = {(uint32_t)strlen(pin), (uint8_t *)(uintptr_t)pin}};
}

static struct OH_Huks_Result authenticate(uint32_t type)
{
    request wanted = {.authType = type};
    return Huks_UserAuth_Authenticate(&wanted, NULL);
}

static struct OH_Huks_Result unlock(const char *pin)
{
    request wanted = with_pin(pin);
    return Huks_UserAuth_Authenticate(&wanted, NULL);
}

static struct OH_Huks_Result enroll(uint32_t type, const char *name, const char *pin, uint64_t *id)
{
    request wanted = with_pin(pin);
    wanted.authType = type;
    return Huks_UserAuth_Enroll(&wanted, name, id);
}

static state state_now(void)
{
    state now;
    OK(Huks_UserAuth_GetState(&now));
    return now;
}

static struct OH_Huks_Result make_key(const char *alias, set *level)
{
    return OH_Huks_GenerateKeyItem(NAME(alias), level, NULL);
}

#define AES_AT(level)                                                                                        \
    SET(ALG(AES), SIZE(OH_HUKS_AES_KEY_SIZE_256), PURPOSE(ENCRYPT), MODE(GCM), PADDING(NONE), LEVEL(level))

/* ---- the PIN ---- */

START_TEST(nothing_there)
{
    state now = state_now();
    uint32_t count = 7;
    struct Huks_Credential list[1];
    ck_assert(now.enrolled == 0 && now.unlocked == 1 && now.pinFailed == 0 && now.pinLocked == 0);
    OK(Huks_UserAuth_List(NULL, &count));
    ck_assert_uint_eq(count, 0);
    count = 1;
    OK(Huks_UserAuth_List(list, &count));
    ck_assert_uint_eq(count, 0);
    EXPECT(12000013, TEXT_NO_CREDENTIAL, unlock("1234"));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, authenticate(FINGER));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, enroll(FINGER, "thumb", "1234", NULL));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, Huks_UserAuth_ChangePin(NAME("1234"), NAME("5678")));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, Huks_UserAuth_ClearPin(NAME("1234")));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, Huks_UserAuth_Remove(NAME("1234"), 1));
    OK(Huks_UserAuth_Lock());
    OK(Huks_UserAuth_Cancel(1));
    ck_assert(access(in_store("root.key"), F_OK) != 0); /* asking makes nothing */
}
END_TEST

START_TEST(pin_opens_and_lock_closes)
{
    OK(make_key("before", AES_AT(CE)));
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    ck_assert(state_now().unlocked == 0 && state_now().enrolled == PIN);
    EXPECT(201, TEXT_PERMISSION, OH_Huks_IsKeyItemExist(NAME("before"), AES_AT(CE)));
    EXPECT(201, TEXT_PERMISSION, make_key("ce", AES_AT(CE)));
    EXPECT(201, TEXT_PERMISSION, make_key("ece", AES_AT(ECE)));
    OK(make_key("de", AES_AT(DE)));

    EXPECT(12000008, TEXT_REFUSED, unlock("wrong"));
    ck_assert(state_now().pinFailed == 1 && state_now().unlocked == 0);
    OK(unlock("1234"));
    ck_assert(state_now().pinFailed == 0 && state_now().unlocked == 1);
    OK(OH_Huks_IsKeyItemExist(NAME("before"), AES_AT(CE)));
    OK(make_key("ce", AES_AT(CE)));
    OK(make_key("ece", AES_AT(ECE)));

    /* As a locked screen: what is opened once stays, but for ECE. */
    OK(Huks_UserAuth_Lock());
    ck_assert_uint_eq(state_now().unlocked, 0);
    OK(OH_Huks_IsKeyItemExist(NAME("ce"), AES_AT(CE)));
    OK(make_key("ce again", AES_AT(CE)));
    EXPECT(201, TEXT_PERMISSION, OH_Huks_IsKeyItemExist(NAME("ece"), AES_AT(ECE)));
    OK(Huks_UserAuth_Lock());
    OK(unlock("1234"));
    OK(OH_Huks_IsKeyItemExist(NAME("ece"), AES_AT(ECE)));
}
END_TEST

START_TEST(changed_and_cleared)
{
    EXPECT(12000003, "Invalid PIN length (4 to 255 bytes).", Huks_UserAuth_SetPin(NAME("123")));
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_SetPin(NAME("5678"))); /* whose it is knows the old one */
    OK(unlock("1234"));
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_SetPin(NAME("5678")));
    OK(make_key("kept", AES_AT(CE)));
    OK(enroll(FINGER, "thumb", "1234", NULL));

    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_ChangePin(NAME("wrong"), NAME("5678")));
    EXPECT(12000003, "Invalid PIN length (4 to 255 bytes).",
           Huks_UserAuth_ChangePin(NAME("1234"), NAME("56")));
    OK(Huks_UserAuth_ChangePin(NAME("1234"), NAME("5678")));
    EXPECT(12000008, TEXT_REFUSED, unlock("1234"));
    OK(unlock("5678"));
    ck_assert_uint_eq(state_now().enrolled, PIN | FINGER);

    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_ClearPin(NAME("1234")));
    OK(Huks_UserAuth_ClearPin(NAME("5678")));
    ck_assert(state_now().enrolled == 0 && state_now().unlocked == 1);
    OK(OH_Huks_IsKeyItemExist(NAME("kept"), AES_AT(CE)));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, unlock("5678"));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, authenticate(FINGER));
    OK(Huks_UserAuth_SetPin(NAME("9999")));
    ck_assert_uint_eq(state_now().unlocked, 0);
}
END_TEST

START_TEST(locked_after_too_many)
{
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(state_now().pinLocked, 0);
        ck_assert_uint_eq(state_now().pinLastTry, i == 2 ? 1 : 0);
        EXPECT(12000008, TEXT_REFUSED, unlock("wrong"));
    }
    ck_assert_uint_eq(state_now().pinLocked, 1);
    EXPECT(12000008, TEXT_REFUSED, unlock("1234"));
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_ClearPin(NAME("1234")));
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_ChangePin(NAME("1234"), NAME("5678")));
    EXPECT(12000008, TEXT_REFUSED, enroll(FINGER, "thumb", "1234", NULL));
}
END_TEST

/* What one process opened is open in that one. */
static void child_unlocks(void)
{
    state now = {0};
    CHILD(Huks_UserAuth_GetState(&now).errorCode == 0 && now.unlocked == 0);
    CHILD(OH_Huks_IsKeyItemExist(NAME("key"), NULL).errorCode == 201);
    CHILD(unlock("1234").errorCode == 0);
    CHILD(OH_Huks_IsKeyItemExist(NAME("key"), NULL).errorCode == 0);
}

START_TEST(children_unlock_for_themselves)
{
    OK(make_key("key", AES_AT(CE)));
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    OK(unlock("1234"));
    in_child(child_unlocks);
    OK(OH_Huks_IsKeyItemExist(NAME("key"), AES_AT(CE)));
}
END_TEST

/* ---- fingers, faces and tokens ---- */

START_TEST(enrolled_and_listed)
{
    struct Huks_Credential list[4];
    uint32_t count = 0;
    uint64_t thumb = 0, face = 0;
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, authenticate(FINGER));
    OK(enroll(FINGER, "thumb", "1234", &thumb));
    OK(enroll(FACE, "face", "1234", &face));
    EXPECT(12000003, "Invalid name: another one has it.", enroll(FINGER, "thumb", "1234", NULL));
    ck_assert_uint_eq(state_now().enrolled, PIN | FINGER | FACE);
    ck_assert_uint_eq(state_now().unlocked, 0); /* enrolling opens nothing */

    OK(Huks_UserAuth_List(NULL, &count));
    ck_assert_uint_eq(count, 3);
    count = 2;
    EXPECT(401, TEXT_BUFFER, Huks_UserAuth_List(list, &count));
    ck_assert_uint_eq(count, 3);
    count = 4;
    OK(Huks_UserAuth_List(list, &count));
    ck_assert(count == 3 && list[0].authType == PIN && strcmp(list[0].name, "PIN") == 0 && list[0].id != 0);
    ck_assert(list[1].id == thumb && list[1].authType == FINGER && strcmp(list[1].name, "thumb") == 0);
    ck_assert(list[1].enrolledAt > 1600000000 && list[1].account[0] != '\0' && list[1].reserved == 0);
    ck_assert(list[2].id == face && list[2].authType == FACE);

    OK(authenticate(FINGER));
    OK(authenticate(FINGER | FACE));
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_Remove(NAME("wrong"), thumb));
    OK(Huks_UserAuth_Remove(NAME("1234"), thumb));
    EXPECT(12000011, TEXT_ENTITY, Huks_UserAuth_Remove(NAME("1234"), thumb));
    EXPECT(12000011, TEXT_ENTITY, Huks_UserAuth_Remove(NAME("1234"), list[0].id));
    EXPECT(12000013, TEXT_NO_CREDENTIAL, authenticate(FINGER));
    OK(authenticate(FINGER | FACE));
}
END_TEST

START_TEST(tokens)
{
    uint8_t challenge[HUKS_AUTH_CHALLENGE_SIZE], bytes[HUKS_AUTH_TOKEN_SIZE + 20];
    blob token = ROOM(bytes);
    memset(challenge, 0xa5, sizeof challenge);
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    request wanted = with_pin("1234");
    wanted.challenge = (blob){sizeof challenge, challenge};
    OK(Huks_UserAuth_Authenticate(&wanted, &token));
    ck_assert_uint_eq(token.size, HUKS_AUTH_TOKEN_SIZE);
    ck_assert_mem_eq(bytes + 4, challenge, sizeof challenge);
    ck_assert_uint_eq(bytes[48], 1); /* UserIAM's number of a PIN */
    ck_assert_uint_eq(state_now().unlocked, 1);

    OK(enroll(FINGER, "thumb", "1234", NULL));
    wanted = (request){.authType = FINGER};
    token.size = sizeof bytes;
    OK(Huks_UserAuth_Authenticate(&wanted, &token));
    ck_assert_uint_eq(bytes[48], 4);
    static const uint8_t zeros[HUKS_AUTH_CHALLENGE_SIZE];
    ck_assert_mem_eq(bytes + 4, zeros, sizeof zeros);

    service("huks-fingerprint", "result=7");
    memset(bytes, 0x11, sizeof bytes);
    token.size = sizeof bytes;
    EXPECT(12000008, TEXT_REFUSED, Huks_UserAuth_Authenticate(&wanted, &token));
    ck_assert(token.size == sizeof bytes && bytes[0] == 0x11 && bytes[279] == 0x11);
}
END_TEST

START_TEST(readers_that_are_missing)
{
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    OK(enroll(FINGER, "thumb", "1234", NULL));
    service("huks-fingerprint", "result=9");
    ck_assert_int_eq(authenticate(FINGER).errorCode, 12000015);
    write_file("services/huks-fingerprint", 0644, "account required pam_permit.so\n");
    EXPECT(12000015,
           "Failed to obtain the fingerprint (there is no PAM service huks-fingerprint) information via "
           "UserIAM.",
           authenticate(FINGER));
    write_file("helper", 0644, "");
    EXPECT(12000015,
           "Failed to obtain the fingerprint (the helper program can't be started) information via UserIAM.",
           authenticate(FINGER));
    OK(unlock("1234")); /* the PIN needs none of them */
}
END_TEST

/* ---- talking and cancelling ---- */

static int32_t talk(const char *text, uint32_t kind, char *answer, uint32_t capacity, void *context)
{
    char *heard = context;
    size_t length = strlen(heard);
    (void)snprintf(heard + length, 200 - length, "%u:%s|", kind, text);
    if (kind == HUKS_AUTH_TALK_MESSAGE) {
        return 0;
    }
    (void)snprintf(answer, capacity, "friend");
    return 1;
}

START_TEST(talk_is_passed_on)
{
    char heard[200] = "";
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    service("huks-face", "[say=Look here] ask=friend");
    request wanted = with_pin("1234");
    wanted.authType = FACE;
    wanted.talk = talk;
    wanted.context = heard;
    OK(Huks_UserAuth_Enroll(&wanted, "face", NULL));
    ck_assert_str_eq(heard, "0:Look here|1:Who goes there? |");
    wanted.pin.data = NULL;
    OK(Huks_UserAuth_Authenticate(&wanted, NULL));
    wanted.talk = NULL;
    ck_assert_int_eq(Huks_UserAuth_Authenticate(&wanted, NULL).errorCode, 12000015);
}
END_TEST

static void *ask_and_wait(void *argument)
{
    request wanted = {.authType = FINGER, .requestId = 17};
    *(struct OH_Huks_Result *)argument = Huks_UserAuth_Authenticate(&wanted, NULL);
    return NULL;
}

START_TEST(cancelled)
{
    pthread_t thread;
    struct OH_Huks_Result result;
    char path[PATH_MAX], options[PATH_MAX + 20];
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    OK(enroll(FINGER, "thumb", "1234", NULL));
    (void)snprintf(path, sizeof path, "%s/pid", native_directory());
    (void)snprintf(options, sizeof options, "pid=%s wait", path);
    service("huks-fingerprint", options);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_and_wait, &result), 0);
    for (int i = 0; i < 12000 && access(path, F_OK) != 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    ck_assert_int_eq(access(path, F_OK), 0);
    OK(Huks_UserAuth_Cancel(18)); /* nobody's */
    OK(Huks_UserAuth_GetState(&(state){0}));
    OK(Huks_UserAuth_Cancel(17));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    EXPECT(12000015, "Failed to obtain the fingerprint (cancelled) information via UserIAM.", result);
    service("huks-fingerprint", "result=0");
    OK(authenticate(FINGER)); /* and the next one is asked */
}
END_TEST

/* ---- arguments ---- */

START_TEST(bad_arguments)
{
    uint8_t bytes[HUKS_AUTH_TOKEN_SIZE];
    blob token = ROOM(bytes), no_data = {4, NULL}, small = {HUKS_AUTH_TOKEN_SIZE - 1, bytes};
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    request good = with_pin("1234"), bad;
    EXPECT(401, TEXT_NULL, Huks_UserAuth_GetState(NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_SetPin(NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_SetPin(&no_data));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_ChangePin(NULL, NAME("5678")));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_ChangePin(NAME("1234"), NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_ChangePin(NAME("1234"), &no_data));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_ClearPin(NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_Remove(NULL, 1));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_List(NULL, NULL));
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Cancel(0));

    EXPECT(401, TEXT_NULL, Huks_UserAuth_Authenticate(NULL, NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_Authenticate(&good, &no_data));
    EXPECT(401, TEXT_BUFFER, Huks_UserAuth_Authenticate(&good, &small));
    static const uint32_t kinds[] = {0, 8, 32, PIN | FINGER, PIN | FACE, FINGER | 64, UINT32_MAX};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bad = good;
        bad.authType = kinds[i];
        EXPECT(401, TEXT_INVALID, Huks_UserAuth_Authenticate(&bad, &token));
        EXPECT(401, TEXT_INVALID, Huks_UserAuth_Enroll(&bad, "name", NULL));
    }
    EXPECT(401, TEXT_INVALID, authenticate(PIN)); /* without a PIN */
    bad = good;
    bad.authType = FINGER;
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Authenticate(&bad, &token)); /* with one */
    bad = good;
    bad.challenge = (blob){HUKS_AUTH_CHALLENGE_SIZE - 1, bytes};
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Authenticate(&bad, &token));
    bad.challenge.size = HUKS_AUTH_CHALLENGE_SIZE + 1;
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Authenticate(&bad, &token));
    bad = good;
    bad.authType = FACE;
    EXPECT(401, TEXT_NULL, Huks_UserAuth_Enroll(NULL, "name", NULL));
    EXPECT(401, TEXT_NULL, Huks_UserAuth_Enroll(&bad, NULL, NULL));
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Enroll(&bad, "", NULL));
    EXPECT(401, TEXT_INVALID, Huks_UserAuth_Enroll(&bad, "a\tb", NULL));
    EXPECT(401, TEXT_INVALID,
           Huks_UserAuth_Enroll(&bad, "12345678901234567890123456789012345678901234567890123456789012345",
                                NULL));
    bad.pin.data = NULL;
    EXPECT(401, TEXT_NULL, Huks_UserAuth_Enroll(&bad, "name", NULL));
    OK(Huks_UserAuth_Authenticate(&good, &token));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("user authentication");
    TCase *tests = native_tcase(suite, "user");
    tcase_add_checked_fixture(tests, open_reader, NULL);
    tcase_add_test(tests, nothing_there);
    tcase_add_test(tests, pin_opens_and_lock_closes);
    tcase_add_test(tests, changed_and_cleared);
    tcase_add_test(tests, locked_after_too_many);
    tcase_add_test(tests, children_unlock_for_themselves);
    tcase_add_test(tests, enrolled_and_listed);
    tcase_add_test(tests, tokens);
    tcase_add_test(tests, readers_that_are_missing);
    tcase_add_test(tests, talk_is_passed_on);
    tcase_add_test(tests, cancelled);
    tcase_add_test(tests, bad_arguments);
    return native_run(suite);
}
