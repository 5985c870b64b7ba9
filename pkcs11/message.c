/*
 * Messages: what all four kinds share, and encryption and decryption. See message.h.
 *
 * Nothing of a decrypted message is shown before its tag was verified: its parts are collected, and the last
 * C_DecryptMessageNext gives all of it.
 */
#include "pkcs11/message.h"

#include <stdlib.h>
#include <string.h>

/* ---- the process ---- */

void p11_message_free(struct p11_operation *pending)
{
    if (pending->message != NULL) {
        buffer_free(&pending->message->kept);
        free(pending->message);
        pending->message = NULL;
    }
}

/* One of the spec's views into memory that lasts. */
static CK_RV keep(struct p11_message *message, struct bytes *view)
{
    size_t at = message->kept.size;
    if (view->data == NULL) {
        return CKR_OK;
    }
    P11_TRY_HUKS(buffer_append(&message->kept, view->data, view->size), P11_AT_OPERATION);
    *view = bytes_of(message->kept.data + at, view->size);
    return CKR_OK;
}

static CK_RV keep_spec(struct p11_message *message, const struct crypto_spec *spec)
{
    message->spec = *spec;
    /* Reserved as a whole: views of it must not move. */
    P11_TRY_HUKS(buffer_reserve(&message->kept, spec->iv.size + spec->aad.size + spec->label.size + 1),
                 P11_AT_OPERATION);
    P11_TRY(keep(message, &message->spec.iv));
    P11_TRY(keep(message, &message->spec.aad));
    return keep(message, &message->spec.label);
}

/* C_MessageEncryptInit's mechanism may bring a message's parameter, which says nothing yet, or none. */
static CK_RV open_read(const struct p11_mechanism *row, const CK_MECHANISM *mechanism,
                       struct p11_message *message, struct crypto_spec *spec)
{
    bool crypts = spec->direction == CRYPTO_ENCRYPT || spec->direction == CRYPTO_DECRYPT;
    bool none = mechanism->pParameter == NULL && mechanism->ulParameterLen == 0;
    /* GMAC with one nonce for two messages gives its key away: each message brings its own. */
    message->own_parameter = crypts || row->method == CRYPTO_GMAC;
    if (!message->own_parameter) {
        P11_TRY(p11_parameter_read(row, mechanism, spec));
        return keep_spec(message, spec);
    }
    *spec = (struct crypto_spec){.direction = spec->direction,
                                 .method = row->method,
                                 .digest = row->digest,
                                 .padding = row->padding,
                                 .mode = row->mode,
                                 .tag_apart = crypts};
    message->spec = *spec;
    if (none) {
        return CKR_OK;
    }
    struct p11_aead_parameter aead = {0};
    struct crypto_spec ignored = *spec;
    return crypts ? p11_aead_message(row, mechanism->pParameter, mechanism->ulParameterLen, &aead)
                  : p11_parameter_read(row, mechanism, &ignored);
}

CK_RV p11_message_open(struct p11_session *session, struct p11_operation *pending,
                       const struct p11_mechanism *row, const CK_MECHANISM *mechanism, struct item *item,
                       uint32_t purpose, struct crypto_spec *spec)
{
    pending->message = calloc(1, sizeof(*pending->message));
    if (pending->message == NULL) {
        return p11_rv(error_no_memory(), P11_AT_OPERATION);
    }
    CK_RV rv = open_read(row, mechanism, pending->message, spec);
    if (rv == CKR_OK) {
        rv = p11_rv(operation_open(&pending->operation, session->token, item, purpose, spec),
                    P11_AT_OPERATION);
    }
    if (rv == CKR_OK && !pending->message->own_parameter) {
        /* What is wrong with mechanism and key is told now, not by the first message. */
        rv = p11_rv(operation_message(&pending->operation, &pending->message->spec), P11_AT_OPERATION);
    }
    if (rv != CKR_OK) {
        p11_operation_end(pending);
    }
    return rv;
}

CK_RV p11_message_pending(struct p11_session *session, enum p11_kind kind, bool begun,
                          struct p11_operation **out)
{
    P11_TRY(p11_pending(session, kind, P11_MESSAGES, out));
    unsigned long expected = error_here()->door_expects;
    if (expected != 0 && expected != (*out)->mechanism->type) {
        return p11_fail(CKR_OPERATION_NOT_INITIALIZED, "state: the messages are another mechanism's");
    }
    if ((*out)->message->begun == begun) {
        return CKR_OK;
    }
    return begun ? p11_fail(CKR_OPERATION_NOT_INITIALIZED, "state: no message has been begun")
                 : p11_fail(CKR_OPERATION_ACTIVE, "state: a message has been begun");
}

CK_RV p11_message_final(struct p11_session *session, enum p11_kind kind)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, kind, false, &pending));
    p11_operation_end(pending);
    return CKR_OK;
}

CK_RV p11_message_failed(struct p11_operation *pending, CK_RV rv)
{
    pending->message->begun = false;
    return rv;
}

