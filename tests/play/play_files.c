// play_files [-n TIMES] FILE…: compiles the files as one set, runs their tests, and prints what
// failed. Exit code 0: all passed; 1: a test failed; 2: the set has errors, or nothing was tested.
#include <stdio.h>
#include <stdlib.h>

#include "engine/play/play.h"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };

static bool read_text(const char *path, struct arena *arena, struct slice *ret_text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char *bytes = arena_alloc(arena, FILE_BYTES_MAX);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    bool good = ferror(file) == 0;
    (void)fclose(file);
    *ret_text = slice_make(bytes, len);
    return good;
}

static bool load(void *context, struct slice path, struct arena *arena, struct slice *ret_text)
{
    (void)context;
    return read_text(arena_cstr(arena, path), arena, ret_text);
}

static void print_report(void *context, const struct play_report *report)
{
    struct buf *out = context;
    buf_reset(out);
    play_render(report, out);
    (void)fwrite(out->ptr, 1, out->len, stdout);
}

static int run(const struct compile_result *set, long times, struct buf *out)
{
    struct play_options options = { .region = SLICE("DE") };
    struct play_summary summary = { 0 };
    for (long i = 0; i < times; i++) {
        if (play_run(set, &options, print_report, out, &summary) != OK) {
            (void)printf("the store in memory does not open\n");
            return 2;
        }
    }
    (void)printf("%u tests, %u passed, %u failed\n", summary.tests, summary.passed,
                 summary.failed);
    return summary.tests == 0 ? 2 : summary.failed > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct arena arena;
    arena_init(&arena, 1024u * 1024 * 1024);
    struct compile_file *files = ARENA_ARRAY(&arena, struct compile_file, argc);
    struct compile_input input = { .files = files, .load = load };
    long times = 1;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] == 'n' && i + 1 < argc) {
            times = strtol(argv[++i], NULL, 10);
            continue;
        }
        struct compile_file *file = &files[input.file_count];
        file->name = slice_from_cstr(argv[i]);
        if (!read_text(argv[i], &arena, &file->text)) {
            (void)printf("cannot read %s\n", argv[i]);
            return 2;
        }
        input.file_count++;
    }
    struct compile_result set;
    compile_set(&input, &set);
    struct buf out;
    buf_init(&out, 16u * 1024 * 1024);
    diag_render_text(&set.diags, &out, 0);
    (void)fwrite(out.ptr, 1, out.len, stdout);
    int code = compile_is_good(&set) ? run(&set, times, &out) : 2;
    buf_done(&out);
    compile_done(&set);
    arena_done(&arena);
    return code;
}
