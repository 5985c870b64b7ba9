/*
 * OH_Huks_* sessions: a handle of 8 bytes, low 32 bits random and not zero, names a session of this process.
 * One call at a time works in a session; a second one meanwhile finds no such session (12000011). Sessions
 * that huksd holds are in its worker's list, not in this one.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/remote.h"
#include "api/result.h"
#include "huks/native_huks_api.h"

#define HANDLE_SIZE 8u

struct session_entry {
    struct session_entry *next;
    uint32_t handle;
    bool busy;
    struct engine *engine;
    struct native_session session;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session_entry *sessions;
static struct session_entry *parents; /* kept reachable; nothing in them may be touched here */

void door_sessions_lock(void)
{
    pthread_mutex_lock(&lock);
}

void door_sessions_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* Threads of the parent may have been in the midst of them: a child leaves them alone. */
void door_sessions_forget(void)
{
    struct session_entry **end = &sessions;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = parents;
    parents = sessions;
    sessions = NULL;
}

static huks_rc no_session(void)
{
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_OPERATION, NULL);
}

static void entry_free(struct session_entry *entry)
{
    native_session_free(&entry->session);
    free(entry);
}

static struct session_entry **entry_link(uint32_t handle)
{
    struct session_entry **link = &sessions;
    while (*link != NULL && (*link)->handle != handle) {
        link = &(*link)->next;
    }
    return link;
}

/* Whoever names the session from here on, and be it by a guess, may end it. */
static huks_rc entry_add(struct engine *engine, struct session_entry *entry, uint32_t *handle)
{
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&lock);
    do {
        rc = engine_random(engine, &entry->handle, sizeof(entry->handle));
    } while (rc == HUKS_OK && (entry->handle == 0 || *entry_link(entry->handle) != NULL));
    if (rc == HUKS_OK) {
        *handle = entry->handle;
        entry->next = sessions;
        sessions = entry;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

/* Claims the session for one call. `take` also removes it: the call is its last. */
static huks_rc entry_claim(const struct OH_Huks_Blob *handle, bool take, struct session_entry **out)
{
    uint32_t number = 0;
    if (handle->size >= HANDLE_SIZE) {
        memcpy(&number, handle->data, sizeof(number));
    }
    pthread_mutex_lock(&lock);
    struct session_entry **link = entry_link(number);
    struct session_entry *entry = *link;
    bool usable = number != 0 && entry != NULL && !entry->busy && !engine_forked(entry->engine);
    if (usable) {
        entry->busy = true;
        if (take) {
            *link = entry->next;
        }
    }
    pthread_mutex_unlock(&lock);
    *out = entry;
    if (usable) {
        return HUKS_OK;
    }
    return door_client() != NULL ? DOOR_ELSEWHERE : no_session();
}

/* Gives a claimed session back, or ends it. */
static void entry_release(struct session_entry *entry, bool end)
{
    pthread_mutex_lock(&lock);
    entry->busy = false;
    if (end) {
        *entry_link(entry->handle) = entry->next;
    }
    pthread_mutex_unlock(&lock);
    if (end) {
        entry_free(entry);
    }
}

/* ---- init ---- */

/* Who gives no room for a challenge never learns it, and that is his affair. */
static huks_rc give_challenge(const struct native_session *session, struct OH_Huks_Blob *token)
{
    uint8_t challenge[AUTH_CHALLENGE_SIZE];
    size_t size = native_challenge(session, challenge);
    if (token == NULL) {
        return HUKS_OK;
    }
    if (size > 0) {
        if (token->data == NULL || token->size < size) {
            return error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
        }
        memcpy(token->data, challenge, size);
    }
    token->size = (uint32_t)size;
    return HUKS_OK;
}

static huks_rc init_session(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                            struct OH_Huks_Blob *handle, struct OH_Huks_Blob *token)
{
    error_clear();
    if (set == NULL || handle == NULL || handle->data == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    struct bytes name;
    HUKS_TRY(door_alias(alias, &name));
    HUKS_TRY(door_set(set));
    if (handle->size < HANDLE_SIZE) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
    }
    struct engine *engine;
    HUKS_TRY(door_engine(&engine));
    struct session_entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return error_no_memory();
    }
    uint32_t number = 0;
    entry->engine = engine;
    huks_rc rc = native_begin(engine, name, set, &entry->session);
    if (rc == HUKS_OK) {
        rc = give_challenge(&entry->session, token);
    }
    if (rc == HUKS_OK) {
        rc = entry_add(engine, entry, &number);
    }
    if (rc != HUKS_OK) {
        entry_free(entry);
        return rc;
    }
    memset(handle->data, 0, HANDLE_SIZE);
    memcpy(handle->data, &number, sizeof(number));
    handle->size = HANDLE_SIZE;
    return HUKS_OK;
}

