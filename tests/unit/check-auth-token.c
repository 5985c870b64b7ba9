/* Auth tokens: the packed form to the byte, its order of refusals, every flipped bit, other services, other
 * boots. */
#include "check-auth.h"

#include "auth/credential.h"
#include "auth/token.h"

char top[256];
static struct side here;

static void open_place(void)
{
    place_make();
    memset(&here, 0, sizeof here);
    side_config(&here);
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

static const uint8_t challenge[AUTH_CHALLENGE_SIZE] = "a challenge of thirty-two bytes";

static struct auth_evidence pin_evidence(struct side *side)
{
    struct auth_request request = {
        .types = OH_HUKS_USER_AUTH_TYPE_PIN, .pin = USER_PIN, .challenge = challenge};
    struct auth_evidence evidence;
    ck_ok(auth_authenticate(side->auth, &request, &evidence));
    return evidence;
}

static void issue(struct side *side, const struct auth_evidence *evidence, uint8_t token[AUTH_TOKEN_SIZE])
{
    ck_ok(auth_token_issue(side->auth, evidence, token));
}

static huks_rc open_token(struct side *side, const uint8_t *token, struct auth_evidence *evidence)
{
    return auth_token_open(side->auth, bytes_of(token, AUTH_TOKEN_SIZE), false, evidence);
}

/* What only this service can do, done here by its own key: signs what was changed. */
static void sign_again(struct side *side, uint8_t token[AUTH_TOKEN_SIZE])
{
    static const char info[] = "huks auth 1: token MAC";
    uint8_t key[32];
    struct bytes piece = bytes_of(token, 248);
    ck_ok(crypto_hkdf_sha256(side->crypto, secret_bytes(&side->auth->device_key), BYTES_NONE, BYTES_OF(info),
                             key, sizeof key));
    ck_ok(crypto_hmac_sha256(side->crypto, BYTES_OF(key), &piece, 1, token + 248));
}

/* ---- the packed form ---- */

START_TEST(bytes_are_where_huks_has_them)
{
    uint8_t token[AUTH_TOKEN_SIZE], again[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = {
        .when = {here.auth->boot, UINT64_C(0x0102030405060708)},
        .type = OH_HUKS_USER_AUTH_TYPE_FINGERPRINT,
        .trust_level = 20000,
        .auth_mode = 7,
        .security_level = 3,
        .token_type = AUTH_TOKEN_LOCAL_RESIGNED,
        .user_id = 100,
        .secure_uid = 11,
        .enrolled_id = 12,
        .credential_id = 13,
    };
    struct auth_evidence read;
    memcpy(evidence.challenge, challenge, sizeof challenge);
    issue(&here, &evidence, token);
    ck_assert_uint_eq(number_get32(token), 0);
    ck_assert_mem_eq(token + 4, challenge, sizeof challenge);
    ck_assert_uint_eq(number_get64(token + 36), UINT64_C(0x0102030405060708));
    ck_assert_uint_eq(number_get32(token + 44), 20000);
    ck_assert_uint_eq(number_get32(token + 48), 4); /* UserIAM's number of a fingerprint */
    ck_assert_uint_eq(number_get32(token + 52), 7);
    ck_assert_uint_eq(number_get32(token + 56), 3);
    ck_assert_uint_eq(number_get32(token + 60), 1);
    ck_ok(open_token(&here, token, &read));
    ck_assert_mem_eq(&read, &evidence, sizeof read);

    /* The same again has another iv, and so another identity part. */
    issue(&here, &evidence, again);
    ck_assert_mem_eq(token, again, 64);
    ck_assert_mem_ne(token + 64, again + 64, 156);
    ck_assert_mem_ne(token + 236, again + 236, 12);
}
END_TEST

/* 6.3: the identity, decrypted as HUKS does it: AES-256-GCM, tag before iv, "OH_authToken". */
START_TEST(identity_is_encrypted_as_huks_has_it)
{
    static const char info[] = "huks auth 1: token cipher";
    uint8_t token[AUTH_TOKEN_SIZE], key[32], sealed[184];
    AUTO(secret_free) struct secret identity = {0};
    struct auth_evidence evidence = pin_evidence(&here);
    issue(&here, &evidence, token);
    memcpy(sealed, token + 236, 12);
    memcpy(sealed + 12, token + 64, 156);
    memcpy(sealed + 168, token + 220, 16);
    ck_ok(crypto_hkdf_sha256(here.crypto, secret_bytes(&here.auth->device_key), BYTES_NONE, BYTES_OF(info),
                             key, sizeof key));
    ck_ok(crypto_unseal(here.crypto, key, bytes_of("OH_authToken", 12), BYTES_OF(sealed), &identity));
    ck_assert_uint_eq(identity.size, 156);
    ck_assert_uint_eq(number_get32(identity.data), AUTH_USER_ID);
    ck_assert_uint_eq(number_get64(identity.data + 4), evidence.secure_uid);
    ck_assert_uint_eq(number_get64(identity.data + 12), evidence.enrolled_id);
    ck_assert_uint_eq(number_get64(identity.data + 20), evidence.credential_id);
    for (size_t i = 28; i < 156; i++) {
        ck_assert_ptr_nonnull(strchr("0123456789abcdef", identity.data[i]));
    }
}
END_TEST

START_TEST(kinds_have_useriams_numbers)
{
    ck_assert_uint_eq(auth_iam_type(OH_HUKS_USER_AUTH_TYPE_PIN), 1);
    ck_assert_uint_eq(auth_iam_type(OH_HUKS_USER_AUTH_TYPE_FACE), 2);
    ck_assert_uint_eq(auth_iam_type(OH_HUKS_USER_AUTH_TYPE_FINGERPRINT), 4);
    ck_assert_uint_eq(auth_iam_type(OH_HUKS_USER_AUTH_TYPE_TUI_PIN), 0);
    for (uint32_t type = 1; type <= 4; type <<= 1) {
        ck_assert_uint_eq(auth_type_of_iam(auth_iam_type(type)), type);
    }
    ck_assert_uint_eq(auth_type_of_iam(8), 0);
    ck_assert_uint_eq(auth_type_of_iam(32), 0);
}
END_TEST

/* ---- refusals ---- */

START_TEST(every_flipped_bit_is_refused)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = pin_evidence(&here), read;
    int refused = 0;
    issue(&here, &evidence, token);
    for (size_t bit = 0; bit < (size_t)8 * AUTH_TOKEN_SIZE; bit++) {
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_fail(open_token(&here, token, &read), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
        ck_assert_uint_eq(read.type, 0);
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
        refused++;
    }
    ck_assert_int_eq(refused, 2240);
    ck_ok(open_token(&here, token, &read));
}
END_TEST

START_TEST(wrong_sizes)
{
    uint8_t token[AUTH_TOKEN_SIZE + 1] = {0};
    struct auth_evidence evidence = pin_evidence(&here), read;
    issue(&here, &evidence, token);
    for (size_t size = 0; size <= sizeof token; size++) {
        huks_rc rc = auth_token_open(here.auth, bytes_of(token, size), false, &read);
        ck_assert_int_eq(rc, size == AUTH_TOKEN_SIZE ? HUKS_OK : HUKS_E_PARAMETER);
    }
    ck_assert_int_eq(auth_token_open(here.auth, BYTES_NONE, false, &read), HUKS_E_PARAMETER);
    char text[200];
    ck_assert_str_eq(error_message(text, sizeof text), "Invalid authentication token.");
}
END_TEST

/* HUKS's order: size, HMAC, token type, identity. A token with several faults gets the first one's code. */
START_TEST(refusals_in_huks_order)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = pin_evidence(&here), read;
    issue(&here, &evidence, token);
    token[100] ^= 1;             /* the identity no longer decrypts … */
    number_put32(token + 60, 3); /* … the type is none … */
    ck_fail(open_token(&here, token, &read), HUKS_E_AUTH_FAILED, ABOUT_LOGIN); /* … and the HMAC is wrong */
    sign_again(&here, token);
    ck_fail(open_token(&here, token, &read), HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION);
    number_put32(token + 60, AUTH_TOKEN_LOCAL);
    sign_again(&here, token);
    ck_fail(open_token(&here, token, &read), HUKS_E_CRYPTO, ABOUT_ENGINE);
    ck_assert_uint_eq(read.type, 0);
    token[100] ^= 1;
    sign_again(&here, token);
    ck_ok(open_token(&here, token, &read));
}
END_TEST

START_TEST(token_types)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = pin_evidence(&here), read;
    for (uint32_t type = 0; type < 5; type++) {
        evidence.token_type = type;
        issue(&here, &evidence, token);
        struct bytes view = bytes_of(token, sizeof token);
        ck_assert_int_eq(auth_token_open(here.auth, view, false, &read),
                         type < 2 ? HUKS_OK : HUKS_E_NOT_SUPPORTED);
        ck_assert_int_eq(auth_token_open(here.auth, view, true, &read),
                         type < 3 ? HUKS_OK : HUKS_E_NOT_SUPPORTED);
    }
}
END_TEST

