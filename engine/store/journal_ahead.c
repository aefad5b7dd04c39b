#include "engine/store/journal_ahead.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

enum { PIECE_BYTES = 16 * 1024 };
#define AHEAD_BYTES_MIN ((uint64_t)1024 * 1024)
#define AHEAD_BYTES_MAX ((uint64_t)64 * 1024 * 1024)
// How much is kept ready: what this many flushes of the present size would use.
enum { FLUSHES_AHEAD = 4, SYNC_EVERY_PIECES = 64 };

static bool file_length(int fd, uint64_t *ret_length)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return false;
    }
    *ret_length = (uint64_t)status.st_size;
    return true;
}

enum err journal_ahead_init(struct journal_ahead *ahead, int fd, uint64_t used)
{
    uint64_t length;
    if (!file_length(fd, &length)) {
        return ERR_IO;
    }
    ahead->fd = fd;
    ahead->used_before = used;
    atomic_init(&ahead->used, used);
    atomic_init(&ahead->end, length);
    atomic_init(&ahead->beyond, false);
    atomic_init(&ahead->zeroing, false);
    return OK;
}

void journal_ahead_begin(struct journal_ahead *ahead, uint64_t need)
{
    ahead->limit = atomic_load(&ahead->used) + need;
    if (ahead->limit <= atomic_load(&ahead->end)) {
        return;
    }
    // Either the flusher sees this before its next piece, or we see the piece that is under way.
    atomic_store(&ahead->beyond, true);
    while (atomic_load(&ahead->zeroing)) {
        (void)sched_yield(); // a piece takes microseconds
    }
}

void journal_ahead_end(struct journal_ahead *ahead, uint64_t used)
{
    CHECK(used <= ahead->limit); // else zeros may have gone over a page
    atomic_store(&ahead->used, used);
    if (!atomic_load(&ahead->beyond)) {
        return;
    }
    uint64_t length;
    if (file_length(ahead->fd, &length) && length > atomic_load(&ahead->end)) {
        atomic_store(&ahead->end, length);
    }
    atomic_store(&ahead->beyond, false);
}

// One piece at the end of the file. False: a commit goes there just now, or there is no room.
static bool write_piece(struct journal_ahead *ahead)
{
    static const char zeros[PIECE_BYTES];
    bool written = false;
    atomic_store(&ahead->zeroing, true);
    if (!atomic_load(&ahead->beyond)) {
        uint64_t end = atomic_load(&ahead->end);
        ssize_t done = pwrite(ahead->fd, zeros, sizeof(zeros), (off_t)end);
        if (done > 0) {
            atomic_store(&ahead->end, end + (uint64_t)done);
        }
        written = done == (ssize_t)sizeof(zeros);
    }
    atomic_store(&ahead->zeroing, false);
    return written;
}

void journal_ahead_extend(struct journal_ahead *ahead)
{
    uint64_t used = atomic_load(&ahead->used);
    uint64_t wanted = FLUSHES_AHEAD * (used - ahead->used_before);
    wanted = wanted > AHEAD_BYTES_MIN ? wanted : AHEAD_BYTES_MIN;
    wanted = wanted < AHEAD_BYTES_MAX ? wanted : AHEAD_BYTES_MAX;
    ahead->used_before = used;
    uint64_t end = atomic_load(&ahead->end);
    if (end >= used + wanted / 2) {
        return;
    }
    uint32_t pieces = 0;
    while (atomic_load(&ahead->end) < used + wanted && write_piece(ahead)) {
        if (++pieces % SYNC_EVERY_PIECES == 0) {
            (void)fdatasync(ahead->fd); // a commit beside it must not sync many megabytes of zeros
        }
    }
    (void)fdatasync(ahead->fd);
}
