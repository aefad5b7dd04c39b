#include "tests/crash/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/table.h"

enum { PAGE_BYTES = 4096, SECTOR_BYTES = 512, FILES_MAX = 64, PATH_BYTES = 1024, KEY_BYTES = 8 };

// POSIX does not have it; the calls below must not come back here.
long syscall(long number, ...);

struct disk_file {
    dev_t device;
    ino_t inode;
    char path[PATH_BYTES];
    uint64_t synced_bytes; // the file is at least this long after a power loss
    struct table undo;     // page number → what was there at the last sync; empty: nothing
};

// A test program's one disk: interposed functions have no context to pass.
static struct {
    bool armed, lie, cut, cut_set;
    char prefix[PATH_BYTES];
    uint64_t syncs, writes;
    uint64_t cut_after;  // sync points that still pass
    uint64_t fail_in[3]; // 0: never
    int fail_error[3];
    struct disk_file files[FILES_MAX];
    uint32_t file_count;
} disk;

// --- the calls below us ----------------------------------------------------------------------

static ssize_t real_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at);
}

static ssize_t real_writev(int fd, const struct iovec *parts, int count)
{
    return (ssize_t)syscall(SYS_writev, fd, parts, count);
}

static void real_write_all(int fd, const char *bytes, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t done = real_pwrite(fd, bytes, len, at);
        CHECK(done > 0);
        bytes += done;
        len -= (size_t)done;
        at += done;
    }
}

// --- files and pages -------------------------------------------------------------------------

static void forget_files(void)
{
    for (uint32_t i = 0; i < disk.file_count; i++) {
        table_done(&disk.files[i].undo);
    }
    disk.file_count = 0;
}

static bool watched_path(int fd, char path[PATH_BYTES])
{
    char link[64];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    if (length < 0) {
        return false;
    }
    path[length] = '\0';
    return strncmp(path, disk.prefix, strlen(disk.prefix)) == 0;
}

// The watched file behind the descriptor, or NULL.
static struct disk_file *find_file(int fd)
{
    char path[PATH_BYTES];
    struct stat status;
    if (!disk.armed || !watched_path(fd, path) || fstat(fd, &status) != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < disk.file_count; i++) {
        struct disk_file *file = &disk.files[i];
        if (file->device == status.st_dev && file->inode == status.st_ino) {
            if (strcmp(file->path, path) != 0) { // renamed, or another file got its inode
                memcpy(file->path, path, sizeof(path));
            }
            return file;
        }
    }
    CHECK(disk.file_count < FILES_MAX);
    struct disk_file *file = &disk.files[disk.file_count++];
    *file = (struct disk_file){ .device = status.st_dev,
                                .inode = status.st_ino,
                                .synced_bytes = (uint64_t)status.st_size };
    memcpy(file->path, path, sizeof(path));
    table_init(&file->undo);
    return file;
}

static struct slice page_key(uint64_t page, char key[KEY_BYTES])
{
    for (uint32_t i = 0; i < KEY_BYTES; i++) {
        key[i] = (char)(page >> (8 * (KEY_BYTES - 1 - i)));
    }
    return slice_make(key, KEY_BYTES);
}

static uint64_t page_of_key(struct slice key)
{
    uint64_t page = 0;
    for (size_t i = 0; i < key.len; i++) {
        page = page << 8 | (unsigned char)key.ptr[i];
    }
    return page;
}

// Remembers what the pages held before they are overwritten, once between two syncs.
static void remember(struct disk_file *file, uint64_t at, uint64_t len)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC); // the caller's may be for writing only
    CHECK(fd >= 0);
    for (uint64_t page = at / PAGE_BYTES; page * PAGE_BYTES < at + len; page++) {
        char key[KEY_BYTES];
        char bytes[PAGE_BYTES] = { 0 };
        struct slice old;
        if (table_get(&file->undo, page_key(page, key), &old) == TABLE_PRESENT) {
            continue;
        }
        ssize_t got = pread(fd, bytes, sizeof(bytes), (off_t)(page * PAGE_BYTES));
        CHECK(got >= 0);
        table_put(&file->undo, page_key(page, key), slice_make(bytes, sizeof(bytes)));
    }
    (void)close(fd);
}

