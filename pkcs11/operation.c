/*
 * Beginning, stepping and ending operations; see operation.h.
 */
#include "pkcs11/operation.h"

#include "pkcs11/authenticate.h"
#include "pkcs11/message.h"

/* ---- ending ---- */

void p11_operation_end(struct p11_operation *pending)
{
    operation_cancel(&pending->operation);
    pending->mechanism = NULL;
    pending->form = P11_PLAIN;
    p11_message_free(pending);
    buffer_free(&pending->signature);
    pending->multipart = false;
}

/* CKF_* of C_SessionCancel for each kind and form. */
const CK_FLAGS p11_operation_flags[P11_KINDS][P11_FORMS] = {
    [P11_ENCRYPT] = {[P11_PLAIN] = CKF_ENCRYPT, [P11_MESSAGES] = CKF_MESSAGE_ENCRYPT},
    [P11_DECRYPT] = {[P11_PLAIN] = CKF_DECRYPT, [P11_MESSAGES] = CKF_MESSAGE_DECRYPT},
    [P11_DIGEST] = {[P11_PLAIN] = CKF_DIGEST},
    [P11_SIGN] = {[P11_PLAIN] = CKF_SIGN, [P11_RECOVER] = CKF_SIGN_RECOVER, [P11_MESSAGES] = CKF_MESSAGE_SIGN},
    [P11_VERIFY] = {[P11_PLAIN] = CKF_VERIFY,
                    [P11_RECOVER] = CKF_VERIFY_RECOVER,
                    [P11_MESSAGES] = CKF_MESSAGE_VERIFY,
                    [P11_SIGNATURE] = CKF_VERIFY},
};

void p11_operations_cancel(struct p11_session *session, CK_FLAGS flags)
{
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        if ((flags & p11_operation_flags[kind][session->pending[kind].form]) != 0) {
            p11_operation_end(&session->pending[kind]);
        }
    }
    p11_awaited_cancel(session, flags);
    if ((flags & CKF_FIND_OBJECTS) != 0) {
        p11_find_free(session);
    }
}

void p11_operations_logout(struct p11_session *session)
{
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        struct p11_operation *pending = &session->pending[kind];
        if (operation_pending(&pending->operation) && pending->operation.item != NULL &&
            item_private(pending->operation.item)) {
            p11_operation_end(pending);
        }
        operation_forget(&pending->operation);
    }
    p11_awaited_cancel(session, ~(CK_FLAGS)0);
}

void p11_operations_free(struct p11_session *session)
{
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        p11_operation_end(&session->pending[kind]);
        operation_free(&session->pending[kind].operation);
    }
    p11_awaited_cancel(session, ~(CK_FLAGS)0);
    p11_find_free(session);
}

/* ---- beginning ---- */

static const char *const kind_names[P11_KINDS] = {
    [P11_ENCRYPT] = "encryption", [P11_DECRYPT] = "decryption", [P11_DIGEST] = "digest",
    [P11_SIGN] = "signature",     [P11_VERIFY] = "verification",
};

static CK_RV begin_cancel(struct p11_operation *pending, enum p11_kind kind, enum p11_form form)
{
    if (!operation_pending(&pending->operation) || pending->form != form) {
        return p11_failf(CKR_ARGUMENTS_BAD, "mechanism: no %s is pending to be cancelled", kind_names[kind]);
    }
    p11_operation_end(pending);
    return CKR_OK;
}

static CK_RV begin_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct p11_mechanism **out)
{
    const struct p11_mechanism *row = p11_mechanism_find(mechanism->mechanism);
    if (row == NULL || (p11_mechanism_flags(row) & flag) == 0) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(mechanism->mechanism));
    }
    *out = row;
    return CKR_OK;
}

static bool class_fits(const struct item *item, CK_OBJECT_CLASS asymmetric)
{
    return item_class(item) == HUKS_CLASS_SECRET_KEY || (CK_OBJECT_CLASS)item_class(item) == asymmetric;
}

/* A MAC key of the native door has HUKS's one purpose for both directions; Cryptoki's have SIGN and VERIFY. */
static uint32_t begin_purpose(const struct p11_beginning *beginning, const struct item *item)
{
    const uint32_t both = OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY;
    if ((beginning->purpose & both) != 0 && (item_purposes(item) & both) == 0) {
        return OH_HUKS_KEY_PURPOSE_MAC;
    }
    return beginning->purpose;
}

