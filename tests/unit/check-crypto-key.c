/*
 * Keys: every algorithm made, taken apart, put together, encoded and decoded; bad parts refused.
 */
#include "check-crypto.h"

static const uint8_t oid_p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
static const uint8_t oid_p521[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
static const uint8_t oid_k1[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A};
static const uint8_t oid_brainpool[] = {0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07};
static const uint8_t oid_sect[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x10};
static const uint8_t name_edwards[] = "\x13\x0c" "edwards25519";

static const struct {
    const char *name;
    struct crypto_keygen spec;
    uint32_t alg, bits;
    size_t order_size;
    uint32_t parts[9], public_parts[4];
} kinds[] = {
    {"RSA",
     {.alg = OH_HUKS_ALG_RSA, .size_bits = 1024},
     OH_HUKS_ALG_RSA,
     1024,
     0,
     {HUKS_TAG_MODULUS, HUKS_TAG_PUBLIC_EXPONENT, HUKS_TAG_PRIVATE_EXPONENT, HUKS_TAG_PRIME_1,
      HUKS_TAG_PRIME_2, HUKS_TAG_EXPONENT_1, HUKS_TAG_EXPONENT_2, HUKS_TAG_COEFFICIENT},
     {HUKS_TAG_MODULUS, HUKS_TAG_PUBLIC_EXPONENT}},
    {"EC by size",
     {.alg = OH_HUKS_ALG_ECC, .size_bits = 384},
     OH_HUKS_ALG_ECC,
     384,
     48,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"EC P-256",
     {.alg = OH_HUKS_ALG_ECC, .ec_params = BYTES_OF(oid_p256)},
     OH_HUKS_ALG_ECC,
     256,
     32,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"ECDH P-521",
     {.alg = OH_HUKS_ALG_ECDH, .ec_params = BYTES_OF(oid_p521)},
     OH_HUKS_ALG_ECDH,
     521,
     66,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"EC secp256k1",
     {.alg = OH_HUKS_ALG_ECC, .ec_params = BYTES_OF(oid_k1)},
     OH_HUKS_ALG_ECC,
     256,
     32,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"EC brainpool",
     {.alg = OH_HUKS_ALG_ECC, .ec_params = BYTES_OF(oid_brainpool)},
     OH_HUKS_ALG_ECC,
     256,
     32,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"EC sect283k1",
     {.alg = OH_HUKS_ALG_ECC, .ec_params = BYTES_OF(oid_sect)},
     OH_HUKS_ALG_ECC,
     283,
     36,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"SM2",
     {.alg = OH_HUKS_ALG_SM2, .size_bits = 256},
     OH_HUKS_ALG_SM2,
     256,
     32,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"Ed25519",
     {.alg = OH_HUKS_ALG_ED25519},
     OH_HUKS_ALG_ED25519,
     256,
     0,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"Ed448",
     {.alg = HUKS_ALG_ED448},
     HUKS_ALG_ED448,
     448,
     0,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"edwards25519 by name",
     {.alg = HUKS_ALG_ED448, .ec_params = {name_edwards, 14}},
     OH_HUKS_ALG_ED25519,
     256,
     0,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"X25519",
     {.alg = OH_HUKS_ALG_X25519, .size_bits = 256},
     OH_HUKS_ALG_X25519,
     256,
     0,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"X448",
     {.alg = HUKS_ALG_X448},
     HUKS_ALG_X448,
     448,
     0,
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT, HUKS_TAG_VALUE},
     {HUKS_TAG_EC_PARAMS, HUKS_TAG_EC_POINT}},
    {"DSA",
     {.alg = OH_HUKS_ALG_DSA, .size_bits = 1024},
     OH_HUKS_ALG_DSA,
     1024,
     20,
     {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE},
     {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE}},
    {"DH",
     {.alg = OH_HUKS_ALG_DH, .size_bits = 2048},
     OH_HUKS_ALG_DH,
     2048,
     0,
     {HUKS_TAG_PRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE},
     {HUKS_TAG_PRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE}},
    {"X9.42 DH",
     {.alg = HUKS_ALG_X942_DH, .size_bits = 2048},
     HUKS_ALG_X942_DH,
     2048,
     0,
     {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE},
     {HUKS_TAG_PRIME, HUKS_TAG_SUBPRIME, HUKS_TAG_BASE, HUKS_TAG_VALUE}},
    {"AES", {.alg = OH_HUKS_ALG_AES, .size_bits = 192}, OH_HUKS_ALG_AES, 192, 0, {HUKS_TAG_VALUE}, {0}},
    {"3DES", {.alg = OH_HUKS_ALG_3DES, .size_bits = 192}, OH_HUKS_ALG_3DES, 192, 0, {HUKS_TAG_VALUE}, {0}},
    {"HMAC", {.alg = OH_HUKS_ALG_HMAC, .size_bits = 8}, OH_HUKS_ALG_HMAC, 8, 0, {HUKS_TAG_VALUE}, {0}},
    {"SM4", {.alg = OH_HUKS_ALG_SM4, .size_bits = 128}, OH_HUKS_ALG_SM4, 128, 0, {HUKS_TAG_VALUE}, {0}},
};

