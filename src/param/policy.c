/*
 * Using keys: what an operation asks for against what its key was made with (huks-semantics 3.4 to 3.6).
 *
 * A tag that the key has must be asked for with that value; a tag that the key leaves open must be asked
 * for with a legal one. IVs, nonces and tags have the lengths that HUKS documents: what its code forgets to
 * check on one of its paths is checked here.
 */
#include "param/rules.h"

#include "common/memory.h"
#include "param/algorithm.h"
#include "param/tags.h"

#define ITERATIONS_MIN 1000
#define ITERATIONS_MAX 0x80000
#define SALT_MIN       16
#define CCM_NONCE_MIN  7
#define CCM_NONCE_MAX  13

static huks_rc illegal(enum error_about about, const char *sentence)
{
    return error_illegal(about, sentence);
}

static huks_rc missing(const char *word)
{
    return error_raise(HUKS_E_MISSING_PARAM, ABOUT_MECHANISM_PARAM, word);
}

static huks_rc invalid(const char *word)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, word);
}

/* ---- which tags are compared ---- */

/* In HUKS's order. An algorithm that stands in no row of its purpose has no such operation. */
static const struct policy {
    uint32_t purposes;
    uint32_t alg; /* of the operation */
    uint32_t tags[4];
} policies[] = {
#define ALG     OH_HUKS_TAG_ALGORITHM
#define MODE    OH_HUKS_TAG_BLOCK_MODE
#define PADDING OH_HUKS_TAG_PADDING
#define DIGEST  OH_HUKS_TAG_DIGEST
#define PURPOSE OH_HUKS_TAG_PURPOSE
    {PURPOSE_CIPHER, OH_HUKS_ALG_AES, {ALG, MODE, PADDING, PURPOSE}},
    {PURPOSE_CIPHER, HUKS_ALG_DES, {ALG, MODE, PADDING, PURPOSE}},
    {PURPOSE_CIPHER, HUKS_ALG_3DES, {ALG, MODE, PADDING, PURPOSE}},
    {PURPOSE_CIPHER, OH_HUKS_ALG_SM4, {ALG, MODE, PADDING, PURPOSE}},
    {PURPOSE_CIPHER, OH_HUKS_ALG_RSA, {ALG, DIGEST, PADDING, PURPOSE}},
    {PURPOSE_CIPHER, OH_HUKS_ALG_SM2, {ALG, DIGEST, PADDING, PURPOSE}},
    {PURPOSE_SIGN, OH_HUKS_ALG_RSA, {ALG, DIGEST, PADDING, PURPOSE}},
    {PURPOSE_SIGN, OH_HUKS_ALG_ECC, {ALG, DIGEST, PURPOSE}},
    {PURPOSE_SIGN, OH_HUKS_ALG_SM2, {ALG, DIGEST, PURPOSE}},
    {PURPOSE_SIGN, OH_HUKS_ALG_DSA, {ALG, DIGEST, PURPOSE}},
    {PURPOSE_SIGN, HUKS_ALG_ML_DSA, {ALG, PURPOSE}},
    {PURPOSE_SIGN, OH_HUKS_ALG_ED25519, {PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_AGREE, OH_HUKS_ALG_ECDH, {PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_AGREE, OH_HUKS_ALG_X25519, {PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_AGREE, OH_HUKS_ALG_DH, {PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_MAC, OH_HUKS_ALG_HMAC, {DIGEST, PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_MAC, OH_HUKS_ALG_SM3, {ALG, DIGEST, PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_MAC, HUKS_ALG_CMAC, {PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_DERIVE, OH_HUKS_ALG_HKDF, {DIGEST, PURPOSE}},
    {OH_HUKS_KEY_PURPOSE_DERIVE, OH_HUKS_ALG_PBKDF2, {DIGEST, PURPOSE}},
#undef ALG
#undef MODE
#undef PADDING
#undef DIGEST
#undef PURPOSE
};

static const struct policy *find_policy(uint32_t alg, uint32_t purpose)
{
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        if (policies[i].alg == alg && (policies[i].purposes & purpose) != 0) {
            return &policies[i];
        }
    }
    return NULL;
}

/* ---- one tag ---- */

/* RSA encryption hashes only in OAEP. */
static bool needs_no_digest(uint32_t alg, uint32_t purpose, const OH_Huks_ParamSet *init)
{
    return alg == OH_HUKS_ALG_RSA && (purpose & PURPOSE_CIPHER) != 0 &&
           param_u32(init, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE) != OH_HUKS_PADDING_OAEP;
}

/* The key leaves this tag open: the operation must say it, and right. A wrong value reads as no value. */
static huks_rc check_open_tag(const OH_Huks_ParamSet *init, uint32_t tag)
{
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t purpose = param_u32(init, OH_HUKS_TAG_PURPOSE, 0);
    const struct algorithm *row = algorithm_find(alg, purpose);
    const OH_Huks_Param *asked = param_find(init, tag);
    uint32_t value = asked != NULL ? asked->uint32Param : 0;

    switch (tag) {
    case OH_HUKS_TAG_BLOCK_MODE:
        return asked != NULL && row != NULL && algorithm_has_mode(row, value) ? HUKS_OK
                                                                              : missing("cipher mode");
    case OH_HUKS_TAG_PADDING:
        if (row != NULL && row->paddings == 0) {
            return HUKS_OK; /* SM2 */
        }
        return asked != NULL && row != NULL && algorithm_has_padding(row, value)
                   ? HUKS_OK
                   : missing("padding algorithm");
    case OH_HUKS_TAG_DIGEST:
        if (asked == NULL && needs_no_digest(alg, purpose, init)) {
            return HUKS_OK;
        }
        return asked != NULL && (row == NULL || algorithm_has_digest(row, value))
                   ? HUKS_OK
                   : missing("digest algorithm");
    default:
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT); /* a key without ALGORITHM or PURPOSE */
    }
}

/* The key may hold the tag several times: one of the values must be the one that is asked for. */
static huks_rc check_tag(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init, uint32_t tag)
{
    const OH_Huks_Param *asked = param_find(init, tag);

    if (tag == OH_HUKS_TAG_PURPOSE) {
        uint32_t purpose = param_u32(init, tag, 0);
        return purpose != 0 && (purpose & ~param_u32(key, tag, 0)) == 0
                   ? HUKS_OK
                   : illegal(ABOUT_PURPOSE, ILLEGAL_ARGUMENT);
    }
    if (!param_has(key, tag)) {
        return check_open_tag(init, tag);
    }
    if (asked == NULL) {
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    for (uint32_t i = 0; i < key->paramsCnt; i++) {
        if (param_equal(&key->params[i], asked)) {
            return HUKS_OK;
        }
    }
    return illegal(tag == OH_HUKS_TAG_ALGORITHM ? ABOUT_KEY_TYPE : ABOUT_MECHANISM_PARAM, ILLEGAL_ARGUMENT);
}

static huks_rc check_tags(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init,
                          const struct policy *policy)
{
    for (size_t i = 0; i < ARRAY_SIZE(policy->tags) && policy->tags[i] != 0; i++) {
        HUKS_TRY(check_tag(key, init, policy->tags[i]));
    }
    return HUKS_OK;
}

/* ---- RSA ---- */

static huks_rc check_rsa_cipher(const OH_Huks_ParamSet *init)
{
    bool oaep = param_u32(init, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE) == OH_HUKS_PADDING_OAEP;
    return oaep && param_u32(init, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE) == OH_HUKS_DIGEST_NONE
               ? invalid("digest algorithm")
               : HUKS_OK;
}

static huks_rc check_rsa_signature(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init)
{
    uint32_t padding = param_u32(init, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE);
    const OH_Huks_Param *salt = param_find(key, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE);
    const OH_Huks_Param *asked = param_find(init, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE);

    if (padding == OH_HUKS_PADDING_PSS && salt != NULL && (asked == NULL || !param_equal(salt, asked))) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_MECHANISM_PARAM, NULL);
    }
    if (padding == OH_HUKS_PADDING_ISO_IEC_9796_2) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "padding algorithm");
    }
    if (padding == OH_HUKS_PADDING_NONE &&
        param_u32(init, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE) != OH_HUKS_DIGEST_NONE) {
        return invalid("digest algorithm");
    }
    return HUKS_OK;
}

/* ---- MACs ---- */

/* HUKS's header names CMAC and its keys can't be made; here a block cipher's MAC key serves, unless a digest
   was fixed for it: then it is HMAC's. */
static huks_rc check_cmac(const OH_Huks_ParamSet *key)
{
    switch (param_u32(key, OH_HUKS_TAG_ALGORITHM, 0)) {
    case OH_HUKS_ALG_AES:
    case HUKS_ALG_DES:
    case HUKS_ALG_3DES:
    case OH_HUKS_ALG_SM4:
        return param_has(key, OH_HUKS_TAG_DIGEST) ? illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ARGUMENT)
                                                  : HUKS_OK;
    default:
        return illegal(ABOUT_KEY_TYPE, ILLEGAL_ARGUMENT);
    }
}

/* ---- IVs, nonces and tags ---- */

static huks_rc check_iv(const OH_Huks_ParamSet *init, size_t block)
{
    struct bytes iv = param_bytes(init, OH_HUKS_TAG_IV);

    if (iv.data == NULL) {
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    return iv.size == block ? HUKS_OK : invalid("IV");
}

static huks_rc check_nonce(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init, bool ccm, bool decrypt)
{
    struct bytes nonce = param_bytes(init, OH_HUKS_TAG_NONCE);

    if (nonce.data == NULL) { /* encryption makes one */
        return decrypt ? illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT) : HUKS_OK;
    }
    if (!decrypt && param_has(key, OH_HUKS_TAG_KEY_AUTH_PURPOSE)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "nonce");
    }
    if (ccm ? nonce.size < CCM_NONCE_MIN || nonce.size > CCM_NONCE_MAX : nonce.size != OH_HUKS_AE_NONCE_LEN) {
        return invalid("nonce");
    }
    return HUKS_OK;
}

