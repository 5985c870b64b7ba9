/*
 * OH_Huks_ImportWrappedKeyItem: envelopes that bare OpenSSL sealed, by every suite and for every kind of key;
 * what is refused, field by field, with its code and text; and the order of the checks.
 */
#include <stdlib.h>

#include <openssl/x509.h>

#include "envelope.h"
#include "material.h"
#include "native.h"

#define TEXT_WRONG(what) "Invalid " what "."
#define TEXT_WRAPPED     "The wrapped key data is in invalid format."
#define TEXT_PUBLIC      "Invalid public key."

#define SUITE(number) NUMBER(UNWRAP_ALGORITHM_SUITE, number)
#define X25519        OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING
#define ECDH          OH_HUKS_UNWRAP_SUITE_ECDH_AES_256_GCM_NOPADDING
#define BARE          OH_HUKS_UNWRAP_SUITE_SM2_SM4_ECB_NOPADDING

static param tag(uint32_t name, uint32_t value)
{
    return (param){.tag = name, .uint32Param = value};
}

/* ---- The receiver's key ---------------------------------------------------------------------------------
 */

static const struct receiver {
    uint32_t suite, alg, purpose;
    const char *name;
} receivers[] = {
    {X25519, OH_HUKS_ALG_X25519, UNWRAP, "x25519"},
    {ECDH, OH_HUKS_ALG_ECC, UNWRAP, "ecc"},
    {SUITE_SM2_SIGNED, OH_HUKS_ALG_SM2, UNWRAP, "sm2"},
    {SUITE_SM2_DERIVED, OH_HUKS_ALG_SM2, UNWRAP, "sm2"},
    {BARE, OH_HUKS_ALG_SM2, UNWRAP, "sm2"},
    {BARE, OH_HUKS_ALG_SM2, ENCRYPT | DECRYPT, "sm2 that decrypts"},
};

static void export(const char *alias, struct material *out)
{
    blob room = {sizeof out->bytes, out->bytes};

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), NULL, &room));
    out->size = room.size;
}

static void make_receiver(const struct receiver *receiver, struct material *public)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(receiver->name),
        SET(tag(OH_HUKS_TAG_ALGORITHM, receiver->alg), SIZE(256), PURPOSE(receiver->purpose)), NULL));
    export(receiver->name, public);
}

/* ---- Envelopes ------------------------------------------------------------------------------------------
 */

static void seal(const struct receiver *receiver, const struct material *public,
                 const struct material *content, struct fields *fields)
{
    EVP_PKEY *sender;

    switch (receiver->suite) {
    case X25519:
    case ECDH:
        seal_agreed(public, receiver->suite, content->bytes, content->size, fields);
        break;
    case SUITE_SM2_SIGNED:
        sender = openssl_key(OH_HUKS_ALG_SM2, 256);
        seal_sm2(public, sender, content->bytes, content->size, fields);
        EVP_PKEY_free(sender);
        break;
    case SUITE_SM2_DERIVED:
        seal_sm2(public, NULL, content->bytes, content->size, fields);
        break;
    default:
        seal_bare(public, content->bytes, content->size, fields);
        break;
    }
}

static struct OH_Huks_Result unwrap_as(const char *alias, const char *wrapping, set *params,
                                       const struct fields *fields)
{
    static struct material wrapped;

    join_fields(fields, &wrapped);
    return OH_Huks_ImportWrappedKeyItem(NAME(alias), NAME(wrapping), params, GIVEN(wrapped));
}

/* ---- Pairs and halves -----------------------------------------------------------------------------------
 */

