/*
 * Uses of bound keys, one by one: tokens where they don't belong, none at all, readers that are missing, and
 * the device password.
 */
#include "check-auth-doors.h"

#include <sys/stat.h>

#include "auth/inside.h"
#include "service/user.h"

static const char data[] = "data to be authenticated";

/* ---- tokens where they don't belong ---- */

static const struct rule normal_pin = {BY_PIN, NEVER, NORMAL}, windowed_pin = {BY_PIN, NEVER, WITHOUT};

static int32_t finish_with(uint8_t number[8], const uint8_t token[AUTH_TOKEN_SIZE])
{
    uint8_t mac[32];
    struct OH_Huks_Blob handle = {8, number}, out = {sizeof mac, mac};
    struct OH_Huks_Blob in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *finish =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC),
            {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {AUTH_TOKEN_SIZE, (uint8_t *)(uintptr_t)token}});
    int32_t code = OH_Huks_FinishSession(&handle, finish, &in, &out).errorCode;
    OH_Huks_FreeParamSet(&finish);
    return code;
}

static void begin_natively(size_t index, uint8_t number[8], uint8_t challenge[AUTH_CHALLENGE_SIZE])
{
    struct OH_Huks_Blob alias = alias_of(index), handle = {8, number},
                        given = {AUTH_CHALLENGE_SIZE, challenge};
    struct OH_Huks_ParamSet *init =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(CHALLENGE_POS, position_of(index)));
    struct OH_Huks_Result result = OH_Huks_InitSession(&alias, init, &handle, &given);
    ck_assert_msg(result.errorCode == 0, "Init: %d: %s", result.errorCode, result.errorMsg);
    OH_Huks_FreeParamSet(&init);
}

static int32_t sign_with(size_t index, const uint8_t token[AUTH_TOKEN_SIZE])
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    P11(C_SignInit(session, &hmac, find(index)));
    (void)p11_vendor_functions.SetAuthToken(session, 0, (CK_BYTE *)(uintptr_t)token, AUTH_TOKEN_SIZE);
    int32_t code = last_code();
    P11(C_SignInit(session, NULL, 0));
    return code;
}

