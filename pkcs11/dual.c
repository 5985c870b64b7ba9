/*
 * PKCS #11 3.1 section 5.17: two operations on one stream. Each is the two single steps one after the other;
 * a dual function holds both operations' sessions.
 */
#include "pkcs11/operation.h"

static CK_RV both_pending(struct p11_session *session, enum p11_kind first, enum p11_kind second)
{
    struct p11_operation *pending = NULL;
    P11_TRY(p11_pending(session, first, P11_PLAIN, &pending));
    return p11_pending(session, second, P11_PLAIN, &pending);
}

/* The one sees the input, the other makes the output from it: digest or sign, then encrypt. */
static CK_RV outward(struct p11_session *session, enum p11_kind seen_by, const CK_BYTE *part, CK_ULONG part_size,
                     CK_BYTE *encrypted, CK_ULONG *encrypted_size)
{
    P11_TRY(both_pending(session, seen_by, P11_ENCRYPT));
    CK_ULONG needed = 0;
    P11_TRY(p11_step(session, P11_ENCRYPT, P11_PLAIN, P11_STEP_UPDATE, part, part_size, NULL,
                     encrypted_size == NULL ? NULL : &needed));
    if (encrypted == NULL) {
        *encrypted_size = needed;
        return CKR_OK;
    }
    if (*encrypted_size < needed) {
        *encrypted_size = needed;
        return p11_fail(CKR_BUFFER_TOO_SMALL, "encrypted part");
    }
    /* The reader first: the cipher may work in place. */
    P11_TRY(p11_feed(session, seen_by, P11_PLAIN, part, part_size));
    return p11_step(session, P11_ENCRYPT, P11_PLAIN, P11_STEP_UPDATE, part, part_size, encrypted, encrypted_size);
}

/* The cipher's output is what the other sees: decrypt, then digest or verify. */
static CK_RV inward(struct p11_session *session, enum p11_kind seen_by, const CK_BYTE *encrypted,
                    CK_ULONG encrypted_size, CK_BYTE *part, CK_ULONG *part_size)
{
    P11_TRY(both_pending(session, P11_DECRYPT, seen_by));
    P11_TRY(p11_step(session, P11_DECRYPT, P11_PLAIN, P11_STEP_UPDATE, encrypted, encrypted_size, part, part_size));
    return part == NULL ? CKR_OK : p11_feed(session, seen_by, P11_PLAIN, part, *part_size);
}

CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR encrypted,
                            CK_ULONG_PTR encrypted_size)
{
    return P11_SESSION_CALL(handle, outward(session, P11_DIGEST, part, part_size, encrypted, encrypted_size),
                            "part %lu, encrypted %s", part_size, P11_SHOW_OUTPUT(encrypted, encrypted_size));
}

CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size,
                            CK_BYTE_PTR part, CK_ULONG_PTR part_size)
{
    return P11_SESSION_CALL(handle, inward(session, P11_DIGEST, encrypted, encrypted_size, part, part_size),
                            "encrypted %lu, part %s", encrypted_size, P11_SHOW_OUTPUT(part, part_size));
}

CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR part, CK_ULONG part_size, CK_BYTE_PTR encrypted,
                          CK_ULONG_PTR encrypted_size)
{
    return P11_SESSION_CALL(handle, outward(session, P11_SIGN, part, part_size, encrypted, encrypted_size),
                            "part %lu, encrypted %s", part_size, P11_SHOW_OUTPUT(encrypted, encrypted_size));
}

CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR encrypted, CK_ULONG encrypted_size,
                            CK_BYTE_PTR part, CK_ULONG_PTR part_size)
{
    return P11_SESSION_CALL(handle, inward(session, P11_VERIFY, encrypted, encrypted_size, part, part_size),
                            "encrypted %lu, part %s", encrypted_size, P11_SHOW_OUTPUT(part, part_size));
}
