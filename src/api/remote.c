/*
 * The client's half of remote.h: arguments to a request, and a reply to arguments.
 *
 * Memory of the caller's is read here as the function would read it itself, after its checks; what the
 * service sends is held against the rooms that the caller gave.
 */
#include "api/remote.h"

#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/result.h"
#include "huks/huks_user_auth.h"
#include "huks/native_huks_api.h"
#include "service/user.h"

#define KINDS_OF(name, count, ...) [REMOTE_##name] = {__VA_ARGS__},
const uint8_t remote_kinds[REMOTE_END][REMOTE_ARGUMENTS] = {REMOTE_FUNCTIONS(KINDS_OF)};

/* HUKS's constness of what is written goes on the way here. */
static void *writable(const void *argument)
{
    return (void *)(uintptr_t)argument;
}

static huks_rc garbage(void)
{
    return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
}

/* ---- what is read ---- */

static void put_blob_of(struct ipc_message *message, const struct OH_Huks_Blob *blob, const void *data,
                        size_t size)
{
    ipc_put_number(message, blob != NULL ? REMOTE_PRESENT : REMOTE_ABSENT);
    if (blob != NULL) {
        ipc_put_bytes(message, data, data != NULL ? size : 0);
    }
}

static huks_rc put_blob(struct ipc_message *message, const void *const *argument)
{
    const struct OH_Huks_Blob *blob = argument[0];
    put_blob_of(message, blob, blob != NULL ? blob->data : NULL, blob != NULL ? blob->size : 0);
    return HUKS_OK;
}

static huks_rc put_handle(struct ipc_message *message, const void *const *argument)
{
    const struct OH_Huks_Blob *blob = argument[0];
    put_blob_of(message, blob, blob->data, blob->size < sizeof(uint64_t) ? blob->size : sizeof(uint64_t));
    return HUKS_OK;
}

/* Of one that is too long nobody reads a byte. */
static void put_pin_of(struct ipc_message *message, const struct OH_Huks_Blob *blob)
{
    static const uint8_t too_long[AUTH_PIN_MAX + 1];
    bool fits = blob->size <= AUTH_PIN_MAX || blob->data == NULL;
    put_blob_of(message, blob, fits ? blob->data : too_long, fits ? blob->size : sizeof(too_long));
}

static huks_rc put_pin(struct ipc_message *message, const void *const *argument)
{
    put_pin_of(message, argument[0]);
    return HUKS_OK;
}

static void packed_free(struct buffer *packed)
{
    if (packed->data != NULL) {
        memory_cleanse(packed->data, packed->size);
    }
    buffer_free(packed);
}

huks_rc remote_put_set(struct ipc_message *message, const struct OH_Huks_ParamSet *set)
{
    AUTO(packed_free) struct buffer packed = {0};
    if (set == NULL) {
        ipc_put_bytes(message, NULL, 0);
        return HUKS_OK;
    }
    /* Never larger than the set is: so it doesn't grow, and leaves no bytes behind where it was. */
    HUKS_TRY(buffer_reserve(&packed, set->paramSetSize));
    HUKS_TRY(param_set_pack(set, &packed));
    ipc_put_bytes(message, packed.data, packed.size);
    return HUKS_OK;
}

static huks_rc put_set(struct ipc_message *message, const void *const *argument)
{
    return remote_put_set(message, argument[0]);
}

static huks_rc put_text(struct ipc_message *message, const void *const *argument)
{
    const char *text = argument[0];
    ipc_put_bytes(message, text, text != NULL ? strnlen(text, HUKS_CREDENTIAL_NAME_SIZE) : 0);
    return HUKS_OK;
}

static huks_rc put_number(struct ipc_message *message, const void *const *argument)
{
    ipc_put_number(message, *(const uint64_t *)argument[0]);
    return HUKS_OK;
}

