/*
 * PKCS #11 3.1 sections 5.8 and 5.10: encryption and decryption.
 */
#include "pkcs11/operation.h"

static const struct p11_beginning encrypting = {
    P11_ENCRYPT, CKF_ENCRYPT, CRYPTO_ENCRYPT, OH_HUKS_KEY_PURPOSE_ENCRYPT, CKO_PUBLIC_KEY, P11_PLAIN,
};
static const struct p11_beginning decrypting = {
    P11_DECRYPT, CKF_DECRYPT, CRYPTO_DECRYPT, OH_HUKS_KEY_PURPOSE_DECRYPT, CKO_PRIVATE_KEY, P11_PLAIN,
};

CK_RV C_EncryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &encrypting, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_Encrypt(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR encrypted,
                CK_ULONG_PTR encrypted_size)
{
    return P11_SESSION_CALL(
        handle,
        p11_step(session, P11_ENCRYPT, P11_PLAIN, P11_STEP_ONCE, data, data_size, encrypted, encrypted_size),
        "data %lu, encrypted %s", data_size, P11_SHOW_OUTPUT(encrypted, encrypted_size));
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR encrypted,
                      CK_ULONG_PTR encrypted_size)
{
    return P11_SESSION_CALL(
        handle,
        p11_step(session, P11_ENCRYPT, P11_PLAIN, P11_STEP_UPDATE, part, part_size, encrypted, encrypted_size),
        "part %lu, encrypted %s", part_size, P11_SHOW_OUTPUT(encrypted, encrypted_size));
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR last, CK_ULONG_PTR last_size)
{
    return P11_SESSION_CALL(handle,
                            p11_step(session, P11_ENCRYPT, P11_PLAIN, P11_STEP_FINAL, NULL, 0, last, last_size),
                            "last %s", P11_SHOW_OUTPUT(last, last_size));
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &decrypting, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_Decrypt(CK_SESSION_HANDLE handle, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size, CK_BYTE_PTR data,
                CK_ULONG_PTR data_size)
{
    return P11_SESSION_CALL(
        handle,
        p11_step(session, P11_DECRYPT, P11_PLAIN, P11_STEP_ONCE, encrypted, encrypted_size, data, data_size),
        "encrypted %lu, data %s", encrypted_size, P11_SHOW_OUTPUT(data, data_size));
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size, CK_BYTE_PTR part,
                      CK_ULONG_PTR part_size)
{
    return P11_SESSION_CALL(
        handle,
        p11_step(session, P11_DECRYPT, P11_PLAIN, P11_STEP_UPDATE, encrypted, encrypted_size, part, part_size),
        "encrypted %lu, part %s", encrypted_size, P11_SHOW_OUTPUT(part, part_size));
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR last, CK_ULONG_PTR last_size)
{
    return P11_SESSION_CALL(handle,
                            p11_step(session, P11_DECRYPT, P11_PLAIN, P11_STEP_FINAL, NULL, 0, last, last_size),
                            "last %s", P11_SHOW_OUTPUT(last, last_size));
}
