/*
 * kill -9 at any point of setting, changing and clearing a PIN, and of enrolling and removing a finger.
 *
 * A process does the one thing under ptrace and is killed at its n-th system call, for every n until it has
 * done: nothing that is not a system call changes what is on disk. What is found afterwards is the old state
 * or the new one, and the token can be entered. HUKS_KILL_ROUNDS adds that many rounds with a kill after a
 * random time, which other processes at the same time make harder; where ptrace is not to be had, there are
 * 100 of those.
 */
#include "check-auth.h"

#include <errno.h>
#include <sys/ptrace.h>

#include "auth/credential.h"
#include "auth/token.h"

#define FINGER  OH_HUKS_USER_AUTH_TYPE_FINGERPRINT
#define NEW_PIN PIN("new-pin")

char top[256];
static struct side here;

static void open_place(void)
{
    place_make();
    memset(&here, 0, sizeof here);
    side_config(&here);
    here.config.pin_tries = 10;
    side_connect(&here);
    token_new(&here, SO_PIN, 0);
    side_token(&here);
}

static void close_place(void)
{
    side_close(&here);
    secret_arena_release();
    place_remove();
}

/* ---- what is done, and what may be found ---- */

struct found {
    bool pin_set;
    uint64_t secure_uid, enrolled_id, finger_enrolled_id;
    size_t fingers;
    bool old_pin, new_pin; /* opens the token, and class CE with the key it always had */
};

static uint8_t ce_key[32];

static bool enters(struct bytes pin)
{
    huks_rc rc = auth_login(here.auth, AUTH_USER, pin);
    if (rc != HUKS_OK) {
        ck_assert(rc == HUKS_E_NO_CREDENTIAL || (rc == HUKS_E_AUTH_FAILED && error_about() == ABOUT_PIN));
        return false;
    }
    ck_assert(key_is(&here, STORE_CE, ce_key) && key_open(&here, STORE_PIN_BOUND));
    auth_logout(here.auth);
    return true;
}

