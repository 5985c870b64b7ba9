/*
 * Huks_UserAuth_*: pointers and sizes are checked here, src/auth does the rest by way of the service.
 */
#include "huks/huks_user_auth.h"

#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "api/result.h"
#include "service/user.h"

_Static_assert(HUKS_AUTH_TOKEN_SIZE == AUTH_TOKEN_SIZE && HUKS_AUTH_CHALLENGE_SIZE == AUTH_CHALLENGE_SIZE &&
                   HUKS_CREDENTIAL_NAME_SIZE == AUTH_NAME_SIZE,
               "the public numbers are the engine's");

#define BIOMETRIC ((uint32_t)OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE)

/* ---- arguments ---- */

static huks_rc null_argument(void)
{
    return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
}

static huks_rc bad_argument(void)
{
    return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
}

static huks_rc take_pin(const struct OH_Huks_Blob *blob, struct bytes *pin)
{
    if (blob == NULL || blob->data == NULL) {
        return null_argument();
    }
    *pin = bytes_of(blob->data, blob->size);
    return HUKS_OK;
}

/* The token; a store without one has no credential. */
static huks_rc find_token(struct token **token)
{
    struct engine *engine;
    HUKS_TRY(door_engine(&engine));
    huks_rc rc = engine_native_token(engine, false, token);
    return rc == HUKS_E_NOT_EXIST ? error_raise(HUKS_E_NO_CREDENTIAL, ABOUT_TOKEN, NULL) : rc;
}

/* The same, where having none is an answer. */
static huks_rc look_for_token(struct token **token, bool *found)
{
    huks_rc rc = find_token(token);
    *found = rc == HUKS_OK;
    if (rc == HUKS_E_NO_CREDENTIAL) {
        error_clear();
        return HUKS_OK;
    }
    return rc;
}

/* ---- the PIN ---- */

static huks_rc enrolled_kinds(struct token *token, uint32_t *kinds)
{
    AUTO(memory_free_ptr) struct auth_credential *list = NULL;
    size_t count = 0;
    HUKS_TRY(user_credentials(token, &list, &count));
    for (size_t i = 0; i < count; i++) {
        *kinds |= list[i].type;
    }
    return HUKS_OK;
}

static huks_rc get_state(struct Huks_UserAuthState *state)
{
    struct token *token;
    struct token_info info;
    bool found;
    error_clear();
    if (state == NULL) {
        return null_argument();
    }
    memset(state, 0, sizeof(*state));
    HUKS_TRY(look_for_token(&token, &found));
    state->unlocked = 1;
    if (!found) {
        return HUKS_OK;
    }
    HUKS_TRY(token_info(token, &info));
    HUKS_TRY(enrolled_kinds(token, &state->enrolled));
    state->unlocked = token_level_open(token, OH_HUKS_AUTH_STORAGE_LEVEL_ECE) ? 1 : 0;
    state->pinFailed = info.pins.user_count_low ? 1 : 0;
    state->pinLastTry = info.pins.user_final_try ? 1 : 0;
    state->pinLocked = info.pins.user_locked ? 1 : 0;
    return HUKS_OK;
}

struct OH_Huks_Result Huks_UserAuth_GetState(struct Huks_UserAuthState *state)
{
    return result_of(EVERYWHERE(Huks_UserAuth_GetState, get_state, state));
}

static huks_rc set_pin(const struct OH_Huks_Blob *pin)
{
    struct engine *engine;
    struct token *token;
    struct bytes fresh = BYTES_NONE;
    error_clear();
    HUKS_TRY(take_pin(pin, &fresh));
    HUKS_TRY(door_engine(&engine));
    HUKS_TRY(engine_native_token(engine, true, &token));
    return token_init_pin(token, fresh);
}

struct OH_Huks_Result Huks_UserAuth_SetPin(const struct OH_Huks_Blob *pin)
{
    return result_of(EVERYWHERE(Huks_UserAuth_SetPin, set_pin, pin));
}

static huks_rc change_pin(const struct OH_Huks_Blob *old_pin, const struct OH_Huks_Blob *new_pin)
{
    struct token *token;
    struct bytes old = BYTES_NONE, fresh = BYTES_NONE;
    error_clear();
    HUKS_TRY(take_pin(old_pin, &old));
    HUKS_TRY(take_pin(new_pin, &fresh));
    HUKS_TRY(find_token(&token));
    return token_set_pin(token, AUTH_USER, old, fresh);
}

