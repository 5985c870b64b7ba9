/* The known attacks on PKCS #11 tokens, one test each: Bleichenbacher's and Vaudenay's oracles, the ways
 * around the attributes that Clulow, Bortolozzo and others described, and points that are none. */
#include "newer.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

static const struct bytes nothing = {NULL, 0};

static CK_RV one_shot(CK_RV (*init)(CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE),
                      CK_RV (*call)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *),
                      CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const CK_BYTE *in, CK_ULONG size,
                      CK_BYTE *out, CK_ULONG *length)
{
    CK_RV rv = init(the_session, mechanism, key);

    return rv != CKR_OK ? rv : call(the_session, (CK_BYTE *)(uintptr_t)in, size, out, length);
}

static CK_RV decrypt(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const CK_BYTE *in, CK_ULONG size,
                     CK_BYTE *out, CK_ULONG *length)
{
    return one_shot(p11->C_DecryptInit, p11->C_Decrypt, mechanism, key, in, size, out, length);
}

static void secret_template(struct template *t, CK_KEY_TYPE type)
{
    t->count = 0;
    add_ulong(t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(t, CKA_KEY_TYPE, type);
}

static void readable(struct template *t)
{
    add_bool(t, CKA_EXTRACTABLE, true);
    add_bool(t, CKA_SENSITIVE, false);
}

static CK_RV wrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by, CK_OBJECT_HANDLE key, CK_BYTE *out,
                  CK_ULONG *length)
{
    return p11->C_WrapKey(the_session, mechanism, by, key, out, length);
}

static CK_RV unwrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by, CK_BYTE *in, CK_ULONG size,
                    struct template *t, CK_OBJECT_HANDLE *key)
{
    *key = CK_INVALID_HANDLE;
    return p11->C_UnwrapKey(the_session, mechanism, by, in, size, t->list, t->count, key);
}

/* ---- oracles ---- */

/* Blocks that are no message in RSAES-PKCS1-v1_5: its first byte, its second, a zero too early, and none. */
enum { MALFORMED = 4 };

static void malformed(int how, CK_BYTE encrypted[256])
{
    CK_BYTE block[256];

    memset(block, 0x5a, sizeof block);
    block[0] = how == 0 ? 1 : 0;
    block[1] = how == 1 ? 1 : 2;
    block[how == 2 ? 6 : 200] = how == 3 ? 0x5a : 0;
    ck_assert_uint_eq(
        witness_rsa_encrypt(RSA_RAW, NULL, NULL, nothing, (struct bytes){block, sizeof block}, encrypted),
        256);
}

/* Bleichenbacher 1998, and a million messages later: what is no message decrypts to some, always the same
 * one. */
NEWER_TEST(pkcs1_decryption_is_no_oracle)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE key = import_rsa(the_session, NULL).private_key;
    CK_BYTE encrypted[256], first[256], again[256];
    CK_ULONG length = sizeof first, same = sizeof again;

    malformed(_i, encrypted);
    ok(decrypt(&mechanism, key, encrypted, sizeof encrypted, first, &length));
    ck_assert_uint_le(length, 256 - 11);
    ok(decrypt(&mechanism, key, encrypted, sizeof encrypted, again, &same));
    ck_assert_uint_eq(length, same);
    ck_assert(memcmp(first, again, length) == 0);
}

/* The same by unwrapping: a key comes out, and nobody is told that it is none. */
NEWER_TEST(pkcs1_unwrapping_is_no_oracle)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE by = import_rsa(the_session, NULL).private_key, key;
    CK_BYTE encrypted[256], first[256], again[256];
    struct template t;

    secret_template(&t, CKK_GENERIC_SECRET);
    readable(&t);
    malformed(_i, encrypted);
    ok(unwrap(&mechanism, by, encrypted, sizeof encrypted, &t, &key));
    CK_ULONG length = get_bytes(the_session, key, CKA_VALUE, first, sizeof first);
    ok(unwrap(&mechanism, by, encrypted, sizeof encrypted, &t, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, again, sizeof again), length);
    ck_assert(memcmp(first, again, length) == 0);
}

