/* Objects of every class: creating, storing, size, computed attributes, names. */
#include "harness.h"

#include <string.h>

#include "keys.h"

static void check_bytes(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *want, size_t length)
{
    CK_BYTE value[2048];

    ck_assert_uint_eq(get_bytes(the_session, object, type, value, sizeof value), length);
    ck_assert_msg(memcmp(value, want, length) == 0, "attribute 0x%lx came back changed", type);
}

/* From here on the object is the one that a fresh login finds in the store. */
static CK_OBJECT_HANDLE reread(const char *label)
{
    struct template t = {.count = 0};

    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ok(login(the_session, CKU_USER, USER_PIN));
    add_text(&t, CKA_LABEL, label);
    return find_object(the_session, &t);
}

static void stored(struct template *t, const char *label)
{
    add_bool(t, CKA_TOKEN, true);
    add_text(t, CKA_LABEL, label);
}

static void secret_template(struct template *t, CK_KEY_TYPE type, const void *value, size_t length)
{
    add_ulong(t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(t, CKA_KEY_TYPE, type);
    add_bool(t, CKA_TOKEN, false);
    add_bytes(t, CKA_VALUE, value, length);
}

static void certificate_template(struct template *t)
{
    add_ulong(t, CKA_CLASS, CKO_CERTIFICATE);
    add_ulong(t, CKA_CERTIFICATE_TYPE, CKC_X_509);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_PRIVATE, false);
    add_bytes(t, CKA_SUBJECT, certificate_subject, sizeof certificate_subject);
    add_bytes(t, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(t, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    add_bytes(t, CKA_VALUE, certificate, sizeof certificate);
}

/* ---- Every class, byte for byte, through the store -------------------------------------------------------
 */

START_TEST(data_object)
{
    static const CK_BYTE oid[] = {0x06, 0x03, 0x2a, 0x03, 0x04};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_BYTE value[1000];

    fill_pattern(value, sizeof value, 3);
    add_text(&t, CKA_APPLICATION, "an application");
    add_bytes(&t, CKA_OBJECT_ID, oid, sizeof oid);
    add_bytes(&t, CKA_VALUE, value, sizeof value);
    add_bool(&t, CKA_PRIVATE, true);
    stored(&t, "data");
    make_data(the_session, "data", &t);
    object = reread("data");
    check_bytes(object, CKA_VALUE, value, sizeof value);
    check_bytes(object, CKA_OBJECT_ID, oid, sizeof oid);
    check_bytes(object, CKA_APPLICATION, "an application", 14);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_CLASS), CKO_DATA);
    ck_assert(get_bool(the_session, object, CKA_PRIVATE));
}
END_TEST

START_TEST(data_object_with_defaults)
{
    CK_ULONG class = CKO_DATA;
    CK_ATTRIBUTE only_class = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE object;

    ok(p11->C_CreateObject(the_session, &only_class, 1, &object));
    ck_assert(!get_bool(the_session, object, CKA_TOKEN));
    holds("object/data-private-default", !get_bool(the_session, object, CKA_PRIVATE));
    ck_assert(get_bool(the_session, object, CKA_MODIFIABLE));
    ck_assert(get_bool(the_session, object, CKA_COPYABLE));
    ck_assert(get_bool(the_session, object, CKA_DESTROYABLE));
    check_bytes(object, CKA_VALUE, "", 0);
    check_bytes(object, CKA_LABEL, "", 0);
}
END_TEST

START_TEST(certificate_object)
{
    static const CK_BYTE id[] = {1, 2, 0, 4};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    certificate_template(&t);
    add_bytes(&t, CKA_ID, id, sizeof id);
    stored(&t, "certificate");
    ok(create_object(the_session, &t, &object));
    object = reread("certificate");
    check_bytes(object, CKA_VALUE, certificate, sizeof certificate);
    check_bytes(object, CKA_SUBJECT, certificate_subject, sizeof certificate_subject);
    check_bytes(object, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    check_bytes(object, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    check_bytes(object, CKA_ID, id, sizeof id);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_CERTIFICATE_TYPE), CKC_X_509);
    ck_assert(!get_bool(the_session, object, CKA_TRUSTED));
}
END_TEST

