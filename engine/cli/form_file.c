// A file of this machine as a case keeps it: the hash of its bytes, and its name.
#include <stdio.h>

#include <sodium.h>

#include "engine/cli/form.h"

enum { FILE_HASH_BYTES = 32, CHUNK_BYTES = 8192 };

static bool hash_file(const char *path, unsigned char hash[FILE_HASH_BYTES])
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    unsigned char chunk[CHUNK_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, FILE_HASH_BYTES);
    size_t read = 0;
    while ((read = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        crypto_generichash_update(&state, chunk, read);
    }
    bool good = ferror(file) == 0;
    (void)fclose(file);
    crypto_generichash_final(&state, hash, FILE_HASH_BYTES);
    return good;
}

bool form_name_file(struct arena *arena, struct slice path, struct slice *ret_text)
{
    unsigned char hash[FILE_HASH_BYTES];
    char digits[2 * FILE_HASH_BYTES + 1];
    if (!hash_file(arena_cstr(arena, path), hash)) {
        return false;
    }
    (void)sodium_bin2hex(digits, sizeof(digits), hash, sizeof(hash));
    size_t name = 0;
    for (size_t i = 0; i < path.len; i++) {
        name = path.ptr[i] == '/' ? i + 1 : name;
    }
    *ret_text = arena_format(arena, "%s %.*s", digits,
                             SLICE_PRINT(slice_sub(path, name, path.len)));
    return true;
}
