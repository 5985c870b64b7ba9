/* See material.h. */
#include "material.h"

#include <stdio.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

/* ---- Making ------------------------------------------------------------------------------------------- */

static const char *curve_of(uint32_t alg, uint32_t bits)
{
    return alg == OH_HUKS_ALG_SM2 ? "SM2"
           : bits == 224          ? "P-224"
           : bits == 256          ? "P-256"
           : bits == 384          ? "P-384"
                                  : "P-521";
}

static EVP_PKEY *dsa_key(uint32_t bits)
{
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
    EVP_PKEY *domain = NULL;
    EVP_PKEY *key = NULL;

    ck_assert(EVP_PKEY_paramgen_init(making) == 1 &&
              EVP_PKEY_CTX_set_dsa_paramgen_bits(making, (int)bits) == 1 &&
              EVP_PKEY_paramgen(making, &domain) == 1);
    EVP_PKEY_CTX_free(making);
    making = EVP_PKEY_CTX_new(domain, NULL);
    ck_assert(EVP_PKEY_keygen_init(making) == 1 && EVP_PKEY_keygen(making, &key) == 1);
    EVP_PKEY_CTX_free(making);
    EVP_PKEY_free(domain);
    return key;
}

static EVP_PKEY *dh_key(uint32_t bits)
{
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *key = NULL;
    char group[16];

    (void)snprintf(group, sizeof group, "ffdhe%u", bits);
    ck_assert(EVP_PKEY_keygen_init(making) == 1 && EVP_PKEY_CTX_set_group_name(making, group) == 1 &&
              EVP_PKEY_generate(making, &key) == 1);
    EVP_PKEY_CTX_free(making);
    return key;
}

EVP_PKEY *openssl_key(uint32_t alg, uint32_t bits)
{
    EVP_PKEY *key = NULL;

    switch (alg) {
    case OH_HUKS_ALG_RSA:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
        break;
    case OH_HUKS_ALG_ECC:
    case OH_HUKS_ALG_ECDH:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve_of(alg, bits));
        break;
    case OH_HUKS_ALG_SM2:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
        break;
    case OH_HUKS_ALG_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case OH_HUKS_ALG_X25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        break;
    case OH_HUKS_ALG_DSA:
        key = dsa_key(bits);
        break;
    default:
        key = dh_key(bits);
        break;
    }
    ck_assert(key != NULL);
    return key;
}

/* ---- Writing ------------------------------------------------------------------------------------------ */

static bool is_raw(uint32_t alg)
{
    return alg == OH_HUKS_ALG_ED25519 || alg == OH_HUKS_ALG_X25519;
}

void public_bytes(EVP_PKEY *key, uint32_t alg, struct material *out)
{
    size_t size = sizeof out->bytes;
    uint8_t *at = out->bytes;

    if (is_raw(alg)) {
        ck_assert(EVP_PKEY_get_raw_public_key(key, out->bytes, &size) == 1);
        out->size = (uint32_t)size;
        return;
    }
    out->size = (uint32_t)i2d_PUBKEY(key, &at);
    ck_assert(out->size > 0 && out->size < 4096);
}

/* Words of the header first; numbers are added behind it. */
struct writing {
    struct material *out;
    uint32_t words, word;
};

static void put_word(struct writing *writing, uint32_t value)
{
    memcpy(writing->out->bytes + 4 * (size_t)writing->word++, &value, 4);
}

static struct writing start(struct material *out, uint32_t alg, uint32_t bits, uint32_t words)
{
    struct writing writing = {out, words, 0};

    *out = (struct material){.size = 4 * words};
    put_word(&writing, alg);
    put_word(&writing, bits);
    return writing;
}

static void put_bytes(struct writing *writing, const uint8_t *bytes, size_t size)
{
    put_word(writing, (uint32_t)size);
    memcpy(writing->out->bytes + writing->out->size, bytes, size);
    writing->out->size += (uint32_t)size;
}

