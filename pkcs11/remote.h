/*
 * Calls that the service carries out: the client's end (remote.c) and the service's (remote_serve.c).
 *
 * A request is the arguments in the order of the signature (signature.h); a reply the CKR_*, the error
 * record, whether the call was made at all, and what it has written, in the same order. Absent and empty are
 * told apart, lengths stand beside what has none, and so it is the door in the service that judges, as the
 * one in this process would.
 */
#ifndef HUKS_PKCS11_REMOTE_H
#define HUKS_PKCS11_REMOTE_H

#include "ipc/server.h"
#include "pkcs11/signature.h"

/* What goes over beside the functions of the table; their numbers follow it. */
enum p11_remote_function {
    P11_REMOTE_PENDING =
        P11_FUNCTIONS_COUNT, /* session, enum p11_kind → mechanism of its messages, or NONE */
    P11_REMOTE_WAKE,         /* whoever waits comes back                                    */
};
#define P11_REMOTE_NONE CK_UNAVAILABLE_INFORMATION

/* For ipc_client_open(). */
enum ipc_patience p11_remote_patience(uint32_t function);

/* A function of the table, whole: entering, the round trip, leaving. */
CK_RV p11_remote_call(enum p11_function function, const p11_words words);

/* How a request gets there, and its reply back. */
struct p11_remote_way {
    huks_rc (*trip)(void *context, uint32_t function, struct ipc_message *message);
    void *context;
};
/* The same without entering and leaving, on a way of the caller's: tests. */
CK_RV p11_remote_carry(const struct p11_remote_way *way, enum p11_function function, const p11_words words);

/* For C_Finalize, before it waits for the calls inside. A service that is gone is no failure. */
void p11_remote_wake(struct ipc_client *client);

/* The front end as the service offers it. */
extern const struct ipc_served p11_served;

#endif