static huks_rc check_aead(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init, bool ccm, bool decrypt)
{
    uint32_t length = param_u32(init, OH_HUKS_TAG_AE_TAG_LEN, OH_HUKS_AE_TAG_LEN);
    struct bytes tag = param_bytes(init, OH_HUKS_TAG_AE_TAG);

    if (ccm ? length < 4 || length > 16 || length % 2 != 0 : length != OH_HUKS_AE_TAG_LEN) {
        return invalid("aead tag length");
    }
    HUKS_TRY(check_nonce(key, init, ccm, decrypt));
    if (!decrypt) {
        return HUKS_OK;
    }
    if (tag.data == NULL) {
        return ccm ? missing("AEAD") : illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    if (tag.size != length) {
        return error_raise_text(HUKS_E_ARGUMENT, ABOUT_MECHANISM_PARAM, "AEAD tag length mismatch.");
    }
    return HUKS_OK;
}

static huks_rc check_block_cipher(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init, uint32_t alg,
                                  bool decrypt)
{
    uint32_t mode = param_u32(init, OH_HUKS_TAG_BLOCK_MODE, 0);

    if (!algorithm_pads(param_u32(init, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE), mode)) {
        return invalid("padding algorithm");
    }
    switch (mode) {
    case OH_HUKS_MODE_ECB:
        return HUKS_OK;
    case OH_HUKS_MODE_GCM:
    case OH_HUKS_MODE_CCM:
        return check_aead(key, init, mode == OH_HUKS_MODE_CCM, decrypt);
    default:
        return check_iv(init, alg == HUKS_ALG_DES || alg == HUKS_ALG_3DES ? 8 : 16);
    }
}

/* ---- the operation ---- */

static bool is_operation(uint32_t purpose)
{
    switch (purpose) {
    case OH_HUKS_KEY_PURPOSE_ENCRYPT:
    case OH_HUKS_KEY_PURPOSE_DECRYPT:
    case OH_HUKS_KEY_PURPOSE_SIGN:
    case OH_HUKS_KEY_PURPOSE_VERIFY:
    case OH_HUKS_KEY_PURPOSE_DERIVE:
    case OH_HUKS_KEY_PURPOSE_MAC:
    case OH_HUKS_KEY_PURPOSE_AGREE:
        return true;
    default:
        return false; /* WRAP and UNWRAP have calls of their own; a mask is no operation */
    }
}

static bool hashes(uint32_t alg, uint32_t purpose)
{
    return (purpose == OH_HUKS_KEY_PURPOSE_MAC && alg != HUKS_ALG_CMAC) ||
           ((purpose & PURPOSE_SIGN) != 0 && alg != OH_HUKS_ALG_ED25519 && alg != HUKS_ALG_ML_DSA);
}

huks_rc rules_check_operation(const OH_Huks_ParamSet *init)
{
    uint32_t purpose = param_u32(init, OH_HUKS_TAG_PURPOSE, 0);
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);

    if (purpose == 0 || alg == 0 || (hashes(alg, purpose) && !param_has(init, OH_HUKS_TAG_DIGEST))) {
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ARGUMENT);
    }
    return is_operation(purpose) ? HUKS_OK : illegal(ABOUT_PURPOSE, ILLEGAL_ARGUMENT);
}

