/*
 * Key-operation sessions over several processes: limit, death at any point, fork, pid reuse.
 *
 * HUKS_TEST_LONG=1 runs 1,000 rounds of random kills instead of 50.
 */
#include "tests/unit/check-session.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

/* -- Children that do what they are told ----------------------------------------------------------- */

struct child {
    pid_t pid;
    int to, from;
};

static void child_put(int fd, int value)
{
    if (write(fd, &value, sizeof value) != (ssize_t)sizeof value) {
        _exit(3);
    }
}

static int child_get(int fd)
{
    int value = 0;
    if (read(fd, &value, sizeof value) != (ssize_t)sizeof value) {
        _exit(3);
    }
    return value;
}

/* Orders: take so many (answers how many it got), 0: return all (answers 0). */
static void child_obey(struct session_table *table, int in, int out)
{
    struct session_ref refs[64];
    uint32_t held = 0;
    for (;;) {
        int order = child_get(in);
        int got = 0;
        for (; got < order && held < 64 && session_take(table, &refs[held]) == HUKS_OK; got++) {
            held++;
        }
        while (order == 0 && held > 0) {
            session_return(table, refs[--held]);
        }
        child_put(out, got);
    }
}

static struct child child_start(uint32_t limit, uint32_t wait_ms)
{
    int to[2];
    int from[2];
    ck_assert_int_eq(pipe(to), 0);
    ck_assert_int_eq(pipe(from), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(to[1]);
        (void)close(from[0]);
        struct session_settings settings = settings_of(limit, wait_ms);
        struct session_table *table = NULL;
        if (session_table_open(&settings, &table) != HUKS_OK) {
            _exit(2);
        }
        child_put(from[1], 4711);
        child_obey(table, to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    struct child child = {.pid = pid, .to = to[1], .from = from[0]};
    int ready = 0;
    ck_assert_int_eq(read(child.from, &ready, sizeof ready), (ssize_t)sizeof ready);
    ck_assert_int_eq(ready, 4711);
    return child;
}

static void child_order(const struct child *child, int order)
{
    ck_assert_int_eq(write(child->to, &order, sizeof order), (ssize_t)sizeof order);
}

static int child_answer(const struct child *child)
{
    int answer = -1;
    ck_assert_int_eq(read(child->from, &answer, sizeof answer), (ssize_t)sizeof answer);
    return answer;
}

static int child_do(const struct child *child, int order)
{
    child_order(child, order);
    return child_answer(child);
}

static void child_kill(struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    (void)close(child->to);
    (void)close(child->from);
}

/* The row of an instance in a child, found by its pid. */
static struct session_row *row_of(struct session_table *table, pid_t pid)
{
    struct session_shared *shared = table_map(table)->shared;
    for (uint32_t i = 0; i < SESSION_ROWS; i++) {
        if (word_state(atomic_load(&shared->rows[i].word)) == STATE_USED &&
            (pid_t)atomic_load(&shared->rows[i].pid) == pid) {
            return &shared->rows[i];
        }
    }
    ck_abort_msg("no row of process %d", (int)pid);
}

/* -- The limit ------------------------------------------------------------------------------------- */

START_TEST(limit_spans_processes)
{
    struct session_table *table = table_join(15, 0);
    struct child child = child_start(15, 0);
    struct session_ref refs[16];
    char message[256];
    ck_assert_int_eq(child_do(&child, 8), 8);
    take(table, refs, 7);
    ck_assert_int_eq(session_take(table, &refs[7]), HUKS_E_SESSION_LIMIT);
    ck_assert_str_eq(error_message(message, sizeof message),
                     "The number of key operation sessions has reached the limit.");
    ck_assert_int_eq(child_do(&child, 1), 0);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    ck_assert_uint_eq(limits_of(table).mine, 7);
    give(table, refs, 7);
    ck_assert_int_eq(child_do(&child, 10), 7);
    ck_assert_int_eq(child_do(&child, 0), 0);
    expect_fifteen(table);
    child_kill(&child);
    session_table_close(table);
}
END_TEST

START_TEST(limit_none_over_processes)
{
    struct session_table *table = table_join(0, 0);
    struct child child = child_start(0, 0);
    ck_assert_int_eq(child_do(&child, 60), 60);
    struct session_ref refs[30];
    take(table, refs, 30);
    ck_assert_uint_eq(limits_of(table).in_use, 90);
    ck_assert_uint_eq(limits_of(table).mine, 30);
    child_kill(&child);
    ck_assert_uint_eq(limits_of(table).in_use, 30);
    session_table_close(table);
}
END_TEST

START_TEST(return_wakes_another_process)
{
    struct session_table *table = table_join(15, 0);
    struct child child = child_start(15, PATIENCE_MS);
    struct session_ref refs[15];
    take(table, refs, 15);
    child_order(&child, 3);
    for (int i = 0; i < 3; i++) {
        until_waiting(table, 1);
        ck_assert_uint_eq(limits_of(table).in_use, 15);
        session_return(table, refs[i]);
        while (limits_of(table).waits < (uint64_t)i + 1 || limits_of(table).in_use < 15) {
            pause_ms(1);
        }
    }
    ck_assert_int_eq(child_answer(&child), 3);
    ck_assert_uint_eq(limits_of(table).waiting, 0);
    child_kill(&child);
    ck_assert_uint_eq(limits_of(table).in_use, 12);
    session_table_close(table);
}
END_TEST

START_TEST(idle_over_processes)
{
    struct session_table *table = table_join(15, 0);
    struct child child = child_start(15, 0);
    struct session_ref refs[16];
    ck_assert_int_eq(child_do(&child, 15), 15);
    atomic_store(&table->skew_ms, 59900);
    ck_assert_int_eq(session_take(table, &refs[0]), HUKS_E_SESSION_LIMIT);
    atomic_store(&table->skew_ms, 1000000);
    take(table, refs, 15);
    ck_assert_int_eq(session_take(table, &refs[15]), HUKS_E_SESSION_LIMIT);
    /* The evicted holder cannot return what is ours now. */
    ck_assert_int_eq(child_do(&child, 0), 0);
    ck_assert_uint_eq(limits_of(table).mine, 15);
    child_kill(&child);
    session_table_close(table);
}
END_TEST

static void visit(const struct session_process *process, void *context)
{
    struct session_process *found = context;
    for (int i = 0; i < 2; i++) {
        if (found[i].pid == process->pid) {
            found[i] = *process;
        }
    }
}

START_TEST(processes_are_listed)
{
    struct session_table *table = table_join(15, 0);
    struct child child = child_start(15, 0);
    struct session_ref ref;
    take(table, &ref, 1);
    ck_assert_int_eq(child_do(&child, 4), 4);
    atomic_store(&table->skew_ms, 5000);
    struct session_process found[2] = {{.pid = (int32_t)getpid()}, {.pid = (int32_t)child.pid}};
    session_table_each(table, visit, found);
    ck_assert(found[0].self && !found[1].self);
    ck_assert(!found[0].foreign_pid && !found[1].foreign_pid);
    ck_assert_uint_eq(found[0].in_use, 1);
    ck_assert_uint_eq(found[1].in_use, 4);
    ck_assert_uint_ge(found[1].idle_ms, 4900);
    child_kill(&child);
    found[1].in_use = 99;
    session_table_each(table, visit, found);
    ck_assert_uint_eq(found[1].in_use, 99); /* not visited any more */
    session_table_close(table);
}
END_TEST

/* -- Death ----------------------------------------------------------------------------------------- */

START_TEST(death_frees_for_a_waiter)
{
    struct session_table *table = table_join(15, PATIENCE_MS);
    for (int round = 0; round < 10; round++) {
        struct child child = child_start(15, 0);
        struct child waiter = child_start(15, PATIENCE_MS);
        ck_assert_int_eq(child_do(&child, 15), 15);
        child_order(&waiter, 1);
        until_waiting(table, 1);
        uint64_t begin = clock_exact_ns();
        ck_assert_int_eq(kill(child.pid, SIGKILL), 0);
        /* Even rounds: it stays a zombie. */
        if (round % 2 != 0) {
            (void)waitpid(child.pid, NULL, 0);
        }
        ck_assert_int_eq(child_answer(&waiter), 1);
        uint64_t took = clock_exact_ns() - begin;
        (void)printf("session of a killed process: %.2f ms after the kill\n", (double)took / 1e6);
        ck_assert_uint_lt(took, UINT64_C(2000000000));
        child_kill(&child);
        child_kill(&waiter);
        expect_fifteen(table);
    }
    session_table_close(table);
}
END_TEST

START_TEST(death_of_a_waiter)
{
    struct session_table *table = table_join(1, 0);
    struct child child = child_start(1, PATIENCE_MS);
    struct session_ref ref;
    take(table, &ref, 1);
    child_order(&child, 1);
    until_waiting(table, 1);
    child_kill(&child);
    /* Whoever waits next clears its place. */
    struct session_ref other;
    table->wait_ms = 30;
    ck_assert_int_eq(session_take(table, &other), HUKS_E_SESSION_LIMIT);
    for (int i = 0; i < SESSION_WAITER_WORDS; i++) {
        ck_assert_uint_eq(atomic_load(&table_map(table)->shared->waiting[i]), 0);
    }
    session_return(table, ref);
    take(table, &ref, 1);
    session_table_close(table);
}
END_TEST

START_TEST(rows_of_the_dead_are_used_again)
{
    /* All rows dead, each with a session, and the tag about to come round. */
    struct session_table *table = table_join(SESSION_LIMIT_MAX, 0);
    struct session_shared *shared = table_map(table)->shared;
    uint32_t own = owner_index(table_map(table)->owner);
    for (uint32_t i = 0; i < SESSION_ROWS; i++) {
        if (i != own) {
            atomic_store(&shared->rows[i].word, word_make(1, owner_make(i, 7), STATE_USED));
            atomic_store(&shared_slot(shared, i)->word, word_make(1, owner_make(i, 8), STATE_HELD));
        }
    }
    struct session_table *other = table_join(15, 0);
    ck_assert_int_eq(session_table_where(other, NULL), SESSION_IN_STORE);
    ck_assert_uint_eq(limits_of(other).in_use, 0);
    expect_fifteen(other);
    session_table_close(other);
    session_table_close(table);
}
END_TEST

START_TEST(stopped_waiter_stops_nobody)
{
    struct session_table *table = table_join(1, PATIENCE_MS);
    struct child child = child_start(1, PATIENCE_MS);
    struct session_ref ref;
    take(table, &ref, 1);
    child_order(&child, 1);
    until_waiting(table, 1);
    (void)kill(child.pid, SIGSTOP);
    ck_assert_int_eq(waitpid(child.pid, NULL, WUNTRACED), child.pid);
    /* It is the longest waiter and will be handed the session, and does not come for it. */
    pause_ms(20);
    for (int i = 0; i < 3; i++) {
        session_return(table, ref);
        take(table, &ref, 1);
    }
    (void)kill(child.pid, SIGCONT);
    until_waiting(table, 1);
    session_return(table, ref);
    ck_assert_int_eq(child_answer(&child), 1);
    child_kill(&child);
    session_table_close(table);
}
END_TEST

START_TEST(exec_frees)
{
    struct session_table *table = table_join(15, 0);
    int alive[2];
    ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct session_settings settings = settings_of(15, 0);
        struct session_table *own = NULL;
        struct session_ref refs[15];
        if (session_table_open(&settings, &own) != HUKS_OK) {
            _exit(2);
        }
        for (int i = 0; i < 15; i++) {
            if (session_take(own, &refs[i]) != HUKS_OK) {
                _exit(2);
            }
        }
        (void)execlp("sleep", "sleep", "60", (char *)NULL);
        _exit(2);
    }
    (void)close(alive[1]);
    char end;
    ck_assert_int_eq(read(alive[0], &end, 1), 0); /* it has called exec */
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
    expect_fifteen(table);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    session_table_close(table);
}
END_TEST

/* -- Identity -------------------------------------------------------------------------------------- */

START_TEST(pid_reuse_does_not_fool)
{
    struct session_table *table = table_join(15, 0);
    struct child child = child_start(15, 0);
    ck_assert_int_eq(child_do(&child, 15), 15);
    struct session_row *row = row_of(table, child.pid);
    uint64_t start = atomic_load(&row->start);
    ck_assert_uint_ne(start, 0);
    /* Not known: it counts as alive. */
    atomic_store(&row->start, 0);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    /* The process of another boot or namespace: its pid says nothing, its lock is held. */
    atomic_store(&row->start, start + 1);
    atomic_fetch_add(&row->boot, 1);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    atomic_fetch_sub(&row->boot, 1);
    atomic_fetch_add(&row->pid_ns, 1);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    atomic_fetch_sub(&row->pid_ns, 1);
    atomic_fetch_add(&row->time_ns, 1);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    atomic_fetch_sub(&row->time_ns, 1);
    /* The pid has been given to another process, and somebody keeps the lock. */
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    child_kill(&child);
    expect_fifteen(table);
    session_table_close(table);
}
END_TEST

/* A child that keeps its parent's descriptor, mapping and lock, and lives on after it. */
START_TEST(lock_outlives_its_process)
{
    struct session_table *table = table_join(15, 0);
    int said[2];
    ck_assert_int_eq(pipe(said), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct session_settings settings = settings_of(15, 0);
        struct session_table *own = NULL;
        struct session_ref refs[15];
        if (session_table_open(&settings, &own) != HUKS_OK) {
            _exit(2);
        }
        for (int i = 0; i < 15; i++) {
            if (session_take(own, &refs[i]) != HUKS_OK) {
                _exit(2);
            }
        }
        pid_t orphan = fork();
        if (orphan == 0) {
            for (;;) {
                (void)pause();
            }
        }
        child_put(said[1], (int)orphan);
        (void)pause();
    }
    int orphan = 0;
    ck_assert_int_eq(read(said[0], &orphan, sizeof orphan), (ssize_t)sizeof orphan);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    (void)kill(pid, SIGKILL);
    /* A zombie first, then no process at all. */
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    (void)waitpid(pid, NULL, 0);
    expect_fifteen(table);
    ck_assert_int_eq(kill((pid_t)orphan, SIGKILL), 0);
    session_table_close(table);
}
END_TEST

START_TEST(other_pid_namespace)
{
    struct session_table *table = table_join(15, 0);
    int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (own < 0 || unshare(CLONE_NEWPID) != 0) {
        return; /* not allowed here */
    }
    struct child child = child_start(15, 0); /* pid 1 of its own */
    ck_assert_int_eq(setns(own, CLONE_NEWPID), 0);
    (void)close(own);
    ck_assert_int_eq(child_do(&child, 15), 15);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    ck_assert_uint_eq(limits_of(table).mine, 0);
    struct session_process found[2] = {{.pid = 1}, {.pid = -1}};
    session_table_each(table, visit, found);
    ck_assert(found[0].foreign_pid);
    ck_assert_uint_eq(found[0].in_use, 15);
    child_kill(&child);
    expect_fifteen(table);
    session_table_close(table);
}
END_TEST

/* -- Fork ------------------------------------------------------------------------------------------ */

static int exit_of(pid_t pid)
{
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

START_TEST(fork_forgets)
{
    struct session_table *table = table_join(15, 0);
    struct session_ref refs[15];
    take(table, refs, 5);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = table_map(table)->fd;
        session_table_forget_after_fork(table);
        if (fcntl(fd, F_GETFD) >= 0) {
            _exit(10);
        }
        struct session_settings settings = settings_of(15, 0);
        struct session_table *own = NULL;
        struct session_ref mine[11];
        if (session_table_open(&settings, &own) != HUKS_OK || limits_of(own).in_use != 5 ||
            limits_of(own).mine != 0) {
            _exit(11);
        }
        for (int i = 0; i < 10; i++) {
            if (session_take(own, &mine[i]) != HUKS_OK) {
                _exit(12);
            }
        }
        session_return(own, refs[0]); /* the parent's */
        if (session_touch(own, refs[0]) || session_take(own, &mine[10]) != HUKS_E_SESSION_LIMIT) {
            _exit(13);
        }
        _exit(0);
    }
    ck_assert_int_eq(exit_of(pid), 0);
    for (int i = 0; i < 5; i++) {
        ck_assert(session_touch(table, refs[i]));
    }
    ck_assert_uint_eq(limits_of(table).in_use, 5);
    session_table_close(table);
}
END_TEST

/* Emulators don't do this; an instance has nothing else to know a child by. */
static bool kernel_wipes_on_fork(void)
{
    uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    if (madvise(page, 4096, MADV_WIPEONFORK) != 0) {
        return false;
    }
    page[0] = 1;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(page[0]);
    }
    return exit_of(pid) == 0;
}

