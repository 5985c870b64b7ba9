/* Signing: data and parameters that must be refused, the states of an operation, recovery. */
#include "harness.h"

#include <string.h>

#include "witness.h"

struct data_length {
    const char *id;
    CK_MECHANISM_TYPE type;
    CK_ULONG length;
    CK_RV want;
};

static const struct data_length data_lengths[] = {
    {"sign/RSA_PKCS-246-bytes", CKM_RSA_PKCS, 246, CKR_DATA_LEN_RANGE},
    {"sign/RSA_X_509-257-bytes", CKM_RSA_X_509, 257, CKR_DATA_LEN_RANGE},
    {"sign/PSS-31-bytes", CKM_RSA_PKCS_PSS, 31, CKR_DATA_LEN_RANGE},
    {"sign/PSS-33-bytes", CKM_RSA_PKCS_PSS, 33, CKR_DATA_LEN_RANGE},
};

START_TEST(data_of_the_wrong_length)
{
    const struct data_length *row = &data_lengths[_i];
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM mechanism = {row->type, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);
    CK_BYTE data[300] = {1};
    CK_BYTE signature[256];
    CK_ULONG length = sizeof signature;

    if (row->type == CKM_RSA_PKCS_PSS) {
        mechanism.pParameter = &pss;
        mechanism.ulParameterLen = sizeof pss;
    }
    ok(p11->C_SignInit(the_session, &mechanism, pair.private_key));
    if (!answer_asked(row->id)) {
        return;
    }
    expect_id(row->id, row->want, p11->C_Sign(the_session, data, row->length, signature, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(the_session, data, row->length, signature, &length));
}
END_TEST

/* RSA_X_509 pads short input with zeros in front (2.40 mechanisms, 2.1.5). */
START_TEST(raw_rsa_of_short_data)
{
    CK_MECHANISM mechanism = {CKM_RSA_X_509, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);
    CK_BYTE padded[256] = {0};
    CK_BYTE signature[256];
    CK_ULONG length = sizeof signature;

    memcpy(padded + 256 - 10, "ten bytes.", 10);
    ok(p11->C_SignInit(the_session, &mechanism, pair.private_key));
    ok(p11->C_Sign(the_session, padded + 246, 10, signature, &length));
    ck_assert(witness_rsa_verifies(RSA_RAW, NULL, NULL, 0, (struct bytes){padded, 256},
                                   (struct bytes){signature, length}));
}
END_TEST

START_TEST(states)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);
    CK_BYTE data[8] = {1};
    CK_BYTE signature[256];
    CK_ULONG length = sizeof signature;

    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(the_session, data, 8, signature, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_SignUpdate(the_session, data, 8));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_SignFinal(the_session, signature, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Verify(the_session, data, 8, signature, 256));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_VerifyUpdate(the_session, data, 8));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_VerifyFinal(the_session, signature, 256));

    ok(p11->C_SignInit(the_session, &mechanism, pair.private_key));
    expect(CKR_OPERATION_ACTIVE, p11->C_SignInit(the_session, &mechanism, pair.private_key));
    ok(p11->C_SignUpdate(the_session, data, 8));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(the_session, data, 8, signature, &length));
}
END_TEST

START_TEST(null_mechanism_cancels)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    struct pair pair = import_rsa(the_session, NULL);
    CK_SESSION_HANDLE other = open_rw();
    CK_BYTE data[8] = {1};

    expect(CKR_ARGUMENTS_BAD, p11->C_SignInit(the_session, NULL, pair.private_key));
    ok(p11->C_SignInit(the_session, &mechanism, pair.private_key));
    expect_id("sign/null-mechanism-cancels", CKR_OK, p11->C_SignInit(the_session, NULL, pair.private_key));
    expect_id("sign/update-after-cancel", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_SignUpdate(the_session, data, 8));
    ok(p11->C_VerifyInit(other, &mechanism, pair.public_key));
    expect_id("sign/null-mechanism-cancels", CKR_OK, p11->C_VerifyInit(other, NULL, pair.public_key));
    expect_id("sign/update-after-cancel", CKR_OPERATION_NOT_INITIALIZED, p11->C_VerifyUpdate(other, data, 8));
}
END_TEST

