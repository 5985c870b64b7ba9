/* See bound.h. */
#include "bound.h"

CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
CK_BYTE message[] = "a message";
CK_BYTE out[600];
CK_ULONG out_length;

/* ---- Keys ---------------------------------------------------------------------------------------------- */

void add_rule(struct template *t, CK_ULONG types, CK_ULONG access, CK_ULONG challenge)
{
    add_ulong(t, CKA_HUKS_TYPE_, types);
    add_ulong(t, CKA_HUKS_ACCESS_, access);
    add_ulong(t, CKA_HUKS_CHALLENGE_, challenge);
}

struct pair ec_with(CK_ULONG types, CK_ULONG access, CK_ULONG challenge, const struct template *more)
{
    struct template t = {.count = 0};

    add_rule(&t, types, access, challenge);
    add_all(&t, more);
    return generate_ec(the_session, CURVE_P256, &t);
}

struct pair ec_always(void)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_ALWAYS_AUTHENTICATE, true);
    return generate_ec(the_session, CURVE_P256, &t);
}

CK_RV sign_init(CK_OBJECT_HANDLE key)
{
    return p11->C_SignInit(the_session, &ecdsa, key);
}

CK_RV sign(void)
{
    out_length = sizeof out;
    return p11->C_Sign(the_session, message, sizeof message, out, &out_length);
}

CK_RV context(const char *pin)
{
    return login(the_session, CKU_CONTEXT_SPECIFIC, pin);
}

CK_LONG code(void)
{
    struct huks_error error = {0, 0, ""};

    ck_assert(huks->GetLastError(&error) == CKR_OK);
    return error.code;
}

CK_RV derive(CK_OBJECT_HANDLE base)
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

CK_RV challenge_of(CK_FLAGS operation, CK_BYTE challenge[32])
{
    CK_ULONG length = 32;

    return huks->GetChallenge(the_session, operation, challenge, &length);
}

/* ---- Running ---------------------------------------------------------------------------------------------
 */

static void (*const *bodies)(void);

START_TEST(each)
{
    if (!is_reference()) {
        bodies[_i]();
    }
}
END_TEST

int bound_run(int argc, char **argv, const char *name, void (*const *tests)(void), int count)
{
    Suite *suite = suite_create(name);

    bodies = tests;
    tcase_add_loop_test(add_tcase(suite, name, setup_user), each, 0, count);
    return harness_run(argc, argv, suite);
}