static const struct coming {
    uint32_t alg, bits, purpose; /* of a pair */
    bool bare;                   /* suite 5 can carry it */
} coming[] = {
    {OH_HUKS_ALG_RSA, 1024, SIGN | VERIFY, true},
    {OH_HUKS_ALG_RSA, 2048, ENCRYPT | DECRYPT, true},
    {OH_HUKS_ALG_ECC, 224, SIGN | VERIFY, false},
    {OH_HUKS_ALG_ECC, 256, SIGN | VERIFY, true},
    {OH_HUKS_ALG_ECC, 384, AGREE, true},
    {OH_HUKS_ALG_ECC, 521, SIGN | VERIFY, false},
    {OH_HUKS_ALG_ECDH, 256, AGREE, true},
    {OH_HUKS_ALG_SM2, 256, SIGN | VERIFY, true},
    {OH_HUKS_ALG_DSA, 1024, SIGN | VERIFY, false},
    {OH_HUKS_ALG_DH, 2048, AGREE, true},
    {OH_HUKS_ALG_ED25519, 256, SIGN | VERIFY, true},
    {OH_HUKS_ALG_X25519, 256, AGREE, true},
};

/* One purpose of a half alone. */
static uint32_t half_of(uint32_t purpose, bool private)
{
    return purpose == AGREE        ? AGREE
           : (purpose & SIGN) != 0 ? (private ? SIGN : VERIFY)
                                   : (private ? DECRYPT : ENCRYPT);
}

static set *coming_set(const struct coming *row, uint32_t suite, uint32_t purpose, uint32_t type,
                       const struct material *public)
{
    return SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), SIZE(row->bits), PURPOSE(purpose), SUITE(suite),
               tag(OH_HUKS_TAG_IMPORT_KEY_TYPE, type),
               BYTES(ASYMMETRIC_PUBLIC_KEY_DATA, public->bytes, public->size));
}

static void expect_public(const char *alias, const struct material *expected)
{
    struct material exported;

    export(alias, &exported);
    ck_assert_uint_eq(exported.size, expected->size);
    ck_assert_mem_eq(exported.bytes, expected->bytes, expected->size);
}

static void check_told(const char *alias)
{
    _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;
    param *found = NULL;

    out->paramSetSize = sizeof space;
    OK(OH_Huks_GetKeyItemParamSet(NAME(alias), NULL, out));
    OK(OH_Huks_GetParam(out, OH_HUKS_TAG_KEY_FLAG, &found));
    ck_assert_uint_eq(found->uint32Param, OH_HUKS_KEY_FLAG_IMPORT_KEY);
    EXPECT(401, TEXT_ABSENT, OH_Huks_GetParam(out, OH_HUKS_TAG_ASYMMETRIC_PUBLIC_KEY_DATA, &found));
}

START_TEST(pairs_and_halves)
{
    const struct coming *row = &coming[_i];
    EVP_PKEY *key = openssl_key(row->alg, row->bits);
    struct material public, receiver_public, content;
    struct fields fields;

    public_bytes(key, row->alg, &public);
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i++) {
        const struct receiver *receiver = &receivers[i];
        bool bare = receiver->suite == BARE;

        if (bare && !row->bare) {
            continue;
        }
        make_receiver(receiver, &receiver_public);
        if (bare) {
            private_value(key, row->alg, row->bits, &content);
        } else {
            private_material(key, row->alg, row->bits, true, &content);
        }
        seal(receiver, &receiver_public, &content, &fields);
        OK(unwrap_as("pair", receiver->name, coming_set(row, receiver->suite, row->purpose, 2, &public),
                     &fields));
        expect_public("pair", &public);
        check_told("pair");

        public_material(key, row->alg, row->bits, &content);
        if (!bare) {
            seal(receiver, &receiver_public, &content, &fields);
        }
        OK(unwrap_as("public", receiver->name,
                     coming_set(row, receiver->suite, half_of(row->purpose, false), 0, &public), &fields));
        expect_public("public", &public);

        private_material(key, row->alg, row->bits, false, &content);
        if (!bare) {
            seal(receiver, &receiver_public, &content, &fields);
        }
        answer(__FILE__, __LINE__, "private half", bare ? 401 : 0, bare ? TEXT_INVALID : "Success.",
               unwrap_as("private", receiver->name,
                         coming_set(row, receiver->suite, half_of(row->purpose, true), 1, &public), &fields));
    }
    EVP_PKEY_free(key);
}
END_TEST

