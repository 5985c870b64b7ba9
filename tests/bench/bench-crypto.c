/*
 * The crypto engine against OpenSSL as a good programmer calls it (keys and fetched algorithms kept, a new
 * context for each operation), in alternating short rounds of one process: median of the ratios.
 *
 *   bench-crypto [ROUNDS [NAME]]     25 rounds; NAME: only rows that begin so
 */
#define CRYPTO_ONCE CRYPTO_ONCE_OF_LIBCRYPTO
#include <openssl/crypto.h>
#undef CRYPTO_ONCE
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/key.h"
#include "crypto/op.h"

#define ROUND_NS 4000000.0

struct bench {
    struct crypto *crypto;
    struct crypto_op *op;
    struct crypto_key *key, *public;
    struct crypto_spec spec;
    EVP_PKEY *pkey;
    EVP_CIPHER *cipher;
    EVP_MD *md;
    EVP_MAC *mac;
    uint8_t point[65], signature[512], their_signature[512];
    size_t point_size, signature_size, their_signature_size, size;
};
static uint8_t in[1 << 20], out[(1 << 20) + 64], secret_value[32] = {1}, nonce[16];

static void must(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "bench-crypto: %s failed\n", what);
        exit(2);
    }
}

/* ---- ours ---- */

static void ours_once(struct bench *b)
{
    size_t size = sizeof(out);
    nonce[0]++;
    must(crypto_op_begin(b->op, b->key, &b->spec) == HUKS_OK &&
             crypto_op_once(b->op, bytes_of(in, b->size), out, &size) == HUKS_OK,
         "our operation");
}

static void ours_verify(struct bench *b)
{
    must(crypto_op_begin(b->op, b->public, &b->spec) == HUKS_OK &&
             crypto_op_verify_once(b->op, bytes_of(in, b->size), bytes_of(b->signature, b->signature_size)) ==
                 HUKS_OK,
         "our verification");
}

static void ours_agree(struct bench *b)
{
    struct secret z = {0};
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = bytes_of(b->point, b->point_size)};
    must(crypto_derive(b->crypto, b->key, &spec, &z) == HUKS_OK, "our agreement");
    secret_free(&z);
}

static void ours_random(struct bench *b)
{
    must(crypto_random_public(b->crypto, out, b->size) == HUKS_OK, "our random bytes");
}

static void ours_generate(struct bench *b)
{
    struct crypto_keygen spec = {.alg = OH_HUKS_ALG_ECC, .size_bits = 256};
    struct crypto_key *key = NULL;
    must(crypto_key_generate(b->crypto, &spec, &key) == HUKS_OK, "our generation");
    crypto_key_unref(key);
}

/* ---- theirs ---- */

static void theirs_aead(struct bench *b)
{
    int n = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    nonce[0]++;
    must(EVP_EncryptInit_ex2(context, b->cipher, secret_value, nonce, NULL) == 1 &&
             EVP_EncryptUpdate(context, out, &n, in, (int)b->size) == 1 &&
             EVP_EncryptFinal_ex(context, out + n, &n) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + b->size) == 1,
         "EVP AEAD");
    EVP_CIPHER_CTX_free(context);
}

static void theirs_cbc(struct bench *b)
{
    int n = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    must(EVP_EncryptInit_ex2(context, b->cipher, secret_value, nonce, NULL) == 1 &&
             EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
             EVP_EncryptUpdate(context, out, &n, in, (int)b->size) == 1 &&
             EVP_EncryptFinal_ex(context, out + n, &n) == 1,
         "EVP cipher");
    EVP_CIPHER_CTX_free(context);
}

static void theirs_hmac(struct bench *b)
{
    size_t n = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(b->mac);
    must(EVP_MAC_init(context, secret_value, 32, params) == 1 && EVP_MAC_update(context, in, b->size) == 1 &&
             EVP_MAC_final(context, out, &n, 32) == 1,
         "EVP MAC");
    EVP_MAC_CTX_free(context);
}

static void theirs_digest(struct bench *b)
{
    static EVP_MD_CTX *context;
    unsigned int n = 0;
    if (context == NULL) {
        context = EVP_MD_CTX_new();
    }
    must(EVP_DigestInit_ex2(context, b->md, NULL) == 1 && EVP_DigestUpdate(context, in, b->size) == 1 &&
             EVP_DigestFinal_ex(context, out, &n) == 1,
         "EVP digest");
}

static void theirs_sign(struct bench *b)
{
    size_t n = sizeof(out);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, b->md, NULL, b->pkey) == 1 &&
             EVP_DigestSign(context, out, &n, in, b->size) == 1,
         "EVP signature");
    EVP_MD_CTX_free(context);
}

static void theirs_verify(struct bench *b)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit(context, NULL, b->md, NULL, b->pkey) == 1 &&
             EVP_DigestVerify(context, b->their_signature, b->their_signature_size, in, b->size) == 1,
         "EVP verification");
    EVP_MD_CTX_free(context);
}

