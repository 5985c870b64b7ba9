/*
 * CKA_ALLOWED_MECHANISMS of a key whose creator spoke HUKS: its digest, padding and mode sets, shown as the
 * mechanisms that they leave.
 */
#include "pkcs11/mechanism_row.h"

#include "service/permit.h"

static const uint32_t set_tags[] = {OH_HUKS_TAG_DIGEST, OH_HUKS_TAG_PADDING, OH_HUKS_TAG_BLOCK_MODE};

bool p11_mechanisms_bound(const struct item *item)
{
    for (size_t i = 0; i < ARRAY_SIZE(set_tags); i++) {
        if (param_has(item_params(item), set_tags[i])) {
            return true;
        }
    }
    return false;
}

static const struct use {
    CK_FLAGS flag;
    uint32_t purposes;
    enum crypto_direction direction;
} uses[] = {
    {CKF_ENCRYPT, OH_HUKS_KEY_PURPOSE_ENCRYPT, CRYPTO_ENCRYPT},
    {CKF_DECRYPT, OH_HUKS_KEY_PURPOSE_DECRYPT, CRYPTO_DECRYPT},
    {CKF_SIGN, OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_MAC, CRYPTO_SIGN},
    {CKF_VERIFY, OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_MAC, CRYPTO_VERIFY},
};

/* Where the digest is in the mechanism's parameter, the caller will give one that the key has. */
static bool permitted_operation(const struct item *item, const struct p11_mechanism *row,
                                const struct use *use)
{
    const OH_Huks_ParamSet *params = item_params(item);
    uint32_t digest = param_u32(params, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_SHA256);
    bool longest = param_u32(params, OH_HUKS_TAG_RSA_PSS_SALT_LEN_TYPE, 0) == OH_HUKS_RSA_PSS_SALT_LEN_MAX;
    const struct crypto_spec spec = {
        .method = row->method,
        .direction = use->direction,
        .digest = row->shape == SHAPE_OAEP ? digest : row->digest,
        .hash_of_input = digest,
        .padding = row->padding,
        .mode = row->mode,
        .salt_size = longest ? CRYPTO_SALT_MAX : CRYPTO_SALT_DIGEST,
    };
    bool by_input;
    return permit_operation(item, &spec, &by_input) == HUKS_OK;
}

static bool permitted_derivation(const struct item *item, const struct p11_mechanism *row)
{
    uint32_t digest = param_u32(item_params(item), OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_SHA256);
    const struct crypto_derive_spec spec = {
        .method = row->method,
        .digest = row->digest != OH_HUKS_DIGEST_NONE ? row->digest : digest,
        .prf = {.method = CRYPTO_HMAC, .digest = digest},
        .mode = row->mode,
    };
    return permit_derivation(item, &spec) == HUKS_OK;
}

static bool permitted(const struct item *item, const struct p11_mechanism *row)
{
    if (!p11_mechanism_fits(row, item)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
        if ((row->flags & uses[i].flag) != 0 && (item_purposes(item) & uses[i].purposes) != 0 &&
            permitted_operation(item, row, &uses[i])) {
            return true;
        }
    }
    return (row->flags & CKF_DERIVE) != 0 && permitted_derivation(item, row);
}

CK_RV p11_mechanisms_permitted(const struct item *item, struct buffer *out)
{
    const struct p11_mechanism *row;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        if (permitted(item, row) && p11_mechanism_find(row->type) != NULL) {
            P11_TRY_HUKS(buffer_append(out, &row->type, sizeof(row->type)), P11_AT_OBJECT);
        }
    }
    error_clear();
    return CKR_OK;
}
