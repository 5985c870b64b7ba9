/*
 * What the parts of bench-module share: doors (a PKCS #11 module, opened by its path alone, or bare OpenSSL),
 * the operations that both can do, and how they are timed.
 *
 * An operation is a function that does one whole unit of work as a program would: C_SignInit and C_Sign, or
 * a new context, its initialisation and EVP_DigestSign(). Keys, fetched algorithms and sessions are kept.
 */
#ifndef HUKS_TESTS_BENCH_H
#define HUKS_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

#include <openssl/evp.h>

/* Ends the program when it can't go on: a benchmark has no half results. */
_Noreturn void bench_fail(const char *what);
static inline void bench_must(bool fine, const char *what)
{
    if (!fine) {
        bench_fail(what);
    }
}
void bench_ok(CK_RV rv, const char *what);

enum bench_key { BENCH_RSA2048, BENCH_RSA4096, BENCH_P256, BENCH_ED25519, BENCH_AES, BENCH_HMAC, BENCH_KEYS };

/* ---- a PKCS #11 module ---- */

struct bench_door {
    const char *name;
    const char *path;     /* of the module */
    const char *reserved; /* what C_Initialize gets as pReserved; NULL: nothing */
    CK_FUNCTION_LIST *p11;
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE private_key[BENCH_KEYS]; /* or the secret one */
    CK_OBJECT_HANDLE public_key[BENCH_KEYS];
    uint8_t signature[BENCH_KEYS][512]; /* of 32 zeros, for verification */
    CK_ULONG signature_size[BENCH_KEYS];
    uint8_t point[65]; /* public point of the P-256 key */
};
/* Loads the module and initialises it. The strings must stay. */
void bench_door_load(struct bench_door *door, const char *name, const char *path, const char *reserved);
/* Makes a token with its keys in the store that the environment names. */
void bench_door_make(struct bench_door *door);
/* In a process of its own: loads, logs in and finds the keys that another one made by way of `first`. */
void bench_door_join(struct bench_door *door, const struct bench_door *first);
CK_SESSION_HANDLE bench_door_session(const struct bench_door *door);

/* ---- one worker: a thread's own things ---- */

#define BENCH_MOST (1 << 20)
struct bench_native;
struct bench_worker {
    struct bench_door *door;     /* NULL: bare OpenSSL, or … */
    struct bench_native *native; /* … the native calls' */
    CK_SESSION_HANDLE session;
    size_t size; /* bytes of input */
    enum bench_key key;
    uint64_t counter;   /* of nonces */
    uint8_t *in, *out;  /* BENCH_MOST and some */
    EVP_MD_CTX *digest; /* bare: the one context that is kept */
    void *padding[8];   /* its own cache lines */
};
void bench_worker_begin(struct bench_worker *worker, struct bench_door *door, enum bench_key key,
                        size_t size);
void bench_worker_end(struct bench_worker *worker);

typedef void (*bench_call)(struct bench_worker *worker);

void module_sign(struct bench_worker *worker);
void module_verify(struct bench_worker *worker);
void module_agree(struct bench_worker *worker);
void module_gcm(struct bench_worker *worker);
void module_cbc(struct bench_worker *worker);
void module_hmac(struct bench_worker *worker);
void module_digest(struct bench_worker *worker);
void module_random(struct bench_worker *worker);
void module_pair(struct bench_worker *worker);
void module_session(struct bench_worker *worker);
void module_attributes(struct bench_worker *worker);
void module_find(struct bench_worker *worker);

void bare_make(void); /* keys and algorithms, once */
void bare_sign(struct bench_worker *worker);
void bare_verify(struct bench_worker *worker);
void bare_agree(struct bench_worker *worker);
void bare_gcm(struct bench_worker *worker);
void bare_cbc(struct bench_worker *worker);
void bare_hmac(struct bench_worker *worker);
void bare_digest(struct bench_worker *worker);
void bare_random(struct bench_worker *worker);
void bare_pair(struct bench_worker *worker);

/* ---- timing ---- */

struct bench_spread {
    double low, median, high; /* tenth, half and nine tenths of the rounds */
};
struct bench_spread bench_spread(double *values, size_t count);
/* CLOCK_MONOTONIC; CLOCK_THREAD_CPUTIME_ID where other programs keep the machine busy. */
extern clockid_t bench_clock;
/* Nanoseconds a call over about `ns` of calls. */
double bench_time(bench_call call, struct bench_worker *worker, double ns);

struct bench_task {
    bench_call call;
    struct bench_door *door;
    enum bench_key key;
    size_t size;
};
/* Calls a second of `threads` threads together, in each of two tasks in turn, `rounds` times. */
void bench_threads(const struct bench_task tasks[2], size_t threads, size_t rounds, double *rates[2]);
/* The same with processes of `threads` threads each; the tasks' modules are loaded in each anew. */
void bench_processes(const struct bench_task tasks[2], size_t processes, size_t threads, size_t rounds,
                     double *rates[2]);

/* ---- huksd ---- */

/*
 * Starts the huksd that was built beside `module`, with a store of its own in `place`, and makes `door` a
 * copy of the module that reaches it. False: there is none. It ends with this process.
 */
bool bench_service(struct bench_door *door, const char *module, const char *place);
/* In `place`, for libraries that are to reach it: its configuration. */
#define BENCH_SERVICE_CONF "huksd.conf"
/* The file once more, as another library than the one that is loaded already. */
void bench_copy(const char *from, const char *to);

/* The least that a call of a service can take: 64 bytes to another process and back, and nothing done there.
 */
void bench_ping(struct bench_worker *worker);

/* ---- native calls ---- */

/* Loads libhuks_ndk, which takes its configuration and its store from these, and makes its keys. */
struct bench_native *bench_native_load(const char *library, const char *configuration, const char *store);

void native_sign(struct bench_worker *worker);
void native_verify(struct bench_worker *worker);
void native_gcm(struct bench_worker *worker);
void native_exists(struct bench_worker *worker);
void native_properties(struct bench_worker *worker);
void native_pair(struct bench_worker *worker);

#endif
