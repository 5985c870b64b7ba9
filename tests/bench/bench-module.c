/*
 * The module against bare OpenSSL, and SoftHSM2 and the module through huksd beside it, in alternating short
 * rounds of one process: medians of the ratios of their speeds.
 *
 *   bench-module [--rounds N] [--only NAME] [--json FILE] [--short] [--cpu] [MODULE]
 *
 *   N       rounds a row (25)        --short   no threads, processes and large keys
 *   NAME    only rows that begin so  --cpu     processor time instead of time, for a busy machine
 *   MODULE  $HUKS_MODULE, else .libs/huks-pkcs11.so
 *
 * SoftHSM2 is $HUKS_REFERENCE or where the distribution puts it, huksd the one beside the module's build;
 * without them their columns are empty. Nothing fails on a figure.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"

#include <ftw.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUND_NS     4e6

enum { MOST_ROUNDS = 1000 };

static struct bench_door ours, theirs, served;
static bool have_theirs, have_served;
static size_t rounds = 25;
static const char *only, *module_path, *json_path;
static bool is_short;
static json_t *results;
static char place[] = "/tmp/bench-module-XXXXXX";

static const struct row {
    const char *name;
    enum bench_key key;
    size_t size;
    bench_call module, bare; /* bare NULL: nothing to compare with, only a time */
    double wanted;           /* ratio; without bare: µs */
    bool large;              /* not in the short form */
} rows[] = {
    {"RSA-2048 sign", BENCH_RSA2048, 32, module_sign, bare_sign, 0.97, false},
    {"RSA-4096 sign", BENCH_RSA4096, 32, module_sign, bare_sign, 0.97, true},
    {"RSA-2048 verify", BENCH_RSA2048, 32, module_verify, bare_verify, 0.90, false},
    {"ECDSA P-256 sign", BENCH_P256, 32, module_sign, bare_sign, 0.95, false},
    {"ECDSA P-256 verify", BENCH_P256, 32, module_verify, bare_verify, 0.95, false},
    {"Ed25519 sign", BENCH_ED25519, 32, module_sign, bare_sign, 0.95, false},
    {"ECDH P-256", BENCH_P256, 32, module_agree, bare_agree, 1.10, false},
    {"AES-256-GCM 16 B", BENCH_AES, 16, module_gcm, bare_gcm, 0.60, false},
    {"AES-256-GCM 1 KiB", BENCH_AES, 1024, module_gcm, bare_gcm, 0.75, false},
    {"AES-256-GCM 16 KiB", BENCH_AES, 16384, module_gcm, bare_gcm, 0.95, false},
    {"AES-256-GCM 1 MiB", BENCH_AES, 1 << 20, module_gcm, bare_gcm, 0.98, false},
    {"AES-256-CBC 16 B", BENCH_AES, 16, module_cbc, bare_cbc, 0.60, false},
    {"AES-256-CBC 1 KiB", BENCH_AES, 1024, module_cbc, bare_cbc, 0.75, false},
    {"AES-256-CBC 16 KiB", BENCH_AES, 16384, module_cbc, bare_cbc, 0.95, false},
    {"AES-256-CBC 1 MiB", BENCH_AES, 1 << 20, module_cbc, bare_cbc, 0.98, true},
    {"HMAC-SHA-256 64 B", BENCH_HMAC, 64, module_hmac, bare_hmac, 0.80, false},
    {"HMAC-SHA-256 16 KiB", BENCH_HMAC, 16384, module_hmac, bare_hmac, 0.97, false},
    {"SHA-256 64 B", BENCH_AES, 64, module_digest, bare_digest, 0.75, false},
    {"SHA-256 16 KiB", BENCH_AES, 16384, module_digest, bare_digest, 0.98, false},
    {"SHA-256 1 MiB", BENCH_AES, 1 << 20, module_digest, bare_digest, 0.98, true},
    {"random 32 B", BENCH_AES, 32, module_random, bare_random, 1.50, false},
    {"EC P-256 session key pair", BENCH_P256, 32, module_pair, bare_pair, 0.80, false},
    {"open and close a session", BENCH_P256, 0, module_session, NULL, 0.3, false},
    {"three attributes", BENCH_P256, 0, module_attributes, NULL, 0.5, false},
    {"find the same again, by id and class", BENCH_P256, 0, module_find, NULL, 0, false},
};

