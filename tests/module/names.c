/* The CKR_* table of the tests, written down from the error contract independently of the module's own. */
#include "names.h"

#include <stdio.h>

#define ROW(code, name)                                                                                      \
    {                                                                                                        \
        CKR_##name, "CKR_" #name, (code) == 0 ? 0 : 12000000 + (code)                                        \
    }

const struct ckr_name ckr_names[] = {
    ROW(0, OK),

    ROW(1, MECHANISM_INVALID),
    ROW(1, CURVE_NOT_SUPPORTED),
    ROW(1, PARAMETER_SET_NOT_SUPPORTED),
    ROW(1, FUNCTION_NOT_SUPPORTED),
    ROW(1, FUNCTION_NOT_PARALLEL),
    ROW(1, SESSION_PARALLEL_NOT_SUPPORTED),
    ROW(1, SESSION_ASYNC_NOT_SUPPORTED),
    ROW(1, RANDOM_SEED_NOT_SUPPORTED),
    ROW(1, STATE_UNSAVEABLE),
    ROW(1, ATTRIBUTE_TYPE_INVALID),

    ROW(2, TEMPLATE_INCOMPLETE),
    ROW(2, KEY_NEEDED),

    ROW(3, ATTRIBUTE_VALUE_INVALID),
    ROW(3, ATTRIBUTE_READ_ONLY),
    ROW(3, ATTRIBUTE_SENSITIVE),
    ROW(3, TEMPLATE_INCONSISTENT),
    ROW(3, MECHANISM_PARAM_INVALID),
    ROW(3, DOMAIN_PARAMS_INVALID),
    ROW(3, KEY_SIZE_RANGE),
    ROW(3, KEY_TYPE_INCONSISTENT),
    ROW(3, KEY_FUNCTION_NOT_PERMITTED),
    ROW(3, KEY_INDIGESTIBLE),
    ROW(3, KEY_NOT_NEEDED),
    ROW(3, KEY_CHANGED),
    ROW(3, KEY_NOT_WRAPPABLE),
    ROW(3, KEY_UNEXTRACTABLE),
    ROW(3, INFORMATION_SENSITIVE),
    ROW(3, PUBLIC_KEY_INVALID),
    ROW(3, WRAPPING_KEY_SIZE_RANGE),
    ROW(3, WRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(3, UNWRAPPING_KEY_SIZE_RANGE),
    ROW(3, UNWRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(3, DATA_INVALID),
    ROW(3, DATA_LEN_RANGE),
    ROW(3, ENCRYPTED_DATA_LEN_RANGE),
    ROW(3, SIGNATURE_LEN_RANGE),
    ROW(3, WRAPPED_KEY_LEN_RANGE),
    ROW(3, SAVED_STATE_INVALID),
    ROW(3, PIN_INVALID),
    ROW(3, PIN_LEN_RANGE),
    ROW(3, PIN_TOO_WEAK),
    ROW(3, ACTION_PROHIBITED),
    ROW(3, EXCEEDED_MAX_ITERATIONS),

    ROW(4, DEVICE_MEMORY),
    ROW(4, TOKEN_WRITE_PROTECTED),
    ROW(4, TOKEN_RESOURCE_EXCEEDED),

    ROW(5, DEVICE_REMOVED),

    ROW(6, ENCRYPTED_DATA_INVALID),
    ROW(6, AEAD_DECRYPT_FAILED),
    ROW(6, SIGNATURE_INVALID),
    ROW(6, WRAPPED_KEY_INVALID),
    ROW(6, FUNCTION_FAILED),
    ROW(6, FIPS_SELF_TEST_FAILED),
    ROW(6, RANDOM_NO_RNG),
    ROW(6, SEED_RANDOM_REQUIRED),
    ROW(6, KEY_EXHAUSTED),

    ROW(8, PIN_INCORRECT),
    ROW(8, PIN_LOCKED),
    ROW(8, USER_NOT_LOGGED_IN),
    ROW(8, FUNCTION_REJECTED),
    ROW(8, OPERATION_NOT_VALIDATED),

    ROW(9, PIN_EXPIRED),

    ROW(10, SESSION_COUNT),

    ROW(11, OBJECT_HANDLE_INVALID),
    ROW(11, KEY_HANDLE_INVALID),
    ROW(11, WRAPPING_KEY_HANDLE_INVALID),
    ROW(11, UNWRAPPING_KEY_HANDLE_INVALID),
    ROW(11, SLOT_ID_INVALID),
    ROW(11, SESSION_HANDLE_INVALID),
    ROW(11, SESSION_CLOSED),
    ROW(11, TOKEN_NOT_PRESENT),

    ROW(12, DEVICE_ERROR),
    ROW(12, GENERAL_ERROR),
    ROW(12, CANT_LOCK),
    ROW(12, MUTEX_BAD),
    ROW(12, MUTEX_NOT_LOCKED),
    ROW(12, NEED_TO_CREATE_THREADS),
    ROW(12, LIBRARY_LOAD_FAILED),
    ROW(12, TOKEN_NOT_RECOGNIZED),
    ROW(12, TOKEN_NOT_INITIALIZED),

    ROW(13, USER_PIN_NOT_INITIALIZED),

    ROW(14, HOST_MEMORY),
    ROW(14, BUFFER_TOO_SMALL),

    ROW(15, NEW_PIN_MODE),
    ROW(15, NEXT_OTP),
    ROW(15, PENDING),

    ROW(18, ARGUMENTS_BAD),
    ROW(18, CRYPTOKI_NOT_INITIALIZED),
    ROW(18, CRYPTOKI_ALREADY_INITIALIZED),
    ROW(18, OPERATION_ACTIVE),
    ROW(18, OPERATION_NOT_INITIALIZED),
    ROW(18, OPERATION_CANCEL_FAILED),
    ROW(18, SESSION_READ_ONLY),
    ROW(18, SESSION_EXISTS),
    ROW(18, SESSION_READ_ONLY_EXISTS),
    ROW(18, SESSION_READ_WRITE_SO_EXISTS),
    ROW(18, USER_ALREADY_LOGGED_IN),
    ROW(18, USER_ANOTHER_ALREADY_LOGGED_IN),
    ROW(18, USER_TYPE_INVALID),
    ROW(18, USER_TOO_MANY_TYPES),
    ROW(18, NO_EVENT),
    ROW(18, CANCEL),
    ROW(18, FUNCTION_CANCELED),
};

const size_t ckr_names_count = sizeof ckr_names / sizeof ckr_names[0];

const char *ckr_name(CK_RV rv)
{
    static _Thread_local char number[32];

    for (size_t i = 0; i < ckr_names_count; i++) {
        if (ckr_names[i].rv == rv) {
            return ckr_names[i].name;
        }
    }
    snprintf(number, sizeof number, "0x%08lx", rv);
    return number;
}

long ckr_huks(CK_RV rv)
{
    for (size_t i = 0; i < ckr_names_count; i++) {
        if (ckr_names[i].rv == rv) {
            return ckr_names[i].huks;
        }
    }
    return 12000012;
}
