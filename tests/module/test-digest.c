/* Digests: against libcrypto, in parts, of keys, and saved in the middle. */
#include "harness.h"

#include <string.h>

#include "witness.h"

struct hash {
    const char *name;
    CK_MECHANISM_TYPE type;
    CK_ULONG length;
};

static const struct hash hashes[] = {
    {"SHA1", CKM_SHA_1, 20},    {"SHA224", CKM_SHA224, 28}, {"SHA256", CKM_SHA256, 32},
    {"SHA384", CKM_SHA384, 48}, {"SHA512", CKM_SHA512, 64},
};

enum { HASHES = sizeof hashes / sizeof hashes[0] };

START_TEST(one_call)
{
    static const CK_ULONG lengths[] = {0, 1, 55, 56, 63, 64, 111, 112, 128, 1000};
    CK_MECHANISM mechanism = {hashes[_i].type, NULL, 0};
    CK_BYTE data[1000];
    CK_BYTE digest[64];
    CK_BYTE want[64];

    fill_pattern(data, sizeof data, 2);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        CK_ULONG length = sizeof digest;

        ok(p11->C_DigestInit(the_session, &mechanism));
        ok(p11->C_Digest(the_session, data, lengths[i], digest, &length));
        ck_assert_uint_eq(length, hashes[_i].length);
        ck_assert_uint_eq(witness_digest(hashes[_i].name, (struct bytes){data, lengths[i]}, want), length);
        ck_assert(memcmp(digest, want, length) == 0);
    }
}
END_TEST

START_TEST(parts_and_lengths)
{
    static const CK_ULONG parts[] = {1, 0, 63, 64, 65, 127, 500};
    CK_MECHANISM mechanism = {hashes[_i].type, NULL, 0};
    CK_BYTE data[820];
    CK_BYTE digest[64];
    CK_BYTE want[64];
    CK_ULONG done = 0;
    CK_ULONG length = 0;

    fill_pattern(data, sizeof data, 2);
    ok(p11->C_DigestInit(the_session, &mechanism));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ok(p11->C_DigestUpdate(the_session, data + done, parts[i]));
        done += parts[i];
    }
    ck_assert_uint_eq(done, sizeof data);
    ok(p11->C_DigestFinal(the_session, NULL, &length));
    ck_assert_uint_eq(length, hashes[_i].length);
    length--;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_DigestFinal(the_session, digest, &length));
    ck_assert_uint_eq(length, hashes[_i].length);
    ok(p11->C_DigestFinal(the_session, digest, &length));
    ck_assert_uint_eq(witness_digest(hashes[_i].name, (struct bytes){data, done}, want), length);
    ck_assert(memcmp(digest, want, length) == 0);
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestFinal(the_session, digest, &length));
}
END_TEST

START_TEST(lengths_of_one_call)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE data[3] = "abc";
    CK_BYTE digest[32];
    CK_ULONG length = 0;

    ok(p11->C_DigestInit(the_session, &mechanism));
    ok(p11->C_Digest(the_session, data, 3, NULL, &length));
    ck_assert_uint_eq(length, 32);
    length = 31;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_Digest(the_session, data, 3, digest, &length));
    ck_assert_uint_eq(length, 32);
    ok(p11->C_Digest(the_session, data, 3, digest, &length));
    ck_assert_uint_eq(digest[0], 0xba);
    ck_assert_uint_eq(digest[31], 0xad);
}
END_TEST

START_TEST(of_a_key)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    struct template readable = {.count = 0};
    CK_BYTE data[7 + 32 + 5];
    CK_BYTE digest[32];
    CK_BYTE want[32];
    CK_ULONG length = sizeof digest;
    CK_OBJECT_HANDLE key;

    fill_pattern(data, sizeof data, 30);
    add_bool(&readable, CKA_SENSITIVE, false);
    add_bool(&readable, CKA_EXTRACTABLE, true);
    key = import_secret(the_session, CKK_AES, data + 7, 32, &readable);
    ok(p11->C_DigestInit(the_session, &mechanism));
    ok(p11->C_DigestUpdate(the_session, data, 7));
    ok(p11->C_DigestKey(the_session, key));
    ok(p11->C_DigestUpdate(the_session, data + 39, 5));
    ok(p11->C_DigestFinal(the_session, digest, &length));
    witness_digest("SHA256", (struct bytes){data, sizeof data}, want);
    ck_assert(memcmp(digest, want, 32) == 0);
}
END_TEST

