/* Key-operation sessions within one process: limit, idleness, waiting, damage, places. */
#include "tests/unit/check-session.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* -- The limit ------------------------------------------------------------------------------------- */

START_TEST(limit_is_kept)
{
    struct session_table *table = table_join(15, 0);
    struct session_ref refs[16];
    char message[256];
    take(table, refs, 15);
    ck_assert_int_eq(session_take(table, &refs[15]), HUKS_E_SESSION_LIMIT);
    ck_assert_int_eq(error_code(), 12000010);
    ck_assert_str_eq(error_message(message, sizeof message),
                     "The number of key operation sessions has reached the limit.");
    session_return(table, refs[7]);
    take(table, &refs[7], 1);
    ck_assert_int_eq(session_take(table, &refs[15]), HUKS_E_SESSION_LIMIT);
    struct session_limits limits = limits_of(table);
    ck_assert_uint_eq(limits.limit, 15);
    ck_assert_uint_eq(limits.in_use, 15);
    ck_assert_uint_eq(limits.mine, 15);
    ck_assert_uint_eq(limits.waiting, 0);
    ck_assert_uint_eq(limits.refusals, 2);
    give(table, refs, 15);
    expect_fifteen(table);
    session_table_close(table);
}
END_TEST

START_TEST(limit_spans_instances)
{
    struct session_table *one = table_join(15, 0);
    struct session_table *two = table_join(15, 0);
    struct session_ref mine[8];
    struct session_ref other[8];
    take(one, mine, 8);
    take(two, other, 7);
    ck_assert_int_eq(session_take(one, &other[7]), HUKS_E_SESSION_LIMIT);
    ck_assert_int_eq(session_take(two, &other[7]), HUKS_E_SESSION_LIMIT);
    ck_assert_uint_eq(limits_of(one).in_use, 15);
    ck_assert_uint_eq(limits_of(one).mine, 15);
    /* One instance cannot return the other's. */
    session_return(two, mine[0]);
    ck_assert(!session_touch(two, mine[0]));
    ck_assert(session_touch(one, mine[0]));
    session_table_close(one);
    ck_assert_uint_eq(limits_of(two).in_use, 7);
    give(two, other, 7);
    expect_fifteen(two);
    session_table_close(two);
}
END_TEST

START_TEST(limit_none)
{
    struct session_table *table = table_join(0, 0);
    struct session_ref refs[1000];
    take(table, refs, 1000);
    ck_assert_uint_eq(limits_of(table).limit, 0);
    ck_assert_uint_eq(limits_of(table).in_use, 1000);
    ck_assert_uint_eq(limits_of(table).mine, 1000);
    ck_assert(session_touch(table, refs[999]));
    give(table, refs, 999);
    struct session_table *limited = table_join(15, 0);
    ck_assert_uint_eq(limits_of(limited).in_use, 1);
    struct session_ref others[15];
    take(limited, others, 15);
    session_table_close(table);
    ck_assert_uint_eq(limits_of(limited).in_use, 15);
    session_table_close(limited);
}
END_TEST

START_TEST(limits_may_differ)
{
    struct session_table *small = table_join(5, 0);
    struct session_table *large = table_join(15, 0);
    struct session_ref refs[16];
    take(small, refs, 5);
    ck_assert_int_eq(session_take(small, &refs[15]), HUKS_E_SESSION_LIMIT);
    take(large, refs + 5, 10);
    ck_assert_int_eq(session_take(large, &refs[15]), HUKS_E_SESSION_LIMIT);
    give(small, refs, 5);
    take(large, refs, 5);
    ck_assert_int_eq(session_take(small, &refs[15]), HUKS_E_SESSION_LIMIT);
    session_table_close(small);
    session_table_close(large);
}
END_TEST

START_TEST(limit_has_a_limit)
{
    static struct session_ref refs[SESSION_LIMIT_MAX + 1];
    struct session_table *table = table_join(UINT32_MAX, 0);
    ck_assert_uint_eq(limits_of(table).limit, SESSION_LIMIT_MAX);
    take(table, refs, SESSION_LIMIT_MAX);
    ck_assert_int_eq(session_take(table, &refs[SESSION_LIMIT_MAX]), HUKS_E_SESSION_LIMIT);
    session_table_close(table);
}
END_TEST

