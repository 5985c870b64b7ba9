/*
 * What the functions of Cryptoki and of the vendor interface take: one table, read by whoever passes a call on
 * (dispatch.c), sends it (remote.c) and carries it out for somebody else (remote_serve.c). What is answered in
 * the process itself, before and without C_Initialize, is not in it.
 *
 *     X(name, number of parameters, (their types), (what each of them is))
 *
 * What they are is in signature.c's words:
 *
 *     HANDLE       a session's handle            NUMBER      any number: handle, flags, length without bytes
 *     BYTES, SIZE  bytes that are read           PIN, SIZE   the same, and the log shows not even how many
 *     OUTPUT, ROOM bytes by the two-call convention (a length that is read and written)
 *     FILL, SIZE   bytes that are written, exactly so many
 *     LABEL        32 bytes that are read        TEXT        a terminated text
 *     CELL         a number that is written      RECORD(t)   a struct without pointers that is written
 *     LIST, ROOM   numbers that are written, by the two-call convention
 *     FOUND, NUMBER, CELL  numbers that are written: at most so many, and how many there were
 *     TEMPLATE, SIZE  attributes that are read   QUERY, SIZE attributes that are asked for
 *     MECHANISM(u) CK_MECHANISM with a parameter as use `u` has it
 *     MESSAGE(k), SIZE  the parameter of one message of the pending operation of kind `k`
 *     PRESENT      a pointer of which it only matters whether it is one
 *     OWN          what never leaves the process: callbacks, and what they are given
 */
#ifndef HUKS_PKCS11_SIGNATURE_H
#define HUKS_PKCS11_SIGNATURE_H

#include "pkcs11/vendor.h"

#define P11_SIGNATURES_GENERAL(X)                                                                            \
    X(C_GetInfo, 1, (CK_INFO_PTR), (RECORD(CK_INFO)))                                                        \
    X(C_GetSlotList, 3, (CK_BBOOL, CK_SLOT_ID_PTR, CK_ULONG_PTR), (NUMBER, LIST, ROOM))                      \
    X(C_GetSlotInfo, 2, (CK_SLOT_ID, CK_SLOT_INFO_PTR), (NUMBER, RECORD(CK_SLOT_INFO)))                      \
    X(C_GetTokenInfo, 2, (CK_SLOT_ID, CK_TOKEN_INFO_PTR), (NUMBER, RECORD(CK_TOKEN_INFO)))                   \
    X(C_GetMechanismList, 3, (CK_SLOT_ID, CK_MECHANISM_TYPE_PTR, CK_ULONG_PTR), (NUMBER, LIST, ROOM))        \
    X(C_GetMechanismInfo, 3, (CK_SLOT_ID, CK_MECHANISM_TYPE, CK_MECHANISM_INFO_PTR),                         \
      (NUMBER, NUMBER, RECORD(CK_MECHANISM_INFO)))                                                           \
    X(C_InitToken, 4, (CK_SLOT_ID, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR), (NUMBER, PIN, SIZE, LABEL))  \
    X(C_InitPIN, 3, (CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG), (HANDLE, PIN, SIZE))                     \
    X(C_SetPIN, 5, (CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR, CK_ULONG),                \
      (HANDLE, PIN, SIZE, PIN, SIZE))                                                                        \
    X(C_OpenSession, 5, (CK_SLOT_ID, CK_FLAGS, CK_VOID_PTR, CK_NOTIFY, CK_SESSION_HANDLE_PTR),               \
      (NUMBER, NUMBER, OWN, OWN, CELL))                                                                      \
    X(C_CloseSession, 1, (CK_SESSION_HANDLE), (HANDLE))                                                      \
    X(C_CloseAllSessions, 1, (CK_SLOT_ID), (NUMBER))                                                         \
    X(C_GetSessionInfo, 2, (CK_SESSION_HANDLE, CK_SESSION_INFO_PTR), (HANDLE, RECORD(CK_SESSION_INFO)))      \
    X(C_GetOperationState, 3, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR), (HANDLE, OUTPUT, ROOM))        \
    X(C_SetOperationState, 5,                                                                                \
      (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE),                        \
      (HANDLE, BYTES, SIZE, NUMBER, NUMBER))                                                                 \
    X(C_Login, 4, (CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_ULONG), (HANDLE, NUMBER, PIN, SIZE)) \
    X(C_LoginUser, 6,                                                                                        \
      (CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR, CK_ULONG),               \
      (HANDLE, NUMBER, PIN, SIZE, BYTES, SIZE))                                                              \
    X(C_Logout, 1, (CK_SESSION_HANDLE), (HANDLE))                                                            \
    X(C_SessionCancel, 2, (CK_SESSION_HANDLE, CK_FLAGS), (HANDLE, NUMBER))                                   \
    X(C_GetFunctionStatus, 1, (CK_SESSION_HANDLE), (HANDLE))                                                 \
    X(C_CancelFunction, 1, (CK_SESSION_HANDLE), (HANDLE))                                                    \
    X(C_WaitForSlotEvent, 3, (CK_FLAGS, CK_SLOT_ID_PTR, CK_VOID_PTR), (NUMBER, CELL, PRESENT))               \
    X(C_GetSessionValidationFlags, 3, (CK_SESSION_HANDLE, CK_SESSION_VALIDATION_FLAGS_TYPE, CK_FLAGS_PTR_),  \
      (HANDLE, NUMBER, CELL))                                                                                \
    X(C_AsyncComplete, 3, (CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ASYNC_DATA_PTR), (HANDLE, TEXT, OWN))      \
    X(C_AsyncGetID, 3, (CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG_PTR), (HANDLE, TEXT, CELL))             \
    X(C_AsyncJoin, 5, (CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),                 \
      (HANDLE, TEXT, NUMBER, OWN, NUMBER))                                                                   \
    X(C_SeedRandom, 3, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG), (HANDLE, BYTES, SIZE))                    \
    X(C_GenerateRandom, 3, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG), (HANDLE, FILL, SIZE))

