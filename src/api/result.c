/*
 * The table of finished sentences: open addressing, written once per slot, read without a lock.
 *
 * A slot goes from empty to taken to ready by one thread; others pass by what is not ready. So nobody waits,
 * and a fork in the middle costs the child one slot.
 */
#include "api/result.h"

#include <stdatomic.h>
#include <string.h>

#include "common/memory.h"

#define SUCCESS_TEXT "Success."

enum { SLOT_EMPTY, SLOT_TAKEN, SLOT_READY };
enum { SLOTS = 256, TEXT_SIZE = 256 };

static struct {
    _Atomic int state;
    char text[TEXT_SIZE];
} kept[SLOTS];

static uint32_t hash(const char *text)
{
    uint32_t value = 2166136261u; /* FNV-1a */

    for (; *text != '\0'; text++) {
        value = (value ^ (uint8_t)*text) * 16777619u;
    }
    return value;
}

/* The kept copy of a sentence; NULL when there is no room for another. */
static const char *keep(const char *text)
{
    uint32_t first = hash(text);

    for (uint32_t i = 0; i < SLOTS; i++) {
        uint32_t slot = (first + i) % SLOTS;
        int state = atomic_load_explicit(&kept[slot].state, memory_order_acquire);
        if (state == SLOT_EMPTY &&
            atomic_compare_exchange_strong_explicit(&kept[slot].state, &state, SLOT_TAKEN,
                                                    memory_order_acquire, memory_order_acquire)) {
            size_t length = strnlen(text, TEXT_SIZE - 1);
            memcpy(kept[slot].text, text, length);
            kept[slot].text[length] = '\0';
            atomic_store_explicit(&kept[slot].state, SLOT_READY, memory_order_release);
            return kept[slot].text;
        }
        if (state == SLOT_READY && strcmp(kept[slot].text, text) == 0) {
            return kept[slot].text;
        }
    }
    return NULL;
}

/* For a code whose finished sentence found no room. */
static const char *general_sentence(int32_t code)
{
    static const struct {
        int32_t code;
        const char *text;
    } general[] = {
        {HUKS_E_NOT_SUPPORTED, "The parameter is not supported."},
        {HUKS_E_MISSING_PARAM, "Failed to obtain the parameter. It is not set in ParamSet."},
        {HUKS_E_INVALID_PARAM, "Invalid parameter."},
        {HUKS_E_FILE, "Failed to use the file."},
        {HUKS_E_IPC, "IPC failed."},
        {HUKS_E_USERIAM, "Failed to obtain the authentication information via UserIAM."},
    };
    const char *template = error_template(code, ABOUT_NOTHING);

    for (size_t i = 0; i < ARRAY_SIZE(general); i++) {
        if (general[i].code == code) {
            return general[i].text;
        }
    }
    return template != NULL ? template : error_template(HUKS_E_INTERNAL, ABOUT_NOTHING);
}

struct OH_Huks_Result result_make(int32_t code, const char *literal)
{
    return (struct OH_Huks_Result){.errorCode = code, .errorMsg = literal, .data = NULL};
}

struct OH_Huks_Result result_of(huks_rc rc)
{
    char sentence[TEXT_SIZE];
    const char *text;

    if (rc == HUKS_OK) {
        error_clear();
        return result_make(OH_HUKS_SUCCESS, SUCCESS_TEXT);
    }
    text = error_static_message();
    if (text == NULL) {
        text = keep(error_message(sentence, sizeof(sentence)));
    }
    return result_make(rc, text != NULL ? text : general_sentence(rc));
}

struct OH_Huks_Result result_of_output(huks_rc rc)
{
    if (rc == HUKS_E_MEMORY && error_about() == ABOUT_BUFFER) {
        return result_make(OH_HUKS_ERR_CODE_ILLEGAL_ARGUMENT, ILLEGAL_BUFFER);
    }
    return result_of(rc);
}
