/*
 * Packing, signing and opening of auth tokens: the format is in token.h.
 */
#include "auth/token.h"

#include <string.h>

#include "auth/inside.h"
#include "auth/number.h"

#define VERSION 0u

/* Where things are: HUKS's packed structure. */
enum {
    AT_VERSION = 0,
    AT_CHALLENGE = 4,
    AT_TIME = 36,
    AT_TRUST = 44,
    AT_TYPE = 48,
    AT_MODE = 52,
    AT_SECURITY = 56,
    AT_TOKEN_TYPE = 60,
    AT_IDENTITY = 64,
    AT_TAG = 220,
    AT_IV = 236,
    AT_SIGN = 248,
};
enum {
    IDENTITY_USER = 0,
    IDENTITY_SECURE_UID = 4,
    IDENTITY_ENROLLED = 12,
    IDENTITY_CREDENTIAL = 20,
    IDENTITY_COLLECTOR = 28,
    IDENTITY_VERIFIER = 92,
    IDENTITY_SIZE = 156,
};
#define UDID_SIZE 64
#define TAG_SIZE  16
#define IV_SIZE   12
_Static_assert(AT_IDENTITY + IDENTITY_SIZE == AT_TAG && AT_TAG + TAG_SIZE == AT_IV &&
                   AT_IV + IV_SIZE == AT_SIGN && AT_SIGN + CRYPTO_SHA256_SIZE == AUTH_TOKEN_SIZE &&
                   IV_SIZE + TAG_SIZE == CRYPTO_SEAL_OVERHEAD,
               "HksUserAuthToken is packed, 280 bytes");

static const char identity_aad[] = {'O', 'H', '_', 'a', 'u', 't', 'h', 'T', 'o', 'k', 'e', 'n'};
static const char mac_info[] = "huks auth 1: token MAC";
static const char cipher_info[] = "huks auth 1: token cipher";
static const char token_udid_info[] = "huks auth 1: token UDID";
static const char boot_udid_info[] = "huks auth 1: boot UDID";

static const struct {
    uint32_t type, iam;
} types[] = {
    {OH_HUKS_USER_AUTH_TYPE_PIN, 1},
    {OH_HUKS_USER_AUTH_TYPE_FACE, 2},
    {OH_HUKS_USER_AUTH_TYPE_FINGERPRINT, 4},
};

uint32_t auth_iam_type(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type == type) {
            return types[i].iam;
        }
    }
    return 0;
}

uint32_t auth_type_of_iam(uint32_t iam_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].iam == iam_type) {
            return types[i].type;
        }
    }
    return 0;
}

/* ---- keys and names of this service ---- */

static huks_rc derive(struct auth *auth, struct bytes salt, struct bytes info, void *out, size_t size)
{
    return crypto_hkdf_sha256(auth->crypto, secret_bytes(&auth->device_key), salt, info, out, size);
}

static huks_rc sign(struct auth *auth, const uint8_t *token, uint8_t mac[CRYPTO_SHA256_SIZE])
{
    AUTO(secret_free) struct secret key = {0};
    struct bytes signed_part = bytes_of(token, AT_SIGN);
    HUKS_TRY(secret_alloc(&key, CRYPTO_SHA256_SIZE));
    HUKS_TRY(derive(auth, BYTES_NONE, BYTES_OF(mac_info), key.data, key.size));
    return crypto_hmac_sha256(auth->crypto, secret_bytes(&key), &signed_part, 1, mac);
}

static huks_rc cipher_key(struct auth *auth, struct secret *key)
{
    HUKS_TRY(secret_alloc(key, CRYPTO_SEAL_KEY_SIZE));
    return derive(auth, BYTES_NONE, BYTES_OF(cipher_info), key->data, key->size);
}

