/*
 * The mechanism table: derivations.
 */
#include "pkcs11/mechanism_table.h"

static const struct p11_mechanism rows[] = {
    /* Derivations, sections 6.62 and 6.28 */
    {CKM_HKDF_KEY_GEN, CKF_GENERATE, 1, MAC_MAX, UNIT_BYTES, SHAPE_NONE, OH_HUKS_ALG_HMAC, CRYPTO_NONE, 0, 0, 0,
     CKK_HKDF, false},
    {CKM_HKDF_DERIVE, CKF_DERIVE, 1, MAC_MAX, UNIT_BYTES, SHAPE_HKDF, OH_HUKS_ALG_HMAC, CRYPTO_HKDF, 0, 0, 0, 0,
     false},
    {CKM_HKDF_DATA, CKF_DERIVE, 1, MAC_MAX, UNIT_BYTES, SHAPE_HKDF, OH_HUKS_ALG_HMAC, CRYPTO_HKDF, 0, 0, 0, 0,
     false},
    {CKM_PKCS5_PBKD2, CKF_GENERATE, 1, MAC_MAX, UNIT_BYTES, SHAPE_PBKDF2, OH_HUKS_ALG_HMAC, CRYPTO_PBKDF2, 0, 0, 0,
     CKK_GENERIC_SECRET, false},
};

const struct p11_mechanism_table p11_mechanisms_derive = P11_MECHANISM_TABLE(rows);
