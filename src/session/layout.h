/*
 * The table in shared memory.
 *
 * Everything that changes is one 64-bit word per thing, changed by compare-and-swap only, and says itself
 * who owns it. There is no lock, no list and no counter that a death could leave half done: a process that
 * dies at any instruction leaves words that name a dead owner, and whoever needs a session frees them.
 *
 *   slot    a session. FREE, HELD or BUSY by a row, or OFFERED to a waiter.
 *   row     an engine instance. Its life is an OFD lock on one byte of the file, which the kernel releases,
 *           and pid + start time for the case that a child has inherited the descriptor.
 *   tally   a number under a name: wrong PINs, where they can't be written into the store.
 *   hold    an instance that is doing something under a name: testing such a PIN.
 *   waiter  a waiting thread, with the futex it sleeps on. A bitmap says which are taken, so that whoever
 *           returns a session looks at one cache line to learn that nobody waits.
 *
 * A word is   generation:32 | index:10 | tag:12 | touches:7 | state:3.
 * A taken slot's generation is   seat:6 | count:26,   by slot.c; everybody else only counts.
 * Index and tag together name an owner: a row and the low bits of how often it was claimed (in an OFFERED
 * slot: a waiter). A slot's owner is alive only if the row's word names the same owner and is USED. So every
 * stale or damaged word is seen as such, every index is in range by its width, and the whole dynamic part
 * may be overwritten with noise: sessions may be lost to their holders, nobody hangs or crashes.
 *
 * The layout is the same for 32- and 64-bit processes of one machine. The other byte order has another magic.
 */
#ifndef HUKS_SESSION_LAYOUT_H
#define HUKS_SESSION_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SESSION_SLOTS = 4096,
    SESSION_ROWS = 1024,
    SESSION_WAITERS = 512,
    SESSION_WAITER_WORDS = SESSION_WAITERS / 64,
    SESSION_TALLIES = 48,
    SESSION_HOLDS = 128,
    SESSION_VERSION = 1,
};
#define SESSION_MAGIC UINT64_C(0x48554b5353455353) /* "HUKSSESS", as a number: tells the byte order */

/* Other processes must see our compare-and-swap: where 64-bit atomics are made of a hidden lock, don't share.
 */
#if ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2
#define SESSION_SHAREABLE 1
#else
#define SESSION_SHAREABLE 0
#endif

#define SESSION_WORD _Alignas(8) _Atomic uint64_t

enum session_state {
    STATE_FREE = 0,    /* slot, row, waiter: nobody's */
    STATE_HELD = 1,    /* slot: an operation is begun */
    STATE_BUSY = 2,    /* slot: and a call of it is running, so it is not idle */
    STATE_OFFERED = 3, /* slot: handed to a waiter who has not come for it yet */
    STATE_USED = 4,    /* row, waiter: somebody's */
};

static inline uint32_t word_state(uint64_t word)
{
    return (uint32_t)(word & 0x7u);
}

/* Index and tag, as they stand in a word: comparing owners is comparing numbers. */
static inline uint32_t word_owner(uint64_t word)
{
    return (uint32_t)((word >> 10) & 0x3fffffu);
}

static inline uint32_t word_generation(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint64_t word_make(uint32_t generation, uint32_t owner, uint32_t state)
{
    return ((uint64_t)generation << 32) | ((uint64_t)(owner & 0x3fffffu) << 10) | (state & 0x7u);
}

/* The same word once more, for one who compares with what it was: a touch defeats a running eviction. */
static inline uint64_t word_touched(uint64_t word, uint32_t state)
{
    uint64_t touches = ((word >> 3) + 1) & 0x7fu;
    return (word & ~UINT64_C(0x3ff)) | (touches << 3) | state;
}

static inline uint32_t owner_make(uint32_t index, uint32_t tag)
{
    return ((index & 0x3ffu) << 12) | (tag & 0xfffu);
}

static inline uint32_t owner_index(uint32_t owner)
{
    return owner >> 12;
}

static inline uint32_t owner_tag(uint32_t owner)
{
    return owner & 0xfffu;
}

struct session_slot {
    SESSION_WORD word;
    SESSION_WORD used_ms; /* last use; time of the offer in an OFFERED slot */
};

struct session_row {
    _Alignas(64) _Atomic uint64_t word;
    /* Who: written by the owner of the byte lock before the word says USED. 0 is "not known". */
    SESSION_WORD boot;    /* of the boot id: pids of another machine or boot mean nothing */
    SESSION_WORD pid_ns;  /* inode of the pid namespace: nor do those of another namespace */
    SESSION_WORD time_ns; /* of the time namespace: monotonic clocks differ between them */
    SESSION_WORD start;   /* start time in clock ticks after boot, /proc/PID/stat */
    _Atomic uint32_t pid;
    _Atomic uint32_t uncounted; /* sessions of an instance without a limit */
};

struct session_waiter {
    _Alignas(32) _Atomic uint64_t word;
    SESSION_WORD since_ns;  /* when it began to wait */
    _Atomic uint32_t bell;  /* the futex: see wait.c */
    _Atomic uint32_t limit; /* can use slots below this */
};

/* A number that processes share under a name; 0: nobody's. Nobody has to give one back. */
struct session_tally {
    SESSION_WORD name;
    SESSION_WORD count;
};

/* Something that an instance does under a name, until it says so or dies: BUSY while the name is being written. */
struct session_held {
    SESSION_WORD word; /* as a slot's */
    SESSION_WORD name;
};

/* Never changes once the file has its name. */
struct session_head {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* of the whole file */
    uint32_t slots, slots_at;
    uint32_t rows, rows_at;
    uint32_t waiters, waiters_at;
    uint64_t made;     /* random: tells two tables apart */
    uint64_t checksum; /* of all above */
};

struct session_shared {
    _Alignas(64) struct session_head head;

    _Alignas(64) _Atomic uint64_t reaped_ns; /* when somebody last looked for the dead */
    SESSION_WORD waits;
    SESSION_WORD refusals;
    SESSION_WORD evictions;

    _Alignas(64) _Atomic uint64_t waiting[SESSION_WAITER_WORDS]; /* a bit per waiter in use */

    _Alignas(64) struct session_tally tallies[SESSION_TALLIES];
    struct session_held holds[SESSION_HOLDS];
    uint8_t reserved[4096 - 192 - 16 * (SESSION_TALLIES + SESSION_HOLDS)]; /* zero */

    struct session_slot slots[SESSION_SLOTS];
    struct session_row rows[SESSION_ROWS];
    struct session_waiter waiters[SESSION_WAITERS];
};

_Static_assert(sizeof(struct session_head) == 56, "head has no padding");
_Static_assert(offsetof(struct session_shared, waiting) == 128, "one line for the bitmap");
_Static_assert(offsetof(struct session_shared, slots) == 4096, "layout is fixed");
_Static_assert(sizeof(struct session_tally) == 16 && sizeof(struct session_held) == 16, "layout is fixed");
_Static_assert(sizeof(struct session_slot) == 16 && sizeof(struct session_row) == 64 &&
                   sizeof(struct session_waiter) == 32,
               "layout is fixed");
_Static_assert(SESSION_ROWS <= 1024 && SESSION_WAITERS <= 1024, "an index has ten bits");

/* Neighbouring sessions lie in different cache lines: four to a line, a quarter of the array apart. */
static inline struct session_slot *shared_slot(struct session_shared *shared, uint32_t number)
{
    enum { LINES = SESSION_SLOTS / 4 };
    return &shared->slots[(number % LINES) * 4 + number / LINES % 4];
}

#endif