static huks_rc put_request(struct ipc_message *message, const void *const *argument)
{
    const struct Huks_UserAuthRequest *request = argument[0];
    const struct OH_Huks_Blob *challenge = &request->challenge;
    ipc_put_number(message, request->authType);
    put_pin_of(message, &request->pin);
    /* of another size it was refused, or nobody looks at it */
    ipc_put_bytes(message, challenge->size == HUKS_AUTH_CHALLENGE_SIZE ? challenge->data : NULL,
                  HUKS_AUTH_CHALLENGE_SIZE);
    ipc_put_number(message, request->requestId);
    ipc_put_number(message, request->talk != NULL ? REMOTE_PRESENT : REMOTE_ABSENT);
    return HUKS_OK;
}

/* ---- what is written: the room first, then what came ---- */

static huks_rc put_presence(struct ipc_message *message, const void *const *argument)
{
    ipc_put_number(message, argument[0] != NULL ? REMOTE_PRESENT : REMOTE_ABSENT);
    return HUKS_OK;
}

static void put_room_of(struct ipc_message *message, const struct OH_Huks_Blob *blob)
{
    ipc_put_number(message, blob == NULL         ? REMOTE_ABSENT
                            : blob->data == NULL ? REMOTE_NO_DATA
                                                 : REMOTE_PRESENT);
    ipc_put_number(message, blob != NULL ? blob->size : 0);
}

static huks_rc put_room(struct ipc_message *message, const void *const *argument)
{
    put_room_of(message, argument[0]);
    return HUKS_OK;
}

/* Absent: nothing was written. */
static huks_rc take_into(struct ipc_message *message, struct OH_Huks_Blob *blob)
{
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data == NULL) {
        return HUKS_OK;
    }
    if (blob == NULL || bytes.size > blob->size || (blob->data == NULL && bytes.size != 0)) {
        return garbage();
    }
    if (bytes.size != 0) {
        memcpy(blob->data, bytes.data, bytes.size);
    }
    blob->size = (uint32_t)bytes.size;
    return HUKS_OK;
}

static huks_rc take_room(struct ipc_message *message, const void *const *argument)
{
    return take_into(message, writable(argument[0]));
}

static huks_rc put_set_room(struct ipc_message *message, const void *const *argument)
{
    const struct OH_Huks_ParamSet *set = argument[0];
    ipc_put_number(message, set != NULL ? REMOTE_PRESENT : REMOTE_ABSENT);
    ipc_put_number(message, set != NULL ? set->paramSetSize : 0);
    return HUKS_OK;
}

static huks_rc take_set_room(struct ipc_message *message, const void *const *argument)
{
    struct OH_Huks_ParamSet *out = writable(argument[0]);
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    struct bytes packed = ipc_get_bytes(message);
    if (packed.data == NULL) {
        return HUKS_OK;
    }
    huks_rc rc = param_set_unpack(packed, &set);
    if (rc == HUKS_E_MEMORY) {
        return rc;
    }
    return rc == HUKS_OK && out != NULL && door_give_set(set, out->paramSetSize, out) == HUKS_OK ? HUKS_OK
                                                                                                 : garbage();
}

static huks_rc put_chain(struct ipc_message *message, const void *const *argument)
{
    const struct OH_Huks_CertChain *chain = argument[0];
    ipc_put_number(message, chain->certsCount);
    for (uint32_t i = 0; i < chain->certsCount; i++) {
        put_room_of(message, &chain->certs[i]);
    }
    return HUKS_OK;
}

static huks_rc take_chain(struct ipc_message *message, const void *const *argument)
{
    struct OH_Huks_CertChain *chain = writable(argument[0]);
    uint64_t count = ipc_get_number(message);
    if (count > chain->certsCount) {
        return garbage();
    }
    for (uint64_t i = 0; i < count; i++) {
        HUKS_TRY(take_into(message, &chain->certs[i]));
    }
    chain->certsCount = count > 0 ? (uint32_t)count : chain->certsCount; /* 0: nothing was written */
    return HUKS_OK;
}

static void alias_set_free(struct OH_Huks_KeyAliasSet **set)
{
    OH_Huks_FreeKeyAliasSet(*set);
}

