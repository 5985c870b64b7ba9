/*
 * The key store among processes: everybody at once, forks, and sudden death.
 * HUKS_TEST_LONG=1 makes 2,000 rounds of sudden death instead of 20.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "check-store.h"
#include "store/inside.h"

static struct place place;

static void open_place(void)
{
    memset(&place, 0, sizeof(place));
    place_open(&place);
}

static void close_place(void)
{
    place_close(&place);
}

/* Children begin with nothing open, as other programs do. */
static pid_t start(int (*work)(int number), int number)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        mortal = true;
        place.crypto = NULL;
        place_connect(&place);
        ck_ok(store_token_open(place.store, 0, &place.token));
        int status = work(number);
        place_disconnect(&place);
        _exit(status);
    }
    return child;
}

static void finish(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child ended with %x", (unsigned)status);
}

static void reopen(void)
{
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
}

/* ---- at once ---- */

#define AT_ONCE 8
#define OF_EACH 100

static int add_many(int number)
{
    for (int i = 0; i < OF_EACH; i++) {
        char alias[40];
        (void)snprintf(alias, sizeof(alias), "p%d-%d", number, i);
        if (try_add(&place, SKETCH(.alias = alias, .label = "many", .key = "k"), STORE_ALIAS_UNIQUE, NULL) !=
            HUKS_OK) {
            return 1;
        }
    }
    return 0;
}

START_TEST(eight_at_once)
{
    pid_t children[AT_ONCE];
    place_disconnect(&place);
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = start(add_many, i);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        finish(children[i]);
    }
    reopen();
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "many"), AT_ONCE * OF_EACH);
    check_all_good(&place);
}
END_TEST

/* All want the same alias: one gets it. */
static int add_same(int number)
{
    huks_rc rc = try_add(&place, SKETCH(.alias = "one", .label = "one"), STORE_ALIAS_UNIQUE, NULL);
    (void)number;
    return rc == HUKS_OK ? 1 : rc == HUKS_E_ALIAS_EXISTS ? 0 : 2;
}

START_TEST(one_gets_the_alias)
{
    pid_t children[AT_ONCE];
    int winners = 0;
    place_disconnect(&place);
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = start(add_same, i);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        winners += WEXITSTATUS(status);
    }
    ck_assert_int_eq(winners, 1);
    reopen();
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ALIAS, "one"), 1);
}
END_TEST

/* Eight make the store's first token, and its root key. */
static int init_same(int number)
{
    (void)number;
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    bool locked = false;
    huks_rc rc = store_root_seal(place.store, BYTES_NONE, bytes_of("device", 6), &sealed);
    while (rc == HUKS_OK && !locked) {
        rc = store_token_lock_exclusive(place.store, 7, &locked);
    }
    if (rc == HUKS_OK) {
        rc = store_token_make(place.store, 7, 0, NULL, 0);
        store_token_unlock_exclusive(place.store, 7);
    }
    if (store_root_unseal(place.store, BYTES_NONE, bytes_of(sealed.data, sealed.size), &plain) != HUKS_OK) {
        return 2;
    }
    return rc == HUKS_OK ? 1 : rc == HUKS_E_ALIAS_EXISTS ? 0 : 2;
}

START_TEST(one_makes_the_token)
{
    pid_t children[AT_ONCE];
    int winners = 0;
    place_disconnect(&place);
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = start(init_same, i);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        winners += WEXITSTATUS(status);
    }
    ck_assert_int_eq(winners, 1);
    reopen();
    ck_assert_uint_eq(store_free_ordinal(place.store), 8);
}
END_TEST

/* ---- seeing each other ---- */

static int to_child[2], to_parent[2];

static void pipes(void)
{
    ck_assert_int_eq(pipe(to_child), 0);
    ck_assert_int_eq(pipe(to_parent), 0);
}

static char hear(int fd)
{
    char byte = 0;
    must(read(fd, &byte, 1) == 1);
    return byte;
}

static void say(int fd, char byte)
{
    must(write(fd, &byte, 1) == 1);
}

static void ask(char byte)
{
    say(to_child[1], byte);
    ck_assert_int_eq(hear(to_parent[0]), byte);
}

