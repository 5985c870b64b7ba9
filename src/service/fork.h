/*
 * The atfork handlers: before a fork every engine closes its database connections and holds its locks; in
 * the parent all goes on; in the child every engine is marked as the parent's and never used again.
 */
#ifndef HUKS_SERVICE_FORK_H
#define HUKS_SERVICE_FORK_H

#include "service/engine.h"

/*
 * Registers the handlers, once. A door that holds locks of its own over a fork registers its handlers after
 * this: it is asked before the engine then, and what it waits for waits for nothing of the engine's.
 */
HUKS_MUST_USE huks_rc fork_register(void);
/* Adds an engine to those the handlers serve; registers the handlers with the first. */
HUKS_MUST_USE huks_rc fork_watch(struct engine *engine);
void fork_unwatch(struct engine *engine);

#endif
