/*
 * Keys that come in encrypted (huks-semantics 4.3): a sequence of fields, each a 32-bit little-endian length
 * and so many bytes. What the suites have in common stands in a table; what they do not, in a function each.
 *
 *   1, 2     agreement with the sender's key gives a secret that decrypts a key, which decrypts the material
 *   3, 4     SM2 decrypts a key; with two factors it derives the keys of SM4 and of an HMAC of SM3
 *   5        SM2 decrypts an SM4 key, which decrypts a bare private or secret value
 */
#include <string.h>

#include "crypto/op.h"
#include "param/rules.h"
#include "service/aliased.h"
#include "service/material.h"
#include "service/native_make.h"
#include "service/private.h"

#define FIELDS_MAX OH_HUKS_IMPORT_WRAPPED_KEY_TOTAL_BLOBS

struct envelope {
    struct making making;
    enum rules_import kind;
    uint32_t alg, bits;     /* of the key to come */
    struct crypto_key *key; /* the wrapping key's */
    struct bytes field[FIELDS_MAX];
};

static void envelope_free(struct envelope *envelope)
{
    crypto_key_unref(envelope->key);
}

static huks_rc bad_format(void)
{
    return error_illegal(ABOUT_WRAPPED_KEY, ILLEGAL_WRAPPED);
}

/* ---- the suites ---- */

typedef huks_rc (*open_function)(const struct envelope *envelope);
static huks_rc open_agreed(const struct envelope *envelope);
static huks_rc open_sm2_signed(const struct envelope *envelope);
static huks_rc open_sm2_derived(const struct envelope *envelope);
static huks_rc open_sm2_bare(const struct envelope *envelope);

/* `sizes`: what a field must have; 0: any but none. */
static const struct suite {
    uint32_t suite, alg; /* of the wrapping key */
    uint32_t purposes;   /* that let it open this: exactly one of them, or all */
    uint8_t count;
    uint8_t sizes[FIELDS_MAX];
    open_function open;
} suites[] = {
    {OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING,
     OH_HUKS_ALG_X25519,
     OH_HUKS_KEY_PURPOSE_UNWRAP,
     10,
     {32, 0, 12, 16, 32, 0, 12, 16, 4, 0},
     open_agreed},
    {OH_HUKS_UNWRAP_SUITE_ECDH_AES_256_GCM_NOPADDING,
     OH_HUKS_ALG_ECC,
     OH_HUKS_KEY_PURPOSE_UNWRAP,
     10,
     {0, 0, 12, 16, 32, 0, 12, 16, 4, 0},
     open_agreed},
    /* HUKS's own examples open these with an SM2 key that decrypts. */
    {HUKS_SUITE_SM2_SM4_CBC_SM3,
     OH_HUKS_ALG_SM2,
     OH_HUKS_KEY_PURPOSE_UNWRAP | OH_HUKS_KEY_PURPOSE_DECRYPT,
     10,
     {0, 4, 0, 4, 0, 0, 32, 0, 16, 4},
     open_sm2_signed},
    {HUKS_SUITE_SM2_SM4_CBC,
     OH_HUKS_ALG_SM2,
     OH_HUKS_KEY_PURPOSE_UNWRAP | OH_HUKS_KEY_PURPOSE_DECRYPT,
     8,
     {0, 4, 0, 0, 32, 0, 16, 4},
     open_sm2_derived},
    {OH_HUKS_UNWRAP_SUITE_SM2_SM4_ECB_NOPADDING,
     OH_HUKS_ALG_SM2,
     OH_HUKS_KEY_PURPOSE_UNWRAP | OH_HUKS_KEY_PURPOSE_DECRYPT,
     2,
     {0, 0},
     open_sm2_bare},
};

static huks_rc suite_find(const OH_Huks_ParamSet *set, const struct suite **out)
{
    if (!param_has(set, OH_HUKS_TAG_UNWRAP_ALGORITHM_SUITE)) {
        return error_raise(HUKS_E_MISSING_PARAM, ABOUT_TEMPLATE, "algorithm");
    }
    for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
        if (suites[i].suite == param_u32(set, OH_HUKS_TAG_UNWRAP_ALGORITHM_SUITE, 0)) {
            *out = &suites[i];
            return HUKS_OK;
        }
    }
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM, "algorithm");
}

