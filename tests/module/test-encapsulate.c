/* Secrets by encapsulation, PKCS #11 3.2: both sides get the same one, and the receiver's errors tell nothing
 * but that the ciphertext is none. */
#include "newer.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

enum kind { BY_PKCS, BY_OAEP, BY_X_509, BY_ECDH, BY_ECDH_KDF, BY_X25519, KINDS };

struct fixture {
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_OAEP_PARAMS oaep;
    CK_ECDH1_DERIVE_PARAMS ecdh;
    struct pair pair;
    CK_ULONG encrypted; /* size of the ciphertext */
    CK_ULONG secret;    /* of the secret, 0: what the template says */
    struct template out;
};

static const CK_BYTE x25519_params[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};

static struct pair generate_x25519(void)
{
    CK_MECHANISM mechanism = {NEW_CKM_EC_MONTGOMERY_KEY_PAIR_GEN, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    add_bytes(&public, CKA_EC_PARAMS, x25519_params, sizeof x25519_params);
    add_bool(&public, NEW_CKA_ENCAPSULATE, true);
    add_bool(&private, NEW_CKA_DECAPSULATE, true);
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public.list, public.count, private.list, private.count,
                              &pair.public_key, &pair.private_key));
    return pair;
}

static struct pair generate_p256(bool encapsulates)
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    add_bytes(&public, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    add_bool(&public, NEW_CKA_ENCAPSULATE, encapsulates);
    add_bool(&private, NEW_CKA_DECAPSULATE, encapsulates);
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public.list, public.count, private.list, private.count,
                              &pair.public_key, &pair.private_key));
    return pair;
}

static struct pair import_rsa_pair(void)
{
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    rsa_public_template(&public);
    rsa_private_template(&private);
    add_bool(&public, NEW_CKA_ENCAPSULATE, true);
    add_bool(&private, NEW_CKA_DECAPSULATE, true);
    ok(create_object(the_session, &public, &pair.public_key));
    ok(create_object(the_session, &private, &pair.private_key));
    return pair;
}

static void by_rsa(struct fixture *f, enum kind kind)
{
    static const CK_MECHANISM_TYPE types[] = {CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP, CKM_RSA_X_509};

    f->mechanism.mechanism = types[kind];
    f->pair = import_rsa_pair();
    f->encrypted = 256;
    f->secret = kind == BY_X_509 ? 256 : 0;
    if (kind == BY_OAEP) {
        f->oaep = (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
        f->mechanism.pParameter = &f->oaep;
        f->mechanism.ulParameterLen = sizeof f->oaep;
    }
}

/* The receiver's and the sender's parameter has no point: it is the ciphertext. */
static void by_ecdh(struct fixture *f, enum kind kind)
{
    f->pair = kind == BY_X25519 ? generate_x25519() : generate_p256(true);
    f->encrypted = kind == BY_X25519 ? 32 : 65;
    f->secret = kind == BY_ECDH_KDF ? 0 : 32;
    f->ecdh.kdf = kind == BY_ECDH_KDF ? NEW_CKD_SHA256_KDF : CKD_NULL;
    f->mechanism = (CK_MECHANISM){CKM_ECDH1_DERIVE, &f->ecdh, sizeof f->ecdh};
}

static void prepare(struct fixture *f, enum kind kind)
{
    memset(f, 0, sizeof *f);
    (kind <= BY_X_509 ? by_rsa : by_ecdh)(f, kind);
    add_ulong(&f->out, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&f->out, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_bool(&f->out, CKA_EXTRACTABLE, true);
    add_bool(&f->out, CKA_SENSITIVE, false);
    if (f->secret == 0) {
        add_ulong(&f->out, CKA_VALUE_LEN, 40);
        f->secret = 40;
    }
}

static CK_RV encapsulate(struct fixture *f, CK_BYTE *out, CK_ULONG *length, CK_OBJECT_HANDLE *key)
{
    return newer->C_EncapsulateKey(the_session, &f->mechanism, f->pair.public_key, f->out.list, f->out.count,
                                   out, length, key);
}

static CK_RV decapsulate(struct fixture *f, const CK_BYTE *encrypted, CK_ULONG length, CK_OBJECT_HANDLE *key)
{
    *key = CK_INVALID_HANDLE;
    return newer->C_DecapsulateKey(the_session, &f->mechanism, f->pair.private_key, f->out.list, f->out.count,
                                   encrypted, length, key);
}

static void value_of(struct fixture *f, CK_OBJECT_HANDLE key, CK_BYTE *value)
{
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, 256), f->secret);
    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
}

