/*
 * Derivations: key agreement, HKDF, PBKDF2; and the functions for the engine's own protocols.
 */
#include "check-crypto.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct crypto_key *build(enum crypto_key_class class, uint32_t alg, struct bytes ec_params,
                                struct bytes value, struct bytes point)
{
    struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    struct crypto_key *key = NULL;
    if (ec_params.size != 0) {
        ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_PARAMS, ec_params), HUKS_OK);
    }
    if (value.size != 0) {
        ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_VALUE, value), HUKS_OK);
    }
    if (point.size != 0) {
        ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_POINT, point), HUKS_OK);
    }
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    ck_assert_int_eq(crypto_key_build(crypto, class, alg, set, &key), HUKS_OK);
    return key;
}

static const struct {
    uint32_t alg;
    const char *params;
} agreements[] = {
    {OH_HUKS_ALG_ECC, "06082a8648ce3d030107"}, {OH_HUKS_ALG_ECDH, "06052b81040023"},
    {OH_HUKS_ALG_ECC, "06052b8104000a"},       {OH_HUKS_ALG_ECC, "06092b2403030208010107"},
    {OH_HUKS_ALG_ECC, "06052b81040010"},       {OH_HUKS_ALG_SM2, "06082a811ccf5501822d"},
    {OH_HUKS_ALG_X25519, ""},                  {HUKS_ALG_X448, ""},
};

static struct bytes view(const struct secret *secret)
{
    return secret_bytes(secret);
}

START_TEST(agreement)
{
    struct crypto_keygen keygen = {.alg = agreements[_i].alg, .ec_params = hex(agreements[_i].params)};
    AUTO(key_free) struct crypto_key *a = generate(&keygen);
    AUTO(key_free) struct crypto_key *b = generate(&keygen);
    AUTO(secret_free) struct secret b_point = {0};
    AUTO(secret_free) struct secret b_info = {0};
    AUTO(secret_free) struct secret a_point = {0};
    AUTO(secret_free) struct secret z = {0};
    ck_assert_int_eq(crypto_key_part(a, HUKS_TAG_EC_POINT, &a_point), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(b, HUKS_TAG_EC_POINT, &b_point), HUKS_OK);
    ck_assert_int_eq(crypto_key_encode(b, CRYPTO_PUBLIC, &b_info), HUKS_OK);
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = view(&b_point)};
    crypto_key_prepare(a);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_OK);
    ck_assert_uint_eq(z.size, crypto_key_alg(a) == OH_HUKS_ALG_X25519 ? 32 : (crypto_key_bits(a) + 7) / 8);
    /* The other side; SPKI and OCTET STRING; with cofactor; several times with the kept context. */
    uint8_t wrapped[300] = {0x04, 0x81, (uint8_t)b_point.size};
    memcpy(wrapped + 3, b_point.data, b_point.size);
    if (b_point.size < 0x80) {
        wrapped[1] = (uint8_t)b_point.size;
        memcpy(wrapped + 2, b_point.data, b_point.size);
    }
    const struct bytes forms[] = {view(&b_point), view(&b_info),
                                  bytes_of(wrapped, b_point.size + 2 + (b_point.size >= 0x80))};
    for (size_t i = 0; i < 6; i++) {
        AUTO(secret_free) struct secret again = {0};
        spec.peer = forms[i % 3];
        spec.cofactor = i >= 3 && agreements[_i].alg != OH_HUKS_ALG_SM2 && _i != 4;
        ck_assert_int_eq(crypto_derive(crypto, a, &spec, &again), HUKS_OK);
        ck_assert(bytes_equal(view(&again), view(&z)));
    }
    spec.cofactor = false;
    spec.peer = view(&a_point);
    AUTO(secret_free) struct secret other = {0};
    ck_assert_int_eq(crypto_derive(crypto, b, &spec, &other), HUKS_OK);
    ck_assert(bytes_equal(view(&other), view(&z)));
    /* Cut in front or behind; more than there is. */
    spec.peer = view(&b_point);
    spec.size = 16;
    secret_free(&other);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    ck_assert(bytes_equal(view(&other), bytes_of(z.data, 16)));
    spec.tail = true;
    secret_free(&other);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    ck_assert(bytes_equal(view(&other), bytes_of(z.data + z.size - 16, 16)));
    spec.size = z.size + 1;
    secret_free(&other);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_SIZE);
    /* With a KDF: its first block is the hash of secret ‖ 1 ‖ info, or of 1 ‖ secret ‖ info. */
    spec = (struct crypto_derive_spec){.method = CRYPTO_ECDH, .peer = view(&b_point), .kdf = CRYPTO_KDF_X963,
                                       .digest = OH_HUKS_DIGEST_SHA256, .info = text("info"), .size = 80};
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    ck_assert_uint_eq(other.size, 80);
    uint8_t input[200] = {0, 0, 0, 1}, hash[32];
    memcpy(input, z.data, z.size);
    memcpy(input + z.size, "\0\0\0\1info", 8);
    ck_assert_int_eq(crypto_sha256(crypto, bytes_of(input, z.size + 8), hash), HUKS_OK);
    ck_assert_int_eq(memcmp(other.data, hash, 32), 0);
    spec.kdf = CRYPTO_KDF_SP800;
    secret_free(&other);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    memcpy(input, "\0\0\0\1", 4);
    memcpy(input + 4, z.data, z.size);
    memcpy(input + 4 + z.size, "info", 4);
    ck_assert_int_eq(crypto_sha256(crypto, bytes_of(input, z.size + 8), hash), HUKS_OK);
    ck_assert_int_eq(memcmp(other.data, hash, 32), 0);
}
END_TEST

