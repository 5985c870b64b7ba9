/* The vendor interface's function list. */
#ifndef HUKS_PKCS11_VENDOR_H
#define HUKS_PKCS11_VENDOR_H

#include "huks/huks_pkcs11.h"

extern const CK_HUKS_FUNCTION_LIST p11_vendor_functions;

#endif
