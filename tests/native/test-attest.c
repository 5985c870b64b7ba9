/*
 * OH_Huks_AttestKeyItem and OH_Huks_AnonAttestKeyItem: OpenSSL reads and verifies the chains; every claim is
 * where and what HUKS says; every refusal has its code and text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "chain.h"
#include "conditions.h"
#include "material.h"
#include "native.h"

#define TEXT_CURVE "The elliptic curve is not supported."

static const uint8_t challenge[] = "a challenge of the verifier's";
#define CHALLENGE BYTES(ATTESTATION_CHALLENGE, challenge, sizeof challenge)

static struct chain_room room;

static param tag(uint32_t name, uint32_t value)
{
    return (param){.tag = name, .uint32Param = value};
}

/* An identifier by the number of HUKS's inner tag. */
static param identifier(uint32_t number, const char *text)
{
    return (param){.tag = OH_HUKS_TAG_TYPE_BYTES | number,
                   .blob = {(uint32_t)strlen(text), (uint8_t *)(uintptr_t)text}};
}

static void attest(const char *alias, set *params, bool anonymous, struct chain *chain)
{
    chain_room(&room, 4, 4095);
    OK(anonymous ? OH_Huks_AnonAttestKeyItem(NAME(alias), params, &room.chain)
                 : OH_Huks_AttestKeyItem(NAME(alias), params, &room.chain));
    chain_read(&room, chain);
}

/* ---- The key and its certificate ------------------------------------------------------------------------
 */

#define USAGE_SIGNATURE 0x80 /* as they stand in the first byte of KeyUsage */
#define USAGE_ENCIPHER  0x20
#define USAGE_AGREE     0x08
#define NO_GROUP        NULL

static const struct attested {
    uint32_t alg, bits, purpose, padding, digest;
    uint32_t usage;
    const char *group; /* NULL: purposes, digest and padding one by one */
    bool pads;         /* … padding too */
} attested[] = {
    {OH_HUKS_ALG_RSA, 2048, SIGN | VERIFY, OH_HUKS_PADDING_PSS, OH_HUKS_DIGEST_SHA256, USAGE_SIGNATURE,
     "4.1.3", false},
    {OH_HUKS_ALG_RSA, 2048, SIGN, OH_HUKS_PADDING_PKCS1_V1_5, OH_HUKS_DIGEST_SHA256, USAGE_SIGNATURE,
     NO_GROUP, false},
    {OH_HUKS_ALG_RSA, 1024, SIGN, OH_HUKS_PADDING_PSS, OH_HUKS_DIGEST_SHA512, USAGE_SIGNATURE, NO_GROUP,
     false},
    {OH_HUKS_ALG_RSA, 2048, ENCRYPT | DECRYPT, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA256, USAGE_ENCIPHER,
     "4.2.3", false},
    {OH_HUKS_ALG_RSA, 2048, DECRYPT, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA1, USAGE_ENCIPHER, "4.2.2",
     false},
    {OH_HUKS_ALG_ECC, 256, SIGN | VERIFY, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SHA256, USAGE_SIGNATURE,
     "4.1.5", true},
    {OH_HUKS_ALG_ECC, 384, SIGN | VERIFY, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SHA384, USAGE_SIGNATURE,
     NO_GROUP, true},
    {OH_HUKS_ALG_ECC, 521, AGREE, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_NONE, USAGE_AGREE, NO_GROUP, true},
    {OH_HUKS_ALG_ECC, 256, UNWRAP, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_NONE, USAGE_ENCIPHER, NO_GROUP, true},
    {OH_HUKS_ALG_SM2, 256, SIGN | VERIFY, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SM3, USAGE_SIGNATURE, "4.1.5",
     false},
    {OH_HUKS_ALG_SM2, 256, ENCRYPT | DECRYPT, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SM3, USAGE_ENCIPHER,
     NO_GROUP, false},
    {OH_HUKS_ALG_X25519, 256, AGREE, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_NONE, USAGE_AGREE, NO_GROUP, true},
    {OH_HUKS_ALG_ED25519, 256, SIGN | VERIFY, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_NONE, USAGE_SIGNATURE,
     NO_GROUP, true},
};

static void make(const char *alias, const struct attested *row)
{
    OK(OH_Huks_GenerateKeyItem(NAME(alias),
                               SET(tag(OH_HUKS_TAG_ALGORITHM, row->alg), SIZE(row->bits),
                                   PURPOSE(row->purpose), tag(OH_HUKS_TAG_PADDING, row->padding),
                                   tag(OH_HUKS_TAG_DIGEST, row->digest)),
                               NULL));
}