/* Manger 2001: OAEP says one thing, wherever it fails. */
NEWER_TEST(oaep_is_no_oracle)
{
    CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep};
    CK_OBJECT_HANDLE by = import_rsa(the_session, NULL).private_key, key;
    CK_BYTE encrypted[256], out[256];
    CK_ULONG length = sizeof out;
    struct template t;

    secret_template(&t, CKK_GENERIC_SECRET);
    malformed(_i, encrypted);
    expect(CKR_ENCRYPTED_DATA_INVALID, decrypt(&mechanism, by, encrypted, sizeof encrypted, out, &length));
    expect(CKR_WRAPPED_KEY_INVALID, unwrap(&mechanism, by, encrypted, sizeof encrypted, &t, &key));
}

/* Vaudenay 2002, on keys: all that is wrong is wrong alike, and the padding's length is not told. */
NEWER_TEST(cbc_pad_unwrapping_is_uniform)
{
    CK_BYTE iv[16] = {3}, value[24], wrapped[64] = {0};
    CK_MECHANISM mechanism = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_ULONG length = sizeof wrapped;
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL), key;
    struct template more = {.count = 0}, t;
    unsigned refused = 0;

    readable(&more);
    fill_pattern(value, sizeof value, 0);
    ok(wrap(&mechanism, by, import_secret(the_session, CKK_GENERIC_SECRET, value, sizeof value, &more),
            wrapped, &length));
    ck_assert_uint_eq(length, 32);
    secret_template(&t, CKK_GENERIC_SECRET);
    add_ulong(&t, CKA_VALUE_LEN, sizeof value);
    for (unsigned byte = 1; byte < 256; byte++) {
        wrapped[15] ^=
            (CK_BYTE)byte; /* the last byte of the padding, and a key of every length that may come of it */
        CK_RV rv = unwrap(&mechanism, by, wrapped, length, &t, &key);
        ck_assert_uint_eq(rv, CKR_WRAPPED_KEY_INVALID);
        wrapped[15] ^= (CK_BYTE)byte;
        refused++;
    }
    ck_assert_uint_eq(refused, 255);
    ok(unwrap(&mechanism, by, wrapped, length, &t, &key));
}

NEWER_TEST(cbc_pad_decryption_is_uniform)
{
    CK_BYTE iv[16] = {3}, plain[24] = {1}, encrypted[64] = {0}, out[64];
    CK_MECHANISM mechanism = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_ULONG length = sizeof encrypted;
    CK_OBJECT_HANDLE key = import_aes(the_session, 32, NULL);

    ok(one_shot(p11->C_EncryptInit, p11->C_Encrypt, &mechanism, key, plain, sizeof plain, encrypted,
                &length));
    for (unsigned byte = 1; byte < 256; byte++) {
        CK_ULONG size = sizeof out;
        encrypted[15] ^= (CK_BYTE)byte;
        CK_RV rv = decrypt(&mechanism, key, encrypted, length, out, &size);
        /* 8 bytes of 08 become 01 alone by chance; whatever else comes is one answer. */
        ck_assert(rv == (byte == (8 ^ 1) ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID));
        encrypted[15] ^= (CK_BYTE)byte;
    }
}

/* ---- around the attributes ---- */

/* Clulow 2003: wrap a key, then decrypt what comes out. The key asks for a trusted wrapping key … */
NEWER_TEST(wrap_then_decrypt)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    struct template careful = {.count = 0}, gain = {.count = 0};
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    add_bool(&careful, CKA_EXTRACTABLE, true);
    add_bool(&careful, CKA_WRAP_WITH_TRUSTED, true);
    CK_OBJECT_HANDLE key = import_aes(the_session, 32, &careful);
    expect(CKR_KEY_NOT_WRAPPABLE, wrap(&mechanism, import_aes(the_session, 32, NULL), key, out, &length));
    add_bool(&gain, CKA_WRAP_WITH_TRUSTED, false);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, key, gain.list, gain.count));
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, key, gain.list, gain.count, &key));
    /* … or the wrapping key is one that nobody changes. */
    struct template fixed = {.count = 0}, decrypts = {.count = 0};
    add_bool(&fixed, CKA_WRAP, true);
    add_bool(&fixed, CKA_DECRYPT, false);
    add_bool(&fixed, CKA_MODIFIABLE, false);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, &fixed);
    add_bool(&decrypts, CKA_DECRYPT, true);
    expect(CKR_ACTION_PROHIBITED, p11->C_SetAttributeValue(the_session, by, decrypts.list, decrypts.count));
    CK_BYTE iv[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_DecryptInit(the_session, &cbc, by));
}

