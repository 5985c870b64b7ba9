/*
 * How every C_* function begins and ends, and the Cryptoki session.
 *
 * A C_* function is a line: it enters, calls the function that does the work, and leaves. Entering finds
 * out whether the module is initialised in this process (not in a forked child), counts the running call
 * (C_Finalize waits for these), clears the thread's error record, and for a function with a session handle
 * finds and locks the session. Leaving notes the code in the session for ulDeviceError, completes the
 * record where a CKR_* was answered without one, and logs: failures at level error, at debug every call with
 * those of its arguments that argument.h can show.
 *
 *     CK_RV C_Sign(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, …)
 *     {
 *         return P11_SESSION_CALL(handle, sign_once(session, data, …), "data %lu", size);
 *     }
 */
#ifndef HUKS_PKCS11_CALL_H
#define HUKS_PKCS11_CALL_H

#include "common/log.h"
#include "pkcs11/argument.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/errors.h"
#include "service/engine.h"
#include "service/operate.h"

/* The kinds of operation that can be pending in a session, each once. */
enum p11_kind {
    P11_ENCRYPT,
    P11_DECRYPT,
    P11_DIGEST,
    P11_SIGN,   /* sign and sign-recover */
    P11_VERIFY, /* verify, verify-recover, verify-signature */
    P11_KINDS
};

/* The functions that an operation of a kind was begun by, and that alone may go on with it. */
enum p11_form {
    P11_PLAIN,
    P11_RECOVER,   /* C_SignRecoverInit, C_VerifyRecoverInit              */
    P11_MESSAGES,  /* C_MessageEncryptInit …: one operation, many messages */
    P11_SIGNATURE, /* C_VerifySignatureInit: the signature came first     */
    P11_FORMS
};

struct p11_mechanism; /* a row of the mechanism table, mechanism.h */
struct p11_message;   /* message.h: what lasts from one message to the next */

/* One pending operation. */
struct p11_operation {
    struct operation operation;             /* pending when operation_pending() */
    const struct p11_mechanism *mechanism;
    enum p11_form form;
    struct p11_message *message;            /* P11_MESSAGES */
    struct buffer signature;                /* P11_SIGNATURE */
    bool multipart;                         /* an Update was called: the one-call form is now out of order */
};

/* Uses of a key that are one call, and may be authenticated before it comes. */
enum p11_one_call { P11_CALL_DERIVE, P11_CALL_WRAP, P11_CALL_UNWRAP, P11_CALL_DECAPSULATE, P11_ONE_CALLS };

struct p11_find; /* find.c: a search in progress */

struct p11_session {
    CK_SESSION_HANDLE handle;
    struct token *token;
    CK_FLAGS flags;                         /* CKF_SERIAL_SESSION, CKF_RW_SESSION */
    CK_VOID_PTR application;
    CK_NOTIFY notify;
    CK_ULONG last_error;                    /* ulDeviceError: HUKS code of the last call, 0 after success */
    struct p11_operation pending[P11_KINDS];
    struct guard *awaited[P11_ONE_CALLS];   /* GetChallenge was called for such a call to come; else NULL */
    struct p11_find *find;                  /* NULL: none */
};

/* The module's engine while a call runs. */
struct engine *p11_engine(void);

struct p11_call {
    const char *function;
    CK_SESSION_HANDLE handle;
    const char *note;            /* the arguments for the log; NULL: none, or nobody wants to see them */
    struct p11_session *session; /* NULL in calls without one */
    struct error_here *thread;   /* its last failure's code; the door's number (its stripe, plus 1) and last answer */
    unsigned stripe;             /* running-call counter */
    bool entered;                /* counted there */
    bool locked;                 /* the session is */
    bool observes;               /* leaves ulDeviceError as it is */
};

/* Enter without and with a session; p11_leave() even when they fail. */
CK_RV p11_enter(struct p11_call *call, const char *function);
CK_RV p11_enter_session(struct p11_call *call, const char *function, CK_SESSION_HANDLE handle);
/* The same for a call that ends what another one is waiting for in the session. */
CK_RV p11_enter_cancelling(struct p11_call *call, const char *function, CK_SESSION_HANDLE handle);
/* Enters a function that the service carries out; it has no session here. */
CK_RV p11_enter_remote(struct p11_call *call, const char *function);
/* Enters a function that may be called at any time: initialised or not, in a forked child too. */
void p11_enter_any(struct p11_call *call, const char *function);
CK_RV p11_leave(struct p11_call *call, CK_RV rv);
/*
 * Gives the session's lock back before the call ends: what works on other sessions or waits for other calls
 * must not hold one. The session may be closed from here on.
 */
void p11_unlock_session(struct p11_call *call);

/* What the calling thread's last function returned, for GetLastError. */
CK_RV p11_last_rv(void);

/* Formats the arguments for the log into `text`. */
#define P11_NOTE_SIZE 700 /* two templates; and the line still has room for the answer */
const char *p11_note(char text[P11_NOTE_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The middle of a call: the work, then what the log shows of its arguments, a printf format and what belongs
 * to it. These are evaluated only while debug logging is on, after the work, so that lengths and handles are
 * what it left in them; and not at all when the call could not enter.
 */
#define P11_WORK_(call_, rv_, work, ...)                                                                     \
    __VA_OPT__(char p11_text_[P11_NOTE_SIZE];)                                                               \
    if ((rv_) == CKR_OK) {                                                                                   \
        (rv_) = (work);                                                                                      \
        __VA_OPT__(if (log_enabled(HUKS_LOG_DEBUG)) { (call_).note = p11_note(p11_text_, __VA_ARGS__); })    \
    }

/* Under another name than the C function's own: the vendor interface. */
#define P11_CALL_AS(name_, ...)                                                                              \
    __extension__({                                                                                          \
        struct p11_call p11_call_;                                                                           \
        CK_RV p11_rv_ = p11_enter(&p11_call_, (name_));                                                      \
        P11_WORK_(p11_call_, p11_rv_, __VA_ARGS__)                                                           \
        p11_leave(&p11_call_, p11_rv_);                                                                      \
    })
#define P11_SESSION_CALL_AS(name_, handle_, ...)                                                             \
    __extension__({                                                                                          \
        struct p11_call p11_call_;                                                                           \
        CK_RV p11_rv_ = p11_enter_session(&p11_call_, (name_), (handle_));                                   \
        struct p11_session *session = p11_call_.session;                                                     \
        (void)session;                                                                                       \
        P11_WORK_(p11_call_, p11_rv_, __VA_ARGS__)                                                           \
        p11_leave(&p11_call_, p11_rv_);                                                                      \
    })
/* (work) or (work, format, arguments …) */
#define P11_CALL(...) P11_CALL_AS(__func__, __VA_ARGS__)
/* `work` may use the name `session`. */
#define P11_SESSION_CALL(handle_, ...) P11_SESSION_CALL_AS(__func__, handle_, __VA_ARGS__)

/* Which sessions a login state allows: PKCS #11 state machine (CKS_*). */
CK_STATE p11_session_state(const struct p11_session *session);
static inline bool p11_session_rw(const struct p11_session *session)
{
    return (session->flags & CKF_RW_SESSION) != 0;
}
/*
 * May this session create, change or destroy such an object? SESSION_READ_ONLY for token objects in a
 * read-only session, USER_NOT_LOGGED_IN for private ones before login.
 */
CK_RV p11_session_may_write(const struct p11_session *session, bool token_object, bool private_object);

#endif
