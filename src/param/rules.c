/*
 * Making keys: the checks of generation and import, in HUKS's order (huks-semantics 3.1 to 3.3).
 */
#include "param/rules.h"

#include "common/memory.h"
#include "param/algorithm.h"
#include "param/tags.h"

#define DERIVE_OR_MAC (OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_MAC)

static huks_rc missing(const char *word)
{
    return error_raise(HUKS_E_MISSING_PARAM, ABOUT_TEMPLATE, word);
}

static huks_rc invalid(enum error_about about, const char *word)
{
    return error_raise(HUKS_E_INVALID_PARAM, about, word);
}

static huks_rc invalid_purpose(void)
{
    return invalid(ABOUT_PURPOSE, "key purpose");
}

/* ---- the steps that generation and import share ---- */

/* Every purpose a key has must lie in one of these. */
static const uint32_t groups[] = {
    PURPOSE_CIPHER,
    PURPOSE_SIGN,
    OH_HUKS_KEY_PURPOSE_DERIVE,
    PURPOSE_WRAP,
    OH_HUKS_KEY_PURPOSE_MAC,
    OH_HUKS_KEY_PURPOSE_AGREE,
};

static bool in_one_group(uint32_t purposes)
{
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        if (purposes != 0 && (purposes & ~groups[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A stranger among HUKS's own rules: the algorithms that may derive or authenticate, CMAC included. */
static bool derives_or_macs(uint32_t alg)
{
    switch (alg) {
    case OH_HUKS_ALG_AES:
    case HUKS_ALG_DES:
    case HUKS_ALG_3DES:
    case OH_HUKS_ALG_HMAC:
    case HUKS_ALG_CMAC:
    case OH_HUKS_ALG_SM3:
    case OH_HUKS_ALG_SM4:
        return true;
    default:
        return false;
    }
}

static huks_rc check_algorithm(const OH_Huks_ParamSet *set, uint32_t *alg)
{
    *alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0);
    if (!param_has(set, OH_HUKS_TAG_ALGORITHM)) {
        return missing("algorithm");
    }
    return algorithm_find(*alg, 0) != NULL ? HUKS_OK : invalid(ABOUT_MECHANISM, "algorithm");
}

static huks_rc check_purpose(const OH_Huks_ParamSet *set, uint32_t alg, uint32_t *purposes)
{
    *purposes = param_u32(set, OH_HUKS_TAG_PURPOSE, 0);
    if (!param_has(set, OH_HUKS_TAG_PURPOSE)) {
        return missing("key purpose");
    }
    if ((param_u32(set, HUKS_TAG_BATCH_PURPOSE, 0) & ~*purposes) != 0) {
        return invalid_purpose();
    }
    if (param_u32(set, OH_HUKS_TAG_USER_AUTH_TYPE, 0) == OH_HUKS_USER_AUTH_TYPE_TUI_PIN) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_ATTRIBUTE, "user authentication type");
    }
    if (((*purposes & DERIVE_OR_MAC) != 0 && !derives_or_macs(alg)) || !in_one_group(*purposes)) {
        return invalid_purpose();
    }
    return HUKS_OK;
}

/* The sizes of the algorithm's row, or of its first one when its purposes have none: size comes first. */
static huks_rc check_size(const OH_Huks_ParamSet *set, uint32_t alg, const struct algorithm *row)
{
    const struct algorithm *sizes = row != NULL ? row : algorithm_find(alg, 0);

    if (!param_has(set, OH_HUKS_TAG_KEY_SIZE)) {
        return missing("key size");
    }
    if (sizes == NULL || !algorithm_has_size(sizes, param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0))) {
        return invalid(ABOUT_KEY_SIZE, "key size");
    }
    return HUKS_OK;
}