/* ---- where the stores lie ---- */

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *at)
{
    (void)info, (void)flag, (void)at;
    return remove(path);
}

static void remove_place(void)
{
    (void)nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text, const char *variable)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place, name);
    FILE *file = fopen(path, "w");
    bench_must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
    (void)setenv(variable, path, 1);
}

static void make_place(void)
{
    char path[256];

    bench_must(mkdtemp(place) != NULL, place);
    (void)atexit(remove_place);
    write_file("huks.conf", "; nothing but the defaults\n", "HUKS_CONF");
    snprintf(path, sizeof path, "directories.tokendir = %s/softhsm\nlog.level = ERROR\n", place);
    write_file("softhsm2.conf", path, "SOFTHSM2_CONF");
    snprintf(path, sizeof path, "%s/store", place);
    (void)setenv("HUKS_STORE", path, 1);
    snprintf(path, sizeof path, "%s/softhsm", place);
    bench_must(mkdir(path, 0700) == 0, path);
}

static const char *find_reference(void)
{
    static char found[256];
    const char *given = getenv("HUKS_REFERENCE");
    glob_t paths = {0};

    if (given != NULL) {
        return given;
    }
    (void)glob("/usr/lib/softhsm/libsofthsm2.so", 0, NULL, &paths);
    (void)glob("/usr/lib/*/softhsm/libsofthsm2.so", GLOB_APPEND, NULL, &paths);
    (void)glob("/usr/lib64/pkcs11/libsofthsm2.so", GLOB_APPEND, NULL, &paths);
    if (paths.gl_pathc > 0) {
        snprintf(found, sizeof found, "%s", paths.gl_pathv[0]);
    }
    globfree(&paths);
    return found[0] != '\0' ? found : NULL;
}

/* ---- one thread ---- */

static json_t *spread_json(struct bench_spread spread)
{
    return json_pack("{s:f,s:f,s:f}", "low", spread.low, "median", spread.median, "high", spread.high);
}

