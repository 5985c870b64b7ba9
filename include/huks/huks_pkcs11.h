/*
 * The vendor part of the PKCS #11 module huks-pkcs11.so.
 *
 * Include a PKCS #11 header first (<p11-kit/pkcs11.h> or any other that declares the CK_* types).
 *
 *     CK_INTERFACE *found;
 *     if (C_GetInterface((CK_UTF8CHAR *)CK_HUKS_INTERFACE_NAME, NULL, &found, 0) == CKR_OK) {
 *         const CK_HUKS_FUNCTION_LIST *huks = found->pFunctionList;
 *         CK_HUKS_ERROR error;
 *         huks->GetLastError(&error);
 *         fprintf(stderr, "%ld: %s\n", error.code, (const char *)error.message);
 *     }
 *
 * Since 0.1.0.
 */
#ifndef HUKS_PKCS11_H
#define HUKS_PKCS11_H

#ifdef __cplusplus
extern "C" {
#endif

/* Name of the vendor interface for C_GetInterface; its version is 1.0. */
#define CK_HUKS_INTERFACE_NAME "Vendor HUKS"

/* The calling thread's last call. */
typedef struct CK_HUKS_ERROR {
    CK_LONG code;          /* HUKS code (12000001 …), 0 after success                 */
    CK_RV rv;              /* what the call returned                                  */
    CK_CHAR message[256];  /* finished text, NUL-terminated; empty after success      */
} CK_HUKS_ERROR;

/* Key-operation sessions of a token's store. */
typedef struct CK_HUKS_LIMITS {
    CK_ULONG limit;   /* key-operation sessions, all processes; 0: no limit */
    CK_ULONG in_use;  /* by all living processes now                        */
    CK_ULONG mine;    /* of these by this process                           */
    CK_ULONG wait_ms; /* how long an init function waits for one            */
} CK_HUKS_LIMITS;

typedef struct CK_HUKS_FUNCTION_LIST {
    CK_VERSION version; /* 1.0 */

    /*
     * The calling thread's last error. At any time, also before C_Initialize; leaves the record as it is.
     * CKR_OK, or CKR_ARGUMENTS_BAD for NULL.
     */
    CK_RV (*GetLastError)(CK_HUKS_ERROR *error);

    /*
     * The HUKS code that a return value stands for when nothing more is known; 0 for CKR_OK, 12000012 for a
     * vendor-defined or unknown one. At any time; leaves the record as it is.
     */
    CK_LONG (*ErrorOf)(CK_RV rv);

    /*
     * Limit and use of key-operation sessions. CKR_OK, CKR_ARGUMENTS_BAD (NULL), CKR_SLOT_ID_INVALID,
     * CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_ERROR.
     */
    CK_RV (*GetLimits)(CK_SLOT_ID slot, CK_HUKS_LIMITS *limits);

    /*
     * The challenge (32 bytes) of a pending operation on a key bound to authentication: what the user's auth
     * token must answer; length 0 for an operation that needs none. `operation` is CKF_SIGN, CKF_DECRYPT … of
     * the pending operation, 0 where only one is pending. CKF_DERIVE, CKF_WRAP, CKF_UNWRAP and CKF_DECAPSULATE
     * stand for the session's next such call on a bound key: the challenge is drawn here, and an authentication of it (by
     * SetAuthToken or C_Login(CKU_CONTEXT_SPECIFIC)) is spent by that call. Two-call convention on `length`.
     *
     * CKR_OK, CKR_ARGUMENTS_BAD (NULL, several bits, or 0 with several pending), CKR_BUFFER_TOO_SMALL,
     * CKR_OPERATION_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID, CKR_CRYPTOKI_NOT_INITIALIZED.
     */
    CK_RV (*GetChallenge)(CK_SESSION_HANDLE session, CK_FLAGS operation, CK_BYTE_PTR challenge,
                          CK_ULONG_PTR length);

    /*
     * Gives the operation an auth token (280 bytes, huks_user_auth.h). A token that is refused changes
     * nothing. `operation` as above.
     *
     * CKR_OK; CKR_ARGUMENTS_BAD (NULL, another length); CKR_OPERATION_NOT_INITIALIZED (nothing bound is
     * pending); CKR_USER_NOT_LOGGED_IN: forged, of another token, challenge or kind of authentication
     * (12000008), or too old (12000009); CKR_KEY_FUNCTION_NOT_PERMITTED: of another user, or the key is void
     * (12000007); CKR_FUNCTION_NOT_SUPPORTED: another device's token for a key that takes none (12000001).
     */
    CK_RV (*SetAuthToken)(CK_SESSION_HANDLE session, CK_FLAGS operation, CK_BYTE_PTR token, CK_ULONG length);

    /*
     * The attestation chain of a key pair, by the private key's handle or, of a pair of token objects, either
     * half's: DER certificates, the key's own first, then the device's, its CA's and the root, end to end. The
     * challenge has 1 to 128 bytes. Two-call convention on `chain_length`; the length for a NULL chain is an upper
     * bound. KEY_TYPE_INCONSISTENT: no private half here, none seen without a login, or an algorithm that is not
     * attested; CURVE_NOT_SUPPORTED: a curve that is not;
     * KEY_FUNCTION_NOT_PERMITTED: the key may leave the token, or might have left it.
     */
    CK_RV (*AttestKey)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE_PTR challenge,
                       CK_ULONG challenge_length, CK_BYTE_PTR chain, CK_ULONG_PTR chain_length);
} CK_HUKS_FUNCTION_LIST;