/* What came in is the key: it signs, and the sender's OpenSSL verifies. */
START_TEST(it_is_the_key)
{
    static const uint8_t message[] = "signed by a key that travelled";
    const struct coming *row = &coming[3];
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public, receiver_public, content;
    struct fields fields;
    uint8_t signature[80];
    uint32_t size = sizeof signature;
    struct session session;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    make_receiver(&receivers[_i], &receiver_public);
    if (receivers[_i].suite == BARE) {
        private_value(key, OH_HUKS_ALG_ECC, 256, &content);
    } else {
        private_material(key, OH_HUKS_ALG_ECC, 256, true, &content);
    }
    seal(&receivers[_i], &receiver_public, &content, &fields);
    OK(unwrap_as("key", receivers[_i].name, coming_set(row, receivers[_i].suite, SIGN | VERIFY, 2, &public),
                 &fields));
    OK(begin(&session, "key", SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256))));
    OK(finish(&session, message, sizeof message, signature, &size));
    ck_assert(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(context, signature, size, message, sizeof message) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Secret keys ----------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t alg, bits, purpose;
} secrets[] = {
    {OH_HUKS_ALG_AES, 128, ENCRYPT | DECRYPT},
    {OH_HUKS_ALG_AES, 256, ENCRYPT | DECRYPT},
    {OH_HUKS_ALG_SM4, 128, ENCRYPT | DECRYPT},
    {OH_HUKS_ALG_HMAC, 512, MAC},
};

START_TEST(secret_keys)
{
    struct material receiver_public, content = {.size = secrets[_i].bits / 8};
    struct fields fields;
    uint8_t one[128], two[128];
    uint32_t first = sizeof one, second = sizeof two;
    struct session session;
    bool mac = secrets[_i].purpose == MAC;
    param alg = tag(OH_HUKS_TAG_ALGORITHM, secrets[_i].alg);
    set *use =
        mac ? SET(alg, PURPOSE(MAC), DIGEST(SHA256)) : SET(alg, PURPOSE(ENCRYPT), MODE(ECB), PADDING(NONE));

    for (uint32_t i = 0; i < content.size; i++) {
        content.bytes[i] = (uint8_t)(i * 7 + 1);
    }
    OK(OH_Huks_ImportKeyItem(NAME("plain"), SET(alg, SIZE(secrets[_i].bits), PURPOSE(secrets[_i].purpose)),
                             GIVEN(content)));
    OK(begin(&session, "plain", use));
    OK(finish(&session, content.bytes, 16, one, &first));
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i++) {
        make_receiver(&receivers[i], &receiver_public);
        seal(&receivers[i], &receiver_public, &content, &fields);
        OK(unwrap_as(
            "key", receivers[i].name,
            SET(alg, SIZE(secrets[_i].bits), PURPOSE(secrets[_i].purpose), SUITE(receivers[i].suite)),
            &fields));
        second = sizeof two;
        OK(begin(&session, "key", use));
        OK(finish(&session, content.bytes, 16, two, &second));
        ck_assert(first == second && memcmp(one, two, first) == 0);
    }
}
END_TEST

/* ---- Fields that are wrong ------------------------------------------------------------------------------
 */

#define AES_COMES ALG(AES), SIZE(256), PURPOSE(ENCRYPT)

enum damage { FLIP, RESIZE, NONE_OF_IT, DROP };