static void measure(const struct row *row)
{
    static double our_ns[MOST_ROUNDS], bare_ns[MOST_ROUNDS], their_ns[MOST_ROUNDS], ratio[MOST_ROUNDS],
        their_ratio[MOST_ROUNDS], served_ns[MOST_ROUNDS], served_ratio[MOST_ROUNDS];
    struct bench_worker our_worker, bare_worker, their_worker, served_worker;

    bench_worker_begin(&our_worker, &ours, row->key, row->size);
    bench_worker_begin(&bare_worker, NULL, row->key, row->size);
    if (have_theirs) {
        bench_worker_begin(&their_worker, &theirs, row->key, row->size);
        row->module(&their_worker);
    }
    if (have_served) {
        bench_worker_begin(&served_worker, &served, row->key, row->size);
        row->module(&served_worker);
    }
    row->module(&our_worker);
    for (size_t i = 0; i < rounds; i++) {
        our_ns[i] = bench_time(row->module, &our_worker, ROUND_NS);
        bare_ns[i] = row->bare != NULL ? bench_time(row->bare, &bare_worker, ROUND_NS) : our_ns[i];
        their_ns[i] = have_theirs ? bench_time(row->module, &their_worker, ROUND_NS) : 0;
        ratio[i] = bare_ns[i] / our_ns[i];
        their_ratio[i] = have_theirs ? bare_ns[i] / their_ns[i] : 0;
        served_ns[i] = have_served ? bench_time(row->module, &served_worker, ROUND_NS) : 0;
        served_ratio[i] = have_served ? our_ns[i] / served_ns[i] : 0;
    }
    struct bench_spread our = bench_spread(our_ns, rounds), bare = bench_spread(bare_ns, rounds),
                        their = bench_spread(their_ns, rounds), r = bench_spread(ratio, rounds),
                        tr = bench_spread(their_ratio, rounds);
    json_t *entry = json_pack("{s:s,s:i,s:f,s:f,s:o}", "name", row->name, "size", (int)row->size, "wanted",
                              row->wanted, "us", our.median / 1000, "spread_us", spread_json(our));
    if (row->bare != NULL) {
        printf("%-26s %10.3f %10.3f %7.2f (%.2f…%.2f) %6.2f", row->name, our.median / 1000,
               bare.median / 1000, r.median, r.low, r.high, row->wanted);
        json_object_set_new(entry, "bare_us", json_real(bare.median / 1000));
        json_object_set_new(entry, "ratio", spread_json(r));
    } else {
        printf("%-26s %10.3f %10s %7s %13s %4.1f µs", row->name, our.median / 1000, "", "", "", row->wanted);
    }
    if (have_theirs) {
        printf(" %10.3f", their.median / 1000);
        if (row->bare != NULL) {
            printf(" %7.2f", tr.median);
        } else {
            printf(" %7s", "");
        }
        printf(" %7.1f", their.median / our.median);
        json_object_set_new(entry, "softhsm2_us", json_real(their.median / 1000));
        bench_worker_end(&their_worker);
    } else {
        printf(" %26s", "");
    }
    if (have_served) {
        struct bench_spread by = bench_spread(served_ns, rounds), sr = bench_spread(served_ratio, rounds);
        printf(" %10.3f %7.2f", by.median / 1000, sr.median);
        json_object_set_new(entry, "huksd_us", json_real(by.median / 1000));
        json_object_set_new(entry, "huksd_ratio", spread_json(sr));
        bench_worker_end(&served_worker);
    }
    printf("\n");
    fflush(stdout);
    json_array_append_new(json_object_get(results, "operations"), entry);
    bench_worker_end(&our_worker);
    bench_worker_end(&bare_worker);
}

/* ---- threads and processes ---- */

/* Two at a time: how many calls a second of the first, and how many of the second. */
struct pair {
    const char *list; /* in the results */
    const char *first, *second;
    struct bench_task tasks[2];
};

static void measure_together(const struct row *row, const struct pair *pair, size_t workers, bool processes)
{
    static double our_rate[MOST_ROUNDS], bare_rate[MOST_ROUNDS], ratio[MOST_ROUNDS];
    double *rates[2] = {our_rate, bare_rate};
    const struct bench_task *tasks = pair->tasks;
    size_t count = rounds / 3 + 1;

    if (processes) {
        bench_processes(tasks, workers, 1, count, rates);
    } else {
        bench_threads(tasks, workers, count, rates);
    }
    for (size_t i = 0; i < count; i++) {
        ratio[i] = our_rate[i] / bare_rate[i];
    }
    struct bench_spread our = bench_spread(our_rate, count), bare = bench_spread(bare_rate, count),
                        r = bench_spread(ratio, count);
    printf("%-26s %2zu %-9s %12.0f %12.0f %7.2f (%.2f…%.2f)\n", row->name, workers,
           processes ? "processes" : "threads", our.median, bare.median, r.median, r.low, r.high);
    fflush(stdout);
    json_array_append_new(json_object_get(results, pair->list),
                          json_pack("{s:s,s:s,s:i,s:f,s:f,s:o}", "name", row->name, "what",
                                    processes ? "processes" : "threads", "workers", (int)workers, pair->first,
                                    our.median, pair->second, bare.median, "ratio", spread_json(r)));
}

static bool chosen(const struct row *row)
{
    return (only == NULL || strncmp(row->name, only, strlen(only)) == 0) && !(is_short && row->large);
}

static void measure_row_together(const struct row *row, const struct pair *pair)
{
    for (size_t workers = 1; workers <= (is_short ? 2 : 16); workers *= 2) {
        measure_together(row, pair, workers, false);
    }
    for (size_t workers = 1; workers <= (is_short ? 2 : 8); workers *= 2) {
        measure_together(row, pair, workers, true);
    }
}

