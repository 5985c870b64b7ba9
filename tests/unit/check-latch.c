/*
 * Fences and latches: nobody is inside twice, nobody waits for ever, one of two always sees the other.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/latch.h"

enum { THREADS = 4, TURNS = 20000, MEETINGS = 3000 };

/* ---- latches ---- */

static struct latch latch;
static unsigned inside, turns; /* not atomic: the latch is what makes them right */

static void *take_turns(void *nothing)
{
    for (unsigned i = 0; i < TURNS; i++) {
        latch_lock(&latch);
        if (inside++ != 0) {
            abort();
        }
        turns++;
        if (i % 64 == 0) {
            usleep(1); /* so that others come to sleep */
        }
        inside--;
        latch_unlock(&latch);
    }
    return nothing;
}

static void everybody_gets_in(void)
{
    pthread_t threads[THREADS];
    turns = 0;
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(turns, THREADS * TURNS);
    ck_assert_uint_eq(atomic_load(&latch.held), 0);
    ck_assert_uint_eq(atomic_load(&latch.waiting), 0);
}

START_TEST(test_latch_with_full_fences)
{
    atomic_store(&fence_by_kernel, false);
    everybody_gets_in();
}
END_TEST

START_TEST(test_latch_with_the_kernels)
{
    fence_prepare();
    everybody_gets_in();
}
END_TEST

START_TEST(test_latch_tries)
{
    ck_assert(latch_try(&latch));
    ck_assert(!latch_try(&latch));
    latch_unlock(&latch);
    ck_assert(latch_try(&latch));
    latch_unlock(&latch);
}
END_TEST

START_TEST(test_latch_keeps_errno)
{
    pthread_t thread;
    errno = EXDEV;
    latch_lock(&latch);
    ck_assert_int_eq(pthread_create(&thread, NULL, take_turns, NULL), 0);
    while (atomic_load(&latch.waiting) == 0) {
        usleep(100);
    }
    errno = EXDEV;
    latch_unlock(&latch); /* wakes it */
    ck_assert_int_eq(errno, EXDEV);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- fences ---- */

static atomic_uint frequent, rare; /* number of the meeting that each has come to */
static atomic_uint frequent_saw, rare_saw;

static void *come_often(void *nothing)
{
    for (unsigned i = 1; i <= MEETINGS; i++) {
        while (atomic_load(&rare_saw) != i - 1) {
        }
        atomic_store_explicit(&frequent, i, memory_order_relaxed);
        fence_light();
        unsigned saw = atomic_load_explicit(&rare, memory_order_relaxed);
        atomic_store(&frequent_saw, saw == i ? 2 * i + 1 : 2 * i);
    }
    return nothing;
}

/* Of two that store and then look, both may be late, but never miss each other. */
static void one_sees_the_other(void)
{
    pthread_t thread;
    atomic_store(&frequent, 0);
    atomic_store(&rare, 0);
    atomic_store(&frequent_saw, 0);
    atomic_store(&rare_saw, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, come_often, NULL), 0);
    for (unsigned i = 1; i <= MEETINGS; i++) {
        atomic_store_explicit(&rare, i, memory_order_relaxed);
        fence_heavy();
        bool saw = atomic_load_explicit(&frequent, memory_order_relaxed) == i;
        unsigned other;
        while ((other = atomic_load(&frequent_saw)) / 2 != i) {
        }
        ck_assert_msg(saw || other % 2 == 1, "meeting %u: neither saw the other", i);
        atomic_store(&rare_saw, i);
    }
    pthread_join(thread, NULL);
}

START_TEST(test_fence_full)
{
    atomic_store(&fence_by_kernel, false);
    one_sees_the_other();
}
END_TEST

START_TEST(test_fence_by_the_kernel)
{
    errno = EXDEV;
    fence_prepare();
    ck_assert_int_eq(errno, EXDEV);
    one_sees_the_other();
}
END_TEST

/* A child is as good as its parent, whether the kernel remembers what the parent asked for or not. */
START_TEST(test_fence_in_a_child)
{
    fence_prepare();
    pid_t child = fork();
    if (child == 0) {
        fence_heavy();
        one_sees_the_other();
        everybody_gets_in();
        _exit(0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("latch");
    TCase *latches = tcase_create("latch");
    tcase_add_test(latches, test_latch_with_full_fences);
    tcase_add_test(latches, test_latch_with_the_kernels);
    tcase_add_test(latches, test_latch_tries);
    tcase_add_test(latches, test_latch_keeps_errno);
    suite_add_tcase(suite, latches);
    TCase *fences = tcase_create("fence");
    tcase_add_test(fences, test_fence_full);
    tcase_add_test(fences, test_fence_by_the_kernel);
    tcase_add_test(fences, test_fence_in_a_child);
    suite_add_tcase(suite, fences);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
