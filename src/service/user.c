/*
 * See user.h. Waiting for a finger takes long: a token must not be initialised anew under a request, so each
 * holds it like a session.
 */
#include "service/user.h"

#include "service/private.h"

#define NO_SESSION UINT64_MAX /* owns no objects */

static huks_rc hold(struct token *token, struct auth **auth)
{
    HUKS_TRY(token_session_opened(token, NO_SESSION, false));
    *auth = token->auth;
    return HUKS_OK;
}

static huks_rc let_go(struct token *token, huks_rc rc)
{
    token_session_closed(token, NO_SESSION, false);
    return rc;
}

huks_rc user_clear_pin(struct token *token, enum auth_who who, struct bytes pin)
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    return let_go(token, auth_clear_pin(auth, who, pin));
}

huks_rc user_enroll(struct token *token, const struct auth_request *request, struct bytes name, uint64_t *id)
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    return let_go(token, auth_enroll(auth, request, name, id));
}

huks_rc user_unenroll(struct token *token, struct bytes pin, uint64_t id)
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    return let_go(token, auth_unenroll(auth, pin, id));
}

huks_rc user_credentials(struct token *token, struct auth_credential **list, size_t *count)
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    return let_go(token, auth_credentials(auth, list, count));
}

huks_rc user_authenticate(struct token *token, const struct auth_request *request,
                          struct auth_evidence *evidence, uint8_t auth_token[AUTH_TOKEN_SIZE])
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    huks_rc rc = auth_authenticate(auth, request, evidence);
    if (rc == HUKS_OK && auth_token != NULL) {
        rc = auth_token_issue(auth, evidence, auth_token);
    }
    return let_go(token, rc);
}

huks_rc user_lock(struct token *token)
{
    struct auth *auth;
    HUKS_TRY(hold(token, &auth));
    return let_go(token, auth_lock(auth));
}

void user_cancel(struct token *token, uint64_t owner)
{
    pthread_mutex_lock(&token->lock);
    if (token->auth != NULL) {
        auth_cancel(token->auth, owner);
    }
    pthread_mutex_unlock(&token->lock);
}
