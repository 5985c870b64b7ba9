/* Key agreement: ECDH on every curve with libcrypto as the peer, X25519, KDFs, what must be refused. */
#include "harness.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

/* A template of a secret that can be read back. */
static void readable_secret(struct template *t, CK_KEY_TYPE type, CK_ULONG length)
{
    add_ulong(t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(t, CKA_KEY_TYPE, type);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_SENSITIVE, false);
    add_bool(t, CKA_EXTRACTABLE, true);
    if (length > 0) {
        add_ulong(t, CKA_VALUE_LEN, length);
    }
}

static CK_RV derive(CK_OBJECT_HANDLE base, CK_ULONG kdf, struct bytes point, struct bytes shared,
                    struct template *t, CK_OBJECT_HANDLE *key)
{
    CK_ECDH1_DERIVE_PARAMS params = {kdf, shared.length, (CK_BYTE *)(uintptr_t)shared.data, point.length,
                                     (CK_BYTE *)(uintptr_t)point.data};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};

    *key = CK_INVALID_HANDLE;
    return p11->C_DeriveKey(the_session, &mechanism, base, t->list, t->count, key);
}

static const struct bytes nothing = {NULL, 0};

struct peer {
    CK_BYTE raw[140];
    CK_BYTE der[144];
    size_t raw_length;
    size_t der_length;
    CK_BYTE secret[80];
    size_t secret_length;
};

static void wrap_point(struct peer *peer)
{
    size_t header = peer->raw_length > 127 ? 3 : 2;

    peer->der[0] = 0x04;
    peer->der[1] = peer->raw_length > 127 ? 0x81 : (CK_BYTE)peer->raw_length;
    peer->der[2] = (CK_BYTE)peer->raw_length;
    memcpy(peer->der + header, peer->raw, peer->raw_length);
    peer->der_length = header + peer->raw_length;
}

static void meet(const struct curve *curve, CK_OBJECT_HANDLE public_key, struct peer *peer)
{
    CK_BYTE point[160];
    CK_ULONG length = get_bytes(the_session, public_key, CKA_EC_POINT, point, sizeof point);

    peer->raw_length = sizeof peer->raw;
    peer->secret_length = sizeof peer->secret;
    ck_assert(witness_ecdh(curve, (struct bytes){point, length}, peer->raw, &peer->raw_length, peer->secret,
                           &peer->secret_length));
    ck_assert_uint_eq(peer->secret_length, curve->bytes);
    wrap_point(peer);
}

START_TEST(agreement_on_every_curve)
{
    const struct curve *curve = &curves[_i];
    struct pair pair = generate_ec(the_session, curve, NULL);
    struct peer peer;
    CK_BYTE value[80];
    CK_OBJECT_HANDLE key;

    meet(curve, pair.public_key, &peer);
    for (int der = 0; der < 2; der++) {
        struct bytes point = {der ? peer.der : peer.raw, der ? peer.der_length : peer.raw_length};
        struct template t = {.count = 0};

        readable_secret(&t, CKK_GENERIC_SECRET, curve->bytes);
        ok(derive(pair.private_key, CKD_NULL, point, nothing, &t, &key));
        ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), peer.secret_length);
        ck_assert(memcmp(value, peer.secret, peer.secret_length) == 0);
        ck_assert(!get_bool(the_session, key, CKA_LOCAL));
        ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    }
}
END_TEST

START_TEST(length_is_the_secrets_unless_given)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    struct template t = {.count = 0};
    struct peer peer;
    CK_BYTE value[80];
    CK_OBJECT_HANDLE key;

    meet(CURVE_P256, pair.public_key, &peer);
    readable_secret(&t, CKK_GENERIC_SECRET, 0);
    ok(derive(pair.private_key, CKD_NULL, (struct bytes){peer.raw, peer.raw_length}, nothing, &t, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), 32);
    ck_assert(memcmp(value, peer.secret, 32) == 0);
}
END_TEST

