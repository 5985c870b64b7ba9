/*
 * Key derivation functions over a secret. See kdf.h. HKDF and PBKDF2 are EVP_KDF's; hashing with a counter is
 * a loop over the hash, because OpenSSL 3.0's X963KDF and SSKDF crash when memory runs out in them.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/kdf.h"
#include "param/tags.h"

static huks_rc kdf_too_long(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
}

/* An octet string; "absent" and "empty" are the same to these functions. */
static OSSL_PARAM kdf_octets(const char *name, struct bytes value)
{
    static uint8_t nothing[1];
    return OSSL_PARAM_construct_octet_string(name, value.size != 0 ? (void *)(uintptr_t)value.data : nothing,
                                             value.size);
}

static OSSL_PARAM kdf_digest(const struct digest_row *row)
{
    return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)row->name, 0);
}

static huks_rc kdf_run(struct crypto *crypto, enum fetch which, const OSSL_PARAM *params, uint8_t *out, size_t size)
{
    ERROR_GUARD;
    if (size == 0) {
        return HUKS_OK;
    }
    EVP_KDF *kdf = fetch_kdf(crypto, which);
    if (kdf == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    if (context == NULL) {
        return error_no_memory();
    }
    huks_rc rc = EVP_KDF_derive(context, out, size, params) == 1 ? HUKS_OK : crypto_refused();
    EVP_KDF_CTX_free(context);
    return rc;
}

huks_rc kdf_hkdf_extract(struct crypto *crypto, const struct digest_row *row, struct bytes salt,
                         struct bytes key, uint8_t *out)
{
    int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    const OSSL_PARAM params[] = {
        kdf_digest(row),
        kdf_octets(OSSL_KDF_PARAM_KEY, key),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        salt.size != 0 ? kdf_octets(OSSL_KDF_PARAM_SALT, salt) : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    return kdf_run(crypto, FETCH_HKDF, params, out, row->size);
}

huks_rc kdf_hkdf_expand(struct crypto *crypto, const struct digest_row *row, struct bytes key,
                        struct bytes info, uint8_t *out, size_t size)
{
    if (size > 255 * (size_t)row->size) {
        return kdf_too_long();
    }
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {
        kdf_digest(row),
        kdf_octets(OSSL_KDF_PARAM_KEY, key),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        info.size != 0 ? kdf_octets(OSSL_KDF_PARAM_INFO, info) : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    return kdf_run(crypto, FETCH_HKDF, params, out, size);
}

huks_rc kdf_pbkdf2(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                   struct bytes salt, uint32_t iterations, uint8_t *out, size_t size)
{
    if (size / row->size >= UINT32_MAX) {
        return kdf_too_long();
    }
    unsigned rounds = iterations;
    int any = 1; /* "pkcs5": without SP 800-132's lower bounds, which are the caller's to keep */
    const OSSL_PARAM params[] = {
        kdf_digest(row),
        kdf_octets(OSSL_KDF_PARAM_PASSWORD, password),
        kdf_octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &any),
        OSSL_PARAM_construct_end(),
    };
    return kdf_run(crypto, FETCH_PBKDF2, params, out, size);
}

huks_rc kdf_pbkdf1(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                   struct bytes salt, uint32_t iterations, uint8_t *out, size_t size)
{
    unsigned rounds = iterations;
    const OSSL_PARAM params[] = {
        kdf_digest(row),
        kdf_octets(OSSL_KDF_PARAM_PASSWORD, password),
        kdf_octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_end(),
    };
    return kdf_run(crypto, FETCH_PBKDF1, params, out, size);
}

huks_rc kdf_pkcs12(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                   struct bytes salt, uint32_t iterations, uint32_t id, uint8_t *out, size_t size)
{
    unsigned rounds = iterations;
    int what = (int)id;
    const OSSL_PARAM params[] = {
        kdf_digest(row),
        kdf_octets(OSSL_KDF_PARAM_PASSWORD, password),
        kdf_octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &what),
        OSSL_PARAM_construct_end(),
    };
    return kdf_run(crypto, FETCH_PKCS12KDF, params, out, size);
}

huks_rc kdf_tls_prf(struct crypto *crypto, const char *digest, struct bytes secret, const struct bytes *seeds,
                    size_t count, uint8_t *out, size_t size)
{
    OSSL_PARAM params[KDF_SEEDS_MAX + 3], *param = params;
    *param++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest, 0);
    *param++ = kdf_octets(OSSL_KDF_PARAM_SECRET, secret);
    for (size_t i = 0; i < count && i < KDF_SEEDS_MAX; i++) {
        if (seeds[i].size != 0) {
            *param++ = kdf_octets(OSSL_KDF_PARAM_SEED, seeds[i]);
        }
    }
    *param = OSSL_PARAM_construct_end();
    return kdf_run(crypto, FETCH_TLS1_PRF, params, out, size);
}

static void kdf_md_free(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

huks_rc kdf_shake(struct crypto *crypto, uint32_t digest, struct bytes value, uint8_t *out, size_t size)
{
    ERROR_GUARD;
    EVP_MD *md = fetch_digest(crypto, digest == HUKS_DIGEST_SHAKE128 ? FETCH_SHAKE128 : FETCH_SHAKE256);
    if (md == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    AUTO(kdf_md_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return error_no_memory();
    }
    bool done = EVP_DigestInit_ex2(context, md, NULL) == 1 &&
                EVP_DigestUpdate(context, value.data, value.size) == 1 &&
                EVP_DigestFinalXOF(context, out, size) == 1;
    return done ? HUKS_OK : crypto_refused();
}

static void kdf_put_u32(uint8_t out[4], uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

huks_rc kdf_counter(struct crypto *crypto, const struct digest_row *row, bool counter_first,
                    struct bytes shared, struct bytes info, uint8_t *out, size_t size)
{
    uint8_t counter[4], block[DIGEST_SIZE_MAX];
    uint32_t number = 0;
    if (size / row->size >= UINT32_MAX) {
        return kdf_too_long();
    }
    huks_rc rc = HUKS_OK;
    for (size_t done = 0; rc == HUKS_OK && done < size; done += row->size) {
        kdf_put_u32(counter, ++number);
        struct bytes count = BYTES_OF(counter);
        struct bytes pieces[] = {counter_first ? count : shared, counter_first ? shared : count, info};
        rc = digest_pieces(crypto, row, pieces, ARRAY_SIZE(pieces), block);
        if (rc == HUKS_OK) {
            memcpy(out + done, block, size - done < row->size ? size - done : row->size);
        }
    }
    memory_cleanse(block, sizeof(block));
    return rc;
}
