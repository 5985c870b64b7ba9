/*
 * Sudden death: four processes create key pairs, keys and data, change and destroy them, change the PIN and
 * initialise a token, and are killed (SIGKILL) at random instants, one after the other. After each round a
 * fresh process audits the store against the ledger of what was acknowledged.
 *
 *   HUKS_TEST_KILLS=N   so many kills (default 40; `make soak-crash` makes 2,000)
 *   HUKS_TEST_SEED=N    the same choices again; the instants are still the machine's
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* rand_r, usleep */
#endif
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"

enum { KEEPERS = 4, KILLS = 40 };

/* What one keeper's making anew of the other token has come to. */
enum anew_stage {
    ANEW_INITIALISING,
    ANEW_INITIALISED,
    ANEW_SETTING_PIN,
    ANEW_PIN,
    ANEW_CREATING,
    ANEW_WHOLE
};

static struct stage {
    struct ledger ledgers[KEEPERS];
    _Atomic uint32_t pin;      /* number of the acknowledged PIN                              */
    _Atomic uint32_t next_pin; /* the same, or the one a change to was begun                  */
    _Atomic uint32_t anew;     /* enum anew_stage                                             */
    _Atomic uint64_t inits, pins;
    struct ledger_audit audit;
    uint64_t closed; /* stores that did not open */
    bool audited;
} * stage;

static unsigned seed;

/* ---- Keepers ---------------------------------------------------------------------------------------------
 */

static void pin_text(uint32_t number, char text[32])
{
    (void)snprintf(text, 32, "pin-%08u", number);
}

static CK_RV login_numbered(CK_SESSION_HANDLE session, uint32_t number)
{
    char pin[32];

    pin_text(number, pin);
    return login(session, CKU_USER, pin);
}

/* While another keeper changes the PIN, it is one of two; and another two if that one is quick. */
static CK_RV login_now(CK_SESSION_HANDLE session)
{
    CK_RV rv = CKR_PIN_INCORRECT;

    for (int i = 0; i < 8 && rv == CKR_PIN_INCORRECT; i++) {
        uint32_t pins[] = {atomic_load(&stage->pin), atomic_load(&stage->next_pin)};
        rv = login_numbered(session, pins[i % 2]);
    }
    return rv;
}

static CK_RV change_pin(CK_SESSION_HANDLE session)
{
    char old_pin[32];
    char new_pin[32];
    uint32_t number = atomic_load(&stage->pin);

    pin_text(number, old_pin);
    pin_text(number + 1, new_pin);
    atomic_store(&stage->next_pin, number + 1);
    CK_RV rv = p11->C_SetPIN(session, (CK_UTF8CHAR_PTR)old_pin, strlen(old_pin), (CK_UTF8CHAR_PTR)new_pin,
                             strlen(new_pin));
    if (rv == CKR_OK) {
        atomic_store(&stage->pin, number + 1);
        (void)atomic_fetch_add(&stage->pins, 1);
    }
    return rv;
}

/* The other token: initialised, given a user PIN, and an object. */
static CK_RV make_anew(void)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_SLOT_ID slot;
    CK_RV rv;

    if (!find_token(OTHER_LABEL, &slot)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    atomic_store(&stage->anew, ANEW_INITIALISING);
    rv = init_token(slot, SO_PIN, OTHER_LABEL);
    if (rv == CKR_OK) {
        atomic_store(&stage->anew, ANEW_INITIALISED);
        (void)atomic_fetch_add(&stage->inits, 1);
        rv = open_session(slot, CKF_RW_SESSION, &session);
    }
    if (rv == CKR_OK) {
        rv = login(session, CKU_SO, SO_PIN);
    }
    if (rv == CKR_OK) {
        atomic_store(&stage->anew, ANEW_SETTING_PIN);
        rv = p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)USER_PIN, strlen(USER_PIN));
    }
    if (rv == CKR_OK) {
        atomic_store(&stage->anew, ANEW_PIN);
        rv = p11->C_Logout(session);
    }
    if (rv == CKR_OK) {
        rv = login(session, CKU_USER, USER_PIN);
    }
    if (rv == CKR_OK) {
        atomic_store(&stage->anew, ANEW_CREATING);
        rv = ledger_make_mark(session);
    }
    if (rv == CKR_OK) {
        atomic_store(&stage->anew, ANEW_WHOLE);
        rv = p11->C_CloseSession(session);
    }
    return rv;
}

static void give_up(struct ledger *ledger, CK_RV rv, int line)
{
    if (rv != CKR_OK) {
        ledger->rv = rv;
        ledger->line = line;
        _exit(1);
    }
}

