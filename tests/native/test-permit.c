/*
 * What a key may do, both doors keep: HUKS's digest, padding and mode sets bind PKCS #11's mechanisms, and
 * show there as CKA_ALLOWED_MECHANISMS; a list of allowed mechanisms binds native sessions.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doors.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- HUKS's sets at PKCS #11's door -------------------------------------------------------------------- */

enum call { SIGNS, VERIFIES, ENCRYPTS, DECRYPTS, DERIVES };

static uint8_t iv[16] = {1, 2, 3};
static CK_RSA_PKCS_PSS_PARAMS pss256 = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_PSS_PARAMS pss256_longest = {CKM_SHA256, CKG_MGF1_SHA256, 128 - 32 - 2};
static CK_RSA_PKCS_PSS_PARAMS pss256_short = {CKM_SHA256, CKG_MGF1_SHA256, 20};
static CK_RSA_PKCS_PSS_PARAMS pss384 = {CKM_SHA384, CKG_MGF1_SHA384, 48};
static CK_RSA_PKCS_OAEP_PARAMS oaep1 = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_RSA_PKCS_OAEP_PARAMS oaep256 = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
static CK_AES_CTR_PARAMS ctr = {128, {0}};
static struct hkdf_params hkdf256 = {CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_NULL, NULL, 0, 0, NULL, 0};
static struct hkdf_params hkdf384 = {CK_TRUE, CK_TRUE, CKM_SHA384, CKF_HKDF_SALT_NULL, NULL, 0, 0, NULL, 0};

static uint8_t piece[32];
static CK_KEY_DERIVATION_STRING_DATA string_data = {piece, sizeof piece};
static CK_ULONG first_bit = 0;

#define WITH(param) &(param), sizeof(param)
#define BARE        NULL, 0

#define RSA_SIGN       ALG(RSA), SIZE(1024), PURPOSE(SIGN | VERIFY)
#define RSA_CRYPT      ALG(RSA), SIZE(1024), PURPOSE(ENCRYPT | DECRYPT)
#define DERIVING(name) ALG(AES), SIZE(256), PURPOSE(DERIVE), DIGEST(name)
#define AES_CRYPT      ALG(AES), SIZE(128), PURPOSE(ENCRYPT | DECRYPT)