struct bad_parameter {
    const char *id;
    CK_MECHANISM_TYPE type;
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_ULONG length;
};

static const struct bad_parameter bad_parameters[] = {
    {"sign/pss-none", CKM_RSA_PKCS_PSS, {0, 0, 0}, 0},
    {"sign/pss-short", CKM_SHA256_RSA_PKCS_PSS, {CKM_SHA256, CKG_MGF1_SHA256, 32}, 8},
    {"sign/pss-other-hash", CKM_SHA256_RSA_PKCS_PSS, {CKM_SHA_1, CKG_MGF1_SHA1, 20}, 24},
    {"sign/pss-no-hash", CKM_RSA_PKCS_PSS, {NO_MECHANISM, CKG_MGF1_SHA256, 32}, 24},
    {"sign/pss-no-mgf", CKM_RSA_PKCS_PSS, {CKM_SHA256, 0x7777, 32}, 24},
    {"sign/pss-salt-too-long", CKM_SHA256_RSA_PKCS_PSS, {CKM_SHA256, CKG_MGF1_SHA256, 223}, 24},
    {"sign/pkcs-with-parameter", CKM_SHA256_RSA_PKCS, {1, 2, 3}, 24},
};

START_TEST(parameter_is_refused)
{
    const struct bad_parameter *row = &bad_parameters[_i];
    CK_RSA_PKCS_PSS_PARAMS pss = row->pss;
    CK_MECHANISM mechanism = {row->type, row->length == 0 ? NULL : &pss, row->length};
    struct pair pair = import_rsa(the_session, NULL);

    expect_id(row->id, CKR_MECHANISM_PARAM_INVALID,
              p11->C_SignInit(the_session, &mechanism, pair.private_key));
}
END_TEST

/* ---- Recover ------------------------------------------------------------------------------------------- */

START_TEST(sign_and_recover)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    struct template more = {.count = 0};
    struct template verify = {.count = 0};
    CK_OBJECT_HANDLE public_key;
    CK_BYTE data[40];
    CK_BYTE signature[256];
    CK_BYTE back[256];
    CK_ULONG length = sizeof signature;
    CK_ULONG room = sizeof back;
    struct pair pair;

    if (differs("sign/recover")) {
        return;
    }
    fill_pattern(data, sizeof data, 4);
    add_bool(&more, CKA_SIGN_RECOVER, true);
    pair = import_rsa(the_session, &more);
    rsa_public_template(&verify);
    add_bool(&verify, CKA_VERIFY_RECOVER, true);
    ok(create_object(the_session, &verify, &public_key));
    ok(p11->C_SignRecoverInit(the_session, &mechanism, pair.private_key));
    ok(p11->C_SignRecover(the_session, data, sizeof data, signature, &length));
    ck_assert_uint_eq(length, 256);
    ok(p11->C_VerifyRecoverInit(the_session, &mechanism, public_key));
    ok(p11->C_VerifyRecover(the_session, signature, length, back, &room));
    ck_assert_uint_eq(room, sizeof data);
    ck_assert(memcmp(back, data, sizeof data) == 0);
    signature[0] ^= 1;
    room = sizeof back;
    ok(p11->C_VerifyRecoverInit(the_session, &mechanism, public_key));
    expect(CKR_SIGNATURE_INVALID, p11->C_VerifyRecover(the_session, signature, length, back, &room));
    ok(p11->C_VerifyRecoverInit(the_session, &mechanism, public_key));
    expect(CKR_SIGNATURE_LEN_RANGE, p11->C_VerifyRecover(the_session, signature, 255, back, &room));
}
END_TEST

static Suite *sign_limits_suite(void)
{
    Suite *suite = suite_create("sign-limits");
    TCase *tcase = add_tcase(suite, "limits", setup_user);

    tcase_add_loop_test(tcase, data_of_the_wrong_length, 0, 4);
    tcase_add_test(tcase, raw_rsa_of_short_data);
    tcase_add_test(tcase, states);
    tcase_add_test(tcase, null_mechanism_cancels);
    tcase_add_loop_test(tcase, parameter_is_refused, 0, 7);
    tcase_add_test(tcase, sign_and_recover);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, sign_limits_suite());
}
