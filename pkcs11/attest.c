/*
 * Attestation through the vendor interface: the device's chain, DER certificates end to end, the key's own
 * first.
 */
#include "pkcs11/cryptoki.h"

#include <string.h>

#include "pkcs11/attribute.h"
#include "pkcs11/call.h"
#include "pkcs11/vendor.h"
#include "service/attest.h"

/* Where nothing can be written, each chain has a device key of its own, and an ECDSA signature's length
 * varies. */
#define LENGTH_SLACK 16

/* Both halves of the pair that the handle's object belongs to, as far as they are seen. */
struct pair {
    struct item *private, *public;
};

static void pair_free(struct pair *pair)
{
    item_unref(pair->private);
    item_unref(pair->public);
}

static CK_RV pair_get(struct p11_session *session, CK_OBJECT_HANDLE handle, struct pair *out)
{
    AUTO(item_unref_ptr) struct item *item = NULL;
    P11_TRY(p11_key_get(session, handle, P11_AT_OPERATION, &item));
    struct item **mine = item_class(item) == HUKS_CLASS_PUBLIC_KEY ? &out->public : &out->private;
    struct item **other = mine == &out->public ? &out->private : &out->public;
    if (item_pair(item) != 0 && item_get(session->token, item_pair(item), other) != HUKS_OK) {
        error_clear(); /* not logged in, or destroyed by itself */
    }
    *mine = item;
    item = NULL;
    return out->private != NULL ? CKR_OK
                                : p11_fail(CKR_KEY_TYPE_INCONSISTENT,
                                           "key: its private half is not here, or not seen without a login");
}

static CK_RV attest(struct p11_session *session, CK_OBJECT_HANDLE key, struct bytes challenge, CK_BYTE *chain,
                    CK_ULONG *chain_length)
{
    AUTO(pair_free) struct pair pair = {0};
    AUTO(attestation_free) struct attestation attestation = {0};
    const struct attest_request request = {.challenge = challenge};
    if (chain_length == NULL || challenge.data == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, challenge.data == NULL ? "challenge pointer" : "length pointer");
    }
    if (challenge.size == 0 || challenge.size > ATTEST_CHALLENGE_MAX) {
        return p11_fail(CKR_ARGUMENTS_BAD, "challenge length: 1 to 128 bytes");
    }
    P11_TRY(pair_get(session, key, &pair));
    P11_TRY_HUKS(attest_key(pair.private, pair.public, &request, &attestation), P11_AT_OPERATION);
    size_t size = 0, room = *chain_length;
    for (size_t i = 0; i < attestation.count; i++) {
        size += attestation.certificates[i].size;
    }
    *chain_length = chain != NULL ? size : size + LENGTH_SLACK;
    if (chain == NULL) {
        return CKR_OK;
    }
    if (room < size) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, NULL);
    }
    for (size_t i = 0; i < attestation.count; i++) {
        memcpy(chain, attestation.certificates[i].data, attestation.certificates[i].size);
        chain += attestation.certificates[i].size;
    }
    return CKR_OK;
}

CK_RV p11_AttestKey(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key, CK_BYTE_PTR challenge,
                     CK_ULONG challenge_length, CK_BYTE_PTR chain, CK_ULONG_PTR chain_length)
{
    return P11_SESSION_CALL_AS(
        "AttestKey", handle, attest(session, key, bytes_of(challenge, challenge_length), chain, chain_length),
        "key 0x%lx, challenge %lu, chain %s", key, challenge_length, P11_SHOW_OUTPUT(chain, chain_length));
}
