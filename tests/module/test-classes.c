/* Object classes of PKCS #11 3.0 to 3.2 that are no keys: profiles, mechanisms, trust; and NSS's trust. */
#include "newer.h"

#include <string.h>

#include "keys.h"

enum {
    NEW_CKO_MECHANISM = 7,
    NEW_CKO_PROFILE = 9,
    NEW_CKO_VALIDATION = 10,
    NEW_CKO_TRUST = 11,
    NEW_CKA_PROFILE_ID = 0x601,
    NEW_CKA_MECHANISM_TYPE = 0x500,
    NEW_CKA_TRUST_SERVER_AUTH = 0x62c,
    NEW_CKA_TRUST_CLIENT_AUTH = 0x62d,
    NEW_CKA_TRUST_OCSP_SIGNING = 0x632,
    NEW_CKA_HASH_OF_CERTIFICATE = 0x635,
    NEW_CKA_NAME_HASH_ALGORITHM = 0x8c,
};
enum { BASELINE = 1, EXTENDED, AUTHENTICATION, PUBLIC_CERTIFICATES, COMPLETE, HKDF_TLS };
enum { UNKNOWN, TRUSTED, ANCHOR, NOT_TRUSTED, MUST_VERIFY };
#define NEW_CKM_HKDF_DATA 0x402bUL
#define NSS(n)            (0xce534350UL + (n))
#define NSS_TRUST_CLASS   NSS(3)
#define NSS_TRUST(n)      (0xce536350UL + (n))

static CK_ULONG count_of(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, class);
    if (type != 0) {
        add_ulong(&t, type, value);
    }
    return count_objects(the_session, &t);
}

/* ---- profiles ---- */

/* Found without login, as BL-M-1, EXT-M-1, AUTH-M-1 and CERT-M-1 of the profiles' document do. */
NEWER_TEST(profiles_are_told)
{
    const CK_ULONG there[] = {BASELINE, EXTENDED, AUTHENTICATION, PUBLIC_CERTIFICATES};

    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, there[i]), 1);
    }
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, COMPLETE), 0);
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, HKDF_TLS),
                      has_mechanism(NEW_CKM_HKDF_DATA));
    /* Nothing here was validated, and nothing says so. */
    ck_assert_uint_eq(count_of(NEW_CKO_VALIDATION, 0, 0), 0);
}

static CK_OBJECT_HANDLE profile(CK_ULONG id)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, NEW_CKO_PROFILE);
    add_ulong(&t, NEW_CKA_PROFILE_ID, id);
    return find_object(the_session, &t);
}

NEWER_TEST(profiles_have_attributes)
{
    CK_OBJECT_HANDLE object = profile(BASELINE);
    CK_BYTE id[64], other[64];
    CK_ULONG size = 7;
    CK_BYTE value[8];
    CK_ATTRIBUTE wrong = {CKA_VALUE, value, sizeof value}, small = {CKA_CLASS, value, 1};

    ck_assert_uint_eq(get_ulong(the_session, object, CKA_CLASS), NEW_CKO_PROFILE);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_PROFILE_ID), BASELINE);
    ck_assert(get_bool(the_session, object, CKA_TOKEN));
    ck_assert(!get_bool(the_session, object, CKA_PRIVATE));
    ck_assert(!get_bool(the_session, object, CKA_MODIFIABLE));
    ck_assert(!get_bool(the_session, object, CKA_DESTROYABLE));
    CK_ULONG length = get_bytes(the_session, object, CKA_UNIQUE_ID, id, sizeof id);
    ck_assert_uint_gt(length, 0);
    ck_assert(get_bytes(the_session, profile(EXTENDED), CKA_UNIQUE_ID, other, sizeof other) != length ||
              memcmp(id, other, length) != 0);
    expect(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(the_session, object, &wrong, 1));
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetAttributeValue(the_session, object, &small, 1));
    ok(p11->C_GetObjectSize(the_session, object, &size));
}

/* They belong to the token's nature. */
NEWER_TEST(nobody_touches_them)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object = profile(BASELINE), copy;
    CK_MECHANISM mechanism = {CKM_AES_ECB, NULL, 0};

    add_text(&t, CKA_LABEL, "mine");
    expect(CKR_ACTION_PROHIBITED, p11->C_SetAttributeValue(the_session, object, t.list, t.count));
    expect(CKR_ACTION_PROHIBITED, p11->C_CopyObject(the_session, object, t.list, t.count, &copy));
    expect(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(the_session, object));
    expect(CKR_KEY_HANDLE_INVALID, p11->C_EncryptInit(the_session, &mechanism, object));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(the_session, object + 0x10000 * 1000));
    add_ulong(&t, CKA_CLASS, NEW_CKO_PROFILE);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, p11->C_CreateObject(the_session, t.list, t.count, &copy));
}