CK_RV p11_message_answer(struct p11_operation *pending, enum p11_kind kind, huks_rc rc, bool last)
{
    CK_RV rv = p11_rv(rc, p11_where_of(pending, kind));
    bool again = rv == CKR_BUFFER_TOO_SMALL;
    if (!operation_pending(&pending->operation)) {
        p11_operation_end(pending);
    } else if (rv == CKR_OK ? last : !again) {
        pending->message->begun = false;
    }
    return rv;
}

/* ---- encryption and decryption ---- */

static const struct p11_beginning encrypting = {
    P11_ENCRYPT,    CKF_MESSAGE_ENCRYPT, CRYPTO_ENCRYPT, OH_HUKS_KEY_PURPOSE_ENCRYPT,
    CKO_PUBLIC_KEY, P11_MESSAGES,
};
static const struct p11_beginning decrypting = {
    P11_DECRYPT,     CKF_MESSAGE_DECRYPT, CRYPTO_DECRYPT, OH_HUKS_KEY_PURPOSE_DECRYPT,
    CKO_PRIVATE_KEY, P11_MESSAGES,
};

/* The caller's arguments of one call. */
struct crypting {
    enum p11_kind kind;
    const void *parameter;
    CK_ULONG parameter_size;
    const CK_BYTE *aad;
    CK_ULONG aad_size;
    const CK_BYTE *in;
    CK_ULONG in_size;
    CK_BYTE *out;
    CK_ULONG *out_size;
};

/* Begins the message in the engine, with a nonce that is made here if the caller wants so. */
static CK_RV crypt_start(struct p11_operation *pending, const struct crypting *call,
                         const struct p11_aead_parameter *parameter)
{
    if (call->aad == NULL && call->aad_size != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "associated data pointer");
    }
    if (call->kind == P11_ENCRYPT && parameter->how.generator != CRYPTO_NONCE_GIVEN) {
        P11_TRY_HUKS(
            operation_nonce(&pending->operation, parameter->how, parameter->nonce, parameter->nonce_size),
            P11_AT_OPERATION);
    }
    struct crypto_spec spec = pending->message->spec;
    spec.iv = bytes_of(parameter->nonce, parameter->nonce_size);
    spec.aad = bytes_of(call->aad, call->aad_size);
    spec.tag_size = parameter->tag_size;
    spec.data_size = parameter->data_size;
    return p11_message_answer(pending, call->kind, operation_message(&pending->operation, &spec), false);
}

/* The last step; the tag goes out or comes in by the parameter. */
static CK_RV crypt_last(struct p11_operation *pending, const struct crypting *call,
                        const struct p11_aead_parameter *parameter)
{
    if (parameter->tag == NULL) {
        return p11_message_failed(pending, p11_fail(CKR_MECHANISM_PARAM_INVALID, "tag pointer"));
    }
    huks_rc rc = HUKS_OK;
    size_t size = *call->out_size;
    if (call->kind == P11_DECRYPT) {
        rc = operation_set_tag(&pending->operation, bytes_of(parameter->tag, parameter->tag_size));
    }
    if (rc == HUKS_OK) {
        rc = operation_once(&pending->operation, bytes_of(call->in, call->in_size), call->out, &size);
    }
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *call->out_size = size;
    }
    if (rc == HUKS_OK && call->kind == P11_ENCRYPT) {
        struct bytes tag = operation_tag(&pending->operation);
        memcpy(parameter->tag, tag.data, tag.size < parameter->tag_size ? tag.size : parameter->tag_size);
    }
    return p11_message_answer(pending, call->kind, rc, true);
}

static CK_RV crypt_check(const struct crypting *call)
{
    if (call->out_size == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length pointer");
    }
    return call->in == NULL && call->in_size != 0 ? p11_fail(CKR_ARGUMENTS_BAD, "data pointer") : CKR_OK;
}

/* C_EncryptMessage, C_DecryptMessage. As long as its input, the output's size needs no beginning to be told.
 */
static CK_RV crypt_message(struct p11_session *session, const struct crypting *call)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, call->kind, false, &pending));
    P11_TRY(crypt_check(call));
    struct p11_aead_parameter parameter = {0};
    P11_TRY(p11_aead_message(pending->mechanism, call->parameter, call->parameter_size, &parameter));
    if (call->out == NULL && call->in_size != 0) {
        huks_rc rc = operation_touch(&pending->operation);
        *call->out_size = rc == HUKS_OK ? call->in_size : *call->out_size;
        return p11_message_answer(pending, call->kind, rc, false);
    }
    if (*call->out_size < call->in_size) {
        *call->out_size = call->in_size;
        return p11_fail(CKR_BUFFER_TOO_SMALL, "output of the message");
    }
    P11_TRY(p11_step_authorised(pending));
    P11_TRY(crypt_start(pending, call, &parameter));
    return crypt_last(pending, call, &parameter);
}

static CK_RV crypt_begin(struct p11_session *session, const struct crypting *call)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, call->kind, false, &pending));
    struct p11_aead_parameter parameter = {0};
    P11_TRY(p11_aead_message(pending->mechanism, call->parameter, call->parameter_size, &parameter));
    P11_TRY(p11_step_authorised(pending));
    P11_TRY(crypt_start(pending, call, &parameter));
    pending->message->begun = true;
    return CKR_OK;
}

