/*
 * Sealing records and class keys: AES-256-GCM, nonce ‖ ciphertext ‖ tag.
 */
#include <limits.h>
#include <string.h>

#include "crypto/context.h"

#define SEAL_NONCE 12
#define SEAL_TAG   16

/* A context that another call has left, or a new one: sealing a record costs no set-up. */
static EVP_CIPHER_CTX *seal_take(struct crypto *crypto)
{
    EVP_CIPHER_CTX *context = atomic_exchange(&crypto->idle_seal, NULL);
    return context != NULL ? context : EVP_CIPHER_CTX_new();
}

static void seal_give(struct crypto *crypto, EVP_CIPHER_CTX *context)
{
    EVP_CIPHER_CTX *expected = NULL;
    /* The key schedule goes at once; the memory waits for the next. */
    EVP_CIPHER_CTX_reset(context);
    if (!atomic_compare_exchange_strong(&crypto->idle_seal, &expected, context)) {
        EVP_CIPHER_CTX_free(context);
    }
}

static bool seal_start(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const uint8_t *key,
                       const uint8_t *nonce, struct bytes aad, int encrypt)
{
    int written = 0;
    return EVP_CipherInit_ex2(context, cipher, key, nonce, encrypt, NULL) == 1 &&
           (aad.size == 0 || EVP_CipherUpdate(context, NULL, &written, aad.data, (int)aad.size) == 1);
}

static bool seal_run(EVP_CIPHER_CTX *context, struct bytes in, uint8_t *out)
{
    int written = 0;
    return in.size == 0 || EVP_CipherUpdate(context, out, &written, in.data, (int)in.size) == 1;
}

huks_rc crypto_seal(struct crypto *crypto, const uint8_t key[CRYPTO_SEAL_KEY_SIZE], struct bytes aad,
                    struct bytes plain, struct buffer *sealed)
{
    if (plain.size > INT_MAX - CRYPTO_SEAL_OVERHEAD || aad.size > INT_MAX) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_DATA_LEN, NULL);
    }
    ERROR_GUARD;
    const EVP_CIPHER *cipher = fetch_cipher(crypto, FETCH_AES_256_GCM);
    if (cipher == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(buffer_reserve(sealed, sealed->size + plain.size + CRYPTO_SEAL_OVERHEAD));
    uint8_t *nonce = sealed->data + sealed->size;
    uint8_t *text = nonce + SEAL_NONCE, *tag = text + plain.size;
    HUKS_TRY(crypto_random_public(crypto, nonce, SEAL_NONCE)); /* nonces are told */
    EVP_CIPHER_CTX *context = seal_take(crypto);
    int written = 0;
    if (context == NULL) {
        return error_no_memory();
    }
    bool done = seal_start(context, cipher, key, nonce, aad, 1) && seal_run(context, plain, text) &&
                EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, tag) == 1;
    seal_give(crypto, context);
    if (!done) {
        return crypto_refused();
    }
    sealed->size += plain.size + CRYPTO_SEAL_OVERHEAD;
    return HUKS_OK;
}

static huks_rc seal_broken(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_ENGINE, NULL);
}

huks_rc crypto_unseal(struct crypto *crypto, const uint8_t key[CRYPTO_SEAL_KEY_SIZE], struct bytes aad,
                      struct bytes sealed, struct secret *plain)
{
    if (sealed.size < CRYPTO_SEAL_OVERHEAD || sealed.size > INT_MAX || aad.size > INT_MAX) {
        return seal_broken();
    }
    ERROR_GUARD;
    const EVP_CIPHER *cipher = fetch_cipher(crypto, FETCH_AES_256_GCM);
    if (cipher == NULL) {
        return error_no_memory();
    }
    struct bytes text = {sealed.data + SEAL_NONCE, sealed.size - CRYPTO_SEAL_OVERHEAD};
    uint8_t tag[SEAL_TAG];
    memcpy(tag, text.data + text.size, SEAL_TAG);
    HUKS_TRY(secret_alloc(plain, text.size));
    EVP_CIPHER_CTX *context = seal_take(crypto);
    int written = 0;
    uint8_t none[16];
    if (context == NULL) {
        secret_free(plain);
        return error_no_memory();
    }
    bool opened = seal_start(context, cipher, key, sealed.data, aad, 0) &&
                  seal_run(context, text, plain->data) &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1 &&
                  EVP_DecryptFinal_ex(context, none, &written) == 1;
    seal_give(crypto, context);
    if (!opened) {
        secret_free(plain);
        return seal_broken();
    }
    return HUKS_OK;
}