static void forget_undo(struct disk_file *file)
{
    struct stat status;
    table_reset(&file->undo);
    table_shrink(&file->undo, 1024 * 1024);
    if (stat(file->path, &status) == 0) {
        file->synced_bytes = (uint64_t)status.st_size;
    }
}

// Bytes that are durable now although their page is not: part of what comes back.
static void patch_undo(struct disk_file *file, const char *bytes, uint64_t len, uint64_t at)
{
    for (uint64_t done = 0; done < len;) {
        uint64_t page = (at + done) / PAGE_BYTES;
        uint64_t in_page = (at + done) % PAGE_BYTES;
        uint64_t part = PAGE_BYTES - in_page < len - done ? PAGE_BYTES - in_page : len - done;
        char key[KEY_BYTES];
        struct slice old;
        if (table_get(&file->undo, page_key(page, key), &old) == TABLE_PRESENT) {
            char fresh[PAGE_BYTES];
            CHECK(old.len == sizeof(fresh));
            memcpy(fresh, old.ptr, sizeof(fresh));
            memcpy(fresh + in_page, bytes + done, part);
            table_put(&file->undo, page_key(page, key), slice_make(fresh, sizeof(fresh)));
        }
        done += part;
    }
    if (at + len > file->synced_bytes) {
        file->synced_bytes = at + len;
    }
}

// --- faults ----------------------------------------------------------------------------------

// Whether this call must fail; sets errno.
static bool must_fail(enum disk_call call)
{
    if (disk.cut) {
        errno = EIO;
        return true;
    }
    if (disk.fail_in[call] > 0 && --disk.fail_in[call] == 0) {
        errno = disk.fail_error[call];
        return true;
    }
    return false;
}

// Whether the power goes off at this sync point.
static bool cut_now(void)
{
    disk.syncs++;
    if (!disk.cut_set) {
        return false;
    }
    if (disk.cut_after > 0) {
        disk.cut_after--;
        return false;
    }
    disk.cut = true;
    disk.cut_set = false;
    return true;
}

// --- interposed ------------------------------------------------------------------------------

static ssize_t write_meta(struct disk_file *file, int fd, const void *bytes, size_t len, off_t at)
{
    if (must_fail(DISK_META_WRITE)) {
        return -1;
    }
    if (cut_now() || disk.lie) {
        remember(file, (uint64_t)at, len);
        ssize_t done = real_pwrite(fd, bytes, len, at);
        errno = EIO;
        return disk.cut ? -1 : done;
    }
    ssize_t done = real_pwrite(fd, bytes, len, at);
    if (done > 0) {
        patch_undo(file, bytes, (uint64_t)done, (uint64_t)at);
    }
    return done;
}

ATTR_EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    struct disk_file *file = find_file(fd);
    if (file == NULL) {
        return real_pwrite(fd, bytes, len, at);
    }
    if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) {
        return write_meta(file, fd, bytes, len, at);
    }
    disk.writes++;
    if (must_fail(DISK_WRITE)) {
        return -1;
    }
    remember(file, (uint64_t)at, len);
    return real_pwrite(fd, bytes, len, at);
}

ATTR_EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    struct disk_file *file = find_file(fd);
    if (file == NULL) {
        return real_writev(fd, parts, count);
    }
    CHECK((fcntl(fd, F_GETFL) & O_DSYNC) == 0); // LMDB writes meta pages with pwrite
    disk.writes++;
    if (must_fail(DISK_WRITE)) {
        return -1;
    }
    uint64_t len = 0;
    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    off_t at = lseek(fd, 0, SEEK_CUR);
    CHECK(at >= 0);
    remember(file, (uint64_t)at, len);
    return real_writev(fd, parts, count);
}

static int sync_file(int fd, long number)
{
    struct disk_file *file = find_file(fd);
    if (file == NULL) {
        return (int)syscall(number, fd);
    }
    if (must_fail(DISK_SYNC)) {
        return -1;
    }
    if (cut_now()) {
        errno = EIO;
        return -1;
    }
    if (!disk.lie) {
        forget_undo(file);
    }
    return 0;
}

ATTR_EXPORT int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

ATTR_EXPORT int fsync(int fd) { return sync_file(fd, SYS_fsync); }

// --- the switch ------------------------------------------------------------------------------

void disk_arm(const char *path_prefix)
{
    CHECK(strlen(path_prefix) < sizeof(disk.prefix));
    forget_files();
    memset(&disk, 0, sizeof(disk));
    memcpy(disk.prefix, path_prefix, strlen(path_prefix) + 1);
    disk.armed = true;
}

