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

#include <stdatomic.h>

#include "pkcs11/call.h"
#include "pkcs11/session_table.h"

/* Places of the mechanism table's index. */
#define P11_MECHANISM_SLOTS 2048u

struct p11_module {
    struct engine *engine;
    struct p11_sessions *sessions;
    atomic_bool offered[P11_MECHANISM_SLOTS]; /* mechanisms asked for before that are there */
    struct p11_module *next; /* in a child: another parent's */
};

/* While a call runs, and until p11_gate_drain() has returned. */
struct p11_module *p11_module(void);

/* ---- the life of the module, for C_Initialize and C_Finalize ---- */

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
