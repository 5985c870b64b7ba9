/*
 * Sealing and opening of class keys: formats and reasons are in keyring.h.
 */
#include "auth/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "auth/number.h"

#define VERSION       1u
#define RECORD_HEADER ((size_t)4 + 4 + PIN_SALT_SIZE + PIN_VERIFIER_SIZE)

static const char device_context[] = "huks auth 1: device key";
static const char class_de_info[] = "huks auth 1: class DE";
static const char open_keys_info[] = "huks auth 1: open keys";

static huks_rc damaged(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

huks_rc keyring_class_de(struct crypto *crypto, struct bytes device_key, uint8_t out[KEYRING_KEY_SIZE])
{
    return crypto_hkdf_sha256(crypto, device_key, BYTES_NONE, BYTES_OF(class_de_info), out, KEYRING_KEY_SIZE);
}

huks_rc keyring_new(struct crypto *crypto, struct bytes device_key, struct bytes class_keys,
                    bool pin_bound_gone, struct keyring **out)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL) {
        return error_no_memory();
    }
    huks_rc rc = secret_alloc(&keyring->bytes, KEYRING_KEY_SIZE + class_keys.size);
    if (rc == HUKS_OK) {
        rc = keyring_class_de(crypto, device_key, keyring->bytes.data);
    }
    if (rc != HUKS_OK) {
        keyring_free(keyring);
        return rc;
    }
    static const enum store_class order[] = {STORE_DE, STORE_CE, STORE_ECE, STORE_PIN_BOUND};
    if (class_keys.size > 0) {
        memcpy(keyring->bytes.data + KEYRING_KEY_SIZE, class_keys.data, class_keys.size);
    }
    for (size_t i = 0; i < keyring->bytes.size / KEYRING_KEY_SIZE; i++) {
        keyring->keys.key[order[i]] = keyring->bytes.data + i * KEYRING_KEY_SIZE;
    }
    keyring->keys.gone[STORE_PIN_BOUND] = pin_bound_gone;
    *out = keyring;
    return HUKS_OK;
}

void keyring_close(struct keyring *keyring, enum store_class class)
{
    const uint8_t *key = keyring->keys.key[class];
    if (key != NULL) {
        memory_cleanse(keyring->bytes.data + (key - keyring->bytes.data), KEYRING_KEY_SIZE);
        keyring->keys.key[class] = NULL;
    }
}

void keyring_free(struct keyring *keyring)
{
    if (keyring != NULL) {
        secret_free(&keyring->bytes);
        free(keyring);
    }
}

huks_rc keyring_value(struct bytes content, struct buffer *value)
{
    uint8_t version[4];
    number_put32(version, VERSION);
    HUKS_TRY(buffer_append(value, version, sizeof version));
    return content.size > 0 ? buffer_append(value, content.data, content.size) : HUKS_OK;
}

huks_rc keyring_content(struct bytes value, struct bytes *content)
{
    *content = BYTES_NONE;
    if (value.size < 4 || number_get32(value.data) != VERSION) {
        return damaged();
    }
    *content = bytes_of(value.data + 4, value.size - 4);
    return HUKS_OK;
}

huks_rc keyring_get(struct store_token *token, const char *name, struct buffer *value, bool *found)
{
    huks_rc rc = store_meta_get(token, name, value);
    *found = rc == HUKS_OK;
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return HUKS_OK;
    }
    return rc;
}

huks_rc keyring_get_secure_uid(struct store_token *token, uint64_t *uid)
{
    AUTO(buffer_free) struct buffer value = {0};
    bool found;
    *uid = 0;
    HUKS_TRY(keyring_get(token, KEYRING_SECURE_UID, &value, &found));
    if (!found) {
        return HUKS_OK;
    }
    struct bytes content;
    HUKS_TRY(keyring_content(bytes_of(value.data, value.size), &content));
    if (content.size != 8 || number_get64(content.data) == 0) {
        return damaged();
    }
    *uid = number_get64(content.data);
    return HUKS_OK;
}

huks_rc keyring_seal_device_key(struct store *store, struct bytes device_key, struct buffer *value)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    HUKS_TRY(store_root_seal(store, BYTES_OF(device_context), device_key, &sealed));
    return keyring_value(bytes_of(sealed.data, sealed.size), value);
}

huks_rc keyring_make_device_key(struct store *store, struct crypto *crypto, struct secret *device_key,
                                struct buffer *value)
{
    HUKS_TRY(secret_alloc(device_key, KEYRING_KEY_SIZE));
    HUKS_TRY(crypto_random(crypto, device_key->data, device_key->size));
    return keyring_seal_device_key(store, secret_bytes(device_key), value);
}

huks_rc keyring_open_device_key(struct store *store, struct bytes value, struct secret *device_key)
{
    struct bytes sealed;
    HUKS_TRY(keyring_content(value, &sealed));
    HUKS_TRY(store_root_unseal(store, BYTES_OF(device_context), sealed, device_key));
    return device_key->size == KEYRING_KEY_SIZE ? HUKS_OK : damaged();
}

