/*
 * Every file call that fails: each operation is done again and again, and the first, second, third … call
 * below it fails (EIO, ENOSPC, a short write), once or from then on, by a layer under the module
 * (io-shim.c). Whatever the answer was: the store opens, what was acknowledged is there, and what failed is
 * not there, or, where the disk stayed bad, is there whole.
 *
 *   HUKS_TEST_LONG=1   every fault in every way, not one of them for each call (`make soak-iofault`)
 */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer.h"
#include "ledger.h"

#define NEW_PIN "user-secret-2"

enum { FRESH = LEDGER_KINDS }; /* the first entry that nothing stands in */

/* What follows the fault. */
enum aftermath {
    GOES_ON, /* it was the only one; the same process tries again, and must succeed */
    DIES,    /* it was the only one; the process is gone at once                    */
    STAYS,   /* every later call fails, too, until the process is gone              */
    AFTERMATHS
};

enum outcome { OUTCOME_NONE, OUTCOME_OLD, OUTCOME_NEW };

static struct stage {
    struct ledger ledger;
    struct ledger_audit audit;
    CK_RV rv, again; /* of the operation, and when it was tried again */
    uint64_t calls, syncs;
    bool fired, finished, audited;
    uint32_t fired_call;
    enum outcome pin, other_pin, mark; /* what the auditor found */
    bool closed;                       /* a token did not open   */
} * stage;

static struct io_shim *shim;
static char prepared[PATH_MAX];
static CK_SESSION_HANDLE session;
static CK_SLOT_ID other;

/* ---- Operations: each begins with the store prepared and leaves the fault armed only while it works -------
 */

static CK_RV sign_in(const char *label, CK_USER_TYPE user, const char *pin)
{
    CK_SLOT_ID slot;
    CK_RV rv = find_token(label, &slot) ? CKR_OK : CKR_TOKEN_NOT_PRESENT;

    rv = rv == CKR_OK ? open_session(slot, CKF_RW_SESSION, &session) : rv;
    return rv == CKR_OK && pin != NULL ? login(session, user, pin) : rv;
}

static CK_RV begin_user(void)
{
    CK_RV rv = ledger_begin();
    return rv == CKR_OK ? sign_in(TOKEN_LABEL, CKU_USER, USER_PIN) : rv;
}

static CK_RV begin_public(void)
{
    CK_RV rv = ledger_begin();
    return rv == CKR_OK ? sign_in(TOKEN_LABEL, CKU_USER, NULL) : rv;
}

static CK_RV begin_so(void)
{
    CK_RV rv = ledger_begin();
    return rv == CKR_OK ? sign_in(OTHER_LABEL, CKU_SO, SO_PIN) : rv;
}

static CK_RV begin_closed(void)
{
    CK_RV rv = ledger_begin();
    return rv == CKR_OK && !find_token(OTHER_LABEL, &other) ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV begin_nothing(void)
{
    return CKR_OK;
}

static CK_RV begin_empty(void)
{
    CK_ULONG count = 1;
    CK_RV rv;

    remove_tree(store_path());
    rv = ledger_begin();
    return rv == CKR_OK ? p11->C_GetSlotList(CK_FALSE, &other, &count) : rv;
}

static CK_RV create_data(void)
{
    return ledger_create(&stage->ledger, session, &stage->ledger.entries[FRESH], LEDGER_DATA);
}

static CK_RV create_secret(void)
{
    return ledger_create(&stage->ledger, session, &stage->ledger.entries[FRESH], LEDGER_SECRET);
}

static CK_RV create_pair(void)
{
    return ledger_create(&stage->ledger, session, &stage->ledger.entries[FRESH], LEDGER_PAIR);
}

static CK_RV change(void)
{
    return ledger_change(&stage->ledger, session, &stage->ledger.entries[LEDGER_PAIR]);
}

static CK_RV destroy(void)
{
    return ledger_destroy(&stage->ledger, session, &stage->ledger.entries[LEDGER_DATA]);
}

static CK_RV set_pin(void)
{
    return p11->C_SetPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)USER_PIN, strlen(USER_PIN),
                         (CK_UTF8CHAR_PTR)(uintptr_t)NEW_PIN, strlen(NEW_PIN));
}

static CK_RV init_pin(void)
{
    return p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)NEW_PIN, strlen(NEW_PIN));
}

static CK_RV log_in(void)
{
    return login(session, CKU_USER, USER_PIN);
}

static CK_RV log_in_wrong(void)
{
    CK_RV rv = login(session, CKU_USER, NEW_PIN);
    return rv == CKR_PIN_INCORRECT ? CKR_OK : rv == CKR_OK ? CKR_GENERAL_ERROR : rv;
}

