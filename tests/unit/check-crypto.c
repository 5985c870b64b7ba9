/*
 * The context: random bytes, sealing, digests and their saved state, and being a guest: the host's error
 * queue, configuration, default context and ENGINEs stay out of it, and a forked child starts anew.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "check-crypto.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- random ---- */

START_TEST(random_bytes)
{
    static uint8_t seen[2000][16];
    uint8_t large[5000] = {0}, zeros[5000] = {0};
    for (int i = 0; i < COUNT(seen); i++) {
        ck_assert_int_eq(crypto_random_public(crypto, seen[i], 16), HUKS_OK);
        for (int j = i > 60 ? i - 60 : 0; j < i; j++) {
            ck_assert_int_ne(memcmp(seen[i], seen[j], 16), 0);
        }
    }
    ck_assert_int_eq(crypto_random_public(crypto, large, sizeof(large)), HUKS_OK);
    ck_assert_int_ne(memcmp(large + 4000, zeros, 1000), 0);
    ck_assert_int_eq(crypto_random(crypto, large, sizeof(large)), HUKS_OK);
    ck_assert_int_eq(crypto_random(crypto, NULL, 0), HUKS_OK);
    ck_assert_int_eq(crypto_random_public(crypto, NULL, 0), HUKS_OK);
    ck_assert_int_eq(crypto_random_seed(crypto, "seed", 4), HUKS_OK);
    ck_assert_int_eq(crypto_random_seed(crypto, NULL, 0), HUKS_OK);
    for (size_t size = 1; size < 300; size++) {
        memset(large, 0, size + 1);
        ck_assert_int_eq(crypto_random_public(crypto, large, size), HUKS_OK);
        ck_assert_uint_eq(large[size], 0);
    }
}
END_TEST

