/* Every function that 3.0 to 3.2 added, called with nothing, with rubbish, and when it is not its time: each
 * answers with the standard's code, and none comes down. */
#include "newer.h"

#include <string.h>

#define BIG ((CK_ULONG)-1)

static CK_BYTE room[64], *const R = room;
static CK_ULONG size, *const N = &size;
static CK_OBJECT_HANDLE handle, *const H = &handle;
static CK_MECHANISM mechanism, *const M = &mechanism;
static CK_ATTRIBUTE attribute, *const A = &attribute;
static struct async_data async, *const D = &async;
static CK_FLAGS flags, *const F = &flags;
static CK_UTF8CHAR function[] = "C_Sign";

/*
 * name, what it answers on a good session with good pointers and no operation begun, the call with good
 * pointers, what it answers to NULL, the call with NULL. Z is a session.
 */
#define CALLS(X)                                                                                             \
    X(LoginUser, PIN_INCORRECT, (Z, CKU_USER, R, 8, NULL, 0), ARGUMENTS_BAD,                                 \
      (Z, CKU_USER, NULL, 8, NULL, 4))                                                                       \
    X(SessionCancel, OK, (Z, BIG), OK, (Z, 0))                                                               \
    X(MessageEncryptInit, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE), ARGUMENTS_BAD, (Z, NULL, 0))                \
    X(EncryptMessage, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, 8, R, N), OPERATION_NOT_INITIALIZED,     \
      (Z, NULL, BIG, NULL, BIG, NULL, BIG, NULL, NULL))                                                      \
    X(EncryptMessageBegin, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8), OPERATION_NOT_INITIALIZED,            \
      (Z, NULL, BIG, NULL, BIG))                                                                             \
    X(EncryptMessageNext, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, N, 1), OPERATION_NOT_INITIALIZED,    \
      (Z, NULL, BIG, NULL, BIG, NULL, NULL, BIG))                                                            \
    X(MessageEncryptFinal, OPERATION_NOT_INITIALIZED, (Z), OPERATION_NOT_INITIALIZED, (Z))                   \
    X(MessageDecryptInit, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE), ARGUMENTS_BAD, (Z, NULL, 0))                \
    X(DecryptMessage, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, 8, R, N), OPERATION_NOT_INITIALIZED,     \
      (Z, NULL, BIG, NULL, BIG, NULL, BIG, NULL, NULL))                                                      \
    X(DecryptMessageBegin, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8), OPERATION_NOT_INITIALIZED,            \
      (Z, NULL, BIG, NULL, BIG))                                                                             \
    X(DecryptMessageNext, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, N, 1), OPERATION_NOT_INITIALIZED,    \
      (Z, NULL, BIG, NULL, BIG, NULL, NULL, BIG))                                                            \
    X(MessageDecryptFinal, OPERATION_NOT_INITIALIZED, (Z), OPERATION_NOT_INITIALIZED, (Z))                   \
    X(MessageSignInit, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE), ARGUMENTS_BAD, (Z, NULL, 0))                   \
    X(SignMessage, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, N), OPERATION_NOT_INITIALIZED,              \
      (Z, NULL, BIG, NULL, BIG, NULL, NULL))                                                                 \
    X(SignMessageBegin, OPERATION_NOT_INITIALIZED, (Z, R, 8), OPERATION_NOT_INITIALIZED, (Z, NULL, BIG))     \
    X(SignMessageNext, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, N), OPERATION_NOT_INITIALIZED,          \
      (Z, NULL, BIG, NULL, BIG, NULL, NULL))                                                                 \
    X(MessageSignFinal, OPERATION_NOT_INITIALIZED, (Z), OPERATION_NOT_INITIALIZED, (Z))                      \
    X(MessageVerifyInit, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE), ARGUMENTS_BAD, (Z, NULL, 0))                 \
    X(VerifyMessage, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, 8), OPERATION_NOT_INITIALIZED,            \
      (Z, NULL, BIG, NULL, BIG, NULL, BIG))                                                                  \
    X(VerifyMessageBegin, OPERATION_NOT_INITIALIZED, (Z, R, 8), OPERATION_NOT_INITIALIZED, (Z, NULL, BIG))   \
    X(VerifyMessageNext, OPERATION_NOT_INITIALIZED, (Z, R, 8, R, 8, R, 8), OPERATION_NOT_INITIALIZED,        \
      (Z, NULL, BIG, NULL, BIG, NULL, BIG))                                                                  \
    X(MessageVerifyFinal, OPERATION_NOT_INITIALIZED, (Z), OPERATION_NOT_INITIALIZED, (Z))                    \
    X(EncapsulateKey, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE, A, 1, R, N, H), ARGUMENTS_BAD,                   \
      (Z, NULL, NO_HANDLE, NULL, BIG, NULL, NULL, NULL))                                                     \
    X(DecapsulateKey, UNWRAPPING_KEY_HANDLE_INVALID, (Z, M, NO_HANDLE, A, 1, R, 8, H), ARGUMENTS_BAD,        \
      (Z, NULL, NO_HANDLE, NULL, BIG, NULL, BIG, NULL))                                                      \
    X(VerifySignatureInit, KEY_HANDLE_INVALID, (Z, M, NO_HANDLE, R, 8), ARGUMENTS_BAD,                       \
      (Z, NULL, 0, NULL, BIG))                                                                               \
    X(VerifySignature, OPERATION_NOT_INITIALIZED, (Z, R, 8), OPERATION_NOT_INITIALIZED, (Z, NULL, BIG))      \
    X(VerifySignatureUpdate, OPERATION_NOT_INITIALIZED, (Z, R, 8), OPERATION_NOT_INITIALIZED,                \
      (Z, NULL, BIG))                                                                                        \
    X(VerifySignatureFinal, OPERATION_NOT_INITIALIZED, (Z), OPERATION_NOT_INITIALIZED, (Z))                  \
    X(GetSessionValidationFlags, OK, (Z, 1, F), ARGUMENTS_BAD, (Z, BIG, NULL))                               \
    X(AsyncComplete, SESSION_ASYNC_NOT_SUPPORTED, (Z, function, D), ARGUMENTS_BAD, (Z, NULL, NULL))          \
    X(AsyncGetID, SESSION_ASYNC_NOT_SUPPORTED, (Z, function, N), ARGUMENTS_BAD, (Z, NULL, NULL))             \
    X(AsyncJoin, SESSION_ASYNC_NOT_SUPPORTED, (Z, function, 1, R, 8), ARGUMENTS_BAD,                         \
      (Z, NULL, BIG, NULL, BIG))                                                                             \
    X(WrapKeyAuthenticated, WRAPPING_KEY_HANDLE_INVALID, (Z, M, NO_HANDLE, NO_HANDLE, R, 8, R, N),           \
      ARGUMENTS_BAD, (Z, NULL, NO_HANDLE, NO_HANDLE, NULL, BIG, NULL, NULL))                                 \
    X(UnwrapKeyAuthenticated, UNWRAPPING_KEY_HANDLE_INVALID, (Z, M, NO_HANDLE, R, 8, A, 1, R, 8, H),         \
      ARGUMENTS_BAD, (Z, NULL, NO_HANDLE, NULL, BIG, NULL, BIG, NULL, BIG, NULL))