START_TEST(tokens_serve_once_and_here)
{
    size_t index = rule_index(&normal_pin), windowed = rule_index(&windowed_pin);
    struct row row = {.rule = normal_pin, .type = BY_PIN, .identity = AFTER};
    uint8_t first[8], second[8], challenge[AUTH_CHALLENGE_SIZE], other[AUTH_CHALLENGE_SIZE];
    uint8_t token[AUTH_TOKEN_SIZE];
    make_keys();
    struct identities who = identify();

    begin_natively(index, first, challenge);
    begin_natively(index, second, other);
    ck_assert(memcmp(challenge, other, sizeof challenge) != 0);
    issue(&row, index, &who, challenge, token);
    ck_assert_int_eq(finish_with(second, token), AUTH_FAILED); /* another operation's */
    ck_assert_int_eq(finish_with(first, token), 0);
    begin_natively(index, first, challenge);
    ck_assert_int_eq(finish_with(first, token), AUTH_FAILED); /* spent: the next challenge is another one */
    ck_assert_int_eq(sign_with(index, token), AUTH_FAILED);

    /* Of a key without a challenge: while it is young, and no longer. */
    issue(&row, windowed, &who, challenge, token);
    ck_assert_int_eq(sign_with(windowed, token), 0);
    ck_assert_int_eq(sign_with(windowed, token), 0);
    row.fit = TOO_OLD;
    issue(&row, windowed, &who, challenge, token);
    ck_assert_int_eq(sign_with(windowed, token), TIMED_OUT);
    begin_natively(windowed, first, challenge);
    ck_assert_int_eq(finish_with(first, token), TIMED_OUT);
    row.fit = FITS;

    /* Any bit of one that is good. */
    issue(&row, windowed, &who, challenge, token);
    for (size_t bit = 0; bit < 8u * AUTH_TOKEN_SIZE; bit++) {
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(sign_with(windowed, token), AUTH_FAILED);
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(sign_with(windowed, token), 0);

    /* Of another token's service: it has a key of its own. */
    struct auth *here = issuer;
    struct engine *engine = native_side->engine;
    struct token *slots[8];
    size_t count = 0;
    OK(engine_slots(engine, slots, 8, &count));
    for (size_t i = 0; i < count; i++) {
        if (slots[i] != native_side) {
            OK(token_init(slots[i], bytes_of("so-pin-2", 8), bytes_of("elsewhere", 9)));
            OK(token_require(slots[i]));
            issuer = slots[i]->auth;
        }
    }
    ck_assert_ptr_ne(issuer, here);
    issue(&row, windowed, &who, challenge, token);
    issuer = here;
    ck_assert_int_eq(sign_with(windowed, token), AUTH_FAILED);
    begin_natively(windowed, first, challenge);
    ck_assert_int_eq(finish_with(first, token), AUTH_FAILED);
}
END_TEST

START_TEST(sticky_and_absent)
{
    size_t index = rule_index(&normal_pin);
    uint8_t number[8], challenge[AUTH_CHALLENGE_SIZE], mac[32];
    struct OH_Huks_Blob handle = {8, number}, out = {sizeof mac, mac};
    struct OH_Huks_Blob in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *none = SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC));
    uint8_t few[100] = {0};
    struct OH_Huks_ParamSet *shorter =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {sizeof few, few}});
    make_keys();
    begin_natively(index, number, challenge);
    struct OH_Huks_Result result = OH_Huks_UpdateSession(&handle, none, &in, &out);
    ck_assert_int_eq(result.errorCode, 401);
    ck_assert_str_eq(result.errorMsg,
                     "Failed to obtain the authentication token. It is not set in ParamSet.");
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, none, &in, &out).errorCode, 12000011); /* it is gone */
    begin_natively(index, number, challenge);
    result = OH_Huks_FinishSession(&handle, shorter, &in, &out);
    ck_assert_int_eq(result.errorCode, 401);
    ck_assert_str_eq(result.errorMsg, "Invalid authentication token.");

    /* Once shown, the token need not come again. */
    struct row row = {.rule = normal_pin, .type = BY_PIN, .identity = AFTER};
    struct identities who = identify();
    uint8_t token[AUTH_TOKEN_SIZE];
    begin_natively(index, number, challenge);
    issue(&row, index, &who, challenge, token);
    struct OH_Huks_ParamSet *with =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {sizeof token, token}});
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, with, &in, &out).errorCode, 0);
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, none, &in, &out).errorCode, 0);
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_FinishSession(&handle, none, &in, &out).errorCode, 0);
    OH_Huks_FreeParamSet(&none);
    OH_Huks_FreeParamSet(&shorter);
    OH_Huks_FreeParamSet(&with);
}
END_TEST

/* Whoever asks what a key was made with learns the rule, and not which user it is bound to. */
START_TEST(rules_are_told_and_ids_are_not)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING | BY_NEW_BODY, CUSTOM};
    uint64_t room[512] = {0};
    struct OH_Huks_ParamSet *told = (struct OH_Huks_ParamSet *)room;
    struct OH_Huks_Param *param = NULL;
    size_t index = rule_index(&finger);
    struct OH_Huks_Blob alias = alias_of(index);
    make_keys();
    alias = alias_of(index);
    told->paramSetSize = sizeof room;
    ck_assert_int_eq(OH_Huks_GetKeyItemParamSet(&alias, NULL, told).errorCode, 0);
    ck_assert_int_eq(OH_Huks_GetParam(told, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, &param).errorCode, 0);
    ck_assert_uint_eq(param->uint32Param, BY_CLEARING | BY_NEW_BODY);
    ck_assert_int_eq(OH_Huks_GetParam(told, HUKS_TAG_USER_AUTH_SECURE_UID, &param).errorCode, 401);
    ck_assert_int_eq(OH_Huks_GetParam(told, HUKS_TAG_USER_AUTH_ENROLL_ID_INFO, &param).errorCode, 401);
}
END_TEST

/* ---- who can't be asked -----------------------------------------------------------------------------------
 */