/* ---- whose token, and when ---- */

START_TEST(another_service_does_not_know_it)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = pin_evidence(&here), read;
    struct side there = {0};
    issue(&here, &evidence, token);

    /* The same token, opened by another process: the same service. */
    side_open(&there);
    ck_ok(open_token(&there, token, &read));
    ck_assert_mem_eq(&read, &evidence, sizeof read);
    side_close(&there);

    /* Initialised anew: another device, whose tokens this one doesn't know either. */
    uint64_t life = 0;
    uint8_t theirs[AUTH_TOKEN_SIZE];
    ck_ok(store_token_life(here.token, &life));
    token_new(&here, SO_PIN, life);
    memset(&there, 0, sizeof there);
    side_open(&there);
    ck_fail(open_token(&there, token, &read), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    issue(&there, &evidence, theirs);
    ck_fail(open_token(&here, theirs, &read), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    side_close(&there);
}
END_TEST

START_TEST(an_earlier_boot_is_never_near)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct auth_evidence evidence = pin_evidence(&here), read;
    issue(&here, &evidence, token);
    ck_ok(open_token(&here, token, &read));
    ck_assert_uint_eq(auth_moment_apart(read.when, evidence.when), 0);
    ck_assert_uint_lt(auth_moment_apart(read.when, auth_now(here.auth)), 3600000);

    here.auth->boot ^= 1; /* the machine has been started again */
    ck_ok(open_token(&here, token, &read));
    ck_assert_uint_eq(read.when.boot, 0);
    ck_assert_uint_eq(read.when.ms, evidence.when.ms);
    ck_assert_uint_eq(auth_moment_apart(read.when, auth_now(here.auth)), UINT64_MAX);
    ck_assert_uint_eq(auth_moment_apart(read.when, read.when), UINT64_MAX);
    ck_assert_uint_eq(auth_moment_apart(evidence.when, auth_now(here.auth)), UINT64_MAX);
}
END_TEST