START_TEST(return_is_checked)
{
    struct session_table *table = table_join(1, 0);
    struct session_ref first;
    struct session_ref second;
    take(table, &first, 1);
    session_return(table, first);
    session_return(table, first);
    ck_assert(!session_touch(table, first));
    take(table, &second, 1);
    ck_assert_uint_eq(first.slot, second.slot);
    session_return(table, first);
    ck_assert(!session_touch(table, first));
    ck_assert(session_touch(table, second));
    ck_assert_uint_eq(limits_of(table).in_use, 1);
    const struct session_ref wrong[] = {
        {0, 0}, {1, second.generation}, {4095, 7}, {4096, 1}, {UINT32_MAX - 1, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        session_return(table, wrong[i]);
        session_rest(table, wrong[i]);
        ck_assert(!session_touch(table, wrong[i]));
        ck_assert(!session_enter(table, wrong[i]));
    }
    ck_assert(session_touch(table, second));
    session_table_close(table);
}
END_TEST

START_TEST(null_is_allowed)
{
    struct session_ref ref = {0};
    struct session_limits limits;
    const char *path = NULL;
    struct session_settings settings = settings_of(15, 0);
    ck_assert_int_eq(session_table_open(NULL, NULL), HUKS_E_ARGUMENT);
    ck_assert_int_eq(session_table_open(&settings, NULL), HUKS_E_ARGUMENT);
    ck_assert_int_eq(session_take(NULL, &ref), HUKS_E_ARGUMENT);
    session_return(NULL, ref);
    ck_assert(!session_touch(NULL, ref));
    session_shutdown(NULL);
    session_table_limits(NULL, &limits);
    ck_assert_uint_eq(limits.in_use, 0);
    session_table_limits(NULL, NULL);
    session_table_each(NULL, NULL, NULL);
    ck_assert_int_eq(session_table_where(NULL, &path), SESSION_IN_PROCESS);
    ck_assert_str_eq(path, "");
    session_table_close(NULL);
    session_table_forget_after_fork(NULL);
    struct session_table *table = table_join(15, 0);
    ck_assert_int_eq(session_take(table, NULL), HUKS_E_ARGUMENT);
    session_table_close(table);
}
END_TEST

/* -- Idleness -------------------------------------------------------------------------------------- */

static void advance(struct session_table *table, int64_t ms)
{
    atomic_fetch_add(&table->skew_ms, (uint64_t)ms);
}

START_TEST(idle_longest_goes_first)
{
    struct session_table *holder = table_join(3, 0);
    struct session_table *waiter = table_join(3, 0);
    struct session_ref refs[3];
    struct session_ref got[3];
    take(holder, refs, 3);
    advance(holder, 1000);
    ck_assert(session_touch(holder, refs[0]));
    advance(holder, 1000);
    ck_assert(session_touch(holder, refs[2]));
    /* Idle for at most 59 s, 58 s and 57 s: nobody goes. */
    advance(waiter, 58900);
    ck_assert_int_eq(session_take(waiter, &got[0]), HUKS_E_SESSION_LIMIT);
    advance(waiter, 1200);
    take(waiter, got, 1);
    ck_assert_uint_eq(got[0].slot, refs[1].slot);
    ck_assert(!session_touch(holder, refs[1]));
    session_return(holder, refs[1]);
    ck_assert(session_touch(waiter, got[0]));
    ck_assert_int_eq(session_take(waiter, &got[1]), HUKS_E_SESSION_LIMIT);
    /* Both others may go: the longest idle first. */
    advance(waiter, 30000);
    ck_assert(session_touch(waiter, got[0]));
    take(waiter, got + 1, 1);
    ck_assert_uint_eq(got[1].slot, refs[0].slot);
    ck_assert(!session_touch(holder, refs[0]));
    take(waiter, got + 2, 1);
    ck_assert_uint_eq(got[2].slot, refs[2].slot);
    ck_assert_uint_eq(limits_of(waiter).evictions, 3);
    ck_assert_uint_eq(limits_of(waiter).in_use, 3);
    session_table_close(holder);
    session_table_close(waiter);
}
END_TEST

START_TEST(idle_never)
{
    struct session_settings settings = settings_of(1, 0);
    struct session_table *holder = table_of(&settings);
    settings.idle_s = 0;
    struct session_table *waiter = table_of(&settings);
    struct session_ref ref;
    struct session_ref other;
    take(holder, &ref, 1);
    advance(waiter, INT64_C(1000) * 1000 * 1000);
    ck_assert_int_eq(session_take(waiter, &other), HUKS_E_SESSION_LIMIT);
    ck_assert(session_touch(holder, ref));
    session_table_close(holder);
    session_table_close(waiter);
}
END_TEST

START_TEST(idle_not_while_running)
{
    struct session_table *holder = table_join(1, 0);
    struct session_table *waiter = table_join(1, 0);
    struct session_ref ref;
    struct session_ref other;
    take(holder, &ref, 1);
    ck_assert(session_enter(holder, ref));
    advance(waiter, 1000000);
    ck_assert_int_eq(session_take(waiter, &other), HUKS_E_SESSION_LIMIT);
    session_rest(holder, ref);
    take(waiter, &other, 1);
    ck_assert(!session_enter(holder, ref));
    /* A running one can be returned without a rest. */
    ck_assert(session_enter(waiter, other));
    session_return(waiter, other);
    ck_assert_uint_eq(limits_of(holder).in_use, 0);
    session_table_close(holder);
    session_table_close(waiter);
}
END_TEST

START_TEST(idle_foreign_clock)
{
    /* Time namespaces shift the clock: what another one's holder stamped says nothing to us. */
    struct session_table *holder = table_join(1, 0);
    struct session_table *waiter = table_join(1, 0);
    struct session_ref ref;
    struct session_ref other;
    take(holder, &ref, 1);
    atomic_fetch_add(&map_row(table_map(holder))->time_ns, 1);
    advance(waiter, 1000000);
    ck_assert_int_eq(session_take(waiter, &other), HUKS_E_SESSION_LIMIT);
    session_table_close(holder);
    session_table_close(waiter);
}
END_TEST

START_TEST(touch_defeats_eviction)
{
    /* An evictor that decided before the touch finds the word changed. */
    struct session_table *table = table_join(1, 0);
    struct session_ref ref;
    take(table, &ref, 1);
    struct session_slot *slot = shared_slot(table_map(table)->shared, ref.slot);
    uint64_t seen = atomic_load(&slot->word);
    ck_assert(session_touch(table, ref));
    ck_assert(!atomic_compare_exchange_strong(&slot->word, &seen, 0));
    session_table_close(table);
}
END_TEST

/* -- Waiting --------------------------------------------------------------------------------------- */

struct taker {
    pthread_t thread;
    struct session_table *table;
    struct session_ref ref;
    huks_rc rc;
};

static void *taker_run(void *argument)
{
    struct taker *taker = argument;
    taker->rc = session_take(taker->table, &taker->ref);
    return NULL;
}

static void taker_start(struct taker *taker, struct session_table *table)
{
    taker->table = table;
    ck_assert_int_eq(pthread_create(&taker->thread, NULL, taker_run, taker), 0);
}

START_TEST(waiter_gets_what_is_returned)
{
    struct session_table *table = table_join(15, PATIENCE_MS);
    struct session_table *other = table_join(15, PATIENCE_MS);
    struct session_ref refs[15];
    struct taker takers[4];
    take(table, refs, 15);
    for (int i = 0; i < 4; i++) {
        taker_start(&takers[i], i % 2 == 0 ? table : other);
    }
    until_waiting(table, 4);
    give(table, refs, 4);
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(takers[i].thread, NULL);
        ck_assert_int_eq(takers[i].rc, HUKS_OK);
    }
    ck_assert_uint_eq(limits_of(table).in_use, 15);
    ck_assert_uint_eq(limits_of(table).waiting, 0);
    ck_assert_uint_eq(limits_of(table).waits, 4);
    session_table_close(table);
    session_table_close(other);
}
END_TEST