START_TEST(missing_readers_leave_the_operation)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING, NORMAL};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t challenge[AUTH_CHALLENGE_SIZE], token[AUTH_TOKEN_SIZE], mac[32];
    CK_ULONG length = sizeof challenge;
    size_t index = rule_index(&finger);
    struct row row = {.rule = finger, .type = BY_FINGER, .identity = AFTER};
    make_keys();
    struct identities who = identify();
    P11(C_SignInit(session, &hmac, find(index)));
    ck_assert_uint_eq(context_login(NULL), CKR_FUNCTION_FAILED);
    ck_assert_int_eq(last_code(), 12000015);
    ck_assert_uint_eq(context_login(PIN), CKR_USER_TYPE_INVALID); /* the key takes none */
    ck_assert_int_eq(last_code(), AUTH_FAILED);
    P11(p11_vendor_functions.GetChallenge(session, 0, challenge, &length));
    issue(&row, index, &who, challenge, token);
    P11(p11_vendor_functions.SetAuthToken(session, 0, token, sizeof token));
    length = sizeof mac;
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
}
END_TEST

static void *wait_for_a_finger(void *answer)
{
    *(CK_RV *)answer = context_login(NULL);
    return NULL;
}

static bool asking(struct auth *auth)
{
    (void)pthread_mutex_lock(&auth->run_mutex);
    bool running = auth->runs != NULL;
    (void)pthread_mutex_unlock(&auth->run_mutex);
    return running;
}

/* Says nothing, for ever. */
static char *silent_helper(void)
{
    char *path = NULL;
    ck_assert_int_gt(asprintf(&path, "%s/silent", getenv("HOME")), 0);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert(fputs("#!/bin/sh\nexec sleep 1000\n", file) >= 0 && fchmod(fileno(file), 0755) == 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

/* The one who waits for a finger has the session; C_SessionCancel comes through to it. */
START_TEST(waiting_for_a_finger_can_be_cancelled)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING, NORMAL};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    CK_RV answer = CKR_OK;
    pthread_t thread;
    make_keys();
    P11(C_SignInit(session, &hmac, find(rule_index(&finger))));
    struct auth *auth = engine_slot(p11_module()->engine, slot)->auth;
    free(auth->helper);
    auth->helper = silent_helper();
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_a_finger, &answer), 0);
    while (!asking(auth)) {
        usleep(1000);
    }
    P11(C_SessionCancel(session, CKF_SIGN));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(answer, CKR_FUNCTION_FAILED);
    ck_assert_uint_eq(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length),
                      CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

/* ---- the time of a login ---- */

static void later(uint64_t ms)
{
    atomic_fetch_add(&engine_slot(p11_module()->engine, slot)->auth->skew_ms, ms);
}

static CK_RV login(const char *pin)
{
    return C_Login(session, CKU_USER, utf8(pin), strlen(pin));
}

/* By nothing but what this process remembers. */
static int32_t sign_now(CK_OBJECT_HANDLE key)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    P11(C_SignInit(session, &hmac, key));
    CK_RV rv = C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length);
    int32_t code = last_code();
    ck_assert_uint_eq(rv, code == 0 ? CKR_OK : CKR_USER_NOT_LOGGED_IN);
    return code;
}

#define BEYOND (WINDOW * 1000 + 1)

START_TEST(another_login_renews_the_time)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_TOKEN_INFO info;
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    make_keys();
    CK_OBJECT_HANDLE key = find(rule_index(&windowed_pin));
    ck_assert_int_eq(sign_now(key), 0);
    later(BEYOND);
    ck_assert_int_eq(sign_now(key), TIMED_OUT);
    ck_assert_uint_eq(login(PIN), CKR_USER_ALREADY_LOGGED_IN);
    ck_assert_int_eq(last_code(), 12000018);
    ck_assert_int_eq(sign_now(key), 0);
    later(BEYOND);
    ck_assert_uint_eq(C_LoginUser(session, CKU_USER, utf8(PIN), strlen(PIN), NULL, 0),
                      CKR_USER_ALREADY_LOGGED_IN);
    ck_assert_int_eq(sign_now(key), 0);

    /* A wrong PIN renews nothing, counts, and logs nobody out. */
    later(BEYOND);
    ck_assert_uint_eq(login("wrong"), CKR_PIN_INCORRECT);
    ck_assert_int_eq(last_code(), AUTH_FAILED);
    P11(C_GetTokenInfo(slot, &info));
    ck_assert((info.flags & CKF_USER_PIN_COUNT_LOW) != 0);
    ck_assert_int_eq(sign_now(key), TIMED_OUT);
    ck_assert_uint_eq(login(PIN), CKR_USER_ALREADY_LOGGED_IN);
    P11(C_GetTokenInfo(slot, &info));
    ck_assert((info.flags & CKF_USER_PIN_COUNT_LOW) == 0);
    ck_assert_int_eq(sign_now(key), 0);

    /* An operation that has begun already takes it, too. */
    later(BEYOND);
    P11(C_SignInit(session, &hmac, key));
    later(BEYOND);
    ck_assert_uint_eq(login(PIN), CKR_USER_ALREADY_LOGGED_IN);
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));

    /* A login for one operation serves the next ones: it is the process's time. */
    later(BEYOND);
    P11(C_SignInit(session, &hmac, key));
    P11(context_login(PIN));
    length = sizeof mac;
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
    ck_assert_int_eq(sign_now(key), 0);
}
END_TEST

