/*
 * PKCS #11 3.1 sections 5.13 and 5.15: signatures and MACs, made and verified, with and without recovery.
 */
#include "pkcs11/operation.h"

static const struct p11_beginning signing = {
    P11_SIGN, CKF_SIGN, CRYPTO_SIGN, OH_HUKS_KEY_PURPOSE_SIGN, CKO_PRIVATE_KEY, false,
};
static const struct p11_beginning signing_recover = {
    P11_SIGN, CKF_SIGN_RECOVER, CRYPTO_SIGN_RECOVER, HUKS_PURPOSE_SIGN_RECOVER, CKO_PRIVATE_KEY, true,
};
static const struct p11_beginning verifying = {
    P11_VERIFY, CKF_VERIFY, CRYPTO_VERIFY, OH_HUKS_KEY_PURPOSE_VERIFY, CKO_PUBLIC_KEY, false,
};
static const struct p11_beginning verifying_recover = {
    P11_VERIFY, CKF_VERIFY_RECOVER, CRYPTO_VERIFY_RECOVER, HUKS_PURPOSE_VERIFY_RECOVER, CKO_PUBLIC_KEY, true,
};

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &signing, mechanism, key), "mechanism %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_Sign(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature,
             CK_ULONG_PTR signature_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_SIGN, false, P11_STEP_ONCE, data, data_size, signature, signature_size),
        "data %lu, signature %s", data_size, P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size)
{
    return P11_SESSION_CALL(handle, p11_feed(session, P11_SIGN, part, part_size), "part %lu", part_size);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR signature, CK_ULONG_PTR signature_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_SIGN, false, P11_STEP_FINAL, NULL, 0, signature, signature_size),
        "signature %s", P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &signing_recover, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_SignRecover(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature,
                    CK_ULONG_PTR signature_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_SIGN, true, P11_STEP_ONCE, data, data_size, signature, signature_size),
        "data %lu, signature %s", data_size, P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &verifying, mechanism, key), "mechanism %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_Verify(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature,
               CK_ULONG signature_size)
{
    return P11_SESSION_CALL(handle, p11_verify(session, true, data, data_size, signature, signature_size),
                            "data %lu, signature %lu", data_size, signature_size);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size)
{
    return P11_SESSION_CALL(handle, p11_feed(session, P11_VERIFY, part, part_size), "part %lu", part_size);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR signature, CK_ULONG signature_size)
{
    return P11_SESSION_CALL(handle, p11_verify(session, false, NULL, 0, signature, signature_size),
                            "signature %lu", signature_size);
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &verifying_recover, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_VerifyRecover(CK_SESSION_HANDLE handle, CK_BYTE_PTR signature, CK_ULONG signature_size, CK_BYTE_PTR data,
                      CK_ULONG_PTR data_size)
{
    return P11_SESSION_CALL(
        handle,
        p11_step(session, P11_VERIFY, true, P11_STEP_ONCE, signature, signature_size, data, data_size),
        "signature %lu, data %s", signature_size, P11_SHOW_OUTPUT(data, data_size));
}
