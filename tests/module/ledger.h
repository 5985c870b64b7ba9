/*
 * A ledger of what the module acknowledged, in memory that outlives whoever is killed. A keeper writes down
 * what it is about to do, does it, and writes down that the module said yes; an auditor in a fresh process
 * compares the token with that. Nothing here asserts: keepers die, and auditors report.
 */
#ifndef HUKS_TESTS_MODULE_LEDGER_H
#define HUKS_TESTS_MODULE_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

enum ledger_kind { LEDGER_DATA, LEDGER_SECRET, LEDGER_PAIR, LEDGER_KINDS };

enum ledger_state {
    LEDGER_NONE,
    LEDGER_CREATING,
    LEDGER_THERE,
    LEDGER_CHANGING,   /* its label is `label` or `label` + 1          */
    LEDGER_DESTROYING, /* the object, or a pair's public half          */
    LEDGER_HALF,       /* a pair whose public half is destroyed        */
    LEDGER_DESTROYING_HALF,
};

struct ledger_entry {
    _Atomic uint32_t state;
    uint32_t kind;
    uint64_t number; /* names it for ever: its CKA_ID */
    uint32_t label;  /* times its label was changed   */
};

enum { LEDGER_ENTRIES = 12 };

/* Called whenever a ledger says something new; may be NULL. */
extern void (*ledger_noted)(void);

/* One keeper's. */
struct ledger {
    struct ledger_entry entries[LEDGER_ENTRIES];
    _Atomic uint64_t acknowledged; /* steps the module said yes to */
    uint64_t next_number;
    CK_RV rv; /* the first answer that was not wanted … */
    int line; /* … and where */
};

/* C_Initialize with cheap PINs and no session limit: what is tested is the store. */
CK_RV ledger_begin(void);
/* In an empty store: TOKEN_LABEL with this user PIN and OTHER_LABEL with USER_PIN. Asserts. */
#define OTHER_LABEL "made anew"
void ledger_make_tokens(const char *pin);
/* A data object "mark" on the token of `session`. */
CK_RV ledger_make_mark(CK_SESSION_HANDLE session);

/* One random step. CKR_OK, or what the module refused with; then the entry stays as it was intended. */
CK_RV ledger_step(struct ledger *ledger, CK_SESSION_HANDLE session, unsigned *seed);
/* The steps by themselves, on one entry. */
CK_RV ledger_create(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry,
                    enum ledger_kind kind);
CK_RV ledger_change(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry);
CK_RV ledger_destroy(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry);

struct ledger_audit {
    uint64_t objects; /* that are there, as they should be                    */
    uint64_t lost;    /* acknowledged, and not there or of an older state     */
    uint64_t undead;  /* destroyed, and there                                 */
    uint64_t half;    /* a pair without its other half, or a broken object    */
    uint64_t kept;    /* steps nobody acknowledged that took effect …         */
    uint64_t undone;  /* … and that took none                                 */
    CK_RV rv;         /* the first call that failed                           */
    int line;
};

/*
 * Compares, tries every key, adds to `audit`, and writes into the ledger which of the two a step that was
 * not acknowledged became. `*expected` grows by the number of objects that the token should have.
 */
void ledger_verify(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_audit *audit,
                   CK_ULONG *expected);
/* Number of objects on the token; CK_UNAVAILABLE_INFORMATION when that can't be found out. */
CK_ULONG ledger_count(CK_SESSION_HANDLE session);

#endif
