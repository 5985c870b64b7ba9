/*
 * Keys that know who must authenticate, through PKCS #11: templates, context logins, calls that are a whole
 * use, keys that die with the PIN, secure sign. Every combination of rules and what happens to them is
 * tests/unit/check-auth-states.c's; ours only.
 */
#include "harness.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keys.h"
#include "witness.h"

#define OTHER_PIN "another-secret-2"

static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
static CK_BYTE message[] = "a message";
static CK_BYTE out[600];
static CK_ULONG out_length;

/* ---- Keys ---------------------------------------------------------------------------------------------- */

static void add_rule(struct template *t, CK_ULONG types, CK_ULONG access, CK_ULONG challenge)
{
    add_ulong(t, CKA_HUKS_TYPE_, types);
    add_ulong(t, CKA_HUKS_ACCESS_, access);
    add_ulong(t, CKA_HUKS_CHALLENGE_, challenge);
}

static struct pair ec_with(CK_ULONG types, CK_ULONG access, CK_ULONG challenge, const struct template *more)
{
    struct template t = {.count = 0};

    add_rule(&t, types, access, challenge);
    add_all(&t, more);
    return generate_ec(the_session, CURVE_P256, &t);
}

static struct pair ec_always(void)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_ALWAYS_AUTHENTICATE, true);
    return generate_ec(the_session, CURVE_P256, &t);
}

static CK_RV sign_init(CK_OBJECT_HANDLE key)
{
    return p11->C_SignInit(the_session, &ecdsa, key);
}

static CK_RV sign(void)
{
    out_length = sizeof out;
    return p11->C_Sign(the_session, message, sizeof message, out, &out_length);
}

static CK_RV context(const char *pin)
{
    return login(the_session, CKU_CONTEXT_SPECIFIC, pin);
}

static CK_LONG code(void)
{
    struct huks_error error = {0, 0, ""};

    ck_assert(huks->GetLastError(&error) == CKR_OK);
    return error.code;
}

#define refused(rv, huks_code, call)                                                                         \
    do {                                                                                                     \
        expect(rv, call);                                                                                    \
        ck_assert_int_eq(code(), 12000000 + (huks_code));                                                    \
    } while (0)

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

/* ---- Templates -------------------------------------------------------------------------------------------
 */

struct bad_template {
    const char *name;
    CK_RV rv;
    CK_LONG code;
    struct {
        CK_ATTRIBUTE_TYPE type;
        CK_ULONG number;
    } attributes[8];
};

#define PIN_RULE                                                                                             \
    {CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, NEVER_VOID},                                                \
    {                                                                                                        \
        CKA_HUKS_CHALLENGE_, NORMAL_CHALLENGE                                                                \
    }
#define PIN_TIME                                                                                             \
    {CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, NEVER_VOID},                                                \
    {                                                                                                        \
        CKA_HUKS_CHALLENGE_, NO_CHALLENGE                                                                    \
    }

