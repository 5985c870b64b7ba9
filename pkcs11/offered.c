/*
 * Functions of PKCS #11 3.0 to 3.2 that this version does not offer. They stand in every list, are calls
 * like any other (a wrong session is told first), and say by name what is not supported.
 */
#include "pkcs11/call.h"

/* name, parameters behind the session handle */
#define NOT_OFFERED(name, ...)                                                                               \
    CK_RV name(CK_SESSION_HANDLE handle, ##__VA_ARGS__)                                                      \
    {                                                                                                        \
        return P11_SESSION_CALL(handle, p11_fail(CKR_FUNCTION_NOT_SUPPORTED, "function " #name));            \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* ---- 3.2 ---- */

NOT_OFFERED(C_EncapsulateKey, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key,
            CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_size,
            CK_OBJECT_HANDLE_PTR key)
NOT_OFFERED(C_DecapsulateKey, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE private_key,
            CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size,
            CK_OBJECT_HANDLE_PTR key)
NOT_OFFERED(C_AsyncComplete, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR result)
NOT_OFFERED(C_AsyncGetID, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id)
NOT_OFFERED(C_AsyncJoin, CK_UTF8CHAR_PTR function, CK_ULONG id, CK_BYTE_PTR data, CK_ULONG data_size)
NOT_OFFERED(C_WrapKeyAuthenticated, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
            CK_OBJECT_HANDLE key, CK_BYTE_PTR aad, CK_ULONG aad_size, CK_BYTE_PTR wrapped,
            CK_ULONG_PTR wrapped_size)
NOT_OFFERED(C_UnwrapKeyAuthenticated, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
            CK_BYTE_PTR wrapped, CK_ULONG wrapped_size, CK_ATTRIBUTE_PTR template, CK_ULONG count,
            CK_BYTE_PTR aad, CK_ULONG aad_size, CK_OBJECT_HANDLE_PTR key)
