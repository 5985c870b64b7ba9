/*
 * What the installed OpenSSL lets an operation be: asked once an algorithm, remembered where it is fetched.
 */
#include "crypto/cipher.h"

/* What an operation of a method needs besides its digest and its key's algorithm. */
static bool offer_parts(struct crypto *crypto, uint32_t alg, const struct crypto_spec *spec)
{
    switch (spec->method) {
    case CRYPTO_CIPHER:
    case CRYPTO_AEAD:
    case CRYPTO_KEY_WRAP:
        return crypto_has_cipher(crypto, alg, cipher_mode_of(alg, spec->method, spec->mode));
    case CRYPTO_CMAC:
        return crypto_has_cipher(crypto, alg, OH_HUKS_MODE_CBC);
    case CRYPTO_GMAC:
        return crypto_has_cipher(crypto, alg, OH_HUKS_MODE_GCM);
    case CRYPTO_HMAC:
        return fetch_mac(crypto, FETCH_HMAC) != NULL;
    case CRYPTO_POLY1305:
        return fetch_mac(crypto, FETCH_POLY1305) != NULL;
    case CRYPTO_HKDF:
        return fetch_kdf(crypto, FETCH_HKDF) != NULL;
    case CRYPTO_PBKDF2:
        return fetch_kdf(crypto, FETCH_PBKDF2) != NULL;
    default:
        return true;
    }
}

bool crypto_offers(struct crypto *crypto, uint32_t alg, const struct crypto_spec *spec)
{
    return (alg == 0 || crypto_has_key_alg(crypto, alg)) &&
           (spec->digest == OH_HUKS_DIGEST_NONE || crypto_has_digest(crypto, spec->digest)) &&
           offer_parts(crypto, alg, spec);
}
