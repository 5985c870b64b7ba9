/* Keepers of PINs and tokens, and their auditors; see keeper.h. */
#include "keeper.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static void write_down(_Atomic uint32_t *what, uint32_t value)
{
    atomic_store(what, value);
    if (ledger_noted != NULL) {
        ledger_noted();
    }
}

void keeper_pin(uint32_t number, char text[32])
{
    (void)snprintf(text, 32, "pin-%08u", number);
}

static CK_RV login_numbered(CK_SESSION_HANDLE session, uint32_t number)
{
    char pin[32];

    keeper_pin(number, pin);
    return login(session, CKU_USER, pin);
}

/* While the PIN is being changed it is one of two; and another two if the keeper is quick. */
CK_RV keeper_login(struct keeper_tokens *tokens, CK_SESSION_HANDLE session)
{
    CK_RV rv = CKR_PIN_INCORRECT;

    for (int i = 0; i < 8 && rv == CKR_PIN_INCORRECT; i++) {
        uint32_t pins[] = {atomic_load(&tokens->pin), atomic_load(&tokens->next_pin)};
        rv = login_numbered(session, pins[i % 2]);
    }
    return rv;
}

CK_RV keeper_change_pin(struct keeper_tokens *tokens, CK_SESSION_HANDLE session)
{
    char old_pin[32];
    char new_pin[32];
    uint32_t number = atomic_load(&tokens->pin);

    keeper_pin(number, old_pin);
    keeper_pin(number + 1, new_pin);
    write_down(&tokens->next_pin, number + 1);
    CK_RV rv = p11->C_SetPIN(session, (CK_UTF8CHAR_PTR)old_pin, strlen(old_pin), (CK_UTF8CHAR_PTR)new_pin,
                             strlen(new_pin));
    if (rv == CKR_OK) {
        write_down(&tokens->pin, number + 1);
        (void)atomic_fetch_add(&tokens->pins, 1);
    }
    return rv;
}

static CK_RV last_slot(CK_SLOT_ID *slot)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_RV rv = p11->C_GetSlotList(CK_FALSE, slots, &count);

    *slot = rv == CKR_OK && count > 0 ? slots[count - 1] : 0;
    return rv;
}

static CK_RV initialise_other(struct keeper_tokens *tokens, CK_SLOT_ID *slot)
{
    bool first = atomic_load(&tokens->anew) <= ANEW_FIRST;
    CK_RV rv = first ? last_slot(slot) : find_token(OTHER_LABEL, slot) ? CKR_OK : CKR_TOKEN_NOT_PRESENT;

    if (rv == CKR_OK) {
        write_down(&tokens->anew, first ? ANEW_FIRST : ANEW_INITIALISING);
        rv = init_token(*slot, SO_PIN, OTHER_LABEL);
    }
    if (rv == CKR_OK) {
        write_down(&tokens->anew, ANEW_INITIALISED);
        (void)atomic_fetch_add(&tokens->inits, 1);
    }
    return rv;
}

CK_RV keeper_make_anew(struct keeper_tokens *tokens)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_SLOT_ID slot;
    CK_RV rv = initialise_other(tokens, &slot);

    if (rv == CKR_OK) {
        rv = open_session(slot, CKF_RW_SESSION, &session);
    }
    if (rv == CKR_OK) {
        rv = login(session, CKU_SO, SO_PIN);
    }
    if (rv == CKR_OK) {
        write_down(&tokens->anew, ANEW_SETTING_PIN);
        rv = p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)USER_PIN, strlen(USER_PIN));
    }
    if (rv == CKR_OK) {
        write_down(&tokens->anew, ANEW_PIN);
        rv = p11->C_Logout(session);
    }
    if (rv == CKR_OK) {
        rv = login(session, CKU_USER, USER_PIN);
    }
    if (rv == CKR_OK) {
        write_down(&tokens->anew, ANEW_CREATING);
        rv = ledger_make_mark(session);
    }
    if (rv == CKR_OK) {
        write_down(&tokens->anew, ANEW_WHOLE);
        rv = p11->C_CloseSession(session);
    }
    return rv;
}

/* ---- The auditor -----------------------------------------------------------------------------------------
 */

void keeper_wrong(struct ledger_audit *audit, CK_RV rv, int line)
{
    if (rv != CKR_OK && audit->rv == CKR_OK) {
        audit->rv = rv;
        audit->line = line;
    }
}

bool keeper_audit_pin(struct keeper_tokens *tokens, CK_SESSION_HANDLE session, struct ledger_audit *audit)
{
    uint32_t pin = atomic_load(&tokens->pin);
    uint32_t next = atomic_load(&tokens->next_pin);
    CK_RV rv = login_numbered(session, pin);

    if (rv == CKR_PIN_INCORRECT && next != pin) {
        rv = login_numbered(session, next);
        pin = next;
    }
    keeper_wrong(audit, rv, __LINE__);
    atomic_store(&tokens->pin, pin);
    atomic_store(&tokens->next_pin, pin);
    return rv == CKR_OK;
}

bool keeper_audit_anew(const struct keeper_tokens *tokens, struct ledger_audit *audit)
{
    enum anew_stage anew = (enum anew_stage)atomic_load(&tokens->anew);
    bool may_lack_pin = anew >= ANEW_FIRST && anew <= ANEW_SETTING_PIN;
    CK_SESSION_HANDLE session;
    CK_SLOT_ID slot;

    if (!find_token(OTHER_LABEL, &slot)) {
        return anew <= ANEW_FIRST;
    }
    if (open_session(slot, CKF_RW_SESSION, &session) != CKR_OK) {
        return false;
    }
    keeper_wrong(audit, login(session, CKU_SO, SO_PIN), __LINE__);
    keeper_wrong(audit, p11->C_Logout(session), __LINE__);
    CK_RV rv = login(session, CKU_USER, USER_PIN);
    keeper_wrong(audit, rv == CKR_USER_PIN_NOT_INITIALIZED && may_lack_pin ? CKR_OK : rv, __LINE__);
    CK_ULONG count = ledger_count(session);
    audit->lost += anew == ANEW_WHOLE && count != 1;
    audit->undead += (anew > ANEW_INITIALISING && anew < ANEW_CREATING && count != 0) || count > 1;
    keeper_wrong(audit, p11->C_CloseSession(session), __LINE__);
    return true;
}
