/* RSA encryption and decryption with libcrypto on the other side, both ends of the lengths, bad input. */
#include "harness.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

struct oaep {
    const char *id;
    CK_MECHANISM_TYPE hash;
    CK_ULONG mgf;
    const char *hash_name;
    const char *mgf_name;
    const char *label;
    CK_ULONG longest; /* k − 2·hLen − 2 */
};

static const struct oaep oaeps[] = {
    {"cipher/OAEP-SHA1", CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", "SHA1", "", 214},
    {"cipher/OAEP-SHA224", CKM_SHA224, CKG_MGF1_SHA224, "SHA224", "SHA224", "", 198},
    {"cipher/OAEP-SHA256", CKM_SHA256, CKG_MGF1_SHA256, "SHA256", "SHA256", "", 190},
    {"cipher/OAEP-SHA384", CKM_SHA384, CKG_MGF1_SHA384, "SHA384", "SHA384", "", 158},
    {"cipher/OAEP-SHA512", CKM_SHA512, CKG_MGF1_SHA512, "SHA512", "SHA512", "", 126},
    {"cipher/OAEP-mixed", CKM_SHA256, CKG_MGF1_SHA1, "SHA256", "SHA1", "", 190},
    {"cipher/OAEP-label", CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", "SHA1", "a label", 214},
};

static CK_RV rsa_encrypt(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *data, CK_ULONG length,
                         CK_BYTE *out, CK_ULONG *out_length)
{
    CK_RV rv = p11->C_EncryptInit(the_session, mechanism, key);

    return rv == CKR_OK ? p11->C_Encrypt(the_session, data, length, out, out_length) : rv;
}

static CK_RV rsa_decrypt(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *data, CK_ULONG length,
                         CK_BYTE *out, CK_ULONG *out_length)
{
    CK_RV rv = p11->C_DecryptInit(the_session, mechanism, key);

    return rv == CKR_OK ? p11->C_Decrypt(the_session, data, length, out, out_length) : rv;
}

/* Both directions with libcrypto on the other side, and both ends of the range of lengths. */
static void rsa_both_ways(enum rsa_padding padding, CK_MECHANISM *mechanism, const struct oaep *oaep,
                          CK_ULONG length)
{
    struct pair pair = import_rsa(the_session, NULL);
    struct bytes label = {(const CK_BYTE *)(oaep == NULL ? "" : oaep->label),
                          oaep == NULL ? 0 : strlen(oaep->label)};
    const char *hash = oaep == NULL ? NULL : oaep->hash_name;
    const char *mgf = oaep == NULL ? NULL : oaep->mgf_name;
    CK_BYTE data[256];
    CK_BYTE cipher[256];
    CK_BYTE back[256];
    CK_ULONG room = sizeof cipher;

    fill_pattern(data, sizeof data, 77);
    data[0] = 0;
    ok(rsa_encrypt(mechanism, pair.public_key, data, length, cipher, &room));
    ck_assert_uint_eq(room, 256);
    ck_assert_uint_eq(witness_rsa_decrypt(padding, hash, mgf, label, (struct bytes){cipher, 256}, back),
                      length);
    ck_assert(memcmp(back, data, length) == 0);
    ck_assert_uint_eq(witness_rsa_encrypt(padding, hash, mgf, label, (struct bytes){data, length}, cipher),
                      256);
    room = sizeof back;
    ok(rsa_decrypt(mechanism, pair.private_key, cipher, 256, back, &room));
    ck_assert_uint_eq(room, length);
    ck_assert(memcmp(back, data, length) == 0);
}

START_TEST(rsa_pkcs)
{
    static const CK_ULONG lengths[] = {1, 100, 245};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};

    rsa_both_ways(RSA_PKCS1, &mechanism, NULL, lengths[_i]);
}
END_TEST

START_TEST(rsa_raw)
{
    CK_MECHANISM mechanism = {CKM_RSA_X_509, NULL, 0};

    rsa_both_ways(RSA_RAW, &mechanism, NULL, 256);
}
END_TEST

START_TEST(rsa_oaep)
{
    const struct oaep *row = &oaeps[_i];
    CK_RSA_PKCS_OAEP_PARAMS params = {row->hash, row->mgf, CKZ_DATA_SPECIFIED,
                                      row->label[0] == '\0' ? NULL : (void *)(uintptr_t)row->label,
                                      strlen(row->label)};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &params, sizeof params};

    if (is_reference() && difference_find(row->id) != NULL) {
        CK_BYTE byte = 1;
        CK_BYTE out[256];
        CK_ULONG room = sizeof out;

        expect_id(row->id, CKR_OK,
                  rsa_encrypt(&mechanism, import_rsa(the_session, NULL).public_key, &byte, 1, out, &room));
        return;
    }
    rsa_both_ways(RSA_OAEP, &mechanism, row, 1);
    rsa_both_ways(RSA_OAEP, &mechanism, row, row->longest);
}
END_TEST

struct rsa_refused {
    const char *id;
    CK_MECHANISM_TYPE type;
    bool decrypt;
    CK_ULONG length;
    CK_RV want;
};

static const struct rsa_refused rsa_refused[] = {
    {"cipher/rsa-246-bytes", CKM_RSA_PKCS, false, 246, CKR_DATA_LEN_RANGE},
    {"cipher/oaep-215-bytes", CKM_RSA_PKCS_OAEP, false, 215, CKR_DATA_LEN_RANGE},
    {"cipher/raw-257-bytes", CKM_RSA_X_509, false, 257, CKR_DATA_LEN_RANGE},
    {"cipher/rsa-decrypt-255", CKM_RSA_PKCS, true, 255, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/rsa-decrypt-257", CKM_RSA_PKCS, true, 257, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/oaep-decrypt-255", CKM_RSA_PKCS_OAEP, true, 255, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/oaep-decrypt-garbage", CKM_RSA_PKCS_OAEP, true, 256, CKR_ENCRYPTED_DATA_INVALID},
};

START_TEST(rsa_data_is_refused)
{
    const struct rsa_refused *row = &rsa_refused[_i];
    CK_RSA_PKCS_OAEP_PARAMS params = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_MECHANISM mechanism = {row->type, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);
    CK_BYTE data[300] = {0, 1, 2};
    CK_BYTE out[300];
    CK_ULONG room = sizeof out;

    if (row->type == CKM_RSA_PKCS_OAEP) {
        mechanism.pParameter = &params;
        mechanism.ulParameterLen = sizeof params;
    }
    if (row->decrypt) {
        expect_id(row->id, row->want,
                  rsa_decrypt(&mechanism, pair.private_key, data, row->length, out, &room));
    } else {
        expect_id(row->id, row->want,
                  rsa_encrypt(&mechanism, pair.public_key, data, row->length, out, &room));
    }
}
END_TEST

static Suite *cipher_rsa_suite(void)
{
    Suite *suite = suite_create("cipher-rsa");
    TCase *tcase = add_tcase(suite, "rsa", setup_user);

    tcase_add_loop_test(tcase, rsa_pkcs, 0, 3);
    tcase_add_test(tcase, rsa_raw);
    tcase_add_loop_test(tcase, rsa_oaep, 0, 7);
    tcase_add_loop_test(tcase, rsa_data_is_refused, 0, 7);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, cipher_rsa_suite());
}