/* 2.40 mechanisms, 2.3.8: truncation removes bytes from the leading end. */
START_TEST(shorter_keys_are_the_secrets_end)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    struct template t = {.count = 0};
    struct peer peer;
    CK_BYTE value[80];
    CK_OBJECT_HANDLE key;

    meet(CURVE_P256, pair.public_key, &peer);
    readable_secret(&t, CKK_AES, 16);
    ok(derive(pair.private_key, CKD_NULL, (struct bytes){peer.raw, peer.raw_length}, nothing, &t, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), 16);
    ck_assert(memcmp(value, peer.secret + 16, 16) == 0);
}
END_TEST

START_TEST(derived_keys_work)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    struct template t = {.count = 0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE data[16] = {1};
    CK_BYTE out[16];
    CK_BYTE want[16];
    CK_ULONG length = sizeof out;
    struct peer peer;
    CK_OBJECT_HANDLE key;
    struct cipher cipher = {"AES-256-ECB", {peer.secret, 32}, {NULL, 0}, {NULL, 0}, false};

    meet(CURVE_P256, pair.public_key, &peer);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    add_ulong(&t, CKA_VALUE_LEN, 32);
    add_bool(&t, CKA_ENCRYPT, true);
    add_bool(&t, CKA_SENSITIVE, true);
    add_bool(&t, CKA_EXTRACTABLE, false);
    ok(derive(pair.private_key, CKD_NULL, (struct bytes){peer.der, peer.der_length}, nothing, &t, &key));
    ok(p11->C_EncryptInit(the_session, &ecb, key));
    ok(p11->C_Encrypt(the_session, data, sizeof data, out, &length));
    ck_assert_uint_eq(witness_encrypt(&cipher, (struct bytes){data, 16}, want), 16);
    ck_assert(memcmp(out, want, 16) == 0);
}
END_TEST

struct kdf {
    const char *id;
    CK_ULONG kdf;
    const char *hash;
    const char *shared;
};

static const struct kdf kdfs[] = {
    {"derive/SHA1_KDF", CKD_SHA1_KDF, "SHA1", ""},
    {"derive/SHA224_KDF", CKD_SHA224_KDF, "SHA224", ""},
    {"derive/SHA256_KDF", CKD_SHA256_KDF, "SHA256", "shared"},
    {"derive/SHA384_KDF", CKD_SHA384_KDF, "SHA384", "shared"},
    {"derive/SHA512_KDF", CKD_SHA512_KDF, "SHA512", ""},
};

/* ANSI X9.63: Hash(Z ‖ counter ‖ SharedInfo), two blocks and a piece of the third where the hash is short. */
START_TEST(key_derivation_functions)
{
    const struct kdf *row = &kdfs[_i];
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    struct template t = {.count = 0};
    CK_BYTE input[64];
    CK_BYTE want[192];
    CK_BYTE value[80];
    struct peer peer;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    size_t total = 0;

    meet(CURVE_P256, pair.public_key, &peer);
    readable_secret(&t, CKK_GENERIC_SECRET, 64);
    expect_id(row->id, CKR_OK,
              derive(pair.private_key, row->kdf, (struct bytes){peer.raw, peer.raw_length},
                     (struct bytes){(const CK_BYTE *)row->shared, strlen(row->shared)}, &t, &key));
    if (is_reference()) {
        return;
    }
    memcpy(input, peer.secret, 32);
    memset(input + 32, 0, 4);
    memcpy(input + 36, row->shared, strlen(row->shared));
    for (CK_BYTE counter = 1; total < 64; counter++) {
        input[35] = counter;
        total += witness_digest(row->hash, (struct bytes){input, 36 + strlen(row->shared)}, want + total);
    }
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), 64);
    ck_assert(memcmp(value, want, 64) == 0);
}
END_TEST

