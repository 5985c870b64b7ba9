/*
 * The service's half of remote.h: a request to arguments, the call, and what it wrote to a reply.
 *
 * Whoever sends a request may mean harm: nothing in it is a pointer, every size is that of bytes which came
 * or of a room with a bound, and what a function's own checks see to is left to them. Arguments and rooms are
 * overwritten when they are freed.
 */
#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "huks/huks_user_auth.h"
#include "huks/native_huks_api.h"
#include "ipc/server.h"
#include "service/user.h"

/* As many as there can be: the PIN, fingers, faces. */
#define CREDENTIALS_MOST (1u + 2u * AUTH_CREDENTIALS)

struct argument {
    void *pointer;           /* what the function gets */
    struct ipc_asker *asker; /* the call's */
    void *memory;            /* to be freed, … */
    size_t size;             /* … and so much of it overwritten */
    union {
        struct OH_Huks_Blob blob;
        OH_Huks_ParamSet *set;
        struct {
            struct OH_Huks_CertChain chain;
            struct OH_Huks_Blob at[REMOTE_CERTIFICATES];
        } certificates;
        struct OH_Huks_KeyAliasSet *aliases;
        struct Huks_UserAuthState state;
        struct Huks_UserAuthRequest request;
        char text[HUKS_CREDENTIAL_NAME_SIZE + 1];
        uint64_t number;
        uint32_t count;
    } as;
};

static huks_rc garbage(void)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
}

static void *writable(const void *view)
{
    return (void *)(uintptr_t)view;
}

/* ---- what is read ---- */

static huks_rc get_blob_into(struct ipc_message *message, struct OH_Huks_Blob *blob, bool *present)
{
    *present = ipc_get_number(message) != REMOTE_ABSENT;
    struct bytes bytes = *present ? ipc_get_bytes(message) : BYTES_NONE;
    if (bytes.size > UINT32_MAX) {
        return garbage();
    }
    *blob = (struct OH_Huks_Blob){.size = (uint32_t)bytes.size, .data = writable(bytes.data)};
    return HUKS_OK;
}

static huks_rc get_blob(struct ipc_message *message, struct argument *argument)
{
    bool present;
    HUKS_TRY(get_blob_into(message, &argument->as.blob, &present));
    argument->pointer = present ? &argument->as.blob : NULL;
    return HUKS_OK;
}

static huks_rc get_set(struct ipc_message *message, struct argument *argument)
{
    struct bytes packed = ipc_get_bytes(message);
    if (packed.data == NULL) {
        return HUKS_OK;
    }
    huks_rc rc = param_set_unpack(packed, &argument->as.set);
    if (rc != HUKS_OK) {
        return rc == HUKS_E_MEMORY ? rc : garbage();
    }
    argument->pointer = argument->memory = argument->as.set;
    argument->size = argument->as.set->paramSetSize;
    return HUKS_OK;
}

static huks_rc get_text(struct ipc_message *message, struct argument *argument)
{
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.size > HUKS_CREDENTIAL_NAME_SIZE) {
        return garbage();
    }
    if (bytes.data != NULL) {
        memcpy(argument->as.text, bytes.data, bytes.size);
        argument->pointer = argument->as.text;
    }
    return HUKS_OK;
}

static huks_rc get_number(struct ipc_message *message, struct argument *argument)
{
    argument->as.number = ipc_get_number(message);
    argument->pointer = &argument->as.number;
    return HUKS_OK;
}

/* Asks the client's own talk. */
static int32_t talk(const char *text, uint32_t kind, char *answer, uint32_t capacity, void *context)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ipc_put_bytes(&message, text, strlen(text));
    ipc_put_number(&message, kind);
    ipc_put_number(&message, capacity);
    if (message.failed || ipc_ask(context, &message) != HUKS_OK) {
        return 0;
    }
    bool answered = ipc_get_number(&message) != 0;
    struct bytes bytes = ipc_get_bytes(&message);
    if (ipc_message_end(&message) != HUKS_OK || !answered || bytes.size >= capacity) {
        return 0;
    }
    if (bytes.size != 0) {
        memcpy(answer, bytes.data, bytes.size);
    }
    answer[bytes.size] = '\0';
    return 1;
}