#define FUNCTIONS(NAME, RV, GOOD, NULL_RV, BAD)                                                              \
    static CK_RV good_##NAME(SESSION Z)                                                                      \
    {                                                                                                        \
        (void)Z;                                                                                             \
        return newer->C_##NAME GOOD;                                                                         \
    }                                                                                                        \
    static CK_RV null_##NAME(SESSION Z)                                                                      \
    {                                                                                                        \
        (void)Z;                                                                                             \
        return newer->C_##NAME BAD;                                                                          \
    }
CALLS(FUNCTIONS)

#define ROW(NAME, RV, GOOD, NULL_RV, BAD) {"C_" #NAME, CKR_##RV, good_##NAME, CKR_##NULL_RV, null_##NAME},
static const struct row {
    const char *name;
    CK_RV good;
    CK_RV (*call_good)(SESSION);
    CK_RV null;
    CK_RV (*call_null)(SESSION);
} rows[] = {CALLS(ROW)};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void check(const struct row *row, const char *how, CK_RV want, CK_RV got)
{
    ck_assert_msg(want == got, "%s, %s: %s, not %s", row->name, how, ckr_name(got), ckr_name(want));
}

static void prepare(void)
{
    memset(room, 0, sizeof room);
    size = sizeof room;
    mechanism = (CK_MECHANISM){CKM_AES_GCM, NULL, 0};
    attribute = (CK_ATTRIBUTE){CKA_LABEL, room, 4};
    handle = CK_INVALID_HANDLE;
}