struct OH_Huks_Result Huks_UserAuth_ChangePin(const struct OH_Huks_Blob *oldPin,
                                              const struct OH_Huks_Blob *newPin)
{
    return result_of(EVERYWHERE(Huks_UserAuth_ChangePin, change_pin, oldPin, newPin));
}

static huks_rc clear_pin(const struct OH_Huks_Blob *pin)
{
    struct token *token;
    struct bytes now = BYTES_NONE;
    error_clear();
    HUKS_TRY(take_pin(pin, &now));
    HUKS_TRY(find_token(&token));
    return user_clear_pin(token, AUTH_USER, now);
}

struct OH_Huks_Result Huks_UserAuth_ClearPin(const struct OH_Huks_Blob *pin)
{
    return result_of(EVERYWHERE(Huks_UserAuth_ClearPin, clear_pin, pin));
}

/* ---- fingers and faces ---- */

struct talking {
    Huks_UserAuthTalk talk;
    void *context;
};

static bool talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument)
{
    const struct talking *talking = argument;
    uint32_t kind = !question ? HUKS_AUTH_TALK_MESSAGE
                    : echo    ? HUKS_AUTH_TALK_QUESTION
                              : HUKS_AUTH_TALK_SECRET_QUESTION;
    return talking->talk(text, kind, answer, (uint32_t)capacity, talking->context) != 0;
}

/* What enrolling and authenticating have in common. */
static void take_request(const struct Huks_UserAuthRequest *request, struct talking *talking,
                         struct auth_request *out)
{
    *talking = (struct talking){request->talk, request->context};
    *out = (struct auth_request){
        .types = request->authType,
        .pin = bytes_of(request->pin.data, request->pin.data != NULL ? request->pin.size : 0),
        .owner = request->requestId != 0 ? request->requestId : UINT64_MAX,
        .talk = request->talk != NULL ? talk : NULL,
        .argument = talking,
    };
}

static bool is_one_biometric(uint32_t type)
{
    return type == OH_HUKS_USER_AUTH_TYPE_FINGERPRINT || type == OH_HUKS_USER_AUTH_TYPE_FACE;
}

static huks_rc enroll(const struct Huks_UserAuthRequest *request, const char *name, uint64_t *id)
{
    struct token *token;
    struct talking talking;
    struct auth_request wanted;
    uint64_t made = 0;
    error_clear();
    if (request == NULL || name == NULL || request->pin.data == NULL) {
        return null_argument();
    }
    if (!is_one_biometric(request->authType)) {
        return bad_argument();
    }
    take_request(request, &talking, &wanted);
    HUKS_TRY(find_token(&token));
    huks_rc rc = user_enroll(token, &wanted, bytes_of(name, strnlen(name, AUTH_NAME_SIZE)), &made);
    if (rc == HUKS_E_ARGUMENT && error_about() == ABOUT_NOTHING) {
        return bad_argument(); /* the name */
    }
    if (rc == HUKS_OK && id != NULL) {
        *id = made;
    }
    return rc;
}

struct OH_Huks_Result Huks_UserAuth_Enroll(const struct Huks_UserAuthRequest *request, const char *name,
                                           uint64_t *id)
{
    return result_of(EVERYWHERE(Huks_UserAuth_Enroll, enroll, request, name, id));
}

static void copy_credential(const struct auth_credential *from, struct Huks_Credential *to)
{
    memset(to, 0, sizeof(*to));
    to->id = from->id;
    to->authType = from->type;
    to->enrolledAt = from->made;
    memcpy(to->name, from->name, sizeof(to->name));
    memcpy(to->account, from->account, sizeof(to->account));
}