NEWER_TEST(both_sides_agree)
{
    struct fixture f;
    CK_BYTE encrypted[256], again[256], sent[256], received[256], other[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, (enum kind)_i);
    ok(encapsulate(&f, encrypted, &length, &key));
    ck_assert_uint_eq(length, f.encrypted);
    value_of(&f, key, sent);
    ok(decapsulate(&f, encrypted, length, &key));
    value_of(&f, key, received);
    ck_assert(memcmp(sent, received, f.secret) == 0);
    length = sizeof again;
    ok(encapsulate(&f, again, &length, &key));
    value_of(&f, key, other);
    ck_assert(memcmp(sent, other, f.secret) != 0);
    ck_assert(memcmp(encrypted, again, f.encrypted) != 0);
}

/* Libcrypto opens what the module sealed for an RSA key. */
NEWER_TEST(libcrypto_opens)
{
    const enum rsa_padding paddings[] = {RSA_PKCS1, RSA_OAEP, RSA_RAW};
    struct fixture f;
    CK_BYTE encrypted[256] = {0}, sent[256], opened[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, (enum kind)_i);
    ok(encapsulate(&f, encrypted, &length, &key));
    value_of(&f, key, sent);
    ck_assert_uint_eq(witness_rsa_decrypt(paddings[(unsigned)_i % 3], _i == BY_OAEP ? "SHA256" : NULL,
                                          _i == BY_OAEP ? "SHA256" : NULL, (struct bytes){NULL, 0},
                                          (struct bytes){encrypted, length}, opened),
                      f.secret);
    ck_assert(memcmp(sent, opened, f.secret) == 0);
}

/* Libcrypto's ephemeral key is as good as the module's. */
NEWER_TEST(libcrypto_seals)
{
    struct fixture f;
    CK_BYTE point[133], own[133], secret[66], value[256];
    size_t own_length = sizeof own, secret_length = sizeof secret;
    CK_OBJECT_HANDLE key;

    prepare(&f, (enum kind)_i);
    CK_ULONG length = get_bytes(the_session, f.pair.public_key, CKA_EC_POINT, point, sizeof point);
    if (_i == BY_X25519) {
        ck_assert(witness_x25519(unwrapped((struct bytes){point, length}), own, secret));
        own_length = secret_length = 32;
    } else {
        ck_assert(witness_ecdh(CURVE_P256, (struct bytes){point, length}, own, &own_length, secret,
                               &secret_length));
    }
    ok(decapsulate(&f, own, own_length, &key));
    value_of(&f, key, value);
    ck_assert_uint_eq(secret_length, f.secret);
    ck_assert(memcmp(value, secret, f.secret) == 0);
}

NEWER_TEST(lengths)
{
    struct fixture f;
    CK_BYTE encrypted[256];
    CK_ULONG length = 0, before = count_objects(the_session, NULL);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

    prepare(&f, (enum kind)_i);
    before = count_objects(the_session, NULL);
    ok(encapsulate(&f, NULL, &length, &key));
    ck_assert_uint_eq(length, f.encrypted);
    length--;
    expect(CKR_BUFFER_TOO_SMALL, encapsulate(&f, encrypted, &length, &key));
    ck_assert_uint_eq(length, f.encrypted);
    ck_assert_uint_eq(count_objects(the_session, NULL), before);
    ok(encapsulate(&f, encrypted, &length, &key));
    ck_assert_uint_eq(count_objects(the_session, NULL), before + 1);
    expect(CKR_WRAPPED_KEY_LEN_RANGE, decapsulate(&f, encrypted, 0, &key));
    expect(CKR_WRAPPED_KEY_LEN_RANGE, decapsulate(&f, encrypted, length - 1, &key));
    ck_assert_uint_eq(count_objects(the_session, NULL), before + 1);
}