static const struct use {
    const char *name;
    param key[7];
    enum call call;
    CK_MECHANISM_TYPE mechanism;
    void *param;
    CK_ULONG param_size;
    const char *refused; /* NULL: permitted */
} uses[] = {
    {"PSS", {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)}, SIGNS, CKM_SHA256_RSA_PKCS_PSS, WITH(pss256), NULL},
    {"PSS, verifying",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     VERIFIES,
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss256),
     NULL},
    {"PSS, any padding", {RSA_SIGN, DIGEST(SHA256)}, SIGNS, CKM_SHA256_RSA_PKCS_PSS, WITH(pss256), NULL},
    {"PSS with another hash",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     SIGNS,
     CKM_SHA384_RSA_PKCS_PSS,
     WITH(pss384),
     "digest algorithm"},
    {"PSS of a hash", {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)}, SIGNS, CKM_RSA_PKCS_PSS, WITH(pss256), NULL},
    {"PSS of another hash",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     VERIFIES,
     CKM_RSA_PKCS_PSS,
     WITH(pss384),
     "digest algorithm"},
    {"PSS key, PKCS #1",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     SIGNS,
     CKM_SHA256_RSA_PKCS,
     BARE,
     "padding algorithm"},
    {"PSS key, raw",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     SIGNS,
     CKM_RSA_X_509,
     BARE,
     "padding algorithm"},
    {"PSS key, verifying PKCS #1",
     {RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     VERIFIES,
     CKM_SHA256_RSA_PKCS,
     BARE,
     "padding algorithm"},
    {"a digest alone, raw", {RSA_SIGN, DIGEST(SHA256)}, SIGNS, CKM_RSA_X_509, BARE, "digest algorithm"},
    {"no digest", {RSA_SIGN, DIGEST(NONE), PADDING(PKCS1_V1_5)}, SIGNS, CKM_RSA_PKCS, BARE, NULL},
    {"no digest, hashing", {RSA_SIGN, DIGEST(NONE)}, SIGNS, CKM_SHA256_RSA_PKCS, BARE, "digest algorithm"},
    {"the digest's salt",
     {RSA_SIGN, PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, 0)},
     SIGNS,
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss256),
     NULL},
    {"the digest's salt, the longest given",
     {RSA_SIGN, PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, 0)},
     SIGNS,
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss256_longest),
     "salt length"},
    {"the longest salt",
     {RSA_SIGN, PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, 1)},
     SIGNS,
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss256_longest),
     NULL},
    {"the longest salt, the digest's given",
     {RSA_SIGN, PADDING(PSS), NUMBER(RSA_PSS_SALT_LEN_TYPE, 1)},
     VERIFIES,
     CKM_SHA256_RSA_PKCS_PSS,
     WITH(pss256),
     "salt length"},
    {"any salt", {RSA_SIGN, PADDING(PSS)}, SIGNS, CKM_SHA256_RSA_PKCS_PSS, WITH(pss256_short), NULL},
    {"signing key decrypts nothing", {RSA_SIGN}, DECRYPTS, CKM_RSA_PKCS, BARE, "key purpose"},

    {"OAEP", {RSA_CRYPT, DIGEST(SHA256), PADDING(OAEP)}, DECRYPTS, CKM_RSA_PKCS_OAEP, WITH(oaep256), NULL},
    {"OAEP with another hash",
     {RSA_CRYPT, DIGEST(SHA256), PADDING(OAEP)},
     DECRYPTS,
     CKM_RSA_PKCS_OAEP,
     WITH(oaep1),
     "digest algorithm"},
    {"OAEP key, PKCS #1",
     {RSA_CRYPT, DIGEST(SHA256), PADDING(OAEP)},
     DECRYPTS,
     CKM_RSA_PKCS,
     BARE,
     "padding algorithm"},
    {"OAEP key, encrypting raw",
     {RSA_CRYPT, PADDING(OAEP)},
     ENCRYPTS,
     CKM_RSA_X_509,
     BARE,
     "padding algorithm"},
    {"PKCS #1 hashes nothing",
     {RSA_CRYPT, DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     DECRYPTS,
     CKM_RSA_PKCS,
     BARE,
     NULL},

    {"ECDSA", {ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(SHA256)}, SIGNS, CKM_ECDSA_SHA256, BARE, NULL},
    {"ECDSA of a hash", {ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(SHA256)}, SIGNS, CKM_ECDSA, BARE, NULL},
    {"ECDSA with another hash",
     {ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(SHA256)},
     SIGNS,
     CKM_ECDSA_SHA384,
     BARE,
     "digest algorithm"},
    {"ECDSA, no digest, hashing",
     {ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(NONE)},
     SIGNS,
     CKM_ECDSA_SHA256,
     BARE,
     "digest algorithm"},
    {"DSA with another hash",
     {ALG(DSA), SIZE(1024), PURPOSE(SIGN), DIGEST(SHA256)},
     SIGNS,
     CKM_DSA_SHA1,
     BARE,
     "digest algorithm"},
    {"Ed25519 ignores digests",
     {ALG(ED25519), SIZE(256), PURPOSE(SIGN), DIGEST(SHA256)},
     SIGNS,
     CKM_EDDSA,
     BARE,
     NULL},

    {"CBC", {AES_CRYPT, MODE(CBC), PADDING(NONE)}, ENCRYPTS, CKM_AES_CBC, WITH(iv), NULL},
    {"CBC key, ECB", {AES_CRYPT, MODE(CBC)}, ENCRYPTS, CKM_AES_ECB, BARE, "cipher mode"},
    {"CBC key, GCM", {AES_CRYPT, MODE(CBC)}, DECRYPTS, CKM_AES_GCM, WITH(gcm), "cipher mode"},
    {"CBC key, key wrapping", {AES_CRYPT, MODE(CBC)}, ENCRYPTS, CKM_AES_KEY_WRAP, BARE, "cipher mode"},
    {"GCM key, CTR", {AES_CRYPT, MODE(GCM)}, ENCRYPTS, CKM_AES_CTR, WITH(ctr), "cipher mode"},
    {"GCM", {AES_CRYPT, MODE(GCM), PADDING(NONE)}, DECRYPTS, CKM_AES_GCM, WITH(gcm), NULL},
    {"unpadded key, padding",
     {AES_CRYPT, MODE(CBC), PADDING(NONE)},
     ENCRYPTS,
     CKM_AES_CBC_PAD,
     WITH(iv),
     "padding algorithm"},
    {"padded key, no padding",
     {AES_CRYPT, MODE(CBC), PADDING(PKCS7)},
     DECRYPTS,
     CKM_AES_CBC,
     WITH(iv),
     "padding algorithm"},
    {"encryption only", {ALG(AES), SIZE(128), PURPOSE(ENCRYPT)}, DECRYPTS, CKM_AES_ECB, BARE, "key purpose"},

    {"HMAC", {ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)}, SIGNS, CKM_SHA256_HMAC, BARE, NULL},
    {"HMAC, verifying",
     {ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)},
     VERIFIES,
     CKM_SHA256_HMAC,
     BARE,
     NULL},
    {"HMAC with another hash",
     {ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)},
     SIGNS,
     CKM_SHA384_HMAC,
     BARE,
     "digest algorithm"},
    {"an AES MAC key", {ALG(AES), SIZE(256), PURPOSE(MAC)}, SIGNS, CKM_AES_CMAC, BARE, NULL},
    {"an AES key for HMAC makes no CMAC",
     {ALG(AES), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)},
     SIGNS,
     CKM_AES_CMAC,
     BARE,
     "digest algorithm"},
    {"an AES key for HMAC makes no GMAC",
     {ALG(AES), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)},
     SIGNS,
     CKM_AES_GMAC,
     WITH(gcm),
     "digest algorithm"},

    {"HKDF",
     {ALG(AES), SIZE(256), PURPOSE(DERIVE), DIGEST(SHA256)},
     DERIVES,
     CKM_HKDF_DERIVE,
     WITH(hkdf256),
     NULL},
    {"HKDF with another hash",
     {ALG(AES), SIZE(256), PURPOSE(DERIVE), DIGEST(SHA256)},
     DERIVES,
     CKM_HKDF_DERIVE,
     WITH(hkdf384),
     "digest algorithm"},
    {"its hash", {DERIVING(SHA256)}, DERIVES, CKM_SHA256_KEY_DERIVATION, BARE, NULL},
    {"another hash of it", {DERIVING(SHA256)}, DERIVES, CKM_SHA512_KEY_DERIVATION, BARE, "digest algorithm"},
    {"its bytes beside others",
     {DERIVING(SHA256)},
     DERIVES,
     CKM_CONCATENATE_BASE_AND_DATA,
     WITH(string_data),
     "digest algorithm"},
    {"its bytes and others",
     {DERIVING(SHA256)},
     DERIVES,
     CKM_XOR_BASE_AND_DATA,
     WITH(string_data),
     "digest algorithm"},
    {"some of its bytes",
     {DERIVING(SHA256)},
     DERIVES,
     CKM_EXTRACT_KEY_FROM_KEY,
     WITH(first_bit),
     "digest algorithm"},
    {"what it encrypts",
     {DERIVING(SHA256)},
     DERIVES,
     CKM_AES_ECB_ENCRYPT_DATA,
     WITH(string_data),
     "digest algorithm"},
    {"any derivation",
     {ALG(AES), SIZE(256), PURPOSE(DERIVE)},
     DERIVES,
     CKM_XOR_BASE_AND_DATA,
     WITH(string_data),
     NULL},
    {"HKDF of a cipher's key", {AES_CRYPT}, DERIVES, CKM_HKDF_DERIVE, WITH(hkdf256), "key purpose"},
};