static const struct bad_template bad_templates[] = {
    {"no access type", CKR_TEMPLATE_INCOMPLETE, 2, {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"no challenge type",
     CKR_TEMPLATE_INCOMPLETE,
     2,
     {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, NEVER_VOID}}},
    {"no authentication type", CKR_TEMPLATE_INCOMPLETE, 2, {{CKA_HUKS_ACCESS_, 4}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"a time-out and nobody to keep it", CKR_TEMPLATE_INCOMPLETE, 2, {{CKA_HUKS_TIMEOUT_, 5}}},
    {"secure sign of nobody", CKR_TEMPLATE_INCOMPLETE, 2, {{CKA_HUKS_SECURE_, CK_TRUE}}},
    {"authentication type 8",
     CKR_ATTRIBUTE_VALUE_INVALID,
     3,
     {{CKA_HUKS_TYPE_, 8}, {CKA_HUKS_ACCESS_, 4}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"secure UI alone",
     CKR_ATTRIBUTE_VALUE_INVALID,
     1,
     {{CKA_HUKS_TYPE_, BY_SECURE_UI}, {CKA_HUKS_ACCESS_, NEVER_VOID}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"challenge type 3",
     CKR_ATTRIBUTE_VALUE_INVALID,
     3,
     {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, NEVER_VOID}, {CKA_HUKS_CHALLENGE_, 3}}},
    {"PIN voided by a finger",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, VOID_BY_NEW_BODY}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"always valid and yet not",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, NEVER_VOID | VOID_BY_CLEARING}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"access type 0",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {{CKA_HUKS_TYPE_, BY_PIN}, {CKA_HUKS_ACCESS_, 0}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"no time", CKR_ATTRIBUTE_VALUE_INVALID, 3, {PIN_TIME, {CKA_HUKS_TIMEOUT_, 0}}},
    {"too much time", CKR_ATTRIBUTE_VALUE_INVALID, 3, {PIN_TIME, {CKA_HUKS_TIMEOUT_, 601}}},
    {"position 4", CKR_ATTRIBUTE_VALUE_INVALID, 3, {PIN_RULE, {CKA_HUKS_POSITION_, 4}}},
    {"guards nothing", CKR_TEMPLATE_INCONSISTENT, 3, {PIN_RULE, {CKA_HUKS_PURPOSE_, 0}}},
    {"guards what it can't do", CKR_TEMPLATE_INCONSISTENT, 3, {PIN_RULE, {CKA_HUKS_PURPOSE_, 2}}},
    {"secure sign without signing",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {PIN_RULE, {CKA_HUKS_SECURE_, CK_TRUE}, {CKA_SIGN, CK_FALSE}, {CKA_DERIVE, CK_TRUE}}},
    {"extractable", CKR_TEMPLATE_INCONSISTENT, 3, {PIN_RULE, {CKA_EXTRACTABLE, CK_TRUE}}},
    {"always authenticate, and a window",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {PIN_TIME, {CKA_ALWAYS_AUTHENTICATE, CK_TRUE}}},
    {"never authenticate, and a challenge",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {PIN_RULE, {CKA_ALWAYS_AUTHENTICATE, CK_FALSE}}},
    {"always authenticate in public",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {{CKA_ALWAYS_AUTHENTICATE, CK_TRUE}, {CKA_PRIVATE, CK_FALSE}}},
    {"challenge in public", CKR_TEMPLATE_INCONSISTENT, 3, {PIN_RULE, {CKA_PRIVATE, CK_FALSE}}},
    {"private in the device's class",
     CKR_TEMPLATE_INCONSISTENT,
     3,
     {PIN_RULE, {CKA_PRIVATE, CK_TRUE}, {CKA_HUKS_LEVEL_, 0}}},
    {"a finger that is not enrolled",
     CKR_USER_PIN_NOT_INITIALIZED,
     13,
     {{CKA_HUKS_TYPE_, BY_FINGER}, {CKA_HUKS_ACCESS_, VOID_BY_CLEARING}, {CKA_HUKS_CHALLENGE_, 0}}},
    {"a face that is not enrolled",
     CKR_USER_PIN_NOT_INITIALIZED,
     13,
     {{CKA_HUKS_TYPE_, BY_FACE | BY_PIN}, {CKA_HUKS_ACCESS_, VOID_BY_NEW_BODY}, {CKA_HUKS_CHALLENGE_, 0}}},
};

static bool is_truth(CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_HUKS_SECURE_ || type == CKA_SIGN || type == CKA_DERIVE || type == CKA_EXTRACTABLE ||
           type == CKA_ALWAYS_AUTHENTICATE || type == CKA_PRIVATE;
}

static void add_bad(struct template *t, const struct bad_template *row)
{
    for (size_t i = 0; i < 8 && row->attributes[i].type != 0; i++) {
        if (is_truth(row->attributes[i].type)) {
            add_bool(t, row->attributes[i].type, row->attributes[i].number != 0);
        } else {
            add_ulong(t, row->attributes[i].type, row->attributes[i].number);
        }
    }
}

static void contradiction_is_refused(const struct bad_template *row)
{
    CK_MECHANISM generation = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct template public_template = {.count = 0}, t = {.count = 0};
    CK_OBJECT_HANDLE public_key, private_key;
    CK_RV rv;

    add_bytes(&public_template, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    add_bad(&t, row);
    rv = p11->C_GenerateKeyPair(the_session, &generation, public_template.list, public_template.count, t.list,
                                t.count, &public_key, &private_key);
    ck_assert_msg(rv == row->rv && code() == 12000000 + row->code, "%s: generated: %s, %ld", row->name,
                  ckr_name(rv), code());
    t.count = 0;
    ec_private_template(&t);
    add_bad(&t, row);
    rv = create_object(the_session, &t, &private_key);
    ck_assert_msg(rv == row->rv && code() == 12000000 + row->code, "%s: created: %s, %ld", row->name,
                  ckr_name(rv), code());
}

static void contradictions_are_refused(void)
{
    for (size_t i = 0; i < sizeof bad_templates / sizeof bad_templates[0]; i++) {
        contradiction_is_refused(&bad_templates[i]);
    }
}

static void rules_are_fixed(void)
{
    static const CK_ATTRIBUTE_TYPE fixed[] = {CKA_HUKS_TYPE_,     CKA_HUKS_ACCESS_,  CKA_HUKS_CHALLENGE_,
                                              CKA_HUKS_POSITION_, CKA_HUKS_TIMEOUT_, CKA_HUKS_PURPOSE_};
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE copy;
    struct pair key;

    add_ulong(&more, CKA_HUKS_TIMEOUT_, 20);
    add_ulong(&more, CKA_HUKS_PURPOSE_, 4);
    add_bool(&more, CKA_HUKS_SECURE_, true);
    key = ec_with(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE, &more);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        struct template t = {.count = 0};

        add_ulong(&t, fixed[i], 1);
        refused(CKR_ATTRIBUTE_READ_ONLY, 3,
                p11->C_SetAttributeValue(the_session, key.private_key, t.list, t.count));
        refused(CKR_ATTRIBUTE_READ_ONLY, 3,
                p11->C_CopyObject(the_session, key.private_key, t.list, t.count, &copy));
    }
    ok(p11->C_CopyObject(the_session, key.private_key, NULL, 0, &copy));
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_HUKS_TYPE_), BY_PIN);
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_HUKS_ACCESS_), VOID_BY_CLEARING);
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_HUKS_CHALLENGE_), NORMAL_CHALLENGE);
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_HUKS_TIMEOUT_), 20);
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_HUKS_PURPOSE_), 4);
    ck_assert(get_bool(the_session, copy, CKA_HUKS_SECURE_));
    ck_assert(get_bool(the_session, copy, CKA_ALWAYS_AUTHENTICATE));
    ok(sign_init(copy));
    refused(CKR_USER_NOT_LOGGED_IN, 8, sign());
    ok(sign_init(copy));
    ok(context(USER_PIN));
    ok(sign());
}

