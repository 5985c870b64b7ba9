/* The session limit in one process: what takes a session, what does not, and every way to give it back. */
#include "limit.h"

#include <string.h>

#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS 0x40UL
#endif

static const char no_wait[] = "session_wait_ms=0";

/* ---- What takes none: it works while all are taken -------------------------------------------------------
 */

static CK_BYTE bulk[512];

static CK_RV a_digest(void)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_ULONG length = sizeof bulk;

    ok(p11->C_DigestInit(the_session, &sha));
    return p11->C_Digest(the_session, bulk, 20, bulk, &length);
}

static CK_RV a_digest_of_a_key(void)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_ULONG length = sizeof bulk;

    ok(p11->C_DigestInit(the_session, &sha));
    ok(p11->C_DigestKey(the_session, the_key));
    return p11->C_DigestFinal(the_session, bulk, &length);
}

static CK_RV a_saved_digest(void)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_ULONG length = sizeof bulk;

    ok(p11->C_DigestInit(the_session, &sha));
    ok(p11->C_DigestUpdate(the_session, bulk, 20));
    ok(p11->C_GetOperationState(the_session, bulk, &length));
    ok(p11->C_SetOperationState(the_session, bulk, length, 0, 0));
    length = sizeof bulk;
    return p11->C_DigestFinal(the_session, bulk, &length);
}

static CK_RV a_search(void)
{
    ck_assert(count_objects(the_session, NULL) >= 1);
    return CKR_OK;
}

static CK_RV random_bytes(void)
{
    ok(p11->C_SeedRandom(the_session, bulk, 8));
    return p11->C_GenerateRandom(the_session, bulk, 64);
}

static CK_RV sessions_opened(void)
{
    CK_SESSION_HANDLE session;

    for (int i = 0; i < 4 * LIMIT; i++) {
        ok(open_session(the_slot, 0, &session));
    }
    return CKR_OK;
}

static CK_RV a_key_generated(void)
{
    return generate_aes(the_session, 16, NULL) != CK_INVALID_HANDLE ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV a_pair_generated(void)
{
    generate_ec(the_session, CURVE_P256, NULL);
    return CKR_OK;
}

static CK_RV objects_created_and_destroyed(void)
{
    CK_OBJECT_HANDLE made = import_aes(the_session, 16, NULL);
    CK_OBJECT_HANDLE copy;
    struct template t = {.count = 0};

    add_text(&t, CKA_LABEL, "copy");
    ok(p11->C_CopyObject(the_session, made, t.list, t.count, &copy));
    ok(p11->C_SetAttributeValue(the_session, copy, t.list, t.count));
    ck_assert_uint_eq(get_ulong(the_session, copy, CKA_KEY_TYPE), CKK_AES);
    ok(p11->C_DestroyObject(the_session, made));
    return p11->C_DestroyObject(the_session, copy);
}

static CK_RV a_key_wrapped_and_unwrapped(void)
{
    CK_MECHANISM key_wrap = {CKM_AES_KEY_WRAP, NULL, 0};
    struct template extractable = {.count = 0};
    struct template wrapping = {.count = 0};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE with;
    CK_ULONG length = sizeof bulk;

    add_bool(&wrapping, CKA_WRAP, true);
    add_bool(&wrapping, CKA_UNWRAP, true);
    add_bool(&extractable, CKA_EXTRACTABLE, true);
    with = import_aes(the_session, 16, &wrapping);
    key = import_aes(the_session, 16, &extractable);
    ok(p11->C_WrapKey(the_session, &key_wrap, with, key, bulk, &length));
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    return p11->C_UnwrapKey(the_session, &key_wrap, with, bulk, length, t.list, t.count, &key);
}

static const struct {
    const char *name;
    CK_RV (*act)(void);
} free_of_charge[] = {
    {"digest", a_digest},
    {"digest of a key", a_digest_of_a_key},
    {"saved digest", a_saved_digest},
    {"search", a_search},
    {"random", random_bytes},
    {"open sessions", sessions_opened},
    {"generate a key", a_key_generated},
    {"generate a pair", a_pair_generated},
    {"create, copy, change, destroy", objects_created_and_destroyed},
    {"wrap, unwrap", a_key_wrapped_and_unwrapped},
};

static void what_takes_none(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];

    start_limited(no_wait);
    ok(login(the_session, CKU_USER, USER_PIN));
    must_hold_all(sessions, LIMIT);
    for (size_t i = 0; i < sizeof free_of_charge / sizeof free_of_charge[0]; i++) {
        CK_RV rv = free_of_charge[i].act();

        ck_assert_msg(rv == CKR_OK, "%s takes a session: %s", free_of_charge[i].name, ckr_name(rv));
        in_use_is(LIMIT);
    }
    full();
    end_all(sessions, LIMIT);
}

