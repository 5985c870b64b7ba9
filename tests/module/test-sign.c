/* Signatures and MACs: every mechanism against libcrypto, in one call and in parts, and what must not verify.
 */
#include "harness.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

enum key_kind { KEY_RSA, KEY_EC, KEY_ED25519, KEY_SECRET };

struct row {
    const char *name;
    CK_MECHANISM_TYPE type;
    enum key_kind key;
    enum rsa_padding padding;
    const char *hash;      /* hashed by the mechanism; NULL: the caller hashed */
    CK_MECHANISM_TYPE pss; /* PSS: hashAlg */
    CK_ULONG mgf;
    const char *mgf_hash;
    CK_ULONG salt;
    size_t data_length; /* without a hash: of the data; else 0 */
    CK_ULONG signature_length;
    const struct curve *curve; /* EC */
    CK_ULONG mac_length;       /* general HMAC */
};

#define RSA_PKCS_ROW(hash_)                                                                                  \
    {                                                                                                        \
        .name = "sign/" #hash_ "_RSA_PKCS", .type = CKM_##hash_##_RSA_PKCS, .key = KEY_RSA,                  \
        .padding = RSA_PKCS1, .hash = #hash_, .signature_length = 256                                        \
    }
#define RSA_PSS_ROW(hash_, salt_)                                                                            \
    {                                                                                                        \
        .name = "sign/" #hash_ "_RSA_PKCS_PSS", .type = CKM_##hash_##_RSA_PKCS_PSS, .key = KEY_RSA,          \
        .padding = RSA_PSS, .hash = #hash_, .pss = CKM_##hash_##_, .mgf = CKG_MGF1_##hash_,                  \
        .mgf_hash = #hash_, .salt = (salt_), .signature_length = 256                                         \
    }
#define RAW_PSS_ROW(hash_, length_)                                                                          \
    {                                                                                                        \
        .name = "sign/RSA_PKCS_PSS-" #hash_, .type = CKM_RSA_PKCS_PSS, .key = KEY_RSA, .padding = RSA_PSS,   \
        .pss = CKM_##hash_##_, .mgf = CKG_MGF1_##hash_, .mgf_hash = #hash_, .salt = (length_),               \
        .data_length = (length_), .signature_length = 256                                                    \
    }
#define ECDSA_ROW(hash_)                                                                                     \
    {                                                                                                        \
        .name = "sign/ECDSA_" #hash_, .type = CKM_ECDSA_##hash_, .key = KEY_EC, .hash = #hash_,              \
        .signature_length = 64, .curve = CURVE_P256                                                          \
    }
#define RAW_ECDSA_ROW(index_, name_, data_, signature_)                                                      \
    {                                                                                                        \
        .name = "sign/ECDSA-" name_, .type = CKM_ECDSA, .key = KEY_EC, .data_length = (data_),               \
        .signature_length = (signature_), .curve = &curves[index_]                                           \
    }
#define HMAC_ROW(type_, hash_, length_)                                                                      \
    {                                                                                                        \
        .name = "sign/" #type_, .type = CKM_##type_, .key = KEY_SECRET, .hash = hash_,                       \
        .signature_length = (length_)                                                                        \
    }
#define HMAC_GENERAL_ROW(type_, hash_, length_)                                                              \
    {                                                                                                        \
        .name = "sign/" #type_, .type = CKM_##type_, .key = KEY_SECRET, .hash = hash_,                       \
        .signature_length = (length_), .mac_length = (length_)                                               \
    }

#define CKM_SHA1_   CKM_SHA_1
#define CKM_SHA224_ CKM_SHA224
#define CKM_SHA256_ CKM_SHA256
#define CKM_SHA384_ CKM_SHA384
#define CKM_SHA512_ CKM_SHA512

