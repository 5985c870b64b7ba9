/*
 * The Cryptoki sessions of this process.
 *
 * A handle is a slot's number and the slot's generation, so a handle that was closed is never taken for
 * another session's. Finding a session takes no lock but its own; each session is worked on by one call at a
 * time, and closing one waits for the call that another thread has in it.
 */
#ifndef HUKS_PKCS11_SESSION_TABLE_H
#define HUKS_PKCS11_SESSION_TABLE_H

#include "pkcs11/call.h"

struct p11_sessions;

/* NULL: no memory. */
struct p11_sessions *p11_sessions_new(void);
/* Ends every session and frees the table. No call may be running. */
void p11_sessions_free(struct p11_sessions *sessions);

struct p11_opening {
    struct token *token;
    CK_FLAGS flags; /* CKF_SERIAL_SESSION, CKF_RW_SESSION */
    CK_VOID_PTR application;
    CK_NOTIFY notify;
};
/* SESSION_READ_WRITE_SO_EXISTS is found here. */
CK_RV p11_session_open(struct p11_sessions *sessions, const struct p11_opening *opening, CK_SESSION_HANDLE *handle);
/* The session, locked; NULL when the handle is none. */
struct p11_session *p11_session_lock(struct p11_sessions *sessions, CK_SESSION_HANDLE handle);
void p11_session_unlock(struct p11_session *session);
/* Ends what a call in this session waits for outside, a finger, so that it gives the session's lock back. */
void p11_session_interrupt(struct p11_sessions *sessions, CK_SESSION_HANDLE handle);
/* Ends a locked session: operations, session objects, and with the last one of a token its login. */
void p11_session_close(struct p11_sessions *sessions, struct p11_session *session);
/* Calls `visit` with each session of the token, locked, one after the other. The caller holds none. */
void p11_sessions_each(struct p11_sessions *sessions, const struct token *token,
                       void (*visit)(struct p11_sessions *sessions, struct p11_session *session));
/* Read-only sessions of the token now. */
size_t p11_sessions_read_only(struct p11_sessions *sessions, const struct token *token);

/* Serialises C_Login and C_Logout on a token that has a session: who came second learns it. */
void p11_login_lock(struct p11_sessions *sessions, const struct token *token);
void p11_login_unlock(struct p11_sessions *sessions, const struct token *token);

#endif
