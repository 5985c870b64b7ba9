/*
 * Secret keys that came in natively, in the clear or in an envelope, or stayed as the result of a derivation
 * or an agreement: PKCS #11 finds them as what they are, and all three, PKCS #11, the native door and bare
 * OpenSSL with the bytes, compute the same.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "doors.h"
#include "envelope.h"
#include "material.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static CK_BYTE message[64] = "one message for both doors, and for who knows the key";
static CK_BYTE iv[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5};
static uint8_t here[1024], there[1024];

/* ---- The keys ------------------------------------------------------------------------------------------ */

static const struct kind {
    const char *name;
    uint32_t alg, bits, purpose;
    CK_KEY_TYPE key_type;
    CK_MECHANISM_TYPE mechanism;
    const char *openssl; /* cipher or digest */
    uint32_t iv;
} kinds[] = {
    {"AES", OH_HUKS_ALG_AES, 256, ENCRYPT | DECRYPT, CKK_AES, CKM_AES_CBC_PAD, "AES-256-CBC", 16},
    {"AES-128", OH_HUKS_ALG_AES, 128, ENCRYPT | DECRYPT, CKK_AES, CKM_AES_CBC_PAD, "AES-128-CBC", 16},
    {"AES that derives", OH_HUKS_ALG_AES, 256, DERIVE, CKK_AES, CKM_HKDF_DERIVE, "SHA256", 0},
    {"HMAC", OH_HUKS_ALG_HMAC, 256, MAC, CKK_GENERIC_SECRET, CKM_SHA256_HMAC, "SHA256", 0},
    {"SM4", OH_HUKS_ALG_SM4, 128, ENCRYPT | DECRYPT, HUKS_NUMBER(2), HUKS_NUMBER(9), "SM4-CBC", 16},
};

/* How a key comes to be here. */
enum way { IN_THE_CLEAR, IN_AN_ENVELOPE, BY_HKDF, BY_PBKDF2, BY_ECDH, BY_X25519, BY_DH, GENERATED, WAYS };

static const struct agreement {
    uint32_t alg, bits, word;
} agreements[WAYS] = {
    [BY_ECDH] = {OH_HUKS_ALG_ECC, 256, OH_HUKS_ALG_ECDH},
    [BY_X25519] = {OH_HUKS_ALG_X25519, 256, OH_HUKS_ALG_X25519},
    [BY_DH] = {OH_HUKS_ALG_DH, 2048, OH_HUKS_ALG_DH},
    [GENERATED] = {OH_HUKS_ALG_ECC, 256, OH_HUKS_ALG_ECDH}, /* KEY_GENERATE_TYPE */
};

/* ECDH and X25519 give 32 bytes, no more and no less; generation by agreement cuts, but makes AES keys alone.
 */
static bool possible(const struct kind *kind, enum way way)
{
    return way == BY_ECDH || way == BY_X25519 ? kind->bits == 256
           : way == GENERATED                 ? kind->alg == OH_HUKS_ALG_AES
                                              : true;
}

/* Room for the words of keeping it, which every import ignores. */
static set *key_set(const struct kind *kind)
{
    return SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->alg}, SIZE(kind->bits),
               PURPOSE(kind->purpose), BYTES(KEY_ALIAS, "key", 3),
               NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT),
               NUMBER(UNWRAP_ALGORITHM_SUITE, OH_HUKS_UNWRAP_SUITE_ECDH_AES_256_GCM_NOPADDING));
}

static void export(const char *alias, struct material *out)
{
    blob room = {sizeof out->bytes, out->bytes};

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &room));
    out->size = room.size;
}

static void import_sealed(const struct kind *kind, const uint8_t *bytes)
{
    struct material receiver, wrapped;
    struct fields fields;

    OK(OH_Huks_GenerateKeyItem(NAME("receiver"), SET(ALG(ECC), SIZE(256), PURPOSE(UNWRAP)), NULL));
    export("receiver", &receiver);
    seal_agreed(&receiver, OH_HUKS_UNWRAP_SUITE_ECDH_AES_256_GCM_NOPADDING, bytes, kind->bits / 8, &fields);
    join_fields(&fields, &wrapped);
    OK(OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("receiver"), key_set(kind), GIVEN(wrapped)));
}

/* Ends a session's derivation or agreement: its result stays. */
static void keep(const struct kind *kind, struct session *s)
{
    uint8_t unused[64];

    s->params = key_set(kind);
    OK(finish(s, NULL, 0, unused, &(uint32_t){sizeof unused}));
}

