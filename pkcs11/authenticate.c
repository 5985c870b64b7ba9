/*
 * See authenticate.h. PKCS #11 3.1 section 5.6.9 and CKA_ALWAYS_AUTHENTICATE (4.9); the rules themselves are
 * the engine's (service/guard.h).
 */
#include "pkcs11/authenticate.h"

#include <string.h>

#include "pkcs11/operation.h"

#define AUTH_TOKEN_LENGTH 280

static const CK_FLAGS call_flags[P11_ONE_CALLS] = {
    [P11_CALL_DERIVE] = CKF_DERIVE,
    [P11_CALL_WRAP] = CKF_WRAP,
    [P11_CALL_UNWRAP] = CKF_UNWRAP,
    [P11_CALL_DECAPSULATE] = CKF_DECAPSULATE,
};

static CK_RV nothing_pending(void)
{
    return p11_fail(CKR_OPERATION_NOT_INITIALIZED, "state: no operation waits for an authentication");
}

/* ---- which operation is meant ---- */

/* A place where a guard may be: a pending operation with a key, or a call to come. */
struct place {
    bool pending;
    struct guard *guard;
};

/* The flag of one of its forms. */
static bool is_kind(unsigned kind, CK_FLAGS flags)
{
    for (unsigned form = 0; form < P11_FORMS; form++) {
        if (p11_operation_flags[kind][form] == flags) {
            return true;
        }
    }
    return false;
}

static struct place place_of_kind(const struct p11_session *session, unsigned kind)
{
    const struct operation *operation = &session->pending[kind].operation;
    bool keyed = operation_pending(operation) && operation->item != NULL;
    return (struct place){keyed, keyed ? operation->guard : NULL};
}

static struct place place_of_call(const struct p11_session *session, unsigned call)
{
    return (struct place){session->awaited[call] != NULL, session->awaited[call]};
}

#define PLACES (P11_KINDS + P11_ONE_CALLS)

static void places_of(const struct p11_session *session, struct place places[PLACES])
{
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        places[kind] = place_of_kind(session, kind);
    }
    for (unsigned call = 0; call < P11_ONE_CALLS; call++) {
        places[P11_KINDS + call] = place_of_call(session, call);
    }
}

/* The only one, for callers that leave it to us. */
static CK_RV only_place(const struct p11_session *session, struct place *out)
{
    struct place places[PLACES];
    unsigned found = 0;
    places_of(session, places);
    for (unsigned i = 0; i < PLACES; i++) {
        if (places[i].pending) {
            *out = places[i];
            found++;
        }
    }
    if (found == 0) {
        return nothing_pending();
    }
    return found == 1 ? CKR_OK : p11_fail(CKR_ARGUMENTS_BAD, "operation: several are pending");
}

static CK_RV find_place(const struct p11_session *session, CK_FLAGS flags, struct place *out)
{
    if (flags == 0) {
        return only_place(session, out);
    }
    *out = (struct place){false, NULL};
    bool known = false;
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        if (is_kind(kind, flags)) {
            bool same = p11_operation_flags[kind][session->pending[kind].form] == flags;
            *out = same ? place_of_kind(session, kind) : *out;
            known = true;
        }
    }
    for (unsigned call = 0; call < P11_ONE_CALLS; call++) {
        if (call_flags[call] == flags) {
            *out = place_of_call(session, call);
            known = true;
        }
    }
    if (!known) {
        return p11_fail(CKR_ARGUMENTS_BAD, "operation: one CKF_* of an operation");
    }
    return out->pending ? CKR_OK : nothing_pending();
}

/* ---- C_Login(CKU_CONTEXT_SPECIFIC) ---- */

CK_RV p11_context_login(struct p11_session *session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    struct place places[PLACES];
    struct guard *guards[PLACES];
    size_t count = 0;
    places_of(session, places);
    for (unsigned i = 0; i < PLACES; i++) {
        if (guard_types(places[i].guard) != 0) {
            guards[count++] = places[i].guard;
        }
    }
    if (count == 0) {
        return nothing_pending();
    }
    const struct auth_request request = {.pin = pin == NULL ? BYTES_NONE : bytes_of(pin, pin_size),
                                         .owner = session->handle};
    return p11_rv(guards_ask(session->token, guards, count, &request), P11_AT_LOGIN);
}

/* ---- the vendor interface ---- */

static CK_RV show_challenge(const struct guard *guard, CK_BYTE *challenge, CK_ULONG *length)
{
    uint8_t bytes[AUTH_CHALLENGE_SIZE];
    CK_ULONG size = guard_challenge(guard, bytes);
    CK_ULONG room = *length;
    *length = size;
    if (challenge == NULL) {
        return CKR_OK;
    }
    if (room < size) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "buffer for the challenge");
    }
    memcpy(challenge, bytes, size);
    return CKR_OK;
}

/* A call to come is announced by the asking itself. */
static CK_RV announce(struct p11_session *session, CK_FLAGS flags)
{
    for (unsigned call = 0; call < P11_ONE_CALLS; call++) {
        if (call_flags[call] == flags && session->awaited[call] == NULL) {
            P11_TRY_HUKS(guard_await(session->token, &session->awaited[call]), P11_AT_OPERATION);
        }
    }
    return CKR_OK;
}

CK_RV p11_challenge_get(struct p11_session *session, CK_FLAGS operation, CK_BYTE *challenge, CK_ULONG *length)
{
    if (length == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length pointer");
    }
    struct place place = {false, NULL};
    P11_TRY(announce(session, operation));
    P11_TRY(find_place(session, operation, &place));
    return show_challenge(place.guard, challenge, length);
}

CK_RV p11_auth_token_set(struct p11_session *session, CK_FLAGS operation, const CK_BYTE *token,
                         CK_ULONG length)
{
    if (token == NULL || length != AUTH_TOKEN_LENGTH) {
        return p11_fail(CKR_ARGUMENTS_BAD, token == NULL ? "auth token pointer" : "auth token length");
    }
    struct place place = {false, NULL};
    P11_TRY(find_place(session, operation, &place));
    if (guard_types(place.guard) == 0) {
        return nothing_pending();
    }
    return p11_rv(guard_give_token(place.guard, bytes_of(token, length)), P11_AT_OPERATION);
}

void p11_awaited_cancel(struct p11_session *session, CK_FLAGS flags)
{
    for (unsigned call = 0; call < P11_ONE_CALLS; call++) {
        if ((call_flags[call] & flags) != 0) {
            guard_free(session->awaited[call]);
            session->awaited[call] = NULL;
        }
    }
}
