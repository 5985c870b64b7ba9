/*
 * Pairs, private keys and public keys of bare OpenSSL that came in natively, in the clear or in an envelope,
 * and are used at both doors: PKCS #11 finds them as what they are, and what it signs, decrypts or agrees on,
 * OpenSSL and the native door verify, encrypt and agree on too.
 */
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "doors.h"
#include "envelope.h"
#include "material.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static CK_BYTE message[64] = "one message for both doors, and for who made the key";
static uint8_t here[1024], there[1024];

/* ---- The keys ------------------------------------------------------------------------------------------ */

static const struct kind {
    const char *name;
    uint32_t alg, bits, purpose; /* of the pair */
    CK_KEY_TYPE key_type;
    CK_MECHANISM_TYPE mechanism;
    const char *digest; /* OpenSSL's name; NULL: none */
    param use[2];
    size_t half;   /* of a signature that is DER natively and r ‖ s in PKCS #11; 0: the same in both */
    uint32_t word; /* of an agreement */
    CK_ULONG secret;
} kinds[] = {
#define SIGNS(name, alg, bits, type, mechanism, digest, half, ...)                                           \
    {                                                                                                        \
        name, OH_HUKS_ALG_##alg, bits, SIGN | VERIFY, type, mechanism, digest, {__VA_ARGS__}, half, 0, 0     \
    }
#define AGREES(name, alg, bits, type, mechanism, word, secret)                                               \
    {                                                                                                        \
        name, OH_HUKS_ALG_##alg, bits, AGREE, type, mechanism, NULL, {{0}}, 0, OH_HUKS_ALG_##word, secret    \
    }
    SIGNS("RSA", RSA, 2048, CKK_RSA, CKM_SHA256_RSA_PKCS, "SHA256", 0, DIGEST(SHA256), PADDING(PKCS1_V1_5)),
    SIGNS("P-224", ECC, 224, CKK_EC, CKM_ECDSA_SHA224, "SHA224", 28, DIGEST(SHA224)),
    SIGNS("P-256", ECC, 256, CKK_EC, CKM_ECDSA_SHA256, "SHA256", 32, DIGEST(SHA256)),
    SIGNS("P-384", ECC, 384, CKK_EC, CKM_ECDSA_SHA384, "SHA384", 48, DIGEST(SHA384)),
    SIGNS("P-521", ECC, 521, CKK_EC, CKM_ECDSA_SHA512, "SHA512", 66, DIGEST(SHA512)),
    SIGNS("Ed25519", ED25519, 256, CKK_EC_EDWARDS, CKM_EDDSA, NULL, 0, DIGEST(NONE)),
    SIGNS("DSA", DSA, 1024, CKK_DSA, CKM_DSA_SHA1, "SHA1", 0, DIGEST(SHA1)),
    SIGNS("SM2", SM2, 256, HUKS_NUMBER(1), HUKS_NUMBER(2), "SM3", 32, DIGEST(SM3)),
    {"RSA that decrypts",
     OH_HUKS_ALG_RSA,
     2048,
     ENCRYPT | DECRYPT,
     CKK_RSA,
     CKM_RSA_PKCS,
     NULL,
     {PADDING(PKCS1_V1_5)},
     0,
     0,
     0},
    AGREES("P-256 that agrees", ECC, 256, CKK_EC, CKM_ECDH1_DERIVE, ECDH, 32),
    AGREES("P-521 for ECDH alone", ECDH, 521, CKK_EC, CKM_ECDH1_DERIVE, ECDH, 66),
    AGREES("X25519", X25519, 256, CKK_EC_MONTGOMERY, CKM_ECDH1_DERIVE, X25519, 32),
    AGREES("DH", DH, 2048, CKK_DH, CKM_DH_PKCS_DERIVE, DH, 256),
};

enum way { IN_THE_CLEAR, IN_AN_ENVELOPE, WAYS };
enum half { PUBLIC, PRIVATE, PAIR, HALVES }; /* HUKS's own numbers */

/* One purpose of a half alone, all of a pair's. */
static uint32_t purpose_of(const struct kind *kind, enum half half)
{
    uint32_t publics = kind->purpose & (VERIFY | ENCRYPT);

    return half == PAIR || kind->purpose == AGREE ? kind->purpose
           : half == PUBLIC                       ? publics
                                                  : kind->purpose & ~publics;
}

