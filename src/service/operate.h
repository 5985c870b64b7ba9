/*
 * Operations on items: the use rules, the session limit, then the crypto engine.
 *
 * `struct operation` is embedded in a door's session, zero-initialised, and reused: after the first use it
 * allocates nothing. One thread at a time. Buffers follow crypto/op.h: too small is 12000014 ABOUT_BUFFER
 * with the size needed, and the operation goes on; every other error ends it (its key-operation session is
 * given back before the call returns).
 */
#ifndef HUKS_SERVICE_OPERATE_H
#define HUKS_SERVICE_OPERATE_H

#include "crypto/nonce.h"
#include "crypto/op.h"
#include "service/guard.h"
#include "service/item.h"
#include "session/table.h"

struct operation {
    struct token *token;     /* NULL: nothing pending */
    struct item *item;       /* NULL: a digest        */
    struct crypto_op *crypto;
    struct session_ref session;
    struct guard *guard;     /* the authentication that the key demands; NULL: it is free */
    enum guard_door door;    /* the native door says so before it begins */
    bool holds;              /* `session` counts */
    bool fed;                /* a part was given */
    bool by_input;           /* whether the key's digest set permits it, its input tells */
    bool process;            /* messages: begun by operation_open(), ended by operation_cancel() alone */
    bool hollow;             /* native door, void key: there is nothing to work with, and the guard says so */
    bool prefixed;           /* secure sign: who authenticated stands before the data by now */
    bool own_nonce;          /* the message's nonce was made here, all of it */
    struct crypto_spec spec; /* scalars only; its views are dead after begin */
};

/* Bytes that a digest gives; 0 for an unknown one. */
size_t operation_digest_size(uint32_t digest);
/* crypto_offers() of the engine's OpenSSL. */
bool operation_offered(struct engine *engine, uint32_t alg, const struct crypto_spec *spec);

/*
 * Begins: key void (12000007; natively the first step finds that out) → purpose (12000003 ABOUT_PURPOSE) →
 * the item's digest, padding and mode sets → guard_open() → a key-operation session (12000010) →
 * crypto_op_begin(). `purpose` is one OH_HUKS_KEY_PURPOSE_* bit. `item` NULL: a digest; takes no session.
 *
 * Steps with data pass the guard first; its refusal ends the operation like any other failure. With secure
 * sign what is signed, and what comes out, begins with GUARD_PREFIX_SIZE bytes that say who authenticated.
 */
HUKS_MUST_USE huks_rc operation_begin(struct operation *operation, struct token *token, struct item *item,
                                      uint32_t purpose, const struct crypto_spec *spec);
/*
 * Begins what the crypto engine does in one step, a derivation: takes the item and a key-operation session
 * (12000010), looks at nothing. operation_derive() checks the purpose and derives; the operation goes on.
 */
HUKS_MUST_USE huks_rc operation_hold(struct operation *operation, struct token *token, struct item *item,
                                     uint32_t purpose);
HUKS_MUST_USE huks_rc operation_derive(struct operation *operation, const struct crypto_derive_spec *spec,
                                       struct secret *out);
static inline bool operation_pending(const struct operation *operation)
{
    return operation->token != NULL;
}
HUKS_MUST_USE huks_rc operation_update(struct operation *operation, struct bytes in, void *out, size_t *size);
HUKS_MUST_USE huks_rc operation_finish(struct operation *operation, void *out, size_t *size);
HUKS_MUST_USE huks_rc operation_once(struct operation *operation, struct bytes in, void *out, size_t *size);
HUKS_MUST_USE huks_rc operation_verify(struct operation *operation, struct bytes signature);
HUKS_MUST_USE huks_rc operation_verify_once(struct operation *operation, struct bytes in, struct bytes signature);
HUKS_MUST_USE huks_rc operation_digest_key(struct operation *operation, struct item *item);
/*
 * The native door's call comes with this auth token (absent: with none), which counts until the key's user is
 * authenticated: codes of guard_pass() and guard_give_token(), and 12000007 of a void key after all others.
 */
