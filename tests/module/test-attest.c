/*
 * AttestKey of the vendor interface: OpenSSL reads and verifies the chains, lengths follow the two-call
 * convention, and everything that is refused has its CKR_* and HUKS code. What the certificates claim is
 * tests/native/test-attest.c's; ours only.
 */
#include "bound.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "tests/native/chain.h"

static CK_BYTE challenge[129] = "the verifier's own challenge";
#define CHALLENGE 29
#define IMPORTED  1 /* HUKS's KeyFlag */

static CK_BYTE chain_bytes[16384];
static CK_ULONG chain_length;

static CK_RV attest_for(CK_OBJECT_HANDLE key, CK_ULONG challenge_length)
{
    chain_length = sizeof chain_bytes;
    return huks->AttestKey(the_session, key, challenge, challenge_length, chain_bytes, &chain_length);
}

static CK_RV attest(CK_OBJECT_HANDLE key)
{
    return attest_for(key, CHALLENGE);
}

/* ---- Chains -------------------------------------------------------------------------------------------- */

/* Reads what came, to the last byte; its leaf is the key and claims the challenge first. */
static void check_chain(CK_OBJECT_HANDLE key, CK_ULONG challenge_length, struct chain *chain)
{
    struct claim claims[CLAIMS_MOST];
    CK_BYTE told[1024];
    uint8_t certified[1024];
    uint8_t *at = certified;
    CK_ULONG size;

    chain_read_der(chain_bytes, chain_length, chain);
    ck_assert_uint_eq(chain->count, 4);
    chain_check(chain);
    size = get_bytes(the_session, key, CKA_PUBLIC_KEY_INFO, told, sizeof told);
    ck_assert_int_eq(i2d_PUBKEY(X509_get0_pubkey(chain->at[0]), &at), (int)size);
    ck_assert_mem_eq(told, certified, size);
    ck_assert_int_ge(chain_claims(chain, claims), 3);
    ck_assert_str_eq(claims[0].oid, "1.4");
    ck_assert_uint_eq((CK_ULONG)claims[0].size, challenge_length);
    ck_assert_mem_eq(claims[0].value, challenge, challenge_length);
}

static const CK_BYTE x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};
static const CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const CK_BYTE ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71};

/* `params` NULL: an algorithm that needs none. */
static struct pair generate(CK_MECHANISM_TYPE type, CK_ATTRIBUTE_TYPE what, const void *params, size_t size,
                            bool on_token)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    add_bool(&public, CKA_TOKEN, on_token);
    add_bool(&private, CKA_TOKEN, on_token);
    if (params != NULL) {
        add_bytes(&public, what, params, size);
    }
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public.list, public.count, private.list, private.count,
                              &pair.public_key, &pair.private_key));
    return pair;
}

static struct pair generate_p256(bool on_token)
{
    return generate(CKM_EC_KEY_PAIR_GEN, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len, on_token);
}

/* By either half on the token, and above the key's own certificate always the same ones. */
static void check_kind(CK_MECHANISM_TYPE type, CK_ATTRIBUTE_TYPE what, const void *params, size_t size)
{
    struct pair session_pair = generate(type, what, params, size, false);
    struct pair pair = generate(type, what, params, size, true);
    const CK_OBJECT_HANDLE keys[] = {pair.private_key, pair.public_key, session_pair.private_key};
    struct chain chains[3];

    for (int i = 0; i < 3; i++) {
        CK_ULONG length = i == 0 ? 1 : 128;

        ok(attest_for(keys[i], length));
        check_chain(keys[i], length, &chains[i]);
        for (int k = 1; k < 4; k++) {
            ck_assert_int_eq(X509_cmp(chains[0].at[k], chains[i].at[k]), 0);
        }
    }
    for (int i = 0; i < 3; i++) {
        chain_free(&chains[i]);
    }
}

static void every_kind_of_key(void)
{
    const CK_ULONG bits = 2048;

    for (int i = 1; i < 4; i++) { /* P-256, P-384, P-521 */
        check_kind(CKM_EC_KEY_PAIR_GEN, CKA_EC_PARAMS, curves[i].params, curves[i].params_len);
    }
    check_kind(CKM_EC_EDWARDS_KEY_PAIR_GEN, CKA_EC_PARAMS, ed25519, sizeof ed25519);
    check_kind(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKA_EC_PARAMS, x25519, sizeof x25519);
    check_kind(CKM_RSA_PKCS_KEY_PAIR_GEN, CKA_MODULUS_BITS, &bits, sizeof bits);
    if (has_mechanism(HUKS_NUMBER(1))) {
        check_kind(HUKS_NUMBER(1), 0, NULL, 0); /* SM2 */
    }
}