static void keys_without_a_rule_have_no_attributes(void)
{
    static const CK_ATTRIBUTE_TYPE absent[] = {CKA_HUKS_ACCESS_, CKA_HUKS_CHALLENGE_, CKA_HUKS_POSITION_,
                                               CKA_HUKS_TIMEOUT_, CKA_HUKS_PURPOSE_};
    struct pair key = generate_ec(the_session, CURVE_P256, NULL);
    CK_ULONG number;

    ck_assert_uint_eq(get_ulong(the_session, key.private_key, CKA_HUKS_TYPE_), 0);
    ck_assert(!get_bool(the_session, key.private_key, CKA_ALWAYS_AUTHENTICATE));
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        CK_ATTRIBUTE attribute = {absent[i], &number, sizeof number};

        expect(CKR_ATTRIBUTE_TYPE_INVALID,
               p11->C_GetAttributeValue(the_session, key.private_key, &attribute, 1));
    }
}

/* ---- Uses that are one call ------------------------------------------------------------------------------
 */

static CK_RV derive(CK_OBJECT_HANDLE base)
{
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof ec_point_raw,
                                     (CK_BYTE *)(uintptr_t)ec_point_raw};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    return p11->C_DeriveKey(the_session, &mechanism, base, t.list, t.count, &key);
}

