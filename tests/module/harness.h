/*
 * The module tests' harness: loads one PKCS #11 module through its door and nothing else, gives every
 * test a token in a directory of its own, and compares answers by name.
 *
 * The module is the program's first argument or `--module PATH`, else $HUKS_TEST_MODULE, else the built
 * .libs/huks-pkcs11.so. On SoftHSM2, the reference, an answer may differ from the specified one only
 * where the table in difference.c says so.
 */
#ifndef HUKS_TESTS_MODULE_HARNESS_H
#define HUKS_TESTS_MODULE_HARNESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>
#include <p11-kit/pkcs11.h>

#include "constants.h"
#include "difference.h"
#include "names.h"
#include "objects.h"

#define TOKEN_LABEL "module test"
#define SO_PIN      "so-secret-1"
#define USER_PIN    "user-secret-1"

extern CK_FUNCTION_LIST *p11;             /* 2.40 list of the module under test */
extern CK_SLOT_ID the_slot;               /* of the token TOKEN_LABEL; set by the fixtures below */
extern CK_SESSION_HANDLE the_session;     /* a read-write session on it */
extern const struct huks_functions *huks; /* vendor part, NULL on the reference */

/* This program's path, for running it again. */
const char *harness_program(void);
/* Runs the suite on the module named by the arguments; returns main's exit status. */
int harness_run(int argc, char **argv, Suite *suite);

/* For programs that a test starts: loads the module that the test uses ($HUKS_TEST_MODULE). */
bool harness_load(void);

bool is_reference(void);
bool is_served(void); /* huksd does the work ($HUKS_TEST_HUKSD), with a configuration of its own */
const char *module_path(void);
void *module_symbol(const char *name);
const char *test_directory(void); /* private to the process, removed at exit */
const char *store_path(void);
bool copy_tree(const char *from, const char *to);
void remove_tree(const char *path);

/* Test cases by the state in which their tests begin. Each test finds the store as it was made. */
TCase *add_tcase(Suite *suite, const char *name, void (*setup)(void));
void setup_loaded(void);      /* loaded, not initialised            */
void setup_empty_store(void); /* the same, and the store holds no token */
void setup_initialised(void); /* C_Initialize done, the_slot known   */
void setup_public(void);      /* the_session open, nobody logged in */
void setup_user(void);        /* the user logged in                 */
void setup_so(void);          /* the security officer logged in     */

/* ---- Answers ---------------------------------------------------------------------------------------- */

/* Fails the test unless `call` answers `want`. On ours also checks the thread's error record. */
#define expect(want, call) answer_check(__FILE__, __LINE__, NULL, #call, (want), (call))

/* The same for an answer that may stand in the difference table under `id`. */
#define expect_id(id, want, call)                                                                            \
    do {                                                                                                     \
        if (answer_asked(id)) {                                                                              \
            answer_check(__FILE__, __LINE__, (id), #call, (want), (call));                                   \
        }                                                                                                    \
    } while (0)

#define ok(call) expect(CKR_OK, call)

/* A statement about the module that is no CKR_*: true on ours, and on the reference as the table says. */
#define holds(id, condition)                                                                                 \
    do {                                                                                                     \
        if (answer_asked(id)) {                                                                              \
            answer_holds(__FILE__, __LINE__, (id), #condition, (condition));                                 \
        }                                                                                                    \
    } while (0)

/* For a table of calls: `text` names the call. Returns the answer. */
CK_RV answer_check(const char *file, int line, const char *id, const char *text, CK_RV want, CK_RV got);
bool answer_asked(const char *id);
void answer_holds(const char *file, int line, const char *id, const char *text, bool truth);

/* True on the reference when the table has a row `id`: for tests whose way differs, not just an answer. */
bool differs(const char *id);

/* Prints the difference table for differential.sh: id, our answer, SoftHSM2's, reason. */
void answer_differences(void);

/* Ours: the last failed call of this thread left `rv`, a HUKS code and a finished message. */
void check_error_record(const char *what, CK_RV rv, long huks_code);

/* ---- Sessions ---------------------------------------------------------------------------------------- */

CK_RV initialise(void); /* C_Initialize with CKF_OS_LOCKING_OK */
bool find_token(const char *label, CK_SLOT_ID *slot);
CK_RV init_token(CK_SLOT_ID slot, const char *so_pin, const char *label);
CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session);
CK_SESSION_HANDLE open_rw(void);
CK_SESSION_HANDLE open_ro(void);
CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin);
CK_STATE session_state(CK_SESSION_HANDLE session);
CK_FLAGS token_flags(CK_SLOT_ID slot);

/* ---- Threads and children: no Check assertion may be used there -----------------------------------------
 */

struct worker {
    unsigned index;
    void *context;
    CK_RV rv;         /* first answer that was not wanted */
    const char *what; /* its call, NULL when all went well */
    int line;
};

/* In a worker: leaves it when `call` does not answer CKR_OK. */
#define must(worker, call)                                                                                   \
    do {                                                                                                     \
        CK_RV must_rv = (call);                                                                              \
        if (must_rv != CKR_OK) {                                                                             \
            worker_fail((worker), must_rv, #call, __LINE__);                                                 \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

#define must_hold(worker, condition)                                                                         \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            worker_fail((worker), CKR_OK, #condition, __LINE__);                                             \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

void worker_fail(struct worker *worker, CK_RV rv, const char *what, int line);

/* Runs `work` in `count` threads that start together; fails the test when one of them failed. */
void crew_run(unsigned count, void (*work)(struct worker *), void *context);

/* Runs `body` in a forked child; fails the test unless the child leaves it by returning. */
void child_run(void (*body)(void *context), void *context);

/* In a child: says what went wrong and exits with failure unless `call` answers `want`. */
#define child_expect(want, call) child_check(__FILE__, __LINE__, #call, (want), (call))
#define child_holds(condition)                                                                               \
    child_check(__FILE__, __LINE__, #condition, CKR_OK, (condition) ? CKR_OK : CKR_GENERAL_ERROR)
void child_check(const char *file, int line, const char *text, CK_RV want, CK_RV got);

#endif
