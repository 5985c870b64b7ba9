/*
 * The guest providers: OpenSSL's default and legacy providers, lent under names of our own.
 *
 * An OSSL_LIB_CTX of our own is not enough to be alone. EVP asks the ENGINEs that the host has made
 * default whenever it knows a legacy number for a key type or cipher, whatever the context: with libp11's
 * engine and `default_algorithms = ALL` in the host's openssl.cnf, EVP_PKEY_CTX_new_from_name(ours, "RSA")
 * answers a context of that engine, which may be the very program that loaded us. It finds the number by
 * the name that a key type or cipher has first. So we offer each under a first name that has none
 * ("HUKS-RSA"), with the code of the default provider behind it, which runs in a second context of ours.
 * The names that standards use follow, so that what looks for "RSA" by name still finds it.
 */
#include <stdint.h>
#include <string.h>

#include "crypto/context.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#define PROVIDER_ROWS 160
#define PROVIDER_NAME        "huks"
#define PROVIDER_NAME_LEGACY "huks-legacy"

/* Names of ciphers and key types under which the lenders have them → ours. */
struct provider_name {
    const char *theirs, *ours;
};
#define PROVIDER_CIPHER(id, name) {name, GUEST name},
#define PROVIDER_KEY(id, name) {name, GUEST name ":" name},
static const struct provider_name provider_ciphers[] = {FETCH_CIPHERS(PROVIDER_CIPHER){NULL, NULL}};
static const struct provider_name provider_keys[] = {FETCH_KEYS(PROVIDER_KEY){NULL, NULL}};
static const struct provider_name provider_legacy_ciphers[] = {
    FETCH_LEGACY_CIPHERS(PROVIDER_CIPHER){NULL, NULL}};

/*
 * The rows offered. They point to constant tables of libcrypto and of the legacy module, so that every
 * context of the process has the same: whoever writes a field again writes what stands there, and no lock is
 * left behind in a forked child. Only when the last context has let the legacy module go may the next one
 * find it at another place; then nobody reads the old rows any more.
 */
static OSSL_ALGORITHM provider_cipher_rows[PROVIDER_ROWS];
static OSSL_ALGORITHM provider_key_rows[PROVIDER_ROWS];
static OSSL_ALGORITHM provider_legacy_cipher_rows[PROVIDER_ROWS];
static const OSSL_ALGORITHM *provider_others[OSSL_OP__HIGHEST + 1];
static const OSSL_ALGORITHM *provider_legacy_kdfs;

static void provider_write(const void *field, const void *value)
{
    __atomic_store_n((uintptr_t *)(uintptr_t)field, (uintptr_t)value, __ATOMIC_RELEASE);
}

/* Is `name` one of the colon-separated `names`? */
static bool provider_names_have(const char *names, const char *name)
{
    size_t size = strlen(name);
    while (names != NULL) {
        const char *colon = strchr(names, ':');
        size_t part = colon != NULL ? (size_t)(colon - names) : strlen(names);
        if (part == size && OPENSSL_strncasecmp(names, name, size) == 0) {
            return true;
        }
        names = colon != NULL ? colon + 1 : NULL;
    }
    return false;
}

static void provider_fill(OSSL_ALGORITHM *rows, const char *properties, const struct provider_name *names,
                          const OSSL_ALGORITHM *theirs)
{
    size_t row = 0;
    for (; names->theirs != NULL && row < PROVIDER_ROWS - 1; names++) {
        const OSSL_ALGORITHM *found = theirs;
        while (found != NULL && found->algorithm_names != NULL &&
               !provider_names_have(found->algorithm_names, names->theirs)) {
            found++;
        }
        if (found == NULL || found->algorithm_names == NULL) {
            continue;
        }
        provider_write(&rows[row].property_definition, properties);
        provider_write(&rows[row].implementation, found->implementation);
        provider_write(&rows[row].algorithm_names, names->ours);
        row++;
    }
}