/* ---- What takes one, and how it comes back ---------------------------------------------------------------
 */

enum kind {
    ENCRYPT,
    DECRYPT,
    SIGN,
    VERIFY,
    SIGN_KEY_PAIR,
    VERIFY_KEY_PAIR,
    SIGN_RECOVER,
    VERIFY_RECOVER,
    KINDS
};

static CK_MECHANISM cbc_pad = {CKM_AES_CBC_PAD, (void *)(uintptr_t) "0123456789abcdef", 16};
static CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
static CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
static CK_MECHANISM rsa = {CKM_RSA_PKCS, NULL, 0};
static CK_OBJECT_HANDLE aes_key;
static CK_OBJECT_HANDLE hmac_key;
static struct pair ec_pair;
static struct pair rsa_pair;

static void make_keys(void)
{
    struct template recover = {.count = 0};

    ok(login(the_session, CKU_USER, USER_PIN));
    aes_key = import_aes(the_session, 16, NULL);
    hmac_key = import_secret(the_session, CKK_GENERIC_SECRET, "a key of a MAC..", 16, NULL);
    ec_pair = generate_ec(the_session, CURVE_P256, NULL);
    add_bool(&recover, CKA_SIGN_RECOVER, true);
    rsa_pair = import_rsa(the_session, &recover);
}

static CK_RV begin(enum kind kind, CK_SESSION_HANDLE session)
{
    switch (kind) {
    case ENCRYPT:
        return p11->C_EncryptInit(session, &cbc_pad, aes_key);
    case DECRYPT:
        return p11->C_DecryptInit(session, &cbc_pad, aes_key);
    case SIGN:
        return p11->C_SignInit(session, &hmac, hmac_key);
    case VERIFY:
        return p11->C_VerifyInit(session, &hmac, hmac_key);
    case SIGN_KEY_PAIR:
        return p11->C_SignInit(session, &ecdsa, ec_pair.private_key);
    case VERIFY_KEY_PAIR:
        return p11->C_VerifyInit(session, &ecdsa, ec_pair.public_key);
    case SIGN_RECOVER:
        return p11->C_SignRecoverInit(session, &rsa, rsa_pair.private_key);
    default:
        return p11->C_VerifyRecoverInit(session, &rsa, rsa_pair.public_key);
    }
}

static bool has_parts(enum kind kind)
{
    return kind <= VERIFY;
}

/* What the final calls need to succeed, made before anything is counted. */
static CK_BYTE plain[32];
static CK_BYTE out[512];
static struct {
    CK_BYTE bytes[512];
    CK_ULONG length;
} made[KINDS];

static void make_inputs(void)
{
    for (enum kind kind = ENCRYPT; kind < KINDS; kind++) {
        made[kind].length = sizeof made[kind].bytes;
    }
    ok(begin(ENCRYPT, the_session));
    ok(p11->C_Encrypt(the_session, plain, sizeof plain, made[DECRYPT].bytes, &made[DECRYPT].length));
    ok(begin(SIGN, the_session));
    ok(p11->C_Sign(the_session, plain, sizeof plain, made[VERIFY].bytes, &made[VERIFY].length));
    ok(begin(SIGN_KEY_PAIR, the_session));
    ok(p11->C_Sign(the_session, plain, sizeof plain, made[VERIFY_KEY_PAIR].bytes,
                   &made[VERIFY_KEY_PAIR].length));
    ok(begin(SIGN_RECOVER, the_session));
    ok(p11->C_SignRecover(the_session, plain, sizeof plain, made[VERIFY_RECOVER].bytes,
                          &made[VERIFY_RECOVER].length));
}

