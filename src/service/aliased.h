/*
 * What the files of the native door's verbs share, native*.c: what lies under an alias, and the parts of a
 * session. What they share to make keys stands in native_make.h.
 */
#ifndef HUKS_SERVICE_ALIASED_H
#define HUKS_SERVICE_ALIASED_H

#include "service/native.h"

/* The storage level that a set asks for. */
uint32_t native_level(const OH_Huks_ParamSet *set);
/*
 * The native door's token, with the set's level open: CE and ECE wait for the PIN of a token that has one
 * (201). `create` makes the token when there is none.
 */
HUKS_MUST_USE huks_rc native_token(struct engine *engine, const OH_Huks_ParamSet *set, bool create,
                                   struct token **out);

/* The items under an alias of a level: one, or a pair's two. */
struct aliased {
    struct item *items[2];
    size_t count;
    uint64_t damaged[2]; /* handles of records that bear the alias and can't be read */
    size_t damaged_count;
};
void aliased_free(struct aliased *aliased);
/* The native door's token and what the alias means there, at the set's level; 12000011 when nothing does,
 * 12000012 when what does is damaged, be it a half of a pair: `out` then says which. */
HUKS_MUST_USE huks_rc aliased_open(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                   struct token **token, struct aliased *out);
/* The same for who uses the keys: they are loaded, and stay so when somebody replaces them. */
HUKS_MUST_USE huks_rc aliased_open_keys(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                        struct token **token, struct aliased *out);

/* Its user is to be asked before it is used: such a key never leaves, wrapped or not. */
bool native_asks_user(const struct item *item);
/* DES, triple DES and MD5 are for old data, and there when the configuration says so: else 12000001. */
HUKS_MUST_USE huks_rc native_legacy(struct engine *engine, uint32_t alg, uint32_t digest);

/* What Init asks of the crypto engine, of a key made with `key`; views are Init's (native_spec.c). */
HUKS_MUST_USE huks_rc native_spec(const OH_Huks_ParamSet *init, const OH_Huks_ParamSet *key,
                                  struct crypto_spec *spec);

/* Does CKA_ALLOWED_MECHANISMS name a mechanism that does what Init asks? 401 (native_allowed.c). */
HUKS_MUST_USE huks_rc native_allowed(const struct item *item, const OH_Huks_ParamSet *init);

/* Before an operation that begins without the key. */
HUKS_MUST_USE huks_rc native_hold(struct item *item);
/* Sessions that derive and agree (native_derive.c); `item` is the base key, purposes not yet looked at. */
HUKS_MUST_USE huks_rc native_derive_begin(struct native_session *session, struct token *token,
                                          struct item *item, const OH_Huks_ParamSet *set);
HUKS_MUST_USE huks_rc native_derive_update(struct native_session *session, struct bytes in);
HUKS_MUST_USE huks_rc native_derive_finish(struct native_session *session, const OH_Huks_ParamSet *set,
                                           void *out, size_t *size);

#endif