static const OSSL_ALGORITHM *provider_query(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_CIPHER:
        return provider_cipher_rows;
    case OSSL_OP_KEYMGMT:
        return provider_key_rows;
    default:
        /* Another context of the process may be writing the same here, for itself. */
        return operation > 0 && operation <= OSSL_OP__HIGHEST
                   ? __atomic_load_n(&provider_others[operation], __ATOMIC_ACQUIRE)
                   : NULL;
    }
}

static const OSSL_ALGORITHM *provider_query_legacy(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? provider_legacy_cipher_rows
           : operation == OSSL_OP_KDF  ? provider_legacy_kdfs
                                       : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query},
    {0, NULL},
};
static const OSSL_DISPATCH provider_legacy_functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query_legacy},
    {0, NULL},
};

/* The provider that the one being loaded by this thread lends. */
static _Thread_local OSSL_PROVIDER *provider_lender;

static int provider_begin(const OSSL_DISPATCH *functions, const OSSL_DISPATCH **out, void **context)
{
    if (provider_lender == NULL) {
        return 0;
    }
    /* What is lent runs in its own provider's context and never learns who called. */
    *context = OSSL_PROVIDER_get0_provider_ctx(provider_lender);
    *out = functions;
    return 1;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                         void **context)
{
    (void)handle;
    (void)in;
    return provider_begin(provider_functions, out, context);
}

static int provider_init_legacy(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                                const OSSL_DISPATCH **out, void **context)
{
    (void)handle;
    (void)in;
    return provider_begin(provider_legacy_functions, out, context);
}

static bool provider_load(OSSL_LIB_CTX *lib, const char *name, OSSL_provider_init_fn *init,
                          OSSL_PROVIDER *lender, OSSL_PROVIDER **guest)
{
    provider_lender = lender;
    *guest = OSSL_PROVIDER_add_builtin(lib, name, init) == 1 ? OSSL_PROVIDER_load(lib, name) : NULL;
    provider_lender = NULL;
    return *guest != NULL;
}

bool provider_install(OSSL_LIB_CTX *lib, OSSL_PROVIDER *base_default, OSSL_PROVIDER **guest)
{
    static const int lent[] = {OSSL_OP_DIGEST, OSSL_OP_MAC, OSSL_OP_KDF, OSSL_OP_KEYEXCH, OSSL_OP_SIGNATURE,
                               OSSL_OP_ASYM_CIPHER, OSSL_OP_KEM, OSSL_OP_ENCODER, OSSL_OP_DECODER};
    int no_cache = 0;
    provider_fill(provider_cipher_rows, "provider=" PROVIDER_NAME, provider_ciphers,
                  OSSL_PROVIDER_query_operation(base_default, OSSL_OP_CIPHER, &no_cache));
    provider_fill(provider_key_rows, "provider=" PROVIDER_NAME, provider_keys,
                  OSSL_PROVIDER_query_operation(base_default, OSSL_OP_KEYMGMT, &no_cache));
    for (size_t i = 0; i < ARRAY_SIZE(lent); i++) {
        provider_write(&provider_others[lent[i]],
                       OSSL_PROVIDER_query_operation(base_default, lent[i], &no_cache));
    }
    return provider_load(lib, PROVIDER_NAME, provider_init, base_default, guest);
}

bool provider_install_legacy(OSSL_LIB_CTX *lib, OSSL_PROVIDER *base_legacy, OSSL_PROVIDER **guest)
{
    int no_cache = 0;
    provider_fill(provider_legacy_cipher_rows, "provider=" PROVIDER_NAME_LEGACY, provider_legacy_ciphers,
                  OSSL_PROVIDER_query_operation(base_legacy, OSSL_OP_CIPHER, &no_cache));
    provider_write(&provider_legacy_kdfs, OSSL_PROVIDER_query_operation(base_legacy, OSSL_OP_KDF, &no_cache));
    return provider_load(lib, PROVIDER_NAME_LEGACY, provider_init_legacy, base_legacy, guest);
}
