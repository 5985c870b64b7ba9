/* See envelope.h. */
#include "envelope.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

static void put(struct fields *fields, const void *bytes, size_t size)
{
    ck_assert(fields->count < 10 && size <= sizeof fields->bytes[0]);
    memcpy(fields->bytes[fields->count], bytes, size);
    fields->size[fields->count++] = (uint32_t)size;
}

static void put_u32(struct fields *fields, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};

    put(fields, bytes, sizeof bytes);
}

void join_fields(const struct fields *fields, struct material *out)
{
    out->size = 0;
    for (int i = 0; i < fields->count; i++) {
        const uint32_t size = fields->size[i];

        ck_assert_uint_le(out->size + 4 + size, sizeof out->bytes);
        out->bytes[out->size++] = (uint8_t)size;
        out->bytes[out->size++] = (uint8_t)(size >> 8);
        out->bytes[out->size++] = (uint8_t)(size >> 16);
        out->bytes[out->size++] = (uint8_t)(size >> 24);
        memcpy(out->bytes + out->size, fields->bytes[i], size);
        out->size += size;
    }
}

/* ---- Agreement and AES-256-GCM --------------------------------------------------------------------------
 */

static EVP_PKEY *peer_of(const struct material *receiver, bool raw)
{
    const uint8_t *at = receiver->bytes;

    return raw ? EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, receiver->bytes, receiver->size)
               : d2i_PUBKEY(NULL, &at, receiver->size);
}

static void agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[32])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    size_t size = 32;

    ck_assert(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
              EVP_PKEY_derive(context, secret, &size) == 1 && size == 32);
    EVP_PKEY_CTX_free(context);
}

/* AAD, nonce and tag are put; the ciphertext, as long as the text, comes out. */
static void seal_gcm(const uint8_t key[32], const void *text, uint32_t size, struct fields *fields,
                     uint8_t *sealed)
{
    uint8_t aad[16], nonce[12], authentic[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;

    ck_assert(RAND_bytes(aad, sizeof aad) == 1 && RAND_bytes(nonce, sizeof nonce) == 1);
    ck_assert(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
              EVP_EncryptUpdate(context, NULL, &written, aad, sizeof aad) == 1 &&
              EVP_EncryptUpdate(context, sealed, &written, text, (int)size) == 1 &&
              EVP_EncryptFinal_ex(context, sealed + size, &written) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, authentic) == 1);
    EVP_CIPHER_CTX_free(context);
    put(fields, aad, sizeof aad);
    put(fields, nonce, sizeof nonce);
    put(fields, authentic, sizeof authentic);
}

void seal_agreed(const struct material *receiver, uint32_t suite, const void *material, uint32_t size,
                 struct fields *out)
{
    bool raw = suite == OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING;
    EVP_PKEY *own = openssl_key(raw ? OH_HUKS_ALG_X25519 : OH_HUKS_ALG_ECC, 256);
    EVP_PKEY *peer = peer_of(receiver, raw);
    struct material public;
    uint8_t shared[32], kek[32], sealed[2048];

    out->count = 0;
    public_bytes(own, raw ? OH_HUKS_ALG_X25519 : OH_HUKS_ALG_ECC, &public);
    put(out, public.bytes, public.size);
    agree(own, peer, shared);
    ck_assert(RAND_bytes(kek, sizeof kek) == 1);
    seal_gcm(shared, kek, sizeof kek, out, sealed);
    put(out, sealed, sizeof kek);
    seal_gcm(kek, material, size, out, sealed);
    put_u32(out, size);
    put(out, sealed, size);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
}

/* ---- SM2, SM3, SM4 --------------------------------------------------------------------------------------
 */

static size_t encrypt_sm2(const struct material *receiver, const uint8_t *text, size_t size, uint8_t *out,
                          size_t room)
{
    EVP_PKEY *peer = peer_of(receiver, false);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);

    ck_assert(EVP_PKEY_encrypt_init(context) == 1 && EVP_PKEY_encrypt(context, out, &room, text, size) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return room;
}

