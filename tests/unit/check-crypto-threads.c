/*
 * Threads: one context and the same keys for all of them, each with operations of its own, from the very
 * first use on.
 */
#include "check-crypto.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8
#define ROUNDS  60

static struct crypto_key *keys[5];
static struct crypto_key *publics[5];
static pthread_barrier_t start;
static _Atomic int failures;

static huks_rc sign_and_verify(struct crypto_op *op, int i, struct crypto_spec spec)
{
    uint8_t signature[256];
    size_t size = sizeof(signature);
    spec.direction = CRYPTO_SIGN;
    HUKS_TRY(crypto_op_begin(op, keys[i], &spec));
    HUKS_TRY(crypto_op_once(op, text("message"), signature, &size));
    spec.direction = CRYPTO_VERIFY;
    HUKS_TRY(crypto_op_begin(op, publics[i] != NULL ? publics[i] : keys[i], &spec));
    return crypto_op_verify_once(op, text("message"), bytes_of(signature, size));
}

static huks_rc seal_and_open(struct crypto_op *op)
{
    uint8_t nonce[12], cipher[64], plain[64];
    size_t size = sizeof(cipher), back = sizeof(plain);
    HUKS_TRY(crypto_random_public(crypto, nonce, sizeof(nonce)));
    struct crypto_spec spec = {.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_GCM, .direction = CRYPTO_ENCRYPT,
                               .iv = BYTES_OF(nonce)};
    HUKS_TRY(crypto_op_begin(op, keys[3], &spec));
    HUKS_TRY(crypto_op_once(op, text("message"), cipher, &size));
    spec.direction = CRYPTO_DECRYPT;
    HUKS_TRY(crypto_op_begin(op, keys[3], &spec));
    HUKS_TRY(crypto_op_once(op, bytes_of(cipher, size), plain, &back));
    return bytes_equal(bytes_of(plain, back), text("message")) ? HUKS_OK : HUKS_E_CRYPTO;
}

static huks_rc agree(void)
{
    AUTO(secret_free) struct secret point = {0};
    AUTO(secret_free) struct secret z = {0};
    HUKS_TRY(crypto_key_part(publics[0], HUKS_TAG_EC_POINT, &point));
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH, .peer = secret_bytes(&point)};
    return crypto_derive(crypto, keys[0], &spec, &z);
}

static huks_rc seal(void)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    static const uint8_t key[32] = {5};
    HUKS_TRY(crypto_seal(crypto, key, BYTES_NONE, text("plain"), &sealed));
    return crypto_unseal(crypto, key, BYTES_NONE, bytes_of(sealed.data, sealed.size), &plain);
}

static huks_rc codec(void)
{
    AUTO(secret_free) struct secret encoded = {0};
    AUTO(key_free) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_key_encode(keys[0], CRYPTO_PRIVATE, &encoded));
    return crypto_key_decode(crypto, CRYPTO_PRIVATE, 0, secret_bytes(&encoded), &key);
}

static void *work(void *unused)
{
    struct crypto_op *op = NULL;
    huks_rc rc = crypto_op_new(crypto, &op);
    (void)unused;
    pthread_barrier_wait(&start);
    for (int i = 0; rc == HUKS_OK && i < ROUNDS; i++) {
        rc = sign_and_verify(op, 0,
                             (struct crypto_spec){.method = CRYPTO_ECDSA, .digest = OH_HUKS_DIGEST_SHA256});
        rc = rc != HUKS_OK ? rc
                           : sign_and_verify(op, 1,
                                             (struct crypto_spec){.method = CRYPTO_RSA_PKCS1,
                                                                  .digest = HUKS_DIGEST_SHA3_256});
        rc = rc != HUKS_OK ? rc : sign_and_verify(op, 2, (struct crypto_spec){.method = CRYPTO_EDDSA});
        rc = rc != HUKS_OK
                 ? rc
                 : sign_and_verify(
                       op, 4, (struct crypto_spec){.method = CRYPTO_HMAC, .digest = OH_HUKS_DIGEST_SHA256});
        rc = rc != HUKS_OK ? rc : seal_and_open(op);
        rc = rc != HUKS_OK ? rc : agree();
        rc = rc != HUKS_OK ? rc : seal();
        rc = rc != HUKS_OK ? rc : codec();
    }
    crypto_op_free(op);
    atomic_fetch_add(&failures, rc != HUKS_OK);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
    ck_assert_int_eq(failures, 0);
}

START_TEST(shared_keys)
{
    static const struct crypto_keygen specs[] = {
        {.alg = OH_HUKS_ALG_ECC, .size_bits = 256}, {.alg = OH_HUKS_ALG_RSA, .size_bits = 1024},
        {.alg = OH_HUKS_ALG_ED25519},               {.alg = OH_HUKS_ALG_AES, .size_bits = 256},
        {.alg = OH_HUKS_ALG_HMAC, .size_bits = 256},
    };
    for (int i = 0; i < 5; i++) {
        keys[i] = generate(&specs[i]);
        publics[i] = i < 3 ? public_half(keys[i]) : NULL;
    }
    run_threads();
    for (int i = 0; i < 5; i++) {
        crypto_key_unref(keys[i]);
        crypto_key_unref(publics[i]);
    }
}
END_TEST

static void *first_use(void *own)
{
    uint8_t bytes[16], hash[32];
    pthread_barrier_wait(&start);
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_X25519};
    AUTO(key_free) struct crypto_key *key = NULL;
    huks_rc rc = crypto_random(own, bytes, sizeof(bytes));
    rc = rc != HUKS_OK ? rc : crypto_key_generate(own, &keygen, &key);
    rc = rc != HUKS_OK ? rc : crypto_scrypt(own, text("a"), text("b"), 2, hash, sizeof(hash));
    rc = rc != HUKS_OK ? rc : (crypto_has_digest(own, HUKS_DIGEST_SHA3_384) ? HUKS_OK : HUKS_E_NOT_SUPPORTED);
    atomic_fetch_add(&failures, rc != HUKS_OK);
    return NULL;
}

START_TEST(first_uses)
{
    /* All at once into a context that nothing has been done with yet, and into several of them. */
    for (int round = 0; round < 20; round++) {
        pthread_t threads[THREADS];
        struct crypto *own[2] = {NULL};
        ck_assert_int_eq(crypto_open(&own[0]), HUKS_OK);
        ck_assert_int_eq(crypto_open(&own[1]), HUKS_OK);
        ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
        for (int i = 0; i < THREADS; i++) {
            ck_assert_int_eq(pthread_create(&threads[i], NULL, first_use, own[i % 2]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        pthread_barrier_destroy(&start);
        crypto_close(own[0]);
        crypto_close(own[1]);
    }
    ck_assert_int_eq(failures, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto threads");
    TCase *tcase = tcase_create("threads");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, first_uses);
    tcase_add_test(tcase, shared_keys);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
