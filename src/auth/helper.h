/*
 * The engine's side of huks-auth-helper: starting it, hearing it, ending it. What it is and says stands in
 * auth/helper_protocol.h.
 */
#ifndef HUKS_AUTH_HELPER_H
#define HUKS_AUTH_HELPER_H

#include "auth/inside.h"
#include "auth/user.h"

/* An authentication that is running, for auth_cancel(). */
struct helper_run {
    struct helper_run *next;
    uint64_t owner;
    int socket; /* -1: not yet, or no more */
    bool cancelled;
};

struct helper_answer {
    char account[AUTH_NAME_SIZE];
    char credential[AUTH_NAME_SIZE]; /* "": not told */
};

/*
 * Asks; `kind` is the word for errors ("fingerprint"). Yes: HUKS_OK; refused: 12000008 ABOUT_FINGER; anything
 * else: 12000015 saying what; auth_cancel(auth, 0): 12000018 ABOUT_SHUTDOWN.
 */
HUKS_MUST_USE huks_rc helper_ask(struct auth *auth, const struct auth_request *request, const char *kind,
                                 const char *service, const char *const *accounts, size_t count,
                                 struct helper_answer *answer);

/* The installed program, or the one that $HUKS_AUTH_HELPER names (not under setuid). */
HUKS_MUST_USE huks_rc helper_find(char **path);

#endif