static set *set_of(const param *params, uint32_t most)
{
    uint32_t count = 0;

    while (count < most && params[count].tag != 0) {
        count++;
    }
    return make_set(params, count);
}

static CK_OBJECT_HANDLE object_for(enum call call)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_SECRET_KEY, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    bool public = call == VERIFIES || call == ENCRYPTS;
    CK_OBJECT_HANDLE found = 0;

    if (find_all(classes[0], "key", &found) == 0) {
        found = find(public ? classes[2] : classes[1], "key");
    }
    return found;
}

static CK_RV derive(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE made;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_VALUE_LEN, &size, sizeof size}};

    return p11->C_DeriveKey(cryptoki, mechanism, base, t, 3, &made);
}

static CK_RV call_with(const struct use *row, CK_MECHANISM *mechanism)
{
    CK_OBJECT_HANDLE key = object_for(row->call);

    switch (row->call) {
    case SIGNS:
        return p11->C_SignInit(cryptoki, mechanism, key);
    case VERIFIES:
        return p11->C_VerifyInit(cryptoki, mechanism, key);
    case ENCRYPTS:
        return p11->C_EncryptInit(cryptoki, mechanism, key);
    case DECRYPTS:
        return p11->C_DecryptInit(cryptoki, mechanism, key);
    default:
        return derive(mechanism, key);
    }
}