static void assert_same(const struct crypto_key *a, const struct crypto_key *b, enum crypto_key_class class)
{
    AUTO(secret_free) struct secret x = {0};
    AUTO(secret_free) struct secret y = {0};
    ck_assert_int_eq(crypto_key_encode(a, class, &x), HUKS_OK);
    ck_assert_int_eq(crypto_key_encode(b, class, &y), HUKS_OK);
    ck_assert(bytes_equal(secret_bytes(&x), secret_bytes(&y)));
    ck_assert_uint_eq(crypto_key_alg(a), crypto_key_alg(b));
    ck_assert_uint_eq(crypto_key_bits(a), crypto_key_bits(b));
    ck_assert_uint_eq(crypto_key_order_size(a), crypto_key_order_size(b));
    ck_assert_uint_eq(crypto_key_curve(a), crypto_key_curve(b));
}

/* The key's own parts, as a set that builds it again. */
static OH_Huks_ParamSet *take_apart(const struct crypto_key *key, const uint32_t *tags, size_t count)
{
    struct param_list list = {0};
    struct secret parts[9] = {{0}};
    OH_Huks_ParamSet *set = NULL;
    for (size_t i = 0; i < count && tags[i] != 0; i++) {
        ck_assert_int_eq(crypto_key_part(key, tags[i], &parts[i]), HUKS_OK);
        ck_assert_int_eq(param_list_add_bytes(&list, tags[i], secret_bytes(&parts[i])), HUKS_OK);
    }
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    for (size_t i = 0; i < 9; i++) {
        secret_free(&parts[i]);
    }
    return set;
}

