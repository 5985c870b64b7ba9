/* The vendor interface's functions, and the list of them. */
#ifndef HUKS_PKCS11_VENDOR_H
#define HUKS_PKCS11_VENDOR_H

#include "pkcs11/cryptoki.h"

#include "huks/huks_pkcs11.h"

/* These work in this process. */
extern const CK_HUKS_FUNCTION_LIST p11_vendor_functions;
/* These go where the exported functions go (dispatch.c): in the module alone. */
extern const CK_HUKS_FUNCTION_LIST p11_vendor_exports;

/* As huks_pkcs11.h has them. */
CK_RV p11_GetLastError(CK_HUKS_ERROR *error);
CK_LONG p11_ErrorOf(CK_RV rv);
CK_RV p11_GetLimits(CK_SLOT_ID slot, CK_HUKS_LIMITS *limits);
CK_RV p11_GetChallenge(CK_SESSION_HANDLE handle, CK_FLAGS operation, CK_BYTE_PTR challenge,
                       CK_ULONG_PTR length);
CK_RV p11_SetAuthToken(CK_SESSION_HANDLE handle, CK_FLAGS operation, CK_BYTE_PTR token, CK_ULONG length);
CK_RV p11_AttestKey(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key, CK_BYTE_PTR challenge,
                    CK_ULONG challenge_length, CK_BYTE_PTR chain, CK_ULONG_PTR chain_length); /* attest.c */

#endif
