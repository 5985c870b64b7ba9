/*
 * What keepers do beside their ledgers: the PIN of TOKEN_LABEL is changed, OTHER_LABEL is initialised again
 * and again. And how an auditor looks at both.
 */
#ifndef HUKS_TESTS_MODULE_KEEPER_H
#define HUKS_TESTS_MODULE_KEEPER_H

#include "ledger.h"

/* What the making of the other token has come to. */
enum anew_stage {
    ANEW_NONE, /* there never was one */
    ANEW_FIRST,
    ANEW_INITIALISING,
    ANEW_INITIALISED,
    ANEW_SETTING_PIN,
    ANEW_PIN,
    ANEW_CREATING,
    ANEW_WHOLE
};

struct keeper_tokens {
    _Atomic uint32_t pin;      /* number of the acknowledged PIN                              */
    _Atomic uint32_t next_pin; /* the same, or the one a change to was begun                  */
    _Atomic uint32_t anew;     /* enum anew_stage                                             */
    _Atomic uint64_t inits, pins;
};

void keeper_pin(uint32_t number, char text[32]);
/* With the PIN as it is now, though another keeper may be changing it. */
CK_RV keeper_login(struct keeper_tokens *tokens, CK_SESSION_HANDLE session);
CK_RV keeper_change_pin(struct keeper_tokens *tokens, CK_SESSION_HANDLE session);
/* The other token: initialised (in the free slot, if it never was), given a user PIN, and an object. */
CK_RV keeper_make_anew(struct keeper_tokens *tokens);

/* Logs in; writes down which PIN it was. */
bool keeper_audit_pin(struct keeper_tokens *tokens, CK_SESSION_HANDLE session, struct ledger_audit *audit);
/* Whatever was done last to the other token happened whole, or not at all. false: it does not open. */
bool keeper_audit_anew(const struct keeper_tokens *tokens, struct ledger_audit *audit);
void keeper_wrong(struct ledger_audit *audit, CK_RV rv, int line);

#endif