START_TEST(sets_bind_cryptoki)
{
    const struct use *row = &uses[_i];
    CK_MECHANISM mechanism = {row->mechanism, row->param, row->param_size};
    struct huks_error error = {0};
    char text[64] = "";
    CK_RV rv;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->key, 7), NULL));
    enter();
    rv = call_with(row, &mechanism);
    RV(CKR_OK, vendor->GetLastError(&error));
    if (row->refused == NULL) {
        ck_assert_msg(rv == CKR_OK, "%s: 0x%lx %s", row->name, rv, (const char *)error.message);
        return;
    }
    (void)snprintf(text, sizeof text, "Invalid %s.", row->refused);
    ck_assert_msg(rv == CKR_KEY_FUNCTION_NOT_PERMITTED && error.code == 12000003 &&
                      strcmp((const char *)error.message, text) == 0,
                  "%s: 0x%lx %ld %s", row->name, rv, error.code, (const char *)error.message);
}
END_TEST

/* ---- What was hashed before ---------------------------------------------------------------------------- */

static const uint8_t sha256_info[19] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                        0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
static const uint8_t sha1_info[15] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                      0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};

static const struct input {
    const char *name;
    param digest;
    const uint8_t *info;
    CK_ULONG info_size, size; /* … and as many bytes of hash */
    bool ecc, permitted;
} inputs[] = {
    {"SHA-256's DigestInfo", DIGEST(SHA256), sha256_info, 19, 32, false, true},
    {"a bare hash", DIGEST(SHA256), NULL, 0, 32, false, false},
    {"SHA-1's DigestInfo", DIGEST(SHA256), sha1_info, 15, 20, false, false},
    {"SHA-1's for SHA-1", DIGEST(SHA1), sha1_info, 15, 20, false, true},
    {"a short hash in it", DIGEST(SHA256), sha256_info, 19, 31, false, false},
    {"something behind it", DIGEST(SHA256), sha256_info, 19, 33, false, false},
    {"nothing", DIGEST(SHA256), NULL, 0, 0, false, false},
    {"much", DIGEST(SHA256), NULL, 0, 200, false, false},
    {"what the key leaves to the caller", DIGEST(NONE), NULL, 0, 32, false, true},
    {"ECDSA of the right length", DIGEST(SHA256), NULL, 0, 32, true, true},
    {"ECDSA of SHA-1's", DIGEST(SHA256), NULL, 0, 20, true, false},
    {"ECDSA of SHA-512's", DIGEST(SHA256), NULL, 0, 64, true, false},
    {"ECDSA of nothing", DIGEST(SHA256), NULL, 0, 0, true, false},
    {"ECDSA, left to the caller", DIGEST(NONE), NULL, 0, 20, true, true},
};

