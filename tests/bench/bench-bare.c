/*
 * bench-module: OpenSSL as a good programmer calls it. Keys and fetched algorithms are kept; each operation
 * has a new context, but for digests, whose context is initialised again.
 */
#include "bench.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

static struct {
    EVP_PKEY *key[BENCH_KEYS];
    EVP_MD *sha256;
    EVP_CIPHER *gcm, *cbc;
    EVP_MAC *hmac;
    uint8_t signature[BENCH_KEYS][512];
    size_t signature_size[BENCH_KEYS];
    uint8_t point[65];
    uint8_t secret[32];
} bare;

static const EVP_MD *digest_of(enum bench_key key)
{
    return key == BENCH_ED25519 ? NULL : bare.sha256;
}

static size_t sign_into(enum bench_key key, const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bench_must(EVP_DigestSignInit(context, NULL, digest_of(key), NULL, bare.key[key]) == 1 &&
                   EVP_DigestSign(context, out, &room, in, size) == 1,
               "EVP_DigestSign");
    EVP_MD_CTX_free(context);
    return room;
}

void bare_make(void)
{
    static const uint8_t zeros[32];
    size_t size = 0;

    bare.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    bare.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    bare.cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    bare.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    bare.key[BENCH_RSA2048] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    bare.key[BENCH_RSA4096] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096);
    bare.key[BENCH_P256] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    bare.key[BENCH_ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bench_must(bare.sha256 != NULL && bare.gcm != NULL && bare.cbc != NULL && bare.hmac != NULL &&
                   RAND_bytes(bare.secret, sizeof bare.secret) == 1,
               "OpenSSL");
    for (enum bench_key key = BENCH_RSA2048; key <= BENCH_ED25519; key++) {
        bench_must(bare.key[key] != NULL, "EVP_PKEY_Q_keygen");
        bare.signature_size[key] =
            sign_into(key, zeros, sizeof zeros, bare.signature[key], sizeof bare.signature[key]);
    }
    bench_must(EVP_PKEY_get_octet_string_param(bare.key[BENCH_P256], OSSL_PKEY_PARAM_PUB_KEY, bare.point,
                                               sizeof bare.point, &size) == 1 &&
                   size == sizeof bare.point,
               "the public point");
}

void bare_sign(struct bench_worker *worker)
{
    (void)sign_into(worker->key, worker->in, worker->size, worker->out, 512);
}

void bare_verify(struct bench_worker *worker)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bench_must(EVP_DigestVerifyInit(context, NULL, digest_of(worker->key), NULL, bare.key[worker->key]) ==
                       1 &&
                   EVP_DigestVerify(context, bare.signature[worker->key], bare.signature_size[worker->key],
                                    worker->in, worker->size) == 1,
               "EVP_DigestVerify");
    EVP_MD_CTX_free(context);
}

void bare_agree(struct bench_worker *worker)
{
    EVP_PKEY *peer = NULL;
    size_t size = 32;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t) "P-256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bare.point, sizeof bare.point),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *importer = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bench_must(EVP_PKEY_fromdata_init(importer) == 1 &&
                   EVP_PKEY_fromdata(importer, &peer, EVP_PKEY_PUBLIC_KEY, params) == 1,
               "EVP_PKEY_fromdata");
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, bare.key[BENCH_P256], NULL);
    bench_must(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                   EVP_PKEY_derive(context, worker->out, &size) == 1,
               "EVP_PKEY_derive");
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_CTX_free(importer);
    EVP_PKEY_free(peer);
}

void bare_gcm(struct bench_worker *worker)
{
    int n = 0;
    uint8_t nonce[12] = {0};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    worker->counter++;
    memcpy(nonce, &worker->counter, sizeof worker->counter);
    bench_must(EVP_EncryptInit_ex2(context, bare.gcm, bare.secret, nonce, NULL) == 1 &&
                   EVP_EncryptUpdate(context, worker->out, &n, worker->in, (int)worker->size) == 1 &&
                   EVP_EncryptFinal_ex(context, worker->out + n, &n) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, worker->out + worker->size) == 1,
               "AES-GCM");
    EVP_CIPHER_CTX_free(context);
}

void bare_cbc(struct bench_worker *worker)
{
    int n = 0;
    uint8_t iv[16] = {0};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    worker->counter++;
    memcpy(iv, &worker->counter, sizeof worker->counter);
    bench_must(EVP_EncryptInit_ex2(context, bare.cbc, bare.secret, iv, NULL) == 1 &&
                   EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                   EVP_EncryptUpdate(context, worker->out, &n, worker->in, (int)worker->size) == 1 &&
                   EVP_EncryptFinal_ex(context, worker->out + n, &n) == 1,
               "AES-CBC");
    EVP_CIPHER_CTX_free(context);
}

void bare_hmac(struct bench_worker *worker)
{
    size_t n = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(bare.hmac);
    bench_must(EVP_MAC_init(context, bare.secret, sizeof bare.secret, params) == 1 &&
                   EVP_MAC_update(context, worker->in, worker->size) == 1 &&
                   EVP_MAC_final(context, worker->out, &n, 32) == 1,
               "HMAC");
    EVP_MAC_CTX_free(context);
}

void bare_digest(struct bench_worker *worker)
{
    unsigned n = 0;
    bench_must(EVP_DigestInit_ex2(worker->digest, bare.sha256, NULL) == 1 &&
                   EVP_DigestUpdate(worker->digest, worker->in, worker->size) == 1 &&
                   EVP_DigestFinal_ex(worker->digest, worker->out, &n) == 1,
               "SHA-256");
}

void bare_random(struct bench_worker *worker)
{
    bench_must(RAND_bytes(worker->out, (int)worker->size) == 1, "RAND_bytes");
}

void bare_pair(struct bench_worker *worker)
{
    (void)worker;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    bench_must(key != NULL, "EVP_PKEY_Q_keygen");
    EVP_PKEY_free(key);
}
