/*
 * The arguments of a call as the log shows them at debug level, given behind the work of P11_CALL and
 * P11_SESSION_CALL:
 *
 *     P11_SESSION_CALL(handle, p11_begin(session, &signing, mechanism, key),
 *                      "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key)
 *
 * They are evaluated and formatted only while debug is on. Shown may be handles, names, flags and lengths:
 * never a PIN (nor its length), a key, data, a token, a mechanism parameter or the value of an attribute.
 */
#ifndef HUKS_PKCS11_ARGUMENT_H
#define HUKS_PKCS11_ARGUMENT_H

#include "pkcs11/cryptoki.h"

#define P11_SHOWN_SIZE    64
#define P11_TEMPLATE_SIZE 264

/* "CKM_AES_CBC[16]": the name and how long the parameter is. A NULL one cancels. */
const char *p11_show_mechanism(char text[P11_SHOWN_SIZE], const CK_MECHANISM *mechanism);
/* "{CKA_CLASS[8] CKA_VALUE[32]}", cut where it becomes long. */
const char *p11_show_template(char text[P11_TEMPLATE_SIZE], const CK_ATTRIBUTE *template, CK_ULONG count);
/* The length that the call left; "query of 64" when no output was asked for. */
const char *p11_show_output(char text[P11_SHOWN_SIZE], const void *output, const CK_ULONG *size);
/* What a pointer to a handle or a number points to; 0 for NULL. */
CK_ULONG p11_show_number(const CK_ULONG *number);
const char *p11_show_user(CK_USER_TYPE user);

/* With room of their own, where they stand. */
#define P11_SHOW_MECHANISM(mechanism) p11_show_mechanism((char[P11_SHOWN_SIZE]){0}, (mechanism))
#define P11_SHOW_TEMPLATE(template_, count)                                                                  \
    p11_show_template((char[P11_TEMPLATE_SIZE]){0}, (template_), (count))
#define P11_SHOW_OUTPUT(output, size) p11_show_output((char[P11_SHOWN_SIZE]){0}, (output), (size))

#endif