/* The one call that ends it, with `room` for the output, or a verification of something that is wrong. */
static CK_RV finish(enum kind kind, CK_SESSION_HANDLE session, CK_BYTE *output, CK_ULONG *room, bool wrong)
{
    CK_BYTE signature[512];

    memcpy(signature, made[kind].bytes, sizeof signature);
    signature[0] ^= wrong ? 1 : 0;
    switch (kind) {
    case ENCRYPT:
        return p11->C_Encrypt(session, plain, sizeof plain, output, room);
    case DECRYPT:
        return p11->C_Decrypt(session, made[kind].bytes, made[kind].length - (wrong ? 1 : 0), output, room);
    case SIGN:
    case SIGN_KEY_PAIR:
        return p11->C_Sign(session, plain, sizeof plain, output, room);
    case SIGN_RECOVER:
        return p11->C_SignRecover(session, plain, sizeof plain, output, room);
    case VERIFY_RECOVER:
        return p11->C_VerifyRecover(session, signature, made[kind].length, output, room);
    default:
        return p11->C_Verify(session, plain, sizeof plain, signature, made[kind].length);
    }
}

static CK_RV by_finish(enum kind kind, CK_SESSION_HANDLE session)
{
    CK_ULONG room = sizeof out;

    return finish(kind, session, out, &room, false);
}

static CK_RV by_parts(enum kind kind, CK_SESSION_HANDLE session)
{
    CK_ULONG room = sizeof out;

    switch (kind) {
    case ENCRYPT:
        ok(p11->C_EncryptUpdate(session, plain, 20, out, &room));
        in_use_is(1);
        room = sizeof out;
        return p11->C_EncryptFinal(session, out, &room);
    case DECRYPT:
        ok(p11->C_DecryptUpdate(session, made[kind].bytes, made[kind].length, out, &room));
        in_use_is(1);
        room = sizeof out;
        return p11->C_DecryptFinal(session, out, &room);
    case SIGN:
        ok(p11->C_SignUpdate(session, plain, sizeof plain));
        in_use_is(1);
        return p11->C_SignFinal(session, out, &room);
    default:
        ok(p11->C_VerifyUpdate(session, plain, sizeof plain));
        in_use_is(1);
        return p11->C_VerifyFinal(session, made[kind].bytes, made[kind].length);
    }
}

/* An error of the caller's, or of the data where there is one. */
static CK_RV by_error(enum kind kind, CK_SESSION_HANDLE session)
{
    CK_ULONG room = sizeof out;
    bool data = kind == DECRYPT || kind == VERIFY || kind == VERIFY_KEY_PAIR || kind == VERIFY_RECOVER;
    CK_RV rv = finish(kind, session, out, data ? &room : NULL, true);

    ck_assert_msg(rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL, "kind %d did not fail: %s", (int)kind,
                  ckr_name(rv));
    room = sizeof out;
    expect(CKR_OPERATION_NOT_INITIALIZED, finish(kind, session, out, &room, false));
    return CKR_OK;
}

static CK_RV by_null_mechanism(enum kind kind, CK_SESSION_HANDLE session)
{
    switch (kind) {
    case ENCRYPT:
        return p11->C_EncryptInit(session, NULL, 0);
    case DECRYPT:
        return p11->C_DecryptInit(session, NULL, 0);
    case SIGN:
    case SIGN_KEY_PAIR:
        return p11->C_SignInit(session, NULL, 0);
    case SIGN_RECOVER:
        return p11->C_SignRecoverInit(session, NULL, 0);
    case VERIFY_RECOVER:
        return p11->C_VerifyRecoverInit(session, NULL, 0);
    default:
        return p11->C_VerifyInit(session, NULL, 0);
    }
}

static CK_RV by_cancel(enum kind kind, CK_SESSION_HANDLE session)
{
    CK_RV (*cancel)(CK_SESSION_HANDLE, CK_FLAGS) = NULL;
    static const CK_FLAGS flags[KINDS] = {CKF_ENCRYPT, CKF_DECRYPT, CKF_SIGN,         CKF_VERIFY,
                                          CKF_SIGN,    CKF_VERIFY,  CKF_SIGN_RECOVER, CKF_VERIFY_RECOVER};

    *(void **)&cancel = module_symbol("C_SessionCancel");
    ck_assert(cancel != NULL);
    ok(cancel(session, CKF_DIGEST | CKF_FIND_OBJECTS));
    in_use_is(1);
    return cancel(session, flags[kind]);
}

