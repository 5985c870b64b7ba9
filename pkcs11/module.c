/*
 * C_Initialize, C_Finalize, C_GetInfo: the module's life, one change at a time. Mutex callbacks are checked
 * and never called: the module locks with the system's means, which is what CKF_OS_LOCKING_OK allows and what
 * every threaded host on Linux has.
 */
#include "pkcs11/module.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "pkcs11/remote.h"
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
        if (module->engine != NULL) {
            engine_close(module->engine);
        }
        ipc_client_close(module->client);
        free(module);
    }
}

static huks_rc module_open(struct p11_module *module, const struct config *config, bool remote)
{
    if (remote && config->service[0] != '\0') {
        return ipc_client_open(config->service, IPC_CRYPTOKI, p11_remote_patience, &module->client);
    }
    module->sessions = p11_sessions_new();
    return module->sessions == NULL ? error_no_memory() : engine_open(config, &module->engine);
}

static CK_RV module_new(const struct config *config, bool remote, struct p11_module **out)
{
    struct p11_module *module = calloc(1, sizeof(*module));
    if (module == NULL) {
        return p11_fail(CKR_HOST_MEMORY, NULL);
    }
    module->process = getpid();
    CK_RV rv = p11_rv(module_open(module, config, remote), P11_AT_INITIALIZE);
    if (rv != CKR_OK) {
        module_free(module);
        return rv;
    }
    *out = module;
    return CKR_OK;
}

bool p11_module_forked(const struct p11_module *module)
{
    return module->client != NULL ? module->process != getpid() : engine_forked(module->engine);
}

void p11_module_abandon(struct p11_module *module)
{
    if (module->client != NULL) {
        ipc_client_abandon(module->client);
    } else {
        engine_abandon(module->engine);
    }
}

/* Under the life lock. */
static CK_RV start(const struct config *config, bool remote)
{
    struct p11_module *module = NULL;
    log_open(config->log_level, config->log_target);
    P11_TRY(module_new(config, remote, &module));
    p11_gate_open(module);
    return CKR_OK;
}

/* Under the life lock. */
static CK_RV initialize(const CK_C_INITIALIZE_ARGS *args, bool remote)
{
    if (p11_gate_is_open()) {
        return p11_fail(CKR_CRYPTOKI_ALREADY_INITIALIZED, NULL);
    }
    if (args != NULL) {
        P11_TRY(check_callbacks(args));
    }
    struct config config;
    P11_TRY_HUKS(config_load(args == NULL ? NULL : args->pReserved, &config), P11_AT_INITIALIZE);
    return start(&config, remote);
}

/* Ends C_Initialize: the log that a failure has opened is closed. */
static CK_RV life_end(struct p11_call *call, CK_RV result)
{
    CK_RV rv = p11_leave(call, result);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        log_close();
    }
    p11_life_unlock();
    return rv;
}

static void life_begin(struct p11_call *call)
{
    p11_enter_any(call, "C_Initialize");
    p11_life_lock();
}

CK_RV p11_initialize(const CK_C_INITIALIZE_ARGS *args, bool remote)
{
    struct p11_call call;
    life_begin(&call);
    return life_end(&call, initialize(args, remote));
}

huks_rc p11_start(const struct config *config)
{
    struct p11_call call;
    life_begin(&call);
    CK_RV rv = life_end(&call, p11_gate_is_open() ? p11_fail(CKR_CRYPTOKI_ALREADY_INITIALIZED, NULL)
                                                  : start(config, false));
    return rv == CKR_OK ? HUKS_OK : error_code();
}

CK_RV C_Initialize(CK_VOID_PTR args)
{
    return p11_initialize(args, false);
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
    if (module->client != NULL) {
        p11_remote_wake(module->client);
    } else {
        engine_wake(module->engine);
    }
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