static const struct row rows[] = {
    {.name = "sign/RSA_PKCS",
     .type = CKM_RSA_PKCS,
     .key = KEY_RSA,
     .padding = RSA_PKCS1,
     .data_length = 51,
     .signature_length = 256},
    {.name = "sign/RSA_PKCS-longest",
     .type = CKM_RSA_PKCS,
     .key = KEY_RSA,
     .padding = RSA_PKCS1,
     .data_length = 245,
     .signature_length = 256},
    {.name = "sign/RSA_X_509",
     .type = CKM_RSA_X_509,
     .key = KEY_RSA,
     .padding = RSA_RAW,
     .data_length = 256,
     .signature_length = 256},
    RSA_PKCS_ROW(SHA1),
    RSA_PKCS_ROW(SHA224),
    RSA_PKCS_ROW(SHA256),
    RSA_PKCS_ROW(SHA384),
    RSA_PKCS_ROW(SHA512),
    RAW_PSS_ROW(SHA1, 20),
    RAW_PSS_ROW(SHA224, 28),
    RAW_PSS_ROW(SHA256, 32),
    RAW_PSS_ROW(SHA384, 48),
    RAW_PSS_ROW(SHA512, 64),
    RSA_PSS_ROW(SHA1, 20),
    RSA_PSS_ROW(SHA224, 28),
    RSA_PSS_ROW(SHA256, 32),
    RSA_PSS_ROW(SHA384, 48),
    RSA_PSS_ROW(SHA512, 64),
    {.name = "sign/PSS-no-salt",
     .type = CKM_SHA256_RSA_PKCS_PSS,
     .key = KEY_RSA,
     .padding = RSA_PSS,
     .hash = "SHA256",
     .pss = CKM_SHA256,
     .mgf = CKG_MGF1_SHA256,
     .mgf_hash = "SHA256",
     .salt = 0,
     .signature_length = 256},
    {.name = "sign/PSS-longest-salt",
     .type = CKM_SHA256_RSA_PKCS_PSS,
     .key = KEY_RSA,
     .padding = RSA_PSS,
     .hash = "SHA256",
     .pss = CKM_SHA256,
     .mgf = CKG_MGF1_SHA256,
     .mgf_hash = "SHA256",
     .salt = 222,
     .signature_length = 256},
    {.name = "sign/PSS-other-mgf",
     .type = CKM_SHA256_RSA_PKCS_PSS,
     .key = KEY_RSA,
     .padding = RSA_PSS,
     .hash = "SHA256",
     .pss = CKM_SHA256,
     .mgf = CKG_MGF1_SHA1,
     .mgf_hash = "SHA1",
     .salt = 32,
     .signature_length = 256},
    RAW_ECDSA_ROW(0, "P-224", 28, 56),
    RAW_ECDSA_ROW(1, "P-256", 32, 64),
    RAW_ECDSA_ROW(1, "P-256-short-digest", 20, 64),
    RAW_ECDSA_ROW(1, "P-256-long-digest", 64, 64),
    RAW_ECDSA_ROW(2, "P-384", 48, 96),
    RAW_ECDSA_ROW(3, "P-521", 64, 132),
    RAW_ECDSA_ROW(4, "secp256k1", 32, 64),
    ECDSA_ROW(SHA1),
    ECDSA_ROW(SHA224),
    ECDSA_ROW(SHA256),
    ECDSA_ROW(SHA384),
    ECDSA_ROW(SHA512),
    {.name = "sign/EDDSA", .type = CKM_EDDSA, .key = KEY_ED25519, .data_length = 100, .signature_length = 64},
    {.name = "sign/EDDSA-empty",
     .type = CKM_EDDSA,
     .key = KEY_ED25519,
     .data_length = 0,
     .signature_length = 64},
    HMAC_ROW(SHA_1_HMAC, "SHA1", 20),
    HMAC_ROW(SHA224_HMAC, "SHA224", 28),
    HMAC_ROW(SHA256_HMAC, "SHA256", 32),
    HMAC_ROW(SHA384_HMAC, "SHA384", 48),
    HMAC_ROW(SHA512_HMAC, "SHA512", 64),
    HMAC_GENERAL_ROW(SHA_1_HMAC_GENERAL, "SHA1", 10),
    HMAC_GENERAL_ROW(SHA224_HMAC_GENERAL, "SHA224", 28),
    HMAC_GENERAL_ROW(SHA256_HMAC_GENERAL, "SHA256", 16),
    HMAC_GENERAL_ROW(SHA384_HMAC_GENERAL, "SHA384", 1),
    HMAC_GENERAL_ROW(SHA512_HMAC_GENERAL, "SHA512", 33),
};

