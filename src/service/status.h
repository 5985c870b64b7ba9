/*
 * Looking at an engine from outside, for people: where things lie, who uses the session table, how many PIN
 * tries are left, whether the records are sound. Changes nothing but what the dead have left behind.
 */
#ifndef HUKS_SERVICE_STATUS_H
#define HUKS_SERVICE_STATUS_H

#include "service/token.h"
#include "session/table.h"
#include "store/store.h"

struct status_store {
    const char *path; /* the engine's */
    bool writable;
    size_t tokens; /* initialised ones */
};
HUKS_MUST_USE huks_rc status_store(struct engine *engine, struct status_store *out);

struct status_sessions {
    struct session_limits limits;
    enum session_place place;
    const char *path; /* "" for a table of this process alone; the engine's */
};
void status_sessions(struct engine *engine, struct status_sessions *out);
/* Calls `visit` for each living engine instance of the store. */
void status_processes(struct engine *engine,
                      void (*visit)(const struct session_process *process, void *context), void *context);

/* How many wrong PINs the token would still take; 0: locked. */
HUKS_MUST_USE huks_rc status_tries(struct token *token, enum auth_who who, uint32_t *left);

/* store_check() with the keys that are open now. */
HUKS_MUST_USE huks_rc status_check(struct token *token,
                                   void (*report)(uint64_t id, const char *what, void *argument),
                                   void *argument, struct store_check_result *result);

#endif