START_TEST(key_that_has_no_digest)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);

    ok(p11->C_DigestInit(the_session, &mechanism));
    expect(CKR_KEY_INDIGESTIBLE, p11->C_DigestKey(the_session, pair.private_key));
    expect_id("digest/key-failure-ends", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_DigestKey(the_session, pair.private_key));
    if (is_reference()) {
        return;
    }
    ok(p11->C_DigestInit(the_session, &mechanism));
    expect(CKR_KEY_HANDLE_INVALID, p11->C_DigestKey(the_session, NO_HANDLE));
}
END_TEST

START_TEST(calls_that_must_fail)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_MECHANISM unknown = {NO_MECHANISM, NULL, 0};
    CK_MECHANISM cipher = {CKM_AES_ECB, NULL, 0};
    CK_BYTE data[3] = "abc";
    CK_BYTE digest[32];
    CK_ULONG length = sizeof digest;

    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Digest(the_session, data, 3, digest, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestUpdate(the_session, data, 3));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestFinal(the_session, digest, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestKey(the_session, import_aes(the_session, 16, NULL)));
    expect(CKR_MECHANISM_INVALID, p11->C_DigestInit(the_session, &unknown));
    expect(CKR_MECHANISM_INVALID, p11->C_DigestInit(the_session, &cipher));
    expect(CKR_ARGUMENTS_BAD, p11->C_DigestInit(the_session, NULL));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_DigestInit(NO_HANDLE, &mechanism));
    ok(p11->C_DigestInit(the_session, &mechanism));
    expect(CKR_OPERATION_ACTIVE, p11->C_DigestInit(the_session, &mechanism));
    ok(p11->C_Digest(the_session, data, 3, digest, &length)); /* undisturbed */
}
END_TEST

/* A digest has no parameter; what a consumer left there by chance (PowerDNS does) is neither read nor refused. */
START_TEST(parameter_by_chance)
{
    CK_MECHANISM mechanisms[] = {{CKM_SHA256, (void *)1, 0x80000000UL}, {CKM_SHA256, NULL, 24}, {CKM_SHA256, (void *)1, 0}};
    CK_BYTE digest[32];
    CK_BYTE want[64];

    witness_digest("SHA256", (struct bytes){(const CK_BYTE *)"abc", 3}, want);
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        CK_ULONG length = sizeof digest;

        ok(p11->C_DigestInit(the_session, &mechanisms[i]));
        ok(p11->C_Digest(the_session, (CK_BYTE *)"abc", 3, digest, &length));
        ck_assert_uint_eq(length, sizeof digest);
        ck_assert(memcmp(digest, want, length) == 0);
    }
}
END_TEST

/* Digests need no login and no key-operation session. */
START_TEST(without_login_and_without_limit)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_SESSION_HANDLE sessions[40];
    CK_BYTE data[3] = "abc";
    CK_BYTE digest[32];
    CK_ULONG length;

    ok(p11->C_Logout(the_session));
    for (int i = 0; i < 40; i++) {
        sessions[i] = open_ro();
        ok(p11->C_DigestInit(sessions[i], &mechanism));
        ok(p11->C_DigestUpdate(sessions[i], data, 3));
    }
    for (int i = 0; i < 40; i++) {
        length = sizeof digest;
        ok(p11->C_DigestFinal(sessions[i], digest, &length));
        ck_assert_uint_eq(digest[0], 0xba);
    }
}
END_TEST

/* ---- State -------------------------------------------------------------------------------------------- */

