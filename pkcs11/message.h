/*
 * Messages (PKCS #11 3.0, sections 5.9, 5.11, 5.14, 5.16): one operation, begun once and holding one
 * key-operation session until its C_Message*Final, that works on many messages, each with parameters of its
 * own. message.c encrypts and decrypts, message_sign.c signs and verifies.
 */
#ifndef HUKS_PKCS11_MESSAGE_H
#define HUKS_PKCS11_MESSAGE_H

#include "pkcs11/aead.h"
#include "pkcs11/operation.h"

/* What lasts from one message to the next. */
struct p11_message {
    bool begun;              /* C_*MessageBegin was called and the message has not ended      */
    bool own_parameter;      /* each message must bring its parameter                          */
    struct crypto_spec spec; /* what C_Message*Init said; its views are of `kept`              */
    struct buffer kept;
};

/* C_Message*Init behind the checks that it shares with other beginnings: p11_begin() calls it. */
CK_RV p11_message_open(struct p11_session *session, struct p11_operation *pending,
                       const struct p11_mechanism *row, const CK_MECHANISM *mechanism, struct item *item,
                       uint32_t purpose, struct crypto_spec *spec);
/*
 * A function that works on messages: the pending process. `begun` is what must have been the case of Begin. In a worker
 * of the service the thread's record says by which mechanism the message's parameter was read (remote_serve.c): the
 * operation of any other must not see it.
 */
CK_RV p11_message_pending(struct p11_session *session, enum p11_kind kind, bool begun,
                          struct p11_operation **out);
/* C_Message*Final: OPERATION_ACTIVE while a message is unfinished. */
CK_RV p11_message_final(struct p11_session *session, enum p11_kind kind);
/* A failure that the front end found ends the message alone. */
CK_RV p11_message_failed(struct p11_operation *pending, CK_RV rv);
/* The engine's answer to a message's step; `last`: a success ended the message. */
CK_RV p11_message_answer(struct p11_operation *pending, enum p11_kind kind, huks_rc rc, bool last);
void p11_message_free(struct p11_operation *pending);

#endif
