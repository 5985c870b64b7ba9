/*
 * Making, keeping and reading the authority. See attest.h and attest_authority.h.
 *
 * Metadata: "attest.authority" and "attest.device", each u32 1 and a seal, whose key comes from the token's
 * class DE: it is there without a login, and a copied database says nothing without the root key. Inside:
 * blobs, each a u32 and so many bytes, in the order of the enumerations below.
 */
#include "service/attest_authority.h"

#include <string.h>
#include <time.h>

#include "service/attest.h"

enum authority_blob {
    AUTHORITY_ROOT,
    AUTHORITY_CA,
    AUTHORITY_CA_KEY,
    AUTHORITY_ANONYMOUS_ROOT,
    AUTHORITY_ANONYMOUS_CA,
    AUTHORITY_ANONYMOUS_CA_KEY,
    AUTHORITY_BLOBS
};
enum device_blob { DEVICE_CERTIFICATE, DEVICE_KEY, DEVICE_BLOBS };

#define AUTHORITY_NAME "attest.authority"
#define DEVICE_NAME    "attest.device"
#define DEVICE_BITS    2048

/* A value's blobs: views into what it was opened to, or what is to be sealed. */
#define BLOBS_MAX AUTHORITY_BLOBS
struct blobs {
    struct bytes at[BLOBS_MAX];
    struct secret opened;
};

static void blobs_free(struct blobs *blobs)
{
    secret_free(&blobs->opened);
}

static void key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

void issuer_free(struct issuer *issuer)
{
    for (size_t i = 0; i < ARRAY_SIZE(issuer->chain); i++) {
        buffer_free(&issuer->chain[i]);
    }
    crypto_key_unref(issuer->key);
}

/* By the coarse clock that verifiers read, too: another may be a second ahead, and nothing be valid yet. */
struct date attest_now(void)
{
    time_t now = time(NULL);
    return date_of(now > 0 ? now : 0);
}

static huks_rc damaged(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

/* ---- sealed values ---- */

static void put_u32(uint8_t out[4], size_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t get_u32(const uint8_t *from)
{
    return (size_t)from[0] | (size_t)from[1] << 8 | (size_t)from[2] << 16 | (size_t)from[3] << 24;
}

static huks_rc sealing_key(struct crypto *crypto, struct bytes class_de, struct secret *key)
{
    static const char info[] = "huks attest 1";
    HUKS_TRY(secret_alloc(key, CRYPTO_SEAL_KEY_SIZE));
    return crypto_hkdf_sha256(crypto, class_de, BYTES_NONE, BYTES_OF(info), key->data, key->size);
}

/* The key of class DE, which is always open. */
static huks_rc class_de(struct token *token, struct secret *out)
{
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    const uint8_t *key = keys.keys.key[STORE_DE];
    huks_rc rc = key != NULL ? secret_set(out, key, CRYPTO_SEAL_KEY_SIZE) : damaged();
    token_keys_release(&keys);
    return rc;
}

static huks_rc blobs_seal(struct crypto *crypto, struct bytes class_key, const char *name,
                          const struct bytes *blobs, size_t count, struct buffer *value)
{
    static const uint8_t version[4] = {1};
    AUTO(secret_free) struct secret key = {0};
    AUTO(secret_free) struct secret plain = {0};
    size_t size = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        size += 4 + blobs[i].size;
    }
    HUKS_TRY(secret_alloc(&plain, size));
    for (size_t i = 0; i < count; i++) {
        put_u32(plain.data + at, blobs[i].size);
        memcpy(plain.data + at + 4, blobs[i].data, blobs[i].size);
        at += 4 + blobs[i].size;
    }
    HUKS_TRY(sealing_key(crypto, class_key, &key));
    HUKS_TRY(buffer_append(value, version, sizeof(version)));
    return crypto_seal(crypto, key.data, bytes_of(name, strlen(name)), secret_bytes(&plain), value);
}

static huks_rc blobs_open(struct token *token, const char *name, const struct buffer *value, size_t count,
                          struct blobs *out)
{
    AUTO(secret_free) struct secret class_key = {0};
    AUTO(secret_free) struct secret key = {0};
    size_t at = 0;
    if (value->size < 4 || get_u32(value->data) != 1) {
        return damaged();
    }
    HUKS_TRY(class_de(token, &class_key));
    HUKS_TRY(sealing_key(token->engine->crypto, secret_bytes(&class_key), &key));
    HUKS_TRY(crypto_unseal(token->engine->crypto, key.data, bytes_of(name, strlen(name)),
                           bytes_of(value->data + 4, value->size - 4), &out->opened));
    for (size_t i = 0; i < count; i++) {
        size_t left = out->opened.size - at;
        if (left < 4 || get_u32(out->opened.data + at) > left - 4) {
            return damaged();
        }
        out->at[i] = bytes_of(out->opened.data + at + 4, get_u32(out->opened.data + at));
        at += 4 + out->at[i].size;
    }
    return HUKS_OK;
}

/* What was made, to be kept unless somebody else was first: then theirs takes its place. */
struct keeping {
    const char *name;
    struct buffer *value;
};

static huks_rc keep_value(struct store_token *db, void *argument)
{
    struct keeping *keeping = argument;
    AUTO(buffer_free) struct buffer theirs = {0};
    huks_rc rc = store_meta_get(db, keeping->name, &theirs);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return store_meta_put(db, keeping->name, bytes_of(keeping->value->data, keeping->value->size));
    }
    HUKS_TRY(rc);
    struct buffer ours = *keeping->value;
    *keeping->value = theirs;
    theirs = ours;
    return HUKS_OK;
}

