/*
 * The crypto context: opened in microseconds, since nothing of OpenSSL is made before its first use, and
 * closed without touching an OpenSSL that the exiting host has already cleaned up.
 *
 * It is never used across fork: the child makes one of its own, and leaves the parent's alone.
 */
#include "crypto/crypto.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/context.h"

/*
 * "Is OpenSSL still there?": 0 after its clean-up, and initialises nothing else. The number stands in a
 * private header of libcrypto and is the same in every 3.x.
 */
#ifndef OPENSSL_INIT_BASE_ONLY
#define OPENSSL_INIT_BASE_ONLY 0x00040000L
#endif

/* Never the same twice in one process, so that a thread's buffered bytes know whose they are. */
static _Atomic uint64_t crypto_generations;

static const uint64_t *crypto_birth_page(uint64_t generation)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return NULL;
    }
    *page = generation;
    return page;
}

huks_rc crypto_open(struct crypto **out)
{
    struct crypto *crypto = calloc(1, sizeof(*crypto));
    *out = NULL;
    if (crypto == NULL) {
        return error_no_memory();
    }
    if (pthread_mutex_init(&crypto->making, NULL) != 0) {
        free(crypto);
        return error_no_memory();
    }
    crypto->generation = atomic_fetch_add(&crypto_generations, 1) + 1;
    crypto->birth = crypto_birth_page(crypto->generation);
    *out = crypto;
    return HUKS_OK;
}

bool crypto_alive(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_BASE_ONLY, NULL) == 1;
}

static void crypto_unmake(struct crypto *crypto)
{
    if (crypto->guest != NULL) {
        OSSL_PROVIDER_unload(crypto->guest);
    }
    OSSL_LIB_CTX_free(atomic_load(&crypto->lib));
    if (crypto->base_legacy != NULL) {
        OSSL_PROVIDER_unload(crypto->base_legacy);
    }
    if (crypto->base_default != NULL) {
        OSSL_PROVIDER_unload(crypto->base_default);
    }
    OSSL_LIB_CTX_free(crypto->base);
    atomic_store(&crypto->lib, NULL);
    crypto->base = NULL;
    crypto->guest = crypto->base_default = crypto->base_legacy = NULL;
}

void crypto_close(struct crypto *crypto)
{
    if (crypto == NULL) {
        return;
    }
    if (crypto_alive()) {
        ERROR_GUARD;
        EVP_CIPHER_CTX_free(atomic_exchange(&crypto->idle_seal, NULL));
        fetch_release(crypto);
        crypto_unmake(crypto);
    }
    if (crypto->birth != NULL) {
        munmap((void *)(uintptr_t)crypto->birth, (size_t)sysconf(_SC_PAGESIZE));
    }
    pthread_mutex_destroy(&crypto->making);
    free(crypto);
}

static OSSL_LIB_CTX *crypto_make(struct crypto *crypto)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    crypto->base = OSSL_LIB_CTX_new();
    if (lib != NULL && crypto->base != NULL) {
        crypto->base_default = OSSL_PROVIDER_load(crypto->base, "default");
    }
    if (crypto->base_default == NULL || !provider_install(lib, crypto->base_default, &crypto->guest)) {
        OSSL_LIB_CTX_free(lib);
        crypto_unmake(crypto);
        return NULL;
    }
    return lib;
}

OSSL_LIB_CTX *crypto_lib(struct crypto *crypto)
{
    OSSL_LIB_CTX *lib = atomic_load_explicit(&crypto->lib, memory_order_acquire);
    if (__builtin_expect(lib != NULL, 1)) {
        return lib;
    }
    pthread_mutex_lock(&crypto->making);
    lib = atomic_load_explicit(&crypto->lib, memory_order_relaxed);
    if (lib == NULL) {
        ERROR_GUARD;
        lib = crypto_make(crypto);
        atomic_store_explicit(&crypto->lib, lib, memory_order_release);
    }
    pthread_mutex_unlock(&crypto->making);
    if (lib == NULL && error_no_memory() != HUKS_OK) {
        return NULL;
    }
    return lib;
}

OSSL_LIB_CTX *crypto_base(struct crypto *crypto)
{
    return crypto_lib(crypto) != NULL ? crypto->base : NULL;
}

huks_rc crypto_refused(void)
{
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE) {
        return error_no_memory();
    }
    return error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL);
}

bool crypto_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || CRYPTO_memcmp(a, b, a_size) == 0);
}