static huks_rc get_request(struct ipc_message *message, struct argument *argument)
{
    struct Huks_UserAuthRequest *request = &argument->as.request;
    bool present;
    request->authType = (uint32_t)ipc_get_number(message);
    HUKS_TRY(get_blob_into(message, &request->pin, &present));
    struct bytes challenge = ipc_get_bytes(message);
    if (challenge.size > UINT32_MAX) {
        return garbage();
    }
    request->challenge = (struct OH_Huks_Blob){(uint32_t)challenge.size, writable(challenge.data)};
    request->requestId = ipc_get_number(message);
    request->talk = ipc_get_number(message) != REMOTE_ABSENT ? talk : NULL;
    request->context = argument->asker;
    argument->pointer = request;
    return HUKS_OK;
}

/* ---- what is written ---- */

/* Large memory costs nothing before it is used; so it is not zeroed. */
static void *make_room(struct argument *argument, size_t size)
{
    argument->size = size > 0 ? size : 1;
    argument->memory = malloc(argument->size);
    return argument->memory;
}

static bool get_presence(struct ipc_message *message)
{
    return ipc_get_number(message) != REMOTE_ABSENT;
}

static uint32_t room_size(struct ipc_message *message)
{
    uint64_t size = ipc_get_number(message);
    return (uint32_t)(size < REMOTE_ROOM_MOST ? size : REMOTE_ROOM_MOST);
}

static huks_rc get_room(struct ipc_message *message, struct argument *argument)
{
    uint64_t presence = ipc_get_number(message);
    struct OH_Huks_Blob *blob = &argument->as.blob;
    blob->size = room_size(message);
    if (presence == REMOTE_ABSENT) {
        return HUKS_OK;
    }
    argument->pointer = blob;
    if (presence != REMOTE_NO_DATA) {
        blob->data = make_room(argument, blob->size);
        return blob->data != NULL ? HUKS_OK : error_no_memory();
    }
    return HUKS_OK;
}

/* Without data a size alone may have been written: as much as no bytes. */
static void give_room(struct ipc_message *message, struct argument *argument, bool failed)
{
    const struct OH_Huks_Blob *blob = argument->pointer;
    if (failed || blob == NULL || (blob->data == NULL && blob->size != 0)) {
        ipc_put_bytes(message, NULL, 0);
        return;
    }
    ipc_put_bytes(message, blob->data != NULL ? blob->data : (const uint8_t *)"", blob->size);
    argument->size = blob->data != NULL ? blob->size : 0; /* the rest is nobody's secret */
}

static huks_rc get_set_room(struct ipc_message *message, struct argument *argument)
{
    bool present = get_presence(message);
    uint32_t size = room_size(message);
    if (present) {
        OH_Huks_ParamSet *set = make_room(argument, size > sizeof(*set) ? size : sizeof(*set));
        if (set == NULL) {
            return error_no_memory();
        }
        *set = (OH_Huks_ParamSet){.paramSetSize = size};
        argument->as.set = argument->pointer = set;
    }
    return HUKS_OK;
}

/* Its parameters are all of what a function wrote to it. */
static void give_set_room(struct ipc_message *message, struct argument *argument, bool failed)
{
    const OH_Huks_ParamSet *set = failed ? NULL : argument->pointer;
    if (remote_put_set(message, set) != HUKS_OK) {
        message->failed = true;
    }
    argument->size = set != NULL ? set->paramSetSize : argument->size;
}

static huks_rc get_chain(struct ipc_message *message, struct argument *argument)
{
    struct OH_Huks_CertChain *chain = &argument->as.certificates.chain;
    struct OH_Huks_Blob *at = argument->as.certificates.at;
    uint64_t count = ipc_get_number(message);
    bool there[REMOTE_CERTIFICATES] = {false};
    size_t sum = 0;
    if (count > REMOTE_CERTIFICATES) {
        return garbage();
    }
    for (uint64_t i = 0; i < count; i++) {
        there[i] = ipc_get_number(message) == REMOTE_PRESENT;
        at[i].size = room_size(message);
        sum += at[i].size;
    }
    uint8_t *room = make_room(argument, sum);
    if (room == NULL) {
        return error_no_memory();
    }
    for (uint64_t i = 0; i < count; i++) {
        at[i].data = there[i] ? room : NULL;
        room += at[i].size;
    }
    *chain = (struct OH_Huks_CertChain){.certs = at, .certsCount = (uint32_t)count};
    argument->pointer = chain;
    return HUKS_OK;
}

