/* ML-KEM, ML-DSA and SLH-DSA, where this OpenSSL (3.5) has them; and that nothing is told of them where it
 * has not. The witness is libcrypto, asked by the names of the algorithms alone. */
#include "newer.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

enum {
    CKM_KEM_PAIR = 0xf,
    CKM_KEM = 0x17,
    CKM_MLDSA_PAIR = 0x1c,
    CKM_MLDSA = 0x1d,
    CKM_HASH_MLDSA = 0x1f,
    CKM_HASH_MLDSA_SHA224 = 0x23, /* and nine behind it: the hashes below */
    CKM_SLHDSA_PAIR = 0x2d,
    CKM_SLHDSA = 0x2e,
    CKM_HASH_SLHDSA = 0x34,
    CKM_HASH_SLHDSA_SHA224 = 0x36,
    CKK_KEM = 0x49,
    CKK_MLDSA = 0x4a,
    CKK_SLHDSA = 0x4b,
    CKA_SET = 0x61d,
    CKA_THE_SEED = 0x637,
    HASHES = 10,
};
enum { PREFERRED, HEDGED, DETERMINISTIC };

struct context {
    CK_ULONG hedge;
    CK_BYTE *context;
    CK_ULONG context_size;
};

struct hash_context {
    struct context context;
    CK_MECHANISM_TYPE hash;
};

struct kind {
    const char *name; /* libcrypto's */
    CK_MECHANISM_TYPE pair, sign, hashed, hash_sign;
    CK_KEY_TYPE type;
    CK_ULONG set, public_size, private_size, seed_size, output; /* signature or ciphertext */
};

#define KEM(set, name, pub, priv, out)                                                                       \
    {                                                                                                        \
        "ML-KEM-" name, CKM_KEM_PAIR, 0, 0, 0, CKK_KEM, set, pub, priv, 64, out                              \
    }
#define MLDSA(set, name, pub, priv, out)                                                                     \
    {                                                                                                        \
        "ML-DSA-" name, CKM_MLDSA_PAIR, CKM_MLDSA, CKM_HASH_MLDSA_SHA224, CKM_HASH_MLDSA, CKK_MLDSA, set,    \
            pub, priv, 32, out                                                                               \
    }
#define SLHDSA(set, name, n, out)                                                                            \
    {                                                                                                        \
        "SLH-DSA-" name, CKM_SLHDSA_PAIR, CKM_SLHDSA, CKM_HASH_SLHDSA_SHA224, CKM_HASH_SLHDSA, CKK_SLHDSA,   \
            set, 2 * n, 4 * n, 0, out                                                                        \
    }
/* FIPS 203, table 3; FIPS 204, table 2; FIPS 205, table 2; numbers of PKCS #11 3.2. */
static const struct kind kinds[] = {
    KEM(1, "512", 800, 1632, 768),      KEM(2, "768", 1184, 2400, 1088),
    KEM(3, "1024", 1568, 3168, 1568),   MLDSA(1, "44", 1312, 2560, 2420),
    MLDSA(2, "65", 1952, 4032, 3309),   MLDSA(3, "87", 2592, 4896, 4627),
    SLHDSA(1, "SHA2-128s", 16, 7856),   SLHDSA(2, "SHAKE-128s", 16, 7856),
    SLHDSA(3, "SHA2-128f", 16, 17088),  SLHDSA(4, "SHAKE-128f", 16, 17088),
    SLHDSA(5, "SHA2-192s", 24, 16224),  SLHDSA(6, "SHAKE-192s", 24, 16224),
    SLHDSA(7, "SHA2-192f", 24, 35664),  SLHDSA(8, "SHAKE-192f", 24, 35664),
    SLHDSA(9, "SHA2-256s", 32, 29792),  SLHDSA(10, "SHAKE-256s", 32, 29792),
    SLHDSA(11, "SHA2-256f", 32, 49856), SLHDSA(12, "SHAKE-256f", 32, 49856),
};
enum { KINDS = sizeof kinds / sizeof kinds[0], KEMS = 3 };
/* Of the slow ones a fast one each. */
static const int signers[] = {3, 4, 5, 8, 9};
enum { QUICK = sizeof signers / sizeof signers[0] };

static const struct kind *kind_of(int i)
{
    return &kinds[(unsigned)i % KINDS];
}

