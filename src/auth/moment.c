/*
 * The boot id and the clock that counts from it: see moment.h.
 */
#include "auth/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/number.h"

static size_t read_boot_text(char *text, size_t size)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got;
    do {
        got = read(fd, text, size);
    } while (got < 0 && errno == EINTR);
    (void)close(fd);
    return got > 0 ? (size_t)got : 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void moment_boot_id(uint8_t id[MOMENT_BOOT_ID_SIZE])
{
    char text[64];
    size_t digits = 0, size = read_boot_text(text, sizeof text);
    memset(id, 0, MOMENT_BOOT_ID_SIZE);
    for (size_t i = 0; i < size && digits < (size_t)2 * MOMENT_BOOT_ID_SIZE; i++) {
        int digit = hex_digit(text[i]);
        if (digit >= 0) {
            id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | digit);
            digits++;
        }
    }
}

uint64_t moment_boot(void)
{
    static const uint64_t spread = UINT64_C(0x9e3779b97f4a7c15);
    uint8_t id[MOMENT_BOOT_ID_SIZE];
    moment_boot_id(id);
    uint64_t boot = number_get64(id) ^ number_get64(id + 8);
    if (boot == 0) {
        return 0;
    }
    /* CLOCK_BOOTTIME can be shifted for a time namespace: its moments say nothing in another one. */
    struct stat status;
    if (stat("/proc/self/ns/time", &status) == 0) {
        boot ^= (uint64_t)status.st_ino * spread;
    }
    return boot != 0 ? boot : 1;
}

uint64_t moment_boottime_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