static void give_chain(struct ipc_message *message, struct argument *argument, bool failed)
{
    const struct OH_Huks_CertChain *chain = &argument->as.certificates.chain;
    uint32_t count = failed ? 0 : chain->certsCount;
    ipc_put_number(message, count);
    for (uint32_t i = 0; i < count; i++) {
        ipc_put_bytes(message, chain->certs[i].data, chain->certs[i].size);
    }
}

static huks_rc get_aliases(struct ipc_message *message, struct argument *argument)
{
    argument->pointer = get_presence(message) ? &argument->as.aliases : NULL;
    return HUKS_OK;
}

static void give_aliases(struct ipc_message *message, struct argument *argument, bool failed)
{
    const struct OH_Huks_KeyAliasSet *set = argument->as.aliases;
    uint32_t count = failed || set == NULL ? 0 : set->aliasesCnt;
    ipc_put_number(message, count);
    for (uint32_t i = 0; i < count; i++) {
        ipc_put_bytes(message, set->aliases[i].data, set->aliases[i].size);
    }
}

static huks_rc get_state(struct ipc_message *message, struct argument *argument)
{
    argument->pointer = get_presence(message) ? &argument->as.state : NULL;
    return HUKS_OK;
}

static void give_state(struct ipc_message *message, struct argument *argument, bool failed)
{
    ipc_put_bytes(message, failed ? NULL : argument->pointer, sizeof(argument->as.state));
}

static huks_rc get_id(struct ipc_message *message, struct argument *argument)
{
    argument->pointer = get_presence(message) ? &argument->as.number : NULL;
    return HUKS_OK;
}

static void give_id(struct ipc_message *message, struct argument *argument, bool failed)
{
    ipc_put_bytes(message, failed ? NULL : argument->pointer, sizeof(argument->as.number));
}

static huks_rc get_credentials(struct ipc_message *message, struct argument *argument)
{
    if (get_presence(message)) {
        argument->pointer = make_room(argument, CREDENTIALS_MOST * sizeof(struct Huks_Credential));
        return argument->pointer != NULL ? HUKS_OK : error_no_memory();
    }
    return HUKS_OK;
}

/* Beside the list its count, the next argument. */
static void give_credentials(struct ipc_message *message, struct argument *argument, bool failed)
{
    uint32_t count = argument[1].as.count;
    ipc_put_bytes(message, failed || count > CREDENTIALS_MOST ? NULL : argument->pointer,
                  count * sizeof(struct Huks_Credential));
}

static huks_rc get_count(struct ipc_message *message, struct argument *argument)
{
    uint64_t count = ipc_get_number(message);
    argument->as.count = (uint32_t)(count < CREDENTIALS_MOST ? count : CREDENTIALS_MOST);
    argument->pointer = &argument->as.count;
    return HUKS_OK;
}

static void give_count(struct ipc_message *message, struct argument *argument, bool failed)
{
    (void)failed; /* it tells then how much room was wanted */
    ipc_put_number(message, argument->as.count);
}

static void drop_public(struct argument *argument)
{
    free(argument->memory);
}

static void drop_secret(struct argument *argument)
{
    if (argument->memory != NULL) {
        memory_cleanse(argument->memory, argument->size);
        free(argument->memory);
    }
}

static void drop_aliases(struct argument *argument)
{
    OH_Huks_FreeKeyAliasSet(argument->as.aliases);
}

/* ---- one call ---- */

static const struct {
    huks_rc (*get)(struct ipc_message *message, struct argument *argument);
    void (*give)(struct ipc_message *message, struct argument *argument, bool failed);
    void (*drop)(struct argument *argument);
} kinds[REMOTE_KINDS] = {
    [REMOTE_BLOB] = {get_blob, NULL, NULL},
    [REMOTE_HANDLE] = {get_blob, NULL, NULL},
    [REMOTE_PIN] = {get_blob, NULL, NULL},
    [REMOTE_ROOM] = {get_room, give_room, drop_secret},
    [REMOTE_SET] = {get_set, NULL, drop_secret},
    [REMOTE_SET_ROOM] = {get_set_room, give_set_room, drop_secret},
    [REMOTE_CHAIN] = {get_chain, give_chain, drop_public},
    [REMOTE_ALIASES] = {get_aliases, give_aliases, drop_aliases},
    [REMOTE_STATE] = {get_state, give_state, NULL},
    [REMOTE_REQUEST] = {get_request, NULL, NULL},
    [REMOTE_TEXT] = {get_text, NULL, NULL},
    [REMOTE_NUMBER] = {get_number, NULL, NULL},
    [REMOTE_ID] = {get_id, give_id, NULL},
    [REMOTE_CREDENTIALS] = {get_credentials, give_credentials, drop_public},
    [REMOTE_COUNT] = {get_count, give_count, NULL},
};