static CK_RV by_close(enum kind kind, CK_SESSION_HANDLE session)
{
    (void)kind;
    return p11->C_CloseSession(session);
}

static const struct {
    const char *name;
    CK_RV (*end)(enum kind, CK_SESSION_HANDLE);
    bool parts;
} endings[] = {
    {"one call", by_finish, false},
    {"parts", by_parts, true},
    {"error", by_error, false},
    {"NULL mechanism", by_null_mechanism, false},
    {"C_SessionCancel", by_cancel, false},
    {"C_CloseSession", by_close, false},
};

static void every_end_gives_it_back(void)
{
    start_limited(no_wait);
    make_keys();
    make_inputs();
    in_use_is(0);
    for (enum kind kind = ENCRYPT; kind < KINDS; kind++) {
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
            CK_SESSION_HANDLE session;
            CK_RV rv;

            if (endings[i].parts && !has_parts(kind)) {
                continue;
            }
            session = open_ro();
            ok(begin(kind, session));
            ck_assert_msg(limits().in_use == 1 && limits().mine == 1, "kind %d takes %lu", (int)kind,
                          limits().in_use);
            rv = endings[i].end(kind, session);
            ck_assert_msg(rv == CKR_OK, "kind %d, %s: %s", (int)kind, endings[i].name, ckr_name(rv));
            ck_assert_msg(limits().in_use == 0, "kind %d, %s: %lu are still taken", (int)kind,
                          endings[i].name, limits().in_use);
        }
    }
    expect_fifteen();
}

static void all_of_a_kind_end_together(void)
{
    start_limited(no_wait);
    make_keys();
    for (enum kind kind = ENCRYPT; kind < KINDS; kind++) {
        ok(begin(kind, open_ro()));
    }
    in_use_is(KINDS);
    ok(p11->C_CloseAllSessions(the_slot));
    in_use_is(0);
    the_session = open_rw();
    for (int i = 0; i < LIMIT; i++) {
        ok(encrypt_begin(open_ro()));
    }
    in_use_is(LIMIT);
    ok(p11->C_Finalize(NULL));
    ok(join_limited(no_wait));
    expect_fifteen();
}

/* The operations of private objects end in every session; those of public ones go on. */
static void logout_ends_the_private_ones(void)
{
    CK_SESSION_HANDLE public_one;
    CK_SESSION_HANDLE private_one;

    start_limited(no_wait);
    make_keys();
    public_one = open_ro();
    private_one = open_ro();
    ok(encrypt_begin(public_one));
    ok(begin(ENCRYPT, private_one));
    ok(begin(SIGN_KEY_PAIR, private_one));
    in_use_is(3);
    ok(p11->C_Logout(the_session));
    in_use_is(1);
    ok(encrypt_end(public_one));
    expect_fifteen();
}

static void a_dual_function_takes_two(void)
{
    CK_ULONG room = sizeof out;

    start_limited(no_wait);
    make_keys();
    ok(begin(SIGN, the_session));
    ok(begin(ENCRYPT, the_session));
    in_use_is(2);
    ok(p11->C_SignEncryptUpdate(the_session, plain, 16, out, &room));
    in_use_is(2);
    room = sizeof out;
    ok(p11->C_EncryptFinal(the_session, out, &room));
    in_use_is(1);
    room = sizeof out;
    ok(p11->C_SignFinal(the_session, out, &room));
    in_use_is(0);
}

static CK_RV derive(void)
{
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, 0, NULL};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &params, sizeof params};
    struct template t = {.count = 0};
    static CK_BYTE point[80];
    CK_OBJECT_HANDLE derived;

    params.ulPublicDataLen = get_bytes(the_session, ec_pair.public_key, CKA_EC_POINT, point, sizeof point);
    params.pPublicData = point;
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_ulong(&t, CKA_VALUE_LEN, 32);
    return p11->C_DeriveKey(the_session, &ecdh, ec_pair.private_key, t.list, t.count, &derived);
}

