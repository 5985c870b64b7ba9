/* See text.h. */
#include "pkcs11/text.h"

#include <stdlib.h>
#include <string.h>

/* By hand-made builds without configure. */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.0.0"
#endif

void p11_pad(CK_UTF8CHAR *field, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length > size) {
        length = size;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(field, text, length);
    memset(field + length, ' ', size - length);
}

CK_VERSION p11_library_version(void)
{
    char *minor;
    unsigned long major = strtoul(PACKAGE_VERSION, &minor, 10);
    return (CK_VERSION){(CK_BYTE)major, (CK_BYTE)strtoul(minor + (*minor == '.'), NULL, 10)};
}