/* A certificate whose KeyUsage has no bit is none to OpenSSL (RFC 5280, 4.2.1.3). */
static void key_without_a_purpose(void)
{
    struct pair key = generate(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKA_EC_PARAMS, x25519, sizeof x25519, false);
    struct chain chain;

    ck_assert(!get_bool(the_session, key.private_key, CKA_DERIVE));
    ok(attest(key.private_key));
    check_chain(key.private_key, CHALLENGE, &chain);
    ck_assert_int_eq(X509_get_ext_by_NID(chain.at[0], NID_key_usage, -1), -1);
    chain_free(&chain);
}

/* A key that came from outside is attested, and the certificate says where it came from. */
static void imported_key(void)
{
    struct template t = {.count = 0};
    struct claim claims[CLAIMS_MOST];
    struct chain chain;
    bool said = false;
    CK_OBJECT_HANDLE key;
    int count;

    add_bool(&t, CKA_EXTRACTABLE, false);
    key = import_ec(the_session, &t).private_key;
    ok(attest(key));
    check_chain(key, CHALLENGE, &chain);
    count = chain_claims(&chain, claims);
    for (int i = 0; i < count; i++) {
        said |= strcmp(claims[i].oid, "1.5") == 0 && claims[i].value[0] == IMPORTED;
    }
    ck_assert(said);
    chain_free(&chain);
}

/* Nothing is written into the token, and no user is asked: a session that only reads will do. */
static void asks_for_little(void)
{
    struct pair key = ec_always();
    struct chain chain;

    ok(attest(key.private_key));
    check_chain(key.private_key, CHALLENGE, &chain);
    chain_free(&chain);
    chain_length = sizeof chain_bytes;
    ok(huks->AttestKey(open_ro(), key.private_key, challenge, CHALLENGE, chain_bytes, &chain_length));
    check_chain(key.private_key, CHALLENGE, &chain);
    chain_free(&chain);
}

/* ---- Lengths ------------------------------------------------------------------------------------------- */

static void two_calls(void)
{
    CK_OBJECT_HANDLE key = generate_ec(the_session, CURVE_P256, NULL).private_key;
    CK_ULONG asked = 0, size;
    struct chain chain;

    ok(huks->AttestKey(the_session, key, challenge, CHALLENGE, NULL, &asked));
    ok(attest(key));
    size = chain_length;
    ck_assert_uint_ge(asked, size);
    ck_assert_uint_le(asked, size + 64); /* a bound, and a close one */
    for (int i = 0; i < 3; i++) {
        const CK_ULONG rooms[] = {size - 1, 1, 0};

        memset(chain_bytes, 0xee, sizeof chain_bytes);
        chain_length = rooms[i];
        refused(CKR_BUFFER_TOO_SMALL, 14,
                huks->AttestKey(the_session, key, challenge, CHALLENGE, chain_bytes, &chain_length));
        ck_assert_uint_eq(chain_length, size);
        for (size_t k = 0; k < sizeof chain_bytes; k++) {
            ck_assert_uint_eq(chain_bytes[k], 0xee);
        }
    }
    ok(huks->AttestKey(the_session, key, challenge, CHALLENGE, chain_bytes, &chain_length));
    ck_assert_uint_eq(chain_length, size);
    ck_assert_uint_eq(chain_bytes[size], 0xee);
    check_chain(key, CHALLENGE, &chain);
    chain_free(&chain);
}

/* ---- What is refused ----------------------------------------------------------------------------------- */

static void bad_arguments(void)
{
    CK_OBJECT_HANDLE key = generate_ec(the_session, CURVE_P256, NULL).private_key;
    CK_OBJECT_HANDLE data = make_data(the_session, "data", NULL);

    chain_length = sizeof chain_bytes;
    refused(CKR_ARGUMENTS_BAD, 18,
            huks->AttestKey(the_session, key, NULL, CHALLENGE, chain_bytes, &chain_length));
    refused(CKR_ARGUMENTS_BAD, 18, huks->AttestKey(the_session, key, NULL, 0, chain_bytes, &chain_length));
    refused(CKR_ARGUMENTS_BAD, 18,
            huks->AttestKey(the_session, key, challenge, CHALLENGE, chain_bytes, NULL));
    refused(CKR_ARGUMENTS_BAD, 18, huks->AttestKey(the_session, key, challenge, CHALLENGE, NULL, NULL));
    refused(CKR_ARGUMENTS_BAD, 18, attest_for(key, 0));
    refused(CKR_ARGUMENTS_BAD, 18, attest_for(key, 129));
    refused(CKR_ARGUMENTS_BAD, 18, attest_for(key, (CK_ULONG)-1));
    refused(CKR_KEY_HANDLE_INVALID, 11, attest(CK_INVALID_HANDLE));
    refused(CKR_KEY_HANDLE_INVALID, 11, attest(NO_HANDLE));
    refused(CKR_KEY_HANDLE_INVALID, 11, attest(data));
    ok(p11->C_DestroyObject(the_session, key));
    refused(CKR_KEY_HANDLE_INVALID, 11, attest(key));
    refused(CKR_SESSION_HANDLE_INVALID, 11,
            huks->AttestKey(NO_HANDLE, key, challenge, CHALLENGE, chain_bytes, &chain_length));
    ok(p11->C_Finalize(NULL));
    refused(CKR_CRYPTOKI_NOT_INITIALIZED, 18, attest(key));
}