/* Has libcrypto, and so the module, the algorithm? */
static bool libcrypto_has(const char *name)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    bool has = context != NULL && EVP_PKEY_keygen_init(context) == 1;

    EVP_PKEY_CTX_free(context);
    return has;
}

static struct pair generate(const struct kind *kind, bool readable)
{
    CK_MECHANISM mechanism = {kind->pair, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0};
    struct pair pair;

    add_ulong(&public, CKA_SET, kind->set);
    if (readable) {
        add_bool(&private, CKA_SENSITIVE, false);
        add_bool(&private, CKA_EXTRACTABLE, true);
    }
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public.list, public.count, private.list, private.count,
                              &pair.public_key, &pair.private_key));
    return pair;
}

/* ---- what is told ---- */

NEWER_TEST(told_truthfully)
{
    const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
        CK_ULONG min, max;
    } all[] = {
        {CKM_KEM_PAIR, "ML-KEM-768", 800, 1568},
        {CKM_KEM, "ML-KEM-768", 800, 1568},
        {CKM_MLDSA_PAIR, "ML-DSA-65", 1312, 2592},
        {CKM_MLDSA, "ML-DSA-65", 1312, 2592},
        {CKM_HASH_MLDSA, "ML-DSA-65", 1312, 2592},
        {CKM_HASH_MLDSA_SHA224 + 9, "ML-DSA-65", 1312, 2592},
        {CKM_SLHDSA_PAIR, "SLH-DSA-SHA2-128s", 32, 64},
        {CKM_SLHDSA, "SLH-DSA-SHA2-128s", 32, 64},
        {CKM_HASH_SLHDSA, "SLH-DSA-SHA2-128s", 32, 64},
        {CKM_HASH_SLHDSA_SHA224 + 9, "SLH-DSA-SHA2-128s", 32, 64},
    };
    CK_MECHANISM_INFO info;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool there = libcrypto_has(all[i].name);

        ck_assert_msg(has_mechanism(all[i].type) == there, "mechanism 0x%lx", all[i].type);
        expect(there ? CKR_OK : CKR_MECHANISM_INVALID, p11->C_GetMechanismInfo(the_slot, all[i].type, &info));
        if (there) {
            ck_assert_uint_eq(info.ulMinKeySize, all[i].min);
            ck_assert_uint_eq(info.ulMaxKeySize, all[i].max);
        }
    }
}

NEWER_TEST(absent_where_libcrypto_has_none)
{
    const struct kind *kind = kind_of(_i);
    CK_MECHANISM mechanism = {kind->pair, NULL, 0};
    struct template t = {.count = 0}, none = {.count = 0};
    CK_OBJECT_HANDLE keys[2];

    if (!libcrypto_has(kind->name)) {
        add_ulong(&t, CKA_SET, kind->set);
        expect(CKR_MECHANISM_INVALID, p11->C_GenerateKeyPair(the_session, &mechanism, t.list, t.count,
                                                             none.list, none.count, &keys[0], &keys[1]));
    }
}

/* ---- keys ---- */

NEWER_TEST(generated)
{
    const struct kind *kind = kind_of(_i);
    CK_BYTE value[8192], info[8192];

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, true);
    ck_assert_uint_eq(get_ulong(the_session, pair.public_key, CKA_SET), kind->set);
    ck_assert_uint_eq(get_ulong(the_session, pair.private_key, CKA_SET), kind->set);
    ck_assert_uint_eq(get_ulong(the_session, pair.private_key, CKA_KEY_TYPE), kind->type);
    ck_assert_uint_eq(get_ulong(the_session, pair.private_key, CKA_KEY_GEN_MECHANISM), kind->pair);
    ck_assert(get_bool(the_session, pair.private_key, CKA_LOCAL));
    ck_assert_uint_eq(get_bytes(the_session, pair.public_key, CKA_VALUE, value, sizeof value),
                      kind->public_size);
    ck_assert_uint_eq(get_bytes(the_session, pair.private_key, CKA_VALUE, value, sizeof value),
                      kind->private_size);
    if (kind->seed_size != 0) {
        ck_assert_uint_eq(get_bytes(the_session, pair.private_key, CKA_THE_SEED, value, sizeof value),
                          kind->seed_size);
    } else {
        CK_ATTRIBUTE ask = {CKA_THE_SEED, value, sizeof value};
        expect(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(the_session, pair.private_key, &ask, 1));
    }
    /* Libcrypto reads the SubjectPublicKeyInfo as this algorithm's. */
    const unsigned char *at = info;
    CK_ULONG length = get_bytes(the_session, pair.public_key, CKA_PUBLIC_KEY_INFO, info, sizeof info);
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)length);
    ck_assert(pkey != NULL && EVP_PKEY_is_a(pkey, kind->name));
    EVP_PKEY_free(pkey);
    ck_assert_uint_eq(get_bytes(the_session, pair.private_key, CKA_PUBLIC_KEY_INFO, value, sizeof value),
                      length);
    ck_assert(memcmp(value, info, length) == 0);
}