static void hkdf(const uint8_t *base, size_t size, const char *digest, uint8_t *out, size_t out_size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *with = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)base, size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, message, 20),
        OSSL_PARAM_construct_end(),
    };

    ck_assert(EVP_KDF_derive(with, out, out_size, params) == 1);
    EVP_KDF_CTX_free(with);
    EVP_KDF_free(kdf);
}

static void derive_and_keep(const struct kind *kind, enum way way, uint8_t *bytes)
{
    const size_t size = kind->bits / 8;
    struct session s;

    OK(OH_Huks_ImportKeyItem(NAME("base"), SET(ALG(AES), SIZE(256), PURPOSE(DERIVE)),
                             &(const blob){32, message}));
    if (way == BY_HKDF) {
        hkdf(message, 32, "SHA512", bytes, size);
        OK(begin(&s, "base",
                 SET(ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA512), BYTES(INFO, message, 20),
                     NUMBER(DERIVE_KEY_SIZE, kind->bits / 8))));
    } else {
        ck_assert(PKCS5_PBKDF2_HMAC((const char *)message, 32, iv, sizeof iv, 1000, EVP_sha384(), (int)size,
                                    bytes) == 1);
        OK(begin(&s, "base",
                 SET(ALG(PBKDF2), PURPOSE(DERIVE), DIGEST(SHA384), BYTES(SALT, iv, sizeof iv),
                     NUMBER(ITERATION, 1000), NUMBER(DERIVE_KEY_SIZE, kind->bits / 8))));
    }
    OK(feed(&s, NULL, 0));
    keep(kind, &s);
}

/* The peer is bare OpenSSL, which so knows the secret. */
static void agree_and_keep(const struct kind *kind, enum way way, uint8_t *bytes)
{
    const struct agreement *a = &agreements[way];
    EVP_PKEY *peer = openssl_key(a->alg, a->bits), *own;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);
    struct material public;
    const uint8_t *at = public.bytes;
    uint8_t secret[256];
    size_t size = sizeof secret;
    param word = {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->word};
    struct session s;

    OK(OH_Huks_GenerateKeyItem(
        NAME("own"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = a->alg}, SIZE(a->bits), PURPOSE(AGREE)), NULL));
    export("own", &public);
    own = way == BY_X25519 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public.bytes, public.size)
                           : d2i_PUBKEY(NULL, &at, public.size);
    ck_assert(own != NULL && EVP_PKEY_derive_init(context) == 1 &&
              (way != BY_DH || EVP_PKEY_CTX_set_dh_pad(context, 1) == 1) &&
              EVP_PKEY_derive_set_peer(context, own) == 1 && EVP_PKEY_derive(context, secret, &size) == 1);
    memcpy(bytes, secret, kind->bits / 8);
    public_bytes(peer, a->alg, &public);
    if (way == GENERATED) {
        OK(OH_Huks_GenerateKeyItem(NAME("key"),
                                   SET(ALG(AES), SIZE(kind->bits), PURPOSE(kind->purpose),
                                       NUMBER(KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_AGREE),
                                       NUMBER(AGREE_ALG, a->word), BYTES(AGREE_PRIVATE_KEY_ALIAS, "own", 3),
                                       BYTES(AGREE_PUBLIC_KEY, public.bytes, public.size),
                                       TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, false)),
                                   NULL));
    } else {
        OK(begin(&s, "own", SET(word, PURPOSE(AGREE), SIZE(way == BY_DH ? kind->bits : a->bits))));
        OK(feed(&s, public.bytes, public.size));
        keep(kind, &s);
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
}

/* The key under the alias "key", and its bytes. */
static void bring(const struct kind *kind, enum way way, uint8_t *bytes)
{
    for (uint32_t i = 0; i < kind->bits / 8; i++) {
        bytes[i] = (uint8_t)(i * 11 + 5);
    }
    switch (way) {
    case IN_THE_CLEAR:
        OK(OH_Huks_ImportKeyItem(NAME("key"), key_set(kind), &(const blob){kind->bits / 8, bytes}));
        break;
    case IN_AN_ENVELOPE:
        import_sealed(kind, bytes);
        break;
    case BY_HKDF:
    case BY_PBKDF2:
        derive_and_keep(kind, way, bytes);
        break;
    default:
        agree_and_keep(kind, way, bytes);
        break;
    }
}

/* ---- As what PKCS #11 finds them ----------------------------------------------------------------------- */

static const struct {
    CK_ATTRIBUTE_TYPE type;
    uint32_t purposes;
} uses[] = {
    {CKA_ENCRYPT, ENCRYPT}, {CKA_DECRYPT, DECRYPT}, {CKA_DERIVE, DERIVE}, {CKA_SIGN, MAC},
    {CKA_VERIFY, MAC},      {CKA_WRAP, WRAP},       {CKA_UNWRAP, UNWRAP},
};

