/*
 * Counting of PIN tries: see tries.h. One rule over two places: metadata, and where that can't be written the
 * shared tallies, beside this instance's memory of what it did there.
 */
#include "auth/tries.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/holder.h"
#include "auth/keyring.h"
#include "auth/number.h"

#define VERSION     1u
#define HEADER_SIZE 12
#define ENTRY_SIZE  60
#define TESTS_MAX   64 /* running at once; more wait, whatever `pin_tries` is */
#define POLL_NS     5000000L

struct entry {
    struct holder holder;
    uint64_t instance;
    uint64_t test;
};

struct tally {
    uint32_t failures;
    uint32_t count;
    struct entry entries[TESTS_MAX];
};

struct tries {
    struct store_token *token;
    struct crypto *crypto;
    uint32_t limit, timeout_ms;
    uint64_t instance;
    uint64_t names[AUTH_SO + 1]; /* of the tallies: of this life of the token */
    struct auth_tallies tallies; /* read NULL: none */
    pthread_mutex_t mutex;       /* of what follows; taken inside a store's change, never around one */
    struct tries_test *running;
    struct {
        uint32_t failures, tests;
    } memory[AUTH_SO + 1];
};

enum answer { ANSWER_TAKE, ANSWER_WAIT, ANSWER_LOCKED };

static const char *meta_name(enum auth_who who)
{
    return who == AUTH_SO ? "auth.tries-so" : "auth.tries-user";
}

static huks_rc name_tallies(struct tries *tries)
{
    static const uint64_t spread = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t life;
    HUKS_TRY(store_token_life(tries->token, &life));
    for (enum auth_who who = AUTH_USER; who <= AUTH_SO; who++) {
        uint64_t name = life ^ (uint64_t)who * spread;
        tries->names[who] = name != 0 ? name : spread;
    }
    return HUKS_OK;
}

huks_rc tries_new(struct store_token *token, struct crypto *crypto, const struct config *config,
                  struct tries **out)
{
    struct tries *tries = calloc(1, sizeof *tries);
    if (tries == NULL) {
        return error_no_memory();
    }
    tries->token = token;
    tries->crypto = crypto;
    tries->limit = config->pin_tries > 0 ? config->pin_tries : 1;
    tries->timeout_ms = config->auth_timeout_ms;
    (void)pthread_mutex_init(&tries->mutex, NULL);
    huks_rc rc = crypto_random(crypto, &tries->instance, sizeof tries->instance);
    if (rc == HUKS_OK) {
        rc = name_tallies(tries);
    }
    if (rc != HUKS_OK) {
        tries_free(tries);
        return rc;
    }
    *out = tries;
    return HUKS_OK;
}

void tries_share(struct tries *tries, const struct auth_tallies *tallies)
{
    tries->tallies = *tallies;
}

void tries_free(struct tries *tries)
{
    if (tries != NULL) {
        (void)pthread_mutex_destroy(&tries->mutex);
        free(tries);
    }
}

/* ---- the value ---- */

static void entry_read(const uint8_t *in, struct entry *entry)
{
    memcpy(entry->holder.boot, in, HOLDER_BOOT_SIZE);
    entry->holder.pid_namespace = number_get64(in + 16);
    entry->holder.start = number_get64(in + 24);
    entry->holder.taken_ms = number_get64(in + 32);
    entry->holder.pid = number_get32(in + 40);
    entry->instance = number_get64(in + 44);
    entry->test = number_get64(in + 52);
}

static void entry_write(const struct entry *entry, uint8_t *out)
{
    memcpy(out, entry->holder.boot, HOLDER_BOOT_SIZE);
    number_put64(out + 16, entry->holder.pid_namespace);
    number_put64(out + 24, entry->holder.start);
    number_put64(out + 32, entry->holder.taken_ms);
    number_put32(out + 40, entry->holder.pid);
    number_put64(out + 44, entry->instance);
    number_put64(out + 52, entry->test);
}

