/*
 * Signing through the session limit, by more threads than there are sessions.
 *
 *   soak-limit [SECONDS [MODULE]]     5 seconds; $HUKS_MODULE, else .libs/huks-pkcs11.so
 *
 * 16 threads in each of 4 processes sign with one EC P-256 key of a token through 15 sessions; a fifth
 * process looks on. The signers count for themselves how many of them are between C_SignInit and the last
 * call: the module's own numbers are only compared with that.
 *
 * Exits with 1 when a promise is broken: an error, more than 15 at once, slowest thread below a fifth of the
 * mean.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "huks/huks_pkcs11.h"

enum { LIMIT = 15, PROCESSES = 4, THREADS = 16, SIGNERS = PROCESSES * THREADS };

/* CK_INTERFACE, which older headers lack. */
struct named_interface {
    CK_UTF8CHAR *name;
    void *functions;
    CK_FLAGS flags;
};
typedef CK_RV (*get_interface_function)(CK_UTF8CHAR *, CK_VERSION *, struct named_interface **, CK_FLAGS);

struct stage {
    _Atomic int ready;
    _Atomic int stop;
    _Atomic int inside;
    _Atomic int most;
    _Atomic uint64_t errors;
    _Atomic CK_RV first_error;
    _Atomic uint64_t done[SIGNERS];
    _Atomic uint64_t longest_ns[SIGNERS];
};

static struct stage *stage;
static CK_FUNCTION_LIST *p11;
static const CK_HUKS_FUNCTION_LIST *huks;
static CK_SLOT_ID slot;
static char store[256];

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What must work before anything is measured. */
static void must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        (void)fprintf(stderr, "soak-limit: %s: 0x%lx\n", what, rv);
        exit(2);
    }
}

static void load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get_list = NULL;
    get_interface_function get_interface = NULL;
    struct named_interface *found = NULL;
    if (library == NULL) {
        (void)fprintf(stderr, "soak-limit: %s\n", dlerror());
        exit(2);
    }
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    *(void **)&get_interface = dlsym(library, "C_GetInterface");
    must(get_list(&p11), "C_GetFunctionList");
    must(get_interface((CK_UTF8CHAR *)(uintptr_t)CK_HUKS_INTERFACE_NAME, NULL, &found, 0), "C_GetInterface");
    huks = found->functions;
}

static void initialise(void)
{
    char text[512];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};
    CK_ULONG count = 1;
    (void)snprintf(text, sizeof text, "store=\"%s\" session_limit=%d session_wait_ms=1000", store, LIMIT);
    must(p11->C_Initialize(&args), "C_Initialize");
    must(p11->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
}

static CK_SESSION_HANDLE open_session(CK_FLAGS flags)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    must(p11->C_OpenSession(slot, flags | CKF_SERIAL_SESSION, NULL, NULL, &session), "C_OpenSession");
    return session;
}

/* A token without PINs, with one pair. In a process of its own: the others begin with an unused module. */
static void make_token(void)
{
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_UTF8CHAR label[32];
    CK_UTF8CHAR pin[] = "soak-limit";
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE public_template[] = {{CKA_EC_PARAMS, p256, sizeof p256}, {CKA_TOKEN, &yes, sizeof yes}};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_PRIVATE, &no, sizeof no}};
    CK_OBJECT_HANDLE keys[2];
    CK_SESSION_HANDLE session;
    (void)memset(label, ' ', sizeof label);
    initialise();
    must(p11->C_InitToken(slot, pin, sizeof pin - 1, label), "C_InitToken");
    session = open_session(CKF_RW_SESSION);
    must(p11->C_GenerateKeyPair(session, &generate, public_template, 2, private_template, 2, &keys[0],
                                &keys[1]),
         "C_GenerateKeyPair");
    must(p11->C_Finalize(NULL), "C_Finalize");
}

static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    must(p11->C_FindObjectsInit(session, &attribute, 1), "C_FindObjectsInit");
    must(p11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
    must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    must(count == 1 ? CKR_OK : CKR_KEY_HANDLE_INVALID, "the key");
    return key;
}

static void maximum(_Atomic int *most, int value)
{
    int seen = atomic_load(most);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {
    }
}

/* One signature. The counter covers less than the session is held for, never more. */
static CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, uint64_t *waited)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
    CK_BYTE text[64] = {0};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    uint64_t begin = now_ns();
    CK_RV rv = p11->C_SignInit(session, &ecdsa, key);
    if (rv != CKR_OK) {
        return rv;
    }
    *waited = now_ns() - begin;
    maximum(&stage->most, atomic_fetch_add(&stage->inside, 1) + 1);
    rv = p11->C_SignUpdate(session, text, sizeof text);
    atomic_fetch_sub(&stage->inside, 1);
    return rv == CKR_OK ? p11->C_SignFinal(session, signature, &length) : rv;
}

