/*
 * The table of key types, and the names of their parts.
 */
#include "crypto/keydata.h"

#include <openssl/objects.h>
#include <string.h>

#define KEY_ANY_SECRET &key_family_secret, 0, 8, 8u << 20, {0}, 0, NULL, NID_undef, NULL

#define PQ(ALG, SET, OID)                                                                                    \
    {HUKS_ALG_##ALG, &key_family_pq, FETCH_##ALG##_##SET, HUKS_##ALG##_##SET, HUKS_##ALG##_##SET,            \
     {0},            0,              NULL,                NID_undef,          OID}

static const uint8_t key_ecb_aes[] = {FETCH_AES_128_ECB, FETCH_AES_192_ECB, FETCH_AES_256_ECB};
static const uint8_t key_ecb_des[] = {FETCH_DES3_ECB, FETCH_DES3_ECB};
static const uint8_t key_ecb_camellia[] = {FETCH_CAMELLIA_128_ECB, FETCH_CAMELLIA_192_ECB,
                                           FETCH_CAMELLIA_256_ECB};
static const uint8_t key_ecb_aria[] = {FETCH_ARIA_128_ECB, FETCH_ARIA_192_ECB, FETCH_ARIA_256_ECB};
static const uint8_t key_ecb_sm4[] = {FETCH_SM4_ECB};
static const uint8_t key_ecb_seed[] = {FETCH_SEED_ECB};
static const uint8_t key_ecb_rc2[] = {FETCH_RC2_ECB};
static const uint8_t key_ecb_cast128[] = {FETCH_CAST5_ECB};
static const uint8_t key_ecb_blowfish[] = {FETCH_BF_ECB};