static CK_RV begin_keyed(struct p11_session *session, struct p11_operation *pending,
                         const struct p11_beginning *beginning, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, key, P11_AT_OPERATION, &item));
    P11_TRY_HUKS(item_ready(item), P11_AT_OPERATION);
    const struct p11_mechanism *row = NULL;
    P11_TRY(begin_row(mechanism, beginning->flag, &row));
    if (!class_fits(item, beginning->asymmetric) || !p11_mechanism_fits(row, item)) {
        return p11_failf(CKR_KEY_TYPE_INCONSISTENT, "key type for %s", p11_mechanism_name(row->type));
    }
    if (!p11_mechanism_allowed(item, row->type)) {
        return p11_failf(CKR_KEY_FUNCTION_NOT_PERMITTED, "mechanism %s for this key", p11_mechanism_name(row->type));
    }
    P11_TRY(p11_mechanism_strength(item, beginning->flag, P11_AT_OPERATION));
    struct crypto_spec spec = {.direction = beginning->direction};
    uint32_t purpose = begin_purpose(beginning, item);
    if (beginning->form == P11_MESSAGES) {
        P11_TRY(p11_message_open(session, pending, row, mechanism, item, purpose, &spec));
    } else {
        P11_TRY(p11_parameter_read(row, mechanism, &spec));
        P11_TRY_HUKS(operation_begin(&pending->operation, session->token, item, purpose, &spec), P11_AT_OPERATION);
    }
    pending->mechanism = row;
    pending->form = beginning->form;
    return CKR_OK;
}

static CK_RV begin_digest(struct p11_session *session, struct p11_operation *pending, const CK_MECHANISM *mechanism)
{
    const struct p11_mechanism *row = NULL;
    P11_TRY(begin_row(mechanism, CKF_DIGEST, &row));
    struct crypto_spec spec = {.direction = CRYPTO_HASH};
    P11_TRY(p11_parameter_read(row, mechanism, &spec));
    P11_TRY_HUKS(operation_begin(&pending->operation, session->token, NULL, 0, &spec), P11_AT_OPERATION);
    pending->mechanism = row;
    return CKR_OK;
}

CK_RV p11_begin(struct p11_session *session, const struct p11_beginning *beginning, const CK_MECHANISM *mechanism,
                CK_OBJECT_HANDLE key)
{
    struct p11_operation *pending = &session->pending[beginning->kind];
    if (mechanism == NULL) {
        return begin_cancel(pending, beginning->kind, beginning->form);
    }
    if (operation_pending(&pending->operation)) {
        return p11_failf(CKR_OPERATION_ACTIVE, "state: a %s is pending", kind_names[beginning->kind]);
    }
    return beginning->kind == P11_DIGEST ? begin_digest(session, pending, mechanism)
                                         : begin_keyed(session, pending, beginning, mechanism, key);
}

/* ---- stepping ---- */

CK_RV p11_pending(struct p11_session *session, enum p11_kind kind, enum p11_form form, struct p11_operation **out)
{
    struct p11_operation *pending = &session->pending[kind];
    if (!operation_pending(&pending->operation) || pending->form != form) {
        return p11_failf(CKR_OPERATION_NOT_INITIALIZED, "state: no %s is pending", kind_names[kind]);
    }
    *out = pending;
    return CKR_OK;
}

enum p11_where p11_where_of(const struct p11_operation *pending, enum p11_kind kind)
{
    switch (kind) {
    case P11_ENCRYPT:
        return P11_AT_ENCRYPT;
    case P11_DECRYPT:
        if (pending->form == P11_MESSAGES) {
            return P11_AT_DECRYPT_MESSAGE;
        }
        return pending->mechanism != NULL && pending->mechanism->method == CRYPTO_AEAD ? P11_AT_DECRYPT_AEAD
                                                                                       : P11_AT_DECRYPT;
    case P11_VERIFY:
        return P11_AT_VERIFY;
    default:
        return P11_AT_OPERATION;
    }
}

/* A failure that the front end found ends the operation as any other does. */
CK_RV p11_step_failed(struct p11_operation *pending, CK_RV rv)
{
    p11_operation_end(pending);
    return rv;
}

/* The engine's answer; it has ended its operation already, or goes on (short buffer, not the last step). */
CK_RV p11_step_answer(struct p11_operation *pending, huks_rc rc, enum p11_where where)
{
    CK_RV rv = p11_rv(rc, where);
    if (!operation_pending(&pending->operation)) {
        p11_operation_end(pending);
    }
    return rv;
}