static CK_RV challenge_of(CK_FLAGS operation, CK_BYTE challenge[32])
{
    CK_ULONG length = 32;

    return huks->GetChallenge(the_session, operation, challenge, &length);
}

static void derivation_is_authenticated_before(void)
{
    struct template t = {.count = 0};
    CK_BYTE challenge[32], again[32];
    struct pair key, free_key;

    add_bool(&t, CKA_DERIVE, true);
    free_key = generate_ec(the_session, CURVE_P256, &t);
    add_bool(&t, CKA_ALWAYS_AUTHENTICATE, true);
    key = generate_ec(the_session, CURVE_P256, &t);
    refused(CKR_USER_NOT_LOGGED_IN, 8, derive(key.private_key));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN));

    ok(challenge_of(CKF_DERIVE, challenge));
    refused(CKR_USER_NOT_LOGGED_IN, 8, derive(key.private_key)); /* asked for, not answered */
    ok(challenge_of(CKF_DERIVE, again));
    ck_assert(memcmp(challenge, again, 32) == 0);
    ok(context(USER_PIN));
    ok(derive(free_key.private_key)); /* needs none, spends none */
    ok(derive(key.private_key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, derive(key.private_key)); /* spent */
    ok(challenge_of(CKF_DERIVE, again));
    ck_assert(memcmp(challenge, again, 32) != 0);
    ok(context(USER_PIN));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN)); /* the logout forgot it */
}

static void wrapping_and_unwrapping_are_authenticated_before(void)
{
    struct template t = {.count = 0}, extractable = {.count = 0}, made = {.count = 0};
    CK_MECHANISM wrap = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_OBJECT_HANDLE key, target, unwrapped_key;
    CK_BYTE challenge[32], wrapped[64];
    CK_ULONG length = sizeof wrapped;

    add_rule(&t, BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE);
    key = import_aes(the_session, 32, &t);
    add_bool(&extractable, CKA_EXTRACTABLE, true);
    target = import_aes(the_session, 16, &extractable);
    refused(CKR_USER_NOT_LOGGED_IN, 8, p11->C_WrapKey(the_session, &wrap, key, target, wrapped, &length));
    ok(challenge_of(CKF_WRAP, challenge));
    ok(context(USER_PIN));
    ok(p11->C_WrapKey(the_session, &wrap, key, target, NULL, &length)); /* spends nothing */
    ck_assert_uint_eq(length, 24);
    length = 23;
    refused(CKR_BUFFER_TOO_SMALL, 14, p11->C_WrapKey(the_session, &wrap, key, target, wrapped, &length));
    ok(p11->C_WrapKey(the_session, &wrap, key, target, wrapped, &length));
    refused(CKR_USER_NOT_LOGGED_IN, 8, p11->C_WrapKey(the_session, &wrap, key, target, wrapped, &length));

    add_ulong(&made, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&made, CKA_KEY_TYPE, CKK_AES);
    refused(
        CKR_USER_NOT_LOGGED_IN, 8,
        p11->C_UnwrapKey(the_session, &wrap, key, wrapped, length, made.list, made.count, &unwrapped_key));
    ok(challenge_of(CKF_UNWRAP, challenge));
    ok(context(USER_PIN));
    wrapped[0] ^= 1; /* badly or well, it is spent */
    refused(
        CKR_WRAPPED_KEY_INVALID, 6,
        p11->C_UnwrapKey(the_session, &wrap, key, wrapped, length, made.list, made.count, &unwrapped_key));
    wrapped[0] ^= 1;
    refused(
        CKR_USER_NOT_LOGGED_IN, 8,
        p11->C_UnwrapKey(the_session, &wrap, key, wrapped, length, made.list, made.count, &unwrapped_key));
    ok(challenge_of(CKF_UNWRAP, challenge));
    ok(context(USER_PIN));
    ok(p11->C_UnwrapKey(the_session, &wrap, key, wrapped, length, made.list, made.count, &unwrapped_key));

    refused(CKR_KEY_UNEXTRACTABLE, 3, p11->C_WrapKey(the_session, &wrap, target, key, wrapped, &length));
}