START_TEST(x25519)
{
    static const CK_BYTE name[] = {0x13, 0x0a, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'};
    static const CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};
    CK_MECHANISM mechanism = {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, NULL, 0};
    struct template public_key = {.count = 0};
    struct template private_key = {.count = 0};
    struct template t = {.count = 0};
    struct pair pair;
    CK_BYTE point[64];
    CK_BYTE value[64];
    CK_BYTE secret[32];
    CK_OBJECT_HANDLE key;
    struct peer peer;
    CK_ULONG length;

    if (differs("derive/x25519")) {
        return;
    }
    add_bytes(&public_key, CKA_EC_PARAMS, _i == 0 ? oid : name, _i == 0 ? sizeof oid : sizeof name);
    add_bool(&private_key, CKA_DERIVE, true);
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public_key.list, public_key.count, private_key.list,
                              private_key.count, &pair.public_key, &pair.private_key));
    length = get_bytes(the_session, pair.public_key, CKA_EC_POINT, point, sizeof point);
    ck_assert_uint_eq(unwrapped((struct bytes){point, length}).length, 32);
    peer.raw_length = 32;
    ck_assert(witness_x25519((struct bytes){point, length}, peer.raw, secret));
    readable_secret(&t, CKK_GENERIC_SECRET, 32);
    ok(derive(pair.private_key, CKD_NULL, (struct bytes){peer.raw, 32}, nothing, &t, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), 32);
    ck_assert(memcmp(value, secret, 32) == 0);
}
END_TEST

START_TEST(peer_point_is_refused)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    struct template t = {.count = 0};
    CK_BYTE point[sizeof ec_point_raw];
    CK_OBJECT_HANDLE key;

    readable_secret(&t, CKK_GENERIC_SECRET, 32);
    memcpy(point, ec_point_raw, sizeof point);
    point[64] ^= 1;
    expect_id("derive/point-off-curve", CKR_PUBLIC_KEY_INVALID,
              derive(pair.private_key, CKD_NULL, (struct bytes){point, sizeof point}, nothing, &t, &key));
    expect_id("derive/no-point", CKR_MECHANISM_PARAM_INVALID,
              derive(pair.private_key, CKD_NULL, nothing, nothing, &t, &key));
}
END_TEST

START_TEST(derivation_is_refused)
{
    struct template no_derive = {.count = 0};
    struct template t = {.count = 0};
    struct template wrong_class = {.count = 0};
    struct bytes point = {ec_point_raw, sizeof ec_point_raw};
    CK_MECHANISM bare = {CKM_ECDH1_DERIVE, NULL, 0};
    CK_MECHANISM unknown = {NO_MECHANISM, NULL, 0};
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);
    CK_OBJECT_HANDLE key;

    readable_secret(&t, CKK_GENERIC_SECRET, 32);
    add_bool(&no_derive, CKA_DERIVE, false);
    expect_id("derive/key-may-not", CKR_KEY_FUNCTION_NOT_PERMITTED,
              derive(import_ec(the_session, &no_derive).private_key, CKD_NULL, point, nothing, &t, &key));
    expect_id("derive/unknown-kdf", CKR_MECHANISM_PARAM_INVALID,
              derive(pair.private_key, 0x7777, point, nothing, &t, &key));
    expect_id("derive/null-kdf-with-data", CKR_MECHANISM_PARAM_INVALID,
              derive(pair.private_key, CKD_NULL, point, (struct bytes){ec_private, 4}, &t, &key));
    expect(CKR_MECHANISM_PARAM_INVALID,
           p11->C_DeriveKey(the_session, &bare, pair.private_key, t.list, t.count, &key));
    expect(CKR_MECHANISM_INVALID,
           p11->C_DeriveKey(the_session, &unknown, pair.private_key, t.list, t.count, &key));
    expect(CKR_ARGUMENTS_BAD, p11->C_DeriveKey(the_session, NULL, pair.private_key, t.list, t.count, &key));
    expect_id("derive/bad-key-handle", CKR_KEY_HANDLE_INVALID,
              derive(NO_HANDLE, CKD_NULL, point, nothing, &t, &key));
    wrong_class = (struct template){.count = 0};
    add_ulong(&wrong_class, CKA_CLASS, CKO_PUBLIC_KEY);
    add_ulong(&wrong_class, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    expect_id("derive/wrong-class", CKR_TEMPLATE_INCONSISTENT,
              derive(pair.private_key, CKD_NULL, point, nothing, &wrong_class, &key));
    readable_secret(&wrong_class, CKK_AES, 15);
    expect_id("derive/aes-15-bytes", CKR_ATTRIBUTE_VALUE_INVALID,
              derive(pair.private_key, CKD_NULL, point, nothing, &wrong_class, &key));
}
END_TEST

