#include "tests/dsl/sema_files.h"

#include <stdio.h>

bool sema_read_file(const char *path, struct arena *arena, struct slice *ret_text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t room = 4 * 1024 * 1024;
    char *bytes = arena_alloc(arena, room);
    size_t len = fread(bytes, 1, room, file);
    bool good = ferror(file) == 0;
    fclose(file);
    *ret_text = slice_make(bytes, len);
    return good;
}

bool sema_load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    (void)context;
    return sema_read_file(arena_cstr(arena, path), arena, ret_text);
}