static CK_RV crypt_next(struct p11_session *session, const struct crypting *call, CK_FLAGS flags)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, call->kind, true, &pending));
    CK_RV rv = crypt_check(call);
    if (rv == CKR_OK && (flags & ~(CK_FLAGS)CKF_END_OF_MESSAGE) != 0) {
        rv = p11_fail(CKR_ARGUMENTS_BAD, "flags");
    }
    struct p11_aead_parameter parameter = {0};
    if (rv == CKR_OK) {
        rv = p11_aead_message(pending->mechanism, call->parameter, call->parameter_size, &parameter);
    }
    if (rv != CKR_OK) {
        return p11_message_failed(pending, rv);
    }
    bool last = (flags & CKF_END_OF_MESSAGE) != 0;
    if (call->out == NULL) {
        huks_rc rc = operation_touch(&pending->operation);
        if (rc == HUKS_OK) {
            *call->out_size =
                operation_size(&pending->operation, last ? CRYPTO_ONCE : CRYPTO_UPDATE, call->in_size);
        }
        return p11_message_answer(pending, call->kind, rc, false);
    }
    if (last) {
        return crypt_last(pending, call, &parameter);
    }
    size_t size = *call->out_size;
    huks_rc rc = operation_update(&pending->operation, bytes_of(call->in, call->in_size), call->out, &size);
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *call->out_size = size;
    }
    return p11_message_answer(pending, call->kind, rc, false);
}

/* ---- the functions ---- */

CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &encrypting, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_EncryptMessage(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                       CK_BYTE_PTR aad, CK_ULONG aad_size, CK_BYTE_PTR plain, CK_ULONG plain_size,
                       CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_size)
{
    const struct crypting call = {P11_ENCRYPT, parameter,  parameter_size, aad,           aad_size,
                                  plain,       plain_size, encrypted,      encrypted_size};
    return P11_SESSION_CALL(handle, crypt_message(session, &call), "aad %lu, plain %lu, encrypted %s",
                            aad_size, plain_size, P11_SHOW_OUTPUT(encrypted, encrypted_size));
}

CK_RV C_EncryptMessageBegin(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                            CK_BYTE_PTR aad, CK_ULONG aad_size)
{
    const struct crypting call = {.kind = P11_ENCRYPT,
                                  .parameter = parameter,
                                  .parameter_size = parameter_size,
                                  .aad = aad,
                                  .aad_size = aad_size};
    return P11_SESSION_CALL(handle, crypt_begin(session, &call), "aad %lu", aad_size);
}

CK_RV C_EncryptMessageNext(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                           CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR encrypted,
                           CK_ULONG_PTR encrypted_size, CK_FLAGS flags)
{
    const struct crypting call = {P11_ENCRYPT, parameter, parameter_size, NULL,          0,
                                  part,        part_size, encrypted,      encrypted_size};
    return P11_SESSION_CALL(handle, crypt_next(session, &call, flags), "part %lu, encrypted %s, flags 0x%lx",
                            part_size, P11_SHOW_OUTPUT(encrypted, encrypted_size), flags);
}

CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_message_final(session, P11_ENCRYPT));
}

CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &decrypting, mechanism, key),
                            "mechanism %s, key 0x%lx", P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_DecryptMessage(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                       CK_BYTE_PTR aad, CK_ULONG aad_size, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size,
                       CK_BYTE_PTR plain, CK_ULONG_PTR plain_size)
{
    const struct crypting call = {P11_DECRYPT, parameter,      parameter_size, aad,       aad_size,
                                  encrypted,   encrypted_size, plain,          plain_size};
    return P11_SESSION_CALL(handle, crypt_message(session, &call), "aad %lu, encrypted %lu, plain %s",
                            aad_size, encrypted_size, P11_SHOW_OUTPUT(plain, plain_size));
}

CK_RV C_DecryptMessageBegin(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                            CK_BYTE_PTR aad, CK_ULONG aad_size)
{
    const struct crypting call = {.kind = P11_DECRYPT,
                                  .parameter = parameter,
                                  .parameter_size = parameter_size,
                                  .aad = aad,
                                  .aad_size = aad_size};
    return P11_SESSION_CALL(handle, crypt_begin(session, &call), "aad %lu", aad_size);
}

CK_RV C_DecryptMessageNext(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                           CK_BYTE_PTR encrypted, CK_ULONG encrypted_size, CK_BYTE_PTR part,
                           CK_ULONG_PTR part_size, CK_FLAGS flags)
{
    const struct crypting call = {P11_DECRYPT, parameter,      parameter_size, NULL,     0,
                                  encrypted,   encrypted_size, part,           part_size};
    return P11_SESSION_CALL(handle, crypt_next(session, &call, flags), "encrypted %lu, part %s, flags 0x%lx",
                            encrypted_size, P11_SHOW_OUTPUT(part, part_size), flags);
}

CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_message_final(session, P11_DECRYPT));
}
