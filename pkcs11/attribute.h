/*
 * The attribute table: one row an attribute, saying which object classes have it, in which calls a template
 * may bring it, where the engine stores it, and how it reads when nothing is stored.
 */
#ifndef HUKS_PKCS11_ATTRIBUTE_H
#define HUKS_PKCS11_ATTRIBUTE_H

#include "pkcs11/template.h"

#include "huks/huks_pkcs11.h"

enum attribute_kind {
    KIND_BOOL,
    KIND_ULONG,
    KIND_TRUST,      /* CK_TRUST, or NSS's                                */
    KIND_BYTES,
    KIND_DATE,       /* CK_DATE or empty                                  */
    KIND_PURPOSE,    /* CK_BBOOL, a bit of OH_HUKS_TAG_PURPOSE            */
    KIND_TEMPLATE,   /* array of CK_ATTRIBUTE, stored packed (nested.c)   */
    KIND_MECHANISMS, /* array of CK_MECHANISM_TYPE, stored as LE u32 each */
    KIND_SECRET,     /* a part of the key's value                         */
    KIND_COMPUTED,   /* from the item, by attribute_value.c               */
};

/* Classes. */
enum {
    C_DATA = 1 << 0,
    C_CERT = 1 << 1,
    C_PUB = 1 << 2,
    C_PRIV = 1 << 3,
    C_SEC = 1 << 4,
    C_DOM = 1 << 5,
    C_TRUST = 1 << 6,
    C_NSS_TRUST = 1 << 7,
    C_KEY = C_PUB | C_PRIV | C_SEC,
    C_ALL = C_DATA | C_CERT | C_KEY | C_DOM | C_TRUST | C_NSS_TRUST,
};

/* What a template may do with it. */
enum {
    A_CREATE = 1 << 0,   /* C_CreateObject                                   */
    A_GENERATE = 1 << 1, /* C_GenerateKey(Pair)                              */
    A_IMPORT = 1 << 2,   /* C_UnwrapKey, C_DeriveKey                         */
    A_SET = 1 << 3,      /* C_SetAttributeValue, and C_CopyObject            */
    A_COPY = 1 << 4,     /* C_CopyObject alone                               */
    A_MUST = 1 << 5,     /* mandatory in C_CreateObject                      */
    A_UP = 1 << 6,       /* of a BBOOL: may go from false to true alone      */
    A_DOWN = 1 << 7,     /* … from true to false alone                       */
    A_SO = 1 << 8,       /* true only when the SO says so                    */
    A_NOSTORE = 1 << 9,  /* read by the making call, not stored              */
    A_NEW = A_CREATE | A_GENERATE | A_IMPORT,
};

struct attribute_row {
    CK_ATTRIBUTE_TYPE type;
    enum attribute_kind kind;
    uint32_t classes;
    uint32_t flags;
    uint32_t tag;      /* KIND_PURPOSE: the purpose bit     */
    CK_ULONG fallback; /* BOOL, ULONG: read when not stored */
};

/* NULL: no such attribute. */
const struct attribute_row *attribute_find(CK_ATTRIBUTE_TYPE type);
/* The row for objects of a class (CKA_VALUE is one thing in a certificate, another in a key). */
const struct attribute_row *attribute_find_in(CK_ATTRIBUTE_TYPE type, uint32_t class_bit);
/* Every row, for copying and listing. */
const struct attribute_row *attribute_rows(size_t *count);
uint32_t attribute_class_bit(CK_OBJECT_CLASS class);
/* DERIVE of an asymmetric key is HUKS's AGREE. */
uint32_t attribute_purpose(const struct attribute_row *row, CK_OBJECT_CLASS class);
/* An item's purposes as attributes tell them: HUKS's one purpose of a MAC key is SIGN and VERIFY. */
uint32_t attribute_purposes(const struct item *item);

/* Purposes that a new key has unless its template says otherwise. */
uint32_t p11_default_purposes(CK_KEY_TYPE type, CK_OBJECT_CLASS class);

/* An attribute's value: a view of `view`, which may lie in this struct. */
struct attribute_value {
    struct bytes view;
    CK_BBOOL boolean;
    CK_ULONG number;
    struct secret secret;
    struct buffer bytes;
    char text[33];
};
void attribute_value_free(struct attribute_value *value);
/* ATTRIBUTE_TYPE_INVALID, ATTRIBUTE_SENSITIVE, or an engine's failure. Not for KIND_TEMPLATE. */
CK_RV attribute_value_get(struct item *item, const struct attribute_row *row, struct attribute_value *value);

/* The two-call convention: BUFFER_TOO_SMALL. */
CK_RV attribute_show(CK_ATTRIBUTE *attribute, struct bytes value);

/* Nested templates: packed for storage, shown as an array of CK_ATTRIBUTE. */
CK_RV nested_pack(const CK_ATTRIBUTE *attribute, struct buffer *packed);
CK_RV nested_show(struct bytes packed, CK_ATTRIBUTE *attribute);
/* Calls `visit` for each attribute of a packed template. */
CK_RV nested_each(struct bytes packed, CK_RV (*visit)(const CK_ATTRIBUTE *attribute, void *argument), void *argument);

#endif
