/* Attacks by keys: values that come out by way of derivation, keys too weak for new data, and keys that only
 * look as long as they are. */
#include "newer.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "witness.h"

/* ---- values by way of derivation ---- */

#define NEW_CKM_TLS12_KDF     0x3d9UL
#define NEW_CKM_IKE1_EXTENDED 0x4031UL
#define NEW_CKM_IKE2_PRF_PLUS 0x402eUL

static CK_BYTE zeros[32];
static CK_OBJECT_HANDLE other; /* a key that may be read */

static struct {
    CK_BYTE *data;
    CK_ULONG size;
} string_data = {zeros, sizeof zeros};
static CK_ULONG bit;
static struct {
    CK_ULONG prf;
    CK_BYTE *label;
    CK_ULONG label_size;
    CK_BYTE *client;
    CK_ULONG client_size;
    CK_BYTE *server;
    CK_ULONG server_size;
    CK_BYTE *context;
    CK_ULONG context_size;
} tls_kdf = {CKM_SHA256, zeros, 4, zeros, 32, zeros, 32, NULL, 0};
static struct {
    CK_ULONG prf;
    CK_BBOOL has_key;
    CK_OBJECT_HANDLE key;
    CK_BYTE *extra;
    CK_ULONG extra_size;
} ike_extended = {CKM_SHA256_HMAC, CK_FALSE, 0, NULL, 0};

/* Derivations whose result tells the base key, or part of it. */
static const struct telling {
    CK_MECHANISM_TYPE type;
    void *parameter;
    CK_ULONG size;
    CK_ULONG value_size; /* 0: as much as comes */
} tellings[] = {
    {CKM_CONCATENATE_BASE_AND_KEY, &other, sizeof other, 0},
    {CKM_CONCATENATE_BASE_AND_DATA, &string_data, sizeof string_data, 0},
    {CKM_CONCATENATE_DATA_AND_BASE, &string_data, sizeof string_data, 0},
    {CKM_XOR_BASE_AND_DATA, &string_data, sizeof string_data, 0},
    {CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof bit, 16},
    {NEW_CKM_TLS12_KDF, &tls_kdf, sizeof tls_kdf, 32},
    {NEW_CKM_IKE1_EXTENDED, &ike_extended, sizeof ike_extended, 16},
};
enum { TELLINGS = sizeof tellings / sizeof tellings[0] };

static CK_RV derive(const struct telling *telling, CK_OBJECT_HANDLE base, const struct template *more,
                    CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {telling->type, telling->parameter, telling->size};
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    if (telling->value_size != 0) {
        add_ulong(&t, CKA_VALUE_LEN, telling->value_size);
    }
    add_all(&t, more);
    return p11->C_DeriveKey(the_session, &mechanism, base, t.list, t.count, key);
}

static CK_OBJECT_HANDLE base_key(bool sensitive, bool extractable)
{
    static const CK_BYTE value[32] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct template more = {.count = 0};

    add_bool(&more, CKA_DERIVE, true);
    add_bool(&more, CKA_SENSITIVE, sensitive);
    add_bool(&more, CKA_EXTRACTABLE, extractable);
    return import_secret(the_session, CKK_GENERIC_SECRET, value, sizeof value, &more);
}

NEWER_TEST(derived_keys_stay_as_secret)
{
    const struct telling *telling = &tellings[_i];
    CK_BYTE value[128];
    CK_ATTRIBUTE ask = {CKA_VALUE, value, sizeof value};
    struct template tell = {.count = 0}, leave = {.count = 0};
    CK_OBJECT_HANDLE key;

    other = base_key(false, true);
    add_bool(&tell, CKA_SENSITIVE, false);
    add_bool(&leave, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE sensitive = base_key(true, true), staying = base_key(false, false),
                     secret = base_key(true, false);
    expect(CKR_TEMPLATE_INCONSISTENT, derive(telling, sensitive, &tell, &key));
    expect(CKR_TEMPLATE_INCONSISTENT, derive(telling, staying, &leave, &key));
    expect(CKR_TEMPLATE_INCONSISTENT, derive(telling, secret, &tell, &key));
    expect(CKR_TEMPLATE_INCONSISTENT, derive(telling, secret, &leave, &key));
    ok(derive(telling, secret, NULL, &key));
    ck_assert(get_bool(the_session, key, CKA_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_EXTRACTABLE));
    expect(CKR_ATTRIBUTE_SENSITIVE, p11->C_GetAttributeValue(the_session, key, &ask, 1));
    /* What anybody may read may be read in the new key, too. */
    add_all(&tell, &leave);
    ok(derive(telling, other, &tell, &key));
    ok(p11->C_GetAttributeValue(the_session, key, &ask, 1));
}

/* A readable key beside a secret one makes nothing readable. */
NEWER_TEST(the_other_key_counts_too)
{
    struct template tell = {.count = 0};
    CK_OBJECT_HANDLE key, readable = base_key(false, true);

    add_bool(&tell, CKA_SENSITIVE, false);
    add_bool(&tell, CKA_EXTRACTABLE, true);
    other = base_key(true, false);
    expect(CKR_TEMPLATE_INCONSISTENT, derive(&tellings[0], readable, &tell, &key));
    ok(derive(&tellings[0], readable, NULL, &key));
    ck_assert(get_bool(the_session, key, CKA_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_EXTRACTABLE));
}

/* ---- keys too weak for new data ---- */

static const struct {
    const char *name;
    CK_ATTRIBUTE_TYPE type;
} rsa_parts[] = {
    {OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS},
    {OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1},
    {OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT},
};
enum { PUBLIC_PARTS = 2, PARTS = sizeof rsa_parts / sizeof rsa_parts[0] };

static struct pair import_weak(EVP_PKEY *pkey)
{
    static CK_BYTE room[PARTS][128];
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    add_ulong(&public, CKA_CLASS, CKO_PUBLIC_KEY);
    add_ulong(&private, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&public, CKA_KEY_TYPE, CKK_RSA);
    add_ulong(&private, CKA_KEY_TYPE, CKK_RSA);
    for (size_t i = 0; i < PARTS; i++) {
        BIGNUM *number = NULL;
        ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, rsa_parts[i].name, &number), 1);
        size_t size = (size_t)BN_bn2bin(number, room[i]);
        BN_clear_free(number);
        add_bytes(&private, rsa_parts[i].type, room[i], size);
        if (i < PUBLIC_PARTS) {
            add_bytes(&public, rsa_parts[i].type, room[i], size);
        }
    }
    add_bool(&public, CKA_VERIFY, true);
    add_bool(&public, CKA_ENCRYPT, true);
    add_bool(&public, CKA_WRAP, true);
    add_bool(&private, CKA_SIGN, true);
    add_bool(&private, CKA_DECRYPT, true);
    add_bool(&private, CKA_UNWRAP, true);
    ok(create_object(the_session, &public, &pair.public_key));
    ok(create_object(the_session, &private, &pair.private_key));
    return pair;
}

