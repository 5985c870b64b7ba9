/*
 * Both doors, opened by their files: the program links nothing of ours. OH_Huks_* are forwarded, so that
 * native.h works here too.
 */
#ifndef HUKS_TESTS_NATIVE_DOORS_H
#define HUKS_TESTS_NATIVE_DOORS_H

#include <p11-kit/pkcs11.h>

#include "native.h"
#include "tests/module/constants.h"

extern CK_FUNCTION_LIST *p11;
extern const struct huks_functions *vendor;

/* Loads $HUKS_MODULE and libhuks_ndk.so beside it; says why when it can't. */
bool doors_open(void);
/* A test case as native_tcase() makes it, after whose tests the module is finalised. */
TCase *doors_tcase(Suite *suite, const char *name);

/* ---- PKCS #11's answers -------------------------------------------------------------------------------- */

#define RV(want, call)                                                                                       \
    do {                                                                                                     \
        CK_RV rv_ = (call);                                                                                  \
        ck_assert_msg(rv_ == (want), "%s: 0x%lx, expected " #want, #call, rv_);                              \
    } while (0)

/* The call fails with this code and message, as the vendor part tells it. */
#define REFUSED(want, huks_code, text, call)                                                                 \
    do {                                                                                                     \
        struct huks_error error_ = {0};                                                                      \
        RV(want, call);                                                                                      \
        RV(CKR_OK, vendor->GetLastError(&error_));                                                           \
        ck_assert_msg(error_.code == (huks_code) && strcmp((const char *)error_.message, (text)) == 0,       \
                      "%s: %ld \"%s\"", #call, error_.code, (const char *)error_.message);                   \
    } while (0)

#define NOT_PERMITTED(what, call) REFUSED(CKR_KEY_FUNCTION_NOT_PERMITTED, 12000003, "Invalid " what ".", call)

/* ---- PKCS #11's side of the native token --------------------------------------------------------------- */

extern CK_SESSION_HANDLE cryptoki; /* after enter() */
extern CK_SLOT_ID slot;
extern CK_BBOOL yes;

/* A token without PINs, as the native door makes it. */
void make_token(void);
void initialise(const char *reserved);
/* Initialises, and opens a session on the one token that there is. */
void enter(void);
CK_ULONG find_all(CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *first);
CK_OBJECT_HANDLE find(CK_OBJECT_CLASS class, const char *label); /* exactly one */
CK_ULONG get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value, size_t room);
bool truth(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
CK_ULONG number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
/* A mechanism without parameter; until the next call. */
CK_MECHANISM *M(CK_MECHANISM_TYPE type);
/* HUKS's own algorithms are there where OpenSSL has them; others are. Initialises and finalises. */
bool offered(CK_MECHANISM_TYPE type);
/* Derives a secret of `size` bytes from the base key and reads it. */
void derive_openly(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, uint8_t *secret, CK_ULONG size);

/* ---- Signatures of both doors -------------------------------------------------------------------------- */

/* DER natively, r and s of `half` bytes each in PKCS #11. The room is the caller's to know. */
CK_ULONG signature_to_raw(const uint8_t *der, size_t size, size_t half, uint8_t *raw);
size_t signature_to_der(const uint8_t *raw, size_t half, uint8_t *der);

#endif