static bool among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void measure_all_together(void)
{
    static const char *const some[] = {"RSA-2048 sign",     "ECDSA P-256 sign", "AES-256-GCM 1 KiB",
                                       "HMAC-SHA-256 64 B", "SHA-256 64 B",     "random 32 B"};
    printf("\n%-26s %12s %12s %12s %7s\n", "", "", "module, /s", "bare, /s", "ratio");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct pair pair = {
            "together",
            "per_second",
            "bare_per_second",
            {{row->module, &ours, row->key, row->size}, {row->bare, NULL, row->key, row->size}}};
        if (chosen(row) && among(row->name, some, COUNT(some))) {
            measure_row_together(row, &pair);
        }
    }
}

/* Of the short form one row, so that somebody notices when it stops working. */
static void measure_service_together(void)
{
    static const char *const some[] = {"ECDSA P-256 sign", "RSA-2048 sign", "AES-256-GCM 1 KiB",
                                       "AES-256-GCM 16 KiB", "SHA-256 64 B"};
    printf("\n%-26s %12s %12s %12s %7s\n", "", "", "huksd, /s", "embedded, /s", "ratio");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct pair pair = {
            "huksd",
            "per_second",
            "embedded_per_second",
            {{row->module, &served, row->key, row->size}, {row->module, &ours, row->key, row->size}}};
        if (chosen(row) && among(row->name, some, is_short ? 1 : COUNT(some))) {
            measure_row_together(row, &pair);
        }
    }
}

/* ---- threads in each of many processes ---- */

enum { MATRIX_ROUNDS = 3 };

static void measure_cell(const struct row *row, const struct pair *pair, size_t processes, size_t threads)
{
    double first[MATRIX_ROUNDS], second[MATRIX_ROUNDS];
    double *rates[2] = {first, second};
    bench_processes(pair->tasks, processes, threads, MATRIX_ROUNDS, rates);
    double one = bench_spread(first, MATRIX_ROUNDS).median,
           other = bench_spread(second, MATRIX_ROUNDS).median;
    printf("%-26s %2zu × %-2zu threads %12.0f %12.0f %7.2f\n", row->name, processes, threads, one, other,
           one / other);
    fflush(stdout);
    json_array_append_new(json_object_get(results, pair->list),
                          json_pack("{s:s,s:i,s:i,s:f,s:f}", "name", row->name, "processes", (int)processes,
                                    "threads", (int)threads, pair->first, one, pair->second, other));
}

/* Those numbers of processes with those of threads in each; ended by 0. Of the short form one cell. */
static void measure_matrix(const char *list, const size_t *processes, const size_t *threads, bool through)
{
    static const char *const some[] = {"ECDSA P-256 sign", "AES-256-GCM 1 KiB"};
    printf("\n%-26s %15s %12s %12s %7s\n", "", "processes", through ? "huksd, /s" : "module, /s",
           through ? "embedded, /s" : "bare, /s", "ratio");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct pair pair = {
            list,
            "per_second",
            through ? "embedded_per_second" : "bare_per_second",
            {{row->module, through ? &served : &ours, row->key, row->size},
             {through ? row->module : row->bare, through ? &ours : NULL, row->key, row->size}}};
        if (!chosen(row) || !among(row->name, some, is_short ? 1 : COUNT(some))) {
            continue;
        }
        for (const size_t *p = processes; *p != 0; p++) {
            for (const size_t *t = threads; *t != 0; t++) {
                measure_cell(row, &pair, *p, *t);
            }
        }
    }
}

static void measure_matrices(void)
{
    static const size_t one[] = {2, 0}, processes[] = {1, 2, 4, 8, 0}, threads[] = {1, 2, 4, 16, 0},
                        few[] = {1, 2, 4, 0};
    measure_matrix("matrix", is_short ? one : processes, is_short ? one : threads, false);
    if (have_served && !is_short) {
        measure_matrix("huksd_matrix", few, few, true);
    }
}

/* ---- native calls ---- */