START_TEST(fork_without_handler)
{
    if (!kernel_wipes_on_fork()) {
        return;
    }
    /* The child has the parent's instance in its memory, and cannot do harm with it. */
    struct session_table *table = table_join(_i == 0 ? 15 : 0, 0);
    struct session_ref refs[15];
    take(table, refs, 15);
    pid_t pid = fork();
    if (pid == 0) {
        struct session_ref ref;
        session_return(table, refs[0]);
        int rc = session_take(table, &ref) != HUKS_E_ARGUMENT ? 10 : 0;
        rc = session_touch(table, refs[1]) ? 11 : rc;
        rc = limits_of(table).in_use != 0 ? 12 : rc;
        session_shutdown(table);
        session_table_close(table);
        _exit(rc);
    }
    ck_assert_int_eq(exit_of(pid), 0);
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    ck_assert(session_touch(table, refs[0]));
    session_table_close(table);
}
END_TEST

/* -- Many ------------------------------------------------------------------------------------------ */

struct stage {
    _Atomic int in_use;
    _Atomic int most;
    _Atomic int errors;
};

static struct stage *stage_make(void)
{
    struct stage *stage =
        mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stage, MAP_FAILED);
    return stage;
}

static void stage_work(struct stage *stage, struct session_table *table, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        struct session_ref ref;
        if (session_take(table, &ref) != HUKS_OK) {
            atomic_fetch_add(&stage->errors, 1);
            continue;
        }
        int in_use = atomic_fetch_add(&stage->in_use, 1) + 1;
        int most = atomic_load(&stage->most);
        while (in_use > most && !atomic_compare_exchange_weak(&stage->most, &most, in_use)) {
        }
        (void)sched_yield(); /* with the session in hand */
        if (!session_touch(table, ref)) {
            atomic_fetch_add(&stage->errors, 1);
        }
        atomic_fetch_sub(&stage->in_use, 1);
        session_return(table, ref);
    }
}

