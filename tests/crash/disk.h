// A disk that can lose power. An executable that links this library defines pwrite, writev,
// fdatasync and fsync itself, so that LMDB's calls come here. Until disk_arm they pass through;
// after it, every write to a file below the armed path is done at once (maps and readers see it)
// and what it overwrote is remembered until the file is synced. disk_power_loss puts back a
// random part of what was not synced, down to single sectors. Writes through a descriptor with
// O_DSYNC (LMDB's meta pages) are durable when they return.
//
// Not modelled: names of files (made, renamed, removed), truncation, and msync, which LMDB calls
// only under MDB_WRITEMAP. One thread; one disk per process.
#ifndef RUNG_TESTS_CRASH_DISK_H
#define RUNG_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"

// Forgets everything and begins to watch. What is there now counts as synced.
void disk_arm(const char *path_prefix);
void disk_disarm(void);

// Calls seen since disk_arm. A sync point is an fdatasync, an fsync or a write under O_DSYNC. While
// armed a sync costs nothing: the medium below is not asked.
uint64_t disk_syncs(void);
uint64_t disk_writes(void);
uint64_t disk_unsynced_pages(void);
// Of files whose path ends so: those that a power loss could change.
uint64_t disk_unsynced_pages_of(const char *path_end);

enum disk_call {
    DISK_WRITE,
    DISK_SYNC,
    DISK_META_WRITE
}; // pwrite and writev; fdatasync and fsync; under O_DSYNC
// The n-th next call of this kind (1: the very next) fails once with `error`, undone.
void disk_fail_next(enum disk_call call, int error, uint64_t n);
// Lets `n` more sync points pass; the one after that does not return success, and from there on
// every write and sync fails with EIO: the machine is off. If that one was a write under O_DSYNC,
// it may have reached the disk or not (disk_power_loss draws it). Ends with disk_power_loss.
void disk_cut_after(uint64_t n);
bool disk_is_cut(void);
// The power comes back. Every file must be closed (store_close with crash). `prng` decides what
// of the unsynced writes survived. Stays armed.
void disk_power_loss(struct prng *prng);
// For proving that a test would notice: syncs return success and sync nothing.
void disk_lie(bool lie);

#endif
