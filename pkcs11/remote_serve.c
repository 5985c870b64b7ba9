/*
 * The service's end of calls: a request's arguments are put together in memory of this process, by the same
 * tables as the client took them apart, and given to the same function that a host's own module would have
 * called.
 *
 * A client may be hostile: nothing that it sends is followed as a pointer, and how much it makes a call hold
 * is bounded.
 */
#include "pkcs11/remote.h"

#include "pkcs11/module.h"
#include "pkcs11/remote_value.h"

/* ---- the table's functions ---- */

typedef CK_RV served_function(const uintptr_t *w);

#define SERVED(name, n, types, kinds)                                                                        \
    static CK_RV serve_##name(const uintptr_t *w)                                                            \
    {                                                                                                        \
        return name(P11_OF_WORDS(n, types));                                                                 \
    }
P11_SIGNATURES(SERVED)
#undef SERVED

static served_function *const functions[P11_FUNCTIONS_COUNT] = {
#define SERVED(name, n, types, kinds) serve_##name,
    P11_SIGNATURES(SERVED)
#undef SERVED
};

static CK_RV carry_out(enum p11_function function, const struct remote_arguments *arguments)
{
    struct error_here *thread = error_here();
    CK_MECHANISM_TYPE mechanism = arguments->mechanism == 0 ? P11_REMOTE_NONE : arguments->mechanism;
    thread->door_expects = arguments->message ? mechanism : 0;
    CK_RV rv = functions[function](arguments->words);
    thread->door_expects = 0;
    return rv;
}

/* Whether there was no memory or no sense in it: the arguments are not complete. */
static huks_rc refuse(huks_rc rc, struct ipc_message *reply)
{
    if (rc != HUKS_E_MEMORY) {
        return rc;
    }
    ipc_put_number(reply, CKR_HOST_MEMORY);
    ipc_put_error(reply);
    ipc_put_number(reply, false);
    return HUKS_OK;
}

static void arguments_free(struct remote_arguments *arguments)
{
    remote_room_free(&arguments->room);
}

static huks_rc serve(enum p11_function function, struct ipc_message *request, struct ipc_message *reply)
{
    AUTO(arguments_free) struct remote_arguments arguments = {.signature = &p11_signatures[function]};
    huks_rc rc = remote_get_arguments(request, &arguments);
    if (rc != HUKS_OK) {
        return refuse(rc, reply);
    }
    CK_RV rv = carry_out(function, &arguments);
    ipc_put_number(reply, rv);
    ipc_put_error(reply);
    ipc_put_number(reply, true);
    remote_put_results(reply, &arguments, rv);
    return HUKS_OK;
}

/* ---- the others ---- */

/* The session's operation may be another's by the time that its message comes: it is looked at then again. */
static huks_rc tell_pending(struct ipc_message *request, struct ipc_message *reply)
{
    CK_SESSION_HANDLE handle = ipc_get_number(request);
    uint64_t kind = ipc_get_number(request);
    CK_MECHANISM_TYPE type = P11_REMOTE_NONE;
    struct p11_call call;
    HUKS_TRY(ipc_message_end(request));
    if (kind >= P11_KINDS) {
        return remote_garbled();
    }
    CK_RV rv = p11_enter(&call, "pending messages");
    struct p11_session *session = rv == CKR_OK ? p11_session_lock(p11_module()->sessions, handle) : NULL;
    if (session != NULL) {
        const struct p11_operation *pending = &session->pending[kind];
        if (operation_pending(&pending->operation) && pending->form == P11_MESSAGES) {
            type = p11_mechanism_type(pending->mechanism);
        }
        p11_session_unlock(session);
    }
    p11_leave(&call, rv);
    ipc_put_number(reply, type);
    return HUKS_OK;
}

static void wake(void)
{
    struct p11_call call;
    CK_RV rv = p11_enter(&call, "waking");
    if (rv == CKR_OK) {
        engine_wake(p11_engine());
    }
    p11_leave(&call, rv);
}

static void finish(void)
{
    if (p11_gate_is_open()) {
        (void)C_Finalize(NULL);
    }
}

static huks_rc served_call(uint32_t function, struct ipc_message *request, struct ipc_message *reply,
                           struct ipc_asker *asker)
{
    (void)asker; /* nothing is asked of a client here */
    switch (function) {
    case P11_REMOTE_PENDING:
        return tell_pending(request, reply);
    case P11_REMOTE_WAKE:
        wake();
        return ipc_message_end(request);
    default:
        return function < P11_FUNCTIONS_COUNT ? serve(function, request, reply) : remote_garbled();
    }
}

static huks_rc served_open(const struct config *config)
{
    struct config own = *config;
    own.service[0] = '\0'; /* it is here */
    return p11_start(&own);
}

const struct ipc_served p11_served = {
    .door = IPC_CRYPTOKI,
    .open = served_open,
    .call = served_call,
    .close = finish,
};