static const struct damaged {
    const char *name;
    int receiver; /* of `receivers` */
    int field;
    enum damage damage;
    uint32_t size;
    int32_t code;
    const char *text;
} damaged[] = {
    {"suite 1: sender's key", 0, 0, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: sender's key of 31 bytes", 0, 0, RESIZE, 31, 401, TEXT_WRAPPED},
    {"suite 1: AAD", 0, 1, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: nonce", 0, 2, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: nonce of 13 bytes", 0, 2, RESIZE, 13, 401, TEXT_WRAPPED},
    {"suite 1: tag", 0, 3, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: tag of 15 bytes", 0, 3, RESIZE, 15, 401, TEXT_WRAPPED},
    {"suite 1: encrypted key", 0, 4, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: encrypted key of 16 bytes", 0, 4, RESIZE, 16, 401, TEXT_WRAPPED},
    {"suite 1: second AAD", 0, 5, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: second nonce", 0, 6, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: second tag", 0, 7, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: size of the material", 0, 8, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 1: size of 2 bytes", 0, 8, RESIZE, 2, 401, TEXT_WRAPPED},
    {"suite 1: material", 0, 9, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 1: material cut", 0, 9, RESIZE, 31, 12000006, TEXT_CRYPTO},
    {"suite 1: a field of no bytes", 0, 1, RESIZE, 0, 401, TEXT_WRAPPED},
    {"suite 1: the last field is missing", 0, 0, DROP, 9, 401, TEXT_WRAPPED},
    {"suite 1: nothing but a length", 0, 0, NONE_OF_IT, 3, 401, TEXT_WRAPPED},
    {"suite 2: sender's key", 1, 0, FLIP, 0, 401, TEXT_PUBLIC},
    {"suite 2: sender's key cut", 1, 0, RESIZE, 90, 401, TEXT_PUBLIC},
    {"suite 2: material", 1, 9, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 2: the last field is missing", 1, 0, DROP, 9, 401, TEXT_WRAPPED},
    {"suite 3: sender's key", 2, 0, FLIP, 0, 401, TEXT_PUBLIC},
    {"suite 3: size of the signature", 2, 1, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 3: encrypted key", 2, 2, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 3: size of the key", 2, 3, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 3: first factor", 2, 4, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 3: second factor", 2, 5, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 3: MAC", 2, 6, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 3: MAC of 31 bytes", 2, 6, RESIZE, 31, 401, TEXT_WRAPPED},
    {"suite 3: material", 2, 7, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 3: IV of 15 bytes", 2, 8, RESIZE, 15, 401, TEXT_WRAPPED},
    {"suite 3: size of the material", 2, 9, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 4: encrypted key", 3, 0, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 4: size of the key", 3, 1, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 4: second factor", 3, 3, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 4: MAC", 3, 4, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 4: size of the material", 3, 7, FLIP, 0, 401, TEXT_WRAPPED},
    {"suite 4: the last field is missing", 3, 0, DROP, 7, 401, TEXT_WRAPPED},
    {"suite 5: encrypted key", 4, 0, FLIP, 0, 12000006, TEXT_CRYPTO},
    {"suite 5: no whole blocks", 4, 1, RESIZE, 31, 12000006, TEXT_CRYPTO},
    {"suite 5: another size", 4, 1, RESIZE, 16, 401, TEXT_KEY_INFO},
    {"suite 5: the last field is missing", 4, 0, DROP, 1, 401, TEXT_WRAPPED},
};

START_TEST(wrong_fields)
{
    const struct damaged *row = &damaged[_i];
    const struct receiver *receiver = &receivers[row->receiver];
    struct material public, wrapped, content = {.size = 32};
    struct fields fields;

    make_receiver(receiver, &public);
    seal(receiver, &public, &content, &fields);
    OK(unwrap_as("whole", receiver->name, SET(AES_COMES, SUITE(receiver->suite)), &fields));
    if (row->damage == FLIP) {
        fields.bytes[row->field][fields.size[row->field] / 2] ^= 1;
    } else if (row->damage == RESIZE) {
        fields.size[row->field] = row->size;
    } else if (row->damage == DROP) {
        fields.count = (int)row->size;
    }
    join_fields(&fields, &wrapped);
    if (row->damage == NONE_OF_IT) {
        wrapped.size = row->size;
    }
    answer(__FILE__, __LINE__, row->name, row->code, row->text,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME(receiver->name),
                                        SET(AES_COMES, SUITE(receiver->suite)), GIVEN(wrapped)));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("key"), NULL));
}
END_TEST

/* The stream has to be used up: no byte may follow, and no length may reach beyond it. */
START_TEST(stream_is_exact)
{
    struct material public, wrapped, content = {.size = 32};
    struct fields fields;
    set *params = SET(AES_COMES, SUITE(X25519));

    make_receiver(&receivers[0], &public);
    seal(&receivers[0], &public, &content, &fields);
    join_fields(&fields, &wrapped);
    wrapped.bytes[wrapped.size++] = 0;
    EXPECT(401, TEXT_WRAPPED,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), params, GIVEN(wrapped)));
    wrapped.size -= 2;
    EXPECT(401, TEXT_WRAPPED,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), params, GIVEN(wrapped)));
    wrapped.size++;
    memset(wrapped.bytes + wrapped.size - 36, 0xff, 4);
    EXPECT(401, TEXT_WRAPPED,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), params, GIVEN(wrapped)));
}
END_TEST