static CK_RV make_anew(void)
{
    return init_token(other, SO_PIN, OTHER_LABEL);
}

/* From nothing to a private key at work. */
static CK_RV open_and_use(void)
{
    struct ledger_audit audit = {0};
    CK_ULONG expected = 0;
    CK_RV rv = ledger_begin();

    if (rv == CKR_OK) {
        rv = sign_in(TOKEN_LABEL, CKU_USER, USER_PIN);
    }
    if (rv == CKR_OK) {
        ledger_verify(&stage->ledger, session, &audit, &expected);
        rv = audit.rv;
    }
    if (rv != CKR_OK) {
        (void)p11->C_Finalize(NULL);
    }
    return rv;
}

static const struct operation {
    const char *name;
    CK_RV (*begin)(void);
    CK_RV (*run)(void);
    uint64_t syncs; /* at most so many, 0: any */
    bool first;     /* the store is empty before                                       */
    bool renames;   /* what takes effect by a rename can't be taken back when that fails later */
    enum { NOTHING, PIN, OTHER_PIN, MARK } changes;
} operations[] = {
    {.name = "create data", .begin = begin_user, .run = create_data, .syncs = 2},
    {.name = "generate a key", .begin = begin_user, .run = create_secret, .syncs = 2},
    {.name = "generate a pair", .begin = begin_user, .run = create_pair, .syncs = 2},
    {.name = "change", .begin = begin_user, .run = change, .syncs = 2},
    {.name = "destroy", .begin = begin_user, .run = destroy, .syncs = 2},
    {.name = "C_SetPIN", .begin = begin_user, .run = set_pin, .changes = PIN},
    {.name = "C_InitPIN", .begin = begin_so, .run = init_pin, .changes = OTHER_PIN},
    {.name = "C_Login", .begin = begin_public, .run = log_in},
    {.name = "C_Login, wrong", .begin = begin_public, .run = log_in_wrong},
    {.name = "C_InitToken", .begin = begin_closed, .run = make_anew, .renames = true, .changes = MARK},
    {.name = "first C_InitToken", .begin = begin_empty, .run = make_anew, .first = true},
    {.name = "open and use", .begin = begin_nothing, .run = open_and_use},
};

/* ---- One case, in a child -------------------------------------------------------------------------------
 */

struct fault {
    uint64_t at; /* 0: none, only count */
    enum io_fault kind;
    int error;
    enum aftermath after;
};

static void arm(const struct fault *fault)
{
    (void)snprintf(shim->root, sizeof shim->root, "%s", store_path());
    shim->fault = fault->kind;
    shim->error = fault->error;
    shim->sticky = fault->after == STAYS;
    shim->at = fault->at;
    atomic_store(&shim->seen, 0);
    atomic_store(&shim->fired, 0);
    atomic_store(&shim->armed, 1);
}

static void suffer(const struct operation *operation, const struct fault *fault)
{
    if (operation->begin() != CKR_OK) {
        _exit(2);
    }
    arm(fault);
    stage->rv = stage->again = operation->run();
    atomic_store(&shim->armed, 0);
    stage->calls = atomic_load(&shim->seen);
    stage->syncs = atomic_load(&shim->calls[IO_SYNC]);
    stage->fired = atomic_load(&shim->fired) > 0;
    stage->fired_call = atomic_load(&shim->fired_call);
    if (fault->after == GOES_ON && stage->rv != CKR_OK) {
        stage->again = operation->run();
    }
    stage->finished = true;
    _exit(0); /* nothing is tidied up */
}

/* ---- The auditor -----------------------------------------------------------------------------------------
 */

static enum outcome audit_user_pin(CK_SESSION_HANDLE on)
{
    CK_RV rv = login(on, CKU_USER, USER_PIN);

    if (rv == CKR_OK) {
        return OUTCOME_OLD;
    }
    return rv == CKR_PIN_INCORRECT && login(on, CKU_USER, NEW_PIN) == CKR_OK ? OUTCOME_NEW : OUTCOME_NONE;
}

static void audit_first(void)
{
    stage->closed = !find_token(OTHER_LABEL, &other) || open_session(other, 0, &session) != CKR_OK;
    stage->mark = stage->closed ? OUTCOME_OLD : OUTCOME_NEW;
    if (!stage->closed) {
        return;
    }
    /* There is none: then the first one can be made now. */
    CK_ULONG count = 1;
    stage->closed = p11->C_GetSlotList(CK_FALSE, &other, &count) != CKR_OK || count != 1 ||
                    init_token(other, SO_PIN, OTHER_LABEL) != CKR_OK;
}

