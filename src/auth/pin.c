/*
 * From a PIN to a key: see pin.h. Secrets on the way live in struct secret and die here.
 */
#include "auth/pin.h"

#include <string.h>

#define SCRYPT_SIZE 32

/* scrypt keys an HMAC with the password, and to an HMAC "1234" and "1234\0" are the same key. */
static huks_rc digest(struct crypto *crypto, const struct pin_params *params, struct bytes pin,
                      struct secret *digested)
{
    HUKS_TRY(secret_alloc(digested, CRYPTO_SHA256_SIZE));
    return crypto_hmac_sha256(crypto, BYTES_OF(params->salt), &pin, 1, digested->data);
}

huks_rc pin_check_new(const struct config *config, struct bytes pin)
{
    uint32_t least = config->pin_min > 0 ? config->pin_min : 1;
    if (least > AUTH_PIN_MAX) {
        least = AUTH_PIN_MAX;
    }
    if (pin.data == NULL && pin.size > 0) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_PIN, NULL);
    }
    if (pin.size < least || pin.size > AUTH_PIN_MAX) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH, "PIN length (%u to %d bytes)",
                            (unsigned)least, AUTH_PIN_MAX);
    }
    return HUKS_OK;
}

huks_rc pin_params_new(struct crypto *crypto, uint32_t log2n, struct pin_params *params)
{
    params->log2n = log2n < PIN_LOG2N_MIN ? PIN_LOG2N_MIN : log2n > PIN_LOG2N_MAX ? PIN_LOG2N_MAX : log2n;
    return crypto_random(crypto, params->salt, sizeof params->salt);
}

huks_rc pin_derive(struct crypto *crypto, enum auth_who who, const struct pin_params *params,
                   struct bytes device_key, struct bytes pin, struct secret *kek,
                   uint8_t verifier[PIN_VERIFIER_SIZE])
{
    static const char info_user[] = "huks auth 1: user PIN";
    static const char info_so[] = "huks auth 1: SO PIN";
    AUTO(secret_free) struct secret digested = {0};
    AUTO(secret_free) struct secret mixed = {0};
    AUTO(secret_free) struct secret output = {0};
    struct bytes salt = BYTES_OF(params->salt);
    struct bytes info = who == AUTH_SO ? BYTES_OF(info_so) : BYTES_OF(info_user);

    HUKS_TRY(secret_alloc(&mixed, SCRYPT_SIZE + device_key.size));
    HUKS_TRY(secret_alloc(&output, CRYPTO_SEAL_KEY_SIZE + PIN_VERIFIER_SIZE));
    HUKS_TRY(digest(crypto, params, pin, &digested));
    HUKS_TRY(crypto_scrypt(crypto, secret_bytes(&digested), salt, params->log2n, mixed.data, SCRYPT_SIZE));
    memcpy(mixed.data + SCRYPT_SIZE, device_key.data, device_key.size);
    HUKS_TRY(crypto_hkdf_sha256(crypto, secret_bytes(&mixed), salt, info, output.data, output.size));
    HUKS_TRY(secret_set(kek, output.data, CRYPTO_SEAL_KEY_SIZE));
    memcpy(verifier, output.data + CRYPTO_SEAL_KEY_SIZE, PIN_VERIFIER_SIZE);
    return HUKS_OK;
}