START_TEST(rsa_pair)
{
    struct template public_key = {.count = 0};
    struct template private_key = {.count = 0};
    CK_OBJECT_HANDLE object;

    rsa_public_template(&public_key);
    stored(&public_key, "public");
    ok(create_object(the_session, &public_key, &object));
    rsa_private_template(&private_key);
    stored(&private_key, "private");
    ok(create_object(the_session, &private_key, &object));

    object = reread("public");
    check_bytes(object, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus);
    check_bytes(object, CKA_PUBLIC_EXPONENT, rsa_public_exponent, sizeof rsa_public_exponent);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_MODULUS_BITS), 2048);
    ck_assert(!get_bool(the_session, object, CKA_LOCAL));
    object = reread("private");
    check_bytes(object, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus);
    check_bytes(object, CKA_PUBLIC_EXPONENT, rsa_public_exponent, sizeof rsa_public_exponent);
    ck_assert(get_bool(the_session, object, CKA_PRIVATE));
    holds("object/sensitive-default", get_bool(the_session, object, CKA_SENSITIVE));
    ck_assert(!get_bool(the_session, object, CKA_EXTRACTABLE));
}
END_TEST

/* SENSITIVE false with EXTRACTABLE true: design.md 2 lets the parts be read. */
START_TEST(readable_rsa_private_key)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    rsa_private_template(&t);
    add_bool(&t, CKA_SENSITIVE, false);
    add_bool(&t, CKA_EXTRACTABLE, true);
    stored(&t, "readable");
    ok(create_object(the_session, &t, &object));
    object = reread("readable");
    check_bytes(object, CKA_PRIVATE_EXPONENT, rsa_private_exponent, sizeof rsa_private_exponent);
    check_bytes(object, CKA_PRIME_1, rsa_prime_1, sizeof rsa_prime_1);
    check_bytes(object, CKA_PRIME_2, rsa_prime_2, sizeof rsa_prime_2);
    check_bytes(object, CKA_EXPONENT_1, rsa_exponent_1, sizeof rsa_exponent_1);
    check_bytes(object, CKA_EXPONENT_2, rsa_exponent_2, sizeof rsa_exponent_2);
    check_bytes(object, CKA_COEFFICIENT, rsa_coefficient, sizeof rsa_coefficient);
}
END_TEST

START_TEST(ec_pair)
{
    struct template public_key = {.count = 0};
    struct template private_key = {.count = 0};
    CK_OBJECT_HANDLE object;

    ec_public_template(&public_key);
    stored(&public_key, "public");
    ok(create_object(the_session, &public_key, &object));
    ec_private_template(&private_key);
    add_bool(&private_key, CKA_SENSITIVE, false);
    add_bool(&private_key, CKA_EXTRACTABLE, true);
    stored(&private_key, "private");
    ok(create_object(the_session, &private_key, &object));

    object = reread("public");
    check_bytes(object, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    check_bytes(object, CKA_EC_POINT, ec_point_der, sizeof ec_point_der);
    object = reread("private");
    check_bytes(object, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    check_bytes(object, CKA_VALUE, ec_private, sizeof ec_private);
}
END_TEST

START_TEST(ec_point_is_taken_raw_and_given_wrapped)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_BYTE point[128];
    CK_ULONG length;

    ec_public_template(&t);
    add_bytes(&t, CKA_EC_POINT, ec_point_raw, sizeof ec_point_raw);
    expect_id("object/raw-point", CKR_OK, create_object(the_session, &t, &object));
    length = get_bytes(the_session, object, CKA_EC_POINT, point, sizeof point);
    holds("object/point-given-wrapped",
          length == sizeof ec_point_der && memcmp(point, ec_point_der, sizeof ec_point_der) == 0);
}
END_TEST

/* The public half of a private key can be asked of it: OpenSSL's consumers do. */
START_TEST(generated_private_key_tells_its_parameters)
{
    struct pair pair = generate_ec(the_session, CURVE_P256, NULL);

    check_bytes(pair.private_key, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    ck_assert(get_bool(the_session, pair.private_key, CKA_LOCAL));
    ck_assert(get_bool(the_session, pair.public_key, CKA_LOCAL));
    ck_assert_uint_eq(get_ulong(the_session, pair.private_key, CKA_KEY_GEN_MECHANISM), CKM_EC_KEY_PAIR_GEN);
}
END_TEST

START_TEST(every_curve_generates)
{
    const struct curve *curve = &curves[_i];
    struct pair pair = generate_ec(the_session, curve, NULL);
    CK_BYTE point[160];
    CK_ULONG length = get_bytes(the_session, pair.public_key, CKA_EC_POINT, point, sizeof point);
    CK_ULONG raw = 1 + 2 * curve->bytes;

    ck_assert_uint_eq(length, raw + (raw > 127 ? 3 : 2));
    ck_assert_uint_eq(point[0], 0x04);            /* OCTET STRING */
    ck_assert_uint_eq(point[length - raw], 0x04); /* uncompressed */
    check_bytes(pair.public_key, CKA_EC_PARAMS, curve->params, curve->params_len);
}
END_TEST

struct edwards_params {
    const char *id;
    CK_BYTE bytes[16];
    CK_ULONG length;
};

static const struct edwards_params edwards_params[] = {
    {"object/ed25519-by-name", {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'}, 14},
    {"object/ed25519-by-oid", {0x06, 0x03, 0x2b, 0x65, 0x70}, 5},
};

START_TEST(edwards_curve_by_name_and_by_identifier)
{
    const struct edwards_params *row = &edwards_params[_i];
    CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    struct template public_key = {.count = 0};
    struct template private_key = {.count = 0};
    struct pair pair;

    add_bytes(&public_key, CKA_EC_PARAMS, row->bytes, row->length);
    expect_id(row->id, CKR_OK,
              p11->C_GenerateKeyPair(the_session, &mechanism, public_key.list, public_key.count,
                                     private_key.list, private_key.count, &pair.public_key,
                                     &pair.private_key));
}
END_TEST

START_TEST(secret_key)
{
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_BYTE value[32];

    fill_pattern(value, sizeof value, 9);
    add_bool(&more, CKA_SENSITIVE, false);
    add_bool(&more, CKA_EXTRACTABLE, true);
    stored(&more, "secret");
    import_secret(the_session, CKK_AES, value, sizeof value, &more);
    object = reread("secret");
    check_bytes(object, CKA_VALUE, value, sizeof value);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_VALUE_LEN), 32);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_KEY_TYPE), CKK_AES);
}
END_TEST