/* What need not be there, but must be right if it is. */
static huks_rc check_optional(const OH_Huks_ParamSet *set, const struct algorithm *row)
{
    const OH_Huks_Param *padding = param_find(set, OH_HUKS_TAG_PADDING);
    const OH_Huks_Param *digest = param_find(set, OH_HUKS_TAG_DIGEST);
    const OH_Huks_Param *mode = param_find(set, OH_HUKS_TAG_BLOCK_MODE);

    if (padding != NULL && !algorithm_has_padding(row, padding->uint32Param)) {
        return invalid(ABOUT_ATTRIBUTE, "padding algorithm");
    }
    if (digest != NULL && !algorithm_has_digest(row, digest->uint32Param)) {
        return invalid(ABOUT_ATTRIBUTE, "digest algorithm");
    }
    if (mode != NULL && !algorithm_has_mode(row, mode->uint32Param)) {
        return invalid(ABOUT_ATTRIBUTE, "cipher mode");
    }
    if (padding != NULL && mode != NULL && row->modes != 0 &&
        !algorithm_pads(padding->uint32Param, mode->uint32Param)) {
        return invalid(ABOUT_ATTRIBUTE, "padding algorithm");
    }
    return HUKS_OK;
}

/* Purposes that the algorithm has not: HUKS looks at the padding first. */
static huks_rc check_forbidden(const OH_Huks_ParamSet *set, uint32_t alg)
{
    const OH_Huks_Param *padding = param_find(set, OH_HUKS_TAG_PADDING);

    return padding != NULL && !algorithm_knows_padding(alg, padding->uint32Param)
               ? invalid(ABOUT_ATTRIBUTE, "padding algorithm")
               : invalid_purpose();
}

/* HUKS finds this last, in its engine, and says 401. */
static huks_rc check_whole_bytes(const OH_Huks_ParamSet *set, const struct algorithm *row)
{
    uint32_t bits = param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0);

    if ((row->flags & ALGORITHM_WHOLE_BYTES) != 0 && (bits == 0 || bits % 8 != 0)) {
        return error_illegal(ABOUT_KEY_SIZE, ILLEGAL_ARGUMENT);
    }
    return HUKS_OK;
}

/* ---- generation ---- */

huks_rc rules_check_caller(const OH_Huks_ParamSet *set)
{
    if (param_has(set, HUKS_TAG_PROCESS_NAME) || param_has(set, HUKS_TAG_USER_AUTH_TYPE_ATL)) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
    return HUKS_OK;
}

huks_rc rules_check_algorithm(const OH_Huks_ParamSet *set)
{
    uint32_t alg;

    return check_algorithm(set, &alg);
}

/* Derived keys come from a session; agreed ones have an old form that names both halves here. */
static huks_rc check_generate_type(const OH_Huks_ParamSet *set)
{
    static const uint32_t agree_tags[] = {
        OH_HUKS_TAG_AGREE_ALG,
        OH_HUKS_TAG_AGREE_PRIVATE_KEY_ALIAS,
        OH_HUKS_TAG_AGREE_PUBLIC_KEY,
        OH_HUKS_TAG_AGREE_PUBLIC_KEY_IS_KEY_ALIAS,
    };
    uint32_t type = param_u32(set, OH_HUKS_TAG_KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_DEFAULT);

    if (type == OH_HUKS_KEY_GENERATE_TYPE_DEFAULT) {
        return HUKS_OK;
    }
    if (type != OH_HUKS_KEY_GENERATE_TYPE_AGREE) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
    for (size_t i = 0; i < ARRAY_SIZE(agree_tags); i++) {
        if (!param_has(set, agree_tags[i])) {
            return error_illegal(ABOUT_TEMPLATE, ILLEGAL_ABSENT);
        }
    }
    return HUKS_OK;
}

huks_rc rules_check_generate(const OH_Huks_ParamSet *set)
{
    const struct algorithm *row;
    uint32_t alg;
    uint32_t purposes;

    HUKS_TRY(check_algorithm(set, &alg));
    HUKS_TRY(check_purpose(set, alg, &purposes));
    row = algorithm_find(alg, purposes);
    HUKS_TRY(check_size(set, alg, row));
    if (row == NULL) {
        return check_forbidden(set, alg);
    }
    HUKS_TRY(check_optional(set, row));
    HUKS_TRY(check_generate_type(set));
    return check_whole_bytes(set, row);
}