static int obey(int number)
{
    uint64_t last = 0;
    bool locked = false;
    (void)number;
    for (;;) {
        char order = hear(to_child[0]);
        switch (order) {
        case 'a':
            last = add(&place, SKETCH(.label = "theirs", .key = "k"));
            break;
        case 'r':
            ck_ok(store_remove(place.token, &place.keys, &last, 1));
            break;
        case 'm':
            ck_ok(store_meta_put(place.token, "m", BYTES_OF("x")));
            break;
        case 'h':
            ck_ok(store_token_hold(place.store, 0));
            break;
        case 'u':
            store_token_unhold(place.store, 0);
            break;
        case 'x':
            ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
            must(locked);
            break;
        case 'i':
            ck_ok(store_token_make(place.store, 0, STORE_LIFE_ANY, NULL, 0));
            store_token_unlock_exclusive(place.store, 0);
            break;
        case 'd':
            (void)kill(getpid(), SIGKILL);
            break;
        default:
            say(to_parent[1], order);
            return 0;
        }
        say(to_parent[1], order);
    }
}

START_TEST(changes_are_seen)
{
    place_disconnect(&place);
    pipes();
    pid_t child = start(obey, 0);
    reopen();
    uint64_t generation = store_generation(place.token);
    for (size_t i = 1; i <= 10; i++) {
        ask('a');
        ck_assert_uint_ne(store_generation(place.token), generation);
        generation = store_generation(place.token);
        ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "theirs"), i);
        ck_assert_uint_eq(store_generation(place.token), generation);
    }
    ask('r');
    ck_assert_uint_ne(store_generation(place.token), generation);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "theirs"), 9);
    ask('m');
    AUTO(buffer_free) struct buffer value = {0};
    ck_ok(store_meta_get(place.token, "m", &value));
    ask('q');
    finish(child);
}
END_TEST

static _Atomic uint64_t *generation_word(void)
{
    int fd = open(place_file(&place, "token-0.lock"), O_RDWR);
    ck_assert_int_ge(fd, 0);
    struct share_page *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    return &page->generation;
}

/* A writer that died while committing leaves an odd number. */
START_TEST(dead_writer_keeps_no_cache_alive)
{
    place_disconnect(&place);
    pipes();
    pid_t child = start(obey, 0);
    reopen();
    ask('a');
    uint64_t before = store_generation(place.token);
    (void)atomic_fetch_or(generation_word(), 1);
    uint64_t odd = store_generation(place.token);
    ck_assert_uint_ne(odd, before);
    ck_assert_uint_eq(store_generation(place.token), odd); /* the database's own count serves meanwhile */
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open(place_file(&place, "token-0.db"), &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle, "INSERT INTO meta VALUES('z',1)", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_uint_ne(store_generation(place.token), odd);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
    ask('a'); /* the next writer puts it right */
    uint64_t after = store_generation(place.token);
    ck_assert_uint_ne(after, before);
    ck_assert_uint_eq(*generation_word() & 1, 0);
    ck_assert_uint_eq(after, *generation_word());
    ask('q');
    finish(child);
}
END_TEST

START_TEST(presence_of_others)
{
    bool locked;
    int status;
    place_disconnect(&place);
    pipes();
    pid_t child = start(obey, 0);
    reopen();
    ask('h');
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(!locked);
    ck_ok(store_token_hold(place.store, 0)); /* two may hold it */
    store_token_unhold(place.store, 0);
    ask('u');
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(locked);
    store_token_unlock_exclusive(place.store, 0);
    ask('h');
    say(to_child[1], 'd'); /* the dead hold nothing */
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(locked);
    store_token_unlock_exclusive(place.store, 0);
}
END_TEST

START_TEST(others_make_the_token_anew)
{
    uint64_t before, after;
    place_disconnect(&place);
    pipes();
    pid_t child = start(obey, 0);
    reopen();
    (void)add(&place, SKETCH(.label = "mine", .key = "k"));
    ck_ok(store_token_life(place.token, &before));
    uint64_t generation = store_generation(place.token);
    for (int i = 0; i < 5; i++) {
        ask('x');
        ask('i');
        ck_assert_uint_ne(store_generation(place.token), generation);
        ck_ok(store_token_life(place.token, &after));
        ck_assert_uint_ne(after, before);
        ck_assert_uint_eq(count_matches(&place, NULL, 0), 0);
        ask('a');
        (void)add(&place, SKETCH(.label = "mine", .key = "k"));
        ck_assert_uint_eq(count_matches(&place, NULL, 0), 2);
        check_all_good(&place);
        before = after;
        generation = store_generation(place.token);
    }
    ask('q');
    finish(child);
    place_again(&place);
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 2);
    check_all_good(&place);
}
END_TEST