START_TEST(waiter_gives_up)
{
    struct session_table *table = table_join(1, 20);
    struct session_ref ref;
    struct session_ref other;
    take(table, &ref, 1);
    uint64_t begin = clock_exact_ns();
    ck_assert_int_eq(session_take(table, &other), HUKS_E_SESSION_LIMIT);
    ck_assert_uint_ge(clock_exact_ns() - begin, 20000000);
    ck_assert_uint_eq(limits_of(table).waiting, 0);
    session_table_close(table);
}
END_TEST

START_TEST(waiter_outlives_the_queue)
{
    /* All places among the waiters are taken: it waits without one. */
    struct session_table *table = table_join(1, PATIENCE_MS);
    struct session_shared *shared = table_map(table)->shared;
    for (uint32_t i = 0; i < SESSION_WAITERS; i++) {
        atomic_store(&shared->waiters[i].word, word_make(1, table_map(table)->owner, STATE_USED));
    }
    struct session_ref ref;
    struct taker taker;
    take(table, &ref, 1);
    taker_start(&taker, table);
    while (limits_of(table).waits == 0) {
        pause_ms(1);
    }
    session_return(table, ref);
    (void)pthread_join(taker.thread, NULL);
    ck_assert_int_eq(taker.rc, HUKS_OK);
    session_shutdown(table);
    session_table_close(table);
}
END_TEST

/* A waiter who is asleep for good: what it is handed shows in the table. */
static struct session_waiter *waiter_fake(struct session_table *table, uint32_t number, uint64_t since_ns)
{
    struct session_map *map = table_map(table);
    struct session_waiter *waiter = &map->shared->waiters[number];
    atomic_store(&waiter->since_ns, since_ns);
    atomic_store(&waiter->limit, table->limit);
    atomic_store(&waiter->bell, 0);
    atomic_store(&waiter->word, word_make(77, map->owner, STATE_USED));
    atomic_fetch_or(&map->shared->waiting[number / 64], UINT64_C(1) << (number % 64));
    return waiter;
}

START_TEST(first_come_first_served_at_first)
{
    struct session_table *table = table_join(1, 0);
    struct session_ref ref;
    uint64_t since;
    do {
        take(table, &ref, 1);
        since = clock_exact_ns();
        struct session_waiter *waiter = waiter_fake(table, 3, since);
        session_return(table, ref);
        if (clock_exact_ns() - since < SESSION_HANDOFF_NS) {
            ck_assert_uint_eq(atomic_load(&waiter->bell), 1); /* called … */
            take(table, &ref, 1);                             /* … but we are faster */
            break;
        }
        /* Somebody had the processor meanwhile, and the waiter has waited too long. */
        advance(table, SESSION_OFFER_MS + SESSION_TICK_MS + 1);
    } while (true);
    session_table_close(table);
}
END_TEST

static bool offered_to(struct session_table *table, uint32_t number, uint32_t waiter)
{
    uint64_t word = atomic_load(&shared_slot(table_map(table)->shared, number)->word);
    return word_state(word) == STATE_OFFERED && word_owner(word) == owner_make(waiter, 77);
}