static void theirs_agree(struct bench *b)
{
    size_t n = sizeof(out);
    EVP_PKEY *peer = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t) "P-256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, b->point, b->point_size),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *importer = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(EVP_PKEY_fromdata_init(importer) == 1 &&
             EVP_PKEY_fromdata(importer, &peer, EVP_PKEY_PUBLIC_KEY, params) == 1,
         "EVP import");
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, b->pkey, NULL);
    must(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
             EVP_PKEY_derive(context, out, &n) == 1,
         "EVP agreement");
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_CTX_free(importer);
    EVP_PKEY_free(peer);
}

static void theirs_random(struct bench *b)
{
    must(RAND_bytes(out, (int)b->size) == 1, "RAND_bytes");
}

static void theirs_generate(struct bench *b)
{
    (void)b;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    must(key != NULL, "EVP generation");
    EVP_PKEY_free(key);
}

/* ---- rows ---- */

static const struct row {
    const char *name;
    uint32_t alg, bits;
    struct crypto_spec spec;
    const char *cipher, *md;
    size_t size;
    void (*ours)(struct bench *b);
    void (*theirs)(struct bench *b);
    double wanted;
} rows[] = {
#define GCM(size, wanted)                                                                                    \
    {"AES-256-GCM " #size, OH_HUKS_ALG_AES, 256,                                                             \
     {.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_GCM, .iv = {nonce, 12}}, "AES-256-GCM", NULL, size,        \
     ours_once, theirs_aead, wanted}
#define CBC(size, wanted)                                                                                    \
    {"AES-256-CBC " #size, OH_HUKS_ALG_AES, 256,                                                             \
     {.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CBC, .iv = {nonce, 16}}, "AES-256-CBC", NULL, size,      \
     ours_once, theirs_cbc, wanted}
#define HMAC(size, wanted)                                                                                   \
    {"HMAC-SHA-256 " #size, OH_HUKS_ALG_HMAC, 256,                                                           \
     {.method = CRYPTO_HMAC, .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SHA256}, NULL, "SHA256",     \
     size, ours_once, theirs_hmac, wanted}
#define SHA(size, wanted)                                                                                    \
    {"SHA-256 " #size, 0, 0,                                                                                 \
     {.method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = OH_HUKS_DIGEST_SHA256}, NULL, "SHA256",   \
     size, ours_once, theirs_digest, wanted}
    GCM(16, 0.60),
    GCM(1024, 0.75),
    GCM(16384, 0.95),
    GCM(1048576, 0.98),
    CBC(16, 0.60),
    CBC(1024, 0.75),
    CBC(16384, 0.95),
    HMAC(64, 0.80),
    HMAC(16384, 0.97),
    SHA(64, 0.75),
    SHA(16384, 0.98),
    {"RSA-2048 sign",
     OH_HUKS_ALG_RSA,
     2048,
     {.method = CRYPTO_RSA_PKCS1, .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SHA256},
     NULL,
     "SHA256",
     32,
     ours_once,
     theirs_sign,
     0.97},
    {"RSA-2048 verify",
     OH_HUKS_ALG_RSA,
     2048,
     {.method = CRYPTO_RSA_PKCS1, .direction = CRYPTO_VERIFY, .digest = OH_HUKS_DIGEST_SHA256},
     NULL,
     "SHA256",
     32,
     ours_verify,
     theirs_verify,
     0.90},
    {"RSA-2048 PSS sign",
     OH_HUKS_ALG_RSA,
     2048,
     {.method = CRYPTO_RSA_PSS,
      .direction = CRYPTO_SIGN,
      .digest = OH_HUKS_DIGEST_SHA256,
      .salt_size = CRYPTO_SALT_DIGEST},
     NULL,
     "SHA256",
     32,
     ours_once,
     theirs_sign,
     0.97},
    {"ECDSA P-256 sign",
     OH_HUKS_ALG_ECC,
     256,
     {.method = CRYPTO_ECDSA, .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SHA256},
     NULL,
     "SHA256",
     32,
     ours_once,
     theirs_sign,
     0.95},
    {"ECDSA P-256 verify",
     OH_HUKS_ALG_ECC,
     256,
     {.method = CRYPTO_ECDSA, .direction = CRYPTO_VERIFY, .digest = OH_HUKS_DIGEST_SHA256},
     NULL,
     "SHA256",
     32,
     ours_verify,
     theirs_verify,
     0.95},
    {"Ed25519 sign",
     OH_HUKS_ALG_ED25519,
     256,
     {.method = CRYPTO_EDDSA, .direction = CRYPTO_SIGN},
     NULL,
     NULL,
     32,
     ours_once,
     theirs_sign,
     0.95},
    {"ECDH P-256",
     OH_HUKS_ALG_ECC,
     256,
     {.method = CRYPTO_NONE},
     NULL,
     NULL,
     32,
     ours_agree,
     theirs_agree,
     1.10},
    {"random 32", 0, 0, {.method = CRYPTO_NONE}, NULL, NULL, 32, ours_random, theirs_random, 1.50},
    {"EC P-256 pair", 0, 0, {.method = CRYPTO_NONE}, NULL, NULL, 32, ours_generate, theirs_generate, 0.80},
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_calls(void (*call)(struct bench *), struct bench *b, size_t count)
{
    double from = now_ns();
    for (size_t i = 0; i < count; i++) {
        call(b);
    }
    return (now_ns() - from) / (double)count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void make_keys(struct bench *b, const struct row *row)
{
    if (row->alg == OH_HUKS_ALG_AES || row->alg == OH_HUKS_ALG_HMAC) {
        must(crypto_key_decode(b->crypto, CRYPTO_SECRET, row->alg, BYTES_OF(secret_value), &b->key) ==
                 HUKS_OK,
             "key");
    } else if (row->alg != 0) {
        struct crypto_keygen spec = {.alg = row->alg, .size_bits = row->bits};
        struct secret info = {0}, encoded = {0};
        must(crypto_key_generate(b->crypto, &spec, &b->key) == HUKS_OK &&
                 crypto_key_encode(b->key, CRYPTO_PUBLIC, &info) == HUKS_OK &&
                 crypto_key_encode(b->key, CRYPTO_PRIVATE, &encoded) == HUKS_OK &&
                 crypto_key_decode(b->crypto, CRYPTO_PUBLIC, row->alg, secret_bytes(&info), &b->public) ==
                     HUKS_OK,
             "key");
        const uint8_t *at = encoded.data;
        b->pkey = d2i_AutoPrivateKey(NULL, &at, (long)encoded.size);
        must(b->pkey != NULL, "key");
        secret_free(&info);
        secret_free(&encoded);
        if (row->alg == OH_HUKS_ALG_ECC) {
            struct secret point = {0};
            must(crypto_key_part(b->key, HUKS_TAG_EC_POINT, &point) == HUKS_OK, "point");
            memcpy(b->point, point.data, point.size);
            b->point_size = point.size;
            secret_free(&point);
        }
    }
    if (row->spec.direction == CRYPTO_VERIFY) {
        struct crypto_spec spec = row->spec;
        spec.direction = CRYPTO_SIGN;
        b->signature_size = sizeof(b->signature);
        must(crypto_op_begin(b->op, b->key, &spec) == HUKS_OK &&
                 crypto_op_once(b->op, bytes_of(in, row->size), b->signature, &b->signature_size) == HUKS_OK,
             "signature");
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        b->their_signature_size = sizeof(b->their_signature);
        must(EVP_DigestSignInit(context, NULL, b->md, NULL, b->pkey) == 1 &&
                 EVP_DigestSign(context, b->their_signature, &b->their_signature_size, in, row->size) == 1,
             "EVP signature");
        EVP_MD_CTX_free(context);
    }
}

static void measure(struct crypto *crypto, const struct row *row, size_t rounds)
{
    struct bench b = {.crypto = crypto, .spec = row->spec, .size = row->size};
    double *ratios = calloc(rounds, sizeof(*ratios)), best_ours = 1e12, best_theirs = 1e12;
    must(ratios != NULL && crypto_op_new(crypto, &b.op) == HUKS_OK, "operation");
    b.cipher = row->cipher != NULL ? EVP_CIPHER_fetch(NULL, row->cipher, NULL) : NULL;
    b.md = row->md != NULL ? EVP_MD_fetch(NULL, row->md, NULL) : NULL;
    b.mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    make_keys(&b, row);
    row->ours(&b);
    row->theirs(&b);
    double one = time_calls(row->theirs, &b, 3);
    size_t count = (size_t)(ROUND_NS / one) + 1;
    for (size_t i = 0; i < rounds; i++) {
        double ours = time_calls(row->ours, &b, count), theirs = time_calls(row->theirs, &b, count);
        ratios[i] = theirs / ours;
        best_ours = ours < best_ours ? ours : best_ours;
        best_theirs = theirs < best_theirs ? theirs : best_theirs;
    }
    qsort(ratios, rounds, sizeof(*ratios), compare);
    printf("%-22s %10.3f %10.3f %8.2f  (%.2f … %.2f)   wanted %.2f\n", row->name, best_ours / 1000,
           best_theirs / 1000, ratios[rounds / 2], ratios[rounds / 10], ratios[rounds - 1 - rounds / 10],
           row->wanted);
    fflush(stdout);
    free(ratios);
    crypto_op_free(b.op);
    crypto_key_unref(b.key);
    crypto_key_unref(b.public);
    EVP_PKEY_free(b.pkey);
    EVP_CIPHER_free(b.cipher);
    EVP_MD_free(b.md);
    EVP_MAC_free(b.mac);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? (size_t)atol(argv[1]) : 25;
    struct crypto *crypto = NULL;
    must(rounds >= 3 && crypto_open(&crypto) == HUKS_OK, "opening");
    printf("%-22s %10s %10s %8s\n", "", "ours, µs", "EVP, µs", "ratio");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (argc < 3 || strncmp(rows[i].name, argv[2], strlen(argv[2])) == 0) {
            measure(crypto, &rows[i], rounds);
        }
    }
    crypto_close(crypto);
    return 0;
}
