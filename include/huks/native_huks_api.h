/*
 * Keys and key operations of the native HUKS API.
 *
 * A key is found by its alias: 1 to 128 bytes of any value. It lives on the native door's token, the one
 * labelled "HUKS" (`native_token` in the configuration) or else the only one; the first call that makes a
 * key makes that token when there is none. No call before these is needed, from any thread, and after fork
 * parent and child each go on by themselves. PKCS #11 shows the same keys.
 *
 * Every alias and output buffer belongs to the caller. A parameter set marked "may be NULL" counts as an
 * empty one. AUTH_STORAGE_LEVEL in the set selects the storage class (default CE); while the token has a
 * PIN that was not given in this process, CE and ECE answer 201.
 *
 * A `size` of an output blob is its capacity on entry and the bytes written on return.
 *
 * Any call can also return 12000004 (a store file can't be read or written), 12000012 (the store or the
 * platform is not as it should be) and 12000014 (no memory).
 */
#ifndef HUKS_NATIVE_HUKS_API_H
#define HUKS_NATIVE_HUKS_API_H

#include "huks/native_huks_param.h"
#include "huks/native_huks_type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library hides everything that is not declared here. */
#if defined __GNUC__
#pragma GCC visibility push(default)
#endif

/*
 * Writes the API's version, NUL-terminated, and sets its length without the NUL.
 * 401 sdkVersion or its data is NULL, or fewer than 8 bytes.
 */
struct OH_Huks_Result OH_Huks_GetSdkVersion(struct OH_Huks_Blob *sdkVersion);

/*
 * Generates a key, or a key pair, and stores it under the alias; an existing one is replaced unless
 * KEY_OVERRIDE is false. ALGORITHM, PURPOSE and KEY_SIZE must be in the set. paramSetOut may be NULL.
 *
 * 401 NULL, alias, set · 12000002 a mandatory parameter is missing · 12000003 one is wrong · 12000006 ·
 * 12000017 the alias is taken and KEY_OVERRIDE is false · 801 KEY_STORAGE_FLAG asks for a temporary key.
 */
struct OH_Huks_Result OH_Huks_GenerateKeyItem(const struct OH_Huks_Blob *keyAlias,
                                              const struct OH_Huks_ParamSet *paramSetIn,
                                              struct OH_Huks_ParamSet *paramSetOut);

/*
 * The public key as SubjectPublicKeyInfo DER; 32 raw bytes for X25519 and Ed25519. paramSet may be NULL.
 * 401 NULL, buffer too small, the key is symmetric · 12000011 no such key.
 */
struct OH_Huks_Result OH_Huks_ExportPublicKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                  const struct OH_Huks_ParamSet *paramSet, struct OH_Huks_Blob *key);

/* Deletes a key, both halves of a pair. paramSet may be NULL. 401 · 12000011 no such key. */
struct OH_Huks_Result OH_Huks_DeleteKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet);

/*
 * The parameters that the key was made with. On entry paramSetOut->paramSetSize is the capacity.
 * 401 NULL, capacity too small · 12000011.
 */
struct OH_Huks_Result OH_Huks_GetKeyItemParamSet(const struct OH_Huks_Blob *keyAlias,
                                                 const struct OH_Huks_ParamSet *paramSetIn,
                                                 struct OH_Huks_ParamSet *paramSetOut);

/* 0 the key exists · 12000011 it does not · 401. paramSet may be NULL. */
struct OH_Huks_Result OH_Huks_IsKeyItemExist(const struct OH_Huks_Blob *keyAlias,
                                             const struct OH_Huks_ParamSet *paramSet);

/*
 * Begins an operation: PURPOSE (one) and ALGORITHM must be in the set, and what the operation needs. `handle`
 * receives 8 bytes that name the session. `token` may be NULL; its size becomes 0 when no challenge is needed.
 * It holds one of the store's key-operation sessions until it ends.
 *
 * 401 · 12000002 · 12000003 · 12000010 no session came free · 12000011 no such key.
 */
struct OH_Huks_Result OH_Huks_InitSession(const struct OH_Huks_Blob *keyAlias,
                                          const struct OH_Huks_ParamSet *paramSet, struct OH_Huks_Blob *handle,
                                          struct OH_Huks_Blob *token);

/*
 * Gives the session one part of its data. Ciphers write what they have to outData; others set its size to 0.
 * A failure ends the session, except for wrong pointers and sets.
 *
 * 401 · 12000006 · 12000011 no such session.
 */
struct OH_Huks_Result OH_Huks_UpdateSession(const struct OH_Huks_Blob *handle,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *inData, struct OH_Huks_Blob *outData);

/*
 * Ends the session and writes its result. inData is the last part of the data; when verifying, the signature.
 * The session is over whatever the result, except for wrong pointers and sets.
 *
 * 401 · 12000006 refused by the crypto engine; a signature that does not verify · 12000011.
 */
struct OH_Huks_Result OH_Huks_FinishSession(const struct OH_Huks_Blob *handle,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *inData, struct OH_Huks_Blob *outData);

/* Ends the session without a result. An unknown handle is no error. 401 NULL. */
struct OH_Huks_Result OH_Huks_AbortSession(const struct OH_Huks_Blob *handle,
                                           const struct OH_Huks_ParamSet *paramSet);

/*
 * The aliases of one storage level. *outData is untouched when there is none; free it with
 * OH_Huks_FreeKeyAliasSet. 401 NULL, more than 2048 keys.
 */
struct OH_Huks_Result OH_Huks_ListAliases(const struct OH_Huks_ParamSet *paramSet,
                                          struct OH_Huks_KeyAliasSet **outData);

#if defined __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
