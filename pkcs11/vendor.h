/* The vendor interface's function list. */
#ifndef HUKS_PKCS11_VENDOR_H
#define HUKS_PKCS11_VENDOR_H

#include "huks/huks_pkcs11.h"

extern const CK_HUKS_FUNCTION_LIST p11_vendor_functions;

/* attest.c */
CK_RV p11_attest_key(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key, CK_BYTE_PTR challenge,
                     CK_ULONG challenge_length, CK_BYTE_PTR chain, CK_ULONG_PTR chain_length);

#endif
