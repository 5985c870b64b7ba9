/*
 * What the structures of mechanism parameters look like, as far as it takes to send them: how large they are, and where
 * their pointers and the lengths of these stand.
 */
#ifndef HUKS_PKCS11_REMOTE_LAYOUT_H
#define HUKS_PKCS11_REMOTE_LAYOUT_H

#include "pkcs11/mechanism_row.h"
#include "pkcs11/signature.h"

/* What a pointer points to. */
enum remote_field_kind {
    FIELD_BYTES,    /* the member `length` says how many                                       */
    FIELD_BITS,     /* … in bits                                                               */
    FIELD_NONCE,    /* … in bytes, but 96 are bits                                             */
    FIELD_PASSWORD, /* … or where that stands, where it is too large for a length              */
    FIELD_BEHIND,   /* the member `length` points to how many                                  */
    FIELD_OUTER,    /* the structure that this one hangs from says how many bits, at `length`  */
    FIELD_FIXED,    /* `length` bytes                                                          */
    FIELD_STRUCT,   /* one of `layout`                                                         */
    FIELD_ARRAY,    /* the member `length` says how many of `layout`                           */
    FIELD_TEMPLATE, /* the member `length` says how many attributes                            */
    FIELD_UNREAD,   /* nobody looks                                                            */
};

struct remote_layout;

struct remote_field {
    uint8_t kind;   /* enum remote_field_kind                                     */
    bool written;   /* goes back: the call may write there                        */
    uint16_t at;
    uint16_t length;
    uint32_t most;  /* bytes or elements; 0: REMOTE_VALUE_MAX                     */
    const char *what;
    const struct remote_layout *layout;
};

enum { REMOTE_FIELDS_MAX = 4 };

struct remote_layout {
    CK_ULONG size;
    struct remote_field fields[REMOTE_FIELDS_MAX]; /* the first without a name is none */
    bool written;                                 /* its numbers go back, too         */
    bool (*fits)(const struct p11_mechanism *row); /* NULL: every mechanism of the shape */
};

/* The layouts of a shape. A parameter of another size is nothing that anybody reads, unless `bytes`: then it is bytes. */
struct remote_form {
    const struct remote_layout *layouts;
    size_t count;
    bool bytes;
    bool known; /* the table says something */
};

/* The largest structure. */
#define REMOTE_STRUCT_MAX 256U

struct remote_form remote_form_of(enum p11_shape shape, enum p11_parameter_use use);
/* NULL: none of that size. */
const struct remote_layout *remote_layout_of(const struct p11_mechanism *row, enum p11_parameter_use use, CK_ULONG size);

#endif
