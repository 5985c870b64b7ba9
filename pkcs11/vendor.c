/*
 * The vendor interface. GetLastError and ErrorOf look at the calling thread's record and leave it alone; the
 * others are calls like any other.
 */
#include "pkcs11/cryptoki.h"

#include "pkcs11/vendor.h"

#include "pkcs11/authenticate.h"
#include "pkcs11/slot.h"

CK_RV p11_GetLastError(CK_HUKS_ERROR *error)
{
    if (error == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *error = (CK_HUKS_ERROR){.code = error_code(), .rv = p11_last_rv()};
    error_message((char *)error->message, sizeof(error->message));
    return CKR_OK;
}

CK_LONG p11_ErrorOf(CK_RV rv)
{
    return p11_error_of(rv);
}

static CK_RV limits_of(CK_SLOT_ID slot, CK_HUKS_LIMITS *limits)
{
    if (limits == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "limits");
    }
    struct token *token;
    P11_TRY(p11_slot_find(slot, &token));
    struct engine_limits now;
    P11_TRY_HUKS(engine_limits(token_engine(token), &now), P11_AT_TOKEN);
    *limits = (CK_HUKS_LIMITS){now.limit, now.in_use, now.mine, now.wait_ms};
    return CKR_OK;
}

CK_RV p11_GetLimits(CK_SLOT_ID slot, CK_HUKS_LIMITS *limits)
{
    return P11_CALL_AS("GetLimits", limits_of(slot, limits), "slot 0x%lx", slot);
}

CK_RV p11_GetChallenge(CK_SESSION_HANDLE handle, CK_FLAGS operation, CK_BYTE_PTR challenge,
                           CK_ULONG_PTR length)
{
    return P11_SESSION_CALL_AS(
        "GetChallenge", handle, p11_challenge_get(session, operation, challenge, length),
        "operation 0x%lx, challenge %s", operation, P11_SHOW_OUTPUT(challenge, length));
}

CK_RV p11_SetAuthToken(CK_SESSION_HANDLE handle, CK_FLAGS operation, CK_BYTE_PTR token, CK_ULONG length)
{
    return P11_SESSION_CALL_AS("SetAuthToken", handle, p11_auth_token_set(session, operation, token, length),
                               "operation 0x%lx, token %lu", operation, length);
}

const CK_HUKS_FUNCTION_LIST p11_vendor_functions = {
    .version = {1, 0},
    .GetLastError = p11_GetLastError,
    .ErrorOf = p11_ErrorOf,
    .GetLimits = p11_GetLimits,
    .GetChallenge = p11_GetChallenge,
    .SetAuthToken = p11_SetAuthToken,
    .AttestKey = p11_AttestKey,
};
