#include "tests/dsl/sema_files.h"

#include <stdio.h>

bool sema_read_file(const char *path, struct arena *arena, struct slice *ret_text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    bool good = size >= 0 && fseek(file, 0, SEEK_SET) == 0;
    if (good) {
        char *bytes = arena_alloc_raw(arena, (size_t)size + 1); // an empty file has an address too
        size_t len = fread(bytes, 1, (size_t)size, file);
        good = ferror(file) == 0 && len == (size_t)size;
        *ret_text = slice_make(bytes, len);
    }
    fclose(file);
    return good;
}

bool sema_load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    (void)context;
    return sema_read_file(arena_cstr(arena, path), arena, ret_text);
}