/* A sender that somebody else stands in for: the signature is of another key. */
START_TEST(another_sender)
{
    EVP_PKEY *sender = openssl_key(OH_HUKS_ALG_SM2, 256);
    EVP_PKEY *other = openssl_key(OH_HUKS_ALG_SM2, 256);
    struct material public, theirs, content = {.size = 32};
    struct fields fields;

    make_receiver(&receivers[2], &public);
    seal_sm2(&public, sender, content.bytes, content.size, &fields);
    public_bytes(other, OH_HUKS_ALG_SM2, &theirs);
    memcpy(fields.bytes[0], theirs.bytes, theirs.size);
    EXPECT(12000006, TEXT_CRYPTO, unwrap_as("key", "sm2", SET(AES_COMES, SUITE(SUITE_SM2_SIGNED)), &fields));
    EVP_PKEY_free(sender);
    EVP_PKEY_free(other);
}
END_TEST

/* ---- Suite 5's public half ------------------------------------------------------------------------------
 */

START_TEST(bare_needs_its_public_half)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    EVP_PKEY *other = openssl_key(OH_HUKS_ALG_ECC, 256);
    const struct coming ecc = {OH_HUKS_ALG_ECC, 256, SIGN, true};
    const struct coming p384 = {OH_HUKS_ALG_ECC, 384, SIGN, true};
    const struct coming p521 = {OH_HUKS_ALG_ECC, 521, SIGN, true};
    const struct coming dsa = {OH_HUKS_ALG_DSA, 1024, SIGN, true};
    struct material public, theirs, receiver_public, content;
    struct fields fields;

    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    public_bytes(other, OH_HUKS_ALG_ECC, &theirs);
    private_value(key, OH_HUKS_ALG_ECC, 256, &content);
    make_receiver(&receivers[4], &receiver_public);
    seal_bare(&receiver_public, content.bytes, content.size, &fields);
    EXPECT(401, TEXT_ABSENT,
           unwrap_as("key", "sm2",
                     SET(ALG(ECC), SIZE(256), PURPOSE(SIGN), SUITE(BARE), NUMBER(IMPORT_KEY_TYPE, 2)),
                     &fields));
    EXPECT(401, TEXT_KEY_INFO, unwrap_as("key", "sm2", coming_set(&ecc, BARE, SIGN, 2, &theirs), &fields));
    EXPECT(401, TEXT_KEY_INFO, unwrap_as("key", "sm2", coming_set(&p384, BARE, SIGN, 2, &public), &fields));
    public.bytes[0] ^= 1;
    EXPECT(401, TEXT_PUBLIC, unwrap_as("key", "sm2", coming_set(&ecc, BARE, SIGN, 2, &public), &fields));
    EXPECT(401, TEXT_PUBLIC, unwrap_as("key", "sm2", coming_set(&ecc, BARE, VERIFY, 0, &public), &fields));
    EVP_PKEY_free(key);
    /* 66 bytes are no blocks; and what HUKS does not carry this way. */
    key = openssl_key(OH_HUKS_ALG_ECC, 521);
    public_bytes(key, OH_HUKS_ALG_ECC, &public);
    EXPECT(12000003, TEXT_WRONG("key size"),
           unwrap_as("key", "sm2", coming_set(&p521, BARE, SIGN, 2, &public), &fields));
    EVP_PKEY_free(key);
    key = openssl_key(OH_HUKS_ALG_DSA, 1024);
    public_bytes(key, OH_HUKS_ALG_DSA, &public);
    EXPECT(12000001, "The algorithm is not supported.",
           unwrap_as("key", "sm2", coming_set(&dsa, BARE, SIGN, 2, &public), &fields));
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EXPECT(12000003, TEXT_WRONG("key size"),
           unwrap_as("key", "sm2", SET(ALG(AES), SIZE(192), PURPOSE(ENCRYPT), SUITE(BARE)), &fields));
}
END_TEST