void disk_disarm(void)
{
    forget_files();
    disk.armed = false;
}

uint64_t disk_syncs(void) { return disk.syncs; }

uint64_t disk_writes(void) { return disk.writes; }

uint64_t disk_unsynced_pages(void)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < disk.file_count; i++) {
        pages += disk.files[i].undo.row_count;
    }
    return pages;
}

// How many pages of the file a power loss could change.
static uint64_t count_changed(const struct disk_file *file)
{
    uint64_t pages = 0;
    int fd = file->undo.row_count > 0 ? open(file->path, O_RDONLY | O_CLOEXEC) : -1;
    for (uint32_t i = 0; i < file->undo.row_count; i++) {
        struct table_cursor row;
        char bytes[PAGE_BYTES] = { 0 };
        table_row_at(&file->undo, i, &row);
        CHECK(fd >= 0 && row.value.len == sizeof(bytes));
        CHECK(pread(fd, bytes, sizeof(bytes), (off_t)(page_of_key(row.key) * PAGE_BYTES)) >= 0);
        pages += memcmp(bytes, row.value.ptr, sizeof(bytes)) != 0 ? 1u : 0u;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return pages;
}

uint64_t disk_unsynced_pages_of(const char *path_end)
{
    uint64_t pages = 0;
    size_t len = strlen(path_end);
    for (uint32_t i = 0; i < disk.file_count; i++) {
        size_t whole = strlen(disk.files[i].path);
        if (whole >= len && strcmp(disk.files[i].path + whole - len, path_end) == 0) {
            pages += count_changed(&disk.files[i]);
        }
    }
    return pages;
}

void disk_fail_next(enum disk_call call, int error, uint64_t n)
{
    CHECK(n > 0);
    disk.fail_in[call] = n;
    disk.fail_error[call] = error;
}

void disk_cut_after(uint64_t n)
{
    disk.cut_set = true;
    disk.cut_after = n;
}

bool disk_is_cut(void) { return disk.cut; }

void disk_lie(bool lie) { disk.lie = lie; }

enum loss { LOSS_ALL, LOSS_NONE, LOSS_PAGES, LOSS_SECTORS, LOSS_COUNT };

// Puts back one page, or some of its sectors. True: some unsynced bytes of it survived.
static bool lose_page(int fd, uint64_t page, struct slice old, enum loss loss, struct prng *prng)
{
    bool page_lost = loss == LOSS_ALL || (loss == LOSS_PAGES && prng_chance(prng, 500000));
    bool survived = false;
    for (uint64_t at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
        if (page_lost || (loss == LOSS_SECTORS && prng_chance(prng, 500000))) {
            real_write_all(fd, old.ptr + at, SECTOR_BYTES, (off_t)(page * PAGE_BYTES + at));
        } else {
            survived = true;
        }
    }
    return survived;
}

static void lose_file(struct disk_file *file, struct prng *prng)
{
    int fd = open(file->path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (fd < 0) {
        return; // removed since
    }
    CHECK(fstat(fd, &status) == 0);
    if (status.st_ino == file->inode && status.st_dev == file->device) {
        enum loss loss = (enum loss)prng_below(prng, LOSS_COUNT);
        uint64_t end = file->synced_bytes;
        struct table_cursor row;
        bool more = table_seek(&file->undo, SLICE_EMPTY, &row);
        while (more) {
            uint64_t page = page_of_key(row.key);
            if (lose_page(fd, page, row.value, loss, prng) && (page + 1) * PAGE_BYTES > end) {
                end = (page + 1) * PAGE_BYTES;
            }
            more = table_next(&row);
        }
        // The new length may be lost as well.
        if ((uint64_t)status.st_size > end && prng_chance(prng, 500000)) {
            CHECK(ftruncate(fd, (off_t)end) == 0);
        }
    }
    (void)close(fd);
}

void disk_power_loss(struct prng *prng)
{
    CHECK(disk.armed);
    for (uint32_t i = 0; i < disk.file_count; i++) {
        lose_file(&disk.files[i], prng);
    }
    forget_files();
    disk.cut = false;
    disk.cut_set = false;
    memset(disk.fail_in, 0, sizeof(disk.fail_in));
}