static void check_number(const struct claim *claim, const char *oid, uint32_t number)
{
    ck_assert_str_eq(claim->oid, oid);
    ck_assert(claim->level == 2 && claim->type == V_ASN1_OCTET_STRING && claim->size == 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(claim->value[i], number >> (8 * i) & 0xff);
    }
}

static void check_key_claims(const struct attested *row, const struct claim *claims, int count)
{
    check_number(&claims[0], "1.11", 0);
    check_number(&claims[1], "1.5", OH_HUKS_KEY_FLAG_GENERATE_KEY);
    if (row->group != NO_GROUP) {
        ck_assert_int_eq(count, 3);
        ck_assert_str_eq(claims[2].oid, row->group);
        ck_assert(claims[2].level == 2 && claims[2].type == V_ASN1_BOOLEAN && claims[2].value[0] == 1);
        return;
    }
    ck_assert_int_eq(count, row->pads ? 5 : 4);
    check_number(&claims[2], "1.1", row->purpose);
    check_number(&claims[3], "1.8", row->digest);
    if (row->pads) {
        check_number(&claims[4], "1.9", row->padding);
    }
}

static void check_text(const struct claim *claim, long level, const char *oid, int type, const char *text)
{
    ck_assert_str_eq(claim->oid, oid);
    ck_assert_int_eq(claim->level, level);
    ck_assert_int_eq(claim->type, type);
    ck_assert(claim->size == (int)strlen(text) && memcmp(claim->value, text, strlen(text)) == 0);
}

static void check_names(const struct chain *chain, const char *issuer)
{
    char name[100];
    X509_NAME *subject = X509_get_subject_name(chain->at[0]);

    ck_assert_int_eq(X509_NAME_entry_count(subject), 1);
    X509_NAME_get_text_by_NID(subject, NID_commonName, name, sizeof name);
    ck_assert_str_eq(name, "A Keymaster Key");
    X509_NAME_get_text_by_NID(X509_get_issuer_name(chain->at[0]), NID_commonName, name, sizeof name);
    ck_assert_str_eq(name, issuer);
}

static void check_leaf(const struct chain *chain, uint32_t usage, int signature)
{
    X509 *leaf = chain->at[0];
    const ASN1_TIME *from = X509_get0_notBefore(leaf), *to = X509_get0_notAfter(leaf);
    int days = 0, seconds = 0;

    ck_assert_int_eq(ASN1_INTEGER_get(X509_get0_serialNumber(leaf)), 1);
    ck_assert_int_eq(X509_get_signature_nid(leaf), signature);
    ck_assert_int_eq(X509_get_ext_count(leaf), 3);
    ck_assert_int_eq(X509_get_ext_by_NID(leaf, NID_key_usage, -1), 0);
    ck_assert_int_eq(X509_get_ext_by_NID(leaf, NID_crl_distribution_points, -1), 1);
    ck_assert_uint_eq(X509_get_key_usage(leaf), usage);
    ck_assert(ASN1_STRING_type(from) == V_ASN1_UTCTIME && X509_cmp_current_time(from) < 0);
    ck_assert(ASN1_TIME_diff(&days, &seconds, from, to) == 1 && (days == 3652 || days == 3653) &&
              seconds == 0);
}

START_TEST(keys)
{
    const struct attested *row = &attested[_i];
    struct chain chain;
    struct claim claims[CLAIMS_MOST];
    struct material exported = {.size = sizeof exported.bytes};
    struct material inside;
    blob key = {exported.size, exported.bytes};
    int count;

    make("key", row);
    OK(OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &key));
    for (int anonymous = 0; anonymous < 2; anonymous++) {
        attest("key", SET(CHALLENGE), anonymous == 1, &chain);
        ck_assert_uint_eq(chain.count, anonymous ? 3 : 4);
        chain_check(&chain);
        check_names(&chain, anonymous ? "HUKS Anonymous Attestation CA" : "HUKS Device");
        check_leaf(&chain, row->usage, anonymous ? NID_ecdsa_with_SHA256 : NID_sha256WithRSAEncryption);
        public_bytes(X509_get0_pubkey(chain.at[0]), row->alg, &inside);
        ck_assert(inside.size == key.size && memcmp(inside.bytes, key.data, key.size) == 0);
        count = chain_claims(&chain, claims);
        ck_assert_int_ge(count, 3);
        ck_assert(claims[0].level == 0 && claims[0].type == V_ASN1_OCTET_STRING);
        ck_assert_str_eq(claims[0].oid, "1.4");
        ck_assert(claims[0].size == (int)sizeof challenge &&
                  memcmp(claims[0].value, challenge, sizeof challenge) == 0);
        check_key_claims(row, claims + 1, count - 1);
        chain_free(&chain);
    }
}
END_TEST

