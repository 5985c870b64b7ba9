/* C_GetTokenInfo and C_InitToken. */
#include <string.h>

#include "common/memory.h"
#include "pkcs11/slot.h"
#include "pkcs11/text.h"

/* ---- C_GetTokenInfo ---- */

struct flag {
    bool set;
    CK_FLAGS flag;
};

static CK_FLAGS collect(const struct flag *flags, size_t count)
{
    CK_FLAGS all = 0;
    for (size_t i = 0; i < count; i++) {
        all |= flags[i].set ? flags[i].flag : 0;
    }
    return all;
}

static CK_FLAGS token_flags(const struct token_info *state)
{
    const struct auth_state *pins = &state->pins;
    const struct flag flags[] = {
        {true, CKF_RNG},
        {true, CKF_DUAL_CRYPTO_OPERATIONS},
        {!state->writable, CKF_WRITE_PROTECTED},
        {state->login_required, CKF_LOGIN_REQUIRED},
        {state->initialized, CKF_TOKEN_INITIALIZED},
        {engine_config(p11_engine())->protected_path, CKF_PROTECTED_AUTHENTICATION_PATH},
        {pins->user_pin_set, CKF_USER_PIN_INITIALIZED},
        {pins->user_count_low, CKF_USER_PIN_COUNT_LOW},
        {pins->user_final_try, CKF_USER_PIN_FINAL_TRY},
        {pins->user_locked, CKF_USER_PIN_LOCKED},
        {pins->so_count_low, CKF_SO_PIN_COUNT_LOW},
        {pins->so_final_try, CKF_SO_PIN_FINAL_TRY},
        {pins->so_locked, CKF_SO_PIN_LOCKED},
    };
    return collect(flags, ARRAY_SIZE(flags));
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
    if (info == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "token information");
    }
    struct token *token;
    struct token_info state;
    P11_TRY(p11_slot_info(slot, &token, &state));
    if (!state.present) {
        return p11_fail(CKR_TOKEN_NOT_PRESENT, NULL);
    }
    P11_TRY_HUKS(token_recognized(&state), P11_AT_TOKEN);
    *info = (CK_TOKEN_INFO){
        .flags = token_flags(&state),
        .ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
        .ulSessionCount = state.sessions,
        .ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
        .ulRwSessionCount = state.rw_sessions,
        .ulMaxPinLen = state.pin_max,
        .ulMinPinLen = state.pin_min,
        .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .firmwareVersion = p11_library_version(),
    };
    p11_pad(info->label, sizeof(info->label), state.initialized ? state.label : "");
    p11_pad(info->manufacturerID, sizeof(info->manufacturerID), P11_MANUFACTURER);
    p11_pad(info->model, sizeof(info->model), "HUKS");
    p11_pad(info->serialNumber, sizeof(info->serialNumber), state.serial);
    p11_pad(info->utcTime, sizeof(info->utcTime), ""); /* CKF_CLOCK_ON_TOKEN is clear */
    return CKR_OK;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
    return P11_CALL(get_token_info(slot, info), "slot 0x%lx", slot);
}

/* ---- C_InitToken ---- */

#define LABEL_SIZE 32U

/* The label without its padding: blanks by the standard, a NUL by those who forget it. */
static struct bytes label_bytes(const CK_UTF8CHAR *label)
{
    size_t size = strnlen((const char *)label, LABEL_SIZE);
    while (size > 0 && label[size - 1] == ' ') {
        size--;
    }
    return bytes_of(label, size);
}

static CK_RV init_token(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size, CK_UTF8CHAR_PTR label)
{
    if (pin == NULL || label == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, pin == NULL ? "SO PIN" : "label");
    }
    struct token *token;
    struct token_info state;
    P11_TRY(p11_slot_info(slot, &token, &state));
    /* A first SO PIN of a wrong length: C_InitToken lists PIN_INCORRECT and no PIN_LEN_RANGE. */
    if (!state.initialized && (pin_size < state.pin_min || pin_size > state.pin_max)) {
        return p11_fail(CKR_PIN_INCORRECT, "PIN length");
    }
    return p11_rv(token_init(token, bytes_of(pin, pin_size), label_bytes(label)), P11_AT_LOGIN);
}

CK_RV C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size, CK_UTF8CHAR_PTR label)
{
    return P11_CALL(init_token(slot, pin, pin_size, label), "slot 0x%lx", slot);
}
