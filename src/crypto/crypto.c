/*
 * The crypto context: opened in microseconds, since nothing of OpenSSL is made before its first use, and
 * closed without touching an OpenSSL that the exiting host has already cleaned up.
 *
 * It is never used across fork: the child makes one of its own, and leaves the parent's alone.
 */
#include "crypto/crypto.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/context.h"
#include "crypto/nonce.h"

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
    if (pthread_mutex_init(&crypto->making, NULL) != 0 || pthread_mutex_init(&crypto->nonce_lock, NULL) != 0) {
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
    OSSL_PROVIDER *const guests[] = {crypto->legacy_guest, crypto->guest};
    OSSL_PROVIDER *const lenders[] = {crypto->base_legacy, crypto->base_default};
    for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
        if (guests[i] != NULL) {
            OSSL_PROVIDER_unload(guests[i]);
        }
    }
    OSSL_LIB_CTX_free(atomic_load(&crypto->lib));
    for (size_t i = 0; i < ARRAY_SIZE(lenders); i++) {
        if (lenders[i] != NULL) {
            OSSL_PROVIDER_unload(lenders[i]);
        }
    }
    OSSL_LIB_CTX_free(crypto->base);
    atomic_store(&crypto->lib, NULL);
    crypto->base = NULL;
    crypto->guest = crypto->base_default = crypto->legacy_guest = crypto->base_legacy = NULL;
}

/* ---- contexts that outlive their users ---- */

/*
 * OpenSSL keeps state of each thread in a context (its DRBG) and frees it when the thread ends, by a pointer
 * to the context. So a context must not be freed while threads live that may have used it: it is parked, and
 * the next crypto_open() of this process takes it up again.
 */
static struct parked {
    struct parked *next;
    pid_t owner;
    OSSL_LIB_CTX *lib, *base;
    OSSL_PROVIDER *base_default, *guest, *base_legacy, *legacy_guest;
} *parked;
static pthread_mutex_t parking = PTHREAD_MUTEX_INITIALIZER;

/* Is this thread the only one of the process? "No" where /proc does not tell. */
static bool alone(void)
{
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3;
}

/* OpenSSL's objects that can no longer be freed. */
static struct kept {
    struct kept *next;
    void *object;
} *kept;

void crypto_keep(void *object)
{
    struct kept *place = object == NULL ? NULL : calloc(1, sizeof(*place));
    if (place != NULL) {
        pthread_mutex_lock(&parking);
        *place = (struct kept){kept, object};
        kept = place;
        pthread_mutex_unlock(&parking);
    }
}

static void crypto_park(struct crypto *crypto)
{
    struct parked *place = crypto->base == NULL ? NULL : calloc(1, sizeof(*place));
    if (place == NULL) {
        return; /* nothing made, or no memory: better lost than freed under somebody's feet */
    }
    *place = (struct parked){
        .owner = getpid(),
        .lib = atomic_load(&crypto->lib),
        .base = crypto->base,
        .base_default = crypto->base_default,
        .guest = crypto->guest,
        .base_legacy = crypto->base_legacy,
        .legacy_guest = crypto->legacy_guest,
    };
    pthread_mutex_lock(&parking);
    place->next = parked;
    parked = place;
    pthread_mutex_unlock(&parking);
}

/* A parent's are left where they are: another of its threads may have been at work in one when it forked. */
static OSSL_LIB_CTX *crypto_unpark(struct crypto *crypto)
{
    OSSL_LIB_CTX *lib = NULL;
    pthread_mutex_lock(&parking);
    for (struct parked **link = &parked; *link != NULL; link = &(*link)->next) {
        struct parked *place = *link;
        if (place->owner != getpid() || place->lib == NULL) {
            continue;
        }
        *link = place->next;
        lib = place->lib;
        crypto->base = place->base;
        crypto->base_default = place->base_default;
        crypto->guest = place->guest;
        crypto->base_legacy = place->base_legacy;
        crypto->legacy_guest = place->legacy_guest;
        free(place);
        break;
    }
    pthread_mutex_unlock(&parking);
    return lib;
}

void crypto_atfork_child(void)
{
    pthread_mutex_init(&parking, NULL);
}

void crypto_close(struct crypto *crypto)
{
    if (crypto == NULL) {
        return;
    }
    if (!crypto_alive()) {
        /* Not one call into what is cleaned up: all of it is only kept in sight of leak checkers. */
        crypto_keep(atomic_load(&crypto->idle_seal));
        crypto_keep(atomic_load(&crypto->idle_ec_generator));
        crypto_park(crypto);
    } else {
        ERROR_GUARD;
        EVP_CIPHER_CTX_free(atomic_exchange(&crypto->idle_seal, NULL));
        EVP_PKEY_CTX_free(atomic_exchange(&crypto->idle_ec_generator, NULL));
        fetch_release(crypto);
        if (alone()) {
            crypto_unmake(crypto);
        } else {
            crypto_park(crypto);
        }
    }
    if (crypto->birth != NULL) {
        munmap((void *)(uintptr_t)crypto->birth, (size_t)sysconf(_SC_PAGESIZE));
    }
    nonce_free_all(crypto);
    pthread_mutex_destroy(&crypto->nonce_lock);
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
    ERROR_GUARD;
#ifndef OPENSSL_NO_ENGINE
    /*
     * Where libcrypto has ENGINEs, EVP reads the host's openssl.cnf into the default context before it first
     * looks for one, that is at the first cipher, in DRBGs too: nobody can keep it from that without
     * keeping the host's own calls from it as well. What the file names may load this very module and call
     * it: let that happen here, where no lock of ours is held.
     */
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
#endif
    pthread_mutex_lock(&crypto->making);
    lib = atomic_load_explicit(&crypto->lib, memory_order_relaxed);
    if (lib == NULL) {
        lib = crypto_unpark(crypto);
        lib = lib != NULL ? lib : crypto_make(crypto);
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

bool crypto_legacy(struct crypto *crypto)
{
    ERROR_GUARD;
    OSSL_LIB_CTX *lib = crypto_lib(crypto);
    if (lib == NULL) {
        return false;
    }
    pthread_mutex_lock(&crypto->making);
    if (crypto->legacy_guest == NULL && !crypto->legacy_absent) {
        crypto->base_legacy = OSSL_PROVIDER_load(crypto->base, "legacy");
        if (crypto->base_legacy == NULL ||
            !provider_install_legacy(lib, crypto->base_legacy, &crypto->legacy_guest)) {
            /* Where memory is short it is there the next time. */
            crypto->legacy_absent = ERR_GET_REASON(ERR_peek_last_error()) != ERR_R_MALLOC_FAILURE;
            if (crypto->base_legacy != NULL) {
                OSSL_PROVIDER_unload(crypto->base_legacy);
                crypto->base_legacy = NULL;
            }
        }
    }
    bool there = crypto->legacy_guest != NULL;
    pthread_mutex_unlock(&crypto->making);
    return there;
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
