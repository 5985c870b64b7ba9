/*
 * What a request or a reply carries: numbers and byte strings, written and read in one order.
 *
 * Both ends are processes of one machine and one build of the wire (IPC_VERSION, ipc/wire.h): numbers are 64
 * bits in the machine's order. Writing: running out of memory sticks (`failed`), later puts do nothing.
 * Reading: going over the end sticks the same way, and gives zeros and absent bytes; so a reader checks once,
 * at its end. Whatever was in a message is cleansed when it is reset or freed: PINs and key values pass
 * through here.
 */
#ifndef HUKS_IPC_MESSAGE_H
#define HUKS_IPC_MESSAGE_H

#include "common/error.h"
#include "common/memory.h"

/* Zero-initialise; ipc_message_free() any time. */
struct ipc_message {
    struct buffer bytes;
    size_t at; /* where reading goes on */
    bool failed;
};

void ipc_message_reset(struct ipc_message *message); /* empty again, for writing; keeps its room */
void ipc_message_free(struct ipc_message *message);

void ipc_put_number(struct ipc_message *message, uint64_t number);
/* NULL is absent, which a reader can tell from empty. */
void ipc_put_bytes(struct ipc_message *message, const void *data, size_t size);

uint64_t ipc_get_number(struct ipc_message *message);
/* A view into the message, aligned for any type; valid until it is changed. */
struct bytes ipc_get_bytes(struct ipc_message *message);
/* Everything was there and nothing is left over: HUKS_OK; else 12000005 ABOUT_IPC_MESSAGE, or 12000014 after
 * a failed put. */
HUKS_MUST_USE huks_rc ipc_message_end(struct ipc_message *message);

/* The calling thread's error record (code, about, sentence), and the same raised again at the other end:
 * returns its code. */
void ipc_put_error(struct ipc_message *message);
HUKS_MUST_USE huks_rc ipc_get_error(struct ipc_message *message);

#endif
