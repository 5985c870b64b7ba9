/*
 * Authentication for pending operations: of the key's user, by PIN, finger, face, or a token that says so.
 */
#ifndef HUKS_PKCS11_AUTHENTICATE_H
#define HUKS_PKCS11_AUTHENTICATE_H

#include "pkcs11/call.h"

/*
 * C_Login(CKU_CONTEXT_SPECIFIC), for everything bound that is pending in the session. A null or empty PIN
 * asks fingers and faces. Nothing that waits: OPERATION_NOT_INITIALIZED. Failing changes nothing but the
 * PIN's tries.
 */
CK_RV p11_context_login(struct p11_session *session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size);

/*
 * The vendor interface's GetChallenge and SetAuthToken. `operation` is one CKF_* bit, or 0 for the only one
 * pending. CKF_DERIVE, CKF_WRAP, CKF_UNWRAP and CKF_DECAPSULATE stand for a call to come.
 */
CK_RV p11_challenge_get(struct p11_session *session, CK_FLAGS operation, CK_BYTE *challenge,
                        CK_ULONG *length);
CK_RV p11_auth_token_set(struct p11_session *session, CK_FLAGS operation, const CK_BYTE *token,
                         CK_ULONG length);

/* Forgets what awaits a call of the kinds in `flags` (CKF_DERIVE, …). */
void p11_awaited_cancel(struct p11_session *session, CK_FLAGS flags);

#endif