START_TEST(generic_secrets_of_any_length)
{
    static const size_t lengths[] = {1, 13, 20, 64, 65, 257};
    CK_BYTE value[257];

    fill_pattern(value, sizeof value, 5);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        CK_OBJECT_HANDLE object = import_secret(the_session, CKK_GENERIC_SECRET, value, lengths[i], NULL);

        ck_assert_uint_eq(get_ulong(the_session, object, CKA_VALUE_LEN), lengths[i]);
    }
}
END_TEST

START_TEST(domain_parameters)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_DOMAIN_PARAMETERS);
    add_ulong(&t, CKA_KEY_TYPE, CKK_DSA);
    add_bool(&t, CKA_PRIVATE, false);
    add_bytes(&t, CKA_PRIME, rsa_prime_1, sizeof rsa_prime_1);
    add_bytes(&t, CKA_SUBPRIME, rsa_coefficient, 20);
    add_bytes(&t, CKA_BASE, rsa_exponent_1, sizeof rsa_exponent_1);
    stored(&t, "domain");
    expect_id("object/domain-parameters", CKR_OK, create_object(the_session, &t, &object));
    if (is_reference()) {
        return;
    }
    object = reread("domain");
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_CLASS), CKO_DOMAIN_PARAMETERS);
    check_bytes(object, CKA_PRIME, rsa_prime_1, sizeof rsa_prime_1);
    check_bytes(object, CKA_SUBPRIME, rsa_coefficient, 20);
    check_bytes(object, CKA_BASE, rsa_exponent_1, sizeof rsa_exponent_1);
}
END_TEST

START_TEST(size_of_objects)
{
    CK_ULONG size = 0;

    ok(p11->C_GetObjectSize(the_session, make_data(the_session, "x", NULL), &size));
    holds("object/size-known", size >= 9 && size < 65536);
    expect(CKR_ARGUMENTS_BAD, p11->C_GetObjectSize(the_session, make_data(the_session, "x", NULL), NULL));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, NO_HANDLE, &size));
}
END_TEST

/* ---- Computed attributes ------------------------------------------------------------------------------- */

START_TEST(computed_attributes_of_generated_keys)
{
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE strict;
    CK_OBJECT_HANDLE loose;

    holds("object/sensitive-default",
          get_bool(the_session, generate_aes(the_session, 16, NULL), CKA_SENSITIVE));
    add_bool(&more, CKA_SENSITIVE, true);
    strict = generate_aes(the_session, 16, &more);
    ck_assert(!get_bool(the_session, strict, CKA_EXTRACTABLE));
    ck_assert(get_bool(the_session, strict, CKA_LOCAL));
    ck_assert(get_bool(the_session, strict, CKA_ALWAYS_SENSITIVE));
    ck_assert(get_bool(the_session, strict, CKA_NEVER_EXTRACTABLE));
    ck_assert_uint_eq(get_ulong(the_session, strict, CKA_KEY_GEN_MECHANISM), CKM_AES_KEY_GEN);
    add_bool(&more, CKA_SENSITIVE, false);
    add_bool(&more, CKA_EXTRACTABLE, true);
    loose = generate_aes(the_session, 16, &more);
    ck_assert(!get_bool(the_session, loose, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, loose, CKA_NEVER_EXTRACTABLE));
    ck_assert(get_bool(the_session, loose, CKA_LOCAL));
}
END_TEST