enum { ROWS = sizeof rows / sizeof rows[0], LONGEST = 1000 };

static const CK_BYTE hmac_key[] = "a secret of any length, longer than a block of no hash, forty and some";

struct signing {
    const struct row *row;
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_ULONG mac_length;
    CK_OBJECT_HANDLE sign_key;
    CK_OBJECT_HANDLE verify_key;
    CK_BYTE data[LONGEST];
    CK_ULONG data_length;
};

static void make_keys(struct signing *s)
{
    struct template derive_not = {.count = 0};
    struct pair pair = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};

    switch (s->row->key) {
    case KEY_RSA:
        pair = import_rsa(the_session, NULL);
        break;
    case KEY_EC:
        pair = generate_ec(the_session, s->row->curve, &derive_not);
        break;
    case KEY_ED25519:
        pair = generate_ed25519(the_session);
        break;
    case KEY_SECRET:
        pair.private_key = pair.public_key =
            import_secret(the_session, CKK_GENERIC_SECRET, hmac_key, sizeof hmac_key - 1, NULL);
        break;
    }
    s->sign_key = pair.private_key;
    s->verify_key = pair.public_key;
}

/* False when the reference does not have the mechanism (a row of the table says so). */
static bool begin(struct signing *s, const struct row *row)
{
    memset(s, 0, sizeof *s);
    s->row = row;
    s->mechanism.mechanism = row->type;
    if (row->padding == RSA_PSS) {
        s->pss = (CK_RSA_PKCS_PSS_PARAMS){row->pss, row->mgf, row->salt};
        s->mechanism.pParameter = &s->pss;
        s->mechanism.ulParameterLen = sizeof s->pss;
    }
    if (row->mac_length > 0) {
        s->mac_length = row->mac_length;
        s->mechanism.pParameter = &s->mac_length;
        s->mechanism.ulParameterLen = sizeof s->mac_length;
    }
    s->data_length = row->hash != NULL ? 777 : row->data_length;
    fill_pattern(s->data, s->data_length, 11);
    if (row->type == CKM_RSA_X_509) {
        s->data[0] = 0; /* below the modulus */
    }
    if (is_reference() && difference_find(row->name) != NULL) {
        CK_RV rv;

        make_keys(s);
        rv = p11->C_SignInit(the_session, &s->mechanism, s->sign_key);
        if (rv == CKR_OK) {
            CK_BYTE signature[512];
            CK_ULONG length = sizeof signature;

            rv = p11->C_Sign(the_session, s->data, s->data_length, signature, &length);
        }
        expect_id(row->name, CKR_OK, rv); /* what the table says, and no more to ask */
        return false;
    }
    make_keys(s);
    return true;
}

static CK_ULONG sign_once(struct signing *s, CK_BYTE *signature, CK_ULONG room)
{
    CK_ULONG length = room;

    ok(p11->C_SignInit(the_session, &s->mechanism, s->sign_key));
    ok(p11->C_Sign(the_session, s->data, s->data_length, signature, &length));
    return length;
}

static CK_RV verify_once(struct signing *s, const CK_BYTE *signature, CK_ULONG length)
{
    ok(p11->C_VerifyInit(the_session, &s->mechanism, s->verify_key));
    return p11->C_Verify(the_session, s->data, s->data_length, (CK_BYTE *)(uintptr_t)signature, length);
}

static bool witness_accepts(struct signing *s, const CK_BYTE *signature, CK_ULONG length)
{
    const struct row *row = s->row;
    struct bytes data = {s->data, s->data_length};
    struct bytes sig = {signature, length};
    CK_BYTE point[160];
    CK_BYTE mac[64];
    size_t mac_length;

    if (row->key == KEY_RSA) {
        return witness_rsa_verifies(row->padding, row->hash, row->mgf_hash, (int)row->salt, data, sig);
    }
    if (row->key == KEY_SECRET) {
        mac_length = witness_hmac(row->hash, (struct bytes){hmac_key, sizeof hmac_key - 1}, data, mac);
        return mac_length >= length && memcmp(mac, signature, length) == 0;
    }
    mac_length = get_bytes(the_session, s->verify_key, CKA_EC_POINT, point, sizeof point);
    if (row->key == KEY_ED25519) {
        return witness_ed25519_verifies((struct bytes){point, mac_length}, data, sig);
    }
    return witness_ec_verifies(row->curve, (struct bytes){point, mac_length}, row->hash, data, sig);
}