static huks_rc list_credentials(struct Huks_Credential *list, uint32_t *count)
{
    AUTO(memory_free_ptr) struct auth_credential *all = NULL;
    struct token *token;
    size_t found = 0;
    bool there;
    error_clear();
    if (count == NULL) {
        return null_argument();
    }
    uint32_t room = *count;
    huks_rc rc = look_for_token(&token, &there);
    if (rc == DOOR_ELSEWHERE) {
        return rc; /* with the room that there is */
    }
    *count = 0;
    HUKS_TRY(rc);
    if (there) {
        HUKS_TRY(user_credentials(token, &all, &found));
    }
    *count = (uint32_t)found;
    if (list == NULL) {
        return HUKS_OK;
    }
    if (room < found) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
    }
    for (size_t i = 0; i < found; i++) {
        copy_credential(&all[i], &list[i]);
    }
    return HUKS_OK;
}

struct OH_Huks_Result Huks_UserAuth_List(struct Huks_Credential *list, uint32_t *count)
{
    return result_of(EVERYWHERE(Huks_UserAuth_List, list_credentials, list, count));
}

static huks_rc remove_credential(const struct OH_Huks_Blob *pin, uint64_t id)
{
    struct token *token;
    struct bytes now = BYTES_NONE;
    error_clear();
    HUKS_TRY(take_pin(pin, &now));
    HUKS_TRY(find_token(&token));
    return user_unenroll(token, now, id);
}

struct OH_Huks_Result Huks_UserAuth_Remove(const struct OH_Huks_Blob *pin, uint64_t id)
{
    return result_of(REMOTELY(Huks_UserAuth_Remove, remove_credential(pin, id), pin, &id));
}

/* ---- authenticating ---- */

static huks_rc check_request(const struct Huks_UserAuthRequest *request,
                             const struct OH_Huks_Blob *auth_token)
{
    if (request == NULL || (auth_token != NULL && auth_token->data == NULL)) {
        return null_argument();
    }
    bool pin = request->authType == OH_HUKS_USER_AUTH_TYPE_PIN;
    bool biometric = request->authType != 0 && (request->authType & ~BIOMETRIC) == 0;
    bool challenge_fits = request->challenge.data == NULL || request->challenge.size == AUTH_CHALLENGE_SIZE;
    if ((!pin && !biometric) || pin != (request->pin.data != NULL) || !challenge_fits) {
        return bad_argument();
    }
    return auth_token == NULL || auth_token->size >= AUTH_TOKEN_SIZE
               ? HUKS_OK
               : error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
}

static huks_rc authenticate(const struct Huks_UserAuthRequest *request, struct OH_Huks_Blob *auth_token)
{
    struct token *token;
    struct talking talking;
    struct auth_request wanted;
    struct auth_evidence evidence;
    error_clear();
    HUKS_TRY(check_request(request, auth_token));
    take_request(request, &talking, &wanted);
    wanted.unlock = request->authType == OH_HUKS_USER_AUTH_TYPE_PIN;
    wanted.challenge = request->challenge.data;
    HUKS_TRY(find_token(&token));
    HUKS_TRY(user_authenticate(token, &wanted, &evidence, auth_token != NULL ? auth_token->data : NULL));
    if (auth_token != NULL) {
        auth_token->size = AUTH_TOKEN_SIZE;
    }
    return HUKS_OK;
}

struct OH_Huks_Result Huks_UserAuth_Authenticate(const struct Huks_UserAuthRequest *request,
                                                 struct OH_Huks_Blob *authToken)
{
    return result_of(EVERYWHERE(Huks_UserAuth_Authenticate, authenticate, request, authToken));
}

static huks_rc cancel(uint64_t request_id)
{
    struct token *token;
    bool found;
    error_clear();
    if (request_id == 0) {
        return bad_argument();
    }
    HUKS_TRY(look_for_token(&token, &found));
    if (found) {
        user_cancel(token, request_id);
    }
    return HUKS_OK;
}

struct OH_Huks_Result Huks_UserAuth_Cancel(uint64_t requestId)
{
    return result_of(REMOTELY(Huks_UserAuth_Cancel, cancel(requestId), &requestId));
}

static huks_rc lock(void)
{
    struct token *token;
    bool found;
    error_clear();
    HUKS_TRY(look_for_token(&token, &found));
    return found ? user_lock(token) : HUKS_OK;
}

struct OH_Huks_Result Huks_UserAuth_Lock(void)
{
    return result_of(REMOTELY(Huks_UserAuth_Lock, lock()));
}