START_TEST(saved_and_restored)
{
    CK_MECHANISM mechanism = {hashes[_i].type, NULL, 0};
    CK_SESSION_HANDLE other = open_ro();
    CK_BYTE data[200];
    CK_BYTE state[4096];
    CK_BYTE digest[64];
    CK_BYTE want[64];
    CK_ULONG state_length = 0;
    CK_ULONG length = sizeof digest;

    if (differs("digest/state")) {
        return;
    }
    fill_pattern(data, sizeof data, 6);
    ok(p11->C_DigestInit(the_session, &mechanism));
    ok(p11->C_DigestUpdate(the_session, data, 77));
    ok(p11->C_GetOperationState(the_session, NULL, &state_length));
    ck_assert(state_length > 0 && state_length <= sizeof state);
    state_length--;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetOperationState(the_session, state, &state_length));
    ok(p11->C_GetOperationState(the_session, state, &state_length));

    /* The saved one goes on elsewhere, the first one too, and the state may be used again. */
    ok(p11->C_DigestUpdate(the_session, data, 10));
    for (int i = 0; i < 2; i++) {
        ok(p11->C_SetOperationState(other, state, state_length, CK_INVALID_HANDLE, CK_INVALID_HANDLE));
        ok(p11->C_DigestUpdate(other, data + 77, sizeof data - 77));
        length = sizeof digest;
        ok(p11->C_DigestFinal(other, digest, &length));
        witness_digest(hashes[_i].name, (struct bytes){data, sizeof data}, want);
        ck_assert(memcmp(digest, want, length) == 0);
    }
    memmove(data + 77, data, 10);
    length = sizeof digest;
    ok(p11->C_DigestFinal(the_session, digest, &length));
    witness_digest(hashes[_i].name, (struct bytes){data, 87}, want);
    ck_assert(memcmp(digest, want, length) == 0);
}
END_TEST

START_TEST(state_that_must_fail)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE state[4096] = {0};
    CK_ULONG length = sizeof state;

    if (differs("digest/state")) {
        expect(CKR_FUNCTION_NOT_SUPPORTED, p11->C_GetOperationState(the_session, state, &length));
        expect(CKR_FUNCTION_NOT_SUPPORTED, p11->C_SetOperationState(the_session, state, 1, 0, 0));
        return;
    }
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_GetOperationState(the_session, state, &length));
    expect(CKR_SAVED_STATE_INVALID, p11->C_SetOperationState(the_session, state, 100, 0, 0));
    expect(CKR_ARGUMENTS_BAD, p11->C_SetOperationState(the_session, NULL, 100, 0, 0));
    ok(p11->C_DigestInit(the_session, &mechanism));
    expect(CKR_ARGUMENTS_BAD, p11->C_GetOperationState(the_session, state, NULL));
    ok(p11->C_GetOperationState(the_session, state, &length));
    expect(CKR_KEY_NOT_NEEDED,
           p11->C_SetOperationState(open_rw(), state, length, import_aes(the_session, 16, NULL), 0));
    state[length / 2] ^= 1;
    expect(CKR_SAVED_STATE_INVALID, p11->C_SetOperationState(open_rw(), state, length, 0, 0));
    state[length / 2] ^= 1;
    expect(CKR_SAVED_STATE_INVALID, p11->C_SetOperationState(open_rw(), state, length - 1, 0, 0));
}
END_TEST

static Suite *digest_suite(void)
{
    Suite *suite = suite_create("digest");
    TCase *tcase = add_tcase(suite, "digest", setup_user);

    tcase_add_loop_test(tcase, one_call, 0, HASHES);
    tcase_add_loop_test(tcase, parts_and_lengths, 0, HASHES);
    tcase_add_test(tcase, lengths_of_one_call);
    tcase_add_test(tcase, of_a_key);
    tcase_add_test(tcase, key_that_has_no_digest);
    tcase_add_test(tcase, calls_that_must_fail);
    tcase_add_test(tcase, parameter_by_chance);
    tcase_add_test(tcase, without_login_and_without_limit);
    tcase_add_loop_test(tcase, saved_and_restored, 0, HASHES);
    tcase_add_test(tcase, state_that_must_fail);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, digest_suite());
}