static void check_object(const struct kind *kind)
{
    CK_OBJECT_HANDLE key = find(CKO_SECRET_KEY, "key");
    CK_BYTE value[64], hash[20];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};

    ck_assert_uint_eq(find_all(CKO_PRIVATE_KEY, "key", NULL) + find_all(CKO_PUBLIC_KEY, "key", NULL), 0);
    ck_assert_uint_eq(number(key, CKA_KEY_TYPE), kind->key_type);
    ck_assert_uint_eq(get(key, CKA_HUKS_ALIAS_, here, sizeof here), 3);
    ck_assert_mem_eq(here, "key", 3);
    SHA1((const uint8_t *)"key", 3, hash); /* a secret key has no public value */
    ck_assert_uint_eq(get(key, CKA_ID, here, sizeof here), 20);
    ck_assert_mem_eq(here, hash, 20);
    ck_assert_uint_eq(number(key, CKA_VALUE_LEN), kind->bits / 8);
    ck_assert(truth(key, CKA_TOKEN) && truth(key, CKA_PRIVATE) && !truth(key, CKA_LOCAL));
    ck_assert_uint_eq(number(key, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
    for (int i = 0; i < COUNT(uses); i++) {
        ck_assert_msg(truth(key, uses[i].type) == ((kind->purpose & uses[i].purposes) != 0),
                      "%s: attribute 0x%lx", kind->name, uses[i].type);
    }
    ck_assert(truth(key, CKA_SENSITIVE) && !truth(key, CKA_EXTRACTABLE));
    REFUSED(CKR_ATTRIBUTE_SENSITIVE, 12000003, "Invalid attribute CKA_VALUE.",
            p11->C_GetAttributeValue(cryptoki, key, &attribute, 1));
}

/* A key that somebody outside knows says so; what never left the token was always secret. */
static void check_history(enum way way)
{
    CK_OBJECT_HANDLE key = find(CKO_SECRET_KEY, "key");
    bool inside = way == BY_ECDH || way == BY_X25519 || way == BY_DH || way == GENERATED;

    ck_assert_int_eq(truth(key, CKA_ALWAYS_SENSITIVE), inside);
    ck_assert_int_eq(truth(key, CKA_NEVER_EXTRACTABLE), inside);
}

/* ---- Uses ---------------------------------------------------------------------------------------------- */

static size_t openssl_encrypts(const struct kind *kind, const uint8_t *key, uint8_t *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, kind->openssl, NULL);
    EVP_CIPHER_CTX *with = EVP_CIPHER_CTX_new();
    int first, last;

    ck_assert(EVP_EncryptInit_ex2(with, cipher, key, iv, NULL) == 1 &&
              EVP_EncryptUpdate(with, out, &first, message, sizeof message) == 1 &&
              EVP_EncryptFinal_ex(with, out + first, &last) == 1);
    EVP_CIPHER_CTX_free(with);
    EVP_CIPHER_free(cipher);
    return (size_t)first + (size_t)last;
}

static void same(const uint8_t *got, size_t size, const uint8_t *wanted, size_t wanted_size)
{
    ck_assert_uint_eq(size, wanted_size);
    ck_assert_mem_eq(got, wanted, size);
}

static uint32_t natively(set *params, const void *in, size_t size, uint8_t *out)
{
    uint32_t room = 1024;
    struct session s;

    OK(begin(&s, "key", params));
    OK(finish(&s, in, size, out, &room));
    return room;
}

static void crypts(const struct kind *kind, const uint8_t *bytes)
{
    CK_MECHANISM cbc = {kind->mechanism, iv, kind->iv};
    uint8_t wanted[128];
    size_t size = openssl_encrypts(kind, bytes, wanted);
    CK_ULONG room = sizeof here;
    param alg = {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = kind->alg};

    RV(CKR_OK, p11->C_EncryptInit(cryptoki, &cbc, find(CKO_SECRET_KEY, "key")));
    RV(CKR_OK, p11->C_Encrypt(cryptoki, message, sizeof message, here, &room));
    same(here, room, wanted, size);
    room = sizeof here;
    RV(CKR_OK, p11->C_DecryptInit(cryptoki, &cbc, find(CKO_SECRET_KEY, "key")));
    RV(CKR_OK, p11->C_Decrypt(cryptoki, wanted, size, here, &room));
    same(here, room, message, sizeof message);
    same(there,
         natively(SET(alg, PURPOSE(ENCRYPT), MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16)), message,
                  sizeof message, there),
         wanted, size);
    same(there,
         natively(SET(alg, PURPOSE(DECRYPT), MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16)), wanted, size,
                  there),
         message, sizeof message);
}

