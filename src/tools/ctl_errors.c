/*
 * The error contract for people, as a table. See ctl_errors.h.
 */
#include "tools/ctl_errors.h"

#include <string.h>
#include <strings.h>

#include "common/memory.h"

#define ONE                                                                                                  \
    {                                                                                                        \
        ABOUT_NOTHING, ABOUT_COUNT, ABOUT_COUNT                                                              \
    }

const struct ctl_error_row ctl_error_rows[] = {
    {HUKS_E_NOT_SUPPORTED, "FEATURE_NOT_SUPPORTED", ONE,
     "The engine does not have what was asked for: an algorithm, mode, curve, digest, padding or purpose.",
     "Choose another one. Some old algorithms need legacy_mechanisms=true in the configuration.",
     "mechanism CKR_MECHANISM_INVALID; curve CKR_CURVE_NOT_SUPPORTED; post-quantum parameter set "
     "CKR_PARAMETER_SET_NOT_SUPPORTED; part of a mechanism's parameter CKR_MECHANISM_PARAM_INVALID; "
     "function CKR_FUNCTION_NOT_SUPPORTED; attribute CKR_ATTRIBUTE_TYPE_INVALID; purpose "
     "CKR_KEY_FUNCTION_NOT_PERMITTED; key size CKR_KEY_SIZE_RANGE, in a template "
     "CKR_ATTRIBUTE_VALUE_INVALID; saving a state CKR_STATE_UNSAVEABLE",
     " MECHANISM_INVALID CURVE_NOT_SUPPORTED PARAMETER_SET_NOT_SUPPORTED FUNCTION_NOT_SUPPORTED "
     "FUNCTION_NOT_PARALLEL SESSION_PARALLEL_NOT_SUPPORTED SESSION_ASYNC_NOT_SUPPORTED "
     "RANDOM_SEED_NOT_SUPPORTED STATE_UNSAVEABLE ATTRIBUTE_TYPE_INVALID "},
    {HUKS_E_MISSING_PARAM, "MISSING_CRYPTO_ALG_ARGUMENT", ONE,
     "A parameter that the algorithm needs is absent.",
     "Add the parameter that the message names: to the template, the mechanism or the ParamSet.",
     "template CKR_TEMPLATE_INCOMPLETE; operation CKR_MECHANISM_PARAM_INVALID",
     " TEMPLATE_INCOMPLETE KEY_NEEDED "},
    {HUKS_E_INVALID_PARAM, "INVALID_CRYPTO_ALG_ARGUMENT", ONE,
     "A parameter is there but wrong, or does not fit the key.",
     "Correct what the message names. huksctl show NAME tells what a key may do.",
     "key size CKR_KEY_SIZE_RANGE (of the wrapping key CKR_WRAPPING_KEY_SIZE_RANGE, of the unwrapping key "
     "CKR_UNWRAPPING_KEY_SIZE_RANGE); attribute CKR_ATTRIBUTE_VALUE_INVALID; template "
     "CKR_TEMPLATE_INCONSISTENT; mechanism CKR_MECHANISM_INVALID; its parameter "
     "CKR_MECHANISM_PARAM_INVALID; domain CKR_DOMAIN_PARAMS_INVALID; purpose "
     "CKR_KEY_FUNCTION_NOT_PERMITTED; algorithm against key CKR_KEY_TYPE_INCONSISTENT, "
     "CKR_WRAPPING_KEY_TYPE_INCONSISTENT, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, CKR_KEY_NOT_WRAPPABLE; data "
     "length CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_WRAPPED_KEY_LEN_RANGE, "
     "CKR_SIGNATURE_LEN_RANGE; public key CKR_PUBLIC_KEY_INVALID; signature CKR_SIGNATURE_INVALID; "
     "encrypted data CKR_ENCRYPTED_DATA_INVALID; wrapped key CKR_WRAPPED_KEY_INVALID; PIN CKR_PIN_INVALID, "
     "its length CKR_PIN_LEN_RANGE; saved state CKR_SAVED_STATE_INVALID; else CKR_ARGUMENTS_BAD",
     " ATTRIBUTE_VALUE_INVALID ATTRIBUTE_READ_ONLY ATTRIBUTE_SENSITIVE TEMPLATE_INCONSISTENT "
     "MECHANISM_PARAM_INVALID DOMAIN_PARAMS_INVALID KEY_SIZE_RANGE KEY_TYPE_INCONSISTENT "
     "KEY_FUNCTION_NOT_PERMITTED KEY_INDIGESTIBLE KEY_NOT_NEEDED KEY_CHANGED KEY_NOT_WRAPPABLE "
     "KEY_UNEXTRACTABLE INFORMATION_SENSITIVE PUBLIC_KEY_INVALID WRAPPING_KEY_SIZE_RANGE "
     "WRAPPING_KEY_TYPE_INCONSISTENT UNWRAPPING_KEY_SIZE_RANGE UNWRAPPING_KEY_TYPE_INCONSISTENT "
     "DATA_INVALID DATA_LEN_RANGE ENCRYPTED_DATA_LEN_RANGE SIGNATURE_LEN_RANGE WRAPPED_KEY_LEN_RANGE "
     "SAVED_STATE_INVALID PIN_INVALID PIN_LEN_RANGE PIN_TOO_WEAK ACTION_PROHIBITED EXCEEDED_MAX_ITERATIONS "},
    {HUKS_E_FILE,
     "FILE_OPERATION_FAIL",
     {ABOUT_NO_SPACE, ABOUT_FILE_SIZE, ABOUT_NOTHING},
     "A file could not be opened, read, written or locked; the disk is full; or a store file has an "
     "impossible size.",
     "Look at the file that the message names: its owner, its mode, the space on its disk. huksctl status "
     "shows where the store is and whether it can be written.",
     "no space CKR_DEVICE_MEMORY; read-only store CKR_TOKEN_WRITE_PROTECTED; C_Initialize "
     "CKR_GENERAL_ERROR; else CKR_DEVICE_ERROR",
     " DEVICE_MEMORY TOKEN_WRITE_PROTECTED TOKEN_RESOURCE_EXCEEDED "},
    {HUKS_E_IPC,
     "COMMUNICATION_FAIL",
     {ABOUT_IPC_MESSAGE, ABOUT_NOTHING, ABOUT_COUNT},
     "The key service can not be reached, answered nothing, or dropped the connection.",
     "See whether the service runs and whether its socket is the configured one. Keys are safe; try again. "
     "huksctl works on a store, not through the service: name one with --store or HUKS_STORE.",
     "reconnecting was in vain CKR_DEVICE_REMOVED; C_Initialize CKR_GENERAL_ERROR; else CKR_DEVICE_ERROR",
     " DEVICE_REMOVED "},
    {HUKS_E_CRYPTO, "CRYPTO_FAIL", ONE,
     "The crypto engine refused: a signature is wrong, a ciphertext or its tag does not open, a key does "
     "not fit.",
     "Check that data, signature and key belong together, and that digest, padding and mode are those that "
     "were used.",
     "verify CKR_SIGNATURE_INVALID, wrong length CKR_SIGNATURE_LEN_RANGE; decrypt "
     "CKR_ENCRYPTED_DATA_INVALID, in the message functions CKR_AEAD_DECRYPT_FAILED; unwrap "
     "CKR_WRAPPED_KEY_INVALID; public key CKR_PUBLIC_KEY_INVALID; C_Initialize CKR_GENERAL_ERROR; else "
     "CKR_FUNCTION_FAILED",
     " ENCRYPTED_DATA_INVALID AEAD_DECRYPT_FAILED SIGNATURE_INVALID WRAPPED_KEY_INVALID FUNCTION_FAILED "
     "FIPS_SELF_TEST_FAILED RANDOM_NO_RNG SEED_RANDOM_REQUIRED KEY_EXHAUSTED "},
    {HUKS_E_AUTH_INVALIDATED, "KEY_AUTH_PERMANENTLY_INVALIDATED", ONE,
     "The key was bound to a PIN that was cleared since, or to the fingers and faces enrolled then: it is "
     "void.",
     "Nothing brings it back. Delete it and make a new key.", "always CKR_KEY_FUNCTION_NOT_PERMITTED", " "},
    {HUKS_E_AUTH_FAILED, "KEY_AUTH_VERIFY_FAILED", ONE,
     "Nobody has authenticated for this: no login, a wrong PIN, or a token of another challenge, user or "
     "kind.",
     "Give the right PIN: with huksctl by --login, --pin-file or --pin-env.",
     "wrong PIN, finger or face refused CKR_PIN_INCORRECT; no tries left CKR_PIN_LOCKED; PIN for a key that "
     "takes none CKR_USER_TYPE_INVALID; else CKR_USER_NOT_LOGGED_IN",
     " PIN_INCORRECT PIN_LOCKED USER_NOT_LOGGED_IN FUNCTION_REJECTED OPERATION_NOT_VALIDATED "},
    {HUKS_E_AUTH_TIMED_OUT, "KEY_AUTH_TIME_OUT", ONE, "The authentication is older than this key accepts.",
     "Authenticate again, and use the key soon after.", "always CKR_USER_NOT_LOGGED_IN", " PIN_EXPIRED "},
    {HUKS_E_SESSION_LIMIT, "SESSION_LIMIT", ONE,
     "As many key operations as the store allows are in progress, over all processes, and none ended in "
     "time.",
     "huksctl status shows which processes hold them. Try again; or raise session_limit or session_wait_ms.",
     "always CKR_SESSION_COUNT", " SESSION_COUNT "},
    {HUKS_E_NOT_EXIST, "ITEM_NOT_EXIST", ONE,
     "There is no such key, object, token or operation; it may have been deleted by another process.",
     "huksctl list and huksctl tokens show what there is; private keys only after a login (--login).",
     "operation CKR_KEY_HANDLE_INVALID; object call CKR_OBJECT_HANDLE_INVALID; wrapping key "
     "CKR_WRAPPING_KEY_HANDLE_INVALID; unwrapping key CKR_UNWRAPPING_KEY_HANDLE_INVALID; slot "
     "CKR_SLOT_ID_INVALID; token CKR_TOKEN_NOT_PRESENT; operation taken by a waiter "
     "CKR_OPERATION_NOT_INITIALIZED; C_Initialize CKR_GENERAL_ERROR",
     " OBJECT_HANDLE_INVALID KEY_HANDLE_INVALID WRAPPING_KEY_HANDLE_INVALID UNWRAPPING_KEY_HANDLE_INVALID "
     "SLOT_ID_INVALID SESSION_HANDLE_INVALID SESSION_CLOSED TOKEN_NOT_PRESENT "},
    {HUKS_E_INTERNAL, "INTERNAL_ERROR", ONE,
     "The store is damaged, belongs to another format, owner or root key, or the platform fails.",
     "huksctl check finds what is damaged. The store must belong to you or root, and others must not write "
     "to it.",
     "C_Initialize CKR_GENERAL_ERROR; a token CKR_TOKEN_NOT_RECOGNIZED; else CKR_DEVICE_ERROR",
     " DEVICE_ERROR GENERAL_ERROR CANT_LOCK MUTEX_BAD MUTEX_NOT_LOCKED NEED_TO_CREATE_THREADS "
     "LIBRARY_LOAD_FAILED TOKEN_NOT_RECOGNIZED TOKEN_NOT_INITIALIZED "},
    {HUKS_E_NO_CREDENTIAL, "CREDENTIAL_NOT_EXIST", ONE,
     "A PIN, finger or face is needed that is not enrolled.",
     "Set the user PIN, or enrol the finger or face, first.", "always CKR_USER_PIN_NOT_INITIALIZED",
     " USER_PIN_NOT_INITIALIZED "},
    {HUKS_E_MEMORY,
     "INSUFFICIENT_MEMORY",
     {ABOUT_BUFFER, ABOUT_NOTHING, ABOUT_COUNT},
     "The caller's output buffer is too small; or memory could not be allocated.",
     "Call again with the size that was returned. If allocation failed: free memory, or raise the limit.",
     "buffer CKR_BUFFER_TOO_SMALL; allocation CKR_HOST_MEMORY",
     " HOST_MEMORY BUFFER_TOO_SMALL "},
    {HUKS_E_USERIAM, "CALL_SERVICE_FAILED", ONE,
     "The authentication service for fingers or faces does not answer.",
     "Try again; see whether its PAM service is installed. PINs work without it.",
     "always CKR_FUNCTION_FAILED", " NEW_PIN_MODE NEXT_OTP PENDING "},
    {HUKS_E_NO_DEVICE_PASSWORD, "DEVICE_PASSWORD_UNSET", ONE,
     "The key demands that the token has a user PIN, and it has none.", "Set the user PIN first.",
     "always CKR_USER_PIN_NOT_INITIALIZED", " "},
    {HUKS_E_ALIAS_EXISTS, "KEY_ALREADY_EXIST", ONE, "Another key of this storage level has the alias.",
     "Choose another alias, delete the old key, or replace it (huksctl: --replace).",
     "always CKR_ATTRIBUTE_VALUE_INVALID", " "},
    {HUKS_E_ARGUMENT, "INVALID_ARGUMENT", ONE,
     "A call was wrong in itself: a null pointer, a missing argument, or a state that does not allow it.",
     "Correct the call. A token can be made anew only while no program has a session on it.",
     "argument CKR_ARGUMENTS_BAD; token in use CKR_SESSION_EXISTS; closing CKR_CRYPTOKI_NOT_INITIALIZED",
     " ARGUMENTS_BAD CRYPTOKI_NOT_INITIALIZED CRYPTOKI_ALREADY_INITIALIZED OPERATION_ACTIVE "
     "OPERATION_NOT_INITIALIZED OPERATION_CANCEL_FAILED SESSION_READ_ONLY SESSION_EXISTS "
     "SESSION_READ_ONLY_EXISTS SESSION_READ_WRITE_SO_EXISTS USER_ALREADY_LOGGED_IN "
     "USER_ANOTHER_ALREADY_LOGGED_IN USER_TYPE_INVALID USER_TOO_MANY_TYPES NO_EVENT CANCEL "
     "FUNCTION_CANCELED "},
    {HUKS_E_PERMISSION, "PERMISSION_FAIL", ONE,
     "Native API: the storage level is locked, as its user has not authenticated in this process.",
     "Authenticate first (huks_user_auth.h), or use the level DE.", "always CKR_USER_NOT_LOGGED_IN", " "},
    {HUKS_E_PARAMETER, "ILLEGAL_ARGUMENT", ONE, "Native API: an argument or ParamSet is wrong.",
     "Correct the argument that the message speaks of.", "always CKR_ARGUMENTS_BAD", " "},
    {HUKS_E_API_NOT_SUPPORTED, "NOT_SUPPORTED_API", ONE, "Native API: there is no such function here.",
     "Use another function.", "always CKR_FUNCTION_NOT_SUPPORTED", " "},
    {.name = NULL},
};

