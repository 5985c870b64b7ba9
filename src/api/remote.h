/*
 * The native door's functions as messages to huksd, which makes the same call on the door that is linked into
 * it.
 *
 * Each function checks its arguments where it was called, in HUKS's order. Where it would take the engine
 * next and there is none in this process (door_engine(): DOOR_ELSEWHERE), the call goes to the service as it
 * came. One table says what a function's arguments are; client (remote.c) and service (remote_serve.c) read
 * it.
 */
#ifndef HUKS_API_REMOTE_H
#define HUKS_API_REMOTE_H

#include "huks/native_huks_type.h"
#include "ipc/client.h"

/* How an argument travels. */
enum remote_kind {
    REMOTE_NONE,
    REMOTE_BLOB,        /* struct OH_Huks_Blob that is read                                          */
    REMOTE_HANDLE,      /* … of which 8 bytes count                                                  */
    REMOTE_PIN,         /* … which is too long if it is longer than AUTH_PIN_MAX                     */
    REMOTE_ROOM,        /* struct OH_Huks_Blob that is written                                       */
    REMOTE_SET,         /* struct OH_Huks_ParamSet that is read                                      */
    REMOTE_SET_ROOM,    /* … that is written                                                         */
    REMOTE_CHAIN,       /* struct OH_Huks_CertChain that is written                                  */
    REMOTE_ALIASES,     /* struct OH_Huks_KeyAliasSet * that is made                                 */
    REMOTE_STATE,       /* struct Huks_UserAuthState that is written                                 */
    REMOTE_REQUEST,     /* struct Huks_UserAuthRequest, its talk included                            */
    REMOTE_TEXT,        /* char[], of which no more than HUKS_CREDENTIAL_NAME_SIZE count             */
    REMOTE_NUMBER,      /* uint64_t, by its address                                                  */
    REMOTE_ID,          /* uint64_t that is written                                                  */
    REMOTE_CREDENTIALS, /* struct Huks_Credential[] that is written; REMOTE_COUNT follows            */
    REMOTE_COUNT,       /* uint32_t: entries, in and out                                             */
    REMOTE_KINDS
};

#define REMOTE_ARGUMENTS 4
/* No output is larger: outputs are parts of 8 MiB, sets of 4 MiB, and small things. */
#define REMOTE_ROOM_MOST    (16u << 20)
#define REMOTE_CERTIFICATES 4u
#define REMOTE_TALK_MOST    4096u /* a question's text, and an answer's */

