/*
 * Peers of the tests of the session limit: forked processes that initialise the module anew and do what is
 * written to their pipe.
 */
#ifndef HUKS_TESTS_MODULE_LIMIT_PEER_H
#define HUKS_TESTS_MODULE_LIMIT_PEER_H

#include <sys/types.h>

#include "limit.h"

enum order {
    HOLD,   /* begin so many operations more: what is held then, and the last answer */
    END,    /* end them all: the first answer that is not OK */
    LIMITS, /* GetLimits */
    FINALIZE,
    FORK,  /* a process that only lives: its number is the count */
    LEAVE, /* without C_Finalize */
};

struct reply {
    CK_RV rv;
    CK_LONG code;
    char message[256];
    unsigned count; /* sessions held, or the forked process */
    struct huks_limits limits;
};

struct peer {
    pid_t process;
    int to;
    int from;
};

/* Fails the test unless the peer is initialised and found the_key. */
void peer_start(struct peer *peer, const char *configuration);
struct reply peer_ask(const struct peer *peer, enum order order, unsigned count);
void peer_leave(const struct peer *peer);
void peer_kill(const struct peer *peer);
/* The same as full(), there. */
void peer_full(const struct peer *peer);

#endif