/* A time-out is a batch's: the word for that must be there, though it may say no. */
huks_rc rules_check_batch(const OH_Huks_ParamSet *init, struct rules_batch *batch)
{
    *batch = (struct rules_batch){
        .asked = param_bool(init, HUKS_TAG_IS_BATCH_OPERATION, false),
        .seconds = param_u32(init, HUKS_TAG_BATCH_OPERATION_TIMEOUT, RULES_BATCH_DEFAULT),
    };
    bool alone =
        param_has(init, HUKS_TAG_BATCH_OPERATION_TIMEOUT) && !param_has(init, HUKS_TAG_IS_BATCH_OPERATION);
    return alone || batch->seconds > RULES_BATCH_MAX
               ? error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "batch operation timeout")
               : HUKS_OK;
}

huks_rc rules_check_batch_purpose(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init)
{
    if (!param_has(key, HUKS_TAG_BATCH_PURPOSE)) {
        return illegal(ABOUT_PURPOSE, ILLEGAL_ARGUMENT);
    }
    return rules_batches(key, param_u32(init, OH_HUKS_TAG_PURPOSE, 0))
               ? HUKS_OK
               : error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose");
}

bool rules_batches(const OH_Huks_ParamSet *key, uint32_t purpose)
{
    return (purpose & ~param_u32(key, HUKS_TAG_BATCH_PURPOSE, 0)) == 0;
}

