/* Messages signed and verified in one operation (PKCS #11 3.0), and verification that is begun with the
 * signature (3.2). */
#include "newer.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

enum { SIZE = 100, ROOM = 512 };

enum key { KEY_RSA, KEY_EC, KEY_ED25519, KEY_HMAC, KEY_AES };

struct way {
    CK_MECHANISM_TYPE type;
    enum key key;
    CK_ULONG length;
};

static const struct way ways[] = {
    {CKM_SHA256_RSA_PKCS, KEY_RSA, 256},
    {CKM_RSA_PKCS, KEY_RSA, 256},
    {CKM_SHA256_RSA_PKCS_PSS, KEY_RSA, 256},
    {CKM_ECDSA_SHA256, KEY_EC, 64},
    {CKM_ECDSA, KEY_EC, 64},
    {NEW_CKM_EDDSA, KEY_ED25519, 64},
    {CKM_SHA256_HMAC, KEY_HMAC, 32},
    {CKM_AES_CMAC, KEY_AES, 16},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

struct fixture {
    const struct way *way;
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_OBJECT_HANDLE signer, verifier;
    CK_BYTE data[SIZE];
    CK_ULONG size;
};

static void prepare(struct fixture *f, const struct way *way)
{
    CK_BYTE value[32];
    struct pair pair = {0, 0};

    memset(f, 0, sizeof *f);
    f->way = way;
    f->mechanism.mechanism = way->type;
    fill_pattern(f->data, SIZE, 3);
    fill_pattern(value, sizeof value, 1);
    f->size = way->type == CKM_ECDSA ? 32 : SIZE;
    if (way->type == CKM_SHA256_RSA_PKCS_PSS) {
        f->pss = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, 32};
        f->mechanism.pParameter = &f->pss;
        f->mechanism.ulParameterLen = sizeof f->pss;
    }
    switch (way->key) {
    case KEY_RSA:
        pair = import_rsa(the_session, NULL);
        break;
    case KEY_EC:
        pair = import_ec(the_session, NULL);
        break;
    case KEY_ED25519:
        pair = generate_ed25519(the_session);
        break;
    case KEY_HMAC:
        pair.public_key = pair.private_key = import_secret(the_session, CKK_GENERIC_SECRET, value, 32, NULL);
        break;
    case KEY_AES:
        pair.public_key = pair.private_key = import_secret(the_session, CKK_AES, value, 16, NULL);
        break;
    }
    f->signer = pair.private_key;
    f->verifier = pair.public_key;
}

static CK_RV sign(struct fixture *f, CK_BYTE *signature, CK_ULONG *length)
{
    return newer->C_SignMessage(the_session, NULL, 0, f->data, f->size, signature, length);
}

static CK_RV verify(struct fixture *f, const CK_BYTE *signature, CK_ULONG length)
{
    return newer->C_VerifyMessage(the_session, NULL, 0, f->data, f->size, signature, length);
}

static CK_ULONG sessions_held(void)
{
    struct huks_limits limits;

    ok(huks->GetLimits(the_slot, &limits));
    return limits.mine;
}

NEWER_TEST(many_messages)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length;
    CK_MECHANISM_INFO info;
    const CK_FLAGS flags = NEW_CKF_MESSAGE_SIGN | NEW_CKF_MESSAGE_VERIFY | NEW_CKF_MULTI_MESSAGE;

    prepare(&f, &ways[_i]);
    ok(p11->C_GetMechanismInfo(the_slot, f.way->type, &info));
    ck_assert_uint_eq(info.flags & flags, flags);
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    ok(newer->C_MessageVerifyInit(the_session, &f.mechanism, f.verifier));
    for (int i = 0; i < 4; i++) {
        f.data[0] = (CK_BYTE)i;
        length = 0;
        ok(sign(&f, NULL, &length));
        ck_assert_uint_ge(length, f.way->length);
        length = f.way->length - 1;
        expect(CKR_BUFFER_TOO_SMALL, sign(&f, signature, &length));
        length = sizeof signature;
        ok(sign(&f, signature, &length));
        ck_assert_uint_eq(length, f.way->length);
        ok(verify(&f, signature, length));
        f.data[1] ^= 1;
        expect(CKR_SIGNATURE_INVALID, verify(&f, signature, length));
        f.data[1] ^= 1;
        expect(CKR_SIGNATURE_LEN_RANGE, verify(&f, signature, length - 1));
        ck_assert_uint_eq(sessions_held(), 2);
    }
    ok(newer->C_MessageSignFinal(the_session));
    ok(newer->C_MessageVerifyFinal(the_session));
    ck_assert_uint_eq(sessions_held(), 0);
    /* The plain functions agree. */
    ok(p11->C_VerifyInit(the_session, &f.mechanism, f.verifier));
    ok(p11->C_Verify(the_session, f.data, f.size, signature, length));
}

