/*
 * C_Initialize, C_Finalize, C_GetInfo: the module's life, one change at a time. Mutex callbacks are checked
 * and never called: the module locks with the system's means, which is what CKF_OS_LOCKING_OK allows and what
 * every threaded host on Linux has.
 */
#include "pkcs11/module.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "pkcs11/text.h"

/* ---- C_Initialize ---- */

/* PKCS #11, C_Initialize: the four callbacks are all there, or none is. */
static CK_RV check_callbacks(const CK_C_INITIALIZE_ARGS *args)
{
    int set = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) + (args->LockMutex != NULL) +
              (args->UnlockMutex != NULL);
    return set == 0 || set == 4 ? CKR_OK : p11_fail(CKR_ARGUMENTS_BAD, "mutex callbacks");
}

static void module_free(struct p11_module *module)
{
    if (module != NULL) {
        p11_sessions_free(module->sessions);
        engine_close(module->engine);
        free(module);
    }
}

static CK_RV module_new(const struct config *config, struct p11_module **out)
{
    struct p11_module *module = calloc(1, sizeof(*module));
    if (module == NULL || (module->sessions = p11_sessions_new()) == NULL) {
        free(module);
        return p11_fail(CKR_HOST_MEMORY, NULL);
    }
    CK_RV rv = p11_rv(engine_open(config, &module->engine), P11_AT_INITIALIZE);
    if (rv != CKR_OK) {
        module->engine = NULL;
        module_free(module);
        return rv;
    }
    *out = module;
    return CKR_OK;
}

/* Under the life lock. */
static CK_RV initialize(const CK_C_INITIALIZE_ARGS *args)
{
    if (p11_gate_is_open()) {
        return p11_fail(CKR_CRYPTOKI_ALREADY_INITIALIZED, NULL);
    }
    if (args != NULL) {
        P11_TRY(check_callbacks(args));
    }
    struct config config;
    P11_TRY_HUKS(config_load(args == NULL ? NULL : args->pReserved, &config), P11_AT_INITIALIZE);
    log_open(config.log_level, config.log_target);
    struct p11_module *module = NULL;
    P11_TRY(module_new(&config, &module));
    p11_gate_open(module);
    return CKR_OK;
}

CK_RV C_Initialize(CK_VOID_PTR args)
{
    struct p11_call call;
    p11_enter_any(&call, __func__);
    p11_life_lock();
    CK_RV rv = p11_leave(&call, initialize(args));
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        log_close();
    }
    p11_life_unlock();
    return rv;
}

/* ---- C_Finalize ---- */

/* Under the life lock. */
static CK_RV finalize(CK_VOID_PTR reserved)
{
    if (!p11_gate_is_open()) {
        return p11_fail(CKR_CRYPTOKI_NOT_INITIALIZED, NULL);
    }
    if (reserved != NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "reserved argument");
    }
    struct p11_module *module = p11_gate_shut();
    engine_wake(module->engine);
    p11_gate_drain();
    module_free(module);
    return CKR_OK;
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
    struct p11_call call;
    p11_enter_any(&call, __func__);
    p11_life_lock();
    CK_RV rv = p11_leave(&call, finalize(reserved));
    if (rv == CKR_OK) {
        log_close();
    }
    p11_life_unlock();
    return rv;
}

/* ---- C_GetInfo ---- */

static CK_RV get_info(CK_INFO_PTR info)
{
    if (info == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "information");
    }
    *info = (CK_INFO){.cryptokiVersion = {3, 2}, .libraryVersion = p11_library_version()};
    p11_pad(info->manufacturerID, sizeof(info->manufacturerID), P11_MANUFACTURER);
    p11_pad(info->libraryDescription, sizeof(info->libraryDescription), "HUKS key store");
    return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO_PTR info)
{
    return P11_CALL(get_info(info));
}
