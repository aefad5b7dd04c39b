#include "engine/cli/library.h"

#include <stdio.h>

#include "base/buf.h"
#include "dsl/diag/source.h"
#include "engine/cli/env.h"

static bool file_load(const char *folder, struct slice path, struct arena *arena,
                      struct slice *ret_text)
{
    const char *name = folder == NULL
                           ? arena_cstr(arena, path)
                           : arena_format(arena, "%s/%.*s", folder, SLICE_PRINT(path)).ptr;
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        return false;
    }
    struct buf text;
    buf_init(&text, SOURCE_BYTES_MAX);
    char chunk[8192];
    size_t count = 0;
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        buf_put(&text, chunk, count);
    }
    bool good = ferror(file) == 0 && !text.overflow;
    (void)fclose(file);
    *ret_text = good ? arena_copy(arena, buf_slice(&text)) : SLICE_EMPTY;
    buf_done(&text);
    return good;
}

bool library_load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    if (file_load(NULL, path, arena, ret_text)) {
        return true;
    }
    const char *library = env_get("RUNG_LIBRARY");
    return (library != NULL && file_load(library, path, arena, ret_text)) ||
           (context != NULL && file_load(context, path, arena, ret_text));
}
