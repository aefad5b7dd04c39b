// The few file operations of a data folder: paths, folders that survive a power loss, the lock that
// one process holds. All return ERR_IO with errno set when the system refuses.
#ifndef RUNG_ENGINE_STORE_FILES_H
#define RUNG_ENGINE_STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum { FILES_PATH_BYTES_MAX = 3072 };

struct files_path {
    char text[FILES_PATH_BYTES_MAX];
};

// folder/name; ERR_TOO_BIG when that is longer than a path may be.
enum err files_join(struct files_path *ret_path, const char *folder,
                    const char *name) ATTR_USE_RESULT;
bool files_exists(const char *path);
// Makes the folder when it is absent (its parent must be there), readable by the owner only, and
// syncs the parent, so that the name survives a power loss.
enum err files_make_folder(const char *path) ATTR_USE_RESULT;
// Makes the names inside the folder durable.
enum err files_sync_folder(const char *path) ATTR_USE_RESULT;
// Makes the bytes of one file durable.
enum err files_sync(const char *path) ATTR_USE_RESULT;
// Removes a folder of plain files; absent is fine.
enum err files_remove_folder(const char *path) ATTR_USE_RESULT;
enum err files_rename(const char *from, const char *to) ATTR_USE_RESULT;
// Bytes that an unprivileged writer can still put on the file system of `path`.
enum err files_free_bytes(const char *path, uint64_t *ret_bytes) ATTR_USE_RESULT;
// Takes folder/LOCK for this process and writes the pid into it. ERR_LOCKED: `ret_holder_pid` is
// who holds it (0: not readable). The lock ends with files_unlock or with the process.
enum err files_lock(const char *folder, int *ret_fd, long *ret_holder_pid) ATTR_USE_RESULT;
void files_unlock(int fd);

#endif