START_TEST(random_fork)
{
    /* Parent and child, with a buffer filled before the fork, never give the same bytes. */
    uint8_t mine[32], theirs[32], first[16];
    int pipes[2];
    ck_assert_int_eq(crypto_random_public(crypto, first, sizeof(first)), HUKS_OK);
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct crypto *own = NULL;
        if (crypto_open(&own) != HUKS_OK || crypto_random_public(own, theirs, sizeof(theirs)) != HUKS_OK ||
            write(pipes[1], theirs, sizeof(theirs)) != sizeof(theirs)) {
            _exit(1);
        }
        crypto_close(own);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(crypto_random_public(crypto, mine, sizeof(mine)), HUKS_OK);
    ck_assert_int_eq(read(pipes[0], theirs, sizeof(theirs)), sizeof(theirs));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_ne(memcmp(mine, theirs, 32), 0);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

/* ---- sealing ---- */

START_TEST(seals)
{
    uint8_t key[32] = {1}, other[32] = {2}, plain[1000];
    memset(plain, 'p', sizeof(plain));
    for (size_t size = 0; size <= sizeof(plain); size += 111) {
        AUTO(buffer_free) struct buffer sealed = {0};
        AUTO(secret_free) struct secret opened = {0};
        ck_assert_int_eq(buffer_append(&sealed, "front", 5), HUKS_OK);
        ck_assert_int_eq(crypto_seal(crypto, key, text("place"), bytes_of(plain, size), &sealed), HUKS_OK);
        ck_assert_uint_eq(sealed.size, 5 + size + CRYPTO_SEAL_OVERHEAD);
        struct bytes body = bytes_of(sealed.data + 5, sealed.size - 5);
        ck_assert_int_eq(crypto_unseal(crypto, key, text("place"), body, &opened), HUKS_OK);
        ck_assert(bytes_equal(secret_bytes(&opened), bytes_of(plain, size)));
        secret_free(&opened);
        ck_assert_int_eq(crypto_unseal(crypto, other, text("place"), body, &opened), HUKS_E_INTERNAL);
        ck_assert_int_eq(crypto_unseal(crypto, key, text("elsewhere"), body, &opened), HUKS_E_INTERNAL);
        ck_assert_ptr_null(opened.data);
        for (size_t i = 0; i < body.size; i += 13) {
            sealed.data[5 + i] ^= 1;
            ck_assert_int_eq(crypto_unseal(crypto, key, text("place"), body, &opened), HUKS_E_INTERNAL);
            sealed.data[5 + i] ^= 1;
        }
        for (size_t i = 0; i < body.size; i += 97) {
            ck_assert_int_eq(crypto_unseal(crypto, key, text("place"), bytes_of(body.data, i), &opened),
                             HUKS_E_INTERNAL);
        }
        ck_assert_int_eq(crypto_unseal(crypto, key, text("place"), BYTES_NONE, &opened), HUKS_E_INTERNAL);
    }
}
END_TEST

/* ---- digests ---- */

static const struct {
    uint32_t digest;
    const char *abc;
} hashes[] = {
    {OH_HUKS_DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72"},
    {OH_HUKS_DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {OH_HUKS_DIGEST_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {OH_HUKS_DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {OH_HUKS_DIGEST_SHA384,
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {OH_HUKS_DIGEST_SHA512,
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
     "454d4423643ce80e2a9ac94fa54ca49f"},
    {HUKS_DIGEST_SHA512_224, "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"},
    {HUKS_DIGEST_SHA512_256, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
    {HUKS_DIGEST_SHA3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {HUKS_DIGEST_SHA3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {HUKS_DIGEST_SHA3_384,
     "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25"},
    {HUKS_DIGEST_SHA3_512,
     "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e39340"
     "57340b4cf408d5a56592f8274eec53f0"},
    {OH_HUKS_DIGEST_SM3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {HUKS_DIGEST_RIPEMD160, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
    {HUKS_DIGEST_BLAKE2B_512,
     "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc95"
     "18d38aa8dbf1925ab92386edd4009923"},
};

START_TEST(digest_answers)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    struct crypto_spec spec = {
        .method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = hashes[_i].digest};
    struct bytes expected = hex(hashes[_i].abc);
    uint8_t out[64], parts[64], message[1000];
    ck_assert(crypto_has_digest(crypto, hashes[_i].digest));
    ck_assert_uint_eq(crypto_digest_size(hashes[_i].digest), expected.size);
    for (int round = 0; round < 2; round++) {
        size_t size = expected.size;
        ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_OK);
        ck_assert(crypto_op_multipart(op));
        ck_assert_uint_eq(crypto_op_size(op, CRYPTO_ONCE, 3), expected.size);
        size_t less = size - 1;
        ck_assert_int_eq(crypto_op_once(op, text("abc"), out, &less), HUKS_E_MEMORY);
        ck_assert_uint_eq(less, size);
        ck_assert_int_eq(crypto_op_once(op, text("abc"), out, &size), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(out, size), expected));
        /* It is over. */
        ck_assert_int_eq(crypto_op_once(op, text("abc"), out, &size), HUKS_E_ARGUMENT);
    }
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)i;
    }
    for (size_t whole = 0; whole < sizeof(message); whole += 61) {
        size_t size = sizeof(out), size_parts = sizeof(parts);
        ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_OK);
        ck_assert_int_eq(crypto_op_once(op, bytes_of(message, whole), out, &size), HUKS_OK);
        ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_OK);
        for (size_t done = 0, step = 1; done < whole; done += step, step = step * 2 + 1) {
            step = step < whole - done ? step : whole - done;
            ck_assert_int_eq(crypto_op_update(op, bytes_of(message + done, step), NULL, NULL), HUKS_OK);
        }
        ck_assert_int_eq(crypto_op_finish(op, parts, &size_parts), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(out, size), bytes_of(parts, size_parts)));
    }
}
END_TEST

START_TEST(digest_saved)
{
    /* Saved in the middle, restored into another operation, twice: all end alike. */
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(op_free) struct crypto_op *copy = new_op();
    AUTO(secret_free) struct secret state = {0};
    struct crypto_spec spec = {
        .method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = hashes[_i].digest};
    uint8_t a[64], b[64];
    size_t size_a = sizeof(a), size_b = sizeof(b);
    ck_assert_int_eq(crypto_op_save(op, &state), HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_FUNCTION);
    ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(op, text("some text, "), NULL, NULL), HUKS_OK);
    huks_rc rc = crypto_op_save(op, &state);
    if (rc != HUKS_OK) {
        ck_assert_int_ge(_i, 8); /* SHA-1 and SHA-2 always can */
        ck_assert_int_eq(rc, HUKS_E_NOT_SUPPORTED);
        return;
    }
    ck_assert_int_eq(crypto_op_restore(copy, secret_bytes(&state)), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(op, text("and more"), NULL, NULL), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(copy, text("and more"), NULL, NULL), HUKS_OK);
    ck_assert_int_eq(crypto_op_finish(op, a, &size_a), HUKS_OK);
    ck_assert_int_eq(crypto_op_finish(copy, b, &size_b), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(a, size_a), bytes_of(b, size_b)));
    /* Broken states are refused: cut, of nothing known, with counts that would leave the buffer. */
    ck_assert_int_eq(crypto_op_restore(copy, bytes_of(state.data, state.size - 1)), HUKS_E_INVALID_PARAM);
    for (size_t i = 0; i < state.size; i++) {
        state.data[i] ^= 0xFF;
        if (crypto_op_restore(copy, secret_bytes(&state)) == HUKS_OK) {
            size_b = sizeof(b);
            ck_assert_int_eq(crypto_op_finish(copy, b, &size_b), HUKS_OK);
        }
        state.data[i] ^= 0xFF;
    }
}
END_TEST

START_TEST(digest_key)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(HUKS_ALG_GENERIC, text("b"));
    struct crypto_spec spec = {
        .method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = OH_HUKS_DIGEST_SHA256};
    uint8_t out[32];
    size_t size = sizeof(out);
    ck_assert_int_eq(crypto_op_digest_key(op, key), HUKS_E_ARGUMENT);
    ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(op, text("a"), NULL, NULL), HUKS_OK);
    ck_assert_int_eq(crypto_op_digest_key(op, key), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(op, text("c"), NULL, NULL), HUKS_OK);
    ck_assert_int_eq(crypto_op_finish(op, out, &size), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(out), hex(hashes[3].abc)));
    spec.digest = 4711;
    ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM);
    ck_assert(!crypto_has_digest(crypto, 4711));
    ck_assert_uint_eq(crypto_digest_size(4711), 0);
}
END_TEST

