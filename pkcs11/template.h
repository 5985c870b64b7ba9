/*
 * Templates and attributes: the declarative tables of object classes, and the one reader of them.
 */
#ifndef HUKS_PKCS11_TEMPLATE_H
#define HUKS_PKCS11_TEMPLATE_H

#include "pkcs11/call.h"
#include "service/item.h"

enum p11_template_use { P11_CREATE, P11_GENERATE, P11_UNWRAP, P11_DERIVE, P11_COPY };

/*
 * The rules on SENSITIVE and EXTRACTABLE that the standard gives each derivation: as the template says; never
 * less than the base key's, where the base could be computed back; exactly the base key's.
 */
enum p11_secrecy { P11_SECRECY_FREE, P11_SECRECY_BOUND, P11_SECRECY_SAME };

/* What the creating call knows beyond its template; zero where it doesn't. */
struct p11_making {
    enum p11_template_use use;
    CK_OBJECT_CLASS class;            /* given by the call (generate: by the mechanism), or CK_UNAVAILABLE_INFORMATION */
    CK_KEY_TYPE key_type;             /* likewise                                                     */
    CK_KEY_TYPE usual_key_type;       /* derive: of a template that names none; 0: a generic secret   */
    CK_MECHANISM_TYPE mechanism;      /* generation mechanism for KEY_GEN_MECHANISM, else unavailable  */
    bool always_sensitive_base;       /* derive: base key's ALWAYS_SENSITIVE                           */
    bool never_extractable_base;      /* derive: base key's NEVER_EXTRACTABLE                          */
    enum p11_secrecy secrecy;         /* derive: what the base key's secrecy means for the new one     */
    bool inherits;                    /* derive: SENSITIVE, EXTRACTABLE are the base's unless given    */
    bool sensitive_base, extractable_base;
    struct bytes allowed;             /* derive: the new key's CKA_ALLOWED_MECHANISMS, packed; absent: any */
    struct bytes added;               /* unwrap, derive: the other key's CKA_UNWRAP_TEMPLATE or
                                         CKA_DERIVE_TEMPLATE, packed: holds beside the caller's         */
};

/*
 * A template checked against the tables and turned into a draft. The draft's params view the caller's
 * template and this struct's own scratch: keep it until the service call is done, then free.
 */
struct p11_draft {
    struct item_draft draft;
    enum store_alias_rule alias_rule;
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE key_type;
    CK_ULONG value_len;               /* CKA_VALUE_LEN or 0; not stored                                */
    CK_ULONG value_bits;              /* CKA_VALUE_BITS of a DH private key's template or 0            */
    CK_ULONG modulus_bits;            /* CKA_MODULUS_BITS of a generate template or 0                  */
    struct buffer scratch;
    void *chunks;                     /* private to template.c                                         */
};

/*
 * Checks every attribute of the template (known, allowed in this call, right length, legal value, no
 * contradiction), adds the defaults, and fills the draft. Errors are CKR_* with the attribute's name in the
 * record: ATTRIBUTE_TYPE_INVALID, ATTRIBUTE_VALUE_INVALID, ATTRIBUTE_READ_ONLY, TEMPLATE_INCOMPLETE,
 * TEMPLATE_INCONSISTENT. Also checks p11_session_may_write().
 */
CK_RV p11_draft_make(struct p11_session *session, const struct p11_making *making, const CK_ATTRIBUTE *template,
                     CK_ULONG count, struct p11_draft *out);
/* The public and the private template of a pair together: their alias and storage level are one. */
CK_RV p11_draft_pair(struct p11_session *session, const struct p11_making *making_public,
                     const CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                     const struct p11_making *making_private, const CK_ATTRIBUTE *private_template,
                     CK_ULONG private_count, struct p11_draft out[2]);
/* C_CopyObject: the source's attributes with the template's changes. */
CK_RV p11_draft_copy(struct p11_session *session, struct item *source, const CK_ATTRIBUTE *template, CK_ULONG count,
                     struct p11_draft *out);
/* C_SetAttributeValue: the draft's params are the changes alone. */
CK_RV p11_draft_changes(struct p11_session *session, struct item *item, const CK_ATTRIBUTE *template, CK_ULONG count,
                        struct p11_draft *out);
void p11_draft_free(struct p11_draft *draft);

/* One attribute of an item as PKCS #11 shows it; the two-call convention on `attribute`. */
CK_RV p11_attribute_get(struct item *item, CK_ATTRIBUTE *attribute);
CK_BBOOL p11_attribute_bool(struct item *item, CK_ATTRIBUTE_TYPE type, CK_BBOOL fallback);
CK_ULONG p11_attribute_ulong(struct item *item, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback);
/* Does the item have all of the template, byte for byte? (searches) */
bool p11_attribute_match(struct item *item, const CK_ATTRIBUTE *template, CK_ULONG count);

/* Does `key` have all of the wrapping key's CKA_WRAP_TEMPLATE? KEY_HANDLE_INVALID else (section 4.9). */
CK_RV p11_wrap_template_fits(struct item *wrapping, struct item *key);

/* Bytes that the template asks a secret key for: those of its type, or CKA_VALUE_LEN; 0: it does not say. */
size_t p11_draft_size(const struct p11_draft *draft);

/* CKP_* of a post-quantum key type and the engine's parameter set; 0: no such set or no such key type. */
uint32_t p11_parameter_set(CK_KEY_TYPE type, CK_ULONG told);
CK_ULONG p11_parameter_set_told(CK_KEY_TYPE type, uint32_t set);

/* CKK_* and the engine's algorithm, one table. */
uint32_t p11_alg_of_key_type(CK_KEY_TYPE type);
CK_KEY_TYPE p11_key_type(const struct item *item);

/*
 * The item behind a handle for use as a key: KEY_HANDLE_INVALID (by `where`) when it is none. The caller
 * gives the reference back.
 */
CK_RV p11_key_get(struct p11_session *session, CK_OBJECT_HANDLE handle, enum p11_where where, struct item **out);

#endif
