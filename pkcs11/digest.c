/*
 * PKCS #11 3.1 section 5.12: message digests, and saving their state (section 5.6.5).
 *
 * A digest takes no key-operation session. Its state can be saved and restored within the process that saved
 * it; operations with a key are STATE_UNSAVEABLE.
 */
#include <string.h>

#include "pkcs11/operation.h"

static const struct p11_beginning digesting = {P11_DIGEST, CKF_DIGEST, CRYPTO_HASH, 0, 0, P11_PLAIN};

CK_RV C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism)
{
    return P11_SESSION_CALL(handle, p11_begin(session, &digesting, mechanism, CK_INVALID_HANDLE),
                            "mechanism %s", P11_SHOW_MECHANISM(mechanism));
}

CK_RV C_Digest(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_size, CK_BYTE_PTR digest,
               CK_ULONG_PTR digest_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_DIGEST, P11_PLAIN, P11_STEP_ONCE, data, data_size, digest, digest_size),
        "data %lu, digest %s", data_size, P11_SHOW_OUTPUT(digest, digest_size));
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size)
{
    return P11_SESSION_CALL(handle, p11_feed(session, P11_DIGEST, P11_PLAIN, part, part_size), "part %lu", part_size);
}

/* A value that may not be read may not be digested either: a digest of a short or structured key tells it. */
static CK_RV digest_key(struct p11_session *session, CK_OBJECT_HANDLE key)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, P11_DIGEST, P11_PLAIN, &pending));
    AUTO(item_unref_ptr) struct item *item = NULL;
    CK_RV rv = p11_key_get(session, key, P11_AT_OPERATION, &item);
    if (rv == CKR_OK && item_class(item) != HUKS_CLASS_SECRET_KEY) {
        rv = p11_fail(CKR_KEY_INDIGESTIBLE, "key class for a digest");
    }
    if (rv != CKR_OK) {
        p11_operation_end(pending);
        return rv;
    }
    pending->multipart = true;
    rv = p11_rv(operation_digest_key(&pending->operation, item), P11_AT_OPERATION);
    if (rv != CKR_OK) {
        p11_operation_end(pending);
    }
    return rv;
}

CK_RV C_DigestKey(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key)
{
    return P11_SESSION_CALL(handle, digest_key(session, key), "key 0x%lx", key);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR digest, CK_ULONG_PTR digest_size)
{
    return P11_SESSION_CALL(
        handle, p11_step(session, P11_DIGEST, P11_PLAIN, P11_STEP_FINAL, NULL, 0, digest, digest_size),
        "digest %s", P11_SHOW_OUTPUT(digest, digest_size));
}

/* ---- operation state ---- */

/*
 * The saved form: the mechanism in clear, so that it can be found again, then the engine's sealed state.
 * Cut short, changed or from another process it doesn't open: SAVED_STATE_INVALID.
 */
static CK_RV state_get(struct p11_session *session, CK_BYTE *state, CK_ULONG *size)
{
    if (size == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length pointer");
    }
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        if (kind != P11_DIGEST && operation_pending(&session->pending[kind].operation)) {
            return p11_fail(CKR_STATE_UNSAVEABLE, "saving of the state of an operation with a key");
        }
    }
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, P11_DIGEST, P11_PLAIN, &pending));
    AUTO(buffer_free) struct buffer saved = {0};
    CK_MECHANISM_TYPE type = pending->mechanism->type;
    P11_TRY_HUKS(buffer_append(&saved, &type, sizeof(type)), P11_AT_OTHER);
    huks_rc rc = operation_save(&pending->operation, &saved);
    if (rc == HUKS_E_NOT_SUPPORTED) {
        return p11_fail(CKR_STATE_UNSAVEABLE, "saving of this digest's state");
    }
    P11_TRY_HUKS(rc, P11_AT_OTHER);
    CK_ULONG room = *size;
    *size = saved.size;
    if (state == NULL) {
        return CKR_OK;
    }
    if (room < saved.size) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "state buffer");
    }
    memcpy(state, saved.data, saved.size);
    return CKR_OK;
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE handle, CK_BYTE_PTR state, CK_ULONG_PTR size)
{
    return P11_SESSION_CALL(handle, state_get(session, state, size), "state %s",
                            P11_SHOW_OUTPUT(state, size));
}

static CK_RV state_set(struct p11_session *session, const CK_BYTE *state, CK_ULONG size, CK_OBJECT_HANDLE encryption,
                       CK_OBJECT_HANDLE authentication)
{
    if (state == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "state pointer");
    }
    if (encryption != CK_INVALID_HANDLE || authentication != CK_INVALID_HANDLE) {
        return p11_fail(CKR_KEY_NOT_NEEDED, "key for a saved digest");
    }
    CK_MECHANISM_TYPE type = 0;
    const struct p11_mechanism *row = NULL;
    if (size > sizeof(type)) {
        memcpy(&type, state, sizeof(type));
        row = p11_mechanism_find(type);
    }
    if (row == NULL || row->method != CRYPTO_DIGEST) {
        return p11_fail(CKR_SAVED_STATE_INVALID, "saved state");
    }
    for (unsigned kind = 0; kind < P11_KINDS; kind++) {
        p11_operation_end(&session->pending[kind]);
    }
    struct p11_operation *pending = &session->pending[P11_DIGEST];
    huks_rc rc = operation_restore(&pending->operation, session->token,
                                   bytes_of(state + sizeof(type), size - sizeof(type)));
    if (rc == HUKS_E_INTERNAL || rc == HUKS_E_INVALID_PARAM) {
        return p11_fail(CKR_SAVED_STATE_INVALID, "saved state");
    }
    P11_TRY_HUKS(rc, P11_AT_OTHER);
    pending->mechanism = row;
    pending->multipart = true;
    return CKR_OK;
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE handle, CK_BYTE_PTR state, CK_ULONG size,
                          CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key)
{
    return P11_SESSION_CALL(handle, state_set(session, state, size, encryption_key, authentication_key),
                            "state %lu, keys 0x%lx 0x%lx", size, encryption_key, authentication_key);
}