/* Numbers of ours in the vendor-defined ranges. */
#define CK_HUKS_VENDOR(n) (0x80000000UL | 0x48550000UL | (n))

/* Attributes. Values are the HUKS enumerations' own numbers, CK_ULONG unless noted. */
#define CKA_HUKS_ALIAS                CK_HUKS_VENDOR(1UL)  /* bytes: the key alias                        */
#define CKA_HUKS_USER_AUTH_TYPE       CK_HUKS_VENDOR(2UL)  /* mask: who must authenticate                 */
#define CKA_HUKS_KEY_AUTH_ACCESS_TYPE CK_HUKS_VENDOR(3UL)  /* mask: what voids the key                    */
#define CKA_HUKS_CHALLENGE_TYPE       CK_HUKS_VENDOR(4UL)
#define CKA_HUKS_CHALLENGE_POS        CK_HUKS_VENDOR(5UL)
#define CKA_HUKS_AUTH_TIMEOUT         CK_HUKS_VENDOR(6UL)  /* seconds                                     */
#define CKA_HUKS_KEY_AUTH_PURPOSE     CK_HUKS_VENDOR(7UL)  /* mask: purposes that need authentication     */
#define CKA_HUKS_SECURE_SIGN          CK_HUKS_VENDOR(8UL)  /* CK_BBOOL                                    */
#define CKA_HUKS_DEVICE_PASSWORD_SET  CK_HUKS_VENDOR(9UL)  /* CK_BBOOL                                    */
#define CKA_HUKS_STORAGE_LEVEL        CK_HUKS_VENDOR(10UL)
#define CKA_HUKS_KEY_OVERRIDE         CK_HUKS_VENDOR(11UL) /* CK_BBOOL, in a creating template only       */

/* Mechanisms. */
#define CKM_HUKS_SM2_KEY_PAIR_GEN CK_HUKS_VENDOR(1UL)
#define CKM_HUKS_SM2_SM3          CK_HUKS_VENDOR(2UL)
#define CKM_HUKS_SM2              CK_HUKS_VENDOR(3UL) /* encrypt, decrypt */
#define CKM_HUKS_SM3              CK_HUKS_VENDOR(4UL)
#define CKM_HUKS_SM3_HMAC         CK_HUKS_VENDOR(5UL)
#define CKM_HUKS_SM4_KEY_GEN      CK_HUKS_VENDOR(6UL)
#define CKM_HUKS_SM4_ECB          CK_HUKS_VENDOR(7UL)
#define CKM_HUKS_SM4_CBC          CK_HUKS_VENDOR(8UL)
#define CKM_HUKS_SM4_CBC_PAD      CK_HUKS_VENDOR(9UL)
#define CKM_HUKS_SM4_CTR          CK_HUKS_VENDOR(10UL)
#define CKM_HUKS_SM4_CFB128       CK_HUKS_VENDOR(11UL)
#define CKM_HUKS_SM4_OFB          CK_HUKS_VENDOR(12UL)

/* Key types. */
#define CKK_HUKS_SM2 CK_HUKS_VENDOR(1UL)
#define CKK_HUKS_SM4 CK_HUKS_VENDOR(2UL)

#ifdef __cplusplus
}
#endif

#endif
