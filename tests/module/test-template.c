/* Templates that must be refused, and with which code. */
#include "harness.h"

#include <string.h>

#include "keys.h"

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

enum what { DROP, NUMBER, TRUTH, BYTES, NOTHING };
enum base {
    BASE_DATA,
    BASE_CERTIFICATE,
    BASE_AES,
    BASE_RSA_PUBLIC,
    BASE_RSA_PRIVATE,
    BASE_EC_PUBLIC,
    BASE_EC_PRIVATE
};

struct refused {
    const char *id;
    enum base base;
    CK_ATTRIBUTE_TYPE type;
    enum what what; /* what is done to the attribute of a good template */
    CK_ULONG value; /* number, truth value or length */
    CK_RV want;
};

static const struct refused refused[] = {
    {"object/no-class", BASE_DATA, CKA_CLASS, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/unknown-class", BASE_DATA, CKA_CLASS, NUMBER, NO_CLASS, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/class-too-short", BASE_DATA, CKA_CLASS, BYTES, 2, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/unknown-attribute", BASE_DATA, NO_ATTRIBUTE, BYTES, 4, CKR_ATTRIBUTE_TYPE_INVALID},
    {"object/foreign-attribute", BASE_DATA, CKA_MODULUS, BYTES, 4, CKR_ATTRIBUTE_TYPE_INVALID},
    {"object/boolean-of-two-bytes", BASE_DATA, CKA_MODIFIABLE, BYTES, 2, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/boolean-neither", BASE_DATA, CKA_MODIFIABLE, BYTES, 1, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/null-with-length", BASE_DATA, CKA_LABEL, NOTHING, 4, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/certificate-no-type", BASE_CERTIFICATE, CKA_CERTIFICATE_TYPE, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/certificate-bad-type", BASE_CERTIFICATE, CKA_CERTIFICATE_TYPE, NUMBER, 0x7777,
     CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/certificate-no-subject", BASE_CERTIFICATE, CKA_SUBJECT, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/certificate-no-value", BASE_CERTIFICATE, CKA_VALUE, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/key-no-type", BASE_AES, CKA_KEY_TYPE, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/key-bad-type", BASE_AES, CKA_KEY_TYPE, NUMBER, 0x7777, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/secret-of-public-type", BASE_AES, CKA_KEY_TYPE, NUMBER, CKK_RSA, CKR_TEMPLATE_INCONSISTENT},
    {"object/aes-no-value", BASE_AES, CKA_VALUE, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/aes-15-bytes", BASE_AES, CKA_VALUE, BYTES, 15, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/aes-0-bytes", BASE_AES, CKA_VALUE, BYTES, 0, CKR_ATTRIBUTE_VALUE_INVALID},
    {"object/rsa-public-no-modulus", BASE_RSA_PUBLIC, CKA_MODULUS, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/rsa-public-no-exponent", BASE_RSA_PUBLIC, CKA_PUBLIC_EXPONENT, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/rsa-public-bits", BASE_RSA_PUBLIC, CKA_MODULUS_BITS, NUMBER, 2048, CKR_ATTRIBUTE_READ_ONLY},
    {"object/rsa-public-sign", BASE_RSA_PUBLIC, CKA_SIGN, TRUTH, 1, CKR_ATTRIBUTE_TYPE_INVALID},
    {"object/rsa-private-no-modulus", BASE_RSA_PRIVATE, CKA_MODULUS, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/rsa-private-no-exponent", BASE_RSA_PRIVATE, CKA_PRIVATE_EXPONENT, DROP, 0,
     CKR_TEMPLATE_INCOMPLETE},
    {"object/rsa-private-verify", BASE_RSA_PRIVATE, CKA_VERIFY, TRUTH, 1, CKR_ATTRIBUTE_TYPE_INVALID},
    {"object/always-authenticate-public", BASE_RSA_PRIVATE, CKA_PRIVATE, TRUTH, 0, CKR_TEMPLATE_INCONSISTENT},
    {"object/ec-public-no-params", BASE_EC_PUBLIC, CKA_EC_PARAMS, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/ec-public-no-point", BASE_EC_PUBLIC, CKA_EC_POINT, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/ec-private-no-params", BASE_EC_PRIVATE, CKA_EC_PARAMS, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
    {"object/ec-private-no-value", BASE_EC_PRIVATE, CKA_VALUE, DROP, 0, CKR_TEMPLATE_INCOMPLETE},
};

static void base_template(struct template *t, enum base base)
{
    static const CK_BYTE value[16] = {1, 2, 3};

    switch (base) {
    case BASE_DATA:
        add_ulong(t, CKA_CLASS, CKO_DATA);
        break;
    case BASE_CERTIFICATE:
        certificate_template(t);
        break;
    case BASE_AES:
        secret_template(t, CKK_AES, value, sizeof value);
        break;
    case BASE_RSA_PUBLIC:
        rsa_public_template(t);
        break;
    case BASE_RSA_PRIVATE:
        rsa_private_template(t);
        break;
    case BASE_EC_PUBLIC:
        ec_public_template(t);
        break;
    case BASE_EC_PRIVATE:
        ec_private_template(t);
        break;
    }
}

START_TEST(template_is_refused)
{
    static const CK_BYTE sevens[64] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    const struct refused *row = &refused[_i];
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    base_template(&t, row->base);
    ok(create_object(the_session, &t, &object)); /* good before it is spoiled */
    if (row->type == CKA_PRIVATE) {
        add_bool(&t, CKA_ALWAYS_AUTHENTICATE, true);
    }
    switch (row->what) {
    case DROP:
        remove_attribute(&t, row->type);
        break;
    case NUMBER:
        add_ulong(&t, row->type, row->value);
        break;
    case TRUTH:
        add_bool(&t, row->type, row->value != 0);
        break;
    case BYTES:
        add_bytes(&t, row->type, sevens, row->value);
        break;
    case NOTHING:
        add_bytes(&t, row->type, NULL, row->value);
        break;
    }
    expect_id(row->id, row->want, create_object(the_session, &t, &object));
}
END_TEST

START_TEST(attribute_given_twice)
{
    CK_ULONG class = CKO_DATA;
    CK_ATTRIBUTE twice[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_LABEL, (void *)(uintptr_t) "one", 3},
        {CKA_LABEL, (void *)(uintptr_t) "two", 3},
    };
    CK_OBJECT_HANDLE object;

    expect_id("object/attribute-twice", CKR_TEMPLATE_INCONSISTENT,
              p11->C_CreateObject(the_session, twice, 3, &object));
}
END_TEST

/* PKCS #11 2.40, C_CreateObject: PUBLIC_KEY_INVALID when a public key fails its validation. */
START_TEST(point_beside_the_curve)
{
    struct template t = {.count = 0};
    CK_BYTE point[sizeof ec_point_der];
    CK_OBJECT_HANDLE object;

    memcpy(point, ec_point_der, sizeof point);
    point[sizeof point - 1] ^= 1;
    ec_public_template(&t);
    add_bytes(&t, CKA_EC_POINT, point, sizeof point);
    expect_id("object/point-off-curve", CKR_PUBLIC_KEY_INVALID, create_object(the_session, &t, &object));
}
END_TEST

START_TEST(curve_that_nobody_has)
{
    static const CK_BYTE unknown[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x7f};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct template t = {.count = 0};
    struct template none = {.count = 0};
    struct pair pair;

    add_bytes(&t, CKA_EC_PARAMS, unknown, sizeof unknown);
    expect_id("object/unknown-curve", CKR_CURVE_NOT_SUPPORTED,
              p11->C_GenerateKeyPair(the_session, &mechanism, t.list, t.count, none.list, 0, &pair.public_key,
                                     &pair.private_key));
}
END_TEST

static Suite *template_suite(void)
{
    Suite *suite = suite_create("template");
    TCase *tcase = add_tcase(suite, "refused", setup_user);

    tcase_add_loop_test(tcase, template_is_refused, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, attribute_given_twice);
    tcase_add_test(tcase, point_beside_the_curve);
    tcase_add_test(tcase, curve_that_nobody_has);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, template_suite());
}
