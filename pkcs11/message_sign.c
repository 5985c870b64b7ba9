/*
 * Messages: signing and verifying (PKCS #11 3.0 sections 5.14 and 5.16). A message uses the parameter that
 * C_Message*Init was given, or one of its own of the same shape.
 */
#include "pkcs11/message.h"

static const struct p11_beginning signing = {
    P11_SIGN, CKF_MESSAGE_SIGN, CRYPTO_SIGN, OH_HUKS_KEY_PURPOSE_SIGN, CKO_PRIVATE_KEY, P11_MESSAGES,
};
static const struct p11_beginning verifying = {
    P11_VERIFY, CKF_MESSAGE_VERIFY, CRYPTO_VERIFY, OH_HUKS_KEY_PURPOSE_VERIFY, CKO_PUBLIC_KEY, P11_MESSAGES,
};

/* Begins the message in the engine. */
static CK_RV sign_start(struct p11_operation *pending, enum p11_kind kind, void *parameter,
                        CK_ULONG parameter_size)
{
    const struct p11_message *message = pending->message;
    struct crypto_spec spec = message->spec;
    if (parameter != NULL || parameter_size != 0 || message->own_parameter) {
        const CK_MECHANISM mechanism = {pending->mechanism->type, parameter, parameter_size};
        spec = (struct crypto_spec){.direction = message->spec.direction};
        P11_TRY(p11_parameter_read(pending->mechanism, &mechanism, &spec));
    }
    return p11_message_answer(pending, kind, operation_message(&pending->operation, &spec), false);
}

static CK_RV sign_begin(struct p11_session *session, enum p11_kind kind, void *parameter,
                        CK_ULONG parameter_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, kind, false, &pending));
    P11_TRY(sign_start(pending, kind, parameter, parameter_size));
    pending->message->begun = true;
    return CKR_OK;
}

static CK_RV sign_part(struct p11_operation *pending, enum p11_kind kind, const CK_BYTE *part,
                       CK_ULONG part_size)
{
    size_t none = 0;
    return p11_message_answer(
        pending, kind, operation_update(&pending->operation, bytes_of(part, part_size), NULL, &none), false);
}

/* The last part, and the signature out of it; without a buffer the size alone. */
static CK_RV sign_last(struct p11_operation *pending, const CK_BYTE *part, CK_ULONG part_size,
                       CK_BYTE *signature, CK_ULONG *signature_size)
{
    if (signature == NULL) {
        huks_rc rc = operation_touch(&pending->operation);
        if (rc == HUKS_OK) {
            *signature_size = operation_size(&pending->operation, CRYPTO_ONCE, part_size);
        }
        return p11_message_answer(pending, P11_SIGN, rc, false);
    }
    size_t size = *signature_size;
    huks_rc rc = operation_once(&pending->operation, bytes_of(part, part_size), signature, &size);
    if (rc == HUKS_OK || rc == HUKS_E_MEMORY) {
        *signature_size = size;
    }
    return p11_message_answer(pending, P11_SIGN, rc, true);
}

static CK_RV sign_message(struct p11_session *session, void *parameter, CK_ULONG parameter_size,
                          const CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
                          CK_ULONG *signature_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, P11_SIGN, false, &pending));
    if (signature_size == NULL || (data == NULL && data_size != 0)) {
        return p11_fail(CKR_ARGUMENTS_BAD, signature_size == NULL ? "length pointer" : "data pointer");
    }
    P11_TRY(sign_start(pending, P11_SIGN, parameter, parameter_size));
    return sign_last(pending, data, data_size, signature, signature_size);
}

static CK_RV sign_next(struct p11_session *session, const CK_BYTE *part, CK_ULONG part_size,
                       CK_BYTE *signature, CK_ULONG *signature_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, P11_SIGN, true, &pending));
    if (part == NULL && part_size != 0) {
        return p11_message_failed(pending, p11_fail(CKR_ARGUMENTS_BAD, "data pointer"));
    }
    return signature_size == NULL ? sign_part(pending, P11_SIGN, part, part_size)
                                  : sign_last(pending, part, part_size, signature, signature_size);
}

