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
 * platform is not as it should be), 12000014 (no memory) and, where the configuration
 * names a service, 12000005 (nobody answers there, or not any more: the next call tries again, and sessions, PINs and
 * what was authenticated before are forgotten).
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
 * With KEY_STORAGE_FLAG TEMP the key is not stored: keyAlias may be NULL, and paramSetOut, whose paramSetSize is
 * the room in bytes, receives it in the clear: SYMMETRIC_KEY_DATA, or ASYMMETRIC_PUBLIC_KEY_DATA
 * (OH_Huks_PubKeyInfo and numbers; OH_Huks_KeyMaterial… with a private size of 0) and
 * ASYMMETRIC_PRIVATE_KEY_DATA (OH_Huks_KeyMaterial…).
 *
 * KEY_GENERATE_TYPE AGREE makes an AES key of a key agreement's secret, its first KEY_SIZE bits: AGREE_ALG
 * (X25519, ECDH, DH), AGREE_PRIVATE_KEY_ALIAS, AGREE_PUBLIC_KEY and AGREE_PUBLIC_KEY_IS_KEY_ALIAS must be there.
 * Sessions agree in a better way.
 *
 * 401 NULL, alias, set, no room · 12000002 a mandatory parameter is missing · 12000003 one is wrong · 12000006 ·
 * 12000011 no such key to agree with · 12000012 the key to agree with keeps its secrets inside, or gives all of
 * them out, and this call wants otherwise · 12000016 IS_DEVICE_PASSWORD_SET and there is none · 12000017 the
 * alias is taken and KEY_OVERRIDE is false.
 */
struct OH_Huks_Result OH_Huks_GenerateKeyItem(const struct OH_Huks_Blob *keyAlias,
                                              const struct OH_Huks_ParamSet *paramSetIn,
                                              struct OH_Huks_ParamSet *paramSetOut);

/*
 * Stores a key that is given in the clear under the alias; an existing one is replaced unless KEY_OVERRIDE is
 * false. ALGORITHM, PURPOSE and KEY_SIZE must be in the set. A secret key is its bytes. Of a key pair
 * IMPORT_KEY_TYPE says what `key` is: PUBLIC_KEY, or absent: SubjectPublicKeyInfo DER, or the 32 raw bytes of
 * X25519 and Ed25519; PRIVATE_KEY and KEY_PAIR: one of the OH_Huks_KeyMaterial structs with its numbers; of
 * X25519 and Ed25519, PRIVATE_KEY may be the 32 raw bytes. A half alone takes one purpose, that of its half.
 *
 * 401 NULL, alias, set, key bytes that are not what the set says · 12000002 a mandatory parameter is missing ·
 * 12000003 one is wrong · 12000016 IS_DEVICE_PASSWORD_SET and there is none · 12000017 the alias is taken and
 * KEY_OVERRIDE is false.
 */
struct OH_Huks_Result OH_Huks_ImportKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *key);

/*
 * Stores a key that was encrypted for the key under wrappingKeyAlias, which has PURPOSE UNWRAP and is found in
 * the same storage level. UNWRAP_ALGORITHM_SUITE says how; what is in wrappedKeyData, enum OH_Huks_AlgSuite. The
 * other tags are those of OH_Huks_ImportKeyItem. What was encrypted is its `key`, except that a public key is
 * key material, too (OH_Huks_PubKeyInfo and numbers, or OH_Huks_KeyMaterial… with a private size of 0).
 *
 * Suite 5 encrypts a bare value: a secret key, or with IMPORT_KEY_TYPE KEY_PAIR the private exponent, scalar or
 * 32 bytes; the public key is then in ASYMMETRIC_PUBLIC_KEY_DATA as OH_Huks_ImportKeyItem takes it. Its SM2 key
 * may have PURPOSE DECRYPT.
 *
 * 401 NULL, alias, set, a wrapped key of wrong format, key bytes that are not what the set says · 12000002 a
 * mandatory parameter is missing, the suite among them · 12000003 one is wrong; the wrapping key's purpose or
 * algorithm · 12000006 it does not decrypt · 12000011 no wrapping key · 12000017 the alias is taken and
 * KEY_OVERRIDE is false.
 */
struct OH_Huks_Result OH_Huks_ImportWrappedKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                   const struct OH_Huks_Blob *wrappingKeyAlias,
                                                   const struct OH_Huks_ParamSet *paramSet,
                                                   const struct OH_Huks_Blob *wrappedKeyData);

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
 * Attests a key: certificates that say that it is here and what it may do, for ATTESTATION_CHALLENGE (1 to 128
 * bytes, mandatory). RSA, ECC from P-256 on, X25519, SM2 and Ed25519 keys that have their private half here and
 * never leave. certChain->certs holds certsCount (3 or 4) buffers of the caller's; a chain has 4 certificates, the
 * key's own first, then the device's, its CA's and the root, which are this token's. Each is PEM without a NUL, its
 * base64 in one line: 2048 bytes are room enough, 4096 for the key's own with long identifiers. The key's
 * certificate has HUKS's extension 1.3.6.1.4.1.2011.2.376.1.3. ATTESTATION_ID_ALIAS, …_SEC_LEVEL_INFO,
 * …_VERSION_INFO and other identifiers of the set are claimed there as the caller's words.
 *
 * 401 NULL, alias, set, no challenge, a key of another algorithm, no room (nothing is written) · 12000001 ECC on
 * P-224 · 12000003 a key that may leave the token · 12000011 no such key.
 */