/* alg, family, fetch, bits from … to, sizes, raw size, check value's ciphers, OID's number or digits */
static const struct key_type key_types[] = {
    {OH_HUKS_ALG_RSA, &key_family_rsa, FETCH_RSA, 512, 16384, {0}, 0, NULL, NID_rsaEncryption, NULL},
    {OH_HUKS_ALG_ECC, &key_family_ec, FETCH_EC, 0, 0, {0}, 0, NULL, NID_X9_62_id_ecPublicKey, NULL},
    {OH_HUKS_ALG_ECDH, &key_family_ec, FETCH_EC, 0, 0, {0}, 0, NULL, NID_X9_62_id_ecPublicKey, NULL},
    {OH_HUKS_ALG_SM2, &key_family_ec, FETCH_SM2, 0, 0, {0}, 0, NULL, NID_X9_62_id_ecPublicKey, NULL},
    {OH_HUKS_ALG_ED25519, &key_family_raw, FETCH_ED25519, 256, 256, {0}, 32, NULL, NID_ED25519, NULL},
    {HUKS_ALG_ED448, &key_family_raw, FETCH_ED448, 448, 448, {0}, 57, NULL, NID_ED448, NULL},
    {OH_HUKS_ALG_X25519, &key_family_raw, FETCH_X25519, 256, 256, {0}, 32, NULL, NID_X25519, NULL},
    {HUKS_ALG_X448, &key_family_raw, FETCH_X448, 448, 448, {0}, 56, NULL, NID_X448, NULL},
    {OH_HUKS_ALG_DSA, &key_family_ffc, FETCH_DSA, 512, 10000, {0}, 0, NULL, NID_dsa, NULL},
    {OH_HUKS_ALG_DH, &key_family_ffc, FETCH_DH, 512, 10000, {0}, 0, NULL, NID_dhKeyAgreement, NULL},
    {HUKS_ALG_X942_DH, &key_family_ffc, FETCH_DHX, 512, 10000, {0}, 0, NULL, NID_dhpublicnumber, NULL},
    /* the parameter sets of one algorithm each have an OID */
    PQ(ML_KEM, 512, "2.16.840.1.101.3.4.4.1"),
    PQ(ML_KEM, 768, "2.16.840.1.101.3.4.4.2"),
    PQ(ML_KEM, 1024, "2.16.840.1.101.3.4.4.3"),
    PQ(ML_DSA, 44, "2.16.840.1.101.3.4.3.17"),
    PQ(ML_DSA, 65, "2.16.840.1.101.3.4.3.18"),
    PQ(ML_DSA, 87, "2.16.840.1.101.3.4.3.19"),
    PQ(SLH_DSA, SHA2_128S, "2.16.840.1.101.3.4.3.20"),
    PQ(SLH_DSA, SHAKE_128S, "2.16.840.1.101.3.4.3.26"),
    PQ(SLH_DSA, SHA2_128F, "2.16.840.1.101.3.4.3.21"),
    PQ(SLH_DSA, SHAKE_128F, "2.16.840.1.101.3.4.3.27"),
    PQ(SLH_DSA, SHA2_192S, "2.16.840.1.101.3.4.3.22"),
    PQ(SLH_DSA, SHAKE_192S, "2.16.840.1.101.3.4.3.28"),
    PQ(SLH_DSA, SHA2_192F, "2.16.840.1.101.3.4.3.23"),
    PQ(SLH_DSA, SHAKE_192F, "2.16.840.1.101.3.4.3.29"),
    PQ(SLH_DSA, SHA2_256S, "2.16.840.1.101.3.4.3.24"),
    PQ(SLH_DSA, SHAKE_256S, "2.16.840.1.101.3.4.3.30"),
    PQ(SLH_DSA, SHA2_256F, "2.16.840.1.101.3.4.3.25"),
    PQ(SLH_DSA, SHAKE_256F, "2.16.840.1.101.3.4.3.31"),

    {OH_HUKS_ALG_AES, &key_family_secret, 0, 128, 256, {16, 24, 32}, 0, key_ecb_aes, NID_undef, NULL},
    {HUKS_ALG_AES_XTS, &key_family_secret, 0, 256, 512, {32, 64}, 0, NULL, NID_undef, NULL},
    {OH_HUKS_ALG_DES, &key_family_secret, 0, 64, 64, {8}, 0, key_ecb_des, NID_undef, NULL},
    {OH_HUKS_ALG_3DES, &key_family_secret, 0, 128, 192, {16, 24}, 0, key_ecb_des, NID_undef, NULL},
    {OH_HUKS_ALG_SM4, &key_family_secret, 0, 128, 128, {16}, 0, key_ecb_sm4, NID_undef, NULL},
    {HUKS_ALG_CAMELLIA, &key_family_secret, 0, 128, 256, {16, 24, 32}, 0, key_ecb_camellia, NID_undef, NULL},
    {HUKS_ALG_ARIA, &key_family_secret, 0, 128, 256, {16, 24, 32}, 0, key_ecb_aria, NID_undef, NULL},
    {HUKS_ALG_SEED, &key_family_secret, 0, 128, 128, {16}, 0, key_ecb_seed, NID_undef, NULL},
    {HUKS_ALG_RC2, &key_family_secret, 0, 8, 1024, {0}, 0, key_ecb_rc2, NID_undef, NULL},
    {HUKS_ALG_RC4, &key_family_secret, 0, 8, 2048, {0}, 0, NULL, NID_undef, NULL},
    {HUKS_ALG_CAST128, &key_family_secret, 0, 40, 128, {0}, 0, key_ecb_cast128, NID_undef, NULL},
    {HUKS_ALG_BLOWFISH, &key_family_secret, 0, 32, 448, {0}, 0, key_ecb_blowfish, NID_undef, NULL},
    {HUKS_ALG_CHACHA20, &key_family_secret, 0, 256, 256, {32}, 0, NULL, NID_undef, NULL},
    {HUKS_ALG_POLY1305, &key_family_secret, 0, 256, 256, {32}, 0, NULL, NID_undef, NULL},
    {OH_HUKS_ALG_HMAC, KEY_ANY_SECRET},
    {OH_HUKS_ALG_SM3, KEY_ANY_SECRET},
    {OH_HUKS_ALG_CMAC, KEY_ANY_SECRET},
    {OH_HUKS_ALG_HKDF, KEY_ANY_SECRET},
    /* Passwords too, which may be empty. */
    {HUKS_ALG_GENERIC, &key_family_secret, 0, 0, 8u << 20, {0}, 0, NULL, NID_undef, NULL},
    {OH_HUKS_ALG_PBKDF2, &key_family_secret, 0, 0, 8u << 20, {0}, 0, NULL, NID_undef, NULL},
};

