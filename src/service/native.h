/*
 * The keystore's verbs as HUKS has them: keys by alias and storage level, everything else in param sets.
 *
 * Sets are consistent and their tags known when they come here; what they say is checked here. Codes are the
 * native API's (401, 801 and 201 included).
 */
#ifndef HUKS_SERVICE_NATIVE_H
#define HUKS_SERVICE_NATIVE_H

#include "service/attest.h"
#include "service/operate.h"

HUKS_MUST_USE huks_rc native_generate(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set);
/* A key that is not kept: a new set, the caller's, holds it. */
HUKS_MUST_USE huks_rc native_generate_temporary(struct engine *engine, const OH_Huks_ParamSet *set,
                                                OH_Huks_ParamSet **out);
/* `key` is in the form that IMPORT_KEY_TYPE and the algorithm say. */
HUKS_MUST_USE huks_rc native_import(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                    struct bytes key);
/* A key that comes in encrypted for the key under the alias `wrapping`, by UNWRAP_ALGORITHM_SUITE. */
HUKS_MUST_USE huks_rc native_import_wrapped(struct engine *engine, struct bytes alias, struct bytes wrapping,
                                            const OH_Huks_ParamSet *set, struct bytes wrapped);
/* Out of this token and back: blobs that no other opens. */
HUKS_MUST_USE huks_rc native_wrap(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                  struct buffer *out);
HUKS_MUST_USE huks_rc native_unwrap(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                    struct bytes wrapped);
HUKS_MUST_USE huks_rc native_export(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                    struct secret *out);
HUKS_MUST_USE huks_rc native_attest(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                    bool anonymous, struct attestation *out);
HUKS_MUST_USE huks_rc native_delete(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set);
HUKS_MUST_USE huks_rc native_exist(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set);
/* A new set, the caller's. */
HUKS_MUST_USE huks_rc native_params(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                    OH_Huks_ParamSet **out);
/* Calls `visit` with each alias of the level; a failure stops it. */
HUKS_MUST_USE huks_rc native_list(struct engine *engine, const OH_Huks_ParamSet *set,
                                  huks_rc (*visit)(struct bytes alias, void *argument), void *argument);

/*
 * One session: zero-initialise; native_session_free() any time. One thread at a time. Update's and Finish's
 * sets say what is of the call; what the operation is, Init's set said. In a batch (huks-semantics 5.8) each
 * Update's set says what its operation is, and Update returns what Finish would; Finish ends the batch.
 */
struct native_session {
    struct operation operation;
    struct crypto_spec spec; /* scalars only; its views are dead after begin */
    uint32_t purpose;
    uint32_t alg, size_bits; /* the key's */
    size_t given, most;      /* bytes of data that came, and how many may come */
    bool collects;           /* the method works on the whole of its data, at the end */
    bool is_digest;          /* … and that is a digest, of which its length tells which */
    uint8_t digest[64];      /* such a one, as far as it has come */
    uint8_t nonce[16];       /* made here, because the caller gave none: goes out behind the tag */
    size_t nonce_size;
    OH_Huks_ParamSet *init; /* a derivation or agreement: what Init said, needed by Update */
    bool derived;
    struct secret secret; /* … and its result, from Update to Finish */
    bool batch;           /* every Update is an operation of its own */
    struct auth_moment ends;
};
HUKS_MUST_USE huks_rc native_begin(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                   struct native_session *session);
/* What the user's authentication for this session must answer: 32 bytes, or 0 when it needs no challenge. */
size_t native_challenge(const struct native_session *session, uint8_t challenge[AUTH_CHALLENGE_SIZE]);
HUKS_MUST_USE huks_rc native_update(struct native_session *session, const OH_Huks_ParamSet *set,
                                    struct bytes in, void *out, size_t *size);
HUKS_MUST_USE huks_rc native_finish(struct native_session *session, const OH_Huks_ParamSet *set,
                                    struct bytes in, void *out, size_t *size);
void native_session_free(struct native_session *session);

#endif
