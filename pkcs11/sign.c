/*
 * PKCS #11 3.2 sections 5.13 and 5.15: signatures and MACs, made and verified, with and without recovery, and
 * verified with the signature given first.
 */
#include "pkcs11/operation.h"

static const struct p11_beginning signing = {
    P11_SIGN, CKF_SIGN, CRYPTO_SIGN, OH_HUKS_KEY_PURPOSE_SIGN, CKO_PRIVATE_KEY, P11_PLAIN,
};
static const struct p11_beginning signing_recover = {
    P11_SIGN, CKF_SIGN_RECOVER, CRYPTO_SIGN_RECOVER, HUKS_PURPOSE_SIGN_RECOVER, CKO_PRIVATE_KEY, P11_RECOVER,
};
static const struct p11_beginning verifying = {
    P11_VERIFY, CKF_VERIFY, CRYPTO_VERIFY, OH_HUKS_KEY_PURPOSE_VERIFY, CKO_PUBLIC_KEY, P11_PLAIN,
};
static const struct p11_beginning verifying_given = {
    P11_VERIFY, CKF_VERIFY, CRYPTO_VERIFY, OH_HUKS_KEY_PURPOSE_VERIFY, CKO_PUBLIC_KEY, P11_SIGNATURE,
};
static const struct p11_beginning verifying_recover = {
    P11_VERIFY, CKF_VERIFY_RECOVER, CRYPTO_VERIFY_RECOVER, HUKS_PURPOSE_VERIFY_RECOVER, CKO_PUBLIC_KEY, P11_RECOVER,
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
        handle, p11_step(session, P11_SIGN, P11_PLAIN, P11_STEP_ONCE, data, data_size, signature, signature_size),
        "data %lu, signature %s", data_size, P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size)
{
    return P11_SESSION_CALL(handle, p11_feed(session, P11_SIGN, P11_PLAIN, part, part_size), "part %lu", part_size);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR signature, CK_ULONG_PTR signature_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_SIGN, P11_PLAIN, P11_STEP_FINAL, NULL, 0, signature, signature_size),
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
        handle, p11_step(session, P11_SIGN, P11_RECOVER, P11_STEP_ONCE, data, data_size, signature, signature_size),
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
    return P11_SESSION_CALL(handle, p11_feed(session, P11_VERIFY, P11_PLAIN, part, part_size), "part %lu", part_size);
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
        p11_step(session, P11_VERIFY, P11_RECOVER, P11_STEP_ONCE, signature, signature_size, data, data_size),
        "signature %lu, data %s", signature_size, P11_SHOW_OUTPUT(data, data_size));
}

/* ---- the signature first ---- */

static CK_RV verify_given_init(struct p11_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                               const CK_BYTE *signature, CK_ULONG signature_size)
{
    if (mechanism != NULL && signature == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "signature pointer");
    }
    P11_TRY(p11_begin(session, &verifying_given, mechanism, key));
    if (mechanism == NULL) {
        return CKR_OK;
    }
    struct p11_operation *pending = &session->pending[P11_VERIFY];
    CK_RV rv = p11_rv(buffer_append(&pending->signature, signature, signature_size), P11_AT_OPERATION);
    return rv == CKR_OK ? CKR_OK : p11_step_failed(pending, rv);
}

CK_RV C_VerifySignatureInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                            CK_BYTE_PTR signature, CK_ULONG signature_size)
{
    return P11_SESSION_CALL(handle, verify_given_init(session, mechanism, key, signature, signature_size),
                            "mechanism %s, key 0x%lx, signature %lu", P11_SHOW_MECHANISM(mechanism), key,
                            signature_size);
}

CK_RV C_VerifySignature(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size)
{
    return P11_SESSION_CALL(handle, p11_verify_signature(session, true, data, data_size), "data %lu", data_size);
}

CK_RV C_VerifySignatureUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size)
{
    return P11_SESSION_CALL(handle, p11_feed(session, P11_VERIFY, P11_SIGNATURE, part, part_size), "part %lu",
                            part_size);
}

CK_RV C_VerifySignatureFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_verify_signature(session, false, NULL, 0));
}