#define P11_SIGNATURES_OBJECTS(X)                                                                            \
    X(C_CreateObject, 4, (CK_SESSION_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR),              \
      (HANDLE, TEMPLATE, SIZE, CELL))                                                                        \
    X(C_CopyObject, 5,                                                                                       \
      (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR),               \
      (HANDLE, NUMBER, TEMPLATE, SIZE, CELL))                                                                \
    X(C_DestroyObject, 2, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE), (HANDLE, NUMBER))                           \
    X(C_GetObjectSize, 3, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ULONG_PTR), (HANDLE, NUMBER, CELL))       \
    X(C_GetAttributeValue, 4, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG),             \
      (HANDLE, NUMBER, QUERY, SIZE))                                                                         \
    X(C_SetAttributeValue, 4, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG),             \
      (HANDLE, NUMBER, TEMPLATE, SIZE))                                                                      \
    X(C_FindObjectsInit, 3, (CK_SESSION_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG), (HANDLE, TEMPLATE, SIZE))       \
    X(C_FindObjects, 4, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE_PTR, CK_ULONG, CK_ULONG_PTR),                   \
      (HANDLE, FOUND, NUMBER, CELL))                                                                         \
    X(C_FindObjectsFinal, 1, (CK_SESSION_HANDLE), (HANDLE))

/* Of the same form each. */
#define P11_SIGNATURE_INIT(X, name)                                                                          \
    X(name, 3, (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE), (HANDLE, MECHANISM(PLAIN), NUMBER))
#define P11_SIGNATURE_MESSAGE_INIT(X, name)                                                                  \
    X(name, 3, (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE), (HANDLE, MECHANISM(MESSAGES), NUMBER))
#define P11_SIGNATURE_STEP(X, name) /* bytes in, bytes out */                                                \
    X(name, 5, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR),                        \
      (HANDLE, BYTES, SIZE, OUTPUT, ROOM))
#define P11_SIGNATURE_FEED(X, name) /* bytes in */                                                           \
    X(name, 3, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG), (HANDLE, BYTES, SIZE))
#define P11_SIGNATURE_LAST(X, name) /* bytes out */                                                          \
    X(name, 3, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR), (HANDLE, OUTPUT, ROOM))
#define P11_SIGNATURE_END(X, name)  X(name, 1, (CK_SESSION_HANDLE), (HANDLE))