/* A public AES key that the officer made and trusts, found by its label. */
static CK_OBJECT_HANDLE trusted_key(bool decrypts)
{
    struct template t = {.count = 0}, label = {.count = 0};
    CK_BYTE value[32] = {4};
    CK_OBJECT_HANDLE key;

    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_SO, SO_PIN));
    secret_template(&t, CKK_AES);
    add_bytes(&t, CKA_VALUE, value, sizeof value);
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_PRIVATE, false);
    add_bool(&t, CKA_TRUSTED, true);
    add_bool(&t, CKA_WRAP, true);
    add_bool(&t, CKA_DECRYPT, decrypts);
    add_text(&t, CKA_LABEL, "trusted");
    ok(create_object(the_session, &t, &key));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    add_text(&label, CKA_LABEL, "trusted");
    return find_object(the_session, &label);
}

/* What the officer trusts keeps the purposes that it had, and a copy is not what was trusted. */
NEWER_TEST(trusted_key_is_bent)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    struct template careful = {.count = 0}, decrypts = {.count = 0}, none = {.count = 0};
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE by = trusted_key(false), copy;

    add_bool(&careful, CKA_EXTRACTABLE, true);
    add_bool(&careful, CKA_WRAP_WITH_TRUSTED, true);
    CK_OBJECT_HANDLE key = import_aes(the_session, 32, &careful);
    ok(wrap(&mechanism, by, key, out, &length));
    add_bool(&decrypts, CKA_DECRYPT, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, by, decrypts.list, decrypts.count));
    add_bool(&decrypts, CKA_TOKEN, false);
    ok(p11->C_CopyObject(the_session, by, decrypts.list, decrypts.count, &copy));
    ck_assert(!get_bool(the_session, copy, CKA_TRUSTED));
    expect(CKR_KEY_NOT_WRAPPABLE, wrap(&mechanism, copy, key, out, &length));
    ok(p11->C_CopyObject(the_session, by, none.list, none.count, &copy));
    ck_assert(!get_bool(the_session, copy, CKA_TRUSTED));
}

NEWER_TEST(trusted_key_that_decrypts)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    struct template careful = {.count = 0};
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE by = trusted_key(true);

    add_bool(&careful, CKA_EXTRACTABLE, true);
    add_bool(&careful, CKA_WRAP_WITH_TRUSTED, true);
    expect(CKR_KEY_NOT_WRAPPABLE, wrap(&mechanism, by, import_aes(the_session, 32, &careful), out, &length));
}

/* CKA_TRUSTED by any call of a user's. */
NEWER_TEST(trusted_by_a_user)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0}, by_key = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_MECHANISM pair = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct template t, trusted = {.count = 0}, more = {.count = 0}, none = {.count = 0};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE laid = {CKA_TRUSTED, &yes, sizeof yes};
    CK_BYTE wrapped[40];
    CK_ULONG length = sizeof wrapped;
    CK_OBJECT_HANDLE key, other;

    add_bool(&trusted, CKA_TRUSTED, true);
    add_bool(&more, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, &more);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, by, trusted.list, trusted.count));
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, by, trusted.list, trusted.count, &key));
    secret_template(&t, CKK_AES);
    add_bytes(&t, CKA_VALUE, "0123456789abcdef", 16);
    add_bool(&t, CKA_TRUSTED, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, create_object(the_session, &t, &key));
    add_ulong(&trusted, CKA_VALUE_LEN, 16);
    expect(CKR_ATTRIBUTE_READ_ONLY,
           p11->C_GenerateKey(the_session, &generate, trusted.list, trusted.count, &key));
    remove_attribute(&trusted, CKA_VALUE_LEN);
    add_bytes(&trusted, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_GenerateKeyPair(the_session, &pair, trusted.list, trusted.count,
                                                           none.list, none.count, &key, &other));
    ok(wrap(&by_key, by, by, wrapped, &length));
    secret_template(&t, CKK_AES);
    add_bool(&t, CKA_TRUSTED, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, unwrap(&by_key, by, wrapped, length, &t, &key));
    remove_attribute(&t, CKA_TRUSTED);
    struct template lays = {.count = 0};
    add_bytes(&lays, CKA_UNWRAP_TEMPLATE, &laid, sizeof laid);
    CK_OBJECT_HANDLE layer = import_aes(the_session, 32, &lays); /* the same value as `by` */
    expect(CKR_ATTRIBUTE_READ_ONLY, unwrap(&by_key, layer, wrapped, length, &t, &key));
}

/* Bond and Clulow: a key is taken in pieces, each of them weak. No mechanism here gives less than the whole.
 */