/* Points off the curve and of small order are no ciphertexts. */
NEWER_TEST(bad_points)
{
    struct fixture f;
    CK_BYTE encrypted[256] = {0};
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, (enum kind)_i);
    ok(encapsulate(&f, encrypted, &length, &key));
    if (_i == BY_X25519) {
        memset(encrypted, 0, length); /* order 4: the secret would be zero */
    } else {
        encrypted[length - 1] ^= 1;
    }
    expect(CKR_WRAPPED_KEY_INVALID, decapsulate(&f, encrypted, length, &key));
    ck_assert_uint_eq(key, CK_INVALID_HANDLE);
}

NEWER_TEST(damaged_oaep)
{
    struct fixture f;
    CK_BYTE encrypted[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, BY_OAEP);
    ok(encapsulate(&f, encrypted, &length, &key));
    encrypted[100] ^= 1;
    expect(CKR_WRAPPED_KEY_INVALID, decapsulate(&f, encrypted, length, &key));
}

NEWER_TEST(arguments)
{
    struct fixture f;
    CK_BYTE encrypted[256] = {0};
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, (enum kind)_i);
    expect(CKR_ARGUMENTS_BAD, encapsulate(&f, encrypted, NULL, &key));
    expect(CKR_ARGUMENTS_BAD, encapsulate(&f, encrypted, &length, NULL));
    expect(CKR_ARGUMENTS_BAD, newer->C_EncapsulateKey(the_session, NULL, f.pair.public_key, f.out.list,
                                                      f.out.count, encrypted, &length, &key));
    expect(CKR_ARGUMENTS_BAD, decapsulate(&f, NULL, f.encrypted, &key));
    expect(CKR_ARGUMENTS_BAD, newer->C_DecapsulateKey(the_session, &f.mechanism, f.pair.private_key,
                                                      f.out.list, f.out.count, encrypted, f.encrypted, NULL));
    CK_OBJECT_HANDLE public = f.pair.public_key, private = f.pair.private_key;
    f.pair = (struct pair){NO_HANDLE, NO_HANDLE};
    expect(CKR_KEY_HANDLE_INVALID, encapsulate(&f, encrypted, &length, &key));
    expect(CKR_UNWRAPPING_KEY_HANDLE_INVALID, decapsulate(&f, encrypted, f.encrypted, &key));
    f.pair = (struct pair){private, public}; /* the wrong halves */
    expect(CKR_KEY_TYPE_INCONSISTENT, encapsulate(&f, encrypted, &length, &key));
    expect(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, decapsulate(&f, encrypted, f.encrypted, &key));
    f.pair = (struct pair){public, private};
    f.mechanism.mechanism = CKM_SHA256;
    expect(CKR_MECHANISM_INVALID, encapsulate(&f, encrypted, &length, &key));
    expect(CKR_MECHANISM_INVALID, decapsulate(&f, encrypted, f.encrypted, &key));
}

/* CKA_ENCAPSULATE and CKA_DECAPSULATE say who may: neither comes with the other purposes. */
NEWER_TEST(permissions)
{
    struct fixture f;
    CK_BYTE encrypted[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, BY_ECDH);
    ok(encapsulate(&f, encrypted, &length, &key));
    ck_assert(get_bool(the_session, f.pair.public_key, NEW_CKA_ENCAPSULATE));
    ck_assert(get_bool(the_session, f.pair.private_key, NEW_CKA_DECAPSULATE));
    f.pair = generate_p256(false);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, encapsulate(&f, encrypted, &length, &key));
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, decapsulate(&f, encrypted, f.encrypted, &key));
}

/* A size where the mechanism has none of its own; and the size that it has, or less by a KDF. */
NEWER_TEST(sizes)
{
    struct fixture f;
    CK_BYTE encrypted[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, BY_PKCS);
    remove_attribute(&f.out, CKA_VALUE_LEN);
    expect(CKR_TEMPLATE_INCOMPLETE, encapsulate(&f, encrypted, &length, &key));
    prepare(&f, BY_X_509);
    add_ulong(&f.out, CKA_VALUE_LEN, 32);
    expect(CKR_TEMPLATE_INCONSISTENT, encapsulate(&f, encrypted, &length, &key));
    /* RSAES-PKCS1-v1_5 has room for the modulus less 11 bytes. */
    prepare(&f, BY_PKCS);
    remove_attribute(&f.out, CKA_VALUE_LEN);
    add_ulong(&f.out, CKA_VALUE_LEN, 246);
    length = sizeof encrypted;
    expect(CKR_KEY_SIZE_RANGE, encapsulate(&f, encrypted, &length, &key));
}

