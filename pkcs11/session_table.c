/*
 * See session_table.h. Slots lie in blocks of growing size that stay until C_Finalize, so a stale handle
 * always points at a slot, and the slot's own handle decides. Free slots are a stack: the last one closed is
 * the warmest.
 */
#include "pkcs11/session_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "common/latch.h"
#include "common/memory.h"
#include "pkcs11/mechanism.h"
#include "service/user.h"

#define INDEX_BITS  24U
#define INDEX_MASK  ((1UL << INDEX_BITS) - 1)
#define FIRST_BLOCK 16U
#define BLOCKS      20U /* 16 + 32 + … : 16 million sessions */
#define NO_SLOT     UINT32_MAX
#define NO_SESSION  UINT64_MAX /* nobody's handle: nothing belongs to it */

struct slot {
    _Alignas(64) _Atomic(CK_SESSION_HANDLE) handle; /* 0: free */
    _Atomic(const struct token *) token;            /* for p11_sessions_each(): a look without the lock */
    struct latch lock;
    uint64_t generation;
    uint32_t index;
    uint32_t next_free;
    struct p11_session session;
};

/* A token that has had a session. */
struct user {
    const struct token *token;
    size_t sessions, read_only; /* under the table's lock */
    pthread_mutex_t login;
    struct user *next;
};

struct p11_sessions {
    pthread_mutex_t lock; /* counts, free slots, growing */
    uint32_t first_free;
    atomic_uint slots; /* ever used */
    uint64_t first_generation;
    _Atomic(struct slot *) blocks[BLOCKS];
    _Atomic(struct user *) users;
};

struct p11_sessions *p11_sessions_new(void)
{
    struct p11_sessions *sessions = calloc(1, sizeof(*sessions));
    if (sessions != NULL) {
        /* Handles of the module's former life are none of this one's: begin somewhere else each time. */
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        sessions->first_generation = (((uint64_t)now.tv_nsec >> 4) & 0x7fff) << INDEX_BITS;
        sessions->first_free = NO_SLOT;
        pthread_mutex_init(&sessions->lock, NULL);
    }
    return sessions;
}

/* ---- slots ---- */

static uint32_t block_size(unsigned block)
{
    return FIRST_BLOCK << block;
}

/* Where the index lies: blocks before `block` hold FIRST_BLOCK * (2^block - 1). */
static unsigned block_of(uint32_t index)
{
    return 31U - (unsigned)__builtin_clz(index / FIRST_BLOCK + 1);
}

static struct slot *slot_at(struct p11_sessions *sessions, uint32_t index)
{
    unsigned block = block_of(index);
    if (block >= BLOCKS) {
        return NULL;
    }
    struct slot *slots = atomic_load_explicit(&sessions->blocks[block], memory_order_acquire);
    return slots == NULL ? NULL : &slots[index - (block_size(block) - FIRST_BLOCK)];
}

/* Under the table's lock. A slot that was never used, NULL when there is no memory or no number left. */
static struct slot *slot_new(struct p11_sessions *sessions)
{
    uint32_t index = atomic_load_explicit(&sessions->slots, memory_order_relaxed);
    unsigned block = block_of(index);
    if (block >= BLOCKS || index + 1 > INDEX_MASK) {
        return NULL;
    }
    if (atomic_load_explicit(&sessions->blocks[block], memory_order_relaxed) == NULL) {
        struct slot *slots = aligned_alloc(_Alignof(struct slot), block_size(block) * sizeof(struct slot));
        if (slots == NULL) {
            return NULL;
        }
        for (uint32_t i = 0; i < block_size(block); i++) {
            slots[i] = (struct slot){.generation = sessions->first_generation, .index = index + i};
        }
        atomic_store_explicit(&sessions->blocks[block], slots, memory_order_release);
    }
    atomic_store_explicit(&sessions->slots, index + 1, memory_order_release);
    return slot_at(sessions, index);
}

