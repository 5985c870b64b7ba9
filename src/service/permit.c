/* See permit.h. */
#include "service/permit.h"

#include <string.h>

static huks_rc refuse(const char *what)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, what);
}

huks_rc permit_purpose(const struct item *item, uint32_t purposes)
{
    return (item_purposes(item) & purposes) != 0 ? HUKS_OK : refuse("key purpose");
}

/* ---- sets ---- */

bool permit_value(const struct item *item, uint32_t tag, uint32_t value)
{
    const OH_Huks_ParamSet *params = item_params(item);
    bool bound = false;
    for (uint32_t i = 0; i < params->paramsCnt; i++) {
        if (params->params[i].tag == tag) {
            bound = true;
            if (params->params[i].uint32Param == value) {
                return true;
            }
        }
    }
    return !bound;
}

static huks_rc check(const struct item *item, uint32_t tag, uint32_t value, const char *what)
{
    return permit_value(item, tag, value) ? HUKS_OK : refuse(what);
}

static huks_rc check_digest(const struct item *item, uint32_t digest)
{
    return check(item, OH_HUKS_TAG_DIGEST, digest, "digest algorithm");
}

static huks_rc check_padding(const struct item *item, uint32_t padding)
{
    return check(item, OH_HUKS_TAG_PADDING, padding, "padding algorithm");
}

/* ---- operations ---- */

static bool signs(const struct crypto_spec *spec)
{
    return spec->direction == CRYPTO_SIGN || spec->direction == CRYPTO_VERIFY;
}

static huks_rc check_signed_digest(const struct item *item, const struct crypto_spec *spec, bool *by_input)
{
    if (spec->digest != OH_HUKS_DIGEST_NONE || permit_value(item, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE)) {
        return check_digest(item, spec->digest);
    }
    if (spec->method == CRYPTO_RSA_PSS) {
        return check_digest(item, spec->hash_of_input);
    }
    *by_input = signs(spec) && spec->method != CRYPTO_RSA_RAW;
    return *by_input ? HUKS_OK : refuse("digest algorithm");
}

/* RSA encryption hashes in OAEP alone: a digest beside another padding binds nothing. */
static huks_rc check_rsa(const struct item *item, const struct crypto_spec *spec, bool *by_input)
{
    HUKS_TRY(check_padding(item, spec->padding));
    if (spec->direction != CRYPTO_ENCRYPT && spec->direction != CRYPTO_DECRYPT) {
        return check_signed_digest(item, spec, by_input);
    }
    return spec->method == CRYPTO_RSA_OAEP ? check_digest(item, spec->digest) : HUKS_OK;
}

/* A key bound to the salt of a digest's length, or to the longest, takes no other. */
static huks_rc check_salt(const struct item *item, const struct crypto_spec *spec)
{
    const OH_Huks_ParamSet *params = item_params(item);
    uint32_t hash = spec->digest != OH_HUKS_DIGEST_NONE ? spec->digest : spec->hash_of_input;
    size_t digest = crypto_digest_size(hash);
    size_t modulus = param_u32(params, OH_HUKS_TAG_KEY_SIZE, 0);
    size_t most = (modulus + 6) / 8 - digest - 2; /* RFC 8017, 9.1.1: one bit less than the modulus */
    bool good = true;
    switch (param_u32(params, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE, UINT32_MAX)) {
    case OH_HUKS_RSA_PSS_SALT_LEN_DIGEST:
        good = spec->salt_size == CRYPTO_SALT_DIGEST || spec->salt_size == digest;
        break;
    case OH_HUKS_RSA_PSS_SALT_LEN_MAX:
        good = spec->salt_size == CRYPTO_SALT_MAX || spec->salt_size == most;
        break;
    default:
        break;
    }
    return good ? HUKS_OK : refuse("salt length");
}

