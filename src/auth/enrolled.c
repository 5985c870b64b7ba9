/*
 * What is enrolled, and how fingers and faces come and go. Each change is one transaction.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/authenticator.h"
#include "auth/credential.h"
#include "auth/inside.h"

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
        uint32_t type = auth_kinds[i];
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

/* ---- enrolling ---- */

/* UTF-8 without control characters: it is shown on terminals. */
static bool is_name(struct bytes name)
{
    if (name.data == NULL || name.size == 0 || name.size >= AUTH_NAME_SIZE) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        size_t more = c < 0x80             ? 0
                      : (c & 0xe0) == 0xc0 ? 1
                      : (c & 0xf0) == 0xe0 ? 2
                      : (c & 0xf8) == 0xf0 ? 3
                                           : name.size;
        if (c < 0x20 || c == 0x7f || i + more >= name.size || (more == 1 && c < 0xc2)) {
            return false;
        }
        for (; more > 0; more--) {
            if ((name.data[++i] & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

struct enrolment {
    struct auth *auth;
    uint64_t secure_uid; /* of the user whose PIN was right */
    struct auth_credential credential;
    uint64_t enrolled_id;
};

static huks_rc enrol(struct store_token *token, void *argument)
{
    struct enrolment *enrolment = argument;
    const struct auth_credential *credential = &enrolment->credential;
    struct credentials credentials;
    uint64_t secure_uid;
    HUKS_TRY(auth_same_token(enrolment->auth));
    HUKS_TRY(keyring_get_secure_uid(token, &secure_uid));
    if (secure_uid != enrolment->secure_uid) {
        return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
    }
    HUKS_TRY(credentials_read(enrolment->auth, &credentials));
    struct credential_kind *kind = credentials_kind(&credentials, credential->type);
    for (uint32_t i = 0; i < kind->count; i++) {
        if (strcmp(kind->list[i].name, credential->name) == 0) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_NOTHING, "name: another one has it");
        }
    }
    if (kind->count == AUTH_CREDENTIALS) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_NOTHING, "number of credentials (%d at most)",
                            AUTH_CREDENTIALS);
    }
    kind->list[kind->count++] = *credential;
    kind->enrolled_id = enrolment->enrolled_id;
    return credentials_write(enrolment->auth, &credentials);
}

/* Ids are never 0, and never come again. */
static huks_rc draw_id(struct auth *auth, uint64_t *id)
{
    do {
        HUKS_TRY(crypto_random(auth->crypto, id, sizeof *id));
    } while (*id == 0);
    return HUKS_OK;
}

huks_rc credential_add(struct auth *auth, uint64_t secure_uid, uint32_t type, struct bytes name,
                       const char *account, uint64_t *id)
{
    struct enrolment enrolment = {
        .auth = auth,
        .secure_uid = secure_uid,
        .credential = {.type = type, .made = (uint64_t)time(NULL)},
    };
    struct auth_credential *credential = &enrolment.credential;
    size_t length = strnlen(account, AUTH_NAME_SIZE - 1);
    memcpy(credential->name, name.data, name.size);
    memcpy(credential->account, account, length);
    HUKS_TRY(draw_id(auth, &credential->id));
    HUKS_TRY(draw_id(auth, &enrolment.enrolled_id));
    HUKS_TRY(store_meta_change(auth->token, enrol, &enrolment));
    *id = credential->id;
    return HUKS_OK;
}

huks_rc auth_enroll(struct auth *auth, const struct auth_request *request, struct bytes name, uint64_t *id)
{
    struct auth_evidence owner;
    char account[AUTH_NAME_SIZE];
    *id = 0;
    if (!is_name(name)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL);
    }
    if (request->types != OH_HUKS_USER_AUTH_TYPE_FINGERPRINT &&
        request->types != OH_HUKS_USER_AUTH_TYPE_FACE) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
    }
    HUKS_TRY(login_verify(auth, AUTH_USER, request->pin, &owner));
    HUKS_TRY(authenticator_probe(auth, request, account));
    return credential_add(auth, owner.secure_uid, request->types, name, account, id);
}

/* ---- removing ---- */

struct removal {
    struct auth *auth;
    uint64_t id;
};

static bool kind_remove(struct credential_kind *kind, uint64_t id)
{
    for (uint32_t i = 0; i < kind->count; i++) {
        if (kind->list[i].id == id) {
            kind->count--;
            memmove(&kind->list[i], &kind->list[i + 1], (kind->count - i) * sizeof *kind->list);
            return true;
        }
    }
    return false;
}

static huks_rc unenrol(struct store_token *token, void *argument)
{
    const struct removal *removal = argument;
    struct credentials credentials;
    (void)token;
    HUKS_TRY(auth_same_token(removal->auth));
    HUKS_TRY(credentials_read(removal->auth, &credentials));
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        if (kind_remove(&credentials.kinds[i], removal->id)) {
            return credentials_write(removal->auth, &credentials);
        }
    }
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_OBJECT, NULL);
}

huks_rc auth_unenroll(struct auth *auth, struct bytes pin, uint64_t id)
{
    struct removal removal = {auth, id};
    HUKS_TRY(login_verify(auth, AUTH_USER, pin, NULL));
    return store_meta_change(auth->token, unenrol, &removal);
}
