/*
 * Cryptoki → HUKS: every CKR_* of PKCS #11 3.2, in the order of the contract's second table.
 *
 *     X(name, value, HUKS code, what it is about, words for the message's gap when the caller has none)
 *
 * Values stand here again so that a wrong installed header can't go by unseen: errors.c asserts each one,
 * and the number of rows.
 */
#ifndef HUKS_PKCS11_CKR_H
#define HUKS_PKCS11_CKR_H

#define P11_CKR_ROWS 104

#define P11_CKR_TABLE(X)                                                                                     \
    X(OK, 0x0UL, HUKS_OK, ABOUT_NOTHING, NULL)                                                               \
    X(MECHANISM_INVALID, 0x70UL, HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "mechanism")                         \
    X(CURVE_NOT_SUPPORTED, 0x140UL, HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "curve")                              \
    X(PARAMETER_SET_NOT_SUPPORTED, 0x209UL, HUKS_E_NOT_SUPPORTED, ABOUT_PARAMETER_SET, "parameter set")      \
    X(FUNCTION_NOT_SUPPORTED, 0x54UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "function")                      \
    X(FUNCTION_NOT_PARALLEL, 0x51UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "parallel function")              \
    X(SESSION_PARALLEL_NOT_SUPPORTED, 0xb4UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "parallel session")      \
    X(SESSION_ASYNC_NOT_SUPPORTED, 0x205UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "asynchronous session")    \
    X(RANDOM_SEED_NOT_SUPPORTED, 0x120UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "seeding of the generator")  \
    X(STATE_UNSAVEABLE, 0x180UL, HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "saving of this operation's state")   \
    X(ATTRIBUTE_TYPE_INVALID, 0x12UL, HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "attribute")                    \
    X(TEMPLATE_INCOMPLETE, 0xd0UL, HUKS_E_MISSING_PARAM, ABOUT_TEMPLATE, "mandatory attribute")              \
    X(KEY_NEEDED, 0x66UL, HUKS_E_MISSING_PARAM, ABOUT_OBJECT, "key")                                         \
    X(ATTRIBUTE_VALUE_INVALID, 0x13UL, HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "attribute value")             \
    X(ATTRIBUTE_READ_ONLY, 0x10UL, HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "change of a read-only attribute") \
    X(ATTRIBUTE_SENSITIVE, 0x11UL, HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "access to a sensitive attribute") \
    X(TEMPLATE_INCONSISTENT, 0xd1UL, HUKS_E_INVALID_PARAM, ABOUT_TEMPLATE, "combination of attributes")      \
    X(MECHANISM_PARAM_INVALID, 0x71UL, HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, "mechanism parameter")   \
    X(DOMAIN_PARAMS_INVALID, 0x130UL, HUKS_E_INVALID_PARAM, ABOUT_CURVE, "domain parameters")                \
    X(KEY_SIZE_RANGE, 0x62UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size")                              \
    X(KEY_TYPE_INCONSISTENT, 0x63UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type for the mechanism")     \
    X(KEY_FUNCTION_NOT_PERMITTED, 0x68UL, HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose")                \
    X(KEY_INDIGESTIBLE, 0x67UL, HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key for a digest")                     \
    X(KEY_NOT_NEEDED, 0x64UL, HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "key where none is needed")                \
    X(KEY_CHANGED, 0x65UL, HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "key for the saved state")                    \
    X(KEY_NOT_WRAPPABLE, 0x69UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key for wrapping")                   \
    X(KEY_UNEXTRACTABLE, 0x6aUL, HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "wrapping of an unextractable key")    \
    X(INFORMATION_SENSITIVE, 0x170UL, HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "access to sensitive data")     \
    X(PUBLIC_KEY_INVALID, 0x1b9UL, HUKS_E_INVALID_PARAM, ABOUT_PUBLIC_POINT, "public key")                   \
    X(WRAPPING_KEY_SIZE_RANGE, 0x114UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "size of the wrapping key")    \
    X(WRAPPING_KEY_TYPE_INCONSISTENT, 0x115UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "wrapping key type")    \
    X(UNWRAPPING_KEY_SIZE_RANGE, 0xf1UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "size of the unwrapping key") \
    X(UNWRAPPING_KEY_TYPE_INCONSISTENT, 0xf2UL, HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "unwrapping key type") \
    X(DATA_INVALID, 0x20UL, HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN, "data")                                    \
    X(DATA_LEN_RANGE, 0x21UL, HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN, "data length")                           \
    X(ENCRYPTED_DATA_LEN_RANGE, 0x41UL, HUKS_E_INVALID_PARAM, ABOUT_CIPHERTEXT_LEN, "encrypted data length") \
    X(SIGNATURE_LEN_RANGE, 0xc1UL, HUKS_E_INVALID_PARAM, ABOUT_SIGNATURE_LEN, "signature length")            \
    X(WRAPPED_KEY_LEN_RANGE, 0x112UL, HUKS_E_INVALID_PARAM, ABOUT_WRAPPED_KEY, "wrapped key length")         \
    X(SAVED_STATE_INVALID, 0x160UL, HUKS_E_INVALID_PARAM, ABOUT_NOTHING, "saved state")                      \
    X(PIN_INVALID, 0xa1UL, HUKS_E_INVALID_PARAM, ABOUT_PIN, "PIN")                                           \
    X(PIN_LEN_RANGE, 0xa2UL, HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH, "PIN length")                           \
    X(PIN_TOO_WEAK, 0x1b8UL, HUKS_E_INVALID_PARAM, ABOUT_PIN, "PIN strength")                                \
    X(ACTION_PROHIBITED, 0x1bUL, HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "action on the object")                 \
    X(EXCEEDED_MAX_ITERATIONS, 0x1b5UL, HUKS_E_INVALID_PARAM, ABOUT_NOTHING, "number of iterations")         \
    X(DEVICE_MEMORY, 0x31UL, HUKS_E_FILE, ABOUT_NO_SPACE, NULL)                                              \
    X(TOKEN_WRITE_PROTECTED, 0xe2UL, HUKS_E_FILE, ABOUT_READ_ONLY, "write to a read-only token")             \
    X(TOKEN_RESOURCE_EXCEEDED, 0x201UL, HUKS_E_FILE, ABOUT_FILE, "get a resource of the token")              \
    X(DEVICE_REMOVED, 0x32UL, HUKS_E_IPC, ABOUT_IPC_GONE, "connection lost")                                 \
    X(ENCRYPTED_DATA_INVALID, 0x40UL, HUKS_E_CRYPTO, ABOUT_CIPHERTEXT, NULL)                                 \
    X(AEAD_DECRYPT_FAILED, 0x42UL, HUKS_E_CRYPTO, ABOUT_CIPHERTEXT, NULL)                                    \
    X(SIGNATURE_INVALID, 0xc0UL, HUKS_E_CRYPTO, ABOUT_SIGNATURE, NULL)                                       \
    X(WRAPPED_KEY_INVALID, 0x110UL, HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL)                                  \
    X(FUNCTION_FAILED, 0x6UL, HUKS_E_CRYPTO, ABOUT_ENGINE, NULL)                                             \
    X(FIPS_SELF_TEST_FAILED, 0x1b6UL, HUKS_E_CRYPTO, ABOUT_ENGINE, NULL)                                     \
    X(RANDOM_NO_RNG, 0x121UL, HUKS_E_CRYPTO, ABOUT_ENGINE, NULL)                                             \
    X(SEED_RANDOM_REQUIRED, 0x206UL, HUKS_E_CRYPTO, ABOUT_ENGINE, NULL)                                      \
    X(KEY_EXHAUSTED, 0x203UL, HUKS_E_CRYPTO, ABOUT_ENGINE, NULL)                                             \
    X(PIN_INCORRECT, 0xa0UL, HUKS_E_AUTH_FAILED, ABOUT_PIN, NULL)                                            \
    X(PIN_LOCKED, 0xa4UL, HUKS_E_AUTH_FAILED, ABOUT_PIN_LOCKED, NULL)                                        \
    X(USER_NOT_LOGGED_IN, 0x101UL, HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL)                                    \
    X(FUNCTION_REJECTED, 0x200UL, HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL)                                     \
    X(OPERATION_NOT_VALIDATED, 0x207UL, HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL)                               \
    X(PIN_EXPIRED, 0xa3UL, HUKS_E_AUTH_TIMED_OUT, ABOUT_PIN, NULL)                                           \
    X(SESSION_COUNT, 0xb1UL, HUKS_E_SESSION_LIMIT, ABOUT_NOTHING, NULL)                                      \
    X(OBJECT_HANDLE_INVALID, 0x82UL, HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL)                                   \
    X(KEY_HANDLE_INVALID, 0x60UL, HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL)                                      \
    X(WRAPPING_KEY_HANDLE_INVALID, 0x113UL, HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL)                            \
    X(UNWRAPPING_KEY_HANDLE_INVALID, 0xf0UL, HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL)                           \
    X(SLOT_ID_INVALID, 0x3UL, HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL)                                           \
    X(SESSION_HANDLE_INVALID, 0xb3UL, HUKS_E_NOT_EXIST, ABOUT_NOTHING, NULL)                                 \
    X(SESSION_CLOSED, 0xb0UL, HUKS_E_NOT_EXIST, ABOUT_NOTHING, NULL)                                         \
    X(TOKEN_NOT_PRESENT, 0xe0UL, HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL)                                        \
    X(DEVICE_ERROR, 0x30UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                            \
    X(GENERAL_ERROR, 0x5UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                            \
    X(CANT_LOCK, 0xaUL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                                \
    X(MUTEX_BAD, 0x1a0UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                              \
    X(MUTEX_NOT_LOCKED, 0x1a1UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                       \
    X(NEED_TO_CREATE_THREADS, 0x9UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                   \
    X(LIBRARY_LOAD_FAILED, 0x1b7UL, HUKS_E_INTERNAL, ABOUT_NOTHING, NULL)                                    \
    X(TOKEN_NOT_RECOGNIZED, 0xe1UL, HUKS_E_INTERNAL, ABOUT_TOKEN, NULL)                                      \
    X(TOKEN_NOT_INITIALIZED, 0x208UL, HUKS_E_INTERNAL, ABOUT_TOKEN, NULL)                                    \
    X(USER_PIN_NOT_INITIALIZED, 0x102UL, HUKS_E_NO_CREDENTIAL, ABOUT_PIN, NULL)                              \
    X(HOST_MEMORY, 0x2UL, HUKS_E_MEMORY, ABOUT_ALLOCATION, NULL)                                             \
    X(BUFFER_TOO_SMALL, 0x150UL, HUKS_E_MEMORY, ABOUT_BUFFER, NULL)                                          \
    X(NEW_PIN_MODE, 0x1b0UL, HUKS_E_USERIAM, ABOUT_PIN, "new PIN")                                           \
    X(NEXT_OTP, 0x1b1UL, HUKS_E_USERIAM, ABOUT_PIN, "next one-time password")                                \
    X(PENDING, 0x204UL, HUKS_E_USERIAM, ABOUT_OPERATION, "pending operation's")                              \
    X(ARGUMENTS_BAD, 0x7UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                            \
    X(CRYPTOKI_NOT_INITIALIZED, 0x190UL, HUKS_E_ARGUMENT, ABOUT_SHUTDOWN, NULL)                              \
    X(CRYPTOKI_ALREADY_INITIALIZED, 0x191UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                           \
    X(OPERATION_ACTIVE, 0x90UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                        \
    X(OPERATION_NOT_INITIALIZED, 0x91UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                               \
    X(OPERATION_CANCEL_FAILED, 0x202UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                \
    X(SESSION_READ_ONLY, 0xb5UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                       \
    X(SESSION_EXISTS, 0xb6UL, HUKS_E_ARGUMENT, ABOUT_TOKEN, NULL)                                            \
    X(SESSION_READ_ONLY_EXISTS, 0xb7UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                \
    X(SESSION_READ_WRITE_SO_EXISTS, 0xb8UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                            \
    X(USER_ALREADY_LOGGED_IN, 0x100UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                 \
    X(USER_ANOTHER_ALREADY_LOGGED_IN, 0x104UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                         \
    X(USER_TYPE_INVALID, 0x103UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                      \
    X(USER_TOO_MANY_TYPES, 0x105UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                    \
    X(NO_EVENT, 0x8UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                                 \
    X(CANCEL, 0x1UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)                                                   \
    X(FUNCTION_CANCELED, 0x50UL, HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL)

#endif