NEWER_TEST(weaker_key_comes_back)
{
    CK_BYTE iv[16] = {1}, wrapped[64];
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv}, pad = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_MECHANISM *mechanisms[] = {&cbc, &pad, &kw};
    struct template more = {.count = 0}, t;
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL), key;

    add_bool(&more, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE strong = import_aes(the_session, 32, &more);
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        CK_ULONG length = sizeof wrapped;
        ok(wrap(mechanisms[i], by, strong, wrapped, &length));
        secret_template(&t, CKK_AES);
        add_ulong(&t, CKA_VALUE_LEN, 16);
        ck_assert(unwrap(mechanisms[i], by, wrapped, length, &t, &key) != CKR_OK);
        secret_template(&t, CKK_DES3);
        ck_assert(unwrap(mechanisms[i], by, wrapped, length, &t, &key) != CKR_OK);
        secret_template(&t, CKK_AES); /* the first half of the ciphertext */
        CK_RV rv = unwrap(mechanisms[i], by, wrapped, 16, &t, &key);
        ck_assert(i == 0 || rv != CKR_OK);
        ck_assert(i != 0 || !get_bool(the_session, key, CKA_LOCAL));
    }
    /* … which CBC can't help, having no integrity: CKA_ALLOWED_MECHANISMS keeps a wrapping key from it. */
    CK_MECHANISM_TYPE only = CKM_AES_KEY_WRAP;
    struct template allowed = {.count = 0};
    CK_ULONG length = sizeof wrapped;
    add_bytes(&allowed, CKA_ALLOWED_MECHANISMS, &only, sizeof only);
    by = import_aes(the_session, 32, &allowed);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, wrap(&cbc, by, strong, wrapped, &length));
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, unwrap(&cbc, by, wrapped, 16, &t, &key));
    ok(wrap(&kw, by, strong, wrapped, &length));
}

/* A private key's structure in blocks that can be moved about: neither ECB nor a cipher without padding. */
NEWER_TEST(private_key_in_blocks)
{
    CK_BYTE iv[16] = {1}, out[2048];
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0}, des3 = {CKM_DES3_ECB, NULL, 0},
                 cbc = {CKM_AES_CBC, iv, sizeof iv};
    struct template more = {.count = 0};
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL);

    add_bool(&more, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE keys[] = {import_rsa(the_session, &more).private_key,
                               import_ec(the_session, &more).private_key};
    for (size_t i = 0; i < 2; i++) {
        CK_ULONG length = sizeof out;
        expect(CKR_MECHANISM_INVALID, wrap(&ecb, by, keys[i], out, &length));
        expect(CKR_MECHANISM_INVALID, wrap(&des3, by, keys[i], out, &length));
        CK_RV rv = wrap(&cbc, by, keys[i], out, &length);
        ck_assert(rv == CKR_KEY_NOT_WRAPPABLE || rv == CKR_MECHANISM_INVALID);
    }
}

/* Keys out of thin air: what unwraps by chance says so, and a mechanism with a tag has none of it. */
NEWER_TEST(conjured_key)
{
    CK_BYTE iv[16] = {1}, random[48], tag[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv}, kw = {CKM_AES_KEY_WRAP, NULL, 0};
    struct gcm_message params = {iv, 12, 0, NO_GENERATE, tag, 128};
    CK_MECHANISM gcm = {CKM_AES_GCM, &params, sizeof params};
    struct template t;
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL), key;

    fill_pattern(random, sizeof random, 99);
    secret_template(&t, CKK_AES);
    ok(unwrap(&cbc, by, random, 32, &t, &key));
    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
    expect(CKR_WRAPPED_KEY_INVALID, unwrap(&kw, by, random, 40, &t, &key));
    expect(CKR_WRAPPED_KEY_INVALID, newer->C_UnwrapKeyAuthenticated(the_session, &gcm, by, random, 32, t.list,
                                                                    t.count, NULL, 0, &key));
}

/* Delaune, Kremer, Steel: a key that comes back readable. It does where its unwrapping key lets it, and no
 * other way. */
