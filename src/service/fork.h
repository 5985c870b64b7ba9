/*
 * The atfork handlers: before a fork every engine closes its database connections and holds its locks; in
 * the parent all goes on; in the child every engine is marked as the parent's and never used again.
 */
#ifndef HUKS_SERVICE_FORK_H
#define HUKS_SERVICE_FORK_H

#include "service/engine.h"

/* Adds an engine to those the handlers serve; registers the handlers with the first. */
HUKS_MUST_USE huks_rc fork_watch(struct engine *engine);
void fork_unwatch(struct engine *engine);

#endif