/* `size` 0: without leading zeros. */
static void put_number(struct writing *writing, EVP_PKEY *key, const char *name, size_t size)
{
    uint8_t bytes[1024];
    BIGNUM *number = NULL;

    ck_assert_msg(EVP_PKEY_get_bn_param(key, name, &number) == 1, "%s", name);
    size = size != 0 ? size : (size_t)BN_num_bytes(number);
    ck_assert(BN_bn2binpad(number, bytes, (int)size) == (int)size);
    BN_clear_free(number);
    put_bytes(writing, bytes, size);
}

static void put_raw(struct writing *writing, EVP_PKEY *key, bool private)
{
    uint8_t bytes[64];
    size_t size = sizeof bytes;

    ck_assert((private ? EVP_PKEY_get_raw_private_key(key, bytes, &size)
                       : EVP_PKEY_get_raw_public_key(key, bytes, &size)) == 1);
    put_bytes(writing, bytes, size);
}

static void rsa_material(EVP_PKEY *key, uint32_t bits, bool e, bool d, struct material *out)
{
    struct writing writing = start(out, OH_HUKS_ALG_RSA, bits, 5);

    put_number(&writing, key, OSSL_PKEY_PARAM_RSA_N, 0);
    if (e) {
        put_number(&writing, key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
        put_word(&writing, 0); /* which means 65537 */
    }
    if (d) {
        put_number(&writing, key, OSSL_PKEY_PARAM_RSA_D, 0);
    }
}

static void curve_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, bool public, bool private,
                           struct material *out)
{
    struct writing writing = start(out, alg, bits, 5);
    size_t size = (bits + 7) / 8;

    if (public) {
        put_number(&writing, key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        put_number(&writing, key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
    } else {
        put_word(&writing, 0);
        put_word(&writing, 0);
    }
    if (private) {
        put_number(&writing, key, OSSL_PKEY_PARAM_PRIV_KEY, size);
    }
}

static void dsa_material(EVP_PKEY *key, uint32_t bits, bool public, bool private, struct material *out)
{
    struct writing writing = start(out, OH_HUKS_ALG_DSA, bits, 7);

    if (private) {
        put_number(&writing, key, OSSL_PKEY_PARAM_PRIV_KEY, 0);
    } else {
        put_word(&writing, 0);
    }
    if (public) {
        put_number(&writing, key, OSSL_PKEY_PARAM_PUB_KEY, 0);
    } else {
        put_word(&writing, 0);
    }
    put_number(&writing, key, OSSL_PKEY_PARAM_FFC_P, 0);
    put_number(&writing, key, OSSL_PKEY_PARAM_FFC_Q, 0);
    put_number(&writing, key, OSSL_PKEY_PARAM_FFC_G, 0);
}

static void two_values(EVP_PKEY *key, uint32_t alg, uint32_t bits, bool public, bool private,
                       struct material *out)
{
    struct writing writing = start(out, alg, bits, 5);

    if (!public) {
        put_word(&writing, 0);
    } else if (is_raw(alg)) {
        put_raw(&writing, key, false);
    } else {
        put_number(&writing, key, OSSL_PKEY_PARAM_PUB_KEY, 0);
    }
    if (private && is_raw(alg)) {
        put_raw(&writing, key, true);
    } else if (private) {
        put_number(&writing, key, OSSL_PKEY_PARAM_PRIV_KEY, 0);
    }
}

static void any_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, bool public, bool private,
                         struct material *out)
{
    switch (alg) {
    case OH_HUKS_ALG_RSA:
        rsa_material(key, bits, public, private, out);
        break;
    case OH_HUKS_ALG_ECC:
    case OH_HUKS_ALG_ECDH:
    case OH_HUKS_ALG_SM2:
        curve_material(key, alg, bits, public, private, out);
        break;
    case OH_HUKS_ALG_DSA:
        dsa_material(key, bits, public, private, out);
        break;
    default:
        two_values(key, alg, bits, public, private, out);
        break;
    }
}

void public_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, struct material *out)
{
    any_material(key, alg, bits, true, false, out);
}

void private_material(EVP_PKEY *key, uint32_t alg, uint32_t bits, bool pair, struct material *out)
{
    any_material(key, alg, bits, pair, true, out);
}