NEWER_TEST(templates)
{
    const struct kind *kind = kind_of(_i);
    CK_MECHANISM mechanism = {kind->pair, NULL, 0};
    struct template t = {.count = 0}, none = {.count = 0}, set = {.count = 0};
    CK_OBJECT_HANDLE keys[2];

    if (!libcrypto_has(kind->name)) {
        return;
    }
    expect(CKR_TEMPLATE_INCOMPLETE, p11->C_GenerateKeyPair(the_session, &mechanism, t.list, t.count,
                                                           none.list, none.count, &keys[0], &keys[1]));
    add_ulong(&t, CKA_SET, 77);
    expect(CKR_PARAMETER_SET_NOT_SUPPORTED,
           p11->C_GenerateKeyPair(the_session, &mechanism, t.list, t.count, none.list, none.count, &keys[0],
                                  &keys[1]));
    remove_attribute(&t, CKA_SET);
    add_ulong(&t, CKA_SET, kind->set);
    add_ulong(&set, CKA_SET, kind->set); /* the pair's is in the public key's template */
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_GenerateKeyPair(the_session, &mechanism, t.list, t.count, set.list,
                                                           set.count, &keys[0], &keys[1]));
}

struct parts {
    CK_BYTE public[4096], private[8192], seed[64];
};

static void take_parts(const struct kind *kind, struct pair pair, struct parts *parts)
{
    get_bytes(the_session, pair.public_key, CKA_VALUE, parts->public, sizeof parts->public);
    get_bytes(the_session, pair.private_key, CKA_VALUE, parts->private, sizeof parts->private);
    if (kind->seed_size != 0) {
        get_bytes(the_session, pair.private_key, CKA_THE_SEED, parts->seed, sizeof parts->seed);
    }
}

static CK_RV import_private(const struct kind *kind, const struct parts *parts, bool seed, bool value,
                            CK_OBJECT_HANDLE *key)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&t, CKA_KEY_TYPE, kind->type);
    add_ulong(&t, CKA_SET, kind->set);
    add_bool(&t, CKA_SENSITIVE, false);
    add_bool(&t, CKA_EXTRACTABLE, true);
    if (seed) {
        add_bytes(&t, CKA_THE_SEED, parts->seed, kind->seed_size);
    }
    if (value) {
        add_bytes(&t, CKA_VALUE, parts->private, kind->private_size);
    }
    return create_object(the_session, &t, key);
}

static CK_RV import_public(const struct kind *kind, const CK_BYTE *value, CK_ULONG size, bool set,
                           CK_OBJECT_HANDLE *key)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_PUBLIC_KEY);
    add_ulong(&t, CKA_KEY_TYPE, kind->type);
    if (set) {
        add_ulong(&t, CKA_SET, kind->set);
    }
    add_bytes(&t, CKA_VALUE, value, size);
    return create_object(the_session, &t, key);
}

static void same_private(const struct kind *kind, const struct parts *parts, CK_OBJECT_HANDLE key, bool seed)
{
    CK_BYTE value[8192];
    CK_ATTRIBUTE ask = {CKA_THE_SEED, value, sizeof value};

    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), kind->private_size);
    ck_assert(memcmp(value, parts->private, kind->private_size) == 0);
    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    if (kind->seed_size != 0) {
        expect(seed ? CKR_OK : CKR_ATTRIBUTE_TYPE_INVALID,
               p11->C_GetAttributeValue(the_session, key, &ask, 1));
    }
}

