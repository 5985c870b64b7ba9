/*
 * Looking at an engine from outside. See status.h.
 */
#include "service/status.h"

#include "auth/tries.h"
#include "service/private.h"

huks_rc status_store(struct engine *engine, struct status_store *out)
{
    *out = (struct status_store){.path = store_path(engine->store)};
    HUKS_TRY(store_tokens(engine->store, NULL, 0, &out->tokens));
    out->writable = store_writable(engine->store);
    return HUKS_OK;
}

void status_sessions(struct engine *engine, struct status_sessions *out)
{
    session_table_limits(engine->sessions, &out->limits);
    out->place = session_table_where(engine->sessions, &out->path);
}

void status_processes(struct engine *engine,
                      void (*visit)(const struct session_process *process, void *context), void *context)
{
    session_table_each(engine->sessions, visit, context);
}

/* What is asked is the store's tally: this counts no test of its own. */
huks_rc status_tries(struct token *token, enum auth_who who, uint32_t *left)
{
    HUKS_TRY(token_require(token));
    struct engine *engine = token->engine;
    struct tries *tries = NULL;
    HUKS_TRY(tries_new(atomic_load(&token->db), engine->crypto, &engine->config, &tries));
    uint32_t failures = 0;
    huks_rc rc = tries_look(tries, who, &failures, left);
    tries_free(tries);
    return rc;
}

huks_rc status_check(struct token *token, void (*report)(uint64_t id, const char *what, void *argument),
                     void *argument, struct store_check_result *result)
{
    HUKS_TRY(token_require(token));
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    huks_rc rc = store_check(atomic_load(&token->db), &keys.keys, report, argument, result);
    token_keys_release(&keys);
    return rc;
}