/* ---- fields ---- */

static uint32_t read_u32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static huks_rc read_fields(const struct suite *suite, struct bytes wrapped, struct bytes field[FIELDS_MAX])
{
    size_t at = 0;
    if (wrapped.size > OH_HUKS_WRAPPED_FORMAT_MAX_SIZE) {
        return bad_format();
    }
    for (size_t i = 0; i < suite->count; i++) {
        if (wrapped.size - at < 4) {
            return bad_format();
        }
        size_t size = read_u32(wrapped.data + at);
        at += 4;
        if (size == 0 || size > wrapped.size - at || (suite->sizes[i] != 0 && size != suite->sizes[i])) {
            return bad_format();
        }
        field[i] = bytes_of(wrapped.data + at, size);
        at += size;
    }
    return at == wrapped.size ? HUKS_OK : bad_format();
}

/* A field that says how long something else is. */
static size_t field_number(const struct envelope *envelope, size_t index)
{
    return read_u32(envelope->field[index].data);
}

/* ---- one step of cryptography ---- */

static huks_rc does_not_open(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_WRAPPED_KEY, NULL);
}

/* Whatever the engine does not like about what came in is a key that does not open. */
static huks_rc opened(huks_rc rc)
{
    return rc == HUKS_E_INVALID_PARAM || rc == HUKS_E_CRYPTO ? does_not_open() : rc;
}

static void op_free(struct crypto_op **op)
{
    crypto_op_free(*op);
}

static huks_rc run(struct crypto *crypto, struct crypto_key *key, const struct crypto_spec *spec,
                   struct bytes in, struct secret *out)
{
    AUTO(op_free) struct crypto_op *op = NULL;
    HUKS_TRY(crypto_op_new(crypto, &op));
    HUKS_TRY(crypto_op_begin(op, key, spec));
    size_t size = crypto_op_size(op, CRYPTO_ONCE, in.size);
    HUKS_TRY(secret_alloc(out, size));
    HUKS_TRY(crypto_op_once(op, in, out->data, &size));
    secret_shrink(out, size);
    return HUKS_OK;
}

/* The same with key bytes that are no key yet. */
static huks_rc run_with(const struct envelope *envelope, uint32_t alg, struct bytes value,
                        const struct crypto_spec *spec, struct bytes in, struct secret *out)
{
    AUTO(make_key_free) struct crypto_key *key = NULL;
    struct crypto *crypto = envelope->making.engine->crypto;
    HUKS_TRY(crypto_key_decode(crypto, CRYPTO_SECRET, alg, value, &key));
    return run(crypto, key, spec, in, out);
}

/* ---- suites 1 and 2 ---- */

/* `at`: the first of AAD, nonce and tag. */
static huks_rc decrypt_gcm(const struct envelope *envelope, struct bytes key, size_t at, struct bytes sealed,
                           struct secret *out)
{
    const struct crypto_spec spec = {
        .method = CRYPTO_AEAD,
        .direction = CRYPTO_DECRYPT,
        .mode = OH_HUKS_MODE_GCM,
        .aad = envelope->field[at],
        .iv = envelope->field[at + 1],
        .tag = envelope->field[at + 2],
        .tag_size = OH_HUKS_AE_TAG_LEN,
        .data_size = CRYPTO_SIZE_UNKNOWN,
    };
    return opened(run_with(envelope, OH_HUKS_ALG_AES, key, &spec, sealed, out));
}

/* Only a SubjectPublicKeyInfo begins with 0x30; the crypto engine would take bare points, too. */
static bool peer_form_ok(uint32_t alg, struct bytes peer)
{
    return alg == OH_HUKS_ALG_X25519 || peer.data[0] == 0x30;
}