#define P11_SIGNATURES_OPERATIONS(X)                                                                         \
    P11_SIGNATURE_INIT(X, C_EncryptInit)                                                                     \
    P11_SIGNATURE_STEP(X, C_Encrypt)                                                                         \
    P11_SIGNATURE_STEP(X, C_EncryptUpdate)                                                                   \
    P11_SIGNATURE_LAST(X, C_EncryptFinal)                                                                    \
    P11_SIGNATURE_INIT(X, C_DecryptInit)                                                                     \
    P11_SIGNATURE_STEP(X, C_Decrypt)                                                                         \
    P11_SIGNATURE_STEP(X, C_DecryptUpdate)                                                                   \
    P11_SIGNATURE_LAST(X, C_DecryptFinal)                                                                    \
    X(C_DigestInit, 2, (CK_SESSION_HANDLE, CK_MECHANISM_PTR), (HANDLE, MECHANISM(PLAIN)))                    \
    P11_SIGNATURE_STEP(X, C_Digest)                                                                          \
    P11_SIGNATURE_FEED(X, C_DigestUpdate)                                                                    \
    X(C_DigestKey, 2, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE), (HANDLE, NUMBER))                               \
    P11_SIGNATURE_LAST(X, C_DigestFinal)                                                                     \
    P11_SIGNATURE_INIT(X, C_SignInit)                                                                        \
    P11_SIGNATURE_STEP(X, C_Sign)                                                                            \
    P11_SIGNATURE_FEED(X, C_SignUpdate)                                                                      \
    P11_SIGNATURE_LAST(X, C_SignFinal)                                                                       \
    P11_SIGNATURE_INIT(X, C_SignRecoverInit)                                                                 \
    P11_SIGNATURE_STEP(X, C_SignRecover)                                                                     \
    P11_SIGNATURE_INIT(X, C_VerifyInit)                                                                      \
    X(C_Verify, 5, (CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),                        \
      (HANDLE, BYTES, SIZE, BYTES, SIZE))                                                                    \
    P11_SIGNATURE_FEED(X, C_VerifyUpdate)                                                                    \
    P11_SIGNATURE_FEED(X, C_VerifyFinal)                                                                     \
    P11_SIGNATURE_INIT(X, C_VerifyRecoverInit)                                                               \
    P11_SIGNATURE_STEP(X, C_VerifyRecover)                                                                   \
    P11_SIGNATURE_STEP(X, C_DigestEncryptUpdate)                                                             \
    P11_SIGNATURE_STEP(X, C_DecryptDigestUpdate)                                                             \
    P11_SIGNATURE_STEP(X, C_SignEncryptUpdate)                                                               \
    P11_SIGNATURE_STEP(X, C_DecryptVerifyUpdate)                                                             \
    X(C_VerifySignatureInit, 5,                                                                              \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG),                        \
      (HANDLE, MECHANISM(PLAIN), NUMBER, BYTES, SIZE))                                                       \
    P11_SIGNATURE_FEED(X, C_VerifySignature)                                                                 \
    P11_SIGNATURE_FEED(X, C_VerifySignatureUpdate)                                                           \
    P11_SIGNATURE_END(X, C_VerifySignatureFinal)

#define P11_SIGNATURES_KEYS(X)                                                                               \
    X(C_GenerateKey, 5, (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_ATTRIBUTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR), \
      (HANDLE, MECHANISM(PLAIN), TEMPLATE, SIZE, CELL))                                                      \
    X(C_GenerateKeyPair, 8,                                                                                  \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_ATTRIBUTE_PTR, CK_ULONG, CK_ATTRIBUTE_PTR, CK_ULONG,          \
       CK_OBJECT_HANDLE_PTR, CK_OBJECT_HANDLE_PTR),                                                          \
      (HANDLE, MECHANISM(PLAIN), TEMPLATE, SIZE, TEMPLATE, SIZE, CELL, CELL))                                \
    X(C_WrapKey, 6,                                                                                          \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR),  \
      (HANDLE, MECHANISM(WRAPPING), NUMBER, NUMBER, OUTPUT, ROOM))                                           \
    X(C_UnwrapKey, 8,                                                                                        \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_ATTRIBUTE_PTR,       \
       CK_ULONG, CK_OBJECT_HANDLE_PTR),                                                                      \
      (HANDLE, MECHANISM(WRAPPING), NUMBER, BYTES, SIZE, TEMPLATE, SIZE, CELL))                              \
    X(C_DeriveKey, 6,                                                                                        \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG,                    \
       CK_OBJECT_HANDLE_PTR),                                                                                \
      (HANDLE, MECHANISM(PLAIN), NUMBER, TEMPLATE, SIZE, CELL))                                              \
    X(C_EncapsulateKey, 8,                                                                                   \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG, CK_BYTE_PTR,       \
       CK_ULONG_PTR, CK_OBJECT_HANDLE_PTR),                                                                  \
      (HANDLE, MECHANISM(PLAIN), NUMBER, TEMPLATE, SIZE, OUTPUT, ROOM, CELL))                                \
    X(C_DecapsulateKey, 8,                                                                                   \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG, CK_BYTE_PTR,       \
       CK_ULONG, CK_OBJECT_HANDLE_PTR),                                                                      \
      (HANDLE, MECHANISM(PLAIN), NUMBER, TEMPLATE, SIZE, BYTES, SIZE, CELL))                                 \
    X(C_WrapKeyAuthenticated, 8,                                                                             \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG,       \
       CK_BYTE_PTR, CK_ULONG_PTR),                                                                           \
      (HANDLE, MECHANISM(MESSAGES), NUMBER, NUMBER, BYTES, SIZE, OUTPUT, ROOM))                              \
    X(C_UnwrapKeyAuthenticated, 10,                                                                          \
      (CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_ATTRIBUTE_PTR,       \
       CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR),                                               \
      (HANDLE, MECHANISM(MESSAGES), NUMBER, BYTES, SIZE, TEMPLATE, SIZE, BYTES, SIZE, CELL))