NEWER_TEST(imported)
{
    const struct kind *kind = kind_of(_i);
    struct parts parts;
    CK_OBJECT_HANDLE key;

    if (!libcrypto_has(kind->name)) {
        return;
    }
    take_parts(kind, generate(kind, true), &parts);
    ok(import_public(kind, parts.public, kind->public_size, true, &key));
    ck_assert_uint_eq(get_ulong(the_session, key, CKA_SET), kind->set);
    expect(CKR_TEMPLATE_INCOMPLETE, import_public(kind, parts.public, kind->public_size, false, &key));
    expect(CKR_ATTRIBUTE_VALUE_INVALID, import_public(kind, parts.public, kind->public_size - 1, true, &key));
    ok(import_private(kind, &parts, false, true, &key));
    same_private(kind, &parts, key, false);
    expect(CKR_TEMPLATE_INCOMPLETE, import_private(kind, &parts, false, false, &key));
    if (kind->seed_size == 0) {
        return;
    }
    ok(import_private(kind, &parts, true, false, &key));
    same_private(kind, &parts, key, true);
    ok(import_private(kind, &parts, true, true, &key));
    same_private(kind, &parts, key, true);
    parts.seed[3] ^= 1; /* another key's seed */
    expect(CKR_ATTRIBUTE_VALUE_INVALID, import_private(kind, &parts, true, true, &key));
}

/* Wrapped as PrivateKeyInfo, and out again, on the token and over a new start of the module. */
NEWER_TEST(wrapped_and_kept)
{
    const struct kind *kind = kind_of(_i);
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    struct template t = {.count = 0}, label = {.count = 0};
    struct parts parts;
    CK_BYTE wrapped[16384];
    CK_ULONG length = sizeof wrapped;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, true);
    take_parts(kind, pair, &parts);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL);
    ok(p11->C_WrapKey(the_session, &mechanism, by, pair.private_key, wrapped, &length));
    add_ulong(&t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&t, CKA_KEY_TYPE, kind->type);
    add_bool(&t, CKA_SENSITIVE, false);
    add_bool(&t, CKA_EXTRACTABLE, true);
    add_bool(&t, CKA_TOKEN, true);
    add_text(&t, CKA_LABEL, "kept");
    ok(p11->C_UnwrapKey(the_session, &mechanism, by, wrapped, length, t.list, t.count, &key));
    same_private(kind, &parts, key, true);
    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ok(login(the_session, CKU_USER, USER_PIN));
    add_text(&label, CKA_LABEL, "kept");
    key = find_object(the_session, &label);
    ck_assert_uint_eq(get_ulong(the_session, key, CKA_SET), kind->set);
    same_private(kind, &parts, key, true);
}

/* ---- signatures ---- */

static CK_RV sign(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const void *data, CK_ULONG size,
                  CK_BYTE *out, CK_ULONG *length)
{
    CK_RV rv = p11->C_SignInit(the_session, mechanism, key);

    return rv != CKR_OK ? rv : p11->C_Sign(the_session, (CK_BYTE *)(uintptr_t)data, size, out, length);
}

static CK_RV verify(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const void *data, CK_ULONG size,
                    CK_BYTE *signature, CK_ULONG length)
{
    CK_RV rv = p11->C_VerifyInit(the_session, mechanism, key);

    return rv != CKR_OK ? rv
                        : p11->C_Verify(the_session, (CK_BYTE *)(uintptr_t)data, size, signature, length);
}

/* Libcrypto on a public key of the module's; `raw`: the message is what the standard builds around a hash. */
static bool witness_verifies(CK_OBJECT_HANDLE public, const void *context, size_t context_size, bool raw,
                             const void *message, size_t size, const CK_BYTE *signature, size_t length)
{
    CK_BYTE info[8192];
    int none = 0;
    const unsigned char *at = info;
    CK_ULONG info_size = get_bytes(the_session, public, CKA_PUBLIC_KEY_INFO, info, sizeof info);
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)info_size);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("context-string", (void *)(uintptr_t)context, context_size),
        OSSL_PARAM_construct_end()};
    OSSL_PARAM raws[] = {OSSL_PARAM_construct_int("message-encoding", &none), OSSL_PARAM_construct_end()};
    bool good = pkey != NULL && md != NULL &&
                EVP_DigestVerifyInit_ex(md, NULL, NULL, NULL, NULL, pkey, raw ? raws : params) == 1 &&
                EVP_DigestVerify(md, signature, length, message, size) == 1;

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    return good;
}

