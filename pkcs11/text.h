/*
 * The fixed texts of Cryptoki's information structs: blank padded, without an end.
 */
#ifndef HUKS_PKCS11_TEXT_H
#define HUKS_PKCS11_TEXT_H

#include <stddef.h>

#include "pkcs11/cryptoki.h"

#define P11_MANUFACTURER "huks-pkcs11"

/* Fills `field` with the text and blanks. A text that is too long is cut between UTF-8 characters. */
void p11_pad(CK_UTF8CHAR *field, size_t size, const char *text);

/* The package's version. */
CK_VERSION p11_library_version(void);

#endif