#define P11_SIGNATURES_MESSAGES(X)                                                                           \
    P11_SIGNATURE_MESSAGE_INIT(X, C_MessageEncryptInit)                                                      \
    X(C_EncryptMessage, 9,                                                                                   \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,  \
       CK_ULONG_PTR),                                                                                        \
      (HANDLE, MESSAGE(P11_ENCRYPT), SIZE, BYTES, SIZE, BYTES, SIZE, OUTPUT, ROOM))                          \
    X(C_EncryptMessageBegin, 5, (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),           \
      (HANDLE, MESSAGE(P11_ENCRYPT), SIZE, BYTES, SIZE))                                                     \
    X(C_EncryptMessageNext, 8,                                                                               \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR, CK_FLAGS), \
      (HANDLE, MESSAGE(P11_ENCRYPT), SIZE, BYTES, SIZE, OUTPUT, ROOM, NUMBER))                               \
    P11_SIGNATURE_END(X, C_MessageEncryptFinal)                                                              \
    P11_SIGNATURE_MESSAGE_INIT(X, C_MessageDecryptInit)                                                      \
    X(C_DecryptMessage, 9,                                                                                   \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,  \
       CK_ULONG_PTR),                                                                                        \
      (HANDLE, MESSAGE(P11_DECRYPT), SIZE, BYTES, SIZE, BYTES, SIZE, OUTPUT, ROOM))                          \
    X(C_DecryptMessageBegin, 5, (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),           \
      (HANDLE, MESSAGE(P11_DECRYPT), SIZE, BYTES, SIZE))                                                     \
    X(C_DecryptMessageNext, 8,                                                                               \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR, CK_FLAGS), \
      (HANDLE, MESSAGE(P11_DECRYPT), SIZE, BYTES, SIZE, OUTPUT, ROOM, NUMBER))                               \
    P11_SIGNATURE_END(X, C_MessageDecryptFinal)                                                              \
    P11_SIGNATURE_INIT(X, C_MessageSignInit)                                                                 \
    X(C_SignMessage, 7,                                                                                      \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR),          \
      (HANDLE, MESSAGE(P11_SIGN), SIZE, BYTES, SIZE, OUTPUT, ROOM))                                          \
    X(C_SignMessageBegin, 3, (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG), (HANDLE, MESSAGE(P11_SIGN), SIZE))  \
    X(C_SignMessageNext, 7,                                                                                  \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR),          \
      (HANDLE, OWN, NUMBER, BYTES, SIZE, OUTPUT, ROOM)) /* its parameter is not read */                      \
    P11_SIGNATURE_END(X, C_MessageSignFinal)                                                                 \
    P11_SIGNATURE_INIT(X, C_MessageVerifyInit)                                                               \
    X(C_VerifyMessage, 7,                                                                                    \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),              \
      (HANDLE, MESSAGE(P11_VERIFY), SIZE, BYTES, SIZE, BYTES, SIZE))                                         \
    X(C_VerifyMessageBegin, 3, (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG), (HANDLE, MESSAGE(P11_VERIFY), SIZE)) \
    X(C_VerifyMessageNext, 7,                                                                                \
      (CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG),              \
      (HANDLE, OWN, NUMBER, BYTES, SIZE, BYTES, SIZE)) /* nor is its */                                      \
    P11_SIGNATURE_END(X, C_MessageVerifyFinal)