NEWER_TEST(pure)
{
    const struct kind *kind = kind_of(signers[(unsigned)_i % QUICK]);
    static const char message[] = "a message of some length";
    CK_BYTE text[] = "the context", signature[50000] = {0}, again[50000];
    CK_ULONG length = sizeof signature, size = sizeof again;
    struct context context = {DETERMINISTIC, text, 11};
    CK_MECHANISM plain = {kind->sign, NULL, 0}, with = {kind->sign, &context, sizeof context};

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, false);
    ok(sign(&plain, pair.private_key, message, sizeof message, signature, &length));
    ck_assert_uint_eq(length, kind->output);
    ck_assert(witness_verifies(pair.public_key, "", 0, false, message, sizeof message, signature, length));
    ok(verify(&plain, pair.public_key, message, sizeof message, signature, length));
    expect(CKR_SIGNATURE_INVALID, verify(&with, pair.public_key, message, sizeof message, signature, length));
    expect(CKR_SIGNATURE_INVALID,
           verify(&plain, pair.public_key, message, sizeof message - 1, signature, length));
    expect(CKR_SIGNATURE_LEN_RANGE,
           verify(&plain, pair.public_key, message, sizeof message, signature, length - 1));
    /* With a context, deterministic: twice the same, and libcrypto agrees. */
    length = sizeof signature;
    ok(sign(&with, pair.private_key, message, sizeof message, signature, &length));
    ok(sign(&with, pair.private_key, message, sizeof message, again, &size));
    ck_assert(size == length && memcmp(signature, again, length) == 0);
    ck_assert(witness_verifies(pair.public_key, "the context", 11, false, message, sizeof message, signature,
                               length));
    ok(verify(&with, pair.public_key, message, sizeof message, signature, length));
    signature[length / 2] ^= 1;
    expect(CKR_SIGNATURE_INVALID, verify(&with, pair.public_key, message, sizeof message, signature, length));
    /* Hedged: never the same. */
    context.hedge = HEDGED;
    length = size = sizeof signature;
    ok(sign(&with, pair.private_key, message, sizeof message, signature, &length));
    ok(sign(&with, pair.private_key, message, sizeof message, again, &size));
    ck_assert(memcmp(signature, again, length) != 0);
    ok(verify(&with, pair.public_key, message, sizeof message, again, size));
}

NEWER_TEST(parts_and_messages)
{
    const struct kind *kind = kind_of(signers[(unsigned)_i % QUICK]);
    CK_BYTE message[60], signature[50000];
    CK_ULONG length = sizeof signature;
    CK_MECHANISM plain = {kind->sign, NULL, 0};

    if (!libcrypto_has(kind->name)) {
        return;
    }
    fill_pattern(message, sizeof message, 0);
    struct pair pair = generate(kind, false);
    ok(p11->C_SignInit(the_session, &plain, pair.private_key));
    ok(p11->C_SignUpdate(the_session, message, 25));
    ok(p11->C_SignUpdate(the_session, message + 25, 35));
    ok(p11->C_SignFinal(the_session, signature, &length));
    ok(verify(&plain, pair.public_key, message, sizeof message, signature, length));
    ok(newer->C_VerifySignatureInit(the_session, &plain, pair.public_key, signature, length));
    ok(newer->C_VerifySignatureUpdate(the_session, message, 10));
    ok(newer->C_VerifySignatureUpdate(the_session, message + 10, 50));
    ok(newer->C_VerifySignatureFinal(the_session));
    ok(newer->C_MessageSignInit(the_session, &plain, pair.private_key));
    ok(newer->C_SignMessage(the_session, NULL, 0, message, sizeof message, signature, &length));
    ok(newer->C_MessageSignFinal(the_session));
    ok(verify(&plain, pair.public_key, message, sizeof message, signature, length));
}

static const struct hash {
    const char *name;
    CK_MECHANISM_TYPE type; /* 0: no digest mechanism */
    CK_ULONG size;
    CK_BYTE oid; /* last number under 2.16.840.1.101.3.4.2 */
} hashes[HASHES] = {
    {"SHA224", CKM_SHA224, 28, 4}, {"SHA256", CKM_SHA256, 32, 1}, {"SHA384", CKM_SHA384, 48, 2},
    {"SHA512", CKM_SHA512, 64, 3}, {"SHA3-224", 0x2b5, 28, 7},    {"SHA3-256", 0x2b0, 32, 8},
    {"SHA3-384", 0x2c0, 48, 9},    {"SHA3-512", 0x2d0, 64, 10},   {"SHAKE128", 0, 32, 11},
    {"SHAKE256", 0, 64, 12},
};

