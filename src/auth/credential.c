/*
 * The list of credentials as metadata: see credential.h.
 */
#include "auth/credential.h"

#include <string.h>

#include "auth/number.h"

#define META_NAME "auth.credentials"
static const char seal_info[] = "huks auth 1: credentials";
static const char seal_aad[] = META_NAME;

static const uint32_t kind_types[CREDENTIAL_KINDS] = {OH_HUKS_USER_AUTH_TYPE_FINGERPRINT,
                                                      OH_HUKS_USER_AUTH_TYPE_FACE};

/* ---- reading ---- */

struct reader {
    struct bytes rest;
    bool damaged;
};

static struct bytes take(struct reader *reader, size_t size)
{
    if (reader->damaged || reader->rest.size < size) {
        reader->damaged = true;
        return BYTES_NONE;
    }
    struct bytes taken = bytes_of(reader->rest.data, size);
    reader->rest = bytes_of(reader->rest.data + size, reader->rest.size - size);
    return taken;
}

static uint32_t take32(struct reader *reader)
{
    struct bytes taken = take(reader, 4);
    return taken.data != NULL ? number_get32(taken.data) : 0;
}

static uint64_t take64(struct reader *reader)
{
    struct bytes taken = take(reader, 8);
    return taken.data != NULL ? number_get64(taken.data) : 0;
}

static void take_text(struct reader *reader, char text[AUTH_NAME_SIZE])
{
    struct bytes length = take(reader, 1);
    struct bytes taken = take(reader, length.data != NULL ? *length.data : 0);
    memset(text, 0, AUTH_NAME_SIZE);
    if (taken.size >= AUTH_NAME_SIZE) {
        reader->damaged = true;
    } else if (taken.size > 0) {
        memcpy(text, taken.data, taken.size);
    }
}

static void take_kind(struct reader *reader, uint32_t type, struct credential_kind *kind)
{
    reader->damaged |= take32(reader) != type;
    kind->enrolled_id = take64(reader);
    uint32_t count = take32(reader);
    reader->damaged |= count > AUTH_CREDENTIALS || (count > 0 && kind->enrolled_id == 0);
    for (uint32_t i = 0; i < count && !reader->damaged; i++) {
        struct auth_credential *credential = &kind->list[i];
        credential->type = type;
        credential->id = take64(reader);
        credential->made = take64(reader);
        take_text(reader, credential->name);
        take_text(reader, credential->account);
    }
    kind->count = reader->damaged ? 0 : count;
}

static huks_rc seal_key(struct auth *auth, struct secret *key)
{
    HUKS_TRY(secret_alloc(key, CRYPTO_SEAL_KEY_SIZE));
    return crypto_hkdf_sha256(auth->crypto, secret_bytes(&auth->device_key), BYTES_NONE, BYTES_OF(seal_info),
                              key->data, key->size);
}

huks_rc credentials_read(struct auth *auth, struct credentials *credentials)
{
    AUTO(buffer_free) struct buffer value = {0};
    AUTO(secret_free) struct secret key = {0};
    AUTO(secret_free) struct secret plain = {0};
    struct bytes sealed;
    bool found;

    memset(credentials, 0, sizeof *credentials);
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        credentials->kinds[i].type = kind_types[i];
    }
    HUKS_TRY(keyring_get(auth->token, META_NAME, &value, &found));
    if (!found) {
        return HUKS_OK;
    }
    HUKS_TRY(keyring_content(bytes_of(value.data, value.size), &sealed));
    HUKS_TRY(seal_key(auth, &key));
    HUKS_TRY(crypto_unseal(auth->crypto, key.data, BYTES_OF(seal_aad), sealed, &plain));
    struct reader reader = {secret_bytes(&plain), false};
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        take_kind(&reader, kind_types[i], &credentials->kinds[i]);
    }
    if (reader.damaged || reader.rest.size != 0) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    return HUKS_OK;
}

/* ---- writing ---- */

static huks_rc put32(struct buffer *out, uint32_t number)
{
    uint8_t bytes[4];
    number_put32(bytes, number);
    return buffer_append(out, bytes, sizeof bytes);
}

static huks_rc put64(struct buffer *out, uint64_t number)
{
    uint8_t bytes[8];
    number_put64(bytes, number);
    return buffer_append(out, bytes, sizeof bytes);
}

static huks_rc put_text(struct buffer *out, const char *text)
{
    size_t length = strlen(text);
    uint8_t size = (uint8_t)length;
    HUKS_TRY(buffer_append(out, &size, 1));
    return length > 0 ? buffer_append(out, text, length) : HUKS_OK;
}

static huks_rc put_kind(struct buffer *out, const struct credential_kind *kind)
{
    HUKS_TRY(put32(out, kind->type));
    HUKS_TRY(put64(out, kind->enrolled_id));
    HUKS_TRY(put32(out, kind->count));
    for (uint32_t i = 0; i < kind->count; i++) {
        HUKS_TRY(put64(out, kind->list[i].id));
        HUKS_TRY(put64(out, kind->list[i].made));
        HUKS_TRY(put_text(out, kind->list[i].name));
        HUKS_TRY(put_text(out, kind->list[i].account));
    }
    return HUKS_OK;
}

huks_rc credentials_write(struct auth *auth, const struct credentials *credentials)
{
    AUTO(buffer_free) struct buffer plain = {0};
    AUTO(buffer_free) struct buffer value = {0};
    AUTO(secret_free) struct secret key = {0};
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        HUKS_TRY(put_kind(&plain, &credentials->kinds[i]));
    }
    HUKS_TRY(seal_key(auth, &key));
    HUKS_TRY(keyring_value(BYTES_NONE, &value));
    HUKS_TRY(
        crypto_seal(auth->crypto, key.data, BYTES_OF(seal_aad), bytes_of(plain.data, plain.size), &value));
    return store_meta_put(auth->token, META_NAME, bytes_of(value.data, value.size));
}

huks_rc credentials_clear(struct auth *auth)
{
    struct credentials credentials;
    HUKS_TRY(credentials_read(auth, &credentials));
    uint32_t count = 0;
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        count += credentials.kinds[i].count;
        credentials.kinds[i].count = 0;
    }
    return count > 0 ? credentials_write(auth, &credentials) : HUKS_OK;
}

struct credential_kind *credentials_kind(struct credentials *credentials, uint32_t type)
{
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        if (credentials->kinds[i].type == type) {
            return &credentials->kinds[i];
        }
    }
    return NULL;
}

/* ---- the PIN's ids ---- */

static huks_rc derive_id(struct auth *auth, struct bytes salt, struct bytes info, uint64_t *id)
{
    uint8_t bytes[8];
    HUKS_TRY(
        crypto_hkdf_sha256(auth->crypto, secret_bytes(&auth->device_key), salt, info, bytes, sizeof bytes));
    *id = number_get64(bytes);
    return HUKS_OK;
}

huks_rc credential_pin_enrolled_id(struct auth *auth, uint64_t secure_uid, uint64_t *id)
{
    static const char info[] = "huks auth 1: PIN enrolled id";
    uint8_t salt[8];
    number_put64(salt, secure_uid);
    return derive_id(auth, BYTES_OF(salt), BYTES_OF(info), id);
}

huks_rc credential_pin_id(struct auth *auth, const uint8_t salt[PIN_SALT_SIZE], uint64_t *id)
{
    static const char info[] = "huks auth 1: PIN credential id";
    return derive_id(auth, bytes_of(salt, PIN_SALT_SIZE), BYTES_OF(info), id);
}
