/*
 * A row of the mechanism table, for the files that read rows: mechanism.c, mechanism_parameter.c, operation.c,
 * generate.c, derive.c, wrap.c. To add a mechanism, add a row in the file of its family.
 */
#ifndef HUKS_PKCS11_MECHANISM_ROW_H
#define HUKS_PKCS11_MECHANISM_ROW_H

#include "pkcs11/mechanism.h"

#include "huks/huks_pkcs11.h"

/* The shape of pParameter: which reader fills the spec. */
enum p11_shape {
    /* operations: mechanism_parameter.c */
    SHAPE_NONE,        /* must be absent                                        */
    SHAPE_IV,          /* the IV's bytes; their number is the cipher's business */
    SHAPE_CTR,         /* CK_AES_CTR_PARAMS, CK_CAMELLIA_CTR_PARAMS             */
    SHAPE_GCM,         /* CK_GCM_PARAMS                                         */
    SHAPE_CCM,         /* CK_CCM_PARAMS                                         */
    SHAPE_CHACHA,      /* CK_CHACHA20_PARAMS                                    */
    SHAPE_CHACHA_POLY, /* CK_SALSA20_CHACHA20_POLY1305_PARAMS                   */
    SHAPE_RC2,         /* CK_RC2_PARAMS                                         */
    SHAPE_RC2_CBC,     /* CK_RC2_CBC_PARAMS                                     */
    SHAPE_RC2_MAC,     /* CK_RC2_MAC_GENERAL_PARAMS                             */
    SHAPE_PSS,         /* CK_RSA_PKCS_PSS_PARAMS                                */
    SHAPE_OAEP,        /* CK_RSA_PKCS_OAEP_PARAMS                               */
    SHAPE_MAC_LENGTH,  /* CK_MAC_GENERAL_PARAMS                                 */
    SHAPE_MAC_96,      /* must be absent; the MAC has 12 bytes                  */
    SHAPE_EDDSA,       /* absent or CK_EDDSA_PARAMS                             */
    SHAPE_SM2_ID,      /* absent, or the signer's identity in bytes             */
    SHAPE_WRAP_IV,     /* absent, or the key-wrap IV                            */
    SHAPE_RSA_AES,     /* CK_RSA_AES_KEY_WRAP_PARAMS                            */
    SHAPE_ECDH_AES,    /* CK_ECDH_AES_KEY_WRAP_PARAMS                           */
    SHAPE_GMAC,        /* CK_GCM_PARAMS or the IV's bytes                       */
    SHAPE_TLS_MAC,     /* CK_TLS_MAC_PARAMS                                     */
    SHAPE_TLS10_MAC,   /* must be absent; the mechanism says whose MAC it is    */
    /* derivations: mechanism_parameter_derive.c and mechanism_parameter_tls.c */
    SHAPE_ECDH,        /* CK_ECDH1_DERIVE_PARAMS                                */
    SHAPE_DH,          /* the other's public value                              */
    SHAPE_X942_DH,     /* CK_X9_42_DH1_DERIVE_PARAMS                            */
    SHAPE_HKDF,        /* CK_HKDF_PARAMS                                        */
    SHAPE_KBKDF,       /* CK_SP800_108_KDF_PARAMS, …_FEEDBACK_KDF_PARAMS        */
    SHAPE_HASH_OF_KEY, /* must be absent                                        */
    SHAPE_JOIN,        /* CK_OBJECT_HANDLE or CK_KEY_DERIVATION_STRING_DATA     */
    SHAPE_STRING_DATA, /* CK_KEY_DERIVATION_STRING_DATA                         */
    SHAPE_CBC_DATA,    /* CK_AES_CBC_ENCRYPT_DATA_PARAMS and its kin            */
    SHAPE_EXTRACT,     /* CK_EXTRACT_PARAMS                                     */
    SHAPE_PUBLIC_KEY,  /* must be absent; what comes out is a public key        */
    SHAPE_TLS_MASTER,  /* CK_SSL3_MASTER_KEY_DERIVE_PARAMS                      */
    SHAPE_TLS12_MASTER,   /* CK_TLS12_MASTER_KEY_DERIVE_PARAMS                  */
    SHAPE_TLS12_EXTENDED, /* CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS         */
    SHAPE_TLS_KEYS,    /* CK_SSL3_KEY_MAT_PARAMS                                */
    SHAPE_TLS12_KEYS,  /* CK_TLS12_KEY_MAT_PARAMS                               */
    SHAPE_TLS_PRF,     /* CK_TLS_PRF_PARAMS                                     */
    SHAPE_TLS_KDF,     /* CK_TLS_KDF_PARAMS                                     */
    SHAPE_IKE_PRF,     /* CK_IKE_PRF_DERIVE_PARAMS                              */
    SHAPE_IKE1_PRF,    /* CK_IKE1_PRF_DERIVE_PARAMS                             */
    SHAPE_IKE1_EXTENDED, /* CK_IKE1_EXTENDED_DERIVE_PARAMS                      */
    SHAPE_IKE2_PRF_PLUS, /* CK_IKE2_PRF_PLUS_DERIVE_PARAMS                      */
    /* generation: generate.c */
    SHAPE_PBKDF2,      /* CK_PKCS5_PBKD2_PARAMS2                                */
    SHAPE_CONTEXT,     /* absent or CK_SIGN_ADDITIONAL_CONTEXT                  */
    SHAPE_HASH_CONTEXT, /* CK_HASH_SIGN_ADDITIONAL_CONTEXT                       */
    SHAPE_PBE,         /* CK_PBE_PARAMS                                         */
    SHAPE_VERSION,     /* CK_VERSION                                            */
    SHAPE_DSA_PARAMETER, /* CK_DSA_PARAMETER_GEN_PARAM                          */
    SHAPE_COUNT
};

