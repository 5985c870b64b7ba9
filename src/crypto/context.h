/*
 * The crypto context's inside, for the files of this folder only: the library context, what is fetched
 * from it, and the guard that leaves the host's OpenSSL error queue as it was.
 */
#ifndef HUKS_CRYPTO_CONTEXT_H
#define HUKS_CRYPTO_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

/* libcrypto has a type by the name of a step in op.h; nobody here needs that type. */
#define CRYPTO_ONCE CRYPTO_ONCE_OF_LIBCRYPTO
#include <openssl/crypto.h>
#undef CRYPTO_ONCE
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/types.h>

#include "crypto/crypto.h"
#include "crypto/fetch.h"

struct nonce_history; /* nonce.h */
#define NONCE_BUCKETS 64

struct crypto {
    /* Where everything is fetched: it holds only the guest provider. NULL until first use. */
    _Atomic(OSSL_LIB_CTX *) lib;
    /* Where OpenSSL's default provider lives, whose code the guest provider lends. */
    OSSL_LIB_CTX *base;
    OSSL_PROVIDER *base_default, *guest;
    /* The same for the legacy provider; NULL until something of it is asked for. */
    OSSL_PROVIDER *base_legacy, *legacy_guest;
    bool legacy_absent;
    pthread_mutex_t making;
    /* A page that reads zero in a forked child, else `generation`; NULL where the kernel lacks that. */
    const uint64_t *birth;
    uint64_t generation;
    _Atomic(void *) fetched[FETCH_COUNT];
    _Atomic(EVP_CIPHER_CTX *) idle_seal;
    _Atomic(EVP_PKEY_CTX *) idle_ec_generator; /* its app data: the curve */
    _Atomic int implicit_rejection; /* of RSA PKCS#1 v1.5 by OpenSSL: 1 yes, −1 no, 0 not asked yet */
    pthread_mutex_t nonce_lock;
    struct nonce_history *nonces[NONCE_BUCKETS];
    struct secret nonce_key; /* names histories */
};

/*
 * The library context to fetch from, made at first use; NULL with the failure recorded. Random bytes come
 * from `base`, made at the same time, so that there is one tree of DRBGs.
 */
OSSL_LIB_CTX *crypto_lib(struct crypto *crypto);
OSSL_LIB_CTX *crypto_base(struct crypto *crypto);
/* Makes the legacy provider's algorithms ones to fetch from crypto_lib(); false where there is none. */
bool crypto_legacy(struct crypto *crypto);

/*
 * ERROR_GUARD; at the head of a block: what OpenSSL adds to the error queue from there on is gone when the
 * block is left. Costs some 20 ns, so calls that can't fail in practice do without.
 */
static inline void error_guard_end(const int *mark)
{
    (void)mark;
    ERR_pop_to_mark();
}
#define ERROR_GUARD                                                                                          \
    __attribute__((cleanup(error_guard_end), unused)) const int error_guard_mark = ERR_set_mark()

/* What OpenSSL refuses for no reason that we know; an allocation that failed is told apart. */
huks_rc crypto_refused(void);

/* provider.c: the guests in `lib` of the default and of the legacy provider. */
/* A guest's own names of key types and ciphers start with this. */
#define GUEST "HUKS-"
bool provider_install(OSSL_LIB_CTX *lib, OSSL_PROVIDER *base_default, OSSL_PROVIDER **guest);
bool provider_install_legacy(OSSL_LIB_CTX *lib, OSSL_PROVIDER *base_legacy, OSSL_PROVIDER **guest);

/* Holds what an OpenSSL that is already cleaned up can't free any more, where leak checkers see it. */
void crypto_keep(void *object);

#endif
