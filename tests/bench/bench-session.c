/*
 * The cost and the fairness of key-operation sessions.
 *
 *   bench-session                 ns per take and return, uncontended
 *   bench-session SECONDS [US]    then 16 threads × 4 processes working US microseconds (50) in each of 15
 *                                 sessions: throughput, slowest thread over mean, most sessions in use
 *
 * Exits with 1 when a promise is broken: 100 ns, an error, more than 15 in use, slowest below a fifth.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/table.h"

enum { LIMIT = 15, PROCESSES = 4, THREADS = 16, CALLS = 2000000 };

struct stage {
    _Atomic int stop;
    _Atomic int ready;
    _Atomic int in_use;
    _Atomic int most;
    _Atomic uint64_t errors;
    _Atomic uint64_t done[PROCESSES][THREADS];
    _Atomic uint64_t longest_ns[PROCESSES][THREADS];
};

static struct stage *stage;
static uint64_t work_ns = 50000;
static char store[] = "/tmp/bench-session-XXXXXX";

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct session_table *join(uint32_t limit, uint32_t wait_ms)
{
    const struct session_settings settings = {
        .store_dir = store, .limit = limit, .wait_ms = wait_ms, .idle_s = 60};
    struct session_table *table = NULL;
    if (session_table_open(&settings, &table) != HUKS_OK ||
        session_table_where(table, NULL) != SESSION_IN_STORE) {
        (void)fprintf(stderr, "bench-session: no table in %s\n", store);
        exit(2);
    }
    return table;
}

static double cost(uint32_t limit)
{
    struct session_table *table = join(limit, 0);
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        uint64_t begin = now_ns();
        for (int i = 0; i < CALLS; i++) {
            struct session_ref ref;
            if (session_take(table, &ref) != HUKS_OK) {
                exit(2);
            }
            session_return(table, ref);
        }
        double each = (double)(now_ns() - begin) / CALLS;
        best = each < best ? each : best;
    }
    session_table_close(table);
    return best;
}

static double cost_touch(void)
{
    struct session_table *table = join(LIMIT, 0);
    struct session_ref ref;
    if (session_take(table, &ref) != HUKS_OK) {
        exit(2);
    }
    uint64_t begin = now_ns();
    for (int i = 0; i < CALLS; i++) {
        if (!session_touch(table, ref)) {
            exit(2);
        }
    }
    double each = (double)(now_ns() - begin) / CALLS;
    session_table_close(table);
    return each;
}

struct worker {
    struct session_table *table;
    int process, thread;
};

static void *work(void *argument)
{
    const struct worker *worker = argument;
    atomic_fetch_add(&stage->ready, 1);
    while (atomic_load(&stage->ready) < PROCESSES * THREADS) {
        (void)usleep(1000);
    }
    while (atomic_load(&stage->stop) == 0) {
        struct session_ref ref;
        uint64_t begin = now_ns();
        if (session_take(worker->table, &ref) != HUKS_OK) {
            atomic_fetch_add(&stage->errors, 1);
            continue;
        }
        uint64_t got = now_ns();
        int in_use = atomic_fetch_add(&stage->in_use, 1) + 1;
        int most = atomic_load(&stage->most);
        while (in_use > most && !atomic_compare_exchange_weak(&stage->most, &most, in_use)) {
        }
        while (now_ns() - got < work_ns) {
        }
        atomic_fetch_sub(&stage->in_use, 1);
        session_return(worker->table, ref);
        atomic_fetch_add(&stage->done[worker->process][worker->thread], 1);
        if (got - begin > atomic_load(&stage->longest_ns[worker->process][worker->thread])) {
            atomic_store(&stage->longest_ns[worker->process][worker->thread], got - begin);
        }
    }
    return NULL;
}

static void process(int number)
{
    struct session_table *table = join(LIMIT, 1000);
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){table, number, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
            _exit(2);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    /* Nothing of ours may be left behind. */
    struct session_limits limits;
    session_table_limits(table, &limits);
    atomic_fetch_add(&stage->errors, limits.mine);
    session_table_close(table);
    _exit(0);
}

static int fairness(unsigned seconds)
{
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stage == MAP_FAILED) {
        return 2;
    }
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            process(i);
        }
    }
    (void)sleep(seconds);
    atomic_store(&stage->stop, 1);
    while (wait(NULL) > 0) {
    }
    uint64_t sum = 0;
    uint64_t slowest = UINT64_MAX;
    uint64_t longest = 0;
    for (int i = 0; i < PROCESSES * THREADS; i++) {
        uint64_t done = atomic_load(&stage->done[i / THREADS][i % THREADS]);
        uint64_t waited = atomic_load(&stage->longest_ns[i / THREADS][i % THREADS]);
        sum += done;
        slowest = done < slowest ? done : slowest;
        longest = waited > longest ? waited : longest;
    }
    double mean = (double)sum / (PROCESSES * THREADS);
    (void)printf("%d threads, %d sessions, %g us each: %.0f/s, slowest/mean %.2f, longest wait %.1f ms, "
                 "at most %d in use, %llu errors\n",
                 PROCESSES * THREADS, LIMIT, (double)work_ns / 1000, (double)sum / seconds,
                 (double)slowest / mean, (double)longest / 1e6, atomic_load(&stage->most),
                 (unsigned long long)atomic_load(&stage->errors));
    return (double)slowest < mean / 5 || atomic_load(&stage->most) > LIMIT || atomic_load(&stage->errors) > 0;
}

int main(int argc, char **argv)
{
    if (mkdtemp(store) == NULL) {
        return 2;
    }
    double taken = cost(LIMIT);
    (void)printf("take and return: %.1f ns (unlimited: %.1f ns), touch: %.1f ns\n", taken, cost(0),
                 cost_touch());
    int result = taken > 100;
    if (argc > 2) {
        work_ns = strtoull(argv[2], NULL, 10) * 1000;
    }
    if (argc > 1) {
        result |= fairness((unsigned)strtoul(argv[1], NULL, 10));
    }
    char path[64];
    (void)snprintf(path, sizeof path, "%s/sessions", store);
    (void)unlink(path);
    (void)rmdir(store);
    return result;
}