START_TEST(passed_over_is_handed_the_next)
{
    struct session_table *table = table_join(2, 0);
    struct session_ref refs[2];
    struct session_ref other;
    take(table, refs, 2);
    struct session_waiter *younger = waiter_fake(table, 2, clock_exact_ns() - UINT64_C(20000000));
    struct session_waiter *older = waiter_fake(table, 200, clock_exact_ns() - UINT64_C(30000000));
    session_return(table, refs[0]);
    ck_assert_uint_eq(atomic_load(&older->bell), 2 + refs[0].slot);
    ck_assert_uint_eq(atomic_load(&younger->bell), 0);
    ck_assert(offered_to(table, refs[0].slot, 200));
    /* It already has one coming: the next goes to the younger. */
    session_return(table, refs[1]);
    ck_assert_uint_eq(atomic_load(&younger->bell), 2 + refs[1].slot);
    ck_assert(offered_to(table, refs[1].slot, 2));
    /* Whoever comes by can't have them. */
    ck_assert(!slot_take(table, table_map(table), SLOT_NO_WAITER, &other));
    ck_assert(!slot_take(table, table_map(table), owner_make(3, 77), &other));
    ck_assert(slot_take(table, table_map(table), owner_make(2, 77), &other));
    session_return(table, other);
    /* The other does not come. */
    advance(table, SESSION_OFFER_MS + SESSION_TICK_MS + 1);
    take(table, refs, 2);
    session_table_close(table);
}
END_TEST

START_TEST(hand_off_needs_a_waiter)
{
    struct session_table *table = table_join(1, 0);
    struct session_ref ref;
    take(table, &ref, 1);
    /* One that can't use this session, one that has left, one that is dead. */
    struct session_waiter *small = waiter_fake(table, 1, 0);
    atomic_store(&small->limit, 0);
    struct session_waiter *gone = waiter_fake(table, 2, 0);
    atomic_store(&gone->word, 0);
    session_return(table, ref);
    take(table, &ref, 1);
    struct session_waiter *dead = waiter_fake(table, 3, 0);
    atomic_store(&dead->word, word_make(5, owner_make(900, 3), STATE_USED));
    session_return(table, ref);
    ck_assert_uint_eq(atomic_load(&dead->bell), 2);
    take(table, &ref, 1); /* since its waiter is dead, the offer is void at once */
    ck_assert_uint_eq(limits_of(table).waiting, 1);
    session_table_close(table);
}
END_TEST

START_TEST(shutdown_wakes_waiters)
{
    struct session_table *table = table_join(2, PATIENCE_MS);
    struct session_table *other = table_join(2, PATIENCE_MS);
    struct session_ref refs[2];
    struct session_ref more;
    struct taker takers[5];
    take(table, refs, 2);
    for (int i = 0; i < 5; i++) {
        taker_start(&takers[i], i < 4 ? table : other);
    }
    until_waiting(table, 5);
    session_shutdown(table);
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(takers[i].thread, NULL);
        ck_assert_int_eq(takers[i].rc, HUKS_E_ARGUMENT);
    }
    ck_assert_int_eq(session_take(table, &more), HUKS_E_ARGUMENT);
    ck_assert_uint_eq(limits_of(other).waiting, 1);
    ck_assert(session_touch(table, refs[0]));
    session_return(table, refs[0]);
    (void)pthread_join(takers[4].thread, NULL);
    ck_assert_int_eq(takers[4].rc, HUKS_OK);
    session_table_close(table);
    ck_assert_uint_eq(limits_of(other).in_use, 1);
    session_table_close(other);
}
END_TEST

/* -- Threads --------------------------------------------------------------------------------------- */

struct hammer {
    pthread_t thread;
    struct session_table *table;
    _Atomic int *in_use;
    _Atomic int *most;
    int rounds;
    int lost;
};

static void *hammer_run(void *argument)
{
    struct hammer *hammer = argument;
    for (int i = 0; i < hammer->rounds; i++) {
        struct session_ref ref;
        if (session_take(hammer->table, &ref) != HUKS_OK) {
            hammer->lost += 1000000;
            return NULL;
        }
        int in_use = atomic_fetch_add(hammer->in_use, 1) + 1;
        int most = atomic_load(hammer->most);
        while (in_use > most && !atomic_compare_exchange_weak(hammer->most, &most, in_use)) {
        }
        hammer->lost += !session_touch(hammer->table, ref);
        if (i % 16 == 0) {
            (void)sched_yield();
        }
        atomic_fetch_sub(hammer->in_use, 1);
        session_return(hammer->table, ref);
    }
    return NULL;
}

enum { HAMMERS = 8 };

static void hammer_start(struct hammer *hammers, struct session_table *one, struct session_table *two,
                         _Atomic int *counts, int rounds)
{
    for (int i = 0; i < HAMMERS; i++) {
        hammers[i] = (struct hammer){
            .table = i % 2 == 0 ? one : two, .in_use = &counts[0], .most = &counts[1], .rounds = rounds};
        ck_assert_int_eq(pthread_create(&hammers[i].thread, NULL, hammer_run, &hammers[i]), 0);
    }
}

static void hammer_join(struct hammer *hammers)
{
    for (int i = 0; i < HAMMERS; i++) {
        (void)pthread_join(hammers[i].thread, NULL);
        ck_assert_int_eq(hammers[i].lost, 0);
    }
}

