/*
 * Binding a key to its user when it is made: HUKS's checks in HUKS's order (huks-semantics 6.2), and what the
 * key keeps of the user.
 *
 * Generation, import, unwrapping, derivation and C_CreateObject of either door pass here; a copy does not, it
 * keeps the rule that its source has.
 */
#ifndef HUKS_AUTH_BINDING_H
#define HUKS_AUTH_BINDING_H

#include "auth/rule.h"
#include "auth/user.h"

/* In whose words failures are: the native API's 401, or codes that a template's reader turns into CKR_*. */
enum binding_words { BINDING_NATIVE, BINDING_TEMPLATE };

/*
 * The tags among themselves, in order:
 *                                                          native                      template
 *   access type, challenge type absent                     401                         12000002
 * ABOUT_ATTRIBUTE authentication type, challenge type not HUKS's         401                         12000003
 * ABOUT_ATTRIBUTE access type that these authentications don't have      401                         12000003
 * ABOUT_TEMPLATE time-out not 1 … 600 s (no challenge)                  401                         12000003
 * ABOUT_ATTRIBUTE secure sign type not 1; key that can't sign            401                         …
 * ABOUT_TEMPLATE guarded purposes that the key has not                  12000003 ABOUT_PURPOSE      12000003
 * ABOUT_TEMPLATE guarded purposes with a cipher mode that would let one direction do the other's work
 * 12000001 ABOUT_PURPOSE      the same may be wrapped although it can become void             12000012
 * 12000003 ABOUT_TEMPLATE challenge position above 3                             401 12000003 ABOUT_ATTRIBUTE
 *   secure-UI PIN alone                                    (rules_check_generate())    12000001
 * ABOUT_ATTRIBUTE Params without a rule pass at once.
 */
HUKS_MUST_USE huks_rc binding_check(const struct param_list *params, enum binding_words words);

/*
 * What has to be so in the world: every demanded kind is enrolled and the user has a secure id (12000013; for
 * keys that are always valid nothing is asked, as in HUKS). 12000015 when the credentials can't be read.
 */
HUKS_MUST_USE huks_rc binding_check_user(struct auth *auth, const struct param_list *params);
/* The same where there is no token yet, and nobody enrolled. */
HUKS_MUST_USE huks_rc binding_check_nobody(const struct param_list *params);
/* The key demands a device password: there is one, else 12000016. */
HUKS_MUST_USE huks_rc binding_check_password(struct auth *auth, const struct param_list *params);

/* Bytes that the bound params view: as long as these. */
struct binding {
    uint8_t secure_uid[8];
    uint8_t enrolled[4 + 12 * AUTH_TYPES];
};
/* Both checks above, and puts what the key keeps into the params; what a caller put there himself is gone. */
HUKS_MUST_USE huks_rc binding_bind(struct auth *auth, struct param_list *params, struct binding *binding);

#endif