huks_rc permit_operation(const struct item *item, const struct crypto_spec *spec, bool *by_input)
{
    *by_input = false;
    switch (spec->method) {
    case CRYPTO_RSA_PSS:
        HUKS_TRY(check_rsa(item, spec, by_input));
        return check_salt(item, spec);
    case CRYPTO_RSA_PKCS1:
    case CRYPTO_RSA_OAEP:
    case CRYPTO_RSA_RAW:
        return check_rsa(item, spec, by_input);
    case CRYPTO_ECDSA:
    case CRYPTO_DSA:
        return check_signed_digest(item, spec, by_input);
    case CRYPTO_HMAC:
        return check_digest(item, spec->digest);
    case CRYPTO_CMAC: /* a digest that is fixed makes it HMAC's key */
    case CRYPTO_GMAC:
    case CRYPTO_CBC_MAC:
        return check_digest(item, OH_HUKS_DIGEST_NONE);
    case CRYPTO_CIPHER:
    case CRYPTO_AEAD:
    case CRYPTO_KEY_WRAP:
        HUKS_TRY(check(item, OH_HUKS_TAG_BLOCK_MODE, spec->mode, "cipher mode"));
        return check_padding(item, spec->padding);
    default:
        return HUKS_OK;
    }
}

/* Longer than every DigestInfo. */
#define INPUT_MAX 128

huks_rc permit_input(const struct item *item, struct bytes first, struct bytes rest)
{
    uint8_t whole[INPUT_MAX];
    const OH_Huks_ParamSet *params = item_params(item);
    if (first.size > sizeof(whole) || rest.size > sizeof(whole) - first.size) {
        return refuse("digest algorithm");
    }
    if (first.size > 0) {
        memcpy(whole, first.data, first.size);
    }
    if (rest.size > 0) {
        memcpy(whole + first.size, rest.data, rest.size);
    }
    struct bytes input = bytes_of(whole, first.size + rest.size);
    for (uint32_t i = 0; i < params->paramsCnt; i++) {
        const OH_Huks_Param *rule = &params->params[i];
        if (rule->tag != OH_HUKS_TAG_DIGEST) {
            continue;
        }
        bool of_it = item_alg(item) == OH_HUKS_ALG_RSA ? crypto_digest_of_info(input) == rule->uint32Param
                                                       : crypto_digest_size(rule->uint32Param) == input.size;
        if (of_it) {
            return HUKS_OK;
        }
    }
    return refuse("digest algorithm");
}

/* ---- derivations ---- */

huks_rc permit_derivation(const struct item *item, const struct crypto_derive_spec *spec)
{
    HUKS_TRY(permit_purpose(item, OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE));
    switch (spec->method) {
    case CRYPTO_HKDF:
    case CRYPTO_PBKDF2:
    case CRYPTO_HASH_OF_KEY:
    case CRYPTO_TLS_PRF:
        return check_digest(item, spec->digest);
    case CRYPTO_KBKDF:
    case CRYPTO_PRF:
    case CRYPTO_PRF_PLUS:
    case CRYPTO_PRF_EXTEND:
        return check_digest(item, spec->prf.method == CRYPTO_HMAC ? spec->prf.digest : OH_HUKS_DIGEST_NONE);
    case CRYPTO_ENCRYPT_DATA:
        HUKS_TRY(check(item, OH_HUKS_TAG_BLOCK_MODE, spec->mode, "cipher mode"));
        return check_digest(item, OH_HUKS_DIGEST_NONE);
    case CRYPTO_JOIN: /* a digest that is fixed hides the key's value; these show it */
    case CRYPTO_XOR:
    case CRYPTO_EXTRACT:
        return check_digest(item, OH_HUKS_DIGEST_NONE);
    default:
        return HUKS_OK;
    }
}

static bool draft_truth(const struct item_draft *draft, uint32_t tag, bool fallback)
{
    const OH_Huks_Param *param = param_list_find(&draft->params, tag);
    return param != NULL ? param->boolParam : fallback;
}

huks_rc permit_derived(const struct item *base, const struct item_draft *draft)
{
    const OH_Huks_Param *class = param_list_find(&draft->params, HUKS_TAG_OBJECT_CLASS);
    if (param_u32(item_params(base), OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG, 0) !=
        OH_HUKS_STORAGE_ONLY_USED_IN_HUKS) {
        return HUKS_OK;
    }
    bool inside = class != NULL && class->uint32Param == HUKS_CLASS_SECRET_KEY &&
                  draft_truth(draft, HUKS_TAG_SENSITIVE, true) &&
                  !draft_truth(draft, HUKS_TAG_EXTRACTABLE, false);
    return inside
               ? HUKS_OK
               : error_raise(HUKS_E_INVALID_PARAM, ABOUT_TEMPLATE, "template: what is derived stays inside");
}
