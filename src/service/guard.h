/*
 * Guards: the authentication that one use of a key waits for.
 *
 * A guard is opened when an operation begins on a key whose rule asks for something, and passed at every step
 * that brings data; a use of any other key has none (NULL) and pays one comparison. The decisions are
 * auth/access.c's; here they meet tokens, items and what the two doors do differently: the native door wants
 * a token in the call and finds void keys out last (401, HUKS's order), PKCS #11 remembers this process's
 * logins and finds them out first.
 *
 * One thread at a time, as its operation.
 */
#ifndef HUKS_SERVICE_GUARD_H
#define HUKS_SERVICE_GUARD_H

#include "auth/access.h"
#include "crypto/op.h"
#include "service/item.h"

enum guard_door { GUARD_PKCS11, GUARD_NATIVE };

struct guard;

/*
 * For one use of `item` for `purpose`, NULL in `*out` when the key has no rule; where the rule frees the
 * purpose the guard takes authentications and asks for none. In order: no device password though the key asks
 * for one (12000016); a cipher mode or nonce with which a free direction would do the guarded one's work
 * (12000001). `spec` NULL: no cipher.
 */
HUKS_MUST_USE huks_rc guard_open(struct token *token, struct item *item, uint32_t purpose,
                                 const struct crypto_spec *spec, enum guard_door door, struct guard **out);
/* The last of these for another spec under the same guard: a message's. NULL guards pass. */
HUKS_MUST_USE huks_rc guard_check_spec(const struct guard *guard, const struct crypto_spec *spec);
void guard_free(struct guard *guard);      /* NULL is fine */
void guard_free_ptr(struct guard **guard); /* for AUTO() */

/* A creating template's rule, by itself: binding_check() in a template's words. */
HUKS_MUST_USE huks_rc guard_check_rule(const struct param_list *params);
/* What CKA_ALWAYS_AUTHENTICATE says of a key. */
bool guard_asks_each_use(const struct item *item);

/* 12000016 when the key demands a device password and there is none: the native door asks this first. */
HUKS_MUST_USE huks_rc guard_check_password(struct item *item);
/*
 * Init's own CHALLENGE_POS, natively: absent or above 3 is 401 where this use of the key compares 8 bytes of
 * a challenge; `*position` then says which.
 */
HUKS_MUST_USE huks_rc guard_read_position(const struct item *item, uint32_t purpose,
                                          const OH_Huks_ParamSet *init, uint32_t *position);
/* 12000007 when the key is void for good. For a key without a rule: HUKS_OK at once. */
HUKS_MUST_USE huks_rc guard_check_void(struct item *item);

/* 32 bytes, or 0 when no challenge belongs to this use. */
size_t guard_challenge(const struct guard *guard, uint8_t challenge[AUTH_CHALLENGE_SIZE]);
/* CHALLENGE_TYPE CUSTOM: which 8 bytes count, if not those that the key says. Before the first step; NULL is
 * fine. */
void guard_set_position(struct guard *guard, uint32_t position);
/* The kinds of authentication it takes, needed or not; 0: none. */
uint32_t guard_types(const struct guard *guard);
bool guard_granted(const struct guard *guard);

/*
 * Before every step with data: passes, or says why not. A device password is asked for each time; the user
 * once. Nobody authenticated: 12000008 ABOUT_LOGIN, natively 401. PKCS #11, key without a challenge: the
 * latest authentication of this process decides (12000009).
 */
HUKS_MUST_USE huks_rc guard_pass(struct guard *guard);

/*
 * One use is over and another begins under the same guard: who is asked each time is asked again, except in a
 * batch, until its end. NULL is fine.
 */
void guard_spend(struct guard *guard);
void guard_set_lasting(struct guard *guard, struct auth_moment until);

/* An auth token for this use: auth_token_open()'s and access_judge()'s answers. Failing changes nothing. */
HUKS_MUST_USE huks_rc guard_give_token(struct guard *guard, struct bytes auth_token);

/*
 * Asks the user, once for all these guards (none may be NULL); of the request count PIN, owner and talk. With a
 * PIN: the PIN; 12000008 ABOUT_AUTH_TYPE when none of them takes it, and it is not tested then. Without: fingers
 * or faces, 12000018 ABOUT_PIN when none takes these. Done when one guard at least is granted.
 */
HUKS_MUST_USE huks_rc guards_ask(struct token *token, struct guard *const *guards, size_t count,
                                 const struct auth_request *request);

/* ---- secure sign ---- */

#define GUARD_PREFIX_SIZE 24
/* Must what is signed begin with who authenticated? Known from the beginning. */
bool guard_signs_secure(const struct guard *guard);
/* u32 version ‖ u32 UserIAM type ‖ u64 enrolled id ‖ u64 credential id, once the guard is granted. */
void guard_prefix(const struct guard *guard, uint8_t prefix[GUARD_PREFIX_SIZE]);

/* ---- uses that are one call ---- */

/* Of one who gets the key's value itself, and can do with it what he likes: guarded whatever the rule frees.
 */
#define GUARD_ANY_PURPOSE UINT32_MAX

/* A challenge for the next such call, whatever its key will be: PKCS #11's GetChallenge. */
HUKS_MUST_USE huks_rc guard_await(struct token *token, struct guard **out);
/*
 * Opens and passes the guard of a use that is this one call. `*awaited` (NULL: none) may hold its
 * authentication, which is spent by that: freed and NULL. What a free key does leaves it alone.
 */
HUKS_MUST_USE huks_rc guard_once(struct token *token, struct item *item, uint32_t purpose,
                                 const struct crypto_spec *spec, struct guard **awaited);
/*
 * The same of the native door, whose one call brings its token (absent: with none): there is no challenge that it
 * could answer, so it serves keys with a time window, and 12000008 is what the others say.
 */
HUKS_MUST_USE huks_rc guard_once_native(struct token *token, struct item *item, uint32_t purpose,
                                        struct bytes auth_token);

#endif
