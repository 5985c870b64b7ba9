/*
 * The module's exported functions: each goes to the one that does the work in this process (huks_C_…, cryptoki.h) or,
 * where keys live in the service, to the service. What works without C_Initialize is interface.c's, compiled once more.
 */
#if !defined P11_EXPORTS
#define P11_EXPORTS 1 /* as the build says of all that is the module's own */
#endif

#include "pkcs11/module.h"
#include "pkcs11/remote.h"

/* Apart, so that the other way costs a look and a jump. */
#define REMOTE(name, n, types)                                                                               \
    static __attribute__((cold, noinline)) CK_RV remote_##name(P11_PARAMETERS(n, types))                     \
    {                                                                                                        \
        const p11_words words = {P11_AS_WORDS(n)};                                                           \
        return p11_remote_call(P11_FN_##name, words);                                                        \
    }

#define IN_PROCESS(name) in_process_##name
#define FUNCTION(name, n, types, kinds)                                                                      \
    CK_RV IN_PROCESS(name)(P11_PARAMETERS(n, types)) __asm__("huks_" #name);                                 \
    REMOTE(name, n, types)                                                                                   \
    CK_RV name(P11_PARAMETERS(n, types))                                                                     \
    {                                                                                                        \
        return p11_gate_remote() ? remote_##name(P11_PASSED(n)) : IN_PROCESS(name)(P11_PASSED(n));           \
    }

P11_SIGNATURES_GENERAL(FUNCTION)
P11_SIGNATURES_OBJECTS(FUNCTION)
P11_SIGNATURES_OPERATIONS(FUNCTION)
P11_SIGNATURES_KEYS(FUNCTION)
P11_SIGNATURES_MESSAGES(FUNCTION)

CK_RV IN_PROCESS(C_Finalize)(CK_VOID_PTR reserved) __asm__("huks_C_Finalize");

CK_RV C_Initialize(CK_VOID_PTR args)
{
    return p11_initialize(args, true);
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
    return IN_PROCESS(C_Finalize)(reserved);
}

/* ---- the vendor interface ---- */

#define VENDOR_FUNCTION(name, n, types, kinds)                                                               \
    REMOTE(name, n, types)                                                                                   \
    static CK_RV export_##name(P11_PARAMETERS(n, types))                                                     \
    {                                                                                                        \
        return p11_gate_remote() ? remote_##name(P11_PASSED(n)) : name(P11_PASSED(n));                       \
    }

P11_SIGNATURES_VENDOR(VENDOR_FUNCTION)

const CK_HUKS_FUNCTION_LIST p11_vendor_exports = {
    .version = {1, 0},
    .GetLastError = p11_GetLastError,
    .ErrorOf = p11_ErrorOf,
    .GetLimits = export_p11_GetLimits,
    .GetChallenge = export_p11_GetChallenge,
    .SetAuthToken = export_p11_SetAuthToken,
    .AttestKey = export_p11_AttestKey,
};