static void macs(const struct kind *kind, const uint8_t *bytes)
{
    uint8_t wanted[64];
    unsigned size = sizeof wanted;
    CK_ULONG room = sizeof here;

    ck_assert(HMAC(EVP_sha256(), bytes, (int)kind->bits / 8, message, sizeof message, wanted, &size) != NULL);
    RV(CKR_OK, p11->C_SignInit(cryptoki, M(kind->mechanism), find(CKO_SECRET_KEY, "key")));
    RV(CKR_OK, p11->C_Sign(cryptoki, message, sizeof message, here, &room));
    same(here, room, wanted, size);
    RV(CKR_OK, p11->C_VerifyInit(cryptoki, M(kind->mechanism), find(CKO_SECRET_KEY, "key")));
    RV(CKR_OK, p11->C_Verify(cryptoki, message, sizeof message, wanted, size));
    same(there, natively(SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256)), message, sizeof message, there),
         wanted, size);
}

static void derives(const struct kind *kind, const uint8_t *bytes)
{
    struct hkdf_params params = {CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_NULL, NULL, 0, 0, message, 20};
    CK_MECHANISM mechanism = {kind->mechanism, &params, sizeof params};
    uint8_t wanted[48];
    uint32_t room = sizeof there;
    struct session s;

    hkdf(bytes, kind->bits / 8, kind->openssl, wanted, sizeof wanted);
    derive_openly(&mechanism, find(CKO_SECRET_KEY, "key"), here, sizeof wanted);
    same(here, sizeof wanted, wanted, sizeof wanted);
    OK(begin(&s, "key",
             SET(ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA256), BYTES(INFO, message, 20),
                 NUMBER(DERIVE_KEY_SIZE, sizeof wanted))));
    OK(feed(&s, NULL, 0));
    OK(finish(&s, NULL, 0, there, &room));
    same(there, room, wanted, sizeof wanted);
}

/* Neither a new name nor being copied takes a purpose from a key; it is found by what it does. */
static void stays_what_it_is(const struct kind *kind)
{
    CK_OBJECT_HANDLE key = find(CKO_SECRET_KEY, "key"), copy, found[2];
    CK_BYTE id[] = "another ID";
    CK_ATTRIBUTE change = {CKA_ID, id, sizeof id};
    CK_ATTRIBUTE name = {CKA_LABEL, (void *)(uintptr_t) "copy", 4};
    CK_ULONG count = 0;

    RV(CKR_OK, p11->C_SetAttributeValue(cryptoki, key, &change, 1));
    RV(CKR_OK, p11->C_CopyObject(cryptoki, key, &name, 1, &copy));
    for (int i = 0; i < COUNT(uses); i++) {
        bool has = (kind->purpose & uses[i].purposes) != 0;
        CK_ATTRIBUTE wanted[] = {{uses[i].type, &yes, 1}, change};

        ck_assert_int_eq(truth(key, uses[i].type), has);
        ck_assert_int_eq(truth(copy, uses[i].type), has);
        RV(CKR_OK, p11->C_FindObjectsInit(cryptoki, wanted, 2));
        RV(CKR_OK, p11->C_FindObjects(cryptoki, found, 2, &count));
        RV(CKR_OK, p11->C_FindObjectsFinal(cryptoki));
        ck_assert_uint_eq(count, has ? 2 : 0);
    }
    RV(CKR_OK, p11->C_DestroyObject(cryptoki, copy));
}

static void check_uses(const struct kind *kind, const uint8_t *bytes)
{
    if ((kind->purpose & MAC) != 0) {
        macs(kind, bytes);
    } else if ((kind->purpose & DERIVE) != 0) {
        derives(kind, bytes);
    } else {
        crypts(kind, bytes);
    }
}

START_TEST(secret_keys)
{
    const struct kind *kind = &kinds[_i];
    uint8_t bytes[64];

    if (!offered(kind->mechanism)) {
        return;
    }
    make_token();
    enter();
    for (enum way way = 0; way < WAYS; way++) {
        if (!possible(kind, way)) {
            continue;
        }
        bring(kind, way, bytes);
        check_object(kind);
        check_history(way);
        check_uses(kind, bytes);
        stays_what_it_is(kind);
        check_uses(kind, bytes);
        OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
        ck_assert_uint_eq(find_all(CKO_SECRET_KEY, "key", NULL), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret keys at both doors");
    TCase *tcase = doors_tcase(suite, "secrets");

    if (!doors_open()) {
        return 99; /* never a skip */
    }
    tcase_add_loop_test(tcase, secret_keys, 0, COUNT(kinds));
    return native_run(suite);
}
