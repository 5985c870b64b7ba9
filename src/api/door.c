/*
 * See door.h. The engine lives as long as the library: HUKS has no call that ends it, and a library must not
 * register exit handlers in a host's process.
 */
#include "api/door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "api/remote.h"
#include "api/result.h"
#include "huks/native_huks_param.h"
#include "ipc/client.h"
#include "service/fork.h"

#define ALIAS_MAX 128u

static _Atomic(struct engine *) current;
static _Atomic(struct ipc_client *) service; /* in its place */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static bool watching;

/*
 * A child must not wait for a lock that another thread of the parent held. Whoever holds `making` may wait
 * for the engine's locks, never the other way round; so ours come first.
 */
static void door_prepare(void)
{
    pthread_mutex_lock(&making);
    door_sessions_lock();
}

static void door_parent(void)
{
    door_sessions_unlock();
    pthread_mutex_unlock(&making);
}

static void door_child(void)
{
    struct ipc_client *parents = atomic_load(&service);
    if (parents != NULL) {
        ipc_client_abandon(parents);
        atomic_store(&service, NULL);
    }
    door_sessions_forget();
    door_sessions_unlock();
    pthread_mutex_unlock(&making);
}

static huks_rc door_watch(void)
{
    if (!watching) {
        HUKS_TRY(fork_register());
        if (pthread_atfork(door_prepare, door_parent, door_child) != 0) {
            return error_no_memory();
        }
        watching = true;
    }
    return HUKS_OK;
}

/* NULL: the host's own configuration. */
static huks_rc door_make(const struct config *given)
{
    struct config config;
    HUKS_TRY(door_watch());
    if (given != NULL) {
        config = *given;
    } else {
        HUKS_TRY(config_load(NULL, &config));
    }
    if (config.service[0] != '\0') {
        struct ipc_client *client = NULL;
        HUKS_TRY(ipc_client_open(config.service, IPC_NATIVE, remote_patience, &client));
        atomic_store_explicit(&service, client, memory_order_release);
        return DOOR_ELSEWHERE;
    }
    struct engine *engine = NULL;
    HUKS_TRY(engine_open(&config, &engine));
    atomic_store_explicit(&current, engine, memory_order_release);
    return HUKS_OK;
}

/* Its first call, and every one that goes elsewhere. */
static huks_rc door_enter(const struct config *given, struct engine **out)
{
    if (door_client() != NULL) {
        return DOOR_ELSEWHERE;
    }
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&making);
    struct engine *engine = atomic_load(&current);
    if (engine != NULL && engine_forked(engine)) {
        engine_abandon(engine);
        atomic_store(&current, NULL);
        engine = NULL;
    }
    if (engine == NULL) {
        rc = door_client() != NULL ? DOOR_ELSEWHERE : door_make(given);
    }
    *out = atomic_load(&current);
    pthread_mutex_unlock(&making);
    return rc;
}

huks_rc door_engine(struct engine **out)
{
    error_clear();
    struct engine *engine = atomic_load_explicit(&current, memory_order_acquire);
    if (engine != NULL && !engine_forked(engine)) {
        *out = engine;
        return HUKS_OK;
    }
    return door_enter(NULL, out);
}

struct ipc_client *door_client(void)
{
    return atomic_load_explicit(&service, memory_order_acquire);
}

huks_rc door_open(const struct config *config)
{
    struct engine *engine;
    error_clear();
    return door_enter(config, &engine);
}

void door_wake(void)
{
    struct engine *engine = atomic_load_explicit(&current, memory_order_acquire);
    if (engine != NULL) {
        engine_wake(engine);
    }
}

huks_rc door_alias(const struct OH_Huks_Blob *alias, struct bytes *out)
{
    if (alias == NULL) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_NULL);
    }
    if (alias->data == NULL || alias->size == 0 || alias->size > ALIAS_MAX) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    *out = bytes_of(alias->data, alias->size);
    return HUKS_OK;
}

huks_rc door_blob(const struct OH_Huks_Blob *blob)
{
    return blob->data != NULL && blob->size != 0 ? HUKS_OK : error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
}

huks_rc door_set(const struct OH_Huks_ParamSet *set)
{
    if (set == NULL) {
        return HUKS_OK;
    }
    if (OH_Huks_IsParamSetValid(set, set->paramSetSize).errorCode != 0 ||
        !param_set_consistent(set, set->paramSetSize) || OH_Huks_IsParamSetTagValid(set).errorCode != 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return HUKS_OK;
}

huks_rc door_give_set(const struct OH_Huks_ParamSet *set, uint32_t room, struct OH_Huks_ParamSet *out)
{
    if (room < set->paramSetSize) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_BUFFER);
    }
    memcpy(out, set, set->paramSetSize);
    return OH_Huks_FreshParamSet(out, false).errorCode == 0 ? HUKS_OK
                                                            : error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
}

huks_rc door_request(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set, size_t data,
                     struct bytes *name, struct engine **engine)
{
    error_clear();
    HUKS_TRY(door_alias(alias, name));
    HUKS_TRY(door_set(set));
    size_t size = set != NULL ? set->paramSetSize : 0;
    if (size > REQUEST_MAX || data > REQUEST_MAX || name->size + size + data > REQUEST_MAX) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return door_engine(engine);
}