/* ---- being a guest ---- */

/* Something of every kind, well and badly. */
static void do_everything(void)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    static const uint32_t algs[] = {OH_HUKS_ALG_ECC, OH_HUKS_ALG_RSA, OH_HUKS_ALG_ED25519, OH_HUKS_ALG_X25519,
                                    OH_HUKS_ALG_SM2};
    static const uint32_t sizes[] = {256, 1024, 0, 0, 256};
    uint8_t out[1024], zeros[1024] = {0};
    for (int i = 0; i < COUNT(algs); i++) {
        struct crypto_keygen keygen = {.alg = algs[i], .size_bits = sizes[i]};
        AUTO(key_free) struct crypto_key *key = generate(&keygen);
        AUTO(key_free) struct crypto_key *public = public_half(key);
        AUTO(key_free) struct crypto_key *broken = NULL;
        AUTO(secret_free) struct secret encoded = {0};
        AUTO(secret_free) struct secret z = {0};
        enum crypto_method methods[] = {CRYPTO_ECDSA, CRYPTO_RSA_PSS, CRYPTO_EDDSA, CRYPTO_NONE,
                                        CRYPTO_ECDSA};
        struct crypto_spec spec = {
            .method = methods[i], .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SHA256};
        size_t size = sizeof(out);
        if (algs[i] == OH_HUKS_ALG_SM2) {
            spec.digest = OH_HUKS_DIGEST_SM3;
        }
        if (methods[i] != CRYPTO_NONE) {
            ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
            ck_assert_int_eq(crypto_op_once(op, text("message"), out, &size), HUKS_OK);
            spec.direction = CRYPTO_VERIFY;
            ck_assert_int_eq(crypto_op_begin(op, public, &spec), HUKS_OK);
            ck_assert_int_eq(crypto_op_verify_once(op, text("message"), bytes_of(out, size)), HUKS_OK);
            ck_assert_int_eq(crypto_op_begin(op, public, &spec), HUKS_OK);
            ck_assert_int_eq(crypto_op_verify_once(op, text("other"), bytes_of(out, size)), HUKS_E_CRYPTO);
        }
        if (i == 0 || i == 3) {
            AUTO(secret_free) struct secret point = {0};
            ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_EC_POINT, &point), HUKS_OK);
            struct crypto_derive_spec agree = {.method = CRYPTO_ECDH, .peer = secret_bytes(&point)};
            ck_assert_int_eq(crypto_derive(crypto, key, &agree, &z), HUKS_OK);
            memset(point.data + 1, 0, point.size - 1);
            secret_free(&z);
            ck_assert_int_ne(crypto_derive(crypto, key, &agree, &z) == HUKS_OK && i == 0, 1);
            error_clear();
        }
        ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PRIVATE, &encoded), HUKS_OK);
        encoded.data[encoded.size / 2] ^= 1;
        huks_rc rc = crypto_key_decode(crypto, CRYPTO_PRIVATE, 0, secret_bytes(&encoded), &broken);
        (void)rc;
    }
    AUTO(key_free) struct crypto_key *aes = secret_key(OH_HUKS_ALG_AES, bytes_of(zeros, 32));
    static const uint32_t modes[] = {OH_HUKS_MODE_GCM, OH_HUKS_MODE_CCM};
    for (int i = 0; i < 2; i++) {
        struct crypto_spec spec = {.method = CRYPTO_AEAD, .mode = modes[i], .direction = CRYPTO_ENCRYPT,
                                   .data_size = CRYPTO_SIZE_UNKNOWN, .iv = bytes_of(zeros, 12)};
        size_t size = sizeof(out), back = sizeof(zeros);
        ck_assert_int_eq(crypto_op_begin(op, aes, &spec), HUKS_OK);
        ck_assert_int_eq(crypto_op_once(op, text("message"), out, &size), HUKS_OK);
        out[0] ^= 1;
        spec.direction = CRYPTO_DECRYPT;
        ck_assert_int_eq(crypto_op_begin(op, aes, &spec), HUKS_OK);
        ck_assert_int_eq(crypto_op_once(op, bytes_of(out, size), zeros + 512, &back), HUKS_E_CRYPTO);
    }
    struct crypto_spec spec = {.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CBC, .direction = CRYPTO_DECRYPT,
                               .padding = OH_HUKS_PADDING_PKCS7, .iv = bytes_of(zeros, 16)};
    size_t size = sizeof(out);
    ck_assert_int_eq(crypto_op_begin(op, aes, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, bytes_of(zeros, 32), out, &size), HUKS_E_CRYPTO);
    spec = (struct crypto_spec){.method = CRYPTO_CMAC, .direction = CRYPTO_SIGN};
    size = sizeof(out);
    ck_assert_int_eq(crypto_op_begin(op, aes, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, bytes_of(zeros, 32), out, &size), HUKS_OK);
    ck_assert_int_eq(crypto_random_public(crypto, out, 16), HUKS_OK);
    ck_assert_int_eq(crypto_scrypt(crypto, text("x"), text("y"), 4, out, 32), HUKS_OK);
}

