/*
 * Memory that runs out: the n-th allocation of OpenSSL fails, for every n, in every kind of call. Each must
 * end in an error or in the right answer, leak nothing, and work again afterwards.
 *
 * CRYPTO_set_mem_functions() wants to be the first call of OpenSSL in its process, hence a program apart.
 */
#include "check-crypto.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic long allocations_left = -1; /* −1: as many as wanted */
static _Atomic long allocations_failed, allocations_live;

static bool allocation_fails(void)
{
    long left = atomic_load(&allocations_left);
    if (left < 0) {
        return false;
    }
    if (left == 0) {
        atomic_fetch_add(&allocations_failed, 1);
        return true;
    }
    atomic_store(&allocations_left, left - 1);
    return false;
}

static void *failing_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *memory = size == 0 || allocation_fails() ? NULL : malloc(size);
    atomic_fetch_add(&allocations_live, memory != NULL);
    return memory;
}

static void *failing_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (memory == NULL) {
        return failing_malloc(size, file, line);
    }
    return allocation_fails() ? NULL : realloc(memory, size);
}

static void counting_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    atomic_fetch_sub(&allocations_live, memory != NULL);
    free(memory);
}

struct scene {
    const char *name;
    uint32_t alg, size_bits;
    huks_rc (*play)(struct crypto_op *op, struct crypto_key *key);
};

static uint8_t zeros[4096];

static huks_rc play_sign(struct crypto_op *op, struct crypto_key *key, struct crypto_spec spec)
{
    uint8_t signature[512];
    size_t size = sizeof(signature);
    spec.direction = CRYPTO_SIGN;
    HUKS_TRY(crypto_op_begin(op, key, &spec));
    HUKS_TRY(crypto_op_once(op, text("message"), signature, &size));
    spec.direction = CRYPTO_VERIFY;
    HUKS_TRY(crypto_op_begin(op, key, &spec));
    return crypto_op_verify_once(op, text("message"), bytes_of(signature, size));
}

static huks_rc play_rsa(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key,
                     (struct crypto_spec){.method = CRYPTO_RSA_PKCS1, .digest = OH_HUKS_DIGEST_SHA256});
}

static huks_rc play_pss(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_RSA_PSS, .digest = HUKS_DIGEST_SHA3_256});
}

static huks_rc play_ecdsa(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_ECDSA, .digest = OH_HUKS_DIGEST_SHA256});
}

static huks_rc play_eddsa(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_EDDSA});
}

static huks_rc play_hmac(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_HMAC, .digest = HUKS_DIGEST_SHA3_512});
}

static huks_rc play_cmac(struct crypto_op *op, struct crypto_key *key)
{
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_CMAC});
}

static huks_rc play_crypt(struct crypto_op *op, struct crypto_key *key, struct crypto_spec spec)
{
    uint8_t cipher[1024], plain[1024];
    size_t size = sizeof(cipher), back = sizeof(plain);
    spec.direction = CRYPTO_ENCRYPT;
    HUKS_TRY(crypto_op_begin(op, key, &spec));
    HUKS_TRY(crypto_op_once(op, bytes_of(zeros, 32), cipher, &size));
    spec.direction = CRYPTO_DECRYPT;
    HUKS_TRY(crypto_op_begin(op, key, &spec));
    HUKS_TRY(crypto_op_update(op, bytes_of(cipher, size / 2), plain, &back));
    size_t rest = sizeof(plain) - back;
    HUKS_TRY(crypto_op_update(op, bytes_of(cipher + size / 2, size - size / 2), plain + back, &rest));
    size_t last = sizeof(plain) - back - rest;
    return crypto_op_finish(op, plain + back + rest, &last);
}

static huks_rc play_gcm(struct crypto_op *op, struct crypto_key *key)
{
    return play_crypt(op, key, (struct crypto_spec){.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_GCM,
                                                    .iv = bytes_of(zeros, 12), .aad = bytes_of(zeros, 100)});
}

static huks_rc play_ccm(struct crypto_op *op, struct crypto_key *key)
{
    return play_crypt(op, key,
                      (struct crypto_spec){.method = CRYPTO_AEAD,
                                           .mode = OH_HUKS_MODE_CCM,
                                           .data_size = CRYPTO_SIZE_UNKNOWN,
                                           .iv = bytes_of(zeros, 12),
                                           .aad = bytes_of(zeros, 100)});
}

static huks_rc play_cbc(struct crypto_op *op, struct crypto_key *key)
{
    return play_crypt(op, key,
                      (struct crypto_spec){.method = CRYPTO_CIPHER,
                                           .mode = OH_HUKS_MODE_CBC,
                                           .padding = OH_HUKS_PADDING_PKCS7,
                                           .iv = bytes_of(zeros, 16)});
}

