/*
 * The gate, and what every call does on its way in and out; see call.h and module.h.
 *
 * A call adds itself to a counter and then looks whether the gate is open; C_Finalize shuts the gate and
 * then looks at the counters. Both fence in between (common/fence.h), so one of the two sees the other. Counters
 * are striped: threads do not share a cache line for being counted.
 */
#include "pkcs11/call.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/fence.h"
#include "pkcs11/module.h"

#define STRIPES  P11_GATE_STRIPES
#define OWNED    8U /* of them belong to one thread each: the first that come */
#define DRAIN_NS 10000000L /* how long a wake-up that got lost could cost C_Finalize */

union p11_gate p11_gate __attribute__((aligned(P11_GATE_SIZE)));
#define gate p11_gate

_Static_assert(sizeof(gate) == P11_GATE_SIZE, "the gate is one page and nothing else lies in it");

/* Does the kernel wipe the gate in a child? Without that (a page of another size) the engine's handler tells.
 */
static atomic_bool gate_wiped;

/* ---- the gate ---- */

static bool gate_foreign(void)
{
    if (atomic_load_explicit(&gate_wiped, memory_order_relaxed)) {
        return false;
    }
    struct p11_module *module = atomic_load(&gate.module);
    return module != NULL && p11_module_forked(module);
}

/* Under the life lock. In a child: the parents' modules, kept where a leak checker finds them and left alone.
 */
static struct p11_module *current;
static struct p11_module *parents;

void p11_life_lock(void)
{
    if (gate_foreign()) {
        memset(&gate, 0, sizeof(gate));
    }
    pthread_mutex_lock(&gate.life);
    if (current != NULL && atomic_load(&gate.module) == NULL) {
        p11_module_abandon(current);
        current->next = parents;
        parents = current;
        current = NULL;
    }
}

void p11_life_unlock(void)
{
    pthread_mutex_unlock(&gate.life);
}

bool p11_gate_is_open(void)
{
    return atomic_load(&gate.mode) != P11_SHUT && !gate_foreign();
}

void p11_gate_open(struct p11_module *module)
{
    bool wiped = sysconf(_SC_PAGESIZE) == P11_GATE_SIZE && madvise(&gate, P11_GATE_SIZE, MADV_WIPEONFORK) == 0;
    atomic_store(&gate_wiped, wiped);
    fence_prepare();
    current = module;
    atomic_store(&gate.module, module);
    atomic_store(&gate.mode, module->client == NULL ? P11_LOCAL : P11_REMOTE);
}

struct p11_module *p11_gate_shut(void)
{
    if (!p11_gate_is_open() || atomic_exchange(&gate.mode, P11_SHUT) == P11_SHUT) {
        return NULL;
    }
    fence_heavy();
    return atomic_load(&gate.module);
}

static void futex(atomic_uint *word, int operation, unsigned value, const struct timespec *limit)
{
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, limit, NULL, 0);
}

void p11_gate_drain(void)
{
    const struct timespec limit = {0, DRAIN_NS};
    atomic_store(&gate.draining, true);
    for (unsigned i = 0; i < STRIPES; i++) {
        unsigned running;
        while ((running = atomic_load(&gate.stripes[i].running)) != 0) {
            futex(&gate.stripes[i].running, FUTEX_WAIT, running, &limit);
        }
    }
    atomic_store(&gate.draining, false);
    atomic_store(&gate.module, NULL);
    current = NULL;
}

static void gate_leave(unsigned stripe)
{
    atomic_uint *running = &gate.stripes[stripe].running;
    unsigned left;
    if (stripe < OWNED) {
        /* Nobody else counts here. The look at `draining` may come too early: C_Finalize looks again itself. */
        left = atomic_load_explicit(running, memory_order_relaxed) - 1;
        atomic_store_explicit(running, left, memory_order_release);
    } else {
        left = atomic_fetch_sub(running, 1) - 1;
    }
    if (left == 0 && atomic_load(&gate.draining)) {
        futex(running, FUTEX_WAKE, INT_MAX, NULL);
    }
}

/* A thread's number stays its own when it has ended: later ones share what is left. */
static unsigned gate_stripe(struct error_here *mine)
{
    static atomic_uint next;
    if (mine->door_number == 0) {
        unsigned number = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
        mine->door_number = 1 + (number < OWNED ? number : OWNED + number % (STRIPES - OWNED));
    }
    return mine->door_number - 1;
}

