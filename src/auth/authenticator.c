/*
 * The authenticators, as a table, and asking them who is there.
 */
#include "auth/authenticator.h"

#include <string.h>

#include "auth/credential.h"
#include "auth/helper.h"
#include "auth/inside.h"

const uint32_t auth_kinds[AUTH_TYPES] = {OH_HUKS_USER_AUTH_TYPE_PIN, OH_HUKS_USER_AUTH_TYPE_FINGERPRINT,
                                         OH_HUKS_USER_AUTH_TYPE_FACE};

/* How one kind of authentication is done. */
struct authenticator {
    uint32_t type;
    uint32_t trust_level;
    const char *kind;    /* in errors */
    const char *service; /* of PAM */
    huks_rc (*run)(struct auth *auth, const struct authenticator *authenticator,
                   const struct auth_request *request, struct auth_evidence *evidence);
};

static huks_rc ask_pin(struct auth *auth, const struct authenticator *authenticator,
                       const struct auth_request *request, struct auth_evidence *evidence)
{
    (void)authenticator;
    return request->unlock ? login_enter(auth, AUTH_USER, request->pin, evidence)
                           : login_verify(auth, AUTH_USER, request->pin, evidence);
}

/* The accounts whose fingers are enrolled, each once. */
static size_t accounts_of(const struct credential_kind *kind, const char *accounts[AUTH_CREDENTIALS])
{
    size_t count = 0;
    for (uint32_t i = 0; i < kind->count; i++) {
        bool known = false;
        for (size_t j = 0; j < count && !known; j++) {
            known = strcmp(accounts[j], kind->list[i].account) == 0;
        }
        if (!known) {
            accounts[count++] = kind->list[i].account;
        }
    }
    return count;
}

/*
 * Which credential it was: the one that PAM named, the only one the account has, or one of several (id 0).
 * False: none that is enrolled.
 */
static bool match(const struct credential_kind *kind, const struct helper_answer *answer, uint64_t *id)
{
    uint32_t matches = 0;
    *id = 0;
    for (uint32_t i = 0; i < kind->count; i++) {
        const struct auth_credential *credential = &kind->list[i];
        bool named = answer->credential[0] == '\0' || strcmp(credential->name, answer->credential) == 0;
        if (named && strcmp(credential->account, answer->account) == 0) {
            *id = credential->id;
            matches++;
        }
    }
    if (matches > 1) {
        *id = 0;
    }
    return matches > 0;
}

static huks_rc ask_pam(struct auth *auth, const struct authenticator *authenticator,
                       const struct auth_request *request, struct auth_evidence *evidence)
{
    struct credentials credentials;
    struct helper_answer answer;
    const char *accounts[AUTH_CREDENTIALS];
    HUKS_TRY(credentials_read(auth, &credentials));
    struct credential_kind *kind = credentials_kind(&credentials, authenticator->type);
    if (kind->count == 0) {
        return error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING, NULL);
    }
    HUKS_TRY(helper_ask(auth, request, authenticator->kind, authenticator->service, accounts,
                        accounts_of(kind, accounts), &answer));
    /* Looked at again: a finger may have been removed while it was waited for. */
    *evidence = (struct auth_evidence){
        .when = auth_now(auth),
        .type = authenticator->type,
        .trust_level = authenticator->trust_level,
        .token_type = AUTH_TOKEN_LOCAL,
        .user_id = AUTH_USER_ID,
    };
    HUKS_TRY(auth_sync(auth, true));
    HUKS_TRY(keyring_get_secure_uid(auth->token, &evidence->secure_uid));
    HUKS_TRY(credentials_read(auth, &credentials));
    if (evidence->secure_uid == 0 || !match(kind, &answer, &evidence->credential_id)) {
        return error_raise(HUKS_E_AUTH_FAILED, ABOUT_FINGER, NULL);
    }
    evidence->enrolled_id = kind->enrolled_id;
    auth_remember(auth, evidence);
    return HUKS_OK;
}

/* A kind without a row is none that this service has. */
static const struct authenticator authenticators[AUTH_TYPES] = {
    {OH_HUKS_USER_AUTH_TYPE_PIN, AUTH_TRUST_3, "PIN", NULL, ask_pin},
    {OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, AUTH_TRUST_3, "fingerprint", "huks-fingerprint", ask_pam},
    {OH_HUKS_USER_AUTH_TYPE_FACE, AUTH_TRUST_2, "face", "huks-face", ask_pam},
};

/* Those of the mask that are enrolled. */
static huks_rc choose(struct auth *auth, uint32_t types, uint32_t *chosen)
{
    struct credentials credentials;
    *chosen = 0;
    HUKS_TRY(credentials_read(auth, &credentials));
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        if (credentials.kinds[i].count > 0) {
            *chosen |= types & credentials.kinds[i].type;
        }
    }
    return *chosen != 0 ? HUKS_OK : error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING, NULL);
}

/* One after the other until one says yes. Who was refused by one is told so, whatever the others lack. */
static huks_rc ask(struct auth *auth, const struct auth_request *request, uint32_t types,
                   struct auth_evidence *evidence)
{
    bool refused = false;
    huks_rc rc = HUKS_OK;
    for (size_t i = 0; i < AUTH_TYPES; i++) {
        const struct authenticator *authenticator = &authenticators[i];
        if ((types & authenticator->type) != 0) {
            rc = authenticator->run(auth, authenticator, request, evidence);
            if (rc != HUKS_E_AUTH_FAILED && rc != HUKS_E_USERIAM) {
                return rc;
            }
            refused |= rc == HUKS_E_AUTH_FAILED && error_about() == ABOUT_FINGER;
        }
    }
    return refused ? error_raise(HUKS_E_AUTH_FAILED, ABOUT_FINGER, NULL) : rc;
}

huks_rc auth_authenticate(struct auth *auth, const struct auth_request *request,
                          struct auth_evidence *evidence)
{
    static const uint32_t biometric = OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE;
    uint32_t types = request->types;
    *evidence = (struct auth_evidence){.type = 0};
    if (types != OH_HUKS_USER_AUTH_TYPE_PIN) {
        if (types == 0 || (types & ~biometric) != 0) {
            return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
        }
        HUKS_TRY(choose(auth, types, &types));
    }
    struct auth_evidence found = {.type = 0};
    HUKS_TRY(ask(auth, request, types, &found));
    if (request->challenge != NULL) {
        memcpy(found.challenge, request->challenge, AUTH_CHALLENGE_SIZE);
    }
    *evidence = found;
    return HUKS_OK;
}

huks_rc authenticator_probe(struct auth *auth, const struct auth_request *request,
                            char account[AUTH_NAME_SIZE])
{
    struct helper_answer answer;
    for (size_t i = 0; i < AUTH_TYPES; i++) {
        const struct authenticator *authenticator = &authenticators[i];
        if (authenticator->type == request->types && authenticator->service != NULL) {
            HUKS_TRY(
                helper_ask(auth, request, authenticator->kind, authenticator->service, NULL, 0, &answer));
            memcpy(account, answer.account, AUTH_NAME_SIZE);
            return HUKS_OK;
        }
    }
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
}