START_TEST(threads_keep_the_limit)
{
    struct session_table *one = table_join(3, PATIENCE_MS);
    struct session_table *two = table_join(3, PATIENCE_MS);
    struct hammer hammers[HAMMERS];
    _Atomic int counts[2] = {0, 0};
    hammer_start(hammers, one, two, counts, 5000);
    hammer_join(hammers);
    ck_assert_int_le(counts[1], 3);
    ck_assert_uint_eq(limits_of(one).in_use, 0);
    ck_assert_uint_eq(limits_of(one).waiting, 0);
    session_table_close(one);
    session_table_close(two);
}
END_TEST

/* Makes the next call look after the file, as after a second. */
static void check_now(struct session_table *table)
{
    atomic_store(&table->checked_ms, clock_coarse_ms() - 10 * SESSION_CHECK_MS);
}

START_TEST(threads_survive_a_move)
{
    /* The file vanishes again and again under one instance: no thread loses a session over it. */
    struct session_table *table = table_join(3, PATIENCE_MS);
    struct hammer hammers[HAMMERS];
    _Atomic int counts[2] = {0, 0};
    hammer_start(hammers, table, table, counts, 5000);
    for (int i = 0; i < 40; i++) {
        (void)unlink(store_file);
        check_now(table);
        pause_ms(1);
    }
    hammer_join(hammers);
    ck_assert_int_le(counts[1], 3);
    check_now(table);
    ck_assert_uint_eq(limits_of(table).in_use, 0);
    ck_assert_int_eq(access(store_file, F_OK), 0);
    session_table_close(table);
}
END_TEST

/* -- The file -------------------------------------------------------------------------------------- */

static void file_write(const char *path, const void *data, size_t size, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void file_good(uint8_t *content)
{
    struct session_table *table = table_join(15, 0);
    memcpy(content, table_map(table)->shared, sizeof(struct session_shared));
    session_table_close(table);
    (void)unlink(store_file);
}

enum damage {
    DAMAGE_EMPTY,
    DAMAGE_SHORT,
    DAMAGE_SHORT_HEAD,
    DAMAGE_LONG,
    DAMAGE_TEXT,
    DAMAGE_MAGIC,
    DAMAGE_ORDER,
    DAMAGE_CHECKSUM,
    DAMAGE_VERSION,
    DAMAGE_WRITABLE,
    DAMAGE_OWNER,
    DAMAGE_LINK,
    DAMAGE_DANGLING,
    DAMAGE_FIFO,
    DAMAGE_SOCKET,
    DAMAGE_NONE,
    DAMAGE_COUNT
};

static char victim[300];

static void damage_link(const void *content)
{
    (void)snprintf(victim, sizeof victim, "%s/victim", store);
    file_write(victim, content, sizeof(struct session_shared), 0600);
    ck_assert_int_eq(symlink("victim", store_file), 0);
}

static void damage_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(chdir(store), 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "sessions");
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
}

static void damage_do(enum damage damage, uint8_t *content)
{
    struct session_shared *shared = (struct session_shared *)content;
    size_t size = sizeof *shared;
    mode_t mode = 0600;
    switch (damage) {
    case DAMAGE_EMPTY:
        size = 0;
        break;
    case DAMAGE_SHORT:
        size--;
        break;
    case DAMAGE_SHORT_HEAD:
        size = 20;
        break;
    case DAMAGE_LONG:
        size++;
        break;
    case DAMAGE_TEXT:
        memset(content, 'x', size);
        break;
    case DAMAGE_MAGIC:
        shared->head.magic++;
        break;
    case DAMAGE_ORDER:
        shared->head.magic = __builtin_bswap64(shared->head.magic);
        break;
    case DAMAGE_CHECKSUM:
        shared->head.checksum++;
        break;
    case DAMAGE_VERSION:
        shared->head.version++;
        shared->head.checksum = file_checksum(&shared->head);
        break;
    case DAMAGE_WRITABLE:
        mode = 0666;
        break;
    case DAMAGE_LINK:
        damage_link(content);
        return;
    case DAMAGE_DANGLING:
        ck_assert_int_eq(symlink("/nowhere", store_file), 0);
        return;
    case DAMAGE_FIFO:
        ck_assert_int_eq(mkfifo(store_file, 0600), 0);
        return;
    case DAMAGE_SOCKET:
        damage_socket();
        return;
    default:
        break;
    }
    file_write(store_file, content, size, mode);
    if (damage == DAMAGE_OWNER && geteuid() == 0) {
        ck_assert_int_eq(chown(store_file, 4711, 4711), 0);
    }
}

START_TEST(damaged_file_is_rebuilt)
{
    static _Alignas(64) uint8_t content[sizeof(struct session_shared) + 1];
    static uint8_t before[sizeof(struct session_shared)];
    file_good(content);
    damage_do((enum damage)_i, content);
    memcpy(before, content, sizeof before);

    struct session_table *table = table_join(15, 0);
    const char *path = NULL;
    struct stat file;
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_STORE);
    ck_assert_str_eq(path, store_file);
    ck_assert_int_eq(lstat(store_file, &file), 0);
    ck_assert(S_ISREG(file.st_mode) && (file.st_mode & 07777) == 0600 && file.st_uid == geteuid());
    expect_fifteen(table);
    /* Others find the same table. */
    struct session_ref refs[15];
    take(table, refs, 15);
    struct session_table *other = table_join(15, 0);
    ck_assert_int_eq(session_take(other, &refs[0]), HUKS_E_SESSION_LIMIT);
    session_table_close(other);
    session_table_close(table);

    if (_i == DAMAGE_LINK) {
        int fd = open(victim, O_RDONLY);
        ck_assert_int_eq(read(fd, content, sizeof before), (ssize_t)sizeof before);
        ck_assert_mem_eq(content, before, sizeof before);
        (void)close(fd);
    }
}
END_TEST