static huks_rc open_agreed(const struct envelope *envelope)
{
    const struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = envelope->field[0]};
    AUTO(secret_free) struct secret shared = {0};
    AUTO(secret_free) struct secret kek = {0};
    AUTO(secret_free) struct secret material = {0};
    if (crypto_key_bits(envelope->key) != 256) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    huks_rc rc = peer_form_ok(crypto_key_alg(envelope->key), envelope->field[0])
                     ? crypto_derive(envelope->making.engine->crypto, envelope->key, &spec, &shared)
                     : HUKS_E_INVALID_PARAM;
    if (rc == HUKS_E_INVALID_PARAM) {
        return error_illegal(ABOUT_PUBLIC_POINT, ILLEGAL_PUBLIC_KEY);
    }
    HUKS_TRY(rc);
    HUKS_TRY(decrypt_gcm(envelope, secret_bytes(&shared), 1, envelope->field[4], &kek));
    HUKS_TRY(decrypt_gcm(envelope, secret_bytes(&kek), 5, envelope->field[9], &material));
    return material.size == field_number(envelope, 8)
               ? import_material(&envelope->making, envelope->kind, secret_bytes(&material))
               : bad_format();
}

/* ---- suites 3 and 4 ---- */

static huks_rc decrypt_sm2(const struct envelope *envelope, struct bytes sealed, struct secret *out)
{
    const struct crypto_spec spec = {
        .method = CRYPTO_SM2,
        .direction = CRYPTO_DECRYPT,
        .digest = OH_HUKS_DIGEST_SM3,
        .data_size = CRYPTO_SIZE_UNKNOWN,
    };
    return opened(run(envelope->making.engine->crypto, envelope->key, &spec, sealed, out));
}

static huks_rc derive_sm4(const struct envelope *envelope, struct bytes kek, struct bytes factor,
                          struct secret *key)
{
    HUKS_TRY(secret_alloc(key, 16));
    return crypto_sm3_kdf(envelope->making.engine->crypto, kek, factor, key->data, key->size);
}

/* factor 1, factor 2, MAC, encrypted material, IV, size of the material: from field `at` on. */
static huks_rc open_with_factors(const struct envelope *envelope, struct bytes kek, size_t at)
{
    const struct crypto_spec mac = {
        .method = CRYPTO_HMAC, .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SM3};
    const struct crypto_spec cbc = {
        .method = CRYPTO_CIPHER,
        .direction = CRYPTO_DECRYPT,
        .mode = OH_HUKS_MODE_CBC,
        .padding = OH_HUKS_PADDING_PKCS7,
        .iv = envelope->field[at + 4],
        .data_size = CRYPTO_SIZE_UNKNOWN,
    };
    AUTO(secret_free) struct secret key = {0};
    AUTO(secret_free) struct secret made = {0};
    AUTO(secret_free) struct secret material = {0};
    struct bytes sealed = envelope->field[at + 3], given = envelope->field[at + 2];
    HUKS_TRY(derive_sm4(envelope, kek, envelope->field[at + 1], &key));
    HUKS_TRY(run_with(envelope, OH_HUKS_ALG_SM3, secret_bytes(&key), &mac, sealed, &made));
    if (!crypto_equal(made.data, made.size, given.data, given.size)) {
        return does_not_open();
    }
    secret_free(&key);
    HUKS_TRY(derive_sm4(envelope, kek, envelope->field[at], &key));
    HUKS_TRY(opened(run_with(envelope, OH_HUKS_ALG_SM4, secret_bytes(&key), &cbc, sealed, &material)));
    return material.size == field_number(envelope, at + 5)
               ? import_material(&envelope->making, envelope->kind, secret_bytes(&material))
               : bad_format();
}

static huks_rc open_sm2_derived(const struct envelope *envelope)
{
    AUTO(secret_free) struct secret kek = {0};
    HUKS_TRY(decrypt_sm2(envelope, envelope->field[0], &kek));
    return kek.size == field_number(envelope, 1) ? open_with_factors(envelope, secret_bytes(&kek), 2)
                                                 : bad_format();
}

/* The sender signed the key with SM2 and SM3, as OH_Huks_* sign. */
static huks_rc check_sender(const struct envelope *envelope, struct bytes kek, struct bytes signature)
{
    const struct crypto_spec spec = {.method = CRYPTO_ECDSA,
                                     .direction = CRYPTO_VERIFY,
                                     .digest = OH_HUKS_DIGEST_SM3,
                                     .der = true,
                                     .data_size = CRYPTO_SIZE_UNKNOWN};
    struct crypto *crypto = envelope->making.engine->crypto;
    AUTO(make_key_free) struct crypto_key *sender = NULL;
    AUTO(op_free) struct crypto_op *op = NULL;
    huks_rc rc = crypto_key_decode(crypto, CRYPTO_PUBLIC, OH_HUKS_ALG_SM2, envelope->field[0], &sender);
    if (rc == HUKS_E_INVALID_PARAM) {
        return error_illegal(ABOUT_PUBLIC_POINT, ILLEGAL_PUBLIC_KEY);
    }
    HUKS_TRY(rc);
    HUKS_TRY(crypto_op_new(crypto, &op));
    HUKS_TRY(crypto_op_begin(op, sender, &spec));
    return opened(crypto_op_verify_once(op, kek, signature));
}

