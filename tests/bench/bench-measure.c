/*
 * bench-module: timing. What is compared runs in turn, in short rounds, so that a machine whose speed drifts
 * drifts for both; the figure is the median of the rounds' ratios.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>

#define TOGETHER_NS 40e6 /* of threads or processes working side by side, each round */

static double bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread bench_spread(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (struct bench_spread){values[count / 10], values[count / 2], values[count - 1 - count / 10]};
}

clockid_t bench_clock = CLOCK_MONOTONIC;

static double time_ns(void)
{
    struct timespec now;
    clock_gettime(bench_clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double bench_time(bench_call call, struct bench_worker *worker, double ns)
{
    size_t count = 0, batch = 1;
    double begun = time_ns(), passed = 0;

    while (passed < ns) {
        for (size_t i = 0; i < batch; i++) {
            call(worker);
        }
        count += batch;
        passed = time_ns() - begun;
        /* The clock is asked some twenty times a round, whatever a call takes. */
        double next = ns / 20 / (passed / (double)count);
        batch = next < 1 ? 1 : (size_t)next;
    }
    return passed / (double)count;
}

/* ---- side by side ---- */

struct round {
    pthread_barrier_t begin, end; /* of the workers and who counts */
    _Atomic int which;            /* task; -1: go home */
    _Atomic int stop;
};

struct side {
    struct round *round;
    const struct bench_task *tasks;
    _Atomic uint64_t *done;
};

static void work(const struct side *side, struct bench_worker workers[2])
{
    for (;;) {
        (void)pthread_barrier_wait(&side->round->begin);
        int which = atomic_load(&side->round->which);
        if (which < 0) {
            return;
        }
        uint64_t count = 0;
        while (atomic_load_explicit(&side->round->stop, memory_order_relaxed) == 0) {
            side->tasks[which].call(&workers[which]);
            count++;
        }
        atomic_store(side->done, count);
        (void)pthread_barrier_wait(&side->round->end);
    }
}

static void *work_in_thread(void *argument)
{
    const struct side *side = argument;
    struct bench_worker workers[2];
    for (int i = 0; i < 2; i++) {
        bench_worker_begin(&workers[i], side->tasks[i].door, side->tasks[i].key, side->tasks[i].size);
    }
    work(side, workers);
    for (int i = 0; i < 2; i++) {
        bench_worker_end(&workers[i]);
    }
    return NULL;
}

static void count_rounds(struct round *round, const _Atomic uint64_t *done, size_t workers, size_t rounds,
                         double *rates[2])
{
    struct timespec nap = {0, (long)TOGETHER_NS};

    for (size_t i = 0; i < 2 * (rounds + 1); i++) {
        uint64_t total = 0;
        atomic_store(&round->which, (int)(i % 2));
        atomic_store(&round->stop, 0);
        (void)pthread_barrier_wait(&round->begin);
        double begun = bench_now_ns();
        (void)nanosleep(&nap, NULL);
        atomic_store(&round->stop, 1);
        (void)pthread_barrier_wait(&round->end);
        double passed = bench_now_ns() - begun;
        for (size_t k = 0; k < workers; k++) {
            total += atomic_load(&done[k]);
        }
        if (i >= 2) { /* the first of each warms up */
            rates[i % 2][i / 2 - 1] = (double)total * 1e9 / passed;
        }
    }
    atomic_store(&round->which, -1);
    (void)pthread_barrier_wait(&round->begin);
}

static struct round *round_new(size_t workers, _Atomic uint64_t **done)
{
    size_t size = sizeof(struct round) + workers * sizeof **done;
    struct round *round = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t shared;

    bench_must(round != MAP_FAILED, "mmap");
    (void)pthread_barrierattr_init(&shared);
    (void)pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    (void)pthread_barrier_init(&round->begin, &shared, (unsigned)workers + 1);
    (void)pthread_barrier_init(&round->end, &shared, (unsigned)workers + 1);
    *done = (_Atomic uint64_t *)(round + 1);
    return round;
}

/* As many threads as there are places for what they have done. */
struct crew {
    size_t count;
    pthread_t *ids;
    struct side *sides;
};

static struct crew crew_start(struct round *round, const struct bench_task *tasks, _Atomic uint64_t *done,
                              size_t count)
{
    struct crew crew = {count, calloc(count + 1, sizeof *crew.ids), calloc(count + 1, sizeof *crew.sides)};
    bench_must(crew.ids != NULL && crew.sides != NULL, "memory");
    for (size_t i = 0; i < count; i++) {
        crew.sides[i] = (struct side){round, tasks, &done[i]};
        bench_must(pthread_create(&crew.ids[i], NULL, work_in_thread, &crew.sides[i]) == 0, "pthread_create");
    }
    return crew;
}

static void crew_end(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        (void)pthread_join(crew->ids[i], NULL);
    }
    free(crew->ids);
    free(crew->sides);
}

void bench_threads(const struct bench_task tasks[2], size_t threads, size_t rounds, double *rates[2])
{
    _Atomic uint64_t *done;
    struct round *round = round_new(threads, &done);
    struct crew crew = crew_start(round, tasks, done, threads);
    count_rounds(round, done, threads, rounds, rates);
    crew_end(&crew);
}

/* The tasks' doors anew in this process. */
static void join(struct bench_task tasks[2], struct bench_door doors[2])
{
    for (int i = 0; i < 2; i++) {
        if (tasks[i].door != NULL) {
            bench_door_join(&doors[i], tasks[i].door);
            tasks[i].door = &doors[i];
        }
    }
}

static void leave(const struct bench_task tasks[2])
{
    for (int i = 0; i < 2; i++) {
        if (tasks[i].door != NULL) {
            bench_ok(tasks[i].door->p11->C_Finalize(NULL), "C_Finalize");
        }
    }
}

void bench_processes(const struct bench_task tasks[2], size_t processes, size_t threads, size_t rounds,
                     double *rates[2])
{
    _Atomic uint64_t *done;
    struct round *round = round_new(processes * threads, &done);
    pid_t parent = getpid();

    for (size_t i = 0; i < processes; i++) {
        pid_t child = fork();
        bench_must(child >= 0, "fork");
        if (child == 0) {
            struct bench_door doors[2];
            struct bench_task mine[2] = {tasks[0], tasks[1]};
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) {
                _exit(2);
            }
            join(mine, doors);
            struct side first = {round, mine, &done[i * threads]};
            struct crew others = crew_start(round, mine, first.done + 1, threads - 1);
            (void)work_in_thread(&first);
            crew_end(&others);
            leave(mine);
            _exit(0);
        }
    }
    count_rounds(round, done, processes * threads, rounds, rates);
    for (size_t i = 0; i < processes; i++) {
        int status = 0;
        bench_must(wait(&status) > 0 && status == 0, "a process");
    }
}