/* In one call, in parts, and by whoever verifies. */
START_TEST(digest_set_binds_hashes)
{
    const struct input *row = &inputs[_i];
    CK_MECHANISM mechanism = {row->ecc ? CKM_ECDSA : CKM_RSA_PKCS, NULL, 0};
    CK_BYTE data[256], signature[256];
    CK_ULONG whole = row->info_size + row->size;
    CK_ULONG size = sizeof signature;
    CK_OBJECT_HANDLE private, public;

    memset(data, 0x5a, sizeof data);
    if (row->info_size > 0) {
        memcpy(data, row->info, row->info_size);
    }
    OK(OH_Huks_GenerateKeyItem(NAME("key"),
                               row->ecc ? SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), row->digest)
                                        : SET(RSA_SIGN, PADDING(PKCS1_V1_5), row->digest),
                               NULL));
    enter();
    private = find(CKO_PRIVATE_KEY, "key");
    public = find(CKO_PUBLIC_KEY, "key");
    RV(CKR_OK, p11->C_SignInit(cryptoki, &mechanism, private));
    if (!row->permitted) {
        NOT_PERMITTED("digest algorithm", p11->C_Sign(cryptoki, data, whole, signature, &size));
        RV(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(cryptoki, data, whole, signature, &size)); /* over */
        RV(CKR_OK, p11->C_SignInit(cryptoki, &mechanism, private));
        RV(CKR_OK, p11->C_SignUpdate(cryptoki, data, whole / 2));
        RV(CKR_OK, p11->C_SignUpdate(cryptoki, data + whole / 2, whole - whole / 2));
        NOT_PERMITTED("digest algorithm", p11->C_SignFinal(cryptoki, signature, &size));
        RV(CKR_OK, p11->C_VerifyInit(cryptoki, &mechanism, public));
        NOT_PERMITTED("digest algorithm",
                      p11->C_Verify(cryptoki, data, whole, signature, row->ecc ? 64 : 128));
        return;
    }
    RV(CKR_OK, p11->C_Sign(cryptoki, data, whole, signature, &size));
    RV(CKR_OK, p11->C_VerifyInit(cryptoki, &mechanism, public));
    RV(CKR_OK, p11->C_VerifyUpdate(cryptoki, data, 3));
    RV(CKR_OK, p11->C_VerifyUpdate(cryptoki, data + 3, whole - 3));
    RV(CKR_OK, p11->C_VerifyFinal(cryptoki, signature, size));
}
END_TEST

/* ---- The sets, seen as mechanisms ---------------------------------------------------------------------- */

static const struct view {
    param key[6];
    CK_OBJECT_CLASS class;
    CK_MECHANISM_TYPE has[4], lacks[4];
} views[] = {
    {{RSA_SIGN, DIGEST(SHA256), PADDING(PSS)},
     CKO_PRIVATE_KEY,
     {CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_PSS},
     {CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS, CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP}},
    {{RSA_SIGN, DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     CKO_PUBLIC_KEY,
     {CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS},
     {CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_X_509}},
    {{RSA_CRYPT, DIGEST(SHA256), PADDING(OAEP)},
     CKO_PRIVATE_KEY,
     {CKM_RSA_PKCS_OAEP},
     {CKM_RSA_PKCS, CKM_RSA_X_509, CKM_SHA256_RSA_PKCS}},
    {{ALG(ECC), SIZE(256), PURPOSE(SIGN), DIGEST(SHA384)},
     CKO_PRIVATE_KEY,
     {CKM_ECDSA_SHA384, CKM_ECDSA},
     {CKM_ECDSA_SHA256, CKM_ECDSA_SHA512, CKM_ECDH1_DERIVE}},
    {{AES_CRYPT, MODE(CBC), PADDING(PKCS7)},
     CKO_SECRET_KEY,
     {CKM_AES_CBC_PAD},
     {CKM_AES_CBC, CKM_AES_ECB, CKM_AES_GCM, CKM_AES_CMAC}},
    {{AES_CRYPT, MODE(GCM)}, CKO_SECRET_KEY, {CKM_AES_GCM}, {CKM_AES_CBC, CKM_AES_CTR, CKM_AES_CCM}},
    {{ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256)},
     CKO_SECRET_KEY,
     {CKM_SHA256_HMAC, CKM_SHA256_HMAC_GENERAL},
     {CKM_SHA384_HMAC, CKM_SHA_1_HMAC, CKM_HKDF_DERIVE}},
    {{ALG(AES), SIZE(256), PURPOSE(DERIVE), DIGEST(SHA512)},
     CKO_SECRET_KEY,
     {CKM_HKDF_DERIVE, CKM_SHA512_KEY_DERIVATION},
     {CKM_AES_ECB, CKM_AES_CBC, CKM_AES_CMAC, CKM_SHA256_KEY_DERIVATION}},
};

