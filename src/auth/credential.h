/*
 * Fingers and faces that are enrolled with a token, and the ids that tokens and bound keys know them by.
 *
 * Metadata "auth.credentials": u32 1, then sealed (AES-256-GCM, key from the device key) and little-endian,
 * for fingerprint and then for face: u32 type, u64 enrolled id (0: none was ever enrolled), u32 count, and
 * for each credential u64 id, u64 made (seconds of the wall clock), u8 length, name, u8 length, account. An
 * absent value is nothing enrolled ever. Sealed, so that nobody without the root key enrols a finger or takes
 * a change of the enrolled id back; the names are nobody's business either.
 *
 * The PIN's ids are not stored but derived: its enrolled id from the secure user id, so that it stays as long
 * as that does, its credential id from the salt of the PIN's record, which is another one with every PIN.
 */
#ifndef HUKS_AUTH_CREDENTIAL_H
#define HUKS_AUTH_CREDENTIAL_H

#include "auth/inside.h"
#include "auth/user.h"

#define CREDENTIAL_KINDS 2

struct credential_kind {
    uint32_t type; /* OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, _FACE */
    uint64_t enrolled_id;
    uint32_t count;
    struct auth_credential list[AUTH_CREDENTIALS];
};
struct credentials {
    struct credential_kind kinds[CREDENTIAL_KINDS];
};

/* What is enrolled now; inside a change or outside. */
HUKS_MUST_USE huks_rc credentials_read(struct auth *auth, struct credentials *credentials);
/* Within the caller's store_meta_change(). */
HUKS_MUST_USE huks_rc credentials_write(struct auth *auth, const struct credentials *credentials);
/* The same: the PIN is cleared, and all fingers and faces with it. Enrolled ids stay. */
HUKS_MUST_USE huks_rc credentials_clear(struct auth *auth);
/* NULL: no finger and no face. */
struct credential_kind *credentials_kind(struct credentials *credentials, uint32_t type);

/* enrolled.c: adds one, whoever found him (see auth_enroll(), which asks first). */
HUKS_MUST_USE huks_rc credential_add(struct auth *auth, uint64_t secure_uid, uint32_t type, struct bytes name,
                                     const char *account, uint64_t *id);

HUKS_MUST_USE huks_rc credential_pin_enrolled_id(struct auth *auth, uint64_t secure_uid, uint64_t *id);
HUKS_MUST_USE huks_rc credential_pin_id(struct auth *auth, const uint8_t salt[PIN_SALT_SIZE], uint64_t *id);

#endif