static const struct native_row {
    const char *name;
    size_t size;
    bench_call call;
    bool large;
} native_rows[] = {
    {"native: ECDSA P-256 sign", 32, native_sign, false},
    {"native: ECDSA P-256 verify", 32, native_verify, false},
    {"native: AES-256-GCM 1 KiB", 1024, native_gcm, false},
    {"native: AES-256-GCM 1 MiB", 1 << 20, native_gcm, true},
    {"native: is there a key", 0, native_exists, false},
    {"native: a key's properties", 0, native_properties, false},
    {"native: make, delete P-256", 0, native_pair, false},
};

static void measure_native(const struct native_row *row, struct bench_native *own, struct bench_native *far)
{
    static double own_ns[MOST_ROUNDS], far_ns[MOST_ROUNDS], ratio[MOST_ROUNDS];
    struct bench_native *natives[2] = {own, far};
    double *ns[2] = {own_ns, far_ns};
    struct bench_worker workers[2];
    size_t count = far != NULL ? 2 : 1;

    for (size_t k = 0; k < count; k++) {
        bench_worker_begin(&workers[k], NULL, BENCH_P256, row->size);
        workers[k].native = natives[k];
        row->call(&workers[k]);
    }
    for (size_t i = 0; i < rounds; i++) {
        for (size_t k = 0; k < count; k++) {
            ns[k][i] = bench_time(row->call, &workers[k], ROUND_NS);
        }
        ratio[i] = own_ns[i] / far_ns[i];
    }
    struct bench_spread by_own = bench_spread(own_ns, rounds);
    json_t *entry = json_pack("{s:s,s:i,s:f,s:o}", "name", row->name, "size", (int)row->size, "us",
                              by_own.median / 1000, "spread_us", spread_json(by_own));
    printf("%-26s %10.3f", row->name, by_own.median / 1000);
    if (far != NULL) {
        struct bench_spread by_far = bench_spread(far_ns, rounds), r = bench_spread(ratio, rounds);
        printf(" %10.3f %7.2f (%.2f…%.2f)", by_far.median / 1000, r.median, r.low, r.high);
        json_object_set_new(entry, "huksd_us", json_real(by_far.median / 1000));
        json_object_set_new(entry, "huksd_ratio", spread_json(r));
    }
    printf("\n");
    fflush(stdout);
    json_array_append_new(json_object_get(results, "native"), entry);
    for (size_t k = 0; k < count; k++) {
        bench_worker_end(&workers[k]);
    }
}

static bool chosen_native(const struct native_row *row)
{
    return (only == NULL || strncmp(row->name, only, strlen(only)) == 0) && !(is_short && row->large);
}

/* The library beside the module, once in this process and once more as huksd's client. */
static void measure_all_native(void)
{
    char library[4096], copy[256], own_conf[256], served_conf[256], store[256];
    struct bench_native *own = NULL, *far = NULL;

    (void)snprintf(library, sizeof library, "%.*s/libhuks_ndk.so",
                   (int)(strrchr(module_path, '/') - module_path), module_path);
    if (access(library, R_OK) != 0) {
        return;
    }
    (void)snprintf(copy, sizeof copy, "%s/libhuks_ndk-client.so", place);
    (void)snprintf(own_conf, sizeof own_conf, "%s/huks.conf", place);
    (void)snprintf(served_conf, sizeof served_conf, "%s/" BENCH_SERVICE_CONF, place);
    (void)snprintf(store, sizeof store, "%s/native", place);
    for (size_t i = 0; i < COUNT(native_rows); i++) {
        if (!chosen_native(&native_rows[i])) {
            continue;
        }
        if (own == NULL) {
            printf("\n%-26s %10s %10s %7s\n", "", "own, µs", have_served ? "huksd, µs" : "",
                   have_served ? "ratio" : "");
            own = bench_native_load(library, own_conf, store);
        }
        if (far == NULL && have_served) {
            bench_copy(library, copy);
            far = bench_native_load(copy, served_conf, store);
        }
        measure_native(&native_rows[i], own, far);
    }
}

/* ---- the program ---- */