START_TEST(bad_peers)
{
    struct crypto_keygen keygen = {.alg = agreements[_i].alg, .ec_params = hex(agreements[_i].params)};
    AUTO(key_free) struct crypto_key *a = generate(&keygen);
    AUTO(secret_free) struct secret point = {0};
    AUTO(secret_free) struct secret z = {0};
    ck_assert_int_eq(crypto_key_part(a, HUKS_TAG_EC_POINT, &point), HUKS_OK);
    uint8_t changed[200];
    memcpy(changed, point.data, point.size);
    changed[point.size - 1] ^= 1;
    struct crypto_keygen elsewhere = {.alg = OH_HUKS_ALG_ECC, .size_bits = 384};
    AUTO(key_free) struct crypto_key *foreign = generate(&elsewhere);
    AUTO(secret_free) struct secret foreign_info = {0};
    AUTO(secret_free) struct secret foreign_point = {0};
    ck_assert_int_eq(crypto_key_encode(foreign, CRYPTO_PUBLIC, &foreign_info), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(foreign, HUKS_TAG_EC_POINT, &foreign_point), HUKS_OK);
    const struct bytes peers[] = {
        BYTES_NONE, bytes_of("", 0), hex("00"), bytes_of(point.data, point.size - 1), view(&foreign_info),
        view(&foreign_point), text("nonsense"), bytes_of(changed, point.size),
    };
    bool montgomery = agreements[_i].params[0] == '\0';
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]) - (montgomery ? 1 : 0); i++) {
        struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = peers[i]};
        huks_rc rc = crypto_derive(crypto, a, &spec, &z);
        ck_assert_msg(rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_PUBLIC_POINT, "peer %zu: %d", i,
                      rc);
        ck_assert_ptr_null(z.data);
    }
    if (montgomery) {
        /* Points of small order give zeros, whatever the key: refused. */
        uint8_t small[56] = {0};
        struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = bytes_of(small, point.size)};
        ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_PUBLIC_POINT);
        small[0] = 1;
        ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_PUBLIC_POINT);
    }
    /* And the right one works after all that. */
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = view(&point)};
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_OK);
}
END_TEST

