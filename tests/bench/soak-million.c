/*
 * A million keys: the same questions to a token of a thousand objects and to one of a million.
 *
 *   soak-million [OBJECTS [MODULE]]     1,000,000; $HUKS_MODULE, else .libs/huks-pkcs11.so
 *
 * Each question is asked in a fresh process, of objects chosen by chance; what is compared is the median of
 * ROUNDS processes. Half the objects are AES keys, half are halves of EC P-256 pairs, all with an ID and a
 * label of their own. Both stores are asked in turn. HUKS_SOAK_STORE names a directory for the large one that
 * is kept; if it is there, filled by an earlier run with the same number, it is only asked again.
 *
 * Exits with 1 when a figure, the fill and the full listing aside, is more than 1.5 times what it was.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

enum { SMALL = 1000, ROUNDS = 31, READS = 20000 };

/* What is asked. Times are in microseconds, memory in KiB. */
enum figure { INITIALIZE, LOGIN, FIND_ID, FIND_LABEL, SIGN, MEMORY, MEMORY_READ, FIGURES };
static const char *const figure_names[FIGURES] = {
    "C_Initialize + open, us", "login, us",        "find by id, us",         "find by label, us",
    "first signature, us",     "memory then, KiB", "after 20,000 reads, KiB"};

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static char store[PATH_MAX];
static CK_UTF8CHAR pin[] = "soak-million";

/* Written by children. */
static struct answers {
    double figure[FIGURES][ROUNDS];
    double listing_s;
    CK_ULONG listed;
} * answers;

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        (void)fprintf(stderr, "soak-million: %s: 0x%lx\n", what, rv);
        _exit(2);
    }
}

static void load(const char *path)
{
    CK_C_GetFunctionList get_list = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        (void)fprintf(stderr, "soak-million: %s\n", dlerror());
        exit(2);
    }
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    must(get_list(&p11), "C_GetFunctionList");
}

static void initialise(void)
{
    char text[PATH_MAX + 64];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};
    CK_ULONG count = 1;
    (void)snprintf(text, sizeof text, "store=\"%s\" scrypt_log2n=10", store);
    must(p11->C_Initialize(&args), "C_Initialize");
    must(p11->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
}

static void open_session(void)
{
    must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
}

static void login(CK_USER_TYPE user)
{
    must(p11->C_Login(session, user, pin, sizeof pin - 1), "C_Login");
}

/* ---- Objects: number n is an AES key or a pair, two objects ----------------------------------------------
 */

static void names(uint64_t number, char id[24], char label[40])
{
    (void)snprintf(id, 24, "id%020llu", (unsigned long long)number);
    (void)snprintf(label, 40, "key number %llu", (unsigned long long)number);
}

static bool is_pair(uint64_t number)
{
    return number % 3 == 0;
}

static void make(uint64_t number)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static CK_ULONG length = 32;
    CK_MECHANISM pairs = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM secrets = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE made[2];
    char id[24];
    char label[40];
    names(number, id, label);
    CK_ATTRIBUTE t[] = {{CKA_TOKEN, &yes, sizeof yes},
                        {CKA_ID, id, strlen(id)},
                        {CKA_LABEL, label, strlen(label)},
                        {CKA_EC_PARAMS, p256, sizeof p256},
                        {CKA_VALUE_LEN, &length, sizeof length}};
    if (is_pair(number)) {
        must(p11->C_GenerateKeyPair(session, &pairs, t, 4, t, 3, &made[0], &made[1]), "C_GenerateKeyPair");
    } else {
        t[3] = t[4];
        must(p11->C_GenerateKey(session, &secrets, t, 4, &made[0]), "C_GenerateKey");
    }
}

/* Numbers 0 … n-1 make so many objects. */
static uint64_t objects_of(uint64_t numbers)
{
    return numbers + (numbers + 2) / 3;
}

static uint64_t numbers_for(uint64_t objects)
{
    uint64_t numbers = objects * 3 / 4;
    while (objects_of(numbers) < objects) {
        numbers++;
    }
    return numbers;
}