static bool listed(const CK_MECHANISM_TYPE *list, CK_ULONG size, CK_MECHANISM_TYPE type)
{
    for (CK_ULONG i = 0; i < size / sizeof *list; i++) {
        if (list[i] == type) {
            return true;
        }
    }
    return false;
}

START_TEST(sets_show_as_mechanisms)
{
    const struct view *row = &views[_i];
    CK_MECHANISM_TYPE list[64];
    CK_ATTRIBUTE length = {CKA_ALLOWED_MECHANISMS, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_ULONG size;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), set_of(row->key, 6), NULL));
    enter();
    key = find(row->class, "key");
    size = get(key, CKA_ALLOWED_MECHANISMS, list, sizeof list);
    RV(CKR_OK, p11->C_GetAttributeValue(cryptoki, key, &length, 1));
    ck_assert_uint_eq(length.ulValueLen, size);
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(row->has[i] == 0 || listed(list, size, row->has[i]), "0x%lx is missing", row->has[i]);
        ck_assert_msg(row->lacks[i] == 0 || !listed(list, size, row->lacks[i]), "0x%lx is listed",
                      row->lacks[i]);
    }
}
END_TEST

/* Without a set all is permitted, and nothing is listed: an empty list would say "none". */
START_TEST(no_sets_no_list)
{
    CK_ATTRIBUTE list = {CKA_ALLOWED_MECHANISMS, NULL, 0};

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(AES_CRYPT), NULL));
    enter();
    RV(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(cryptoki, find(CKO_SECRET_KEY, "key"), &list, 1));
}
END_TEST

/* ---- PKCS #11's lists at the native door --------------------------------------------------------------- */

static void import_aes(const CK_MECHANISM_TYPE *allowed, CK_ULONG count)
{
    static uint8_t value[32] = {42};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_TOKEN, &yes, 1},
                        {CKA_SIGN, &yes, 1},
                        {CKA_DERIVE, &yes, 1},
                        {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "key", 3},
                        {CKA_VALUE, value, sizeof value},
                        {CKA_ALLOWED_MECHANISMS, (void *)(uintptr_t)allowed, count * sizeof *allowed}};

    RV(CKR_OK, p11->C_CreateObject(cryptoki, t, 8, &key));
}

static void generate(CK_MECHANISM_TYPE mechanism, const CK_MECHANISM_TYPE *allowed, CK_ULONG count)
{
    static uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_ULONG bits = 1024;
    CK_ATTRIBUTE list = {CKA_ALLOWED_MECHANISMS, (void *)(uintptr_t)allowed, count * sizeof *allowed};
    CK_ATTRIBUTE theirs[] = {{CKA_TOKEN, &yes, 1},
                             list,
                             mechanism == CKM_EC_KEY_PAIR_GEN
                                 ? (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256}
                                 : (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits}};
    CK_ATTRIBUTE ours[] = {
        {CKA_TOKEN, &yes, 1}, {CKA_DERIVE, &yes, 1}, {CKA_HUKS_ALIAS_, (void *)(uintptr_t) "key", 3}, list};
    CK_OBJECT_HANDLE public, private;

    RV(CKR_OK, p11->C_GenerateKeyPair(cryptoki, M(mechanism), theirs, 3, ours, 4, &public, &private));
}

