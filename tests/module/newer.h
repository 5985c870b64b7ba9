/*
 * What PKCS #11 3.0 to 3.2 added, as the standard lays it out, under names of our own: the installed header
 * may be of any level, and the module's own must not be its own witness.
 */
#ifndef HUKS_TESTS_MODULE_NEWER_H
#define HUKS_TESTS_MODULE_NEWER_H

#include "harness.h"

typedef CK_SESSION_HANDLE SESSION;

struct async_data {
    CK_ULONG version;
    CK_BYTE *value;
    CK_ULONG number;
    CK_OBJECT_HANDLE object, additional;
};

/* CK_FUNCTION_LIST_3_2: each list is the one before it with more at its end. */
struct functions_3_2 {
    CK_VERSION version;
    void *v2_40[FUNCTIONS_2_40];
    void *C_GetInterfaceList, *C_GetInterface;
    CK_RV (*C_LoginUser)(SESSION, CK_USER_TYPE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG);
    CK_RV (*C_SessionCancel)(SESSION, CK_FLAGS);
    CK_RV (*C_MessageEncryptInit)(SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE);
    CK_RV (*C_EncryptMessage)
    (SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*C_EncryptMessageBegin)(SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_EncryptMessageNext)
    (SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *, CK_FLAGS);
    CK_RV (*C_MessageEncryptFinal)(SESSION);
    CK_RV (*C_MessageDecryptInit)(SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE);
    CK_RV (*C_DecryptMessage)
    (SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*C_DecryptMessageBegin)(SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_DecryptMessageNext)
    (SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *, CK_FLAGS);
    CK_RV (*C_MessageDecryptFinal)(SESSION);
    CK_RV (*C_MessageSignInit)(SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE);
    CK_RV (*C_SignMessage)(SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*C_SignMessageBegin)(SESSION, void *, CK_ULONG);
    CK_RV (*C_SignMessageNext)(SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*C_MessageSignFinal)(SESSION);
    CK_RV (*C_MessageVerifyInit)(SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE);
    CK_RV (*C_VerifyMessage)(SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_VerifyMessageBegin)(SESSION, void *, CK_ULONG);
    CK_RV (*C_VerifyMessageNext)
    (SESSION, void *, CK_ULONG, const CK_BYTE *, CK_ULONG, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_MessageVerifyFinal)(SESSION);
    CK_RV (*C_EncapsulateKey)
    (SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE, CK_ATTRIBUTE *, CK_ULONG, CK_BYTE *, CK_ULONG *,
     CK_OBJECT_HANDLE *);
    CK_RV (*C_DecapsulateKey)
    (SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE, CK_ATTRIBUTE *, CK_ULONG, const CK_BYTE *, CK_ULONG,
     CK_OBJECT_HANDLE *);
    CK_RV (*C_VerifySignatureInit)(SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_VerifySignature)(SESSION, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_VerifySignatureUpdate)(SESSION, const CK_BYTE *, CK_ULONG);
    CK_RV (*C_VerifySignatureFinal)(SESSION);
    CK_RV (*C_GetSessionValidationFlags)(SESSION, CK_ULONG, CK_FLAGS *);
    CK_RV (*C_AsyncComplete)(SESSION, CK_BYTE *, struct async_data *);
    CK_RV (*C_AsyncGetID)(SESSION, CK_BYTE *, CK_ULONG *);
    CK_RV (*C_AsyncJoin)(SESSION, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG);
    CK_RV (*C_WrapKeyAuthenticated)
    (SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, const CK_BYTE *, CK_ULONG, CK_BYTE *,
     CK_ULONG *);
    CK_RV (*C_UnwrapKeyAuthenticated)
    (SESSION, CK_MECHANISM *, CK_OBJECT_HANDLE, const CK_BYTE *, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG,
     const CK_BYTE *, CK_ULONG, CK_OBJECT_HANDLE *);
};

/* The module's 3.2 list, NULL on the reference, which has none. Set by the fixture newer_user(). */
extern struct functions_3_2 *newer;
/* Fixtures: as setup_user and its kin, and `newer` is known. */
void newer_user(void);
void newer_public(void);

/* A test of ours: it does nothing on the reference. */
#define NEWER_TEST(name)                                                                                     \
    static void name##_body(int _i);                                                                         \
    START_TEST(name)                                                                                         \
    {                                                                                                        \
        if (newer != NULL) {                                                                                 \
            name##_body(_i);                                                                                 \
        }                                                                                                    \
    }                                                                                                        \
    END_TEST                                                                                                 \
    static void name##_body(int _i __attribute__((unused)))

/* ---- constants ---- */

enum {
    NEW_CKF_END_OF_MESSAGE = 1,
    NEW_CKF_MESSAGE_ENCRYPT = 2,
    NEW_CKF_MESSAGE_DECRYPT = 4,
    NEW_CKF_MESSAGE_SIGN = 8,
    NEW_CKF_MESSAGE_VERIFY = 16,
    NEW_CKF_MULTI_MESSAGE = 32,
    NEW_CKF_ENCAPSULATE = 0x10000000,
    NEW_CKF_DECAPSULATE = 0x20000000,
};
enum { NO_GENERATE, GENERATE, GENERATE_COUNTER, GENERATE_RANDOM, GENERATE_COUNTER_XOR };
#define NEW_CKM_AES_CCM                    0x1088UL
#define NEW_CKM_AES_GMAC                   0x108EUL
#define NEW_CKM_CHACHA20_POLY1305          0x4021UL
#define NEW_CKK_CHACHA20                   0x33UL
#define NEW_CKM_EDDSA                      0x1057UL
#define NEW_CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#define NEW_CKD_SHA256_KDF                 0x6UL
#define NEW_CKA_ENCAPSULATE                0x633UL
#define NEW_CKA_DECAPSULATE                0x634UL
#define NEW_CKA_ENCAPSULATE_TEMPLATE       0x4000062aUL
#define NEW_CKA_DECAPSULATE_TEMPLATE       0x4000062bUL

/* ---- parameters ---- */

struct gcm_message {
    CK_BYTE *iv;
    CK_ULONG iv_size, iv_fixed_bits, generator;
    CK_BYTE *tag;
    CK_ULONG tag_bits;
};

struct ccm_message {
    CK_ULONG data_size;
    CK_BYTE *nonce;
    CK_ULONG nonce_size, nonce_fixed_bits, generator;
    CK_BYTE *mac;
    CK_ULONG mac_size;
};

struct chacha_message {
    CK_BYTE *nonce;
    CK_ULONG nonce_bits;
    CK_BYTE *tag;
};

struct gcm_wrap {
    CK_BYTE *iv;
    CK_ULONG iv_size, iv_fixed_bits, generator;
    CK_BYTE *aad;
    CK_ULONG aad_size, tag_bits;
};

/* CK_CCM_PARAMS */
struct ccm_params {
    CK_ULONG data_size;
    CK_BYTE *nonce;
    CK_ULONG nonce_size;
    CK_BYTE *aad;
    CK_ULONG aad_size, mac_size;
};

struct ccm_wrap {
    CK_ULONG data_size;
    CK_BYTE *nonce;
    CK_ULONG nonce_size, nonce_fixed_bits, generator;
    CK_BYTE *aad;
    CK_ULONG aad_size, mac_size;
};

#endif