static struct slot *slot_of(struct p11_session *session)
{
    return (struct slot *)((char *)session - offsetof(struct slot, session));
}

/* ---- finding ---- */

struct p11_session *p11_session_lock(struct p11_sessions *sessions, CK_SESSION_HANDLE handle)
{
    CK_ULONG number = handle & INDEX_MASK;
    struct slot *slot = number == 0 ? NULL : slot_at(sessions, (uint32_t)(number - 1));
    if (slot == NULL || atomic_load(&slot->handle) != handle) {
        return NULL;
    }
    latch_lock(&slot->lock);
    if (atomic_load(&slot->handle) != handle) {
        latch_unlock(&slot->lock); /* closed while we waited */
        return NULL;
    }
    return &slot->session;
}

void p11_session_unlock(struct p11_session *session)
{
    latch_unlock(&slot_of(session)->lock);
}

void p11_session_interrupt(struct p11_sessions *sessions, CK_SESSION_HANDLE handle)
{
    CK_ULONG number = handle & INDEX_MASK;
    struct slot *slot = number == 0 ? NULL : slot_at(sessions, (uint32_t)(number - 1));
    const struct token *token = slot == NULL ? NULL : atomic_load(&slot->token);
    if (token != NULL && atomic_load(&slot->handle) == handle) {
        user_cancel((struct token *)(uintptr_t)token, handle); /* tokens live as long as the engine */
    }
}

/* ---- tokens that have sessions ---- */

static struct user *user_find(struct p11_sessions *sessions, const struct token *token)
{
    struct user *user = atomic_load_explicit(&sessions->users, memory_order_acquire);
    while (user != NULL && user->token != token) {
        user = user->next;
    }
    return user;
}

/* Under the table's lock. */
static struct user *user_make(struct p11_sessions *sessions, const struct token *token)
{
    struct user *user = user_find(sessions, token);
    if (user == NULL && (user = calloc(1, sizeof(*user))) != NULL) {
        user->token = token;
        user->next = atomic_load_explicit(&sessions->users, memory_order_relaxed);
        pthread_mutex_init(&user->login, NULL);
        atomic_store_explicit(&sessions->users, user, memory_order_release);
    }
    return user;
}

static void user_count(struct user *user, bool read_write, bool more)
{
    size_t one = more ? 1 : (size_t)-1;
    user->sessions += one;
    user->read_only += read_write ? 0 : one;
}

void p11_login_lock(struct p11_sessions *sessions, const struct token *token)
{
    pthread_mutex_lock(&user_find(sessions, token)->login);
}

void p11_login_unlock(struct p11_sessions *sessions, const struct token *token)
{
    pthread_mutex_unlock(&user_find(sessions, token)->login);
}

size_t p11_sessions_read_only(struct p11_sessions *sessions, const struct token *token)
{
    pthread_mutex_lock(&sessions->lock);
    struct user *user = user_find(sessions, token);
    size_t count = user == NULL ? 0 : user->read_only;
    pthread_mutex_unlock(&sessions->lock);
    return count;
}

/*
 * Under the table's lock: the session begins to count, and has a slot. An SO's login and a read-only session exclude
 * each other. One lock for both: opening and closing a session is what some hosts do for each signature.
 */
static CK_RV slot_take(struct p11_sessions *sessions, const struct p11_opening *opening, struct slot **out)
{
    bool read_write = (opening->flags & CKF_RW_SESSION) != 0, used = sessions->first_free != NO_SLOT;
    struct user *user = user_make(sessions, opening->token);
    if (!read_write && token_role(opening->token) == AUTH_SO) {
        return p11_fail(CKR_SESSION_READ_WRITE_SO_EXISTS, NULL);
    }
    struct slot *slot = user == NULL ? NULL : used ? slot_at(sessions, sessions->first_free) : slot_new(sessions);
    if (slot == NULL) {
        return p11_fail(CKR_HOST_MEMORY, NULL);
    }
    if (used) {
        sessions->first_free = slot->next_free;
    }
    user_count(user, read_write, true);
    *out = slot;
    return CKR_OK;
}

