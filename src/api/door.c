/*
 * See door.h. The engine lives as long as the library: HUKS has no call that ends it, and a library must not
 * register exit handlers in a host's process.
 */
#include "api/door.h"

#include <pthread.h>
#include <stdatomic.h>

#include "api/result.h"
#include "huks/native_huks_param.h"
#include "service/fork.h"

#define ALIAS_MAX 128u

static _Atomic(struct engine *) current;
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
    door_sessions_forget();
    door_sessions_unlock();
    pthread_mutex_unlock(&making);
}

static huks_rc door_make(struct engine **out)
{
    if (!watching) {
        HUKS_TRY(fork_register());
        if (pthread_atfork(door_prepare, door_parent, door_child) != 0) {
            return error_no_memory();
        }
        watching = true;
    }
    struct config config;
    HUKS_TRY(config_load(NULL, &config));
    return engine_open(&config, out);
}

huks_rc door_engine(struct engine **out)
{
    error_clear();
    struct engine *engine = atomic_load_explicit(&current, memory_order_acquire);
    if (engine != NULL && !engine_forked(engine)) {
        *out = engine;
        return HUKS_OK;
    }
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&making);
    engine = atomic_load(&current);
    if (engine == NULL || engine_forked(engine)) {
        if (engine != NULL) {
            engine_abandon(engine);
        }
        rc = door_make(&engine);
        if (rc == HUKS_OK) {
            atomic_store_explicit(&current, engine, memory_order_release);
        }
    }
    pthread_mutex_unlock(&making);
    *out = engine;
    return rc;
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
        OH_Huks_IsParamSetTagValid(set).errorCode != 0) {
        return error_illegal(ABOUT_NOTHING, ILLEGAL_ARGUMENT);
    }
    return HUKS_OK;
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
