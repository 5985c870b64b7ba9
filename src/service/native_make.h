/*
 * What the native door's creating calls share, in the order in which HUKS checks: for native*.c alone.
 *
 *     make_begin()          what no caller may say · a taken alias · user authentication
 *     rules_check_…()       the algorithm's rules (param/rules.h)
 *     make_token()          the device password · the token, with its level open
 *     make_keep()           the key as one item or two
 */
#ifndef HUKS_SERVICE_NATIVE_MAKE_H
#define HUKS_SERVICE_NATIVE_MAKE_H

#include "param/rules.h"
#include "service/native.h"

/* What a creating call was told about its alias. */
struct making {
    struct engine *engine;
    const OH_Huks_ParamSet *set;
    struct bytes alias;
    enum store_alias_rule rule;
    bool always_sensitive, never_extractable; /* of the key that it is derived from, if there is one */
};
HUKS_MUST_USE huks_rc make_begin(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                 struct making *out);
HUKS_MUST_USE huks_rc make_token(const struct making *making, struct token **token);

/* The key is derived from this one, and no more secret than it. */
void make_from(struct making *making, const struct item *base);

/* Which halves of a private key are kept. */
enum make_halves { MAKE_PAIR, MAKE_PRIVATE_ALONE };
/* `key` is borrowed. `key_flag`: OH_HUKS_KEY_FLAG_*, where it came from. */
HUKS_MUST_USE huks_rc make_keep(const struct making *making, struct token *token, struct crypto_key *key,
                                enum make_halves halves, uint32_t key_flag);

/* native_import.c: a key in the form that key material has inside an envelope (huks-semantics 4.3). */
HUKS_MUST_USE huks_rc import_material(const struct making *making, enum rules_import kind, struct bytes bytes);
/* The public key that ASYMMETRIC_PUBLIC_KEY_DATA holds as ImportKeyItem takes one; absent: 401. */
HUKS_MUST_USE huks_rc import_public_tag(const struct making *making, struct crypto_key **key);
/* The end of every import. `key` is borrowed. */
HUKS_MUST_USE huks_rc import_keep(const struct making *making, enum rules_import kind, struct crypto_key *key);

void make_key_free(struct crypto_key **key); /* AUTO(make_key_free) */

#endif