/* Before anything is loaded: another process answers. */
static json_t *measure_floor(void)
{
    static double ns[MOST_ROUNDS];
    struct bench_worker worker;

    bench_worker_begin(&worker, NULL, BENCH_AES, 64);
    bench_ping(&worker);
    for (size_t i = 0; i < rounds; i++) {
        ns[i] = bench_time(bench_ping, &worker, ROUND_NS);
    }
    bench_worker_end(&worker);
    struct bench_spread spread = bench_spread(ns, rounds);
    return json_pack(
        "{s:s,s:f,s:o}", "name", "socket ping-pong, 64 bytes", "us", spread.median / 1000, "spread_us",
        spread_json((struct bench_spread){spread.low / 1000, spread.median / 1000, spread.high / 1000}));
}

static void arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"rounds", required_argument, NULL, 'r'}, {"only", required_argument, NULL, 'o'},
        {"json", required_argument, NULL, 'j'},   {"short", no_argument, NULL, 's'},
        {"cpu", no_argument, NULL, 'c'},          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'r':
            rounds = strtoul(optarg, NULL, 10);
            break;
        case 'o':
            only = optarg;
            break;
        case 'j':
            json_path = optarg;
            break;
        case 's':
            is_short = true;
            break;
        case 'c':
            bench_clock = CLOCK_THREAD_CPUTIME_ID;
            break;
        default:
            fprintf(stderr, "usage: bench-module [--rounds N] [--only NAME] [--json FILE] [--short] [--cpu] "
                            "[MODULE]\n");
            exit(2);
        }
    }
    module_path = optind < argc ? argv[optind] : getenv("HUKS_MODULE");
    module_path = module_path != NULL ? module_path : ".libs/huks-pkcs11.so";
    bench_must(rounds >= 3 && rounds <= MOST_ROUNDS, "counting the rounds (3 to 1000)");
}

int main(int argc, char **argv)
{
    char path[4096];

    arguments(argc, argv);
    bench_must(realpath(module_path, path) != NULL, module_path);
    module_path = path;
    make_place();
    json_t *floor = measure_floor();
    bare_make();
    bench_door_load(&ours, "module", module_path, NULL);
    bench_door_make(&ours);
    const char *reference = find_reference();
    have_theirs = reference != NULL;
    if (have_theirs) {
        bench_door_load(&theirs, "SoftHSM2", reference, NULL);
        bench_door_make(&theirs);
    }
    have_served = bench_service(&served, module_path, place);
    if (have_served) {
        bench_door_make(&served);
    }
    results = json_pack("{s:s,s:i,s:i,s:o,s:[],s:[],s:[],s:[],s:[],s:[]}", "openssl",
                        OpenSSL_version(OPENSSL_VERSION), "rounds", (int)rounds, "processors",
                        (int)sysconf(_SC_NPROCESSORS_ONLN), "floor", floor, "operations", "native",
                        "together", "huksd", "matrix", "huksd_matrix");
    bench_must(results != NULL, "JSON");
    printf("%s, %ld processors, %zu rounds\n\n", OpenSSL_version(OPENSSL_VERSION),
           sysconf(_SC_NPROCESSORS_ONLN), rounds);
    printf("%-26s %10s %10s %7s %12s %6s %10s %7s %7s %10s %7s\n", "", "module, µs", "bare, µs", "ratio", "",
           "goal", have_theirs ? "SoftHSM2, µs" : "", have_theirs ? "ratio" : "",
           have_theirs ? "we faster" : "", have_served ? "huksd, µs" : "", have_served ? "ratio" : "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (chosen(&rows[i])) {
            measure(&rows[i]);
        }
    }
    measure_all_native();
    printf("\n%-26s %10.3f\n", json_string_value(json_object_get(floor, "name")),
           json_real_value(json_object_get(floor, "us")));
    if (!is_short) {
        measure_all_together();
    }
    if (have_served) {
        measure_service_together();
    }
    measure_matrices();
    bench_must(json_path == NULL || json_dump_file(results, json_path, JSON_INDENT(1)) == 0, "writing JSON");
    json_decref(results);
    return 0;
}
