/*
 * Words and numbers: what people call algorithms, curves, digests, purposes and levels.
 */
#ifndef HUKS_TOOLS_CTL_NAMES_H
#define HUKS_TOOLS_CTL_NAMES_H

#include "common/memory.h"
#include "service/curve_name.h"
#include "service/operate.h"
#include "param/tags.h"

struct name_row {
    const char *name;
    uint32_t number;
};

/* Each ended by a row without a name; where a number stands twice, the first name is shown. */
extern const struct name_row names_purpose[]; /* bits */
extern const struct name_row names_digest[];
extern const struct name_row names_padding[];
extern const struct name_row names_mode[];
extern const struct name_row names_level[];
extern const struct name_row names_class[];
extern const struct name_row names_origin[];
extern const struct name_row names_auth[];   /* bits of USER_AUTH_TYPE */
extern const struct name_row names_access[]; /* bits of KEY_AUTH_ACCESS_TYPE */
extern const struct name_row names_invalid[];

/* Case does not matter. */
bool name_find(const struct name_row *rows, const char *name, uint32_t *number);
/* NULL for an unknown number. */
const char *name_of(const struct name_row *rows, uint32_t number);

/*
 * Algorithms whose keys huksctl makes and uses. Key type and mechanism are the numbers that PKCS #11 has for
 * such keys and for how they are generated (tests/unit/check-huksctl compares them).
 */
struct alg_row {
    const char *name;  /* as typed   */
    const char *title; /* as shown   */
    uint32_t alg;
    uint32_t key_type;
    uint32_t made_by; /* mechanism  */
    bool pair;
    bool curves;             /* --curve chooses; else --size does */
    uint32_t size;           /* default; 0: there is only one */
    uint32_t purposes;       /* default    */
    enum crypto_method sign; /* CRYPTO_NONE: signs nothing */
    uint32_t digest;         /* default when signing */
};
extern const struct alg_row alg_rows[];

const struct alg_row *alg_by_name(const char *name);
const struct alg_row *alg_by_number(uint32_t alg);

#endif