struct OH_Huks_Result OH_Huks_AttestKeyItem(const struct OH_Huks_Blob *keyAlias,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            struct OH_Huks_CertChain *certChain);

/*
 * The same without identifiers, in 3 certificates whose issuers name no device: the key's own, an anonymous CA's
 * and its root. Since 11.
 */
struct OH_Huks_Result OH_Huks_AnonAttestKeyItem(const struct OH_Huks_Blob *keyAlias,
                                                const struct OH_Huks_ParamSet *paramSet,
                                                struct OH_Huks_CertChain *certChain);

/*
 * Begins an operation: PURPOSE (one) and ALGORITHM must be in the set, and what the operation needs. `handle`
 * receives 8 bytes that name the session. `token` may be NULL; its size becomes 0 when no challenge is needed.
 * It holds one of the store's key-operation sessions until it ends.
 *
 * What the key was made with must be said again, with that value (401); what its maker left open must be said,
 * with a value that the algorithm has (12000002). Encryption with GCM or CCM makes a nonce when NONCE is absent.
 * Decryption with them needs NONCE and AE_TAG here. DERIVE (ALGORITHM HKDF or PBKDF2) and AGREE (ECDH, X25519,
 * DH) look at their parameters at the first update.
 *
 * 401 NULL, alias, set, handle shorter than 8 bytes, purpose, a value that is not the key's, IV or nonce absent ·
 * 12000001 what HUKS has no number for · 12000002 · 12000003 IV, nonce, tag length, algorithm ·
 * 12000010 no session came free · 12000011 no such key · 12000012 the PSS salt is not the key's ·
 * 12000018 AE_TAG is of another length.
 */
struct OH_Huks_Result OH_Huks_InitSession(const struct OH_Huks_Blob *keyAlias,
                                          const struct OH_Huks_ParamSet *paramSet, struct OH_Huks_Blob *handle,
                                          struct OH_Huks_Blob *token);

/*
 * Gives the session one part of its data, at most 8 MiB. Ciphers that work on parts write what they have to
 * outData, which must have room for as much as comes in; all others set its size to 0. CCM, RSA, SM2, Ed25519
 * and DIGEST_NONE collect their data; CCM takes 100 KiB of it, the others 5 MiB.
 *
 * DERIVE takes exactly one update, whose data count for nothing. AGREE takes exactly one: the peer's public key,
 * as OH_Huks_ExportPublicKeyItem gives it.
 *
 * A failure ends the session, except for wrong pointers, sets and more than 8 MiB.
 *
 * 401 NULL, nothing or too much in, too little room, no public key · 12000002, 12000003 parameters of a
 * derivation · 12000006 · 12000011 no such session, or another call is in it · 12000012 a second update.
 */
struct OH_Huks_Result OH_Huks_UpdateSession(const struct OH_Huks_Blob *handle,
                                            const struct OH_Huks_ParamSet *paramSet,
                                            const struct OH_Huks_Blob *inData, struct OH_Huks_Blob *outData);

/*
 * Ends the session and writes its result. inData is the last part of the data, and may be empty; when verifying,
 * it is the signature, and outData may be empty. Room is asked for the largest result: for ECB and CBC
 * encryption the data, their padding and one block more; for RSA the modulus's length.
 *
 * A derived or agreed secret goes to outData, or, with KEY_STORAGE_FLAG PERSISTENT or
 * DERIVED_AGREED_KEY_STORAGE_FLAG ONLY_USED_IN_HUKS in the set, becomes a symmetric key under KEY_ALIAS;
 * ALGORITHM, KEY_SIZE (the secret's) and PURPOSE must then be in the set, and KEY_OVERRIDE counts.
 *
 * The session is over whatever the result, except for wrong pointers and sets.
 *
 * 401 NULL, no room, data of a wrong length, no update before · 12000002, 12000003 tags of the new key, a
 * signature of impossible length · 12000006 refused by the crypto engine; a signature or tag that does not
 * verify · 12000011 · 12000012 where the secret is to go contradicts the base key · 12000017 KEY_ALIAS is taken.
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

/*
 * A key as bytes that only this token makes a key of again, in the storage level it was in: for keys made with
 * IS_ALLOWED_WRAP true and KEY_WRAP_TYPE HUK_BASED, which the set must name, too. wrappedKey->size is the room;
 * 10 KiB and what the key's parameters take are enough. Since 20.
 *
 * 12000011 no such key · 12000012 the key does not allow it · 12000014 no room · 12000018 NULL, alias, set, no
 * KEY_WRAP_TYPE or another one.
 */
struct OH_Huks_Result OH_Huks_WrapKey(const struct OH_Huks_Blob *keyAlias, const struct OH_Huks_ParamSet *paramSet,
                                      struct OH_Huks_Blob *wrappedKey);

/*
 * The key of such bytes, stored under keyAlias with all that it was made with; an existing one is replaced unless
 * KEY_OVERRIDE is false. Since 20.
 *
 * 12000006 the bytes are another token's, another level's, or damaged · 12000017 the alias is taken and
 * KEY_OVERRIDE is false · 12000018 NULL, alias, set, bytes that are no wrapped key, no KEY_WRAP_TYPE or another one.
 */
struct OH_Huks_Result OH_Huks_UnwrapKey(const struct OH_Huks_Blob *keyAlias, const struct OH_Huks_ParamSet *paramSet,
                                        struct OH_Huks_Blob *wrappedKey);

#if defined __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
