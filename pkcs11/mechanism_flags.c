/*
 * What a mechanism offers beyond its row's own flags: the functions of 3.0 and 3.2 that follow from those
 * of 2.40.
 */
#include "pkcs11/message.h"

CK_FLAGS p11_mechanism_flags(const struct p11_mechanism *row)
{
    static const struct {
        CK_FLAGS has, follows;
    } follow[] = {
        {CKF_SIGN, CKF_MESSAGE_SIGN | CKF_MULTI_MESSAGE},
        {CKF_VERIFY, CKF_MESSAGE_VERIFY | CKF_MULTI_MESSAGE},
    };
    CK_FLAGS flags = row->flags;
    for (size_t i = 0; i < ARRAY_SIZE(follow); i++) {
        flags |= (row->flags & follow[i].has) != 0 ? follow[i].follows : 0;
    }
    if (p11_aead_apart(row)) {
        flags |= CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT | CKF_MULTI_MESSAGE;
    }
    return flags;
}
