/*
 * The native door's engine: made by the first call that needs one, made anew in a forked child.
 */
#ifndef HUKS_API_DOOR_H
#define HUKS_API_DOOR_H

#include "huks/native_huks_type.h"
#include "service/native.h"

HUKS_MUST_USE huks_rc door_engine(struct engine **out);

/* The sessions' part in a fork (session.c): the child has none of the parent's. */
void door_sessions_lock(void);
void door_sessions_unlock(void);
void door_sessions_forget(void);

/* 401 in HUKS's order: the alias has data, and 1 to 128 bytes. */
HUKS_MUST_USE huks_rc door_alias(const struct OH_Huks_Blob *alias, struct bytes *out);
/* 401 unless the blob has data and a size. */
HUKS_MUST_USE huks_rc door_blob(const struct OH_Huks_Blob *blob);
/* 401 unless the set is consistent and its tags are known and different. NULL is an empty set. */
HUKS_MUST_USE huks_rc door_set(const struct OH_Huks_ParamSet *set);

/* What one request on a stored key may weigh: alias, set, and bytes that go with them. */
#define REQUEST_MAX 64512u
/* What every call on an alias begins with: alias, set, weight (401), and the engine. `data`: such bytes. */
HUKS_MUST_USE huks_rc door_request(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                                   size_t data, struct bytes *name, struct engine **engine);

#endif
