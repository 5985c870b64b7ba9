/* Modules, tokens, sessions. See foreign.h. */
#include "tools/foreign.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl_errors.h"

/* What a client of another's token may meet. */
#define ANSWER(NAME)                                                                                         \
    {                                                                                                        \
        CKR_##NAME, "CKR_" #NAME                                                                             \
    }
static const struct {
    CK_RV rv;
    const char *name;
} answers[] = {
    ANSWER(HOST_MEMORY),
    ANSWER(SLOT_ID_INVALID),
    ANSWER(GENERAL_ERROR),
    ANSWER(FUNCTION_FAILED),
    ANSWER(ARGUMENTS_BAD),
    ANSWER(CANT_LOCK),
    ANSWER(ATTRIBUTE_SENSITIVE),
    ANSWER(ATTRIBUTE_TYPE_INVALID),
    ANSWER(ATTRIBUTE_VALUE_INVALID),
    ANSWER(DATA_INVALID),
    ANSWER(DEVICE_ERROR),
    ANSWER(DEVICE_MEMORY),
    ANSWER(DEVICE_REMOVED),
    ANSWER(FUNCTION_NOT_SUPPORTED),
    ANSWER(KEY_HANDLE_INVALID),
    ANSWER(KEY_SIZE_RANGE),
    ANSWER(KEY_TYPE_INCONSISTENT),
    ANSWER(KEY_FUNCTION_NOT_PERMITTED),
    ANSWER(KEY_NOT_WRAPPABLE),
    ANSWER(KEY_UNEXTRACTABLE),
    ANSWER(MECHANISM_INVALID),
    ANSWER(MECHANISM_PARAM_INVALID),
    ANSWER(OBJECT_HANDLE_INVALID),
    ANSWER(PIN_INCORRECT),
    ANSWER(PIN_INVALID),
    ANSWER(PIN_LEN_RANGE),
    ANSWER(PIN_EXPIRED),
    ANSWER(PIN_LOCKED),
    ANSWER(SESSION_COUNT),
    ANSWER(SESSION_HANDLE_INVALID),
    ANSWER(TEMPLATE_INCOMPLETE),
    ANSWER(TEMPLATE_INCONSISTENT),
    ANSWER(TOKEN_NOT_PRESENT),
    ANSWER(TOKEN_NOT_RECOGNIZED),
    ANSWER(USER_NOT_LOGGED_IN),
    ANSWER(USER_PIN_NOT_INITIALIZED),
    ANSWER(WRAPPING_KEY_HANDLE_INVALID),
    ANSWER(WRAPPING_KEY_TYPE_INCONSISTENT),
    ANSWER(CRYPTOKI_NOT_INITIALIZED),
};

const char *foreign_answer(CK_RV rv, char *room)
{
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].rv == rv) {
            return answers[i].name;
        }
    }
    snprintf(room, 24, "0x%08lx", rv);
    return room;
}

/* Our own front end has recorded its failure, as it does for everybody. */
static huks_rc failed(const struct foreign *module, const char *call, CK_RV rv)
{
    char room[24];
    if (module->library == NULL) {
        return error_code();
    }
    const char *name = foreign_answer(rv, room);
    const struct ctl_error_row *row = ctl_error_by_ckr(name);
    fprintf(stderr, "huksctl: the other module's %s answers %s\n", call, name);
    return error_raise(row != NULL ? row->code : HUKS_E_INTERNAL, ABOUT_NOTHING,
                       "request to the other module");
}

#define FOREIGN_TRY(module, call, ...)                                                                       \
    do {                                                                                                     \
        CK_RV answer_ = (module)->p11->call(__VA_ARGS__);                                                    \
        if (answer_ != CKR_OK) {                                                                             \
            return failed(module, #call, answer_);                                                           \
        }                                                                                                    \
    } while (0)

static huks_rc cannot_load(const char *path, const char *why)
{
    return error_raisef(HUKS_E_FILE, ABOUT_FILE, "load %s: %s", path, why);
}

huks_rc foreign_open(const char *path, struct foreign *module)
{
    module->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module->library == NULL) {
        return cannot_load(path, dlerror()); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    void *symbol = dlsym(module->library, "C_GetFunctionList");
    CK_C_GetFunctionList list = NULL;
    memcpy(&list, &symbol, sizeof(list)); /* POSIX lets functions be data pointers, ISO C does not */
    if (list == NULL || list(&module->p11) != CKR_OK || module->p11 == NULL) {
        module->p11 = NULL;
        return cannot_load(path, "it is no PKCS #11 module");
    }
    FOREIGN_TRY(module, C_Initialize, NULL);
    module->initialized = true;
    return HUKS_OK;
}

/* The linked front end's C_GetFunctionList, by its name in object files (pkcs11/cryptoki.h). */
extern CK_RV own_function_list(CK_FUNCTION_LIST_PTR_PTR list) __asm__("huks_C_GetFunctionList");

huks_rc foreign_open_own(const char *store, struct foreign *module)
{
    AUTO(memory_free_ptr) char *text = NULL;
    if (asprintf(&text, "store=\"%s\" service=\"\"", store) < 0) {
        text = NULL;
        return error_no_memory();
    }
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};
    if (own_function_list(&module->p11) != CKR_OK) {
        return error_code();
    }
    FOREIGN_TRY(module, C_Initialize, &arguments);
    module->initialized = true;
    return HUKS_OK;
}