static set *set_of(uint32_t alg, uint32_t purpose, const struct kind *kind)
{
    param all[4] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, PURPOSE(purpose)};
    uint32_t count = 2;

    for (int i = 0; i < COUNT(kind->use) && kind->use[i].tag != 0; i++) {
        all[count++] = kind->use[i];
    }
    return make_set(all, count);
}

/* The key under the alias "key". */
static void bring(const struct kind *kind, EVP_PKEY *key, enum half half, enum way way)
{
    struct material content, wrapped, receiver = {.size = sizeof receiver.bytes};
    blob room = {sizeof receiver.bytes, receiver.bytes};
    struct fields fields;
    set *params = SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->alg}, SIZE(kind->bits),
                      PURPOSE(purpose_of(kind, half)), NUMBER(IMPORT_KEY_TYPE, half),
                      NUMBER(UNWRAP_ALGORITHM_SUITE, OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING));

    if (half != PUBLIC) {
        private_material(key, kind->alg, kind->bits, half == PAIR, &content);
    } else if (way == IN_THE_CLEAR) {
        public_bytes(key, kind->alg, &content);
    } else {
        public_material(key, kind->alg, kind->bits, &content);
    }
    if (way == IN_THE_CLEAR) {
        OK(OH_Huks_ImportKeyItem(NAME("key"), params, GIVEN(content)));
        return;
    }
    OK(OH_Huks_GenerateKeyItem(NAME("receiver"), SET(ALG(X25519), SIZE(256), PURPOSE(UNWRAP)), NULL));
    OK(OH_Huks_ExportPublicKeyItem(NAME("receiver"), NULL, &room));
    receiver.size = room.size;
    seal_agreed(&receiver, OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING, content.bytes, content.size,
                &fields);
    join_fields(&fields, &wrapped);
    OK(OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("receiver"), params, GIVEN(wrapped)));
}

/* ---- As what PKCS #11 finds them ----------------------------------------------------------------------- */

/* The public value that a key's ID is made of: modulus, point or public number. */
static size_t public_value(const struct kind *kind, EVP_PKEY *key, uint8_t bytes[1024])
{
    size_t size = 1024;
    BIGNUM *value = NULL;

    if (kind->alg == OH_HUKS_ALG_RSA || kind->alg == OH_HUKS_ALG_DSA || kind->alg == OH_HUKS_ALG_DH) {
        ck_assert(EVP_PKEY_get_bn_param(
                      key, kind->alg == OH_HUKS_ALG_RSA ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_PUB_KEY,
                      &value) == 1);
        size = (size_t)BN_bn2bin(value, bytes);
        BN_free(value);
        return size;
    }
    ck_assert(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, size, &size) == 1);
    return size;
}

static const struct number_name {
    uint32_t alg;
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    bool private; /* a private key shows it, too */
} numbers[] = {
    {OH_HUKS_ALG_RSA, CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N, true},
    {OH_HUKS_ALG_RSA, CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E, true},
    {OH_HUKS_ALG_DSA, CKA_PRIME, OSSL_PKEY_PARAM_FFC_P, true},
    {OH_HUKS_ALG_DSA, CKA_SUBPRIME, OSSL_PKEY_PARAM_FFC_Q, true},
    {OH_HUKS_ALG_DSA, CKA_BASE, OSSL_PKEY_PARAM_FFC_G, true},
    {OH_HUKS_ALG_DSA, CKA_VALUE, OSSL_PKEY_PARAM_PUB_KEY, false},
    {OH_HUKS_ALG_DH, CKA_PRIME, OSSL_PKEY_PARAM_FFC_P, true},
    {OH_HUKS_ALG_DH, CKA_BASE, OSSL_PKEY_PARAM_FFC_G, true},
    {OH_HUKS_ALG_DH, CKA_VALUE, OSSL_PKEY_PARAM_PUB_KEY, false},
};

static void check_numbers(const struct kind *kind, EVP_PKEY *key, CK_OBJECT_HANDLE object, bool private)
{
    for (int i = 0; i < COUNT(numbers); i++) {
        BIGNUM *wanted = NULL, *told;

        if (numbers[i].alg != kind->alg || (private && !numbers[i].private)) {
            continue;
        }
        ck_assert(EVP_PKEY_get_bn_param(key, numbers[i].name, &wanted) == 1);
        told = BN_bin2bn(here, (int)get(object, numbers[i].type, here, sizeof here), NULL);
        ck_assert_msg(BN_cmp(wanted, told) == 0, "attribute 0x%lx", numbers[i].type);
        BN_free(wanted);
        BN_free(told);
    }
}

