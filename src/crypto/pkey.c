/*
 * What the families of asymmetric keys share: making an EVP_PKEY from parts, and getting parts back.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/keydata.h"
#include "crypto/number.h"

void pkey_context_free(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* OSSL_PARAM_free() leaves what it frees readable. */
static void pkey_params_free(OSSL_PARAM **params)
{
    for (OSSL_PARAM *param = *params; param != NULL && param->key != NULL; param++) {
        if (param->data != NULL) {
            memory_cleanse(param->data, param->data_size);
        }
    }
    OSSL_PARAM_free(*params);
}

huks_rc pkey_import(struct crypto_key *key, OSSL_PARAM_BLD *builder, enum key_part blame)
{
    OSSL_LIB_CTX *lib = crypto_lib(key->crypto);
    AUTO(pkey_params_free) OSSL_PARAM *params = builder != NULL ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    OSSL_PARAM_BLD_free(builder);
    if (params == NULL || lib == NULL) {
        return error_no_memory();
    }
    AUTO(pkey_context_free) EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(lib, fetch_key_name(key->type->fetch), NULL);
    if (context == NULL) {
        return fetch_key(key->crypto, key->type->fetch)
                   ? error_no_memory()
                   : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    int selection = key->class == CRYPTO_PRIVATE ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key->pkey, selection, params) != 1) {
        return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? error_no_memory()
                                                                              : key_part_wrong(blame);
    }
    return HUKS_OK;
}

EVP_PKEY_CTX *pkey_generator(struct crypto_key *key)
{
    OSSL_LIB_CTX *lib = crypto_lib(key->crypto);
    EVP_PKEY_CTX *context =
        lib != NULL ? EVP_PKEY_CTX_new_from_name(lib, fetch_key_name(key->type->fetch), NULL) : NULL;
    if (context == NULL || EVP_PKEY_keygen_init(context) != 1) {
        EVP_PKEY_CTX_free(context);
        huks_rc rc = fetch_key(key->crypto, key->type->fetch)
                         ? error_no_memory()
                         : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
        (void)rc;
        return NULL;
    }
    return context;
}

static huks_rc pkey_get(const struct crypto_key *key, const char *name, BIGNUM **number)
{
    return EVP_PKEY_get_bn_param(key->pkey, name, number) == 1 ? HUKS_OK : key_no_part();
}

huks_rc pkey_number(const struct crypto_key *key, const char *name, size_t size, struct secret *out)
{
    ERROR_GUARD;
    AUTO(number_free) BIGNUM *number = NULL;
    AUTO(secret_free) struct secret bytes = {0};
    HUKS_TRY(pkey_get(key, name, &number));
    size_t natural = (size_t)BN_num_bytes(number);
    HUKS_TRY(secret_alloc(&bytes, size > natural ? size : natural));
    if (BN_bn2binpad(number, bytes.data, (int)bytes.size) < 0) {
        return crypto_refused();
    }
    return key_append(out, secret_bytes(&bytes));
}

huks_rc pkey_write_number(const struct crypto_key *key, const char *name, struct secret *out)
{
    AUTO(secret_free) struct secret bytes = {0};
    HUKS_TRY(pkey_number(key, name, 0, &bytes));
    ASN1_INTEGER number = asn1_number(secret_bytes(&bytes));
    return asn1_write(ASN1_ITEM_rptr(ASN1_INTEGER), &number, out);
}

huks_rc pkey_octets(const struct crypto_key *key, const char *name, void *out, size_t capacity, size_t *size)
{
    ERROR_GUARD;
    return EVP_PKEY_get_octet_string_param(key->pkey, name, out, capacity, size) == 1 ? HUKS_OK
                                                                                      : key_no_part();
}
