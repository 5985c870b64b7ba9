/*
 * What lies under an alias of the native door: for native*.c alone.
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
};
void aliased_free(struct aliased *aliased);
/* The native door's token and what the alias means there, at the set's level; 12000011 when nothing does. */
HUKS_MUST_USE huks_rc aliased_open(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set,
                                   struct token **token, struct aliased *out);

#endif