/* Nothing is done with a message before the key's user is there. */
CK_RV p11_step_authorised(struct p11_operation *pending)
{
    return p11_step_answer(pending, operation_pass(&pending->operation), P11_AT_OPERATION);
}

static enum crypto_step crypto_step_of(enum p11_step step)
{
    return step == P11_STEP_ONCE ? CRYPTO_ONCE : step == P11_STEP_UPDATE ? CRYPTO_UPDATE : CRYPTO_FINISH;
}

static CK_RV step_order(struct p11_operation *pending, enum p11_kind kind, enum p11_step step)
{
    if (step == P11_STEP_ONCE && pending->multipart) {
        return p11_step_failed(pending, p11_failf(CKR_OPERATION_NOT_INITIALIZED,
                                              "state: the %s has begun in parts", kind_names[kind]));
    }
    return CKR_OK;
}

CK_RV p11_step(struct p11_session *session, enum p11_kind kind, enum p11_form form, enum p11_step step,
               const CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, kind, form, &pending));
    if (out_size == NULL || (in == NULL && in_size != 0)) {
        return p11_step_failed(pending,
                               p11_fail(CKR_ARGUMENTS_BAD, out_size == NULL ? "length pointer" : "data pointer"));
    }
    P11_TRY(step_order(pending, kind, step));
    enum p11_where where = p11_where_of(pending, kind);
    size_t size = *out_size;
    huks_rc rc;
    if (out == NULL) {
        rc = operation_touch(&pending->operation);
        if (rc == HUKS_OK) {
            *out_size = operation_size(&pending->operation, crypto_step_of(step), in_size);
        }
        return p11_step_answer(pending, rc, where);
    }
    switch (step) {
    case P11_STEP_ONCE:
        rc = operation_once(&pending->operation, bytes_of(in, in_size), out, &size);
        break;
    case P11_STEP_UPDATE:
        rc = operation_update(&pending->operation, bytes_of(in, in_size), out, &size);
        pending->multipart = true;
        break;
    default:
        rc = operation_finish(&pending->operation, out, &size);
        break;
    }
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *out_size = size;
    }
    return p11_step_answer(pending, rc, where);
}

CK_RV p11_feed(struct p11_session *session, enum p11_kind kind, enum p11_form form, const CK_BYTE *in,
               CK_ULONG in_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, kind, form, &pending));
    if (in == NULL && in_size != 0) {
        return p11_step_failed(pending, p11_fail(CKR_ARGUMENTS_BAD, "data pointer"));
    }
    P11_TRY(step_order(pending, kind, P11_STEP_UPDATE));
    enum p11_where where = p11_where_of(pending, kind);
    size_t none = 0;
    pending->multipart = true;
    return p11_step_answer(pending, operation_update(&pending->operation, bytes_of(in, in_size), NULL, &none), where);
}

/* The pending verification of `pending` against a signature, with (`once`) or without the data. */
static CK_RV verify_pending(struct p11_operation *pending, bool once, const CK_BYTE *in, CK_ULONG in_size,
                            struct bytes signature)
{
    if (in == NULL && in_size != 0) {
        return p11_step_failed(pending, p11_fail(CKR_ARGUMENTS_BAD, "data pointer"));
    }
    P11_TRY(step_order(pending, P11_VERIFY, once ? P11_STEP_ONCE : P11_STEP_FINAL));
    huks_rc rc = once ? operation_verify_once(&pending->operation, bytes_of(in, in_size), signature)
                      : operation_verify(&pending->operation, signature);
    return p11_step_answer(pending, rc, P11_AT_VERIFY);
}

CK_RV p11_verify(struct p11_session *session, bool once, const CK_BYTE *in, CK_ULONG in_size,
                 const CK_BYTE *signature, CK_ULONG signature_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, P11_VERIFY, P11_PLAIN, &pending));
    if (signature == NULL) {
        return p11_step_failed(pending, p11_fail(CKR_ARGUMENTS_BAD, "signature pointer"));
    }
    return verify_pending(pending, once, in, in_size, bytes_of(signature, signature_size));
}

CK_RV p11_verify_signature(struct p11_session *session, bool once, const CK_BYTE *in, CK_ULONG in_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, P11_VERIFY, P11_SIGNATURE, &pending));
    return verify_pending(pending, once, in, in_size,
                          bytes_of(pending->signature.data, pending->signature.size));
}