NEWER_TEST(in_parts)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length = 0;

    prepare(&f, &ways[_i]);
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    ok(newer->C_SignMessageBegin(the_session, NULL, 0));
    ok(newer->C_SignMessageNext(the_session, NULL, 0, f.data, 10, NULL, NULL));
    ok(newer->C_SignMessageNext(the_session, NULL, 0, NULL, 0, NULL, NULL));
    ok(newer->C_SignMessageNext(the_session, NULL, 0, f.data + 10, f.size - 10, NULL, &length));
    ck_assert_uint_ge(length, f.way->length);
    length = 1;
    expect(CKR_BUFFER_TOO_SMALL,
           newer->C_SignMessageNext(the_session, NULL, 0, f.data + 10, f.size - 10, signature, &length));
    length = sizeof signature;
    ok(newer->C_SignMessageNext(the_session, NULL, 0, f.data + 10, f.size - 10, signature, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED,
           newer->C_SignMessageNext(the_session, NULL, 0, f.data, 1, signature, &length));
    ok(newer->C_MessageSignFinal(the_session));

    ok(newer->C_MessageVerifyInit(the_session, &f.mechanism, f.verifier));
    for (int wrong = 0; wrong < 2; wrong++) {
        ok(newer->C_VerifyMessageBegin(the_session, NULL, 0));
        expect(CKR_OPERATION_ACTIVE, verify(&f, signature, length));
        ok(newer->C_VerifyMessageNext(the_session, NULL, 0, f.data, 30, NULL, 0));
        signature[length / 2] ^= (CK_BYTE)wrong;
        expect(wrong ? CKR_SIGNATURE_INVALID : CKR_OK,
               newer->C_VerifyMessageNext(the_session, NULL, 0, f.data + 30, f.size - 30, signature, length));
        expect(CKR_OPERATION_NOT_INITIALIZED,
               newer->C_VerifyMessageNext(the_session, NULL, 0, f.data, 1, NULL, 0));
    }
    ok(newer->C_MessageVerifyFinal(the_session));
}

/* A message may bring a parameter of its own; the next is back at what Init said. */
NEWER_TEST(own_parameter)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length = sizeof signature;
    CK_RSA_PKCS_PSS_PARAMS other = {CKM_SHA256, CKG_MGF1_SHA256, 20};

    prepare(&f, &ways[2]);
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    memset(&f.pss, 0xee, sizeof f.pss); /* the caller's memory is not needed any more */
    ok(newer->C_SignMessage(the_session, &other, sizeof other, f.data, f.size, signature, &length));
    ck_assert(witness_rsa_verifies(RSA_PSS, "SHA256", "SHA256", 20, (struct bytes){f.data, f.size},
                                   (struct bytes){signature, length}));
    length = sizeof signature;
    ok(sign(&f, signature, &length));
    ck_assert(witness_rsa_verifies(RSA_PSS, "SHA256", "SHA256", 32, (struct bytes){f.data, f.size},
                                   (struct bytes){signature, length}));
    expect(CKR_MECHANISM_PARAM_INVALID,
           newer->C_SignMessage(the_session, &other, 3, f.data, f.size, signature, &length));
    ok(newer->C_MessageSignFinal(the_session));
}

/* Two messages under one GMAC nonce would give the key away: each brings its own. */
NEWER_TEST(gmac_wants_a_nonce_each_time)
{
    struct fixture f;
    const struct way way = {NEW_CKM_AES_GMAC, KEY_AES, 16};
    CK_BYTE iv[12] = {1}, signature[16];
    CK_ULONG length = sizeof signature;

    prepare(&f, &way);
    f.mechanism.pParameter = iv;
    f.mechanism.ulParameterLen = sizeof iv;
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    expect(CKR_MECHANISM_PARAM_INVALID, sign(&f, signature, &length));
    ok(newer->C_SignMessage(the_session, iv, sizeof iv, f.data, f.size, signature, &length));
    ok(newer->C_MessageSignFinal(the_session));
    ok(p11->C_VerifyInit(the_session, &f.mechanism, f.verifier));
    ok(p11->C_Verify(the_session, f.data, f.size, signature, length));
}

