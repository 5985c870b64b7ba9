/*
 * A file that gets its name when it is whole. Where there is no name to give (standard output, a pipe, a
 * device) bytes go out as they come.
 */
#include "tools/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static huks_rc target_failure(const char *verb, const struct ctl_target *target)
{
    return error_raisef(HUKS_E_FILE, errno == ENOSPC ? ABOUT_NO_SPACE : ABOUT_FILE, "%s %s: %s", verb,
                        target->path, strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static huks_rc open_at_once(struct ctl_target *target)
{
    target->fd = open(target->path, O_WRONLY | O_CLOEXEC);
    return target->fd >= 0 ? HUKS_OK : target_failure("open", target);
}

huks_rc ctl_target_open(const struct ctl *ctl, const char *what, struct ctl_target *target)
{
    const char *path = ctl_option(ctl, OPTION_OUTPUT);
    struct stat status;
    if (path == NULL || strcmp(path, "-") == 0) {
        if (isatty(STDOUT_FILENO) != 0) {
            return ctl_usage(ctl, "%s is binary: name a file with --output", what);
        }
        target->path = "standard output";
        target->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        return target->fd >= 0 ? HUKS_OK : target_failure("open", target);
    }
    target->path = path;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return open_at_once(target);
    }
    if (asprintf(&target->temporary, "%s.XXXXXX", path) < 0) {
        target->temporary = NULL;
        return error_no_memory();
    }
    target->fd = mkostemp(target->temporary, O_CLOEXEC); /* 0600 */
    if (target->fd < 0) {
        huks_rc rc = target_failure("make", target);
        free(target->temporary);
        target->temporary = NULL;
        return rc;
    }
    return HUKS_OK;
}

bool ctl_target_waits(const struct ctl_target *target)
{
    return target->temporary != NULL;
}

huks_rc ctl_target_write(const struct ctl_target *target, struct bytes data)
{
    while (data.size > 0) {
        ssize_t wrote = write(target->fd, data.data, data.size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return target_failure("write", target);
        }
        data = bytes_of(data.data + wrote, data.size - (size_t)wrote);
    }
    return HUKS_OK;
}

/* The name counts when the directory has it on disk. */
static bool sync_directory(const char *path)
{
    AUTO(memory_free_ptr) char *copy = strdup(path);
    if (copy == NULL) {
        return false;
    }
    AUTO(ctl_file_close) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

huks_rc ctl_target_keep(struct ctl_target *target)
{
    if (target->temporary == NULL) {
        return HUKS_OK;
    }
    if (fsync(target->fd) != 0 || rename(target->temporary, target->path) != 0) {
        return target_failure("write", target);
    }
    free(target->temporary);
    target->temporary = NULL;
    return sync_directory(target->path) ? HUKS_OK : target_failure("write the directory of", target);
}

void ctl_target_close(struct ctl_target *target)
{
    ctl_file_close(&target->fd);
    if (target->temporary != NULL) {
        unlink(target->temporary);
        free(target->temporary);
    }
}