/* FIPS 204, algorithm 4; FIPS 205, algorithm 23. Returns its size. */
static size_t build(const struct hash *hash, const CK_BYTE *context, CK_BYTE context_size,
                    const void *message, size_t size, CK_BYTE *out, CK_BYTE *digest)
{
    const CK_BYTE oid[] = {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash->oid};
    EVP_MD *md = EVP_MD_fetch(NULL, hash->name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t at = 2;

    ck_assert(md != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
              EVP_DigestUpdate(ctx, message, size) == 1);
    ck_assert((hash->type == 0 ? EVP_DigestFinalXOF(ctx, digest, hash->size)
                               : EVP_DigestFinal_ex(ctx, digest, NULL)) == 1);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    out[0] = 1;
    out[1] = context_size;
    memcpy(out + at, context, context_size);
    at += context_size;
    memcpy(out + at, oid, sizeof oid);
    at += sizeof oid;
    memcpy(out + at, digest, hash->size);
    return at + hash->size;
}

static void check_hash(const struct kind *kind, struct pair pair, int i)
{
    const struct hash *hash = &hashes[(unsigned)i % HASHES];
    static const char message[] = "a message that is hashed";
    CK_BYTE text[] = "context", built[400], digest[64], signature[50000];
    CK_ULONG length = sizeof signature;
    struct context context = {PREFERRED, text, 7};
    struct hash_context given = {context, hash->type};
    CK_MECHANISM here = {kind->hashed + (CK_ULONG)i, &context, sizeof context};
    CK_MECHANISM there = {kind->hash_sign, &given, sizeof given};
    size_t size = build(hash, text, 7, message, sizeof message, built, digest);

    ok(sign(&here, pair.private_key, message, sizeof message, signature, &length));
    ck_assert(witness_verifies(pair.public_key, NULL, 0, true, built, size, signature, length));
    ok(verify(&here, pair.public_key, message, sizeof message, signature, length));
    if (hash->type == 0) {
        return;
    }
    ok(verify(&there, pair.public_key, digest, hash->size, signature, length));
    expect(CKR_DATA_LEN_RANGE, verify(&there, pair.public_key, digest, hash->size - 1, signature, length));
    length = sizeof signature;
    ok(sign(&there, pair.private_key, digest, hash->size, signature, &length));
    ok(verify(&here, pair.public_key, message, sizeof message, signature, length));
    length = sizeof signature;
    expect(CKR_DATA_LEN_RANGE, sign(&there, pair.private_key, digest, hash->size + 1, signature, &length));
}

NEWER_TEST(pre_hash)
{
    const struct kind *kind = kind_of(_i == 0 ? 4 : 8);

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, false);
    for (int i = 0; i < HASHES; i++) {
        check_hash(kind, pair, i);
    }
}

NEWER_TEST(parameters)
{
    const struct kind *kind = kind_of(4);
    CK_BYTE text[256] = {1};
    struct context context = {DETERMINISTIC + 1, text, 5};
    struct hash_context given = {{PREFERRED, text, 5}, CKM_AES_ECB};
    CK_MECHANISM with = {kind->sign, &context, sizeof context},
                 hashed = {kind->hash_sign, &given, sizeof given};
    CK_MECHANISM bare = {kind->hash_sign, NULL, 0}, plain = {kind->sign, NULL, 0};

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, false);
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &with, pair.private_key));
    context = (struct context){PREFERRED, text, 256};
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &with, pair.private_key));
    context.context = NULL;
    context.context_size = 5;
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &with, pair.private_key));
    with.ulParameterLen--;
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &with, pair.private_key));
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &hashed, pair.private_key));
    expect(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(the_session, &bare, pair.private_key));
    expect(CKR_KEY_TYPE_INCONSISTENT,
           p11->C_SignInit(the_session, &plain, import_rsa(the_session, NULL).private_key));
    plain.mechanism = CKM_SLHDSA;
    expect(CKR_KEY_TYPE_INCONSISTENT, p11->C_SignInit(the_session, &plain, pair.private_key));
}

/* ---- encapsulation ---- */