/* The vendor interface's, by the names of vendor.h. */
#define P11_SIGNATURES_VENDOR(X)                                                                             \
    X(p11_GetLimits, 2, (CK_SLOT_ID, CK_HUKS_LIMITS_PTR_), (NUMBER, RECORD(CK_HUKS_LIMITS)))                 \
    X(p11_GetChallenge, 4, (CK_SESSION_HANDLE, CK_FLAGS, CK_BYTE_PTR, CK_ULONG_PTR),                         \
      (HANDLE, NUMBER, OUTPUT, ROOM))                                                                        \
    X(p11_SetAuthToken, 4, (CK_SESSION_HANDLE, CK_FLAGS, CK_BYTE_PTR, CK_ULONG), (HANDLE, NUMBER, BYTES, SIZE)) \
    X(p11_AttestKey, 6, (CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR), \
      (HANDLE, NUMBER, BYTES, SIZE, OUTPUT, ROOM))

#define P11_SIGNATURES(X)                                                                                    \
    P11_SIGNATURES_GENERAL(X)                                                                                \
    P11_SIGNATURES_OBJECTS(X)                                                                                \
    P11_SIGNATURES_OPERATIONS(X)                                                                             \
    P11_SIGNATURES_KEYS(X)                                                                                   \
    P11_SIGNATURES_MESSAGES(X)                                                                               \
    P11_SIGNATURES_VENDOR(X)

/* One word a type, for the table. */
typedef CK_FLAGS *CK_FLAGS_PTR_;
typedef CK_HUKS_LIMITS *CK_HUKS_LIMITS_PTR_;

/* A function's number in the table, and in requests. */
enum p11_function {
#define P11_NUMBER(name, ...) P11_FN_##name,
    P11_SIGNATURES(P11_NUMBER)
#undef P11_NUMBER
        P11_FUNCTIONS_COUNT
};

enum { P11_PARAMETERS_MAX = 10 };

enum p11_argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_HANDLE,
    ARGUMENT_NUMBER,
    ARGUMENT_BYTES,
    ARGUMENT_PIN,
    ARGUMENT_SIZE, /* of the argument before it */
    ARGUMENT_OUTPUT,
    ARGUMENT_FILL,
    ARGUMENT_ROOM, /* the same, read and written */
    ARGUMENT_LABEL,
    ARGUMENT_TEXT,
    ARGUMENT_CELL,
    ARGUMENT_RECORD,
    ARGUMENT_LIST,
    ARGUMENT_FOUND,
    ARGUMENT_TEMPLATE,
    ARGUMENT_QUERY,
    ARGUMENT_MECHANISM,
    ARGUMENT_MESSAGE,
    ARGUMENT_PRESENT,
    ARGUMENT_OWN,
    ARGUMENT_KINDS
};

/* Whose structures a mechanism's parameter is made of: AES-GCM has one for each. */
enum p11_parameter_use { P11_PARAMETER_PLAIN, P11_PARAMETER_WRAPPING, P11_PARAMETER_MESSAGES };

struct p11_argument {
    uint8_t kind;    /* enum p11_argument_kind                                                    */
    uint16_t detail; /* RECORD: its size; MECHANISM: enum p11_parameter_use; MESSAGE: enum p11_kind */
};

struct p11_signature {
    const char *name;
    const char *types; /* "(CK_SESSION_HANDLE, CK_FLAGS)" */
    struct p11_argument arguments[P11_PARAMETERS_MAX + 1]; /* ends with ARGUMENT_NONE */
};
extern const struct p11_signature p11_signatures[P11_FUNCTIONS_COUNT];

/* A call's arguments as words, in the order of its parameters: every one of them fits. */
typedef uintptr_t p11_words[P11_PARAMETERS_MAX];

/* ---- for those who write functions by the table ---- */

#define P11_CAT_(a, b) a##b
#define P11_CAT(a, b)  P11_CAT_(a, b)

