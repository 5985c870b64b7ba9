/*
 * HUKS's rules for parameters: what a key may be made with, and what an operation may ask of it.
 *
 * They bind the native door (its creating calls and its OH_Huks_InitSession); the checks run in HUKS's
 * order, because the first failure is the one a program sees. What needs the store, the clock or a user is
 * checked by other parts: taken aliases, device password, authentication, the bytes of an imported key.
 *
 * Every function returns HUKS_OK or raises 401, 12000001, 12000002, 12000003, 12000012 or 12000018.
 */
#ifndef HUKS_PARAM_RULES_H
#define HUKS_PARAM_RULES_H

#include "common/error.h"
#include "param/set.h"

/* Which half of a key pair comes in; the numbers of IMPORT_KEY_TYPE. Secret keys ignore it. */
enum rules_import { RULES_IMPORT_PUBLIC = 0, RULES_IMPORT_PRIVATE = 1, RULES_IMPORT_PAIR = 2 };

/* What no caller may say: PROCESS_NAME, USER_AUTH_TYPE_ATL. Before everything else. */
HUKS_MUST_USE huks_rc rules_check_caller(const OH_Huks_ParamSet *set);

/* ALGORITHM alone: absent 12000002, none that keys are made of 12000003. */
HUKS_MUST_USE huks_rc rules_check_algorithm(const OH_Huks_ParamSet *set);

/* Generation: algorithm, purpose, size, padding, digest, mode, and kind of generation. */
HUKS_MUST_USE huks_rc rules_check_generate(const OH_Huks_ParamSet *set);

/* IMPORT_KEY_TYPE, absent meaning public; 401 for any other number. */
HUKS_MUST_USE huks_rc rules_import_kind(const OH_Huks_ParamSet *set, enum rules_import *kind);
HUKS_MUST_USE huks_rc rules_check_import(const OH_Huks_ParamSet *set, enum rules_import kind);
/* Secret key bytes against KEY_SIZE. */
HUKS_MUST_USE huks_rc rules_check_secret_size(const OH_Huks_ParamSet *set, size_t size);

/* What an operation's params must hold whatever the key: PURPOSE, ALGORITHM, and DIGEST where one hashes. */
HUKS_MUST_USE huks_rc rules_check_operation(const OH_Huks_ParamSet *init);
/*
 * An operation that is to begin: `init` against what the key was made with. A key may carry a tag more than
 * once; then any of its values will do. Asks rules_check_operation() first. DERIVE and AGREE look only at the
 * purpose here, as in HUKS: the first update asks rules_check_derive() or rules_check_agree().
 */
HUKS_MUST_USE huks_rc rules_check_init(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init);
HUKS_MUST_USE huks_rc rules_check_derive(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init);
HUKS_MUST_USE huks_rc rules_check_agree(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init);

/*
 * A batch: many operations in one session, whose user is asked once. What Init says of it, before everything
 * else there: a time-out of more than RULES_BATCH_MAX seconds, or of no batch, is 12000001.
 */
#define RULES_BATCH_DEFAULT 60u
#define RULES_BATCH_MAX     600u
struct rules_batch {
    bool asked;
    uint32_t seconds; /* from Init on */
};
HUKS_MUST_USE huks_rc rules_check_batch(const OH_Huks_ParamSet *init, struct rules_batch *batch);
/* What the key was made for in batches: BATCH_PURPOSE absent 401, without Init's purpose 12000003. */
HUKS_MUST_USE huks_rc rules_check_batch_purpose(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init);
bool rules_batches(const OH_Huks_ParamSet *key, uint32_t purpose);

/* Is it an algorithm whose keys have one secret half only? */
bool rules_is_symmetric(uint32_t alg);

#endif