/* Sections 4.13 and 4.14: programs that don't ask for them by class don't meet them. */
NEWER_TEST(only_asked_for)
{
    struct template token = {.count = 0};
    CK_ULONG all = count_objects(the_session, NULL);

    add_bool(&token, CKA_TOKEN, true);
    ck_assert_uint_eq(all, 0);
    ck_assert_uint_eq(count_objects(the_session, &token), 0);
    ck_assert_uint_ge(count_of(NEW_CKO_PROFILE, 0, 0), 4);
}

/* A private certificate, or one whose key nobody can find, and the token is no public certificates token. */
NEWER_TEST(certificates_decide)
{
    struct template t = {.count = 0}, more = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_CERTIFICATE);
    add_ulong(&t, CKA_CERTIFICATE_TYPE, CKC_X_509);
    add_bytes(&t, CKA_SUBJECT, certificate_subject, sizeof certificate_subject);
    add_bytes(&t, CKA_VALUE, certificate, sizeof certificate);
    add_text(&t, CKA_ID, "one");
    ok(create_object(the_session, &t, &object));
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, PUBLIC_CERTIFICATES), 1);
    add_bool(&t, CKA_PRIVATE, true);
    ok(create_object(the_session, &t, &object));
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, PUBLIC_CERTIFICATES), 0);
    ok(p11->C_DestroyObject(the_session, object));
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, PUBLIC_CERTIFICATES), 1);
    add_text(&more, CKA_ID, "one");
    struct pair pair = import_rsa(the_session, &more);
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, PUBLIC_CERTIFICATES), 0);
    ok(p11->C_SetAttributeValue(the_session, pair.public_key, more.list, more.count));
    ck_assert_uint_eq(count_of(NEW_CKO_PROFILE, NEW_CKA_PROFILE_ID, PUBLIC_CERTIFICATES), 1);
}

/* ---- mechanisms ---- */

NEWER_TEST(mechanisms_are_objects)
{
    CK_MECHANISM_TYPE types[512];
    CK_ULONG count = 512;
    struct template t = {.count = 0};

    ok(p11->C_GetMechanismList(the_slot, types, &count));
    ck_assert_uint_eq(count_of(NEW_CKO_MECHANISM, 0, 0), count);
    for (CK_ULONG i = 0; i < count; i++) {
        ck_assert_uint_eq(count_of(NEW_CKO_MECHANISM, NEW_CKA_MECHANISM_TYPE, types[i]), 1);
    }
    ck_assert_uint_eq(count_of(NEW_CKO_MECHANISM, NEW_CKA_MECHANISM_TYPE, NO_MECHANISM), 0);
    add_ulong(&t, CKA_CLASS, NEW_CKO_MECHANISM);
    add_ulong(&t, NEW_CKA_MECHANISM_TYPE, CKM_AES_GCM);
    CK_OBJECT_HANDLE object = find_object(the_session, &t);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_MECHANISM_TYPE), CKM_AES_GCM);
}

/* ---- trust ---- */

static void trust_template(struct template *t)
{
    static const CK_BYTE hash[32] = {1, 2, 3};

    add_ulong(t, CKA_CLASS, NEW_CKO_TRUST);
    add_bool(t, CKA_TOKEN, true);
    add_bytes(t, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(t, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    add_bytes(t, NEW_CKA_HASH_OF_CERTIFICATE, hash, sizeof hash);
    add_ulong(t, NEW_CKA_NAME_HASH_ALGORITHM, CKM_SHA256);
    add_ulong(t, NEW_CKA_TRUST_SERVER_AUTH, ANCHOR);
}

NEWER_TEST(trust_kept)
{
    struct template t = {.count = 0}, find = {.count = 0}, change = {.count = 0};
    CK_OBJECT_HANDLE object;

    trust_template(&t);
    ok(create_object(the_session, &t, &object));
    add_ulong(&find, CKA_CLASS, NEW_CKO_TRUST);
    add_bytes(&find, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(&find, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    ck_assert_uint_eq(find_object(the_session, &find), object);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_TRUST_SERVER_AUTH), ANCHOR);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_TRUST_CLIENT_AUTH), UNKNOWN);
    ck_assert(!get_bool(the_session, object, CKA_PRIVATE));
    add_ulong(&change, NEW_CKA_TRUST_SERVER_AUTH, NOT_TRUSTED);
    add_ulong(&change, NEW_CKA_TRUST_OCSP_SIGNING, MUST_VERIFY);
    ok(p11->C_SetAttributeValue(the_session, object, change.list, change.count));
    ok(p11->C_Logout(the_session)); /* anybody reads it */
    object = find_object(the_session, &find);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_TRUST_SERVER_AUTH), NOT_TRUSTED);
    ck_assert_uint_eq(get_ulong(the_session, object, NEW_CKA_TRUST_OCSP_SIGNING), MUST_VERIFY);
}