START_TEST(round_trip)
{
    AUTO(key_free) struct crypto_key *key = generate(&kinds[_i].spec);
    bool asymmetric = crypto_key_class(key) == CRYPTO_PRIVATE;
    enum crypto_key_class class = crypto_key_class(key);
    ck_assert_uint_eq(crypto_key_alg(key), kinds[_i].alg);
    ck_assert_uint_eq(crypto_key_bits(key), kinds[_i].bits);
    ck_assert_uint_eq(crypto_key_order_size(key), kinds[_i].order_size);

    AUTO(secret_free) struct secret encoded = {0};
    AUTO(key_free) struct crypto_key *decoded = NULL;
    ck_assert_int_eq(crypto_key_encode(key, class, &encoded), HUKS_OK);
    /* ECDH keys look like ECC ones from outside: only the given algorithm tells. */
    ck_assert_int_eq(crypto_key_decode(crypto, class, kinds[_i].alg, secret_bytes(&encoded), &decoded),
                     HUKS_OK);
    assert_same(key, decoded, class);

    AUTO(param_set_free) OH_Huks_ParamSet *parts = take_apart(key, kinds[_i].parts, 9);
    AUTO(key_free) struct crypto_key *built = NULL;
    ck_assert_int_eq(crypto_key_build(crypto, class, kinds[_i].alg, parts, &built), HUKS_OK);
    assert_same(key, built, class);
    if (!asymmetric) {
        return;
    }
    AUTO(key_free) struct crypto_key *public = NULL;
    secret_free(&encoded);
    ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PUBLIC, &encoded), HUKS_OK);
    ck_assert_int_eq(crypto_key_decode(crypto, CRYPTO_PUBLIC, kinds[_i].alg, secret_bytes(&encoded), &public),
                     HUKS_OK);
    assert_same(key, public, CRYPTO_PUBLIC);
    AUTO(param_set_free) OH_Huks_ParamSet *public_parts = take_apart(public, kinds[_i].public_parts, 4);
    AUTO(key_free) struct crypto_key *rebuilt = NULL;
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PUBLIC, kinds[_i].alg, public_parts, &rebuilt), HUKS_OK);
    assert_same(key, rebuilt, CRYPTO_PUBLIC);
    /* The private half is nowhere in a public key. */
    AUTO(secret_free) struct secret none = {0};
    ck_assert_int_eq(crypto_key_encode(public, CRYPTO_PRIVATE, &none), HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(cut_and_changed)
{
    /* Every cut of an encoding is refused; every changed bit is refused or decodes to something, cleanly. */
    AUTO(key_free) struct crypto_key *key = generate(&kinds[_i].spec);
    enum crypto_key_class class = crypto_key_class(key);
    if (class == CRYPTO_SECRET) {
        return;
    }
    AUTO(secret_free) struct secret encoded = {0};
    AUTO(key_free) struct crypto_key *decoded = NULL;
    ck_assert_int_eq(crypto_key_encode(key, class, &encoded), HUKS_OK);
    for (size_t size = 0; size < encoded.size; size += 1 + size / 8) {
        ck_assert_int_eq(crypto_key_decode(crypto, class, 0, bytes_of(encoded.data, size), &decoded),
                         HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_ATTRIBUTE);
        ck_assert_ptr_null(decoded);
    }
    for (size_t i = 0; i < encoded.size; i += 7) {
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
        if (crypto_key_decode(crypto, class, 0, secret_bytes(&encoded), &decoded) == HUKS_OK) {
            crypto_key_unref(decoded);
            decoded = NULL;
        }
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
    }
    ck_assert_int_eq(crypto_key_decode(crypto, class, 0, secret_bytes(&encoded), &decoded), HUKS_OK);
}
END_TEST

static huks_rc build(enum crypto_key_class class, uint32_t alg, const OH_Huks_ParamSet *from, uint32_t change,
                     struct bytes to)
{
    struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(key_free) struct crypto_key *key = NULL;
    ck_assert_int_eq(param_list_add_set(&list, from), HUKS_OK);
    if (to.data == NULL) {
        param_list_remove(&list, change);
    } else {
        ck_assert_int_eq(param_list_put_bytes(&list, change, to), HUKS_OK);
    }
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    return crypto_key_build(crypto, class, alg, set, &key);
}

START_TEST(missing_part)
{
    /* Each part of each kind left out in turn. What can be computed may be missing. */
    static const uint32_t spare[] = {HUKS_TAG_PUBLIC_EXPONENT, HUKS_TAG_PRIME_1, HUKS_TAG_PRIME_2,
                                     HUKS_TAG_EXPONENT_1,      HUKS_TAG_EXPONENT_2, HUKS_TAG_COEFFICIENT};
    AUTO(key_free) struct crypto_key *key = generate(&kinds[_i].spec);
    enum crypto_key_class class = crypto_key_class(key);
    AUTO(param_set_free) OH_Huks_ParamSet *parts = take_apart(key, kinds[_i].parts, 9);
    for (size_t i = 0; i < 9 && kinds[_i].parts[i] != 0; i++) {
        uint32_t tag = kinds[_i].parts[i];
        bool optional = tag == HUKS_TAG_EC_POINT ||
                        (tag == HUKS_TAG_EC_PARAMS && crypto_key_order_size(key) == 0);
        for (size_t j = 0; j < sizeof(spare) / sizeof(spare[0]); j++) {
            optional = optional || tag == spare[j];
        }
        huks_rc rc = build(class, kinds[_i].alg, parts, tag, BYTES_NONE);
        ck_assert_msg(rc == (optional ? HUKS_OK : HUKS_E_MISSING_PARAM), "%s without part %zu: %d",
                      kinds[_i].name, i, rc);
        if (!optional) {
            ck_assert_int_eq(error_about(), ABOUT_TEMPLATE);
        }
    }
}
END_TEST

START_TEST(rsa_recovered)
{
    /* n, e, d alone give the same eight numbers, up to the order of the primes. */
    static const uint32_t some[] = {HUKS_TAG_MODULUS, HUKS_TAG_PUBLIC_EXPONENT, HUKS_TAG_PRIVATE_EXPONENT, 0};
    AUTO(key_free) struct crypto_key *key = generate(&kinds[0].spec);
    AUTO(param_set_free) OH_Huks_ParamSet *parts = take_apart(key, some, 4);
    AUTO(key_free) struct crypto_key *built = NULL;
    AUTO(secret_free) struct secret p = {0};
    AUTO(secret_free) struct secret q = {0};
    AUTO(secret_free) struct secret mine = {0};
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PRIVATE, OH_HUKS_ALG_RSA, parts, &built), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_PRIME_1, &p), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_PRIME_2, &q), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(built, HUKS_TAG_PRIME_1, &mine), HUKS_OK);
    ck_assert(bytes_equal(secret_bytes(&mine), secret_bytes(&p)) ||
              bytes_equal(secret_bytes(&mine), secret_bytes(&q)));
}
END_TEST

