/*
 * The heavy half, and whether the kernel helps; see fence.h.
 */
#include "common/fence.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

atomic_bool fence_by_kernel;

static bool membarrier(int command)
{
#if defined(SYS_membarrier) && !defined(FENCE_TSAN)
    /* Mode 2: filters. In mode 1 this very call would have been the process's last. */
    return prctl(PR_GET_SECCOMP) == 0 && syscall(SYS_membarrier, command, 0, 0) == 0;
#else
    (void)command;
    return false;
#endif
}

void fence_prepare(void)
{
    int error = errno;
    /* Threads that are between their store and their load just now used a full fence, which is more. */
    atomic_store(&fence_by_kernel, membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
    errno = error;
}

void fence_heavy(void)
{
    int error = errno;
    fence_full();
    if (atomic_load(&fence_by_kernel) && !membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        /* A child whose kernel forgot, or a filter since: full fences from now on. What a thread has stored
         * without one is out of its processor long before this is over. */
        const struct timespec moment = {0, 1000000};
        atomic_store(&fence_by_kernel, false);
        nanosleep(&moment, NULL);
    }
    errno = error;
}
