/*
 * What grows with the number of objects, and what must not: creating, starting, login, searching, memory, at
 * a thousand, ten thousand … objects in one token.
 *
 *   bench-store [--objects N] [--json FILE] [MODULE]
 *
 *   N       the largest token (100,000); a million takes a quarter of an hour
 *   MODULE  $HUKS_MODULE, else .libs/huks-pkcs11.so
 *
 * Creation is measured beside the least that durability costs: one pwrite() of 4 KiB and fdatasync() in the
 * same directory, in turn. Login is measured beside its scrypt. Each process is a fresh one and asks for
 * objects by chance; a figure is the median of ROUNDS processes, that of the later searches a median of blocks in each:
 * a virtual processor that was idle is slow for a tenth of a second. Nothing fails on a figure.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>

#include "bare-search.h"

enum { ROUNDS = 21, FINDS = 400, BLOCK = 200, BLOCKS = 100, PAIRS = 40, SYNCS = 4, SCRYPT_LOG2N = 14 };

/* In microseconds, memory in KiB, ratios without a unit. */
enum figure {
    CREATE,
    SYNC,
    PAIR,
    PAIR_RATIO,
    INITIALIZE,
    FIRST_SLOTS,
    LOGIN,
    LOGIN_RATIO,
    FIND_FIRST,
    FIND_LABEL,
    FIND_ID,
    FIND_LATER,
    FIND_BARE,
    SIGN,
    MEMORY,
    FIGURES
};
static const struct {
    const char *name, *key;
    double goal; /* at most; 0: none */
} figures[FIGURES] = {
    [CREATE] = {"an AES token key, µs", "create_us", 0},
    [SYNC] = {"pwrite of 4 KiB and fdatasync, µs", "sync_us", 0},
    [PAIR] = {"EC P-256 token key pair, µs", "pair_us", 0},
    [PAIR_RATIO] = {"the pair beside one such pwrite", "pair_ratio", 3},
    [INITIALIZE] = {"C_Initialize, µs", "initialize_us", 2000},
    [FIRST_SLOTS] = {"first C_GetSlotList and session, µs", "slots_us", 0},
    [LOGIN] = {"C_Login, µs", "login_us", 0},
    [LOGIN_RATIO] = {"C_Login beside its scrypt", "login_ratio", 1.2},
    [FIND_FIRST] = {"first find by id, µs", "find_first_us", 0},
    [FIND_LABEL] = {"first find by label, µs", "find_label_us", 0},
    [FIND_ID] = {"find by id, the first 400, µs", "find_early_us", 0},
    [FIND_LATER] = {"find by id, the next 20,000, µs", "find_us", 20},
    [FIND_BARE] = {"of it, SQLite alone, µs", "find_bare_us", 0},
    [SIGN] = {"first signature, µs", "sign_us", 0},
    [MEMORY] = {"memory for all that, KiB", "memory_kib", 0},
};

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static char place[] = "/tmp/bench-store-XXXXXX";
static CK_UTF8CHAR pin[] = "bench-store";
static CK_BBOOL yes = CK_TRUE;
static double (*answers)[ROUNDS]; /* shared with the children */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench-store: %s\n", what);
    _exit(2);
}

static void must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        fprintf(stderr, "bench-store: 0x%lx\n", rv);
        fail(what);
    }
}

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* ---- the module ---- */

static void load(const char *path)
{
    CK_C_GetFunctionList get_list = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fail(dlerror());
    }
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    must(get_list(&p11), "C_GetFunctionList");
}

static void begin(void)
{
    CK_ULONG count = 1;
    must(p11->C_Initialize(NULL), "C_Initialize");
    must(p11->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
    must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
}

static void login(CK_USER_TYPE user)
{
    must(p11->C_Login(session, user, pin, sizeof pin - 1), "C_Login");
}

static size_t name(char text[32], const char *word, size_t number)
{
    return (size_t)snprintf(text, 32, "%s%zu", word, number);
}

/* Number 0 is an EC pair, others are AES keys. */
static void create(size_t number)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG length = 32;
    CK_OBJECT_HANDLE key;
    char id[32], label[32];
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, sizeof yes},
                               {CKA_VALUE_LEN, &length, sizeof length},
                               {CKA_ID, id, name(id, "id", number)},
                               {CKA_LABEL, label, name(label, "key ", number)}};
    must(p11->C_GenerateKey(session, &mechanism, template, 4, &key), "C_GenerateKey");
}

static void create_pair(const char *word)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key, private_key;
    CK_ATTRIBUTE public_template[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_EC_PARAMS, p256, sizeof p256}};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                       {CKA_SIGN, &yes, sizeof yes},
                                       {CKA_ID, (void *)(uintptr_t)word, strlen(word)}};
    must(p11->C_GenerateKeyPair(session, &mechanism, public_template, 2, private_template, 3, &public_key,
                                &private_key),
         "C_GenerateKeyPair");
}