static void look(struct found *found)
{
    struct auth_binding binding;
    struct auth_credential *list = NULL;
    size_t count = 0;
    memset(found, 0, sizeof *found);
    found->pin_set = state_of(&here).user_pin_set;
    ck_assert(!state_of(&here).user_locked && !state_of(&here).so_locked);
    if (found->pin_set) {
        ck_ok(auth_binding(here.auth, &binding));
        found->secure_uid = binding.secure_uid;
        found->enrolled_id = binding.entries[0].enrolled_id;
        for (uint32_t i = 0; i < binding.count; i++) {
            if (binding.entries[i].type == FINGER) {
                found->finger_enrolled_id = binding.entries[i].enrolled_id;
            }
        }
    } else {
        ck_fail(auth_binding(here.auth, &binding), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
        ck_assert(key_is(&here, STORE_CE, ce_key));
    }
    ck_ok(auth_credentials(here.auth, &list, &count));
    free(list);
    found->fingers = count - (found->pin_set ? 1 : 0);
    found->old_pin = enters(USER_PIN);
    found->new_pin = enters(NEW_PIN);
    ck_assert(found->pin_set == (found->old_pin || found->new_pin) && !(found->old_pin && found->new_pin));
    /* The SO gets in whatever happens to the user. */
    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    auth_logout(here.auth);
}

/* The old state is made anew for each kill. */
static void make_old(bool pin, const char *finger)
{
    uint64_t id, uid;
    if (state_of(&here).user_pin_set) {
        ck_ok(auth_clear_pin(here.auth, AUTH_SO, SO_PIN));
    }
    if (pin) {
        set_first_pin(&here, USER_PIN);
        ck_ok(auth_secure_uid(here.auth, &uid));
        ck_ok(credential_add(here.auth, uid, FINGER, PIN("first"), "account", &id));
        if (finger != NULL) {
            ck_ok(credential_add(here.auth, uid, FINGER, PIN(finger), "account", &id));
        }
    }
}

static void old_without(void)
{
    make_old(false, NULL);
}
static void old_with(void)
{
    make_old(true, NULL);
}
static void old_with_two(void)
{
    make_old(true, "second");
}

static huks_rc do_first_pin(struct side *side)
{
    HUKS_TRY(auth_login(side->auth, AUTH_SO, SO_PIN));
    return auth_init_pin(side->auth, NEW_PIN);
}

static huks_rc do_change(struct side *side)
{
    return auth_set_pin(side->auth, AUTH_USER, USER_PIN, NEW_PIN);
}

static huks_rc do_clear(struct side *side)
{
    return auth_clear_pin(side->auth, AUTH_USER, USER_PIN);
}

static huks_rc do_enrol(struct side *side)
{
    uint64_t uid, id;
    HUKS_TRY(auth_secure_uid(side->auth, &uid));
    return credential_add(side->auth, uid, FINGER, PIN("second"), "account", &id);
}

static huks_rc do_remove(struct side *side)
{
    AUTO(memory_free_ptr) struct auth_credential *list = NULL;
    size_t count = 0;
    HUKS_TRY(auth_credentials(side->auth, &list, &count));
    return auth_unenroll(side->auth, USER_PIN, list[count - 1].id);
}

static bool first_pin_done(const struct found *old, const struct found *now)
{
    return !old->pin_set && now->new_pin;
}

/* SO's clearing: another secure id, no fingers. */
static bool cleared_anew(const struct found *old, const struct found *now)
{
    return now->new_pin && now->secure_uid != old->secure_uid && now->enrolled_id != old->enrolled_id &&
           now->fingers == 0;
}

static bool changed(const struct found *old, const struct found *now)
{
    return now->new_pin && now->secure_uid == old->secure_uid && now->enrolled_id == old->enrolled_id &&
           now->fingers == old->fingers && now->finger_enrolled_id == old->finger_enrolled_id;
}

static bool cleared(const struct found *old, const struct found *now)
{
    return old->pin_set && !now->pin_set && now->fingers == 0;
}

static bool enrolled(const struct found *old, const struct found *now)
{
    return now->old_pin && now->secure_uid == old->secure_uid && now->fingers == old->fingers + 1 &&
           now->finger_enrolled_id != old->finger_enrolled_id;
}

static bool removed(const struct found *old, const struct found *now)
{
    return now->old_pin && now->secure_uid == old->secure_uid && now->fingers + 1 == old->fingers &&
           now->finger_enrolled_id == old->finger_enrolled_id;
}

static const struct deed {
    const char *name;
    void (*make_old)(void);
    huks_rc (*run)(struct side *side);
    bool (*is_new)(const struct found *old, const struct found *now);
} deeds[] = {
    {"first PIN", old_without, do_first_pin, first_pin_done},
    {"PIN set by the SO", old_with, do_first_pin, cleared_anew},
    {"PIN changed", old_with, do_change, changed},
    {"PIN cleared", old_with, do_clear, cleared},
    {"finger enrolled", old_with, do_enrol, enrolled},
    {"finger removed", old_with_two, do_remove, removed},
};

/* ---- killing ---- */

/* The process that does it: opens the token, says so, and goes on when it is told. */
int child_main(char **arguments)
{
    struct side side = {0};
    char go = 'r';
    side_config(&side);
    side.config.pin_tries = 10;
    side_open(&side);
    bool traced = arguments[1][0] == 't' && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    if (arguments[1][0] == 't' && !traced) {
        go = 'n';
    }
    if (write(1, &go, 1) != 1 || read(0, &go, 1) != 1) {
        return 2;
    }
    if (traced) {
        (void)raise(SIGSTOP);
    }
    return deeds[atoi(arguments[0])].run(&side) == HUKS_OK ? 0 : 1;
}

static struct child start(size_t deed, bool traced, bool *ready)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%zu", deed);
    struct child child = child_start(number, traced ? "traced" : "", "");
    *ready = child_hear(&child) == 'r';
    child_say(&child, 'g');
    return child;
}

/* Lets it go on to its n-th stop at a system call (in and out are two). False: it has ended before, with
 * *status. */
