/*
 * What template.c (making) and template_change.c (copying, changing) share: one attribute of a caller's
 * template at a time, checked and turned into a parameter of the draft.
 */
#ifndef HUKS_PKCS11_TEMPLATE_READ_H
#define HUKS_PKCS11_TEMPLATE_READ_H

#include "pkcs11/attribute.h"

/* Collected while a template is read; turned into params at the end. */
struct template_reading {
    const struct p11_making *making;
    struct p11_draft *draft;
    uint32_t class_bit;
    uint32_t use;           /* A_CREATE, A_GENERATE, A_IMPORT, or what a copy may change */
    uint32_t purposes;      /* the bits now … */
    bool token, private_object, sensitive, extractable;
    bool has_private, has_level;
    bool has_always, always; /* CKA_ALWAYS_AUTHENTICATE */
    uint32_t level;
};

/* Memory that lives as long as the draft; NULL when there is none. */
uint8_t *template_chunk(struct p11_draft *draft, size_t size);
/* HOST_MEMORY. */
CK_RV template_no_memory(void);

/* The value of a CK_BBOOL or CK_ULONG attribute: ATTRIBUTE_VALUE_INVALID. */
CK_RV template_bool(const CK_ATTRIBUTE *attribute, bool *out);
CK_RV template_number(const CK_ATTRIBUTE *attribute, CK_ULONG *out);

/* The first of a type, or NULL. */
const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type);
/* Pointers are there, and no attribute twice. */
CK_RV template_check(const CK_ATTRIBUTE *template, CK_ULONG count);
/* One attribute against its row, into the draft or the reading. */
CK_RV template_read_one(struct p11_session *session, struct template_reading *reading, const CK_ATTRIBUTE *attribute);

/* The purposes to be stored. */
uint32_t template_purposes(const struct template_reading *reading);
/* May this session put the object where it is to lie? Stores class, level and privacy. */
CK_RV template_place(struct p11_session *session, struct template_reading *reading);

#endif