static CK_OBJECT_HANDLE find(CK_ATTRIBUTE_TYPE type, const char *value)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE t[] = {{type, (void *)(uintptr_t)value, strlen(value)}, {CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE found[2] = {0};
    CK_ULONG count = 0;
    must(p11->C_FindObjectsInit(session, t, 2), "C_FindObjectsInit");
    must(p11->C_FindObjects(session, found, 2, &count), "C_FindObjects");
    must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    must(count == 1 ? CKR_OK : CKR_GENERAL_ERROR, "one object of that name");
    return found[0];
}

static void sign(CK_OBJECT_HANDLE key)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {1};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    must(p11->C_SignInit(session, &ecdsa, key), "C_SignInit");
    must(p11->C_Sign(session, hash, sizeof hash, signature, &length), "C_Sign");
}

/* ---- In children -----------------------------------------------------------------------------------------
 */

static int in_child(void (*work)(uint64_t, uint64_t), uint64_t a, uint64_t b)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        work(a, b);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        (void)fprintf(stderr, "soak-million: a child ended with %x\n", (unsigned)status);
        exit(2);
    }
    return 0;
}

static void make_token(uint64_t a, uint64_t b)
{
    CK_UTF8CHAR label[32];
    (void)a, (void)b;
    memset(label, ' ', sizeof label);
    initialise();
    must(p11->C_InitToken(slot, pin, sizeof pin - 1, label), "C_InitToken");
    open_session();
    login(CKU_SO);
    must(p11->C_InitPIN(session, pin, sizeof pin - 1), "C_InitPIN");
    must(p11->C_Finalize(NULL), "C_Finalize");
}

static void fill(uint64_t from, uint64_t to)
{
    initialise();
    open_session();
    login(CKU_USER);
    double start = now_us(), last = start;
    for (uint64_t number = from; number < to; number++) {
        make(number);
        if (number % 50000 == 49999) {
            double now = now_us();
            (void)fprintf(
                stderr, "  %llu objects, %.0f a second\n", (unsigned long long)objects_of(number + 1),
                (double)(objects_of(number + 1) - objects_of(number + 1 - 50000)) / (now - last) * 1e6);
            last = now;
        }
    }
    uint64_t made = objects_of(to) - objects_of(from);
    (void)printf("filled with %llu objects: %.0f a second\n", (unsigned long long)made,
                 (double)made / (now_us() - start) * 1e6);
    (void)fflush(stdout);
    must(p11->C_Finalize(NULL), "C_Finalize");
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

static uint64_t some_pair(uint64_t numbers, unsigned *seed)
{
    uint64_t random = (uint64_t)rand_r(seed) << 20 ^ (uint64_t)rand_r(seed);
    return random % (numbers / 3) * 3;
}

static void ask(uint64_t round, uint64_t numbers)
{
    unsigned seed = (unsigned)(round * 7919 + 1);
    char id[24];
    char label[40];
    double before = resident_kib();
    double t0 = now_us();
    initialise();
    open_session();
    double t1 = now_us();
    login(CKU_USER);
    double t2 = now_us();
    names(some_pair(numbers, &seed), id, label);
    CK_OBJECT_HANDLE key = find(CKA_ID, id);
    double t3 = now_us();
    sign(key);
    double t4 = now_us();
    names(some_pair(numbers, &seed), id, label);
    (void)find(CKA_LABEL, label);
    double t5 = now_us();
    double after = resident_kib();
    const double values[] = {t1 - t0, t2 - t1, t3 - t2, t5 - t4, t4 - t3, after - before};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        answers->figure[i][round] = values[i];
    }
}

/* The cache is full by then, and has let go of most of what it saw. */
static void read_many(uint64_t round, uint64_t numbers)
{
    unsigned seed = (unsigned)round;
    char id[24];
    char label[40];
    double before = resident_kib();
    initialise();
    open_session();
    login(CKU_USER);
    for (int i = 0; i < READS; i++) {
        names(some_pair(numbers, &seed), id, label);
        sign(find(CKA_ID, id));
    }
    answers->figure[MEMORY_READ][round] = resident_kib() - before;
}

