/*
 * See fork.h. The handlers are registered with pthread_atfork from this library, so that dlclose removes
 * them. The list's lock is held across the fork: the child finds the list whole, whatever other threads of
 * the parent were doing.
 */
#include "service/fork.h"

#include "common/log.h"
#include "service/private.h"

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct engine *watched;   /* engines of this process              */
static struct engine *abandoned; /* the parent's: kept reachable, unused */
static bool registered;

static void fork_prepare(void)
{
    pthread_mutex_lock(&watch_lock);
    for (struct engine *engine = watched; engine != NULL; engine = engine->next) {
        store_before_fork(engine->store);
    }
    secret_fork_prepare(); /* last: closing databases frees secrets */
}

static void fork_parent(void)
{
    secret_fork_parent();
    for (struct engine *engine = watched; engine != NULL; engine = engine->next) {
        store_after_fork_parent(engine->store);
    }
    pthread_mutex_unlock(&watch_lock);
}

static void fork_child(void)
{
    while (watched != NULL) {
        struct engine *engine = watched;
        watched = engine->next;
        engine->next = abandoned;
        abandoned = engine;
        engine->forked = true;
        session_table_forget_after_fork(engine->sessions);
        store_after_fork_child(engine->store);
    }
    crypto_atfork_child();
    secret_fork_child();
    log_fork_child();
    pthread_mutex_unlock(&watch_lock); /* this thread took it before the fork */
}

huks_rc fork_register(void)
{
    huks_rc rc = HUKS_OK;
    pthread_mutex_lock(&watch_lock);
    if (!registered) {
        if (pthread_atfork(fork_prepare, fork_parent, fork_child) != 0) {
            rc = error_no_memory();
        } else {
            registered = true;
        }
    }
    pthread_mutex_unlock(&watch_lock);
    return rc;
}

huks_rc fork_watch(struct engine *engine)
{
    HUKS_TRY(fork_register());
    pthread_mutex_lock(&watch_lock);
    engine->next = watched;
    watched = engine;
    pthread_mutex_unlock(&watch_lock);
    return HUKS_OK;
}

void fork_unwatch(struct engine *engine)
{
    pthread_mutex_lock(&watch_lock);
    for (struct engine **link = &watched; *link != NULL; link = &(*link)->next) {
        if (*link == engine) {
            *link = engine->next;
            break;
        }
    }
    pthread_mutex_unlock(&watch_lock);
}

void engine_abandon(struct engine *engine)
{
    (void)engine; /* its memory stays reachable through `abandoned`; nothing in it may be touched */
}
