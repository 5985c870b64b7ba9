/*
 * What the installed OpenSSL lets an operation be: asked once an algorithm, remembered where it is fetched.
 */
#include "crypto/cipher.h"

/* The one MAC or KDF of OpenSSL that a method is made of. */
static const struct {
    enum crypto_method method;
    enum fetch fetch;
} offer_needs[] = {
    {CRYPTO_HMAC, FETCH_HMAC},
    {CRYPTO_POLY1305, FETCH_POLY1305},
    {CRYPTO_BLAKE2_MAC, FETCH_BLAKE2BMAC},
    {CRYPTO_HKDF, FETCH_HKDF},
    {CRYPTO_PBKDF2, FETCH_PBKDF2},
    {CRYPTO_PBKDF1, FETCH_PBKDF1},
    {CRYPTO_PKCS12, FETCH_PKCS12KDF},
    {CRYPTO_TLS_MAC, FETCH_TLS1_PRF},
    {CRYPTO_TLS_PRF, FETCH_TLS1_PRF},
};

/* What an operation of a method needs besides its digest and its key's algorithm. */
static bool offer_parts(struct crypto *crypto, uint32_t alg, const struct crypto_spec *spec)
{
    switch (spec->method) {
    case CRYPTO_CIPHER:
    case CRYPTO_AEAD:
    case CRYPTO_KEY_WRAP:
        return crypto_has_cipher(crypto, alg, cipher_mode_of(alg, spec->method, spec->mode));
    case CRYPTO_ENCRYPT_DATA:
        return crypto_has_cipher(crypto, alg, spec->mode);
    case CRYPTO_CMAC:
    case CRYPTO_CBC_MAC:
    case CRYPTO_XCBC_MAC:
        return crypto_has_cipher(crypto, alg, OH_HUKS_MODE_CBC);
    case CRYPTO_GMAC:
        return crypto_has_cipher(crypto, alg, OH_HUKS_MODE_GCM);
    default:
        break;
    }
    for (size_t i = 0; i < ARRAY_SIZE(offer_needs); i++) {
        if (offer_needs[i].method == spec->method) {
            return fetch_there(crypto, offer_needs[i].fetch);
        }
    }
    return true;
}

bool crypto_offers(struct crypto *crypto, uint32_t alg, const struct crypto_spec *spec)
{
    /* Keyed BLAKE2b is an algorithm of its own: whether there is a digest of that size too does not matter.
     */
    bool hashes = spec->digest != OH_HUKS_DIGEST_NONE && spec->digest != HUKS_DIGEST_MD5_SHA1 &&
                  spec->method != CRYPTO_BLAKE2_MAC;
    return (alg == 0 || crypto_has_key_alg(crypto, alg)) &&
           (!hashes || crypto_has_digest(crypto, spec->digest)) && offer_parts(crypto, alg, spec);
}