START_TEST(rsa_wrong)
{
    AUTO(key_free) struct crypto_key *key = generate(&kinds[0].spec);
    AUTO(param_set_free) OH_Huks_ParamSet *parts = take_apart(key, kinds[0].parts, 9);
    AUTO(secret_free) struct secret value = {0};
    static const uint32_t tags[] = {HUKS_TAG_MODULUS, HUKS_TAG_PRIVATE_EXPONENT, HUKS_TAG_PRIME_1};
    for (size_t i = 0; i < 3; i++) {
        secret_free(&value);
        ck_assert_int_eq(crypto_key_part(key, tags[i], &value), HUKS_OK);
        value.data[value.size - 1] ^= 1; /* an even modulus among them */
        ck_assert_int_eq(build(CRYPTO_PRIVATE, OH_HUKS_ALG_RSA, parts, tags[i], secret_bytes(&value)),
                         HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_ATTRIBUTE);
    }
    ck_assert_int_eq(build(CRYPTO_PUBLIC, OH_HUKS_ALG_RSA, parts, HUKS_TAG_MODULUS, hex("0123456789abcdef")),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(build(CRYPTO_PUBLIC, OH_HUKS_ALG_RSA, parts, HUKS_TAG_PUBLIC_EXPONENT, hex("02")),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(build(CRYPTO_PUBLIC, OH_HUKS_ALG_RSA, parts, HUKS_TAG_PUBLIC_EXPONENT, hex("01")),
                     HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(ec_wrong)
{
    AUTO(key_free) struct crypto_key *key = generate(&kinds[_i].spec);
    AUTO(param_set_free) OH_Huks_ParamSet *parts = take_apart(key, kinds[_i].parts, 9);
    AUTO(secret_free) struct secret point = {0};
    uint32_t alg = kinds[_i].alg;
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_EC_POINT, &point), HUKS_OK);
    point.data[point.size - 1] ^= 1;
    /* Not on the curve; another key's; infinity; too short; nothing. */
    ck_assert_int_eq(build(CRYPTO_PUBLIC, alg, parts, HUKS_TAG_EC_POINT, secret_bytes(&point)),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_PUBLIC_POINT);
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_EC_POINT, secret_bytes(&point)),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(build(CRYPTO_PUBLIC, alg, parts, HUKS_TAG_EC_POINT, hex("00")), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(
        build(CRYPTO_PUBLIC, alg, parts, HUKS_TAG_EC_POINT, bytes_of(point.data, point.size - 1)),
        HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(build(CRYPTO_PUBLIC, alg, parts, HUKS_TAG_EC_POINT, BYTES_NONE), HUKS_E_MISSING_PARAM);
    /* A scalar of 0, of the order and more. */
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_VALUE, hex("00")), HUKS_E_INVALID_PARAM);
    uint8_t big[80];
    memset(big, 0xFF, sizeof(big));
    ck_assert_int_eq(
        build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_VALUE, bytes_of(big, crypto_key_order_size(key))),
        HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_VALUE, BYTES_OF(big)), HUKS_E_INVALID_PARAM);
    /* Unknown curve; no DER. */
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_EC_PARAMS, hex("06032a0304")),
                     HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_CURVE);
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_EC_PARAMS, hex("0401")),
                     HUKS_E_INVALID_PARAM);
    /* An Edwards curve is not of this family. */
    ck_assert_int_eq(build(CRYPTO_PRIVATE, alg, parts, HUKS_TAG_EC_PARAMS, bytes_of(name_edwards, 14)),
                     HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(ec_forms)
{
    /* P-256 by OID, by name, and by explicit parameters; with a generator of somebody's own it is refused. */
    static const char explicit[] =
        "3081e0 020101 302c 06072a8648ce3d0101 "
        "022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
        "3044 0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"
        "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
        "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551 020101";
    uint32_t bits = 0;
    struct bytes own = hex(explicit);
    ck_assert_uint_eq(crypto_curve_alg(crypto, BYTES_OF(oid_p256), &bits), OH_HUKS_ALG_ECC);
    ck_assert_uint_eq(bits, 256);
    ck_assert_uint_eq(crypto_curve_alg(crypto, bytes_of("\x13\x0aprime256v1", 12), NULL), OH_HUKS_ALG_ECC);
    ck_assert_uint_eq(crypto_curve_alg(crypto, bytes_of("\x13\x09secp256r1", 11), NULL), OH_HUKS_ALG_ECC);
    ck_assert_uint_eq(crypto_curve_alg(crypto, hex("06032b6570"), NULL), OH_HUKS_ALG_ED25519);
    ck_assert_uint_eq(crypto_curve_alg(crypto, hex("06032b656f"), NULL), HUKS_ALG_X448);
    ck_assert_uint_eq(crypto_curve_alg(crypto, hex("06082a811ccf5501822d"), NULL), OH_HUKS_ALG_SM2);
    ck_assert_uint_eq(crypto_curve_alg(crypto, own, NULL), OH_HUKS_ALG_ECC);
    uint8_t changed[512];
    memcpy(changed, own.data, own.size);
    changed[130] ^= 1; /* in the generator */
    ck_assert_uint_eq(crypto_curve_alg(crypto, bytes_of(changed, own.size), NULL), 0);
    ck_assert_int_eq(error_code(), 0);
}
END_TEST

START_TEST(secret_sizes)
{
    static const struct {
        uint32_t alg;
        size_t size;
        bool fine;
    } rows[] = {
        {OH_HUKS_ALG_AES, 16, true},    {OH_HUKS_ALG_AES, 24, true},    {OH_HUKS_ALG_AES, 32, true},
        {OH_HUKS_ALG_AES, 64, false},   {OH_HUKS_ALG_AES, 15, false},   {OH_HUKS_ALG_AES, 33, false},
        {OH_HUKS_ALG_AES, 0, false},    {OH_HUKS_ALG_DES, 8, true},     {OH_HUKS_ALG_DES, 16, false},
        {OH_HUKS_ALG_3DES, 16, true},   {OH_HUKS_ALG_3DES, 24, true},   {OH_HUKS_ALG_3DES, 8, false},
        {OH_HUKS_ALG_SM4, 16, true},    {OH_HUKS_ALG_SM4, 32, false},   {OH_HUKS_ALG_HMAC, 1, true},
        {OH_HUKS_ALG_HMAC, 2048, true}, {OH_HUKS_ALG_HMAC, 0, false},   {HUKS_ALG_GENERIC, 77, true},
        {HUKS_ALG_CHACHA20, 32, true},  {HUKS_ALG_CHACHA20, 31, false}, {OH_HUKS_ALG_PBKDF2, 0, true},
        {HUKS_ALG_AES_XTS, 32, true},   {HUKS_ALG_AES_XTS, 64, true},   {HUKS_ALG_AES_XTS, 48, false},
        {HUKS_ALG_RC2, 128, true},      {HUKS_ALG_RC2, 129, false},     {HUKS_ALG_BLOWFISH, 3, false},
    };
    uint8_t bytes[2048] = {1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO(key_free) struct crypto_key *key = NULL;
        huks_rc rc =
            crypto_key_decode(crypto, CRYPTO_SECRET, rows[i].alg, bytes_of(bytes, rows[i].size), &key);
        ck_assert_msg((rc == HUKS_OK) == rows[i].fine, "row %zu", i);
        ck_assert(rows[i].fine || (rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_ATTRIBUTE));
    }
}
END_TEST

START_TEST(check_values)
{
    /* AES-128 of zeros under zeros is 66e94b…; SHA-1 of "abc" a9993e…; triple DES of zeros under 0123…
     * d5d44f. */
    static const struct {
        uint32_t alg;
        const char *value, *check;
    } rows[] = {
        {OH_HUKS_ALG_AES, "00000000000000000000000000000000", "66e94b"},
        {HUKS_ALG_GENERIC, "616263", "a9993e"},
        {OH_HUKS_ALG_DES, "0123456789abcdef", "d5d44f"},
        {OH_HUKS_ALG_3DES, "0123456789abcdef0123456789abcdef", "d5d44f"},
    };
    for (size_t i = 0; i < 4; i++) {
        AUTO(key_free) struct crypto_key *key = NULL;
        AUTO(secret_free) struct secret check = {0};
        ck_assert_int_eq(crypto_key_decode(crypto, CRYPTO_SECRET, rows[i].alg, hex(rows[i].value), &key),
                         HUKS_OK);
        ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_CHECK_VALUE, &check), HUKS_OK);
        ck_assert(bytes_equal(secret_bytes(&check), hex(rows[i].check)));
    }
}
END_TEST