static huks_rc open_sm2_signed(const struct envelope *envelope)
{
    AUTO(secret_free) struct secret both = {0};
    HUKS_TRY(decrypt_sm2(envelope, envelope->field[2], &both));
    size_t signature = field_number(envelope, 1), kek = field_number(envelope, 3);
    if (kek == 0 || signature == 0 || kek > both.size || both.size - kek != signature) {
        return bad_format();
    }
    HUKS_TRY(check_sender(envelope, bytes_of(both.data, kek), bytes_of(both.data + kek, signature)));
    return open_with_factors(envelope, bytes_of(both.data, kek), 4);
}

/* ---- suite 5 ---- */

/* What of a public key its private one is built with: by algorithm, up to two parts, and its own tag. */
static const struct joint {
    uint32_t alg;
    uint32_t public[2];
    uint32_t private;
} joints[] = {
    {OH_HUKS_ALG_RSA, {HUKS_TAG_MODULUS, HUKS_TAG_PUBLIC_EXPONENT}, HUKS_TAG_PRIVATE_EXPONENT},
    {OH_HUKS_ALG_ECC, {HUKS_TAG_EC_POINT, 0}, HUKS_TAG_VALUE},
    {OH_HUKS_ALG_ECDH, {HUKS_TAG_EC_POINT, 0}, HUKS_TAG_VALUE},
    {OH_HUKS_ALG_SM2, {HUKS_TAG_EC_POINT, 0}, HUKS_TAG_VALUE},
    {OH_HUKS_ALG_X25519, {HUKS_TAG_EC_POINT, 0}, HUKS_TAG_VALUE},
    {OH_HUKS_ALG_ED25519, {HUKS_TAG_EC_POINT, 0}, HUKS_TAG_VALUE},
    {OH_HUKS_ALG_DH, {0, 0}, HUKS_TAG_VALUE},
};

static const struct joint *joint_find(uint32_t alg)
{
    for (size_t i = 0; i < ARRAY_SIZE(joints); i++) {
        if (joints[i].alg == alg) {
            return &joints[i];
        }
    }
    return NULL;
}

/* A private value and the public key that was not encrypted. */
static huks_rc join(const struct envelope *envelope, struct crypto_key *public, struct bytes value,
                    struct crypto_key **out)
{
    const struct joint *joint = joint_find(envelope->alg);
    AUTO(secret_free) struct secret first = {0};
    AUTO(secret_free) struct secret second = {0};
    AUTO(secret_free) struct secret theirs = {0};
    AUTO(secret_free) struct secret ours = {0};
    AUTO(param_list_free) struct param_list parts = {0};
    if (joint == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    struct secret *const read[2] = {&first, &second};
    for (size_t i = 0; i < 2 && joint->public[i] != 0; i++) {
        HUKS_TRY(crypto_key_part(public, joint->public[i], read[i]));
        HUKS_TRY(param_list_put_bytes(&parts, joint->public[i], secret_bytes(read[i])));
    }
    HUKS_TRY(param_list_put_bytes(&parts, joint->private, value));
    HUKS_TRY(material_build(envelope->making.engine->crypto, CRYPTO_PRIVATE, envelope->alg, envelope->bits,
                            &parts, out));
    HUKS_TRY(crypto_key_encode(public, CRYPTO_PUBLIC, &theirs));
    HUKS_TRY(crypto_key_encode(*out, CRYPTO_PUBLIC, &ours));
    return bytes_equal(secret_bytes(&theirs), secret_bytes(&ours)) ? HUKS_OK : material_invalid();
}

static huks_rc open_sm2_value(const struct envelope *envelope, struct secret *value)
{
    const struct crypto_spec ecb = {
        .method = CRYPTO_CIPHER,
        .direction = CRYPTO_DECRYPT,
        .mode = OH_HUKS_MODE_ECB,
        .padding = OH_HUKS_PADDING_NONE,
        .data_size = CRYPTO_SIZE_UNKNOWN,
    };
    AUTO(secret_free) struct secret key = {0};
    if (envelope->bits / OH_HUKS_BITS_PER_BYTE % 16 != 0) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
    }
    HUKS_TRY(decrypt_sm2(envelope, envelope->field[0], &key));
    return key.size == 16 ? opened(run_with(envelope, OH_HUKS_ALG_SM4, secret_bytes(&key), &ecb,
                                            envelope->field[1], value))
                          : does_not_open();
}