START_TEST(sign_and_verify)
{
    struct signing s;
    CK_BYTE signature[512];
    CK_ULONG length;

    if (!begin(&s, &rows[_i])) {
        return;
    }
    length = sign_once(&s, signature, sizeof signature);
    ck_assert_uint_eq(length, s.row->signature_length);
    ck_assert_msg(witness_accepts(&s, signature, length), "%s: libcrypto does not verify it", s.row->name);
    ok(verify_once(&s, signature, length));
}
END_TEST

START_TEST(two_calls)
{
    struct signing s;
    CK_BYTE signature[512];
    CK_ULONG length = 0;

    if (!begin(&s, &rows[_i])) {
        return;
    }
    memset(signature, 0xee, sizeof signature);
    ok(p11->C_SignInit(the_session, &s.mechanism, s.sign_key));
    ok(p11->C_Sign(the_session, s.data, s.data_length, NULL, &length));
    ck_assert_uint_ge(length, s.row->signature_length);
    ck_assert_uint_le(length, sizeof signature);
    length = s.row->signature_length - 1;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_Sign(the_session, s.data, s.data_length, signature, &length));
    ck_assert_uint_ge(length, s.row->signature_length);
    ck_assert_uint_eq(signature[0], 0xee);
    length = s.row->signature_length;
    ok(p11->C_Sign(the_session, s.data, s.data_length, signature, &length));
    ck_assert_uint_eq(length, s.row->signature_length);
    ck_assert_uint_eq(signature[length], 0xee);
    expect(CKR_OPERATION_NOT_INITIALIZED,
           p11->C_Sign(the_session, s.data, s.data_length, signature, &length));
    ok(verify_once(&s, signature, s.row->signature_length));
}
END_TEST

static void update_in_parts(CK_SESSION_HANDLE session, struct signing *s,
                            CK_RV (*update)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG))
{
    static const CK_ULONG parts[] = {1, 63, 64, 65, 0, 127, 300, 157};
    CK_ULONG done = 0;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ok(update(session, s->data + done, parts[i]));
        done += parts[i];
    }
    ck_assert_uint_eq(done, s->data_length);
}

START_TEST(many_parts_equal_one)
{
    struct signing s;
    CK_BYTE once[512];
    CK_BYTE parts[512];
    CK_ULONG length = 0;

    if (rows[_i].hash == NULL || !begin(&s, &rows[_i])) {
        return;
    }
    sign_once(&s, once, sizeof once);
    ok(p11->C_SignInit(the_session, &s.mechanism, s.sign_key));
    update_in_parts(the_session, &s, p11->C_SignUpdate);
    ok(p11->C_SignFinal(the_session, NULL, &length));
    ck_assert_uint_ge(length, s.row->signature_length);
    length = 0;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_SignFinal(the_session, parts, &length));
    length = sizeof parts;
    ok(p11->C_SignFinal(the_session, parts, &length));
    ck_assert_uint_eq(length, s.row->signature_length);
    if (s.row->padding == RSA_PKCS1 || s.row->key == KEY_SECRET) {
        ck_assert(memcmp(once, parts, length) == 0);
    }
    ok(verify_once(&s, parts, length));
    ok(p11->C_VerifyInit(the_session, &s.mechanism, s.verify_key));
    update_in_parts(the_session, &s, p11->C_VerifyUpdate);
    ok(p11->C_VerifyFinal(the_session, once, length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_VerifyFinal(the_session, once, length));
}
END_TEST