static void list_all(uint64_t a, uint64_t b)
{
    CK_OBJECT_HANDLE found[1000];
    CK_ULONG count = 0;
    (void)a, (void)b;
    initialise();
    open_session();
    login(CKU_USER);
    double start = now_us();
    must(p11->C_FindObjectsInit(session, NULL, 0), "C_FindObjectsInit");
    do {
        must(p11->C_FindObjects(session, found, 1000, &count), "C_FindObjects");
        answers->listed += count;
    } while (count > 0);
    must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    answers->listing_s = (now_us() - start) / 1e6;
}

/* ---- The two stores --------------------------------------------------------------------------------------
 */

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

static double store_bytes(void)
{
    double bytes = 0;
    DIR *dir = opendir(store);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct stat status;
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode)) {
            bytes += (double)status.st_size;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return bytes;
}

/* One of the two stores. */
struct subject {
    char store[PATH_MAX];
    uint64_t numbers;
    struct answers *answers;
    double figures[FIGURES];
};

static void turn_to(const struct subject *subject)
{
    (void)snprintf(store, sizeof store, "%s", subject->store);
    answers = subject->answers;
}

static void prepare(struct subject *subject, const char *directory, const char *name, uint64_t objects)
{
    struct stat status;
    (void)snprintf(subject->store, sizeof subject->store, "%s%s%s", directory, name[0] != '\0' ? "/" : "",
                   name);
    subject->numbers = numbers_for(objects);
    subject->answers = mmap(NULL, sizeof *answers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (subject->answers == MAP_FAILED) {
        exit(2);
    }
    turn_to(subject);
    if (stat(subject->store, &status) != 0) {
        in_child(make_token, 0, 0);
        in_child(fill, 0, subject->numbers);
    }
}

static void conclude(struct subject *subject)
{
    turn_to(subject);
    in_child(read_many, 0, subject->numbers);
    in_child(list_all, 0, 0);
    for (size_t i = 0; i < FIGURES; i++) {
        subject->figures[i] = median(answers->figure[i], i == MEMORY_READ ? 1 : ROUNDS);
    }
    (void)printf("%llu objects: %.0f bytes each, all %lu listed in %.2f s\n",
                 (unsigned long long)objects_of(subject->numbers),
                 store_bytes() / (double)objects_of(subject->numbers), answers->listed, answers->listing_s);
    (void)fflush(stdout);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

int main(int argc, char **argv)
{
    static struct subject small, large;
    uint64_t objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const char *module = argc > 2 ? argv[2] : getenv("HUKS_MODULE");
    const char *kept = getenv("HUKS_SOAK_STORE");
    const char *parent = getenv("TMPDIR");
    char work[PATH_MAX - 16];
    int worse = 0;
    load(module != NULL ? module : ".libs/huks-pkcs11.so");
    (void)snprintf(work, sizeof work, "%s/soak-million-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(work) == NULL) {
        perror(work);
        return 2;
    }
    prepare(&small, work, "small", SMALL);
    prepare(&large, kept != NULL ? kept : work, kept != NULL ? "" : "large", objects);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        turn_to(&small);
        in_child(ask, round, small.numbers);
        turn_to(&large);
        in_child(ask, round, large.numbers);
    }
    conclude(&small);
    conclude(&large);
    (void)printf("\n%-28s %12s %12s %8s\n", "", "at 1,000", "at the end", "ratio");
    for (size_t i = 0; i < FIGURES; i++) {
        double ratio = large.figures[i] / small.figures[i];
        bool too_much = ratio > 1.5;
        worse += too_much;
        (void)printf("%-28s %12.0f %12.0f %8.2f%s\n", figure_names[i], small.figures[i], large.figures[i],
                     ratio, too_much ? "  MORE THAN 1.5" : "");
    }
    (void)nftw(work, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return worse > 0;
}