static huks_rc udid(struct auth *auth, struct bytes salt, struct bytes info, uint8_t out[UDID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[UDID_SIZE / 2];
    HUKS_TRY(derive(auth, salt, info, bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = (uint8_t)digits[bytes[i] >> 4];
        out[2 * i + 1] = (uint8_t)digits[bytes[i] & 15];
    }
    return HUKS_OK;
}

/* A boot that is not this one has no name: 0 is never drawn. */
static huks_rc boot_udid(struct auth *auth, uint64_t boot, uint8_t out[UDID_SIZE])
{
    uint8_t salt[8];
    number_put64(salt, boot);
    return udid(auth, BYTES_OF(salt), BYTES_OF(boot_udid_info), out);
}

/* ---- issuing ---- */

static huks_rc put_identity(struct auth *auth, const struct auth_evidence *evidence, uint8_t *token)
{
    AUTO(secret_free) struct secret key = {0};
    AUTO(secret_free) struct secret identity = {0};
    AUTO(buffer_free) struct buffer sealed = {0};

    HUKS_TRY(secret_alloc(&identity, IDENTITY_SIZE));
    number_put32(identity.data + IDENTITY_USER, (uint32_t)evidence->user_id);
    number_put64(identity.data + IDENTITY_SECURE_UID, evidence->secure_uid);
    number_put64(identity.data + IDENTITY_ENROLLED, evidence->enrolled_id);
    number_put64(identity.data + IDENTITY_CREDENTIAL, evidence->credential_id);
    HUKS_TRY(udid(auth, BYTES_NONE, BYTES_OF(token_udid_info), identity.data + IDENTITY_COLLECTOR));
    HUKS_TRY(boot_udid(auth, evidence->when.boot, identity.data + IDENTITY_VERIFIER));
    HUKS_TRY(cipher_key(auth, &key));
    HUKS_TRY(crypto_seal(auth->crypto, key.data, BYTES_OF(identity_aad), secret_bytes(&identity), &sealed));
    /* The seal is iv, ciphertext, tag; HUKS has ciphertext, tag, iv. */
    memcpy(token + AT_IV, sealed.data, IV_SIZE);
    memcpy(token + AT_IDENTITY, sealed.data + IV_SIZE, IDENTITY_SIZE + TAG_SIZE);
    return HUKS_OK;
}

huks_rc auth_token_issue(struct auth *auth, const struct auth_evidence *evidence,
                         uint8_t token[AUTH_TOKEN_SIZE])
{
    memset(token, 0, AUTH_TOKEN_SIZE);
    number_put32(token + AT_VERSION, VERSION);
    memcpy(token + AT_CHALLENGE, evidence->challenge, AUTH_CHALLENGE_SIZE);
    number_put64(token + AT_TIME, evidence->when.ms);
    number_put32(token + AT_TRUST, evidence->trust_level);
    number_put32(token + AT_TYPE, auth_iam_type(evidence->type));
    number_put32(token + AT_MODE, evidence->auth_mode);
    number_put32(token + AT_SECURITY, evidence->security_level);
    number_put32(token + AT_TOKEN_TYPE, evidence->token_type);
    huks_rc rc = put_identity(auth, evidence, token);
    if (rc == HUKS_OK) {
        rc = sign(auth, token, token + AT_SIGN);
    }
    if (rc != HUKS_OK) {
        memset(token, 0, AUTH_TOKEN_SIZE);
    }
    return rc;
}

/* ---- opening ---- */

static huks_rc open_identity(struct auth *auth, const uint8_t *token, struct secret *identity)
{
    AUTO(secret_free) struct secret key = {0};
    uint8_t sealed[IDENTITY_SIZE + CRYPTO_SEAL_OVERHEAD];
    memcpy(sealed, token + AT_IV, IV_SIZE);
    memcpy(sealed + IV_SIZE, token + AT_IDENTITY, IDENTITY_SIZE + TAG_SIZE);
    HUKS_TRY(cipher_key(auth, &key));
    huks_rc rc = crypto_unseal(auth->crypto, key.data, BYTES_OF(identity_aad), BYTES_OF(sealed), identity);
    return rc == HUKS_E_INTERNAL ? error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL) : rc;
}

static huks_rc read_identity(struct auth *auth, const uint8_t *token, struct auth_evidence *evidence)
{
    AUTO(secret_free) struct secret identity = {0};
    uint8_t boot[UDID_SIZE];
    HUKS_TRY(open_identity(auth, token, &identity));
    evidence->user_id = (int32_t)number_get32(identity.data + IDENTITY_USER);
    evidence->secure_uid = number_get64(identity.data + IDENTITY_SECURE_UID);
    evidence->enrolled_id = number_get64(identity.data + IDENTITY_ENROLLED);
    evidence->credential_id = number_get64(identity.data + IDENTITY_CREDENTIAL);
    HUKS_TRY(boot_udid(auth, auth->boot, boot));
    bool now = memcmp(boot, identity.data + IDENTITY_VERIFIER, UDID_SIZE) == 0;
    evidence->when = (struct auth_moment){now ? auth->boot : 0, number_get64(token + AT_TIME)};
    return HUKS_OK;
}

static huks_rc check_token_type(uint32_t type, bool coauth)
{
    bool known = type == AUTH_TOKEN_LOCAL || type == AUTH_TOKEN_LOCAL_RESIGNED ||
                 (type == AUTH_TOKEN_COAUTH && coauth);
    return known ? HUKS_OK : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "authentication token type");
}

huks_rc auth_token_open(struct auth *auth, struct bytes token, bool coauth, struct auth_evidence *evidence)
{
    uint8_t mac[CRYPTO_SHA256_SIZE];
    struct auth_evidence found = {.type = 0};
    *evidence = found;
    if (token.data == NULL || token.size != AUTH_TOKEN_SIZE) {
        return error_illegal(ABOUT_NOTHING, "Invalid authentication token.");
    }
    HUKS_TRY(sign(auth, token.data, mac));
    if (!crypto_equal(mac, sizeof mac, token.data + AT_SIGN, CRYPTO_SHA256_SIZE)) {
        return error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
    }
    memcpy(found.challenge, token.data + AT_CHALLENGE, AUTH_CHALLENGE_SIZE);
    found.trust_level = number_get32(token.data + AT_TRUST);
    found.type = auth_type_of_iam(number_get32(token.data + AT_TYPE));
    found.auth_mode = number_get32(token.data + AT_MODE);
    found.security_level = number_get32(token.data + AT_SECURITY);
    found.token_type = number_get32(token.data + AT_TOKEN_TYPE);
    HUKS_TRY(check_token_type(found.token_type, coauth));
    HUKS_TRY(read_identity(auth, token.data, &found));
    *evidence = found;
    return HUKS_OK;
}