static void audit_tokens(void)
{
    CK_ULONG expected = 0;

    if (sign_in(TOKEN_LABEL, CKU_USER, NULL) != CKR_OK) {
        stage->closed = true;
        return;
    }
    stage->pin = audit_user_pin(session);
    ledger_verify(&stage->ledger, session, &stage->audit, &expected);
    stage->audit.undead += ledger_count(session) != expected;
    /* And the store takes new objects. */
    if (ledger_create(&stage->ledger, session, &stage->ledger.entries[FRESH + 1], LEDGER_PAIR) != CKR_OK) {
        stage->closed = true;
    }
    if (sign_in(OTHER_LABEL, CKU_SO, SO_PIN) != CKR_OK || p11->C_Logout(session) != CKR_OK) {
        stage->closed = true;
        return;
    }
    stage->other_pin = audit_user_pin(session);
    stage->mark = ledger_count(session) == 1 && stage->other_pin != OUTCOME_NONE ? OUTCOME_OLD : OUTCOME_NEW;
}

static void audit(const struct operation *operation)
{
    stage->closed = ledger_begin() != CKR_OK;
    if (!stage->closed && operation->first) {
        audit_first();
    } else if (!stage->closed) {
        audit_tokens();
    }
    stage->audited = true;
    _exit(0);
}

static void in_child(void (*work)(const struct operation *, const struct fault *),
                     const struct operation *operation, const struct fault *fault)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        work(operation, fault);
        _exit(3);
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(status == 0, "%s, call %llu: the child ended with %x", operation->name,
                  (unsigned long long)fault->at, (unsigned)status);
}

static void audit_in_child(const struct operation *operation, const struct fault *fault)
{
    (void)fault;
    audit(operation);
}

/* ---- Judging ---------------------------------------------------------------------------------------------
 */

static enum outcome found(const struct operation *operation)
{
    switch (operation->changes) {
    case PIN:
        return stage->pin;
    case OTHER_PIN:
        return stage->other_pin;
    case MARK:
        return stage->mark;
    default:
        return operation->first ? stage->mark : OUTCOME_NONE;
    }
}

static const char *judge_answer(const struct operation *operation, const struct fault *fault)
{
    CK_RV rv = stage->rv;
    bool room = fault->error == ENOSPC && stage->fired_call == IO_WRITE;

    if (rv == CKR_OK) {
        return NULL;
    }
    if (!stage->fired) {
        return "it failed without a fault";
    }
    if (operation->run == open_and_use && rv == CKR_TOKEN_NOT_PRESENT) {
        return NULL; /* sign_in()'s own word */
    }
    if (room ? rv != CKR_DEVICE_MEMORY
             : rv != CKR_DEVICE_ERROR && rv != CKR_DEVICE_MEMORY && rv != CKR_HOST_MEMORY &&
                   rv != CKR_GENERAL_ERROR) {
        return "another answer than the contract's";
    }
    return NULL;
}

static const char *judge_store(const struct operation *operation, const struct fault *fault)
{
    const struct ledger_audit *a = &stage->audit;
    bool happened = stage->rv == CKR_OK || (fault->after == GOES_ON && stage->again == CKR_OK);
    enum outcome outcome = found(operation);

    if (stage->closed) {
        return "the store does not open";
    }
    if (a->rv != CKR_OK || a->lost + a->undead + a->half > 0) {
        return "objects are lost, half or undead";
    }
    if (!operation->first &&
        (stage->pin == OUTCOME_NONE || (stage->other_pin == OUTCOME_NONE && operation->changes != MARK))) {
        return "no PIN opens the token";
    }
    if (outcome != OUTCOME_NONE && happened && outcome != OUTCOME_NEW) {
        return "what was acknowledged did not happen";
    }
    if (fault->after != STAYS && stage->rv != CKR_OK && a->kept > 0) {
        return "what failed happened";
    }
    if (fault->after == DIES && stage->rv != CKR_OK && outcome == OUTCOME_NEW && !operation->renames &&
        !operation->first) {
        return "what failed happened";
    }
    return fault->after == GOES_ON && stage->again != CKR_OK ? "it can't be done again" : NULL;
}

static struct counts {
    uint64_t cases, survived, refused, closed, wrong;
} counts;

static struct stage before; /* as it was when the store was prepared */