/* ---- import ---- */

/*
 * What half a pair may be for, when it comes alone: exactly one of these bits. 0: whatever its algorithm
 * may do. An unwrapping ECC key is listed by HUKS, and refused before it comes to this.
 */
static const struct half {
    uint32_t alg;
    uint32_t private_purposes;
    uint32_t public_purposes;
} halves[] = {
    {OH_HUKS_ALG_RSA, OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_DECRYPT,
     OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_ENCRYPT},
    {OH_HUKS_ALG_ECC, OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_AGREE | OH_HUKS_KEY_PURPOSE_UNWRAP,
     OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_AGREE | OH_HUKS_KEY_PURPOSE_UNWRAP},
    {OH_HUKS_ALG_SM2, OH_HUKS_KEY_PURPOSE_SIGN, OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_ENCRYPT},
    {OH_HUKS_ALG_DSA, OH_HUKS_KEY_PURPOSE_SIGN, OH_HUKS_KEY_PURPOSE_VERIFY},
    {OH_HUKS_ALG_ED25519, OH_HUKS_KEY_PURPOSE_SIGN, OH_HUKS_KEY_PURPOSE_VERIFY},
    {HUKS_ALG_ML_DSA, OH_HUKS_KEY_PURPOSE_SIGN, OH_HUKS_KEY_PURPOSE_VERIFY},
};

static huks_rc check_half(uint32_t alg, uint32_t purposes, enum rules_import kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
        uint32_t allowed =
            kind == RULES_IMPORT_PRIVATE ? halves[i].private_purposes : halves[i].public_purposes;
        if (halves[i].alg == alg && kind != RULES_IMPORT_PAIR) {
            bool one = (purposes & (purposes - 1)) == 0;
            return one && (purposes & ~allowed) == 0 ? HUKS_OK : invalid_purpose();
        }
    }
    return HUKS_OK;
}

huks_rc rules_import_kind(const OH_Huks_ParamSet *set, enum rules_import *kind)
{
    uint32_t type = param_u32(set, OH_HUKS_TAG_IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_PUBLIC_KEY);

    *kind = RULES_IMPORT_PUBLIC;
    if (type > OH_HUKS_KEY_TYPE_KEY_PAIR) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
    *kind = (enum rules_import)type;
    return HUKS_OK;
}

bool rules_is_symmetric(uint32_t alg)
{
    const struct algorithm *row = algorithm_find(alg, 0);

    return row != NULL && (row->flags & ALGORITHM_SYMMETRIC) != 0;
}

huks_rc rules_check_import(const OH_Huks_ParamSet *set, enum rules_import kind)
{
    const struct algorithm *row;
    uint32_t alg;
    uint32_t purposes;

    HUKS_TRY(check_algorithm(set, &alg));
    HUKS_TRY(check_purpose(set, alg, &purposes));
    row = algorithm_find(alg, purposes);
    if (row != NULL && (row->flags & ALGORITHM_NO_WRAP_IMPORT) != 0 && (purposes & PURPOSE_WRAP) != 0) {
        row = NULL;
    }
    HUKS_TRY(check_size(set, alg, row));
    if (row == NULL) {
        return check_forbidden(set, alg);
    }
    HUKS_TRY(check_optional(set, row));
    HUKS_TRY(check_whole_bytes(set, row));
    return (row->flags & ALGORITHM_SYMMETRIC) != 0 ? HUKS_OK : check_half(alg, purposes, kind);
}

huks_rc rules_check_secret_size(const OH_Huks_ParamSet *set, size_t size)
{
    if (size == 0 || size > OH_HUKS_MAX_KEY_SIZE ||
        size * OH_HUKS_BITS_PER_BYTE != param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0)) {
        return error_illegal(ABOUT_KEY_SIZE, ILLEGAL_KEY_INFO);
    }
    return HUKS_OK;
}