START_TEST(other_version_in_use_is_left_alone)
{
    static uint8_t content[sizeof(struct session_shared)];
    file_good(content);
    struct session_table *table = table_join(15, 0);
    /* A table of another version, with somebody in it. */
    struct session_head *head = &table_map(table)->shared->head;
    head->version++;
    head->checksum = file_checksum(head);
    struct session_table *other = table_join(15, 0);
    const char *path = NULL;
    ck_assert_int_eq(session_table_where(other, &path), SESSION_IN_SHM);
    session_table_close(other);
    /* Nobody in it any more. */
    session_table_close(table);
    other = table_join(15, 0);
    ck_assert_int_eq(session_table_where(other, NULL), SESSION_IN_STORE);
    expect_fifteen(other);
    session_table_close(other);
}
END_TEST

START_TEST(noise_does_no_harm)
{
    /* All that changes overwritten with noise, under a living instance: sessions are lost, nothing else. */
    struct session_table *table = table_join(15, 0);
    struct session_ref refs[15];
    take(table, refs, 15);
    uint8_t *bytes = (uint8_t *)table_map(table)->shared;
    srandom((unsigned)_i);
    for (size_t i = sizeof(struct session_head); i < sizeof(struct session_shared); i++) {
        bytes[i] = _i == 0 ? 0 : _i == 1 ? 0xff : (uint8_t)random();
    }
    give(table, refs, 15);
    expect_fifteen(table);
    ck_assert_uint_eq(limits_of(table).waiting, 0);
    struct session_table *other = table_join(15, 20);
    expect_fifteen(other);
    session_table_close(other);
    session_table_close(table);
}
END_TEST

START_TEST(truncated_under_us)
{
    struct session_table *table = table_join(15, 0);
    struct session_ref refs[15];
    take(table, refs, 15);
    ck_assert_int_eq(truncate(store_file, 0), 0);
    check_now(table);
    ck_assert(!session_touch(table, refs[0])); /* lost with the file */
    give(table, refs, 15);
    ck_assert_int_eq(session_table_where(table, NULL), SESSION_IN_STORE);
    expect_fifteen(table);
    session_table_close(table);
}
END_TEST

START_TEST(replaced_under_us)
{
    struct session_table *table = table_join(15, 0);
    struct session_table *other = table_join(15, 0);
    struct session_ref refs[16];
    take(table, refs, 5);
    take(other, refs + 5, 5);
    ck_assert_int_eq(unlink(store_file), 0);
    struct session_table *third = table_join(15, 0); /* makes a new one */
    ck_assert_uint_eq(limits_of(third).in_use, 0);
    /* Whoever looks next comes over with what it holds. */
    ck_assert_uint_eq(limits_of(table).in_use, 5);
    check_now(other);
    ck_assert(session_touch(other, refs[9]));
    ck_assert_uint_eq(limits_of(third).in_use, 10);
    for (int i = 0; i < 5; i++) {
        ck_assert(session_touch(table, refs[i]));
        ck_assert(session_touch(other, refs[5 + i]));
    }
    take(third, refs + 10, 5);
    ck_assert_int_eq(session_take(table, &refs[15]), HUKS_E_SESSION_LIMIT);
    give(table, refs, 5);
    give(other, refs + 5, 5);
    ck_assert_uint_eq(limits_of(third).in_use, 5);
    session_table_close(table);
    session_table_close(other);
    session_table_close(third);
}
END_TEST

static void count_visit(const struct session_process *process, void *context)
{
    int *count = context;
    *count += process->pid == (int32_t)getpid();
}

START_TEST(descriptor_closed_by_the_host)
{
    struct session_table *table = table_join(15, 0);
    struct session_table *other = table_join(15, 0);
    struct session_ref refs[15];
    take(table, refs, 15);
    int fd = table_map(table)->fd;
    ck_assert_int_gt(fd, STDERR_FILENO);
    (void)close(fd);
    int foreign = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(foreign, fd);
    /* We look first: everything is kept. */
    check_now(table);
    ck_assert(session_touch(table, refs[0]));
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    int count = 0;
    session_table_each(other, count_visit, &count);
    ck_assert_int_eq(count, 2); /* the seat it has left is nobody's */
    session_table_close(table);
    ck_assert_int_ge(fcntl(foreign, F_GETFD), 0);
    ck_assert_uint_eq(limits_of(other).in_use, 0);

    /* Others look first: the mapping has kept the lock. */
    table = table_join(15, 0);
    take(table, refs, 15);
    (void)close(table_map(table)->fd);
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    ck_assert(session_touch(table, refs[0]));
    session_table_close(table);
    session_table_close(other);
}
END_TEST

