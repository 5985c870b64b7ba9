/* Threads that work together and children that are forked. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct crew_member {
    struct worker worker;
    pthread_barrier_t *start;
    void (*work)(struct worker *);
};

void worker_fail(struct worker *worker, CK_RV rv, const char *what, int line)
{
    worker->rv = rv;
    worker->what = what;
    worker->line = line;
}

static void *crew_start(void *argument)
{
    struct crew_member *member = argument;

    pthread_barrier_wait(member->start);
    member->work(&member->worker);
    return NULL;
}

void crew_run(unsigned count, void (*work)(struct worker *), void *context)
{
    enum { MOST = 96 };
    struct crew_member members[MOST];
    pthread_t threads[MOST];
    pthread_barrier_t start;

    ck_assert(count <= MOST);
    ck_assert(pthread_barrier_init(&start, NULL, count) == 0);
    for (unsigned i = 0; i < count; i++) {
        members[i] = (struct crew_member){{i, context, CKR_OK, NULL, 0}, &start, work};
        ck_assert(pthread_create(&threads[i], NULL, crew_start, &members[i]) == 0);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_msg(members[i].worker.what == NULL, "thread %u, line %d: %s: %s", i, members[i].worker.line,
                      members[i].worker.what, ckr_name(members[i].worker.rv));
    }
}

void child_run(void (*body)(void *context), void *context)
{
    static bool is_child;
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        is_child = true;
        body(context);
        _exit(EXIT_SUCCESS);
    }
    if (is_child) { /* a grandchild: Check's assertions are for the test itself */
        child_holds(waitpid(child, &status, 0) == child && status == 0);
        return;
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(!WIFSIGNALED(status), "the child died of signal %d", WTERMSIG(status));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed; see above");
}

void child_check(const char *file, int line, const char *text, CK_RV want, CK_RV got)
{
    if (got != want) {
        fprintf(stderr, "%s:%d: in the child: %s: expected %s, got %s\n", file, line, text, ckr_name(want),
                ckr_name(got));
        _exit(EXIT_FAILURE);
    }
}
