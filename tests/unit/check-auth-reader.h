/*
 * What the tests of fingers and faces share: a token with a PIN, the real helper with the real libpam, and
 * PAM's services, which are files of the test.
 */
#ifndef HUKS_CHECK_AUTH_READER_H
#define HUKS_CHECK_AUTH_READER_H

#include "check-auth.h"

#include "auth/credential.h"
#include "auth/token.h"

#define FINGER OH_HUKS_USER_AUTH_TYPE_FINGERPRINT
#define FACE   OH_HUKS_USER_AUTH_TYPE_FACE

extern struct side here;
extern char build[512]; /* the build directory, which has helper and module */

/* ---- places ---- */

void open_place(void);
void close_place(void);
/* Of this test's directory. */
void write_file(const char *name, mode_t mode, const char *text);
char *in_top(const char *name);
void service(const char *name, const char *text);
/* A service of pam_huks_test alone. */
void obeys(const char *name, const char *options);
/* What stands before the real helper: here a test sees what the helper gets from the engine. */
void helper_script(const char *before);

/* ---- asking ---- */

const char *own_account(void);
uint64_t secure_uid(void);
uint64_t enrol(uint32_t type, const char *name);
huks_rc authenticate(uint32_t types, struct auth_evidence *evidence);
uint64_t enrolled_id(uint32_t type); /* 0: nothing of the kind is enrolled */
void ck_said(const char *words);

#define ck_refused(call) ck_fail(call, HUKS_E_AUTH_FAILED, ABOUT_FINGER)
#define ck_unavailable(call, words)                                                                          \
    do {                                                                                                     \
        ck_assert_int_eq((call), HUKS_E_USERIAM);                                                            \
        ck_said(words);                                                                                      \
    } while (0)

/* ---- who listens: an auth_request's talk and its argument ---- */

struct talker {
    const char *answer; /* NULL: none */
    char heard[500];
    unsigned questions, hidden;
    int wait_error; /* errno of a wait() while the helper lives */
};

bool talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument);

/* ---- check-auth-helper.c ---- */

TCase *helper_tcase(void);
int spy_main(void); /* this program in the helper's place */

#endif
