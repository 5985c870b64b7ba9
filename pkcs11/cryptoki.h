/*
 * Cryptoki 3.2 on top of the installed <p11-kit/pkcs11.h>, whatever that one's level is.
 *
 * 0.24 brings 2.40; newer ones bring 3.0 or more, and which parameter structs they have differs from release
 * to release. So constants are set to the standard's values (constants.h), parameter structs are types of
 * our own under the standard's name (parameters.h), and what functions mention (CK_INTERFACE, the function
 * lists, CK_ASYNC_DATA) is added where configure found it missing.
 *
 * Functions declared here are the module's exports; everything else stays hidden.
 */
#ifndef HUKS_PKCS11_CRYPTOKI_H
#define HUKS_PKCS11_CRYPTOKI_H

#pragma GCC visibility push(default)
#include <p11-kit/pkcs11.h>

/* 0.24's compatibility macros that it forgets to take back: they would rename other headers' members. */
#undef ck_rsa_pkcs_mgf_type_t
#undef ck_rsa_pkcs_oaep_source_type_t
#undef hash_alg
#undef s_len
#undef source_data
#undef source_data_len
#undef counter_bits
#undef iv_ptr
#undef iv_len
#undef iv_bits
#undef aad_ptr
#undef aad_len
#undef tag_bits
#undef shared_data_len
#undef shared_data
#undef public_data_len
#undef public_data
#undef string_data
#undef string_data_len
#undef data_params
#undef parameter_len

#include "pkcs11/constants.h"
#include "pkcs11/constants-mechanism.h"
#include "pkcs11/functions.h"
#include "pkcs11/parameters.h"

#if !defined HAVE_PKCS11_3_0

typedef struct CK_INTERFACE {
    CK_UTF8CHAR_PTR pInterfaceName;
    CK_VOID_PTR pFunctionList;
    CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;

/* The type of a function's pointer and the function. */
#define P11_DECLARE(name, arguments)                                                                         \
    typedef CK_RV(*CK_##name) arguments;                                                                     \
    CK_RV name arguments

P11_DECLARE(C_GetInterfaceList, (CK_INTERFACE_PTR list, CK_ULONG_PTR count));
P11_DECLARE(C_GetInterface,
            (CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR found, CK_FLAGS flags));
P11_DECLARE(C_LoginUser, (CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
                          CK_ULONG pin_length, CK_UTF8CHAR_PTR user_name, CK_ULONG user_name_length));
P11_DECLARE(C_SessionCancel, (CK_SESSION_HANDLE handle, CK_FLAGS flags));

P11_DECLARE(C_MessageEncryptInit,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key));
P11_DECLARE(C_EncryptMessage, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length,
                               CK_BYTE_PTR aad, CK_ULONG aad_length, CK_BYTE_PTR plain, CK_ULONG plain_length,
                               CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_length));
P11_DECLARE(C_EncryptMessageBegin, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter,
                                    CK_ULONG parameter_length, CK_BYTE_PTR aad, CK_ULONG aad_length));
P11_DECLARE(C_EncryptMessageNext,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length, CK_BYTE_PTR part,
             CK_ULONG part_length, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_length, CK_FLAGS flags));
P11_DECLARE(C_MessageEncryptFinal, (CK_SESSION_HANDLE handle));

P11_DECLARE(C_MessageDecryptInit,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key));
P11_DECLARE(C_DecryptMessage, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length,
                               CK_BYTE_PTR aad, CK_ULONG aad_length, CK_BYTE_PTR encrypted,
                               CK_ULONG encrypted_length, CK_BYTE_PTR plain, CK_ULONG_PTR plain_length));
P11_DECLARE(C_DecryptMessageBegin, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter,
                                    CK_ULONG parameter_length, CK_BYTE_PTR aad, CK_ULONG aad_length));
P11_DECLARE(C_DecryptMessageNext, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length,
                                   CK_BYTE_PTR encrypted, CK_ULONG encrypted_length, CK_BYTE_PTR part,
                                   CK_ULONG_PTR part_length, CK_FLAGS flags));
P11_DECLARE(C_MessageDecryptFinal, (CK_SESSION_HANDLE handle));

P11_DECLARE(C_MessageSignInit, (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key));
P11_DECLARE(C_SignMessage,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length, CK_BYTE_PTR data,
             CK_ULONG data_length, CK_BYTE_PTR signature, CK_ULONG_PTR signature_length));
P11_DECLARE(C_SignMessageBegin, (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length));
P11_DECLARE(C_SignMessageNext,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length, CK_BYTE_PTR part,
             CK_ULONG part_length, CK_BYTE_PTR signature, CK_ULONG_PTR signature_length));
