/*
 * The authenticators as the rest of this part sees them.
 */
#ifndef HUKS_AUTH_AUTHENTICATOR_H
#define HUKS_AUTH_AUTHENTICATOR_H

#include "auth/user.h"

/*
 * Whether the reader of request->types (one kind) knows somebody to be enrolled, and under which account:
 * PAM's answers as in auth_authenticate(), whatever is enrolled so far.
 */
HUKS_MUST_USE huks_rc authenticator_probe(struct auth *auth, const struct auth_request *request,
                                          char account[AUTH_NAME_SIZE]);

#endif
