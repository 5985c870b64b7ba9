/*
 * Cryptoki names that <p11-kit/pkcs11.h> lacks in its 2.40-level form: the values are the standard's
 * (PKCS #11 3.0 to 3.2), each taken only when the header does not bring it. The vendor part is declared
 * here as the design states it, so that a wrong installed header cannot hide behind itself.
 */
#ifndef HUKS_TESTS_MODULE_CONSTANTS_H
#define HUKS_TESTS_MODULE_CONSTANTS_H

#include <p11-kit/pkcs11.h>

/* 0.24 brings these five with other numbers than the standard's. */
#undef CKR_EXCEEDED_MAX_ITERATIONS
#define CKR_EXCEEDED_MAX_ITERATIONS 0x1b5UL
#undef CKR_FIPS_SELF_TEST_FAILED
#define CKR_FIPS_SELF_TEST_FAILED 0x1b6UL
#undef CKR_LIBRARY_LOAD_FAILED
#define CKR_LIBRARY_LOAD_FAILED 0x1b7UL
#undef CKR_PIN_TOO_WEAK
#define CKR_PIN_TOO_WEAK 0x1b8UL
#undef CKR_PUBLIC_KEY_INVALID
#define CKR_PUBLIC_KEY_INVALID 0x1b9UL

#ifndef CKZ_SALT_SPECIFIED
#define CKZ_SALT_SPECIFIED 1UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA1
#define CKP_PKCS5_PBKD2_HMAC_SHA1 1UL
#endif
#ifndef CKR_AEAD_DECRYPT_FAILED
#define CKR_AEAD_DECRYPT_FAILED 0x42UL
#endif
#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED 0x201UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x202UL
#endif
#ifndef CKR_KEY_EXHAUSTED
#define CKR_KEY_EXHAUSTED 0x203UL
#endif
#ifndef CKR_PENDING
#define CKR_PENDING 0x204UL
#endif
#ifndef CKR_SESSION_ASYNC_NOT_SUPPORTED
#define CKR_SESSION_ASYNC_NOT_SUPPORTED 0x205UL
#endif
#ifndef CKR_SEED_RANDOM_REQUIRED
#define CKR_SEED_RANDOM_REQUIRED 0x206UL
#endif
#ifndef CKR_OPERATION_NOT_VALIDATED
#define CKR_OPERATION_NOT_VALIDATED 0x207UL
#endif
#ifndef CKR_TOKEN_NOT_INITIALIZED
#define CKR_TOKEN_NOT_INITIALIZED 0x208UL
#endif
#ifndef CKR_PARAMETER_SET_NOT_SUPPORTED
#define CKR_PARAMETER_SET_NOT_SUPPORTED 0x209UL
#endif

#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE 0x402aUL
#endif
#ifndef CKF_HKDF_SALT_NULL
#define CKF_HKDF_SALT_NULL 0x1UL
#endif
/* CK_HKDF_PARAMS */
struct hkdf_params {
    CK_BBOOL extract, expand;
    CK_MECHANISM_TYPE hash;
    CK_ULONG salt_type;
    CK_BYTE *salt;
    CK_ULONG salt_size;
    CK_OBJECT_HANDLE salt_key;
    CK_BYTE *info;
    CK_ULONG info_size;
};
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif
#ifndef CKM_SHA3_256
#define CKM_SHA3_256 0x2b0UL
#endif

/* A mechanism, attribute, class and session that no version of the standard knows. */
#define NO_MECHANISM 0x7ffffff0UL
#define NO_ATTRIBUTE 0x7ffffff0UL
#define NO_CLASS     0x7ffffff0UL
#define NO_HANDLE    0x7ffffff0UL

#define HUKS_NUMBER(n)     (0x80000000UL | 0x48550000UL | (n))
#define CKA_HUKS_ALIAS_     HUKS_NUMBER(1UL)
#define CKA_HUKS_TYPE_      HUKS_NUMBER(2UL) /* of user authentication */
#define CKA_HUKS_ACCESS_    HUKS_NUMBER(3UL)
#define CKA_HUKS_CHALLENGE_ HUKS_NUMBER(4UL)
#define CKA_HUKS_POSITION_  HUKS_NUMBER(5UL)
#define CKA_HUKS_TIMEOUT_   HUKS_NUMBER(6UL)
#define CKA_HUKS_PURPOSE_   HUKS_NUMBER(7UL) /* guarded ones */
#define CKA_HUKS_SECURE_    HUKS_NUMBER(8UL) /* sign */
#define CKA_HUKS_PASSWORD_  HUKS_NUMBER(9UL) /* of the device */
#define CKA_HUKS_LEVEL_     HUKS_NUMBER(10UL)
#define CKA_HUKS_OVERRIDE_  HUKS_NUMBER(11UL)

/* HUKS's numbers: kinds of authentication, what voids a key, challenges, purposes. */
enum { BY_FINGER = 1, BY_FACE = 2, BY_PIN = 4, BY_SECURE_UI = 32 };
enum { VOID_BY_CLEARING = 1, VOID_BY_NEW_BODY = 2, NEVER_VOID = 4 };
enum { NORMAL_CHALLENGE = 0, CUSTOM_CHALLENGE = 1, NO_CHALLENGE = 2 };

#define HUKS_INTERFACE_NAME "Vendor HUKS"

struct huks_error {
    CK_LONG code;
    CK_RV rv;
    CK_CHAR message[256];
};

struct huks_limits {
    CK_ULONG limit;
    CK_ULONG in_use;
    CK_ULONG mine;
    CK_ULONG wait_ms;
};

struct huks_functions {
    CK_VERSION version;
    CK_RV (*GetLastError)(struct huks_error *error);
    CK_LONG (*ErrorOf)(CK_RV rv);
    CK_RV (*GetLimits)(CK_SLOT_ID slot, struct huks_limits *limits);
    CK_RV (*GetChallenge)
    (CK_SESSION_HANDLE session, CK_FLAGS operation, CK_BYTE_PTR challenge, CK_ULONG_PTR length);
    CK_RV (*SetAuthToken)(CK_SESSION_HANDLE session, CK_FLAGS operation, CK_BYTE_PTR token, CK_ULONG length);
    CK_RV (*AttestKey)
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE_PTR challenge, CK_ULONG challenge_length,
     CK_BYTE_PTR chain, CK_ULONG_PTR chain_length);
};

/* CK_INTERFACE of 3.0 under a name of our own: newer headers have theirs. */
struct interface {
    CK_UTF8CHAR *name;
    void *functions;
    CK_FLAGS flags;
};

typedef CK_RV (*get_interface_function)(CK_UTF8CHAR *name, CK_VERSION *version, struct interface **found,
                                        CK_FLAGS flags);
typedef CK_RV (*get_interface_list_function)(struct interface *list, CK_ULONG *count);

/* Entries of each version's function list; all of them are pointers behind the version. */
enum { FUNCTIONS_2_40 = 68, FUNCTIONS_3_0 = 92, FUNCTIONS_3_2 = 104 };

#endif