static const struct listed_use {
    const char *name;
    enum { AN_AES_KEY, AN_RSA_PAIR, AN_EC_PAIR } key;
    CK_MECHANISM_TYPE allowed[2];
    param use[6];
    bool permitted;
} listed_uses[] = {
    {"CBC",
     AN_AES_KEY,
     {CKM_AES_CBC},
     {ALG(AES), PURPOSE(ENCRYPT), MODE(CBC), PADDING(NONE), BYTES(IV, iv, 16)},
     true},
    {"CBC, padding",
     AN_AES_KEY,
     {CKM_AES_CBC},
     {ALG(AES), PURPOSE(ENCRYPT), MODE(CBC), PADDING(PKCS7), BYTES(IV, iv, 16)},
     false},
    {"CBC, ECB",
     AN_AES_KEY,
     {CKM_AES_CBC, CKM_AES_CTR},
     {ALG(AES), PURPOSE(DECRYPT), MODE(ECB), PADDING(NONE)},
     false},
    {"the second of two",
     AN_AES_KEY,
     {CKM_AES_CBC, CKM_AES_CTR},
     {ALG(AES), PURPOSE(DECRYPT), MODE(CTR), PADDING(NONE), BYTES(IV, iv, 16)},
     true},
    {"GCM", AN_AES_KEY, {CKM_AES_GCM}, {ALG(AES), PURPOSE(ENCRYPT), MODE(GCM), PADDING(NONE)}, true},
    {"GCM, a MAC", AN_AES_KEY, {CKM_AES_GCM}, {ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256)}, false},
    {"RSA with SHA-256",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     true},
    {"… verifying",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(VERIFY), DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     true},
    {"… with another hash",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA1), PADDING(PKCS1_V1_5)},
     false},
    {"… with what the caller hashed",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(NONE), PADDING(PKCS1_V1_5)},
     false},
    {"… with another padding",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA256), PADDING(PSS)},
     false},
    {"… decrypting",
     AN_RSA_PAIR,
     {CKM_SHA256_RSA_PKCS},
     {ALG(RSA), PURPOSE(DECRYPT), DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     false},
    {"RSA of any hash",
     AN_RSA_PAIR,
     {CKM_RSA_PKCS},
     {ALG(RSA), PURPOSE(SIGN), DIGEST(SHA384), PADDING(PKCS1_V1_5)},
     true},
    {"OAEP",
     AN_RSA_PAIR,
     {CKM_RSA_PKCS_OAEP},
     {ALG(RSA), PURPOSE(DECRYPT), DIGEST(SHA256), PADDING(OAEP)},
     true},
    {"OAEP, PKCS #1",
     AN_RSA_PAIR,
     {CKM_RSA_PKCS_OAEP},
     {ALG(RSA), PURPOSE(DECRYPT), DIGEST(SHA256), PADDING(PKCS1_V1_5)},
     false},
    {"ECDSA", AN_EC_PAIR, {CKM_ECDSA}, {ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256)}, true},
    {"ECDSA with one hash", AN_EC_PAIR, {CKM_ECDSA_SHA256}, {ALG(ECC), PURPOSE(SIGN), DIGEST(SHA384)}, false},
};

START_TEST(lists_bind_sessions)
{
    const struct listed_use *row = &listed_uses[_i];
    CK_ULONG count = row->allowed[1] != 0 ? 2 : 1;
    struct session s;

    make_token();
    enter();
    if (row->key == AN_AES_KEY) {
        import_aes(row->allowed, count);
    } else {
        generate(row->key == AN_EC_PAIR ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, row->allowed,
                 count);
    }
    answer(__FILE__, __LINE__, row->name, row->permitted ? 0 : 401,
           row->permitted ? "Success." : TEXT_INVALID, begin(&s, "key", set_of(row->use, 6)));
}
END_TEST

