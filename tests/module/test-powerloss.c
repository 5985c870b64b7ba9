/*
 * Power loss. One process makes tokens, creates, changes and destroys objects, changes the PIN and makes a
 * token anew, on top of a layer that writes down what reaches the disk and when it is synced (io-shim.c).
 * From that come the directories that may be found when the power went at any moment (disk.c); each is
 * audited against the ledger as it was at that moment.
 *
 *   HUKS_TEST_MOMENTS=N   so many directories (default 120; `make soak-powerloss` audits 5,000)
 *   HUKS_TEST_SEED=N      the same ones again
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* rand_r, RTLD_DEFAULT */
#endif
#include "harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"
#include "io-shim.h"
#include "keeper.h"
#include "layer.h"

enum { MOMENTS = 120, MOMENTS_OF_EACH = 250, STEPS = 90, NOTES = 4096 };

/* How far the main token has come. */
enum made { MADE_NOTHING, MAKING, MADE, SETTING_PIN, PIN_SET };

/* Everything that an auditor compares with. */
struct scene {
    struct ledger ledger;
    struct keeper_tokens tokens;
    uint32_t made;
};

static struct stage {
    struct scene now;
    struct scene notes[NOTES]; /* as it was at each mark */
    uint64_t count;            /* of marks, from 1       */
    struct ledger_audit audit;
    bool closed, finished;
    CK_RV rv;
    int line;
} * stage;

static struct io_shim *shim;
static void (*mark)(uint64_t number);
static unsigned seed;

static void note(void)
{
    if (stage->count + 1 < NOTES) {
        stage->count++;
        stage->notes[stage->count] = stage->now;
        mark(stage->count);
    }
}

/* ---- Work ------------------------------------------------------------------------------------------------
 */

static CK_SESSION_HANDLE session;

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        CK_RV try_rv = (call);                                                                               \
        if (try_rv != CKR_OK) {                                                                              \
            stage->rv = try_rv;                                                                              \
            stage->line = __LINE__;                                                                          \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static void set_made(enum made made)
{
    stage->now.made = made;
    note();
}

static void make_main_token(void)
{
    char pin[32];
    CK_ULONG count = 1;

    keeper_pin(1, pin);
    TRY(p11->C_GetSlotList(CK_FALSE, &the_slot, &count));
    set_made(MAKING);
    TRY(init_token(the_slot, SO_PIN, TOKEN_LABEL));
    set_made(MADE);
    TRY(open_session(the_slot, CKF_RW_SESSION, &session));
    TRY(login(session, CKU_SO, SO_PIN));
    set_made(SETTING_PIN);
    TRY(p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)pin, strlen(pin)));
    set_made(PIN_SET);
    TRY(p11->C_Finalize(NULL));
}

static void work(void)
{
    TRY(ledger_begin());
    make_main_token();
    for (int i = 0; i < STEPS; i++) {
        /* A process that ends writes the log back; others find one. */
        if (i % 15 == 0) {
            if (i > 0) {
                TRY(p11->C_Finalize(NULL));
            }
            TRY(ledger_begin());
            TRY(find_token(TOKEN_LABEL, &the_slot) ? CKR_OK : CKR_TOKEN_NOT_PRESENT);
            TRY(open_session(the_slot, CKF_RW_SESSION, &session));
            TRY(keeper_login(&stage->now.tokens, session));
        }
        if (i % 18 == 7) {
            TRY(keeper_make_anew(&stage->now.tokens));
        } else if (i % 9 == 4) {
            TRY(keeper_change_pin(&stage->now.tokens, session));
        } else {
            TRY(ledger_step(&stage->now.ledger, session, &seed));
        }
    }
    TRY(p11->C_Finalize(NULL));
    stage->finished = true;
    _exit(0);
}

static void in_child(void (*body)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        body();
        _exit(0);
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(status == 0, "a child ended with %x; line %d: %s", (unsigned)status, stage->line,
                  ckr_name(stage->rv));
}

static void trace_work(const char *path)
{
    stage->now.tokens.pin = stage->now.tokens.next_pin = 1;
    stage->now.ledger.next_number = 1;
    stage->notes[0] = stage->now;
    (void)snprintf(shim->root, sizeof shim->root, "%s", store_path());
    shim->trace = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    ck_assert(shim->trace > 0);
    ledger_noted = note;
    in_child(work);
    ck_assert(stage->finished);
    (void)close(shim->trace);
    shim->trace = 0;
    ledger_noted = NULL;
}

/* ---- The auditor -----------------------------------------------------------------------------------------
 */