START_TEST(small_subgroup)
{
    /* sect283k1 has points outside the group of its generator: (0, 1) has order 2. */
    AUTO(secret_free) struct secret z = {0};
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_ECC, .ec_params = hex("06052b81040010")};
    AUTO(key_free) struct crypto_key *a = generate(&keygen);
    uint8_t point[73] = {4};
    point[72] = 1;
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = BYTES_OF(point)};
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_PUBLIC_POINT);
    struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    struct crypto_key *key = NULL;
    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_PARAMS, hex("06052b81040010")), HUKS_OK);
    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_POINT, BYTES_OF(point)), HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PUBLIC, OH_HUKS_ALG_ECC, set, &key),
                     HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(x25519_answer)
{
    /* RFC 7748, 5.2 */
    AUTO(key_free) struct crypto_key *key =
        build(CRYPTO_PRIVATE, OH_HUKS_ALG_X25519, BYTES_NONE,
              hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"), BYTES_NONE);
    AUTO(secret_free) struct secret z = {0};
    struct crypto_derive_spec spec = {
        .method = CRYPTO_ECDH,
        .peer = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")};
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &z), HUKS_OK);
    ck_assert(bytes_equal(view(&z), hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")));
}
END_TEST

START_TEST(ecdh_answer)
{
    /* NIST CAVS KAS ECC CDH primitive, P-256, count 0 */
    AUTO(key_free) struct crypto_key *key =
        build(CRYPTO_PRIVATE, OH_HUKS_ALG_ECC, hex("06082a8648ce3d030107"),
              hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534"), BYTES_NONE);
    AUTO(secret_free) struct secret z = {0};
    struct crypto_derive_spec spec = {
        .method = CRYPTO_ECDH,
        .peer = hex("04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
                    "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac")};
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &z), HUKS_OK);
    ck_assert(bytes_equal(view(&z), hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")));
}
END_TEST

START_TEST(dh)
{
    struct crypto_keygen keygen = {.alg = _i == 0 ? (uint32_t)OH_HUKS_ALG_DH : (uint32_t)HUKS_ALG_X942_DH,
                                   .size_bits = 2048};
    AUTO(key_free) struct crypto_key *a = generate(&keygen);
    AUTO(key_free) struct crypto_key *b = generate(&keygen);
    AUTO(key_free) struct crypto_key *b_public = public_half(b);
    AUTO(secret_free) struct secret value = {0};
    AUTO(secret_free) struct secret info = {0};
    AUTO(secret_free) struct secret z = {0};
    AUTO(secret_free) struct secret other = {0};
    ck_assert_int_eq(crypto_key_part(b_public, HUKS_TAG_VALUE, &value), HUKS_OK);
    ck_assert_int_eq(crypto_key_encode(b, CRYPTO_PUBLIC, &info), HUKS_OK);
    struct crypto_derive_spec spec = {.method = CRYPTO_DH, .peer = view(&value)};
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &z), HUKS_OK);
    ck_assert_uint_eq(z.size, 256);
    spec.peer = view(&info);
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    ck_assert(bytes_equal(view(&z), view(&other)));
    secret_free(&other);
    spec.size = 32;
    ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(z.data, 32), view(&other)));
    secret_free(&other);
    /* 0, 1, p − 1, too long, another group's */
    AUTO(secret_free) struct secret p = {0};
    ck_assert_int_eq(crypto_key_part(a, HUKS_TAG_PRIME, &p), HUKS_OK);
    p.data[p.size - 1] ^= 1;
    uint8_t long_one[300] = {1};
    const struct bytes bad[] = {BYTES_NONE, hex("00"), hex("01"), view(&p), BYTES_OF(long_one)};
    for (size_t i = 0; i < 5; i++) {
        spec.peer = bad[i];
        ck_assert_int_eq(crypto_derive(crypto, a, &spec, &other), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_PUBLIC_POINT);
    }
}
END_TEST

START_TEST(hkdf)
{
    /* RFC 5869, A.1 */
    AUTO(key_free) struct crypto_key *key =
        secret_key(HUKS_ALG_GENERIC, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    AUTO(secret_free) struct secret out = {0};
    struct bytes salt = hex("000102030405060708090a0b0c"), info = hex("f0f1f2f3f4f5f6f7f8f9");
    struct bytes prk = hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    struct bytes okm =
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    struct crypto_derive_spec spec = {.method = CRYPTO_HKDF,
                                      .digest = OH_HUKS_DIGEST_SHA256,
                                      .salt = salt,
                                      .info = info,
                                      .extract = true,
                                      .expand = true,
                                      .size = 42};
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_OK);
    ck_assert(bytes_equal(view(&out), okm));
    secret_free(&out);
    spec.expand = false;
    spec.size = 0;
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_OK);
    ck_assert(bytes_equal(view(&out), prk));
    AUTO(key_free) struct crypto_key *extracted = secret_key(HUKS_ALG_GENERIC, view(&out));
    secret_free(&out);
    spec.extract = false;
    spec.expand = true;
    spec.size = 42;
    ck_assert_int_eq(crypto_derive(crypto, extracted, &spec, &out), HUKS_OK);
    ck_assert(bytes_equal(view(&out), okm));
    uint8_t mine[42];
    ck_assert_int_eq(
        crypto_hkdf_sha256(crypto, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), salt, info, mine, 42),
        HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(mine), okm));
    secret_free(&out);
    spec.size = 255 * 32 + 1;
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_SIZE);
    spec.extract = spec.expand = false;
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_E_MISSING_PARAM);
    spec.expand = true;
    spec.digest = 0;
    ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM_PARAM);
}
END_TEST

