/*
 * Whether a key may be used now: an authentication against the key's rule, in HUKS's order
 * (huks-semantics 6.5).
 *
 * The decision is made here for both doors. What comes in is evidence of an authentication (user.h), whether
 * it came in a token or was remembered in this process, and what the operation began with.
 */
#ifndef HUKS_AUTH_ACCESS_H
#define HUKS_AUTH_ACCESS_H

#include "auth/rule.h"
#include "auth/user.h"

/* What an operation begins with: compared with the evidence. */
struct access_terms {
    bool challenged;                        /* `challenge` is there */
    uint8_t challenge[AUTH_CHALLENGE_SIZE]; /* random; NORMAL: all of it counts, CUSTOM: 8 bytes */
    uint32_t position;                      /* CUSTOM: which 8 */
    struct auth_moment begun;               /* NONE: the authentication lies this near */
};
/* Draws a challenge if the rule wants one (or `always`), and takes the time. */
HUKS_MUST_USE huks_rc access_begin(struct auth *auth, const struct auth_rule *rule, bool always,
                                   struct access_terms *terms);

/*
 * Is the key void for good? 12000007 ABOUT_OBJECT when the PIN that it was bound to has been cleared, or when
 * a finger or face was enrolled since it was bound (of the kinds that may use it). Every bit of the access
 * type is applied, also in combination.
 */
HUKS_MUST_USE huks_rc access_check_void(struct auth *auth, const struct auth_rule *rule);

/* There is a device password if the rule asks for one: else 12000016. Asked at every step of an operation. */
HUKS_MUST_USE huks_rc access_check_password(struct auth *auth, const struct auth_rule *rule);

/*
 * The decision. In order:
 *   challenge is another one                              12000008 ABOUT_LOGIN
 *   time between authentication and beginning too long    12000009 ABOUT_LOGIN
 *   word of another device that the key does not take     12000001 ABOUT_FUNCTION
 *   a kind of authentication that the key does not take   12000008 ABOUT_LOGIN
 *   … of which HUKS has no bit                            12000001 ABOUT_FUNCTION
 *   another user                                          12000007 ABOUT_OBJECT
 *   another life of the PIN, finger or face than the
 *   key's, or the key is void by now                      12000007 ABOUT_OBJECT
 */
HUKS_MUST_USE huks_rc access_judge(struct auth *auth, const struct auth_rule *rule,
                                   const struct access_terms *terms, const struct auth_evidence *evidence);

#endif