HUKS_MUST_USE huks_rc operation_authenticate(struct operation *operation, struct bytes auth_token);
/* What every step with data begins with, for doors that do something else before it. */
HUKS_MUST_USE huks_rc operation_pass(struct operation *operation);
/* A use that is no step (a length query): it is not idle any more. Fails when a waiter took its session. */
HUKS_MUST_USE huks_rc operation_touch(struct operation *operation);
size_t operation_size(const struct operation *operation, enum crypto_step step, size_t in_size);
bool operation_multipart(const struct operation *operation);
/* Sealed state of a running digest, opaque, for this process; and back into `operation`. */
HUKS_MUST_USE huks_rc operation_save(struct operation *operation, struct buffer *state);
HUKS_MUST_USE huks_rc operation_restore(struct operation *operation, struct token *token, struct bytes state);

/*
 * Messages: many operations one after the other with one key, under one key-operation session, which is held
 * from operation_open() until operation_cancel(). Opening checks as operation_begin() does and reads the
 * spec's scalars only; operation_message() begins a message by its own spec and drops an unfinished one.
 * What ends an operation otherwise, its last step or a failure, ends the message here, and the authentication
 * of a key that asks at every use goes with it; but the guard's refusal ends the process. A key that was made
 * for batches of this purpose keeps its authentication for RULES_BATCH_DEFAULT seconds from the opening.
 */
HUKS_MUST_USE huks_rc operation_open(struct operation *operation, struct token *token, struct item *item,
                                     uint32_t purpose, const struct crypto_spec *spec);
HUKS_MUST_USE huks_rc operation_message(struct operation *operation, const struct crypto_spec *spec);
/*
 * A batch of the native door: such a process of which nothing is known but its purpose, with one
 * authentication for all its messages. Checks no more than operation_hold(); when it is over, the door knows.
 */
HUKS_MUST_USE huks_rc operation_batch(struct operation *operation, struct token *token, struct item *item,
                                      uint32_t purpose);
/* A nonce for the next message, crypto/nonce.h; `lasting` is filled in here. */
HUKS_MUST_USE huks_rc operation_nonce(struct operation *operation, struct crypto_nonce how, uint8_t *nonce,
                                      size_t size);
struct bytes operation_tag(const struct operation *operation);
HUKS_MUST_USE huks_rc operation_set_tag(struct operation *operation, struct bytes tag);

/* Lets the key of an earlier operation go, which stays prepared for the next one until then (logout). */
void operation_forget(struct operation *operation);
/* Ends it without a result. Any time. */
void operation_cancel(struct operation *operation);
/* Frees the contexts too. Any time; the struct is as new. */
void operation_free(struct operation *operation);

/* ---- one-call verbs: `awaited` as in guard_once(), NULL where there is none ---- */

/* Derives into a new secret key (holds a key-operation session for the call). */
HUKS_MUST_USE huks_rc operate_derive(struct token *token, struct item *base,
                                     const struct crypto_derive_spec *spec, struct guard **awaited,
                                     struct item_draft *draft, uint64_t *handle);
/*
 * Several things from one derivation, end to end: new secret keys, and bytes for the caller where there is no
 * draft. All of them or, when one can't be made, none.
 */
struct operate_piece {
    struct item_draft *draft; /* NULL: bytes for `out`                           */
    void *out;
    size_t size;              /* 0 for the only piece: what the method gives     */
    uint64_t handle;          /* of the new item                                 */
};
HUKS_MUST_USE huks_rc operate_derive_pieces(struct token *token, struct item *base,
                                            const struct crypto_derive_spec *spec, struct guard **awaited,
                                            struct operate_piece *pieces, size_t count);
/*
 * A new secret key from a password that is no item. `iv` (size 0: none) takes the IV that PKCS#12 derives with an
 * id of its own, PKCS#5's first scheme as the last of spec->size bytes.
 */
struct bytes_out {
    uint8_t *data;
    size_t size;
};
HUKS_MUST_USE huks_rc operate_derive_password(struct token *token, struct bytes password,
                                              const struct crypto_derive_spec *spec, struct item_draft *draft,
                                              struct bytes_out iv, uint64_t *handle);
/* Derives and gives the bytes. */
HUKS_MUST_USE huks_rc operate_derive_bytes(struct token *token, struct item *base,
                                           const struct crypto_derive_spec *spec, struct guard **awaited,
                                           struct secret *out);
#endif