/* RFC 6070, two rounds. The password's length as PKCS #11 has it, and its address, as 2.40 had and NSS gives it. */
START_TEST(password_in_both_forms)
{
    static const CK_BYTE want[20] = {0xea, 0x6c, 0x01, 0x4d, 0xc7, 0x2d, 0x6f, 0x8c, 0xcd, 0x1e,
                                     0xd9, 0x2a, 0xce, 0x1d, 0x41, 0xf0, 0xd8, 0xde, 0x89, 0x57};
    CK_ULONG length = 8;
    CK_ULONG huge = (CK_ULONG)1 << 40;
    struct {
        CK_ULONG source;
        void *salt;
        CK_ULONG salt_length, iterations, prf;
        void *prf_data;
        CK_ULONG prf_length;
        void *password;
        CK_ULONG password_length; /* or its address */
    } params = {CKZ_SALT_SPECIFIED, (void *)"salt", 4, 2, CKP_PKCS5_PBKD2_HMAC_SHA1, NULL, 0, (void *)"password", 8};
    const CK_ULONG good[] = {8, (CK_ULONG)&length};
    const CK_ULONG bad[] = {(CK_ULONG)&huge, 0x10000, 0x7ffffffffff8, (CK_ULONG)-1, 0x20000};
    CK_MECHANISM mechanism = {CKM_PKCS5_PBKD2, &params, sizeof params};
    CK_OBJECT_HANDLE key;
    struct template t = {0};

    if (!has_mechanism(CKM_PKCS5_PBKD2)) { /* SoftHSM2 lacks it */
        return;
    }
    readable_secret(&t, CKK_GENERIC_SECRET, 19);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CK_BYTE value[64];

        params.password_length = good[i];
        ok(p11->C_GenerateKey(the_session, &mechanism, t.list, t.count, &key));
        ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), 19);
        ck_assert(memcmp(value, want, 19) == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        params.password_length = bad[i];
        expect(CKR_MECHANISM_PARAM_INVALID, p11->C_GenerateKey(the_session, &mechanism, t.list, t.count, &key));
    }
    params.password = NULL;
    params.password_length = 8;
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_GenerateKey(the_session, &mechanism, t.list, t.count, &key));
}
END_TEST

START_TEST(key_of_another_type)
{
    struct template derive_too = {.count = 0};
    struct template t = {.count = 0};
    struct bytes point = {ec_point_raw, sizeof ec_point_raw};
    CK_OBJECT_HANDLE key;

    readable_secret(&t, CKK_GENERIC_SECRET, 32);
    add_bool(&derive_too, CKA_DERIVE, true);
    expect_id("derive/aes-key", CKR_KEY_TYPE_INCONSISTENT,
              derive(import_aes(the_session, 16, &derive_too), CKD_NULL, point, nothing, &t, &key));
}
END_TEST

static Suite *derive_suite(void)
{
    Suite *suite = suite_create("derive");
    TCase *tcase = add_tcase(suite, "agreement", setup_user);

    tcase_add_loop_test(tcase, agreement_on_every_curve, 0, 5);
    tcase_add_test(tcase, length_is_the_secrets_unless_given);
    tcase_add_test(tcase, shorter_keys_are_the_secrets_end);
    tcase_add_test(tcase, derived_keys_work);
    tcase_add_loop_test(tcase, key_derivation_functions, 0, 5);
    tcase_add_loop_test(tcase, x25519, 0, 2);

    tcase = add_tcase(suite, "refused", setup_user);
    tcase_add_test(tcase, peer_point_is_refused);
    tcase_add_test(tcase, derivation_is_refused);
    tcase_add_test(tcase, key_of_another_type);
    if (!is_reference()) {
        tcase_add_test(tcase, password_in_both_forms);
    }
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, derive_suite());
}