/* ---- verification ---- */

static CK_RV verify_last(struct p11_operation *pending, const CK_BYTE *part, CK_ULONG part_size,
                         const CK_BYTE *signature, CK_ULONG signature_size)
{
    huks_rc rc = operation_verify_once(&pending->operation, bytes_of(part, part_size),
                                       bytes_of(signature, signature_size));
    return p11_message_answer(pending, P11_VERIFY, rc, true);
}

static CK_RV verify_message(struct p11_session *session, void *parameter, CK_ULONG parameter_size,
                            const CK_BYTE *data, CK_ULONG data_size, const CK_BYTE *signature,
                            CK_ULONG signature_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, P11_VERIFY, false, &pending));
    if (signature == NULL || (data == NULL && data_size != 0)) {
        return p11_fail(CKR_ARGUMENTS_BAD, signature == NULL ? "signature pointer" : "data pointer");
    }
    P11_TRY(sign_start(pending, P11_VERIFY, parameter, parameter_size));
    return verify_last(pending, data, data_size, signature, signature_size);
}

static CK_RV verify_next(struct p11_session *session, const CK_BYTE *part, CK_ULONG part_size,
                         const CK_BYTE *signature, CK_ULONG signature_size)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_message_pending(session, P11_VERIFY, true, &pending));
    if (part == NULL && part_size != 0) {
        return p11_message_failed(pending, p11_fail(CKR_ARGUMENTS_BAD, "data pointer"));
    }
    return signature == NULL ? sign_part(pending, P11_VERIFY, part, part_size)
                             : verify_last(pending, part, part_size, signature, signature_size);
}

/* ---- the functions ---- */

CK_RV C_MessageSignInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &signing, mechanism, key), "mechanism %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_SignMessage(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                    CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature, CK_ULONG_PTR signature_size)
{
    return P11_SESSION_CALL(
        handle, sign_message(session, parameter, parameter_size, data, data_size, signature, signature_size),
        "data %lu, signature %s", data_size, P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_SignMessageBegin(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size)
{
    return P11_SESSION_CALL(handle, sign_begin(session, P11_SIGN, parameter, parameter_size));
}

CK_RV C_SignMessageNext(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                        CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR signature,
                        CK_ULONG_PTR signature_size)
{
    (void)parameter; /* read at the message's beginning */
    (void)parameter_size;
    return P11_SESSION_CALL(handle, sign_next(session, part, part_size, signature, signature_size),
                            "part %lu, signature %s", part_size, P11_SHOW_OUTPUT(signature, signature_size));
}

CK_RV C_MessageSignFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_message_final(session, P11_SIGN));
}

CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &verifying, mechanism, key), "mechanism %s, key 0x%lx",
                            P11_SHOW_MECHANISM(mechanism), key);
}

CK_RV C_VerifyMessage(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                      CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR signature, CK_ULONG signature_size)
{
    return P11_SESSION_CALL(
        handle,
        verify_message(session, parameter, parameter_size, data, data_size, signature, signature_size),
        "data %lu, signature %lu", data_size, signature_size);
}

CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size)
{
    return P11_SESSION_CALL(handle, sign_begin(session, P11_VERIFY, parameter, parameter_size));
}

CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE handle, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                          CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR signature,
                          CK_ULONG signature_size)
{
    (void)parameter; /* read at the message's beginning */
    (void)parameter_size;
    return P11_SESSION_CALL(handle, verify_next(session, part, part_size, signature, signature_size),
                            "part %lu, signature %lu", part_size, signature_size);
}

CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE handle)
{
    return P11_SESSION_CALL(handle, p11_message_final(session, P11_VERIFY));
}
