#include "dsl/library/stdlib.h"

#include "dsl/library/stdlib_files.h"

bool stdlib_find(struct slice path, struct slice *ret_text)
{
    for (const struct stdlib_file *file = stdlib_files; file->path != NULL; file++) {
        if (slice_equal(path, slice_from_cstr(file->path))) {
            *ret_text = slice_make(file->bytes, file->len);
            return true;
        }
    }
    return false;
}

struct slice stdlib_path(uint32_t index)
{
    uint32_t at = 0;
    while (at < index && stdlib_files[at].path != NULL) {
        at++;
    }
    return stdlib_files[at].path != NULL ? slice_from_cstr(stdlib_files[at].path) : SLICE_EMPTY;
}
