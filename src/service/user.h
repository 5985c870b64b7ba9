/*
 * The user of a token: his PIN, fingers and faces, and auth tokens for him. Thin: src/auth knows.
 */
#ifndef HUKS_SERVICE_USER_H
#define HUKS_SERVICE_USER_H

#include "auth/token.h"
#include "auth/user.h"
#include "service/token.h"

/* As the functions of auth.h and user.h that they are named after; the token stays what it is meanwhile. */
HUKS_MUST_USE huks_rc user_clear_pin(struct token *token, enum auth_who who, struct bytes pin);
HUKS_MUST_USE huks_rc user_enroll(struct token *token, const struct auth_request *request, struct bytes name,
                                  uint64_t *id);
HUKS_MUST_USE huks_rc user_unenroll(struct token *token, struct bytes pin, uint64_t id);
HUKS_MUST_USE huks_rc user_credentials(struct token *token, struct auth_credential **list, size_t *count);
/* `auth_token` may be NULL. */
HUKS_MUST_USE huks_rc user_authenticate(struct token *token, const struct auth_request *request,
                                        struct auth_evidence *evidence, uint8_t auth_token[AUTH_TOKEN_SIZE]);
HUKS_MUST_USE huks_rc user_lock(struct token *token);
void user_cancel(struct token *token, uint64_t owner);

#endif
