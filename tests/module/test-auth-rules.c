/*
 * Rules of who must authenticate as templates state them: contradictions, what can't be changed, and keys
 * without one.
 */
#include "bound.h"

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

static void (*const tests[])(void) = {
    contradictions_are_refused,
    rules_are_fixed,
    keys_without_a_rule_have_no_attributes,
};

int main(int argc, char **argv)
{
    return bound_run(argc, argv, "auth-rules", tests, sizeof tests / sizeof tests[0]);
}
