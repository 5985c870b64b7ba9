/*
 * Frames on a stream socket: a header, then as many bytes as it says. Both ends trust nothing that they read:
 * a frame of another kind than may come, of another version's magic or too large ends the connection, and
 * memory is taken as bytes arrive, never on the header's word.
 *
 * A client connects (its *control* channel), says IPC_HELLO, and is answered IPC_REPLY or IPC_ERROR. On the
 * control channel it then only passes further channels (IPC_CHANNEL, one descriptor of a socket pair,
 * answered likewise); every other channel carries calls, one at a time:
 *
 *     IPC_CALL → (IPC_QUESTION ← , IPC_ANSWER or IPC_ERROR →)* IPC_REPLY or IPC_ERROR ←
 *
 * Whoever closes its control channel is gone.
 */
#ifndef HUKS_IPC_WIRE_H
#define HUKS_IPC_WIRE_H

#include <sys/types.h>

#include "ipc/message.h"

/* Both ends come from one build of the project; the header and IPC_HELLO's answer never change. */
#define IPC_VERSION       1
#define IPC_MAGIC         0x534b5548 /* HUKS */
#define IPC_SIZE_MAX      ((size_t)1 << 30)
#define IPC_ROOM_LEAST    ((size_t)1024)
#define IPC_CHANNELS      64  /* of one client, besides the control channel */
#define IPC_CHANNELS_WAIT 48  /* of these: for calls that may wait */
#define IPC_CHANNELS_PASS 63  /* … for calls but the one that wakes the others */
#define IPC_SENTENCE_SIZE 512 /* of an error's sentence, with its NUL */

enum ipc_kind {
    IPC_HELLO = 1, /* function: the client's IPC_VERSION; a number: its door */
    IPC_CHANNEL,   /* with a descriptor */
    IPC_CALL,      /* function: the door's own */
    IPC_REPLY,
    IPC_ERROR, /* ipc_put_error(): what failed is the passing, not what was asked */
    IPC_QUESTION,
    IPC_ANSWER,
};

struct ipc_header {
    uint32_t magic;
    uint32_t kind;
    uint32_t function;
    uint32_t reserved; /* 0 */
    uint64_t size;     /* of what follows */
};

/*
 * One end of a socket. A host may close descriptors that it doesn't know, and get their numbers for files of
 * its own: before each use they are compared with what they were. `ino` 0: nobody closes them (the service's
 * own).
 */
struct ipc_end {
    int fd; /* -1: none */
    dev_t dev;
    ino_t ino;
};
#define IPC_END_NONE ((struct ipc_end){-1, 0, 0})

enum ipc_passed {
    IPC_PASSED,
    IPC_LOST, /* the connection ended, or the descriptor is no more ours: nothing was sent, or nothing came */
    IPC_GARBAGE, /* what came is no frame */
    IPC_FULL,    /* the frame came, and there was no memory for it: it was read and thrown away */
};

/* Takes `fd` over: above the standard descriptors, close-on-exec, with its identity. False: it is closed. */
bool ipc_end_take(int fd, struct ipc_end *end);
bool ipc_end_ours(const struct ipc_end *end);
void ipc_end_shut(const struct ipc_end *end); /* ends what waits on it, at both sides */
void ipc_end_close(struct ipc_end *end);      /* closes it if it is still ours */

/* Sends the whole message. `descriptor` -1: none. */
enum ipc_passed ipc_send(const struct ipc_end *end, enum ipc_kind kind, uint32_t function,
                         const struct ipc_message *message, int descriptor);
/*
 * Receives the next frame. `descriptor` NULL: the kernel throws one that came away; else -1 or, whatever the
 * result is, one to close.
 */
enum ipc_passed ipc_receive(const struct ipc_end *end, struct ipc_header *header, struct ipc_message *message,
                            int *descriptor);

/* In message.c: room for `capacity` bytes; false: no memory, nothing has changed. */
bool ipc_message_room(struct ipc_message *message, size_t capacity);

#endif
