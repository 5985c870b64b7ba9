/* PIN tries over threads and processes, and what a killed process leaves behind. */
#include "check-auth.h"

#include <errno.h>

#include "auth/holder.h"
#include "service/tally.h"

static struct side here;

static void open_place(void)
{
    place_make();
    memset(&here, 0, sizeof here);
    side_config(&here);
    side_connect(&here);
    token_new(&here, SO_PIN, 0);
    side_token(&here);
    set_first_pin(&here, USER_PIN);
}

static void close_place(void)
{
    side_close(&here);
    secret_arena_release();
    place_remove();
}

static void here_again(void)
{
    side_close(&here);
    side_open(&here);
}

/* ---- what other processes do ---- */

static void say(char c)
{
    if (write(1, &c, 1) != 1) {
        _exit(98);
    }
}

/* Takes a try, says so, and ends it as it is told: right, wrong or untested. */
static void child_hold(struct side *side)
{
    struct tries_test test;
    char order = '\0';
    if (tries_take(side->auth->tries, AUTH_USER, &test) != HUKS_OK) {
        say('!');
        return;
    }
    say('h');
    if (read(0, &order, 1) == 1) {
        ck_ok(tries_end(side->auth->tries, &test,
                        order == 'r'   ? TRIES_RIGHT
                        : order == 'w' ? TRIES_WRONG
                                       : TRIES_UNTESTED));
        say('e');
    }
}

/* Guesses wrong; says w for each PIN that was tested and l for each that was not. */
static void *guess(void *argument)
{
    struct side *side = argument;
    for (int i = 0; i < 8; i++) {
        huks_rc rc = auth_login(side->auth, AUTH_USER, PIN("a guess"));
        say(rc != HUKS_E_AUTH_FAILED ? '!' : error_about() == ABOUT_PIN ? 'w' : 'l');
    }
    return NULL;
}