/* ---- What was sealed is not what the set says -----------------------------------------------------------
 */

START_TEST(content_against_set)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material public, spki, content;
    struct fields fields;

    make_receiver(&receivers[0], &public);
    content = (struct material){.size = 16};
    seal_agreed(&public, X25519, content.bytes, content.size, &fields);
    EXPECT(401, TEXT_KEY_INFO, unwrap_as("key", "x25519", SET(AES_COMES, SUITE(X25519)), &fields));

    /* A public key inside is key material, not SubjectPublicKeyInfo. */
    public_bytes(key, OH_HUKS_ALG_ECC, &spki);
    seal_agreed(&public, X25519, spki.bytes, spki.size, &fields);
    EXPECT(401, TEXT_KEY_INFO,
           unwrap_as("key", "x25519", SET(ALG(ECC), SIZE(256), PURPOSE(VERIFY), SUITE(X25519)), &fields));
    /* A private key is no public one, wrapped or not. */
    private_material(key, OH_HUKS_ALG_ECC, 256, true, &content);
    seal_agreed(&public, X25519, content.bytes, content.size, &fields);
    EXPECT(401, TEXT_KEY_INFO,
           unwrap_as("key", "x25519", SET(ALG(ECC), SIZE(256), PURPOSE(VERIFY), SUITE(X25519)), &fields));
    EXPECT(401, TEXT_KEY_INFO,
           unwrap_as("key", "x25519",
                     SET(ALG(SM2), SIZE(256), PURPOSE(SIGN), SUITE(X25519), NUMBER(IMPORT_KEY_TYPE, 2)),
                     &fields));
    EVP_PKEY_free(key);
}
END_TEST

/* ---- Order of checks, wrapping keys ---------------------------------------------------------------------
 */

START_TEST(order_of_checks)
{
    uint8_t none[] = {1, 0, 0, 0, 7};
    blob bogus = {sizeof none, none};
    struct material public, content = {.size = 32};
    struct fields fields;
    static struct material wrapped;

    make_receiver(&receivers[0], &public);
    seal_agreed(&public, X25519, content.bytes, content.size, &fields);
    join_fields(&fields, &wrapped);

    /* The alias, the wrapping key, the suite, the format, the parameters, the wrapping key's purpose. */
    EXPECT(12000017, TEXT_TAKEN,
           OH_Huks_ImportWrappedKeyItem(NAME("x25519"), NAME("nobody's"), SET(TRUTH(KEY_OVERRIDE, false)),
                                        &bogus));
    EXPECT(12000011, TEXT_ENTITY,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("nobody's"), SET(AES_COMES), &bogus));
    EXPECT(12000002, TEXT_UNSET_IN("algorithm"),
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(AES_COMES), &bogus));
    EXPECT(12000003, TEXT_WRONG("algorithm"),
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(AES_COMES, SUITE(6)), &bogus));
    EXPECT(12000003, TEXT_WRONG("algorithm"),
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(AES_COMES, SUITE(0)), &bogus));
    EXPECT(401, TEXT_WRAPPED,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(SUITE(X25519)), &bogus));
    EXPECT(12000002, TEXT_UNSET_IN("algorithm"),
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(SUITE(X25519)), GIVEN(wrapped)));
    EXPECT(12000003, TEXT_WRONG("key size"),
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"),
                                        SET(ALG(AES), SIZE(512), PURPOSE(ENCRYPT), SUITE(X25519)),
                                        GIVEN(wrapped)));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"),
                                        SET(AES_COMES, SUITE(X25519), NUMBER(IMPORT_KEY_TYPE, 9)),
                                        GIVEN(wrapped)));
    /* In another level there is no such key. */
    EXPECT(12000011, TEXT_ENTITY,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("x25519"), SET(AES_COMES, SUITE(X25519), LEVEL(DE)),
                                        GIVEN(wrapped)));
}
END_TEST