/* ---- Identifiers ----------------------------------------------------------------------------------------
 */

START_TEST(identifiers)
{
    static const struct {
        const char *oid;
        int type;
        long level;
        const char *text;
    } order[] = {
        {"1.2", V_ASN1_OCTET_STRING, 2, "my key"},
        {"2.4.4", V_ASN1_UTF8STRING, 0, "brand"},
        {"2.4.5", V_ASN1_UTF8STRING, 0, "device"},
        {"2.4.6", V_ASN1_UTF8STRING, 0, "product"},
        {"2.4.3", V_ASN1_UTF8STRING, 0, "serial"},
        {"2.4.1", V_ASN1_UTF8STRING, 0, "imei"},
        {"2.4.2", V_ASN1_UTF8STRING, 0, "meid"},
        {"2.4.7", V_ASN1_UTF8STRING, 0,
         "Gr\xc3\xb6\xc3\x9f"
         "e"},
        {"2.4.8", V_ASN1_UTF8STRING, 0, "model"},
        {"2.4.9", V_ASN1_UTF8STRING, 0, "socid"},
        {"2.4.10", V_ASN1_UTF8STRING, 0, "udid"},
        {"2.2.5", V_ASN1_OCTET_STRING, 0, "sec level"},
        {"2.2.4", V_ASN1_OCTET_STRING, 0, "version"},
    };
    set *params = SET(BYTES(ATTESTATION_ID_VERSION_INFO, "version", 7),
                      BYTES(ATTESTATION_ID_SEC_LEVEL_INFO, "sec level", 9), identifier(513, "udid"),
                      identifier(512, "socid"), identifier(510, "model"),
                      identifier(509, "Gr\xc3\xb6\xc3\x9f"
                                      "e"),
                      identifier(508, "meid"), identifier(507, "imei"), identifier(506, "serial"),
                      identifier(505, "product"), identifier(504, "device"), identifier(503, "brand"),
                      BYTES(ATTESTATION_ID_ALIAS, "my key", 6), CHALLENGE,
                      BYTES(ATTESTATION_APPLICATION_ID, "what a caller says of itself is not claimed", 40));
    struct chain chain;
    struct claim claims[CLAIMS_MOST];

    make("key", &attested[5]);
    attest("key", params, false, &chain);
    chain_check(&chain);
    ck_assert_int_eq(chain_claims(&chain, claims), 1 + 13 + 3);
    for (int i = 0; i < 13; i++) {
        check_text(&claims[1 + i], order[i].level, order[i].oid, order[i].type, order[i].text);
    }
    chain_free(&chain);

    /* Anonymous: none of what names a device. */
    attest("key", params, true, &chain);
    ck_assert_int_eq(chain_claims(&chain, claims), 1 + 3 + 3);
    check_text(&claims[1], 2, "1.2", V_ASN1_OCTET_STRING, "my key");
    check_text(&claims[2], 0, "2.2.5", V_ASN1_OCTET_STRING, "sec level");
    check_text(&claims[3], 0, "2.2.4", V_ASN1_OCTET_STRING, "version");
    chain_free(&chain);
    EXPECT(401, TEXT_INVALID,
           OH_Huks_AttestKeyItem(NAME("key"), SET(CHALLENGE, identifier(503, "\xff is no UTF-8")),
                                 (chain_room(&room, 4, 4096), &room.chain)));
}
END_TEST

/* ---- The authority --------------------------------------------------------------------------------------
 */

static int serial_numbers(const struct chain *chain)
{
    int count = 0;

    for (uint32_t i = 0; i < chain->count; i++) {
        count += X509_NAME_get_index_by_NID(X509_get_subject_name(chain->at[i]), NID_serialNumber, -1) >= 0;
    }
    return count;
}

static void same_issuers(const struct chain *one, const struct chain *two)
{
    ck_assert_uint_eq(one->count, two->count);
    for (uint32_t i = 1; i < one->count; i++) {
        ck_assert_int_eq(X509_cmp(one->at[i], two->at[i]), 0);
    }
}