START_TEST(pbkdf2)
{
    /* RFC 6070 (SHA-1), RFC 7914, 11 (SHA-256) */
    static const struct {
        uint32_t digest;
        const char *password, *salt;
        uint32_t iterations;
        const char *out;
    } rows[] = {
        {OH_HUKS_DIGEST_SHA1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        {OH_HUKS_DIGEST_SHA1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"},
        {OH_HUKS_DIGEST_SHA1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
         "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
        {OH_HUKS_DIGEST_SHA256, "passwd", "salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        AUTO(key_free) struct crypto_key *key = secret_key(OH_HUKS_ALG_PBKDF2, text(rows[i].password));
        AUTO(secret_free) struct secret out = {0};
        struct bytes expected = hex(rows[i].out);
        struct crypto_derive_spec spec = {.method = CRYPTO_PBKDF2,
                                          .digest = rows[i].digest,
                                          .salt = text(rows[i].salt),
                                          .iterations = rows[i].iterations,
                                          .size = expected.size};
        ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_OK);
        ck_assert(bytes_equal(view(&out), expected));
        secret_free(&out);
        spec.iterations = 0;
        ck_assert_int_eq(crypto_derive(crypto, key, &spec, &out), HUKS_E_MISSING_PARAM);
    }
    /* An empty password is one. */
    AUTO(key_free) struct crypto_key *empty = secret_key(HUKS_ALG_GENERIC, BYTES_NONE);
    AUTO(secret_free) struct secret out = {0};
    struct crypto_derive_spec spec = {.method = CRYPTO_PBKDF2,
                                      .digest = OH_HUKS_DIGEST_SHA256,
                                      .salt = text("salt"),
                                      .iterations = 2,
                                      .size = 16};
    ck_assert_int_eq(crypto_derive(crypto, empty, &spec, &out), HUKS_OK);
}
END_TEST

START_TEST(wrong_base_keys)
{
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_RSA, .size_bits = 1024};
    AUTO(key_free) struct crypto_key *rsa = generate(&keygen);
    AUTO(key_free)
    struct crypto_key *aes = secret_key(OH_HUKS_ALG_AES, hex("000102030405060708090a0b0c0d0e0f"));
    AUTO(secret_free) struct secret out = {0};
    static const enum crypto_method methods[] = {CRYPTO_ECDH, CRYPTO_DH, CRYPTO_HKDF, CRYPTO_PBKDF2};
    for (int i = 0; i < COUNT(methods); i++) {
        struct crypto_derive_spec spec = {.method = methods[i]};
        ck_assert_int_eq(crypto_derive(crypto, i < 2 ? aes : rsa, &spec, &out), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    }
    struct crypto_derive_spec spec = {.method = CRYPTO_CIPHER};
    ck_assert_int_eq(crypto_derive(crypto, aes, &spec, &out), HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM);
}
END_TEST

START_TEST(scrypt)
{
    /* RFC 7914, 12: N = 1024, r = 8, p = 16 is not ours; ours is p = 1, checked against OpenSSL's own. */
    uint8_t first[32], second[32];
    ck_assert_int_eq(crypto_scrypt(crypto, text("1234"), text("salt"), 10, first, 32), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(first),
                          hex("9415e0560c5fce4fa2823c9023583e3325b6aa20e786a6d26eaaa62887a3807b")));
    ck_assert_int_eq(crypto_scrypt(crypto, text("1234"), text("salt"), 16, second, 32), HUKS_OK);
    ck_assert_int_ne(memcmp(first, second, 32), 0);
    ck_assert_int_eq(crypto_scrypt(crypto, text("1234"), text("salt"), 0, second, 32), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(crypto_scrypt(crypto, text("1234"), text("salt"), 40, second, 32), HUKS_E_INVALID_PARAM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto derivations");
    TCase *tcase = tcase_create("derivations");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, agreement, 0, COUNT(agreements));
    tcase_add_loop_test(tcase, bad_peers, 0, COUNT(agreements));
    tcase_add_test(tcase, small_subgroup);
    tcase_add_test(tcase, x25519_answer);
    tcase_add_test(tcase, ecdh_answer);
    tcase_add_loop_test(tcase, dh, 0, 2);
    tcase_add_test(tcase, hkdf);
    tcase_add_test(tcase, pbkdf2);
    tcase_add_test(tcase, wrong_base_keys);
    tcase_add_test(tcase, scrypt);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