START_TEST(wrapping_keys)
{
    struct material public, p384, content = {.size = 32};
    struct fields fields;
    set *x25519 = SET(AES_COMES, SUITE(X25519));
    set *ecdh = SET(AES_COMES, SUITE(ECDH));

    make_receiver(&receivers[0], &public);
    seal_agreed(&public, X25519, content.bytes, content.size, &fields);
    OK(OH_Huks_GenerateKeyItem(NAME("agrees"), SET(ALG(X25519), SIZE(256), PURPOSE(AGREE)), NULL));
    EXPECT(12000003, TEXT_WRONG("key purpose"), unwrap_as("key", "agrees", x25519, &fields));
    OK(OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_COMES), NULL));
    EXPECT(12000003, TEXT_WRONG("key purpose"), unwrap_as("key", "aes", x25519, &fields));
    OK(OH_Huks_GenerateKeyItem(NAME("signs"), SET(ALG(SM2), SIZE(256), PURPOSE(SIGN)), NULL));
    make_receiver(&receivers[1], &public);
    EXPECT(12000003, TEXT_WRONG("algorithm"), unwrap_as("key", "ecc", x25519, &fields));
    seal_agreed(&public, ECDH, content.bytes, content.size, &fields);
    EXPECT(12000003, TEXT_WRONG("algorithm"), unwrap_as("key", "x25519", ecdh, &fields));
    EXPECT(12000003, TEXT_WRONG("key purpose"), unwrap_as("key", "signs", ecdh, &fields));
    /* The suite's key is AES-256's: no other curve gives one. */
    OK(OH_Huks_GenerateKeyItem(NAME("p384"), SET(ALG(ECC), SIZE(384), PURPOSE(UNWRAP)), NULL));
    export("p384", &p384);
    EXPECT(12000003, TEXT_WRONG("key size"), unwrap_as("key", "p384", ecdh, &fields));
    OK(unwrap_as("key", "ecc", ecdh, &fields));
}
END_TEST

START_TEST(null_pointers)
{
    set *params = SET(AES_COMES, SUITE(X25519));
    uint8_t bytes[8] = {4, 0, 0, 0, 1, 2, 3, 4};
    const blob wrapped = {sizeof bytes, bytes};
    static uint8_t bulk[64512];

    EXPECT(401, TEXT_NULL, OH_Huks_ImportWrappedKeyItem(NULL, NAME("w"), params, &wrapped));
    EXPECT(401, TEXT_NULL, OH_Huks_ImportWrappedKeyItem(NAME("key"), NULL, params, &wrapped));
    EXPECT(401, TEXT_NULL, OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), NULL, &wrapped));
    EXPECT(401, TEXT_NULL, OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), params, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportWrappedKeyItem(&(blob){0, bytes}, NAME("w"), params, &wrapped));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportWrappedKeyItem(NAME("key"), &(blob){3, NULL}, params, &wrapped));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), &(blob){129, bulk}, params, &wrapped));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), params, &(blob){0, bytes}));
    EXPECT(401, TEXT_INVALID, OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), params, &(blob){8, NULL}));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), SET(AES_COMES, SIZE(256)), &wrapped));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("key"), NAME("w"), params, &(blob){sizeof bulk, bulk}));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native wrapped keys");
    TCase *tcase = native_tcase(suite, "wrapped");

    tcase_add_loop_test(tcase, pairs_and_halves, 0, COUNT(coming));
    tcase_add_loop_test(tcase, it_is_the_key, 0, COUNT(receivers));
    tcase_add_loop_test(tcase, secret_keys, 0, COUNT(secrets));
    tcase_add_loop_test(tcase, wrong_fields, 0, COUNT(damaged));
    tcase_add_test(tcase, stream_is_exact);
    tcase_add_test(tcase, another_sender);
    tcase_add_test(tcase, bare_needs_its_public_half);
    tcase_add_test(tcase, content_against_set);
    tcase_add_test(tcase, order_of_checks);
    tcase_add_test(tcase, wrapping_keys);
    tcase_add_test(tcase, null_pointers);
    return native_run(suite);
}