/* A certificate is for keys that only this token has. */
static void keys_that_might_leave(void)
{
    struct template t = {.count = 0}, never = {.count = 0};
    struct pair key;

    add_bool(&t, CKA_EXTRACTABLE, true);
    key = generate_ec(the_session, CURVE_P256, &t);
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 3, attest(key.private_key));
    add_bool(&never, CKA_EXTRACTABLE, false);
    ok(p11->C_SetAttributeValue(the_session, key.private_key, never.list, never.count));
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 3, attest(key.private_key)); /* it might have left before */
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 3, attest(import_rsa(the_session, &t).private_key));
}

static void keys_of_other_kinds(void)
{
    struct pair key;

    refused(CKR_CURVE_NOT_SUPPORTED, 1, attest(generate_ec(the_session, &curves[0], NULL).private_key));
    refused(CKR_CURVE_NOT_SUPPORTED, 1, attest(generate_ec(the_session, &curves[4], NULL).private_key));
    key = generate(CKM_EC_EDWARDS_KEY_PAIR_GEN, CKA_EC_PARAMS, ed448, sizeof ed448, false);
    refused(CKR_KEY_TYPE_INCONSISTENT, 3, attest(key.private_key));
    refused(CKR_KEY_TYPE_INCONSISTENT, 3, attest(generate_aes(the_session, 32, NULL)));
    /* A public key alone is somebody else's, for all that the token knows. */
    key = generate_p256(true);
    ok(attest(key.public_key));
    ok(p11->C_DestroyObject(the_session, key.private_key));
    refused(CKR_KEY_TYPE_INCONSISTENT, 3, attest(key.public_key));
    refused(CKR_KEY_TYPE_INCONSISTENT, 3, attest(generate_p256(false).public_key)); /* in no pair */
    key = generate_p256(true);
    ok(p11->C_DestroyObject(the_session, key.public_key)); /* the private one can speak for itself */
    ok(attest(key.private_key));
}

/*
 * The public half is seen by everybody; what the certificate says of its private half is for who sees that. A
 * private key that is no private object needs no login.
 */
static void without_a_login(void)
{
    struct template t = {.count = 0}, wanted = {.count = 0};
    struct pair secret = generate_p256(true);
    struct chain chain;
    CK_OBJECT_HANDLE open;

    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_PRIVATE, false);
    generate_ec(the_session, CURVE_P256, &t);
    ok(attest(secret.private_key));
    ok(attest(secret.public_key));
    ok(p11->C_Logout(the_session));
    refused(CKR_KEY_HANDLE_INVALID, 11, attest(secret.private_key)); /* it died with the login */
    refused(CKR_KEY_TYPE_INCONSISTENT, 3, attest(secret.public_key));
    add_ulong(&wanted, CKA_CLASS, CKO_PRIVATE_KEY);
    ck_assert_uint_eq(count_objects(the_session, &wanted), 1);
    open = find_object(the_session, &wanted);
    ok(attest(open));
    check_chain(open, CHALLENGE, &chain);
    chain_free(&chain);
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(attest(open));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    ok(attest(secret.public_key));
}

/* A key that its PIN took with it is here no longer. */
static void void_key(void)
{
    static const char again[] = "user-secret-2";
    struct template t = {.count = 0}, wanted = {.count = 0};
    CK_OBJECT_HANDLE key;

    add_bool(&t, CKA_TOKEN, true);
    key = ec_with(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE, &t).private_key;
    ok(attest(key));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(the_session, (CK_UTF8CHAR *)(uintptr_t)again, sizeof again - 1));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, again));
    add_ulong(&wanted, CKA_CLASS, CKO_PRIVATE_KEY);
    refused(CKR_KEY_FUNCTION_NOT_PERMITTED, 7, attest(find_object(the_session, &wanted)));
}

static void (*const tests[])(void) = {
    every_kind_of_key, key_without_a_purpose, imported_key,        asks_for_little, two_calls,
    bad_arguments,     keys_that_might_leave, keys_of_other_kinds, without_a_login, void_key,
};

int main(int argc, char **argv)
{
    return bound_run(argc, argv, "attest", tests, sizeof tests / sizeof tests[0]);
}