static huks_rc tally_read(const struct tries *tries, enum auth_who who, struct tally *tally)
{
    AUTO(buffer_free) struct buffer value = {0};
    bool found;
    tally->failures = 0;
    tally->count = 0;
    HUKS_TRY(keyring_get(tries->token, meta_name(who), &value, &found));
    if (!found) {
        return HUKS_OK;
    }
    /* Whoever can damage this value must not gain tries by it. */
    if (value.size < HEADER_SIZE || number_get32(value.data) != VERSION) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    uint32_t count = number_get32(value.data + 8);
    if (count > TESTS_MAX || value.size != HEADER_SIZE + (size_t)count * ENTRY_SIZE) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    tally->failures = number_get32(value.data + 4);
    tally->count = count;
    for (uint32_t i = 0; i < count; i++) {
        entry_read(value.data + HEADER_SIZE + (size_t)i * ENTRY_SIZE, &tally->entries[i]);
    }
    return HUKS_OK;
}

static huks_rc tally_write(const struct tries *tries, enum auth_who who, const struct tally *tally)
{
    uint8_t value[HEADER_SIZE + TESTS_MAX * ENTRY_SIZE];
    number_put32(value, VERSION);
    number_put32(value + 4, tally->failures);
    number_put32(value + 8, tally->count);
    for (uint32_t i = 0; i < tally->count; i++) {
        entry_write(&tally->entries[i], value + HEADER_SIZE + (size_t)i * ENTRY_SIZE);
    }
    return store_meta_put(tries->token, meta_name(who),
                          bytes_of(value, HEADER_SIZE + (size_t)tally->count * ENTRY_SIZE));
}

/* ---- the rule ---- */

static bool is_running(struct tries *tries, uint64_t id)
{
    bool running = false;
    (void)pthread_mutex_lock(&tries->mutex);
    for (const struct tries_test *test = tries->running; test != NULL && !running; test = test->next) {
        running = test->id == id;
    }
    (void)pthread_mutex_unlock(&tries->mutex);
    return running;
}

static void failure_add(uint32_t *failures)
{
    if (*failures < UINT32_MAX) {
        (*failures)++;
    }
}

/*
 * Gives back what the dead held. A test of this instance that is over but still noted is one whose end could
 * not be written: it counts as failed, for who could stop the writing must not gain by it.
 */
static void tally_reap(struct tries *tries, const struct holder *self, struct tally *tally)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tally->count; i++) {
        const struct entry *entry = &tally->entries[i];
        if (entry->instance == tries->instance && !is_running(tries, entry->test)) {
            failure_add(&tally->failures);
        } else if (!holder_gone(&entry->holder, self)) {
            tally->entries[kept++] = *entry;
        }
    }
    tally->count = kept;
}

/* What is not in the store: this instance's own, and what the others share; they contain each other. With
 * mutex. */
static void unwritten(const struct tries *tries, enum auth_who who, uint64_t *failures, uint64_t *tests)
{
    uint32_t count = 0, held = 0;
    if (tries->tallies.read != NULL &&
        !tries->tallies.read(tries->tallies.context, tries->names[who], &count, &held)) {
        count = held = 0;
    }
    *failures = count > tries->memory[who].failures ? count : tries->memory[who].failures;
    *tests = held > tries->memory[who].tests ? held : tries->memory[who].tests;
}

/* Called with the mutex. `mine`: the test that asks is among those that are counted. */
static enum answer answer_locked(const struct tries *tries, enum auth_who who, const struct tally *tally,
                                 bool mine)
{
    uint64_t failures, tests;
    unwritten(tries, who, &failures, &tests);
    failures += tally->failures;
    tests += tally->count;
    if (failures >= tries->limit) {
        return ANSWER_LOCKED;
    }
    bool wait = failures + tests >= tries->limit + (mine ? 1U : 0U) || tally->count >= TESTS_MAX;
    return wait ? ANSWER_WAIT : ANSWER_TAKE;
}

static enum answer tally_answer(struct tries *tries, enum auth_who who, const struct tally *tally)
{
    (void)pthread_mutex_lock(&tries->mutex);
    enum answer answer = answer_locked(tries, who, tally, false);
    (void)pthread_mutex_unlock(&tries->mutex);
    return answer;
}

/* ---- taking ---- */

