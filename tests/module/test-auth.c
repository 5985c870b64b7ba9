/*
 * Keys that know who must authenticate, through PKCS #11: context logins, times, messages, and the vendor
 * interface. Every combination of rules and what happens to them is tests/unit/check-auth-states.c's; ours
 * only.
 */
#include "bound.h"

#include <string.h>
#include <time.h>

/* ---- CKA_ALWAYS_AUTHENTICATE -----------------------------------------------------------------------------
 */

static void always_authenticate_is_a_rule(void)
{
    struct pair key = ec_always();

    ck_assert(get_bool(the_session, key.private_key, CKA_ALWAYS_AUTHENTICATE));
    ck_assert_uint_eq(get_ulong(the_session, key.private_key, CKA_HUKS_TYPE_), BY_PIN);
    ck_assert_uint_eq(get_ulong(the_session, key.private_key, CKA_HUKS_ACCESS_), NEVER_VOID);
    ck_assert_uint_eq(get_ulong(the_session, key.private_key, CKA_HUKS_CHALLENGE_), NORMAL_CHALLENGE);
    ck_assert(!get_bool(the_session, key.private_key, CKA_HUKS_SECURE_));
    ck_assert(!get_bool(the_session, key.private_key, CKA_HUKS_PASSWORD_));
}

static void every_use_asks(void)
{
    struct pair key = ec_always();

    ok(sign_init(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, sign()); /* that ended it */
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN));

    ok(sign_init(key.private_key));
    ok(context(USER_PIN));
    ok(sign());
    ok(p11->C_VerifyInit(the_session, &ecdsa, key.public_key)); /* the public half is free */
    ok(p11->C_Verify(the_session, message, sizeof message, out, out_length));

    ok(sign_init(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
}

static void failed_context_login_may_be_repeated(void)
{
    struct pair key = ec_always();

    ok(sign_init(key.private_key));
    refused(CKR_PIN_INCORRECT, 8, context("wrong-pin"));
    ck_assert((token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) != 0);
    ok(context(USER_PIN));
    ck_assert((token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) == 0);
    ok(sign());
}

static void context_login_never_locks_for_nothing(void)
{
    struct pair key = ec_always();
    CK_RV rv = CKR_PIN_INCORRECT;

    ok(sign_init(key.private_key));
    for (int i = 0; i < 10; i++) {
        rv = context("wrong-pin");
    }
    ck_assert(rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED);
    refused(CKR_PIN_LOCKED, 8, context(USER_PIN));
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
}

static void lengths_need_and_spend_nothing(void)
{
    struct pair key = ec_always();

    ok(sign_init(key.private_key));
    ok(p11->C_Sign(the_session, message, sizeof message, NULL, &out_length));
    ck_assert_uint_eq(out_length, 64);
    ok(context(USER_PIN));
    ok(p11->C_Sign(the_session, message, sizeof message, NULL, &out_length));
    out_length = 63;
    refused(CKR_BUFFER_TOO_SMALL, 14, p11->C_Sign(the_session, message, sizeof message, out, &out_length));
    ck_assert_uint_eq(out_length, 64);
    ok(p11->C_Sign(the_session, message, sizeof message, out, &out_length));
}

static void parts_are_asked_once(void)
{
    struct pair key = ec_always();

    ok(sign_init(key.private_key));
    ok(context(USER_PIN));
    ok(p11->C_SignUpdate(the_session, message, 4));
    ok(p11->C_SignUpdate(the_session, message + 4, sizeof message - 4));
    out_length = sizeof out;
    ok(p11->C_SignFinal(the_session, out, &out_length));

    ok(sign_init(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, p11->C_SignUpdate(the_session, message, 4));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, p11->C_SignFinal(the_session, out, &out_length));
}

static void one_login_serves_all_that_is_pending(void)
{
    CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0};
    struct template t = {.count = 0};
    CK_BYTE encrypted[256], plain[256];
    CK_ULONG length = sizeof encrypted;
    struct pair key;

    add_bool(&t, CKA_ALWAYS_AUTHENTICATE, true);
    key = import_rsa(the_session, &t);
    ok(p11->C_EncryptInit(the_session, &pkcs, key.public_key));
    ok(p11->C_Encrypt(the_session, message, sizeof message, encrypted, &length));
    ok(p11->C_SignInit(the_session, &pkcs, key.private_key));
    ok(p11->C_DecryptInit(the_session, &pkcs, key.private_key));
    ok(context(USER_PIN));
    ok(sign());
    length = sizeof plain;
    ok(p11->C_Decrypt(the_session, encrypted, sizeof encrypted, plain, &length));
    ck_assert_uint_eq(length, sizeof message);
    ok(p11->C_DecryptInit(the_session, &pkcs, key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8,
            p11->C_Decrypt(the_session, encrypted, sizeof encrypted, plain, &length));
}

/* C_LoginUser of 3.0, behind the 2.40 functions in the list. */
static void login_user_is_login(void)
{
    CK_RV(*login_user)
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_length,
     CK_UTF8CHAR_PTR name, CK_ULONG name_length);
    CK_UTF8CHAR pin[] = USER_PIN, name[] = "somebody";
    get_interface_function get_interface;
    struct interface *found = NULL;
    CK_UTF8CHAR standard[] = "PKCS 11";
    CK_VERSION version = {3, 0};
    struct pair key = ec_always();

    *(void **)&get_interface = module_symbol("C_GetInterface");
    ok(get_interface(standard, &version, &found, 0));
    /* Function 70 of the 3.0 list: after the 68 of 2.40 come C_GetInterfaceList, C_GetInterface, C_LoginUser.
     */
    memcpy((void *)&login_user, (char *)found->functions + sizeof(void *) * (1 + FUNCTIONS_2_40 + 2),
           sizeof login_user);
    ok(sign_init(key.private_key));
    refused(CKR_ARGUMENTS_BAD, 18,
            login_user(the_session, CKU_CONTEXT_SPECIFIC, pin, sizeof pin - 1, name, sizeof name - 1));
    ok(login_user(the_session, CKU_CONTEXT_SPECIFIC, pin, sizeof pin - 1, NULL, 0));
    ok(sign());
    refused(CKR_OPERATION_NOT_INITIALIZED, 18,
            login_user(the_session, CKU_CONTEXT_SPECIFIC, pin, sizeof pin - 1, NULL, 0));
}