/* ---- forks ---- */

static _Atomic bool stop;

/* Without Check's macros: their lock would be held in a child that forks off meanwhile. */
static void *keep_reading(void *argument)
{
    uint64_t id = *(uint64_t *)argument;
    while (!stop) {
        struct store_record record;
        if (store_read(place.token, &place.keys, id, true, &record) != HUKS_OK) {
            return argument;
        }
        store_record_free(&record);
        if (store_meta_put(place.token, "busy", bytes_of(&id, sizeof(id))) != HUKS_OK) {
            return argument;
        }
    }
    return NULL;
}

START_TEST(fork_with_handlers)
{
    pthread_t thread;
    const char *sanitizer = getenv("HUKS_SANITIZER");
    if (sanitizer != NULL && sanitizer[0] != '\0') {
        return; /* the sanitizers' own allocators do not survive a fork among busy threads */
    }
    uint64_t id = add(&place, SKETCH(.label = "parent", .key = "k"));
    ck_ok(store_token_hold(place.store, 0));
    stop = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_reading, &id), 0);
    for (int i = 0; i < 20; i++) {
        (void)usleep(1000);
        store_before_fork(place.store);
        secret_fork_prepare();
        pid_t child = fork();
        if (child == 0) {
            struct store_record record;
            mortal = true;
            secret_fork_child();
            store_after_fork_child(place.store);
            if (store_read(place.token, &place.keys, id, true, &record) != HUKS_E_INTERNAL) {
                _exit(2); /* the parent's is not for us */
            }
            store_token_close(place.token);
            place.crypto = NULL;
            place_connect(&place);
            if (store_token_open(place.store, 0, &place.token) != HUKS_OK ||
                store_read(place.token, &place.keys, id, true, &record) != HUKS_OK) {
                _exit(3);
            }
            store_record_free(&record);
            if (try_add(&place, SKETCH(.label = "child", .key = "k"), STORE_ALIAS_UNIQUE, NULL) != HUKS_OK) {
                _exit(4);
            }
            place_disconnect(&place);
            _exit(0);
        }
        secret_fork_parent();
        store_after_fork_parent(place.store);
        finish(child);
    }
    stop = true;
    void *failed = NULL;
    (void)pthread_join(thread, &failed);
    ck_assert_ptr_null(failed);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "child"), 20);
    store_token_unhold(place.store, 0);
    check_all_good(&place);
}
END_TEST

/* The child does not keep its parent's presence alive. */
START_TEST(presence_is_not_inherited)
{
    bool locked;
    pipes();
    ck_ok(store_token_hold(place.store, 0));
    store_before_fork(place.store);
    pid_t child = fork();
    if (child == 0) {
        mortal = true;
        store_after_fork_child(place.store);
        say(to_parent[1], 'r');
        _exit(hear(to_child[0]) == 'q' ? 0 : 1);
    }
    store_after_fork_parent(place.store);
    ck_assert_int_eq(hear(to_parent[0]), 'r');
    store_token_unhold(place.store, 0);
    place_again(&place);
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(locked);
    store_token_unlock_exclusive(place.store, 0);
    say(to_child[1], 'q');
    finish(child);
}
END_TEST