START_TEST(computed_attributes_of_imported_keys)
{
    CK_OBJECT_HANDLE key = import_aes(the_session, 16, NULL);

    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
    ck_assert_uint_eq(get_ulong(the_session, key, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
}
END_TEST

static const CK_ATTRIBUTE_TYPE computed[] = {CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE};

START_TEST(computed_attributes_cannot_be_forged)
{
    struct template t = {.count = 0};
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE object;
    CK_BYTE value[16] = {1};

    secret_template(&t, CKK_AES, value, sizeof value);
    add_bool(&t, computed[_i], true);
    expect(CKR_ATTRIBUTE_READ_ONLY, create_object(the_session, &t, &object));
    t.count = 0;
    add_ulong(&t, CKA_VALUE_LEN, 16);
    add_bool(&t, computed[_i], true);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_GenerateKey(the_session, &mechanism, t.list, t.count, &object));
}
END_TEST

START_TEST(generation_mechanism_cannot_be_forged)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;
    CK_BYTE value[16] = {1};

    secret_template(&t, CKK_AES, value, sizeof value);
    add_ulong(&t, CKA_KEY_GEN_MECHANISM, CKM_AES_KEY_GEN);
    expect(CKR_ATTRIBUTE_READ_ONLY, create_object(the_session, &t, &object));
}
END_TEST

/* PKCS #11 2.40, 4.6.2 and 4.8: CKA_TRUSTED is the officer's to set. */
START_TEST(trust_is_not_the_users_to_give)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    certificate_template(&t);
    add_bool(&t, CKA_TRUSTED, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, create_object(the_session, &t, &object));
}
END_TEST

/* ---- Vendor: the alias ------------------------------------------------------------------------------- */

START_TEST(alias_is_unique)
{
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE first;
    CK_OBJECT_HANDLE second;
    CK_ULONG size;

    if (differs("general/interfaces")) {
        return;
    }
    add_text(&more, CKA_HUKS_ALIAS_, "an alias");
    add_bool(&more, CKA_TOKEN, true);
    first = generate_aes(the_session, 16, &more);
    check_bytes(first, CKA_HUKS_ALIAS_, "an alias", 8);
    {
        struct template t = {.count = 0};
        CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};

        add_ulong(&t, CKA_VALUE_LEN, 16);
        add_all(&t, &more);
        expect(CKR_ATTRIBUTE_VALUE_INVALID,
               p11->C_GenerateKey(the_session, &mechanism, t.list, t.count, &second));
        check_error_record("alias taken", CKR_ATTRIBUTE_VALUE_INVALID, 12000017);
    }
    add_bool(&more, CKA_HUKS_OVERRIDE_, true);
    second = generate_aes(the_session, 32, &more);
    ck_assert_uint_eq(get_ulong(the_session, second, CKA_VALUE_LEN), 32);
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, first, &size));
}
END_TEST

START_TEST(labels_may_repeat)
{
    struct template token = {.count = 0};
    struct template label = {.count = 0};

    add_bool(&token, CKA_TOKEN, true);
    make_data(the_session, "twin", &token);
    make_data(the_session, "twin", &token);
    add_text(&label, CKA_LABEL, "twin");
    ck_assert_uint_eq(count_objects(the_session, &label), 2);
}
END_TEST

static Suite *object_suite(void)
{
    Suite *suite = suite_create("object");
    TCase *tcase = add_tcase(suite, "classes", setup_user);

    tcase_add_test(tcase, data_object);
    tcase_add_test(tcase, data_object_with_defaults);
    tcase_add_test(tcase, certificate_object);
    tcase_add_test(tcase, rsa_pair);
    tcase_add_test(tcase, readable_rsa_private_key);
    tcase_add_test(tcase, ec_pair);
    tcase_add_test(tcase, ec_point_is_taken_raw_and_given_wrapped);
    tcase_add_test(tcase, generated_private_key_tells_its_parameters);
    tcase_add_loop_test(tcase, every_curve_generates, 0, 5);
    tcase_add_loop_test(tcase, edwards_curve_by_name_and_by_identifier, 0, 2);
    tcase_add_test(tcase, secret_key);
    tcase_add_test(tcase, generic_secrets_of_any_length);
    tcase_add_test(tcase, domain_parameters);

    tcase_add_test(tcase, size_of_objects);

    tcase = add_tcase(suite, "computed", setup_user);
    tcase_add_test(tcase, computed_attributes_of_generated_keys);
    tcase_add_test(tcase, computed_attributes_of_imported_keys);
    tcase_add_loop_test(tcase, computed_attributes_cannot_be_forged, 0, 3);
    tcase_add_test(tcase, generation_mechanism_cannot_be_forged);
    tcase_add_test(tcase, trust_is_not_the_users_to_give);

    tcase = add_tcase(suite, "names", setup_user);
    tcase_add_test(tcase, alias_is_unique);
    tcase_add_test(tcase, labels_may_repeat);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, object_suite());
}
