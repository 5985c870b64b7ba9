/*
 * The user's own files: what is signed, imported, and written out. Never the store's.
 */
#include "tools/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static huks_rc file_failure(const char *verb, const char *path)
{
    return error_raisef(HUKS_E_FILE, errno == ENOSPC ? ABOUT_NO_SPACE : ABOUT_FILE, "%s %s: %s", verb, path,
                        strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
}

huks_rc ctl_file_open(const char *path, int *fd)
{
    *fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    return *fd >= 0 ? HUKS_OK : file_failure("open", path);
}

void ctl_file_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

huks_rc ctl_file_read(int fd, const char *path, void *out, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, (uint8_t *)out + *got, size - *got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return file_failure("read", path);
        }
        if (n == 0) {
            break;
        }
        *got += (size_t)n;
    }
    return HUKS_OK;
}

huks_rc ctl_file_load(const char *path, size_t most, struct secret *out)
{
    AUTO(ctl_file_close) int fd = -1;
    HUKS_TRY(ctl_file_open(path, &fd));
    size_t got = 0;
    HUKS_TRY(secret_alloc(out, most + 1));
    HUKS_TRY(ctl_file_read(fd, path, out->data, out->size, &got));
    if (got > most) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN, "size of %s: more than %zu bytes", path,
                            most);
    }
    secret_shrink(out, got);
    return HUKS_OK;
}

static huks_rc write_all(int fd, const char *path, struct bytes data)
{
    size_t done = 0;
    while (done < data.size) {
        ssize_t n = write(fd, data.data + done, data.size - done);
        if (n < 0 && errno != EINTR) {
            return file_failure("write", path);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return HUKS_OK;
}

huks_rc ctl_file_put_text(const struct ctl *ctl, struct bytes data)
{
    const char *path = ctl_option(ctl, OPTION_OUTPUT);
    if (path == NULL || strcmp(path, "-") == 0) {
        return write_all(STDOUT_FILENO, "standard output", data);
    }
    AUTO(ctl_file_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd >= 0 ? write_all(fd, path, data) : file_failure("open", path);
}

huks_rc ctl_file_put(const struct ctl *ctl, struct bytes data)
{
    const char *path = ctl_option(ctl, OPTION_OUTPUT);
    if ((path == NULL || strcmp(path, "-") == 0) && isatty(STDOUT_FILENO) != 0) {
        return ctl_usage(ctl, "this is binary: name a file with --output");
    }
    return ctl_file_put_text(ctl, data);
}