/* CKA_ENCAPSULATE_TEMPLATE and CKA_DECAPSULATE_TEMPLATE are laid on what comes out. */
NEWER_TEST(templates)
{
    CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
    CK_ATTRIBUTE laid[] = {{CKA_EXTRACTABLE, &no, sizeof no}, {CKA_SENSITIVE, &yes, sizeof yes}};
    struct template public = {.count = 0}, private = {.count = 0};
    struct fixture f;
    CK_BYTE encrypted[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE read[2] = {0};
    CK_ATTRIBUTE ask = {NEW_CKA_DECAPSULATE_TEMPLATE, read, sizeof read};

    prepare(&f, BY_OAEP);
    rsa_public_template(&public);
    rsa_private_template(&private);
    add_bool(&public, NEW_CKA_ENCAPSULATE, true);
    add_bool(&private, NEW_CKA_DECAPSULATE, true);
    add_bytes(&public, NEW_CKA_ENCAPSULATE_TEMPLATE, laid, sizeof laid);
    add_bytes(&private, NEW_CKA_DECAPSULATE_TEMPLATE, laid, sizeof laid);
    ok(create_object(the_session, &public, &f.pair.public_key));
    ok(create_object(the_session, &private, &f.pair.private_key));
    expect(CKR_TEMPLATE_INCONSISTENT, encapsulate(&f, encrypted, &length, &key));
    remove_attribute(&f.out, CKA_EXTRACTABLE);
    remove_attribute(&f.out, CKA_SENSITIVE);
    ok(encapsulate(&f, encrypted, &length, &key));
    ck_assert(!get_bool(the_session, key, CKA_EXTRACTABLE));
    ok(decapsulate(&f, encrypted, length, &key));
    ck_assert(get_bool(the_session, key, CKA_SENSITIVE));
    ok(p11->C_GetAttributeValue(the_session, f.pair.private_key, &ask, 1));
    ck_assert_uint_eq(ask.ulValueLen, sizeof laid);
}

/* One session of the limit, for the call only (also for one that fails). */
NEWER_TEST(session_for_the_call)
{
    struct fixture f;
    struct huks_limits before, after;
    CK_BYTE encrypted[256];
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key;

    prepare(&f, BY_X_509);
    ok(huks->GetLimits(the_slot, &before));
    ok(encapsulate(&f, encrypted, &length, &key));
    ok(decapsulate(&f, encrypted, length, &key));
    expect(CKR_WRAPPED_KEY_LEN_RANGE, decapsulate(&f, encrypted, 3, &key));
    ok(huks->GetLimits(the_slot, &after));
    ck_assert_uint_eq(after.mine, before.mine);
}

NEWER_TEST(mechanisms_say_so)
{
    const CK_MECHANISM_TYPE types[] = {CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP, CKM_RSA_X_509, CKM_ECDH1_DERIVE};
    CK_MECHANISM_INFO info;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        ok(p11->C_GetMechanismInfo(the_slot, types[i], &info));
        ck_assert_uint_eq(info.flags & (NEW_CKF_ENCAPSULATE | NEW_CKF_DECAPSULATE),
                          NEW_CKF_ENCAPSULATE | NEW_CKF_DECAPSULATE);
    }
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("encapsulate");
    TCase *tcase = add_tcase(suite, "encapsulate", newer_user);

    tcase_add_loop_test(tcase, both_sides_agree, 0, KINDS);
    tcase_add_loop_test(tcase, libcrypto_opens, BY_PKCS, BY_X_509 + 1);
    tcase_add_test(tcase, mechanisms_say_so);
    tcase_add_loop_test(tcase, libcrypto_seals, BY_ECDH, BY_ECDH + 1);
    tcase_add_loop_test(tcase, libcrypto_seals, BY_X25519, BY_X25519 + 1);
    tcase_add_loop_test(tcase, lengths, 0, KINDS);
    tcase_add_loop_test(tcase, bad_points, BY_ECDH, KINDS);
    tcase_add_test(tcase, damaged_oaep);
    tcase_add_loop_test(tcase, arguments, 0, KINDS);
    tcase_add_test(tcase, permissions);
    tcase_add_test(tcase, sizes);
    tcase_add_test(tcase, templates);
    tcase_add_test(tcase, session_for_the_call);
    return harness_run(argc, argv, suite);
}