static void keep(unsigned number)
{
    struct ledger *ledger = &stage->ledgers[number];
    unsigned choices = seed ^ (number + 1) * 7919u ^ (unsigned)atomic_load(&ledger->acknowledged);
    CK_SESSION_HANDLE session;

    give_up(ledger, ledger_begin(), __LINE__);
    give_up(ledger, find_token(TOKEN_LABEL, &the_slot) ? CKR_OK : CKR_TOKEN_NOT_PRESENT, __LINE__);
    give_up(ledger, open_session(the_slot, CKF_RW_SESSION, &session), __LINE__);
    give_up(ledger, login_now(session), __LINE__);
    for (;;) {
        give_up(ledger, ledger_step(ledger, session, &choices), __LINE__);
        if (number == 0 && rand_r(&choices) % 8 == 0) {
            give_up(ledger, change_pin(session), __LINE__);
        }
        if (number == 1 && rand_r(&choices) % 4 == 0) {
            give_up(ledger, make_anew(), __LINE__);
        }
    }
}

/* ---- The auditor -----------------------------------------------------------------------------------------
 */

static void found_wrong(CK_RV rv, int line)
{
    if (rv != CKR_OK && stage->audit.rv == CKR_OK) {
        stage->audit.rv = rv;
        stage->audit.line = line;
    }
}

static bool audit_pin(CK_SESSION_HANDLE session)
{
    uint32_t pin = atomic_load(&stage->pin);
    uint32_t next = atomic_load(&stage->next_pin);
    CK_RV rv = login_numbered(session, pin);

    if (rv == CKR_PIN_INCORRECT && next != pin) {
        rv = login_numbered(session, next);
        pin = next;
    }
    found_wrong(rv, __LINE__);
    atomic_store(&stage->pin, pin);
    atomic_store(&stage->next_pin, pin);
    return rv == CKR_OK;
}

static void audit_objects(void)
{
    CK_SESSION_HANDLE session;
    CK_ULONG expected = 0;

    if (!find_token(TOKEN_LABEL, &the_slot) || open_session(the_slot, CKF_RW_SESSION, &session) != CKR_OK) {
        stage->closed++;
        return;
    }
    if (!audit_pin(session)) {
        return;
    }
    for (unsigned i = 0; i < KEEPERS; i++) {
        ledger_verify(&stage->ledgers[i], session, &stage->audit, &expected);
    }
    CK_ULONG count = ledger_count(session);
    stage->audit.undead += count > expected && count != CK_UNAVAILABLE_INFORMATION ? count - expected : 0;
    found_wrong(count == CK_UNAVAILABLE_INFORMATION ? CKR_GENERAL_ERROR : CKR_OK, __LINE__);
    found_wrong(p11->C_CloseSession(session), __LINE__);
}

/* Whatever was done last to the other token happened whole, or not at all. */
static void audit_anew(void)
{
    enum anew_stage anew = (enum anew_stage)atomic_load(&stage->anew);
    CK_SESSION_HANDLE session;
    CK_SLOT_ID slot;

    if (!find_token(OTHER_LABEL, &slot) || open_session(slot, CKF_RW_SESSION, &session) != CKR_OK) {
        stage->closed++;
        return;
    }
    found_wrong(login(session, CKU_SO, SO_PIN), __LINE__);
    found_wrong(p11->C_Logout(session), __LINE__);
    CK_RV rv = login(session, CKU_USER, USER_PIN);
    bool may_lack_pin = anew == ANEW_INITIALISING || anew == ANEW_INITIALISED || anew == ANEW_SETTING_PIN;
    if (rv == CKR_USER_PIN_NOT_INITIALIZED && may_lack_pin) {
        rv = CKR_OK;
    }
    found_wrong(rv, __LINE__);
    CK_ULONG count = ledger_count(session);
    stage->audit.lost += anew == ANEW_WHOLE && count != 1;
    stage->audit.undead += (anew > ANEW_INITIALISING && anew < ANEW_CREATING && count != 0) || count > 1;
    found_wrong(p11->C_CloseSession(session), __LINE__);
}

static void audit(void)
{
    CK_RV rv = ledger_begin();

    stage->closed += rv != CKR_OK;
    if (rv == CKR_OK) {
        audit_objects();
        audit_anew();
        found_wrong(p11->C_Finalize(NULL), __LINE__);
    }
    stage->audited = true;
}