/* Section 4.7: issuer and number always, the hash unless nobody is trusted, and values that are some. */
NEWER_TEST(trust_rules)
{
    static const CK_ATTRIBUTE_TYPE needed[] = {CKA_ISSUER, CKA_SERIAL_NUMBER, NEW_CKA_HASH_OF_CERTIFICATE,
                                               NEW_CKA_NAME_HASH_ALGORITHM};
    struct template t;
    CK_OBJECT_HANDLE object;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        t.count = 0;
        trust_template(&t);
        remove_attribute(&t, needed[i]);
        expect(CKR_TEMPLATE_INCOMPLETE, create_object(the_session, &t, &object));
    }
    remove_attribute(&t, NEW_CKA_HASH_OF_CERTIFICATE);
    remove_attribute(&t, NEW_CKA_TRUST_SERVER_AUTH);
    add_ulong(&t, NEW_CKA_TRUST_SERVER_AUTH, NOT_TRUSTED);
    ok(create_object(the_session, &t, &object));
    remove_attribute(&t, NEW_CKA_TRUST_SERVER_AUTH);
    add_ulong(&t, NEW_CKA_TRUST_SERVER_AUTH, MUST_VERIFY + 1);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, create_object(the_session, &t, &object));
    remove_attribute(&t, NEW_CKA_TRUST_SERVER_AUTH);
    add_bool(&t, CKA_ENCRYPT, true);
    expect(CKR_ATTRIBUTE_TYPE_INVALID, create_object(the_session, &t, &object));
}

/* What NSS keeps where the standard has CKO_TRUST today. */
NEWER_TEST(nss_trust_kept)
{
    static const CK_BYTE sha1[20] = {9}, md5[16] = {8};
    struct template t = {.count = 0}, find = {.count = 0};
    CK_BYTE value[32];
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, NSS_TRUST_CLASS);
    add_bool(&t, CKA_TOKEN, true);
    add_bytes(&t, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(&t, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    add_bytes(&t, NSS_TRUST(100), sha1, sizeof sha1);
    add_bytes(&t, NSS_TRUST(101), md5, sizeof md5);
    add_ulong(&t, NSS_TRUST(8), NSS(2));
    add_bool(&t, NSS_TRUST(16), true);
    ok(create_object(the_session, &t, &object));
    add_ulong(&find, CKA_CLASS, NSS_TRUST_CLASS);
    add_bytes(&find, CKA_ISSUER, certificate_subject, sizeof certificate_subject);
    add_bytes(&find, CKA_SERIAL_NUMBER, certificate_serial, sizeof certificate_serial);
    ck_assert_uint_eq(find_object(the_session, &find), object);
    ck_assert_uint_eq(get_ulong(the_session, object, CKA_CLASS), NSS_TRUST_CLASS);
    ck_assert_uint_eq(get_ulong(the_session, object, NSS_TRUST(8)), NSS(2));
    ck_assert_uint_eq(get_ulong(the_session, object, NSS_TRUST(9)), NSS(5)); /* unknown */
    ck_assert(get_bool(the_session, object, NSS_TRUST(16)));
    ck_assert_uint_eq(get_bytes(the_session, object, NSS_TRUST(100), value, sizeof value), sizeof sha1);
    ck_assert(memcmp(value, sha1, sizeof sha1) == 0);
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("classes");
    TCase *public = add_tcase(suite, "public", newer_public);
    TCase *user = add_tcase(suite, "user", newer_user);

    tcase_add_test(public, profiles_are_told);
    tcase_add_test(public, profiles_have_attributes);
    tcase_add_test(public, only_asked_for);
    tcase_add_test(public, mechanisms_are_objects);
    tcase_add_test(user, nobody_touches_them);
    tcase_add_test(user, certificates_decide);
    tcase_add_test(user, trust_kept);
    tcase_add_test(user, trust_rules);
    tcase_add_test(user, nss_trust_kept);
    return harness_run(argc, argv, suite);
}