/* Units of ulMinKeySize and ulMaxKeySize. */
enum p11_unit { UNIT_NONE, UNIT_BITS, UNIT_BYTES };

struct p11_mechanism {
    CK_MECHANISM_TYPE type;
    CK_FLAGS flags;              /* as C_GetMechanismInfo tells them: what it may be used for */
    CK_ULONG min, max;           /* key sizes, in the unit that the standard gives for it     */
    enum p11_unit unit;
    enum p11_shape shape;
    uint32_t alg;                /* the key's algorithm; 0: no key                            */
    enum crypto_method method;
    uint32_t digest, padding, mode;
    CK_KEY_TYPE key_type;        /* generation: of the keys made; HMAC: of the hash's own keys */
    bool legacy;                 /* only with legacy_mechanisms                               */
};

/* The rows of one family. */
struct p11_mechanism_table {
    const struct p11_mechanism *rows;
    size_t count;
};
extern const struct p11_mechanism_table p11_mechanisms_asymmetric, p11_mechanisms_hash, p11_mechanisms_cipher,
    p11_mechanisms_derive, p11_mechanisms_pq;

/* Every row by its number, offered or not; NULL behind the last. */
const struct p11_mechanism *p11_mechanism_row(size_t number);

/* The row's flags, and what follows from them: a mechanism that signs signs messages, too. */
CK_FLAGS p11_mechanism_flags(const struct p11_mechanism *row);

/*
 * Fills `spec` (zeroed but for the direction) from the row and the caller's parameter. The views in it are
 * the caller's memory. A parameter of the wrong shape or size: MECHANISM_PARAM_INVALID.
 */
CK_RV p11_parameter_read(const struct p11_mechanism *row, const CK_MECHANISM *mechanism, struct crypto_spec *spec);
/* The same for what is derived from a password. */
CK_RV p11_parameter_password(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                             struct crypto_derive_spec *spec, struct bytes *password);

/* How large an IV comes with a key from a password; 0: none does. generate.c */
#define P11_PASSWORD_IV_SIZE 8
size_t p11_password_iv_size(const struct p11_mechanism *row);

/* CK_ECDH1_DERIVE_PARAMS as C_EncapsulateKey and C_DecapsulateKey have it. */
CK_RV p11_parameter_encapsulate(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                                struct crypto_derive_spec *spec);

/* The engine's digest of CKM_SHA256 …; OH_HUKS_DIGEST_NONE: none. And how many bytes it gives. */
uint32_t p11_parameter_hash(CK_MECHANISM_TYPE type);
size_t p11_parameter_hash_size(CK_MECHANISM_TYPE type);

/* ulMinKeySize: the row's, or more where configuration forbids weak keys. */
CK_ULONG p11_mechanism_min(const struct p11_mechanism *row);
/* May a key of this size be used so (CKF_SIGN …)? KEY_SIZE_RANGE or its kin, by `where`. */
CK_RV p11_mechanism_strength(const struct item *item, CK_FLAGS flag, enum p11_where where);

/* Does an item's algorithm fit the row's? */
bool p11_mechanism_fits(const struct p11_mechanism *row, const struct item *item);

#endif
