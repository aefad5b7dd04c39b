#define _GNU_SOURCE // sync_file_range, syscall, SCHED_IDLE; the only file that needs it
#include "engine/server/pacing.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"

enum { PIECE_BYTES = 64 * 1024, PIECES_MAX = 32 * 1024, LAST_NICE = 19 };

// fdatasync has no context to pass, so the descriptor stands here.
static atomic_int paced_fd = -1;

static atomic_int also_fd = -1;

void pacing_also(int fd) { atomic_store_explicit(&also_fd, fd, memory_order_relaxed); }

void pacing_set(int fd) { atomic_store_explicit(&paced_fd, fd, memory_order_relaxed); }

static bool is_paced(int fd)
{
    return atomic_load_explicit(&paced_fd, memory_order_relaxed) == fd ||
           atomic_load_explicit(&also_fd, memory_order_relaxed) == fd;
}

// An error here is not looked at: the real call that follows reports it.
static void write_pieces(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return;
    }
    off_t piece = PIECE_BYTES;
    while (status.st_size / piece > PIECES_MAX) { // each piece is a system call, clean or not
        piece *= 2;
    }
    for (off_t at = 0; at < status.st_size && is_paced(fd); at += piece) {
        (void)sync_file_range(fd, at, piece,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
    }
}

ATTR_EXPORT int fdatasync(int fd)
{
    if (fd >= 0 && is_paced(fd)) {
        write_pieces(fd);
    }
    return (int)syscall(SYS_fdatasync, fd);
}

void pacing_step_back(void)
{
    const struct sched_param param = { 0 };
    if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &param) != 0) {
        (void)setpriority(PRIO_PROCESS, 0, LAST_NICE); // on Linux: of this thread alone
    }
}
