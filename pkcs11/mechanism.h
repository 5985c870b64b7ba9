/*
 * The mechanism table: one row a mechanism, read by generic code.
 */
#ifndef HUKS_PKCS11_MECHANISM_H
#define HUKS_PKCS11_MECHANISM_H

#include "pkcs11/call.h"

struct p11_mechanism; /* the row; its fields are mechanism.c's and operation.c's business */

/* NULL: no such mechanism (or switched off, or this OpenSSL lacks it). */
const struct p11_mechanism *p11_mechanism_find(CK_MECHANISM_TYPE type);
/* The row, whether it is offered or not: needs no engine. */
const struct p11_mechanism *p11_mechanism_known(CK_MECHANISM_TYPE type);
CK_MECHANISM_TYPE p11_mechanism_type(const struct p11_mechanism *mechanism);
/* C_GetMechanismList and C_GetMechanismInfo read the same rows. */
CK_RV p11_mechanism_list(CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count);
CK_RV p11_mechanism_info(CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info);

/* Is `type` in the item's CKA_ALLOWED_MECHANISMS (true when it has none)? */
bool p11_mechanism_allowed(struct item *item, CK_MECHANISM_TYPE type);
/* Has the item digest, padding or mode sets? And the mechanisms that they leave, CK_MECHANISM_TYPE each. */
bool p11_mechanisms_bound(const struct item *item);
CK_RV p11_mechanisms_permitted(const struct item *item, struct buffer *out);

/* Ends every pending operation of a session (C_CloseSession, C_SessionCancel); `flags` CKF_* selects. */
void p11_operations_cancel(struct p11_session *session, CK_FLAGS flags);
/* C_Logout: ends those whose key is private. */
void p11_operations_logout(struct p11_session *session);
void p11_operations_free(struct p11_session *session);
void p11_find_free(struct p11_session *session);

#endif