/* Whole, as a certificate would have it. */
static void check_public_info(EVP_PKEY *key, CK_OBJECT_HANDLE object)
{
    uint8_t wanted[1024];
    uint8_t *at = wanted;
    int size = i2d_PUBKEY(key, &at);

    ck_assert_uint_eq(get(object, CKA_PUBLIC_KEY_INFO, here, sizeof here), (CK_ULONG)size);
    ck_assert_mem_eq(here, wanted, (size_t)size);
}

static const struct {
    CK_ATTRIBUTE_TYPE type;
    uint32_t purposes;
    CK_OBJECT_CLASS class;
} uses[] = {
    {CKA_SIGN, SIGN, CKO_PRIVATE_KEY},    {CKA_DECRYPT, DECRYPT, CKO_PRIVATE_KEY},
    {CKA_DERIVE, AGREE, CKO_PRIVATE_KEY}, {CKA_UNWRAP, UNWRAP, CKO_PRIVATE_KEY},
    {CKA_VERIFY, VERIFY, CKO_PUBLIC_KEY}, {CKA_ENCRYPT, ENCRYPT, CKO_PUBLIC_KEY},
    {CKA_WRAP, WRAP, CKO_PUBLIC_KEY},
};

static void check_object(const struct kind *kind, EVP_PKEY *key, CK_OBJECT_CLASS class, uint32_t purposes)
{
    CK_OBJECT_HANDLE object = find(class, "key");
    bool private = class == CKO_PRIVATE_KEY;
    uint8_t value[1024], hash[20];

    ck_assert_uint_eq(number(object, CKA_KEY_TYPE), kind->key_type);
    ck_assert_uint_eq(get(object, CKA_HUKS_ALIAS_, here, sizeof here), 3);
    ck_assert_mem_eq(here, "key", 3);
    SHA1(value, public_value(kind, key, value), hash);
    ck_assert_uint_eq(get(object, CKA_ID, here, sizeof here), 20);
    ck_assert_mem_eq(here, hash, 20);
    ck_assert(truth(object, CKA_TOKEN) && truth(object, CKA_PRIVATE) == private);
    ck_assert(!truth(object, CKA_LOCAL));
    ck_assert_uint_eq(number(object, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
    for (int i = 0; i < COUNT(uses); i++) {
        if (uses[i].class == class) {
            ck_assert_msg(truth(object, uses[i].type) == ((purposes & uses[i].purposes) != 0),
                          "%s: attribute 0x%lx", kind->name, uses[i].type);
        }
    }
    if (private) { /* it was outside once */
        ck_assert(truth(object, CKA_SENSITIVE) && !truth(object, CKA_EXTRACTABLE));
        ck_assert(!truth(object, CKA_ALWAYS_SENSITIVE) && !truth(object, CKA_NEVER_EXTRACTABLE));
    }
    check_numbers(kind, key, object, private);
    check_public_info(key, object);
}

/* ---- Signatures ---------------------------------------------------------------------------------------- */

static EVP_MD_CTX *hashing(const struct kind *kind, EVP_PKEY *key, bool signing)
{
    static const char user[] = "1234567812345678";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;

    ck_assert((signing ? EVP_DigestSignInit_ex(context, &inner, kind->digest, NULL, NULL, key, NULL)
                       : EVP_DigestVerifyInit_ex(context, &inner, kind->digest, NULL, NULL, key, NULL)) == 1);
    ck_assert(kind->alg != OH_HUKS_ALG_SM2 || EVP_PKEY_CTX_set1_id(inner, user, (int)sizeof user - 1) == 1);
    return context;
}

static void openssl_verifies(const struct kind *kind, EVP_PKEY *key, const uint8_t *signature, size_t size)
{
    EVP_MD_CTX *context = hashing(kind, key, false);

    ck_assert(EVP_DigestVerify(context, signature, size, message, sizeof message) == 1);
    EVP_MD_CTX_free(context);
}

static void natively_verified(const struct kind *kind, const uint8_t *signature, size_t size)
{
    struct session s;

    OK(begin(&s, "key", set_of(kind->alg, VERIFY, kind)));
    OK(feed(&s, message, sizeof message));
    OK(finish(&s, signature, size, NULL, &(uint32_t){0}));
}

/* What OpenSSL draws for a DSA key's subprime, its signatures have. */
static size_t half_size(const struct kind *kind, EVP_PKEY *key)
{
    BIGNUM *subprime = NULL;
    size_t size = kind->half;

    if (kind->alg == OH_HUKS_ALG_DSA) {
        ck_assert(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_Q, &subprime) == 1);
        size = (size_t)BN_num_bytes(subprime);
        BN_free(subprime);
    }
    return size;
}

static void verified_by_cryptoki(const struct kind *kind, size_t half, const uint8_t *signature, size_t size)
{
    CK_BYTE raw[1024];

    if (half != 0) {
        size = signature_to_raw(signature, size, half, raw);
    } else {
        memcpy(raw, signature, size);
    }
    RV(CKR_OK, p11->C_VerifyInit(cryptoki, M(kind->mechanism), find(CKO_PUBLIC_KEY, "key")));
    RV(CKR_OK, p11->C_Verify(cryptoki, message, sizeof message, raw, size));
    raw[size / 2] ^= 1;
    RV(CKR_OK, p11->C_VerifyInit(cryptoki, M(kind->mechanism), find(CKO_PUBLIC_KEY, "key")));
    RV(CKR_SIGNATURE_INVALID, p11->C_Verify(cryptoki, message, sizeof message, raw, size));
}

static size_t signed_by_cryptoki(const struct kind *kind, size_t half, uint8_t *signature)
{
    CK_BYTE raw[1024];
    CK_ULONG size = sizeof raw;

    RV(CKR_OK, p11->C_SignInit(cryptoki, M(kind->mechanism), find(CKO_PRIVATE_KEY, "key")));
    RV(CKR_OK, p11->C_Sign(cryptoki, message, sizeof message, raw, &size));
    if (half != 0) {
        return signature_to_der(raw, half, signature);
    }
    memcpy(signature, raw, size);
    return size;
}

static void signs(const struct kind *kind, EVP_PKEY *key, enum half half)
{
    const size_t raw_half = half_size(kind, key);
    uint8_t signature[1024];
    size_t size = sizeof signature;
    uint32_t room = sizeof signature;
    EVP_MD_CTX *context = hashing(kind, key, true);
    struct session s;

    ck_assert(EVP_DigestSign(context, signature, &size, message, sizeof message) == 1);
    EVP_MD_CTX_free(context);
    if (half != PRIVATE) {
        verified_by_cryptoki(kind, raw_half, signature, size);
        natively_verified(kind, signature, size);
    }
    if (half == PUBLIC) {
        return;
    }
    size = signed_by_cryptoki(kind, raw_half, signature);
    openssl_verifies(kind, key, signature, size);
    if (half == PAIR) {
        natively_verified(kind, signature, size);
    }
    OK(begin(&s, "key", set_of(kind->alg, SIGN, kind)));
    OK(finish(&s, message, sizeof message, signature, &room));
    openssl_verifies(kind, key, signature, room);
    if (half == PAIR) {
        verified_by_cryptoki(kind, raw_half, signature, room);
    }
}

/* ---- Encryption ---------------------------------------------------------------------------------------- */

static size_t openssl_crypts(EVP_PKEY *key, bool encrypts, const uint8_t *in, size_t size, uint8_t *out)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t room = 1024;

    ck_assert((encrypts ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
    ck_assert((encrypts ? EVP_PKEY_encrypt(context, out, &room, in, size)
                        : EVP_PKEY_decrypt(context, out, &room, in, size)) == 1);
    EVP_PKEY_CTX_free(context);
    return room;
}

static void is_message(const uint8_t *bytes, size_t size)
{
    ck_assert_uint_eq(size, sizeof message);
    ck_assert_mem_eq(bytes, message, sizeof message);
}

static void crypts(const struct kind *kind, EVP_PKEY *key, enum half half)
{
    CK_ULONG size = sizeof here;
    uint32_t room = sizeof here;
    struct session s;

    if (half != PRIVATE) {
        RV(CKR_OK, p11->C_EncryptInit(cryptoki, M(kind->mechanism), find(CKO_PUBLIC_KEY, "key")));
        RV(CKR_OK, p11->C_Encrypt(cryptoki, message, sizeof message, here, &size));
        is_message(there, openssl_crypts(key, false, here, size, there));
        OK(begin(&s, "key", set_of(kind->alg, ENCRYPT, kind)));
        OK(finish(&s, message, sizeof message, here, &room));
        is_message(there, openssl_crypts(key, false, here, room, there));
    }
    if (half != PUBLIC) {
        CK_ULONG text = sizeof there;

        size = openssl_crypts(key, true, message, sizeof message, here);
        RV(CKR_OK, p11->C_DecryptInit(cryptoki, M(kind->mechanism), find(CKO_PRIVATE_KEY, "key")));
        RV(CKR_OK, p11->C_Decrypt(cryptoki, here, size, there, &text));
        is_message(there, text);
        room = sizeof there;
        OK(begin(&s, "key", set_of(kind->alg, DECRYPT, kind)));
        OK(finish(&s, here, size, there, &room));
        is_message(there, room);
    }
}

/* ---- Agreement ----------------------------------------------------------------------------------------- */

static void agrees(const struct kind *kind, EVP_PKEY *key, enum half half)
{
    EVP_PKEY *peer = openssl_key(kind->alg, kind->bits);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);
    struct material public;
    uint8_t wanted[512], value[1024];
    CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, public_value(kind, peer, value), value};
    CK_MECHANISM mechanism = {kind->mechanism, &ecdh, sizeof ecdh};
    size_t size = sizeof wanted;
    uint32_t room = sizeof there;
    struct session s;

    if (half != PUBLIC) {
        ck_assert(EVP_PKEY_derive_init(context) == 1 &&
                  (kind->alg != OH_HUKS_ALG_DH || EVP_PKEY_CTX_set_dh_pad(context, 1) == 1) &&
                  EVP_PKEY_derive_set_peer(context, key) == 1 &&
                  EVP_PKEY_derive(context, wanted, &size) == 1);
        ck_assert_uint_eq(size, kind->secret);
        if (kind->alg == OH_HUKS_ALG_DH) {
            mechanism.pParameter = value;
            mechanism.ulParameterLen = ecdh.ulPublicDataLen;
        }
        derive_openly(&mechanism, find(CKO_PRIVATE_KEY, "key"), here, kind->secret);
        ck_assert_mem_eq(here, wanted, size);
        public_bytes(peer, kind->alg, &public);
        OK(begin(&s, "key",
                 SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->word}, PURPOSE(AGREE),
                     SIZE(kind->bits))));
        OK(feed(&s, public.bytes, public.size));
        OK(finish(&s, NULL, 0, there, &room));
        ck_assert_uint_eq(room, size);
        ck_assert_mem_eq(there, wanted, size);
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
}

