/*
 * Key encapsulation. See kem.h.
 */
#include "crypto/context.h"

#include <openssl/rsa.h>
#include <string.h>

#include "crypto/kem.h"
#include "crypto/opdata.h"

static void kem_context_free(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static bool kem_is_curve(const struct crypto_key *key)
{
    return key->curve != NULL && key->alg != OH_HUKS_ALG_ED25519 && key->alg != HUKS_ALG_ED448 &&
           key->alg != OH_HUKS_ALG_SM2;
}

static bool kem_fits(const struct crypto_key *key, enum crypto_method method)
{
    switch (method) {
    case CRYPTO_ML_KEM:
        return key->alg == HUKS_ALG_ML_KEM;
    case CRYPTO_RSA_RAW:
        return key->alg == OH_HUKS_ALG_RSA;
    case CRYPTO_ECDH:
        return kem_is_curve(key);
    default:
        return false;
    }
}

static huks_rc kem_check(const struct crypto_key *key, enum crypto_method method)
{
    return kem_fits(key, method) ? HUKS_OK : error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type");
}

size_t crypto_kem_size(const struct crypto_key *key, const struct crypto_kem_spec *spec)
{
    static const struct {
        uint32_t set;
        size_t size;
    } ml_kem[] = {
        {HUKS_ML_KEM_512, 768}, {HUKS_ML_KEM_768, 1088}, {HUKS_ML_KEM_1024, 1568}}; /* FIPS 203, table 3 */
    if (!kem_fits(key, spec->method)) {
        return 0;
    }
    if (spec->method == CRYPTO_ECDH) {
        return key->type->raw_size != 0 ? key->type->raw_size : 1 + 2 * curve_field_size(key->curve);
    }
    if (spec->method == CRYPTO_RSA_RAW) {
        return (key->bits + 7u) / 8u;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ml_kem); i++) {
        if (ml_kem[i].set == key->bits) {
            return ml_kem[i].size;
        }
    }
    return 0;
}

/* ---- by OpenSSL ---- */

static huks_rc kem_absent(void)
{
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
}

/* A context that is ready for one direction; NULL: recorded. */
static EVP_PKEY_CTX *kem_context(const struct crypto_key *key, enum crypto_method method, bool encapsulates)
{
    OSSL_LIB_CTX *lib = crypto_lib(key->crypto);
    EVP_PKEY_CTX *context = lib != NULL ? EVP_PKEY_CTX_new_from_pkey(lib, key->pkey, NULL) : NULL;
    huks_rc rc = context == NULL ? error_no_memory() : HUKS_OK;
    if (rc == HUKS_OK && (encapsulates ? EVP_PKEY_encapsulate_init(context, NULL)
                                       : EVP_PKEY_decapsulate_init(context, NULL)) != 1) {
        rc = kem_absent();
    }
    if (rc == HUKS_OK && method == CRYPTO_RSA_RAW && EVP_PKEY_CTX_set_kem_op(context, "RSASVE") != 1) {
        rc = kem_absent();
    }
    if (rc != HUKS_OK) {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }
    return context;
}

static huks_rc kem_encapsulate(const struct crypto_key *key, const struct crypto_kem_spec *spec,
                               uint8_t *encapsulated, struct secret *out)
{
    ERROR_GUARD;
    size_t size = crypto_kem_size(key, spec), secret_size = 0, room = size;
    AUTO(kem_context_free) EVP_PKEY_CTX *context = kem_context(key, spec->method, true);
    if (context == NULL) {
        return error_code();
    }
    if (EVP_PKEY_encapsulate(context, NULL, &room, NULL, &secret_size) != 1 || room != size) {
        return crypto_refused();
    }
    HUKS_TRY(secret_alloc(out, secret_size));
    if (EVP_PKEY_encapsulate(context, encapsulated, &size, out->data, &secret_size) != 1) {
        secret_free(out);
        return crypto_refused();
    }
    secret_shrink(out, secret_size);
    return HUKS_OK;
}

static huks_rc kem_decapsulate(const struct crypto_key *key, const struct crypto_kem_spec *spec,
                               struct bytes encapsulated, struct secret *out)
{
    ERROR_GUARD;
    size_t size = 0;
    AUTO(kem_context_free) EVP_PKEY_CTX *context = kem_context(key, spec->method, false);
    if (context == NULL) {
        return error_code();
    }
    if (EVP_PKEY_decapsulate(context, NULL, &size, encapsulated.data, encapsulated.size) != 1) {
        return crypto_refused();
    }
    HUKS_TRY(secret_alloc(out, size));
    if (EVP_PKEY_decapsulate(context, out->data, &size, encapsulated.data, encapsulated.size) != 1) {
        secret_free(out);
        return error_raise(HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL);
    }
    secret_shrink(out, size);
    return HUKS_OK;
}

/* ---- by an ephemeral key ---- */

static void kem_key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* The ciphertext is the ephemeral key's point (PKCS #11 3.2, section 6.3.17). */
static huks_rc kem_ephemeral(struct crypto_key *key, const struct crypto_derive_spec *spec,
                             uint8_t *encapsulated, struct secret *out)
{
    AUTO(secret_free) struct secret params = {0};
    AUTO(secret_free) struct secret recipient = {0};
    AUTO(secret_free) struct secret point = {0};
    AUTO(kem_key_free) struct crypto_key *ephemeral = NULL;
    HUKS_TRY(crypto_key_part(key, HUKS_TAG_EC_PARAMS, &params));
    HUKS_TRY(crypto_key_part(key, HUKS_TAG_EC_POINT, &recipient));
    const struct crypto_keygen generate = {.alg = key->alg, .ec_params = secret_bytes(&params)};
    HUKS_TRY(crypto_key_generate(key->crypto, &generate, &ephemeral));
    HUKS_TRY(crypto_key_part(ephemeral, HUKS_TAG_EC_POINT, &point));
    struct crypto_derive_spec derive = *spec;
    derive.peer = secret_bytes(&recipient);
    HUKS_TRY(crypto_derive(key->crypto, ephemeral, &derive, out));
    memcpy(encapsulated, point.data, point.size);
    return HUKS_OK;
}

static huks_rc kem_agree(struct crypto_key *key, const struct crypto_derive_spec *spec,
                         struct bytes encapsulated, struct secret *out)
{
    struct crypto_derive_spec derive = *spec;
    derive.peer = encapsulated;
    huks_rc rc = crypto_derive(key->crypto, key, &derive, out);
    /* The point is the ciphertext here. */
    return rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_PUBLIC_POINT
               ? error_raise(HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL)
               : rc;
}

/* ---- the two ---- */

huks_rc crypto_encapsulate(struct crypto_key *key, const struct crypto_kem_spec *spec, uint8_t *encapsulated,
                           struct secret *out)
{
    HUKS_TRY(kem_check(key, spec->method));
    return spec->method == CRYPTO_ECDH ? kem_ephemeral(key, &spec->derive, encapsulated, out)
                                       : kem_encapsulate(key, spec, encapsulated, out);
}

huks_rc crypto_decapsulate(struct crypto_key *key, const struct crypto_kem_spec *spec,
                           struct bytes encapsulated, struct secret *out)
{
    HUKS_TRY(kem_check(key, spec->method));
    if (encapsulated.size != crypto_kem_size(key, spec)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_CIPHERTEXT_LEN, "ciphertext size");
    }
    return spec->method == CRYPTO_ECDH ? kem_agree(key, &spec->derive, encapsulated, out)
                                       : kem_decapsulate(key, spec, encapsulated, out);
}
