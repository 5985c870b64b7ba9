/*
 * Asynchronous sessions of PKCS #11 3.2, section 5.21: there are none here, C_OpenSession refuses them. So
 * nothing ever runs on behind a call, and whoever asks after it is told that.
 */
#include "pkcs11/call.h"

static CK_RV no_async(const CK_UTF8CHAR *function)
{
    return function == NULL ? p11_fail(CKR_ARGUMENTS_BAD, "function name")
                            : p11_fail(CKR_SESSION_ASYNC_NOT_SUPPORTED, NULL);
}

CK_RV C_AsyncComplete(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR result)
{
    (void)result;
    return P11_SESSION_CALL(handle, no_async(function));
}

CK_RV C_AsyncGetID(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id)
{
    (void)id;
    return P11_SESSION_CALL(handle, no_async(function));
}

CK_RV C_AsyncJoin(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ULONG id, CK_BYTE_PTR data,
                  CK_ULONG data_size)
{
    (void)id;
    (void)data;
    (void)data_size;
    return P11_SESSION_CALL(handle, no_async(function));
}