static CK_OBJECT_HANDLE find(CK_ATTRIBUTE_TYPE type, const char *text, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE template[] = {{type, (void *)(uintptr_t)text, strlen(text)},
                               {CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE found[2] = {0};
    CK_ULONG count = 0;
    must(p11->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit");
    must(p11->C_FindObjects(session, found, 2, &count), "C_FindObjects");
    must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    must(count == 1 ? CKR_OK : CKR_GENERAL_ERROR, "one object of that name");
    return found[0];
}

static void sign(CK_OBJECT_HANDLE key)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {1}, signature[64];
    CK_ULONG length = sizeof signature;
    must(p11->C_SignInit(session, &ecdsa, key), "C_SignInit");
    must(p11->C_Sign(session, hash, sizeof hash, signature, &length), "C_Sign");
}

/* ---- in processes of their own ---- */

static void in_child(void (*work)(size_t, size_t), size_t a, size_t b)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        work(a, b);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fail("a child failed");
    }
}

static void make_token(size_t a, size_t b)
{
    CK_UTF8CHAR label[32];
    CK_ULONG count = 1;
    (void)a, (void)b;
    memset(label, ' ', sizeof label);
    must(p11->C_Initialize(NULL), "C_Initialize");
    must(p11->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
    must(p11->C_InitToken(slot, pin, sizeof pin - 1, label), "C_InitToken");
    must(p11->C_Finalize(NULL), "C_Finalize");
    begin();
    login(CKU_SO);
    must(p11->C_InitPIN(session, pin, sizeof pin - 1), "C_InitPIN");
    must(p11->C_Logout(session), "C_Logout");
    login(CKU_USER);
    create_pair("signer");
    must(p11->C_Finalize(NULL), "C_Finalize");
}

static void fill(size_t from, size_t to)
{
    begin();
    login(CKU_USER);
    for (size_t i = from; i < to; i++) {
        create(i);
    }
    must(p11->C_Finalize(NULL), "C_Finalize");
}

static void sync_once(int file)
{
    static unsigned char block[4096];
    if (pwrite(file, block, sizeof block, 0) != (ssize_t)sizeof block || fdatasync(file) != 0) {
        fail("pwrite");
    }
}

/* In turn, so that whatever else the disk does meets both. */
static void create_beside(size_t from, size_t b)
{
    double key[PAIRS], pair[PAIRS], sync[PAIRS], ratio[PAIRS];
    char path[64];
    (void)b;
    (void)snprintf(path, sizeof path, "%s/block", place);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    begin();
    login(CKU_USER);
    sync_once(file);
    for (size_t i = 0; i < PAIRS; i++) {
        double t0 = now_us();
        for (int k = 0; k < SYNCS; k++) {
            sync_once(file);
        }
        double t1 = now_us();
        create_pair("other");
        double t2 = now_us();
        create(from + i);
        key[i] = now_us() - t2;
        sync[i] = (t1 - t0) / SYNCS;
        pair[i] = t2 - t1;
        ratio[i] = pair[i] / sync[i];
    }
    answers[CREATE][0] = median(key, PAIRS);
    answers[SYNC][0] = median(sync, PAIRS);
    answers[PAIR][0] = median(pair, PAIRS);
    answers[PAIR_RATIO][0] = median(ratio, PAIRS);
    must(p11->C_Finalize(NULL), "C_Finalize");
    (void)close(file);
}

static double resident_kib(void)
{
    char line[128];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtod(line + 6, NULL);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

static double scrypt_us(void)
{
    unsigned char out[32];
    double start = now_us();
    if (EVP_PBE_scrypt((const char *)pin, sizeof pin - 1, out, 16, 1 << SCRYPT_LOG2N, 8, 1, 64 << 20, out,
                       sizeof out) != 1) {
        fail("scrypt");
    }
    return now_us() - start;
}

static double find_many(unsigned *seed, size_t objects, int count)
{
    double start = now_us();
    for (int i = 0; i < count; i++) {
        char text[32];
        (void)name(text, "id", 1 + (size_t)rand_r(seed) % (objects - 1));
        (void)find(CKA_ID, text, CKO_SECRET_KEY);
    }
    return (now_us() - start) / count;
}

/* Its own process, as the module's finds: two handles of one file in a process would share their locks. */
static void ask_bare(size_t round, size_t b)
{
    char path[96];
    (void)b;
    (void)snprintf(path, sizeof path, "%s/store/token-0.db", place);
    answers[FIND_BARE][round] = bare_search(path, BLOCK, BLOCKS, (unsigned)round + 1);
    if (answers[FIND_BARE][round] < 0) {
        fail(path);
    }
}

static void ask(size_t round, size_t objects)
{
    unsigned seed = (unsigned)(round * 7919 + 1);
    char text[32];
    double before = resident_kib();
    double t0 = now_us();
    must(p11->C_Initialize(NULL), "C_Initialize");
    double t1 = now_us();
    CK_ULONG count = 1;
    must(p11->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
    must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
    double t2 = now_us();
    login(CKU_USER);
    double t3 = now_us();
    (void)name(text, "id", 1 + (size_t)rand_r(&seed) % (objects - 1));
    (void)find(CKA_ID, text, CKO_SECRET_KEY);
    double t4 = now_us();
    (void)name(text, "key ", 1 + (size_t)rand_r(&seed) % (objects - 1));
    (void)find(CKA_LABEL, text, CKO_SECRET_KEY);
    double t5 = now_us();
    sign(find(CKA_ID, "signer", CKO_PRIVATE_KEY));
    double t6 = now_us();
    answers[MEMORY][round] = resident_kib() - before;
    answers[FIND_ID][round] = find_many(&seed, objects, FINDS);
    double blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = find_many(&seed, objects, BLOCK);
    }
    answers[FIND_LATER][round] = median(blocks, BLOCKS);
    answers[INITIALIZE][round] = t1 - t0;
    answers[FIRST_SLOTS][round] = t2 - t1;
    answers[LOGIN][round] = t3 - t2;
    answers[FIND_FIRST][round] = t4 - t3;
    answers[FIND_LABEL][round] = t5 - t4;
    answers[SIGN][round] = t6 - t5;
    answers[LOGIN_RATIO][round] = (t3 - t2) / scrypt_us();
}

/* ---- the program ---- */

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *at)
{
    (void)info, (void)flag, (void)at;
    return remove(path);
}

static void make_place(void)
{
    char path[64];
    if (mkdtemp(place) == NULL) {
        fail(place);
    }
    (void)snprintf(path, sizeof path, "%s/huks.conf", place);
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs("; nothing but the defaults\n", file) < 0 || fclose(file) != 0) {
        fail(path);
    }
    (void)setenv("HUKS_CONF", path, 1);
    (void)snprintf(path, sizeof path, "%s/store", place);
    (void)setenv("HUKS_STORE", path, 1);
}