/* ---- No way around ----------------------------------------------------------------------------------------
 */

static void no_digest_and_no_salt_of_a_bound_key(void)
{
    struct template t = {.count = 0}, derives = {.count = 0}, made = {.count = 0};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_OBJECT_HANDLE bound, base, key;

    add_rule(&t, BY_PIN, NEVER_VOID, NORMAL_CHALLENGE);
    add_bool(&t, CKA_DERIVE, true);
    bound = import_secret(the_session, CKK_GENERIC_SECRET, "0123456789abcdef", 16, &t);
    ok(p11->C_DigestInit(the_session, &sha));
    refused(CKR_USER_NOT_LOGGED_IN, 8, p11->C_DigestKey(the_session, bound));

    add_bool(&derives, CKA_DERIVE, true);
    base = import_secret(the_session, CKK_GENERIC_SECRET, "fedcba9876543210", 16, &derives);
    if (has_mechanism(CKM_HKDF_DERIVE)) {
        struct hkdf_params params = {CK_TRUE, CK_TRUE, CKM_SHA256, 4 /* a key's value */, NULL, 0,
                                     bound,   NULL,    0};
        CK_MECHANISM hkdf = {CKM_HKDF_DERIVE, &params, sizeof params};

        add_ulong(&made, CKA_CLASS, CKO_SECRET_KEY);
        add_ulong(&made, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
        add_ulong(&made, CKA_VALUE_LEN, 16);
        refused(CKR_USER_NOT_LOGGED_IN, 8,
                p11->C_DeriveKey(the_session, &hkdf, base, made.list, made.count, &key));
    }
}

static void free_purposes_are_no_way_around(void)
{
    struct template t = {.count = 0};
    CK_BYTE iv[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_GCM_PARAMS gcm_params = {iv, 12, 96, NULL, 0, 128};
    CK_MECHANISM gcm = {CKM_AES_GCM, &gcm_params, sizeof gcm_params};
    CK_MECHANISM raw = {CKM_RSA_X_509, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_BYTE encrypted[32];
    CK_ULONG length = sizeof encrypted;
    struct pair rsa;

    add_rule(&t, BY_PIN, NEVER_VOID, NORMAL_CHALLENGE);
    add_ulong(&t, CKA_HUKS_PURPOSE_, 2); /* decryption */
    key = import_aes(the_session, 16, &t);
    ok(p11->C_EncryptInit(the_session, &cbc, key)); /* free, though a login for it is taken */
    ok(context(USER_PIN));
    ok(p11->C_Encrypt(the_session, message, sizeof message, encrypted, &length));
    ok(p11->C_EncryptInit(the_session, &cbc, key));
    length = sizeof encrypted;
    ok(p11->C_Encrypt(the_session, message, sizeof message, encrypted, &length));
    ok(p11->C_DecryptInit(the_session, &cbc, key));
    refused(CKR_USER_NOT_LOGGED_IN, 8, p11->C_Decrypt(the_session, encrypted, length, out, &out_length));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 1, p11->C_EncryptInit(the_session, &ecb, key));
    refused(CKR_MECHANISM_PARAM_INVALID, 1,
            p11->C_EncryptInit(the_session, &gcm, key)); /* with his own nonce */

    /* Who unwraps, decrypts: kin are guarded together. */
    ok(p11->C_EncryptInit(the_session, &cbc, key));
    ok(p11->C_Encrypt(the_session, message, sizeof message, encrypted, &length));

    rsa = import_rsa(the_session, &t); /* signing is free, but not with the bare operation */
    ok(p11->C_SignInit(the_session, &raw, rsa.private_key));
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

/* ---- Keys that die with the PIN
 * ----------------------------------------------------------------------------- */

static void clear_pin(const char *pin)
{
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(the_session, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin)));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, pin));
}