START_TEST(error_queue)
{
    /* Empty stays empty; what the host has in it stays, no more and no less. */
    do_everything();
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 77);
    ERR_raise(ERR_LIB_USER, 78);
    do_everything();
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 77);
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 78);
    ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

START_TEST(no_configuration)
{
    /* A host whose openssl.cnf leaves its default context without a single algorithm: ours has them all. */
    char path[] = "/tmp/check-crypto-XXXXXX";
    static const char config[] =
        "openssl_conf = init\n[init]\nalg_section = evp\n[evp]\ndefault_properties = provider=none\n";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, config, sizeof(config) - 1), (ssize_t)sizeof(config) - 1);
    close(fd);
    setenv("OPENSSL_CONF", path, 1);
    do_everything();
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    const char *fork_mode = getenv("CK_FORK");
    /* Without a process of its own, an earlier test has had another file read, and that is only done once. */
    ck_assert(md == NULL || (fork_mode != NULL && strcmp(fork_mode, "no") == 0));
    EVP_MD_free(md);
    ERR_clear_error();
    unlink(path);
}
END_TEST

#ifndef OPENSSL_NO_ENGINE
static int engine_asked;

static int engine_pkey_meths(ENGINE *engine, EVP_PKEY_METHOD **method, const int **nids, int nid)
{
    static const int all[] = {EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_X25519};
    static EVP_PKEY_METHOD *empty[COUNT(all)]; /* freed by ENGINE_free() */
    int i = 0;
    (void)engine;
    if (method == NULL) {
        *nids = all;
        return COUNT(all);
    }
    engine_asked++;
    while (i < COUNT(all) - 1 && all[i] != nid) {
        i++;
    }
    if (empty[i] == NULL) {
        empty[i] = EVP_PKEY_meth_new(nid, 0);
    }
    *method = empty[i];
    return 1;
}