START_TEST(moments_apart)
{
    struct auth_moment a = {5, 1000}, b = {5, 4500}, other = {6, 1000};
    ck_assert_uint_eq(auth_moment_apart(a, b), 3500);
    ck_assert_uint_eq(auth_moment_apart(b, a), 3500);
    ck_assert_uint_eq(auth_moment_apart(a, other), UINT64_MAX);
    struct auth_moment before = auth_now(here.auth);
    atomic_store(&here.auth->skew_ms, 5000);
    ck_assert_uint_ge(auth_moment_apart(before, auth_now(here.auth)), 5000);
    ck_assert_uint_ne(before.boot, 0);
    ck_assert_uint_eq(before.boot, moment_boot());
}
END_TEST

/* ---- what this process remembers ---- */

static void ck_no_last(uint32_t type)
{
    struct auth_evidence last;
    ck_fail(auth_last(here.auth, type, &last), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
}

START_TEST(logins_are_remembered_until_logout)
{
    struct auth_evidence last, later;
    struct auth_binding binding;
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_PIN);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_PIN); /* the SO is not the user */
    auth_logout(here.auth);

    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN, &last));
    ck_ok(auth_binding(here.auth, &binding));
    ck_assert_uint_eq(last.secure_uid, binding.secure_uid);
    ck_assert_uint_eq(binding.count, 1);
    ck_assert_uint_eq(binding.entries[0].type, OH_HUKS_USER_AUTH_TYPE_PIN);
    ck_assert_uint_eq(last.enrolled_id, binding.entries[0].enrolled_id);
    ck_assert_uint_ne(last.credential_id, 0);
    ck_assert_int_eq(last.user_id, AUTH_USER_ID);
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_FINGERPRINT);
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_TUI_PIN);

    /* A context login and another login renew it; a wrong PIN does not. */
    atomic_store(&here.auth->skew_ms, 10000);
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN, &later));
    ck_assert_uint_ge(later.when.ms, last.when.ms + 10000);
    atomic_store(&here.auth->skew_ms, 20000);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN, &last));
    ck_assert_mem_eq(&last, &later, sizeof last);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN, &last));
    ck_assert_uint_ge(last.when.ms, later.when.ms + 10000);

    auth_logout(here.auth);
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_PIN);
}
END_TEST