static huks_rc take_aliases(struct ipc_message *message, const void *const *argument)
{
    struct OH_Huks_KeyAliasSet **out = writable(argument[0]);
    uint64_t count = ipc_get_number(message);
    if (count == 0) {
        return HUKS_OK;
    }
    if (count > message->bytes.size) { /* each takes more than a byte */
        return garbage();
    }
    AUTO(alias_set_free) struct OH_Huks_KeyAliasSet *set = calloc(1, sizeof(*set));
    if (set == NULL || (set->aliases = calloc((size_t)count, sizeof(*set->aliases))) == NULL) {
        return error_no_memory();
    }
    for (; set->aliasesCnt < count; set->aliasesCnt++) {
        struct bytes alias = ipc_get_bytes(message);
        uint8_t *copy = alias.size > 0 && alias.size <= UINT32_MAX ? malloc(alias.size) : NULL;
        if (copy == NULL) {
            return alias.size > 0 ? error_no_memory() : garbage();
        }
        memcpy(copy, alias.data, alias.size);
        set->aliases[set->aliasesCnt] = (struct OH_Huks_Blob){.size = (uint32_t)alias.size, .data = copy};
    }
    *out = set;
    set = NULL;
    return HUKS_OK;
}

static huks_rc take_exactly(struct ipc_message *message, void *out, size_t size)
{
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data == NULL) {
        return HUKS_OK;
    }
    if (out == NULL || bytes.size != size) {
        return garbage();
    }
    memcpy(out, bytes.data, size);
    return HUKS_OK;
}

static huks_rc take_state(struct ipc_message *message, const void *const *argument)
{
    return take_exactly(message, writable(argument[0]), sizeof(struct Huks_UserAuthState));
}

static huks_rc take_id(struct ipc_message *message, const void *const *argument)
{
    return take_exactly(message, writable(argument[0]), sizeof(uint64_t));
}

static huks_rc take_credentials(struct ipc_message *message, const void *const *argument)
{
    struct Huks_Credential *list = writable(argument[0]);
    const uint32_t *room = argument[1];
    struct bytes bytes = ipc_get_bytes(message);
    size_t count = bytes.size / sizeof(*list);
    if (bytes.data == NULL) {
        return HUKS_OK;
    }
    if (list == NULL || bytes.size % sizeof(*list) != 0 || count > *room) {
        return garbage();
    }
    memcpy(list, bytes.data, bytes.size);
    return HUKS_OK;
}

static huks_rc put_count(struct ipc_message *message, const void *const *argument)
{
    ipc_put_number(message, *(const uint32_t *)argument[0]);
    return HUKS_OK;
}

static huks_rc take_count(struct ipc_message *message, const void *const *argument)
{
    uint32_t *count = writable(argument[0]);
    uint64_t number = ipc_get_number(message);
    if (number > UINT32_MAX) {
        return garbage();
    }
    *count = (uint32_t)number;
    return HUKS_OK;
}

/* ---- one call ---- */

/* `argument` is where it stands among the function's. Without `take`, only read. */
static const struct {
    huks_rc (*put)(struct ipc_message *message, const void *const *argument);
    huks_rc (*take)(struct ipc_message *message, const void *const *argument);
} kinds[REMOTE_KINDS] = {
    [REMOTE_BLOB] = {put_blob, NULL},
    [REMOTE_HANDLE] = {put_handle, NULL},
    [REMOTE_PIN] = {put_pin, NULL},
    [REMOTE_ROOM] = {put_room, take_room},
    [REMOTE_SET] = {put_set, NULL},
    [REMOTE_SET_ROOM] = {put_set_room, take_set_room},
    [REMOTE_CHAIN] = {put_chain, take_chain},
    [REMOTE_ALIASES] = {put_presence, take_aliases},
    [REMOTE_STATE] = {put_presence, take_state},
    [REMOTE_REQUEST] = {put_request, NULL},
    [REMOTE_TEXT] = {put_text, NULL},
    [REMOTE_NUMBER] = {put_number, NULL},
    [REMOTE_ID] = {put_presence, take_id},
    [REMOTE_CREDENTIALS] = {put_presence, take_credentials},
    [REMOTE_COUNT] = {put_count, take_count},
};