static struct chain_room first_chain;

static void attests_likewise(void)
{
    struct chain_room mine;

    chain_room(&mine, 4, 4096);
    CHILD(OH_Huks_AttestKeyItem(NAME("key"), SET(CHALLENGE), &mine.chain).errorCode == 0);
    for (int i = 1; i < 4; i++) {
        CHILD(mine.certs[i].size == first_chain.certs[i].size &&
              memcmp(mine.certs[i].data, first_chain.bytes[i], mine.certs[i].size) == 0);
    }
}

START_TEST(one_authority_for_all)
{
    struct chain first, second, anonymous;
    ASN1_BIT_STRING *one, *two;

    make("key", &attested[5]);
    make("other", &attested[11]);
    attest("key", SET(CHALLENGE), false, &first);
    first_chain = room;
    attest("other", SET(CHALLENGE), false, &second);
    same_issuers(&first, &second);
    chain_free(&second);
    in_child(attests_likewise);
    ck_assert_int_eq(serial_numbers(&first), 3); /* all but the key's own */

    /* The anonymous chain has nothing in common with the device's: neither a name nor a key. */
    attest("key", SET(CHALLENGE), true, &anonymous);
    attest("other", SET(CHALLENGE), true, &second);
    same_issuers(&anonymous, &second);
    ck_assert_int_eq(serial_numbers(&anonymous), 0);
    for (uint32_t i = 1; i < 4; i++) {
        for (uint32_t j = 1; j < 3; j++) {
            one = X509_get0_pubkey_bitstr(first.at[i]);
            two = X509_get0_pubkey_bitstr(anonymous.at[j]);
            ck_assert(ASN1_STRING_cmp(one, two) != 0);
        }
    }
    chain_free(&first);
    chain_free(&second);
    chain_free(&anonymous);
}
END_TEST

/* The authorities' certificates never end, and say what they may do. */
START_TEST(authorities)
{
    static const long depths[] = {-1, 0, 1, 2};
    struct chain chain;

    make("key", &attested[5]);
    attest("key", SET(CHALLENGE), false, &chain);
    for (uint32_t i = 1; i < 4; i++) {
        const ASN1_TIME *to = X509_get0_notAfter(chain.at[i]);

        ck_assert_int_eq(X509_get_pathlen(chain.at[i]), depths[i]);
        ck_assert_uint_eq(X509_get_key_usage(chain.at[i]), KU_KEY_CERT_SIGN);
        ck_assert(X509_get0_subject_key_id(chain.at[i]) != NULL);
        ck_assert((X509_get0_authority_key_id(chain.at[i]) != NULL) == (i < 3));
        ck_assert_str_eq((const char *)ASN1_STRING_get0_data(to), "99991231235959Z");
    }
    ck_assert_int_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(chain.at[1])), EVP_PKEY_RSA);
    ck_assert_int_eq(EVP_PKEY_get_bits(X509_get0_pubkey(chain.at[1])), 2048);
    ck_assert_int_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(chain.at[2])), EVP_PKEY_EC);
    chain_free(&chain);
}
END_TEST

static void attests_without_writing(void)
{
    struct chain_room mine;

    if (!mount_read_only(native_store())) {
        condition_skip("read-only store", "mounts are not allowed");
        return;
    }
    chain_room(&mine, 4, 4096);
    CHILD(OH_Huks_AttestKeyItem(NAME("key"), SET(CHALLENGE), &mine.chain).errorCode == 0);
    CHILD(mine.chain.certsCount == 4);
    CHILD(OH_Huks_AnonAttestKeyItem(NAME("key"), SET(CHALLENGE), &mine.chain).errorCode == 0);
}

/* A token that nobody has attested with yet, on a medium that can't be written: the root is there all the
 * same. */
START_TEST(read_only_store)
{
    make("key", &attested[5]);
    in_child(attests_without_writing);
}
END_TEST

