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

#include "keeper.h"

enum { KEEPERS = 4, KILLS = 40 };

static struct stage {
    struct ledger ledgers[KEEPERS];
    struct keeper_tokens tokens;
    struct ledger_audit audit;
    uint64_t closed; /* stores that did not open */
    bool audited;
} * stage;

static unsigned seed;

/* ---- Keepers ---------------------------------------------------------------------------------------------
 */

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
    give_up(ledger, keeper_login(&stage->tokens, session), __LINE__);
    for (;;) {
        give_up(ledger, ledger_step(ledger, session, &choices), __LINE__);
        if (number == 0 && rand_r(&choices) % 8 == 0) {
            give_up(ledger, keeper_change_pin(&stage->tokens, session), __LINE__);
        }
        if (number == 1 && rand_r(&choices) % 4 == 0) {
            give_up(ledger, keeper_make_anew(&stage->tokens), __LINE__);
        }
    }
}

/* ---- The auditor -----------------------------------------------------------------------------------------
 */

static void audit_objects(void)
{
    CK_SESSION_HANDLE session;
    CK_ULONG expected = 0;

    if (!find_token(TOKEN_LABEL, &the_slot) || open_session(the_slot, CKF_RW_SESSION, &session) != CKR_OK) {
        stage->closed++;
        return;
    }
    if (!keeper_audit_pin(&stage->tokens, session, &stage->audit)) {
        return;
    }
    for (unsigned i = 0; i < KEEPERS; i++) {
        ledger_verify(&stage->ledgers[i], session, &stage->audit, &expected);
    }
    CK_ULONG count = ledger_count(session);
    stage->audit.undead += count > expected && count != CK_UNAVAILABLE_INFORMATION ? count - expected : 0;
    keeper_wrong(&stage->audit, count == CK_UNAVAILABLE_INFORMATION ? CKR_GENERAL_ERROR : CKR_OK, __LINE__);
    keeper_wrong(&stage->audit, p11->C_CloseSession(session), __LINE__);
}

static void audit(void)
{
    CK_RV rv = ledger_begin();

    stage->closed += rv != CKR_OK;
    if (rv == CKR_OK) {
        audit_objects();
        stage->closed += !keeper_audit_anew(&stage->tokens, &stage->audit);
        keeper_wrong(&stage->audit, p11->C_Finalize(NULL), __LINE__);
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
    uint64_t all = atomic_load(&stage->tokens.pins) + atomic_load(&stage->tokens.inits);

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

    keeper_pin(1, pin);
    ledger_make_tokens(pin);
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(stage != MAP_FAILED);
    atomic_store(&stage->tokens.pin, 1);
    atomic_store(&stage->tokens.next_pin, 1);
    atomic_store(&stage->tokens.anew, ANEW_PIN); /* there, without an object */
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
    (void)fflush(stdout);
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
        done, KEEPERS, (unsigned long long)atomic_load(&stage->tokens.pins),
        (unsigned long long)atomic_load(&stage->tokens.inits), (unsigned long long)acknowledged(),
        (unsigned long long)stage->audit.kept + stage->audit.undone, (unsigned long long)stage->audit.kept,
        (unsigned long long)stage->audit.undone, (unsigned long long)stage->audit.lost + stage->audit.undead,
        (unsigned long long)stage->audit.half, (unsigned long long)stage->closed);
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