NEWER_TEST(answers)
{
    const struct row *row = &rows[_i];

    prepare();
    check(row, "good pointers", row->good, row->call_good(the_session));
    check(row, "NULL", row->null, row->call_null(the_session));
    ck_assert_uint_eq(handle, CK_INVALID_HANDLE);
    /* The session is as good as it was. */
    CK_BYTE random[8];
    ok(p11->C_GenerateRandom(the_session, random, sizeof random));
}

NEWER_TEST(no_session)
{
    const struct row *row = &rows[_i];

    prepare();
    check(row, "no session", CKR_SESSION_HANDLE_INVALID, row->call_good(NO_HANDLE));
    check(row, "session 0", CKR_SESSION_HANDLE_INVALID, row->call_good(CK_INVALID_HANDLE));
}

NEWER_TEST(not_initialised)
{
    const struct row *row = &rows[_i];

    prepare();
    ok(p11->C_Finalize(NULL));
    check(row, "after C_Finalize", CKR_CRYPTOKI_NOT_INITIALIZED, row->call_good(the_session));
    check(row, "after C_Finalize, NULL", CKR_CRYPTOKI_NOT_INITIALIZED, row->call_null(the_session));
    ok(initialise());
}

/* Sizes that nothing has, beside good pointers and a good key: every one is refused before it is believed. */
NEWER_TEST(sizes_that_nothing_has)
{
    struct template more = {.count = 0};
    CK_BYTE nonce[16] = {0}, tag[16] = {0};

    add_bool(&more, CKA_EXTRACTABLE, true);
    struct gcm_message params = {nonce, 12, 0, NO_GENERATE, tag, 128};
    CK_MECHANISM gcm = {CKM_AES_GCM, NULL, 0}, with = {CKM_AES_GCM, &params, sizeof params};
    CK_OBJECT_HANDLE key = import_aes(the_session, 32, &more), object = CK_INVALID_HANDLE;

    prepare();
    ok(newer->C_MessageEncryptInit(the_session, &gcm, key));
    expect(CKR_MECHANISM_PARAM_INVALID,
           newer->C_EncryptMessage(the_session, &params, BIG, NULL, 0, room, 8, room, &size));
    ok(newer->C_SessionCancel(the_session, BIG));
    params.iv_size = BIG;
    expect(CKR_MECHANISM_PARAM_INVALID,
           newer->C_WrapKeyAuthenticated(the_session, &with, key, key, NULL, 0, room, &size));
    params.iv_size = 12;
    params.tag_bits = BIG;
    struct template t = {.count = 0};
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    expect(CKR_MECHANISM_PARAM_INVALID, newer->C_UnwrapKeyAuthenticated(the_session, &with, key, room, 8,
                                                                        t.list, t.count, NULL, 0, &object));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("hostile");
    TCase *tcase = add_tcase(suite, "hostile", newer_user);

    tcase_add_loop_test(tcase, answers, 0, ROWS);
    tcase_add_loop_test(tcase, no_session, 0, ROWS);
    tcase_add_loop_test(tcase, not_initialised, 0, ROWS);
    tcase_add_test(tcase, sizes_that_nothing_has);
    return harness_run(argc, argv, suite);
}