static void context_login_needs_a_bound_key(void)
{
    struct pair key = generate_ec(the_session, CURVE_P256, NULL);
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};

    ok(sign_init(key.private_key));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN));
    ok(sign());
    ok(p11->C_DigestInit(the_session, &sha));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN));
}

static void null_pin_asks_bodies(void)
{
    struct pair key = ec_always();

    ok(sign_init(key.private_key)); /* takes the PIN alone */
    refused(CKR_ARGUMENTS_BAD, 18, context(NULL));
    refused(CKR_ARGUMENTS_BAD, 18, context(""));
    ok(context(USER_PIN));
    ok(sign());

    /* ALWAYS_VALID: may be made before a finger is enrolled, and waits for one. */
    key = ec_with(BY_FINGER, NEVER_VOID, NORMAL_CHALLENGE, NULL);
    ok(sign_init(key.private_key));
    refused(CKR_USER_PIN_NOT_INITIALIZED, 13, context(NULL));
    refused(CKR_USER_TYPE_INVALID, 8, context(USER_PIN));
    refused(CKR_USER_TYPE_INVALID, 8, context("wrong-pin")); /* nor is it tested */
    ck_assert((token_flags(the_slot) & CKF_USER_PIN_COUNT_LOW) == 0);
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
}

/* ---- Without a challenge
 * ----------------------------------------------------------------------------------- */

static void window_begins_with_the_login(void)
{
    struct template t = {.count = 0};
    struct pair key;

    add_bool(&t, CKA_TOKEN, true);
    add_ulong(&t, CKA_HUKS_TIMEOUT_, 600);
    key = ec_with(BY_PIN, NEVER_VOID, NO_CHALLENGE, &t);
    ck_assert(!get_bool(the_session, key.private_key, CKA_ALWAYS_AUTHENTICATE));
    ck_assert_uint_eq(get_ulong(the_session, key.private_key, CKA_HUKS_TIMEOUT_), 600);
    for (int i = 0; i < 3; i++) {
        ok(sign_init(key.private_key));
        ok(sign());
    }
    ok(sign_init(key.private_key)); /* a login for it is accepted, and renews the time */
    refused(CKR_PIN_INCORRECT, 8, context("wrong-pin"));
    ok(context(USER_PIN));
    ok(sign());
}

/* Beyond a window of one second. */
static void pass_time(void)
{
    const struct timespec nap = {1, 300000000};
    (void)nanosleep(&nap, NULL);
}

