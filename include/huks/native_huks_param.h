/*
 * Parameter sets of the native HUKS API: make one, fill it, build it, read it, free it.
 *
 *     struct OH_Huks_ParamSet *set = NULL;
 *     OH_Huks_InitParamSet(&set);
 *     OH_Huks_AddParams(set, params, count);      // blobs still point to the caller's memory
 *     OH_Huks_BuildParamSet(&set);                // one block, blobs copied into it; set may move
 *     …
 *     OH_Huks_FreeParamSet(&set);                 // set is NULL again
 *
 * A set takes at most 42 parameters on 64-bit and 63 on 32-bit platforms, and 4 MiB. Its memory belongs to
 * the library; release it with OH_Huks_FreeParamSet only. A set is not locked: one thread at a time.
 *
 * Results. errorCode is 0 or one of the codes listed with each function. errorMsg is never NULL, is never
 * to be freed, and stays as it is until the library is unloaded. data is NULL. The texts of 401 are "Invalid parameters.", "The parameter value cannot be null.",
 * "Insufficient buffer size." and "The parameter does not exist.".
 *
 * Since OpenHarmony API level 9, where no other level is named.
 */
#ifndef HUKS_NATIVE_HUKS_PARAM_H
#define HUKS_NATIVE_HUKS_PARAM_H

#include "huks/native_huks_type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library hides everything that is not declared here. */
#if defined __GNUC__
#pragma GCC visibility push(default)
#endif

/*
 * Makes an empty set with room for the largest number of parameters. `paramSet` receives it.
 *
 * 401 paramSet is NULL · 12000014 no memory.
 */
struct OH_Huks_Result OH_Huks_InitParamSet(struct OH_Huks_ParamSet **paramSet);

/*
 * Appends `paramCnt` parameters. Blobs are not copied: until OH_Huks_BuildParamSet the caller's bytes must
 * stay where they are. Nothing is added when any parameter is refused. Tags are not looked at: unknown and
 * repeated ones are found by OH_Huks_IsParamSetTagValid and by the calls that use the set. A blob of size 0
 * needs a data pointer all the same.
 *
 * 401 paramSet or params is NULL; too many parameters; more than 4 MiB; a blob without data.
 */
struct OH_Huks_Result OH_Huks_AddParams(struct OH_Huks_ParamSet *paramSet, const struct OH_Huks_Param *params,
                                        uint32_t paramCnt);

/*
 * Copies all blobs behind the parameters and points the parameters at the copies. *paramSet may move: keep
 * no pointer into a set across this call. Call it once, after the last OH_Huks_AddParams; on failure
 * *paramSet is what it was.
 *
 * 401 paramSet or *paramSet is NULL, or the set's sizes do not agree · 12000014 no memory.
 */
struct OH_Huks_Result OH_Huks_BuildParamSet(struct OH_Huks_ParamSet **paramSet);

/*
 * Overwrites a built set's bytes, frees it and sets *paramSet to NULL. NULL and *NULL are fine.
 */
void OH_Huks_FreeParamSet(struct OH_Huks_ParamSet **paramSet);

/*
 * Makes an independent copy of a built set. `fromParamSetSize` is the set's own paramSetSize, in bytes.
 * `paramSet` receives the copy, which the caller frees.
 *
 * 401 fromParamSet or paramSet is NULL, or the size is not the set's · 12000014 no memory.
 */
struct OH_Huks_Result OH_Huks_CopyParamSet(const struct OH_Huks_ParamSet *fromParamSet, uint32_t fromParamSetSize,
                                           struct OH_Huks_ParamSet **paramSet);

/*
 * Finds the first parameter with `tag`. *param points INTO the set and lives as long as it does; it is left
 * alone on failure.
 *
 * 401 a pointer is NULL, the set's sizes do not agree, or it has no such parameter.
 */
struct OH_Huks_Result OH_Huks_GetParam(const struct OH_Huks_ParamSet *paramSet, uint32_t tag,
                                       struct OH_Huks_Param **param);

/*
 * Points the blobs of a set that was moved in memory at the bytes behind its parameters. With `isCopy` the
 * bytes the blobs point to now are copied there first; the block must then have room for them, that is
 * paramSetSize bytes.
 *
 * 401 paramSet is NULL, or its sizes do not agree.
 */
struct OH_Huks_Result OH_Huks_FreshParamSet(struct OH_Huks_ParamSet *paramSet, bool isCopy);

/*
 * Are all tags known, and is none repeated? An empty set passes.
 *
 * 401 paramSet is NULL, its sizes do not agree, or it holds an unknown or repeated tag.
 */
struct OH_Huks_Result OH_Huks_IsParamSetTagValid(const struct OH_Huks_ParamSet *paramSet);

/*
 * Is this a set of exactly `size` bytes whose parameters fit in it?
 *
 * 401 if not, or paramSet is NULL.
 */
struct OH_Huks_Result OH_Huks_IsParamSetValid(const struct OH_Huks_ParamSet *paramSet, uint32_t size);

/*
 * Are two parameters the same: tag, and value (of blobs: size and bytes)?
 *
 * 401 if not; a pointer is NULL; the tag has no type.
 */
struct OH_Huks_Result OH_Huks_CheckParamMatch(const struct OH_Huks_Param *baseParam,
                                              const struct OH_Huks_Param *param);

/*
 * Frees what OH_Huks_ListAliases made: aliases, array and struct. NULL is fine. Since 20.
 */
void OH_Huks_FreeKeyAliasSet(struct OH_Huks_KeyAliasSet *keyAliasSet);

#if defined __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
