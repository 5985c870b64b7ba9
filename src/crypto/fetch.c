/*
 * Fetching algorithms by name and keeping them. See fetch.h.
 */
#include "crypto/fetch.h"

#include "crypto/context.h"

#define FETCH_GUEST(id, name) [FETCH_##id] = GUEST name,
#define FETCH_PLAIN(id, name) [FETCH_##id] = name,
static const char *const fetch_names[FETCH_COUNT] = {
    FETCH_CIPHERS(FETCH_GUEST) FETCH_LEGACY_CIPHERS(FETCH_GUEST) FETCH_DIGESTS(FETCH_PLAIN)
        FETCH_MACS(FETCH_PLAIN) FETCH_KDFS(FETCH_PLAIN) FETCH_LEGACY_KDFS(FETCH_PLAIN)
            FETCH_KEYS(FETCH_GUEST)};

static bool fetch_is_legacy(enum fetch which)
{
#define FETCH_IS(id, name) || which == FETCH_##id
    return false FETCH_LEGACY_CIPHERS(FETCH_IS) FETCH_LEGACY_KDFS(FETCH_IS);
#undef FETCH_IS
}

/* What stands in a slot when the algorithm is not there, so that it is not looked for again. */
static char fetch_absent;

typedef void *(*fetch_function)(OSSL_LIB_CTX *lib, const char *name, const char *properties);
typedef void (*free_function)(void *method);

static void *fetch_cipher_call(OSSL_LIB_CTX *lib, const char *name, const char *properties)
{
    return EVP_CIPHER_fetch(lib, name, properties);
}

static void *fetch_digest_call(OSSL_LIB_CTX *lib, const char *name, const char *properties)
{
    return EVP_MD_fetch(lib, name, properties);
}

static void *fetch_mac_call(OSSL_LIB_CTX *lib, const char *name, const char *properties)
{
    return EVP_MAC_fetch(lib, name, properties);
}

static void *fetch_kdf_call(OSSL_LIB_CTX *lib, const char *name, const char *properties)
{
    return EVP_KDF_fetch(lib, name, properties);
}

static void *fetch_key_call(OSSL_LIB_CTX *lib, const char *name, const char *properties)
{
    return EVP_KEYMGMT_fetch(lib, name, properties);
}

static void free_cipher_call(void *method)
{
    EVP_CIPHER_free(method);
}

static void free_digest_call(void *method)
{
    EVP_MD_free(method);
}

static void free_mac_call(void *method)
{
    EVP_MAC_free(method);
}

static void free_kdf_call(void *method)
{
    EVP_KDF_free(method);
}

static void free_key_call(void *method)
{
    EVP_KEYMGMT_free(method);
}

static const struct {
    enum fetch end;
    fetch_function fetch;
    free_function free;
} fetch_kinds[] = {
    {FETCH_CIPHER_END, fetch_cipher_call, free_cipher_call},
    {FETCH_DIGEST_END, fetch_digest_call, free_digest_call},
    {FETCH_MAC_END, fetch_mac_call, free_mac_call},
    {FETCH_KDF_END, fetch_kdf_call, free_kdf_call},
    {FETCH_COUNT, fetch_key_call, free_key_call},
};

static size_t fetch_kind(enum fetch which)
{
    size_t kind = 0;
    while (which >= fetch_kinds[kind].end) {
        kind++;
    }
    return kind;
}

static void *fetch_slow(struct crypto *crypto, enum fetch which)
{
    ERROR_GUARD;
    OSSL_LIB_CTX *lib = crypto_lib(crypto);
    if (lib == NULL || fetch_names[which] == NULL) {
        return NULL;
    }
    size_t kind = fetch_kind(which);
    void *method = NULL;
    if (!fetch_is_legacy(which) || crypto_legacy(crypto)) {
        method = fetch_kinds[kind].fetch(lib, fetch_names[which], NULL);
    }
    if (method == NULL && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE) {
        return NULL;
    }
    void *expected = NULL;
    void *desired = method != NULL ? method : &fetch_absent;
    if (!atomic_compare_exchange_strong(&crypto->fetched[which], &expected, desired)) {
        if (method != NULL) {
            fetch_kinds[kind].free(method);
        }
        desired = expected;
    }
    return desired;
}

static inline void *fetch_any(struct crypto *crypto, enum fetch which)
{
    void *method = atomic_load_explicit(&crypto->fetched[which], memory_order_acquire);
    if (__builtin_expect(method == NULL, 0)) {
        method = fetch_slow(crypto, which);
    }
    return method == &fetch_absent ? NULL : method;
}

EVP_CIPHER *fetch_cipher(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which);
}

EVP_MD *fetch_digest(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which);
}

EVP_MAC *fetch_mac(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which);
}

EVP_KDF *fetch_kdf(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which);
}

bool fetch_key(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which) != NULL;
}

bool fetch_there(struct crypto *crypto, enum fetch which)
{
    return fetch_any(crypto, which) != NULL;
}

const char *fetch_key_name(enum fetch which)
{
    return fetch_names[which];
}

void fetch_release(struct crypto *crypto)
{
    for (enum fetch which = 0; which < FETCH_COUNT; which++) {
        void *method = atomic_exchange(&crypto->fetched[which], NULL);
        if (method != NULL && method != &fetch_absent) {
            fetch_kinds[fetch_kind(which)].free(method);
        }
    }
}
