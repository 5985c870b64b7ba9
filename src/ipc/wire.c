/* See wire.h. Sockets and nothing else: sendmsg() and recvmsg() refuse any other file that has got a number
 * of ours. */
#include "ipc/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_STEP ((size_t)1 << 20) /* what is taken on a header's word: pages that nobody touches cost nothing */

/* ---- ends ---- */

bool ipc_end_take(int fd, struct ipc_end *end)
{
    struct stat file;
    *end = IPC_END_NONE;
    if (fd >= 0 && fd <= STDERR_FILENO) {
        int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        (void)close(fd);
        fd = high;
    }
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &file) != 0) {
        (void)close(fd);
        return false;
    }
    *end = (struct ipc_end){fd, file.st_dev, file.st_ino};
    return true;
}

bool ipc_end_ours(const struct ipc_end *end)
{
    struct stat file;
    return end->fd >= 0 && (end->ino == 0 || (fstat(end->fd, &file) == 0 && file.st_dev == end->dev &&
                                              file.st_ino == end->ino));
}

void ipc_end_shut(const struct ipc_end *end)
{
    if (ipc_end_ours(end)) {
        (void)shutdown(end->fd, SHUT_RDWR);
    }
}

void ipc_end_close(struct ipc_end *end)
{
    if (ipc_end_ours(end)) {
        (void)close(end->fd);
    }
    *end = IPC_END_NONE;
}

/* ---- frames ---- */

static void advance(struct msghdr *frame, size_t count)
{
    while (frame->msg_iovlen > 0 && count >= frame->msg_iov->iov_len) {
        count -= frame->msg_iov->iov_len;
        frame->msg_iov++;
        frame->msg_iovlen--;
    }
    if (frame->msg_iovlen > 0) {
        frame->msg_iov->iov_base = (uint8_t *)frame->msg_iov->iov_base + count;
        frame->msg_iov->iov_len -= count;
    }
}

/* Room for exactly one descriptor: CMSG_SPACE() would have some for two. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};
#define CONTROL_SIZE CMSG_LEN(sizeof(int))

static void attach(struct msghdr *frame, union control *control, int descriptor)
{
    memset(control, 0, sizeof *control);
    frame->msg_control = control->bytes;
    frame->msg_controllen = CONTROL_SIZE;
    struct cmsghdr *header = CMSG_FIRSTHDR(frame);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
}

static int detach(struct msghdr *frame)
{
    int descriptor = -1;
    struct cmsghdr *header = frame->msg_controllen == 0 ? NULL : CMSG_FIRSTHDR(frame);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    return descriptor;
}

enum ipc_passed ipc_send(const struct ipc_end *end, enum ipc_kind kind, uint32_t function,
                         const struct ipc_message *message, int descriptor)
{
    union control control;
    struct ipc_header header = {.magic = IPC_MAGIC, .kind = (uint32_t)kind, .function = function};
    struct iovec parts[2] = {{&header, sizeof header}};
    struct msghdr frame = {.msg_iov = parts, .msg_iovlen = 1};
    if (message != NULL && message->bytes.size != 0) {
        parts[1] = (struct iovec){message->bytes.data, message->bytes.size};
        frame.msg_iovlen = 2;
        header.size = message->bytes.size;
    }
    if (descriptor >= 0) {
        attach(&frame, &control, descriptor);
    }
    while (frame.msg_iovlen > 0) {
        if (!ipc_end_ours(end)) {
            return IPC_LOST;
        }
        ssize_t count = sendmsg(end->fd, &frame, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return IPC_LOST;
        }
        frame.msg_control = NULL;
        frame.msg_controllen = 0;
        advance(&frame, (size_t)count);
    }
    return IPC_PASSED;
}

/* recvmsg() that takes at most one descriptor, and what its number means: >0, 0 for the end, -1. */
static ssize_t receive_some(const struct ipc_end *end, struct iovec *parts, size_t count, int *descriptor)
{
    union control control;
    for (;;) {
        struct msghdr frame = {.msg_iov = parts, .msg_iovlen = count};
        if (descriptor != NULL && *descriptor < 0) {
            frame.msg_control = control.bytes;
            frame.msg_controllen = CONTROL_SIZE;
        }
        if (!ipc_end_ours(end)) {
            return -1;
        }
        ssize_t got = recvmsg(end->fd, &frame, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got >= 0 && descriptor != NULL && frame.msg_control != NULL) {
            *descriptor = detach(&frame);
        }
        return got;
    }
}

static enum ipc_passed throw_away(const struct ipc_end *end, struct ipc_message *message, uint64_t size)
{
    uint8_t rest[4096] = {0};
    ipc_message_reset(message);
    while (size > 0) {
        struct iovec part = {rest, size < sizeof rest ? (size_t)size : sizeof rest};
        ssize_t got = receive_some(end, &part, 1, NULL);
        if (got <= 0) {
            return IPC_LOST;
        }
        size -= (uint64_t)got;
    }
    memory_cleanse(rest, sizeof rest);
    return IPC_FULL;
}

/* The header, and what of the message comes with it. */
static enum ipc_passed receive_header(const struct ipc_end *end, struct ipc_header *header,
                                      struct ipc_message *message, int *descriptor)
{
    struct buffer *bytes = &message->bytes;
    size_t have = 0;
    /* Without memory the header is read alone. */
    bool room = ipc_message_room(message, IPC_ROOM_LEAST);
    while (have < sizeof *header) {
        struct iovec parts[2] = {{(uint8_t *)header + have, sizeof *header - have},
                                 {bytes->data, bytes->capacity}};
        ssize_t got = receive_some(end, parts, room ? 2 : 1, descriptor);
        if (got <= 0) {
            return IPC_LOST;
        }
        have += (size_t)got;
    }
    bytes->size = have - sizeof *header;
    bool good = header->magic == IPC_MAGIC && header->reserved == 0 && header->size <= IPC_SIZE_MAX &&
                header->size >= bytes->size;
    return good ? IPC_PASSED : IPC_GARBAGE;
}

enum ipc_passed ipc_receive(const struct ipc_end *end, struct ipc_header *header, struct ipc_message *message,
                            int *descriptor)
{
    struct buffer *bytes = &message->bytes;
    if (descriptor != NULL) {
        *descriptor = -1;
    }
    ipc_message_reset(message);
    enum ipc_passed passed = receive_header(end, header, message, descriptor);
    while (passed == IPC_PASSED && bytes->size < header->size) {
        size_t missing = (size_t)header->size - bytes->size;
        if (bytes->size == bytes->capacity || bytes->data == NULL) {
            size_t step = bytes->capacity < READ_STEP ? READ_STEP : bytes->capacity;
            if (!ipc_message_room(message, bytes->capacity + (missing < step ? missing : step))) {
                return throw_away(end, message, missing);
            }
        }
        size_t room = bytes->capacity - bytes->size;
        struct iovec part = {bytes->data + bytes->size, missing < room ? missing : room};
        ssize_t got = receive_some(end, &part, 1, NULL);
        if (got <= 0) {
            return IPC_LOST;
        }
        bytes->size += (size_t)got;
    }
    return passed;
}
