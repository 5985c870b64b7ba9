/*
 * The authenticators, as a table, and what is asked of all of them: is something enrolled, who is there.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/credential.h"
#include "auth/inside.h"

/* How one kind of authentication is done. A kind without a row is none that this service has. */
static const struct authenticator {
    uint32_t type;
    uint32_t trust_level;
} authenticators[AUTH_TYPES] = {
    {OH_HUKS_USER_AUTH_TYPE_PIN, AUTH_TRUST_3},
    {OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, AUTH_TRUST_3},
    {OH_HUKS_USER_AUTH_TYPE_FACE, AUTH_TRUST_2},
};

#define KNOWN_TYPES                                                                                          \
    ((uint32_t)OH_HUKS_USER_AUTH_TYPE_PIN | OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE)

/* ---- what is enrolled ---- */

static huks_rc none_enrolled(uint32_t type)
{
    return error_raise(HUKS_E_NO_CREDENTIAL, type == OH_HUKS_USER_AUTH_TYPE_PIN ? ABOUT_PIN : ABOUT_NOTHING,
                       NULL);
}

static huks_rc is_enrolled(struct auth *auth, struct credentials *credentials, uint32_t type, bool *enrolled)
{
    if (type == OH_HUKS_USER_AUTH_TYPE_PIN) {
        uint64_t uid;
        HUKS_TRY(keyring_get_secure_uid(auth->token, &uid));
        *enrolled = uid != 0;
    } else {
        *enrolled = credentials_kind(credentials, type)->count > 0;
    }
    return HUKS_OK;
}

huks_rc auth_require_enrolled(struct auth *auth, uint32_t types)
{
    struct credentials credentials;
    uint32_t wanted = types & KNOWN_TYPES;
    if (wanted == 0 || (types & ~(KNOWN_TYPES | OH_HUKS_USER_AUTH_TYPE_TUI_PIN)) != 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
    }
    HUKS_TRY(auth_sync(auth, true));
    HUKS_TRY(credentials_read(auth, &credentials));
    for (size_t i = 0; i < AUTH_TYPES; i++) {
        uint32_t type = authenticators[i].type;
        bool enrolled = true;
        if ((wanted & type) != 0) {
            HUKS_TRY(is_enrolled(auth, &credentials, type, &enrolled));
        }
        if (!enrolled) {
            return none_enrolled(type);
        }
    }
    return HUKS_OK;
}

static void binding_add(struct auth_binding *binding, uint32_t type, uint64_t enrolled_id)
{
    binding->entries[binding->count].type = type;
    binding->entries[binding->count].enrolled_id = enrolled_id;
    binding->count++;
}

huks_rc auth_binding(struct auth *auth, struct auth_binding *binding)
{
    struct credentials credentials;
    uint64_t pin_id;
    memset(binding, 0, sizeof *binding);
    HUKS_TRY(auth_sync(auth, true));
    HUKS_TRY(keyring_get_secure_uid(auth->token, &binding->secure_uid));
    if (binding->secure_uid == 0) {
        return none_enrolled(OH_HUKS_USER_AUTH_TYPE_PIN);
    }
    HUKS_TRY(credential_pin_enrolled_id(auth, binding->secure_uid, &pin_id));
    binding_add(binding, OH_HUKS_USER_AUTH_TYPE_PIN, pin_id);
    HUKS_TRY(credentials_read(auth, &credentials));
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        if (credentials.kinds[i].count > 0) {
            binding_add(binding, credentials.kinds[i].type, credentials.kinds[i].enrolled_id);
        }
    }
    return HUKS_OK;
}

static huks_rc list_pin(struct auth *auth, struct auth_credential *pin, size_t *count)
{
    AUTO(buffer_free) struct buffer record = {0};
    struct pin_params params;
    bool found;
    HUKS_TRY(keyring_get(auth->token, KEYRING_PIN_USER, &record, &found));
    if (!found) {
        return HUKS_OK;
    }
    HUKS_TRY(keyring_pin_params(bytes_of(record.data, record.size), &params));
    memset(pin, 0, sizeof *pin);
    pin->type = OH_HUKS_USER_AUTH_TYPE_PIN;
    memcpy(pin->name, "PIN", sizeof "PIN");
    *count = 1;
    return credential_pin_id(auth, params.salt, &pin->id);
}

huks_rc auth_credentials(struct auth *auth, struct auth_credential **list, size_t *count)
{
    struct credentials credentials;
    size_t found = 0;
    HUKS_TRY(credentials_read(auth, &credentials));
    AUTO(memory_free_ptr)
    struct auth_credential *all = calloc(1 + (size_t)CREDENTIAL_KINDS * AUTH_CREDENTIALS, sizeof *all);
    if (all == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(list_pin(auth, &all[0], &found));
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        const struct credential_kind *kind = &credentials.kinds[i];
        memcpy(&all[found], kind->list, kind->count * sizeof *all);
        found += kind->count;
    }
    *list = all;
    *count = found;
    all = NULL;
    return HUKS_OK;
}

/* ---- who is there ---- */

static huks_rc ask_pin(struct auth *auth, const struct auth_request *request, struct auth_evidence *evidence)
{
    return request->unlock ? login_enter(auth, AUTH_USER, request->pin, evidence)
                           : login_verify(auth, AUTH_USER, request->pin, evidence);
}

huks_rc auth_authenticate(struct auth *auth, const struct auth_request *request,
                          struct auth_evidence *evidence)
{
    *evidence = (struct auth_evidence){.type = 0};
    if (request->types != OH_HUKS_USER_AUTH_TYPE_PIN) {
        HUKS_TRY(auth_require_enrolled(auth, request->types));
        return error_raise(HUKS_E_USERIAM, ABOUT_NOTHING, "finger or face");
    }
    HUKS_TRY(ask_pin(auth, request, evidence));
    if (request->challenge != NULL) {
        memcpy(evidence->challenge, request->challenge, AUTH_CHALLENGE_SIZE);
    }
    return HUKS_OK;
}