static CK_OBJECT_HANDLE labelled(CK_ULONG class, const char *label)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, class);
    add_text(&t, CKA_LABEL, label);
    return find_object(the_session, &t);
}

static void void_keys_are_shown_and_refused(void)
{
    struct template t = {.count = 0}, secret = {.count = 0};
    CK_MECHANISM nonsense = {NO_MECHANISM, NULL, 0}, wrap = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_OBJECT_HANDLE key, aes, copy, target;
    CK_ULONG length = sizeof out;

    add_bool(&t, CKA_TOKEN, true);
    add_text(&t, CKA_LABEL, "dies");
    add_bool(&t, CKA_DERIVE, true);
    (void)ec_with(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE, &t);
    add_bool(&secret, CKA_TOKEN, true);
    add_text(&secret, CKA_LABEL, "dies too");
    add_rule(&secret, BY_PIN, VOID_BY_CLEARING, NO_CHALLENGE);
    (void)import_aes(the_session, 16, &secret);
    add_text(&t, CKA_LABEL, "lives");
    (void)ec_with(BY_PIN, NEVER_VOID, NORMAL_CHALLENGE, &t);

    ok(p11->C_SetPIN(the_session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN),
                     (CK_UTF8CHAR *)(uintptr_t)OTHER_PIN, strlen(OTHER_PIN)));
    ok(sign_init(labelled(CKO_PRIVATE_KEY, "dies"))); /* a PIN that is changed voids nothing */
    ok(context(OTHER_PIN));
    ok(sign());

    clear_pin(USER_PIN);
    key = labelled(CKO_PRIVATE_KEY, "dies");
    aes = labelled(CKO_SECRET_KEY, "dies too");
    ck_assert_uint_eq(get_ulong(the_session, key, CKA_HUKS_ACCESS_), VOID_BY_CLEARING);
    ck_assert(get_bool(the_session, key, CKA_ALWAYS_AUTHENTICATE));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, sign_init(key));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_SignInit(the_session, &nonsense, key));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_DecryptInit(the_session, &nonsense, key));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_EncryptInit(the_session, &nonsense, aes));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_VerifyInit(the_session, &nonsense, aes));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, derive(key));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_CopyObject(the_session, key, NULL, 0, &copy));
    target = import_aes(the_session, 16, NULL);
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, p11->C_WrapKey(the_session, &wrap, aes, target, out, &length));
    refused(CKR_OPERATION_NOT_INITIALIZED, 18, context(USER_PIN));
    ok(sign_init(labelled(CKO_PRIVATE_KEY, "lives")));
    ok(context(USER_PIN));
    ok(sign());
    ok(p11->C_DestroyObject(the_session, key));
}

static void session_keys_die_with_the_pin_too(void)
{
    CK_SESSION_HANDLE other;
    struct pair key;

    ok(open_session(the_slot, CKF_RW_SESSION, &other));
    key = ec_with(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE, NULL);
    clear_pin(OTHER_PIN); /* private session objects went with the logout */
    refused(CKR_KEY_HANDLE_INVALID, 11, sign_init(key.private_key));
}

/* ---- Secure sign
 * ---------------------------------------------------------------------------------------------- */