static void secret_template(struct template *t, CK_ULONG size)
{
    t->count = 0;
    add_ulong(t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(t, CKA_KEY_TYPE, CKK_AES);
    add_bool(t, CKA_SENSITIVE, false);
    add_bool(t, CKA_EXTRACTABLE, true);
    if (size != 0) {
        add_ulong(t, CKA_VALUE_LEN, size);
    }
}

static EVP_PKEY_CTX *witness_kem(CK_OBJECT_HANDLE public)
{
    CK_BYTE info[8192];
    const unsigned char *at = info;
    CK_ULONG size = get_bytes(the_session, public, CKA_PUBLIC_KEY_INFO, info, sizeof info);
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    EVP_PKEY_free(pkey);
    ck_assert(context != NULL && EVP_PKEY_encapsulate_init(context, NULL) == 1);
    return context;
}

NEWER_TEST(encapsulated)
{
    const struct kind *kind = kind_of(_i);
    CK_MECHANISM mechanism = {CKM_KEM, NULL, 0};
    CK_BYTE encrypted[2048], sent[64], received[64], secret[64];
    CK_ULONG length = 0;
    size_t size = sizeof encrypted, secret_size = sizeof secret;
    CK_OBJECT_HANDLE key;
    struct template t;

    if (!libcrypto_has(kind->name)) {
        return;
    }
    struct pair pair = generate(kind, false);
    secret_template(&t, 0);
    ok(newer->C_EncapsulateKey(the_session, &mechanism, pair.public_key, t.list, t.count, NULL, &length,
                               &key));
    ck_assert_uint_eq(length, kind->output);
    ok(newer->C_EncapsulateKey(the_session, &mechanism, pair.public_key, t.list, t.count, encrypted, &length,
                               &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, sent, sizeof sent), 32);
    ok(newer->C_DecapsulateKey(the_session, &mechanism, pair.private_key, t.list, t.count, encrypted, length,
                               &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, received, sizeof received), 32);
    ck_assert(memcmp(sent, received, 32) == 0);
    /* FIPS 203, 6.3: what is none of this key's gives another secret, not an error. */
    encrypted[7] ^= 1;
    ok(newer->C_DecapsulateKey(the_session, &mechanism, pair.private_key, t.list, t.count, encrypted, length,
                               &key));
    get_bytes(the_session, key, CKA_VALUE, received, sizeof received);
    ck_assert(memcmp(sent, received, 32) != 0);
    expect(CKR_WRAPPED_KEY_LEN_RANGE, newer->C_DecapsulateKey(the_session, &mechanism, pair.private_key,
                                                              t.list, t.count, encrypted, length - 1, &key));
    /* The secret has 32 bytes. */
    secret_template(&t, 16);
    expect(CKR_TEMPLATE_INCONSISTENT, newer->C_EncapsulateKey(the_session, &mechanism, pair.public_key,
                                                              t.list, t.count, encrypted, &length, &key));
    /* What libcrypto sends, we receive. */
    EVP_PKEY_CTX *witness = witness_kem(pair.public_key);
    ck_assert(EVP_PKEY_encapsulate(witness, encrypted, &size, secret, &secret_size) == 1);
    EVP_PKEY_CTX_free(witness);
    secret_template(&t, 32);
    ok(newer->C_DecapsulateKey(the_session, &mechanism, pair.private_key, t.list, t.count, encrypted, size,
                               &key));
    get_bytes(the_session, key, CKA_VALUE, received, sizeof received);
    ck_assert(secret_size == 32 && memcmp(secret, received, 32) == 0);
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("pq");
    TCase *tcase = add_tcase(suite, "pq", newer_user);

    tcase_add_test(tcase, told_truthfully);
    tcase_add_loop_test(tcase, absent_where_libcrypto_has_none, 0, KINDS);
    tcase_add_loop_test(tcase, generated, 0, KINDS);
    tcase_add_loop_test(tcase, templates, 0, KINDS);
    tcase_add_loop_test(tcase, imported, 0, KINDS);
    tcase_add_loop_test(tcase, wrapped_and_kept, 0, KINDS);
    tcase_add_loop_test(tcase, pure, 0, QUICK);
    tcase_add_loop_test(tcase, parts_and_messages, 0, QUICK);
    tcase_add_loop_test(tcase, pre_hash, 0, 2);
    tcase_add_test(tcase, parameters);
    tcase_add_loop_test(tcase, encapsulated, 0, KEMS);
    return harness_run(argc, argv, suite);
}