struct taking {
    struct tries *tries;
    struct tries_test *test;
    struct holder self;
    enum answer answer;
};

/* Inside the store's transaction. Nothing is written unless a try is taken. */
static huks_rc take_durably(struct store_token *token, void *argument)
{
    struct taking *taking = argument;
    struct tally tally;
    (void)token;
    HUKS_TRY(tally_read(taking->tries, taking->test->who, &tally));
    tally_reap(taking->tries, &taking->self, &tally);
    taking->answer = tally_answer(taking->tries, taking->test->who, &tally);
    if (taking->answer != ANSWER_TAKE) {
        return HUKS_OK;
    }
    tally.entries[tally.count++] = (struct entry){taking->self, taking->tries->instance, taking->test->id};
    return tally_write(taking->tries, taking->test->who, &tally);
}

/* With mutex. */
static void hold_shared(struct tries *tries, struct tries_test *test)
{
    test->held = tries->tallies.hold != NULL &&
                 tries->tallies.hold(tries->tallies.context, tries->names[test->who], &test->hold);
    tries->memory[test->who].tests++;
    test->in_memory = true;
}

static void release_shared(struct tries *tries, struct tries_test *test)
{
    if (test->held) {
        tries->tallies.release(tries->tallies.context, test->hold);
        test->held = false;
    }
    if (tries->memory[test->who].tests > 0) {
        tries->memory[test->who].tests--;
    }
    test->in_memory = false;
}

/*
 * First held, then counted: of several who do so at once the last to count sees them all, and whoever sees
 * too many lets go and comes again.
 */
static huks_rc take_in_memory(struct taking *taking)
{
    struct tries *tries = taking->tries;
    enum auth_who who = taking->test->who;
    struct tally tally;
    HUKS_TRY(tally_read(tries, who, &tally));
    tally_reap(tries, &taking->self, &tally);
    (void)pthread_mutex_lock(&tries->mutex);
    hold_shared(tries, taking->test);
    taking->answer = answer_locked(tries, who, &tally, true);
    if (taking->answer != ANSWER_TAKE) {
        release_shared(tries, taking->test);
    }
    (void)pthread_mutex_unlock(&tries->mutex);
    return HUKS_OK;
}

static bool is_unwritable(huks_rc rc)
{
    return rc == HUKS_E_FILE && (error_about() == ABOUT_READ_ONLY || error_about() == ABOUT_NO_SPACE);
}

static huks_rc take_once(struct taking *taking)
{
    /* Look before asking for the write lock: those who wait would disturb those who work. */
    struct tally tally;
    HUKS_TRY(tally_read(taking->tries, taking->test->who, &tally));
    tally_reap(taking->tries, &taking->self, &tally);
    taking->answer = tally_answer(taking->tries, taking->test->who, &tally);
    if (taking->answer != ANSWER_TAKE) {
        return HUKS_OK;
    }
    if (store_token_writable(taking->tries->token)) {
        huks_rc rc = store_meta_change(taking->tries->token, take_durably, taking);
        if (rc == HUKS_OK || !is_unwritable(rc)) {
            return rc;
        }
        error_clear();
    }
    return take_in_memory(taking);
}

static uint64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static huks_rc take_or_wait(struct taking *taking)
{
    uint64_t start = monotonic_ms();
    for (;;) {
        HUKS_TRY(take_once(taking));
        if (taking->answer == ANSWER_TAKE) {
            return HUKS_OK;
        }
        if (taking->answer == ANSWER_LOCKED) {
            return error_raise(HUKS_E_AUTH_FAILED, ABOUT_PIN_LOCKED, NULL);
        }
        if (monotonic_ms() - start >= taking->tries->timeout_ms) {
            return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
        }
        /* Not all at the same time again. */
        struct timespec pause = {0, POLL_NS + (long)(taking->test->id % (uint64_t)POLL_NS)};
        (void)nanosleep(&pause, NULL);
    }
}