/* SoftHSM2 takes parts only where it hashes; here what needs the whole collects it. */
START_TEST(parts_where_nothing_is_hashed)
{
    struct signing s;
    CK_BYTE signature[512];
    CK_ULONG length = sizeof signature, half;

    if (is_reference() || rows[_i].hash != NULL || !begin(&s, &rows[_i])) {
        return;
    }
    half = s.data_length / 2;
    ok(p11->C_SignInit(the_session, &s.mechanism, s.sign_key));
    ok(p11->C_SignUpdate(the_session, s.data, half));
    ok(p11->C_SignUpdate(the_session, s.data + half, s.data_length - half));
    ok(p11->C_SignFinal(the_session, signature, &length));
    ck_assert_msg(witness_accepts(&s, signature, length), "%s: libcrypto does not verify it", s.row->name);
    ok(p11->C_VerifyInit(the_session, &s.mechanism, s.verify_key));
    ok(p11->C_VerifyUpdate(the_session, s.data, half));
    ok(p11->C_VerifyUpdate(the_session, s.data + half, s.data_length - half));
    ok(p11->C_VerifyFinal(the_session, signature, length));
    ok(p11->C_SignInit(the_session, &s.mechanism, s.sign_key));
    ok(p11->C_SignUpdate(the_session, s.data, half));
    length = sizeof signature;
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(the_session, s.data, half, signature, &length));
}
END_TEST

START_TEST(wrong_signatures_do_not_verify)
{
    struct signing s;
    CK_BYTE signature[512] = {0};
    CK_ULONG length;

    if (!begin(&s, &rows[_i])) {
        return;
    }
    length = sign_once(&s, signature, sizeof signature);
    signature[length - 1] ^= 1;
    expect(CKR_SIGNATURE_INVALID, verify_once(&s, signature, length));
    check_error_record("wrong signature", CKR_SIGNATURE_INVALID, 12000006);
    expect(CKR_OPERATION_NOT_INITIALIZED,
           p11->C_Verify(the_session, s.data, s.data_length, signature, length));
    signature[length - 1] ^= 1;
    expect(CKR_SIGNATURE_LEN_RANGE, verify_once(&s, signature, length - 1));
    expect(CKR_SIGNATURE_LEN_RANGE, verify_once(&s, signature, length + 1));
    expect(CKR_SIGNATURE_LEN_RANGE, verify_once(&s, signature, 0));
    if (s.data_length > 0) {
        s.data[s.data_length - 1] ^= 1;
        /* FIPS 186-4, 6.4: of a digest longer than the order only the leading bits count. */
        expect(s.row->key == KEY_EC && s.data_length > length / 2 && s.row->hash == NULL
                   ? CKR_OK
                   : CKR_SIGNATURE_INVALID,
               verify_once(&s, signature, length));
        s.data[s.data_length - 1] ^= 1;
    }
    ok(verify_once(&s, signature, length));
}
END_TEST

START_TEST(key_of_another_kind)
{
    struct signing s;
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE wrong;

    if (!begin(&s, &rows[_i])) {
        return;
    }
    expect_id("sign/bad-key-handle", CKR_KEY_HANDLE_INVALID,
              p11->C_SignInit(the_session, &s.mechanism, NO_HANDLE));
    if (s.row->key == KEY_RSA) {
        add_bool(&more, CKA_SIGN, false);
        wrong = import_rsa(the_session, &more).private_key;
        expect(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_SignInit(the_session, &s.mechanism, wrong));
    }
    wrong = s.row->key == KEY_RSA ? import_ec(the_session, NULL).private_key
                                  : import_rsa(the_session, NULL).private_key;
    expect_id(s.row->key == KEY_SECRET ? "sign/secret-wrong-key"
              : s.row->key == KEY_RSA  ? "sign/rsa-wrong-key"
                                       : "sign/ec-wrong-key",
              CKR_KEY_TYPE_INCONSISTENT, p11->C_SignInit(the_session, &s.mechanism, wrong));
}
END_TEST

static Suite *sign_suite(void)
{
    Suite *suite = suite_create("sign");
    TCase *tcase = add_tcase(suite, "mechanisms", setup_user);

    tcase_add_loop_test(tcase, sign_and_verify, 0, ROWS);
    tcase_add_loop_test(tcase, two_calls, 0, ROWS);
    tcase_add_loop_test(tcase, many_parts_equal_one, 0, ROWS);
    tcase_add_loop_test(tcase, parts_where_nothing_is_hashed, 0, ROWS);
    tcase_add_loop_test(tcase, wrong_signatures_do_not_verify, 0, ROWS);
    tcase_add_loop_test(tcase, key_of_another_kind, 0, ROWS);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, sign_suite());
}