/*
 * Counts no longer, and the slot is free for the next one, who waits for its lock. The last session of a token
 * takes the login with it (PKCS #11, C_CloseSession).
 */
static void slot_return(struct p11_sessions *sessions, struct slot *slot)
{
    const struct p11_session *session = &slot->session;
    pthread_mutex_lock(&sessions->lock);
    struct user *user = user_find(sessions, session->token);
    if (user->sessions == 1 && token_role(session->token) != AUTH_NOBODY) {
        token_logout(session->token);
    }
    user_count(user, p11_session_rw(session), false);
    slot->next_free = sessions->first_free;
    sessions->first_free = slot->index;
    pthread_mutex_unlock(&sessions->lock);
}

/* ---- opening and closing ---- */

CK_RV p11_session_open(struct p11_sessions *sessions, const struct p11_opening *opening, CK_SESSION_HANDLE *handle)
{
    struct slot *slot = NULL;
    bool read_write = (opening->flags & CKF_RW_SESSION) != 0;
    /* First: who is logged in can be asked of a token that is open. */
    P11_TRY_HUKS(token_session_opened(opening->token, NO_SESSION, read_write), P11_AT_TOKEN);
    pthread_mutex_lock(&sessions->lock);
    CK_RV rv = slot_take(sessions, opening, &slot);
    pthread_mutex_unlock(&sessions->lock);
    if (rv != CKR_OK) {
        token_session_closed(opening->token, NO_SESSION, read_write);
        return rv;
    }
    /* Who closed the slot's former session may still be on the way out of it. */
    latch_lock(&slot->lock);
    /* No operation is pending in it, and no search: the former session's ended with it. */
    struct p11_session *session = &slot->session;
    session->handle = (++slot->generation << INDEX_BITS) | (slot->index + 1);
    session->token = opening->token;
    session->flags = opening->flags;
    session->application = opening->application;
    session->notify = opening->notify;
    session->last_error = 0;
    *handle = session->handle;
    atomic_store_explicit(&slot->token, session->token, memory_order_relaxed);
    atomic_store_explicit(&slot->handle, session->handle, memory_order_release);
    latch_unlock(&slot->lock);
    return CKR_OK;
}

void p11_session_close(struct p11_sessions *sessions, struct p11_session *session)
{
    struct slot *slot = slot_of(session);
    struct token *token = session->token;
    CK_SESSION_HANDLE handle = session->handle;
    bool read_write = p11_session_rw(session);
    atomic_store(&slot->handle, CK_INVALID_HANDLE);
    atomic_store(&slot->token, NULL);
    p11_operations_free(session);
    slot_return(sessions, slot);
    token_session_closed(token, handle, read_write);
}

void p11_sessions_each(struct p11_sessions *sessions, const struct token *token,
                       void (*visit)(struct p11_sessions *sessions, struct p11_session *session))
{
    uint32_t count = atomic_load_explicit(&sessions->slots, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = slot_at(sessions, i);
        if (atomic_load(&slot->token) != token) {
            continue;
        }
        latch_lock(&slot->lock);
        if (atomic_load(&slot->token) == token) {
            visit(sessions, &slot->session);
        }
        latch_unlock(&slot->lock);
    }
}

void p11_sessions_free(struct p11_sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    for (struct user *user = atomic_load(&sessions->users); user != NULL; user = user->next) {
        p11_sessions_each(sessions, user->token, p11_session_close);
    }
    for (unsigned block = 0; block < BLOCKS; block++) {
        struct slot *slots = atomic_load(&sessions->blocks[block]);
        free(slots);
    }
    for (struct user *user = atomic_load(&sessions->users), *next; user != NULL; user = next) {
        next = user->next;
        pthread_mutex_destroy(&user->login);
        free(user);
    }
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}
