/*
 * Login, logout and PINs: the standard's state machine over the engine's roles. A null PIN is refused for
 * every role: nothing but the PIN opens class CE. Context logins are authenticate.c's.
 */
#include "common/memory.h"
#include "pkcs11/authenticate.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "service/token.h"

static CK_RV check_pin(CK_UTF8CHAR_PTR pin)
{
    return pin != NULL ? CKR_OK : p11_fail(CKR_ARGUMENTS_BAD, "PIN");
}

/* ---- C_Login ---- */

/* Under the token's login lock. PKCS #11, C_Login: an SO is alone with read-write sessions. */
static CK_RV login_allowed(const struct p11_session *session, enum auth_who who)
{
    enum auth_who role = token_role(session->token);
    if (role != AUTH_NOBODY && role != who) {
        return p11_fail(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, NULL);
    }
    if (who == AUTH_SO && p11_sessions_read_only(p11_module()->sessions, session->token) > 0) {
        return p11_fail(CKR_SESSION_READ_ONLY_EXISTS, NULL);
    }
    return CKR_OK;
}

/* Under the token's login lock. A second login tests the PIN too: the right one renews the time. */
static CK_RV login_locked(struct p11_session *session, enum auth_who who, struct bytes pin)
{
    P11_TRY(login_allowed(session, who));
    bool already = token_role(session->token) == who;
    P11_TRY_HUKS(token_login(session->token, who, pin), P11_AT_LOGIN);
    if (already) {
        return p11_fail(CKR_USER_ALREADY_LOGGED_IN, NULL);
    }
    /* A read-only session that was opened while the PIN was tested saw no SO. */
    CK_RV rv = login_allowed(session, who);
    if (rv != CKR_OK) {
        token_logout(session->token);
    }
    return rv;
}

static CK_RV login_as(struct p11_session *session, enum auth_who who, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    P11_TRY(check_pin(pin));
    p11_login_lock(p11_module()->sessions, session->token);
    CK_RV rv = login_locked(session, who, bytes_of(pin, pin_size));
    p11_login_unlock(p11_module()->sessions, session->token);
    return rv;
}

static CK_RV login(struct p11_session *session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    switch (user) {
    case CKU_SO:
        return login_as(session, AUTH_SO, pin, pin_size);
    case CKU_USER:
        return login_as(session, AUTH_USER, pin, pin_size);
    case CKU_CONTEXT_SPECIFIC:
        return p11_context_login(session, pin, pin_size);
    default:
        return p11_fail(CKR_USER_TYPE_INVALID, NULL);
    }
}

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    return P11_SESSION_CALL(handle, login(session, user, pin, pin_size), "user %s", p11_show_user(user));
}

/* A token here has one user, without a name. */
static CK_RV login_user(struct p11_session *session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
                        CK_ULONG pin_size, CK_ULONG name_size)
{
    if (name_size != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "user name");
    }
    return login(session, user, pin, pin_size);
}

CK_RV C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size,
                  CK_UTF8CHAR_PTR name, CK_ULONG name_size)
{
    (void)name;
    return P11_SESSION_CALL(handle, login_user(session, user, pin, pin_size, name_size), "user %s",
                            p11_show_user(user));
}

/* ---- C_Logout ---- */

static void logout_visit(struct p11_sessions *sessions, struct p11_session *session)
{
    (void)sessions;
    p11_operations_logout(session);
}

/*
 * The operations of private keys end in every session of the token, whichever thread works there: so this
 * call must not hold its own session. Its token stays: tokens live as long as the engine.
 */
static CK_RV logout(struct p11_call *call)
{
    struct p11_sessions *sessions = p11_module()->sessions;
    struct token *token = call->session->token;
    p11_login_lock(sessions, token);
    bool logged_in = token_role(token) != AUTH_NOBODY;
    if (logged_in) {
        token_logout(token);
    }
    p11_login_unlock(sessions, token);
    if (!logged_in) {
        return p11_fail(CKR_USER_NOT_LOGGED_IN, NULL);
    }
    p11_unlock_session(call);
    p11_sessions_each(sessions, token, logout_visit);
    return CKR_OK;
}

CK_RV C_Logout(CK_SESSION_HANDLE handle)
{
    struct p11_call call;
    CK_RV rv = p11_enter_session(&call, __func__, handle);
    return p11_leave(&call, rv == CKR_OK ? logout(&call) : rv);
}

/* ---- PINs ---- */

static CK_RV check_new_pin(struct p11_session *session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    struct token_info info;
    P11_TRY(check_pin(pin));
    P11_TRY_HUKS(token_info(session->token, &info), P11_AT_LOGIN);
    return pin_size >= info.pin_min && pin_size <= info.pin_max ? CKR_OK : p11_fail(CKR_PIN_LEN_RANGE, NULL);
}

static CK_RV init_pin(struct p11_session *session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    if (p11_session_state(session) != CKS_RW_SO_FUNCTIONS) {
        return p11_fail(CKR_USER_NOT_LOGGED_IN, NULL);
    }
    P11_TRY(check_new_pin(session, pin, pin_size));
    return p11_rv(token_init_pin(session->token, bytes_of(pin, pin_size)), P11_AT_LOGIN);
}

CK_RV C_InitPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    return P11_SESSION_CALL(handle, init_pin(session, pin, pin_size));
}

/* The PIN of who is logged in; of the user when nobody is. */
static CK_RV set_pin(struct p11_session *session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_size,
                     CK_UTF8CHAR_PTR new_pin, CK_ULONG new_size)
{
    if (!p11_session_rw(session)) {
        return p11_fail(CKR_SESSION_READ_ONLY, NULL);
    }
    P11_TRY(check_pin(old_pin));
    P11_TRY(check_new_pin(session, new_pin, new_size));
    enum auth_who who = token_role(session->token) == AUTH_SO ? AUTH_SO : AUTH_USER;
    return p11_rv(
        token_set_pin(session->token, who, bytes_of(old_pin, old_size), bytes_of(new_pin, new_size)),
        P11_AT_LOGIN);
}

CK_RV C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_size, CK_UTF8CHAR_PTR new_pin,
               CK_ULONG new_size)
{
    return P11_SESSION_CALL(handle, set_pin(session, old_pin, old_size, new_pin, new_size));
}