static void one_case(const struct operation *operation, const struct fault *fault)
{
    static const char *const calls[IO_CALLS] = {"open",   "read", "write",  "sync",  "truncate",
                                                "rename", "link", "unlink", "mkdir", "mmap"};
    *stage = before;
    remove_tree(store_path());
    ck_assert(copy_tree(prepared, store_path()));
    in_child(suffer, operation, fault);
    ck_assert(stage->finished);
    CK_RV rv = stage->rv;
    in_child(audit_in_child, operation, fault);
    ck_assert(stage->audited);
    counts.cases++;
    counts.survived += rv == CKR_OK;
    counts.refused += rv != CKR_OK;
    counts.closed += stage->closed;
    const char *wrong = judge_answer(operation, fault);
    wrong = wrong != NULL ? wrong : judge_store(operation, fault);
    if (wrong != NULL) {
        counts.wrong++;
        (void)printf(
            "WRONG %s, call %llu (%s) %s%s, %s: %s; answer %s, then %s; audit line %d %s, kept %llu, "
            "lost %llu, undead %llu, half %llu, pin %d, other %d, mark %d\n",
            operation->name, (unsigned long long)fault->at, calls[stage->fired_call % IO_CALLS],
            fault->kind == IO_SHORT ? "short, then " : "", strerror(fault->error),
            fault->after == GOES_ON ? "tried again"
            : fault->after == DIES  ? "then killed"
                                    : "and all later ones",
            wrong, ckr_name(rv), ckr_name(stage->again), stage->audit.line, ckr_name(stage->audit.rv),
            (unsigned long long)stage->audit.kept, (unsigned long long)stage->audit.lost,
            (unsigned long long)stage->audit.undead, (unsigned long long)stage->audit.half, (int)stage->pin,
            (int)stage->other_pin, (int)stage->mark);
    }
}

static const struct {
    enum io_fault kind;
    int error;
} faults[] = {{IO_ERROR, EIO}, {IO_ERROR, ENOSPC}, {IO_SHORT, ENOSPC}};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static void prepare(void)
{
    ledger_make_tokens(USER_PIN);
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(stage != MAP_FAILED);
    stage->ledger.next_number = 1;
    ok(ledger_begin());
    ok(sign_in(OTHER_LABEL, CKU_USER, USER_PIN));
    ok(ledger_make_mark(session));
    ok(sign_in(TOKEN_LABEL, CKU_USER, USER_PIN));
    for (int i = 0; i < LEDGER_KINDS; i++) {
        ok(ledger_create(&stage->ledger, session, &stage->ledger.entries[i], (enum ledger_kind)i));
    }
    ok(p11->C_Finalize(NULL));
    (void)snprintf(prepared, sizeof prepared, "%s/prepared", test_directory());
    remove_tree(prepared);
    ck_assert(copy_tree(store_path(), prepared));
    before = *stage;
}

START_TEST(failing_calls)
{
    const struct operation *operation = &operations[_i];
    const char *mode = getenv("HUKS_TEST_LONG");
    bool all = mode != NULL && strcmp(mode, "1") == 0;
    struct fault none = {.at = 0};
    unsigned turn = (unsigned)_i;

    if (is_reference()) {
        return;
    }
    prepare();
    one_case(operation, &none);
    ck_assert_msg(stage->rv == CKR_OK && counts.wrong == 0, "%s: %s", operation->name, ckr_name(stage->rv));
    uint64_t calls = stage->calls;
    ck_assert_msg(operation->syncs == 0 || (stage->syncs > 0 && stage->syncs <= operation->syncs),
                  "%s: %llu syncs", operation->name, (unsigned long long)stage->syncs);
    uint64_t syncs = stage->syncs;
    ck_assert(calls > 0);
    for (uint64_t at = 1; at <= calls; at++) {
        /* In turn: each call meets one of the nine, each of the nine many calls. */
        for (unsigned way = all ? 0 : turn++ % (FAULTS * AFTERMATHS), left = all ? FAULTS * AFTERMATHS : 1;
             left > 0; way++, left--) {
            struct fault fault = {.at = at,
                                  .kind = faults[way % FAULTS].kind,
                                  .error = faults[way % FAULTS].error,
                                  .after = (enum aftermath)(way / FAULTS)};
            one_case(operation, &fault);
        }
    }
    (void)printf(
        "%-20s %llu file calls (%llu syncs), %llu faults: %llu passed over, %llu refused; stores that do not "
        "open: %llu, broken promises: %llu\n",
        operation->name, (unsigned long long)calls, (unsigned long long)syncs,
        (unsigned long long)counts.cases - 1, (unsigned long long)counts.survived - 1,
        (unsigned long long)counts.refused, (unsigned long long)counts.closed,
        (unsigned long long)counts.wrong);
    (void)fflush(stdout);
    (void)munmap(stage, sizeof *stage);
    ck_assert_uint_eq(counts.wrong, 0);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite;
    TCase *tcase;

    shim = layer_below(argv);
    suite = suite_create("iofault");
    tcase = add_tcase(suite, "failing file calls", setup_loaded);
    tcase_set_timeout(tcase, 7200);
    tcase_add_loop_test(tcase, failing_calls, 0, (int)(sizeof operations / sizeof operations[0]));
    return harness_run(argc, argv, suite);
}