NEWER_TEST(sensitive_key_comes_back_readable)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
    CK_ATTRIBUTE laid[] = {{CKA_EXTRACTABLE, &no, sizeof no}, {CKA_SENSITIVE, &yes, sizeof yes}};
    struct template more = {.count = 0}, lays = {.count = 0}, t, tell = {.count = 0}, leave = {.count = 0};
    CK_BYTE wrapped[64], value[64];
    CK_ATTRIBUTE ask = {CKA_VALUE, value, sizeof value};
    CK_ULONG length = sizeof wrapped;
    CK_OBJECT_HANDLE key, copy;

    add_bool(&more, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE sensitive = import_aes(the_session, 32, &more);
    expect(CKR_ATTRIBUTE_SENSITIVE, p11->C_GetAttributeValue(the_session, sensitive, &ask, 1));
    add_bool(&tell, CKA_SENSITIVE, false);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, sensitive, tell.list, tell.count));
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, sensitive, tell.list, tell.count, &copy));
    add_bytes(&lays, CKA_UNWRAP_TEMPLATE, laid, sizeof laid);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, &lays);
    ok(wrap(&mechanism, by, sensitive, wrapped, &length));
    secret_template(&t, CKK_AES);
    readable(&t);
    expect(CKR_TEMPLATE_INCONSISTENT, unwrap(&mechanism, by, wrapped, length, &t, &key));
    secret_template(&t, CKK_AES);
    ok(unwrap(&mechanism, by, wrapped, length, &t, &key));
    expect(CKR_ATTRIBUTE_SENSITIVE, p11->C_GetAttributeValue(the_session, key, &ask, 1));
    add_bool(&leave, CKA_EXTRACTABLE, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(the_session, key, leave.list, leave.count));
    expect(CKR_ATTRIBUTE_READ_ONLY, p11->C_CopyObject(the_session, key, leave.list, leave.count, &copy));
    /* Its encryption as a data object's value is its encryption, not itself; a copy as another class is none.
     */
    add_ulong(&leave, CKA_CLASS, CKO_DATA);
    ck_assert(p11->C_CopyObject(the_session, key, leave.list, leave.count, &copy) != CKR_OK);
}

/* ---- points that are none ---- */

static CK_RV agree(CK_OBJECT_HANDLE key, CK_BYTE *point, CK_ULONG size)
{
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, size, point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    struct template t;
    CK_OBJECT_HANDLE secret;

    secret_template(&t, CKK_GENERIC_SECRET);
    return p11->C_DeriveKey(the_session, &mechanism, key, t.list, t.count, &secret);
}

/* Biehl, Meyer, Müller 2000: points of other curves tell a private key piece by piece. */
NEWER_TEST(invalid_curve)
{
    struct template more = {.count = 0}, t;
    CK_BYTE point[97] = {4}, infinity[1] = {0};

    add_bool(&more, CKA_DERIVE, true);
    CK_OBJECT_HANDLE key = import_ec(the_session, &more).private_key, object;
    memcpy(point, ec_point_raw, sizeof ec_point_raw);
    ok(agree(key, point, 65));
    point[64] ^= 1;
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 65));
    memset(point + 1, 0, 64); /* (0, 0) */
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 65));
    memset(point + 1, 0xff, 64); /* not below p */
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 65));
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, infinity, sizeof infinity));
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 97)); /* of a larger curve */
    expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 64));
    expect(CKR_MECHANISM_PARAM_INVALID, agree(key, point, 0));
    /* Such keys don't come in, either. */
    t.count = 0;
    ec_public_template(&t);
    remove_attribute(&t, CKA_EC_POINT);
    CK_BYTE der[67];
    memcpy(der, ec_point_der, sizeof der);
    der[66] ^= 1;
    add_bytes(&t, CKA_EC_POINT, der, sizeof der);
    expect(CKR_PUBLIC_KEY_INVALID, create_object(the_session, &t, &object));
}

/* A private key of zero, or of the group's order, makes secrets that everybody knows. */
NEWER_TEST(private_key_out_of_range)
{
    static const CK_BYTE order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                      0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const CK_BYTE zero[32] = {0};
    const CK_BYTE *values[] = {zero, order};
    CK_OBJECT_HANDLE object;

    for (size_t i = 0; i < 2; i++) {
        struct template t = {.count = 0};
        ec_private_template(&t);
        remove_attribute(&t, CKA_VALUE);
        add_bytes(&t, CKA_VALUE, values[i], 32);
        expect(CKR_ATTRIBUTE_VALUE_INVALID, create_object(the_session, &t, &object));
    }
}