static void *signer(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    CK_SESSION_HANDLE session = open_session(0);
    CK_OBJECT_HANDLE key = find_key(session);
    atomic_fetch_add(&stage->ready, 1);
    while (atomic_load(&stage->ready) < SIGNERS && atomic_load(&stage->stop) == 0) {
        (void)usleep(1000);
    }
    while (atomic_load(&stage->stop) == 0) {
        uint64_t waited = 0;
        CK_RV rv = sign(session, key, &waited);
        if (rv != CKR_OK) {
            CK_RV none = CKR_OK;
            atomic_fetch_add(&stage->errors, 1);
            (void)atomic_compare_exchange_strong(&stage->first_error, &none, rv);
            continue;
        }
        atomic_fetch_add_explicit(&stage->done[number], 1, memory_order_relaxed);
        if (waited > atomic_load_explicit(&stage->longest_ns[number], memory_order_relaxed)) {
            atomic_store_explicit(&stage->longest_ns[number], waited, memory_order_relaxed);
        }
    }
    return NULL;
}

static void process(unsigned number)
{
    pthread_t threads[THREADS];
    CK_HUKS_LIMITS limits;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    initialise();
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, signer, (void *)(uintptr_t)(number * THREADS + i)) != 0) {
            exit(2);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    must(huks->GetLimits(slot, &limits), "GetLimits");
    atomic_fetch_add(&stage->errors, limits.mine); /* nothing of ours may be left behind */
    must(p11->C_Finalize(NULL), "C_Finalize");
}

/* In a child. */
static pid_t start(void (*body)(unsigned), unsigned number)
{
    pid_t child = fork();
    if (child == 0) {
        body(number);
        _exit(0);
    }
    return child;
}

static void make_token_body(unsigned number)
{
    (void)number;
    make_token();
}

static unsigned children_failed(void)
{
    unsigned failed = 0;
    int status = 0;
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    return failed;
}

struct seen {
    CK_ULONG most;
    CK_ULONG last;
    unsigned samples;
    uint64_t ns; /* that the signers worked */
};

/* Every millisecond for so many seconds from the moment when all are ready. */
static struct seen look_on(unsigned seconds)
{
    struct seen seen = {0};
    CK_HUKS_LIMITS limits = {0};
    uint64_t patience = now_ns() + UINT64_C(60000000000);
    while (atomic_load(&stage->ready) < SIGNERS && now_ns() < patience) {
        (void)usleep(1000);
    }
    uint64_t begin = now_ns();
    while (now_ns() - begin < (uint64_t)seconds * 1000000000u) {
        must(huks->GetLimits(slot, &limits), "GetLimits");
        seen.most = limits.in_use > seen.most ? limits.in_use : seen.most;
        seen.samples++;
        (void)usleep(1000);
    }
    atomic_store(&stage->stop, 1);
    seen.ns = now_ns() - begin;
    return seen;
}

static int report(const struct seen *seen, unsigned failed)
{
    uint64_t sum = 0;
    uint64_t slowest = UINT64_MAX;
    uint64_t longest = 0;
    for (unsigned i = 0; i < SIGNERS; i++) {
        uint64_t done = atomic_load(&stage->done[i]);
        uint64_t waited = atomic_load(&stage->longest_ns[i]);
        sum += done;
        slowest = done < slowest ? done : slowest;
        longest = waited > longest ? waited : longest;
    }
    double mean = (double)sum / SIGNERS;
    uint64_t errors = atomic_load(&stage->errors) + failed;
    (void)printf(
        "%d threads x %d processes, %d sessions, %.1f s: %llu signatures (%.0f/s), slowest/mean %.2f, "
        "longest C_SignInit %.1f ms\n",
        THREADS, PROCESSES, LIMIT, (double)seen->ns / 1e9, (unsigned long long)sum,
        (double)sum * 1e9 / (double)seen->ns, mean > 0 ? (double)slowest / mean : 0, (double)longest / 1e6);
    (void)printf("at most %d at once by the signers' count, %lu in %u looks from outside, %lu afterwards; "
                 "%llu errors (first 0x%lx)\n",
                 atomic_load(&stage->most), seen->most, seen->samples, seen->last, (unsigned long long)errors,
                 atomic_load(&stage->first_error));
    return errors > 0 || atomic_load(&stage->most) > LIMIT || seen->most > LIMIT || seen->last != 0 ||
           sum == 0 || (double)slowest < mean / 5;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static int soak(unsigned seconds)
{
    CK_HUKS_LIMITS limits = {0};
    (void)start(make_token_body, 0);
    if (children_failed() > 0) {
        return 2;
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        (void)start(process, i);
    }
    initialise();
    struct seen seen = look_on(seconds);
    unsigned failed = children_failed();
    must(huks->GetLimits(slot, &limits), "GetLimits");
    seen.last = limits.in_use;
    must(p11->C_Finalize(NULL), "C_Finalize");
    return report(&seen, failed);
}

int main(int argc, char **argv)
{
    const char *module = argc > 2 ? argv[2] : getenv("HUKS_MODULE");
    const char *base = getenv("TMPDIR");
    unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(store, sizeof store, "%.200s/soak-limit-XXXXXX", base != NULL ? base : "/tmp");
    if (stage == MAP_FAILED || mkdtemp(store) == NULL) {
        return 2;
    }
    load(module != NULL ? module : ".libs/huks-pkcs11.so");
    int result = soak(seconds);
    (void)nftw(store, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}