START_TEST(many_processes_keep_the_limit)
{
    struct session_table *table = table_join(3, 0);
    struct stage *stage = stage_make();
    pid_t pids[8];
    for (int i = 0; i < 8; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct session_settings settings = settings_of(3, PATIENCE_MS);
            struct session_table *own = NULL;
            session_table_forget_after_fork(table);
            if (session_table_open(&settings, &own) != HUKS_OK) {
                _exit(2);
            }
            stage_work(stage, own, 2000);
            int left = (int)limits_of(own).mine;
            session_table_close(own);
            _exit(left);
        }
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(exit_of(pids[i]), 0);
    }
    ck_assert_int_eq(stage->errors, 0);
    ck_assert_int_eq(stage->in_use, 0);
    ck_assert_int_le(stage->most, 3);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    ck_assert_uint_eq(limits_of(table).waiting, 0);
    session_table_close(table);
}
END_TEST

START_TEST(coming_and_going)
{
    /* The last one removes the table in /dev/shm while the next is coming: they never sit in two. */
    struct stage *stage = stage_make();
    struct session_settings settings = settings_of(1, PATIENCE_MS);
    settings.store_dir = NULL;
    pid_t pids[4];
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        for (int n = 0; pids[i] == 0; n++) {
            struct session_table *own = NULL;
            if (n == 200) {
                _exit(0);
            }
            if (session_table_open(&settings, &own) != HUKS_OK ||
                session_table_where(own, NULL) != SESSION_IN_SHM) {
                _exit(2);
            }
            stage_work(stage, own, 2);
            session_table_close(own);
        }
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(exit_of(pids[i]), 0);
    }
    ck_assert_int_eq(stage->errors, 0);
    ck_assert_int_eq(stage->most, 1);
    struct session_table *table = table_of(&settings);
    char shm[64];
    (void)snprintf(shm, sizeof shm, "%s", table->shm_path);
    session_table_close(table);
    ck_assert_int_ne(access(shm, F_OK), 0);
}
END_TEST