START_TEST(taken_for_dead)
{
    /* Its sessions are lost to it, and it comes back with the next take. */
    struct session_table *table = table_join(15, 0);
    struct session_table *other = table_join(15, 0);
    struct session_ref refs[15];
    take(table, refs, 15);
    struct session_row *row = map_row(table_map(table));
    atomic_store(&row->word, word_make(1, table_map(table)->owner, STATE_FREE));
    ck_assert_uint_eq(limits_of(other).in_use, 0);
    ck_assert(!session_touch(table, refs[0]));
    expect_fifteen(table);
    /* When it notices first, it keeps them. */
    take(table, refs, 15);
    row = map_row(table_map(table));
    atomic_store(&row->word, word_make(1, table_map(table)->owner, STATE_FREE));
    ck_assert(session_touch(table, refs[0]));
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    session_table_close(table);
    session_table_close(other);
}
END_TEST

START_TEST(standard_descriptors_are_not_used)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD, 10);
    (void)close(STDIN_FILENO);
    (void)close(STDERR_FILENO);
    struct session_table *table = table_join(15, 0);
    int fd = table_map(table)->fd;
    (void)dup2(kept, STDERR_FILENO);
    ck_assert_int_gt(fd, STDERR_FILENO);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    session_table_close(table);
}
END_TEST

/* -- The places ------------------------------------------------------------------------------------ */

START_TEST(falls_back_to_shm)
{
    struct session_settings settings = settings_of(15, 0);
    settings.store_dir = _i == 0 ? NULL : _i == 1 ? "" : _i == 2 ? "/nowhere/at/all" : "/dev/null";
    struct session_table *table = table_of(&settings);
    struct session_table *other = table_of(&settings);
    struct session_ref refs[15];
    const char *path = NULL;
    struct stat file;
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_SHM);
    ck_assert_int_eq(strncmp(path, "/dev/shm/huks-", 14), 0);
    ck_assert_int_eq(lstat(path, &file), 0);
    ck_assert(S_ISREG(file.st_mode) && (file.st_mode & 07777) == 0600 && file.st_uid == geteuid());
    take(table, refs, 15);
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    session_table_close(table);
    expect_fifteen(other);
    /* The last one takes it away. */
    char shm[64];
    ck_assert_int_eq(session_table_where(other, &path), SESSION_IN_SHM);
    (void)snprintf(shm, sizeof shm, "%s", path);
    ck_assert_int_eq(access(shm, F_OK), 0);
    session_table_close(other);
    ck_assert_int_ne(access(shm, F_OK), 0);
}
END_TEST

START_TEST(falls_back_to_the_process)
{
    /* Somebody else's things in both places. */
    struct session_settings settings = settings_of(15, 0);
    settings.store_dir = NULL;
    struct session_table *probe = table_of(&settings);
    const char *path = NULL;
    char shm[64];
    ck_assert_int_eq(session_table_where(probe, &path), SESSION_IN_SHM);
    (void)snprintf(shm, sizeof shm, "%s", path);
    session_table_close(probe);
    ck_assert_int_eq(mkdir(shm, 0700), 0);
    ck_assert_int_eq(mkdir(store_file, 0700), 0);
    settings.store_dir = store;
    struct session_table *table = table_of(&settings);
    enum session_place place = session_table_where(table, &path);
    (void)rmdir(shm);
    ck_assert_int_eq(place, SESSION_IN_PROCESS);
    ck_assert_str_eq(path, "");
    expect_fifteen(table);
    /* Once the store is usable, it goes there, sessions included. */
    struct session_ref refs[15];
    take(table, refs, 15);
    ck_assert_int_eq(rmdir(store_file), 0);
    check_now(table);
    ck_assert(session_touch(table, refs[14]));
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_STORE);
    struct session_table *other = table_of(&settings);
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    session_table_close(other);
    session_table_close(table);
}
END_TEST

START_TEST(moves_into_a_store_made_later)
{
    char later[300];
    struct session_settings settings = settings_of(15, 0);
    (void)snprintf(later, sizeof later, "%s/later", store);
    settings.store_dir = later;
    struct session_table *table = table_of(&settings);
    struct session_ref refs[15];
    char shm[64];
    const char *path = NULL;
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_SHM);
    (void)snprintf(shm, sizeof shm, "%s", path);
    take(table, refs, 15);
    ck_assert_int_eq(mkdir(later, 0700), 0);
    struct session_table *other = table_of(&settings);
    ck_assert_int_eq(session_table_where(other, NULL), SESSION_IN_STORE);
    check_now(table);
    ck_assert(session_touch(table, refs[0]));
    ck_assert_int_eq(session_table_where(table, NULL), SESSION_IN_STORE);
    ck_assert_uint_eq(limits_of(other).in_use, 15);
    ck_assert_int_ne(access(shm, F_OK), 0);
    session_table_close(table);
    session_table_close(other);
    (void)snprintf(shm, sizeof shm, "later/sessions");
    int dir = open(store, O_RDONLY | O_DIRECTORY);
    (void)unlinkat(dir, shm, 0);
    (void)close(dir);
}
END_TEST

