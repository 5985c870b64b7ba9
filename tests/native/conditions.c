/* See conditions.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* unshare */
#endif

#include "conditions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = 8192 };

/* ---- permissions ---- */

bool heed_permissions(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    const uint32_t overriding = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;

    if (syscall(SYS_capget, &header, data) != 0) {
        return false;
    }
    data[0].effective &= ~overriding;
    data[0].permitted &= ~overriding;
    return syscall(SYS_capset, &header, data) == 0;
}

/* Calls `change` with each file in the directory, then with the directory. */
static bool each_file(const char *directory, bool (*change)(const char *path, void *argument), void *argument)
{
    char path[PATH_SIZE];
    struct dirent *entry;
    bool good = true;
    DIR *list = opendir(directory);

    if (list == NULL) {
        return false;
    }
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            good = change(path, argument) && good;
        }
    }
    closedir(list);
    return change(directory, argument) && good;
}

static bool take_bits(const char *path, void *argument)
{
    struct stat status;

    return stat(path, &status) == 0 && chmod(path, status.st_mode & 07777 & ~*(mode_t *)argument) == 0;
}

bool take_mode(const char *directory, mode_t bits)
{
    return each_file(directory, take_bits, &bits);
}

static bool change_owner(const char *path, void *argument)
{
    return chown(path, *(uid_t *)argument, (gid_t)-1) == 0;
}

bool give_away(const char *directory, uid_t owner)
{
    return each_file(directory, change_owner, &owner);
}

/* ---- mounts ---- */

static bool write_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    close(fd);
    return good;
}

/* Mounts that nobody else sees: root's, or those of a user namespace that keeps the user's own number. */
static bool own_mounts(void)
{
    char user[64];
    char group[64];

    (void)snprintf(user, sizeof user, "%u %u 1", geteuid(), geteuid());
    (void)snprintf(group, sizeof group, "%u %u 1", getegid(), getegid());
    if (unshare(CLONE_NEWNS) != 0 &&
        (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_to("/proc/self/uid_map", user) ||
         !write_to("/proc/self/setgroups", "deny") || !write_to("/proc/self/gid_map", group))) {
        return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool copy_file(const char *path, void *argument)
{
    static char buffer[65536];
    char target[PATH_SIZE];
    struct stat status;
    ssize_t length;
    bool good;
    int in;
    int out;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return true;
    }
    (void)snprintf(target, sizeof target, "%.4000s%s", (const char *)argument, strrchr(path, '/'));
    in = open(path, O_RDONLY | O_CLOEXEC);
    out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777);
    good = in >= 0 && out >= 0;
    while (good && (length = read(in, buffer, sizeof buffer)) != 0) {
        good = length > 0 && write(out, buffer, (size_t)length) == length;
    }
    close(in);
    close(out);
    return good;
}

bool move_to_small_disk(const char *directory, unsigned kib)
{
    char options[64];
    char below[64]; /* the directory that the disk will cover */
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)snprintf(options, sizeof options, "size=%uk,mode=0700", kib);
    (void)snprintf(below, sizeof below, "/proc/self/fd/%d", fd);
    if (fd < 0 || !own_mounts()) {
        return false;
    }
    if (mount("none", directory, "tmpfs", 0, options) != 0 ||
        !each_file(below, copy_file, (void *)(uintptr_t)directory) || close(fd) != 0) {
        perror(directory);
        exit(EXIT_FAILURE); /* no reason to skip: the test is wrong */
    }
    return true;
}

bool fill_disk(const char *directory)
{
    static const char zeros[4096];
    char path[PATH_SIZE];
    size_t size = sizeof zeros;
    int fd;

    (void)snprintf(path, sizeof path, "%s/.ballast", directory);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    while (size > 0) {
        ssize_t written = write(fd, zeros, size);

        if (written < 0 && errno != ENOSPC) {
            break;
        }
        if (written < 0) {
            size /= 2;
        }
    }
    close(fd);
    return size == 0;
}

bool mount_read_only(const char *directory)
{
    return own_mounts() && mount(directory, directory, NULL, MS_BIND, NULL) == 0 &&
           mount("none", directory, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

/* ---- limits ---- */

bool limit_file_size(size_t bytes)
{
    const struct rlimit limit = {bytes, bytes};

    return signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

bool limit_memory(size_t bytes)
{
    const char *sanitizer = getenv("HUKS_SANITIZER");
    struct rlimit limit;
    unsigned long pages = 0;
    FILE *file;

    if (sanitizer != NULL && sanitizer[0] != '\0' && strcmp(sanitizer, "none") != 0 &&
        strcmp(sanitizer, "no") != 0) {
        return false;
    }
    file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) {
        return false;
    }
    (void)fclose(file);
    limit.rlim_cur = limit.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + bytes;
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

/* ---- files ---- */

off_t file_size(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? status.st_size : -1;
}

bool cut_file(const char *path, off_t size)
{
    return truncate(path, size) == 0;
}

bool damage_file(const char *path, off_t offset, size_t count)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool good = fd >= 0;

    for (size_t i = 0; good && i < count; i++) {
        uint8_t byte;

        good = pread(fd, &byte, 1, offset + (off_t)i) == 1;
        byte = (uint8_t)~byte;
        good = good && pwrite(fd, &byte, 1, offset + (off_t)i) == 1;
    }
    close(fd);
    return good;
}

/* ---- skipping ---- */

static atomic_int *skipped; /* shared with the tests' children */

void condition_begin(void)
{
    void *page = mmap(NULL, sizeof *skipped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    skipped = page == MAP_FAILED ? NULL : page;
}

void condition_skip(const char *row, const char *reason)
{
    (void)fprintf(stderr, "skipped: %s: %s\n", row, reason);
    if (skipped != NULL) {
        atomic_fetch_add(skipped, 1);
    }
}

int condition_skipped(void)
{
    return skipped == NULL ? 0 : atomic_load(skipped);
}