static void child_guess(struct side *side)
{
    pthread_t threads[3];
    char order;
    say('r');
    if (read(0, &order, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        if (pthread_create(&threads[i], NULL, guess, side) != 0) {
            _exit(96);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* Changes the user PIN to and fro for ever; says which one is set. */
static void child_change(struct side *side, const char *a, const char *b)
{
    for (;;) {
        if (auth_set_pin(side->auth, AUTH_USER, PIN(a), PIN(b)) != HUKS_OK) {
            say('!');
        }
        say('b');
        if (auth_set_pin(side->auth, AUTH_USER, PIN(b), PIN(a)) != HUKS_OK) {
            say('!');
        }
        say('a');
    }
}

static void child_clear(struct side *side, const char *a, const char *b)
{
    ck_ok(auth_login(side->auth, AUTH_SO, SO_PIN));
    for (;;) {
        ck_ok(auth_init_pin(side->auth, PIN(b)));
        say('b');
        ck_ok(auth_init_pin(side->auth, PIN(a)));
        say('a');
    }
}

/* ---- tries in the session table ---- */

/* `id` names a table in /dev/shm. */
static struct session_table *share(struct side *side, const char *id)
{
    struct session_settings settings = {.limit = 15};
    struct session_table *table = NULL;
    memcpy(settings.store_id, id, sizeof settings.store_id);
    ck_ok(session_table_open(&settings, &table));
    tally_connect(side->auth, table);
    return table;
}

int child_main(char **arguments)
{
    struct side side = {0};
    struct session_table *table = NULL;
    side_config(&side);
    side.config.pin_tries = (uint32_t)atoi(arguments[1]) > 0 ? (uint32_t)atoi(arguments[1]) : 10;
    side_open(&side);
    if (strlen(arguments[2]) == 8 && strcmp(arguments[2], "pin-b") != 0) {
        table = share(&side, arguments[2]);
    }
    if (strcmp(arguments[0], "hold") == 0) {
        child_hold(&side);
    } else if (strcmp(arguments[0], "guess") == 0) {
        child_guess(&side);
    } else if (strcmp(arguments[0], "change") == 0) {
        child_change(&side, arguments[1], arguments[2]);
    } else if (strcmp(arguments[0], "clear") == 0) {
        child_clear(&side, arguments[1], arguments[2]);
    }
    side_close(&side);
    session_table_close(table);
    if (table != NULL) {
        _exit(0); /* as nobody: a leak checker at exit has not the rights it needs */
    }
    return 0;
}

/* ---- counting ---- */

START_TEST(locked_after_the_last_try)
{
    struct side there = {0};
    side_open(&there);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_wrong(auth_login(there.auth, AUTH_USER, PIN("wrong")));
    ck_assert(state_of(&here).user_final_try && !state_of(&here).user_locked);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_assert(state_of(&there).user_locked && !state_of(&there).user_final_try &&
              state_of(&there).user_count_low);
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_locked(auth_verify(there.auth, AUTH_USER, USER_PIN));
    ck_locked(auth_set_pin(there.auth, AUTH_USER, USER_PIN, PIN("another")));
    here_again();
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));

    /* The SO has tries of its own. */
    ck_wrong(auth_login(here.auth, AUTH_SO, PIN("wrong")));
    ck_assert(state_of(&here).so_count_low);
    set_first_pin(&here, USER_PIN);
    ck_assert(!state_of(&here).so_count_low);
    ck_ok(auth_login(there.auth, AUTH_USER, USER_PIN));
    for (int i = 0; i < 3; i++) {
        ck_wrong(auth_verify(here.auth, AUTH_SO, PIN("wrong")));
    }
    ck_locked(auth_verify(here.auth, AUTH_SO, SO_PIN));
    ck_assert(state_of(&there).so_locked && !state_of(&there).user_locked);
    side_close(&there);
}
END_TEST

START_TEST(success_gives_all_back)
{
    for (int i = 0; i < 4; i++) {
        ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
        ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
        ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
        ck_assert(!state_of(&here).user_count_low && !state_of(&here).user_final_try);
    }
}
END_TEST

START_TEST(logged_in_is_no_way_around)
{
    struct side there = {0};
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    side_open(&there);
    ck_wrong(auth_login(there.auth, AUTH_USER, PIN("wrong")));
    ck_wrong(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN)); /* right: gives back what both spent */
    ck_assert(!state_of(&there).user_count_low);
    for (int i = 0; i < 3; i++) {
        ck_wrong(auth_login(there.auth, AUTH_USER, PIN("wrong")));
    }
    /* Locked: a login that knows the PIN is no oracle. */
    ck_locked(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_locked(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_USER);
    ck_assert(key_open(&here, STORE_CE));
    side_close(&there);
}
END_TEST

static bool tries_are_noted(void)
{
    AUTO(buffer_free) struct buffer value = {0};
    return store_meta_get(here.token, "auth.tries-user", &value) == HUKS_OK;
}

START_TEST(quick_test_is_quick)
{
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(store_meta_delete(here.token, "auth.tries-user"));
    for (int i = 0; i < 10; i++) {
        ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
        ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    }
    ck_assert(!tries_are_noted()); /* no try was taken */
    auth_logout(here.auth);
    ck_assert_ptr_null(here.auth->fast.data);
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_assert(tries_are_noted());
    ck_assert_ptr_null(here.auth->fast.data);
}
END_TEST

static void crowd(const char *id)
{
    struct child children[4];
    unsigned tested = 0, refused = 0;
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        children[i] = child_start("guess", "10", id);
        ck_assert_int_eq(child_hear(&children[i]), 'r');
    }
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        child_say(&children[i], 'g');
    }
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        for (char c = child_hear(&children[i]); c != '\0'; c = child_hear(&children[i])) {
            ck_assert(c == 'w' || c == 'l');
            tested += c == 'w';
            refused += c == 'l';
        }
        ck_assert_int_eq(child_end(&children[i]), 0);
    }
    ck_assert_uint_eq(tested, 10);
    ck_assert_uint_eq(tested + refused, 4 * 3 * 8);
}

START_TEST(crowds_gain_nothing)
{
    crowd("");
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
}
END_TEST

/* ---- tests in progress ---- */

static void short_patience(uint32_t tries, uint32_t wait_ms)
{
    side_close(&here);
    here.config.pin_tries = tries;
    here.config.auth_timeout_ms = wait_ms;
    side_open(&here);
}

START_TEST(waits_for_tests_in_progress)
{
    short_patience(1, 60);
    struct child child = child_start("hold", "1", "");
    ck_assert_int_eq(child_hear(&child), 'h');
    /* Held, but not spent: not locked, however long. */
    ck_assert(!state_of(&here).user_locked && !state_of(&here).user_count_low);
    ck_fail(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL, ABOUT_TOKEN);
    short_patience(1, 60000);
    child_say(&child, 'w');
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN)); /* spent by a failure now */
    ck_assert_int_eq(child_hear(&child), 'e');
    ck_assert_int_eq(child_end(&child), 0);

    set_first_pin(&here, USER_PIN);
    child = child_start("hold", "1", "");
    ck_assert_int_eq(child_hear(&child), 'h');
    child_say(&child, 'r');
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert_int_eq(child_end(&child), 0);
}
END_TEST

