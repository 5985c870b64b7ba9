/*
 * How each kind of argument goes over. Four functions a kind: a client puts what the caller gave, the service
 * takes it into memory of its own, puts what the call made of it, and the client takes that to where the
 * caller wants it.
 *
 * The service believes nothing: what in a request does not fit is HUKS_E_IPC, and the worker hangs up. Which
 * bytes are structures with pointers in them is decided by the tables of the front end, at both ends alike,
 * never by a request.
 */
#ifndef HUKS_PKCS11_REMOTE_VALUE_H
#define HUKS_PKCS11_REMOTE_VALUE_H

#include "ipc/message.h"
#include "pkcs11/mechanism_row.h"
#include "pkcs11/signature.h"

/* More at once does not go over: of one value, of a template, and of all that one call may make the service
 * hold. */
#define REMOTE_VALUE_MAX      ((size_t)64 << 20)
#define REMOTE_ATTRIBUTES_MAX 1024U
#define REMOTE_ROOM_MAX       ((size_t)256 << 20)
#define REMOTE_TEXT_MAX       256U

/* ---- the service's memory for one call ---- */

struct remote_chunk;
struct remote_room {
    struct remote_chunk *chunks;
    size_t size;
};
/* Zeroed, aligned for any type, there until the call is over. HUKS_E_MEMORY: none, or too much. */
HUKS_MUST_USE huks_rc remote_room_make(struct remote_room *room, size_t size, void **out);
/* A copy of bytes that were received. */
HUKS_MUST_USE huks_rc remote_room_copy(struct remote_room *room, struct bytes bytes, void **out);
/* How many bytes a pointer made so has. */
size_t remote_room_size(const void *made);
/* Cleansed: keys and PINs were here. */
void remote_room_free(struct remote_room *room);

/* What nobody may look at, but must not be NULL: zeros. */
void *remote_opaque(void);

/* A request or reply that does not fit. */
HUKS_MUST_USE huks_rc remote_garbled(void);

/* ---- arguments (remote_value.c) ---- */

/*
 * One call's arguments, by its signature. Client: the caller's own pointers. Service: `words` lie in `room`;
 * `rooms` is what the caller said of the room for output, before it was cut to what there can be.
 */
struct remote_arguments {
    const struct p11_signature *signature;
    p11_words words;
    CK_ULONG rooms[P11_PARAMETERS_MAX];
    CK_MECHANISM_TYPE mechanism; /* of the session's messages, by which a message's parameter is read */
    bool message;                /* there is one, with a parameter */
    struct remote_room room;
};

/* Client. A CKR_*: what can't go over. */
CK_RV remote_put_arguments(struct ipc_message *request, const struct remote_arguments *arguments);
huks_rc remote_get_results(struct ipc_message *reply, const struct remote_arguments *arguments);
/* Service. */
huks_rc remote_get_arguments(struct ipc_message *request, struct remote_arguments *arguments);
void remote_put_results(struct ipc_message *reply, const struct remote_arguments *arguments, CK_RV rv);

/* ---- templates (remote_template.c) ---- */

CK_RV remote_put_template(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count);
huks_rc remote_get_template(struct ipc_message *message, struct remote_room *room, CK_ULONG count,
                            CK_ATTRIBUTE **out);
/* C_GetAttributeValue's. */
CK_RV remote_put_query(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count);
huks_rc remote_get_query(struct ipc_message *message, struct remote_room *room, CK_ULONG count,
                         CK_ATTRIBUTE **out);
void remote_put_answers(struct ipc_message *message, const CK_ATTRIBUTE *template, CK_ULONG count, CK_RV rv);
huks_rc remote_get_answers(struct ipc_message *message, CK_ATTRIBUTE *template, CK_ULONG count);

/* ---- parameters of mechanisms (remote_parameter.c) ---- */

/* One of a mechanism as a use has it. */
struct remote_parameter {
    enum p11_parameter_use use;
    CK_MECHANISM_TYPE type;
    void *data;
    CK_ULONG size;
};
CK_RV remote_put_parameter(struct ipc_message *message, const struct remote_parameter *parameter);
/* `use`, `type` and `size` are given; fills in `data`. */
huks_rc remote_get_parameter(struct ipc_message *message, struct remote_room *room,
                             struct remote_parameter *parameter);
/* What the call wrote into it: IVs, tags, handles, output. */
void remote_put_written(struct ipc_message *message, const struct remote_parameter *parameter);
huks_rc remote_get_written(struct ipc_message *message, const struct remote_parameter *parameter);

/* For tests: does the table say anything of this shape? */
bool remote_shape_known(enum p11_shape shape, enum p11_parameter_use use);

#endif