/* Where the thing that a failure was about says more than its code. */
static const struct {
    int32_t code;
    enum error_about about;
    const char *remedy;
} special[] = {
    {HUKS_E_AUTH_FAILED, ABOUT_PIN, "Give the right PIN. When no try is left the PIN is locked."},
    {HUKS_E_AUTH_FAILED, ABOUT_PIN_LOCKED,
     "The PIN is locked. The SO can set a new user PIN; a locked SO PIN stays locked."},
    {HUKS_E_AUTH_FAILED, ABOUT_FINGER,
     "Try again. huksctl auth list tells what is enrolled, and PAM's service decides who is recognised."},
    {HUKS_E_AUTH_FAILED, ABOUT_LOGIN, "Log in first: --login, --pin-file or --pin-env."},
    {HUKS_E_NOT_EXIST, ABOUT_FINGER, "huksctl auth list tells names and ids."},
    {HUKS_E_NOT_EXIST, ABOUT_TOKEN,
     "huksctl tokens lists the tokens; --token chooses one of several; huksctl init makes one."},
    {HUKS_E_NOT_EXIST, ABOUT_OBJECT,
     "huksctl list --login shows all keys with their aliases, labels and IDs."},
    {HUKS_E_INVALID_PARAM, ABOUT_PURPOSE,
     "The key was not made for this: huksctl show NAME tells what it may do."},
    {HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH, "Choose a PIN of a length within these bounds."},
    {HUKS_E_FILE, ABOUT_READ_ONLY,
     "The store can only be read: see its mode and owner, and how its disk is mounted."},
    {HUKS_E_FILE, ABOUT_NO_SPACE, "Make room on the disk. Nothing was lost."},
    {HUKS_E_ARGUMENT, ABOUT_TOKEN, "Programs are using the token: end them first (huksctl status)."},
};

