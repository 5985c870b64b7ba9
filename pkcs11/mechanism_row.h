/*
 * A row of the mechanism table, for the files that read rows: mechanism.c, mechanism_parameter.c, operation.c,
 * generate.c, derive.c, wrap.c. To add a mechanism, add a row in the file of its family.
 */
#ifndef HUKS_PKCS11_MECHANISM_ROW_H
#define HUKS_PKCS11_MECHANISM_ROW_H

#include "pkcs11/mechanism.h"

#include "huks/huks_pkcs11.h"

/* The shape of pParameter: which reader of mechanism_parameter.c fills the spec. */
enum p11_shape {
    SHAPE_NONE,        /* must be absent                                        */
    SHAPE_IV,          /* the IV's bytes; their number is the cipher's business */
    SHAPE_CTR,         /* CK_AES_CTR_PARAMS                                     */
    SHAPE_GCM,         /* CK_GCM_PARAMS                                         */
    SHAPE_CCM,         /* CK_CCM_PARAMS                                         */
    SHAPE_CHACHA_POLY, /* CK_SALSA20_CHACHA20_POLY1305_PARAMS                   */
    SHAPE_PSS,         /* CK_RSA_PKCS_PSS_PARAMS                                */
    SHAPE_OAEP,        /* CK_RSA_PKCS_OAEP_PARAMS                               */
    SHAPE_MAC_LENGTH,  /* CK_MAC_GENERAL_PARAMS                                 */
    SHAPE_EDDSA,       /* absent or CK_EDDSA_PARAMS                             */
    SHAPE_WRAP_IV,     /* absent, or the key-wrap IV                            */
    SHAPE_GMAC,        /* CK_GCM_PARAMS or the IV's bytes                       */
    SHAPE_ECDH,        /* CK_ECDH1_DERIVE_PARAMS                                */
    SHAPE_DH,          /* the other's public value                              */
    SHAPE_HKDF,        /* CK_HKDF_PARAMS                                        */
    SHAPE_PBKDF2,      /* CK_PKCS5_PBKD2_PARAMS2                                */
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
    CK_KEY_TYPE key_type;        /* generation: of the keys made                              */
    bool legacy;                 /* only with legacy_mechanisms                               */
};

/* The rows of one family. */
struct p11_mechanism_table {
    const struct p11_mechanism *rows;
    size_t count;
};
extern const struct p11_mechanism_table p11_mechanisms_asymmetric, p11_mechanisms_hash, p11_mechanisms_cipher,
    p11_mechanisms_derive;

/* Every row by its number, offered or not; NULL behind the last. */
const struct p11_mechanism *p11_mechanism_row(size_t number);

/* The row's flags, and what follows from them: a mechanism that signs signs messages, too. */
CK_FLAGS p11_mechanism_flags(const struct p11_mechanism *row);

/*
 * Fills `spec` (zeroed but for the direction) from the row and the caller's parameter. The views in it are
 * the caller's memory. A parameter of the wrong shape or size: MECHANISM_PARAM_INVALID.
 */
CK_RV p11_parameter_read(const struct p11_mechanism *row, const CK_MECHANISM *mechanism, struct crypto_spec *spec);
CK_RV p11_parameter_derive(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                           struct crypto_derive_spec *spec);

/* CK_ECDH1_DERIVE_PARAMS as C_EncapsulateKey and C_DecapsulateKey have it. */
CK_RV p11_parameter_encapsulate(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                                struct crypto_derive_spec *spec);

/* CKM_SHA256 … and the engine's digests; OH_HUKS_DIGEST_NONE when it is none. */
uint32_t p11_digest_of_mechanism(CK_MECHANISM_TYPE type);

/* Does an item's algorithm fit the row's? */
bool p11_mechanism_fits(const struct p11_mechanism *row, const struct item *item);

#endif