static CK_OBJECT_HANDLE montgomery(const CK_BYTE *params, CK_ULONG size)
{
    CK_MECHANISM mechanism = {NEW_CKM_EC_MONTGOMERY_KEY_PAIR_GEN, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0};
    CK_OBJECT_HANDLE keys[2];

    add_bytes(&public, CKA_EC_PARAMS, params, size);
    add_bool(&private, CKA_DERIVE, true);
    ok(p11->C_GenerateKeyPair(the_session, &mechanism, public.list, public.count, private.list, private.count,
                              &keys[0], &keys[1]));
    return keys[1];
}

/* RFC 7748, section 6: what comes of a point of small order is zero, whatever the key, and is no secret. */
NEWER_TEST(small_order)
{
    static const CK_BYTE x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e}, x448[] = {0x06, 0x03, 0x2b, 0x65, 0x6f};
    static const CK_BYTE eight[2][32] = {
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57}};
    CK_OBJECT_HANDLE key = montgomery(x25519, sizeof x25519), longer = montgomery(x448, sizeof x448);
    CK_BYTE point[56] = {0};

    for (CK_BYTE low = 0; low < 2; low++) { /* 0 and 1 */
        memset(point, 0, sizeof point);
        point[0] = low;
        expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 32));
        expect(CKR_PUBLIC_KEY_INVALID, agree(longer, point, 56));
    }
    for (CK_BYTE low = 0xec; low <= 0xee; low++) { /* p − 1, p, p + 1 */
        memset(point, 0xff, 32);
        point[0] = low;
        point[31] = 0x7f;
        expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 32));
    }
    for (size_t i = 0; i < 2; i++) {
        memcpy(point, eight[i], 32);
        expect(CKR_PUBLIC_KEY_INVALID, agree(key, point, 32));
    }
    memset(point, 0xff, sizeof point); /* p − 1 and p of Curve448 */
    point[28] = 0xfe;
    point[0] = 0xfe;
    expect(CKR_PUBLIC_KEY_INVALID, agree(longer, point, 56));
    point[0] = 0xff;
    expect(CKR_PUBLIC_KEY_INVALID, agree(longer, point, 56));
}

/* Section 4.10: a private key that claims somebody else's public half. */
NEWER_TEST(foreign_public_half)
{
    struct template t = {.count = 0};
    CK_BYTE info[512];
    CK_OBJECT_HANDLE object;
    struct pair pair = import_ec(the_session, NULL), other = generate_ec(the_session, CURVE_P256, NULL);

    ec_private_template(&t);
    CK_ULONG length = get_bytes(the_session, other.public_key, CKA_PUBLIC_KEY_INFO, info, sizeof info);
    add_bytes(&t, CKA_PUBLIC_KEY_INFO, info, length);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, create_object(the_session, &t, &object));
    remove_attribute(&t, CKA_PUBLIC_KEY_INFO);
    length = get_bytes(the_session, pair.public_key, CKA_PUBLIC_KEY_INFO, info, sizeof info);
    add_bytes(&t, CKA_PUBLIC_KEY_INFO, info, length);
    ok(create_object(the_session, &t, &object));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("attacks");
    TCase *oracles = add_tcase(suite, "oracles", newer_user);
    TCase *attributes = add_tcase(suite, "attributes", newer_user);
    TCase *points = add_tcase(suite, "points", newer_user);

    tcase_add_loop_test(oracles, pkcs1_decryption_is_no_oracle, 0, MALFORMED);
    tcase_add_loop_test(oracles, pkcs1_unwrapping_is_no_oracle, 0, MALFORMED);
    tcase_add_loop_test(oracles, oaep_is_no_oracle, 0, MALFORMED);
    tcase_add_test(oracles, cbc_pad_unwrapping_is_uniform);
    tcase_add_test(oracles, cbc_pad_decryption_is_uniform);
    tcase_add_test(attributes, wrap_then_decrypt);
    tcase_add_test(attributes, trusted_key_is_bent);
    tcase_add_test(attributes, trusted_key_that_decrypts);
    tcase_add_test(attributes, trusted_by_a_user);
    tcase_add_test(attributes, weaker_key_comes_back);
    tcase_add_test(attributes, private_key_in_blocks);
    tcase_add_test(attributes, conjured_key);
    tcase_add_test(attributes, sensitive_key_comes_back_readable);
    tcase_add_test(points, invalid_curve);
    tcase_add_test(points, private_key_out_of_range);
    tcase_add_test(points, small_order);
    tcase_add_test(points, foreign_public_half);
    return harness_run(argc, argv, suite);
}
