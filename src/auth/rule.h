/*
 * What a key demands of its user before it works: the authentication tags of its params, read once.
 *
 * HUKS calls it access control (huks-semantics 6). A rule is fixed when the key is made (binding.h) and
 * judged when it is used (access.h). Touches nothing.
 */
#ifndef HUKS_AUTH_RULE_H
#define HUKS_AUTH_RULE_H

#include "common/error.h"
#include "common/memory.h"
#include "param/set.h"

/* The largest window of a key without a challenge, in seconds, and the one it has when it names none. */
#define AUTH_WINDOW_MAX     MAX_AUTH_TIMEOUT_SECOND
#define AUTH_WINDOW_DEFAULT 3

struct auth_rule {
    uint32_t types;     /* OH_HUKS_USER_AUTH_TYPE_* mask; 0: nobody need authenticate            */
    uint32_t access;    /* OH_HUKS_AUTH_ACCESS_* mask: what voids the key                        */
    uint32_t challenge; /* OH_HUKS_CHALLENGE_TYPE_*                                              */
    uint32_t position;  /* CUSTOM: which 8 of the 32 bytes count, unless the operation says      */
    uint32_t window_s;  /* NONE: seconds between authentication and the operation's beginning    */
    uint32_t purposes;  /* what needs the authentication; 0: everything                          */
    bool secure_sign;   /* what is signed begins with who authenticated                          */
    bool password;      /* there must be a user PIN, whoever authenticates                       */
    bool coauth;        /* tokens of another device are good                                     */
    int32_t user_id;    /* whose the key is                                                      */
    uint64_t secure_uid;
    struct bytes enrolled; /* u32 count, count × {u32 UserIAM type, u64 enrolled id}: a view of the params */
};

/* Is there anything in the params that a use must ask about? For all other keys nothing below is called. */
bool auth_ruled(const OH_Huks_ParamSet *params);
/* `params` must outlive the rule. */
void auth_rule_read(const OH_Huks_ParamSet *params, struct auth_rule *rule);

/*
 * Does a use for this purpose (an OH_HUKS_KEY_PURPOSE_* or HUKS_PURPOSE_* bit) need the authentication?
 * Purposes by which a key does the same thing (signing and signing with recovery, decrypting and unwrapping)
 * go together: who guards one guards its kin, or the guard would be no more than a name.
 */
bool auth_rule_guards(const struct auth_rule *rule, uint32_t purpose);
/* Does the user have to be asked for every single use? */
bool auth_rule_challenges(const struct auth_rule *rule);

#endif