START_TEST(other_parts)
{
    AUTO(key_free) struct crypto_key *key = generate(&kinds[2].spec);
    AUTO(secret_free) struct secret info = {0};
    AUTO(secret_free) struct secret encoded = {0};
    AUTO(secret_free) struct secret none = {0};
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_PUBLIC_KEY_INFO, &info), HUKS_OK);
    ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PUBLIC, &encoded), HUKS_OK);
    ck_assert(bytes_equal(secret_bytes(&info), secret_bytes(&encoded)));
    ck_assert_uint_eq(info.size, 91); /* P-256, as HUKS exports it */
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_MODULUS, &none), HUKS_E_NOT_EXIST);
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_LABEL, &none), HUKS_E_NOT_EXIST);
}
END_TEST

START_TEST(wrong_requests)
{
    struct crypto_key *key = NULL;
    static const struct {
        struct crypto_keygen spec;
        int32_t code;
        enum error_about about;
    } rows[] = {
        {{.alg = 9999}, HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM},
        {{.alg = OH_HUKS_ALG_AES, .size_bits = 100}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_AES}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_HMAC, .size_bits = 12}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_RSA, .size_bits = 128}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_RSA, .size_bits = 1 << 20}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_RSA, .size_bits = 1024, .exponent = BYTES_OF("\4")},
         HUKS_E_INVALID_PARAM,
         ABOUT_ATTRIBUTE},
        {{.alg = OH_HUKS_ALG_ECC, .size_bits = 255}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_ECC}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_SM2, .ec_params = BYTES_OF(oid_p256)}, HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE},
        {{.alg = OH_HUKS_ALG_ED25519, .ec_params = BYTES_OF(oid_p256)},
         HUKS_E_INVALID_PARAM,
         ABOUT_ATTRIBUTE},
        {{.alg = OH_HUKS_ALG_DSA, .size_bits = 64}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
        {{.alg = OH_HUKS_ALG_RSA, .size_bits = 1088, .x931 = true}, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        huks_rc rc = crypto_key_generate(crypto, &rows[i].spec, &key);
        ck_assert_msg(rc == rows[i].code && error_about() == rows[i].about, "row %zu: %d about %d", i, rc,
                      error_about());
        ck_assert_ptr_null(key);
    }
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PUBLIC, OH_HUKS_ALG_AES, NULL, &key),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_SECRET, OH_HUKS_ALG_RSA, NULL, &key),
                     HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(domain)
{
    AUTO(buffer_free) struct buffer p = {0};
    AUTO(buffer_free) struct buffer q = {0};
    AUTO(buffer_free) struct buffer g = {0};
    const struct crypto_domain_spec dsa = {.alg = OH_HUKS_ALG_DSA, .prime_bits = 1024, .subprime_bits = 160};
    const struct crypto_domain_spec small = {.alg = OH_HUKS_ALG_DH, .prime_bits = 512};
    ck_assert_int_eq(crypto_domain_generate(crypto, &dsa, &p, &q, &g, NULL), HUKS_OK);
    ck_assert_uint_eq(p.size, 128);
    ck_assert_uint_eq(q.size, 20);
    struct crypto_keygen spec = {.alg = OH_HUKS_ALG_DSA,
                                 .prime = bytes_of(p.data, p.size),
                                 .subprime = bytes_of(q.data, q.size),
                                 .base = bytes_of(g.data, g.size)};
    AUTO(key_free) struct crypto_key *key = generate(&spec);
    ck_assert_uint_eq(crypto_key_bits(key), 1024);
    ck_assert_uint_eq(crypto_key_order_size(key), 20);
    AUTO(buffer_free) struct buffer p2 = {0};
    AUTO(buffer_free) struct buffer g2 = {0};
    ck_assert_int_eq(crypto_domain_generate(crypto, &small, &p2, NULL, &g2, NULL), HUKS_OK);
    struct crypto_keygen dh = {.alg = OH_HUKS_ALG_DH, .prime = bytes_of(p2.data, p2.size),
                               .base = bytes_of(g2.data, g2.size)};
    AUTO(key_free) struct crypto_key *other = generate(&dh);
    ck_assert_uint_eq(crypto_key_bits(other), 512);
}
END_TEST

int main(void)
{
    int count = (int)(sizeof(kinds) / sizeof(kinds[0]));
    Suite *suite = suite_create("crypto keys");
    TCase *tcase = tcase_create("keys");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, round_trip, 0, count);
    tcase_add_loop_test(tcase, cut_and_changed, 0, count);
    tcase_add_loop_test(tcase, missing_part, 0, count);
    tcase_add_test(tcase, rsa_recovered);
    tcase_add_test(tcase, rsa_wrong);
    tcase_add_loop_test(tcase, ec_wrong, 1, 8);
    tcase_add_test(tcase, ec_forms);
    tcase_add_test(tcase, secret_sizes);
    tcase_add_test(tcase, check_values);
    tcase_add_test(tcase, other_parts);
    tcase_add_test(tcase, wrong_requests);
    tcase_add_test(tcase, domain);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