void foreign_close(struct foreign *module)
{
    if (module->session != 0) {
        module->p11->C_CloseSession(module->session);
    }
    if (module->initialized) {
        module->p11->C_Finalize(NULL);
    }
    /* It stays loaded: libraries are known to have set things up that outlive their last call. */
    *module = (struct foreign){0};
}

/* ---- tokens ---- */

/* A text of fixed width without the blanks behind it. */
static void unpad(const CK_UTF8CHAR *padded, size_t size, char *text)
{
    while (size > 0 && padded[size - 1] == ' ') {
        size--;
    }
    memcpy(text, padded, size);
    text[size] = '\0';
}

struct choice {
    const char *name; /* NULL: any */
    CK_SLOT_ID slot;
    size_t found;
};

static huks_rc look_at(struct foreign *module, CK_SLOT_ID slot, struct choice *choice)
{
    CK_TOKEN_INFO info;
    char label[sizeof(info.label) + 1], serial[sizeof(info.serialNumber) + 1];
    CK_RV rv = module->p11->C_GetTokenInfo(slot, &info);
    if (rv != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
        return HUKS_OK; /* no token that anybody could mean */
    }
    unpad(info.label, sizeof(info.label), label);
    unpad(info.serialNumber, sizeof(info.serialNumber), serial);
    if (choice->name != NULL && strcmp(choice->name, label) != 0 && strcmp(choice->name, serial) != 0) {
        return HUKS_OK;
    }
    memcpy(module->label, label, sizeof(label));
    module->login_required = (info.flags & CKF_LOGIN_REQUIRED) != 0;
    choice->slot = slot;
    choice->found++;
    return HUKS_OK;
}

huks_rc foreign_token(struct foreign *module, const char *name, bool writable)
{
    AUTO(memory_free_ptr) CK_SLOT_ID *slots = NULL;
    CK_ULONG count = 0;
    struct choice choice = {.name = name};
    FOREIGN_TRY(module, C_GetSlotList, CK_TRUE, NULL, &count);
    slots = calloc(count + 1, sizeof(*slots));
    if (slots == NULL) {
        return error_no_memory();
    }
    FOREIGN_TRY(module, C_GetSlotList, CK_TRUE, slots, &count);
    for (CK_ULONG i = 0; i < count; i++) {
        HUKS_TRY(look_at(module, slots[i], &choice));
    }
    if (choice.found != 1) {
        error_clear();
        return choice.found == 0
                   ? error_raise(HUKS_E_NOT_EXIST, ABOUT_TOKEN, NULL)
                   : error_raise(HUKS_E_INVALID_PARAM, ABOUT_TOKEN,
                                 "choice: the other module has several such tokens; name one by its serial");
    }
    CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? (CK_FLAGS)CKF_RW_SESSION : 0);
    FOREIGN_TRY(module, C_OpenSession, choice.slot, flags, NULL, NULL, &module->session);
    return HUKS_OK;
}

huks_rc foreign_login(struct foreign *module, struct bytes pin)
{
    FOREIGN_TRY(module, C_Login, module->session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin.data, pin.size);
    return HUKS_OK;
}

/* ---- objects ---- */

static huks_rc collect(struct foreign *module, CK_OBJECT_HANDLE **objects, size_t *count)
{
    for (size_t capacity = 0;;) {
        CK_OBJECT_HANDLE *larger = NULL;
        CK_ULONG got = 0;
        if (*count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            larger = reallocarray(*objects, capacity, sizeof(**objects));
            if (larger == NULL) {
                return error_no_memory();
            }
            *objects = larger;
        }
        FOREIGN_TRY(module, C_FindObjects, module->session, *objects + *count, capacity - *count, &got);
        if (got == 0) {
            return HUKS_OK;
        }
        *count += got;
    }
}

huks_rc foreign_find(struct foreign *module, CK_ATTRIBUTE *template, CK_ULONG size,
                     CK_OBJECT_HANDLE **objects, size_t *count)
{
    *objects = NULL;
    *count = 0;
    FOREIGN_TRY(module, C_FindObjectsInit, module->session, template, size);
    huks_rc rc = collect(module, objects, count);
    CK_RV rv = module->p11->C_FindObjectsFinal(module->session);
    if (rc == HUKS_OK && rv != CKR_OK) {
        rc = failed(module, "C_FindObjectsFinal", rv);
    }
    if (rc != HUKS_OK) {
        free(*objects);
        *objects = NULL;
        *count = 0;
    }
    return rc;
}