/* Function, how many arguments, their kinds. Numbers on the wire are the order. */
#define REMOTE_FUNCTIONS(X)                                                                                  \
    X(OH_Huks_GenerateKeyItem, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_SET_ROOM)                                  \
    X(OH_Huks_ImportKeyItem, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_BLOB)                                        \
    X(OH_Huks_ImportWrappedKeyItem, 4, REMOTE_BLOB, REMOTE_BLOB, REMOTE_SET, REMOTE_BLOB)                    \
    X(OH_Huks_ExportPublicKeyItem, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_ROOM)                                  \
    X(OH_Huks_DeleteKeyItem, 2, REMOTE_BLOB, REMOTE_SET)                                                     \
    X(OH_Huks_GetKeyItemParamSet, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_SET_ROOM)                               \
    X(OH_Huks_IsKeyItemExist, 2, REMOTE_BLOB, REMOTE_SET)                                                    \
    X(OH_Huks_AttestKeyItem, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_CHAIN)                                       \
    X(OH_Huks_AnonAttestKeyItem, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_CHAIN)                                   \
    X(OH_Huks_InitSession, 4, REMOTE_BLOB, REMOTE_SET, REMOTE_ROOM, REMOTE_ROOM)                             \
    X(OH_Huks_UpdateSession, 4, REMOTE_HANDLE, REMOTE_SET, REMOTE_BLOB, REMOTE_ROOM)                         \
    X(OH_Huks_FinishSession, 4, REMOTE_HANDLE, REMOTE_SET, REMOTE_BLOB, REMOTE_ROOM)                         \
    X(OH_Huks_AbortSession, 2, REMOTE_HANDLE, REMOTE_SET)                                                    \
    X(OH_Huks_ListAliases, 2, REMOTE_SET, REMOTE_ALIASES)                                                    \
    X(OH_Huks_WrapKey, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_ROOM)                                              \
    X(OH_Huks_UnwrapKey, 3, REMOTE_BLOB, REMOTE_SET, REMOTE_BLOB)                                            \
    X(Huks_UserAuth_GetState, 1, REMOTE_STATE)                                                               \
    X(Huks_UserAuth_SetPin, 1, REMOTE_PIN)                                                                   \
    X(Huks_UserAuth_ChangePin, 2, REMOTE_PIN, REMOTE_PIN)                                                    \
    X(Huks_UserAuth_ClearPin, 1, REMOTE_PIN)                                                                 \
    X(Huks_UserAuth_Enroll, 3, REMOTE_REQUEST, REMOTE_TEXT, REMOTE_ID)                                       \
    X(Huks_UserAuth_List, 2, REMOTE_CREDENTIALS, REMOTE_COUNT)                                               \
    X(Huks_UserAuth_Remove, 2, REMOTE_PIN, REMOTE_NUMBER)                                                    \
    X(Huks_UserAuth_Authenticate, 2, REMOTE_REQUEST, REMOTE_ROOM)                                            \
    X(Huks_UserAuth_Cancel, 1, REMOTE_NUMBER)                                                                \
    X(Huks_UserAuth_Lock, 0, REMOTE_NONE)

enum remote_function {
    REMOTE_NO_FUNCTION,
#define REMOTE_NUMBER_OF(name, count, ...) REMOTE_##name,
    REMOTE_FUNCTIONS(REMOTE_NUMBER_OF)
#undef REMOTE_NUMBER_OF
        REMOTE_END
};

/* The kinds of a function's arguments; of one that is none, all REMOTE_NONE. */
extern const uint8_t remote_kinds[REMOTE_END][REMOTE_ARGUMENTS];

/* For ipc_client_open(). */
enum ipc_patience remote_patience(uint32_t function);

/* What a function of the door answers, by its own words or, when they were DOOR_ELSEWHERE, by the service's.
 */
#define REMOTELY(name, call, ...)                                                                            \
    __extension__({                                                                                          \
        huks_rc remote_rc = (call);                                                                          \
        __builtin_expect(remote_rc == DOOR_ELSEWHERE, 0)                                                     \
            ? remote_call(REMOTE_##name, (const void *const[REMOTE_ARGUMENTS]){__VA_ARGS__})                 \
            : remote_rc;                                                                                     \
    })
/* The same, where what the function itself takes is what travels. */
#define EVERYWHERE(name, function, ...) REMOTELY(name, function(__VA_ARGS__), __VA_ARGS__)
HUKS_MUST_USE HUKS_RARE huks_rc remote_call(enum remote_function function,
                                            const void *const arguments[REMOTE_ARGUMENTS]);

/* Its two halves: the request, and what the reply makes of the arguments. */
HUKS_MUST_USE huks_rc remote_put(enum remote_function function, const void *const arguments[REMOTE_ARGUMENTS],
                                 struct ipc_message *request);
HUKS_MUST_USE huks_rc remote_take(enum remote_function function,
                                  const void *const arguments[REMOTE_ARGUMENTS], struct ipc_message *reply);

/* A set in its packed form; NULL is absent. */
HUKS_MUST_USE huks_rc remote_put_set(struct ipc_message *message, const struct OH_Huks_ParamSet *set);

/* Number of a presence: a pointer that is NULL, data that are NULL, both there. */
enum remote_presence { REMOTE_ABSENT, REMOTE_NO_DATA, REMOTE_PRESENT };

/* The door as huksd serves it (ipc/server.h); not in libhuks_ndk, which starts no threads. */
struct ipc_served;
extern const struct ipc_served native_served;

#endif