static int engine_ciphers(ENGINE *engine, const EVP_CIPHER **cipher, const int **nids, int nid)
{
    static const int all[] = {NID_aes_256_gcm, NID_aes_256_cbc, NID_aes_256_ccm};
    (void)engine;
    (void)nid;
    if (cipher == NULL) {
        *nids = all;
        return COUNT(all);
    }
    engine_asked++;
    *cipher = NULL;
    return 0;
}

START_TEST(default_engine)
{
    /* A host that has made an ENGINE default for keys and ciphers: it is asked for nothing of ours. */
    ENGINE *engine = ENGINE_new();
    ck_assert_int_eq(ENGINE_set_id(engine, "grabber"), 1);
    ck_assert_int_eq(ENGINE_set_name(engine, "takes everything"), 1);
    ck_assert_int_eq(ENGINE_set_pkey_meths(engine, engine_pkey_meths), 1);
    ck_assert_int_eq(ENGINE_set_ciphers(engine, engine_ciphers), 1);
    ck_assert_int_eq(ENGINE_add(engine), 1);
    ck_assert_int_eq(ENGINE_set_default_pkey_meths(engine), 1);
    ck_assert_int_eq(ENGINE_set_default_ciphers(engine), 1);
    /* It does take what the host makes in the default context … */
    EVP_PKEY_CTX *theirs = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY_CTX_free(theirs);
    ck_assert_int_gt(engine_asked, 0);
    engine_asked = 0;
    /* … and nothing of ours. CMAC is OpenSSL's to ask for inside. */
    do_everything();
    ck_assert_int_eq(engine_asked, 0);
    ENGINE_unregister_pkey_meths(engine);
    ENGINE_unregister_ciphers(engine);
    ENGINE_remove(engine);
    ENGINE_free(engine);
}
END_TEST
#endif

START_TEST(many_contexts)
{
    struct crypto *others[8] = {NULL};
    for (int i = 0; i < COUNT(others); i++) {
        uint8_t bytes[16];
        ck_assert_int_eq(crypto_open(&others[i]), HUKS_OK);
        ck_assert_int_eq(crypto_random(others[i], bytes, sizeof(bytes)), HUKS_OK);
    }
    for (int i = 0; i < COUNT(others); i++) {
        crypto_close(others[i]);
    }
    crypto_close(NULL);
    ck_assert(crypto_alive());
    do_everything();
}
END_TEST

/* The end of a child that leaves memory behind on purpose: by signal, so that no leak checker looks. */
#define CHILD_DONE() raise(SIGKILL)
static void assert_child_done(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(child_works)
{
    do_everything();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setup();
        do_everything();
        teardown();
        CHILD_DONE();
    }
    assert_child_done(child);
    do_everything();
}
END_TEST

START_TEST(after_cleanup)
{
    /* The host exits: OpenSSL is cleaned up before we are. Nothing may be touched, nothing may crash. */
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setup();
        struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_ECC, .size_bits = 256};
        struct crypto_key *key = generate(&keygen);
        struct crypto_op *op = new_op();
        struct crypto_spec spec = {
            .method = CRYPTO_ECDSA, .direction = CRYPTO_SIGN, .digest = OH_HUKS_DIGEST_SHA256};
        ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
        OPENSSL_cleanup();
        if (crypto_alive()) {
            _exit(1);
        }
        crypto_op_free(op);
        crypto_key_unref(key);
        crypto_close(crypto);
        CHILD_DONE();
    }
    assert_child_done(child);
}
END_TEST

START_TEST(equal)
{
    ck_assert(crypto_equal("abc", 3, "abc", 3));
    ck_assert(!crypto_equal("abc", 3, "abd", 3));
    ck_assert(!crypto_equal("abc", 3, "abc", 2));
    ck_assert(crypto_equal(NULL, 0, NULL, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto context");
    TCase *tcase = tcase_create("context");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, random_bytes);
    tcase_add_test(tcase, random_fork);
    tcase_add_test(tcase, seals);
    tcase_add_loop_test(tcase, digest_answers, 0, COUNT(hashes));
    tcase_add_loop_test(tcase, digest_saved, 0, COUNT(hashes));
    tcase_add_test(tcase, digest_key);
    tcase_add_test(tcase, error_queue);
    tcase_add_test(tcase, no_configuration);
#ifndef OPENSSL_NO_ENGINE
    tcase_add_test(tcase, default_engine);
#endif
    tcase_add_test(tcase, many_contexts);
    tcase_add_test(tcase, child_works);
    tcase_add_test(tcase, after_cleanup);
    tcase_add_test(tcase, equal);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
