/*
 * The native door's engine: made by the first call that needs one, made anew in a forked child. Where the
 * configuration names a service, a connection to huksd stands in its place.
 */
#ifndef HUKS_API_DOOR_H
#define HUKS_API_DOOR_H

#include "huks/native_huks_type.h"
#include "service/native.h"

/* What door_engine() answers when the engine is huksd's: who makes the call goes there with it (remote.h). */
#define DOOR_ELSEWHERE (-1)
HUKS_MUST_USE huks_rc door_engine(struct engine **out);
/* The connection, where door_engine() answered so in this process; else NULL. */
struct ipc_client;
struct ipc_client *door_client(void);

/* In huksd: makes the engine by this configuration, before the first call; and wakes whoever waits in one. */
HUKS_MUST_USE huks_rc door_open(const struct config *config);
void door_wake(void);

/* The sessions' part in a fork (session.c): the child has none of the parent's. */
void door_sessions_lock(void);
void door_sessions_unlock(void);
void door_sessions_forget(void);

/* 401 in HUKS's order: the alias has data, and 1 to 128 bytes. */
HUKS_MUST_USE huks_rc door_alias(const struct OH_Huks_Blob *alias, struct bytes *out);
/* 401 unless the blob has data and a size. */
HUKS_MUST_USE huks_rc door_blob(const struct OH_Huks_Blob *blob);
/* 401 unless the set is consistent, blobs included, and its tags are known and different. NULL is an empty
 * set. */
HUKS_MUST_USE huks_rc door_set(const struct OH_Huks_ParamSet *set);

/* Copies a set into the caller's, whose room that is. 401 when it does not fit. */
HUKS_MUST_USE huks_rc door_give_set(const struct OH_Huks_ParamSet *set, uint32_t room,
                                    struct OH_Huks_ParamSet *out);

/* What one request on a stored key may weigh: alias, set, and bytes that go with them. */
#define REQUEST_MAX 64512u
/* What every call on an alias begins with: alias, set, weight (401), and the engine. `data`: such bytes. */
HUKS_MUST_USE huks_rc door_request(const struct OH_Huks_Blob *alias, const struct OH_Huks_ParamSet *set,
                                   size_t data, struct bytes *name, struct engine **engine);

#endif