static huks_rc play_wrap(struct crypto_op *op, struct crypto_key *key)
{
    return play_crypt(op, key, (struct crypto_spec){.method = CRYPTO_KEY_WRAP, .mode = HUKS_MODE_KWP});
}

static huks_rc play_rsa_crypt(struct crypto_op *op, struct crypto_key *key)
{
    HUKS_TRY(play_crypt(op, key, (struct crypto_spec){.method = CRYPTO_RSA_PKCS1}));
    return play_crypt(op, key, (struct crypto_spec){.method = CRYPTO_RSA_OAEP, .digest = OH_HUKS_DIGEST_SHA1,
                                                    .label = bytes_of(zeros, 10)});
}

static huks_rc play_sm2(struct crypto_op *op, struct crypto_key *key)
{
    /* Not encryption: OpenSSL 3.0's X9.63 KDF under it reads through its own failed allocation. */
    return play_sign(op, key, (struct crypto_spec){.method = CRYPTO_ECDSA, .digest = OH_HUKS_DIGEST_SM3});
}

static huks_rc play_agree(struct crypto_op *op, struct crypto_key *key)
{
    AUTO(secret_free) struct secret peer = {0};
    AUTO(secret_free) struct secret z = {0};
    (void)op;
    HUKS_TRY(crypto_key_part(key, HUKS_TAG_EC_POINT, &peer));
    struct crypto_derive_spec spec = {.method = CRYPTO_ECDH,
                                      .peer = secret_bytes(&peer),
                                      .kdf = CRYPTO_KDF_X963,
                                      .digest = OH_HUKS_DIGEST_SHA256};
    return crypto_derive(crypto, key, &spec, &z);
}

static huks_rc play_codec(struct crypto_op *op, struct crypto_key *key)
{
    AUTO(secret_free) struct secret encoded = {0};
    AUTO(key_free) struct crypto_key *decoded = NULL;
    AUTO(key_free) struct crypto_key *public = NULL;
    (void)op;
    HUKS_TRY(crypto_key_encode(key, CRYPTO_PRIVATE, &encoded));
    HUKS_TRY(crypto_key_decode(crypto, CRYPTO_PRIVATE, 0, secret_bytes(&encoded), &decoded));
    secret_free(&encoded);
    HUKS_TRY(crypto_key_encode(decoded, CRYPTO_PUBLIC, &encoded));
    return crypto_key_decode(crypto, CRYPTO_PUBLIC, 0, secret_bytes(&encoded), &public);
}

static huks_rc play_generate(struct crypto_op *op, struct crypto_key *key)
{
    (void)op;
    struct crypto_keygen spec = {.alg = crypto_key_alg(key), .size_bits = crypto_key_bits(key)};
    AUTO(key_free) struct crypto_key *made = NULL;
    return crypto_key_generate(crypto, &spec, &made);
}

static huks_rc play_seal(struct crypto_op *op, struct crypto_key *key)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    (void)op;
    (void)key;
    HUKS_TRY(crypto_seal(crypto, zeros, BYTES_NONE, text("plain"), &sealed));
    return crypto_unseal(crypto, zeros, BYTES_NONE, bytes_of(sealed.data, sealed.size), &plain);
}

static huks_rc play_scrypt(struct crypto_op *op, struct crypto_key *key)
{
    uint8_t out[32];
    (void)op;
    (void)key;
    return crypto_scrypt(crypto, text("x"), text("y"), 4, out, sizeof(out));
}

static const struct scene scenes[] = {
    {"RSA PKCS#1", OH_HUKS_ALG_RSA, 1024, play_rsa},
    {"RSA PSS", OH_HUKS_ALG_RSA, 1024, play_pss},
    {"RSA encryption", OH_HUKS_ALG_RSA, 1024, play_rsa_crypt},
    {"ECDSA", OH_HUKS_ALG_ECC, 256, play_ecdsa},
    {"EdDSA", OH_HUKS_ALG_ED25519, 0, play_eddsa},
    {"SM2", OH_HUKS_ALG_SM2, 256, play_sm2},
    {"HMAC", OH_HUKS_ALG_HMAC, 256, play_hmac},
    {"CMAC", OH_HUKS_ALG_AES, 256, play_cmac},
    {"GCM", OH_HUKS_ALG_AES, 256, play_gcm},
    {"CCM", OH_HUKS_ALG_AES, 256, play_ccm},
    {"CBC", OH_HUKS_ALG_AES, 256, play_cbc},
    {"key wrap", OH_HUKS_ALG_AES, 256, play_wrap},
    {"ECDH", OH_HUKS_ALG_ECC, 256, play_agree},
    {"X25519", OH_HUKS_ALG_X25519, 0, play_agree},
    {"RSA codec", OH_HUKS_ALG_RSA, 1024, play_codec},
    {"EC codec", OH_HUKS_ALG_ECC, 256, play_codec},
    {"Ed25519 codec", OH_HUKS_ALG_ED25519, 0, play_codec},
    {"EC generation", OH_HUKS_ALG_ECC, 256, play_generate},
    {"X25519 generation", OH_HUKS_ALG_X25519, 256, play_generate},
    {"sealing", OH_HUKS_ALG_AES, 128, play_seal},
    {"scrypt", OH_HUKS_ALG_AES, 128, play_scrypt},
};