/* (types) → parameters a, b, … */
#define P11_PARAMETERS(n, types)                   P11_CAT(P11_PARAMETERS_, n) types
#define P11_PARAMETERS_1(A)                        A a
#define P11_PARAMETERS_2(A, B)                     A a, B b
#define P11_PARAMETERS_3(A, B, C)                  A a, B b, C c
#define P11_PARAMETERS_4(A, B, C, D)               A a, B b, C c, D d
#define P11_PARAMETERS_5(A, B, C, D, E)            A a, B b, C c, D d, E e
#define P11_PARAMETERS_6(A, B, C, D, E, F)         A a, B b, C c, D d, E e, F f
#define P11_PARAMETERS_7(A, B, C, D, E, F, G)      P11_PARAMETERS_6(A, B, C, D, E, F), G g
#define P11_PARAMETERS_8(A, B, C, D, E, F, G, H)   P11_PARAMETERS_6(A, B, C, D, E, F), G g, H h
#define P11_PARAMETERS_9(A, B, C, D, E, F, G, H, I)  P11_PARAMETERS_8(A, B, C, D, E, F, G, H), I i
#define P11_PARAMETERS_10(A, B, C, D, E, F, G, H, I, J) P11_PARAMETERS_8(A, B, C, D, E, F, G, H), I i, J j
/* … passed on */
#define P11_PASSED(n)                              P11_CAT(P11_PASSED_, n)
#define P11_PASSED_1                               a
#define P11_PASSED_2                               P11_PASSED_1, b
#define P11_PASSED_3                               P11_PASSED_2, c
#define P11_PASSED_4                               P11_PASSED_3, d
#define P11_PASSED_5                               P11_PASSED_4, e
#define P11_PASSED_6                               P11_PASSED_5, f
#define P11_PASSED_7                               P11_PASSED_6, g
#define P11_PASSED_8                               P11_PASSED_7, h
#define P11_PASSED_9                               P11_PASSED_8, i
#define P11_PASSED_10                              P11_PASSED_9, j
/* … as words */
#define P11_AS_WORDS(n)                            P11_CAT(P11_AS_WORDS_, n)
#define P11_AS_WORDS_1                             (uintptr_t)a
#define P11_AS_WORDS_2                             P11_AS_WORDS_1, (uintptr_t)b
#define P11_AS_WORDS_3                             P11_AS_WORDS_2, (uintptr_t)c
#define P11_AS_WORDS_4                             P11_AS_WORDS_3, (uintptr_t)d
#define P11_AS_WORDS_5                             P11_AS_WORDS_4, (uintptr_t)e
#define P11_AS_WORDS_6                             P11_AS_WORDS_5, (uintptr_t)f
#define P11_AS_WORDS_7                             P11_AS_WORDS_6, (uintptr_t)g
#define P11_AS_WORDS_8                             P11_AS_WORDS_7, (uintptr_t)h
#define P11_AS_WORDS_9                             P11_AS_WORDS_8, (uintptr_t)i
#define P11_AS_WORDS_10                            P11_AS_WORDS_9, (uintptr_t)j
/* (types) → arguments out of p11_words w */
#define P11_OF_WORDS(n, types)                     P11_CAT(P11_OF_WORDS_, n) types
#define P11_OF_WORDS_1(A)                          (A)w[0]
#define P11_OF_WORDS_2(A, B)                       (A)w[0], (B)w[1]
#define P11_OF_WORDS_3(A, B, C)                    (A)w[0], (B)w[1], (C)w[2]
#define P11_OF_WORDS_4(A, B, C, D)                 (A)w[0], (B)w[1], (C)w[2], (D)w[3]
#define P11_OF_WORDS_5(A, B, C, D, E)              (A)w[0], (B)w[1], (C)w[2], (D)w[3], (E)w[4]
#define P11_OF_WORDS_6(A, B, C, D, E, F)           P11_OF_WORDS_5(A, B, C, D, E), (F)w[5]
#define P11_OF_WORDS_7(A, B, C, D, E, F, G)        P11_OF_WORDS_6(A, B, C, D, E, F), (G)w[6]
#define P11_OF_WORDS_8(A, B, C, D, E, F, G, H)     P11_OF_WORDS_7(A, B, C, D, E, F, G), (H)w[7]
#define P11_OF_WORDS_9(A, B, C, D, E, F, G, H, I)  P11_OF_WORDS_8(A, B, C, D, E, F, G, H), (I)w[8]
#define P11_OF_WORDS_10(A, B, C, D, E, F, G, H, I, J) P11_OF_WORDS_9(A, B, C, D, E, F, G, H, I), (J)w[9]

#endif
