#include "dsl/stdlib.h"

#include "dsl/stdlib_files.h"

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