struct worker {
    uint32_t limit;
    struct session_table *table;
};

/* Works until it is killed: takes some, waits for some, looks at the table, joins and leaves. */
static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0;; i++) {
        struct session_ref refs[6];
        uint32_t got = 0;
        while (got < 1 + i % 6 && session_take(worker->table, &refs[got]) == HUKS_OK) {
            got++;
        }
        if (i % 7 == 0) {
            (void)limits_of(worker->table);
        }
        while (got > 0) {
            session_return(worker->table, refs[--got]);
        }
        if (i % 11 == 0) {
            struct session_settings settings = settings_of(worker->limit, 2);
            struct session_table *more = NULL;
            if (session_table_open(&settings, &more) == HUKS_OK) {
                got = session_take(more, &refs[0]) == HUKS_OK; /* close returns it */
                session_table_close(more);
            }
        }
    }
    return NULL;
}

static pid_t worker_start(uint32_t limit)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct session_settings settings = settings_of(limit, 1000);
        struct worker worker = {.limit = limit};
        pthread_t threads[2];
        if (session_table_open(&settings, &worker.table) != HUKS_OK) {
            _exit(2);
        }
        for (int i = 0; i < 2; i++) {
            (void)pthread_create(&threads[i], NULL, worker_run, &worker);
        }
        (void)worker_run(&worker);
    }
    return pid;
}