/* Derivation and agreement look at their first update, as they do at everything. */
START_TEST(lists_bind_derivations)
{
    static const CK_MECHANISM_TYPE hkdf[] = {CKM_HKDF_DERIVE}, cbc[] = {CKM_AES_CBC},
                                   ecdh[] = {CKM_ECDH1_DERIVE}, ecdsa[] = {CKM_ECDSA};
    set *deriving = SET(ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA256), NUMBER(DERIVE_KEY_SIZE, 32));
    set *agreeing = SET(ALG(ECDH), PURPOSE(AGREE), SIZE(256));
    uint8_t bytes[200];
    blob public = ROOM(bytes);
    struct session s;

    make_token();
    enter();
    import_aes(hkdf, 1);
    OK(begin(&s, "key", deriving));
    OK(feed(&s, NULL, 0));
    OK(stop(&s));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    import_aes(cbc, 1);
    OK(begin(&s, "key", deriving));
    EXPECT(401, TEXT_INVALID, feed(&s, NULL, 0));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    generate(CKM_EC_KEY_PAIR_GEN, ecdh, 1);
    OK(OH_Huks_ExportPublicKeyItem(NAME("key"), NULL, &public));
    OK(begin(&s, "key", agreeing));
    OK(feed(&s, public.data, public.size));
    OK(stop(&s));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    generate(CKM_EC_KEY_PAIR_GEN, ecdsa, 1);
    OK(begin(&s, "key", agreeing));
    EXPECT(401, TEXT_INVALID, feed(&s, public.data, public.size));
}
END_TEST

/* ---- What is derived from a key whose results stay inside -----------------------------------------------
 */

static CK_RV derive_as(CK_OBJECT_CLASS class, CK_BBOOL sensitive, CK_BBOOL extractable)
{
    CK_MECHANISM mechanism = {CKM_HKDF_DERIVE, &hkdf256, sizeof hkdf256};
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE made;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_SENSITIVE, &sensitive, 1},
                        {CKA_EXTRACTABLE, &extractable, 1},
                        {CKA_VALUE_LEN, &size, sizeof size}};

    return p11->C_DeriveKey(cryptoki, &mechanism, find(CKO_SECRET_KEY, "key"), t, 5, &made);
}

START_TEST(derived_keys_stay_inside)
{
    static const char text[] = "Invalid template: what is derived stays inside.";

    OK(OH_Huks_GenerateKeyItem(
        NAME("key"),
        SET(ALG(AES), SIZE(256), PURPOSE(DERIVE),
            NUMBER(DERIVED_AGREED_KEY_STORAGE_FLAG, OH_HUKS_STORAGE_ONLY_USED_IN_HUKS)),
        NULL));
    enter();
    RV(CKR_OK, derive_as(CKO_SECRET_KEY, CK_TRUE, CK_FALSE));
    REFUSED(CKR_TEMPLATE_INCONSISTENT, 12000003, text, derive_as(CKO_SECRET_KEY, CK_FALSE, CK_FALSE));
    REFUSED(CKR_TEMPLATE_INCONSISTENT, 12000003, text, derive_as(CKO_SECRET_KEY, CK_TRUE, CK_TRUE));
    REFUSED(CKR_TEMPLATE_INCONSISTENT, 12000003, text, derive_as(CKO_SECRET_KEY, CK_FALSE, CK_TRUE));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("permissions");
    TCase *tcase = doors_tcase(suite, "permissions");

    if (!doors_open()) {
        return 99; /* never a skip */
    }
    tcase_add_loop_test(tcase, sets_bind_cryptoki, 0, COUNT(uses));
    tcase_add_loop_test(tcase, digest_set_binds_hashes, 0, COUNT(inputs));
    tcase_add_loop_test(tcase, sets_show_as_mechanisms, 0, COUNT(views));
    tcase_add_test(tcase, no_sets_no_list);
    tcase_add_loop_test(tcase, lists_bind_sessions, 0, COUNT(listed_uses));
    tcase_add_test(tcase, lists_bind_derivations);
    tcase_add_test(tcase, derived_keys_stay_inside);
    return native_run(suite);
}