START_TEST(allocations)
{
    const struct scene *scene = &scenes[_i];
    struct crypto_keygen keygen = {.alg = scene->alg, .size_bits = scene->size_bits};
    AUTO(key_free) struct crypto_key *key = generate(&keygen);
    AUTO(secret_free) struct secret encoded = {0};
    enum crypto_key_class class = crypto_key_class(key);
    ck_assert_int_eq(crypto_key_encode(key, class, &encoded), HUKS_OK);
    /* Once with all the memory, so that what is kept for good is there. */
    AUTO(op_free) struct crypto_op *warm = new_op();
    ck_assert_int_eq(scene->play(warm, key), HUKS_OK);
    long live = 0, failed = 0;
    for (long n = 0;; n++) {
        /* A key and an operation that nothing is prepared for yet. */
        struct crypto_key *fresh = NULL;
        struct crypto_op *op = new_op();
        ck_assert_int_eq(crypto_key_decode(crypto, class, scene->alg, secret_bytes(&encoded), &fresh),
                         HUKS_OK);
        atomic_store(&allocations_failed, 0);
        atomic_store(&allocations_left, n);
        huks_rc rc = scene->play(op, fresh);
        atomic_store(&allocations_left, -1);
        failed = atomic_load(&allocations_failed);
        ck_assert_msg(rc == HUKS_OK || failed != 0, "%s: %d without a failure at %ld", scene->name, rc, n);
        ck_assert_uint_eq(ERR_peek_error(), 0);
        /* The same operation, now with memory. */
        rc = scene->play(op, fresh);
        ck_assert_msg(rc == HUKS_OK, "%s: %d after a failure at %ld", scene->name, rc, n);
        crypto_op_free(op);
        crypto_key_unref(fresh);
        if (n == 1) {
            live = atomic_load(&allocations_live);
        }
        /* OpenSSL itself keeps a little here and there; a leak of ours would grow with every n. */
        ck_assert_msg(n < 2 || atomic_load(&allocations_live) <= live + n / 8 + 64,
                      "%s: %ld allocations more after %ld", scene->name,
                      atomic_load(&allocations_live) - live, n);
        if (failed == 0) {
            break;
        }
    }
}
END_TEST

/* The context itself, made with less memory than it takes. */
static void open_with_little(void)
{
    /* First one with enough: what libcrypto sets up once, it never tries again, or waits for itself. */
    uint8_t bytes[32];
    ck_assert_int_eq(crypto_random(crypto, bytes, sizeof(bytes)), HUKS_OK);
    for (long n = 0; n < 400; n += n < 20 ? 1 : 13) {
        struct crypto *own = NULL;
        ck_assert_int_eq(crypto_open(&own), HUKS_OK);
        atomic_store(&allocations_left, n);
        huks_rc rc = crypto_random(own, bytes, sizeof(bytes));
        atomic_store(&allocations_left, -1);
        ck_assert(rc == HUKS_OK || rc == HUKS_E_MEMORY || rc == HUKS_E_INTERNAL);
        crypto_close(own);
    }
    ck_assert_int_eq(crypto_random(crypto, bytes, sizeof(bytes)), HUKS_OK);
}

START_TEST(opening)
{
    /* OSSL_LIB_CTX_new() leaks when it fails: in a child that ends by signal, where no leak checker looks. */
    int status = 0;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        open_with_little();
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

int main(void)
{
    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, counting_free) != 1) {
        return 77; /* somebody was there before: no such test here */
    }
    Suite *suite = suite_create("crypto out of memory");
    TCase *tcase = tcase_create("allocations");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, allocations, 0, (int)(sizeof(scenes) / sizeof(scenes[0])));
    tcase_add_test(tcase, opening);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
