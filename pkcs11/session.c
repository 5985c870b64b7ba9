/* Session management: opening, closing, information, cancelling; and what a session's state allows. */
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "pkcs11/slot.h"

/* ---- states ---- */

CK_STATE p11_session_state(const struct p11_session *session)
{
    bool rw = p11_session_rw(session);
    switch (token_role(session->token)) {
    case AUTH_SO:
        return CKS_RW_SO_FUNCTIONS;
    case AUTH_USER:
        return rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    case AUTH_NOBODY:
        break;
    }
    return rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV p11_session_may_write(const struct p11_session *session, bool token_object, bool private_object)
{
    if (token_object && !p11_session_rw(session)) {
        return p11_fail(CKR_SESSION_READ_ONLY, NULL);
    }
    if (private_object && !token_private_open(session->token)) {
        return p11_fail(CKR_USER_NOT_LOGGED_IN, NULL);
    }
    return CKR_OK;
}

/* ---- opening ---- */

/* Why the token took no session: nothing in the slot, or nothing we know, or what the engine says. */
static CK_RV open_refused(struct token *token, CK_RV rv)
{
    struct token_info info;
    if (rv == CKR_SESSION_READ_WRITE_SO_EXISTS || rv == CKR_HOST_MEMORY) {
        return rv;
    }
    P11_TRY_HUKS(token_info(token, &info), P11_AT_TOKEN);
    if (!info.present) {
        return p11_fail(CKR_TOKEN_NOT_PRESENT, NULL);
    }
    P11_TRY_HUKS(token_recognized(&info), P11_AT_TOKEN);
    return info.initialized ? rv : p11_fail(CKR_TOKEN_NOT_RECOGNIZED, NULL);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE_PTR handle)
{
    if (handle == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "session handle");
    }
    struct p11_opening opening = {
        .flags = flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION), .application = application, .notify = notify};
    P11_TRY(p11_slot_find(slot, &opening.token));
    if ((flags & CKF_SERIAL_SESSION) == 0) {
        return p11_fail(CKR_SESSION_PARALLEL_NOT_SUPPORTED, NULL);
    }
    if ((flags & CKF_ASYNC_SESSION) != 0) {
        return p11_fail(CKR_SESSION_ASYNC_NOT_SUPPORTED, NULL);
    }
    CK_SESSION_HANDLE opened = CK_INVALID_HANDLE;
    CK_RV rv = p11_session_open(p11_module()->sessions, &opening, &opened);
    if (rv != CKR_OK) {
        return open_refused(opening.token, rv);
    }
    *handle = opened;
    return CKR_OK;
}

CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                    CK_SESSION_HANDLE_PTR handle)
{
    return P11_CALL(open_session(slot, flags, application, notify, handle),
                    "slot 0x%lx, flags 0x%lx, handle 0x%lx", slot, flags, p11_show_number(handle));
}

/* ---- closing ---- */

static CK_RV close_session(struct p11_session *session)
{
    p11_session_close(p11_module()->sessions, session);
    return CKR_OK;
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, close_session(session));
}

static CK_RV close_all(CK_SLOT_ID slot)
{
    struct token *token;
    P11_TRY(p11_slot_find(slot, &token));
    p11_sessions_each(p11_module()->sessions, token, p11_session_close);
    return CKR_OK;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
    return P11_CALL(close_all(slot), "slot 0x%lx", slot);
}

/* ---- information ---- */

static CK_RV get_session_info(const struct p11_session *session, CK_SESSION_INFO_PTR info)
{
    if (info == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "session information");
    }
    *info = (CK_SESSION_INFO){.slotID = token_slot_id(session->token),
                              .state = p11_session_state(session),
                              .flags = session->flags,
                              .ulDeviceError = session->last_error};
    return CKR_OK;
}

/* Asking for the last call's error is no call whose success would hide it. */
CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO_PTR info)
{
    struct p11_call call;
    CK_RV rv = p11_enter_session(&call, __func__, handle);
    if (rv == CKR_OK) {
        rv = get_session_info(call.session, info);
        call.observes = rv == CKR_OK;
    }
    return p11_leave(&call, rv);
}

/* PKCS #11 3.2: nothing here is validated by an authority, so no flag is set. */
static CK_RV get_validation_flags(CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags)
{
    if (flags == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "validation flags");
    }
    if (type != CKS_LAST_VALIDATION_OK) {
        return p11_fail(CKR_ARGUMENTS_BAD, "type of validation flags");
    }
    *flags = 0;
    return CKR_OK;
}

CK_RV C_GetSessionValidationFlags(CK_SESSION_HANDLE handle, CK_SESSION_VALIDATION_FLAGS_TYPE type,
                                  CK_FLAGS *flags)
{
    return P11_SESSION_CALL(handle, get_validation_flags(type, flags), "type 0x%lx, flags 0x%lx", type,
                            p11_show_number(flags));
}

/* ---- cancelling ---- */

CK_RV C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
    char text[P11_NOTE_SIZE];
    struct p11_call call;
    CK_RV rv = p11_enter_cancelling(&call, __func__, handle);
    if (rv == CKR_OK) {
        p11_operations_cancel(call.session, flags);
        if (log_enabled(HUKS_LOG_DEBUG)) {
            call.note = p11_note(text, "flags 0x%lx", flags);
        }
    }
    return p11_leave(&call, rv);
}

/* Legacy: there are no functions that run in parallel. */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_fail(CKR_FUNCTION_NOT_PARALLEL, NULL));
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_fail(CKR_FUNCTION_NOT_PARALLEL, NULL));
}