/* SM3 of key, factor and the number 1. */
static void derive_sm3(const uint8_t *kek, size_t size, const char *factor, uint8_t key[16])
{
    static const uint8_t one[4] = {0, 0, 0, 1};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t hash[32];

    ck_assert(EVP_DigestInit_ex(context, EVP_sm3(), NULL) == 1 && EVP_DigestUpdate(context, kek, size) == 1 &&
              EVP_DigestUpdate(context, factor, strlen(factor)) == 1 &&
              EVP_DigestUpdate(context, one, sizeof one) == 1 &&
              EVP_DigestFinal_ex(context, hash, NULL) == 1);
    EVP_MD_CTX_free(context);
    memcpy(key, hash, 16);
}

static size_t encrypt_sm4(const EVP_CIPHER *cipher, const uint8_t key[16], const uint8_t *iv, bool pads,
                          const void *text, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int first = 0, last = 0;

    ck_assert(EVP_EncryptInit_ex(context, cipher, NULL, key, iv) == 1 &&
              EVP_CIPHER_CTX_set_padding(context, pads) == 1 &&
              EVP_EncryptUpdate(context, out, &first, text, (int)size) == 1 &&
              EVP_EncryptFinal_ex(context, out + first, &last) == 1);
    EVP_CIPHER_CTX_free(context);
    return (size_t)first + (size_t)last;
}

static size_t sign_sm2(EVP_PKEY *sender, const uint8_t *text, size_t size, uint8_t *signature, size_t room)
{
    static const char name[] = "1234567812345678";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = EVP_PKEY_CTX_new(sender, NULL);

    ck_assert(EVP_PKEY_CTX_set1_id(inner, name, (int)sizeof name - 1) == 1);
    EVP_MD_CTX_set_pkey_ctx(context, inner);
    ck_assert(EVP_DigestSignInit(context, NULL, EVP_sm3(), NULL, sender) == 1 &&
              EVP_DigestSign(context, signature, &room, text, size) == 1);
    EVP_PKEY_CTX_free(inner);
    EVP_MD_CTX_free(context);
    return room;
}

void seal_sm2(const struct material *receiver, EVP_PKEY *sender, const void *material, uint32_t size,
              struct fields *out)
{
    uint8_t both[16 + 80], sealed[2100], key[16], iv[16], mac[32];
    struct material public;
    size_t signature = 0, length;

    out->count = 0;
    ck_assert(RAND_bytes(both, 16) == 1 && RAND_bytes(iv, sizeof iv) == 1);
    if (sender != NULL) {
        public_bytes(sender, OH_HUKS_ALG_SM2, &public);
        signature = sign_sm2(sender, both, 16, both + 16, sizeof both - 16);
        put(out, public.bytes, public.size);
        put_u32(out, (uint32_t)signature);
    }
    length = encrypt_sm2(receiver, both, 16 + signature, sealed, sizeof sealed);
    put(out, sealed, length);
    put_u32(out, 16);
    put(out, "The factor1", 11);
    put(out, "The factor2", 11);
    derive_sm3(both, 16, "The factor1", key);
    length = encrypt_sm4(EVP_sm4_cbc(), key, iv, true, material, size, sealed);
    derive_sm3(both, 16, "The factor2", key);
    ck_assert(HMAC(EVP_sm3(), key, sizeof key, sealed, length, mac, NULL) != NULL);
    put(out, mac, sizeof mac);
    put(out, sealed, length);
    put(out, iv, sizeof iv);
    put_u32(out, size);
}

void seal_bare(const struct material *receiver, const void *value, uint32_t size, struct fields *out)
{
    uint8_t key[16], sealed[2100];
    size_t length;

    out->count = 0;
    ck_assert(RAND_bytes(key, sizeof key) == 1);
    length = encrypt_sm2(receiver, key, sizeof key, sealed, sizeof sealed);
    put(out, sealed, length);
    length = encrypt_sm4(EVP_sm4_ecb(), key, NULL, false, value, size, sealed);
    put(out, sealed, length);
}
