#include "tests/store/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

void scratch_init_in(struct scratch *scratch, const char *parent)
{
    int length = snprintf(scratch->folder, sizeof(scratch->folder), "%s/rung_store_XXXXXX", parent);
    CHECK(length > 0 && (size_t)length < sizeof(scratch->folder));
    CHECK(mkdtemp(scratch->folder) != NULL);
    (void)snprintf(scratch->store, sizeof(scratch->store), "%s/store", scratch->folder);
}

void scratch_init(struct scratch *scratch) { scratch_init_in(scratch, "/tmp"); }

// Data folders are three levels deep: folder/store/journal/data.mdb.
static void remove_tree(const char *path, int depth)
{
    CHECK(depth < 6);
    struct stat status;
    if (lstat(path, &status) != 0) {
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        CHECK(unlink(path) == 0);
        return;
    }
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char file[1024];
            (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
            remove_tree(file, depth + 1);
        }
    }
    (void)closedir(folder);
    CHECK(rmdir(path) == 0);
}

void scratch_remove(const char *path) { remove_tree(path, 0); }

void scratch_done(struct scratch *scratch) { scratch_remove(scratch->folder); }

struct store *scratch_open_with(const struct store_options *options)
{
    struct store *store = NULL;
    struct store_problem problem;
    enum err err = store_open(options, &store, &problem);
    if (err != OK) {
        (void)fprintf(stderr, "store_open: %s: %s\n", err_name(err), problem.message);
    }
    CHECK(err == OK);
    return store;
}

struct store *scratch_open(const char *path)
{
    struct store_options options = { .path = path, .create = true, .map_bytes = (uint64_t)1 << 30 };
    return scratch_open_with(&options);
}

void scratch_flush(struct store *store)
{
    store_freeze(store, 0);
    if (store_frozen(store)) {
        CHECK(store_flush(store) == OK);
        store_flush_done(store);
    }
}

void scratch_put(struct store *store, const char *key, const char *value)
{
    store_put(store, DB_INSTANCE, slice_make(key, strlen(key) + 1), slice_from_cstr(value));
    store_command_accept(store);
    char record[200];
    int length = snprintf(record, sizeof(record), "%s=%s", key, value);
    (void)store_append(store, slice_make(record, (size_t)length), store_head(store)->now_ms + 1);
    CHECK(store_commit(store) == OK);
}

struct slice scratch_get(struct store *store, const char *key)
{
    struct slice value = SLICE("");
    enum err err = store_get(store, DB_INSTANCE, slice_make(key, strlen(key) + 1), &value);
    CHECK(err == OK || err == ERR_NOT_FOUND);
    return err == OK ? value : SLICE("");
}

unsigned scratch_flip(const char *file, struct slice bytes, size_t at_byte)
{
    FILE *stream = fopen(file, "r+b");
    CHECK(stream != NULL);
    CHECK(fseek(stream, 0, SEEK_END) == 0);
    long size = ftell(stream);
    CHECK(size > 0);
    char *content = mem_alloc((size_t)size);
    CHECK(fseek(stream, 0, SEEK_SET) == 0);
    CHECK(fread(content, 1, (size_t)size, stream) == (size_t)size);
    unsigned places = 0;
    for (size_t at = 0; at + bytes.len <= (size_t)size; at++) {
        if (memcmp(content + at, bytes.ptr, bytes.len) == 0) {
            char flipped = (char)(content[at + at_byte] ^ 1);
            CHECK(fseek(stream, (long)(at + at_byte), SEEK_SET) == 0);
            CHECK(fwrite(&flipped, 1, 1, stream) == 1);
            places++;
        }
    }
    mem_free(content);
    CHECK(fclose(stream) == 0);
    return places;
}