const struct ctl_error_row *ctl_error_find(int32_t code)
{
    for (const struct ctl_error_row *row = ctl_error_rows; row->name != NULL; row++) {
        if (row->code == code) {
            return row;
        }
    }
    return NULL;
}

static const char *without_prefix(const char *name)
{
    return strncasecmp(name, "CKR_", 4) == 0 ? name + 4 : name;
}

/* A whole word of the list; names in answers have their prefix, in reads none. */
int ctl_error_lists(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; size > 0 && *at != '\0'; at++) {
        if (strncasecmp(at, name, size) != 0 || strchr(" ;,)", at[size]) == NULL) {
            continue;
        }
        if (at > list && (at[-1] == ' ' || (at - list >= 4 && strncmp(at - 4, "CKR_", 4) == 0))) {
            return 1;
        }
    }
    return 0;
}

const struct ctl_error_row *ctl_error_by_ckr(const char *name)
{
    for (const struct ctl_error_row *row = ctl_error_rows; row->name != NULL; row++) {
        if (ctl_error_lists(row->reads, without_prefix(name))) {
            return row;
        }
    }
    return NULL;
}

const char *ctl_error_remedy(int32_t code, enum error_about about)
{
    const struct ctl_error_row *row = ctl_error_find(code);
    for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
        if (special[i].code == code && special[i].about == about) {
            return special[i].remedy;
        }
    }
    return row != NULL ? row->remedy : "huksctl errors lists all codes.";
}