void private_value(EVP_PKEY *key, uint32_t alg, uint32_t bits, struct material *out)
{
    struct material scratch = {.size = 0};
    struct writing writing = start(&scratch, alg, bits, 5);
    uint32_t before = scratch.size;

    if (is_raw(alg)) {
        put_raw(&writing, key, true);
    } else {
        put_number(&writing, key, alg == OH_HUKS_ALG_RSA ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY,
                   (bits + 7) / 8);
    }
    out->size = scratch.size - before;
    memcpy(out->bytes, scratch.bytes + before, out->size);
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

struct numbers {
    const uint8_t *at[5];
    uint32_t size[5];
};

static BIGNUM *number(const struct numbers *numbers, int i)
{
    return BN_bin2bn(numbers->at[i], (int)numbers->size[i], NULL);
}

static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *builder, bool private)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *key = NULL;

    ck_assert(EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) ==
                  1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *built_of_numbers(const char *type, const char *const names[5], const struct numbers *numbers,
                                  OSSL_PARAM_BLD *builder, bool private)
{
    BIGNUM *all[5] = {NULL};
    EVP_PKEY *key;

    for (int i = 0; i < 5; i++) {
        if (names[i] != NULL && numbers->size[i] != 0) {
            all[i] = number(numbers, i);
            ck_assert(OSSL_PARAM_BLD_push_BN(builder, names[i], all[i]) == 1);
        }
    }
    key = build(type, builder, private);
    for (int i = 0; i < 5; i++) {
        BN_clear_free(all[i]);
    }
    return key;
}

static EVP_PKEY *curve_key(uint32_t alg, uint32_t bits, const struct numbers *numbers, bool private)
{
    static const char *const names[5] = {NULL, NULL, OSSL_PKEY_PARAM_PRIV_KEY};
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    uint8_t point[1 + 2 * 66] = {4};

    memcpy(point + 1, numbers->at[0], numbers->size[0]);
    memcpy(point + 1 + numbers->size[0], numbers->at[1], numbers->size[1]);
    ck_assert(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve_of(alg, bits), 0) ==
                  1 &&
              OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                               1 + numbers->size[0] + (size_t)numbers->size[1]) == 1);
    return built_of_numbers(alg == OH_HUKS_ALG_SM2 ? "SM2" : "EC", names, numbers, builder, private);
}

EVP_PKEY *from_material(const uint8_t *bytes, size_t size, bool private)
{
    static const char *const rsa[5] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D};
    static const char *const dsa[5] = {OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_PUB_KEY,
                                       OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G};
    static const char *const dh[5] = {OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_PRIV_KEY};
    uint32_t words[7];
    struct numbers numbers = {0};
    OSSL_PARAM_BLD *builder;
    char group[16];

    memcpy(words, bytes, sizeof words);
    size_t at = words[0] == OH_HUKS_ALG_DSA ? 28 : 20;
    for (uint32_t i = 0; i < (words[0] == OH_HUKS_ALG_DSA ? 5u : 3u); i++) {
        numbers.at[i] = bytes + at;
        numbers.size[i] = words[2 + i];
        at += numbers.size[i];
    }
    ck_assert_uint_eq(at, size);
    switch (words[0]) {
    case OH_HUKS_ALG_RSA:
        return built_of_numbers("RSA", rsa, &numbers, OSSL_PARAM_BLD_new(), private);
    case OH_HUKS_ALG_DSA:
        return built_of_numbers("DSA", dsa, &numbers, OSSL_PARAM_BLD_new(), private);
    case OH_HUKS_ALG_DH:
        builder = OSSL_PARAM_BLD_new();
        (void)snprintf(group, sizeof group, "ffdhe%u", words[1]);
        ck_assert(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1);
        return built_of_numbers("DH", dh, &numbers, builder, private);
    case OH_HUKS_ALG_ED25519:
    case OH_HUKS_ALG_X25519: {
        const char *type = words[0] == OH_HUKS_ALG_ED25519 ? "ED25519" : "X25519";
        return private ? EVP_PKEY_new_raw_private_key_ex(NULL, type, NULL, numbers.at[1], numbers.size[1])
                       : EVP_PKEY_new_raw_public_key_ex(NULL, type, NULL, numbers.at[0], numbers.size[0]);
    }
    default:
        return curve_key(words[0], words[1], &numbers, private);
    }
}