struct survivor {
    struct session_table *table;
    _Atomic int stop;
    int rounds, lost;
};

static void *survivor_run(void *argument)
{
    struct survivor *survivor = argument;
    for (; atomic_load(&survivor->stop) == 0; survivor->rounds++) {
        struct session_ref ref;
        if (session_take(survivor->table, &ref) != HUKS_OK) {
            survivor->lost++;
            continue;
        }
        survivor->lost += !session_touch(survivor->table, ref);
        session_return(survivor->table, ref);
    }
    return NULL;
}

START_TEST(random_kills)
{
    enum { WORKERS = 4 };
    const char *all = getenv("HUKS_TEST_LONG");
    int rounds = all != NULL && all[0] == '1' ? 1000 : 50;
    struct session_table *table = table_join(15, 0);
    unsigned seed = 42;
    for (int round = 0; round < rounds; round++) {
        struct survivor survivor = {.table = table_join(15, PATIENCE_MS)};
        pthread_t thread;
        pid_t pids[WORKERS];
        for (int i = 0; i < WORKERS; i++) {
            pids[i] = worker_start(15);
            ck_assert_int_gt(pids[i], 0);
        }
        ck_assert_int_eq(pthread_create(&thread, NULL, survivor_run, &survivor), 0);
        for (int i = 0; i < WORKERS; i++) {
            const struct timespec pause = {.tv_nsec = rand_r(&seed) % 4000000};
            (void)nanosleep(&pause, NULL);
            (void)kill(pids[i], SIGKILL);
        }
        for (int i = 0; i < WORKERS; i++) {
            ck_assert_int_eq(exit_of(pids[i]), 1000 + SIGKILL);
        }
        atomic_store(&survivor.stop, 1);
        (void)pthread_join(thread, NULL);
        ck_assert_int_eq(survivor.lost, 0);
        session_table_close(survivor.table);
        expect_fifteen(table);
        ck_assert_uint_eq(limits_of(table).waiting, 0);
        for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
            ck_assert_uint_eq(word_state(atomic_load(&table_map(table)->shared->waiters[i].word)),
                              STATE_FREE);
        }
    }
    session_table_close(table);
}
END_TEST