static void derivation_takes_one_for_the_call(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];
    struct template t = {.count = 0};

    start_limited(no_wait);
    ok(login(the_session, CKU_USER, USER_PIN));
    add_bool(&t, CKA_DERIVE, true);
    ec_pair = generate_ec(the_session, CURVE_P256, &t);
    must_hold_all(sessions, LIMIT - 1);
    ok(derive());
    in_use_is(LIMIT - 1);
    ok(encrypt_begin(the_session));
    expect(CKR_SESSION_COUNT, derive());
    in_use_is(LIMIT);
    ok(encrypt_end(the_session));
    ok(derive());
    end_all(sessions, LIMIT - 1);
}

static void questions_keep_it(void)
{
    start_limited(no_wait);
    make_keys();
    make_inputs();
    for (enum kind kind = ENCRYPT; kind < KINDS; kind++) {
        CK_ULONG room = 0;

        ok(begin(kind, the_session));
        if (kind != VERIFY && kind != VERIFY_KEY_PAIR) {
            ok(finish(kind, the_session, NULL, &room, false));
            ck_assert_uint_gt(room, 0);
            in_use_is(1);
            room = 1;
            expect(CKR_BUFFER_TOO_SMALL, finish(kind, the_session, out, &room, false));
            in_use_is(1);
        }
        ok(by_finish(kind, the_session));
        in_use_is(0);
    }
}

/* It changes nothing: the first goes on with the mechanism and key it was begun with. */
static void a_second_one_is_refused(void)
{
    CK_ULONG room = sizeof out;

    start_limited(no_wait);
    make_keys();
    make_inputs();
    for (enum kind kind = ENCRYPT; kind < KINDS; kind++) {
        ok(begin(kind, the_session));
        expect(CKR_OPERATION_ACTIVE, begin(kind, the_session));
        in_use_is(1);
        ok(by_finish(kind, the_session));
        in_use_is(0);
    }
    ok(begin(ENCRYPT, the_session));
    expect(CKR_OPERATION_ACTIVE, encrypt_begin(the_session));
    ok(p11->C_Encrypt(the_session, plain, sizeof plain, out, &room));
    ck_assert(room == made[DECRYPT].length && memcmp(out, made[DECRYPT].bytes, room) == 0);
}

static void what_cannot_begin_takes_none(void)
{
    CK_MECHANISM short_iv = {CKM_AES_CBC, (void *)(uintptr_t) "0123", 4};
    CK_MECHANISM unknown = {NO_MECHANISM, NULL, 0};

    start_limited(no_wait);
    make_keys();
    expect(CKR_KEY_TYPE_INCONSISTENT, p11->C_EncryptInit(the_session, &cbc_pad, rsa_pair.public_key));
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_EncryptInit(the_session, &short_iv, aes_key));
    expect(CKR_MECHANISM_INVALID, p11->C_EncryptInit(the_session, &unknown, aes_key));
    expect(CKR_KEY_HANDLE_INVALID, p11->C_EncryptInit(the_session, &cbc_pad, NO_HANDLE));
    expect(CKR_ARGUMENTS_BAD, p11->C_EncryptInit(the_session, NULL, 0));
    in_use_is(0);
}

/* Destroying a key leaves begun operations alone. */
static void the_key_may_go(void)
{
    CK_SESSION_HANDLE session;

    start_limited(no_wait);
    session = open_ro();
    ok(encrypt_begin(session));
    ok(p11->C_DestroyObject(the_session, the_key));
    in_use_is(1);
    ok(encrypt_end(session));
    in_use_is(0);
}

static const struct limit_test rows[] = {
    {"what takes none", what_takes_none},
    {"every end gives it back", every_end_gives_it_back},
    {"all of a kind end together", all_of_a_kind_end_together},
    {"logout ends the private ones", logout_ends_the_private_ones},
    {"a dual function takes two", a_dual_function_takes_two},
    {"derivation takes one for the call", derivation_takes_one_for_the_call},
    {"questions keep it", questions_keep_it},
    {"a second one is refused", a_second_one_is_refused},
    {"what cannot begin takes none", what_cannot_begin_takes_none},
    {"the key may go", the_key_may_go},
};

int main(int argc, char **argv)
{
    return limit_run(argc, argv, "limit", rows, (int)(sizeof rows / sizeof rows[0]));
}
