/* The client's end of calls that the service carries out; see remote.h. */
#include "pkcs11/remote.h"

#include <stdio.h>
#include <string.h>

#include "pkcs11/module.h"
#include "pkcs11/remote_value.h"

/* ---- what the log shows ---- */

/* Does the list go on with this type? "CK_FLAGS" does not begin "CK_FLAGS_PTR". */
static bool is_type(const char *list, const char *type)
{
    size_t length = strlen(type);
    return strncmp(list, type, length) == 0 && strchr(",)", list[length]) != NULL;
}

/* What a number is, by its parameter's type. */
static const char *number_name(const char *type)
{
    static const struct {
        const char *type, *name;
    } names[] = {
        {"CK_SLOT_ID", "slot"},
        {"CK_SLOT_ID_PTR", "slot"},
        {"CK_FLAGS", "flags"},
        {"CK_FLAGS_PTR_", "flags"},
        {"CK_OBJECT_HANDLE", "object"},
        {"CK_OBJECT_HANDLE_PTR", "object"},
        {"CK_SESSION_HANDLE_PTR", "handle"},
        {"CK_MECHANISM_TYPE", "mechanism"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (is_type(type, names[i].type)) {
            return names[i].name;
        }
    }
    return "number";
}

/* As argument.h has it: handles, names, flags and lengths; never a PIN nor its length, nor any value. */
static void note_argument(char *text, size_t size, const struct p11_argument *argument, const uintptr_t *word,
                          const char *type)
{
    const void *pointer = (const void *)*word;
    switch ((enum p11_argument_kind)argument->kind) {
    case ARGUMENT_NUMBER:
        if (is_type(type, "CK_USER_TYPE")) {
            snprintf(text, size, "user %s", p11_show_user((CK_USER_TYPE)*word));
        } else {
            snprintf(text, size, "%s 0x%lx", number_name(type), (CK_ULONG)*word);
        }
        break;
    case ARGUMENT_BYTES:
    case ARGUMENT_FILL:
        snprintf(text, size, "data %lu", (CK_ULONG)word[1]);
        break;
    case ARGUMENT_OUTPUT:
    case ARGUMENT_LIST:
        snprintf(text, size, "output %s", P11_SHOW_OUTPUT(pointer, (const CK_ULONG *)word[1]));
        break;
    case ARGUMENT_CELL:
        snprintf(text, size, "%s 0x%lx", number_name(type), p11_show_number(pointer));
        break;
    case ARGUMENT_TEMPLATE:
    case ARGUMENT_QUERY:
        snprintf(text, size, "template %s", P11_SHOW_TEMPLATE(pointer, word[1]));
        break;
    case ARGUMENT_MECHANISM:
        snprintf(text, size, "mechanism %s", P11_SHOW_MECHANISM(pointer));
        break;
    default:
        text[0] = '\0';
    }
}

static const char *note_arguments(char text[P11_NOTE_SIZE], const struct p11_signature *signature,
                                  const uintptr_t *words)
{
    size_t used = 0;
    const char *type = signature->types + 1; /* behind the parenthesis */
    text[0] = '\0';
    for (unsigned i = 0; signature->arguments[i].kind != ARGUMENT_NONE; i++) {
        char one[P11_TEMPLATE_SIZE + 16];
        note_argument(one, sizeof(one), &signature->arguments[i], &words[i], type);
        type += strcspn(type, ",)");
        type += strspn(type, ", ");
        if (one[0] != '\0' && used < P11_NOTE_SIZE - 1) {
            int length = snprintf(text + used, P11_NOTE_SIZE - used, "%s%s", used == 0 ? "" : ", ", one);
            used += length < 0 ? 0 : (size_t)length;
        }
    }
    return text[0] == '\0' ? NULL : text;
}

/* ---- who waits for whom ---- */

/*
 * Waiting is for the session limit, which only calls with a mechanism can meet, for an event, or for a
 * finger. All others may be the one that ends it: C_CloseSession, C_SignFinal, C_SessionCancel.
 */
enum ipc_patience p11_remote_patience(uint32_t function)
{
    switch (function) {
    case P11_REMOTE_WAKE:
        return IPC_WAKES;
    case P11_FN_C_WaitForSlotEvent:
    case P11_FN_C_Login:
    case P11_FN_C_LoginUser:
        return IPC_MAY_WAIT;
    default:
        break;
    }
    if (function < P11_FUNCTIONS_COUNT) {
        const struct p11_argument *argument = p11_signatures[function].arguments;
        for (; argument->kind != ARGUMENT_NONE; argument++) {
            if (argument->kind == ARGUMENT_MECHANISM) {
                return IPC_MAY_WAIT;
            }
        }
    }
    return IPC_PASSES;
}

/* ---- one call ---- */

static CK_RV lost(huks_rc rc)
{
    return p11_rv(rc, P11_AT_OTHER);
}

/* By which mechanism the session's messages go; a call without a parameter has none to send. */
static huks_rc find_mechanism(const struct p11_remote_way *way, struct remote_arguments *arguments,
                              struct ipc_message *message)
{
    arguments->mechanism = P11_REMOTE_NONE;
    for (unsigned i = 0; arguments->signature->arguments[i].kind != ARGUMENT_NONE; i++) {
        if (arguments->signature->arguments[i].kind == ARGUMENT_MESSAGE && arguments->words[i] != 0) {
            ipc_put_number(message, arguments->words[0]);
            ipc_put_number(message, arguments->signature->arguments[i].detail);
            HUKS_TRY(way->trip(way->context, P11_REMOTE_PENDING, message));
            arguments->mechanism = ipc_get_number(message);
            HUKS_TRY(ipc_message_end(message));
            ipc_message_reset(message);
        }
    }
    return HUKS_OK;
}

/* What the call returned, and why; then, where it was made, what it wrote. */
static CK_RV read_reply(struct ipc_message *reply, const struct remote_arguments *arguments)
{
    CK_RV rv = ipc_get_number(reply);
    huks_rc why = ipc_get_error(reply);
    bool made = ipc_get_number(reply) != 0;
    if ((why == HUKS_OK) != (rv == CKR_OK)) {
        return lost(remote_garbled());
    }
    P11_TRY(lost(made ? remote_get_results(reply, arguments) : ipc_message_end(reply)));
    return rv;
}

CK_RV p11_remote_carry(const struct p11_remote_way *way, enum p11_function function, const p11_words words)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    struct remote_arguments arguments = {.signature = &p11_signatures[function]};
    memcpy(arguments.words, words, sizeof(arguments.words));
    P11_TRY(lost(find_mechanism(way, &arguments, &message)));
    P11_TRY(remote_put_arguments(&message, &arguments));
    P11_TRY(lost(way->trip(way->context, function, &message)));
    return read_reply(&message, &arguments);
}

static huks_rc trip(void *client, uint32_t function, struct ipc_message *message)
{
    return ipc_call(client, function, message, NULL);
}

CK_RV p11_remote_call(enum p11_function function, const p11_words words)
{
    const struct p11_signature *signature = &p11_signatures[function];
    char text[P11_NOTE_SIZE];
    struct p11_call call;
    /* The vendor interface's functions are known without our prefix. */
    CK_RV rv = p11_enter_remote(&call, signature->name + (strncmp(signature->name, "p11_", 4) == 0 ? 4 : 0));
    if (rv == CKR_OK) {
        const struct p11_remote_way way = {trip, p11_module()->client};
        call.handle = signature->arguments[0].kind == ARGUMENT_HANDLE ? words[0] : CK_INVALID_HANDLE;
        rv = p11_remote_carry(&way, function, words);
        if (log_enabled(HUKS_LOG_DEBUG)) {
            call.note = note_arguments(text, signature, words);
        }
    }
    return p11_leave(&call, rv);
}

/* ---- the end ---- */

void p11_remote_wake(struct ipc_client *client)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    if (ipc_call(client, P11_REMOTE_WAKE, &message, NULL) != HUKS_OK) {
        error_clear(); /* whoever is gone holds nobody up */
    }
}