/* ---- What is refused ------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    uint32_t alg, bits, purpose;
    int32_t code;
    const char *text;
} never[] = {
    {"P-224", OH_HUKS_ALG_ECC, 224, SIGN, 12000001, TEXT_CURVE},
    {"DSA", OH_HUKS_ALG_DSA, 1024, SIGN, 401, TEXT_INVALID},
    {"DH", OH_HUKS_ALG_DH, 2048, AGREE, 401, TEXT_INVALID},
    {"ECDH by its own name", OH_HUKS_ALG_ECDH, 256, AGREE, 401, TEXT_INVALID},
    {"AES", OH_HUKS_ALG_AES, 256, ENCRYPT, 401, TEXT_INVALID},
    {"HMAC", OH_HUKS_ALG_HMAC, 256, MAC, 401, TEXT_INVALID},
};

START_TEST(keys_that_are_not_attested)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME("key"),
        SET(tag(OH_HUKS_TAG_ALGORITHM, never[_i].alg), SIZE(never[_i].bits), PURPOSE(never[_i].purpose)),
        NULL));
    chain_room(&room, 4, 4096);
    answer(__FILE__, __LINE__, never[_i].name, never[_i].code, never[_i].text,
           OH_Huks_AttestKeyItem(NAME("key"), SET(CHALLENGE), &room.chain));
    answer(__FILE__, __LINE__, never[_i].name, never[_i].code, never[_i].text,
           OH_Huks_AnonAttestKeyItem(NAME("key"), SET(CHALLENGE), &room.chain));
}
END_TEST

/* A public key of somebody else's is not here to be attested; an imported private one is, and says so. */
START_TEST(imported_keys)
{
    EVP_PKEY *key = openssl_key(OH_HUKS_ALG_ECC, 256);
    struct material given;
    struct chain chain;
    struct claim claims[CLAIMS_MOST];

    public_bytes(key, OH_HUKS_ALG_ECC, &given);
    OK(OH_Huks_ImportKeyItem(NAME("public"), SET(ALG(ECC), SIZE(256), PURPOSE(VERIFY)), GIVEN(given)));
    chain_room(&room, 4, 4096);
    EXPECT(401, TEXT_INVALID, OH_Huks_AttestKeyItem(NAME("public"), SET(CHALLENGE), &room.chain));
    private_material(key, OH_HUKS_ALG_ECC, 256, true, &given);
    OK(OH_Huks_ImportKeyItem(
        NAME("pair"),
        SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_KEY_PAIR)),
        GIVEN(given)));
    attest("pair", SET(CHALLENGE), false, &chain);
    chain_check(&chain);
    ck_assert_int_eq(chain_claims(&chain, claims), 6);
    check_number(&claims[2], "1.5", OH_HUKS_KEY_FLAG_IMPORT_KEY);
    ck_assert_int_eq(EVP_PKEY_eq(key, X509_get0_pubkey(chain.at[0])), 1);
    chain_free(&chain);
    private_material(key, OH_HUKS_ALG_ECC, 256, false, &given);
    OK(OH_Huks_ImportKeyItem(
        NAME("private"),
        SET(ALG(ECC), SIZE(256), PURPOSE(SIGN), NUMBER(IMPORT_KEY_TYPE, OH_HUKS_KEY_TYPE_PRIVATE_KEY)),
        GIVEN(given)));
    attest("private", SET(CHALLENGE), true, &chain);
    chain_check(&chain);
    chain_free(&chain);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(challenges)
{
    static const uint8_t bytes[129] = {7};
    struct chain chain;
    struct claim claims[CLAIMS_MOST];

    make("key", &attested[5]);
    chain_room(&room, 4, 4096);
    EXPECT(401, TEXT_ABSENT, OH_Huks_AttestKeyItem(NAME("key"), no_params(), &room.chain));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_AttestKeyItem(NAME("key"), SET(BYTES(ATTESTATION_CHALLENGE, bytes, 0)), &room.chain));
    EXPECT(401, TEXT_BUFFER,
           OH_Huks_AttestKeyItem(NAME("key"), SET(BYTES(ATTESTATION_CHALLENGE, bytes, 129)), &room.chain));
    for (uint32_t size = 1; size <= 128; size += 127) {
        attest("key", SET(BYTES(ATTESTATION_CHALLENGE, bytes, size)), false, &chain);
        ck_assert_int_ge(chain_claims(&chain, claims), 1);
        ck_assert_uint_eq((uint32_t)claims[0].size, size);
        chain_free(&chain);
    }
    /* The key comes first, then the challenge, then the kind of key. */
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_AttestKeyItem(NAME("nobody's"), no_params(), &room.chain));
    OK(OH_Huks_GenerateKeyItem(NAME("aes"), SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT)), NULL));
    EXPECT(401, TEXT_ABSENT, OH_Huks_AttestKeyItem(NAME("aes"), no_params(), &room.chain));
}
END_TEST