static void audit_main_token(void)
{
    struct scene *scene = &stage->now;
    CK_ULONG expected = 0;

    if (!find_token(TOKEN_LABEL, &the_slot)) {
        stage->closed = scene->made >= MADE;
        return;
    }
    if (open_session(the_slot, CKF_RW_SESSION, &session) != CKR_OK) {
        stage->closed = true;
        return;
    }
    keeper_wrong(&stage->audit, login(session, CKU_SO, SO_PIN), __LINE__);
    keeper_wrong(&stage->audit, p11->C_Logout(session), __LINE__);
    if (scene->made < PIN_SET || !keeper_audit_pin(&scene->tokens, session, &stage->audit)) {
        return;
    }
    ledger_verify(&scene->ledger, session, &stage->audit, &expected);
    stage->audit.undead += ledger_count(session) != expected;
    /* And it works on. */
    scene->ledger.next_number = UINT32_MAX;
    keeper_wrong(&stage->audit,
                 ledger_create(&scene->ledger, session, &scene->ledger.entries[0], LEDGER_PAIR), __LINE__);
}

static void audit(void)
{
    stage->closed = ledger_begin() != CKR_OK;
    if (!stage->closed) {
        audit_main_token();
        stage->closed = stage->closed || !keeper_audit_anew(&stage->now.tokens, &stage->audit);
    }
    stage->finished = true;
}

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
    const char *text = getenv(variable);

    return text != NULL && text[0] != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

static void audit_after(const struct disk *disk, size_t moment, enum disk_luck luck, const char *path)
{
    unsigned own = seed;

    remove_tree(path);
    ck_assert(disk_after(disk, moment, luck, &seed, path));
    stage->now = stage->notes[disk_mark(disk, moment)];
    stage->finished = false;
    in_child(audit);
    ck_assert(stage->finished);
    const struct ledger_audit *a = &stage->audit;
    ck_assert_msg(
        !stage->closed && a->rv == CKR_OK && a->lost + a->undead + a->half == 0,
        "power lost before record %zu of %zu (mark %llu, luck %d, seed %u): %s line %d: %s; lost %llu, "
        "undead %llu, half %llu",
        moment, disk_records(disk), (unsigned long long)disk_mark(disk, moment), (int)luck, own,
        stage->closed ? "the store does not open;" : "", a->line, ckr_name(a->rv),
        (unsigned long long)a->lost, (unsigned long long)a->undead, (unsigned long long)a->half);
}

/* One life of a store, and so many ends of it. */
static size_t one_life(unsigned long moments)
{
    char trace[PATH_MAX];
    char found[PATH_MAX];

    (void)snprintf(trace, sizeof trace, "%s/trace", test_directory());
    (void)snprintf(found, sizeof found, "%s/found", test_directory());
    setup_empty_store();
    ck_assert(setenv("HUKS_STORE", store_path(), 1) == 0);
    memset(&stage->now, 0, sizeof stage->now);
    stage->count = 0;
    stage->finished = false;
    trace_work(trace);
    struct disk *disk = disk_load(trace);
    ck_assert(disk != NULL);
    ck_assert(setenv("HUKS_STORE", found, 1) == 0);
    for (unsigned long i = 0; i < moments; i++) {
        size_t moment = (size_t)rand_r(&seed) % (disk_records(disk) + 1);
        audit_after(disk, moment,
                    i % 8 == 0   ? DISK_NOTHING
                    : i % 8 == 1 ? DISK_EVERYTHING
                                 : DISK_SOME,
                    found);
    }
    audit_after(disk, disk_records(disk), DISK_NOTHING, found);
    size_t records = disk_records(disk);
    disk_free(disk);
    return records;
}

START_TEST(power_goes_at_any_moment)
{
    unsigned long moments = number_from("HUKS_TEST_MOMENTS", MOMENTS);
    size_t records = 0;

    seed = (unsigned)number_from("HUKS_TEST_SEED", (unsigned long)time(NULL) ^ (unsigned long)getpid());
    if (is_reference()) {
        return;
    }
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(stage != MAP_FAILED);
    for (unsigned long done = 0; done < moments; done += MOMENTS_OF_EACH) {
        (void)printf("seed %u\n", seed);
        (void)fflush(stdout);
        records += one_life(moments - done < MOMENTS_OF_EACH ? moments - done : MOMENTS_OF_EACH);
    }
    (void)printf(
        "%zu file calls; power lost at %lu moments: acknowledged objects lost: %llu, half objects: %llu, "
        "stores that do not open: %d; %llu steps broken off took effect, %llu did not\n",
        records, moments, (unsigned long long)stage->audit.lost + stage->audit.undead,
        (unsigned long long)stage->audit.half, (int)stage->closed, (unsigned long long)stage->audit.kept,
        (unsigned long long)stage->audit.undone);
    (void)fflush(stdout);
    ck_assert(stage->audit.objects > 0);
    (void)munmap(stage, sizeof *stage);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite;
    TCase *tcase;

    shim = layer_below(argv);
    *(void **)&mark = dlsym(RTLD_DEFAULT, "io_shim_mark");
    suite = suite_create("powerloss");
    tcase = add_tcase(suite, "power loss", setup_loaded);
    tcase_set_timeout(tcase, 7200);
    tcase_add_test(tcase, power_goes_at_any_moment);
    return harness_run(argc, argv, suite);
}
