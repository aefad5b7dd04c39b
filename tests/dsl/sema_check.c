// Developer's tool: sema_check FILE… compiles the files as one set and prints what the compiler
// says, and for each process how large its image is.
#include <stdio.h>

#include "dsl/compile.h"
#include "tests/dsl/sema_files.h"

// FNV-1a: to see whether two compilers make the same image.
static uint64_t fingerprint(struct slice bytes)
{
    uint64_t hash = 14695981039346656037ull;
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ (uint8_t)bytes.ptr[i]) * 1099511628211ull;
    }
    return hash;
}

int main(int argc, char **argv)
{
    struct arena arena;
    arena_init(&arena, 256u * 1024 * 1024);
    struct compile_file *files = ARENA_ARRAY(&arena, struct compile_file, argc);
    struct compile_input input = { .files = files, .load = sema_load };
    for (int i = 1; i < argc; i++) {
        struct compile_file *file = &files[input.file_count];
        file->name = slice_from_cstr(argv[i]);
        if (sema_read_file(argv[i], &arena, &file->text)) {
            input.file_count++;
        } else {
            fprintf(stderr, "cannot read %s\n", argv[i]);
        }
    }
    struct compile_result result;
    compile_set(&input, &result);
    struct buf out;
    buf_init(&out, 16u * 1024 * 1024);
    diag_render_text(&result.diags, &out, 0);
    fwrite(out.ptr, 1, out.len, stdout);
    for (uint32_t i = 0; i < result.program_count; i++) {
        const struct compile_program *program = &result.programs[i];
        printf("%.*s: %zu bytes, %016llx\n", SLICE_PRINT(program->process), program->image.len,
               (unsigned long long)fingerprint(program->image));
    }
    for (uint32_t i = 0; i < result.test_count; i++) {
        printf("test \"%.*s\": %u plays\n", SLICE_PRINT(result.tests[i].title),
               result.tests[i].play_count);
    }
    printf("%u errors, %u warnings\n", result.diags.error_count, result.diags.warning_count);
    int code = compile_is_good(&result) ? 0 : 1;
    buf_done(&out);
    compile_done(&result);
    arena_done(&arena);
    return code;
}
