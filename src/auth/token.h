/*
 * Auth tokens: HUKS's packed structure, by which one that authenticated a user tells the keystore so.
 *
 * 280 bytes, little-endian:
 *     0  u32 version, 0
 *     4  u8 challenge[32], u64 time (ms since boot), u32 trust level, u32 authType (UserIAM's bits: PIN 1,
 *        face 2, fingerprint 4), u32 authMode, u32 security level, u32 token type (0 local, 1 local signed
 *        again, 2 of another device)
 *    64  the identity, 156 bytes, encrypted: i32 user id, u64 secure user id, u64 enrolled id, u64 credential
 *        id, u8 collectorUdid[64], u8 verifierUdid[64]
 *   220  AES-256-GCM tag[16], iv[12]; additional data "OH_authToken"
 *   248  HMAC-SHA-256 over all before it
 *
 * Both keys are derived from the token's (the PKCS #11 token's) device key and never leave this part: a token
 * of another one's service, or of an earlier initialisation of the same, fails its HMAC. collectorUdid names
 * the PKCS #11 token, verifierUdid the boot in which the authentication took place, both as 64 hex digits,
 * since the packed form has no other place for a boot: `when` of a token from another boot is of boot 0,
 * which is apart from every moment.
 *
 * Nothing in a token is secret from its holder but the identity, and nothing in it can be changed.
 */
#ifndef HUKS_AUTH_TOKEN_H
#define HUKS_AUTH_TOKEN_H

#include "auth/user.h"

#define AUTH_TOKEN_SIZE 280

/* UserIAM's number for one OH_HUKS_USER_AUTH_TYPE_* bit, and back; 0 for what the other one doesn't have. */
uint32_t auth_iam_type(uint32_t type);
uint32_t auth_type_of_iam(uint32_t iam_type);

/* Packs and signs what auth_authenticate() found. */
HUKS_MUST_USE huks_rc auth_token_issue(struct auth *auth, const struct auth_evidence *evidence,
                                       uint8_t token[AUTH_TOKEN_SIZE]);

/*
 * Opens a token, in HUKS's order:
 *   size is not 280                           401 "Invalid authentication token."
 *   HMAC wrong                                12000008 ABOUT_LOGIN
 *   token type unknown, or 2 without `coauth`
 *   (the key's OH_HUKS_TAG_USER_AUTH_MODE)    12000001 ABOUT_FUNCTION
 *   identity does not decrypt                 12000006 ABOUT_ENGINE
 * Challenge, time, kind and identity are the caller's to compare with the key's rule. A kind of
 * authentication that HUKS's keys have no bit for leaves `type` 0 (12000001 when a rule looks at it).
 */
HUKS_MUST_USE huks_rc auth_token_open(struct auth *auth, struct bytes token, bool coauth,
                                      struct auth_evidence *evidence);

#endif