static huks_rc open_keys_kek(struct crypto *crypto, struct bytes device_key, struct secret *kek)
{
    HUKS_TRY(secret_alloc(kek, CRYPTO_SEAL_KEY_SIZE));
    return crypto_hkdf_sha256(crypto, device_key, BYTES_NONE, BYTES_OF(open_keys_info), kek->data, kek->size);
}

huks_rc keyring_seal_open(struct crypto *crypto, struct bytes device_key, struct bytes class_keys,
                          struct buffer *value)
{
    static const char name[] = KEYRING_OPEN_KEYS;
    AUTO(secret_free) struct secret kek = {0};
    HUKS_TRY(open_keys_kek(crypto, device_key, &kek));
    HUKS_TRY(keyring_value(BYTES_NONE, value));
    return crypto_seal(crypto, kek.data, BYTES_OF(name), class_keys, value);
}

huks_rc keyring_unseal_open(struct crypto *crypto, struct bytes device_key, struct bytes value,
                            struct secret *class_keys)
{
    static const char name[] = KEYRING_OPEN_KEYS;
    AUTO(secret_free) struct secret kek = {0};
    struct bytes sealed;
    HUKS_TRY(keyring_content(value, &sealed));
    HUKS_TRY(open_keys_kek(crypto, device_key, &kek));
    HUKS_TRY(crypto_unseal(crypto, kek.data, BYTES_OF(name), sealed, class_keys));
    return class_keys->size == KEYRING_SHARED_SIZE ? HUKS_OK : damaged();
}

static huks_rc record_aad(enum auth_who who, const uint8_t *header, struct buffer *aad)
{
    const char *name = keyring_pin_name(who);
    HUKS_TRY(buffer_append(aad, name, strlen(name) + 1));
    return buffer_append(aad, header, RECORD_HEADER);
}

huks_rc keyring_seal_pin(struct crypto *crypto, enum auth_who who, struct bytes device_key, uint32_t log2n,
                         struct bytes pin, struct bytes class_keys, struct buffer *record)
{
    struct pin_params params;
    uint8_t header[RECORD_HEADER];
    AUTO(secret_free) struct secret kek = {0};
    AUTO(buffer_free) struct buffer aad = {0};

    HUKS_TRY(pin_params_new(crypto, log2n, &params));
    number_put32(header, VERSION);
    number_put32(header + 4, params.log2n);
    memcpy(header + 8, params.salt, PIN_SALT_SIZE);
    HUKS_TRY(pin_derive(crypto, who, &params, device_key, pin, &kek, header + 8 + PIN_SALT_SIZE));
    HUKS_TRY(record_aad(who, header, &aad));
    HUKS_TRY(buffer_append(record, header, sizeof header));
    return crypto_seal(crypto, kek.data, bytes_of(aad.data, aad.size), class_keys, record);
}

huks_rc keyring_pin_params(struct bytes record, struct pin_params *params)
{
    struct bytes content;
    HUKS_TRY(keyring_content(record, &content));
    if (record.size < RECORD_HEADER + CRYPTO_SEAL_OVERHEAD) {
        return damaged();
    }
    params->log2n = number_get32(record.data + 4);
    memcpy(params->salt, record.data + 8, PIN_SALT_SIZE);
    return params->log2n < PIN_LOG2N_MIN || params->log2n > PIN_LOG2N_MAX ? damaged() : HUKS_OK;
}

huks_rc keyring_test_pin(struct crypto *crypto, enum auth_who who, struct bytes device_key,
                         struct bytes record, struct bytes pin, bool *right, struct secret *class_keys)
{
    struct pin_params params;
    uint8_t verifier[PIN_VERIFIER_SIZE];
    AUTO(secret_free) struct secret kek = {0};
    AUTO(buffer_free) struct buffer aad = {0};

    *right = false;
    HUKS_TRY(keyring_pin_params(record, &params));
    if (pin.size > AUTH_PIN_MAX) {
        return HUKS_OK; /* no PIN is that long: not worth reading */
    }
    HUKS_TRY(pin_derive(crypto, who, &params, device_key, pin, &kek, verifier));
    if (!crypto_equal(verifier, sizeof verifier, record.data + 8 + PIN_SALT_SIZE, PIN_VERIFIER_SIZE)) {
        return HUKS_OK;
    }
    HUKS_TRY(record_aad(who, record.data, &aad));
    HUKS_TRY(crypto_unseal(crypto, kek.data, bytes_of(aad.data, aad.size),
                           bytes_of(record.data + RECORD_HEADER, record.size - RECORD_HEADER), class_keys));
    if (class_keys->size != (who == AUTH_SO ? KEYRING_SHARED_SIZE : KEYRING_USER_SIZE)) {
        return damaged();
    }
    *right = true;
    return HUKS_OK;
}