START_TEST(fork_without_handlers)
{
    uint64_t id = add(&place, SKETCH(.label = "parent", .key = "k"));
    make_token(&place, 1, 0);
    pid_t child = fork();
    if (child == 0) {
        struct store_record record;
        struct store_token *token = NULL;
        size_t count;
        mortal = true;
        if (store_read(place.token, &place.keys, id, true, &record) != HUKS_E_INTERNAL ||
            store_tokens(place.store, NULL, 0, &count) != HUKS_E_INTERNAL) {
            _exit(2);
        }
        place.crypto = NULL;
        place_connect(&place);
        if (store_token_open(place.store, 0, &token) != HUKS_E_INTERNAL) {
            _exit(3);
        }
        if (store_token_open(place.store, 1, &token) != HUKS_OK) { /* nobody had that one open */
            _exit(4);
        }
        _exit(0);
    }
    finish(child);
    struct store_record record;
    ck_ok(store_read(place.token, &place.keys, id, true, &record));
    store_record_free(&record);
    (void)add(&place, SKETCH(.label = "undisturbed"));
}
END_TEST

/* ---- sudden death ---- */

#define MORTALS 4

/* What a mortal did, written before and after: a pipe keeps what the dead wrote. */
struct note {
    uint32_t what; /* 'A': pair added, 'R': about to remove a pair, 'r': removed, 'C': single changed */
    uint32_t value;
    uint64_t ids[2];
};

static void note(uint32_t what, const uint64_t ids[2], uint32_t value)
{
    struct note line = {what, value, {ids[0], ids[1]}};
    must(write(to_parent[1], &line, sizeof(line)) == (ssize_t)sizeof(line));
}

static int live_dangerously(int number)
{
    char alias[60];
    uint64_t changing = add(&place, SKETCH(.label = "changing", .key = "k"));
    for (uint32_t i = 1;; i++) {
        uint64_t ids[2], version[2] = {changing, 0};
        (void)snprintf(alias, sizeof(alias), "%d-%d-%u", number, (int)getpid(), i);
        ck_ok(try_add_pair(&place, SKETCH(.alias = alias, .label = "pair", .class = STORE_DE, .level = 1),
                           SKETCH(.alias = alias, .label = "pair", .key = "k", .level = 1),
                           STORE_ALIAS_UNIQUE, ids));
        note('A', ids, 0);
        if (i % 3 == 0) {
            note('R', ids, 0);
            ck_ok(store_remove(place.token, &place.keys, ids, 2));
            note('r', ids, 0);
        }
        struct sketch sketch = SKETCH(.label = alias);
        struct store_record record = {
            .id = changing, .version = i, .class = STORE_CE, .params = sketch_params(&sketch)};
        ck_ok(store_change(place.token, &place.keys, &record));
        store_record_free(&record);
        note('C', version, i + 1);
        if (i % 4 == 0) {
            ck_ok(store_meta_put(place.token, "tick", bytes_of(&i, sizeof(i))));
        }
    }
}

static bool readable(uint64_t id)
{
    struct store_record record;
    huks_rc rc = store_read(place.token, &place.keys, id, true, &record);
    ck_assert_msg(rc == HUKS_OK || rc == HUKS_E_NOT_EXIST, "record %" PRIu64 ": %d", id, (int)rc);
    store_record_free(&record);
    return rc == HUKS_OK;
}

static void expect_notes_kept(const struct note *notes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct note *line = &notes[i];
        if (line->what == 'A') {
            bool removing = false;
            for (size_t j = i + 1; j < count && !removing; j++) {
                removing = notes[j].what == 'R' && notes[j].ids[0] == line->ids[0];
            }
            if (!removing) {
                ck_assert_msg(readable(line->ids[0]) && readable(line->ids[1]), "lost %" PRIu64,
                              line->ids[0]);
            } else {
                ck_assert(readable(line->ids[0]) == readable(line->ids[1]));
            }
        } else if (line->what == 'r') {
            ck_assert(!readable(line->ids[0]) && !readable(line->ids[1]));
        } else if (line->what == 'C') {
            uint64_t version;
            ck_ok(store_version(place.token, line->ids[0], &version));
            ck_assert_uint_ge(version, line->value);
        }
    }
}

static void expect_pairs_whole(void)
{
    uint64_t *ids = NULL;
    size_t found = 0;
    struct store_match match = match_text(HUKS_TAG_LABEL, "pair");
    ck_ok(store_find(place.token, &place.keys, &match, 1, NULL, &ids, &found));
    ck_assert_uint_eq(found % 2, 0);
    for (size_t i = 0; i < found; i++) {
        struct store_record record;
        ck_ok(store_read(place.token, &place.keys, ids[i], true, &record));
        ck_assert_uint_ne(record.pair, 0);
        store_record_free(&record);
    }
    free(ids);
}

