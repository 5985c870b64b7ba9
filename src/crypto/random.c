/*
 * Random bytes, from the DRBGs of our own context and never through RAND_bytes' method, which a host may
 * have replaced.
 *
 * Callers' bytes come from a small buffer in each thread: a DRBG call costs some 0.4 µs whatever its size.
 * What is handed out is wiped at once, so that no later leak of memory tells earlier bytes. A forked child
 * sees the context's birth page zeroed and drops what it inherited.
 */
#include <string.h>

#include "crypto/context.h"

#include <openssl/rand.h>


#define RANDOM_BUFFER 512
#define RANDOM_BUFFERED_MAX 128 /* larger requests gain nothing from the buffer */

static _Thread_local struct {
    uint64_t generation;
    size_t left; /* unused bytes, at the end of `bytes` */
    uint8_t bytes[RANDOM_BUFFER];
} random_buffer;

static huks_rc random_generate(EVP_RAND_CTX *drbg, void *out, size_t size)
{
    if (drbg == NULL || EVP_RAND_generate(drbg, out, size, 0, 0, NULL, 0) != 1) {
        memory_cleanse(out, size);
        return error_raise(HUKS_E_INTERNAL, ABOUT_ENGINE, "random bytes");
    }
    return HUKS_OK;
}

huks_rc crypto_random(struct crypto *crypto, void *out, size_t size)
{
    OSSL_LIB_CTX *base = crypto_base(crypto);
    if (base == NULL) {
        return error_no_memory();
    }
    if (size == 0) {
        return HUKS_OK;
    }
    ERROR_GUARD;
    return random_generate(RAND_get0_private(base), out, size);
}

static huks_rc random_direct(struct crypto *crypto, void *out, size_t size)
{
    OSSL_LIB_CTX *base = crypto_base(crypto);
    if (base == NULL) {
        return error_no_memory();
    }
    ERROR_GUARD;
    return random_generate(RAND_get0_public(base), out, size);
}

huks_rc crypto_random_public(struct crypto *crypto, void *out, size_t size)
{
    if (size == 0) {
        return HUKS_OK;
    }
    uint64_t generation = crypto->birth != NULL ? __atomic_load_n(crypto->birth, __ATOMIC_RELAXED) : 0;
    if (size > RANDOM_BUFFERED_MAX || generation == 0) {
        return random_direct(crypto, out, size);
    }
    if (random_buffer.generation != generation || random_buffer.left < size) {
        random_buffer.left = 0;
        HUKS_TRY(random_direct(crypto, random_buffer.bytes, RANDOM_BUFFER));
        random_buffer.generation = generation;
        random_buffer.left = RANDOM_BUFFER;
    }
    uint8_t *from = random_buffer.bytes + RANDOM_BUFFER - random_buffer.left;
    memcpy(out, from, size);
    memset(from, 0, size);
    /* The wipe must not be put off past the return. */
    __asm__ volatile("" : : "r"(from) : "memory");
    random_buffer.left -= size;
    return HUKS_OK;
}

huks_rc crypto_random_seed(struct crypto *crypto, const void *seed, size_t size)
{
    OSSL_LIB_CTX *base = crypto_base(crypto);
    if (base == NULL) {
        return error_no_memory();
    }
    if (size == 0) {
        return HUKS_OK;
    }
    ERROR_GUARD;
    EVP_RAND_CTX *drbg = RAND_get0_public(base);
    /* As additional input: the caller's bytes are stirred in, and never counted as entropy. */
    if (drbg == NULL || EVP_RAND_reseed(drbg, 0, NULL, 0, seed, size) != 1) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_ENGINE, "random bytes");
    }
    random_buffer.left = 0;
    return HUKS_OK;
}
