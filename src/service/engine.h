/*
 * The engine: one per loaded library and process, made by C_Initialize or by the first native call.
 *
 * It owns the crypto context, the store, the session table and one `struct token` for each slot. Both doors
 * talk to the engine through service/ alone. Every function may be called from any thread.
 *
 * Fork: the engine registers atfork handlers. In a child engine_forked() is true for every engine of the
 * parent; such an engine may only be abandoned (engine_abandon), never used or closed.
 */
#ifndef HUKS_SERVICE_ENGINE_H
#define HUKS_SERVICE_ENGINE_H

#include "common/config.h"
#include "common/error.h"
#include "common/memory.h"

struct engine;
struct token;

HUKS_MUST_USE huks_rc engine_open(const struct config *config, struct engine **out);
void engine_close(struct engine *engine);
void engine_abandon(struct engine *engine);
bool engine_forked(const struct engine *engine);
/* Wakes every waiter (sessions, slot events): they come back with an error. Before engine_close(). */
void engine_wake(struct engine *engine);
const struct config *engine_config(const struct engine *engine);

/*
 * The slots: every initialised token in ordinal order, then exactly one free slot (unless free_slot=never).
 * Looks at the store again (cheaply). A token pointer stays valid until engine_close(); the free slot's
 * token becomes the initialised one in place, with the same slot id, and a new free slot appears behind it.
 */
HUKS_MUST_USE huks_rc engine_slots(struct engine *engine, struct token **tokens, size_t capacity, size_t *count);
/* NULL for a number that is no slot of the last look and of a fresh look. */
struct token *engine_slot(struct engine *engine, uint64_t slot_id);
/*
 * The native door's token: labelled `native_token`, else the only initialised one; with `create`, made when
 * there is none. 12000011 otherwise.
 */
HUKS_MUST_USE huks_rc engine_native_token(struct engine *engine, bool create, struct token **out);
/*
 * Waits until a token appeared, vanished or was initialised in some slot since the last event reported.
 * Without `block`: *slot_id is set and true in *event, or false. Woken by engine_wake(): 12000018.
 */
HUKS_MUST_USE huks_rc engine_slot_event(struct engine *engine, bool block, bool *event, uint64_t *slot_id);

HUKS_MUST_USE huks_rc engine_random(struct engine *engine, void *out, size_t size);
HUKS_MUST_USE huks_rc engine_random_seed(struct engine *engine, const void *seed, size_t size);

struct engine_limits {
    uint32_t limit, in_use, mine, wait_ms;
};
HUKS_MUST_USE huks_rc engine_limits(struct engine *engine, struct engine_limits *limits);

#endif
