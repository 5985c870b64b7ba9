/*
 * What the tests of bound keys share: one store that both doors have open, each with an engine of its own, a
 * key for every kind of rule, and tokens that the native engine's own issuer makes. Only the clock is the
 * test's: evidence is dated, nobody sleeps.
 */
#ifndef HUKS_CHECK_AUTH_DOORS_H
#define HUKS_CHECK_AUTH_DOORS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/token.h"
#include "huks/native_huks_api.h"
#include "huks/native_huks_param.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/module.h"
#include "pkcs11/vendor.h"
#include "service/private.h"

#define PIN         "user-pin"
#define NEW_PIN     "other-pin"
#define SO_PIN      "so-pin-1"
#define WINDOW      30 /* seconds */
#define BY_FINGER   1u
#define BY_FACE     2u
#define BY_PIN      4u
#define BY_CLEARING 1u
#define BY_NEW_BODY 2u
#define NEVER       4u
#define NORMAL      0u
#define CUSTOM      1u
#define WITHOUT     2u
#define AUTH_FAILED 12000008
#define TIMED_OUT   12000009
#define VOID        12000007

struct rule {
    uint32_t types, access, challenge;
};

enum event {
    NOTHING,
    NEW_FINGER,
    NEW_FACE,
    FINGER_REMOVED,
    FACE_REMOVED,
    PIN_CHANGED,
    PIN_CLEARED,
    REBOOT,
    OTHER_USER,
    EVENTS
};

/* How the authentication fits the operation. */
enum fit { FITS, FITS_ONE_SLOT, OTHER_CHALLENGE, TOO_OLD, FOUNDS };

/* Was the user seen before the event, or after it? */
enum identity { BEFORE, AFTER, IDENTITIES };

struct row {
    struct rule rule;
    enum event event;
    enum fit fit;
    enum identity identity;
    uint32_t type; /* of the authentication */
};

/* ---- the doors: open during a test ---- */

extern CK_SESSION_HANDLE session; /* the user is logged in */
extern CK_SLOT_ID slot;
extern struct auth *issuer;       /* the native door's: says who was there */
extern struct token *native_side; /* its token */

/* Runs the suite: each of its cases' tests finds the doors open and the keys' rules known. */
TCase *doors_tcase(Suite *suite, const char *name);
int doors_run(Suite *suite);

CK_UTF8CHAR *utf8(const char *text);
void p11_ok(const char *what, CK_RV rv);
#define P11(call) p11_ok(#call, call)
void engine_ok(const char *what, huks_rc rc);
#define OK(call) engine_ok(#call, call)
/* The HUKS code of this thread's last call through PKCS #11. */
int32_t last_code(void);
CK_RV context_login(const char *pin); /* NULL: a finger or face */

/* ---- what is enrolled ---- */

/* `more` of a kind, as the engine's own enrolment writes it, without a reader; -1: one less, 0: at least two.
 */
void bodies(uint32_t type, int more);
/* Who he is to the engine. */
struct identities {
    uint64_t secure_uid, finger, face, pin;
};
struct identities identify(void);
void happen(enum event event);

/* ---- keys ---- */

struct OH_Huks_ParamSet *make_set(const struct OH_Huks_Param *params, uint32_t count);
#define SET(...)                                                                                             \
    make_set((const struct OH_Huks_Param[]){__VA_ARGS__},                                                    \
             (uint32_t)(sizeof((const struct OH_Huks_Param[]){__VA_ARGS__}) / sizeof(struct OH_Huks_Param)))
#define U32(name, value)                                                                                     \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .uint32Param = (value)                                                    \
    }

extern struct rule rules[];
extern size_t rule_count;
size_t rule_index(const struct rule *wanted);
/* One under each rule, at the rule's index, with two fingers and two faces enrolled. */
void make_keys(void);
struct OH_Huks_Blob alias_of(size_t index);
uint32_t position_of(size_t index);
CK_OBJECT_HANDLE find(size_t index);
CK_OBJECT_HANDLE find_alias(struct OH_Huks_Blob alias);

/* ---- tokens ---- */

void issue(const struct row *row, size_t index, const struct identities *who,
           const uint8_t challenge[AUTH_CHALLENGE_SIZE], uint8_t token[AUTH_TOKEN_SIZE]);
/* Of the PIN's owner, for this challenge. */
void issue_pin(const uint8_t challenge[AUTH_CHALLENGE_SIZE], uint8_t token[AUTH_TOKEN_SIZE]);

#endif