START_TEST(unwritable_store)
{
    if (geteuid() == 0) {
        ck_assert_int_eq(setegid(65534), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    } else {
        ck_assert_int_eq(chmod(store, 0500), 0);
    }
    struct session_table *table = table_join(15, 0);
    const char *path = NULL;
    ck_assert_int_eq(session_table_where(table, &path), SESSION_IN_SHM);
    expect_fifteen(table);
    session_table_close(table);
    if (getuid() == 0) {
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(setegid(0), 0);
    }
}
END_TEST

START_TEST(full_disk)
{
    /* A limit on file sizes, which would kill us with SIGXFSZ, stands for all that keeps a file from growing.
     */
    const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct session_table *table = table_join(15, 0);
    ck_assert_int_eq(session_table_where(table, NULL), SESSION_IN_PROCESS);
    ck_assert_int_ne(access(store_file, F_OK), 0);
    expect_fifteen(table);
    session_table_close(table);
}
END_TEST

START_TEST(shared_store)
{
    struct session_settings settings = settings_of(15, 0);
    struct stat file;
    /* A table made before the store was shared is opened up by its owner. */
    session_table_close(table_of(&settings));
    settings.store_shared = true;
    settings.store_group = geteuid() == 0 ? 4712 : getegid();
    struct session_table *table = table_of(&settings);
    ck_assert_int_eq(session_table_where(table, NULL), SESSION_IN_STORE);
    ck_assert_int_eq(stat(store_file, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0660);
    ck_assert_uint_eq(file.st_gid, settings.store_group);
    session_table_close(table);
    (void)unlink(store_file);
    session_table_close(table_of(&settings));
    ck_assert_int_eq(stat(store_file, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0660);
    ck_assert_uint_eq(file.st_gid, settings.store_group);
    if (geteuid() != 0) {
        return;
    }
    /* A member of the group: the same table. Somebody else: his own. */
    ck_assert_int_eq(chown(store, 0, 4712), 0);
    ck_assert_int_eq(chmod(store, 02770), 0);
    struct session_ref refs[15];
    table = table_of(&settings);
    take(table, refs, 15);
    ck_assert_int_eq(setegid(4712), 0);
    ck_assert_int_eq(seteuid(4711), 0);
    struct session_table *member = table_of(&settings);
    ck_assert_int_eq(session_table_where(member, NULL), SESSION_IN_STORE);
    ck_assert_int_eq(session_take(member, &refs[0]), HUKS_E_SESSION_LIMIT);
    session_table_close(member);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(setegid(0), 0);
    session_table_close(table);
}
END_TEST

START_TEST(root_in_somebodys_store)
{
    if (geteuid() != 0) {
        return;
    }
    struct stat file;
    ck_assert_int_eq(chown(store, 4711, 4711), 0);
    session_table_close(table_join(15, 0));
    ck_assert_int_eq(stat(store_file, &file), 0);
    ck_assert_uint_eq(file.st_uid, 4711);
    ck_assert_uint_eq(file.st_gid, 4711);
    ck_assert_uint_eq(file.st_mode & 07777, 0600);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("session");
    TCase *limit = tcase_create("limit");
    TCase *idle = tcase_create("idle");
    TCase *waiting = tcase_create("waiting");
    TCase *file = tcase_create("file");
    TCase *all[] = {limit, idle, waiting, file};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], store_make, store_remove);
        tcase_set_timeout(all[i], 120);
        suite_add_tcase(suite, all[i]);
    }
    tcase_add_test(limit, limit_is_kept);
    tcase_add_test(limit, limit_spans_instances);
    tcase_add_test(limit, limit_none);
    tcase_add_test(limit, limits_may_differ);
    tcase_add_test(limit, limit_has_a_limit);
    tcase_add_test(limit, return_is_checked);
    tcase_add_test(limit, null_is_allowed);
    tcase_add_test(idle, idle_longest_goes_first);
    tcase_add_test(idle, idle_never);
    tcase_add_test(idle, idle_not_while_running);
    tcase_add_test(idle, idle_foreign_clock);
    tcase_add_test(idle, touch_defeats_eviction);
    tcase_add_test(waiting, waiter_gets_what_is_returned);
    tcase_add_test(waiting, waiter_gives_up);
    tcase_add_test(waiting, waiter_outlives_the_queue);
    tcase_add_test(waiting, first_come_first_served_at_first);
    tcase_add_test(waiting, passed_over_is_handed_the_next);
    tcase_add_test(waiting, hand_off_needs_a_waiter);
    tcase_add_test(waiting, shutdown_wakes_waiters);
    tcase_add_test(waiting, threads_keep_the_limit);
    tcase_add_test(waiting, threads_survive_a_move);
    tcase_add_loop_test(file, damaged_file_is_rebuilt, 0, DAMAGE_COUNT);
    tcase_add_test(file, other_version_in_use_is_left_alone);
    tcase_add_loop_test(file, noise_does_no_harm, 0, 12);
    tcase_add_test(file, truncated_under_us);
    tcase_add_test(file, replaced_under_us);
    tcase_add_test(file, descriptor_closed_by_the_host);
    tcase_add_test(file, taken_for_dead);
    tcase_add_test(file, standard_descriptors_are_not_used);
    tcase_add_loop_test(file, falls_back_to_shm, 0, 4);
    tcase_add_test(file, falls_back_to_the_process);
    tcase_add_test(file, moves_into_a_store_made_later);
    tcase_add_test(file, unwritable_store);
    tcase_add_test(file, full_disk);
    tcase_add_test(file, shared_store);
    tcase_add_test(file, root_in_somebodys_store);
    return suite;
}

int main(void)
{
    return run_suite(suite());
}