huks_rc tries_take(struct tries *tries, enum auth_who who, struct tries_test *test)
{
    struct taking taking = {.tries = tries, .test = test};
    *test = (struct tries_test){.who = who};
    HUKS_TRY(crypto_random(tries->crypto, &test->id, sizeof test->id));
    holder_self(&taking.self);
    (void)pthread_mutex_lock(&tries->mutex);
    test->next = tries->running;
    tries->running = test;
    (void)pthread_mutex_unlock(&tries->mutex);
    huks_rc rc = take_or_wait(&taking);
    if (rc != HUKS_OK) {
        tries_over(tries, test);
    }
    return rc;
}

/* ---- giving back ---- */

/* With mutex. */
static void forget_unwritten(struct tries *tries, enum auth_who who)
{
    tries->memory[who].failures = 0;
    if (tries->tallies.clear != NULL) {
        tries->tallies.clear(tries->tallies.context, tries->names[who]);
    }
}

/* A failure is counted before its test ends: nobody sees neither. */
static void end_in_memory(struct tries *tries, struct tries_test *test, enum tries_end end)
{
    (void)pthread_mutex_lock(&tries->mutex);
    if (end == TRIES_WRONG) {
        failure_add(&tries->memory[test->who].failures);
        if (tries->tallies.add != NULL) {
            (void)tries->tallies.add(tries->tallies.context, tries->names[test->who]);
        }
    } else if (end == TRIES_RIGHT) {
        forget_unwritten(tries, test->who);
    }
    release_shared(tries, test); /* once is enough */
    (void)pthread_mutex_unlock(&tries->mutex);
}

void tries_forget(struct tries *tries, enum auth_who who)
{
    (void)pthread_mutex_lock(&tries->mutex);
    forget_unwritten(tries, who);
    (void)pthread_mutex_unlock(&tries->mutex);
}

huks_rc tries_end_within(struct tries *tries, struct tries_test *test, enum tries_end end)
{
    if (test->in_memory) {
        end_in_memory(tries, test, end);
        return HUKS_OK;
    }
    struct tally tally;
    HUKS_TRY(tally_read(tries, test->who, &tally));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tally.count; i++) {
        if (tally.entries[i].instance != tries->instance || tally.entries[i].test != test->id) {
            tally.entries[kept++] = tally.entries[i];
        }
    }
    tally.count = kept;
    if (end == TRIES_WRONG) {
        failure_add(&tally.failures);
    } else if (end == TRIES_RIGHT) {
        tally.failures = 0;
        tries_forget(tries, test->who);
    }
    return tally_write(tries, test->who, &tally);
}

void tries_over(struct tries *tries, struct tries_test *test)
{
    (void)pthread_mutex_lock(&tries->mutex);
    for (struct tries_test **link = &tries->running; *link != NULL; link = &(*link)->next) {
        if (*link == test) {
            *link = test->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&tries->mutex);
}

struct ending {
    struct tries *tries;
    struct tries_test *test;
    enum tries_end end;
};

static huks_rc end_durably(struct store_token *token, void *argument)
{
    struct ending *ending = argument;
    (void)token;
    return tries_end_within(ending->tries, ending->test, ending->end);
}

huks_rc tries_end(struct tries *tries, struct tries_test *test, enum tries_end end)
{
    struct ending ending = {tries, test, end};
    huks_rc rc = test->in_memory ? tries_end_within(tries, test, end)
                                 : store_meta_change(tries->token, end_durably, &ending);
    tries_over(tries, test);
    return rc;
}

huks_rc tries_reset_within(struct tries *tries, enum auth_who who)
{
    struct tally tally;
    tally.failures = 0;
    tally.count = 0;
    return tally_write(tries, who, &tally);
}

huks_rc tries_look(struct tries *tries, enum auth_who who, uint32_t *failures, uint32_t *left)
{
    struct tally tally;
    struct holder self;
    HUKS_TRY(tally_read(tries, who, &tally));
    if (tally.count > 0) {
        holder_self(&self);
        tally_reap(tries, &self, &tally);
    }
    (void)pthread_mutex_lock(&tries->mutex);
    uint64_t total, tests;
    unwritten(tries, who, &total, &tests);
    total += tally.failures;
    (void)pthread_mutex_unlock(&tries->mutex);
    *failures = total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
    *left = total >= tries->limit ? 0 : tries->limit - (uint32_t)total;
    return HUKS_OK;
}