static bool run_to_call(pid_t pid, unsigned n, int *status)
{
    ck_assert_int_eq(waitpid(pid, status, 0), pid);
    ck_assert(WIFSTOPPED(*status) && WSTOPSIG(*status) == SIGSTOP);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, status, 0), pid);
        if (!WIFSTOPPED(*status)) {
            return false;
        }
    }
    return true;
}

static bool same(const struct found *a, const struct found *b)
{
    return a->pin_set == b->pin_set && a->secure_uid == b->secure_uid && a->enrolled_id == b->enrolled_id &&
           a->finger_enrolled_id == b->finger_enrolled_id && a->fingers == b->fingers &&
           a->old_pin == b->old_pin && a->new_pin == b->new_pin;
}

struct tally {
    unsigned kills, old, new;
};

static void judge(const struct deed *deed, const struct found *old, struct tally *tally)
{
    struct found now;
    look(&now);
    bool is_old = same(old, &now), is_new = deed->is_new(old, &now);
    ck_assert_msg(is_old != is_new, "%s: neither the old state nor the new one (%d, %d fingers)", deed->name,
                  now.pin_set, (int)now.fingers);
    tally->old += is_old ? 1 : 0;
    tally->new += is_new ? 1 : 0;
}

/* Kills at call `n`. False: there are fewer calls. */
static bool kill_at(size_t deed, unsigned n, struct tally *tally, bool *can_trace)
{
    struct found old;
    int status = 0;
    deeds[deed].make_old();
    look(&old);
    struct child child = start(deed, true, can_trace);
    if (!*can_trace) {
        (void)child_end(&child);
        return false;
    }
    bool there = run_to_call(child.pid, n, &status);
    if (there) {
        child_kill(&child);
        tally->kills++;
    } else {
        (void)close(child.to);
        (void)close(child.from);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s fails", deeds[deed].name);
    }
    judge(&deeds[deed], &old, tally);
    return there;
}

static void kill_after(size_t deed, unsigned us, struct tally *tally)
{
    struct found old;
    bool ready;
    deeds[deed].make_old();
    look(&old);
    struct child child = start(deed, false, &ready);
    ck_assert(ready);
    struct timespec time = {0, (long)us * 1000};
    (void)nanosleep(&time, NULL);
    (void)kill(child.pid, SIGKILL);
    (void)child_end(&child);
    tally->kills++;
    judge(&deeds[deed], &old, tally);
}

START_TEST(old_state_or_new)
{
    const char *told = getenv("HUKS_KILL_ROUNDS");
    unsigned rounds = told != NULL ? (unsigned)strtoul(told, NULL, 10) : 0;
    struct tally tally = {0};
    size_t deed = (size_t)_i;
    bool can_trace = true;
    ck_assert(key_of(&here, STORE_CE, ce_key));
    unsigned step = rounds > 0 ? 1 : 5; /* of stops in and out by turns */
    for (unsigned n = 1; kill_at(deed, n, &tally, &can_trace); n += step) {
    }
    if (can_trace) {
        ck_assert_msg(tally.old > 0 && tally.new > 0, "%s: %u old, %u new", deeds[deed].name, tally.old,
                      tally.new);
    } else if (rounds == 0) {
        rounds = 100;
    }
    for (unsigned i = 0; i < rounds; i++) {
        kill_after(deed, (unsigned)rand() % 20000, &tally);
    }
    (void)fprintf(stderr, "%s: %u kills, %u old, %u new\n", deeds[deed].name, tally.kills, tally.old,
                  tally.new);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "child") == 0) {
        (void)snprintf(top, sizeof top, "%s", argv[2]);
        _exit(child_main(argv + 3)); /* a leak checker at exit cannot work in a traced process */
    }
    Suite *suite = suite_create("auth, killed");
    TCase *tests = tcase_create("kill");
    tcase_set_timeout(tests, getenv("HUKS_KILL_ROUNDS") != NULL ? 0 : 240);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_loop_test(tests, old_state_or_new, 0, (int)ARRAY_SIZE(deeds));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
