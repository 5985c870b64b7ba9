/*
 * The small tools that the engine's own protocols are made of: hashes, HMAC, HKDF, scrypt with fixed
 * algorithms, for the store and the authentication service.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/kdf.h"
#include "param/tags.h"

huks_rc crypto_sha256(struct crypto *crypto, struct bytes data, uint8_t out[CRYPTO_SHA256_SIZE])
{
    return digest_pieces(crypto, digest_find(OH_HUKS_DIGEST_SHA256), &data, 1, out);
}

huks_rc crypto_sha1(struct crypto *crypto, struct bytes data, uint8_t out[20])
{
    return digest_pieces(crypto, digest_find(OH_HUKS_DIGEST_SHA1), &data, 1, out);
}

static void mac_free(EVP_MAC_CTX **mac)
{
    EVP_MAC_CTX_free(*mac);
}

static huks_rc mac_keyed(struct crypto *crypto, struct bytes key, EVP_MAC_CTX **out)
{
    static const uint8_t empty[1];
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA2-256", 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *algorithm = fetch_mac(crypto, FETCH_HMAC);
    AUTO(mac_free) EVP_MAC_CTX *mac = algorithm == NULL ? NULL : EVP_MAC_CTX_new(algorithm);
    if (mac == NULL) {
        return error_no_memory();
    }
    if (EVP_MAC_init(mac, key.size != 0 ? key.data : empty, key.size, params) != 1) {
        return crypto_refused();
    }
    *out = mac;
    mac = NULL;
    return HUKS_OK;
}

static huks_rc mac_pieces(EVP_MAC_CTX *mac, const struct bytes *pieces, size_t count,
                          uint8_t out[CRYPTO_SHA256_SIZE])
{
    size_t made = 0;
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        done = pieces[i].size == 0 || EVP_MAC_update(mac, pieces[i].data, pieces[i].size) == 1;
    }
    done = done && EVP_MAC_final(mac, out, &made, CRYPTO_SHA256_SIZE) == 1;
    return done ? HUKS_OK : crypto_refused();
}

huks_rc crypto_hmac_sha256(struct crypto *crypto, struct bytes key, const struct bytes *pieces, size_t count,
                           uint8_t out[CRYPTO_SHA256_SIZE])
{
    ERROR_GUARD;
    AUTO(mac_free) EVP_MAC_CTX *mac = NULL;
    HUKS_TRY(mac_keyed(crypto, key, &mac));
    return mac_pieces(mac, pieces, count, out);
}

struct crypto_hmac {
    EVP_MAC_CTX *keyed;
    _Atomic(EVP_MAC_CTX *) idle; /* ready for the next call: a copy costs as much as a short message */
};

huks_rc crypto_hmac_new(struct crypto *crypto, struct bytes key, struct crypto_hmac **out)
{
    ERROR_GUARD;
    struct crypto_hmac *hmac = calloc(1, sizeof(*hmac));
    huks_rc rc = hmac == NULL ? error_no_memory() : mac_keyed(crypto, key, &hmac->keyed);
    if (rc != HUKS_OK) {
        free(hmac);
        return rc;
    }
    *out = hmac;
    return HUKS_OK;
}

huks_rc crypto_hmac(struct crypto_hmac *hmac, const struct bytes *pieces, size_t count,
                    uint8_t out[CRYPTO_SHA256_SIZE])
{
    ERROR_GUARD;
    AUTO(mac_free) EVP_MAC_CTX *mac = atomic_exchange(&hmac->idle, NULL);
    EVP_MAC_CTX *none = NULL;
    if (mac == NULL) {
        mac = EVP_MAC_CTX_dup(hmac->keyed);
    }
    if (mac == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(mac_pieces(mac, pieces, count, out));
    /* The key as it was, and nothing of the message. */
    if (EVP_MAC_init(mac, NULL, 0, NULL) == 1 && atomic_compare_exchange_strong(&hmac->idle, &none, mac)) {
        mac = NULL;
    }
    return HUKS_OK;
}

void crypto_hmac_free(struct crypto_hmac *hmac)
{
    if (hmac == NULL) {
        return;
    }
    if (crypto_alive()) {
        EVP_MAC_CTX_free(hmac->keyed);
        EVP_MAC_CTX_free(hmac->idle);
    } else {
        crypto_keep(hmac->keyed); /* OpenSSL is gone */
        crypto_keep(hmac->idle);
    }
    free(hmac);
}

huks_rc crypto_hkdf_sha256(struct crypto *crypto, struct bytes key, struct bytes salt, struct bytes info,
                           void *out, size_t size)
{
    const struct digest_row *row = digest_find(OH_HUKS_DIGEST_SHA256);
    uint8_t extracted[CRYPTO_SHA256_SIZE];
    HUKS_TRY(kdf_hkdf_extract(crypto, row, salt, key, extracted));
    huks_rc rc = kdf_hkdf_expand(crypto, row, BYTES_OF(extracted), info, out, size);
    memory_cleanse(extracted, sizeof(extracted));
    return rc;
}

huks_rc crypto_scrypt(struct crypto *crypto, struct bytes password, struct bytes salt, uint32_t log2n,
                      void *out, size_t size)
{
    if (log2n == 0 || log2n > 30) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM, "scrypt cost");
    }
    ERROR_GUARD;
    EVP_KDF *kdf = fetch_kdf(crypto, FETCH_SCRYPT);
    if (kdf == NULL) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_ENGINE, NULL);
    }
    uint64_t n = (uint64_t)1 << log2n;
    uint32_t r = 8, p = 1;
    /* OpenSSL wants 128·r·(N + p + 2) bytes and some; its default limit would refuse N = 2^15 and more. */
    uint64_t most = 128 * (uint64_t)r * (n + p + 2) + (1 << 20);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password.data,
                                          password.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.data, salt.size),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
        OSSL_PARAM_construct_end(),
    };
    uint8_t nothing = 0;
    if (password.data == NULL) {
        params[0].data = &nothing;
    }
    if (salt.data == NULL) {
        params[1].data = &nothing;
    }
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    if (context == NULL) {
        return error_no_memory();
    }
    huks_rc rc = EVP_KDF_derive(context, out, size, params) == 1 ? HUKS_OK : crypto_refused();
    EVP_KDF_CTX_free(context);
    return rc;
}

huks_rc crypto_sm3_kdf(struct crypto *crypto, struct bytes key, struct bytes factor, void *out, size_t size)
{
    const struct digest_row *row;
    AUTO(secret_free) struct secret both = {0};
    HUKS_TRY(digest_get(crypto, OH_HUKS_DIGEST_SM3, &row));
    HUKS_TRY(secret_alloc(&both, key.size + factor.size));
    if (key.size != 0) {
        memcpy(both.data, key.data, key.size);
    }
    if (factor.size != 0) {
        memcpy(both.data + key.size, factor.data, factor.size);
    }
    return kdf_counter(crypto, row, false, secret_bytes(&both), BYTES_NONE, out, size);
}