START_TEST(success_leaves_running_tests_their_try)
{
    short_patience(2, 60);
    struct child child = child_start("hold", "2", "");
    ck_assert_int_eq(child_hear(&child), 'h');
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_wrong(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    ck_fail(auth_verify(here.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL,
            ABOUT_TOKEN); /* the last one is held */
    child_say(&child, 'u');
    ck_assert_int_eq(child_hear(&child), 'e');
    ck_assert_int_eq(child_end(&child), 0);
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
}
END_TEST

START_TEST(death_gives_back)
{
    short_patience(1, 60);
    for (int i = 0; i < 3; i++) {
        struct child child = child_start("hold", "1", "");
        ck_assert_int_eq(child_hear(&child), 'h');
        ck_fail(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL, ABOUT_TOKEN);
        if (i == 1) {
            /* Dead, but nobody has waited for it. */
            siginfo_t info;
            (void)kill(child.pid, SIGKILL);
            ck_assert_int_eq(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
            ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
        }
        child_kill(&child);
        ck_assert(!state_of(&here).user_count_low);
        ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    }
}
END_TEST

START_TEST(unwritten_ends_count_as_failures)
{
    /* The end of a test of ours that could not be written: not running any more, but still noted. */
    struct tries_test test;
    ck_ok(tries_take(here.auth->tries, AUTH_USER, &test));
    ck_assert(!state_of(&here).user_count_low);
    tries_over(here.auth->tries, &test);
    ck_assert(state_of(&here).user_count_low);
    ck_wrong(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    ck_assert(state_of(&here).user_final_try);
    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_assert(!state_of(&here).user_count_low);
}
END_TEST

START_TEST(try_of_a_cleared_pin)
{
    /* A test of the old PIN may end when it likes: its try is nobody's any more. */
    struct tries_test test;
    ck_ok(tries_take(here.auth->tries, AUTH_USER, &test));
    set_first_pin(&here, PIN("cleared"));
    ck_ok(tries_end(here.auth->tries, &test, TRIES_UNTESTED));
    ck_assert(!state_of(&here).user_count_low);
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("cleared")));
}
END_TEST

struct verifying {
    _Atomic bool over;
    bool change; /* C_SetPIN, which must not write over what replaced the record it tested */
    huks_rc rc;
};

static void *verify_old(void *argument)
{
    struct verifying *verifying = argument;
    verifying->rc = verifying->change ? auth_set_pin(here.auth, AUTH_USER, USER_PIN, USER_PIN)
                                      : auth_verify(here.auth, AUTH_USER, USER_PIN);
    atomic_store(&verifying->over, true);
    return NULL;
}

struct swapping {
    struct buffer record;
    bool caught;
};

static uint32_t running_tests(void)
{
    AUTO(buffer_free) struct buffer value = {0};
    return store_meta_get(here.token, "auth.tries-user", &value) == HUKS_OK ? number_get32(value.data + 8)
                                                                            : 0;
}

/* Replaces the record while a test runs; that can't end meanwhile, for its end is a change, too. */
static huks_rc swap_under_a_test(struct store_token *token, void *argument)
{
    struct swapping *swapping = argument;
    if (running_tests() == 0) {
        return HUKS_OK;
    }
    swapping->caught = true;
    return store_meta_put(token, KEYRING_PIN_USER, bytes_of(swapping->record.data, swapping->record.size));
}

START_TEST(record_replaced_under_a_test)
{
    AUTO(secret_free) struct secret class_keys = {0};
    struct swapping swapping = {{0}, false};
    ck_ok(secret_alloc(&class_keys, KEYRING_USER_SIZE));
    ck_ok(keyring_seal_pin(here.crypto, AUTH_USER, secret_bytes(&here.auth->device_key), 4, PIN("swapped"),
                           secret_bytes(&class_keys), &swapping.record));
    here.auth->config.scrypt_log2n = 14; /* slow enough to be caught */
    ck_ok(auth_set_pin(here.auth, AUTH_USER, USER_PIN, USER_PIN));
    for (int i = 0; i < 1000 && !swapping.caught; i++) {
        pthread_t thread;
        struct verifying verifying = {false, _i == 1, HUKS_OK};
        ck_assert_int_eq(pthread_create(&thread, NULL, verify_old, &verifying), 0);
        while (!swapping.caught && !atomic_load(&verifying.over)) {
            if (running_tests() > 0) {
                ck_ok(store_meta_change(here.token, swap_under_a_test, &swapping));
            }
        }
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(verifying.rc, swapping.caught ? HUKS_E_AUTH_FAILED : HUKS_OK);
    }
    ck_assert(swapping.caught);
    ck_assert(state_of(&here).user_count_low && !state_of(&here).user_final_try);
    ck_ok(auth_verify(here.auth, AUTH_USER, PIN("swapped")));
    buffer_free(&swapping.record);
}
END_TEST

START_TEST(who_is_gone)
{
    struct holder self, other;
    holder_self(&self);
    ck_assert_uint_eq(self.pid, (unsigned)getpid());
    ck_assert(self.start != 0 && self.pid_namespace != 0 && self.boot[0] + self.boot[1] + self.boot[2] != 0);
    ck_assert(!holder_gone(&self, &self));
    other = self;
    other.start++; /* the number was used again */
    ck_assert(holder_gone(&other, &self));
    other = self;
    other.start = 0; /* taken where /proc was not there */
    ck_assert(!holder_gone(&other, &self));
    other.boot[3] ^= 1; /* before a reboot */
    ck_assert(holder_gone(&other, &self));
    other = self;
    other.pid_namespace++; /* a container's: nothing is known, for a while */
    other.pid = 1u << 30;
    ck_assert(!holder_gone(&other, &self));
    other.taken_ms -= 3600000;
    ck_assert(holder_gone(&other, &self) || self.taken_ms < 3600000);
    other = self;
    other.pid = 0;
    ck_assert(holder_gone(&other, &self));
    other.pid = UINT32_MAX;
    ck_assert(holder_gone(&other, &self));
    other.pid = 1;
    other.start = 0;
    ck_assert(!holder_gone(&other, &self));
}
END_TEST

/* ---- a store that cannot be written ---- */

/* Modes mean nothing to root: it becomes nobody, and the store nobody's. */
static void make_read_only(void)
{
    char command[1200];
    (void)snprintf(command, sizeof command,
                   "chmod 755 '%s' && cd '%s/store' && chmod 444 token-* && chmod 400 root.key && "
                   "{ test \"$(id -u)\" != 0 || chown -R 65534 .; } && chmod 555 .",
                   top, top);
    ck_assert_int_eq(system(command), 0);
    if (geteuid() == 0) {
        ck_assert_int_eq(seteuid(65534), 0);
    }
}

static void make_writable(void)
{
    char command[700];
    if (getuid() == 0) {
        ck_assert_int_eq(seteuid(0), 0);
    }
    (void)snprintf(command, sizeof command, "chmod -R u+w '%s' && chown -R $(id -u) '%s'", top, top);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(counts_in_memory_when_read_only)
{
    side_close(&here);
    make_read_only();
    side_open(&here);
    ck_assert(!store_token_writable(here.token));
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_assert(state_of(&here).user_final_try);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_open(&here, STORE_CE));
    ck_assert(!state_of(&here).user_count_low);
    ck_fail(auth_set_pin(here.auth, AUTH_USER, USER_PIN, PIN("another")), HUKS_E_FILE, ABOUT_READ_ONLY);
    ck_assert(!state_of(&here).user_count_low);
    for (int i = 0; i < 3; i++) {
        ck_wrong(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    }
    ck_locked(auth_verify(here.auth, AUTH_USER, USER_PIN));
    side_close(&here);
    make_writable();
    here.config.auth_timeout_ms = 1000;
    side_open(&here);
    ck_assert(store_token_writable(here.token) && !state_of(&here).user_count_low);
}
END_TEST

/* One process after the other, and many at once: together they have the tries that one person has. */
START_TEST(counts_over_processes_when_read_only)
{
    char id[9];
    side_close(&here);
    make_read_only();
    here.config.pin_tries = 10;
    side_open(&here);
    (void)snprintf(id, sizeof id, "%08x", (unsigned)getpid());
    struct session_table *table = share(&here, id);
    crowd(id);
    ck_assert(state_of(&here).user_locked); /* by what others did */
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    /* … also when nobody is left who knows: the table stays. */
    side_close(&here);
    session_table_close(table);
    side_open(&here);
    table = share(&here, id);
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    /* This process knows what it did itself, whatever becomes of the table. */
    tries_forget(here.auth->tries, AUTH_USER);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    auth_logout(here.auth);
    for (int i = 0; i < 10; i++) {
        ck_wrong(auth_verify(here.auth, AUTH_USER, PIN("wrong")));
    }
    const uint64_t name = here.auth->life ^ (uint64_t)AUTH_USER * UINT64_C(0x9e3779b97f4a7c15);
    session_tally_clear(table, name);
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    tries_forget(here.auth->tries, AUTH_USER);

    /* A test that runs elsewhere holds a try until it ends, or its process dies. */
    side_close(&here);
    session_table_close(table);
    here.config.pin_tries = 1;
    here.config.auth_timeout_ms = 60;
    side_open(&here);
    table = share(&here, id);
    struct child child = child_start("hold", "1", id);
    ck_assert_int_eq(child_hear(&child), 'h');
    ck_assert(!state_of(&here).user_locked);
    ck_fail(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL, ABOUT_TOKEN);
    child_kill(&child);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    child = child_start("hold", "1", id);
    ck_assert_int_eq(child_hear(&child), 'h');
    child_say(&child, 'w');
    ck_assert_int_eq(child_hear(&child), 'e');
    ck_assert_int_eq(child_end(&child), 0);
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    tries_forget(here.auth->tries, AUTH_USER);
    side_close(&here);
    session_table_close(table);
    make_writable();
    side_open(&here);
}
END_TEST

/* ---- kill -9 ---- */

static void pause_us(unsigned us)
{
    struct timespec time = {0, (long)us * 1000};
    (void)nanosleep(&time, NULL);
}

/* Kills a process that sets PINs a and b in turn; what it said last, or the next one, is set. */
static void kill_one(const char *verb, unsigned delay_us, const uint8_t ce[32])
{
    struct child child = child_start(verb, "pin-a", "pin-b");
    char last = child_hear(&child);
    ck_assert_int_eq(last, 'b');
    pause_us(delay_us);
    (void)kill(child.pid, SIGKILL);
    for (char c = child_hear(&child); c != '\0'; c = child_hear(&child)) {
        ck_assert_int_ne(c, '!');
        last = c;
    }
    child_kill(&child);

    const char *expected = last == 'a' ? "pin-a" : "pin-b";
    const char *next = last == 'a' ? "pin-b" : "pin-a";
    huks_rc rc = auth_login(here.auth, AUTH_USER, PIN(expected));
    if (rc != HUKS_OK) {
        ck_wrong(rc);
        expected = next;
        ck_ok(auth_login(here.auth, AUTH_USER, PIN(expected)));
    }
    uint64_t uid;
    ck_assert(key_is(&here, STORE_CE, ce) && key_open(&here, STORE_PIN_BOUND));
    ck_ok(auth_secure_uid(here.auth, &uid));
    ck_ok(auth_check_secure_uid(here.auth, uid));
    ck_assert(!state_of(&here).user_count_low);
    ck_ok(auth_set_pin(here.auth, AUTH_USER, PIN(expected), PIN("pin-a")));
    auth_logout(here.auth);
}

static void kill_many(const char *verb)
{
    uint8_t ce[32];
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_of(&here, STORE_CE, ce));
    ck_ok(auth_set_pin(here.auth, AUTH_USER, USER_PIN, PIN("pin-a")));
    auth_logout(here.auth);
    for (unsigned i = 0; i < 25; i++) {
        kill_one(verb, 150 * i, ce);
    }
}

START_TEST(killed_while_changing)
{
    kill_many("change");
}
END_TEST

START_TEST(killed_while_clearing)
{
    kill_many("clear");
}
END_TEST

Suite *tries_suite(void)
{
    Suite *suite = suite_create("tries");
    TCase *tests = tcase_create("tries");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, locked_after_the_last_try);
    tcase_add_test(tests, success_gives_all_back);
    tcase_add_test(tests, logged_in_is_no_way_around);
    tcase_add_test(tests, quick_test_is_quick);
    tcase_add_test(tests, crowds_gain_nothing);
    tcase_add_test(tests, waits_for_tests_in_progress);
    tcase_add_test(tests, success_leaves_running_tests_their_try);
    tcase_add_test(tests, death_gives_back);
    tcase_add_test(tests, unwritten_ends_count_as_failures);
    tcase_add_test(tests, try_of_a_cleared_pin);
    tcase_add_loop_test(tests, record_replaced_under_a_test, 0, 2);
    tcase_add_test(tests, who_is_gone);
    tcase_add_test(tests, counts_in_memory_when_read_only);
    tcase_add_test(tests, counts_over_processes_when_read_only);
    tcase_add_test(tests, killed_while_changing);
    tcase_add_test(tests, killed_while_clearing);
    suite_add_tcase(suite, tests);
    return suite;
}