huks_rc rules_check_init(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init)
{
    uint32_t purpose = param_u32(init, OH_HUKS_TAG_PURPOSE, 0);
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    const struct policy *policy = find_policy(alg, purpose);

    HUKS_TRY(rules_check_operation(init));
    if (purpose == OH_HUKS_KEY_PURPOSE_DERIVE) {
        return HUKS_OK;
    }
    if (policy == NULL) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    HUKS_TRY(check_tags(key, init, policy));
    if ((purpose & PURPOSE_SIGN) != 0 && alg == OH_HUKS_ALG_RSA) {
        return check_rsa_signature(key, init);
    }
    if ((purpose & PURPOSE_CIPHER) != 0 && rules_is_symmetric(alg)) {
        return check_block_cipher(key, init, alg, purpose == OH_HUKS_KEY_PURPOSE_DECRYPT);
    }
    if ((purpose & PURPOSE_CIPHER) != 0 && alg == OH_HUKS_ALG_RSA) {
        return check_rsa_cipher(init);
    }
    return alg == HUKS_ALG_CMAC ? check_cmac(key) : HUKS_OK;
}

/* ---- derivation and agreement, at their first update ---- */

static huks_rc check_pbkdf2(const OH_Huks_ParamSet *init)
{
    uint32_t iterations = param_u32(init, OH_HUKS_TAG_ITERATION, 0);
    struct bytes salt = param_bytes(init, OH_HUKS_TAG_SALT);

    if (salt.data == NULL) {
        return missing("salt value");
    }
    if (salt.size < SALT_MIN) {
        return invalid("salt value");
    }
    if (!param_has(init, OH_HUKS_TAG_ITERATION)) {
        return missing("number of iterations");
    }
    if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
        return invalid("iteration count");
    }
    return HUKS_OK;
}

huks_rc rules_check_derive(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init)
{
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t size = param_u32(init, OH_HUKS_TAG_DERIVE_KEY_SIZE, 0);
    const struct policy *policy = find_policy(alg, OH_HUKS_KEY_PURPOSE_DERIVE);

    if (policy == NULL) {
        return illegal(ABOUT_MECHANISM, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(check_tags(key, init, policy));
    if (!param_has(init, OH_HUKS_TAG_DERIVE_KEY_SIZE)) {
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ABSENT);
    }
    if (size == 0 || size > OH_HUKS_MAX_OUT_BLOB_SIZE) {
        return illegal(ABOUT_MECHANISM_PARAM, ILLEGAL_ARGUMENT);
    }
    switch (param_u32(init, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE)) {
    case OH_HUKS_DIGEST_SHA256:
    case OH_HUKS_DIGEST_SHA384:
    case OH_HUKS_DIGEST_SHA512:
    case OH_HUKS_DIGEST_SM3:
        break;
    default:
        return error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL);
    }
    return alg == OH_HUKS_ALG_PBKDF2 ? check_pbkdf2(init) : HUKS_OK;
}

huks_rc rules_check_agree(const OH_Huks_ParamSet *key, const OH_Huks_ParamSet *init)
{
    uint32_t alg = param_u32(init, OH_HUKS_TAG_ALGORITHM, 0);
    uint32_t bits = param_u32(init, OH_HUKS_TAG_KEY_SIZE, 0);

    switch (alg) {
    case OH_HUKS_ALG_ECDH:
        return algorithm_has_size(algorithm_find(alg, 0), bits) ? HUKS_OK
                                                                : illegal(ABOUT_KEY_SIZE, ILLEGAL_ARGUMENT);
    case OH_HUKS_ALG_DH: /* the result is as long as KEY_SIZE says */
        if (!param_has(init, OH_HUKS_TAG_KEY_SIZE)) {
            return missing("key size");
        }
        if (bits < 8 || bits / 8 > param_u32(key, OH_HUKS_TAG_KEY_SIZE, 0) / 8) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
        }
        return HUKS_OK;
    default:
        return HUKS_OK;
    }
}