/* Of a key that is seen without a login, too. */
START_TEST(logout_ends_the_time)
{
    struct OH_Huks_Blob alias = {4, (uint8_t *)(uintptr_t) "open"};
    struct OH_Huks_ParamSet *made =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE),
            U32(USER_AUTH_TYPE, BY_PIN), U32(KEY_AUTH_ACCESS_TYPE, NEVER), U32(CHALLENGE_TYPE, WITHOUT),
            U32(AUTH_TIMEOUT, WINDOW));
    ck_assert_int_eq(OH_Huks_GenerateKeyItem(&alias, made, NULL).errorCode, 0);
    OH_Huks_FreeParamSet(&made);
    ck_assert_int_eq(sign_now(find_alias(alias)), 0);
    P11(C_Logout(session));
    ck_assert_int_eq(sign_now(find_alias(alias)), AUTH_FAILED);
    P11(login(PIN));
    ck_assert_int_eq(sign_now(find_alias(alias)), 0);
}
END_TEST

/* A device password is asked for at each step, and its absence is told before anything else. */
START_TEST(device_password_is_asked_for_each_time)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t number[8], other[8], mac[32];
    struct OH_Huks_Blob alias = {4, (uint8_t *)(uintptr_t) "lock"}, out = {sizeof mac, mac};
    struct OH_Huks_Blob handle = {8, number}, second = {8, other},
                        in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *made =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE),
            {.tag = OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, .boolParam = true});
    struct OH_Huks_ParamSet *used =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE));
    CK_ATTRIBUTE label = {CKA_LABEL, alias.data, alias.size};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG length = sizeof mac, found = 0;
    ck_assert_int_eq(OH_Huks_GenerateKeyItem(&alias, made, NULL).errorCode, 0);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &handle, NULL).errorCode, 0);
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, used, &in, &out).errorCode, 0);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &second, NULL).errorCode, 0);
    P11(C_FindObjectsInit(session, &label, 1));
    P11(C_FindObjects(session, &key, 1, &found));
    P11(C_FindObjectsFinal(session));
    P11(C_SignInit(session, &hmac, key));
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
    P11(C_SignInit(session, &hmac, key));

    OK(user_clear_pin(native_side, AUTH_USER, bytes_of(PIN, strlen(PIN))));
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_FinishSession(&handle, used, &in, &out).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_UpdateSession(&second, used, &in, &out).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &handle, NULL).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_GenerateKeyItem(&alias, made, NULL).errorCode, 12000016);
    ck_assert_uint_eq(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length),
                      CKR_USER_PIN_NOT_INITIALIZED);
    ck_assert_int_eq(last_code(), 12000016);
    ck_assert_uint_eq(C_SignInit(session, &hmac, key), CKR_USER_PIN_NOT_INITIALIZED);
    ck_assert_int_eq(last_code(), 12000016);
    OH_Huks_FreeParamSet(&made);
    OH_Huks_FreeParamSet(&used);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth uses");
    TCase *tcase = doors_tcase(suite, "uses");
    tcase_add_test(tcase, tokens_serve_once_and_here);
    tcase_add_test(tcase, sticky_and_absent);
    tcase_add_test(tcase, rules_are_told_and_ids_are_not);
    tcase_add_test(tcase, missing_readers_leave_the_operation);
    tcase_add_test(tcase, waiting_for_a_finger_can_be_cancelled);
    tcase_add_test(tcase, another_login_renews_the_time);
    tcase_add_test(tcase, logout_ends_the_time);
    tcase_add_test(tcase, device_password_is_asked_for_each_time);
    return doors_run(suite);
}