static struct note notes[100000];

static size_t gather(int fd)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, (char *)notes + size, sizeof(notes) - size);
        if (got <= 0) {
            return size / sizeof(notes[0]);
        }
        size += (size_t)got;
    }
}

START_TEST(sudden_death)
{
    const char *mode = getenv("HUKS_TEST_LONG");
    unsigned rounds = mode != NULL && strcmp(mode, "1") == 0 ? 2000 : 20;
    unsigned seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    size_t acknowledged = 0;
    place_disconnect(&place);
    for (unsigned round = 0; round < rounds; round++) {
        pid_t children[MORTALS];
        pipes();
        for (int i = 0; i < MORTALS; i++) {
            children[i] = start(live_dangerously, i);
        }
        ck_assert_int_eq(close(to_parent[1]), 0);
        struct pollfd first = {.fd = to_parent[0], .events = POLLIN};
        ck_assert_int_eq(poll(&first, 1, 60000), 1); /* they are alive */
        for (int i = 0; i < MORTALS; i++) {
            (void)usleep((useconds_t)(1000 + rand_r(&seed) % 20000));
            (void)kill(children[i], SIGKILL);
        }
        size_t count = gather(to_parent[0]);
        for (int i = 0; i < MORTALS; i++) {
            int status;
            ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
            ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "child ended with %x",
                          (unsigned)status);
        }
        (void)close(to_parent[0]);
        (void)close(to_child[0]);
        (void)close(to_child[1]);
        acknowledged += count;
        reopen();
        expect_notes_kept(notes, count);
        if (round % 10 == 9 || round + 1 == rounds) {
            expect_pairs_whole();
            check_all_good(&place);
        }
        if (round % 50 == 49) {
            uint64_t life;
            ck_ok(store_token_life(place.token, &life));
            make_token(&place, 0, life); /* keep it small */
        }
        place_disconnect(&place);
    }
    (void)fprintf(stderr, "sudden death: %u rounds, %zu acknowledged steps, none lost\n", rounds,
                  acknowledged);
    reopen();
}
END_TEST

/* C_InitToken dies at any moment: there is a token that opens, the old or the new one. */
static int make_for_ever(int number)
{
    (void)number;
    for (;;) {
        bool locked = false;
        ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
        if (locked) {
            ck_ok(store_token_make(place.store, 0, STORE_LIFE_ANY, NULL, 0));
            store_token_unlock_exclusive(place.store, 0);
            note('M', (const uint64_t[2]){0, 0}, 0);
            (void)add(&place, SKETCH(.label = "x", .key = "k"));
        }
    }
}

START_TEST(death_while_making_a_token)
{
    unsigned seed = (unsigned)getpid();
    place_disconnect(&place);
    for (unsigned round = 0; round < 20; round++) {
        int status;
        pipes();
        pid_t child = start(make_for_ever, 0);
        ck_assert_int_eq(close(to_parent[1]), 0);
        (void)usleep((useconds_t)(2000 + rand_r(&seed) % 15000));
        (void)kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        (void)close(to_parent[0]);
        (void)close(to_child[0]);
        (void)close(to_child[1]);
        reopen();
        check_all_good(&place);
        (void)add(&place, SKETCH(.label = "y", .key = "k"));
        place_disconnect(&place);
    }
    reopen();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store-processes");
    TCase *tests = tcase_create("store-processes");
    tcase_set_timeout(tests, 3600);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, eight_at_once);
    tcase_add_test(tests, one_gets_the_alias);
    tcase_add_test(tests, one_makes_the_token);
    tcase_add_test(tests, changes_are_seen);
    tcase_add_test(tests, dead_writer_keeps_no_cache_alive);
    tcase_add_test(tests, presence_of_others);
    tcase_add_test(tests, others_make_the_token_anew);
    tcase_add_test(tests, fork_with_handlers);
    tcase_add_test(tests, presence_is_not_inherited);
    tcase_add_test(tests, fork_without_handlers);
    tcase_add_test(tests, sudden_death);
    tcase_add_test(tests, death_while_making_a_token);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