START_TEST(proofs_from_tokens_are_remembered)
{
    struct auth_evidence last, finger = pin_evidence(&here);
    finger.type = OH_HUKS_USER_AUTH_TYPE_FINGERPRINT;
    auth_remember(here.auth, &finger);
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, &last));
    ck_assert_mem_eq(&last, &finger, sizeof last);
    struct auth_evidence older = finger;
    older.when.ms--;
    auth_remember(here.auth, &older); /* an older token does not take back what a newer one said */
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, &last));
    ck_assert_uint_eq(last.when.ms, finger.when.ms);
    struct auth_evidence unknown = finger;
    unknown.type = 0;
    auth_remember(here.auth, &unknown);
    ck_no_last(0);
}
END_TEST

/* The proof is of a user who has cleared his PIN since: in another process, so this one was told nothing. */
START_TEST(a_cleared_pin_ends_what_is_remembered)
{
    struct side there = {0};
    struct auth_binding before, after;
    struct auth_evidence last;
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_binding(here.auth, &before));
    side_open(&there);
    ck_ok(auth_set_pin(there.auth, AUTH_USER, USER_PIN, PIN("changed")));
    ck_ok(auth_last(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN, &last)); /* a changed PIN is the same user's */
    ck_ok(auth_binding(here.auth, &after));
    ck_assert_mem_eq(&before, &after, sizeof before);

    ck_ok(auth_login(there.auth, AUTH_SO, SO_PIN));
    ck_ok(auth_init_pin(there.auth, PIN("cleared")));
    ck_no_last(OH_HUKS_USER_AUTH_TYPE_PIN);
    ck_ok(auth_binding(here.auth, &after));
    ck_assert_uint_ne(before.secure_uid, after.secure_uid);
    ck_assert_uint_ne(before.entries[0].enrolled_id, after.entries[0].enrolled_id);
    side_close(&there);
}
END_TEST

/* ---- what is enrolled ---- */

START_TEST(enrolled_kinds)
{
    struct auth_credential *list = NULL;
    size_t count = 0;
    ck_ok(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN));
    ck_ok(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN | OH_HUKS_USER_AUTH_TYPE_TUI_PIN));
    ck_fail(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN | OH_HUKS_USER_AUTH_TYPE_FACE),
            HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING);
    ck_fail(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_FINGERPRINT), HUKS_E_NO_CREDENTIAL,
            ABOUT_NOTHING);
    ck_fail(auth_require_enrolled(here.auth, 0), HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE);
    ck_fail(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_TUI_PIN), HUKS_E_NOT_SUPPORTED,
            ABOUT_ATTRIBUTE);
    ck_fail(auth_require_enrolled(here.auth, 8 | OH_HUKS_USER_AUTH_TYPE_PIN), HUKS_E_NOT_SUPPORTED,
            ABOUT_ATTRIBUTE);
    ck_ok(auth_credentials(here.auth, &list, &count));
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(list[0].type, OH_HUKS_USER_AUTH_TYPE_PIN);
    ck_assert_uint_ne(list[0].id, 0);
    free(list);
}
END_TEST

START_TEST(nothing_is_enrolled_without_a_pin)
{
    struct auth_binding binding;
    struct auth_credential *list = NULL;
    size_t count = 9;
    uint64_t life = 0;
    ck_ok(store_token_life(here.token, &life));
    token_new(&here, SO_PIN, life);
    side_close(&here);
    side_open(&here);
    ck_fail(auth_require_enrolled(here.auth, OH_HUKS_USER_AUTH_TYPE_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_fail(auth_binding(here.auth, &binding), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_ok(auth_credentials(here.auth, &list, &count));
    ck_assert_uint_eq(count, 0);
    free(list);
}
END_TEST

int child_main(char **arguments)
{
    (void)arguments;
    return 1;
}

int main(void)
{
    Suite *suite = suite_create("auth tokens");
    TCase *tests = tcase_create("token");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, bytes_are_where_huks_has_them);
    tcase_add_test(tests, identity_is_encrypted_as_huks_has_it);
    tcase_add_test(tests, kinds_have_useriams_numbers);
    tcase_add_test(tests, every_flipped_bit_is_refused);
    tcase_add_test(tests, wrong_sizes);
    tcase_add_test(tests, refusals_in_huks_order);
    tcase_add_test(tests, token_types);
    tcase_add_test(tests, another_service_does_not_know_it);
    tcase_add_test(tests, an_earlier_boot_is_never_near);
    tcase_add_test(tests, moments_apart);
    tcase_add_test(tests, logins_are_remembered_until_logout);
    tcase_add_test(tests, proofs_from_tokens_are_remembered);
    tcase_add_test(tests, a_cleared_pin_ends_what_is_remembered);
    tcase_add_test(tests, enrolled_kinds);
    tcase_add_test(tests, nothing_is_enrolled_without_a_pin);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