huks_rc remote_put(enum remote_function function, const void *const arguments[REMOTE_ARGUMENTS],
                   struct ipc_message *request)
{
    const uint8_t *kind = remote_kinds[function];
    for (size_t i = 0; i < REMOTE_ARGUMENTS && kind[i] != REMOTE_NONE; i++) {
        HUKS_TRY(kinds[kind[i]].put(request, &arguments[i]));
    }
    return request->failed ? error_no_memory() : HUKS_OK;
}

/* What was written stands in the reply after the answer, of a failure too: a count is told then. */
huks_rc remote_take(enum remote_function function, const void *const arguments[REMOTE_ARGUMENTS],
                    struct ipc_message *reply)
{
    const uint8_t *kind = remote_kinds[function];
    bool failed = ipc_get_number(reply) != 0;
    huks_rc rc = failed ? ipc_get_error(reply) : HUKS_OK;
    for (size_t i = 0; i < REMOTE_ARGUMENTS && kind[i] != REMOTE_NONE; i++) {
        if (kinds[kind[i]].take != NULL) {
            HUKS_TRY(kinds[kind[i]].take(reply, &arguments[i]));
        }
    }
    HUKS_TRY(ipc_message_end(reply));
    return failed && rc == HUKS_OK ? garbage() : rc;
}

/* ---- what is asked in the midst of a call ---- */

struct answer_room {
    char text[REMOTE_TALK_MOST];
};

static void answer_cleanse(struct answer_room *room)
{
    memory_cleanse(room, sizeof(*room));
}

static void text_free(char **text)
{
    free(*text);
}

static huks_rc answer_question(struct ipc_message *question, struct ipc_message *answer, void *context)
{
    const struct Huks_UserAuthRequest *request = context;
    AUTO(answer_cleanse) struct answer_room room = {""};
    struct bytes bytes = ipc_get_bytes(question);
    uint32_t kind = (uint32_t)ipc_get_number(question);
    uint64_t capacity = ipc_get_number(question);
    HUKS_TRY(ipc_message_end(question));
    if (capacity == 0 || capacity > sizeof(room.text) || bytes.data == NULL ||
        bytes.size > REMOTE_TALK_MOST) {
        return garbage();
    }
    AUTO(text_free) char *text = text_format("%.*s", (int)bytes.size, (const char *)bytes.data);
    if (text == NULL) {
        return error_no_memory();
    }
    int32_t answered = request->talk(text, kind, room.text, (uint32_t)capacity, request->context);
    ipc_put_number(answer, answered != 0 ? 1 : 0);
    ipc_put_bytes(answer, room.text, strnlen(room.text, (size_t)capacity));
    return HUKS_OK;
}

/* Waiting is for the session limit or a person; Abort, Finish and Cancel are what ends it. */
enum ipc_patience remote_patience(uint32_t function)
{
    switch (function) {
    case REMOTE_OH_Huks_ImportWrappedKeyItem:
    case REMOTE_OH_Huks_InitSession:
    case REMOTE_OH_Huks_WrapKey:
    case REMOTE_OH_Huks_UnwrapKey:
    case REMOTE_Huks_UserAuth_Enroll:
    case REMOTE_Huks_UserAuth_Authenticate:
        return IPC_MAY_WAIT;
    default:
        return IPC_PASSES;
    }
}

huks_rc remote_call(enum remote_function function, const void *const arguments[REMOTE_ARGUMENTS])
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    struct ipc_client *client = door_client();
    bool talks = remote_kinds[function][0] == REMOTE_REQUEST &&
                 ((const struct Huks_UserAuthRequest *)arguments[0])->talk != NULL;
    const struct ipc_talk talk = {answer_question, talks ? writable(arguments[0]) : NULL};
    if (client == NULL) {
        return error_raise(HUKS_E_IPC, ABOUT_IPC_GONE, NULL);
    }
    HUKS_TRY(remote_put(function, arguments, &message));
    HUKS_TRY(ipc_call(client, function, &message, talks ? &talk : NULL));
    return remote_take(function, arguments, &message);
}