/* In one process keys live here or in the service: who came for the other way finds the gate shut. */
static bool gate_enter(struct p11_call *call, enum p11_gate_mode mode)
{
    call->stripe = gate_stripe(call->thread);
    atomic_uint *running = &gate.stripes[call->stripe].running;
    if (call->stripe < OWNED) {
        /* Nobody else counts here. */
        unsigned now = atomic_load_explicit(running, memory_order_relaxed) + 1;
        atomic_store_explicit(running, now, memory_order_relaxed);
        fence_light();
    } else {
        atomic_fetch_add(running, 1);
    }
    call->entered = atomic_load(&gate.mode) == mode && !gate_foreign();
    if (!call->entered) {
        gate_leave(call->stripe);
    }
    return call->entered;
}

struct p11_module *p11_module(void)
{
    return atomic_load_explicit(&gate.module, memory_order_relaxed);
}

struct engine *p11_engine(void)
{
    return p11_module()->engine;
}

/* ---- in ---- */

void p11_enter_any(struct p11_call *call, const char *function)
{
    *call = (struct p11_call){.function = function, .thread = error_here()};
    call->thread->code = HUKS_OK;
}

static CK_RV enter(struct p11_call *call, const char *function, enum p11_gate_mode mode)
{
    p11_enter_any(call, function);
    return gate_enter(call, mode) ? CKR_OK : p11_fail(CKR_CRYPTOKI_NOT_INITIALIZED, NULL);
}

CK_RV p11_enter(struct p11_call *call, const char *function)
{
    return enter(call, function, P11_LOCAL);
}

CK_RV p11_enter_remote(struct p11_call *call, const char *function)
{
    return enter(call, function, P11_REMOTE);
}

static CK_RV enter_locked(struct p11_call *call, CK_SESSION_HANDLE handle)
{
    call->handle = handle;
    call->session = p11_session_lock(p11_module()->sessions, handle);
    call->locked = call->session != NULL;
    return call->locked ? CKR_OK : p11_fail(CKR_SESSION_HANDLE_INVALID, NULL);
}

CK_RV p11_enter_session(struct p11_call *call, const char *function, CK_SESSION_HANDLE handle)
{
    P11_TRY(p11_enter(call, function));
    return enter_locked(call, handle);
}

CK_RV p11_enter_cancelling(struct p11_call *call, const char *function, CK_SESSION_HANDLE handle)
{
    P11_TRY(p11_enter(call, function));
    p11_session_interrupt(p11_module()->sessions, handle);
    return enter_locked(call, handle);
}

/* ---- out ---- */

void p11_unlock_session(struct p11_call *call)
{
    if (call->locked) {
        p11_session_unlock(call->session);
        call->locked = false;
    }
}

static void note_in_session(struct p11_call *call, CK_ULONG code)
{
    if (call->session == NULL) {
        return;
    }
    if (!call->locked && !call->observes) {
        /* Given back on the way: it is closed by now, or still the same. */
        call->session = p11_session_lock(p11_module()->sessions, call->handle);
        call->locked = call->session != NULL;
    }
    if (call->locked && !call->observes) {
        call->session->last_error = code;
    }
    p11_unlock_session(call);
}

const char *p11_note(char text[P11_NOTE_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, P11_NOTE_SIZE, format, arguments);
    va_end(arguments);
    return text;
}

/* One line: function, session, arguments, CKR_*, HUKS code, message. Successes and arguments at debug only.
 * Apart from its caller, which nearly always does without it and its buffers.
 */
static __attribute__((noinline)) void log_call(const struct p11_call *call, CK_RV rv, enum log_level level)
{
    char session[32] = "";
    if (call->handle != CK_INVALID_HANDLE) {
        snprintf(session, sizeof(session), " session 0x%lx", call->handle);
    }
    const char *comma = call->note == NULL ? "" : session[0] == '\0' ? " " : ", ";
    const char *note = call->note == NULL ? "" : call->note;
    if (rv == CKR_OK) {
        log_write(level, "%s%s%s%s: CKR_OK", call->function, session, comma, note);
    } else {
        char message[256];
        log_write(level, "%s%s%s%s: %s, %d: %s", call->function, session, comma, note, p11_rv_name(rv),
                  error_code(), error_message(message, sizeof(message)));
    }
}

CK_RV p11_leave(struct p11_call *call, CK_RV rv)
{
    if (rv == CKR_OK) {
        /* What failed on the way and was made good is no failure of the call. */
        call->thread->code = HUKS_OK;
    } else if (call->thread->code == HUKS_OK) {
        p11_fail(rv, NULL);
    }
    note_in_session(call, (CK_ULONG)call->thread->code);
    call->thread->door_answer = rv;
    enum log_level level = rv == CKR_OK ? HUKS_LOG_DEBUG : HUKS_LOG_ERROR;
    if (log_enabled(level)) {
        log_call(call, rv, level);
    }
    if (call->entered) {
        gate_leave(call->stripe);
    }
    return rv;
}

CK_RV p11_last_rv(void)
{
    return error_here()->door_answer;
}