static void audit_now(void)
{
    int status = -1;
    pid_t child;

    stage->audited = false;
    child = fork();
    if (child == 0) {
        audit();
        _exit(0);
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(status == 0 && stage->audited, "the auditor ended with %x", (unsigned)status);
    const struct ledger_audit *a = &stage->audit;
    ck_assert_msg(a->rv == CKR_OK && a->lost + a->undead + a->half + stage->closed == 0,
                  "line %d: %s; lost %llu, undead %llu, half %llu, stores that do not open %llu", a->line,
                  ckr_name(a->rv), (unsigned long long)a->lost, (unsigned long long)a->undead,
                  (unsigned long long)a->half, (unsigned long long)stage->closed);
}

/* ---- Rounds ----------------------------------------------------------------------------------------------
 */

static void kill_one(pid_t child, unsigned number)
{
    const struct ledger *ledger = &stage->ledgers[number];
    int status = -1;

    (void)kill(child, SIGKILL);
    ck_assert(waitpid(child, &status, 0) == child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "keeper %u, line %d: %s", number,
                  ledger->line, ckr_name(ledger->rv));
}

static uint64_t acknowledged(void)
{
    uint64_t all = atomic_load(&stage->pins) + atomic_load(&stage->inits);

    for (unsigned i = 0; i < KEEPERS; i++) {
        all += atomic_load(&stage->ledgers[i].acknowledged);
    }
    return all;
}

/* Lets some work be done, however slow the machine is; sometimes none, for those who are still beginning. */
static void wait_for_work(unsigned most)
{
    uint64_t until = acknowledged() + (uint64_t)rand_r(&seed) % most;

    for (int i = 0; i < 30000 && rand_r(&seed) % 256 != 0 && acknowledged() < until; i++) {
        (void)usleep(1000);
    }
    (void)usleep((useconds_t)(rand_r(&seed) % 2000));
}

static void one_round(void)
{
    pid_t children[KEEPERS];

    for (unsigned i = 0; i < KEEPERS; i++) {
        pid_t parent = getpid();
        children[i] = fork();
        ck_assert(children[i] >= 0);
        if (children[i] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) {
                _exit(1);
            }
            keep(i);
        }
    }
    /* Any of them first; the others go on beside the dead. */
    unsigned first = (unsigned)rand_r(&seed);
    for (unsigned i = 0; i < KEEPERS; i++) {
        unsigned number = (first + i) % KEEPERS;
        wait_for_work(i == 0 ? 60 : 20);
        kill_one(children[number], number);
    }
}

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
    const char *text = getenv(variable);

    return text != NULL && text[0] != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

static void prepare(void)
{
    char pin[32];

    pin_text(1, pin);
    ledger_make_tokens(pin);
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(stage != MAP_FAILED);
    atomic_store(&stage->pin, 1);
    atomic_store(&stage->next_pin, 1);
    for (uint64_t i = 0; i < KEEPERS; i++) {
        stage->ledgers[i].next_number = (i + 1) << 32 | 1;
    }
}

START_TEST(killed_at_any_instant)
{
    unsigned long kills = number_from("HUKS_TEST_KILLS", KILLS);
    unsigned long done = 0;

    if (is_reference()) {
        return; /* it loses objects */
    }
    seed = (unsigned)number_from("HUKS_TEST_SEED", (unsigned long)time(NULL) ^ (unsigned long)getpid());
    (void)printf("seed %u\n", seed);
    prepare();
    for (; done < kills; done += KEEPERS) {
        one_round();
        audit_now();
    }
    /* Work was done, and death came in the middle of it. */
    ck_assert(acknowledged() > done && stage->audit.objects > 0);
    (void)printf(
        "%lu kills of %d processes that created, changed and destroyed objects, changed the PIN %llu "
        "times and initialised a token %llu times: %llu acknowledged steps;\n"
        "%llu steps broken off (%llu took effect, %llu did not)\n"
        "acknowledged objects lost: %llu, half objects: %llu, stores that do not open: %llu\n",
        done, KEEPERS, (unsigned long long)atomic_load(&stage->pins),
        (unsigned long long)atomic_load(&stage->inits), (unsigned long long)acknowledged(),
        (unsigned long long)stage->audit.kept + stage->audit.undone, (unsigned long long)stage->audit.kept,
        (unsigned long long)stage->audit.undone,
        (unsigned long long)stage->audit.lost + stage->audit.undead, (unsigned long long)stage->audit.half,
        (unsigned long long)stage->closed);
    (void)fflush(stdout);
    (void)munmap(stage, sizeof *stage);
}
END_TEST

static Suite *crash_suite(void)
{
    Suite *suite = suite_create("crash");
    TCase *tcase = add_tcase(suite, "sudden death", setup_loaded);

    tcase_set_timeout(tcase, 7200);
    tcase_add_test(tcase, killed_at_any_instant);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, crash_suite());
}