static json_t *measure(size_t from, size_t objects)
{
    double start = now_us();
    in_child(fill, from, objects);
    json_t *entry = json_pack("{s:I,s:f}", "objects", (json_int_t)objects, "fill_per_second",
                              (double)(objects - from) / (now_us() - start) * 1e6);
    in_child(create_beside, objects, 0);
    for (size_t i = 0; i < ROUNDS; i++) {
        in_child(ask, i, objects);
        in_child(ask_bare, i, 0);
    }
    for (int i = 0; i < FIGURES; i++) {
        bool once = i <= PAIR_RATIO;
        json_object_set_new(entry, figures[i].key,
                            json_real(once ? answers[i][0] : median(answers[i], ROUNDS)));
    }
    return entry;
}

static void print(const json_t *results)
{
    size_t column;
    const json_t *entry;
    printf("%-40s", "objects");
    json_array_foreach(results, column, entry)
    {
        printf(" %10lld", (long long)json_integer_value(json_object_get(entry, "objects")));
    }
    puts("       goal");
    for (int i = 0; i < FIGURES; i++) {
        /* µ is two bytes. */
        printf("%-*s", 40 + (strstr(figures[i].name, "µ") != NULL), figures[i].name);
        json_array_foreach(results, column, entry)
        {
            double value = json_real_value(json_object_get(entry, figures[i].key));
            printf(" %10.*f", value < 100 ? 2 : 0, value);
        }
        if (figures[i].goal > 0) {
            printf("     ≤ %g", figures[i].goal);
        }
        puts("");
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"objects", required_argument, NULL, 'o'},
                                            {"json", required_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    size_t most = 100000;
    const char *json_path = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'o') {
            most = strtoul(optarg, NULL, 10);
        } else if (option == 'j') {
            json_path = optarg;
        } else {
            fprintf(stderr, "usage: bench-store [--objects N] [--json FILE] [MODULE]\n");
            return 2;
        }
    }
    const char *module = optind < argc ? argv[optind] : getenv("HUKS_MODULE");
    answers =
        mmap(NULL, sizeof(*answers) * FIGURES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answers == MAP_FAILED) {
        fail("memory");
    }
    make_place();
    load(module != NULL ? module : ".libs/huks-pkcs11.so");
    in_child(make_token, 0, 0);
    json_t *results = json_array();
    for (size_t from = 1, objects = 1000; objects <= most; objects *= 10) {
        json_array_append_new(results, measure(from, objects));
        from = objects + PAIRS;
    }
    print(results);
    json_t *whole = json_pack("{s:o}", "store", results);
    bool written = json_path == NULL || json_dump_file(whole, json_path, JSON_INDENT(1)) == 0;
    json_decref(whole);
    (void)nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!written) {
        fail("writing JSON");
    }
    return 0;
}