P11_DECLARE(C_MessageSignFinal, (CK_SESSION_HANDLE handle));

P11_DECLARE(C_MessageVerifyInit,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key));
P11_DECLARE(C_VerifyMessage,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length, CK_BYTE_PTR data,
             CK_ULONG data_length, CK_BYTE_PTR signature, CK_ULONG signature_length));
P11_DECLARE(C_VerifyMessageBegin,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length));
P11_DECLARE(C_VerifyMessageNext,
            (CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_length, CK_BYTE_PTR part,
             CK_ULONG part_length, CK_BYTE_PTR signature, CK_ULONG signature_length));
P11_DECLARE(C_MessageVerifyFinal, (CK_SESSION_HANDLE handle));
#undef P11_DECLARE

#define P11_MEMBER(name) CK_##name name;
typedef struct CK_FUNCTION_LIST_3_0 {
    CK_VERSION version;
    P11_FUNCTIONS_3_0(P11_MEMBER)
} CK_FUNCTION_LIST_3_0;
#undef P11_MEMBER

#endif /* !HAVE_PKCS11_3_0 */

#if !defined HAVE_PKCS11_3_2

typedef CK_ULONG CK_SESSION_VALIDATION_FLAGS_TYPE;

typedef struct CK_ASYNC_DATA {
    CK_ULONG ulVersion;
    CK_BYTE_PTR pValue;
    CK_ULONG ulValue;
    CK_OBJECT_HANDLE hObject;
    CK_OBJECT_HANDLE hAdditionalObject;
} CK_ASYNC_DATA;
typedef CK_ASYNC_DATA *CK_ASYNC_DATA_PTR;

#define P11_DECLARE(name, arguments)                                                                         \
    typedef CK_RV(*CK_##name) arguments;                                                                     \
    CK_RV name arguments

P11_DECLARE(C_EncapsulateKey,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key,
             CK_ATTRIBUTE_PTR template, CK_ULONG attribute_count, CK_BYTE_PTR encrypted,
             CK_ULONG_PTR encrypted_length, CK_OBJECT_HANDLE_PTR key));
P11_DECLARE(C_DecapsulateKey,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE private_key,
             CK_ATTRIBUTE_PTR template, CK_ULONG attribute_count, CK_BYTE_PTR encrypted,
             CK_ULONG encrypted_length, CK_OBJECT_HANDLE_PTR key));
P11_DECLARE(C_VerifySignatureInit, (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism,
                                    CK_OBJECT_HANDLE key, CK_BYTE_PTR signature, CK_ULONG signature_length));
P11_DECLARE(C_VerifySignature, (CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_length));
P11_DECLARE(C_VerifySignatureUpdate, (CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_length));
P11_DECLARE(C_VerifySignatureFinal, (CK_SESSION_HANDLE handle));
P11_DECLARE(C_GetSessionValidationFlags,
            (CK_SESSION_HANDLE handle, CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags));
P11_DECLARE(C_AsyncComplete, (CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR result));
P11_DECLARE(C_AsyncGetID, (CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id));
P11_DECLARE(C_AsyncJoin, (CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR function, CK_ULONG id, CK_BYTE_PTR data,
                          CK_ULONG data_length));
P11_DECLARE(C_WrapKeyAuthenticated, (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism,
                                     CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR aad,
                                     CK_ULONG aad_length, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_length));
P11_DECLARE(C_UnwrapKeyAuthenticated,
            (CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
             CK_BYTE_PTR wrapped, CK_ULONG wrapped_length, CK_ATTRIBUTE_PTR template,
             CK_ULONG attribute_count, CK_BYTE_PTR aad, CK_ULONG aad_length, CK_OBJECT_HANDLE_PTR key));
#undef P11_DECLARE

#define P11_MEMBER(name) CK_##name name;
typedef struct CK_FUNCTION_LIST_3_2 {
    CK_VERSION version;
    P11_FUNCTIONS_3_2(P11_MEMBER)
} CK_FUNCTION_LIST_3_2;
#undef P11_MEMBER

#endif /* !HAVE_PKCS11_3_2 */

/*
 * The functions that do the work have the standard's names in C and names of their own in object files: the exported
 * ones (dispatch.c, which asks for them by P11_EXPORTS) choose between these and the service.
 */
#if !defined P11_EXPORTS
#define P11_LABEL(name) extern __typeof__(name) name __asm__("huks_" #name);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
P11_FUNCTIONS_3_2(P11_LABEL)
#pragma GCC diagnostic pop
#undef P11_LABEL
#endif
#pragma GCC visibility pop

#endif
