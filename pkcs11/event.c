/* C_WaitForSlotEvent. */
#include "pkcs11/call.h"

static CK_RV wait_for_event(CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved)
{
    if (slot == NULL || reserved != NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, slot == NULL ? "slot" : "reserved argument");
    }
    bool event = false;
    uint64_t slot_id = 0;
    P11_TRY_HUKS(engine_slot_event(p11_engine(), (flags & CKF_DONT_BLOCK) == 0, &event, &slot_id),
                 P11_AT_TOKEN);
    if (!event) {
        return p11_fail(CKR_NO_EVENT, NULL);
    }
    *slot = slot_id;
    return CKR_OK;
}

/* C_Finalize wakes who waits here: CRYPTOKI_NOT_INITIALIZED. */
CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved)
{
    return P11_CALL(wait_for_event(flags, slot, reserved), "flags 0x%lx, slot 0x%lx", flags,
                    p11_show_number(slot));
}
