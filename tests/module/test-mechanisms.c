/* The mechanism list as a whole: what every entry says of itself, and keys made of keys. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "witness.h"

#define MECHANISMS_MAX 600

static CK_ULONG list_mechanisms(CK_MECHANISM_TYPE list[MECHANISMS_MAX])
{
    CK_ULONG count = MECHANISMS_MAX;

    ok(p11->C_GetMechanismList(the_slot, list, &count));
    return count;
}

START_TEST(every_entry_says_what_it_is_for)
{
    const CK_FLAGS uses = CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN | CKF_VERIFY | CKF_GENERATE |
                          CKF_GENERATE_KEY_PAIR | CKF_WRAP | CKF_UNWRAP | CKF_DERIVE |
                          0x30000000UL /* 3.2: CKF_ENCAPSULATE, CKF_DECAPSULATE */;
    CK_MECHANISM_TYPE list[MECHANISMS_MAX];
    CK_ULONG count = list_mechanisms(list);

    for (CK_ULONG i = 0; i < count; i++) {
        CK_MECHANISM_INFO info;
        ok(p11->C_GetMechanismInfo(the_slot, list[i], &info));
        ck_assert_msg((info.flags & uses) != 0, "0x%lx is for nothing", list[i]);
        ck_assert_msg(info.ulMinKeySize <= info.ulMaxKeySize, "0x%lx: sizes", list[i]);
        for (CK_ULONG j = 0; j < i; j++) {
            ck_assert_msg(list[i] != list[j], "0x%lx is there twice", list[i]);
        }
    }
}
END_TEST

/* Debian 12's SoftHSM2 lists 70, NSS's softokn 210. */
START_TEST(more_than_the_others_have)
{
    CK_MECHANISM_TYPE list[MECHANISMS_MAX];
    CK_ULONG count = list_mechanisms(list);

    printf("%lu mechanisms\n", count);
    ck_assert(is_reference() || count > 210);
}
END_TEST

/* What is old is not there unless configuration asks for it. */
START_TEST(old_ones_are_absent)
{
    static const CK_MECHANISM_TYPE old[] = {CKM_MD5,       CKM_MD5_RSA_PKCS,      CKM_DES_CBC,
                                            CKM_RC4,       CKM_RC2_CBC,           CKM_CAST128_CBC,
                                            CKM_RIPEMD160, CKM_MD5_KEY_DERIVATION};

    if (is_reference()) {
        return;
    }
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        CK_MECHANISM_INFO info;
        expect(CKR_MECHANISM_INVALID, p11->C_GetMechanismInfo(the_slot, old[i], &info));
    }
}
END_TEST

static CK_RV derive(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size, CK_OBJECT_HANDLE base,
                    CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {type, parameter, size};
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_bool(&t, CKA_SENSITIVE, false);
    add_bool(&t, CKA_EXTRACTABLE, true);
    return p11->C_DeriveKey(the_session, &mechanism, base, t.list, t.count, key);
}

static CK_OBJECT_HANDLE base_key(const CK_BYTE *value, size_t size)
{
    struct template more = {.count = 0};

    add_bool(&more, CKA_DERIVE, true);
    add_bool(&more, CKA_SENSITIVE, false);
    add_bool(&more, CKA_EXTRACTABLE, true);
    return import_secret(the_session, CKK_GENERIC_SECRET, value, size, &more);
}

static void check_value(CK_OBJECT_HANDLE key, const CK_BYTE *want, size_t size)
{
    CK_BYTE value[128];

    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), size);
    ck_assert(memcmp(value, want, size) == 0);
}

static const struct {
    CK_MECHANISM_TYPE type;
    const char *hash;
} hashes[] = {
    {CKM_SHA1_KEY_DERIVATION, "SHA1"},         {CKM_SHA256_KEY_DERIVATION, "SHA256"},
    {CKM_SHA512_KEY_DERIVATION, "SHA512"},
};

START_TEST(keys_that_are_digests)
{
    static const CK_BYTE value[] = "the value of the base key";
    CK_OBJECT_HANDLE base = base_key(value, sizeof value), key;
    CK_BYTE want[64], bad[8] = {0};

    if (is_reference()) {
        return;
    }
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        size_t size = witness_digest(hashes[i].hash, (struct bytes){value, sizeof value}, want);
        ok(derive(hashes[i].type, NULL, 0, base, &key));
        check_value(key, want, size);
        expect(CKR_MECHANISM_PARAM_INVALID, derive(hashes[i].type, bad, sizeof bad, base, &key));
        expect(CKR_MECHANISM_PARAM_INVALID, derive(hashes[i].type, NULL, 8, base, &key));
    }
}
END_TEST

START_TEST(keys_put_together)
{
    static const CK_BYTE value[] = {1, 2, 3, 4}, data[] = {0x10, 0x20, 0x30, 0x40};
    static const CK_BYTE behind[] = {1, 2, 3, 4, 0x10, 0x20, 0x30, 0x40};
    static const CK_BYTE before[] = {0x10, 0x20, 0x30, 0x40, 1, 2, 3, 4};
    static const CK_BYTE different[] = {0x11, 0x22, 0x33, 0x44}, twice[] = {1, 2, 3, 4, 1, 2, 3, 4};
    CK_OBJECT_HANDLE base = base_key(value, sizeof value), key;
    CK_KEY_DERIVATION_STRING_DATA string = {(CK_BYTE *)(uintptr_t)data, sizeof data};
    CK_KEY_DERIVATION_STRING_DATA hostile = {NULL, 77};

    if (is_reference()) {
        return;
    }
    ok(derive(CKM_CONCATENATE_BASE_AND_DATA, &string, sizeof string, base, &key));
    check_value(key, behind, sizeof behind);
    ok(derive(CKM_CONCATENATE_DATA_AND_BASE, &string, sizeof string, base, &key));
    check_value(key, before, sizeof before);
    ok(derive(CKM_XOR_BASE_AND_DATA, &string, sizeof string, base, &key));
    check_value(key, different, sizeof different);
    ok(derive(CKM_CONCATENATE_BASE_AND_KEY, &base, sizeof base, base, &key));
    check_value(key, twice, sizeof twice);
    expect(CKR_MECHANISM_PARAM_INVALID,
           derive(CKM_CONCATENATE_BASE_AND_DATA, &hostile, sizeof hostile, base, &key));
    expect(CKR_MECHANISM_PARAM_INVALID, derive(CKM_XOR_BASE_AND_DATA, &string, 3, base, &key));
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("module mechanisms");
    TCase *list = add_tcase(suite, "list", setup_public);
    TCase *keys = add_tcase(suite, "keys of keys", setup_user);

    tcase_add_test(list, every_entry_says_what_it_is_for);
    tcase_add_test(list, more_than_the_others_have);
    tcase_add_test(list, old_ones_are_absent);
    tcase_add_test(keys, keys_that_are_digests);
    tcase_add_test(keys, keys_put_together);
    return harness_run(argc, argv, suite);
}
