/*
 * What an item's creator permits, whichever door asks: its purposes, and its digest, padding and mode sets.
 *
 * A set is the values that the item's params hold under a tag; without the tag all is permitted. Refusals are
 * 12000003 ABOUT_PURPOSE.
 */
#ifndef HUKS_SERVICE_PERMIT_H
#define HUKS_SERVICE_PERMIT_H

#include "crypto/op.h"
#include "service/item.h"

/* Does the item's set under the tag hold the value? No error is raised. */
bool permit_value(const struct item *item, uint32_t tag, uint32_t value);

HUKS_MUST_USE huks_rc permit_purpose(const struct item *item, uint32_t purposes);

/*
 * An operation that is to begin. A signature over what the caller hashed (spec->digest NONE) passes here when
 * the set has digests: then `*by_input` is set, and permit_input() decides when the input is there.
 */
HUKS_MUST_USE huks_rc permit_operation(const struct item *item, const struct crypto_spec *spec, bool *by_input);

/* Is the input, `first` ‖ `rest`, a DigestInfo (RSA) or a hash value (others) of a permitted digest? */
HUKS_MUST_USE huks_rc permit_input(const struct item *item, struct bytes first, struct bytes rest);

HUKS_MUST_USE huks_rc permit_derivation(const struct item *item, const struct crypto_derive_spec *spec);
/*
 * What a base key's DERIVED_AGREED_KEY_STORAGE_FLAG says of a key derived from it: with ONLY_USED_IN_HUKS it is
 * sensitive and not extractable. 12000003 ABOUT_TEMPLATE.
 */
HUKS_MUST_USE huks_rc permit_derived(const struct item *base, const struct item_draft *draft);

#endif