START_TEST(killed_while_building)
{
    unsigned seed = 43;
    for (int round = 0; round < 40; round++) {
        pid_t pids[2];
        for (int i = 0; i < 2; i++) {
            pids[i] = fork();
            for (int n = 0; pids[i] == 0; n++) {
                struct session_settings settings = settings_of(15, 0);
                struct session_table *own = NULL;
                struct session_ref ref;
                if (n % 2 == 0) {
                    (void)unlink(store_file);
                } else if (symlink("/nowhere", store_file) != 0 && errno != EEXIST) {
                    _exit(2);
                }
                if (session_table_open(&settings, &own) != HUKS_OK || session_take(own, &ref) != HUKS_OK) {
                    _exit(2);
                }
                session_table_close(own);
            }
        }
        for (int i = 0; i < 2; i++) {
            const struct timespec pause = {.tv_nsec = rand_r(&seed) % 3000000};
            (void)nanosleep(&pause, NULL);
            (void)kill(pids[i], SIGKILL);
            ck_assert_int_eq(exit_of(pids[i]), 1000 + SIGKILL);
        }
        struct session_table *table = table_join(15, 0);
        ck_assert_int_eq(session_table_where(table, NULL), SESSION_IN_STORE);
        expect_fifteen(table);
        session_table_close(table);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("session over processes");
    TCase *limit = tcase_create("limit");
    TCase *death = tcase_create("death");
    TCase *identity = tcase_create("identity");
    TCase *many = tcase_create("many");
    TCase *all[] = {limit, death, identity, many};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], store_make, store_remove);
        tcase_set_timeout(all[i], 300);
        suite_add_tcase(suite, all[i]);
    }
    tcase_add_test(limit, limit_spans_processes);
    tcase_add_test(limit, limit_none_over_processes);
    tcase_add_test(limit, return_wakes_another_process);
    tcase_add_test(limit, idle_over_processes);
    tcase_add_test(limit, processes_are_listed);
    tcase_add_test(death, death_frees_for_a_waiter);
    tcase_add_test(death, death_of_a_waiter);
    tcase_add_test(death, rows_of_the_dead_are_used_again);
    tcase_add_test(death, stopped_waiter_stops_nobody);
    tcase_add_test(death, exec_frees);
    tcase_add_test(identity, pid_reuse_does_not_fool);
    tcase_add_test(identity, lock_outlives_its_process);
    tcase_add_test(identity, other_pid_namespace);
    tcase_add_test(identity, fork_forgets);
    tcase_add_loop_test(identity, fork_without_handler, 0, 2);
    tcase_add_test(many, many_processes_keep_the_limit);
    tcase_add_test(many, coming_and_going);
    tcase_add_test(many, random_kills);
    tcase_add_test(many, killed_while_building);
    return suite;
}

int main(void)
{
    return run_suite(suite());
}