static void window_ends(void)
{
    struct template t = {.count = 0};
    struct pair key;

    add_ulong(&t, CKA_HUKS_TIMEOUT_, 1);
    key = ec_with(BY_PIN, NEVER_VOID, NO_CHALLENGE, &t);
    pass_time();
    ok(sign_init(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 9, sign());
    ok(sign_init(key.private_key));
    ok(context(USER_PIN)); /* the operation has its own by that, however long it waits for data */
    pass_time();
    ok(sign());
}

static void time_of_another_kind_does_not_count(void)
{
    struct template t = {.count = 0};
    struct pair key;

    add_ulong(&t, CKA_HUKS_TIMEOUT_, 600);
    key = ec_with(BY_FINGER, NEVER_VOID, NO_CHALLENGE, &t);
    ok(sign_init(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
}

/* ---- Messages: many uses, one C_Message*Init -------------------------------------------------------------
 */

typedef CK_RV (*message_init)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
typedef CK_RV (*sign_message)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_length,
                              CK_BYTE_PTR data, CK_ULONG length, CK_BYTE_PTR signature,
                              CK_ULONG_PTR signature_length);

/* By its place in the 3.0 list, behind the 2.40 functions. */
static void function_of_3_0(int place, void *function)
{
    get_interface_function get_interface;
    struct interface *found = NULL;
    CK_UTF8CHAR standard[] = "PKCS 11";
    CK_VERSION version = {3, 0};

    *(void **)&get_interface = module_symbol("C_GetInterface");
    ok(get_interface(standard, &version, &found, 0));
    memcpy(function, (char *)found->functions + sizeof(void *) * (size_t)(1 + FUNCTIONS_2_40 + place),
           sizeof(void *));
}

static void each_message_asks(void)
{
    struct pair key = ec_always();
    message_init init;
    sign_message one;

    function_of_3_0(14, &init); /* C_MessageSignInit, C_SignMessage */
    function_of_3_0(15, &one);
    ok(init(the_session, &ecdsa, key.private_key));
    ok(one(the_session, NULL, 0, message, sizeof message, NULL, &out_length)); /* its length asks nobody */
    ck_assert_uint_eq(out_length, 64);
    ok(context(USER_PIN));
    ok(one(the_session, NULL, 0, message, sizeof message, out, &out_length));
    ok(context(USER_PIN));
    ok(one(the_session, NULL, 0, message, sizeof message, out, &out_length));
    refused(CKR_USER_NOT_LOGGED_IN, 8, one(the_session, NULL, 0, message, sizeof message, out, &out_length));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN)); /* that ended it */
}

/* ---- The vendor interface
 * ----------------------------------------------------------------------------------- */

static void challenges_belong_to_operations(void)
{
    struct pair key = ec_always(), free_key = generate_ec(the_session, CURVE_P256, NULL);
    CK_BYTE challenge[32], other[32], token[280] = {0};
    CK_ULONG length = 0;

    refused(CKR_OPERATION_NOT_INITIALIZED, 18, challenge_of(0, challenge));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, challenge_of(CKF_SIGN, challenge));
    refused(CKR_ARGUMENTS_BAD, 18, challenge_of(CKF_SIGN | CKF_DECRYPT, challenge));
    refused(CKR_ARGUMENTS_BAD, 18, challenge_of(CKF_HW, challenge));
    ok(sign_init(key.private_key));
    refused(CKR_ARGUMENTS_BAD, 18, huks->GetChallenge(the_session, 0, challenge, NULL));
    ok(huks->GetChallenge(the_session, 0, NULL, &length));
    ck_assert_uint_eq(length, 32);
    length = 31;
    refused(CKR_BUFFER_TOO_SMALL, 14, huks->GetChallenge(the_session, CKF_SIGN, challenge, &length));
    ck_assert_uint_eq(length, 32);
    ok(challenge_of(CKF_SIGN, challenge));
    ok(challenge_of(0, other));
    ck_assert(memcmp(challenge, other, 32) == 0);
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, challenge_of(CKF_DECRYPT, challenge));

    refused(CKR_ARGUMENTS_BAD, 18, huks->SetAuthToken(the_session, 0, NULL, 280));
    refused(CKR_ARGUMENTS_BAD, 18, huks->SetAuthToken(the_session, 0, token, 279));
    refused(CKR_USER_NOT_LOGGED_IN, 8, huks->SetAuthToken(the_session, 0, token, 280));
    ok(context(USER_PIN)); /* and that changed nothing */
    ok(challenge_of(CKF_DERIVE, other));
    refused(CKR_ARGUMENTS_BAD, 18, challenge_of(0, challenge)); /* which of the two? */
    ok(sign());
    ok(sign_init(key.private_key));
    ok(challenge_of(CKF_SIGN, other));
    ck_assert(memcmp(challenge, other, 32) != 0);
    ok(p11->C_SignInit(the_session, NULL, 0));

    ok(sign_init(free_key.private_key));
    length = 32;
    ok(huks->GetChallenge(the_session, CKF_SIGN, challenge, &length));
    ck_assert_uint_eq(length, 0);
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, huks->SetAuthToken(the_session, CKF_SIGN, token, 280));
}

static void (*const tests[])(void) = {
    always_authenticate_is_a_rule,        every_use_asks,
    failed_context_login_may_be_repeated, context_login_never_locks_for_nothing,
    lengths_need_and_spend_nothing,       parts_are_asked_once,
    one_login_serves_all_that_is_pending, login_user_is_login,
    context_login_needs_a_bound_key,      null_pin_asks_bodies,
    window_begins_with_the_login,         window_ends,
    time_of_another_kind_does_not_count,  each_message_asks,
    challenges_belong_to_operations,
};

int main(int argc, char **argv)
{
    return bound_run(argc, argv, "auth", tests, sizeof tests / sizeof tests[0]);
}
