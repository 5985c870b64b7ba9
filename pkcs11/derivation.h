/*
 * A derivation between reading its parameter and making its keys: the engine's spec, and what the parameter
 * names besides: other keys, further templates, places for output.
 */
#ifndef HUKS_PKCS11_DERIVATION_H
#define HUKS_PKCS11_DERIVATION_H

#include "pkcs11/attribute.h"
#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"
#include "service/operate.h"

#define P11_OTHER_KEYS 4
/* SP 800-108: more fields than anybody's encoding has, a count beyond is no count; and so many keys of one derivation. */
#define P11_KBKDF_FIELDS_MAX 256
#define P11_KBKDF_KEYS_MAX   256

/* TLS's key block: two of each, the client's first. */
struct p11_key_block {
    size_t mac_size, key_size, iv_size; /* bytes */
    CK_SSL3_KEY_MAT_OUT *out;
};

struct p11_derivation {
    struct p11_session *session;
    struct item *base;
    const struct p11_mechanism *row;
    struct crypto_derive_spec spec;
    /* The rules for the new key; what is said of the base holds for base and other keys together. */
    enum p11_secrecy secrecy;
    bool inherits;
    bool sensitive, extractable, always_sensitive, never_extractable;
    struct bytes allowed;      /* CKA_ALLOWED_MECHANISMS that the mechanism gives, packed      */
    CK_KEY_TYPE key_type;      /* of a template that names none                                */
    CK_ULONG fixed_size;       /* the only size that the new key can have; 0: any              */
    bool wants_size;           /* the template must tell the size, if its key type does not    */
    /* Values of other keys, which the spec views. */
    struct secret others[P11_OTHER_KEYS];
    size_t other_count;
    uint8_t digits[2];         /* small numbers that the spec views                            */
    struct crypto_kbkdf_field *fields;
    /* Results beside the one key. */
    CK_VERSION *version;
    struct p11_key_block block;
    CK_DERIVED_KEY *additional;
    CK_ULONG additional_count;
    CK_BYTE *output;
    CK_ULONG *output_size;
};

/* Fills the rest from the mechanism; session, base and row are set. */
CK_RV p11_derivation_read(struct p11_derivation *derivation, const CK_MECHANISM *mechanism);
void p11_derivation_free(struct p11_derivation *derivation);

/* The value of another secret key that may derive, kept; its secrecy counts from now on. */
CK_RV p11_derivation_key(struct p11_derivation *derivation, CK_OBJECT_HANDLE handle, struct bytes *value);

/* Readers by shape (mechanism_parameter_derive.c, mechanism_parameter_tls.c). */
typedef CK_RV p11_derivation_reader(struct p11_derivation *derivation, const CK_MECHANISM *mechanism);
p11_derivation_reader read_tls_master, read_tls12_master, read_tls12_extended, read_tls_keys, read_tls12_keys,
    read_tls_prf, read_tls_kdf;
p11_derivation_reader read_kbkdf, read_ike_prf, read_ike1_prf, read_ike1_extended, read_ike2_prf_plus;

/* What they share: to derive, end to end. */
CK_RV p11_derivation_pieces(struct p11_derivation *derivation, struct operate_piece *pieces, size_t count);

/* derive_several.c: derivations that make other things than one key. */
CK_RV p11_derive_block(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV p11_derive_additional(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *key);

/* derive.c: the draft of a new key of this derivation, and the size that it is to have (0: what comes out). */
CK_RV p11_derivation_draft(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                           struct p11_draft *draft, size_t *size);

#endif