static bool untouched(void)
{
    for (int i = 0; i < CHAIN_MOST; i++) {
        for (size_t j = 0; j < sizeof room.bytes[i]; j++) {
            if (room.bytes[i][j] != 0xee) {
                return false;
            }
        }
    }
    return true;
}

START_TEST(rooms)
{
    uint32_t sizes[4];
    set *params = SET(CHALLENGE);

    make("key", &attested[5]);
    chain_room(&room, 4, 4096);
    OK(OH_Huks_AttestKeyItem(NAME("key"), params, &room.chain));
    for (int i = 0; i < 4; i++) {
        sizes[i] = room.certs[i].size;
    }
    for (int i = 0; i < 4; i++) {
        chain_room(&room, 4, 4096);
        room.certs[i].size = sizes[i] - 1;
        EXPECT(401, TEXT_BUFFER, OH_Huks_AttestKeyItem(NAME("key"), params, &room.chain));
        ck_assert(untouched() && room.chain.certsCount == 4);
    }
    chain_room(&room, 4, 0);
    for (int i = 0; i < 4; i++) {
        room.certs[i].size = sizes[i];
    }
    OK(OH_Huks_AttestKeyItem(NAME("key"), params, &room.chain));
    chain_room(&room, 3, 4096);
    EXPECT(401, TEXT_BUFFER, OH_Huks_AttestKeyItem(NAME("key"), params, &room.chain));
    ck_assert(untouched());
    OK(OH_Huks_AnonAttestKeyItem(NAME("key"), params, &room.chain)); /* has three */
    chain_room(&room, 4, 4096);
    OK(OH_Huks_AnonAttestKeyItem(NAME("key"), params, &room.chain));
    ck_assert_uint_eq(room.chain.certsCount, 3);
}
END_TEST

typedef struct OH_Huks_Result (*attest_function)(const blob *alias, const set *params,
                                                 struct OH_Huks_CertChain *chain);

START_TEST(null_pointers)
{
    const attest_function call = _i == 0 ? OH_Huks_AttestKeyItem : OH_Huks_AnonAttestKeyItem;
    set *params = SET(CHALLENGE);

    chain_room(&room, 4, 4096);
    EXPECT(401, TEXT_NULL, call(NULL, params, &room.chain));
    EXPECT(401, TEXT_NULL, call(NAME("key"), NULL, &room.chain));
    EXPECT(401, TEXT_NULL, call(NAME("key"), params, NULL));
    EXPECT(401, TEXT_NULL, call(NAME("key"), params, &(struct OH_Huks_CertChain){NULL, 4}));
    EXPECT(401, TEXT_INVALID, call(&(blob){0, room.bytes[0]}, params, &room.chain));
    EXPECT(401, TEXT_INVALID, call(NAME("key"), SET(CHALLENGE, CHALLENGE), &room.chain));
    for (uint32_t count = 0; count < 7; count++) {
        if (count != 3 && count != 4) {
            room.chain.certsCount = count;
            EXPECT(401, TEXT_INVALID, call(NAME("key"), params, &room.chain));
        }
    }
    room.chain.certsCount = 4;
    room.certs[3].data = NULL;
    EXPECT(401, TEXT_INVALID, call(NAME("key"), params, &room.chain));
}
END_TEST

/* Keys of a storage level are found there alone. */
START_TEST(levels)
{
    struct chain chain;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN), LEVEL(DE)), NULL));
    chain_room(&room, 4, 4096);
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_AttestKeyItem(NAME("key"), SET(CHALLENGE), &room.chain));
    attest("key", SET(CHALLENGE, LEVEL(DE)), false, &chain);
    chain_check(&chain);
    chain_free(&chain);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native attestation");
    TCase *tcase = native_tcase(suite, "attestation");

    tcase_add_loop_test(tcase, keys, 0, COUNT(attested));
    tcase_add_test(tcase, identifiers);
    tcase_add_test(tcase, one_authority_for_all);
    tcase_add_test(tcase, authorities);
    tcase_add_test(tcase, read_only_store);
    tcase_add_loop_test(tcase, keys_that_are_not_attested, 0, COUNT(never));
    tcase_add_test(tcase, imported_keys);
    tcase_add_test(tcase, challenges);
    tcase_add_test(tcase, rooms);
    tcase_add_loop_test(tcase, null_pointers, 0, 2);
    tcase_add_test(tcase, levels);
    return native_run(suite);
}