static void secure_signatures_say_who_signed(void)
{
    static const CK_BYTE version[] = {0x01, 0x00, 0x00, 0x01}, by_pin[] = {1, 0, 0, 0};
    struct template t = {.count = 0};
    CK_MECHANISM raw = {CKM_ECDSA, NULL, 0};
    CK_BYTE signed_data[24 + sizeof message], point[80];
    CK_ULONG length;
    struct pair key;

    add_bool(&t, CKA_HUKS_SECURE_, true);
    key = ec_with(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE, &t);
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 3, p11->C_SignInit(the_session, &raw, key.private_key));
    ok(sign_init(key.private_key));
    ok(p11->C_Sign(the_session, message, sizeof message, NULL, &out_length));
    ck_assert_uint_eq(out_length, 24 + 64);
    ok(context(USER_PIN));
    out_length = 24 + 63;
    refused(CKR_BUFFER_TOO_SMALL, 14, p11->C_Sign(the_session, message, sizeof message, out, &out_length));
    ck_assert_uint_eq(out_length, 24 + 64);
    ok(sign());
    ck_assert_uint_eq(out_length, 24 + 64);
    ck_assert(memcmp(out, version, 4) == 0 && memcmp(out + 4, by_pin, 4) == 0);
    memcpy(signed_data, out, 24);
    memcpy(signed_data + 24, message, sizeof message);
    length = get_bytes(the_session, key.public_key, CKA_EC_POINT, point, sizeof point);
    ck_assert(witness_ec_verifies(CURVE_P256, unwrapped((struct bytes){point, length}), "SHA256",
                                  (struct bytes){signed_data, sizeof signed_data},
                                  (struct bytes){out + 24, 64}));

    ok(sign_init(key.private_key)); /* in parts, and with no data at all */
    ok(context(USER_PIN));
    ok(p11->C_SignUpdate(the_session, message, 3));
    ok(p11->C_SignUpdate(the_session, message + 3, sizeof message - 3));
    ok(p11->C_SignFinal(the_session, NULL, &out_length));
    ck_assert_uint_eq(out_length, 24 + 64);
    ok(p11->C_SignFinal(the_session, out, &out_length));
    ck_assert(memcmp(signed_data, out, 24) == 0);
    ok(p11->C_VerifyInit(the_session, &ecdsa, key.public_key));
    ok(p11->C_Verify(the_session, signed_data, sizeof signed_data, out + 24, 64));
    ok(sign_init(key.private_key));
    ok(context(USER_PIN));
    out_length = sizeof out;
    ok(p11->C_SignFinal(the_session, out, &out_length));
    ok(p11->C_VerifyInit(the_session, &ecdsa, key.public_key));
    ok(p11->C_Verify(the_session, out, 24, out + 24, 64));
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
    always_authenticate_is_a_rule,
    every_use_asks,
    failed_context_login_may_be_repeated,
    context_login_never_locks_for_nothing,
    lengths_need_and_spend_nothing,
    parts_are_asked_once,
    one_login_serves_all_that_is_pending,
    login_user_is_login,
    context_login_needs_a_bound_key,
    null_pin_asks_bodies,
    window_begins_with_the_login,
    window_ends,
    time_of_another_kind_does_not_count,
    contradictions_are_refused,
    rules_are_fixed,
    keys_without_a_rule_have_no_attributes,
    derivation_is_authenticated_before,
    wrapping_and_unwrapping_are_authenticated_before,
    no_digest_and_no_salt_of_a_bound_key,
    free_purposes_are_no_way_around,
    each_message_asks,
    void_keys_are_shown_and_refused,
    session_keys_die_with_the_pin_too,
    secure_signatures_say_who_signed,
    challenges_belong_to_operations,
};

START_TEST(each)
{
    if (!is_reference()) { /* it has no such keys */
        tests[_i]();
    }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("auth");

    tcase_add_loop_test(add_tcase(suite, "auth", setup_user), each, 0, sizeof tests / sizeof tests[0]);
    return harness_run(argc, argv, suite);
}
