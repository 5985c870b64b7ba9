/* C_GetSlotList, C_GetSlotInfo, and the mechanisms of a slot, which are the same in all of them. */
#include "pkcs11/slot.h"

#include <stdlib.h>

#include "common/memory.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/text.h"

CK_RV p11_slot_find(CK_SLOT_ID slot, struct token **out)
{
    *out = engine_slot(p11_engine(), slot);
    return *out != NULL ? CKR_OK : p11_fail(CKR_SLOT_ID_INVALID, NULL);
}

CK_RV p11_slot_info(CK_SLOT_ID slot, struct token **token, struct token_info *info)
{
    P11_TRY(p11_slot_find(slot, token));
    return p11_rv(token_info(*token, info), P11_AT_TOKEN);
}

/* ---- the list ---- */

/* The engine's tokens; their number may grow between two looks. malloc'ed. */
static CK_RV list_tokens(struct token ***out, size_t *count)
{
    size_t capacity = 16;
    for (;;) {
        struct token **tokens = calloc(capacity, sizeof(*tokens));
        if (tokens == NULL) {
            return p11_fail(CKR_HOST_MEMORY, NULL);
        }
        CK_RV rv = p11_rv(engine_slots(p11_engine(), tokens, capacity, count), P11_AT_TOKEN);
        if (rv == CKR_OK && *count <= capacity) {
            *out = tokens;
            return CKR_OK;
        }
        free(tokens);
        if (rv != CKR_OK) {
            return rv;
        }
        capacity = *count;
    }
}

/* Keeps those with a token in them. */
static CK_RV list_present(struct token **tokens, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        struct token_info info;
        P11_TRY_HUKS(token_info(tokens[i], &info), P11_AT_TOKEN);
        if (info.present) {
            tokens[kept++] = tokens[i];
        }
    }
    *count = kept;
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count)
{
    if (count == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "slot count");
    }
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t found = 0;
    P11_TRY(list_tokens(&tokens, &found));
    if (present) {
        P11_TRY(list_present(tokens, &found));
    }
    CK_ULONG room = *count;
    *count = found;
    if (list == NULL) {
        return CKR_OK;
    }
    if (room < found) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "slot list");
    }
    for (size_t i = 0; i < found; i++) {
        list[i] = token_slot_id(tokens[i]);
    }
    return CKR_OK;
}

CK_RV C_GetSlotList(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count)
{
    return P11_CALL(get_slot_list(present, list, count), "present %d, slots %s", present,
                    P11_SHOW_OUTPUT(list, count));
}

/* ---- one slot ---- */

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
    if (info == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "slot information");
    }
    struct token *token;
    struct token_info state;
    P11_TRY(p11_slot_info(slot, &token, &state));
    /* PKCS #11: only a slot for removable tokens may be without one. */
    *info = (CK_SLOT_INFO){.flags = state.present ? CKF_TOKEN_PRESENT : CKF_REMOVABLE_DEVICE,
                           .firmwareVersion = p11_library_version()};
    p11_pad(info->slotDescription, sizeof(info->slotDescription), "HUKS key store slot");
    p11_pad(info->manufacturerID, sizeof(info->manufacturerID), P11_MANUFACTURER);
    return CKR_OK;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
    return P11_CALL(get_slot_info(slot, info), "slot 0x%lx", slot);
}

/* ---- its mechanisms ---- */

static CK_RV check_present(CK_SLOT_ID slot)
{
    struct token *token;
    struct token_info info;
    P11_TRY(p11_slot_info(slot, &token, &info));
    if (!info.present) {
        return p11_fail(CKR_TOKEN_NOT_PRESENT, NULL);
    }
    return p11_rv(token_recognized(&info), P11_AT_TOKEN);
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
    if (count == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism count");
    }
    P11_TRY(check_present(slot));
    return p11_mechanism_list(list, count);
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
    return P11_CALL(get_mechanism_list(slot, list, count), "slot 0x%lx, mechanisms %s", slot,
                    P11_SHOW_OUTPUT(list, count));
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
    if (info == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "mechanism information");
    }
    P11_TRY(check_present(slot));
    return p11_mechanism_info(type, info);
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
    return P11_CALL(get_mechanism_info(slot, type, info), "slot 0x%lx, mechanism %s", slot,
                    p11_mechanism_name(type));
}
