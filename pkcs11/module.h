/*
 * The module in this process: between C_Initialize and C_Finalize there is one struct p11_module, and the
 * gate through which every call passes.
 *
 * The gate's state lies in a page that the kernel wipes in a forked child. So the child finds the gate shut,
 * its locks free and nobody counted, whatever the parent's threads were doing; the parent's module is kept
 * reachable there and never touched.
 */
#ifndef HUKS_PKCS11_MODULE_H
#define HUKS_PKCS11_MODULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "ipc/client.h"
#include "pkcs11/call.h"
#include "pkcs11/session_table.h"

/* Places of the mechanism table's index. */
#define P11_MECHANISM_SLOTS 2048u

struct p11_module {
    struct engine *engine;      /* NULL, and no sessions, where the service has them */
    struct p11_sessions *sessions;
    struct ipc_client *client;  /* the service; NULL: the engine is in this process  */
    pid_t process;
    atomic_bool offered[P11_MECHANISM_SLOTS]; /* mechanisms asked for before that are there */
    struct p11_module *next; /* in a child: another parent's */
};

/* How calls are carried out. */
enum p11_gate_mode { P11_SHUT, P11_LOCAL, P11_REMOTE };

#define P11_GATE_SIZE    4096U
#define P11_GATE_STRIPES 24U

/* All zero is the state of a process without a module: mutex free (PTHREAD_MUTEX_INITIALIZER), gate shut. */
union p11_gate {
    struct {
        pthread_mutex_t life;
        _Atomic(struct p11_module *) module;
        atomic_uchar mode; /* enum p11_gate_mode */
        atomic_bool draining;
        struct {
            _Alignas(128) atomic_uint running;
        } stripes[P11_GATE_STRIPES];
    };
    unsigned char page[P11_GATE_SIZE];
};
extern union p11_gate p11_gate __attribute__((visibility("hidden")));

/* Is it the service that carries calls out? One load, of what a call that enters reads anyway. */
static inline bool p11_gate_remote(void)
{
    return __builtin_expect(atomic_load_explicit(&p11_gate.mode, memory_order_relaxed) == P11_REMOTE, 0);
}

/* While a call runs, and until p11_gate_drain() has returned. */
struct p11_module *p11_module(void);

/* ---- the life of the module, for C_Initialize and C_Finalize ---- */

/*
 * C_Initialize. With `remote` the configuration may name a service to be its client; a program that is linked with the
 * front end, and does not go by way of dispatch.c, is none.
 */
CK_RV p11_initialize(const CK_C_INITIALIZE_ARGS *args, bool remote);
/* The same with a configuration that is read already; its own error. For a worker of the service. */
HUKS_MUST_USE huks_rc p11_start(const struct config *config);
bool p11_module_forked(const struct p11_module *module);
/* In a child: lets go of what was the parent's. */
void p11_module_abandon(struct p11_module *module);

/* One at a time. In a child the parent's lock is no lock. */
void p11_life_lock(void);
void p11_life_unlock(void);
/* Is the gate open in this process? */
bool p11_gate_is_open(void);
/* Lets calls in. The module stays the caller's. */
void p11_gate_open(struct p11_module *module);
/* Lets no call in from now on; those inside go on. Returns the module, NULL when the gate was shut. */
struct p11_module *p11_gate_shut(void);
/* Waits until the last call has left. */
void p11_gate_drain(void);

#endif