static huks_rc open_sm2_bare(const struct envelope *envelope)
{
    AUTO(make_key_free) struct crypto_key *public = NULL;
    AUTO(make_key_free) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret value = {0};
    if (rules_is_symmetric(envelope->alg)) {
        HUKS_TRY(open_sm2_value(envelope, &value));
        return import_material(&envelope->making, envelope->kind, secret_bytes(&value));
    }
    if (envelope->kind == RULES_IMPORT_PRIVATE) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT);
    }
    HUKS_TRY(import_public_tag(&envelope->making, &public));
    if (envelope->kind == RULES_IMPORT_PUBLIC) {
        return import_keep(&envelope->making, envelope->kind, public);
    }
    HUKS_TRY(open_sm2_value(envelope, &value));
    HUKS_TRY(join(envelope, public, secret_bytes(&value), &key));
    return import_keep(&envelope->making, envelope->kind, key);
}

/* ---- the call ---- */

static struct item *wrapping_item(const struct aliased *aliased)
{
    for (size_t i = 0; i < aliased->count; i++) {
        if (item_class(aliased->items[i]) != HUKS_CLASS_PUBLIC_KEY) {
            return aliased->items[i];
        }
    }
    return aliased->items[0];
}

/* What the key may do, both halves of it. */
static uint32_t purposes_of(const struct aliased *aliased)
{
    uint32_t purposes = 0;
    for (size_t i = 0; i < aliased->count; i++) {
        purposes |= item_purposes(aliased->items[i]);
    }
    return purposes;
}

static huks_rc check_wrapping(const struct suite *suite, const struct aliased *aliased,
                              const struct item *item)
{
    uint32_t purposes = purposes_of(aliased);
    bool decrypts = (suite->purposes & purposes & OH_HUKS_KEY_PURPOSE_DECRYPT) != 0;
    if (item_class(item) != HUKS_CLASS_PRIVATE_KEY || (purposes != OH_HUKS_KEY_PURPOSE_UNWRAP && !decrypts)) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE, "key purpose");
    }
    if (item_alg(item) != suite->alg) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    return HUKS_OK;
}

huks_rc native_import_wrapped(struct engine *engine, struct bytes alias, struct bytes wrapping,
                              const OH_Huks_ParamSet *set, struct bytes wrapped)
{
    struct token *token;
    const struct suite *suite = NULL;
    AUTO(aliased_free) struct aliased aliased = {0};
    AUTO(envelope_free)
    struct envelope envelope = {
        .alg = param_u32(set, OH_HUKS_TAG_ALGORITHM, 0),
        .bits = param_u32(set, OH_HUKS_TAG_KEY_SIZE, 0),
    };
    HUKS_TRY(make_begin(engine, alias, set, &envelope.making));
    HUKS_TRY(aliased_open_keys(engine, wrapping, set, &token, &aliased));
    HUKS_TRY(suite_find(set, &suite));
    HUKS_TRY(read_fields(suite, wrapped, envelope.field));
    HUKS_TRY(rules_import_kind(set, &envelope.kind));
    HUKS_TRY(rules_check_import(set, envelope.kind));
    struct item *item = wrapping_item(&aliased);
    HUKS_TRY(check_wrapping(suite, &aliased, item));
    HUKS_TRY(
        guard_once_native(token, item, OH_HUKS_KEY_PURPOSE_UNWRAP, param_bytes(set, OH_HUKS_TAG_AUTH_TOKEN)));
    HUKS_TRY(item_key(item, &envelope.key));
    return suite->open(&envelope);
}
