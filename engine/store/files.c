#include "engine/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/check.h"

enum { PID_TEXT_BYTES = 24 };

static enum err err_of(int result)
{
    if (result == 0) {
        return OK;
    }
    return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

enum err files_join(struct files_path *ret_path, const char *folder, const char *name)
{
    int length = snprintf(ret_path->text, sizeof(ret_path->text), "%s/%s", folder, name);
    CHECK(length > 0);
    return (size_t)length < sizeof(ret_path->text) ? OK : ERR_TOO_BIG;
}

bool files_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

static enum err sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    enum err err = err_of(fsync(fd));
    (void)close(fd);
    return err;
}

enum err files_sync_folder(const char *path) { return sync_path(path, O_RDONLY | O_DIRECTORY); }

enum err files_sync(const char *path) { return sync_path(path, O_RDWR); }

static enum err sync_parent(const char *path)
{
    struct files_path parent;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len == 0) {
        return files_sync_folder(".");
    }
    if (len >= sizeof(parent.text)) {
        return ERR_TOO_BIG;
    }
    memcpy(parent.text, path, len);
    parent.text[len] = '\0';
    return files_sync_folder(parent.text);
}

enum err files_make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ? OK : err_of(-1);
    }
    return sync_parent(path);
}

enum err files_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return errno == ENOENT ? OK : ERR_IO;
    }
    enum err err = OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && err == OK;
         entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        struct files_path file;
        err = files_join(&file, path, entry->d_name);
        if (err == OK) {
            err = err_of(unlink(file.text));
        }
    }
    (void)closedir(folder);
    if (err == OK) {
        err = err_of(rmdir(path));
    }
    return err == OK ? sync_parent(path) : err;
}

enum err files_rename(const char *from, const char *to)
{
    enum err err = err_of(rename(from, to));
    return err == OK ? sync_parent(to) : err;
}

enum err files_free_bytes(const char *path, uint64_t *ret_bytes)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        return ERR_IO;
    }
    *ret_bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_frsize;
    return OK;
}

static long read_pid(int fd)
{
    char text[PID_TEXT_BYTES] = { 0 };
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    long pid = 0;
    for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9' && pid < 100000000; i++) {
        pid = pid * 10 + (text[i] - '0');
    }
    return pid;
}

enum err files_lock(const char *folder, int *ret_fd, long *ret_holder_pid)
{
    struct files_path path;
    enum err err = files_join(&path, folder, "LOCK");
    if (err != OK) {
        return err;
    }
    int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_of(-1);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? ERR_LOCKED : ERR_IO;
        *ret_holder_pid = read_pid(fd);
        (void)close(fd);
        return err;
    }
    char text[PID_TEXT_BYTES];
    int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    CHECK(length > 0 && (size_t)length < sizeof(text));
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        err = err_of(-1);
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

void files_unlock(int fd)
{
    CHECK(fd >= 0);
    (void)close(fd); // flock ends with its last descriptor
}
