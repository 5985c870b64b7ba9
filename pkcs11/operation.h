/*
 * What the chapters on encryption, decryption, signing, verifying and digesting share: beginning an
 * operation, and the two-call convention on its output.
 */
#ifndef HUKS_PKCS11_OPERATION_H
#define HUKS_PKCS11_OPERATION_H

#include "pkcs11/mechanism_row.h"
#include "pkcs11/template.h"

/* One way to begin: C_EncryptInit, C_SignRecoverInit, … each is a constant of this. */
struct p11_beginning {
    enum p11_kind kind;
    CK_FLAGS flag;                       /* what the mechanism's row must offer                     */
    enum crypto_direction direction;
    uint32_t purpose;                    /* of an asymmetric or cipher key                          */
    CK_OBJECT_CLASS asymmetric;          /* CKO_PUBLIC_KEY or CKO_PRIVATE_KEY: the half that does it */
    enum p11_form form;
};

/*
 * C_*Init. A NULL mechanism cancels what is pending. Order: pending operation, key handle, void key,
 * mechanism, key type, allowed mechanisms, parameter, then the engine's use rules.
 */
CK_RV p11_begin(struct p11_session *session, const struct p11_beginning *beginning, const CK_MECHANISM *mechanism,
                CK_OBJECT_HANDLE key);

/* The pending operation of a kind, for a step: OPERATION_NOT_INITIALIZED when there is none. */
CK_RV p11_pending(struct p11_session *session, enum p11_kind kind, enum p11_form form, struct p11_operation **out);

enum p11_step { P11_STEP_ONCE, P11_STEP_UPDATE, P11_STEP_FINAL };

/*
 * One step that gives output: encrypt, decrypt, sign, digest, recover. Obeys the two-call convention; any
 * failure but BUFFER_TOO_SMALL ends the operation.
 */
CK_RV p11_step(struct p11_session *session, enum p11_kind kind, enum p11_form form, enum p11_step step,
               const CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size);
/* A step that takes input alone: C_SignUpdate, C_VerifyUpdate, C_DigestUpdate, C_VerifySignatureUpdate. */
CK_RV p11_feed(struct p11_session *session, enum p11_kind kind, enum p11_form form, const CK_BYTE *in,
               CK_ULONG in_size);
/* The end of a verification, with (`once`) or without the data. */
CK_RV p11_verify(struct p11_session *session, bool once, const CK_BYTE *in, CK_ULONG in_size,
                 const CK_BYTE *signature, CK_ULONG signature_size);
/* The same of one that was begun with its signature. */
CK_RV p11_verify_signature(struct p11_session *session, bool once, const CK_BYTE *in, CK_ULONG in_size);

/*
 * For functions that step in ways of their own: a key whose owner must be asked each time is refused before
 * data; a failure that the front end found ends the operation; and the engine's answer, which may have ended
 * it (an idle one that a waiter took).
 */
CK_RV p11_step_authorised(struct p11_operation *pending);
CK_RV p11_step_failed(struct p11_operation *pending, CK_RV rv);
CK_RV p11_step_answer(struct p11_operation *pending, huks_rc rc, enum p11_where where);

/* Where failures of a pending operation happen, for p11_rv(). */
enum p11_where p11_where_of(const struct p11_operation *pending, enum p11_kind kind);

/* The CKF_* that names each kind of operation: C_SessionCancel, the vendor interface. */
extern const CK_FLAGS p11_operation_flags[P11_KINDS][P11_FORMS];

/* Ends one pending operation. */
void p11_operation_end(struct p11_operation *pending);

#endif