struct OH_Huks_Result OH_Huks_InitSession(const struct OH_Huks_Blob *keyAlias,
                                          const struct OH_Huks_ParamSet *paramSet,
                                          struct OH_Huks_Blob *handle, struct OH_Huks_Blob *token)
{
    return result_of(EVERYWHERE(OH_Huks_InitSession, init_session, keyAlias, paramSet, handle, token));
}

/* ---- update, finish, abort ---- */

/* What one call may bring; as much as HUKS's service takes. */
#define INPUT_MAX (8u << 20)

/* What a caller does wrong before the session is looked at leaves it alone. */
static huks_rc step_check(const struct OH_Huks_Blob *handle, const struct OH_Huks_ParamSet *set,
                          const struct OH_Huks_Blob *in, const struct OH_Huks_Blob *out)
{
    error_clear();
    if (handle == NULL || handle->data == NULL || set == NULL || in == NULL || out == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    if ((in->data == NULL && in->size != 0) || (out->data == NULL && out->size != 0) ||
        in->size > INPUT_MAX) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return door_set(set);
}

static huks_rc update_session(const struct OH_Huks_Blob *handle, const struct OH_Huks_ParamSet *set,
                              const struct OH_Huks_Blob *in, struct OH_Huks_Blob *out)
{
    HUKS_TRY(step_check(handle, set, in, out));
    struct session_entry *entry;
    HUKS_TRY(entry_claim(handle, false, &entry));
    size_t size = out->size;
    huks_rc rc = native_update(&entry->session, set, bytes_of(in->data, in->size), out->data, &size);
    if (rc == HUKS_OK) {
        out->size = (uint32_t)size;
    }
    entry_release(entry, rc != HUKS_OK);
    return rc;
}

struct OH_Huks_Result OH_Huks_UpdateSession(const struct OH_Huks_Blob *handle,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *inData, struct OH_Huks_Blob *outData)
{
    return result_of_output(
        EVERYWHERE(OH_Huks_UpdateSession, update_session, handle, paramSet, inData, outData));
}

static huks_rc finish_session(const struct OH_Huks_Blob *handle, const struct OH_Huks_ParamSet *set,
                              const struct OH_Huks_Blob *in, struct OH_Huks_Blob *out)
{
    HUKS_TRY(step_check(handle, set, in, out));
    struct session_entry *entry;
    HUKS_TRY(entry_claim(handle, true, &entry));
    size_t size = out->size;
    huks_rc rc = native_finish(&entry->session, set, bytes_of(in->data, in->size), out->data, &size);
    if (rc == HUKS_OK) {
        out->size = (uint32_t)size;
    }
    entry_free(entry);
    return rc;
}

struct OH_Huks_Result OH_Huks_FinishSession(const struct OH_Huks_Blob *handle,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *inData, struct OH_Huks_Blob *outData)
{
    return result_of_output(
        EVERYWHERE(OH_Huks_FinishSession, finish_session, handle, paramSet, inData, outData));
}

static huks_rc abort_session(const struct OH_Huks_Blob *handle, const struct OH_Huks_ParamSet *set)
{
    error_clear();
    if (handle == NULL || handle->data == NULL || set == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    HUKS_TRY(door_set(set));
    struct session_entry *entry;
    huks_rc rc = entry_claim(handle, true, &entry);
    if (rc == HUKS_OK) {
        entry_free(entry);
    }
    error_clear();
    return rc == DOOR_ELSEWHERE ? rc : HUKS_OK;
}

struct OH_Huks_Result OH_Huks_AbortSession(const struct OH_Huks_Blob *handle,
                                           const struct OH_Huks_ParamSet *paramSet)
{
    return result_of(EVERYWHERE(OH_Huks_AbortSession, abort_session, handle, paramSet));
}
