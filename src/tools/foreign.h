/*
 * Another PKCS #11 module and one token of it, as its client sees them; and how an object of it becomes one
 * of ours, through our own front end, which holds templates to the same rules whoever brings them.
 *
 * Of the other token nothing is ever changed: its session can't write.
 */
#ifndef HUKS_TOOLS_FOREIGN_H
#define HUKS_TOOLS_FOREIGN_H

#include <p11-kit/pkcs11.h>

#include "common/error.h"
#include "common/memory.h"

/* Zero-initialise; foreign_close() any time. */
struct foreign {
    void *library; /* NULL: our own front end */
    CK_FUNCTION_LIST *p11;
    bool initialized;
    CK_SESSION_HANDLE session; /* 0: none */
    char label[33];
    bool login_required;
};

/*
 * A module from its file: no such, or none of PKCS #11: 12000004. Whatever a call of it answers is told on
 * stderr by its name, and is the HUKS code that this name reads back as.
 */
HUKS_MUST_USE huks_rc foreign_open(const char *path, struct foreign *module);
/* Our own front end, on this store. */
HUKS_MUST_USE huks_rc foreign_open_own(const char *store, struct foreign *module);
void foreign_close(struct foreign *module);

/*
 * A session with the token of that label or serial number, or with the only one (name NULL). None: 12000011;
 * several: 12000003.
 */
HUKS_MUST_USE huks_rc foreign_token(struct foreign *module, const char *name, bool writable);
HUKS_MUST_USE huks_rc foreign_login(struct foreign *module, struct bytes pin);

/* Token objects that fit the template. malloc'ed. */
HUKS_MUST_USE huks_rc foreign_find(struct foreign *module, CK_ATTRIBUTE *template, CK_ULONG size,
                                   CK_OBJECT_HANDLE **objects, size_t *count);

/* "CKR_…", or a number: in `room` of at least 24 bytes. */
const char *foreign_answer(CK_RV rv, char *room);

/* ---- foreign_copy.c ---- */

#define FOREIGN_ATTRIBUTES 64
struct foreign_object {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class;
    CK_ATTRIBUTE attributes[FOREIGN_ATTRIBUTES]; /* malloc'ed values: what the new object is to have */
    size_t count;
    bool wrapped;    /* its value comes only wrapped */
    bool here;       /* an object of its class, label, ID and public or check value is in our token */
    char lacks[128]; /* what it has there and will not have here; empty: nothing */
    char stays[192]; /* why it can't leave, or not be taken; empty: it can */
};
void foreign_object_free(struct foreign_object *object); /* cleanses */
/* NULL: it has none. */
const CK_ATTRIBUTE *foreign_attribute(const struct foreign_object *object, CK_ATTRIBUTE_TYPE type);

/* Is an attribute taken over, or looked at because it can't be? */
bool foreign_knows(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type);
/* Reads all that is to be taken of an object, and whether it can be; looks whether it is in `own` already. */
HUKS_MUST_USE huks_rc foreign_read(struct foreign *from, struct foreign *own, CK_OBJECT_HANDLE handle,
                                   struct foreign_object *object);

/* An AES key that both modules have for as long as their sessions: what wrapped values travel under. */
struct foreign_passage {
    CK_OBJECT_HANDLE from, own;
};
HUKS_MUST_USE huks_rc foreign_passage_make(struct foreign *from, struct foreign *own, struct bytes key,
                                           struct foreign_passage *passage);

/*
 * Makes the object in our token. What is wrong with this object alone is put into object->stays, and *made is
 * 0; any other failure is one.
 */
HUKS_MUST_USE huks_rc foreign_copy(struct foreign *from, struct foreign *own,
                                   const struct foreign_passage *passage, struct foreign_object *object,
                                   CK_OBJECT_HANDLE *made);

#endif