NEWER_TEST(order_of_calls)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length = sizeof signature;

    prepare(&f, &ways[0]);
    expect(CKR_OPERATION_NOT_INITIALIZED, sign(&f, signature, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_MessageSignFinal(the_session));
    expect(CKR_OPERATION_NOT_INITIALIZED, verify(&f, signature, 256));
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    expect(CKR_OPERATION_ACTIVE, p11->C_SignInit(the_session, &f.mechanism, f.signer));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(the_session, f.data, SIZE, signature, &length));
    expect(CKR_ARGUMENTS_BAD, p11->C_SignInit(the_session, NULL, f.signer));
    expect(CKR_ARGUMENTS_BAD, newer->C_SignMessage(the_session, NULL, 0, f.data, SIZE, signature, NULL));
    expect(CKR_ARGUMENTS_BAD, newer->C_SignMessage(the_session, NULL, 0, NULL, SIZE, signature, &length));
    ok(newer->C_SignMessageBegin(the_session, NULL, 0));
    expect(CKR_OPERATION_ACTIVE, newer->C_SignMessageBegin(the_session, NULL, 0));
    expect(CKR_OPERATION_ACTIVE, newer->C_MessageSignFinal(the_session));
    expect(CKR_ARGUMENTS_BAD, newer->C_SignMessageNext(the_session, NULL, 0, NULL, 5, NULL, NULL));
    ok(newer->C_MessageSignFinal(the_session)); /* the wrong call had ended the message */
    expect(CKR_KEY_TYPE_INCONSISTENT, newer->C_MessageSignInit(the_session, &f.mechanism, f.verifier));
    f.mechanism.mechanism = CKM_SHA256;
    expect(CKR_MECHANISM_INVALID, newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    ck_assert_uint_eq(sessions_held(), 0);
    f.mechanism.mechanism = ways[0].type;
    ok(newer->C_MessageSignInit(the_session, &f.mechanism, f.signer));
    ok(newer->C_SessionCancel(the_session, CKF_SIGN));
    ck_assert_uint_eq(sessions_held(), 1);
    ok(newer->C_SessionCancel(the_session, NEW_CKF_MESSAGE_SIGN));
    ck_assert_uint_eq(sessions_held(), 0);
}

/* ---- the signature first ---- */

static CK_ULONG make_signature(struct fixture *f, CK_BYTE *signature)
{
    CK_ULONG length = ROOM;

    ok(p11->C_SignInit(the_session, &f->mechanism, f->signer));
    ok(p11->C_Sign(the_session, f->data, f->size, signature, &length));
    return length;
}

NEWER_TEST(signature_first)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length;

    prepare(&f, &ways[_i]);
    length = make_signature(&f, signature);
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    ck_assert_uint_eq(sessions_held(), 1);
    ok(newer->C_VerifySignature(the_session, f.data, f.size));
    ck_assert_uint_eq(sessions_held(), 0);
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    ok(newer->C_VerifySignatureUpdate(the_session, f.data, 1));
    ok(newer->C_VerifySignatureUpdate(the_session, f.data + 1, f.size - 1));
    memset(signature, 0, sizeof signature); /* it was read at the beginning */
    ok(newer->C_VerifySignatureFinal(the_session));

    length = make_signature(&f, signature);
    signature[length / 2] ^= 1;
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    expect(CKR_SIGNATURE_INVALID, newer->C_VerifySignature(the_session, f.data, f.size));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignature(the_session, f.data, f.size));
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length - 1));
    expect(CKR_SIGNATURE_LEN_RANGE, newer->C_VerifySignature(the_session, f.data, f.size));
    ck_assert_uint_eq(sessions_held(), 0);
}

NEWER_TEST(signature_first_in_wrong_order)
{
    struct fixture f;
    CK_BYTE signature[ROOM];
    CK_ULONG length;

    prepare(&f, &ways[0]);
    length = make_signature(&f, signature);
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignature(the_session, f.data, f.size));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignatureUpdate(the_session, f.data, f.size));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignatureFinal(the_session));
    expect(CKR_ARGUMENTS_BAD,
           newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, NULL, length));
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    expect(CKR_OPERATION_ACTIVE,
           newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Verify(the_session, f.data, f.size, signature, length));
    ok(newer->C_VerifySignatureUpdate(the_session, f.data, f.size));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignature(the_session, f.data, f.size));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_VerifySignatureFinal(the_session)); /* that ended it */
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    ok(newer->C_VerifySignatureInit(the_session, NULL, f.verifier, NULL, 0));
    expect(CKR_ARGUMENTS_BAD, newer->C_VerifySignatureInit(the_session, NULL, f.verifier, NULL, 0));
    ok(newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
    ok(newer->C_SessionCancel(the_session, CKF_VERIFY));
    ck_assert_uint_eq(sessions_held(), 0);
    f.mechanism.mechanism = CKM_AES_CBC;
    expect(CKR_MECHANISM_INVALID,
           newer->C_VerifySignatureInit(the_session, &f.mechanism, f.verifier, signature, length));
}

static Suite *message_sign_suite(void)
{
    Suite *suite = suite_create("message-sign");
    TCase *tcase = add_tcase(suite, "messages", newer_user);

    tcase_add_loop_test(tcase, many_messages, 0, WAYS);
    tcase_add_loop_test(tcase, in_parts, 0, WAYS);
    tcase_add_test(tcase, own_parameter);
    tcase_add_test(tcase, gmac_wants_a_nonce_each_time);
    tcase_add_test(tcase, order_of_calls);

    tcase = add_tcase(suite, "signature first", newer_user);
    tcase_add_loop_test(tcase, signature_first, 0, WAYS);
    tcase_add_test(tcase, signature_first_in_wrong_order);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, message_sign_suite());
}
