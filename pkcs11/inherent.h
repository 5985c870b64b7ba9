/*
 * Objects that a token has by its nature, PKCS #11 3.2 sections 4.13 and 4.14: the profiles that it meets and
 * the mechanisms that it has. They are nowhere stored, and nobody makes, changes or destroys them.
 */
#ifndef HUKS_PKCS11_INHERENT_H
#define HUKS_PKCS11_INHERENT_H

#include "pkcs11/call.h"

/* Is it the handle of one, there or not? */
bool p11_inherent(CK_OBJECT_HANDLE handle);
/* OBJECT_HANDLE_INVALID unless it is there. */
CK_RV p11_inherent_check(struct p11_session *session, CK_OBJECT_HANDLE handle);
/* One attribute, by the two-call convention. */
CK_RV p11_inherent_attribute(CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *attribute);
/* ACTION_PROHIBITED, or what the check says. */
CK_RV p11_inherent_refuse(struct p11_session *session, CK_OBJECT_HANDLE handle, const char *what);

/*
 * Does a template ask for them? Only one that names their class does: programs that know nothing of them
 * never meet them (sections 4.13 and 4.14).
 */
bool p11_inherent_asked(const CK_ATTRIBUTE *template, CK_ULONG count);
/* Those that match, in memory to be freed. */
CK_RV p11_inherent_find(struct p11_session *session, const CK_ATTRIBUTE *template, CK_ULONG count,
                        uint64_t **handles, size_t *found);

#endif