/* Each function with its arguments: by pointer, but for numbers. */
#define BY_REMOTE_NUMBER(argument)      (argument).as.number
#define BY_REMOTE_BLOB(argument)        (argument).pointer
#define BY_REMOTE_HANDLE(argument)      (argument).pointer
#define BY_REMOTE_PIN(argument)         (argument).pointer
#define BY_REMOTE_ROOM(argument)        (argument).pointer
#define BY_REMOTE_SET(argument)         (argument).pointer
#define BY_REMOTE_SET_ROOM(argument)    (argument).pointer
#define BY_REMOTE_CHAIN(argument)       (argument).pointer
#define BY_REMOTE_ALIASES(argument)     (argument).pointer
#define BY_REMOTE_STATE(argument)       (argument).pointer
#define BY_REMOTE_REQUEST(argument)     (argument).pointer
#define BY_REMOTE_TEXT(argument)        (argument).pointer
#define BY_REMOTE_ID(argument)          (argument).pointer
#define BY_REMOTE_CREDENTIALS(argument) (argument).pointer
#define BY_REMOTE_COUNT(argument)       (argument).pointer
#define PASS_0(a)
#define PASS_1(a)          BY_##a(at[0])
#define PASS_2(a, b)       PASS_1(a), BY_##b(at[1])
#define PASS_3(a, b, c)    PASS_2(a, b), BY_##c(at[2])
#define PASS_4(a, b, c, d) PASS_3(a, b, c), BY_##d(at[3])
#define MAKE_CALL(name, count, ...)                                                                          \
    static struct OH_Huks_Result call_##name(struct argument *at)                                            \
    {                                                                                                        \
        (void)at;                                                                                            \
        return name(PASS_##count(__VA_ARGS__));                                                              \
    }
REMOTE_FUNCTIONS(MAKE_CALL)

#define CALL_OF(name, count, ...) [REMOTE_##name] = call_##name,
static struct OH_Huks_Result (*const calls[REMOTE_END])(struct argument *) = {REMOTE_FUNCTIONS(CALL_OF)};

struct arguments {
    const uint8_t *kind;
    struct argument at[REMOTE_ARGUMENTS];
};

static void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < REMOTE_ARGUMENTS; i++) {
        void (*drop)(struct argument *) = kinds[arguments->kind[i]].drop;
        if (drop != NULL) {
            drop(&arguments->at[i]);
        }
    }
}

static huks_rc arguments_get(struct ipc_message *request, struct ipc_asker *asker,
                             struct arguments *arguments)
{
    for (size_t i = 0; i < REMOTE_ARGUMENTS && arguments->kind[i] != REMOTE_NONE; i++) {
        arguments->at[i].asker = asker;
        HUKS_TRY(kinds[arguments->kind[i]].get(request, &arguments->at[i]));
    }
    return ipc_message_end(request);
}

static huks_rc serve_call(uint32_t function, struct ipc_message *request, struct ipc_message *reply,
                          struct ipc_asker *asker)
{
    if (function == REMOTE_NO_FUNCTION || function >= REMOTE_END) {
        return garbage();
    }
    AUTO(arguments_free) struct arguments arguments = {.kind = remote_kinds[function]};
    huks_rc rc = arguments_get(request, asker, &arguments);
    if (rc != HUKS_OK && rc != HUKS_E_MEMORY) {
        return rc;
    }
    bool failed = rc != HUKS_OK || calls[function](arguments.at).errorCode != OH_HUKS_SUCCESS;
    ipc_put_number(reply, failed ? 1 : 0);
    if (failed) {
        ipc_put_error(reply);
    }
    for (size_t i = 0; i < REMOTE_ARGUMENTS; i++) {
        if (kinds[arguments.kind[i]].give != NULL) {
            kinds[arguments.kind[i]].give(reply, &arguments.at[i], failed);
        }
    }
    return HUKS_OK;
}

const struct ipc_served native_served = {
    .door = IPC_NATIVE,
    .open = door_open,
    .call = serve_call,
    .close = door_wake,
};
