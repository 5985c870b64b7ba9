/* See huksd.h. */
#include "tools/huksd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "common/memory.h"

#define BACKLOG 128

static void close_ptr(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static huks_rc refuse(const char *path, const char *why)
{
    return error_raisef(HUKS_E_IPC, ABOUT_NOTHING, "socket %s %s", path, why);
}

static huks_rc cannot_make(const char *path, int error)
{
    char why[128];
    (void)snprintf(why, sizeof why, "can't be made by user %lu (%s)", (unsigned long)geteuid(),
                   strerror(error));
    return refuse(path, why);
}

huks_rc huksd_socket_inherit(struct huksd_socket *out)
{
#ifdef HAVE_LIBSYSTEMD
    int count = sd_listen_fds(1);
    if (count == 0) {
        return HUKS_OK;
    }
    if (count != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0) {
        return error_raise(HUKS_E_IPC, ABOUT_NOTHING,
                           "socket that was handed over is not one listening Unix socket");
    }
    int flags = fcntl(SD_LISTEN_FDS_START, F_GETFL);
    if (flags < 0 || fcntl(SD_LISTEN_FDS_START, F_SETFL, flags | O_NONBLOCK) != 0) {
        return error_raise(HUKS_E_IPC, ABOUT_NOTHING, "socket that was handed over can't be used");
    }
    out->fd = SD_LISTEN_FDS_START;
#else
    (void)out;
#endif
    return HUKS_OK;
}

void huksd_tell(const char *state)
{
#ifdef HAVE_LIBSYSTEMD
    (void)sd_notify(0, state);
#else
    (void)state;
#endif
}

/* The directory's descriptor, locked: two that start at once look one after the other. */
static int directory_open(const char *path)
{
    char directory[sizeof(((struct huksd_socket *)0)->path)];
    (void)snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    *(slash == directory ? slash + 1 : slash) = '\0';
    mode_t mask = umask(022);
    int made = mkdir(directory, 0755) == 0 ? 0 : errno;
    (void)umask(mask);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && made != 0) {
        errno = made; /* why there is none */
    }
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
    return fd;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    AUTO(close_ptr) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* EAGAIN: its queue is full. */
    return fd >= 0 &&
           (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
}

/* Whether the name is free or may be taken over. */
static huks_rc examine(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) != 0) {
        return errno == ENOENT ? HUKS_OK : refuse(address->sun_path, strerror(errno));
    }
    if (!S_ISSOCK(file.st_mode)) {
        return refuse(address->sun_path, "is a file of another kind");
    }
    return somebody_listens(address) ? refuse(address->sun_path, "has another huksd") : HUKS_OK;
}

/* Bound under another name and renamed: at the well-known one there is never a socket where nobody listens
 * yet. */
static huks_rc publish(const struct sockaddr_un *address, struct huksd_socket *out)
{
    struct sockaddr_un fresh = {.sun_family = AF_UNIX};
    struct stat file;
    int length = snprintf(fresh.sun_path, sizeof fresh.sun_path, "%s.new", address->sun_path);
    if (length < 0 || (size_t)length >= sizeof fresh.sun_path) {
        return refuse(address->sun_path, "has too long a name");
    }
    (void)unlink(fresh.sun_path);
    AUTO(close_ptr) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0111); /* 0666: who may connect is everybody, and who he is says the kernel */
    int bound = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&fresh, sizeof fresh);
    (void)umask(mask);
    if (bound != 0 || listen(fd, BACKLOG) != 0 || lstat(fresh.sun_path, &file) != 0 ||
        rename(fresh.sun_path, address->sun_path) != 0) {
        huks_rc rc = cannot_make(address->sun_path, errno);
        (void)unlink(fresh.sun_path);
        return rc;
    }
    out->dev = file.st_dev;
    out->ino = file.st_ino;
    out->fd = fd;
    fd = -1;
    return HUKS_OK;
}

huks_rc huksd_socket_make(const char *path, struct huksd_socket *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) {
        return refuse(path, "is no absolute path, or too long a one");
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    AUTO(close_ptr) int directory = directory_open(path);
    if (directory < 0) {
        return cannot_make(path, errno);
    }
    HUKS_TRY(examine(&address));
    HUKS_TRY(publish(&address, out));
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    return HUKS_OK;
}

void huksd_socket_remove(struct huksd_socket *socket)
{
    struct stat file;
    if (socket->path[0] != '\0' && lstat(socket->path, &file) == 0 && file.st_dev == socket->dev &&
        file.st_ino == socket->ino) {
        (void)unlink(socket->path);
    }
    if (socket->fd >= 0) {
        (void)close(socket->fd);
    }
    *socket = (struct huksd_socket){.fd = -1};
}