/* RSA below 2048 bits: what was signed or encrypted long ago can be verified and read; nothing new is. */
NEWER_TEST(weak_rsa_is_for_old_data)
{
    CK_MECHANISM hashed = {CKM_SHA256_RSA_PKCS, NULL, 0}, plain = {CKM_RSA_PKCS, NULL, 0},
                 pairs = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_BYTE signature[128], sealed[128], out[128], data[] = "data of the year 2005";
    size_t size = sizeof signature;
    CK_ULONG length = sizeof out;
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE key, more;
    EVP_PKEY *pkey = EVP_RSA_gen(1024);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    struct pair pair = import_weak(pkey);

    ck_assert_int_eq(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey), 1);
    ck_assert_int_eq(EVP_DigestSign(md, signature, &size, data, sizeof data), 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    ck_assert_int_eq(EVP_PKEY_encrypt_init(context), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
    size = sizeof sealed;
    ck_assert_int_eq(EVP_PKEY_encrypt(context, sealed, &size, data, 16), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);

    ok(p11->C_VerifyInit(the_session, &hashed, pair.public_key));
    ok(p11->C_Verify(the_session, data, sizeof data, signature, sizeof signature));
    ok(p11->C_DecryptInit(the_session, &plain, pair.private_key));
    ok(p11->C_Decrypt(the_session, sealed, sizeof sealed, out, &length));
    ck_assert_uint_eq(length, 16);
    ck_assert(memcmp(out, data, 16) == 0);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    ok(p11->C_UnwrapKey(the_session, &plain, pair.private_key, sealed, sizeof sealed, t.list, t.count, &key));

    expect(CKR_KEY_SIZE_RANGE, p11->C_SignInit(the_session, &hashed, pair.private_key));
    expect(CKR_KEY_SIZE_RANGE, p11->C_EncryptInit(the_session, &plain, pair.public_key));
    add_bool(&t, CKA_EXTRACTABLE, true);
    length = sizeof out;
    expect(CKR_WRAPPING_KEY_SIZE_RANGE, p11->C_WrapKey(the_session, &plain, pair.public_key,
                                                       import_aes(the_session, 16, &t), out, &length));
    t.count = 0;
    add_ulong(&t, CKA_MODULUS_BITS, 1024);
    ck_assert_uint_ne(p11->C_GenerateKeyPair(the_session, &pairs, t.list, t.count, NULL, 0, &key, &more),
                      CKR_OK);
}

/* ---- keys that are shorter than they look ---- */

#define NEW_CKK_AES_XTS 0x35UL

/* An XTS key of two equal halves is one key, with which the tweak tells about the data (SP 800-38E). */
NEWER_TEST(xts_key_of_equal_halves)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_BYTE value[64], wrapped[80];
    CK_ULONG length = sizeof wrapped;
    struct template t = {.count = 0}, more = {.count = 0};
    CK_OBJECT_HANDLE key;

    memset(value, 0x5a, sizeof value);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, NEW_CKK_AES_XTS);
    add_all(&more, &t);
    add_bytes(&t, CKA_VALUE, value, sizeof value);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, create_object(the_session, &t, &key));
    add_bytes(&t, CKA_VALUE, value, sizeof value / 2);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, create_object(the_session, &t, &key));

    /* As a generic secret it may come and go, but not come back as an XTS key. */
    struct template out = {.count = 0};
    add_bool(&out, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL),
                     secret = import_secret(the_session, CKK_GENERIC_SECRET, value, sizeof value, &out);
    ok(p11->C_WrapKey(the_session, &mechanism, by, secret, wrapped, &length));
    expect(CKR_WRAPPED_KEY_INVALID,
           p11->C_UnwrapKey(the_session, &mechanism, by, wrapped, length, more.list, more.count, &key));
    value[63] ^= 1;
    add_bytes(&t, CKA_VALUE, value, sizeof value);
    ok(create_object(the_session, &t, &key));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("attacks by keys");
    TCase *derivation = add_tcase(suite, "derivation", newer_user);
    TCase *weak = add_tcase(suite, "weak keys", newer_user);

    tcase_add_loop_test(derivation, derived_keys_stay_as_secret, 0, TELLINGS);
    tcase_add_test(derivation, the_other_key_counts_too);
    tcase_add_test(weak, weak_rsa_is_for_old_data);
    tcase_add_test(weak, xts_key_of_equal_halves);
    return harness_run(argc, argv, suite);
}
