/*
 * What the readers of mechanism parameters share: how each kind of mistake is refused, and what parameters call
 * the engine's hashes. For mechanism_parameter.c and mechanism_parameter_derive.c.
 */
#ifndef HUKS_PKCS11_MECHANISM_PARAMETER_H
#define HUKS_PKCS11_MECHANISM_PARAMETER_H

#include "pkcs11/mechanism_row.h"

/* Wrong: 12000003. */
CK_RV parameter_invalid(const char *what);
/* Mandatory, and not there at all: 12000002. */
CK_RV parameter_missing(const char *what);
/* A hash or function that the engine does not have: 12000001. */
CK_RV parameter_unknown(const char *what);
/* A parameter struct that is absent, or not of its size. */
CK_RV parameter_absent(const CK_MECHANISM *mechanism, const char *what);
/* A pointer with its length: a length without a pointer is wrong. */
CK_RV parameter_view(const void *data, CK_ULONG size, const char *what, struct bytes *out);

#define PARAMS_OF(type, mechanism)                                                                           \
    ((mechanism)->pParameter != NULL && (mechanism)->ulParameterLen == sizeof(type)                          \
         ? (const type *)(mechanism)->pParameter                                                             \
         : NULL)

enum hash_number {
    HASH_MECHANISM, /* CKM_SHA256            */
    HASH_HMAC,      /* CKM_SHA256_HMAC       */
    HASH_MGF,       /* CKG_MGF1_*            */
    HASH_X963,      /* CKD_*_KDF             */
    HASH_SP800,     /* CKD_*_KDF_SP800       */
    HASH_PBKDF2,    /* CKP_PKCS5_PBKD2_HMAC_* */
    HASH_NUMBERS
};
/* OH_HUKS_DIGEST_NONE: no such. */
uint32_t parameter_digest(enum hash_number which, CK_ULONG number);
/* What follows a key agreement: CKD_NULL, which takes no shared data, or one of the two families with a hash. */
CK_RV parameter_kdf(CK_ULONG number, struct bytes shared, enum crypto_kdf *kdf, uint32_t *digest);
/* CKM_TLS_PRF means the function of TLS 1.0 and 1.1. */
CK_RV parameter_tls_hash(CK_MECHANISM_TYPE mechanism, uint32_t *digest);

#endif