/* ---- All of it ----------------------------------------------------------------------------------------- */

START_TEST(imported_keys)
{
    const struct kind *kind = &kinds[_i];
    EVP_PKEY *key;

    if (!offered(kind->mechanism)) {
        return;
    }
    key = openssl_key(kind->alg, kind->bits);
    make_token();
    enter();
    for (unsigned i = 0; i < (unsigned)WAYS * HALVES; i++) {
        enum half half = i % HALVES;

        bring(kind, key, half, i / HALVES);
        ck_assert_uint_eq(find_all(CKO_PRIVATE_KEY, "key", NULL), half != PUBLIC);
        ck_assert_uint_eq(find_all(CKO_PUBLIC_KEY, "key", NULL), half != PRIVATE);
        ck_assert_uint_eq(find_all(CKO_SECRET_KEY, "key", NULL), 0);
        if (half != PUBLIC) {
            check_object(kind, key, CKO_PRIVATE_KEY, purpose_of(kind, half));
        }
        if (half != PRIVATE) {
            check_object(kind, key, CKO_PUBLIC_KEY, purpose_of(kind, half));
        }
        if (kind->word != 0) {
            agrees(kind, key, half);
        } else if ((kind->purpose & SIGN) != 0) {
            signs(kind, key, half);
        } else {
            crypts(kind, key, half);
        }
        OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
        ck_assert_uint_eq(find_all(CKO_PRIVATE_KEY, "key", NULL) + find_all(CKO_PUBLIC_KEY, "key", NULL), 0);
    }
    EVP_PKEY_free(key);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("imported keys at both doors");
    TCase *tcase = doors_tcase(suite, "imported");

    if (!doors_open()) {
        return 99; /* never a skip */
    }
    tcase_add_loop_test(tcase, imported_keys, 0, COUNT(kinds));
    return native_run(suite);
}