const struct key_type *key_type_find(uint32_t alg)
{
    for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
        if (key_types[i].alg == alg) {
            return &key_types[i];
        }
    }
    return NULL;
}

const struct key_type *key_type_by_oid(uint32_t alg, const ASN1_OBJECT *oid)
{
    int nid = OBJ_obj2nid(oid);
    char digits[64];
    int size = OBJ_obj2txt(digits, sizeof(digits), oid, 1);
    for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
        const struct key_type *type = &key_types[i];
        bool same = type->oid != NULL ? size > 0 && strcmp(type->oid, digits) == 0
                                      : nid != NID_undef && type->nid == nid;
        if (same && (alg == 0 || type->alg == alg)) {
            return type;
        }
    }
    return NULL;
}

const struct key_type *key_type_of_set(uint32_t alg, uint32_t set)
{
    for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
        if (key_types[i].oid != NULL && key_types[i].alg == alg && key_types[i].bits_min == set) {
            return &key_types[i];
        }
    }
    return NULL;
}

ASN1_OBJECT *key_type_object(const struct key_type *type)
{
    return type->oid != NULL ? OBJ_txt2obj(type->oid, 1) : OBJ_nid2obj(type->nid);
}

static const struct {
    uint32_t tag;
    const char *name; /* in the field's words, for messages */
} key_part_names[PART_COUNT] = {
    [PART_MODULUS] = {HUKS_TAG_MODULUS, "modulus"},
    [PART_PUBLIC_EXPONENT] = {HUKS_TAG_PUBLIC_EXPONENT, "public exponent"},
    [PART_PRIVATE_EXPONENT] = {HUKS_TAG_PRIVATE_EXPONENT, "private exponent"},
    [PART_PRIME_1] = {HUKS_TAG_PRIME_1, "prime 1"},
    [PART_PRIME_2] = {HUKS_TAG_PRIME_2, "prime 2"},
    [PART_EXPONENT_1] = {HUKS_TAG_EXPONENT_1, "exponent 1"},
    [PART_EXPONENT_2] = {HUKS_TAG_EXPONENT_2, "exponent 2"},
    [PART_COEFFICIENT] = {HUKS_TAG_COEFFICIENT, "coefficient"},
    [PART_EC_PARAMS] = {HUKS_TAG_EC_PARAMS, "EC parameters"},
    [PART_EC_POINT] = {HUKS_TAG_EC_POINT, "EC point"},
    [PART_PRIME] = {HUKS_TAG_PRIME, "prime"},
    [PART_SUBPRIME] = {HUKS_TAG_SUBPRIME, "subprime"},
    [PART_BASE] = {HUKS_TAG_BASE, "base"},
    [PART_VALUE] = {HUKS_TAG_VALUE, "value"},
    [PART_SEED] = {HUKS_TAG_SEED, "seed"},
};

enum key_part key_part_of(uint32_t tag)
{
    enum key_part part = 0;
    while (part < PART_COUNT && key_part_names[part].tag != tag) {
        part++;
    }
    return part;
}

uint32_t key_part_tag(enum key_part part)
{
    return key_part_names[part].tag;
}

huks_rc key_part_missing(enum key_part part)
{
    return error_raise(HUKS_E_MISSING_PARAM, ABOUT_TEMPLATE, key_part_names[part].name);
}

huks_rc key_part_wrong(enum key_part part)
{
    enum error_about about = part == PART_EC_POINT ? ABOUT_PUBLIC_POINT : ABOUT_ATTRIBUTE;
    return error_raise(HUKS_E_INVALID_PARAM, about, key_part_names[part].name);
}

huks_rc key_no_part(void)
{
    return error_raise(HUKS_E_NOT_EXIST, ABOUT_ATTRIBUTE, NULL);
}