static huks_rc keep(struct token *token, const char *name, struct buffer *value)
{
    struct keeping keeping = {name, value};
    return store_meta_change(atomic_load(&token->db), keep_value, &keeping);
}

/* ---- certificates of the authority ---- */

/* A key with its certificate, and what is to be known about it. */
struct authority {
    const char *name;
    bool numbered; /* carries the token's serial number */
    int below;
    struct crypto_key *key;
    struct buffer certificate;
    struct secret encoded; /* the private key */
};

static void authority_free(struct authority *authority)
{
    crypto_key_unref(authority->key);
    buffer_free(&authority->certificate);
    secret_free(&authority->encoded);
}

static huks_rc draw_serial(struct crypto *crypto, uint64_t *serial)
{
    do {
        HUKS_TRY(crypto_random(crypto, serial, sizeof(*serial)));
        *serial &= INT64_MAX; /* at most 8 bytes of a positive number */
    } while (*serial == 0);
    return HUKS_OK;
}

/* Makes the key, and its certificate: by `signer`, whose certificate is `issuer`, or by itself. */
static huks_rc authority_make(struct token *token, uint32_t alg, uint32_t bits, struct crypto_key *signer,
                              struct bytes issuer, struct authority *out)
{
    struct crypto *crypto = token->engine->crypto;
    const struct crypto_keygen spec = {.alg = alg, .size_bits = bits};
    AUTO(secret_free) struct secret public = {0};
    HUKS_TRY(crypto_key_generate(crypto, &spec, &out->key));
    HUKS_TRY(crypto_key_encode(out->key, CRYPTO_PUBLIC, &public));
    HUKS_TRY(crypto_key_encode(out->key, CRYPTO_PRIVATE, &out->encoded));
    struct crypto_certificate certificate = {
        .public_info = secret_bytes(&public),
        .name = out->name,
        .number = out->numbered ? token->serial : NULL,
        .from = attest_now(),
        .issuer = issuer,
        .signer = signer != NULL ? signer : out->key,
        .usage = CRYPTO_USAGE_CERTIFICATES,
        .below = out->below,
    };
    HUKS_TRY(draw_serial(crypto, &certificate.serial));
    return crypto_certificate_make(crypto, &certificate, &out->certificate);
}

static struct bytes view(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

/* A root and the CA below it, on P-256. The root's private key ends here. */
static huks_rc chain_make(struct token *token, struct authority *root, struct authority *ca)
{
    HUKS_TRY(authority_make(token, OH_HUKS_ALG_ECC, 256, NULL, BYTES_NONE, root));
    secret_free(&root->encoded);
    return authority_make(token, OH_HUKS_ALG_ECC, 256, root->key, view(&root->certificate), ca);
}

static huks_rc authority_value(struct token *token, struct bytes class_key, struct buffer *value)
{
    AUTO(authority_free)
    struct authority root = {.name = "HUKS Attestation Root", .numbered = true, .below = 2};
    AUTO(authority_free) struct authority ca = {.name = "HUKS Attestation CA", .numbered = true, .below = 1};
    AUTO(authority_free)
    struct authority anonymous_root = {.name = "HUKS Anonymous Attestation Root", .below = 1};
    AUTO(authority_free)
    struct authority anonymous_ca = {.name = "HUKS Anonymous Attestation CA", .below = 0};
    HUKS_TRY(chain_make(token, &root, &ca));
    HUKS_TRY(chain_make(token, &anonymous_root, &anonymous_ca));
    const struct bytes blobs[AUTHORITY_BLOBS] = {
        [AUTHORITY_ROOT] = view(&root.certificate),
        [AUTHORITY_CA] = view(&ca.certificate),
        [AUTHORITY_CA_KEY] = secret_bytes(&ca.encoded),
        [AUTHORITY_ANONYMOUS_ROOT] = view(&anonymous_root.certificate),
        [AUTHORITY_ANONYMOUS_CA] = view(&anonymous_ca.certificate),
        [AUTHORITY_ANONYMOUS_CA_KEY] = secret_bytes(&anonymous_ca.encoded),
    };
    return blobs_seal(token->engine->crypto, class_key, AUTHORITY_NAME, blobs, AUTHORITY_BLOBS, value);
}

huks_rc attest_prepare(struct token *token, struct auth_meta *meta)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(authority_value(token, secret_bytes(&meta->class_de), &value));
    auth_meta_add(meta, AUTHORITY_NAME, &value);
    return HUKS_OK;
}

