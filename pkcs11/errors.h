/*
 * The two-way error contract between HUKS codes and CKR_*.
 *
 * Engine failures become a CKR_* in p11_rv(), by code, by what the failure was about, and by where it
 * happened. Failures that the front end finds itself are raised with p11_fail(), which records the HUKS
 * code of the second table. Both tables are data in errors.c; the build fails when a CKR_* of PKCS #11 3.2
 * has no row.
 */
#ifndef HUKS_PKCS11_ERRORS_H
#define HUKS_PKCS11_ERRORS_H

#include "common/error.h"
#include "pkcs11/cryptoki.h"

/* The context of a call, as far as the choice of a CKR_* depends on it. */
enum p11_where {
    P11_AT_INITIALIZE,   /* C_Initialize                                           */
    P11_AT_TOKEN,        /* slot and token management                              */
    P11_AT_LOGIN,        /* C_Login, C_LoginUser, C_SetPIN, C_InitToken, C_InitPIN */
    P11_AT_CREATE,       /* templates: create, copy, generate, unwrap, derive      */
    P11_AT_OBJECT,       /* object handle: attributes, destroy, size               */
    P11_AT_OPERATION,    /* C_*Init and what follows, key handle                   */
    P11_AT_VERIFY,
    P11_AT_ENCRYPT,
    P11_AT_DECRYPT,
    P11_AT_DECRYPT_AEAD,
    P11_AT_DECRYPT_MESSAGE,
    P11_AT_DERIVE,       /* base key handle, mechanism parameter                   */
    P11_AT_GENERATE,     /* mechanism of a generation                              */
    P11_AT_WRAP,         /* the key to be wrapped                                  */
    P11_AT_WRAPPING_KEY,
    P11_AT_UNWRAPPING_KEY,
    P11_AT_OTHER,
    P11_WHERE_COUNT
};

/* HUKS code of the engine → CKR_*. HUKS_OK → CKR_OK. Uses the thread's record for what it was about. */
CK_RV p11_rv(huks_rc rc, enum p11_where where);

/*
 * A failure that the front end found: records the HUKS code of `rv` (second table) with `info` filled into
 * the code's message, in the field's words ("attribute CKA_FOO", "session handle", "mechanism parameter").
 * Returns `rv`.
 */
HUKS_RARE CK_RV p11_fail(CK_RV rv, const char *info);
HUKS_RARE CK_RV p11_failf(CK_RV rv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Second table: the HUKS code of any CKR_*; vendor-defined and unknown ones are 12000012. */
int32_t p11_error_of(CK_RV rv);
/* "CKR_…", for logs; never NULL. */
const char *p11_rv_name(CK_RV rv);
const char *p11_attribute_name(CK_ATTRIBUTE_TYPE type);
const char *p11_mechanism_name(CK_MECHANISM_TYPE type);

#define P11_TRY(call)                                                                                        \
    do {                                                                                                     \
        CK_RV p11_try_rv = (call);                                                                           \
        if (p11_try_rv != CKR_OK) {                                                                          \
            return p11_try_rv;                                                                               \
        }                                                                                                    \
    } while (0)
/* An engine call in the front end's straight line. */
#define P11_TRY_HUKS(call, where) P11_TRY(p11_rv((call), (where)))

#endif
