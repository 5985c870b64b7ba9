/*
 * The parameters of authenticated encryption that 3.0 added: the nonce may be made by the token, and the tag
 * may travel apart from the data (CK_GCM_MESSAGE_PARAMS, CK_GCM_WRAP_PARAMS and their kin).
 */
#ifndef HUKS_PKCS11_AEAD_H
#define HUKS_PKCS11_AEAD_H

#include "pkcs11/mechanism_row.h"
#include "service/wrap.h"

struct p11_aead_parameter {
    CK_BYTE *nonce; /* the caller's; one that is made is written there */
    size_t nonce_size;
    struct crypto_nonce how;
    const CK_BYTE *aad; /* of a wrapping parameter */
    size_t aad_size;
    CK_BYTE *tag; /* of a message parameter; may be NULL until the tag is needed */
    size_t tag_size;
    size_t data_size; /* CCM */
};

/* Is it a mechanism with such parameters? */
bool p11_aead_apart(const struct p11_mechanism *row);
/* A message's parameter, and C_WrapKeyAuthenticated's, by the row's shape: MECHANISM_PARAM_INVALID. */
CK_RV p11_aead_message(const struct p11_mechanism *row, const void *parameter, CK_ULONG size,
                       struct p11_aead_parameter *out);
/* C_WrapKey's and C_UnwrapKey's: CK_GCM_WRAP_PARAMS, or CK_GCM_PARAMS with a nonce that is given. */
CK_RV p11_aead_wrapping(const struct p11_mechanism *row, const void *parameter, CK_ULONG size,
                        struct p11_aead_parameter *out);

#endif
