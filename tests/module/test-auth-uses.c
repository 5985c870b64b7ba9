/*
 * Bound keys at work: calls that are a whole use, ways around that are none, keys that die with the PIN, and
 * secure sign.
 */
#include "bound.h"

#include <string.h>

#define OTHER_PIN "another-secret-2"

/* ---- Uses that are one call ------------------------------------------------------------------------------
 */

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

static void (*const tests[])(void) = {
    derivation_is_authenticated_before,   wrapping_and_unwrapping_are_authenticated_before,
    no_digest_and_no_salt_of_a_bound_key, free_purposes_are_no_way_around,
    void_keys_are_shown_and_refused,      session_keys_die_with_the_pin_too,
    secure_signatures_say_who_signed,
};

int main(int argc, char **argv)
{
    return bound_run(argc, argv, "auth-uses", tests, sizeof tests / sizeof tests[0]);
}