/* ---- reading ---- */

static huks_rc get_value(struct token *token, const char *name, struct buffer *value)
{
    huks_rc rc = store_meta_get(atomic_load(&token->db), name, value);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
        return HUKS_OK; /* and nothing in `value` */
    }
    return rc;
}

static huks_rc authority_read(struct token *token, struct blobs *out)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(get_value(token, AUTHORITY_NAME, &value));
    if (value.size == 0) {
        return damaged(); /* every token is made with one */
    }
    return blobs_open(token, AUTHORITY_NAME, &value, AUTHORITY_BLOBS, out);
}

static huks_rc decode_key(struct token *token, uint32_t alg, struct bytes encoded, struct crypto_key **out)
{
    return crypto_key_decode(token->engine->crypto, CRYPTO_PRIVATE, alg, encoded, out);
}

static huks_rc device_value(struct token *token, const struct blobs *authority, struct buffer *value)
{
    AUTO(authority_free) struct authority device = {.name = "HUKS Device", .numbered = true, .below = 0};
    AUTO(key_free) struct crypto_key *ca = NULL;
    AUTO(secret_free) struct secret class_key = {0};
    HUKS_TRY(class_de(token, &class_key));
    HUKS_TRY(decode_key(token, OH_HUKS_ALG_ECC, authority->at[AUTHORITY_CA_KEY], &ca));
    HUKS_TRY(authority_make(token, OH_HUKS_ALG_RSA, DEVICE_BITS, ca, authority->at[AUTHORITY_CA], &device));
    const struct bytes blobs[DEVICE_BLOBS] = {
        [DEVICE_CERTIFICATE] = view(&device.certificate),
        [DEVICE_KEY] = secret_bytes(&device.encoded),
    };
    return blobs_seal(token->engine->crypto, secret_bytes(&class_key), DEVICE_NAME, blobs, DEVICE_BLOBS,
                      value);
}

static huks_rc device_read(struct token *token, const struct blobs *authority, struct blobs *out)
{
    AUTO(buffer_free) struct buffer value = {0};
    HUKS_TRY(get_value(token, DEVICE_NAME, &value));
    if (value.size == 0) {
        HUKS_TRY(device_value(token, authority, &value));
        if (store_token_writable(atomic_load(&token->db))) {
            HUKS_TRY(keep(token, DEVICE_NAME, &value));
        }
    }
    return blobs_open(token, DEVICE_NAME, &value, DEVICE_BLOBS, out);
}

static huks_rc chain_add(struct issuer *issuer, struct bytes certificate)
{
    return buffer_append(&issuer->chain[issuer->count++], certificate.data, certificate.size);
}

huks_rc issuer_get(struct token *token, bool anonymous, struct issuer *out)
{
    AUTO(blobs_free) struct blobs authority = {0};
    AUTO(blobs_free) struct blobs device = {0};
    HUKS_TRY(authority_read(token, &authority));
    if (anonymous) {
        HUKS_TRY(chain_add(out, authority.at[AUTHORITY_ANONYMOUS_CA]));
        HUKS_TRY(chain_add(out, authority.at[AUTHORITY_ANONYMOUS_ROOT]));
        return decode_key(token, OH_HUKS_ALG_ECC, authority.at[AUTHORITY_ANONYMOUS_CA_KEY], &out->key);
    }
    HUKS_TRY(device_read(token, &authority, &device));
    HUKS_TRY(chain_add(out, device.at[DEVICE_CERTIFICATE]));
    HUKS_TRY(chain_add(out, authority.at[AUTHORITY_CA]));
    HUKS_TRY(chain_add(out, authority.at[AUTHORITY_ROOT]));
    return decode_key(token, OH_HUKS_ALG_RSA, device.at[DEVICE_KEY], &out->key);
}
